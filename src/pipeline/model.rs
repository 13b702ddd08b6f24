//! One model: table and formula to a fitted model and its share of the report.

use super::Stopwatch;
use super::adjust;
use super::bootstrap;
use super::competing;
use super::contrasts;
use super::diagnostics;
use super::intervals;
use super::levels;
use super::settings::{BiasCorrection, InteractionRequest, ModelSettings};
use super::terms;
use super::time_varying;
use crate::design::{self, Built, MissingReason, ModelColumns};
use crate::engine::{Baseline, CoxFit, FitError, Prepared, SurvivalForm, Termination, Ties, Units};
use crate::error::{Error, Result};
use crate::formula::Formula;
use crate::inference::bootstrap::Replicates;
use crate::inference::interaction::{Cell, Standing, interaction};
use crate::inference::summary::summarise;
use crate::inference::{ChiSquared, CoefficientSummary, Interaction, ModelWarning, Quantity};
use crate::report::{self, ModelResult, finite};
use crate::table::Table;
use nalgebra::DMatrix;

/// A fitted model with all that inference needs.
pub struct Fitted {
    /// The formula.
    pub formula: Formula,
    /// The design.
    pub built: Built,
    /// What does not depend on the coefficients.
    pub prepared: Prepared,
    /// The estimates.
    pub fit: CoxFit,
    /// Who is drawn in a bootstrap, when the settings ask for one.
    pub units: Option<Units>,
}

impl Fitted {
    /// The stratum of a record, by its place among the rows used; 0 without strata.
    pub(super) fn stratum(&self, i: usize) -> usize {
        self.built.data.stratum.as_ref().and_then(|s| s.get(i)).map_or(0, |s| s as usize)
    }

    /// The baseline hazard at the estimates, with the covariance that intervals use.
    pub fn baseline(&self, ties: Ties, form: SurvivalForm) -> Baseline {
        self.prepared.baseline(&self.fit.coefficients, self.fit.reported_covariance(), ties, form)
    }
}

/// Fits one model; keeps which distinct record every row became where its settings ask for something per row.
pub fn fit(table: &Table, settings: &ModelSettings, watch: &mut Stopwatch) -> Result<Fitted> {
    let by_rows = settings.diagnostics.needs_rows() || !settings.predictions.records.is_empty();
    fit_keeping(table, settings, by_rows, watch)
}

/// Fits one model; `keep_rows`: for residuals, whatever the settings.
pub fn fit_keeping(table: &Table, settings: &ModelSettings, keep_rows: bool, watch: &mut Stopwatch) -> Result<Fitted> {
    let origin = format!("formula of {}", settings.name);
    let formula =
        Formula::parse(&settings.formula).map_err(|error| Error::Formula { origin: origin.clone(), error })?;
    let start = watch.now();
    let built =
        design::build(table, &formula, &settings.design_options()).map_err(|error| Error::Design { origin, error })?;
    let cannot = |error| Error::Fit { model: settings.name.clone(), error };
    if built.n_events == 0 {
        let (n_records, n_columns) = (built.rows.len(), built.columns.len());
        return Err(cannot(FitError::NoEvents { n_records, n_columns }));
    }
    let middle = watch.now();
    watch.design_seconds += middle - start;
    let keep_rows = keep_rows || settings.bootstrap.is_some();
    if !built.ridges.is_empty() && settings.bias_correction == BiasCorrection::Firth {
        return Err(cannot(FitError::TwoPenalties));
    }
    let prepared = competing::prepare(settings, &built, keep_rows).map_err(cannot)?;
    let fit = prepared.fit(&settings.fit_options(&built)).map_err(cannot)?;
    watch.fit_seconds += watch.now() - middle;
    let units = bootstrap::units(table, settings, &formula, &built, &prepared)?;
    Ok(Fitted { formula, built, prepared, fit, units })
}

