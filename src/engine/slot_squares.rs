//! Σ u uᵀ of the score residuals, slot by slot instead of record by record.
//!
//! Among the events of a slot, and among those censored there, residuals differ in x and in e only:
//!
//! ```text
//! u = αx + eQ + P        α = δ − e(Λ − δB)        Q = H (censored), H − G (events)        P = 0 (censored), −X̄ (events)
//! Σ uuᵀ = Σ α² xxᵀ + Σ_slots [QRᵀ + RQᵀ + PSᵀ + SPᵀ]        R = Σ αe x + ½ Q Σ e² + P Σ e        S = Σ α x + ½ P Σ 1
//! ```
//!
//! with the notation of [`super::variance`]. That costs a pass over the records and O(Tp²), where the residuals themselves
//! would cost p² numbers per distinct record. It serves right-censored records without case weights that are clusters of
//! their own, one row a person being the usual study.

use std::ops::Range;

use rayon::prelude::*;

use super::gram::Gram;
use super::records::EVENT_BIT;
use super::sweep::Sweep;
use super::variance::ResidualTables;

/// Runs of patterns, and of slots, at most.
const CHUNKS: usize = 16;
/// Numbers in a table of all slots up to which this is worth its memory.
const TABLE_NUMBERS: usize = 1 << 19;
/// Numbers in the tables of all runs together, about.
const ALL_TABLES: usize = 1 << 21;

/// Sums over the records of a slot: first all slots' censored, then all slots' events.
struct Sums {
    /// Σ αe x.
    alpha_e_x: Vec<f64>,
    /// Σ α x of the events.
    alpha_x: Vec<f64>,
    /// Σ e².
    e_squared: Vec<f64>,
    /// Σ e of the events.
    e: Vec<f64>,
    /// Number of events.
    n: Vec<f64>,
}

/// Whether [`sum_by_slot`] serves these records.
pub(super) fn can_sum_by_slot(sweep: &Sweep) -> bool {
    let records = &sweep.records;
    let alone = records.clusters.n_joint() == 0 && records.clusters.alone.is_empty();
    alone && records.case_weight.is_empty() && records.entry.is_empty() && table_numbers(sweep) <= TABLE_NUMBERS
}

fn table_numbers(sweep: &Sweep) -> usize {
    sweep.slots.time.len() * sweep.patterns.width()
}

/// The lower triangle of Σ uuᵀ, p × p, inner order.
pub(super) fn sum_by_slot(tables: &ResidualTables<'_>) -> Vec<f64> {
    let patterns = &tables.sweep.patterns;
    let n_chunks = (ALL_TABLES / (table_numbers(tables.sweep) + 1)).clamp(1, CHUNKS);
    let (p, size) = (patterns.n_columns, patterns.n.div_ceil(n_chunks).max(1024));
    let parts: Vec<(Gram, Sums)> = (0..patterns.n.div_ceil(size))
        .into_par_iter()
        .map(|chunk| sums_of_patterns(tables, chunk * size..((chunk + 1) * size).min(patterns.n)))
        .collect();
    let mut result = vec![0.0; p * p];
    let mut sums = Sums::zeros(tables.sweep);
    for (gram, part) in &parts {
        gram.add_lower_triangle(p, &patterns.is_unit, &mut result);
        sums.add(part);
    }
    let n_slots = tables.sweep.slots.time.len();
    let size = n_slots.div_ceil(CHUNKS);
    let products: Vec<Vec<f64>> = (0..CHUNKS)
        .into_par_iter()
        .map(|chunk| products_of_slots(tables, &sums, chunk * size..((chunk + 1) * size).min(n_slots)))
        .collect();
    for part in products {
        result.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
    }
    result
}

