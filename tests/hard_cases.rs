//! Data at the edge of what can be estimated or computed.

use crate::support::{
    Features, Random, Record, assert_all_close, assert_close, factor_design, generate, numeric_design, right_censored,
    survival_data, textbook,
};
use cohort::engine::{
    Convergence, Design, FitError, FitOptions, FitWarning, NearTies, Prepared, SurvivalData, Termination, Ties, Time,
};
use cohort::table::Codes;

fn prepare(records: &[Record], features: Features) -> Result<Prepared, FitError> {
    Prepared::new(&survival_data(records, features), &numeric_design(records), NearTies::Repair)
}

#[test]
fn no_records_and_no_events_are_errors() {
    let mut records = right_censored(&[(1.0, false, 1.0), (2.0, false, 0.0)]);
    let none = prepare(&records, Features::default()).unwrap_err();
    assert_eq!(none, FitError::NoEvents { n_records: 2, n_columns: 1 });
    assert_eq!(none.to_string(), "none of the 2 records ends in an event");
    records.truncate(1);
    let data = SurvivalData::right_censored(Time::Whole(vec![]), vec![]);
    let design = Design { variables: vec![], blocks: vec![], n_columns: 0 };
    assert_eq!(Prepared::new(&data, &design, NearTies::Repair).unwrap_err(), FitError::NoRecords);
}

#[test]
fn values_that_are_no_numbers_are_named_by_record() {
    let rows = [(1.0, true, 1.0), (2.0, true, f64::INFINITY), (3.0, false, 0.0)];
    let error = prepare(&right_censored(&rows), Features::default()).unwrap_err();
    assert_eq!(error, FitError::InvalidCovariate { variable: 0, record: 1 });
    let mut records = right_censored(&[(1.0, true, 1.0), (2.0, true, 0.5), (3.0, false, 0.0)]);
    let weights = Features { weights: true, ..Features::default() };
    records[2].weight = 0.0;
    assert_eq!(prepare(&records, weights).unwrap_err(), FitError::InvalidWeight { record: 2 });
    records[2].weight = 1.0;
    records[1].entry = 2.0;
    let entry = Features { delayed_entry: true, ..Features::default() };
    assert_eq!(prepare(&records, entry).unwrap_err(), FitError::EmptyInterval { record: 1 });
}

#[test]
fn strata_without_events_add_nothing_and_are_counted() {
    let mut generated = generate(200, 1, Features { strata: 3, ..Features::default() });
    let without: usize = generated.records.iter().filter(|r| r.stratum == 1).count();
    for (record, event) in generated.records.iter().zip(&mut generated.data.event) {
        *event &= record.stratum != 1;
    }
    let all = Prepared::new(&generated.data, &generated.design, NearTies::Repair).unwrap();
    let fit = all.fit(&FitOptions::default()).unwrap();
    assert_eq!(fit.warnings, [FitWarning::StrataWithoutEvents { n_strata: 1, n_records: without }]);
    let mut rest: Vec<Record> = generated.records.iter().filter(|r| r.stratum != 1).cloned().collect();
    rest.iter_mut().for_each(|r| r.stratum /= 2);
    let fewer = prepare(&rest, Features { strata: 2, ..Features::default() }).unwrap();
    assert_all_close(&fit.coefficients, &fewer.fit(&FitOptions::default()).unwrap().coefficients, 1e-8);
}

#[test]
fn a_level_without_events_runs_to_minus_infinity_and_the_rest_is_right() {
    let generated = generate(300, 2, Features::default());
    let codes: Vec<u32> = generated.records.iter().map(|r| r.x[5] as u32).collect();
    let mut data = generated.data.clone();
    data.event.iter_mut().zip(&codes).for_each(|(event, code)| *event &= *code != 4);
    let prepared = Prepared::new(&data, &factor_design(&codes, 6), NearTies::Repair).unwrap();
    let fit = prepared.fit(&FitOptions::default()).unwrap();
    assert_eq!(fit.warnings, [FitWarning::InfiniteCoefficient { column: 3, positive: false }]);
    assert_eq!(fit.termination, Termination::LikelihoodFlat);
    // The supremum is the likelihood of the records without that level at their event times.
    let keep: Vec<u32> = (0..300).filter(|&i| codes[i as usize] != 4).collect();
    let rest = SurvivalData::right_censored(
        Time::Whole(keep.iter().map(|&i| generated.records[i as usize].exit as i32).collect()),
        keep.iter().map(|&i| data.event[i as usize]).collect(),
    );
    let renumbered: Vec<u32> = keep.iter().map(|&i| codes[i as usize] - u32::from(codes[i as usize] > 4)).collect();
    let without = Prepared::new(&rest, &factor_design(&renumbered, 5), NearTies::Repair).unwrap();
    let without = without.fit(&FitOptions::default()).unwrap();
    assert_close(fit.log_partial_likelihood, without.log_partial_likelihood, 1e-8);
    let finite: Vec<f64> = [0, 1, 2, 4].iter().map(|&j| fit.coefficients[j]).collect();
    assert_all_close(&finite, &without.coefficients, 1e-6);
}

