//! Score and information against finite differences, away from the optimum.

use crate::support::{Features, generate};
use cohort::engine::{NearTies, Prepared, Ties};

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
