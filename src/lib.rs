//! Cox proportional-hazards analysis of linked health-register cohorts.
//!
//! Data flow down this map; each stage uses only types of the stages above it:
//!
//! | module | takes | gives |
//! |---|---|---|
//! | [`day`], [`table`] | | a calendar date as a whole number; compact named columns |
//! | [`house_style`] | | the language and the journal's habits of what is written |
//! | [`conventions`] | | what R, Stata and SAS do where an analysis leaves a choice open |
//! | [`stored`] | a file of Stata, SPSS or SAS | its columns, as the file types them; and back |
//! | [`study`] | the text of a study file | [`study::Study`], checked |
//! | [`formula`] | the text of a model formula | terms, with the place of every fault |
//! | [`loader`] | a study and its extracts | person-time records and the attrition table |
//! | [`design`] | records and terms | a compact design: codes, not dummy columns |
//! | [`engine`] | arrays | a fitted Cox model |
//! | [`inference`] | fitted models | tests, contrasts, interaction analyses, concordance |
//! | [`describe`] | records | events, person-years, rates |
//! | [`report`] | statements | tables and files; computes no statistic |
//! | [`reproduce`] | printed numbers and a report | a verdict per number |
//! | [`pipeline`] | a study | all of it, in order |
//!
//! Invariants: `engine` sees arrays, never persons, files or terms. Files are opened in `stored`, `study`,
//! `loader`, `simulate`, `reproduce` (targets files) and `cli` only (`report` writes through a folder that `cli` hands it).
//! The library never prints,
//! exits, or reads the clock or the environment. The same input gives the same bytes for any thread count.
#![forbid(unsafe_code)]

pub mod cli;
pub mod conventions;
pub mod day;
pub mod describe;
pub mod design;
pub mod engine;
pub mod error;
pub mod formula;
pub mod house_style;
pub mod inference;
pub mod loader;
pub mod pipeline;
mod private;
pub mod report;
pub mod reproduce;
pub mod simulate;
pub mod stored;
pub mod study;
pub mod table;
