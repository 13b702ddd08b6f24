//! One pass over the records: log partial likelihood, score and information at given coefficients.
//!
//! The notation is that of the [module above](super). The pass has four steps, each over fixed chunks whose results are
//! added in a fixed order, so the bits do not depend on the number of threads:
//!
//! 1. η and exp(η) of every pattern;
//! 2. per slot the sums of r and r·x over records that leave, minus those that enter, then summed from the last slot to the
//!    first: S0 and S1; the same over tied events: E0 and E1;
//! 3. per slot the terms of [`super::ties`], the cumulative hazard, and the second part of the information;
//! 4. per pattern Σ r(Λ − δB), with which it enters the score and the first part of the information.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::bins::Bins;
use super::kernel::OuterProducts;
use super::pattern::{Patterns, Row};
use super::records::{EVENT_BIT, Records};
use super::ties::{TieTerms, Ties};

/// Distinct records in one chunk of step 2.
const RECORDS_PER_CHUNK: usize = 8192;
/// Sizes beyond which less is held at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Numbers in a table of all slots up to which sums are found pattern after pattern.
    table_numbers: usize,
    /// Numbers in one block of slots.
    block_numbers: usize,
}

impl Default for Limits {
    /// A table of 512 KB stays in the second-level cache; S1, E1 and what enters take 3 · 32 MB for a block, however
    /// many event times there are.
    fn default() -> Limits {
        Limits { table_numbers: 1 << 16, block_numbers: 1 << 22 }
    }
}

/// Tables filled at the same time at most.
const TABLES: usize = 16;
/// Largest spread of η for which one shift serves all strata: exp(−600) is still a normal number.
const SHARED_SHIFT_SPREAD: f64 = 600.0;

/// Everything a pass needs that does not depend on β.
#[derive(Debug)]
pub(super) struct Sweep {
    pub patterns: Patterns,
    pub records: Records,
    /// Event times and strata.
    pub slots: Slots,
    blocks: Vec<Block>,
    limits: Limits,
    /// Σ w x over events, inner order.
    event_x: Vec<f64>,
    /// Σ w offset over events.
    event_offset: f64,
}

/// The slots, see [`super::bins`].
#[derive(Debug)]
pub(super) struct Slots {
    /// Base slot of every stratum, and the number of slots.
    pub first: Vec<u32>,
    /// Event time of every slot, NaN for base slots.
    pub time: Vec<f64>,
    /// Stratum of every slot.
    pub stratum: Vec<u32>,
    /// d, number of events in every slot.
    pub n_events: Vec<u32>,
    /// W, their case weight.
    pub event_weight: Vec<f64>,
}

/// A run of slots whose sums are held at the same time.
#[derive(Debug)]
struct Block {
    slots: Range<usize>,
    leaving: Vec<Chunk>,
    entering: Vec<Chunk>,
}

/// A run of records (or of places in `by_entry`) and the slots they lie in.
#[derive(Debug)]
struct Chunk {
    items: Range<usize>,
    slots: Range<usize>,
}

/// exp(η) of the patterns, shifted so that it neither overflows nor vanishes.
pub(super) struct RiskScores {
    eta: Vec<f64>,
    /// exp(η − shift) where one shift serves all strata.
    shared: Vec<f64>,
    /// Shift of every stratum.
    shift: Vec<f64>,
    is_shared: bool,
}

impl RiskScores {
    /// What was taken from η in a stratum.
    pub fn shift_of(&self, stratum: usize) -> f64 {
        self.shift[stratum]
    }

    /// exp(η − shift of the stratum).
    #[inline]
    pub fn of(&self, pattern: usize, stratum: usize) -> f64 {
        if self.is_shared { self.shared[pattern] } else { libm::exp(self.eta[pattern] - self.shift[stratum]) }
    }
}

/// Risk-set sums of some slots: rows of length p in inner order.
pub(super) struct SlotSums {
    pub s0: Vec<f64>,
    pub s1: Vec<f64>,
    pub e0: Vec<f64>,
    pub e1: Vec<f64>,
}

/// Value, gradient and negative second derivative; columns in the order of the design, scaled.
#[derive(Debug, Clone)]
pub(super) struct Evaluation {
    pub log_partial_likelihood: f64,
    pub score: Vec<f64>,
    pub information: DMatrix<f64>,
}

/// The cumulative hazard at every slot, as a sum of two numbers so that differences keep their digits.
pub(super) struct CumulativeHazard {
    high: Vec<f64>,
    low: Vec<f64>,
    /// B of every slot.
    pub b: Vec<f64>,
}

