//! Concordance of the linear predictor with the order of events, and its standard error.
//!
//! A pair is comparable when one record has an event while the other is at risk and does not have its event at
//! the same time. It is concordant when the record with the event has the higher η. The standard error is the infinitesimal
//! jackknife of R's `concordance` (survival 3.0 and later):
//!
//! ```text
//! C = (D + 1)/2     D = (concordant − discordant)/N     N = concordant + discordant + tied on η     (sums of w_i w_j)
//! Var(C) = ¼ Σ_c (Σ_{i in c} w_i d_i)²     d_i = (c_i − d_i)/N − (D/N)(all comparable pairs of i)
//! ```
//!
//! Records are taken in the order of η. A tree over the event times of the stratum holds those seen so far, so a pair is found
//! in O(log T) and the trees stay in the first-level cache when a study has its two years of days.

use std::ops::Range;

use rayon::prelude::*;

use super::keys::{bits_for, rank_values, sort_keys};
use super::sweep::Sweep;

/// Agreement of a linear predictor with the order of events. Pairs are weighted with the product of the case weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concordance {
    /// C, the share of comparable pairs that are concordant, ties on η counting half; NaN when no pair is comparable.
    pub value: f64,
    /// Standard error of C.
    pub standard_error: f64,
    /// The event has the higher η.
    pub concordant: f64,
    /// The event has the lower η.
    pub discordant: f64,
    /// η is equal.
    pub tied_x: f64,
    /// Events at the same time, η different.
    pub tied_y: f64,
    /// Events at the same time, η equal.
    pub tied_xy: f64,
}

/// Sums over pairs.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    concordant: f64,
    discordant: f64,
    tied_x: f64,
    tied_y: f64,
    tied_xy: f64,
}

/// What one record adds: its concordant minus its discordant pairs, and all its comparable ones.
#[derive(Debug, Clone, Copy, Default)]
struct Own {
    difference: f64,
    comparable: f64,
}

/// Distinct records in one chunk at least.
const CHUNK: usize = 1 << 14;
/// Most numbers in the tables with which chunks begin.
const TABLE_NUMBERS: usize = 1 << 21;

/// Concordance of `eta`, one value per pattern.
pub(super) fn concordance(sweep: &Sweep, eta: &[f64]) -> Concordance {
    let (_, ranks) = rank_values(eta);
    let (mut counts, mut own) = (Counts::default(), vec![Own::default(); sweep.records.n()]);
    for stratum in sweep.slots.first.windows(2).filter(|w| w[1] - w[0] > 1) {
        let (base, n_times) = (stratum[0] as usize, (stratum[1] - stratum[0]) as usize - 1);
        Stratum { sweep, base, n_times }.count(&ranks, &mut counts, &mut own);
    }
    let total = counts.concordant + counts.discordant + counts.tied_x;
    let somers_d = (counts.concordant - counts.discordant) / total;
    let influence = |record: usize| {
        let own = &own[record];
        sweep.records.case_weight(record) * (own.difference - somers_d * own.comparable) / total
    };
    let alone = |record: usize| {
        let n = sweep.records.clusters.alone.get(record).unwrap_or(&sweep.records.count[record]);
        f64::from(*n) * influence(record).powi(2)
    };
    let joint = |cluster: usize| {
        let members = sweep.records.clusters.joint(cluster);
        members.iter().map(|&record| influence(record as usize)).sum::<f64>().powi(2)
    };
    let n_joint = sweep.records.clusters.n_joint();
    let variance = (0..sweep.records.n()).map(alone).sum::<f64>() + (0..n_joint).map(joint).sum::<f64>();
    Concordance {
        value: (somers_d + 1.0) / 2.0,
        standard_error: variance.sqrt() / 2.0,
        concordant: counts.concordant,
        discordant: counts.discordant,
        tied_x: counts.tied_x,
        tied_y: counts.tied_y,
        tied_xy: counts.tied_xy,
    }
}

/// One stratum, its event times numbered 1..=T.
struct Stratum<'a> {
    sweep: &'a Sweep,
    base: usize,
    n_times: usize,
}

/// Weights by event time of some records.
#[derive(Debug, Clone)]
struct Weights {
    /// Change of the weight at risk without event at each event time.
    at_risk: Vec<f64>,
    /// Weight of the events at each event time.
    events: Vec<f64>,
}

impl Weights {
    fn zeros(n_times: usize) -> Weights {
        Weights { at_risk: vec![0.0; n_times + 2], events: vec![0.0; n_times + 1] }
    }

    fn add(&mut self, other: &Weights) {
        self.at_risk.iter_mut().zip(&other.at_risk).for_each(|(a, b)| *a += b);
        self.events.iter_mut().zip(&other.events).for_each(|(a, b)| *a += b);
    }

