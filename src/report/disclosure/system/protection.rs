//! The search for witnesses: other whole numbers that fit everything shown, with a small count at the end of its range.
//!
//! A witness is the cheapest move of a linear program near its cell; where shown cells must move they are hidden. What
//! a witness says of other small counts is kept, so that few searches are needed.

use super::{Cell, CellId, Relation, System, Why};
use crate::report::disclosure::Profile;
use crate::report::disclosure::simplex::{self, Column};
use std::collections::BTreeMap;

/// A change of some cells that leaves every relation as it is.
type Move = Vec<(CellId, i64)>;

/// So many cells of one search are kept from moving in parts.
const MOST_CAPS: usize = 60;

/// The search for witnesses.
pub(super) struct Protection<'a> {
    system: &'a mut System,
    profile: &'a Profile,
    /// Cells to protect, and for each whether a witness of its low and of its high end is known.
    seen: BTreeMap<CellId, [bool; 2]>,
    /// For every relation a cell that nobody shows and that stands in no other.
    slacks: Vec<Option<CellId>>,
}

/// Which cells a search may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moves {
    /// Those that nobody knows.
    Free,
    /// Shown ones too, at their price.
    All,
}

/// What moving a cell to its end gains, more than any price of hiding others.
const GOAL: f64 = 1e6;

/// Rows that one search may take in; a search that needs more gives the cell up, and the cells around it are hidden.
const MOST_ROWS: usize = 600;

