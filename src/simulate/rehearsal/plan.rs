//! What the rules of a study ask of each extract: which shape its rows have, which rows they look for, how far back.

use super::columns::{Slot, listed, slots};
use super::literals::Literals;
use super::readers::{covers, needs_value};
use crate::loader::condition::{self, Compiled};
use crate::study::{
    CodeList, ColumnKind, Condition, Covariate, EventRows, ExitSource, Extract, FollowUpEvent, IndexSource, Kind,
    Recode, RowsPerPerson, Source, Spells, Sql, Study, Unlisted,
};
use std::sync::Arc;

/// An extract and what is wanted of it.
#[derive(Debug)]
pub(super) struct ExtractPlan<'s> {
    pub(super) extract: &'s Extract,
    pub(super) slots: Vec<Slot<'s>>,
    pub(super) shape: Shape,
    /// The extract's own condition.
    pub(super) condition: Option<Compiled>,
    /// Rows that rules look for, each kind once.
    pub(super) demands: Vec<Demand<'s>>,
    /// Weights of the codes of every slot in rows that meet the extract's condition.
    pub(super) weights: Weights,
    /// Whether there are rows that no rule about who enters and leaves looks for.
    pub(super) has_others: bool,
    /// Whether two rows of a person may not have the same day.
    pub(super) one_a_day: bool,
}

/// By slot, weights of its codes; `None` where all are as likely.
pub(super) type Weights = Vec<Option<Vec<u32>>>;

/// What the rows of an extract are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The population: a row per person.
    Population,
    /// A row per person, of everybody or of those with something to tell.
    OneEach,
    /// Spells: places of first and last day.
    Spells { from: usize, to: usize },
    /// Dated changes of a status: place of the day.
    Changes { since: usize },
    /// A row per person and year: place of the year.
    Yearly { year: usize },
    /// Dated rows, any number: place of the day that most rules look at.
    Events { date: usize },
    /// Rows without a date that matters.
    Plain,
}

/// Rows that a rule looks for.
#[derive(Debug)]
pub(super) struct Demand<'s> {
    pub(super) rows: &'s EventRows,
    /// What looks for them, at least one.
    pub(super) purposes: Vec<Purpose<'s>>,
    /// Place of their date.
    pub(super) date: usize,
    pub(super) condition: Option<Compiled>,
    pub(super) codes: Option<WantedCodes<'s>>,
    /// Codes that further columns of the row need.
    pub(super) also: Vec<(usize, Vec<Arc<str>>)>,
    pub(super) weights: Weights,
    /// Demands whose rows these should not be, by number.
    pub(super) avoid: Vec<usize>,
}

/// Codes that a row must have one of.
#[derive(Debug)]
pub(super) struct WantedCodes<'s> {
    /// Places of the code columns.
    pub(super) places: Vec<usize>,
    pub(super) list: &'s CodeList,
    /// For each of the columns, codes of the list that it can hold.
    pub(super) codes: Vec<Vec<Arc<str>>>,
}

/// What looks for rows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose<'s> {
    Index,
    Event,
    Exit(usize),
    Step(usize),
    Covariate(&'s Covariate),
}

impl Purpose<'_> {
    /// Whether a row that happens to be one of these changes who is in the cohort or when they leave.
    pub(super) fn is_sharp(&self) -> bool {
        !matches!(self, Purpose::Covariate(_))
    }
}

/// All extracts of a study, in its order. Errors: a condition that cannot be read, which a checked study rules out.
pub(super) fn plans(study: &Study) -> Result<Vec<ExtractPlan<'_>>, crate::loader::LoadError> {
    study.extracts.values().map(|extract| plan(study, extract)).collect()
}

