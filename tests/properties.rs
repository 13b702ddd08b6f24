//! What must not change a result, or change it in a known way.

use crate::support::{Features, Generated, assert_all_close, assert_close, generate, numeric_design, survival_data};
use cohort::engine::{CoxFit, Design, FitOptions, NearTies, Prepared, SurvivalData, Ties, Variable};
use cohort::table::Codes;

const ALL: Features =
    Features { strata: 3, weights: true, delayed_entry: true, offset: true, fractional_times: false, clusters: 30 };

fn fit(data: &SurvivalData, design: &Design, ties: Ties) -> CoxFit {
    let prepared = Prepared::new(data, design, NearTies::Repair).unwrap();
    prepared.fit(&FitOptions { ties, robust: true, ..FitOptions::default() }).unwrap()
}

/// The same records in another order.
fn reordered(generated: &Generated, order: &[usize]) -> (SurvivalData, Design) {
    let rows: Vec<u32> = order.iter().map(|&i| i as u32).collect();
    let records: Vec<_> = order.iter().map(|&i| generated.records[i].clone()).collect();
    let mut design = generated.design.clone();
    for variable in &mut design.variables {
        *variable = match variable {
            Variable::Coded { codes, n_levels } => Variable::Coded { codes: codes.take(&rows), n_levels: *n_levels },
            Variable::Continuous(values) => Variable::Continuous(order.iter().map(|&i| values[i]).collect()),
        };
    }
    (survival_data(&records, ALL), design)
}

#[test]
fn rows_in_another_order_give_the_same_bits() {
    let generated = generate(500, 3, ALL);
    let first = fit(&generated.data, &generated.design, Ties::Efron);
    let order: Vec<usize> = (0..500).map(|i| i * 7 % 500).collect();
    let (mut data, design) = reordered(&generated, &order);
    // Clusters may be numbered in any way.
    data.cluster = data.cluster.map(|c| c.iter().map(|&c| 4_000_000 - 13 * c).collect());
    let second = fit(&data, &design, Ties::Efron);
    assert_eq!(first, second);
    let concordance =
        |data, design| Prepared::new(data, design, NearTies::Repair).unwrap().concordance(&first.coefficients);
    assert_eq!(concordance(&generated.data, &generated.design), concordance(&data, &design));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for features in [ALL, Features::default()] {
        let generated = generate(30_000, 4, features);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let prepared = Prepared::new(&generated.data, &generated.design, NearTies::Repair).unwrap();
                let fit = prepared.fit(&FitOptions { robust: true, ..FitOptions::default() }).unwrap();
                let concordance = prepared.concordance(&fit.coefficients);
                (fit, concordance)
            })
        };
        let one = on(1);
        assert_eq!(one, on(2));
        assert_eq!(one, on(7));
    }
}

#[test]
fn splitting_a_record_where_nothing_changes_changes_nothing() {
    let generated = generate(300, 5, Features { strata: 2, ..Features::default() });
    let whole = fit(&generated.data, &generated.design, Ties::Efron);
    let features = Features { strata: 2, delayed_entry: true, clusters: 300, ..Features::default() };
    let mut split = Vec::new();
    for (i, record) in generated.records.iter().enumerate() {
        let cut = (record.exit / 2.0).floor();
        let parts = if cut > 0.0 {
            vec![(0.0, cut, false), (cut, record.exit, record.event)]
        } else {
            vec![(0.0, record.exit, record.event)]
        };
        for (entry, exit, event) in parts {
            let mut part = record.clone();
            (part.entry, part.exit, part.event, part.cluster) = (entry, exit, event, i as u32);
            split.push(part);
        }
    }
    let parts = fit(&survival_data(&split, features), &numeric_design(&split), Ties::Efron);
    assert_close(whole.log_partial_likelihood, parts.log_partial_likelihood, 1e-12);
    let se = |fit: &CoxFit| -> Vec<f64> {
        fit.robust_covariance.as_ref().unwrap().diagonal().iter().map(|v| v.sqrt()).collect()
    };
    assert_all_close(&whole.coefficients, &parts.coefficients, 1e-8);
    assert_all_close(&se(&whole), &se(&parts), 1e-7);
}

#[test]
fn shifting_and_scaling_a_covariate_scales_its_coefficient() {
    let generated = generate(300, 6, Features::default());
    let mut records = generated.records;
    records.iter_mut().for_each(|r| r.x = vec![r.x[0], r.x[5], r.x[6]]);
    let data = survival_data(&records, Features::default());
    let before = fit(&data, &numeric_design(&records), Ties::Efron);
    records.iter_mut().for_each(|r| r.x[2] = 1e6 + 1e3 * r.x[2]);
    let after = fit(&data, &numeric_design(&records), Ties::Efron);
    assert_close(before.coefficients[2], 1e3 * after.coefficients[2], 1e-8);
    assert_close(before.coefficients[1], after.coefficients[1], 1e-8);
    assert_close(before.wald_test, after.wald_test, 1e-8);
    assert_close(before.log_partial_likelihood, after.log_partial_likelihood, 1e-12);
}

#[test]
fn a_weight_of_three_is_three_copies_with_breslow() {
    let generated = generate(200, 8, Features::default());
    let mut copies = Vec::new();
    let mut weighted = generated.records.clone();
    for (i, record) in weighted.iter_mut().enumerate() {
        let n = 1 + i % 3;
        copies.extend(std::iter::repeat_n(record.clone(), n));
        record.weight = n as f64;
    }
    let features = Features { weights: true, ..Features::default() };
    let a = fit(&survival_data(&weighted, features), &numeric_design(&weighted), Ties::Breslow);
    let b = fit(&survival_data(&copies, Features::default()), &numeric_design(&copies), Ties::Breslow);
    assert_close(a.log_partial_likelihood, b.log_partial_likelihood, 1e-12);
    assert_all_close(&a.coefficients, &b.coefficients, 1e-8);
    assert_all_close(a.covariance.as_slice(), b.covariance.as_slice(), 1e-7);
}

#[test]
fn factors_and_dummy_columns_are_the_same_model() {
    let generated = generate(400, 9, Features { strata: 2, delayed_entry: true, ..Features::default() });
    let coded = fit(&generated.data, &generated.design, Ties::Efron);
    let dummies = fit(&generated.data, &numeric_design(&generated.records), Ties::Efron);
    assert_all_close(&coded.coefficients, &dummies.coefficients, 1e-7);
    assert_close(coded.score_test, dummies.score_test, 1e-9);
    assert_all_close(&coded.means, &dummies.means, 1e-12);
}

#[test]
fn a_second_column_for_the_same_stratum_is_aliased() {
    let generated = generate(200, 10, Features { strata: 3, ..Features::default() });
    let stratum: Vec<u32> = generated.records.iter().map(|r| r.stratum).collect();
    let codes = Codes::pack(stratum.iter().map(|&s| Some(s)), 3);
    let design = crate::support::factor_design(&stratum, 3);
    assert_eq!(generated.data.stratum, Some(codes));
    let fit = fit(&generated.data, &design, Ties::Efron);
    assert!(fit.aliased.iter().all(|&a| a) && fit.coefficients.iter().all(|b| b.is_nan()));
    assert_eq!(fit.df, 0);
}
