//! Hazard ratios along curves: one row per value of a number, against its reference value.

use super::coefficients::{any_hr_head, interval_head, p_head};
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::{ModelResult, RatioAt, RatiosAt, Report};

/// To read: a group per model and column. `None` when no model has any.
pub fn value_table(report: &Report) -> Option<DisplayTable> {
    let style = report.number_style();
    let mut table = empty(report, report.words().values_title());
    let marker = marker(report);
    for model in &report.models {
        for of in &model.ratios_at {
            let value = of.reference.map_or(marker.clone(), |x| style.value(x));
            let whose = if report.models.len() > 1 { format!(" ({})", model.title()) } else { String::new() };
            table.push_group(&report.words().against(of.title(), value, whose));
            for point in &of.points {
                push(&mut table, report, (model, of, point), &marker);
            }
            let remark = held(report, of).map(Remark::Text);
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
        Column::new("hr", &interval_head(any_hr_head(report), report), ColumnKind::Interval),
        Column::new("p", p_head(report), ColumnKind::Number),
    ];
    DisplayTable::new("hazard_ratios_at", title, &["model", "column", "value"], columns)
}

fn push(
    table: &mut DisplayTable,
    report: &Report,
    (model, of, point): (&ModelResult, &RatiosAt, &RatioAt),
    marker: &str,
) {
    let (w, style) = (report.words(), report.number_style());
    let shown = point.value.filter(|_| !point.hidden);
    let value = shown.map_or(marker.to_string(), |x| style.value(x));
    // For programs, without a typographic minus.
    let key = value.replace('−', "-");
    let label = match point.quantile {
        Some(0.5) => w.median_value(&value),
        Some(p) => w.percentile_value(&value, style.value(100.0 * p)),
        None => value.clone(),
    };
    let (ratio, why) = match point.ratio.hr {
        _ if point.hidden => (Value::Hidden(marker.to_string()), None),
        _ if !model.converged => (Value::NotEstimable, Some(w.not_converged())),
        _ if point.reference => (Value::Reference, None),
        Some(hr) => (Value::Ratio(hr, point.ratio.lower, point.ratio.upper), None),
        _ => (Value::NotEstimable, Some(w.no_curve_estimate())),
    };
    let mut cell = Cell::from(ratio);
    if let Some(why) = why {
        let mark = table.footnote(why);
        cell = cell.marked(mark);
    }
    let p = Cell::p(point.ratio.p.filter(|_| model.converged && !point.hidden));
    table.push(RowKind::Item, &[&model.name, &of.column, &key], vec![Cell::text(label), cell, p]);
}

/// What is held while the number moves.
fn held(report: &Report, of: &RatiosAt) -> Option<String> {
    let style = report.number_style();
    let names: Vec<String> = of.held.iter().map(|held| held.sentence(&style)).collect();
    (!names.is_empty()).then(|| report.words().held(of.title(), names.join(style.list_mark())))
}
