//! Scaled Schoenfeld residuals as a test of proportional hazards draws them: their smooth over time is β(t).
//!
//! ```text
//! y = s V̄⁻¹ + β        s = x − X̄ of an event        V̄_ij = I_ij / Σ_strata d min(u_i, u_j)
//! ```
//!
//! u says whether a column varies within the stratum, d is the number of its events: the variance per event is an average
//! over the strata that have any. A column that is constant in a stratum has no residual there. Without strata this is
//! d s V + β. Source: Grambsch and Therneau (1994), doi 10.1093/biomet/81.3.515; with strata as in R's `cox.zph` since
//! survival 3.0.

use super::model::Fitted;
use super::settings::ModelSettings;
use crate::engine::cholesky::{Ldl, PIVOT_TOLERANCE};
use crate::engine::{ResidualSum, Residuals};
use crate::inference::proportionality::estimated;
use nalgebra::DMatrix;

/// The residuals of every event, sorted by stratum, time and row.
pub struct TimeResiduals<'a> {
    /// Time of every event.
    pub time: Vec<f64>,
    /// Stratum of every event, counted from 0.
    pub stratum: Vec<u32>,
    /// The design's columns that have residuals: those with a finite estimate.
    pub columns: Vec<usize>,
    /// V̄⁻¹ of these columns, where all vary.
    pub scale: DMatrix<f64>,
    residuals: Residuals<'a>,
    /// The distinct record of every event.
    record: Vec<u32>,
    coefficients: Vec<f64>,
    /// Per stratum the places among `columns` of those that vary, and V̄⁻¹ of these.
    strata: Vec<(Vec<usize>, DMatrix<f64>)>,
}

impl Fitted {
    /// The scaled Schoenfeld residuals of a model that was fitted by [`super::fit_model`], or with a smooth of them among
    /// its settings.
    pub fn time_residuals(&self, settings: &ModelSettings) -> TimeResiduals<'_> {
        let residuals = self.prepared.residuals(&self.fit, settings.ties);
        let event = &self.built.data.event;
        let of_row = self.prepared.record_of_row();
        let mut record: Vec<u32> = of_row.iter().zip(event).filter(|(_, event)| **event).map(|(r, _)| *r).collect();
        record.sort_by_key(|r| residuals.slot(*r as usize));
        let estimated = estimated(&self.fit);
        let columns: Vec<usize> = (0..estimated.len()).filter(|j| estimated[*j]).collect();
        let (_, _, information) = self.prepared.derivatives(&self.fit.coefficients, settings.ties);
        let varies = self.varying_columns(&residuals, &columns);
        let mut events_of = vec![0.0; varies.len()];
        record.iter().for_each(|r| events_of[residuals.stratum(*r as usize)] += 1.0);
        let mean = mean_information(&information, &columns, &varies, &events_of);
        let all: Vec<usize> = (0..columns.len()).collect();
        let of_stratum = |varies: &Vec<bool>| {
            let used: Vec<usize> = all.iter().copied().filter(|j| varies[*j]).collect();
            let inverse = inverse_of(&mean, &used);
            (used, inverse)
        };
        TimeResiduals {
            time: record.iter().map(|r| residuals.time(*r as usize)).collect(),
            stratum: record.iter().map(|r| residuals.stratum(*r as usize) as u32).collect(),
            scale: inverse_of(&mean, &all),
            coefficients: columns.iter().map(|j| self.fit.coefficients[*j]).collect(),
            strata: varies.iter().map(of_stratum).collect(),
            columns,
            residuals,
            record,
        }
    }

    /// Per stratum, which of `columns` are not the same for all its records.
    fn varying_columns(&self, residuals: &Residuals<'_>, columns: &[usize]) -> Vec<Vec<bool>> {
        let Some(stratum) = &self.built.data.stratum else { return vec![vec![true; columns.len()]] };
        let of_row = self.prepared.record_of_row();
        let n_strata = (0..of_row.len()).filter_map(|i| stratum.get(i)).max().map_or(0, |s| s as usize + 1);
        let mut varies = vec![vec![false; columns.len()]; n_strata];
        let mut first: Vec<Option<(u32, Vec<f64>)>> = vec![None; n_strata];
        let (mut sum, mut row) = (residuals.sum(), vec![0.0; residuals.n_columns()]);
        for (i, &record) in of_row.iter().enumerate() {
            let Some(s) = stratum.get(i).map(|s| s as usize) else { continue };
            let pattern = residuals.pattern(record as usize);
            if varies[s].iter().all(|v| *v) || first[s].as_ref().is_some_and(|(known, _)| *known == pattern) {
                continue;
            }
            sum.clear();
            residuals.add_covariates(record as usize, &mut sum);
            residuals.write(&sum, &mut row);
            match &first[s] {
                None => first[s] = Some((pattern, row.clone())),
                Some((_, first)) => {
                    varies[s].iter_mut().zip(columns).for_each(|(v, &j)| *v |= row[j] != first[j]);
                }
            }
        }
        varies
    }
}

