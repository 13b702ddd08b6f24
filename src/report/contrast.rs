//! The part of a report that comparisons of covariate patterns fill.

use super::bootstrap::BootstrapInterval;
use super::is_false;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The hazard ratio of two covariate patterns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Contrast {
    /// What tables print; `comparison` when empty.
    pub label: String,
    /// The comparison as written: `group=b, age=60 vs group=a, age=50`.
    pub comparison: String,
    /// What each coefficient is multiplied with; the sum is the log hazard ratio. `None` where that changes with time.
    pub weights: Vec<Option<f64>>,
    /// Log hazard ratio; `None` when it cannot be estimated.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// Estimate over standard error.
    pub z: Option<f64>,
    /// Two-sided P value.
    pub p: Option<f64>,
    /// Hazard ratio.
    pub hr: Option<f64>,
    /// Lower limit of the hazard ratio.
    pub lower: Option<f64>,
    /// Upper limit of the hazard ratio.
    pub upper: Option<f64>,
    /// P value adjusted within its family, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_adjusted: Option<f64>,
    /// What a bootstrap says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapInterval>,
    /// Why there is no hazard ratio, in words.
    pub reason: Option<String>,
    /// Whether disclosure control hid it.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

impl Contrast {
    /// What tables call it.
    pub fn title(&self) -> &str {
        super::label_or(&self.label, &self.comparison)
    }

    /// Takes its numbers away.
    pub(super) fn hide(&mut self) {
        let (label, comparison) = (std::mem::take(&mut self.label), std::mem::take(&mut self.comparison));
        *self = Contrast {
            label,
            comparison,
            weights: std::mem::take(&mut self.weights),
            hidden: true,
            ..Contrast::default()
        };
    }
}
