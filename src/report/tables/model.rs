//! What each fit used and how well it fits: one column per model to read, one row per model (broom's names) for programs.

use super::coefficients::p_head;
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::conventions::Conventions;
use crate::house_style::Language;
use crate::report::{CompetingRisks, ModelResult, Report, TestResult};

/// A statistic of a model: what people read, its name in data files (broom's where it has one), its value.
struct Statistic {
    head: fn(Language) -> &'static str,
    key: &'static str,
    kind: ColumnKind,
    cell: fn(&ModelResult, &About) -> Cell,
}

/// What a cell needs beside its model.
struct About {
    words: Language,
    marker: String,
    reader: Reader,
}

/// Who reads a cell: people read words, programs the names of `results.json`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    People,
    Programs,
}

const fn statistic(
    head: fn(Language) -> &'static str,
    key: &'static str,
    kind: ColumnKind,
    cell: fn(&ModelResult, &About) -> Cell,
) -> Statistic {
    Statistic { head, key, kind, cell }
}

impl About {
    fn new(report: &Report, reader: Reader) -> About {
        About { words: report.words(), marker: marker(report), reader }
    }

    /// A name of `results.json` for the reader.
    fn named(&self, name: &str, words: fn(Language, &str) -> String) -> String {
        match self.reader {
            Reader::People => words(self.words, name),
            Reader::Programs => name.to_owned(),
        }
    }
}

