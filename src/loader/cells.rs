//! One cell: from its text to a day, a number or a code, or the rule that it breaks.

use super::broken::Broken;
use crate::day::Day;
use crate::study::{Clean, CodeSpec, DateFault, DateSpec, Decimal, Reading};
use crate::table::MISSING_WHOLE;

/// What a cell becomes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<T> {
    Missing,
    /// Missing, by a mark that the study names.
    Marked,
    Value(T),
    Broken(Broken),
}

/// A checked code, or the codes of a cell as a range of the arena, and which clean-up steps changed it.
#[derive(Debug, Clone, Copy)]
pub(super) struct CleanCode {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Bit i: step i changed the cell; the bit after the last step: padding did; the next: an empty place was left out.
    pub(super) changed: u64,
}

/// No code at all.
pub(super) const NO_CODE: CleanCode = CleanCode { start: 0, end: 0, changed: 0 };

/// A date and what its form left open or had too much of.
pub(super) fn read_day(spec: &DateSpec, field: &[u8]) -> (Cell<i32>, Reading) {
    let Ok(text) = std::str::from_utf8(field) else { return (Cell::Broken(Broken::DateForm), Reading::default()) };
    let cell = day_cell(spec.day(text));
    if !matches!(cell, Cell::Value(_)) {
        return (cell, Reading::default());
    }
    let dates = text.trim();
    (cell, Reading { blanks: dates.len() != text.len(), ..spec.format.reading(dates) })
}

pub(super) fn day_cell(day: Result<Day, DateFault>) -> Cell<i32> {
    match day {
        Ok(day) => Cell::Value(day.0),
        Err(DateFault::Form) => Cell::Broken(Broken::DateForm),
        Err(DateFault::NoSuchDay) => Cell::Broken(Broken::NoSuchDay),
        Err(DateFault::OutOfRange) => Cell::Broken(Broken::DateRange),
    }
}

pub(super) fn whole(text: &str) -> Result<i32, Broken> {
    text.parse().ok().filter(|&x| x != MISSING_WHOLE).ok_or(Broken::Whole)
}

/// A number with the declared decimal mark and no marks between thousands.
pub(super) fn number(text: &str, decimal: Decimal) -> Result<f64, Broken> {
    let digits = |b: u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'e' | b'E' | b'.' | b',');
    if !text.bytes().all(digits) {
        return Err(Broken::Number);
    }
    let (wrong, right) = if decimal == Decimal::Comma { (b'.', b',') } else { (b',', b'.') };
    if text.bytes().any(|b| b == wrong) {
        return Err(Broken::DecimalMark);
    }
    let parsed = if right == b',' { text.replace(',', ".").parse() } else { text.parse::<f64>() };
    parsed.ok().filter(|x| x.is_finite()).ok_or(Broken::Number)
}

/// The code after its clean-up steps and padding; sets the bits of the steps that changed it.
pub(super) fn clean_code(part: &str, rules: &CodeSpec, changed: &mut u64) -> String {
    let mut code = part.to_string();
    for (step, clean) in rules.clean.iter().enumerate() {
        let next = Clean::apply(*clean, &code);
        if next != code {
            *changed |= 1 << step;
        }
        code = next;
    }
    let width = rules.pad_left.unwrap_or_default();
    let length = code.chars().count();
    if length < width && length > 0 {
        *changed |= 1 << rules.clean.len();
        code = format!("{}{code}", "0".repeat(width - length));
    }
    code
}

pub(super) fn check_code(code: &str, rules: &CodeSpec) -> Option<Broken> {
    if let Some(width) = rules.width
        && code.chars().count() != width
    {
        let digits = code.len() < width && code.bytes().all(|b| b.is_ascii_digit());
        return Some(if digits { Broken::FewDigits(code.len()) } else { Broken::Width });
    }
    let listed = rules.levels.as_ref().is_none_or(|levels| levels.iter().any(|l| l == code));
    (!listed).then_some(Broken::Level)
}
