//! Where people and rows came from and went: attrition, ends of follow-up, files, linkage, what rules did.

use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::{KeyLine, Link, Report, RowsInTime};

/// The flow of persons, step by step, with their events once index dates are known.
pub fn attrition_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let count = |name: &str, label: &str| Column::new(name, label, ColumnKind::Number);
    let with_events = report.attrition.iter().any(|s| s.events.is_some() || s.events_hidden);
    // Rows are not persons: where there are any without a key they have a column of their own.
    let with_rows = lines_without_key(report).next().is_some();
    let mut columns = vec![Column::new("label", w.step(), ColumnKind::Text)];
    columns.extend(with_rows.then(|| count("rows", w.rows())));
    columns.push(count("excluded", w.persons_excluded()));
    columns.extend(with_events.then(|| count("excluded_events", w.with_event())));
    let with_added = report.attrition.iter().any(|s| s.added.is_some());
    columns.extend(with_added.then(|| count("added", w.added())));
    columns.push(count("persons", w.persons_left()));
    columns.extend(with_events.then(|| count("events", w.with_event())));
    let mut table = DisplayTable::new("attrition", w.flow_of_persons(), &["step"], columns);
    let marker = marker(report);
    rows_without_key(report, &mut table);
    for step in &report.attrition {
        let mut cells = vec![Cell::text(w.step_label(&step.label))];
        cells.extend(with_rows.then(|| Cell::from(Value::Empty)));
        cells.push(Cell::count(step.excluded, step.excluded_hidden, &marker));
        cells.extend(with_events.then(|| Cell::count(step.excluded_events, step.events_hidden, &marker)));
        cells.extend(with_added.then(|| Cell::count(step.added, step.persons_hidden && step.added.is_some(), &marker)));
        cells.push(Cell::count(step.persons, step.persons_hidden, &marker));
        cells.extend(with_events.then(|| Cell::count(step.events, step.events_hidden, &marker)));
        table.push(RowKind::Plain, &[&step.step.to_string()], cells);
    }
    let event = report.follow_up.as_ref().map(|f| f.event.clone()).filter(|event| with_events && !event.is_empty());
    table.remarks.extend(event.map(|event| Remark::Text(w.events_of_the_flow(event))));
    (!table.rows.is_empty()).then_some(table)
}

/// Rows that belong to nobody never come into the flow of persons; they stand before it, by extract and year.
fn rows_without_key(report: &Report, table: &mut DisplayTable) {
    let (w, marker) = (report.words(), marker(report));
    for line in lines_without_key(report) {
        let label = Cell::text(w.rows_nobody_has(&line.extract, line.year));
        let mut cells = vec![label, Cell::count(line.without_key, line.hidden, &marker)];
        cells.resize(table.columns.len(), Cell::from(Value::Empty));
        table.push(RowKind::Plain, &[""], cells);
    }
}

fn lines_without_key(report: &Report) -> impl Iterator<Item = &RowsInTime> {
    report.rows_in_time.iter().filter(|line| line.month.is_none() && line.without_key != Some(0))
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
            vec![Cell::text(w.exit_label(&exit.reason)), Cell::count(exit.persons, exit.hidden, &marker)],
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
                Cell::text(w.role(&input.extract)),
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
        Column::new("rows_without_key", w.rows_without_key(), ColumnKind::Number),
        Column::new("keys", w.keys(), ColumnKind::Number),
        Column::new("keys_matched", w.keys_linked(), ColumnKind::Number),
        Column::new("keys_unmatched", w.keys_not_linked(), ColumnKind::Number),
        Column::new("keys_repeated", w.keys_repeated(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("links", w.linkage(), &[], columns);
    let marker = marker(report);
    for link in &report.links {
        let mut cells = vec![Cell::text(&link.extract), Cell::text(&link.spelling)];
        let unmatched = link.keys.zip(link.matched).map(|(keys, matched)| keys.saturating_sub(matched));
        let [rows, rows_matched, without_key, keys, matched, repeated] = link.counts();
        let shown = [rows, rows_matched, without_key, keys, matched, unmatched, repeated];
        cells.extend(shown.map(|n| Cell::count(n, link.hidden, &marker)));
        table.push(RowKind::Plain, &[], cells);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// What the declared clean-up of keys did.
pub fn key_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("extract", w.extract(), ColumnKind::Text),
        Column::new("spelling", w.key_spelling(), ColumnKind::Text),
        Column::new("line", w.keys(), ColumnKind::Text),
        Column::new("rows", w.rows(), ColumnKind::Number),
        Column::new("keys", w.distinct_keys(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("key_clean_up", w.clean_up_of_keys(), &[], columns);
    let marker = marker(report);
    for of in &report.key_clean_up {
        let line = match of.line {
            KeyLine::Delivered => w.keys_delivered().to_owned(),
            KeyLine::Step => w.keys_changed_by(&of.step),
            KeyLine::Emptied => w.keys_emptied().to_owned(),
            KeyLine::Compared => w.keys_compared().to_owned(),
            KeyLine::Merged => w.keys_merged().to_owned(),
            KeyLine::MergedFrom => w.keys_merged_from().to_owned(),
        };
        let counts_rows = !matches!(of.line, KeyLine::Merged | KeyLine::MergedFrom);
        let cells = vec![
            Cell::text(&of.extract),
            Cell::text(&of.spelling),
            Cell::text(&line),
            Cell::count(of.rows, of.hidden && counts_rows, &marker),
            Cell::count(of.keys, of.hidden, &marker),
        ];
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
    /// Rows, rows linked, rows without key, keys, keys linked, keys in several rows.
    pub(in crate::report) fn counts(&self) -> [Option<u64>; 6] {
        [self.rows, self.rows_matched, self.rows_without_key, self.keys, self.matched, self.repeated]
    }
}
