//! Rows of an extract by month, and how many of them have no key: what late claims and incomplete keys look like.

use super::link::NO_KEY;
use super::request::Request;
use super::values::Values;
use crate::day::Day;
use crate::study::{ColumnSpec, Extract};
use crate::table::MISSING_WHOLE;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows of an extract by the month of the date that the study's rules look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsByMonth {
    /// Name of the extract.
    pub extract: String,
    /// Whether the study goes past the day up to which the extract is complete, and accepts it.
    pub accept_incomplete: bool,
    /// The months in order.
    pub months: Vec<MonthRows>,
    /// Rows without a date.
    pub undated: u64,
}

/// Rows of one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthRows {
    /// Calendar year.
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// All rows, linked or not.
    pub rows: u64,
    /// Of them, rows without a key.
    pub without_key: u64,
}

/// Counts rows by day while an extract is read.
#[derive(Debug)]
pub(crate) struct RowsInTime {
    /// Place of the date column among the converters.
    date: usize,
    /// Rows, and rows without a key, of the days from `FIRST` on.
    days: Vec<[u64; 2]>,
    /// Of all other days.
    others: BTreeMap<i32, [u64; 2]>,
    undated: u64,
}

/// 1980-01-01.
const FIRST: i32 = 3_652;
/// Days from then on that are counted in an array: seventy years.
const N_DAYS: usize = 25_600;

impl RowsInTime {
    /// Counts by the date that most rules look at; `None` when none does.
    pub(crate) fn new(
        extract: &Extract,
        requests: &[Request],
        specs: &[(&ColumnSpec, Option<i32>)],
    ) -> Option<RowsInTime> {
        let asked = |name: &str| requests.iter().filter(|r| r.filter.as_ref().is_some_and(|f| f.date == name)).count();
        let names = extract.columns.keys().map(|name| (asked(name), name));
        // Of two dates that as many rules look at, the one declared first.
        let (n, name) = names.rev().max_by_key(|(n, _)| *n)?;
        let date = specs.iter().position(|(spec, _)| spec.name == *name).filter(|_| n > 0)?;
        Some(RowsInTime { date, days: vec![[0; 2]; N_DAYS], others: BTreeMap::new(), undated: 0 })
    }

    /// Counts the rows of a batch.
    pub(crate) fn add(&mut self, values: &[Values], persons: &[u32]) {
        for (&day, &person) in values[self.date].days().iter().zip(persons) {
            if day == MISSING_WHOLE {
                self.undated += 1;
                continue;
            }
            let counts = match usize::try_from(day - FIRST).ok().and_then(|at| self.days.get_mut(at)) {
                Some(counts) => counts,
                None => self.others.entry(day).or_default(),
            };
            counts[0] += 1;
            counts[1] += u64::from(person == NO_KEY);
        }
    }

    /// The counts by month.
    pub(crate) fn finish(self, extract: &Extract) -> RowsByMonth {
        let mut months: BTreeMap<(i32, u32), [u64; 2]> = BTreeMap::new();
        let days = (FIRST..).zip(self.days).filter(|(_, counts)| counts[0] > 0);
        for (day, counts) in self.others.into_iter().chain(days) {
            let (year, month, _) = Day(day).ymd();
            let sum: &mut [u64; 2] = months.entry((year, month)).or_default();
            *sum = [sum[0] + counts[0], sum[1] + counts[1]];
        }
        let month =
            |((year, month), [rows, without_key]): ((i32, u32), [u64; 2])| MonthRows { year, month, rows, without_key };
        RowsByMonth {
            extract: extract.name.clone(),
            accept_incomplete: extract.coverage.accept_incomplete,
            months: months.into_iter().map(month).collect(),
            undated: self.undated,
        }
    }
}
