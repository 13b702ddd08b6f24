//! Kinds `cox_zph` and `cox_residuals`.
//!
//! Both start from the fully converged fit, in R as here. Through the command line the tests of `cox_zph` are compared;
//! transformed times and residuals are no part of `results.json` and are compared through the library.

use super::model::{Model, Rule, Run, fitted};
use super::{Case, Faults, Outcome, compare_test, list, text};
use cohort::engine::{TimeAxis, TimeTransform};
use cohort::pipeline::{Fitted, ModelResiduals, ModelSettings, ResidualKind, ResidualSettings, TimeResiduals};
use cohort::table::Table;
use serde_json::{Value, json};

/// Residuals are held to the tolerance of the README: relative, on the scale of the largest of its column.
const TOLERANCE: f64 = 1e-7;

/// A model and all that its diagnostics need.
struct Converged {
    table: Table,
    settings: ModelSettings,
    fitted: Fitted,
}

impl Converged {
    fn of(case: &Case, model: &Model) -> Result<Converged, String> {
        Ok(Converged { table: model.table()?, settings: model.settings(Rule::Full), fitted: fitted(case)? })
    }

    fn residuals(&mut self, asked: ResidualSettings) -> ModelResiduals<'_> {
        self.settings.diagnostics.residuals = asked;
        self.fitted.residuals(&self.table, &self.settings).expect("the columns of a case exist")
    }
}

/// Compares a case of `cox_zph`, run through one of the two doors.
pub fn proportional_hazards(case: &Case, run: Run) -> Outcome {
    let model = match Model::read(case) {
        Ok(model) => model,
        Err(why) => return Outcome::Unsupported(why),
    };
    let mut faults = Faults::of(case);
    match run(&model, Rule::Full) {
        Ok(result) => compare_tests(case, &model, &result["models"][0], &mut faults),
        Err(message) => faults.found.push(format!("error: {message}")),
    }
    match Converged::of(case, &model) {
        Ok(converged) => {
            compare_times(case, &model, &converged, &mut faults);
            compare_scaled(case, &converged, &mut faults);
        }
        Err(message) => faults.found.push(format!("error: {message}")),
    }
    faults.outcome(case)
}

fn compare_tests(case: &Case, model: &Model, result: &Value, faults: &mut Faults) {
    let expected = case.expected();
    faults.equal("n", &result["n_records"], &expected["n"]);
    faults.equal("events", &result["n_events"], &expected["nevent"]);
    for (c, r) in list(&result["coefficients"]).iter().zip(list(&expected["coef"])) {
        faults.number("coefficient", &c["estimate"], r, 1e-8);
    }
    let first = &result["proportional_hazards"];
    let tests: Vec<&Value> = std::iter::once(first).chain(list(&first["others"])).collect();
    for transform in &model.transforms {
        let r = &expected["tests"][transform.as_str()];
        let Some(ours) = tests.iter().find(|t| t["transform"] == transform.as_str()) else {
            faults.found.push(format!("no test against {transform}"));
            continue;
        };
        compare_table(&format!("{transform} by term"), ours, "terms", &r["by_term"], faults);
        compare_table(&format!("{transform} by coefficient"), ours, "coefficients", &r["by_coefficient"], faults);
    }
}

/// R's rows in order, the last of them GLOBAL.
fn compare_table(what: &str, ours: &Value, key: &str, r: &Value, faults: &mut Faults) {
    let mut rows: Vec<Value> = list(&ours[key]).to_vec();
    let mut global = ours["global"].clone();
    global["term"] = json!("GLOBAL");
    rows.push(global);
    let names = |rows: &[Value]| rows.iter().map(|row| text(&row["term"])).collect::<Vec<_>>();
    if names(&rows) != names(list(r)) {
        faults.found.push(format!("{what}: ours {:?}, R {:?}", names(&rows), names(list(r))));
        return;
    }
    for (ours, r) in rows.iter().zip(list(r)) {
        // Degrees of freedom are whole in both; JSON has ours as 1.0.
        let r = json!({ "chisq": r["chisq"], "df": r["df"].as_f64(), "p": r["p"] });
        compare_test(faults, &format!("{what} {}", text(&ours["term"])), ours, &r, 1e-8);
    }
}

