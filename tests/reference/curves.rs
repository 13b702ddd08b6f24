//! Baseline hazards and survival curves: kinds `cox_basehaz`, `cox_survfit`.
//!
//! R lists every distinct time at which a record ends, events or not; our curves step at event times. They are the same
//! step functions, so ours are read off at R's times.
//!
//! Not compared: `n_risk` where there are case weights. R's is then the sum of the weights at risk, ours is always the
//! number of records.

use super::{Case, Faults, Outcome, list, model, text};
use cohort::design::{Person, Setting, SettingValue};
use cohort::engine::{Curve, SurvivalForm, Ties};
use cohort::formula::Formula;
use cohort::inference::IntervalScale;
use cohort::inference::step::{quantile, step_at, value_at};
use cohort::pipeline::Fitted;
use serde_json::{Value, json};

/// Tolerance of hazards and curves in the README of the reference folder.
pub const CURVE: f64 = 1e-7;

/// Compares a case of kind `cox_basehaz`.
pub fn compare_baseline(case: &Case) -> Outcome {
    let fitted = match model::fitted(case) {
        Ok(fitted) => fitted,
        Err(why) => return Outcome::Unsupported(why),
    };
    let mut faults = Faults::of(case);
    compare_fit(case, &fitted, &mut faults);
    let zero = vec![0.0; fitted.fit.means.len()];
    let mean_offset = fitted.prepared.mean_offset();
    for (name, row) in [("uncentered", &zero), ("centered", &fitted.fit.means)] {
        let baseline = fitted.baseline(ties(case), SurvivalForm::Exponential);
        let (mut time, mut hazard, mut strata) = (Vec::new(), Vec::new(), Vec::new());
        for stratum in 0..baseline.n_strata() {
            let curve = baseline.curve(stratum, row, mean_offset);
            for t in end_times(&fitted, stratum) {
                time.push(t);
                hazard.push(value_at(&curve.time, &curve.cumulative_hazard, t, 0.0));
                strata.push(stratum);
            }
        }
        let r = &case.expected()[name];
        faults.equal(&format!("{name} n_times"), &json!(time.len()), &r["n_times"]);
        faults.number(&format!("{name} sum"), &json!(hazard.iter().sum::<f64>()), &r["sum_hazard"], CURVE);
        for (k, index) in list(&r["index1"]).iter().enumerate() {
            let i = index.as_u64().expect("an index") as usize - 1;
            faults.number(&format!("{name} time {i}"), &json!(time[i]), &r["time"][k], 0.0);
            faults.number(&format!("{name} hazard {i}"), &json!(hazard[i]), &r["hazard"][k], CURVE);
            if !r["strata"].is_null() {
                faults.equal(&format!("{name} stratum {i}"), &json!(fitted.built.strata[strata[i]]), &r["strata"][k]);
            }
        }
    }
    faults.outcome(case)
}

/// Compares a case of kind `cox_survfit`.
pub fn compare_curves(case: &Case) -> Outcome {
    let fitted = match model::fitted(case) {
        Ok(fitted) => fitted,
        Err(why) => return Outcome::Unsupported(why),
    };
    let mut faults = Faults::of(case);
    compare_fit(case, &fitted, &mut faults);
    let call = case.file["r_code"].to_string();
    let hazard = if call.contains("ctype = 1") { Ties::Breslow } else { ties(case) };
    let form = if call.contains("stype = 1") { SurvivalForm::ProductLimit } else { SurvivalForm::Exponential };
    let baseline = fitted.baseline(hazard, form);
    for r in list(&case.expected()["curves"]) {
        let row = r["newdata_row"].as_u64().expect("a row") as usize;
        let Some(person) = new_person(case, &fitted, row - 1, &mut faults) else { continue };
        let curve = baseline.curve(person.stratum, &person.row, person.offset);
        compare_curve(case, &fitted, person.stratum, &curve, row, r, &mut faults);
        compare_quantiles(case, &fitted, person.stratum, &curve, row, &mut faults);
    }
    let first = &case.expected()["full_first_curve"];
    if !first.is_null()
        && let Some(person) = new_person(case, &fitted, 0, &mut faults)
    {
        let curve = baseline.curve(person.stratum, &person.row, person.offset);
        compare_whole(&fitted, person.stratum, &curve, first, &mut faults);
    }
    if !case.expected()["n_times"].is_null() {
        faults.equal("n_times", &json!(end_times(&fitted, 0).len()), &case.expected()["n_times"]);
    }
    faults.outcome(case)
}

