//! Numbers at chosen times that stand in several tables: of the same people at the same time they are one number, and
//! between two times lie those of both tables.
//!
//! Groups of descriptions, standardised risks, hazard ratios by interval and curves of models count the events of a level,
//! or of everybody, up to times of their own. Each number is stated once for every level and time; a model that leaves
//! records out has some of them.

use super::cells::{interval_key, level_key, own, point_key};
use super::over_time;
use super::relations::single_level;
use super::system::{CellId, System};
use crate::report::{Report, TimeVarying};
use std::collections::{BTreeMap, BTreeSet};

/// Numbers up to times, of one group of people.
type SoFar = Vec<(f64, CellId)>;

/// Numbers by whose they are (of a model that leaves records out its own), variable and level.
type OfLevels = BTreeMap<(String, String, String), SoFar>;

/// States what these numbers are of one another.
pub(super) fn state(report: &Report, system: &mut System) {
    let mut events = OfLevels::new();
    let mut add = |own: String, variable: &str, level: &str, at: (f64, CellId)| {
        events.entry((own, variable.to_owned(), level.to_owned())).or_default().push(at);
    };
    of_descriptions(report, system, &mut add);
    of_standardised_risks(report, system, &mut add);
    of_intervals(report, system, &mut add);
    for ((own, variable, level), numbers) in &mut events {
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all = system.find(&(own.clone() + &level_key(variable, level, "events")));
        along(&format!("{own}{variable}={level}|so far"), numbers, all, system);
    }
    some_of_all(&events, system);
    everybody(report, &events, system);
}

/// Events of the groups that one variable makes.
fn of_descriptions(report: &Report, system: &System, add: &mut impl FnMut(String, &str, &str, (f64, CellId))) {
    for (i, description) in report.descriptions.iter().enumerate() {
        for (g, group) in description.groups.iter().enumerate() {
            let Some((variable, level)) = single_level(&group.name, &group.levels) else { continue };
            for (at, point) in group.survival.iter().enumerate() {
                if let Some(id) = system.find(&point_key(i, g, "any", at, "events")) {
                    add(String::new(), &variable, level, (point.time, id));
                }
            }
        }
    }
}

fn of_standardised_risks(report: &Report, system: &System, add: &mut impl FnMut(String, &str, &str, (f64, CellId))) {
    for model in &report.models {
        for risks in &model.standardised {
            for row in &risks.rows {
                let (name, exposure) = (&model.name, &risks.exposure);
                let key = format!("model|{name}|standardised|{exposure}|{}|{}|events", row.level, row.time);
                if let Some(id) = system.find(&key) {
                    add(own(model), exposure, &row.level, (row.time, id));
                }
            }
        }
    }
}

/// Events of the intervals up to each of their ends.
fn of_intervals(report: &Report, system: &mut System, add: &mut impl FnMut(String, &str, &str, (f64, CellId))) {
    for model in &report.models {
        let mut done = BTreeSet::new();
        for varying in model.time_varying.iter().filter(|v| v.is_stepwise()) {
            let levels = [&varying.level, &varying.versus].into_iter().flatten();
            for level in levels.filter(|level| done.insert((&varying.variable, *level))) {
                let numbers = up_to_ends(&model.name, varying, level, system);
                numbers.into_iter().for_each(|at| add(own(model), &varying.variable, level, at));
            }
        }
    }
}

fn up_to_ends(model: &str, varying: &TimeVarying, level: &str, system: &mut System) -> SoFar {
    let mut parts = Vec::new();
    let mut found = SoFar::new();
    for (i, interval) in varying.hazard_ratios.iter().enumerate() {
        let name = interval_key(model, &varying.variable, level, i);
        let Some(id) = system.find(&name) else { break };
        parts.push(id);
        let Some(until) = interval.until else { continue };
        let sum = parts.iter().map(|part| system.value(*part)).sum();
        let so_far = system.implied(&format!("{name}|so far"), sum);
        system.sum(so_far, &parts);
        found.push((until, so_far));
    }
    found
}

