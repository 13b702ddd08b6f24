//! A number against a reference value of itself: hazard ratios along a curve.
//!
//! ```text
//! HR(v) = exp[(x(v) − x(v₀))ᵀβ],  standard error of its logarithm √(dᵀVd), d = x(v) − x(v₀)
//! ```
//!
//! x(v) is the design row at value v of one column of the data, through every term that the column enters (`age`,
//! `I(age^2)`, `rcs(age, 4)`); everything else is held where `base` has it, which matters only where a product
//! has the column in it. Source: Harrell (2015), Regression Modeling Strategies, section 2.4.

use super::comparison::standing;
use super::contrast::linear_combination;
use super::hypothesis::Estimate;
use super::interaction::Standing;
use crate::design::{ModelColumns, Setting, SettingValue};
use crate::engine::CoxFit;
use thiserror::Error;

/// Why a column has no hazard ratios at values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValuesError {
    /// The model does not have the column.
    #[error("hazard ratios at values: `{column}` is not in the model; add it to the formula")]
    NotInModel {
        /// The column.
        column: String,
    },
    /// The column is a factor.
    #[error("hazard ratios at values: `{column}` is a factor, whose levels have hazard ratios already")]
    Factor {
        /// The column.
        column: String,
    },
}

/// The hazard ratio at one value.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueRatio {
    /// The value.
    pub value: f64,
    /// The log hazard ratio against the reference value.
    pub estimate: Estimate,
    /// How far it can be trusted.
    pub standing: Standing,
}

/// Hazard ratios of `column` at `values` against `reference`, other columns as in `base` (else at reference or 0).
pub fn ratios_at(
    fit: &CoxFit,
    columns: &ModelColumns,
    base: &Setting,
    column: &str,
    values: &[f64],
    reference: f64,
    level: f64,
) -> Vec<ValueRatio> {
    let row = |x: f64| columns.row(&base.clone().with(column, SettingValue::Number(x)));
    let at_reference = row(reference);
    let ratio = |value: &f64| {
        let weights: Vec<f64> = row(*value).iter().zip(&at_reference).map(|(a, b)| a - b).collect();
        let estimate = linear_combination(fit, &weights, level);
        let is_reference = *value == reference;
        let standing = if is_reference { Standing::Reference } else { standing(fit, &weights, &estimate) };
        ValueRatio { value: *value, estimate, standing }
    };
    values.iter().map(ratio).collect()
}

/// That the model has `column` as a number.
pub fn check_number(columns: &ModelColumns, column: &str) -> Result<(), ValuesError> {
    let known = columns.variables_of(column);
    let column = column.to_string();
    match known.iter().any(|v| columns.variables[*v].levels.is_empty()) {
        _ if known.is_empty() => Err(ValuesError::NotInModel { column }),
        false => Err(ValuesError::Factor { column }),
        true => Ok(()),
    }
}
