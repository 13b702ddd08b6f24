//! What does not depend on β: the event times of every stratum, and where each record's entry and exit fall
//! among them.
//!
//! Time enters the partial likelihood only through its order relative to the event times. Every stratum gets a run of
//! *slots*: one base slot, then one slot per distinct event time in increasing order. A record's exit slot is
//! the base plus b, the number of event times at or before its exit; its entry slot is the base plus a, the number at
//! or before its entry. It is at risk in the slots k with entry slot < k <= exit slot. A record that is never at
//! risk (a = b) gets slot 0 for both; slot 0 is a base slot, so no event ever falls there.

use std::borrow::Cow;

use rayon::prelude::*;

use super::data::{SurvivalData, Time};
use super::error::FitError;
use crate::table::Codes;

/// What to do with times that differ by rounding error only (whole times have none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NearTies {
    /// Make them equal, as R's `aeqSurv` does.
    #[default]
    Repair,
    /// Leave them as they are (R's `timefix = FALSE`).
    Keep,
}

/// Largest relative or absolute difference of two times that [`NearTies::Repair`] makes equal: R's `sqrt(.Machine$double.eps)`.
const NEAR_TIE_TOLERANCE: f64 = 1.490_116_119_384_765_6e-8;

/// A table over (stratum, time) is used when it has at most this many cells per record, otherwise event times are
/// searched: a table costs one look-up per record where a search costs its logarithm.
const TABLE_CELLS_PER_RECORD: usize = 4;

/// Event times and the slots of every record.
#[derive(Debug)]
pub(super) struct Bins {
    /// Base slot of every stratum, and the number of slots at the end.
    pub first_slot: Vec<u32>,
    /// The event time of every slot; NaN for a base slot.
    pub time: Vec<f64>,
    /// Exit slot per record.
    pub exit: Vec<u32>,
    /// Entry slot per record; `None` for right-censored data.
    pub entry: Option<Vec<u32>>,
    /// Number of strata that hold records but no event, and the number of their records.
    pub without_events: (usize, usize),
}

/// Times as whole numbers: themselves, or the rank of each among the distinct (repaired) times.
pub(crate) struct WholeTimes<'a> {
    /// Exit of every record.
    pub exit: Cow<'a, [i32]>,
    /// Entry of every record; `None` for right-censored data.
    pub entry: Option<Cow<'a, [i32]>>,
    /// The time of each rank; `None` when the numbers are the times.
    pub value_of_rank: Option<Vec<f64>>,
}

impl Bins {
    /// Finds the slots of checked data. Errors: [`FitError::VanishingInterval`].
    pub fn new(data: &SurvivalData, near_ties: NearTies) -> Result<Bins, FitError> {
        let times = whole_times(data, near_ties)?;
        let strata = data.stratum.as_ref().map(stratum_numbers);
        let stratum = |i: usize| strata.as_ref().map_or(0, |s| s[i] as usize);
        let n_strata = strata.iter().flatten().max().map_or(1, |&s| s as usize + 1);
        let events = EventTimes::new(&times.exit, &data.event, &stratum, n_strata);
        let slots = |times: &[i32]| -> Vec<u32> {
            times.par_iter().enumerate().map(|(i, &time)| events.slot(stratum(i), time)).collect()
        };
        let mut bins = Bins {
            first_slot: events.first_slot.clone(),
            time: events.slot_times(&times.value_of_rank),
            exit: slots(&times.exit),
            entry: times.entry.as_deref().map(slots),
            without_events: events.strata_without_events((0..data.n_records()).map(stratum), n_strata),
        };
        bins.set_aside_never_at_risk((0..data.n_records()).map(stratum));
        Ok(bins)
    }

    /// Number of slots.
    pub fn n_slots(&self) -> usize {
        self.time.len()
    }

    /// Whether `slot` is the base slot of a stratum.
    pub fn is_base(&self, slot: usize) -> bool {
        self.time[slot].is_nan()
    }

    /// Puts records that are at risk at no event time into slot 0.
    fn set_aside_never_at_risk(&mut self, strata: impl Iterator<Item = usize>) {
        match &mut self.entry {
            Some(entry) => {
                for (a, b) in entry.iter_mut().zip(&mut self.exit).filter(|(a, b)| a == b) {
                    (*a, *b) = (0, 0);
                }
            }
            None => {
                for (b, stratum) in self.exit.iter_mut().zip(strata) {
                    if *b == self.first_slot[stratum] {
                        *b = 0;
                    }
                }
            }
        }
    }
}

/// The distinct event times of every stratum and how to find the slot of a time.
struct EventTimes {
    first_slot: Vec<u32>,
    /// Event times of all strata after one another (without base slots).
    times: Vec<i32>,
    /// `slot_of[stratum * width + (t - lowest)]` when the table is affordable.
    table: Option<Vec<u32>>,
    lowest: i32,
    width: usize,
}

