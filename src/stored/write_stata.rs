//! A sheet as Stata `.dta`, format 118, by the crate `dta`; the value labels, which the crate can read and write but
//! not make, are put in afterwards.

use super::sheet::{Sheet, SheetCell, SheetColumn, SheetValues, WriteError};
use crate::day::Day;
use dta::stata::dta::byte_order::ByteOrder;
use dta::stata::dta::dta_error::DtaError;
use dta::stata::dta::dta_writer::DtaWriter;
use dta::stata::dta::header::Header;
use dta::stata::dta::release::Release;
use dta::stata::dta::schema::Schema;
use dta::stata::dta::value::Value;
use dta::stata::dta::variable::{Variable, VariableBuilder};
use dta::stata::dta::variable_type::VariableType;
use dta::stata::missing_value::MissingValue;
use dta::stata::stata_byte::StataByte;
use dta::stata::stata_double::StataDouble;
use dta::stata::stata_long::StataLong;
use std::io::{Seek, SeekFrom, Write};

/// The largest whole number of a column; those above it mean missing.
const LARGEST_WHOLE: i32 = 2_147_483_620;
const LONGEST_TEXT: usize = 2045;
/// Bytes of the longest label of a file or a column: 80 characters of up to 4 bytes.
const LONGEST_LABEL: usize = 80;
/// 1960-01-01 as days since 1970-01-01.
const FIRST_DAY: i32 = -3653;

pub(super) fn write<W: Write + Seek>(sheet: &Sheet, out: W) -> Result<(), WriteError> {
    let label = shortened(&sheet.label);
    let header = Header::builder(Release::V118, ByteOrder::LittleEndian).dataset_label(label).build();
    let variables = sheet.columns.iter().map(variable).collect::<Result<Vec<_>, _>>()?;
    let schema = Schema::builder().variables(variables).build().map_err(|e| failed(&e))?;
    let notes = DtaWriter::new().from_writer(out).write_header(header).and_then(|w| w.write_schema(schema));
    let mut records = notes.and_then(|w| w.into_record_writer()).map_err(|e| failed(&e))?;
    let mut cells = Vec::with_capacity(sheet.columns.len());
    for row in 0..sheet.n_rows() {
        cells.clear();
        for column in &sheet.columns {
            cells.push(value(column, row)?);
        }
        records.write_record(&cells).map_err(|e| failed(&e))?;
    }
    let labels = records.into_long_string_writer().and_then(|w| w.into_value_label_writer());
    let out = labels.and_then(|w| w.finish()).map_err(|e| failed(&e))?;
    write_labels(sheet, label.len(), out)
}

/// A label as Stata holds it, cut after 80 characters; Stata itself cuts there.
fn shortened(label: &str) -> &str {
    label.char_indices().nth(LONGEST_LABEL).map_or(label, |(at, _)| &label[..at])
}

fn failed(error: &DtaError) -> WriteError {
    match error {
        DtaError::Io { source, .. } => WriteError::Io(std::io::Error::new(source.kind(), source.to_string())),
        other => WriteError::Sheet(format!("the columns do not fit a Stata file ({other})")),
    }
}

fn variable(column: &SheetColumn) -> Result<VariableBuilder, WriteError> {
    let name = &column.name;
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_numeric());
    if !plain || name.is_empty() || name.chars().count() > 32 {
        let rule = "Stata allows at most 32 letters, digits and _ in a name, no digit first";
        return Err(column.fault(rule, "rename it"));
    }
    let (stored, format) = match (&column.values, column.text_width()) {
        (_, Some(width)) if width > LONGEST_TEXT => {
            return Err(column.fault("a text is longer than 2045 bytes", "shorten it, or write another format"));
        }
        (_, Some(width)) => (VariableType::FixedString(width as u16), format!("%{width}s")),
        (SheetValues::Number(_), _) => (VariableType::Double, "%10.0g".to_string()),
        (SheetValues::Day(_), _) => (VariableType::Long, "%td".to_string()),
        (SheetValues::Month(_), _) => (VariableType::Long, "%tm".to_string()),
        (SheetValues::Logical(_), _) => (VariableType::Byte, "%8.0g".to_string()),
        _ => (VariableType::Long, "%12.0g".to_string()),
    };
    let set = if column.value_labels.is_empty() { "" } else { name.as_str() };
    let builder = Variable::builder(stored, name.as_str()).format(format);
    Ok(builder.label(shortened(&column.label)).value_label_name(set))
}

