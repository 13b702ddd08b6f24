//! Functions of time for tests of proportional hazards, at the distinct event times of all strata together.

use rayon::prelude::*;

use super::bins::{NearTies, whole_times};
use super::data::SurvivalData;
use super::error::FitError;

/// A function g of time by which a coefficient may change: β + θ g(t).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeTransform {
    /// One minus the Kaplan-Meier estimate just before t, over all records without weights and strata. Long gaps
    /// without events count little; R's default.
    KaplanMeier,
    /// The rank of t among the ends of all records, censored ones included; equal ones share their mean rank.
    Rank,
    /// t.
    Identity,
    /// ln t.
    Log,
}

impl TimeTransform {
    /// All of them, in the order in which messages list them.
    pub const ALL: [TimeTransform; 4] =
        [TimeTransform::KaplanMeier, TimeTransform::Rank, TimeTransform::Identity, TimeTransform::Log];

    /// R's name.
    pub fn name(self) -> &'static str {
        match self {
            TimeTransform::KaplanMeier => "km",
            TimeTransform::Rank => "rank",
            TimeTransform::Identity => "identity",
            TimeTransform::Log => "log",
        }
    }

    /// The transform of R's name.
    pub fn named(name: &str) -> Option<TimeTransform> {
        TimeTransform::ALL.into_iter().find(|t| t.name() == name)
    }
}

/// The distinct event times of all strata together, and what the transforms need of each.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeAxis {
    /// Distinct event times, increasing, near-ties repaired as in the fit.
    pub time: Vec<f64>,
    /// Number of events at each, not weighted.
    pub n_events: Vec<u32>,
    /// Number of records with entry < t <= exit.
    pub n_at_risk: Vec<u32>,
    /// Mean rank of each among the exits of all records.
    pub rank: Vec<f64>,
}

/// Counts per event time: records whose exit, or entry, is the last event time at or before it; of the exits, those
/// at the time itself; events. Place 0 is for what comes before the first event time.
#[derive(Clone, Default)]
struct Counts {
    exits: Vec<u32>,
    exits_here: Vec<u32>,
    entries: Vec<u32>,
    events: Vec<u32>,
}

/// Records counted together.
const CHUNK: usize = 1 << 16;

impl TimeAxis {
    /// Counts events, records at risk and ranks of checked data. Errors: [`FitError::VanishingInterval`].
    pub fn new(data: &SurvivalData, near_ties: NearTies) -> Result<TimeAxis, FitError> {
        let times = whole_times(data, near_ties)?;
        let mut distinct: Vec<i32> =
            times.exit.iter().zip(&data.event).filter(|(_, event)| **event).map(|(t, _)| *t).collect();
        distinct.par_sort_unstable();
        distinct.dedup();
        let counts = Counts::of(&times.exit, times.entry.as_deref(), &data.event, &distinct);
        let value = |t: &i32| times.value_of_rank.as_ref().map_or(f64::from(*t), |v| v[*t as usize]);
        let (mut at_risk, mut before) = (Vec::with_capacity(distinct.len()), Vec::with_capacity(distinct.len()));
        // Exits from the place on are at or after its time; entries from the place on are too, and not yet at risk.
        let total = |counts: &[u32]| counts.iter().sum::<u32>();
        let (mut exits, mut entries) = (total(&counts.exits), total(&counts.entries));
        for k in 1..=distinct.len() {
            exits -= counts.exits[k - 1];
            entries -= counts.entries[k - 1];
            at_risk.push(exits - entries);
            before.push(data.n_records() as u32 - exits);
        }
        let rank = |k: usize| f64::from(before[k]) + (f64::from(counts.exits_here[k + 1]) + 1.0) / 2.0;
        Ok(TimeAxis {
            time: distinct.iter().map(value).collect(),
            n_events: counts.events[1..].to_vec(),
            n_at_risk: at_risk,
            rank: (0..distinct.len()).map(rank).collect(),
        })
    }

