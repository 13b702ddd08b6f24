//! A model fitted to several completed data sets and pooled by Rubin's rules.

use super::model::{self, Fitted};
use super::settings::{IntervalMethod, ModelSettings};
use super::study::{input, note};
use super::{Stopwatch, adjust, contrasts, pooled_interactions, pooled_predictions, terms};
use crate::engine::FitOptions;
use crate::error::{Error, Result};
use crate::inference::pooled_likelihood::{FittedSet, pooled_likelihood_ratios};
use crate::inference::pooling::{Pooled, PooledCoefficients, PooledTest};
use crate::inference::{CoefficientSummary, contrast::is_infinite};
use crate::loader::{Flat, Note};
use crate::report::{self, ModelResult, Report, finite};
use crate::table::{ColumnData, Table};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One completed data set.
pub struct Completed {
    /// The imputation's number, or its file.
    pub name: String,
    /// The records.
    pub table: Table,
}

/// Why data sets cannot be pooled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolingError {
    /// The column of the imputation's number is not there.
    #[error("there is no column `{column}` that says which imputation a row belongs to")]
    NoColumn {
        /// The column.
        column: String,
    },
    /// Profile-likelihood intervals, which Rubin's rules do not pool.
    #[error(
        "Rubin's rules pool estimates with their standard errors; profile-likelihood intervals are not pooled: use --ci wald"
    )]
    Profile,
    /// Rows that belong to no imputation.
    #[error("column `{column}` is missing in {rows} rows; every row belongs to an imputation")]
    NoNumber {
        /// The column.
        column: String,
        /// How many rows.
        rows: usize,
    },
    /// A number in two files.
    #[error("imputation {name} is in two files; give every completed data set a number of its own")]
    Twice {
        /// The number.
        name: String,
    },
    /// A data set that is not there.
    #[error("there is no completed data set {number}; {found} were read")]
    NoSuch {
        /// The number asked for.
        number: u32,
        /// How many were read.
        found: usize,
    },
    /// Records that person and entry do not tell apart.
    #[error(
        "two records of the person-time have the same person and entry (members of several matched sets); completed data \
         sets cannot be told apart by record there"
    )]
    SameEntry,
    /// Nothing to pool.
    #[error("{found} completed data set: pooling needs at least two")]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// Something that belongs to one data set.
    #[error("{what} belongs to one data set; ask for it on each completed data set by itself")]
    OfOneDataSet {
        /// What was asked for.
        what: &'static str,
    },
    /// Data sets whose models have different coefficients.
    #[error(
        "the coefficients of imputation {other} are not those of imputation {first} (`{name}` is in one of them only); \
         declare the levels of factors, and the knots or boundaries of splines, so that all have the same columns"
    )]
    Columns {
        /// The first data set.
        first: String,
        /// The one that differs.
        other: String,
        /// A coefficient that is not in both.
        name: String,
    },
    /// Splines or polynomials whose basis comes from the data, and differs.
    #[error(
        "a spline or polynomial of imputation {other} has another basis than that of imputation {first}, so that its \
         coefficients mean something else; give its knots (or use raw powers)"
    )]
    Bases {
        /// The first data set.
        first: String,
        /// The one that differs.
        other: String,
    },
}

/// Splits a stacked table by the column of the imputation's number. Number 0, the incomplete original of `mice` and Stata,
/// is left out; the second result counts its rows. Errors: [`PoolingError`].
pub fn stacked(table: &Table, column: &str) -> std::result::Result<(Vec<Completed>, u64), PoolingError> {
    let found = table.column(column).ok_or_else(|| PoolingError::NoColumn { column: column.to_owned() })?;
    let missing = (0..table.n_rows()).filter(|row| found.data.is_missing(*row)).count();
    if missing > 0 {
        return Err(PoolingError::NoNumber { column: column.to_owned(), rows: missing });
    }
    let mut rows: BTreeMap<Key, Vec<u32>> = BTreeMap::new();
    (0..table.n_rows()).for_each(|row| rows.entry(Key::of(&found.data, row)).or_default().push(row as u32));
    let original = rows.remove(&Key::original()).map_or(0, |rows| rows.len() as u64);
    let sets = rows.into_iter().map(|(key, rows)| Completed { name: key.name, table: table.take(&rows) });
    Ok((sets.collect(), original))
}

/// An imputation's number: in the order of numbers where they are numbers.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// The bits of a number that is not negative are in its order; text comes after all of them.
    number: u64,
    name: String,
}

