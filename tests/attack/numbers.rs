//! Numbers that are not counts, read as an attacker reads them: what is made of hidden counts must not stand in `export/`,
//! and what is made of rounded ones must be made of what is shown.

use super::reading::{Site, flag, list, text};
use serde_json::Value;
use std::path::Path;

/// What in an exported report gives a hidden or rounded count back.
pub fn faults(report: &Value, site: &Site<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let per = report["settings"]["rate_per"].as_f64().unwrap_or(1000.0);
    rate("total", &report["total"], per, site, &mut found);
    for row in list(report, "levels") {
        rate(&format!("{}={}", text(row, "variable"), text(row, "level")), row, per, site, &mut found);
    }
    table_one(&report["table_one"], per, site, &mut found);
    for model in list(report, "models") {
        estimates(report, model, site, &mut found);
    }
    for description in list(report, "descriptions") {
        list(description, "groups").iter().for_each(|g| group(g, site, &mut found));
    }
    found
}

/// Rate times person-time is the shown events, or neither is there; limits of a rate are its events once more.
fn rate(name: &str, counts: &Value, per: f64, site: &Site<'_>, found: &mut Vec<String>) {
    let of = |what: &str| counts[what].as_f64();
    let hidden = flag(counts, "persons_hidden") || flag(counts, "events_hidden");
    if hidden && ["person_years", "rate", "rate_lower", "person_time_days"].into_iter().any(|w| of(w).is_some()) {
        found.push(format!("{name}: person-time or a rate beside a hidden count"));
    }
    if of("person_time_days").is_some() {
        found.push(format!("{name}: person-time in days"));
    }
    if let (Some(rate), Some(years), Some(events)) = (of("rate"), of("person_years"), of("events")) {
        let made = rate * years / per;
        // Four significant digits where the site cuts numbers to as many.
        if (made - events).abs() > 1e-6 * events.max(1.0) && site.profile.significant_digits == 0 {
            found.push(format!("{name}: {events} events, and {made} by rate and person-time"));
        }
    }
    if site.rounds() && of("rate_lower").is_some() {
        found.push(format!("{name}: exact limits of a rate of rounded events"));
    }
}

/// A share is made of the numbers beside it; a mean is of no small group, and the mean of all does not give one back.
fn table_one(one: &Value, per: f64, site: &Site<'_>, found: &mut Vec<String>) {
    let groups = list(one, "groups");
    for group in groups {
        rate(&format!("table one {}", text(group, "level")), &group["counts"], per, site, found);
    }
    let summaries = |of: &[&Value], name: &str, found: &mut Vec<String>| {
        let hidden: Vec<bool> = of.iter().map(|s| flag(s, "hidden")).collect();
        for s in of.iter().filter(|s| flag(s, "hidden")) {
            if ["mean", "sd", "median", "q1"].into_iter().any(|w| s[w].is_number()) {
                found.push(format!("{name}: a mean or quartile of a hidden group"));
            }
        }
        let Some((all, others)) = hidden.split_last() else { return };
        if !all && others.iter().filter(|h| **h).count() == 1 {
            found.push(format!("{name}: the mean of all gives that of the only hidden group"));
        }
    };
    summaries(&groups.iter().map(|g| &g["follow_up"]).collect::<Vec<_>>(), "follow-up", found);
    for variable in list(one, "variables") {
        let name = text(variable, "variable");
        summaries(&list(variable, "numbers").iter().collect::<Vec<_>>(), &name, found);
        let rows = list(variable, "levels").iter().map(|l| list(l, "cells"));
        for (cell, group) in rows.chain([list(variable, "missing")]).flat_map(|cells| cells.iter().zip(groups)) {
            let Some(share) = cell["share"].as_f64() else { continue };
            let made = cell["persons"].as_f64().zip(group["counts"]["persons"].as_f64()).map(|(n, of)| n / of);
            if made.is_none_or(|made| (share - made.min(1.0)).abs() > 1e-3) {
                found.push(format!("{name}: a share of {share} where {made:?} is shown"));
            }
        }
    }
}

