//! Likelihoods other than the plain one: exact ties, Firth's correction, profile intervals, ridge terms; by the rules they follow.

use crate::support::{Features, Record, assert_all_close, assert_close, generate, numeric_design, survival_data};
use cohort::engine::{FitError, FitOptions, FitWarning, NearTies, Penalty, Prepared, ProfileLimit, Ties};

fn prepared(n: usize, seed: u64, features: Features) -> Prepared {
    let generated = generate(n, seed, features);
    Prepared::new(&generated.data, &generated.design, NearTies::Repair).expect("generated data are sound")
}

#[test]
fn exact_ties_without_ties_are_the_plain_likelihood() {
    let features = Features { fractional_times: true, delayed_entry: true, ..Features::default() };
    let data = prepared(200, 3, features);
    let of = |ties: Ties| data.fit(&FitOptions { ties, ..FitOptions::default() }).expect("a fit");
    let (exact, other) = (of(Ties::Exact), of(Ties::Breslow));
    assert_eq!(exact.coefficients, other.coefficients);
    assert_eq!(exact.covariance, other.covariance);
    assert_eq!(exact.log_partial_likelihood, other.log_partial_likelihood);
}

#[test]
fn exact_ties_refuse_weights_a_robust_variance_and_too_much_work() {
    let exact = FitOptions { ties: Ties::Exact, ..FitOptions::default() };
    let weighted = prepared(200, 3, Features { weights: true, ..Features::default() });
    assert_eq!(weighted.fit(&exact).unwrap_err(), FitError::ExactWeights);
    let plain = prepared(200, 3, Features::default());
    let robust = FitOptions { robust: true, ..exact.clone() };
    assert_eq!(plain.fit(&robust).unwrap_err(), FitError::ExactRobust);
    // 30 event times share some 6,000 events among up to 20,000 records.
    let message = prepared(20_000, 3, Features::default()).fit(&exact).unwrap_err().to_string();
    assert!(
        message.contains("e10 operations an iteration") && message.ends_with("use Efron's method for ties"),
        "{message}"
    );
}

/// The maximum of ℓ over the other columns with the first coefficient at `value`: the fit of the others alone, with the first
/// column times its value as offset.
fn profile_by_offset(records: &[Record], value: f64, options: &FitOptions) -> f64 {
    let mut moved = records.to_vec();
    moved.iter_mut().for_each(|r| {
        r.offset += value * r.x[0];
        r.x.remove(0);
    });
    let features = Features { offset: true, delayed_entry: true, ..Features::default() };
    let data = Prepared::new(&survival_data(&moved, features), &numeric_design(&moved), NearTies::Repair);
    data.expect("sound data").fit(options).expect("a fit").log_partial_likelihood
}

/// Records with three numbers; without an event among those whose first number is 1, if so wished.
fn three_numbers(separated: bool) -> Vec<Record> {
    let features = Features { delayed_entry: true, ..Features::default() };
    let mut records = generate(120, 9, features).records;
    for r in &mut records {
        r.x = vec![r.x[1], r.x[5], r.x[6] / 10.0];
        r.event &= !(separated && r.x[0] == 1.0);
    }
    records
}

const HALF_QUANTILE: f64 = 1.920_729_410_347_062_6; // qchisq(0.95, 1) / 2

fn at(limit: ProfileLimit) -> f64 {
    match limit {
        ProfileLimit::At(value) => value,
        other => panic!("a limit was to be found: {other:?}"),
    }
}

#[test]
fn profile_limits_lie_where_the_likelihood_has_fallen_by_half_the_quantile() {
    let records = three_numbers(false);
    let features = Features { delayed_entry: true, ..Features::default() };
    let data = Prepared::new(&survival_data(&records, features), &numeric_design(&records), NearTies::Repair).unwrap();
    for ties in [Ties::Efron, Ties::Breslow, Ties::Exact] {
        let options = FitOptions { ties, ..FitOptions::default() };
        let fit = data.fit(&options).unwrap();
        let interval = data.profile_intervals(&fit, HALF_QUANTILE, &options).unwrap()[0].unwrap();
        let (lower, upper) = (at(interval.lower), at(interval.upper));
        assert!(lower < fit.coefficients[0] && fit.coefficients[0] < upper);
        for limit in [lower, upper] {
            let fallen = fit.log_partial_likelihood - profile_by_offset(&records, limit, &options);
            assert!((fallen - HALF_QUANTILE).abs() < 1e-7, "{ties:?}: {fallen}");
        }
    }
}

