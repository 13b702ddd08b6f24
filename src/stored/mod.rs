//! Files of statistical programs: Stata `.dta`, SPSS `.sav` and `.zsav`, SAS `.sas7bdat`.
//!
//! A file of these says itself what its columns hold: text, numbers, days by a format of its own, labels of
//! values, and several kinds of missing values. [`Reader::open`] tells what is there; [`Reader::batches`] hands on
//! the wanted columns in batches of typed values, in the order of the file, from a thread of its own. Nothing is
//! interpreted beyond what the file says: a number without a date format is a number. What a study makes of the
//! columns is the loader's matter.
//!
//! [`Sheet`] writes typed columns as `.dta`, `.sav` or `.sas7bdat`.
//!
//! The bytes are read by the crates `dta`, `ambers` and `sas7bdat`. What a damaged file says of its own sizes is
//! checked here before those crates set memory aside for it, and a panic in one of them becomes an error.

mod batch;
mod sas;
mod sheet;
mod spss;
mod spss_index;
mod stata;
mod stata_lengths;
mod temporal;
mod write_sas;
mod write_spss;
mod write_stata;

pub use batch::{Cells, StoredBatch, StoredValues, Texts};
pub use sheet::{Sheet, SheetColumn, SheetValues, WriteError};

use batch::Sink;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The program whose format a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredFormat {
    /// Stata, `.dta`, of any release.
    Stata,
    /// SPSS, `.sav` and compressed `.zsav`.
    Spss,
    /// SAS, `.sas7bdat`.
    Sas,
}

impl StoredFormat {
    /// The format that a file's name ends in, without regard to case.
    pub fn of_name(name: &str) -> Option<StoredFormat> {
        let ending = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "dta" => Some(StoredFormat::Stata),
            "sav" | "zsav" => Some(StoredFormat::Spss),
            "sas7bdat" => Some(StoredFormat::Sas),
            _ => None,
        }
    }

    /// The program's name.
    pub fn name(self) -> &'static str {
        match self {
            StoredFormat::Stata => "Stata",
            StoredFormat::Spss => "SPSS",
            StoredFormat::Sas => "SAS",
        }
    }
}

/// What a column holds, by the file's own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredType {
    /// Text.
    Text,
    /// Whole numbers.
    Whole,
    /// Numbers.
    Number,
    /// Numbers of single precision, which hold whole numbers exactly up to 16,777,216 only (Stata's `float`).
    Single,
    /// True and false.
    Logical,
    /// Calendar days.
    Day,
    /// Days with a time of day, which is dropped.
    Moment,
    /// Months, as their first day.
    Month,
    /// Something that no column of a study can be, in words.
    Unfit(String),
}

impl fmt::Display for StoredType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoredType::Text => "text",
            StoredType::Whole => "whole number",
            StoredType::Number => "number",
            StoredType::Single => "number of single precision",
            StoredType::Logical => "true/false",
            StoredType::Day => "date",
            StoredType::Moment => "date with time of day",
            StoredType::Month => "month",
            StoredType::Unfit(what) => what,
        })
    }
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredColumn {
    /// Its name.
    pub name: String,
    /// What the file calls it in words; empty when it does not.
    pub label: String,
    /// What it holds.
    pub holds: StoredType,
    /// The display format as the file writes it (`%td`, `DATE11`, `F8.2`); empty when it has none.
    pub format: String,
    /// Labels of values, each value as its text, in the order of the file.
    pub value_labels: Vec<(String, String)>,
    /// Values that the file declares to mean missing (SPSS).
    pub user_missing: Vec<UserMissing>,
}

/// A value, or a range with both its ends, that a file declares to mean missing.
#[derive(Debug, Clone, PartialEq)]
pub enum UserMissing {
    /// One number.
    Number(f64),
    /// Numbers from the first to the second.
    Range(f64, f64),
    /// One text.
    Text(String),
}

/// A column to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Its place among [`Reader::columns`].
    pub column: usize,
    /// Whether values that the file declares to mean missing are handed on as values.
    pub keep_user_missing: bool,
}

/// What is wrong with a file: rule and remedy, and the row where one is known (the first record is row 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredError {
    /// The record.
    pub row: Option<u64>,
    /// The column.
    pub column: Option<String>,
    /// The rule that does not hold.
    pub rule: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for StoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.rule, self.remedy)
    }
}

impl std::error::Error for StoredError {}

impl StoredError {
    fn new(rule: impl Into<String>, remedy: impl Into<String>) -> StoredError {
        StoredError { row: None, column: None, rule: rule.into(), remedy: remedy.into() }
    }

    /// The file is not what it should be, or stops before its end.
    fn damaged(format: StoredFormat, what: &str) -> StoredError {
        let rule = format!("the file cannot be read as {}: {what}", format.name());
        StoredError::new(rule, "compare its size and checksum with the delivery note, or have it delivered again")
    }

