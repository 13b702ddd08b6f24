//! What pooling over imputations adds to a model: how much was missing, and tests of terms.

use super::coefficients::p_head;
use super::{Cell, Column, ColumnKind, DisplayTable, RowKind};
use crate::report::{ModelResult, PooledTest, Pooling, Report};

/// Degrees of freedom, fraction of missing information and efficiency of every coefficient of the pooled models.
pub fn pooling_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", w.coefficient(), ColumnKind::Text),
        Column::new("df", w.df_of_t(), ColumnKind::Number),
        Column::new("riv", w.variance_increase(), ColumnKind::Number),
        Column::new("fmi", w.missing_information(), ColumnKind::Number),
        Column::new("relative_efficiency", w.relative_efficiency(), ColumnKind::Number),
    ];
    let title = w.pooling_title();
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
    let w = report.words();
    let columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("test", w.pooled_test(), ColumnKind::Text),
        Column::new("f", "F", ColumnKind::Number),
        Column::new("df1", w.df(), ColumnKind::Number),
        Column::new("df2", w.denominator_df(), ColumnKind::Number),
        Column::new("p", p_head(report), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("pooled_tests", w.pooled_tests_title(), &["model", "term", "method"], columns);
    for (model, pooling) in pooled(report).filter(|(m, _)| m.converged) {
        for wald in pooling.terms.iter().chain(&pooling.overall) {
            let label = match (wald.term.as_str(), wald.label.as_str()) {
                ("", _) => w.all_coefficients(),
                (term, "") => term,
                (_, label) => label,
            };
            let ratios = pooling.likelihood_ratios.iter().filter(|t| t.term == wald.term);
            for (place, test) in std::iter::once(wald).chain(ratios).enumerate() {
                let name = match test.method.as_str() {
                    "d2" => w.pooled_likelihood_ratio("D2"),
                    "d3" => w.pooled_likelihood_ratio("D3"),
                    _ => w.pooled_wald().to_owned(),
                };
                let label = if place == 0 { label } else { "" };
                table.push(RowKind::Plain, &[&model.name, &test.term, &test.method], test_cells(label, &name, test));
            }
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// The completed data sets: records, events and log partial likelihood of each.
pub fn imputation_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("label", w.imputation(), ColumnKind::Text),
        Column::new("nobs", w.records(), ColumnKind::Number),
        Column::new("nevent", w.events(), ColumnKind::Number),
        Column::new("n_missing", w.records_left_out_missing(), ColumnKind::Number),
        Column::new("logLik", w.log_partial_likelihood(), ColumnKind::Number),
        Column::new("iterations", w.iterations(), ColumnKind::Text),
    ];
    let mut table = DisplayTable::new("imputations", w.imputations_title(), &["model", "imputation"], columns);
    for (model, pooling) in pooled(report) {
        for set in &pooling.imputations {
            let iterations = match set.converged {
                true => set.iterations.to_string(),
                false => w.not_converged_short(set.iterations),
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

fn test_cells(label: &str, name: &str, test: &PooledTest) -> Vec<Cell> {
    vec![
        Cell::text(label),
        Cell::text(name),
        Cell::number(test.f, 2),
        Cell::number(test.df1, 0),
        Cell::number(test.df2, 1),
        Cell::p(test.p),
    ]
}
