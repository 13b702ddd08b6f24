//! The study file: what the language can say, checked once, before any data are read.
//!
//! A study file is TOML. [`check::check`] reads its text and either returns a [`Study`] — every name resolved,
//! every required choice made, every file present — or all faults at once, in file order, each with line and column.
//! [`check_files::check_files`] then looks at the headers of the extracts. Nothing here reads a row of data.
//!
//! The as-written form is the TOML tree itself, read through [`spec`]: a derived `serde` structure stops at its
//! first fault, and a study file's faults are to be shown together.
//!
//! # How the language reads (for whoever writes a loader or a renderer)
//!
//! - **Files.** An extract is one or more files of the same shape. Paths are relative to `[study] data_folder`
//!   (itself relative to the study file); `*` and `?` match within one file or folder name. Code-list files are
//!   relative to the study file.
//! - **Persons.** Every extract has a person key. With `[linkage]`, a key is spelt in one of the declared spellings,
//!   and a person is a row of the first linkage file; further files reach the persons through a spelling they share
//!   with one before them. Without it, keys are compared as they stand (after [`Key::clean`], [`Key::strip_prefix`]
//!   and [`Key::width`]).
//! - **Missing.** Only an empty field is missing, unless the column lists other marks. A value that its declaration
//!   does not cover is an error that says file, row and column, unless the study says what to do.
//! - **SQL.** Row conditions over an extract name its declared columns. Conditions over persons (steps, `override`,
//!   `sql` covariates) name `index_date`, the columns of the population extract and the covariates. A person or row
//!   is taken when the condition is true; when it is unknown (a missing value) it is not, and that is counted.
//! - **Index.** An event index considers the rows that satisfy `where`, the codes *and* the window `from`..`to`
//!   (both included), and then picks. "First ever" is said by a step that excludes earlier events.
//! - **Windows.** `within = ["-24 months", "-1 day"]` includes both ends; offsets count from the index date, months
//!   by the calendar ([`crate::day::Day::add_months`]).
//! - **Spells.** `from` is the first and `to` the last day of a spell; an empty `to` is still open. Spells that
//!   overlap or touch (the next begins on the day after) are one spell.
//! - **Entry.** The index date, or a later day ([`LateEntry`]); time counts from the index date in both cases.
//! - **Exit.** Follow-up ends on the first of event, exits and maximum. An event on the day of an exit counts unless the
//!   study lets the exit come first ([`SameDay`]).
//! - **Covariates.** Each is derived in this order: the source's raw value; overrides (their persons skip the
//!   rest); recoding (prefix, code list, groups or cut points); `unlisted` for raw values that no rule
//!   covers; `if_missing`. A level or value given by `if_missing` stands from derivation on, so steps and other
//!   covariates see it. `if_missing = "exclude"` and `"error"` act after the last step. With `"imputed"` the value
//!   stays missing in person-time, and steps and other covariates see that it is.
//! - **Covariates that change.** With `at = "current"` the record (entry, exit] has the value that the covariate would
//!   have at index were its entry the index date, see [`Timing`]. Steps do not see it; `if_missing = "exclude"` leaves
//!   out the person-time without a value, never the person for what comes later.

pub mod check;
pub mod check_files;
mod codelist;
mod cohort;
mod covariate;
mod date_pattern;
mod dates;
pub mod describe;
pub mod disclosure;
mod extract;
pub mod fault;
pub(crate) mod files;
pub mod fit;
mod foreign;
mod header;
mod imputations;
mod late_entry;
mod linkage;
mod loader_part;
mod matching;
mod offsets;
mod output;
pub mod spec;
mod sql;
mod survey;
mod table_one;
mod template;

/// The JSON Schema of a study file, in the tree that TOML and JSON share; a date is a text there.
pub const SCHEMA: &str = include_str!("study.schema.json");

pub use check::{check, check_planned};
pub use check_files::check_files;
pub use codelist::{CodeItem, CodeList, Matching, Precedence};
pub use cohort::{
    AgeWindow, AtEntry, CodeCondition, CohortRules, Condition, Count, EventRows, Exit, ExitSource, FollowUp,
    FollowUpEvent, Index, IndexSource, Invalid, OnInvalid, Pick, SameDay, SameMonth, Spells, Step, StepKind, TimeScale,
    Washout,
};
pub use covariate::{
    Covariate, Cut, DateOf, FactorRules, IfMissing, Kind, Level, Lookback, LookbackStart, Measure, OnSameDay, Overlap,
    Override, PickRow, Recode, Source, Timing, Unlisted, YearAt,
};
pub use date_pattern::{DatePattern, PatternFault};
pub use dates::{DateFault, DateFormat, DateSpec, PlaceInMonth, Reading};
pub use describe::Describe;
pub use extract::{
    CharacterSet, Clean, CodeSpec, CodeSystem, ColumnKind, ColumnRef, ColumnSource, ColumnSpec, Conflict, Coverage,
    Decimal, Delimited, Encoding, Extract, FileFormat, Header, Identical, IfInvalid, InputFile, Key, Limits,
    RowsPerPerson,
};
pub use fault::{Fault, Place, StudyFaults};
pub(crate) use header::parquet_type;
pub use imputations::{Imputations, ImputedData};
pub use late_entry::{EntryDay, EventBetween, LateEntry};
pub use linkage::{Linkage, LinkageFile};
pub use loader_part::loader_part;
pub use matching::{ComparisonGroup, MatchVariable, MatchedColumn, Replacement, WhenExposed};
pub use offsets::{Offset, OffsetUnit, Window};
pub use output::{
    Adjust, CensoringTies, Contrast, Correction, Curve, CurveOf, Disclosure, FigureOptions, Format, ImageFormat,
    Interaction, Interval, Model, PREDICTIONS, PredictionReference, RESIDUALS, RatiosAt, Regression, ReportOptions,
    Resampling, Standardised, Ties, TimeTransform,
};
pub use sql::Sql;
pub(crate) use sql::silence_polars;
pub use survey::survey;
pub use table_one::{Differences, Numbers, TableOne};
pub use template::TEMPLATE;

