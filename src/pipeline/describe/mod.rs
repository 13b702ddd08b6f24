//! Records to a description of them: survival, cumulative incidence, tests of groups, rates.

mod curves;
mod error;
mod kinds;
mod rates;
mod settings;
mod strata;
mod study;

pub use error::DescribeError;
pub use settings::{DescribeSettings, RateSettings, Standard, TableOneSettings, Tests};
pub use strata::StrataValues;
pub(super) use study::descriptions;

use super::Stopwatch;
use super::study::{input, note};
use crate::describe::TableOneRequest;
use crate::design::{self, Sample};
use crate::engine::FitError;
use crate::engine::data::Time;
use crate::error::{Error, Result};
use crate::formula::Formula;
use crate::loader::Flat;
use crate::report::{self, Description, GroupDescription, Report};
use crate::table::Table;

/// Describes a data file that was read; `others` are further files that were read for it.
pub fn describe_flat(
    flat: Flat,
    others: &[(&str, &Flat)],
    settings: &DescribeSettings,
    watch: &mut Stopwatch,
) -> Result<Report> {
    let start = watch.now();
    let description = describe_table(&flat.table, settings)?;
    let report_settings = report::Settings { level: settings.level, ..report::Settings::default() };
    let table_one = table_one(&flat.table, settings, &report_settings)?;
    watch.fit_seconds += watch.now() - start;
    let files = std::iter::once(("data", &flat)).chain(others.iter().copied());
    Ok(Report {
        settings: report_settings,
        table_one,
        inputs: files.clone().map(|(role, f)| input(role, &f.input)).collect(),
        notes: files.flat_map(|(_, f)| f.notes.iter().map(note)).collect(),
        descriptions: vec![description],
        ..Report::default()
    })
}

/// Table 1 of a data file, when it was asked for.
fn table_one(table: &Table, settings: &DescribeSettings, shown: &report::Settings) -> Result<Option<report::TableOne>> {
    let Some(asked) = &settings.table_one else { return Ok(None) };
    let formula = parsed(settings)?;
    let named = || formula.terms.iter().flat_map(|t| &t.parts).map(|p| &formula.variables[p.variable]);
    let mut variables: Vec<&str> = match asked.variables.as_slice() {
        [] => named().flat_map(|v| v.kind.expressions()).flat_map(|e| e.columns()).collect(),
        given => given.iter().map(String::as_str).collect(),
    };
    variables.retain(|name| asked.by.as_deref() != Some(*name));
    let request = TableOneRequest {
        response: formula.response.as_ref(),
        person: settings.id.as_deref(),
        by: asked.by.as_deref(),
        variables,
        options: settings.design_options(),
    };
    super::table_one::fill(table, &request, asked.style, "--table-one", shown).map(Some)
}

fn parsed(settings: &DescribeSettings) -> Result<Formula> {
    Formula::parse(&settings.formula).map_err(|error| Error::Formula { origin: "--formula".to_owned(), error })
}

/// Describes the records of a table.
pub fn describe_table(table: &Table, settings: &DescribeSettings) -> Result<Description> {
    let origin = "--formula".to_owned();
    let formula = parsed(settings)?;
    if let Some((table, cause)) = kinds::of_condition(table, settings, &formula)? {
        let settings = DescribeSettings { competing: Some(cause), ..settings.clone() };
        return describe_table(&table, &settings);
    }
    let mut sample = design::sample(table, &formula, &settings.design_options(), settings.competing.as_ref())
        .map_err(|error| Error::Design { origin, error })?;
    let says_event = formula.response.as_ref().is_none_or(|r| r.event.is_some());
    if let (false, Some(cause)) = (says_event, &sample.cause) {
        // `Surv(time)` with kinds of events: an event is any of them.
        sample.data.event = cause.codes.iter().map(|c| *c > 0).collect();
    }
    if all_enter_at_zero(&sample) {
        // Nobody enters late: tests that take no delayed entry apply.
        sample.data.entry = None;
    }
    let mut description = frame(settings, &sample);
    curves::fill(&mut description, settings, &sample)?;
    rates::fill(&mut description, settings, &sample, table)?;
    Ok(description)
}

/// Whether all records begin at the origin of the time scale, as those of time since entry do.
fn all_enter_at_zero(sample: &Sample) -> bool {
    match &sample.data.entry {
        Some(Time::Whole(entry)) => entry.iter().all(|t| *t == 0),
        Some(Time::Real(entry)) => entry.iter().all(|t| *t == 0.0),
        None => false,
    }
}

/// Counts, and what is the same for all that follows.
fn frame(settings: &DescribeSettings, sample: &Sample) -> Description {
    let n_groups = sample.groups.len();
    let mut records = vec![0u64; n_groups];
    let mut events = vec![0u64; n_groups];
    for (i, event) in sample.data.event.iter().enumerate() {
        records[group(sample, i)] += 1;
        events[group(sample, i)] += u64::from(*event);
    }
    let persons = sample.person.as_ref().map(|p| persons(sample, p));
    let of_group = |(g, found): (usize, &design::SampleGroup)| GroupDescription {
        name: found.name.clone(),
        label: found.levels.iter().map(|l| l.label.as_str()).collect::<Vec<_>>().join(", "),
        levels: found.levels.iter().map(|l| l.name.clone()).collect(),
        records: Some(records[g]),
        persons: persons.as_ref().map(|p| p[g]),
        events: Some(events[g]),
        ..GroupDescription::default()
    };
    Description {
        formula: settings.formula.clone(),
        variables: sample.variables.iter().map(|(_, title)| title.clone()).collect(),
        weights: settings.weights.clone(),
        cluster: sample.data.cluster.as_ref().and(settings.cluster.clone().or_else(|| settings.id.clone())),
        robust: sample.robust,
        estimator: settings.estimator_name().to_owned(),
        interval: settings.interval.name().to_owned(),
        n_records: Some(sample.rows.len() as u64),
        n_persons: sample.person.as_deref().map(distinct),
        n_missing_dropped: Some(sample.n_missing_dropped as u64),
        missing: sample.missing.iter().map(super::model::missing).collect(),
        groups: sample.groups.iter().enumerate().map(of_group).collect(),
        ..Description::default()
    }
}

/// The group of a record.
fn group(sample: &Sample, record: usize) -> usize {
    sample.data.stratum.as_ref().and_then(|s| s.get(record)).unwrap_or(0) as usize
}

/// Distinct persons of every group.
fn persons(sample: &Sample, person: &[u32]) -> Vec<u64> {
    let mut pairs: Vec<(usize, u32)> = person.iter().enumerate().map(|(i, p)| (group(sample, i), *p)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut out = vec![0; sample.groups.len()];
    pairs.into_iter().for_each(|(g, _)| out[g] += 1);
    out
}

fn distinct(persons: &[u32]) -> u64 {
    let mut persons = persons.to_vec();
    persons.sort_unstable();
    persons.dedup();
    persons.len() as u64
}

fn cannot(error: FitError) -> Error {
    Error::Fit { model: "description".to_owned(), error }
}
