//! An exposure by a modifier: hazard ratios within the levels of the modifier, of every combination against one
//! reference, ratios of hazard ratios, joint tests, and interaction on the additive scale.
//!
//! All are functions of β for design rows x of imagined persons that differ in exposure and modifier only:
//!
//! ```text
//! within y:     HR = exp[(x(e, y) − x(e₀, y))ᵀβ]
//! by exposure:  HR = exp[(x(e, y) − x(e, y₀))ᵀβ]
//! joint:        HR = exp[(x(e, y) − x(e₀, y₀))ᵀβ]
//! ratio:        within y over within y₀
//! RERI = HR₁₁ − HR₁₀ − HR₀₁ + 1      AP = RERI / HR₁₁      S = (HR₁₁ − 1) / (HR₁₀ + HR₀₁ − 2)
//! ```
//!
//! The intervals of RERI and AP are by the delta method on the joint hazard ratios, that of S on the log scale.
//! Presentation after Knol and VanderWeele (2012), IJE 41:514-520, doi 10.1093/ije/dyr218; delta method after
//! Hosmer and Lemeshow (1992), Epidemiology 3:452-456, doi 10.1097/00001648-199209000-00012.

use super::comparison::standing;
use super::contrast::{covariance_of_combinations, is_infinite, linear_combination, wald};
use super::hypothesis::{ChiSquared, Estimate, normal_quantile};
use super::summary::{LikelihoodRatio, likelihood_ratio};
use crate::design::{LevelInfo, ModelColumns, Setting, SettingValue};
use crate::engine::{CoxFit, FitError, FitOptions, Prepared};
use crate::formula::number_text;
use thiserror::Error;

/// Why an interaction cannot be analysed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum InteractionError {
    /// The model does not have the variable.
    #[error("interaction: `{column}` is not in the model; add it to the formula")]
    NotInModel {
        /// The column.
        column: String,
    },
    /// The model does not have the product.
    #[error(
        "interaction: the model has no term with both `{exposure}` and `{modifier}`; write {exposure} * {modifier}"
    )]
    NoProduct {
        /// The exposure.
        exposure: String,
        /// The modifier.
        modifier: String,
    },
    /// A curve as exposure: there is no hazard ratio per unit.
    #[error(
        "interaction: `{column}` enters the model by a curve, so it has no hazard ratio per unit; make it the modifier, \
         or ask for hazard ratios at values of it"
    )]
    Curve {
        /// The exposure.
        column: String,
    },
    /// A number as modifier without values.
    #[error("interaction: `{column}` is a number; say at which values the hazard ratios are wanted")]
    NoValues {
        /// The modifier.
        column: String,
    },
    /// The smaller model of the likelihood-ratio test cannot be fitted.
    #[error("interaction: {0}")]
    Fit(FitError),
}

/// A level or value at which a variable is held.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The level as it stands in the data, or the number.
    pub name: String,
    /// What tables print.
    pub label: String,
    value: SettingValue,
}

/// A variable of an interaction and the points at which it is looked at, the reference first.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The column.
    pub column: String,
    /// What tables print.
    pub title: String,
    /// Whether it is a number; then an exposure is compared per unit.
    pub is_number: bool,
    /// The points.
    pub points: Vec<Point>,
}

/// How far a number of an analysis can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the comparison of the reference with itself.
    Reference,
    /// It is estimated.
    Estimated,
    /// It touches a coefficient that cannot be estimated (a combination without records).
    NotEstimable,
    /// It touches a coefficient that runs to infinity (a combination without events): no interval is to be shown.
    Infinite,
}

/// A hazard ratio at a point of the exposure and one of the modifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Index into the exposure's points.
    pub exposure: usize,
    /// Index into the modifier's points.
    pub modifier: usize,
    /// The log hazard ratio.
    pub estimate: Estimate,
    /// How far it can be trusted.
    pub standing: Standing,
    /// What each coefficient is multiplied with.
    pub weights: Vec<f64>,
}

/// A quantity with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// The estimate.
    pub estimate: f64,
    /// Standard error; for the synergy index that of its logarithm. NaN where none is defined.
    pub se: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// Interaction on the additive scale for one level of the exposure and one of the modifier.
