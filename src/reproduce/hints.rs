//! What would reproduce a number that differs: other ways to read the run, and the run made again with one thing changed.

use super::compare::{Parts, agrees};
use super::lookup::{self, Variation};
use super::targets::{Measure, Row, Table, TimeUnit};
use crate::report::Report;
use std::mem::discriminant;

/// The most hints of one number.
const MOST: usize = 3;

/// Something an analysis can do otherwise, for which it must be made again.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Another tie rule: `efron`, `breslow`, `exact`.
    Ties(&'static str),
    /// A robust variance, or none.
    Robust(bool),
    /// Times in whole units, rounded in one way; `from` is the unit that the run's are in, as far as it is known.
    Times {
        /// The unit of the times of the run; days are tried where nothing says it.
        from: Option<TimeUnit>,
        /// The unit that they are rounded to.
        to: TimeUnit,
        /// How.
        rounding: Rounding,
    },
    /// Another reference level of a variable.
    Reference(String, String),
    /// Another confidence level, where limits are no matter of arithmetic.
    Level(f64),
    /// Profile-likelihood limits.
    Profile,
}

/// How times become whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the next whole unit.
    Up,
    /// To the last whole unit.
    Down,
    /// To the nearest.
    Nearest,
}

impl Change {
    /// What would have to be so.
    pub fn words(&self) -> String {
        match self {
            Change::Ties(rule) => format!("with {} ties", named(rule)),
            Change::Robust(true) => "with a robust variance".to_owned(),
            Change::Robust(false) => "with the model-based variance".to_owned(),
            Change::Times { from, to, rounding } => {
                let how = match rounding {
                    Rounding::Up => "rounded up",
                    Rounding::Down => "rounded down",
                    Rounding::Nearest => "rounded to the nearest",
                };
                let taken = if from.is_none() { ", if those of the file are days" } else { "" };
                format!("with times in whole {}, {how}{taken}", to.name())
            }
            Change::Reference(_, level) => format!("with `{level}` as the reference level"),
            Change::Level(level) => format!("with {} % limits", 100.0 * level),
            Change::Profile => "with profile-likelihood limits".to_owned(),
        }
    }
}

fn named(rule: &str) -> &str {
    match rule {
        "breslow" => "Breslow",
        "efron" => "Efron",
        other => other,
    }
}

/// The runs that numbers are held against.
pub trait Runs {
    /// The report of a run.
    fn report(&self, run: usize) -> &Report;
    /// What the run was, in words: file and options.
    fn described(&self, run: usize) -> String;
    /// The changes that can be tried; none for a results file.
    fn changes(&self, run: usize) -> Vec<Change>;
    /// Whether the run is small enough for two changes at a time.
    fn is_small(&self, run: usize) -> bool;
    /// The report of a changed run; `None` where it cannot be made. Made once.
    fn changed(&mut self, run: usize, changes: &[Change]) -> Option<&Report>;
}

/// The search for what reproduces a row.
struct Search<'a> {
    row: &'a Row,
    table: &'a Table,
    parts: &'a Parts,
    run: usize,
    /// What had to be changed for the row to be held against the run at all.
    base: &'a [Change],
    found: Vec<String>,
}

/// What would reproduce all printed parts of a row, in words. Single changes come first; two at a time only where none
/// does, and only for a number with limits: by itself one agrees with something by chance.
pub fn hints(
    row: &Row,
    table: &Table,
    parts: &Parts,
    (run, base): (usize, &[Change]),
    runs: &mut dyn Runs,
) -> Vec<String> {
    let mut search = Search { row, table, parts, run, base, found: Vec::new() };
    let changes = search.changes(runs);
    search.single(&changes, runs);
    if search.found.is_empty() && parts.has_limits() {
        search.double(&changes, runs);
    }
    search.found.truncate(MOST);
    search.found.iter().map(|words| format!("it is reproduced {words}")).collect()
}