/// The report of a fitted model, its interaction analyses included.
pub fn result(settings: &ModelSettings, fitted: &Fitted, watch: &mut Stopwatch) -> Result<ModelResult> {
    let Fitted { built, prepared, fit, .. } = fitted;
    let start = watch.now();
    // Which of two records has the higher risk changes along the time axis, so there is no one order to agree with.
    let concordance = (!prepared.has_time_dependence()).then(|| prepared.concordance(&fit.coefficients));
    watch.fit_seconds += watch.now() - start;
    let options = settings.fit_options(built);
    let summary = summarise(prepared, fit, &built.columns, &options, settings.level)
        .map_err(|error| Error::Fit { model: settings.name.clone(), error })?;
    let replicates = bootstrap::replicates(settings, fitted);
    let requests = settings.interactions.iter();
    let interactions = requests
        .map(|request| reported_analysis(settings, fitted, request, replicates.as_ref()))
        .collect::<Result<_>>()?;
    let mut coefficients: Vec<report::Coefficient> =
        summary.coefficients.iter().enumerate().map(|(j, c)| coefficient(c, j, &built.columns)).collect();
    // A Wald test of a coefficient that runs to infinity only says where the iterations stopped.
    let is_finite = |columns: std::ops::Range<usize>| summary.coefficients[columns].iter().all(|c| !c.infinite);
    let interval = intervals::report(settings, fitted, &mut coefficients)?;
    let mut result = ModelResult {
        coefficients,
        interval,
        bases: terms::bases(&built.columns),
        covariance: matrix(fit.reported_covariance()),
        naive_covariance: fit.robust_covariance.as_ref().map(|_| matrix(&fit.covariance)),
        log_partial_likelihood: report::LogPartialLikelihood {
            null: finite(fit.log_partial_likelihood_null),
            fitted: finite(fit.log_partial_likelihood),
        },
        penalised: intervals::penalised(fit),
        aic: finite(summary.aic),
        bic: finite(summary.bic),
        tests: report::GlobalTests {
            lr: summary.tests.lr.as_ref().map(test),
            wald: summary.tests.wald.as_ref().filter(|_| is_finite(0..built.columns.len())).map(test),
            score: summary.tests.score.as_ref().map(test),
            robust_score: summary.tests.robust_score.as_ref().map(test),
        },
        terms: summary
            .terms
            .iter()
            .map(|t| report::TermTests {
                term: t.term.clone(),
                label: term_label(&t.term, &built.columns),
                wald: built.columns.term(&t.term).filter(|i| is_finite(i.columns.clone())).map(|_| test(&t.wald)),
                // A likelihood-ratio test takes records for independent, which a robust variance does not.
                lr: t.lr.as_ref().filter(|_| !built.robust).map(|lr| test(&lr.test)),
            })
            .collect(),
        concordance: concordance.map(|concordance| report::Concordance {
            value: finite(concordance.value),
            se: finite(concordance.standard_error),
            concordant: finite(concordance.concordant),
            discordant: finite(concordance.discordant),
            tied_x: finite(concordance.tied_x),
            tied_y: finite(concordance.tied_y),
            tied_xy: finite(concordance.tied_xy),
        }),
        means: fit.means.iter().map(|m| finite(*m)).collect(),
        iterations: fit.iterations,
        termination: termination(fit.termination).to_owned(),
        converged: converged(fit),
        warnings: summary.warnings.iter().map(warning).collect(),
        interactions,
        contrasts: contrasts::compared(settings, fitted)?,
        time_varying: time_varying::time_varying(settings, fitted),
        ..identity(settings, fitted)
    };
    intervals::fill_ridge(&mut result, fitted);
    diagnostics::fill(&mut result, settings, fitted)?;
    if let Some(replicates) = &replicates {
        bootstrap::add(&mut result, settings, fitted, replicates);
    }
    if let Some(method) = settings.adjust {
        adjust::add(&mut result, method);
    }
    Ok(result)
}

/// What a result says of the model and its records before any estimate.
pub(super) fn identity(settings: &ModelSettings, fitted: &Fitted) -> ModelResult {
    let built = &fitted.built;
    ModelResult {
        name: settings.name.clone(),
        label: settings.label.clone(),
        formula: settings.formula.clone(),
        like: settings.conventions.map(|c| c.name().to_owned()),
        ties: ties_name(settings.ties).to_owned(),
        variance: variance(built).to_owned(),
        cluster: cluster(settings, fitted),
        cluster_correction: settings.correction.formula().filter(|_| built.robust).map(str::to_owned),
        weights: settings.weights.clone(),
        strata: fitted.formula.strata.iter().map(|v| fitted.formula.variables[*v].label.clone()).collect(),
        n_records: Some(built.rows.len() as u64),
        n_persons: built.n_persons.map(|n| n as u64),
        n_events: Some(built.n_events as u64),
        n_missing_dropped: Some(built.n_missing_dropped as u64),
        missing: built.missing.iter().map(missing).collect(),
        person_time: finite(built.person_time),
        competing: competing::competing(settings, built),
        interval: intervals::WALD.to_owned(),
        penalty: intervals::penalty_name(&fitted.fit.penalty).map(str::to_owned),
        ..ModelResult::default()
    }
}

