//! Kept rows of an extract, sorted by person.
//!
//! What later stages ask of an extract — the first row after a day, the spell that covers a day, the rows in a
//! window — is asked person by person, so rows are sorted once by person and day and then walked. That is clearer
//! than a join per question, needs no second copy of the rows, and does not depend on the number of threads.

use super::values::{Dictionary, Values};
use crate::table::MISSING_WHOLE;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Rows of one request: person, kept columns, and the number of the row within its extract.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// The person of each row.
    pub(crate) persons: Vec<u32>,
    /// The kept columns, in the order of the request.
    pub(crate) columns: Vec<Values>,
    /// The dictionaries of the kept columns.
    pub(crate) dictionaries: Vec<Arc<Dictionary>>,
    /// The number of each row within its extract, files in order; until the rows are sorted.
    pub(crate) ordinals: Vec<u32>,
    /// Rows considered except for having no date.
    pub(crate) without_date: u64,
    /// Rows for which the condition of the request is unknown (a missing value), and that were not kept.
    pub(crate) unknown: u64,
    /// Where the rows of each person begin, once sorted.
    starts: Vec<u32>,
}

impl Rows {
    /// No rows of the given columns.
    pub(crate) fn empty(columns: Vec<Values>) -> Rows {
        Rows {
            persons: Vec::new(),
            columns,
            dictionaries: Vec::new(),
            ordinals: Vec::new(),
            without_date: 0,
            unknown: 0,
            starts: Vec::new(),
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.persons.len()
    }

    /// The rows of a person, by the first column when that holds days or whole numbers. Empty for a person without rows.
    pub(crate) fn of(&self, person: u32) -> Range<usize> {
        match self.starts.get(person as usize..person as usize + 2) {
            Some(&[start, end]) => start as usize..end as usize,
            _ => 0..0,
        }
    }

    /// The day in a column of the first row of each person; `MISSING_WHOLE` for a person without rows.
    pub(crate) fn first_days(&self, column: usize, n_persons: usize) -> Vec<i32> {
        let days = self.columns[column].days();
        let day = |person: u32| self.of(person).next().map_or(MISSING_WHOLE, |row| days[row]);
        (0..n_persons as u32).map(day).collect()
    }

    /// Leaves out the rows with these numbers, which are sorted.
    pub(crate) fn drop_ordinals(&mut self, dropped: &[u32]) {
        if dropped.is_empty() {
            return;
        }
        let keep: Vec<u32> = (0..self.len() as u32)
            .filter(|&row| dropped.binary_search(&self.ordinals[row as usize]).is_err())
            .collect();
        if keep.len() < self.len() {
            self.take(&keep);
        }
    }

    /// Sorts by person, then by the first column, then by the order of the extract.
    ///
    /// A counting sort by person: two passes, one new array, no comparison of persons.
    pub(crate) fn sort(&mut self, n_persons: usize) {
        let mut starts = vec![0u32; n_persons + 1];
        self.persons.iter().for_each(|&p| starts[p as usize + 1] += 1);
        for person in 0..n_persons {
            starts[person + 1] += starts[person];
        }
        let mut next = starts.clone();
        let mut order = vec![0u32; self.len()];
        for (row, &person) in (0u32..).zip(&self.persons) {
            let place = &mut next[person as usize];
            order[*place as usize] = row;
            *place += 1;
        }
        drop(next);
        if let Some(Values::Day(v) | Values::Whole(v)) = self.columns.first() {
            for person in 0..n_persons {
                let rows = &mut order[starts[person] as usize..starts[person + 1] as usize];
                if rows.len() > 1 {
                    rows.sort_by_key(|&row| v[row as usize]);
                }
            }
        }
        self.take(&order);
        self.starts = starts;
        // Nobody asks for the place in the extract any more.
        self.ordinals = Vec::new();
    }

    fn take(&mut self, rows: &[u32]) {
        let pick = |v: &[u32]| rows.iter().map(|&r| v[r as usize]).collect::<Vec<_>>();
        self.persons = pick(&self.persons);
        self.ordinals = pick(&self.ordinals);
        self.columns.par_iter_mut().for_each(|column| *column = column.take(rows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_by_person_and_day() {
        let mut rows = Rows::empty(vec![Values::Day(vec![5, 3, 9, 1]), Values::Code(vec![0, 1, 2, 3])]);
        (rows.persons, rows.ordinals) = (vec![2, 0, 2, 2], vec![0, 1, 2, 3]);
        rows.drop_ordinals(&[3]);
        rows.sort(4);
        assert_eq!((rows.of(0), rows.of(1), rows.of(2), rows.of(3)), (0..1, 1..1, 1..3, 3..3));
        assert_eq!(rows.columns[0].days(), [3, 5, 9]);
        assert_eq!(rows.columns[1].codes(1), [0]);
        assert_eq!(rows.of(9), 0..0);
    }
}
