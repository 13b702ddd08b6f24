//! An interaction analysis as a report holds it: cells, ratios of hazard ratios, the additive scale.

use super::bootstrap::BootstrapInterval;
use super::fitted::{TestResult, Warning};
use super::pooling::PooledTest;
use super::{is_false, label_or};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One interaction analysis: exposure by modifier, on top of a model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Interaction {
    /// Name of the exposure.
    pub exposure: String,
    /// Label of the exposure; the name when empty.
    pub exposure_label: String,
    /// Name of the modifier.
    pub modifier: String,
    /// Label of the modifier; the name when empty.
    pub modifier_label: String,
    /// Formula of the fitted model with the interaction.
    pub formula: String,
    /// Labels of what the model adjusts for beside exposure and modifier.
    pub adjusted_for: Vec<String>,
    /// Records used.
    pub n_records: Option<u64>,
    /// Events among them.
    pub n_events: Option<u64>,
    /// Joint Wald test of the interaction.
    pub wald: Option<TestResult>,
    /// Likelihood-ratio test against the model without it.
    pub lr: Option<TestResult>,
    /// Joint test pooled over imputations, in place of the other two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooled_test: Option<PooledTest>,
    /// Exposure against its reference, within every level of the modifier (reference rows included).
    pub within: Vec<InteractionCell>,
    /// Every combination against one joint reference (the reference combination included).
    pub joint: Vec<InteractionCell>,
    /// Modifier against its reference, within every level of the exposure (reference rows included). Persons and events
    /// are those of `joint` and are not repeated here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_exposure: Vec<InteractionCell>,
    /// Ratio of hazard ratios: within a modifier level over within the modifier's reference level.
    pub ratios: Vec<InteractionRatio>,
    /// Additive interaction, one entry per pair of levels.
    pub reri: Vec<AdditiveInteraction>,
    /// What to keep in mind with the additive measures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additive_note: Option<String>,
    /// Newton-Raphson iterations.
    pub iterations: u32,
    /// Why the iterations stopped, in words.
    pub termination: String,
    /// Whether the fit converged.
    pub converged: bool,
    /// What needs care.
    pub warnings: Vec<Warning>,
}

/// One hazard ratio of an interaction analysis.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InteractionCell {
    /// Level of the exposure.
    pub exposure_level: String,
    /// Its label; the level when empty.
    pub exposure_label: String,
    /// Level of the modifier.
    pub modifier_level: String,
    /// Its label; the level when empty.
    pub modifier_label: String,
    /// Whether this is a reference: the hazard ratio is 1 by definition.
    pub reference: bool,
    /// Persons with both levels.
    pub persons: Option<u64>,
    /// Events among them.
    pub events: Option<u64>,
    /// Log hazard ratio; `None` when it cannot be estimated.
    pub estimate: Option<f64>,
    /// Standard error of the log hazard ratio.
    pub se: Option<f64>,
    /// Hazard ratio; `None` when it cannot be estimated.
    pub hr: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// P value.
    pub p: Option<f64>,
    /// P value adjusted within its family, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_adjusted: Option<f64>,
    /// What a bootstrap says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapInterval>,
    /// Why there is no hazard ratio or interval, in words.
    pub reason: Option<String>,
    /// Whether disclosure control hid the persons.
    #[serde(skip_serializing_if = "is_false")]
    pub persons_hidden: bool,
    /// Whether disclosure control hid the events.
    #[serde(skip_serializing_if = "is_false")]
    pub events_hidden: bool,
    /// Whether disclosure control hid the hazard ratio.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// A ratio of two hazard ratios.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InteractionRatio {
    /// Level of the exposure.
    pub exposure_level: String,
    /// Level of the modifier.
    pub modifier_level: String,
    /// The ratio.
    pub ratio: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// P value.
    pub p: Option<f64>,
    /// P value adjusted within its family, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_adjusted: Option<f64>,
    /// What a bootstrap says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapInterval>,
    /// Whether disclosure control hid it.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// Relative excess risk due to interaction and its kin, for one pair of levels.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AdditiveInteraction {
    /// Level of the exposure.
    pub exposure_level: String,
    /// Level of the modifier.
    pub modifier_level: String,
    /// Relative excess risk due to interaction.
    pub reri: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// Attributable proportion.
    pub ap: Option<f64>,
    /// Lower limit of the attributable proportion.
    pub ap_lower: Option<f64>,
    /// Upper limit of the attributable proportion.
    pub ap_upper: Option<f64>,
    /// Synergy index.
    pub s: Option<f64>,
    /// Lower limit of the synergy index.
    pub s_lower: Option<f64>,
    /// Upper limit of the synergy index.
    pub s_upper: Option<f64>,
    /// What a bootstrap says of RERI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reri_bootstrap: Option<BootstrapInterval>,
    /// What a bootstrap says of AP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ap_bootstrap: Option<BootstrapInterval>,
    /// What a bootstrap says of S.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s_bootstrap: Option<BootstrapInterval>,
    /// Whether disclosure control hid it.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

impl Interaction {
    /// What tables call the exposure.
    pub fn exposure_title(&self) -> &str {
        label_or(&self.exposure_label, &self.exposure)
    }

    /// What tables call the modifier.
    pub fn modifier_title(&self) -> &str {
        label_or(&self.modifier_label, &self.modifier)
    }
}

impl InteractionCell {
    /// What tables call the level of the exposure.
    pub fn exposure_title(&self) -> &str {
        label_or(&self.exposure_label, &self.exposure_level)
    }

    /// What tables call the level of the modifier.
    pub fn modifier_title(&self) -> &str {
        label_or(&self.modifier_label, &self.modifier_level)
    }
}
