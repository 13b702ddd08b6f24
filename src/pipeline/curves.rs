//! Baseline hazards, survival and incidence curves of a model: what is asked for, and its share of the report.
//!
//! A Fine-Gray model gives the cumulative incidence of a person, 1 − exp(−Λ) with Λ of the subdistribution: one minus what
//! the same formulas give as survival in a Cox model, with limits on the same scales (as `survfit` of a `coxph` of R's
//! `finegray`). Cause-specific models give it together ([`super::incidence`]). Its median, baseline, standardised risks and predictions of every record are not given.

use super::incidence;
use super::model::Fitted;
use super::predictions::{PredictionKind, Reference};
use super::settings::ModelSettings;
use super::standardise::StandardiseRequest;
use crate::design::{Person, Setting, SettingValue, VariableInfo};
use crate::engine::{Baseline, Curve, FitWarning, SurvivalForm};
use crate::error::{Error, Result};
use crate::inference::IntervalScale;
use crate::inference::step::{quantile, step_at, value_at};
use crate::report::{self, CurveCovariate, CurvePoint, CurveQuantity, CurveSteps, ModelResult, finite};

/// The code of the warning of a model that gets no predictions.
pub(super) const NO_PREDICTIONS: &str = "no_predictions";

/// What a model is asked to predict; nothing by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PredictionSettings {
    /// Whether the baseline hazard is wanted.
    pub baseline: bool,
    /// Survival curves; of a Fine-Gray model cumulative incidences.
    pub curves: Vec<CurveRequest>,
    /// Standardised risks.
    pub standardised: Vec<StandardiseRequest>,
    /// Predictions for every record.
    pub records: Vec<PredictionKind>,
    /// What their linear predictors compare with.
    pub reference: Reference,
}

/// A survival curve of given covariates.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CurveRequest {
    /// What tables call it; the covariates where empty.
    pub label: String,
    /// A value for every column of the model, as written: (column, level or number).
    pub at: Vec<(String, String)>,
    /// Times at which survival is reported.
    pub times: Vec<f64>,
    /// Scale of the limits.
    pub limits: IntervalScale,
    /// Survival, or the cumulative incidence in the presence of the model's competing events; of a Fine-Gray model always the latter.
    pub quantity: CurveQuantity,
}

impl PredictionSettings {
    /// Whether anything is asked for.
    pub fn any(&self) -> bool {
        self.baseline || !(self.curves.is_empty() && self.standardised.is_empty() && self.records.is_empty())
    }
}

/// Fills baseline hazard and curves; a model that did not converge gets none, one whose predictions mean nothing a warning.
pub(super) fn fill(result: &mut ModelResult, settings: &ModelSettings, fitted: &Fitted) -> Result<()> {
    let wanted = &settings.predictions;
    if !wanted.any() || !can_predict(result, settings, fitted) {
        return Ok(());
    }
    let baseline = fitted.baseline(settings.ties, SurvivalForm::Exponential);
    if wanted.baseline && !settings.is_fine_gray() {
        result.baseline_hazard = baseline_hazard(fitted, &baseline);
    }
    let by_causes =
        |request: &CurveRequest| request.quantity == CurveQuantity::CumulativeIncidence && !settings.is_fine_gray();
    let other = match wanted.curves.iter().any(by_causes) {
        true => Some(incidence::other_causes(result, settings, fitted)?),
        false => None,
    };
    for request in &wanted.curves {
        match &other {
            Some(other) if by_causes(request) => {
                result.curves.extend(other.curve(request, settings, fitted, &baseline)?);
            }
            _ => result.curves.push(one_curve(request, settings, fitted, &baseline)?),
        }
    }
    Ok(())
}

/// Whether curves mean anything; says what is not given and why.
fn can_predict(result: &mut ModelResult, settings: &ModelSettings, fitted: &Fitted) -> bool {
    let infinite = fitted.fit.warnings.iter().any(|w| matches!(w, FitWarning::InfiniteCoefficient { .. }));
    let why = match () {
        () if infinite => "a coefficient runs to infinity, and with it the predictions and their intervals",
        () if !fitted.built.time.is_empty() => {
            "with tt() the hazard ratio changes with time, and a person's covariates alone give no curve"
        }
        () => {
            if settings.is_fine_gray() {
                only_curves(result, &settings.predictions);
            }
            return result.converged;
        }
    };
    result.warnings.push(warning(format!("curves and standardised risks are not given: {why}")));
    false
}

