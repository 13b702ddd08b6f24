//! Cohorts that have the events, person-time and hazard ratios of a printed table, with a study that reads each.
//!
//! The numbers of a group are exact: its persons, its events, its days of person-time. Event times are drawn from the
//! exponential distribution of the group's rate, one from each of as many equal slices of probability as there are
//! events, so that a fitted hazard ratio lies nearer the ratio of the rates than with independent draws.

use super::SimulateError;
use super::delivery::Delivery;
use super::random::{Draws, Source};
use crate::day::Day;
use crate::reproduce::cohort::{Group, Plan, Plans};
use libm::{exp, log, log1p, sqrt};
use std::fmt::Write;
use std::path::Path;
use toml::Value;

/// Persons enter within this many days from 2000-01-01.
const ENTRY_DAYS: u32 = 366;

/// Writes the cohorts of a table to `out`: for each a CSV file and a study file, `targets.toml` with the printed numbers
/// that they must give back, and `assumed.md`. Errors: `OutputExists`, `Write`; after an error nothing is left behind.
pub fn simulate_printed(planned: &Plans, seed: u64, out: &Path) -> Result<(), SimulateError> {
    let plans = &planned.cohorts;
    let delivery = Delivery::create_with(out, Vec::new())?;
    let source = Source::new(seed);
    for (at, plan) in plans.iter().enumerate() {
        let number = at + 1;
        delivery.add(&format!("cohort-{number}.csv"), &rows(plan, &source, at as u64))?;
        delivery.add(&format!("study-{number}.toml"), &study(plan, number, seed))?;
    }
    delivery.add("targets.toml", &targets(plans))?;
    delivery.add("assumed.md", &assumed(planned, seed))?;
    delivery.finish()
}

/// One row per person: `id;start;event;end;group`.
fn rows(plan: &Plan, source: &Source, cohort: u64) -> String {
    let first = Day::from_ymd(2000, 1, 1).expect("a calendar date");
    let mut text = String::from("id;start;event;end;group\n");
    let mut id = 0u64;
    for (g, group) in plan.groups.iter().enumerate() {
        let mut draws = source.stream(cohort * 1000 + g as u64);
        for (days, event) in lives(group, &mut draws) {
            id += 1;
            let start = Day(first.0 + draws.below(ENTRY_DAYS) as i32);
            let end = Day(start.0 + days as i32);
            let (event, end) = if event { (end.to_string(), String::new()) } else { (String::new(), end.to_string()) };
            writeln!(text, "P{id:08};{start};{event};{end};g{g}").expect("a text can be written to");
        }
    }
    text
}

/// Days and event of every person of a group; the days add to those of the group.
fn lives(group: &Group, draws: &mut Draws) -> Vec<(u64, bool)> {
    let (persons, events) = (group.persons as f64, group.events as f64);
    let rate = events / group.days as f64;
    let mut lives: Vec<(u64, bool)> = (0..group.events)
        .map(|i| {
            let share = (i as f64 + draws.unit()) / persons;
            let time = -log1p(-share.min(1.0 - 1e-12)) / rate;
            (time.ceil().max(1.0) as u64, true)
        })
        .collect();
    lives.extend((group.events..group.persons).map(|_| (1, false)));
    spread(&mut lives, group);
    lives
}

