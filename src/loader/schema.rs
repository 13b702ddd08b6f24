//! Fields to typed values, by the declared types and nothing else.
//!
//! Every distinct text of a date or code column is cleaned and checked once and remembered, so a register of
//! fifty million rows costs as much checking as it has different cells. Codes become numbers into a dictionary
//! that lives as long as the extract is read. Cells that break their declaration are counted per rule and
//! reported together, with the first row of each rule.

use super::broken::{Broken, ColumnFault, explain};
use super::cells::{Cell, CleanCode, NO_CODE, check_code, clean_code, day_cell, number, read_day, whole};
use super::error::{Fault, Place};
use super::format::delimited::RawBatch;
use super::format::file::{DataBatch, exact_whole};
use super::values::{Dictionary, MISSING_CODE, Values};
use crate::day::Day;
use crate::stored::{Cells, StoredColumn, StoredType, StoredValues};
use crate::study::{CodeSpec, ColumnKind, ColumnSpec, DateFormat, Decimal, IfInvalid, Limits, Reading, fit};
use crate::table::MISSING_WHOLE;
use polars::prelude::PlHashMap;
use std::collections::BTreeMap;

/// What happened to the cells of a column; all of it is reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnCounts {
    /// Missing cells.
    pub missing: u64,
    /// Of them, cells with a text that the study names as a mark of missing.
    pub marked_missing: u64,
    /// Of them, cells of codes of which clean-up left nothing.
    pub emptied: u64,
    /// Dates known by month, on the day that stands for it.
    pub placed_in_month: u64,
    /// Dates and years written with two digits of the year.
    pub short_years: u64,
    /// Dates with a time of day, which is dropped.
    pub clocks_dropped: u64,
    /// Dates and numbers with blanks around them.
    pub trimmed: u64,
    /// Cells that broke their declaration and were taken as missing, as the study says, by the rule that they broke.
    pub invalid_as_missing: BTreeMap<Broken, u64>,
    /// Rows that each clean-up step changed, in the order of the steps; then those that padding changed, and those of which
    /// an empty place among several codes was left out.
    pub cleaned: Vec<u64>,
    /// Missing cells by the kinds of the files (`.a`, `user-missing`).
    pub missing_kinds: BTreeMap<String, u64>,
    /// Labels of values that differ from those of an earlier file.
    pub labels_differ: u64,
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
    days: PlHashMap<Box<[u8]>, (Cell<i32>, Reading)>,
    codes: PlHashMap<Box<[u8]>, Cell<CleanCode>>,
    arena: Vec<u32>,
    /// The marks of missing as numbers and days, for columns that are stored so.
    missing_numbers: Vec<f64>,
    missing_days: Vec<i32>,
    /// Whether the current file stores months.
    months: bool,
    /// Per rule: the first row that breaks it and how many do, in the current file.
    broken: BTreeMap<Broken, (u64, u64)>,
    /// Rows of the current batch that break one, ascending.
    broken_rows: Vec<u64>,
}

/// Distinct cells that are remembered per column; beyond it cells are checked each time.
const REMEMBERED: usize = 1 << 20;

impl Converter {
    /// A converter of the declared column (one year of it, for a yearly family).
    pub fn new(spec: &ColumnSpec, year: Option<i32>, decimal: Decimal) -> Converter {
        let steps = match &spec.kind {
            ColumnKind::Code(code) | ColumnKind::Codes { code, .. } => code.clean.len() + 2,
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
            missing_numbers: spec.missing.iter().filter_map(|mark| number(mark.trim(), decimal).ok()).collect(),
            missing_days: spec.missing.iter().filter_map(|mark| DateFormat::Native.read(mark)).map(|d| d.0).collect(),
            months: false,
            broken: BTreeMap::new(),
            broken_rows: Vec::new(),
        }
    }

    /// The declared type.
    pub fn kind(&self) -> &ColumnKind {
        &self.kind
    }

    /// The values of kept column number `field` of a batch.
    pub(crate) fn convert_batch(&mut self, batch: &DataBatch, field: usize) -> Values {
        self.broken_rows.clear();
        match batch {
            DataBatch::Text(batch) => self.convert(batch, field),
            DataBatch::Stored(batch) => self.convert_stored(&batch.columns[field], batch.first_row),
        }
    }

    /// The values of kept field number `field` of a batch.
    pub fn convert(&mut self, batch: &RawBatch, field: usize) -> Values {
        let mut values = Values::empty(&self.kind);
        for row in 0..batch.n_rows() {
            self.push(&mut values, batch.field(row, field), batch.rows[row]);
        }
        values
    }

    /// What a file says of the column, before its first batch; `None` for text. `shown` is the column's name there.
    /// Errors: a stored type that contradicts the declared one.
    pub fn begin_file(&mut self, column: Option<&StoredColumn>, place: &Place) -> Option<Fault> {
        let column = column?;
        if let Err(unfit) = fit::column(&self.kind, &column.holds) {
            let rule = format!("the column has the type {}: {}", column.holds, unfit.rule);
            return Some(Fault::new(place.clone(), rule, unfit.remedy));
        }
        self.months = column.holds == StoredType::Month;
        let rules = match &self.kind {
            ColumnKind::Code(rules) => Some(rules.clone()),
            _ => None,
        };
        for (value, label) in &column.value_labels {
            let value = rules.as_ref().map_or(value.clone(), |rules| clean_code(value, rules, &mut 0));
            let known = self.dictionary.labels.entry(value).or_insert_with(|| label.clone());
            self.counts.labels_differ += u64::from(known != label);
        }
        None
    }

