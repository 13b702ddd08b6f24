//! Hazard ratios along curves: one row per value of a number, against its reference value.

use super::coefficients::{NOT_CONVERGED, interval_head};
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::terms::short;
use crate::report::{ModelResult, RatioAt, RatiosAt, Report};

/// To read: a group per model and column. `None` when no model has any.
pub fn value_table(report: &Report) -> Option<DisplayTable> {
    let mut table = empty(report, "Hazard ratios at values");
    let marker = marker(report);
    for model in &report.models {
        for of in &model.ratios_at {
            let value = of.reference.map_or(marker.clone(), short);
            let whose = if report.models.len() > 1 { format!(", {}", model.title()) } else { String::new() };
            table.push_group(&format!("{}, against {value}{whose}", of.title()));
            for point in &of.points {
                push(&mut table, model, of, point, RowKind::Item, &marker);
            }
            let remark = held(of).map(Remark::Text);
            table.remarks.extend(remark.filter(|r| !table.remarks.contains(r)));
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// For programs: the same rows; group heads are left out there anyway.
pub fn value_data(report: &Report) -> Option<DisplayTable> {
    value_table(report)
}

fn empty(report: &Report, title: &str) -> DisplayTable {
    let columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("hr", &interval_head("HR", report), ColumnKind::Interval),
        Column::new("p", "P", ColumnKind::Number),
    ];
    DisplayTable::new("hazard_ratios_at", title, &["model", "column", "value"], columns)
}

fn push(table: &mut DisplayTable, model: &ModelResult, of: &RatiosAt, point: &RatioAt, kind: RowKind, marker: &str) {
    let value = point.value.filter(|_| !point.hidden).map_or(marker.to_string(), short);
    let label = match point.quantile {
        Some(0.5) => format!("{value} (median)"),
        Some(p) => format!("{value} ({}th percentile)", short(100.0 * p)),
        None => value.clone(),
    };
    let (ratio, why) = match point {
        RatioAt { hidden: true, .. } => (Value::Hidden(marker.to_string()), None),
        _ if !model.converged => (Value::NotEstimable, Some(NOT_CONVERGED)),
        RatioAt { reference: true, .. } => (Value::Reference, None),
        RatioAt { hr: Some(hr), .. } => (Value::Ratio(*hr, point.lower, point.upper), None),
        _ => (Value::NotEstimable, Some("no estimate: a coefficient of the curve has none")),
    };
    let mut cell = Cell::from(ratio);
    if let Some(why) = why {
        let mark = table.footnote(why);
        cell = cell.marked(mark);
    }
    let p = Cell::p(point.p.filter(|_| model.converged && !point.hidden));
    table.push(kind, &[&model.name, &of.column, &value], vec![Cell::text(label), cell, p]);
}

/// What is held while the number moves.
fn held(of: &RatiosAt) -> Option<String> {
    let names = of.held.join(", ");
    (!names.is_empty()).then(|| format!("{}: with {names}, because the model holds their interaction.", of.title()))
}
