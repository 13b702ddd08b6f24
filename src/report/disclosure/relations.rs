//! What adds up to what among the counts of a report: the knowledge of whoever reads its tables side by side.
//!
//! A relation is stated where it holds in the true numbers; where a sum falls short, the rest is a number of its own (the
//! records without a value, the persons in no level), which somebody could work out and which is protected like others.

use super::Profile;
use super::cells::{group_key, level_key, level_name, of_link, own, pair_key};
use super::derived::variable_of_totals;
use super::system::{CellId, System};
use super::{codes, extracts, keys, over_time, table_one, tables_over_time};
use crate::report::{Description, Interaction, ModelLevel, ModelResult, Report};
use crate::study::disclosure::Totals;
use std::collections::BTreeSet;

/// States every relation between the counts of a report.
pub fn state(report: &Report, profile: &Profile, system: &mut System) {
    totals(report, profile, system);
    levels(report, profile, system);
    flow(report, system);
    let mut pairs = BTreeSet::new();
    for model in &report.models {
        for interaction in &model.interactions {
            cells(report, model, interaction, &mut pairs, system);
        }
    }
    models(report, system);
    for (i, description) in report.descriptions.iter().enumerate() {
        groups(report, i, description, system);
        over_time::points(report, i, description, system);
    }
    tables_over_time::state(report, system);
    links(report, system);
    keys::state(report, system);
    table_one::state(report, profile, system);
    extracts::state(report, system);
    codes::state(report, profile, system);
}

/// Persons without an event, and persons within records, of one group.
pub(super) fn within_group(key: &str, system: &mut System) {
    let [persons, records, events] = ["persons", "records", "events"].map(|w| system.find(&format!("{key}|{w}")));
    if let Some((persons, events)) = persons.or(records).zip(events) {
        system.rest(&format!("{key}|without event"), persons, events);
    }
    let Some((persons, records)) = persons.zip(records) else { return };
    if system.value(persons) == system.value(records) {
        // One record a person is known of a study whose covariates do not change.
        system.sum(records, &[persons]);
    } else if let Some(further) = system.rest(&format!("{key}|further records"), records, persons) {
        system.harmless(further);
    }
}

fn totals(report: &Report, profile: &Profile, system: &mut System) {
    within_group("total", system);
    let from_cells = profile.rounds() && profile.round_totals == Totals::FromCells;
    if from_cells && variable_of_totals(report, report).is_some() {
        let all = ["persons", "records", "events"].map(|what| system.find(&format!("total|{what}")));
        all.into_iter().flatten().for_each(|total| system.derive(total));
    }
}

fn levels(report: &Report, profile: &Profile, system: &mut System) {
    for rows in report.levels.chunk_by(|a, b| a.variable == b.variable) {
        let key = |level: &str, what: &str| level_key(&rows[0].variable, level, what);
        for row in rows {
            within_group(&level_name(&row.variable, &row.level), system);
        }
        for what in ["persons", "records", "events"] {
            let parts: Vec<CellId> = rows.iter().filter_map(|r| system.find(&key(&r.level, what))).collect();
            for (row, part) in rows.iter().zip(&parts) {
                if row.missing && !profile.hide_missing {
                    system.harmless(*part);
                }
            }
            if let Some(total) = system.find(&format!("total|{what}")).filter(|_| parts.len() == rows.len()) {
                system.sum(total, &parts);
            }
        }
    }
}

