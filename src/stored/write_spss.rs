//! A sheet as SPSS `.sav`: uncompressed, little-endian, UTF-8.
//!
//! A file is a header, a record per column (and one more per 8 further bytes of a text column), value labels, a few
//! records of information, and the rows: 8 bytes a number, texts filled up with blanks to a multiple of 8.
//! Source of the layout: the PSPP developers' guide, "System File Format",
//! <https://www.gnu.org/software/pspp/pspp-dev/html_node/System-File-Format.html>.

use super::sheet::{Sheet, SheetCell, SheetColumn, SheetValues, WriteError};
use super::temporal::{FROM_1582, SECONDS_PER_DAY};
use std::collections::HashSet;
use std::io::{BufWriter, Write};

/// The number that means missing.
const SYSTEM_MISSING: f64 = -f64::MAX;
const LONGEST_TEXT: usize = 255;
const LONGEST_VALUE_LABEL: usize = 120;

// Formats by their numbers: A, F, DATE, MOYR.
const TEXT: u32 = 1;
const FIXED: u32 = 5;
const DATE: u32 = 20;
const MONTH: u32 = 28;

pub(super) fn write<W: Write>(sheet: &Sheet, out: W) -> Result<(), WriteError> {
    check_names(sheet)?;
    let mut out = BufWriter::new(out);
    header(sheet, &mut out)?;
    for (number, column) in sheet.columns.iter().enumerate() {
        column_records(column, number, &mut out)?;
    }
    let mut slot = 1;
    for column in &sheet.columns {
        value_labels(column, slot, &mut out)?;
        slot += slots(column) as i32;
    }
    information(sheet, &mut out)?;
    rows(sheet, &mut out)?;
    out.flush()?;
    Ok(())
}

fn check_names(sheet: &Sheet) -> Result<(), WriteError> {
    let mut seen = HashSet::new();
    for column in &sheet.columns {
        let name = &column.name;
        let odd = |c: char| !(c.is_alphanumeric() || "_.@#$".contains(c));
        if name.is_empty() || name.len() > 64 || name.contains(odd) || !name.starts_with(char::is_alphabetic) {
            let rule = "SPSS allows at most 64 bytes of letters, digits and _ in a name, a letter first";
            return Err(column.fault(rule, "rename it"));
        }
        if !seen.insert(name.to_lowercase()) {
            return Err(column.fault("another column has this name but for case", "rename one of them"));
        }
        if column.text_width().is_some_and(|w| w > LONGEST_TEXT) {
            return Err(column.fault("a text is longer than 255 bytes", "shorten it, or write another format"));
        }
        if column.value_labels.iter().any(|(_, label)| label.len() > LONGEST_VALUE_LABEL) {
            return Err(column.fault("a value label is longer than 120 bytes", "shorten it"));
        }
    }
    Ok(())
}

/// Pieces of 8 bytes that a cell takes.
fn slots(column: &SheetColumn) -> usize {
    column.text_width().map_or(1, |width| width.div_ceil(8))
}

fn header(sheet: &Sheet, out: &mut impl Write) -> Result<(), WriteError> {
    let case_size: usize = sheet.columns.iter().map(slots).sum();
    let n_rows = i32::try_from(sheet.n_rows()).map_err(|_| WriteError::Sheet("too many rows for SPSS".into()))?;
    out.write_all(b"$FL2")?;
    out.write_all(&filled("@(#) SPSS DATA FILE written by cohort", 60))?;
    for number in [2, case_size as i32, 0, 0, n_rows] {
        out.write_all(&number.to_le_bytes())?;
    }
    out.write_all(&100.0_f64.to_le_bytes())?;
    // The same columns give the same bytes, so the date of writing is that of the calendar's first day.
    out.write_all(b"01 Jan 7000:00:00")?;
    out.write_all(&filled(&sheet.label, 64))?;
    out.write_all(&[0; 3])?;
    Ok(())
}

