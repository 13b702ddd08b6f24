//! Dates as extracts write them.

use super::date_pattern::DatePattern;
use crate::day::Day;

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
    /// Seconds, or thousandths of them, since the beginning of a declared day; the time of day is dropped.
    ClockSince {
        /// The day.
        reference: Day,
        /// 86,400 for seconds, 86,400,000 for thousandths.
        per_day: u32,
    },
    /// A whole number of months since the month of a declared day, with the day that stands for the month.
    MonthsSince(Day, PlaceInMonth),
    /// The file's own date type (Parquet, Stata, SPSS, SAS).
    Native,
    /// The file's own type for months, with the day that stands for the month.
    NativeMonth(PlaceInMonth),
    /// Several of these, none of which reads a field that another reads differently: files of one family may write
    /// a date in different ways.
    OneOf(Vec<DateFormat>),
}

/// The format of dates that are days since a reference of each person, in a study of relative time.
pub const RELATIVE_DAYS: &str = "relative_days";

impl DateFormat {
    /// Whether the day within the month is not known, or may not be.
    pub fn is_month_only(&self) -> bool {
        match self {
            DateFormat::Month(..) | DateFormat::MonthsSince(..) | DateFormat::NativeMonth(_) => true,
            DateFormat::OneOf(formats) => formats.iter().any(DateFormat::is_month_only),
            _ => false,
        }
    }

    /// The formats that it stands for: itself, or each of several.
    pub fn each(&self) -> &[DateFormat] {
        match self {
            DateFormat::OneOf(formats) => formats,
            one => std::slice::from_ref(one),
        }
    }

    /// What a field looks like, for messages.
    pub fn shown(&self) -> String {
        match self {
            DateFormat::Day(pattern) | DateFormat::Month(pattern, _) => pattern.to_string(),
            DateFormat::DaysSince(_) => "a whole number of days".into(),
            DateFormat::ClockSince { per_day: 86_400, .. } => "a number of seconds".into(),
            DateFormat::ClockSince { .. } => "a number of milliseconds".into(),
            DateFormat::MonthsSince(..) => "a whole number of months".into(),
            DateFormat::Native => "YYYY-MM-DD".into(),
            DateFormat::NativeMonth(_) => "YYYY-MM".into(),
            DateFormat::OneOf(formats) => formats.iter().map(DateFormat::shown).collect::<Vec<_>>().join(" or "),
        }
    }

    /// The day that a field stands for, if it has this form.
    pub fn read(&self, field: &str) -> Option<Day> {
        self.day(field).ok()
    }

    /// The day that a field stands for, whatever the limits of the column.
    fn day(&self, field: &str) -> Result<Day, DateFault> {
        let within = |day: Option<i32>| day.filter(|d| DAYS.contains(d)).map(Day).ok_or(DateFault::OutOfRange);
        match self {
            DateFormat::Day(pattern) => {
                let (year, month, day) = pattern.read(field).ok_or(DateFault::Form)?;
                Day::from_ymd(year, month, day).ok_or(DateFault::NoSuchDay)
            }
            DateFormat::Month(pattern, place) => {
                let (year, month, _) = pattern.read(field).ok_or(DateFault::Form)?;
                place.day(year, month).ok_or(DateFault::NoSuchDay)
            }
            DateFormat::DaysSince(reference) => {
                let days: i32 = field.parse().map_err(|_| DateFault::Form)?;
                within(reference.0.checked_add(days))
            }
            DateFormat::ClockSince { reference, per_day } => {
                let ticks: f64 = field.parse().map_err(|_| DateFault::Form)?;
                let days = (ticks / f64::from(*per_day)).floor();
                // A cast beyond the range gives its end, which no calendar holds.
                ticks.is_finite().then(|| within(reference.0.checked_add(days as i32))).ok_or(DateFault::Form)?
            }
            DateFormat::MonthsSince(reference, place) => {
                let months: i32 = field.parse().map_err(|_| DateFault::Form)?;
                let (year, month, _) = reference.ymd();
                let months = (year * 12 + month as i32 - 1).checked_add(months).ok_or(DateFault::OutOfRange)?;
                place.day(months.div_euclid(12), months.rem_euclid(12) as u32 + 1).ok_or(DateFault::OutOfRange)
            }
            DateFormat::Native => {
                let (year, month, day) = iso(field).ok_or(DateFault::Form)?;
                Day::from_ymd(year, month, day).ok_or(DateFault::NoSuchDay)
            }
            DateFormat::NativeMonth(_) => Err(DateFault::Form),
            DateFormat::OneOf(formats) => {
                let mut fault = DateFault::Form;
                for format in formats {
                    match format.day(field) {
                        Ok(day) => return Ok(day),
                        Err(DateFault::Form) => {}
                        // The form was right, so this is what is wrong.
                        Err(other) => fault = other,
                    }
                }
                Err(fault)
            }
        }
    }
}

