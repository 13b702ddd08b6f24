//! Fields to typed values, by the declared types and nothing else.
//!
//! Every distinct text of a date or code column is cleaned and checked once and remembered, so a register of
//! fifty million rows costs as much checking as it has different cells. Codes become numbers into a dictionary
//! that lives as long as the extract is read. Cells that break their declaration are counted per rule and
//! reported together, with the first row of each rule.

use super::error::{Fault, Place, counted};
use super::format::delimited::RawBatch;
use crate::study::{Clean, CodeSpec, ColumnKind, ColumnSpec, DateFault, DateFormat, DateSpec, Decimal, IfInvalid};
use crate::table::MISSING_WHOLE;
use polars::prelude::{
    Column as PolarsColumn, DataType, IntoColumn, NamedFrom, PlHashMap, Series, StringChunked, TimeUnit,
};
use std::collections::BTreeMap;

/// The number of a missing code.
pub const MISSING_CODE: u32 = u32::MAX;

/// Texts and their numbers, in order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    numbers: PlHashMap<Box<[u8]>, u32>,
    texts: Vec<Box<str>>,
}

impl Dictionary {
    /// The number of `text`, new if need be.
    pub fn number(&mut self, text: &str) -> u32 {
        self.number_of_bytes(text.as_bytes())
    }

    /// The number of a text given as UTF-8, which is checked when the text is new (decoding has seen to it before).
    pub fn number_of_bytes(&mut self, text: &[u8]) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(String::from_utf8_lossy(text).into());
        self.numbers.insert(text.into(), number);
        number
    }

    /// The text of a number. Panics when the number is not of this dictionary.
    pub fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    /// All texts, by number.
    pub fn texts(&self) -> &[Box<str>] {
        &self.texts
    }
}

/// Typed values of one column, one per row; missing values have a mark of their own.
#[derive(Debug, Clone)]
pub enum Values {
    /// Days; `MISSING_WHOLE` is missing.
    Day(Vec<i32>),
    /// Whole numbers; `MISSING_WHOLE` is missing.
    Whole(Vec<i32>),
    /// Numbers; NaN is missing.
    Number(Vec<f64>),
    /// Numbers into the column's dictionary; `MISSING_CODE` is missing.
    Code(Vec<u32>),
    /// Several codes a row: row i has `codes[ends[i-1]..ends[i]]`; none is missing.
    Codes {
        /// Where each row's codes end.
        ends: Vec<usize>,
        /// Numbers into the column's dictionary.
        codes: Vec<u32>,
    },
}

impl Values {
    /// No values of the type that `kind` gives.
    pub fn empty(kind: &ColumnKind) -> Values {
        match kind {
            ColumnKind::Date(_) => Values::Day(Vec::new()),
            ColumnKind::Whole { .. } => Values::Whole(Vec::new()),
            ColumnKind::Number { .. } => Values::Number(Vec::new()),
            ColumnKind::Code(_) => Values::Code(Vec::new()),
            ColumnKind::Codes { .. } => Values::Codes { ends: Vec::new(), codes: Vec::new() },
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::Day(v) | Values::Whole(v) => v.len(),
            Values::Number(v) => v.len(),
            Values::Code(v) => v.len(),
            Values::Codes { ends, .. } => ends.len(),
        }
    }

    /// The codes of a row of a `Code` or `Codes` column; none for other types.
    pub fn codes(&self, row: usize) -> &[u32] {
        match self {
            Values::Code(v) if v[row] != MISSING_CODE => &v[row..=row],
            Values::Codes { ends, codes } => &codes[if row == 0 { 0 } else { ends[row - 1] }..ends[row]],
            _ => &[],
        }
    }

    /// The days of a date column. Panics for another type, which a checked study rules out.
    pub fn days(&self) -> &[i32] {
        match self {
            Values::Day(v) => v,
            _ => panic!("a checked study names a date column here"),
        }
    }

