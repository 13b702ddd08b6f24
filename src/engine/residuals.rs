//! Residuals of a fit, per distinct record, in the design's columns and units.
//!
//! ```text
//! martingale M = δ − e(Λ − δB)                          deviance = sign(M) √(−2 [M + δ ln(δ − M)])
//! score      u = x M + e [H_b − H_a − δ G_b] − δ X̄_b     (notation of [`super::variance`], without the case weight)
//! dfbeta       = u V                                    dfbetas = dfbeta / √diag V        V: model-based covariance
//! Schoenfeld s = x − X̄_b, events only                   scaled  = d s V + β               d: number of events
//! ```
//!
//! Records that were identical have the same residuals; [`super::Prepared::record_of_row`] says which one a row
//! became. Nothing of rows × columns is held: a caller asks for one record at a time.
//!
//! Source: Therneau and Grambsch (2000), Modeling Survival Data, chapters 4, 6 and 7, doi 10.1007/978-1-4757-3294-8; with
//! ties as in R's `residuals.coxph`.

use nalgebra::DMatrix;

use super::fit::CoxFit;
use super::kernel::times_symmetric;
use super::prepare::Prepared;
use super::ties::Ties;
use super::variance::{RecordPlace, ResidualTables};

/// A row of residuals that is being added up, over one record or several.
#[derive(Debug, Clone)]
pub struct ResidualSum {
    /// Scaled columns in inner order.
    inner: Vec<f64>,
}

impl ResidualSum {
    /// Makes it zero again.
    pub fn clear(&mut self) {
        self.inner.fill(0.0);
    }
}

/// What the residuals of a fit need, computed once.
pub struct Residuals<'a> {
    tables: ResidualTables<'a>,
    /// 1/s of each column, in inner order.
    unscale: Vec<f64>,
    covariance: DMatrix<f64>,
    /// 1/√V_jj; NaN for columns without a coefficient.
    inverse_se: Vec<f64>,
    coefficients: Vec<f64>,
    n_events: f64,
}

impl Prepared {
    /// Prepares the residuals at a fit of a plain model ([`Prepared::has_time_dependence`]). Takes memory for a few tables of event times × columns.
    pub fn residuals(&self, fit: &CoxFit, ties: Ties) -> Residuals<'_> {
        let coefficients: Vec<f64> = fit.coefficients.iter().map(|b| if b.is_nan() { 0.0 } else { *b }).collect();
        let variance = (0..self.n_columns()).map(|j| fit.covariance[(j, j)]);
        let scale = self.scale();
        Residuals {
            tables: ResidualTables::new(self.sweep(), &self.scaled_without_nan(&fit.coefficients), ties),
            unscale: self.sweep().patterns.design_column.iter().map(|&j| scale[j as usize].recip()).collect(),
            covariance: fit.covariance.clone(),
            inverse_se: variance.map(|v| if v > 0.0 { v.sqrt().recip() } else { f64::NAN }).collect(),
            coefficients,
            n_events: fit.n_events as f64,
        }
    }
}

impl Residuals<'_> {
    /// p, the length of a row of every kind but martingale and deviance residuals.
    pub fn n_columns(&self) -> usize {
        self.coefficients.len()
    }

    /// Number of distinct records.
    pub fn n_records(&self) -> usize {
        self.tables.sweep.records.n()
    }

    /// Looks a record up; of many records at once before any of them is added.
    pub fn place(&self, record: usize) -> RecordPlace {
        self.tables.place(record)
    }

    /// The time of a record's event; the last event time before its end for a censored one, NaN before the first.
    pub fn time(&self, record: usize) -> f64 {
        let sweep = self.tables.sweep;
        sweep.slots.time[sweep.records.exit[record] as usize]
    }

    /// A number that sorts records by stratum and the last event time at or before their end.
    pub fn slot(&self, record: usize) -> u32 {
        self.tables.sweep.records.exit[record]
    }

    /// The stratum of an event's record.
    pub fn stratum(&self, record: usize) -> usize {
        let sweep = self.tables.sweep;
        sweep.slots.stratum[sweep.records.exit[record] as usize] as usize
    }

    /// The number of a record's design row.
    pub fn pattern(&self, record: usize) -> u32 {
        self.tables.sweep.records.pattern[record]
    }

    /// Case weight of a record.
    pub fn weight(&self, record: usize) -> f64 {
        self.tables.sweep.records.case_weight(record)
    }

    /// Observed minus expected events of a record.
    pub fn martingale(&self, place: &RecordPlace) -> f64 {
        self.tables.martingale(place)
    }

    /// A sum of zero.
    pub fn sum(&self) -> ResidualSum {
        ResidualSum { inner: vec![0.0; self.tables.sweep.patterns.width()] }
    }

    /// Adds the score residual of a record, multiplied by `factor`.
    pub fn add_score(&self, place: &RecordPlace, factor: f64, sum: &mut ResidualSum) {
        self.tables.add_residual_at(place, factor, &mut sum.inner);
    }

    /// Adds x − X̄ of an event's record, multiplied by `factor`.
    pub fn add_schoenfeld(&self, record: usize, factor: f64, sum: &mut ResidualSum) {
        self.tables.add_distance_from_mean(record, factor, &mut sum.inner);
    }

    /// Adds x of a record, up to a number per column that is the same for all records.
    pub fn add_covariates(&self, record: usize, sum: &mut ResidualSum) {
        let patterns = &self.tables.sweep.patterns;
        patterns.row(self.pattern(record) as usize).add_to(1.0, patterns.first_dense, &mut sum.inner);
    }

    /// Writes a sum in the design's columns and units.
    pub fn write(&self, sum: &ResidualSum, to: &mut [f64]) {
        for ((&j, value), unscale) in self.tables.sweep.patterns.design_column.iter().zip(&sum.inner).zip(&self.unscale)
        {
            // x = x̃/s + c, and what was added up are distances of x from a mean.
            to[j as usize] = value * unscale;
        }
    }

    /// Turns a score residual, or a sum of some, into what it does to the coefficients: u V.
    pub fn dfbeta(&self, score: &[f64], to: &mut [f64]) {
        times_symmetric(score, self.covariance.as_slice(), to);
    }

    /// Turns changes of coefficients into multiples of their standard errors; NaN for one that was not estimated.
    pub fn dfbetas(&self, dfbeta: &mut [f64]) {
        dfbeta.iter_mut().zip(&self.inverse_se).for_each(|(b, s)| *b *= s);
    }

    /// Turns a Schoenfeld residual into d s V + β.
    pub fn scaled_schoenfeld(&self, schoenfeld: &[f64], to: &mut [f64]) {
        times_symmetric(schoenfeld, self.covariance.as_slice(), to);
        to.iter_mut().zip(&self.coefficients).for_each(|(s, b)| *s = *s * self.n_events + b);
    }
}

/// The deviance residual of `n_events` events and a martingale residual, of one record or summed over some.
///
/// Source: Therneau, Grambsch and Fleming (1990), Biometrika 77:147-160, doi 10.1093/biomet/77.1.147.
pub fn deviance(martingale: f64, n_events: f64) -> f64 {
    let logarithm = if n_events == 0.0 { 0.0 } else { n_events * libm::log(n_events - martingale) };
    // Rounding can leave a number just below zero where the residual is zero.
    let size = (-2.0 * (martingale + logarithm)).max(0.0).sqrt();
    if martingale == 0.0 { 0.0 } else { size.copysign(martingale) }
}
