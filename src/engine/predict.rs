//! Predictions for the records themselves: linear predictors and expected events with standard errors.
//!
//! ```text
//! lp       (x − m)β + offset − mean offset      se² = (x − m)ᵀ V (x − m)              m: covariates of the comparison
//! expected e^η (Λ_b − Λ_a − δ B_b)              se of e^η (Λ_b − Λ_a) as in [`super::baseline`]
//! ```
//!
//! Expected events add up to the events; δ B is what a tied event takes back with Efron's rule. Case weights enter Λ, not
//! the record's own number. Source: `predict.coxph` of R's survival package.

use super::baseline::{Baseline, SurvivalForm, quadratic};
use super::fit::CoxFit;
use super::prepare::Prepared;
use super::sweep::{CumulativeHazard, RiskScores};
use super::ties::Ties;

/// What predictions need, computed once. Memory: [`Baseline`]'s.
pub struct Predictions<'a> {
    prepared: &'a Prepared,
    baseline: Baseline,
    risk: RiskScores,
    hazard: CumulativeHazard,
    mean_offset: f64,
}

impl Prepared {
    /// Prepares predictions at a fit, with its tie rule.
    pub fn predictions(&self, fit: &CoxFit, ties: Ties) -> Predictions<'_> {
        let scaled = self.scaled_without_nan(&fit.coefficients);
        let risk = self.sweep.risk_scores(&self.sweep.patterns.inner_order(&scaled));
        let terms = self.sweep.all_terms(&self.sweep.all_sums(&risk, ties), ties);
        Predictions {
            prepared: self,
            baseline: self.baseline(&fit.coefficients, fit.reported_covariance(), ties, SurvivalForm::Exponential),
            hazard: self.sweep.cumulative_hazard(&terms),
            risk,
            mean_offset: self.plain_mean_offset(),
        }
    }
}

impl Predictions<'_> {
    /// The covariates of a distinct record, in the order and units of the design.
    pub fn covariates(&self, record: usize, row: &mut [f64]) {
        self.distance(record, row);
        row.iter_mut().zip(self.baseline.center()).for_each(|(x, c)| *x += c);
    }

    /// Linear predictor of a distinct record against covariates `center`, and its standard error. `work` has length p.
    pub fn linear_predictor(&self, record: usize, center: &[f64], work: &mut [f64]) -> (f64, f64) {
        let patterns = &self.prepared.sweep.patterns;
        self.distance(record, work);
        for (x, (m, c)) in work.iter_mut().zip(center.iter().zip(self.baseline.center())) {
            *x -= m - c;
        }
        let sum: f64 = work.iter().zip(self.baseline.coefficients()).map(|(x, b)| x * b).sum();
        let offset = patterns.offset.get(self.prepared.sweep.records.pattern[record] as usize);
        let offset = offset.map_or(0.0, |offset| offset - self.mean_offset);
        (sum + offset, quadratic(self.baseline.covariance(), work).max(0.0).sqrt())
    }

    /// Expected events of a distinct record over its interval, and their standard error. `work` has length p.
    pub fn expected(&self, record: usize, work: &mut [f64]) -> (f64, f64) {
        let (records, slots) = (&self.prepared.sweep.records, &self.prepared.sweep.slots);
        let exit = records.exit[record] as usize;
        if exit == 0 {
            return (0.0, 0.0);
        }
        let entry = records.entry.get(record).map(|a| *a as usize);
        let event = record >= records.event_start[exit] as usize;
        let stratum = slots.stratum[exit] as usize;
        let r = self.risk.of(records.pattern[record] as usize, stratum);
        let place = |slot: usize| (slot - slots.first[stratum] as usize).checked_sub(1);
        self.distance(record, work);
        let (from, to) = (entry.and_then(place), place(exit));
        let variance = self.baseline.strata()[stratum].variance_between(from, to, work, self.baseline.covariance());
        (r * self.hazard.of(exit, entry, event), r * variance.max(0.0).sqrt())
    }

    /// x − c.
    fn distance(&self, record: usize, row: &mut [f64]) {
        let sweep = &self.prepared.sweep;
        let pattern = sweep.patterns.row(sweep.records.pattern[record] as usize);
        let mut inner = vec![0.0; sweep.patterns.width()];
        pattern.add_to(1.0, sweep.patterns.first_dense, &mut inner);
        for (&j, x) in sweep.patterns.design_column.iter().zip(inner) {
            row[j as usize] = x / self.prepared.scaling.scale[j as usize];
        }
    }
}