/// Σ α² xxᵀ and the sums by slot over some patterns.
fn sums_of_patterns(tables: &ResidualTables<'_>, range: Range<usize>) -> (Gram, Sums) {
    let sweep = tables.sweep;
    let (patterns, by) = (&sweep.patterns, &sweep.records.by_pattern);
    let (width, first_dense, n_slots) = (patterns.width(), patterns.first_dense, sweep.slots.time.len());
    let (mut gram, mut sums) = (Gram::new(patterns), Sums::zeros(sweep));
    for pattern in range.clone() {
        let row = patterns.row(pattern);
        let mut alpha_squared = 0.0;
        for i in by.start[pattern] as usize..by.start[pattern + 1] as usize {
            let (exit, event) = ((by.exit[i] & !EVENT_BIT) as usize, by.exit[i] & EVENT_BIT != 0);
            let (count, place) = (by.weight[i], usize::from(event) * n_slots + exit);
            let e = tables.risk.of(pattern, sweep.slots.stratum[exit] as usize);
            let alpha = f64::from(u8::from(event)) - e * tables.hazard.of(exit, None, event);
            alpha_squared += count * alpha * alpha;
            sums.e_squared[place] += count * e * e;
            row.add_to(count * alpha * e, first_dense, &mut sums.alpha_e_x[place * width..(place + 1) * width]);
            if event {
                sums.e[exit] += count * e;
                sums.n[exit] += count;
                row.add_to(count * alpha, first_dense, &mut sums.alpha_x[exit * width..(exit + 1) * width]);
            }
        }
        gram.add_pattern(alpha_squared, patterns, pattern, range.start);
    }
    gram.finish();
    (gram, sums)
}

/// Σ [QRᵀ + RQᵀ + PSᵀ + SPᵀ] over some slots.
fn products_of_slots(tables: &ResidualTables<'_>, sums: &Sums, slots: Range<usize>) -> Vec<f64> {
    let (p, width) = (tables.sweep.patterns.n_columns, tables.sweep.patterns.width());
    let n_slots = tables.sweep.slots.time.len();
    let mut result = vec![0.0; p * p];
    for slot in slots {
        let at = slot * width..slot * width + p;
        let (h, g, mean) = (&tables.cumulative[at.clone()], &tables.taken_back[at.clone()], &tables.mean[at.clone()]);
        let half = 0.5 * sums.e_squared[slot];
        if half > 0.0 {
            let r: Vec<f64> = sums.alpha_e_x[at.clone()].iter().zip(h).map(|(x, q)| x + half * q).collect();
            add_both_products(h, &r, &mut result);
        }
        if sums.n[slot] > 0.0 {
            let place = n_slots + slot;
            let (half, e, n) = (0.5 * sums.e_squared[place], sums.e[slot], sums.n[slot]);
            let alpha_e_x = &sums.alpha_e_x[place * width..place * width + p];
            let q: Vec<f64> = h.iter().zip(g).map(|(h, g)| h - g).collect();
            let minus_mean: Vec<f64> = mean.iter().map(|m| -m).collect();
            let r: Vec<f64> = (0..p).map(|j| alpha_e_x[j] + half * q[j] - e * mean[j]).collect();
            let s: Vec<f64> = sums.alpha_x[at].iter().zip(mean).map(|(x, m)| x - 0.5 * n * m).collect();
            add_both_products(&q, &r, &mut result);
            add_both_products(&minus_mean, &s, &mut result);
        }
    }
    result
}

/// Adds abᵀ + baᵀ to a lower triangle.
fn add_both_products(a: &[f64], b: &[f64], sum: &mut [f64]) {
    let p = a.len();
    for i in 0..p {
        let line = &mut sum[i * p..i * p + i + 1];
        for (sum, (x, y)) in line.iter_mut().zip(a.iter().zip(b)) {
            *sum += a[i] * y + b[i] * x;
        }
    }
}

impl Sums {
    fn zeros(sweep: &Sweep) -> Sums {
        let (n_slots, width) = (sweep.slots.time.len(), sweep.patterns.width());
        Sums {
            alpha_e_x: vec![0.0; 2 * n_slots * width],
            alpha_x: vec![0.0; n_slots * width],
            e_squared: vec![0.0; 2 * n_slots],
            e: vec![0.0; n_slots],
            n: vec![0.0; n_slots],
        }
    }

    fn add(&mut self, other: &Sums) {
        let pairs = [
            (&mut self.alpha_e_x, &other.alpha_e_x),
            (&mut self.alpha_x, &other.alpha_x),
            (&mut self.e_squared, &other.e_squared),
            (&mut self.e, &other.e),
            (&mut self.n, &other.n),
        ];
        for (sum, part) in pairs {
            sum.iter_mut().zip(part).for_each(|(a, b)| *a += b);
        }
    }
}
