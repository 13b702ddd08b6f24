//! Standardised risks: the fast sums against one curve per record, derivatives by differences, and resampling.

use crate::support::{Features, Generated, Random, assert_close, generate};
use cohort::engine::{
    CoxFit, FitOptions, NearTies, Prepared, Standardisation, Standardised, SurvivalForm, Ties, Variable,
};
use cohort::inference::standardise::{Covariates, standardised_estimates};

const TIMES: [f64; 3] = [6.0, 11.5, 40.0];

/// Design row of a record of [`generate`] with the factor `a` at `level`: columns 0..3 and all that contains them.
fn row_at(x: &[f64], level: usize) -> Vec<f64> {
    let (b1, b2, z) = (x[3], x[4], x[6]);
    let is = |l: usize| f64::from(u8::from(level == l));
    let mut row = x.to_vec();
    (0..3).for_each(|k| row[k] = is(k + 1));
    (0..3).for_each(|k| row[7 + k] = is(k + 1) * z);
    (row[10], row[11]) = (is(2) * b1, is(2) * b2);
    row
}

/// Risk and restricted mean of every level at every time, in the order of [`Standardised`], record by record.
fn direct(prepared: &Prepared, coefficients: &[f64], g: &Generated, from: f64) -> Vec<f64> {
    let covariance = nalgebra::DMatrix::zeros(coefficients.len(), coefficients.len());
    let baseline = prepared.baseline(coefficients, &covariance, Ties::Efron, SurvivalForm::Exponential);
    let mut sums = vec![0.0; 4 * 2 * TIMES.len()];
    let total: f64 = g.records.iter().map(|r| r.weight).sum();
    for record in &g.records {
        for level in 0..4 {
            let curve = baseline.curve(record.stratum as usize, &row_at(&record.x, level), record.offset);
            let hazard = |t: f64| curve.time.iter().rposition(|x| *x <= t).map_or(0.0, |k| curve.cumulative_hazard[k]);
            let survival = |t: f64| (hazard(from) - hazard(t)).exp();
            for (i, &t) in TIMES.iter().enumerate() {
                let place = level * 2 * TIMES.len() + i;
                sums[place] += record.weight * (1.0 - survival(t)) / total;
                let mut cuts: Vec<f64> = curve.time.iter().copied().filter(|x| from < *x && *x < t).collect();
                cuts.insert(0, from);
                cuts.push(t);
                let area: f64 = cuts.windows(2).map(|w| survival(w[0]) * (w[1] - w[0])).sum();
                sums[place + TIMES.len()] += record.weight * area / total;
            }
        }
    }
    sums
}

fn fast(prepared: &Prepared, fit: &CoxFit, g: &Generated, from: f64) -> Standardised {
    let baseline =
        prepared.baseline(&fit.coefficients, fit.reported_covariance(), Ties::Efron, SurvivalForm::default());
    let wanted = Standardisation { times: &TIMES, from, exposure: 0, levels: &[0, 1, 2, 3], population: None };
    prepared.standardise(&g.data, &g.design, fit, &baseline, &wanted).unwrap()
}

const ALL: Features =
    Features { strata: 2, weights: true, delayed_entry: true, offset: true, fractional_times: false, clusters: 1 };

#[test]
fn the_sums_are_those_of_one_curve_per_record() {
    for (features, from) in [(Features::default(), 0.0), (ALL, 0.0), (ALL, 4.0)] {
        let g = generate(150, 11, features);
        let prepared = Prepared::new(&g.data, &g.design, NearTies::Repair).unwrap();
        let fit = prepared.fit(&FitOptions::default()).unwrap();
        let found = fast(&prepared, &fit, &g, from);
        let slow = direct(&prepared, &fit.coefficients, &g, from);
        found.value.iter().zip(&slow).for_each(|(a, b)| assert_close(*a, *b, 1e-10));
        assert_eq!(found.n_records, 150);
    }
}

/// dq/dβ by differences of the direct computation, in which the baseline is estimated anew at every β, gives the part of β̂.
/// What is left of the covariance is the part of the baseline: Σ C0 uuᵀ, which is seen at V = 0.
#[test]
fn the_covariance_is_that_of_derivatives_by_differences() {
    let g = generate(120, 5, ALL);
    let prepared = Prepared::new(&g.data, &g.design, NearTies::Repair).unwrap();
    let fit = prepared.fit(&FitOptions::default()).unwrap();
    let found = fast(&prepared, &fit, &g, 2.0);
    let without = CoxFit { covariance: &fit.covariance * 0.0, ..fit.clone() };
    let alone = fast(&prepared, &without, &g, 2.0);
    let p = fit.coefficients.len();
    let derivative = |j: usize| -> Vec<f64> {
        let step = 1e-5 * fit.covariance[(j, j)].sqrt().max(1e-3);
        let at = |sign: f64| {
            let mut beta = fit.coefficients.clone();
            beta[j] += sign * step;
            direct(&prepared, &beta, &g, 2.0)
        };
        at(1.0).iter().zip(at(-1.0)).map(|(up, down)| (up - down) / (2.0 * step)).collect()
    };
    let derivatives: Vec<Vec<f64>> = (0..p).map(derivative).collect();
    let q = found.value.len();
    for (a, b) in [(0, 0), (1, 1), (5, 5), (0, 6), (7, 13), (3, 9), (q - 1, q - 1), (2, q - 1)] {
        let mut from_beta = 0.0;
        for i in 0..p {
            (0..p).for_each(|j| from_beta += derivatives[i][a] * fit.covariance[(i, j)] * derivatives[j][b]);
        }
        let expected = from_beta + alone.covariance[(a, b)];
        let scale = (found.covariance[(a, a)] * found.covariance[(b, b)]).sqrt();
        assert!((found.covariance[(a, b)] - expected).abs() < 1e-5 * scale, "{a} {b}");
    }
}

