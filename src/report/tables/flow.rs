//! Where people and rows came from and went: attrition, ends of follow-up, files, linkage, what rules did.

use super::{Cell, Column, ColumnKind, DisplayTable, RowKind, Value, marker};
use crate::report::{Link, Report};

/// The flow of persons, step by step.
pub fn attrition_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", w.step(), ColumnKind::Text),
        Column::new("excluded", w.excluded(), ColumnKind::Number),
        Column::new("persons", w.persons_left(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("attrition", w.flow_of_persons(), &["step"], columns);
    let marker = marker(report);
    for step in &report.attrition {
        let cells = vec![
            Cell::text(&step.label),
            Cell::count(step.excluded, step.excluded_hidden, &marker),
            Cell::count(step.persons, step.persons_hidden, &marker),
        ];
        table.push(RowKind::Plain, &[&step.step.to_string()], cells);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Why follow-up ended.
pub fn exit_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", w.reason(), ColumnKind::Text),
        Column::new("persons", w.persons(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("exits", w.end_of_follow_up(), &[], columns);
    let marker = marker(report);
    for exit in &report.exits {
        table.push(
            RowKind::Plain,
            &[],
            vec![Cell::text(w.said(&exit.reason)), Cell::count(exit.persons, exit.hidden, &marker)],
        );
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Every file that was read, with its SHA-256.
pub fn input_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("path", w.file(), ColumnKind::Text),
        Column::new("extract", w.used_as(), ColumnKind::Text),
        Column::new("rows", w.rows(), ColumnKind::Number),
        Column::new("bytes", w.bytes(), ColumnKind::Number),
        Column::new("sha256", "SHA-256", ColumnKind::Text),
    ];
    let mut table = DisplayTable::new("inputs", w.files_read(), &[], columns);
    for input in &report.inputs {
        let count = |n: Option<u64>| Cell::from(n.map_or(Value::Empty, Value::Count));
        table.push(
            RowKind::Plain,
            &[],
            vec![
                Cell::text(&input.path),
                Cell::text(w.said(&input.extract)),
                count(input.rows),
                count(input.bytes),
                Cell::text(&input.hash),
            ],
        );
    }
    (!table.rows.is_empty()).then_some(table)
}

/// How the keys of each extract linked.
pub fn link_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("extract", w.extract(), ColumnKind::Text),
        Column::new("spelling", w.key_spelling(), ColumnKind::Text),
        Column::new("rows", w.rows(), ColumnKind::Number),
        Column::new("rows_matched", w.rows_linked(), ColumnKind::Number),
        Column::new("keys", w.keys(), ColumnKind::Number),
        Column::new("keys_matched", w.keys_linked(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("links", w.linkage(), &[], columns);
    let marker = marker(report);
    for link in &report.links {
        let mut cells = vec![Cell::text(&link.extract), Cell::text(&link.spelling)];
        cells.extend(link.counts().map(|n| Cell::count(n, link.hidden, &marker)));
        table.push(RowKind::Plain, &[], cells);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// What rules did to the data, with counts.
pub fn note_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("source", w.place(), ColumnKind::Text),
        Column::new("message", w.found_or_done(), ColumnKind::Text),
        Column::new("count", w.count(), ColumnKind::Number),
        Column::new("unit", w.of_what(), ColumnKind::Text),
    ];
    let mut table = DisplayTable::new("notes", w.what_rules_did(), &[], columns);
    let marker = marker(report);
    for note in &report.notes {
        table.push(
            RowKind::Plain,
            &[],
            vec![
                Cell::text(&note.source),
                Cell::text(w.said(&note.message)),
                Cell::count(note.count, note.hidden, &marker),
                Cell::text(w.said(&note.unit)),
            ],
        );
    }
    (!table.rows.is_empty()).then_some(table)
}

impl Link {
    /// Rows, rows linked, keys, keys linked.
    pub(in crate::report) fn counts(&self) -> [Option<u64>; 4] {
        [self.rows, self.rows_matched, self.keys, self.matched]
    }
}
