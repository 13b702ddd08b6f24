//! A data file of Parquet, Stata, SPSS or SAS as it is, for `cohort fit DATA`: types are the file's own.
//!
//! Text becomes a factor, a date a day. Programs store whole numbers as doubles as often as not, so a column is of
//! whole numbers when all its values are, as in a text file. A number with value labels stays a number, and that is
//! said: `factor(…)` makes levels of it.

use super::error::LoadError;
use super::flat::{Flat, FlatOptions, check_names};
use super::format::file::{DataBatch, DataFile, exact_whole};
use super::guessed_column::sorted_factor;
use super::values::{Dictionary, MISSING_CODE};
use super::{Note, Progress};
use crate::stored::{Cells, StoredColumn, StoredType, StoredValues, Wanted};
use crate::study::{FileFormat, InputFile};
use crate::table::{Column, ColumnData, MISSING_WHOLE, Table};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Reads the columns that are `wanted`, but for those that no analysis can use, which are named in a note.
pub(super) fn read(
    file: &InputFile,
    format: &FileFormat,
    options: &FlatOptions,
    wanted: &dyn Fn(&str) -> bool,
    progress: &mut dyn Progress,
) -> Result<Flat, LoadError> {
    let shown = &*file.written;
    let data = DataFile::open(file, format)?;
    let header = data.header().to_vec();
    check_names(&header, wanted, shown)?;
    let columns = data.columns()?.expect("these files say what their columns hold");
    let mut notes: Vec<Note> = data.remarks().iter().map(|remark| Note::plain(shown, remark)).collect();
    let mut builders = Vec::new();
    let mut places = Vec::new();
    for (place, column) in columns.iter().enumerate().filter(|(_, c)| wanted(&c.name)) {
        if let StoredType::Unfit(what) = &column.holds {
            notes.push(Note::plain(&source(shown, column), &format!("left out: no analysis can use a {what}")));
            continue;
        }
        places.push(Wanted { column: place, keep_user_missing: false });
        builders.push(Builder::new(column, &options.missing));
    }
    let mut batches = data.into_batches(&places);
    while let Some(batch) = batches.next_batch(progress)? {
        let DataBatch::Stored(batch) = batch else { unreachable!("text files are read as text") };
        builders.par_iter_mut().zip(&batch.columns).for_each(|(builder, cells)| builder.push(cells));
    }
    let input = batches.finish()?;
    builders.iter().for_each(|builder| builder.notes(shown, &mut notes));
    let columns: Vec<Column> = builders.into_par_iter().map(Builder::finish).collect();
    Ok(Flat { file_rows: None, table: Table::new(columns), header, input, notes })
}

fn source(shown: &str, column: &StoredColumn) -> String {
    format!("{shown}, column {}", column.name)
}

/// One column so far.
struct Builder<'a> {
    column: &'a StoredColumn,
    /// Marks of missing that somebody declared.
    missing: &'a [String],
    missing_numbers: Vec<f64>,
    marked: u64,
    kinds: BTreeMap<String, u64>,
    values: BuilderValues,
}

enum BuilderValues {
    Text(Dictionary, Vec<u32>),
    Number(Vec<f64>),
    Day(Vec<i32>),
    Logical(Vec<Option<bool>>),
}

