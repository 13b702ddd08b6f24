//! The part of a report that descriptions of records fill: survival, cumulative incidence, tests of groups, rates.

use super::{MissingCount, TestResult, is_false};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was described, group by group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Description {
    /// The formula; its right side names the groups.
    pub formula: String,
    /// Titles of the grouping variables; none when all records are one group.
    pub variables: Vec<String>,
    /// Column of case weights.
    pub weights: Option<String>,
    /// Column of clusters of the robust standard errors.
    pub cluster: Option<String>,
    /// Whether standard errors of curves are robust.
    pub robust: bool,
    /// Estimate of survival: `kaplan-meier`, `nelson-aalen`, `fleming-harrington`.
    pub estimator: String,
    /// Scale of the limits of probabilities: `log`, `log-log`, `plain`, `logit`, `arcsine`.
    pub interval: String,
    /// Rates are per this many units of person-time.
    pub rate_per: Option<f64>,
    /// Person-time is in units of the times divided by this.
    pub time_scale: Option<f64>,
    /// Records used.
    pub n_records: Option<u64>,
    /// Distinct persons, when the data tell them apart.
    pub n_persons: Option<u64>,
    /// Records left out.
    pub n_missing_dropped: Option<u64>,
    /// Why, by variable; a record may count more than once.
    pub missing: Vec<MissingCount>,
    /// The groups in order.
    pub groups: Vec<GroupDescription>,
    /// Tests of all groups together.
    pub tests: Vec<GroupTest>,
    /// Tests of two groups at a time.
    pub pairs: Vec<PairTest>,
    /// The standard of directly standardised rates, in words.
    pub standard: Option<String>,
    /// The file of reference rates.
    pub reference_rates: Option<String>,
    /// What needs saying, in words.
    pub remarks: Vec<String>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GroupDescription {
    /// `sex=1, stage=2`; empty when all records are one group.
    pub name: String,
    /// What tables print.
    pub label: String,
    /// The level of every grouping variable, as it stands in the data.
    pub levels: Vec<String>,
    /// Records.
    pub records: Option<u64>,
    /// Distinct persons, when the data tell them apart.
    pub persons: Option<u64>,
    /// Events, not weighted.
    pub events: Option<u64>,
    /// Survival at the times asked for.
    pub survival: Vec<SurvivalPoint>,
    /// Quantiles of the time to event.
    pub quantiles: Vec<QuantilePoint>,
    /// Mean time without event up to a horizon.
    pub restricted_mean: Option<MeanTime>,
    /// Cumulative incidence of every kind of event.
    pub incidence: Vec<CauseIncidence>,
    /// Events, person-time and rate.
    pub rate: Option<GroupRate>,
    /// Directly standardised rate.
    pub standardised: Option<StandardisedRate>,
    /// Observed against expected events.
    pub observed_expected: Option<ObservedExpected>,
    /// The whole curve, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<Curve>,
    /// Whether disclosure control hid the numbers of the group.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// A probability at one time: of survival, or of having had an event of one kind.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SurvivalPoint {
    /// The time.
    pub time: f64,
    /// At risk at the first exit at or after the time, weighted.
    pub at_risk: Option<f64>,
    /// Events up to and including the time, weighted.
    pub events: Option<f64>,
    /// The probability; `None` after the last record when it is not 0.
    pub probability: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// Its lower limit.
    pub lower: Option<f64>,
    /// Its upper limit.
    pub upper: Option<f64>,
    /// Whether the time lies after the last record of the group; the probability is then the last one.
    #[serde(skip_serializing_if = "is_false")]
    pub beyond: bool,
    /// Whether disclosure control hid it.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// A quantile of the time to event; `None` is not reached.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QuantilePoint {
    /// Share that has had the event: 0.5 is the median.
    pub probability: f64,
    /// The time.
    pub time: Option<f64>,
    /// Its lower limit.
    pub lower: Option<f64>,
    /// Its upper limit.
    pub upper: Option<f64>,
    /// Whether disclosure control hid it or one of its limits.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// Mean time without event up to a horizon.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MeanTime {
    /// The horizon.
    pub horizon: f64,
    /// The mean.
    pub mean: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// Its lower limit.
    pub lower: Option<f64>,
    /// Its upper limit.
    pub upper: Option<f64>,
    /// Whether the horizon lies after the last record of the group.
    #[serde(skip_serializing_if = "is_false")]
    pub beyond: bool,
    /// Whether fewer than 10 were at risk at an event up to the horizon, so that the limits are too narrow.
    #[serde(skip_serializing_if = "is_false")]
    pub few_at_risk: bool,
}

/// The cumulative incidence of one kind of event.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CauseIncidence {
    /// The kind, as it stands in the data.
    pub cause: String,
    /// What tables print.
    pub label: String,
    /// Events of this kind over the whole follow-up, records not weighted; inside only under a disclosure profile.
    pub events: Option<u64>,
    /// At the times asked for.
    pub points: Vec<SurvivalPoint>,
    /// The whole curve, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<IncidenceCurve>,
}

