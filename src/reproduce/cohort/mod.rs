//! From a printed table to a cohort that has its events, person-time and hazard ratios, as far as they determine one.
//!
//! Within each group events come at a constant rate, so that events over person-time is the hazard:
//!
//! ```text
//! person-time   as printed; else events / rate; else events / (λ₀ HR)      λ₀: rate of the reference
//! events        as printed; else rate × person-time; else 1 / se², se of the log rate or log hazard ratio from its limits
//! persons       as printed; else events / (1 − exp(−λ τ))                   τ: longest follow-up
//! ```
//!
//! What the table does not say is assumed, and every assumption is a line of [`Plan::assumed`]. A part of the table whose
//! numbers determine no cohort is a line of [`Plans::left_out`].

mod numbers;

use super::printed::Printed;
use super::source::{self, Findings};
use super::targets::{Measure, Row, Table, Targets};
use super::verdict::Kind;
use libm::expm1;
use std::collections::BTreeMap;

/// Longest follow-up where persons are not printed, in years.
const ASSUMED_YEARS: f64 = 5.0;
/// What the reference is called where none is printed.
const UNPRINTED: &str = "reference (not printed)";
/// The most persons of a cohort.
pub const MOST_PERSONS: f64 = 20_000_000.0;

/// What part of a targets file is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The table; may be absent when there is one.
    pub table: Option<String>,
    /// The outcome; all where absent.
    pub outcome: Option<String>,
    /// The stratum; all where absent.
    pub stratum: Option<String>,
    /// The model whose hazard ratios are wanted; the first where absent.
    pub model: Option<String>,
}

/// The cohorts of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plans {
    /// One for every outcome, stratum and reference that the table determines; never empty.
    pub cohorts: Vec<Plan>,
    /// The other parts of the table, and what stands in the way.
    pub left_out: Vec<String>,
}

/// One cohort: the groups of one outcome and stratum that are compared with one reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Table, outcome and stratum, in words.
    pub title: String,
    /// Where it was printed.
    pub source: String,
    /// Per how much person-time rates are printed.
    pub rate_per: f64,
    /// Confidence level.
    pub level: f64,
    /// Unit of the printed person-time.
    pub time_unit: super::targets::TimeUnit,
    /// The groups, the reference first.
    pub groups: Vec<Group>,
    /// What was assumed, left out or not used.
    pub assumed: Vec<String>,
}

/// One group of a planned cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// As printed.
    pub label: String,
    /// Persons.
    pub persons: u64,
    /// Events.
    pub events: u64,
    /// Person-time in days.
    pub days: u64,
    /// What is printed of it, for the targets of the cohort.
    pub printed: PrintedGroup,
}

/// The printed numbers that the cohort must give back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PrintedGroup {
    /// Events.
    pub events: Option<String>,
    /// Person-time.
    pub person_time: Option<String>,
    /// Persons.
    pub persons: Option<String>,
    /// The crude rate.
    pub rate: Option<String>,
    /// The hazard ratio, where the cohort was made to have it.
    pub hazard_ratio: Option<String>,
    /// Its limits, where the events were made to have them.
    pub limits: Option<(String, String)>,
}

/// What a table prints of one group.
#[derive(Default)]
struct Found<'t> {
    label: &'t str,
    is_reference: bool,
    events: Option<&'t Printed>,
    time: Option<&'t Printed>,
    persons: Option<&'t Printed>,
    rate: Option<&'t Row>,
    /// Whether the print contradicts that rate.
    faulty_rate: bool,
    ratio: Option<&'t Row>,
    /// Whether the print contradicts that hazard ratio.
    faulty_ratio: bool,
}

/// A group while its numbers are worked out.
struct Numbers {
    events: f64,
    days: f64,
    /// Whether the hazard ratio made the person-time.
    from_ratio: bool,
}

/// Plans a cohort for every outcome, stratum and reference that is wanted. Errors: what stands in the way of every one.
pub fn plan(targets: &Targets, wanted: &Wanted) -> Result<Plans, String> {
    let table = table(targets, wanted)?;
    let findings = source::findings(targets);
    let is = |wanted: &Option<String>, word: &str| wanted.as_ref().is_none_or(|w| w == word);
    let mut panels: Vec<(&str, &str)> = Vec::new();
    for row in &table.rows {
        let panel = (row.about.outcome.as_str(), row.about.stratum.as_str());
        if is(&wanted.outcome, panel.0) && is(&wanted.stratum, panel.1) && !panels.contains(&panel) {
            panels.push(panel);
        }
    }
    if panels.is_empty() {
        return Err(format!("table {}: no row of that outcome and stratum", table.name));
    }
    let mut plans = Plans::default();
    for found in panels.iter().flat_map(|panel| of_panel(table, *panel, wanted, &findings)) {
        match found {
            Ok(plan) => plans.cohorts.push(plan),
            Err(why) => plans.left_out.push(why),
        }
    }
    if plans.cohorts.is_empty() { Err(plans.left_out.join("\n")) } else { Ok(plans) }
}

