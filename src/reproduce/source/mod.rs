//! What a printed table says against itself: checks that need no data.
//!
//! Every check compares the values that a printed number can have had before it was rounded ([`Bounds`]); the printed
//! digits are the only tolerance. A number is `source inconsistent` only when no value within the rounding fits.
//!
//! - `row`: a row by itself — the interval, the value in its middle, the rate against events and time;
//! - `table`: rows together — sums, rows that look copied, ratios against rates, the same number printed twice, tests.
//!
//! [`Bounds`]: super::printed::Bounds

mod row;
mod table;

use super::targets::{Row, Table, Targets};
use super::verdict::{Kind, Outcome, Verdict};
use std::collections::BTreeMap;

/// What the checks of one number found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// How many checks there were.
    pub checks: usize,
    /// What contradicts what, in sentences.
    pub faults: Vec<String>,
}

impl Findings {
    /// Notes a check and, where it failed, its fault.
    fn check(&mut self, fault: Option<String>) {
        self.checks += 1;
        self.faults.extend(fault);
    }

    fn add(&mut self, other: Findings) {
        self.checks += other.checks;
        self.faults.extend(other.faults);
    }

    /// The verdict on the print.
    pub fn kind(&self) -> Kind {
        match (self.checks, self.faults.is_empty()) {
            (0, _) => Kind::NotCovered,
            (_, true) => Kind::Reproduced,
            (_, false) => Kind::Inconsistent,
        }
    }
}

/// What the print says against itself, by row, total and test.
pub fn findings(targets: &Targets) -> BTreeMap<String, Findings> {
    let mut found: BTreeMap<String, Findings> = BTreeMap::new();
    for table in &targets.tables {
        for row in &table.rows {
            found.entry(row.id.clone()).or_default().add(row::check(row, table));
        }
        for (id, of_table) in table::check(table) {
            found.entry(id).or_default().add(of_table);
        }
    }
    for (id, twice) in table::printed_twice(targets) {
        found.entry(id).or_default().add(twice);
    }
    found
}

/// Examines the print by itself: one verdict per row, total and test.
pub fn examine(targets: &Targets) -> Outcome {
    let found = findings(targets);
    let of = |id: &String| found.get(id).cloned().unwrap_or_default();
    let mut verdicts = Vec::new();
    for table in &targets.tables {
        verdicts.extend(table.rows.iter().map(|row| verdict_on_row(table, row, &of(&row.id))));
        verdicts.extend(table.totals.iter().map(|total| {
            let printed = table::total_in_print(total);
            verdict(
                table,
                (&total.id, total.expect),
                format!("sum of {}", total.measure.name()),
                printed,
                &of(&total.id),
            )
        }));
        verdicts.extend(table.tests.iter().map(|test| {
            let printed = format!("{} on {} df, P {}", test.chisq, test.df, test.p);
            verdict(table, (&test.id, test.expect), test.what.clone(), printed, &of(&test.id))
        }));
    }
    Outcome {
        name: targets.name.clone(),
        title: targets.title.clone(),
        note: targets.note.clone(),
        source_only: true,
        internal: false,
        against: Vec::new(),
        verdicts,
    }
}

fn verdict_on_row(table: &Table, row: &Row, findings: &Findings) -> Verdict {
    let what = format!("{} of {}", row.measure.name(), row.words());
    verdict(table, (&row.id, row.expect), what, row.in_print(), findings)
}

fn verdict(
    table: &Table,
    (id, expected): (&str, Option<Kind>),
    what: String,
    printed: String,
    findings: &Findings,
) -> Verdict {
    let nothing = "nothing in print to check it against".to_owned();
    Verdict {
        table: table.name.clone(),
        id: id.to_owned(),
        what,
        printed,
        found: None,
        kind: findings.kind(),
        because: if findings.checks == 0 { vec![nothing] } else { findings.faults.clone() },
        hints: Vec::new(),
        expected,
    }
}
