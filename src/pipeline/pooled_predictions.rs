//! Curves and standardised risks pooled over completed data sets.
//!
//! Each is worked out in every data set and pooled by Rubin's rules, as [`crate::inference::pooling`] pools coefficients, on a
//! scale on which estimates are near to normal:
//!
//! ```text
//! survival, incidence    ln Λ = ln(−ln S), at every event time; Λ that of the subdistribution for Fine and Gray
//! risk                   ln(−ln(1 − R))            differences, mean times: as they are          ratios: logarithm
//! ```
//!
//! Sources: Marshall, Altman, Holder and Royston (2009), BMC Med Res Methodol 9:57, doi 10.1186/1471-2288-9-57; Rubin (1987),
//! Multiple Imputation for Nonresponse in Surveys, doi 10.1002/9780470316696.

use super::curves::{self, CurveRequest, NO_PREDICTIONS};
use super::model::{self, Fitted};
use super::pooling::Sets;
use super::settings::ModelSettings;
use super::standardise;
use crate::error::{Error, Result};
use crate::inference::IntervalScale;
use crate::inference::hypothesis::Estimate;
use crate::inference::pooling::pool;
use crate::inference::step::{quantile, step_at};
use crate::report::{
    CurvePoint, CurveQuantity, Measure, ModelResult, StandardisedRisks, StandardisedRow, SurvivalCurve, finite,
};

/// Fills curves and standardised risks of a pooled model.
///
/// Errors: limits on another scale than log-log; curves whose event times differ between data sets.
pub(super) fn fill(
    result: &mut ModelResult,
    sets: &Sets,
    settings: &ModelSettings,
    fits: &[Fitted],
    complete_df: f64,
) -> Result<()> {
    let wanted = &settings.predictions;
    if wanted.curves.is_empty() && wanted.standardised.is_empty() {
        return Ok(());
    }
    if wanted.curves.iter().any(|c| c.limits == IntervalScale::Plain) {
        let why = "curves pooled over completed data sets have limits on the log-log scale, on which they are pooled";
        return Err(Error::Prediction(format!("curve of {}: {why}; leave the scale out", settings.name)));
    }
    let by_causes = |c: &CurveRequest| c.quantity == CurveQuantity::CumulativeIncidence && !settings.is_fine_gray();
    if wanted.curves.iter().any(by_causes) {
        let why = "the cumulative incidence from cause-specific models is not pooled over completed data sets";
        return Err(Error::Prediction(format!("curve of {}: {why}; ask one of them for it", settings.name)));
    }
    let each = (0..fits.len()).map(|k| of_one(k, sets, settings, fits)).collect::<Result<Vec<_>>>()?;
    let without = each.iter().find(|r| r.warnings.iter().any(|w| w.code == NO_PREDICTIONS) || !r.converged);
    if let Some(without) = without {
        result.warnings.extend(without.warnings.iter().cloned());
        return Ok(());
    }
    let rule = Rule { complete_df, level: settings.level };
    for at in 0..each[0].curves.len() {
        let curves: Vec<&SurvivalCurve> = each.iter().map(|r| &r.curves[at]).collect();
        result
            .curves
            .push(rule.curve(&curves).map_err(|why| Error::Prediction(format!("curve of {}: {why}", settings.name)))?);
    }
    for at in 0..each[0].standardised.len() {
        let risks: Vec<&StandardisedRisks> = each.iter().map(|r| &r.standardised[at]).collect();
        result.standardised.push(rule.standardised(&risks));
    }
    Ok(())
}

/// The curves and standardised risks of one data set.
fn of_one(place: usize, sets: &Sets, settings: &ModelSettings, fits: &[Fitted]) -> Result<ModelResult> {
    let fitted = &fits[place];
    let converged = model::converged(&fitted.fit);
    let mut result = ModelResult { converged, ..ModelResult::default() };
    curves::fill(&mut result, settings, fitted)?;
    standardise::fill(&mut result, settings, fitted, &(sets.table)(place))?;
    Ok(result)
}

