//! Codes as they occur: rows, and not persons. A code is small when its rows or the persons behind them are few, so that one
//! person with many contacts is not taken for many; the rows of others leave. A code that no list of the study names
//! does not leave when it is hidden, since its name says that somebody has it.

use super::cells::{Place, SIDE, See, spot};
use super::system::{CellId, System};
use super::{Profile, cells};
use crate::report::{CodeRows, CodeUse, Report};

/// The name of the rows of a code, the same in whatever lists it stands.
fn code_key(column: &CodeUse, code: &CodeRows) -> String {
    format!("codes|{}|{}|{}|{}", column.extract, column.column, code.system, code.code)
}

/// Shows the rows of every code of a column to `see`.
pub(super) fn visit(column: &mut CodeUse, see: See<'_>) {
    let names = CodeUse { extract: column.extract.clone(), column: column.column.clone(), ..CodeUse::default() };
    for code in column.lists.iter_mut().flat_map(|list| &mut list.found).chain(&mut column.uncovered) {
        let key = code_key(&names, code);
        // What the study file names; another code would be named to whoever reads that it is hidden.
        let item = if code.item.is_empty() { "a code of no list" } else { &code.item };
        let row = format!("{}.{}: {item}", names.extract, names.column);
        let spot = spot("codes", "codes", &row, "rows");
        see(Place { spot, bundle: key.clone(), key, price: SIDE, count: &mut code.rows, hidden: &mut code.hidden });
    }
}

/// States which codes are of few persons, and that their rows are among those of the extract.
pub(super) fn state(report: &Report, profile: &Profile, system: &mut System) {
    for column in &report.codes {
        let mut parts: Vec<CellId> = Vec::new();
        for code in column.lists.iter().flat_map(|list| &list.found).chain(&column.uncovered) {
            let Some(id) = system.find(&code_key(column, code)).filter(|id| !parts.contains(id)) else { continue };
            parts.push(id);
            // Of results of a program that did not count them nobody knows.
            if profile.threshold > 1 && code.persons.is_none_or(|n| n < profile.threshold) {
                system.few(id);
            }
        }
        if let Some(rows) = cells::of_link(system, &column.extract, "rows matched") {
            system.sum(rows, &parts);
        }
    }
}

/// Takes away the persons, the names of hidden codes, and hidden codes that no list names.
pub(super) fn hide(report: &mut Report) {
    for column in &mut report.codes {
        for list in &mut column.lists {
            // What remains says of the item of the study file that it occurred.
            list.found.iter_mut().filter(|code| code.hidden).for_each(|code| code.code.clear());
            list.found.dedup_by(|a, b| a.hidden && b.hidden && (&a.item, &a.system) == (&b.item, &b.system));
            list.found.iter_mut().for_each(|code| code.persons = None);
        }
        let all = column.uncovered.len();
        column.uncovered.retain(|code| !code.hidden);
        column.uncovered_hidden = column.uncovered.len() < all;
        column.uncovered.iter_mut().for_each(|code| code.persons = None);
    }
}
