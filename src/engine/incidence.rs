//! Cumulative incidence of competing causes of one person, from the curves of cause-specific models.
//!
//! ```text
//! F_k(t) = Σ_{u <= t} S(u−) (1 − e^{−ΔΛ(u)}) ΔΛ_k(u) / ΔΛ(u)      ΔΛ = Σ_k ΔΛ_k,  S(t) = exp(−Λ(t)) of all causes together
//! ```
//!
//! With small steps this is Σ S(u−) ΔΛ_k(u); in this form S and all F_k add up to 1. It is what R's `survfit` gives for a
//! multi-state `coxph` (the exponential of the matrix of increments, `stype = 2`).
//!
//! With g_j(u) = ∂F_k(t)/∂ΔΛ_j(u), the hazards of different causes independent of each other:
//!
//! ```text
//! Var F_k(t) = Σ_j { Σ_u g_j(u)² Var ΔΛ_j(u) + Dᵀ V_j D }         D = Σ_u g_j(u) ∂ΔΛ_j(u)/∂β_j
//! g_j(u)     = S(u−) [φ(z) 1{j = k} + φ'(z) ΔΛ_k(u)] + F_k(u) − F_k(t)     z = ΔΛ(u), φ(z) = (1 − e^{−z}) / z
//! ```
//!
//! As g depends on t through F_k(t) alone, both sums are running sums, and a curve costs T (p² + C).
//!
//! Source: Benichou and Gail (1990), Biometrics 46:813-826; Andersen, Borgan, Gill, Keiding (1993),
//! Statistical Models Based on Counting Processes, VII.2.3, doi 10.1007/978-1-4612-4348-9.

use super::baseline::{Baseline, HazardSteps, quadratic};

/// One person in the cause-specific model of a cause: the baseline of that model and the person's design row in it.
pub struct CausePerson<'a> {
    /// The baseline.
    pub baseline: &'a Baseline,
    /// The stratum.
    pub stratum: usize,
    /// The design row.
    pub row: &'a [f64],
    /// The offset.
    pub offset: f64,
}

/// The cumulative incidence of one cause with its standard error: step functions that are 0 before the first time.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidenceCurve {
    /// Distinct event times of all causes, increasing.
    pub time: Vec<f64>,
    /// Events of the cause at each.
    pub n_events: Vec<u32>,
    /// F(t|x).
    pub incidence: Vec<f64>,
    /// Its standard error.
    pub standard_error: Vec<f64>,
    /// The cause's own cumulative hazard Λ(t|x).
    pub cumulative_hazard: Vec<f64>,
    /// The standard error of that.
    pub cumulative_hazard_error: Vec<f64>,
}

