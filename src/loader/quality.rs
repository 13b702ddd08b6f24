//! What is wrong with rows, counted: duplicates, contradictions, cells that were changed or taken as missing.

use super::Note;
use super::error::{Fault, LoadError, counted};
use super::row_places::RowPlaces;
use super::rows::Rows;
use super::schema::Converter;
use super::values::{Dictionary, Values};
use crate::study::{Clean, ColumnKind, ColumnSpec, Conflict, Extract, Identical, RowsPerPerson};
use rayon::prelude::*;

/// A row by person, content and place; rows of one person with the same hash are equal in every column that is read.
/// (Two different rows of one person share a 64-bit hash once in 10^19 pairs.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fingerprint {
    pub(crate) person: u32,
    pub(crate) hash: u64,
    pub(crate) ordinal: u32,
}

/// What became of duplicates.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// Numbers of the rows that do not count, sorted.
    pub(crate) dropped: Vec<u32>,
    /// Persons with rows that contradict each other, who leave the study; sorted.
    pub(crate) contradicting: Vec<u32>,
    pub(crate) notes: Vec<Note>,
    /// What the study does not allow.
    pub(crate) errors: Vec<LoadError>,
}

/// Finds rows that are equal, and rows of one person that differ where a person has one row, and does with them
/// what the study says. `full` holds all declared columns of every row where a person has one row. What the study does not
/// allow is among the errors of the answer; its message names the first row that should not be there.
pub(crate) fn resolve_duplicates(
    extract: &Extract,
    mut fingerprints: Vec<Fingerprint>,
    full: Option<&Rows>,
    specs: &[(&ColumnSpec, Option<i32>)],
    row_places: &RowPlaces,
) -> Resolved {
    let (identical, conflict) = match &extract.rows {
        RowsPerPerson::One { identical, conflict } => (*identical, Some(conflict)),
        RowsPerPerson::Many { identical } => (*identical, None),
    };
    fingerprints.par_sort_unstable();
    let mut resolved = Resolved::default();
    let equal = |pair: &&[Fingerprint]| (pair[0].person, pair[0].hash) == (pair[1].person, pair[1].hash);
    resolved.dropped = fingerprints.windows(2).filter(equal).map(|pair| pair[1].ordinal).collect();
    let n = resolved.dropped.len() as u64;
    match identical {
        Identical::Collapse => resolved.notes.push(Note::new(&extract.name, "identical rows collapsed", n, "rows")),
        Identical::Keep if conflict.is_none() => {
            if n > 0 {
                let message = "rows equal to another in key and every column that is read, all kept (`duplicates`)";
                resolved.notes.push(Note::new(&extract.name, message, n, "rows"));
            }
            resolved.dropped.clear();
        }
        _ if n > 0 => {
            let are = if n == 1 { "equals another" } else { "equal others" };
            let rule = format!("{} {are} in key and every declared column", counted(n, "row"));
            let remedy =
                format!("set duplicates = \"collapse_identical\" in [extract.{}] to keep one of them", extract.name);
            let first = resolved.dropped.iter().min().expect("there are some");
            resolved.errors.push(LoadError::Duplicates(Fault::new(row_places.place(*first), rule, remedy)));
        }
        _ => {}
    }
    if let (Some(conflict), Some(full)) = (conflict, full) {
        fingerprints.dedup_by_key(|f| (f.person, f.hash));
        resolve_conflicts(extract, conflict, &fingerprints, full, specs, row_places, &mut resolved);
    }
    resolved.dropped.sort_unstable();
    resolved.contradicting.sort_unstable();
    resolved
}

