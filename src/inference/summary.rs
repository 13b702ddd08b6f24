//! What is reported of every fit: coefficients with intervals, tests of all and of each term, criteria, warnings.

use super::contrast::{is_infinite, wald};
use super::hypothesis::{ChiSquared, Estimate};
use crate::design::{ModelColumns, TermInfo};
use crate::engine::{CoxFit, FitError, FitOptions, FitWarning, Prepared};

/// A fit in words and numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// One per column, in R's order.
    pub coefficients: Vec<CoefficientSummary>,
    /// Tests of all coefficients together.
    pub tests: GlobalTests,
    /// Wald and likelihood-ratio test of each term, in the order of the terms.
    pub terms: Vec<TermTests>,
    /// −2ℓ + 2 df.
    pub aic: f64,
    /// −2ℓ + ln(events) df.
    pub bic: f64,
    /// What needs care, by term and level.
    pub warnings: Vec<ModelWarning>,
}

/// One coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct CoefficientSummary {
    /// R's name.
    pub name: String,
    /// Log hazard ratio, test and interval, from the robust standard error where there is one.
    pub estimate: Estimate,
    /// Standard error from the information.
    pub se: f64,
    /// Robust standard error.
    pub robust_se: Option<f64>,
    /// Whether the column is a linear combination of earlier ones; then there is no estimate.
    pub aliased: bool,
    /// Whether it runs to infinity; then estimate and standard error only say where the iterations stopped.
    pub infinite: bool,
}

/// Tests of all coefficients together; `None` for a model without covariates.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GlobalTests {
    /// Likelihood ratio.
    pub lr: Option<ChiSquared>,
    /// Wald, with the robust covariance where there is one.
    pub wald: Option<ChiSquared>,
    /// Score (log-rank).
    pub score: Option<ChiSquared>,
    /// Robust score.
    pub robust_score: Option<ChiSquared>,
}

/// Tests of one term.
#[derive(Debug, Clone, PartialEq)]
pub struct TermTests {
    /// The term's label.
    pub term: String,
    /// Wald test that its coefficients are 0.
    pub wald: ChiSquared,
    /// Likelihood-ratio test against the model without it; `None` where that model would not be a smaller one of the
    /// same kind: a higher term contains it, or other factors would have to be coded anew.
    pub lr: Option<LikelihoodRatio>,
}

/// A likelihood-ratio test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikelihoodRatio {
    /// ℓ of the smaller model.
    pub log_partial_likelihood_without: f64,
    /// The test.
    pub test: ChiSquared,
}

/// Something that needs care, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelWarning {
    /// A fixed word for scripts: `aliased`, `infinite_coefficient`, `not_converged`, `strata_without_events`.
    pub code: &'static str,
    /// What, and what to do.
    pub message: String,
    /// The term concerned.
    pub term: Option<String>,
    /// The level concerned.
    pub level: Option<String>,
}

/// Everything reported of `fit`. The likelihood-ratio tests per term fit smaller models on the same records.
///
/// `level` is the confidence level (0.95). Errors: those of the smaller fits.
pub fn summarise(
    prepared: &Prepared,
    fit: &CoxFit,
    columns: &ModelColumns,
    options: &FitOptions,
    level: f64,
) -> Result<Summary, FitError> {
    let log_likelihood = fit.log_partial_likelihood;
    let df = fit.df as f64;
    Ok(Summary {
        coefficients: coefficients(fit, columns, level),
        tests: global_tests(fit),
        terms: term_tests(prepared, fit, columns, options)?,
        aic: -2.0 * log_likelihood + 2.0 * df,
        bic: -2.0 * log_likelihood + libm::log(fit.n_events as f64) * df,
        warnings: warnings(fit, columns),
    })
}

/// The coefficients with standard errors, tests and intervals.
pub fn coefficients(fit: &CoxFit, columns: &ModelColumns, level: f64) -> Vec<CoefficientSummary> {
    let se_of =
        |v: &nalgebra::DMatrix<f64>, j: usize| if fit.aliased[j] { f64::NAN } else { v[(j, j)].max(0.0).sqrt() };
    let one = |j: usize| {
        let reported = se_of(fit.reported_covariance(), j);
        let mut unit = vec![0.0; columns.len()];
        unit[j] = 1.0;
        CoefficientSummary {
            name: columns.names[j].clone(),
            estimate: if fit.aliased[j] {
                Estimate::not_estimable()
            } else {
                Estimate::new(fit.coefficients[j], reported, level)
            },
            se: se_of(&fit.covariance, j),
            robust_se: fit.robust_covariance.as_ref().map(|v| se_of(v, j)),
            aliased: fit.aliased[j],
            infinite: is_infinite(fit, &unit),
        }
    };
    (0..columns.len()).map(one).collect()
}

