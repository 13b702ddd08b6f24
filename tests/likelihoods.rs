//! Likelihoods other than the plain one: exact ties, Firth's correction, profile intervals, ridge terms; by the rules they follow.

use crate::support::{Features, generate};
use cohort::engine::{FitError, FitOptions, NearTies, Prepared, Ties};

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
