//! What every covariate of the person-time is, how many persons had no value, and what the records were checked for.

use super::{Report, is_false, label_or};
use crate::house_style::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A covariate of the person-time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Covariate {
    /// Its name, as formulas use it.
    pub name: String,
    /// Its label.
    pub label: String,
    /// Where its values come from, in words.
    pub source: String,
    /// `index`, `entry`: the value of that day for all of follow-up; `current`: it changes during follow-up.
    pub timing: String,
    /// Its levels in the order of the study; empty for a number.
    pub levels: Vec<CovariateLevel>,
    /// What the study does about missing values: `error`, `exclude`, `level unknown`, `value 0`.
    pub if_missing: String,
    /// Persons for whom it was worked out: those left after the last step (as of entry, those who enter); when it changes, those followed.
    pub persons: Option<u64>,
    /// Of them, persons whose source gives no value; when it changes, for some of their follow-up.
    pub missing_before: Option<u64>,
    /// Persons without a value in the end: they, or the person-time without one, are left out.
    pub missing_after: Option<u64>,
    /// Persons with a value that no rule covers, treated as the study's `unlisted` says.
    pub unlisted: Option<u64>,
    /// Persons whose value an override gives.
    pub overridden: Option<u64>,
    /// Whether disclosure control hid the counts.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

impl Report {
    /// What tables call a covariate: the name where the study has none of it.
    pub(super) fn covariate_title<'a>(&'a self, name: &'a str) -> &'a str {
        self.covariates.iter().find(|c| c.name == name).map_or(name, Covariate::title)
    }

    /// Titles of those of some covariates that change during follow-up, so that a person may have several levels.
    pub(super) fn changing(&self, names: impl Fn(&str) -> bool) -> Vec<String> {
        let changes = self.covariates.iter().filter(|c| c.timing == "current" && names(&c.name));
        changes.map(|c| c.title().to_owned()).collect()
    }
}

impl Covariate {
    /// What tables call it.
    pub(super) fn title(&self) -> &str {
        label_or(&self.label, &self.name)
    }

    /// The labels of its levels.
    pub(super) fn level_labels(&self) -> Vec<&str> {
        self.levels.iter().map(|l| label_or(&l.label, &l.level)).collect()
    }

    /// What the study does about missing values, with a level by its label.
    pub(super) fn if_missing_in_words(&self, w: Language) -> String {
        let named =
            self.if_missing.strip_prefix("level ").and_then(|name| self.levels.iter().find(|l| l.level == name));
        match named {
            Some(level) => w.if_missing_in_words(&format!("level {}", label_or(&level.label, &level.level))),
            None => w.if_missing_in_words(&self.if_missing),
        }
    }
}

/// A level of a covariate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CovariateLevel {
    /// The value that formulas use.
    pub level: String,
    /// What tables call it.
    pub label: String,
}

/// Records that break a rule of person-time, or events outside follow-up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RecordCheck {
    /// What was looked for: `overlap with the record before`.
    pub looked_for: String,
    /// What is counted: `records`, or `events`, also those that no record shows.
    pub of: String,
    /// Records or events found; events of one day of a person are one.
    pub found: Option<u64>,
    /// Persons with such a record or event.
    pub persons: Option<u64>,
    /// Whether disclosure control hid the counts.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}
