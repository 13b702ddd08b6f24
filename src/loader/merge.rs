//! Merging dated facts into intervals of person-time: time-dependent covariates, cumulative counts, events.
//!
//! A [`Timeline`] starts with the intervals (start, stop] of every person and takes one list of dated [`Entry`]s after the
//! other. An entry strictly inside an interval cuts it. What an entry means is its [`Role`]:
//!
//! | role | value of an interval |
//! |---|---|
//! | covariate | that of the last entry at or before its start |
//! | cumulative covariate | the sum of the values of all entries at or before its start |
//! | event | that of the entry at its stop |
//! | cumulative event | the running sum of the values, at the stop of the intervals where one is not 0 |
//!
//! A fact therefore counts from the moment after its day, never before: no interval looks into its own future. Events of
//! a cut interval stay with its last piece. Where entries of one person share a time, the last in the list counts.
//! Every entry is counted by where it fell ([`Placement`]); nothing is lost in silence.
//!
//! The rules of R's `tmerge` (survival 3.5; Therneau, Crowson and Atkinson, vignette "Using time dependent covariates"),
//! over arrays: persons are numbers, values are numbers or codes of levels with NaN for missing.

use super::split::Moment;
use std::ops::Range;

/// A dated fact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<T> {
    /// The person; `None` when it is nobody of the timeline.
    pub person: Option<u32>,
    /// When; `None` when that is not known.
    pub time: Option<T>,
    /// The value; NaN is missing. 1 where the fact itself is all there is to say.
    pub value: f64,
}

/// What a list of entries becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    /// A covariate, `before` until the first entry (NaN: missing).
    Covariate {
        /// The value before the first entry.
        before: f64,
    },
    /// A running sum, `before` until the first entry; from then on a missing beginning counts as 0.
    Cumulative {
        /// The value before the first entry.
        before: f64,
    },
    /// An event at the end of an interval, 0 where there is none.
    Event,
    /// An event whose value is the running sum.
    CumulativeEvent,
}

/// How entries are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules<T> {
    /// Added to the times of covariates after a person's first start: a value works only so much later.
    pub delay: T,
    /// Whether an entry with a missing value is left out; otherwise it makes the covariate missing.
    pub drop_missing: bool,
}

/// Where the entries of one list fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Placement {
    /// Before the person's first interval.
    pub early: usize,
    /// After the last one.
    pub late: usize,
    /// Between two intervals.
    pub gap: usize,
    /// Inside an interval, which was cut.
    pub within: usize,
    /// Where one interval ends and the next begins.
    pub boundary: usize,
    /// At a start without an interval that ends there.
    pub leading: usize,
    /// At an end without an interval that begins there.
    pub trailing: usize,
    /// At the time of an earlier entry of the person (counted above as well).
    pub tied: usize,
    /// Of nobody in the timeline.
    pub unknown_person: usize,
    /// Left out because time or value is missing.
    pub missing: usize,
}

/// Intervals of person-time with what was merged into them.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline<T> {
    /// The person of every interval, ascending.
    pub person: Vec<u32>,
    /// Beginnings, excluded.
    pub start: Vec<T>,
    /// Ends, included.
    pub stop: Vec<T>,
    /// What was merged, in order.
    pub columns: Vec<Merged>,
}

/// One merged variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// Its name.
    pub name: String,
    /// Whether it is an event, which a cut leaves with the last piece.
    pub is_event: bool,
    /// The value of every interval.
    pub values: Vec<f64>,
}

/// An entry in use: where it stands among the intervals.
#[derive(Clone, Copy)]
struct Placed<T> {
    person: u32,
    time: T,
    value: f64,
    /// The last interval that starts at or before the time.
    before: Option<usize>,
    /// The first interval that stops at or after it.
    after: Option<usize>,
}

impl<T: Moment> Timeline<T> {
    /// A timeline of intervals (start, stop], in order of person and time and without overlap (the caller has checked it).
    pub fn new(person: Vec<u32>, start: Vec<T>, stop: Vec<T>) -> Timeline<T> {
        debug_assert!(person.is_sorted(), "intervals are in the order of persons");
        Timeline { person, start, stop, columns: Vec::new() }
    }

