//! Step 2 of the [pass](super::sweep): per slot the sums of r and r·x over the records that leave it, minus those that enter,
//! and the same over tied events.
//!
//! By pattern where the rows of the patterns are few enough for a table of slots to stay at hand, else by slot; both in
//! fixed chunks, merged in their order.

use std::ops::Range;

use rayon::prelude::*;

use super::blocks::{Block, Chunk};
use super::records::EVENT_BIT;
use super::sums::SlotSums;
use super::sweep::{RiskScores, Sweep};
use super::ties::Ties;

impl Sweep {
    /// Per slot what leaves it and minus what enters it, found pattern after pattern. The table of a chunk stays in
    /// the second-level cache, where the rows of the patterns, taken in the order of slots, would not.
    pub(super) fn sums_by_pattern(&self, risk: &RiskScores, ties: Ties) -> (SlotSums, Option<SlotSums>) {
        let size = self.patterns.n.div_ceil(self.limits.tables).max(1024);
        let parts: Vec<(SlotSums, Option<SlotSums>)> = (0..self.patterns.n.div_ceil(size))
            .into_par_iter()
            .map(|chunk| {
                let patterns = chunk * size..((chunk + 1) * size).min(self.patterns.n);
                self.sums_of_patterns(patterns, 0..self.slots.time.len(), risk, ties)
            })
            .collect();
        let p = self.patterns.width();
        let mut parts = parts.into_iter();
        let (mut sums, mut entered) = parts.next().expect("records at risk have patterns");
        for (leaving, entering) in parts {
            sums.add(0, &leaving, p);
            entered.iter_mut().zip(&entering).for_each(|(sum, part)| sum.add(0, part, p));
        }
        (sums, entered)
    }

    /// What leaves each slot and minus what enters it, of some patterns whose records lie in `slots`.
    pub(super) fn sums_of_patterns(
        &self,
        patterns: Range<usize>,
        slots: Range<usize>,
        risk: &RiskScores,
        ties: Ties,
    ) -> (SlotSums, Option<SlotSums>) {
        let (p, first_dense, first) = (self.patterns.width(), self.patterns.first_dense, slots.start);
        let by = &self.records.by_pattern;
        let mut sums = SlotSums::zeros(slots.len(), p);
        let mut entered = (!by.entry.is_empty()).then(|| SlotSums::zeros(slots.len(), p));
        for pattern in patterns {
            let row = self.patterns.row(pattern);
            for i in by.start[pattern] as usize..by.start[pattern + 1] as usize {
                let (exit, event) = ((by.exit[i] & !EVENT_BIT) as usize, by.exit[i] & EVENT_BIT != 0);
                let r = by.weight[i] * risk.of(pattern, self.slots.stratum[exit] as usize);
                let at = exit - first;
                let at_exit = at * p..(at + 1) * p;
                if event && ties == Ties::Efron {
                    sums.e0[at] += r;
                    row.add_to(r, first_dense, &mut sums.e1[at_exit]);
                } else {
                    sums.s0[at] += r;
                    row.add_to(r, first_dense, &mut sums.s1[at_exit]);
                }
                let Some(entered) = &mut entered else { continue };
                let entry = by.entry[i] as usize;
                if !self.slots.time[entry].is_nan() {
                    let at = entry - first;
                    entered.s0[at] -= r;
                    row.add_to(-r, first_dense, &mut entered.s1[at * p..(at + 1) * p]);
                }
            }
        }
        (sums, entered)
    }

    /// Per slot of a block what leaves it and minus what enters it, found slot after slot.
    pub(super) fn sums_by_slot(&self, block: &Block, risk: &RiskScores, ties: Ties) -> (SlotSums, Option<SlotSums>) {
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
            let (s1, e1) = (&mut sums.s1[k * p..(k + 1) * p], &mut sums.e1[k * p..(k + 1) * p]);
            for record in here {
                let pattern = self.records.pattern[record] as usize;
                let r = self.records.weight(record) * risk.of(pattern, stratum);
                let row = self.patterns.row(pattern);
                if ties == Ties::Efron && record >= first_event {
                    sums.e0[k] += r;
                    row.add_to(r, first_dense, e1);
                } else {
                    sums.s0[k] += r;
                    row.add_to(r, first_dense, s1);
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
}