fn table<'t>(targets: &'t Targets, wanted: &Wanted) -> Result<&'t Table, String> {
    let names: Vec<&str> = targets.tables.iter().map(|t| t.name.as_str()).collect();
    let choose = || format!("choose one with --table: {}", names.join(", "));
    match &wanted.table {
        Some(name) => {
            targets.tables.iter().find(|t| t.name == *name).ok_or_else(|| format!("no table {name}; {}", choose()))
        }
        None if targets.tables.len() == 1 => Ok(&targets.tables[0]),
        None => Err(format!("several tables; {}", choose())),
    }
}

/// The cohorts of one outcome and stratum: one for every reference that is printed.
fn of_panel(
    table: &Table,
    (outcome, stratum): (&str, &str),
    wanted: &Wanted,
    findings: &BTreeMap<String, Findings>,
) -> Vec<Result<Plan, String>> {
    let words: Vec<&str> = [outcome, stratum].into_iter().filter(|w| !w.is_empty()).collect();
    let title = format!("{}: {}", table.name, if words.is_empty() { "all rows".to_owned() } else { words.join(", ") });
    let rows: Vec<&Row> = table
        .rows
        .iter()
        .filter(|r| (r.about.outcome.as_str(), r.about.stratum.as_str()) == (outcome, stratum))
        .collect();
    let mut assumed = Vec::new();
    let model = model(&rows, wanted, &mut assumed);
    let adjusted = |row: &Row| row.measure == Measure::Rate && table.adjusted_rates.contains(&row.about.model);
    if rows.iter().any(|row| adjusted(row)) {
        assumed.push("standardised or predicted rates are not used".to_owned());
    }
    let found = groups(&rows, model.as_deref(), &adjusted, (findings, &mut assumed));
    let mut parts = by_reference(found);
    let several = parts.len() > 1;
    if several {
        assumed
            .push("several references are printed: each is taken for that of the groups printed after it".to_owned());
    }
    let one_of = |part: &mut Vec<Found>| {
        let reference = part.iter().find(|g| g.is_reference).map_or("", |g| g.label);
        let title = if several { format!("{title}, reference {reference}") } else { title.clone() };
        one(table, &title, part, assumed.clone()).map_err(|why| format!("{title}: {why}"))
    };
    parts.iter_mut().map(one_of).collect()
}

/// Groups in parts that have one reference each, in the order of print; what stands before the first belongs to it.
fn by_reference(found: Vec<Found>) -> Vec<Vec<Found>> {
    let mut parts: Vec<Vec<Found>> = Vec::new();
    for group in found {
        let begins = group.is_reference && parts.last().is_some_and(|part| part.iter().any(|g| g.is_reference));
        match parts.last_mut() {
            Some(part) if !begins => part.push(group),
            _ => parts.push(vec![group]),
        }
    }
    parts
}

/// The cohort of groups that have one reference, or none in print.
fn one<'t>(table: &Table, title: &str, found: &mut Vec<Found<'t>>, mut assumed: Vec<String>) -> Result<Plan, String> {
    if numbers::needs_reference(found, table) {
        assumed.push(format!(
            "no reference is printed: hazard ratios are taken against a further group, here called `{UNPRINTED}`"
        ));
        found.insert(0, Found { label: UNPRINTED, is_reference: true, ..Found::default() });
    }
    let reference = found.iter().position(|g| g.is_reference).unwrap_or(0);
    let numbers = numbers::numbers(found, reference, table, &mut assumed)?;
    let mut planned = Vec::new();
    let order = std::iter::once(reference).chain((0..found.len()).filter(|g| *g != reference));
    for at in order {
        let Some(numbers_of) = &numbers[at] else { continue };
        let base = numbers[reference].as_ref().expect("a reference without numbers is an error");
        planned.push(group(&found[at], numbers_of, base, &mut assumed)?);
    }
    if planned.len() < 2 {
        return Err(format!("a study compares two groups at least, and the table determines {}", planned.len()));
    }
    assumed.push("events of a group come at a constant rate; nobody is lost before the end of follow-up".to_owned());
    Ok(Plan {
        title: title.to_owned(),
        source: table.source.clone(),
        rate_per: table.rate_per,
        level: table.level,
        time_unit: table.time_unit,
        groups: planned,
        assumed,
    })
}