    /// Whether a row has no value.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Values::Day(v) | Values::Whole(v) => v[row] == MISSING_WHOLE,
            Values::Number(v) => v[row].is_nan(),
            Values::Code(_) | Values::Codes { .. } => self.codes(row).is_empty(),
        }
    }

    /// The number of a row; NaN when it is missing or no number.
    pub fn number(&self, row: usize) -> f64 {
        match self {
            Values::Number(v) => v[row],
            Values::Whole(v) | Values::Day(v) if v[row] != MISSING_WHOLE => f64::from(v[row]),
            _ => f64::NAN,
        }
    }

    /// The values of rows, missing where there is no row.
    pub fn take_or_missing(&self, rows: &[Option<u32>]) -> Values {
        let at = |row: &Option<u32>| row.map(|r| r as usize);
        match self {
            Values::Day(v) => Values::Day(rows.iter().map(|r| at(r).map_or(MISSING_WHOLE, |r| v[r])).collect()),
            Values::Whole(v) => Values::Whole(rows.iter().map(|r| at(r).map_or(MISSING_WHOLE, |r| v[r])).collect()),
            Values::Number(v) => Values::Number(rows.iter().map(|r| at(r).map_or(f64::NAN, |r| v[r])).collect()),
            Values::Code(v) => Values::Code(rows.iter().map(|r| at(r).map_or(MISSING_CODE, |r| v[r])).collect()),
            Values::Codes { .. } => {
                let (mut ends, mut codes) = (Vec::with_capacity(rows.len()), Vec::new());
                for row in rows {
                    codes.extend_from_slice(at(row).map_or(&[], |r| self.codes(r)));
                    ends.push(codes.len());
                }
                Values::Codes { ends, codes }
            }
        }
    }

    /// Whether two rows have the same value; two missing values are the same.
    pub fn same(&self, a: usize, b: usize) -> bool {
        match self {
            Values::Day(v) | Values::Whole(v) => v[a] == v[b],
            Values::Number(v) => v[a].to_bits() == v[b].to_bits(),
            Values::Code(_) | Values::Codes { .. } => self.codes(a) == self.codes(b),
        }
    }

    /// Adds the given rows of `other`, which has the same type, at the end.
    pub fn extend_from(&mut self, other: &Values, rows: &[u32]) {
        let at = |r: &u32| *r as usize;
        match (self, other) {
            (Values::Day(to), Values::Day(from)) | (Values::Whole(to), Values::Whole(from)) => {
                to.extend(rows.iter().map(|r| from[at(r)]));
            }
            (Values::Number(to), Values::Number(from)) => to.extend(rows.iter().map(|r| from[at(r)])),
            (Values::Code(to), Values::Code(from)) => to.extend(rows.iter().map(|r| from[at(r)])),
            (Values::Codes { ends, codes }, from @ Values::Codes { .. }) => {
                for row in rows {
                    codes.extend_from_slice(from.codes(at(row)));
                    ends.push(codes.len());
                }
            }
            _ => unreachable!("a column keeps its type from batch to batch"),
        }
    }

    /// The given rows, in their order.
    pub fn take(&self, rows: &[u32]) -> Values {
        let mut out = match self {
            Values::Day(_) => Values::Day(Vec::with_capacity(rows.len())),
            Values::Whole(_) => Values::Whole(Vec::with_capacity(rows.len())),
            Values::Number(_) => Values::Number(Vec::with_capacity(rows.len())),
            Values::Code(_) => Values::Code(Vec::with_capacity(rows.len())),
            Values::Codes { .. } => Values::Codes { ends: Vec::with_capacity(rows.len()), codes: Vec::new() },
        };
        out.extend_from(self, rows);
        out
    }

    /// Mixes the value of every row into its hash.
    pub fn mix(&self, hashes: &mut [u64]) {
        for (row, hash) in hashes.iter_mut().enumerate() {
            match self {
                Values::Day(v) | Values::Whole(v) => *hash = mix(*hash, v[row] as u64),
                Values::Number(v) => *hash = mix(*hash, v[row].to_bits()),
                Values::Code(v) => *hash = mix(*hash, u64::from(v[row])),
                Values::Codes { .. } => {
                    let codes = self.codes(row);
                    *hash = mix(*hash, codes.len() as u64);
                    codes.iter().for_each(|&c| *hash = mix(*hash, u64::from(c)));
                }
            }
        }
    }

    /// As a polars column for the given rows (all when `None`); `None` for several codes a row, which SQL cannot name.
    pub fn to_polars(&self, name: &str, dictionary: &Dictionary, rows: Option<&[u32]>) -> Option<PolarsColumn> {
        let picked;
        let values = match rows {
            Some(rows) => {
                picked = self.take(rows);
                &picked
            }
            None => self,
        };
        let whole = |v: &[i32]| -> Series {
            let options: Vec<Option<i32>> = v.iter().map(|&x| (x != MISSING_WHOLE).then_some(x)).collect();
            Series::new(name.into(), options)
        };
        let series = match values {
            Values::Day(v) => whole(v).cast(&DataType::Date).expect("days are dates"),
            Values::Whole(v) => whole(v),
            Values::Number(v) => {
                Series::new(name.into(), v.iter().map(|&x| (!x.is_nan()).then_some(x)).collect::<Vec<_>>())
            }
            Values::Code(v) => {
                let texts = v.iter().map(|&c| (c != MISSING_CODE).then(|| dictionary.text(c)));
                let text: StringChunked = texts.collect();
                polars::prelude::IntoSeries::into_series(text.with_name(name.into()))
            }
            Values::Codes { .. } => return None,
        };
        Some(series.into_column())
    }
}