/// Says what a Fine-Gray model does not give of what was asked for.
fn only_curves(result: &mut ModelResult, wanted: &PredictionSettings) {
    let parts = [
        ("standardised risks", !wanted.standardised.is_empty()),
        ("the baseline hazard", wanted.baseline),
        ("predictions of every record", !wanted.records.is_empty()),
    ];
    let parts: Vec<&str> = parts.iter().filter(|(_, asked)| *asked).map(|(part, _)| *part).collect();
    if !parts.is_empty() {
        result.warnings.push(warning(format!(
            "not given: {}; a Fine-Gray model gives curves of the cumulative incidence of given covariates",
            parts.join(", ")
        )));
    }
}

pub(super) fn warning(message: String) -> report::Warning {
    report::Warning { code: NO_PREDICTIONS.to_owned(), message, ..report::Warning::default() }
}

fn baseline_hazard(fitted: &Fitted, baseline: &Baseline) -> Vec<report::BaselineHazard> {
    let zero = vec![0.0; fitted.fit.means.len()];
    let offset = fitted.prepared.mean_offset();
    let one = |stratum: usize| {
        let at_zero = baseline.curve(stratum, &zero, 0.0);
        let at_means = baseline.curve(stratum, &fitted.fit.means, offset);
        report::BaselineHazard {
            stratum: stratum_label(fitted, stratum),
            n_events: at_zero.n_events.iter().map(|n| u64::from(*n)).collect(),
            cumulative_hazard: numbers(&at_zero.cumulative_hazard),
            se: numbers(&at_zero.standard_error),
            cumulative_hazard_at_means: numbers(&at_means.cumulative_hazard),
            se_at_means: numbers(&at_means.standard_error),
            time: at_zero.time,
        }
    };
    (0..baseline.n_strata()).map(one).collect()
}

fn one_curve(
    request: &CurveRequest,
    settings: &ModelSettings,
    fitted: &Fitted,
    baseline: &Baseline,
) -> Result<report::SurvivalCurve> {
    let person = person(request, settings, fitted)?;
    let curve = baseline.curve(person.stratum, &person.row, person.offset);
    let shown = shown(request, settings, fitted, person, curve);
    Ok(if settings.is_fine_gray() { shown.into_incidence() } else { shown })
}

/// The person of a curve.
pub(super) fn person(request: &CurveRequest, settings: &ModelSettings, fitted: &Fitted) -> Result<Person> {
    let fault = |fault| Error::Prediction(format!("curve of {}: {fault}", settings.name));
    fitted.built.person(&fitted.formula, &setting(request, fitted)).map_err(fault)
}

/// What a report shows of a curve.
pub(super) fn shown(
    request: &CurveRequest,
    settings: &ModelSettings,
    fitted: &Fitted,
    person: Person,
    curve: Curve,
) -> report::SurvivalCurve {
    let covariate =
        |(variable, value): &(String, String)| CurveCovariate { variable: variable.clone(), value: value.clone() };
    let at: Vec<CurveCovariate> = request.at.iter().map(covariate).collect();
    let in_words = || at.iter().map(|c| in_words(c, fitted)).collect::<Vec<_>>().join(", ");
    let observed_until = last_exit(fitted, person.stratum);
    let limits = Limits::new(&curve, request.limits, settings.level);
    report::SurvivalCurve {
        label: if request.label.is_empty() { in_words() } else { request.label.clone() },
        stratum: stratum_label(fitted, person.stratum),
        limits: request.limits.name().to_owned(),
        times: points(fitted, &person, &curve, &limits, request),
        median: limits.median(&curve.survival, observed_until),
        median_lower: limits.median(&limits.lower, observed_until),
        median_upper: limits.median(&limits.upper, observed_until),
        observed_until: finite(observed_until),
        steps: CurveSteps {
            survival: numbers(&curve.survival),
            lower: numbers(&limits.lower),
            upper: numbers(&limits.upper),
            cumulative_hazard: numbers(&curve.cumulative_hazard),
            cumulative_hazard_se: numbers(&curve.standard_error),
            n_events: curve.n_events.iter().map(|n| u64::from(*n)).collect(),
            time: curve.time,
            ..CurveSteps::default()
        },
        at,
        row: person.row,
        ..report::SurvivalCurve::default()
    }
}

