//! Standardised rates: direct, with the weights of a standard population; indirect, against expected events (SIR, SMR).

use super::bands::PersonTime;
use crate::inference::hypothesis::{gamma_quantile, normal_quantile};
use libm::{exp, log, sqrt};
use statrs::function::gamma::{gamma_lr, gamma_ur};

/// A directly standardised rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StandardisedRate {
    /// Σ w d/T / Σ w; NaN where a stratum with weight has no person-time.
    pub rate: f64,
    /// Its standard error.
    pub se: f64,
    /// Limits from the gamma distribution; with one stratum the exact Poisson limits.
    pub limits: (f64, f64),
    /// Strata that have weight in the standard but no person-time here: with any, there is no rate.
    pub n_empty: usize,
    /// Standard error of the logarithm of the rate; for ratios.
    pub log_se: f64,
}

/// The rate of strata with events d and person-time T, standardised to weights w, per `per` units of person-time.
///
/// ```text
/// y = Σ w d/T,   v = Σ w² d/T²,   m = max w/T        w scaled to add up to 1
/// lower = v/y · qgamma(α/2, y²/v)                    upper = (v + m²)/(y + m) · qgamma(1 − α/2, (y + m)²/(v + m²))
/// ```
///
/// `strata` and `weights` have one length; weights are not negative. Source: Fay and Feuer (1997), Stat. Med. 16:791-801,
/// doi 10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#.
pub fn standardised_rate(strata: &[PersonTime], weights: &[f64], per: f64, level: f64) -> StandardisedRate {
    let total: f64 = weights.iter().sum();
    let used = || strata.iter().zip(weights).filter(|(_, w)| **w > 0.0);
    let n_empty = used().filter(|(s, _)| s.person_time <= 0.0).count();
    if n_empty > 0 || total <= 0.0 {
        let nan = f64::NAN;
        return StandardisedRate { rate: nan, se: nan, limits: (nan, nan), n_empty, log_se: nan };
    }
    let (mut y, mut v, mut m) = (0.0, 0.0, 0.0f64);
    for (stratum, weight) in used() {
        let share = weight / total / stratum.person_time;
        y += share * stratum.events as f64;
        v += share * share * stratum.events as f64;
        m = m.max(share);
    }
    let tail = (1.0 - level) / 2.0;
    let lower = if v > 0.0 { v / y * gamma_quantile(tail, y * y / v) } else { 0.0 };
    let (above, spread) = (y + m, v + m * m);
    let upper = spread / above * gamma_quantile(1.0 - tail, above * above / spread);
    StandardisedRate {
        rate: per * y,
        se: per * sqrt(v),
        limits: (per * lower, per * upper),
        n_empty,
        log_se: sqrt(v) / y,
    }
}

/// The ratio of two standardised rates with limits of the normal approximation to its logarithm; NaN without events.
pub fn standardised_ratio(first: &StandardisedRate, second: &StandardisedRate, level: f64) -> (f64, f64, f64) {
    let ratio = first.rate / second.rate;
    let se = sqrt(first.log_se * first.log_se + second.log_se * second.log_se);
    let factor = exp(normal_quantile(0.5 + level / 2.0) * se);
    if log(ratio).is_finite() { (ratio, ratio / factor, ratio * factor) } else { (ratio, f64::NAN, f64::NAN) }
}

/// Observed against expected events: the standardised incidence (or mortality) ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObservedExpected {
    /// O.
    pub observed: u64,
    /// E.
    pub expected: f64,
    /// O/E; NaN when nothing is expected.
    pub ratio: f64,
    /// Exact Poisson limits of O, over E.
    pub limits: (f64, f64),
    /// Twice the smaller tail of the Poisson distribution with mean E, at most 1.
    pub p: f64,
}

/// Compares `observed` events with those `expected` at reference rates, E = Σ λ_k T_k.
///
/// Source: Breslow and Day (1987), Statistical Methods in Cancer Research II, section 2.3; limits as Garwood (1936),
/// doi 10.1093/biomet/28.3-4.437.
pub fn observed_expected(observed: u64, expected: f64, level: f64) -> ObservedExpected {
    if expected.is_nan() || expected <= 0.0 {
        let nan = f64::NAN;
        return ObservedExpected { observed, expected, ratio: nan, limits: (nan, nan), p: nan };
    }
    let o = observed as f64;
    let tail = (1.0 - level) / 2.0;
    let lower = if observed == 0 { 0.0 } else { gamma_quantile(tail, o) };
    let upper = gamma_quantile(1.0 - tail, o + 1.0);
    let at_least = if observed == 0 { 1.0 } else { gamma_lr(o, expected) };
    let at_most = gamma_ur(o + 1.0, expected);
    ObservedExpected {
        observed,
        expected,
        ratio: o / expected,
        limits: (lower / expected, upper / expected),
        p: (2.0 * at_least.min(at_most)).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::rate;

    fn stratum(events: u64, person_time: f64) -> PersonTime {
        PersonTime { records: 1, events, person_time }
    }

    #[test]
    fn one_stratum_has_the_exact_poisson_limits() {
        for events in [0, 1, 12] {
            let found = standardised_rate(&[stratum(events, 340.0)], &[7.0], 1000.0, 0.95);
            let exact = rate(events, 340.0, 1000.0, 0.95);
            assert!((found.rate - exact.rate).abs() < 1e-12);
            assert!((found.limits.0 - exact.exact.0).abs() < 1e-9 && (found.limits.1 - exact.exact.1).abs() < 1e-9);
        }
    }

    #[test]
    fn a_standardised_rate_is_a_weighted_mean() {
        // Rates 0.1 and 0.02 with weights 1 and 3: 0.04; variance (1/4)² 10/100² + (3/4)² 4/200².
        let strata = [stratum(10, 100.0), stratum(4, 200.0)];
        let found = standardised_rate(&strata, &[1.0, 3.0], 1.0, 0.95);
        assert!((found.rate - 0.04).abs() < 1e-15);
        assert!((found.se - (0.0625 * 1e-3 + 0.5625 * 1e-4f64).sqrt()).abs() < 1e-15);
        assert!(found.limits.0 < 0.04 && found.limits.1 > 0.04);
        let (ratio, lower, upper) = standardised_ratio(&found, &found, 0.95);
        assert!(ratio == 1.0 && (lower * upper - 1.0).abs() < 1e-14);
        let empty = standardised_rate(&[stratum(3, 10.0), stratum(0, 0.0)], &[1.0, 1.0], 1.0, 0.95);
        assert!(empty.rate.is_nan() && empty.n_empty == 1);
        assert_eq!(standardised_rate(&[stratum(3, 10.0), stratum(0, 0.0)], &[1.0, 0.0], 1.0, 0.95).n_empty, 0);
    }

    #[test]
    fn an_expected_count_is_compared_exactly() {
        // Three events where one is expected: P(X >= 3) = 1 − 5/(2e); limits qgamma(0.025, 3), qgamma(0.975, 4) of R.
        let found = observed_expected(3, 1.0, 0.95);
        assert!((found.p - 2.0 * (1.0 - 2.5 / std::f64::consts::E)).abs() < 1e-13);
        assert!((found.limits.0 - 0.6186721228956).abs() < 1e-11 && (found.limits.1 - 8.7672730697423).abs() < 1e-11);
        assert_eq!(observed_expected(0, 2.0, 0.95).limits.0, 0.0);
        assert!(observed_expected(1, 0.0, 0.95).ratio.is_nan());
    }
}
