//! Spans of calendar time, and windows around a day.

use super::dates::DAYS;
use crate::day::Day;
use std::fmt;

/// A signed span of calendar time: `-24 months`, `730 days`, `1 year`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// How many.
    pub amount: i32,
    /// Of what.
    pub unit: OffsetUnit,
}

/// Units of an [`Offset`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetUnit {
    /// Days.
    Days,
    /// Calendar months.
    Months,
    /// Calendar years.
    Years,
}

impl Offset {
    /// Reads `-24 months`, `0 days`, `1 year`; `None` for anything else or beyond 1000 years.
    pub fn new(text: &str) -> Option<Offset> {
        let (amount, unit) = text.trim().split_once(' ')?;
        let amount: i32 = amount.parse().ok()?;
        let (unit, most) = match unit.trim() {
            "day" | "days" => (OffsetUnit::Days, 366_000),
            "month" | "months" => (OffsetUnit::Months, 12_000),
            "year" | "years" => (OffsetUnit::Years, 1_000),
            _ => return None,
        };
        (amount.abs() <= most).then_some(Offset { amount, unit })
    }

    /// `day` moved by this span. A day outside the years 1 to 9999 becomes the nearest day within them.
    pub fn from(self, day: Day) -> Day {
        let limit = || Day(if self.amount < 0 { *DAYS.start() } else { *DAYS.end() });
        match self.unit {
            OffsetUnit::Days => Day((day.0 + self.amount).clamp(*DAYS.start(), *DAYS.end())),
            OffsetUnit::Months => day.add_months(self.amount).unwrap_or_else(limit),
            OffsetUnit::Years => day.add_months(12 * self.amount).unwrap_or_else(limit),
        }
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            OffsetUnit::Days => "day",
            OffsetUnit::Months => "month",
            OffsetUnit::Years => "year",
        };
        write!(f, "{} {unit}{}", self.amount, if self.amount.abs() == 1 { "" } else { "s" })
    }
}

/// Days around the index date, both ends included; the start is never after the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First day.
    pub start: Offset,
    /// Last day.
    pub end: Offset,
}

impl Window {
    /// First and last day of the window around an index date.
    pub fn around(&self, index: Day) -> (Day, Day) {
        (self.start.from(index), self.end.from(index))
    }
}
