//! Linear predictors of persons and the shares of terms in them, against covariates to compare with.
//!
//! ```text
//! lp = (x − m)β      se² = (x − m)ᵀ V (x − m)          V: the reported covariance; the same over a term's columns alone
//! risk = exp(lp)     se = risk · se(lp)                delta method
//! ```
//!
//! A number that touches an aliased coefficient leaves that column out, as R's `predict.coxph` does.

use crate::design::ModelColumns;
use crate::engine::CoxFit;
use std::ops::Range;

/// Linear predictor of a person with design row `row` against one with `center`, and its standard error.
pub fn linear_predictor(fit: &CoxFit, row: &[f64], center: &[f64]) -> (f64, f64) {
    share(fit, row, center, 0..row.len())
}

/// The same for every term, in the order of the terms.
pub fn term_predictions(fit: &CoxFit, columns: &ModelColumns, row: &[f64], center: &[f64]) -> Vec<(f64, f64)> {
    columns.terms.iter().map(|term| share(fit, row, center, term.columns.clone())).collect()
}

fn share(fit: &CoxFit, row: &[f64], center: &[f64], columns: Range<usize>) -> (f64, f64) {
    let used: Vec<usize> = columns.filter(|j| !fit.aliased[*j]).collect();
    let v = fit.reported_covariance();
    let distance = |j: &usize| row[*j] - center[*j];
    let sum = used.iter().map(|j| distance(j) * fit.coefficients[*j]).sum();
    let product = |i: &usize| distance(i) * used.iter().map(|j| v[(*i, *j)] * distance(j)).sum::<f64>();
    let variance: f64 = used.iter().map(product).sum();
    (sum, variance.max(0.0).sqrt())
}