#[derive(Debug, Clone, PartialEq)]
pub struct AdditiveInteraction {
    /// Index into the exposure's points.
    pub exposure: usize,
    /// Index into the modifier's points.
    pub modifier: usize,
    /// HR of the exposure alone, the modifier alone, both; each against neither.
    pub hazard_ratios: [f64; 3],
    /// Relative excess risk due to interaction.
    pub reri: Quantity,
    /// Attributable proportion.
    pub ap: Quantity,
    /// Synergy index; without interval where it is not positive and finite.
    pub synergy: Quantity,
    /// How far it can be trusted.
    pub standing: Standing,
    /// What each coefficient is multiplied with in the logarithms of `hazard_ratios`.
    pub rows: [Vec<f64>; 3],
}

/// The analysis of one exposure by one modifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    /// The exposure.
    pub exposure: Axis,
    /// The modifier.
    pub modifier: Axis,
    /// Labels of the terms that hold both.
    pub terms: Vec<String>,
    /// Wald test of their coefficients together.
    pub wald: ChiSquared,
    /// Likelihood-ratio test against the model without them.
    pub lr: LikelihoodRatio,
    /// The exposure against its reference within every point of the modifier; modifier slow, exposure fast,
    /// reference rows included.
    pub within: Vec<Cell>,
    /// Every combination against both references; exposure slow, modifier fast; empty unless both are factors.
    pub joint: Vec<Cell>,
    /// The modifier against its reference within every level of the exposure; exposure slow, modifier fast, reference
    /// rows included; empty unless both are factors.
    pub by_exposure: Vec<Cell>,
    /// Hazard ratio within a point of the modifier over that within its first; first point and references left out.
    pub ratios: Vec<Cell>,
    /// Additive interaction of every pair of levels beside the references; empty unless both are factors.
    pub additive: Vec<AdditiveInteraction>,
}

/// Analyses `exposure` by `modifier`, both columns of the data, in a model that has their product.
///
/// `at` gives the values of a numeric modifier. Other covariates are held at their reference, or at 0.
#[allow(clippy::too_many_arguments)] // a fit and what was fitted are four things
pub fn interaction(
    prepared: &Prepared,
    fit: &CoxFit,
    columns: &ModelColumns,
    exposure: &str,
    modifier: &str,
    at: &[f64],
    options: &FitOptions,
    level: f64,
) -> Result<Interaction, InteractionError> {
    let exposure = Axis::exposure(columns, exposure)?;
    let modifier = Axis::modifier(columns, modifier, at)?;
    let involves = |t: &crate::design::TermInfo, column: &str| {
        t.variables.iter().any(|v| columns.variables[*v].column.as_deref() == Some(column))
    };
    let products: Vec<_> =
        columns.terms.iter().filter(|t| involves(t, &exposure.column) && involves(t, &modifier.column)).collect();
    if products.is_empty() {
        let (exposure, modifier) = (exposure.column, modifier.column);
        return Err(InteractionError::NoProduct { exposure, modifier });
    }
    let of_products: Vec<usize> = products.iter().flat_map(|t| t.columns.clone()).collect();
    let lr = likelihood_ratio(prepared, fit, of_products.iter().copied(), options).map_err(InteractionError::Fit)?;
    let factors = !exposure.is_number && !modifier.is_number;
    Ok(Interaction {
        terms: products.iter().map(|t| t.label.clone()).collect(),
        wald: wald(fit, of_products),
        lr,
        within: within(fit, columns, &exposure, &modifier, level),
        joint: if factors { joint(fit, columns, &exposure, &modifier, level) } else { Vec::new() },
        by_exposure: if factors { by_exposure(fit, columns, &exposure, &modifier, level) } else { Vec::new() },
        ratios: ratios(fit, columns, &exposure, &modifier, level),
        additive: if factors { additive(fit, columns, &exposure, &modifier, level) } else { Vec::new() },
        exposure,
        modifier,
    })
}

impl Interaction {
    /// The combination with the lowest hazard, where that is lower than the reference's: additive measures are then hard
    /// to read, and the recommendation is to make it the reference.
    ///
    /// Source: Knol et al. (2011), Eur J Epidemiol 26:433-438, doi 10.1007/s10654-011-9554-9.
    pub fn lower_than_reference(&self) -> Option<&Cell> {
        let estimated = self.joint.iter().filter(|c| c.standing == Standing::Estimated && c.estimate.estimate < 0.0);
        estimated.min_by(|a, b| a.estimate.estimate.total_cmp(&b.estimate.estimate))
    }
}

