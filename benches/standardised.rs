//! Do the intervals of standardised risks and restricted mean times hold what they promise? Simulated cohorts with a
//! confounded exposure and known truth, followed from day 0 and with late entry.
//!
//! ```text
//! cargo bench --bench standardised -- [cohorts=1000] [persons=1000]
//! ```
//!
//! Prints how often each 95 % interval covers the truth, with the Monte Carlo error of that share, and the mean standard
//! error over the standard deviation of the estimates.

mod random;

use cohort::inference::standardise::Covariates;
use cohort::pipeline::{ModelSettings, StandardiseRequest, fit_table};
use cohort::report::{Measure, StandardisedRow};
use cohort::table::{Codes, Column, ColumnData, Factor, Table};
use random::Random;

/// Log hazard ratios of the exposure and of the two other levels of the confounder, and the daily hazard of the rest.
const EXPOSURE: f64 = 0.6;
const CONFOUNDER: [f64; 3] = [0.0, 0.5, 1.2];
const HAZARD: f64 = 0.000_35;
/// How many have each level of the confounder, and how many of them are exposed.
const SHARE: [f64; 3] = [0.5, 0.3, 0.2];
const EXPOSED: [f64; 3] = [0.3, 0.45, 0.6];
/// Follow-up ends here; risks and mean times are those by these days.
const END: i32 = 1000;
const TIMES: [f64; 2] = [365.0, 900.0];
/// With late entry people come in on one of these many days, if they are still free of the event.
const LATE: u32 = 300;

/// A level, each as frequent as its share.
fn level(random: &mut Random, shares: &[f64]) -> usize {
    let mut u = random.unit();
    let found = shares.iter().position(|share| {
        u -= share;
        u < 0.0
    });
    found.unwrap_or(shares.len() - 1)
}

fn hazard(exposed: usize, confounder: usize) -> f64 {
    HAZARD * (EXPOSURE * exposed as f64 + CONFOUNDER[confounder]).exp()
}