impl CumulativeHazard {
    /// Λ − δB of a record: Σ A_k over its slots, less what a tied event takes back.
    #[inline]
    pub fn of(&self, exit: usize, entry: Option<usize>, event: bool) -> f64 {
        let mut hazard = match entry {
            None => self.high[exit] + self.low[exit],
            Some(entry) => (self.high[exit] - self.high[entry]) + (self.low[exit] - self.low[entry]),
        };
        if event {
            hazard -= self.b[exit];
        }
        hazard
    }
}

impl Sweep {
    /// Cuts the work into chunks and adds up what the events contribute for any β.
    pub fn new(patterns: Patterns, records: Records, bins: &Bins, limits: Limits) -> Sweep {
        let slots = Slots::new(&records, bins);
        let blocks = blocks(&records, &slots, (limits.block_numbers / (patterns.width() + 1)).max(1));
        let mut event_x = vec![0.0; patterns.width()];
        let mut event_offset = 0.0;
        for slot in 0..slots.time.len() {
            for record in records.events_in_slot(slot) {
                let (weight, pattern) = (records.weight(record), records.pattern[record] as usize);
                patterns.row(pattern).add_to(weight, patterns.first_dense, &mut event_x);
                event_offset += weight * patterns.offset.get(pattern).unwrap_or(&0.0);
            }
        }
        Sweep { patterns, records, slots, blocks, limits, event_x, event_offset }
    }

    /// ℓ, U and I at `coefficients` (of the scaled columns, in the order of the design).
    ///
    /// ```text
    /// ℓ = Σ w(η − c) − Σ_k (W/d) Σ ln φ_l
    /// U = Σ wδx − Σ D x                         D = r(Λ − δB), summed over each pattern
    /// I = Σ D xxᵀ − Σ_k [C0 S1S1ᵀ − C1(S1E1ᵀ + E1S1ᵀ) + C2 E1E1ᵀ]
    /// ```
    ///
    /// A value that is not finite says that the coefficients are out of reach of the arithmetic.
    pub fn evaluate(&self, coefficients: &[f64], ties: Ties) -> Evaluation {
        let beta = self.patterns.inner_order(coefficients);
        let risk = self.risk_scores(&beta);
        let n_slots = self.slots.time.len();
        let mut terms = vec![TieTerms::default(); n_slots];
        let mut second = vec![0.0; self.patterns.n_columns.pow(2)];
        let mut carry = Carry::new(self.patterns.width());
        for block in self.blocks.iter().rev() {
            let sums = self.block_sums(block, &risk, ties, &mut carry);
            self.tie_terms(block, &sums, ties, &mut terms[block.slots.clone()], &mut second);
        }
        let events: f64 = self.event_x.iter().zip(&beta).map(|(x, b)| x * b).sum::<f64>() + self.event_offset;
        let shift = |k: usize| self.slots.event_weight[k] * risk.shift[self.slots.stratum[k] as usize];
        let log_sums = exact_sum((0..n_slots).map(|k| terms[k].log_sum + shift(k)));
        let hazard = self.cumulative_hazard(&terms);
        let (score, mut lower) = self.pattern_sums(&risk, &hazard);
        lower.iter_mut().zip(&second).for_each(|(first, second)| *first -= second);
        let mut ordered = vec![0.0; self.patterns.n_columns];
        self.patterns.design_column.iter().zip(score).for_each(|(&j, u)| ordered[j as usize] = u);
        Evaluation {
            log_partial_likelihood: events - log_sums,
            score: ordered,
            information: self.patterns.design_order(&lower, self.patterns.n_columns),
        }
    }

    /// η and exp(η) of the patterns; `beta` in inner order.
    pub fn risk_scores(&self, beta: &[f64]) -> RiskScores {
        let n_strata = self.slots.first.len() - 1;
        let mut eta = vec![0.0; self.patterns.n];
        eta.par_chunks_mut(4096).enumerate().for_each(|(chunk, eta)| {
            for (k, eta) in eta.iter_mut().enumerate() {
                *eta = self.patterns.linear_predictor(chunk * 4096 + k, beta);
            }
        });
        let start = &self.records.by_pattern.start;
        let at_risk = eta.iter().zip(start.windows(2)).filter(|(_, w)| w[0] < w[1]).map(|(eta, _)| *eta);
        let (lowest, highest) = at_risk.fold((f64::MAX, f64::MIN), |(low, high), eta| (low.min(eta), high.max(eta)));
        if highest - lowest <= SHARED_SHIFT_SPREAD {
            let mut shared = vec![0.0; eta.len()];
            shared.par_chunks_mut(4096).zip(eta.par_chunks(4096)).for_each(|(shared, eta)| {
                shared.iter_mut().zip(eta).for_each(|(r, eta)| *r = libm::exp(eta - highest));
            });
            return RiskScores { eta, shared, shift: vec![highest; n_strata], is_shared: true };
        }
        let mut shift = vec![f64::MIN; n_strata];
        for slot in 1..self.slots.time.len() {
            let shift = &mut shift[self.slots.stratum[slot] as usize];
            for record in self.records.in_slot(slot) {
                *shift = shift.max(eta[self.records.pattern[record] as usize]);
            }
        }
        // Strata without records at risk keep a finite shift; nothing is multiplied with it.
        shift.iter_mut().filter(|s| **s == f64::MIN).for_each(|s| *s = 0.0);
        RiskScores { eta, shared: Vec::new(), shift, is_shared: false }
    }

