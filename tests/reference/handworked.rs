//! Kind `handworked`: data small enough to solve by hand; likelihood, score, information, hazards and residuals at given
//! coefficients, and concordance by counting pairs.

use super::{Case, Faults, Outcome, list, text};
use crate::design::read_csv;
use cohort::engine::{CensoringTies, SurvivalForm, Ties};
use cohort::pipeline::{
    self, CompetingModel, CompetingSettings, Fitted, ModelSettings, ResidualKind, ResidualSettings,
};
use cohort::table::Table;
use serde_json::{Value, json};

/// Hand calculation and R's own agree to 1e-9.
const TOLERANCE: f64 = 1e-9;

/// Compares a case.
pub fn compare(case: &Case) -> Outcome {
    let mut faults = Faults::of(case);
    match case.id.as_str() {
        "hand-concordance" => concordance(case, &mut faults),
        "hand-finegray" => fine_gray(case, &mut faults),
        _ => {
            for r in list(&case.expected()["at"]) {
                at(case, r, &mut faults);
            }
        }
    }
    faults.outcome(case)
}

fn settings(case: &Case, beta: f64) -> ModelSettings {
    let spec = case.spec();
    let response = &spec["response"];
    let name = |key: &str| text(&response[key]);
    let times = match response["kind"].as_str() {
        Some("counting") => format!("{}, {}", name("start"), name("stop")),
        _ => name("time"),
    };
    let mut settings = ModelSettings::new(&format!("Surv({times}, {}) ~ {}", name("event"), text(&spec["formula"])));
    settings.ties = match spec["ties"].as_str() {
        Some("breslow") => Ties::Breslow,
        Some("exact") => Ties::Exact,
        _ => Ties::Efron,
    };
    settings.weights = spec["weights"].as_str().map(str::to_owned);
    settings.robust = Some(false);
    // No step: everything is worked out at the given coefficient.
    settings.initial = Some(vec![beta]);
    settings.max_iterations = 0;
    settings
}

fn at(case: &Case, r: &Value, faults: &mut Faults) {
    let beta = r["beta"].as_f64().expect("a coefficient");
    let label = text(&r["label"]);
    let table = read_csv(&case.data());
    let mut settings = settings(case, beta);
    let fitted = match pipeline::fit_model(&table, &settings) {
        Ok(fitted) => fitted,
        Err(error) => return faults.found.push(format!("{label}: {error}")),
    };
    let options = settings.fit_options(&fitted.built);
    let (value, slope) = fitted.prepared.objective_slope(&[beta], &options);
    near(faults, &format!("{label} loglik"), value, &r["loglik"]);
    near(faults, &format!("{label} score"), slope[0], &r["score"]);
    near(faults, &format!("{label} information"), 1.0 / fitted.fit.covariance[(0, 0)], &r["information"]);
    if !r["martingale"].is_null() {
        residuals(&table, &mut settings, &fitted, r, faults);
        hazards(&fitted, settings.ties, r, faults);
    }
}

/// A score of 0 at the solution is 0 to the last digit of what it is a sum of.
fn near(faults: &mut Faults, what: &str, ours: f64, r: &Value) {
    let r_value = r.as_f64().unwrap_or(f64::NAN);
    if (ours - r_value).abs() > TOLERANCE * r_value.abs().max(1.0) || ours.is_nan() {
        faults.found.push(format!("{what}: ours {ours}, by hand {r}"));
    }
}

fn residuals(table: &Table, settings: &mut ModelSettings, fitted: &Fitted, r: &Value, faults: &mut Faults) {
    let label = text(&r["label"]);
    let kinds = [
        ("martingale", ResidualKind::Martingale),
        ("score_residuals", ResidualKind::Score),
        ("schoenfeld", ResidualKind::Schoenfeld),
    ];
    for (name, kind) in kinds {
        settings.diagnostics.residuals = ResidualSettings { kinds: vec![kind], ..ResidualSettings::default() };
        let found = fitted.residuals(table, settings).expect("the columns of a case exist");
        let piece = found.piece(kind.is_per_event(), 0..found.n_rows(kind.is_per_event()));
        faults.equal(&format!("{label} {name}"), &json!(piece.columns[0].len()), &json!(list(&r[name]).len()));
        for (i, (ours, r)) in piece.columns[0].iter().zip(list(&r[name])).enumerate() {
            near(faults, &format!("{label} {name} {i}"), *ours, r);
        }
        if kind == ResidualKind::Schoenfeld {
            means(&label, &piece.time, fitted, &piece.columns[0], &piece.row, r, faults);
        }
    }
}

/// x̄ at an event time is what a Schoenfeld residual takes from x; with Efron's ties it is the mean over the tied events.
fn means(label: &str, time: &[f64], fitted: &Fitted, schoenfeld: &[f64], row: &[u32], r: &Value, faults: &mut Faults) {
    let (times, by_hand) = (numbers(&r["event_times"]), numbers(&r["xbar"]));
    for (i, t) in time.iter().enumerate() {
        let tied: Vec<f64> = times.iter().zip(&by_hand).filter(|(time, _)| *time == t).map(|(_, x)| *x).collect();
        let place = fitted.built.rows.iter().position(|used| *used + 1 == row[i]).expect("an event is a used row");
        let x = crate::design::dense_row(&fitted.built.design, place)[0];
        let mean = tied.iter().sum::<f64>() / tied.len() as f64;
        near(faults, &format!("{label} mean at {t}"), x - schoenfeld[i], &json!(mean));
    }
}