    /// The values of a column that is stored with a type; `first_row` is the row of its first value.
    ///
    /// Dates and numbers are taken as such where that is the declared type. A code that is stored as a number is
    /// its digits.
    pub fn convert_stored(&mut self, cells: &Cells, first_row: u64) -> Values {
        for (kind, n) in &cells.missing {
            *self.counts.missing_kinds.entry(kind.clone()).or_default() += n;
        }
        self.counts.clocks_dropped += cells.clocks_dropped;
        let mut values = Values::empty(&self.kind);
        match &cells.values {
            StoredValues::Text(texts) => {
                (0..texts.len()).for_each(|row| self.push(&mut values, texts.get(row), first_row + row as u64));
            }
            StoredValues::Whole(v) => {
                let number = |x: i64| (x != i64::MIN).then_some(x as f64);
                self.push_numbers(&mut values, v.iter().map(|&x| number(x)), first_row);
            }
            StoredValues::Number(v) => {
                self.push_numbers(&mut values, v.iter().map(|&x| (!x.is_nan()).then_some(x)), first_row);
            }
            StoredValues::Day(v) => self.push_days(&mut values, v, first_row),
            StoredValues::Logical(v) => {
                for (row, b) in v.iter().enumerate() {
                    let text = b.map_or("", |b| if b { "true" } else { "false" });
                    self.push(&mut values, text.as_bytes(), first_row + row as u64);
                }
            }
        }
        values
    }

    fn push_days(&mut self, values: &mut Values, days: &[i32], first_row: u64) {
        let Values::Day(out) = values else { unreachable!("stored dates are read into date columns only") };
        for (row, &day) in days.iter().enumerate() {
            let cell = match &self.kind {
                _ if day == MISSING_WHOLE => Cell::Missing,
                _ if self.missing_days.contains(&day) => Cell::Marked,
                ColumnKind::Date(spec) => day_cell(spec.stored_day(Day(day), self.months)),
                _ => unreachable!("only date columns have days"),
            };
            self.counts.placed_in_month += u64::from(self.months && matches!(cell, Cell::Value(_)));
            out.push(self.settle(cell, MISSING_WHOLE, first_row + row as u64));
        }
    }

    /// Numbers into a column of numbers; digits into a column of codes or dates.
    fn push_numbers(&mut self, values: &mut Values, numbers: impl Iterator<Item = Option<f64>>, first_row: u64) {
        let is_date = matches!(self.kind, ColumnKind::Date(_));
        for (x, row) in numbers.zip(first_row..) {
            let known = x.filter(|x| !self.missing_numbers.contains(x));
            self.counts.marked_missing += u64::from(x.is_some() && known.is_none());
            let x = known;
            match (&mut *values, x) {
                (Values::Number(out), x) => {
                    let cell = x.map_or(Cell::Missing, |x| self.number_cell(x));
                    out.push(self.settle(cell, f64::NAN, row));
                }
                (Values::Whole(out), x) => {
                    let cell = x.map_or(Cell::Missing, |x| self.whole_cell(exact_whole(x)));
                    out.push(self.settle(cell, MISSING_WHOLE, row));
                }
                (values, None) => self.push(values, b"", row),
                (values, Some(x)) => match exact_whole(x) {
                    Some(x) => self.push(values, x.to_string().as_bytes(), row),
                    None if is_date => self.push(values, x.to_string().as_bytes(), row),
                    None => self.push_broken(values, Broken::Fraction, row),
                },
            }
        }
    }

    /// A code that cannot be one.
    fn push_broken(&mut self, values: &mut Values, rule: Broken, row: u64) {
        self.settle(Cell::<()>::Broken(rule), (), row);
        match values {
            Values::Code(out) => out.push(MISSING_CODE),
            Values::Codes { ends, codes } => ends.push(codes.len()),
            Values::Day(out) | Values::Whole(out) => out.push(MISSING_WHOLE),
            Values::Number(out) => out.push(f64::NAN),
        }
    }

    fn limits(&self) -> Limits {
        match &self.kind {
            ColumnKind::Whole { limits, .. } | ColumnKind::Number { limits, .. } => *limits,
            _ => Limits::default(),
        }
    }

    fn number_cell(&self, x: f64) -> Cell<f64> {
        match x.is_finite() {
            false => Cell::Broken(Broken::Number),
            true if self.limits().contain(x) => Cell::Value(x),
            true => Cell::Broken(Broken::Limits),
        }
    }

