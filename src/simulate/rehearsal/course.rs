//! The course of a person: the day of entry, the row of the population, the event and the exits.
//!
//! ```text
//! P(event by the end of follow-up) = 1 − exp(−0.4 exp(η)),  uniform hazard;  each exit: 1 − exp(−0.06)
//! η = Σ over code columns of the population with 2 to 12 values of 0.25 (place mod 3 − 1)
//! ```
//!
//! so tables are not flat, and what is found is known: the hazard ratio between two values of such a column is exp(±0.25),
//! exp(±0.5) or 1. Nothing else has an effect.

use super::calendar::Calendar;
use super::clocks::{Clock, clock};
use super::columns::{Draw, Value};
use super::plan::ExtractPlan;
use crate::loader::LoadError;
use crate::loader::condition::{self, Compiled, day_column};
use crate::simulate::random::Draws;
use crate::study::{ColumnRef, Condition, ExitSource, FollowUpEvent, IndexSource, StepKind, Study};
use polars::prelude::DataFrame;

/// Cumulative hazard of the event over all of follow-up, and of each exit.
const EVENT: f64 = 0.4;
const EXIT: f64 = 0.06;
/// Log hazard ratio between neighbouring values of a code column.
const EFFECT: f64 = 0.25;
/// A column with more values than this has no effect.
const MOST_LEVELS: usize = 12;

/// What happens to one person.
#[derive(Debug, Clone)]
pub(super) struct Course {
    /// The day of entry, also of those who do not enter.
    pub(super) index: i32,
    /// Whether there is an index event.
    pub(super) enters: bool,
    /// The last day of follow-up without event or exit.
    pub(super) horizon: i32,
    pub(super) event: Option<i32>,
    /// By exit of the study.
    pub(super) exits: Vec<Option<i32>>,
    /// The date of birth, where the population has one.
    pub(super) birth: Option<i32>,
    /// Whether the person is out of the country (in no spell) on the day of entry.
    pub(super) away: bool,
    /// The row of the population.
    pub(super) row: Vec<Value>,
}

impl Course {
    /// The last day on which anything can happen to the person.
    pub(super) fn leaves(&self, study: &Study) -> i32 {
        let of = |(exit, day): (&crate::study::Exit, &Option<i32>)| match exit.source {
            ExitSource::Date(_) | ExitSource::SpellEnd(_) => *day,
            ExitSource::Day(_) | ExitSource::Rows(_) => None,
        };
        let exits = study.follow_up.exits.iter().zip(&self.exits).filter_map(of).min();
        let dies = matches!(study.follow_up.event, FollowUpEvent::Date { .. }).then_some(self.event).flatten();
        exits.into_iter().chain(dies).min().unwrap_or(i32::MAX)
    }
}

/// What a date column of the population is.
#[derive(Debug, Clone)]
enum Role {
    Index,
    Event,
    Exit(usize),
    Counted(Clock),
}

/// Draws courses.
pub(super) struct Courses<'s> {
    study: &'s Study,
    calendar: &'s Calendar,
    plan: &'s ExtractPlan<'s>,
    roles: Vec<(usize, Role)>,
    /// Steps over the columns of the population alone.
    steps: Vec<(Compiled, StepKind)>,
    /// Days to the first event or exit at least.
    first: i32,
    /// The exit that everybody has at last, where nothing else ends follow-up.
    last_exit: Option<usize>,
    /// Of 100 persons, how many have an index event.
    entering: u32,
}

