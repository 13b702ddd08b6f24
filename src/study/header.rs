//! The first rows of a file: its column names, and whether delimiter and encoding can be right.

use super::extract::{Delimited, Encoding, FileFormat, Header, InputFile};
use crate::stored::{Reader, StoredFormat, StoredType};
use polars::prelude::*;
use std::fs::File;
use std::io::Read;

/// How much of a file is looked at.
const SAMPLE_BYTES: u64 = 256 * 1024;

/// What the first rows of a file tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Names {
    /// The column names.
    pub names: Vec<String>,
    /// The types of the columns; text files have none.
    pub types: Option<Vec<StoredType>>,
}

/// A rule that the first rows of a file break, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The rule.
    pub rule: String,
    /// The remedy.
    pub remedy: String,
}

impl Complaint {
    fn new(rule: impl Into<String>, remedy: impl Into<String>) -> Complaint {
        Complaint { rule: rule.into(), remedy: remedy.into() }
    }
}

impl Names {
    /// Positions of the columns with one of these names, compared without case.
    pub fn positions(&self, aliases: &[String]) -> Vec<usize> {
        let wanted: Vec<String> = aliases.iter().map(|a| a.to_lowercase()).collect();
        let named = |name: &String| wanted.contains(&name.trim().to_lowercase());
        self.names.iter().enumerate().filter(|(_, name)| named(name)).map(|(i, _)| i).collect()
    }

    /// The names for a message, unless the row looks like data: then it must not be shown.
    pub fn shown(&self) -> Option<String> {
        if !looks_like_names(&self.names) {
            return None;
        }
        let shown: Vec<&str> = self.names.iter().take(40).map(|n| n.trim()).collect();
        let more = if self.names.len() > 40 { ", …" } else { "" };
        Some(format!("{}{more}", shown.join(", ")))
    }
}

/// Column names begin with a letter and hold no long number; rows of data rarely do in every field.
pub(super) fn looks_like_names(fields: &[String]) -> bool {
    let longest_number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let is_name = |text: &str| {
        let start = text.trim().trim_start_matches('_');
        start.starts_with(char::is_alphabetic) && longest_number(text) < 5
    };
    // A separator at the end of each row leaves one empty field.
    let fields = match fields.split_last() {
        Some((last, rest)) if last.is_empty() && !rest.is_empty() => rest,
        _ => fields,
    };
    !fields.is_empty() && fields.iter().all(|f| is_name(f))
}

/// Reads the column names of a file.
pub fn read(file: &InputFile, format: &FileFormat) -> Result<Names, Complaint> {
    match format {
        FileFormat::Parquet { .. } => read_parquet(file),
        FileFormat::Stored { format, encoding, .. } => read_stored(file, *format, *encoding),
        FileFormat::Delimited(rules) => {
            let bytes = sample(file)?;
            let text = decode(&bytes, rules.encoding)?;
            read_delimited(&text, rules)
        }
    }
}

fn read_parquet(file: &InputFile) -> Result<Names, Complaint> {
    let complaint =
        || Complaint::new("is not a Parquet file that can be read", "check the file, or set format = \"delimited\"");
    let path = file.path.to_str().ok_or_else(complaint)?;
    let mut frame = LazyFrame::scan_parquet(PlRefPath::new(path), Default::default()).map_err(|_| complaint())?;
    let schema = frame.collect_schema().map_err(|_| complaint())?;
    let names = schema.iter_names().map(|n| n.to_string()).collect();
    Ok(Names { names, types: Some(schema.iter_values().map(parquet_type).collect()) })
}

/// What a Parquet column holds.
pub(crate) fn parquet_type(stored: &DataType) -> StoredType {
    match stored {
        DataType::Boolean => StoredType::Logical,
        DataType::Date => StoredType::Day,
        DataType::Datetime(..) => StoredType::Moment,
        DataType::String | DataType::Null => StoredType::Text,
        stored if stored.is_integer() => StoredType::Whole,
        stored if stored.is_float() => StoredType::Number,
        DataType::Categorical(..) | DataType::Enum(..) => StoredType::Text,
        other => StoredType::Unfit(other.to_string()),
    }
}

