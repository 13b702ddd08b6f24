//! From the extracts of a delivery to person-time records and the flow of persons.
//!
//! # How the files of this folder work together
//!
//! | file | does |
//! |---|---|
//! | `format/` | files to batches of fields or stored columns, each with its row |
//! | `schema`, `cells` | fields to typed values, by the declared types: column by column, cell by cell |
//! | `broken` | the rules that cells can break, and what is said about it |
//! | `values` | typed values of a column, and the texts that codes stand for |
//! | `condition` | SQL conditions over rows or persons |
//! | `keys`, `shapes` | keys packed and numbered; what they look like, without showing one |
//! | `key_shape`, `key_tally` | keys to their declared shape, and how many that changed or made one |
//! | `link`, `linkage` | the persons, numbered; the files that say which keys belong together |
//! | `key_reader` | the keys of an extract to person numbers |
//! | `codes` | code systems of rows; which codes occur, and which lists cover them |
//! | `births` | rows dated before the birth of their person |
//! | `rows_in_time` | rows by month, and how many have no key |
//! | `request` | which rows and columns of an extract somebody needs |
//! | `extract`, `collector` | an extract read once in batches: convert, link, filter, keep what was asked for |
//! | `rows`, `spells` | kept rows by person and day; which spell covers a day |
//! | `quality` | duplicates, contradictions, what was done to cells |
//! | `people` | persons with an index date, and what conditions see of them |
//! | `dated` | what dated sources say as of a day, and when they begin to say something else |
//! | `latest_rows`, `windows`, `clocks` | of them: the row that holds; rows in a window; time since a date |
//! | `covariate_rows`, `raw_values` | the rows that a covariate needs; raw values that are not dated |
//! | `covariate`, `recode`, `derived` | raw values to levels and numbers; what they became, and how |
//! | `eligibility`, `attrition` | index dates, steps in order, the flow of persons |
//! | `matching` | comparison persons for each exposed person |
//! | `ends`, `follow_up` | entry to the first of event, exits and maximum |
//! | `current` | covariates that change during follow-up, and the records they cut it into |
//! | `split`, `merge` | cutting person-time on several time scales; dated facts into intervals |
//! | `covariate_table` | what every covariate is, and how many had no value |
//! | `person_time` | the table, as Parquet and as CSV |
//! | `sanity` | whether the records keep the rules of person-time |
//! | `store`, `kept_builds` | person-time kept for the next run, and how much of it |
//! | `number_file` | columns of numbers as Parquet, piece by piece |
//! | `demand` | what the rules of a study ask of each extract |
//! | `delivery` | the extracts, each read once, and the index dates |
//! | `load` | all of it, in order |
//! | `flat`, `guessed_column` | a data file for `cohort fit DATA`, types found by looking |
//! | `flat_stored` | the same for Stata, SPSS and SAS files, types are the file's own |
//!
//! # Arrays and queries
//!
//! polars reads Parquet and evaluates the study's SQL. Linking, windows and spells are arrays by person number
//! instead of joins: rows are few per person, sorted once, and every question ("the first row after the index
//! date", "the spell that covers it") is a walk over a person's rows that reads as it is said. It also keeps memory
//! to what a rule asked for, and the result does not depend on the number of threads.
//!
//! Errors read place, rule, remedy; see [`error`]. Nothing is dropped, recoded or guessed in silence: what a
//! rule did is counted in a [`Note`].

