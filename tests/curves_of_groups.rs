//! Curves of groups: robust variances against derivatives, the same bits for any order of the rows.

use super::support::{Features, Random, assert_close, generate};
use cohort::describe::{
    Causes, CurveOptions, HazardEstimator, IncidenceCurves, LogRankRequest, SurvivalCurve, SurvivalEstimator,
    gray_tests, incidence_curves, survival_curves,
};
use cohort::engine::{NearTies, SurvivalData, Time};
use cohort::table::Codes;

const N_GROUPS: usize = 3;

/// Records with delayed entry, tied times, fractional weights, clusters of a few records, in three groups.
fn records() -> SurvivalData {
    let features =
        Features { strata: N_GROUPS as u32, weights: true, delayed_entry: true, clusters: 40, ..Features::default() };
    generate(200, 11, features).data
}

/// The same records in another order.
fn shuffled(data: &SurvivalData, seed: u64) -> SurvivalData {
    let mut random = Random(seed);
    let mut rows: Vec<u32> = (0..data.n_records() as u32).collect();
    (1..rows.len()).rev().for_each(|i| rows.swap(i, random.below(i as u32 + 1) as usize));
    let pick = |i: &u32| *i as usize;
    let time = |t: &Time| match t {
        Time::Whole(v) => Time::Whole(rows.iter().map(|r| v[pick(r)]).collect()),
        Time::Real(v) => Time::Real(rows.iter().map(|r| v[pick(r)]).collect()),
    };
    // Clusters are numbered as the rows come, as the design does it.
    let mut numbers: Vec<u32> = Vec::new();
    let cluster = data.cluster.as_ref().map(|c| {
        rows.iter()
            .map(|r| {
                let old = c[pick(r)];
                let known = numbers.iter().position(|n| *n == old);
                known.unwrap_or_else(|| {
                    numbers.push(old);
                    numbers.len() - 1
                }) as u32
            })
            .collect()
    });
    SurvivalData {
        entry: data.entry.as_ref().map(time),
        exit: time(&data.exit),
        event: rows.iter().map(|r| data.event[pick(r)]).collect(),
        stratum: data.stratum.as_ref().map(|s| s.take(&rows)),
        weight: data.weight.as_ref().map(|w| rows.iter().map(|r| w[pick(r)]).collect()),
        offset: None,
        cluster,
    }
}

fn curves(data: &SurvivalData, options: &CurveOptions) -> Vec<SurvivalCurve> {
    survival_curves(data, N_GROUPS, options).expect("good data")
}

const ROBUST: [CurveOptions; 3] = [
    CurveOptions {
        survival: SurvivalEstimator::KaplanMeier,
        hazard: HazardEstimator::NelsonAalen,
        robust: true,
        near_ties: NearTies::Repair,
    },
    CurveOptions {
        survival: SurvivalEstimator::Exponential,
        hazard: HazardEstimator::NelsonAalen,
        robust: true,
        near_ties: NearTies::Repair,
    },
    CurveOptions {
        survival: SurvivalEstimator::Exponential,
        hazard: HazardEstimator::FlemingHarrington,
        robust: true,
        near_ties: NearTies::Repair,
    },
];

/// V = Σ_c (d ln S / d ln w_c)², by differences of curves whose cluster c weighs a little more or less.
#[test]
fn a_robust_variance_is_a_sum_of_squared_derivatives() {
    let data = records();
    let clusters = data.cluster.clone().expect("clusters");
    for options in ROBUST {
        let found = curves(&data, &options);
        let n_clusters = *clusters.iter().max().expect("records") + 1;
        let mut squares: Vec<Vec<[f64; 2]>> = found.iter().map(|c| vec![[0.0; 2]; c.time.len()]).collect();
        for cluster in 0..n_clusters {
            let step = 1e-5;
            let moved = |factor: f64| {
                let mut data = data.clone();
                let weights = data.weight.as_mut().expect("weights");
                weights.iter_mut().zip(&clusters).filter(|(_, c)| **c == cluster).for_each(|(w, _)| *w *= factor);
                curves(&data, &options)
            };
            let (up, down) = (moved(1.0 + step), moved(1.0 - step));
            for (g, sums) in squares.iter_mut().enumerate() {
                for (k, sum) in sums.iter_mut().enumerate() {
                    let log = (up[g].survival[k].ln() - down[g].survival[k].ln()) / (2.0 * step);
                    let hazard = (up[g].cumulative_hazard[k] - down[g].cumulative_hazard[k]) / (2.0 * step);
                    sum[0] += log * log;
                    sum[1] += hazard * hazard;
                }
            }
        }
        for (curve, sums) in found.iter().zip(&squares) {
            for (k, sum) in sums.iter().enumerate().filter(|(k, _)| curve.survival[*k] > 0.0) {
                assert_close(curve.log_se[k], sum[0].sqrt(), 1e-6);
                assert_close(curve.cumulative_hazard_se[k], sum[1].sqrt(), 1e-6);
            }
        }
    }
}

#[test]
fn the_order_of_rows_shows_nowhere() {
    let data = records();
    let mut alone = data.clone();
    alone.cluster = None;
    for data in [data, alone] {
        for options in ROBUST.iter().copied().chain([CurveOptions::default()]) {
            assert_eq!(bits(&curves(&data, &options)), bits(&curves(&shuffled(&data, 5), &options)));
        }
    }
}

