//! Predictions for the records and for new persons: kind `cox_predict`.
//!
//! Where R's `predict.coxph` (survival 3.5-3) does not do what its name says, its number is worked out from ours by R's
//! formula and compared all the same:
//!
//! - se of `risk`: R multiplies se(lp) by √risk, the delta method says risk;
//! - `expected` of new persons with an offset: R has exp(lp) + offset where exp(lp + offset − mean offset) is meant;
//! - se of `expected` with delayed entry, records: R takes √(v(exit) − v(entry)), v being variances from time 0 on; the
//!   variance of an increment is not that.
//!
//! Left out (see `EXPLAINED`): se of `expected` of new persons with delayed entry, where R takes the variance of the entry
//! time for both and multiplies by the risk of the first records of the data.

use super::{Case, Faults, Outcome, curves, list, model, text};
use cohort::design::Person;
use cohort::engine::{Baseline, SurvivalForm};
use cohort::inference::prediction::{linear_predictor, term_predictions};
use cohort::pipeline::{Fitted, Reference};
use curves::{CURVE, compare_fit, new_person, ties};
use serde_json::{Value, json};

/// Compares a case.
pub fn compare(case: &Case) -> Outcome {
    let fitted = match model::fitted(case) {
        Ok(fitted) => fitted,
        Err(why) => return Outcome::Unsupported(why),
    };
    let mut faults = Faults::of(case);
    compare_fit(case, &fitted, &mut faults);
    let baseline = fitted.baseline(ties(case), SurvivalForm::Exponential);
    let people: Vec<Person> = (0..list(&case.spec()["newdata"]).len())
        .filter_map(|row| new_person(case, &fitted, row, &mut faults))
        .collect();
    for (reference, name) in [(Reference::Strata, "strata"), (Reference::Sample, "sample"), (Reference::Zero, "zero")] {
        compare_records(case, &fitted, reference, name, &mut faults);
        compare_people(case, &fitted, &people, reference, name, &mut faults);
    }
    compare_expected(case, &fitted, &baseline, &mut faults);
    compare_new_expected(case, &fitted, &baseline, &people, &mut faults);
    compare_terms(case, &fitted, &people, &mut faults);
    faults.outcome(case)
}

fn numbers(faults: &mut Faults, what: &str, ours: &[f64], r: &Value) {
    faults.equal(&format!("{what}: how many"), &json!(ours.len()), &json!(list(r).len()));
    for (i, (ours, r)) in ours.iter().zip(list(r)).enumerate() {
        faults.number(&format!("{what} {i}"), &json!(ours), r, CURVE);
    }
}

/// R's standard error of a risk.
fn r_risk_se(lp: f64, se: f64) -> f64 {
    se * (lp / 2.0).exp()
}

fn compare_records(case: &Case, fitted: &Fitted, reference: Reference, name: &str, faults: &mut Faults) {
    let predictions = fitted.predictions(ties(case), reference);
    let (lp, se): (Vec<f64>, Vec<f64>) = (0..fitted.built.rows.len()).map(|i| predictions.linear_predictor(i)).unzip();
    let risk: Vec<f64> = lp.iter().map(|x| x.exp()).collect();
    let risk_se: Vec<f64> = lp.iter().zip(&se).map(|(lp, se)| r_risk_se(*lp, *se)).collect();
    for (kind, fit, se) in [("lp", &lp, &se), ("risk", &risk, &risk_se)] {
        let what = format!("{kind}_reference_{name}");
        let r = &case.expected()["original_data"][&what];
        // Linear predictors add up to nearly nothing where they are centred: their own size is the scale.
        let size: f64 = fit.iter().map(|x| x.abs()).sum();
        let sum: f64 = fit.iter().sum();
        faults.number(
            &format!("{what} sum"),
            &json!(sum + size),
            &json!(r["sum"].as_f64().unwrap_or(0.0) + size),
            CURVE,
        );
        numbers(faults, &what, &fit[..10], &r["first"]);
        numbers(faults, &format!("{what} se"), &se[..10], &r["se_first"]);
    }
}

