//! How likely it is to be still observed: the weights of Fine and Gray's risk sets.
//!
//! ```text
//! G(t) = Π_{u <= t} (1 − c_u/Y_u)                  c censored at u of Y at risk of it
//! H(t) = Π_{d > t} (1 − e_d/Z_d)                   e enter at d; Z were in at d or before and not out yet
//! W = G, or G·H when people enter late             after a competing event at T a record counts W(t−)/W(T−) at t
//! ```
//!
//! Per group of records that are censored alike; case weights are not used. Source: Fine and Gray (1999), JASA 94:496-509,
//! doi 10.1080/01621459.1999.10474144; with late entry Geskus (2011), Biometrics 67:39-49,
//! doi 10.1111/j.1541-0420.2010.01420.x; conventions as in `finegray` of R's survival package.

use rayon::prelude::*;

use super::bins::{NearTies, distinct_times};
use super::data::{SurvivalData, Time};
use super::error::FitError;

/// Who is at risk of being censored at a time at which others have an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CensoringTies {
    /// Events come first, so those with an event are no longer at risk: R's `finegray`.
    #[default]
    EventsFirst,
    /// Those with an event at the time are at risk of it too: `crr` of R's cmprsk package.
    Together,
}

/// A table over times is used for whole times when it has at most this many cells per record.
const CELLS_PER_RECORD: usize = 4;

/// The times that occur, increasing, and the place of every record's entry and exit among them.
#[derive(Debug)]
pub(super) struct Grid {
    pub time: Vec<f64>,
    pub entry: Option<Vec<u32>>,
    pub exit: Vec<u32>,
}

impl Grid {
    /// The grid of checked data, near-ties made equal.
    pub fn new(data: &SurvivalData, near_ties: NearTies) -> Grid {
        if let Some(grid) = Grid::of_whole(data) {
            return grid;
        }
        let time = distinct_times(&data.exit, data.entry.as_ref(), near_ties);
        let n = data.n_records();
        let place = |t: f64| time.partition_point(|&c| c <= t) as u32 - 1;
        let places = |t: &Time| (0..n).into_par_iter().map(|i| place(t.value(i))).collect();
        Grid { exit: places(&data.exit), entry: data.entry.as_ref().map(places), time }
    }

    /// Every whole number from the first time to the last, where that is no more than a few per record.
    fn of_whole(data: &SurvivalData) -> Option<Grid> {
        let whole = |t: &Time| match t {
            Time::Whole(v) => Some(v.clone()),
            Time::Real(_) => None,
        };
        let exit = whole(&data.exit)?;
        let entry = data.entry.as_ref().map(whole);
        let lowest = entry.iter().flatten().chain([&exit]).filter_map(|v| v.iter().min()).min().copied()?;
        let highest = exit.iter().max().copied()?;
        let cells = usize::try_from(i64::from(highest) - i64::from(lowest)).ok()? + 1;
        if cells > CELLS_PER_RECORD * exit.len() + 65_536 || entry.as_ref().is_some_and(Option::is_none) {
            return None;
        }
        let place = |t: &i32| (i64::from(*t) - i64::from(lowest)) as u32;
        let places = |v: &Vec<i32>| v.iter().map(place).collect();
        Some(Grid {
            time: (0..cells).map(|k| f64::from(lowest) + k as f64).collect(),
            exit: places(&exit),
            entry: entry.flatten().as_ref().map(places),
        })
    }

    /// The place of a time that is on the grid.
    pub fn place(&self, time: f64) -> usize {
        self.time.partition_point(|&c| c < time)
    }
}

/// One group's records by time of the grid.
#[derive(Debug, Clone)]
pub(super) struct Observation {
    /// W just before each time.
    pub before: Vec<f64>,
    /// Y, at risk of being censored at each time.
    pub at_risk: Vec<f64>,
    /// c, censored at each time.
    pub censored: Vec<f64>,
    /// Place of the last exit.
    pub last: usize,
}

