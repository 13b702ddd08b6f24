//! Dates as extracts write them, and spans of calendar time.

use crate::day::Day;
use std::fmt;

/// How a date column is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateSpec {
    /// Its written form.
    pub format: DateFormat,
    /// The earliest day that can be true, if declared.
    pub earliest: Option<Day>,
    /// The latest day that can be true, if declared.
    pub latest: Option<Day>,
    /// What to do with a field that is no date of this form, or out of range.
    pub if_invalid: super::extract::IfInvalid,
}

/// The written form of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateFormat {
    /// Year, month and day: `YYYY-MM-DD`, `DD.MM.YYYY`, `YYYYMMDD hh:mm` …
    Day(DatePattern),
    /// Year and month only, with the day that stands for the month.
    Month(DatePattern, PlaceInMonth),
    /// A whole number of days since a declared day.
    DaysSince(Day),
    /// The file's own date type (Parquet).
    Native,
}

impl DateFormat {
    /// Whether the day within the month is not known.
    pub fn is_month_only(&self) -> bool {
        matches!(self, DateFormat::Month(..))
    }
}

/// The day that stands for a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceInMonth {
    /// The first day.
    First,
    /// The 15th.
    Middle,
    /// The last day.
    Last,
}

/// A date pattern: its parts in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    /// Two digits of a time of day, read and dropped.
    Clock,
    Literal(char),
}

/// Why a field is no date. Never carries the field's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateFault {
    /// It does not have the declared form.
    Form,
    /// There is no such day (month 00 or 13, 30 February).
    NoSuchDay,
    /// Before `earliest` or after `latest`.
    OutOfRange,
}

impl DatePattern {
    /// Reads a pattern: `YYYY`, `MM`, `DD`, `hh`, `mm`, `ss` and single characters that stand for themselves.
    /// `None` when year or month is absent, or a part comes twice.
    pub fn new(text: &str) -> Option<DatePattern> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let known = [("YYYY", Part::Year), ("MM", Part::Month), ("DD", Part::Day)]
                .into_iter()
                .chain(["hh", "mm", "ss"].map(|t| (t, Part::Clock)))
                .find(|(token, _)| rest.starts_with(token));
            let (length, part) = known.map_or((c.len_utf8(), Part::Literal(c)), |(token, part)| (token.len(), part));
            if c.is_ascii_alphanumeric() && part == Part::Literal(c) && c != 'T' {
                return None;
            }
            parts.push(part);
            rest = &rest[length..];
        }
        let count = |part| parts.iter().filter(|p| **p == part).count();
        let valid = count(Part::Year) == 1 && count(Part::Month) == 1 && count(Part::Day) <= 1;
        valid.then(|| DatePattern { text: text.to_owned(), parts })
    }

    /// Whether the pattern has a day of the month.
    pub fn has_day(&self) -> bool {
        self.parts.contains(&Part::Day)
    }

    /// Year, month and day (0 when the pattern has none) of a field; `None` when it does not have this form.
    fn read(&self, field: &str) -> Option<(i32, u32, u32)> {
        let (mut year, mut month, mut day) = (0, 0, 0);
        let mut rest = field.as_bytes();
        for part in &self.parts {
            let mut digits = |n: usize| -> Option<u32> {
                let (head, tail) = rest.split_at_checked(n)?;
                rest = tail;
                head.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))
            };
            match part {
                Part::Year => year = digits(4)? as i32,
                Part::Month => month = digits(2)?,
                Part::Day => day = digits(2)?,
                Part::Clock => _ = digits(2)?,
                Part::Literal(c) => rest = rest.strip_prefix(c.encode_utf8(&mut [0; 4]).as_bytes())?,
            }
        }
        rest.is_empty().then_some((year, month, day))
    }
}

impl fmt::Display for DatePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl DateSpec {
    /// The day that a field stands for; the field is neither empty nor another mark of missing. Blanks at its
    /// ends do not matter.
    pub fn day(&self, field: &str) -> Result<Day, DateFault> {
        let field = field.trim();
        let day = match &self.format {
            DateFormat::Day(pattern) => {
                let (year, month, day) = pattern.read(field).ok_or(DateFault::Form)?;
                Day::from_ymd(year, month, day).ok_or(DateFault::NoSuchDay)?
            }
            DateFormat::Month(pattern, place) => {
                let (year, month, _) = pattern.read(field).ok_or(DateFault::Form)?;
                place.day(year, month).ok_or(DateFault::NoSuchDay)?
            }
            DateFormat::DaysSince(reference) => {
                let days: i32 = field.parse().map_err(|_| DateFault::Form)?;
                let day = reference.0.checked_add(days).filter(|d| DAYS.contains(d));
                Day(day.ok_or(DateFault::OutOfRange)?)
            }
            DateFormat::Native => {
                let pattern = DatePattern::new("YYYY-MM-DD").expect("a valid pattern");
                let (year, month, day) = pattern.read(field).ok_or(DateFault::Form)?;
                Day::from_ymd(year, month, day).ok_or(DateFault::NoSuchDay)?
            }
        };
        self.in_range(day).then_some(day).ok_or(DateFault::OutOfRange)
    }

    /// Whether a day lies between `earliest` and `latest`, both included.
    pub fn in_range(&self, day: Day) -> bool {
        self.earliest.is_none_or(|e| day >= e) && self.latest.is_none_or(|l| day <= l)
    }
}

/// The days of the years 1 to 9999.
const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

impl PlaceInMonth {
    /// The day that stands for a month; `None` when there is no such month.
    pub fn day(self, year: i32, month: u32) -> Option<Day> {
        match self {
            PlaceInMonth::First => Day::from_ymd(year, month, 1),
            PlaceInMonth::Middle => Day::from_ymd(year, month, 15),
            PlaceInMonth::Last => Day::last_of_month(year, month),
        }
    }
}

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
