//! One file of an extract, whatever its format: names of its columns, then batches of the wanted ones.
//!
//! Text gives fields; Parquet, Stata, SPSS and SAS give typed cells. What reads a file asks for columns by their
//! places and need not know which it was.

use super::FileRead;
use super::background_hash::BackgroundHash;
use super::delimited::{BATCH_ROWS, BatchPlan, Batches, OddLines, RawBatch, Records};
use super::parquet::{ParquetBatches, ParquetFile};
use crate::loader::Progress;
use crate::loader::error::{Fault, LoadError, Place};
use crate::stored::{self, StoredBatch, StoredColumn, StoredError, StoredValues, Wanted};
use crate::study::{Encoding, FileFormat, InputFile};
use std::path::PathBuf;

/// An open file.
pub(crate) struct DataFile {
    path: PathBuf,
    written: String,
    header: Vec<String>,
    inner: Inner,
}

enum Inner {
    Text(Box<Records>),
    Parquet(ParquetFile),
    Stored(stored::Reader),
}

impl DataFile {
    /// Opens a file and reads what it says of its columns. Errors: `File`, `Encoding`, `Header`.
    pub(crate) fn open(file: &InputFile, format: &FileFormat) -> Result<DataFile, LoadError> {
        let (path, written) = (&file.path, &*file.written);
        let (header, inner) = match format {
            FileFormat::Delimited(format) => {
                let records = Records::open(path, written, format)?;
                (records.header().to_vec(), Inner::Text(Box::new(records)))
            }
            FileFormat::Parquet { .. } => {
                let parquet = ParquetFile::open(path, written)?;
                (parquet.header().to_vec(), Inner::Parquet(parquet))
            }
            FileFormat::Stored { format, encoding, .. } => {
                let encoding = encoding.map(Encoding::decoder);
                let reader = stored::Reader::open(path, *format, encoding).map_err(|e| fault_of(e, written))?;
                (reader.columns().iter().map(|c| c.name.clone()).collect(), Inner::Stored(reader))
            }
        };
        Ok(DataFile { path: path.clone(), written: written.to_string(), header, inner })
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// What the file says of its columns; `None` for text, which says nothing. Errors: `File`.
    pub(crate) fn columns(&self) -> Result<Option<Vec<StoredColumn>>, LoadError> {
        match &self.inner {
            Inner::Text(_) => Ok(None),
            Inner::Parquet(parquet) => Ok(Some(parquet.columns()?)),
            Inner::Stored(reader) => Ok(Some(reader.columns().to_vec())),
        }
    }

    /// What somebody should know about the file.
    pub(crate) fn remarks(&self) -> &[String] {
        match &self.inner {
            Inner::Stored(reader) => reader.remarks(),
            _ => &[],
        }
    }

    /// The wanted columns, batch by batch.
    pub(crate) fn into_batches(self, wanted: &[Wanted]) -> DataBatches {
        let places = || wanted.iter().map(|w| w.column).collect::<Vec<_>>();
        let size = std::fs::metadata(&self.path).ok().map(|m| m.len());
        let (inner, total) = match self.inner {
            Inner::Text(records) => {
                (Source::Text(records.into_batches(BatchPlan { keep: places(), rows: BATCH_ROWS })), size)
            }
            Inner::Parquet(parquet) => {
                let batches = parquet.into_batches(places());
                let total = Some(batches.n_rows());
                (Source::Parquet(batches, BackgroundHash::begin(self.path, &self.written)), total)
            }
            Inner::Stored(reader) => {
                let total = reader.n_rows();
                let checksum = BackgroundHash::begin(self.path, &self.written);
                (Source::Stored(reader.batches(wanted.to_vec()), checksum), total)
            }
        };
        DataBatches { written: self.written, inner, total }
    }
}

/// The batches of one file.
pub(crate) struct DataBatches {
    written: String,
    inner: Source,
    /// Bytes of a text file, rows of another.
    total: Option<u64>,
}

enum Source {
    Text(Batches),
    Parquet(ParquetBatches, BackgroundHash),
    Stored(stored::Batches, BackgroundHash),
}

impl DataBatches {
    /// The next batch; `None` at the end. Errors: `Ragged`, `Encoding`, `File`.
    pub(crate) fn next_batch(&mut self, progress: &mut dyn Progress) -> Result<Option<DataBatch>, LoadError> {
        let batch = match &mut self.inner {
            Source::Text(batches) => batches.next_batch()?.map(DataBatch::Text),
            Source::Parquet(batches, _) => batches.next_batch()?.map(DataBatch::Stored),
            Source::Stored(batches, _) => {
                batches.next_batch().map_err(|e| fault_of(e, &self.written))?.map(DataBatch::Stored)
            }
        };
        match &batch {
            Some(DataBatch::Text(batch)) => progress.step(&self.written, batch.bytes_read, self.total),
            Some(DataBatch::Stored(batch)) => progress.step(&self.written, batch.first_row, self.total),
            None => {}
        }
        Ok(batch)
    }

