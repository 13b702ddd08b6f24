//! Events, person-time and rates against R's numbers, and counting by level.

use super::design::{read_csv, reference, table};
use cohort::describe::{self, Request, rate, rate_ratio};
use cohort::design::DesignOptions;
use cohort::formula::{Formula, Response};
use cohort::table::Table;
use serde_json::Value;

fn close(what: &str, ours: f64, theirs: &Value, tolerance: f64) -> Result<(), String> {
    let same = match theirs {
        Value::Null => ours.is_nan(),
        Value::String(text) => match text.as_str() {
            "NaN" => ours.is_nan(),
            "Inf" => ours == f64::INFINITY,
            _ => ours == f64::NEG_INFINITY,
        },
        _ => theirs.as_f64().is_some_and(|x| (ours - x).abs() <= tolerance * x.abs() + 1e-12),
    };
    if same { Ok(()) } else { Err(format!("{what}: {ours} instead of {theirs}")) }
}

/// The rows that a filter such as `etype == 2` keeps.
fn filtered(table: Table, filter: &Value) -> Table {
    let Some((column, value)) = filter.as_str().and_then(|f| f.split_once(" == ")) else { return table };
    let wanted: f64 = value.parse().expect("a number");
    let data = &table.column(column).expect("a column").data;
    let rows: Vec<u32> = (0..table.n_rows() as u32).filter(|r| data.number(*r as usize) == Some(wanted)).collect();
    table.take(&rows)
}

fn response(spec: &Value) -> Response {
    let text = |key: &str| spec[key].as_str().unwrap_or("?").to_string();
    let values: Vec<String> = spec["event_values"].as_array().expect("values").iter().map(Value::to_string).collect();
    let start = spec["start"].as_str().map(|s| format!("{s}, ")).unwrap_or_default();
    let source = format!("Surv({start}{}, {} %in% c({})) ~ 1", text("time"), text("event"), values.join(", "));
    Formula::parse(&source).expect("a formula").response.expect("a response")
}

