//! P values of several tests, adjusted for their number.

/// How P values are adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adjustment {
    /// Not at all.
    #[default]
    None,
    /// Each times their number: the family-wise error under any dependence.
    Bonferroni,
    /// Stepping down from the smallest: never larger than Bonferroni's, with the same guarantee.
    Holm,
    /// Stepping up from the largest: the false discovery rate.
    BenjaminiHochberg,
}

impl Adjustment {
    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Adjustment::None => "none",
            Adjustment::Bonferroni => "bonferroni",
            Adjustment::Holm => "holm",
            Adjustment::BenjaminiHochberg => "benjamini-hochberg",
        }
    }

    /// The adjusted P values, in the order of `p`. NaN stays NaN and does not count as a test.
    ///
    /// ```text
    /// sorted p₁ <= … <= p_m:
    /// Bonferroni  m p_i        Holm  max over j <= i of (m − j + 1) p_j        Benjamini-Hochberg  min over j >= i of (m/j) p_j
    /// ```
    ///
    /// all at most 1. Source: Holm (1979), Scand. J. Stat. 6:65-70; Benjamini and Hochberg (1995), JRSS B 57:289-300,
    /// doi 10.1111/j.2517-6161.1995.tb02031.x; the numbers are those of R's `p.adjust`.
    pub fn adjust(self, p: &[f64]) -> Vec<f64> {
        let mut order: Vec<usize> = (0..p.len()).filter(|i| !p[*i].is_nan()).collect();
        order.sort_by(|i, j| p[*i].total_cmp(&p[*j]));
        let m = order.len() as f64;
        let mut out = p.to_vec();
        match self {
            Adjustment::None => {}
            Adjustment::Bonferroni => order.iter().for_each(|i| out[*i] = (m * p[*i]).min(1.0)),
            Adjustment::Holm => {
                let mut highest: f64 = 0.0;
                for (before, &i) in order.iter().enumerate() {
                    highest = highest.max((m - before as f64) * p[i]).min(1.0);
                    out[i] = highest;
                }
            }
            Adjustment::BenjaminiHochberg => {
                let mut lowest: f64 = 1.0;
                for (before, &i) in order.iter().enumerate().rev() {
                    lowest = lowest.min(m / (before as f64 + 1.0) * p[i]);
                    out[i] = lowest;
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // By hand from the formulas; the third of four tests could not be made.
    #[test]
    fn adjusted_values_follow_their_formulas() {
        let p = [0.02, 0.01, f64::NAN, 0.03];
        let found = |a: Adjustment| a.adjust(&p).into_iter().filter(|p| !p.is_nan()).collect::<Vec<_>>();
        let close = |a: &[f64], b: &[f64]| assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-15), "{a:?}");
        close(&found(Adjustment::Bonferroni), &[0.06, 0.03, 0.09]);
        close(&found(Adjustment::Holm), &[0.04, 0.03, 0.04]);
        close(&found(Adjustment::BenjaminiHochberg), &[0.03, 0.03, 0.03]);
        close(&found(Adjustment::None), &[0.02, 0.01, 0.03]);
        assert_eq!(Adjustment::Bonferroni.adjust(&[0.7, 0.8]), [1.0, 1.0]);
    }
}