/// An interaction analysis with a model of its own: the base model and the product.
pub fn interaction_model(
    table: &Table,
    settings: &ModelSettings,
    request: &InteractionRequest,
    watch: &mut Stopwatch,
) -> Result<report::Interaction> {
    let fitted = fit(table, settings, watch)?;
    let replicates = bootstrap::replicates(settings, &fitted);
    let mut shown = reported_analysis(settings, &fitted, request, replicates.as_ref())?;
    if fitted.built.n_missing_dropped > 0 {
        levels::fill_cells_of_interaction(&mut shown, table, &fitted, settings)?;
    }
    Ok(shown)
}

fn reported_analysis(
    settings: &ModelSettings,
    fitted: &Fitted,
    request: &InteractionRequest,
    replicates: Option<&Replicates>,
) -> Result<report::Interaction> {
    let found = analysis(settings, fitted, request)?;
    let mut shown = shown_analysis(settings, fitted, request, &found);
    if let Some(method) = settings.adjust {
        adjust::add_to_interaction(&mut shown, method);
    }
    if let Some(replicates) = replicates {
        bootstrap::add_to_interaction(&mut shown, &found, replicates, settings.level);
    }
    Ok(shown)
}

/// The numbers of an interaction analysis.
pub(super) fn analysis(settings: &ModelSettings, fitted: &Fitted, request: &InteractionRequest) -> Result<Interaction> {
    let Fitted { built, prepared, fit, .. } = fitted;
    let options = settings.fit_options(built);
    let InteractionRequest { exposure, modifier, at } = request;
    for name in [exposure, modifier] {
        constant_in_time(built, name)?;
    }
    interaction(prepared, fit, &built.columns, exposure, modifier, at, &options, settings.level)
        .map_err(|error| Error::Interaction(error.to_string()))
}

/// An interaction analysis as the report says it.
pub(super) fn shown_analysis(
    settings: &ModelSettings,
    fitted: &Fitted,
    request: &InteractionRequest,
    found: &Interaction,
) -> report::Interaction {
    let Fitted { built, fit, .. } = fitted;
    let InteractionRequest { exposure, modifier, .. } = request;
    let warnings = crate::inference::warnings(&fitted.prepared, fit, &built.columns);
    report::Interaction {
        exposure: exposure.clone(),
        exposure_label: found.exposure.title.clone(),
        modifier: modifier.clone(),
        modifier_label: found.modifier.title.clone(),
        formula: settings.formula.clone(),
        adjusted_for: adjusted_for(built, exposure, modifier),
        n_records: Some(built.rows.len() as u64),
        n_events: Some(built.n_events as u64),
        wald: Some(test(&found.wald)),
        lr: Some(test(&found.lr.test)).filter(|_| !built.robust),
        pooled_test: None,
        within: found.within.iter().map(|c| cell(c, found)).collect(),
        joint: found.joint.iter().map(|c| cell(c, found)).collect(),
        by_exposure: found.by_exposure.iter().map(|c| cell(c, found)).collect(),
        ratios: found.ratios.iter().map(|c| ratio(c, found)).collect(),
        reri: found.additive.iter().map(|a| additive(a, found)).collect(),
        additive_note: found.lower_than_reference().map(|c| lower_note(c, found)),
        iterations: fit.iterations,
        termination: termination(fit.termination).to_owned(),
        converged: converged(fit),
        warnings: warnings.iter().map(warning).collect(),
    }
}

/// The recommendation of Knol et al. (2011) where a combination has a lower hazard than the reference.
fn lower_note(cell: &Cell, of: &Interaction) -> String {
    let (exposure, modifier) = (&of.exposure.points[cell.exposure], &of.modifier.points[cell.modifier]);
    format!(
        "RERI, AP and S are meant for a reference with the lowest hazard; here that of {} × {} is lower. \
         Consider making these levels the references (Knol et al. 2011, doi 10.1007/s10654-011-9554-9); nothing was recoded.",
        exposure.label, modifier.label
    )
}

