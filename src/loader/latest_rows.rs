//! The row that holds on a day: the latest, or the spell that covers it; and the value of a year.

use super::dated::{Asked, Changes, Told, Walked, dated, first_reaching, walk};
use super::raw_values::Raw;
use super::request::ColumnKey;
use super::rows::Rows;
use super::values::{Dictionary, MISSING_CODE, Values};
use crate::day::Day;
use crate::study::{Offset, OnSameDay, Overlap};
use crate::table::MISSING_WHOLE;
use std::ops::Range;
use std::sync::Arc;

/// The row with the latest day; of one day with different values the one that `same_day` says.
pub(super) fn latest(
    asked: &Asked,
    rows: &Rows,
    look_back: Option<Offset>,
    same_day: OnSameDay,
    lag: i32,
) -> Walked<Option<u32>> {
    let days = rows.columns[0].days();
    let values = &rows.columns[1];
    let back = look_back.map(|o| Offset { amount: -o.amount, ..o });
    let ask = |i: usize, out: &mut Vec<(i32, Option<u32>)>| {
        let (entry, exit) = (asked.entry[i], asked.exit[i]);
        let mut told = Told::default();
        let mut of = dated(rows, asked.person(i));
        while let Some(first) = of.next() {
            let day = days[first];
            let mut differ = false;
            while of.start < of.end && days[of.start] == day {
                differ |= !values.same(first, of.start);
                of.start += 1;
            }
            let next = if of.start < of.end { days[of.start] } else { i32::MAX };
            let row = if differ { of_one_day(values, first..of.start, same_day) } else { Some(first) };
            out.push((day + lag, row.map(|row| row as u32)));
            let mut until = next;
            if let Some(back) = back {
                let stale = first_reaching(back, day + 1);
                if stale < next {
                    out.push((stale + lag, None));
                    told.by_rule |= stale + lag < exit && next.saturating_add(lag) > entry;
                    until = stale;
                }
            }
            let counts = differ && day + lag < exit && until.saturating_add(lag) > entry;
            told.contradicting |= counts && same_day == OnSameDay::Error;
            told.same_day |= counts && same_day != OnSameDay::Error;
        }
        told
    };
    walk(asked, ask, None)
}

/// The row that counts of those of one day with different values; a row without a number is neither small nor large.
fn of_one_day(values: &Values, mut rows: Range<usize>, rule: OnSameDay) -> Option<usize> {
    match rule {
        OnSameDay::Error => rows.next(),
        OnSameDay::Missing => None,
        OnSameDay::Smallest => rows.filter(|&row| !values.is_missing(row)).min_by(|&a, &b| ordered(values, a, b)),
        OnSameDay::Largest => rows.filter(|&row| !values.is_missing(row)).max_by(|&a, &b| ordered(values, a, b)),
    }
}

fn ordered(values: &Values, a: usize, b: usize) -> std::cmp::Ordering {
    values.number(a).total_cmp(&values.number(b))
}

/// The row of the spell that covers the day.
pub(super) fn spell_values(asked: &Asked, rows: &Rows, overlap: Overlap, lag: i32) -> Walked<Option<u32>> {
    let (from, to) = (rows.columns[0].days(), rows.columns[1].days());
    let values = &rows.columns[2];
    // The row that counts as of a day, whether several could, and whether one that began earlier gives way.
    let covering = |of: Range<usize>, day: i32| {
        let mut found: Option<usize> = None;
        let (mut differ, mut gives_way) = (false, false);
        for row in of.filter(|&row| from[row] <= day && (to[row] == MISSING_WHOLE || day <= to[row])) {
            match found {
                Some(earlier) if overlap == Overlap::LatestStart && from[row] > from[earlier] => {
                    gives_way |= differ || !values.same(row, earlier);
                    (found, differ) = (Some(row), false);
                }
                Some(earlier) if overlap == Overlap::Error || from[row] == from[earlier] => {
                    differ |= !values.same(row, earlier);
                }
                Some(_) => {}
                None => found = Some(row),
            }
        }
        (found, differ, gives_way)
    };
    let ask = |i: usize, out: &mut Vec<(i32, Option<u32>)>| {
        let (entry, exit) = (asked.entry[i], asked.exit[i]);
        let of = dated(rows, asked.person(i));
        let begins = of.clone().map(|row| from[row]);
        let ends = of.clone().filter(|&row| to[row] != MISSING_WHOLE).map(|row| to[row] + 1);
        let mut days: Vec<i32> = begins.chain(ends).filter(|d| (entry + 1..exit).contains(&(d + lag))).collect();
        days.push(entry - lag);
        days.sort_unstable();
        days.dedup();
        let mut told = Told::default();
        for day in days {
            let (row, differ, gives_way) = covering(of.clone(), day);
            told.contradicting |= differ;
            told.by_rule |= gives_way;
            out.push((day + lag, row.map(|row| row as u32)));
        }
        told
    };
    walk(asked, ask, None)
}

