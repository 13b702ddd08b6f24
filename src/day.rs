//! A calendar date as a whole number of days, and the few calendar facts that the other stages need.
//!
//! Days count from 1970-01-01 (day 0) in the proleptic Gregorian calendar, so a difference of two days is an
//! exact whole number and ties are exact. Calendar arithmetic is `jiff`'s.

use jiff::SignedDuration;
use jiff::civil::Date;
use std::fmt;

/// Days in a year where days are shown as years (the convention of register studies).
pub const DAYS_PER_YEAR: f64 = 365.25;

/// A calendar date, counted in days from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day of a calendar date; `None` when there is no such date or the year is outside 1..=9999.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Day> {
        if !(1..=9999).contains(&year) {
            return None;
        }
        let date = Date::new(year as i16, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        Some(Day(days_from_civil(date)))
    }

    /// Year, month (1-12) and day of the month (1-31).
    pub fn ymd(self) -> (i32, u32, u32) {
        let date = self.date();
        (i32::from(date.year()), date.month() as u32, date.day() as u32)
    }

    /// The calendar year.
    pub fn year(self) -> i32 {
        self.ymd().0
    }

    /// The last day of a month; `None` when there is no such month.
    pub fn last_of_month(year: i32, month: u32) -> Option<Day> {
        let first = Day::from_ymd(year, month, 1)?;
        Some(Day(days_from_civil(first.date().last_of_month())))
    }

    /// The same date `months` later (earlier when negative); the last day of the month when that month is shorter.
    /// `None` outside the years 1..=9999.
    pub fn add_months(self, months: i32) -> Option<Day> {
        let span = jiff::Span::new().try_months(months).ok()?;
        self.date().checked_add(span).ok().filter(|d| d.year() >= 1).map(|d| Day(days_from_civil(d)))
    }

    /// Completed years from `birth` to this day (an age in years; negative when `birth` is later).
    /// Somebody born on 29 February completes a year on 1 March of a common year.
    pub fn completed_years_since(self, birth: Day) -> i32 {
        let (year, month, day) = self.ymd();
        let (birth_year, birth_month, birth_day) = birth.ymd();
        year - birth_year - i32::from((month, day) < (birth_month, birth_day))
    }

    /// Years from `since` to this day: completed years plus the elapsed part of the running year (its days over 365
    /// or 366), so that every anniversary is a whole number. Negative when `since` is later.
    pub fn years_since(self, since: Day) -> f64 {
        let completed = self.completed_years_since(since);
        // A 29 February has its anniversary on 1 March of a common year, as completed years count.
        let anniversary = |years: i32| {
            let (year, month, day) = since.ymd();
            Day::from_ymd(year + years, month, day).or_else(|| Day::from_ymd(year + years, month + 1, 1))
        };
        match (anniversary(completed), anniversary(completed + 1)) {
            (Some(last), Some(next)) => f64::from(completed) + f64::from(self.0 - last.0) / f64::from(next.0 - last.0),
            _ => f64::from(self.0 - since.0) / DAYS_PER_YEAR,
        }
    }

    fn date(self) -> Date {
        // The range of `Day` is that of the values made by `from_ymd`; a sum of days may leave it, and then the nearest date
        // stands. Hours rather than a span of days, whose many units take several times as long to add.
        EPOCH.saturating_add(SignedDuration::from_hours(24 * i64::from(self.0)))
    }
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// Days from 1970-01-01 to `date`.
fn days_from_civil(date: Date) -> i32 {
    date.duration_since(EPOCH).as_hours() as i32 / 24
}

impl fmt::Display for Day {
    /// As `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_days_from_1970() {
        assert_eq!(Day::from_ymd(1970, 1, 1), Some(Day(0)));
        assert_eq!(Day::from_ymd(2000, 3, 1), Some(Day(11_017)));
        assert_eq!(Day::from_ymd(1969, 12, 31), Some(Day(-1)));
        assert_eq!(Day::from_ymd(2001, 2, 30), None);
        assert_eq!(Day(11_017).to_string(), "2000-03-01");
    }

    #[test]
    fn every_day_is_the_date_that_gives_it() {
        let (first, last) = (Day::from_ymd(1, 1, 1).unwrap(), Day::from_ymd(9999, 12, 31).unwrap());
        let days = (first.0..=last.0).step_by(89).chain([-1, 0, 1, last.0]);
        for day in days {
            let (year, month, of_month) = Day(day).ymd();
            assert_eq!(Day::from_ymd(year, month, of_month), Some(Day(day)));
        }
        assert_eq!(Day(last.0 + 40_000).ymd(), (9999, 12, 31), "the nearest date");
    }

    #[test]
    fn completes_years_on_the_birthday() {
        let birth = Day::from_ymd(1992, 2, 29).unwrap();
        assert_eq!(Day::from_ymd(2011, 2, 28).unwrap().completed_years_since(birth), 18);
        assert_eq!(Day::from_ymd(2011, 3, 1).unwrap().completed_years_since(birth), 19);
    }

    #[test]
    fn years_are_whole_on_anniversaries() {
        let day = |y, m, d| Day::from_ymd(y, m, d).unwrap();
        assert_eq!(day(2011, 3, 1).years_since(day(1992, 2, 29)), 19.0);
        assert_eq!(day(2012, 2, 29).years_since(day(1992, 2, 29)), 20.0);
        assert_eq!(day(2011, 7, 2).years_since(day(2011, 1, 1)), 182.0 / 365.0);
        assert_eq!(day(2011, 1, 1).years_since(day(2012, 1, 1)), -1.0);
    }

    #[test]
    fn adds_months_to_the_end_of_a_shorter_month() {
        let day = Day::from_ymd(2012, 3, 31).unwrap();
        assert_eq!(day.add_months(-1), Day::from_ymd(2012, 2, 29));
        assert_eq!(Day::last_of_month(2011, 2), Day::from_ymd(2011, 2, 28));
    }
}
