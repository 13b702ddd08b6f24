//! What needs care in a fit, as sentences that go by term and level.

use crate::design::{ModelColumns, TermInfo};
use crate::engine::{CellCounts, CoxFit, FitWarning, Prepared};

/// Something that needs care, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelWarning {
    /// A fixed word for scripts: `aliased`, `infinite_coefficient`, `not_converged`, `strata_without_events`.
    pub code: &'static str,
    /// What, and what to do; without counts, so that it may leave a server.
    pub message: String,
    /// The term concerned.
    pub term: Option<String>,
    /// The level concerned.
    pub level: Option<String>,
    /// The records behind it, where they can be named: what they are, and how many.
    pub cell: Option<(String, CellCounts)>,
}

/// The engine's warnings, which go by column, as sentences that go by term and level.
pub fn warnings(prepared: &Prepared, fit: &CoxFit, columns: &ModelColumns) -> Vec<ModelWarning> {
    fit.warnings.iter().map(|w| in_words(w, prepared, fit, columns)).collect()
}

fn in_words(warning: &FitWarning, prepared: &Prepared, fit: &CoxFit, columns: &ModelColumns) -> ModelWarning {
    match warning {
        FitWarning::AliasedColumn { column } => {
            let reason = "has no coefficient: its column is constant or a combination of earlier columns \
                          (a level without records, or a copy of another term)";
            of_column("aliased", *column, columns, format!("{} {reason}", place(*column, columns)))
        }
        FitWarning::InfiniteCoefficient { column, positive } => {
            let way = if *positive { "plus" } else { "minus" };
            let message = format!(
                "{} runs to {way} infinity: all events, or none, go with it; no interval and no Wald test is given; \
                 Firth's correction (--firth; in a study, firth = true of the model) gives a finite estimate, or join levels",
                place(*column, columns)
            );
            let cell = separated_cell(*column, *positive, prepared, columns);
            ModelWarning { cell, ..of_column("infinite_coefficient", *column, columns, message) }
        }
        FitWarning::NotConverged => whole(
            "not_converged",
            format!(
                "no convergence after {} iterations; no estimates are shown; raise the limit or simplify the model",
                fit.iterations
            ),
        ),
        FitWarning::StrataWithoutEvents { n_strata, n_records } => {
            let strata = if *n_strata == 1 { "1 stratum has".to_string() } else { format!("{n_strata} strata have") };
            let message = format!("{strata} no event; the records there say nothing about the coefficients");
            let counts = CellCounts { records: *n_records as u64, events: 0 };
            let cell = Some(("strata without events".to_string(), counts));
            ModelWarning { cell, ..whole("strata_without_events", message) }
        }
    }
}

/// The records that make a coefficient infinite: those of its level; or, when all levels run to plus infinity because
/// the level they are compared with has no event, those of that one.
fn separated_cell(
    column: usize,
    positive: bool,
    prepared: &Prepared,
    columns: &ModelColumns,
) -> Option<(String, CellCounts)> {
    let term = &columns.terms[columns.term_of_column[column]];
    let [lower, upper] = prepared.split_counts(column..column + 1)?;
    let Some(level) = level_text(column, columns) else {
        // A number with two values: the one whose records have no event, else the higher.
        let (which, counts) = if lower.events == 0 { ("lower", lower) } else { ("higher", upper) };
        return Some((format!("the {which} of the two values of {}", term.label), counts));
    };
    match reference(column, term, columns).zip(prepared.split_counts(term.columns.clone())) {
        Some((reference, [of_reference, _])) if positive && of_reference.events == 0 => {
            Some((format!("level {reference} of {}, the reference", term.label), of_reference))
        }
        _ => Some((format!("level {level} of {}", term.label), upper)),
    }
}

/// The level that the columns of a term of one factor are compared with.
fn reference(column: usize, term: &TermInfo, columns: &ModelColumns) -> Option<String> {
    (term.variables.len() == 1).then(|| columns.parts[column][0].versus.clone())?
}

/// `sex, level Male` or `age`.
fn place(column: usize, columns: &ModelColumns) -> String {
    let term = &columns.terms[columns.term_of_column[column]].label;
    match level_text(column, columns) {
        Some(level) => format!("`{term}`, level {level},"),
        None => format!("`{term}`"),
    }
}

/// The levels of a column's factors, joined by ` × `.
fn level_text(column: usize, columns: &ModelColumns) -> Option<String> {
    let levels: Vec<&str> = columns.parts[column].iter().filter_map(|p| p.level.as_deref()).collect();
    (!levels.is_empty()).then(|| levels.join(" × "))
}

fn of_column(code: &'static str, column: usize, columns: &ModelColumns, message: String) -> ModelWarning {
    let term = columns.terms[columns.term_of_column[column]].label.clone();
    ModelWarning { term: Some(term), level: level_text(column, columns), ..whole(code, message) }
}

fn whole(code: &'static str, message: String) -> ModelWarning {
    ModelWarning { code, message, term: None, level: None, cell: None }
}
