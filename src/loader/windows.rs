//! What dated rows in a window come to, as of every day: rows come into the window and leave it.

use super::dated::{Asked, Changes, Told, dated, first_reaching, walk};
use super::raw_values::Raw;
use super::rows::Rows;
use super::values::{Dictionary, Values};
use super::{Note, eligibility};
use crate::day::Day;
use crate::study::{Covariate, Lookback, LookbackStart, Measure};
use std::ops::Range;
use std::sync::Arc;

/// The number of rows in the window, or their sum.
pub(super) fn events(
    asked: &Asked,
    rows: &Rows,
    within: &Lookback,
    measure: &Measure,
    covariate: &Covariate,
    notes: &mut Vec<Note>,
) -> (Changes, Raw) {
    let days = rows.columns[0].days();
    let lag = covariate.timing.lag();
    let ask = |i: usize, out: &mut Vec<(i32, f64)>| {
        let of = dated(rows, asked.person(i));
        let after = match within.start {
            LookbackStart::AfterIndex => asked.index(i).0,
            LookbackStart::Ever | LookbackStart::Before(_) => i32::MIN,
        };
        let of = of.start + days[of.clone()].partition_point(|d| *d <= after)..of.end;
        // Rows come into the window and leave it in the order of their days.
        let comes = |row: usize| first_reaching(within.end, days[row]);
        let goes = |row: usize| match within.start {
            LookbackStart::Before(start) => first_reaching(start, days[row] + 1),
            LookbackStart::Ever | LookbackStart::AfterIndex => i32::MAX,
        };
        // Those that are in the window at the entry, at one go.
        let (entry, in_days) = (Day(asked.entry[i] - lag), &days[of.clone()]);
        let mut last = of.start + in_days.partition_point(|d| *d <= within.end.from(entry).0);
        let mut first = match within.start {
            LookbackStart::Before(start) => of.start + in_days.partition_point(|d| *d < start.from(entry).0),
            LookbackStart::Ever | LookbackStart::AfterIndex => of.start,
        };
        out.push((asked.entry[i], measured(rows, first..last, measure)));
        loop {
            let coming = if last < of.end { comes(last) } else { i32::MAX };
            let going = if first < last { goes(first) } else { i32::MAX };
            let day = coming.min(going);
            if day == i32::MAX || day.saturating_add(lag) >= asked.exit[i] {
                break;
            }
            while last < of.end && comes(last) == day {
                last += 1;
            }
            while first < last && goes(first) == day {
                first += 1;
            }
            out.push((day + lag, measured(rows, first..last, measure)));
        }
        Told::default()
    };
    let found = walk(asked, ask, 0.0);
    if matches!(measure, Measure::Sum(_)) {
        let missing = asked.positions.iter().map(|&p| asked.people.numbers[p as usize]);
        let missing: usize =
            missing.map(|p| dated(rows, p).filter(|&row| rows.columns[1].is_missing(row)).count()).sum();
        if missing > 0 {
            let source = format!("covariate.{}", covariate.name);
            notes.push(Note::new(
                &source,
                "rows without a number, which add nothing to the sum",
                missing as u64,
                "rows",
            ));
        }
    }
    let raw = match measure {
        Measure::Any => {
            let mut dictionary = Dictionary::default();
            let codes = ["no", "yes"].map(|text| dictionary.number(text));
            let code = |n: &f64| codes[usize::from(*n > 0.0)];
            Raw { values: Values::Code(found.answers.iter().map(code).collect()), dictionary: Arc::new(dictionary) }
        }
        Measure::Count | Measure::Sum(_) => Raw::numbers(found.answers),
    };
    (found.changes, raw)
}

/// What is told of a window that begins before its register, where the study accepts that.
pub(super) fn shortened_window(asked: &Asked, extract: &str, within: &Lookback, covariate: &Covariate) -> Option<Note> {
    let (study, lag) = (asked.people.study, covariate.timing.lag());
    let source = format!("covariate.{}", covariate.name);
    match within.start {
        LookbackStart::Before(start) => {
            let days = asked.entry.iter().map(|&day| Day(day));
            eligibility::shortened(study, &source, extract, (start, lag), days)
        }
        LookbackStart::Ever => {
            let (begins, verb) = study.extract(extract).reliable_from()?;
            let message =
                format!("ever is since {begins}, because {extract} {verb} then: more is known of those who enter late");
            Some(Note::plain(&source, &message))
        }
        LookbackStart::AfterIndex => None,
    }
}

/// How many rows there are, whether there is any, or their sum; added up anew every time, so that nothing of a row stays
/// behind when it leaves.
fn measured(rows: &Rows, of: Range<usize>, measure: &Measure) -> f64 {
    match measure {
        Measure::Any => f64::from(u8::from(!of.is_empty())),
        Measure::Count => of.len() as f64,
        Measure::Sum(_) => {
            of.map(|row| rows.columns[1].number(row)).filter(|x| !x.is_nan()).fold(0.0, |sum, x| sum + x)
        }
    }
}
