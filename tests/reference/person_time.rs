//! Cutting and merging person-time: kinds `time_split` (R's `survSplit`), `tmerge` and `lexis` (`Epi`, `popEpi`).

use super::{Case, Faults, Outcome, list, text};
use crate::design::read_csv;
use cohort::describe::rate;
use cohort::loader::merge::{Entry, Placement, Role, Rules, Timeline};
use cohort::loader::split::{Pieces, Scale, Shift, split};
use cohort::pipeline::{self, ModelSettings};
use cohort::table::{Column, ColumnData, MISSING_WHOLE, Table};
use serde_json::Value;
use std::collections::BTreeMap;

/// Compares a case of one of the three kinds.
pub fn compare(case: &Case) -> Outcome {
    let mut faults = Faults::of(case);
    match case.kind.as_str() {
        "time_split" => time_split(case, &mut faults),
        "tmerge" => merge(case, &mut faults),
        _ => lexis(case, &mut faults),
    }
    faults.outcome(case)
}

/// A column as numbers; text in sorted order from 0, as the reference codes a two-level treatment.
fn numbers(table: &Table, name: &str) -> Vec<f64> {
    let column = table.column(name).unwrap_or_else(|| panic!("a column {name}"));
    match &column.data {
        ColumnData::Number(v) => v.clone(),
        ColumnData::Whole(v) | ColumnData::Day(v) => {
            v.iter().map(|x| if *x == MISSING_WHOLE { f64::NAN } else { f64::from(*x) }).collect()
        }
        ColumnData::Factor(f) => (0..table.n_rows()).map(|i| f.codes.get(i).map_or(f64::NAN, f64::from)).collect(),
        ColumnData::Logical(v) => v.iter().map(|b| b.map_or(f64::NAN, |b| f64::from(u8::from(b)))).collect(),
    }
}

fn with(table: &mut Table, name: &str, values: Vec<f64>) {
    table.set(Column { name: name.to_owned(), label: name.to_owned(), data: ColumnData::Number(values) });
}

fn time_split(case: &Case, faults: &mut Faults) {
    let (spec, expected) = (case.spec(), case.expected());
    let table = read_csv(&case.data());
    let exit = numbers(&table, &text(&spec["stop"]));
    let entry = spec["start"].as_str().map_or(vec![0.0; exit.len()], |name| numbers(&table, name));
    let wanted: Vec<f64> = list(&spec["event_values"]).iter().filter_map(Value::as_f64).collect();
    let event: Vec<bool> = numbers(&table, &text(&spec["event"])).iter().map(|x| wanted.contains(x)).collect();
    let cuts: Vec<f64> = list(&spec["cuts"]).iter().filter_map(Value::as_f64).collect();
    let pieces = split(&entry, &exit, &event, &[Scale { shift: Shift::Common(0.0), cuts: &cuts }]);
    let mut out = table.take(&pieces.record);
    let interval: Vec<f64> = pieces.band[0].iter().map(|b| f64::from(*b + 1)).collect();
    with(&mut out, "row", pieces.record.iter().map(|r| f64::from(*r + 1)).collect());
    with(&mut out, "tstart", pieces.entry.clone());
    with(&mut out, "tstop", pieces.exit.clone());
    with(&mut out, "ev", pieces.event.iter().map(|e| f64::from(u8::from(*e))).collect());
    with(&mut out, "interval", interval.clone());
    compare_rows(&out, &expected["split"], faults);
    let mut of_interval: BTreeMap<String, [f64; 3]> = BTreeMap::new();
    for i in 0..pieces.len() {
        let sums = of_interval.entry(interval[i].to_string()).or_default();
        let piece = [f64::from(u8::from(pieces.event[i])), pieces.exit[i] - pieces.entry[i], 1.0];
        sums.iter_mut().zip(piece).for_each(|(sum, x)| *sum += x);
    }
    for (k, name) in ["events_per_interval", "person_time_per_interval", "rows_per_interval"].iter().enumerate() {
        let r = expected[*name].as_object().expect("a table by interval");
        faults.equal(&format!("{name} intervals"), &of_interval.len().into(), &r.len().into());
        for (interval, r) in r {
            faults.number(&format!("{name} {interval}"), &of_interval[interval][k].into(), r, 1e-12);
        }
    }
    let r = &expected["coxph_on_split"];
    if !r.is_null() {
        compare_fit(&out, &text(&r["formula"]), None, r, faults);
    }
}

