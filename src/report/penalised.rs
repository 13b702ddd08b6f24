//! What reports hold of likelihoods other than the plain one.

use serde::{Deserialize, Serialize};

/// Wald's statements on a coefficient, where its interval and P value are those of the profile likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
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

/// Records behind a warning: counts, so disclosure control takes care of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WarningCell {
    /// What they are: `level Nordic of group`.
    pub what: String,
    /// How many.
    pub records: u64,
    /// How many of them end in an event.
    pub events: u64,
}
