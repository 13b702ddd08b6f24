//! How the slots are cut: into blocks whose sums are held at the same time, and these into chunks of records.

use std::ops::Range;

use super::bins::Bins;
use super::records::Records;

/// Distinct records in one chunk.
const RECORDS_PER_CHUNK: usize = 8192;

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
pub(super) struct Block {
    pub slots: Range<usize>,
    pub leaving: Vec<Chunk>,
    pub entering: Vec<Chunk>,
}

/// A run of records (or of places in `by_entry`) and the slots they lie in.
#[derive(Debug)]
pub(super) struct Chunk {
    pub items: Range<usize>,
    pub slots: Range<usize>,
}

impl Slots {
    /// Counts the events of every slot.
    pub fn new(records: &Records, bins: &Bins) -> Slots {
        let n_slots = bins.n_slots();
        let mut stratum = vec![0; n_slots];
        for (s, range) in bins.first_slot.windows(2).enumerate() {
            stratum[range[0] as usize..range[1] as usize].fill(s as u32);
        }
        Slots::counted(bins.first_slot.clone(), bins.time.clone(), stratum, records)
    }

    /// The same slots with the events of a resample.
    pub fn resampled(&self, records: &Records) -> Slots {
        Slots::counted(self.first.clone(), self.time.clone(), self.stratum.clone(), records)
    }

    fn counted(first: Vec<u32>, time: Vec<f64>, stratum: Vec<u32>, records: &Records) -> Slots {
        let events = |slot: usize| records.events_in_slot(slot);
        Slots {
            n_events: (0..time.len()).map(|k| events(k).map(|i| records.count[i]).sum()).collect(),
            event_weight: (0..time.len()).map(|k| events(k).map(|i| records.weight(i)).sum()).collect(),
            first,
            time,
            stratum,
        }
    }
}

/// Cuts slots into blocks of `per_block` and their records into chunks; slot 0 holds nobody at risk.
pub(super) fn blocks(records: &Records, slots: &Slots, per_block: usize) -> Vec<Block> {
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
