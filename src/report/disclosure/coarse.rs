//! Curves with fewer steps: what a step may show.
//!
//! A curve with a step for every event shows every event. Of an exported curve those steps are left by which at least the
//! threshold of events have come together, since the step before and until the next shown time; probabilities have as many
//! decimals as do not tell fewer people than the threshold apart. The rule of OpenSAFELY's curves, which step where rounded
//! numbers of events do: <https://docs.opensafely.org/outputs/sdc/>, gh:opensafely-actions/kaplan-meier-function.

use super::Profile;
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
        g.survival.iter().chain(causes).filter(|p| !p.hidden).map(|p| p.time)
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

/// Decimals of a probability of `n` people such that one unit of the last one is at least the threshold of them.
pub(super) fn decimals(n: u64, profile: &Profile) -> i32 {
    let apart = n as f64 / profile.threshold.max(1) as f64;
    (apart.max(10.0).log10().floor() as i32).min(8)
}

/// A number with so many decimals.
pub(super) fn with_decimals(x: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (x * scale).round() / scale
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
    fn decimals_tell_no_fewer_than_the_threshold_apart() {
        let profile = Profile::named("dk-dst").unwrap();
        assert_eq!([40, 499, 500, 1_002_456].map(|n| decimals(n, &profile)), [1, 1, 2, 5]);
        assert_eq!(with_decimals(0.123456, 2), 0.12);
    }
}
