//! Kind `coxph_tt`: `coxph` with a `tt` function.
//!
//! R gives the function of time as an argument of `coxph`, we in the formula: `tt(karno, log(t + 20))`. Its coefficients have
//! therefore other names, everything else is compared: at R's stopping point, and the coefficients of our own converged fit.

use super::model::{Model, Rule, fitted, library_result};
use super::{Case, Faults, Outcome, compare_matrix, list, text};
use serde_json::Value;

/// The formula of a case, the function of `tt_function` put into its `tt()`.
pub fn with_function(spec: &Value) -> String {
    let formula = text(&spec["formula"]);
    let Some(function) = spec["tt_function"].as_str() else { return formula };
    let of_time = function.strip_prefix("function(x, t, ...) x * ").expect("the covariate times a function of time");
    formula.replace("tt(karno)", &format!("tt(karno, {of_time})"))
}

pub fn compare(case: &Case) -> Outcome {
    let model = match Model::read(case) {
        Ok(model) => model,
        Err(why) => return Outcome::Unsupported(why),
    };
    let (expected, mut faults) = (case.expected(), Faults::of(case));
    let (like_r, converged) = match (library_result(&model, Rule::LikeR), fitted(case)) {
        (Ok(like_r), Ok(full)) => (like_r, full.fit.coefficients),
        (Err(message), _) | (_, Err(message)) => return Outcome::Fails(vec![message]),
    };
    let found = &like_r["models"][0];
    faults.equal("n", &found["n_records"], &expected["n"]);
    faults.equal("events", &found["n_events"], &expected["nevent"]);
    faults.equal("missing", &found["n_missing_dropped"], &expected["n_missing_dropped"]);
    faults.equal("iterations", &found["iterations"], &expected["iterations"]);
    faults.number("loglik null", &found["log_partial_likelihood"]["null"], &expected["loglik_null"], 1e-8);
    faults.number("loglik", &found["log_partial_likelihood"]["fitted"], &expected["loglik"], 1e-8);
    faults.number("wald", &found["tests"]["wald"]["chisq"], &expected["wald"], 1e-8);
    faults.number("score", &found["tests"]["score"]["chisq"], &expected["score"], 1e-8);
    compare_matrix(&mut faults, "covariance", &found["covariance"], &expected["vcov"]);
    let ours = list(&found["coefficients"]);
    let names = list(&expected["coef_names"]);
    faults.equal("number of coefficients", &ours.len().into(), &names.len().into());
    for (j, name) in names.iter().map(text).enumerate().take(ours.len()) {
        // Up to the function of time, which R does not spell.
        let begins = text(&ours[j]["name"]).starts_with(name.trim_end_matches(')'));
        faults.equal(&format!("name {name}"), &begins.into(), &true.into());
        faults.number(&format!("{name} coef"), &ours[j]["estimate"], &expected["coef"][j], 1e-8);
        faults.number(&format!("{name} hr"), &ours[j]["hr"], &expected["hr"][j], 1e-8);
        faults.number(&format!("{name} se"), &ours[j]["se"], &expected["se"][j], 1e-8);
        faults.number(&format!("{name} converged"), &converged[j].into(), &expected["coef"][j], 1e-5);
    }
    faults.outcome(case)
}