impl<'a> Builder<'a> {
    fn new(column: &'a StoredColumn, missing: &'a [String]) -> Builder<'a> {
        let values = match StoredValues::empty(&column.holds) {
            StoredValues::Text(_) => BuilderValues::Text(Dictionary::default(), Vec::new()),
            StoredValues::Day(_) => BuilderValues::Day(Vec::new()),
            StoredValues::Logical(_) => BuilderValues::Logical(Vec::new()),
            _ => BuilderValues::Number(Vec::new()),
        };
        let missing_numbers = missing.iter().filter_map(|mark| mark.parse().ok()).collect();
        Builder { column, missing, missing_numbers, marked: 0, kinds: BTreeMap::new(), values }
    }

    fn push(&mut self, cells: &Cells) {
        for (kind, n) in &cells.missing {
            *self.kinds.entry(kind.clone()).or_default() += n;
        }
        match (&mut self.values, &cells.values) {
            (BuilderValues::Text(dictionary, out), StoredValues::Text(texts)) => {
                for row in 0..texts.len() {
                    let text = texts.get(row);
                    let marked = !text.is_empty() && self.missing.iter().any(|m| m.as_bytes() == text);
                    self.marked += u64::from(marked);
                    let missing = marked || text.is_empty();
                    out.push(if missing { MISSING_CODE } else { dictionary.number_of_bytes(text) });
                }
            }
            (BuilderValues::Day(out), StoredValues::Day(days)) => out.extend(days),
            (BuilderValues::Logical(out), StoredValues::Logical(values)) => out.extend(values),
            (BuilderValues::Number(out), StoredValues::Number(numbers)) => {
                out.extend(numbers.iter().map(|&x| unless_marked(x, &self.missing_numbers, &mut self.marked)));
            }
            (BuilderValues::Number(out), StoredValues::Whole(numbers)) => {
                let number = |&x: &i64| if x == i64::MIN { f64::NAN } else { x as f64 };
                let numbers = numbers.iter().map(number);
                out.extend(numbers.map(|x| unless_marked(x, &self.missing_numbers, &mut self.marked)));
            }
            _ => unreachable!("a column keeps its type from batch to batch"),
        }
    }

    fn notes(&self, shown: &str, notes: &mut Vec<Note>) {
        let source = source(shown, self.column);
        if self.marked > 0 {
            notes.push(Note::new(&source, "values taken as missing by their mark", self.marked, "rows"));
        }
        if self.kinds.keys().any(|kind| kind != ".") {
            for (kind, &n) in &self.kinds {
                notes.push(Note::new(&source, &format!("missing as {kind} in the file"), n, "rows"));
            }
        }
        if self.column.holds == StoredType::Moment {
            notes.push(Note::plain(&source, "times of day dropped, calendar days kept"));
        }
        if self.column.holds == StoredType::Month {
            notes.push(Note::plain(&source, "known by month only: the first day stands for the month"));
        }
        if !self.column.value_labels.is_empty() && matches!(self.values, BuilderValues::Number(_)) {
            let message = format!(
                "a number with value labels, read as a number; factor({}) makes levels of it",
                self.column.name
            );
            notes.push(Note::plain(&source, &message));
        }
    }

    fn finish(self) -> Column {
        let data = match self.values {
            BuilderValues::Text(dictionary, codes) => ColumnData::Factor(sorted_factor(&dictionary, &codes)),
            BuilderValues::Day(days) => ColumnData::Day(days),
            BuilderValues::Logical(values) => ColumnData::Logical(values),
            BuilderValues::Number(numbers) => whole_if_all_are(numbers),
        };
        let label = if self.column.label.is_empty() { &self.column.name } else { &self.column.label };
        Column { name: self.column.name.clone(), label: label.clone(), data }
    }
}

fn unless_marked(x: f64, marks: &[f64], marked: &mut u64) -> f64 {
    let is_marked = marks.contains(&x);
    *marked += u64::from(is_marked);
    if is_marked { f64::NAN } else { x }
}

fn whole_if_all_are(numbers: Vec<f64>) -> ColumnData {
    let whole = |x: f64| exact_whole(x).and_then(|x| i32::try_from(x).ok()).filter(|&x| x != MISSING_WHOLE);
    let fits = |x: &f64| x.is_nan() || whole(*x).is_some();
    // A column without any value is of numbers, as in a text file.
    if !numbers.iter().all(fits) || numbers.iter().all(|x| x.is_nan()) {
        return ColumnData::Number(numbers);
    }
    ColumnData::Whole(numbers.into_iter().map(|x| whole(x).unwrap_or(MISSING_WHOLE)).collect())
}
