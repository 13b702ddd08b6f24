//! The part of a report that baseline hazards, survival curves and standardised risks fill.

use super::{is_false, label_or};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The baseline cumulative hazard of one stratum: one entry per distinct event time in every list.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BaselineHazard {
    /// The stratum, as `sex=1`; empty without strata.
    pub stratum: String,
    /// Event times.
    pub time: Vec<f64>,
    /// Events at each.
    pub n_events: Vec<u64>,
    /// Λ₀ for covariates and offset zero; factors at their reference.
    pub cumulative_hazard: Vec<Option<f64>>,
    /// Its standard error.
    pub se: Vec<Option<f64>>,
    /// The same at the covariates `means` of the model and the mean offset.
    pub cumulative_hazard_at_means: Vec<Option<f64>>,
    /// Its standard error.
    pub se_at_means: Vec<Option<f64>>,
}

/// A predicted curve: of survival, or of the cumulative incidence (Fine-Gray models).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SurvivalCurve {
    /// What tables print: the label asked for, or the covariates.
    pub label: String,
    /// The covariates, in the order given.
    pub at: Vec<CurveCovariate>,
    /// The stratum; empty without strata.
    pub stratum: String,
    /// Scale of the limits: `plain`, `log` or `log-log`.
    pub limits: String,
    /// What it is a curve of.
    pub quantity: CurveQuantity,
    /// Its values at the chosen times.
    pub times: Vec<CurvePoint>,
    /// First time at which survival is at or below one half; not of a cumulative incidence.
    pub median: Option<f64>,
    /// Lower limit of the median.
    pub median_lower: Option<f64>,
    /// Upper limit of the median.
    pub median_upper: Option<f64>,
    /// Last exit of a record of the stratum: beyond it nothing was observed.
    pub observed_until: Option<f64>,
    /// The whole curve.
    pub steps: CurveSteps,
    /// The design row, for disclosure control: a curve goes with the coefficients it is made of.
    #[serde(skip)]
    pub row: Vec<f64>,
    /// Whether disclosure control took the median and the steps away.
    #[serde(skip_serializing_if = "is_false")]
    pub steps_hidden: bool,
}

/// What a curve shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CurveQuantity {
    /// exp(−Λ).
    #[default]
    Survival,
    /// 1 − exp(−Λ), Λ that of the subdistribution: the probability of the event in the presence of competing ones.
    CumulativeIncidence,
}

/// A covariate of a curve.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CurveCovariate {
    /// Column of the data.
    pub variable: String,
    /// Its value.
    pub value: String,
}

/// A curve at one time. Standard error and limits are those of survival or of the cumulative incidence, whichever there is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CurvePoint {
    /// The time.
    pub time: f64,
    /// Records of the stratum at risk then.
    pub at_risk: Option<u64>,
    /// Events of the stratum up to then.
    pub events: Option<u64>,
    /// Predicted survival.
    pub survival: Option<f64>,
    /// Predicted cumulative incidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cumulative_incidence: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// Predicted cumulative hazard.
    pub cumulative_hazard: Option<f64>,
    /// Its standard error.
    pub cumulative_hazard_se: Option<f64>,
    /// Whether disclosure control hid it.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// A curve with a step at every event time; one entry per time in every list.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CurveSteps {
    /// Event times.
    pub time: Vec<f64>,
    /// Events at each, for disclosure control, which takes steps of few events together.
    #[serde(skip)]
    pub n_events: Vec<u64>,
    /// Survival from each on.
    pub survival: Vec<Option<f64>>,
    /// Cumulative incidence from each on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cumulative_incidence: Vec<Option<f64>>,
    /// Lower limit.
    pub lower: Vec<Option<f64>>,
    /// Upper limit.
    pub upper: Vec<Option<f64>>,
    /// Cumulative hazard.
    pub cumulative_hazard: Vec<Option<f64>>,
    /// Its standard error.
    pub cumulative_hazard_se: Vec<Option<f64>>,
}

/// Standardised risks of one exposure.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StandardisedRisks {
    /// Name of the exposure.
    pub exposure: String,
    /// What tables print; the name when empty.
    pub exposure_label: String,
    /// The time from which everybody is followed, free of the event.
    pub from: f64,
    /// Who was averaged over: `records` or `first record of each person`.
    pub population: String,
    /// How many they are.
    pub n_averaged: Option<u64>,
    /// Whether intervals take the covariates as `sampled` or `fixed`.
    pub covariates: String,
    /// One row per time and level, the reference level first.
    pub rows: Vec<StandardisedRow>,
}

/// Standardised risk and restricted mean time of one level at one time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StandardisedRow {
    /// The time.
    pub time: f64,
    /// The level.
    pub level: String,
    /// Its label; the level when empty.
    pub level_label: String,
    /// Whether differences and ratios are against this level.
    pub reference: bool,
    /// Whether fewer than 10 records were at risk at an event up to this time, so that limits of mean times are too narrow.
    #[serde(skip_serializing_if = "is_false")]
    pub few_at_risk: bool,
    /// Records that had the level.
    pub records: Option<u64>,
    /// Their events up to the time.
    pub events: Option<u64>,
    /// Risk of the event by the time, everyone at this level.
    pub risk: Measure,
    /// Difference to the reference.
    pub risk_difference: Measure,
    /// Ratio to the reference.
    pub risk_ratio: Measure,
    /// Mean time without event up to the time.
    pub restricted_mean: Measure,
    /// Difference to the reference.
    pub restricted_mean_difference: Measure,
    /// Ratio to the reference.
    pub restricted_mean_ratio: Measure,
    /// Whether disclosure control hid the numbers of records and events, and with them the estimates.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// A number with standard error and interval.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Measure {
    /// The estimate.
    pub estimate: Option<f64>,
    /// Its standard error; of the logarithm for a ratio.
    pub se: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
}

impl SurvivalCurve {
    /// Whether it is a curve of the cumulative incidence.
    pub fn is_incidence(&self) -> bool {
        self.quantity == CurveQuantity::CumulativeIncidence
    }

    /// Says the same as cumulative incidence: one minus everything, the limits changing sides, and no median.
    pub fn into_incidence(mut self) -> SurvivalCurve {
        let risk = |survival: Option<f64>| survival.map(|s| 1.0 - s);
        for point in &mut self.times {
            point.cumulative_incidence = risk(point.survival.take());
            (point.lower, point.upper) = (risk(point.upper), risk(point.lower));
        }
        let all = |values: Vec<Option<f64>>| values.into_iter().map(risk).collect();
        self.steps.cumulative_incidence = all(std::mem::take(&mut self.steps.survival));
        let (lower, upper) = (std::mem::take(&mut self.steps.lower), std::mem::take(&mut self.steps.upper));
        (self.steps.lower, self.steps.upper) = (all(upper), all(lower));
        (self.median, self.median_lower, self.median_upper) = (None, None, None);
        SurvivalCurve { quantity: CurveQuantity::CumulativeIncidence, ..self }
    }
}

impl StandardisedRisks {
    /// What tables call the exposure.
    pub fn exposure_title(&self) -> &str {
        label_or(&self.exposure_label, &self.exposure)
    }
}

impl StandardisedRow {
    /// What tables call the level.
    pub fn level_title(&self) -> &str {
        label_or(&self.level_label, &self.level)
    }
}
