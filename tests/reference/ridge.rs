//! Ridge terms: kind `coxph_ridge`, at 1e-7.
//!
//! `iterations` is not compared (outer and inner steps of R's loop over θ), nor `penalty`, the same number twice, beyond what
//! the penalised objective says. `means` are compared with ours after centring constants: R gives those of all columns of a ridge term.

use super::{Case, Faults, Outcome, compare_matrix, list, model, text};
use serde_json::{Value, json};

/// Compares one case through the library.
pub fn compare(case: &Case) -> Outcome {
    let model = match model::Model::read(case) {
        Ok(model) => model,
        Err(why) => return Outcome::Unsupported(why),
    };
    let mut faults = Faults::of(case);
    match model::library_result(&model, model::Rule::Full) {
        Ok(result) => compare_model(&result["models"][0], case.expected(), &mut faults),
        Err(message) => faults.found.push(format!("error: {message}")),
    }
    faults.outcome(case)
}

fn compare_model(ours: &Value, r: &Value, faults: &mut Faults) {
    let (coefficients, theirs) = (list(&ours["coefficients"]), list(&r["coefficients"]));
    faults.equal("coefficients", &json!(coefficients.len()), &json!(theirs.len()));
    faults.equal("n", &ours["n_records"], &r["n"]);
    faults.equal("events", &ours["n_events"], &r["nevent"]);
    faults.equal("missing", &ours["n_missing_dropped"], &r["n_missing_dropped"]);
    for (j, (c, r)) in coefficients.iter().zip(theirs).enumerate() {
        let name = text(&r["name"]);
        faults.equal("name", &c["name"], &r["name"]);
        faults.number(&format!("{name} coef"), &c["estimate"], &r["coef"], 1e-7);
        faults.number(&format!("{name} hr"), &c["hr"], &r["hr"], 1e-7);
        faults.number(&format!("{name} se"), &c["se"], &r["se"], 1e-7);
        faults.number(&format!("{name} se2"), &ours["ridge"]["se2"][j], &r["se2"], 1e-7);
    }
    compare_matrix(faults, "covariance", &ours["covariance"], &r["vcov"]);
    compare_matrix(faults, "covariance2", &ours["ridge"]["covariance2"], &r["vcov2"]);
    let likelihood = &ours["log_partial_likelihood"];
    faults.number("loglik null", &likelihood["null"], &r["loglik_null"], 1e-7);
    faults.number("loglik", &likelihood["fitted"], &r["loglik"], 1e-7);
    let penalty = likelihood["fitted"].as_f64().zip(ours["penalised"]["fitted"].as_f64()).map(|(l, p)| l - p);
    faults.number("penalty", &json!(penalty), &r["penalty"][1], 1e-6);
    for (df, r) in list(&ours["ridge"]["df_per_term"]).iter().zip(list(&r["df_per_term"])) {
        faults.number("df of a term", df, r, 1e-7);
    }
    faults.number("df", &ours["ridge"]["df"], &r["df_total"], 1e-7);
    faults.number("wald", &ours["tests"]["wald"]["chisq"], &r["wald"], 1e-7);
    for part in ["chisq", "df", "p"] {
        faults.number(&format!("lr {part}"), &ours["tests"]["lr"][part], &r["lr"][part], 1e-6);
    }
    faults.number("concordance", &ours["concordance"]["value"], &r["concordance"]["c"], 1e-10);
    faults.number("concordance se", &ours["concordance"]["se"], &r["concordance"]["se"], 1e-7);
    for (mean, r) in list(&ours["means"]).iter().zip(list(&r["means"])) {
        faults.number("means", mean, r, 1e-8);
    }
}
