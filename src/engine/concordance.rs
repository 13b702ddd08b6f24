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

/// Pairs of one kind and what every distinct record adds to them.
struct Pairs {
    concordant: f64,
    discordant: f64,
    tied_x: f64,
    tied_y: f64,
    tied_xy: f64,
    /// c_i − d_i of one record, per distinct record.
    difference: Vec<f64>,
    /// All comparable pairs of one record.
    comparable: Vec<f64>,
}

/// Concordance of `eta`, one value per pattern.
pub(super) fn concordance(sweep: &Sweep, eta: &[f64]) -> Concordance {
    let n = sweep.records.n();
    let (_, ranks) = rank_values(eta);
    let mut pairs = Pairs {
        concordant: 0.0,
        discordant: 0.0,
        tied_x: 0.0,
        tied_y: 0.0,
        tied_xy: 0.0,
        difference: vec![0.0; n],
        comparable: vec![0.0; n],
    };
    for stratum in sweep.slots.first.windows(2).filter(|w| w[1] - w[0] > 1) {
        Stratum::new(sweep, stratum[0] as usize, stratum[1] as usize).count(&ranks, &mut pairs);
    }
    let total = pairs.concordant + pairs.discordant + pairs.tied_x;
    let somers_d = (pairs.concordant - pairs.discordant) / total;
    let influence = |record: usize| {
        let own = (pairs.difference[record] - somers_d * pairs.comparable[record]) / total;
        sweep.records.case_weight(record) * own
    };
    let alone = |record: usize| {
        let n = sweep.records.clusters.alone.get(record).unwrap_or(&sweep.records.count[record]);
        f64::from(*n) * influence(record).powi(2)
    };
    let joint = |cluster: usize| {
        let members = sweep.records.clusters.joint(cluster);
        members.iter().map(|&record| influence(record as usize)).sum::<f64>().powi(2)
    };
    let variance = (0..n).map(alone).sum::<f64>() + (0..sweep.records.clusters.n_joint()).map(joint).sum::<f64>();
    Concordance {
        value: (somers_d + 1.0) / 2.0,
        standard_error: variance.sqrt() / 2.0,
        concordant: pairs.concordant,
        discordant: pairs.discordant,
        tied_x: pairs.tied_x,
        tied_y: pairs.tied_y,
        tied_xy: pairs.tied_xy,
    }
}

/// One stratum, its event times numbered 1..=T.
struct Stratum<'a> {
    sweep: &'a Sweep,
    base: usize,
    n_times: usize,
    /// Weight of the records at risk without event at each event time.
    at_risk: Vec<f64>,
    /// Weight of the events up to each event time.
    events: Vec<f64>,
}