    /// η of every pattern; `beta` in inner order.
    pub fn linear_predictors(&self, beta: &[f64]) -> Vec<f64> {
        (0..self.patterns.n).map(|k| self.patterns.linear_predictor(k, beta)).collect()
    }

    /// S0, S1, E0 and E1 of all slots. Takes 16 p bytes per slot.
    pub fn all_sums(&self, risk: &RiskScores, ties: Ties) -> SlotSums {
        let mut carry = Carry::new(self.patterns.width());
        let mut parts: Vec<SlotSums> =
            self.blocks.iter().rev().map(|block| self.block_sums(block, risk, ties, &mut carry)).collect();
        let mut all = SlotSums { s0: Vec::new(), s1: Vec::new(), e0: Vec::new(), e1: Vec::new() };
        for part in parts.drain(..).rev() {
            all.s0.extend(part.s0);
            all.s1.extend(part.s1);
            all.e0.extend(part.e0);
            all.e1.extend(part.e1);
        }
        all
    }

    /// The terms of every slot.
    pub fn all_terms(&self, sums: &SlotSums, ties: Ties) -> Vec<TieTerms> {
        let term = |k: usize| match self.slots.n_events[k] {
            0 => TieTerms::default(),
            d => ties.terms(sums.s0[k], sums.e0[k], d, self.slots.event_weight[k]),
        };
        (0..self.slots.time.len()).map(term).collect()
    }

    /// Step 2 for one block. `carry` holds the sums of the slots after it and leaves with those of its first slot.
    fn block_sums(&self, block: &Block, risk: &RiskScores, ties: Ties, carry: &mut Carry) -> SlotSums {
        let p = self.patterns.width();
        let (mut sums, entered) = if self.blocks.len() == 1 && self.slots.time.len() * p <= self.limits.table_numbers {
            self.sums_by_pattern(risk, ties)
        } else {
            self.sums_by_slot(block, risk, ties)
        };
        carry.suffix_sums(&mut sums, entered.as_ref(), block.slots.clone(), &self.slots);
        sums
    }

    /// Per slot what leaves it and minus what enters it, found pattern after pattern. The table of a chunk stays in
    /// the second-level cache, where the rows of the patterns, taken in the order of slots, would not.
    fn sums_by_pattern(&self, risk: &RiskScores, ties: Ties) -> (SlotSums, Option<SlotSums>) {
        let size = self.patterns.n.div_ceil(TABLES).max(1024);
        let parts: Vec<(SlotSums, Option<SlotSums>)> = (0..self.patterns.n.div_ceil(size))
            .into_par_iter()
            .map(|chunk| {
                let patterns = chunk * size..((chunk + 1) * size).min(self.patterns.n);
                self.sums_of_patterns(patterns, risk, ties)
            })
            .collect();
        let p = self.patterns.width();
        let mut sums = SlotSums::zeros(self.slots.time.len(), p);
        let mut entered = (!self.records.entry.is_empty()).then(|| SlotSums::zeros(self.slots.time.len(), p));
        for (leaving, entering) in &parts {
            sums.add(0, leaving, p);
            entered.iter_mut().zip(entering).for_each(|(sum, part)| sum.add(0, part, p));
        }
        (sums, entered)
    }

