//! The rows that a covariate needs, and the days as of which it is asked for.

use super::request::{ColumnKey, Request};
use crate::day::Day;
use crate::study::{ColumnSource, Covariate, DateOf, LookbackStart, Measure, Offset, Source, Spells, Study, Timing};

/// The rows that a covariate needs: its extract and the request.
pub(crate) fn request(study: &Study, covariate: &Covariate) -> Option<(String, Request)> {
    match &covariate.source {
        Source::Status { extract, since, value, .. } => Some((extract.clone(), Request::all(&[since, value]))),
        Source::SpellValue { spells: Spells { extract, from, to, .. }, value, .. } => {
            Some((extract.clone(), Request::all(&[from, to, value])))
        }
        Source::Latest { rows, value, look_back, .. } => {
            let start = look_back.map(|o| Offset { amount: -o.amount, ..o });
            let (from, to) = days_asked(study, covariate);
            let from = from.zip(start).map(|(day, start)| start.from(day));
            Some((rows.extract.clone(), Request::events(rows, from, to, &[value])))
        }
        Source::Events { rows, within, measure, .. } => {
            let (from, to) = days_asked(study, covariate);
            let from = match within.start {
                LookbackStart::Ever => None,
                LookbackStart::AfterIndex => study.cohort.index.from,
                LookbackStart::Before(start) => from.map(|day| start.from(day)),
            };
            let to = to.map(|day| within.end.from(day));
            let summed: Vec<&str> = match measure {
                Measure::Sum(column) => vec![column],
                Measure::Any | Measure::Count => Vec::new(),
            };
            Some((rows.extract.clone(), Request::events(rows, from, to, &summed)))
        }
        Source::Yearly { extract, year, value, .. } => Some((extract.clone(), Request::all(&[year, value]))),
        Source::Wide { column, at, look_back } => {
            let ColumnSource::Yearly { first, last, .. } = study.column(column).source else {
                unreachable!("a checked study names a yearly column here")
            };
            // Only the years that somebody can be asked for.
            let (from, to) = days_asked(study, covariate);
            let from = from.map_or(first, |d| d.year() + at.offset - look_back).max(first);
            let to = to.map_or(last, |d| d.year() + at.offset).min(last);
            let columns = (from..=to).map(|year| ColumnKey { name: column.column.clone(), year: Some(year) }).collect();
            Some((column.extract.clone(), Request { columns, filter: None }))
        }
        Source::YearsSince(DateOf::Row { column, .. })
        | Source::DaysSince(DateOf::Row { column, .. })
        | Source::YearOf(DateOf::Row { column, .. }) => Some((column.extract.clone(), Request::all(&[&column.column]))),
        _ => None,
    }
}

/// The first and the last day as of which a covariate is asked for, where the study limits them.
fn days_asked(study: &Study, covariate: &Covariate) -> (Option<Day>, Option<Day>) {
    let index = &study.cohort.index;
    let lag = covariate.timing.lag();
    let longest = index.to.zip(study.follow_up.maximum).map(|(to, maximum)| maximum.from(to));
    let (first, last) = match (covariate.timing, &study.follow_up.late_entry) {
        (Timing::Entry, Some(late)) => {
            (late.earliest(index.from), late.latest(index.to).into_iter().chain(longest).min())
        }
        (Timing::Index | Timing::Entry, _) => (index.from, index.to),
        (Timing::Current { .. } | Timing::Follows, _) => (index.from, longest),
    };
    (first.map(|day| Day(day.0 - lag)), last.map(|day| Day(day.0 - lag)))
}
