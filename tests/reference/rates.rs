//! Kinds `rates` and `pyears`: events, person-time and rates in all, by level and by age band; rate ratios.

use super::{Case, Faults, Outcome, list, text};
use crate::describe::{filtered, response};
use crate::design::read_csv;
use cohort::describe::{self, Bands, Request, person_time, rate, rate_ratio};
use cohort::design::{self, DesignOptions};
use cohort::engine::SurvivalData;
use cohort::formula::Formula;
use cohort::loader::split::{Scale, Shift, split};
use cohort::table::Table;
use serde_json::{Value, json};

/// Compares events, person-time, rates and rate ratios of a case of kind `rates`.
pub fn compare(case: &Case) -> Outcome {
    let (spec, expected) = (case.spec(), case.expected());
    let table = filtered(read_csv(&case.data()), &spec["rows"]);
    let response = response(spec);
    let by: Vec<&str> = list(&spec["groups"]).iter().filter_map(Value::as_str).collect();
    let mut options = DesignOptions::default();
    for (column, levels) in spec["levels"].as_object().into_iter().flatten() {
        options.levels.insert(column.clone(), list(levels).iter().map(text).collect());
    }
    let request = Request { response: Some(&response), by, options, ..Request::default() };
    let found = match describe::tabulate(&table, &request) {
        Ok(found) => found,
        Err(why) => return Outcome::Fails(vec![why.to_string()]),
    };
    let (scale, per) = (spec["scale"].as_f64().expect("scale"), spec["per"].as_f64().expect("per"));
    let mut faults = Faults::of(case);
    faults.equal("rows", &json!(found.total.records), &expected["n_rows_used"]);
    faults.equal("left out", &json!(found.n_left_out), &expected["n_missing_dropped"]);
    compare_rate(&mut faults, "total", found.total.events, found.total.person_time / scale, per, &expected["total"]);
    let groups: Vec<&describe::Group> = found.groups.iter().filter(|g| g.counts.person_time > 0.0).collect();
    faults.equal("groups", &json!(groups.len()), &json!(list(&expected["groups"]).len()));
    for (ours, theirs) in groups.iter().zip(list(&expected["groups"])) {
        for (level, column) in ours.levels.iter().zip(&request.by) {
            faults.equal(column, &json!(level.as_ref().map(|l| &l.name)), &theirs[*column]);
        }
        compare_rate(&mut faults, "group", ours.counts.events, ours.counts.person_time / scale, per, theirs);
    }
    for (ours, theirs) in groups.iter().skip(1).zip(list(&expected["rate_ratios"])) {
        let (a, b) = (&ours.counts, &groups[0].counts);
        let r = rate_ratio([a.events, b.events], [a.person_time / scale, b.person_time / scale], 0.95);
        let pairs = [
            ("rate_ratio", r.ratio, 1e-12),
            ("wald_lower95", r.wald.0, 1e-12),
            ("wald_upper95", r.wald.1, 1e-12),
            ("wald_p", r.wald_p, 1e-10),
            ("exact_lower95", r.exact.0, 1e-9),
            ("exact_upper95", r.exact.1, 1e-9),
            ("exact_p", r.exact_p, 1e-9),
            ("rate_difference", per * r.difference, 1e-11),
            ("rate_difference_lower95", per * r.difference_limits.0, 1e-11),
            ("rate_difference_upper95", per * r.difference_limits.1, 1e-11),
        ];
        compare_numbers(&mut faults, "ratio", &pairs, theirs);
    }
    faults.outcome(case)
}

/// Compares events and person-time by age band of a case of kind `pyears`.
pub fn compare_bands(case: &Case) -> Outcome {
    let (spec, expected) = (case.spec(), case.expected());
    let table = read_csv(&case.data());
    let by = text(&spec["by"]);
    let values: Vec<String> = list(&spec["event_values"]).iter().map(Value::to_string).collect();
    let (time, event) = (text(&spec["time"]), text(&spec["event"]));
    let source = format!("Surv({time}, {event} %in% c({})) ~ {by}", values.join(", "));
    let formula = Formula::parse(&source).expect("a formula");
    let sample = design::sample(&table, &formula, &DesignOptions::default(), None).expect("good data");
    let ages = ages_at_entry(&table, &text(&spec["age_at_entry"]));
    let at_entry: Vec<f64> = sample.rows.iter().map(|r| ages[*r as usize]).collect();
    let breaks: Vec<f64> = list(&spec["breaks"]).iter().filter_map(Value::as_f64).collect();
    let bands = Bands { at_entry: &at_entry, breaks: &breaks };
    let group: Vec<u32> =
        (0..sample.rows.len()).map(|i| sample.data.stratum.as_ref().and_then(|s| s.get(i)).expect("a group")).collect();
    let found = person_time(&sample.data, &group, sample.groups.len(), Some(&bands));
    let scale = spec["scale"].as_f64().expect("scale");
    let mut faults = Faults::of(case);
    compare_with_pieces(&mut faults, &found, &sample.data, &group, &bands);
    let cells = || found.cells.iter().flatten();
    faults.number("outside", &json!(found.outside.person_time), &expected["off_table"], 1e-12);
    let total: f64 = cells().map(|c| c.person_time).sum();
    faults.number("person-time", &json!(total / scale), &expected["total_pyears"], 1e-11);
    faults.equal("events", &json!(cells().map(|c| c.events).sum::<u64>()), &expected["total_events"]);
    // R lists the cells that have person-time, the bands of a level after one another.
    let ours: Vec<(usize, &cohort::describe::PersonTime)> = found
        .cells
        .iter()
        .enumerate()
        .flat_map(|(g, bands)| bands.iter().map(move |c| (g, c)))
        .filter(|(_, c)| c.person_time > 0.0)
        .collect();
    faults.equal("cells", &json!(ours.len()), &json!(list(&expected["cells"]).len()));
    for ((g, cell), r) in ours.iter().zip(list(&expected["cells"])) {
        faults.equal("level", &json!(sample.groups[*g].levels[0].name), &r[&by]);
        faults.equal("records", &json!(cell.records), &r["n"]);
        compare_rate(&mut faults, &text(&r["band"]), cell.events, cell.person_time / scale, 1000.0, r);
    }
    faults.outcome(case)
}

