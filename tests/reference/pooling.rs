//! Pooling of completed data sets: kind `mi_pool`, R's `mice::pool` and Li, Raghunathan and Rubin's D1.
//!
//! The fits stop by R's rule: the variance between data sets is a difference of coefficients, and R's are off by up to
//! 2e-6 standard errors where it stops. Every number is compared.

use super::model::{Model, Rule};
use super::{Case, Faults, Outcome, list, text};
use cohort::inference::pooling::{Pooled, PooledCoefficients};
use cohort::pipeline;
use cohort::report::Report;
use nalgebra::DMatrix;
use serde_json::{Value, json};

/// Compares a case through the library.
pub fn compare(case: &Case) -> Outcome {
    let column = text(&case.spec()["imputation_column"]);
    let report = match pooled(case, &column) {
        Ok(report) => report,
        Err(why) => return Outcome::Fails(vec![why]),
    };
    let ours = serde_json::to_value(&report.models[0]).expect("a model is JSON");
    let (mut faults, r) = (Faults::of(case), case.expected());
    let n = list(&r["per_imputation"]).len();
    faults.equal("n_imputations", &json!(n), &r["n_imputations"]);
    faults.equal("n", &ours["n_records"], &r["n"]);
    faults.equal("nevent", &ours["n_events"], &r["nevent"]);
    imputations(&mut faults, &ours, r);
    coefficients(&mut faults, &ours, r);
    for (what, key) in [("within", "within_matrix"), ("between", "between_matrix")] {
        matrix(&mut faults, what, &ours["pooling"][what], &r[key]);
    }
    matrix(&mut faults, "total", &ours["covariance"], &r["total_matrix"]);
    let (test, d1) = (&ours["pooling"]["overall"], &r["d1_all_coefficients_zero"]);
    for (ours, r, tolerance) in [("f", "F", 1e-8), ("df1", "df1", 0.0), ("df2", "df2", 1e-7), ("p", "p", 1e-6)] {
        faults.number(&format!("D1 {r}"), &test[ours], &d1[r], tolerance);
    }
    faults.number("D1 rbar", &test["riv"], &d1["rbar"], 1e-7);
    infinite_df(&mut faults, &ours, r);
    faults.outcome(case)
}

fn pooled(case: &Case, column: &str) -> Result<Report, String> {
    let model = Model::read(case)?;
    let (sets, original) = pipeline::stacked(&model.table()?, column).map_err(|e| e.to_string())?;
    assert_eq!(original, 0, "the cases hold completed data only");
    let settings = model.settings(Rule::LikeR);
    let mut watch = pipeline::Stopwatch::new(&|| 0.0);
    pipeline::fit_completed(&sets, Some(column), &settings, &mut watch).map_err(|e| e.to_string())
}

fn imputations(faults: &mut Faults, ours: &Value, r: &Value) {
    let sets = list(&ours["pooling"]["imputations"]);
    for (set, r) in sets.iter().zip(list(&r["per_imputation"])) {
        let name = text(&r["imp"]);
        faults.equal("imputation", &json!(text(&set["name"])), &json!(name));
        faults.number(&format!("loglik of {name}"), &set["log_partial_likelihood"], &r["loglik"][1], 1e-8);
    }
}

/// Estimates, t tests, limits, and what was missing.
fn coefficients(faults: &mut Faults, ours: &Value, r: &Value) {
    let complete = &ours["pooling"]["complete_df"];
    let both = list(&ours["coefficients"]).iter().zip(list(&ours["pooling"]["coefficients"]));
    assert_eq!(both.len(), list(&r["pooled"]).len(), "as many coefficients as in R");
    for ((ours, pooled), r) in both.zip(list(&r["pooled"])) {
        let name = text(&r["name"]);
        faults.equal("name", &ours["name"], &r["name"]);
        let of_coefficient = [
            ("estimate", "estimate"),
            ("hr", "hr"),
            ("se", "se"),
            ("z", "statistic"),
            ("p", "p"),
            ("lower", "lower95"),
            ("upper", "upper95"),
            ("hr_lower", "hr_lower95"),
            ("hr_upper", "hr_upper95"),
        ];
        for (ours_key, r_key) in of_coefficient {
            faults.number(&format!("{name} {r_key}"), &ours[ours_key], &r[r_key], 1e-7);
        }
        for key in ["within", "between", "total", "df", "riv", "lambda", "fmi"] {
            faults.number(&format!("{name} {key}"), &pooled[key], &r[key], 1e-7);
        }
        faults.number("dfcom", complete, &r["dfcom"], 0.0);
    }
}

fn matrix(faults: &mut Faults, what: &str, ours: &Value, r: &Value) {
    for (i, (ours, r)) in list(ours).iter().zip(list(r)).enumerate() {
        for (j, (a, b)) in list(ours).iter().zip(list(r)).enumerate() {
            faults.number(&format!("{what} [{i}][{j}]"), a, b, 1e-6);
        }
    }
}

/// The same with infinite degrees of freedom of complete data, which only the library offers.
fn infinite_df(faults: &mut Faults, ours: &Value, r: &Value) {
    let square = |v: &Value| {
        let p = list(v).len();
        DMatrix::from_fn(p, p, |i, j| v[i][j].as_f64().unwrap_or(f64::NAN))
    };
    let estimates = list(&ours["coefficients"]).iter().map(|c| c["estimate"].as_f64().unwrap_or(f64::NAN));
    let pooled = PooledCoefficients {
        estimates: estimates.collect(),
        within: square(&ours["pooling"]["within"]),
        between: square(&ours["pooling"]["between"]),
        n_imputations: list(&r["per_imputation"]).len(),
        complete_df: f64::INFINITY,
    };
    for (j, r) in list(&r["pooled_dfcom_inf"]).iter().enumerate() {
        faults.equal("dfcom", &json!("infinite"), &r["dfcom"]);
        let (ours, name): (Pooled, String) = (pooled.coefficient(j), text(&r["name"]));
        let estimate = ours.estimate(0.95);
        let numbers = [
            ("df", ours.df),
            ("p", estimate.p),
            ("fmi", ours.missing_information),
            ("riv", ours.relative_increase),
            ("lambda", ours.lambda),
            ("lower95", estimate.lower),
            ("upper95", estimate.upper),
        ];
        for (key, value) in numbers {
            faults.number(&format!("{name} {key}, infinite df"), &json!(value), &r[key], 1e-7);
        }
    }
}
