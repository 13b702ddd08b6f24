//! The records as a table, and the table as a Parquet file.

use super::condition::table_column;
use super::error::{Fault, LoadError, Place};
use super::follow_up::Span;
use crate::table::{Column, ColumnData, Table};
use polars::prelude::{DataFrame, ParquetCompression, ParquetWriter};
use std::fs::File;
use std::path::Path;

/// The table of one record per person: `person`, `entry`, `exit`, `event`, then the covariates.
pub(crate) fn table(numbers: Vec<u32>, spans: &[Span], covariates: Vec<Column>) -> Table {
    let column = |name: &str, label: &str, data| Column { name: name.into(), label: label.into(), data };
    let mut columns = vec![
        column("person", "Person", ColumnData::Whole(numbers.into_iter().map(|n| n as i32).collect())),
        column("entry", "Entry, days", ColumnData::Whole(spans.iter().map(|s| s.entry).collect())),
        column("exit", "Exit, days", ColumnData::Whole(spans.iter().map(|s| s.exit).collect())),
        column("event", "Event", ColumnData::Logical(spans.iter().map(|s| Some(s.event)).collect())),
    ];
    columns.extend(covariates);
    Table::new(columns)
}

/// Writes a table as Parquet: factors as text, missing values as null. The same table gives the same bytes.
///
/// Errors: `LoadError::Write`.
pub fn write_parquet(table: &Table, path: &Path) -> Result<(), LoadError> {
    let fault = |rule: String| {
        let place = Place::file(path.display().to_string());
        LoadError::Write(Fault::new(place, rule, "check the folder and the space that is left"))
    };
    let file = File::create(path).map_err(|e| fault(format!("the file cannot be written ({})", e.kind())))?;
    let columns = table.columns().iter().map(|c| table_column(&c.name, &c.data)).collect();
    let mut frame = DataFrame::new(table.n_rows(), columns).expect("columns of a table have one length");
    let written = ParquetWriter::new(&file).with_compression(ParquetCompression::Zstd(None)).finish(&mut frame);
    written.map_err(|_| fault("writing stopped before the end".to_string()))?;
    file.sync_all().map_err(|e| fault(format!("writing stopped before the end ({})", e.kind())))
}
