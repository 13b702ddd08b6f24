//! An attack on what leaves: whoever holds `export/results.json` writes down everything that adds up, and asks a linear
//! program for the least and the largest value of every hidden count.
//!
//! The reading and the equations are this file's own; of the program's disclosure control its output is used, and its
//! simplex method, which its own tests check. What is asked: nobody can show that a hidden count is below the threshold, nor tell its value; and its least
//! possible value is 1, unless it is a sum of hidden counts, each of which is 1 or more.

use crate::support::Random;
use cohort::day::Day;
use cohort::loader::Quiet;
use cohort::pipeline::{NoOutputs, Stopwatch, run_study};
use cohort::report::disclosure::apply;
use cohort::report::disclosure::simplex::{Column, maximise};
use cohort::report::render::json;
use cohort::report::{Profile, Report};
use cohort::study;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What an attacker knows of the whole numbers behind a report.
#[derive(Default)]
struct Knowledge {
    names: BTreeMap<String, usize>,
    /// Least and largest value.
    bounds: Vec<(f64, f64)>,
    /// Σ factor · count = 0.
    equations: Vec<Vec<(usize, f64)>>,
}

/// How a shown number is to be read: the numbers that are shown as it is.
type Reading<'a> = &'a dyn Fn(u64) -> (f64, f64);

impl Knowledge {
    /// A count by its name; unknown until [`Knowledge::see`] has seen it.
    fn count(&mut self, name: &str) -> usize {
        let next = self.names.len();
        let id = *self.names.entry(name.to_owned()).or_insert(next);
        if id == next {
            self.bounds.push((0.0, f64::INFINITY));
        }
        id
    }

    /// A count that stands in the report, or a marker in its place: then it is 1 or more, since zero would be shown.
    fn see(&mut self, name: &str, value: &Value, hidden: bool, reading: Reading<'_>) -> Option<usize> {
        self.see_from(1.0, name, value, hidden, reading)
    }

    /// The same for a count that is hidden together with others, so that it may be zero.
    fn see_with_others(&mut self, name: &str, value: &Value, hidden: bool, reading: Reading<'_>) -> Option<usize> {
        self.see_from(0.0, name, value, hidden, reading)
    }

    fn see_from(&mut self, least: f64, name: &str, value: &Value, hidden: bool, reading: Reading<'_>) -> Option<usize> {
        let (low, high) = match value.as_u64().or(value.as_f64().map(|x| x as u64)) {
            Some(n) => reading(n),
            None if hidden => (least, f64::INFINITY),
            None => return None,
        };
        let id = self.count(name);
        let (least, most) = self.bounds[id];
        self.bounds[id] = (least.max(low), most.min(high));
        Some(id)
    }

    /// The parts make up the whole.
    fn sum(&mut self, whole: usize, parts: &[usize]) {
        let mut equation: Vec<(usize, f64)> = parts.iter().map(|p| (*p, 1.0)).collect();
        equation.push((whole, -1.0));
        self.equations.push(equation);
    }

    /// The part is some of the whole.
    fn within(&mut self, part: usize, whole: usize) {
        let rest = self.count(&format!("rest of {whole} and {part} {}", self.equations.len()));
        self.sum(whole, &[part, rest]);
    }

    /// Narrows bounds equation by equation until nothing changes, in whole numbers.
    fn propagate(&mut self) {
        for _ in 0..200 {
            let mut changed = false;
            for equation in &self.equations {
                changed |= tighten(equation, &mut self.bounds);
            }
            if !changed {
                return;
            }
        }
    }

