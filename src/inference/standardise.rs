//! Standardised risks and restricted mean times per level of an exposure, their differences and ratios, with intervals.
//!
//! ```text
//! risk        1 − S, S^exp(± z se / ln S) with se that of ln S        (log-log scale)
//! difference  estimate ± z se                                         (risks, mean times)
//! ratio       estimate · exp(± z se of the logarithm)                 (risks, mean times)
//! mean time   estimate ± z se, cut at 0 and at the length of the span
//! ```
//!
//! Standard errors come from the joint covariance of [`crate::engine::Standardised`].

use super::hypothesis::normal_quantile;
use super::step::IntervalScale;
use crate::engine::Standardised;

/// Whether the covariates of the records count as a sample of those of the population.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Covariates {
    /// Their sampling error is part of every standard error.
    #[default]
    Sampled,
    /// The statement is about these records.
    Fixed,
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error; of the logarithm for a ratio.
    pub se: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// What is said of one level at one time; the first level is the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StandardisedEstimates {
    /// Place of the time.
    pub time: usize,
    /// Place of the level.
    pub level: usize,
    /// Risk by the time.
    pub risk: Measured,
    /// Risk minus that of the reference.
    pub risk_difference: Option<Measured>,
    /// Risk over that of the reference.
    pub risk_ratio: Option<Measured>,
    /// Mean time without event up to the time.
    pub restricted_mean: Measured,
    /// Mean time minus that of the reference.
    pub restricted_mean_difference: Option<Measured>,
    /// Mean time over that of the reference.
    pub restricted_mean_ratio: Option<Measured>,
}

/// Estimates of all levels at all times, time after time; `spans` are the lengths from the beginning to each time, `level`
/// is the confidence level.
pub fn standardised_estimates(
    found: &Standardised,
    covariates: Covariates,
    spans: &[f64],
    level: f64,
) -> Vec<StandardisedEstimates> {
    let of = Measures { found, covariates, z: normal_quantile(0.5 + level / 2.0), level };
    let n_levels = found.value.len() / (2 * found.n_times).max(1);
    let one = |time: usize, level: usize| {
        let (risk, reference) = (found.risk(level, time), found.risk(0, time));
        let (mean, mean_reference) = (found.restricted_mean(level, time), found.restricted_mean(0, time));
        let against = |measure: Measured| (level > 0).then_some(measure);
        StandardisedEstimates {
            time,
            level,
            risk: of.risk(risk),
            risk_difference: against(of.difference(risk, reference)),
            risk_ratio: against(of.ratio(risk, reference)),
            restricted_mean: of.within(mean, spans[time]),
            restricted_mean_difference: against(of.difference(mean, mean_reference)),
            restricted_mean_ratio: against(of.ratio(mean, mean_reference)),
        }
    };
    (0..found.n_times).flat_map(|time| (0..n_levels).map(move |level| (time, level))).map(|(t, l)| one(t, l)).collect()
}

struct Measures<'a> {
    found: &'a Standardised,
    covariates: Covariates,
    z: f64,
    level: f64,
}

impl Measures<'_> {
    fn covariance(&self, a: usize, b: usize) -> f64 {
        let own = match self.covariates {
            Covariates::Sampled => self.found.covariate_covariance[(a, b)],
            Covariates::Fixed => 0.0,
        };
        self.found.covariance[(a, b)] + own
    }

    fn risk(&self, a: usize) -> Measured {
        let (estimate, se) = (self.found.value[a], self.covariance(a, a).max(0.0).sqrt());
        let survival = 1.0 - estimate;
        let (lower, upper) = IntervalScale::LogLog.limits(survival, se / survival, self.level);
        Measured { estimate, se, lower: 1.0 - upper, upper: 1.0 - lower }
    }

    fn within(&self, a: usize, span: f64) -> Measured {
        let (estimate, se) = (self.found.value[a], self.covariance(a, a).max(0.0).sqrt());
        let (lower, upper) = ((estimate - self.z * se).max(0.0), (estimate + self.z * se).min(span));
        Measured { estimate, se, lower, upper }
    }

    fn difference(&self, a: usize, b: usize) -> Measured {
        let estimate = self.found.value[a] - self.found.value[b];
        let variance = self.covariance(a, a) + self.covariance(b, b) - 2.0 * self.covariance(a, b);
        let se = variance.max(0.0).sqrt();
        Measured { estimate, se, lower: estimate - self.z * se, upper: estimate + self.z * se }
    }

    fn ratio(&self, a: usize, b: usize) -> Measured {
        let (x, y) = (self.found.value[a], self.found.value[b]);
        let estimate = x / y;
        let variance =
            self.covariance(a, a) / (x * x) + self.covariance(b, b) / (y * y) - 2.0 * self.covariance(a, b) / (x * y);
        let se = variance.max(0.0).sqrt();
        Measured { estimate, se, lower: estimate * libm::exp(-self.z * se), upper: estimate * libm::exp(self.z * se) }
    }
}
