//! One file per command.

pub mod build;
pub mod check;
pub mod describe;
pub mod fit;
pub mod init;
mod output;
mod rehearsal;
pub mod report;
pub mod reproduce;
mod reproduce_runs;
pub mod residuals;
pub mod schema;
pub mod simulate;

use super::interrupt::Interrupt;
use super::log::{Level, Log};
use super::progress::Progress;
use crate::report::render::screen::Screen;
use crate::report::render::text::WIDTH;
use std::io::Write;

/// What every command works with.
pub struct Context<'a> {
    /// Standard output: results only.
    pub results: &'a mut dyn Write,
    /// Standard error: everything else.
    pub messages: &'a mut dyn Write,
    /// How lines on standard error are written.
    pub log: Log,
    /// Progress on standard error.
    pub progress: Progress,
    /// Signals.
    pub interrupt: Interrupt,
    /// No progress, no summary.
    pub quiet: bool,
    /// Lines that standard error took on a terminal.
    pub lines_said: usize,
    /// The command line, word by word.
    pub command: Vec<String>,
    /// When the program started.
    pub started: std::time::Instant,
}

impl Context<'_> {
    /// How wide text on standard output is, in characters: as the terminal, but 120 at most, and 120 in a file or a log, which have
    /// the same bytes wherever they are written.
    pub fn width(&self) -> usize {
        self.screen().map_or(WIDTH, |screen| screen.columns)
    }

    /// The terminal that standard output goes to: 120 characters wide at most, with the lines that what was said before and
    /// the next prompt leave free.
    pub fn screen(&self) -> Option<Screen> {
        let (columns, rows) = terminal_size::terminal_size_of(std::io::stdout())?;
        let (columns, rows) = (usize::from(columns.0).min(WIDTH), usize::from(rows.0));
        // Many warnings scroll out: a summary that gave way to all of them would say nothing.
        Some(Screen { columns, rows: rows.saturating_sub(1 + self.lines_said.min(rows / 4)) })
    }

    /// A line on standard error that `--quiet` leaves out.
    pub fn say(&mut self, line: &str) {
        if !self.quiet {
            self.write(&self.log.line(Level::Info, line));
        }
    }

    /// A line on standard error that always appears.
    pub fn warn(&mut self, line: &str) {
        self.write(&self.log.line(Level::Warning, line));
    }

    /// A line of standard error as it stands.
    pub fn write(&mut self, line: &str) {
        self.progress.clear();
        if let Some((columns, _)) = terminal_size::terminal_size_of(std::io::stderr()) {
            self.lines_said += line.chars().count().div_ceil(usize::from(columns.0).max(1)).max(1);
        }
        // A closed standard error is no reason to stop.
        let _ = writeln!(self.messages, "{line}");
    }

    /// Seconds since the program started.
    pub fn clock(&self) -> impl Fn() -> f64 + use<> {
        let started = self.started;
        move || started.elapsed().as_secs_f64()
    }
}
