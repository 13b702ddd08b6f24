//! Rubin's rules: one statement from the fits of several completed data sets.
//!
//! ```text
//! Q̄ = mean of Q_i      Ū = mean of U_i      B = Σ (Q_i − Q̄)² / (m − 1)      T = Ū + (1 + 1/m) B
//! λ = (1 + 1/m) B / T      r = (1 + 1/m) B / Ū
//! 1/ν = λ²/(m − 1) + 1/ν_obs      ν_obs = (ν_com + 1)/(ν_com + 3) ν_com (1 − λ)
//! fraction of missing information (r + 2/(ν + 3)) / (r + 1)      relative efficiency 1 / (1 + fmi/m)
//! ```
//!
//! ν_com, the degrees of freedom of complete data, is events − coefficients, as `mice` takes it for Cox models. Sources:
//! Rubin (1987), Multiple Imputation for Nonresponse in Surveys, doi 10.1002/9780470316696; Barnard and Rubin (1999),
//! Biometrika 86:948-955, doi 10.1093/biomet/86.4.948. Several coefficients together: D₁ of Li, Raghunathan and Rubin
//! (1991), JASA 86:1065-1073, doi 10.1080/01621459.1991.10475152.

use super::hypothesis::{Estimate, fisher_upper, student_quantile, student_two_sided};
use crate::engine::cholesky::{Ldl, PIVOT_TOLERANCE, quadratic_form};
use nalgebra::DMatrix;

/// A quantity pooled over m completed data sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// Q̄; NaN when it cannot be estimated in some data set, and then all else is NaN too.
    pub estimate: f64,
    /// Ū, the variance within data sets.
    pub within: f64,
    /// B, the variance between data sets.
    pub between: f64,
    /// T, the total variance.
    pub total: f64,
    /// ν, degrees of freedom of Student's t.
    pub df: f64,
    /// r, the relative increase of the variance due to missing values.
    pub relative_increase: f64,
    /// λ, the share of the variance that is due to missing values.
    pub lambda: f64,
    /// The fraction of missing information.
    pub missing_information: f64,
    /// The efficiency of m data sets relative to infinitely many.
    pub relative_efficiency: f64,
}

/// A test of several coefficients together, F under the null hypothesis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PooledTest {
    /// D₁.
    pub f: f64,
    /// Coefficients tested; 0 when none could be, and then all else is NaN.
    pub df1: usize,
    /// Degrees of freedom of the denominator.
    pub df2: f64,
    /// P value.
    pub p: f64,
    /// r̄, the average relative increase of the variance.
    pub relative_increase: f64,
}

/// Pools one quantity of m ≥ 2 data sets from its estimates and their variances. `complete_df` is ν_com, which may be
/// infinite.
pub fn pool(estimates: &[f64], variances: &[f64], complete_df: f64) -> Pooled {
    let m = estimates.len() as f64;
    let estimate = estimates.iter().sum::<f64>() / m;
    let within = variances.iter().sum::<f64>() / m;
    let between = estimates.iter().map(|q| (q - estimate).powi(2)).sum::<f64>() / (m - 1.0);
    Pooled::new(estimate, within, between, m, complete_df)
}

impl Pooled {
    fn new(estimate: f64, within: f64, between: f64, m: f64, complete_df: f64) -> Pooled {
        let excess = (1.0 + 1.0 / m) * between;
        let total = within + excess;
        let (lambda, relative_increase) = (excess / total, excess / within);
        let of_complete = match complete_df.is_finite() {
            true => (complete_df + 1.0) / (complete_df + 3.0) * complete_df * (1.0 - lambda),
            false => f64::INFINITY,
        };
        let df = 1.0 / (lambda * lambda / (m - 1.0) + 1.0 / of_complete);
        let missing_information = (relative_increase + 2.0 / (df + 3.0)) / (relative_increase + 1.0);
        Pooled {
            estimate,
            within,
            between,
            total,
            df,
            relative_increase,
            lambda,
            missing_information,
            relative_efficiency: 1.0 / (1.0 + missing_information / m),
        }
    }