/// What a record is to its person, and how it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// The person's first record, so that its entry is the person's.
    pub first: bool,
    /// The person's last record, so that its end without an event is a censoring.
    pub last: bool,
    /// It ends in an event of any kind.
    pub event: bool,
}

impl Observation {
    /// W just before times of the grid, 0 for those that are no number.
    pub fn before_times(&self, grid: &Grid, times: &[f64]) -> Vec<f64> {
        times.iter().map(|t| if t.is_nan() { 0.0 } else { self.before[grid.place(*t)] }).collect()
    }

    /// The observation of `n_groups` groups.
    pub fn of_groups(
        grid: &Grid,
        group: impl Fn(usize) -> usize,
        n_groups: usize,
        standing: &[Standing],
        ties: CensoringTies,
    ) -> Vec<Observation> {
        let mut counts = vec![Counts::new(grid.time.len()); n_groups];
        for (i, standing) in standing.iter().enumerate() {
            let entry = grid.entry.as_ref().map(|e| e[i] as usize);
            counts[group(i)].add(entry, grid.exit[i] as usize, *standing);
        }
        // Nobody enters late when all are in before anybody leaves.
        let first_exit = grid.exit.iter().min().copied().unwrap_or(0);
        let enters_late = |i: usize, e: &u32| standing[i].first && *e > first_exit;
        let late = grid.entry.as_ref().is_some_and(|e| e.iter().enumerate().any(|(i, e)| enters_late(i, e)));
        counts.iter().map(|c| c.observation(ties, late)).collect()
    }
}

/// Numbers of one group at each time.
#[derive(Clone)]
struct Counts {
    entering: Vec<u32>,
    first: Vec<u32>,
    leaving: Vec<u32>,
    events: Vec<u32>,
    censored: Vec<u32>,
}

impl Counts {
    fn new(n: usize) -> Counts {
        let zeros = || vec![0; n];
        Counts { entering: zeros(), first: zeros(), leaving: zeros(), events: zeros(), censored: zeros() }
    }

    fn add(&mut self, entry: Option<usize>, exit: usize, standing: Standing) {
        if let Some(entry) = entry {
            self.entering[entry] += 1;
            self.first[entry] += u32::from(standing.first);
        }
        self.leaving[exit] += 1;
        self.events[exit] += u32::from(standing.event);
        self.censored[exit] += u32::from(standing.last && !standing.event);
    }

    fn observation(&self, ties: CensoringTies, late: bool) -> Observation {
        let n = self.leaving.len();
        let (mut before, mut at_risk) = (vec![1.0; n], vec![0.0; n]);
        // Out at or after a time, less in at or after it: those whose interval reaches the time.
        let mut reaching = 0i64;
        for t in (0..n).rev() {
            reaching += i64::from(self.leaving[t]) - i64::from(self.entering[t]);
            let gone = if ties == CensoringTies::EventsFirst { self.events[t] } else { 0 };
            at_risk[t] = (reaching - i64::from(gone)) as f64;
        }
        if late {
            self.multiply_entering(&mut before, reaching);
        }
        let mut g = 1.0;
        for t in 0..n {
            before[t] *= g;
            if self.censored[t] > 0 {
                g *= 1.0 - f64::from(self.censored[t]) / at_risk[t];
            }
        }
        let last = (0..n).rev().find(|&t| self.leaving[t] > 0).unwrap_or(0);
        let censored = self.censored.iter().map(|&c| f64::from(c)).collect();
        Observation { before, at_risk, censored, last }
    }

    /// Multiplies with H just before each time; `at_origin` is the number that never entered on the grid.
    fn multiply_entering(&self, before: &mut [f64], at_origin: i64) {
        let inside = self.entering.iter().zip(&self.leaving).scan(at_origin, |inside, (enter, leave)| {
            *inside += i64::from(*enter) - i64::from(*leave);
            Some(*inside)
        });
        let inside: Vec<i64> = inside.collect();
        let mut h = 1.0;
        for t in (0..before.len()).rev() {
            if self.first[t] > 0 {
                h *= 1.0 - f64::from(self.first[t]) / inside[t] as f64;
            }
            before[t] *= h;
        }
    }
}

