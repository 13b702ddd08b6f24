//! The steps of [`super::sweep`] in which risk scores change along the time axis, class after class.
//!
//! ```text
//! S0 = Σ_v ω_v S0_v      S1 = Σ_v ω_v S1_v, and in a time-varying column j: Σ_v ω_v v_j g_j S0_v
//! D = r Σ A ω − δBω      D_j = r Σ A ω g_j − δBωg_j      D_jl = r Σ A ω g_j g_l − δBωg_j g_l      (sums over a < k <= b)
//! Σ D xxᵀ,  v_j Σ D_j x,  v_j v_l Σ D_jl                                      first part of the information
//! ```
//!
//! Everything is linear in the records, so a class may be cut. Patterns are taken in fixed runs; each run walks through
//! its classes with a table of the slots that the class touches, and O(T p) numbers are held however many classes there are.

use std::ops::Range;

use rayon::prelude::*;

use super::classes::{Class, Classes};
use super::gram::Gram;
use super::pattern::Row;
use super::records::EVENT_BIT;
use super::sums::{Carry, SlotSums, two_sum};
use super::sweep::{RiskScores, Sweep};
use super::ties::{TieTerms, Ties};

/// Runs of patterns at most.
const RUNS: usize = 16;
/// Patterns in a run at least.
const PATTERNS_PER_RUN: usize = 1024;
/// Numbers in the tables of all runs together, about: 128 MB.
const TABLE_NUMBERS: usize = 1 << 24;

impl Sweep {
    /// The columns of events that vary with time: Σ w v g over events.
    pub(super) fn add_varying_events(&mut self) {
        let mut sums = vec![0.0; self.classes.columns.len()];
        let by = &self.records.by_pattern;
        for class in &self.classes.list {
            for i in by.start[class.patterns.start] as usize..by.start[class.patterns.end] as usize {
                if by.exit[i] & EVENT_BIT != 0 {
                    let slot = (by.exit[i] & !EVENT_BIT) as usize;
                    for &(j, v) in &class.values {
                        sums[j] += by.weight[i] * v * self.classes.functions[self.classes.columns[j].function][slot];
                    }
                }
            }
        }
        for (column, sum) in self.classes.columns.iter().zip(sums) {
            self.event_x[column.inner] = sum;
        }
    }

    /// Fixed runs of patterns; the more numbers a table of all slots has, the fewer.
    fn runs(&self) -> Vec<Range<usize>> {
        let table = 4 * self.slots.time.len() * self.patterns.width();
        let most = (TABLE_NUMBERS / (table + 1)).clamp(1, RUNS);
        let (n, size) = (self.patterns.n, self.patterns.n.div_ceil(most).max(PATTERNS_PER_RUN));
        (0..n.div_ceil(size)).map(|run| run * size..((run + 1) * size).min(n)).collect()
    }

    /// The slots from the first at which a record of some patterns may be at risk to the last, a base slot before them
    /// included; `None` when none is ever at risk.
    pub(super) fn touched(&self, patterns: Range<usize>) -> Option<Range<usize>> {
        let by = &self.records.by_pattern;
        let records = by.start[patterns.start] as usize..by.start[patterns.end] as usize;
        let exit = |i: usize| (by.exit[i] & !EVENT_BIT) as usize;
        let end = records.clone().map(exit).max()? + 1;
        let start = match by.entry.get(records.clone()) {
            Some(entry) if !by.entry.is_empty() => entry.iter().min().map_or(0, |&slot| slot as usize),
            _ => {
                let lowest = records.map(exit).min()?;
                self.slots.first[self.slots.stratum[lowest] as usize] as usize
            }
        };
        Some(start..end)
    }

    /// S0, S1, E0 and E1 of all slots, time-varying columns included.
    pub(super) fn class_sums(&self, risk: &RiskScores, ties: Ties) -> SlotSums {
        let (n_slots, width) = (self.slots.time.len(), self.patterns.width());
        let parts: Vec<SlotSums> = self
            .runs()
            .into_par_iter()
            .map(|run| {
                let mut total = SlotSums::zeros(n_slots, width);
                for (class, patterns) in self.classes.within(run) {
                    if let Some(slots) = self.touched(patterns.clone()) {
                        self.add_class(class, patterns, slots, risk, ties, &mut total);
                    }
                }
                total
            })
            .collect();
        let mut sums = SlotSums::zeros(n_slots, width);
        parts.iter().for_each(|part| sums.add(0, part, width));
        sums
    }

