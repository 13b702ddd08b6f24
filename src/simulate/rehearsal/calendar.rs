//! When things happen in a study: the days on which persons can enter, how long they are followed, where the data end.

use super::assumed::Assumed;
use super::literals::Bounds;
use super::readers::class_bounds;
use crate::day::Day;
use crate::study::{
    Coverage, DateOf, ExitSource, Extract, FollowUpEvent, IndexSource, Offset, Pick, Source, Study, Washout,
};

/// The days of a study, as whole numbers ([`Day`]).
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    /// First and last day of entry.
    pub(super) index: (i32, i32),
    /// Days between the events that make the last of several an index event.
    pub(super) apart: i32,
    /// The last day on which anything is known.
    pub(super) ends: i32,
    /// Whether nothing ends follow-up but the exits of the persons themselves.
    pub(super) needs_exit: bool,
    maximum: Option<Offset>,
}

/// Years between the first and the last entry where a study does not say.
const YEARS_OF_ENTRY: i32 = 3;
/// Longest follow-up that is simulated where a study has no maximum.
const LONGEST: Offset = Offset { amount: 5, unit: crate::study::OffsetUnit::Years };
/// Days that everybody can be followed at least.
const SHORTEST: i32 = 100;

impl Calendar {
    /// Works out the days; what the study leaves open is assumed and noted.
    pub(super) fn new(study: &Study, assumed: &mut Assumed) -> Calendar {
        let rules = &study.cohort.index;
        let fixed = study.follow_up.exits.iter().filter_map(|exit| match exit.source {
            ExitSource::Day(day) => Some(day.0),
            _ => None,
        });
        let complete = followed(study).filter_map(|extract| until(&extract.coverage));
        let known_end = fixed.chain(complete).min();
        let longest = study.follow_up.maximum.unwrap_or(LONGEST);
        let last = rules.to.map(|d| d.0).unwrap_or_else(|| {
            let end = known_end.unwrap_or(Day::from_ymd(2015, 12, 31).expect("a day").0);
            let back = Offset { amount: -longest.amount, ..longest }.from(Day(end)).0;
            let last = back.max(end - 730);
            assumed.note("cohort.index", format!("has no last day: persons enter until {}", Day(last)));
            last
        });
        let first = rules.from.map(|d| d.0).unwrap_or_else(|| {
            let begins = index_begins(study).unwrap_or(i32::MIN);
            let first = Offset { amount: -YEARS_OF_ENTRY, unit: crate::study::OffsetUnit::Years }.from(Day(last)).0;
            let first = first.max(begins).min(last);
            assumed.note("cohort.index", format!("has no first day: persons enter from {}", Day(first)));
            first
        });
        let (first, last) = within_years(study, first, last);
        let ends = known_end.unwrap_or_else(|| {
            let end = longest.from(Day(last)).0;
            assumed.note("follow_up", format!("the data end on {}", Day(end)));
            end
        });
        let apart = apart(study);
        let first = match study.cohort.index.source {
            IndexSource::Event { pick: Pick::Nth(n), .. } => first + (n as i32 - 1) * apart,
            _ => first,
        };
        let last = last.min(ends - SHORTEST).max(first);
        let endless = |e: &crate::study::Exit| !matches!(e.source, ExitSource::Day(_));
        let needs_exit = study.follow_up.maximum.is_none() && study.follow_up.exits.iter().all(endless);
        Calendar { index: (first, last), apart, ends, needs_exit, maximum: study.follow_up.maximum }
    }

    /// The last day of follow-up of who enters on `index` and has neither event nor exit.
    pub(super) fn horizon(&self, index: i32) -> i32 {
        self.maximum.map_or(self.ends, |m| m.from(Day(index)).0.min(self.ends)).max(index + 1)
    }

    /// Years of the longest follow-up, upwards.
    pub(super) fn years_of_follow_up(&self) -> f64 {
        f64::from(self.horizon(self.index.0) - self.index.0) / 365.0
    }
}

/// Days between two index events of a person that both count.
fn apart(study: &Study) -> i32 {
    match study.cohort.index.washout.and_then(Washout::length) {
        Some(length) => length.from(Day(0)).0 + 20,
        None => 9,
    }
}

/// The extracts that follow-up looks at.
fn followed(study: &Study) -> impl Iterator<Item = &Extract> {
    let event = match &study.follow_up.event {
        FollowUpEvent::Rows { rows, .. } => Some(rows.extract.as_str()),
        FollowUpEvent::Date { .. } => None,
    };
    let exits = study.follow_up.exits.iter().filter_map(|exit| match &exit.source {
        ExitSource::Rows(rows) => Some(rows.extract.as_str()),
        ExitSource::SpellEnd(spells) => Some(spells.extract.as_str()),
        ExitSource::Date(_) | ExitSource::Day(_) => None,
    });
    event.into_iter().chain(exits).map(|name| study.extract(name))
}

/// The last day on which an extract has its rows.
pub(super) fn until(coverage: &Coverage) -> Option<i32> {
    coverage.complete_until.map(|d| d.0)
}

/// The first day on which an extract has rows with keys.
pub(super) fn begins(coverage: &Coverage) -> Option<i32> {
    coverage.from.max(coverage.key_complete_from).map(|d| d.0)
}

/// The first day on which the index can be judged: the register has begun, and the wash-out lies in it.
fn index_begins(study: &Study) -> Option<i32> {
    let IndexSource::Event { rows, .. } = &study.cohort.index.source else { return None };
    let day = Day(begins(&study.extract(&rows.extract).coverage)?);
    let length = study.cohort.index.washout.and_then(Washout::length);
    Some(length.map_or(day, |length| length.from(day)).0)
}

/// The window without the years that no class of a covariate of the index year has.
fn within_years(study: &Study, first: i32, last: i32) -> (i32, i32) {
    let mut years = Bounds::default();
    for covariate in study.covariates.values() {
        if let Source::YearOf(DateOf::Index | DateOf::Current) = covariate.source {
            years = years.and(class_bounds(study, covariate));
        }
    }
    let edge = |x: f64, other: i32, of: &dyn Fn(i32) -> Option<Day>| match x.is_finite() {
        true => of(x.ceil() as i32).map_or(other, |d| d.0),
        false => other,
    };
    let low = edge(years.low, first, &|y| Day::from_ymd(y, 1, 1)).max(first);
    let high = edge(years.high, last, &|y| Day::from_ymd(y - 1, 12, 31)).min(last);
    if low <= high { (low, high) } else { (first, last) }
}
