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

mod protection;

use super::{Profile, Range};
use protection::Protection;
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