    /// Merges a list of entries as variable `name`; a name that is there already is updated.
    pub fn merge(&mut self, name: &str, role: Role, entries: &[Entry<T>], rules: &Rules<T>) -> Placement {
        let mut placement = Placement::default();
        let mut used = self.used(role, entries, rules, &mut placement);
        self.place(&mut used);
        placement.count(self, &used);
        self.cut(&used);
        self.place(&mut used);
        let column = self.column(name, role);
        match role {
            Role::Covariate { .. } => self.sweep(column, &used, |_, value| value),
            Role::Cumulative { .. } => {
                self.sweep(column, &running_sums(&used), |old, sum| if old.is_nan() { sum } else { old + sum });
            }
            Role::Event => self.mark(column, &used),
            Role::CumulativeEvent => {
                let sums = running_sums(&used);
                self.mark(column, sums.iter().zip(&used).filter(|(_, e)| e.value != 0.0).map(|(sum, _)| sum));
            }
        }
        placement
    }

    /// The entries that count, by person and time; entries of one time keep their order.
    fn used(&self, role: Role, entries: &[Entry<T>], rules: &Rules<T>, count: &mut Placement) -> Vec<Placed<T>> {
        let delayed = matches!(role, Role::Covariate { .. } | Role::Cumulative { .. });
        let mut used = Vec::with_capacity(entries.len());
        for entry in entries {
            let range = entry.person.map_or(0..0, |p| self.intervals_of(p));
            let (Some(person), Some(time)) = (entry.person.filter(|_| !range.is_empty()), entry.time) else {
                let nobody = range.is_empty();
                *(if nobody { &mut count.unknown_person } else { &mut count.missing }) += 1;
                continue;
            };
            if rules.drop_missing && entry.value.is_nan() {
                count.missing += 1;
                continue;
            }
            let late_enough = delayed && time > self.start[range.start];
            let time = if late_enough { time + rules.delay } else { time };
            used.push(Placed { person, time, value: entry.value, before: None, after: None });
        }
        used.sort_by(|a, b| a.person.cmp(&b.person).then(order(a.time, b.time)));
        used
    }

    fn intervals_of(&self, person: u32) -> Range<usize> {
        let first = self.person.partition_point(|p| *p < person);
        first..first + self.person[first..].partition_point(|p| *p == person)
    }

    /// Finds the intervals beside every entry.
    fn place(&self, used: &mut [Placed<T>]) {
        for entry in used {
            let range = self.intervals_of(entry.person);
            let started = self.start[range.clone()].partition_point(|s| *s <= entry.time);
            let stopped = self.stop[range.clone()].partition_point(|s| *s < entry.time);
            entry.before = (started > 0).then(|| range.start + started - 1);
            entry.after = (range.start + stopped < range.end).then_some(range.start + stopped);
        }
    }

    /// Cuts every interval at the entries strictly inside it.
    fn cut(&mut self, used: &[Placed<T>]) {
        let mut cuts: Vec<(usize, T)> =
            used.iter().filter(|e| fall(self, e) == Fall::Within).filter_map(|e| Some((e.before?, e.time))).collect();
        cuts.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
        let mut old = Vec::with_capacity(self.person.len() + cuts.len());
        let (mut start, mut stop) = (Vec::with_capacity(old.capacity()), Vec::with_capacity(old.capacity()));
        let mut cuts = cuts.into_iter().peekable();
        for i in 0..self.person.len() {
            let mut from = self.start[i];
            while let Some((_, time)) = cuts.next_if(|(interval, _)| *interval == i) {
                old.push((i, false));
                start.push(from);
                stop.push(time);
                from = time;
            }
            old.push((i, true));
            start.push(from);
            stop.push(self.stop[i]);
        }
        self.person = old.iter().map(|(i, _)| self.person[*i]).collect();
        (self.start, self.stop) = (start, stop);
        for column in &mut self.columns {
            let value =
                |(i, is_last): &(usize, bool)| if column.is_event && !is_last { 0.0 } else { column.values[*i] };
            column.values = old.iter().map(value).collect();
        }
    }