    /// The part of some patterns in [`Sweep::sums_by_pattern`].
    fn sums_of_patterns(&self, patterns: Range<usize>, risk: &RiskScores, ties: Ties) -> (SlotSums, Option<SlotSums>) {
        let (p, first_dense, n_slots) = (self.patterns.width(), self.patterns.first_dense, self.slots.time.len());
        let by = &self.records.by_pattern;
        let mut sums = SlotSums::zeros(n_slots, p);
        let mut entered = (!by.entry.is_empty()).then(|| SlotSums::zeros(n_slots, p));
        for pattern in patterns {
            let row = self.patterns.row(pattern);
            for i in by.start[pattern] as usize..by.start[pattern + 1] as usize {
                let (exit, event) = ((by.exit[i] & !EVENT_BIT) as usize, by.exit[i] & EVENT_BIT != 0);
                let r = by.weight[i] * risk.of(pattern, self.slots.stratum[exit] as usize);
                sums.s0[exit] += r;
                row.add_to(r, first_dense, &mut sums.s1[exit * p..(exit + 1) * p]);
                if event && ties == Ties::Efron && self.slots.n_events[exit] > 1 {
                    sums.e0[exit] += r;
                    row.add_to(r, first_dense, &mut sums.e1[exit * p..(exit + 1) * p]);
                }
                let Some(entered) = &mut entered else { continue };
                let entry = by.entry[i] as usize;
                if !self.slots.time[entry].is_nan() {
                    entered.s0[entry] -= r;
                    row.add_to(-r, first_dense, &mut entered.s1[entry * p..(entry + 1) * p]);
                }
            }
        }
        (sums, entered)
    }

    /// Per slot of a block what leaves it and minus what enters it, found slot after slot.
    fn sums_by_slot(&self, block: &Block, risk: &RiskScores, ties: Ties) -> (SlotSums, Option<SlotSums>) {
        let (p, first) = (self.patterns.width(), block.slots.start);
        let total = |chunks: &[Chunk], parts: &[SlotSums]| {
            let mut sums = SlotSums::zeros(block.slots.len(), p);
            for (chunk, part) in chunks.iter().zip(parts) {
                sums.add(chunk.slots.start - first, part, p);
            }
            sums
        };
        let leaving: Vec<SlotSums> = block.leaving.par_iter().map(|c| self.leaving_sums(c, risk, ties)).collect();
        let sums = total(&block.leaving, &leaving);
        let entering: Vec<SlotSums> = block.entering.par_iter().map(|c| self.entering_sums(c, risk)).collect();
        let entered = (!self.records.by_entry.is_empty()).then(|| total(&block.entering, &entering));
        (sums, entered)
    }

    /// Sums over the records of a chunk, by exit slot.
    fn leaving_sums(&self, chunk: &Chunk, risk: &RiskScores, ties: Ties) -> SlotSums {
        let (p, first_dense) = (self.patterns.width(), self.patterns.first_dense);
        let mut sums = SlotSums::zeros(chunk.slots.len(), p);
        for (k, slot) in chunk.slots.clone().enumerate() {
            let here = self.records.in_slot(slot);
            let here = here.start.max(chunk.items.start)..here.end.min(chunk.items.end);
            let stratum = self.slots.stratum[slot] as usize;
            let first_event = self.records.event_start[slot] as usize;
            let tied = ties == Ties::Efron && self.slots.n_events[slot] > 1;
            let (s1, e1) = (&mut sums.s1[k * p..(k + 1) * p], &mut sums.e1[k * p..(k + 1) * p]);
            for record in here {
                let pattern = self.records.pattern[record] as usize;
                let r = self.records.weight(record) * risk.of(pattern, stratum);
                let row = self.patterns.row(pattern);
                sums.s0[k] += r;
                row.add_to(r, first_dense, s1);
                if tied && record >= first_event {
                    sums.e0[k] += r;
                    row.add_to(r, first_dense, e1);
                }
            }
        }
        sums
    }

    /// Minus the sums over the records of a chunk, by entry slot.
    fn entering_sums(&self, chunk: &Chunk, risk: &RiskScores) -> SlotSums {
        let (p, first_dense) = (self.patterns.width(), self.patterns.first_dense);
        let mut sums = SlotSums::zeros(chunk.slots.len(), p);
        let (start, order) = (&self.records.entry_start, &self.records.by_entry);
        for (k, slot) in chunk.slots.clone().enumerate() {
            let from = chunk.items.start.max(start[slot] as usize);
            let to = chunk.items.end.min(start[slot + 1] as usize);
            let stratum = self.slots.stratum[slot] as usize;
            for &record in &order[from..to.max(from)] {
                let pattern = self.records.pattern[record as usize] as usize;
                let r = -self.records.weight(record as usize) * risk.of(pattern, stratum);
                sums.s0[k] += r;
                self.patterns.row(pattern).add_to(r, first_dense, &mut sums.s1[k * p..(k + 1) * p]);
            }
        }
        sums
    }

