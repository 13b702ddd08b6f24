//! The persons with an index date, what later stages may ask of them, and the rows that were kept for them.

use super::condition::{Compiled, day_column, table_column};
use super::derived::Derived;
use super::error::LoadError;
use super::request::{ColumnKey, Request};
use super::rows::Rows;
use super::values::{Dictionary, Values};
use crate::day::Day;
use crate::study::{ColumnRef, Study};
use crate::table::{ColumnData, MISSING_WHOLE};
use indexmap::IndexMap;
use polars::prelude::DataFrame;

/// The rows that were kept of every extract.
#[derive(Default)]
pub(crate) struct Kept {
    extracts: IndexMap<String, (Vec<Request>, Vec<Rows>)>,
}

impl Kept {
    /// Puts away the rows of an extract, one `Rows` per request, sorted.
    pub(crate) fn put(&mut self, extract: &str, requests: Vec<Request>, rows: Vec<Rows>) {
        self.extracts.insert(extract.to_string(), (requests, rows));
    }

    /// The rows of a request. Panics when nobody asked for them before reading.
    pub(crate) fn rows(&self, extract: &str, request: &Request) -> &Rows {
        let (requests, rows) = self.extracts.get(extract).expect("every extract that is used was read");
        let place = requests.iter().position(|r| r == request).expect("every request was made before reading");
        &rows[place]
    }
}

/// The persons with an index date. A position is an index into `numbers` and `index`; with matching, a person may stand at
/// several.
pub(crate) struct People<'a> {
    pub(crate) study: &'a Study,
    /// Their person numbers, ascending; as they were drawn while comparison persons are sampled.
    pub(crate) numbers: Vec<u32>,
    /// Their index dates.
    pub(crate) index: Vec<Day>,
    /// The population extract, all declared columns.
    pub(crate) population: &'a Rows,
    /// The columns of `population`.
    pub(crate) columns: &'a [ColumnKey],
    /// What matching made of them, in a study that matches.
    pub(crate) matched: Option<Matched>,
}

/// What matching made of the persons with an index date, by position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matched {
    /// The number of their set, from 1.
    pub(crate) set: Vec<u32>,
    /// Whether the index event is their own.
    pub(crate) exposed: Vec<bool>,
    /// The day of a comparison person's own index event after the index date, if any.
    pub(crate) own_event: Vec<Option<Day>>,
}

impl People<'_> {
    /// Number of persons with an index date.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The row of the population extract of the person at a position.
    fn row(&self, position: u32) -> u32 {
        let rows = self.population.of(self.numbers[position as usize]);
        debug_assert!(rows.len() == 1, "persons with an index date have one row in the population");
        rows.start as u32
    }

    /// A column of the population extract for the persons at these positions, and its dictionary.
    pub(crate) fn column(&self, name: &str, positions: &[u32]) -> (Values, &Dictionary) {
        let place = self.place(name).expect("columns of a checked study are declared");
        let rows: Vec<u32> = positions.iter().map(|&p| self.row(p)).collect();
        (self.population.columns[place].take(&rows), &self.population.dictionaries[place])
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name && c.year.is_none())
    }

    /// A date column of the population extract for every person; `None` is missing.
    pub(crate) fn dates(&self, column: &ColumnRef) -> Vec<Option<Day>> {
        let (values, _) = self.column(&column.column, &self.positions());
        values.days().iter().map(|&d| (d != MISSING_WHOLE).then_some(Day(d))).collect()
    }

    /// All positions.
    pub(crate) fn positions(&self) -> Vec<u32> {
        (0..self.len() as u32).collect()
    }

    /// What a condition sees of slots: `index_date`, the covariates derived so far, and the columns of the population
    /// extract. A covariate hides a column of its name.
    pub(crate) fn frame(&self, names: &[String], slots: &Slots) -> DataFrame {
        let mut columns = Vec::new();
        for name in names {
            if let Some(covariate) = slots.current.get(name) {
                columns.push(table_column(name, &covariate.data(&self.study.covariates[name], &slots.all())));
            } else if let Some(covariate) = slots.derived.get(name) {
                columns.push(table_column(name, &covariate.data(&self.study.covariates[name], slots.positions)));
            } else if name == INDEX_DATE {
                let days: Vec<Day> = slots.positions.iter().map(|&p| self.index[p as usize]).collect();
                columns.push(day_column(name, &days));
            } else if self.place(name).is_some() {
                let (values, dictionary) = self.column(name, slots.positions);
                columns.extend(values.to_polars(name, dictionary, None));
            }
        }
        DataFrame::new(slots.positions.len(), columns).expect("columns over slots have one length")
    }

    /// True, false or unknown for every slot.
    pub(crate) fn evaluate(&self, condition: &Compiled, slots: &Slots) -> Result<Vec<Option<bool>>, LoadError> {
        if slots.positions.is_empty() {
            return Ok(Vec::new());
        }
        Ok(condition.evaluate(&self.frame(&condition.names, slots))?.iter().collect())
    }
}

/// For whom values are worked out: persons as of the index date, pieces of their follow-up, or records.
#[derive(Clone, Copy)]
pub(crate) struct Slots<'a> {
    /// The position of the person of every slot.
    pub(crate) positions: &'a [u32],
    /// Covariates by position.
    pub(crate) derived: &'a IndexMap<String, Derived>,
    /// Covariates by slot, which come before those by position.
    pub(crate) current: &'a IndexMap<String, Derived>,
}

impl<'a> Slots<'a> {
    /// The persons at these positions.
    pub(crate) fn persons(positions: &'a [u32], derived: &'a IndexMap<String, Derived>) -> Slots<'a> {
        static NONE: std::sync::LazyLock<IndexMap<String, Derived>> = std::sync::LazyLock::new(IndexMap::new);
        Slots { positions, derived, current: &NONE }
    }

    /// The numbers of all slots.
    fn all(&self) -> Vec<u32> {
        (0..self.positions.len() as u32).collect()
    }

    /// A covariate by its name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Derived> {
        self.current.get(name).or_else(|| self.derived.get(name))
    }

    /// A covariate as a column over the slots.
    pub(crate) fn data(&self, study: &Study, name: &str) -> ColumnData {
        let covariate = &study.covariates[name];
        match self.current.get(name) {
            Some(values) => values.data(covariate, &self.all()),
            None => self.derived[name].data(covariate, self.positions),
        }
    }
}

/// The name of the index date in conditions.
pub(crate) const INDEX_DATE: &str = "index_date";
