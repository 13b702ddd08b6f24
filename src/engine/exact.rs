//! Exact (discrete) partial likelihood of tied events, also known as conditional logistic likelihood.
//!
//! At an event time with d events among the n records at risk, every set of d of them could have had the events:
//!
//! ```text
//! ℓ_k = Σ_events η − ln e_d        e_d = Σ over sets s of d records of Π_{i in s} r_i     elementary symmetric polynomial
//! U_k = Σ_events x − E[X]          X = Σ_{i in s} x_i, where the set s has probability Π_{i in s} r_i / e_d
//! I_k = Var[X]
//! ```
//!
//! Records are taken one after another. Let f_i(j) be the probability that j of the first i are in the set when each is
//! drawn by itself with odds c·r, and b_i(j) the same for those after the first i. Whatever c is,
//!
//! ```text
//! ln e_d = ln f_n(d) − d ln c + Σ ln(1 + c r)
//! q_i(j) = p_i f_{i−1}(j−1) / f_i(j)                       record i is in, given j of the first i are; p = c r/(1 + c r)
//! m_i(j) = m_{i−1}(j) + q_i(j) Δ,   Δ = x_i + m_{i−1}(j−1) − m_{i−1}(j)     mean of X over the first i; E[X] = m_n(d)
//! Var[X] = Σ_i Σ_j [f_i(j) b_i(d−j) / f_n(d)] q_i(j) (1 − q_i(j)) Δ Δᵀ
//! ```
//!
//! Every number is a probability or a mean, so nothing overflows, and the variance is a sum of squares; c is chosen such
//! that d events are expected, so that f_n(d) is not small. The cost is d n p² an event time. Event times with one event
//! are left to [`super::sweep`]: there the three tie rules are the same.
//!
//! Source: Gail, Lubin and Rubinstein (1981), Biometrika 68:703-707, doi 10.1093/biomet/68.3.703 (the recursion); the
//! variance is the sum of the conditional variances of the draws (law of total variance).

use rayon::prelude::*;

use super::kernel::OuterProducts;
use super::sweep::{RiskScores, Sweep};

/// Most work an evaluation may need, d n (p + 1)² summed over the event times: some ten seconds on one core.
pub(super) const MOST_WORK: f64 = 5e9;
/// Most probabilities b_i(j) held at one event time: 400 MB.
pub(super) const MOST_PROBABILITIES: f64 = 5e7;

/// What the event times with several events contribute.
pub(super) struct ExactSums {
    /// Σ ln e_d.
    pub log_sum: f64,
    /// Σ E[X], inner order.
    pub mean: Vec<f64>,
    /// Σ Var[X], lower triangle, inner order.
    pub variance: Vec<f64>,
}

impl ExactSums {
    fn zeros(sweep: &Sweep) -> ExactSums {
        let p = sweep.patterns.n_columns;
        ExactSums { log_sum: 0.0, mean: vec![0.0; sweep.patterns.width()], variance: vec![0.0; p * p] }
    }

    fn add(&mut self, other: &ExactSums) {
        self.log_sum += other.log_sum;
        self.mean.iter_mut().zip(&other.mean).for_each(|(a, b)| *a += b);
        self.variance.iter_mut().zip(&other.variance).for_each(|(a, b)| *a += b);
    }
}

/// How much an evaluation takes: (Σ d n (p + 1)², the most probabilities at one event time).
pub(super) fn work(sweep: &Sweep) -> (f64, f64) {
    let squares = (sweep.patterns.n_columns as f64 + 1.0).powi(2);
    let mut at_risk = vec![0.0; sweep.slots.time.len()];
    for i in sweep.records.slot_start[1] as usize..sweep.records.n() {
        let count = f64::from(sweep.records.count[i]);
        at_risk[sweep.records.exit[i] as usize] += count;
        if let Some(&entry) = sweep.records.entry.get(i) {
            at_risk[entry as usize] -= count;
        }
    }
    let (mut total, mut most, mut n) = (0.0, 0.0f64, 0.0);
    for k in (1..at_risk.len()).rev() {
        if sweep.slots.time[k].is_nan() {
            n = 0.0;
            continue;
        }
        n += at_risk[k];
        let d = f64::from(sweep.slots.n_events[k]);
        if d > 1.0 {
            total += d * n * squares;
            most = most.max((d + 1.0) * (n + 1.0));
        }
    }
    (total, most)
}

/// Adds up the event times with several events.
pub(super) fn exact_sums(sweep: &Sweep, risk: &RiskScores) -> ExactSums {
    let tied: Vec<usize> = (0..sweep.slots.time.len()).filter(|&k| sweep.slots.n_events[k] > 1).collect();
    let size = tied.len().div_ceil(64).max(1);
    let parts: Vec<ExactSums> = tied
        .par_chunks(size)
        .map(|slots| {
            let mut sums = ExactSums::zeros(sweep);
            slots.iter().for_each(|&k| RiskSet::new(sweep, risk, k).add_to(&mut sums));
            sums
        })
        .collect();
    let mut sums = ExactSums::zeros(sweep);
    parts.iter().for_each(|part| sums.add(part));
    sums
}

/// The records at risk at one event time.
struct RiskSet<'a> {
    sweep: &'a Sweep,
    /// d.
    n_events: usize,
    /// Pattern and odds of every record at risk; a distinct record stands here as often as it counts.
    members: Vec<(u32, f64)>,
    /// ln of what the odds were divided by.
    log_shift: f64,
}