impl<'a> Stratum<'a> {
    fn new(sweep: &'a Sweep, base: usize, end: usize) -> Stratum<'a> {
        let n_times = end - base - 1;
        let mut stratum =
            Stratum { sweep, base, n_times, at_risk: vec![0.0; n_times + 2], events: vec![0.0; n_times + 1] };
        for record in stratum.records() {
            let weight = sweep.records.weight(record);
            let (from, to, event) = stratum.window(record);
            stratum.at_risk[from + 1] += weight;
            stratum.at_risk[to + 1] -= weight;
            if let Some(time) = event {
                stratum.events[time] += weight;
            }
        }
        for k in 1..=n_times {
            stratum.at_risk[k] += stratum.at_risk[k - 1];
            stratum.events[k] += stratum.events[k - 1];
        }
        stratum
    }

    /// The distinct records at risk in this stratum.
    fn records(&self) -> std::ops::Range<usize> {
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

    /// Adds this stratum's pairs.
    fn count(&self, ranks: &[u32], pairs: &mut Pairs) {
        let place_bits = bits_for(self.sweep.records.n());
        let key = |i: usize| (u64::from(ranks[self.sweep.records.pattern[i] as usize]) << place_bits) | i as u64;
        let mut order: Vec<u64> = self.records().map(key).collect();
        sort_keys(&mut order, bits_for(ranks.len()) + place_bits);
        let mut seen = Tree::new(self.n_times);
        let mut seen_events = Tree::new(self.n_times);
        let mut tied = vec![(0.0, 0.0, u64::MAX); self.n_times + 1];
        let mut lower = Vec::new();
        let mut from = 0;
        while from < order.len() {
            let rank = order[from] >> place_bits;
            let to = from + order[from..].iter().take_while(|&&key| key >> place_bits == rank).count();
            let group = || order[from..to].iter().map(|&key| (key & ((1 << place_bits) - 1)) as usize);
            lower.clear();
            lower.extend(group().map(|record| self.seen_by(record, &seen, &seen_events)));
            for record in group() {
                let (after, until, event) = self.window(record);
                let weight = self.sweep.records.weight(record);
                seen.add(after + 1, weight);
                seen.add(until + 1, -weight);
                if let Some(time) = event {
                    seen_events.add(time, weight);
                    self.count_tied(record, rank, &mut tied[time], pairs);
                }
            }
            for (record, lower) in group().zip(&lower) {
                // A record alone at its η is not comparable with itself.
                let alone = to - from == 1;
                let lower_or_equal = if alone { *lower } else { self.seen_by(record, &seen, &seen_events) };
                self.compare(record, *lower, lower_or_equal, pairs);
            }
            from = to;
        }
    }

    /// Among the records seen so far, the weight of those at risk at this record's event, and of those with an event
    /// while it is at risk.
    fn seen_by(&self, record: usize, seen: &Tree, seen_events: &Tree) -> (f64, f64) {
        let (from, to, event) = self.window(record);
        (event.map_or(0.0, |time| seen.sum(time)), seen_events.sum(to) - seen_events.sum(from))
    }

    /// Adds the pairs of a record, given the weights of [`Stratum::seen_by`] for records of lower η and for those of
    /// lower or equal η. Pairs are counted at the record with the event.
    fn compare(&self, record: usize, lower: (f64, f64), lower_or_equal: (f64, f64), pairs: &mut Pairs) {
        let (from, to, event) = self.window(record);
        if let Some(time) = event {
            let weight = self.sweep.records.weight(record);
            let higher = self.at_risk[time] - lower_or_equal.0;
            pairs.concordant += weight * lower.0;
            pairs.tied_x += weight * (lower_or_equal.0 - lower.0);
            pairs.discordant += weight * higher;
            pairs.difference[record] += lower.0 - higher;
            pairs.comparable[record] += self.at_risk[time];
        }
        // Events of lower η are discordant with this record, those of higher η concordant.
        let events = self.events[to] - self.events[from];
        pairs.difference[record] += (events - lower_or_equal.1) - lower.1;
        pairs.comparable[record] += events;
    }

    /// Counts the pairs of events at one time; `so_far` holds the weight of those seen, of those with this rank, and the rank.
    fn count_tied(&self, record: usize, rank: u64, so_far: &mut (f64, f64, u64), pairs: &mut Pairs) {
        let weight = self.sweep.records.weight(record);
        let count = f64::from(self.sweep.records.count[record]);
        let within = 0.5 * count * (count - 1.0) * self.sweep.records.case_weight(record).powi(2);
        if so_far.2 != rank {
            (so_far.1, so_far.2) = (0.0, rank);
        }
        pairs.tied_y += weight * (so_far.0 - so_far.1);
        pairs.tied_xy += weight * so_far.1 + within;
        so_far.0 += weight;
        so_far.1 += weight;
    }
}

/// Sums over 1..=k of numbers that change, in O(log n). Source: Fenwick (1994), doi 10.1002/spe.4380240306.
struct Tree(Vec<f64>);

impl Tree {
    fn new(n: usize) -> Tree {
        Tree(vec![0.0; n + 1])
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