/// The first and the last record of every person. Errors: a person with an event before the last record, or with a gap
/// between two.
pub(super) fn standings(
    grid: &Grid,
    event: impl Fn(usize) -> bool,
    person: Option<&[u32]>,
) -> Result<Vec<Standing>, FitError> {
    let n = grid.exit.len();
    let alone = Standing { first: true, last: true, event: false };
    let mut standing: Vec<Standing> = (0..n).map(|i| Standing { event: event(i), ..alone }).collect();
    let Some(person) = person.filter(|p| any_twice(p)) else { return Ok(standing) };
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.par_sort_unstable_by_key(|&i| (person[i as usize], grid.exit[i as usize], i));
    for pair in order.windows(2).map(|w| [w[0] as usize, w[1] as usize]) {
        let [earlier, later] = pair;
        if person[earlier] != person[later] {
            continue;
        }
        (standing[earlier].last, standing[later].first) = (false, false);
        if standing[earlier].event {
            return Err(FitError::EventBeforeLastRecord { record: earlier });
        }
        if grid.entry.as_ref().is_none_or(|e| e[later] != grid.exit[earlier]) {
            return Err(FitError::GapInPerson { record: later });
        }
    }
    Ok(standing)
}

/// Whether any number occurs twice.
fn any_twice(numbers: &[u32]) -> bool {
    let highest = numbers.iter().max().map_or(0, |&m| m as usize);
    if highest > 8 * numbers.len() + 1024 {
        return true;
    }
    let mut seen = vec![false; highest + 1];
    numbers.iter().any(|&p| std::mem::replace(&mut seen[p as usize], true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(rows: &[(i32, bool)], ties: CensoringTies) -> Observation {
        let data = SurvivalData::right_censored(
            Time::Whole(rows.iter().map(|r| r.0).collect()),
            rows.iter().map(|r| r.1).collect(),
        );
        let grid = Grid::new(&data, NearTies::Repair);
        let standing = standings(&grid, |i| rows[i].1, None).unwrap();
        Observation::of_groups(&grid, |_| 0, 1, &standing, ties).remove(0)
    }

    #[test]
    fn events_leave_before_censoring_at_the_same_time() {
        // Censored at 2 (of four, or of three when the event of that day has left) and at 4 (alone).
        let rows = [(2, true), (2, false), (3, true), (4, false)];
        let first = observe(&rows, CensoringTies::EventsFirst);
        assert_eq!(first.before, [1.0, 1.0 - 1.0 / 3.0, 1.0 - 1.0 / 3.0]);
        assert_eq!(observe(&rows, CensoringTies::Together).before[1], 0.75);
        assert_eq!((first.at_risk[0], first.at_risk[2], first.last), (3.0, 1.0, 2));
    }

    #[test]
    fn late_entry_is_a_probability_of_its_own() {
        // In at 0, 0 and 2; out at 1, 3 and 4 (the last censored). At 2 one of two inside has just entered.
        let mut data = SurvivalData::right_censored(Time::Whole(vec![1, 3, 4]), vec![true, true, false]);
        data.entry = Some(Time::Whole(vec![0, 0, 2]));
        let grid = Grid::new(&data, NearTies::Repair);
        let standing = standings(&grid, |i| data.event[i], None).unwrap();
        let found = Observation::of_groups(&grid, |_| 0, 1, &standing, CensoringTies::EventsFirst).remove(0);
        // H just before 1 and 2 is 1/2, after 2 it is 1; nobody is censored before 4. (At 0 everybody has just entered.)
        assert_eq!(found.before[1..], [0.5, 0.5, 1.0, 1.0]);
    }
}
