//! The robust (sandwich) covariance from score residuals, without an array of records × columns.
//!
//! ```text
//! u_i = x_i (δ − e_i(Λ − δB)) + e_i [H_b − H_a − δ G_b] − δ X̄_b          e_i = exp(η_i), without the case weight
//! X̄ = (A S1 − B E1)/W      H = Σ (C0 S1 − C1 E1)      G = C1 S1 − C2 E1     (sums of one event time; H cumulated)
//! robust covariance = I⁻¹ [ Σ_c (Σ_{i in c} w_i u_i)(Σ_{i in c} w_i u_i)ᵀ ] I⁻¹
//! ```
//!
//! w u I⁻¹ is dfbeta, what a record changes in the coefficients, so this is the infinitesimal jackknife.
//!
//! A residual is the derivative of ℓ with respect to the record's case weight (Efron: averaged over the order of the ties).
//! Identical records have the same one. Source: Lin and Wei (1989), JASA 84:1074-1078, doi 10.1080/01621459.1989.10478874;
//! with ties as in R's survival package.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::class_residuals::class_outer_product;
use super::kernel::{OuterProducts, add_in_order};
use super::slot_squares::{can_sum_by_slot, sum_by_slot};
use super::sweep::{CumulativeHazard, RiskScores, Sweep};
use super::ties::Ties;

/// Distinct records, or clusters, in one chunk.
const CHUNK: usize = 4096;

/// A factor on the robust covariance that makes up for few clusters: with G of them the sandwich is too small by about 1/G.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClusterCorrection {
    /// 1, as in R: the infinitesimal jackknife as it is.
    #[default]
    None,
    /// G/(G − 1), as in Stata's `stcox` with `vce(robust)` and `vce(cluster)`.
    Groups,
    /// G/(G − 1) · (n − 1)/(n − p) for n records and p coefficients, as CR1 of linear models.
    GroupsAndColumns,
}

impl ClusterCorrection {
    /// The factor; 1 where a denominator would not be positive.
    pub fn factor(self, n_clusters: usize, n_records: usize, n_coefficients: usize) -> f64 {
        let (g, n, p) = (n_clusters as f64, n_records as f64, n_coefficients as f64);
        let groups = if g > 1.0 { g / (g - 1.0) } else { 1.0 };
        match self {
            ClusterCorrection::None => 1.0,
            ClusterCorrection::Groups => groups,
            ClusterCorrection::GroupsAndColumns => groups * if n > p { (n - 1.0) / (n - p) } else { 1.0 },
        }
    }

    /// The factor as a formula; `None` for 1.
    pub fn formula(self) -> Option<&'static str> {
        match self {
            ClusterCorrection::None => None,
            ClusterCorrection::Groups => Some("G/(G−1)"),
            ClusterCorrection::GroupsAndColumns => Some("G/(G−1) · (n−1)/(n−p)"),
        }
    }
}

/// A record as its residual needs it. Of many records it is looked up ahead of the sums: the memory fetches many places
/// at once, but is waited for at every one that stands between sums.
#[derive(Debug, Clone, Copy)]
pub struct RecordPlace {
    /// Slot of the end; 0 for a record that is never at risk.
    exit: u32,
    /// Slot of the entry, where there are entry times.
    entry: Option<u32>,
    event: bool,
    pattern: u32,
    /// e.
    risk: f64,
    /// Case weight.
    weight: f64,
}

impl RecordPlace {
    /// Whether the record ends in an event.
    pub fn is_event(&self) -> bool {
        self.event
    }

    /// Case weight of the record.
    pub fn weight(&self) -> f64 {
        self.weight
    }
}

/// Per slot what the residuals need; rows of length p in inner order.
pub(super) struct ResidualTables<'a> {
    pub sweep: &'a Sweep,
    pub risk: RiskScores,
    pub hazard: CumulativeHazard,
    /// X̄ of every slot.
    pub mean: Vec<f64>,
    /// G of every slot.
    pub taken_back: Vec<f64>,
    /// H of every slot.
    pub cumulative: Vec<f64>,
}

/// The middle of the sandwich, Σ over clusters of the outer product of their summed score residuals, at
/// `coefficients`; scaled columns in the order of the design.
pub(super) fn outer_product_of_scores(sweep: &Sweep, coefficients: &[f64], ties: Ties) -> DMatrix<f64> {
    if !sweep.classes.is_empty() {
        return class_outer_product(sweep, coefficients, ties);
    }
    let (p, width) = (sweep.patterns.n_columns, sweep.patterns.width());
    let tables = ResidualTables::new(sweep, coefficients, ties);
    if can_sum_by_slot(sweep) {
        return sweep.patterns.design_order(&sum_by_slot(&tables), p);
    }
    let at_risk = sweep.records.slot_start[1] as usize..sweep.records.n();
    let mut sum = add_chunks(p, at_risk, |record, products| tables.push_alone(record, products));
    let joint = add_chunks(p, 0..sweep.records.clusters.n_joint(), |cluster, products| {
        products.push_with(width, |row| {
            for &record in sweep.records.clusters.joint(cluster) {
                tables.add_residual(record as usize, sweep.records.case_weight(record as usize), row);
            }
        });
    });
    sum.iter_mut().zip(joint).for_each(|(a, b)| *a += b);
    sweep.patterns.design_order(&sum, p)
}

