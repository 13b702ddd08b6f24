//! From the extracts of a delivery to person-time records and the flow of persons.
//!
//! # How the files of this folder work together
//!
//! | file | does |
//! |---|---|
//! | `format/` | files to batches of fields or stored columns, each with its row |
//! | `schema` | fields to typed values, by the declared types |
//! | `condition` | SQL conditions over rows or persons |
//! | `flat` | a data file for `cohort fit DATA`, types found by looking |
//!
//! Errors read place, rule, remedy; see [`error`]. Nothing is dropped, recoded or guessed in silence: what a
//! rule did is counted in a [`Note`].

pub(crate) mod condition;
pub mod error;
pub mod flat;
pub mod format;
pub(crate) mod link;
pub(crate) mod schema;

pub use error::{Fault, LoadError, Place};
pub use flat::{Flat, FlatOptions, encoding_named, read_flat};
pub use format::FileRead;
pub use link::LinkReport;

/// Is told how far the work is. The library itself never prints.
pub trait Progress {
    /// `done` of `total` (bytes of a file, or persons) at the step called `label`; `None` when the end is not known.
    fn step(&mut self, label: &str, done: u64, total: Option<u64>);
}

/// Progress that nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn step(&mut self, _label: &str, _done: u64, _total: Option<u64>) {}
}

/// What a rule did to the data, or what somebody should know about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// File, extract, covariate or rule concerned.
    pub source: String,
    /// What happened, in words without the count.
    pub message: String,
    /// How often; `None` for a note without a count.
    pub count: Option<u64>,
    /// What is counted: `rows`, `persons`; empty without a count.
    pub unit: String,
}

impl Note {
    /// A counted note.
    pub fn new(source: &str, message: &str, count: u64, unit: &str) -> Note {
        Note { source: source.into(), message: message.into(), count: Some(count), unit: unit.into() }
    }

    /// A note without a count.
    pub fn plain(source: &str, message: &str) -> Note {
        Note { source: source.into(), message: message.into(), count: None, unit: String::new() }
    }
}