    /// What was read, once the end was reached. Errors: `File`.
    pub(crate) fn finish(self) -> Result<FileRead, LoadError> {
        match self.inner {
            Source::Text(batches) => Ok(batches.file_read().expect("the stream has ended").clone()),
            Source::Parquet(batches, checksum) => checksum.finish(batches.n_rows()),
            Source::Stored(batches, checksum) => checksum.finish(batches.n_rows()),
        }
    }
}

/// Rows of a file.
pub(crate) enum DataBatch {
    Text(RawBatch),
    Stored(StoredBatch),
}

impl DataBatch {
    /// Number of rows.
    pub(crate) fn n_rows(&self) -> usize {
        match self {
            DataBatch::Text(batch) => batch.n_rows(),
            DataBatch::Stored(batch) => batch.n_rows,
        }
    }

    /// Lines of a text file that are not a row each.
    pub(crate) fn odd_lines(&self) -> OddLines {
        if let DataBatch::Text(batch) = self { batch.odd_lines } else { OddLines::default() }
    }

    /// The number of a row in the file: its line, or its place from 1.
    pub(crate) fn row(&self, row: usize) -> u64 {
        match self {
            DataBatch::Text(batch) => batch.rows[row],
            DataBatch::Stored(batch) => batch.first_row + row as u64,
        }
    }

    /// A person key as text, in `buffer` where it is stored as a number: its digits. `None` for a number that is
    /// not whole or has more digits than it can hold.
    pub(crate) fn key<'b>(&'b self, row: usize, field: usize, buffer: &'b mut String) -> Option<&'b [u8]> {
        let cells = match self {
            DataBatch::Text(batch) => return Some(batch.field(row, field)),
            DataBatch::Stored(batch) => &batch.columns[field],
        };
        buffer.clear();
        match &cells.values {
            StoredValues::Text(texts) => return Some(texts.get(row)),
            StoredValues::Whole(v) if v[row] == i64::MIN => {}
            StoredValues::Whole(v) => write_to(buffer, v[row]),
            StoredValues::Number(v) if v[row].is_nan() => {}
            StoredValues::Number(v) => write_to(buffer, exact_whole(v[row])?),
            StoredValues::Day(_) | StoredValues::Logical(_) => return None,
        }
        Some(buffer.as_bytes())
    }
}

fn write_to(buffer: &mut String, x: i64) {
    use std::fmt::Write;
    write!(buffer, "{x}").expect("a text takes what is written to it");
}

/// The whole number that a double is; `None` when it has a fraction or lies beyond 2^53, where doubles skip numbers.
pub(crate) fn exact_whole(x: f64) -> Option<i64> {
    (x.fract() == 0.0 && x.abs() < 9_007_199_254_740_992.0).then_some(x as i64)
}

/// The fault of a stored file, with its name.
pub(crate) fn fault_of(error: StoredError, written: &str) -> LoadError {
    let place = Place { file: written.to_string(), row: error.row, column: error.column };
    LoadError::File(Fault::new(place, error.rule, error.remedy))
}