pub(crate) mod attrition;
mod births;
mod broken;
mod cells;
mod clocks;
pub(crate) mod codes;
mod collector;
pub(crate) mod condition;
pub(crate) mod covariate;
mod covariate_rows;
mod covariate_table;
pub(crate) mod current;
pub(crate) mod dated;
mod delivery;
pub(crate) mod demand;
pub(crate) mod derived;
pub(crate) mod eligibility;
mod ends;
pub mod error;
pub(crate) mod extract;
pub mod flat;
mod flat_stored;
pub(crate) mod follow_up;
pub mod format;
mod guessed_column;
mod kept_builds;
mod key_reader;
mod key_shape;
mod key_tally;
pub(crate) mod keys;
mod latest_rows;
pub(crate) mod link;
pub(crate) mod linkage;
mod load;
mod matching;
pub mod merge;
mod number_file;
pub(crate) mod people;
pub(crate) mod person_time;
pub(crate) mod quality;
mod raw_values;
mod recode;
pub(crate) mod request;
pub(crate) mod row_places;
mod rows;
pub(crate) mod rows_in_time;
mod sanity;
pub(crate) mod schema;
mod shapes;
pub(crate) mod spells;
pub mod split;
mod store;
pub(crate) mod values;
mod windows;

pub use codes::{CodeRows, CodeUse, ListUse, describe_codelists};
pub use covariate_table::CovariateSource;
pub use demand::{columns_not_read, extracts_not_read};
pub use error::{Fault, LoadError, Place};
pub use flat::{Flat, FlatOptions, encoding_named, read_flat};
pub use format::FileRead;
pub use key_reader::LinkReport;
pub use key_tally::{KeyCleanUp, RowsAndKeys};
pub use load::load;
pub use number_file::{NumberColumn, NumberFile, NumberType};
pub use person_time::{CONTINUES, join_records, write_csv, write_parquet, write_stata};
pub use rows_in_time::{MonthRows, RowsByMonth};
pub use sanity::{Check, CheckOf, checks};
pub use store::Build;

use crate::table::Table;
use serde::{Deserialize, Serialize};

/// Person-time and how it came about.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// One row per person-time record, sorted by person and entry: `person` (Whole, a number that says nothing of
    /// the key), `entry` and `exit` (Whole days on the study's time scale), `event` (Logical), then the covariates in
    /// the order of the study: factors with their levels and labels (the reference first), numbers as Number.
    pub table: Table,
    /// What every covariate of the table is, in the order of the study.
    pub covariates: Vec<CovariateSource>,
    /// The flow of persons: the population first, then every step and rule, also those that took out nobody.
    pub attrition: Vec<AttritionStep>,
    /// Why follow-up ended, the event first, then the exits in the order of the study.
    pub exits: Vec<ExitCount>,
    /// Events outside follow-up, by where they lie; a part of the checks of the records.
    pub events_outside: Vec<Check>,
    /// How the keys of each extract linked, in the order of the study.
    pub links: Vec<LinkReport>,
    /// What the declared clean-up of keys did: linkage files first, then extracts in the order of the study; only where
    /// one is declared.
    pub clean_up: Vec<KeyCleanUp>,
    /// How the codes of each column meet the code lists that look at it, extracts in the order of the study.
    pub codes: Vec<CodeUse>,
    /// Rows of each extract by month, extracts in the order of the study.
    pub rows_by_month: Vec<RowsByMonth>,
    /// Every file that was read: linkage first, then extracts in the order of the study.
    pub inputs: Vec<Input>,
    /// What rules did to the data, with counts.
    pub notes: Vec<Note>,
    /// Whether it was made from the extracts or taken from an earlier run.
    pub build: Build,
}

/// One line of the flow of persons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttritionStep {
    /// What the step asks, in the words of the study.
    pub label: String,
    /// Persons left after it.
    pub persons: u64,
    /// Persons that it took out.
    pub excluded: u64,
    /// Comparison persons that matching added; they are among `persons`.
    pub added: Option<u64>,
    /// Of the persons left, those with the event during follow-up; `None` before index dates are known.
    pub events: Option<u64>,
    /// Of the persons taken out, those with the event during follow-up.
    pub excluded_events: Option<u64>,
}

/// Persons whose follow-up ended for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitCount {
    /// Label of the event or exit.
    pub reason: String,
    /// Persons.
    pub persons: u64,
    /// Whether the reason is the event.
    pub is_event: bool,
}

/// A file that was read, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Name of the extract; `linkage` for the linkage file.
    pub extract: String,
    /// The file.
    pub file: FileRead,
}

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