/// Numbers of rows, sums of the numeric columns, and the rows that R lists.
fn compare_rows(table: &Table, r: &Value, faults: &mut Faults) {
    faults.equal("rows", &table.n_rows().into(), &r["n_rows"]);
    let columns: Vec<String> = list(&r["columns"]).iter().map(text).collect();
    let ours: Vec<Vec<f64>> = columns.iter().map(|name| numbers(table, name)).collect();
    for (name, r) in r["column_sums"].as_object().into_iter().flatten() {
        let j = columns.iter().position(|c| c == name).expect("a listed column");
        let sum: f64 = ours[j].iter().filter(|x| !x.is_nan()).sum();
        faults.number(&format!("sum of {name}"), &sum.into(), r, 1e-12);
    }
    for (i, row) in list(&r["rows"]).iter().enumerate().filter(|(i, _)| *i < table.n_rows()) {
        for (j, r) in list(row).iter().enumerate() {
            let what = format!("row {} {}", i + 1, columns[j]);
            match (&table.column(&columns[j]).expect("a column").data, r) {
                (ColumnData::Factor(f), Value::String(_)) => {
                    let level = f.codes.get(i).map(|c| f.levels[c as usize].clone());
                    faults.equal(&what, &level.into(), r);
                }
                _ => faults.number(&what, &ours[j][i].into(), r, 1e-12),
            }
        }
    }
}

/// Fits a model on the merged records and compares what the case has of it.
fn compare_fit(table: &Table, formula: &str, cluster: Option<&str>, r: &Value, faults: &mut Faults) {
    let settings = ModelSettings { cluster: cluster.map(str::to_owned), ..ModelSettings::new(formula) };
    let report = match pipeline::fit_table(table, &settings) {
        Ok(report) => report,
        Err(error) => return faults.found.push(format!("{formula}: {error}")),
    };
    let model = &report.models[0];
    faults.equal("n", &model.n_records.into(), &r["n"]);
    faults.equal("events", &model.n_events.into(), &r["nevent"]);
    for (i, c) in model.coefficients.iter().enumerate() {
        faults.equal("name", &c.name.clone().into(), &r["names"][i]);
        // R's coefficients at its own stopping point.
        faults.number(&format!("{} coef", c.name), &c.estimate.into(), &r["coef"][i], 1e-5);
        faults.number(&format!("{} se", c.name), &c.se.into(), &r["se"][i], 1e-5);
        faults.number(&format!("{} robust se", c.name), &c.robust_se.into(), &r["robust_se"][i], 1e-5);
    }
    faults.number("loglik null", &model.log_partial_likelihood.null.into(), &r["loglik"][0], 1e-8);
    faults.number("loglik", &model.log_partial_likelihood.fitted.into(), &r["loglik"][1], 1e-8);
}

/// A merge while it is worked out.
struct Merging<'c> {
    case: &'c Case,
    base: Table,
    /// The key of every row of `base`.
    keys: Vec<f64>,
    timeline: Timeline<f64>,
    rules: Rules<f64>,
    placements: Vec<Placement>,
}

fn merge(case: &Case, faults: &mut Faults) {
    let (spec, expected) = (case.spec(), case.expected());
    let base = read_csv(&case.folder.join(text(&spec["base"])));
    let stop = numbers(&base, &text(&spec["stop"]));
    let n = stop.len();
    let mut merging = Merging {
        case,
        keys: numbers(&base, &text(&spec["id"])),
        timeline: Timeline::new((0..n as u32).collect(), vec![0.0; n], stop),
        base,
        rules: Rules { delay: 0.0, drop_missing: true },
        placements: Vec::new(),
    };
    merging.run();
    let Merging { base, keys, timeline, placements, .. } = merging;
    let mut out = base.take(&timeline.person);
    with(&mut out, "id", timeline.person.iter().map(|p| keys[*p as usize]).collect());
    with(&mut out, "tstart", timeline.start.clone());
    with(&mut out, "tstop", timeline.stop.clone());
    for column in &timeline.columns {
        with(&mut out, &column.name, column.values.clone());
    }
    if let Some(treat) = out.column("treat").is_some().then(|| treated(&out)) {
        with(&mut out, "treat", treat);
    }
    compare_rows(&out, &expected["result"], faults);
    compare_placements(&placements, &expected["tcount"], faults);
    let r = &expected["coxph"];
    if !r.is_null() {
        let code: String = list(&case.file["r_code"]).iter().map(text).collect();
        let call = code.split("coxph(").nth(1).expect("a call of coxph");
        let formula = call.split(", data").next().expect("a formula");
        compare_fit(&out, formula, call.contains("cluster = id").then_some("id"), r, faults);
    }
}

/// `treat` as the reference codes it: 0 for the first of its sorted levels.
fn treated(table: &Table) -> Vec<f64> {
    let codes = numbers(table, "treat");
    let ColumnData::Factor(f) = &table.column("treat").expect("a column").data else { return codes };
    let mut sorted = f.levels.clone();
    sorted.sort();
    let rank = |c: f64| sorted.iter().position(|l| *l == f.levels[c as usize]).expect("a level") as f64;
    // The file has rIFN-g before placebo in sorted order; the case says that placebo is the reference.
    let placebo_first = sorted.first().is_some_and(|l| l != "placebo");
    codes.into_iter().map(|c| if placebo_first { 1.0 - rank(c) } else { rank(c) }).collect()
}

