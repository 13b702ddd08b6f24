//! Rates and rate ratios of Poisson counts.

use crate::inference::hypothesis::{beta_quantile, gamma_quantile, normal_quantile, normal_two_sided};
use libm::{exp, lgamma, log, log1p, sqrt};
use statrs::function::beta::beta_reg;

/// A rate with its intervals, all per the same amount of person-time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// events / person-time; NaN without person-time.
    pub rate: f64,
    /// Exact Poisson limits.
    pub exact: (f64, f64),
    /// Limits of the normal approximation to the logarithm; NaN without events.
    pub log_normal: (f64, f64),
}

/// The rate of `events` in `person_time`, per `per` units of it, with intervals at confidence `level` (0.95).
///
/// ```text
/// exact:       qgamma(α/2, d) / T  to  qgamma(1 − α/2, d + 1) / T        d events, T person-time; 0 below without events
/// log-normal:  (d/T) exp(± z / √d)
/// ```
///
/// Source: Garwood (1936), Biometrika 28:437-442, doi 10.1093/biomet/28.3-4.437.
pub fn rate(events: u64, person_time: f64, per: f64, level: f64) -> Rate {
    if person_time.is_nan() || person_time <= 0.0 {
        return Rate { rate: f64::NAN, exact: (f64::NAN, f64::NAN), log_normal: (f64::NAN, f64::NAN) };
    }
    let d = events as f64;
    let tail = (1.0 - level) / 2.0;
    let scale = per / person_time;
    let lower = if events == 0 { 0.0 } else { gamma_quantile(tail, d) };
    let upper = gamma_quantile(1.0 - tail, d + 1.0);
    let factor = exp(normal_quantile(0.5 + level / 2.0) / sqrt(d));
    let log_normal = if events == 0 { (f64::NAN, f64::NAN) } else { (d * scale / factor, d * scale * factor) };
    Rate { rate: d * scale, exact: (lower * scale, upper * scale), log_normal }
}

/// Two rates compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRatio {
    /// First rate over second.
    pub ratio: f64,
    /// Limits of the normal approximation to the logarithm.
    pub wald: (f64, f64),
    /// Its two-sided P value.
    pub wald_p: f64,
    /// Exact limits, from the binomial distribution of the first count given the sum; NaN without events.
    pub exact: (f64, f64),
    /// Exact two-sided P value, by the outcomes that are no more likely than the one seen; NaN without events.
    pub exact_p: f64,
    /// First rate minus second, per unit of person-time.
    pub difference: f64,
    /// Its limits by the normal approximation.
    pub difference_limits: (f64, f64),
}

/// The rate of `events[0]` in `person_time[0]` against that of `events[1]` in `person_time[1]`.
///
/// Source: R's `poisson.test` and `binom.test` for the exact part; Wald: var ln ratio = 1/d₁ + 1/d₀.
pub fn rate_ratio(events: [u64; 2], person_time: [f64; 2], level: f64) -> RateRatio {
    let [d1, d0] = events.map(|e| e as f64);
    let [t1, t0] = person_time;
    let z = normal_quantile(0.5 + level / 2.0);
    let ratio = (d1 / t1) / (d0 / t0);
    let se = sqrt(1.0 / d1 + 1.0 / d0);
    let difference = d1 / t1 - d0 / t0;
    let difference_se = sqrt(d1 / (t1 * t1) + d0 / (t0 * t0));
    let [x, n] = [events[0], events[0] + events[1]];
    let odds = |share: f64| share / (1.0 - share) * t0 / t1;
    let exact = if n == 0 {
        (f64::NAN, f64::NAN)
    } else {
        let (lower, upper) = binomial_limits(x, n, level);
        (odds(lower), odds(upper))
    };
    RateRatio {
        ratio,
        wald: (ratio * exp(-z * se), ratio * exp(z * se)),
        wald_p: normal_two_sided(log(ratio) / se),
        exact,
        exact_p: if n == 0 { f64::NAN } else { binomial_p(x, n, t1 / (t1 + t0)) },
        difference,
        difference_limits: (difference - z * difference_se, difference + z * difference_se),
    }
}

/// Clopper-Pearson limits of a share of `x` in `n`.
fn binomial_limits(x: u64, n: u64, level: f64) -> (f64, f64) {
    let tail = (1.0 - level) / 2.0;
    let (x, n) = (x as f64, n as f64);
    let lower = if x == 0.0 { 0.0 } else { beta_quantile(tail, x, n - x + 1.0) };
    let upper = if x == n { 1.0 } else { 1.0 - beta_quantile(tail, n - x, x + 1.0) };
    (lower, upper)
}

/// Two-sided binomial test of `x` in `n` against share `p`: the sum over all outcomes no more likely than `x`.
fn binomial_p(x: u64, n: u64, p: f64) -> f64 {
    /// Two outcomes whose probabilities differ by less than this count as equally likely (R's `binom.test`).
    const SLACK: f64 = 1.0 + 1e-7;
    let mean = n as f64 * p;
    let xf = x as f64;
    if xf == mean {
        return 1.0;
    }
    let as_rare = log_binomial(x, n, p) + log(SLACK);
    let rare = |i: &u64| log_binomial(*i, n, p) <= as_rare;
    if xf < mean {
        let other = (mean.ceil() as u64..=n).filter(rare).count() as u64;
        at_most(Some(x), n, p) + above(n.checked_sub(other), n, p)
    } else {
        let other = (0..=mean.floor() as u64).filter(rare).count() as u64;
        at_most(other.checked_sub(1), n, p) + above(x.checked_sub(1), n, p)
    }
}

/// ln P(X = i) for a binomial X.
fn log_binomial(i: u64, n: u64, p: f64) -> f64 {
    let (i, n) = (i as f64, n as f64);
    let ways = lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0);
    ways + if i > 0.0 { i * log(p) } else { 0.0 } + if n > i { (n - i) * log1p(-p) } else { 0.0 }
}

/// P(X <= k); `None` stands for −1.
fn at_most(k: Option<u64>, n: u64, p: f64) -> f64 {
    match k {
        None => 0.0,
        Some(k) if k >= n => 1.0,
        Some(k) => beta_reg((n - k) as f64, k as f64 + 1.0, 1.0 - p),
    }
}

/// P(X > k); `None` stands for −1.
fn above(k: Option<u64>, n: u64, p: f64) -> f64 {
    match k {
        None => 1.0,
        Some(k) if k >= n => 0.0,
        Some(k) => beta_reg(k as f64 + 1.0, (n - k) as f64, p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_events_have_an_upper_limit_only() {
        let r = rate(0, 60.0, 1000.0, 0.95);
        // −ln(0.025) events per 60.
        assert!((r.exact.1 - 3.688879454113936 * 1000.0 / 60.0).abs() < 1e-10, "{r:?}");
        assert_eq!((r.rate, r.exact.0), (0.0, 0.0));
        assert!(r.log_normal.0.is_nan());
        assert!(rate(3, 0.0, 1.0, 0.95).rate.is_nan());
    }

    #[test]
    fn equal_rates_have_a_p_value_of_one() {
        let r = rate_ratio([5, 5], [10.0, 10.0], 0.95);
        assert_eq!((r.ratio, r.exact_p), (1.0, 1.0));
        assert!((r.wald_p - 1.0).abs() < 1e-15);
        assert!(rate_ratio([0, 0], [1.0, 1.0], 0.95).exact_p.is_nan());
    }
}
