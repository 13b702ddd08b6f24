//! Diagnostics: tests of proportional hazards, hazard ratios over time, functional form.

use super::coefficients::p_head;
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value};
use crate::report::{Report, TestResult};

/// The score tests of every model and function of time.
pub fn proportional_hazards_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("chisq", w.chi_squared(), ColumnKind::Number),
        Column::new("df", w.df(), ColumnKind::Number),
        Column::new("p", p_head(report), ColumnKind::Number),
    ];
    let keys = &["model", "transform", "term"];
    let mut table = DisplayTable::new("proportional_hazards", w.proportional_hazards_title(), keys, columns);
    let tested = report.models.iter().filter_map(|m| Some((m, m.proportional_hazards.as_ref()?)));
    for (model, test) in tested.flat_map(|(m, tests)| tests.all().map(move |t| (m, t))) {
        table.push_group(&w.against_function(model.title(), w.said(test.transform_in_words())));
        for term in &test.terms {
            let cells = cells(term.title(), &term.test());
            table.push(RowKind::Item, &[&model.name, &test.transform, &term.term], cells);
        }
        if let Some(global) = &test.global {
            table.push(RowKind::Item, &[&model.name, &test.transform, "GLOBAL"], cells(w.all_terms(), global));
        }
    }
    let robust = report.models.iter().any(|m| m.proportional_hazards.is_some() && m.variance != "model");
    if robust {
        table.remarks.push(Remark::Text(w.model_based_tests().to_owned()));
    }
    (!table.rows.is_empty()).then_some(table)
}

fn cells(label: &str, test: &TestResult) -> Vec<Cell> {
    vec![Cell::text(label), Cell::number(test.chisq, 2), Cell::number(test.df, 0), Cell::p(test.p)]
}

/// Hazard ratios at times by which given shares of the events have happened.
pub fn time_smooth_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("time", super::time_head(report), ColumnKind::Number),
        Column::new("hr", w.hr_two_se(), ColumnKind::Interval),
    ];
    let keys = &["model", "coefficient", "share"];
    let mut table = DisplayTable::new("hazard_ratios_over_time", w.over_time_title(), keys, columns);
    let tested = report.models.iter().filter_map(|m| Some((m, m.proportional_hazards.as_ref()?)));
    for (model, smooth) in tested.flat_map(|(m, test)| test.smooths.iter().map(move |s| (m, s))) {
        table.push_group(&format!("{}, {}", model.title(), smooth.title()));
        for point in &smooth.at {
            let share = report.number_style().level(point.share.unwrap_or_default());
            let exp = |x: Option<f64>| x.map(f64::exp);
            let ratio = exp(point.estimate).map(|hr| Value::Ratio(hr, exp(point.lower), exp(point.upper)));
            let cells = vec![
                Cell::text(w.by_share_of_events(&share)),
                Cell::number(point.time, 0),
                Cell::from(ratio.unwrap_or(Value::Empty)),
            ];
            table.push(RowKind::Item, &[&model.name, &smooth.coefficient, &share], cells);
        }
    }
    table.remarks.push(Remark::Text(w.smooth_remark().to_owned()));
    (!table.rows.is_empty()).then_some(table)
}

/// The checks of functional form.
pub fn functional_form_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("statistic", w.largest_residual(), ColumnKind::Number),
        Column::new("at", w.at_value(), ColumnKind::Number),
        Column::new("p", p_head(report), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("functional_form", w.functional_form_title(), &["model", "variable"], columns);
    for model in report.models.iter().filter(|m| !m.functional_form.is_empty()) {
        table.push_group(model.title());
        for form in &model.functional_form {
            let cells = vec![
                Cell::text(form.title()),
                Cell::number(form.statistic, 2),
                Cell::number(form.at, 1),
                Cell::p(form.p),
            ];
            table.push(RowKind::Item, &[&model.name, &form.variable], cells);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}
