//! Kind `fine_gray`: `finegray()` with `coxph`, `cmprsk::crr`, and the cause-specific Cox models.
//!
//! `crr` takes those with an event at a time for still at risk of being censored at it (`CensoringTies::Together`), uses
//! Breslow's method for ties, and its variance knows that the weights are estimated. With these three choices its numbers are
//! compared too. Both programs stop by their own rules; `finegray`'s numbers are R's default convergence of `coxph`.

use super::{Case, Faults, Outcome, list, text};
use cohort::engine::{CensoringTies, Convergence, Ties};
use cohort::loader::{FlatOptions, Quiet, read_flat};
use cohort::pipeline::{CompetingModel, CompetingSettings, Fitted, ModelSettings, fit_model};
use cohort::table::Table;
use serde_json::Value;

pub fn compare(case: &Case) -> Outcome {
    let mut faults = Faults::of(case);
    match compare_all(case, &mut faults) {
        Ok(()) => faults.outcome(case),
        Err(message) => Outcome::Fails(vec![message]),
    }
}

fn compare_all(case: &Case, faults: &mut Faults) -> Result<(), String> {
    let (expected, table) = (case.expected(), table(case)?);
    let cause = text(&case.spec()["cause"]);
    let mut settings = settings(case, &cause);
    for (key, ties) in [("finegray_breslow", Ties::Breslow), ("finegray_efron", Ties::Efron)] {
        settings.ties = ties;
        let fitted = fit_model(&table, &settings).map_err(|e| format!("{key}: {e}"))?;
        compare_fit(faults, key, &fitted, &expected[key]);
        faults.equal(&format!("{key} n"), &fitted.fit.n_records.into(), &expected["n"]);
        faults.equal(&format!("{key} missing"), &fitted.built.n_missing_dropped.into(), &expected["n_missing_dropped"]);
        faults.equal(&format!("{key} events"), &fitted.fit.n_events.into(), &expected["n_events"][&cause]);
    }
    compare_crr(faults, &table, settings, &expected["crr"])?;
    for other in list(&case.spec()["response"]["event_states"]) {
        let key = format!("cause-specific {}", text(other));
        let formula = formula(case, &text(other));
        let mut plain = ModelSettings::new(&formula);
        (plain.levels, plain.convergence) = (levels(case), Convergence::LikeR);
        let fitted = fit_model(&table, &plain).map_err(|e| format!("{key}: {e}"))?;
        let r = &expected["cause_specific_efron"][text(other)];
        faults.equal(&format!("{key} events"), &fitted.fit.n_events.into(), &r["nevent"]);
        compare_coefficients(faults, &key, &fitted, r, "se", 1e-8);
        faults.number(&format!("{key} loglik"), &fitted.fit.log_partial_likelihood.into(), &r["loglik"][1], 1e-8);
    }
    Ok(())
}

/// `crr`: converged further than `coxph`, so our own full convergence is compared with it.
fn compare_crr(faults: &mut Faults, table: &Table, mut settings: ModelSettings, r: &Value) -> Result<(), String> {
    (settings.ties, settings.convergence) = (Ties::Breslow, Convergence::Full);
    if let Some(competing) = &mut settings.competing {
        (competing.ties, competing.estimated_weights) = (CensoringTies::Together, true);
    }
    let fitted = fit_model(table, &settings).map_err(|e| format!("crr: {e}"))?;
    compare_coefficients(faults, "crr", &fitted, r, "", 1e-6);
    let variance = fitted.fit.robust_covariance.as_ref().ok_or("no robust covariance")?;
    for (j, row) in list(&r["vcov"]).iter().enumerate() {
        for (k, value) in list(row).iter().enumerate() {
            faults.number(&format!("crr vcov [{j}][{k}]"), &variance[(j, k)].into(), value, 1e-6);
        }
    }
    faults.number("crr loglik", &fitted.fit.log_partial_likelihood.into(), &r["loglik"], 1e-8);
    faults.number("crr loglik null", &fitted.fit.log_partial_likelihood_null.into(), &r["loglik_null"], 1e-8);
    Ok(())
}

fn compare_fit(faults: &mut Faults, key: &str, fitted: &Fitted, r: &Value) {
    compare_coefficients(faults, key, fitted, r, "se_naive", 1e-6);
    let robust = fitted.fit.robust_covariance.as_ref();
    for (j, row) in list(&r["robust_vcov"]).iter().enumerate() {
        for (k, value) in list(row).iter().enumerate() {
            let ours = robust.map(|v| v[(j, k)]).into();
            faults.number(&format!("{key} robust vcov [{j}][{k}]"), &ours, value, 1e-6);
        }
    }
    faults.number(&format!("{key} loglik null"), &fitted.fit.log_partial_likelihood_null.into(), &r["loglik"][0], 1e-8);
    faults.number(&format!("{key} loglik"), &fitted.fit.log_partial_likelihood.into(), &r["loglik"][1], 1e-8);
}

fn compare_coefficients(faults: &mut Faults, key: &str, fitted: &Fitted, r: &Value, se: &str, tolerance: f64) {
    let names: Vec<Value> = fitted.built.columns.names.iter().map(|n| n.as_str().into()).collect();
    faults.equal(&format!("{key} names"), &Value::Array(names), &r["names"]);
    for (j, b) in fitted.fit.coefficients.iter().enumerate() {
        faults.number(&format!("{key} coef {j}"), &(*b).into(), &r["coef"][j], tolerance);
        if !se.is_empty() {
            let ours = fitted.fit.covariance[(j, j)].sqrt();
            faults.number(&format!("{key} se {j}"), &ours.into(), &r[se][j], tolerance);
        }
    }
}

/// Rows with a missing value in any variable of the case, as its R code leaves them out.
fn table(case: &Case) -> Result<Table, String> {
    let path = case.data();
    let shown = path.display().to_string();
    Ok(read_flat(&path, &shown, &FlatOptions::default(), &mut Quiet).map_err(|e| e.to_string())?.table)
}

/// The other causes compete; convergence as `coxph`.
fn settings(case: &Case, cause: &str) -> ModelSettings {
    let response = &case.spec()["response"];
    let others: Vec<String> = list(&response["event_states"]).iter().map(text).filter(|s| s != cause).collect();
    let quoted: Vec<String> = others.iter().map(|s| quoted(s)).collect();
    let condition = format!("{} %in% c({})", text(&response["event"]), quoted.join(", "));
    let mut settings = ModelSettings::new(&formula(case, cause));
    settings.levels = levels(case);
    settings.convergence = Convergence::LikeR;
    settings.competing = Some(CompetingSettings {
        censoring_group: case.spec()["censoring_group"].as_str().map(str::to_owned),
        ..CompetingSettings::new(&condition, CompetingModel::FineGray)
    });
    settings
}

fn formula(case: &Case, cause: &str) -> String {
    let (spec, response) = (case.spec(), &case.spec()["response"]);
    let (time, event) = (text(&response["time"]), text(&response["event"]));
    format!("Surv({time}, {event} == {}) ~ {}", quoted(cause), text(&spec["formula"]))
}

/// A state as the formula compares with it: a number, or a text.
fn quoted(state: &str) -> String {
    if state.parse::<f64>().is_ok() { state.to_owned() } else { format!("\"{state}\"") }
}

fn levels(case: &Case) -> Vec<(String, Vec<String>)> {
    let parts = list(&case.spec()["terms"]).iter().flat_map(|t| list(&t["parts"]));
    let factors = parts.filter(|p| p["kind"] == "factor");
    factors.map(|p| (text(&p["column"]), list(&p["levels"]).iter().map(text).collect())).collect()
}
