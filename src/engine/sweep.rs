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
//!
//! Where risk scores change along the time axis ([`super::classes`]), steps 2 and 4 are those of [`super::class_sweep`].

use std::ops::Range;
use std::sync::Arc;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::blocks::{Block, Slots, blocks};
use super::classes::Classes;
use super::exact::exact_sums;
use super::gram::Gram;
use super::kernel::{OuterProducts, add_in_order};
use super::pattern::Patterns;
use super::records::{EVENT_BIT, Records};
use super::sums::{Carry, SlotSums, exact_sum, two_sum};
use super::ties::{TieTerms, Ties};

/// Sizes beyond which less is held at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Numbers in a table of all slots up to which sums are found pattern after pattern.
    table_numbers: usize,
    /// Numbers in one block of slots.
    block_numbers: usize,
    /// Tables filled at the same time at most, and chunks of patterns in the Gram matrix. Sums depend on it in the last
    /// bit, so it is fixed: it does not follow the number of threads.
    pub(super) tables: usize,
    gram_chunks: usize,
}

impl Default for Limits {
    /// A table of 512 KB stays in the second-level cache; S1, E1 and what enters take 3 · 32 MB for a block, however
    /// many event times there are.
    fn default() -> Limits {
        Limits { table_numbers: 1 << 16, block_numbers: 1 << 22, tables: 16, gram_chunks: 64 }
    }
}

impl Limits {
    /// Nothing is cut up: for fits of which many run side by side with one thread each.
    fn one_thread(self) -> Limits {
        Limits { tables: 1, gram_chunks: 1, ..self }
    }
}

/// Largest spread of η for which one shift serves all strata: exp(−600) is still a normal number.
const SHARED_SHIFT_SPREAD: f64 = 600.0;

/// Everything a pass needs that does not depend on β.
#[derive(Debug)]
pub(super) struct Sweep {
    pub patterns: Arc<Patterns>,
    pub records: Records,
    /// Event times and strata.
    pub slots: Slots,
    /// Records whose risk score changes along the time axis in the same way; none in a plain model.
    pub classes: Arc<Classes>,
    pub blocks: Vec<Block>,
    pub(super) limits: Limits,
    /// Σ w x over events, inner order.
    pub(super) event_x: Vec<f64>,
    /// Σ w offset over events.
    event_offset: f64,
}

/// exp(η) of the patterns, shifted so that it neither overflows nor vanishes.
pub(super) struct RiskScores {
    eta: Vec<f64>,
    /// exp(η − shift) where one shift serves all strata.
    shared: Vec<f64>,
    /// Shift of every stratum.
    shift: Vec<f64>,
    is_shared: bool,
    /// Coefficients of the time-varying columns.
    pub varying: Vec<f64>,
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
    pub fn new(patterns: Patterns, records: Records, slots: Slots, classes: Classes, limits: Limits) -> Sweep {
        Sweep::of(Arc::new(patterns), records, slots, Arc::new(classes), limits)
    }

    /// The sweep of a resample in which every distinct record counts `count` times; the patterns are shared.
    pub fn resampled(&self, count: &[u32]) -> Sweep {
        let records = self.records.resampled(count, self.patterns.n, |slot| self.slots.time[slot].is_nan());
        let slots = self.slots.resampled(&records);
        let (patterns, classes) = (Arc::clone(&self.patterns), Arc::clone(&self.classes));
        Sweep::of(patterns, records, slots, classes, self.limits.one_thread())
    }

    fn of(patterns: Arc<Patterns>, records: Records, slots: Slots, classes: Arc<Classes>, limits: Limits) -> Sweep {
        let blocks = blocks(&records, &slots, (limits.block_numbers / (patterns.width() + 1)).max(1));
        let mut event_x = vec![0.0; patterns.width()];
        let mut event_offset = 0.0;
        let by = &records.by_pattern;
        for pattern in 0..patterns.n {
            let of_pattern = by.start[pattern] as usize..by.start[pattern + 1] as usize;
            let weight: f64 = of_pattern.filter(|&i| by.exit[i] & EVENT_BIT != 0).map(|i| by.weight[i]).sum();
            if weight > 0.0 {
                patterns.row(pattern).add_to(weight, patterns.first_dense, &mut event_x);
                event_offset += weight * patterns.offset.get(pattern).unwrap_or(&0.0);
            }
        }
        let mut sweep = Sweep { patterns, records, slots, classes, blocks, limits, event_x, event_offset };
        sweep.add_varying_events();
        sweep
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
        if self.classes.is_empty() {
            let mut carry = Carry::new(self.patterns.width());
            for block in self.blocks.iter().rev() {
                let sums = self.block_sums(block, &risk, ties, &mut carry);
                self.tie_terms(block.slots.clone(), &sums, ties, &mut terms[block.slots.clone()], &mut second);
            }
        } else {
            self.tie_terms(0..n_slots, &self.class_sums(&risk, ties), ties, &mut terms, &mut second);
        }
        let events: f64 = self.event_x.iter().zip(&beta).map(|(x, b)| x * b).sum::<f64>() + self.event_offset;
        let shift = |k: usize| self.slots.event_weight[k] * risk.shift[self.slots.stratum[k] as usize];
        let swept = |k: &usize| !self.is_exact(*k, ties);
        let log_sums = exact_sum((0..n_slots).filter(swept).map(|k| terms[k].log_sum + shift(k)));
        let (mut score, mut lower) = if self.classes.is_empty() {
            self.pattern_sums(&risk, &self.cumulative_hazard(&terms))
        } else {
            self.class_pattern_sums(&risk, &terms)
        };
        lower.iter_mut().zip(&second).for_each(|(first, second)| *first -= second);
        let mut log_partial_likelihood = events - log_sums;
        if ties == Ties::Exact {
            let exact = exact_sums(self, &risk);
            log_partial_likelihood -= exact.log_sum;
            score.iter_mut().zip(&exact.mean).for_each(|(u, x)| *u -= x);
            lower.iter_mut().zip(&exact.variance).for_each(|(i, v)| *i += v);
        }
        let mut ordered = vec![0.0; self.patterns.n_columns];
        self.patterns.design_column.iter().zip(score).for_each(|(&j, u)| ordered[j as usize] = u);
        Evaluation {
            log_partial_likelihood,
            score: ordered,
            information: self.patterns.design_order(&lower, self.patterns.n_columns),
        }
    }