/// How quantities are pooled.
struct Rule {
    complete_df: f64,
    level: f64,
}

impl Rule {
    /// Estimates with their standard errors; a value that some data set has not is none.
    fn pool(&self, values: impl Iterator<Item = (f64, f64)>) -> Estimate {
        let (estimates, ses): (Vec<f64>, Vec<f64>) = values.unzip();
        let variances: Vec<f64> = ses.iter().map(|se| se * se).collect();
        pool(&estimates, &variances, self.complete_df).estimate(self.level)
    }

    /// Cumulative hazards with their standard errors, on the log scale; the limits are those of the hazard.
    fn hazard(&self, hazards: &[(Option<f64>, Option<f64>)]) -> Measure {
        if hazards.iter().all(|(hazard, _)| *hazard == Some(0.0)) {
            let zero = Some(0.0);
            return Measure { estimate: zero, se: zero, lower: None, upper: None };
        }
        let log = |(hazard, se): &(Option<f64>, Option<f64>)| {
            let (hazard, se) = (hazard.unwrap_or(f64::NAN), se.unwrap_or(f64::NAN));
            (libm::log(hazard), se / hazard)
        };
        let found = self.pool(hazards.iter().map(log));
        let hazard = libm::exp(found.estimate);
        Measure {
            estimate: finite(hazard),
            se: finite(hazard * found.se),
            lower: finite(libm::exp(found.lower)),
            upper: finite(libm::exp(found.upper)),
        }
    }

    fn curve(&self, curves: &[&SurvivalCurve]) -> std::result::Result<SurvivalCurve, String> {
        let first = curves[0];
        if curves.iter().any(|c| c.steps.time != first.steps.time || c.steps.n_events != first.steps.n_events) {
            return Err(
                "the completed data sets have different event times, so that there is no pooled curve".to_owned()
            );
        }
        let at = |k: usize| -> Vec<(Option<f64>, Option<f64>)> {
            curves.iter().map(|c| (c.steps.cumulative_hazard[k], c.steps.cumulative_hazard_se[k])).collect()
        };
        let hazards: Vec<Measure> = (0..first.steps.time.len()).map(|k| self.hazard(&at(k))).collect();
        let survival = |hazard: Option<f64>| hazard.map(|h| libm::exp(-h));
        let is_incidence = first.is_incidence();
        let mut curve = SurvivalCurve { limits: IntervalScale::LogLog.name().to_owned(), ..first.clone() };
        curve.quantity = Default::default();
        let steps = &mut curve.steps;
        steps.cumulative_incidence = Vec::new();
        steps.survival = hazards.iter().map(|h| survival(h.estimate)).collect();
        steps.lower = hazards.iter().map(|h| survival(h.upper)).collect();
        steps.upper = hazards.iter().map(|h| survival(h.lower)).collect();
        steps.cumulative_hazard = hazards.iter().map(|h| h.estimate).collect();
        steps.cumulative_hazard_se = hazards.iter().map(|h| h.se).collect();
        for point in &mut curve.times {
            let hazard = step_at(&first.steps.time, point.time).map(|k| hazards[k]);
            *point = pooled_point(point, hazard);
        }
        let median = |values: &[Option<f64>]| median(&first.steps.time, values, first.observed_until);
        (curve.median, curve.median_lower, curve.median_upper) =
            (median(&curve.steps.survival), median(&curve.steps.lower), median(&curve.steps.upper));
        Ok(if is_incidence { curve.into_incidence() } else { curve })
    }