/// g at the times of the first events in R's order.
fn compare_times(case: &Case, model: &Model, converged: &Converged, faults: &mut Faults) {
    let Converged { settings, fitted, .. } = converged;
    let axis = TimeAxis::new(&fitted.built.data, settings.near_ties).expect("the data were fitted");
    let scaled = fitted.time_residuals(settings);
    let order = order_of_zph(case, fitted, &scaled);
    for transform in &model.transforms {
        let named = TimeTransform::named(transform).expect("R's names are ours");
        let g = axis.transformed(named).expect("times are positive");
        let first = &case.expected()["tests"][transform.as_str()]["transformed_times_first"];
        for ((event, time), r) in order.iter().zip(list(&first["time"])).zip(list(&first["g"])) {
            let ours = scaled.time[*event];
            faults.number(&format!("{transform}: time of event {event}"), &json!(ours), time, 1e-12);
            let place = axis.time.iter().position(|t| *t == ours).expect("events are on the axis");
            faults.number(&format!("{transform}: transformed time of event {event}"), &json!(g[place]), r, 1e-10);
        }
    }
}

/// R's `cox.zph()$y` without terms.
fn compare_scaled(case: &Case, converged: &Converged, faults: &mut Faults) {
    let scaled = converged.fitted.time_residuals(&converged.settings);
    let order = order_of_zph(case, &converged.fitted, &scaled);
    for (event, r) in order.iter().zip(list(&case.expected()["scaled_schoenfeld_plus_beta_first"]["rows"])) {
        for (j, (ours, r)) in scaled.row(*event).iter().zip(list(r)).enumerate() {
            let r = r.as_f64().unwrap_or(f64::NAN);
            if (ours - r).abs() > TOLERANCE * r.abs().max(1e-2) {
                faults.found.push(format!("scaled Schoenfeld, event {event} column {j}: ours {ours}, R {r}"));
            }
        }
    }
}

/// Our events in the order of R's `cox.zph`: by stratum and time, equal times in the order of the file, or in the reverse
/// order with entry times. R has strata in the order of the factor that its script makes; we have them sorted by name.
fn order_of_zph(case: &Case, fitted: &Fitted, scaled: &TimeResiduals<'_>) -> Vec<usize> {
    let names: Vec<&str> = fitted.built.strata.iter().map(|s| s.split('=').next_back().unwrap_or(s)).collect();
    let column = case.spec()["strata"][0].as_str().unwrap_or_default();
    let made = list(&case.file["r_code"]).iter().map(text).find(|l| l.starts_with(&format!("d${column} <- factor(")));
    let rank = |stratum: u32| {
        made.as_ref().map_or(0, |line| line.find(&format!("\"{}\"", names[stratum as usize])).unwrap_or(0))
    };
    let mut order: Vec<usize> = (0..scaled.time.len()).collect();
    if case.spec()["response"]["kind"] == "counting" {
        order.reverse();
    }
    let key = |event: &usize| (rank(scaled.stratum[*event]), scaled.stratum[*event], scaled.time[*event]);
    order.sort_by(|a, b| key(a).partial_cmp(&key(b)).expect("times are numbers"));
    order
}

/// Compares a case of `cox_residuals`.
pub fn residuals(case: &Case) -> Outcome {
    let model = match Model::read(case) {
        Ok(model) => model,
        Err(why) => return Outcome::Unsupported(why),
    };
    let mut faults = Faults::of(case);
    match Converged::of(case, &model) {
        Ok(mut converged) => compare_residuals(case, &mut converged, &mut faults),
        Err(message) => faults.found.push(format!("error: {message}")),
    }
    faults.outcome(case)
}

