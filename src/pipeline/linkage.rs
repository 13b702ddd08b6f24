//! How keys were cleaned and linked, as the report says it.

use crate::loader::{self, Loaded, RowsAndKeys};
use crate::report::{self, KeyLine};

/// How the keys of one extract linked.
pub fn link(link: &loader::LinkReport) -> report::Link {
    report::Link {
        extract: link.extract.clone(),
        spelling: link.spelling.clone(),
        keys: Some(link.keys),
        matched: Some(link.keys_matched),
        rows: Some(link.rows),
        rows_matched: Some(link.rows_matched),
        rows_without_key: Some(link.rows_without_key),
        repeated: Some(link.keys_repeated),
        hidden: false,
    }
}

/// The lines of one declared clean-up.
pub fn clean_up(found: &loader::KeyCleanUp) -> Vec<report::KeyCleanUp> {
    let line = |line, step: &str, rows, keys| report::KeyCleanUp {
        extract: found.extract.clone(),
        spelling: found.spelling.clone(),
        line,
        step: step.to_owned(),
        rows,
        keys: Some(keys),
        hidden: false,
    };
    let both = |kind, step: &str, n: RowsAndKeys| line(kind, step, Some(n.rows), n.keys);
    let mut lines = vec![both(KeyLine::Delivered, "", found.delivered)];
    lines.extend(found.steps.iter().map(|(name, n)| both(KeyLine::Step, name, *n)));
    lines.push(both(KeyLine::Emptied, "", found.emptied));
    lines.push(both(KeyLine::Compared, "", found.compared));
    lines.push(line(KeyLine::Merged, "", None, found.merged));
    if found.merged > 0 {
        lines.push(line(KeyLine::MergedFrom, "", None, found.merged_from));
    }
    lines
}

/// Rows that do not count because of their key, and keys that clean-up made one of: both may be persons lost or mixed up.
pub fn notes(loaded: &Loaded) -> Vec<loader::Note> {
    let mut notes = Vec::new();
    for found in loaded.clean_up.iter().filter(|found| found.merged > 0) {
        let source = match found.spelling.as_str() {
            "" => found.extract.clone(),
            spelling => format!("{}, {spelling}", found.extract),
        };
        let message = "keys that several keys of the files became by the declared clean-up";
        notes.push(loader::Note::new(&source, message, found.merged, "keys"));
    }
    for link in &loaded.links {
        let unmatched = link.rows - link.rows_matched - link.rows_without_key;
        let found = [("rows without a person key", link.rows_without_key), ("rows whose key is not linked", unmatched)];
        for (what, count) in found.into_iter().filter(|(_, count)| *count > 0) {
            notes.push(loader::Note::new(&link.extract, &format!("{what}, left out"), count, "rows"));
        }
    }
    notes
}
