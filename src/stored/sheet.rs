//! Typed columns to write as `.dta`, `.sav` or `.sas7bdat`, for other programs and for synthetic deliveries.
//!
//! The same columns give the same bytes: no clock, no name of a user or machine stands in a file.

use super::{write_sas, write_spss, write_stata};
use crate::table::{Codes, ColumnData, Factor, MISSING_WHOLE, Table};
use std::io::{self, Seek, Write};

/// Columns of equal length, to be written to one file.
#[derive(Debug, Clone, Default)]
pub struct Sheet<'a> {
    /// What the file calls itself; may be empty.
    pub label: String,
    /// The columns.
    pub columns: Vec<SheetColumn<'a>>,
}

/// One column of a sheet.
#[derive(Debug, Clone)]
pub struct SheetColumn<'a> {
    /// Its name: for Stata at most 32 letters, digits and `_` that do not begin with a digit.
    pub name: String,
    /// What it is, in words; may be empty.
    pub label: String,
    /// The values.
    pub values: SheetValues<'a>,
    /// Labels of whole values.
    pub value_labels: Vec<(i32, String)>,
}

/// The values of a column.
#[derive(Debug, Clone)]
pub enum SheetValues<'a> {
    /// Texts, stored as text; an empty one is missing.
    Text(Vec<&'a str>),
    /// Whole numbers; `i32::MIN` is missing.
    Whole(&'a [i32]),
    /// Numbers; NaN is missing.
    Number(&'a [f64]),
    /// Calendar days ([`crate::day::Day`] numbers), stored as dates with a date format; `i32::MIN` is missing.
    Day(&'a [i32]),
    /// Months, each given by its first day and stored with a format of months; `i32::MIN` is missing.
    Month(&'a [i32]),
    /// True or false, stored as 1 and 0; `None` is missing.
    Logical(&'a [Option<bool>]),
    /// Levels, each stored as its number in `numbers`.
    Coded {
        /// The level of every row.
        codes: &'a Codes,
        /// The number of every level.
        numbers: Vec<i32>,
    },
}

/// A cell on its way to a file.
pub(super) enum SheetCell<'a> {
    Missing,
    Whole(i32),
    Number(f64),
    /// Days since 1970-01-01.
    Day(i32),
    Text(&'a str),
}

/// Why a sheet cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The disk, or whatever the file is written to.
    #[error("the file cannot be written ({0})")]
    Io(#[from] io::Error),
    /// A column that the format cannot hold.
    #[error("column {column}: {rule}; {remedy}")]
    Column {
        /// The column.
        column: String,
        /// What the format does not allow.
        rule: String,
        /// What to do.
        remedy: String,
    },
    /// Columns that the format cannot hold together.
    #[error("{0}")]
    Sheet(String),
}

impl<'a> Sheet<'a> {
    /// The columns of a table. A factor whose levels are all whole numbers is stored as these, any other as 1, 2, …
    /// in the order of its levels (the reference is 1); either way its labels become value labels.
    pub fn of_table(table: &'a Table) -> Sheet<'a> {
        let column = |c: &'a crate::table::Column| {
            let (values, value_labels) = match &c.data {
                ColumnData::Factor(factor) => coded(factor),
                ColumnData::Number(v) => (SheetValues::Number(v), Vec::new()),
                ColumnData::Whole(v) => (SheetValues::Whole(v), Vec::new()),
                ColumnData::Day(v) => (SheetValues::Day(v), Vec::new()),
                ColumnData::Logical(v) => (SheetValues::Logical(v), Vec::new()),
            };
            SheetColumn { name: c.name.clone(), label: c.label.clone(), values, value_labels }
        };
        Sheet { label: String::new(), columns: table.columns().iter().map(column).collect() }
    }

    /// Number of rows; columns of different lengths are a fault of the caller, and an error when written.
    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.values.len())
    }

    /// Writes the sheet as Stata release 14 (`.dta` format 118, UTF-8), which Stata 14 and later read.
    ///
    /// Errors: a name that Stata does not allow, a text of more than 2045 bytes, a whole number above 2,147,483,620.
    pub fn write_stata<W: Write + Seek>(&self, out: W) -> Result<(), WriteError> {
        self.check()?;
        write_stata::write(self, out)
    }

    /// Writes the sheet as SPSS `.sav`, uncompressed, UTF-8.
    ///
    /// Errors: names that are equal but for case, a text of more than 255 bytes, a label that SPSS does not hold.
    pub fn write_spss<W: Write>(&self, out: W) -> Result<(), WriteError> {
        self.check()?;
        write_spss::write(self, out)
    }

    /// Writes the sheet as SAS `.sas7bdat`, uncompressed, UTF-8. Read by this program, ReadStat and pandas; SAS itself
    /// was never asked, so it serves rehearsals only.
    ///
    /// Errors: a name longer than 32 bytes or equal but for case, a text of more than 32,767 bytes, value labels.
    pub fn write_sas<W: Write>(&self, out: W) -> Result<(), WriteError> {
        self.check()?;
        write_sas::write(self, out)
    }

    fn check(&self) -> Result<(), WriteError> {
        if self.columns.is_empty() {
            return Err(WriteError::Sheet("a file needs a column".into()));
        }
        match self.columns.iter().all(|c| c.values.len() == self.n_rows()) {
            true => Ok(()),
            false => Err(WriteError::Sheet("columns of a file have one length".into())),
        }
    }
}

fn coded(factor: &Factor) -> (SheetValues<'_>, Vec<(i32, String)>) {
    let plain = |level: &String| level.parse::<i32>().ok().filter(|x| x.to_string() == *level && *x != MISSING_WHOLE);
    let own: Option<Vec<i32>> = factor.levels.iter().map(plain).collect();
    let numbers = own.unwrap_or_else(|| (1..=factor.levels.len() as i32).collect());
    let labels = numbers.iter().copied().zip(factor.labels.iter().cloned()).collect();
    (SheetValues::Coded { codes: &factor.codes, numbers }, labels)
}

impl SheetColumn<'_> {
    pub(super) fn fault(&self, rule: impl Into<String>, remedy: &str) -> WriteError {
        WriteError::Column { column: self.name.clone(), rule: rule.into(), remedy: remedy.into() }
    }

    /// Bytes of the longest text; `None` for a column that is none.
    pub(super) fn text_width(&self) -> Option<usize> {
        match &self.values {
            SheetValues::Text(texts) => Some(texts.iter().map(|t| t.len()).max().unwrap_or(0).max(1)),
            _ => None,
        }
    }
}

impl SheetValues<'_> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            SheetValues::Text(v) => v.len(),
            SheetValues::Whole(v) | SheetValues::Day(v) | SheetValues::Month(v) => v.len(),
            SheetValues::Number(v) => v.len(),
            SheetValues::Logical(v) => v.len(),
            SheetValues::Coded { codes, .. } => codes.len(),
        }
    }

    /// Whether the values are texts.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, SheetValues::Text(_))
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn cell(&self, row: usize) -> SheetCell<'_> {
        match self {
            SheetValues::Text(v) => SheetCell::Text(v[row]),
            SheetValues::Whole(v) | SheetValues::Day(v) | SheetValues::Month(v) if v[row] == MISSING_WHOLE => {
                SheetCell::Missing
            }
            SheetValues::Whole(v) => SheetCell::Whole(v[row]),
            SheetValues::Day(v) | SheetValues::Month(v) => SheetCell::Day(v[row]),
            SheetValues::Number(v) if v[row].is_nan() => SheetCell::Missing,
            SheetValues::Number(v) => SheetCell::Number(v[row]),
            SheetValues::Logical(v) => v[row].map_or(SheetCell::Missing, |b| SheetCell::Whole(i32::from(b))),
            SheetValues::Coded { codes, numbers } => {
                codes.get(row).map_or(SheetCell::Missing, |code| SheetCell::Whole(numbers[code as usize]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::day::Day;
    use crate::stored::{Reader, StoredBatch, StoredColumn, StoredFormat, StoredType, StoredValues, Wanted};
    use std::fs::File;

    /// A sheet written and read again: its columns and its only batch.
    fn there_and_back(sheet: &Sheet, format: StoredFormat) -> (Vec<StoredColumn>, StoredBatch) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sheet");
        let file = File::create(&path).unwrap();
        match format {
            StoredFormat::Stata => sheet.write_stata(file).unwrap(),
            StoredFormat::Spss => sheet.write_spss(file).unwrap(),
            StoredFormat::Sas => sheet.write_sas(file).unwrap(),
        }
        let reader = Reader::open(&path, format, None).unwrap();
        let wanted = |column| Wanted { column, keep_user_missing: false };
        let mut batches = reader.batches((0..reader.columns().len()).map(wanted).collect());
        let batch = batches.next_batch().unwrap().unwrap();
        assert_eq!(batches.next_batch().unwrap(), None);
        (reader.columns().to_vec(), batch)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let day = Day::from_ymd(2015, 6, 30).unwrap().0;
        let days = [day, MISSING_WHOLE, -30_000];
        let codes = Codes::pack([Some(1), None, Some(0)], 2);
        let column =
            |name: &str, values| SheetColumn { name: name.into(), label: String::new(), values, value_labels: vec![] };
        let mut group = column("group", SheetValues::Coded { codes: &codes, numbers: vec![1, 2] });
        group.label = "Gruppe, s\u{f8}r".into();
        group.value_labels = vec![(2, "\u{f8}st".into()), (1, "vest".into())];
        let columns = vec![
            column("id", SheetValues::Text(vec!["0301", "\u{e5}ttebokstaver og mer", ""])),
            column("birth", SheetValues::Day(&days)),
            column("income", SheetValues::Number(&[1.5, f64::NAN, -2.25e9])),
            column("visits", SheetValues::Whole(&[3, 0, MISSING_WHOLE])),
            column("dead", SheetValues::Logical(&[Some(true), Some(false), None])),
            group,
        ];
        let mut sheet = Sheet { label: "a sheet".into(), columns };
        for format in [StoredFormat::Stata, StoredFormat::Spss, StoredFormat::Sas] {
            if format == StoredFormat::Sas {
                let refused = sheet.write_sas(Vec::new()).unwrap_err().to_string();
                assert!(refused.starts_with("column group: a SAS file holds no value labels"), "{refused}");
                sheet.columns[5].value_labels.clear();
            }
            let (columns, batch) = there_and_back(&sheet, format);
            let holds: Vec<&StoredType> = columns.iter().map(|c| &c.holds).collect();
            assert_eq!(holds[..3], [&StoredType::Text, &StoredType::Day, &StoredType::Number], "{format:?}");
            assert_eq!(columns[5].label, "Gruppe, s\u{f8}r");
            let mut labels = columns[5].value_labels.clone();
            labels.sort();
            let expected = [("1".to_string(), "vest".to_string()), ("2".into(), "\u{f8}st".into())];
            assert_eq!(labels, if format == StoredFormat::Sas { &[][..] } else { &expected });
            let StoredValues::Text(texts) = &batch.columns[0].values else { panic!() };
            assert_eq!(
                (0..3).map(|i| texts.get(i)).collect::<Vec<_>>(),
                [&b"0301"[..], "\u{e5}ttebokstaver og mer".as_bytes(), b""]
            );
            assert_eq!(batch.columns[1].values, StoredValues::Day(vec![day, MISSING_WHOLE, -30_000]));
            assert_eq!(batch.columns[1].missing.get("."), Some(&1));
            let StoredValues::Number(income) = &batch.columns[2].values else { panic!() };
            assert!(income[0] == 1.5 && income[1].is_nan() && income[2] == -2.25e9);
            let numbers = |i: usize| match &batch.columns[i].values {
                StoredValues::Whole(v) => v.iter().map(|&x| (x != i64::MIN).then_some(x)).collect::<Vec<_>>(),
                StoredValues::Number(v) => v.iter().map(|&x| (!x.is_nan()).then_some(x as i64)).collect(),
                other => panic!("{other:?}"),
            };
            assert_eq!(numbers(3), [Some(3), Some(0), None]);
            assert_eq!(numbers(4), [Some(1), Some(0), None]);
            assert_eq!(numbers(5), [Some(2), None, Some(1)]);
        }
    }

    /// Descriptions and rows over several pages, rows wider than a page of the usual size, days and months.
    #[test]
    fn a_sas_file_of_many_columns_and_rows_is_read_again() {
        let (n_columns, n_rows) = (4_500, 40);
        let numbers: Vec<Vec<f64>> =
            (0..n_columns).map(|c| (0..n_rows).map(|r| f64::from(c * 100 + r) + 0.25).collect()).collect();
        let mut columns: Vec<SheetColumn> = numbers
            .iter()
            .enumerate()
            .map(|(c, values)| SheetColumn {
                name: format!("a_rather_long_name_{c}"),
                label: format!("number {c}"),
                values: SheetValues::Number(values),
                value_labels: vec![],
            })
            .collect();
        let long = "x".repeat(40_000 - 8_000);
        let first = Day::from_ymd(2015, 6, 1).unwrap().0;
        let months: Vec<i32> = (0..n_rows).map(|r| if r == 3 { MISSING_WHOLE } else { first + r }).collect();
        let texts = (0..n_rows).map(|r| if r == 39 { long.as_str() } else { "" }).collect();
        let column =
            |name: &str, values| SheetColumn { name: name.into(), label: String::new(), values, value_labels: vec![] };
        columns.insert(1, column("text", SheetValues::Text(texts)));
        columns.push(column("month", SheetValues::Month(&months)));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wide");
        Sheet { label: String::new(), columns }.write_sas(File::create(&path).unwrap()).unwrap();
        let reader = Reader::open(&path, StoredFormat::Sas, None).unwrap();
        assert_eq!((reader.columns().len(), reader.n_rows()), (4_502, Some(40)));
        assert_eq!(reader.columns()[4_500].name, "a_rather_long_name_4499");
        assert_eq!(
            (reader.columns()[4_500].label.as_str(), &reader.columns()[4_501].holds),
            ("number 4499", &StoredType::Month)
        );
        let wanted = |column| Wanted { column, keep_user_missing: false };
        let mut batches = reader.batches([1, 0, 4_500, 4_501].map(wanted).to_vec());
        let (mut seen, mut n) = (Vec::new(), 0);
        while let Some(batch) = batches.next_batch().unwrap() {
            let StoredValues::Text(texts) = &batch.columns[0].values else { panic!() };
            let StoredValues::Number(last) = &batch.columns[2].values else { panic!() };
            let StoredValues::Day(months) = &batch.columns[3].values else { panic!() };
            for row in 0..batch.n_rows {
                seen.push((texts.get(row).len(), last[row], months[row]));
            }
            n += batch.n_rows;
        }
        let july = Day::from_ymd(2015, 7, 1).unwrap().0;
        let month = |r: i32| {
            if r == 3 {
                MISSING_WHOLE
            } else if r < 30 {
                first
            } else {
                july
            }
        };
        let expected: Vec<(usize, f64, i32)> =
            (0..40).map(|r| (if r == 39 { 32_000 } else { 0 }, f64::from(449_900 + r) + 0.25, month(r))).collect();
        assert_eq!((n, seen), (40, expected));
    }

    #[test]
    fn what_a_format_cannot_hold_is_an_error() {
        let column = |name: &str| SheetColumn {
            name: name.into(),
            label: String::new(),
            values: SheetValues::Whole(&[2_147_483_621]),
            value_labels: vec![],
        };
        let one = |name: &str| Sheet { label: String::new(), columns: vec![column(name)] };
        let stata = |name: &str| one(name).write_stata(std::io::Cursor::new(Vec::new())).unwrap_err().to_string();
        assert!(stata("x").starts_with("column x: a whole number is beyond what Stata holds"));
        assert!(stata("1x").contains("no digit first"));
        let twice = Sheet { label: String::new(), columns: vec![column("a"), column("A")] };
        assert!(twice.write_spss(Vec::new()).unwrap_err().to_string().contains("but for case"));
        assert!(twice.write_sas(Vec::new()).unwrap_err().to_string().contains("but for case"));
        let long = one("a_name_that_is_longer_than_sas_allows");
        assert!(long.write_sas(Vec::new()).unwrap_err().to_string().contains("32 bytes"));
    }
}
