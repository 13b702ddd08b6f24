//! What a model did with competing events, as a report holds it.

use super::is_false;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Competing risks of one model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CompetingRisks {
    /// `cause_specific` (competing events are censored) or `fine_gray` (subdistribution hazard).
    pub model: String,
    /// The competing events, in words or as the condition that was given.
    pub events: String,
    /// Their number among the records used.
    pub n_events: Option<u64>,
    /// Column of groups with censoring of their own.
    pub censoring_group: Option<String>,
    /// Who is at risk of being censored where times are tied: `events_first` (R's finegray) or `together` (cmprsk).
    pub censoring_ties: Option<String>,
    /// Whether the robust variance takes the weights for `known` (finegray) or `estimated` (crr).
    pub weights: Option<String>,
    /// Whether disclosure control hid the number of events.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

impl CompetingRisks {
    /// Whether hazard ratios are those of the subdistribution.
    pub fn is_fine_gray(&self) -> bool {
        self.model == "fine_gray"
    }
}
