//! The fast engine against the slow textbook, on generated data.

use crate::support::{Features, Generated, assert_all_close, assert_close, generate, textbook};
use cohort::engine::{FitOptions, NearTies, Prepared, Ties};

/// Every combination of what records can have, with some sizes.
fn all_features() -> Vec<Features> {
    let mut all = Vec::new();
    for bits in 0..32u32 {
        let has = |bit: u32| bits & (1 << bit) != 0;
        all.push(Features {
            strata: if has(0) { 3 } else { 1 },
            weights: has(1),
            delayed_entry: has(2),
            offset: has(3),
            fractional_times: has(4),
            clusters: if bits % 3 == 0 { 25 } else { 1 },
        });
    }
    all
}

fn prepare(generated: &Generated) -> Prepared {
    Prepared::new(&generated.data, &generated.design, NearTies::Repair).unwrap()
}

/// Coefficients away from the optimum.
fn elsewhere(p: usize) -> Vec<f64> {
    (0..p)
        .map(|j| 0.3 * ((j * 7 % 5) as f64 - 2.0) / if j == 6 || j > 6 && j != 10 && j != 11 { 40.0 } else { 1.0 })
        .collect()
}

#[test]
fn likelihood_score_and_information_are_those_of_the_textbook() {
    for (seed, features) in all_features().into_iter().enumerate() {
        let generated = generate(100, seed as u64, features);
        let prepared = prepare(&generated);
        for ties in [Ties::Breslow, Ties::Efron] {
            for beta in [vec![0.0; prepared.n_columns()], elsewhere(prepared.n_columns())] {
                let slow = textbook::likelihood(&generated.records, &beta, ties);
                let (value, score, information) = prepared.derivatives(&beta, ties);
                assert_close(value, slow.value, 1e-12);
                let size = slow.information.diagonal().map(f64::sqrt);
                for j in 0..beta.len() {
                    assert!((score[j] - slow.score[j]).abs() <= 1e-10 * size[j] * size[j].max(1.0));
                    for k in 0..beta.len() {
                        let difference = (information[(j, k)] - slow.information[(j, k)]).abs();
                        assert!(difference <= 1e-9 * size[j] * size[k], "{features:?} {j} {k} {difference:e}");
                    }
                }
            }
        }
    }
}

#[test]
fn exact_ties_are_all_sets_of_records_that_could_have_had_the_events() {
    for seed in 0..8 {
        let strata = if seed % 2 == 0 { 3 } else { 1 };
        let (delayed_entry, offset) = (seed & 2 != 0, seed & 4 != 0);
        let features = Features { strata, delayed_entry, offset, ..Features::default() };
        let generated = generate(28, 300 + seed, features);
        let prepared = prepare(&generated);
        for beta in [vec![0.0; prepared.n_columns()], elsewhere(prepared.n_columns())] {
            let slow = textbook::exact_likelihood(&generated.records, &beta);
            let (value, score, information) = prepared.derivatives(&beta, Ties::Exact);
            assert_close(value, slow.value, 1e-12);
            let size = slow.information.diagonal().map(f64::sqrt);
            for j in 0..beta.len() {
                assert!((score[j] - slow.score[j]).abs() <= 1e-9 * size[j] * size[j].max(1.0), "{features:?} {j}");
                for k in 0..beta.len() {
                    let difference = (information[(j, k)] - slow.information[(j, k)]).abs();
                    assert!(difference <= 1e-9 * size[j] * size[k] + 1e-12, "{features:?} {j} {k} {difference:e}");
                }
            }
        }
    }
}