    /// Step 3 for one block: the terms of its slots, and its share of the second part of the information.
    ///
    /// The 2 × 2 matrix of C0, −C1, C2 is non-negative, so the part of a slot is the sum of two outer products:
    /// of √C0 (S1 − (C1/C0) E1) and of √(C2 − C1²/C0) E1.
    fn tie_terms(&self, block: &Block, sums: &SlotSums, ties: Ties, terms: &mut [TieTerms], second: &mut [f64]) {
        let (p, width, first) = (self.patterns.n_columns, self.patterns.width(), block.slots.start);
        let size = block.slots.len().div_ceil(32).max(16);
        let parts: Vec<Vec<f64>> = terms
            .par_chunks_mut(size)
            .enumerate()
            .map(|(chunk, terms)| {
                let mut products = OuterProducts::new(p);
                for (k, term) in terms.iter_mut().enumerate() {
                    let k = chunk * size + k;
                    let d = self.slots.n_events[first + k];
                    if d == 0 {
                        continue;
                    }
                    *term = ties.terms(sums.s0[k], sums.e0[k], d, self.slots.event_weight[first + k]);
                    let s1 = &sums.s1[k * width..k * width + p];
                    let root = term.c0.sqrt();
                    if term.c2 == 0.0 {
                        products.push(s1.iter().map(|s| root * s));
                        continue;
                    }
                    let e1 = &sums.e1[k * width..k * width + p];
                    let ratio = term.c1 / term.c0;
                    products.push(s1.iter().zip(e1).map(|(s, e)| root * (s - ratio * e)));
                    let rest = (term.c2 - term.c1 * ratio).max(0.0).sqrt();
                    products.push(e1.iter().map(|e| rest * e));
                }
                products.flush();
                products.sum
            })
            .collect();
        for part in parts {
            second.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        }
    }

    /// Σ A_k from the first event time of the stratum on.
    pub fn cumulative_hazard(&self, terms: &[TieTerms]) -> CumulativeHazard {
        let n = terms.len();
        let mut hazard =
            CumulativeHazard { high: vec![0.0; n], low: vec![0.0; n], b: terms.iter().map(|t| t.b).collect() };
        let (mut high, mut low) = (0.0, 0.0);
        for (k, term) in terms.iter().enumerate() {
            if self.slots.time[k].is_nan() {
                (high, low) = (0.0, 0.0);
            }
            let (sum, error) = two_sum(high, term.a);
            (high, low) = (sum, low + error);
            (hazard.high[k], hazard.low[k]) = (high, low);
        }
        hazard
    }

    /// D of a pattern: Σ r(Λ − δB) over its records.
    fn pattern_hazard(&self, pattern: usize, risk: &RiskScores, hazard: &CumulativeHazard) -> f64 {
        let by = &self.records.by_pattern;
        let mut sum = 0.0;
        for i in by.start[pattern] as usize..by.start[pattern + 1] as usize {
            let (exit, event) = ((by.exit[i] & !EVENT_BIT) as usize, by.exit[i] & EVENT_BIT != 0);
            let expected = by.weight[i] * hazard.of(exit, by.entry.get(i).map(|&a| a as usize), event);
            sum +=
                if risk.is_shared { expected } else { expected * risk.of(pattern, self.slots.stratum[exit] as usize) };
        }
        if risk.is_shared { sum * risk.shared[pattern] } else { sum }
    }

    /// Step 4: the score and the lower triangle of the first part of the information, inner order.
    fn pattern_sums(&self, risk: &RiskScores, hazard: &CumulativeHazard) -> (Vec<f64>, Vec<f64>) {
        let p = self.patterns.n_columns;
        let n_chunks = ((1 << 22) / (p * p + 1)).clamp(4, 64);
        let size = self.patterns.n.div_ceil(n_chunks).max(1024);
        let parts: Vec<Gram> = (0..self.patterns.n.div_ceil(size))
            .into_par_iter()
            .map(|chunk| {
                let mut gram = Gram::new(&self.patterns);
                let patterns = chunk * size..((chunk + 1) * size).min(self.patterns.n);
                for pattern in patterns.clone() {
                    let d = self.pattern_hazard(pattern, risk, hazard);
                    let row = self.patterns.row(pattern);
                    if self.patterns.unit_width.is_some() {
                        let in_common = if pattern == patterns.start { 0 } else { self.patterns.in_common[pattern] };
                        gram.add_sharing(d, row, in_common as usize);
                    } else {
                        gram.add(d, row);
                    }
                }
                gram.finish();
                gram
            })
            .collect();
        let mut score = self.event_x.clone();
        let mut first = vec![0.0; p * p];
        for gram in parts {
            score.iter_mut().zip(&gram.sum).for_each(|(u, x)| *u -= x);
            gram.add_lower_triangle(p, &self.patterns.is_unit, &mut first);
        }
        (score, first)
    }
}

