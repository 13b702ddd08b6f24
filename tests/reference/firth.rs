//! Firth's penalised likelihood: kind `firth`, at 1e-7.
//!
//! Compared are estimates, standard errors and covariance, penalised and plain log-likelihood, penalised likelihood-ratio
//! tests of all coefficients and of each (the restricted fit keeps the full information matrix in the penalty), Wald's P
//! values and limits, and profile penalised-likelihood limits. The fixture's `cross_check` holds the same of another
//! program, which stops earlier.

use super::{Case, Faults, Outcome, compare_matrix, compare_test, list, model, text};
use serde_json::{Value, json};

/// Compares a case, run through one of the two doors.
pub fn compare(case: &Case, run: model::Run) -> Outcome {
    let model = match model::Model::read(case) {
        Ok(model) => model,
        Err(why) => return Outcome::Unsupported(why),
    };
    let mut faults = Faults::of(case);
    match run(&model, model::Rule::Full) {
        Ok(result) => compare_model(&result["models"][0], case.expected(), &mut faults),
        Err(message) => faults.found.push(format!("error: {message}")),
    }
    faults.outcome(case)
}

fn compare_model(ours: &Value, r: &Value, faults: &mut Faults) {
    faults.equal("penalty", &ours["penalty"], &json!("firth"));
    faults.equal("interval", &ours["interval"], &json!("profile"));
    faults.equal("n", &ours["n_records"], &r["n"]);
    faults.equal("events", &ours["n_events"], &r["nevent"]);
    faults.number("penalised", &ours["penalised"]["fitted"], &r["penalised_loglik"], 1e-7);
    faults.number("penalised null", &ours["penalised"]["null"], &r["penalised_loglik_null"], 1e-7);
    faults.number("log partial", &ours["log_partial_likelihood"]["fitted"], &r["loglik_at_estimate"], 1e-7);
    compare_test(faults, "plr", &ours["tests"]["lr"], &r["plr_test"], 1e-7);
    // No score test is defined for the penalised likelihood: none is to be shown.
    faults.equal("score test", &ours["tests"]["score"], &Value::Null);
    compare_matrix(faults, "covariance", &ours["covariance"], &r["vcov"]);
    let (coefficients, theirs) = (list(&ours["coefficients"]), list(&r["coefficients"]));
    faults.equal("coefficients", &json!(coefficients.len()), &json!(theirs.len()));
    for (c, r) in coefficients.iter().zip(theirs) {
        let name = text(&r["name"]);
        faults.equal("name", &c["name"], &r["name"]);
        let mut number = |what: &str, ours: &Value| {
            // The likelihood-ratio statistic is a difference of log-likelihoods: near 0 it keeps their digits, not its own.
            let tolerance = if what.starts_with("plr") && r["plr_chisq"].as_f64() < Some(0.01) { 1e-6 } else { 1e-7 };
            faults.number(&format!("{name} {what}"), ours, &r[what], tolerance);
        };
        number("coef", &c["estimate"]);
        number("hr", &c["hr"]);
        number("se", &c["se"]);
        number("wald_lower95", &c["wald"]["lower"]);
        number("wald_upper95", &c["wald"]["upper"]);
        number("wald_p", &c["wald"]["p"]);
        number("plr_chisq", &c["lr"]["chisq"]);
        number("plr_p", &c["p"]);
        // The reference has no profile limits of the separated case: its script steps outwards without end.
        if !r["profile_lower95"].is_null() {
            number("profile_lower95", &c["lower"]);
            number("profile_upper95", &c["upper"]);
        }
    }
}
