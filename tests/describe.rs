//! Counting persons, events and person-time by level.

use super::design::table;
use cohort::describe::{self, Request};
use cohort::formula::{Formula, Response};
use cohort::table::Table;
use serde_json::Value;

/// The rows that a filter such as `etype == 2` keeps.
pub fn filtered(table: Table, filter: &Value) -> Table {
    let Some((column, value)) = filter.as_str().and_then(|f| f.split_once(" == ")) else { return table };
    let wanted: f64 = value.parse().expect("a number");
    let data = &table.column(column).expect("a column").data;
    let rows: Vec<u32> = (0..table.n_rows() as u32).filter(|r| data.number(*r as usize) == Some(wanted)).collect();
    table.take(&rows)
}

/// The response of a case of rates.
pub fn response(spec: &Value) -> Response {
    let text = |key: &str| spec[key].as_str().unwrap_or("?").to_string();
    let values: Vec<String> = spec["event_values"].as_array().expect("values").iter().map(Value::to_string).collect();
    let start = spec["start"].as_str().map(|s| format!("{s}, ")).unwrap_or_default();
    let source = format!("Surv({start}{}, {} %in% c({})) ~ 1", text("time"), text("event"), values.join(", "));
    Formula::parse(&source).expect("a formula").response.expect("a response")
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
