//! Σ u uᵀ of score residuals where risk scores change along the time axis, class after class.
//!
//! ```text
//! u = x(δ − e D) + e[H_b − H_a − δ ω_b G_b] − δ X̄_b          D = Σ A ω − δ B ω,   H = Σ ω (C0 S1 − C1 E1)
//! ```
//!
//! with the notation of [`super::variance`]; D and H are those of the record's class, and in a time-varying column
//! x(δ − e D) becomes v(δ g_b − e[Σ A ω g − δ B ω g]). A person's records may be of several classes: clusters are taken in
//! blocks, and in a block class after class, so that O(T p) numbers and one block of residuals are held.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::classes::Class;
use super::kernel::{OuterProducts, add_in_order};
use super::sums::two_sum;
use super::sweep::{RiskScores, Sweep};
use super::ties::{TieTerms, Ties};

/// Records in one chunk at least, and chunks at most.
const CHUNK: usize = 4096;
const CHUNKS: usize = 32;
/// Numbers of the residuals of a block of clusters.
const BLOCK_NUMBERS: usize = 1 << 23;

/// Per slot what residuals need; rows of length `width` in inner order.
pub(super) struct SlotTables<'a> {
    sweep: &'a Sweep,
    pub risk: RiskScores,
    pub terms: Vec<TieTerms>,
    /// X̄.
    pub mean: Vec<f64>,
    /// G.
    taken_back: Vec<f64>,
    /// C0 S1 − C1 E1.
    increment: Vec<f64>,
}

/// The middle of the sandwich at `coefficients`; scaled columns in the order of the design.
pub(super) fn class_outer_product(sweep: &Sweep, coefficients: &[f64], ties: Ties) -> DMatrix<f64> {
    let p = sweep.patterns.n_columns;
    let tables = SlotTables::new(sweep, coefficients, ties);
    let mut sum = tables.squares_of_records();
    let clusters = &sweep.records.clusters;
    let per_block = (BLOCK_NUMBERS / (sweep.patterns.width() + 1)).max(1);
    for block in 0..clusters.n_joint().div_ceil(per_block) {
        let block = block * per_block..((block + 1) * per_block).min(clusters.n_joint());
        let rows = tables.cluster_rows(block);
        add_squares(&rows, sweep.patterns.width(), p, &mut sum);
    }
    sweep.patterns.design_order(&sum, p)
}

/// Adds the outer products of rows to a lower triangle, in fixed chunks.
pub(super) fn add_squares(rows: &[f64], width: usize, p: usize, sum: &mut [f64]) {
    let parts: Vec<Vec<f64>> = rows
        .par_chunks(CHUNK * width.max(1))
        .map(|rows| {
            let mut products = OuterProducts::new(p);
            rows.chunks(width).for_each(|row| products.push(row[..p].iter().copied()));
            products.flush();
            products.sum
        })
        .collect();
    add_in_order(sum, parts);
}

