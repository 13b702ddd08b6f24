//! How a reader of `export/results.json` writes down what adds up to what.

use super::knowledge::{Knowledge, MANY};
use cohort::report::Profile;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How numbers are shown at a site, in its own words and not by the program.
#[derive(Clone, Copy)]
pub struct Site<'p> {
    pub profile: &'p Profile,
    /// Everything is shown as it is: how the attacker's equations are written down for the truth.
    pub exact: bool,
}

impl Site<'_> {
    /// What stands for a count; `None` is the marker.
    pub fn shown(&self, n: i64) -> Option<i64> {
        let nearest = |n: i64, step: i64| (n + step / 2) / step * step;
        match self.profile.name.as_str() {
            "uk-opensafely" if n > 0 => (n > 7).then(|| nearest(n, 5)),
            "uk-opensafely-midpoint6" => Some(if n == 0 { 0 } else { (n + 5) / 6 * 6 - 3 }),
            "uk-ehrql-measures" => Some(if n <= 7 { 0 } else { nearest(n, 5) }),
            "uk-llc" => (n > 9).then_some(n),
            "acro" => (n > 9).then(|| nearest(n, 5)),
            "us-drb" if n > 0 => {
                let step = [(100, 10), (1_000, 50), (10_000, 100), (100_000, 500)].into_iter().find(|(to, _)| n < *to);
                (n > 14).then(|| nearest(n, step.map_or(1_000, |(_, step)| step)))
            }
            "no-ssb" if n > 0 => (n > 2).then_some(n),
            "dk-dst" if n > 0 => (n > 4).then_some(n),
            _ => Some(n),
        }
    }

    /// What a shown number may stand for.
    pub fn read(&self, shown: i64) -> (i64, i64) {
        if self.exact {
            return (shown, shown);
        }
        let fits = |n: &i64| self.shown(*n) == Some(shown);
        let near = |way: i64| (0..=1_000).map(move |d| shown + way * d).filter(|n| *n >= 0);
        let low = near(-1).skip_while(|n| !fits(n) && shown - n < 20).take_while(fits).last();
        let high = near(1).skip_while(|n| !fits(n) && n - shown < 20).take_while(fits).last();
        (low.or(near(1).find(fits)).unwrap_or(shown), high.or(near(-1).find(fits)).unwrap_or(shown))
    }

    pub fn rounds(&self) -> bool {
        !self.exact && (90..110).any(|n| self.shown(n) != Some(n))
    }

    /// Whether a total is the sum of shown cells and says nothing of its own.
    pub fn sums_cells(&self) -> bool {
        !self.exact && ["uk-opensafely", "uk-ehrql-measures"].contains(&self.profile.name.as_str())
    }

    /// Where the site marks a number alone for its size, zero would have been shown; where it shows small ones as zero, a
    /// marker stands for others.
    fn least_hidden(&self, alone: bool) -> i64 {
        i64::from(alone && !["uk-llc", "acro", "uk-ehrql-measures"].contains(&self.profile.name.as_str()))
    }
}

pub fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

pub fn flag(value: &Value, name: &str) -> bool {
    value[name].as_bool().unwrap_or(false)
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or(value.as_f64().filter(|x| x.fract() == 0.0).map(|x| x as i64))
}

/// A reader with what they know so far.
pub struct Reader<'r> {
    site: Site<'r>,
    k: Knowledge,
    /// Events by level of the last model that has its own.
    models_before: BTreeMap<String, usize>,
    /// Times at which the events of everybody so far are known or made up.
    times: BTreeSet<String>,
}

/// Everything that adds up in a report.
pub fn read(report: &Value, site: Site<'_>) -> Knowledge {
    let mut reader = Reader { site, k: Knowledge::default(), models_before: BTreeMap::new(), times: BTreeSet::new() };
    reader.totals(report);
    reader.levels(report);
    reader.person_time(report);
    reader.flow(report);
    for model in list(report, "models") {
        reader.model(model);
        reader.levels_of_model(model);
        list(model, "interactions").iter().for_each(|i| reader.numbers_of_interaction(model, i));
        list(model, "interactions").iter().for_each(|i| reader.cells(model, i));
        list(model, "standardised").iter().for_each(|s| reader.standardised(model, s));
        list(model, "time_varying").iter().for_each(|v| reader.along_time(model, v));
        reader.curves(model);
    }
    reader.table_one(&report["table_one"]);
    list(report, "descriptions").iter().for_each(|d| reader.description(d));
    list(report, "links").iter().for_each(|l| reader.link(l));
    list(report, "codes").iter().for_each(|c| reader.codes(c));
    reader.extracts(report);
    reader.key_clean_up(report);
    reader.everybody();
    reader.k
}

