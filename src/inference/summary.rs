//! What is reported of every fit: coefficients with intervals, tests of all and of each term, criteria, warnings.

use super::contrast::{is_infinite, wald};
use super::hypothesis::{ChiSquared, Estimate};
use super::ridge::ridge_summary;
use super::warnings::{ModelWarning, warnings};
use crate::design::{ModelColumns, TermInfo};
use crate::engine::{CoxFit, FitError, FitOptions, Penalty, Prepared};

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
    /// ℓ of the smaller model, with Firth's penalty where there is one.
    pub log_partial_likelihood_without: f64,
    /// The test.
    pub test: ChiSquared,
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
    // With Firth's penalty no criterion is in use.
    let log_likelihood = if fit.penalty == Penalty::Firth { f64::NAN } else { fit.log_partial_likelihood };
    let df = ridge_summary(fit, columns).map_or(fit.df as f64, |r| r.df);
    Ok(Summary {
        coefficients: coefficients(fit, columns, level),
        tests: global_tests(fit),
        terms: term_tests(prepared, fit, columns, options)?,
        aic: -2.0 * log_likelihood + 2.0 * df,
        bic: -2.0 * log_likelihood + libm::log(fit.n_events as f64) * df,
        warnings: warnings(prepared, fit, columns),
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
        // With a penalty there is none.
        score: Some(test(fit.score_test)).filter(|t| !t.chisq.is_nan()),
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
        // Two ridge fits differ in their penalties too: no likelihood-ratio test compares them.
        let lr = if term.contained || term.codes_others || matches!(fit.penalty, Penalty::Ridge(_)) {
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
/// With Firth's penalty the smaller fit keeps the full information matrix in it: its coefficients are held at 0, not left
/// out. Degrees of freedom are the coefficients that are lost, so that aliased columns do not count. With a robust
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
    let chisq = 2.0 * (fit.tested_log_likelihood() - smaller.tested_log_likelihood());
    Ok(LikelihoodRatio {
        log_partial_likelihood_without: smaller.tested_log_likelihood(),
        test: ChiSquared::new(chisq, fit.df.saturating_sub(smaller.df)),
    })
}
