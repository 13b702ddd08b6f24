//! Models against those nested in them.

use super::{TestResult, is_false};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A model and the largest model before it that is nested in it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ModelComparison {
    /// Name of the larger model.
    pub model: String,
    /// Name of the model nested in it.
    pub nested: String,
    /// Likelihood-ratio test of the two.
    pub test: Option<TestResult>,
    /// Why there is none, in words.
    pub reason: Option<String>,
    /// Whether disclosure control hid the test.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}
