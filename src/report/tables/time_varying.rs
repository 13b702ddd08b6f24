//! Hazard ratios that change with time.

use super::coefficients::{hr_head, interval_head, p_head};
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::house_style::Language;
use crate::report::{HazardRatioAt, ModelResult, Report, TimeVarying};

/// For reading, one table per model: a group per covariate and level, a row per time or interval.
pub fn time_varying_tables(report: &Report) -> Vec<DisplayTable> {
    report.models.iter().filter(|m| !m.time_varying.is_empty()).map(|m| table(report, m)).collect()
}

fn table(report: &Report, model: &ModelResult) -> DisplayTable {
    let stepwise = model.time_varying.iter().any(|v| v.level.is_some() && v.is_stepwise());
    let w = report.words();
    let mut columns = vec![Column::new("time", super::time_head(report), ColumnKind::Text)];
    if stepwise {
        columns.push(Column::new("events", w.events(), ColumnKind::Number));
        columns.push(Column::new("events_versus", w.events_reference(), ColumnKind::Number));
    }
    columns.push(Column::new("hr", &interval_head(hr_head(report, model), report), ColumnKind::Interval));
    columns.push(Column::new("p", p_head(report), ColumnKind::Number));
    let title = match report.models.len() {
        1 => w.along_time().to_string(),
        _ => w.along_time_of(model.title()),
    };
    let mut table = DisplayTable::new(&format!("time_varying_{}", model.name), &title, &[], columns);
    for varying in &model.time_varying {
        table.push_group(&head(w, varying));
        for at in &varying.hazard_ratios {
            let mut cells = vec![Cell::text(when(w, at))];
            if stepwise {
                cells.extend([at.events, at.events_versus].map(|n| Cell::count(n, at.hidden, &marker(report))));
            }
            cells.extend([ratio(report, model, at), Cell::p(at.ratio.p.filter(|_| model.converged))]);
            table.push(RowKind::Item, &[], cells);
        }
        if !varying.besides.is_empty() {
            let terms = varying.besides.join(", ");
            table.remarks.push(Remark::Text(w.factor_beside_terms(varying.title(), terms)));
        }
        if !varying.at_reference.is_empty() {
            let others = varying.at_reference.join(", ");
            table.remarks.push(Remark::Text(w.at_the_reference(varying.title(), others)));
        }
    }
    table.remarks.dedup();
    table
}

/// For programs: one row per level and time.
pub fn time_varying_data(report: &Report) -> Option<DisplayTable> {
    let names = ["time", "after", "until", "events", "events_versus"];
    let mut columns = vec![Column::new("label", "Covariate", ColumnKind::Text)];
    columns.push(Column::new("level_label", "Level", ColumnKind::Text));
    columns.extend(names.map(|name| Column::new(name, name, ColumnKind::Number)));
    columns.push(Column::new("hr", "HR", ColumnKind::Interval));
    columns.push(Column::new("p", "P", ColumnKind::Number));
    let mut table =
        DisplayTable::new("time_varying", "Hazard ratios along time", &["model", "variable", "level"], columns);
    let marker = marker(report);
    for (model, varying) in report.models.iter().flat_map(|m| m.time_varying.iter().map(move |v| (m, v))) {
        for at in &varying.hazard_ratios {
            let mut cells = vec![Cell::text(varying.title()), Cell::text(varying.level_title())];
            cells.extend([at.time, at.after, at.until].map(|t| Cell::number(t, 4)));
            cells.extend([at.events, at.events_versus].map(|n| Cell::count(n, at.hidden, &marker)));
            cells.extend([ratio(report, model, at), Cell::p(at.ratio.p.filter(|_| model.converged))]);
            let level = varying.level.as_deref().unwrap_or_default();
            table.push(RowKind::Plain, &[&model.name, &varying.variable, level], cells);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// `Migrant group: Nordic`, `Age (per unit)`.
fn head(w: Language, varying: &TimeVarying) -> String {
    match varying.level {
        Some(_) => format!("{}: {}", varying.title(), varying.level_title()),
        None => w.per_unit(varying.title()),
    }
}

/// `up to 90`, `over 90, up to 180`, `over 180`, `at 30`.
fn when(w: Language, at: &HazardRatioAt) -> String {
    let number = |t: &f64| crate::formula::number_text(*t);
    match (&at.time, &at.after, &at.until) {
        (Some(time), ..) => w.when_at(number(time)),
        (None, None, Some(until)) => w.when_up_to(number(until)),
        (None, Some(after), Some(until)) => w.when_over_up_to(number(after), number(until)),
        (None, Some(after), None) => w.when_over(number(after)),
        (None, None, None) => w.when_always().to_string(),
    }
}

fn ratio(report: &Report, model: &ModelResult, at: &HazardRatioAt) -> Cell {
    Cell::from(match at.ratio.hr {
        _ if at.hidden => Value::Hidden(marker(report)),
        Some(hr) if model.converged && at.ratio.lower.is_some() => Value::Ratio(hr, at.ratio.lower, at.ratio.upper),
        Some(_) if model.converged => Value::Diverged(at.ratio.estimate.is_none_or(|e| e > 0.0), None),
        _ => Value::NotEstimable,
    })
}
