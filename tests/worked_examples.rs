//! Data small enough to solve by hand.
//!
//! The first three data sets are those of Therneau and Grambsch (2000), appendix E.

use crate::support::{Features, Record, assert_all_close, assert_close, numeric_design, right_censored, survival_data};
use cohort::engine::{FitOptions, NearTies, Prepared, SurvivalForm, Ties};

/// Six people; two events tied at 6. With r = exp(β) the risk sets are 3r + 3, r + 3 and 1.
fn first() -> Vec<Record> {
    right_censored(&[
        (9.0, true, 0.0),
        (1.0, true, 1.0),
        (1.0, false, 1.0),
        (6.0, true, 1.0),
        (6.0, true, 0.0),
        (8.0, false, 0.0),
    ])
}

/// Ten intervals; two events tied at 9.
fn second() -> Vec<Record> {
    let rows = [
        (1.0, 2.0, true, 1.0),
        (2.0, 3.0, true, 0.0),
        (5.0, 6.0, true, 0.0),
        (2.0, 7.0, true, 1.0),
        (1.0, 8.0, true, 0.0),
        (7.0, 9.0, true, 1.0),
        (3.0, 9.0, true, 1.0),
        (4.0, 9.0, false, 1.0),
        (8.0, 14.0, false, 0.0),
        (8.0, 17.0, false, 0.0),
    ];
    let mut records = right_censored(&rows.map(|(_, exit, event, x)| (exit, event, x)));
    records.iter_mut().zip(rows).for_each(|(record, row)| record.entry = row.0);
    records
}

const ENTRY: Features =
    Features { strata: 1, weights: false, delayed_entry: true, offset: false, fractional_times: false, clusters: 1 };

fn prepare(records: &[Record], features: Features) -> Prepared {
    Prepared::new(&survival_data(records, features), &numeric_design(records), NearTies::Repair).unwrap()
}

#[test]
fn first_example_by_breslow_has_a_root_in_closed_form() {
    let prepared = prepare(&first(), Features::default());
    for beta in [0.0, 0.5, -1.0f64] {
        let r = beta.exp();
        let (value, score, information) = prepared.derivatives(&[beta], Ties::Breslow);
        assert_close(value, 2.0 * beta - (3.0 * r + 3.0).ln() - 2.0 * (r + 3.0).ln(), 1e-14);
        assert_close(score[0], 2.0 - r / (r + 1.0) - 2.0 * r / (r + 3.0), 1e-13);
        assert_close(information[(0, 0)], r / (r + 1.0).powi(2) + 6.0 * r / (r + 3.0).powi(2), 1e-13);
    }
    // U = 0 is r² − 3r − 6 = 0.
    let fit = prepared.fit(&FitOptions { ties: Ties::Breslow, ..FitOptions::default() }).unwrap();
    assert_close(fit.coefficients[0], f64::ln((3.0 + 33f64.sqrt()) / 2.0), 1e-13);
    assert_close(fit.score_test, 1.0 / 0.625, 1e-14);
}

#[test]
fn first_example_by_efron_halves_the_second_tied_event() {
    let prepared = prepare(&first(), Features::default());
    for beta in [0.0, 0.5, -1.0f64] {
        let r = beta.exp();
        let (value, score, information) = prepared.derivatives(&[beta], Ties::Efron);
        assert_close(value, 2.0 * beta - ((3.0 * r + 3.0) * (r + 3.0) * (r + 5.0) / 2.0).ln(), 1e-14);
        assert_close(score[0], 2.0 - r / (r + 1.0) - r / (r + 3.0) - r / (r + 5.0), 1e-13);
        let parts = [1.0, 3.0, 5.0].map(|c| c * r / (r + c).powi(2));
        assert_close(information[(0, 0)], parts.iter().sum(), 1e-13);
    }
    let fit = prepared.fit(&FitOptions::default()).unwrap();
    // Printed with six digits in the book.
    assert!((fit.coefficients[0] - 1.676857).abs() < 5e-7);
    let r = fit.coefficients[0].exp();
    assert!((2.0 - r / (r + 1.0) - r / (r + 3.0) - r / (r + 5.0)).abs() < 1e-12);
}

#[test]
fn first_example_has_increments_of_its_baseline_hazard() {
    let prepared = prepare(&first(), Features::default());
    let at_zero = |beta: f64, ties: Ties| {
        let covariance = nalgebra::DMatrix::zeros(1, 1);
        prepared.baseline(&[beta], &covariance, ties, SurvivalForm::Exponential).curve(0, &[0.0], 0.0)
    };
    let zero = at_zero(0.0, Ties::Efron);
    assert_eq!(zero.time, [1.0, 6.0, 9.0]);
    assert_eq!(zero.n_events, [1, 2, 1]);
    let sixth = 1.0 / 6.0;
    assert_all_close(&zero.cumulative_hazard, &[sixth, sixth + 0.25 + 1.0 / 3.0, sixth + 19.0 / 12.0], 1e-14);
    let r = 0.5f64.exp();
    let half = at_zero(0.5, Ties::Breslow);
    let (one, two) = (1.0 / (3.0 * r + 3.0), 2.0 / (r + 3.0));
    assert_all_close(&half.cumulative_hazard, &[one, one + two, one + two + 1.0], 1e-14);
}

