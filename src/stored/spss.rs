//! SPSS `.sav` and `.zsav`, by the crate `ambers`.
//!
//! Values that the file declares to mean missing are missing, under a kind of their own, unless they are asked for
//! as values. Dates are seconds since 1582-10-14 in columns with a date format; other columns are numbers.

use super::batch::{BATCH_ROWS, Gathering, Sink};
use super::temporal::{self, FROM_1582, SECONDS_PER_DAY};
use super::{Opened, StoredColumn, StoredError, StoredFormat, StoredType, UserMissing, spss_index};
use ambers::error::SpssError;
use ambers::{MissingSpec, Scanner, SpssMetadata, Value};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

fn damaged(error: &SpssError) -> StoredError {
    let what = match error {
        SpssError::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => "it is cut off",
        SpssError::Io(e) => return StoredError::io(e),
        SpssError::InvalidMagic { .. } => "its first bytes are another format's",
        SpssError::TruncatedFile { .. } => "it is cut off",
        SpssError::Zlib(_) => "a compressed block is damaged",
        SpssError::InvalidVariable(_) | SpssError::InvalidFormat { .. } => "a column description is damaged",
        SpssError::InvalidValueLabel(_) => "its value labels are damaged",
        _ => "its column descriptions are damaged",
    };
    StoredError::damaged(StoredFormat::Spss, what)
}

/// A file whose rows the crate may read to the end, or not: it takes compressed rows into memory when it opens a
/// file, which nobody needs who asks for the columns only.
struct Rows {
    file: BufReader<File>,
    wanted: bool,
}

impl Read for Rows {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.file.read(out)
    }

    fn read_to_end(&mut self, out: &mut Vec<u8>) -> io::Result<usize> {
        if self.wanted { self.file.read_to_end(out) } else { Ok(0) }
    }
}

