//! What a run found, as plain data, and the files that show it.
//!
//! [`Report`] is `results.json`: the pipeline fills it, nothing here computes a statistic. [`disclosure`] makes the
//! export copy of a report, [`tables`] lays a report out as tables, [`render`] writes tables as text, Markdown, CSV or
//! JSON, and [`folder`] puts the files on disk as one complete results folder.
//!
//! A value that is not available is `None`, `null` in JSON; NaN and infinity are never written. Times, thread counts
//! and memory are in [`Timings`], which the manifest and `--json` carry beside the report: a `Report` of the same
//! input has the same bytes on any machine.

mod bootstrap;
pub mod checklist;
mod codes;
mod comparison;
mod competing;
mod contrast;
mod covariates;
mod curve_files;
mod curves;
mod description;
mod diagnostics;
pub mod disclosure;
mod entry_rules;
pub mod error;
pub mod figure;
mod fitted;
pub mod folder;
mod interaction;
mod key_clean_up;
pub mod methods;
pub mod number;
mod penalised;
mod pooling;
mod ratio;
pub mod render;
mod sampl;
pub mod schema;
mod table_one;
pub mod tables;
pub(crate) mod terms;
mod time_varying;
pub(crate) mod words;

use crate::house_style::{Language, Style};
use number::NumberStyle;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use bootstrap::{Bootstrap, BootstrapInterval};
pub use codes::{CodeRows, CodeUse, ListUse, RowsInTime};
pub use comparison::ModelComparison;
pub use competing::CompetingRisks;
pub use contrast::Contrast;
pub use covariates::{Covariate, CovariateLevel, RecordCheck};
pub use curves::{
    BaselineHazard, CurveCovariate, CurvePoint, CurveQuantity, CurveSteps, Measure, StandardisedRisks, StandardisedRow,
    SurvivalCurve,
};
pub use description::{
    CauseIncidence, Curve, Description, GroupDescription, GroupRate, GroupTest, IncidenceCurve, MeanTime,
    ObservedExpected, PairTest, QuantilePoint, StandardisedRate, SurvivalPoint,
};
pub use diagnostics::{FunctionalForm, ProportionalHazards, TermTest, TimePoint, TimeSmooth};
pub use disclosure::{DisclosureStatement, Profile};
pub use entry_rules::{EntryRules, IndexRule, MatchingRule};
pub use error::ReportError;
pub use fitted::{
    Coefficient, Concordance, GlobalTests, LogPartialLikelihood, MissingCount, ModelLevel, ModelResult, Part,
    TermTests, TestResult, Warning,
};
pub use folder::{Existing, Manifest, OutputFolder};
pub use interaction::{AdditiveInteraction, Interaction, InteractionCell, InteractionRatio};
pub use key_clean_up::{KeyCleanUp, KeyLine};
pub use penalised::{Ridge, RidgeTerm, WaldStatement, WarningCell};
pub use pooling::{Imputation, PooledCoefficient, PooledTest, Pooling};
pub use ratio::Ratio;
pub use table_one::{NumberSummary, TableOne, TableOneCell, TableOneGroup, TableOneLevel, TableOneVariable};
pub use terms::{BasisUsed, Collapsed, CollapsedLevel, CurveRatio, Held, Knot, RatioAt, RatiosAt};
pub use time_varying::{HazardRatioAt, TimeVarying};

/// The version of the results file that this program writes; a change of a field's name or meaning changes it.
pub const SCHEMA: &str = "cohort-results/1";

/// `Some(value)` when it is finite: how a number that may not exist enters a report.
pub fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// An `n_rows` by `n_columns` matrix from its cells; cells that are not finite become `None`.
pub fn matrix(n_rows: usize, n_columns: usize, cell: impl Fn(usize, usize) -> f64) -> Matrix {
    (0..n_rows).map(|i| (0..n_columns).map(|j| finite(cell(i, j))).collect()).collect()
}

/// Rows of a matrix; `None` where a cell is not available.
pub type Matrix = Vec<Vec<Option<f64>>>;

