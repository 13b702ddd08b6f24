//! Published or stored numbers held against a run, or against each other.
//!
//! A targets file ([`Targets`]) states what was printed: every number as text, because its decimals are its tolerance,
//! with its limits, counts, reference level and source. [`source`] examines the print by itself. One [`Verdict`] per
//! number says `reproduced`, `close`, `differs`, `source inconsistent` or `not covered`, and why; [`render`] writes them
//! as text, Markdown and JUnit XML.
//!
//! Reading order: `printed` (a number and its rounding), `targets` (what can be stated), `read` (TOML and CSV, cells as they
//! are typed), `source`, `lookup` (where a run has a number), `compare`, `hints`, `verdict`; `cohort` goes from a table to people.

pub mod cohort;
pub mod compare;
pub mod error;
pub mod hints;
mod lookup;
pub mod printed;
pub mod read;
pub mod render;
pub mod source;
pub mod targets;
pub mod update;
pub mod verdict;

/// The JSON Schema of a targets file, in the tree that TOML and JSON share.
pub const SCHEMA: &str = include_str!("targets.schema.json");

pub use compare::compare;
pub use error::TargetsError;
pub use hints::{Change, Rounding, Runs};
pub use printed::Printed;
pub use read::read;
pub use targets::{Measure, Row, Table, Targets};
pub use verdict::{Kind, Outcome, Verdict};