fn compare_people(
    case: &Case,
    fitted: &Fitted,
    people: &[Person],
    reference: Reference,
    name: &str,
    faults: &mut Faults,
) {
    let mean_offset = fitted.prepared.plain_mean_offset();
    let predictions = fitted.predictions(ties(case), reference);
    let one = |person: &Person| {
        let (lp, se) = linear_predictor(&fitted.fit, &person.row, predictions.center(person.stratum));
        (lp + person.offset - mean_offset, se)
    };
    let (lp, se): (Vec<f64>, Vec<f64>) = people.iter().map(one).unzip();
    let risk: Vec<f64> = lp.iter().map(|x| x.exp()).collect();
    let risk_se: Vec<f64> = lp.iter().zip(&se).map(|(lp, se)| r_risk_se(*lp, *se)).collect();
    for (kind, fit, se) in [("lp", &lp, &se), ("risk", &risk, &risk_se)] {
        let what = format!("{kind}_reference_{name}");
        let r = &case.expected()["newdata"][&what];
        numbers(faults, &format!("new {what}"), fit, &r["fit"]);
        numbers(faults, &format!("new {what} se"), se, &r["se"]);
    }
}

fn compare_expected(case: &Case, fitted: &Fitted, baseline: &Baseline, faults: &mut Faults) {
    let predictions = fitted.predictions(ties(case), Reference::Sample);
    let data = &fitted.built.data;
    let one = |i: usize| {
        let (expected, se) = predictions.expected(i);
        let Some(entry) = &data.entry else { return (expected, se) };
        let row = predictions.covariates(i);
        let until = |time: f64| baseline.expected(0, &row, 0.0, None, time).1;
        let r_variance = until(data.exit.value(i)).powi(2) - until(entry.value(i)).powi(2);
        // Our own must be that of the increment: the same person asked for as a new one.
        let direct = baseline.expected(0, &row, 0.0, Some(entry.value(i)), data.exit.value(i)).1;
        assert!((se - direct).abs() <= 1e-10 * se, "record {i}: {se} as a record, {direct} as a new person");
        (expected, r_variance.sqrt())
    };
    let (expected, se): (Vec<f64>, Vec<f64>) = (0..fitted.built.rows.len()).map(one).unzip();
    let r = &case.expected()["original_data"]["expected"];
    faults.number("expected sum", &json!(expected.iter().sum::<f64>()), &r["sum"], CURVE);
    numbers(faults, "expected", &expected[..10], &r["first"]);
    numbers(faults, "expected se", &se[..10], &r["se_first"]);
}

fn compare_new_expected(case: &Case, fitted: &Fitted, baseline: &Baseline, people: &[Person], faults: &mut Faults) {
    let response = &case.spec()["response"];
    let (mut expected, mut se) = (Vec::new(), Vec::new());
    for (person, new) in people.iter().zip(list(&case.spec()["newdata"])) {
        let time = |key: &str| new[text(&response[key])].as_f64();
        let exit = time("time").or_else(|| time("stop")).expect("a time");
        let (ours, own_se) = baseline.expected(person.stratum, &person.row, person.offset, time("start"), exit);
        let (lp, _) = linear_predictor(&fitted.fit, &person.row, &fitted.fit.means);
        let centred = person.offset - fitted.prepared.plain_mean_offset();
        let r_factor = (lp.exp() + person.offset) / (lp + centred).exp();
        expected.push(ours * r_factor);
        se.push(own_se * r_factor);
    }
    let r = &case.expected()["newdata"];
    let survival: Vec<f64> = expected.iter().map(|e| (-e).exp()).collect();
    let survival_se: Vec<f64> = survival.iter().zip(&se).map(|(s, se)| s * se).collect();
    for (kind, fit, se) in [("expected", &expected, &se), ("survival", &survival, &survival_se)] {
        numbers(faults, &format!("new {kind}"), fit, &r[kind]["fit"]);
        numbers(faults, &format!("new {kind} se"), se, &r[kind]["se"]);
    }
}

fn compare_terms(case: &Case, fitted: &Fitted, people: &[Person], faults: &mut Faults) {
    let r = &case.expected()["newdata"]["terms_reference_sample"];
    let labels: Vec<&str> = fitted.built.columns.terms.iter().map(|t| t.label.as_str()).collect();
    faults.equal("terms", &json!(labels), &r["terms"]);
    for (row, person) in people.iter().enumerate() {
        let found = term_predictions(&fitted.fit, &fitted.built.columns, &person.row, &fitted.fit.means);
        let (fit, se): (Vec<f64>, Vec<f64>) = found.into_iter().unzip();
        numbers(faults, &format!("terms of row {row}"), &fit, &r["fit"][row]);
        numbers(faults, &format!("terms of row {row} se"), &se, &r["se"][row]);
    }
}