/// The part of the baseline by hand: one stratum, every record the same, β known to be 0.
#[test]
fn the_part_of_the_baseline_by_hand() {
    let mut g = generate(60, 3, Features::default());
    g.design.variables.truncate(1);
    g.design.blocks.truncate(1);
    g.design.n_columns = 3;
    let prepared = Prepared::new(&g.data, &g.design, NearTies::Repair).unwrap();
    let fit = prepared.fit(&FitOptions { max_iterations: 0, ..FitOptions::default() }).unwrap();
    let fit = CoxFit { coefficients: vec![0.0; 3], covariance: fit.covariance * 0.0, ..fit };
    let found = fast(&prepared, &fit, &g, 0.0);
    let curve =
        prepared.baseline(&[0.0; 3], &fit.covariance, Ties::Efron, SurvivalForm::default()).curve(0, &[0.0; 3], 0.0);
    let last = |t: f64| curve.time.iter().rposition(|x| *x <= t).unwrap();
    for (i, t) in TIMES.iter().enumerate() {
        let (k, place) = (last(*t), found.risk(2, i));
        assert_close(found.value[place], 1.0 - curve.survival[k], 1e-12);
        let se = curve.survival[k] * curve.standard_error[k];
        assert_close(found.covariance[(place, place)], se * se, 1e-10);
        // Restricted mean: ∫∫ S S Λ-variance of the earlier of the two times.
        let ends: Vec<f64> = curve.time[1..=k].iter().copied().chain([*t]).collect();
        let mut variance = 0.0;
        for a in 0..=k {
            for b in 0..=k {
                let widths = (ends[a] - curve.time[a]) * (ends[b] - curve.time[b]);
                variance += widths * curve.survival[a] * curve.survival[b] * curve.standard_error[a.min(b)].powi(2);
            }
        }
        let place = found.restricted_mean(1, i);
        assert_close(found.covariance[(place, place)], variance, 1e-10);
        // Everyone has the same risk: covariates add nothing.
        assert!(found.covariate_covariance[(place, place)].abs() < 1e-12);
    }
}

/// Standard errors against the spread over resampled records, within the error of 200 resamplings (about 5 %).
#[test]
fn intervals_are_as_wide_as_resampling_says() {
    let g = generate(400, 21, Features::default());
    let covariates = |g: &Generated| -> Vec<u32> {
        let Variable::Coded { codes, .. } = &g.design.variables[0] else { unreachable!("a factor") };
        (0..codes.len()).map(|i| codes.get(i).unwrap()).collect()
    };
    assert_eq!(covariates(&g).len(), 400);
    // The two factors alone, so that a resampling is never degenerate.
    let small = |g: &Generated| {
        let mut design = g.design.clone();
        design.variables.truncate(2);
        design.blocks.truncate(2);
        design.n_columns = 5;
        design
    };
    let estimates = |weights: Option<Vec<f64>>| {
        let mut data = g.data.clone();
        data.weight = weights;
        let design = small(&g);
        let prepared = Prepared::new(&data, &design, NearTies::Repair).unwrap();
        let fit = prepared.fit(&FitOptions::default()).unwrap();
        let baseline = prepared.baseline(&fit.coefficients, &fit.covariance, Ties::Efron, SurvivalForm::default());
        let wanted = Standardisation { times: &TIMES, from: 0.0, exposure: 0, levels: &[0, 3], population: None };
        let found = prepared.standardise(&data, &design, &fit, &baseline, &wanted).unwrap();
        standardised_estimates(&found, Covariates::Sampled, &TIMES, 0.95)
    };
    let own = estimates(None);
    let mut random = Random(77);
    let n_resamplings = 200;
    let (mut sum, mut squares) = (vec![[0.0; 4]; own.len()], vec![[0.0; 4]; own.len()]);
    let numbers = |e: &cohort::inference::standardise::StandardisedEstimates| {
        let ratio = e.risk_ratio.map_or(0.0, |r| r.estimate.ln());
        [e.risk.estimate, e.risk_difference.map_or(0.0, |d| d.estimate), ratio, e.restricted_mean.estimate]
    };
    for _ in 0..n_resamplings {
        let mut weights = vec![1e-9; 400];
        (0..400).for_each(|_| weights[random.below(400) as usize] += 1.0);
        for (k, e) in estimates(Some(weights)).iter().enumerate() {
            for (j, x) in numbers(e).into_iter().enumerate() {
                sum[k][j] += x;
                squares[k][j] += x * x;
            }
        }
    }
    for (k, e) in own.iter().enumerate().filter(|(_, e)| e.level == 1) {
        let se = [e.risk.se, e.risk_difference.unwrap().se, e.risk_ratio.unwrap().se, e.restricted_mean.se];
        for (j, se) in se.into_iter().enumerate() {
            let n = f64::from(n_resamplings);
            let spread = ((squares[k][j] - sum[k][j] * sum[k][j] / n) / (n - 1.0)).sqrt();
            assert!((0.83..1.2).contains(&(se / spread)), "estimate {k}, measure {j}: {se} against {spread}");
        }
    }
}