/// A step of a 64-bit mixing function (the finaliser of SplitMix64).
pub(crate) fn mix(hash: u64, value: u64) -> u64 {
    let mut z = (hash ^ value).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Which rule a cell breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Broken {
    DateForm,
    NoSuchDay,
    DateRange,
    /// All digits, but fewer than declared: a leading zero may be lost.
    FewDigits(usize),
    Width,
    Level,
    Whole,
    Number,
    DecimalMark,
    /// Stored as a number where a code, or as a type where a date is declared.
    StoredType,
}

/// What a cell becomes.
#[derive(Debug, Clone, Copy)]
enum Cell<T> {
    Missing,
    Value(T),
    Broken(Broken),
}

/// A checked code, or the codes of a cell as a range of the arena, and which clean-up steps changed it.
#[derive(Debug, Clone, Copy)]
struct CleanCode {
    start: u32,
    end: u32,
    /// Bit i: step i changed the cell; the bit after the last step: padding did.
    changed: u64,
}

/// What happened to the cells of a column; all of it is reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnCounts {
    /// Missing cells.
    pub missing: u64,
    /// Cells that broke their declaration and were taken as missing, as the study says.
    pub invalid_as_missing: u64,
    /// Rows that each clean-up step changed, in the order of the steps; the last is padding.
    pub cleaned: Vec<u64>,
}

/// Converts the fields of one column.
pub struct Converter {
    /// The column's name in the study.
    pub name: String,
    /// The year, for one of a yearly family.
    pub year: Option<i32>,
    /// The codes seen so far.
    pub dictionary: Dictionary,
    /// What happened to the cells so far.
    pub counts: ColumnCounts,
    kind: ColumnKind,
    missing: Vec<String>,
    decimal: Decimal,
    days: PlHashMap<Box<[u8]>, Cell<i32>>,
    codes: PlHashMap<Box<[u8]>, Cell<CleanCode>>,
    arena: Vec<u32>,
    /// Per rule: the first row that breaks it and how many do, in the current file.
    broken: BTreeMap<Broken, (u64, u64)>,
}

/// Distinct cells that are remembered per column; beyond it cells are checked each time.
const REMEMBERED: usize = 1 << 20;

impl Converter {
    /// A converter of the declared column (one year of it, for a yearly family).
    pub fn new(spec: &ColumnSpec, year: Option<i32>, decimal: Decimal) -> Converter {
        let steps = match &spec.kind {
            ColumnKind::Code(code) | ColumnKind::Codes { code, .. } => code.clean.len() + 1,
            _ => 0,
        };
        Converter {
            name: spec.name.clone(),
            year,
            dictionary: Dictionary::default(),
            counts: ColumnCounts { cleaned: vec![0; steps], ..ColumnCounts::default() },
            kind: spec.kind.clone(),
            missing: spec.missing.clone(),
            decimal,
            days: PlHashMap::default(),
            codes: PlHashMap::default(),
            arena: Vec::new(),
            broken: BTreeMap::new(),
        }
    }

    /// The declared type.
    pub fn kind(&self) -> &ColumnKind {
        &self.kind
    }

