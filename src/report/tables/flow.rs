//! Where people and rows came from and went: attrition, ends of follow-up, files, linkage, what rules did.

use super::{Cell, Column, ColumnKind, DisplayTable, RowKind, Value, marker};
use crate::report::{Link, Report};

/// The flow of persons, step by step.
pub fn attrition_table(report: &Report) -> Option<DisplayTable> {
    let columns = vec![
        Column::new("label", "Step", ColumnKind::Text),
        Column::new("excluded", "Excluded", ColumnKind::Number),
        Column::new("persons", "Persons left", ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("attrition", "Flow of persons", &["step"], columns);
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
    let columns =
        vec![Column::new("label", "Reason", ColumnKind::Text), Column::new("persons", "Persons", ColumnKind::Number)];
    let mut table = DisplayTable::new("exits", "End of follow-up", &[], columns);
    let marker = marker(report);
    for exit in &report.exits {
        table.push(
            RowKind::Plain,
            &[],
            vec![Cell::text(&exit.reason), Cell::count(exit.persons, exit.hidden, &marker)],
        );
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Every file that was read, with its SHA-256.
pub fn input_table(report: &Report) -> Option<DisplayTable> {
    let columns = vec![
        Column::new("path", "File", ColumnKind::Text),
        Column::new("extract", "Used as", ColumnKind::Text),
        Column::new("rows", "Rows", ColumnKind::Number),
        Column::new("bytes", "Bytes", ColumnKind::Number),
        Column::new("sha256", "SHA-256", ColumnKind::Text),
    ];
    let mut table = DisplayTable::new("inputs", "Files read", &[], columns);
    for input in &report.inputs {
        let count = |n: Option<u64>| Cell::from(n.map_or(Value::Empty, Value::Count));
        table.push(
            RowKind::Plain,
            &[],
            vec![
                Cell::text(&input.path),
                Cell::text(&input.extract),
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
    let columns = vec![
        Column::new("extract", "Extract", ColumnKind::Text),
        Column::new("spelling", "Key spelling", ColumnKind::Text),
        Column::new("rows", "Rows", ColumnKind::Number),
        Column::new("rows_matched", "Rows linked", ColumnKind::Number),
        Column::new("keys", "Keys", ColumnKind::Number),
        Column::new("keys_matched", "Keys linked", ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("links", "Linkage", &[], columns);
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
    let columns = vec![
        Column::new("source", "Where", ColumnKind::Text),
        Column::new("message", "What was found or done", ColumnKind::Text),
        Column::new("count", "Count", ColumnKind::Number),
        Column::new("unit", "Of", ColumnKind::Text),
    ];
    let mut table = DisplayTable::new("notes", "What the rules did", &[], columns);
    let marker = marker(report);
    for note in &report.notes {
        table.push(
            RowKind::Plain,
            &[],
            vec![
                Cell::text(&note.source),
                Cell::text(&note.message),
                Cell::count(note.count, note.hidden, &marker),
                Cell::text(&note.unit),
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