impl<'a> RiskSet<'a> {
    fn new(sweep: &'a Sweep, risk: &RiskScores, slot: usize) -> RiskSet<'a> {
        let (records, stratum) = (&sweep.records, sweep.slots.stratum[slot] as usize);
        let until = records.slot_start[sweep.slots.first[stratum + 1] as usize] as usize;
        let mut members = Vec::new();
        for i in records.slot_start[slot] as usize..until {
            if records.entry.get(i).is_none_or(|&entry| (entry as usize) < slot) {
                let member = (records.pattern[i], risk.of(records.pattern[i] as usize, stratum));
                members.extend(std::iter::repeat_n(member, records.count[i] as usize));
            }
        }
        // Relative to the largest, so that the odds of a set of records far below the stratum's highest do not vanish.
        let highest = members.iter().fold(0.0f64, |highest, m| highest.max(m.1));
        members.iter_mut().for_each(|m| m.1 /= highest);
        let log_shift = risk.shift_of(stratum) + libm::log(highest);
        RiskSet { sweep, n_events: sweep.slots.n_events[slot] as usize, members, log_shift }
    }

    /// Adds ln e_d, E[X] and Var[X].
    fn add_to(&self, sums: &mut ExactSums) {
        let (d, n) = (self.n_events, self.members.len());
        sums.log_sum += d as f64 * self.log_shift;
        if d == n {
            // Everybody had the event: there is one set.
            for &(pattern, r) in &self.members {
                sums.log_sum += libm::log(r);
                self.add_row(pattern, &mut sums.mean);
            }
            return;
        }
        let c = tilt(&self.members, d);
        let later = self.later(c);
        sums.log_sum += self.members.iter().map(|m| libm::log1p(c * m.1)).sum::<f64>() - d as f64 * libm::log(c);
        sums.log_sum += libm::log(self.walk(c, &later, sums));
    }

    /// b_i(j) for i = 0..=n and j = 0..=d, row after row.
    fn later(&self, c: f64) -> Vec<f64> {
        let (width, n) = (self.n_events + 1, self.members.len());
        let mut later = vec![0.0; (n + 1) * width];
        later[n * width] = 1.0;
        for i in (0..n).rev() {
            let p = probability(c, self.members[i].1);
            let (row, after) = later[i * width..(i + 2) * width].split_at_mut(width);
            row[0] = (1.0 - p) * after[0];
            for j in 1..width {
                row[j] = (1.0 - p) * after[j] + p * after[j - 1];
            }
        }
        later
    }

    /// Adds mean and variance of X; returns f_n(d).
    fn walk(&self, c: f64, later: &[f64], sums: &mut ExactSums) -> f64 {
        let (d, n, p) = (self.n_events, self.members.len(), self.sweep.patterns.n_columns);
        let whole = later[d];
        let mut f = vec![0.0; d + 1];
        f[0] = 1.0;
        let width = self.sweep.patterns.width();
        let mut mean = vec![0.0; (d + 1) * width];
        let mut delta = vec![0.0; width];
        let mut products = OuterProducts::new(p);
        for (i, &(pattern, r)) in self.members.iter().enumerate() {
            let probability = probability(c, r);
            // Fewer than `least` so far cannot become d any more.
            let least = (d + i + 1).saturating_sub(n).max(1);
            for j in (least..=d.min(i + 1)).rev() {
                let (stay, come) = ((1.0 - probability) * f[j], probability * f[j - 1]);
                f[j] = stay + come;
                let q = come / f[j];
                if q.is_nan() || q <= 0.0 {
                    continue;
                }
                let (before, this) = mean.split_at_mut(j * width);
                let before = &before[(j - 1) * width..];
                delta.iter_mut().zip(before.iter().zip(this.iter())).for_each(|(x, (b, t))| *x = b - t);
                self.add_row(pattern, &mut delta);
                this.iter_mut().zip(&delta).for_each(|(m, x)| *m += q * x);
                let share = f[j] * later[(i + 1) * (d + 1) + d - j] / whole;
                let root = (share * (stay / f[j]) * q).sqrt();
                if root > 0.0 {
                    products.push(delta[..p].iter().map(|x| root * x));
                }
            }
            f[0] *= 1.0 - probability;
        }
        products.flush();
        sums.mean.iter_mut().zip(&mean[d * width..]).for_each(|(sum, m)| *sum += m);
        sums.variance.iter_mut().zip(&products.sum).for_each(|(sum, v)| *sum += v);
        whole
    }

    fn add_row(&self, pattern: u32, to: &mut [f64]) {
        let patterns = &self.sweep.patterns;
        patterns.row(pattern as usize).add_to(1.0, patterns.first_dense, to);
    }
}

/// c r / (1 + c r).
fn probability(c: f64, r: f64) -> f64 {
    let odds = c * r;
    odds / (1.0 + odds)
}

/// A c with Σ c r/(1 + c r) near `d`, which is below the number of records. Any c gives the same results; a near one
/// keeps the probabilities of d events far from 0.
fn tilt(members: &[(u32, f64)], d: usize) -> f64 {
    let expected = |log_c: f64| members.iter().map(|m| probability(libm::exp(log_c), m.1)).sum::<f64>();
    let (mut low, mut high) = (-1.0, 1.0);
    // Odds reach down to exp(-600) and below; beyond these limits a probability is 0 or 1 anyway.
    while expected(low) > d as f64 && low > -700.0 {
        low *= 2.0;
    }
    while expected(high) < d as f64 && high < 700.0 {
        high *= 2.0;
    }
    for _ in 0..20 {
        let middle = 0.5 * (low + high);
        if expected(middle) < d as f64 { low = middle } else { high = middle }
    }
    libm::exp(0.5 * (low + high))
}
