//! What is said of a ridge fit: effective degrees of freedom, and tests with them.
//!
//! ```text
//! V = H⁻¹,  V₂ = H⁻¹ I H⁻¹        H: information and the penalty's second derivative
//! df of a term = tr(V_tt⁻¹ V₂_tt)          df of the model: the sum over terms
//! ```
//!
//! Source: Gray (1992), JASA 87:942-951, doi 10.1080/01621459.1992.10476248; as in R's survival package (`coxpenal.df`).

use super::hypothesis::chi_squared_upper;
use crate::design::ModelColumns;
use crate::engine::CoxFit;
use crate::engine::cholesky::{Ldl, PIVOT_TOLERANCE, quadratic_form};
use nalgebra::DMatrix;
use std::ops::Range;

/// A χ² statistic with degrees of freedom that need not be whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectiveTest {
    /// The statistic.
    pub chisq: f64,
    /// Effective degrees of freedom.
    pub df: f64,
    /// P value.
    pub p: f64,
}

/// Degrees of freedom and tests of a ridge fit.
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeSummary {
    /// Effective degrees of freedom of every term, in the order of the terms.
    pub df_per_term: Vec<f64>,
    /// Their sum.
    pub df: f64,
    /// 2(ℓ − ℓ₀), both without penalty.
    pub lr: EffectiveTest,
    /// βᵀH β.
    pub wald: EffectiveTest,
    /// Standard errors from V₂.
    pub se2: Vec<f64>,
}

/// Works them out; `None` for a fit without ridge terms.
pub fn ridge_summary(fit: &CoxFit, columns: &ModelColumns) -> Option<RidgeSummary> {
    let shrunken = fit.shrunken_covariance.as_ref()?;
    let df_per_term: Vec<f64> =
        columns.terms.iter().map(|t| effective_df(&fit.covariance, shrunken, t.columns.clone())).collect();
    let df = df_per_term.iter().sum();
    let test = |chisq: f64| EffectiveTest { chisq, df, p: chi_squared_upper(chisq, df) };
    let known: Vec<f64> = fit.coefficients.iter().map(|b| if b.is_nan() { 0.0 } else { *b }).collect();
    Some(RidgeSummary {
        lr: test(fit.likelihood_ratio_test()),
        wald: test(quadratic_form(&fit.covariance, &known).0),
        se2: (0..known.len()).map(|j| shrunken[(j, j)].max(0.0).sqrt()).collect(),
        df_per_term,
        df,
    })
}

/// tr(V⁻¹ V₂) over some columns.
fn effective_df(covariance: &DMatrix<f64>, shrunken: &DMatrix<f64>, columns: Range<usize>) -> f64 {
    let block = |m: &DMatrix<f64>| m.view((columns.start, columns.start), (columns.len(), columns.len())).into_owned();
    let factor = Ldl::new(&block(covariance), PIVOT_TOLERANCE);
    (factor.inverse() * block(shrunken)).trace()
}