/// No estimate, standard error or covariance of a level whose events are hidden.
fn estimates(report: &Value, model: &Value, site: &Site<'_>, found: &mut Vec<String>) {
    let hidden = |variable: &str, level: &str| {
        let row = list(report, "levels").iter().find(|r| text(r, "variable") == variable && text(r, "level") == level);
        row.is_some_and(|r| flag(r, "persons_hidden") || flag(r, "events_hidden"))
    };
    for (j, c) in list(model, "coefficients").iter().enumerate() {
        let parts = list(c, "parts").iter();
        let of_hidden = parts.clone().any(|p| {
            ["level", "versus"].into_iter().any(|w| p[w].is_string() && hidden(&text(p, "variable"), &text(p, w)))
        });
        let shown = ["estimate", "se", "hr", "hr_lower", "z"].into_iter().any(|w| c[w].is_number());
        let variance = |matrix: &str| model[matrix].get(j).and_then(|row| row.get(j)).is_some_and(Value::is_number);
        if of_hidden && (shown || variance("covariance") || variance("naive_covariance")) {
            found.push(format!("model {}: estimate of {}", text(model, "name"), text(c, "name")));
        }
    }
    for interaction in list(model, "interactions") {
        for cell in ["within", "joint"].into_iter().flat_map(|w| list(interaction, w)) {
            let gone = flag(cell, "persons_hidden") || flag(cell, "events_hidden");
            if gone && ["estimate", "se", "hr", "lower"].into_iter().any(|w| cell[w].is_number()) {
                let (row, column) = (text(cell, "exposure_level"), text(cell, "modifier_level"));
                found.push(format!("model {}: hazard ratio of {row} and {column}", text(model, "name")));
            }
        }
    }
    if list(model, "means").iter().any(Value::is_number) {
        found.push(format!("model {}: means of columns are shares", text(model, "name")));
    }
    let _ = site;
}

/// Probabilities go with their numbers; a step of a curve stands for no few events; a median is no single person's time.
fn group(group: &Value, site: &Site<'_>, found: &mut Vec<String>) {
    let name = text(group, "name");
    let points = list(group, "incidence").iter().flat_map(|c| list(c, "points"));
    for point in list(group, "survival").iter().chain(points) {
        let gone = flag(point, "hidden") || flag(group, "hidden");
        if gone && ["probability", "se", "lower"].into_iter().any(|w| point[w].is_number()) {
            found.push(format!("{name}: a probability beside a hidden number"));
        }
    }
    let threshold = site.profile.threshold as f64;
    let curve = &group["curve"];
    let numbers = |what: &str| list(curve, what).iter().filter_map(Value::as_f64).collect::<Vec<f64>>();
    let events = numbers("events");
    if events.iter().any(|n| *n > 0.0 && *n < threshold && site.shown(*n as i64) != Some(*n as i64)) {
        found.push(format!("{name}: a step of few events"));
    }
    // The height of a step times the number at risk is its events.
    let (survival, at_risk) = (numbers("survival"), numbers("at_risk"));
    for (k, pair) in survival.windows(2).enumerate() {
        let made = (pair[0] - pair[1]) / pair[0] * at_risk[k + 1];
        if made > 0.0 && made < 0.4 * threshold {
            found.push(format!("{name}: a step of {made:.2} events by its height"));
        }
    }
    let all = group["events"].as_f64();
    if let Some(all) = all.filter(|_| !events.is_empty() && !site.rounds()) {
        let later = all - events.iter().sum::<f64>();
        if later > 0.0 && later < threshold {
            found.push(format!("{name}: {later} events after the last step"));
        }
    }
}

/// Numbers of CSV files that are not in `results.json`: then the attack would not have seen them.
pub fn unknown_in_tables(export: &Path, report: &Value) -> Vec<String> {
    let mut known = Vec::new();
    let mut texts = String::new();
    collect(report, &mut known, &mut texts);
    known.sort_by(f64::total_cmp);
    let is_known = |x: f64| {
        let at = known.partition_point(|k| *k < x - 1e-6 * x.abs() - 1e-6);
        known.get(at).is_some_and(|k| *k <= x + 1e-6 * x.abs() + 1e-6)
    };
    let mut unknown = Vec::new();
    let mut files: Vec<_> =
        std::fs::read_dir(export.join("tables")).expect("tables").map(|e| e.expect("a file").path()).collect();
    files.sort();
    for path in files {
        let mut reader = csv::Reader::from_path(&path).expect("a table");
        for row in reader.records() {
            for cell in row.expect("a row").iter().filter(|c| !texts.contains(*c)) {
                if let Ok(x) = cell.parse::<f64>()
                    && !is_known(x)
                {
                    unknown.push(format!("{}: {cell}", path.file_name().expect("a name").display()));
                }
            }
        }
    }
    unknown
}

/// All numbers and all texts of a value.
fn collect(value: &Value, numbers: &mut Vec<f64>, texts: &mut String) {
    match value {
        Value::Number(n) => numbers.extend(n.as_f64()),
        Value::String(text) => {
            texts.push_str(text);
            texts.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|i| collect(i, numbers, texts)),
        Value::Object(fields) => fields.values().for_each(|f| collect(f, numbers, texts)),
        _ => {}
    }
}
