//! Where the covariates come from, and how many persons had no value.

use super::{Cell, Column, ColumnKind, DisplayTable, RowKind, marker};
use crate::report::{Covariate, Report};

/// To read: every covariate with its source, levels by their labels, and missing values.
pub fn covariate_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    table(report, |covariate| (covariate.level_labels().join("; "), covariate.if_missing_in_words(w)))
}

/// For programs: the same rows, levels by the values that formulas use.
pub fn covariate_data(report: &Report) -> Option<DisplayTable> {
    let values = |c: &Covariate| c.levels.iter().map(|l| l.level.as_str()).collect::<Vec<_>>().join(", ");
    table(report, |covariate| (values(covariate), report.words().if_missing_in_words(&covariate.if_missing)))
}

/// The rows, with what is said of levels and of missing values.
fn table(report: &Report, said: impl Fn(&Covariate) -> (String, String)) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", w.covariate(), ColumnKind::Text),
        Column::new("source", w.values_from(), ColumnKind::Text),
        Column::new("timing", w.as_of(), ColumnKind::Text),
        Column::new("levels", w.levels(), ColumnKind::Text),
        Column::new("persons", w.persons(), ColumnKind::Number),
        Column::new("missing_before", w.without_value(), ColumnKind::Number),
        Column::new("if_missing", w.then(), ColumnKind::Text),
        Column::new("missing_after", w.left_out(), ColumnKind::Number),
        Column::new("unlisted", w.unlisted(), ColumnKind::Number),
        Column::new("overridden", w.by_override(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("covariates", w.covariates(), &["variable"], columns);
    let marker = marker(report);
    for covariate in &report.covariates {
        let count = |n: Option<u64>| Cell::count(n, covariate.hidden, &marker);
        let (levels, if_missing) = said(covariate);
        let cells = vec![
            Cell::text(&covariate.label),
            Cell::text(w.source_in_words(&covariate.source)),
            Cell::text(match covariate.timing.as_str() {
                "current" => w.every_day(),
                "entry" => w.entry_day(),
                _ => w.index(),
            }),
            Cell::text(levels),
            count(covariate.persons),
            count(covariate.missing_before),
            Cell::text(if_missing),
            count(covariate.missing_after),
            count(covariate.unlisted),
            count(covariate.overridden),
        ];
        table.push(RowKind::Plain, &[&covariate.name], cells);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// What the records were checked for, and how many were found.
pub fn check_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("looked_for", w.looked_for(), ColumnKind::Text),
        Column::new("found", w.records_or_events(), ColumnKind::Number),
        Column::new("persons", w.persons(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("checks", w.checks_of_records(), &[], columns);
    let marker = marker(report);
    for check in &report.checks {
        let counts = [check.found, check.persons].map(|n| Cell::count(n, check.hidden, &marker));
        table.push(RowKind::Plain, &[], std::iter::once(Cell::text(w.said(&check.looked_for))).chain(counts).collect());
    }
    (!table.rows.is_empty()).then_some(table)
}