/// Everything a run found: the content of `results.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Report {
    /// [`SCHEMA`] of the writer.
    pub schema: String,
    /// The program.
    pub software: Software,
    /// The study; `None` for a fit of a data file with a formula.
    pub study: Option<StudyInfo>,
    /// Settings shared by all models.
    pub settings: Settings,
    /// Every file read, in the order of the study file.
    pub inputs: Vec<Input>,
    /// How the keys of each extract linked.
    pub links: Vec<Link>,
    /// What the declared clean-up of keys did, linkage files first; only where one is declared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub key_clean_up: Vec<KeyCleanUp>,
    /// How the codes of each column meet the code lists that look at it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<CodeUse>,
    /// Rows of extracts over calendar time: by year where rows have no key, by month where claims may be late.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows_in_time: Vec<RowsInTime>,
    /// The rules by which persons came in; `None` for a data file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_rules: Option<EntryRules>,
    /// The flow of persons, first step first.
    pub attrition: Vec<AttritionStep>,
    /// What every covariate of the person-time is, in the order of the study; empty for a data file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub covariates: Vec<Covariate>,
    /// Whether the records keep the rules of person-time; empty for a data file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<RecordCheck>,
    /// How people were followed; `None` for a data file.
    pub follow_up: Option<FollowUp>,
    /// Why follow-up ended: one entry per reason, events included.
    pub exits: Vec<ExitCount>,
    /// All analysed persons together.
    pub total: Option<Counts>,
    /// Counts and rates of every level of every table variable, in table order.
    pub levels: Vec<LevelRow>,
    /// Who the persons are as they enter, by group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_one: Option<TableOne>,
    /// What the records hold before any model: survival, cumulative incidence, tests of groups, rates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub descriptions: Vec<Description>,
    /// The fitted models, in the order of the study.
    pub models: Vec<ModelResult>,
    /// The models against those nested in them; those of models whose own counts disclosure control hides are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<ModelComparison>,
    /// What rules did to the data, with counts.
    pub notes: Vec<Note>,
    /// What disclosure control did; `None` in the internal report.
    pub disclosure: Option<DisclosureStatement>,
}

impl Default for Report {
    fn default() -> Report {
        Report {
            schema: SCHEMA.to_string(),
            software: Software::default(),
            study: None,
            settings: Settings::default(),
            inputs: Vec::new(),
            links: Vec::new(),
            key_clean_up: Vec::new(),
            codes: Vec::new(),
            rows_in_time: Vec::new(),
            entry_rules: None,
            attrition: Vec::new(),
            covariates: Vec::new(),
            checks: Vec::new(),
            follow_up: None,
            exits: Vec::new(),
            total: None,
            levels: Vec::new(),
            table_one: None,
            descriptions: Vec::new(),
            models: Vec::new(),
            comparisons: Vec::new(),
            notes: Vec::new(),
            disclosure: None,
        }
    }
}

impl Report {
    /// The words of its language.
    pub(crate) fn words(&self) -> Language {
        self.settings.language
    }

    /// Whether its times are days since the index date, as in most studies; a data file has its own unit.
    pub(crate) fn counts_days(&self) -> bool {
        self.follow_up.as_ref().is_some_and(|f| f.scale == "since_index")
    }

    /// How its numbers are written for people.
    pub fn number_style(&self) -> NumberStyle {
        NumberStyle::of(self.settings.style, self.settings.language)
    }
}

/// The program that wrote the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Software {
    /// `cohort`.
    pub name: String,
    /// As `0.1.0`.
    pub version: String,
}

impl Default for Software {
    fn default() -> Software {
        Software { name: "cohort".to_string(), version: env!("CARGO_PKG_VERSION").to_string() }
    }
}

/// What the study file says about the study.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StudyInfo {
    /// Short name.
    pub name: String,
    /// Title of the report; may be empty.
    pub title: String,
    /// Remark printed under the title; may be empty.
    pub note: String,
    /// What is known from the publication that the study follows.
    pub known: Vec<String>,
    /// What the user chose, because the publication does not say it.
    pub chosen: Vec<String>,
}

/// Settings shared by all models of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// Confidence level of every interval, as 0.95.
    pub level: f64,
    /// Rates are per this many person-years.
    pub rate_per: f64,
    /// The language of what people read.
    pub language: Language,
    /// How numbers are written for people.
    pub style: Style,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { level: 0.95, rate_per: 1000.0, language: Language::English, style: Style::Plain }
    }
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Input {
    /// Name of the extract, code list or linkage it belongs to; may be empty.
    pub extract: String,
    /// As written in the study file or on the command line.
    pub path: String,
    /// Size in bytes.
    pub bytes: Option<u64>,
    /// SHA-256, hexadecimal.
    pub hash: String,
    /// Data rows, without the header.
    pub rows: Option<u64>,
}

/// How the keys of one extract linked to the population.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Link {
    /// Name of the extract.
    pub extract: String,
    /// Name of its key spelling; empty when the key needs no linkage file.
    pub spelling: String,
    /// Distinct keys in the extract.
    pub keys: Option<u64>,
    /// Of them, keys found in the linkage.
    pub matched: Option<u64>,
    /// Rows of the extract.
    pub rows: Option<u64>,
    /// Of them, rows whose key was found.
    pub rows_matched: Option<u64>,
    /// Rows without a key.
    pub rows_without_key: Option<u64>,
    /// Distinct keys that were found and stand in more than one row.
    pub repeated: Option<u64>,
    /// Whether disclosure control hid the counts.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// One step of the flow of persons.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AttritionStep {
    /// Number of the step; 0 is the population.
    pub step: usize,
    /// What the step asks, in the words of the study file.
    pub label: String,
    /// Persons left after the step.
    pub persons: Option<u64>,
    /// Persons that the step took out.
    pub excluded: Option<u64>,
    /// Comparison persons that matching added; they are among `persons`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<u64>,
    /// Of the persons left, those with the event during follow-up; `None` before index dates are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Of the persons taken out, those with the event during follow-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded_events: Option<u64>,
    /// Whether disclosure control hid the events.
    #[serde(skip_serializing_if = "is_false")]
    pub events_hidden: bool,
    /// Whether disclosure control hid `persons`.
    #[serde(skip_serializing_if = "is_false")]
    pub persons_hidden: bool,
    /// Whether disclosure control hid `excluded`.
    #[serde(skip_serializing_if = "is_false")]
    pub excluded_hidden: bool,
}

