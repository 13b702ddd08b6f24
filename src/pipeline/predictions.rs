//! Predictions for the records of a model in the order of its rows.

use super::model::Fitted;
use crate::engine::{Predictions, Ties};

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
        ModelPredictions { predictions, fitted: self, centers }
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

impl ModelPredictions<'_> {
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
