//! The part of a report that a bootstrap fills.

use super::Matrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a model was resampled.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Bootstrap {
    /// Replicates asked for.
    pub replicates: u64,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Column of what was drawn; `None` when records were.
    pub unit: Option<String>,
    /// How many units there are to draw from.
    pub n_units: Option<u64>,
    /// Groups of units with the same strata, within which they were drawn.
    pub n_groups: Option<u64>,
    /// Replicates whose fit did not converge; they are in no interval.
    pub n_not_converged: u64,
    /// Converged replicates in which some coefficient could not be estimated or was infinite; they are not in its intervals.
    pub n_not_estimable: u64,
    /// Covariance of the coefficients over the replicates in which all are estimated.
    pub covariance: Matrix,
}

/// What the replicates say of one statistic. Standard error and bias are on the scale of `se` (of logarithms for hazard
/// ratios and the synergy index), limits on that of the hazard ratio, RERI, AP or S itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BootstrapInterval {
    /// Replicates in which the statistic has a value.
    pub n_used: u64,
    /// Standard deviation of the replicates.
    pub se: Option<f64>,
    /// Their mean less the estimate.
    pub bias: Option<f64>,
    /// Lower percentile limit.
    pub lower: Option<f64>,
    /// Upper percentile limit.
    pub upper: Option<f64>,
    /// Lower basic limit.
    pub basic_lower: Option<f64>,
    /// Upper basic limit.
    pub basic_upper: Option<f64>,
    /// Lower normal limit, corrected for bias.
    pub normal_lower: Option<f64>,
    /// Upper normal limit.
    pub normal_upper: Option<f64>,
}

impl Bootstrap {
    /// Takes the number of units away, and the covariance of the coefficients where `hide` holds.
    pub(super) fn hide(&mut self, hide: &[bool]) {
        (self.n_units, self.n_groups) = (None, None);
        let gone = |k: usize| hide.get(k).copied().unwrap_or(true);
        for (i, row) in self.covariance.iter_mut().enumerate() {
            row.iter_mut().enumerate().filter(|(j, _)| gone(i) || gone(*j)).for_each(|(_, cell)| *cell = None);
        }
    }
}
