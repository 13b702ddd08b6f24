//! Hazard ratios that change with time, as a report holds them.

use super::ratio::Ratio;
use super::{CurveRatio, is_false, label_or};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The hazard ratios of one level, or of one unit more, along the time axis.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimeVarying {
    /// The covariate, as the formula spells it.
    pub variable: String,
    /// What tables print; the variable when empty.
    pub label: String,
    /// The `tt()` terms, as written.
    pub terms: Vec<String>,
    /// The level; `None` for a number, whose hazard ratios are those of one unit more.
    pub level: Option<String>,
    /// Its label; the level when empty.
    pub level_label: String,
    /// The level it is compared with.
    pub versus: Option<String>,
    /// Labels of the variables of interactions at whose reference the hazard ratios hold.
    pub at_reference: Vec<String>,
    /// Terms with other functions of the same number: the hazard ratios are then factors that multiply those of the terms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub besides: Vec<String>,
    /// In the order of time.
    pub hazard_ratios: Vec<HazardRatioAt>,
    /// The curve over the middle nine tenths of the event times, for its figure; none for steps. Nothing of it leaves under a
    /// profile that hides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<CurveRatio>,
}

/// A hazard ratio at a time (`time`) or within an interval (`after`, `until`), in the unit of the data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HazardRatioAt {
    /// The time; `None` for an interval.
    pub time: Option<f64>,
    /// The interval begins after this time; `None` from the origin.
    pub after: Option<f64>,
    /// The interval goes up to and includes this time; `None` without an end.
    pub until: Option<f64>,
    /// Events of the level in the interval.
    pub events: Option<u64>,
    /// Events of the level it is compared with.
    pub events_versus: Option<u64>,
    /// The hazard ratio.
    #[serde(flatten)]
    pub ratio: Ratio,
    /// Whether disclosure control hid it.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

impl TimeVarying {
    /// What tables call the covariate.
    pub fn title(&self) -> &str {
        label_or(&self.label, &self.variable)
    }

    /// What tables call the level.
    pub fn level_title(&self) -> &str {
        label_or(&self.level_label, self.level.as_deref().unwrap_or_default())
    }

    /// Whether the hazard ratios are those of intervals.
    pub fn is_stepwise(&self) -> bool {
        self.hazard_ratios.iter().all(|h| h.time.is_none())
    }
}