fn numbers(values: &Value) -> Vec<f64> {
    list(values).iter().filter_map(Value::as_f64).collect()
}

fn hazards(fitted: &Fitted, ties: Ties, r: &Value, faults: &mut Faults) {
    let label = text(&r["label"]);
    let baseline = fitted.baseline(ties, SurvivalForm::Exponential);
    let curve = baseline.curve(0, &[0.0], 0.0);
    let (times, increments) = (numbers(&r["event_times"]), numbers(&r["hazard_increments"]));
    let mut before = 0.0;
    for (k, time) in curve.time.iter().enumerate() {
        // The increments of tied events by hand add up to that of their time.
        let tied = times.iter().zip(&increments).filter(|(t, _)| *t == time).map(|(_, x)| *x);
        let increment = curve.cumulative_hazard[k] - before;
        near(faults, &format!("{label} hazard at {time}"), increment, &json!(tied.sum::<f64>()));
        before = curve.cumulative_hazard[k];
    }
    let x0 = r["x0"].as_f64().expect("a value of x");
    let curve = baseline.curve(0, &[x0], 0.0);
    faults.equal(&format!("{label} times"), &json!(curve.time.len()), &json!(list(&r["cumhaz"]).len()));
    for (k, (hazard, variance)) in list(&r["cumhaz"]).iter().zip(list(&r["var_cumhaz"])).enumerate() {
        near(faults, &format!("{label} cumulative hazard {k}"), curve.cumulative_hazard[k], hazard);
        near(faults, &format!("{label} its variance {k}"), curve.standard_error[k].powi(2), variance);
    }
}

fn concordance(case: &Case, faults: &mut Faults) {
    for r in list(&case.expected()["cases"]) {
        let label = text(&r["label"]);
        let (formula, weights) = match label.as_str() {
            "test1 efron" => ("Surv(time, status) ~ x", None),
            "test2 efron" => ("Surv(start, stop, event) ~ x", None),
            "testw1 efron" => ("Surv(time, status) ~ x", Some("wt")),
            "aml" => ("Surv(time, status) ~ x", None),
            "anderson" => ("Surv(time, status) ~ rx + logwbc", None),
            other => panic!("a case of concordance: {other}"),
        };
        let mut settings = ModelSettings::new(formula);
        settings.weights = weights.map(str::to_owned);
        let table = read_csv(&case.folder.join(text(&r["data"])));
        let fitted = match pipeline::fit_model(&table, &settings) {
            Ok(fitted) => fitted,
            Err(error) => return faults.found.push(format!("{label}: {error}")),
        };
        let found = fitted.prepared.concordance(&fitted.fit.coefficients);
        for (name, ours) in [
            ("concordant", found.concordant),
            ("discordant", found.discordant),
            ("tied_x", found.tied_x),
            ("tied_y", found.tied_y),
            ("tied_xy", found.tied_xy),
            ("c", found.value),
            ("se", found.standard_error),
        ] {
            near(faults, &format!("{label} {name}"), ours, &r[name]);
        }
    }
}

/// Fine and Gray's model on twelve records. The weights themselves, and the cut records that carry them in R, have no
/// counterpart in an engine that cuts nothing; likelihood, estimate and both standard errors depend on all of them.
fn fine_gray(case: &Case, faults: &mut Faults) {
    let expected = case.expected();
    let mut settings = ModelSettings::new("Surv(time, ev == \"one\") ~ x");
    let competing = CompetingSettings::new("ev == \"two\"", CompetingModel::FineGray);
    let table = read_csv(&case.data());
    settings.competing = Some(competing.clone());
    match pipeline::fit_model(&table, &settings) {
        Ok(Fitted { fit, .. }) => {
            let robust = fit.robust_covariance.as_ref().map_or(f64::NAN, |v| v[(0, 0)].sqrt());
            near(faults, "coef", fit.coefficients[0], &expected["coef"]);
            near(faults, "loglik", fit.log_partial_likelihood, &expected["loglik"]);
            near(faults, "loglik null", fit.log_partial_likelihood_null, &expected["loglik_null"]);
            near(faults, "robust se", robust, &expected["robust_se"]);
            near(faults, "naive se", fit.covariance[(0, 0)].sqrt(), &expected["naive_se"]);
        }
        Err(error) => faults.found.push(error.to_string()),
    }
    settings.ties = Ties::Breslow;
    settings.competing =
        Some(CompetingSettings { ties: CensoringTies::Together, estimated_weights: true, ..competing });
    match pipeline::fit_model(&table, &settings) {
        Ok(Fitted { fit, .. }) => {
            let se = fit.robust_covariance.as_ref().map_or(f64::NAN, |v| v[(0, 0)].sqrt());
            // crr stops by its own rule: the tolerance of Fine-Gray in the README.
            faults.number("crr coef", &json!(fit.coefficients[0]), &expected["crr"]["coef"], 1e-6);
            faults.number("crr se", &json!(se), &expected["crr"]["se"], 1e-6);
        }
        Err(error) => faults.found.push(format!("crr: {error}")),
    }
}