impl Axis {
    /// The axis of an exposure: the levels of a factor, or 0 and 1 of a number, so that its hazard ratio is per unit.
    pub fn exposure(columns: &ModelColumns, column: &str) -> Result<Axis, InteractionError> {
        if columns.curved_columns().iter().any(|c| c == column) {
            return Err(InteractionError::Curve { column: column.to_string() });
        }
        Axis::of(columns, column, &[0.0, 1.0])
    }

    /// The axis of a modifier: the levels of a factor, or the given values of a number.
    pub fn modifier(columns: &ModelColumns, column: &str, at: &[f64]) -> Result<Axis, InteractionError> {
        let axis = Axis::of(columns, column, at)?;
        if axis.points.is_empty() { Err(InteractionError::NoValues { column: column.to_string() }) } else { Ok(axis) }
    }

    fn of(columns: &ModelColumns, column: &str, at: &[f64]) -> Result<Axis, InteractionError> {
        let known = columns.variables_of(column);
        let Some(first) = known.first() else {
            return Err(InteractionError::NotInModel { column: column.to_string() });
        };
        let factor = columns.factor_of(column);
        let is_number = known.iter().any(|v| columns.variables[*v].levels.is_empty());
        let points = match factor {
            Some(info) if !is_number => info.levels.iter().map(Point::level).collect(),
            _ => at.iter().map(|x| Point::number(*x)).collect(),
        };
        let title = factor.unwrap_or(&columns.variables[*first]).title.clone();
        Ok(Axis { column: column.to_string(), title, is_number, points })
    }
}

impl Point {
    fn level(info: &LevelInfo) -> Point {
        Point { name: info.name.clone(), label: info.label.clone(), value: SettingValue::Level(info.name.clone()) }
    }

    fn number(x: f64) -> Point {
        Point { name: number_text(x), label: number_text(x), value: SettingValue::Number(x) }
    }
}

/// The design row at point `e` of the exposure and `m` of the modifier.
fn row(columns: &ModelColumns, exposure: &Axis, e: usize, modifier: &Axis, m: usize) -> Vec<f64> {
    let setting = Setting::default()
        .with(&exposure.column, exposure.points[e].value.clone())
        .with(&modifier.column, modifier.points[m].value.clone());
    columns.row(&setting)
}

fn difference(a: Vec<f64>, b: &[f64]) -> Vec<f64> {
    a.into_iter().zip(b).map(|(a, b)| a - b).collect()
}

fn cell(fit: &CoxFit, weights: &[f64], exposure: usize, modifier: usize, reference: bool, level: f64) -> Cell {
    let estimate = linear_combination(fit, weights, level);
    let standing = if reference { Standing::Reference } else { standing(fit, weights, &estimate) };
    Cell { exposure, modifier, estimate, standing, weights: weights.to_vec() }
}

/// The exposure against its first point within every point of the modifier.
pub fn within(fit: &CoxFit, columns: &ModelColumns, exposure: &Axis, modifier: &Axis, level: f64) -> Vec<Cell> {
    let mut out = Vec::new();
    for m in 0..modifier.points.len() {
        let reference = row(columns, exposure, 0, modifier, m);
        for e in 0..exposure.points.len() {
            let weights = difference(row(columns, exposure, e, modifier, m), &reference);
            out.push(cell(fit, &weights, e, m, e == 0, level));
        }
    }
    out
}

/// Every combination against the first points of both.
pub fn joint(fit: &CoxFit, columns: &ModelColumns, exposure: &Axis, modifier: &Axis, level: f64) -> Vec<Cell> {
    let reference = row(columns, exposure, 0, modifier, 0);
    let mut out = Vec::new();
    for e in 0..exposure.points.len() {
        for m in 0..modifier.points.len() {
            let weights = difference(row(columns, exposure, e, modifier, m), &reference);
            out.push(cell(fit, &weights, e, m, e == 0 && m == 0, level));
        }
    }
    out
}

