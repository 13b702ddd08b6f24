//! The command line: arguments, commands, exit codes, progress.

pub mod args;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Runs the program with `arguments` and returns its exit code.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    _results: &mut dyn Write,
    _messages: &mut dyn Write,
) -> ExitCode {
    let _cli = <args::Cli as clap::Parser>::parse_from(arguments);
    ExitCode::SUCCESS
}
