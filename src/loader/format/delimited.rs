//! Delimited text: records by the `csv` crate over decoded text, handed on in batches of needed fields.
//!
//! Decoding, splitting into records and converting to types run as three stages beside each other; batches
//! arrive in the order of the file, so nothing depends on how many cores there are. Records with more or fewer fields than
//! the header are an error, told with the first of their rows and their number once the file was read to its end; a header
//! that the declared delimiter does not cut is one at once.

use super::FileRead;
use super::decode::{DecodeFault, DecodedText};
use crate::loader::Note;
use crate::loader::error::{Fault, LoadError, Place, counted};
use crate::study::{Delimited, Header};
use csv::{ByteRecord, ReaderBuilder};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

/// The records of one text file, in order.
pub struct Records {
    reader: csv::Reader<DecodedText>,
    file: String,
    header: Vec<String>,
    /// The first record of a file without a header, read to learn the number of fields.
    first: Option<(ByteRecord, u64)>,
    n_records: u64,
    /// The line on which the reader stands.
    line: u64,
    /// Lines since the last batch that are not a record each.
    odd_lines: OddLines,
    delimiter: u8,
    /// What the number of fields is compared with, in messages.
    has_header: bool,
    /// The first record with more or fewer fields than the header, and how many came after it.
    ragged: Option<(Fault, u64)>,
}

/// Rows of a file, of which only the needed fields are kept.
#[derive(Debug, Clone, Default)]
pub struct RawBatch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    n_fields: usize,
    /// The line on which each record begins.
    pub rows: Vec<u64>,
    /// Bytes of the file read when the batch was made.
    pub bytes_read: u64,
    /// Lines that are not a record each, before the end of the batch.
    pub odd_lines: OddLines,
}

/// Lines of a text file that are not a record each. Empty lines after the last record are none of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OddLines {
    /// Records that go over several lines, within quotes.
    pub records_over_several: u64,
    /// Empty lines before a record, which are passed over.
    pub empty: u64,
}

impl OddLines {
    /// Adds those of a further batch.
    pub(crate) fn add(&mut self, further: OddLines) {
        self.records_over_several += further.records_over_several;
        self.empty += further.empty;
    }

    /// What somebody should know of them; nothing where every line is a record.
    pub(crate) fn notes(self, file: &str) -> Vec<Note> {
        let found = [
            ("rows that go over several lines of the file, within quotes", self.records_over_several, "rows"),
            ("empty lines between the rows of the file, passed over", self.empty, "lines"),
        ];
        let note = |(message, n, unit): (&str, u64, &'static str)| (n > 0).then(|| Note::new(file, message, n, unit));
        found.into_iter().filter_map(note).collect()
    }
}

impl RawBatch {
    /// Number of records.
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// The `field`-th kept field of `row`. Panics when either is out of range.
    pub fn field(&self, row: usize, field: usize) -> &[u8] {
        let at = row * self.n_fields + field;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start..self.ends[at]]
    }

    fn push(&mut self, record: &ByteRecord, row: u64, plan: &BatchPlan) {
        for &field in &plan.keep {
            self.bytes.extend_from_slice(&record[field]);
            self.ends.push(self.bytes.len());
        }
        self.rows.push(row);
    }
}

/// What batches hold.
#[derive(Debug, Clone)]
pub struct BatchPlan {
    /// The fields that are kept, by place in the record.
    pub keep: Vec<usize>,
    /// Records in a batch.
    pub rows: usize,
}

/// Records in a batch: large enough to share out the work, small enough to stay in the cache.
pub const BATCH_ROWS: usize = 1 << 16;

impl Records {
    /// Opens `path`, called `shown` in messages, and reads its header. Errors: `File`, `Encoding`, `Header`.
    pub fn open(path: &Path, shown: &str, format: &Delimited) -> Result<Records, LoadError> {
        let text = DecodedText::open(path, shown, format.encoding)?;
        let reader = ReaderBuilder::new()
            .delimiter(format.delimiter)
            .has_headers(false)
            .quoting(format.quote.is_some())
            .quote(format.quote.unwrap_or(b'"'))
            .flexible(true)
            .buffer_capacity(1 << 17)
            .from_reader(text);
        let mut records = Records {
            reader,
            file: shown.to_string(),
            header: Vec::new(),
            first: None,
            n_records: 0,
            line: 1,
            odd_lines: OddLines::default(),
            delimiter: format.delimiter,
            has_header: format.header == Header::FirstRow,
            ragged: None,
        };
        let mut record = ByteRecord::new();
        let Some(row) = records.read_record(&mut record)? else {
            let rule = "the file is empty";
            return Err(LoadError::Header(Fault::new(Place::file(shown), rule, "have it delivered again")));
        };
        records.check_delimiter(&record)?;
        match &format.header {
            Header::FirstRow => {
                records.header = record.iter().map(|f| String::from_utf8_lossy(f).trim().to_string()).collect();
            }
            Header::Names(names) => {
                records.header.clone_from(names);
                records.first = Some((record, row));
            }
        }
        Ok(records)
    }

