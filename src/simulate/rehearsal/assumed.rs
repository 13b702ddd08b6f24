//! What a study does not determine and the simulation had to decide: each decision is said once.

use super::calendar::Calendar;
use super::clocks::clock;
use super::columns::{Draw, Slot};
use super::plan::{ExtractPlan, Shape};
use crate::loader::extracts_not_read;
use crate::study::{ColumnKind, ColumnRef, FollowUpEvent, Study};
use std::sync::Arc;

/// The decisions, in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub(super) struct Assumed {
    lines: Vec<String>,
}

impl Assumed {
    /// Notes a decision about a part of the study.
    pub(super) fn note(&mut self, part: &str, what: impl AsRef<str>) {
        let line = format!("{part}: {}", what.as_ref());
        if !self.lines.contains(&line) {
            self.lines.push(line);
        }
    }

    /// All of them.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }
}

/// What stands in columns that the study says little of.
pub(super) fn note_columns(study: &Study, plans: &[ExtractPlan], calendar: &Calendar, assumed: &mut Assumed) {
    assumed.note("hazards", HAZARDS);
    assumed.note("shares", SHARES);
    for plan in plans {
        for (at, slot) in plan.slots.iter().enumerate() {
            let part = format!("{}.{}", plan.extract.name, slot.spec.name);
            let noted = match &slot.draw {
                Draw::Code(codes, _) => noted_codes(&slot.spec.kind, codes),
                Draw::Whole(..) if plan.shape == (Shape::Yearly { year: at }) => None,
                Draw::Whole(low, high) => Some(format!("lies between {low} and {high}")),
                Draw::Number(low, high) => Some(format!("lies between {low} and {high}")),
                Draw::Date => noted_birth(study, plan, calendar, slot),
            };
            noted.into_iter().for_each(|what| assumed.note(&part, what));
        }
    }
}

const HAZARDS: &str = "by the end of follow-up a third has the event and one in seventeen each exit; code columns of the \
                       population with 2 to 12 values change the hazard of the event by factors of 0.78, 1 and 1.28 in the \
                       order of their values, nothing else does";
const SHARES: &str = "95 of 100 persons have an index event (fewer where comparison persons are drawn); a step takes out about \
                      7 of 100; 3 of 100 values are missing where the study can do without them";

/// The codes of a column whose levels the study does not declare.
fn noted_codes(kind: &ColumnKind, codes: &[Arc<str>]) -> Option<String> {
    if matches!(kind, ColumnKind::Code(c) | ColumnKind::Codes { code: c, .. } if c.levels.is_some()) {
        return None;
    }
    let shown: Vec<&str> = codes.iter().take(6).map(|c| &**c).collect();
    let more = if codes.len() > 6 { format!(" and {} more", codes.len() - 6) } else { String::new() };
    Some(format!("holds {}{more}, all levels as likely where no condition says otherwise", shown.join(", ")))
}

/// The ages at entry, where a column of the population is taken for the date of birth.
fn noted_birth(study: &Study, plan: &ExtractPlan, calendar: &Calendar, slot: &Slot) -> Option<String> {
    let column = ColumnRef { extract: plan.extract.name.clone(), column: slot.spec.name.clone() };
    let clock = clock(study, calendar, &column);
    let years = |days: f64| (days / 365.25).round();
    let (low, high) = (years(clock.asked.0), years(clock.asked.1));
    (clock.is_birth && plan.shape == Shape::Population)
        .then(|| format!("is a date of birth; ages at entry are mostly {low} to {high}"))
}

/// How many rows persons have, and on which days.
pub(super) fn note_rows(study: &Study, plans: &[ExtractPlan], assumed: &mut Assumed) {
    assumed.note("days", DAYS);
    if matches!(study.follow_up.event, FollowUpEvent::Rows { .. }) {
        assumed.note("events", EVENTS);
    }
    assumed.note("files", FILES);
    assumed.note("keys", KEYS);
    for name in extracts_not_read(study) {
        assumed.note(name, "no rule of the study reads it: no faults are planted in it");
    }
    for plan in plans {
        let what = match plan.shape {
            Shape::Population => continue,
            Shape::OneEach => ONE_EACH,
            Shape::Spells { .. } => SPELLS,
            Shape::Changes { .. } => CHANGES,
            Shape::Yearly { .. } => YEARLY,
            Shape::Events { .. } => ROWS,
            Shape::Plain => "holds one row of each person",
        };
        assumed.note(&plan.extract.name, what);
    }
    if study.cohort.matching.is_some() {
        assumed.note("cohort.matching", MATCHING);
    }
}

const DAYS: &str = "index events fall on even days and all that ends follow-up on odd ones, none of it on the 1st, the 15th or after \
                    the 27th of a month: nothing ends on the day of entry, and the first event or exit comes two days after entry \
                    (35 where a date is known by month) or later";
const EVENTS: &str = "3 of 10 persons with the event have a second one within 200 days; 4 of 10 with an index event have another one, \
                      10 to 400 days after the first or before the last; 4 of 100 have one in the wash-out";
const FILES: &str = "the last * or ? of a pattern stands for years; a row goes into the file of its year, and names of a column that has \
                     several change in the middle of a family; where a mark of missing is declared, every other missing cell has it";
const KEYS: &str = "every spelling numbers the persons in an order of its own; every key is found in its linkage file; where persons may \
                    have several rows there, one in twenty has two keys";
const ONE_EACH: &str = "holds a row of 97 of 100 persons, of all where the study needs it, or of those with a date to tell; a yearly \
                        value is that of the year before in 9 of 10 years";
const SPELLS: &str = "spells follow each other; 93 of 100 persons have one from before the windows of all steps; those with values change up \
                      to three times, of the others one in ten has a second spell, after 60 to 300 days out where that is long before \
                      the index date";
const CHANGES: &str = "changes come every 35 to 2500 days, or twice within a look-back; 4 of 100 persons have none where the study can do \
                       without";
const YEARLY: &str = "92 of 100 years have a row, all where the study needs it";
const ROWS: &str = "beside the rows that rules look for a person has up to two for other reasons; a measurement is repeated twice within \
                    its look-back, or every 200 days, and 8 of 100 persons have none where the study can do without; rows that are counted \
                    come at random, about one for each look-back and person";
const MATCHING: &str =
    "of 100 persons 100 / (ratio + 3) have an index event, so that most find their comparison persons";
