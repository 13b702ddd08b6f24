//! Rows dated before the birth of their person: what cannot have been, or has the key of somebody else. They are counted, and
//! rules take them as any other.
//!
//! A study does not say which date is that of birth; looked at is every date of the population that ages count from: that of
//! the age window of the index, of the age scale, and of covariates in years since a date.

use super::Note;
use super::follow_up::first_of_month;
use super::request::Request;
use super::rows::Rows;
use super::values::Values;
use crate::day::Day;
use crate::study::{ColumnKind, ColumnRef, ColumnSpec, DateOf, Extract, Source, Study, TimeScale};
use crate::table::MISSING_WHOLE;
use rayon::prelude::*;

/// A date of the population that ages count from.
pub(crate) struct Birth {
    /// As the study writes it, `persons.birth`.
    column: String,
    /// By person, the first day of the month where that is all that is known.
    days: Vec<i32>,
}

/// The dates of a population of which all columns (`whole`) were kept.
pub(crate) fn births(study: &Study, rows: &Rows, whole: &Request, n_persons: usize) -> Vec<Birth> {
    let of = |column: &ColumnRef| {
        let place = whole.columns.iter().position(|c| c.name == column.column && c.year.is_none())?;
        let (mut days, is_month) = (rows.first_days(place, n_persons), is_month(study.column(column))?);
        if is_month {
            days.iter_mut().filter(|day| **day != MISSING_WHOLE).for_each(|day| *day = first_of_month(Day(*day)).0);
        }
        Some(Birth { column: format!("{}.{}", column.extract, column.column), days })
    };
    columns(study).into_iter().filter_map(of).collect()
}

/// The columns that ages count from.
fn columns(study: &Study) -> Vec<&ColumnRef> {
    let window = study.cohort.index.age.iter().map(|age| &age.birth);
    let scale = match &study.follow_up.scale {
        TimeScale::Age { birth } => Some(birth),
        _ => None,
    };
    let covariates = study.covariates.values().filter_map(|covariate| match &covariate.source {
        Source::YearsSince(DateOf::Person(column)) => Some(column),
        _ => None,
    });
    let mut columns: Vec<&ColumnRef> = Vec::new();
    for column in window.chain(scale).chain(covariates) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// What stands in the other dates of the population itself.
pub(crate) fn notes_of_population(study: &Study, rows: &Rows, whole: &Request, births: &[Birth]) -> Vec<Note> {
    let population = study.population();
    let mut notes = Vec::new();
    for (key, values) in whole.columns.iter().zip(&rows.columns).filter(|(key, _)| key.year.is_none()) {
        let spec = &population.columns[&key.name];
        let Some(is_month) = is_month(spec) else { continue };
        let source = format!("{}.{}", population.name, spec.name);
        for birth in births.iter().filter(|birth| birth.column != source) {
            let dated = values.days().iter().zip(&rows.persons);
            let n = dated.filter(|(day, person)| birth.is_after(**day, **person, is_month)).count();
            notes.extend(birth.note(&source, n as u64));
        }
    }
    notes
}

impl Birth {
    /// Whether a day lies before the birth of a person; a month, before its month.
    fn is_after(&self, day: i32, person: u32, is_month: bool) -> bool {
        let birth = self.days[person as usize];
        // A missing day is before all others.
        day < birth && day != MISSING_WHOLE && (!is_month || day < first_of_month(Day(birth)).0)
    }

    fn note(&self, source: &str, n: u64) -> Option<Note> {
        (n > 0).then(|| Note::new(source, &format!("rows dated before {} of their person", self.column), n, "rows"))
    }
}

/// Counts the rows of an extract while it is read.
pub(crate) struct BeforeBirth<'a> {
    births: &'a [Birth],
    /// Date columns among the converters, by place, and whether they know months only.
    dates: Vec<(usize, bool)>,
    /// By birth and date column.
    rows: Vec<u64>,
}

impl<'a> BeforeBirth<'a> {
    /// Counts by all dates that are read.
    pub(crate) fn new(births: &'a [Birth], specs: &[(&ColumnSpec, Option<i32>)]) -> BeforeBirth<'a> {
        let dates = specs.iter().enumerate().filter_map(|(place, (spec, _))| Some((place, is_month(spec)?)));
        let dates: Vec<(usize, bool)> = dates.collect();
        BeforeBirth { births, rows: vec![0; births.len() * dates.len()], dates }
    }

    /// Counts these rows of a batch, which are of known persons.
    pub(crate) fn add(&mut self, values: &[Values], persons: &[u32], rows: &[u32]) {
        let pairs = self.births.iter().flat_map(|birth| self.dates.iter().map(move |date| (birth, date)));
        for ((birth, &(place, is_month)), n) in pairs.zip(&mut self.rows) {
            let days = values[place].days();
            let is_before = |&&row: &&u32| birth.is_after(days[row as usize], persons[row as usize], is_month);
            *n += rows.par_iter().filter(is_before).count() as u64;
        }
    }

    /// What was found.
    pub(crate) fn notes(&self, extract: &Extract, specs: &[(&ColumnSpec, Option<i32>)]) -> Vec<Note> {
        let pairs = self.births.iter().flat_map(|birth| self.dates.iter().map(move |(place, _)| (birth, place)));
        let note = |((birth, &place), n): ((&Birth, &usize), &u64)| {
            birth.note(&format!("{}.{}", extract.name, specs[place].0.name), *n)
        };
        pairs.zip(&self.rows).filter_map(note).collect()
    }
}

/// Of a date column, whether it knows months only; `None` of others.
fn is_month(spec: &ColumnSpec) -> Option<bool> {
    match &spec.kind {
        ColumnKind::Date(date) => Some(date.format.is_month_only()),
        _ => None,
    }
}