impl Key {
    fn of(data: &ColumnData, row: usize) -> Key {
        let (number, name) = match data {
            ColumnData::Factor(factor) => {
                let name = factor.codes.get(row).map_or(String::new(), |code| factor.levels[code as usize].clone());
                (name.trim().parse::<f64>().ok(), name)
            }
            other => {
                let x = other.number(row).unwrap_or(f64::NAN);
                (Some(x), crate::formula::number_text(x))
            }
        };
        Key { number: number.filter(|x| *x >= 0.0).map_or(u64::MAX, |x| (x + 0.0).to_bits()), name }
    }

    fn original() -> Key {
        Key { number: 0.0f64.to_bits(), name: "0".to_owned() }
    }
}

/// Fits a stacked data file that was read, an imputation at a time, and pools.
pub fn fit_stacked(flat: Flat, column: &str, settings: &ModelSettings, watch: &mut Stopwatch) -> Result<Report> {
    let (sets, original) = stacked(&flat.table, column).map_err(Error::Pooling)?;
    let mut report = fit_completed(&sets, Some(column), settings, watch)?;
    report.inputs = vec![input("data", &flat.input)];
    report.notes = flat.notes.iter().map(note).collect();
    if original > 0 {
        let message = "rows of imputation 0, the incomplete original, left out";
        report.notes.push(note(&Note::new(column, message, original, "rows")));
    }
    Ok(report)
}

/// Fits completed data sets that were read from a file each, and pools.
pub fn fit_files(flats: Vec<Flat>, settings: &ModelSettings, watch: &mut Stopwatch) -> Result<Report> {
    let inputs = flats.iter().map(|f| input("data", &f.input)).collect();
    let notes = flats.iter().flat_map(|f| f.notes.iter().map(note)).collect();
    let sets = flats.into_iter().map(|f| Completed { name: f.input.path, table: f.table });
    let report = fit_completed(&sets.collect::<Vec<_>>(), None, settings, watch)?;
    Ok(Report { inputs, notes, ..report })
}

/// Fits the model to every data set and pools. `column` is that of the imputation's number, for the report.
pub fn fit_completed(
    sets: &[Completed],
    column: Option<&str>,
    settings: &ModelSettings,
    watch: &mut Stopwatch,
) -> Result<Report> {
    let names: Vec<String> = sets.iter().map(|set| set.name.clone()).collect();
    let sets = Sets { names: &names, column, table: &|k| Cow::Borrowed(&sets[k].table) };
    let models = vec![fit_sets(&sets, settings, watch)?];
    let settings = report::Settings { level: settings.level, ..report::Settings::default() };
    Ok(Report { settings, models, ..Report::default() })
}

/// Completed data sets, each made when it is asked for.
pub(super) struct Sets<'a> {
    /// Their names, in order.
    pub(super) names: &'a [String],
    /// Column of the imputation's number.
    pub(super) column: Option<&'a str>,
    /// The records of the one at a place.
    pub(super) table: &'a dyn Fn(usize) -> Cow<'a, Table>,
}

/// The model fitted to every data set, pooled.
pub(super) fn fit_sets(sets: &Sets, settings: &ModelSettings, watch: &mut Stopwatch) -> Result<ModelResult> {
    fit_each(sets, settings, watch).map(|(pooled, _)| pooled)
}

/// The same with the fit of every data set.
pub(super) fn fit_each(
    sets: &Sets,
    settings: &ModelSettings,
    watch: &mut Stopwatch,
) -> Result<(ModelResult, Vec<Fitted>)> {
    if settings.interval == Some(IntervalMethod::Profile) {
        return Err(Error::Pooling(PoolingError::Profile));
    }
    if sets.names.len() < 2 {
        return Err(Error::Pooling(PoolingError::TooFew { found: sets.names.len() }));
    }
    if let Some(what) = of_one_data_set(settings) {
        return Err(Error::Pooling(PoolingError::OfOneDataSet { what }));
    }
    let fits =
        (0..sets.names.len()).map(|k| model::fit(&(sets.table)(k), settings, watch)).collect::<Result<Vec<_>>>()?;
    same_columns(sets.names, &fits)?;
    let pooled = pool(&fits);
    let mut result = result(sets, &fits, &pooled, settings)?;
    pooled_predictions::fill(&mut result, sets, settings, &fits, pooled.complete_df)?;
    if let Some(method) = settings.adjust {
        adjust::add(&mut result, method);
        result.interactions.iter_mut().for_each(|i| adjust::add_to_interaction(i, method));
    }
    Ok((result, fits))
}

/// What is asked for and has no pooled form here: better refused than left out in silence.
fn of_one_data_set(settings: &ModelSettings) -> Option<&'static str> {
    let asked = [
        (settings.bootstrap.is_some(), "a bootstrap"),
        (!settings.diagnostics.proportional_hazards.is_empty(), "the test of proportional hazards"),
        (!settings.diagnostics.residuals.kinds.is_empty(), "a residual file"),
        (!settings.ratios_at.is_empty(), "a table of hazard ratios at values"),
        (settings.diagnostics.smooth, "a smooth of hazard ratios over time"),
        (!settings.diagnostics.functional_form.columns.is_empty(), "the check of functional form"),
        (settings.predictions.baseline, "a baseline hazard"),
        (!settings.predictions.records.is_empty(), "a file of predictions"),
    ];
    asked.into_iter().find(|(asked, _)| *asked).map(|(_, what)| what)
}

