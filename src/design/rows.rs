//! Which rows of the table a model can use, and why the others cannot be used.

use serde::Serialize;

/// Why a row cannot be used because of one variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingReason {
    /// The value is missing, or the calculation gives none (the logarithm of a negative number).
    Missing,
    /// The value is not among the declared levels.
    OutsideLevels,
    /// The interval does not end after its beginning.
    EmptyInterval,
}

/// Rows that one variable makes unusable, counted over all rows whatever the other variables say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingCount {
    /// The variable as the formula spells it, or `weights`, `cluster`, `id` with the column.
    pub variable: String,
    /// Why.
    pub reason: MissingReason,
    /// How many rows.
    pub rows: usize,
}

/// The rows still in use.
pub(super) struct Rows {
    n: usize,
    keep: Option<Vec<bool>>,
    /// What was left out so far.
    pub counts: Vec<MissingCount>,
}

impl Rows {
    pub(super) fn new(n: usize) -> Rows {
        Rows { n, keep: None, counts: Vec::new() }
    }

    /// Leaves out every row where `missing` holds.
    pub(super) fn exclude(&mut self, variable: &str, reason: MissingReason, missing: impl Fn(usize) -> bool) {
        let n = self.n;
        let mut count = 0;
        for row in (0..n).filter(|row| missing(*row)) {
            count += 1;
            self.keep.get_or_insert_with(|| vec![true; n])[row] = false;
        }
        if count > 0 {
            self.counts.push(MissingCount { variable: variable.to_string(), reason, rows: count });
        }
    }

    /// Whether `row` is in use.
    pub(super) fn is_used(&self, row: usize) -> bool {
        self.keep.as_ref().is_none_or(|keep| keep[row])
    }

    /// The rows in use, or `None` when that is all of them.
    pub(super) fn used(&self) -> Option<Vec<u32>> {
        let keep = self.keep.as_ref()?;
        Some((0..self.n as u32).filter(|r| keep[*r as usize]).collect())
    }
}