    /// The values of kept field number `field` of a batch.
    pub fn convert(&mut self, batch: &RawBatch, field: usize) -> Values {
        let mut values = Values::empty(&self.kind);
        for row in 0..batch.n_rows() {
            self.push(&mut values, batch.field(row, field), batch.rows[row]);
        }
        values
    }

    /// The values of a stored column; `first_row` is the row of its first value.
    ///
    /// A column stored as dates or numbers is taken as such where that is the declared type. A code that is stored
    /// as a number has lost its leading zeros, if it had any: it needs a declared width or levels to show that it has not.
    pub fn convert_stored(&mut self, column: &PolarsColumn, first_row: u64) -> Values {
        let mut values = Values::empty(&self.kind);
        let Some(series) = self.readable(column) else {
            self.note_broken(Broken::StoredType, first_row);
            return values;
        };
        match (&mut values, series.dtype()) {
            (Values::Day(out), DataType::Date) => {
                let days = series.to_physical_repr();
                let days = days.i32().expect("dates are stored as 32-bit days");
                for (row, day) in days.iter().enumerate() {
                    let cell = day.map_or(Cell::Missing, |d| self.stored_day(d));
                    out.push(self.settle(cell, MISSING_WHOLE, first_row + row as u64));
                }
            }
            (Values::Number(out), DataType::Float64) => {
                let numbers = series.f64().expect("cast to f64");
                for (row, x) in numbers.iter().enumerate() {
                    let cell = match x {
                        Some(x) if x.is_finite() => Cell::Value(x),
                        Some(x) if x.is_infinite() => Cell::Broken(Broken::Number),
                        _ => Cell::Missing,
                    };
                    out.push(self.settle(cell, f64::NAN, first_row + row as u64));
                }
            }
            _ => {
                let texts = series.str().expect("everything else was cast to text");
                for (row, text) in texts.iter().enumerate() {
                    self.push(&mut values, text.unwrap_or("").as_bytes(), first_row + row as u64);
                }
            }
        }
        values
    }

    /// The stored column as dates, numbers or text; `None` when its type contradicts the declared one.
    fn readable(&self, column: &PolarsColumn) -> Option<Series> {
        let series = column.as_materialized_series();
        let stored = series.dtype();
        let number = stored.is_primitive_numeric();
        let wanted = match &self.kind {
            ColumnKind::Date(spec) if matches!(stored, DataType::Date | DataType::Datetime(..)) => {
                matches!(spec.format, DateFormat::Native | DateFormat::Day(_)).then_some(DataType::Date)?
            }
            ColumnKind::Number { .. } if number => DataType::Float64,
            ColumnKind::Whole { .. } if stored.is_float() => {
                // A whole number stored as 3.0 reads as 3; 3.5 stays 3.5 and is refused as text.
                let whole = series.cast(&DataType::Int64).ok()?;
                let back = whole.cast(&DataType::Float64).ok()?;
                let same = back.equals_missing(&series.cast(&DataType::Float64).ok()?);
                return if same { whole.cast(&DataType::String).ok() } else { series.cast(&DataType::String).ok() };
            }
            ColumnKind::Code(code) | ColumnKind::Codes { code, .. } if number => {
                (code.width.is_some() || code.levels.is_some()).then_some(DataType::String)?
            }
            _ if matches!(stored, DataType::Date | DataType::Datetime(..) | DataType::Boolean) => return None,
            _ => DataType::String,
        };
        if let DataType::Datetime(unit, _) = stored {
            debug_assert!(matches!(unit, TimeUnit::Milliseconds | TimeUnit::Microseconds | TimeUnit::Nanoseconds));
        }
        series.cast(&wanted).ok()
    }

    fn stored_day(&self, day: i32) -> Cell<i32> {
        let ColumnKind::Date(spec) = &self.kind else { return Cell::Broken(Broken::StoredType) };
        if spec.in_range(crate::day::Day(day)) { Cell::Value(day) } else { Cell::Broken(Broken::DateRange) }
    }

