//! A column of a data file, typed as it is read: logical, whole, number or text, the narrowest that all its values fit.

use super::Note;
use super::flat::FlatOptions;
use super::format::delimited::RawBatch;
use super::values::Dictionary;
use crate::study::Decimal;
use crate::table::{Codes, Column, ColumnData, Factor, MISSING_WHOLE};

/// The values of a column so far, in the narrowest type that holds them.
enum Guess {
    /// Nothing but missing values: how many.
    Nothing(usize),
    Logical(Vec<Option<bool>>),
    Whole(Vec<i32>),
    Number(Vec<f64>),
    Text(Dictionary, Vec<u32>),
}

/// Builds one column.
pub(super) struct Builder {
    name: String,
    missing: Vec<String>,
    decimal: Decimal,
    guess: Guess,
    /// Text after values whose spelling was not kept.
    pub(super) lost_spelling: bool,
    /// The first row of a value that made a column of numbers text, and whether only leading zeros did.
    turned_text: Option<(u64, bool)>,
    /// Values that a declared mark made missing.
    marked_missing: u64,
}

const MISSING_TEXT: u32 = u32::MAX;

/// What a single value can be.
enum Value {
    Logical,
    Whole(i32),
    Number(f64),
    LeadingZero,
    Text,
}

impl Builder {
    /// A column that has seen nothing yet.
    pub(super) fn new(name: &str, options: &FlatOptions) -> Builder {
        Builder {
            name: name.to_string(),
            missing: options.missing.clone(),
            decimal: options.decimal.unwrap_or(Decimal::Point),
            guess: Guess::Nothing(0),
            lost_spelling: false,
            turned_text: None,
            marked_missing: 0,
        }
    }

    /// A builder for a second reading of the same column, as text.
    pub(super) fn as_text(&self) -> Builder {
        Builder {
            name: self.name.clone(),
            missing: self.missing.clone(),
            decimal: self.decimal,
            guess: Guess::Text(Dictionary::default(), Vec::new()),
            lost_spelling: false,
            turned_text: self.turned_text,
            marked_missing: 0,
        }
    }

    pub(super) fn push_batch(&mut self, batch: &RawBatch, field: usize) {
        if self.lost_spelling {
            return;
        }
        let mut row = 0;
        while row < batch.n_rows() {
            row = self.push_while_fitting(batch, field, row);
            if row < batch.n_rows() {
                self.widen(batch.field(row, field), batch.rows[row]);
                if self.lost_spelling {
                    return;
                }
            }
        }
    }

    /// Adds values from `row` on for as long as the type holds them; returns the first row that it does not.
    fn push_while_fitting(&mut self, batch: &RawBatch, field: usize, start: usize) -> usize {
        let Builder { missing, decimal, guess, marked_missing, .. } = self;
        let mut is_missing = |value: &[u8]| {
            let marked = !value.is_empty() && missing.iter().any(|m| m.as_bytes() == value);
            *marked_missing += u64::from(marked);
            marked || value.is_empty()
        };
        for row in start..batch.n_rows() {
            let value = batch.field(row, field);
            if is_missing(value) {
                match guess {
                    Guess::Nothing(n) => *n += 1,
                    Guess::Logical(v) => v.push(None),
                    Guess::Whole(v) => v.push(MISSING_WHOLE),
                    Guess::Number(v) => v.push(f64::NAN),
                    Guess::Text(_, v) => v.push(MISSING_TEXT),
                }
                continue;
            }
            let fits = match guess {
                Guess::Nothing(_) => false,
                Guess::Text(dictionary, v) => {
                    v.push(dictionary.number_of_bytes(value));
                    true
                }
                Guess::Whole(v) => read_whole(value).map(|x| v.push(x)).is_some(),
                Guess::Number(v) => match read_value(value, *decimal) {
                    Value::Number(x) => {
                        v.push(x);
                        true
                    }
                    Value::Whole(x) => {
                        v.push(f64::from(x));
                        true
                    }
                    _ => false,
                },
                Guess::Logical(v) => read_logical(value).map(|b| v.push(Some(b))).is_some(),
            };
            if !fits {
                return row;
            }
        }
        batch.n_rows()
    }

    /// Makes the type wide enough for a value that it does not hold.
    fn widen(&mut self, value: &[u8], row: u64) {
        let found = read_value(value, self.decimal);
        let guess = std::mem::replace(&mut self.guess, Guess::Nothing(0));
        self.guess = match (guess, found) {
            (Guess::Nothing(n), Value::Logical) => Guess::Logical(vec![None; n]),
            (Guess::Nothing(n), Value::Whole(_)) => Guess::Whole(vec![MISSING_WHOLE; n]),
            (Guess::Nothing(n), Value::Number(_)) => Guess::Number(vec![f64::NAN; n]),
            (Guess::Nothing(n), found) => {
                if matches!(found, Value::LeadingZero) {
                    self.turned_text = Some((row, true));
                }
                Guess::Text(Dictionary::default(), vec![MISSING_TEXT; n])
            }
            (Guess::Whole(v), Value::Number(_)) => {
                Guess::Number(v.into_iter().map(|x| if x == MISSING_WHOLE { f64::NAN } else { f64::from(x) }).collect())
            }
            (Guess::Whole(v), found) => {
                // Whole numbers were accepted in one spelling only, so it can be written again.
                self.turned_text = Some((row, matches!(found, Value::LeadingZero)));
                let mut dictionary = Dictionary::default();
                let mut text =
                    |x: i32| if x == MISSING_WHOLE { MISSING_TEXT } else { dictionary.number(&x.to_string()) };
                let codes = v.into_iter().map(&mut text).collect();
                Guess::Text(dictionary, codes)
            }
            (Guess::Number(_) | Guess::Logical(_), found) => {
                self.turned_text = Some((row, matches!(found, Value::LeadingZero)));
                self.lost_spelling = true;
                Guess::Nothing(0)
            }
            (text @ Guess::Text(..), _) => text,
        };
    }

