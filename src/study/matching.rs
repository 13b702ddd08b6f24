//! A matched comparison group, sampled from the persons at risk on each index date.

use super::{Span, Sql};

/// For each person with an index event (the exposed), comparison persons who are at risk and without such an event on
/// the index date, and who equal the person in some variables. They get the index date of their exposed person.
#[derive(Debug, Clone)]
pub struct ComparisonGroup {
    /// Where it is written.
    pub span: Span,
    /// What both persons have the same values of.
    pub by: Vec<MatchVariable>,
    /// Comparison persons for each exposed person.
    pub ratio: u32,
    /// An exposed person with fewer comparison persons leaves the study.
    pub at_least: u32,
    /// Whether a person may be a comparison person of several exposed persons.
    pub replacement: Replacement,
    /// Seed of the sampling.
    pub seed: u64,
    /// What a comparison person's own index event after the index date means.
    pub when_exposed: WhenExposed,
}

/// An expression that has the same value in both persons of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchVariable {
    /// Over the columns of the population, the covariates at index and `index_date`.
    pub sql: Sql,
    /// Whether it names more than columns of the population: its value depends on the index date, which a comparison person
    /// has from the exposed person.
    pub at_index: bool,
}

/// Whether a person may be a comparison person of several exposed persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// Of several; of one exposed person still once only.
    With,
    /// Of one only.
    Without,
}

/// What a comparison person's own index event after the index date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenExposed {
    /// Follow-up as a comparison person ends on that day.
    Exit,
    /// Nothing: the person stays in the group of the index date.
    Stay,
}

/// What a covariate takes from the matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchedColumn {
    /// `comparison` or `exposed`.
    Group,
    /// The number of the matched set, from 1: a stratum of the model.
    Set,
}

impl MatchedColumn {
    /// The values of [`MatchedColumn::Group`].
    pub const GROUPS: [&str; 2] = ["comparison", "exposed"];
}