    /// Sums up to each event time.
    fn cumulate(mut self) -> Weights {
        for k in 1..self.events.len() {
            self.at_risk[k] += self.at_risk[k - 1];
            self.events[k] += self.events[k - 1];
        }
        self
    }
}

impl Stratum<'_> {
    /// The distinct records at risk in this stratum.
    fn records(&self) -> Range<usize> {
        let start = &self.sweep.records.slot_start;
        start[self.base + 1] as usize..start[self.base + self.n_times + 1] as usize
    }

    /// The event times from < k <= to at which a record is comparable with the events, and that of its own event.
    fn window(&self, record: usize) -> (usize, usize, Option<usize>) {
        let records = &self.sweep.records;
        let exit = records.exit[record] as usize - self.base;
        let from = records.entry.get(record).map_or(0, |&a| a as usize - self.base);
        if record >= records.event_start[self.base + exit] as usize {
            (from, exit - 1, Some(exit))
        } else {
            (from, exit, None)
        }
    }

    /// Adds this stratum's pairs. Runs of records in the order of η are chunks that begin with what the earlier ones
    /// hold, so they can be done at the same time.
    fn count(&self, ranks: &[u32], counts: &mut Counts, own: &mut [Own]) {
        let place_bits = bits_for(self.sweep.records.n());
        let key = |i: usize| (u64::from(ranks[self.sweep.records.pattern[i] as usize]) << place_bits) | i as u64;
        let mut order: Vec<u64> = self.records().map(key).collect();
        sort_keys(&mut order, bits_for(ranks.len()) + place_bits);
        let record = |key: u64| (key & ((1 << place_bits) - 1)) as usize;
        let chunks = self.chunks(&order, place_bits);
        let weights: Vec<Weights> = chunks
            .par_iter()
            .map(|chunk| {
                let mut weights = Weights::zeros(self.n_times);
                order[chunk.clone()].iter().for_each(|&key| self.add_weights(record(key), &mut weights));
                weights
            })
            .collect();
        let mut seen = Weights::zeros(self.n_times);
        let mut before = Vec::new();
        for weights in &weights {
            before.push(seen.clone());
            seen.add(weights);
        }
        let all = seen.cumulate();
        let parts: Vec<(Counts, Vec<Own>)> = chunks
            .par_iter()
            .zip(before)
            .map(|(chunk, before)| {
                let groups = order[chunk.clone()].chunk_by(|a, b| a >> place_bits == b >> place_bits);
                let mut part = Part::new(self, &all, before);
                groups.for_each(|group| part.add_group(group.iter().map(|&key| record(key))));
                (part.counts, part.own)
            })
            .collect();
        for (chunk, (part, part_own)) in chunks.iter().zip(parts) {
            counts.add(&part);
            order[chunk.clone()].iter().zip(part_own).for_each(|(&key, o)| own[record(key)] = o);
        }
    }

    /// Cuts sorted keys where the rank changes.
    fn chunks(&self, order: &[u64], place_bits: u32) -> Vec<Range<usize>> {
        let most = (TABLE_NUMBERS / (self.n_times + 1)).clamp(1, 16);
        let size = order.len().div_ceil(most).max(CHUNK);
        let (mut chunks, mut from) = (Vec::new(), 0);
        while from < order.len() {
            let mut to = (from + size).min(order.len());
            while to < order.len() && order[to] >> place_bits == order[to - 1] >> place_bits {
                to += 1;
            }
            chunks.push(from..to);
            from = to;
        }
        chunks
    }

    fn add_weights(&self, record: usize, weights: &mut Weights) {
        let (from, to, event) = self.window(record);
        let weight = self.sweep.records.weight(record);
        weights.at_risk[from + 1] += weight;
        weights.at_risk[to + 1] -= weight;
        if let Some(time) = event {
            weights.events[time] += weight;
        }
    }
}

/// A run of records in the order of η.
struct Part<'a> {
    stratum: &'a Stratum<'a>,
    /// Weight at risk at, and of events up to, every event time.
    all: &'a Weights,
    /// The same of the records so far.
    at_risk: Tree,
    events: Tree,
    /// Per event time the weight of the events so far, of those with the latest η, and the number of that group.
    tied: Vec<(f64, f64, u32)>,
    group: u32,
    counts: Counts,
    own: Vec<Own>,
    /// Per record of the group, what was seen before it.
    lower: Vec<(f64, f64)>,
}