#[test]
fn variance_of_a_cumulative_hazard_by_hand() {
    // Breslow at β = 0, V = 1/4: S0 is 6, 4 and 1, S1 is 3, 1 and 0 at the event times 1, 6 and 9.
    let prepared = prepare(&first(), Features::default());
    let covariance = nalgebra::DMatrix::from_element(1, 1, 0.25);
    let curve = prepared.baseline(&[0.0], &covariance, Ties::Breslow, SurvivalForm::Exponential).curve(0, &[2.0], 0.0);
    let (hazard, path) = ([1.0 / 6.0, 2.0 / 3.0, 5.0 / 3.0], [3.0 / 36.0, 3.0 / 36.0 + 2.0 / 16.0, 5.0 / 24.0]);
    let alone = [1.0 / 36.0, 1.0 / 36.0 + 2.0 / 16.0, 1.0 / 36.0 + 2.0 / 16.0 + 1.0];
    for k in 0..3 {
        let distance: f64 = 2.0 * hazard[k] - path[k];
        let variance = alone[k] + 0.25 * distance * distance;
        assert_close(curve.cumulative_hazard[k], hazard[k], 1e-14);
        assert_close(curve.standard_error[k], variance.sqrt(), 1e-14);
        assert_close(curve.survival[k], (-hazard[k]).exp(), 1e-14);
    }
}

#[test]
fn first_example_has_nine_comparable_pairs() {
    // Event at 1 against five, event at 6 with x = 1 and with x = 0 against 8 and 9; the two at 6 are tied in time.
    let c = prepare(&first(), Features::default()).concordance(&[1.0]);
    assert_eq!([c.concordant, c.discordant, c.tied_x, c.tied_y, c.tied_xy], [5.0, 0.0, 4.0, 1.0, 0.0]);
    assert_close(c.value, 7.0 / 9.0, 1e-15);
}

#[test]
fn second_example_counts_who_is_at_risk() {
    let prepared = prepare(&second(), ENTRY);
    // Risk sets of 2, 3, 5, 4, 4 and 5 at the event times 2, 3, 6, 7, 8 and 9.
    let (value, score, information) = prepared.derivatives(&[0.0], Ties::Breslow);
    assert_close(value, -f64::ln(2.0 * 3.0 * 5.0 * 4.0 * 4.0 * 25.0), 1e-14);
    assert_close(score[0], -2.0 / 15.0, 1e-12);
    let variances = [0.25, 2.0 / 9.0, 0.24, 0.1875, 0.1875, 0.48];
    assert_close(information[(0, 0)], variances.iter().sum(), 1e-13);
    // Efron: in the second step the tied events count half, four in all, of which 2.2 / 4 have x = 1 … (3 − 1)/4.
    let (value, score, _) = prepared.derivatives(&[0.0], Ties::Efron);
    assert_close(value, -f64::ln(2.0 * 3.0 * 5.0 * 4.0 * 4.0 * 5.0 * 4.0), 1e-14);
    assert_close(score[0], -2.0 / 15.0 + 0.6 - 0.5, 1e-12);
}

#[test]
fn second_example_converges_to_the_printed_estimates() {
    let prepared = prepare(&second(), ENTRY);
    let estimate = |ties| prepared.fit(&FitOptions { ties, ..FitOptions::default() }).unwrap().coefficients[0];
    assert!((estimate(Ties::Breslow) + 0.084_526_080_661).abs() < 1e-11);
    assert!((estimate(Ties::Efron) + 0.021_105_209_580).abs() < 1e-11);
}

#[test]
fn two_people_and_one_event_have_an_infinite_estimate() {
    let records = right_censored(&[(1.0, true, 1.0), (2.0, false, 0.0)]);
    let prepared = prepare(&records, Features::default());
    // ℓ = −ln(1 + exp(−β)): rises for ever.
    let (value, _, information) = prepared.derivatives(&[3.0], Ties::Efron);
    assert_close(value, -(1.0 + (-3.0f64).exp()).ln(), 1e-14);
    assert_close(information[(0, 0)], (-3.0f64).exp() / (1.0 + (-3.0f64).exp()).powi(2), 1e-13);
    assert!(!prepared.fit(&FitOptions::default()).unwrap().warnings.is_empty());
}
