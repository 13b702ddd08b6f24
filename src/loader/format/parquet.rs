//! Parquet by polars: the columns that are needed, one row group at a time.
//!
//! A row is counted from 1 over the whole file. Only files are read: an address on a network is refused, since
//! person data stay on the machine they were delivered to.

use super::FileRead;
use super::decode::{hex, unreadable};
use crate::loader::error::{Fault, LoadError, Place};
use crate::loader::flat::sorted_factor;
use crate::loader::schema::{Dictionary, MISSING_CODE};
use crate::loader::{Note, Progress};
use crate::table::{Column, ColumnData, Factor, MISSING_WHOLE};
use polars::prelude::{DataFrame, DataType, ParquetReader, SerReader, Series};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
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

    /// The named columns of the next row group, and the number of its first row (from 1); `None` at the end.
    pub fn next_group(&mut self, columns: &[String]) -> Result<Option<(DataFrame, u64)>, LoadError> {
        let Some(&rows) = self.groups.get(self.next_group) else { return Ok(None) };
        let first_row = self.rows_before as u64 + 1;
        let frame = self.slice(columns, self.rows_before, rows)?;
        self.next_group += 1;
        self.rows_before += rows;
        Ok(Some((frame, first_row)))
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

    /// Size and checksum of the file, read once more from end to end.
    pub fn finish(&self, progress: &mut dyn Progress) -> Result<FileRead, LoadError> {
        let mut file = File::open(&self.path).map_err(|e| unreadable(&self.file, &e))?;
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        let mut buffer = vec![0; 1 << 18];
        loop {
            let n = file.read(&mut buffer).map_err(|e| unreadable(&self.file, &e))?;
            if n == 0 {
                break;
            }
            hasher.update(&buffer[..n]);
            bytes += n as u64;
        }
        progress.step(&self.file, bytes, Some(bytes));
        let sha256 = hex(&hasher.finalize());
        Ok(FileRead { path: self.file.clone(), bytes, sha256, rows: self.n_rows() as u64 })
    }
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