    /// Converts one field and adds it to `values`.
    fn push(&mut self, values: &mut Values, field: &[u8], row: u64) {
        match values {
            Values::Day(out) => {
                let cell = self.day(field);
                out.push(self.settle(cell, MISSING_WHOLE, row));
            }
            Values::Whole(out) => {
                let cell = self.number_like(field, |text, _| whole(text));
                out.push(self.settle(cell, MISSING_WHOLE, row));
            }
            Values::Number(out) => {
                let cell = self.number_like(field, number);
                out.push(self.settle(cell, f64::NAN, row));
            }
            Values::Code(out) => {
                let code = self.code_cell(field, row);
                out.push(code.map_or(MISSING_CODE, |c| self.arena[c.start as usize]));
            }
            Values::Codes { ends, codes } => {
                if let Some(c) = self.code_cell(field, row) {
                    codes.extend_from_slice(&self.arena[c.start as usize..c.end as usize]);
                }
                ends.push(codes.len());
            }
        }
    }

    /// The value that a cell stands for, with missing and broken cells counted.
    fn settle<T>(&mut self, cell: Cell<T>, missing: T, row: u64) -> T {
        match cell {
            Cell::Value(value) => value,
            Cell::Missing => {
                self.counts.missing += 1;
                missing
            }
            Cell::Broken(rule) => {
                match self.if_invalid() {
                    IfInvalid::Missing => self.counts.invalid_as_missing += 1,
                    IfInvalid::Error => self.note_broken(rule, row),
                }
                missing
            }
        }
    }

    fn note_broken(&mut self, rule: Broken, row: u64) {
        self.broken.entry(rule).or_insert((row, 0)).1 += 1;
    }

    fn if_invalid(&self) -> IfInvalid {
        match &self.kind {
            ColumnKind::Date(spec) => spec.if_invalid,
            ColumnKind::Code(code) | ColumnKind::Codes { code, .. } => code.if_invalid,
            ColumnKind::Whole { if_invalid } | ColumnKind::Number { if_invalid } => *if_invalid,
        }
    }

    fn is_missing(&self, field: &[u8]) -> bool {
        field.is_empty() || self.missing.iter().any(|m| m.as_bytes() == field)
    }

    fn day(&mut self, field: &[u8]) -> Cell<i32> {
        if field.is_empty() {
            return Cell::Missing;
        }
        if let Some(&cell) = self.days.get(field) {
            return cell;
        }
        let ColumnKind::Date(spec) = &self.kind else { unreachable!("only date columns have days") };
        let cell = if self.is_missing(field) { Cell::Missing } else { read_day(spec, field) };
        if self.days.len() < REMEMBERED {
            self.days.insert(field.into(), cell);
        }
        cell
    }

    fn number_like<T>(&self, field: &[u8], read: impl Fn(&str, Decimal) -> Result<T, Broken>) -> Cell<T> {
        if self.is_missing(field) {
            return Cell::Missing;
        }
        match std::str::from_utf8(field).map_err(|_| Broken::Number).and_then(|t| read(t.trim(), self.decimal)) {
            Ok(value) => Cell::Value(value),
            Err(rule) => Cell::Broken(rule),
        }
    }

    /// The codes of a field, checked; counts what was done to it.
    fn code_cell(&mut self, field: &[u8], row: u64) -> Option<CleanCode> {
        let cell = match self.codes.get(field) {
            Some(&cell) => cell,
            None => {
                let cell = self.clean(field);
                if self.codes.len() < REMEMBERED {
                    self.codes.insert(field.into(), cell);
                }
                cell
            }
        };
        if let Cell::Value(code) = cell {
            for (step, count) in self.counts.cleaned.iter_mut().enumerate() {
                *count += code.changed >> step & 1;
            }
            return Some(code);
        }
        self.settle(cell, NO_CODE, row);
        None
    }

    /// Splits, cleans and checks a field.
    fn clean(&mut self, field: &[u8]) -> Cell<CleanCode> {
        if self.is_missing(field) {
            return Cell::Missing;
        }
        let Ok(text) = std::str::from_utf8(field) else { return Cell::Broken(Broken::Level) };
        let (parts, rules): (Vec<&str>, &CodeSpec) = match &self.kind {
            ColumnKind::Codes { split, code } => (text.split(split.as_str()).collect(), code),
            ColumnKind::Code(code) => (vec![text], code),
            _ => unreachable!("only code columns have codes"),
        };
        let start = self.arena.len() as u32;
        let mut changed = 0;
        for part in parts {
            let code = clean_code(part, rules, &mut changed);
            if code.is_empty() {
                continue;
            }
            if let Some(broken) = check_code(&code, rules) {
                return Cell::Broken(broken);
            }
            self.arena.push(self.dictionary.number(&code));
        }
        let end = self.arena.len() as u32;
        if start == end { Cell::Missing } else { Cell::Value(CleanCode { start, end, changed }) }
    }

