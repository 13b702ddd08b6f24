//! The records as a table, and the table as a Parquet file.

use super::ExitCount;
use super::condition::table_column;
use super::error::{Fault, LoadError, Place};
use super::follow_up::Span;
use crate::table::{Codes, Column, ColumnData, Factor, Table};
use polars::prelude::{DataFrame, ParquetCompression, ParquetWriter};
use std::fs::File;
use std::path::Path;

/// The table of one record per person: `person`, `entry`, `exit`, `event`, `exit_reason`, then the covariates.
pub(crate) fn table(numbers: Vec<u32>, spans: &[Span], exits: &[ExitCount], covariates: Vec<Column>) -> Table {
    let column = |name: &str, label: &str, data| Column { name: name.into(), label: label.into(), data };
    let mut columns = vec![
        column("person", "Person", ColumnData::Whole(numbers.into_iter().map(|n| n as i32).collect())),
        column("entry", "Entry, days", ColumnData::Whole(spans.iter().map(|s| s.entry).collect())),
        column("exit", "Exit, days", ColumnData::Whole(spans.iter().map(|s| s.exit).collect())),
        column("event", "Event", ColumnData::Logical(spans.iter().map(|s| Some(s.event)).collect())),
        column("exit_reason", "End of follow-up", ColumnData::Factor(reasons(spans, exits))),
    ];
    columns.extend(covariates);
    Table::new(columns)
}

/// Why follow-up of each person ended; the levels are the reasons that occur, in the order of the study.
fn reasons(spans: &[Span], exits: &[ExitCount]) -> Factor {
    let mut levels: Vec<String> = Vec::new();
    let mut level_of_reason = Vec::new();
    for exit in exits {
        // Two exits may have one label; they are one level.
        let known = levels.iter().position(|l| *l == exit.reason);
        if known.is_none() && exit.persons > 0 {
            levels.push(exit.reason.clone());
        }
        level_of_reason.push(known.unwrap_or(levels.len().saturating_sub(1)) as u32);
    }
    let codes = Codes::pack(spans.iter().map(|s| Some(level_of_reason[s.reason as usize])), levels.len());
    Factor { codes, labels: levels.clone(), levels, declared: true }
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
