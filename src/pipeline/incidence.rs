//! Cumulative incidence of given covariates from cause-specific models: that of the event, and one of all competing events
//! together with the same formula.

use super::curves::{self, CurveRequest};
use super::model::Fitted;
use super::settings::ModelSettings;
use crate::engine::{Baseline, CausePerson, Curve, FitWarning, SurvivalForm, incidence_of_first};
use crate::error::{Error, Result};
use crate::report::{self, ModelResult};

/// What a curve needs of the competing events.
pub(super) enum OtherCauses {
    /// The baseline of their model.
    Modelled(Baseline),
    /// Nobody has one: the incidence is one minus survival.
    None,
    /// Their model gives no curve; a warning says why.
    Unusable,
}

/// Fits the model of the competing events: the same records and columns with the competing events as events, and the
/// events censored. Adds a warning to `result` where it gives no curve.
pub(super) fn other_causes(result: &mut ModelResult, settings: &ModelSettings, fitted: &Fitted) -> Result<OtherCauses> {
    let built = &fitted.built;
    let Some(competing) = built.competing.as_ref().filter(|c| c.n_events > 0) else { return Ok(OtherCauses::None) };
    let cannot = |error| Error::Fit { model: format!("{}, competing events", settings.name), error };
    let mut data = built.data.clone();
    data.event.clone_from(&competing.event);
    let prepared = crate::engine::Prepared::with_time(&data, &built.design, &built.time, settings.near_ties);
    let prepared = prepared.map_err(cannot)?;
    let fit = prepared.fit(&settings.fit_options(built)).map_err(cannot)?;
    let infinite = fit.warnings.iter().any(|w| matches!(w, FitWarning::InfiniteCoefficient { .. }));
    let why = match () {
        () if infinite => "a coefficient of the model of the competing events runs to infinity",
        () if !super::model::converged(&fit) => "the model of the competing events did not converge",
        () => {
            let covariance = fit.reported_covariance();
            let form = SurvivalForm::Exponential;
            return Ok(OtherCauses::Modelled(prepared.baseline(&fit.coefficients, covariance, settings.ties, form)));
        }
    };
    result.warnings.push(curves::warning(format!("cumulative incidences are not given: {why}")));
    Ok(OtherCauses::Unusable)
}

impl OtherCauses {
    /// The cumulative incidence of the event for the covariates of a request; `own` is the baseline of its model.
    pub(super) fn curve(
        &self,
        request: &CurveRequest,
        settings: &ModelSettings,
        fitted: &Fitted,
        own: &Baseline,
    ) -> Result<Option<report::SurvivalCurve>> {
        let person = curves::person(request, settings, fitted)?;
        let of = |baseline| CausePerson { baseline, stratum: person.stratum, row: &person.row, offset: person.offset };
        let found = match self {
            OtherCauses::Modelled(other) => incidence_of_first(&[of(own), of(other)]),
            OtherCauses::None => incidence_of_first(&[of(own)]),
            OtherCauses::Unusable => return Ok(None),
        };
        // As a curve whose survival is one minus the incidence, and whose error is that of the logarithm of it.
        let free: Vec<f64> = found.incidence.iter().map(|f| 1.0 - f).collect();
        let curve = Curve {
            event_weight: found.n_events.iter().map(|n| f64::from(*n)).collect(),
            standard_error: found.standard_error.iter().zip(&free).map(|(se, free)| se / free).collect(),
            survival: free,
            cumulative_hazard: found.cumulative_hazard,
            n_events: found.n_events,
            time: found.time,
        };
        let mut shown = curves::shown(request, settings, fitted, person, curve).into_incidence();
        let errors = &found.cumulative_hazard_error;
        shown.steps.cumulative_hazard_se = errors.iter().map(|se| report::finite(*se)).collect();
        for point in &mut shown.times {
            let place = shown.steps.time.partition_point(|t| *t <= point.time);
            point.cumulative_hazard_se = report::finite(place.checked_sub(1).map_or(0.0, |k| errors[k]));
        }
        Ok(Some(shown))
    }
}
