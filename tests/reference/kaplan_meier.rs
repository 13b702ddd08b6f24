//! Kind `kaplan_meier`: curves with standard errors and limits, quantiles, survival at times, restricted means.

use super::{Case, Faults, Outcome, list, sample, text};
use cohort::describe::{CurveOptions, HazardEstimator, SurvivalCurve, SurvivalEstimator, survival_curves};
use cohort::inference::IntervalScale;
use serde_json::{Value, json};

/// The tolerance of the Kaplan-Meier family.
const TOLERANCE: f64 = 1e-10;

/// Compares every number of a case.
pub fn compare(case: &Case) -> Outcome {
    let sample = match sample::read(case, None) {
        Ok(sample) => sample,
        Err(why) => return Outcome::Fails(vec![why]),
    };
    let (spec, expected) = (case.spec(), case.expected());
    let args = text(&spec["survfit_args"]);
    let options = CurveOptions {
        survival: if args.contains("stype = 2") {
            SurvivalEstimator::Exponential
        } else {
            SurvivalEstimator::KaplanMeier
        },
        hazard: if args.contains("ctype = 2") {
            HazardEstimator::FlemingHarrington
        } else {
            HazardEstimator::NelsonAalen
        },
        robust: sample.robust,
        ..CurveOptions::default()
    };
    let curves = match survival_curves(&sample.data, sample.groups.len(), &options) {
        Ok(curves) => curves,
        Err(why) => return Outcome::Fails(vec![why.to_string()]),
    };
    let level = spec["conf_level"].as_f64().expect("a level");
    let mut faults = Faults::of(case);
    faults.equal("n", &json!(sample.rows.len()), &expected["n"]);
    faults.equal("missing", &json!(sample.n_missing_dropped), &expected["n_missing_dropped"]);
    faults.equal("curves", &json!(curves.len()), &json!(list(&expected["curves"]).len()));
    for ((curve, group), r) in curves.iter().zip(&sample.groups).zip(list(&expected["curves"])) {
        let name = Value::String(group.name.replace("factor(", "").replace(')', ""));
        faults.equal("group", if r["group"].is_null() { &Value::Null } else { &name }, &r["group"]);
        compare_curve(&mut faults, curve, r, level);
    }
    for (scale, r) in expected["quantiles"].as_object().into_iter().flatten() {
        compare_quantiles(&mut faults, &curves, scale_named(scale), r, level);
    }
    compare_at_times(&mut faults, &curves, &spec["times"], &expected["at_times"], level);
    for r in list(&expected["rmean"]) {
        let horizon = r["tau"].as_f64().expect("a horizon");
        for (g, curve) in curves.iter().enumerate() {
            let found = curve.restricted_mean(horizon);
            number(&mut faults, &format!("rmean {horizon}"), found.mean, &r["rmean"][g]);
            number(&mut faults, &format!("rmean se {horizon}"), found.se, &r["se"][g]);
        }
    }
    faults.outcome(case)
}

fn scale_named(name: &str) -> IntervalScale {
    match name {
        "plain" => IntervalScale::Plain,
        "log" => IntervalScale::Log,
        "log-log" => IntervalScale::LogLog,
        "logit" => IntervalScale::Logit,
        "arcsin" => IntervalScale::ArcSine,
        other => panic!("an unknown scale: {other}"),
    }
}

fn number(faults: &mut Faults, what: &str, ours: f64, r: &Value) {
    faults.number(what, &json!(ours), r, TOLERANCE);
}

fn compare_curve(faults: &mut Faults, curve: &SurvivalCurve, r: &Value, level: f64) {
    faults.equal("records", &json!(curve.n_records), &r["n"]);
    number(faults, "events", curve.n_events(), &r["events"]);
    faults.equal("times", &json!(curve.time.len()), &r["n_times"]);
    for (j, time) in list(&r["time"]).iter().enumerate() {
        let time = time.as_f64().expect("a time");
        let Some(k) = curve.time.iter().position(|t| (t - time).abs() <= 1e-12 * time.abs()) else {
            faults.found.push(format!("time {time} is missing"));
            continue;
        };
        let gone = curve.survival[k] == 0.0;
        let survival_se = if gone { f64::NAN } else { curve.survival[k] * curve.log_se[k] };
        let pairs = [
            ("n_risk", curve.at_risk[k]),
            ("n_event", curve.events[k]),
            ("n_censor", curve.censored[k]),
            ("surv", curve.survival[k]),
            ("std_err_surv", survival_se),
            ("std_err_log_surv", curve.log_se[k]),
            ("nelson_aalen", curve.cumulative_hazard[k]),
            ("std_err_nelson_aalen", curve.cumulative_hazard_se[k]),
        ];
        for (name, ours) in pairs {
            number(faults, &format!("{name} at {time}"), ours, &r[name][j]);
        }
        for (scale, limits) in r["ci"].as_object().into_iter().flatten() {
            let (lower, upper) = curve.limits(k, scale_named(scale), level);
            number(faults, &format!("{scale} lower at {time}"), lower, &limits["lower"][j]);
            number(faults, &format!("{scale} upper at {time}"), upper, &limits["upper"][j]);
        }
    }
}

fn compare_quantiles(faults: &mut Faults, curves: &[SurvivalCurve], scale: IntervalScale, r: &Value, level: f64) {
    let probabilities: Vec<f64> = list(&r["probs"]).iter().filter_map(Value::as_f64).collect();
    for (g, curve) in curves.iter().enumerate() {
        for (j, found) in curve.quantiles(&probabilities, scale, level).iter().enumerate() {
            let what = format!("{} quantile {}", scale.name(), found.probability);
            number(faults, &what, found.time, &r["quantile"][g][j]);
            number(faults, &format!("{what} lower"), found.lower, &r["lower"][g][j]);
            number(faults, &format!("{what} upper"), found.upper, &r["upper"][g][j]);
        }
    }
}

/// R lists the groups after one another; its events are those since the time before.
fn compare_at_times(faults: &mut Faults, curves: &[SurvivalCurve], times: &Value, r: &Value, level: f64) {
    let n_times = list(times).len();
    for (g, curve) in curves.iter().enumerate().filter(|_| !r.is_null()) {
        let mut before = 0.0;
        for (j, time) in list(times).iter().enumerate() {
            let found = curve.at(time.as_f64().expect("a time"), IntervalScale::Log, level);
            let row = g * n_times + j;
            number(faults, &format!("at {time} at risk"), found.at_risk, &r["n_risk"][row]);
            number(faults, &format!("at {time} events"), found.events - before, &r["n_event"][row]);
            number(faults, &format!("at {time} survival"), found.survival, &r["surv"][row]);
            number(faults, &format!("at {time} se"), found.se, &r["std_err_surv"][row]);
            before = found.events;
        }
    }
}