/// Makes the days add up: those who have no event are followed for what is left, equally long but for a day.
fn spread(lives: &mut [(u64, bool)], group: &Group) {
    let censored = group.persons - group.events;
    // Where events alone are longer than the person-time allows, the longest are cut.
    let room = group.days.saturating_sub(censored);
    let mut used: u64 = lives.iter().filter(|(_, event)| *event).map(|(days, _)| days).sum();
    for (days, _) in lives.iter_mut().rev().filter(|(_, event)| *event) {
        let cut = used.saturating_sub(room).min(*days - 1);
        *days -= cut;
        used -= cut;
    }
    let left = group.days - used;
    match left.checked_div(censored) {
        Some(each) => {
            let more = left - each * censored;
            let without = lives.iter_mut().filter(|(_, event)| !event).enumerate();
            without.for_each(|(i, (days, _))| *days = each + u64::from((i as u64) < more));
        }
        None => lives.last_mut().into_iter().for_each(|(days, _)| *days += left),
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A study that takes the CSV file of a cohort to a hazard ratio.
fn study(plan: &Plan, number: usize, seed: u64) -> String {
    let level =
        |(g, group): (usize, &Group)| format!("    {{ value = \"g{g}\", label = {} }},\n", quoted(&group.label));
    let levels: String = plan.groups.iter().enumerate().map(level).collect();
    let codes: Vec<String> = (0..plan.groups.len()).map(|g| format!("\"g{g}\"")).collect();
    let codes = codes.join(", ");
    format!(
        r#"# Written by `cohort simulate --from`: a cohort with the numbers of a printed table. No person behind it exists.

[study]
name = "printed-{number}"
title = {title}
note = "Simulated (seed {seed}) from a printed table; see assumed.md."
known = [{source}]

[extract.people]
file = "cohort-{number}.csv"
delimiter = ";"
encoding = "utf-8"
key = "id"
one_per_person = true

[extract.people.columns]
start = {{ type = "date", format = "YYYY-MM-DD" }}
event = {{ type = "date", format = "YYYY-MM-DD" }}
end = {{ type = "date", format = "YYYY-MM-DD" }}
group = {{ type = "code", levels = [{codes}] }}

[cohort]
population = "people"

[cohort.index]
date = "people.start"

[follow_up]
scale = "since_index"
event_at_entry = "error"

[follow_up.event]
label = "event"
date = "people.event"

[[follow_up.exit]]
label = "end of follow-up"
date = "people.end"

[covariate.group]
label = "Group"
from = "people.group"
levels = [
{levels}]
if_missing = "error"

[[model]]
name = "crude"
formula = "group"

[disclosure]
profile = "none"

[report]
formats = ["text", "csv", "json"]
table_variables = ["group"]
rate_per = {rate_per}
level = {level}
"#,
        title = quoted(&plan.title),
        source = quoted(&plan.source),
        rate_per = plan.rate_per,
        level = plan.level,
    )
}

/// The printed numbers that the cohorts must give back.
fn targets(plans: &[Plan]) -> String {
    let mut text = String::from(
        "# Written by `cohort simulate --from`: what the simulated cohorts must give back.\n\n[targets]\nname = \"simulated\"\n\
         title = \"A printed table, from the cohorts simulated after it\"\n\
         note = \"SIMULATED: no person behind these numbers exists.\"\n",
    );
    for number in 1..=plans.len() {
        write!(text, "\n[[against]]\nname = \"cohort-{number}\"\nstudy = \"study-{number}.toml\"\n").expect("a text");
    }
    for (at, plan) in plans.iter().enumerate() {
        write!(
            text,
            "\n[[table]]\nname = {}\nsource = {}\nagainst = \"cohort-{}\"\nvariable = \"group\"\nrate_per = {}\ntime_unit = \"{}\"\n\
             level = {}\nmodels = {{ \"crude rate\" = \"crude\" }}\n",
            quoted(&plan.title),
            quoted(&plan.source),
            at + 1,
            plan.rate_per,
            plan.time_unit.name(),
            plan.level
        )
        .expect("a text");
        plan.groups.iter().for_each(|group| text.push_str(&targets_of(plan, group)));
    }
    text
}

/// The rows of one group.
fn targets_of(plan: &Plan, group: &Group) -> String {
    let name = |what: &str| quoted(&format!("{}: {}, {what}", plan.title, group.label));
    let label = quoted(&group.label);
    let printed = &group.printed;
    let mut text = String::new();
    let counts = [("events", &printed.events), ("person_years", &printed.person_time), ("n", &printed.persons)];
    let counts: String =
        counts.iter().filter_map(|(key, n)| n.as_ref().map(|n| format!("{key} = {}\n", quoted(n)))).collect();
    if !counts.is_empty() {
        text.push_str(&format!("\n[[table.number]]\nrow = {}\ngroup = {label}\n{counts}", name("counts")));
    }
    if let Some(rate) = &printed.rate {
        let row = name("rate");
        text.push_str(&format!(
            "\n[[table.number]]\nrow = {row}\ngroup = {label}\nmeasure = \"rate\"\nvalue = {}\n",
            quoted(rate)
        ));
    }
    if let Some(ratio) = &printed.hazard_ratio {
        let (row, close) = (name("hazard ratio"), monte_carlo(group, &plan.groups[0]));
        text.push_str(&format!(
            "\n[[table.number]]\nrow = {row}\ngroup = {label}\nmodel = \"crude\"\nmeasure = \"hr\"\nvalue = {}\nclose = \"{close:.4}\"\n",
            quoted(ratio)
        ));
        if let Some((lower, upper)) = &printed.limits {
            text.push_str(&format!("lower = {}\nupper = {}\n", quoted(lower), quoted(upper)));
        }
    }
    text
}

/// Twice the Monte Carlo error of a hazard ratio, relative: with independent draws its logarithm has variance 1/d + 1/d₀.
fn monte_carlo(group: &Group, reference: &Group) -> f64 {
    let variance = 1.0 / group.events.max(1) as f64 + 1.0 / reference.events.max(1) as f64;
    exp(2.0 * sqrt(variance)) - 1.0
}

/// What was assumed, for people.
fn assumed(planned: &Plans, seed: u64) -> String {
    let mut text = format!(
        "# Simulated cohorts\n\nWritten by `cohort simulate --from`, seed {seed}. No person in these files exists. Persons, events and days of \
         person-time of every group are exact; hazard ratios are so but for Monte Carlo error.\n"
    );
    if !planned.left_out.is_empty() {
        text.push_str("\nParts of the table that determine no cohort:\n\n");
        planned.left_out.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
    }
    for (at, plan) in planned.cohorts.iter().enumerate() {
        write!(text, "\n## cohort-{}: {}\n\n{}\n\nGroups:\n\n", at + 1, plan.title, plan.source).expect("a text");
        let base = &plan.groups[0];
        for group in &plan.groups {
            let ratio = log(group.events as f64 / group.days as f64) - log(base.events as f64 / base.days as f64);
            writeln!(
                text,
                "- {}: {} persons, {} events, {} days; ratio of rates {:.3}",
                group.label,
                group.persons,
                group.events,
                group.days,
                exp(ratio)
            )
            .expect("a text");
        }
        text.push_str("\nAssumed, left out or not used:\n\n");
        plan.assumed.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reproduce::cohort::PrintedGroup;

    fn group(persons: u64, events: u64, days: u64) -> Group {
        Group { label: "a".to_owned(), persons, events, days, printed: PrintedGroup::default() }
    }

    #[test]
    fn persons_events_and_days_are_exact() {
        for (persons, events, days) in [(1000, 100, 365_000), (100, 100, 5_000), (50, 0, 1_234), (2, 1, 2), (10, 9, 12)]
        {
            let lives = lives(&group(persons, events, days), &mut Source::new(1).stream(0));
            assert_eq!(lives.len() as u64, persons);
            assert_eq!(lives.iter().filter(|(_, event)| *event).count() as u64, events);
            assert_eq!(lives.iter().map(|(days, _)| days).sum::<u64>(), days);
            assert!(lives.iter().all(|(days, _)| *days >= 1));
        }
    }
}
