//! The records that descriptive cases start from: formula, levels and rows in the words of our library.

use super::{Case, filter_sql, list, text};
use cohort::design::{self, CauseColumn, DesignOptions, Sample};
use cohort::formula::Formula;
use cohort::loader::{FlatOptions, Quiet, read_flat};
use serde_json::Value;

/// Reads the records of a case.
pub fn read(case: &Case, cause: Option<&CauseColumn>) -> Result<Sample, String> {
    let spec = case.spec();
    let options = FlatOptions { condition: filter_sql(&spec["rows"]), ..FlatOptions::default() };
    let path = case.data();
    let flat = read_flat(&path, &path.display().to_string(), &options, &mut Quiet).map_err(|e| e.to_string())?;
    let formula = Formula::parse(&formula(spec)).map_err(|e| e.to_string())?;
    let column = |key: &str| spec[key].as_str().map(str::to_owned);
    let mut options = DesignOptions {
        weights: column("weights"),
        cluster: column("cluster"),
        id: column("id"),
        ..DesignOptions::default()
    };
    for (name, levels) in levels(&case.file["r_code"]) {
        // R's script makes factors of columns that the analysis does not use, too.
        if flat.table.column(&name).is_some() && (list(&spec["groups"]).iter().any(|g| text(g) == name)) {
            options.levels.insert(name, levels);
        }
    }
    design::sample(&flat.table, &formula, &options, cause).map_err(|e| e.to_string())
}

/// `Surv(start, time, event %in% c(2)) ~ sex + strata(inst)`; with several kinds of events `Surv(time) ~ sex`.
fn formula(spec: &Value) -> String {
    let response = &spec["response"];
    let time = |t: &Value| if t.is_object() { text(&t["r_expression"]) } else { text(t) };
    let values: Vec<String> = list(&response["event_values"]).iter().map(Value::to_string).collect();
    let mut surv = Vec::new();
    if response["kind"] == "counting" {
        surv.extend([time(&response["start"]), time(&response["stop"])]);
    } else {
        surv.push(time(&response["time"]));
    }
    if response["multi_state"].is_null() {
        surv.push(format!("{} %in% c({})", text(&response["event"]), values.join(", ")));
    }
    let mut right: Vec<String> = list(&spec["groups"]).iter().map(|g| format!("factor({})", text(g))).collect();
    if right.is_empty() {
        right.push("1".to_owned());
    }
    let strata: Vec<String> = list(&spec["strata"]).iter().map(text).collect();
    if !strata.is_empty() {
        right.push(format!("strata({})", strata.join(", ")));
    }
    format!("Surv({}) ~ {}", surv.join(", "), right.join(" + "))
}

/// The levels of `d$sex <- factor(d$sex, levels = 1:2)`, by column.
pub fn levels(r_code: &Value) -> Vec<(String, Vec<String>)> {
    let lines = list(r_code).iter().filter_map(Value::as_str);
    let one = |line: &str| {
        let (name, rest) = line.strip_prefix("d$")?.split_once(" <- factor(")?;
        let (_, levels) = rest.split_once("levels = ")?;
        let levels = levels.strip_suffix(')')?;
        let levels = match (levels.strip_prefix("c("), levels.split_once(':')) {
            (Some(inside), _) => {
                inside.trim_end_matches(')').split(", ").map(|l| l.trim_matches('"').to_owned()).collect()
            }
            (None, Some((from, to))) => (from.parse::<i64>().ok()?..=to.parse().ok()?).map(|l| l.to_string()).collect(),
            _ => return None,
        };
        Some((name.to_owned(), levels))
    };
    lines.filter_map(one).collect()
}
