//! Tests of proportional hazards: of every term, of every coefficient, and of all together.

use super::hypothesis::ChiSquared;
use crate::design::ModelColumns;
use crate::engine::cholesky::quadratic_form;
use crate::engine::{CoxFit, FitWarning, Prepared, Ties, TimeAxis, TimeScore, TimeTransform};
use nalgebra::DMatrix;

/// The score tests of one function of time; see [`TimeScore`] for the formula and the source.
#[derive(Debug, Clone, PartialEq)]
pub struct ProportionalHazards {
    /// g.
    pub transform: TimeTransform,
    /// Test of each term that has an estimated coefficient, by R's label.
    pub terms: Vec<(String, ChiSquared)>,
    /// Test of each estimated coefficient, by R's name.
    pub coefficients: Vec<(String, ChiSquared)>,
    /// All coefficients together.
    pub global: ChiSquared,
}

/// Tests for each of `transforms`; `axis` is that of the records of the fit. A transform that is not finite at every event
/// time (the logarithm of a time that is not positive) is left out.
///
/// Aliased coefficients and those that run to infinity take no part: the latter have no information at their estimates.
/// Degrees of freedom are the rank of the variance, which is the number of coefficients but where a coefficient
/// could only have changed with time in a way that the data cannot tell. The variance is the model-based one.
pub fn proportional_hazards(
    prepared: &Prepared,
    fit: &CoxFit,
    columns: &ModelColumns,
    ties: Ties,
    axis: &TimeAxis,
    transforms: &[TimeTransform],
) -> Vec<ProportionalHazards> {
    let (transforms, g): (Vec<TimeTransform>, Vec<Vec<f64>>) =
        transforms.iter().filter_map(|t| Some((*t, axis.transformed(*t)?))).unzip();
    let estimated = estimated(fit);
    let scores = prepared.time_scores(fit, ties, axis, &g, &estimated);
    let one = |(transform, score): (&TimeTransform, TimeScore)| {
        let test = |range: std::ops::Range<usize>| {
            let used: Vec<usize> = range.filter(|j| estimated[*j]).collect();
            (!used.is_empty()).then(|| score_test(&score, &used))
        };
        let terms = columns.terms.iter().filter_map(|t| Some((t.label.clone(), test(t.columns.clone())?)));
        let each = (0..columns.len()).filter_map(|j| Some((columns.names[j].clone(), test(j..j + 1)?)));
        let none = ChiSquared::new(f64::NAN, 0);
        ProportionalHazards {
            transform: *transform,
            terms: terms.collect(),
            coefficients: each.collect(),
            global: test(0..columns.len()).unwrap_or(none),
        }
    };
    transforms.iter().zip(scores).map(one).collect()
}

/// The columns with a finite estimate.
pub fn estimated(fit: &CoxFit) -> Vec<bool> {
    let infinite = |j: usize| {
        fit.warnings.iter().any(|w| matches!(w, FitWarning::InfiniteCoefficient { column, .. } if *column == j))
    };
    (0..fit.coefficients.len()).map(|j| !fit.aliased[j] && !infinite(j)).collect()
}

/// UᵀV⁻¹U over some columns.
fn score_test(score: &TimeScore, used: &[usize]) -> ChiSquared {
    let variance = DMatrix::from_fn(used.len(), used.len(), |i, j| score.variance[(used[i], used[j])]);
    let u: Vec<f64> = used.iter().map(|j| score.score[*j]).collect();
    let (chisq, rank) = quadratic_form(&variance, &u);
    if rank == 0 { ChiSquared::new(f64::NAN, 0) } else { ChiSquared::new(chisq, rank) }
}