impl EventTimes {
    fn new(exit: &[i32], event: &[bool], stratum: &impl Fn(usize) -> usize, n_strata: usize) -> EventTimes {
        let event_exits = || exit.iter().zip(event).filter(|(_, e)| **e).map(|(t, _)| *t);
        let lowest = event_exits().min().unwrap_or(0);
        let width = event_exits().max().map_or(1, |highest| (i64::from(highest) - i64::from(lowest)) as usize + 1);
        let cells = n_strata.saturating_mul(width);
        let mut result = EventTimes { first_slot: vec![0], times: Vec::new(), table: None, lowest, width };
        if cells <= TABLE_CELLS_PER_RECORD * exit.len() + 65_536 {
            let mut seen = vec![0u32; cells];
            for i in (0..exit.len()).filter(|&i| event[i]) {
                seen[stratum(i) * width + (exit[i] - lowest) as usize] = 1;
            }
            result.number_table(seen, n_strata);
        } else {
            let mut pairs: Vec<(u32, i32)> =
                (0..exit.len()).filter(|&i| event[i]).map(|i| (stratum(i) as u32, exit[i])).collect();
            pairs.sort_unstable();
            pairs.dedup();
            result.number_pairs(&pairs, n_strata);
        }
        result
    }

    /// Turns marks of event times into slot numbers.
    fn number_table(&mut self, mut table: Vec<u32>, n_strata: usize) {
        let mut slot = 0;
        for stratum in 0..n_strata {
            for (cell, mark) in table[stratum * self.width..(stratum + 1) * self.width].iter_mut().enumerate() {
                if *mark == 1 {
                    slot += 1;
                    self.times.push((i64::from(self.lowest) + cell as i64) as i32);
                }
                *mark = slot;
            }
            slot += 1;
            self.first_slot.push(slot);
        }
        self.table = Some(table);
    }

    /// Numbers sorted (stratum, time) pairs.
    fn number_pairs(&mut self, pairs: &[(u32, i32)], n_strata: usize) {
        self.times = pairs.iter().map(|p| p.1).collect();
        let mut end = 0;
        for stratum in 0..n_strata {
            end += pairs[end..].partition_point(|p| p.0 as usize == stratum);
            self.first_slot.push((end + stratum + 1) as u32);
        }
    }

    /// The slot of the last event time at or before `time`, or the base slot.
    fn slot(&self, stratum: usize, time: i32) -> u32 {
        let base = self.first_slot[stratum];
        if time < self.lowest {
            return base;
        }
        match &self.table {
            Some(table) => {
                let cell = ((i64::from(time) - i64::from(self.lowest)) as usize).min(self.width - 1);
                table[stratum * self.width + cell]
            }
            None => base + self.stratum_times(stratum).partition_point(|&t| t <= time) as u32,
        }
    }

    /// The event times of a stratum.
    fn stratum_times(&self, stratum: usize) -> &[i32] {
        // Every stratum before this one has one base slot more than it has times.
        let (from, to) = (self.first_slot[stratum] as usize - stratum, self.first_slot[stratum + 1] as usize);
        &self.times[from..to - stratum - 1]
    }

    /// The time of every slot, NaN for base slots.
    fn slot_times(&self, value_of_rank: &Option<Vec<f64>>) -> Vec<f64> {
        let value = |t: &i32| value_of_rank.as_ref().map_or(f64::from(*t), |v| v[*t as usize]);
        let n_strata = self.first_slot.len() - 1;
        (0..n_strata).flat_map(|s| std::iter::once(f64::NAN).chain(self.stratum_times(s).iter().map(value))).collect()
    }

    /// Number of strata with records but without events, and of their records.
    fn strata_without_events(&self, strata: impl Iterator<Item = usize>, n_strata: usize) -> (usize, usize) {
        if n_strata == 1 {
            return (0, 0);
        }
        let mut records = vec![0usize; n_strata];
        strata.for_each(|s| records[s] += 1);
        let empty = (0..n_strata).filter(|&s| records[s] > 0 && self.first_slot[s + 1] - self.first_slot[s] == 1);
        empty.fold((0, 0), |(strata, n), s| (strata + 1, n + records[s]))
    }
}

/// The code of every record; checked data have no missing ones.
fn stratum_numbers(codes: &Codes) -> Vec<u32> {
    match codes {
        Codes::U8(v) => v.iter().map(|&c| u32::from(c)).collect(),
        Codes::U16(v) => v.iter().map(|&c| u32::from(c)).collect(),
        Codes::U32(v) => v.clone(),
    }
}

/// Times as whole numbers; fractional times are ranked. Errors: [`FitError::VanishingInterval`].
pub(crate) fn whole_times(data: &SurvivalData, near_ties: NearTies) -> Result<WholeTimes<'_>, FitError> {
    match (&data.exit, &data.entry) {
        (Time::Whole(exit), None) => Ok(WholeTimes { exit: Cow::Borrowed(exit), entry: None, value_of_rank: None }),
        (Time::Whole(exit), Some(Time::Whole(entry))) => {
            Ok(WholeTimes { exit: Cow::Borrowed(exit), entry: Some(Cow::Borrowed(entry)), value_of_rank: None })
        }
        (exit, entry) => rank_times(exit, entry.as_ref(), near_ties),
    }
}

