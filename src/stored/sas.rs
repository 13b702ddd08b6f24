//! SAS `.sas7bdat`, compressed or not, by the crate `sas7bdat`.
//!
//! Rows are taken as bytes and their cells read here, so that numbers stay the doubles that SAS stores and missing
//! values keep their kinds (`.`, `.A` to `.Z`, `._`). Text is decoded by the encoding that the file declares.

use super::batch::{Gathering, Sink};
use super::temporal::{self, FROM_1960, SECONDS_PER_DAY};
use super::{Opened, StoredColumn, StoredError, StoredFormat, StoredType};
use encoding_rs::Encoding;
use sas7bdat::{ColumnMeta, Dataset, Endianness, Error, IoBackendPreference, LogicalType, OpenOptions};
use std::ops::ControlFlow;
use std::path::Path;

fn damaged(error: &Error) -> StoredError {
    let what = match error {
        Error::Io(_) => "it is cut off, or cannot be read",
        Error::Header(_) => "its first bytes are another format's",
        Error::Compression(_) => "a compressed row is damaged",
        Error::Unsupported(_) => "it is written in a way that is not known here",
        Error::Metadata(_) => "its column descriptions are damaged",
        _ => "it is damaged",
    };
    StoredError::damaged(StoredFormat::Sas, what)
}

fn dataset(path: &Path) -> Result<Dataset, StoredError> {
    std::fs::File::open(path).map_err(|e| StoredError::io(&e))?;
    // A mapped file that somebody cuts while it is read ends the program; plain reading gives an error.
    let options = OpenOptions::builder().io_backend(IoBackendPreference::Buffered).build();
    Dataset::open_with(path, options).map_err(|e| damaged(&e))
}

pub(super) fn open(path: &Path) -> Result<Opened, StoredError> {
    let dataset = dataset(path)?;
    encoding(&dataset)?;
    let metadata = dataset.metadata();
    let mut remarks = Vec::new();
    if metadata.deleted_row_count > 0 {
        remarks.push(format!(
            "rows that were deleted in SAS and still lie in the file, left out: {}",
            metadata.deleted_row_count
        ));
    }
    let n_rows = metadata.row_count.checked_sub(metadata.deleted_row_count);
    Ok(Opened { columns: dataset.columns().iter().map(column).collect(), n_rows, remarks })
}

fn column(meta: &ColumnMeta) -> StoredColumn {
    let name = meta.format.as_deref().unwrap_or_default();
    let holds = match meta.logical_type {
        LogicalType::String => StoredType::Text,
        LogicalType::Bytes => StoredType::Unfit("bytes".into()),
        other => temporal::sas(name).unwrap_or_else(|| numeric(other, name)),
    };
    StoredColumn {
        name: meta.name.clone(),
        label: meta.label.clone().unwrap_or_default(),
        holds,
        format: meta.format_spec().unwrap_or_default(),
        value_labels: Vec::new(),
        user_missing: Vec::new(),
    }
}

/// A number whose format is not in our list; the crate knows further national names of date formats.
fn numeric(logical: LogicalType, format: &str) -> StoredType {
    match logical {
        LogicalType::Date => StoredType::Day,
        LogicalType::DateTime => StoredType::Moment,
        LogicalType::Time => StoredType::Unfit(format!("time of day ({format})")),
        _ => StoredType::Number,
    }
}

/// The encoding of the file's text.
fn encoding(dataset: &Dataset) -> Result<&'static Encoding, StoredError> {
    let declared = dataset.metadata().encoding.as_deref().unwrap_or("utf-8");
    let known = Encoding::for_label(declared.as_bytes())
        .or_else(|| Encoding::for_label(declared.to_ascii_lowercase().replace('_', "-").as_bytes()));
    known.ok_or_else(|| {
        StoredError::new(
            format!("its text is encoded as {declared}, which is not known here"),
            "save it as UTF-8 at the source",
        )
    })
}

/// Where a cell lies in a row.
struct Cell {
    start: usize,
    width: usize,
}

