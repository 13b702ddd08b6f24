//! Batches of typed columns on their way from a file's reader to whoever asked for them.

use super::{Message, StoredColumn, StoredError, StoredFormat, StoredType, UserMissing, Wanted};
use crate::table::MISSING_WHOLE;
use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;

/// Rows in a batch: large enough to share out the work, small enough to stay in the cache.
pub(super) const BATCH_ROWS: usize = 1 << 16;

/// Some rows of the wanted columns.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBatch {
    /// The number of the first row, counted from 1.
    pub first_row: u64,
    /// Number of rows.
    pub n_rows: usize,
    /// The wanted columns, in the order in which they were asked for.
    pub columns: Vec<Cells>,
}

/// The cells of a column in a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// Their values.
    pub values: StoredValues,
    /// Missing cells by the file's own kinds (`.`, `.a`, `user-missing`), counted. Empty text is not among them.
    pub missing: BTreeMap<String, u64>,
    /// Moments with a time of day, of which the day is kept.
    pub clocks_dropped: u64,
}

/// Typed values, one per row; each type has a mark of its own for a missing one.
#[derive(Debug, Clone, PartialEq)]
pub enum StoredValues {
    /// Texts; an empty one is missing.
    Text(Texts),
    /// Whole numbers; `i64::MIN` is missing.
    Whole(Vec<i64>),
    /// Numbers; NaN is missing.
    Number(Vec<f64>),
    /// Days since 1970-01-01, the first day for a month; `i32::MIN` is missing. A day beyond the calendar is the
    /// nearest other `i32`.
    Day(Vec<i32>),
    /// True or false; `None` is missing.
    Logical(Vec<Option<bool>>),
}

impl StoredValues {
    /// No values of the type that a column holds; one that is unfit gives numbers, which nobody asks for.
    pub fn empty(holds: &StoredType) -> StoredValues {
        match holds {
            StoredType::Text => StoredValues::Text(Texts::default()),
            StoredType::Whole => StoredValues::Whole(Vec::new()),
            StoredType::Day | StoredType::Moment | StoredType::Month => StoredValues::Day(Vec::new()),
            StoredType::Logical => StoredValues::Logical(Vec::new()),
            StoredType::Number | StoredType::Single | StoredType::Unfit(_) => StoredValues::Number(Vec::new()),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            StoredValues::Text(texts) => texts.len(),
            StoredValues::Whole(v) => v.len(),
            StoredValues::Number(v) => v.len(),
            StoredValues::Day(v) => v.len(),
            StoredValues::Logical(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Texts, one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// Adds a text at the end.
    pub fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len());
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The UTF-8 bytes of a text. Panics when there is no such row.
    pub fn get(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }
}

/// Gathers cells into batches and sends them.
pub(super) struct Sink<'a> {
    columns: Vec<Gathering<'a>>,
    sender: &'a SyncSender<Message>,
    /// Rows in earlier batches.
    sent: u64,
    /// Rows of the batch that is being filled.
    rows: usize,
}

/// The cells of one column so far.
pub(super) struct Gathering<'a> {
    pub(super) spec: &'a StoredColumn,
    pub(super) wanted: Wanted,
    cells: Cells,
}

