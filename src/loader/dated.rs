//! What dated sources say of a person as of a day, and on which days they begin to say something else.
//!
//! As of day d counts what is dated on or before d. A covariate at index is asked as of the index date, one at entry as of
//! the day of entry; one that changes
//! is asked as of every day of follow-up, and has in a record (entry, exit] the answer as of the entry: what happens on a
//! day works from the day after. With a lag of n days the answer is that of n days before.
//!
//! Every source gives a person's answers as a list of (day, answer): from this day on, until the next. [`walk`] keeps
//! what concerns the person's time and drops answers that repeat the one before.

use super::covariate::Raw;
use super::error::{Fault, LoadError, Place, counted};
use super::extract::ColumnKey;
use super::people::{Kept, People};
use super::rows::Rows;
use super::schema::{Dictionary, MISSING_CODE, Values};
use super::split::{self, Scale, Shift};
use super::{Note, covariate, ends};
use crate::day::Day;
use crate::study::{
    Covariate, DateOf, Kind, Lookback, LookbackStart, Measure, Offset, Overlap, PickRow, Recode, Source,
};
use crate::table::MISSING_WHOLE;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Persons and the time for which answers are wanted: everybody on the index date or the day of entry, or those followed
/// from entry to exit.
pub(crate) struct Asked<'a> {
    pub(crate) people: &'a People<'a>,
    /// Their positions, ascending.
    pub(crate) positions: Vec<u32>,
    /// The day as of which each is asked first.
    pub(crate) entry: Vec<i32>,
    /// The day before which each is asked last; after the entry.
    pub(crate) exit: Vec<i32>,
}

impl<'a> Asked<'a> {
    /// Everybody, as of the index date.
    pub(crate) fn at_index(people: &'a People<'a>) -> Asked<'a> {
        let entry: Vec<i32> = people.index.iter().map(|d| d.0).collect();
        Asked { people, positions: people.positions(), exit: entry.iter().map(|d| d + 1).collect(), entry }
    }

    /// Everybody, as of the day of entry: the index date, or later where the study says so.
    pub(crate) fn at_entry(people: &'a People<'a>) -> Asked<'a> {
        let entry = ends::entry_days(people);
        Asked { people, positions: people.positions(), exit: entry.iter().map(|d| d + 1).collect(), entry }
    }

    fn len(&self) -> usize {
        self.positions.len()
    }

    fn person(&self, i: usize) -> u32 {
        self.people.numbers[self.positions[i] as usize]
    }

    fn index(&self, i: usize) -> Day {
        self.people.index[self.positions[i] as usize]
    }
}

/// Days on which answers begin to hold, person by person; the first of each is the entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Changes {
    /// Which of the persons asked, ascending.
    pub(crate) who: Vec<u32>,
    /// From which day on, ascending within a person.
    pub(crate) day: Vec<i32>,
}

impl Changes {
    /// Number of answers.
    pub(crate) fn len(&self) -> usize {
        self.who.len()
    }

    /// Keeps the answers with these numbers, which ascend.
    pub(crate) fn take(&mut self, kept: &[u32]) {
        self.who = kept.iter().map(|&k| self.who[k as usize]).collect();
        self.day = kept.iter().map(|&k| self.day[k as usize]).collect();
    }
}

/// Answers of all persons, and how many persons have rows that contradict each other.
struct Walked<V> {
    changes: Changes,
    answers: Vec<V>,
    contradicting: u64,
}

/// Persons of a block that one thread walks.
const BLOCK: usize = 1 << 14;

