//! Extracts as the study declares them: files, person key, columns, and what is promised about the rows.

use super::dates::DateSpec;
use super::{Span, Sql};
use crate::day::Day;
use crate::stored::StoredFormat;
use indexmap::IndexMap;
use std::fmt;
use std::path::PathBuf;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputFile {
    /// The path as the study writes it, globs resolved, relative to the data folder; what messages and reports show.
    pub written: String,
    /// Where it is.
    pub path: PathBuf,
}

/// How to read a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFormat {
    /// Delimited text; compressed when the name ends in `.gz`.
    Delimited(Delimited),
    /// Parquet: types are the file's own, checked against the declared ones.
    Parquet {
        /// The decimal mark of `number` columns that the file holds as text.
        decimal: Decimal,
    },
    /// Stata, SPSS or SAS: types, dates and labels are the file's own, checked against the declared types.
    Stored {
        /// Which of them.
        format: StoredFormat,
        /// How its text is encoded, where the file does not say it (Stata before release 14).
        encoding: Option<Encoding>,
        /// The decimal mark of `number` columns that the file holds as text.
        decimal: Decimal,
    },
}

impl FileFormat {
    /// The decimal mark of numbers that the file holds as text.
    pub fn decimal(&self) -> Decimal {
        match self {
            FileFormat::Delimited(Delimited { decimal, .. })
            | FileFormat::Parquet { decimal }
            | FileFormat::Stored { decimal, .. } => *decimal,
        }
    }
}

/// Delimited text. Nothing in a file says these, so the study does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delimited {
    /// The character between fields.
    pub delimiter: u8,
    /// The quoting character; `None` when quotes are ordinary characters.
    pub quote: Option<u8>,
    /// How bytes become characters.
    pub encoding: Encoding,
    /// The decimal mark of `number` columns.
    pub decimal: Decimal,
    /// Where column names come from.
    pub header: Header,
}

/// A character encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without byte-order mark.
    Utf8,
    /// Latin-1, read as its superset Windows-1252.
    Latin1,
    /// UTF-16; little-endian unless a byte-order mark says otherwise.
    Utf16,
}

impl Encoding {
    /// The decoder of `encoding_rs`.
    pub fn decoder(self) -> &'static encoding_rs::Encoding {
        match self {
            Encoding::Utf8 => encoding_rs::UTF_8,
            Encoding::Latin1 => encoding_rs::WINDOWS_1252,
            Encoding::Utf16 => encoding_rs::UTF_16LE,
        }
    }

    /// The name as the study writes it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Latin1 => "latin-1",
            Encoding::Utf16 => "utf-16",
        }
    }
}

/// The decimal mark of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    /// `1.5`
    Point,
    /// `1,5`
    Comma,
}

/// Where the column names of a delimited file come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Header {
    /// The first row.
    FirstRow,
    /// The study names the fields; every row is data.
    Names(Vec<String>),
}

/// One extract: files of the same shape.
#[derive(Debug, Clone)]
pub struct Extract {
    /// Its name in the study.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// The files, at least one, sorted by name.
    pub files: Vec<InputFile>,
    /// How to read them.
    pub format: FileFormat,
    /// The person key.
    pub key: Key,
    /// The declared columns, in the order written. Other columns of the files are not read.
    pub columns: IndexMap<String, ColumnSpec>,
    /// What is promised about rows of one person, and what to do when it does not hold.
    pub rows: RowsPerPerson,
    /// Rows to keep, over the declared columns; `None` keeps all.
    pub condition: Option<Sql>,
    /// The time the register covers.
    pub coverage: Coverage,
    /// The least share of its distinct keys that must be found; `None` is the linkage file's, or 0.9 without one.
    pub min_matched: Option<f64>,
}