    /// The faults of the file that ends here, and a clean slate for the next; `column` is its name in the file.
    pub fn end_file(&mut self, file: &str, column: &str) -> Vec<Fault> {
        let broken = std::mem::take(&mut self.broken);
        broken
            .into_iter()
            .map(|(rule, (row, n))| self.explain(rule, n, Place::row(file, row).in_column(column)))
            .collect()
    }

    fn explain(&self, rule: Broken, n: u64, place: Place) -> Fault {
        let values = counted(n, "value");
        let (rule, remedy) = match (rule, &self.kind) {
            (Broken::DateForm, ColumnKind::Date(spec)) => (
                format!("expected a date as {} ({})", date_form(spec), affected(n)),
                "set format to the file's own".into(),
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
                let rule = format!("{values} {has} {digits} digits where the code has {width}");
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
                let (declared, other) = if self.decimal == Decimal::Comma { (",", ".") } else { (".", ",") };
                let rule = format!("expected a number with decimal mark \"{declared}\" ({})", affected(n));
                (rule, format!("set decimal = \"{other}\" if that is the file's"))
            }
            (Broken::StoredType, kind) => (
                format!("stored as a type that is no {}", kind_name(kind)),
                "declare the stored type; a code that is stored as a number also needs width or levels".to_string(),
            ),
            _ => (
                format!("expected a number ({})", affected(n)),
                "declare type = \"code\", or list the mark of missing under missing".to_string(),
            ),
        };
        Fault::new(place, rule, remedy)
    }
}

const NO_CODE: CleanCode = CleanCode { start: 0, end: 0, changed: 0 };

fn affected(n: u64) -> String {
    format!("{} {} not", counted(n, "value"), is_are(n))
}

fn is_are(n: u64) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

fn kind_name(kind: &ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Date(_) => "date of the declared format",
        ColumnKind::Code(_) | ColumnKind::Codes { .. } => "text",
        ColumnKind::Whole { .. } => "whole number",
        ColumnKind::Number { .. } => "number",
    }
}

fn date_form(spec: &DateSpec) -> String {
    match &spec.format {
        DateFormat::Day(pattern) | DateFormat::Month(pattern, _) => pattern.to_string(),
        DateFormat::DaysSince(_) => "a whole number of days".to_string(),
        DateFormat::Native => "YYYY-MM-DD".to_string(),
    }
}

fn read_day(spec: &DateSpec, field: &[u8]) -> Cell<i32> {
    let Ok(text) = std::str::from_utf8(field) else { return Cell::Broken(Broken::DateForm) };
    match spec.day(text) {
        Ok(day) => Cell::Value(day.0),
        Err(DateFault::Form) => Cell::Broken(Broken::DateForm),
        Err(DateFault::NoSuchDay) => Cell::Broken(Broken::NoSuchDay),
        Err(DateFault::OutOfRange) => Cell::Broken(Broken::DateRange),
    }
}

fn whole(text: &str) -> Result<i32, Broken> {
    text.parse().ok().filter(|&x| x != MISSING_WHOLE).ok_or(Broken::Whole)
}

/// A number with the declared decimal mark and no marks between thousands.
fn number(text: &str, decimal: Decimal) -> Result<f64, Broken> {
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
fn clean_code(part: &str, rules: &CodeSpec, changed: &mut u64) -> String {
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

fn check_code(code: &str, rules: &CodeSpec) -> Option<Broken> {
    if let Some(width) = rules.width
        && code.chars().count() != width
    {
        let digits = code.len() < width && code.bytes().all(|b| b.is_ascii_digit());
        return Some(if digits { Broken::FewDigits(code.len()) } else { Broken::Width });
    }
    let listed = rules.levels.as_ref().is_none_or(|levels| levels.iter().any(|l| l == code));
    (!listed).then_some(Broken::Level)
}