/// Asks for every person's list of (day, answer), ascending by day, and cuts it to the person's time. `ask` gives whether
/// rows contradict each other.
fn walk<V: Copy + PartialEq + Send + Sync>(
    asked: &Asked,
    ask: impl Fn(usize, &mut Vec<(i32, V)>) -> bool + Sync,
    before: V,
) -> Walked<V> {
    let n_blocks = asked.len().div_ceil(BLOCK);
    let block = |b: usize| {
        let mut out = Walked { changes: Changes::default(), answers: Vec::new(), contradicting: 0 };
        let mut list: Vec<(i32, V)> = Vec::new();
        for i in b * BLOCK..((b + 1) * BLOCK).min(asked.len()) {
            list.clear();
            out.contradicting += u64::from(ask(i, &mut list));
            let (entry, exit) = (asked.entry[i], asked.exit[i]);
            let known = list.partition_point(|(day, _)| *day <= entry);
            let mut last = list[..known].last().map_or(before, |(_, answer)| *answer);
            out.push(i, entry, last);
            for (k, &(day, answer)) in list.iter().enumerate().skip(known).take_while(|(_, (day, _))| *day < exit) {
                // Of several answers from one day on the last counts.
                let overruled = list.get(k + 1).is_some_and(|(next, _)| *next == day);
                if answer != last && !overruled {
                    out.push(i, day, answer);
                    last = answer;
                }
            }
        }
        out
    };
    let blocks: Vec<Walked<V>> = (0..n_blocks).into_par_iter().map(block).collect();
    let mut all = Walked { changes: Changes::default(), answers: Vec::new(), contradicting: 0 };
    for block in blocks {
        all.changes.who.extend(block.changes.who);
        all.changes.day.extend(block.changes.day);
        all.answers.extend(block.answers);
        all.contradicting += block.contradicting;
    }
    all
}

impl<V> Walked<V> {
    fn push(&mut self, who: usize, day: i32, answer: V) {
        self.changes.who.push(who as u32);
        self.changes.day.push(day);
        self.answers.push(answer);
    }
}

/// What a dated covariate says as of every day that is asked for; `None` for a source that is not dated. Notes are added
/// about rows that could not count.
///
/// Errors: rows of a person that contradict each other.
pub(crate) fn answers(
    asked: &Asked,
    kept: &Kept,
    covariate: &Covariate,
    notes: &mut Vec<Note>,
) -> Result<Option<(Changes, Raw)>, LoadError> {
    let request = covariate::request(asked.people.study, covariate);
    let rows = request.as_ref().map(|(extract, request)| kept.rows(extract, request));
    let rows = || rows.expect("a covariate from rows asked for them");
    let lag = covariate.timing.lag();
    match &covariate.source {
        Source::Status { look_back, .. } | Source::Latest { look_back, .. } => {
            let found = latest(asked, rows(), *look_back, lag);
            picked(covariate, found, rows(), 1, "rows of one day with different values").map(Some)
        }
        Source::SpellValue { overlap, .. } => {
            let found = spell_values(asked, rows(), *overlap, lag);
            picked(covariate, found, rows(), 2, "spells of different values on one day").map(Some)
        }
        Source::Yearly { at, look_back, .. } => {
            let Values::Whole(years) = &rows().columns[0] else {
                return Err(fault(covariate, "the year is no whole number", "declare type = \"whole\""));
            };
            let found = yearly(asked, rows(), years, (at.offset, *look_back), lag);
            let what = "more than one row of the year that counts";
            let remedy = "set duplicates = \"collapse_identical\" if they are equal, else repair them at the source";
            contradiction(covariate, found.contradicting, what, remedy)?;
            Ok(Some(taken(found, rows(), 1)))
        }
        Source::Wide { at, look_back, .. } => {
            let columns = &request.as_ref().expect("a wide covariate asks for its rows").1.columns;
            Ok(Some(wide(asked, rows(), columns, (at.offset, *look_back), lag)))
        }
        Source::Events { within, measure, .. } => Ok(Some(events(asked, rows(), within, measure, covariate, notes))),
        Source::YearsSince(date) | Source::DaysSince(date) | Source::YearOf(date) => {
            Ok(Some(clock(asked, kept, covariate, date)))
        }
        Source::Person(_) | Source::Covariate(_) | Source::IndexCodes { .. } | Source::Sql(_) | Source::Matching(_) => {
            Ok(None)
        }
    }
}

fn fault(covariate: &Covariate, rule: impl Into<String>, remedy: &str) -> LoadError {
    LoadError::Covariate(Fault::new(Place::file(format!("covariate.{}", covariate.name)), rule, remedy))
}

