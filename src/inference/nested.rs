//! Models side by side: which is nested in which, and their likelihood-ratio test.
//!
//! ```text
//! χ² = 2 (ℓ_larger − ℓ_smaller),  df = difference of the numbers of estimated coefficients
//! ```
//!
//! A model is nested in another when every one of its columns is among the other's, with the same strata, ties and
//! weights. Their likelihoods compare only when both used the same records.

use super::hypothesis::ChiSquared;
use std::collections::BTreeSet;

/// What a comparison needs of a fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Names of its columns that have a coefficient.
    pub columns: BTreeSet<String>,
    /// Whatever else must be equal: strata, ties, weights, in words.
    pub frame: String,
    /// The rows used, ascending.
    pub rows: Vec<u32>,
    /// Log partial likelihood at the estimates.
    pub log_partial_likelihood: f64,
    /// Whether the likelihood is a plain one, of a converged fit without a robust variance: otherwise twice its
    /// difference has no chi-squared distribution.
    pub is_testable: bool,
}

/// How a model compares with a smaller one.
#[derive(Debug, Clone, PartialEq)]
pub struct Nested {
    /// Index of the smaller model.
    pub smaller: usize,
    /// The test, or why there is none.
    pub test: Result<ChiSquared, NoTest>,
}

/// Why two nested models are not tested against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTest {
    /// They used different records.
    OtherRecords,
    /// A robust variance, a penalty, or a fit that did not converge.
    NoLikelihood,
}

/// The largest model before `models[larger]` that is nested in it.
pub fn nested_before(models: &[Candidate], larger: usize) -> Option<Nested> {
    let of = &models[larger];
    let is_nested =
        |m: &Candidate| m.frame == of.frame && m.columns.len() < of.columns.len() && m.columns.is_subset(&of.columns);
    let smaller = (0..larger).filter(|k| is_nested(&models[*k])).max_by_key(|k| models[*k].columns.len())?;
    Some(Nested { smaller, test: likelihood_ratio_of(&models[smaller], of) })
}

fn likelihood_ratio_of(smaller: &Candidate, larger: &Candidate) -> Result<ChiSquared, NoTest> {
    if !smaller.is_testable || !larger.is_testable {
        return Err(NoTest::NoLikelihood);
    }
    if smaller.rows != larger.rows {
        return Err(NoTest::OtherRecords);
    }
    let chisq = (2.0 * (larger.log_partial_likelihood - smaller.log_partial_likelihood)).max(0.0);
    Ok(ChiSquared::new(chisq, larger.columns.len() - smaller.columns.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(columns: &str, rows: &[u32], log_partial_likelihood: f64) -> Candidate {
        Candidate {
            columns: columns.split(' ').map(str::to_owned).collect(),
            frame: String::new(),
            rows: rows.to_vec(),
            log_partial_likelihood,
            is_testable: true,
        }
    }

    /// χ² = 2 (−7 + 10) = 6 on 2 df has P = exp(−3).
    #[test]
    fn a_model_is_tested_against_the_largest_one_inside_it() {
        let models =
            [candidate("a", &[1, 2], -12.0), candidate("a b", &[1, 2], -10.0), candidate("a b c d", &[1, 2], -7.0)];
        let found = nested_before(&models, 2).unwrap();
        let test = found.test.unwrap();
        assert_eq!((found.smaller, test.chisq, test.df), (1, 6.0, 2));
        assert!((test.p - (-3.0f64).exp()).abs() < 1e-15);
        assert_eq!(nested_before(&models, 0), None);
    }

    #[test]
    fn other_records_and_other_strata_do_not_compare() {
        let models = [candidate("a", &[1, 2], -12.0), candidate("a b", &[1], -10.0)];
        assert_eq!(nested_before(&models, 1).unwrap().test, Err(NoTest::OtherRecords));
        let stratified = Candidate { frame: "strata(c)".into(), ..candidate("a b", &[1, 2], -10.0) };
        assert_eq!(nested_before(&[models[0].clone(), stratified], 1), None);
        let robust = Candidate { is_testable: false, ..candidate("a b", &[1, 2], -10.0) };
        assert_eq!(nested_before(&[models[0].clone(), robust], 1).unwrap().test, Err(NoTest::NoLikelihood));
    }
}
