//! Hands the arguments and streams to [`cohort::cli::run`] and returns its exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    cohort::cli::run(std::env::args_os(), &mut std::io::stdout().lock(), &mut std::io::stderr())
}