/// Dense columns from which on their products are added eight rows at a time; fewer are added one by one.
const MANY_DENSE: usize = 8;

/// Σ D xxᵀ and Σ D x over some patterns, inner order.
///
/// With rows filled up, sums of D (and of D times the dense columns) are kept for the beginning of each length that the
/// patterns have in common, and added for that beginning once it changes: sorted patterns of ten factors share most of it.
struct Gram {
    width: usize,
    first_dense: usize,
    n_dense: usize,
    /// Σ D x.
    sum: Vec<f64>,
    /// Every product of two columns is added on one side of the diagonal. A unit column is its own square, so its
    /// diagonal element is taken from `sum`.
    products: Vec<f64>,
    /// Dense by dense columns when there are many.
    dense: Option<OuterProducts>,
    /// The units of the row before.
    units: Vec<u16>,
    /// Σ D, then Σ D × dense columns, since the units up to each place changed.
    waiting: Vec<f64>,
}

impl Gram {
    fn new(patterns: &Patterns) -> Gram {
        let (width, n_dense) = (patterns.width(), patterns.n_dense());
        let units = vec![0; patterns.unit_width.unwrap_or(0)];
        Gram {
            width,
            first_dense: patterns.first_dense,
            n_dense,
            sum: vec![0.0; width],
            products: vec![0.0; width * width],
            dense: (n_dense >= MANY_DENSE).then(|| OuterProducts::new(n_dense)),
            waiting: vec![0.0; units.len() * (1 + n_dense)],
            units,
        }
    }

    /// Adds a pattern with expected events `d`.
    #[inline(always)]
    fn add(&mut self, d: f64, row: Row) {
        let width = self.width;
        for (i, &a) in row.units.iter().enumerate() {
            self.sum[a as usize] += d;
            let line = &mut self.products[a as usize * width..(a as usize + 1) * width];
            for &b in &row.units[..i] {
                line[b as usize] += d;
            }
            for (sum, y) in line[self.first_dense..].iter_mut().zip(row.dense) {
                *sum += d * y;
            }
        }
        self.add_numbers(d, row);
    }

    /// Adds a pattern whose first `in_common` units are those of the one before.
    #[inline(always)]
    fn add_sharing(&mut self, d: f64, row: Row, in_common: usize) {
        let n = row.units.len();
        self.settle(in_common);
        if in_common < n {
            self.units.copy_from_slice(row.units);
        }
        if n > 0 {
            let last = &mut self.waiting[(n - 1) * (1 + self.n_dense)..];
            last[0] += d;
            last[1..].iter_mut().zip(row.dense).for_each(|(sum, y)| *sum += d * y);
        }
        self.add_numbers(d, row);
    }

    /// Adds what waits for beginnings longer than `length`.
    #[inline(always)]
    fn settle(&mut self, length: usize) {
        let (width, step) = (self.width, 1 + self.n_dense);
        for place in (length..self.units.len()).rev() {
            let a = self.units[place] as usize;
            let (before, this) = self.waiting.split_at_mut(place * step);
            let this = &mut this[..step];
            let d = this[0];
            self.sum[a] += d;
            let line = &mut self.products[a * width..(a + 1) * width];
            for &b in &self.units[..place] {
                line[b as usize] += d;
            }
            line[self.first_dense..].iter_mut().zip(&this[1..]).for_each(|(sum, y)| *sum += y);
            if place > 0 {
                before[(place - 1) * step..].iter_mut().zip(this.iter()).for_each(|(sum, x)| *sum += x);
            }
            this.fill(0.0);
        }
    }

    /// Adds the products of the sparse columns with all, and of the dense ones with each other.
    #[inline(always)]
    fn add_numbers(&mut self, d: f64, row: Row) {
        let width = self.width;
        for (i, (&a, x)) in row.sparse_columns.iter().zip(row.sparse_values).enumerate() {
            let dx = d * x;
            self.sum[a as usize] += dx;
            let line = &mut self.products[a as usize * width..(a as usize + 1) * width];
            for &b in row.units {
                line[b as usize] += dx;
            }
            for (&b, y) in row.sparse_columns[..=i].iter().zip(row.sparse_values) {
                line[b as usize] += dx * y;
            }
            for (sum, y) in line[self.first_dense..].iter_mut().zip(row.dense) {
                *sum += dx * y;
            }
        }
        for (sum, y) in self.sum[self.first_dense..].iter_mut().zip(row.dense) {
            *sum += d * y;
        }
        if let Some(products) = &mut self.dense {
            let root = d.max(0.0).sqrt();
            products.push(row.dense.iter().map(|y| root * y));
            return;
        }
        for (k, y) in row.dense.iter().enumerate() {
            let line = &mut self.products[(self.first_dense + k) * width + self.first_dense..];
            line.iter_mut().zip(&row.dense[..=k]).for_each(|(sum, x)| *sum += d * y * x);
        }
    }

