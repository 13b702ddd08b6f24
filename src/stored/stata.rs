//! Stata `.dta` of any release, by the crate `dta`.
//!
//! Missing values keep their kinds (`.`, `.a` to `.z`). Releases before 14 do not say how their text is encoded:
//! Windows-1252 is taken unless the study says otherwise, and the reader remarks on it.

use super::batch::{Gathering, Sink};
use super::temporal::{self, FROM_1960, MILLISECONDS_PER_DAY};
use super::{Opened, StoredColumn, StoredError, StoredFormat, StoredType, stata_lengths};
use dta::stata::dta::characteristic_reader::CharacteristicReader;
use dta::stata::dta::dta_error::DtaError;
use dta::stata::dta::dta_reader::DtaReader;
use dta::stata::dta::long_string_table::LongStringTable;
use dta::stata::dta::release::Release;
use dta::stata::dta::value::Value;
use dta::stata::dta::value_label_table::ValueLabelTable;
use dta::stata::dta::variable::Variable;
use dta::stata::dta::variable_type::VariableType;
use dta::stata::missing_value::MissingValue;
use dta::stata::stata_byte::StataByte;
use dta::stata::stata_double::StataDouble;
use dta::stata::stata_float::StataFloat;
use dta::stata::stata_int::StataInt;
use dta::stata::stata_long::StataLong;
use encoding_rs::Encoding;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the place in the file, which the crate knows and does not say.
struct Counting {
    inner: BufReader<File>,
    at: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.at.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl Seek for Counting {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = self.inner.seek(to)?;
        self.at.store(at, Ordering::Relaxed);
        Ok(at)
    }
}

fn damaged(error: &DtaError) -> StoredError {
    let what = match error {
        DtaError::Io { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof => "it is cut off".to_string(),
        DtaError::Io { section, .. } => {
            format!("a value of its {} has no meaning", section_name(&format!("{section:?}")))
        }
        DtaError::Format(fault) => {
            format!("its {} are damaged at byte {}", section_name(&format!("{:?}", fault.section())), fault.position())
        }
        _ => "it is damaged".to_string(),
    };
    StoredError::damaged(StoredFormat::Stata, &what)
}

/// A part of the file in plain words.
fn section_name(section: &str) -> &'static str {
    match section {
        "Header" => "first bytes",
        "Schema" => "column descriptions",
        "Characteristics" => "notes",
        "Records" => "rows",
        "LongStrings" => "long texts",
        "ValueLabels" => "value labels",
        _ => "parts",
    }
}

/// The file up to its notes, its sizes checked.
fn start(path: &Path, encoding: Option<&'static Encoding>) -> Result<CharacteristicReader<Counting>, StoredError> {
    let file = File::open(path).map_err(|e| StoredError::io(&e))?;
    let size = file.metadata().map_err(|e| StoredError::io(&e))?.len();
    let at = Arc::new(AtomicU64::new(0));
    let counting = Counting { inner: BufReader::with_capacity(1 << 18, file), at: Arc::clone(&at) };
    let mut reader = DtaReader::new();
    if let Some(encoding) = encoding {
        reader = reader.encoding(encoding);
    }
    let schema = reader.from_reader(counting).read_header().map_err(|e| damaged(&e))?;
    let map = at.load(Ordering::Relaxed);
    // A column takes 40 bytes at least to describe: its type, name, format and labels.
    let columns = u64::from(schema.header().variable_count());
    if columns.saturating_mul(40) > size {
        return Err(StoredError::damaged(StoredFormat::Stata, "it is too short for the columns that it announces"));
    }
    let notes = schema.read_schema().map_err(|e| damaged(&e))?;
    let row_bytes: u64 = notes.schema().variables().iter().map(|v| width(v.variable_type())).sum();
    let data = notes.header().observation_count().checked_mul(row_bytes).filter(|&bytes| bytes <= size);
    let Some(data) = data else {
        return Err(StoredError::damaged(StoredFormat::Stata, "it is cut off, or announces too many rows"));
    };
    stata_lengths::check(path, notes.header(), map, at.load(Ordering::Relaxed), data)?;
    Ok(notes)
}

/// Bytes of a cell.
fn width(stored: VariableType) -> u64 {
    match stored {
        VariableType::Byte => 1,
        VariableType::Int => 2,
        VariableType::Long | VariableType::Float => 4,
        VariableType::Double | VariableType::LongString => 8,
        VariableType::FixedString(bytes) => u64::from(bytes),
    }
}

pub(super) fn open(path: &Path, encoding: Option<&'static Encoding>) -> Result<Opened, StoredError> {
    let mut notes = start(path, encoding)?;
    let header = notes.header().clone();
    let variables = notes.schema().variables().to_vec();
    let text_encoding = notes.encoding().name().to_lowercase();
    notes.skip_to_end().map_err(|e| damaged(&e))?;
    let mut labels = ValueLabelTable::new();
    let mut sets = notes.seek_value_labels().map_err(|e| damaged(&e))?;
    sets.read_remaining_into(&mut labels).map_err(|e| damaged(&e))?;

    let columns: Vec<StoredColumn> = variables.iter().map(|v| column(v, &labels)).collect();
    let mut remarks = Vec::new();
    let has_text = columns.iter().any(|c| c.holds == StoredType::Text);
    if encoding.is_none() && header.release() < Release::V118 && has_text {
        remarks.push(format!(
            "a Stata file before release 14 does not say how its text is encoded; read as {text_encoding} (`encoding` says otherwise)"
        ));
    }
    Ok(Opened { columns, n_rows: Some(header.observation_count()), remarks })
}