    pub(super) fn notes(&self, shown: &str, notes: &mut Vec<Note>) {
        let source = format!("{shown}, column {}", self.name);
        if self.marked_missing > 0 {
            notes.push(Note::new(&source, "values taken as missing by their mark", self.marked_missing, "rows"));
        }
        match (self.turned_text, &self.guess) {
            (Some((row, true)), _) => {
                let message = format!("kept as text: values look like numbers but begin with 0 (first in row {row})");
                notes.push(Note::plain(&source, &message));
            }
            (Some((row, false)), _) => {
                let message = format!(
                    "kept as text: not all values are numbers (first in row {row}); if that one marks a missing value, say so"
                );
                notes.push(Note::plain(&source, &message));
            }
            (None, Guess::Nothing(n)) if *n > 0 => {
                notes.push(Note::plain(&source, "every value is missing"));
            }
            _ => {}
        }
    }

    pub(super) fn finish(self) -> Column {
        let data = match self.guess {
            Guess::Nothing(n) => ColumnData::Number(vec![f64::NAN; n]),
            Guess::Logical(v) => ColumnData::Logical(v),
            Guess::Whole(v) => ColumnData::Whole(v),
            Guess::Number(v) => ColumnData::Number(v),
            Guess::Text(dictionary, codes) => ColumnData::Factor(sorted_factor(&dictionary, &codes)),
        };
        Column { label: self.name.clone(), name: self.name, data }
    }
}

/// A factor whose levels are the dictionary's texts in sorted order, so that the order of rows does not matter.
pub(crate) fn sorted_factor(dictionary: &Dictionary, codes: &[u32]) -> Factor {
    let texts = dictionary.texts();
    let mut order: Vec<u32> = (0..texts.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| texts[a as usize].cmp(&texts[b as usize]));
    let mut rank = vec![0; texts.len()];
    for (r, &old) in order.iter().enumerate() {
        rank[old as usize] = r as u32;
    }
    let levels: Vec<String> = order.iter().map(|&i| texts[i as usize].to_string()).collect();
    let codes = codes.iter().map(|&c| (c != MISSING_TEXT).then(|| rank[c as usize]));
    Factor { codes: Codes::pack(codes, levels.len()), labels: levels.clone(), levels, declared: false }
}

fn read_logical(value: &[u8]) -> Option<bool> {
    if value.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if value.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

/// A whole number in its one usual spelling: no leading zero, no plus sign, no blanks.
fn read_whole(value: &[u8]) -> Option<i32> {
    let (negative, digits) = match value {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 10 || (digits[0] == b'0' && (digits.len() > 1 || negative)) {
        return None;
    }
    let mut sum: i64 = 0;
    for &d in digits {
        if !d.is_ascii_digit() {
            return None;
        }
        sum = sum * 10 + i64::from(d - b'0');
    }
    i32::try_from(if negative { -sum } else { sum }).ok().filter(|&x| x != MISSING_WHOLE)
}

/// What a value can be, by its spelling.
fn read_value(value: &[u8], decimal: Decimal) -> Value {
    if let Some(x) = read_whole(value) {
        return Value::Whole(x);
    }
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    if let [b'0', b'0'..=b'9', ..] = digits {
        return if digits.iter().all(u8::is_ascii_digit) { Value::LeadingZero } else { Value::Text };
    }
    if read_logical(value).is_some() {
        return Value::Logical;
    }
    read_number(value, decimal).map_or(Value::Text, Value::Number)
}

/// A number; whole numbers beyond 15 digits are text, since a double would change them. `Inf` as other programs write
/// it is a number too, so that a model refuses it instead of taking the column for text.
fn read_number(value: &[u8], decimal: Decimal) -> Option<f64> {
    match value.to_ascii_lowercase().as_slice() {
        b"inf" | b"+inf" => return Some(f64::INFINITY),
        b"-inf" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let allowed = |b: &u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'e' | b'E' | b'.' | b',');
    if !value.iter().all(allowed) || (value.len() > 15 && value.iter().all(u8::is_ascii_digit)) {
        return None;
    }
    let text = std::str::from_utf8(value).ok()?;
    let parsed = match decimal {
        Decimal::Point => text.parse::<f64>(),
        Decimal::Comma if text.contains('.') => return None,
        Decimal::Comma => text.replace(',', ".").parse(),
    };
    parsed.ok().filter(|x| x.is_finite())
}