pub(super) fn read(path: &Path, sink: &mut Sink) -> Result<(), StoredError> {
    let dataset = dataset(path)?;
    let encoding = encoding(&dataset)?;
    let little = dataset.metadata().endianness == Endianness::Little;
    let cells: Vec<Cell> = sink
        .columns()
        .iter()
        .map(|c| {
            let meta = &dataset.columns()[c.wanted.column];
            Cell { start: meta.offset as usize, width: meta.physical_width as usize }
        })
        .collect();
    let mut fault = None;
    let scanned = dataset.visit_raw_rows(|raw| {
        let row = sink.row();
        for (column, cell) in sink.columns().iter_mut().zip(&cells) {
            let bytes = raw.bytes.get(cell.start..cell.start + cell.width);
            if let Err(error) = bytes.ok_or_else(beyond_row).and_then(|bytes| push(column, bytes, little, encoding)) {
                fault = Some(error.at(row).in_column(&column.spec.name));
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(if sink.end_rows(1) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    });
    match (fault, scanned) {
        (Some(fault), _) => Err(fault),
        (None, Err(error)) => Err(damaged(&error).at(sink.row())),
        (None, Ok(_)) => Ok(()),
    }
}

fn beyond_row() -> StoredError {
    StoredError::damaged(StoredFormat::Sas, "a column lies beyond the end of its rows")
}

fn push(column: &mut Gathering, bytes: &[u8], little: bool, encoding: &'static Encoding) -> Result<(), StoredError> {
    if column.spec.holds == StoredType::Text {
        return text(column, bytes, encoding);
    }
    if !(1..=8).contains(&bytes.len()) {
        return Err(StoredError::damaged(StoredFormat::Sas, "a number is wider than 8 bytes"));
    }
    let bits = number_bits(bytes, little);
    let x = f64::from_bits(bits);
    match &column.spec.holds {
        _ if x.is_nan() => column.missing(missing_kind(bits)),
        StoredType::Day => column.day(x - FROM_1960, x),
        StoredType::Moment => column.day(x / SECONDS_PER_DAY - FROM_1960, x),
        StoredType::Month => column.day(temporal::month_of(x - FROM_1960), x),
        _ => column.number(x),
    }
    Ok(())
}

fn text(column: &mut Gathering, bytes: &[u8], encoding: &'static Encoding) -> Result<(), StoredError> {
    // Cells are filled up with blanks, or with zero bytes where nothing was ever written.
    let end = bytes.iter().rposition(|b| !matches!(b, b' ' | 0)).map_or(0, |at| at + 1);
    match encoding.decode_without_bom_handling_and_without_replacement(&bytes[..end]) {
        Some(text) => {
            column.text(&text);
            Ok(())
        }
        None => Err(StoredError::new(
            format!("a text does not fit the encoding that the file declares ({})", encoding.name().to_lowercase()),
            "save the file again as UTF-8 at the source",
        )),
    }
}

/// A double of which SAS stored the first bytes only: those with sign, exponent and leading digits.
fn number_bits(bytes: &[u8], little: bool) -> u64 {
    let mut full = [0; 8];
    if little {
        full[8 - bytes.len()..].copy_from_slice(bytes);
        u64::from_le_bytes(full)
    } else {
        full[..bytes.len()].copy_from_slice(bytes);
        u64::from_be_bytes(full)
    }
}

/// The kind of a missing value: the third byte of the NaN, turned over, is 0 for `._`, 1 for `.`, 2 to 27 for `.A`
/// to `.Z`; some writers put the letter itself there.
fn missing_kind(bits: u64) -> &'static str {
    const KINDS: [&str; 28] = [
        "._", ".", ".A", ".B", ".C", ".D", ".E", ".F", ".G", ".H", ".I", ".J", ".K", ".L", ".M", ".N", ".O", ".P",
        ".Q", ".R", ".S", ".T", ".U", ".V", ".W", ".X", ".Y", ".Z",
    ];
    let tag = !((bits >> 40) as u8);
    match tag {
        b'A'..=b'Z' => KINDS[usize::from(tag - b'A') + 2],
        b'_' => KINDS[0],
        _ => KINDS.get(usize::from(tag)).copied().unwrap_or("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_keep_their_leading_bytes() {
        let full = 1960.0_f64.to_le_bytes();
        assert_eq!(f64::from_bits(number_bits(&full[5..], true)), 1960.0);
        let full = 1960.0_f64.to_be_bytes();
        assert_eq!(f64::from_bits(number_bits(&full[..3], false)), 1960.0);
    }

    #[test]
    fn missing_values_keep_their_kind() {
        assert_eq!(missing_kind(0xFFFF_FE00_0000_0000), ".");
        assert_eq!(missing_kind(0xFFFF_FD00_0000_0000), ".A");
        assert_eq!(missing_kind(0xFFFF_E400_0000_0000), ".Z");
        assert_eq!(missing_kind(0xFFFF_FF00_0000_0000), "._");
        assert_eq!(missing_kind(f64::NAN.to_bits()), ".");
    }
}
