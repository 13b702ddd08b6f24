//! Standardised risks of a model: what is asked for, and its share of the report.

use super::curves::NO_PREDICTIONS;
use super::model::Fitted;
use super::settings::ModelSettings;
use crate::describe::FEW_AT_RISK;
use crate::design::{CodedColumn, group_numbers};
use crate::engine::{Standardisation, SurvivalForm};
use crate::error::{Error, Result};
use crate::inference::standardise::{Covariates, Measured, StandardisedEstimates, standardised_estimates};
use crate::report::{self, Measure, ModelResult, StandardisedRow, finite};
use crate::table::Table;
use std::collections::BTreeMap;

/// Standardised risks per level of an exposure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StandardiseRequest {
    /// Column of the exposure.
    pub exposure: String,
    /// Times at which the risks are wanted.
    pub times: Vec<f64>,
    /// The time from which everybody is followed; where absent 0, or the first entry of records that have one.
    pub from: Option<f64>,
    /// Whether the covariates count as a sample.
    pub covariates: Covariates,
}

/// Most levels of an exposure: a number with more values is no exposure to compare level by level.
const MOST_LEVELS: usize = 64;

/// Fills the standardised risks.
pub(super) fn fill(result: &mut ModelResult, settings: &ModelSettings, fitted: &Fitted, table: &Table) -> Result<()> {
    if !result.converged || result.warnings.iter().any(|w| w.code == NO_PREDICTIONS) {
        return Ok(());
    }
    for request in &settings.predictions.standardised {
        let risks = one(request, settings, fitted, table)
            .map_err(|rule| Error::Prediction(format!("standardised risks of {}: {rule}", settings.name)))?;
        result.standardised.push(risks);
    }
    Ok(())
}

fn one(
    request: &StandardiseRequest,
    settings: &ModelSettings,
    fitted: &Fitted,
    table: &Table,
) -> std::result::Result<report::StandardisedRisks, String> {
    let built = &fitted.built;
    let exposure = exposure(request, fitted)?;
    let population = population(settings, fitted, table).map_err(|e| e.to_string())?;
    let from = request.from.unwrap_or_else(|| first_entry(fitted));
    let times = times(request, from)?;
    let codes: Vec<u32> = exposure.levels.iter().map(|(_, code)| *code).collect();
    let wanted = Standardisation {
        times: &times,
        from,
        exposure: exposure.variable,
        levels: &codes,
        population: population.as_deref(),
    };
    let baseline = fitted.baseline(settings.ties, SurvivalForm::Exponential);
    let found = fitted
        .prepared
        .standardise(&built.data, &built.design, &fitted.fit, &baseline, &wanted)
        .map_err(|e| e.to_string())?;
    let spans: Vec<f64> = times.iter().map(|t| t - from).collect();
    let estimates = standardised_estimates(&found, request.covariates, &spans, settings.level);
    let counts = counts(fitted, &exposure, &times);
    let sparse_from = first_with_few_at_risk(fitted, from);
    let label = built.columns.factor_of(&request.exposure).map_or(String::new(), |v| v.title.clone());
    Ok(report::StandardisedRisks {
        exposure: request.exposure.clone(),
        exposure_label: label,
        from,
        population: match population {
            None => "records".to_owned(),
            Some(_) => "first record of each person".to_owned(),
        },
        n_averaged: Some(found.n_records),
        covariates: match request.covariates {
            Covariates::Sampled => "sampled".to_owned(),
            Covariates::Fixed => "fixed".to_owned(),
        },
        rows: estimates.iter().map(|e| row(e, &exposure, &times, &counts, sparse_from)).collect(),
    })
}

/// The exposure as codes of the design, with the levels that records have.
fn exposure(request: &StandardiseRequest, fitted: &Fitted) -> std::result::Result<CodedColumn, String> {
    let (built, name) = (&fitted.built, &request.exposure);
    let formula = &fitted.formula;
    let in_terms = formula.terms.iter().flat_map(|t| &t.parts).map(|p| &formula.variables[p.variable]);
    let with_others = in_terms
        .flat_map(|v| v.kind.expressions())
        .find(|e| e.columns().len() > 1 && e.columns().contains(&name.as_str()));
    if let Some(expression) = with_others {
        return Err(format!(
            "{name} is part of {}, which other columns decide too; write it as a term of its own",
            expression.text()
        ));
    }
    let outside = formula.strata.iter().flat_map(|v| formula.variables[*v].kind.expressions()).chain(&formula.offsets);
    if outside.flat_map(|e| e.columns()).any(|column| column == name) {
        return Err(format!("{name} is in strata() or offset(); an exposure has a term of its own"));
    }
    let mut found = built.coded.iter().find(|c| c.column == *name).cloned().ok_or_else(|| {
        format!("{name} is no factor of the model; name one, or make classes of it (`--levels {name}=a,b`)")
    })?;
    let mut present = vec![false; found.levels.iter().map(|(_, code)| *code as usize + 1).max().unwrap_or(0)];
    let codes = built.codes(&found);
    codes.iter().for_each(|code| present[*code as usize] = true);
    found.levels.retain(|(_, code)| present[*code as usize]);
    match found.levels.len() {
        0 | 1 => Err(format!("the records have a single value of {name}: there is nothing to compare")),
        n if n > MOST_LEVELS => Err(format!("{name} has {n} values; make classes of it")),
        _ => Ok(found),
    }
}

