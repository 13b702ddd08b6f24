//! Penalised likelihoods and profile-likelihood intervals: from what was fitted to its share of the report.

use super::model::Fitted;
use super::settings::{IntervalMethod, ModelSettings};
use crate::engine::{CoxFit, Penalty, ProfileLimit};
use crate::error::{Error, Result};
use crate::inference::ridge::{EffectiveTest, ridge_summary};
use crate::inference::{ProfiledCoefficient, profiled};
use crate::report::{self, finite};

/// The name of Wald intervals in results.
pub(super) const WALD: &str = "wald";
/// The name of profile-likelihood intervals in results.
const PROFILE: &str = "profile";

/// Puts the intervals that the settings ask for into the coefficients, which come with Wald's; returns their name.
pub(super) fn report(
    settings: &ModelSettings,
    fitted: &Fitted,
    coefficients: &mut [report::Coefficient],
) -> Result<String> {
    if settings.interval() == IntervalMethod::Wald {
        return Ok(WALD.to_owned());
    }
    let cannot = |error| Error::Fit { model: settings.name.clone(), error };
    let options = settings.fit_options(&fitted.built);
    let found = profiled(&fitted.prepared, &fitted.fit, &options, settings.level).map_err(cannot)?;
    for (coefficient, profiled) in coefficients.iter_mut().zip(found) {
        replace(coefficient, profiled);
    }
    Ok(PROFILE.to_owned())
}

/// The profile's limits and P value take the place of Wald's, which stand beside them.
fn replace(c: &mut report::Coefficient, profiled: Option<ProfiledCoefficient>) {
    let Some(ProfiledCoefficient { interval, lr }) = profiled else { return };
    c.wald = (!c.infinite).then_some(report::WaldStatement {
        z: c.z,
        p: c.p,
        lower: c.lower,
        upper: c.upper,
        hr_lower: c.hr_lower,
        hr_upper: c.hr_upper,
    });
    let at = |limit: ProfileLimit| if let ProfileLimit::At(b) = limit { finite(b) } else { None };
    let exp = |b: Option<f64>| b.map(libm::exp).and_then(finite);
    (c.lower, c.upper) = (at(interval.lower), at(interval.upper));
    (c.hr_lower, c.hr_upper) = (exp(c.lower), exp(c.upper));
    let is_open = |limit: ProfileLimit| limit == ProfileLimit::None;
    c.open = [(interval.lower, "lower"), (interval.upper, "upper")]
        .into_iter()
        .filter(|(limit, _)| is_open(*limit))
        .map(|(_, side)| side.to_owned())
        .collect();
    c.lr = Some(report::TestResult { chisq: finite(lr.chisq), df: Some(lr.df as f64), p: finite(lr.p) });
    (c.z, c.p) = (None, finite(lr.p));
}

/// The name of a penalty in results.
pub(super) fn penalty_name(penalty: &Penalty) -> Option<&'static str> {
    match penalty {
        Penalty::None => None,
        Penalty::Firth => Some("firth"),
        Penalty::Ridge(_) => Some("ridge"),
    }
}

/// Puts effective degrees of freedom into the tests of a ridge fit and takes out what such a fit does not have: Wald tests
/// of penalised terms, whose estimates are drawn towards 0.
pub(super) fn fill_ridge(result: &mut report::ModelResult, fitted: &Fitted) {
    let (built, fit) = (&fitted.built, &fitted.fit);
    let Some((summary, covariance2)) = ridge_summary(fit, &built.columns).zip(fit.shrunken_covariance.as_ref()) else {
        return;
    };
    let test = |t: EffectiveTest| Some(report::TestResult { chisq: finite(t.chisq), df: finite(t.df), p: finite(t.p) });
    (result.tests.lr, result.tests.wald) = (test(summary.lr), test(summary.wald));
    for term in result.terms.iter_mut().filter(|t| built.ridges.iter().any(|r| r.label == t.term)) {
        term.wald = None;
    }
    let one = |r: &crate::design::RidgeTerm| report::RidgeTerm {
        term: r.label.clone(),
        theta: r.theta,
        variances: r.variances.iter().map(|v| finite(*v)).collect(),
    };
    result.ridge = Some(report::Ridge {
        terms: built.ridges.iter().map(one).collect(),
        df_per_term: summary.df_per_term.iter().map(|df| finite(*df)).collect(),
        df: finite(summary.df),
        covariance2: super::model::matrix(covariance2),
        se2: summary.se2.iter().map(|se| finite(*se)).collect(),
    });
}

/// What was maximised, where it is not the log partial likelihood itself.
pub(super) fn penalised(fit: &CoxFit) -> Option<report::LogPartialLikelihood> {
    (fit.penalty != Penalty::None)
        .then(|| report::LogPartialLikelihood { null: finite(fit.objective_null), fitted: finite(fit.objective) })
}