impl<'s> Courses<'s> {
    pub(super) fn new(
        study: &'s Study,
        calendar: &'s Calendar,
        plan: &'s ExtractPlan<'s>,
    ) -> Result<Courses<'s>, LoadError> {
        let mut roles = Vec::new();
        for (at, slot) in plan.slots.iter().enumerate().filter(|(_, s)| matches!(s.draw, Draw::Date)) {
            let column = ColumnRef { extract: plan.extract.name.clone(), column: slot.spec.name.clone() };
            roles.push((at, role(study, calendar, &column)));
        }
        let mut steps = Vec::new();
        for step in &study.cohort.steps {
            let Condition::Sql(sql) = &step.condition else { continue };
            let known = |name: &String| {
                name == "index_date"
                    || (plan.extract.columns.contains_key(name) && !study.covariates.contains_key(name))
            };
            if sql.names.iter().all(known) {
                steps.push((condition::compile(&sql.text, &step.label)?, step.kind));
            }
        }
        let months = plan.slots.iter().any(|s| s.is_month()) || study.follow_up.same_month.is_some();
        let exits = &study.follow_up.exits;
        let last_exit = calendar.needs_exit.then(|| {
            let kind = |wanted: fn(&ExitSource) -> bool| exits.iter().position(|e| wanted(&e.source));
            kind(|s| matches!(s, ExitSource::Date(_)))
                .or_else(|| kind(|s| matches!(s, ExitSource::SpellEnd(_))))
                .or_else(|| kind(|s| matches!(s, ExitSource::Rows(_))))
        });
        let entering = match &study.cohort.matching {
            Some(rules) => (100 / (rules.ratio + 3)).max(2),
            None => 95,
        };
        let first = if months { 35 } else { 2 };
        Ok(Courses { study, calendar, plan, roles, steps, first, last_exit: last_exit.flatten(), entering })
    }

    /// The courses of a chunk of persons, each from a stream of its own.
    pub(super) fn draw(&self, streams: &mut [Draws]) -> Result<Vec<Course>, LoadError> {
        const ROUNDS: usize = 60;
        let mut courses: Vec<Course> = streams.iter_mut().map(|draws| self.one(draws)).collect();
        // Now and then somebody whom a step takes out.
        let lenient: Vec<bool> = streams.iter_mut().map(|draws| draws.below(100) < 5).collect();
        let mut pending: Vec<usize> = (0..courses.len()).collect();
        for _ in 0..ROUNDS {
            let wanted = self.wanted(&courses, &pending, &lenient)?;
            pending = pending.into_iter().zip(wanted).filter(|(_, wanted)| !wanted).map(|(at, _)| at).collect();
            if pending.is_empty() {
                break;
            }
            pending.iter().for_each(|&at| courses[at] = self.one(&mut streams[at]));
        }
        Ok(courses)
    }

    /// Whether each of some courses passes the population's condition and the steps over its columns.
    fn wanted(&self, courses: &[Course], rows: &[usize], lenient: &[bool]) -> Result<Vec<bool>, LoadError> {
        let cells: Vec<&[Value]> = rows.iter().map(|&at| courses[at].row.as_slice()).collect();
        let mut wanted = match &self.plan.condition {
            Some(condition) => super::draft::holds(condition, &self.plan.slots, &cells)?,
            None => vec![true; rows.len()],
        };
        let index: Vec<crate::day::Day> = rows.iter().map(|&at| crate::day::Day(courses[at].index)).collect();
        for (step, kind) in &self.steps {
            let mut columns = super::draft::columns(&step.names, &self.plan.slots, &cells);
            if step.names.iter().any(|n| n == "index_date") {
                columns.push(day_column("index_date", &index));
            }
            let frame = DataFrame::new(rows.len(), columns).expect("columns over the same rows have one length");
            for (i, met) in step.evaluate(&frame)?.iter().enumerate() {
                let stays = (met == Some(true)) == (*kind == StepKind::Include);
                wanted[i] &= stays || lenient[rows[i]];
            }
        }
        Ok(wanted)
    }

    fn one(&self, draws: &mut Draws) -> Course {
        let slots = &self.plan.slots;
        let weight = |at: usize| self.plan.weights[at].as_deref();
        let mut row: Vec<Value> = slots.iter().enumerate().map(|(at, slot)| slot.value(weight(at), draws)).collect();
        let (first, last) = self.calendar.index;
        // Index events fall on even days, what ends follow-up on odd ones.
        let mut index = (draws.between(first, last) & !1).max(first);
        for (at, role) in &self.roles {
            if let Role::Index = role {
                index = slots[*at].as_read(index).clamp(first, last);
            }
        }
        let horizon = self.calendar.horizon(index);
        let eta = self.linear_predictor(&row);
        let event = self.day(index, horizon, EVENT * libm::exp(eta), draws);
        let exits = &self.study.follow_up.exits;
        let mut exits: Vec<Option<i32>> = exits
            .iter()
            .map(|exit| match exit.source {
                ExitSource::Day(_) => None,
                _ => self.day(index, horizon, EXIT, draws),
            })
            .collect();
        if let Some(exit) = self.last_exit {
            exits[exit] = exits[exit].or(Some(horizon));
        }
        let enters = draws.below(100) < self.entering;
        let away = draws.below(100) < 4
            && self.study.cohort.steps.iter().any(|s| matches!(s.condition, Condition::InSpell(_)));
        let mut course = Course { index, enters, horizon, event, exits, birth: None, away, row: Vec::new() };
        for (at, role) in &self.roles {
            row[*at] = self.date(&mut course, *at, role, draws);
        }
        course.row = row;
        course
    }

    /// The cell of a date column.
    fn date(&self, course: &mut Course, at: usize, role: &Role, draws: &mut Draws) -> Value {
        let day = match role {
            // Who has no index event has no index date either, where that is a column.
            Role::Index => (course.enters || self.study.cohort.matching.is_none()).then_some(course.index),
            Role::Event => course.event,
            Role::Exit(exit) => course.exits[*exit],
            Role::Counted(clock) => {
                let absent = !clock.always && draws.below(100) < if clock.counted { 20 } else { 50 };
                let day = course.index - clock.days(draws);
                if clock.is_birth {
                    course.birth = Some(day);
                }
                (!absent).then_some(day)
            }
        };
        let limits = |day: i32| self.plan.slots[at].within_limits(day);
        day.map_or(Value::Missing, |day| Value::Day(limits(day)))
    }

    /// A day after entry at a hazard that is the same on every day, or none by the end.
    fn day(&self, index: i32, horizon: i32, cumulative: f64, draws: &mut Draws) -> Option<i32> {
        let length = f64::from(horizon - index - self.first);
        let time = draws.exponential() / cumulative * length;
        (length > 0.0 && time < length).then(|| clear_of_months((index + self.first + time.floor() as i32) | 1))
    }

    fn linear_predictor(&self, row: &[Value]) -> f64 {
        let mut eta = 0.0;
        for (slot, value) in self.plan.slots.iter().zip(row).filter(|(slot, _)| slot.year.is_none()) {
            if let (Draw::Code(codes, _), Value::Text(code)) = (&slot.draw, value)
                && (2..=MOST_LEVELS).contains(&codes.len())
                && let Some(place) = codes.iter().position(|c| c == code)
            {
                eta += EFFECT * (place % 3) as f64 - EFFECT;
            }
        }
        eta
    }
}

/// The day, or one a few days later, that stands for no month: an index date that is known by month cannot be on it.
fn clear_of_months(mut day: i32) -> i32 {
    while matches!(crate::day::Day(day).ymd().2, 1 | 15 | 28..) {
        day += 2;
    }
    day
}

fn role(study: &Study, calendar: &Calendar, column: &ColumnRef) -> Role {
    if matches!(&study.cohort.index.source, IndexSource::Date(c) if c == column) {
        return Role::Index;
    }
    if matches!(&study.follow_up.event, FollowUpEvent::Date { column: c, .. } if c == column) {
        return Role::Event;
    }
    let exits = &study.follow_up.exits;
    let exit = exits.iter().position(|e| matches!(&e.source, ExitSource::Date(c) if c == column));
    exit.map_or_else(|| Role::Counted(clock(study, calendar, column)), Role::Exit)
}