/// The first days of the years that matter, the running one first, as (day from which on, year).
fn years(entry: i32, exit: i32, lag: i32) -> impl Iterator<Item = (i32, i32)> {
    let (first, last) = (Day(entry - lag).year(), Day(exit - 1 - lag).year());
    (first..=last).map(move |year| {
        let day = Day::from_ymd(year, 1, 1).map_or(entry - lag, |d| d.0);
        (day + lag, year)
    })
}

/// The row of the year, or of a year before it as far as it is looked back.
pub(super) fn yearly(
    asked: &Asked,
    rows: &Rows,
    of_row: &[i32],
    (offset, back): (i32, i32),
    lag: i32,
) -> Walked<Option<u32>> {
    let values = &rows.columns[1];
    let ask = |i: usize, out: &mut Vec<(i32, Option<u32>)>| {
        let of = rows.of(asked.person(i));
        let mut told = Told::default();
        for (day, year) in years(asked.entry[i], asked.exit[i], lag) {
            let mut found = None;
            for wanted in (year + offset - back..=year + offset).rev() {
                let mut of_year = of.clone().filter(|&row| of_row[row] == wanted);
                let row = of_year.next();
                told.contradicting |= of_year.next().is_some();
                found = row.filter(|&row| !values.is_missing(row)).or(found);
                if found.is_some() {
                    told.by_rule |= wanted < year + offset;
                    break;
                }
            }
            out.push((day, found.map(|row| row as u32)));
        }
        told
    };
    walk(asked, ask, None)
}

/// The cell of the column of the year, and for how many persons it is one of an earlier year. The columns of a family have dictionaries of their own.
pub(super) fn wide(
    asked: &Asked,
    rows: &Rows,
    columns: &[ColumnKey],
    (offset, back): (i32, i32),
    lag: i32,
) -> (u64, (Changes, Raw)) {
    let ask = |i: usize, out: &mut Vec<(i32, Option<(u32, u32)>)>| {
        let mut told = Told::default();
        let row = rows.of(asked.person(i)).next();
        for (day, year) in years(asked.entry[i], asked.exit[i], lag) {
            let column_of = |wanted: i32| columns.iter().position(|c| c.year == Some(wanted));
            let cell = row.and_then(|row| {
                let mut wanted = (year + offset - back..=year + offset).rev().filter_map(column_of);
                wanted.find(|&c| !rows.columns[c].is_missing(row)).map(|c| (row as u32, c as u32))
            });
            told.by_rule |= cell.is_some_and(|(_, c)| columns[c as usize].year != Some(year + offset));
            out.push((day, cell));
        }
        told
    };
    let found = walk(asked, ask, None);
    let mut dictionary = Dictionary::default();
    for (value, label) in rows.dictionaries.iter().flat_map(|d| &d.labels) {
        dictionary.labels.entry(value.clone()).or_insert_with(|| label.clone());
    }
    let renumbered: Vec<Vec<u32>> =
        rows.dictionaries.iter().map(|d| d.texts().iter().map(|t| dictionary.number(t)).collect()).collect();
    let values = match rows.columns.first() {
        Some(Values::Number(_) | Values::Whole(_)) => {
            let number = |(row, column): (u32, u32)| rows.columns[column as usize].number(row as usize);
            Values::Number(found.answers.iter().map(|c| c.map_or(f64::NAN, number)).collect())
        }
        _ => {
            let code = |(row, column): (u32, u32)| {
                let codes = rows.columns[column as usize].codes(row as usize);
                codes.first().map_or(MISSING_CODE, |&c| renumbered[column as usize][c as usize])
            };
            Values::Code(found.answers.iter().map(|c| c.map_or(MISSING_CODE, code)).collect())
        }
    };
    (found.by_rule, (found.changes, Raw { values, dictionary: Arc::new(dictionary) }))
}