/// Ends of follow-up and the steps to the study population.
fn flow(report: &Report, system: &mut System) {
    let exits: Vec<CellId> = report.exits.iter().filter_map(|e| system.find(&format!("exits|{}", e.reason))).collect();
    let [persons, events] = ["persons", "events"].map(|what| system.find(&format!("total|{what}")));
    if let Some(persons) = persons.filter(|_| !exits.is_empty()) {
        system.sum(persons, &exits);
    }
    let event = report.follow_up.as_ref().and_then(|f| system.find(&format!("exits|{}", f.event)));
    if let Some((event, events)) = event.zip(events) {
        system.within(event, events);
    }
    let key = |step: usize, what: &str| format!("attrition|{step}|{what}");
    // A step that nobody fails says nothing of anybody.
    let steps = report.attrition.iter().flat_map(|s| ["excluded", "added"].map(|what| system.find(&key(s.step, what))));
    let steps: Vec<CellId> = steps.flatten().collect();
    steps.into_iter().for_each(|id| system.zero_says_nothing(id));
    for pair in report.attrition.windows(2) {
        let before = system.find(&key(pair[0].step, "persons"));
        let [left, excluded] = ["persons", "excluded"].map(|what| system.find(&key(pair[1].step, what)));
        let added = system.find(&key(pair[1].step, "added"));
        match (before, left, excluded) {
            (Some(before), Some(left), Some(excluded)) => {
                let before = match added {
                    None => before,
                    Some(added) => {
                        let all = system.value(before) + system.value(added);
                        let all = system.implied(&key(pair[1].step, "with those added"), all);
                        system.sum(all, &[before, added]);
                        all
                    }
                };
                system.sum(before, &[left, excluded]);
            }
            (Some(before), Some(left), None) => system.within(left, before),
            _ => {}
        }
    }
    events_of_flow(report, system);
    let last = report.attrition.last().and_then(|step| system.find(&key(step.step, "persons")));
    if let Some((last, persons)) = last.zip(persons) {
        system.within(persons, last);
    }
}

/// Events along the flow, and persons without one.
fn events_of_flow(report: &Report, system: &mut System) {
    let key = |step: usize, what: &str| format!("attrition|{step}|{what}");
    for step in &report.attrition {
        for (persons, events) in [("persons", "events"), ("excluded", "excluded events")] {
            let events_name = events;
            if let Some((persons, events)) =
                system.find(&key(step.step, persons)).zip(system.find(&key(step.step, events)))
            {
                system.rest(&key(step.step, &format!("{events_name} less")), persons, events);
            }
        }
    }
    for pair in report.attrition.windows(2) {
        let before = system.find(&key(pair[0].step, "events"));
        let [left, excluded] = ["events", "excluded events"].map(|what| system.find(&key(pair[1].step, what)));
        if let (Some(before), Some(left), Some(excluded)) = (before, left, excluded) {
            system.sum(before, &[left, excluded]);
        }
    }
    let last = report.attrition.last().and_then(|step| system.find(&key(step.step, "events")));
    if let Some((last, total)) = last.zip(system.find("total|events")) {
        system.within(total, last);
    }
}

/// Persons and events of exposure by modifier add up to those of the levels. Those of a model that leaves records out are
/// some of those of the tables.
fn cells(
    report: &Report,
    model: &ModelResult,
    interaction: &Interaction,
    done: &mut BTreeSet<String>,
    system: &mut System,
) {
    let (exposure, modifier, own) = (interaction.exposure.as_str(), interaction.modifier.as_str(), own(model));
    if !done.insert(own.clone() + &pair_key((exposure, ""), (modifier, ""), "")) {
        return;
    }
    let of_all = |e: &str, m: &str, what: &str| pair_key((exposure, e), (modifier, m), what);
    let key = |e: &str, m: &str, what: &str| own.clone() + &of_all(e, m, what);
    for cell in &interaction.within {
        let (e, m) = (&cell.exposure_level, &cell.modifier_level);
        if let Some((persons, events)) = system.find(&key(e, m, "persons")).zip(system.find(&key(e, m, "events"))) {
            system.rest(&key(e, m, "without event"), persons, events);
        }
        for what in ["persons", "events"].into_iter().filter(|_| !own.is_empty()) {
            if let Some((cell, all)) = system.find(&key(e, m, what)).zip(system.find(&of_all(e, m, what))) {
                system.within(cell, all);
            }
        }
    }
    let distinct = |of: fn(&crate::report::InteractionCell) -> &String| -> Vec<&String> {
        let mut seen = BTreeSet::new();
        interaction.within.iter().map(of).filter(|level| seen.insert(*level)).collect()
    };
    let (rows, columns) = (distinct(|c| &c.exposure_level), distinct(|c| &c.modifier_level));
    for what in ["persons", "events"] {
        for row in &rows {
            let parts: Vec<CellId> = columns.iter().filter_map(|m| system.find(&key(row, m, what))).collect();
            margin(report, &own, (exposure, row), what, &parts, system);
        }
        for column in &columns {
            let parts: Vec<CellId> = rows.iter().filter_map(|e| system.find(&key(e, column, what))).collect();
            margin(report, &own, (modifier, column), what, &parts, system);
        }
        let all = rows.iter().flat_map(|e| columns.iter().map(move |m| (e, m)));
        let all: Vec<CellId> = all.filter_map(|(e, m)| system.find(&key(e, m, what))).collect();
        if let Some(of_model) = system.find(&format!("{own}{what}")).filter(|_| !own.is_empty() && !all.is_empty()) {
            system.sum(of_model, &all);
        }
    }
}

