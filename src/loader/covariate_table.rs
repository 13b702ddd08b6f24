//! What every covariate of the table is: where its values come from, as of which day, and how many had none.

use super::covariate::{self, Holders};
use super::derived::{Derived, RuleKind};
use crate::study::{
    Covariate, DateOf, IfMissing, Kind, Lookback, LookbackStart, MatchedColumn, Measure, PickRow, Source, Study,
    Timing, YearAt,
};
use indexmap::IndexMap;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A covariate of the person-time table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CovariateSource {
    /// Its name.
    pub name: String,
    /// What tables call it.
    pub label: String,
    /// Where its values come from, in words.
    pub source: String,
    /// `index`, `entry`, or `current` when it changes during follow-up.
    pub timing: String,
    /// Values and labels of its levels, in the order of the study; empty for a number.
    pub levels: Vec<(String, String)>,
    /// What the study does about missing values, as it writes it.
    pub if_missing: String,
    /// Persons it was worked out for: those left after the last step, of them those who enter, or those followed.
    pub persons: u64,
    /// Persons whose source gives no value (for some of their follow-up).
    pub missing_before: u64,
    /// Persons without a value in the end (for some of their follow-up), who or whose time is left out.
    pub missing_after: u64,
    /// Persons with a value that no rule covers, treated as `unlisted` says.
    pub unlisted: u64,
    /// Persons whose value an override gives.
    pub overridden: u64,
}

/// Numbers of persons of one covariate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    persons: u64,
    missing_before: u64,
    missing_after: u64,
    unlisted: u64,
    overridden: u64,
}

/// Counts over slots, given as (person, slot); slots of one person stand together.
pub(crate) fn tally(values: &Derived, slots: impl Iterator<Item = (u32, u32)>) -> Tally {
    let mut tally = Tally::default();
    let mut seen = [None; 5];
    for (who, slot) in slots {
        let (missing, rule) = (values.is_missing(slot), values.rule_of(slot));
        let found = [
            (true, &mut tally.persons),
            (rule == Some(RuleKind::Missing) || (missing && rule.is_none()), &mut tally.missing_before),
            (missing, &mut tally.missing_after),
            (rule == Some(RuleKind::Unlisted), &mut tally.unlisted),
            (rule == Some(RuleKind::Override), &mut tally.overridden),
        ];
        for ((holds, count), seen) in found.into_iter().zip(&mut seen) {
            if holds && seen.replace(who) != Some(who) {
                *count += 1;
            }
        }
    }
    tally
}

/// The counts of the covariates that keep their value, over the persons left after the last step.
pub(crate) fn tallies(
    study: &Study,
    derived: &IndexMap<String, Derived>,
    (alive, holders): (&[u32], &Holders),
) -> Vec<(String, Tally)> {
    let fixed: Vec<(&String, &Covariate)> = study.covariates.iter().filter(|(_, c)| !c.timing.changes()).collect();
    let tally = |(name, c): (&String, &Covariate)| (name.clone(), tally(&derived[name], holders.of(c, alive)));
    fixed.into_par_iter().map(tally).collect()
}

/// The table, in the order of the study.
pub(crate) fn table(study: &Study, tallies: &[(String, Tally)]) -> Vec<CovariateSource> {
    let one = |covariate: &Covariate| {
        let tally = tallies.iter().find(|(name, _)| *name == covariate.name).map(|(_, tally)| *tally);
        let tally = tally.unwrap_or_default();
        CovariateSource {
            name: covariate.name.clone(),
            label: covariate.label.clone(),
            source: source(covariate),
            timing: match covariate.timing {
                Timing::Index => "index",
                Timing::Entry => "entry",
                Timing::Current { .. } | Timing::Follows => "current",
            }
            .to_owned(),
            levels: match &covariate.kind {
                Kind::Factor(rules) => rules.levels.iter().map(|l| (l.value.clone(), l.label.clone())).collect(),
                Kind::Number { .. } => Vec::new(),
            },
            if_missing: if_missing(covariate),
            persons: tally.persons,
            missing_before: tally.missing_before,
            // What completed data sets give takes nobody out.
            missing_after: if covariate::is_imputed(covariate) { 0 } else { tally.missing_after },
            unlisted: tally.unlisted,
            overridden: tally.overridden,
        }
    };
    study.covariates.values().map(one).collect()
}