    fn whole_cell(&mut self, x: Option<i64>) -> Cell<i32> {
        let limits = self.limits();
        let Some(x) = x.and_then(|x| i32::try_from(x).ok()).filter(|&x| x != MISSING_WHOLE) else {
            return Cell::Broken(Broken::Whole);
        };
        let x = match limits.years_from {
            Some(from) if (0..100).contains(&x) => {
                self.counts.short_years += 1;
                from + (x - from).rem_euclid(100)
            }
            _ => x,
        };
        if limits.contain(f64::from(x)) { Cell::Value(x) } else { Cell::Broken(Broken::Limits) }
    }

    /// Converts one field and adds it to `values`.
    fn push(&mut self, values: &mut Values, field: &[u8], row: u64) {
        match values {
            Values::Day(out) => {
                let cell = self.day(field);
                out.push(self.settle(cell, MISSING_WHOLE, row));
            }
            Values::Whole(out) => {
                let cell = match self.number_like(field, |text, _| whole(text)) {
                    Cell::Value(x) => self.whole_cell(Some(i64::from(x))),
                    other => other,
                };
                out.push(self.settle(cell, MISSING_WHOLE, row));
            }
            Values::Number(out) => {
                let cell = match self.number_like(field, number) {
                    Cell::Value(x) => self.number_cell(x),
                    other => other,
                };
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
            Cell::Missing | Cell::Marked => {
                self.counts.missing += 1;
                self.counts.marked_missing += u64::from(matches!(cell, Cell::Marked));
                missing
            }
            Cell::Broken(rule) => {
                match self.if_invalid() {
                    IfInvalid::Missing => *self.counts.invalid_as_missing.entry(rule).or_default() += 1,
                    IfInvalid::Error => self.note_broken(rule, row),
                }
                missing
            }
        }
    }

    fn note_broken(&mut self, rule: Broken, row: u64) {
        self.broken.entry(rule).or_insert((row, 0)).1 += 1;
        self.broken_rows.push(row);
    }

    /// Whether the cell of a row of the batch that was converted last breaks a rule, and is told for that.
    pub(super) fn is_broken(&self, row: u64) -> bool {
        self.broken_rows.binary_search(&row).is_ok()
    }

    fn if_invalid(&self) -> IfInvalid {
        match &self.kind {
            ColumnKind::Date(spec) => spec.if_invalid,
            ColumnKind::Code(code) | ColumnKind::Codes { code, .. } => code.if_invalid,
            ColumnKind::Whole { if_invalid, .. } | ColumnKind::Number { if_invalid, .. } => *if_invalid,
        }
    }

    /// The missing cell that a field is.
    fn missing<T>(&self, field: &[u8]) -> Option<Cell<T>> {
        let marked = || self.missing.iter().any(|m| m.as_bytes() == field);
        if field.is_empty() { Some(Cell::Missing) } else { marked().then_some(Cell::Marked) }
    }

    fn day(&mut self, field: &[u8]) -> Cell<i32> {
        if field.is_empty() {
            return Cell::Missing;
        }
        let known = self.days.get(field).copied();
        let (cell, reading) = known.unwrap_or_else(|| {
            let ColumnKind::Date(spec) = &self.kind else { unreachable!("only date columns have days") };
            let read = self.missing(field).map(|cell| (cell, Reading::default()));
            let read = read.unwrap_or_else(|| read_day(spec, field));
            if self.days.len() < REMEMBERED {
                self.days.insert(field.into(), read);
            }
            read
        });
        self.counts.placed_in_month += u64::from(reading.placed_in_month);
        self.counts.short_years += u64::from(reading.short_year);
        self.counts.clocks_dropped += u64::from(reading.clock_dropped);
        self.counts.trimmed += u64::from(reading.blanks);
        cell
    }

    fn number_like<T>(&mut self, field: &[u8], read: impl Fn(&str, Decimal) -> Result<T, Broken>) -> Cell<T> {
        if let Some(missing) = self.missing(field) {
            return missing;
        }
        let text = std::str::from_utf8(field).unwrap_or_default();
        match read(text.trim(), self.decimal) {
            Ok(value) => {
                self.counts.trimmed += u64::from(text.trim().len() != text.len());
                Cell::Value(value)
            }
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
        // A code of which nothing is left is no empty field.
        let emptied = !field.is_empty() && matches!(cell, Cell::Missing);
        self.counts.emptied += u64::from(emptied);
        self.settle(cell, NO_CODE, row);
        None
    }

    /// Splits, cleans and checks a field.
    fn clean(&mut self, field: &[u8]) -> Cell<CleanCode> {
        if let Some(missing) = self.missing(field) {
            return missing;
        }
        let Ok(text) = std::str::from_utf8(field) else { return Cell::Broken(Broken::Level) };
        if text.contains('\n') {
            return Cell::Broken(Broken::LineEnd);
        }
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
                changed |= 1 << (rules.clean.len() + 1);
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
    pub(super) fn end_file(&mut self, file: &str, column: &str) -> Vec<ColumnFault> {
        let broken = std::mem::take(&mut self.broken);
        let fault = |(rule, (row, values))| {
            let place = Place::row(file, row).in_column(column);
            ColumnFault { rule, values, fault: explain(rule, values, place, (&self.kind, self.decimal)) }
        };
        broken.into_iter().map(fault).collect()
    }
}
