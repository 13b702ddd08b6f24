//! Numbers that are not counts, read as an attacker reads them: what is made of hidden counts must not stand in `export/`,
//! and what is made of rounded ones must be made of what is shown.

use super::knowledge::Knowledge;
use super::reading::{Site, flag, list, text};
use cohort::report::Profile;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
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
    few_at_risk(report, site, &mut found);
    found
}

/// JSON pointers of a number of each kind in Table 1 that is made of others.
pub fn made_of_counts(report: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut first = |pointers: Vec<String>| {
        found.extend(pointers.into_iter().find(|p| report.pointer(p).is_some_and(Value::is_number)));
    };
    for (v, variable) in list(&report["table_one"], "variables").iter().enumerate() {
        let n = list(variable, "numbers").len();
        first((0..n).map(|g| format!("/table_one/variables/{v}/numbers/{g}/mean")).collect());
        first((0..n).map(|g| format!("/table_one/variables/{v}/numbers/{g}/sd")).collect());
        first(vec![format!("/table_one/variables/{v}/differences/0")]);
        let cells = list(variable, "levels").iter().enumerate().flat_map(|(l, level)| {
            (0..list(level, "cells").len()).map(move |g| format!("/table_one/variables/{v}/levels/{l}/cells/{g}/share"))
        });
        first(cells.collect());
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
    // The persons of all may be a sum of rounded numbers, which is no rounded number of its own.
    let is_sum = |g: usize| site.sums_cells() && flag(&groups[g], "all");
    let numbers = list(one, "variables").iter().flat_map(|v| list(v, "numbers").iter().enumerate());
    let of_groups = groups.iter().map(|g| &g["follow_up"]).enumerate().chain(numbers);
    of_groups.filter(|(g, _)| !is_sum(*g)).for_each(|(_, s)| means(s, site, found));
    for variable in list(one, "variables") {
        let name = text(variable, "variable");
        differences(one, variable, site, found);
        summaries(&list(variable, "numbers").iter().collect::<Vec<_>>(), &name, found);
        let rows = list(variable, "levels").iter().map(|l| list(l, "cells"));
        for (cell, group) in rows.chain([list(variable, "missing")]).flat_map(|cells| cells.iter().zip(groups)) {
            let Some(share) = cell["share"].as_f64() else { continue };
            let made = cell["persons"].as_f64().zip(group["counts"]["persons"].as_f64()).map(|(n, of)| n / of);
            let off = if site.profile.significant_digits == 0 { 1e-12 } else { 1e-3 };
            if made.is_none_or(|made| (share - made.min(1.0)).abs() > off) {
                found.push(format!("{name}: a share of {share} where {made:?} is shown"));
            }
        }
    }
}

/// That fewer than ten are at risk is told only where nine and ten are shown, each as it is; never beside a hidden number.
fn few_at_risk(report: &Value, site: &Site<'_>, found: &mut Vec<String>) {
    let told = [9, 10].map(|n| site.shown(n));
    let apart = told[0].is_some() && told[0] != told[1];
    let rows = list(report, "models").iter().flat_map(|m| list(m, "standardised")).flat_map(|s| list(s, "rows"));
    let groups = list(report, "descriptions").iter().flat_map(|d| list(d, "groups"));
    let marks = rows.map(|row| (row, row)).chain(groups.map(|g| (g, &g["restricted_mean"])));
    for (of, _) in marks.filter(|(_, mark)| flag(mark, "few_at_risk")) {
        if !apart || flag(of, "hidden") {
            found.push(format!("{}: few at risk", text(of, "level") + &text(of, "name")));
        }
    }
}

/// The mean of whole values times the persons is a whole number: of a rounded number of persons it must fit every one that is
/// rounded alike.
fn means(summary: &Value, site: &Site<'_>, found: &mut Vec<String>) {
    let (Some(mean), Some(n)) = (summary["mean"].as_f64(), summary["n"].as_i64()) else { return };
    if !site.rounds() {
        return;
    }
    let (low, high) = site.read(n);
    // As the rule has it, one unit of the last place is at least one by the fewest persons.
    let unit = 10f64.powi(-(low.max(1).ilog10() as i32));
    if [mean, summary["sd"].as_f64().unwrap_or(0.0)].iter().any(|x| (x / unit - (x / unit).round()).abs() > 1e-6) {
        found.push(format!("a mean of {n} persons has more places than {unit}"));
    }
    let fits = |n: i64| {
        let (least, most) = (n as f64 * (mean - unit / 2.0) - 1e-9, n as f64 * (mean + unit / 2.0) + 1e-9);
        least.ceil() <= most
    };
    if let Some(excluded) = (low.max(1)..=high).find(|n| !fits(*n)) {
        found.push(format!("a mean of {mean} is not of {excluded} persons"));
    }
}

/// A standardised difference is made of the numbers that stand in the same table, so that it gives nothing more.
fn differences(one: &Value, variable: &Value, site: &Site<'_>, found: &mut Vec<String>) {
    let groups = list(one, "groups");
    let shown = list(variable, "differences");
    // Rounded sizes may be fewer than their levels; those cells are left to the program's own test.
    if site.profile.significant_digits > 0 || text(one, "differences") != "pairs" || shown.is_empty() {
        return;
    }
    let compared = || (0..groups.len()).filter(|g| !flag(&groups[*g], "all") && !flag(&groups[*g], "missing"));
    let pairs = compared().flat_map(|a| compared().filter(move |b| a < *b).map(move |b| (a, b)));
    let made = pairs
        .filter_map(|(a, b)| difference(groups, variable, a, b))
        .fold(None, |most: Option<f64>, d| Some(most.map_or(d, |most| most.max(d))));
    match (shown[0].as_f64(), made) {
        (Some(shown), Some(made)) if (shown - made).abs() < 1e-9 => {}
        (None, _) => {}
        (shown, made) => {
            found.push(format!("{}: a difference of {shown:?} where {made:?} follows", text(variable, "variable")))
        }
    }
}

/// By Yang and Dalton (2012), of what is shown of two groups: levels that are hidden in either are one.
fn difference(groups: &[Value], variable: &Value, a: usize, b: usize) -> Option<f64> {
    if list(variable, "levels").is_empty() {
        let of = |g: usize| {
            let s = &list(variable, "numbers")[g];
            Some((s["mean"].as_f64()?, s["sd"].as_f64()?))
        };
        let ((m1, s1), (m2, s2)) = (of(a)?, of(b)?);
        return Some((m1 - m2).abs() / ((s1 * s1 + s2 * s2) / 2.0).sqrt()).filter(|d| d.is_finite());
    }
    let size = |g: usize| groups[g]["counts"]["persons"].as_f64();
    let mut rest = [size(a)?, size(b)?];
    let mut cells: Vec<[f64; 2]> = Vec::new();
    let mut any_hidden = false;
    for level in list(variable, "levels") {
        let of = |g: usize| list(level, "cells")[g]["persons"].as_f64();
        let Some((x, y)) = of(a).zip(of(b)) else {
            any_hidden = true;
            continue;
        };
        rest = [(rest[0] - x).max(0.0), (rest[1] - y).max(0.0)];
        if !flag(level, "missing") {
            cells.push([x, y]);
        }
    }
    cells.extend(any_hidden.then_some(rest));
    of_shares(&cells)
}

/// √(dᵀ S⁻¹ d) over all levels but one, S the mean of the two covariances, by elimination.
fn of_shares(cells: &[[f64; 2]]) -> Option<f64> {
    let total = |k: usize| cells.iter().map(|c| c[k]).sum::<f64>();
    let (t0, t1) = (total(0), total(1));
    let shares: Vec<[f64; 2]> = cells.iter().filter(|c| c[0] + c[1] > 0.0).map(|c| [c[0] / t0, c[1] / t1]).collect();
    let (_, shares) = shares.split_last()?;
    let n = shares.len();
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|i| {
            let s = |j: usize, k: usize| if i == j { shares[i][k] } else { 0.0 } - shares[i][k] * shares[j][k];
            let own = (0..n).map(|j| (s(j, 0) + s(j, 1)) / 2.0);
            own.chain([shares[i][0] - shares[i][1]]).collect()
        })
        .collect();
    for i in 0..n {
        let pivot = (i..n).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs()))?;
        rows.swap(i, pivot);
        let lead = rows[i].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(k, _)| *k != i) {
            let factor = row[i] / lead[i];
            row.iter_mut().zip(&lead).for_each(|(x, l)| *x -= factor * l);
        }
    }
    let square: f64 = (0..n).map(|i| (shares[i][0] - shares[i][1]) * rows[i][n] / rows[i][i]).sum();
    Some(square.sqrt()).filter(|d| d.is_finite())
}