    fn io(error: &std::io::Error) -> StoredError {
        let rule = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_string(),
            std::io::ErrorKind::PermissionDenied => "the file may not be read".to_string(),
            kind => format!("the file cannot be read ({kind})"),
        };
        StoredError::new(rule, "check the path, its permissions and the disk")
    }

    fn at(mut self, row: u64) -> StoredError {
        self.row = Some(row);
        self
    }

    fn in_column(mut self, column: &str) -> StoredError {
        self.column = Some(column.to_string());
        self
    }
}

/// A file whose columns are known and whose rows can be read, any number of times.
#[derive(Debug, Clone)]
pub struct Reader {
    path: PathBuf,
    format: StoredFormat,
    encoding: Option<&'static encoding_rs::Encoding>,
    columns: Vec<StoredColumn>,
    n_rows: Option<u64>,
    remarks: Vec<String>,
}

/// What a format's reader finds when it opens a file.
struct Opened {
    columns: Vec<StoredColumn>,
    /// Rows, where the file says how many there are.
    n_rows: Option<u64>,
    /// What somebody should know about the file.
    remarks: Vec<String>,
}

impl Reader {
    /// Opens `path` and reads what it says of its columns. `encoding` is for files that do not say how their text
    /// is encoded (Stata before release 14), Windows-1252 unless given; other files must be without it.
    ///
    /// Errors: a file that cannot be read, is cut off or not of this format, or has two columns of one name.
    pub fn open(
        path: &Path,
        format: StoredFormat,
        encoding: Option<&'static encoding_rs::Encoding>,
    ) -> Result<Reader, StoredError> {
        if std::fs::metadata(path).map_err(|e| StoredError::io(&e))?.is_dir() {
            return Err(StoredError::new("is a folder, not a file", "name the file, or a pattern in it"));
        }
        let open = || match format {
            StoredFormat::Stata => stata::open(path, encoding),
            StoredFormat::Spss => spss::open(path),
            StoredFormat::Sas => sas::open(path),
        };
        // On a thread with the readers' name, so that a panic hook can tell.
        let opened = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name(READER_THREAD.to_string());
            let spawned = thread.spawn_scoped(scope, || guarded(format, open)).map_err(|e| StoredError::io(&e))?;
            spawned.join().unwrap_or_else(|_| Err(StoredError::damaged(format, "reading stopped early")))
        })?;
        let Opened { columns, n_rows, remarks } = opened;
        Ok(Reader { path: path.into(), format, encoding, columns, n_rows, remarks })
    }

    /// The columns, in the order of the file.
    pub fn columns(&self) -> &[StoredColumn] {
        &self.columns
    }

    /// Number of rows, where the file says it.
    pub fn n_rows(&self) -> Option<u64> {
        self.n_rows
    }

    /// What somebody should know about the file: guessed encodings, deleted rows.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Reads the wanted columns from the first row to the last; without any there is no batch.
    pub fn batches(&self, wanted: Vec<Wanted>) -> Batches {
        let (sender, receiver) = sync_channel(2);
        let reader = self.clone();
        // Without a thread the channel is closed, and `next_batch` says so.
        let spawned = std::thread::Builder::new().name(READER_THREAD.to_string()).spawn(move || {
            let outcome = guarded(reader.format, || reader.read(&wanted, &sender));
            // A receiver that is gone has found a fault of its own.
            let _ = sender.send(outcome.map(|_| None));
        });
        drop(spawned);
        Batches { receiver, format: self.format, n_rows: 0, ended: false }
    }

    fn read(&self, wanted: &[Wanted], sender: &SyncSender<Message>) -> Result<(), StoredError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let columns = wanted.iter().map(|w| (&self.columns[w.column], *w)).collect();
        let mut sink = Sink::new(columns, sender);
        match self.format {
            StoredFormat::Stata => stata::read(&self.path, self.encoding, &mut sink),
            StoredFormat::Spss => spss::read(&self.path, &mut sink),
            StoredFormat::Sas => sas::read(&self.path, &mut sink),
        }?;
        sink.finish(self.n_rows, self.format)
    }
}

/// The name of the threads in which files are read. A panic there is a damaged file and becomes an error, so a
/// panic hook may keep quiet about it.
pub const READER_THREAD: &str = "stored file";

/// Runs a reader; a panic in it is an error about the file.
fn guarded<T>(format: StoredFormat, read: impl FnOnce() -> Result<T, StoredError>) -> Result<T, StoredError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(StoredError::damaged(format, "its parts contradict each other")))
}

type Message = Result<Option<StoredBatch>, StoredError>;

/// The batches of one file, in order.
pub struct Batches {
    receiver: Receiver<Message>,
    format: StoredFormat,
    n_rows: u64,
    ended: bool,
}

impl Batches {
    /// The next batch, or `None` at the end of the file.
    pub fn next_batch(&mut self) -> Result<Option<StoredBatch>, StoredError> {
        if self.ended {
            return Ok(None);
        }
        let gone = || StoredError::damaged(self.format, "reading stopped early");
        let message = self.receiver.recv().unwrap_or_else(|_| Err(gone()));
        match &message {
            Ok(Some(batch)) => self.n_rows += batch.n_rows as u64,
            _ => self.ended = true,
        }
        message
    }

    /// Rows handed out so far.
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }
}
