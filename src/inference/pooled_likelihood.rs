//! Likelihood-ratio tests over completed data sets: D₃ from likelihoods at pooled estimates, D₂ from the tests alone.
//!
//! ```text
//! d_l  = 2 (ℓ_l(β̂_l) − ℓ_l(β̂⁰_l)) of data set l, d̄ their mean        β⁰: without the columns tested, k of them
//! d̃    = mean of 2 (ℓ_l(β̄) − ℓ_l(β̄⁰)), at the means of the estimates
//!
//! D₂ = (d̄/k − (m+1)/(m−1) r₂) / (1 + r₂),   r₂ = (1 + 1/m) var √d_l,   ν₂ = k^(−3/m) (m−1) (1 + 1/r₂)²
//! D₃ = d̃ / (k (1 + r₃)),                     r₃ = (m+1)/(k(m−1)) (d̄ − d̃), ν₃ as that of D₁ with r₃
//! ```
//!
//! r₃ estimates the relative increase of the variance, and is taken as 0 where it comes out below. Both are F with k and ν
//! degrees of freedom; ℓ is the log partial likelihood. D₃ is the better one: D₂ knows nothing but the m statistics.
//!
//! Sources: Meng and Rubin (1992), Biometrika 79:103-111, doi 10.1093/biomet/79.1.103, for D₃; Li, Meng, Raghunathan and
//! Rubin (1991), Statistica Sinica 1:65-92, for D₂; as in R's `mitml::testModels`.

use super::hypothesis::fisher_upper;
use super::pooling::{PooledTest, denominator_df};
use crate::engine::{CoxFit, FitError, FitOptions, Penalty, Prepared};

/// A model on one completed data set.
#[derive(Debug, Clone, Copy)]
pub struct FittedSet<'a> {
    /// What was fitted.
    pub prepared: &'a Prepared,
    /// The fit.
    pub fit: &'a CoxFit,
    /// What it was asked for.
    pub options: &'a FitOptions,
}

/// D₂ and D₃ of one hypothesis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PooledLikelihoodRatios {
    /// D₂.
    pub d2: PooledTest,
    /// D₃.
    pub d3: PooledTest,
}

/// Tests that the coefficients where `tested` holds are 0, by fits without them to every data set.
///
/// `None` where no likelihood-ratio test is defined: with a robust covariance, a penalty, or a column that is not estimated
/// in every data set. Errors: those of the smaller fits.
pub fn pooled_likelihood_ratios(
    sets: &[FittedSet],
    tested: &[bool],
) -> Result<Option<PooledLikelihoodRatios>, FitError> {
    let plain = |s: &FittedSet| s.fit.penalty == Penalty::None && s.fit.robust_covariance.is_none();
    let k = tested.iter().filter(|tested| **tested).count();
    if k == 0 || sets.len() < 2 || !sets.iter().all(|s| plain(s) && !s.fit.aliased.contains(&true)) {
        return Ok(None);
    }
    let kept: Vec<bool> = tested.iter().map(|tested| !tested).collect();
    let smaller = |s: &FittedSet| {
        s.prepared.fit_columns(&kept, &FitOptions { robust: false, initial: None, ..s.options.clone() })
    };
    let without = sets.iter().map(smaller).collect::<Result<Vec<_>, _>>()?;
    let mean = |fits: &[&CoxFit]| -> Vec<f64> {
        (0..tested.len()).map(|j| fits.iter().map(|f| f.coefficients[j]).sum::<f64>() / fits.len() as f64).collect()
    };
    let (full, null) =
        (mean(&sets.iter().map(|s| s.fit).collect::<Vec<_>>()), mean(&without.iter().collect::<Vec<_>>()));
    let own = |(s, w): (&FittedSet, &CoxFit)| 2.0 * (s.fit.log_partial_likelihood - w.log_partial_likelihood);
    let own: Vec<f64> = sets.iter().zip(&without).map(own).collect();
    let at = |s: &FittedSet, b: &[f64]| s.prepared.objective_slope(b, s.options).0;
    let at_pooled = sets.iter().map(|s| 2.0 * (at(s, &full) - at(s, &null))).sum::<f64>() / sets.len() as f64;
    Ok(Some(PooledLikelihoodRatios { d2: d2(&own, k), d3: d3(&own, at_pooled, k) }))
}

/// D₂ of m likelihood-ratio (or Wald) statistics with `k` degrees of freedom each.
pub fn d2(statistics: &[f64], k: usize) -> PooledTest {
    let (m, q) = (statistics.len() as f64, k as f64);
    let roots: Vec<f64> = statistics.iter().map(|d| d.max(0.0).sqrt()).collect();
    let mean = roots.iter().sum::<f64>() / m;
    let increase = (1.0 + 1.0 / m) * roots.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (m - 1.0);
    let average = statistics.iter().sum::<f64>() / m;
    let f = (average / q - (m + 1.0) / (m - 1.0) * increase) / (1.0 + increase);
    let df2 = q.powf(-3.0 / m) * (m - 1.0) * (1.0 + 1.0 / increase).powi(2);
    PooledTest { f, df1: k, df2, p: fisher_upper(f, q, df2), relative_increase: increase }
}

/// D₃ of the data sets' own statistics and their mean at the pooled estimates.
fn d3(own: &[f64], at_pooled: f64, k: usize) -> PooledTest {
    let (m, q) = (own.len() as f64, k as f64);
    let average = own.iter().sum::<f64>() / m;
    let increase = ((m + 1.0) / (q * (m - 1.0)) * (average - at_pooled)).max(0.0);
    let (f, df2) = (at_pooled / (q * (1.0 + increase)), denominator_df(q, m, increase));
    PooledTest { f, df1: k, df2, p: fisher_upper(f, q, df2), relative_increase: increase }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statistics 1, 4 and 9 on one degree of freedom: roots 1, 2, 3 with variance 1, so r₂ = 4/3, d̄ = 14/3,
    /// D₂ = (14/3 − 2 · 4/3) / (7/3) = 6/7 and ν₂ = 2 (7/4)² = 6.125.
    #[test]
    fn d2_by_hand() {
        let found = d2(&[1.0, 4.0, 9.0], 1);
        assert!((found.f - 6.0 / 7.0).abs() < 1e-14 && (found.df2 - 6.125).abs() < 1e-12);
        assert!((found.relative_increase - 4.0 / 3.0).abs() < 1e-14);
    }

    /// Equal data sets give the test of one of them, χ²/k.
    #[test]
    fn equal_data_sets_give_their_own_test() {
        let (two, three) = (d2(&[6.0; 4], 2), d3(&[6.0; 4], 6.0, 2));
        for found in [two, three] {
            assert!((found.f - 3.0).abs() < 1e-14 && found.df2.is_infinite());
            assert!((found.p - (-3.0f64).exp()).abs() < 1e-14);
        }
    }

    /// d̄ = 8, d̃ = 7, k = 2, m = 3: r₃ = 4/(2·2) = 1, D₃ = 7/4, t = 4: ν₃ = 4 (1 + 1/2)(1 + 1)²/2 = 12.
    #[test]
    fn d3_by_hand() {
        let found = d3(&[7.0, 8.0, 9.0], 7.0, 2);
        assert!((found.f - 1.75).abs() < 1e-14 && (found.df2 - 12.0).abs() < 1e-12, "{found:?}");
        assert_eq!(d3(&[7.0, 8.0, 9.0], 8.5, 2).relative_increase, 0.0);
    }
}