fn same_columns(sets: &[String], fits: &[Fitted]) -> Result<()> {
    let first = &fits[0].built.columns.names;
    for (set, fit) in sets.iter().zip(fits).skip(1) {
        let names = &fit.built.columns.names;
        if names != first {
            let only = |a: &[String], b: &[String]| a.iter().find(|n| !b.contains(n)).cloned();
            let name = only(first, names).or_else(|| only(names, first)).unwrap_or_default();
            let (first, other) = (sets[0].clone(), set.clone());
            return Err(Error::Pooling(PoolingError::Columns { first, other, name }));
        }
        let bases = |f: &Fitted| terms::bases(&f.built.columns);
        if bases(fit) != bases(&fits[0]) {
            let (first, other) = (sets[0].clone(), set.clone());
            return Err(Error::Pooling(PoolingError::Bases { first, other }));
        }
    }
    Ok(())
}

fn pool(fits: &[Fitted]) -> PooledCoefficients {
    let coefficients: Vec<&[f64]> = fits.iter().map(|f| f.fit.coefficients.as_slice()).collect();
    let covariances: Vec<_> = fits.iter().map(|f| f.fit.reported_covariance()).collect();
    let of_complete = |f: &Fitted| f.fit.n_events as f64 - f.fit.df as f64;
    let complete_df = fits.iter().map(of_complete).fold(f64::INFINITY, f64::min).max(1.0);
    PooledCoefficients::new(&coefficients, &covariances, complete_df)
}

fn result(sets: &Sets, fits: &[Fitted], pooled: &PooledCoefficients, settings: &ModelSettings) -> Result<ModelResult> {
    let base = model::identity(settings, &fits[0]);
    let columns = &fits[0].built.columns;
    let same = |of: fn(&Fitted) -> u64| {
        let first = of(&fits[0]);
        fits.iter().all(|f| of(f) == first).then_some(first)
    };
    let summaries = (0..columns.len()).map(|j| summary(j, fits, pooled, settings.level));
    Ok(ModelResult {
        n_records: same(|f| f.built.rows.len() as u64),
        n_events: same(|f| f.built.n_events as u64),
        n_missing_dropped: same(|f| f.built.n_missing_dropped as u64),
        n_persons: base.n_persons.filter(|_| fits.iter().all(|f| f.built.n_persons == fits[0].built.n_persons)),
        coefficients: summaries.enumerate().map(|(j, s)| model::coefficient(&s, j, columns)).collect(),
        bases: terms::bases(columns),
        covariance: model::matrix(&pooled.total()),
        iterations: fits.iter().map(|f| f.fit.iterations).max().unwrap_or(0),
        termination: termination(sets.names, fits),
        converged: fits.iter().all(|f| model::converged(&f.fit)),
        warnings: warnings(sets.names, fits),
        interactions: pooled_interactions::pooled(settings, fits, pooled)?,
        contrasts: contrasts::pooled(settings, fits, pooled)?,
        pooling: Some(report::Pooling {
            likelihood_ratios: likelihood_ratios(fits, settings)?,
            ..pooling(sets, fits, pooled)
        }),
        ..base
    })
}

/// Why the iterations stopped: names the first imputation whose fit did not converge.
fn termination(sets: &[String], fits: &[Fitted]) -> String {
    match sets.iter().zip(fits).find(|(_, f)| !model::converged(&f.fit)) {
        None => "converged in every imputation".to_owned(),
        Some((set, fit)) => format!("imputation {set}: {}", model::termination(fit.fit.termination)),
    }
}

fn summary(column: usize, fits: &[Fitted], pooled: &PooledCoefficients, level: f64) -> CoefficientSummary {
    let mut unit = vec![0.0; pooled.estimates.len()];
    unit[column] = 1.0;
    let estimate = pooled.coefficient(column).estimate(level);
    CoefficientSummary {
        name: fits[0].built.columns.names[column].clone(),
        estimate,
        se: estimate.se,
        robust_se: None,
        aliased: !estimate.is_estimable(),
        infinite: fits.iter().any(|f| is_infinite(&f.fit, &unit)),
    }
}