/// Persons with several distinct rows where one is promised.
fn resolve_conflicts(
    extract: &Extract,
    conflict: &Conflict,
    fingerprints: &[Fingerprint],
    full: &Rows,
    specs: &[(&ColumnSpec, Option<i32>)],
    row_places: &RowPlaces,
    resolved: &mut Resolved,
) {
    let groups: Vec<&[Fingerprint]> =
        fingerprints.chunk_by(|a, b| a.person == b.person).filter(|group| group.len() > 1).collect();
    // The rows of `full` stand in the order of the extract, so their numbers are sorted.
    let row = |f: &Fingerprint| full.ordinals.binary_search(&f.ordinal).expect("every row is in `full`");
    let (order, last) = match conflict {
        Conflict::Error if groups.is_empty() => return,
        Conflict::Error => {
            let remedy = format!(
                "set on_conflict = \"exclude_person\" in [extract.{}], or {{ last_by = \"column\" }} with a column that \
                 says which row stands",
                extract.name
            );
            resolved.errors.push(contradiction(row_places, &groups, full, specs, &remedy));
            // Reading goes on for the faults of other extracts, with one row a person.
            resolved.dropped.extend(groups.iter().flat_map(|group| others_of(group)));
            return;
        }
        Conflict::ExcludePerson => {
            resolved.contradicting = groups.iter().map(|group| group[0].person).collect();
            resolved.dropped.extend(groups.iter().flat_map(|group| group.iter().map(|f| f.ordinal)));
            return;
        }
        Conflict::FirstBy(column) => (column, false),
        Conflict::LastBy(column) => (column, true),
    };
    let column = specs.iter().position(|(spec, _)| spec.name == *order).expect("a checked study names its columns");
    let key = |f: &Fingerprint| rank(&full.columns[column], &full.dictionaries[column], row(f), last);
    let mut tied = Vec::new();
    for group in &groups {
        let best = group.iter().map(key).min_by(|a, b| a.partial_cmp(b).expect("ranks are no NaN"));
        let standing: Vec<&Fingerprint> = group.iter().filter(|f| Some(key(f)) == best).collect();
        if standing.len() > 1 {
            tied.push(*group);
        }
        resolved.dropped.extend(group.iter().filter(|f| f.ordinal != standing[0].ordinal).map(|f| f.ordinal));
    }
    if !tied.is_empty() {
        let remedy = format!("{order} does not tell them apart; set on_conflict = \"exclude_person\"");
        resolved.errors.push(contradiction(row_places, &tied, full, specs, &remedy));
    }
    let message =
        format!("persons with contradicting rows: the {} by {order} stands", if last { "last" } else { "first" });
    resolved.notes.push(Note::new(&extract.name, &message, groups.len() as u64, "persons"));
}

/// An order of the values of a column in which the row that stands comes first; a missing value never does.
fn rank(values: &Values, dictionary: &Dictionary, row: usize, last: bool) -> (bool, f64, String) {
    if values.is_missing(row) {
        return (true, 0.0, String::new());
    }
    let sign = if last { -1.0 } else { 1.0 };
    match values {
        Values::Day(v) | Values::Whole(v) => (false, sign * f64::from(v[row]), String::new()),
        Values::Number(v) => (false, sign * v[row], String::new()),
        Values::Code(_) | Values::Codes { .. } => {
            let text: String = values.codes(row).iter().map(|&c| dictionary.text(c)).collect();
            // For the last text the order is turned round character by character; a longer text comes later.
            let flipped = || text.chars().map(|c| char::from_u32(0x10FFFF - c as u32).unwrap_or(c)).collect::<String>();
            (false, 0.0, if last { flipped() + "\u{10FFFF}" } else { text })
        }
    }
}

fn contradiction(
    row_places: &RowPlaces,
    groups: &[&[Fingerprint]],
    full: &Rows,
    specs: &[(&ColumnSpec, Option<i32>)],
    remedy: &str,
) -> LoadError {
    let row = |f: &Fingerprint| full.ordinals.binary_search(&f.ordinal).expect("every row is in `full`");
    let differs =
        |column: &Values| groups.iter().any(|group| group.iter().any(|f| !column.same(row(&group[0]), row(f))));
    let mut names: Vec<&str> =
        specs.iter().zip(&full.columns).filter(|(_, c)| differs(c)).map(|((spec, _), _)| &*spec.name).collect();
    names.dedup();
    let have = if groups.len() == 1 { "has" } else { "have" };
    let rows = match groups {
        [group] => counted(group.len() as u64, "row"),
        _ => "rows".to_string(),
    };
    let rule = format!("{} {have} {rows} that differ in {}", counted(groups.len() as u64, "person"), names.join(", "));
    // Of each person the first row may be the right one: the first of the others is where to look.
    let others = groups.iter().flat_map(|group| others_of(group));
    let first = others.min().expect("rows that contradict each other are two");
    LoadError::Duplicates(Fault::new(row_places.place(first), rule, remedy))
}

