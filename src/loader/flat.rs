//! A data file as it is: one row per record, columns named by a header, types found by looking at every value.
//!
//! For `cohort fit DATA`. A column of text is a logical when all its values are `true` or `false`, a whole number
//! when all are, a number when all are, and a factor otherwise; what a value means is never guessed, so a column
//! with codes such as `007` stays text, and that is said. Study files declare their types and do not come here.
//!
//! Values are typed as they are read. Only a column that turns out to be text after numbers were stored needs a
//! second reading, and only of that column.

use super::error::{Fault, LoadError, Place};
use super::format::FileRead;
use super::format::delimited::{BATCH_ROWS, BatchPlan, OddLines, Records, delimiter_name};
use super::guessed_column::Builder;
use super::{Note, Progress, condition, flat_stored};
use crate::stored::StoredFormat;
use crate::study::{Decimal, Delimited, Encoding, FileFormat, Header, InputFile};
use crate::table::{Column, Table};
use rayon::prelude::*;
use std::path::Path;

/// How to read a data file.
#[derive(Debug, Clone, Default)]
pub struct FlatOptions {
    /// What stands between fields; `None`: tab for `.tsv` and `.tab`, else comma or semicolon, whichever cuts the header.
    pub delimiter: Option<u8>,
    /// How bytes become characters; UTF-8 unless given.
    pub encoding: Option<Encoding>,
    /// The decimal mark; a point unless given.
    pub decimal: Option<Decimal>,
    /// Texts that mean missing, beside the empty field.
    pub missing: Vec<String>,
    /// Rows to keep: an SQL condition over the columns of the file.
    pub condition: Option<String>,
    /// Columns to read (compared exactly); `None` reads all. Columns that the condition names are read as well.
    pub columns: Option<Vec<String>>,
}

/// A data file that was read.
#[derive(Debug, Clone)]
pub struct Flat {
    /// The columns that were asked for, in the order of the file.
    pub table: Table,
    /// The row of the file, counted from 0, of every row of the table; `None` when a condition left none out.
    pub file_rows: Option<Vec<u32>>,
    /// The names of all columns of the file.
    pub header: Vec<String>,
    /// The file.
    pub input: FileRead,
    /// What was done to the data, and what somebody should know about it.
    pub notes: Vec<Note>,
}

/// The encoding of that name (`utf-8`, `latin-1`, `windows-1252`, `utf-16`), without regard to case.
pub fn encoding_named(name: &str) -> Option<Encoding> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match plain.as_str() {
        "utf8" => Some(Encoding::Utf8),
        "latin1" | "iso88591" | "windows1252" | "cp1252" => Some(Encoding::Latin1),
        "utf16" | "utf16le" | "utf16be" => Some(Encoding::Utf16),
        _ => None,
    }
}

/// Reads `path` (Parquet, Stata, SPSS or SAS when its name ends so, delimited text otherwise), called `shown` in messages.
///
/// Errors: `File`, `Encoding`, `Header`, `Ragged`, and `Condition` for a condition that cannot be evaluated.
pub fn read_flat(
    path: &Path,
    shown: &str,
    options: &FlatOptions,
    progress: &mut dyn Progress,
) -> Result<Flat, LoadError> {
    let names = match &options.condition {
        Some(sql) => condition::names(sql, "the row condition")?,
        None => Vec::new(),
    };
    let wanted = |name: &str| {
        options.columns.as_ref().is_none_or(|c| c.iter().any(|w| w == name) || names.iter().any(|w| w == name))
    };
    let mut flat = match stored_format(path, options) {
        Some(format) => {
            let file = InputFile { written: shown.to_string(), path: path.to_path_buf() };
            flat_stored::read(&file, &format, options, &wanted, progress)?
        }
        None => read_text(path, shown, options, &wanted, progress)?,
    };
    if let Some(sql) = &options.condition {
        filter(&mut flat, sql, shown)?;
    }
    Ok(flat)
}

/// Keeps the rows for which the condition is true.
fn filter(flat: &mut Flat, sql: &str, shown: &str) -> Result<(), LoadError> {
    let (rows, unknown) = condition::rows_of_table(&flat.table, sql, shown)?;
    let before = flat.table.n_rows();
    flat.notes.push(Note::new(shown, "rows that the condition leaves out", (before - rows.len()) as u64, "rows"));
    if unknown > 0 {
        let message = "of them, rows for which the condition is unknown (a missing value)";
        flat.notes.push(Note::new(shown, message, unknown, "rows"));
    }
    if rows.len() < before {
        flat.table = flat.table.take(&rows);
        flat.file_rows = Some(rows);
    }
    Ok(())
}

