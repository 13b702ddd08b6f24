//! The non-parametric bootstrap by person: the model refitted to resamples, and intervals from how estimates vary.
//!
//! With t the estimate and t₁ … t_R those of the replicates in order, t(p) the ((R + 1)p)-th of them (interpolated):
//!
//! ```text
//! percentile  [t(α/2), t(1 − α/2)]      basic  [2t − t(1 − α/2), 2t − t(α/2)]
//! normal      t − bias ± z se           bias = mean(t_r) − t,  se = standard deviation of t_r
//! ```
//!
//! Hazard ratios and the synergy index are treated on the log scale (percentile limits do not depend on that). A replicate
//! whose fit does not converge, or in which a statistic cannot be estimated (a level nobody was drawn from) or is
//! infinite (a level drawn without events), is left out of that statistic's interval and counted.
//!
//! Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, chapter 5, doi 10.1017/CBO9780511802843.

use super::hypothesis::normal_quantile;
use crate::engine::{Convergence, CoxFit, FitError, FitOptions, FitWarning, Prepared, Termination, Units};
use nalgebra::DMatrix;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many resamples, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// R.
    pub replicates: u32,
    /// Replicate r of a seed is the same whatever R and the number of threads are.
    pub seed: u64,
}

/// The coefficients of all replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicates {
    /// Per replicate, in order; NaN where a coefficient cannot be estimated or runs to infinity, `None` where the fit did
    /// not converge.
    pub coefficients: Vec<Option<Vec<f64>>>,
    /// What was drawn: number of units and of groups of units with the same strata.
    pub n_units: usize,
    /// Number of groups.
    pub n_groups: usize,
}

/// What the replicates say of one statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Replicates in which the statistic has a value.
    pub n_used: usize,
    /// Standard deviation of the replicates.
    pub se: f64,
    /// Their mean less the estimate.
    pub bias: f64,
    /// Percentile limits.
    pub percentile: (f64, f64),
    /// Basic limits.
    pub basic: (f64, f64),
    /// Normal limits, corrected for bias.
    pub normal: (f64, f64),
}

/// Refits the model to `plan.replicates` resamples of `units`, from the estimates of `fit` on; `resample` makes the model
/// of the numbers of times that everything drawn counts. A resample that has none (no events) counts as not converged.
///
/// Replicates run side by side with one thread each; results do not depend on how many.
pub fn bootstrap(
    resample: impl Fn(&[u32]) -> Result<Prepared, FitError> + Sync,
    fit: &CoxFit,
    units: &Units,
    plan: Plan,
    options: &FitOptions,
) -> Replicates {
    let start = fit.coefficients.iter().map(|b| if b.is_nan() { 0.0 } else { *b }).collect();
    let options =
        FitOptions { robust: false, convergence: Convergence::Close, initial: Some(start), ..options.clone() };
    let one = |replicate: u64| {
        let count = units.draw(plan.seed, replicate);
        resample(&count).and_then(|model| model.fit(&options)).ok().and_then(coefficients)
    };
    let coefficients = side_by_side(u64::from(plan.replicates), one);
    Replicates { coefficients, n_units: units.n_units(), n_groups: units.n_groups() }
}

/// The coefficients of a replicate, NaN where they mean nothing.
fn coefficients(fit: CoxFit) -> Option<Vec<f64>> {
    if fit.termination == Termination::IterationLimit {
        return None;
    }
    let mut coefficients = fit.coefficients;
    for warning in &fit.warnings {
        if let FitWarning::InfiniteCoefficient { column, .. } = warning {
            coefficients[*column] = f64::NAN;
        }
    }
    Some(coefficients)
}

/// `work` of 0..`n` in order. Each worker is a pool of one thread, so that what runs inside a piece of work is not cut up
/// and passed around.
fn side_by_side<T: Send>(n: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n {
                return done;
            }
            done.push((i, work(i)));
        }
    };
    let alone = || match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
        Ok(pool) => pool.install(worker),
        // Without a thread to spare the work is done where we are.
        Err(_) => worker(),
    };
    let workers = (rayon::current_num_threads() as u64).clamp(1, n.max(1));
    let mut done: Vec<(u64, T)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(alone)).collect();
        let joined = running.into_iter().map(|w| w.join().expect("a worker passes on no panic of its own"));
        joined.flatten().collect()
    });
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, value)| value).collect()
}

impl Replicates {
    /// Replicates whose fit did not converge.
    pub fn n_not_converged(&self) -> usize {
        self.coefficients.iter().filter(|c| c.is_none()).count()
    }

