//! Tail probabilities, quantiles and the estimates and tests that are made of them.
//!
//! Tails are computed as tails, never as one minus the rest, so that small P values keep their digits. Below 1e-300 the
//! P value itself is no longer representable to full precision and [`ChiSquared::log10_p`] and [`Estimate::log10_p`]
//! carry on.

use libm::{erfc, exp, lgamma, log, log1p, sqrt};
use statrs::function::gamma::{gamma_lr, gamma_ur};

/// ln 10, to turn natural logarithms into those of base ten.
const LN_10: f64 = std::f64::consts::LN_10;
/// Most terms of a continued fraction: that of the gamma function needs a few dozen where it is used, that of the beta
/// function about the root of its larger parameter.
const MOST_TERMS: usize = 10_000;

/// A test statistic that is χ² under the null hypothesis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquared {
    /// The statistic.
    pub chisq: f64,
    /// Degrees of freedom; 0 when nothing could be estimated, and then `p` is NaN.
    pub df: usize,
    /// P value.
    pub p: f64,
}

impl ChiSquared {
    /// The test of a statistic.
    pub fn new(chisq: f64, df: usize) -> ChiSquared {
        ChiSquared { chisq, df, p: chi_squared_upper(chisq, df as f64) }
    }

    /// log₁₀ of the P value, also where the P value is too small for a number.
    pub fn log10_p(&self) -> f64 {
        ln_chi_squared_upper(self.chisq, self.df as f64) / LN_10
    }
}

/// A log hazard ratio, or a linear combination of log hazard ratios, with its Wald test and interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate; NaN when it cannot be estimated, and then all else is NaN too.
    pub estimate: f64,
    /// Its standard error.
    pub se: f64,
    /// estimate / se.
    pub z: f64,
    /// Two-sided P value.
    pub p: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

impl Estimate {
    /// The estimate with standard error `se` and its interval at confidence `level` (0.95).
    pub fn new(estimate: f64, se: f64, level: f64) -> Estimate {
        let z = estimate / se;
        let width = normal_quantile(0.5 + level / 2.0) * se;
        Estimate { estimate, se, z, p: normal_two_sided(z), lower: estimate - width, upper: estimate + width }
    }

    /// What stands where nothing can be estimated.
    pub fn not_estimable() -> Estimate {
        let nan = f64::NAN;
        Estimate { estimate: nan, se: nan, z: nan, p: nan, lower: nan, upper: nan }
    }

    /// Whether there is an estimate.
    pub fn is_estimable(&self) -> bool {
        !self.estimate.is_nan()
    }

    /// exp(estimate), the hazard ratio.
    pub fn hazard_ratio(&self) -> f64 {
        exp(self.estimate)
    }

    /// The limits of the hazard ratio.
    pub fn hazard_ratio_limits(&self) -> (f64, f64) {
        (exp(self.lower), exp(self.upper))
    }

    /// log₁₀ of the P value, also where the P value is too small for a number.
    pub fn log10_p(&self) -> f64 {
        ln_chi_squared_upper(self.z * self.z, 1.0) / LN_10
    }
}

/// P(|Z| ≥ |z|) for a standard normal Z: erfc(|z| / √2).
pub fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() * std::f64::consts::FRAC_1_SQRT_2)
}

/// The standard normal quantile of `p` in (0, 1).
pub fn normal_quantile(p: f64) -> f64 {
    // ½ erfc(−x/√2) = p
    -std::f64::consts::SQRT_2 * statrs::function::erf::erfc_inv(2.0 * p)
}

/// P(X ≥ x) for X that is χ² with `df` degrees of freedom; NaN without degrees of freedom.
pub fn chi_squared_upper(x: f64, df: f64) -> f64 {
    match () {
        () if x.is_nan() || df <= 0.0 => f64::NAN,
        () if x <= 0.0 => 1.0,
        () if df == 1.0 => erfc(sqrt(x / 2.0)),
        () if df == 2.0 => exp(-x / 2.0),
        () if x.is_infinite() => 0.0,
        () => gamma_ur(df / 2.0, x / 2.0),
    }
}

/// Natural logarithm of [`chi_squared_upper`], finite for any finite `x`.
pub fn ln_chi_squared_upper(x: f64, df: f64) -> f64 {
    let p = chi_squared_upper(x, df);
    if p.is_nan() || p > 1e-300 { log(p) } else { ln_gamma_upper(df / 2.0, x / 2.0) }
}

