//! Firth's correction: ½ ln det I added to ℓ, and its gradient without a p × p matrix per event time.
//!
//! With V = I⁻¹, h = xᵀVx of a record, φ_l, A, B, C of the [module above](super), and per event time
//!
//! ```text
//! G_j = (W/d) Σ (l/d)^j/φ_l³        z = C0 S1 − C1 E1 = −∂A/∂β        y = C1 S1 − C2 E1 = −∂B/∂β
//! s = S1ᵀVS1,  t = S1ᵀVE1,  e = E1ᵀVE1        S_h, E_h: Σ r h over the risk set, over the tied events
//! ```
//!
//! the gradient of the penalty is half of tr(V ∂I/∂β), which is
//!
//! ```text
//! Σ_i x_i [D_i h_i − 2 r_i x_iᵀV(Z_b − Z_a − δ y_b)] − Σ_k [z S_h − y E_h]                   Z: z cumulated over event times
//!   + 2 Σ_k [(G0 S1 − G1 E1) s − 2 (G1 S1 − G2 E1) t + (G2 S1 − G3 E1) e]
//! ```
//!
//! (∂S1 = S2 = Σ r x xᵀ is never formed: Σ_k S2_k V z_k is a sum over records of r x (xᵀV Σ_k z_k), each over its own event
//! times.) O(N q + K q² + T p²) for N distinct records, K patterns and T event times.
//!
//! Source: Firth (1993), Biometrika 80:27-38, doi 10.1093/biomet/80.1.27; for the Cox model Heinze and Schemper (2001),
//! Biometrics 57:114-119, doi 10.1111/j.0006-341X.2001.00114.x.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::pattern::{Patterns, Row};
use super::records::EVENT_BIT;
use super::sums::{SlotSums, two_sum};
use super::sweep::{CumulativeHazard, RiskScores, Sweep};
use super::ties::{TieTerms, Ties};

/// Half the gradient of ln det I at `coefficients`, given V = I⁻¹ there; scaled columns in the order of the design.
pub(super) fn gradient(sweep: &Sweep, coefficients: &[f64], ties: Ties, inverse: &DMatrix<f64>) -> Vec<f64> {
    let metric = Metric::new(&sweep.patterns, inverse);
    let risk = sweep.risk_scores(&sweep.patterns.inner_order(coefficients));
    let sums = sweep.all_sums(&risk, ties);
    let terms = sweep.all_terms(&sums, ties);
    let hazard = sweep.cumulative_hazard(&terms);
    let lengths = metric.lengths(&sweep.patterns);
    let of_lengths = LengthSums::new(sweep, &risk, ties, &lengths);
    let slots = Slots::new(sweep, &sums, &terms, ties, &metric, &of_lengths);
    let of_records = record_sums(sweep, &risk, &hazard, &slots, &lengths);
    let mut gradient = vec![0.0; sweep.patterns.n_columns];
    for (i, &j) in sweep.patterns.design_column.iter().enumerate() {
        gradient[j as usize] = 0.5 * (of_records[i] + slots.gradient[i]);
    }
    gradient
}

/// V in inner order, with zeros for spare columns.
struct Metric {
    v: Vec<f64>,
    width: usize,
}

impl Metric {
    fn new(patterns: &Patterns, inverse: &DMatrix<f64>) -> Metric {
        let width = patterns.width();
        let mut v = vec![0.0; width * width];
        for (i, &row) in patterns.design_column.iter().enumerate() {
            for (j, &column) in patterns.design_column.iter().enumerate() {
                v[i * width + j] = inverse[(row as usize, column as usize)];
            }
        }
        Metric { v, width }
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.v[i * self.width..(i + 1) * self.width]
    }

    /// V x.
    fn times(&self, x: &[f64], to: &mut [f64]) {
        to.iter_mut().enumerate().for_each(|(i, y)| *y = dot(self.row(i), x));
    }