fn compare(case: &Value) -> Result<(), String> {
    let (spec, expected) = (&case["spec"], &case["expected"]);
    let table = filtered(read_csv(&reference().join(case["data"].as_str().expect("data"))), &spec["rows"]);
    let response = response(spec);
    let by: Vec<&str> = spec["groups"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut options = DesignOptions::default();
    for (column, levels) in spec["levels"].as_object().into_iter().flatten() {
        let levels = levels.as_array().into_iter().flatten().filter_map(|l| l.as_str().map(String::from));
        options.levels.insert(column.clone(), levels.collect());
    }
    let request = Request { response: Some(&response), by, options, ..Request::default() };
    let found = describe::tabulate(&table, &request).map_err(|e| e.to_string())?;
    let (scale, per) = (spec["scale"].as_f64().expect("scale"), spec["per"].as_f64().expect("per"));
    let row = |counts: &describe::Counts, theirs: &Value| -> Result<(), String> {
        let r = rate(counts.events, counts.person_time / scale, per, 0.95);
        close("events", counts.events as f64, &theirs["events"], 0.0)?;
        close("person-time", counts.person_time / scale, &theirs["person_time"], 1e-12)?;
        close("rate", r.rate, &theirs["rate"], 1e-12)?;
        close("exact lower", r.exact.0, &theirs["exact_lower95"], 1e-11)?;
        close("exact upper", r.exact.1, &theirs["exact_upper95"], 1e-11)?;
        close("log-normal lower", r.log_normal.0, &theirs["log_normal_lower95"], 1e-12)?;
        close("log-normal upper", r.log_normal.1, &theirs["log_normal_upper95"], 1e-12)
    };
    close("rows", found.total.records as f64, &expected["n_rows_used"], 0.0)?;
    close("left out", found.n_left_out as f64, &expected["n_missing_dropped"], 0.0)?;
    row(&found.total, &expected["total"])?;
    let groups: Vec<&describe::Group> = found.groups.iter().filter(|g| g.counts.person_time > 0.0).collect();
    for (ours, theirs) in groups.iter().zip(expected["groups"].as_array().into_iter().flatten()) {
        for (level, column) in ours.levels.iter().zip(&request.by) {
            if level.as_ref().map(|l| l.name.as_str()) != theirs[*column].as_str() {
                return Err(format!("{column}: {level:?} instead of {}", theirs[*column]));
            }
        }
        row(&ours.counts, theirs)?;
    }
    for (ours, theirs) in groups.iter().skip(1).zip(expected["rate_ratios"].as_array().into_iter().flatten()) {
        let (a, b) = (&ours.counts, &groups[0].counts);
        let r = rate_ratio([a.events, b.events], [a.person_time / scale, b.person_time / scale], 0.95);
        close("ratio", r.ratio, &theirs["rate_ratio"], 1e-12)?;
        close("wald lower", r.wald.0, &theirs["wald_lower95"], 1e-12)?;
        close("wald upper", r.wald.1, &theirs["wald_upper95"], 1e-12)?;
        close("wald p", r.wald_p, &theirs["wald_p"], 1e-10)?;
        close("exact lower", r.exact.0, &theirs["exact_lower95"], 1e-9)?;
        close("exact upper", r.exact.1, &theirs["exact_upper95"], 1e-9)?;
        close("exact p", r.exact_p, &theirs["exact_p"], 1e-9)?;
        close("difference", per * r.difference, &theirs["rate_difference"], 1e-11)?;
        close("difference lower", per * r.difference_limits.0, &theirs["rate_difference_lower95"], 1e-11)?;
        close("difference upper", per * r.difference_limits.1, &theirs["rate_difference_upper95"], 1e-11)?;
    }
    Ok(())
}

#[test]
fn rates_are_those_of_r() {
    let text = std::fs::read_to_string(reference().join("index.json")).expect("index");
    let index: Value = serde_json::from_str(&text).expect("json");
    let (mut agree, mut failures) = (0, Vec::new());
    for entry in index["cases"].as_array().expect("cases").iter().filter(|c| c["kind"] == "rates") {
        let text = std::fs::read_to_string(reference().join(entry["file"].as_str().expect("file"))).expect("a case");
        match compare(&serde_json::from_str(&text).expect("json")) {
            Ok(()) => agree += 1,
            Err(what) => failures.push(format!("{}: {what}", entry["id"])),
        }
    }
    assert!(failures.is_empty(), "{agree} agree\n{}", failures.join("\n"));
    assert_eq!(agree, 8);
}

/// A person with several records counts once in each group and once in all; missing levels form a group when asked.
#[test]
fn persons_are_counted_once() {
    let t = table(&[
        ("person", &["1", "1", "2", "3", "3", "4"]),
        ("entry", &["0", "5", "0", "0", "2", "3"]),
        ("exit", &["5", "9", "4", "2", "8", "3"]),
        ("event", &["0", "1", "1", "0", "0", "1"]),
        ("group", &["a", "b", "a", "b", "b", "a"]),
        ("other", &["x", "", "x", "y", "y", "x"]),
    ]);
    let request = Request { person: Some("person"), by: vec!["group"], ..Request::default() };
    let found = describe::tabulate(&t, &request).expect("counts");
    let numbers = |c: &describe::Counts| (c.persons, c.records, c.events, c.person_time);
    assert_eq!(numbers(&found.total), (Some(3), 5, 2, 21.0), "the interval from 3 to 3 is empty");
    assert_eq!(numbers(&found.groups[0].counts), (Some(2), 2, 1, 9.0));
    assert_eq!(numbers(&found.groups[1].counts), (Some(2), 3, 1, 12.0));
    let shuffled = t.take(&[3, 0, 2, 5, 1, 4]);
    assert_eq!(describe::tabulate(&shuffled, &request).expect("counts"), found, "order of rows means nothing");
    let request = Request { person: Some("person"), by: vec!["other"], missing_groups: true, ..Request::default() };
    let found = describe::tabulate(&t, &request).expect("counts");
    let missing = found.groups.last().expect("a group");
    assert_eq!((missing.levels[0].is_none(), numbers(&missing.counts)), (true, (Some(1), 1, 1, 4.0)));
    let rows = [0, 1, 2];
    let request = Request { rows: Some(&rows), by: vec!["group"], ..Request::default() };
    assert_eq!(describe::tabulate(&t, &request).expect("counts").total.records, 3);
    let request = Request { by: vec!["grop"], ..Request::default() };
    let error = describe::tabulate(&t, &request).expect_err("no such column");
    assert_eq!(error.to_string(), "groups: there is no column `grop`; is `group` meant?");
}