    /// Adds everything that waits.
    fn finish(&mut self) {
        self.settle(0);
        if let Some(dense) = &mut self.dense {
            dense.flush();
        }
    }

    /// Adds the real columns to the lower triangle of a p × p matrix. `is_unit` says which columns only hold 0 and 1.
    fn add_lower_triangle(&self, p: usize, is_unit: &[bool], to: &mut [f64]) {
        let (width, first) = (self.width, self.first_dense);
        for i in 0..p {
            to[i * p + i] += if is_unit[i] { self.sum[i] } else { self.products[i * width + i] };
            for j in 0..i {
                to[i * p + j] += self.products[i * width + j] + self.products[j * width + i];
            }
        }
        if let Some(dense) = &self.dense {
            for i in 0..p - first {
                for j in 0..=i {
                    to[(first + i) * p + first + j] += dense.sum[i * (p - first) + j];
                }
            }
        }
    }
}

impl SlotSums {
    fn zeros(n_slots: usize, p: usize) -> SlotSums {
        let zeros = |n: usize| vec![0.0; n];
        SlotSums { s0: zeros(n_slots), s1: zeros(n_slots * p), e0: zeros(n_slots), e1: zeros(n_slots * p) }
    }

    /// Adds the sums of some slots, the first of which has number `first` here.
    fn add(&mut self, first: usize, part: &SlotSums, p: usize) {
        let pairs = [(&mut self.s0, &part.s0, 1), (&mut self.s1, &part.s1, p), (&mut self.e0, &part.e0, 1)];
        for (sum, part, width) in pairs.into_iter().chain([(&mut self.e1, &part.e1, p)]) {
            sum[first * width..].iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        }
    }
}

/// Running sums from the last slot down, with the rounding error of each addition when records also enter.
struct Carry {
    sums: Vec<f64>,
    errors: Vec<f64>,
}

impl Carry {
    /// S0 and the p numbers of S1.
    fn new(p: usize) -> Carry {
        Carry { sums: vec![0.0; p + 1], errors: vec![0.0; p + 1] }
    }

    /// Turns what leaves in each slot into sums over its risk set; `entered` holds minus what enters.
    ///
    /// With entry times a risk-set sum is the small difference of large ones, so the additions are compensated
    /// (Neumaier 1974, doi 10.1002/zamm.19740540106): a million records of which three are at risk at a time lose no digits.
    fn suffix_sums(&mut self, sums: &mut SlotSums, entered: Option<&SlotSums>, slots: Range<usize>, all: &Slots) {
        let p = self.sums.len() - 1;
        for (k, slot) in slots.enumerate().rev() {
            if all.time[slot].is_nan() {
                self.sums.fill(0.0);
                self.errors.fill(0.0);
                continue;
            }
            let row = k * p..(k + 1) * p;
            let numbers = std::iter::once(&mut sums.s0[k]).chain(&mut sums.s1[row.clone()]);
            let Some(entered) = entered else {
                for (sum, x) in self.sums.iter_mut().zip(numbers) {
                    *sum += *x;
                    *x = *sum;
                }
                continue;
            };
            let entered = std::iter::once(&entered.s0[k]).chain(&entered.s1[row]);
            for (((sum, error), x), y) in self.sums.iter_mut().zip(&mut self.errors).zip(numbers).zip(entered) {
                let (with_leaving, first) = two_sum(*sum, *x);
                let (high, second) = two_sum(with_leaving, *y);
                (*sum, *error) = (high, *error + (first + second));
                *x = *sum + *error;
            }
        }
    }
}

/// A sum whose rounding errors are added up beside it. A million equal numbers added one by one would all be rounded
/// the same way, and the errors would not cancel.
fn exact_sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, error) = numbers.fold((0.0, 0.0), |(sum, error), x| {
        let (sum, low) = two_sum(sum, x);
        (sum, error + low)
    });
    sum + error
}

/// a + b and its rounding error.
#[inline]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let from_b = sum - a;
    (sum, (a - (sum - from_b)) + (b - from_b))
}