fn compare_residuals(case: &Case, converged: &mut Converged, faults: &mut Faults) {
    let (spec, expected) = (case.spec(), case.expected());
    faults.equal("n", &json!(converged.fitted.built.rows.len()), &expected["n"]);
    faults.equal("events", &json!(converged.fitted.built.n_events), &expected["nevent"]);
    faults.equal("names", &json!(converged.fitted.built.columns.names), &expected["coef_names"]);
    for (ours, r) in converged.fitted.fit.coefficients.iter().zip(list(&expected["coef"])) {
        faults.number("coefficient", &json!(ours), r, 1e-8);
    }
    let by = spec["collapse"].as_str().map(str::to_owned);
    for name in list(&spec["residual_types"]).iter().map(text) {
        let (_, kind) = ResidualKind::NAMED.iter().find(|(n, _)| *n == name).expect("R's names are ours");
        let weighted = spec["weighted"] == Value::Bool(true) && !kind.is_per_event();
        let asked = ResidualSettings { kinds: vec![*kind], by: by.clone(), weighted };
        let order = by.as_ref().map(|column| sorted_by(&converged.table, column));
        let residuals = converged.residuals(asked);
        let piece = residuals.piece(kind.is_per_event(), 0..residuals.n_rows(kind.is_per_event()));
        // R has the groups in the order of their names, we in the order of their first rows.
        let columns = match &order {
            Some(order) => piece.columns.iter().map(|c| in_order(c, &piece.row, order)).collect(),
            None => piece.columns,
        };
        compare_block(&name, &columns, &expected[name.as_str()], faults);
        if *kind == ResidualKind::Schoenfeld {
            compare_event_times(&piece.time, &piece.stratum, &expected["event_times"], faults);
        }
    }
}

/// The rank of every row's value in a column of whole numbers.
fn sorted_by(table: &Table, column: &str) -> Vec<i32> {
    match &table.column(column).expect("the column exists").data {
        cohort::table::ColumnData::Whole(values) => values.clone(),
        other => panic!("{column} is no column of whole numbers: {other:?}"),
    }
}

fn in_order(values: &[f64], rows: &[u32], value_of_row: &[i32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|i| value_of_row[rows[*i] as usize - 1]);
    order.into_iter().map(|i| values[i]).collect()
}

fn compare_block(what: &str, columns: &[Vec<f64>], r: &Value, faults: &mut Faults) {
    let n_rows = columns.first().map_or(0, Vec::len);
    faults.equal(&format!("{what} rows"), &json!(n_rows), &r["n_rows"]);
    faults.equal(&format!("{what} columns"), &json!(columns.len()), &r["n_cols"]);
    for (j, column) in columns.iter().enumerate() {
        let size = column.iter().fold(0.0f64, |size, x| size.max(x.abs()));
        let mut near = |of: &str, ours: f64, r: &Value, scale: f64| {
            let r_value = r.as_f64().unwrap_or(f64::NAN);
            if ours.is_nan() != r_value.is_nan() || (ours - r_value).abs() > TOLERANCE * scale.max(r_value.abs()) {
                faults.found.push(format!("{what} column {j} {of}: ours {ours}, R {r}"));
            }
        };
        // Sums cancel to nearly nothing: the scale is what is added up.
        let total: f64 = column.iter().map(|x| x.abs()).sum();
        near("sum", column.iter().sum(), &r["sum"][j], total);
        near("sum of squares", column.iter().map(|x| x * x).sum(), &r["sum_sq"][j], 0.0);
        near("minimum", column.iter().copied().fold(f64::MAX, f64::min), &r["min"][j], 0.0);
        near("maximum", column.iter().copied().fold(f64::MIN, f64::max), &r["max"][j], 0.0);
        let listed = if r["all"].is_null() { list(&r["first"]) } else { list(&r["all"]) };
        for (i, row) in listed.iter().enumerate() {
            near(&format!("row {i}"), column[i], if row.is_array() { &row[j] } else { row }, 1e-3 * size);
        }
    }
}

fn compare_event_times(ours: &[f64], strata: &[u32], r: &Value, faults: &mut Faults) {
    let listed = if r["all"].is_null() { list(&r["first"]) } else { list(&r["all"]) };
    for (i, time) in listed.iter().enumerate() {
        faults.number(&format!("event time {i}"), &json!(ours[i]), time, 1e-12);
    }
    for (s, count) in list(&r["strata"]["counts"]).iter().enumerate() {
        let n = strata.iter().filter(|x| **x as usize == s + 1).count();
        faults.equal(&format!("events in stratum {s}"), &json!(n), count);
    }
}
