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

/// A date pattern: its parts in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern {
    text: String,
    parts: Vec<Part>,
    /// The first of the hundred years that two digits stand for.
    years_from: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    /// The last two digits of a year.
    ShortYear,
    Month,
    /// One or two digits.
    LooseMonth,
    /// Three letters of an English name.
    NamedMonth,
    Day,
    /// One or two digits.
    LooseDay,
    /// Two digits of a time of day, read and dropped.
    Clock,
    /// Digits of a fraction of a second, read and dropped.
    Fraction,
    Literal(char),
}

/// The parts of patterns by their spelling; a longer one comes before its beginning.
const PARTS: [(&str, Part); 11] = [
    ("YYYY", Part::Year),
    ("YY", Part::ShortYear),
    ("MON", Part::NamedMonth),
    ("MM", Part::Month),
    ("M", Part::LooseMonth),
    ("DD", Part::Day),
    ("D", Part::LooseDay),
    ("hh", Part::Clock),
    ("mm", Part::Clock),
    ("ss", Part::Clock),
    ("f", Part::Fraction),
];

const MONTH_NAMES: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Why a text is no date pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternFault {
    /// It has other letters, no year or month, or a part twice.
    NoPattern,
    /// Years of two digits, and nothing says of which hundred years.
    TwoDigitYears,
    /// A part of one or two digits with a digit after it: where it ends cannot be told.
    OpenEnded,
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
    /// A pattern with years of four digits; `None` when the text is none.
    pub fn new(text: &str) -> Option<DatePattern> {
        DatePattern::with_years(text, None).ok()
    }

    /// Reads a pattern: `YYYY`, `YY`, `MM`, `MON` (`JAN`), `DD`, `hh`, `mm`, `ss`, `f` (digits of a fraction), `M` and
    /// `D` for one digit or two, and single characters that stand for themselves. `years_from` is the first of the
    /// hundred years that `YY` stands for.
    pub fn with_years(text: &str, years_from: Option<i32>) -> Result<DatePattern, PatternFault> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let known = PARTS.iter().find(|(token, _)| rest.starts_with(token));
            let (length, part) = known.map_or((c.len_utf8(), Part::Literal(c)), |(token, part)| (token.len(), *part));
            if c.is_ascii_alphanumeric() && part == Part::Literal(c) && !matches!(c, 'T' | 'Z') {
                return Err(PatternFault::NoPattern);
            }
            parts.push(part);
            rest = &rest[length..];
        }
        let count = |wanted: &[Part]| parts.iter().filter(|p| wanted.contains(p)).count();
        let years = count(&[Part::Year, Part::ShortYear]);
        let months = count(&[Part::Month, Part::LooseMonth, Part::NamedMonth]);
        if years != 1 || months != 1 || count(&[Part::Day, Part::LooseDay]) > 1 {
            return Err(PatternFault::NoPattern);
        }
        let loose = |p: &Part| matches!(p, Part::LooseMonth | Part::LooseDay | Part::Fraction);
        if parts.windows(2).any(|pair| loose(&pair[0]) && !matches!(pair[1], Part::Literal(_) | Part::NamedMonth)) {
            return Err(PatternFault::OpenEnded);
        }
        if parts.contains(&Part::ShortYear) && years_from.is_none() {
            return Err(PatternFault::TwoDigitYears);
        }
        Ok(DatePattern { text: text.to_owned(), parts, years_from: years_from.unwrap_or(0) })
    }

    /// Whether the pattern has a day of the month.
    pub fn has_day(&self) -> bool {
        self.parts.iter().any(|p| matches!(p, Part::Day | Part::LooseDay))
    }

    /// Whether the pattern has years of two digits.
    pub fn has_short_year(&self) -> bool {
        self.parts.contains(&Part::ShortYear)
    }

    /// Whether the pattern has a time of day.
    pub fn has_clock(&self) -> bool {
        self.parts.contains(&Part::Clock)
    }

    /// Whether a date of this form is a whole number that keeps all its digits: digits only, the year first.
    pub fn is_number(&self) -> bool {
        self.parts.first() == Some(&Part::Year)
            && self.parts.iter().all(|p| matches!(p, Part::Year | Part::Month | Part::Day | Part::Clock))
    }

    /// Whether a date of this form is digits only.
    pub fn is_digits(&self) -> bool {
        self.shape().iter().all(|run| matches!(run, Run::Digits(..)))
    }

    /// Whether a field can have the form of both patterns and be two different dates.
    pub fn conflicts(&self, other: &DatePattern) -> bool {
        let order = |p: &DatePattern| -> Vec<u8> {
            let rank = |part: &Part| match part {
                Part::Year | Part::ShortYear => Some(0),
                Part::Month | Part::LooseMonth | Part::NamedMonth => Some(1),
                Part::Day | Part::LooseDay => Some(2),
                _ => None,
            };
            p.parts.iter().filter_map(rank).collect()
        };
        order(self) != order(other) && overlap(&self.shape(), &other.shape())
    }

    /// The pattern as marks and runs of digits, each run with its least and most length.
    fn shape(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for part in &self.parts {
            let digits = match part {
                Part::Year => (4, 4),
                Part::LooseMonth | Part::LooseDay => (1, 2),
                Part::Fraction => (1, 9),
                Part::Literal(c) => {
                    runs.push(Run::Mark(*c));
                    continue;
                }
                Part::NamedMonth => {
                    runs.push(Run::Name);
                    continue;
                }
                _ => (2, 2),
            };
            match runs.last_mut() {
                Some(Run::Digits(least, most)) => (*least, *most) = (*least + digits.0, *most + digits.1),
                _ => runs.push(Run::Digits(digits.0, digits.1)),
            }
        }
        runs
    }

    /// Year, month and day (0 when the pattern has none) of a field; `None` when it does not have this form.
    fn read(&self, field: &str) -> Option<(i32, u32, u32)> {
        let (mut year, mut month, mut day) = (0, 0, 0);
        let mut rest = field.as_bytes();
        for part in &self.parts {
            match part {
                Part::Year => year = digits(&mut rest, 4, 4)? as i32,
                Part::ShortYear => {
                    let short = digits(&mut rest, 2, 2)? as i32;
                    year = self.years_from + (short - self.years_from).rem_euclid(100);
                }
                Part::Month => month = digits(&mut rest, 2, 2)?,
                Part::LooseMonth => month = digits(&mut rest, 1, 2)?,
                Part::NamedMonth => {
                    let (head, tail) = rest.split_at_checked(3)?;
                    let place = MONTH_NAMES.iter().position(|name| head.eq_ignore_ascii_case(name.as_bytes()))?;
                    (month, rest) = (place as u32 + 1, tail);
                }
                Part::Day => day = digits(&mut rest, 2, 2)?,
                Part::LooseDay => day = digits(&mut rest, 1, 2)?,
                Part::Clock => _ = digits(&mut rest, 2, 2)?,
                Part::Fraction => _ = digits(&mut rest, 1, 9)?,
                Part::Literal(c) => rest = rest.strip_prefix(c.encode_utf8(&mut [0; 4]).as_bytes())?,
            }
        }
        rest.is_empty().then_some((year, month, day))
    }
}

