//! Hazard ratios of a covariate with a `tt()` at chosen times, or within the intervals of a step function.
//!
//! ```text
//! log HR(t) = β + Σ_j γ_j g_j(t)         β: main effect of the covariate, where the model has one
//! ```

use super::contrast::{is_infinite, linear_combination};
use super::hypothesis::Estimate;
use crate::design::{FunctionOfTime, LevelInfo, ModelColumns, VariableInfo};
use crate::engine::CoxFit;

/// The hazard ratios of one level, or of one unit more, along the time axis.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeVaryingEffect {
    /// The `tt()` (the first one of the covariate), an index into [`ModelColumns::variables`].
    pub variable: usize,
    /// R's spelling of the covariate.
    pub covariate: String,
    /// The level and the one it is compared with; `None` for a number.
    pub level: Option<(LevelInfo, LevelInfo)>,
    /// Other variables of interactions that the covariate takes part in: the hazard ratios hold at their reference.
    pub at_reference: Vec<String>,
    /// Terms with other functions of the same number (`ns(age, df = 3)`), which change with it and are not in these hazard
    /// ratios: these are then the factors by which those of the terms are multiplied.
    pub besides: Vec<String>,
    /// In the order of time.
    pub hazard_ratios: Vec<HazardRatioAt>,
}

/// A hazard ratio at a time, or within an interval of time.
#[derive(Debug, Clone, PartialEq)]
pub struct HazardRatioAt {
    /// When.
    pub when: When,
    /// The log hazard ratio.
    pub estimate: Estimate,
    /// Whether a coefficient in it runs to infinity.
    pub infinite: bool,
}

/// A time or an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// At this time.
    At(f64),
    /// After the first time, up to and including the second; infinite where open.
    Within(f64, f64),
}

/// The hazard ratios of every covariate with a `tt()`. Where all its functions are steps, in each of their intervals,
/// otherwise at `times`. `level` is the confidence level.
pub fn time_varying_effects(fit: &CoxFit, columns: &ModelColumns, times: &[f64], level: f64) -> Vec<TimeVaryingEffect> {
    let mut effects = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for column in &columns.time.columns {
        let info = &columns.variables[column.variable];
        let covariate = info.covariate();
        if done.contains(&covariate) {
            continue;
        }
        done.push(covariate);
        let when = moments(columns, covariate, times);
        let levels: Vec<Option<usize>> = match info.levels.len() {
            0 => vec![None],
            n => (1..n).map(Some).collect(),
        };
        for of_level in levels {
            let at = |when: &When| {
                let weights = weights(columns, covariate, of_level, *when);
                let estimate = linear_combination(fit, &weights, level);
                HazardRatioAt { when: *when, estimate, infinite: is_infinite(fit, &weights) }
            };
            effects.push(TimeVaryingEffect {
                variable: column.variable,
                covariate: covariate.to_string(),
                level: of_level.map(|i| (info.levels[i].clone(), info.levels[0].clone())),
                at_reference: partners(columns, info),
                besides: other_functions(columns, info),
                hazard_ratios: when.iter().map(at).collect(),
            });
        }
    }
    effects
}

/// The intervals between all cut points, or the times.
fn moments(columns: &ModelColumns, covariate: &str, times: &[f64]) -> Vec<When> {
    let of_covariate = columns.time.columns.iter().filter(|c| columns.variables[c.variable].covariate() == covariate);
    let mut cuts = vec![f64::NEG_INFINITY, f64::INFINITY];
    for column in of_covariate {
        match &columns.time.functions[column.function] {
            FunctionOfTime::Interval { from, to } => cuts.extend([*from, *to]),
            _ => return times.iter().map(|t| When::At(*t)).collect(),
        }
    }
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    cuts.windows(2).map(|w| When::Within(w[0], w[1])).collect()
}

/// The combination of coefficients that is the log hazard ratio.
fn weights(columns: &ModelColumns, covariate: &str, level: Option<usize>, when: When) -> Vec<f64> {
    let time = match when {
        When::At(t) | When::Within(_, t) => t,
    };
    let g: Vec<f64> = columns.time.functions.iter().map(|f| f.values(&[time])[0]).collect();
    let mut weights = vec![0.0; columns.len()];
    for column in &columns.time.columns {
        if columns.variables[column.variable].covariate() == covariate && column.level == level {
            weights[column.column] = g[column.function];
        }
    }
    if let Some(main) = columns.main_effect(covariate, level) {
        weights[main] = 1.0;
    }
    weights
}

/// The terms that hold the number of a `tt()` in another function than that of the `tt()`.
fn other_functions(columns: &ModelColumns, info: &VariableInfo) -> Vec<String> {
    let in_time = |v: usize| columns.time.columns.iter().any(|c| c.variable == v);
    let is_other = |v: &usize| {
        let variable = &columns.variables[*v];
        let same_number = info.column.is_some() && variable.column == info.column && variable.levels.is_empty();
        same_number && variable.label != info.covariate() && !in_time(*v)
    };
    let terms = columns.terms.iter().filter(|t| t.variables.iter().any(is_other));
    terms.map(|t| t.label.clone()).collect()
}

/// The titles of the variables with which the covariate stands in a product.
fn partners(columns: &ModelColumns, info: &VariableInfo) -> Vec<String> {
    let is_covariate = |v: &usize| columns.variables[*v].label == info.covariate();
    let products = columns.terms.iter().filter(|t| t.variables.len() > 1 && t.variables.iter().any(is_covariate));
    let others = products.flat_map(|t| t.variables.iter().filter(|v| !is_covariate(v)));
    let mut titles: Vec<String> = others.map(|v| columns.variables[*v].title.clone()).collect();
    titles.sort();
    titles.dedup();
    titles
}
