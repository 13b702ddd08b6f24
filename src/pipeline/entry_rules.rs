//! How persons came into the study, as the report says it.

use crate::day::Day;
use crate::report::{EntryRules, IndexRule, MatchingRule};
use crate::study::{ComparisonGroup, Index, IndexSource, Pick, Replacement, Study, Washout, WhenExposed};

/// The rules of a study's index date and matching.
pub(super) fn entry_rules(study: &Study) -> EntryRules {
    EntryRules { index: index(&study.cohort.index), matching: study.cohort.matching.as_ref().map(matching) }
}

fn index(rules: &Index) -> IndexRule {
    let text = |day: Option<Day>| day.map(|day| day.to_string());
    let age = |end: fn(&crate::study::AgeWindow) -> Option<u32>| rules.age.as_ref().and_then(end);
    let bounds = IndexRule {
        from: text(rules.from),
        to: text(rules.to),
        age_from: age(|age| age.from),
        age_to: age(|age| age.to),
        washout: rules.washout.and_then(Washout::length).map(|length| length.to_string()),
        ..IndexRule::default()
    };
    match &rules.source {
        IndexSource::Date(date) => IndexRule { extract: date.extract.clone(), column: date.column.clone(), ..bounds },
        IndexSource::Event { rows, pick } => IndexRule {
            extract: rows.extract.clone(),
            column: rows.date.clone(),
            pick: match pick {
                Pick::First => "first",
                Pick::Last => "last",
                Pick::Nth(_) => "nth",
            }
            .to_owned(),
            nth: if let Pick::Nth(n) = pick { Some(*n) } else { None },
            condition: rows.condition.as_ref().map(|sql| sql.text.clone()),
            codelist: rows.codes.as_ref().map(|codes| codes.codelist.clone()),
            ..bounds
        },
    }
}

fn matching(rules: &ComparisonGroup) -> MatchingRule {
    MatchingRule {
        by: rules.by.iter().map(|variable| variable.sql.text.clone()).collect(),
        ratio: rules.ratio,
        at_least: rules.at_least,
        replacement: rules.replacement == Replacement::With,
        until_exposed: rules.when_exposed == WhenExposed::Exit,
        seed: rules.seed,
    }
}
