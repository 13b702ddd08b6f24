//! Faults of a study file, each with its place, and how they are shown.

use super::Span;
use std::fmt;
use std::path::PathBuf;

/// Line and column in a study file, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Place {
    /// The place where a byte range of `text` begins.
    pub fn of(text: &str, span: &Span) -> Place {
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// One fault: where, what rule is broken, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The part of the study file.
    pub span: Span,
    /// The broken rule.
    pub rule: String,
    /// What to do about it; empty when the rule says it.
    pub remedy: String,
}

/// All faults of a study file, in file order; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyFaults {
    /// The study file, as the user wrote its path.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// The faults.
    pub faults: Vec<Fault>,
}

impl StudyFaults {
    /// Line and column of a fault.
    pub fn place(&self, fault: &Fault) -> Place {
        Place::of(&self.text, &fault.span)
    }
}

impl fmt::Display for StudyFaults {
    /// One line per fault: `study.toml, line 12, column 3: rule; remedy`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            let Place { line, column } = self.place(fault);
            let separator = if i == 0 { "" } else { "\n" };
            let remedy = if fault.remedy.is_empty() { String::new() } else { format!("; {}", fault.remedy) };
            write!(f, "{separator}{}, line {line}, column {column}: {}{remedy}", self.path.display(), fault.rule)?;
        }
        Ok(())
    }
}

impl std::error::Error for StudyFaults {}
