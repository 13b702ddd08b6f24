//! The rows of a batch on their way to those who asked for them.

use super::codes;
use super::condition::{self, Compiled};
use super::error::LoadError;
use super::quality;
use super::request::Request;
use super::rows::Rows;
use super::schema::Converter;
use super::values::{Dictionary, Values, mix};
use crate::study::{CodeList, ColumnSpec, Extract, Study};
use crate::table::MISSING_WHOLE;
use polars::prelude::DataFrame;
use std::sync::Arc;

/// Converted rows on their way to the requests.
pub(super) struct Batch<'b> {
    pub(super) persons: &'b [u32],
    pub(super) values: &'b [Values],
    pub(super) converters: &'b [Converter],
    pub(super) systems: &'b codes::Systems,
    /// The number of the first row within the extract.
    pub(super) first: u32,
}

impl Batch<'_> {
    /// Those of `rows` for which the condition is true, and the number of those for which it is unknown.
    pub(super) fn condition(&self, condition: &Compiled, rows: Vec<u32>) -> Result<(Vec<u32>, u64), LoadError> {
        if rows.is_empty() {
            return Ok((rows, 0));
        }
        let named = self
            .converters
            .iter()
            .zip(self.values)
            .filter(|(c, _)| c.year.is_none() && condition.names.contains(&c.name));
        let columns = named.filter_map(|(c, v)| v.to_polars(&c.name, &c.dictionary, Some(&rows))).collect();
        let frame = DataFrame::new(rows.len(), columns).expect("columns of a batch have one length");
        let (kept, unknown) = condition.rows(&frame)?;
        Ok((kept.into_iter().map(|i| rows[i as usize]).collect(), unknown))
    }

    /// Adds person, hash of all columns that are read and number of each of these rows.
    pub(super) fn fingerprint(&self, rows: &[u32], fingerprints: &mut Vec<quality::Fingerprint>) {
        let mut hashes = vec![0; rows.len()];
        self.values.iter().for_each(|v| v.mix(rows, &mut hashes));
        fingerprints.extend(rows.iter().zip(hashes).map(|(&row, hash)| quality::Fingerprint {
            person: self.persons[row as usize],
            hash: mix(hash, 0),
            ordinal: self.first + row,
        }));
    }
}

/// Keeps the rows of one request.
pub(super) struct Collector<'a> {
    /// Places of the kept columns among the converters.
    places: Vec<usize>,
    date: Option<usize>,
    days: (i32, i32),
    codes: Option<(&'a CodeList, Vec<CodeTest>)>,
    condition: Option<Compiled>,
    rows: Rows,
}

/// A code column that a condition looks at, and whether each code of its dictionary is in the list.
#[derive(Debug)]
struct CodeTest {
    place: usize,
    listed: Vec<bool>,
}

impl<'a> Collector<'a> {
    /// For a request; `specs` are the columns that are read.
    pub(super) fn new(
        study: &'a Study,
        extract: &Extract,
        request: &Request,
        specs: &[(&ColumnSpec, Option<i32>)],
    ) -> Result<Collector<'a>, LoadError> {
        let place = |name: &str, year: Option<i32>| {
            let found = specs.iter().position(|(spec, y)| spec.name == name && *y == year);
            found.expect("columns of a checked study are declared")
        };
        let places: Vec<usize> = request.columns.iter().map(|c| place(&c.name, c.year)).collect();
        let rows = Rows::empty(places.iter().map(|&i| Values::empty(&specs[i].0.kind)).collect());
        let mut collector =
            Collector { places, date: None, days: (i32::MIN, i32::MAX), codes: None, condition: None, rows };
        if let Some(filter) = &request.filter {
            collector.date = Some(place(&filter.date, None));
            collector.days = (filter.from.map_or(i32::MIN, |d| d.0), filter.to.map_or(i32::MAX, |d| d.0));
            collector.codes = filter.codes.as_ref().map(|codes| {
                let test = |column: &String| CodeTest { place: place(column, None), listed: Vec::new() };
                (study.codelist(&codes.codelist), codes.columns.iter().map(test).collect())
            });
            let name = format!("extract.{}, where", extract.name);
            collector.condition =
                filter.condition.as_ref().map(|sql| condition::compile(&sql.text, &name)).transpose()?;
        }
        Ok(collector)
    }

    /// Keeps the rows that pass, and marks them.
    pub(super) fn keep(&mut self, batch: &Batch, rows: &[u32], kept: &mut [bool]) -> Result<(), LoadError> {
        let mut rows = rows.to_vec();
        if let Some(date) = self.date {
            let days = batch.values[date].days();
            let (from, to) = self.days;
            let without_date = &mut self.rows.without_date;
            rows.retain(|&row| {
                let day = days[row as usize];
                *without_date += u64::from(day == MISSING_WHOLE);
                day != MISSING_WHOLE && (from..=to).contains(&day)
            });
        }
        if let Some((list, tests)) = &mut self.codes {
            for test in tests.iter_mut() {
                let texts = batch.converters[test.place].dictionary.texts();
                let new = texts[test.listed.len()..].iter();
                test.listed.extend(new.map(|code| list.matches(code)));
            }
            rows.retain(|&row| {
                tests.iter().any(|test| {
                    let codes = batch.values[test.place].codes(row as usize);
                    codes.iter().any(|&c| test.listed[c as usize])
                        && batch.systems.is_of(
                            test.place,
                            row as usize,
                            list.system.as_deref(),
                            batch.values,
                            batch.converters,
                        )
                })
            });
        }
        if let Some(condition) = &self.condition {
            let unknown;
            (rows, unknown) = batch.condition(condition, rows)?;
            self.rows.unknown += unknown;
        }
        rows.iter().for_each(|&row| kept[row as usize] = true);
        self.rows.persons.extend(rows.iter().map(|&r| batch.persons[r as usize]));
        self.rows.ordinals.extend(rows.iter().map(|&r| batch.first + r));
        for (column, &place) in self.rows.columns.iter_mut().zip(&self.places) {
            column.extend_from(&batch.values[place], &rows);
        }
        Ok(())
    }

    /// The rows that were kept.
    pub(super) fn finish(self, dictionaries: &[Arc<Dictionary>]) -> Rows {
        let Collector { places, mut rows, .. } = self;
        rows.dictionaries = places.iter().map(|&i| Arc::clone(&dictionaries[i])).collect();
        rows
    }
}