/// The format of a file that says itself what its columns hold, by the ending of its name; `None` for text.
fn stored_format(path: &Path, options: &FlatOptions) -> Option<FileFormat> {
    let decimal = options.decimal.unwrap_or(Decimal::Point);
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
        return Some(FileFormat::Parquet { decimal });
    }
    let format = StoredFormat::of_name(path.to_str()?)?;
    // Other files say how their text is encoded.
    let encoding = options.encoding.filter(|_| format == StoredFormat::Stata);
    Some(FileFormat::Stored { format, encoding, decimal })
}

fn read_text(
    path: &Path,
    shown: &str,
    options: &FlatOptions,
    wanted: &dyn Fn(&str) -> bool,
    progress: &mut dyn Progress,
) -> Result<Flat, LoadError> {
    let mut notes = Vec::new();
    let (records, format) = open_text(path, shown, options, &mut notes)?;
    let header = records.header().to_vec();
    check_names(&header, wanted, shown)?;
    let keep: Vec<usize> = (0..header.len()).filter(|&i| wanted(&header[i])).collect();
    let mut builders: Vec<Builder> = keep.iter().map(|&i| Builder::new(&header[i], options)).collect();
    let (input, odd_lines) = read_into(records, &keep, &mut builders, (path, shown), progress)?;
    notes.extend(odd_lines.notes(shown));

    // Columns whose numbers gave way to text after they were stored: their spelling is in the file only.
    let again: Vec<usize> = (0..builders.len()).filter(|&i| builders[i].lost_spelling).collect();
    if !again.is_empty() {
        let mut second: Vec<Builder> = again.iter().map(|&i| builders[i].as_text()).collect();
        let fields: Vec<usize> = again.iter().map(|&i| keep[i]).collect();
        read_into(Records::open(path, shown, &format)?, &fields, &mut second, (path, shown), progress)?;
        for (i, builder) in again.into_iter().zip(second) {
            builders[i] = builder;
        }
    }
    builders.iter().for_each(|b| b.notes(shown, &mut notes));
    let columns: Vec<Column> = builders.into_par_iter().map(Builder::finish).collect();
    Ok(Flat { file_rows: None, table: Table::new(columns), header, input, notes })
}

/// Opens the file with the declared delimiter, or with the one that its name and header call for.
fn open_text(
    path: &Path,
    shown: &str,
    options: &FlatOptions,
    notes: &mut Vec<Note>,
) -> Result<(Records, Delimited), LoadError> {
    let lower = shown.to_lowercase();
    let tabs = [".tsv", ".tab"].iter().any(|end| lower.trim_end_matches(".gz").ends_with(end));
    let mut format = Delimited {
        delimiter: options.delimiter.unwrap_or(if tabs { b'\t' } else { b',' }),
        quote: Some(b'"'),
        encoding: options.encoding.unwrap_or(Encoding::Utf8),
        decimal: options.decimal.unwrap_or(Decimal::Point),
        header: Header::FirstRow,
    };
    let opened = Records::open(path, shown, &format);
    match (opened, options.delimiter) {
        (Err(LoadError::Header(fault)), None) if format.delimiter == b',' => {
            format.delimiter = b';';
            let Ok(records) = Records::open(path, shown, &format) else { return Err(LoadError::Header(fault)) };
            let delimiter = delimiter_name(format.delimiter);
            notes.push(Note::plain(shown, &format!("read with delimiter {delimiter}, which cuts the header")));
            Ok((records, format))
        }
        (opened, _) => Ok((opened?, format)),
    }
}

/// Names that a formula could not tell apart, or not name at all.
pub(super) fn check_names(header: &[String], wanted: &dyn Fn(&str) -> bool, shown: &str) -> Result<(), LoadError> {
    let place = |i: usize| Place::row(shown, 1).in_column(format!("{} of {}", i + 1, header.len()));
    for (i, name) in header.iter().enumerate() {
        if name.is_empty() {
            let remedy = "give every column a name; a row that ends in a delimiter has one column more";
            return Err(LoadError::Header(Fault::new(place(i), "the column has no name", remedy)));
        }
        if wanted(name) && header[..i].contains(name) {
            let rule = "the column has the name of an earlier one";
            return Err(LoadError::Header(Fault::new(place(i), rule, "rename one of them")));
        }
    }
    Ok(())
}