/// No estimate, standard error or covariance of a level whose events are hidden.
fn estimates(report: &Value, model: &Value, site: &Site<'_>, found: &mut Vec<String>) {
    let hidden = |variable: &str, level: &str| {
        let rows = list(report, "levels").iter().chain(list(model, "levels"));
        let mut rows = rows.filter(|r| text(r, "variable") == variable && text(r, "level") == level);
        rows.any(|r| flag(r, "persons_hidden") || flag(r, "events_hidden") || flag(r, "hidden"))
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
    for interaction in list(model, "interactions") {
        comparisons(interaction, &text(model, "name"), found);
    }
    if list(model, "means").iter().any(Value::is_number) {
        found.push(format!("model {}: means of columns are shares", text(model, "name")));
    }
    let _ = site;
}

/// Every estimate of an interaction is of two cells or four; none of them may be hidden where it is shown.
fn comparisons(interaction: &Value, model: &str, found: &mut Vec<String>) {
    let of = |v: &Value| (text(v, "exposure_level"), text(v, "modifier_level"));
    let is_hidden = |c: &&Value| flag(c, "persons_hidden") || flag(c, "events_hidden");
    let within = list(interaction, "within");
    let gone: Vec<(String, String)> =
        within.iter().chain(list(interaction, "joint")).filter(is_hidden).map(of).collect();
    let Some((e0, m0)) = list(interaction, "joint").iter().find(|c| flag(c, "reference")).map(of) else { return };
    let shown = |v: &Value| ["estimate", "hr", "lower", "ratio", "reri", "ap", "s"].iter().any(|w| v[*w].is_number());
    for table in ["within", "joint", "by_exposure", "ratios", "reri"] {
        for estimate in list(interaction, table).iter().filter(|v| shown(v) && !flag(v, "reference")) {
            let (e, m) = of(estimate);
            let others = match table {
                "within" => vec![(e0.clone(), m.clone())],
                "joint" => vec![(e0.clone(), m0.clone())],
                "by_exposure" => vec![(e.clone(), m0.clone())],
                _ => vec![(e0.clone(), m.clone()), (e.clone(), m0.clone()), (e0.clone(), m0.clone())],
            };
            if others.iter().chain([&(e.clone(), m.clone())]).any(|cell| gone.contains(cell)) {
                found.push(format!("model {model}: {table} of {e} and {m} is made of a hidden cell"));
            }
        }
    }
}

/// How many coefficients of the first model, which has one factor, give the exact events of their level back by
/// se² = 1/d + 1/d₀; how many there are; and of how many the events are the fewest that are rounded to the nearest 5 as they
/// are, which needs no error. `truth` has all events.
pub fn events_by_errors(report: &Value, truth: &Value) -> [usize; 3] {
    let events = |report: &Value, variable: &str, level: &str| {
        let row = |r: &&Value| text(r, "variable") == variable && text(r, "level") == level;
        list(report, "levels").iter().find(row).and_then(|r| r["events"].as_f64())
    };
    let [mut hits, mut all, mut fewest] = [0; 3];
    for c in list(&report["models"][0], "coefficients").iter().filter(|c| c["se"].is_number()) {
        let part = &c["parts"][0];
        let [variable, level, versus] = ["variable", "level", "versus"].map(|what| text(part, what));
        let known = events(report, &variable, &versus).zip(events(truth, &variable, &level));
        let (Some((reference, own)), Some(se)) = (known, c["se"].as_f64()) else { continue };
        all += 1;
        hits += usize::from((1.0 / (se * se - 1.0 / reference)).round() == own);
        fewest += usize::from(own % 5.0 == 3.0);
    }
    [hits, all, fewest]
}

/// Probabilities go with their numbers; a step of a curve stands for no few events; a median is no single person's time.
fn group(group: &Value, site: &Site<'_>, found: &mut Vec<String>) {
    let name = text(group, "name");
    let points = list(group, "incidence").iter().flat_map(|c| list(c, "points"));
    for point in list(group, "survival").iter().chain(points) {
        let gone = flag(point, "hidden") && !point["events"].is_number() || flag(group, "hidden");
        if gone && ["probability", "se", "lower"].into_iter().any(|w| point[w].is_number()) {
            found.push(format!("{name}: a probability beside a hidden number"));
        }
    }
    let curves = list(group, "incidence").iter().map(|c| &c["curve"]).chain([&group["curve"]]);
    if curves.flat_map(|c| ["at_risk", "events", "censored"].map(|what| list(c, what))).any(|of| !of.is_empty()) {
        found.push(format!("{name}: counts beside the steps of a curve"));
    }
    // The height of a step times the number at risk is its events.
    let at_risk = group["records"].as_f64().unwrap_or_default();
    let survival: Vec<f64> = list(&group["curve"], "survival").iter().filter_map(Value::as_f64).collect();
    for pair in survival.windows(2) {
        let made = (pair[0] - pair[1]) / pair[0] * at_risk;
        if made > 0.0 && made < 0.4 * site.profile.threshold as f64 {
            found.push(format!("{name}: a step of {made:.2} events by its height"));
        }
    }
}

/// The times of an exported curve, in turn with those at which its group has numbers: by the whole curve, few events lie between
/// no two of them.
pub fn few_by_steps(exported: &Value, original: &Value, profile: &Profile) -> Vec<String> {
    let mut found = Vec::new();
    // A zero that may stand for a few tells of no step.
    let few_are_zero = Site { profile, exact: false }.shown(1) == Some(0);
    let all = |report: &Value| -> Vec<Value> {
        list(report, "descriptions").iter().flat_map(|d| list(d, "groups")).cloned().collect()
    };
    for (group, whole) in all(exported).iter().zip(&all(original)) {
        let (curves, whole_curves) = (curves_of(group), curves_of(whole));
        for ((name, curve, points), (_, whole, _)) in curves.iter().zip(&whole_curves) {
            let numbers =
                |of: &Value, what: &str| list(of, what).iter().filter_map(Value::as_f64).collect::<Vec<f64>>();
            let mut times = numbers(curve, "time");
            if times.is_empty() {
                continue;
            }
            let is_told = |p: &&Value| p["events"].as_f64().is_some_and(|n| n > 0.0 || !few_are_zero);
            times.extend(points.iter().filter(is_told).filter_map(|p| p["time"].as_f64()));
            times.push(f64::INFINITY);
            times.sort_by(f64::total_cmp);
            let mut before = f64::NEG_INFINITY;
            for time in times {
                let within = numbers(whole, "time").into_iter().zip(numbers(whole, "events"));
                let events: f64 = within.filter(|(t, _)| *t > before && *t <= time).map(|(_, n)| n).sum();
                if events > 0.0 && events < profile.threshold as f64 {
                    found.push(format!("{} {name}: {events} events after {before} until {time}", text(group, "name")));
                }
                before = time;
            }
        }
    }
    found.extend(missing_curves(exported, original, profile));
    found
}

/// Name, curve and points of each kind of event of a group.
fn curves_of(group: &Value) -> Vec<(String, &Value, &[Value])> {
    let causes = list(group, "incidence").iter().map(|c| (text(c, "cause"), &c["curve"], list(c, "points")));
    causes.chain([("any".to_owned(), &group["curve"], list(group, "survival"))]).collect()
}

/// That a curve is missing where others of the kind are there must not say that its events are few.
fn missing_curves(exported: &Value, original: &Value, profile: &Profile) -> Vec<String> {
    let mut found = Vec::new();
    for (shown, whole) in list(exported, "descriptions").iter().zip(list(original, "descriptions")) {
        for (g, group) in list(whole, "groups").iter().enumerate() {
            for (c, cause) in list(group, "incidence").iter().enumerate() {
                let there =
                    |g: &Value| list(g, "incidence").get(c).is_some_and(|c| !list(&c["curve"], "time").is_empty());
                let any = list(shown, "groups").iter().any(there);
                let few = cause["events"].as_u64().is_some_and(|n| n > 0 && n < profile.threshold);
                if any && few && !there(&list(shown, "groups")[g]) {
                    found.push(format!("{}: no curve of {}", text(group, "name"), text(cause, "cause")));
                }
            }
        }
    }
    found
}

/// Rows of codes of few persons are shown nowhere, and nobody narrows them down to less than the threshold around them.
pub fn codes_of_few(
    exported: &Value,
    original: &Value,
    known: &Knowledge,
    values: &[i64],
    profile: &Profile,
) -> Vec<String> {
    let mut found = Vec::new();
    for (shown, whole) in list(exported, "codes").iter().zip(list(original, "codes")) {
        let of = |column: &Value| -> Vec<Value> {
            let lists = list(column, "lists").iter().flat_map(|l| list(l, "found"));
            lists.chain(list(column, "uncovered")).cloned().collect()
        };
        let codes = of(shown);
        let mut hidden: Vec<HiddenCode> = Vec::new();
        for code in of(whole) {
            let few = code["persons"].as_u64().is_some_and(|n| n < profile.threshold);
            let same =
                |c: &&Value| text(c, "code") == text(&code, "code") && text(c, "system") == text(&code, "system");
            if few && codes.iter().find(same).is_some_and(|c| c["rows"].is_number()) {
                found.push(format!("code {}: rows of few persons", text(&code, "code")));
            }
            let name = format!("{} {}", text(&code, "system"), text(&code, "code"));
            let rows = code["rows"].as_i64().unwrap_or_default();
            if !codes.iter().any(|c| same(&c) && c["rows"].is_number()) && hidden.iter().all(|h| h.name != name) {
                let lines = lines_of(whole, same);
                hidden.push(HiddenCode { name, rows, few, lines });
            }
        }
        if of(shown).iter().any(|c| c["persons"].is_number()) {
            found.push("numbers of persons of codes".to_owned());
        }
        let name = format!("hidden codes of {}.{}", text(shown, "extract"), text(shown, "column"));
        let Some(&id) = known.names.get(&name) else { continue };
        let threshold = profile.threshold as i64;
        // A code has room where the others may be fewer, and where all together may be more.
        for code in hidden.iter().filter(|code| code.few) {
            let more = threshold - room(code, &hidden);
            if more > 0 && !known.other_world(values, id, values[id] + more) {
                found.push(format!("{name}: the {} rows of {} are known", code.rows, code.name));
            }
        }
    }
    found
}

/// A code whose rows are hidden. Its name is hidden too: shown is one line for all hidden codes of an item of a list, and one for
/// those that no list covers.
struct HiddenCode {
    name: String,
    rows: i64,
    few: bool,
    /// The lines behind which it stands, as place of the list, item and system; of no list -1.
    lines: BTreeSet<(i64, String)>,
}

/// The lines of the export behind which a code stands.
fn lines_of(column: &Value, is_code: impl Fn(&&Value) -> bool) -> BTreeSet<(i64, String)> {
    let in_lists = list(column, "lists").iter().zip(0..).flat_map(|(codes, at)| {
        list(codes, "found")
            .iter()
            .filter(&is_code)
            .map(move |code| (at, text(code, "item") + &text(code, "system")))
            .collect::<Vec<_>>()
    });
    let of_none = list(column, "uncovered").iter().filter(&is_code).map(|_| (-1, String::new()));
    in_lists.chain(of_none).collect()
}

/// How many rows more a hidden code may have because others have fewer: all those of codes behind the same lines, of which
/// nobody knows that they occur; behind other lines stands one row at least.
fn room(code: &HiddenCode, hidden: &[HiddenCode]) -> i64 {
    let mut others: BTreeMap<&BTreeSet<(i64, String)>, i64> = BTreeMap::new();
    for other in hidden.iter().filter(|other| other.name != code.name) {
        *others.entry(&other.lines).or_default() += other.rows;
    }
    others.iter().map(|(lines, rows)| if **lines == code.lines { *rows } else { rows - 1 }).sum()
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