impl Search<'_> {
    /// The changes that can matter for the row.
    fn changes(&self, runs: &dyn Runs) -> Vec<Change> {
        use Measure::{Coefficient, HazardRatio, P, StandardError};
        if !matches!(self.row.measure, HazardRatio | Coefficient | StandardError | P) {
            return Vec::new();
        }
        let mut changes = runs.changes(self.run);
        if changes.is_empty() {
            return changes;
        }
        let report = runs.report(self.run);
        let place = &self.row.place;
        let references = match lookup::interval_of(self.row, report) {
            "profile" => lookup::other_references(place, report),
            _ => lookup::others_within(place, report),
        };
        let of = |level| Some(Change::Reference(place.variable.clone()?, level));
        let at = changes.iter().take_while(|change| matches!(change, Change::Ties(_))).count();
        changes.splice(at..at, references.into_iter().filter_map(of));
        changes.retain(|change| {
            !self.base.iter().any(|made| discriminant(made) == discriminant(change)) || {
                matches!(change, Change::Reference(..) | Change::Level(_)) && !self.base.contains(change)
            }
        });
        changes
    }

    /// The report with these changes beside those that had to be made.
    fn changed<'r>(&self, changes: &[&Change], runs: &'r mut dyn Runs) -> Option<&'r Report> {
        let kept = self.base.iter().filter(|made| !changes.iter().any(|c| discriminant(*c) == discriminant(*made)));
        let all: Vec<Change> = kept.chain(changes.iter().copied()).cloned().collect();
        match all.is_empty() {
            true => Some(runs.report(self.run)),
            false => runs.changed(self.run, &all),
        }
    }

    /// Whether a report, read in these ways, gives what is printed.
    fn gives(&self, report: &Report, ways: &[Variation], changes: &[&Change]) -> bool {
        let row = self.with_reference(changes);
        lookup::value(row.as_ref().unwrap_or(self.row), self.table, report, ways)
            .is_ok_and(|found| agrees(self.parts, &found))
    }

    /// The row, against the reference level that one of the changes names.
    fn with_reference(&self, changes: &[&Change]) -> Option<Row> {
        let level = changes.iter().find_map(|change| match change {
            Change::Reference(_, level) => Some(level.clone()),
            _ => None,
        })?;
        let mut row = self.row.clone();
        row.place.versus = Some(level);
        Some(row)
    }

    /// One thing otherwise.
    fn single(&mut self, changes: &[Change], runs: &mut dyn Runs) {
        if let Some(report) = self.changed(&[], runs) {
            let ways = lookup::variations(self.row, self.table, report);
            let giving = ways.iter().filter(|way| self.gives(report, std::slice::from_ref(way), &[]));
            let words: Vec<String> = giving.map(Variation::words).collect();
            self.found.extend(words);
        }
        for change in changes {
            if self.found.len() >= MOST {
                return;
            }
            if self.changed(&[change], runs).is_some_and(|report| self.gives(report, &[], &[change])) {
                self.found.push(change.words());
            }
        }
    }

    /// Two things otherwise: two ways to read, a change and a way, two changes.
    fn double(&mut self, changes: &[Change], runs: &mut dyn Runs) {
        if let Some(report) = self.changed(&[], runs) {
            let pairs = pairs(lookup::variations(self.row, self.table, report));
            let giving = pairs.iter().filter(|ways| self.gives(report, ways.as_slice(), &[]));
            let words: Vec<String> = giving.map(|[a, b]| format!("{} and {}", a.words(), b.words())).collect();
            self.found.extend(words);
        }
        for change in changes {
            if self.found.len() >= MOST {
                return;
            }
            let Some(report) = self.changed(&[change], runs) else { continue };
            let ways = lookup::variations(self.row, self.table, report);
            let giving = ways.iter().filter(|way| self.gives(report, std::slice::from_ref(way), &[change]));
            let words: Vec<String> = giving.map(|way| format!("{} and {}", change.words(), way.words())).collect();
            self.found.extend(words);
        }
        let pairs = if runs.is_small(self.run) { pairs(changes.to_vec()) } else { Vec::new() };
        for [a, b] in &pairs {
            if self.found.len() >= MOST {
                return;
            }
            if self.changed(&[a, b], runs).is_some_and(|report| self.gives(report, &[], &[a, b])) {
                self.found.push(format!("{} and {}", a.words(), b.words()));
            }
        }
    }
}

/// All pairs of things of different kinds.
fn pairs<T: Clone>(things: Vec<T>) -> Vec<[T; 2]> {
    let mut pairs = Vec::new();
    for (at, a) in things.iter().enumerate() {
        for b in things[at + 1..].iter().filter(|b| discriminant(a) != discriminant(*b)) {
            pairs.push([a.clone(), b.clone()]);
        }
    }
    pairs
}
