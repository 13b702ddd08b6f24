//! Rows in a CSV file: UTF-8, a header with the names of [`KEYS`]; the layout of printed tables in the fixtures.

use super::fields::{CsvRow, Fields};
use super::row::{Defaults, KEYS, row};
use super::{Named, Notes};
use crate::reproduce::error::RowFault;
use crate::reproduce::targets::Row;
use crate::study::spec::{Faults, suggest};
use std::path::Path;

/// Reads the rows of `table`; rows whose column `table` names another table are passed over.
pub fn read(
    (folder, file, delimiter): (&Path, &Named, u8),
    table: &str,
    defaults: &Defaults,
    toml: &Faults,
    notes: &Notes,
) -> Vec<Row> {
    let reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(false).from_path(folder.join(&file.text));
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(error) => {
            let rule = format!("`{}` cannot be read: {error}", file.text);
            toml.add(&file.span, rule, "name a CSV file relative to the targets file");
            return Vec::new();
        }
    };
    let header = match reader.headers() {
        Ok(header) => header.iter().map(alias).collect::<Vec<_>>(),
        Err(error) => {
            notes.rows.borrow_mut().push(unreadable(&file.text, 0, &error));
            return Vec::new();
        }
    };
    if !check_header(&header, &file.text, notes) {
        return Vec::new();
    }
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
            rows.extend(row(&fields, defaults, &notes.names));
        }
    }
    if rows.is_empty() && notes.rows.borrow().is_empty() {
        let rule = format!("`{}` has no row of table `{table}`", file.text);
        toml.add(&file.span, rule, "its column `table` must hold the name of this table, or be absent");
    }
    rows
}

/// A column's name as rows call it: in small letters, and the names of the published tables.
fn alias(name: &str) -> String {
    match name.trim_start_matches('\u{feff}').trim().to_lowercase() {
        name if name == "row_id" => "row".to_owned(),
        name if name == "sex_or_stratum" => "stratum".to_owned(),
        name => name,
    }
}

/// Notes columns that no row has; whether the header can be one at all.
fn check_header(header: &[String], path: &str, notes: &Notes) -> bool {
    let fault = |column: &str, rule: &str, remedy: String| {
        let (path, column, rule) = (path.to_owned(), column.to_owned(), rule.to_owned());
        notes.rows.borrow_mut().push(RowFault { path, row: 0, column, rule, remedy });
    };
    if header.iter().all(String::is_empty) {
        fault("", "no column has a name", "begin the file with a line that names its columns".to_owned());
        return false;
    }
    if let [only] = header
        && let Some(mark) = [';', '\t', '|'].into_iter().find(|mark| only.contains(*mark))
    {
        let mark = if mark == '\t' { "\\t".to_owned() } else { mark.to_string() };
        fault(
            "",
            &format!("one column, whose name holds `{mark}`"),
            format!("say delimiter = \"{mark}\" of the table"),
        );
        return false;
    }
    for (at, name) in header.iter().enumerate() {
        if !KEYS.contains(&name.as_str()) {
            fault(name, "unknown column", suggest(name, KEYS.iter().copied()));
        } else if header[..at].contains(name) {
            fault(name, "two columns have this name", "leave one of them out".to_owned());
        }
    }
    true
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