/// The cumulative incidence of the first of the causes.
///
/// The models must be of the same records, each with its own cause as the event and all others censored, and together they must
/// be all causes: a cause that is left out counts as censoring.
pub fn incidence_of_first(causes: &[CausePerson<'_>]) -> IncidenceCurve {
    let steps: Vec<HazardSteps<'_>> = causes.iter().map(|c| c.baseline.steps(c.stratum, c.row, c.offset)).collect();
    added_up(&steps, &causes.iter().map(|c| c.row.len()).collect::<Vec<_>>())
}

/// The incidence of the first of some causes, from their increments; `widths` are their numbers of columns.
fn added_up(steps: &[HazardSteps<'_>], widths: &[usize]) -> IncidenceCurve {
    let mut time: Vec<f64> = steps.iter().flat_map(|s| s.time.iter().copied()).collect();
    time.sort_by(f64::total_cmp);
    time.dedup();
    let mut sums: Vec<VarianceSums> = widths.iter().map(|p| VarianceSums::new(*p)).collect();
    let (mut own, mut next) = (VarianceSums::new(widths.first().copied().unwrap_or(0)), vec![0; steps.len()]);
    let (mut survival, mut incidence, mut hazard) = (1.0, 0.0, 0.0);
    let n = time.len();
    let mut found = IncidenceCurve {
        n_events: Vec::with_capacity(n),
        incidence: Vec::with_capacity(n),
        standard_error: Vec::with_capacity(n),
        cumulative_hazard: Vec::with_capacity(n),
        cumulative_hazard_error: Vec::with_capacity(n),
        time,
    };
    for t in &found.time {
        let here: Vec<Option<usize>> = steps.iter().zip(&mut next).map(|(s, next)| place(s, next, *t)).collect();
        let of = |j: usize| here[j].map_or(0.0, |k| steps[j].hazard[k]);
        let (total, first) = ((0..steps.len()).map(of).sum::<f64>(), of(0));
        let (share, slope) = share(total);
        let before = survival;
        incidence += before * share * first;
        hazard += first;
        survival *= libm::exp(-total);
        for (j, k) in here.iter().enumerate().filter_map(|(j, k)| k.map(|k| (j, k))) {
            let a = before * (slope * first + if j == 0 { share } else { 0.0 }) + incidence;
            sums[j].add(a, &steps[j], k);
            if j == 0 {
                own.add(1.0, &steps[j], k);
            }
        }
        let variance: f64 = sums.iter().zip(steps).map(|(s, of)| s.variance(incidence, of.covariance)).sum();
        found.n_events.push(here[0].map_or(0, |k| steps[0].n_events[k]));
        found.incidence.push(incidence);
        found.standard_error.push(variance.max(0.0).sqrt());
        found.cumulative_hazard.push(hazard);
        found.cumulative_hazard_error.push(own.variance(0.0, steps[0].covariance).max(0.0).sqrt());
    }
    found
}

/// The place of `time` among a cause's event times, if it is one; `next` is the first not yet passed.
fn place(steps: &HazardSteps<'_>, next: &mut usize, time: f64) -> Option<usize> {
    let here = (steps.time.get(*next) == Some(&time)).then_some(*next);
    *next += usize::from(here.is_some());
    here
}

/// φ(z) = (1 − e^{−z}) / z and its derivative.
fn share(z: f64) -> (f64, f64) {
    // Below this the next term of the series is under the last digit.
    if z < 1e-5 {
        return (1.0 - z / 2.0 + z * z / 6.0, -0.5 + z / 3.0);
    }
    let left = libm::exp(-z);
    (-libm::expm1(-z) / z, (left * (1.0 + z) - 1.0) / (z * z))
}

/// Running sums over the times of one cause, for g = a − F: of v, a v, a² v, and of d and a d (p numbers each).
struct VarianceSums {
    v: f64,
    av: f64,
    aav: f64,
    d: Vec<f64>,
    ad: Vec<f64>,
}

impl VarianceSums {
    fn new(p: usize) -> VarianceSums {
        VarianceSums { v: 0.0, av: 0.0, aav: 0.0, d: vec![0.0; p], ad: vec![0.0; p] }
    }

    fn add(&mut self, a: f64, steps: &HazardSteps<'_>, k: usize) {
        let (v, p) = (steps.variance[k], self.d.len());
        self.v += v;
        self.av += a * v;
        self.aav += a * a * v;
        for (j, d) in steps.gradient[k * p..(k + 1) * p].iter().enumerate() {
            self.d[j] += d;
            self.ad[j] += a * d;
        }
    }

    /// Σ (a − f)² v + DᵀVD with D = Σ (a − f) d.
    fn variance(&self, f: f64, covariance: &nalgebra::DMatrix<f64>) -> f64 {
        let along: Vec<f64> = self.ad.iter().zip(&self.d).map(|(ad, d)| ad - f * d).collect();
        self.aav - 2.0 * f * self.av + f * f * self.v + quadratic(covariance, &along)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;

    fn steps<'a>(time: &'a [f64], hazard: &[f64], none: &'a DMatrix<f64>) -> HazardSteps<'a> {
        HazardSteps {
            time,
            n_events: &[1, 1],
            hazard: hazard.to_vec(),
            variance: hazard.iter().map(|h| h * h).collect(),
            gradient: Vec::new(),
            covariance: none,
        }
    }

    #[test]
    fn one_cause_is_one_minus_survival() {
        let none = DMatrix::zeros(0, 0);
        let found = added_up(&[steps(&[1.0, 3.0], &[0.2, 0.5], &none)], &[0]);
        // Var F = S² Var Λ.
        for (k, (hazard, variance)) in [(0.2_f64, 0.04), (0.7, 0.29)].into_iter().enumerate() {
            assert!((found.incidence[k] - (1.0 - (-hazard).exp())).abs() < 1e-15);
            let error = (-hazard).exp() * f64::sqrt(variance);
            assert!((found.standard_error[k] - error).abs() < 1e-15, "{} {error}", found.standard_error[k]);
        }
    }

    #[test]
    fn tied_causes_share_what_happens() {
        // At 2 both: hazards 0.3 and 0.1 share S(2−) − S(2) as 3 to 1.
        let none = DMatrix::zeros(0, 0);
        let found = added_up(&[steps(&[2.0], &[0.3], &none), steps(&[1.0, 2.0], &[0.5, 0.1], &none)], &[0, 0]);
        assert_eq!(found.time, [1.0, 2.0]);
        let at_two = (-0.5_f64).exp() - (-0.9_f64).exp();
        assert!((found.incidence[1] - 0.75 * at_two).abs() < 1e-15 && found.incidence[0] == 0.0);
    }

    /// The derivatives by every increment of every cause, by finite differences of the incidence itself.
    #[test]
    fn the_variance_is_that_of_the_delta_method() {
        let none = DMatrix::zeros(0, 0);
        let times: [&[f64]; 2] = [&[1.0, 2.0], &[2.0, 3.0]];
        let hazards = [[0.3, 0.2], [0.4, 0.1]];
        let last = |h: &[[f64; 2]; 2]| {
            let found = added_up(&[steps(times[0], &h[0], &none), steps(times[1], &h[1], &none)], &[0, 0]);
            (found.incidence[2], found.standard_error[2])
        };
        let mut variance = 0.0;
        for (j, k) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let moved = |by: f64| {
                let mut h = hazards;
                h[j][k] += by;
                last(&h).0
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            variance += slope * slope * hazards[j][k] * hazards[j][k];
        }
        assert!((last(&hazards).1 - f64::sqrt(variance)).abs() < 1e-9);
    }

    #[test]
    fn the_share_and_its_derivative_are_smooth_where_the_series_takes_over() {
        let (below, above) = (share(0.999_999e-5), share(1.000_001e-5));
        assert!((below.0 - above.0).abs() < 1e-10 && (below.1 - above.1).abs() < 1e-4);
        let (left, right) = (share(0.3 - 1e-6).0, share(0.3 + 1e-6).0);
        assert!(((right - left) / 2e-6 - share(0.3).1).abs() < 1e-9);
    }
}
