//! The counts of a run as one system of equations over whole numbers, and which of them must be hidden.
//!
//! Every count that a report shows is a [`Cell`] here, and so is every number that follows from shown ones (the persons
//! without an event, the records that a model leaves out): somebody else may work it out. Relations say what adds up to
//! what, over all tables, models and figures of the run. Then
//!
//! 1. small counts are hidden (primary);
//! 2. for every small count a *witness* is sought: other whole numbers for the hidden cells with which everything that is
//!    shown stays as it is, and the small count sits at the end of its protection range ([`Profile::protection_range`]);
//! 3. where there is none, shown cells are hidden until there is one (secondary), those that say least first: the cheapest
//!    move of a linear program in which shown cells may move at a price.
//!
//! Witnesses are checked in whole numbers, so nobody can exclude any value at the ends of a protection range, whatever
//! method is used on the published numbers.
//! Sources: Cox (1980), JASA 75:377-385, doi 10.1080/01621459.1980.10477481; Kelly, Golden and Assad (1992), Networks
//! 22:397-417, doi 10.1002/net.3230220407; Hundepool et al. (2012), Statistical Disclosure Control, Wiley, chapter 4.

use super::simplex::{self, Column};
use super::{Profile, Range};
use std::collections::BTreeMap;

/// A count.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Its name: table, row, what is counted.
    pub key: String,
    /// Its true value.
    pub value: u64,
    /// The cells that are shown or hidden together with it; `None` for a number that is nowhere shown.
    bundle: Option<usize>,
    /// What hiding it costs.
    cost: f64,
    /// Whether it is shown as a sum of other shown numbers, so that it says nothing of its own.
    derived: bool,
    /// Whether it counts people, so that it is to be protected when small.
    counts_people: bool,
    /// Whether nobody is as few as somebody here, where the profile says so of zero.
    zero_tells: bool,
    /// Whether those behind it are few, however large it is: rows of one person.
    few: bool,
    /// The relations it stands in.
    relations: Vec<usize>,
}

/// Index of a cell.
pub type CellId = usize;

/// Σ factor · cell = 0.
type Relation = Vec<(CellId, i64)>;

/// A change of some cells that leaves every relation as it is.
type Move = Vec<(CellId, i64)>;

/// All counts of a run.
#[derive(Debug, Default)]
pub struct System {
    cells: Vec<Cell>,
    relations: Vec<Relation>,
    bundles: Vec<Bundle>,
    by_key: BTreeMap<String, CellId>,
    bundle_by_key: BTreeMap<String, usize>,
}

#[derive(Debug, Default)]
struct Bundle {
    cells: Vec<CellId>,
    hidden: Option<Why>,
}

/// Why a count is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is small itself.
    Small,
    /// It would give a small one back.
    Protects,
}

/// The price of hiding a number, beside its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price(pub f64);

impl System {
    /// A count that the report shows, hidden and shown together with others of the same `bundle`.
    /// The same count at a second place is the same cell; another number of the same name shares its bundle.
    pub fn publish(&mut self, key: &str, value: u64, bundle: &str, price: Price) -> CellId {
        if let Some(known) = self.find(key).filter(|id| self.value(*id) == value) {
            return known;
        }
        // Large numbers say more; whole prices keep ties apart in the same way everywhere.
        let cost = (price.0 * (1.0 + ((1 + value) as f64).log2())).round();
        let at = *self.bundle_by_key.entry(bundle.to_owned()).or_insert_with(|| {
            self.bundles.push(Bundle::default());
            self.bundles.len() - 1
        });
        let id = self.push(key, value, Some(at), cost);
        self.bundles[at].cells.push(id);
        id
    }

    /// A number that follows from shown ones and is nowhere shown itself.
    pub fn implied(&mut self, key: &str, value: u64) -> CellId {
        let id = self.push(key, value, None, 0.0);
        self.zero_says_nothing(id);
        id
    }

    fn push(&mut self, key: &str, value: u64, bundle: Option<usize>, cost: f64) -> CellId {
        let id = self.cells.len();
        let (key, relations) = (key.to_owned(), Vec::new());
        self.by_key.entry(key.clone()).or_insert(id);
        self.cells.push(Cell {
            key,
            value,
            bundle,
            cost,
            derived: false,
            counts_people: true,
            zero_tells: true,
            few: false,
            relations,
        });
        id
    }

    /// The cell of this name.
    pub fn find(&self, key: &str) -> Option<CellId> {
        self.by_key.get(key).copied()
    }

    /// The true value of a cell.
    pub fn value(&self, id: CellId) -> u64 {
        self.cells[id].value
    }

    /// Says that a cell is shown as a sum of other shown numbers.
    pub fn derive(&mut self, id: CellId) {
        self.cells[id].derived = true;
    }

    /// Says that a cell may be small without harm.
    pub fn harmless(&mut self, id: CellId) {
        self.cells[id].counts_people = false;
    }