/// ln Q(a, x) for x > a + 1 by Legendre's continued fraction, evaluated with Lentz's method.
///
/// ```text
/// Γ(a, x) = e^−x x^a · 1/(x+1−a − 1(1−a)/(x+3−a − 2(2−a)/(x+5−a − …)))
/// ```
fn ln_gamma_upper(a: f64, x: f64) -> f64 {
    let tiny = f64::MIN_POSITIVE;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for i in 1..MOST_TERMS {
        let i = i as f64;
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / not_zero(an * d + b);
        c = not_zero(b + an / c);
        let step = c * d;
        fraction *= step;
        if (step - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    -x + a * log(x) - lgamma(a) + log(fraction)
}

/// P(|T| ≥ |t|) for Student's t with `df` degrees of freedom; the normal tail where `df` is infinite.
pub fn student_two_sided(t: f64, df: f64) -> f64 {
    if df.is_infinite() { normal_two_sided(t) } else { beta_tail(df / 2.0, 0.5, t * t / df) }
}

/// The quantile of Student's t with `df` degrees of freedom at `p` in (0.5, 1).
pub fn student_quantile(p: f64, df: f64) -> f64 {
    if df.is_infinite() {
        return normal_quantile(p);
    }
    bisect(|t| student_two_sided(t, df) > 2.0 * (1.0 - p), 2.0)
}

/// P(F ≥ f) for Fisher's F with `df1` and `df2` degrees of freedom; χ²/df1 where `df2` is infinite.
pub fn fisher_upper(f: f64, df1: f64, df2: f64) -> f64 {
    match () {
        () if f.is_nan() || df1 <= 0.0 => f64::NAN,
        () if f <= 0.0 => 1.0,
        () if df2 > MOST_BETA_DF => chi_squared_upper(f * df1, df1),
        () => beta_tail(df2 / 2.0, df1 / 2.0, df1 * f / df2),
    }
}

/// Degrees of freedom beyond which F is χ²: there the χ² tail is nearer than the digits that lgamma keeps.
const MOST_BETA_DF: f64 = 1e8;

/// The regularised incomplete beta function I_x(a, b) at x = 1 / (1 + u), for u ≥ 0.
///
/// By u the logarithms of x and 1 − x keep their digits where x is next to 1. Continued fraction of Press et al. (2007),
/// Numerical Recipes, section 6.4, by Lentz's method, with as many terms as large parameters need.
fn beta_tail(a: f64, b: f64, u: f64) -> f64 {
    match () {
        () if u.is_nan() || a.is_nan() || a <= 0.0 || b <= 0.0 => return f64::NAN,
        () if u == 0.0 => return 1.0,
        () if u.is_infinite() => return 0.0,
        () => {}
    }
    let (x, y) = (1.0 / (1.0 + u), u / (1.0 + u));
    let (ln_x, ln_y) = (-log1p(u), log(u) - log1p(u));
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * ln_x + b * ln_y);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, y) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..MOST_TERMS {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut step = 1.0;
        for term in [even, odd] {
            d = 1.0 / not_zero(1.0 + term * d);
            c = not_zero(1.0 + term / c);
            step = c * d;
            fraction *= step;
        }
        if (step - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction
}

fn not_zero(x: f64) -> f64 {
    if x.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { x }
}

/// The quantile of the gamma distribution with shape `a` and scale 1 at probability `p` in (0, 1).
///
/// Bisection on the tail that is smaller, so that both limits of an exact interval keep their digits; the bracket is
/// halved until its ends are neighbouring numbers.
pub fn gamma_quantile(p: f64, a: f64) -> f64 {
    if a.is_nan() || a <= 0.0 || p.is_nan() {
        return f64::NAN;
    }
    let below = |x: f64| if p < 0.5 { gamma_lr(a, x) < p } else { gamma_ur(a, x) > 1.0 - p };
    bisect(below, a.max(1.0))
}

/// The quantile of the beta distribution with parameters `a` and `b` at probability `p`.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let below = |x: f64| x < 1.0 && statrs::function::beta::beta_reg(a, b, x) < p;
    bisect_between(below, 0.0, 1.0)
}

/// The largest number for which `below` holds, searched from 0 up to a bound that is doubled from `guess`.
fn bisect(below: impl Fn(f64) -> bool, guess: f64) -> f64 {
    let mut high = guess;
    while below(high) && high < f64::MAX / 4.0 {
        high *= 2.0;
    }
    bisect_between(below, 0.0, high)
}

fn bisect_between(below: impl Fn(f64) -> bool, mut low: f64, mut high: f64) -> f64 {
    // 1100 halvings go from the largest number to the smallest; most end after some sixty.
    for _ in 0..1100 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if below(middle) { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a} instead of {b}");
    }

    // Expected values: R 4.2, pchisq(x, df, lower = FALSE), 2 * pnorm(-z), qgamma, qbeta, qnorm; log.p = TRUE for the last.
    #[test]
    fn tails_are_those_of_r() {
        close(normal_two_sided(1.959963984540054), 0.05, 1e-14);
        close(normal_two_sided(10.0), 1.523970604832105e-23, 1e-12);
        close(chi_squared_upper(3.841458820694124, 1.0), 0.05, 1e-14);
        close(chi_squared_upper(5.991464547107979, 2.0), 0.05, 1e-14);
        close(chi_squared_upper(7.814727903251179, 3.0), 0.05, 1e-13);
        assert!(chi_squared_upper(1.0, 0.0).is_nan());
        assert_eq!(chi_squared_upper(0.0, 3.0), 1.0);
    }

    #[test]
    fn quantiles_undo_their_tails() {
        close(normal_quantile(0.975), 1.959963984540054, 1e-15);
        for a in [0.5, 1.0, 7.0, 150.0, 20_000.0] {
            for p in [1e-6, 0.025, 0.5, 0.975] {
                let x = gamma_quantile(p, a);
                close(gamma_lr(a, x), p, 1e-10);
            }
        }
        // Two events: the exact limits of a Poisson count, qgamma(0.025, 2) and qgamma(0.975, 3).
        close(gamma_quantile(0.025, 2.0), 0.24220927854396545, 1e-12);
        close(gamma_quantile(0.975, 3.0), 7.224687667723958, 1e-12);
        close(beta_quantile(0.025, 3.0, 5.0), 0.09898827844250786, 1e-10);
    }

    // Expected values: R 4.2, 2 * pt(-t, df), qt(p, df), pf(f, df1, df2, lower = FALSE).
    #[test]
    fn tails_of_t_and_f_are_those_of_r() {
        close(student_two_sided(3.072862370050408, 64.89994503813502), 0.003098055233699265, 1e-9);
        close(student_two_sided(1.2, 3.5), 0.3050144853778642, 1e-9);
        close(student_two_sided(40.0, 12.0), 3.851229580772037e-14, 1e-9);
        close(student_two_sided(2.5, 81234.5), 0.012421286163020424, 1e-9);
        // Millions of degrees of freedom: lgamma keeps nine digits of the difference.
        close(student_two_sided(5.0, 2e6), 5.733514637831466e-7, 1e-8);
        close(student_two_sided(0.3, 700.0), 0.7642662198443778, 1e-9);
        close(student_quantile(0.975, 2.2), 3.948720749712723, 1e-9);
        close(student_quantile(0.975, 64.9), 1.997196247262841, 1e-9);
        close(student_quantile(0.975, 3000.5), 1.9607549234470152, 1e-9);
        close(student_quantile(0.975, 80000.0), 1.959993638371453, 1e-9);
        close(fisher_upper(18.250699035680253, 11.0, 205130.05987183074), 5.416578473619424e-37, 1e-8);
        close(fisher_upper(12.404222107221916, 2.0, 204.7091191679363), 8.225360650224498e-6, 1e-8);
        close(fisher_upper(0.8, 4.0, 17.3), 0.5414281457911096, 1e-8);
        close(fisher_upper(1.1, 30.0, 5e6), 0.3225428130123229, 1e-8);
    }

    #[test]
    fn very_small_p_values_keep_a_logarithm() {
        // ln erfc(x) = −x² − ln(x√π) + ln(1 − 1/(2x²) + 3/(4x⁴) − …), here at x = 40/√2.
        let x2: f64 = 800.0;
        let series =
            1.0 - 1.0 / (2.0 * x2) + 3.0 / (4.0 * x2 * x2) - 15.0 / (8.0 * x2.powi(3)) + 105.0 / (16.0 * x2.powi(4));
        let expected = -x2 - 0.5 * (x2 * std::f64::consts::PI).ln() + series.ln();
        close(ln_chi_squared_upper(1600.0, 1.0), expected, 1e-13);
        close(ln_chi_squared_upper(2000.0, 2.0), -1000.0, 1e-13);
        close(ln_chi_squared_upper(1400.0, 2.0), -700.0, 1e-13);
        assert_eq!(ChiSquared::new(1e6, 4).p, 0.0);
        assert!(ChiSquared::new(1e6, 4).log10_p() < -217_000.0);
    }
}