/// Records, coefficients and means of the fit that everything starts from.
pub fn compare_fit(case: &Case, fitted: &Fitted, faults: &mut Faults) {
    let expected = case.expected();
    faults.equal("n", &json!(fitted.fit.n_records), &expected["n"]);
    if !expected["nevent"].is_null() {
        faults.equal("events", &json!(fitted.fit.n_events), &expected["nevent"]);
    }
    let pairs = [("coef", &fitted.fit.coefficients, 1e-8), ("means", &fitted.fit.means, 1e-10)];
    for (name, ours, tolerance) in pairs.into_iter().filter(|(name, _, _)| !expected[*name].is_null()) {
        faults.equal(&format!("number of {name}"), &json!(ours.len()), &json!(list(&expected[name]).len()));
        for (j, (ours, r)) in ours.iter().zip(list(&expected[name])).enumerate() {
            faults.number(&format!("{name} {j}"), &json!(ours), r, tolerance);
        }
    }
}

/// The rule of the hazard that R takes for the fit's ties; for exact ties that of Breslow.
pub fn ties(case: &Case) -> Ties {
    if case.spec()["ties"] == "efron" { Ties::Efron } else { Ties::Breslow }
}

/// The person of a row of `newdata`.
pub fn new_person(case: &Case, fitted: &Fitted, row: usize, faults: &mut Faults) -> Option<Person> {
    let right = format!("~ {}", text(&case.spec()["formula"]));
    let formula = Formula::parse(&right).expect("a formula");
    let mut setting = Setting::default();
    for (column, _) in formula.columns() {
        let value = match &case.spec()["newdata"][row][column] {
            Value::String(level) => SettingValue::Level(level.clone()),
            number => SettingValue::Number(number.as_f64().expect("a number")),
        };
        setting = setting.with(column, value);
    }
    let person = fitted.built.person(&fitted.formula, &setting);
    person.map_err(|fault| faults.found.push(format!("row {row}: {fault}"))).ok()
}

/// The records of a stratum as (entry, exit, event).
fn records(fitted: &Fitted, stratum: usize) -> Vec<(f64, f64, bool)> {
    let data = &fitted.built.data;
    let here = |i: &usize| data.stratum.as_ref().is_none_or(|s| s.get(*i) == Some(stratum as u32));
    let entry = |i: usize| data.entry.as_ref().map_or(f64::NEG_INFINITY, |e| e.value(i));
    (0..data.n_records()).filter(here).map(|i| (entry(i), data.exit.value(i), data.event[i])).collect()
}