    /// h of every pattern.
    fn lengths(&self, patterns: &Patterns) -> Vec<f64> {
        (0..patterns.n)
            .into_par_iter()
            .with_min_len(1024)
            .map(|pattern| {
                let row = patterns.row(pattern);
                let first = patterns.first_dense;
                let along = |i: usize| row_times(&row, first, self.row(i));
                let units = row.units.iter().map(|&i| along(i as usize)).sum::<f64>();
                let sparse = row.sparse_columns.iter().zip(row.sparse_values);
                let sparse = sparse.map(|(&i, x)| x * along(i as usize)).sum::<f64>();
                units + sparse + row.dense.iter().enumerate().map(|(k, x)| x * along(first + k)).sum::<f64>()
            })
            .collect()
    }
}

/// xᵀy of a pattern's row.
fn row_times(row: &Row, first_dense: usize, y: &[f64]) -> f64 {
    let units = row.units.iter().map(|&j| y[j as usize]).sum::<f64>();
    let sparse = row.sparse_columns.iter().zip(row.sparse_values).map(|(&j, x)| x * y[j as usize]).sum::<f64>();
    units + sparse + dot(row.dense, &y[first_dense..])
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// S_h and E_h of every slot.
struct LengthSums {
    at_risk: Vec<f64>,
    tied: Vec<f64>,
}

impl LengthSums {
    fn new(sweep: &Sweep, risk: &RiskScores, ties: Ties, lengths: &[f64]) -> LengthSums {
        let (by, slots) = (&sweep.records.by_pattern, &sweep.slots);
        let n_slots = slots.time.len();
        let (mut leaving, mut entering, mut tied) = (vec![0.0; n_slots], vec![0.0; n_slots], vec![0.0; n_slots]);
        for pattern in 0..sweep.patterns.n {
            for i in by.start[pattern] as usize..by.start[pattern + 1] as usize {
                let (exit, event) = ((by.exit[i] & !EVENT_BIT) as usize, by.exit[i] & EVENT_BIT != 0);
                let x = by.weight[i] * risk.of(pattern, slots.stratum[exit] as usize) * lengths[pattern];
                leaving[exit] += x;
                if event && ties == Ties::Efron {
                    tied[exit] += x;
                }
                if let Some(&entry) = by.entry.get(i) {
                    entering[entry as usize] += x;
                }
            }
        }
        let (mut sum, mut error) = (0.0, 0.0);
        for k in (0..n_slots).rev() {
            if slots.time[k].is_nan() {
                (sum, error) = (0.0, 0.0);
                continue;
            }
            // The small difference of large sums where records enter late.
            for x in [leaving[k], -entering[k]] {
                let (high, low) = two_sum(sum, x);
                (sum, error) = (high, error + low);
            }
            leaving[k] = sum + error;
        }
        LengthSums { at_risk: leaving, tied }
    }
}

/// What the event times contribute, and what the records need of them.
struct Slots {
    width: usize,
    /// V Z of every slot.
    cumulative: Vec<f64>,
    /// V y of every slot.
    taken_back: Vec<f64>,
    /// The sums over event times in tr(V ∂I/∂β).
    gradient: Vec<f64>,
}

impl Slots {
    fn new(
        sweep: &Sweep,
        sums: &SlotSums,
        terms: &[TieTerms],
        ties: Ties,
        metric: &Metric,
        lengths: &LengthSums,
    ) -> Slots {
        let width = metric.width;
        let times = |rows: &[f64]| {
            let mut out = vec![0.0; rows.len()];
            out.par_chunks_mut(width.max(1)).zip(rows.par_chunks(width.max(1))).for_each(|(y, x)| metric.times(x, y));
            out
        };
        // V S1 and V E1, turned into V Z and V y below.
        let (mut cumulative, mut taken_back) = (times(&sums.s1), times(&sums.e1));
        let mut gradient = vec![0.0; width];
        for k in 0..terms.len() {
            let here = k * width..(k + 1) * width;
            let d = sweep.slots.n_events[k];
            if d == 0 {
                let before = if sweep.slots.time[k].is_nan() { None } else { Some(here.start - width..here.start) };
                match before {
                    Some(before) => cumulative.copy_within(before, here.start),
                    None => cumulative[here.clone()].fill(0.0),
                }
                taken_back[here].fill(0.0);
                continue;
            }
            let (term, w) = (&terms[k], sweep.slots.event_weight[k]);
            let (s1, e1) = (&sums.s1[here.clone()], &sums.e1[here.clone()]);
            let s = dot(s1, &cumulative[here.clone()]);
            let t = dot(s1, &taken_back[here.clone()]);
            let e = dot(e1, &taken_back[here.clone()]);
            let g = cubes(ties, sums.s0[k], sums.e0[k], d, w);
            let (sh, eh) = (lengths.at_risk[k], lengths.tied[k]);
            let of_s1 = 2.0 * (g[0] * s - 2.0 * g[1] * t + g[2] * e) - term.c0 * sh + term.c1 * eh;
            let of_e1 = -2.0 * (g[1] * s - 2.0 * g[2] * t + g[3] * e) + term.c1 * sh - term.c2 * eh;
            for (sum, (a, b)) in gradient.iter_mut().zip(s1.iter().zip(e1)) {
                *sum += of_s1 * a + of_e1 * b;
            }
            for j in here {
                let (vs1, ve1) = (cumulative[j], taken_back[j]);
                cumulative[j] = cumulative[j - width] + (term.c0 * vs1 - term.c1 * ve1);
                taken_back[j] = term.c1 * vs1 - term.c2 * ve1;
            }
        }
        Slots { width, cumulative, taken_back, gradient }
    }

    /// xᵀV(Z_b − Z_a − δ y_b).
    fn along(&self, row: &Row, first_dense: usize, exit: usize, entry: Option<usize>, event: bool) -> f64 {
        let of = |table: &[f64], slot: usize| {
            row_times(row, first_dense, &table[slot * self.width..(slot + 1) * self.width])
        };
        let mut sum = of(&self.cumulative, exit);
        if let Some(entry) = entry {
            sum -= of(&self.cumulative, entry);
        }
        if event { sum - of(&self.taken_back, exit) } else { sum }
    }
}

/// G_0 to G_3.
fn cubes(ties: Ties, s0: f64, e0: f64, d: u32, w: f64) -> [f64; 4] {
    if d == 1 || ties != Ties::Efron {
        return [w / s0.powi(3), 0.0, 0.0, 0.0];
    }
    let count = f64::from(d);
    let mut g = [0.0; 4];
    for l in 0..d {
        let fraction = f64::from(l) / count;
        let mut x = (s0 - fraction * e0).powi(-3) * w / count;
        for sum in &mut g {
            *sum += x;
            x *= fraction;
        }
    }
    g
}

/// Σ x [D h − 2 r xᵀV(Z_b − Z_a − δ y_b)] over records, inner order.
fn record_sums(
    sweep: &Sweep,
    risk: &RiskScores,
    hazard: &CumulativeHazard,
    slots: &Slots,
    lengths: &[f64],
) -> Vec<f64> {
    let (by, first_dense) = (&sweep.records.by_pattern, sweep.patterns.first_dense);
    let of_pattern = |pattern: usize, row: &Row| {
        let mut sum = 0.0;
        for i in by.start[pattern] as usize..by.start[pattern + 1] as usize {
            let (exit, event) = ((by.exit[i] & !EVENT_BIT) as usize, by.exit[i] & EVENT_BIT != 0);
            let entry = by.entry.get(i).map(|&a| a as usize);
            let r = by.weight[i] * risk.of(pattern, sweep.slots.stratum[exit] as usize);
            let along = slots.along(row, first_dense, exit, entry, event);
            sum += r * (hazard.of(exit, entry, event) * lengths[pattern] - 2.0 * along);
        }
        sum
    };
    let size = sweep.patterns.n.div_ceil(64).max(1024);
    let parts: Vec<Vec<f64>> = (0..sweep.patterns.n.div_ceil(size))
        .into_par_iter()
        .map(|chunk| {
            let mut sum = vec![0.0; slots.width];
            for pattern in chunk * size..((chunk + 1) * size).min(sweep.patterns.n) {
                let row = sweep.patterns.row(pattern);
                row.add_to(of_pattern(pattern, &row), first_dense, &mut sum);
            }
            sum
        })
        .collect();
    let mut sum = vec![0.0; slots.width];
    parts.iter().for_each(|part| sum.iter_mut().zip(part).for_each(|(a, b)| *a += b));
    sum
}
