//! How long before the index date a date lies: what covariates count from it, and what steps ask of them.

use super::calendar::Calendar;
use super::literals::{Bounds, Literals};
use super::plan::person_conditions;
use super::readers::{class_bounds, edges, needs_value, runs};
use crate::simulate::random::Draws;
use crate::study::{ColumnRef, Condition, Covariate, DateOf, Source, StepKind, Study, TimeScale};

/// Days in a year of age.
const YEAR: f64 = 365.25;

/// Days between a date and the index date.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clock {
    /// What must hold: classes that a covariate has.
    pub(super) low: f64,
    pub(super) high: f64,
    /// What steps of the cohort ask for, within it.
    pub(super) asked: (f64, f64),
    /// Ends of the classes of covariates, ascending.
    pub(super) edges: Vec<f64>,
    /// Whether the date may lie ahead: a covariate that changes counts from it once it comes.
    pub(super) ahead: bool,
    /// Whether a missing date stops the study, or takes the person out.
    pub(super) always: bool,
    /// Whether anything counts from the date.
    pub(super) counted: bool,
    /// Whether it is taken for a date of birth.
    pub(super) is_birth: bool,
}

/// What counts from a date column.
pub(super) fn clock(study: &Study, calendar: &Calendar, column: &ColumnRef) -> Clock {
    let mut clock = Clock {
        low: 0.0,
        high: f64::INFINITY,
        asked: (0.0, f64::INFINITY),
        edges: Vec::new(),
        ahead: false,
        always: false,
        counted: false,
        is_birth: false,
    };
    let mut conditions = Literals::default();
    person_conditions(study).into_iter().for_each(|sql| conditions.extend(Literals::of(&sql.text, &sql.names)));
    let mut marks: f64 = 0.0;
    let mut soft = Bounds::default();
    for covariate in study.covariates.values() {
        if matches!(&covariate.source, Source::YearOf(DateOf::Person(c)) if c == column) {
            clock.always |= needs_value(study, covariate);
        }
        let Some(unit) = counts_from(covariate, column) else { continue };
        clock.counted = true;
        clock.always |= needs_value(study, covariate);
        let classes = class_bounds(study, covariate);
        let later = if runs(covariate) { calendar.years_of_follow_up() * YEAR + 1.0 } else { 0.0 };
        clock.ahead |= runs(covariate);
        clock.edges.extend(edges(study, covariate).iter().map(|e| e * unit));
        clock.low = clock.low.max(classes.low * unit);
        clock.high = clock.high.min(classes.high * unit - later);
        let named = conditions.numbers.get(&covariate.name).into_iter().flatten();
        marks = edges(study, covariate).iter().chain(named).fold(marks, |m, e| m.max(e * unit));
        let asked = step_bounds(study, &covariate.name);
        soft = soft.and(Bounds { low: asked.low * unit, high: asked.high * unit });
    }
    let age = study.cohort.index.age.as_ref().filter(|age| age.birth == *column);
    if let Some(age) = age {
        let high = age.to.map_or(f64::INFINITY, |to| f64::from(to + 1) * YEAR);
        soft = soft.and(Bounds { low: f64::from(age.from.unwrap_or(0)) * YEAR, high });
    }
    let origin = matches!(&study.follow_up.scale, TimeScale::Age { birth } if birth == column);
    clock.is_birth = age.is_some() || origin || named_birth(study, column);
    clock.always |= age.is_some() || origin;
    clock.counted |= age.is_some() || origin;
    let (low, most) = if clock.is_birth { (18.0 * YEAR, 90.0 * YEAR) } else { (0.0, (marks * 1.5).max(10.0 * YEAR)) };
    clock.high = if clock.high.is_finite() { clock.high } else { most.max(clock.low + YEAR) };
    clock.low = clock.low.max(if clock.low == 0.0 { low.min(clock.high / 2.0) } else { 0.0 });
    clock.ahead &= !clock.always && !clock.is_birth;
    clock.edges.push(clock.high);
    clock.edges.retain(|e| (clock.low..=clock.high).contains(e));
    clock.edges.sort_by(f64::total_cmp);
    clock.edges.dedup();
    clock.asked = (soft.low.clamp(clock.low, clock.high), soft.high.clamp(clock.low, clock.high));
    clock
}

/// Days of the unit in which a covariate counts from a column.
fn counts_from(covariate: &Covariate, column: &ColumnRef) -> Option<f64> {
    let (from, unit) = match &covariate.source {
        Source::YearsSince(from) => (from, YEAR),
        Source::DaysSince(from) => (from, 1.0),
        _ => return None,
    };
    match from {
        DateOf::Person(c) | DateOf::Row { column: c, .. } if c == column => Some(unit),
        _ => None,
    }
}

/// What the steps of the cohort ask of a covariate.
pub(super) fn step_bounds(study: &Study, name: &str) -> Bounds {
    let mut bounds = Bounds::default();
    for step in study.cohort.steps.iter().filter(|s| s.kind == StepKind::Include) {
        if let Condition::Sql(sql) = &step.condition
            && let Some(asked) = Literals::of(&sql.text, &sql.names).bounds.get(name)
        {
            bounds = bounds.and(*asked);
        }
    }
    bounds
}

/// Whether the names of a column say that it is a date of birth.
fn named_birth(study: &Study, column: &ColumnRef) -> bool {
    const WORDS: [&str; 9] = ["birth", "born", "foed", "f\u{f8}d", "fod", "dob", "fdato", "syntym", "naiss"];
    let name = column.column.to_lowercase();
    let file = match &study.column(column).source {
        crate::study::ColumnSource::One(names) => names.join(" ").to_lowercase(),
        crate::study::ColumnSource::Yearly { .. } => String::new(),
    };
    WORDS.iter().any(|word| name.contains(word) || file.contains(word))
}

impl Clock {
    /// Days before the index date: mostly as steps ask, now and then beyond, never where no class is; half of them any class
    /// alike. Of dates that may lie ahead, some do.
    pub(super) fn days(&self, draws: &mut Draws) -> i32 {
        if self.ahead && draws.below(4) == 0 {
            return -draws.between(1, 400);
        }
        let free = self.asked == (self.low, self.high);
        if free && self.edges.len() > 2 && draws.below(2) == 0 {
            let class = draws.below(self.edges.len() as u32 - 1) as usize;
            let (low, high) = (self.edges[class].ceil() as i32, self.edges[class + 1].ceil() as i32 - 1);
            return draws.between(low + i32::from(high > low), high);
        }
        let beyond = draws.below(100) < 7;
        let (low, high) = if beyond { (self.low, self.high) } else { self.asked };
        let high = high.min(if beyond { self.asked.1 + 10.0 * YEAR } else { f64::INFINITY }).max(low + 2.0);
        (low + 1.0 + (high - low - 2.0).max(0.0) * draws.unit()).floor() as i32
    }
}
