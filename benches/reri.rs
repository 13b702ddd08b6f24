//! Do the intervals of RERI, AP and S hold what they promise, and do delta method and bootstrap agree? Simulated cohorts
//! with known joint hazard ratios 1.5, 2 and 4: RERI 1.5, AP 0.375, S 2.
//!
//! ```text
//! cargo bench --bench reri -- [cohorts=500] [persons=2000] [replicates=500]
//! ```
//!
//! Prints how often each interval covers the truth, with the Monte Carlo error of that share, and how far the limits of
//! delta method and bootstrap are apart, in standard errors of RERI, with the Monte Carlo error of one bootstrap limit.

mod random;

use cohort::inference::bootstrap::Plan;
use cohort::pipeline::{InteractionRequest, ModelSettings, fit_table};
use cohort::report::AdditiveInteraction;
use cohort::table::{Codes, Column, ColumnData, Factor, Table};
use random::Random;

const HAZARD_RATIOS: [f64; 3] = [1.5, 2.0, 4.0];

/// Persons with exposures a (40 %) and b (30 %), associated, followed for 1000 days of constant hazard.
fn cohort(persons: usize, seed: u64) -> Table {
    let mut random = Random(seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
    let (mut a, mut b, mut time, mut event) = (vec![], vec![], vec![], vec![]);
    for _ in 0..persons {
        let exposed = random.unit() < 0.4;
        let modified = random.unit() < if exposed { 0.4 } else { 0.25 };
        let hr = match (exposed, modified) {
            (false, false) => 1.0,
            (true, false) => HAZARD_RATIOS[0],
            (false, true) => HAZARD_RATIOS[1],
            (true, true) => HAZARD_RATIOS[2],
        };
        let day = (-(1.0 - random.unit()).ln() / (0.000_2 * hr)).ceil();
        a.push(Some(u32::from(exposed)));
        b.push(Some(u32::from(modified)));
        time.push(day.min(1000.0) as i32);
        event.push(Some(day <= 1000.0));
    }
    let levels = || vec!["no".to_owned(), "yes".to_owned()];
    let factor = |codes| {
        ColumnData::Factor(Factor { codes: Codes::pack(codes, 2), levels: levels(), labels: levels(), declared: true })
    };
    let column = |name: &str, data| Column { name: name.into(), label: name.into(), data };
    Table::new(vec![
        column("a", factor(a)),
        column("b", factor(b)),
        column("time", ColumnData::Whole(time)),
        column("event", ColumnData::Logical(event)),
    ])
}

type Limits = (Option<f64>, Option<f64>);

/// A measure, its truth, and its four intervals.
fn intervals(found: &AdditiveInteraction) -> [(&'static str, f64, [Limits; 4]); 3] {
    let [hr10, hr01, hr11] = HAZARD_RATIOS;
    let reri = hr11 - hr10 - hr01 + 1.0;
    let row = |delta: Limits, b: &Option<cohort::report::BootstrapInterval>| {
        let b = b.clone().unwrap_or_default();
        [delta, (b.lower, b.upper), (b.basic_lower, b.basic_upper), (b.normal_lower, b.normal_upper)]
    };
    [
        ("RERI", reri, row((found.lower, found.upper), &found.reri_bootstrap)),
        ("AP", reri / hr11, row((found.ap_lower, found.ap_upper), &found.ap_bootstrap)),
        ("S", (hr11 - 1.0) / (hr10 + hr01 - 2.0), row((found.s_lower, found.s_upper), &found.s_bootstrap)),
    ]
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let number = |k: usize, default| numbers.get(k).copied().unwrap_or(default);
    let (cohorts, persons, replicates) = (number(0, 500), number(1, 2000), number(2, 500));
    let mut settings = ModelSettings::new("Surv(time, event) ~ a * b");
    settings.interactions.push(InteractionRequest { exposure: "a".into(), modifier: "b".into(), at: Vec::new() });
    let (mut covered, mut given) = ([[0u32; 4]; 3], [[0u32; 4]; 3]);
    let (mut apart, mut ratio, mut compared, mut events, mut measures) = ([0.0; 2], 0.0, 0.0, 0, [""; 3]);
    for k in 0..cohorts {
        settings.bootstrap = Some(Plan { replicates: replicates as u32, seed: k as u64 });
        let report = fit_table(&cohort(persons, 1 + k as u64), &settings).expect("a cohort of this size can be fitted");
        events += report.models[0].n_events.unwrap_or(0);
        let found = &report.models[0].interactions[0].reri[0];
        for (m, (name, truth, limits)) in intervals(found).into_iter().enumerate() {
            measures[m] = name;
            for (i, limits) in limits.into_iter().enumerate() {
                if let (Some(lower), Some(upper)) = limits {
                    given[m][i] += 1;
                    covered[m][i] += u32::from(lower <= truth && truth <= upper);
                }
            }
        }
        let b = found.reri_bootstrap.as_ref().expect("a bootstrap");
        let (Some(lower), Some(upper)) = (found.lower, found.upper) else { continue };
        let se = (upper - lower) / (2.0 * 1.959_963_984_540_054);
        compared += 1.0;
        ratio += b.se.unwrap_or(f64::NAN) / se;
        for (side, (ours, delta)) in [(b.normal_lower, lower), (b.normal_upper, upper)].into_iter().enumerate() {
            apart[side] += (ours.unwrap_or(f64::NAN) - delta) / se;
        }
    }
    println!(
        "{cohorts} cohorts of {persons} persons, {} events each, {replicates} replicates",
        events / cohorts as u64
    );
    println!(
        "coverage of 95 % intervals (Monte Carlo error {:.1} points):",
        100.0 * (0.95 * 0.05 / cohorts as f64).sqrt()
    );
    println!("{:6} {:>14} {:>14} {:>14} {:>14}", "", "delta", "percentile", "basic", "normal");
    for m in 0..3 {
        let share =
            |i: usize| format!("{:.1} ({})", 100.0 * f64::from(covered[m][i]) / f64::from(given[m][i]), given[m][i]);
        println!("{:6} {:>14} {:>14} {:>14} {:>14}", measures[m], share(0), share(1), share(2), share(3));
    }
    // The bias and the standard deviation of R replicates are known to se/√R and se/√(2R).
    let error = (1.0 / replicates as f64 + 1.96f64.powi(2) / (2.0 * replicates as f64)).sqrt();
    println!("standard error of RERI, bootstrap over delta: {:.3}", ratio / compared);
    println!(
        "normal bootstrap limits less delta limits, in standard errors: {:+.3} and {:+.3}; Monte Carlo error of one limit {error:.3}",
        apart[0] / compared,
        apart[1] / compared
    );
}