impl Slots {
    fn new(records: &Records, bins: &Bins) -> Slots {
        let n_slots = bins.n_slots();
        let mut stratum = vec![0; n_slots];
        for (s, range) in bins.first_slot.windows(2).enumerate() {
            stratum[range[0] as usize..range[1] as usize].fill(s as u32);
        }
        let events = |slot: usize| records.events_in_slot(slot);
        Slots {
            first: bins.first_slot.clone(),
            time: bins.time.clone(),
            stratum,
            n_events: (0..n_slots).map(|k| events(k).map(|i| records.count[i]).sum()).collect(),
            event_weight: (0..n_slots).map(|k| events(k).map(|i| records.weight(i)).sum()).collect(),
        }
    }
}

/// Cuts slots into blocks of `per_block` and their records into chunks; slot 0 holds nobody at risk.
fn blocks(records: &Records, slots: &Slots, per_block: usize) -> Vec<Block> {
    let n_slots = slots.time.len();
    let slot_starts: Vec<u32> =
        std::iter::once(records.slot_start[1]).chain(records.slot_start[1..].to_vec()).collect();
    (0..n_slots.div_ceil(per_block))
        .map(|block| {
            let range = block * per_block..((block + 1) * per_block).min(n_slots);
            let entering =
                if records.by_entry.is_empty() { Vec::new() } else { chunks(&records.entry_start, range.clone()) };
            Block { leaving: chunks(&slot_starts, range.clone()), entering, slots: range }
        })
        .collect()
}

/// Cuts the items of some slots into chunks; `start` has the first item of every slot.
fn chunks(start: &[u32], slots: Range<usize>) -> Vec<Chunk> {
    let items = start[slots.start] as usize..start[slots.end] as usize;
    (0..items.len().div_ceil(RECORDS_PER_CHUNK))
        .map(|chunk| {
            let from = items.start + chunk * RECORDS_PER_CHUNK;
            let to = (from + RECORDS_PER_CHUNK).min(items.end);
            // The slot of an item is the last one that starts at or before it.
            let slot_of = |item: usize| start.partition_point(|&s| s as usize <= item) - 1;
            Chunk { items: from..to, slots: slot_of(from)..slot_of(to - 1) + 1 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::bins::NearTies;
    use crate::engine::data::{Block, Design, NumberPart, SurvivalData, Time, Variable};
    use crate::table::Codes;

    /// 3000 records in two strata with entry times, a factor and a number.
    fn example(limits: Limits) -> Sweep {
        let n = 3000u32;
        let mix = |i: u32, m: u32| i.wrapping_mul(m) >> 16;
        let code = |m: u32, levels: u32| Codes::pack((0..n).map(|i| Some(mix(i, m) % levels)), levels as usize);
        let entry: Vec<i32> = (0..n).map(|i| (mix(i, 40_503) % 200) as i32).collect();
        let exit = entry.iter().zip(0..n).map(|(a, i)| a + 1 + (mix(i, 2_654_435_761) % 90) as i32).collect();
        let mut data = SurvivalData::right_censored(Time::Whole(exit), (0..n).map(|i| i % 3 == 0).collect());
        data.entry = Some(Time::Whole(entry));
        data.stratum = Some(code(977, 2));
        let number = NumberPart { variable: 1, value_of_code: None };
        let design = Design {
            variables: vec![
                Variable::Coded { codes: code(31_337, 4), n_levels: 4 },
                Variable::Continuous((0..n).map(|i| f64::from(mix(i, 7_919) % 100) / 10.0).collect()),
            ],
            blocks: vec![
                Block { factors: vec![0], numbers: vec![], first_column: vec![None, Some(0), Some(1), Some(2)] },
                Block { factors: vec![], numbers: vec![vec![number]], first_column: vec![Some(3)] },
            ],
            n_columns: 4,
        };
        let bins = Bins::new(&data, NearTies::Repair).unwrap();
        let (patterns, records) = Records::new(&data, &design, &bins);
        Sweep::new(patterns, records, &bins, limits)
    }

    #[test]
    fn tables_blocks_and_slots_give_the_same_sums() {
        let whole = example(Limits::default());
        let beta = [0.3, -0.2, 0.5, 0.1];
        for (table_numbers, block_numbers) in [(0, 1 << 22), (0, 200), (0, 7), (1 << 16, 300)] {
            let parts = example(Limits { table_numbers, block_numbers });
            for ties in [Ties::Efron, Ties::Breslow] {
                let (a, b) = (whole.evaluate(&beta, ties), parts.evaluate(&beta, ties));
                assert!((a.log_partial_likelihood / b.log_partial_likelihood - 1.0).abs() < 1e-14);
                assert!((a.information - b.information).amax() < 1e-9);
                assert!(a.score.iter().zip(b.score).all(|(x, y)| (x - y).abs() < 1e-9));
            }
        }
    }
}