impl<'a> SlotTables<'a> {
    pub fn new(sweep: &'a Sweep, coefficients: &[f64], ties: Ties) -> SlotTables<'a> {
        let width = sweep.patterns.width();
        let risk = sweep.risk_scores(&sweep.patterns.inner_order(coefficients));
        let mut sums = sweep.all_sums(&risk, ties);
        let terms = sweep.all_terms(&sums, ties);
        let mut increment = vec![0.0; terms.len() * width];
        for k in (0..terms.len()).filter(|&k| sweep.slots.n_events[k] > 0) {
            let (t, w) = (&terms[k], sweep.slots.event_weight[k]);
            for j in k * width..(k + 1) * width {
                let (s1, e1) = (sums.s1[j], sums.e1[j]);
                increment[j] = t.c0 * s1 - t.c1 * e1;
                sums.s1[j] = (t.a * s1 - t.b * e1) / w;
                sums.e1[j] = t.c1 * s1 - t.c2 * e1;
            }
        }
        SlotTables { sweep, risk, terms, mean: sums.s1, taken_back: sums.e1, increment }
    }

    /// Records at risk, class after class.
    fn by_class(&self, records: impl Iterator<Item = u32>) -> Vec<(u32, u32)> {
        let classes = &self.sweep.classes.list;
        let mut of_pattern = vec![0u32; self.sweep.patterns.n];
        for (c, class) in classes.iter().enumerate() {
            of_pattern[class.patterns.clone()].fill(c as u32);
        }
        let class_of = |record: u32| of_pattern[self.sweep.records.pattern[record as usize] as usize];
        let mut pairs: Vec<(u32, u32)> = records.map(|record| (class_of(record), record)).collect();
        pairs.par_sort_unstable();
        pairs
    }

    /// Σ u uᵀ over the records that are clusters of their own.
    fn squares_of_records(&self) -> Vec<f64> {
        let (p, width, records) = (self.sweep.patterns.n_columns, self.sweep.patterns.width(), &self.sweep.records);
        let n_alone = |record: usize| records.clusters.alone.get(record).map_or(records.count[record], |n| *n);
        let at_risk = records.slot_start[1]..records.n() as u32;
        let pairs = self.by_class(at_risk.filter(|&record| n_alone(record as usize) > 0));
        let parts: Vec<Vec<f64>> = pairs
            .par_chunks(pairs.len().div_ceil(CHUNKS).max(CHUNK))
            .map(|pairs| {
                let mut products = OuterProducts::new(p);
                for group in pairs.chunk_by(|a, b| a.0 == b.0) {
                    let table = ClassTable::new(self, group);
                    for &(_, record) in group {
                        let record = record as usize;
                        let factor = f64::from(n_alone(record)).sqrt() * records.case_weight(record);
                        products.push_with(width, |row| table.add_residual(record, factor, row));
                    }
                }
                products.flush();
                products.sum
            })
            .collect();
        let mut sum = vec![0.0; p * p];
        add_in_order(&mut sum, parts);
        sum
    }

    /// The summed residuals of some clusters of several records, a row each.
    fn cluster_rows(&self, block: Range<usize>) -> Vec<f64> {
        let clusters = &self.sweep.records.clusters;
        let members = block.clone().flat_map(|c| clusters.joint(c).iter().map(move |&r| (r, c - block.start)));
        self.summed_rows(members.collect(), block.len())
    }

    /// Residuals summed into `n` rows; `members` are distinct records with their row.
    pub fn summed_rows(&self, mut members: Vec<(u32, usize)>, n: usize) -> Vec<f64> {
        let (width, records) = (self.sweep.patterns.width(), &self.sweep.records);
        let mut rows = vec![0.0; n * width];
        members.retain(|(r, _)| records.exit[*r as usize] > 0);
        members.par_sort_unstable();
        let mut distinct: Vec<u32> = members.iter().map(|m| m.0).collect();
        distinct.dedup();
        for group in self.by_class(distinct.into_iter()).chunk_by(|a, b| a.0 == b.0) {
            let table = ClassTable::new(self, group);
            for &(_, record) in group {
                let from = members.partition_point(|m| m.0 < record);
                for &(_, row) in members[from..].iter().take_while(|m| m.0 == record) {
                    let at = row * width;
                    let weight = records.case_weight(record as usize);
                    table.add_residual(record as usize, weight, &mut rows[at..at + width]);
                }
            }
        }
        rows
    }
}

/// D and H of one class at the slots of some of its records.
struct ClassTable<'a> {
    tables: &'a SlotTables<'a>,
    class: &'a Class,
    first: usize,
    factors: Vec<f64>,
    /// Σ A ω, then Σ A ω g per function of the class; per slot, with rounding errors.
    hazard: Vec<(f64, f64)>,
    functions: Vec<usize>,
    /// H.
    cumulative: Vec<f64>,
}

