//! Rows in a CSV file: UTF-8, comma, a header with the names of [`KEYS`]; the layout of printed tables in the fixtures.

use super::fields::{CsvRow, Fields};
use super::row::{Defaults, KEYS, row};
use super::{Named, Notes};
use crate::reproduce::error::RowFault;
use crate::reproduce::targets::Row;
use crate::study::spec::{Faults, suggest};
use std::path::Path;

/// Reads the rows of `table`; rows whose column `table` names another table are passed over.
pub fn read(folder: &Path, file: &Named, table: &str, defaults: &Defaults, toml: &Faults, notes: &Notes) -> Vec<Row> {
    let reader = csv::ReaderBuilder::new().flexible(false).from_path(folder.join(&file.text));
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(error) => {
            let rule = format!("`{}` cannot be read: {error}", file.text);
            toml.add(&file.span, rule, "name a CSV file relative to the targets file");
            return Vec::new();
        }
    };
    let header = match reader.headers() {
        Ok(header) => header.iter().map(|name| alias(name).to_owned()).collect::<Vec<_>>(),
        Err(_) => Vec::new(),
    };
    check_header(&header, &file.text, notes);
    let mut rows = Vec::new();
    for (at, record) in reader.records().enumerate() {
        let number = at as u64 + 1;
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                notes.rows.borrow_mut().push(unreadable(&file.text, number, &error));
                break;
            }
        };
        let fields = CsvRow { path: &file.text, number, header: &header, record: &record, faults: &notes.rows };
        if fields.field("table").is_none_or(|name| name == table) {
            rows.extend(row(&fields, defaults));
        }
    }
    if rows.is_empty() && notes.rows.borrow().is_empty() {
        let rule = format!("`{}` has no row of table `{table}`", file.text);
        toml.add(&file.span, rule, "its column `table` must hold the name of this table, or be absent");
    }
    rows
}

/// Column names of the published tables that rows call otherwise.
fn alias(name: &str) -> &str {
    match name.trim_start_matches('\u{feff}').trim() {
        "row_id" => "row",
        "sex_or_stratum" => "stratum",
        other => other,
    }
}

fn check_header(header: &[String], path: &str, notes: &Notes) {
    for name in header.iter().filter(|name| !KEYS.contains(&name.as_str())) {
        notes.rows.borrow_mut().push(RowFault {
            path: path.to_owned(),
            row: 0,
            column: name.clone(),
            rule: "unknown column".to_owned(),
            remedy: suggest(name, KEYS.iter().copied()),
        });
    }
}

fn unreadable(path: &str, number: u64, error: &csv::Error) -> RowFault {
    let rule = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields, the header has {expected_len}")
        }
        _ => "cannot be read".to_owned(),
    };
    let remedy = "save the file as UTF-8 CSV, with fields that hold a comma in quotes".to_owned();
    RowFault { path: path.to_owned(), row: number, column: String::new(), rule, remedy }
}