/// A text in `width` bytes, filled up with blanks or cut between letters.
fn filled(text: &str, width: usize) -> Vec<u8> {
    let end = (0..=width.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let mut bytes = text.as_bytes()[..end].to_vec();
    bytes.resize(width, b' ');
    bytes
}

fn column_records(column: &SheetColumn, number: usize, out: &mut impl Write) -> Result<(), WriteError> {
    let width = column.text_width();
    let (format, digits, decimals) = match (&column.values, width) {
        (_, Some(width)) => (TEXT, width as u32, 0),
        (SheetValues::Day(_), _) => (DATE, 11, 0),
        (SheetValues::Month(_), _) => (MONTH, 8, 0),
        (SheetValues::Number(_), _) => (FIXED, 16, 6),
        (SheetValues::Logical(_), _) => (FIXED, 1, 0),
        _ => (FIXED, 11, 0),
    };
    let packed = (format << 16 | digits << 8 | decimals) as i32;
    let label = cut(&column.label, 252);
    let has_label = i32::from(!label.is_empty());
    for field in [2, width.unwrap_or(0) as i32, has_label, 0, packed, packed] {
        out.write_all(&field.to_le_bytes())?;
    }
    out.write_all(&filled(&short_name(number), 8))?;
    if has_label == 1 {
        out.write_all(&(label.len() as i32).to_le_bytes())?;
        out.write_all(&filled(label, label.len().next_multiple_of(4)))?;
    }
    for _ in 1..slots(column) {
        for field in [2, -1, 0, 0, 0, 0] {
            out.write_all(&i32::to_le_bytes(field))?;
        }
        out.write_all(b"        ")?;
    }
    Ok(())
}

/// The name of up to 8 letters under which the records know a column.
fn short_name(number: usize) -> String {
    format!("V{}", number + 1)
}

fn cut(text: &str, width: usize) -> &str {
    let end = (0..=width.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}

fn value_labels(column: &SheetColumn, slot: i32, out: &mut impl Write) -> Result<(), WriteError> {
    if column.value_labels.is_empty() || column.text_width().is_some() {
        return Ok(());
    }
    out.write_all(&3_i32.to_le_bytes())?;
    out.write_all(&(column.value_labels.len() as i32).to_le_bytes())?;
    for (value, label) in &column.value_labels {
        out.write_all(&f64::from(*value).to_le_bytes())?;
        out.write_all(&[label.len() as u8])?;
        out.write_all(&filled(label, (label.len() + 1).next_multiple_of(8) - 1))?;
    }
    for field in [4, 1, slot] {
        out.write_all(&i32::to_le_bytes(field))?;
    }
    Ok(())
}

/// Records of information: byte order and code page, special numbers, long names, encoding; and the end of the
/// dictionary.
fn information(sheet: &Sheet, out: &mut impl Write) -> Result<(), WriteError> {
    let integers: Vec<u8> = [28, 0, 0, -1, 1, 1, 2, 65001].into_iter().flat_map(i32::to_le_bytes).collect();
    let highest = f64::MAX;
    let lowest = f64::from_bits((-f64::MAX).to_bits() - 1);
    let floats: Vec<u8> = [SYSTEM_MISSING, highest, lowest].into_iter().flat_map(f64::to_le_bytes).collect();
    let names: Vec<String> =
        sheet.columns.iter().enumerate().map(|(i, c)| format!("{}={}", short_name(i), c.name)).collect();
    record(3, 4, &integers, out)?;
    record(4, 8, &floats, out)?;
    record(13, 1, names.join("\t").as_bytes(), out)?;
    record(20, 1, b"UTF-8", out)?;
    out.write_all(&999_i32.to_le_bytes())?;
    out.write_all(&0_i32.to_le_bytes())?;
    Ok(())
}

fn record(kind: i32, size: i32, bytes: &[u8], out: &mut impl Write) -> Result<(), WriteError> {
    for field in [7, kind, size, bytes.len() as i32 / size] {
        out.write_all(&field.to_le_bytes())?;
    }
    out.write_all(bytes)?;
    Ok(())
}

fn rows(sheet: &Sheet, out: &mut impl Write) -> Result<(), WriteError> {
    let widths: Vec<usize> = sheet.columns.iter().map(|c| slots(c) * 8).collect();
    for row in 0..sheet.n_rows() {
        for (column, &width) in sheet.columns.iter().zip(&widths) {
            let number = match column.values.cell(row) {
                SheetCell::Text(text) => {
                    out.write_all(&filled(text, width))?;
                    continue;
                }
                SheetCell::Missing => SYSTEM_MISSING,
                SheetCell::Whole(x) => f64::from(x),
                SheetCell::Number(x) => x,
                SheetCell::Day(day) => (f64::from(day) + FROM_1582) * SECONDS_PER_DAY,
            };
            out.write_all(&number.to_le_bytes())?;
        }
    }
    Ok(())
}