fn bits(curves: &[SurvivalCurve]) -> Vec<u64> {
    let numbers = |c: &SurvivalCurve| {
        [&c.time, &c.at_risk, &c.survival, &c.log_se, &c.cumulative_hazard, &c.cumulative_hazard_se].map(Clone::clone)
    };
    curves.iter().flat_map(numbers).flatten().map(f64::to_bits).collect()
}

/// A group without records has an empty curve, and does not disturb the others.
#[test]
fn a_group_may_be_empty() {
    let mut data = SurvivalData::right_censored(Time::Whole(vec![1, 2]), vec![true, false]);
    data.stratum = Some(Codes::U8(vec![0, 2]));
    let found = curves(&data, &CurveOptions::default());
    assert_eq!(found.iter().map(|c| c.n_records).collect::<Vec<_>>(), [1, 0, 1]);
    assert_eq!((found[0].survival[0], found[2].survival[0]), (0.0, 1.0));
}

/// The same for a cumulative incidence: V = Σ_c (d F / d ln w_c)², and the bits do not depend on the order of the rows.
#[test]
fn a_cumulative_incidence_has_the_variance_of_its_derivatives() {
    let data = records();
    let codes: Vec<u32> =
        (0..data.n_records()).map(|i| if data.event[i] { 1 + (i % 3 == 0) as u32 } else { 0 }).collect();
    let causes = Causes { codes: &codes, n_causes: 2 };
    let curves = |d: &SurvivalData| incidence_curves(d, &causes, N_GROUPS, NearTies::Repair).expect("good data");
    let found = curves(&data);
    let clusters = data.cluster.clone().expect("clusters");
    let mut squares: Vec<Vec<[f64; 3]>> = found.iter().map(|c| vec![[0.0; 3]; c.time.len()]).collect();
    for cluster in 0..=*clusters.iter().max().expect("records") {
        let step = 1e-5;
        let moved = |factor: f64| {
            let mut data = data.clone();
            let weights = data.weight.as_mut().expect("weights");
            weights.iter_mut().zip(&clusters).filter(|(_, c)| **c == cluster).for_each(|(w, _)| *w *= factor);
            curves(&data)
        };
        let (up, down) = (moved(1.0 + step), moved(1.0 - step));
        let values =
            |c: &IncidenceCurves, k: usize| [c.causes[0].incidence[k], c.causes[1].incidence[k], c.event_free[k]];
        for (g, sums) in squares.iter_mut().enumerate() {
            for (k, sum) in sums.iter_mut().enumerate() {
                let (up, down) = (values(&up[g], k), values(&down[g], k));
                (0..3).for_each(|j| sum[j] += ((up[j] - down[j]) / (2.0 * step)).powi(2));
            }
        }
    }
    for (curve, sums) in found.iter().zip(&squares) {
        for (k, sum) in sums.iter().enumerate() {
            let ours = [curve.causes[0].se[k], curve.causes[1].se[k], curve.event_free_se[k]];
            (0..3).for_each(|j| {
                assert!((ours[j] - sum[j].sqrt()).abs() < 1e-8, "{j} {k}: {} {}", ours[j], sum[j].sqrt())
            });
        }
    }
}

/// With one kind of event, its cumulative incidence is one minus the Kaplan-Meier curve.
#[test]
fn one_kind_of_event_is_kaplan_meier() {
    let data = records();
    let codes: Vec<u32> = data.event.iter().map(|e| u32::from(*e)).collect();
    let causes = Causes { codes: &codes, n_causes: 1 };
    let incidence = incidence_curves(&data, &causes, N_GROUPS, NearTies::Repair).expect("good data");
    for (cif, km) in incidence.iter().zip(curves(&data, &ROBUST[0])) {
        for (k, s) in km.survival.iter().enumerate() {
            assert_close(cif.causes[0].incidence[k], 1.0 - s, 1e-12);
            assert_close(cif.event_free[k], *s, 1e-12);
            if *s > 0.0 {
                assert_close(cif.causes[0].se[k], s * km.log_se[k], 1e-9);
            }
        }
    }
}

/// Gray's test of one kind of event without competitors looks at the same differences as a log-rank test of equal groups.
#[test]
fn equal_groups_pass_grays_test() {
    let mut data =
        SurvivalData::right_censored(Time::Whole([1, 2, 3, 4].repeat(2)), [true, true, false, true].repeat(2));
    data.stratum = Some(Codes::U8(vec![0, 0, 0, 0, 1, 1, 1, 1]));
    let codes = [1, 2, 0, 1].repeat(2);
    let request = LogRankRequest { strata: None, only: None, near_ties: NearTies::Repair };
    let tests = gray_tests(&data, &Causes { codes: &codes, n_causes: 2 }, 2, &request).expect("good data");
    assert!(tests.iter().all(|t| t.chisq.abs() < 1e-20 && t.df == 1), "{tests:?}");
    data.entry = Some(Time::Whole(vec![0; 8]));
    let late = gray_tests(&data, &Causes { codes: &codes, n_causes: 2 }, 2, &request);
    assert_eq!(late.expect_err("late entry").to_string(), "Gray's test is not defined for records that enter late");
}