    /// Says that nobody in a cell is no news of anybody: a step that all pass, records without a missing value.
    pub fn zero_says_nothing(&mut self, id: CellId) {
        self.cells[id].zero_tells = false;
    }

    /// Says that a cell counts something of few people, so that it is small whatever its value.
    pub fn few(&mut self, id: CellId) {
        self.cells[id].few = self.cells[id].value > 0;
    }

    /// Whether the number of a cell is to be protected.
    fn is_small(&self, cell: &Cell, profile: &Profile) -> bool {
        cell.few || cell.counts_people && profile.is_small(cell.value) && (cell.value > 0 || cell.zero_tells)
    }

    /// The values that nobody may exclude of a small cell; of a number of few people those around it.
    fn protection_range(&self, id: CellId, profile: &Profile) -> Range {
        let cell = &self.cells[id];
        let (low, high) = profile.protection_range(cell.value);
        match cell.few {
            false => (low, high),
            true => (cell.value.saturating_sub(profile.threshold).max(1), high.max(cell.value + profile.threshold)),
        }
    }

    /// The parts make up the total, with a rest where they are fewer; where they are more (persons who are in several),
    /// each is within the total.
    pub fn sum(&mut self, total: CellId, parts: &[CellId]) {
        let sum: u64 = parts.iter().map(|p| self.value(*p)).sum();
        if sum > self.value(total) {
            parts.iter().for_each(|part| self.within(*part, total));
            return;
        }
        let mut relation: Relation = parts.iter().map(|p| (*p, 1)).chain([(total, -1)]).collect();
        if sum < self.value(total) {
            let name = format!("{} beside its parts", self.cells[total].key);
            relation.push((self.implied(&name, self.value(total) - sum), 1));
        }
        self.relate(relation);
    }

    /// `part` is some of `whole`; how many are left is a number too.
    pub fn within(&mut self, part: CellId, whole: CellId) {
        let (low, high) = if self.value(part) <= self.value(whole) { (part, whole) } else { (whole, part) };
        let mut relation = vec![(low, 1), (high, -1)];
        let rest = self.value(high) - self.value(low);
        if rest > 0 || part != low {
            let name = format!("{} less {}", self.cells[high].key, self.cells[low].key);
            relation.push((self.implied(&name, rest), 1));
        }
        self.relate(relation);
    }

    /// `part` is some of `whole`, and the rest may be anybody: those without an event, those still followed.
    pub fn rest(&mut self, key: &str, whole: CellId, part: CellId) -> Option<CellId> {
        let rest = self.value(whole).checked_sub(self.value(part))?;
        let rest = self.implied(key, rest);
        // Everybody had the event: that is told of each of them.
        self.cells[rest].zero_tells = true;
        self.relate(vec![(part, 1), (rest, 1), (whole, -1)]);
        Some(rest)
    }

    fn relate(&mut self, relation: Relation) {
        let n = self.relations.len();
        relation.iter().for_each(|(cell, _)| self.cells[*cell].relations.push(n));
        self.relations.push(relation);
    }

    /// Hides small counts, and further ones that would give them back. Returns the names of small counts that could not be
    /// protected, since too little of the report can be hidden.
    pub fn protect(&mut self, profile: &Profile) -> Vec<String> {
        for cell in &self.cells {
            if self.is_small(cell, profile)
                && (cell.few || profile.marks(cell.value))
                && let Some(bundle) = cell.bundle
            {
                self.bundles[bundle].hidden = Some(Why::Small);
            }
        }
        if !profile.secondary {
            return Vec::new();
        }
        Protection::new(self, profile).run()
    }

    /// Why a count is hidden; `None` when it is shown or not known.
    pub fn hidden(&self, key: &str) -> Option<Why> {
        self.find(key).and_then(|id| self.why(id))
    }

    fn why(&self, id: CellId) -> Option<Why> {
        self.cells[id].bundle.and_then(|b| self.bundles[b].hidden)
    }

    /// Keys of the cells that nobody shows or that are hidden, and of those that are shown.
    pub fn cells(&self) -> impl Iterator<Item = (&Cell, bool)> {
        self.cells.iter().enumerate().map(|(id, cell)| (cell, cell.bundle.is_some() && self.why(id).is_none()))
    }
}

/// So many cells of one search are kept from moving in parts.
const MOST_CAPS: usize = 60;

/// The search for witnesses.
struct Protection<'a> {
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
    fn new(system: &'a mut System, profile: &'a Profile) -> Protection<'a> {
        let small = |(_, cell): &(usize, &Cell)| system.is_small(cell, profile);
        let seen = system.cells.iter().enumerate().filter(small).map(|(id, _)| (id, [false; 2])).collect();
        let is_slack = |id: &CellId| system.cells[*id].bundle.is_none() && system.cells[*id].relations.len() == 1;
        let slack = |relation: &Relation| relation.iter().map(|(id, _)| *id).find(is_slack);
        let slacks = system.relations.iter().map(slack).collect();
        Protection { system, profile, seen, slacks }
    }

    fn run(mut self) -> Vec<String> {
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
