//! The part of a report that says how well a model's assumptions hold.

use super::{TestResult, label_or};
use serde::{Deserialize, Serialize};

/// Score tests of proportional hazards against one function of time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProportionalHazards {
    /// Function of time: `km`, `rank`, `identity` or `log`.
    pub transform: String,
    /// The variance of the tests, always `model`: R's, also where the standard errors of the model are robust.
    pub variance: String,
    /// One test per term.
    pub terms: Vec<TermTest>,
    /// One test per coefficient.
    pub coefficients: Vec<TermTest>,
    /// All terms together.
    pub global: Option<TestResult>,
    /// The same against further functions of time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<ProportionalHazards>,
}

/// A named test.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TermTest {
    /// The term, or R's name of the coefficient.
    pub term: String,
    /// What tables print; the term when empty.
    pub label: String,
    /// The statistic.
    pub chisq: Option<f64>,
    /// Degrees of freedom.
    pub df: Option<f64>,
    /// P value.
    pub p: Option<f64>,
}

impl ProportionalHazards {
    /// This one and the others.
    pub fn all(&self) -> impl Iterator<Item = &ProportionalHazards> {
        std::iter::once(self).chain(&self.others)
    }

    /// The function of time in words.
    pub fn transform_in_words(&self) -> &str {
        match self.transform.as_str() {
            "km" => "the Kaplan-Meier transform of time",
            "rank" => "the rank of time",
            "identity" => "time",
            "log" => "the logarithm of time",
            other => other,
        }
    }
}

impl TermTest {
    /// What tables call it.
    pub fn title(&self) -> &str {
        label_or(&self.label, &self.term)
    }

    /// Its numbers.
    pub fn test(&self) -> TestResult {
        TestResult { chisq: self.chisq, df: self.df, p: self.p }
    }
}
