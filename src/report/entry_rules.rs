//! The rules of the study by which persons came in: index date and matching. They hold no count.

use super::is_false;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How persons came into the study.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EntryRules {
    /// The index date.
    pub index: IndexRule,
    /// The matched comparison group, if the study has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matching: Option<MatchingRule>,
}

/// Which day the index date of a person is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IndexRule {
    /// The extract whose rows are index events, or the population extract whose column is the index date.
    pub extract: String,
    /// The column of the date.
    pub column: String,
    /// Which of a person's rows: `first`, `last`, or `nth` with [`IndexRule::nth`]; empty where the date is a column of the
    /// population.
    pub pick: String,
    /// The so-manieth row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// The SQL condition on the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The code list of the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codelist: Option<String>,
    /// Earliest index date, as `2010-01-01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Latest index date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Youngest age in completed years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_from: Option<u32>,
    /// Oldest age in completed years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_to: Option<u32>,
    /// Time without such an event before, as the study writes it (`24 months`); `None` when there is no such rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub washout: Option<String>,
}

/// How comparison persons were drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MatchingRule {
    /// SQL expressions that are equal in a matched set.
    pub by: Vec<String>,
    /// Comparison persons for each exposed person.
    pub ratio: u32,
    /// Exposed persons with fewer left the study.
    pub at_least: u32,
    /// Whether a person may be a comparison person of several exposed persons.
    #[serde(skip_serializing_if = "is_false")]
    pub replacement: bool,
    /// Whether follow-up as a comparison person ends with an index event of one's own.
    #[serde(skip_serializing_if = "is_false")]
    pub until_exposed: bool,
    /// Seed of the sampling.
    pub seed: u64,
}
