//! Kind `aalen_johansen`: state probabilities of `survfit`, cumulative incidence and Gray's test of `cmprsk`.

use super::{Case, Faults, Outcome, list, sample, text};
use cohort::describe::{Causes, IncidenceAt, IncidenceCurves, LogRankRequest, gray_tests, incidence_curves};
use cohort::design::{CauseColumn, Sample};
use cohort::engine::NearTies;
use cohort::inference::IntervalScale;
use serde_json::{Value, json};

/// The tolerance of the Kaplan-Meier family; for Gray's test that of tests.
const TOLERANCE: f64 = 1e-10;
const TEST_TOLERANCE: f64 = 1e-8;

/// Compares every number of a case.
pub fn compare(case: &Case) -> Outcome {
    let response = &case.spec()["response"];
    let censored = vec![text(&response["censor_value"])];
    let column = CauseColumn { column: text(&response["event"]), censored, ..CauseColumn::default() };
    let sample = match sample::read(case, Some(&column)) {
        Ok(sample) => sample,
        Err(why) => return Outcome::Fails(vec![why]),
    };
    let mut faults = Faults::of(case);
    let cause = sample.cause.as_ref().expect("a cause column was asked for");
    let names: Vec<String> = cause.causes.iter().map(|c| c.name.clone()).collect();
    let expected = case.expected();
    faults.equal("states", &json!(names), &json!(list(&expected["states"])[1..].to_vec()));
    faults.equal("n", &json!(sample.rows.len()), &expected["n"]);
    let causes = Causes { codes: &cause.codes, n_causes: names.len() };
    let curves = incidence_curves(&sample.data, &causes, sample.groups.len(), NearTies::Repair).expect("good data");
    faults.equal("groups", &json!(curves.len()), &json!(list(&expected["aalen_johansen"]).len()));
    for (curve, r) in curves.iter().zip(list(&expected["aalen_johansen"])) {
        compare_states(&mut faults, curve, &names, r);
    }
    compare_cuminc(&mut faults, &sample, &curves, &names, &expected["cuminc"]["curves"]);
    compare_gray(&mut faults, &sample, &causes, &names, &expected["cuminc"]["gray_test"]);
    faults.outcome(case)
}

fn compare_states(faults: &mut Faults, curve: &IncidenceCurves, names: &[String], r: &Value) {
    for (j, time) in list(&r["time"]).iter().enumerate() {
        let time = time.as_f64().expect("a time");
        let at = |cause: Option<usize>, scale| match cause {
            Some(cause) => curve.at(cause, time, scale, 0.95),
            None => curve.event_free_at(time, scale, 0.95),
        };
        let states =
            std::iter::once(("(s0)", None)).chain(names.iter().enumerate().map(|(c, n)| (n.as_str(), Some(c))));
        for (name, cause) in states {
            let (log, loglog) = (at(cause, IntervalScale::Log), at(cause, IntervalScale::LogLog));
            let r = &r["states"][name];
            let pairs = [
                ("prob", log.probability),
                ("se", log.se),
                ("lower_log", log.limits.0),
                ("upper_log", log.limits.1),
                ("lower_loglog", loglog.limits.0),
                ("upper_loglog", loglog.limits.1),
            ];
            for (what, ours) in pairs {
                faults.number(&format!("{name} {what} at {time}"), &json!(ours), &r[what][j], TOLERANCE);
            }
        }
        faults.number(
            &format!("at risk at {time}"),
            &json!(at(None, IntervalScale::Log).at_risk),
            &r["n_risk"][j],
            0.0,
        );
    }
}

/// `cmprsk::timepoints` says nothing after the last follow-up of a group; we hold the curve and say so.
fn compare_cuminc(faults: &mut Faults, sample: &Sample, curves: &[IncidenceCurves], names: &[String], r: &Value) {
    let curves_of_r = r.as_object().expect("curves by name");
    faults.equal("cuminc curves", &json!(curves.len() * names.len()), &json!(curves_of_r.len()));
    for (g, curve) in curves.iter().enumerate() {
        let group = sample.groups[g].levels.first().map_or("1", |l| l.name.as_str());
        for (c, cause) in names.iter().enumerate() {
            let label = format!("{group} {cause}");
            let r = &curves_of_r[&label];
            for (j, time) in list(&r["time"]).iter().enumerate() {
                let found: IncidenceAt = curve.at(c, time.as_f64().expect("a time"), IntervalScale::Log, 0.95);
                let shown = |x: f64| if found.beyond { Value::Null } else { json!(x) };
                faults.number(&format!("cuminc {label} {time}"), &shown(found.probability), &r["est"][j], TOLERANCE);
                faults.number(
                    &format!("cuminc {label} {time} var"),
                    &shown(found.aalen_variance),
                    &r["var"][j],
                    TOLERANCE,
                );
            }
        }
    }
}

fn compare_gray(faults: &mut Faults, sample: &Sample, causes: &Causes<'_>, names: &[String], r: &Value) {
    if r.is_null() {
        return;
    }
    let request = LogRankRequest { strata: None, only: None, near_ties: NearTies::Repair };
    let tests = gray_tests(&sample.data, causes, sample.groups.len(), &request).expect("good data");
    faults.equal("Gray tests", &json!(tests.len()), &json!(list(r).len()));
    for r in list(r) {
        let cause = names.iter().position(|n| *n == text(&r["event"])).expect("a cause of ours");
        let (test, what) = (&tests[cause], format!("Gray {}", names[cause]));
        faults.number(&format!("{what} chisq"), &json!(test.chisq), &r["chisq"], TEST_TOLERANCE);
        faults.number(&format!("{what} df"), &json!(test.df), &r["df"], 0.0);
        faults.number(&format!("{what} p"), &json!(test.p), &r["p"], 1e-7);
    }
}
