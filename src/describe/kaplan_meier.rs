//! Survival curves of groups of records: Kaplan-Meier, Nelson-Aalen, Fleming-Harrington.
//!
//! With n at risk and d events at a time (weights added up, m tied events, weight d/m each on average):
//!
//! ```text
//! Kaplan-Meier         S = Π (1 − d/n)                        var ln S = Σ d/(n(n − d))                  Greenwood
//! Nelson-Aalen         H = Σ d/n                              var H    = Σ d/n²                          Tsiatis, Aalen
//! Fleming-Harrington   H = Σ_{l<m} (d/m)/(n − l d/m)          var H    = Σ_{l<m} (d/m)/(n − l d/m)²
//! exp(−H)              S = exp(−H)                            var ln S = var H
//! ```
//!
//! A robust variance ([`CurveOptions::robust`]) is the infinitesimal jackknife summed over clusters. A record is at risk
//! at t when entry < t <= exit.
//!
//! Source: Kaplan and Meier (1958), JASA 53:457-481, doi 10.1080/01621459.1958.10501452; Nelson (1972), Technometrics
//! 14:945-966, doi 10.1080/00401706.1972.10488991; Fleming and Harrington (1984), Commun. Stat. 13:2469-2486,
//! doi 10.1080/03610928408828837. Conventions are those of `survfit` in R's survival package 3.5.

use super::influence::{CumulativeInfluence, n_clusters};
use super::timeline::{Compensated, Moment, Timeline, total_weight, weight};
use crate::engine::data::SurvivalData;
use crate::engine::{FitError, NearTies};
use libm::{exp, sqrt};

/// How the survival curve is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SurvivalEstimator {
    /// The product-limit estimate (R's `stype = 1`).
    #[default]
    KaplanMeier,
    /// exp(−H) of the cumulative hazard (R's `stype = 2`).
    Exponential,
}

/// How the cumulative hazard counts tied events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HazardEstimator {
    /// All of them out of all at risk (R's `ctype = 1`).
    #[default]
    NelsonAalen,
    /// One after another (R's `ctype = 2`).
    FlemingHarrington,
}

/// What curves are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CurveOptions {
    /// The survival curve.
    pub survival: SurvivalEstimator,
    /// The cumulative hazard.
    pub hazard: HazardEstimator,
    /// Robust standard errors, over the clusters of the data (or the records where there are none).
    pub robust: bool,
    /// Times that differ by rounding only.
    pub near_ties: NearTies,
}

/// The curve of one group, at every distinct time at which a record ends.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SurvivalCurve {
    /// Records of the group, not weighted.
    pub n_records: usize,
    /// Distinct exit times, ascending.
    pub time: Vec<f64>,
    /// At risk just before each time, weighted as all counts here.
    pub at_risk: Vec<f64>,
    /// Events at each time.
    pub events: Vec<f64>,
    /// Records that end at each time without an event.
    pub censored: Vec<f64>,
    /// S(t).
    pub survival: Vec<f64>,
    /// Standard error of ln S(t), which is that of S(t) divided by S(t); NaN where S(t) is 0.
    pub log_se: Vec<f64>,
    /// H(t).
    pub cumulative_hazard: Vec<f64>,
    /// Standard error of H(t).
    pub cumulative_hazard_se: Vec<f64>,
    /// Whether standard errors are robust.
    pub robust: bool,
}

/// The curves of the groups that the strata of `data` are, `n_groups` of them; a group without records has an empty curve.
///
/// Errors: those of [`SurvivalData::check`], and [`FitError::VanishingInterval`].
pub fn survival_curves(
    data: &SurvivalData,
    n_groups: usize,
    options: &CurveOptions,
) -> Result<Vec<SurvivalCurve>, FitError> {
    let group = |i: usize| data.stratum.as_ref().map_or(0, |s| s.get(i).unwrap_or(0));
    let timeline = Timeline::new(data, &group, n_groups, options.near_ties)?;
    Ok((0..n_groups).map(|g| curve(data, &timeline, g, options)).collect())
}

