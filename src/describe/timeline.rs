//! Records in the order in which they enter and leave: what every estimate along the time axis walks through.
//!
//! Records are sorted once, by stratum, time and weight, so that neither the order of the rows nor the number of threads
//! shows in a sum. Near-tied times are made equal by the engine's rule ([`NearTies`]), over all strata together.

use crate::engine::data::SurvivalData;
use crate::engine::{FitError, NearTies, two_sum, whole_times};
use rayon::prelude::*;

/// The records of a data set by stratum and time.
pub(super) struct Timeline {
    /// Records by stratum and exit.
    exits: Vec<u32>,
    /// Records by stratum and entry; empty for right-censored data.
    entries: Vec<u32>,
    /// Where each stratum begins in the two, and their length.
    first: Vec<usize>,
    /// Exit per record as a whole number that orders times.
    exit: Vec<i32>,
    /// Entry per record, the same; empty for right-censored data.
    entry: Vec<i32>,
    /// The time of each whole number where times are fractional.
    value_of_rank: Option<Vec<f64>>,
}

/// A distinct exit time of a stratum.
pub(super) struct Moment<'a> {
    /// The time.
    pub time: f64,
    /// Records that entered before this time, and not before the exit time before it.
    pub entering: &'a [u32],
    /// Records that leave at this time, by event or by censoring.
    pub leaving: &'a [u32],
}

impl Timeline {
    /// Sorts records; the stratum of record i is `stratum(i)`, below `n_strata`. Checks the data.
    pub fn new(
        data: &SurvivalData,
        stratum: &(impl Fn(usize) -> u32 + Sync),
        n_strata: usize,
        near_ties: NearTies,
    ) -> Result<Timeline, FitError> {
        data.check()?;
        let times = whole_times(data, near_ties)?;
        let n = data.n_records();
        let sorted = |time: &[i32]| -> Vec<u32> {
            let mut keyed: Vec<(u32, i32, u64, u32)> =
                (0..n).into_par_iter().map(|i| (stratum(i), time[i], weight_order(data, i), i as u32)).collect();
            keyed.par_sort_unstable();
            keyed.into_par_iter().map(|(_, _, _, i)| i).collect()
        };
        let exits = sorted(&times.exit);
        let entries = times.entry.as_deref().map(sorted).unwrap_or_default();
        let mut first = vec![0; n_strata + 1];
        (0..n).for_each(|i| first[stratum(i) as usize + 1] += 1);
        (0..n_strata).for_each(|s| first[s + 1] += first[s]);
        Ok(Timeline {
            exits,
            entries,
            first,
            exit: times.exit.into_owned(),
            entry: times.entry.map(std::borrow::Cow::into_owned).unwrap_or_default(),
            value_of_rank: times.value_of_rank,
        })
    }

    /// The records of a stratum by exit.
    pub fn records(&self, stratum: usize) -> &[u32] {
        &self.exits[self.first[stratum]..self.first[stratum + 1]]
    }

    /// The distinct exit times of a stratum, ascending.
    pub fn moments(&self, stratum: usize) -> impl Iterator<Item = Moment<'_>> {
        let mut leaving = self.records(stratum);
        // Right-censored records are at risk from the first moment on.
        let (mut entering, censored_only) = match self.entries.is_empty() {
            true => (leaving, true),
            false => (&self.entries[self.first[stratum]..self.first[stratum + 1]], false),
        };
        std::iter::from_fn(move || {
            let now = self.exit[*leaving.first()? as usize];
            let n_entered = match censored_only {
                true => entering.len(),
                false => entering.partition_point(|i| self.entry[*i as usize] < now),
            };
            let n_left = leaving.partition_point(|i| self.exit[*i as usize] <= now);
            let moment =
                Moment { time: self.value(now), entering: &entering[..n_entered], leaving: &leaving[..n_left] };
            (entering, leaving) = (&entering[n_entered..], &leaving[n_left..]);
            Some(moment)
        })
    }

    fn value(&self, time: i32) -> f64 {
        self.value_of_rank.as_ref().map_or(f64::from(time), |values| values[time as usize])
    }
}

/// The bits of a positive number order it.
fn weight_order(data: &SurvivalData, record: usize) -> u64 {
    data.weight.as_ref().map_or(0, |w| w[record].to_bits())
}

/// The case weight of a record.
pub(super) fn weight(data: &SurvivalData, record: u32) -> f64 {
    data.weight.as_ref().map_or(1.0, |w| w[record as usize])
}

/// The weights of some records added up.
pub(super) fn total_weight<'a>(data: &SurvivalData, records: impl Iterator<Item = &'a u32>) -> f64 {
    let mut total = Compensated::default();
    records.for_each(|i| total.add(weight(data, *i)));
    total.value()
}

/// A running sum that keeps the rounding errors of its additions (Neumaier 1974, doi 10.1002/zamm.19740540106): what is
/// left of a million records after all but three have gone has lost no digits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Compensated {
    sum: f64,
    error: f64,
}

impl Compensated {
    /// Adds a number.
    pub fn add(&mut self, x: f64) {
        let (sum, error) = two_sum(self.sum, x);
        (self.sum, self.error) = (sum, self.error + error);
    }

    /// The sum.
    pub fn value(self) -> f64 {
        self.sum + self.error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::data::Time;

    #[test]
    fn moments_are_exit_times_with_those_who_entered_before() {
        let mut data = SurvivalData::right_censored(Time::Whole(vec![5, 3, 5, 9]), vec![true; 4]);
        data.entry = Some(Time::Whole(vec![0, 0, 3, 5]));
        let timeline = Timeline::new(&data, &|_| 0, 1, NearTies::Repair).expect("good data");
        let found: Vec<(f64, Vec<u32>, Vec<u32>)> =
            timeline.moments(0).map(|m| (m.time, m.entering.to_vec(), m.leaving.to_vec())).collect();
        assert_eq!(found, [(3.0, vec![0, 1], vec![1]), (5.0, vec![2], vec![0, 2]), (9.0, vec![3], vec![3])]);
    }

    #[test]
    fn a_sum_remembers_what_large_numbers_hid() {
        let mut sum = Compensated::default();
        [1e16, 1.0, -1e16].into_iter().for_each(|x| sum.add(x));
        assert_eq!(sum.value(), 1.0);
    }
}