impl Merging<'_> {
    fn run(&mut self) {
        let spec = self.case.spec();
        let operations = list(&spec["operations"]);
        if let Some(delay) = operations.iter().find_map(|o| o["delay"].as_f64()) {
            self.rules.delay = delay;
        }
        if let Some(event) = spec["event"].as_str() {
            let entries = self.entries(&self.base, &text(&spec["stop"]), Some(event));
            self.add("event", Role::Event, &entries);
        }
        for operation in operations.iter().filter(|o| !o["kind"].is_null()) {
            self.operation(operation);
        }
        // The script numbers the rows at last; its description leaves that out where it stands for itself.
        if self.case.expected()["result"]["columns"].as_array().is_some_and(|c| c.contains(&"enum".into())) {
            self.number_rows();
        }
    }

    fn operation(&mut self, operation: &Value) {
        let name = text(&operation["name"]);
        let table = operation["from"].as_str().map(|file| read_csv(&self.case.folder.join(file)));
        let table = table.as_ref().unwrap_or(&self.base).clone();
        self.rules.drop_missing = operation["na_remove"].as_bool().unwrap_or(true);
        let value = operation["value"].as_str();
        let role = match text(&operation["kind"]).as_str() {
            "event" => Role::Event,
            "cumtdc" => Role::Cumulative { before: 0.0 },
            "tdc" if value.is_some() => Role::Covariate { before: operation["initial"].as_f64().unwrap_or(f64::NAN) },
            "tdc" | "tdc01" => Role::Covariate { before: 0.0 },
            "row_number" => return,
            other => panic!("operation {other}"),
        };
        let times: Vec<String> = match &operation["time"] {
            Value::Array(names) => names.iter().map(text).collect(),
            one => vec![text(one)],
        };
        for time in times {
            let mut entries = self.entries(&table, &time, value);
            if let Some((column, wanted)) = operation["when"].as_str().and_then(|w| w.split_once(" == ")) {
                let holds = numbers(&table, column);
                let wanted: f64 = wanted.parse().expect("a number");
                entries.iter_mut().zip(holds).filter(|(_, x)| *x != wanted).for_each(|(e, _)| e.time = None);
            }
            self.add(&name, role, &entries);
        }
    }

    fn number_rows(&mut self) {
        let start = &self.timeline.start;
        let entry = |(p, t): (&u32, &f64)| Entry { person: Some(*p), time: Some(*t), value: 1.0 };
        let entries: Vec<Entry<f64>> = self.timeline.person.iter().zip(start).map(entry).collect();
        self.add("enum", Role::Cumulative { before: 0.0 }, &entries);
    }

    fn entries(&self, table: &Table, time: &str, value: Option<&str>) -> Vec<Entry<f64>> {
        let key = if table.column("id").is_some() { "id".to_owned() } else { text(&self.case.spec()["id"]) };
        let keys = numbers(table, &key);
        let times = numbers(table, time);
        let values = value.map_or(vec![1.0; times.len()], |v| numbers(table, v));
        let person = |key: f64| self.keys.iter().position(|k| *k == key).map(|p| p as u32);
        let entry = |i: usize| Entry {
            person: person(keys[i]),
            time: Some(times[i]).filter(|t| !t.is_nan()),
            value: values[i],
        };
        (0..times.len()).map(entry).collect()
    }

    fn add(&mut self, name: &str, role: Role, entries: &[Entry<f64>]) {
        let placement = self.timeline.merge(name, role, entries, &self.rules);
        self.placements.push(placement);
    }
}

fn compare_placements(ours: &[Placement], r: &Value, faults: &mut Faults) {
    // A call without an event argument sets the span and counts nothing, in R too.
    let rows = list(&r["counts"]);
    faults.equal("operations", &ours.len().into(), &rows.len().into());
    for (i, (p, r)) in ours.iter().zip(rows).enumerate() {
        let counts = [p.early, p.late, p.gap, p.within, p.boundary, p.leading, p.trailing, p.tied, p.unknown_person];
        faults.equal(&format!("placement of operation {i}"), &serde_json::json!(counts), r);
    }
}

/// One time scale of a Lexis case: its name in the cells, its cut points and its shift.
type LexisScale<'a> = (&'static str, Vec<f64>, Shift<'a, f64>);