/// The warnings of every data set, each said once with the data sets it holds for.
fn warnings(sets: &[String], fits: &[Fitted]) -> Vec<report::Warning> {
    let mut found: Vec<(report::Warning, Vec<&str>)> = Vec::new();
    for (set, fit) in sets.iter().zip(fits) {
        for warning in crate::inference::warnings(&fit.prepared, &fit.fit, &fit.built.columns) {
            let warning = model::warning(&warning);
            match found.iter_mut().find(|(known, _)| *known == warning) {
                Some((_, names)) => names.push(set),
                None => found.push((warning, vec![set])),
            }
        }
    }
    let named = |(warning, names): (report::Warning, Vec<&str>)| {
        let which = if names.len() == 1 { "imputation" } else { "imputations" };
        report::Warning { message: format!("{which} {}: {}", names.join(", "), warning.message), ..warning }
    };
    found.into_iter().map(named).collect()
}

fn pooling(sets: &Sets, fits: &[Fitted], pooled: &PooledCoefficients) -> report::Pooling {
    let columns = &fits[0].built.columns;
    let term = |t: &crate::design::TermInfo| {
        let label = model::term_label(&t.label, columns);
        test(&pooled.test(t.columns.clone()), &t.label, label)
    };
    report::Pooling {
        column: sets.column.map(str::to_owned),
        complete_df: finite(pooled.complete_df),
        imputations: sets.names.iter().zip(fits).map(|(set, fit)| imputation(set, fit)).collect(),
        coefficients: (0..columns.len()).map(|j| coefficient(&columns.names[j], &pooled.coefficient(j))).collect(),
        within: model::matrix(&pooled.within),
        between: model::matrix(&pooled.between),
        terms: columns.terms.iter().map(term).collect(),
        overall: (!columns.is_empty()).then(|| test(&pooled.test(0..columns.len()), "", String::new())),
        likelihood_ratios: Vec::new(),
    }
}

/// D₂ and D₃ of every term that can be left out (as for the tests of one data set), and of all coefficients.
fn likelihood_ratios(fits: &[Fitted], settings: &ModelSettings) -> Result<Vec<report::PooledTest>> {
    let columns = &fits[0].built.columns;
    let options: Vec<FitOptions> = fits.iter().map(|f| settings.fit_options(&f.built)).collect();
    let set = |(f, options)| {
        let f: &Fitted = f;
        FittedSet { prepared: &f.prepared, fit: &f.fit, options }
    };
    let sets: Vec<FittedSet> = fits.iter().zip(&options).map(set).collect();
    let terms = columns.terms.iter().filter(|t| !t.contained && !t.codes_others);
    let named = terms.map(|t| (t.label.as_str(), model::term_label(&t.label, columns), t.columns.clone()));
    let hypotheses = named.chain(std::iter::once(("", String::new(), 0..columns.len())));
    let mut tests = Vec::new();
    for (term, label, tested) in hypotheses {
        let tested: Vec<bool> = (0..columns.len()).map(|j| tested.contains(&j)).collect();
        let cannot = |error| Error::Fit { model: settings.name.clone(), error };
        if let Some(found) = pooled_likelihood_ratios(&sets, &tested).map_err(cannot)? {
            tests.push(named_test(&found.d2, "d2", term, label.clone()));
            tests.push(named_test(&found.d3, "d3", term, label));
        }
    }
    Ok(tests)
}

fn imputation(set: &str, fitted: &Fitted) -> report::Imputation {
    report::Imputation {
        name: set.to_owned(),
        n_records: Some(fitted.built.rows.len() as u64),
        n_events: Some(fitted.built.n_events as u64),
        n_missing_dropped: Some(fitted.built.n_missing_dropped as u64),
        log_partial_likelihood: finite(fitted.fit.log_partial_likelihood),
        iterations: fitted.fit.iterations,
        converged: model::converged(&fitted.fit),
    }
}

fn coefficient(name: &str, pooled: &Pooled) -> report::PooledCoefficient {
    report::PooledCoefficient {
        name: name.to_owned(),
        within: finite(pooled.within),
        between: finite(pooled.between),
        total: finite(pooled.total),
        df: finite(pooled.df),
        riv: finite(pooled.relative_increase),
        lambda: finite(pooled.lambda),
        fmi: finite(pooled.missing_information),
        relative_efficiency: finite(pooled.relative_efficiency),
    }
}

/// A pooled test as the report says it.
pub(super) fn test(found: &PooledTest, term: &str, label: String) -> report::PooledTest {
    named_test(found, "d1", term, label)
}

fn named_test(found: &PooledTest, method: &str, term: &str, label: String) -> report::PooledTest {
    report::PooledTest {
        method: method.to_owned(),
        term: term.to_owned(),
        label,
        f: finite(found.f),
        df1: Some(found.df1 as f64),
        df2: finite(found.df2),
        p: finite(found.p),
        riv: finite(found.relative_increase),
    }
}