impl<'a> ClassTable<'a> {
    /// The tables of the records of one class, given as (class, record).
    fn new(tables: &'a SlotTables<'a>, group: &[(u32, u32)]) -> ClassTable<'a> {
        let (sweep, classes) = (tables.sweep, &tables.sweep.classes);
        let records = &sweep.records;
        let class = &classes.list[group[0].0 as usize];
        let exit = |&(_, r): &(u32, u32)| records.exit[r as usize] as usize;
        let entry = |m: &(u32, u32)| match records.entry.get(m.1 as usize) {
            Some(&slot) => slot as usize,
            None => sweep.slots.first[sweep.slots.stratum[exit(m)] as usize] as usize,
        };
        let first = group.iter().map(entry).min().unwrap_or(0);
        let slots = first..group.iter().map(exit).max().unwrap_or(0) + 1;
        let functions = classes.functions_of(class);
        let factors = classes.factors(class, &tables.risk.varying, slots.clone());
        let (width, m) = (sweep.patterns.width(), 1 + functions.len());
        let mut hazard = vec![(0.0, 0.0); slots.len() * m];
        let mut cumulative = vec![0.0; slots.len() * width];
        for (k, slot) in slots.enumerate().filter(|(_, slot)| !sweep.slots.time[*slot].is_nan()) {
            let a = tables.terms[slot].a * factors[k];
            for i in 0..m {
                let g = if i == 0 { 1.0 } else { classes.functions[functions[i - 1]][slot] };
                let (high, low) = if k == 0 { (0.0, 0.0) } else { hazard[(k - 1) * m + i] };
                let (sum, error) = two_sum(high, a * g);
                hazard[k * m + i] = (sum, low + error);
            }
            let (before, here) = cumulative.split_at_mut(k * width);
            let before = before.rchunks(width.max(1)).next();
            let increment = &tables.increment[slot * width..(slot + 1) * width];
            for (j, (h, x)) in here.iter_mut().zip(increment).enumerate() {
                *h = before.map_or(0.0, |b| b[j]) + factors[k] * x;
            }
        }
        ClassTable { tables, class, first, factors, hazard, functions, cumulative }
    }

    /// Adds `factor` times the residual of one record at risk to `row`.
    fn add_residual(&self, record: usize, factor: f64, row: &mut [f64]) {
        let (sweep, width) = (self.tables.sweep, row.len());
        let (records, classes) = (&sweep.records, &sweep.classes);
        let slot = records.exit[record] as usize;
        let event = record >= records.event_start[slot] as usize;
        let pattern = records.pattern[record] as usize;
        let r = self.tables.risk.of(pattern, sweep.slots.stratum[slot] as usize);
        let scaled = factor * r;
        let at = slot - self.first;
        let before = records.entry.get(record).map(|&a| a as usize - self.first);
        let rows = |k: usize| &self.cumulative[k * width..(k + 1) * width];
        row.iter_mut().zip(rows(at)).for_each(|(u, h)| *u += scaled * h);
        if let Some(before) = before {
            row.iter_mut().zip(rows(before)).for_each(|(u, h)| *u -= scaled * h);
        }
        let omega = self.factors[at];
        if event {
            let tables = slot * width..(slot + 1) * width;
            let both = self.tables.mean[tables.clone()].iter().zip(&self.tables.taken_back[tables]);
            row.iter_mut().zip(both).for_each(|(u, (m, g))| *u -= factor * m + scaled * omega * g);
        }
        let delta = f64::from(u8::from(event));
        let martingale = |i: usize, g: f64| {
            let m = 1 + self.functions.len();
            let (high, low) = self.hazard[at * m + i];
            let (high_before, low_before) = before.map_or((0.0, 0.0), |k| self.hazard[k * m + i]);
            let mut expected = (high - high_before) + (low - low_before);
            expected -= delta * self.tables.terms[slot].b * omega * g;
            delta * g - r * expected
        };
        sweep.patterns.row(pattern).add_to(factor * martingale(0, 1.0), sweep.patterns.first_dense, row);
        for &(j, v) in &self.class.values {
            let column = &classes.columns[j];
            let place = self.functions.iter().position(|&f| f == column.function);
            let place = place.expect("the functions of a class are listed");
            row[column.inner] += factor * v * martingale(1 + place, classes.functions[column.function][slot]);
        }
    }
}
