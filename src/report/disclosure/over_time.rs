//! What adds up to what along time: numbers at risk, events so far, and what lies between two chosen times.

use super::cells::{group_key, interval_key, level_key, own, point_key};
use super::system::{CellId, System};
use crate::report::{Description, ModelResult, Report, SurvivalPoint};
use std::collections::BTreeSet;

/// Events by interval of time add up to the events of the level.
pub(super) fn along_time(model: &ModelResult, system: &mut System) {
    let mut done = BTreeSet::new();
    for varying in model.time_varying.iter().filter(|v| v.is_stepwise()) {
        for level in [&varying.level, &varying.versus].into_iter().flatten() {
            if !done.insert((&varying.variable, level)) {
                continue;
            }
            let part = |i| system.find(&interval_key(&model.name, &varying.variable, level, i));
            let parts: Vec<CellId> = (0..varying.hazard_ratios.len()).filter_map(part).collect();
            if let Some(all) = system
                .find(&(own(model) + &level_key(&varying.variable, level, "events")))
                .filter(|_| !parts.is_empty())
            {
                system.sum(all, &parts);
            }
        }
    }
}

/// The day after which nobody is followed, on the scale since the index date; that of the longest months and years.
fn end_of_follow_up(report: &Report) -> Option<f64> {
    let follow_up = report.follow_up.as_ref().filter(|f| f.scale == "since_index")?;
    let (n, unit) = follow_up.maximum.as_ref()?.split_once(' ')?;
    let days = match unit.trim_end_matches('s') {
        "day" => 1.0,
        "week" => 7.0,
        "month" => 31.0,
        "year" => 366.0,
        _ => return None,
    };
    n.parse::<f64>().ok().map(|n| n * days)
}

/// Whether nobody is followed after a time.
fn is_end(report: &Report, time: Option<f64>) -> bool {
    end_of_follow_up(report).zip(time).is_some_and(|(end, time)| time >= end)
}

/// Steps between chosen times, and what is left after the last; at the end of follow-up none are left, of nobody.
fn steps(name: &str, cumulative: &[CellId], all: Option<CellId>, ended: bool, system: &mut System) {
    let mut before: Option<CellId> = None;
    for (at, &now) in cumulative.iter().enumerate() {
        if let Some(before) = before {
            system.rest(&format!("{name}|step {at}"), now, before);
        }
        before = Some(now);
    }
    let after = all.zip(before).and_then(|(all, last)| system.rest(&format!("{name}|after"), all, last));
    after.into_iter().filter(|_| ended).for_each(|id| system.zero_says_nothing(id));
}

/// Numbers at risk fall from time to time.
fn falls(name: &str, at_risk: &[CellId], first: Option<CellId>, system: &mut System) {
    let all: Vec<CellId> = first.into_iter().chain(at_risk.iter().copied()).collect();
    for (at, pair) in all.windows(2).enumerate() {
        system.rest(&format!("{name}|left {at}"), pair[0], pair[1]);
    }
}

/// At risk and events of curves, in each stratum.
pub(super) fn curves(report: &Report, model: &ModelResult, system: &mut System) {
    let strata: BTreeSet<&String> = model.curves.iter().map(|c| &c.stratum).collect();
    for stratum in strata {
        let curves = model.curves.iter().filter(|c| c.stratum == *stratum);
        let mut times: Vec<f64> = curves.flat_map(|c| &c.times).map(|p| p.time).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let key = |time: &f64, what: &str| format!("model|{}|curve|{stratum}|{time}|{what}", model.name);
        if times.is_empty() {
            continue;
        }
        // Without strata the curve rests on all records of the model.
        let all = |what: &str| {
            let of_model = system.find(&format!("model|{}|{what}", model.name));
            of_model.filter(|_| model.strata.is_empty())
        };
        let (records, events) = (all("records"), all("events"));
        let risk: Vec<CellId> = times.iter().filter_map(|t| system.find(&key(t, "at risk"))).collect();
        let so_far: Vec<CellId> = times.iter().filter_map(|t| system.find(&key(t, "events"))).collect();
        let name = format!("model|{}|curve|{stratum}", model.name);
        falls(&name, &risk, records, system);
        steps(&name, &so_far, events, is_end(report, times.last().copied()), system);
        for (time, (at_risk, events)) in times.iter().zip(risk.iter().zip(&so_far)) {
            let gone = records.and_then(|all| system.rest(&format!("{name}|{time}|gone"), all, *at_risk));
            let Some(gone) = gone else { continue };
            let lost = system.rest(&format!("{name}|{time}|gone without event"), gone, *events);
            lost.into_iter().chain([gone]).for_each(|id| system.zero_says_nothing(id));
        }
    }
}