    /// The index of a column, made where it is not there yet.
    fn column(&mut self, name: &str, role: Role) -> usize {
        let is_event = matches!(role, Role::Event | Role::CumulativeEvent);
        let known = self.columns.iter().position(|c| c.name == name && c.is_event == is_event);
        known.unwrap_or_else(|| {
            let before = match role {
                Role::Covariate { before } | Role::Cumulative { before } => before,
                Role::Event | Role::CumulativeEvent => 0.0,
            };
            let values = vec![before; self.person.len()];
            self.columns.push(Merged { name: name.to_string(), is_event, values });
            self.columns.len() - 1
        })
    }

    /// Hands the value of every interval and that of the last entry at or before its start to `change`.
    fn sweep(&mut self, column: usize, used: &[Placed<T>], change: impl Fn(f64, f64) -> f64) {
        let (mut next, mut last) = (0, None);
        for i in 0..self.person.len() {
            let person = self.person[i];
            if i == 0 || self.person[i - 1] != person {
                last = None;
                next += used[next..].partition_point(|e| e.person < person);
            }
            while let Some(entry) = used.get(next).filter(|e| e.person == person && e.time <= self.start[i]) {
                last = Some(entry.value);
                next += 1;
            }
            if let Some(found) = last {
                let value = &mut self.columns[column].values[i];
                *value = change(*value, found);
            }
        }
    }

    /// Puts the values of entries that stand at the end of an interval there.
    fn mark<'e>(&mut self, column: usize, used: impl IntoIterator<Item = &'e Placed<T>>)
    where
        T: 'e,
    {
        for entry in used {
            if let Some(after) = entry.after.filter(|after| self.stop[*after] == entry.time) {
                self.columns[column].values[after] = entry.value;
            }
        }
    }
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fall {
    Early,
    Late,
    Gap,
    Within,
    Boundary,
    Leading,
    Trailing,
}

fn fall<T: Moment>(timeline: &Timeline<T>, entry: &Placed<T>) -> Fall {
    let (Some(before), Some(after)) = (entry.before, entry.after) else {
        return if entry.before.is_none() { Fall::Early } else { Fall::Late };
    };
    match () {
        () if after > before => Fall::Gap,
        () if before == after + 1 => Fall::Boundary,
        () if entry.time == timeline.start[before] => Fall::Leading,
        () if entry.time == timeline.stop[after] => Fall::Trailing,
        () => Fall::Within,
    }
}

impl Placement {
    fn count<T: Moment>(&mut self, timeline: &Timeline<T>, used: &[Placed<T>]) {
        for entry in used {
            *(match fall(timeline, entry) {
                Fall::Early => &mut self.early,
                Fall::Late => &mut self.late,
                Fall::Gap => &mut self.gap,
                Fall::Within => &mut self.within,
                Fall::Boundary => &mut self.boundary,
                Fall::Leading => &mut self.leading,
                Fall::Trailing => &mut self.trailing,
            }) += 1;
        }
        self.tied = used.windows(2).filter(|w| w[0].person == w[1].person && w[0].time == w[1].time).count();
    }
}

/// The entries with the running sum of their person's values.
fn running_sums<T: Moment>(used: &[Placed<T>]) -> Vec<Placed<T>> {
    let mut sum = 0.0;
    let mut person = None;
    let running = |entry: &Placed<T>| {
        sum = if person.replace(entry.person) == Some(entry.person) { sum + entry.value } else { entry.value };
        Placed { value: sum, ..*entry }
    };
    used.iter().map(running).collect()
}

