//! Date patterns: `YYYY-MM-DD`, `DD.MM.YY hh:mm`, `DDMONYYYY`.

use crate::day::Day;
use std::fmt;

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
    pub(super) fn read(&self, field: &str) -> Option<(i32, u32, u32)> {
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
    pub(super) fn write(&self, day: Day) -> Option<String> {
        let (year, month, of_month) = day.ymd();
        let field = self.render(year, month, of_month);
        let same = |read: (i32, u32, u32)| (read.0, read.1) == (year, month) && (!self.has_day() || read.2 == of_month);
        self.read(&field).is_some_and(same).then_some(field)
    }

    /// The parts in order, whether or not there is such a day; a month beyond December has no name.
    pub(super) fn render(&self, year: i32, month: u32, of_month: u32) -> String {
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