/// The name of a cell of two variables, in whatever order they are crossed.
fn crossed(a: &str, b: &str, what: &str) -> String {
    let (first, second) = if a < b { (a, b) } else { (b, a) };
    format!("{first} & {second} {what}")
}

/// What the names of a model's counts by level begin with, where they are its own.
fn own_counts(model: &Value) -> String {
    if list(model, "levels").is_empty() { String::new() } else { format!("model {} ", text(model, "name")) }
}

impl Reader<'_> {
    /// A number that stands in the report, or a marker in its place.
    fn see(&mut self, name: &str, value: &Value, hidden: bool) -> Option<usize> {
        self.seen(name, value, hidden, true)
    }

    /// The same for a number that is hidden together with others, so that it may be zero.
    fn see_among(&mut self, name: &str, value: &Value, hidden: bool) -> Option<usize> {
        self.seen(name, value, hidden, false)
    }

    fn seen(&mut self, name: &str, value: &Value, hidden: bool, alone: bool) -> Option<usize> {
        let bounds = match whole(value) {
            Some(n) => self.site.read(n),
            None if hidden => (self.site.least_hidden(alone), MANY),
            None => return None,
        };
        Some(self.k.bounded(name, bounds))
    }

    fn same(&mut self, a: usize, b: usize) {
        if a != b {
            self.k.sum(a, &[b]);
        }
    }

    fn without_event(&mut self, name: &str) {
        let (persons, events) = (self.k.count(&format!("{name} persons")), self.k.count(&format!("{name} events")));
        self.k.rest(&format!("{name} without event"), events, persons);
    }

    fn totals(&mut self, report: &Value) {
        for what in ["persons", "events"] {
            let name = format!("total {what}");
            if self.site.sums_cells() {
                self.k.count(&name);
            } else {
                self.see(&name, &report["total"][what], flag(&report["total"], &format!("{what}_hidden")));
            }
        }
        self.records("total", &report["total"]);
        self.without_event("total");
    }

    /// One record a person in these studies.
    fn records(&mut self, name: &str, counts: &Value) {
        if self.site.sums_cells() && name == "total" {
            return;
        }
        let persons = self.k.count(&format!("{name} persons"));
        let hidden = flag(counts, "persons_hidden") || flag(counts, "hidden");
        if let Some(records) = self.see(&format!("{name} records"), &counts["records"], hidden) {
            self.same(persons, records);
        }
    }

    fn levels(&mut self, report: &Value) {
        for what in ["persons", "events"] {
            let mut variables: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for row in list(report, "levels") {
                let variable = text(row, "variable");
                let name = format!("{variable}={} {what}", text(row, "level"));
                if let Some(id) = self.see(&name, &row[what], flag(row, &format!("{what}_hidden"))) {
                    variables.entry(variable).or_default().push(id);
                }
            }
            let total = self.k.count(&format!("total {what}"));
            variables.values().for_each(|parts| self.k.sum(total, parts));
        }
        for row in list(report, "levels") {
            let name = format!("{}={}", text(row, "variable"), text(row, "level"));
            self.records(&name, row);
            self.without_event(&name);
        }
    }

    /// Person-years of all less those that are shown are those of the others, who are at least as many as follow-up has
    /// years in it.
    fn person_time(&mut self, report: &Value) {
        let longest = text(&report["follow_up"], "maximum");
        let Some(days) = longest.strip_suffix(" days").and_then(|d| d.parse::<f64>().ok()) else { return };
        let years = |counts: &Value| counts["person_years"].as_f64();
        let Some(total) = years(&report["total"]).filter(|_| !self.site.sums_cells()) else { return };
        for rows in list(report, "levels").chunk_by(|a, b| a["variable"] == b["variable"]) {
            let shown: Vec<f64> = rows.iter().filter_map(years).collect();
            // A shown number of years stands for those that are rounded to it.
            let off = |y: f64| {
                let (low, high) = if self.site.rounds() { self.site.read(y as i64) } else { (y as i64, y as i64) };
                (y - low as f64).max(high as f64 - y) + 0.5
            };
            let slack = off(total) + shown.iter().map(|y| off(*y)).sum::<f64>();
            let rest = total - shown.iter().sum::<f64>() - slack;
            let others = rows.iter().filter(|row| years(row).is_none());
            let others: Vec<usize> = others
                .map(|row| self.k.count(&format!("{}={} persons", text(row, "variable"), text(row, "level"))))
                .collect();
            if others.is_empty() || rest <= 0.0 {
                continue;
            }
            let least = (rest * 365.25 / days).ceil() as i64;
            let sum =
                self.k.bounded(&format!("persons of {} by their time", text(&rows[0], "variable")), (least, MANY));
            self.k.sum(sum, &others);
        }
    }

    fn flow(&mut self, report: &Value) {
        let (total, events) = (self.k.count("total persons"), self.k.count("total events"));
        let mut exits = Vec::new();
        for exit in list(report, "exits") {
            exits.extend(self.see(&format!("exit {}", text(exit, "reason")), &exit["persons"], flag(exit, "hidden")));
        }
        if !exits.is_empty() {
            self.k.sum(total, &exits);
            let event = self.k.count(&format!("exit {}", text(&report["follow_up"], "event")));
            self.same(events, event);
        }
        for (what, out, hidden, total) in [
            ("persons", "excluded", ["persons_hidden", "excluded_hidden"], total),
            ("events", "excluded_events", ["events_hidden"; 2], events),
        ] {
            let mut before: Option<usize> = None;
            let mut shown_before = false;
            for step in list(report, "attrition") {
                let name = format!("step {}", step["step"]);
                let left = self.see_among(&format!("{name} {what}"), &step[what], flag(step, hidden[0]));
                // Between two rounded numbers it is their difference, and says nothing more.
                let says_nothing = self.site.rounds() && shown_before && step[what].is_number();
                let excluded = if says_nothing { &Value::Null } else { &step[out] };
                let is_hidden = says_nothing || flag(step, hidden[1]);
                let excluded = self.see_among(&format!("{name} {out}"), excluded, is_hidden);
                if let (Some(before), Some(left), Some(excluded)) = (before, left, excluded) {
                    self.k.sum(before, &[left, excluded]);
                }
                shown_before = step[what].is_number();
                before = left;
            }
            if let Some(last) = before {
                self.k.within(total, last);
            }
        }
        let known = |step: &Value| !step["events"].is_null() || flag(step, "events_hidden");
        for pair in list(report, "attrition").windows(2).filter(|pair| known(&pair[1])) {
            let name = format!("step {}", pair[1]["step"]);
            self.without_event(&name);
            // Of the first step after index dates are known, nobody knows the events before.
            if known(&pair[0]) {
                let [out, events] = ["excluded", "excluded_events"].map(|what| self.k.count(&format!("{name} {what}")));
                self.k.rest(&format!("{name} excluded without event"), events, out);
            }
        }
    }

    fn model(&mut self, model: &Value) {
        let (hidden, name) = (flag(model, "counts_hidden"), format!("model {}", text(model, "name")));
        let mut see = |field: &str| self.see_among(&format!("{name} {field}"), &model[field], hidden);
        let [records, persons, events, dropped] =
            ["n_records", "n_persons", "n_events", "n_missing_dropped"].map(&mut see);
        let (all, all_events) = (self.k.count("total persons"), self.k.count("total events"));
        for (part, whole) in [(persons, all), (records, all), (events, all_events)] {
            if let Some(part) = part {
                self.k.within(part, whole);
            }
        }
        // One record per person in these studies.
        if let (Some(records), Some(dropped)) = (records, dropped) {
            self.k.sum(all, &[records, dropped]);
        }
        for missing in list(model, "missing") {
            let of_variable = format!("{name} missing {}", text(missing, "variable"));
            let own = self.see_among(&of_variable, &missing["records"], hidden);
            if let (Some(own), Some(dropped)) = (own, dropped) {
                self.k.within(own, dropped);
            }
        }
    }

    /// Events of the levels in a model that leaves people out; standard errors tell them where counts are not rounded. In
    /// these studies a model leaves out whom those before it do.
    fn levels_of_model(&mut self, model: &Value) {
        let mut variables: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for row in list(model, "levels") {
            let level = format!("{}={} events", text(row, "variable"), text(row, "level"));
            let name = format!("{}{level}", own_counts(model));
            let Some(id) = self.see(&name, &row["events"], flag(row, "hidden")) else { continue };
            let less = self.models_before.get(&level).copied().unwrap_or_else(|| self.k.count(&level));
            self.k.within(id, less);
            self.models_before.insert(level, id);
            variables.entry(text(row, "variable")).or_default().push(id);
        }
        let all = self.k.count(&format!("model {} n_events", text(model, "name")));
        variables.values().for_each(|parts| self.k.sum(all, parts));
    }

    fn numbers_of_interaction(&mut self, model: &Value, interaction: &Value) {
        let name = format!("model {}", text(model, "name"));
        let own = format!("{name}, {} by {}", text(interaction, "exposure"), text(interaction, "modifier"));
        for what in ["n_records", "n_events"] {
            // Nothing says that it is hidden: then it is not there.
            if let Some(id) = self.see_among(&format!("{own} {what}"), &interaction[what], false) {
                let of_model = self.k.count(&format!("{name} {what}"));
                self.k.within(id, of_model);
            }
        }
    }

    /// Persons and events of exposure by modifier: those of everybody, or of those whom the model does not leave out.
    fn cells(&mut self, model: &Value, interaction: &Value) {
        let (exposure, modifier, own) =
            (text(interaction, "exposure"), text(interaction, "modifier"), own_counts(model));
        let ends = |cell: &Value| {
            let row = format!("{exposure}={}", text(cell, "exposure_level"));
            (row, format!("{modifier}={}", text(cell, "modifier_level")))
        };
        for what in ["persons", "events"] {
            let mut lines: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for cell in list(interaction, "joint") {
                let (row, column) = ends(cell);
                let hidden = flag(cell, &format!("{what}_hidden"));
                self.see(&format!("{own}{}", crossed(&row, &column, what)), &cell[what], hidden);
            }
            for cell in list(interaction, "within") {
                let (row, column) = ends(cell);
                let hidden = flag(cell, &format!("{what}_hidden"));
                let name = crossed(&row, &column, what);
                let Some(id) = self.see(&format!("{own}{name}"), &cell[what], hidden) else { continue };
                if !own.is_empty() {
                    let everybody = self.k.count(&name);
                    self.k.within(id, everybody);
                }
                lines.entry(format!("{row} {what}")).or_default().push(id);
                lines.entry(format!("{column} {what}")).or_default().push(id);
            }
            for (margin, parts) in lines {
                let of_all = self.k.count(&margin);
                let margin = self.k.count(&format!("{own}{margin}"));
                self.k.sum(margin, &parts);
                if margin != of_all {
                    self.k.within(margin, of_all);
                }
            }
        }
        for cell in list(interaction, "within") {
            let (row, column) = ends(cell);
            let [persons, events] =
                ["persons", "events"].map(|what| self.k.count(&format!("{own}{}", crossed(&row, &column, what))));
            self.k.rest(&format!("{own}{}", crossed(&row, &column, "without event")), events, persons);
        }
        if !own.is_empty() {
            for what in ["persons", "events"] {
                let cells = list(interaction, "within").iter().map(ends);
                let parts: Vec<usize> = cells
                    .map(|(row, column)| self.k.count(&format!("{own}{}", crossed(&row, &column, what))))
                    .collect();
                let all = self.k.count(&format!("model {} n_{what}", text(model, "name")));
                self.k.sum(all, &parts);
            }
        }
    }

    fn standardised(&mut self, model: &Value, risks: &Value) {
        let (exposure, own, name) = (text(risks, "exposure"), own_counts(model), text(model, "name"));
        let mut before: BTreeMap<String, usize> = BTreeMap::new();
        let (mut all_records, mut all_events): (BTreeMap<String, Vec<usize>>, BTreeMap<String, Vec<usize>>) =
            Default::default();
        for row in list(risks, "rows") {
            let (level, time) = (format!("{exposure}={}", text(row, "level")), row["time"].to_string());
            // Who has the level, and whose event has come, is the same in a model of everybody and in the groups.
            let hidden = flag(row, "hidden");
            let records = self.see_among(&format!("{own}{level} persons"), &row["records"], hidden);
            let events = self.see_among(&format!("{own}{level} any {time} events"), &row["events"], hidden);
            if let Some(records) = records {
                let all = self.k.count(&format!("{level} persons"));
                if !own.is_empty() {
                    self.k.within(records, all);
                }
                all_records.entry(time.clone()).or_default().push(records);
            }
            let Some(events) = events else { continue };
            let all = self.k.count(&format!("{own}{level} events"));
            self.k.rest(&format!("{own}{level} later than {time}"), events, all);
            if let Some(before) = before.insert(level.clone(), events) {
                self.k.rest(&format!("{own}{level} since {time}"), before, events);
            }
            if !own.is_empty() {
                let of_all = self.k.count(&format!("{level} any {time} events"));
                self.k.within(events, of_all);
            }
            all_events.entry(time).or_default().push(events);
        }
        let averaged = self.see_among(&format!("model {name} n_records"), &risks["n_averaged"], false);
        for (_, parts) in all_records {
            averaged.into_iter().for_each(|all| self.k.sum(all, &parts));
        }
        for (time, parts) in all_events.into_iter().filter(|_| own.is_empty()) {
            let everybody = self.everybody_by(&time);
            self.k.sum(everybody, &parts);
        }
    }

    /// Events of everybody up to a time.
    fn everybody_by(&mut self, time: &str) -> usize {
        self.times.insert(time.to_owned());
        self.k.count(&format!("everybody any {time}"))
    }

    /// Events of everybody by all times of the run, whatever table they stand in.
    fn everybody(&mut self) {
        let mut times: Vec<(f64, String)> =
            self.times.iter().filter_map(|t| Some((t.parse().ok()?, t.clone()))).collect();
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        for pair in times.windows(2) {
            let [a, b] = [&pair[0].1, &pair[1].1].map(|t| self.k.count(&format!("everybody any {t}")));
            self.k.rest(&format!("everybody between {} and {}", pair[0].1, pair[1].1), a, b);
        }
        if let Some((_, last)) = times.last() {
            let (by_last, all) = (self.k.count(&format!("everybody any {last}")), self.k.count("total events"));
            self.k.rest("everybody later", by_last, all);
        }
    }

    /// Events of two levels by interval of time, which make up those of the level.
    fn along_time(&mut self, model: &Value, varying: &Value) {
        let (variable, own) = (text(varying, "variable"), own_counts(model));
        let mut until: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (end, field) in [("level", "events"), ("versus", "events_versus")] {
            let level = format!("{own}{variable}={}", text(varying, end));
            let mut parts = Vec::new();
            for at in list(varying, "hazard_ratios") {
                let name = format!("{level} after {} events", at["after"]);
                let Some(id) = self.see_among(&name, &at[field], flag(at, "hidden")) else { continue };
                parts.push(id);
                if at["until"].is_number() {
                    let so_far = self.k.count(&format!("{level} any {} events", at["until"]));
                    self.k.sum(so_far, &parts);
                    until.entry(at["until"].to_string()).or_default().push(so_far);
                }
            }
            let all = self.k.count(&format!("{level} events"));
            self.k.sum(all, &parts);
        }
        // In these studies such a covariate has two levels.
        for (time, parts) in until.into_iter().filter(|_| own.is_empty()) {
            let everybody = self.everybody_by(&time);
            self.k.sum(everybody, &parts);
        }
    }

    /// Under curves of a model of everybody stand everybody's numbers at risk and events so far.
    fn curves(&mut self, model: &Value) {
        for point in list(model, "curves").iter().flat_map(|c| list(c, "times")) {
            let (time, hidden) = (point["time"].to_string(), flag(point, "hidden"));
            let risk = self.see_among(&format!("everybody at risk {time}"), &point["at_risk"], hidden);
            let events = self.everybody_by(&time);
            let seen = self.see_among(&format!("everybody any {time}"), &point["events"], hidden);
            let all = self.k.count("total persons");
            if let (Some(risk), Some(_)) = (risk, seen) {
                let gone = self.k.rest(&format!("everybody gone {time}"), risk, all);
                self.k.rest(&format!("everybody gone otherwise {time}"), events, gone);
            }
        }
    }

    fn table_one(&mut self, one: &Value) {
        let by = text(one, "by");
        let groups: Vec<(String, bool)> = list(one, "groups")
            .iter()
            .map(|g| {
                if flag(g, "all") { ("total".to_owned(), true) } else { (format!("{by}={}", text(g, "level")), false) }
            })
            .collect();
        for what in ["persons", "events"] {
            for ((name, all), group) in groups.iter().zip(list(one, "groups")) {
                let counts = &group["counts"];
                if !(*all && self.site.sums_cells()) {
                    self.see(&format!("{name} {what}"), &counts[what], flag(counts, &format!("{what}_hidden")));
                }
            }
        }
        for ((name, all), group) in groups.iter().zip(list(one, "groups")) {
            if !(*all && self.site.sums_cells()) {
                self.records(name, &group["counts"]);
                let follow_up = &group["follow_up"];
                self.see(&format!("{name} persons"), &follow_up["n"], flag(follow_up, "hidden"));
            }
        }
        let total = self.k.count("total persons");
        if let Some(left_out) = self.see_among("left out of table one", &one["n_left_out"], false) {
            self.k.within(left_out, total);
        }
        for variable in list(one, "variables") {
            let name = text(variable, "variable");
            let mut columns: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
            for level in list(variable, "levels") {
                let level_name = format!("{name}={}", text(level, "level"));
                let mut row = Vec::new();
                for (g, cell) in list(level, "cells").iter().enumerate() {
                    let (group, all) = &groups[g];
                    let name = match all {
                        true => format!("{level_name} persons"),
                        false => crossed(group, &level_name, "persons"),
                    };
                    let Some(id) = self.see(&name, &cell["persons"], flag(cell, "hidden")) else { continue };
                    columns[g].push(id);
                    row.push(id);
                }
                self.last_is_sum(&groups, &row);
            }
            self.numbers(&name, variable, &groups, &mut columns);
            for ((group, _), parts) in groups.iter().zip(&columns).filter(|(_, parts)| !parts.is_empty()) {
                let size = self.k.count(&format!("{group} persons"));
                self.k.sum(size, parts);
            }
        }
    }

    fn numbers(&mut self, name: &str, variable: &Value, groups: &[(String, bool)], columns: &mut [Vec<usize>]) {
        for (what, field) in [("with", "numbers"), ("without", "missing")] {
            let mut row = Vec::new();
            for (g, cell) in list(variable, field).iter().enumerate() {
                let count = if what == "with" { &cell["n"] } else { &cell["persons"] };
                let id = self.see_among(&format!("{} {what} {name}", groups[g].0), count, flag(cell, "hidden"));
                // Nobody has a number where there is no summary.
                let Some(id) = id else { continue };
                columns[g].push(id);
                row.push(id);
            }
            if row.len() == groups.len() {
                self.last_is_sum(groups, &row);
            }
        }
    }

    fn last_is_sum(&mut self, groups: &[(String, bool)], row: &[usize]) {
        if let Some((all, parts)) = row.split_last().filter(|_| groups.len() > 1 && row.len() == groups.len()) {
            self.k.sum(*all, parts);
        }
    }

    fn description(&mut self, description: &Value) {
        let mut at_times: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for group in list(description, "groups") {
            // `group=b` is a level of the main table.
            let level = text(group, "name").replace('`', "");
            let hidden = flag(group, "hidden");
            for what in ["persons", "events"] {
                if let Some(id) = self.see_among(&format!("{level} {what}"), &group[what], hidden) {
                    groups.entry(what).or_default().push(id);
                }
            }
            self.records(&level, group);
            self.without_event(&level);
            let name = level.clone();
            let mut kinds = vec![("any".to_owned(), list(group, "survival"))];
            kinds.extend(list(group, "incidence").iter().map(|c| (text(c, "cause"), list(c, "points"))));
            for (kind, points) in kinds {
                self.points(&level, &format!("{name} {kind}"), &kind, points, &mut at_times);
            }
        }
        for (what, parts) in groups {
            let total = self.k.count(&format!("total {what}"));
            self.k.sum(total, &parts);
        }
        // The same people in every description of the run.
        for (at, parts) in at_times {
            let everybody = match at.strip_prefix("any ") {
                Some(time) => self.everybody_by(time),
                None => self.k.count(&format!("everybody {at}")),
            };
            self.k.sum(everybody, &parts);
        }
    }

    fn points(
        &mut self,
        level: &str,
        name: &str,
        kind: &str,
        points: &[Value],
        at_times: &mut BTreeMap<String, Vec<usize>>,
    ) {
        let persons = self.k.count(&format!("{level} persons"));
        let (mut risk_before, mut events_before) = (persons, None);
        for point in points {
            let (at, hidden) = (format!("{name} {}", point["time"]), flag(point, "hidden"));
            // At risk of one kind of event is at risk of any.
            let risk_name = format!("{level} at risk {}", point["time"]);
            let risk = self.see_among(&risk_name, &point["at_risk"], hidden);
            let events = self.see_among(&format!("{at} events"), &point["events"], hidden);
            if let Some(risk) = risk {
                self.k.rest(&format!("{at} left"), risk, risk_before);
                risk_before = risk;
                at_times
                    .entry(format!("at risk {}", point["time"]))
                    .or_default()
                    .extend((kind == "any").then_some(risk));
            }
            let Some(events) = events else { continue };
            // Nothing ends within a day, so that whoever is gone had the event before or was lost.
            if let Some(risk) = risk.filter(|_| point["time"].as_f64().is_some_and(|t| t.fract() > 0.0)) {
                let gone = self.k.rest(&format!("{level} gone {}", point["time"]), risk, persons);
                self.k.rest(&format!("{at} gone otherwise"), events, gone);
            }
            if let Some(before) = events_before {
                self.k.rest(&format!("{at} since"), before, events);
            }
            events_before = Some(events);
            at_times.entry(format!("{kind} {}", point["time"])).or_default().push(events);
        }
        if let Some(last) = events_before.filter(|_| kind == "any") {
            let all = self.k.count(&format!("{level} events"));
            self.k.rest(&format!("{name} later"), last, all);
        }
    }

    /// Rows of each code that a column holds, once however many lists name it; all are rows of the extract.
    fn codes(&mut self, column: &Value) {
        let place = format!("{}.{}", text(column, "extract"), text(column, "column"));
        let mut parts = Vec::new();
        let found = list(column, "lists").iter().flat_map(|l| list(l, "found")).chain(list(column, "uncovered"));
        for code in found.filter(|code| code["rows"].is_number()) {
            let name = format!("code {place} {} {}", text(code, "system"), text(code, "code"));
            let Some(id) = self.see(&name, &code["rows"], false) else { continue };
            if !parts.contains(&id) {
                parts.push(id);
            }
        }
        if let Some(hidden) = self.hidden_codes(column, &place) {
            parts.push(hidden);
        }
        let rows = self.k.count(&format!("link {} rows_matched", text(column, "extract")));
        // In these studies a row has one code.
        if parts.len() > 1 && text(column, "column") == "code" {
            self.k.sum(rows, &parts);
        }
    }

    /// All rows of codes that are hidden or not named; none where every code is shown.
    fn hidden_codes(&mut self, column: &Value, place: &str) -> Option<usize> {
        let hidden = list(column, "lists").iter().flat_map(|l| list(l, "found")).any(|c| flag(c, "hidden"));
        (hidden || flag(column, "uncovered_hidden")).then(|| self.k.count(&format!("hidden codes of {place}")))
    }

    fn link(&mut self, link: &Value) {
        let (hidden, name) = (flag(link, "hidden"), format!("link {}", text(link, "extract")));
        let mut see = |what: &str| self.see_among(&format!("{name} {what}"), &link[what], hidden);
        let [keys, matched, rows, rows_matched] = ["keys", "matched", "rows", "rows_matched"].map(&mut see);
        let [without_key, repeated] = ["rows_without_key", "repeated"].map(&mut see);
        if let (Some(repeated), Some(matched)) = (repeated, matched) {
            self.k.within(repeated, matched);
        }
        if let (Some(without_key), Some(rows)) = (without_key, rows) {
            self.k.within(without_key, rows);
        }
        for (part, whole, what) in [(matched, keys, "keys"), (rows_matched, rows, "rows")] {
            if let (Some(part), Some(whole)) = (part, whole) {
                self.k.rest(&format!("{name} {what} not linked"), part, whole);
            }
        }
    }

    /// What cleaning did to keys: rows and keys of each line are some of those delivered, and the cleaned ones are linked.
    fn key_clean_up(&mut self, report: &Value) {
        let lines = list(report, "key_clean_up");
        for line in lines {
            let name = format!("keys of {} {} {}", text(line, "extract"), text(line, "line"), text(line, "step"));
            let hidden = flag(line, "hidden");
            let keys = self.see_among(&format!("{name} keys"), &line["keys"], hidden);
            // Of keys that became others only keys are counted.
            if let Some(keys) = keys.filter(|_| !text(line, "line").starts_with("merged"))
                && let Some(rows) = self.see_among(&format!("{name} rows"), &line["rows"], hidden)
            {
                self.k.within(keys, rows);
            }
        }
        for first in lines.iter().filter(|line| text(line, "line") == "delivered") {
            self.cleaned(report, &text(first, "extract"), lines);
        }
    }

    fn cleaned(&mut self, report: &Value, extract: &str, lines: &[Value]) {
        let mut count = |line: &str, what: &str| self.k.count(&format!("keys of {extract} {line} {what}"));
        let [rows, emptied_rows, compared_rows] =
            ["delivered ", "emptied ", "compared "].map(|line| count(line, "rows"));
        let [keys, emptied, compared] = ["delivered ", "emptied ", "compared "].map(|line| count(line, "keys"));
        let [merged, from] = ["merged ", "merged_from "].map(|line| count(line, "keys"));
        for step in lines.iter().filter(|line| text(line, "line") == "step" && text(line, "extract") == extract) {
            for (what, all) in [("rows", rows), ("keys", keys)] {
                let changed = self.k.count(&format!("keys of {extract} step {} {what}", text(step, "step")));
                self.k.within(changed, all);
            }
        }
        self.k.sum(rows, &[emptied_rows, compared_rows]);
        let apart = self.k.count(&format!("keys of {extract} that stayed apart"));
        self.k.sum(compared, &[apart, merged]);
        self.k.sum(keys, &[apart, from, emptied]);
        // Each was made of two at least.
        let twice = self.k.count(&format!("keys of {extract} beyond one each"));
        self.k.sum(from, &[merged, twice]);
        self.k.within(merged, twice);
        let of_link = |what: &str| format!("link {extract} {what}");
        let [all, without, linked] = ["rows", "rows_without_key", "keys"].map(|what| self.k.count(&of_link(what)));
        self.k.sum(all, &[without, compared_rows]);
        self.k.within(emptied_rows, without);
        // Without a linkage file every key is a person's.
        self.same(linked, compared);
        for note in list(report, "notes").iter().filter(|n| text(n, "source") == extract) {
            if text(note, "message").starts_with("keys that several keys of the files became") {
                self.see_among(&format!("keys of {extract} merged  keys"), &note["count"], flag(note, "hidden"));
            }
        }
    }

    fn extracts(&mut self, report: &Value) {
        for covariate in list(report, "covariates") {
            let (hidden, name) = (flag(covariate, "hidden"), format!("covariate {}", text(covariate, "name")));
            let mut see = |what: &str| self.see_among(&format!("{name} {what}"), &covariate[what], hidden);
            let [persons, before, after] = ["persons", "missing_before", "missing_after"].map(&mut see);
            let [unlisted, overridden] = ["unlisted", "overridden"].map(&mut see);
            for part in [before, unlisted, overridden] {
                if let (Some(part), Some(persons)) = (part, persons) {
                    self.k.within(part, persons);
                }
            }
            if let (Some(after), Some(before)) = (after, before) {
                self.k.within(after, before);
            }
            for note in list(report, "notes") {
                let of_this = text(note, "source") == format!("covariate.{}", text(covariate, "name"));
                if of_this && text(note, "message").starts_with("missing values taken as") {
                    let said = self.see(&format!("{name} missing_before"), &note["count"], flag(note, "hidden"));
                    assert!(said.is_some());
                }
            }
        }
        for (i, check) in list(report, "checks").iter().enumerate() {
            let [found, persons] = ["found", "persons"]
                .map(|what| self.see_among(&format!("check {i} {what}"), &check[what], flag(check, "hidden")));
            if let (Some(found), Some(persons)) = (found, persons) {
                self.k.within(persons, found);
            }
            // Events outside follow-up are no part of the records.
            let records = found.filter(|_| text(check, "of") == "records");
            for (id, whole) in [(records, "total records"), (persons, "total persons")] {
                if let Some(id) = id.filter(|_| !report["total"].is_null()) {
                    let whole = self.k.count(whole);
                    self.k.within(id, whole);
                }
            }
        }
        let mut years: BTreeMap<(String, &str), Vec<usize>> = BTreeMap::new();
        for row in list(report, "rows_in_time").iter().filter(|r| r["month"].is_null()) {
            let (extract, name) = (text(row, "extract"), format!("{} {}", text(row, "extract"), row["year"]));
            let mut see = |field: &str| self.see_among(&format!("{name} {field}"), &row[field], flag(row, "hidden"));
            let [rows, without] = ["rows", "without_key"].map(&mut see);
            if let (Some(rows), Some(without)) = (rows, without) {
                self.k.within(without, rows);
            }
            for (of_link, id) in [("rows", rows), ("rows_without_key", without)] {
                years.entry((extract.clone(), of_link)).or_default().extend(id);
            }
        }
        for ((extract, of_link), parts) in years.into_iter().filter(|(_, parts)| !parts.is_empty()) {
            let all = self.k.count(&format!("link {extract} {of_link}"));
            let undated = self.k.count(&format!("{extract} {of_link} of no year"));
            self.k.sum(all, &[&parts[..], &[undated]].concat());
        }
    }
}
