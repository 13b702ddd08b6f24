//! From values to what stands in a file: text as the declaration writes it, or values of the file's own types.

use super::columns::{Slot, Value};
use crate::day::Day;
use crate::study::{ColumnKind, DateFormat, Decimal};

/// What the cells of a column of a typed file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Text,
    Whole,
    Number,
    Day,
    /// Months, as their first day.
    Month,
}

/// What a typed file stores a column as: dates as its own where the study says so, counts as numbers, the rest as text.
pub(super) fn stored(slot: &Slot) -> Stored {
    match &slot.spec.kind {
        ColumnKind::Date(date) => match date.format.each().first() {
            Some(DateFormat::Native) => Stored::Day,
            Some(DateFormat::NativeMonth(_)) => Stored::Month,
            Some(DateFormat::DaysSince(_) | DateFormat::MonthsSince(..)) => Stored::Whole,
            Some(DateFormat::ClockSince { .. }) => Stored::Number,
            _ => Stored::Text,
        },
        ColumnKind::Code(_) if slot.labelled => Stored::Whole,
        ColumnKind::Code(_) | ColumnKind::Codes { .. } => Stored::Text,
        ColumnKind::Whole { .. } => Stored::Whole,
        ColumnKind::Number { .. } => Stored::Number,
    }
}

/// The text of a cell; a date that the form of the column cannot hold is empty.
pub(super) fn text(slot: &Slot, value: &Value, decimal: Decimal) -> String {
    match value {
        Value::Missing => String::new(),
        Value::Day(day) => match &slot.spec.kind {
            ColumnKind::Date(date) => date.format.write(Day(*day)).unwrap_or_default(),
            _ => Day(*day).to_string(),
        },
        Value::Text(text) | Value::Written(text) => text.to_string(),
        Value::Codes(codes) => {
            let split = match &slot.spec.kind {
                ColumnKind::Codes { split, .. } => split,
                _ => ",",
            };
            codes.iter().map(|c| &**c).collect::<Vec<_>>().join(split)
        }
        Value::Whole(x) => x.to_string(),
        Value::Number(x) => match decimal {
            Decimal::Point => format!("{x}"),
            Decimal::Comma => format!("{x}").replace('.', ","),
        },
    }
}

/// The number of a cell in a file that stores numbers; `None` is missing.
pub(super) fn number(slot: &Slot, value: &Value) -> Option<f64> {
    match value {
        Value::Whole(x) => Some(f64::from(*x)),
        Value::Number(x) => Some(*x),
        Value::Day(_) | Value::Written(_) => text(slot, value, Decimal::Point).parse().ok(),
        Value::Text(code) if slot.labelled => code.parse().ok(),
        Value::Missing | Value::Text(_) | Value::Codes(_) => None,
    }
}

/// The day of a cell in a file that stores days or months.
pub(super) fn day(value: &Value, stored: Stored) -> Option<i32> {
    let Value::Day(day) = value else { return None };
    let (year, month, _) = Day(*day).ymd();
    match stored {
        Stored::Month => Day::from_ymd(year, month, 1).map(|d| d.0),
        _ => Some(*day),
    }
}
