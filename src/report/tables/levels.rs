//! The main table: per level persons, events, person-years, rate, and the hazard ratio of every model side by side.

use super::coefficients::{basis_remarks, interval_head, ratio_cell, warning_remark};
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::number::NumberStyle;
use crate::report::{Coefficient, Counts, LevelRow, ModelResult, Report};
use std::collections::BTreeSet;

/// One row per level of every table variable, the reference rows included, then one row per unit of every numeric
/// covariate, and a total. `None` when the report has neither levels nor a total.
pub fn level_table(report: &Report) -> Option<DisplayTable> {
    if report.levels.is_empty() && report.total.is_none() {
        return None;
    }
    let title = "Persons, events, rates and hazard ratios";
    let mut table = DisplayTable::new("levels", title, &["variable", "level"], columns(report));
    if let Some(total) = &report.total {
        push_row(&mut table, report, RowKind::Plain, ["", ""], "All", total, |_, _| Cell::from(Value::Empty));
    }
    for rows in report.levels.chunk_by(|a, b| a.variable == b.variable) {
        table.push_group(if rows[0].label.is_empty() { &rows[0].variable } else { &rows[0].label });
        for row in rows {
            let label = if row.level_label.is_empty() { &row.level } else { &row.level_label };
            let hr = |table: &mut DisplayTable, model: &ModelResult| level_cell(table, report, model, row);
            push_row(&mut table, report, RowKind::Item, [&row.variable, &row.level], label, &row.counts, hr);
        }
    }
    push_numeric(&mut table, report);
    push_remarks(&mut table, report);
    Some(table)
}

fn columns(report: &Report) -> Vec<Column> {
    let per = NumberStyle::ENGLISH.decimal(report.settings.rate_per, 0);
    let mut columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("persons", "Persons", ColumnKind::Number),
        Column::new("events", "Events", ColumnKind::Number),
        Column::new("person_years", "Person-years", ColumnKind::Number),
        Column::new("rate", &interval_head(&format!("Rate per {per} person-years"), report), ColumnKind::Interval),
    ];
    let hr = interval_head("HR", report);
    columns.extend(
        report
            .models
            .iter()
            .map(|m| Column::new(&format!("{}_hr", m.name), &hr, ColumnKind::Interval).under(m.title())),
    );
    columns
}

fn push_row(
    table: &mut DisplayTable,
    report: &Report,
    kind: RowKind,
    keys: [&str; 2],
    label: &str,
    counts: &Counts,
    hazard_ratio: impl Fn(&mut DisplayTable, &ModelResult) -> Cell,
) {
    let marker = marker(report);
    let hidden = counts.persons_hidden || counts.events_hidden;
    let unless_hidden = |value: Option<Value>| match hidden {
        true => Cell::from(Value::Hidden(marker.clone())),
        false => Cell::from(value.unwrap_or(Value::Empty)),
    };
    let mut cells = vec![
        Cell::text(label),
        Cell::count(counts.persons, counts.persons_hidden, &marker),
        Cell::count(counts.events, counts.events_hidden, &marker),
        unless_hidden(counts.person_years.map(Value::PersonYears)),
        unless_hidden(counts.rate.map(|r| Value::Rate(r, counts.rate_lower, counts.rate_upper))),
    ];
    for model in &report.models {
        cells.push(hazard_ratio(table, model));
    }
    table.push(kind, &keys, cells);
}

/// The hazard ratio of one level in one model: its own main-effect coefficient, the reference, or nothing.
fn level_cell(table: &mut DisplayTable, report: &Report, model: &ModelResult, row: &LevelRow) -> Cell {
    let of_variable = || model.coefficients.iter().filter(|c| is_main_effect_of(c, &row.variable));
    if let Some(own) = of_variable().find(|c| c.parts[0].level.as_deref() == Some(&row.level) && !row.missing) {
        let mut cell = ratio_cell(table, report, model, own);
        if let Some(other) = interacting(model, &row.variable) {
            let text = format!("at the reference of {other}, because the model holds their interaction");
            let mark = table.footnote(&text);
            cell.marks.push(mark);
        }
        return cell;
    }
    let is_reference = !row.missing && of_variable().any(|c| c.parts[0].versus.as_deref() == Some(&row.level));
    Cell::from(if is_reference { Value::Reference } else { Value::Empty })
}