#[test]
fn complete_separation_is_flat_or_runs_out_and_is_named() {
    let rows: Vec<(f64, bool, f64)> = (1..=20).map(|t| (f64::from(t), t <= 10, f64::from(u8::from(t <= 10)))).collect();
    let prepared = prepare(&right_censored(&rows), Features::default()).unwrap();
    for convergence in [Convergence::Full, Convergence::LikeR] {
        let fit = prepared.fit(&FitOptions { convergence, ..FitOptions::default() }).unwrap();
        assert!(fit.warnings.contains(&FitWarning::InfiniteCoefficient { column: 0, positive: true }), "{fit:?}");
        assert!(fit.coefficients[0] > 10.0 && fit.coefficients[0].is_finite());
    }
}

#[test]
fn sums_of_columns_and_constants_are_aliased() {
    let generated = generate(150, 3, Features::default());
    let mut records = generated.records;
    for record in &mut records {
        let (a, z) = (record.x[0], record.x[6]);
        record.x = vec![a, z, a + z, 5.0, record.x[5]];
    }
    let fit = prepare(&records, Features::default()).unwrap().fit(&FitOptions::default()).unwrap();
    assert_eq!(fit.aliased, [false, false, true, true, false]);
    assert_eq!(fit.df, 3);
    assert_eq!(fit.warnings, [FitWarning::AliasedColumn { column: 2 }, FitWarning::AliasedColumn { column: 3 }]);
    assert!(fit.coefficients[2].is_nan() && fit.covariance.row(3).amax() == 0.0);
    records.iter_mut().for_each(|r| r.x = vec![r.x[0], r.x[1], r.x[4]]);
    let (beta, _) = textbook::fit(&records, 3, Ties::Efron);
    assert_all_close(&[fit.coefficients[0], fit.coefficients[1], fit.coefficients[4]], &beta, 1e-8);
}

#[test]
fn offsets_a_thousand_apart_between_strata_change_nothing() {
    let features = Features { strata: 2, ..Features::default() };
    let generated = generate(200, 4, features);
    let plain = Prepared::new(&generated.data, &generated.design, NearTies::Repair).unwrap();
    let plain = plain.fit(&FitOptions::default()).unwrap();
    let mut data = generated.data.clone();
    data.offset = Some(generated.records.iter().map(|r| if r.stratum == 0 { -1000.0 } else { 1000.0 }).collect());
    let shifted = Prepared::new(&data, &generated.design, NearTies::Repair).unwrap();
    let shifted = shifted.fit(&FitOptions { robust: true, ..FitOptions::default() }).unwrap();
    assert_all_close(&shifted.coefficients, &plain.coefficients, 1e-8);
    assert_close(shifted.log_partial_likelihood, plain.log_partial_likelihood, 1e-10);
    assert!(shifted.robust_covariance.unwrap().iter().all(|v| v.is_finite()));
}

#[test]
fn initial_coefficients_out_of_reach_are_an_error() {
    let rows = [(1.0, true, 1e6), (2.0, true, -1e6), (3.0, true, 0.0), (4.0, false, 1.0)];
    let prepared = prepare(&right_censored(&rows), Features::default()).unwrap();
    let initial = Some(vec![1e3]);
    let result = prepared.fit(&FitOptions { initial, ..FitOptions::default() });
    assert_eq!(result.unwrap_err(), FitError::InitialCoefficients);
}

#[test]
fn a_model_without_columns_has_a_likelihood() {
    let generated = generate(100, 5, Features { offset: true, ..Features::default() });
    let design = Design { variables: vec![], blocks: vec![], n_columns: 0 };
    let prepared = Prepared::new(&generated.data, &design, NearTies::Repair).unwrap();
    let fit = prepared.fit(&FitOptions { robust: true, ..FitOptions::default() }).unwrap();
    let mut records = generated.records;
    records.iter_mut().for_each(|r| r.x.clear());
    let slow = textbook::likelihood(&records, &[], Ties::Efron);
    assert_close(fit.log_partial_likelihood, slow.value, 1e-12);
    assert_eq!((fit.df, fit.iterations, fit.termination), (0, 0, Termination::Converged));
    assert!(prepared.concordance(&[]).value > 0.0);
}