    /// Adds the share of some patterns of one class.
    fn add_class(
        &self,
        class: &Class,
        patterns: Range<usize>,
        slots: Range<usize>,
        risk: &RiskScores,
        ties: Ties,
        total: &mut SlotSums,
    ) {
        let (p, width) = (self.patterns.n_columns, self.patterns.width());
        let (mut sums, entered) = self.sums_of_patterns(patterns, slots.clone(), risk, ties);
        sums.s0.iter_mut().zip(&sums.e0).for_each(|(s, e)| *s += e);
        sums.s1.iter_mut().zip(&sums.e1).for_each(|(s, e)| *s += e);
        Carry::new(width).suffix_sums(&mut sums, entered.as_ref(), slots.clone(), &self.slots);
        let factors = self.classes.factors(class, &risk.varying, slots.clone());
        for (k, slot) in slots.enumerate() {
            if self.slots.n_events[slot] == 0 || sums.s0[k] == 0.0 {
                continue;
            }
            let (from, to) = (k * width..k * width + p, slot * width..slot * width + p);
            let sides = [
                (sums.s0[k], &sums.s1[from.clone()], &mut total.s0[slot], &mut total.s1[to.clone()]),
                (sums.e0[k], &sums.e1[from], &mut total.e0[slot], &mut total.e1[to]),
            ];
            for (own, own_row, sum, row) in sides {
                if own != 0.0 {
                    *sum += factors[k] * own;
                    row.iter_mut().zip(own_row).for_each(|(sum, x)| *sum += factors[k] * x);
                    self.classes.row(class, slot).for_each(|(column, x)| row[column] += factors[k] * own * x);
                }
            }
        }
    }

    /// The score and the lower triangle of the first part of the information, inner order.
    pub(super) fn class_pattern_sums(&self, risk: &RiskScores, terms: &[TieTerms]) -> (Vec<f64>, Vec<f64>) {
        let p = self.patterns.n_columns;
        let parts: Vec<FirstPart> = self
            .runs()
            .into_par_iter()
            .map(|run| {
                let mut part = FirstPart::new(self);
                for (class, patterns) in self.classes.within(run.clone()) {
                    // Patterns never at risk are added too: the next one says what it has in common with its neighbour.
                    let slots = self.touched(patterns.clone()).unwrap_or(0..1);
                    let hazards = ClassHazards::new(self, class, slots, risk, terms);
                    part.add_class(class, patterns, run.start, &hazards, risk);
                }
                part.gram.finish();
                part
            })
            .collect();
        let mut score = self.event_x.clone();
        let mut first = vec![0.0; p * p];
        for part in parts {
            score.iter_mut().zip(&part.gram.sum).for_each(|(u, x)| *u -= x);
            part.gram.add_lower_triangle(p, &self.patterns.is_unit, &mut first);
            part.add_varying(&self.classes, p, &mut score, &mut first);
        }
        (score, first)
    }
}

/// Number of products g_f g_h, h <= f, with those of 1: 1, then n, then n(n + 1)/2.
fn n_products(n: usize) -> usize {
    1 + n + n * (n + 1) / 2
}

/// ω times 1, g_f and g_f g_h at the slots of a class, and their sums with A.
struct ClassHazards {
    /// The functions that matter.
    functions: Vec<usize>,
    first: usize,
    /// Numbers per slot.
    width: usize,
    products: Vec<f64>,
    high: Vec<f64>,
    /// Rounding errors of `high`, so that differences keep their digits.
    low: Vec<f64>,
    b: Vec<f64>,
}

impl ClassHazards {
    fn new(sweep: &Sweep, class: &Class, slots: Range<usize>, risk: &RiskScores, terms: &[TieTerms]) -> ClassHazards {
        let classes = &sweep.classes;
        let functions = classes.functions_of(class);
        let (n, width) = (slots.len(), n_products(functions.len()));
        let factors = classes.factors(class, &risk.varying, slots.clone());
        let mut hazards = ClassHazards {
            functions,
            first: slots.start,
            width,
            products: vec![0.0; n * width],
            high: vec![0.0; n * width],
            low: vec![0.0; n * width],
            b: terms[slots.clone()].iter().map(|t| t.b).collect(),
        };
        for (k, slot) in slots.enumerate() {
            if sweep.slots.time[slot].is_nan() {
                continue;
            }
            hazards.fill_products(k, factors[k], |f| classes.functions[f][slot]);
            for m in k * width..(k + 1) * width {
                let (before, error) =
                    if k == 0 { (0.0, 0.0) } else { (hazards.high[m - width], hazards.low[m - width]) };
                let (sum, low) = two_sum(before, terms[slot].a * hazards.products[m]);
                (hazards.high[m], hazards.low[m]) = (sum, error + low);
            }
        }
        hazards
    }

    fn fill_products(&mut self, k: usize, factor: f64, g: impl Fn(usize) -> f64) {
        let (n, row) = (self.functions.len(), &mut self.products[k * self.width..(k + 1) * self.width]);
        row[0] = factor;
        let mut next = 1 + n;
        for (i, &f) in self.functions.iter().enumerate() {
            row[1 + i] = factor * g(f);
            for &h in &self.functions[..=i] {
                row[next] = row[1 + i] * g(h);
                next += 1;
            }
        }
    }