/// The cumulative incidence of one kind of event at every distinct time at which a record ends.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IncidenceCurve {
    /// Times.
    pub time: Vec<f64>,
    /// At risk of any event, weighted; inside only under a disclosure profile, as are events.
    pub at_risk: Vec<f64>,
    /// Events of the kind, weighted.
    pub events: Vec<f64>,
    /// Cumulative incidence.
    pub probability: Vec<f64>,
    /// Its standard error.
    pub se: Vec<Option<f64>>,
    /// Its lower limit.
    pub lower: Vec<Option<f64>>,
    /// Its upper limit.
    pub upper: Vec<Option<f64>>,
}

/// Events, person-time and rate of a group, and its rate over that of the first group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GroupRate {
    /// Person-time, in the unit of [`Description::time_scale`].
    pub person_time: Option<f64>,
    /// Events per [`Description::rate_per`].
    pub rate: Option<f64>,
    /// Exact lower limit.
    pub lower: Option<f64>,
    /// Exact upper limit.
    pub upper: Option<f64>,
    /// Rate over the first group's; `None` for the first.
    pub ratio: Option<f64>,
    /// Exact lower limit of the ratio.
    pub ratio_lower: Option<f64>,
    /// Exact upper limit of the ratio; `None` where it is infinite.
    pub ratio_upper: Option<f64>,
    /// Exact P value of the ratio.
    pub p: Option<f64>,
}

/// A directly standardised rate, and its ratio to that of the first group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StandardisedRate {
    /// The rate; `None` where strata of the standard have no person-time in the group.
    pub rate: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// Its lower limit.
    pub lower: Option<f64>,
    /// Its upper limit.
    pub upper: Option<f64>,
    /// Strata of the standard without person-time in the group.
    pub n_empty_strata: usize,
    /// Rate over the first group's; `None` for the first.
    pub ratio: Option<f64>,
    /// Lower limit of the ratio.
    pub ratio_lower: Option<f64>,
    /// Upper limit of the ratio.
    pub ratio_upper: Option<f64>,
}

/// Observed against expected events.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ObservedExpected {
    /// Observed events.
    pub observed: Option<u64>,
    /// Events expected at the reference rates.
    pub expected: Option<f64>,
    /// Observed over expected: SIR or SMR.
    pub ratio: Option<f64>,
    /// Exact lower limit.
    pub lower: Option<f64>,
    /// Exact upper limit.
    pub upper: Option<f64>,
    /// P value.
    pub p: Option<f64>,
}

/// A survival curve at every distinct time at which a record ends.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Curve {
    /// Times.
    pub time: Vec<f64>,
    /// At risk, weighted.
    pub at_risk: Vec<f64>,
    /// Events, weighted.
    pub events: Vec<f64>,
    /// Censored, weighted.
    pub censored: Vec<f64>,
    /// Survival.
    pub survival: Vec<f64>,
    /// Standard error of survival.
    pub se: Vec<Option<f64>>,
    /// Lower limit of survival.
    pub lower: Vec<Option<f64>>,
    /// Upper limit of survival.
    pub upper: Vec<Option<f64>>,
    /// Cumulative hazard.
    pub cumulative_hazard: Vec<f64>,
    /// Standard error of the cumulative hazard.
    pub cumulative_hazard_se: Vec<Option<f64>>,
}

/// A test of all groups.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GroupTest {
    /// `log-rank`, `Peto-Peto`, `Gray`.
    pub name: String,
    /// The kind of event; `None` is the event of the formula.
    pub cause: Option<String>,
    /// What the test is stratified by.
    pub stratified_by: Vec<String>,
    /// Observed events of every group, weighted as the test weighs them; empty for Gray's test.
    pub observed: Vec<Option<f64>>,
    /// Expected events of every group, the same.
    pub expected: Vec<Option<f64>>,
    /// The test.
    pub test: TestResult,
}

/// A test of two groups.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PairTest {
    /// The test's name.
    pub name: String,
    /// First group.
    pub a: String,
    /// Second group.
    pub b: String,
    /// The test.
    pub test: TestResult,
    /// P value adjusted for the number of pairs.
    pub adjusted_p: Option<f64>,
    /// How: `holm`, `bonferroni`, `benjamini-hochberg`, `none`.
    pub adjustment: String,
}