#[test]
fn a_profile_interval_is_open_where_the_coefficient_runs_away() {
    let records = three_numbers(true);
    let features = Features { delayed_entry: true, ..Features::default() };
    let data = Prepared::new(&survival_data(&records, features), &numeric_design(&records), NearTies::Repair).unwrap();
    let options = FitOptions::default();
    let fit = data.fit(&options).unwrap();
    assert_eq!(fit.warnings, [FitWarning::InfiniteCoefficient { column: 0, positive: false }]);
    let intervals = data.profile_intervals(&fit, HALF_QUANTILE, &options).unwrap();
    let first = intervals[0].unwrap();
    assert_eq!(first.lower, ProfileLimit::None);
    let fallen = fit.log_partial_likelihood - profile_by_offset(&records, at(first.upper), &options);
    assert!((fallen - HALF_QUANTILE).abs() < 1e-6, "{fallen}");
    // The other coefficients have both limits.
    assert!(intervals[1..].iter().all(|i| at(i.unwrap().lower) < at(i.unwrap().upper)));
    // Firth's correction gives the first one a finite estimate and both limits.
    let firth = FitOptions { penalty: Penalty::Firth, ..FitOptions::default() };
    let fit = data.fit(&firth).unwrap();
    assert!(fit.warnings.is_empty() && fit.coefficients[0] < 0.0 && fit.coefficients[0].is_finite());
    let interval = data.profile_intervals(&fit, HALF_QUANTILE, &firth).unwrap()[0].unwrap();
    assert!(at(interval.lower) < fit.coefficients[0] && fit.coefficients[0] < at(interval.upper));
}

#[test]
fn firth_is_the_same_in_other_units_and_for_weights_as_copies() {
    let records = three_numbers(true);
    let features = Features { delayed_entry: true, weights: true, ..Features::default() };
    let firth = FitOptions { penalty: Penalty::Firth, ..FitOptions::default() };
    let fit = |records: &[Record]| {
        let data = Prepared::new(&survival_data(records, features), &numeric_design(records), NearTies::Repair);
        data.expect("sound data").fit(&firth).expect("a fit")
    };
    let plain = fit(&records);
    let mut scaled = records.clone();
    scaled.iter_mut().for_each(|r| r.x[2] = 1000.0 * r.x[2] + 7.0);
    let other = fit(&scaled);
    assert_close(other.coefficients[0], plain.coefficients[0], 1e-8);
    assert_close(1000.0 * other.coefficients[2], plain.coefficients[2], 1e-8);
    // ½ ln det I follows the units: I of the third column grew by 1000².
    assert_close(other.objective - plain.objective, libm::log(1000.0), 1e-7);
    let mut censored_twice = records.clone();
    censored_twice.iter_mut().filter(|r| !r.event).for_each(|r| r.weight = 2.0);
    let copies = records.iter().filter(|r| !r.event);
    let copied: Vec<Record> = records.iter().chain(copies).cloned().collect();
    assert_all_close(&fit(&censored_twice).coefficients, &fit(&copied).coefficients, 1e-8);
}

#[test]
fn what_a_penalised_likelihood_cannot_give_is_an_error() {
    let data = prepared(200, 3, Features::default());
    let firth = FitOptions { penalty: Penalty::Firth, ..FitOptions::default() };
    let robust = FitOptions { robust: true, ..firth.clone() };
    assert_eq!(data.fit(&robust).unwrap_err(), FitError::PenalisedRobust);
    let exact = FitOptions { ties: Ties::Exact, ..firth };
    assert_eq!(data.fit(&exact).unwrap_err(), FitError::PenalisedExact);
    let robust = FitOptions { robust: true, ..FitOptions::default() };
    let fit = data.fit(&robust).expect("a fit");
    assert_eq!(data.profile_intervals(&fit, HALF_QUANTILE, &robust).unwrap_err(), FitError::ProfileRobust);
}

#[test]
fn a_ridge_call_says_what_it_needs() {
    let message = |text: &str| cohort::formula::Formula::parse(text).expect_err("a fault").to_string();
    assert!(message("ridge(age)").contains("`ridge()` needs a theta"));
    assert!(message("ridge(age, df = 2)").contains("no option `df`"));
    assert!(message("ridge(age, theta = 1):sex").contains("cannot be part of an interaction"));
}