/// The sum of a line of cells is the count of its level; of a level that no table shows, or of which a model has only some,
/// it is within that of the level or the total.
fn margin(
    report: &Report,
    own: &str,
    (variable, level): (&str, &str),
    what: &str,
    parts: &[CellId],
    system: &mut System,
) {
    if parts.is_empty() {
        return;
    }
    let of_level = system.find(&level_key(variable, level, what));
    let margin = system.find(&(own.to_owned() + &level_key(variable, level, what)));
    match margin {
        Some(margin) => system.sum(margin, parts),
        None => {
            let Some(all) = of_level.or(system.find(&format!("total|{what}"))) else { return };
            let sum = parts.iter().map(|p| system.value(*p)).sum();
            let name = format!("{own}sum of {variable}={level}|{what}");
            // One number for all tables that cross the variable.
            let margin = system.find(&name).filter(|m| system.value(*m) == sum);
            let known = margin.is_some();
            let margin = margin.unwrap_or_else(|| system.implied(&name, sum));
            system.sum(margin, parts);
            if !known && report.total.is_some() {
                system.within(margin, all);
            }
        }
    }
}

/// Numbers of models against the total, against one another, and what they leave out.
fn models(report: &Report, system: &mut System) {
    for (i, model) in report.models.iter().enumerate() {
        let key = |what: &str| format!("model|{}|{what}", model.name);
        within_group(&format!("model|{}", model.name), system);
        for what in ["records", "persons", "events"] {
            let Some(own) = system.find(&key(what)) else { continue };
            if let Some(total) = system.find(&format!("total|{what}")) {
                system.within(own, total);
            }
            let others = report.models[..i].iter().filter_map(|m| system.find(&format!("model|{}|{what}", m.name)));
            let others: Vec<CellId> = others.collect();
            others.into_iter().for_each(|other| system.within(own, other));
            for interaction in &model.interactions {
                let name = format!("model|{}|{}|{}|{what}", model.name, interaction.exposure, interaction.modifier);
                if let Some(of_interaction) = system.find(&name) {
                    system.within(of_interaction, own);
                }
            }
        }
        by_level(model, &report.models[..i], system);
        left_out(report, model, system);
        over_time::along_time(model, system);
        over_time::curves(report, model, system);
        over_time::standardised(report, model, system);
        competing(model, system);
    }
}

/// Events by level of a model that leaves records out: they make up its events, and are some of those of the tables and of
/// models that leave fewer out. Exact standard errors tell them, so that they are hidden with the estimates of the level.
fn by_level(model: &ModelResult, others: &[ModelResult], system: &mut System) {
    let key =
        |model: &ModelResult, level: &ModelLevel| own(model) + &level_key(&level.variable, &level.level, "events");
    for rows in model.levels.chunk_by(|a, b| a.variable == b.variable) {
        let parts: Vec<CellId> = rows.iter().filter_map(|row| system.find(&key(model, row))).collect();
        if let Some(all) = system.find(&format!("model|{}|events", model.name)).filter(|_| !parts.is_empty()) {
            system.sum(all, &parts);
        }
        for row in rows {
            let Some(of_model) = system.find(&key(model, row)) else { continue };
            let others = others.iter().filter(|other| !other.levels.is_empty()).map(|other| key(other, row));
            for other in others.chain([level_key(&row.variable, &row.level, "events")]) {
                system.find(&other).into_iter().for_each(|other| system.within(of_model, other));
            }
        }
    }
}