/// Tests of all coefficients together.
pub fn global_tests(fit: &CoxFit) -> GlobalTests {
    if fit.coefficients.is_empty() {
        return GlobalTests::default();
    }
    let test = |chisq: f64| ChiSquared::new(chisq, fit.df);
    GlobalTests {
        lr: Some(test(fit.likelihood_ratio_test())),
        wald: Some(test(fit.wald_test)),
        score: Some(test(fit.score_test)),
        robust_score: fit.robust_score_test.map(test),
    }
}

/// Wald and likelihood-ratio test of every term.
pub fn term_tests(
    prepared: &Prepared,
    fit: &CoxFit,
    columns: &ModelColumns,
    options: &FitOptions,
) -> Result<Vec<TermTests>, FitError> {
    let one = |term: &TermInfo| -> Result<TermTests, FitError> {
        let lr = if term.contained || term.codes_others {
            None
        } else {
            Some(likelihood_ratio(prepared, fit, term.columns.clone(), options)?)
        };
        Ok(TermTests { term: term.label.clone(), wald: wald(fit, term.columns.clone()), lr })
    };
    columns.terms.iter().map(one).collect()
}

/// Likelihood-ratio test of the model without `columns` against `fit`, on the same records.
///
/// Degrees of freedom are the coefficients that are lost, so that aliased columns do not count. With a robust
/// covariance the test assumes independent records all the same.
pub fn likelihood_ratio(
    prepared: &Prepared,
    fit: &CoxFit,
    columns: impl IntoIterator<Item = usize>,
    options: &FitOptions,
) -> Result<LikelihoodRatio, FitError> {
    let mut keep = vec![true; fit.coefficients.len()];
    columns.into_iter().for_each(|j| keep[j] = false);
    let options = FitOptions { robust: false, initial: None, ..options.clone() };
    let smaller = prepared.fit_columns(&keep, &options)?;
    let chisq = 2.0 * (fit.log_partial_likelihood - smaller.log_partial_likelihood);
    Ok(LikelihoodRatio {
        log_partial_likelihood_without: smaller.log_partial_likelihood,
        test: ChiSquared::new(chisq, fit.df.saturating_sub(smaller.df)),
    })
}

/// The engine's warnings, which go by column, as sentences that go by term and level.
pub fn warnings(fit: &CoxFit, columns: &ModelColumns) -> Vec<ModelWarning> {
    fit.warnings.iter().map(|w| in_words(w, fit, columns)).collect()
}

fn in_words(warning: &FitWarning, fit: &CoxFit, columns: &ModelColumns) -> ModelWarning {
    match warning {
        FitWarning::AliasedColumn { column } => {
            let reason = "has no coefficient: its column is constant or a combination of earlier columns \
                          (a level without records, or a copy of another term)";
            of_column("aliased", *column, columns, format!("{} {reason}", place(*column, columns)))
        }
        FitWarning::InfiniteCoefficient { column, positive } => {
            let way = if *positive { "plus" } else { "minus" };
            let message = format!(
                "{} runs to {way} infinity: among these records all events, or none, go with it; \
                 no interval is given; join levels or leave the term out",
                place(*column, columns)
            );
            of_column("infinite_coefficient", *column, columns, message)
        }
        FitWarning::NotConverged => whole(
            "not_converged",
            format!(
                "no convergence after {} iterations; no estimates are shown; raise the limit or simplify the model",
                fit.iterations
            ),
        ),
        FitWarning::StrataWithoutEvents { n_strata, n_records } => {
            let strata = if *n_strata == 1 { "1 stratum has".to_string() } else { format!("{n_strata} strata have") };
            let message =
                format!("{strata} no event; the {n_records} records there say nothing about the coefficients");
            whole("strata_without_events", message)
        }
    }
}

/// `sex, level Male` or `age`.
fn place(column: usize, columns: &ModelColumns) -> String {
    let term = &columns.terms[columns.term_of_column[column]].label;
    match level_text(column, columns) {
        Some(level) => format!("`{term}`, level {level},"),
        None => format!("`{term}`"),
    }
}

/// The levels of a column's factors, joined by ` × `.
fn level_text(column: usize, columns: &ModelColumns) -> Option<String> {
    let levels: Vec<&str> = columns.parts[column].iter().filter_map(|p| p.level.as_deref()).collect();
    (!levels.is_empty()).then(|| levels.join(" × "))
}

fn of_column(code: &'static str, column: usize, columns: &ModelColumns, message: String) -> ModelWarning {
    let term = columns.terms[columns.term_of_column[column]].label.clone();
    ModelWarning { code, message, term: Some(term), level: level_text(column, columns) }
}

fn whole(code: &'static str, message: String) -> ModelWarning {
    ModelWarning { code, message, term: None, level: None }
}