    /// Converged replicates in which some coefficient that `fit` has cannot be estimated or is infinite.
    pub fn n_not_estimable(&self, fit: &CoxFit) -> usize {
        let lacks = |c: &Vec<f64>| c.iter().zip(&fit.aliased).any(|(b, aliased)| b.is_nan() && !aliased);
        self.coefficients.iter().flatten().filter(|c| lacks(c)).count()
    }

    /// What the replicates say of a statistic of the coefficients that is `observed` in the data.
    pub fn interval(&self, observed: f64, level: f64, statistic: impl Fn(&[f64]) -> f64) -> Interval {
        let values = self.coefficients.iter().flatten().map(|c| statistic(c)).filter(|v| v.is_finite());
        interval(observed, values.collect(), level)
    }

    /// The same for cᵀβ.
    pub fn combination(&self, observed: f64, level: f64, weights: &[f64]) -> Interval {
        self.interval(observed, level, |coefficients| dot(weights, coefficients))
    }

    /// Covariance of the coefficients over the replicates in which all that `fit` has are estimated; rows and columns of
    /// aliased ones are 0.
    pub fn covariance(&self, fit: &CoxFit) -> DMatrix<f64> {
        let p = fit.coefficients.len();
        let complete = |c: &&Vec<f64>| c.iter().zip(&fit.aliased).all(|(b, aliased)| *aliased || !b.is_nan());
        let used: Vec<&Vec<f64>> = self.coefficients.iter().flatten().filter(complete).collect();
        let n = used.len() as f64;
        let mean: Vec<f64> = (0..p).map(|j| used.iter().map(|c| c[j]).sum::<f64>() / n).collect();
        DMatrix::from_fn(p, p, |i, j| match fit.aliased[i] || fit.aliased[j] {
            true => 0.0,
            false => used.iter().map(|c| (c[i] - mean[i]) * (c[j] - mean[j])).sum::<f64>() / (n - 1.0),
        })
    }
}

/// cᵀβ over the coefficients that have a weight.
pub fn dot(weights: &[f64], coefficients: &[f64]) -> f64 {
    weights.iter().zip(coefficients).filter(|(w, _)| **w != 0.0).map(|(w, b)| w * b).sum()
}

fn interval(observed: f64, mut values: Vec<f64>, level: f64) -> Interval {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let se = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let (bias, width) = (mean - observed, normal_quantile(0.5 + level / 2.0) * se);
    let (lower, upper) = (quantile(&values, 0.5 - level / 2.0), quantile(&values, 0.5 + level / 2.0));
    Interval {
        n_used: values.len(),
        se,
        bias,
        percentile: (lower, upper),
        basic: (2.0 * observed - upper, 2.0 * observed - lower),
        normal: (observed - bias - width, observed - bias + width),
    }
}

/// The ((n + 1)p)-th of sorted values, interpolated; NaN where that lies outside of them (too few replicates).
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = (sorted.len() as f64 + 1.0) * p;
    let below = place.floor();
    if below < 1.0 || below > sorted.len() as f64 {
        return f64::NAN;
    }
    let (low, share) = (sorted[below as usize - 1], place - below);
    match sorted.get(below as usize) {
        Some(high) => low + share * (high - low),
        None if share == 0.0 => low,
        None => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_by_hand() {
        // 39 values 1..39: (n + 1)p is 1 and 39 at 95 %.
        let found = interval(18.0, (1..=39).rev().map(f64::from).collect(), 0.95);
        assert!((found.percentile.0 - 1.0).abs() < 1e-12 && (found.percentile.1 - 39.0).abs() < 1e-12);
        assert!((found.basic.0 + 3.0).abs() < 1e-12 && (found.basic.1 - 35.0).abs() < 1e-12);
        assert_eq!((found.bias, found.n_used), (2.0, 39));
        assert!((found.se - 130f64.sqrt()).abs() < 1e-12);
        assert!((found.normal.0 - (16.0 - 1.959963984540054 * 130f64.sqrt())).abs() < 1e-9);
        assert!(interval(0.0, vec![1.0, 2.0, 3.0], 0.95).percentile.0.is_nan());
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.625), 3.0);
    }

    #[test]
    fn work_side_by_side_keeps_its_order() {
        assert_eq!(side_by_side(100, |i| i * i), (0..100).map(|i| i * i).collect::<Vec<u64>>());
        assert_eq!(side_by_side(0, |i| i), [0u64; 0]);
    }
}
