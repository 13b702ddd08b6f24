//! The time axis of a report: a study counts days and is read in months or years, a data file has its own unit.

use super::axis::{self, Kind, Scale};
use super::words::fill;
use super::{FigureStyle, svg};
use crate::report::Report;

/// Days of a year and of a month, on average.
const YEAR: f64 = 365.25;
const MONTH: f64 = YEAR / 12.0;

/// What a time axis is written in.
pub(super) struct TimeAxis {
    /// Title of the axis.
    pub title: String,
    /// How many units of the data one unit of the axis is.
    pub unit: f64,
    /// What the axis shows at time 0.
    pub origin: f64,
}

/// The time axis of curves that end at `last`, in the unit of the data.
pub(super) fn axis(report: &Report, last: f64, style: &FigureStyle) -> TimeAxis {
    let words = style.words();
    let scale = report.follow_up.as_ref().map(|f| f.scale.as_str());
    let (title, unit) = match scale {
        None => (words.time, 1.0),
        Some("age") => (words.age, YEAR),
        Some("calendar") => (words.calendar, YEAR),
        Some(_) if last <= 120.0 => (words.days, 1.0),
        Some(_) if last <= 3.05 * YEAR => (words.months, MONTH),
        Some(_) => (words.years, YEAR),
    };
    // Calendar days count from the beginning of 1970.
    let origin = if scale == Some("calendar") { 1970.0 } else { 0.0 };
    TimeAxis { title: title.to_string(), unit, origin }
}

impl TimeAxis {
    /// The place of a time of the data on the axis.
    pub fn at(&self, time: f64) -> f64 {
        time / self.unit + self.origin
    }

    /// The end of an axis that holds `time`: the next whole month or year where it is no more than some days away.
    pub fn end(&self, time: f64) -> f64 {
        let end = self.at(time);
        if self.unit > 1.0 && end.ceil() - end < 0.05 { end.ceil() } else { end }
    }

    /// The time of the data at a place of the axis.
    pub fn time(&self, at: f64) -> f64 {
        (at - self.origin) * self.unit
    }

    /// What a tick says; a calendar year has no mark between its thousands.
    pub fn label(&self, at: f64, style: &FigureStyle) -> String {
        if self.origin > 0.0 { svg::number(at) } else { style.numbers.number(at) }
    }
}

/// One time in words: `day 365` of a study, `time 365` of a data file.
pub(super) fn moment(report: &Report, time: f64, style: &FigureStyle) -> String {
    let words = style.words();
    let scale = report.follow_up.as_ref().map(|f| f.scale.as_str());
    match scale {
        None => fill(words.time_point, &[&style.numbers.number(time)]),
        Some("age") => fill(words.age_point, &[&style.numbers.decimal(time / YEAR, 1)]),
        Some(_) => fill(words.day_point, &[&style.numbers.number(time)]),
    }
}

/// Ticks of a time axis in its own unit: months in threes, sixes and twelves.
pub(super) fn ticks(time: &TimeAxis, scale: &Scale, most: usize, gap: f64, width: &dyn Fn(f64) -> f64) -> Vec<f64> {
    if time.unit != MONTH {
        return axis::ticks(scale, most, gap, width);
    }
    let fits = |ticks: &Vec<f64>| {
        ticks.len() <= most.max(9)
            && ticks.windows(2).all(|t| scale.at(t[1]) - scale.at(t[0]) >= (width(t[0]) + width(t[1])) / 2.0 + gap)
    };
    let candidates = [1.0, 2.0, 3.0, 6.0, 12.0].map(|step| axis::multiples(scale, step));
    candidates.into_iter().find(fits).unwrap_or_default()
}

/// An axis of `kind` from `low` to `high` between two places.
pub(super) fn linear(low: f64, high: f64, from: f64, to: f64) -> Scale {
    Scale { kind: Kind::Linear, low, high, from, to }
}