    /// Whether the likelihood of a slot is that of [`super::exact`].
    fn is_exact(&self, slot: usize, ties: Ties) -> bool {
        ties == Ties::Exact && self.slots.n_events[slot] > 1
    }

    /// η and exp(η) of the patterns; `beta` in inner order.
    pub fn risk_scores(&self, beta: &[f64]) -> RiskScores {
        let n_strata = self.slots.first.len() - 1;
        let mut eta = vec![0.0; self.patterns.n];
        let start = &self.records.by_pattern.start;
        // In a resample many patterns have no record; theirs is not needed.
        let is_used = |pattern: usize| start[pattern] < start[pattern + 1];
        eta.par_chunks_mut(4096).enumerate().for_each(|(chunk, eta)| {
            for (k, eta) in eta.iter_mut().enumerate().filter(|(k, _)| is_used(chunk * 4096 + k)) {
                *eta = self.patterns.linear_predictor(chunk * 4096 + k, beta);
            }
        });
        let varying = self.classes.columns.iter().map(|c| beta[c.inner]).collect();
        let at_risk = eta.iter().zip(start.windows(2)).filter(|(_, w)| w[0] < w[1]).map(|(eta, _)| *eta);
        let (lowest, highest) = at_risk.fold((f64::MAX, f64::MIN), |(low, high), eta| (low.min(eta), high.max(eta)));
        if highest - lowest <= SHARED_SHIFT_SPREAD {
            let mut shared = vec![0.0; eta.len()];
            shared.par_chunks_mut(4096).zip(eta.par_chunks(4096)).for_each(|(shared, eta)| {
                shared.iter_mut().zip(eta).for_each(|(r, eta)| *r = libm::exp(eta - highest));
            });
            return RiskScores { eta, shared, shift: vec![highest; n_strata], is_shared: true, varying };
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
        RiskScores { eta, shared: Vec::new(), shift, is_shared: false, varying }
    }

    /// η of every pattern; `beta` in inner order.
    pub fn linear_predictors(&self, beta: &[f64]) -> Vec<f64> {
        (0..self.patterns.n).map(|k| self.patterns.linear_predictor(k, beta)).collect()
    }

    /// S0, S1, E0 and E1 of all slots. Takes 16 p bytes per slot.
    pub fn all_sums(&self, risk: &RiskScores, ties: Ties) -> SlotSums {
        if !self.classes.is_empty() {
            return self.class_sums(risk, ties);
        }
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
    pub fn block_sums(&self, block: &Block, risk: &RiskScores, ties: Ties, carry: &mut Carry) -> SlotSums {
        let (mut sums, entered) =
            if self.blocks.len() == 1 && self.slots.time.len() * self.patterns.width() <= self.limits.table_numbers {
                self.sums_by_pattern(risk, ties)
            } else {
                self.sums_by_slot(block, risk, ties)
            };
        // Events were added to E0 and E1 only.
        sums.s0.iter_mut().zip(&sums.e0).for_each(|(s, e)| *s += e);
        sums.s1.iter_mut().zip(&sums.e1).for_each(|(s, e)| *s += e);
        carry.suffix_sums(&mut sums, entered.as_ref(), block.slots.clone(), &self.slots);
        sums
    }

    /// Step 3 for some slots: their terms, and their share of the second part of the information.
    fn tie_terms(&self, slots: Range<usize>, sums: &SlotSums, ties: Ties, terms: &mut [TieTerms], second: &mut [f64]) {
        self.slot_terms(slots, sums, ties, terms);
        self.add_second_part(sums, terms, second);
    }

    /// The terms of some slots.
    pub fn slot_terms(&self, slots: Range<usize>, sums: &SlotSums, ties: Ties, terms: &mut [TieTerms]) {
        let first = slots.start;
        let size = slots_per_chunk(terms.len());
        terms.par_chunks_mut(size).enumerate().for_each(|(chunk, terms)| {
            for (k, term) in terms.iter_mut().enumerate() {
                let k = chunk * size + k;
                let d = self.slots.n_events[first + k];
                if d > 0 && !self.is_exact(first + k, ties) {
                    *term = ties.terms(sums.s0[k], sums.e0[k], d, self.slots.event_weight[first + k]);
                }
            }
        });
    }

    /// Adds the second part of the information over some slots: C0 S1S1ᵀ − C1(S1E1ᵀ + E1S1ᵀ) + C2 E1E1ᵀ of each.
    ///
    /// The 2 × 2 matrix of C0, −C1, C2 is non-negative, so the part of a slot is the sum of two outer products:
    /// of √C0 (S1 − (C1/C0) E1) and of √(C2 − C1²/C0) E1.
    pub fn add_second_part(&self, sums: &SlotSums, terms: &[TieTerms], second: &mut [f64]) {
        let (p, width, size) = (self.patterns.n_columns, self.patterns.width(), slots_per_chunk(terms.len()));
        let parts: Vec<Vec<f64>> = terms
            .par_chunks(size)
            .enumerate()
            .map(|(chunk, terms)| {
                let mut products = OuterProducts::new(p);
                for (k, term) in terms.iter().enumerate().filter(|(_, term)| term.c0 != 0.0) {
                    let at = (chunk * size + k) * width;
                    let s1 = &sums.s1[at..at + p];
                    let root = term.c0.sqrt();
                    if term.c2 == 0.0 {
                        products.push(s1.iter().map(|s| root * s));
                        continue;
                    }
                    let e1 = &sums.e1[at..at + p];
                    let ratio = term.c1 / term.c0;
                    products.push(s1.iter().zip(e1).map(|(s, e)| root * (s - ratio * e)));
                    let rest = (term.c2 - term.c1 * ratio).max(0.0).sqrt();
                    products.push(e1.iter().map(|e| rest * e));
                }
                products.flush();
                products.sum
            })
            .collect();
        add_in_order(second, parts);
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
        let (expected, first) = self.expected_sums(risk, hazard);
        (self.event_x.iter().zip(expected).map(|(u, x)| u - x).collect(), first)
    }

    /// Σ D x and the lower triangle of Σ D xxᵀ over all patterns, inner order; no D is negative.
    pub fn expected_sums(&self, risk: &RiskScores, hazard: &CumulativeHazard) -> (Vec<f64>, Vec<f64>) {
        let p = self.patterns.n_columns;
        let n_chunks = ((1 << 22) / (p * p + 1)).clamp(4, 64).min(self.limits.gram_chunks);
        let size = self.patterns.n.div_ceil(n_chunks).max(1024);
        let parts: Vec<Gram> = (0..self.patterns.n.div_ceil(size))
            .into_par_iter()
            .map(|chunk| {
                let mut gram = Gram::new(&self.patterns);
                let patterns = chunk * size..((chunk + 1) * size).min(self.patterns.n);
                for pattern in patterns.clone() {
                    let d = self.pattern_hazard(pattern, risk, hazard);
                    gram.add_pattern(d, &self.patterns, pattern, patterns.start);
                }
                gram.finish();
                gram
            })
            .collect();
        let mut sum = vec![0.0; self.patterns.width()];
        let mut first = vec![0.0; p * p];
        for gram in parts {
            sum.iter_mut().zip(&gram.sum).for_each(|(sum, x)| *sum += x);
            gram.add_lower_triangle(p, &self.patterns.is_unit, &mut first);
        }
        (sum, first)
    }
}

/// Slots whose outer products are added together.
fn slots_per_chunk(n_slots: usize) -> usize {
    n_slots.div_ceil(32).max(16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::bins::{Bins, NearTies};
    use crate::engine::classes::ClassRule;
    use crate::engine::data::{Block, Design, NumberPart, SurvivalData, Time, Variable};
    use crate::engine::time_dependence::TimeDependence;
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
        let rule = ClassRule { time: &TimeDependence::default(), tail: None };
        let (patterns, records, classes) = Records::new(&data, &design, &bins, &rule, false);
        let slots = Slots::new(&records, &bins);
        Sweep::new(patterns, records, slots, classes, limits)
    }

    #[test]
    fn tables_blocks_and_slots_give_the_same_sums() {
        let whole = example(Limits::default());
        let beta = [0.3, -0.2, 0.5, 0.1];
        for (table_numbers, block_numbers) in [(0, 1 << 22), (0, 200), (0, 7), (1 << 16, 300)] {
            let parts = example(Limits { table_numbers, block_numbers, ..Limits::default() });
            for ties in [Ties::Efron, Ties::Breslow] {
                let (a, b) = (whole.evaluate(&beta, ties), parts.evaluate(&beta, ties));
                assert!((a.log_partial_likelihood / b.log_partial_likelihood - 1.0).abs() < 1e-14);
                assert!((a.information - b.information).amax() < 1e-9);
                assert!(a.score.iter().zip(b.score).all(|(x, y)| (x - y).abs() < 1e-9));
            }
        }
    }
}