/// The rows of a person but the one that stands first.
fn others_of(group: &[Fingerprint]) -> impl Iterator<Item = u32> {
    let first = first_of(group);
    group.iter().map(|f| f.ordinal).filter(move |ordinal| *ordinal != first)
}

/// The row of a person that stands first.
fn first_of(group: &[Fingerprint]) -> u32 {
    group.iter().map(|f| f.ordinal).min().expect("a group has rows")
}

/// What was done to the cells of a column.
pub(crate) fn column_notes(extract: &Extract, spec: &ColumnSpec, converter: &Converter, notes: &mut Vec<Note>) {
    let year = converter.year.map_or(String::new(), |y| format!(" {y}"));
    let source = format!("{}.{}{year}", extract.name, spec.name);
    let counts = &converter.counts;
    let broken: Vec<(&str, u64)> =
        counts.invalid_as_missing.iter().map(|(rule, &n)| (rule.taken_as_missing(), n)).collect();
    for of_rule in broken.chunk_by(|a, b| a.0 == b.0) {
        notes.push(Note::new(&source, of_rule[0].0, of_rule.iter().map(|(_, n)| n).sum(), "rows"));
    }
    // One kind alone is what every program calls missing.
    if counts.missing_kinds.keys().any(|kind| kind != ".") {
        for (kind, &n) in &counts.missing_kinds {
            notes.push(Note::new(&source, &format!("missing as {kind} in the file"), n, "rows"));
        }
    }
    for (message, n) in [
        ("fields with a text that `missing` names, taken as missing", counts.marked_missing),
        ("codes of which clean-up left nothing, taken as missing", counts.emptied),
        ("dates known by month, on the day that place_in_month says", counts.placed_in_month),
        ("years of two digits, in the hundred years from years_from on", counts.short_years),
        ("dates with a time of day, which is dropped", counts.clocks_dropped),
        ("values with blanks around them, which do not count", counts.trimmed),
    ] {
        notes.extend((n > 0).then(|| Note::new(&source, message, n, "rows")));
    }
    if counts.labels_differ > 0 {
        let message = "labels of values that differ between files; those of the first file stand";
        notes.push(Note::new(&source, message, counts.labels_differ, "labels"));
    }
    let (ColumnKind::Code(rules) | ColumnKind::Codes { code: rules, .. }) = converter.kind() else { return };
    for (step, &n) in rules.clean.iter().zip(&counts.cleaned) {
        notes.push(Note::new(&source, &format!("codes changed by {}", step_name(*step)), n, "rows"));
    }
    let beyond = &counts.cleaned[rules.clean.len()..];
    if let (Some(width), Some(&n)) = (rules.pad_left, beyond.first()) {
        notes.push(Note::new(&source, &format!("codes padded with zeros to {width} characters"), n, "rows"));
    }
    if let Some(&n) = beyond.last().filter(|n| **n > 0) {
        notes.push(Note::new(&source, "an empty place among several codes, left out", n, "rows"));
    }
}

/// A clean-up step as the study writes it.
pub(crate) fn step_name(step: Clean) -> String {
    match step {
        Clean::Trim => "trim".to_string(),
        Clean::Upper => "upper".to_string(),
        Clean::Lower => "lower".to_string(),
        Clean::DropDot => "drop_dot".to_string(),
        Clean::DropBlank => "drop_blank".to_string(),
        Clean::Cut(n) => format!("cut {n}"),
        Clean::Drop(set) => format!("drop {set}"),
        Clean::From(set) => format!("cut_from {set}"),
    }
}