/// The distinct times of entry and exit together, increasing, near-ties made equal before.
pub(super) fn distinct_times(exit: &Time, entry: Option<&Time>, near_ties: NearTies) -> Vec<f64> {
    let values = |t: &Time| -> Vec<f64> { (0..t.len()).map(|i| t.value(i)).collect() };
    let mut all = values(exit);
    all.extend(entry.into_iter().flat_map(values));
    all.par_sort_unstable_by(f64::total_cmp);
    all.dedup();
    match near_ties {
        NearTies::Repair => without_near_ties(&all),
        NearTies::Keep => all,
    }
}

/// Ranks fractional times among the distinct times of entry and exit together, near-ties made equal before.
fn rank_times<'a>(exit: &Time, entry: Option<&Time>, near_ties: NearTies) -> Result<WholeTimes<'a>, FitError> {
    let n = exit.len();
    let cuts = distinct_times(exit, entry, near_ties);
    let rank =
        |t: &Time| -> Vec<i32> { (0..n).map(|i| cuts.partition_point(|&c| c <= t.value(i)) as i32 - 1).collect() };
    let exit_rank = rank(exit);
    let entry_rank = entry.map(rank);
    if let Some(entry_rank) = &entry_rank
        && let Some(record) = (0..n).find(|&i| entry_rank[i] >= exit_rank[i])
    {
        return Err(FitError::VanishingInterval { record });
    }
    let entry = entry_rank.map(Cow::Owned);
    Ok(WholeTimes { exit: Cow::Owned(exit_rank), entry, value_of_rank: Some(cuts) })
}

/// The distinct times that remain when each one within the tolerance of its predecessor is joined to it.
///
/// ```text
/// t_j joins t_{j−1} when  t_j − t_{j−1} <= τ  or  (t_j − t_{j−1}) / mean|t| <= τ,   τ = √ε
/// ```
///
/// `sorted` holds distinct times in increasing order. Source: `aeqSurv` of R's survival package.
fn without_near_ties(sorted: &[f64]) -> Vec<f64> {
    let mean = sorted.iter().map(|t| t.abs()).sum::<f64>() / sorted.len() as f64;
    let joins = |gap: f64| gap <= NEAR_TIE_TOLERANCE || gap / mean <= NEAR_TIE_TOLERANCE;
    (0..sorted.len()).filter(|&j| j == 0 || !joins(sorted[j] - sorted[j - 1])).map(|j| sorted[j]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_count_event_times_at_or_before_a_time() {
        // Stratum 0 has events at 3 and 5, stratum 1 at 4: slots 0 | 3 5 and 3 | 4.
        let mut data = SurvivalData::right_censored(
            Time::Whole(vec![3, 5, 4, 2, 9, 4, 3]),
            vec![true, true, false, false, false, true, false],
        );
        data.stratum = Some(Codes::U8(vec![0, 0, 0, 0, 0, 1, 1]));
        let bins = Bins::new(&data, NearTies::Repair).unwrap();
        assert_eq!(bins.first_slot, [0, 3, 5]);
        assert_eq!(bins.exit, [1, 2, 1, 0, 2, 4, 0]);
        assert_eq!(bins.time[1..3], [3.0, 5.0]);
    }

    #[test]
    fn a_search_finds_what_the_table_finds() {
        // Two events far apart in 200 strata make the table unaffordable.
        let n = 400;
        let exit: Vec<i32> = (0..n).map(|i| if i % 2 == 0 { i } else { 40_000_000 + i }).collect();
        let mut data = SurvivalData::right_censored(Time::Whole(exit), vec![true; n as usize]);
        data.stratum = Some(Codes::U8((0..n).map(|i| (i / 2) as u8).collect()));
        let bins = Bins::new(&data, NearTies::Repair).unwrap();
        assert_eq!(bins.first_slot[1], 3);
        assert!((0..n as usize).all(|i| bins.exit[i] == (i / 2 * 3 + 1 + i % 2) as u32));
    }

    #[test]
    fn near_ties_become_ties_unless_kept() {
        let times = Time::Real(vec![1.0, 1.0 + 1e-9, 2.0]);
        let data = SurvivalData::right_censored(times, vec![true; 3]);
        assert_eq!(Bins::new(&data, NearTies::Repair).unwrap().exit, [1, 1, 2]);
        assert_eq!(Bins::new(&data, NearTies::Keep).unwrap().exit, [1, 2, 3]);
    }

    #[test]
    fn intervals_without_event_time_are_set_aside() {
        let mut data = SurvivalData::right_censored(Time::Whole(vec![10, 4, 9]), vec![true, false, false]);
        data.entry = Some(Time::Whole(vec![0, 1, 2]));
        let bins = Bins::new(&data, NearTies::Repair).unwrap();
        assert_eq!((bins.exit, bins.entry.unwrap()), (vec![1, 0, 0], vec![0, 0, 0]));
    }
}
