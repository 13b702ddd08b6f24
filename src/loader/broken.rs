//! The rules that cells can break, and what is said about it: place, rule, remedy.

use super::error::{Fault, Place, counted, thousands};
use crate::study::{ColumnKind, Decimal, Limits};

/// Which rule a cell breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// Not of the declared form.
    DateForm,
    /// Of that form, and no day of the calendar.
    NoSuchDay,
    /// Outside the declared earliest and latest.
    DateRange,
    /// All digits, but fewer than declared: a leading zero may be lost.
    FewDigits(usize),
    /// Not of the declared width.
    Width,
    /// Not among the declared levels.
    Level,
    /// No whole number.
    Whole,
    /// No number.
    Number,
    /// A number with the other decimal mark.
    DecimalMark,
    /// Outside the declared limits.
    Limits,
    /// A number with a fraction, or beyond what it holds exactly, where a code is declared.
    Fraction,
    /// A code that holds a line end.
    LineEnd,
}

impl Broken {
    /// What cells that break the rule are, where the study takes them as missing.
    pub(super) fn taken_as_missing(self) -> &'static str {
        match self {
            Broken::DateForm => "dates of another form than declared, taken as missing",
            Broken::NoSuchDay => "dates that are no day of the calendar, taken as missing",
            Broken::DateRange => "dates outside the declared earliest and latest, taken as missing",
            Broken::FewDigits(_) => "codes with fewer digits than declared, taken as missing",
            Broken::Width => "codes of another width than declared, taken as missing",
            Broken::Level => "values not among the declared levels, taken as missing",
            Broken::Whole => "values that are no whole number, taken as missing",
            Broken::Number => "values that are no number, taken as missing",
            Broken::DecimalMark => "numbers with another decimal mark than declared, taken as missing",
            Broken::Limits => "numbers outside the declared limits, taken as missing",
            Broken::Fraction => "numbers that can be no code, taken as missing",
            Broken::LineEnd => "codes over several lines, taken as missing",
        }
    }
}

/// Cells of a column of a file that break one rule.
pub(super) struct ColumnFault {
    pub(super) rule: Broken,
    /// How many there are.
    pub(super) values: u64,
    pub(super) fault: Fault,
}

/// The faults of a yearly family in a file, those of its columns in order: what several columns break is told once, with the
/// columns and their counts.
pub(super) fn join_years(columns: Vec<ColumnFault>) -> Vec<Fault> {
    let mut joined: Vec<(Broken, Fault, Vec<String>)> = Vec::new();
    for ColumnFault { rule, values, fault } in columns {
        match joined.iter_mut().find(|(known, ..)| *known == rule) {
            Some((_, _, others)) => {
                let column = fault.place.column.unwrap_or_default();
                others.push(format!("{column}: {}", thousands(values)));
            }
            None => joined.push((rule, fault, Vec::new())),
        }
    }
    let whole = |(_, mut fault, others): (Broken, Fault, Vec<String>)| {
        if !others.is_empty() {
            fault.rule += &format!(" (so in {})", others.join(", "));
        }
        fault
    };
    joined.into_iter().map(whole).collect()
}

/// What is told about `n` cells of a column that break one rule, the first of them at `place`.
pub(super) fn explain(rule: Broken, n: u64, place: Place, (kind, mark): (&ColumnKind, Decimal)) -> Fault {
    let values = counted(n, "value");
    let (rule, remedy) = match (rule, kind) {
        (Broken::DateForm, ColumnKind::Date(spec)) => (
            format!("expected a date as {} ({})", spec.format.shown(), affected(n)),
            "set format to the form that the file has; a list where it has several".into(),
        ),
        (Broken::NoSuchDay, _) => (
            format!("{values} of the right form {} no day of the calendar", is_are(n)),
            "correct it at the source, or set if_invalid = \"missing\"".to_string(),
        ),
        (Broken::DateRange, _) => (
            format!("{values} {} outside the declared earliest and latest", is_are(n)),
            "correct the limits, or set if_invalid = \"missing\"".to_string(),
        ),
        (Broken::FewDigits(digits), ColumnKind::Code(code) | ColumnKind::Codes { code, .. }) => {
            let width = code.width.unwrap_or_default();
            let has = if n == 1 { "has" } else { "have" };
            let digits = counted(digits as u64, "digit");
            let rule = format!("{values} {has} {digits} where the code has {width}");
            (rule, format!("read the column as text at the source, or set pad_left = {width}"))
        }
        (Broken::Width, ColumnKind::Code(code) | ColumnKind::Codes { code, .. }) => (
            format!("{values} {} not {} characters wide", is_are(n), code.width.unwrap_or_default()),
            "correct width, add clean steps, or set if_invalid = \"missing\"".to_string(),
        ),
        (Broken::Level, _) => (
            format!("{values} {} not among the declared levels", is_are(n)),
            "add the level, list it under missing, or set if_invalid = \"missing\"".to_string(),
        ),
        (Broken::Whole, _) => (
            format!("expected a whole number ({})", affected(n)),
            "declare type = \"number\" or \"code\", or list the mark of missing under missing".to_string(),
        ),
        (Broken::DecimalMark, _) => {
            let (declared, other) = if mark == Decimal::Comma { (",", ".") } else { (".", ",") };
            let rule = format!("expected a number with decimal mark \"{declared}\" ({})", affected(n));
            (rule, format!("set decimal = \"{other}\" if that is the file's"))
        }
        (Broken::Limits, ColumnKind::Whole { limits: Limits { at_least: Some(1000.0), years_from: None, .. }, .. }) => {
            (
                format!("{values} {} no year of four digits", is_are(n)),
                "set years_from for years of two digits, or if_invalid = \"missing\"".to_string(),
            )
        }
        (Broken::Limits, _) => (
            format!("{values} {} outside the declared at_least and at_most", is_are(n)),
            "correct the limits, or set if_invalid = \"missing\"".to_string(),
        ),
        (Broken::Fraction, _) => (
            format!("{values} {} no whole number that can be a code", is_are(n)),
            "declare type = \"number\", or read the column as text at the source".to_string(),
        ),
        (Broken::LineEnd, _) => (
            format!("{values} {} over several lines", if n == 1 { "goes" } else { "go" }),
            "a quote may not be closed: repair it at the source, or set quote = \"none\" where quotes are part of the text".to_string(),
        ),
        _ => (
            format!("expected a number ({})", affected(n)),
            "declare type = \"code\", or list the mark of missing under missing".to_string(),
        ),
    };
    Fault::new(place, rule, remedy)
}

fn affected(n: u64) -> String {
    format!("{} {} not", counted(n, "value"), is_are(n))
}

fn is_are(n: u64) -> &'static str {
    if n == 1 { "is" } else { "are" }
}
