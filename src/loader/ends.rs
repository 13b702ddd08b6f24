//! The days on which follow-up of a person begins and ends: entry, event, exits, maximum.
//!
//! Entry is the index date, or a later day where the study says so; then whoever is gone by that day never came under
//! observation, which is no fault of the data. Of an event and an exit on one day the event comes first, unless the study
//! says that the exit does. The maximum counts from the index date, and its last day belongs to follow-up.

use super::follow_up::{event_request, first_of_month};
use super::people::{Kept, People};
use super::rows::Rows;
use super::spells::SpellRows;
use super::{Check, CheckOf, Note};
use crate::day::Day;
use crate::study::{
    AtEntry, EntryDay, EventBetween, EventRows, Exit, ExitSource, FollowUpEvent, SameDay, SameMonth, Study, WhenExposed,
};
use crate::table::MISSING_WHOLE;
use rayon::prelude::*;

/// What follow-up of one person comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Exit day, and the reason: 0 is the event, then the exits in order, then the maximum.
    Exit(i32, usize),
    /// No end at all: neither an exit nor a maximum.
    Endless,
    EventAtEntry,
    SameMonth,
    EventBeforeEntry,
    /// The event came between the index date and a late entry.
    EventBetween,
    /// Follow-up would have ended before a late entry, or on that day.
    LeftBetween,
    ExitBeforeEntry,
    ExitAtEntry,
}

/// Why a comparison person leaves who becomes exposed.
const OWN_EVENT: &str = "own index event of a comparison person";

/// Whether comparison persons leave when they become exposed.
fn leaves_when_exposed(study: &Study) -> bool {
    study.cohort.matching.as_ref().is_some_and(|m| m.when_exposed == WhenExposed::Exit)
}

/// The days of entry, by position: the index date, or the latest of it and the days of a late entry.
pub(super) fn entry_days(people: &People) -> Vec<i32> {
    let mut entry: Vec<i32> = people.index.iter().map(|d| d.0).collect();
    let Some(late) = &people.study.follow_up.late_entry else { return entry };
    for rule in &late.days {
        match rule {
            EntryDay::AfterIndex(after) => {
                entry
                    .iter_mut()
                    .zip(&people.index)
                    .for_each(|(entry, index)| *entry = after.from(*index).0.max(*entry));
            }
            EntryDay::Day(day) => entry.iter_mut().for_each(|entry| *entry = day.0.max(*entry)),
            EntryDay::Date(column) => {
                let dates = people.dates(column);
                entry.iter_mut().zip(dates).for_each(|(entry, day)| *entry = day.map_or(*entry, |d| d.0.max(*entry)));
            }
        }
    }
    entry
}

/// The dates that end follow-up.
pub(super) struct Ends<'a> {
    people: &'a People<'a>,
    entry: Vec<i32>,
    event_rows: Option<&'a Rows>,
    event_dates: Vec<Option<Day>>,
    exits: Vec<ExitDays<'a>>,
}

/// One exit, and what an event on its day means.
struct ExitDays<'a> {
    days: Days<'a>,
    same_day: SameDay,
}