impl<'a> Part<'a> {
    fn new(stratum: &'a Stratum<'a>, all: &'a Weights, before: Weights) -> Part<'a> {
        let tied = before.events.iter().map(|&weight| (weight, 0.0, 0)).collect();
        Part {
            stratum,
            all,
            at_risk: Tree::new(&before.at_risk[..=stratum.n_times]),
            events: Tree::new(&before.events),
            tied,
            group: 0,
            counts: Counts::default(),
            own: Vec::new(),
            lower: Vec::new(),
        }
    }

    /// Adds the pairs of records of equal η with those before them and, by what is left, with those after them.
    fn add_group(&mut self, group: impl Iterator<Item = usize> + Clone) {
        self.group += 1;
        let mut lower = std::mem::take(&mut self.lower);
        lower.clear();
        lower.extend(group.clone().map(|record| self.seen_by(record)));
        for record in group.clone() {
            let (after, until, event) = self.stratum.window(record);
            let weight = self.stratum.sweep.records.weight(record);
            self.at_risk.add(after + 1, weight);
            self.at_risk.add(until + 1, -weight);
            if let Some(time) = event {
                self.events.add(time, weight);
                self.count_tied(record, time);
            }
        }
        for (record, before) in group.zip(&lower) {
            // A record alone at its η is not comparable with itself.
            let lower_or_equal = if lower.len() == 1 { *before } else { self.seen_by(record) };
            self.compare(record, *before, lower_or_equal);
        }
        self.lower = lower;
    }

    /// Among the records so far, the weight of those at risk at this record's event, and of those with an event while
    /// it is at risk.
    fn seen_by(&self, record: usize) -> (f64, f64) {
        let (from, to, event) = self.stratum.window(record);
        (event.map_or(0.0, |time| self.at_risk.sum(time)), self.events.sum(to) - self.events.sum(from))
    }

    /// Adds the pairs of a record, given what it sees among records of lower η, and of lower or equal η. Pairs are
    /// counted at the record with the event.
    fn compare(&mut self, record: usize, lower: (f64, f64), lower_or_equal: (f64, f64)) {
        let (from, to, event) = self.stratum.window(record);
        let mut own = Own::default();
        if let Some(time) = event {
            let weight = self.stratum.sweep.records.weight(record);
            let higher = self.all.at_risk[time] - lower_or_equal.0;
            self.counts.concordant += weight * lower.0;
            self.counts.tied_x += weight * (lower_or_equal.0 - lower.0);
            self.counts.discordant += weight * higher;
            own.difference += lower.0 - higher;
            own.comparable += self.all.at_risk[time];
        }
        // Events of lower η are discordant with this record, those of higher η concordant.
        let events = self.all.events[to] - self.all.events[from];
        own.difference += (events - lower_or_equal.1) - lower.1;
        own.comparable += events;
        self.own.push(own);
    }

    /// Counts the pairs of an event with those at the same time so far, and within identical records.
    fn count_tied(&mut self, record: usize, time: usize) {
        let records = &self.stratum.sweep.records;
        let (weight, count) = (records.weight(record), f64::from(records.count[record]));
        let within = 0.5 * count * (count - 1.0) * records.case_weight(record).powi(2);
        let (so_far, equal, group) = &mut self.tied[time];
        if *group != self.group {
            (*equal, *group) = (0.0, self.group);
        }
        self.counts.tied_y += weight * (*so_far - *equal);
        self.counts.tied_xy += weight * *equal + within;
        *so_far += weight;
        *equal += weight;
    }
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.concordant += other.concordant;
        self.discordant += other.discordant;
        self.tied_x += other.tied_x;
        self.tied_y += other.tied_y;
        self.tied_xy += other.tied_xy;
    }
}

/// Sums over 1..=k of numbers that change, in O(log n). Source: Fenwick (1994), doi 10.1002/spe.4380240306.
struct Tree(Vec<f64>);

impl Tree {
    /// A tree of the given numbers, the first of which has number 0 and is left out.
    fn new(numbers: &[f64]) -> Tree {
        let mut sums = numbers.to_vec();
        sums[0] = 0.0;
        for k in 1..sums.len() {
            let next = k + (k & k.wrapping_neg());
            if next < sums.len() {
                sums[next] += sums[k];
            }
        }
        Tree(sums)
    }

    /// Adds to number `k`; one beyond the end is ignored.
    fn add(&mut self, mut k: usize, x: f64) {
        while k < self.0.len() {
            self.0[k] += x;
            k += k & k.wrapping_neg();
        }
    }

    /// Sum of the numbers 1..=k.
    fn sum(&self, mut k: usize) -> f64 {
        let mut sum = 0.0;
        while k > 0 {
            sum += self.0[k];
            k &= k - 1;
        }
        sum
    }
}
