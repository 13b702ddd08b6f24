//! From a person's levels to the day of the first outpatient contact.

use super::SimulateError;
use super::random::Draws;
use super::truth::{Levels, Truth, VARIABLES};

/// Days in a person-year of the baseline.
const DAYS_PER_YEAR: f64 = 365.25;

/// Log hazard ratios by position and the baseline hazard per day.
pub(super) struct Hazard {
    log_ratios: [Vec<f64>; VARIABLES.len()],
    interactions: Vec<(Vec<(usize, u8)>, f64)>,
    /// (last day of the step, hazard per day); the last step holds for ever.
    steps: Vec<(f64, f64)>,
}

impl Hazard {
    pub(super) fn new(truth: &Truth) -> Result<Hazard, SimulateError> {
        let log_ratios = VARIABLES.map(|(variable, levels)| {
            levels.iter().map(|level| libm::log(truth.hazard_ratio[variable][*level])).collect()
        });
        let interactions = truth
            .interaction
            .iter()
            .map(|i| Ok((i.positions()?, libm::log(i.hazard_ratio))))
            .collect::<Result<_, SimulateError>>()?;
        let per_day = |per_1000_person_years: f64| per_1000_person_years / 1000.0 / DAYS_PER_YEAR;
        let steps = truth.baseline.iter().map(|s| (f64::from(s.until_day), per_day(s.per_1000_person_years))).collect();
        Ok(Hazard { log_ratios, interactions, steps })
    }

    /// The linear predictor: the sum of the log hazard ratios of the person's levels, and of the interactions met.
    pub(super) fn linear_predictor(&self, levels: &Levels) -> f64 {
        let main: f64 = self.log_ratios.iter().zip(levels).map(|(logs, &level)| logs[usize::from(level)]).sum();
        let met = |when: &[(usize, u8)]| when.iter().all(|&(variable, level)| levels[variable] == level);
        let extra: f64 = self.interactions.iter().filter(|(when, _)| met(when)).map(|(_, log)| log).sum();
        main + extra
    }

    /// Days from index to the first contact, 1 or more; `None` beyond `last`.
    ///
    /// ```text
    /// H0(T) exp(η) = E,  E exponential with mean 1;  day = ceil(T)
    /// ```
    ///
    /// H0 is the integral of the baseline steps. A contact at time T of (d−1, d] falls on day d, as a register writes it.
    pub(super) fn day_of_contact(&self, levels: &Levels, last: i32, draws: &mut Draws) -> Option<i32> {
        let mut rest = draws.exponential() / libm::exp(self.linear_predictor(levels));
        let mut start = 0.0;
        let (_, last_rate) = self.steps[self.steps.len() - 1];
        for &(until, rate) in &self.steps {
            let width = until - start;
            if rest <= rate * width {
                return within(start + rest / rate, last);
            }
            rest -= rate * width;
            start = until;
        }
        within(start + rest / last_rate, last)
    }
}

fn within(time: f64, last: i32) -> Option<i32> {
    let day = time.ceil().max(1.0);
    (day <= f64::from(last)).then_some(day as i32)
}

#[cfg(test)]
mod tests {
    use super::super::random::Source;
    use super::*;

    #[test]
    fn linear_predictor_adds_levels_and_interactions() {
        let text = "[[interaction]]\nwhen = { migrant_group = \"south_asia\", sex = \"1\" }\nhazard_ratio = 1.3";
        let hazard = Hazard::new(&Truth::parse(text).unwrap()).unwrap();
        // A South Asian man of 35-44, married, upper secondary, long stay, depression, income of the reference band.
        let man = [7, 1, 2, 0, 0, 0, 0, 3];
        let woman = [7, 0, 2, 0, 0, 0, 0, 3];
        assert!((hazard.linear_predictor(&man) - (0.72f64 * 1.2 * 1.3).ln()).abs() < 1e-14);
        assert!((hazard.linear_predictor(&woman) - 0.72f64.ln()).abs() < 1e-14);
    }

    #[test]
    fn share_with_contact_follows_the_cumulative_hazard() {
        let hazard = Hazard::new(&Truth::default()).unwrap();
        let reference = [0, 0, 2, 0, 0, 0, 0, 3];
        let source = Source::new(11);
        let n = 100_000;
        let contacts =
            (0..n).filter(|&i| hazard.day_of_contact(&reference, 730, &mut source.stream(i)).is_some()).count();
        // H0(730) = (14·60 + 16·110 + 30·160 + 30·150 + 90·110 + 185·75 + 365·50) / 1000 / 365.25 = 0.14764...
        let cumulative =
            (14.0 * 60.0 + 16.0 * 110.0 + 30.0 * 160.0 + 30.0 * 150.0 + 90.0 * 110.0 + 185.0 * 75.0 + 365.0 * 50.0)
                / 365_250.0;
        let expected = 1.0 - f64::exp(-cumulative);
        let share = contacts as f64 / n as f64;
        let sd = (expected * (1.0 - expected) / n as f64).sqrt();
        assert!((share - expected).abs() < 4.0 * sd, "{share} against {expected}");
    }
}
