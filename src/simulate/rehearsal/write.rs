//! Rows as files: delimited text in its delimiter, quoting, encoding and decimal mark, Parquet, Stata, SPSS and SAS.

use super::cells::{self, Stored};
use super::columns::{Draw, Slot, Value};
use crate::stored::{Sheet, SheetColumn, SheetValues, StoredFormat};
use crate::study::{Decimal, Delimited, Encoding, FileFormat, Header};
use crate::table::MISSING_WHOLE;
use flate2::Compression;
use flate2::write::GzEncoder;
use polars::prelude::{
    Column as PolarsColumn, DataFrame, DataType, IntoColumn, NamedFrom, ParquetCompression, ParquetWriter, Series,
};
use std::fs::File;
use std::io::{self, Write};

/// A file on its way.
pub(super) struct Table<'t, 's> {
    /// What the columns are called, in the order of `slots`; keys stand before them.
    pub(super) names: Vec<String>,
    /// Names of the key columns.
    pub(super) key_names: Vec<String>,
    pub(super) slots: &'t [Slot<'s>],
    /// Keys and cells of every row.
    pub(super) rows: &'t [Row],
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Whose row it is; nothing of it stands in the file.
    pub(super) person: u64,
    /// Whether a fault was planted in it.
    pub(super) dirty: bool,
    pub(super) keys: Vec<String>,
    pub(super) cells: Vec<Value>,
}

impl Row {
    /// A row without fault.
    pub(super) fn new(person: u64, keys: Vec<String>, cells: Vec<Value>) -> Row {
        Row { person, dirty: false, keys, cells }
    }
}

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Rule and remedy.
    #[error("{0}; {1}")]
    Unfit(String, String),
}

impl Table<'_, '_> {
    /// Writes the file. Errors: the disk, or what the format cannot hold.
    pub(super) fn write(&self, format: &FileFormat, gzip: bool, file: File) -> Result<(), TableError> {
        match format {
            FileFormat::Delimited(rules) => {
                let bytes = encode(&self.delimited(rules)?, rules.encoding)?;
                write_bytes(&bytes, gzip, file)?;
            }
            FileFormat::Parquet { .. } => self.parquet(file)?,
            FileFormat::Stored { format, .. } => self.stored(*format, file)?,
        }
        Ok(())
    }

    fn delimited(&self, rules: &Delimited) -> Result<String, TableError> {
        let style = if rules.quote.is_some() { csv::QuoteStyle::Necessary } else { csv::QuoteStyle::Never };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(rules.delimiter)
            .quote(rules.quote.unwrap_or(b'"'))
            .quote_style(style)
            .from_writer(Vec::new());
        let own: Vec<&str> = self.key_names.iter().chain(&self.names).map(String::as_str).collect();
        let places: Vec<Option<usize>> = match &rules.header {
            Header::FirstRow => (0..own.len()).map(Some).collect(),
            Header::Names(names) => {
                names.iter().map(|name| own.iter().position(|o| o.eq_ignore_ascii_case(name))).collect()
            }
        };
        let fault = |e: csv::Error| TableError::Io(io::Error::other(e.to_string()));
        if rules.header == Header::FirstRow {
            writer.write_record(&own).map_err(fault)?;
        }
        for (number, row) in self.rows.iter().enumerate() {
            let cell = |at: usize| match at.checked_sub(self.key_names.len()) {
                None => row.keys[at].clone(),
                Some(at) => self.text(at, number, rules.decimal),
            };
            let fields: Vec<String> = places.iter().map(|at| at.map_or(String::new(), cell)).collect();
            writer.write_record(&fields).map_err(fault)?;
        }
        let bytes = writer.into_inner().map_err(|e| TableError::Io(io::Error::other(e.to_string())))?;
        Ok(String::from_utf8(bytes).expect("fields are text"))
    }

    /// The text of a cell; where the study has marks of missing, every other missing cell has one.
    fn text(&self, at: usize, row: usize, decimal: Decimal) -> String {
        let (slot, value) = (&self.slots[at], &self.rows[row].cells[at]);
        match (value, slot.spec.missing.first()) {
            (Value::Missing, Some(mark)) if row.is_multiple_of(2) => mark.clone(),
            _ => cells::text(slot, value, decimal),
        }
    }

    fn parquet(&self, file: File) -> Result<(), TableError> {
        let keys = self.key_names.iter().enumerate().map(|(at, name)| {
            let keys: Vec<Option<&str>> =
                self.rows.iter().map(|r| Some(r.keys[at].as_str()).filter(|k| !k.is_empty())).collect();
            Series::new(name.as_str().into(), keys).into_column()
        });
        let columns: Vec<PolarsColumn> = keys.chain((0..self.slots.len()).map(|at| self.polars_column(at))).collect();
        let fault = |_| TableError::Io(io::Error::other("writing stopped before the end"));
        let mut frame = DataFrame::new(self.rows.len(), columns).map_err(fault)?;
        ParquetWriter::new(&file).with_compression(ParquetCompression::Zstd(None)).finish(&mut frame).map_err(fault)?;
        Ok(())
    }

