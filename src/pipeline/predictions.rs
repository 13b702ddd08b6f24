//! Predictions for the records of a model in the order of its rows, in pieces.

use super::curves::NO_PREDICTIONS;
use super::model::Fitted;
use super::outputs::Outputs;
use super::pieces::filled_columns;
use super::settings::ModelSettings;
use crate::engine::{Predictions, Ties};
use crate::error::Result;
use crate::report::ModelResult;
use std::ops::Range;

/// A kind of prediction, each with its standard error (delta method).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PredictionKind {
    /// Linear predictor against a [`Reference`].
    LinearPredictor,
    /// exp of it: the hazard ratio.
    Risk,
    /// Expected events over the record's interval.
    Expected,
    /// exp(−expected).
    Survival,
}

impl PredictionKind {
    /// All kinds with R's names, in the order of columns in files.
    pub const NAMED: [(&'static str, PredictionKind); 4] = [
        ("lp", PredictionKind::LinearPredictor),
        ("risk", PredictionKind::Risk),
        ("expected", PredictionKind::Expected),
        ("survival", PredictionKind::Survival),
    ];
}

/// What linear predictors compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reference {
    /// The mean covariates of the record's own stratum, weighted by case weights; `Sample` without strata.
    Strata,
    /// R's means over all records: 0 for columns of only −1, 0 and 1.
    #[default]
    Sample,
    /// Covariates zero.
    Zero,
}

/// Predictions of one model, record by record.
pub struct ModelPredictions<'a> {
    predictions: Predictions<'a>,
    fitted: &'a Fitted,
    kinds: Vec<PredictionKind>,
    /// Rows of the data file, where rows of the table are not its rows.
    file_rows: Option<&'a [u32]>,
    /// One row of covariates per stratum.
    centers: Vec<Vec<f64>>,
}

impl Fitted {
    /// The predictions of a model that was fitted by [`super::fit_model`], or with predictions among its settings.
    pub fn predictions(&self, ties: Ties, reference: Reference) -> ModelPredictions<'_> {
        let predictions = self.prepared.predictions(&self.fit, ties);
        let n_strata = self.built.strata.len().max(1);
        let centers = match reference {
            Reference::Strata if n_strata > 1 => self.stratum_means(&predictions, n_strata),
            Reference::Strata | Reference::Sample => vec![self.fit.means.clone(); n_strata],
            Reference::Zero => vec![vec![0.0; self.fit.means.len()]; n_strata],
        };
        ModelPredictions { predictions, fitted: self, kinds: Vec::new(), file_rows: None, centers }
    }

    /// Weighted mean covariates of every stratum. Sorted before they are added, so that the order of the rows does not
    /// show in the last digit.
    fn stratum_means(&self, predictions: &Predictions<'_>, n_strata: usize) -> Vec<Vec<f64>> {
        let weight = |i: usize| self.built.data.weight.as_ref().map_or(1.0, |w| w[i]);
        let of_row = self.prepared.record_of_row();
        let mut members: Vec<(usize, u32, f64)> =
            (0..of_row.len()).map(|i| (self.stratum(i), of_row[i], weight(i))).collect();
        members.sort_by_key(|m| (m.0, m.1));
        let p = self.fit.means.len();
        let (mut means, mut totals, mut row) = (vec![vec![0.0; p]; n_strata], vec![0.0; n_strata], vec![0.0; p]);
        for (k, (stratum, record, w)) in members.iter().enumerate() {
            if k == 0 || members[k - 1].1 != *record {
                predictions.covariates(*record as usize, &mut row);
            }
            means[*stratum].iter_mut().zip(&row).for_each(|(m, x)| *m += w * x);
            totals[*stratum] += w;
        }
        for (mean, total) in means.iter_mut().zip(totals) {
            mean.iter_mut().for_each(|m| *m /= total);
        }
        means
    }
}

/// Hands the predictions that were asked for to `outputs`.
pub(super) fn hand_over(
    result: &ModelResult,
    file_rows: Option<&[u32]>,
    settings: &ModelSettings,
    fitted: &Fitted,
    outputs: &mut dyn Outputs,
) -> Result<()> {
    let wanted = &settings.predictions;
    let without = !result.converged || result.warnings.iter().any(|w| w.code == NO_PREDICTIONS);
    if wanted.records.is_empty() || without {
        return Ok(());
    }
    let named = PredictionKind::NAMED.iter().map(|(_, kind)| *kind);
    let kinds = named.filter(|kind| wanted.records.contains(kind)).collect();
    let predictions = fitted.predictions(settings.ties, wanted.reference);
    outputs.predictions(&settings.name, &ModelPredictions { kinds, file_rows, ..predictions })
}

impl ModelPredictions<'_> {
    /// Names of the columns of a file: `lp`, `lp_se`, ….
    pub fn columns(&self) -> Vec<String> {
        let name = |kind: &PredictionKind| PredictionKind::NAMED.iter().find(|(_, k)| k == kind).map_or("", |n| n.0);
        self.kinds.iter().flat_map(|k| [name(k).to_owned(), format!("{}_se", name(k))]).collect()
    }

    /// Number of records.
    pub fn n_rows(&self) -> usize {
        self.fitted.built.rows.len()
    }

    /// Some rows: the number of each in the data, from 1, and the columns. Panics beyond [`ModelPredictions::n_rows`].
    pub fn piece(&self, rows: Range<usize>) -> (Vec<u32>, Vec<Vec<f64>>) {
        let columns = filled_columns(rows.clone(), 2 * self.kinds.len(), |rows, to| {
            for (k, i) in rows.enumerate() {
                self.numbers(i).iter().zip(&mut *to).for_each(|(number, column)| column[k] = *number);
            }
        });
        let row = |i: usize| {
            let row = self.fitted.built.rows[i];
            self.file_rows.map_or(row, |rows| rows[row as usize]) + 1
        };
        (rows.map(row).collect(), columns)
    }

    /// The numbers of one record.
    fn numbers(&self, i: usize) -> Vec<f64> {
        let one = |kind: &PredictionKind| match kind {
            PredictionKind::LinearPredictor => self.linear_predictor(i),
            PredictionKind::Risk => {
                let (lp, se) = self.linear_predictor(i);
                (libm::exp(lp), libm::exp(lp) * se)
            }
            PredictionKind::Expected => self.expected(i),
            PredictionKind::Survival => {
                let (expected, se) = self.expected(i);
                (libm::exp(-expected), libm::exp(-expected) * se)
            }
        };
        self.kinds.iter().map(one).flat_map(|(value, se)| [value, se]).collect()
    }

    /// The covariates that linear predictors of a stratum compare with.
    pub fn center(&self, stratum: usize) -> &[f64] {
        &self.centers[stratum]
    }

    /// The covariates of a record, by its place among the rows used.
    pub fn covariates(&self, i: usize) -> Vec<f64> {
        let mut row = vec![0.0; self.fitted.fit.means.len()];
        self.predictions.covariates(self.record(i), &mut row);
        row
    }

    /// Linear predictor and its standard error, by place among the rows used.
    pub fn linear_predictor(&self, i: usize) -> (f64, f64) {
        let center = self.center(self.fitted.stratum(i));
        self.predictions.linear_predictor(self.record(i), center, &mut vec![0.0; center.len()])
    }

    /// Expected events and their standard error, by place among the rows used.
    pub fn expected(&self, i: usize) -> (f64, f64) {
        self.predictions.expected(self.record(i), &mut vec![0.0; self.fitted.fit.means.len()])
    }

    fn record(&self, i: usize) -> usize {
        self.fitted.prepared.record_of_row()[i] as usize
    }
}