fn value<'s>(column: &'s SheetColumn, row: usize) -> Result<Value<'s>, WriteError> {
    let whole = |x: i32| match (-LARGEST_WHOLE..=LARGEST_WHOLE).contains(&x) {
        true => Ok(Value::Long(StataLong::Present(x))),
        false => Err(column.fault("a whole number is beyond what Stata holds", "write it as a number or a text")),
    };
    match (&column.values, column.values.cell(row)) {
        (_, SheetCell::Text(text)) => Ok(Value::string(text)),
        (SheetValues::Month(_), SheetCell::Day(day)) => {
            let (year, month, _) = Day(day).ymd();
            whole((year - 1960) * 12 + month as i32 - 1)
        }
        (_, SheetCell::Day(day)) => whole(day - FIRST_DAY),
        (_, SheetCell::Number(x)) => Ok(Value::Double(StataDouble::Present(x))),
        (SheetValues::Logical(_), SheetCell::Whole(x)) => Ok(Value::Byte(StataByte::Present(x as i8))),
        (_, SheetCell::Whole(x)) => whole(x),
        (SheetValues::Logical(_), SheetCell::Missing) => Ok(Value::Byte(StataByte::Missing(MissingValue::System))),
        (SheetValues::Number(_), SheetCell::Missing) => Ok(Value::Double(StataDouble::Missing(MissingValue::System))),
        (_, SheetCell::Missing) => Ok(Value::Long(StataLong::Missing(MissingValue::System))),
    }
}

/// Puts the value labels into a finished file, whose last part is empty until now, and corrects the index.
///
/// A set of labels is: its bytes from `n` on; its name in 129 bytes and 3 of filling; `n`, the length of all texts,
/// the place of each text, each value, the texts with a zero byte after each.
fn write_labels<W: Write + Seek>(sheet: &Sheet, label_bytes: usize, mut out: W) -> Result<(), WriteError> {
    const EMPTY: &str = "</value_labels></stata_dta>";
    out.seek(SeekFrom::End(-(EMPTY.len() as i64)))?;
    for column in sheet.columns.iter().filter(|c| !c.value_labels.is_empty()) {
        out.write_all(&label_set(column))?;
    }
    out.write_all(EMPTY.as_bytes())?;
    let end = out.stream_position()?;
    // Numbers 12 and 13 of the index: where the closing mark stands, and where the file ends.
    let before_label =
        "<stata_dta><header><release>118</release><byteorder>LSF</byteorder><K>12</K><N>12345678</N><label>12";
    let after_label = "</label><timestamp>1</timestamp></header><map>";
    out.seek(SeekFrom::Start((before_label.len() + label_bytes + after_label.len() + 12 * 8) as u64))?;
    out.write_all(&(end - "</stata_dta>".len() as u64).to_le_bytes())?;
    out.write_all(&end.to_le_bytes())?;
    out.flush()?;
    Ok(())
}

fn label_set(column: &SheetColumn) -> Vec<u8> {
    let mut labels: Vec<&(i32, String)> = column.value_labels.iter().collect();
    labels.sort_by_key(|(value, _)| *value);
    let (mut places, mut values, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (value, text) in labels {
        places.extend((texts.len() as i32).to_le_bytes());
        values.extend(value.to_le_bytes());
        texts.extend(text.bytes().filter(|&b| b != 0));
        texts.push(0);
    }
    let n = column.value_labels.len() as i32;
    let mut name = column.name.clone().into_bytes();
    name.resize(129 + 3, 0);
    let length = (8 + places.len() + values.len() + texts.len()) as i32;
    let numbers = [n.to_le_bytes(), (texts.len() as i32).to_le_bytes()].concat();
    [b"<lbl>", &length.to_le_bytes()[..], &name, &numbers, &places, &values, &texts, b"</lbl>"].concat()
}
