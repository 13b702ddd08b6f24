//! Step functions of time: limits of a survival probability, values at given times, quantiles.
//!
//! Shared by every curve, whether it comes from records (Kaplan-Meier, cumulative incidence) or from a model.

use crate::inference::hypothesis::normal_quantile;
use libm::{asin, exp, log, sin, sqrt};

/// How close a step function must come to a probability to count as being at it: R's `sqrt(.Machine$double.eps)`.
const QUANTILE_TOLERANCE: f64 = 1.490_116_119_384_765_6e-8;

/// The scale on which the limits of a probability are symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IntervalScale {
    /// p itself, cut off at 0 and 1.
    Plain,
    /// ln p, cut off at 1 above.
    #[default]
    Log,
    /// ln(−ln p).
    LogLog,
    /// ln(p/(1 − p)).
    Logit,
    /// arcsin √p.
    ArcSine,
}

impl IntervalScale {
    /// Limits of probability `p` at confidence `level` (0.95); `se` is the standard error of ln p, which is that of p
    /// divided by p.
    ///
    /// ```text
    /// plain      p ± z p se                          log      p exp(± z se)
    /// log-log    p^exp(± z se / ln p)                logit    expit(logit p ± z se/(1 − p))
    /// arcsine    sin²(arcsin √p ± ½ z se √(p/(1 − p)))
    /// ```
    ///
    /// NaN where p is 0, and where the scale has no room at p = 1 (log-log, logit, arcsine). Source: `survfit` of R's
    /// survival package; Kalbfleisch and Prentice (2002), doi 10.1002/9781118032985.
    pub fn limits(self, p: f64, se: f64, level: f64) -> (f64, f64) {
        if p.is_nan() || se.is_nan() || p <= 0.0 {
            return (f64::NAN, f64::NAN);
        }
        let width = normal_quantile(0.5 + level / 2.0) * se;
        match self {
            IntervalScale::Plain => ((p - p * width).max(0.0), (p + p * width).min(1.0)),
            IntervalScale::Log => (p * exp(-width), (p * exp(width)).min(1.0)),
            _ if p >= 1.0 => (f64::NAN, f64::NAN),
            IntervalScale::LogLog => {
                let (middle, width) = (log(-log(p)), width / log(p));
                (exp(-exp(middle - width)), exp(-exp(middle + width)))
            }
            IntervalScale::Logit => {
                let (middle, width) = (log(p / (1.0 - p)), width / (1.0 - p));
                let expit = |x: f64| 1.0 - 1.0 / (1.0 + exp(x));
                (expit(middle - width), expit(middle + width))
            }
            IntervalScale::ArcSine => {
                let (middle, width) = (asin(sqrt(p)), 0.5 * width * sqrt(p / (1.0 - p)));
                let square = |x: f64| sin(x) * sin(x);
                (square((middle - width).max(0.0)), square((middle + width).min(std::f64::consts::FRAC_PI_2)))
            }
        }
    }

    /// What the methods paragraph calls it.
    pub fn name(self) -> &'static str {
        match self {
            IntervalScale::Plain => "plain",
            IntervalScale::Log => "log",
            IntervalScale::LogLog => "log-log",
            IntervalScale::Logit => "logit",
            IntervalScale::ArcSine => "arcsine",
        }
    }
}

/// The index of the last of the ascending `times` at or before `time`; `None` before the first.
pub fn step_at(times: &[f64], time: f64) -> Option<usize> {
    times.partition_point(|t| *t <= time).checked_sub(1)
}

/// The value of a step function at `time`: `before` up to the first of the ascending `times`, then `values[k]` from
/// `times[k]` on.
pub fn value_at(times: &[f64], values: &[f64], time: f64, before: f64) -> f64 {
    step_at(times, time).map_or(before, |k| values[k])
}