    /// The names of the columns, as they stand in the file or in the study.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// A header of one field that holds another usual delimiter was read with the wrong one.
    fn check_delimiter(&self, record: &ByteRecord) -> Result<(), LoadError> {
        if record.len() != 1 {
            return Ok(());
        }
        let Some(found) = other_delimiter(&record[0], self.delimiter) else { return Ok(()) };
        let rule = format!(
            "read with delimiter {}, the first row is a single field that holds {}",
            delimiter_name(self.delimiter),
            delimiter_name(found)
        );
        let remedy = format!("set delimiter = {}", delimiter_name(found));
        Err(LoadError::Header(Fault::new(Place::row(&*self.file, 1), rule, remedy)))
    }

    /// Reads the next record, whatever its length, and returns its row; `None` at the end.
    fn read_record(&mut self, record: &mut ByteRecord) -> Result<Option<u64>, LoadError> {
        if let Some((first, row)) = self.first.take() {
            *record = first;
            return Ok(Some(row));
        }
        match self.reader.read_byte_record(record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let before = std::mem::replace(&mut self.line, self.reader.position().line());
                if self.line == before + 1 {
                    return Ok(Some(before));
                }
                let inside = line_ends_inside(record);
                let row = self.line - 1 - inside;
                self.odd_lines.add(OddLines { records_over_several: u64::from(inside > 0), empty: row - before });
                Ok(Some(row))
            }
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Reads the next record of the data and returns its row; `None` at the end. Errors: `Ragged`, `Encoding`, `File`.
    pub fn read(&mut self, record: &mut ByteRecord) -> Result<Option<u64>, LoadError> {
        let Some(row) = self.read_record(record)? else { return Ok(None) };
        if record.len() != self.header.len() {
            return Err(LoadError::Ragged(self.ragged_record(record.len(), row)));
        }
        self.n_records += 1;
        Ok(Some(row))
    }

    fn ragged_record(&self, n_fields: usize, row: u64) -> Fault {
        let expected = self.header.len();
        let of = if self.has_header { "header" } else { "list of names" };
        let rule = format!(
            "{} where the {of} has {expected}",
            if n_fields == 1 { "1 field".to_string() } else { format!("{n_fields} fields") }
        );
        let delimiter = delimiter_name(self.delimiter);
        let remedy = if n_fields > expected {
            format!("a value that holds {delimiter} needs quotes at the source")
        } else {
            "the row is cut off, or a quote before it is not closed; repair it at the source".to_string()
        };
        Fault::new(Place::row(&*self.file, row), rule, remedy)
    }

    fn explain(&self, error: csv::Error) -> LoadError {
        let csv::ErrorKind::Io(error) = error.into_kind() else {
            let rule = "the file cannot be cut into records";
            return LoadError::File(Fault::new(Place::file(&*self.file), rule, "have the file delivered again"));
        };
        match error.get_ref().and_then(|e| e.downcast_ref::<DecodeFault>()) {
            Some(fault) => fault.of(&self.file),
            None => super::decode::unreadable(&self.file, &error),
        }
    }

    /// Reads the next record of the data that has as many fields as the header; the others are counted.
    fn read_even(&mut self, record: &mut ByteRecord) -> Result<Option<u64>, LoadError> {
        loop {
            match self.read(record) {
                Err(LoadError::Ragged(fault)) => match &mut self.ragged {
                    Some((_, further)) => *further += 1,
                    None => self.ragged = Some((fault, 0)),
                },
                other => return other,
            }
        }
    }

    /// The fault of the records with more or fewer fields than the header, once all were read.
    fn ragged_records(&mut self) -> Option<LoadError> {
        let (mut fault, further) = self.ragged.take()?;
        if further > 0 {
            let fit = if further == 1 { "does" } else { "do" };
            fault.rule += &format!(", and {} {fit} not fit it either", counted(further, "further row"));
        }
        Some(LoadError::Ragged(fault))
    }

    /// Fills `batch` with up to `plan.rows` records; an empty batch means the end.
    fn fill(&mut self, plan: &BatchPlan, record: &mut ByteRecord) -> Result<RawBatch, LoadError> {
        let mut batch = RawBatch { n_fields: plan.keep.len(), ..RawBatch::default() };
        batch.ends.reserve(plan.rows * plan.keep.len());
        batch.rows.reserve(plan.rows);
        while batch.n_rows() < plan.rows {
            let Some(row) = self.read_even(record)? else { break };
            batch.push(record, row, plan);
        }
        batch.bytes_read = self.reader.get_ref().bytes_read();
        batch.odd_lines = std::mem::take(&mut self.odd_lines);
        Ok(batch)
    }

    /// What was read, once the end was reached.
    fn file_read(&self) -> FileRead {
        let hash = self.reader.get_ref().hash().cloned();
        let (bytes, sha256) = hash.map_or((0, String::new()), |h| (h.bytes, h.sha256));
        FileRead { path: self.file.clone(), bytes, sha256, rows: self.n_records }
    }

    /// Reads the rest of the file on a thread of its own, batch by batch.
    pub fn into_batches(mut self, plan: BatchPlan) -> Batches {
        let (sender, receiver) = sync_channel(2);
        let spawned = std::thread::Builder::new().name("records".to_string()).spawn(move || {
            let mut record = ByteRecord::new();
            loop {
                let message = match self.fill(&plan, &mut record) {
                    Ok(batch) if batch.n_rows() == 0 => match self.ragged_records() {
                        Some(error) => Message::Fault(error),
                        None => Message::End(self.file_read()),
                    },
                    Ok(batch) => Message::Batch(batch),
                    Err(error) => Message::Fault(error),
                };
                let stop = !matches!(message, Message::Batch(_));
                if sender.send(message).is_err() || stop {
                    break;
                }
            }
        });
        // Without a thread the channel is closed, and `next_batch` says that reading stopped.
        drop(spawned);
        Batches { receiver, ended: None }
    }
}

enum Message {
    Batch(RawBatch),
    Fault(LoadError),
    End(FileRead),
}

/// The batches of one file, in order.
pub struct Batches {
    receiver: Receiver<Message>,
    ended: Option<FileRead>,
}

impl Batches {
    /// The next batch, or `None` at the end of the file.
    pub fn next_batch(&mut self) -> Result<Option<RawBatch>, LoadError> {
        if self.ended.is_some() {
            return Ok(None);
        }
        match self.receiver.recv() {
            Ok(Message::Batch(batch)) => Ok(Some(batch)),
            Ok(Message::Fault(error)) => Err(error),
            Ok(Message::End(file)) => {
                self.ended = Some(file);
                Ok(None)
            }
            Err(_) => {
                let fault =
                    Fault::new(Place::file("reading"), "a thread could not be started", "raise the process limit");
                Err(LoadError::File(fault))
            }
        }
    }

