//! Linear combinations of coefficients, and Wald tests of several at once.

use super::hypothesis::{ChiSquared, Estimate};
use crate::engine::cholesky::quadratic_form;
use crate::engine::{CoxFit, FitWarning};
use nalgebra::DMatrix;

/// cᵀβ with its standard error √(cᵀVc), V the reported covariance.
///
/// `weights` has one entry per column. Not estimable when it touches an aliased column.
pub fn linear_combination(fit: &CoxFit, weights: &[f64], level: f64) -> Estimate {
    if weights.iter().zip(&fit.aliased).any(|(w, aliased)| *aliased && *w != 0.0) {
        return Estimate::not_estimable();
    }
    let used: Vec<usize> = (0..weights.len()).filter(|j| weights[*j] != 0.0).collect();
    let estimate = used.iter().map(|j| weights[*j] * fit.coefficients[*j]).sum();
    let variance = covariance_of(fit, &used, weights, weights);
    Estimate::new(estimate, variance.max(0.0).sqrt(), level)
}

/// aᵀVb over the columns `used`.
fn covariance_of(fit: &CoxFit, used: &[usize], a: &[f64], b: &[f64]) -> f64 {
    let v = fit.reported_covariance();
    used.iter().map(|i| a[*i] * used.iter().map(|j| v[(*i, *j)] * b[*j]).sum::<f64>()).sum()
}

/// The covariance of several linear combinations, LVLᵀ; L has a row for each.
pub fn covariance_of_combinations(fit: &CoxFit, rows: &[Vec<f64>]) -> DMatrix<f64> {
    let all: Vec<usize> = (0..fit.coefficients.len()).filter(|j| rows.iter().any(|r| r[*j] != 0.0)).collect();
    DMatrix::from_fn(rows.len(), rows.len(), |i, j| covariance_of(fit, &all, &rows[i], &rows[j]))
}

/// Whether a linear combination touches a coefficient that runs to infinity, so that no interval means anything.
pub fn is_infinite(fit: &CoxFit, weights: &[f64]) -> bool {
    fit.warnings.iter().any(|w| matches!(w, FitWarning::InfiniteCoefficient { column, .. } if weights[*column] != 0.0))
}

/// Wald test that the coefficients of `columns` are 0: βᵀV⁻¹β over those that were estimated.
///
/// Invariant to the coding of factors. Degrees of freedom are the rank of V; without any the statistic is NaN.
pub fn wald(fit: &CoxFit, columns: impl IntoIterator<Item = usize>) -> ChiSquared {
    let used: Vec<usize> = columns.into_iter().filter(|j| !fit.aliased[*j]).collect();
    if used.is_empty() {
        return ChiSquared { chisq: f64::NAN, df: 0, p: f64::NAN };
    }
    let v = fit.reported_covariance();
    let block = DMatrix::from_fn(used.len(), used.len(), |i, j| v[(used[i], used[j])]);
    let beta: Vec<f64> = used.iter().map(|j| fit.coefficients[*j]).collect();
    let (chisq, rank) = quadratic_form(&block, &beta);
    ChiSquared::new(chisq, rank)
}
