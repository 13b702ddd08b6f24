//! What the rules of a study ask of its extracts, before anything is read.

use super::request::{ColumnKey, Request};
use super::{codes, covariate_rows, eligibility, follow_up, spells};
use crate::study::{ColumnSource, Condition, Extract, Identical, RowsPerPerson, Sql, Study};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// All declared columns of the population, yearly families year by year.
pub(super) fn population(population: &Extract) -> Request {
    let columns = population.columns.values().flat_map(|spec| match spec.source {
        ColumnSource::One(_) => vec![ColumnKey::one(&spec.name)],
        ColumnSource::Yearly { first, last, .. } => {
            (first..=last).map(|year| ColumnKey { name: spec.name.clone(), year: Some(year) }).collect()
        }
    });
    Request { columns: columns.collect(), filter: None }
}

/// What the rules of a study ask of its extracts.
pub(super) fn requests(study: &Study) -> IndexMap<String, Vec<Request>> {
    let mut requests: IndexMap<String, Vec<Request>> = IndexMap::new();
    let mut add = |extract: &str, request: Request| {
        let of_extract = requests.entry(extract.to_string()).or_default();
        if !of_extract.contains(&request) {
            of_extract.push(request);
        }
    };
    if let Some((extract, request)) = eligibility::index_request(study) {
        add(&extract, request);
    }
    for step in &study.cohort.steps {
        match &step.condition {
            Condition::Events { rows, within, .. } => {
                add(&rows.extract, eligibility::window_request(study, rows, within));
            }
            Condition::InSpell(spans) | Condition::Covered { spells: spans, .. } => {
                add(&spans.extract, spells::request(spans));
            }
            Condition::Sql(_) => {}
        }
    }
    follow_up::requests(study).into_iter().for_each(|(extract, request)| add(&extract, request));
    for covariate in study.covariates.values() {
        if let Some((extract, request)) = covariate_rows::request(study, covariate) {
            add(&extract, request);
        }
    }
    requests
}

/// The columns of each extract that the study reads, by name; extracts that no rule reads are not among them.
///
/// A column is read when a rule of the study or the extract's own condition names it, when it says the code system of one
/// that is read, and where whole rows are compared with each other.
pub(crate) fn columns_read(study: &Study) -> IndexMap<&str, BTreeSet<&str>> {
    let mut requests = requests(study);
    let whole = population(study.population());
    requests.entry(study.cohort.population.clone()).or_default().push(whole);
    let asked = |extract| requests.get(extract).map(Vec::as_slice);
    let read = study.extracts.values().filter_map(|e| Some((e.name.as_str(), columns_of(e, asked(&e.name)?))));
    read.collect()
}

/// The columns of an extract that are read for `requests`.
pub(super) fn columns_of<'e>(extract: &'e Extract, requests: &[Request]) -> BTreeSet<&'e str> {
    let in_condition = |name: &str| extract.condition.iter().any(|Sql { names, .. }| names.iter().any(|n| n == name));
    let is_asked =
        |name: &str| compares_rows(extract) || in_condition(name) || requests.iter().any(|request| request.names(name));
    let asked = || extract.columns.values().filter(|spec| is_asked(&spec.name));
    asked().map(|spec| spec.name.as_str()).chain(asked().filter_map(codes::system_column)).collect()
}

/// Whether all rows of an extract are compared with each other, in every declared column.
pub(super) fn compares_rows(extract: &Extract) -> bool {
    !matches!(extract.rows, RowsPerPerson::Many { identical: Identical::Keep })
}

/// The declared extracts that no rule of the study reads, in its order.
pub fn extracts_not_read(study: &Study) -> Vec<&str> {
    let read = columns_read(study);
    study.extracts.keys().map(String::as_str).filter(|name| !read.contains_key(name)).collect()
}

/// By extract that the study reads, its declared columns that no rule reads: what stands in them is not looked at.
pub fn columns_not_read(study: &Study) -> Vec<(&str, Vec<&str>)> {
    let not_read = |(name, read): (_, BTreeSet<&str>)| {
        let declared = study.extract(name).columns.keys().map(String::as_str);
        (name, declared.filter(|column| !read.contains(column)).collect::<Vec<_>>())
    };
    columns_read(study).into_iter().map(not_read).filter(|(_, columns)| !columns.is_empty()).collect()
}
