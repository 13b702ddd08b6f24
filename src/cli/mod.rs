//! The command line: arguments, commands, exit codes, progress.

pub mod args;
mod commands;
pub mod exit;
mod fault_lines;
mod interrupt;
mod log;
mod memory;
mod progress;

use crate::error::{Error, Result};
use args::{Cli, Command, LogFormat};
use clap::{CommandFactory, Parser};
use commands::Context;
use exit::Exit;
use interrupt::Interrupt;
use log::Log;
use progress::Progress;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// Runs the program with `arguments` (the program's name first) and returns its exit code. Results go to `results`,
/// everything else to `messages`.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    results: &mut dyn Write,
    messages: &mut dyn Write,
) -> ExitCode {
    let started = std::time::Instant::now();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(message) => return usage(&message, asked_log(&arguments), results, messages).into(),
    };
    let log = Log::new(cli.log_format);
    set_threads(&cli);
    keep_readers_quiet();
    let mut context = Context {
        results,
        messages,
        log,
        progress: Progress::new(cli.quiet, log),
        interrupt: Interrupt::listen(log),
        quiet: cli.quiet,
        lines_said: 0,
        command: arguments.iter().map(|a| a.to_string_lossy().into_owned()).collect(),
        started,
    };
    let exit = match dispatch(&cli, &mut context) {
        Ok(()) => Exit::Done,
        Err(error) => {
            context.interrupt.give_way();
            let exit = exit_of(&error);
            report_error(&error, exit, &mut context);
            exit
        }
    };
    exit.into()
}

/// One line per fault for a log; on a terminal the faults of a study file are shown marked in its text.
fn report_error(error: &Error, exit: Exit, context: &mut Context) {
    let log = context.log;
    let lines = match error {
        _ if log.is_json() => log.faults(&fault_lines::of(error), exit),
        Error::Study(faults) if std::io::stderr().is_terminal() => vec![faults.render(log.colours())],
        other => vec![other.to_string()],
    };
    // A verdict that stands on standard output already is not said twice.
    lines.iter().filter(|line| !line.is_empty()).for_each(|line| context.write(line));
}

/// The format of the log that faulty arguments ask for.
fn asked_log(arguments: &[OsString]) -> Log {
    let words: Vec<_> = arguments.iter().map(|a| a.to_string_lossy()).collect();
    let is_json = words.iter().any(|w| w == "--log-format=json")
        || words.windows(2).any(|w| w[0] == "--log-format" && w[1] == "json");
    Log::new(if is_json { LogFormat::Json } else { LogFormat::Text })
}

/// Help and version go to standard output and are no fault.
fn usage(message: &clap::Error, log: Log, results: &mut dyn Write, messages: &mut dyn Write) -> Exit {
    let text = message.render();
    let is_fault = message.use_stderr();
    if is_fault && log.is_json() {
        let fault = fault_lines::of(&Error::Usage(text.to_string().trim_end().to_owned()));
        for line in log.faults(&fault, Exit::Usage) {
            let _ = writeln!(messages, "{line}");
        }
        return Exit::Usage;
    }
    let to: &mut dyn Write = if is_fault { messages } else { results };
    // A closed stream is no reason for another exit code.
    let _ = write!(to, "{text}");
    if is_fault { Exit::Usage } else { Exit::Done }
}

/// The size of rayon's pool. That of polars comes from `POLARS_MAX_THREADS`, read when polars starts.
fn set_threads(cli: &Cli) {
    if let Some(threads) = cli.threads {
        // A pool that exists already keeps its size: nothing depends on it but speed.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global();
    }
}

/// A panic while a file of Stata, SPSS or SAS is read means that the file is damaged. It becomes an error with the
/// file's name, so nothing need be said about it here.
fn keep_readers_quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(crate::stored::READER_THREAD) {
            usual(panic);
        }
    }));
}

fn dispatch(cli: &Cli, context: &mut Context) -> Result<()> {
    match &cli.command {
        Command::Fit(args) => commands::fit::run(args, context),
        Command::Describe(args) => commands::describe::run(args, context),
        Command::Build(args) => commands::build::run(args, context),
        Command::Report(args) => commands::report::run(args, context),
        Command::Check(args) => commands::check::run(args, context),
        Command::Reproduce(args) => commands::reproduce::run(args, context),
        Command::Simulate(args) => commands::simulate::run(args, context),
        Command::Init(args) => commands::init::run(args, context),
        Command::Schema { of } => commands::schema::run(*of, context),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "cohort", &mut context.results);
            Ok(())
        }
        Command::Man => {
            clap_mangen::Man::new(Cli::command()).render(&mut context.results).map_err(|source| Error::File {
                path: "standard output".into(),
                source,
                remedy: "check where standard output goes",
                writing: true,
            })
        }
    }
}

/// Which exit code an error has.
fn exit_of(error: &Error) -> Exit {
    use crate::simulate::{RehearsalError, SimulateError};
    match error {
        Error::Usage(_) => Exit::Usage,
        Error::Study(_) | Error::Formula { .. } | Error::Interaction(_) | Error::Values { .. } => Exit::Specification,
        Error::Comparison { .. } | Error::Contrast { .. } | Error::FunctionalForm { .. } => Exit::Specification,
        Error::Prediction(_) => Exit::Specification,
        Error::Pooling(_) => Exit::Model,
        Error::Load(crate::loader::LoadError::Write(_)) => Exit::Output,
        Error::Load(error) if error.is_person_time() => Exit::PersonTime,
        Error::Load(_) => Exit::Extract,
        Error::Design { error: crate::design::DesignError::Formula(_), .. } => Exit::Specification,
        Error::Design { error: crate::design::DesignError::Collapse { .. }, .. } => Exit::Specification,
        Error::Design { .. } | Error::Fit { .. } | Error::Residuals { .. } => Exit::Model,
        Error::Describe(_) => Exit::Specification,
        Error::Report(crate::report::ReportError::Results { .. }) => Exit::Extract,
        Error::Report(_) => Exit::Output,
        Error::Targets(_) => Exit::Specification,
        Error::NotReproduced(_) => Exit::NotReproduced,
        Error::File { writing, .. } if *writing => Exit::Output,
        Error::File { .. } => Exit::Specification,
        Error::Simulate(SimulateError::Interrupted) => Exit::Interrupted,
        Error::Simulate(SimulateError::OutputExists(_) | SimulateError::Write { .. }) => Exit::Output,
        Error::Simulate(SimulateError::Rehearsal(RehearsalError::Exists(_) | RehearsalError::Write { .. })) => {
            Exit::Output
        }
        Error::Simulate(
            SimulateError::Persons(_) | SimulateError::Rehearsal(RehearsalError::Persons(_) | RehearsalError::Kind(..)),
        ) => Exit::Usage,
        Error::Simulate(_) => Exit::Specification,
    }
}