    /// The estimate with its t test (in place of z) and interval at confidence `level`.
    pub fn estimate(&self, level: f64) -> Estimate {
        if self.estimate.is_nan() {
            return Estimate::not_estimable();
        }
        let se = self.total.sqrt();
        let t = self.estimate / se;
        let width = student_quantile(0.5 + level / 2.0, self.df) * se;
        Estimate {
            estimate: self.estimate,
            se,
            z: t,
            p: student_two_sided(t, self.df),
            lower: self.estimate - width,
            upper: self.estimate + width,
        }
    }
}

/// The coefficients of m fits of one model, pooled.
#[derive(Debug, Clone, PartialEq)]
pub struct PooledCoefficients {
    /// Q̄, length p; NaN where a coefficient is not estimated in every data set.
    pub estimates: Vec<f64>,
    /// Ū, p × p.
    pub within: DMatrix<f64>,
    /// B, p × p.
    pub between: DMatrix<f64>,
    /// m.
    pub n_imputations: usize,
    /// ν_com.
    pub complete_df: f64,
}

impl PooledCoefficients {
    /// Pools coefficient vectors (NaN where aliased) and their covariances, at least two of each.
    pub fn new(coefficients: &[&[f64]], covariances: &[&DMatrix<f64>], complete_df: f64) -> PooledCoefficients {
        let (m, p) = (coefficients.len() as f64, coefficients[0].len());
        let estimates: Vec<f64> = (0..p).map(|j| coefficients.iter().map(|q| q[j]).sum::<f64>() / m).collect();
        let within = DMatrix::from_fn(p, p, |i, j| covariances.iter().map(|u| u[(i, j)]).sum::<f64>() / m);
        let product = |q: &&[f64], i: usize, j: usize| (q[i] - estimates[i]) * (q[j] - estimates[j]);
        let between =
            DMatrix::from_fn(p, p, |i, j| coefficients.iter().map(|q| product(q, i, j)).sum::<f64>() / (m - 1.0));
        PooledCoefficients { estimates, within, between, n_imputations: coefficients.len(), complete_df }
    }

    /// T, p × p.
    pub fn total(&self) -> DMatrix<f64> {
        &self.within + &self.between * (1.0 + 1.0 / self.n_imputations as f64)
    }

    /// cᵀQ̄ pooled as a quantity of its own; NaN when it touches a coefficient that is not estimated everywhere.
    pub fn combination(&self, weights: &[f64]) -> Pooled {
        let used: Vec<usize> = (0..weights.len()).filter(|j| weights[*j] != 0.0).collect();
        let variance = |v: &DMatrix<f64>| -> f64 {
            used.iter().map(|i| weights[*i] * used.iter().map(|j| v[(*i, *j)] * weights[*j]).sum::<f64>()).sum()
        };
        let estimate = used.iter().map(|j| weights[*j] * self.estimates[*j]).sum();
        let m = self.n_imputations as f64;
        Pooled::new(estimate, variance(&self.within), variance(&self.between), m, self.complete_df)
    }

    /// One coefficient pooled.
    pub fn coefficient(&self, column: usize) -> Pooled {
        let m = self.n_imputations as f64;
        let (within, between) = (self.within[(column, column)], self.between[(column, column)]);
        Pooled::new(self.estimates[column], within, between, m, self.complete_df)
    }

    /// D₁, the test that the coefficients of `columns` are 0; columns not estimated everywhere are left out.
    ///
    /// ```text
    /// r̄ = (1 + 1/m) tr(B Ū⁻¹) / q      D₁ = Q̄ᵀ Ū⁻¹ Q̄ / (q (1 + r̄)),  F with q and ν₁ degrees of freedom
    /// t = q(m − 1):  ν₁ = 4 + (t − 4)(1 + (1 − 2/t)/r̄)²  where t > 4, else t(1 + 1/q)(1 + 1/r̄)²/2
    /// ```
    pub fn test(&self, columns: impl IntoIterator<Item = usize>) -> PooledTest {
        let used: Vec<usize> = columns.into_iter().filter(|j| !self.estimates[*j].is_nan()).collect();
        let block = |v: &DMatrix<f64>| DMatrix::from_fn(used.len(), used.len(), |i, j| v[(used[i], used[j])]);
        let (within, between) = (block(&self.within), block(&self.between));
        let estimates: Vec<f64> = used.iter().map(|j| self.estimates[*j]).collect();
        let (distance, rank) = quadratic_form(&within, &estimates);
        if rank == 0 {
            return PooledTest { f: f64::NAN, df1: 0, df2: f64::NAN, p: f64::NAN, relative_increase: f64::NAN };
        }
        let (q, m) = (rank as f64, self.n_imputations as f64);
        let increase = (1.0 + 1.0 / m) * trace_of_ratio(&between, &within) / q;
        let (f, df2) = (distance / q / (1.0 + increase), denominator_df(q, m, increase));
        PooledTest { f, df1: rank, df2, p: fisher_upper(f, q, df2), relative_increase: increase }
    }
}