/// Adds up outer products over fixed chunks of items, in their order.
fn add_chunks(p: usize, items: Range<usize>, push: impl Fn(usize, &mut OuterProducts) + Sync) -> Vec<f64> {
    let size = items.len().div_ceil(64).max(CHUNK);
    let parts: Vec<Vec<f64>> = (0..items.len().div_ceil(size))
        .into_par_iter()
        .map(|chunk| {
            let mut products = OuterProducts::new(p);
            let from = items.start + chunk * size;
            (from..(from + size).min(items.end)).for_each(|item| push(item, &mut products));
            products.flush();
            products.sum
        })
        .collect();
    let mut sum = vec![0.0; p * p];
    add_in_order(&mut sum, parts);
    sum
}

impl<'a> ResidualTables<'a> {
    pub fn new(sweep: &'a Sweep, coefficients: &[f64], ties: Ties) -> ResidualTables<'a> {
        let p = sweep.patterns.width();
        let risk = sweep.risk_scores(&sweep.patterns.inner_order(coefficients));
        let mut sums = sweep.all_sums(&risk, ties);
        let terms = sweep.all_terms(&sums, ties);
        let n_slots = terms.len();
        let mut cumulative = vec![0.0; n_slots * p];
        for k in (0..n_slots).filter(|&k| sweep.slots.n_events[k] > 0) {
            let t = &terms[k];
            let w = sweep.slots.event_weight[k];
            for j in k * p..(k + 1) * p {
                let (s1, e1) = (sums.s1[j], sums.e1[j]);
                cumulative[j] = cumulative[j - p] + (t.c0 * s1 - t.c1 * e1);
                sums.s1[j] = (t.a * s1 - t.b * e1) / w;
                sums.e1[j] = t.c1 * s1 - t.c2 * e1;
            }
        }
        let hazard = sweep.cumulative_hazard(&terms);
        ResidualTables { sweep, risk, hazard, mean: sums.s1, taken_back: sums.e1, cumulative }
    }

    /// Adds what the records of a distinct record that are clusters of their own contribute.
    fn push_alone(&self, record: usize, products: &mut OuterProducts) {
        let records = &self.sweep.records;
        let n = records.clusters.alone.get(record).map_or(records.count[record], |n| *n);
        if n > 0 {
            let factor = f64::from(n).sqrt() * records.case_weight(record);
            products.push_with(self.sweep.patterns.width(), |row| self.add_residual(record, factor, row));
        }
    }

    /// Looks up where a record is and how high its risk.
    pub fn place(&self, record: usize) -> RecordPlace {
        let records = &self.sweep.records;
        let exit = records.exit[record];
        let pattern = records.pattern[record];
        let stratum = self.sweep.slots.stratum[exit as usize] as usize;
        RecordPlace {
            exit,
            entry: records.entry.get(record).copied(),
            event: exit > 0 && record >= records.event_start[exit as usize] as usize,
            pattern,
            risk: if exit > 0 { self.risk.of(pattern as usize, stratum) } else { 0.0 },
            weight: records.case_weight(record),
        }
    }

    /// δ − e(Λ − δB) of a record; 0 for one that is never at risk.
    pub fn martingale(&self, place: &RecordPlace) -> f64 {
        if place.exit == 0 {
            return 0.0;
        }
        let entry = place.entry.map(|slot| slot as usize);
        f64::from(u8::from(place.event)) - place.risk * self.hazard.of(place.exit as usize, entry, place.event)
    }

    /// Adds `factor` times x − X̄ of a record's exit slot to `row`.
    pub fn add_distance_from_mean(&self, record: usize, factor: f64, row: &mut [f64]) {
        let (records, p) = (&self.sweep.records, row.len());
        let at = records.exit[record] as usize * p;
        row.iter_mut().zip(&self.mean[at..at + p]).for_each(|(s, m)| *s -= factor * m);
        let pattern = records.pattern[record] as usize;
        self.sweep.patterns.row(pattern).add_to(factor, self.sweep.patterns.first_dense, row);
    }

    /// Adds `factor` times the residual of one record at risk to `row`.
    pub fn add_residual(&self, record: usize, factor: f64, row: &mut [f64]) {
        self.add_residual_at(&self.place(record), factor, row);
    }

    /// The same for a record that was looked up.
    pub fn add_residual_at(&self, place: &RecordPlace, factor: f64, row: &mut [f64]) {
        if place.exit == 0 {
            return;
        }
        let (p, exit) = (row.len(), place.exit as usize);
        let at = exit * p..(exit + 1) * p;
        let scaled = factor * place.risk;
        row.iter_mut().zip(&self.cumulative[at.clone()]).for_each(|(u, h)| *u += scaled * h);
        if let Some(entry) = place.entry.map(|slot| slot as usize) {
            row.iter_mut().zip(&self.cumulative[entry * p..(entry + 1) * p]).for_each(|(u, h)| *u -= scaled * h);
        }
        if place.event {
            let both = self.mean[at.clone()].iter().zip(&self.taken_back[at]);
            row.iter_mut().zip(both).for_each(|(u, (m, g))| *u -= factor * m + scaled * g);
        }
        let patterns = &self.sweep.patterns;
        let x = patterns.row(place.pattern as usize);
        x.add_to(factor * self.martingale(place), patterns.first_dense, row);
    }
}
