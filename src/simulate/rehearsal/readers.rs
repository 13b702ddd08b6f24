//! Which covariates read a column, and what they ask of its values.

use super::literals::Bounds;
use crate::study::{Covariate, FactorRules, IfMissing, IndexSource, Kind, Recode, Source, Study, Timing, Unlisted};

/// The covariates whose raw values are those of a column.
pub(super) fn readers<'s>(study: &'s Study, extract: &str, column: &str) -> Vec<&'s Covariate> {
    let reads = |covariate: &&Covariate| match &covariate.source {
        Source::Person(r) | Source::Wide { column: r, .. } => r.extract == extract && r.column == column,
        Source::Status { extract: e, value, .. } | Source::Yearly { extract: e, value, .. } => {
            e == extract && value == column
        }
        Source::SpellValue { spells, value, .. } => spells.extract == extract && value == column,
        Source::Latest { rows, value, .. } => rows.extract == extract && value == column,
        Source::IndexCodes { column: c } => {
            c == column
                && matches!(&study.cohort.index.source, IndexSource::Event { rows, .. } if rows.extract == extract)
        }
        _ => false,
    };
    study.covariates.values().filter(reads).collect()
}

/// The covariates that are made of another one alone (`of`).
fn children<'s>(study: &'s Study, covariate: &Covariate) -> Vec<&'s Covariate> {
    let of = |c: &&Covariate| matches!(&c.source, Source::Covariate(name) if *name == covariate.name);
    study.covariates.values().filter(of).collect()
}

/// Whether a missing value stops the study.
pub(super) fn needs_value(study: &Study, covariate: &Covariate) -> bool {
    let own = match &covariate.kind {
        Kind::Number { if_missing, .. } => *if_missing == IfMissing::Error,
        Kind::Factor(rules) => rules.if_missing == IfMissing::Error,
    };
    own || (!replaces_missing(covariate) && children(study, covariate).iter().any(|c| needs_value(study, c)))
}

fn replaces_missing(covariate: &Covariate) -> bool {
    match &covariate.kind {
        Kind::Number { if_missing, .. } => matches!(if_missing, IfMissing::Use(_)),
        Kind::Factor(rules) => matches!(rules.if_missing, IfMissing::Use(_)),
    }
}

/// Whether a covariate, and those made of it, cover a raw text.
pub(super) fn covers(study: &Study, covariate: &Covariate, text: &str) -> bool {
    match &covariate.kind {
        Kind::Factor(rules) => rules.unlisted != Unlisted::Error || level_of(rules, text).is_some(),
        Kind::Number { .. } => {
            let Ok(x) = text.parse::<f64>() else { return false };
            let bounds = class_bounds(study, covariate);
            bounds.low <= x && x < bounds.high
        }
    }
}

/// A number for the level (or the list's value) that the rules give a raw text.
pub(super) fn level_of(rules: &FactorRules, text: &str) -> Option<usize> {
    match &rules.recode {
        Recode::AsIs => rules.level_of(text),
        Recode::List { prefix, list } => {
            let head: String = text.chars().take(prefix.unwrap_or(usize::MAX)).collect();
            list.value_index(&head)
        }
        Recode::Cut(cut) => text.parse().ok().and_then(|x| cut.class_of(x)),
    }
}

/// The numbers that all classes of a covariate, and of those made of it, cover: from `low` to below `high`.
pub(super) fn class_bounds(study: &Study, covariate: &Covariate) -> Bounds {
    match &covariate.kind {
        Kind::Factor(FactorRules { recode: Recode::Cut(cut), .. }) => {
            let low = cut.edges.first().copied().unwrap_or(f64::NEG_INFINITY);
            let high = if cut.open_end { f64::INFINITY } else { cut.edges.last().copied().unwrap_or(f64::INFINITY) };
            Bounds { low, high }
        }
        Kind::Factor(_) => Bounds::default(),
        Kind::Number { .. } => {
            children(study, covariate).iter().fold(Bounds::default(), |b, c| b.and(class_bounds(study, c)))
        }
    }
}

/// All edges of the classes of a covariate and of those made of it.
pub(super) fn edges(study: &Study, covariate: &Covariate) -> Vec<f64> {
    match &covariate.kind {
        Kind::Factor(FactorRules { recode: Recode::Cut(cut), .. }) => cut.edges.clone(),
        Kind::Factor(_) => Vec::new(),
        Kind::Number { .. } => children(study, covariate).iter().flat_map(|c| edges(study, c)).collect(),
    }
}

/// Whether a covariate changes during follow-up, or one that is made of it.
pub(super) fn runs(covariate: &Covariate) -> bool {
    matches!(covariate.timing, Timing::Current { .. })
}
