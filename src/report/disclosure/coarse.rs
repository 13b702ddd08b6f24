//! Curves with fewer steps: what a step may show.
//!
//! A curve with a step for every event shows every event. Of an exported curve those steps are left by which at least the
//! threshold of events have come together, since the step before and until the next shown time; probabilities stand on a
//! grid whose steps are at least the threshold of people. The rule of OpenSAFELY's curves, which step where rounded
//! numbers of events do: <https://docs.opensafely.org/outputs/sdc/>, gh:opensafely-actions/kaplan-meier-function.

use super::Profile;
use super::derived::significant;
use crate::report::Report;

/// Every time at which some figure or table of the run shows numbers: steps never come so near to one that few events lie
/// between.
pub(super) fn shown_times(report: &Report) -> Vec<f64> {
    let of_models = report.models.iter().flat_map(|m| {
        let curves = m.curves.iter().flat_map(|c| &c.times).filter(|p| !p.hidden).map(|p| p.time);
        curves.chain(m.standardised.iter().flat_map(|s| &s.rows).filter(|r| !r.hidden).map(|r| r.time))
    });
    let of_groups = report.descriptions.iter().flat_map(|d| &d.groups).flat_map(|g| {
        let causes = g.incidence.iter().flat_map(|c| &c.points);
        g.survival.iter().chain(causes).map(|p| p.time)
    });
    let mut times: Vec<f64> = of_models.chain(of_groups).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// The steps that stay: indices into `times`, at each of which `events` happen. Between two of them, and between one and a
/// time of `shown`, lie none or at least `least` events.
pub(super) fn steps(times: &[f64], events: &[u64], shown: &[f64], least: u64) -> Vec<usize> {
    let mut kept = Vec::new();
    let segment_of = |time: f64| shown.partition_point(|s| *s < time);
    let mut at = 0;
    while at < times.len() {
        let segment = segment_of(times[at]);
        let end = (at..times.len()).find(|&k| segment_of(times[k]) != segment).unwrap_or(times.len());
        let mut since = 0;
        let first = kept.len();
        for (k, n) in events.iter().enumerate().take(end).skip(at) {
            since += n;
            if since >= least && *n > 0 {
                kept.push(k);
                since = 0;
            }
        }
        // What is left until the next shown time would be few.
        if since > 0 && kept.len() > first {
            kept.pop();
        }
        at = end;
    }
    // So would what is left after the last step.
    while let Some(&last) = kept.last() {
        let rest: u64 = events[last + 1..].iter().sum();
        if rest == 0 || rest >= least {
            break;
        }
        kept.pop();
    }
    kept
}

/// The values that a probability of some people may be shown as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid(Option<f64>);

/// Above this step a probability says nothing.
const COARSEST: f64 = 0.2;

impl Grid {
    /// Steps of 1, 2 or 5 of a decimal place such that one is at least the threshold of `n` people; none of a group so small
    /// that this is more than a fifth.
    pub(super) fn of(n: u64, profile: &Profile) -> Grid {
        let people = profile.threshold.max(profile.rounding.step()).max(1) as f64;
        let least = (people / n.max(1) as f64).max(1e-8);
        let place = least.log10().floor() as i32;
        // From its decimal text, so that 5e-6 is that on every machine.
        let mut steps = [1, 2, 5, 10].into_iter().filter_map(|k| format!("{k}e{place}").parse::<f64>().ok());
        let step = steps.find(|step| *step > least - 1e-12);
        Grid(step.filter(|step| *step < COARSEST + 1e-12))
    }

    /// The nearest value.
    pub(super) fn nearest(self, x: f64) -> Option<f64> {
        self.on(x, f64::round)
    }

    /// Limits as the values outside them, so that the interval covers no less.
    pub(super) fn outward(self, lower: Option<f64>, upper: Option<f64>) -> (Option<f64>, Option<f64>) {
        let (down, up) = (|x| self.on(x, f64::floor), |x| self.on(x, f64::ceil));
        (lower.and_then(down), upper.and_then(up))
    }

    fn on(self, x: f64, round: fn(f64) -> f64) -> Option<f64> {
        let step = self.0?;
        // A value of the grid stays, whatever its last digit.
        let places = x / step;
        let whole = if (places - places.round()).abs() < 1e-9 { places.round() } else { round(places) };
        format!("{:.9}", whole * step).parse().ok()
    }
}

/// A standard error with so few digits that it does not give the number at risk back.
pub(super) fn error(se: Option<f64>) -> Option<f64> {
    se.map(|se| significant(se, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_gather_events() {
        let times: Vec<f64> = (1..=8).map(f64::from).collect();
        assert_eq!(steps(&times, &[1; 8], &[], 3), [2]);
        assert_eq!(steps(&times, &[1, 1, 1, 1, 1, 1, 0, 0], &[], 3), [2, 5]);
        // One event after the second full step: it would show until the end.
        assert_eq!(steps(&times, &[1, 1, 1, 1, 1, 1, 1, 0], &[], 3), [2]);
        // A number is shown at time 4: one event lies between the step at 3 and it.
        assert_eq!(steps(&times, &[1; 8], &[4.0], 3), [0_usize; 0]);
        assert_eq!(steps(&times, &[9, 0, 0, 4, 4, 1, 1, 0], &[4.0], 3), [0, 3]);
        assert_eq!(steps(&[], &[], &[], 3), [0_usize; 0]);
    }

    #[test]
    fn a_step_of_the_grid_is_at_least_the_threshold_of_people() {
        let profile = Profile::named("dk-dst").unwrap();
        let of = |n: u64| Grid::of(n, &profile);
        let steps = [20, 25, 40, 333, 500, 1_002_456].map(|n| of(n).0);
        assert_eq!(steps, [None, Some(0.2), Some(0.2), Some(0.02), Some(0.01), Some(0.000_005)]);
        assert_eq!(
            (of(333).nearest(0.917), of(333).outward(Some(0.881), Some(0.94))),
            (Some(0.92), (Some(0.88), Some(0.94)))
        );
        assert_eq!(of(20).nearest(0.5), None);
    }
}