    /// g at every time; `None` where it is not finite (the logarithm of a time that is not positive).
    pub fn transformed(&self, transform: TimeTransform) -> Option<Vec<f64>> {
        let g: Vec<f64> = match transform {
            TimeTransform::Identity => self.time.clone(),
            TimeTransform::Log => self.time.iter().map(|t| libm::log(*t)).collect(),
            TimeTransform::Rank => self.rank.clone(),
            TimeTransform::KaplanMeier => self.one_minus_survival(),
        };
        g.iter().all(|g| g.is_finite()).then_some(g)
    }

    /// 1 − S(t−).
    fn one_minus_survival(&self) -> Vec<f64> {
        let mut survival = 1.0;
        let before = |(d, n): (&u32, &u32)| {
            let before = survival;
            survival *= (f64::from(*n) - f64::from(*d)) / f64::from(*n);
            1.0 - before
        };
        self.n_events.iter().zip(&self.n_at_risk).map(before).collect()
    }

    /// The place of an event time.
    pub fn place(&self, time: f64) -> usize {
        self.time.partition_point(|t| *t < time)
    }
}

impl Counts {
    fn of(exit: &[i32], entry: Option<&[i32]>, event: &[bool], distinct: &[i32]) -> Counts {
        let n = distinct.len() + 1;
        let zero = || Counts { exits: vec![0; n], exits_here: vec![0; n], entries: vec![0; n], events: vec![0; n] };
        let place = |t: i32| distinct.partition_point(|d| *d <= t);
        let count = |chunk: usize| {
            let mut counts = zero();
            for i in chunk * CHUNK..((chunk + 1) * CHUNK).min(exit.len()) {
                let k = place(exit[i]);
                counts.exits[k] += 1;
                counts.exits_here[k] += u32::from(k > 0 && distinct[k - 1] == exit[i]);
                counts.events[k] += u32::from(event[i]);
                if let Some(entry) = entry {
                    counts.entries[place(entry[i])] += 1;
                }
            }
            counts
        };
        (0..exit.len().div_ceil(CHUNK)).into_par_iter().map(count).reduce(zero, Counts::plus)
    }

    /// Whole numbers: the order of additions does not matter.
    fn plus(mut self, other: Counts) -> Counts {
        let pairs = [
            (&mut self.exits, other.exits),
            (&mut self.exits_here, other.exits_here),
            (&mut self.entries, other.entries),
            (&mut self.events, other.events),
        ];
        for (sum, part) in pairs {
            sum.iter_mut().zip(part).for_each(|(a, b)| *a += b);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::data::Time;

    #[test]
    fn delayed_entry_by_hand() {
        // (0,4] event, (3,6] event, (4,6] censored, (1,2] censored before the first event, (0,8] censored.
        let mut data =
            SurvivalData::right_censored(Time::Whole(vec![4, 6, 6, 2, 8]), vec![true, true, false, false, false]);
        data.entry = Some(Time::Whole(vec![0, 3, 4, 1, 0]));
        let axis = TimeAxis::new(&data, NearTies::Repair).unwrap();
        assert_eq!(axis.time, [4.0, 6.0]);
        // At 4: the first, the second and the last; the third enters at 4. At 6: second, third, last.
        assert_eq!((axis.n_at_risk.clone(), axis.n_events.clone()), (vec![3, 3], vec![1, 1]));
        // Exits in order: 2, 4, 6, 6, 8.
        assert_eq!(axis.rank, [2.0, 3.5]);
        let km = axis.transformed(TimeTransform::KaplanMeier).unwrap();
        assert_eq!(km[0], 0.0);
        assert!((km[1] - 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn the_logarithm_of_zero_is_none() {
        let data = SurvivalData::right_censored(Time::Whole(vec![0, 3]), vec![true, true]);
        let axis = TimeAxis::new(&data, NearTies::Repair).unwrap();
        assert!(axis.transformed(TimeTransform::Log).is_none());
        assert!(axis.transformed(TimeTransform::Identity).is_some());
    }
}