/// In the order of the table.
const STATISTICS: [Statistic; 24] = [
    statistic(Language::formula, "formula", ColumnKind::Text, |m, _| Cell::text(&m.formula)),
    statistic(Language::records, "nobs", ColumnKind::Number, |m, about| {
        Cell::count(m.n_records, m.counts_hidden, &about.marker)
    }),
    statistic(Language::persons, "n_persons", ColumnKind::Number, |m, about| {
        Cell::count(m.n_persons, m.counts_hidden && m.n_persons.is_some(), &about.marker)
    }),
    statistic(Language::events, "nevent", ColumnKind::Number, |m, about| {
        Cell::count(m.n_events, m.counts_hidden, &about.marker)
    }),
    statistic(Language::records_left_out_missing, "n_missing", ColumnKind::Number, |m, about| {
        Cell::count(m.n_missing_dropped, m.counts_hidden, &about.marker)
    }),
    statistic(Language::conventions, "like", ColumnKind::Text, |m, _| {
        words(m.like.as_deref().and_then(Conventions::named).map_or("", Conventions::program))
    }),
    statistic(Language::ties, "ties", ColumnKind::Text, |m, about| {
        Cell::text(about.named(&m.ties, Language::ties_by_name))
    }),
    statistic(Language::penalty, "penalty", ColumnKind::Text, |m, about| {
        words(&about.named(m.penalty.as_deref().unwrap_or(""), Language::penalty_by_name))
    }),
    statistic(Language::intervals, "interval", ColumnKind::Text, |m, about| match m.interval.as_str() {
        "profile" => Cell::text(about.words.profile_likelihood()),
        _ => Cell::from(Value::Empty),
    }),
    statistic(Language::variance, "variance", ColumnKind::Text, |m, about| {
        let by = m.cluster.as_ref().map_or(String::new(), |cluster| format!(" ({cluster})"));
        let factor = m.cluster_correction.as_ref().map_or(String::new(), |factor| format!(" × {factor}"));
        Cell::text(format!("{}{by}{factor}", about.named(&m.variance, Language::variance_by_name)))
    }),
    statistic(Language::strata, "strata", ColumnKind::Text, |m, _| words(&m.strata.join(", "))),
    statistic(Language::weights, "weights", ColumnKind::Text, |m, _| words(m.weights.as_deref().unwrap_or(""))),
    statistic(Language::log_likelihood_null, "logLik.null", ColumnKind::Number, |m, _| {
        converged(m, Cell::number(m.log_partial_likelihood.null, 2))
    }),
    statistic(Language::log_likelihood_fitted, "logLik", ColumnKind::Number, |m, _| {
        converged(m, Cell::number(m.log_partial_likelihood.fitted, 2))
    }),
    statistic(Language::penalised_null, "logLik.penalised.null", ColumnKind::Number, |m, _| {
        converged(m, Cell::number(m.penalised.and_then(|p| p.null), 2))
    }),
    statistic(Language::penalised_fitted, "logLik.penalised", ColumnKind::Number, |m, _| {
        converged(m, Cell::number(m.penalised.and_then(|p| p.fitted), 2))
    }),
    statistic(Language::aic, "AIC", ColumnKind::Number, |m, _| converged(m, Cell::number(m.aic, 1))),
    statistic(Language::bic, "BIC", ColumnKind::Number, |m, _| converged(m, Cell::number(m.bic, 1))),
    statistic(Language::lr_test, "log", ColumnKind::Test, |m, _| test(m, m.tests.lr)),
    statistic(Language::wald_test, "wald", ColumnKind::Test, |m, _| test(m, m.tests.wald)),
    statistic(Language::score_test, "sc", ColumnKind::Test, |m, _| test(m, m.tests.score)),
    statistic(Language::robust_score_test, "robust", ColumnKind::Test, |m, _| test(m, m.tests.robust_score)),
    statistic(Language::concordance_se, "concordance", ColumnKind::WithError, |m, _| concordance(m)),
    statistic(Language::iterations, "iterations", ColumnKind::Text, |m, about| {
        Cell::text(match m.converged {
            true => m.iterations.to_string(),
            false => about.words.not_converged_why(m.iterations, about.words.said(&m.termination)),
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
    let mut table = DisplayTable::new("models", report.words().model_fit(), &[], columns);
    let about = About::new(report, Reader::People);
    for statistic in &STATISTICS {
        let values: Vec<Cell> = report.models.iter().map(|m| (statistic.cell)(m, &about)).collect();
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
        _ => return (statistic.head)(report.words()),
    };
    let conventions = like.filter(|name| report.models.iter().all(|m| m.like.as_deref() == Some(name)));
    conventions.and_then(Conventions::named).and_then(|c| c.test_name(test)).unwrap_or((statistic.head)(report.words()))
}

/// For programs: one row per model.
pub fn model_data(report: &Report) -> Option<DisplayTable> {
    if report.models.is_empty() {
        return None;
    }
    let w = report.words();
    let mut columns = vec![Column::new("label", w.model(), ColumnKind::Text)];
    columns.extend(STATISTICS.iter().map(|s| Column::new(s.key, (s.head)(w), s.kind)));
    let mut table = DisplayTable::new("models", w.model_fit(), &["model"], columns);
    let about = About::new(report, Reader::Programs);
    for m in &report.models {
        let mut cells = vec![Cell::text(m.title())];
        cells.extend(STATISTICS.iter().map(|s| (s.cell)(m, &about)));
        table.push(RowKind::Plain, &[&m.name], cells);
    }
    Some(table)
}

/// Models side by side: coefficients, likelihood, AIC, BIC, and the test against the model nested in each.
pub fn comparison_table(report: &Report) -> Option<DisplayTable> {
    comparisons(report, !report.comparisons.is_empty())
}

/// For programs: the same rows, with the columns of the tests also where no model is nested in another.
pub fn comparison_data(report: &Report) -> Option<DisplayTable> {
    comparisons(report, true)
}

fn comparisons(report: &Report, with_tests: bool) -> Option<DisplayTable> {
    if report.models.len() < 2 {
        return None;
    }
    let w = report.words();
    let mut columns = vec![Column::new("label", w.model(), ColumnKind::Text)];
    columns.push(Column::new("n_coefficients", w.coefficients(), ColumnKind::Number));
    columns.push(Column::new("logLik", w.log_partial_likelihood(), ColumnKind::Number));
    columns.push(Column::new("AIC", w.aic(), ColumnKind::Number));
    columns.push(Column::new("BIC", w.bic(), ColumnKind::Number));
    columns.extend(with_tests.then(|| Column::new("nested", w.against_model(), ColumnKind::Text)));
    let parts = [("chisq", w.chi_squared()), ("df", w.df()), ("p", p_head(report))];
    let of_test =
        |(part, head): (&str, &str)| Column::new(&format!("lr_{part}"), head, ColumnKind::Number).under(w.lr_test());
    columns.extend(parts.into_iter().filter(|_| with_tests).map(of_test));
    let mut table = DisplayTable::new("model_comparison", w.comparison_title(), &["model"], columns);
    for m in &report.models {
        let estimated = m.coefficients.iter().filter(|c| !c.aliased).count() as u64;
        let fitted = m.log_partial_likelihood.fitted;
        let mut cells = vec![Cell::text(m.title()), Cell::count(Some(estimated), false, "")];
        cells.extend([(fitted, 2), (m.aic, 1), (m.bic, 1)].map(|(v, d)| converged(m, Cell::number(v, d))));
        let found = report.comparisons.iter().find(|c| c.model == m.name);
        let against = found.and_then(|c| report.models.iter().find(|other| other.name == c.nested));
        let mut name = against.map_or(Cell::from(Value::Empty), |other| Cell::text(other.title()));
        if let Some(reason) = found.and_then(|c| c.reason.as_ref()) {
            let mark = table.footnote(&w.said(reason));
            name = name.marked(mark);
        }
        if with_tests {
            cells.push(name);
            cells.extend(match found {
                Some(c) if c.hidden => [(); 3].map(|()| Cell::from(Value::Hidden(marker(report)))),
                _ => test_cells(found.and_then(|c| c.test)),
            });
        }
        table.push(RowKind::Plain, &[&m.name], cells);
    }
    let remark = if with_tests { w.comparison_remark() } else { w.criteria_remark() };
    table.remarks.push(Remark::Text(remark.to_string()));
    table.remarks.extend(not_compared(report).map(Remark::Text));
    Some(table)
}

/// The models whose likelihoods are of other kinds: a stratified partial likelihood is lower for its risk sets alone.
fn not_compared(report: &Report) -> Option<String> {
    let w = report.words();
    let mut kinds: Vec<(LikelihoodKind, Vec<String>)> = Vec::new();
    for model in &report.models {
        let kind = likelihood_kind(model);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, titles)) => titles.push(w.quoted(model.title())),
            None => kinds.push((kind, vec![w.quoted(model.title())])),
        }
    }
    let named: Vec<String> = kinds.iter().map(|(_, titles)| w.list_and(titles)).collect();
    (named.len() > 1).then(|| w.not_compared(named.join("; ")))
}

/// What two models must have in common for their likelihoods to be compared: kind, ties, weights, strata, records left out.
type LikelihoodKind<'a> = (bool, &'a str, Option<&'a str>, &'a [String], Option<u64>);

