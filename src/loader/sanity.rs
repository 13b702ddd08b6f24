//! Whether person-time is what a survival analysis takes for granted, record by record.
//!
//! The loader makes records that cannot break these rules; the counts are taken from the finished table all the same, so
//! that whoever uses it need not believe that.

use crate::table::{ColumnData, Table};

/// A rule about records, and how many break it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked for.
    pub looked_for: &'static str,
    /// Records found.
    pub records: u64,
    /// Persons with such a record.
    pub persons: u64,
}

/// A record and the one before it, of the same person.
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

/// Looks at every record of a person-time table, sorted by person and entry. A table without its columns has no checks.
pub fn checks(table: &Table) -> Vec<Check> {
    let whole = |name: &str| match table.column(name).map(|c| &c.data) {
        Some(ColumnData::Whole(v)) => v.as_slice(),
        _ => &[],
    };
    let (person, entry, exit) = (whole("person"), whole("entry"), whole("exit"));
    let Some(ColumnData::Logical(event)) = table.column("event").map(|c| &c.data) else { return Vec::new() };
    let mut found = RULES.map(|(looked_for, _)| Check { looked_for, records: 0, persons: 0 });
    let mut last_person = [None; RULES.len()];
    for r in 0..person.len() {
        let same = |a: usize, b: usize| person.get(a).is_some() && person.get(a) == person.get(b);
        let before = r.checked_sub(1).filter(|&b| same(b, r));
        let pair = Pair {
            before: before.map(|b| (entry[b], exit[b], event[b] == Some(true))),
            entry: entry[r],
            exit: exit[r],
            is_last: !same(r + 1, r),
            event: event[r] == Some(true),
        };
        for (i, (_, breaks)) in RULES.iter().enumerate() {
            if breaks(&pair) {
                found[i].records += 1;
                found[i].persons += u64::from(last_person[i].replace(person[r]) != Some(person[r]));
            }
        }
    }
    found.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

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
        let found = checks(&table).into_iter().map(|c| (c.records, c.persons)).collect::<Vec<_>>();
        assert_eq!(found, [(1, 1), (2, 2), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1)]);
    }
}
