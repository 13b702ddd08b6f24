//! One event time: its share of the log partial likelihood, and the sums that score, information and residuals need.

/// How tied events enter the partial likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ties {
    /// Every tied event against the whole risk set. Source: Breslow (1974), Biometrics 30:89-99, doi 10.2307/2529620.
    Breslow,
    /// Tied events leave the risk set in equal parts. Source: Efron (1977), JASA 72:557-565,
    /// doi 10.1080/01621459.1977.10480613.
    #[default]
    Efron,
    /// Every set of as many records at risk could have had the tied events (discrete time, conditional logistic). Only
    /// likelihood, score and information are exact; hazards and residuals at the fit use Breslow's terms, as in R.
    /// Source: Cox (1972), JRSS B 34:187-220, doi 10.1111/j.2517-6161.1972.tb00899.x.
    Exact,
}

/// What one event time contributes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct TieTerms {
    /// (W/d) Σ ln φ_l
    pub log_sum: f64,
    /// (W/d) Σ 1/φ_l
    pub a: f64,
    /// (W/d) Σ (l/d)/φ_l
    pub b: f64,
    /// (W/d) Σ 1/φ_l²
    pub c0: f64,
    /// (W/d) Σ (l/d)/φ_l²
    pub c1: f64,
    /// (W/d) Σ (l/d)²/φ_l²
    pub c2: f64,
}

/// Products of this many ratios in (0, 1] are taken before one logarithm; each ratio is at least 1/d.
const RATIOS_PER_LOGARITHM: u32 = 8;

impl Ties {
    /// The terms of one event time.
    ///
    /// ```text
    /// φ_l = S0 − (l/d) E0,  l = 0..d−1       S0, E0: risk-score sums over the risk set, over the tied events
    /// ```
    ///
    /// `d` ≥ 1 events have total weight W. With Breslow all φ are S0, and so they are for [`Ties::Exact`], whose likelihood
    /// `exact` adds up instead. A φ that is not positive gives terms that are
    /// not finite, which the caller sees in the log-likelihood.
    pub(super) fn terms(self, s0: f64, e0: f64, d: u32, w: f64) -> TieTerms {
        if d == 1 || self != Ties::Efron {
            let a = w / s0;
            return TieTerms { log_sum: w * libm::log(s0), a, c0: a / s0, ..TieTerms::default() };
        }
        let (count, inverse) = (f64::from(d), 1.0 / s0);
        let (mut sum, mut ratios, mut logarithms) = (TieTerms::default(), 1.0, 0.0);
        for l in 0..d {
            let fraction = f64::from(l) / count;
            let phi = s0 - fraction * e0;
            let a = 1.0 / phi;
            let b = fraction * a;
            sum.a += a;
            sum.b += b;
            sum.c0 += a * a;
            sum.c1 += a * b;
            sum.c2 += b * b;
            ratios *= phi * inverse;
            if l % RATIOS_PER_LOGARITHM == RATIOS_PER_LOGARITHM - 1 {
                logarithms += libm::log(ratios);
                ratios = 1.0;
            }
        }
        logarithms += libm::log(ratios);
        let mean = w / count;
        TieTerms {
            log_sum: w * libm::log(s0) + mean * logarithms,
            a: mean * sum.a,
            b: mean * sum.b,
            c0: mean * sum.c0,
            c1: mean * sum.c1,
            c2: mean * sum.c2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_tied_events_by_hand() {
        let t = Ties::Efron.terms(10.0, 6.0, 3, 3.0);
        let phi = [10.0, 8.0, 6.0f64];
        assert!((t.log_sum - phi.iter().map(|p| p.ln()).sum::<f64>()).abs() < 1e-14);
        assert!((t.a - phi.iter().map(|p| 1.0 / p).sum::<f64>()).abs() < 1e-15);
        assert!((t.b - (1.0 / 3.0 / 8.0 + 2.0 / 3.0 / 6.0)).abs() < 1e-15);
        assert!((t.c2 - (1.0 / 9.0 / 64.0 + 4.0 / 9.0 / 36.0)).abs() < 1e-15);
    }

    #[test]
    fn many_ties_keep_their_logarithm() {
        let t = Ties::Efron.terms(1000.0, 1000.0, 1000, 1000.0);
        let direct: f64 = (0..1000).map(|l| (1000.0 - f64::from(l)).ln()).sum();
        assert!((t.log_sum / direct - 1.0).abs() < 1e-14);
    }
}