/// What reading a date supplied or dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// The day is the one that stands for the month.
    pub placed_in_month: bool,
    /// The year was written with two digits.
    pub short_year: bool,
    /// A time of day was read and dropped.
    pub clock_dropped: bool,
    /// There are blanks around it, which are no part of it.
    pub blanks: bool,
}

impl DateFormat {
    /// What reading this field supplied or dropped; nothing when it does not have the form.
    pub fn reading(&self, field: &str) -> Reading {
        let Some(format) = self.each().iter().find(|format| format.day(field).is_ok()) else {
            return Reading::default();
        };
        let pattern = match format {
            DateFormat::Day(pattern) | DateFormat::Month(pattern, _) => Some(pattern),
            _ => None,
        };
        Reading {
            placed_in_month: format.is_month_only(),
            short_year: pattern.is_some_and(DatePattern::has_short_year),
            clock_dropped: pattern.is_some_and(DatePattern::has_clock)
                || matches!(format, DateFormat::ClockSince { .. }),
            blanks: false,
        }
    }

    /// A field that reads as `day`, or as near to it as the form allows (months lose their day); the first of several
    /// forms. `None` when no field of this form does.
    pub fn write(&self, day: Day) -> Option<String> {
        let (year, month, _) = day.ymd();
        match self {
            DateFormat::Day(pattern) | DateFormat::Month(pattern, _) => pattern.write(day),
            DateFormat::DaysSince(reference) => Some((day.0 - reference.0).to_string()),
            DateFormat::ClockSince { reference, per_day } => {
                Some((i64::from(day.0 - reference.0) * i64::from(*per_day)).to_string())
            }
            DateFormat::MonthsSince(reference, _) => {
                let (first_year, first_month, _) = reference.ymd();
                Some(((year - first_year) * 12 + month as i32 - first_month as i32).to_string())
            }
            DateFormat::Native | DateFormat::NativeMonth(_) => Some(day.to_string()),
            DateFormat::OneOf(formats) => formats.iter().find_map(|format| format.write(day)),
        }
    }
}

impl DateFormat {
    /// A field of this form that is no day of the calendar: 30 February, or month 13 where the form has no day. `None`
    /// where every field of the form is one.
    pub fn no_such_day(&self, year: i32) -> Option<String> {
        let field = match self.each().first()? {
            DateFormat::Day(pattern) => pattern.render(year, 2, 30),
            DateFormat::Month(pattern, _) => pattern.render(year, 13, 1),
            _ => return None,
        };
        (self.day(&field) == Err(DateFault::NoSuchDay)).then_some(field)
    }
}