    fn standardised(&self, risks: &[&StandardisedRisks]) -> StandardisedRisks {
        let from = risks[0].from;
        let row = |(k, first): (usize, &StandardisedRow)| {
            let of = |pick: fn(&StandardisedRow) -> &Measure| -> Vec<&Measure> {
                risks.iter().map(|r| pick(&r.rows[k])).collect()
            };
            let span = first.time - from;
            let mean = self.plain(&of(|r| &r.restricted_mean));
            StandardisedRow {
                risk: self.risk(&of(|r| &r.risk)),
                risk_difference: self.plain(&of(|r| &r.risk_difference)),
                risk_ratio: self.ratio(&of(|r| &r.risk_ratio)),
                restricted_mean: Measure {
                    lower: mean.lower.map(|x| x.max(0.0)),
                    upper: mean.upper.map(|x| x.min(span)),
                    ..mean
                },
                restricted_mean_difference: self.plain(&of(|r| &r.restricted_mean_difference)),
                restricted_mean_ratio: self.ratio(&of(|r| &r.restricted_mean_ratio)),
                ..first.clone()
            }
        };
        StandardisedRisks { rows: risks[0].rows.iter().enumerate().map(row).collect(), ..risks[0].clone() }
    }

    fn plain(&self, found: &[&Measure]) -> Measure {
        let Some(values) = all(found) else { return Measure::default() };
        let e = self.pool(values.into_iter());
        Measure { estimate: finite(e.estimate), se: finite(e.se), lower: finite(e.lower), upper: finite(e.upper) }
    }

    /// Standard errors are those of the logarithm.
    fn ratio(&self, found: &[&Measure]) -> Measure {
        let Some(values) = all(found) else { return Measure::default() };
        let e = self.pool(values.into_iter().map(|(ratio, se)| (libm::log(ratio), se)));
        let exp = |x: f64| finite(libm::exp(x));
        Measure { estimate: exp(e.estimate), se: finite(e.se), lower: exp(e.lower), upper: exp(e.upper) }
    }

    fn risk(&self, found: &[&Measure]) -> Measure {
        let Some(values) = all(found) else { return Measure::default() };
        // dR = S Λ d ln Λ
        let hazard = |(risk, se): (f64, f64)| (Some(-libm::log1p(-risk)), Some(se / (1.0 - risk)));
        let pooled = self.hazard(&values.into_iter().map(hazard).collect::<Vec<_>>());
        let risk = |hazard: Option<f64>| hazard.map(|h| -libm::expm1(-h));
        let se = pooled.se.zip(pooled.estimate).map(|(se, h)| se * libm::exp(-h));
        Measure { estimate: risk(pooled.estimate), se, lower: risk(pooled.lower), upper: risk(pooled.upper) }
    }
}

/// Estimate and standard error in every data set; `None` where one has none.
fn all(found: &[&Measure]) -> Option<Vec<(f64, f64)>> {
    found.iter().map(|m| m.estimate.zip(m.se)).collect()
}

fn pooled_point(point: &CurvePoint, hazard: Option<Measure>) -> CurvePoint {
    let zero = Measure { estimate: Some(0.0), se: Some(0.0), ..Measure::default() };
    let hazard = hazard.unwrap_or(zero);
    let survival = |hazard: Option<f64>| hazard.map(|h| libm::exp(-h));
    CurvePoint {
        survival: survival(hazard.estimate),
        cumulative_incidence: None,
        se: hazard.se.zip(survival(hazard.estimate)).map(|(se, s)| se * s),
        lower: survival(hazard.upper),
        upper: survival(hazard.lower),
        cumulative_hazard: hazard.estimate,
        cumulative_hazard_se: hazard.se,
        ..point.clone()
    }
}

/// The median of a curve or limit, which goes on level to the end of observation.
fn median(time: &[f64], values: &[Option<f64>], observed_until: Option<f64>) -> Option<f64> {
    let values: Option<Vec<f64>> = values.iter().copied().collect();
    let (mut values, mut time) = (values?, time.to_vec());
    values.push(*values.last()?);
    time.push(observed_until?);
    finite(quantile(&time, &values, 0.5, 0.0))
}