/// An interaction analysis gives hazard ratios that hold at all times.
fn constant_in_time(built: &Built, column: &str) -> Result<()> {
    let of_column = |c: &&design::TimeColumn| built.columns.variables[c.variable].column.as_deref() == Some(column);
    match built.columns.time.columns.iter().find(of_column) {
        None => Ok(()),
        Some(found) => Err(Error::Interaction(format!(
            "the hazard ratio of `{column}` changes with time because of `{}`, so it has no one value within another \
             variable; leave the tt() term or the interaction analysis out",
            built.columns.variables[found.variable].label
        ))),
    }
}

/// Titles of the variables that the model has beside exposure and modifier.
fn adjusted_for(built: &Built, exposure: &str, modifier: &str) -> Vec<String> {
    let others = built.columns.variables.iter();
    let others = others.filter(|v| v.column.as_deref().is_none_or(|c| c != exposure && c != modifier));
    others.map(|v| v.title.clone()).collect()
}

fn cell(cell: &Cell, of: &Interaction) -> report::InteractionCell {
    let (exposure, modifier) = (&of.exposure.points[cell.exposure], &of.modifier.points[cell.modifier]);
    let is_reference = cell.standing == Standing::Reference;
    let has_interval = cell.standing == Standing::Estimated;
    let shown = |value: f64| if has_interval { finite(value) } else { None };
    let (lower, upper) = cell.estimate.hazard_ratio_limits();
    let value = |reference: f64, value: f64| if is_reference { Some(reference) } else { shown(value) };
    report::InteractionCell {
        exposure_level: exposure.name.clone(),
        exposure_label: exposure.label.clone(),
        modifier_level: modifier.name.clone(),
        modifier_label: modifier.label.clone(),
        reference: is_reference,
        estimate: value(0.0, cell.estimate.estimate),
        se: shown(cell.estimate.se),
        hr: value(1.0, cell.estimate.hazard_ratio()),
        lower: shown(lower),
        upper: shown(upper),
        p: shown(cell.estimate.p),
        reason: reason(cell.standing),
        ..report::InteractionCell::default()
    }
}

pub(super) fn reason(standing: Standing) -> Option<String> {
    match standing {
        Standing::Reference | Standing::Estimated => None,
        Standing::NotEstimable => Some("not estimable: no records, or a combination of other columns".to_owned()),
        Standing::Infinite => Some("runs to infinity: all events or none in this cell".to_owned()),
    }
}

fn ratio(cell: &Cell, of: &Interaction) -> report::InteractionRatio {
    let (lower, upper) = cell.estimate.hazard_ratio_limits();
    let shown = |value: f64| if cell.standing == Standing::Estimated { finite(value) } else { None };
    report::InteractionRatio {
        exposure_level: of.exposure.points[cell.exposure].name.clone(),
        modifier_level: of.modifier.points[cell.modifier].name.clone(),
        ratio: shown(cell.estimate.hazard_ratio()),
        lower: shown(lower),
        upper: shown(upper),
        p: shown(cell.estimate.p),
        ..report::InteractionRatio::default()
    }
}

fn additive(found: &crate::inference::AdditiveInteraction, of: &Interaction) -> report::AdditiveInteraction {
    let estimated = found.standing == Standing::Estimated;
    let numbers = |q: &Quantity| [q.estimate, q.lower, q.upper].map(|x| if estimated { finite(x) } else { None });
    let [reri, lower, upper] = numbers(&found.reri);
    let [ap, ap_lower, ap_upper] = numbers(&found.ap);
    let [s, s_lower, s_upper] = numbers(&found.synergy);
    report::AdditiveInteraction {
        exposure_level: of.exposure.points[found.exposure].name.clone(),
        modifier_level: of.modifier.points[found.modifier].name.clone(),
        reri,
        lower,
        upper,
        ap,
        ap_lower,
        ap_upper,
        s,
        s_lower,
        s_upper,
        ..report::AdditiveInteraction::default()
    }
}

pub(super) fn coefficient(summary: &CoefficientSummary, column: usize, columns: &ModelColumns) -> report::Coefficient {
    let (lower, upper) = summary.estimate.hazard_ratio_limits();
    // No interval, no test for a coefficient that runs to infinity: they only say where the iterations stopped.
    let bounded = |value: f64| if summary.infinite { None } else { finite(value) };
    report::Coefficient {
        name: summary.name.clone(),
        term: columns.terms[columns.term_of_column[column]].label.clone(),
        label: column_label(column, columns),
        parts: columns.parts[column].iter().map(part).collect(),
        estimate: finite(summary.estimate.estimate),
        se: finite(summary.se),
        robust_se: summary.robust_se.and_then(finite),
        z: bounded(summary.estimate.z),
        p: bounded(summary.estimate.p),
        lower: bounded(summary.estimate.lower),
        upper: bounded(summary.estimate.upper),
        hr: finite(summary.estimate.hazard_ratio()),
        hr_lower: bounded(lower),
        hr_upper: bounded(upper),
        open: Vec::new(),
        lr: None,
        wald: None,
        aliased: summary.aliased,
        infinite: summary.infinite,
        ..report::Coefficient::default()
    }
}