/// What is filled for every event.
pub(super) struct TimeWork {
    sum: ResidualSum,
    schoenfeld: Vec<f64>,
    row: Vec<f64>,
}

impl TimeResiduals<'_> {
    /// The residuals of one event, one number per column; NaN where the column does not vary in the event's stratum.
    pub fn row(&self, event: usize) -> Vec<f64> {
        self.row_with(event, &mut self.work()).to_vec()
    }

    /// What [`TimeResiduals::row_with`] fills again and again.
    pub(super) fn work(&self) -> TimeWork {
        TimeWork {
            sum: self.residuals.sum(),
            schoenfeld: vec![0.0; self.residuals.n_columns()],
            row: vec![0.0; self.columns.len()],
        }
    }

    /// As [`TimeResiduals::row`], without allocating.
    pub(super) fn row_with<'w>(&self, event: usize, work: &'w mut TimeWork) -> &'w [f64] {
        let TimeWork { sum, schoenfeld, row } = work;
        let record = self.record[event] as usize;
        sum.clear();
        self.residuals.add_schoenfeld(record, 1.0, sum);
        self.residuals.write(sum, schoenfeld);
        let (used, inverse) = &self.strata[self.residuals.stratum(record)];
        row.fill(f64::NAN);
        for (k, &place) in used.iter().enumerate() {
            let scaled = used.iter().enumerate().map(|(l, j)| schoenfeld[self.columns[*j]] * inverse[(l, k)]);
            row[place] = scaled.sum::<f64>() + self.coefficients[place];
        }
        row
    }
}

/// I_ij divided by the number of events in strata where both columns vary.
fn mean_information(
    information: &DMatrix<f64>,
    columns: &[usize],
    varies: &[Vec<bool>],
    events_of: &[f64],
) -> DMatrix<f64> {
    DMatrix::from_fn(columns.len(), columns.len(), |i, j| {
        let both = varies.iter().zip(events_of).filter(|(v, _)| v[i] && v[j]);
        let events: f64 = both.map(|(_, d)| d).sum();
        information[(columns[i], columns[j])] / if events > 0.0 { events } else { 1.0 }
    })
}

fn inverse_of(matrix: &DMatrix<f64>, used: &[usize]) -> DMatrix<f64> {
    // Scaled to unit diagonal, so that columns of very different units are all found.
    let unit = |i: usize| matrix[(i, i)].sqrt().recip();
    let part =
        DMatrix::from_fn(used.len(), used.len(), |i, j| matrix[(used[i], used[j])] * unit(used[i]) * unit(used[j]));
    let inverse = Ldl::new(&part, PIVOT_TOLERANCE).inverse();
    DMatrix::from_fn(used.len(), used.len(), |i, j| inverse[(i, j)] * unit(used[i]) * unit(used[j]))
}