fn if_missing(covariate: &Covariate) -> String {
    fn text<T>(rule: &IfMissing<T>, value: impl Fn(&T) -> String) -> String {
        match rule {
            IfMissing::Error => "error".to_owned(),
            IfMissing::Exclude => "exclude".to_owned(),
            IfMissing::Use(given) => value(given),
            IfMissing::Imputed => "imputed".to_owned(),
        }
    }
    match &covariate.kind {
        Kind::Number { if_missing, .. } => text(if_missing, |value| format!("value {value}")),
        Kind::Factor(rules) => text(&rules.if_missing, |&level| format!("level {}", rules.levels[level].value)),
    }
}

/// Where values come from, in words.
fn source(covariate: &Covariate) -> String {
    let from = match &covariate.source {
        Source::Person(column) => format!("{}.{}", column.extract, column.column),
        Source::YearsSince(date) => format!("years since {}", date_of(date)),
        Source::DaysSince(date) => format!("days since {}", date_of(date)),
        Source::YearOf(DateOf::Current) => "calendar year".to_owned(),
        Source::YearOf(date) => format!("year of {}", date_of(date)),
        Source::Covariate(name) => format!("covariate {name}"),
        Source::Matching(MatchedColumn::Group) => "group of the matching".to_owned(),
        Source::Matching(MatchedColumn::Set) => "set of the matching".to_owned(),
        Source::Status { extract, since, value, look_back, .. } => {
            format!("{extract}.{value}, latest {since}{}", back(look_back.map(|o| o.to_string())))
        }
        Source::SpellValue { spells, value, .. } => {
            format!("{}.{value}, spell {} to {}", spells.extract, spells.from, spells.to)
        }
        Source::Latest { rows, value, look_back, .. } => {
            format!("{}.{value}, latest {}{}", rows.extract, rows.date, back(look_back.map(|o| o.to_string())))
        }
        Source::Events { rows, within, measure, .. } => {
            let what = match measure {
                Measure::Any => "any row".to_owned(),
                Measure::Count => "number of rows".to_owned(),
                Measure::Sum(column) => format!("sum of {column}"),
            };
            format!("{what} of {} by {}, {}", rows.extract, rows.date, window(within))
        }
        Source::Wide { column, at, look_back } => {
            format!("{}.{}, {}{}", column.extract, column.column, year(*at), back(years(*look_back)))
        }
        Source::Yearly { extract, value, at, look_back, .. } => {
            format!("{extract}.{value}, {}{}", year(*at), back(years(*look_back)))
        }
        Source::IndexCodes { column } => format!("{column} of the index event"),
        Source::Sql(_) => "SQL over columns and covariates".to_owned(),
    };
    match covariate.timing {
        Timing::Current { lag } if lag > 0 => format!("{from}, {lag} days late"),
        _ => from,
    }
}

fn date_of(date: &DateOf) -> String {
    match date {
        DateOf::Index => "index".to_owned(),
        DateOf::Current => "the day".to_owned(),
        DateOf::Person(column) => format!("{}.{}", column.extract, column.column),
        DateOf::Row { column, pick } => {
            let pick = match pick {
                PickRow::First => "first",
                PickRow::Last => "last",
                PickRow::LastBeforeIndex => "last on or before index",
                PickRow::LastBeforeEntry => "last on or before entry",
            };
            format!("{pick} {}.{}", column.extract, column.column)
        }
    }
}

fn back(look_back: Option<String>) -> String {
    look_back.map_or(String::new(), |o| format!(", at most {o} old"))
}

fn years(n: i32) -> Option<String> {
    (n > 0).then(|| format!("{n} more year{}", if n == 1 { "" } else { "s" }))
}

fn year(at: YearAt) -> String {
    match at.offset {
        0 => "of the year".to_owned(),
        -1 => "of the year before".to_owned(),
        n => format!("of {} years before", -n),
    }
}

fn window(within: &Lookback) -> String {
    let start = match within.start {
        LookbackStart::Ever => "ever".to_owned(),
        LookbackStart::AfterIndex => "after index".to_owned(),
        LookbackStart::Before(offset) => offset.to_string(),
    };
    format!("from {start} to {}", within.end)
}