use indexmap::IndexMap;
use std::ops::Range;
use std::path::PathBuf;

/// A byte range of the study file; [`Study::place`] turns it into line and column.
pub type Span = Range<usize>;

/// Code lists by name, in file order.
pub type Codelists = IndexMap<String, CodeList>;

/// A checked study: what is asked for, with every name resolved.
#[derive(Debug, Clone)]
pub struct Study {
    /// Short name, used for folders and in `results.json`.
    pub name: String,
    /// Title for reports; the name where none is given.
    pub title: String,
    /// A sentence to print above every result, if any.
    pub note: Option<String>,
    /// What is known from a published source ("known from the abstract: …").
    pub known: Vec<String>,
    /// What the user chose ("chosen by the user: …").
    pub chosen: Vec<String>,
    /// The study file, as the user wrote its path.
    pub path: PathBuf,
    /// The text of the study file (its hash goes into the manifest).
    pub text: String,
    /// The folder that extract files are relative to.
    pub data_folder: PathBuf,
    /// Where person-time is kept for the next run; `None`: nowhere.
    pub cache: Option<PathBuf>,
    /// How many builds that folder keeps, those stored last; at least 1.
    pub keep_builds: usize,
    /// The files that say which keys belong to one person; `None` when all extracts spell the key alike.
    pub linkage: Option<Linkage>,
    /// The extracts in file order.
    pub extracts: IndexMap<String, Extract>,
    /// The code lists in file order.
    pub codelists: Codelists,
    /// Who enters, and when.
    pub cohort: CohortRules,
    /// From entry to exit.
    pub follow_up: FollowUp,
    /// The covariates in file order (the order of the table's columns and of the tables).
    pub covariates: IndexMap<String, Covariate>,
    /// Indices into `covariates` in an order in which each is derived after those it needs.
    pub derivation_order: Vec<usize>,
    /// Completed data sets of the person-time; `None` when the study names none.
    pub imputations: Option<Imputations>,
    /// The models, in order; names are distinct.
    pub models: Vec<Model>,
    /// The interaction analyses, in order.
    pub interactions: Vec<Interaction>,
    /// Comparisons of covariate patterns, in order.
    pub contrasts: Vec<Contrast>,
    /// Survival curves, in order.
    pub curves: Vec<Curve>,
    /// Standardised risks, in order.
    pub standardised: Vec<Standardised>,
    /// What is described beside counts and rates; `None` when the study does not say.
    pub describe: Option<Describe>,
    /// What Table 1 shows; `None` when the study does not say.
    pub table_one: Option<TableOne>,
    /// What may leave; `None` when the study does not say, and then nothing is written for export.
    pub disclosure: Option<Disclosure>,
    /// How results look.
    pub report: ReportOptions,
}

impl Study {
    /// The extract that a checked name refers to. Panics when the name did not come from this study.
    pub fn extract(&self, name: &str) -> &Extract {
        self.extracts.get(name).expect("names of a checked study are resolved")
    }

    /// The column that a checked reference points at. Panics when the reference did not come from this study.
    pub fn column(&self, reference: &ColumnRef) -> &ColumnSpec {
        let columns = &self.extract(&reference.extract).columns;
        columns.get(&reference.column).expect("references of a checked study are resolved")
    }

    /// The code list that a checked name refers to. Panics when the name did not come from this study.
    pub fn codelist(&self, name: &str) -> &CodeList {
        self.codelists.get(name).expect("names of a checked study are resolved")
    }

    /// The name of a code list, if this is one of the study's.
    pub fn codelist_name(&self, list: &CodeList) -> Option<&str> {
        self.codelists.iter().find(|(_, known)| *known == list).map(|(name, _)| name.as_str())
    }

    /// All dated rows that rules look at: index, steps, event, exits, covariates.
    pub fn event_rows(&self) -> Vec<&EventRows> {
        let mut out = Vec::new();
        if let IndexSource::Event { rows, .. } = &self.cohort.index.source {
            out.push(rows);
        }
        out.extend(self.cohort.steps.iter().filter_map(|step| match &step.condition {
            Condition::Events { rows, .. } => Some(rows),
            _ => None,
        }));
        if let FollowUpEvent::Rows { rows, .. } = &self.follow_up.event {
            out.push(rows);
        }
        out.extend(self.follow_up.exits.iter().filter_map(|exit| match &exit.source {
            ExitSource::Rows(rows) => Some(rows),
            _ => None,
        }));
        out.extend(self.covariates.values().filter_map(|covariate| match &covariate.source {
            Source::Latest { rows, .. } | Source::Events { rows, .. } => Some(rows),
            _ => None,
        }));
        out
    }

    /// The population extract: one row per person.
    pub fn population(&self) -> &Extract {
        self.extract(&self.cohort.population)
    }

    /// Line and column (both from 1) of a part of the study file.
    pub fn place(&self, span: &Span) -> Place {
        Place::of(&self.text, span)
    }
}
