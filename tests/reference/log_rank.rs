//! Kinds `logrank`, `logrank_pairwise`, `weighted_logrank`.

use super::{Case, Faults, Outcome, list, sample, text};
use cohort::describe::{LogRank, LogRankRequest, LogRankWeight, log_rank, pairwise_log_rank};
use cohort::design::Sample;
use cohort::engine::NearTies;
use cohort::inference::Adjustment;
use serde_json::{Value, json};

/// The tolerance of tests, and of what they are made of.
const TOLERANCE: f64 = 1e-8;

/// Compares `survdiff` in all its numbers.
pub fn compare(case: &Case) -> Outcome {
    let tests = list(&case.expected()["tests"]).to_vec();
    let weights: Vec<LogRankWeight> =
        tests.iter().map(|t| LogRankWeight::Rho(t["rho"].as_f64().expect("rho"))).collect();
    with_tests(case, &weights, |faults, sample, found| {
        faults.equal("missing", &json!(sample.n_missing_dropped), &case.expected()["n_missing_dropped"]);
        for (ours, r) in found.iter().zip(&tests) {
            let what = format!("rho {}", r["rho"]);
            let names: Vec<String> =
                sample.groups.iter().map(|g| g.name.replace("factor(", "").replace(')', "")).collect();
            faults.equal(&format!("{what} groups"), &json!(names), &r["groups"]);
            let places = strata_of_r(sample, r);
            faults.equal(&format!("{what} strata"), &json!(ours.observed.len()), &json!(places.len()));
            for (g, n) in ours.n_records.iter().enumerate() {
                faults.number(&format!("{what} n"), &json!(n), &r["n"][g], 0.0);
                for (name, numbers) in [("observed", &ours.observed), ("expected", &ours.expected)] {
                    // R has a matrix of groups by strata, or a list of groups where there are no strata.
                    let row = &r[name][g];
                    let theirs = row.as_array().cloned().unwrap_or_else(|| vec![row.clone()]);
                    for (stratum, r) in places.iter().zip(&theirs) {
                        faults.number(&format!("{what} {name}"), &json!(numbers[*stratum][g]), r, TOLERANCE);
                    }
                }
            }
            compare_covariance(faults, &what, ours, &r["var"]);
            compare_test(faults, &what, ours, r);
        }
    })
}

/// Our number of each of R's strata. R's script declares an order of levels that `strata()` of a column does not have, and
/// R leaves the column out of the names of a factor's levels.
fn strata_of_r(sample: &Sample, r: &Value) -> Vec<usize> {
    let Some((_, labels)) = &sample.strata else { return vec![0] };
    let is_same = |ours: &str, r: &str| ours == r || ours.split_once('=').is_some_and(|(_, level)| level == r);
    let names = list(&r["strata"]).iter().filter_map(Value::as_str);
    names.map(|name| labels.iter().position(|l| is_same(l, name)).expect("a stratum of R is one of ours")).collect()
}

/// Compares tests with other weights.
pub fn compare_weighted(case: &Case) -> Outcome {
    let tests: Vec<(String, Value)> =
        case.expected()["tests"].as_object().expect("tests").iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    let weights: Vec<LogRankWeight> = tests.iter().map(|(name, _)| weight_named(name)).collect();
    with_tests(case, &weights, |faults, _, found| {
        for (ours, (name, r)) in found.iter().zip(&tests) {
            let difference = ours.total_observed().into_iter().zip(ours.total_expected()).map(|(o, e)| o - e);
            for (ours, r) in difference.zip(list(&r["statistic"])) {
                faults.number(&format!("{name} statistic"), &json!(ours), r, TOLERANCE);
            }
            compare_covariance(faults, name, ours, &r["var"]);
            compare_test(faults, name, ours, r);
        }
    })
}