fn order<T: PartialOrd>(a: T, b: T) -> std::cmp::Ordering {
    a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(list: &[(u32, i32, f64)]) -> Vec<Entry<i32>> {
        list.iter().map(|(p, t, v)| Entry { person: Some(*p), time: Some(*t), value: *v }).collect()
    }

    const RULES: Rules<i32> = Rules { delay: 0, drop_missing: true };

    // b <- data.frame(id = 1:2, t = 10); e <- data.frame(id = c(1,1,1,2,1,2), d = c(2,5,5,-1,12,10), v = 2^(0:5));
    // tmerge(tmerge(b, b, id, tstop = t), e, id, n = …(d, v)) in survival 3.5-3.
    #[test]
    fn every_role_is_that_of_tmerge() {
        let list = entries(&[(0, 2, 1.0), (0, 5, 2.0), (0, 5, 4.0), (1, -1, 8.0), (0, 12, 16.0), (1, 10, 32.0)]);
        for (role, r) in [
            (Role::Covariate { before: -1.0 }, [-1.0, 1.0, 4.0, 8.0]),
            (Role::Cumulative { before: 100.0 }, [100.0, 101.0, 107.0, 108.0]),
            (Role::Event, [1.0, 4.0, 0.0, 32.0]),
            (Role::CumulativeEvent, [1.0, 7.0, 0.0, 40.0]),
        ] {
            let mut timeline = Timeline::new(vec![0, 1], vec![0, 0], vec![10, 10]);
            let placement = timeline.merge("n", role, &list, &RULES);
            assert_eq!(timeline.stop, [2, 5, 10, 10]);
            assert_eq!(timeline.columns[0].values, r, "{role:?}");
            let expected = Placement { early: 1, late: 1, within: 3, trailing: 1, tied: 1, ..Placement::default() };
            assert_eq!(placement, expected);
        }
    }

    // … and then n = cumtdc(d, v) of d = c(3, 7), v = c(1000, 2000) for person 1: counts go on from what is there.
    #[test]
    fn a_second_list_goes_on_from_the_first() {
        let mut timeline = Timeline::new(vec![0], vec![0], vec![10]);
        let role = Role::Cumulative { before: 100.0 };
        timeline.merge("n", role, &entries(&[(0, 2, 1.0), (0, 5, 6.0)]), &RULES);
        timeline.merge("n", role, &entries(&[(0, 7, 2000.0), (0, 3, 1000.0)]), &RULES);
        assert_eq!(timeline.start, [0, 2, 3, 5, 7]);
        assert_eq!(timeline.columns[0].values, [100.0, 101.0, 1101.0, 1107.0, 3107.0]);
    }

    #[test]
    fn gaps_strangers_and_missing_values_are_counted() {
        let mut timeline = Timeline::new(vec![0, 0], vec![0, 6], vec![4, 9]);
        let mut list = entries(&[(0, 5, 1.0), (0, 6, f64::NAN), (7, 1, 1.0)]);
        list.push(Entry { person: Some(0), time: None, value: 1.0 });
        let placement = timeline.merge("x", Role::Covariate { before: 0.0 }, &list, &RULES);
        assert_eq!(placement, Placement { gap: 1, unknown_person: 1, missing: 2, ..Placement::default() });
        assert_eq!(timeline.columns[0].values, [0.0, 1.0]);
        let keep = Rules { drop_missing: false, ..RULES };
        let placement = timeline.merge("x", Role::Covariate { before: 0.0 }, &list, &keep);
        assert_eq!((placement.leading, placement.missing), (1, 1));
        assert!(timeline.columns[0].values[1].is_nan());
    }

    #[test]
    fn events_of_a_cut_interval_stay_with_its_last_piece() {
        let mut timeline = Timeline::new(vec![0], vec![0], vec![9]);
        timeline.merge("death", Role::Event, &entries(&[(0, 9, 1.0)]), &RULES);
        timeline.merge("x", Role::Covariate { before: 0.0 }, &entries(&[(0, 4, 3.0)]), &Rules { delay: 2, ..RULES });
        assert_eq!(timeline.stop, [6, 9]);
        assert_eq!(timeline.columns[0].values, [0.0, 1.0]);
        assert_eq!(timeline.columns[1].values, [0.0, 3.0]);
    }
}