/// Records left out because a value is missing, all and by variable.
fn left_out(report: &Report, model: &ModelResult, system: &mut System) {
    let key = |what: &str| format!("model|{}|{what}", model.name);
    let Some(dropped) = system.find(&key("missing")) else { return };
    system.zero_says_nothing(dropped);
    if let Some((records, total)) = system.find(&key("records")).zip(system.find("total|records")) {
        system.sum(total, &[records, dropped]);
    }
    for missing in &model.missing {
        let Some(own) = system.find(&key(&format!("missing {}", missing.variable))) else { continue };
        system.zero_says_nothing(own);
        system.within(own, dropped);
        let is_row = |r: &&crate::report::LevelRow| r.missing && r.variable == missing.variable;
        if let Some(row) = report.levels.iter().find(is_row)
            && let Some(row) = system.find(&level_key(&row.variable, &row.level, "records"))
        {
            system.within(own, row);
        }
    }
}

/// Events, competing events and the censored are all records of a model.
fn competing(model: &ModelResult, system: &mut System) {
    let of = |what: &str| system.find(&format!("model|{}|{what}", model.name));
    if let (Some(records), Some(events), Some(competing)) = (of("records"), of("events"), of("competing")) {
        system.sum(records, &[events, competing]);
    }
}

/// Groups of a description against the levels of the main table and the totals.
fn groups(report: &Report, i: usize, description: &Description, system: &mut System) {
    for (g, group) in description.groups.iter().enumerate() {
        within_group(&format!("description|{i}|{g}"), system);
        let observed = system.find(&group_key(i, g, "observed"));
        if let Some((observed, events)) = observed.zip(system.find(&group_key(i, g, "events"))) {
            system.within(observed, events);
        }
        let Some((variable, level)) = single_level(&group.name, &group.levels) else { continue };
        for what in ["persons", "records", "events"] {
            let own = system.find(&group_key(i, g, what));
            if let Some((own, row)) = own.zip(system.find(&level_key(&variable, level, what))) {
                system.within(own, row);
            }
        }
    }
    for what in ["persons", "records", "events"] {
        let of_group = |g| system.find(&group_key(i, g, what));
        let parts: Vec<CellId> = (0..description.groups.len()).filter_map(of_group).collect();
        if let Some(total) =
            system.find(&format!("total|{what}")).filter(|_| !parts.is_empty() && report.total.is_some())
        {
            system.sum(total, &parts);
        }
    }
}

/// The variable and level of a group that one variable makes: `sex=1`, `factor(sex)=1`.
pub(super) fn single_level<'a>(name: &str, levels: &'a [String]) -> Option<(String, &'a str)> {
    let [level] = levels else { return None };
    let variable = name.strip_suffix(level.as_str()).and_then(|v| v.strip_suffix('='))?;
    let variable = variable.trim_start_matches("factor(").trim_end_matches(')').trim_matches('`');
    Some((variable.to_owned(), level))
}

/// Keys and rows that did not link, and what notes say of them.
fn links(report: &Report, system: &mut System) {
    for link in &report.links {
        let [keys, matched, rows, rows_matched] =
            ["keys", "matched", "rows", "rows matched"].map(|what| of_link(system, &link.extract, what));
        for what in ["rows without key", "repeated"] {
            of_link(system, &link.extract, what).into_iter().for_each(|id| system.zero_says_nothing(id));
        }
        if let Some((keys, matched)) = keys.zip(matched) {
            let unlinked = system.rest(&format!("link|{}|keys not linked", link.extract), keys, matched);
            unlinked.into_iter().for_each(|id| system.zero_says_nothing(id));
        }
        let Some((rows, rows_matched)) = rows.zip(rows_matched) else { continue };
        let name = format!("link|{}|rows not linked", link.extract);
        let Some(unlinked) = system.rest(&name, rows, rows_matched) else { continue };
        system.zero_says_nothing(unlinked);
        if let Some(without) = of_link(system, &link.extract, "rows without key") {
            system.within(without, unlinked);
        }
        if let Some((matched, repeated)) = matched.zip(of_link(system, &link.extract, "repeated")) {
            let single = system.rest(&format!("link|{}|keys of one row", link.extract), matched, repeated);
            single.into_iter().for_each(|id| system.zero_says_nothing(id));
        }
        let is_part = |n: &crate::report::Note| n.source == link.extract && n.message.ends_with(", left out");
        let notes = report.notes.iter().enumerate().filter(|(_, n)| is_part(n));
        let parts: Vec<CellId> = notes.filter_map(|(i, _)| system.find(&format!("note|{i}"))).collect();
        if !parts.is_empty() {
            system.sum(unlinked, &parts);
        }
    }
}