impl Seek for Rows {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn scan(path: &Path, wanted: bool) -> Result<Scanner<Rows>, StoredError> {
    spss_index::check(path)?;
    let file = BufReader::with_capacity(1 << 18, File::open(path).map_err(|e| StoredError::io(&e))?);
    ambers::scan_sav_from_reader(Rows { file, wanted }, BATCH_ROWS).map_err(|e| damaged(&e))
}

pub(super) fn open(path: &Path) -> Result<Opened, StoredError> {
    let scanner = scan(path, false)?;
    let metadata = scanner.metadata();
    let columns = metadata.variable_names.iter().map(|name| column(name, metadata)).collect();
    let n_rows = metadata.number_rows.and_then(|n| u64::try_from(n).ok());
    Ok(Opened { columns, n_rows, remarks: metadata.warnings.clone() })
}

fn column(name: &str, metadata: &SpssMetadata) -> StoredColumn {
    let format = metadata.format(name).unwrap_or_default().to_string();
    let holds = match format.starts_with('A') && !format.starts_with("ADATE") {
        true => StoredType::Text,
        false => temporal::spss(&format).unwrap_or(StoredType::Number),
    };
    let labels = metadata.value_labels(name).into_iter().flatten();
    let specs = metadata.variable_missing_values.get(name).into_iter().flatten();
    StoredColumn {
        name: name.to_string(),
        label: metadata.label(name).unwrap_or_default().to_string(),
        holds,
        format,
        value_labels: labels.map(|(value, label)| (value_text(value), label.clone())).collect(),
        user_missing: specs.map(user_missing).collect(),
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Numeric(x) => x.to_string(),
        Value::String(text) => text.trim_end().to_string(),
    }
}

fn user_missing(spec: &MissingSpec) -> UserMissing {
    match spec {
        MissingSpec::Value(x) => UserMissing::Number(*x),
        MissingSpec::Range { lo, hi } => UserMissing::Range(*lo, *hi),
        MissingSpec::StringValue(text) => UserMissing::Text(text.trim_end().to_string()),
    }
}

pub(super) fn read(path: &Path, sink: &mut Sink) -> Result<(), StoredError> {
    let mut scanner = scan(path, true)?;
    // A column may be wanted twice (as key and as value); the crate wants each once.
    let mut places: Vec<usize> = sink.columns().iter().map(|c| c.wanted.column).collect();
    places.sort_unstable();
    places.dedup();
    let names: Vec<String> = places.iter().map(|&i| scanner.metadata().variable_names[i].clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    scanner.select(&names).map_err(|e| damaged(&e))?;
    loop {
        let first_row = sink.row();
        let batch = scanner.next_batch().map_err(|e| damaged(&e).at(first_row))?;
        let Some(batch) = batch else { break };
        for column in sink.columns() {
            let at = places.binary_search(&column.wanted.column).expect("every wanted column was selected");
            let data = batch.column(at).to_data();
            let missing = |row: usize| data.nulls().is_some_and(|n| n.is_null(row));
            match column.spec.holds {
                StoredType::Text => {
                    let views = data.buffers()[0].typed_data::<u128>();
                    for (row, &view) in views.iter().enumerate().take(batch.num_rows()) {
                        let bytes = view_bytes(view, |i| data.buffers()[i + 1].as_slice());
                        text(column, &bytes).map_err(|e| e.at(first_row + row as u64))?;
                    }
                }
                StoredType::Day | StoredType::Month => {
                    let days = data.buffers()[0].typed_data::<i32>();
                    numbers(column, days.iter().map(|&d| f64::from(d)), missing, day);
                }
                StoredType::Moment => {
                    let microseconds = data.buffers()[0].typed_data::<i64>();
                    let days = microseconds.iter().map(|&us| us as f64 / (1e6 * SECONDS_PER_DAY));
                    numbers(column, days, missing, day);
                }
                StoredType::Unfit(_) => {}
                _ => {
                    numbers(column, data.buffers()[0].typed_data::<f64>().iter().copied(), missing, |c, x| c.number(x))
                }
            }
        }
        if !sink.end_rows(batch.num_rows()) {
            return Ok(());
        }
    }
    let beyond = scanner.metadata().warnings.iter().any(|w| w.contains("outside the representable range"));
    match beyond {
        true => Err(StoredError::new(
            "dates lie outside the years 1 to 9999",
            "correct them at the source, or deliver the column as a number",
        )),
        false => Ok(()),
    }
}

fn numbers(
    column: &mut Gathering,
    values: impl Iterator<Item = f64>,
    missing: impl Fn(usize) -> bool,
    push: impl Fn(&mut Gathering, f64),
) {
    for (row, x) in values.enumerate() {
        if missing(row) { column.missing(".") } else { push(column, x) }
    }
}

/// A day since 1970-01-01, from a column whose marks of missing are in seconds since 1582-10-14.
fn day(column: &mut Gathering, days: f64) {
    let raw = (days + FROM_1582) * SECONDS_PER_DAY;
    let days = if column.spec.holds == StoredType::Month { temporal::month_of(days) } else { days };
    column.day(days, raw);
}

/// The crate puts a mark of its own where bytes do not fit the file's encoding.
fn text(column: &mut Gathering, bytes: &[u8]) -> Result<(), StoredError> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\u{FFFD}') => {
            column.text(text);
            Ok(())
        }
        _ => {
            let rule = "a text does not fit the encoding that the file declares";
            Err(StoredError::new(rule, "save the file again as UTF-8 at the source").in_column(&column.spec.name))
        }
    }
}

/// The bytes of a text in Arrow's view layout: up to 12 stand in the view itself after its length, more in a buffer
/// whose number and offset the view holds.
fn view_bytes<'b>(view: u128, buffer: impl Fn(usize) -> &'b [u8]) -> std::borrow::Cow<'b, [u8]> {
    let length = view as u32 as usize;
    if length <= 12 {
        return view.to_le_bytes()[4..4 + length].to_vec().into();
    }
    let (number, offset) = ((view >> 64) as u32 as usize, (view >> 96) as u32 as usize);
    buffer(number)[offset..offset + length].into()
}
