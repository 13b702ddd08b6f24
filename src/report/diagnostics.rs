//! The part of a report that says how well a model's assumptions hold.

use super::{TestResult, label_or};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Score tests of proportional hazards against one function of time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
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
    /// The coefficients as they change with time; none unless asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub smooths: Vec<TimeSmooth>,
    /// The same against further functions of time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<ProportionalHazards>,
}

/// A named test.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
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

/// A coefficient as it changes with time: the scaled Schoenfeld residuals smoothed by a natural spline (4 df) over transformed
/// time, with a band of two standard errors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimeSmooth {
    /// R's name of the coefficient.
    pub coefficient: String,
    /// What tables print; the name when empty.
    pub label: String,
    /// At times by which given shares of the events have happened.
    pub at: Vec<TimePoint>,
    /// The curve, at equal distances of transformed time.
    pub curve: Vec<TimePoint>,
}

/// A log hazard ratio at one time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimePoint {
    /// Share of the events that have happened by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// The time.
    pub time: Option<f64>,
    /// Its transform.
    pub transformed: Option<f64>,
    /// Log hazard ratio.
    pub estimate: Option<f64>,
    /// Lower end of the band.
    pub lower: Option<f64>,
    /// Upper end of the band.
    pub upper: Option<f64>,
}

/// Check of the functional form of a number by cumulative martingale residuals.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FunctionalForm {
    /// The column.
    pub variable: String,
    /// What tables print; the name when empty.
    pub label: String,
    /// Largest distance of the cumulative residuals from zero.
    pub statistic: Option<f64>,
    /// The value at which it is.
    pub at: Option<f64>,
    /// (1 + simulated paths that went as far) / (1 + paths).
    pub p: Option<f64>,
    /// Simulated paths.
    pub paths: u32,
    /// Their seed.
    pub seed: u64,
}

impl TimeSmooth {
    /// What tables call the coefficient.
    pub fn title(&self) -> &str {
        label_or(&self.label, &self.coefficient)
    }
}

impl FunctionalForm {
    /// What tables call the variable.
    pub fn title(&self) -> &str {
        label_or(&self.label, &self.variable)
    }
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
