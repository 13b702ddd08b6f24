//! Whether a column that is stored with a type can be what a study declares it to be.
//!
//! A study declares; a file types. Where both agree the stored value is taken as it is. A number in the place of a
//! code may have lost leading zeros, so it needs a width, padding or levels against which that would show. A number
//! in the place of a date is a date only by a declared count or by a form of digits that begins with the year.

use super::dates::{DateFormat, DateSpec};
use super::extract::{CodeSpec, ColumnKind};
use crate::stored::StoredType;

/// What does not fit, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// What a column of this kind would have to be.
    pub rule: String,
    /// The remedy.
    pub remedy: String,
}

fn unfit(rule: impl Into<String>, remedy: impl Into<String>) -> Result<(), Unfit> {
    Err(Unfit { rule: rule.into(), remedy: remedy.into() })
}

/// Whether a column of this declared kind can be read from a column of this type.
pub fn column(kind: &ColumnKind, holds: &StoredType) -> Result<(), Unfit> {
    let numeric = matches!(holds, StoredType::Whole | StoredType::Number | StoredType::Single);
    match kind {
        ColumnKind::Code(code) => self::code(code, holds),
        ColumnKind::Codes { .. } if *holds == StoredType::Text => Ok(()),
        ColumnKind::Codes { .. } => unfit("several codes in a field are text", "declare type = \"code\""),
        ColumnKind::Whole { .. } | ColumnKind::Number { .. } if numeric || *holds == StoredType::Text => Ok(()),
        ColumnKind::Whole { .. } => unfit("a whole number is needed", "declare the type that the column has"),
        ColumnKind::Number { .. } => unfit("a number is needed", "declare the type that the column has"),
        ColumnKind::Date(spec) => date(spec, holds),
    }
}

fn code(rules: &CodeSpec, holds: &StoredType) -> Result<(), Unfit> {
    let shows = rules.width.is_some() || rules.pad_left.is_some() || rules.levels.is_some();
    match holds {
        StoredType::Text => Ok(()),
        StoredType::Logical if rules.levels.is_some() => Ok(()),
        StoredType::Whole | StoredType::Number if shows => Ok(()),
        StoredType::Whole | StoredType::Number => unfit(
            "a code that is stored as a number may have lost leading zeros",
            "read the column as text at the source, or declare width or levels, against which a lost zero shows",
        ),
        StoredType::Single => unfit(
            "a code that is stored in single precision may have lost digits",
            "read the column as text at the source",
        ),
        _ => unfit("a code is text", "declare the type that the column has, or read it as text at the source"),
    }
}

fn date(spec: &DateSpec, holds: &StoredType) -> Result<(), Unfit> {
    let any = |fits: &dyn Fn(&DateFormat) -> bool| spec.format.each().iter().any(fits);
    let counts = |f: &DateFormat| {
        matches!(f, DateFormat::DaysSince(_) | DateFormat::ClockSince { .. } | DateFormat::MonthsSince(..))
    };
    let number = |f: &DateFormat| match f {
        DateFormat::Day(pattern) | DateFormat::Month(pattern, _) => pattern.is_number(),
        other => counts(other),
    };
    match holds {
        StoredType::Day | StoredType::Moment if any(&|f| *f == DateFormat::Native) => Ok(()),
        StoredType::Day | StoredType::Moment => {
            unfit("the file says itself that these are dates", "set format = \"native\"")
        }
        StoredType::Month if any(&|f| matches!(f, DateFormat::NativeMonth(_))) => Ok(()),
        StoredType::Month => {
            unfit("the file says itself that these are months", "set format = \"native_month\" and place_in_month")
        }
        StoredType::Text if any(&|f| !matches!(f, DateFormat::Native | DateFormat::NativeMonth(_))) => Ok(()),
        StoredType::Text => unfit(
            "format = \"native\" needs a column of dates",
            "write the form of its dates, for example format = \"YYYY-MM-DD\"",
        ),
        StoredType::Whole | StoredType::Number if any(&number) => Ok(()),
        StoredType::Whole | StoredType::Number => unfit(
            "a number without a date format of the file's own is no date",
            "set format = \"days_since\" and reference_date, or \"YYYYMMDD\" where the number is written so",
        ),
        StoredType::Single => unfit(
            "a number in single precision may have lost days",
            "have it delivered as a whole number, a double or a date",
        ),
        _ => unfit("a date is needed", "declare the type that the column has"),
    }
}

/// Whether a person key can be read from a column of this type.
pub fn key(holds: &StoredType) -> Result<(), Unfit> {
    match holds {
        StoredType::Text | StoredType::Whole | StoredType::Number => Ok(()),
        StoredType::Single => unfit(
            "a key that is stored in single precision has lost digits",
            "have it delivered as text, double or long",
        ),
        _ => unfit("a key is text", "name the key column"),
    }
}
