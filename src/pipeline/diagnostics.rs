//! What a model is asked to say about its assumptions, and its share of the report.

use super::functional_form::{FormSettings, functional_forms};
use super::model::Fitted;
use super::residuals::ResidualSettings;
use super::settings::ModelSettings;
use super::time_smooth::time_smooths;
use crate::engine::{Penalty, Ties, TimeAxis, TimeTransform};
use crate::error::{Error, Result};
use crate::inference::{self, ChiSquared, proportional_hazards};
use crate::report::{self, ModelResult, finite};
use crate::table::Table;

/// The diagnostics of one model; none by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DiagnosticSettings {
    /// Functions of time against which proportional hazards are tested.
    pub proportional_hazards: Vec<TimeTransform>,
    /// Whether the scaled Schoenfeld residuals are smoothed over time, by the first of these functions.
    pub smooth: bool,
    /// Numbers whose functional form is checked.
    pub functional_form: FormSettings,
    /// Residuals, row by row.
    pub residuals: ResidualSettings,
}

impl DiagnosticSettings {
    /// Whether anything is asked for that goes by rows.
    pub(super) fn needs_rows(&self) -> bool {
        self.smooth || !self.functional_form.columns.is_empty() || !self.residuals.kinds.is_empty()
    }
}

/// Fills the diagnostics of a model's result; of one that did not converge, or has no coefficient, there are none.
pub(super) fn fill(result: &mut ModelResult, settings: &ModelSettings, fitted: &Fitted) -> Result<()> {
    let has_estimates = result.converged && result.coefficients.iter().any(|c| !c.aliased);
    if has_estimates && !settings.diagnostics.proportional_hazards.is_empty() {
        fill_proportional_hazards(result, settings, fitted)?;
    }
    Ok(())
}

fn fill_proportional_hazards(result: &mut ModelResult, settings: &ModelSettings, fitted: &Fitted) -> Result<()> {
    let Fitted { built, prepared, fit, .. } = fitted;
    let why = match () {
        () if settings.ties == Ties::Exact => Some("the test is not defined for exact ties; use efron"),
        () if settings.is_fine_gray() => Some("the test is that of a Cox model, not of a Fine-Gray model"),
        () if fit.penalty != Penalty::None => {
            Some("the score test starts where the score is zero, and with a penalty it is not")
        }
        () if prepared.has_time_dependence() => Some("the model has coefficients that change with time already"),
        () if fit.penalty != Penalty::None => Some("the test is that of an unpenalised fit; leave the penalty out"),
        () => None,
    };
    if let Some(why) = why {
        result
            .warnings
            .push(warning("no_proportionality_test", &format!("proportional hazards were not tested: {why}")));
        return Ok(());
    }
    let fault = |error| Error::Fit { model: settings.name.clone(), error };
    let axis = TimeAxis::new(&built.data, settings.near_ties).map_err(fault)?;
    let transforms = &settings.diagnostics.proportional_hazards;
    let found = proportional_hazards(prepared, fit, &built.columns, settings.ties, &axis, transforms);
    if found.len() < transforms.len() {
        let message = "proportional hazards were not tested against the logarithm of time: an event is at time 0 or \
                       before; use km, rank or identity";
        result.warnings.push(warning("no_log_transform", message));
    }
    let mut tests = found.iter().map(|test| one_transform(test, fitted));
    let mut first = tests.next();
    if let Some((first, test)) = first.as_mut().zip(found.first()).filter(|_| settings.diagnostics.smooth) {
        first.smooths = time_smooths(settings, fitted, &axis, test.transform);
    }
    result.proportional_hazards = first.map(|first| report::ProportionalHazards { others: tests.collect(), ..first });
    Ok(())
}

/// Fills what goes by the rows of the table.
pub(super) fn fill_by_rows(
    result: &mut ModelResult,
    table: &Table,
    settings: &ModelSettings,
    fitted: &Fitted,
) -> Result<()> {
    if settings.diagnostics.functional_form.columns.is_empty() || !result.converged {
        return Ok(());
    }
    let plain = settings.ties != Ties::Exact && !settings.is_fine_gray() && fitted.fit.penalty == Penalty::None;
    if !plain || fitted.prepared.has_time_dependence() {
        let message = "the functional form was not checked: only in Cox models without exact ties, penalty and \
                       coefficients that change with time";
        result.warnings.push(warning("no_form_check", message));
        return Ok(());
    }
    result.functional_form = functional_forms(table, settings, fitted)?;
    Ok(())
}

fn warning(code: &str, message: &str) -> report::Warning {
    report::Warning { code: code.to_owned(), message: message.to_owned(), ..report::Warning::default() }
}

fn one_transform(found: &inference::ProportionalHazards, fitted: &Fitted) -> report::ProportionalHazards {
    let columns = &fitted.built.columns;
    let column = |name: &str| columns.names.iter().position(|n| n == name);
    let label = |name: &str| column(name).map_or(String::new(), |j| super::model::column_label(j, columns));
    report::ProportionalHazards {
        transform: found.transform.name().to_owned(),
        variance: "model".to_owned(),
        terms: found.terms.iter().map(|(t, test)| named(t, super::model::term_label(t, columns), test)).collect(),
        coefficients: found.coefficients.iter().map(|(name, test)| named(name, label(name), test)).collect(),
        global: Some(super::model::test(&found.global)),
        smooths: Vec::new(),
        others: Vec::new(),
    }
}

fn named(term: &str, label: String, test: &ChiSquared) -> report::TermTest {
    report::TermTest {
        term: term.to_owned(),
        label,
        chisq: finite(test.chisq),
        df: Some(test.df as f64),
        p: finite(test.p),
    }
}
