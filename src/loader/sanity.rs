//! Whether person-time is what a survival analysis takes for granted, record by record.
//!
//! The loader makes records that cannot break these rules; the counts are taken from the finished table all the same, so
//! that whoever uses it need not believe that. Events outside follow-up, which the table does not show, are counted where
//! follow-up ends (`ends`).

use super::person_time::CONTINUES;
use crate::table::{ColumnData, Table};
use serde::{Deserialize, Serialize};

/// A rule about records or about events, and how many break it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked for.
    pub looked_for: String,
    /// What is counted.
    pub of: CheckOf,
    /// Records or events found; events of one day of a person are one.
    pub found: u64,
    /// Persons with such a record or event.
    pub persons: u64,
}

/// What a check counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckOf {
    /// Records of the person-time table.
    Records,
    /// Events, also those that no record shows.
    Events,
}

/// A record and the one before it, of the same person and follow-up.
struct Pair {
    before: Option<(i32, i32, bool)>,
    entry: i32,
    exit: i32,
    is_last: bool,
    event: bool,
}

/// What is looked for, and when a record has it.
type Rule = (&'static str, fn(&Pair) -> bool);

const RULES: [Rule; 7] = [
    ("end before start", |p| p.exit < p.entry),
    ("no length", |p| p.exit == p.entry),
    ("the same record twice", |p| p.before.is_some_and(|(entry, exit, _)| (entry, exit) == (p.entry, p.exit))),
    ("overlap with the record before", |p| p.before.is_some_and(|(_, exit, _)| p.entry < exit)),
    ("gap after the record before", |p| p.before.is_some_and(|(_, exit, _)| p.entry > exit)),
    ("person-time after an event", |p| p.before.is_some_and(|(_, _, event)| event)),
    ("event before the last record", |p| p.event && !p.is_last),
];

/// What matching makes of a person who is drawn several times.
const SEVERAL_SETS: &str = "another follow-up of the same person, in another matched set (no fault)";

/// Looks at every record of a person-time table, sorted by person and entry. A table without its columns has no checks.
///
/// Where comparison persons are matched, a person can be followed several times at once, once in each matched set: records
/// are compared within one follow-up, which ends with the record that gives its reason, and a last line that is no fault
/// says how many have another follow-up.
pub fn checks(table: &Table, is_matched: bool) -> Vec<Check> {
    let whole = |name: &str| match table.column(name).map(|c| &c.data) {
        Some(ColumnData::Whole(v)) => v.as_slice(),
        _ => &[],
    };
    let (person, entry, exit) = (whole("person"), whole("entry"), whole("exit"));
    let Some(ColumnData::Logical(event)) = table.column("event").map(|c| &c.data) else { return Vec::new() };
    let ends = |r: usize| is_matched && !continues(table, r);
    let same = |a: usize, b: usize| person.get(a).is_some() && person.get(a) == person.get(b);
    let mut tally = Tally::new(person);
    for r in 0..person.len() {
        let before = r.checked_sub(1).filter(|&b| same(b, r));
        let within = before.filter(|&b| !ends(b));
        let pair = Pair {
            before: within.map(|b| (entry[b], exit[b], event[b] == Some(true))),
            entry: entry[r],
            exit: exit[r],
            is_last: !same(r + 1, r) || ends(r),
            event: event[r] == Some(true),
        };
        for (i, (_, breaks)) in RULES.iter().enumerate() {
            tally.count(i, breaks(&pair), r);
        }
        tally.count(RULES.len(), before.is_some() && within.is_none(), r);
    }
    if !is_matched {
        tally.found.pop();
    }
    tally.found
}

/// Whether follow-up goes on after a record.
fn continues(table: &Table, record: usize) -> bool {
    let Some(ColumnData::Factor(reason)) = table.column("exit_reason").map(|c| &c.data) else { return false };
    reason.codes.get(record).is_some_and(|code| reason.levels[code as usize] == CONTINUES)
}

/// What is found, rule by rule; the last line is that of persons in several matched sets.
struct Tally<'t> {
    person: &'t [i32],
    found: Vec<Check>,
    last_person: Vec<Option<i32>>,
}

impl Tally<'_> {
    fn new(person: &[i32]) -> Tally<'_> {
        let looked_for = RULES.iter().map(|(looked_for, _)| *looked_for).chain([SEVERAL_SETS]);
        let none =
            |looked_for: &str| Check { looked_for: looked_for.into(), of: CheckOf::Records, found: 0, persons: 0 };
        let found: Vec<Check> = looked_for.map(none).collect();
        Tally { person, last_person: vec![None; found.len()], found }
    }

    fn count(&mut self, rule: usize, is_so: bool, record: usize) {
        if is_so {
            let person = self.person[record];
            self.found[rule].found += 1;
            self.found[rule].persons += u64::from(self.last_person[rule].replace(person) != Some(person));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Codes, Column, Factor};

    #[test]
    fn every_fault_is_found_by_its_name() {
        let whole = |name: &str, v: &[i32]| Column {
            name: name.into(),
            label: name.into(),
            data: ColumnData::Whole(v.to_vec()),
        };
        let event = [true, false, false, false, false, false, false].map(Some).to_vec();
        let table = Table::new(vec![
            whole("person", &[1, 1, 2, 2, 3, 3, 4]),
            whole("entry", &[0, 5, 0, 0, 0, 3, 9]),
            whole("exit", &[5, 5, 4, 4, 2, 1, 9]),
            Column { name: "event".into(), label: "Event".into(), data: ColumnData::Logical(event) },
        ]);
        let found = checks(&table, false).into_iter().map(|c| (c.found, c.persons)).collect::<Vec<_>>();
        assert_eq!(found, [(1, 1), (2, 2), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1)]);
    }

    /// A comparison person of two sets, followed at the same time, and cut in the second.
    #[test]
    fn a_person_of_several_sets_is_no_fault() {
        let column = |name: &str, data| Column { name: name.into(), label: name.into(), data };
        let whole = |name: &str, v: &[i32]| column(name, ColumnData::Whole(v.to_vec()));
        let levels = vec!["death".to_string(), CONTINUES.to_string()];
        let codes = Codes::pack([0, 1, 0, 0].map(Some), 2);
        let reason = Factor { codes, labels: levels.clone(), levels, declared: true };
        let table = Table::new(vec![
            whole("person", &[1, 1, 1, 2]),
            whole("entry", &[0, 0, 4, 0]),
            whole("exit", &[9, 4, 7, 3]),
            column("event", ColumnData::Logical([true, false, true, false].map(Some).to_vec())),
            column("exit_reason", ColumnData::Factor(reason)),
        ]);
        let of = |is_matched: bool| -> Vec<u64> { checks(&table, is_matched).iter().map(|c| c.found).collect() };
        assert_eq!(of(false), [0, 0, 0, 1, 0, 1, 1], "without matching it is one");
        assert_eq!(of(true), [0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