/// The same cells from the pieces that the loader cuts records into.
fn compare_with_pieces(
    faults: &mut Faults,
    found: &describe::BandTable,
    data: &SurvivalData,
    group: &[u32],
    bands: &Bands<'_>,
) {
    let all = 0..data.exit.len();
    let entry: Vec<f64> = all.clone().map(|i| data.entry.as_ref().map_or(0.0, |e| e.value(i))).collect();
    let exit: Vec<f64> = all.map(|i| data.exit.value(i)).collect();
    let shift: Vec<f64> = bands.at_entry.iter().zip(&entry).map(|(age, entry)| age - entry).collect();
    let pieces = split(&entry, &exit, &data.event, &[Scale { shift: Shift::PerRecord(&shift), cuts: bands.breaks }]);
    let mut cells = vec![vec![(0u64, 0u64, 0.0); bands.breaks.len() - 1]; found.cells.len()];
    for i in (0..pieces.len()).filter(|&i| pieces.is_within(i, 0, bands.breaks.len())) {
        let (g, band) = (group[pieces.record[i] as usize], pieces.band[0][i] as usize - 1);
        let (records, events, time) = &mut cells[g as usize][band];
        *records += 1;
        *events += u64::from(pieces.event[i]);
        *time += pieces.exit[i] - pieces.entry[i];
    }
    for (ours, cut) in found.cells.iter().flatten().zip(cells.iter().flatten()) {
        faults.equal("records of the pieces", &json!(cut.0), &json!(ours.records));
        faults.equal("events of the pieces", &json!(cut.1), &json!(ours.events));
        faults.number("person-time of the pieces", &json!(cut.2), &json!(ours.person_time), 1e-11);
    }
}

/// `dodm - dobth`, `age * 365.25`.
fn ages_at_entry(table: &Table, expression: &str) -> Vec<f64> {
    let mut words = expression.split(' ');
    let mut next = || words.next().expect("a left side, an operator and a right side");
    let (left, operator, right) = (next(), next(), next());
    let number = |word: &str, row: usize| {
        let of_column = || table.column(word).expect("a column").data.number(row).unwrap_or(f64::NAN);
        word.parse().unwrap_or_else(|_| of_column())
    };
    let one = |row: usize| match operator {
        "-" => number(left, row) - number(right, row),
        "*" => number(left, row) * number(right, row),
        other => panic!("an unknown operator: {other}"),
    };
    (0..table.n_rows()).map(one).collect()
}

fn compare_rate(faults: &mut Faults, what: &str, events: u64, person_time: f64, per: f64, theirs: &Value) {
    let r = rate(events, person_time, per, 0.95);
    let pairs = [
        ("events", events as f64, 0.0),
        ("person_time", person_time, 1e-11),
        ("rate", r.rate, 1e-11),
        ("exact_lower95", r.exact.0, 1e-10),
        ("exact_upper95", r.exact.1, 1e-10),
        ("log_normal_lower95", r.log_normal.0, 1e-11),
        ("log_normal_upper95", r.log_normal.1, 1e-11),
    ];
    compare_numbers(faults, what, &pairs, theirs);
}

/// Infinite limits are compared too: R's "Inf" is a text.
fn compare_numbers(faults: &mut Faults, what: &str, pairs: &[(&str, f64, f64)], theirs: &Value) {
    for (name, ours, tolerance) in pairs {
        match theirs[*name].as_str() {
            Some("Inf") if *ours == f64::INFINITY => {}
            Some("NaN") if ours.is_nan() => {}
            Some(other) => faults.found.push(format!("{what} {name}: ours {ours}, R {other}")),
            None => faults.number(&format!("{what} {name}"), &json!(ours), &theirs[*name], *tolerance),
        }
    }
}
