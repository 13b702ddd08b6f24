//! Clocks: time since a date and the calendar year, cut where a class becomes another.

use super::covariate_rows;
use super::dated::{Asked, Changes, Told, Walked, dated, walk};
use super::people::Kept;
use super::raw_values::Raw;
use super::split::{self, Scale, Shift};
use crate::day::Day;
use crate::study::{Covariate, DateOf, Kind, PickRow, Recode, Source};

/// Time since a date, or the calendar year: cut where the class becomes another.
pub(super) fn clock(asked: &Asked, kept: &Kept, covariate: &Covariate, date: &DateOf) -> (Changes, Raw) {
    let found = origins(asked, kept, covariate, date);
    let until = |k: usize| match found.changes.who.get(k + 1) {
        Some(next) if *next == found.changes.who[k] => found.changes.day[k + 1],
        _ => asked.exit[found.changes.who[k] as usize],
    };
    let exit: Vec<i32> = (0..found.changes.len()).map(until).collect();
    let pieces = cut(covariate, &found, &exit);
    let who = pieces.record.iter().map(|&k| found.changes.who[k as usize]).collect();
    let number = |(k, day): (&u32, &i32)| value(&covariate.source, found.answers[*k as usize], Day(*day));
    let numbers = pieces.record.iter().zip(&pieces.entry).map(number).collect();
    (Changes { who, day: pieces.entry }, Raw::numbers(numbers))
}

/// What the clock shows; NaN before its origin is known.
fn value(source: &Source, origin: Option<i32>, day: Day) -> f64 {
    match (source, origin) {
        (Source::YearOf(DateOf::Current), _) => f64::from(day.year()),
        (_, None) => f64::NAN,
        (Source::YearsSince(_), Some(origin)) => day.years_since(Day(origin)),
        (Source::YearOf(_), Some(origin)) => f64::from(Day(origin).year()),
        (_, Some(origin)) => f64::from(day.0 - origin),
    }
}

/// The day from which the clock counts, as it is known on each day.
fn origins(asked: &Asked, kept: &Kept, covariate: &Covariate, date: &DateOf) -> Walked<Option<i32>> {
    let changes = covariate.timing.changes();
    let one = |day: Option<i32>, out: &mut Vec<(i32, Option<i32>)>| {
        // What lies ahead is not known yet where the covariate changes.
        let known = day.map_or(i32::MIN, |day| if changes { day } else { i32::MIN });
        out.push((known, day));
        Told::default()
    };
    match date {
        DateOf::Index => walk(asked, |i, out| one(Some(asked.index(i).0), out), None),
        DateOf::Current => walk(asked, |_, out| one(None, out), None),
        DateOf::Person(column) => {
            let dates = asked.people.dates(column);
            walk(asked, |i, out| one(dates[asked.positions[i] as usize].map(|d| d.0), out), None)
        }
        DateOf::Row { pick, .. } => {
            let (extract, request) =
                covariate_rows::request(asked.people.study, covariate).expect("a date of rows asks for them");
            let rows = kept.rows(&extract, &request);
            let days = rows.columns[0].days();
            let ask = |i: usize, out: &mut Vec<(i32, Option<i32>)>| {
                let days = &days[dated(rows, asked.person(i))];
                match pick {
                    PickRow::Last if changes => {
                        out.extend(days.iter().map(|&day| (day, Some(day))));
                        Told::default()
                    }
                    PickRow::First => one(days.first().copied(), out),
                    PickRow::Last => one(days.last().copied(), out),
                    PickRow::LastBeforeIndex | PickRow::LastBeforeEntry => {
                        let until = if *pick == PickRow::LastBeforeEntry { asked.entry[i] } else { asked.index(i).0 };
                        let known = days.partition_point(|&day| day <= until);
                        one(days[..known].last().copied(), out)
                    }
                }
            };
            walk(asked, ask, None)
        }
    }
}

/// Cuts the time for which an origin holds where the clock passes an edge.
fn cut(covariate: &Covariate, found: &Walked<Option<i32>>, exit: &[i32]) -> split::Pieces<i32> {
    let edges: &[f64] = match &covariate.kind {
        Kind::Factor(rules) => match &rules.recode {
            Recode::Cut(cut) => &cut.edges,
            _ => &[],
        },
        Kind::Number { .. } => &[],
    };
    let entry = &found.changes.day;
    let none = vec![false; entry.len()];
    let split = |scale: Scale<i32>| split::split(entry, exit, &none, &[scale]);
    match &covariate.source {
        _ if !covariate.timing.changes() => split(Scale { shift: Shift::Common(0), cuts: &[] }),
        Source::YearOf(_) => {
            let (first, last) = (entry.iter().min().copied(), exit.iter().max().copied());
            let years = first.map_or(0, |d| Day(d).year())..=last.map_or(-1, |d| Day(d).year());
            let cuts: Vec<i32> = years.filter_map(|year| Day::from_ymd(year, 1, 1)).map(|d| d.0).collect();
            split(Scale { shift: Shift::Common(0), cuts: &cuts })
        }
        Source::DaysSince(_) => {
            let shifts: Vec<Option<i32>> = found.answers.iter().map(|origin| origin.map(|o| -o)).collect();
            let cuts: Vec<i32> = edges.iter().map(|e| e.ceil() as i32).collect();
            split(Scale { shift: Shift::Where(&shifts), cuts: &cuts })
        }
        _ => {
            let anniversary = |k: usize, edge: i32| {
                found.answers[k].map_or(i32::MAX, |origin| anniversary(origin, edges[edge as usize]))
            };
            let cuts: Vec<i32> = (0..edges.len() as i32).collect();
            split(Scale { shift: Shift::Rule(&anniversary), cuts: &cuts })
        }
    }
}

/// The first day that is `years` after `origin`, on the scale of [`Day::years_since`].
fn anniversary(origin: i32, years: f64) -> i32 {
    let since = |day: i32| Day(day).years_since(Day(origin));
    let mut day = origin + (years * crate::day::DAYS_PER_YEAR) as i32;
    while since(day) >= years {
        day -= 1;
    }
    while since(day) < years {
        day += 1;
    }
    day
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn birthdays_are_whole_years() {
        let day = |y, m, d| Day::from_ymd(y, m, d).unwrap().0;
        assert_eq!(anniversary(day(1970, 5, 17), 40.0), day(2010, 5, 17));
        // Somebody born on 29 February completes a year on 1 March of a common year.
        assert_eq!(anniversary(day(1972, 2, 29), 18.0), day(1990, 3, 1));
        assert_eq!(anniversary(day(2000, 1, 1), 0.5), day(2000, 7, 2)); // 183 of 366 days
    }
}
