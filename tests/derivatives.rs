//! Score and information against finite differences, away from the optimum.

use crate::support::{Features, generate};
use cohort::engine::{FitOptions, NearTies, Penalty, Prepared, Ties};

#[test]
fn score_is_the_slope_of_the_likelihood_and_information_of_the_score() {
    let features = Features { strata: 2, weights: true, delayed_entry: true, offset: true, ..Features::default() };
    let generated = generate(200, 11, features);
    let prepared = Prepared::new(&generated.data, &generated.design, NearTies::Repair).unwrap();
    let p = prepared.n_columns();
    for ties in [Ties::Breslow, Ties::Efron] {
        let beta: Vec<f64> = (0..p).map(|j| 0.002 * (j as f64 - 7.0)).collect();
        let (_, score, information) = prepared.derivatives(&beta, ties);
        for j in 0..p {
            // A step of a thousandth of the coefficient's own scale; central differences err by its square.
            let step = 1e-3 / information[(j, j)].sqrt();
            let at = |sign: f64| {
                let mut moved = beta.clone();
                moved[j] += sign * step;
                prepared.derivatives(&moved, ties)
            };
            let (up, down) = (at(1.0), at(-1.0));
            let slope = (up.0 - down.0) / (2.0 * step);
            assert!((slope - score[j]).abs() <= 1e-6 * (score[j].abs() + information[(j, j)].sqrt()));
            for k in 0..p {
                let slope = -(up.1[k] - down.1[k]) / (2.0 * step);
                let size = (information[(j, j)] * information[(k, k)]).sqrt();
                assert!((slope - information[(j, k)]).abs() <= 1e-5 * size, "{ties:?} {j} {k}");
            }
        }
    }
}

/// Firth's gradient comes from suffix sums and an exchanged order of summation; here it is the slope of ℓ + ½ ln det I.
#[test]
fn score_with_a_penalty_is_the_slope_of_the_penalised_likelihood() {
    for seed in 0..8u32 {
        let has = |bit: u32| seed & (1 << bit) != 0;
        let features = Features {
            strata: if has(0) { 3 } else { 1 },
            weights: has(1),
            delayed_entry: has(2),
            offset: true,
            ..Features::default()
        };
        let generated = generate(150, 50 + u64::from(seed), features);
        let prepared = Prepared::new(&generated.data, &generated.design, NearTies::Repair).unwrap();
        let p = prepared.n_columns();
        let beta: Vec<f64> = (0..p).map(|j| 0.002 * (j as f64 - 7.0)).collect();
        for ties in [Ties::Breslow, Ties::Efron] {
            let (_, _, information) = prepared.derivatives(&beta, ties);
            let ridge = Penalty::Ridge((0..p).map(|j| 0.1 * j as f64).collect());
            for penalty in [Penalty::Firth, ridge] {
                let options = FitOptions { ties, penalty, ..FitOptions::default() };
                let (_, score) = prepared.objective_slope(&beta, &options);
                for j in 0..p {
                    let step = 1e-3 / information[(j, j)].sqrt();
                    let at = |sign: f64| {
                        let mut moved = beta.clone();
                        moved[j] += sign * step;
                        prepared.objective_slope(&moved, &options).0
                    };
                    let slope = (at(1.0) - at(-1.0)) / (2.0 * step);
                    let size = score[j].abs() + information[(j, j)].sqrt();
                    assert!((slope - score[j]).abs() <= 1e-6 * size, "{features:?} {ties:?} {j}: {slope} {}", score[j]);
                }
            }
        }
    }
}