/// Reads the kept fields of every record into their builders, columns side by side.
fn read_into(
    records: Records,
    keep: &[usize],
    builders: &mut [Builder],
    (path, shown): (&Path, &str),
    progress: &mut dyn Progress,
) -> Result<(FileRead, OddLines), LoadError> {
    let size = super::extract::size(path);
    let plan = BatchPlan { keep: keep.to_vec(), rows: BATCH_ROWS };
    let (mut batches, mut odd_lines) = (records.into_batches(plan), OddLines::default());
    while let Some(batch) = batches.next_batch()? {
        odd_lines.add(batch.odd_lines);
        builders.par_iter_mut().enumerate().for_each(|(field, builder)| builder.push_batch(&batch, field));
        progress.step(shown, batch.bytes_read, size);
    }
    Ok((batches.file_read().expect("the stream has ended").clone(), odd_lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::Quiet;
    use crate::table::{ColumnData, MISSING_WHOLE};
    use std::io::Write;

    fn read(text: &str, options: &FlatOptions) -> Result<Flat, LoadError> {
        let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read_flat(file.path(), "data.csv", options, &mut Quiet)
    }

    #[test]
    fn lines_that_are_no_record_are_counted() {
        let flat = read("a,b\n1,2\n\n\n3,\"x\ny\"\n\n4,z\n\n", &FlatOptions::default()).unwrap();
        let counted = flat.notes.iter().filter_map(|note| Some((note.unit.as_str(), note.count?)));
        assert_eq!((flat.table.n_rows(), counted.collect()), (3, vec![("rows", 1), ("lines", 3)]));
    }

    #[test]
    fn types_come_from_all_values() {
        let text =
            "whole,number,flag,text,zip,big\n1,1,TRUE,a,0301,9007199254740993\n,2.5,false,,0302,1\n-3,1e3,,b,1,2\n";
        let flat = read(text, &FlatOptions::default()).unwrap();
        let data = |name: &str| flat.table.column(name).unwrap().data.clone();
        assert_eq!(data("whole"), ColumnData::Whole(vec![1, MISSING_WHOLE, -3]));
        let ColumnData::Number(number) = data("number") else { panic!() };
        assert_eq!(number, [1.0, 2.5, 1000.0]);
        assert_eq!(data("flag"), ColumnData::Logical(vec![Some(true), Some(false), None]));
        let ColumnData::Factor(text) = data("text") else { panic!() };
        assert_eq!((text.levels, text.codes.get(1), text.codes.get(2)), (vec!["a".into(), "b".into()], None, Some(1)));
        let ColumnData::Factor(zip) = data("zip") else { panic!() };
        assert_eq!(zip.levels, ["0301", "0302", "1"]);
        let ColumnData::Factor(big) = data("big") else { panic!() };
        assert_eq!(big.levels.len(), 3);
        assert!(flat.notes.iter().any(|n| n.message.contains("begin with 0")));
        assert_eq!(flat.input.rows, 3);
    }

    #[test]
    fn numbers_that_turn_out_to_be_text_keep_their_spelling() {
        let flat = read("x,y\n1.50,1\n2,2\nn/a,x\n", &FlatOptions::default()).unwrap();
        let ColumnData::Factor(x) = &flat.table.column("x").unwrap().data else { panic!() };
        assert_eq!(x.levels, ["1.50", "2", "n/a"]);
        let ColumnData::Factor(y) = &flat.table.column("y").unwrap().data else { panic!() };
        assert_eq!(y.levels, ["1", "2", "x"]);
        assert!(flat.notes.iter().any(|n| n.message.contains("first in row 4")));
        let options = FlatOptions { missing: vec!["n/a".into()], ..FlatOptions::default() };
        let flat = read("x\n1.50\nn/a\n", &options).unwrap();
        let ColumnData::Number(x) = &flat.table.column("x").unwrap().data else { panic!() };
        assert!(x[0] == 1.5 && x[1].is_nan());
    }

    #[test]
    fn a_condition_keeps_the_rows_for_which_it_is_true() {
        let options = FlatOptions { condition: Some("age > 50 AND sex = 'F'".into()), ..FlatOptions::default() };
        let flat = read("age,sex,y\n60,F,1\n40,F,2\n60,M,3\n,F,4\n", &options).unwrap();
        assert_eq!(flat.table.column("y").unwrap().data, ColumnData::Whole(vec![1]));
        let options = FlatOptions { columns: Some(vec!["y".into()]), ..options };
        let flat = read("age,sex,y,z\n60,F,1,1\n", &options).unwrap();
        assert!(flat.table.column("z").is_none() && flat.header.len() == 4);
    }

    #[test]
    fn faults_have_their_row() {
        let error = read("a,b\n1,2\n\n3\n", &FlatOptions::default()).unwrap_err();
        assert!(error.to_string().starts_with("data.csv, row 4: 1 field where the header has 2"), "{error}");
        let error = read("a,a\n1,2\n", &FlatOptions::default()).unwrap_err();
        assert!(matches!(error, LoadError::Header(_)));
        let options = FlatOptions { condition: Some("nosuch > 1".into()), ..FlatOptions::default() };
        assert!(matches!(read("a\n1\n", &options), Err(LoadError::Condition(_))));
        let semicolons = read("a;b\n1;2\n", &FlatOptions::default()).unwrap();
        assert_eq!(semicolons.header, ["a", "b"]);
        let options = FlatOptions { delimiter: Some(b','), ..FlatOptions::default() };
        assert!(matches!(read("a;b\n1;2\n", &options), Err(LoadError::Header(_))));
    }
}
