//! Comparisons of covariate patterns, one row each.

use super::coefficients::{any_hr_head, interval_head, p_head};
use super::{Cell, Column, ColumnKind, DisplayTable, RowKind, Value, marker};
use crate::report::{Contrast, ModelResult, Report};

/// Every comparison of every model: log hazard ratio, hazard ratio, limits, P.
pub fn contrast_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", w.comparison(), ColumnKind::Text),
        Column::new("hr", &interval_head(any_hr_head(report), report), ColumnKind::Interval),
        Column::new("estimate", w.log_hr(), ColumnKind::Number),
        Column::new("se", w.se(), ColumnKind::Number),
        Column::new("z", "z", ColumnKind::Number),
        Column::new("p", p_head(report), ColumnKind::Number),
    ];
    let keys = ["model", "comparison"];
    let mut table = DisplayTable::new("contrasts", w.contrasts_title(), &keys, columns);
    for model in report.models.iter().filter(|m| !m.contrasts.is_empty()) {
        if report.models.len() > 1 {
            table.push_group(model.title());
        }
        for contrast in &model.contrasts {
            let kind = if report.models.len() > 1 { RowKind::Item } else { RowKind::Plain };
            let cells = cells(&mut table, report, model, contrast);
            table.push(kind, &[&model.name, &contrast.comparison], cells);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

fn cells(table: &mut DisplayTable, report: &Report, model: &ModelResult, contrast: &Contrast) -> Vec<Cell> {
    let number = |value: Option<f64>, decimals| Cell::number(value.filter(|_| model.converged), decimals);
    vec![
        Cell::text(contrast.title()),
        ratio(table, report, model, contrast),
        number(contrast.estimate, 4),
        number(contrast.se, 4),
        number(contrast.z, 2),
        Cell::p(contrast.p.filter(|_| model.converged)),
    ]
}

fn ratio(table: &mut DisplayTable, report: &Report, model: &ModelResult, contrast: &Contrast) -> Cell {
    let value = match contrast.hr {
        _ if contrast.hidden => return Cell::from(Value::Hidden(marker(report))),
        Some(hr) if model.converged => return Cell::from(Value::Ratio(hr, contrast.lower, contrast.upper)),
        _ => Value::NotEstimable,
    };
    let reason = match &contrast.reason {
        Some(reason) if model.converged => report.words().said(reason),
        _ => report.words().not_converged().to_string(),
    };
    let mark = table.footnote(&reason);
    Cell::from(value).marked(mark)
}