/// Records and events of the levels of standardised risks.
pub(super) fn standardised(report: &Report, model: &ModelResult, system: &mut System) {
    for risks in &model.standardised {
        let key = |rest: String| format!("model|{}|standardised|{}|{rest}", model.name, risks.exposure);
        let mut levels: Vec<&String> = Vec::new();
        let mut times: Vec<f64> = Vec::new();
        for row in &risks.rows {
            if !levels.contains(&&row.level) {
                levels.push(&row.level);
            }
            if !times.contains(&row.time) {
                times.push(row.time);
            }
        }
        let ended = is_end(report, times.iter().copied().reduce(f64::max));
        for level in &levels {
            let of = |what: &str| -> Vec<CellId> {
                times.iter().filter_map(|t| system.find(&key(format!("{level}|{t}|{what}")))).collect()
            };
            let (records, events) = (of("records"), of("events"));
            // The same number at every time.
            records.windows(2).for_each(|pair| system.within(pair[0], pair[1]));
            steps(&key(format!("{level}|events")), &events, records.first().copied(), false, system);
            if let Some((level_events, last)) =
                system.find(&(own(model) + &level_key(&risks.exposure, level, "events"))).zip(events.last().copied())
            {
                let later = system.rest(&key(format!("{level}|later events")), level_events, last);
                later.into_iter().filter(|_| ended).for_each(|id| system.zero_says_nothing(id));
            }
            if let Some((of_level, own)) =
                system.find(&level_key(&risks.exposure, level, "records")).zip(records.first().copied())
            {
                system.within(own, of_level);
            }
        }
        let first: Vec<CellId> = times
            .first()
            .into_iter()
            .flat_map(|t| levels.iter().map(move |l| (t, l)))
            .filter_map(|(t, level)| system.find(&key(format!("{level}|{t}|records"))))
            .collect();
        if let Some(all) = system.find(&key("all".to_owned())) {
            system.sum(all, &first);
            if let Some(records) = system.find(&format!("model|{}|records", model.name)) {
                system.within(all, records);
            }
        }
    }
}

