//! What would reproduce a number that differs: other ways to read the run, and the run made again with one thing changed.

use super::compare::{Parts, agrees};
use super::lookup::{self, Variation};
use super::targets::{Measure, Row, Table, TimeUnit};
use crate::report::Report;

/// The most hints of one number.
const MOST: usize = 3;

/// Something an analysis can do otherwise, for which it must be made again.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Another tie rule: `efron`, `breslow`, `exact`.
    Ties(&'static str),
    /// A robust variance, or none.
    Robust(bool),
    /// Times in whole units, rounded in one way.
    Times(TimeUnit, Rounding),
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
            Change::Times(unit, rounding) => {
                let how = match rounding {
                    Rounding::Up => "rounded up",
                    Rounding::Down => "rounded down",
                    Rounding::Nearest => "rounded to the nearest",
                };
                format!("with times in whole {}, {how}", unit.name())
            }
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
    /// The report of a changed run; `None` where it cannot be made. Made once.
    fn changed(&mut self, run: usize, change: &Change) -> Option<&Report>;
}

/// What would reproduce all printed parts of a row. Single changes come first; two at a time only where none does.
pub fn hints(row: &Row, table: &Table, parts: &Parts, run: usize, runs: &mut dyn Runs) -> Vec<String> {
    let base = read_otherwise(row, table, parts, runs.report(run));
    let mut single: Vec<String> = base.iter().map(Variation::words).collect();
    let refit =
        matches!(row.measure, Measure::HazardRatio | Measure::Coefficient | Measure::StandardError | Measure::P);
    let changes = if refit { runs.changes(run) } else { Vec::new() };
    let mut double = Vec::new();
    for change in &changes {
        if single.len() >= MOST {
            break;
        }
        let Some(report) = runs.changed(run, change) else { continue };
        if lookup::value(row, table, report, None).is_ok_and(|found| agrees(parts, &found)) {
            single.push(change.words());
            continue;
        }
        let ways = read_otherwise(row, table, parts, report);
        double.extend(ways.iter().map(|way| format!("{} and {}", change.words(), way.words())));
    }
    let mut found = if single.is_empty() { double } else { single };
    found.truncate(MOST);
    found.into_iter().map(|words| format!("it is reproduced {words}")).collect()
}

/// The ways to read a report that give the printed number.
fn read_otherwise(row: &Row, table: &Table, parts: &Parts, report: &Report) -> Vec<Variation> {
    let gives = |way: &Variation| lookup::value(row, table, report, Some(way)).is_ok_and(|found| agrees(parts, &found));
    lookup::variations(row, table, report).into_iter().filter(gives).collect()
}
