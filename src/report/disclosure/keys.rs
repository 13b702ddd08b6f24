//! Counts of the declared clean-up of person keys: a key is a person, and few changed keys are few persons.

use super::cells::{Place, SIDE, See, of_link, spot};
use super::system::{CellId, System};
use crate::report::{KeyCleanUp, KeyLine, Report};

fn key(of: &KeyCleanUp, what: &str) -> String {
    format!("key clean-up|{}|{}|{:?}|{}|{what}", of.extract, of.spelling, of.line, of.step)
}

/// Shows the counts of a line to `see`.
pub(super) fn visit(of: &mut KeyCleanUp, see: See<'_>) {
    let (rows, keys, bundle) = (key(of, "rows"), key(of, "keys"), key(of, ""));
    let row = format!("{} {:?} {}", source(of), of.line, of.step);
    for (what, key, count) in [("rows", rows, &mut of.rows), ("keys", keys, &mut of.keys)] {
        let (spot, bundle) = (spot("key_clean_up", "clean-up of keys", &row, what), bundle.clone());
        see(Place { spot, key, bundle, price: SIDE, count, hidden: &mut of.hidden });
    }
}

/// States what these counts add up to.
pub(super) fn state(report: &Report, system: &mut System) {
    let of_one_column = |a: &KeyCleanUp, b: &KeyCleanUp| (&a.extract, &a.spelling) == (&b.extract, &b.spelling);
    for lines in report.key_clean_up.chunk_by(of_one_column) {
        let find = |line: KeyLine, what: &str| {
            lines.iter().find(|of| of.line == line).and_then(|of| system.find(&key(of, what)))
        };
        let delivered = ["rows", "keys"].map(|what| find(KeyLine::Delivered, what));
        let emptied = ["rows", "keys"].map(|what| find(KeyLine::Emptied, what));
        let compared = ["rows", "keys"].map(|what| find(KeyLine::Compared, what));
        let [merged, from] = [KeyLine::Merged, KeyLine::MergedFrom].map(|line| find(line, "keys"));
        steps(lines, delivered, system);
        if let [Some(all), Some(none), Some(left)] = [delivered[0], emptied[0], compared[0]] {
            system.sum(all, &[none, left]);
            system.zero_says_nothing(none);
        }
        if let [Some(compared), Some(merged)] = [compared[1], merged] {
            let apart = system.rest(&key(&lines[0], "keys that stayed apart"), compared, merged);
            // No line says it where none did.
            from.into_iter().for_each(|from| two_each(&lines[0], merged, from, system));
            let parts: Vec<CellId> = [apart, from, emptied[1]].into_iter().flatten().collect();
            delivered[1].into_iter().for_each(|all| system.sum(all, &parts));
            parts.into_iter().chain([merged]).for_each(|id| system.zero_says_nothing(id));
        }
        linkage(report, lines, (emptied[0], compared), system);
        note(report, lines, merged, system);
    }
}

/// A key that several became was made of two keys at least.
fn two_each(line: &KeyCleanUp, merged: CellId, from: CellId, system: &mut System) {
    if let Some(beyond) = system.rest(&key(line, "keys beyond one for each"), from, merged) {
        system.zero_says_nothing(beyond);
        system.within(merged, beyond);
    }
}

/// A step changed some keys and left the others.
fn steps(lines: &[KeyCleanUp], delivered: [Option<CellId>; 2], system: &mut System) {
    for step in lines.iter().filter(|of| of.line == KeyLine::Step) {
        for (what, all) in ["rows", "keys"].into_iter().zip(delivered) {
            let Some((changed, all)) = system.find(&key(step, what)).zip(all) else { continue };
            system.zero_says_nothing(changed);
            let unchanged = system.rest(&key(step, &format!("{what} unchanged")), all, changed);
            unchanged.into_iter().for_each(|id| system.zero_says_nothing(id));
        }
    }
}

/// The linkage table counts the same rows and keys, once they are cleaned.
fn linkage(
    report: &Report,
    lines: &[KeyCleanUp],
    (emptied, [rows, keys]): (Option<CellId>, [Option<CellId>; 2]),
    system: &mut System,
) {
    let Some(link) = report.links.iter().find(|l| (&l.extract, &l.spelling) == (&lines[0].extract, &lines[0].spelling))
    else {
        return;
    };
    let of_link = |what: &str| of_link(system, &link.extract, what);
    let [all, without, linked] = ["rows", "rows without key", "keys"].map(of_link);
    if let [Some(all), Some(without), Some(rows)] = [all, without, rows] {
        system.sum(all, &[without, rows]);
        emptied.into_iter().for_each(|emptied| system.within(emptied, without));
    }
    if let Some((linked, keys)) = linked.zip(keys) {
        // A person may have several keys.
        system.within(linked, keys);
    }
}

/// A note says how many keys several keys became.
fn note(report: &Report, lines: &[KeyCleanUp], merged: Option<CellId>, system: &mut System) {
    let is_said = |n: &crate::report::Note| n.source == source(&lines[0]) && n.message.starts_with(NOTE);
    let said = report.notes.iter().position(is_said).and_then(|i| system.find(&format!("note|{i}")));
    if let Some((merged, said)) = merged.zip(said) {
        system.sum(merged, &[said]);
    }
}

/// How the note about merged keys begins.
const NOTE: &str = "keys that several keys of the files became";

fn source(of: &KeyCleanUp) -> String {
    if of.spelling.is_empty() { of.extract.clone() } else { format!("{}, {}", of.extract, of.spelling) }
}
