//! What each fit used and how well it fits: one column per model to read, one row per model (broom's names) for programs.

use super::{Cell, Column, ColumnKind, DisplayTable, RowKind, Value, marker};
use crate::conventions::Conventions;
use crate::report::{ModelResult, Report, TestResult};

/// A statistic of a model: what people read, its name in data files (broom's where it has one), its value.
struct Statistic {
    head: &'static str,
    key: &'static str,
    kind: ColumnKind,
    cell: fn(&ModelResult, &str) -> Cell,
}

const fn statistic(
    head: &'static str,
    key: &'static str,
    kind: ColumnKind,
    cell: fn(&ModelResult, &str) -> Cell,
) -> Statistic {
    Statistic { head, key, kind, cell }
}

/// In the order of the table. Every function gets the model and the marker of hidden numbers.
const STATISTICS: [Statistic; 24] = [
    statistic("Formula", "formula", ColumnKind::Text, |m, _| Cell::text(&m.formula)),
    statistic("Records", "nobs", ColumnKind::Number, |m, hidden| Cell::count(m.n_records, m.counts_hidden, hidden)),
    statistic("Persons", "n_persons", ColumnKind::Number, |m, hidden| {
        Cell::count(m.n_persons, m.counts_hidden && m.n_persons.is_some(), hidden)
    }),
    statistic("Events", "nevent", ColumnKind::Number, |m, hidden| Cell::count(m.n_events, m.counts_hidden, hidden)),
    statistic("Records left out, missing value", "n_missing", ColumnKind::Number, |m, hidden| {
        Cell::count(m.n_missing_dropped, m.counts_hidden, hidden)
    }),
    statistic("Conventions", "like", ColumnKind::Text, |m, _| {
        words(m.like.as_deref().and_then(Conventions::named).map_or("", Conventions::program))
    }),
    statistic("Ties", "ties", ColumnKind::Text, |m, _| Cell::text(&m.ties)),
    statistic("Penalty", "penalty", ColumnKind::Text, |m, _| words(m.penalty.as_deref().unwrap_or(""))),
    statistic("Intervals", "interval", ColumnKind::Text, |m, _| match m.interval.as_str() {
        "profile" => Cell::text("profile likelihood"),
        _ => Cell::from(Value::Empty),
    }),
    statistic("Variance", "variance", ColumnKind::Text, |m, _| {
        let by = m.cluster.as_ref().map_or(String::new(), |cluster| format!(" ({cluster})"));
        let factor = m.cluster_correction.as_ref().map_or(String::new(), |factor| format!(" × {factor}"));
        Cell::text(format!("{}{by}{factor}", m.variance))
    }),
    statistic("Strata", "strata", ColumnKind::Text, |m, _| words(&m.strata.join(", "))),
    statistic("Weights", "weights", ColumnKind::Text, |m, _| words(m.weights.as_deref().unwrap_or(""))),
    statistic("Log partial likelihood, null", "logLik.null", ColumnKind::Number, |m, _| {
        converged(m, Cell::number(m.log_partial_likelihood.null, 2))
    }),
    statistic("Log partial likelihood, fitted", "logLik", ColumnKind::Number, |m, _| {
        converged(m, Cell::number(m.log_partial_likelihood.fitted, 2))
    }),
    statistic("Penalised log-likelihood, null", "logLik.penalised.null", ColumnKind::Number, |m, _| {
        converged(m, Cell::number(m.penalised.and_then(|p| p.null), 2))
    }),
    statistic("Penalised log-likelihood, fitted", "logLik.penalised", ColumnKind::Number, |m, _| {
        converged(m, Cell::number(m.penalised.and_then(|p| p.fitted), 2))
    }),
    statistic("AIC", "AIC", ColumnKind::Number, |m, _| converged(m, Cell::number(m.aic, 1))),
    statistic("BIC", "BIC", ColumnKind::Number, |m, _| converged(m, Cell::number(m.bic, 1))),
    statistic("Likelihood-ratio test", "log", ColumnKind::Test, |m, _| test(m, m.tests.lr)),
    statistic("Wald test", "wald", ColumnKind::Test, |m, _| test(m, m.tests.wald)),
    statistic("Score (log-rank) test", "sc", ColumnKind::Test, |m, _| test(m, m.tests.score)),
    statistic("Robust score test", "robust", ColumnKind::Test, |m, _| test(m, m.tests.robust_score)),
    statistic("Concordance (SE)", "concordance", ColumnKind::WithError, |m, _| concordance(m)),
    statistic("Iterations", "iterations", ColumnKind::Text, |m, _| {
        Cell::text(match m.converged {
            true => m.iterations.to_string(),
            false => format!("{}, not converged: {}", m.iterations, m.termination),
        })
    }),
];

