//! Baseline hazard of a fitted model.

use super::sweep::Sweep;
use super::ties::Ties;

/// The baseline cumulative hazard of one stratum, at covariates zero.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineHazard {
    /// Distinct event times, increasing.
    pub time: Vec<f64>,
    /// Number of events at each.
    pub n_events: Vec<u32>,
    /// Λ₀ at each.
    pub cumulative_hazard: Vec<f64>,
}

/// Λ₀(t) = Σ A_k over event times up to t, per stratum; `coefficients` scaled, `log_scale` is added to the
/// logarithm of every increment.
pub(super) fn baseline_hazard(sweep: &Sweep, coefficients: &[f64], log_scale: f64, ties: Ties) -> Vec<BaselineHazard> {
    let risk = sweep.risk_scores(&sweep.patterns.inner_order(coefficients));
    let sums = sweep.all_sums(&risk, ties);
    let terms = sweep.all_terms(&sums, ties);
    let of_stratum = |(stratum, range): (usize, &[u32])| {
        let slots = range[0] as usize + 1..range[1] as usize;
        let factor = libm::exp(log_scale - risk.shift_of(stratum));
        let mut sum = 0.0;
        let cumulate = |k: usize| {
            sum += terms[k].a;
            sum * factor
        };
        BaselineHazard {
            time: sweep.slots.time[slots.clone()].to_vec(),
            n_events: sweep.slots.n_events[slots.clone()].to_vec(),
            cumulative_hazard: slots.map(cumulate).collect(),
        }
    };
    sweep.slots.first.windows(2).enumerate().map(of_stratum).collect()
}