fn plan<'s>(study: &'s Study, extract: &'s Extract) -> Result<ExtractPlan<'s>, crate::loader::LoadError> {
    let purposes = purposes(study, extract);
    let named = named(study, extract);
    let needed = needed(study, extract);
    let slots = slots(study, extract, &named, &needed);
    let place =
        |name: &str| slots.iter().position(|s| s.spec.name == name).expect("a checked study declares its columns");
    let compile = |sql: &Option<Sql>| sql.as_ref().map(|sql| condition::compile(&sql.text, &extract.name)).transpose();
    let mut demands: Vec<Demand> = Vec::new();
    for (purpose, rows) in purposes {
        let same = |d: &&mut Demand| {
            let sql = |r: &EventRows| r.condition.as_ref().map(|c| c.text.clone());
            d.rows.date == rows.date && sql(d.rows) == sql(rows) && d.rows.codes == rows.codes
        };
        if let Some(demand) = demands.iter_mut().find(same) {
            demand.purposes.push(purpose);
            continue;
        }
        demands.push(Demand {
            rows,
            purposes: vec![purpose],
            date: place(&rows.date),
            condition: compile(&rows.condition)?,
            codes: codes(study, rows, &slots),
            also: Vec::new(),
            weights: vec![None; slots.len()],
            avoid: Vec::new(),
        });
    }
    demands.iter_mut().for_each(|demand| ask_index_codes(study, &slots, demand));
    let sharp: Vec<bool> = demands.iter().map(|d| d.purposes.iter().any(Purpose::is_sharp)).collect();
    for (at, demand) in demands.iter_mut().enumerate() {
        demand.avoid = (0..sharp.len()).filter(|&other| other != at && sharp[other]).collect();
    }
    let shape = shape(study, extract, &slots, &demands);
    let latest = |d: &Demand| {
        d.purposes.iter().any(|p| matches!(p, Purpose::Covariate(c) if matches!(c.source, Source::Latest { .. })))
    };
    let one_a_day = demands.iter().any(latest);
    let weights = vec![None; slots.len()];
    Ok(ExtractPlan {
        extract,
        condition: compile(&extract.condition)?,
        slots,
        shape,
        demands,
        weights,
        has_others: false,
        one_a_day,
    })
}

/// Everything that looks for dated rows of an extract.
fn purposes<'s>(study: &'s Study, extract: &Extract) -> Vec<(Purpose<'s>, &'s EventRows)> {
    let mut found: Vec<(Purpose, &EventRows)> = Vec::new();
    if let IndexSource::Event { rows, .. } = &study.cohort.index.source {
        found.push((Purpose::Index, rows));
    }
    if let FollowUpEvent::Rows { rows, .. } = &study.follow_up.event {
        found.push((Purpose::Event, rows));
    }
    for (number, exit) in study.follow_up.exits.iter().enumerate() {
        if let ExitSource::Rows(rows) = &exit.source {
            found.push((Purpose::Exit(number), rows));
        }
    }
    for (number, step) in study.cohort.steps.iter().enumerate() {
        if let Condition::Events { rows, .. } = &step.condition {
            found.push((Purpose::Step(number), rows));
        }
    }
    for covariate in study.covariates.values() {
        if let Source::Latest { rows, .. } | Source::Events { rows, .. } = &covariate.source {
            found.push((Purpose::Covariate(covariate), rows));
        }
    }
    found.retain(|(_, rows)| rows.extract == extract.name);
    found
}

/// The code columns of a demand, its list, and the codes of it that each column can hold.
fn codes<'s>(study: &'s Study, rows: &EventRows, slots: &[Slot]) -> Option<WantedCodes<'s>> {
    let codes = rows.codes.as_ref()?;
    let list = study.codelist(&codes.codelist);
    let places: Vec<usize> =
        codes.columns.iter().filter_map(|name| slots.iter().position(|s| s.spec.name == *name)).collect();
    let of = |&place: &usize| match &slots[place].spec.kind {
        ColumnKind::Code(rules) | ColumnKind::Codes { code: rules, .. } => listed(list, rules, |_| true),
        _ => Vec::new(),
    };
    let codes = places.iter().map(of).collect();
    Some(WantedCodes { places, list, codes })
}

/// Covariates of the index event need codes of their own lists in its rows.
fn ask_index_codes(study: &Study, slots: &[Slot], demand: &mut Demand) {
    if !demand.purposes.iter().any(|p| matches!(p, Purpose::Index)) {
        return;
    }
    for covariate in study.covariates.values() {
        let Source::IndexCodes { column } = &covariate.source else { continue };
        let Kind::Factor(rules) = &covariate.kind else { continue };
        if rules.unlisted != Unlisted::Error && !needs_value(study, covariate) {
            continue;
        }
        let Some(place) = slots.iter().position(|s| s.spec.name == *column) else { continue };
        match &mut demand.codes {
            Some(WantedCodes { places, codes, .. }) if places.contains(&place) => {
                let of = &mut codes[places.iter().position(|&p| p == place).expect("it is there")];
                let kept: Vec<Arc<str>> = of.iter().filter(|code| covers(study, covariate, code)).cloned().collect();
                if !kept.is_empty() {
                    *of = kept;
                }
            }
            _ => {
                let (ColumnKind::Code(code) | ColumnKind::Codes { code, .. }) = &slots[place].spec.kind else {
                    continue;
                };
                let codes = match &rules.recode {
                    Recode::List { list, prefix: None } => listed(list, code, |_| true),
                    _ => match &slots[place].draw {
                        super::columns::Draw::Code(codes, _) => codes.clone(),
                        _ => Vec::new(),
                    },
                };
                demand.also.push((place, codes));
            }
        }
    }
}

