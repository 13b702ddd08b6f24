//! Errors of standardised risks and mean times where counts are rounded: as long as with the fewest events.
//!
//! A risk rests on the events of its level up to the time, so that its error goes with 1/√events; a difference or ratio
//! rests on those of the reference too, and takes the longer of the two.

use super::Profile;
use super::derived::significant;
use super::rounded_errors::{DIGITS, log_side, side};
use crate::report::{Measure, ModelResult, StandardisedRisks, StandardisedRow};
use std::collections::BTreeMap;

/// Widens the errors of all standardised risks of a model; `events` has every exact count by its name.
pub(super) fn widen(model: &mut ModelResult, events: &BTreeMap<String, u64>, profile: &Profile) {
    let name = model.name.clone();
    for risks in &mut model.standardised {
        let factors: Vec<f64> = risks.rows.iter().map(|row| factor(&name, risks, row, events, profile)).collect();
        let of_reference = |time: f64| {
            let reference = risks.rows.iter().zip(&factors).find(|(row, _)| row.reference && row.time == time);
            reference.map_or(1.0, |(_, factor)| *factor)
        };
        let against: Vec<f64> = risks.rows.iter().zip(&factors).map(|(r, own)| own.max(of_reference(r.time))).collect();
        for ((row, own), both) in risks.rows.iter_mut().zip(&factors).zip(against) {
            row_of(row, *own, both);
        }
    }
}

/// √(events / the fewest events that are shown as they are).
fn factor(
    model: &str,
    risks: &StandardisedRisks,
    row: &StandardisedRow,
    events: &BTreeMap<String, u64>,
    profile: &Profile,
) -> f64 {
    let key = format!("model|{model}|standardised|{}|{}|{}|events", risks.exposure, row.level, row.time);
    let n = events.get(&key).copied().unwrap_or(0);
    let low = profile.range(n).0;
    if low == 0 { 1.0 } else { (n as f64 / low as f64).sqrt() }
}

fn row_of(row: &mut StandardisedRow, own: f64, both: f64) {
    [&mut row.risk, &mut row.restricted_mean].into_iter().for_each(|m| longer(m, own, side));
    let differences = [&mut row.risk_difference, &mut row.restricted_mean_difference];
    differences.into_iter().for_each(|m| longer(m, both, side));
    for ratio in [&mut row.risk_ratio, &mut row.restricted_mean_ratio] {
        longer(ratio, both, |ratio, limit, by| log_side(ratio.map(f64::ln), limit, by));
    }
}

/// A measure with a longer error; `side` moves a limit away from the estimate.
fn longer(of: &mut Measure, factor: f64, side: impl Fn(Option<f64>, Option<f64>, f64) -> Option<f64>) {
    of.se = of.se.map(|se| significant(se * factor, 2));
    let estimate = of.estimate;
    [&mut of.lower, &mut of.upper].into_iter().for_each(|limit| *limit = side(estimate, *limit, factor));
    of.estimate = of.estimate.map(|x| significant(x, DIGITS));
}
