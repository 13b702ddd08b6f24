//! Progress of long work: a bar on a terminal, a line now and then in a batch log, nothing with `--quiet`.
//!
//! A log has a line when a step has gone on for ten seconds, and one more for every ten seconds that follow.

use super::log::Log;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often a batch log gets a line.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Shows how far the work is, on standard error.
pub struct Progress {
    shown: Shown,
    log: Log,
    label: String,
}

enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    /// Chooses by what standard error is.
    pub fn new(quiet: bool, log: Log) -> Progress {
        let shown = if quiet {
            Shown::Nothing
        } else if std::io::stderr().is_terminal() && !log.is_json() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            Shown::Bar(bar)
        } else {
            Shown::Lines { last: Instant::now() }
        };
        Progress { shown, log, label: String::new() }
    }

    /// `done` of `total` at the step `label`.
    pub fn show(&mut self, label: &str, done: u64, total: Option<u64>) {
        let changed = self.label != label;
        if changed {
            self.label = label.to_owned();
        }
        match &mut self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                if changed {
                    bar.set_style(style(total.is_some()));
                    bar.set_message(label.to_owned());
                }
                if let Some(total) = total {
                    bar.set_length(total);
                }
                bar.set_position(done);
            }
            Shown::Lines { last } => {
                if last.elapsed() >= LOG_EVERY {
                    *last = Instant::now();
                    eprintln!("{}", self.log.progress(&line(label, done, total), label, done, total));
                }
            }
        }
    }

    /// Takes the bar away.
    pub fn clear(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

impl crate::loader::Progress for Progress {
    fn step(&mut self, label: &str, done: u64, total: Option<u64>) {
        self.show(label, done, total);
    }
}

fn style(bounded: bool) -> ProgressStyle {
    let template = if bounded { "{msg:40!} {bar:30} {percent:>3} %" } else { "{msg} {spinner}" };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn line(label: &str, done: u64, total: Option<u64>) -> String {
    match total {
        Some(total) if total > 0 => format!("{label}: {} %", done.saturating_mul(100) / total),
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_line_says_how_far() {
        assert_eq!(line("reading claims", 1, Some(4)), "reading claims: 25 %");
        assert_eq!(line("joining", 3, None), "joining");
    }
}