/// `persons` who entered.
fn cohort(persons: usize, late: bool, seed: u64) -> Table {
    let mut random = Random(seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
    let (mut a, mut b, mut entry, mut time, mut event) = (vec![], vec![], vec![], vec![], vec![]);
    while a.len() < persons {
        let confounder = level(&mut random, &SHARE);
        let exposed = usize::from(random.unit() < EXPOSED[confounder]);
        let day = (-(1.0 - random.unit()).ln() / hazard(exposed, confounder)).ceil();
        let from = if late { f64::from((random.unit() * f64::from(LATE)) as u32) } else { 0.0 };
        // Who has had the event does not come in.
        if day > from {
            a.push(Some(exposed as u32));
            b.push(Some(confounder as u32));
            entry.push(from as i32);
            time.push(day.min(f64::from(END)) as i32);
            event.push(Some(day <= f64::from(END)));
        }
    }
    let factor = |codes: Vec<Option<u32>>, n: usize| {
        let levels: Vec<String> = (0..n).map(|level| level.to_string()).collect();
        ColumnData::Factor(Factor { codes: Codes::pack(codes, n), labels: levels.clone(), levels, declared: true })
    };
    let column = |name: &str, data| Column { name: name.into(), label: name.into(), data };
    Table::new(vec![
        column("a", factor(a, 2)),
        column("b", factor(b, 3)),
        column("entry", ColumnData::Whole(entry)),
        column("time", ColumnData::Whole(time)),
        column("event", ColumnData::Logical(event)),
    ])
}

/// Shares of the confounder among those who enter: with late entry those at high risk are fewer.
fn shares(late: bool) -> [f64; 3] {
    let free = |h: f64| (0..LATE).map(|day| (-h * f64::from(day)).exp()).sum::<f64>() / f64::from(LATE);
    let entering = |b: usize| {
        let exposed = EXPOSED[b] * free(hazard(1, b)) + (1.0 - EXPOSED[b]) * free(hazard(0, b));
        SHARE[b] * if late { exposed } else { 1.0 }
    };
    let all: f64 = (0..3).map(entering).sum();
    [0, 1, 2].map(|b| entering(b) / all)
}

/// How people come in, and the day from which they are followed.
#[derive(Clone, Copy)]
struct Scenario {
    late: bool,
    from: f64,
    name: &'static str,
}

/// With late entry few are at risk in the first days: three a day come in, so one event there weighs much.
const SCENARIOS: [Scenario; 3] = [
    Scenario { late: false, from: 0.0, name: "everybody from day 0" },
    Scenario { late: true, from: 0.0, name: "late entry, uniform over 300 days, followed from day 0" },
    Scenario { late: true, from: 30.0, name: "late entry, uniform over 300 days, followed from day 30" },
];

/// Risk by a day and mean time up to it, with everybody at a level of the exposure. An event within a day is counted at its
/// end, so that survival is constant within days.
fn truth(exposed: usize, by: f64, scenario: Scenario) -> [f64; 2] {
    let of = |(b, share): (usize, f64)| {
        let h = hazard(exposed, b);
        let event = 1.0 - (-h * (by - scenario.from)).exp();
        [share * event, share * event / (1.0 - (-h).exp())]
    };
    shares(scenario.late).into_iter().enumerate().map(of).fold([0.0; 2], |sum, x| [sum[0] + x[0], sum[1] + x[1]])
}

const MEASURES: [&str; 8] = [
    "risk, unexposed",
    "risk, exposed",
    "risk difference",
    "risk ratio",
    "mean time, unexposed",
    "mean time, exposed",
    "mean time difference",
    "mean time ratio",
];

fn truths(by: f64, scenario: Scenario) -> [f64; 8] {
    let ([risk0, mean0], [risk1, mean1]) = (truth(0, by, scenario), truth(1, by, scenario));
    [risk0, risk1, risk1 - risk0, risk1 / risk0, mean0, mean1, mean1 - mean0, mean1 / mean0]
}

fn measures(rows: &[StandardisedRow], by: f64) -> [Measure; 8] {
    let at = |level: &str| rows.iter().find(|r| r.time == by && r.level == level).expect("both levels at every time");
    let (none, all) = (at("0"), at("1"));
    [
        none.risk,
        all.risk,
        all.risk_difference,
        all.risk_ratio,
        none.restricted_mean,
        all.restricted_mean,
        all.restricted_mean_difference,
        all.restricted_mean_ratio,
    ]
}

/// What the cohorts said of one measure.
#[derive(Default, Clone, Copy)]
struct Tally {
    covered: u32,
    given: u32,
    sum: f64,
    squares: f64,
    se: f64,
}

impl Tally {
    /// `scale` is the one on which the standard error is: the logarithm of ratios.
    fn add(&mut self, found: &Measure, truth: f64, scale: fn(f64) -> f64) {
        let (Some(estimate), Some(se)) = (found.estimate, found.se) else { return };
        let (Some(lower), Some(upper)) = (found.lower, found.upper) else { return };
        self.given += 1;
        self.covered += u32::from(lower <= truth && truth <= upper);
        let distance = scale(estimate) - scale(truth);
        (self.sum, self.squares, self.se) = (self.sum + distance, self.squares + distance * distance, self.se + se);
    }

    fn line(&self) -> String {
        let n = f64::from(self.given);
        let mean = self.sum / n;
        let sd = ((self.squares - n * mean * mean) / (n - 1.0)).sqrt();
        let share = 100.0 * f64::from(self.covered) / n;
        format!("{share:6.1} {:10.3} {:+10.3} {:8}", self.se / n / sd, mean / sd, self.given)
    }
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let number = |k: usize, default| numbers.get(k).copied().unwrap_or(default);
    let (cohorts, persons) = (number(0, 1000), number(1, 1000));
    let error = 100.0 * (0.95 * 0.05 / cohorts as f64).sqrt();
    println!("{cohorts} cohorts of {persons} persons; Monte Carlo error of a coverage {error:.1} points");
    for scenario in SCENARIOS {
        let Scenario { late, from, name } = scenario;
        let formula = if late { "Surv(entry, time, event) ~ a + b" } else { "Surv(time, event) ~ a + b" };
        let mut settings = ModelSettings::new(formula);
        settings.predictions.standardised.push(StandardiseRequest {
            exposure: "a".into(),
            times: TIMES.to_vec(),
            from: Some(from),
            covariates: Covariates::Sampled,
        });
        let (mut tallies, mut events) = ([[Tally::default(); 8]; 2], 0);
        for k in 0..cohorts {
            let report = fit_table(&cohort(persons, late, 1 + k as u64), &settings).expect("a cohort can be fitted");
            events += report.models[0].n_events.unwrap_or(0);
            let rows = &report.models[0].standardised[0].rows;
            for (tallies, by) in tallies.iter_mut().zip(TIMES) {
                for (m, (found, truth)) in measures(rows, by).iter().zip(truths(by, scenario)).enumerate() {
                    let scale: fn(f64) -> f64 = if m % 4 == 3 { f64::ln } else { |x| x };
                    tallies[m].add(found, truth, scale);
                }
            }
        }
        println!("\n{name}; {} events a cohort", events / cohorts as u64);
        println!("{:30} {:>10} {:>6} {:>10} {:>10} {:>8}", "", "truth", "cover", "SE/SD", "bias/SD", "cohorts");
        for (tallies, by) in tallies.iter().zip(TIMES) {
            for ((name, tally), truth) in MEASURES.iter().zip(tallies).zip(truths(by, scenario)) {
                println!("{:30} {truth:10.4} {}", format!("{name}, day {by}"), tally.line());
            }
        }
    }
}