fn lexis(case: &Case, faults: &mut Faults) {
    let (spec, expected) = (case.spec(), case.expected());
    let table = read_csv(&case.data());
    let column = |key: &str| numbers(&table, &text(&spec[key]));
    let (birth, entry, exit) = (column("birth"), column("entry"), column("exit"));
    let event: Vec<bool> = column("event").iter().map(|x| *x == 1.0).collect();
    let minus = |v: &[f64]| v.iter().map(|x| -x).collect::<Vec<f64>>();
    let (from_birth, from_entry) = (minus(&birth), minus(&entry));
    let exposure: Vec<Option<f64>> = match spec["time_dependent_exposure_from"].as_str() {
        Some(name) => numbers(&table, name).iter().map(|x| Some(-x).filter(|x| !x.is_nan())).collect(),
        None => Vec::new(),
    };
    let breaks = |key: &str| list(&spec[key]).iter().filter_map(Value::as_f64).collect::<Vec<f64>>();
    let mut scales: Vec<LexisScale> = vec![
        ("age", breaks("age_breaks"), Shift::PerRecord(&from_birth)),
        ("per", breaks("period_breaks"), Shift::Common(0.0)),
        ("dur", breaks("duration_breaks"), Shift::PerRecord(&from_entry)),
    ];
    scales.retain(|s| !s.1.is_empty());
    let n_banded = scales.len();
    if !exposure.is_empty() {
        scales.push(("exposed", vec![0.0], Shift::Where(&exposure)));
    }
    let cutting: Vec<Scale<f64>> = scales.iter().map(|(_, cuts, shift)| Scale { shift: *shift, cuts }).collect();
    let pieces = split(&entry, &exit, &event, &cutting);
    let within = |i: &usize| (0..n_banded).all(|s| pieces.is_within(*i, s, scales[s].1.len()));
    let kept: Vec<usize> = (0..pieces.len()).filter(within).collect();
    faults.equal("persons", &table.n_rows().into(), &expected["n_persons"]);
    faults.equal("pieces", &kept.len().into(), &expected["n_pieces"]);
    compare_total(&pieces, &kept, expected, faults);
    let mut cells: BTreeMap<String, (u64, u64, f64)> = BTreeMap::new();
    let by: Vec<String> = list(&spec["by"]).iter().map(text).collect();
    for i in &kept {
        let mut key: Vec<String> =
            scales.iter().enumerate().map(|(s, scale)| band(scale, pieces.band[s][*i])).collect();
        for name in &by {
            let ColumnData::Factor(f) = &table.column(name).expect("a column").data else { panic!("a factor") };
            let level = f.codes.get(pieces.record[*i] as usize).expect("a level");
            key.push(format!("{name}={}", f.levels[level as usize]));
        }
        let cell = cells.entry(key.join(" ")).or_default();
        cell.0 += 1;
        cell.1 += u64::from(pieces.event[*i]);
        cell.2 += pieces.exit[*i] - pieces.entry[*i];
    }
    faults.equal("cells", &cells.len().into(), &list(&expected["cells"]).len().into());
    for r in list(&expected["cells"]) {
        let names = scales.iter().map(|s| s.0).chain(by.iter().map(String::as_str));
        let key = names.map(|name| format!("{name}={}", text(&r[name]))).collect::<Vec<_>>().join(" ");
        match cells.get(&key) {
            Some((n, d, t)) => {
                faults.equal(&format!("{key} pieces"), &(*n).into(), &r["pieces"]);
                compare_rate(&key, *d, *t, r, faults);
            }
            None => faults.found.push(format!("no cell {key}")),
        }
    }
}

/// `age=[40,60)`, `exposed=1`.
fn band(scale: &LexisScale, band: u32) -> String {
    let (name, cuts, _) = scale;
    match *name {
        "exposed" => format!("exposed={band}"),
        _ => format!("{name}=[{},{})", cuts[band as usize - 1], cuts[band as usize]),
    }
}

fn compare_total(pieces: &Pieces<f64>, kept: &[usize], expected: &Value, faults: &mut Faults) {
    let events = kept.iter().filter(|i| pieces.event[**i]).count() as u64;
    let time: f64 = kept.iter().map(|i| pieces.exit[*i] - pieces.entry[*i]).sum();
    faults.equal("events", &events.into(), &expected["total_events"]);
    faults.number("person-years", &time.into(), &expected["total_person_years"], 1e-10);
    compare_rate("total", events, time, &expected["total"], faults);
}

fn compare_rate(what: &str, events: u64, time: f64, r: &Value, faults: &mut Faults) {
    let ours = rate(events, time, 1000.0, 0.95);
    faults.equal(&format!("{what} events"), &events.into(), &r["events"]);
    for (name, ours) in [
        ("person_time", time),
        ("rate", ours.rate),
        ("exact_lower95", ours.exact.0),
        ("exact_upper95", ours.exact.1),
        ("log_normal_lower95", ours.log_normal.0),
        ("log_normal_upper95", ours.log_normal.1),
    ] {
        faults.number(&format!("{what} {name}"), &ours.into(), &r[name], 1e-9);
    }
}
