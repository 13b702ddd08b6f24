//! Parquet by polars: the columns that are needed, one row group at a time.
//!
//! A row is counted from 1 over the whole file. Only files are read: an address on a network is refused, since
//! person data stay on the machine they were delivered to.

use super::decode::unreadable;
use super::delimited::BATCH_ROWS;
use crate::loader::error::{Fault, LoadError, Place};
use crate::loader::flat::sorted_factor;
use crate::loader::schema::{Dictionary, MISSING_CODE};
use crate::loader::{Note, Progress};
use crate::stored::{Cells, StoredBatch, StoredColumn, StoredType, StoredValues, Texts};
use crate::study::parquet_type;
use crate::table::{Column, ColumnData, Factor, MISSING_WHOLE};
use polars::prelude::{DataFrame, DataType, ParquetReader, SerReader, Series};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// An open Parquet file.
pub struct ParquetFile {
    path: PathBuf,
    file: String,
    header: Vec<String>,
    /// Rows of each row group.
    groups: Vec<usize>,
    next_group: usize,
    rows_before: usize,
}

impl ParquetFile {
    /// Opens `path`, called `shown` in messages, and reads its footer. Errors: `LoadError::File`.
    pub fn open(path: &Path, shown: &str) -> Result<ParquetFile, LoadError> {
        if shown.contains("://") {
            let fault = Fault::new(Place::file(shown), "is an address on a network", "copy the file here and name it");
            return Err(LoadError::File(fault));
        }
        let mut reader = ParquetReader::new(File::open(path).map_err(|e| unreadable(shown, &e))?);
        let no_parquet = || {
            let rule = "the file is no Parquet file, or it is cut off";
            LoadError::File(Fault::new(Place::file(shown), rule, "check its format, or have it delivered again"))
        };
        let header = reader.schema().map_err(|_| no_parquet())?.iter_names().map(|n| n.to_string()).collect();
        let metadata = reader.get_metadata().map_err(|_| no_parquet())?;
        let groups = metadata.row_groups.iter().map(|g| g.num_rows()).collect();
        Ok(ParquetFile { path: path.into(), file: shown.to_string(), header, groups, next_group: 0, rows_before: 0 })
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.groups.iter().sum()
    }

    /// What the columns hold. Errors: `LoadError::File`.
    pub(crate) fn columns(&self) -> Result<Vec<StoredColumn>, LoadError> {
        let empty = self.slice(&self.header, 0, 0)?;
        let column = |c: &polars::prelude::Column| StoredColumn {
            name: c.name().to_string(),
            label: String::new(),
            holds: parquet_type(c.dtype()),
            format: String::new(),
            value_labels: Vec::new(),
            user_missing: Vec::new(),
        };
        Ok(empty.columns().iter().map(column).collect())
    }

    /// The columns at these places in the next row group that has rows, in batches, the last first; none at the end.
    pub(crate) fn next_batches(&mut self, places: &[usize]) -> Result<Vec<StoredBatch>, LoadError> {
        let mut names: Vec<String> = places.iter().map(|&i| self.header[i].clone()).collect();
        names.sort_unstable();
        names.dedup();
        while let Some(&rows) = self.groups.get(self.next_group) {
            let first_row = self.rows_before as u64 + 1;
            let frame = self.slice(&names, self.rows_before, rows)?;
            self.next_group += 1;
            self.rows_before += rows;
            if rows > 0 {
                let starts = (0..rows).step_by(BATCH_ROWS);
                return starts.rev().map(|start| self.batch(&frame, places, start, first_row)).collect();
            }
        }
        Ok(Vec::new())
    }

    fn batch(
        &self,
        frame: &DataFrame,
        places: &[usize],
        start: usize,
        first_row: u64,
    ) -> Result<StoredBatch, LoadError> {
        let part = frame.slice(start as i64, BATCH_ROWS);
        let columns: Result<Vec<Cells>, LoadError> = places
            .par_iter()
            .map(|&i| {
                let column = part.column(&self.header[i]).expect("the column was read");
                let values = values_of(column.as_materialized_series()).ok_or_else(|| {
                    let place = Place::file(&*self.file).in_column(&self.header[i]);
                    let rule = "the stored type is none that can be read";
                    LoadError::Values(vec![Fault::new(place, rule, "store it as text, number or date")])
                })?;
                Ok(Cells { values, missing: BTreeMap::new() })
            })
            .collect();
        Ok(StoredBatch { first_row: first_row + start as u64, n_rows: part.height(), columns: columns? })
    }

    fn slice(&self, columns: &[String], offset: usize, rows: usize) -> Result<DataFrame, LoadError> {
        let file = File::open(&self.path).map_err(|e| unreadable(&self.file, &e))?;
        let reader = ParquetReader::new(file).with_columns(Some(columns.to_vec())).with_slice(Some((offset, rows)));
        reader.finish().map_err(|_| {
            let place = Place::row(&*self.file, offset as u64 + 1);
            let rule = "the rows from here on cannot be read";
            LoadError::File(Fault::new(place, rule, "compare the file's size and checksum with the delivery note"))
        })
    }