impl DatePattern {
    /// The field of this form that reads as `day`; times of day are noon. `None` for a year that it cannot hold.
    fn write(&self, day: Day) -> Option<String> {
        let (year, month, of_month) = day.ymd();
        let field = self.render(year, month, of_month);
        let same = |read: (i32, u32, u32)| (read.0, read.1) == (year, month) && (!self.has_day() || read.2 == of_month);
        self.read(&field).is_some_and(same).then_some(field)
    }

    /// The parts in order, whether or not there is such a day; a month beyond December has no name.
    fn render(&self, year: i32, month: u32, of_month: u32) -> String {
        let mut field = String::new();
        let mut clock = ["12", "00", "00"].into_iter();
        for part in &self.parts {
            match part {
                Part::Year => field += &format!("{year:04}"),
                Part::ShortYear => field += &format!("{:02}", year.rem_euclid(100)),
                Part::Month => field += &format!("{month:02}"),
                Part::LooseMonth => field += &month.to_string(),
                Part::NamedMonth => field += MONTH_NAMES.get(month as usize - 1).unwrap_or(&"XXX"),
                Part::Day => field += &format!("{of_month:02}"),
                Part::LooseDay => field += &of_month.to_string(),
                Part::Clock => field += clock.next().unwrap_or("00"),
                Part::Fraction => field.push('0'),
                Part::Literal(c) => field.push(*c),
            }
        }
        field
    }
}

/// A piece of a date's written form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Digits(usize, usize),
    Mark(char),
    Name,
}

/// Whether a field can have both forms.
fn overlap(a: &[Run], b: &[Run]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|pair| match pair {
            (Run::Digits(least, most), Run::Digits(other_least, other_most)) => {
                least.max(other_least) <= most.min(other_most)
            }
            (a, b) => a == b,
        })
}

/// Takes `least` to `most` digits off the front, as many as there are.
fn digits(rest: &mut &[u8], least: usize, most: usize) -> Option<u32> {
    let n = rest.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    let (head, tail) = rest.split_at(n);
    *rest = tail;
    (n >= least).then(|| head.iter().fold(0, |sum, b| sum * 10 + u32::from(b - b'0')))
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

#[cfg(test)]
mod tests {
    use super::*;

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