fn column(variable: &Variable, labels: &ValueLabelTable) -> StoredColumn {
    let holds = match variable.variable_type() {
        VariableType::FixedString(_) | VariableType::LongString => StoredType::Text,
        stored => temporal::stata(variable.format()).unwrap_or(match stored {
            VariableType::Float => StoredType::Single,
            VariableType::Double => StoredType::Number,
            _ => StoredType::Whole,
        }),
    };
    // Labels of .a to .z are keyed by the largest whole numbers; they belong to no value.
    let set = labels.get(variable.value_label_name()).filter(|_| !variable.value_label_name().is_empty());
    let entries = set.map_or(&[][..], |set| set.entries());
    let value_labels =
        entries.iter().filter(|e| e.value() <= 2_147_483_620).map(|e| (e.value().to_string(), e.label().to_string()));
    StoredColumn {
        name: variable.name().to_string(),
        label: variable.label().to_string(),
        holds,
        format: variable.format().to_string(),
        value_labels: value_labels.collect(),
        user_missing: Vec::new(),
    }
}

pub(super) fn read(path: &Path, encoding: Option<&'static Encoding>, sink: &mut Sink) -> Result<(), StoredError> {
    let mut notes = start(path, encoding)?;
    let long = |w: &Gathering| w.spec.holds == StoredType::Text;
    let variables = notes.schema().variables();
    let has_long = sink
        .columns()
        .iter()
        .any(|c| long(c) && variables[c.wanted.column].variable_type() == VariableType::LongString);
    let texts = if has_long { long_texts(path, encoding)? } else { LongStringTable::for_reading() };
    notes.skip_to_end().map_err(|e| damaged(&e))?;
    let mut records = notes.into_record_reader().map_err(|e| damaged(&e))?;
    let encoding = records.encoding();
    loop {
        let row = sink.row();
        let Some(record) = records.read_lazy_record().map_err(|e| damaged(&e).at(row))? else { return Ok(()) };
        for column in sink.columns() {
            let value = record.value(column.wanted.column).map_err(|_| unfit_value(column.spec, row))?;
            push(column, &value, &texts, encoding).ok_or_else(|| unfit_value(column.spec, row))?;
        }
        if !sink.end_rows(1) {
            return Ok(());
        }
    }
}

/// A cell whose bytes do not fit its column.
fn unfit_value(spec: &StoredColumn, row: u64) -> StoredError {
    let error = match spec.holds {
        StoredType::Text => StoredError::new(
            "a text does not fit the file's encoding",
            "set encoding to the file's own, such as \"latin-1\" or \"utf-8\"",
        ),
        _ => StoredError::damaged(StoredFormat::Stata, "a value is outside what its type holds"),
    };
    error.at(row).in_column(&spec.name)
}

/// The texts that stand behind the rows.
fn long_texts(path: &Path, encoding: Option<&'static Encoding>) -> Result<LongStringTable, StoredError> {
    let mut table = LongStringTable::for_reading();
    let mut reader = start(path, encoding)?.seek_long_strings().map_err(|e| damaged(&e))?;
    reader.read_remaining_into(&mut table).map_err(|e| damaged(&e))?;
    Ok(table)
}

/// Adds a cell; `None` when it cannot be what its column holds.
fn push(column: &mut Gathering, value: &Value, texts: &LongStringTable, encoding: &'static Encoding) -> Option<()> {
    match value {
        Value::Byte(StataByte::Present(x)) => number(column, f64::from(*x)),
        Value::Int(StataInt::Present(x)) => number(column, f64::from(*x)),
        Value::Long(StataLong::Present(x)) => number(column, f64::from(*x)),
        Value::Float(StataFloat::Present(x)) => number(column, f64::from(*x)),
        Value::Double(StataDouble::Present(x)) => number(column, *x),
        Value::Byte(StataByte::Missing(kind)) => missing(column, *kind),
        Value::Int(StataInt::Missing(kind)) => missing(column, *kind),
        Value::Long(StataLong::Missing(kind)) => missing(column, *kind),
        Value::Float(StataFloat::Missing(kind)) => missing(column, *kind),
        Value::Double(StataDouble::Missing(kind)) => missing(column, *kind),
        Value::String(text) => column.text(text),
        Value::LongStringRef(place) if place.variable() == 0 && place.observation() == 0 => column.text(""),
        Value::LongStringRef(place) => {
            let text = texts.get(place)?;
            column.text(text.data_str(encoding)?.trim_end_matches('\0'));
        }
    }
    Some(())
}

fn number(column: &mut Gathering, x: f64) {
    match column.spec.holds {
        StoredType::Day => column.day(x - FROM_1960, x),
        StoredType::Moment => column.day(x / MILLISECONDS_PER_DAY - FROM_1960, x),
        StoredType::Month => column.day(temporal::stata_month(x), x),
        _ => column.number(x),
    }
}

fn missing(column: &mut Gathering, kind: MissingValue) {
    column.missing(&kind.to_string());
}