/// Compares every pair with every adjustment.
pub fn compare_pairs(case: &Case) -> Outcome {
    let sample = match sample::read(case, None) {
        Ok(sample) => sample,
        Err(why) => return Outcome::Fails(vec![why]),
    };
    let mut faults = Faults::of(case);
    let expected = list(&case.expected()["pairs"]);
    let adjustments = [
        ("p_none", Adjustment::None),
        ("p_bonferroni", Adjustment::Bonferroni),
        ("p_holm", Adjustment::Holm),
        ("p_BH", Adjustment::BenjaminiHochberg),
    ];
    for (name, adjustment) in adjustments {
        let found = pairwise_log_rank(
            &sample.data,
            sample.groups.len(),
            LogRankWeight::Rho(0.0),
            adjustment,
            &request(&sample),
        );
        let found = found.expect("good data");
        faults.equal("pairs", &json!(found.len()), &json!(expected.len()));
        for (ours, r) in found.iter().zip(expected) {
            let names = ours.groups.map(|g| sample.groups[g as usize].levels[0].name.clone());
            faults.equal("pair", &json!(names), &json!([text(&r["a"]), text(&r["b"])]));
            faults.number("pair chisq", &json!(ours.test.chisq), &r["chisq"], TOLERANCE);
            faults.number("pair df", &json!(ours.test.df), &r["df"], 0.0);
            faults.number("pair p", &json!(ours.test.p), &r["p"], TOLERANCE);
            faults.number(name, &json!(ours.adjusted_p), &r[name], TOLERANCE);
        }
    }
    faults.outcome(case)
}

fn weight_named(name: &str) -> LogRankWeight {
    match name {
        "logrank" => LogRankWeight::Rho(0.0),
        "gehan_breslow" => LogRankWeight::Gehan,
        "tarone_ware" => LogRankWeight::TaroneWare,
        "peto_peto" => LogRankWeight::PetoPeto,
        "modified_peto_peto" => LogRankWeight::ModifiedPeto,
        other => {
            let powers = other.strip_prefix("fleming_harrington_p").and_then(|p| p.split_once("_q"));
            let (p, q) = powers.unwrap_or_else(|| panic!("an unknown weight: {other}"));
            LogRankWeight::FlemingHarrington(p.parse().expect("p"), q.parse().expect("q"))
        }
    }
}

fn request(sample: &Sample) -> LogRankRequest<'_> {
    let strata = sample.strata.as_ref().map(|(codes, labels)| (codes.as_slice(), labels.len()));
    LogRankRequest { strata, only: None, near_ties: NearTies::Repair }
}

fn with_tests(case: &Case, weights: &[LogRankWeight], compare: impl Fn(&mut Faults, &Sample, &[LogRank])) -> Outcome {
    let sample = match sample::read(case, None) {
        Ok(sample) => sample,
        Err(why) => return Outcome::Fails(vec![why]),
    };
    let mut faults = Faults::of(case);
    match log_rank(&sample.data, sample.groups.len(), weights, &request(&sample)) {
        Ok(found) => compare(&mut faults, &sample, &found),
        Err(why) => faults.found.push(why.to_string()),
    }
    faults.outcome(case)
}

fn compare_covariance(faults: &mut Faults, what: &str, ours: &LogRank, r: &Value) {
    let n = ours.covariance.nrows();
    for (g, h) in (0..n).flat_map(|g| (0..n).map(move |h| (g, h))) {
        faults.number(&format!("{what} var"), &json!(ours.covariance[(g, h)]), &r[g][h], TOLERANCE);
    }
}

fn compare_test(faults: &mut Faults, what: &str, ours: &LogRank, r: &Value) {
    faults.number(&format!("{what} chisq"), &json!(ours.test.chisq), &r["chisq"], TOLERANCE);
    faults.number(&format!("{what} df"), &json!(ours.test.df), &r["df"], 0.0);
    faults.number(&format!("{what} p"), &json!(ours.test.p), &r["p"], 1e-7);
}