fn likelihood_kind(model: &ModelResult) -> LikelihoodKind<'_> {
    let is_fine_gray = model.competing.as_ref().is_some_and(CompetingRisks::is_fine_gray);
    (is_fine_gray, &model.ties, model.weights.as_deref(), &model.strata, model.n_missing_dropped)
}

/// To read: Wald and likelihood-ratio test of every term of every model; without a test that no model has.
pub fn term_table(report: &Report) -> Option<DisplayTable> {
    term_data(report).map(DisplayTable::without_absent_tests)
}

/// For programs: the same rows with the columns of both tests.
pub fn term_data(report: &Report) -> Option<DisplayTable> {
    let mut columns = vec![Column::new("label", "", ColumnKind::Text)];
    columns.extend(test_columns(report));
    let mut table = DisplayTable::new("terms", report.words().terms_title(), &["model", "term"], columns);
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

/// Chi-squared, degrees of freedom and P of a Wald and of a likelihood-ratio test.
pub(super) fn test_columns(report: &Report) -> Vec<Column> {
    let w = report.words();
    let mut columns = Vec::new();
    for (key, span) in [("wald", w.wald_test()), ("lr", w.lr_test())] {
        for (part, head) in [("chisq", w.chi_squared()), ("df", w.df()), ("p", p_head(report))] {
            columns.push(Column::new(&format!("{key}_{part}"), head, ColumnKind::Number).under(span));
        }
    }
    columns
}

impl DisplayTable {
    /// Without the columns of a Wald or likelihood-ratio test that no row has.
    pub(super) fn without_absent_tests(self) -> DisplayTable {
        self.without_empty("wald_").without_empty("lr_")
    }
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