fn read_stored(file: &InputFile, format: StoredFormat, encoding: Option<Encoding>) -> Result<Names, Complaint> {
    let reader = Reader::open(&file.path, format, encoding.map(Encoding::decoder))
        .map_err(|error| Complaint::new(error.rule.strip_prefix("the file ").unwrap_or(&error.rule), error.remedy))?;
    let columns = reader.columns().iter();
    let (names, types) = columns.map(|c| (c.name.clone(), c.holds.clone())).unzip();
    Ok(Names { names, types: Some(types) })
}

/// The first bytes of a file, decompressed when its name ends in `.gz`.
pub(super) fn sample(file: &InputFile) -> Result<Vec<u8>, Complaint> {
    let unreadable = |_| Complaint::new("cannot be read", "check its permissions");
    let open = File::open(&file.path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    if file.written.to_lowercase().ends_with(".gz") {
        let damaged = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Complaint::new(
                "is cut off: its compressed text has no end",
                "compare its size and checksum with the delivery note, or have it delivered again",
            ),
            _ => Complaint::new("is not a gzip file", "check the file, or take .gz off its name"),
        };
        flate2::read::MultiGzDecoder::new(open).take(SAMPLE_BYTES).read_to_end(&mut bytes).map_err(damaged)?;
    } else {
        open.take(SAMPLE_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if bytes.is_empty() {
        return Err(Complaint::new("is empty", "have it delivered again: also a file without persons has a header"));
    }
    Ok(bytes)
}

/// The text of a sample, if the declared encoding can be right.
fn decode(bytes: &[u8], declared: Encoding) -> Result<String, Complaint> {
    let wrong = |found: Encoding, why: &str| {
        let rule = format!("is not {}: {why}", declared.name());
        Err(Complaint::new(rule, format!("set encoding = \"{}\"", found.name())))
    };
    let utf16_mark = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    let zeros = bytes.iter().take(1000).filter(|b| **b == 0).count();
    let looks_utf16 = utf16_mark || zeros * 4 > bytes.len().min(1000);
    let utf8_mark = bytes.starts_with(&[0xEF, 0xBB, 0xBF]);
    match declared {
        Encoding::Utf16 if !looks_utf16 => {
            let found = if std::str::from_utf8(whole(bytes)).is_ok() { Encoding::Utf8 } else { Encoding::Latin1 };
            return wrong(found, "its characters are one byte wide");
        }
        Encoding::Utf8 | Encoding::Latin1 if looks_utf16 => {
            return wrong(Encoding::Utf16, "its characters are two bytes wide");
        }
        Encoding::Utf8 if std::str::from_utf8(whole(bytes)).is_err() => {
            return wrong(Encoding::Latin1, "some bytes of its first rows do not fit");
        }
        Encoding::Latin1 if utf8_mark => return wrong(Encoding::Utf8, "it begins with the mark of utf-8"),
        Encoding::Latin1 if !bytes.is_ascii() && std::str::from_utf8(whole(bytes)).is_ok() => {
            return wrong(Encoding::Utf8, "all its letters with accents are utf-8");
        }
        _ => {}
    }
    Ok(declared.decoder().decode(bytes).0.into_owned())
}

/// A sample without the character that its end may have cut.
fn whole(bytes: &[u8]) -> &[u8] {
    let cut = (1..=bytes.len().min(4)).find(|n| bytes[bytes.len() - n] >= 0xC0);
    match cut {
        Some(n) if bytes.len() as u64 == SAMPLE_BYTES => &bytes[..bytes.len() - n],
        _ => bytes,
    }
}

fn read_delimited(text: &str, rules: &Delimited) -> Result<Names, Complaint> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(rules.delimiter)
        .quote(rules.quote.unwrap_or(b'"'))
        .quoting(rules.quote.is_some())
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = reader.records().filter_map(Result::ok).map(|r| r.iter().map(str::to_owned).collect::<Vec<_>>());
    let first = rows.next().unwrap_or_default();
    check_delimiter(&first, rules)?;
    let (names, row) = match &rules.header {
        Header::FirstRow => (first, rows.next()),
        Header::Names(names) => (names.clone(), Some(first)),
    };
    match row {
        Some(row) if row.len() != names.len() => {
            let counted = |n: usize, noun: &str| if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") };
            let (names, fields) = (counted(names.len(), "name"), counted(row.len(), "field"));
            let rule = format!("has {names} and {fields} in its first row of data");
            Err(Complaint::new(rule, "check the header and the quoting; every row needs a field for every name"))
        }
        _ => Ok(Names { names, types: None }),
    }
}

/// One field that holds another delimiter is the sign of a wrong one.
fn check_delimiter(first: &[String], rules: &Delimited) -> Result<(), Complaint> {
    let [field] = first else { return Ok(()) };
    let others = [b';', b',', b'\t', b'|'].into_iter().filter(|d| *d != rules.delimiter);
    let Some(other) = others.max_by_key(|d| field.bytes().filter(|b| b == d).count()) else { return Ok(()) };
    if !field.as_bytes().contains(&other) {
        return Ok(());
    }
    let shown = if other == b'\t' { "\\t".to_owned() } else { char::from(other).to_string() };
    let rule = format!("has one field in its first row; it contains \"{shown}\"");
    Err(Complaint::new(rule, format!("set delimiter = \"{shown}\"")))
}

#[cfg(test)]
mod tests {
    use super::super::extract::Decimal;
    use super::*;

    fn rules(delimiter: u8) -> Delimited {
        let (encoding, decimal, header) = (Encoding::Utf8, Decimal::Point, Header::FirstRow);
        Delimited { delimiter, quote: Some(b'"'), encoding, decimal, header }
    }

    #[test]
    fn a_wrong_delimiter_is_named() {
        let complaint = read_delimited("id;sex\n1;2\n", &rules(b',')).unwrap_err();
        assert_eq!(complaint.rule, "has one field in its first row; it contains \";\"");
        assert_eq!(complaint.remedy, "set delimiter = \";\"");
        assert_eq!(read_delimited("id\n1\n", &rules(b',')).unwrap().names, ["id"]);
    }

    #[test]
    fn encodings_are_told_apart() {
        let latin1 = b"k\xF8nn;id\n";
        assert!(decode(latin1, Encoding::Utf8).unwrap_err().remedy.contains("latin-1"));
        assert_eq!(decode(latin1, Encoding::Latin1).unwrap(), "kønn;id\n");
        assert!(decode("kønn".as_bytes(), Encoding::Latin1).unwrap_err().remedy.contains("utf-8"));
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain("id;x".bytes().flat_map(|b| [b, 0])).collect();
        assert!(decode(&utf16, Encoding::Utf8).unwrap_err().remedy.contains("utf-16"));
        assert_eq!(decode(&utf16, Encoding::Utf16).unwrap(), "id;x");
    }

    #[test]
    fn a_row_of_data_is_never_shown() {
        let names = |text: &str| Names { names: text.split(';').map(str::to_owned).collect(), types: None };
        assert_eq!(names("w24_0511_lopenr_person;BU_1970").shown().as_deref(), Some("w24_0511_lopenr_person, BU_1970"));
        assert_eq!(names("k2_0000123;P76").shown(), None);
        assert_eq!(names("17;A").shown(), None);
        assert_eq!(names("lopenr;sex;").shown().as_deref(), Some("lopenr, sex, "));
    }

    #[test]
    fn a_shifted_header_is_found() {
        assert!(read_delimited("id;sex\n1;2;\n", &rules(b';')).unwrap_err().rule.contains("2 names and 3 fields"));
    }
}