#[test]
fn a_million_records_with_risk_sets_of_three_keep_their_digits() {
    // Record i is at risk from i to i + 3 and has its event there, so three are at risk at each event time, and the
    // risk-set sums are differences of sums over up to a million records.
    let n = 1_000_000;
    let mut random = Random(6);
    let x: Vec<f64> = (0..n).map(|_| f64::from(random.below(100)) / 20.0).collect();
    let mut data = SurvivalData::right_censored(Time::Whole((0..n).map(|i| i + 3).collect()), vec![true; n as usize]);
    data.entry = Some(Time::Whole((0..n).collect()));
    let records: Vec<Record> = right_censored(&x.iter().map(|&x| (1.0, true, x)).collect::<Vec<_>>());
    let prepared = Prepared::new(&data, &numeric_design(&records), NearTies::Repair).unwrap();
    let beta = 2.0;
    let (value, score, information) = prepared.derivatives(&[beta], Ties::Efron);
    let (mut expected, mut slope, mut curvature) = (0.0, 0.0, 0.0);
    for i in 0..x.len() {
        // Event at i + 3: at risk are those that entered before and leave at or after: i, i + 1, i + 2.
        let at_risk = &x[i..(i + 3).min(x.len())];
        let s = |power: i32| at_risk.iter().map(|x| (beta * x).exp() * x.powi(power)).sum::<f64>();
        let mean = s(1) / s(0);
        expected += beta * x[i] - s(0).ln();
        slope += x[i] - mean;
        curvature += s(2) / s(0) - mean * mean;
    }
    assert_close(value, expected, 1e-11);
    assert_close(score[0], slope, 1e-10);
    assert_close(information[(0, 0)], curvature, 1e-10);
}

#[test]
fn records_that_span_no_event_count_for_the_means_only() {
    let mut records = right_censored(&[(5.0, true, 1.0), (9.0, true, 3.0), (9.0, false, 2.5), (10.0, false, 0.5)]);
    let entry = Features { delayed_entry: true, ..Features::default() };
    let before = prepare(&records, entry).unwrap().fit(&FitOptions::default()).unwrap();
    let mut idle = records[0].clone();
    (idle.entry, idle.exit, idle.event, idle.x) = (6.0, 8.0, false, vec![100.0]);
    records.push(idle);
    let after = prepare(&records, entry).unwrap().fit(&FitOptions::default()).unwrap();
    assert_close(after.coefficients[0], before.coefficients[0], 1e-8);
    assert_close(after.means[0], 107.0 / 5.0, 1e-14);
}

#[test]
fn many_strata_are_many_small_likelihoods() {
    // Matched pairs: ℓ = −Σ ln(1 + exp(−β difference)), a logistic regression on differences.
    let n = 20_000u32;
    let mut random = Random(9);
    let mut data = SurvivalData::right_censored(Time::Whole(vec![]), vec![]);
    let (mut exits, mut strata, mut x, mut expected) = (Vec::new(), Vec::new(), Vec::new(), 0.0);
    for pair in 0..n {
        let (case, control) = (random.unit(), random.unit());
        exits.extend([1, 2]);
        data.event.extend([true, false]);
        strata.extend([Some(pair); 2]);
        x.extend([case, control]);
        expected -= (1.0 + (0.7 * (control - case)).exp()).ln();
    }
    data.exit = Time::Whole(exits);
    data.stratum = Some(Codes::pack(strata, n as usize));
    let records = right_censored(&x.iter().map(|&x| (1.0, true, x)).collect::<Vec<_>>());
    let prepared = Prepared::new(&data, &numeric_design(&records), NearTies::Repair).unwrap();
    assert_close(prepared.derivatives(&[0.7], Ties::Efron).0, expected, 1e-11);
}

#[test]
fn concordance_of_forty_thousand_is_counted_in_chunks() {
    // η rises with the number of the record; events come in blocks of 100, the blocks in order, within a block the
    // other way round. So pairs within a block are concordant, all others discordant, and all records are alike.
    let (n, m) = (40_000, 100);
    let rows: Vec<(f64, bool, f64)> = (0..n).map(|i| (f64::from(i / m * m + m - i % m), true, f64::from(i))).collect();
    let c = prepare(&right_censored(&rows), Features::default()).unwrap().concordance(&[1.0]);
    let (n, m) = (f64::from(n), f64::from(m));
    assert_eq!(c.concordant, n * (m - 1.0) / 2.0);
    assert_eq!(c.discordant, n * (n - m) / 2.0);
    assert_eq!([c.tied_x, c.tied_y, c.tied_xy], [0.0; 3]);
    assert!(c.standard_error < 1e-12);
}
