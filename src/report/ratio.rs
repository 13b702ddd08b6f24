//! A hazard ratio with its interval and test, as rows of several tables hold it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A hazard ratio; what cannot be estimated, or was taken away, is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Ratio {
    /// Log hazard ratio.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// Hazard ratio.
    pub hr: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// P value of the hazard ratio being 1.
    pub p: Option<f64>,
}
