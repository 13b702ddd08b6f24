//! What `cohort describe` shows of a study beside counts and rates by level.

use super::Span;

/// `[describe]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Describe {
    /// Where it is written; empty when the study has no such section.
    pub span: Span,
    /// Covariates whose levels are the groups, one description each; without any, all records are one group.
    pub by: Vec<String>,
    /// Times at which survival is shown, in days since entry into the time scale.
    pub times: Vec<f64>,
    /// Quantiles of the time to event.
    pub quantiles: Vec<f64>,
    /// Horizon of the restricted mean.
    pub restricted_mean: Option<f64>,
    /// Whether groups are tested by the log-rank test.
    pub log_rank: bool,
    /// Labels of the exits that compete with the event: cumulative incidence of it and of them.
    pub competing: Vec<String>,
    /// What the test is stratified by.
    pub strata: Vec<String>,
    /// Covariates over which rates are standardised.
    pub standardise: Vec<String>,
    /// The level that is the standard; `None`: all records.
    pub standard: Option<String>,
    /// Whether whole curves are kept, inside only.
    pub curves: bool,
}
