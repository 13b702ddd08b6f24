//! Cumulative incidence of competing causes of one person, from the curves of cause-specific models.
//!
//! ```text
//! F_k(t) = Σ_{u <= t} S(u−) (1 − e^{−ΔΛ(u)}) ΔΛ_k(u) / ΔΛ(u)      ΔΛ = Σ_k ΔΛ_k,  S(t) = exp(−Λ(t)) of all causes together
//! ```
//!
//! With small steps this is Σ S(u−) ΔΛ_k(u); in this form S and all F_k add up to 1. It is what R's `survfit` gives for a
//! multi-state `coxph` (the exponential of the matrix of increments, `stype = 2`).
//!
//! Source: Benichou and Gail (1990), Biometrics 46:813-826; Andersen, Borgan, Gill, Keiding (1993),
//! Statistical Models Based on Counting Processes, VII.2.3, doi 10.1007/978-1-4612-4348-9.

use super::baseline::Curve;

/// Probabilities of one person along time: step functions that are 1 (free of all events) and 0 (had it) before the first
/// time.
#[derive(Debug, Clone, PartialEq)]
pub struct CauseIncidence {
    /// Distinct event times of all causes, increasing.
    pub time: Vec<f64>,
    /// Probability of having had no event.
    pub survival: Vec<f64>,
    /// For each cause, in the order given, the probability of having had it first: one number per time.
    pub incidence: Vec<Vec<f64>>,
}

/// The cumulative incidence of every cause, from the same person's curve in the cause-specific model of each.
///
/// The models must be of the same records, each with its own cause as the event and all others censored, and together they must
/// be all causes: a cause that is left out counts as censoring.
pub fn cause_incidence(causes: &[Curve]) -> CauseIncidence {
    let mut time: Vec<f64> = causes.iter().flat_map(|c| c.time.iter().copied()).collect();
    time.sort_by(f64::total_cmp);
    time.dedup();
    let n = time.len();
    let mut found =
        CauseIncidence { time, survival: Vec::with_capacity(n), incidence: vec![Vec::with_capacity(n); causes.len()] };
    let (mut next, mut so_far) = (vec![0; causes.len()], vec![0.0; causes.len()]);
    let mut total_hazard = 0.0;
    for t in &found.time {
        let steps: Vec<f64> = causes.iter().zip(&mut next).map(|(curve, place)| increment(curve, place, *t)).collect();
        let step: f64 = steps.iter().sum();
        let share = if step > 0.0 { libm::exp(-total_hazard) * -libm::expm1(-step) / step } else { 0.0 };
        total_hazard += step;
        found.survival.push(libm::exp(-total_hazard));
        for ((sum, values), step) in so_far.iter_mut().zip(&mut found.incidence).zip(steps) {
            *sum += share * step;
            values.push(*sum);
        }
    }
    found
}

/// What a cause's cumulative hazard adds at `time`; `place` is its first event time not yet passed.
fn increment(curve: &Curve, place: &mut usize, time: f64) -> f64 {
    if curve.time.get(*place) != Some(&time) {
        return 0.0;
    }
    let before = place.checked_sub(1).map_or(0.0, |k| curve.cumulative_hazard[k]);
    *place += 1;
    curve.cumulative_hazard[*place - 1] - before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(time: &[f64], cumulative_hazard: &[f64]) -> Curve {
        Curve {
            time: time.to_vec(),
            n_events: vec![1; time.len()],
            event_weight: vec![1.0; time.len()],
            cumulative_hazard: cumulative_hazard.to_vec(),
            standard_error: vec![0.0; time.len()],
            survival: cumulative_hazard.iter().map(|h| (-h).exp()).collect(),
        }
    }

    #[test]
    fn one_cause_is_one_minus_survival() {
        let alone = curve(&[1.0, 3.0], &[0.2, 0.7]);
        let found = cause_incidence(std::slice::from_ref(&alone));
        for (incidence, survival) in found.incidence[0].iter().zip(&alone.survival) {
            assert!((incidence - (1.0 - survival)).abs() < 1e-15);
        }
    }

    #[test]
    fn tied_causes_share_what_happens() {
        // At 2 both: hazards 0.3 and 0.1 share S(2−) − S(2) as 3 to 1.
        let found = cause_incidence(&[curve(&[2.0], &[0.3]), curve(&[1.0, 2.0], &[0.5, 0.6])]);
        assert_eq!(found.time, [1.0, 2.0]);
        let at_two = (-0.5_f64).exp() - (-0.9_f64).exp();
        assert!((found.incidence[0][1] - 0.75 * at_two).abs() < 1e-15 && found.incidence[0][0] == 0.0);
        let sum = found.survival[1] + found.incidence[0][1] + found.incidence[1][1];
        assert!((sum - 1.0).abs() < 1e-15);
    }
}
