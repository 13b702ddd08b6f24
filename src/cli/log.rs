//! What goes to standard error: words for people, or one JSON object a line for programs (`--log-format json`).
//!
//! A line of JSON holds `time` (UTC), `level` (`info`, `warning`, `error`) and `message`; progress adds `step`, `done` and
//! `total`; an error adds its exit `code`, `kind`, `place`, `rule` and `remedy`, one line for every fault. The message of a
//! line is what people would read. The time stands here and in the manifest, nowhere else.

use super::args::LogFormat;
use super::exit::Exit;
use super::fault_lines::{FaultLine, Place};
use serde::Serialize;
use std::io::IsTerminal;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    format: LogFormat,
    colours: bool,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What was done.
    Info,
    /// What needs care.
    Warning,
    /// What stopped the run.
    Error,
}

/// One line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: Level,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(flatten)]
    fault: Option<FaultFields<'a>>,
}

#[derive(Serialize)]
struct FaultFields<'a> {
    code: u8,
    kind: &'static str,
    place: Option<&'a Place>,
    rule: &'a str,
    remedy: Option<&'a str>,
}

impl Log {
    /// Lines in `format`. Colours only on a terminal, and not where `NO_COLOR` asks for none (https://no-color.org).
    pub fn new(format: LogFormat) -> Log {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Log { format, colours: format == LogFormat::Text && wanted && able && std::io::stderr().is_terminal() }
    }

    /// Whether lines are for programs.
    pub fn is_json(self) -> bool {
        self.format == LogFormat::Json
    }

    /// Whether words may be coloured.
    pub fn colours(self) -> bool {
        self.colours
    }

    /// A line, without its end.
    pub fn line(self, level: Level, message: &str) -> String {
        match self.format {
            LogFormat::Text => self.painted(message),
            LogFormat::Json => json(&Line { fault: None, ..bare(level, message) }),
        }
    }

    /// A line on how far the work is.
    pub fn progress(self, message: &str, step: &str, done: u64, total: Option<u64>) -> String {
        match self.format {
            LogFormat::Text => message.to_owned(),
            LogFormat::Json => json(&Line { step: Some(step), done: Some(done), total, ..bare(Level::Info, message) }),
        }
    }

    /// The lines of what stopped the run: in JSON one for every fault.
    pub fn faults(self, faults: &[FaultLine], exit: Exit) -> Vec<String> {
        let line = |fault: &FaultLine| {
            let fields = FaultFields {
                code: exit.code(),
                kind: exit.name(),
                place: fault.place.as_ref(),
                rule: &fault.rule,
                remedy: fault.remedy.as_deref(),
            };
            json(&Line { fault: Some(fields), ..bare(Level::Error, &fault.message) })
        };
        match self.format {
            LogFormat::Text => faults.iter().map(|fault| fault.message.clone()).collect(),
            LogFormat::Json => faults.iter().map(line).collect(),
        }
    }

    /// The word that says what a line is, in a colour: the word stays where colours do not.
    fn painted(self, message: &str) -> String {
        match message.strip_prefix("warning:") {
            Some(rest) if self.colours => format!("\u{1b}[1;33mwarning:\u{1b}[0m{rest}"),
            _ => message.to_owned(),
        }
    }
}

fn bare(level: Level, message: &str) -> Line<'_> {
    let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Line { time, level, message, step: None, done: None, total: None, fault: None }
}

fn json(line: &Line<'_>) -> String {
    serde_json::to_string(line).expect("a line has text keys only")
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: Log = Log { format: LogFormat::Json, colours: false };

    #[test]
    fn a_line_for_programs_is_one_object() {
        let value: serde_json::Value = serde_json::from_str(&JSON.line(Level::Warning, "two\nlines")).unwrap();
        assert_eq!((&value["level"], &value["message"]), (&"warning".into(), &"two\nlines".into()));
        assert!(!JSON.line(Level::Info, "two\nlines").contains('\n'));
        assert_eq!(value["time"].as_str().map(str::len), Some("2026-11-25T20:00:00Z".len()));
        let progress: serde_json::Value =
            serde_json::from_str(&JSON.progress("reading: 25 %", "reading", 1, Some(4))).unwrap();
        assert_eq!(
            (&progress["step"], &progress["done"], &progress["total"]),
            (&"reading".into(), &1.into(), &4.into())
        );
    }

    #[test]
    fn colours_take_no_word_away() {
        let log = |colours| Log { format: LogFormat::Text, colours };
        assert_eq!(log(false).line(Level::Warning, "warning: x"), "warning: x");
        assert_eq!(log(true).line(Level::Warning, "warning: x"), "\u{1b}[1;33mwarning:\u{1b}[0m x");
        assert_eq!(log(true).line(Level::Info, "results: out"), "results: out");
    }
}