    /// What was read; `None` before the end.
    pub fn file_read(&self) -> Option<&FileRead> {
        self.ended.as_ref()
    }
}

/// Line ends inside quoted fields, which belong to the record; empty lines before it do not.
fn line_ends_inside(record: &ByteRecord) -> u64 {
    record.as_slice().iter().filter(|&&b| b == b'\n').count() as u64
}

/// A usual delimiter, other than `declared`, that `text` holds.
pub(crate) fn other_delimiter(text: &[u8], declared: u8) -> Option<u8> {
    [b';', b'\t', b'|', b','].into_iter().find(|&d| d != declared && text.contains(&d))
}

/// A delimiter as a message shows it.
pub(crate) fn delimiter_name(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "\"\\t\"".to_string(),
        other => format!("\"{}\"", char::from(other)),
    }
}

/// The places of columns in a header, compared without case.
///
/// `names` are the spellings a column may have; exactly one must be present once.
pub(crate) fn find_column(header: &[String], names: &[String]) -> Result<usize, (String, String)> {
    let places: Vec<usize> =
        (0..header.len()).filter(|&i| names.iter().any(|n| n.to_lowercase() == header[i].to_lowercase())).collect();
    let wanted = names.join(" or ");
    match places.as_slice() {
        [one] => Ok(*one),
        [] => Err((format!("there is no column {wanted}"), header_shown(header))),
        several => Err((
            format!("{} are called {wanted}", counted(several.len() as u64, "column")),
            "take the others out at the source, or name the column in `column` as it alone is spelt".to_string(),
        )),
    }
}

/// The names in a header, for a message. A first row that does not look like names may hold data, and is not shown.
fn header_shown(header: &[String]) -> String {
    let is_name = |h: &String| h.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '\u{feff}');
    if header.iter().all(is_name) {
        format!("the header has {}; name the column as it stands there", header.join(", "))
    } else {
        "the first row does not look like a header (not shown); if there is none, set header = [\"id\", …]".to_string()
    }
}