/// Limits of a curve at its event times.
struct Limits<'a> {
    time: &'a [f64],
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Limits<'_> {
    fn new(curve: &Curve, scale: IntervalScale, level: f64) -> Limits<'_> {
        let pairs = curve.survival.iter().zip(&curve.standard_error);
        let (lower, upper) = pairs.map(|(survival, se)| scale.limits(*survival, *se, level)).unzip();
        Limits { time: &curve.time, lower, upper }
    }

    /// The median of a curve or limit, which goes on level to the end of observation.
    fn median(&self, values: &[f64], observed_until: f64) -> Option<f64> {
        let times: Vec<f64> = self.time.iter().copied().chain([observed_until]).collect();
        let values: Vec<f64> = values.iter().copied().chain(values.last().copied()).collect();
        if values.len() < times.len() {
            return None;
        }
        finite(quantile(&times, &values, 0.5, 0.0))
    }
}

fn points(
    fitted: &Fitted,
    person: &Person,
    curve: &Curve,
    limits: &Limits<'_>,
    request: &CurveRequest,
) -> Vec<CurvePoint> {
    let at_risk = at_risk(fitted, person.stratum, &request.times);
    let one = |(&time, at_risk): (&f64, u64)| {
        let place = step_at(&curve.time, time);
        let (survival, hazard) = (
            value_at(&curve.time, &curve.survival, time, 1.0),
            value_at(&curve.time, &curve.cumulative_hazard, time, 0.0),
        );
        let se = value_at(&curve.time, &curve.standard_error, time, 0.0);
        CurvePoint {
            time,
            at_risk: Some(at_risk),
            events: Some(curve.n_events[..place.map_or(0, |k| k + 1)].iter().map(|n| u64::from(*n)).sum()),
            survival: finite(survival),
            se: finite(se * survival),
            lower: place.and_then(|k| finite(limits.lower[k])),
            upper: place.and_then(|k| finite(limits.upper[k])),
            cumulative_hazard: finite(hazard),
            cumulative_hazard_se: finite(se),
            ..CurvePoint::default()
        }
    };
    request.times.iter().zip(at_risk).map(one).collect()
}

/// A covariate and its value; a factor and its level by their labels.
fn in_words(covariate: &CurveCovariate, fitted: &Fitted) -> String {
    let CurveCovariate { variable, value } = covariate;
    let factor = fitted.built.columns.factor_of(variable).filter(|factor| factor.label == *variable);
    match factor.and_then(|f| f.levels.iter().find(|l| l.name == *value).map(|level| (f, level))) {
        Some((factor, level)) => format!("{} {}", factor.title, level.label),
        None => format!("{variable} {value}"),
    }
}

/// Records of a stratum at risk at each time: entry before it, exit at it or later.
fn at_risk(fitted: &Fitted, stratum: usize, times: &[f64]) -> Vec<u64> {
    let data = &fitted.built.data;
    let mut counts = vec![0; times.len()];
    for i in (0..data.n_records()).filter(|i| fitted.stratum(*i) == stratum) {
        let entry = data.entry.as_ref().map_or(f64::NEG_INFINITY, |e| e.value(i));
        for (count, time) in counts.iter_mut().zip(times) {
            *count += u64::from(entry < *time && *time <= data.exit.value(i));
        }
    }
    counts
}

fn last_exit(fitted: &Fitted, stratum: usize) -> f64 {
    let here = (0..fitted.built.data.n_records()).filter(|i| fitted.stratum(*i) == stratum);
    here.map(|i| fitted.built.data.exit.value(i)).fold(f64::NEG_INFINITY, f64::max)
}

fn stratum_label(fitted: &Fitted, stratum: usize) -> String {
    fitted.built.strata.get(stratum).cloned().unwrap_or_default()
}

/// The values as the model takes them: levels of its factors, otherwise numbers where they are.
fn setting(request: &CurveRequest, fitted: &Fitted) -> Setting {
    let value = |column: &str, text: &str| {
        let is_level = |v: &VariableInfo| v.levels.iter().any(|l| l.name == text);
        match text.parse::<f64>() {
            Ok(x) if !fitted.built.columns.factor_of(column).is_some_and(is_level) => SettingValue::Number(x),
            _ => SettingValue::Level(text.to_owned()),
        }
    };
    request.at.iter().fold(Setting::default(), |s, (column, text)| s.with(column, value(column, text)))
}

fn numbers(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().map(|x| finite(*x)).collect()
}