fn is_main_effect_of(c: &Coefficient, variable: &str) -> bool {
    c.parts.len() == 1 && c.parts[0].variable == variable
}

/// The variables that `variable` interacts with in the model's own formula.
fn interacting(model: &ModelResult, variable: &str) -> Option<String> {
    let others: BTreeSet<&str> = model
        .coefficients
        .iter()
        .filter(|c| c.parts.len() > 1 && c.parts.iter().any(|p| p.variable == variable))
        .flat_map(|c| c.parts.iter().map(|p| p.variable.as_str()))
        .filter(|v| *v != variable)
        .collect();
    (!others.is_empty()).then(|| others.into_iter().collect::<Vec<_>>().join(", "))
}

/// One row per numeric column that any model holds, in the order of first appearance.
fn push_numeric(table: &mut DisplayTable, report: &Report) {
    let mut seen: Vec<&Coefficient> = Vec::new();
    for c in report.models.iter().flat_map(|m| &m.coefficients) {
        let numeric = c.parts.len() == 1 && c.parts[0].level.is_none() && c.parts[0].basis.is_none();
        if numeric && !seen.iter().any(|s| s.name == c.name) {
            seen.push(c);
        }
    }
    if seen.is_empty() {
        return;
    }
    table.push_group("Per unit");
    for numeric in seen {
        let hr = |table: &mut DisplayTable, model: &ModelResult| {
            let own = model.coefficients.iter().find(|c| c.name == numeric.name);
            own.map_or(Cell::from(Value::Empty), |c| ratio_cell(table, report, model, c))
        };
        let keys = [numeric.parts[0].variable.as_str(), ""];
        push_row(table, report, RowKind::Item, keys, numeric.title(), &Counts::default(), hr);
    }
}

fn push_remarks(table: &mut DisplayTable, report: &Report) {
    for model in &report.models {
        let rows: BTreeSet<(&str, &str)> =
            report.levels.iter().map(|l| (l.variable.as_str(), l.level.as_str())).collect();
        let elsewhere = model.coefficients.iter().filter(|c| !in_table(c, &rows)).count();
        if elsewhere > 0 {
            let columns = if elsewhere == 1 { "1 coefficient" } else { &format!("{elsewhere} coefficients") };
            let text = format!("{}: {columns} not in this table; see the coefficients file.", model.title());
            table.remarks.push(Remark::Text(text));
        }
        if let Some(n) = model.n_missing_dropped.filter(|n| *n > 0) {
            let records =
                if n == 1 { "1 record".to_owned() } else { format!("{} records", NumberStyle::ENGLISH.count(n)) };
            let text = format!("{}: {records} left out because a value is missing.", model.title());
            table.remarks.push(Remark::Text(text));
        }
        for remark in basis_remarks(report, model) {
            if !table.remarks.contains(&remark) {
                table.remarks.push(remark);
            }
        }
        table.remarks.extend(model.warnings.iter().map(|w| match warning_remark(w) {
            Remark::Warning(text) => Remark::Warning(format!("{}: {text}", model.title())),
            other => other,
        }));
    }
}

/// Whether a coefficient has a row: a main effect of a listed level, or a numeric column.
fn in_table(c: &Coefficient, rows: &BTreeSet<(&str, &str)>) -> bool {
    let [part] = c.parts.as_slice() else { return false };
    if part.basis.is_some() {
        return false;
    }
    part.level.as_deref().is_none_or(|level| rows.contains(&(part.variable.as_str(), level)))
}