fn part(part: &design::Part) -> report::Part {
    report::Part {
        variable: part.variable.clone(),
        level: part.level.clone(),
        versus: part.versus.clone(),
        basis: part.basis.as_ref().map(|b| terms::kind(b.kind).to_owned()),
        index: part.basis.as_ref().map(|b| b.index),
    }
}

/// `Sex: Men`, `Migrant group: Nordic × Sex: Men`, `age`.
pub(super) fn column_label(column: usize, columns: &ModelColumns) -> String {
    let one = |p: &design::Part| {
        if let Some(basis) = &p.basis {
            return basis.name.clone();
        }
        let variable = columns.variables_of(&p.variable).first().map(|v| &columns.variables[*v]);
        let title = match (variable, &p.expression) {
            (Some(v), None) => v.title.clone(),
            (_, Some(expression)) => expression.clone(),
            (None, None) => p.variable.clone(),
        };
        match &p.level {
            None => title,
            Some(level) => {
                let known = columns.factor_of(&p.variable).and_then(|v| v.levels.iter().find(|l| l.name == *level));
                format!("{title}: {}", known.map_or(level, |l| &l.label))
            }
        }
    };
    columns.parts[column].iter().map(one).collect::<Vec<_>>().join(" × ")
}

/// A term in the words of its variables' titles.
pub(super) fn term_label(term: &str, columns: &ModelColumns) -> String {
    let Some(info) = columns.term(term) else { return term.to_owned() };
    info.variables.iter().map(|v| columns.variables[*v].title.clone()).collect::<Vec<_>>().join(" × ")
}

pub(super) fn missing(count: &design::MissingCount) -> report::MissingCount {
    let why = match count.reason {
        MissingReason::Missing => "",
        MissingReason::OutsideLevels => " (not among the declared levels)",
        MissingReason::EmptyInterval => " (exit not after entry)",
    };
    report::MissingCount { variable: format!("{}{why}", count.variable), records: Some(count.rows as u64) }
}

pub(super) fn test(found: &ChiSquared) -> report::TestResult {
    report::TestResult { chisq: finite(found.chisq), df: Some(found.df as f64), p: finite(found.p) }
}

pub(super) fn warning(found: &ModelWarning) -> report::Warning {
    report::Warning {
        code: found.code.to_owned(),
        message: found.message.clone(),
        term: found.term.clone(),
        level: found.level.clone(),
        cell: found.cell.as_ref().map(|(what, counts)| report::WarningCell {
            what: what.clone(),
            records: counts.records,
            events: counts.events,
        }),
    }
}

pub(super) fn matrix(found: &DMatrix<f64>) -> report::Matrix {
    report::matrix(found.nrows(), found.ncols(), |i, j| found[(i, j)])
}

fn ties_name(ties: Ties) -> &'static str {
    match ties {
        Ties::Efron => "efron",
        Ties::Breslow => "breslow",
        Ties::Exact => "exact",
    }
}

/// Where the reported standard errors come from.
fn variance(built: &Built) -> &'static str {
    match (built.robust, &built.data.cluster) {
        (false, _) => "model",
        (true, None) => "robust",
        (true, Some(_)) => "clustered",
    }
}

/// The column that clusters.
fn cluster(settings: &ModelSettings, fitted: &Fitted) -> Option<String> {
    fitted.built.data.cluster.as_ref()?;
    let in_formula = fitted.formula.cluster.as_ref().map(|e| e.text());
    settings.cluster.clone().or(in_formula).or_else(|| settings.id.clone())
}

pub(super) fn converged(fit: &CoxFit) -> bool {
    fit.termination != Termination::IterationLimit
}

pub(super) fn termination(found: Termination) -> &'static str {
    match found {
        Termination::Converged => "converged",
        Termination::LikelihoodFlat => "converged: the log partial likelihood no longer changes",
        Termination::IterationLimit => "the iteration limit was reached",
    }
}
