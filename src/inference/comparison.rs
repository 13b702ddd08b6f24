//! The hazard ratio of any two covariate patterns.
//!
//! ```text
//! log HR = cᵀβ,  c = x(first) − x(second)        SE = √(cᵀVc), V the reported covariance
//! ```

use super::contrast::{is_infinite, linear_combination};
use super::hypothesis::Estimate;
use super::interaction::Standing;
use crate::design::{DifferenceError, ModelColumns};
use crate::engine::CoxFit;
use crate::formula::{Assignment, Comparison};

/// The hazard of one covariate pattern over that of another.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// c, one number per column of the design.
    pub weights: Vec<f64>,
    /// The log hazard ratio with its Wald test and interval.
    pub estimate: Estimate,
    /// How far it can be trusted.
    pub standing: Standing,
}

/// Compares the two patterns of `comparison`; `level` is the confidence level.
///
/// Errors: what [`ModelColumns::difference`] finds.
pub fn compare(
    fit: &CoxFit,
    columns: &ModelColumns,
    comparison: &Comparison,
    level: f64,
) -> Result<Contrast, DifferenceError> {
    let weights = columns.difference(&values(&comparison.first), &values(&comparison.second))?;
    let estimate = linear_combination(fit, &weights, level);
    let standing = standing(fit, &weights, &estimate);
    Ok(Contrast { weights, estimate, standing })
}

/// How far a linear combination can be trusted.
pub fn standing(fit: &CoxFit, weights: &[f64], estimate: &Estimate) -> Standing {
    match () {
        () if !estimate.is_estimable() => Standing::NotEstimable,
        () if is_infinite(fit, weights) => Standing::Infinite,
        () => Standing::Estimated,
    }
}

fn values(side: &[Assignment]) -> Vec<(&str, &str)> {
    side.iter().map(|a| (a.column.as_str(), a.value.as_str())).collect()
}