/// The model whose hazard ratios the cohort is to have.
fn model(rows: &[&Row], wanted: &Wanted, assumed: &mut Vec<String>) -> Option<String> {
    let mut models: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|r| r.measure == Measure::HazardRatio && r.value.is_some()) {
        if !models.contains(&row.about.model.as_str()) {
            models.push(&row.about.model);
        }
    }
    let has_reference =
        |m: &&str| rows.iter().any(|r| r.is_reference && r.measure == Measure::HazardRatio && r.about.model == *m);
    let with_reference = models.iter().copied().find(has_reference);
    let asked = wanted.model.as_deref().filter(|m| models.contains(m));
    let chosen = asked.or(with_reference).or(models.first().copied())?;
    let others = models.iter().copied().filter(|m| *m != chosen);
    let others: Vec<&str> = others.map(|m| if m.is_empty() { "rows without a model" } else { m }).collect();
    if !others.is_empty() {
        assumed.push(format!(
            "hazard ratios of model `{chosen}` are taken for crude ones: the cohort has no other covariates; not used: {}",
            others.join(", ")
        ));
    }
    Some(chosen.to_owned())
}

/// What the table prints of each group.
fn groups<'t>(
    rows: &[&'t Row],
    model: Option<&str>,
    adjusted: &dyn Fn(&Row) -> bool,
    (findings, assumed): (&BTreeMap<String, Findings>, &mut Vec<String>),
) -> Vec<Found<'t>> {
    let mut found: Vec<Found<'t>> = Vec::new();
    for &row in rows {
        let at = found.iter().position(|g| g.label == row.about.group).unwrap_or_else(|| {
            found.push(Found { label: &row.about.group, ..Found::default() });
            found.len() - 1
        });
        let group = &mut found[at];
        group.events = group.events.or(row.events.as_ref());
        group.time = group.time.or(row.person_time.as_ref());
        group.persons = group.persons.or(row.persons.as_ref());
        let of_model = row.measure == Measure::HazardRatio && Some(row.about.model.as_str()) == model;
        if of_model {
            group.is_reference |= row.is_reference;
            group.ratio = group.ratio.or(Some(row).filter(|r| r.value.is_some()));
        }
        if row.measure == Measure::Rate && row.value.is_some() && !adjusted(row) {
            group.rate = group.rate.or(Some(row));
        }
        let faults = findings.get(&row.id).filter(|f| f.kind() == Kind::Inconsistent).map(|f| f.faults.join("; "));
        if let Some(faults) = faults.filter(|_| of_model || row.measure == Measure::Rate) {
            group.faulty_rate |= row.measure == Measure::Rate;
            group.faulty_ratio |= of_model;
            assumed.push(format!("{}: the print contradicts itself ({faults}); it is used as printed", row.id));
        }
    }
    found
}

/// A group with its persons, and what is printed of it.
fn group(found: &Found, numbers: &Numbers, base: &Numbers, assumed: &mut Vec<String>) -> Result<Group, String> {
    let label = found.label;
    let (events, days) = (numbers.events.round(), numbers.days.round());
    if !days.is_finite() {
        return Err(format!("{label}: the reference has no event, so hazard ratios say nothing of its person-time"));
    }
    let rate = events / days;
    let persons = match found.persons {
        Some(persons) => persons.value,
        None => {
            let longest = ASSUMED_YEARS * crate::day::DAYS_PER_YEAR;
            let share = -expm1(-rate * longest);
            let persons = if events > 0.0 { (events / share).ceil() } else { (days / longest).ceil() };
            let persons = persons.max(events + 1.0).min(days);
            assumed
                .push(format!("{label}: {persons} persons, as many as give its events within {ASSUMED_YEARS} years"));
            persons
        }
    };
    if persons > MOST_PERSONS {
        return Err(format!(
            "{label} would need {persons:.0} persons; is the person-time in the unit that the table says? (--source-only)"
        ));
    }
    if persons < events || days < persons {
        return Err(format!("{label}: {events} events among {persons} persons in {days} days cannot be"));
    }
    let ratio = (events / days) / (base.events.round() / base.days.round());
    let printed_ratio = found.ratio.filter(|row| !row.is_reference).and_then(|row| row.value.as_ref());
    let has_ratio = printed_ratio.is_some_and(|value| numbers.from_ratio || value.agrees(ratio));
    if let (Some(value), false) = (printed_ratio, has_ratio) {
        assumed.push(format!("{label}: its hazard ratio {value} is not used; events and person-time give {ratio:.2}"));
    }
    let text = |printed: Option<&Printed>| printed.map(|p| p.text.clone());
    let limits = found.ratio.filter(|_| has_ratio && found.events.is_none() && !found.faulty_ratio);
    let limits = limits.and_then(|row| text(row.lower.as_ref()).zip(text(row.upper.as_ref())));
    Ok(Group {
        label: label.to_owned(),
        persons: persons as u64,
        events: events as u64,
        days: days as u64,
        printed: PrintedGroup {
            events: text(found.events),
            person_time: text(found.time),
            persons: text(found.persons),
            rate: text(found.rate.filter(|_| !found.faulty_rate).and_then(|row| row.value.as_ref())),
            hazard_ratio: text(printed_ratio.filter(|_| has_ratio)),
            limits,
        },
    })
}
