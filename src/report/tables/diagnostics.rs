//! Diagnostics: tests of proportional hazards.

use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind};
use crate::report::{Report, TestResult};

/// The score tests of every model and function of time.
pub fn proportional_hazards_table(report: &Report) -> Option<DisplayTable> {
    let columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("chisq", "Chi-squared", ColumnKind::Number),
        Column::new("df", "df", ColumnKind::Number),
        Column::new("p", "P", ColumnKind::Number),
    ];
    let keys = &["model", "transform", "term"];
    let mut table = DisplayTable::new("proportional_hazards", "Tests of proportional hazards", keys, columns);
    let tested = report.models.iter().filter_map(|m| Some((m, m.proportional_hazards.as_ref()?)));
    for (model, test) in tested.flat_map(|(m, tests)| tests.all().map(move |t| (m, t))) {
        table.push_group(&format!("{}, against {}", model.title(), test.transform_in_words()));
        for term in &test.terms {
            let cells = cells(term.title(), &term.test());
            table.push(RowKind::Item, &[&model.name, &test.transform, &term.term], cells);
        }
        if let Some(global) = &test.global {
            table.push(RowKind::Item, &[&model.name, &test.transform, "GLOBAL"], cells("All terms", global));
        }
    }
    let robust = report.models.iter().any(|m| m.proportional_hazards.is_some() && m.variance != "model");
    if robust {
        table.remarks.push(Remark::Text(
            "These tests use the model-based variance, as in R, also where standard errors are robust.".to_owned(),
        ));
    }
    (!table.rows.is_empty()).then_some(table)
}

fn cells(label: &str, test: &TestResult) -> Vec<Cell> {
    vec![Cell::text(label), Cell::number(test.chisq, 2), Cell::number(test.df, 0), Cell::p(test.p)]
}
