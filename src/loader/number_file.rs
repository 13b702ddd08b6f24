//! Columns of numbers as a Parquet file, written piece by piece, so that a file may be larger than memory.

use super::error::{Fault, LoadError, Place};
use crate::private::{Checksum, HashedFile};
use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{
    Column, DataFrame, DataType, Field, Float64Chunked, IntoColumn, IntoSeries, NamedFrom, ParquetCompression,
    ParquetWriter, Schema, Series, StatisticsOptions, UInt32Chunked,
};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// What a column of the file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberType {
    /// Whole numbers from 0.
    Whole,
    /// Any numbers; NaN is stored as missing.
    Number,
}

/// The values of a column in one piece.
#[derive(Debug, Clone, PartialEq)]
pub enum NumberColumn {
    /// Whole numbers from 0.
    Whole(Vec<u32>),
    /// Any numbers.
    Number(Vec<f64>),
}

/// A file that is being written.
pub struct NumberFile {
    writer: BatchedWriter<BufWriter<HashedFile>>,
    checksum: Checksum,
    /// The same file, to ask for it to be on the disk.
    file: File,
    names: Vec<String>,
    shown: String,
    sync: EarlySync,
}

/// Has the disk take what was written while more is worked out, so that the end of the file does not wait for all of it.
struct EarlySync {
    ask: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl EarlySync {
    fn new(file: File) -> EarlySync {
        let (ask, asked) = sync_channel(1);
        // What the disk cannot take is an error of the last call, in `NumberFile::finish`.
        let thread = std::thread::spawn(move || asked.into_iter().for_each(|()| _ = file.sync_data()));
        EarlySync { ask, thread }
    }

    /// Asks, unless it is asked for already.
    fn begin(&self) {
        let _ = self.ask.try_send(());
    }

    fn end(self) {
        drop(self.ask);
        let _ = self.thread.join();
    }
}

impl NumberFile {
    /// Makes the file, with the names and types of its columns. Errors: `LoadError::Write`.
    pub fn create(path: &Path, columns: &[(String, NumberType)]) -> Result<NumberFile, LoadError> {
        let shown = path.display().to_string();
        let cannot = |e: std::io::Error| fault(&shown, format!("the file cannot be written ({})", e.kind()));
        let file = File::create(path).map_err(cannot)?;
        let field = |(name, kind): &(String, NumberType)| {
            let dtype = if *kind == NumberType::Whole { DataType::UInt32 } else { DataType::Float64 };
            Field::new(name.as_str().into(), dtype)
        };
        let schema: Schema = columns.iter().map(field).collect();
        let (to, checksum) = HashedFile::new(file.try_clone().map_err(cannot)?);
        // Numbers at full precision do not shrink (dfbeta of a million records: by 2 %), and nobody asks for their range.
        let writer = ParquetWriter::new(BufWriter::new(to))
            .with_compression(ParquetCompression::Uncompressed)
            .with_statistics(StatisticsOptions::empty())
            .batched(&schema);
        let writer = writer.map_err(|_| fault(&shown, "the file cannot be written".to_string()))?;
        let sync = EarlySync::new(file.try_clone().map_err(cannot)?);
        let names = columns.iter().map(|(name, _)| name.clone()).collect();
        Ok(NumberFile { writer, checksum, file, names, shown, sync })
    }

    /// Writes some rows: one row group, so that the same pieces give the same bytes. Errors: `LoadError::Write`.
    pub fn write(&mut self, columns: Vec<NumberColumn>) -> Result<(), LoadError> {
        let n_rows = columns.first().map_or(0, |c| match c {
            NumberColumn::Whole(v) => v.len(),
            NumberColumn::Number(v) => v.len(),
        });
        let columns = self.names.iter().zip(columns).map(|(name, column)| polars_column(name, column)).collect();
        let frame = DataFrame::new(n_rows, columns).expect("columns of a piece have one length");
        self.writer
            .write_batch(&frame)
            .map_err(|_| fault(&self.shown, "writing stopped before the end".to_string()))?;
        self.sync.begin();
        Ok(())
    }

    /// Writes the end of the file; returns its bytes and its SHA-256. Errors: `LoadError::Write`.
    pub fn finish(self) -> Result<(u64, String), LoadError> {
        self.writer.finish().map_err(|_| fault(&self.shown, "writing stopped before the end".to_string()))?;
        self.sync.end();
        let synced = self.file.sync_all();
        synced.map_err(|e| fault(&self.shown, format!("writing stopped before the end ({})", e.kind())))?;
        Ok(self.checksum.of_all())
    }
}

fn polars_column(name: &str, column: NumberColumn) -> Column {
    let series = match column {
        NumberColumn::Whole(values) => UInt32Chunked::from_vec(name.into(), values).into_series(),
        NumberColumn::Number(values) if values.iter().any(|x| x.is_nan()) => {
            let known: Vec<Option<f64>> = values.iter().map(|x| (!x.is_nan()).then_some(*x)).collect();
            Series::new(name.into(), known)
        }
        NumberColumn::Number(values) => Float64Chunked::from_vec(name.into(), values).into_series(),
    };
    series.into_column()
}

fn fault(shown: &str, rule: String) -> LoadError {
    LoadError::Write(Fault::new(Place::file(shown.to_owned()), rule, "check the folder and the space that is left"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::{FlatOptions, Quiet, read_flat};
    use crate::table::ColumnData;

    #[test]
    fn pieces_make_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.parquet");
        let columns = [("row".to_string(), NumberType::Whole), ("x".to_string(), NumberType::Number)];
        let mut file = NumberFile::create(&path, &columns).unwrap();
        file.write(vec![NumberColumn::Whole(vec![1, 2]), NumberColumn::Number(vec![0.5, f64::NAN])]).unwrap();
        file.write(vec![NumberColumn::Whole(vec![3]), NumberColumn::Number(vec![-1.5])]).unwrap();
        file.finish().unwrap();
        let table = read_flat(&path, "numbers.parquet", &FlatOptions::default(), &mut Quiet).unwrap().table;
        assert_eq!(table.column("row").unwrap().data, ColumnData::Whole(vec![1, 2, 3]));
        let ColumnData::Number(x) = &table.column("x").unwrap().data else { panic!("numbers stay numbers") };
        assert!(x[0] == 0.5 && x[1].is_nan() && x[2] == -1.5);
    }
}