/// From time to time, to the last number of all; equal times are the same people.
fn along(name: &str, numbers: &SoFar, all: Option<CellId>, system: &mut System) {
    for (at, pair) in numbers.windows(2).enumerate() {
        let ((before, a), (after, b)) = (pair[0], pair[1]);
        match before == after {
            true => system.within(a, b),
            false => {
                system.rest(&format!("{name}|{at}"), b, a);
            }
        }
    }
    if let Some((all, last)) = all.zip(numbers.last()) {
        system.within(last.1, all);
    }
}

/// A model that leaves records out has some of the events of all.
fn some_of_all(events: &OfLevels, system: &mut System) {
    for ((_, variable, level), numbers) in events.iter().filter(|((own, ..), _)| !own.is_empty()) {
        let Some(all) = events.get(&(String::new(), variable.clone(), level.clone())) else { continue };
        for (time, id) in numbers {
            let of_all = all.iter().find(|(t, _)| t == time);
            of_all.into_iter().for_each(|(_, all)| system.within(*id, *all));
        }
    }
}

/// Events and numbers at risk of everybody: sums over the levels of a variable, and those under curves.
fn everybody(report: &Report, events: &OfLevels, system: &mut System) {
    over_levels(events, system);
    let curves =
        report.models.iter().filter(|m| m.strata.is_empty()).flat_map(|m| m.curves.iter().map(move |c| (m, c)));
    let mut times: Vec<f64> = events.values().flatten().map(|(time, _)| *time).collect();
    for (model, curve) in curves {
        for point in &curve.times {
            times.push(point.time);
            for what in ["at risk", "events"] {
                let own = system.find(&format!("model|{}|curve|{}|{}|{what}", model.name, curve.stratum, point.time));
                let Some(id) = own else { continue };
                if model.levels.is_empty() {
                    let all = over_time::everybody("any", point.time, what, system.value(id), system);
                    system.within(id, all);
                } else {
                    some(id, point.time, what, system);
                }
            }
        }
    }
    times.sort_by(f64::total_cmp);
    times.dedup();
    for (what, total) in [("events", "total|events"), ("at risk", "total|records")] {
        let all = system.find(total);
        let found = times.iter().filter_map(|t| Some((*t, system.find(&format!("everybody|any|{t}|{what}"))?)));
        let mut numbers: SoFar = found.collect();
        if what == "at risk" {
            numbers.reverse();
        }
        along(&format!("everybody|{what}"), &numbers, all, system);
    }
}

/// A curve of a model that leaves records out has some of everybody, where another table says how many they are.
fn some(id: CellId, time: f64, what: &str, system: &mut System) {
    if let Some(all) = system.find(&format!("everybody|any|{time}|{what}")) {
        system.within(id, all);
    }
}

/// Events of the levels of a variable that everybody has a level of are those of everybody.
fn over_levels(events: &OfLevels, system: &mut System) {
    let of_all: Vec<_> = events.iter().filter(|((own, ..), _)| own.is_empty()).collect();
    for of_variable in of_all.chunk_by(|a, b| a.0.1 == b.0.1) {
        let totals = of_variable.iter().filter_map(|((_, variable, level), _)| {
            system.find(&level_key(variable, level, "events")).map(|id| system.value(id))
        });
        let is_all = system.find("total|events").is_some_and(|all| system.value(all) == totals.sum::<u64>());
        for (time, _) in of_variable[0].1.iter().filter(|_| is_all) {
            let parts: Vec<CellId> =
                of_variable.iter().filter_map(|(_, n)| n.iter().find(|(t, _)| t == time).map(|(_, id)| *id)).collect();
            if parts.len() == of_variable.len() {
                let sum = parts.iter().map(|part| system.value(*part)).sum();
                let all = over_time::everybody("any", *time, "events", sum, system);
                system.sum(all, &parts);
            }
        }
    }
}