/// To read: one row per statistic, one column per model; rows that no model fills are left out.
pub fn model_table(report: &Report) -> Option<DisplayTable> {
    if report.models.is_empty() {
        return None;
    }
    let mut columns = vec![Column::new("statistic", "", ColumnKind::Text)];
    columns.extend(report.models.iter().map(|m| Column::new(&m.name, m.title(), ColumnKind::Number)));
    let mut table = DisplayTable::new("models", "Model fit", &[], columns);
    let marker = marker(report);
    for statistic in &STATISTICS {
        let values: Vec<Cell> = report.models.iter().map(|m| (statistic.cell)(m, &marker)).collect();
        if values.iter().any(|c| c.value != Value::Empty) {
            let mut cells = vec![Cell::text(head(statistic, report))];
            cells.extend(values);
            table.push(RowKind::Plain, &[], cells);
        }
    }
    Some(table)
}

/// What people read before a statistic; tests are named as in the program whose conventions all models follow.
fn head(statistic: &Statistic, report: &Report) -> &'static str {
    let like = report.models.first().and_then(|m| m.like.as_deref());
    let test = match statistic.key {
        "log" => "lr",
        "wald" => "wald",
        "sc" => "score",
        "robust" => "robust_score",
        _ => return statistic.head,
    };
    let conventions = like.filter(|name| report.models.iter().all(|m| m.like.as_deref() == Some(name)));
    conventions.and_then(Conventions::named).and_then(|c| c.test_name(test)).unwrap_or(statistic.head)
}

/// For programs: one row per model.
pub fn model_data(report: &Report) -> Option<DisplayTable> {
    if report.models.is_empty() {
        return None;
    }
    let mut columns = vec![Column::new("label", "Model", ColumnKind::Text)];
    columns.extend(STATISTICS.iter().map(|s| Column::new(s.key, s.head, s.kind)));
    let mut table = DisplayTable::new("models", "Model fit", &["model"], columns);
    let marker = marker(report);
    for m in &report.models {
        let mut cells = vec![Cell::text(m.title())];
        cells.extend(STATISTICS.iter().map(|s| (s.cell)(m, &marker)));
        table.push(RowKind::Plain, &[&m.name], cells);
    }
    Some(table)
}

/// To read: Wald and likelihood-ratio test of every term of every model.
pub fn term_table(report: &Report) -> Option<DisplayTable> {
    let mut columns = vec![Column::new("label", "", ColumnKind::Text)];
    columns.extend(test_columns());
    let mut table = DisplayTable::new("terms", "Tests of terms", &["model", "term"], columns);
    for m in report.models.iter().filter(|m| m.converged && !m.terms.is_empty()) {
        table.push_group(m.title());
        for t in &m.terms {
            let mut cells = vec![Cell::text(t.title())];
            for test in [t.wald, t.lr] {
                cells.extend(test_cells(test));
            }
            table.push(RowKind::Item, &[&m.name, &t.term], cells);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// For programs: the same rows; group heads are left out there anyway.
pub fn term_data(report: &Report) -> Option<DisplayTable> {
    term_table(report)
}

/// Chi-squared, degrees of freedom and P of a Wald and of a likelihood-ratio test.
pub(super) fn test_columns() -> Vec<Column> {
    let mut columns = Vec::new();
    for (key, span) in [("wald", "Wald test"), ("lr", "Likelihood-ratio test")] {
        for (part, head) in [("chisq", "Chi-squared"), ("df", "df"), ("p", "P")] {
            columns.push(Column::new(&format!("{key}_{part}"), head, ColumnKind::Number).under(span));
        }
    }
    columns
}

/// One test as three cells, in the order of [`test_columns`].
pub(super) fn test_cells(test: Option<TestResult>) -> [Cell; 3] {
    let test = test.unwrap_or_default();
    let decimals = test.df.map_or(0, |df| if df.fract() == 0.0 { 0 } else { 2 });
    [Cell::number(test.chisq, 2), Cell::number(test.df, decimals), Cell::p(test.p)]
}

fn words(text: &str) -> Cell {
    if text.is_empty() { Cell::from(Value::Empty) } else { Cell::text(text) }
}

fn converged(m: &ModelResult, cell: Cell) -> Cell {
    if m.converged { cell } else { Cell::from(Value::Empty) }
}

fn test(m: &ModelResult, result: Option<TestResult>) -> Cell {
    converged(m, Cell::test(result))
}

fn concordance(m: &ModelResult) -> Cell {
    let value = m.concordance.and_then(|c| c.value.map(|v| Value::Concordance(v, c.se)));
    converged(m, Cell::from(value.unwrap_or(Value::Empty)))
}