enum Days<'a> {
    Dates(Vec<Option<Day>>),
    Day(Day),
    Spells(SpellRows<'a>),
    Rows(&'a Rows),
}

/// The event of a person, as the rules about entry see it.
enum EventDay {
    None,
    On(i32),
    /// Between the index date and a late entry.
    Between(i32),
    Fault(Outcome),
}

/// The end that comes first, and the first of those that an event does not come before on the same day.
#[derive(Clone, Copy)]
struct FirstExit {
    day: i32,
    reason: usize,
    same_day: SameDay,
}

impl<'a> Ends<'a> {
    pub(super) fn new(people: &'a People<'a>, kept: &'a Kept) -> Ends<'a> {
        let study = people.study;
        let rows = |rows: &EventRows| kept.rows(&rows.extract, &event_request(study, rows));
        let (event_rows, event_dates) = match &study.follow_up.event {
            FollowUpEvent::Rows { rows: r, .. } => (Some(rows(r)), Vec::new()),
            FollowUpEvent::Date { column, .. } => (None, people.dates(column)),
        };
        let exit_days = |exit: &Exit| {
            let days = match &exit.source {
                ExitSource::Date(column) => Days::Dates(people.dates(column)),
                ExitSource::Day(day) => Days::Day(*day),
                ExitSource::SpellEnd(spells) => Days::Spells(SpellRows::new(kept, spells)),
                ExitSource::Rows(r) => Days::Rows(rows(r)),
            };
            ExitDays { days, same_day: exit.event_at_exit }
        };
        let mut exits: Vec<ExitDays> = study.follow_up.exits.iter().map(exit_days).collect();
        if let Some(matched) = people.matched.as_ref().filter(|_| leaves_when_exposed(study)) {
            let same_day = study.follow_up.event_at_exit.unwrap_or_default();
            exits.push(ExitDays { days: Days::Dates(matched.own_event.clone()), same_day });
        }
        Ends { people, entry: entry_days(people), event_rows, event_dates, exits }
    }

    /// The reasons for follow-up to end: the event, the exits, and the maximum where there is one.
    pub(super) fn labels(&self) -> Vec<String> {
        let rules = &self.people.study.follow_up;
        let mut labels = vec![rules.event.label().to_string()];
        labels.extend(rules.exits.iter().map(|e| e.label.clone()));
        labels.extend(leaves_when_exposed(self.people.study).then(|| OWN_EVENT.to_string()));
        labels.extend(rules.maximum.map(|m| format!("end of follow-up ({m})")));
        labels
    }

    fn index(&self, position: u32) -> i32 {
        self.people.index[position as usize].0
    }

    /// The day of entry of the person at a position.
    pub(super) fn entry(&self, position: u32) -> i32 {
        self.entry[position as usize]
    }

    /// The sorted days of a person's event rows, or the one date; no missing days.
    fn event_days(&self, position: u32) -> Vec<i32> {
        match self.event_rows {
            Some(rows) => rows.columns[0].days()[rows.of(self.people.numbers[position as usize])].to_vec(),
            None => self.event_dates[position as usize].iter().map(|d| d.0).collect(),
        }
    }

    /// The day of the event, by the rules about the month and the day of entry, and the time before it.
    fn event_day(&self, position: u32) -> EventDay {
        let rules = &self.people.study.follow_up;
        let (index, entry) = (self.index(position), self.entry(position));
        let days = self.event_days(position);
        let month = |day: i32| {
            let (year, month, _) = Day(day).ymd();
            (year, month)
        };
        let in_month = |of: i32| days.iter().copied().find(|&day| month(day) == month(of));
        let between = |day: i32| match rules.late_entry.as_ref().map(|late| late.event_between) {
            Some(EventBetween::Exclude | EventBetween::Error) => Some(EventDay::Between(day)),
            Some(EventBetween::LaterEvent) | None => None,
        };
        if let Some(rule) = rules.same_month {
            // An event in the month of the index date, with entry in a later one, came between them.
            let of_index = in_month(index).filter(|_| month(index) < month(entry));
            if let Some(found) = of_index.and_then(|day| between(day.max(index))) {
                return found;
            }
            if let Some(first) = in_month(entry) {
                return match rule {
                    SameMonth::EventAfterEntry => EventDay::On(first.max(entry + 1)),
                    SameMonth::Exclude | SameMonth::Error => EventDay::Fault(Outcome::SameMonth),
                };
            }
        }
        let comes_once = self.event_rows.is_none();
        if comes_once && days.first().is_some_and(|&day| day < index) {
            return EventDay::Fault(Outcome::EventBeforeEntry);
        }
        let in_between = days.iter().copied().find(|&day| day >= index).filter(|&day| day < entry);
        if let Some(found) = in_between.and_then(between) {
            return found;
        }
        if days.binary_search(&entry).is_ok() {
            match rules.event_at_entry {
                AtEntry::Exclude | AtEntry::Error => return EventDay::Fault(Outcome::EventAtEntry),
                AtEntry::NextDay => return EventDay::On(entry + 1),
                AtEntry::LaterEvent => {}
            }
        }
        days.iter().copied().find(|&day| day > entry).map_or(EventDay::None, EventDay::On)
    }

    /// The day of an exit; `None` when it never comes, and the first of all days when a person is in no spell.
    fn exit_day(&self, exit: &ExitDays, position: u32) -> Option<i32> {
        let person = self.people.numbers[position as usize];
        match &exit.days {
            Days::Dates(dates) => dates[position as usize].map(|d| d.0),
            Days::Day(day) => Some(day.0),
            Days::Spells(spells) => {
                let (index, entry) = (self.index(position), self.entry(position));
                match spells.end_of_spell(person, entry) {
                    Some(end) => (end != i32::MAX).then_some(end),
                    // Gone before a late entry, with the spell of the index date if there is one.
                    None if entry > index => spells.end_of_spell(person, index).or(Some(index)),
                    None => Some(i32::MIN),
                }
            }
            Days::Rows(rows) => {
                let index = self.index(position);
                rows.columns[0].days()[rows.of(person)].iter().copied().find(|&d| d != MISSING_WHOLE && d > index)
            }
        }
    }

    /// The exits and the maximum of a person.
    fn exits(&self, position: u32) -> impl Iterator<Item = FirstExit> {
        let maximum = self.people.study.follow_up.maximum.map(|maximum| FirstExit {
            day: maximum.from(Day(self.index(position))).0,
            reason: self.exits.len() + 1,
            same_day: SameDay::EventFirst,
        });
        let exits = self.exits.iter().enumerate().filter_map(move |(i, exit)| {
            let day = self.exit_day(exit, position)?;
            Some(FirstExit { day, reason: i + 1, same_day: exit.same_day })
        });
        exits.chain(maximum)
    }

    /// The first exit; of several on one day the first listed is the reason, and any of them can come before the event.
    fn first_exit(&self, position: u32) -> Option<FirstExit> {
        self.exits(position).reduce(|first, other| match other.day.cmp(&first.day) {
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Equal if other.same_day == SameDay::ExitFirst => {
                FirstExit { same_day: SameDay::ExitFirst, ..first }
            }
            _ => first,
        })
    }

    pub(super) fn outcome(&self, position: u32) -> Outcome {
        let (index, entry) = (self.index(position), self.entry(position));
        let exit = self.first_exit(position);
        let is_late = entry > index;
        let comes_first = |event: i32, exit: FirstExit| {
            event < exit.day || (event == exit.day && exit.same_day == SameDay::EventFirst)
        };
        let gone = exit.filter(|exit| is_late && (index..=entry).contains(&exit.day));
        let event = match (self.event_day(position), gone) {
            (EventDay::Between(day), Some(exit)) if !comes_first(day, exit) => return Outcome::LeftBetween,
            (EventDay::Between(_), _) => return Outcome::EventBetween,
            (EventDay::Fault(outcome), None) => return outcome,
            (EventDay::Fault(outcome @ Outcome::EventBeforeEntry), Some(_)) => return outcome,
            (_, Some(_)) => return Outcome::LeftBetween,
            (EventDay::On(day), None) => Some(day),
            (EventDay::None, None) => None,
        };
        match (event, exit) {
            (None, None) => Outcome::Endless,
            (Some(day), None) => Outcome::Exit(day, 0),
            (_, Some(exit)) if exit.day < entry => Outcome::ExitBeforeEntry,
            (_, Some(exit)) if exit.day == entry => Outcome::ExitAtEntry,
            (Some(day), Some(exit)) if comes_first(day, exit) => Outcome::Exit(day, 0),
            (_, Some(exit)) => Outcome::Exit(exit.day, exit.reason),
        }
    }

    /// What the rules about one day settled: events on the day of an exit, exits on one day.
    pub(super) fn note_ties(&self, alive: &[u32], outcomes: &[Outcome], notes: &mut Vec<Note>) {
        let of_person = |(&position, outcome): (&u32, &Outcome)| {
            let Outcome::Exit(end, reason) = *outcome else { return [0; 3] };
            let exits = self.exits.iter().filter_map(|exit| self.exit_day(exit, position));
            let exits_then = exits.filter(|&day| day == end).count();
            let event_then = self.days_that_count(position).contains(&end);
            [reason == 0 && exits_then > 0, reason > 0 && exits_then > 0 && event_then, reason > 0 && exits_then > 1]
                .map(u64::from)
        };
        let messages = [
            "events on the day of an exit: the event counts",
            "events on the day of an exit: the exit came first, the event does not count",
            "exits for two reasons on one day: the first listed counts",
        ];
        let found = sums(alive.par_iter().zip(outcomes).map(of_person));
        for (message, n) in messages.into_iter().zip(found).filter(|(_, n)| *n > 0) {
            notes.push(Note::new("follow_up", message, n, "persons"));
        }
        self.note_late_entry(alive, outcomes, notes);
    }

    /// Events of the persons followed that lie outside their follow-up, by where they lie.
    pub(super) fn events_outside(&self, alive: &[u32], outcomes: &[Outcome]) -> Vec<Check> {
        let rules = &self.people.study.follow_up;
        let of_person = |(&position, outcome): (&u32, &Outcome)| {
            let Outcome::Exit(end, reason) = *outcome else { return [0; 10] };
            let (index, entry) = (self.index(position), self.entry(position));
            let days = self.days_that_count(position);
            let number = |lies: &dyn Fn(i32) -> bool| days.iter().filter(|day| lies(**day)).count() as u64;
            let found = [
                number(&|day| day < index),
                number(&|day| (index..entry).contains(&day)),
                number(&|day| day == entry),
                number(&|day| day > end && reason > 0),
                number(&|day| day > end && reason == 0),
            ];
            std::array::from_fn(|i| if i < 5 { found[i] } else { u64::from(found[i - 5] > 0) })
        };
        // Rows are kept from the month of the first index date on.
        let first = self.people.study.cohort.index.from.filter(|_| self.event_rows.is_some()).map(first_of_month);
        let history = match first {
            Some(first) => format!("event before the index date, from {first} on (history, no fault)"),
            None => "event before the index date (history, no fault)".to_string(),
        };
        let lines = [
            (true, history),
            (rules.late_entry.is_some(), "event between the index date and entry (does not count)".to_string()),
            (
                rules.event_at_entry == AtEntry::LaterEvent,
                "event on the day of entry (does not count: a later one does)".to_string(),
            ),
            (true, "event after follow-up ended for another reason (does not count)".to_string()),
            (self.event_rows.is_some(), "further event after the one that ended follow-up (no fault)".to_string()),
        ];
        let found = sums(alive.par_iter().zip(outcomes).map(of_person));
        let lines = lines.into_iter().enumerate().filter(|(_, (is_asked, _))| *is_asked);
        let check = |(i, (_, looked_for)): (usize, (bool, String))| Check {
            looked_for,
            of: CheckOf::Events,
            found: found[i],
            persons: found[i + 5],
        };
        lines.map(check).collect()
    }

    /// The days of a person's events as the rules about entry take them: what is moved to the day after entry lies there.
    fn days_that_count(&self, position: u32) -> Vec<i32> {
        let rules = &self.people.study.follow_up;
        let entry = self.entry(position);
        let month = |day: i32| Day(day).ymd().0 * 12 + Day(day).ymd().1 as i32;
        let is_moved = |day: i32| {
            (rules.event_at_entry == AtEntry::NextDay && day == entry)
                || (rules.same_month == Some(SameMonth::EventAfterEntry) && month(day) == month(entry))
        };
        let of = |day: i32| if is_moved(day) { day.max(entry + 1) } else { day };
        let mut days: Vec<i32> = self.event_days(position).into_iter().map(of).collect();
        days.dedup();
        days
    }

    /// How many enter later than the index date, and for whom a date of late entry is not known.
    fn note_late_entry(&self, alive: &[u32], outcomes: &[Outcome], notes: &mut Vec<Note>) {
        let Some(rules) = &self.people.study.follow_up.late_entry else { return };
        let followed = alive.iter().zip(outcomes).filter(|(_, o)| matches!(o, Outcome::Exit(..)));
        let late: Vec<u32> = followed.map(|(&p, _)| p).filter(|&p| self.entry(p) > self.index(p)).collect();
        let days: i64 = late.iter().map(|&p| i64::from(self.entry(p) - self.index(p))).sum();
        notes.push(Note::new("follow_up.entry", "entered later than the index date", late.len() as u64, "persons"));
        let message = "between the index date and entry, not at risk";
        notes.push(Note::new("follow_up.entry", message, days as u64, "days"));
        for rule in &rules.days {
            let EntryDay::Date(column) = rule else { continue };
            let dates = self.people.dates(column);
            let unknown = alive.iter().filter(|&&p| dates[p as usize].is_none()).count() as u64;
            let message = format!("without {}.{}, whose entry it does not delay", column.extract, column.column);
            notes.push(Note::new("follow_up.entry", &message, unknown, "persons"));
        }
    }

    /// Whether a person's event was moved to the day after entry.
    pub(super) fn was_moved(&self, position: u32) -> bool {
        let next = self.entry(position) + 1;
        matches!(self.event_day(position), EventDay::On(day) if day == next)
            && self.event_days(position).binary_search(&next).is_err()
    }
}

/// The sums of what was counted of every person.
fn sums<const N: usize>(of_persons: impl IndexedParallelIterator<Item = [u64; N]>) -> [u64; N] {
    of_persons.reduce(|| [0; N], |sums, of_person| std::array::from_fn(|i| sums[i] + of_person[i]))
}