/// What conditions compare the columns of an extract with.
fn named(study: &Study, extract: &Extract) -> Literals {
    let names: Vec<String> = extract.columns.keys().cloned().collect();
    let mut found = Literals::default();
    let mut add = |sql: &Sql| found.extend(Literals::of(&sql.text, &names));
    extract.condition.iter().for_each(&mut add);
    for rows in study.event_rows().into_iter().filter(|rows| rows.extract == extract.name) {
        rows.condition.iter().for_each(&mut add);
    }
    if extract.name == study.cohort.population {
        person_conditions(study).into_iter().for_each(add);
    }
    found
}

/// Conditions over persons: of steps and covariates.
pub(super) fn person_conditions(study: &Study) -> Vec<&Sql> {
    let steps = study.cohort.steps.iter().filter_map(|step| match &step.condition {
        Condition::Sql(sql) => Some(sql),
        _ => None,
    });
    let covariates = study.covariates.values().flat_map(|covariate| {
        let own = match &covariate.source {
            Source::Sql(sql) => Some(sql),
            _ => None,
        };
        let overrides: Vec<&Sql> = match &covariate.kind {
            Kind::Number { overrides, .. } => overrides.iter().map(|o| &o.when).collect(),
            Kind::Factor(rules) => rules.overrides.iter().map(|o| &o.when).collect(),
        };
        own.into_iter().chain(overrides)
    });
    steps.chain(covariates).collect()
}

/// Columns that always have a value: those that conditions, dates and codes of rules name.
fn needed(study: &Study, extract: &Extract) -> Vec<String> {
    let mut names: Vec<String> = extract.condition.iter().flat_map(|sql| sql.names.clone()).collect();
    for rows in study.event_rows().into_iter().filter(|rows| rows.extract == extract.name) {
        names.push(rows.date.clone());
        names.extend(rows.condition.iter().flat_map(|sql| sql.names.clone()));
        names.extend(rows.codes.iter().flat_map(|codes| codes.columns.clone()));
    }
    if extract.name == study.cohort.population {
        names.extend(person_conditions(study).into_iter().flat_map(|sql| sql.names.clone()));
        names.extend(study.cohort.matching.iter().flat_map(|m| &m.by).flat_map(|v| v.sql.names.clone()));
    }
    names
}

/// All spells that rules look at.
pub(super) fn all_spells(study: &Study) -> Vec<&Spells> {
    let steps = study.cohort.steps.iter().filter_map(|step| step.condition.spells());
    let exits = study.follow_up.exits.iter().filter_map(|exit| match &exit.source {
        ExitSource::SpellEnd(spells) => Some(spells),
        _ => None,
    });
    let covariates = study.covariates.values().filter_map(|covariate| match &covariate.source {
        Source::SpellValue { spells, .. } => Some(spells),
        _ => None,
    });
    steps.chain(exits).chain(covariates).collect()
}

fn shape(study: &Study, extract: &Extract, slots: &[Slot], demands: &[Demand]) -> Shape {
    let place =
        |name: &str| slots.iter().position(|s| s.spec.name == name).expect("a checked study declares its columns");
    if extract.name == study.cohort.population {
        return Shape::Population;
    }
    if matches!(extract.rows, RowsPerPerson::One { .. }) {
        return Shape::OneEach;
    }
    if let Some(spells) = all_spells(study).into_iter().find(|s| s.extract == extract.name) {
        return Shape::Spells { from: place(&spells.from), to: place(&spells.to) };
    }
    for covariate in study.covariates.values() {
        match &covariate.source {
            Source::Status { extract: e, since, .. } if *e == extract.name => {
                return Shape::Changes { since: place(since) };
            }
            Source::Yearly { extract: e, year, .. } if *e == extract.name => {
                return Shape::Yearly { year: place(year) };
            }
            _ => {}
        }
    }
    let looked_at = |at: &usize| demands.iter().filter(|d| d.date == *at).count();
    let dates = (0..slots.len()).filter(|&at| matches!(slots[at].spec.kind, ColumnKind::Date(_)));
    // Of two dates that as many rules look at, the one declared first.
    match dates.rev().max_by_key(looked_at) {
        Some(date) => Shape::Events { date },
        None => Shape::Plain,
    }
}