    fn polars_column(&self, at: usize) -> PolarsColumn {
        let slot = &self.slots[at];
        let name = self.names[at].as_str().into();
        let stored = cells::stored(slot);
        let series = match stored {
            Stored::Text => Series::new(
                name,
                self.texts(at).iter().map(|t| Some(t.as_str()).filter(|t| !t.is_empty())).collect::<Vec<_>>(),
            ),
            Stored::Whole => Series::new(name, self.numbers(at).map(|x| x.map(|x| x as i64)).collect::<Vec<_>>()),
            Stored::Number => Series::new(name, self.numbers(at).collect::<Vec<_>>()),
            Stored::Day | Stored::Month => {
                let days: Vec<Option<i32>> = self.rows.iter().map(|r| cells::day(&r.cells[at], stored)).collect();
                Series::new(name, days).cast(&DataType::Date).expect("days are dates")
            }
        };
        series.into_column()
    }

    fn texts(&self, at: usize) -> Vec<String> {
        self.rows.iter().map(|r| cells::text(&self.slots[at], &r.cells[at], Decimal::Point)).collect()
    }

    fn numbers(&self, at: usize) -> impl Iterator<Item = Option<f64>> {
        self.rows.iter().map(move |r| cells::number(&self.slots[at], &r.cells[at]))
    }

    fn stored(&self, format: StoredFormat, file: File) -> Result<(), TableError> {
        let texts: Vec<Vec<String>> = (0..self.slots.len()).map(|at| self.texts(at)).collect();
        let wholes: Vec<Vec<i32>> = (0..self.slots.len()).map(|at| self.wholes(at)).collect();
        let numbers: Vec<Vec<f64>> =
            (0..self.slots.len()).map(|at| self.numbers(at).map(|x| x.unwrap_or(f64::NAN)).collect()).collect();
        let column = |name: &String, values, value_labels| SheetColumn {
            name: name.clone(),
            label: String::new(),
            values,
            value_labels,
        };
        let keys = self.key_names.iter().enumerate().map(|(at, name)| {
            column(name, SheetValues::Text(self.rows.iter().map(|r| r.keys[at].as_str()).collect()), Vec::new())
        });
        let others = self.slots.iter().enumerate().map(|(at, slot)| {
            let values = match cells::stored(slot) {
                Stored::Text => SheetValues::Text(texts[at].iter().map(String::as_str).collect()),
                Stored::Whole => SheetValues::Whole(&wholes[at]),
                Stored::Number => SheetValues::Number(&numbers[at]),
                Stored::Day => SheetValues::Day(&wholes[at]),
                Stored::Month => SheetValues::Month(&wholes[at]),
            };
            column(&self.names[at], values, labels(slot))
        });
        let sheet = Sheet { label: String::new(), columns: keys.chain(others).collect() };
        let written = match format {
            StoredFormat::Stata => sheet.write_stata(file),
            StoredFormat::Spss => sheet.write_spss(file),
            StoredFormat::Sas => sheet.write_sas(file),
        };
        written.map_err(|error| match error {
            crate::stored::WriteError::Io(error) => TableError::Io(error),
            crate::stored::WriteError::Column { column, rule, remedy } => {
                TableError::Unfit(format!("column {column}: {rule}"), remedy)
            }
            other => TableError::Unfit(other.to_string(), "declare another format".into()),
        })
    }

    fn wholes(&self, at: usize) -> Vec<i32> {
        let stored = cells::stored(&self.slots[at]);
        let of = |r: &Row| match stored {
            Stored::Day | Stored::Month => cells::day(&r.cells[at], stored),
            _ => cells::number(&self.slots[at], &r.cells[at]).map(|x| x as i32),
        };
        self.rows.iter().map(|r| of(r).unwrap_or(MISSING_WHOLE)).collect()
    }
}

/// Labels of the codes of a column that has them.
fn labels(slot: &Slot) -> Vec<(i32, String)> {
    let Draw::Code(codes, _) = &slot.draw else { return Vec::new() };
    let codes = codes.iter().filter(|_| slot.labelled).filter_map(|code| code.parse().ok());
    codes.map(|code: i32| (code, format!("{} {code}", slot.spec.name))).collect()
}

/// Text in its encoding. Errors: a character that the encoding does not have.
fn encode(text: &str, encoding: Encoding) -> Result<Vec<u8>, TableError> {
    match encoding {
        Encoding::Utf8 => Ok(text.as_bytes().to_vec()),
        Encoding::Utf16 => Ok([0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()),
        Encoding::Latin1 => {
            let (bytes, _, unfit) = encoding.decoder().encode(text);
            match unfit {
                false => Ok(bytes.into_owned()),
                true => Err(TableError::Unfit(
                    "a value of the study has letters that latin-1 does not have".into(),
                    "set encoding = \"utf-8\", or correct the value".into(),
                )),
            }
        }
    }
}

fn write_bytes(bytes: &[u8], gzip: bool, mut file: File) -> io::Result<()> {
    if !gzip {
        return file.write_all(bytes);
    }
    let mut encoder = GzEncoder::new(file, Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish().map(drop)
}
