//! Profile-likelihood intervals and likelihood-ratio tests of single coefficients, as reports want them.

use super::hypothesis::{ChiSquared, normal_quantile};
use super::summary::likelihood_ratio;
use crate::engine::{CoxFit, FitError, FitOptions, Prepared, ProfileInterval};

/// One coefficient in terms of its profile likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfiledCoefficient {
    /// The interval.
    pub interval: ProfileInterval,
    /// Likelihood-ratio test that the coefficient is 0.
    pub lr: ChiSquared,
}

/// Interval at confidence `level` (0.95) and likelihood-ratio test of every coefficient; `None` where aliased.
///
/// The interval holds the values that the likelihood-ratio test does not reject. Errors: those of
/// [`Prepared::profile_intervals`].
pub fn profiled(
    prepared: &Prepared,
    fit: &CoxFit,
    options: &FitOptions,
    level: f64,
) -> Result<Vec<Option<ProfiledCoefficient>>, FitError> {
    let half_quantile = normal_quantile(0.5 + level / 2.0).powi(2) / 2.0;
    let intervals = prepared.profile_intervals(fit, half_quantile, options)?;
    let one = |(j, interval): (usize, Option<ProfileInterval>)| {
        let Some(interval) = interval else { return Ok(None) };
        let lr = likelihood_ratio(prepared, fit, [j], options)?.test;
        Ok(Some(ProfiledCoefficient { interval, lr }))
    };
    intervals.into_iter().enumerate().map(one).collect()
}
