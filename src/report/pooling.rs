//! The part of a report that pooling over imputations fills.

use super::Matrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the estimates of a model came from several completed data sets.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pooling {
    /// Column of the imputation's number; `None` when every imputation is a file.
    pub column: Option<String>,
    /// Degrees of freedom of complete data: events − coefficients.
    pub complete_df: Option<f64>,
    /// The completed data sets.
    pub imputations: Vec<Imputation>,
    /// One per coefficient, in their order.
    pub coefficients: Vec<PooledCoefficient>,
    /// Mean of the covariances.
    pub within: Matrix,
    /// Covariance of the estimates.
    pub between: Matrix,
    /// Tests of each term.
    pub terms: Vec<PooledTest>,
    /// Test of all coefficients.
    pub overall: Option<PooledTest>,
    /// Likelihood-ratio tests D2 and D3 of the terms that have one, and of all coefficients.
    pub likelihood_ratios: Vec<PooledTest>,
}

/// One completed data set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Imputation {
    /// Its number, or its file.
    pub name: String,
    /// Records used.
    pub n_records: Option<u64>,
    /// Events among them.
    pub n_events: Option<u64>,
    /// Records left out because a value is still missing.
    pub n_missing_dropped: Option<u64>,
    /// Log partial likelihood at the estimates.
    pub log_partial_likelihood: Option<f64>,
    /// Newton-Raphson iterations.
    pub iterations: u32,
    /// Whether its fit converged.
    pub converged: bool,
}

/// What pooling says of one coefficient beside its estimate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PooledCoefficient {
    /// R's name.
    pub name: String,
    /// Variance within data sets.
    pub within: Option<f64>,
    /// Variance between data sets.
    pub between: Option<f64>,
    /// Total variance.
    pub total: Option<f64>,
    /// Degrees of freedom of t (Barnard and Rubin).
    pub df: Option<f64>,
    /// Relative increase of the variance.
    pub riv: Option<f64>,
    /// Share of the variance due to missing values.
    pub lambda: Option<f64>,
    /// Fraction of missing information.
    pub fmi: Option<f64>,
    /// Efficiency relative to infinitely many imputations.
    pub relative_efficiency: Option<f64>,
}

/// A pooled test of several coefficients.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PooledTest {
    /// `d1` (Wald), `d2` or `d3` (likelihood ratio).
    pub method: String,
    /// The term; empty for all coefficients together.
    pub term: String,
    /// What tables print; the term when empty.
    pub label: String,
    /// The statistic.
    pub f: Option<f64>,
    /// Numerator degrees of freedom.
    pub df1: Option<f64>,
    /// Denominator degrees of freedom; `None` when infinite.
    pub df2: Option<f64>,
    /// P value.
    pub p: Option<f64>,
    /// Average relative increase of the variance.
    pub riv: Option<f64>,
}

impl Pooling {
    /// Takes the numbers of records and events away, and what belongs to the coefficients where `hide` holds.
    pub(super) fn hide(&mut self, hide: &[bool]) {
        for set in &mut self.imputations {
            (set.n_records, set.n_events, set.n_missing_dropped) = (None, None, None);
        }
        // Events − coefficients would give the events back.
        self.complete_df = None;
        for (c, _) in self.coefficients.iter_mut().zip(hide).filter(|(_, hide)| **hide) {
            *c = PooledCoefficient { name: std::mem::take(&mut c.name), ..PooledCoefficient::default() };
        }
        let gone = |k: usize| hide.get(k).copied().unwrap_or(true);
        for matrix in [&mut self.within, &mut self.between] {
            for (i, row) in matrix.iter_mut().enumerate() {
                row.iter_mut().enumerate().filter(|(j, _)| gone(i) || gone(*j)).for_each(|(_, cell)| *cell = None);
            }
        }
    }
}