    /// The least and the largest value of a count by linear programming on the unknown part, in whole numbers: how far it can
    /// move from `truth` while every equation holds.
    fn range(&self, id: usize, truth: &[f64]) -> (f64, f64) {
        let unknown: Vec<usize> = self.connected(id);
        let mut rows: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
        for (e, equation) in self.equations.iter().enumerate() {
            for (i, factor) in equation {
                rows.entry(*i).or_default().push((e, *factor));
            }
        }
        let furthest = |sign: f64| {
            let mut columns = Vec::new();
            for i in &unknown {
                let (low, high) = self.bounds[*i];
                for (way, limit) in [(1.0, high - truth[*i]), (-1.0, truth[*i] - low)] {
                    let entries =
                        rows.get(i).map_or(&[][..], Vec::as_slice).iter().map(|(e, f)| (*e, way * f)).collect();
                    // A bound for what has none: far beyond any threshold.
                    let gain = if *i == id { way * sign } else { 0.0 };
                    columns.push(Column { entries, limit: limit.min(1e4), gain });
                }
            }
            let moved = maximise(&columns, self.equations.len());
            let at = 2 * unknown.iter().position(|i| *i == id).expect("it is the first");
            truth[id] + moved[at] - moved[at + 1]
        };
        ((furthest(-1.0) - 1e-6).ceil(), (furthest(1.0) + 1e-6).floor())
    }

    /// The true value of every count, from those of the original; numbers that stand nowhere follow from the equations.
    fn truth(&self, original: &Knowledge) -> Vec<f64> {
        let mut values: Vec<Option<f64>> = vec![None; self.bounds.len()];
        for (name, id) in self.names.iter().filter(|(name, _)| !name.starts_with("rest of")) {
            let known = original.names.get(name).map(|id| original.bounds[*id]);
            values[*id] = known.filter(|(low, high)| low == high).map(|(low, _)| low);
        }
        while let Some((id, value)) = self.equations.iter().find_map(|e| only_unknown(e, &values)) {
            values[id] = Some(value);
        }
        let found: Vec<f64> = values.into_iter().map(|v| v.expect("the original says all")).collect();
        for (name, id) in &self.names {
            let ((low, high), value) = (self.bounds[*id], found[*id]);
            assert!(low <= value && value <= high, "{name}: {value} is not among {low} to {high}");
        }
        found
    }

    /// The unknown counts that equations connect with one, itself first.
    fn connected(&self, id: usize) -> Vec<usize> {
        let open = |i: usize| self.bounds[i].0 < self.bounds[i].1;
        let (mut found, mut next) = (vec![id], 0);
        let mut seen: Vec<bool> = vec![false; self.bounds.len()];
        seen[id] = true;
        while next < found.len() {
            let at = found[next];
            next += 1;
            for equation in self.equations.iter().filter(|e| e.iter().any(|(i, _)| *i == at)) {
                for (i, _) in equation.iter().filter(|(i, _)| open(*i)) {
                    if !std::mem::replace(&mut seen[*i], true) {
                        found.push(*i);
                    }
                }
            }
        }
        found
    }
}

/// One equation says how far each count may go, given the others.
fn tighten(equation: &[(usize, f64)], bounds: &mut [(f64, f64)]) -> bool {
    let mut changed = false;
    for (at, (id, factor)) in equation.iter().enumerate() {
        let others = || equation.iter().enumerate().filter(|(j, _)| *j != at).map(|(_, term)| term);
        let (mut low, mut high) = (0.0, 0.0);
        for (i, f) in others() {
            let (a, b) = (f * bounds[*i].0, f * bounds[*i].1);
            low += a.min(b);
            high += a.max(b);
        }
        let ends = [-low / factor, -high / factor];
        let (least, most) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let (old_low, old_high) = bounds[*id];
        let new = (old_low.max((least - 1e-9).ceil()), old_high.min((most + 1e-9).floor()));
        changed |= new.0 > old_low || new.1 < old_high;
        bounds[*id] = new;
    }
    changed
}