fn curve(data: &SurvivalData, timeline: &Timeline, group: usize, options: &CurveOptions) -> SurvivalCurve {
    let mut out =
        SurvivalCurve { n_records: timeline.records(group).len(), robust: options.robust, ..SurvivalCurve::default() };
    let mut influence = options.robust.then(|| [n_clusters(data); 2].map(CumulativeInfluence::new));
    let mut at_risk = Compensated::default();
    let (mut survival, mut hazard, mut log_variance, mut hazard_variance) = (1.0, 0.0, 0.0, 0.0);
    for moment in timeline.moments(group) {
        moment.entering.iter().for_each(|i| at_risk.add(weight(data, *i)));
        let jump = Jump::new(data, &moment, at_risk.value(), options.hazard);
        moment.leaving.iter().for_each(|i| at_risk.add(-weight(data, *i)));
        hazard += jump.hazard;
        match options.survival {
            SurvivalEstimator::KaplanMeier => survival *= jump.kept(),
            SurvivalEstimator::Exponential => survival = exp(-hazard),
        }
        match &mut influence {
            None => {
                log_variance += jump.log_variance();
                hazard_variance += jump.hazard_variance;
            }
            Some([of_survival, of_hazard]) => {
                let now = [
                    of_survival.pass(&moment, data, jump.survival_influence()),
                    of_hazard.pass(&moment, data, jump.hazard_influence),
                ];
                // Without an event neither variance changes, and its last digit should not either.
                if jump.events > 0.0 {
                    [log_variance, hazard_variance] = now;
                }
            }
        }
        if options.survival == SurvivalEstimator::Exponential {
            log_variance = hazard_variance;
        }
        out.time.push(moment.time);
        out.at_risk.push(jump.at_risk);
        out.events.push(jump.events);
        out.censored.push(jump.censored);
        out.survival.push(survival);
        out.log_se.push(if survival > 0.0 { sqrt(log_variance) } else { f64::NAN });
        out.cumulative_hazard.push(hazard);
        out.cumulative_hazard_se.push(sqrt(hazard_variance));
    }
    out
}

/// What happens at one time.
struct Jump {
    /// n
    at_risk: f64,
    /// d
    events: f64,
    censored: f64,
    hazard: f64,
    hazard_variance: f64,
    /// What one at risk takes off the hazard, and what an event adds to it: minus and plus its derivatives by a weight.
    hazard_influence: [f64; 2],
}

impl Jump {
    fn new(data: &SurvivalData, moment: &Moment<'_>, at_risk: f64, estimator: HazardEstimator) -> Jump {
        let is_event = |i: &&u32| data.event[**i as usize];
        let events = total_weight(data, moment.leaving.iter().filter(is_event));
        let censored = total_weight(data, moment.leaving.iter().filter(|i| !is_event(i)));
        let n_tied = moment.leaving.iter().filter(is_event).count();
        let mut jump =
            Jump { at_risk, events, censored, hazard: 0.0, hazard_variance: 0.0, hazard_influence: [0.0; 2] };
        match estimator {
            _ if n_tied == 0 => {}
            HazardEstimator::NelsonAalen => {
                jump.hazard = events / at_risk;
                jump.hazard_variance = events / (at_risk * at_risk);
                jump.hazard_influence = [jump.hazard_variance, 1.0 / at_risk];
            }
            HazardEstimator::FlemingHarrington => (0..n_tied).for_each(|l| jump.add_tied(l as f64, n_tied as f64)),
        }
        jump
    }

    /// The (l+1)-th of m tied events: those before it have left the risk set, by an average weight each.
    fn add_tied(&mut self, l: f64, m: f64) {
        let mean = self.events / m;
        let left = self.at_risk - l * mean;
        self.hazard += mean / left;
        self.hazard_variance += mean / (left * left);
        self.hazard_influence[0] += mean / (left * left);
        self.hazard_influence[1] += 1.0 / (m * left) + mean * (l / m) / (left * left);
    }

    /// 1 − d/n.
    fn kept(&self) -> f64 {
        if self.everybody_leaves() { 0.0 } else { (self.at_risk - self.events) / self.at_risk }
    }

    /// d/(n(n − d)).
    fn log_variance(&self) -> f64 {
        if self.everybody_leaves() { 0.0 } else { self.events / (self.at_risk * (self.at_risk - self.events)) }
    }

    /// What one at risk and an event do to −ln S.
    fn survival_influence(&self) -> [f64; 2] {
        if self.everybody_leaves() { [0.0; 2] } else { [self.log_variance(), 1.0 / (self.at_risk - self.events)] }
    }

    /// Whether all at risk have the event now. Fractional weights add up to the same number twice within rounding only.
    fn everybody_leaves(&self) -> bool {
        /// Far above the rounding of a compensated sum, far below a case weight's share of a risk set.
        const ROUNDING: f64 = 1e-14;
        self.events > 0.0 && self.at_risk - self.events <= ROUNDING * self.at_risk
    }
}
