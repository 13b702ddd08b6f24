//! Entry later than the index date: time counts from the index date, people are at risk from a later day on.
//!
//! Left truncation: who is gone by the day of entry was never under observation, and is no censored person either. A
//! landmark is the same with one length of time for everybody.

use super::offsets::Offset;
use super::{ColumnRef, Span};
use crate::day::Day;

/// When people come under observation, and what lies between the index date and that day.
#[derive(Debug, Clone)]
pub struct LateEntry {
    /// Where it is written.
    pub span: Span,
    /// Entry is on the latest of these days and the index date; at least one.
    pub days: Vec<EntryDay>,
    /// What an event on or after the index date and before entry means.
    pub event_between: EventBetween,
}

impl LateEntry {
    /// The first day on which somebody can enter, where index dates are from `index_from` on.
    pub fn earliest(&self, index_from: Option<Day>) -> Option<Day> {
        let days = self.days.iter().filter_map(|rule| match rule {
            EntryDay::AfterIndex(after) => index_from.map(|from| after.from(from)),
            EntryDay::Day(day) => Some(*day),
            EntryDay::Date(_) => None,
        });
        days.chain(index_from).max()
    }

    /// The last day on which somebody can enter, where index dates are until `index_to`; `None` where nothing limits it.
    pub fn latest(&self, index_to: Option<Day>) -> Option<Day> {
        let days = self.days.iter().map(|rule| match rule {
            EntryDay::AfterIndex(after) => index_to.map(|to| after.from(to)),
            EntryDay::Day(day) => Some(*day),
            EntryDay::Date(_) => None,
        });
        let days: Option<Vec<Day>> = days.chain([index_to]).collect();
        days?.into_iter().max()
    }
}

/// A day before which nobody enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryDay {
    /// So long after the index date; positive.
    AfterIndex(Offset),
    /// The same day for everybody: the beginning of a register.
    Day(Day),
    /// A date column of the population extract; who has none is not delayed by it.
    Date(ColumnRef),
}

/// What an event between the index date and entry means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventBetween {
    /// The person leaves the study, on an attrition line: the event has happened.
    Exclude,
    /// An error that counts the persons.
    Error,
    /// It is history, and the first event after entry counts. Not for an event that comes once (a date column).
    LaterEvent,
}