impl<'a> Protection<'a> {
    pub(super) fn new(system: &'a mut System, profile: &'a Profile) -> Protection<'a> {
        let small = |(_, cell): &(usize, &Cell)| system.is_small(cell, profile);
        let seen = system.cells.iter().enumerate().filter(small).map(|(id, _)| (id, [false; 2])).collect();
        let is_slack = |id: &CellId| system.cells[*id].bundle.is_none() && system.cells[*id].relations.len() == 1;
        let slack = |relation: &Relation| relation.iter().map(|(id, _)| *id).find(is_slack);
        let slacks = system.relations.iter().map(slack).collect();
        Protection { system, profile, seen, slacks }
    }

    pub(super) fn run(mut self) -> Vec<String> {
        let mut given_up = Vec::new();
        let cells: Vec<CellId> = self.seen.keys().copied().collect();
        for cell in cells {
            if !self.witness(cell, 1) {
                self.hide_around(cell);
                if !self.witness(cell, 1) {
                    given_up.push(self.system.cells[cell].key.clone());
                }
            }
            // A sum of hidden cells is at least their number: then its low end is not to be had, and no harm.
            self.witness(cell, 0);
        }
        given_up.dedup();
        given_up
    }

    /// Finds a witness of one end of a cell's protection range, hiding what it takes.
    fn witness(&mut self, cell: CellId, end: usize) -> bool {
        let value = self.system.value(cell);
        let (low, high) = self.system.protection_range(cell, self.profile);
        let by = if end == 0 { low as i64 - value as i64 } else { high as i64 - value as i64 };
        if self.seen[&cell][end] || (end == 0 && by >= 0) || (end == 1 && by <= 0) {
            return true;
        }
        // Up may be further than needed, which makes halves whole.
        let further = if by > 0 { 2 * by } else { by };
        let free = self.cheapest(cell, by, Moves::Free);
        let found =
            free.or_else(|| self.cheapest(cell, by, Moves::All)).or_else(|| self.cheapest(cell, further, Moves::All));
        let Some(found) = found else { return false };
        for (id, change) in &found {
            let (low, high) = self.free(*id);
            let moved = self.system.value(*id) as i64 + change;
            if moved < low || moved > high {
                self.hide(*id, Why::Protects);
            }
        }
        self.learn(&found);
        true
    }

    /// What a witness says of other cells.
    fn learn(&mut self, found: &Move) {
        for (id, change) in found {
            let value = self.system.value(*id);
            let (low, high) = self.system.protection_range(*id, self.profile);
            if let Some(ends) = self.seen.get_mut(id) {
                let moved = value as i64 + change;
                ends[0] |= moved <= low as i64;
                ends[1] |= moved >= high as i64;
            }
        }
    }

    fn hide(&mut self, id: CellId, why: Why) {
        if let Some(bundle) = self.system.cells[id].bundle {
            self.system.bundles[bundle].hidden.get_or_insert(why);
        }
    }

    /// The last resort: everything that stands in an equation with the cell.
    fn hide_around(&mut self, cell: CellId) {
        let relations = self.system.cells[cell].relations.clone();
        let around: Vec<Relation> = relations.iter().map(|r| self.system.relations[*r].clone()).collect();
        around.iter().flatten().for_each(|(id, _)| self.hide(*id, Why::Protects));
    }

    /// The values that everybody must think possible of a cell as it is shown now.
    fn free(&self, id: CellId) -> (i64, i64) {
        let cell = &self.system.cells[id];
        match cell.bundle {
            None => (0, i64::MAX),
            Some(_) if cell.derived => (0, i64::MAX),
            Some(bundle) if self.system.bundles[bundle].hidden.is_some() => self.when_hidden(cell.value),
            Some(_) => {
                let (low, high) = self.profile.range(cell.value);
                (low as i64, high as i64)
            }
        }
    }

    /// Who sees a marker may know that zero would have been shown.
    fn when_hidden(&self, value: u64) -> (i64, i64) {
        (if self.profile.hide_zero { 0 } else { value.min(1) as i64 }, i64::MAX)
    }

    /// The values of a cell once it is hidden; an empty cell that is shown stays.
    fn wide(&self, id: CellId) -> Option<(i64, i64)> {
        let cell = &self.system.cells[id];
        let shown = cell.bundle.is_some_and(|b| self.system.bundles[b].hidden.is_none()) && !cell.derived;
        (shown && (cell.value > 0 || self.profile.hide_zero)).then(|| self.when_hidden(cell.value))
    }

    /// The cheapest move that changes `cell` by `by`. Equations come in only once a move breaks them, so that a search
    /// stays near its cell. Where the vertex is no whole move, a cell of it is kept from moving so far, and again.
    fn cheapest(&self, cell: CellId, by: i64, moves: Moves) -> Option<Move> {
        let mut rows = self.system.cells[cell].relations.clone();
        rows.retain(|row| self.slacks[*row].is_none_or(|slack| slack == cell));
        let mut caps: BTreeMap<CellId, f64> = BTreeMap::new();
        loop {
            let mut found = self.solve((cell, by), moves, &rows, &caps)?;
            let broken = self.broken(cell, &mut found, &rows);
            if !broken.is_empty() {
                rows.extend(broken);
                if rows.len() > MOST_ROWS {
                    return None;
                }
                continue;
            }
            match found.iter().find(|(_, change)| (change - change.round()).abs() > 1e-6) {
                None => return Some(whole(&found)).filter(|m| self.holds(cell, by, m)),
                Some((id, change)) => caps.insert(*id, change.abs().floor()),
            };
            if caps.len() > MOST_CAPS {
                return None;
            }
        }
    }

    /// Relations beside `rows` that a move breaks. Where one has a number of its own that nobody shows, that takes up what
    /// is missing if it can.
    fn broken(&self, goal: CellId, found: &mut Vec<(CellId, f64)>, rows: &[usize]) -> Vec<usize> {
        let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
        for (id, change) in found.iter() {
            for (relation, factor) in self.factors(*id) {
                *sums.entry(relation).or_default() += factor as f64 * change;
            }
        }
        let mut broken = Vec::new();
        for (relation, sum) in sums.into_iter().filter(|(r, sum)| sum.abs() > 1e-6 && !rows.contains(r)) {
            let slack = self.slacks[relation].filter(|slack| *slack != goal);
            let change = slack.map(|slack| (slack, -sum / self.factors(slack).next().map_or(1.0, |(_, f)| f as f64)));
            match change.filter(|(slack, change)| self.system.value(*slack) as f64 + change > -1e-6) {
                Some(moved) => found.push(moved),
                None => broken.push(relation),
            }
        }
        broken
    }

    /// The relations of a cell, with its factor in each.
    fn factors(&self, id: CellId) -> impl Iterator<Item = (usize, i64)> + '_ {
        let of_cell = move |relation: &usize| {
            let terms = self.system.relations[*relation].iter().filter(|(cell, _)| *cell == id);
            (*relation, terms.map(|(_, factor)| factor).sum())
        };
        self.system.cells[id].relations.iter().map(of_cell)
    }

    /// Whether a move is what it should be, in whole numbers: every relation holds and no cell leaves what it may be.
    fn holds(&self, cell: CellId, by: i64, found: &Move) -> bool {
        let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
        for (id, change) in found {
            for (relation, factor) in self.factors(*id) {
                *sums.entry(relation).or_default() += factor * change;
            }
            let moved = self.system.value(*id) as i64 + change;
            let (low, high) = self.wide(*id).unwrap_or_else(|| self.free(*id));
            let (free_low, free_high) = self.free(*id);
            if moved < low.min(free_low) || moved > high.max(free_high) {
                return false;
            }
        }
        sums.values().all(|sum| *sum == 0) && found.iter().any(|(id, change)| *id == cell && *change == by)
    }

    /// The linear program of some rows; `None` when the cell does not get to its end.
    fn solve(
        &self,
        (cell, by): (CellId, i64),
        moves: Moves,
        rows: &[usize],
        caps: &BTreeMap<CellId, f64>,
    ) -> Option<Vec<(CellId, f64)>> {
        let mut entries: BTreeMap<CellId, Vec<(usize, f64)>> = BTreeMap::new();
        entries.entry(cell).or_default();
        for (row, relation) in rows.iter().enumerate() {
            for (id, factor) in &self.system.relations[*relation] {
                let of_cell = entries.entry(*id).or_default();
                match of_cell.iter_mut().find(|(r, _)| *r == row) {
                    Some((_, f)) => *f += *factor as f64,
                    None => of_cell.push((row, *factor as f64)),
                }
            }
        }
        let (mut columns, mut owners) = (Vec::new(), Vec::new());
        for (id, entries) in &entries {
            let cap = caps.get(id).copied().unwrap_or(f64::INFINITY);
            for (sign, limit, gain) in self.pieces(*id, (cell, by), moves, cap) {
                let entries = entries.iter().map(|(row, factor)| (*row, sign * factor)).collect();
                columns.push(Column { entries, limit, gain });
                owners.push((*id, sign));
            }
        }
        let values = simplex::maximise(&columns, rows.len());
        let mut moved: BTreeMap<CellId, f64> = BTreeMap::new();
        for ((id, sign), value) in owners.iter().zip(values) {
            *moved.entry(*id).or_default() += sign * value;
        }
        let reached = moved.get(&cell).is_some_and(|m| (m - by as f64).abs() < 1e-6);
        reached.then(|| moved.into_iter().filter(|(_, m)| m.abs() > 1e-6).collect())
    }

    /// Ways in which a cell may move: (direction, how far, gain of one unit).
    fn pieces(&self, id: CellId, (goal, by): (CellId, i64), moves: Moves, cap: f64) -> Vec<(f64, f64, f64)> {
        let value = self.system.value(id) as i64;
        let room = |n: i64| if n == i64::MAX { f64::INFINITY } else { n as f64 };
        let (low, high) = self.free(id);
        let (wide_low, wide_high) = self.wide(id).filter(|_| moves == Moves::All).unwrap_or((low, high));
        if id == goal {
            let cost = if self.wide(id).is_some() { self.system.cells[id].cost } else { 0.0 };
            let room = room(if by > 0 { wide_high.max(high).saturating_sub(value) } else { value - wide_low.min(low) });
            return vec![(by.signum() as f64, room.min(by.abs() as f64), GOAL - cost)];
        }
        let cost = self.system.cells[id].cost;
        let mut pieces = vec![
            (1.0, room(if high == i64::MAX { high } else { high - value }), 0.0),
            (-1.0, (value - low) as f64, 0.0),
        ];
        if wide_high > high {
            pieces.push((1.0, f64::INFINITY, -cost));
        }
        if wide_low < low {
            pieces.push((-1.0, (low - wide_low) as f64, -cost));
        }
        // A cap holds for all pieces of one direction together; the free one comes first.
        let mut left = [cap; 2];
        for (sign, limit, _) in &mut pieces {
            let left = &mut left[usize::from(*sign < 0.0)];
            *limit = limit.min(*left);
            *left -= *limit;
        }
        pieces.retain(|(_, limit, _)| *limit > 0.0);
        pieces
    }
}

/// A move in whole numbers.
fn whole(found: &[(CellId, f64)]) -> Move {
    found.iter().map(|(id, change)| (*id, change.round() as i64)).collect()
}
