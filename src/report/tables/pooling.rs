//! What pooling over imputations adds to a model: how much was missing, and tests of terms.

use super::{Cell, Column, ColumnKind, DisplayTable, RowKind};
use crate::report::{ModelResult, PooledTest, Pooling, Report};

/// Degrees of freedom, fraction of missing information and efficiency of every coefficient of the pooled models.
pub fn pooling_table(report: &Report) -> Option<DisplayTable> {
    let columns = vec![
        Column::new("label", "Coefficient", ColumnKind::Text),
        Column::new("df", "df of t", ColumnKind::Number),
        Column::new("riv", "Relative increase of variance", ColumnKind::Number),
        Column::new("fmi", "Fraction of missing information", ColumnKind::Number),
        Column::new("relative_efficiency", "Relative efficiency", ColumnKind::Number),
    ];
    let title = "Pooling over imputations";
    let mut table = DisplayTable::new("pooling", title, &["model", "term"], columns);
    for (model, pooling) in pooled(report) {
        for (c, pooled) in model.coefficients.iter().zip(&pooling.coefficients) {
            let shown = |x: Option<f64>| x.filter(|_| model.converged && !c.hidden && !c.infinite);
            let cells = vec![
                Cell::text(c.title()),
                Cell::number(shown(pooled.df), 1),
                Cell::number(shown(pooled.riv), 3),
                Cell::number(shown(pooled.fmi), 3),
                Cell::number(shown(pooled.relative_efficiency), 3),
            ];
            table.push(RowKind::Plain, &[&model.name, &pooled.name], cells);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// The pooled tests of terms, and of all coefficients together.
pub fn pooled_test_table(report: &Report) -> Option<DisplayTable> {
    let columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("f", "F", ColumnKind::Number),
        Column::new("df1", "df", ColumnKind::Number),
        Column::new("df2", "Denominator df", ColumnKind::Number),
        Column::new("p", "P", ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("pooled_tests", "Pooled Wald tests (D1)", &["model", "term"], columns);
    for (model, pooling) in pooled(report).filter(|(m, _)| m.converged) {
        for test in &pooling.terms {
            let label = if test.label.is_empty() { &test.term } else { &test.label };
            table.push(RowKind::Plain, &[&model.name, &test.term], test_cells(label, test));
        }
        if let Some(test) = &pooling.overall {
            table.push(RowKind::Plain, &[&model.name, ""], test_cells("All coefficients", test));
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// The completed data sets: records, events and log partial likelihood of each.
pub fn imputation_table(report: &Report) -> Option<DisplayTable> {
    let columns = vec![
        Column::new("label", "Imputation", ColumnKind::Text),
        Column::new("nobs", "Records", ColumnKind::Number),
        Column::new("nevent", "Events", ColumnKind::Number),
        Column::new("n_missing", "Records left out, missing value", ColumnKind::Number),
        Column::new("logLik", "Log partial likelihood", ColumnKind::Number),
        Column::new("iterations", "Iterations", ColumnKind::Text),
    ];
    let mut table = DisplayTable::new("imputations", "Completed data sets", &["model", "imputation"], columns);
    for (model, pooling) in pooled(report) {
        for set in &pooling.imputations {
            let iterations = match set.converged {
                true => set.iterations.to_string(),
                false => format!("{}, not converged", set.iterations),
            };
            let cells = vec![
                Cell::text(&set.name),
                Cell::count(set.n_records, false, ""),
                Cell::count(set.n_events, false, ""),
                Cell::count(set.n_missing_dropped, false, ""),
                Cell::number(set.log_partial_likelihood, 2),
                Cell::text(iterations),
            ];
            table.push(RowKind::Plain, &[&model.name, &set.name], cells);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

fn pooled(report: &Report) -> impl Iterator<Item = (&ModelResult, &Pooling)> {
    report.models.iter().filter_map(|m| m.pooling.as_ref().map(|p| (m, p)))
}

fn test_cells(label: &str, test: &PooledTest) -> Vec<Cell> {
    vec![
        Cell::text(label),
        Cell::number(test.f, 2),
        Cell::number(test.df1, 0),
        Cell::number(test.df2, 1),
        Cell::p(test.p),
    ]
}