/// Times in order, after the beginning.
fn times(request: &StandardiseRequest, from: f64) -> std::result::Result<Vec<f64>, String> {
    let mut times = request.times.clone();
    times.sort_by(f64::total_cmp);
    times.dedup();
    match times.first() {
        None => Err("no time is given".to_owned()),
        Some(first) if *first <= from => Err(format!("the time {first} is not after {from}, where follow-up begins")),
        _ => Ok(times),
    }
}

/// With several records a person, the first of each: a person is averaged over once, as she was when she came in.
fn population(settings: &ModelSettings, fitted: &Fitted, table: &Table) -> Result<Option<Vec<bool>>> {
    let built = &fitted.built;
    let (Some(id), Some(entry)) = (&settings.id, &built.data.entry) else { return Ok(None) };
    if built.n_persons == Some(built.rows.len()) {
        return Ok(None);
    }
    let persons = group_numbers(table, id).map_err(|error| Error::Design { origin: id.clone(), error })?;
    let highest = persons.iter().filter(|p| **p != u32::MAX).max().map_or(0, |p| *p as usize + 1);
    let mut first: Vec<Option<usize>> = vec![None; highest];
    for (i, row) in built.rows.iter().enumerate() {
        let Some(known) = first.get_mut(persons[*row as usize] as usize) else { continue };
        if known.is_none_or(|k| entry.value(i) < entry.value(k)) {
            *known = Some(i);
        }
    }
    let mut population = vec![false; built.rows.len()];
    first.into_iter().flatten().for_each(|i| population[i] = true);
    Ok(Some(population))
}

fn first_entry(fitted: &Fitted) -> f64 {
    let data = &fitted.built.data;
    data.entry.as_ref().map_or(0.0, |e| (0..e.len()).map(|i| e.value(i)).fold(f64::INFINITY, f64::min))
}

/// Records of every level, and their events up to every time.
struct Counts {
    records: Vec<u64>,
    events: Vec<Vec<u64>>,
}

fn counts(fitted: &Fitted, exposure: &CodedColumn, times: &[f64]) -> Counts {
    let data = &fitted.built.data;
    let codes = fitted.built.codes(exposure);
    let n = exposure.levels.len();
    let mut counts = Counts { records: vec![0; n], events: vec![vec![0; times.len()]; n] };
    for (i, code) in codes.iter().enumerate() {
        let Some(level) = exposure.levels.iter().position(|(_, c)| c == code) else { continue };
        counts.records[level] += 1;
        for (count, time) in counts.events[level].iter_mut().zip(times).filter(|_| data.event[i]) {
            *count += u64::from(data.exit.value(i) <= *time);
        }
    }
    counts
}

/// The first time after `from` at which an event happens while fewer than [`FEW_AT_RISK`] records of its stratum are at
/// risk; infinite when there is none.
fn first_with_few_at_risk(fitted: &Fitted, from: f64) -> f64 {
    let data = &fitted.built.data;
    let mut strata: BTreeMap<usize, [Vec<f64>; 3]> = BTreeMap::new();
    for i in 0..data.n_records() {
        let [entries, exits, events] = strata.entry(fitted.stratum(i)).or_default();
        let exit = data.exit.value(i);
        entries.push(data.entry.as_ref().map_or(f64::NEG_INFINITY, |e| e.value(i)));
        exits.push(exit);
        events.extend((data.event[i] && exit > from).then_some(exit));
    }
    let first = |[entries, exits, events]: &mut [Vec<f64>; 3]| {
        [&mut *entries, exits, events].into_iter().for_each(|times| times.sort_unstable_by(f64::total_cmp));
        let at_risk = |t: f64| entries.partition_point(|e| *e < t) - exits.partition_point(|e| *e < t);
        events.iter().copied().find(|t| (at_risk(*t) as f64) < FEW_AT_RISK).unwrap_or(f64::INFINITY)
    };
    strata.values_mut().map(first).fold(f64::INFINITY, f64::min)
}

fn row(
    e: &StandardisedEstimates,
    exposure: &CodedColumn,
    times: &[f64],
    counts: &Counts,
    sparse_from: f64,
) -> StandardisedRow {
    let level = &exposure.levels[e.level].0;
    let some = |m: Option<Measured>| m.map_or(Measure::default(), |m| measure(&m));
    StandardisedRow {
        time: times[e.time],
        level: level.name.clone(),
        level_label: level.label.clone(),
        reference: e.level == 0,
        few_at_risk: sparse_from <= times[e.time],
        records: Some(counts.records[e.level]),
        events: Some(counts.events[e.level][e.time]),
        risk: measure(&e.risk),
        risk_difference: some(e.risk_difference),
        risk_ratio: some(e.risk_ratio),
        restricted_mean: measure(&e.restricted_mean),
        restricted_mean_difference: some(e.restricted_mean_difference),
        restricted_mean_ratio: some(e.restricted_mean_ratio),
        hidden: false,
    }
}

fn measure(m: &Measured) -> Measure {
    Measure { estimate: finite(m.estimate), se: finite(m.se), lower: finite(m.lower), upper: finite(m.upper) }
}