impl<'a> Sink<'a> {
    pub(super) fn new(columns: Vec<(&'a StoredColumn, Wanted)>, sender: &'a SyncSender<Message>) -> Sink<'a> {
        let gathering = |(spec, wanted): (&'a StoredColumn, Wanted)| Gathering { spec, wanted, cells: Cells::of(spec) };
        Sink { columns: columns.into_iter().map(gathering).collect(), sender, sent: 0, rows: 0 }
    }

    pub(super) fn columns(&mut self) -> &mut [Gathering<'a>] {
        &mut self.columns
    }

    /// The number of the row that is being filled, from 1.
    pub(super) fn row(&self) -> u64 {
        self.sent + self.rows as u64 + 1
    }

    /// Ends `n` rows, of which every column has its cell. `false` when nobody wants more.
    pub(super) fn end_rows(&mut self, n: usize) -> bool {
        self.rows += n;
        self.rows < BATCH_ROWS || self.send()
    }

    fn send(&mut self) -> bool {
        let take = |c: &mut Gathering| std::mem::replace(&mut c.cells, Cells::of(c.spec));
        let columns = self.columns.iter_mut().map(take).collect();
        let batch = StoredBatch { first_row: self.sent + 1, n_rows: self.rows, columns };
        self.sent += self.rows as u64;
        self.rows = 0;
        self.sender.send(Ok(Some(batch))).is_ok()
    }

    /// Sends what is left. Errors: the file promises more rows, or fewer, than it holds.
    pub(super) fn finish(mut self, promised: Option<u64>, format: StoredFormat) -> Result<(), StoredError> {
        if self.rows > 0 && !self.send() {
            return Ok(());
        }
        match promised {
            Some(n) if n != self.sent => {
                let what = format!("it says that it has {n} rows and {} could be read", self.sent);
                Err(StoredError::damaged(format, &what))
            }
            _ => Ok(()),
        }
    }
}

impl Cells {
    fn of(spec: &StoredColumn) -> Cells {
        Cells { values: StoredValues::empty(&spec.holds), missing: BTreeMap::new(), clocks_dropped: 0 }
    }
}

impl Gathering<'_> {
    /// A cell that is missing, of a kind of the file's own.
    pub(super) fn missing(&mut self, kind: &str) {
        match self.cells.missing.get_mut(kind) {
            Some(n) => *n += 1,
            None => _ = self.cells.missing.insert(kind.to_string(), 1),
        }
        match &mut self.cells.values {
            StoredValues::Text(texts) => texts.push(""),
            StoredValues::Whole(v) => v.push(i64::MIN),
            StoredValues::Number(v) => v.push(f64::NAN),
            StoredValues::Day(v) => v.push(MISSING_WHOLE),
            StoredValues::Logical(v) => v.push(None),
        }
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) {
        let marked = |m: &UserMissing| matches!(m, UserMissing::Text(mark) if mark == text);
        if !self.wanted.keep_user_missing && self.spec.user_missing.iter().any(marked) {
            return self.missing(USER_MISSING);
        }
        if let StoredValues::Text(texts) = &mut self.cells.values {
            texts.push(text);
        }
    }

    /// A number that is not missing, in a column of numbers.
    pub(super) fn number(&mut self, x: f64) {
        if self.is_user_missing(x) {
            return self.missing(USER_MISSING);
        }
        match &mut self.cells.values {
            StoredValues::Number(v) => v.push(x),
            StoredValues::Whole(v) => v.push(x as i64),
            _ => {}
        }
    }

    /// Days since 1970-01-01, with any fraction of a day, in a column of days; `raw` is the number as stored.
    pub(super) fn day(&mut self, days: f64, raw: f64) {
        if self.is_user_missing(raw) {
            return self.missing(USER_MISSING);
        }
        if let StoredValues::Day(v) = &mut self.cells.values {
            // A cast beyond the range gives its end; the mark of a missing day is kept free.
            v.push((days.floor() as i32).max(MISSING_WHOLE + 1));
            self.cells.clocks_dropped += u64::from(days.fract() != 0.0);
        }
    }

    fn is_user_missing(&self, x: f64) -> bool {
        let marked = |m: &UserMissing| match m {
            UserMissing::Number(mark) => *mark == x,
            UserMissing::Range(low, high) => (*low..=*high).contains(&x),
            UserMissing::Text(_) => false,
        };
        !self.wanted.keep_user_missing && self.spec.user_missing.iter().any(marked)
    }
}

/// What a value is called that the file declares to mean missing.
const USER_MISSING: &str = "user-missing";