/// ν₁ of D₁, and that of D₃ with its r.
pub(super) fn denominator_df(q: f64, m: f64, increase: f64) -> f64 {
    let t = q * (m - 1.0);
    match t > 4.0 {
        true => 4.0 + (t - 4.0) * (1.0 + (1.0 - 2.0 / t) / increase).powi(2),
        false => t * (1.0 + 1.0 / q) * (1.0 + 1.0 / increase).powi(2) / 2.0,
    }
}

/// tr(B Ū⁻¹), with Ū scaled to unit diagonal so that the units of the columns do not matter.
fn trace_of_ratio(between: &DMatrix<f64>, within: &DMatrix<f64>) -> f64 {
    let p = within.nrows();
    let unit: Vec<f64> =
        (0..p).map(|i| if within[(i, i)] > 0.0 { within[(i, i)].sqrt().recip() } else { 0.0 }).collect();
    let scaled = |v: &DMatrix<f64>| DMatrix::from_fn(p, p, |i, j| v[(i, j)] * unit[i] * unit[j]);
    (scaled(between) * Ldl::new(&scaled(within), PIVOT_TOLERANCE).inverse()).trace()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Estimates 1, 2, 3 with variances 1, 1, 1: Q̄ = 2, Ū = 1, B = 1, T = 7/3, λ = 4/7, ν = 2/(16/49) = 6.125.
    #[test]
    fn pools_by_hand() {
        let found = pool(&[1.0, 2.0, 3.0], &[1.0, 1.0, 1.0], f64::INFINITY);
        assert_eq!((found.estimate, found.within, found.between), (2.0, 1.0, 1.0));
        assert!((found.total - 7.0 / 3.0).abs() < 1e-15 && (found.lambda - 4.0 / 7.0).abs() < 1e-15);
        assert!((found.df - 6.125).abs() < 1e-12);
        let fmi = (4.0 / 3.0 + 2.0 / 9.125) / (7.0 / 3.0);
        assert!((found.missing_information - fmi).abs() < 1e-15);
        assert!((found.relative_efficiency - 1.0 / (1.0 + fmi / 3.0)).abs() < 1e-15);
    }

    #[test]
    fn equal_data_sets_leave_the_complete_analysis() {
        let found = pool(&[0.5, 0.5], &[0.04, 0.04], 97.0);
        assert_eq!((found.between, found.lambda, found.total), (0.0, 0.0, 0.04));
        assert!((found.df - 98.0 / 100.0 * 97.0).abs() < 1e-12);
        let v = DMatrix::from_row_slice(2, 2, &[0.04, 0.01, 0.01, 0.09]);
        let pooled = PooledCoefficients::new(&[&[0.5, 0.1], &[0.5, 0.1]], &[&v, &v], 97.0);
        let test = pooled.test(0..2);
        let (chisq, _) = quadratic_form(&v, &[0.5, 0.1]);
        assert!((test.f - chisq / 2.0).abs() < 1e-12 && test.df2.is_infinite());
        assert!((test.p - crate::inference::hypothesis::chi_squared_upper(chisq, 2.0)).abs() < 1e-15);
    }

    /// A test of one coefficient is the square of its t, with Rubin's degrees of freedom.
    #[test]
    fn one_coefficient_is_tested_as_by_t() {
        let (a, b) = (DMatrix::from_element(1, 1, 0.04), DMatrix::from_element(1, 1, 0.05));
        let pooled = PooledCoefficients::new(&[&[0.5], &[0.8]], &[&a, &b], f64::INFINITY);
        let (test, t) = (pooled.test([0]), pooled.coefficient(0));
        assert!((test.f - t.estimate(0.95).z.powi(2)).abs() < 1e-12);
        assert!((test.df2 - t.df).abs() < 1e-9 * t.df);
    }
}