/// The person key of an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where it is written.
    pub span: Span,
    /// Names of the key column; exactly one must be in a file's header, compared without case.
    pub aliases: Vec<String>,
    /// The spelling, one of [`super::LinkageFile::keys`]; `None` exactly when the study has no linkage file.
    pub spelling: Option<String>,
    /// Clean-up steps in order, before anything else is done to the key.
    pub clean: Vec<Clean>,
    /// Text to take off the front of the key; a key without it is an error.
    pub strip_prefix: Option<String>,
    /// Width to pad with leading zeros to, after stripping; a longer key is an error.
    pub width: Option<usize>,
}

/// Rows of one person in an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowsPerPerson {
    /// A person has one row at most.
    One {
        /// What to do with rows that are equal in every declared column.
        identical: Identical,
        /// What to do with rows of one person that differ.
        conflict: Conflict,
    },
    /// A person may have any number of rows.
    Many {
        /// What to do with rows that are equal in every declared column.
        identical: Identical,
    },
}

/// Rows that are equal in key and every declared column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identical {
    /// Kept as they are (`duplicates = "keep"`, the rule where a person may have many rows).
    Keep,
    /// An error (`"error"`, the rule where a person has one row).
    Error,
    /// Kept once, and counted (`"collapse_identical"`).
    Collapse,
}

/// Rows of one person that differ, in an extract with one row per person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// An error that counts the persons and names the columns.
    Error,
    /// The person leaves the study, on an attrition line.
    ExcludePerson,
    /// The row with the smallest value of this column stands (`on_conflict = { first_by = "…" }`); a tie is an error.
    FirstBy(String),
    /// The row with the largest value of this column stands; a tie is an error.
    LastBy(String),
}

/// The time that a register covers, as far as declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// First day of the register.
    pub from: Option<Day>,
    /// First day from which rows carry a usable key.
    pub key_complete_from: Option<Day>,
    /// Last day up to which all rows have arrived.
    pub complete_until: Option<Day>,
    /// Whether the study accepts to be run past `complete_until`; then the report prints rows per month.
    pub accept_incomplete: bool,
}

impl Extract {
    /// The first day on which its rows can be relied on, and how messages say it.
    pub fn reliable_from(&self) -> Option<(Day, &'static str)> {
        let rows = self.coverage.from.map(|day| (day, "begins"));
        let keys = self.coverage.key_complete_from.map(|day| (day, "has complete keys from"));
        rows.into_iter().chain(keys).max_by_key(|(day, _)| *day)
    }
}

/// A column of an extract.
#[derive(Debug, Clone)]
pub struct ColumnSpec {
    /// Its name in the study.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// The column or columns of the file.
    pub source: ColumnSource,
    /// What its fields hold.
    pub kind: ColumnKind,
    /// Further texts that mean missing; an empty field always does.
    pub missing: Vec<String>,
    /// Whether values that a file itself declares to mean missing (SPSS) are values all the same.
    pub keep_user_missing: bool,
}

/// Names of a column in the files, compared without case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnSource {
    /// One column; exactly one of these names must be in a file's header.
    One(Vec<String>),
    /// One column per year: names with `{year}` (four digits) or `{yy}` (two).
    Yearly {
        /// The name patterns; for each year exactly one must be in the header.
        patterns: Vec<String>,
        /// First year.
        first: i32,
        /// Last year.
        last: i32,
    },
}

impl ColumnSource {
    /// The names of a yearly column in `year`, one per pattern.
    pub fn names_in(patterns: &[String], year: i32) -> Vec<String> {
        let short = format!("{:02}", year.rem_euclid(100));
        patterns.iter().map(|p| p.replace("{year}", &year.to_string()).replace("{yy}", &short)).collect()
    }
}

/// What the fields of a column hold.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnKind {
    /// A calendar day.
    Date(DateSpec),
    /// One code: text, leading zeros kept.
    Code(CodeSpec),
    /// Several codes in a field, parted by `split`; empty parts are dropped.
    Codes {
        /// The text between codes.
        split: String,
        /// The rules for each code.
        code: CodeSpec,
    },
    /// A whole number.
    Whole {
        /// What to do with a field that is none, or outside its limits.
        if_invalid: IfInvalid,
        /// Between which numbers it lies.
        limits: Limits,
    },
    /// A real number, with the decimal mark of the extract.
    Number {
        /// What to do with a field that is none, or outside its limits.
        if_invalid: IfInvalid,
        /// Between which numbers it lies.
        limits: Limits,
    },
}

