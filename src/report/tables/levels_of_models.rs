//! What the main table says of models that leave records out: their own events by level beside their hazard ratios, and the
//! numbers of every model side by side under it.
//!
//! The counts of the table are those of the whole cohort. A hazard ratio of fewer people beside them would be read as if
//! it were of all.

use super::{Cell, Column, ColumnKind, DisplayTable, RowKind, Value, marker};
use crate::report::{ModelResult, Report};

/// The column of a model's own events; none where they are those of the table.
pub(super) fn column(report: &Report, model: &ModelResult) -> Option<Column> {
    let key = format!("{}_events", model.name);
    has_own(model).then(|| Column::new(&key, report.words().events(), ColumnKind::Number).under(model.title()))
}

/// Its cell in the row of a level, or of everybody where both names are empty.
pub(super) fn cell(report: &Report, model: &ModelResult, [variable, level]: [&str; 2]) -> Option<Cell> {
    let marker = marker(report);
    if !has_own(model) {
        return None;
    }
    if variable.is_empty() {
        return Some(Cell::count(model.n_events, model.counts_hidden, &marker));
    }
    let row = model.levels.iter().find(|row| row.variable == variable && row.level == level && !level.is_empty());
    Some(row.map_or(Cell::from(Value::Empty), |row| Cell::count(row.events, row.hidden, &marker)))
}

fn has_own(model: &ModelResult) -> bool {
    !model.levels.is_empty()
}

/// Persons, records and events of every model in its column, where some model leaves records out or may do so.
pub(super) fn push_numbers(table: &mut DisplayTable, report: &Report) {
    let leaves_out = |m: &ModelResult| has_own(m) || m.counts_hidden || m.n_missing_dropped.is_some_and(|n| n > 0);
    if !report.models.iter().any(leaves_out) {
        return;
    }
    let w = report.words();
    table.push_group(w.numbers_in_models());
    let has_persons = report.models.iter().any(|m| m.n_persons.is_some());
    let several = report.models.iter().any(|m| m.n_persons != m.n_records);
    let numbers: [(bool, &str, Number); 3] = [
        (has_persons || !several, w.persons(), |m| m.n_persons),
        (several, w.records(), |m| m.n_records),
        (true, w.events(), |m| m.n_events),
    ];
    for (_, label, number) in numbers.into_iter().filter(|(shown, ..)| *shown) {
        push(table, report, label, number);
    }
}

/// A count of a model.
type Number = fn(&ModelResult) -> Option<u64>;

fn push(table: &mut DisplayTable, report: &Report, label: &str, number: Number) {
    let marker = marker(report);
    let n_models: usize = report.models.iter().map(|m| 1 + usize::from(has_own(m))).sum();
    let mut cells = vec![Cell::text(label)];
    cells.resize(table.columns.len() - n_models, Cell::from(Value::Empty));
    for model in &report.models {
        cells.extend(has_own(model).then(|| Cell::from(Value::Empty)));
        cells.push(Cell::count(number(model), model.counts_hidden, &marker));
    }
    table.push(RowKind::Item, &["", ""], cells);
}