fn contradiction(covariate: &Covariate, persons: u64, what: &str, remedy: &str) -> Result<(), LoadError> {
    if persons == 0 {
        return Ok(());
    }
    let have = if persons == 1 { "has" } else { "have" };
    Err(fault(covariate, format!("{} {have} {what}", counted(persons, "person")), remedy))
}

/// The values of the rows that were found.
fn picked(
    covariate: &Covariate,
    found: Walked<Option<u32>>,
    rows: &Rows,
    value: usize,
    what: &str,
) -> Result<(Changes, Raw), LoadError> {
    let remedy = match &covariate.source {
        Source::SpellValue { overlap: Overlap::Error, .. } => {
            "repair them at the source, or set on_overlap = \"latest_start\""
        }
        _ => "repair them at the source, or set a `where` on the extract",
    };
    contradiction(covariate, found.contradicting, what, remedy)?;
    Ok(taken(found, rows, value))
}

fn taken(found: Walked<Option<u32>>, rows: &Rows, value: usize) -> (Changes, Raw) {
    let values = rows.columns[value].take_or_missing(&found.answers);
    (found.changes, Raw { values, dictionary: Arc::clone(&rows.dictionaries[value]) })
}

/// The first day as of which `offset` reaches `day`: the least d with d + offset >= day.
fn first_reaching(offset: Offset, day: i32) -> i32 {
    let back = Offset { amount: -offset.amount, ..offset };
    let mut d = back.from(Day(day)).0;
    // Months have different lengths, so the way back may miss by days, but never by a week.
    let limit = 400;
    let mut steps = 0;
    while offset.from(Day(d - 1)).0 >= day && steps < limit {
        (d, steps) = (d - 1, steps + 1);
    }
    while offset.from(Day(d)).0 < day && steps < limit {
        (d, steps) = (d + 1, steps + 1);
    }
    d
}

/// Rows of a person that have a day in the first column.
fn dated(rows: &Rows, person: u32) -> Range<usize> {
    let of = rows.of(person);
    let days = rows.columns[0].days();
    of.start + days[of.clone()].partition_point(|d| *d == MISSING_WHOLE)..of.end
}

/// The row with the latest day; of one day the first.
fn latest(asked: &Asked, rows: &Rows, look_back: Option<Offset>, lag: i32) -> Walked<Option<u32>> {
    let days = rows.columns[0].days();
    let values = &rows.columns[1];
    let back = look_back.map(|o| Offset { amount: -o.amount, ..o });
    let ask = |i: usize, out: &mut Vec<(i32, Option<u32>)>| {
        let (entry, exit) = (asked.entry[i], asked.exit[i]);
        let mut contradicting = false;
        let mut of = dated(rows, asked.person(i));
        while let Some(first) = of.next() {
            let day = days[first];
            let mut differ = false;
            while of.start < of.end && days[of.start] == day {
                differ |= !values.same(first, of.start);
                of.start += 1;
            }
            let next = if of.start < of.end { days[of.start] } else { i32::MAX };
            out.push((day + lag, Some(first as u32)));
            let mut until = next;
            if let Some(back) = back {
                let stale = first_reaching(back, day + 1);
                if stale < next {
                    out.push((stale + lag, None));
                    until = stale;
                }
            }
            contradicting |= differ && day + lag < exit && until.saturating_add(lag) > entry;
        }
        contradicting
    };
    walk(asked, ask, None)
}