/// The numbers that can be true, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// The smallest.
    pub at_least: Option<f64>,
    /// The largest.
    pub at_most: Option<f64>,
    /// For years: the first of the hundred years that a field of two digits stands for; without it such a field is
    /// outside the limits.
    pub years_from: Option<i32>,
}

impl Limits {
    /// Whether a number lies within.
    pub fn contain(&self, x: f64) -> bool {
        self.at_least.is_none_or(|least| x >= least) && self.at_most.is_none_or(|most| x <= most)
    }
}

/// Rules for a code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeSpec {
    /// Clean-up steps in order; rows that each of them changes are counted.
    pub clean: Vec<Clean>,
    /// Width to pad with leading zeros to, after cleaning.
    pub pad_left: Option<usize>,
    /// The width every code must have after cleaning and padding.
    pub width: Option<usize>,
    /// The codes that may occur; `None` when any may.
    pub levels: Option<Vec<String>>,
    /// Which code system the codes are of, where the study says it.
    pub system: Option<CodeSystem>,
    /// What to do with a code of another width, or that is not among the levels.
    pub if_invalid: IfInvalid,
}

/// Which code system codes are of: `P76` is depression in ICPC-2 and a perinatal condition in ICD-10.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeSystem {
    /// All of one (`system = "ICPC-2"`).
    Is(String),
    /// What another code column of the row says (`system_column = "system"`).
    Column {
        /// Its name.
        column: String,
        /// The system of rows that say none (`blank_system`); `None` makes such a row with a code an error.
        blank: Option<String>,
    },
}

/// A field that its declaration does not cover.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IfInvalid {
    /// An error that names file, row and column and counts the rows.
    #[default]
    Error,
    /// Taken as missing, and counted.
    Missing,
}

/// A clean-up step of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clean {
    /// Drop blanks at both ends.
    Trim,
    /// To upper case.
    Upper,
    /// To lower case.
    Lower,
    /// Drop every `.`.
    DropDot,
    /// Drop every blank.
    DropBlank,
    /// Keep the first so many characters.
    Cut(usize),
    /// Drop every one of these characters.
    Drop(CharacterSet),
    /// Drop everything from the first of these characters on: a suffix, such as the term of `P76-0001`.
    From(CharacterSet),
}

/// Up to eight characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CharacterSet([Option<char>; 8]);

impl CharacterSet {
    /// The characters of a text; `None` when there is none, or more than eight.
    pub fn new(text: &str) -> Option<CharacterSet> {
        let mut set = [None; 8];
        let n = text.chars().count();
        text.chars().zip(&mut set).for_each(|(c, slot)| *slot = Some(c));
        (1..=8).contains(&n).then_some(CharacterSet(set))
    }

    fn has(self, c: char) -> bool {
        self.0.contains(&Some(c))
    }
}

impl fmt::Display for CharacterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().flatten().try_for_each(|c| write!(f, "{c}"))
    }
}

impl Clean {
    /// The code after this step.
    pub fn apply(self, code: &str) -> String {
        match self {
            Clean::Trim => code.trim().to_owned(),
            Clean::Upper => code.to_uppercase(),
            Clean::Lower => code.to_lowercase(),
            Clean::DropDot => code.replace('.', ""),
            Clean::DropBlank => code.chars().filter(|c| !c.is_whitespace()).collect(),
            Clean::Cut(n) => code.chars().take(n).collect(),
            Clean::Drop(set) => code.chars().filter(|c| !set.has(*c)).collect(),
            Clean::From(set) => code.chars().take_while(|c| !set.has(*c)).collect(),
        }
    }
}

/// A column of an extract, by name; resolved in a checked study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRef {
    /// Name of the extract.
    pub extract: String,
    /// Name of the column in the study.
    pub column: String,
}