/// Numbers at chosen times: within each group, of each kind of event, and over the groups.
pub(super) fn points(report: &Report, i: usize, description: &Description, system: &mut System) {
    let n_groups = description.groups.len();
    let mut kinds: Vec<(String, Vec<f64>)> = Vec::new();
    for group in &description.groups {
        let time = |points: &[SurvivalPoint]| points.iter().map(|p| p.time).collect::<Vec<f64>>();
        let causes = group.incidence.iter().map(|c| (c.cause.clone(), time(&c.points)));
        for (kind, times) in std::iter::once(("any".to_owned(), time(&group.survival))).chain(causes) {
            if !times.is_empty() && !kinds.iter().any(|(known, _)| *known == kind) {
                kinds.push((kind, times));
            }
        }
    }
    let n_times = kinds.iter().map(|(_, times)| times.len()).max().unwrap_or(0);
    for g in 0..n_groups {
        let at_risk: Vec<CellId> =
            (0..n_times).filter_map(|at| system.find(&point_key(i, g, "any", at, "at risk"))).collect();
        falls(&format!("description|{i}|{g}"), &at_risk, system.find(&group_key(i, g, "records")), system);
        let causes: Vec<&str> = kinds.iter().map(|(kind, _)| kind.as_str()).filter(|kind| *kind != "any").collect();
        (0..n_times).for_each(|at| without_event_before(i, g, at, &causes, system));
        for (kind, times) in &kinds {
            let events: Vec<CellId> =
                (0..times.len()).filter_map(|at| system.find(&point_key(i, g, kind, at, "events"))).collect();
            let all = |what: &str| system.find(&group_key(i, g, what));
            let cause_events = description.groups[g].incidence.iter().find(|c| c.cause == *kind).and_then(|c| c.events);
            let name = format!("description|{i}|{g}|{kind}");
            let any_events = all("events");
            let all_events = match (kind.as_str(), cause_events) {
                ("any", _) => any_events,
                (_, Some(n)) => Some(system.implied(&format!("{name}|events"), n)),
                (_, None) => None,
            };
            steps(&name, &events, all_events, is_end(report, times.last().copied()), system);
        }
    }
    for (kind, _) in kinds.iter().filter(|(kind, _)| kind != "any") {
        let of_group = |g| system.find(&format!("description|{i}|{g}|{kind}|events"));
        let parts: Vec<CellId> = (0..n_groups).filter_map(of_group).collect();
        let label = description.groups.iter().flat_map(|g| &g.incidence).find(|c| c.cause == *kind).map(|c| &c.label);
        let exit = [Some(kind), label].into_iter().flatten().find_map(|name| system.find(&format!("exits|{name}")));
        if let Some(exit) = exit.filter(|_| !parts.is_empty()) {
            system.sum(exit, &parts);
        }
    }
    for (kind, times) in &kinds {
        for (at, time) in times.iter().enumerate() {
            for what in ["at risk", "events"] {
                let of_kind = if what == "events" { kind } else { "any" };
                let of_group = |g| system.find(&point_key(i, g, of_kind, at, what));
                let parts: Vec<CellId> = (0..n_groups).filter_map(of_group).collect();
                let sum = parts.iter().map(|p| system.value(*p)).sum();
                let everybody = everybody(of_kind, *time, what, sum, system);
                system.sum(everybody, &parts);
            }
        }
    }
}

/// A number of everybody at a time: one for all tables of the run that have it.
pub(super) fn everybody(kind: &str, time: f64, what: &str, sum: u64, system: &mut System) -> CellId {
    let name = format!("everybody|{kind}|{time}|{what}");
    let known = system.find(&name).filter(|id| system.value(*id) == sum);
    known.unwrap_or_else(|| system.implied(&name, sum))
}

/// Who is no longer at risk and had no event by then had one of another kind, or was lost. Events on the very day, which
/// nobody can tell apart, are left out of account.
fn without_event_before(i: usize, g: usize, at: usize, causes: &[&str], system: &mut System) {
    let find = |system: &System, kind: &str, what: &str| system.find(&point_key(i, g, kind, at, what));
    let [records, at_risk] = [system.find(&group_key(i, g, "records")), find(system, "any", "at risk")];
    let Some((records, at_risk)) = records.zip(at_risk) else { return };
    let name = format!("description|{i}|{g}|{at}");
    let Some(gone) = system.rest(&format!("{name}|no longer at risk"), records, at_risk) else { return };
    let of_causes: Vec<(&str, CellId)> =
        causes.iter().filter_map(|kind| find(system, kind, "events").map(|events| (*kind, events))).collect();
    let any = find(system, "any", "events");
    let all_kinds: Vec<CellId> = of_causes.iter().map(|(_, events)| *events).collect();
    if !all_kinds.is_empty() {
        system.sum(gone, &all_kinds);
    }
    if let Some(any) = any {
        if let Some(without) = system.rest(&format!("{name}|without event"), gone, any) {
            system.zero_says_nothing(without);
        }
        // The event of the curve is one of the kinds.
        if let Some((_, same)) = of_causes.iter().find(|(_, events)| system.value(*events) == system.value(any)) {
            system.within(*same, any);
        }
    }
    system.zero_says_nothing(gone);
}
