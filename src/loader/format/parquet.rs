//! Parquet by polars: the columns that are needed, one row group at a time, on a thread of its own.
//!
//! A row is counted from 1 over the whole file. Only files are read: an address on a network is refused, since
//! person data stay on the machine they were delivered to.

use super::decode::unreadable;
use super::delimited::BATCH_ROWS;
use crate::loader::error::{Fault, LoadError, Place};
use crate::stored::{Cells, READER_THREAD, StoredBatch, StoredColumn, StoredType, StoredValues, Texts};
use crate::study::parquet_type;
use crate::table::MISSING_WHOLE;
use polars::prelude::{
    ChunkApply, DataFrame, DataType, IntoSeries, NonExistent, ParquetReader, SerReader, Series, StringChunked,
    TimeUnit, replace_time_zone,
};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// An open Parquet file.
pub struct ParquetFile {
    path: PathBuf,
    file: String,
    header: Vec<String>,
    /// Rows of each row group.
    groups: Vec<usize>,
}

/// Batches that are read ahead: about the row group after the one that is being used.
const BATCHES_AHEAD: usize = 4;

/// The batches of one file, in order.
pub(crate) struct ParquetBatches {
    receiver: Receiver<Result<StoredBatch, LoadError>>,
    file: String,
    n_rows: u64,
    rows_read: u64,
}

impl ParquetBatches {
    /// Number of rows of the file.
    pub(crate) fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// The next batch; `None` after the last row. Errors: `File`, `Values` for a type that cannot be read.
    pub(crate) fn next_batch(&mut self) -> Result<Option<StoredBatch>, LoadError> {
        match self.receiver.recv() {
            Ok(batch) => {
                let batch = batch?;
                self.rows_read += batch.n_rows as u64;
                Ok(Some(batch))
            }
            Err(_) if self.rows_read == self.n_rows => Ok(None),
            Err(_) => Err(cut_off(&self.file, self.rows_read)),
        }
    }
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
        Ok(ParquetFile { path: path.into(), file: shown.to_string(), header, groups })
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

    /// Reads the columns at these places on a thread of its own, in batches.
    pub(crate) fn into_batches(self, places: Vec<usize>) -> ParquetBatches {
        let (sender, receiver) = sync_channel(BATCHES_AHEAD);
        let (file, n_rows) = (self.file.clone(), self.n_rows() as u64);
        let read = move || {
            if let Err(error) = self.send(&places, &sender) {
                // A receiver that is gone has found a fault of its own.
                let _ = sender.send(Err(error));
            }
        };
        // Without a thread, or after a panic in it, the channel is closed, and `next_batch` says that rows are missing.
        drop(std::thread::Builder::new().name(READER_THREAD.to_string()).spawn(read));
        ParquetBatches { receiver, file, n_rows, rows_read: 0 }
    }

    /// Sends the columns at these places, row group by row group, as long as somebody wants them.
    fn send(&self, places: &[usize], sender: &SyncSender<Result<StoredBatch, LoadError>>) -> Result<(), LoadError> {
        let mut names: Vec<String> = places.iter().map(|&i| self.header[i].clone()).collect();
        names.sort_unstable();
        names.dedup();
        let mut rows_before = 0;
        for &rows in &self.groups {
            let frame = self.slice(&names, rows_before, rows)?;
            for start in (0..rows).step_by(BATCH_ROWS) {
                if sender.send(Ok(self.batch(&frame, places, start, rows_before)?)).is_err() {
                    return Ok(());
                }
            }
            rows_before += rows;
        }
        Ok(())
    }

    fn batch(
        &self,
        frame: &DataFrame,
        places: &[usize],
        start: usize,
        rows_before: usize,
    ) -> Result<StoredBatch, LoadError> {
        let part = frame.slice(start as i64, BATCH_ROWS);
        let columns: Result<Vec<Cells>, LoadError> = places
            .par_iter()
            .map(|&i| {
                let column = part.column(&self.header[i]).expect("the column was read");
                let series = on_the_wall(column.as_materialized_series());
                let values = series.as_ref().and_then(values_of).ok_or_else(|| {
                    let place = Place::file(&*self.file).in_column(&self.header[i]);
                    let rule = "the stored type is none that can be read";
                    LoadError::Values(vec![Fault::new(place, rule, "store it as text, number or date")])
                })?;
                Ok(Cells { values, missing: BTreeMap::new(), clocks_dropped: series.as_ref().map_or(0, with_clock) })
            })
            .collect();
        Ok(StoredBatch { first_row: (rows_before + start) as u64 + 1, n_rows: part.height(), columns: columns? })
    }

    fn slice(&self, columns: &[String], offset: usize, rows: usize) -> Result<DataFrame, LoadError> {
        let file = File::open(&self.path).map_err(|e| unreadable(&self.file, &e))?;
        let reader = ParquetReader::new(file).with_columns(Some(columns.to_vec())).with_slice(Some((offset, rows)));
        reader.finish().map_err(|_| cut_off(&self.file, offset as u64))
    }
}

/// The fault of a file whose rows after the first `rows_read` cannot be read.
fn cut_off(file: &str, rows_read: u64) -> LoadError {
    let rule = "the rows from here on cannot be read";
    let remedy = "compare the file's size and checksum with the delivery note";
    LoadError::File(Fault::new(Place::row(file, rows_read + 1), rule, remedy))
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

/// Moments of a time zone as calendar and clock show them there; a file stores them as moments of UTC, in which midnight
/// in Oslo is the day before. Other columns as they are; `None` for a zone that is not known.
fn on_the_wall(series: &Series) -> Option<Series> {
    let DataType::Datetime(unit, zone @ Some(_)) = series.dtype() else { return Some(series.clone()) };
    // Beyond the years of the calendar a moment has no day; it stays beyond them.
    let [first, last] = [-62_200_000_000_i64, 253_500_000_000].map(|second| second.saturating_mul(per_second(*unit)));
    let moments = series.datetime().ok()?.physical().apply_values(|moment| moment.clamp(first, last));
    let moments = moments.into_datetime(*unit, zone.clone());
    let every_moment_has_one = StringChunked::from_iter(["raise"]);
    replace_time_zone(&moments, None, &every_moment_has_one, NonExistent::Raise).ok().map(IntoSeries::into_series)
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Milliseconds => 1_000,
        TimeUnit::Microseconds => 1_000_000,
        TimeUnit::Nanoseconds => 1_000_000_000,
    }
}

/// Moments with a time of day.
fn with_clock(series: &Series) -> u64 {
    let DataType::Datetime(unit, _) = series.dtype() else { return 0 };
    let per_day = 86_400 * per_second(*unit);
    let moments = series.to_physical_repr();
    let moments = moments.i64().expect("moments are counted in whole units");
    moments.iter().flatten().filter(|moment| moment % per_day != 0).count() as u64
}

fn texts_of(series: &Series) -> Option<Texts> {
    let cast = series.cast(&DataType::String).ok()?;
    let mut texts = Texts::default();
    cast.str().ok()?.iter().for_each(|text| texts.push(text.unwrap_or("")));
    Some(texts)
}
