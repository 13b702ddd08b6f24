//! What reports hold of likelihoods other than the plain one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Wald's statements on a coefficient, where its interval and P value are those of the profile likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WaldStatement {
    /// Estimate over standard error.
    pub z: Option<f64>,
    /// Two-sided P value.
    pub p: Option<f64>,
    /// Lower limit (log scale).
    pub lower: Option<f64>,
    /// Upper limit (log scale).
    pub upper: Option<f64>,
    /// Lower limit of the hazard ratio.
    pub hr_lower: Option<f64>,
    /// Upper limit of the hazard ratio.
    pub hr_upper: Option<f64>,
}

/// A ridge term: −(θ/2) Σ v β² is added to the log partial likelihood.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RidgeTerm {
    /// The term, as in the formula.
    pub term: String,
    /// θ.
    pub theta: f64,
    /// v of its columns: their variances, or 1 with `scale = FALSE`.
    pub variances: Vec<Option<f64>>,
}

/// What a ridge fit has beside others.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Ridge {
    /// The penalised terms.
    pub terms: Vec<RidgeTerm>,
    /// Effective degrees of freedom of every term of the model, in their order.
    pub df_per_term: Vec<Option<f64>>,
    /// Their sum: the degrees of freedom of the tests and of AIC and BIC.
    pub df: Option<f64>,
    /// The covariance H⁻¹ I H⁻¹ (R's `var2`); `covariance` is H⁻¹.
    pub covariance2: super::Matrix,
    /// Standard errors from it.
    pub se2: Vec<Option<f64>>,
}

/// Records behind a warning: counts, so disclosure control takes care of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WarningCell {
    /// What they are: `level Nordic of group`.
    pub what: String,
    /// How many.
    pub records: u64,
    /// How many of them end in an event.
    pub events: u64,
}