/// Year, month and day as ISO 8601 writes them.
fn iso(field: &str) -> Option<(i32, u32, u32)> {
    DatePattern::new("YYYY-MM-DD").expect("a valid pattern").read(field)
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

impl DateSpec {
    /// The day that a field stands for; the field is neither empty nor another mark of missing. Blanks at its
    /// ends do not matter.
    pub fn day(&self, field: &str) -> Result<Day, DateFault> {
        let day = self.format.day(field.trim())?;
        self.in_range(day).then_some(day).ok_or(DateFault::OutOfRange)
    }

    /// The day that a stored day stands for; for a stored month, which is given by its first day, the declared day.
    pub fn stored_day(&self, day: Day, is_month: bool) -> Result<Day, DateFault> {
        if !DAYS.contains(&day.0) {
            return Err(DateFault::OutOfRange);
        }
        let place = self.format.each().iter().find_map(|format| match format {
            DateFormat::NativeMonth(place) if is_month => Some(place),
            _ => None,
        });
        let (year, month, _) = day.ymd();
        let day = place.map_or(Some(day), |place| place.day(year, month)).ok_or(DateFault::NoSuchDay)?;
        self.in_range(day).then_some(day).ok_or(DateFault::OutOfRange)
    }

    /// Whether a day lies between `earliest` and `latest`, both included.
    pub fn in_range(&self, day: Day) -> bool {
        self.earliest.is_none_or(|e| day >= e) && self.latest.is_none_or(|l| day <= l)
    }
}

/// The days of the years 1 to 9999.
pub(super) const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::PatternFault;

    fn read(pattern: &str, field: &str) -> Result<String, DateFault> {
        let pattern = DatePattern::with_years(pattern, Some(1930)).unwrap();
        let format = match pattern.has_day() {
            true => DateFormat::Day(pattern),
            false => DateFormat::Month(pattern, PlaceInMonth::Middle),
        };
        format.day(field).map(|day| day.to_string())
    }

    #[test]
    fn patterns_read_what_they_say() {
        for (pattern, field, day) in [
            ("YYYY-MM-DDThh:mm:ss.fZ", "2015-06-01T23:59:59.123456Z", "2015-06-01"),
            ("D.M.YYYY", "1.12.2015", "2015-12-01"),
            ("D.M.YYYY", "01.06.2015", "2015-06-01"),
            ("DDMONYYYY", "29feb2000", "2000-02-29"),
            ("DDMMYY", "010630", "1930-06-01"),
            ("DDMMYY", "010629", "2029-06-01"),
            ("YYYYM", "20231", "2023-01-15"),
            ("YYYYM", "202310", "2023-10-15"),
        ] {
            assert_eq!(read(pattern, field).as_deref(), Ok(day), "{pattern} {field}");
        }
        assert_eq!(read("DDMONYYYY", "29foo2000"), Err(DateFault::Form));
        assert_eq!(read("D.M.YYYY", "31.2.2015"), Err(DateFault::NoSuchDay));
        assert_eq!(read("YYYYMM", "198513"), Err(DateFault::NoSuchDay));
        assert_eq!(read("YYYYMM", "201500"), Err(DateFault::NoSuchDay));
    }

    #[test]
    fn what_a_pattern_writes_it_reads() {
        let (leap, first) = (Day::from_ymd(2000, 2, 29).unwrap(), Day::from_ymd(1999, 12, 1).unwrap());
        for text in ["YYYY-MM-DDThh:mm:ss.fZ", "D.M.YYYY", "DDMONYYYY", "DDMMYY", "YYYYMMDD"] {
            let format = DateFormat::Day(DatePattern::with_years(text, Some(1930)).unwrap());
            for day in [leap, first] {
                assert_eq!(format.write(day).and_then(|field| format.read(&field)), Some(day), "{text}");
            }
            let short = format.write(Day::from_ymd(1929, 1, 1).unwrap());
            assert_eq!(short.is_some(), text != "DDMMYY");
        }
        let place = PlaceInMonth::Last;
        let months = [
            DateFormat::Month(DatePattern::new("YYYYM").unwrap(), place),
            DateFormat::MonthsSince(Day::from_ymd(2005, 7, 1).unwrap(), place),
        ];
        for format in months {
            assert_eq!(format.write(leap).and_then(|f| format.read(&f)), Some(leap));
            assert_eq!(format.write(first).and_then(|f| format.read(&f)), Day::last_of_month(1999, 12));
        }
        let counts = [DateFormat::DaysSince(leap), DateFormat::ClockSince { reference: leap, per_day: 86_400 }];
        assert_eq!(counts.map(|f| f.write(first).and_then(|w| f.read(&w))), [Some(first); 2]);
    }

    #[test]
    fn years_of_two_digits_need_their_hundred_years() {
        assert_eq!(DatePattern::with_years("DD.MM.YY", None), Err(PatternFault::TwoDigitYears));
        assert_eq!(DatePattern::with_years("DMYYYY", None), Err(PatternFault::OpenEnded));
        assert_eq!(DatePattern::with_years("DD.MM", None), Err(PatternFault::NoPattern));
    }

    #[test]
    fn patterns_that_read_one_field_as_two_dates_conflict() {
        let pattern = |text: &str| DatePattern::with_years(text, Some(1930)).unwrap();
        for (a, b, conflict) in [
            ("YYYYMMDD", "DDMMYYYY", true),
            ("DD.MM.YYYY", "M.D.YYYY", true),
            ("YYYYMM", "DDMMYY", true),
            ("YYYYMMDD", "YYYY-MM-DD", false),
            ("D.M.YYYY", "DD.MM.YYYY", false),
            ("YYYYMM", "YYYYMMDD", false),
        ] {
            assert_eq!(pattern(a).conflicts(&pattern(b)), conflict, "{a} {b}");
        }
    }

    #[test]
    fn counts_begin_where_they_are_declared_to() {
        let day = |y, m, d| Day::from_ymd(y, m, d).unwrap();
        let first = day(1960, 1, 1);
        assert_eq!(DateFormat::DaysSince(first).day("20240"), Ok(day(2015, 6, 1)));
        let seconds = DateFormat::ClockSince { reference: day(1582, 10, 14), per_day: 86_400 };
        assert_eq!(seconds.day("13652496000"), Ok(day(2015, 6, 1)));
        assert_eq!(seconds.day("13652582399.5"), Ok(day(2015, 6, 1)));
        assert_eq!(seconds.day("-1e300"), Err(DateFault::OutOfRange));
        let months = DateFormat::MonthsSince(first, PlaceInMonth::Last);
        assert_eq!(months.day("665"), Ok(day(2015, 6, 30)));
        assert_eq!(months.day("-1"), Ok(day(1959, 12, 31)));
    }
}