/// The value of the only count of an equation that is not known yet.
fn only_unknown(equation: &[(usize, f64)], values: &[Option<f64>]) -> Option<(usize, f64)> {
    let mut unknown = equation.iter().filter(|(i, _)| values[*i].is_none());
    let (id, factor) = unknown.next()?;
    let known: f64 = equation.iter().filter_map(|(i, f)| values[*i].map(|v| f * v)).sum();
    unknown.next().is_none().then(|| (*id, -known / factor))
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn flag(value: &Value, name: &str) -> bool {
    value[name].as_bool().unwrap_or(false)
}

/// Everything that adds up in an exported report.
fn read(report: &Value, reading: Reading<'_>, from_cells: bool) -> Knowledge {
    let mut known = Knowledge::default();
    let k = &mut known;
    for what in ["persons", "events"] {
        let (total, hidden) = (&report["total"][what], flag(&report["total"], &format!("{what}_hidden")));
        // A total that is the sum of shown cells says nothing of its own.
        match from_cells {
            true => Some(k.count(&format!("total {what}"))),
            false => k.see(&format!("total {what}"), total, hidden, reading),
        };
    }
    read_levels(report, reading, k);
    read_flow(report, reading, k);
    for model in list(report, "models") {
        read_model(model, reading, k);
        for interaction in list(model, "interactions") {
            read_cells(interaction, reading, k);
        }
    }
    for (i, description) in list(report, "descriptions").iter().enumerate() {
        read_description(i, description, reading, k);
    }
    for link in list(report, "links") {
        let hidden = flag(link, "hidden");
        let mut see = |what: &str| {
            k.see_with_others(&format!("link {} {what}", text(link, "extract")), &link[what], hidden, reading)
        };
        let [keys, matched, rows, rows_matched] = ["keys", "matched", "rows", "rows_matched"].map(&mut see);
        for (part, whole) in [(matched, keys), (rows_matched, rows)] {
            if let (Some(part), Some(whole)) = (part, whole) {
                k.within(part, whole);
            }
        }
    }
    known.propagate();
    known
}

fn without_event(k: &mut Knowledge, name: &str) {
    let (persons, events) = (k.count(&format!("{name} persons")), k.count(&format!("{name} events")));
    let without = k.count(&format!("{name} without"));
    k.sum(persons, &[events, without]);
}

fn read_levels(report: &Value, reading: Reading<'_>, k: &mut Knowledge) {
    without_event(k, "total");
    for what in ["persons", "events"] {
        let mut variables: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for row in list(report, "levels") {
            let variable = text(row, "variable");
            let name = format!("{variable}={} {what}", text(row, "level"));
            if let Some(id) = k.see(&name, &row[what], flag(row, &format!("{what}_hidden")), reading) {
                variables.entry(variable).or_default().push(id);
            }
        }
        let total = k.count(&format!("total {what}"));
        variables.values().for_each(|parts| k.sum(total, parts));
    }
    for row in list(report, "levels") {
        without_event(k, &format!("{}={}", text(row, "variable"), text(row, "level")));
    }
}

fn read_flow(report: &Value, reading: Reading<'_>, k: &mut Knowledge) {
    let total = k.count("total persons");
    let mut exits = Vec::new();
    for exit in list(report, "exits") {
        exits.extend(k.see(&format!("exit {}", text(exit, "reason")), &exit["persons"], flag(exit, "hidden"), reading));
    }
    k.sum(total, &exits);
    let event = k.count(&format!("exit {}", text(&report["follow_up"], "event")));
    let events = k.count("total events");
    k.sum(events, &[event]);
    let mut before = None;
    for step in list(report, "attrition") {
        let name = format!("step {}", step["step"]);
        let left = k.see(&format!("{name} left"), &step["persons"], flag(step, "persons_hidden"), reading);
        // Once counts are rounded it is a difference of rounded numbers, and says nothing more.
        let range = |n: u64| if reading(1000) == (1000.0, 1000.0) { reading(n) } else { (0.0, f64::INFINITY) };
        let excluded = k.see(&format!("{name} excluded"), &step["excluded"], flag(step, "excluded_hidden"), &range);
        if let (Some(before), Some(left), Some(excluded)) = (before, left, excluded) {
            k.sum(before, &[left, excluded]);
        }
        before = left;
    }
    if let Some(last) = before {
        k.sum(last, &[total]);
    }
}

fn read_model(model: &Value, reading: Reading<'_>, k: &mut Knowledge) {
    let hidden = flag(model, "counts_hidden");
    let name = text(model, "name");
    let mut see = |field: &str| k.see_with_others(&format!("model {name} {field}"), &model[field], hidden, reading);
    let [records, persons, events, dropped] = ["n_records", "n_persons", "n_events", "n_missing_dropped"].map(&mut see);
    for (part, whole) in [(persons, "total persons"), (records, "total persons"), (events, "total events")] {
        let whole = k.count(whole);
        if let Some(part) = part {
            k.within(part, whole);
        }
    }
    let total = k.count("total persons");
    // One record per person in these studies.
    if let (Some(records), Some(dropped)) = (records, dropped) {
        k.sum(total, &[records, dropped]);
    }
}

fn read_cells(interaction: &Value, reading: Reading<'_>, k: &mut Knowledge) {
    let (exposure, modifier) = (text(interaction, "exposure"), text(interaction, "modifier"));
    for what in ["persons", "events"] {
        let mut lines: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for cell in list(interaction, "within") {
            let (row, column) = (text(cell, "exposure_level"), text(cell, "modifier_level"));
            let name = format!("{exposure}={row} {modifier}={column} {what}");
            let Some(id) = k.see(&name, &cell[what], flag(cell, &format!("{what}_hidden")), reading) else { continue };
            lines.entry(format!("{exposure}={row} {what}")).or_default().push(id);
            lines.entry(format!("{modifier}={column} {what}")).or_default().push(id);
        }
        for (margin, parts) in lines {
            let margin = k.count(&margin);
            k.sum(margin, &parts);
        }
    }
    for cell in list(interaction, "within") {
        let (row, column) = (text(cell, "exposure_level"), text(cell, "modifier_level"));
        without_event(k, &format!("{exposure}={row} {modifier}={column}"));
    }
}

fn read_description(i: usize, description: &Value, reading: Reading<'_>, k: &mut Knowledge) {
    let mut at_times: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for group in list(description, "groups") {
        let name = format!("group {i} {}", text(group, "name"));
        let hidden = flag(group, "hidden");
        for what in ["persons", "events"] {
            let Some(id) = k.see_with_others(&format!("{name} {what}"), &group[what], hidden, reading) else {
                continue;
            };
            groups.entry(what).or_default().push(id);
            // `group=b` is a level of the main table.
            let level = k.count(&format!("{} {what}", text(group, "name")));
            k.sum(level, &[id]);
        }
        without_event(k, &name);
        let mut before: [Option<usize>; 2] = [Some(k.count(&format!("{name} persons"))), None];
        for point in list(group, "survival") {
            let at = format!("{name} at {}", point["time"]);
            let hidden = flag(point, "hidden");
            let risk = k.see_with_others(&format!("{at} at risk"), &point["at_risk"], hidden, reading);
            let events = k.see_with_others(&format!("{at} events"), &point["events"], hidden, reading);
            if let (Some(risk), Some(before)) = (risk, before[0]) {
                k.within(risk, before);
            }
            if let (Some(events), Some(before)) = (events, before[1]) {
                k.within(before, events);
            }
            for (what, id) in [("at risk", risk), ("events", events)] {
                at_times.entry(format!("{what} {}", point["time"])).or_default().extend(id);
            }
            before = [risk.or(before[0]), events.or(before[1])];
        }
        if let Some(last) = before[1] {
            let all = k.count(&format!("{name} events"));
            k.within(last, all);
        }
    }
    for (what, parts) in groups {
        let total = k.count(&format!("total {what}"));
        k.sum(total, &parts);
    }
    // The same people in every description of the run.
    for (at, parts) in at_times {
        let everybody = k.count(&format!("everybody {at}"));
        k.sum(everybody, &parts);
    }
}

/// What an attack found out about the small counts of a run.
#[derive(Debug, Default)]
struct Findings {
    hidden: usize,
    least_is_one: usize,
    faults: Vec<String>,
}

/// Attacks an export; `truth` is what the attacker does not have.
fn attack(exported: &Report, original: &Report, profile: &Profile) -> Findings {
    let parse = |report: &Report| serde_json::from_str::<Value>(&json::results(report)).expect("JSON");
    let exact = |n: u64| (n as f64, n as f64);
    let truth = read(&parse(original), &exact, false);
    let reading = |n: u64| reading_of(profile, n);
    let rounds = profile.rounds();
    let known = read(&parse(exported), &reading, profile.round_totals == study_totals());
    let values = known.truth(&truth);
    let mut found = Findings::default();
    let threshold = profile.threshold as f64;
    for (name, id) in &known.names {
        let Some(true_id) = truth.names.get(name).filter(|_| !name.starts_with("rest of")) else { continue };
        let (value, other) = truth.bounds[*true_id];
        if value != other || !profile.is_small(value as u64) {
            continue;
        }
        found.hidden += 1;
        let (least, most) = known.range(*id, &values);
        if most < threshold || least == most {
            found.faults.push(format!("{name}: {value} is known to be {least} to {most}"));
        }
        found.least_is_one += usize::from(least <= 1.0);
    }
    assert!(!rounds || found.hidden == 0 || found.least_is_one > 0);
    found
}

fn study_totals() -> cohort::study::disclosure::Totals {
    cohort::study::disclosure::Totals::FromCells
}

/// What a shown number may stand for, by the words of the site and not by the program: to the nearest five, halves up.
fn reading_of(profile: &Profile, n: u64) -> (f64, f64) {
    let n = n as f64;
    match profile.name.as_str() {
        "uk-opensafely" if n > 0.0 => ((n - 2.0).max(8.0), n + 2.0),
        "acro" => ((n - 2.0).max(10.0), n + 2.0),
        _ => (n, n),
    }
}

const STUDY: &str = r#"
[study]
name = "tiny"
title = "A tiny study"

[extract.people]
file = "people.csv"
delimiter = ";"
encoding = "utf-8"
key = { column = "id" }
one_per_person = true

[extract.people.columns]
sex = { column = "sex", type = "code", levels = ["1", "2"] }
group = { column = "group", type = "code", levels = ["a", "b", "c", "d"] }
region = { column = "region", type = "code", levels = ["n", "s", "w"] }
age = { column = "age", type = "whole" }
start = { column = "start", type = "date", format = "YYYY-MM-DD" }
visit = { column = "visit", type = "date", format = "YYYY-MM-DD" }
death = { column = "death", type = "date", format = "YYYY-MM-DD" }
end = { column = "end", type = "date", format = "YYYY-MM-DD" }

[cohort]
population = "people"

[cohort.index]
date = "people.start"

[[cohort.step]]
label = "aged 18 or more"
include = "years >= 18"

[follow_up]
scale = "since_index"
maximum = "365 days"
event_at_entry = "exclude"
on_invalid = { exit_at_entry = "exclude" }

[follow_up.event]
label = "visit"
date = "people.visit"

[[follow_up.exit]]
label = "death"
date = "people.death"

[[follow_up.exit]]
label = "end of data"
date = "people.end"

[covariate.years]
label = "Age"
from = "people.age"
if_missing = "error"

[covariate.sex]
label = "Sex"
from = "people.sex"
levels = [{ value = "1", label = "Men" }, { value = "2", label = "Women" }]
if_missing = "error"

[covariate.group]
label = "Group"
from = "people.group"
levels = [{ value = "a" }, { value = "b" }, { value = "c" }, { value = "d" }]
if_missing = "error"

[covariate.region]
label = "Region"
from = "people.region"
levels = [{ value = "n" }, { value = "s" }, { value = "w" }]
if_missing = { level = "w" }

[[model]]
name = "crude"
formula = "group"

[[model]]
name = "adjusted"
formula = "group + sex + region"

[[interaction]]
exposure = "group"
modifiers = ["sex"]
model = "adjusted"

[describe]
by = ["group"]
times = [100, 250]

[disclosure]
profile = "dk-dst"
"#;

/// A delivery of some dozen people with small groups, a rule of the seed.
fn people(seed: u64) -> String {
    let mut random = Random(seed.wrapping_mul(7919));
    let n = 30 + random.below(120);
    let mut text = String::from("id;sex;group;region;age;start;visit;death;end\n");
    let skew = 0.2 + 0.5 * random.unit();
    for i in 0..n {
        let pick = |random: &mut Random, of: &[&'static str]| {
            let at = of.iter().position(|_| random.unit() > skew).unwrap_or(of.len() - 1);
            of[at]
        };
        let (sex, group) = (pick(&mut random, &["1", "2"]), pick(&mut random, &["a", "b", "c", "d"]));
        let region = pick(&mut random, &["n", "s", "w"]);
        let age = 17 + random.below(40);
        let day = |days: u32| {
            let Day(start) = Day::from_ymd(2010, 1, 1).expect("a day");
            Day(start + days as i32).to_string()
        };
        let later = |random: &mut Random, share: f64| match random.unit() < share {
            true => day(1 + random.below(500)),
            false => String::new(),
        };
        let (visit, death) = (later(&mut random, 0.5), later(&mut random, 0.05));
        let end = day(250 + random.below(300));
        text.push_str(&format!("{i};{sex};{group};{region};{age};2010-01-01;{visit};{death};{end}\n"));
    }
    text
}

/// The report of a random study, by the whole pipeline.
fn tiny_study(seed: u64, folder: &Path) -> Option<Report> {
    std::fs::write(folder.join("people.csv"), people(seed)).expect("written");
    let study = study::check(STUDY, &folder.join("study.toml"), None).unwrap_or_else(|faults| panic!("{faults}"));
    // A model of a study this small may have no events at all in a level; that is an error of its own.
    let run = run_study(&study, &mut Quiet, &mut NoOutputs, &mut Stopwatch::new(&|| 0.0));
    run.ok().map(|run| run.report)
}

/// Attacks the studies of some seeds under a profile.
fn attack_studies(seeds: std::ops::Range<u64>, profile: &str) {
    let profile = Profile::named(profile).expect("a profile");
    let folder = tempfile::tempdir().expect("a folder");
    let (mut hidden, mut least_is_one, mut studies) = (0, 0, 0);
    for seed in seeds.clone() {
        let Some(report) = tiny_study(seed, folder.path()) else { continue };
        studies += 1;
        let (exported, done) = apply(&report, &profile);
        assert!(done.iter().all(|h| h.unprotected == 0), "seed {seed}: {done:?}");
        let found = attack(&exported, &report, &profile);
        assert!(found.faults.is_empty(), "seed {seed}: {:#?}", found.faults);
        hidden += found.hidden;
        least_is_one += found.least_is_one;
    }
    assert!(studies * 10 >= (seeds.end - seeds.start) * 9, "{studies} studies ran");
    assert!(hidden as u64 > 10 * studies, "the studies have small groups: {hidden}");
    assert!(least_is_one * 100 >= hidden * 80, "{least_is_one} of {hidden} may be 1");
    println!("{studies} studies, {hidden} small counts, {least_is_one} of which may be 1");
}

#[test]
fn nobody_bounds_a_small_count_of_tiny_studies_1() {
    attack_studies(0..50, "dk-dst");
}

#[test]
fn nobody_bounds_a_small_count_of_tiny_studies_2() {
    attack_studies(50..100, "dk-dst");
}

#[test]
fn nobody_bounds_a_small_count_of_tiny_studies_3() {
    attack_studies(100..150, "no-ssb");
}

#[test]
fn nobody_bounds_a_small_count_of_tiny_studies_4() {
    attack_studies(150..200, "uk-opensafely");
}

/// The attack finds what is to be found: without secondary suppression it gives small counts back.
#[test]
fn without_secondary_suppression_the_attack_succeeds() {
    let profile = Profile { secondary: false, ..Profile::named("dk-dst").expect("a profile") };
    let folder = tempfile::tempdir().expect("a folder");
    let mut faults = 0;
    for seed in 0..5 {
        let report = tiny_study(seed, folder.path()).expect("a report");
        faults += attack(&apply(&report, &profile).0, &report, &profile).faults.len();
    }
    assert!(faults > 10, "{faults}");
}