/// The modifier against its first point within every point of the exposure.
pub fn by_exposure(fit: &CoxFit, columns: &ModelColumns, exposure: &Axis, modifier: &Axis, level: f64) -> Vec<Cell> {
    let mut out = Vec::new();
    for e in 0..exposure.points.len() {
        let reference = row(columns, exposure, e, modifier, 0);
        for m in 0..modifier.points.len() {
            let weights = difference(row(columns, exposure, e, modifier, m), &reference);
            out.push(cell(fit, &weights, e, m, m == 0, level));
        }
    }
    out
}

/// The hazard ratio of the exposure within a point of the modifier over that within its first point.
pub fn ratios(fit: &CoxFit, columns: &ModelColumns, exposure: &Axis, modifier: &Axis, level: f64) -> Vec<Cell> {
    let mut out = Vec::new();
    for m in 1..modifier.points.len() {
        for e in 1..exposure.points.len() {
            let here = difference(row(columns, exposure, e, modifier, m), &row(columns, exposure, 0, modifier, m));
            let there = difference(row(columns, exposure, e, modifier, 0), &row(columns, exposure, 0, modifier, 0));
            out.push(cell(fit, &difference(here, &there), e, m, false, level));
        }
    }
    out
}

/// Additive interaction of every level of the exposure with every level of the modifier, references left out.
pub fn additive(
    fit: &CoxFit,
    columns: &ModelColumns,
    exposure: &Axis,
    modifier: &Axis,
    level: f64,
) -> Vec<AdditiveInteraction> {
    let reference = row(columns, exposure, 0, modifier, 0);
    let mut out = Vec::new();
    for e in 1..exposure.points.len() {
        for m in 1..modifier.points.len() {
            let at = |e, m| difference(row(columns, exposure, e, modifier, m), &reference);
            out.push(additive_pair(fit, [at(e, 0), at(0, m), at(e, m)], e, m, level));
        }
    }
    out
}

fn additive_pair(
    fit: &CoxFit,
    rows: [Vec<f64>; 3],
    exposure: usize,
    modifier: usize,
    level: f64,
) -> AdditiveInteraction {
    let estimates = [0, 1, 2].map(|i| linear_combination(fit, &rows[i], level));
    let standing = match () {
        () if estimates.iter().any(|e| !e.is_estimable()) => Standing::NotEstimable,
        () if rows.iter().any(|r| is_infinite(fit, r)) => Standing::Infinite,
        () => Standing::Estimated,
    };
    let hazard_ratios = estimates.map(|e| e.hazard_ratio());
    let width = normal_quantile(0.5 + level / 2.0);
    let covariance = covariance_of_combinations(fit, &rows);
    let se = |g: [f64; 3]| {
        let terms = (0..3).flat_map(|i| (0..3).map(move |j| (i, j)));
        terms.map(|(i, j)| g[i] * covariance[(i, j)] * g[j]).sum::<f64>().max(0.0).sqrt()
    };
    let symmetric =
        |estimate: f64, se: f64| Quantity { estimate, se, lower: estimate - width * se, upper: estimate + width * se };
    let [hr10, hr01, hr11] = hazard_ratios;
    // Gradients by the three log hazard ratios.
    let reri = hr11 - hr10 - hr01 + 1.0;
    let ap = reri / hr11;
    let (both, single) = (hr11 - 1.0, hr10 + hr01 - 2.0);
    AdditiveInteraction {
        exposure,
        modifier,
        hazard_ratios,
        reri: symmetric(reri, se([-hr10, -hr01, hr11])),
        ap: symmetric(ap, se([-hr10 / hr11, -hr01 / hr11, (hr10 + hr01 - 1.0) / hr11])),
        synergy: synergy(both / single, se([-hr10 / single, -hr01 / single, hr11 / both]), width),
        standing,
        rows,
    }
}

/// The synergy index with the interval of its logarithm, where it has one.
fn synergy(estimate: f64, se: f64, width: f64) -> Quantity {
    if estimate.is_finite() && estimate > 0.0 {
        let factor = libm::exp(width * se);
        Quantity { estimate, se, lower: estimate / factor, upper: estimate * factor }
    } else {
        Quantity { estimate, se: f64::NAN, lower: f64::NAN, upper: f64::NAN }
    }
}