/// How people were followed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FollowUp {
    /// Time scale: `since_index`, `age` or `calendar`.
    pub scale: String,
    /// What starts follow-up, in words; may be empty.
    pub entry: String,
    /// Days before which nobody enters, beside the index date: entry is on the latest of them. Empty when everybody enters
    /// on the index date.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub late_entry: Vec<EntryDay>,
    /// Label of the event.
    pub event: String,
    /// Labels of the other exits, in the order of the study.
    pub exits: Vec<String>,
    /// Longest follow-up, as the study writes it (`730 days`).
    pub maximum: Option<String>,
    /// What happens to an event on the day of entry, as the study writes it (`exclude`).
    pub event_at_entry: Option<String>,
    /// What happens to an event between the index date and a late entry, as the study writes it (`exclude`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_between: Option<String>,
    /// What an event on the day of an exit means, as the study writes it (`event_first`, `exit_first`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_at_exit: Option<String>,
    /// Labels of the exits that come before an event on the same day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exit_first: Vec<String>,
}

/// A day before which nobody enters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EntryDay {
    /// `after_index` (a length of time after the index date), `day` or `column` (a date of each person).
    pub kind: String,
    /// As the study writes it: `30 days`, `2008-01-01`, `persons.consent`.
    pub value: String,
}

/// Persons whose follow-up ended for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExitCount {
    /// Label of the event or exit.
    pub reason: String,
    /// Persons.
    pub persons: Option<u64>,
    /// Whether disclosure control hid `persons`.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// Persons, events, person-time and rate of a group of people.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Counts {
    /// Persons with person-time in the group.
    pub persons: Option<u64>,
    /// Person-time records.
    pub records: Option<u64>,
    /// Events.
    pub events: Option<u64>,
    /// Person-time in days.
    pub person_time_days: Option<u64>,
    /// Person-time in years.
    pub person_years: Option<f64>,
    /// Events per [`Settings::rate_per`] person-years.
    pub rate: Option<f64>,
    /// Lower limit of the rate.
    pub rate_lower: Option<f64>,
    /// Upper limit of the rate.
    pub rate_upper: Option<f64>,
    /// Whether disclosure control hid the persons (and with them records and person-time).
    #[serde(skip_serializing_if = "is_false")]
    pub persons_hidden: bool,
    /// Whether disclosure control hid the events (and with them rate and person-time).
    #[serde(skip_serializing_if = "is_false")]
    pub events_hidden: bool,
}

/// Counts and rate of one level of a table variable.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LevelRow {
    /// Name of the variable, as formulas use it.
    pub variable: String,
    /// Label of the variable.
    pub label: String,
    /// The level as it stands in the data; empty for missing values.
    pub level: String,
    /// Label of the level.
    pub level_label: String,
    /// Whether this is the row of missing values.
    #[serde(skip_serializing_if = "is_false")]
    pub missing: bool,
    /// Its numbers.
    #[serde(flatten)]
    pub counts: Counts,
}

/// What a rule did to the data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Note {
    /// Extract, covariate or rule concerned.
    pub source: String,
    /// What happened, in words without the count: `identical rows collapsed`.
    pub message: String,
    /// How often; `None` when the note has no count.
    pub count: Option<u64>,
    /// What is counted: `rows`, `persons`, `records`.
    pub unit: String,
    /// Whether it says that nobody is in a group or had an event.
    #[serde(skip_serializing_if = "is_false")]
    pub empty: bool,
    /// Whether disclosure control hid the count.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// How long a run took and what it used. Never part of a report: it differs between runs of the same input.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Timings {
    /// Reading, linking and cutting person-time.
    pub load_seconds: Option<f64>,
    /// From columns in memory to designs, all models.
    pub design_seconds: Option<f64>,
    /// Fitting, all models.
    pub fit_seconds: Option<f64>,
    /// Writing the report in every format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_seconds: Option<f64>,
    /// Holding printed numbers against it, runs with one thing changed included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reproduce_seconds: Option<f64>,
    /// The whole run.
    pub total_seconds: Option<f64>,
    /// Largest memory of the process.
    pub peak_memory_bytes: Option<u64>,
    /// Worker threads.
    pub threads: Option<usize>,
}

/// The label, or the name where no label was given.
fn label_or<'a>(label: &'a str, name: &'a str) -> &'a str {
    if label.is_empty() { name } else { label }
}

fn is_false(value: &bool) -> bool {
    !value
}