#[test]
fn estimates_and_both_covariances_are_those_of_the_textbook() {
    for (seed, features) in all_features().into_iter().enumerate() {
        let generated = generate(150, 100 + seed as u64, features);
        let prepared = prepare(&generated);
        for ties in [Ties::Breslow, Ties::Efron] {
            let fit = prepared.fit(&FitOptions { ties, robust: true, ..FitOptions::default() }).unwrap();
            let slow = textbook::likelihood(&generated.records, &fit.coefficients, ties);
            let covariance = slow.information.clone().try_inverse().unwrap();
            let middle = textbook::outer_products(&generated.records, &slow, features.clusters > 1);
            let robust = &covariance * middle * &covariance;
            // Where the textbook's score is zero, its next Newton step is.
            let step = &covariance * nalgebra::DVector::from_vec(slow.score);
            assert!(fit.warnings.is_empty(), "{:?}", fit.warnings);
            let found = fit.robust_covariance.as_ref().unwrap();
            for j in 0..step.len() {
                let se = covariance[(j, j)].sqrt();
                assert!(step[j].abs() <= 1e-8 * se);
                for k in 0..step.len() {
                    let size = se * covariance[(k, k)].sqrt();
                    assert!((fit.covariance[(j, k)] - covariance[(j, k)]).abs() <= 1e-7 * size);
                    let size = (robust[(j, j)] * robust[(k, k)]).sqrt();
                    assert!((found[(j, k)] - robust[(j, k)]).abs() <= 1e-7 * size, "{features:?} {j} {k}");
                }
            }
        }
    }
}

#[test]
fn robust_score_test_is_that_of_the_textbook() {
    let features = Features { strata: 2, weights: true, delayed_entry: true, clusters: 40, ..Features::default() };
    let generated = generate(300, 5, features);
    let prepared = prepare(&generated);
    let fit = prepared.fit(&FitOptions { robust: true, ..FitOptions::default() }).unwrap();
    let start = textbook::likelihood(&generated.records, &vec![0.0; prepared.n_columns()], Ties::Efron);
    let middle = textbook::outer_products(&generated.records, &start, true);
    let score = nalgebra::DVector::from_vec(start.score.clone());
    let expected = score.dot(&middle.lu().solve(&score).unwrap());
    assert_close(fit.robust_score_test.unwrap(), expected, 1e-7);
    let expected = score.dot(&start.information.lu().solve(&score).unwrap());
    assert_close(fit.score_test, expected, 1e-8);
}

#[test]
fn concordance_is_counted_pair_by_pair() {
    for (seed, features) in all_features().into_iter().enumerate() {
        let generated = generate(150, 200 + seed as u64, features);
        let prepared = prepare(&generated);
        // A coefficient of a factor only, so that many linear predictors are equal.
        let mut beta = vec![0.0; prepared.n_columns()];
        (beta[0], beta[1], beta[5]) = (0.5, -0.25, 0.125);
        let eta: Vec<f64> =
            generated.records.iter().map(|r| r.offset + 0.5 * r.x[0] - 0.25 * r.x[1] + 0.125 * r.x[5]).collect();
        let slow = textbook::concordance(&generated.records, &eta, features.clusters > 1);
        let fast = prepared.concordance(&beta);
        assert_all_close(
            &[
                fast.value,
                fast.standard_error,
                fast.concordant,
                fast.discordant,
                fast.tied_x,
                fast.tied_y,
                fast.tied_xy,
            ],
            &[
                slow.value,
                slow.standard_error,
                slow.concordant,
                slow.discordant,
                slow.tied_x,
                slow.tied_y,
                slow.tied_xy,
            ],
            1e-10,
        );
    }
}

#[test]
fn leaving_columns_out_is_fitting_without_them() {
    let generated = generate(200, 7, Features::default());
    let prepared = prepare(&generated);
    let keep: Vec<bool> = (0..prepared.n_columns()).map(|j| j < 7).collect();
    let fit = prepared.fit_columns(&keep, &FitOptions::default()).unwrap();
    let mut records = generated.records.clone();
    records.iter_mut().for_each(|r| r.x.truncate(7));
    let (beta, covariance) = textbook::fit(&records, 7, Ties::Efron);
    for j in 0..7 {
        assert!((fit.coefficients[j] - beta[j]).abs() < 1e-9 * covariance[(j, j)].sqrt());
    }
    assert_eq!(fit.coefficients[7..], [0.0; 8]);
    assert_eq!((fit.df, fit.aliased.iter().any(|&a| a)), (7, false));
}