    /// Adds `weight` times what a record expects, of every product, to `sums`.
    #[inline]
    fn add_record(&self, weight: f64, exit: usize, entry: Option<usize>, event: bool, sums: &mut [f64]) {
        let at = (exit - self.first) * self.width;
        let before = entry.map(|slot| (slot - self.first) * self.width);
        for (m, sum) in sums.iter_mut().enumerate() {
            let mut hazard = match before {
                None => self.high[at + m] + self.low[at + m],
                Some(before) => (self.high[at + m] - self.high[before + m]) + (self.low[at + m] - self.low[before + m]),
            };
            if event {
                hazard -= self.b[exit - self.first] * self.products[at + m];
            }
            *sum += weight * hazard;
        }
    }
}

/// What some patterns add to the first part of the information.
struct FirstPart<'a> {
    sweep: &'a Sweep,
    gram: Gram,
    /// Σ v_j D_j per time-varying column.
    varying: Vec<f64>,
    /// v_j Σ D_j x, a row per time-varying column.
    with_fixed: Vec<f64>,
    /// Σ v_j v_l D_jl, lower triangle.
    squares: Vec<f64>,
}

impl<'a> FirstPart<'a> {
    fn new(sweep: &'a Sweep) -> FirstPart<'a> {
        let (q, width) = (sweep.classes.columns.len(), sweep.patterns.width());
        let (varying, with_fixed, squares) = (vec![0.0; q], vec![0.0; q * width], vec![0.0; q * q]);
        FirstPart { sweep, gram: Gram::new(&sweep.patterns), varying, with_fixed, squares }
    }

    /// Adds the patterns of one class; `first` is the first pattern of the run.
    fn add_class(
        &mut self,
        class: &Class,
        patterns: Range<usize>,
        first: usize,
        hazards: &ClassHazards,
        risk: &RiskScores,
    ) {
        let all = &self.sweep.patterns;
        let (n, width) = (hazards.functions.len(), all.width());
        let (mut total, mut d) = (vec![0.0; hazards.width], vec![0.0; hazards.width]);
        let mut rows = vec![0.0; n * width];
        for pattern in patterns {
            self.expected(pattern, hazards, risk, &mut d);
            self.gram.add_pattern(d[0], all, pattern, first);
            let row: Row = all.row(pattern);
            for (row_sum, &d) in rows.chunks_mut(width.max(1)).zip(&d[1..]) {
                row.add_to(d, all.first_dense, row_sum);
            }
            total.iter_mut().zip(&d).for_each(|(sum, d)| *sum += d);
        }
        self.add_products(class, hazards, &total, &rows);
    }

    /// D, D_j and D_jl of a pattern, for every product of functions.
    fn expected(&self, pattern: usize, hazards: &ClassHazards, risk: &RiskScores, d: &mut [f64]) {
        let by = &self.sweep.records.by_pattern;
        d.fill(0.0);
        for i in by.start[pattern] as usize..by.start[pattern + 1] as usize {
            let (exit, event) = ((by.exit[i] & !EVENT_BIT) as usize, by.exit[i] & EVENT_BIT != 0);
            let r = by.weight[i] * risk.of(pattern, self.sweep.slots.stratum[exit] as usize);
            let entry = by.entry.get(i).map(|&a| a as usize);
            hazards.add_record(r, exit, entry, event, d);
        }
    }

    /// Adds v_j Σ D_j, v_j Σ D_j x and v_j v_l Σ D_jl of a class.
    fn add_products(&mut self, class: &Class, hazards: &ClassHazards, total: &[f64], rows: &[f64]) {
        let classes = &self.sweep.classes;
        let (n, q, width) = (hazards.functions.len(), self.varying.len(), self.sweep.patterns.width());
        let place = |j: usize| {
            let function = classes.columns[j].function;
            hazards.functions.iter().position(|&f| f == function).expect("the functions of a class are listed")
        };
        for &(j, v) in &class.values {
            let f = place(j);
            self.varying[j] += v * total[1 + f];
            let row = &mut self.with_fixed[j * width..(j + 1) * width];
            row.iter_mut().zip(&rows[f * width..(f + 1) * width]).for_each(|(sum, x)| *sum += v * x);
            for &(l, u) in class.values.iter().filter(|(l, _)| *l <= j) {
                let h = place(l);
                let (high, low) = (f.max(h), f.min(h));
                self.squares[j * q + l] += v * u * total[1 + n + high * (high + 1) / 2 + low];
            }
        }
    }

    /// Takes Σ v_j D_j from the score and adds the products to a lower triangle.
    fn add_varying(&self, classes: &Classes, p: usize, score: &mut [f64], lower: &mut [f64]) {
        let (q, width) = (classes.columns.len(), self.sweep.patterns.width());
        let mut add = |a: usize, b: usize, x: f64| lower[a.max(b) * p + a.min(b)] += x;
        for (j, column) in classes.columns.iter().enumerate() {
            score[column.inner] -= self.varying[j];
            let row = &self.with_fixed[j * width..j * width + p];
            row.iter().enumerate().filter(|(_, x)| **x != 0.0).for_each(|(k, x)| add(column.inner, k, *x));
            for l in 0..=j {
                add(column.inner, classes.columns[l].inner, self.squares[j * q + l]);
            }
        }
    }
}