/// The row of the spell that covers the day.
fn spell_values(asked: &Asked, rows: &Rows, overlap: Overlap, lag: i32) -> Walked<Option<u32>> {
    let (from, to) = (rows.columns[0].days(), rows.columns[1].days());
    let values = &rows.columns[2];
    // The row that counts as of a day, and whether several could.
    let covering = |of: Range<usize>, day: i32| {
        let mut found: Option<usize> = None;
        let mut differ = false;
        for row in of.filter(|&row| from[row] <= day && (to[row] == MISSING_WHOLE || day <= to[row])) {
            match found {
                Some(earlier) if overlap == Overlap::LatestStart && from[row] > from[earlier] => {
                    (found, differ) = (Some(row), false);
                }
                Some(earlier) if overlap == Overlap::Error || from[row] == from[earlier] => {
                    differ |= !values.same(row, earlier);
                }
                Some(_) => {}
                None => found = Some(row),
            }
        }
        (found, differ)
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
        let mut contradicting = false;
        for day in days {
            let (row, differ) = covering(of.clone(), day);
            contradicting |= differ;
            out.push((day + lag, row.map(|row| row as u32)));
        }
        contradicting
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
fn yearly(asked: &Asked, rows: &Rows, of_row: &[i32], (offset, back): (i32, i32), lag: i32) -> Walked<Option<u32>> {
    let values = &rows.columns[1];
    let ask = |i: usize, out: &mut Vec<(i32, Option<u32>)>| {
        let of = rows.of(asked.person(i));
        let mut repeated = false;
        for (day, year) in years(asked.entry[i], asked.exit[i], lag) {
            let mut found = None;
            for wanted in (year + offset - back..=year + offset).rev() {
                let mut of_year = of.clone().filter(|&row| of_row[row] == wanted);
                let row = of_year.next();
                repeated |= of_year.next().is_some();
                found = row.filter(|&row| !values.is_missing(row)).or(found);
                if found.is_some() {
                    break;
                }
            }
            out.push((day, found.map(|row| row as u32)));
        }
        repeated
    };
    walk(asked, ask, None)
}

/// The cell of the column of the year. The columns of a family have dictionaries of their own.
fn wide(asked: &Asked, rows: &Rows, columns: &[ColumnKey], (offset, back): (i32, i32), lag: i32) -> (Changes, Raw) {
    let ask = |i: usize, out: &mut Vec<(i32, Option<(u32, u32)>)>| {
        let row = rows.of(asked.person(i)).next();
        for (day, year) in years(asked.entry[i], asked.exit[i], lag) {
            let column_of = |wanted: i32| columns.iter().position(|c| c.year == Some(wanted));
            let cell = row.and_then(|row| {
                let mut wanted = (year + offset - back..=year + offset).rev().filter_map(column_of);
                wanted.find(|&c| !rows.columns[c].is_missing(row)).map(|c| (row as u32, c as u32))
            });
            out.push((day, cell));
        }
        false
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
    (found.changes, Raw { values, dictionary: Arc::new(dictionary) })
}

/// The number of rows in the window, or their sum.
fn events(
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
        false
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

/// Time since a date, or the calendar year: cut where the class becomes another.
fn clock(asked: &Asked, kept: &Kept, covariate: &Covariate, date: &DateOf) -> (Changes, Raw) {
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
        false
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
                covariate::request(asked.people.study, covariate).expect("a date of rows asks for them");
            let rows = kept.rows(&extract, &request);
            let days = rows.columns[0].days();
            let ask = |i: usize, out: &mut Vec<(i32, Option<i32>)>| {
                let days = &days[dated(rows, asked.person(i))];
                match pick {
                    PickRow::Last if changes => {
                        out.extend(days.iter().map(|&day| (day, Some(day))));
                        false
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
    use crate::study::OffsetUnit;

    #[test]
    fn a_window_reaches_a_day_first_when_it_does() {
        for unit in [OffsetUnit::Days, OffsetUnit::Months, OffsetUnit::Years] {
            for amount in [-31, -12, -1, 0] {
                let offset = Offset { amount, unit };
                for day in 15_000..15_500 {
                    let first = first_reaching(offset, day);
                    assert!(offset.from(Day(first)).0 >= day && offset.from(Day(first - 1)).0 < day, "{offset} {day}");
                }
            }
        }
    }

    #[test]
    fn birthdays_are_whole_years() {
        let day = |y, m, d| Day::from_ymd(y, m, d).unwrap().0;
        assert_eq!(anniversary(day(1970, 5, 17), 40.0), day(2010, 5, 17));
        // Somebody born on 29 February completes a year on 1 March of a common year.
        assert_eq!(anniversary(day(1972, 2, 29), 18.0), day(1990, 3, 1));
        assert_eq!(anniversary(day(2000, 1, 1), 0.5), day(2000, 7, 2)); // 183 of 366 days
    }
}