/// The time by which a share `p` has had the event: the first time at which `curve` (a survival curve, or one of its
/// limits) is at or below 1 − p, NaN when it never is. The curve starts at 1 at time `origin`.
///
/// Where the curve is flat at exactly 1 − p, the middle of the flat piece (to the last time when it is the last piece).
/// A limit may rise again, with delayed entry or few at risk: then the time counts at which it is closest below 1 − p
/// (R's rule). NaN in a curve is passed over. Source: `quantile.survfit` of R's survival package; Brookmeyer and Crowley (1982),
/// Biometrics 38:29-41, doi 10.2307/2530286, for the limits.
pub fn quantile(times: &[f64], curve: &[f64], p: f64, origin: f64) -> f64 {
    if p <= 0.0 {
        return origin;
    }
    let reaches = |share: f64| {
        let below = (0..curve.len()).filter(|k| 1.0 - curve[*k] >= share);
        below.min_by(|j, k| curve[*k].total_cmp(&curve[*j])).map(|k| times[k])
    };
    let Some(first) = reaches(p - QUANTILE_TOLERANCE) else { return f64::NAN };
    match (reaches(p + QUANTILE_TOLERANCE), curve.last(), times.last()) {
        (Some(next), _, _) => (first + next) / 2.0,
        (None, Some(end), Some(last)) if ((1.0 - end) - p).abs() < QUANTILE_TOLERANCE => (first + last) / 2.0,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: (f64, f64), expected: (f64, f64)) {
        assert!(
            (found.0 - expected.0).abs() < 1e-14 && (found.1 - expected.1).abs() < 1e-14,
            "{found:?} instead of {expected:?}"
        );
    }

    // Three scales at p = 1/2, se = 0.2 and z = 1.959963984540054, worked out from their definitions.
    #[test]
    fn limits_are_symmetric_on_their_scale() {
        let level = 0.95;
        let width = 1.959963984540054 * 0.2;
        close(IntervalScale::Plain.limits(0.5, 0.2, level), (0.5 - 0.5 * width, 0.5 + 0.5 * width));
        close(IntervalScale::Log.limits(0.5, 0.2, level), (0.5 * (-width).exp(), 0.5 * width.exp()));
        let (lower, upper) = IntervalScale::LogLog.limits(0.5, 0.2, level);
        let middle = ((-lower.ln()).ln() + (-upper.ln()).ln()) / 2.0;
        assert!((middle - std::f64::consts::LN_2.ln()).abs() < 1e-14 && lower < 0.5 && upper > 0.5);
        let (lower, upper) = IntervalScale::Logit.limits(0.5, 0.2, level);
        assert!((lower + upper - 1.0).abs() < 1e-14 && lower < 0.5);
        let (lower, upper) = IntervalScale::ArcSine.limits(0.5, 0.2, level);
        assert!((lower + upper - 1.0).abs() < 1e-14 && lower < 0.5);
    }

    #[test]
    fn nothing_is_said_where_a_scale_ends() {
        assert!(IntervalScale::Log.limits(0.0, 0.0, 0.95).0.is_nan());
        assert!(IntervalScale::LogLog.limits(1.0, 0.0, 0.95).0.is_nan());
        assert_eq!(IntervalScale::Log.limits(1.0, 0.0, 0.95), (1.0, 1.0));
        assert_eq!(IntervalScale::Plain.limits(0.9, 0.5, 0.95).1, 1.0);
    }

    #[test]
    fn a_quantile_on_a_flat_piece_is_its_middle() {
        let (times, curve) = ([1.0, 2.0, 4.0, 7.0], [0.75, 0.5, 0.25, 0.25]);
        assert_eq!(quantile(&times, &curve, 0.5, 0.0), 3.0);
        assert_eq!(quantile(&times, &curve, 0.6, 0.0), 4.0);
        assert_eq!(quantile(&times, &curve, 0.75, 0.0), 5.5, "flat to the last time");
        assert!(quantile(&times, &curve, 0.8, 0.0).is_nan());
        assert_eq!(quantile(&times, &curve, 0.0, 0.0), 0.0);
    }

    #[test]
    fn a_limit_that_rises_again_counts_where_it_is_closest() {
        assert_eq!(quantile(&[5.0, 12.0, 16.0], &[0.51, 0.76, 0.7], 0.25, 0.0), 16.0);
    }

    #[test]
    fn values_hold_from_their_time_on() {
        let (times, values) = ([1.0, 2.0], [0.5, 0.25]);
        assert_eq!([0.9, 1.0, 1.5, 9.0].map(|t| value_at(&times, &values, t, 1.0)), [1.0, 0.5, 0.5, 0.25]);
    }
}