/// Distinct times at which records of a stratum end.
fn end_times(fitted: &Fitted, stratum: usize) -> Vec<f64> {
    let mut times: Vec<f64> = records(fitted, stratum).iter().map(|r| r.1).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

fn at_risk(fitted: &Fitted, stratum: usize, time: f64) -> usize {
    records(fitted, stratum).iter().filter(|(entry, exit, _)| *entry < time && time <= *exit).count()
}

/// What R lists of a curve at chosen times: nothing before the first time at which a record ends.
fn compare_curve(
    case: &Case,
    fitted: &Fitted,
    stratum: usize,
    curve: &Curve,
    row: usize,
    r: &Value,
    faults: &mut Faults,
) {
    let ends = end_times(fitted, stratum);
    let (scale, level) = (scale(case), case.spec()["conf_level"].as_f64().expect("a level"));
    for (i, time) in list(&r["times"]).iter().enumerate() {
        let time = time.as_f64().expect("a time");
        let last_row = step_at(&ends, time).map(|k| ends[k]);
        let value = |values: &[f64], before: f64| value_at(&curve.time, values, time, before);
        let (survival, se) = (value(&curve.survival, 1.0), value(&curve.standard_error, 0.0));
        let limits = last_row.map_or((f64::NAN, f64::NAN), |_| scale.limits(survival, se, level));
        let ours = [
            ("surv", survival),
            ("cumhaz", value(&curve.cumulative_hazard, 0.0)),
            ("std_err_cumhaz", se),
            ("std_err_surv", se * survival),
            ("lower", limits.0),
            ("upper", limits.1),
        ];
        for (name, ours) in ours {
            faults.number(&format!("row {row} {name} at {time}"), &json!(ours), &r[name][i], CURVE);
        }
        if case.spec()["weights"].is_null() {
            let at_risk = last_row.map(|t| at_risk(fitted, stratum, t));
            faults.equal(&format!("row {row} n_risk at {time}"), &json!(at_risk), &r["n_risk_at_last_event"][i]);
        }
    }
}

fn scale(case: &Case) -> IntervalScale {
    match text(&case.spec()["conf_type"]).as_str() {
        "plain" => IntervalScale::Plain,
        "log" => IntervalScale::Log,
        "log-log" => IntervalScale::LogLog,
        other => panic!("unknown conf_type {other}"),
    }
}

fn compare_quantiles(case: &Case, fitted: &Fitted, stratum: usize, curve: &Curve, row: usize, faults: &mut Faults) {
    let r = &case.expected()["quantiles"];
    let level = case.spec()["conf_level"].as_f64().expect("a level");
    let limits: Vec<(f64, f64)> =
        curve.survival.iter().zip(&curve.standard_error).map(|(s, se)| scale(case).limits(*s, *se, level)).collect();
    let lower: Vec<f64> = limits.iter().map(|l| l.0).collect();
    let upper: Vec<f64> = limits.iter().map(|l| l.1).collect();
    let last = *end_times(fitted, stratum).last().expect("records");
    for (i, p) in list(&r["probs"]).iter().enumerate() {
        for (name, values) in [("quantile", &curve.survival), ("lower", &lower), ("upper", &upper)] {
            // The curve goes on to the last time at which a record ends.
            let times: Vec<f64> = curve.time.iter().copied().chain([last]).collect();
            let values: Vec<f64> = values.iter().copied().chain(values.last().copied()).collect();
            let ours = quantile(&times, &values, p.as_f64().expect("a probability"), 0.0);
            faults.number(&format!("row {row} {name} {p}"), &json!(ours), &r[name][row - 1][i], 1e-12);
        }
    }
}

/// A whole curve, every time of R's.
fn compare_whole(fitted: &Fitted, stratum: usize, curve: &Curve, r: &Value, faults: &mut Faults) {
    let ends = end_times(fitted, stratum);
    let all = records(fitted, stratum);
    faults.equal("whole curve: number of times", &json!(ends.len()), &json!(list(&r["time"]).len()));
    for (i, time) in ends.iter().enumerate() {
        let censored = all.iter().filter(|(_, exit, event)| exit == time && !event).count();
        let events = curve.time.iter().position(|t| t == time).map_or(0, |k| curve.n_events[k]);
        let value = |values: &[f64], before: f64| value_at(&curve.time, values, *time, before);
        let ours = [
            ("time", *time),
            ("n_risk", at_risk(fitted, stratum, *time) as f64),
            ("n_event", f64::from(events)),
            ("n_censor", censored as f64),
            ("surv", value(&curve.survival, 1.0)),
            ("cumhaz", value(&curve.cumulative_hazard, 0.0)),
            ("std_err_cumhaz", value(&curve.standard_error, 0.0)),
        ];
        for (name, ours) in ours {
            faults.number(&format!("whole curve {name} at {time}"), &json!(ours), &r[name][i], CURVE);
        }
    }
}