    /// The named columns of the whole file, typed as they are stored.
    pub(crate) fn read_columns(
        &mut self,
        columns: &[String],
        notes: &mut Vec<Note>,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Column>, LoadError> {
        progress.step(&self.file, 0, None);
        let frame = self.slice(columns, 0, self.n_rows())?;
        let typed: Vec<Result<(Column, Option<Note>), LoadError>> = frame
            .columns()
            .par_iter()
            .map(|column| stored_column(column.as_materialized_series(), &self.file))
            .collect();
        let mut out = Vec::with_capacity(typed.len());
        for column in typed {
            let (column, note) = column?;
            out.push(column);
            notes.extend(note);
        }
        Ok(out)
    }
}

/// The values of a stored column; `None` for a type that none has.
fn values_of(series: &Series) -> Option<StoredValues> {
    let holds = parquet_type(series.dtype());
    let whole = |series: &Series| series.cast(&DataType::Int64).ok();
    Some(match holds {
        StoredType::Whole => match whole(series) {
            Some(cast) => StoredValues::Whole(cast.i64().ok()?.iter().map(|x| x.unwrap_or(i64::MIN)).collect()),
            // Unsigned numbers beyond the signed ones.
            None => StoredValues::Text(texts_of(series)?),
        },
        StoredType::Number | StoredType::Single => {
            let numbers = series.cast(&DataType::Float64).ok()?;
            StoredValues::Number(numbers.f64().ok()?.iter().map(|x| x.unwrap_or(f64::NAN)).collect())
        }
        StoredType::Day | StoredType::Moment => {
            let days = series.cast(&DataType::Date).and_then(|s| s.cast(&DataType::Int32)).ok()?;
            StoredValues::Day(days.i32().ok()?.iter().map(|d| d.unwrap_or(MISSING_WHOLE)).collect())
        }
        StoredType::Logical => StoredValues::Logical(series.bool().ok()?.iter().collect()),
        StoredType::Text | StoredType::Month | StoredType::Unfit(_) => StoredValues::Text(texts_of(series)?),
    })
}

fn texts_of(series: &Series) -> Option<Texts> {
    let cast = series.cast(&DataType::String).ok()?;
    let mut texts = Texts::default();
    cast.str().ok()?.iter().for_each(|text| texts.push(text.unwrap_or("")));
    Some(texts)
}

/// A stored column as a column of a table, with a note where its type was changed.
fn stored_column(series: &Series, file: &str) -> Result<(Column, Option<Note>), LoadError> {
    let name = series.name().to_string();
    let source = format!("{file}, column {name}");
    let refuse = |_| {
        let place = Place::file(file).in_column(&*name);
        let rule = "the stored type is none that an analysis can use";
        LoadError::Values(vec![Fault::new(place, rule, "store it as text, number, date or true/false")])
    };
    let mut note = None;
    let data = match series.dtype() {
        DataType::Boolean => ColumnData::Logical(series.bool().map_err(refuse)?.iter().collect()),
        DataType::Date => {
            let days = series.cast(&DataType::Int32).map_err(refuse)?;
            ColumnData::Day(days.i32().map_err(refuse)?.iter().map(|d| d.unwrap_or(MISSING_WHOLE)).collect())
        }
        DataType::Datetime(..) => {
            note = Some(Note::plain(&source, "times of day dropped, calendar days kept"));
            let days = series.cast(&DataType::Date).and_then(|s| s.cast(&DataType::Int32)).map_err(refuse)?;
            ColumnData::Day(days.i32().map_err(refuse)?.iter().map(|d| d.unwrap_or(MISSING_WHOLE)).collect())
        }
        dtype if dtype.is_integer() => {
            let whole = series.cast(&DataType::Int64).map_err(refuse)?;
            let whole = whole.i64().map_err(refuse)?;
            let fits = |x: i64| i32::try_from(x).is_ok_and(|x| x != MISSING_WHOLE);
            if whole.iter().flatten().all(fits) {
                ColumnData::Whole(whole.iter().map(|x| x.map_or(MISSING_WHOLE, |x| x as i32)).collect())
            } else {
                ColumnData::Number(whole.iter().map(|x| x.map_or(f64::NAN, |x| x as f64)).collect())
            }
        }
        dtype if dtype.is_float() => {
            let numbers = series.cast(&DataType::Float64).map_err(refuse)?;
            ColumnData::Number(numbers.f64().map_err(refuse)?.iter().map(|x| x.unwrap_or(f64::NAN)).collect())
        }
        _ => {
            let texts = series.cast(&DataType::String).map_err(refuse)?;
            ColumnData::Factor(text_factor(texts.str().map_err(refuse)?.iter()))
        }
    };
    Ok((Column { label: name.clone(), name, data }, note))
}

/// A factor of stored texts; an empty text is missing, as in a text file.
fn text_factor<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Factor {
    let mut dictionary = Dictionary::default();
    let codes: Vec<u32> =
        texts.map(|t| t.filter(|t| !t.is_empty()).map_or(MISSING_CODE, |t| dictionary.number(t))).collect();
    sorted_factor(&dictionary, &codes)
}
