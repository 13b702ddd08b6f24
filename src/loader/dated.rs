//! What dated sources say of a person as of a day, and on which days they begin to say something else.
//!
//! As of day d counts what is dated on or before d. A covariate at index is asked as of the index date, one at entry as of
//! the day of entry; one that changes
//! is asked as of every day of follow-up, and has in a record (entry, exit] the answer as of the entry: what happens on a
//! day works from the day after. With a lag of n days the answer is that of n days before.
//!
//! Every source gives a person's answers as a list of (day, answer): from this day on, until the next. [`walk`] keeps
//! what concerns the person's time and drops answers that repeat the one before.

use super::clocks::clock;
use super::covariate::fault;
use super::error::{LoadError, counted};
use super::latest_rows::{latest, spell_values, wide, yearly};
use super::people::{Kept, People};
use super::raw_values::Raw;
use super::rows::Rows;
use super::values::Values;
use super::windows::{events, shortened_window};
use super::{Note, covariate_rows, ends};
use crate::day::Day;
use crate::study::{Covariate, Offset, OnSameDay, Overlap, Source};
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

    pub(super) fn person(&self, i: usize) -> u32 {
        self.people.numbers[self.positions[i] as usize]
    }

    pub(super) fn index(&self, i: usize) -> Day {
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

/// What the rows of a person showed beside the answers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    /// They contradict each other.
    pub(super) contradicting: bool,
    /// A declared rule chose: an earlier year, the last of several spells, nothing since all is too old.
    pub(super) by_rule: bool,
    /// A declared rule chose among rows of one day.
    pub(super) same_day: bool,
}

/// Answers of all persons, and how many of them have rows that contradict each other, or an answer by a declared rule.
pub(super) struct Walked<V> {
    pub(super) changes: Changes,
    pub(super) answers: Vec<V>,
    pub(super) contradicting: u64,
    pub(super) by_rule: u64,
    pub(super) same_day: u64,
}

/// Persons of a block that one thread walks.
const BLOCK: usize = 1 << 14;

/// Asks for every person's list of (day, answer), ascending by day, and cuts it to the person's time.
pub(super) fn walk<V: Copy + PartialEq + Send + Sync>(
    asked: &Asked,
    ask: impl Fn(usize, &mut Vec<(i32, V)>) -> Told + Sync,
    before: V,
) -> Walked<V> {
    let n_blocks = asked.len().div_ceil(BLOCK);
    let block = |b: usize| {
        let mut out = Walked::new();
        let mut list: Vec<(i32, V)> = Vec::new();
        for i in b * BLOCK..((b + 1) * BLOCK).min(asked.len()) {
            list.clear();
            let told = ask(i, &mut list);
            out.contradicting += u64::from(told.contradicting);
            out.by_rule += u64::from(told.by_rule);
            out.same_day += u64::from(told.same_day);
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
    let mut all = Walked::new();
    for block in blocks {
        all.changes.who.extend(block.changes.who);
        all.changes.day.extend(block.changes.day);
        all.answers.extend(block.answers);
        all.contradicting += block.contradicting;
        all.by_rule += block.by_rule;
        all.same_day += block.same_day;
    }
    all
}

impl<V> Walked<V> {
    fn new() -> Walked<V> {
        Walked { changes: Changes::default(), answers: Vec::new(), contradicting: 0, by_rule: 0, same_day: 0 }
    }

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
    let request = covariate_rows::request(asked.people.study, covariate);
    let rows = request.as_ref().map(|(extract, request)| kept.rows(extract, request));
    let rows = || rows.expect("a covariate from rows asked for them");
    let lag = covariate.timing.lag();
    match &covariate.source {
        Source::Status { look_back, same_day, .. } | Source::Latest { look_back, same_day, .. } => {
            let found = latest(asked, rows(), *look_back, *same_day, lag);
            by_rule(covariate, found.by_rule, "a value that is too old for look_back does not count", notes);
            by_rule(covariate, found.same_day, of_one_day(*same_day), notes);
            picked(covariate, found, rows(), 1, "rows of one day with different values").map(Some)
        }
        Source::SpellValue { overlap, .. } => {
            let found = spell_values(asked, rows(), *overlap, lag);
            by_rule(covariate, found.by_rule, "of several spells of one day the one that began last counts", notes);
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
            by_rule(covariate, found.by_rule, EARLIER_YEAR, notes);
            Ok(Some(taken(found, rows(), 1)))
        }
        Source::Wide { at, look_back, .. } => {
            let columns = &request.as_ref().expect("a wide covariate asks for its rows").1.columns;
            let (earlier, found) = wide(asked, rows(), columns, (at.offset, *look_back), lag);
            by_rule(covariate, earlier, EARLIER_YEAR, notes);
            Ok(Some(found))
        }
        Source::Events { rows: of, within, measure, truncate_lookback } => {
            if *truncate_lookback {
                notes.extend(shortened_window(asked, &of.extract, within, covariate));
            }
            Ok(Some(events(asked, rows(), within, measure, covariate, notes)))
        }
        Source::YearsSince(date) | Source::DaysSince(date) | Source::YearOf(date) => {
            Ok(Some(clock(asked, kept, covariate, date)))
        }
        Source::Person(_) | Source::Covariate(_) | Source::IndexCodes { .. } | Source::Sql(_) | Source::Matching(_) => {
            Ok(None)
        }
    }
}

/// What a rule made of rows of one day with different values.
fn of_one_day(rule: OnSameDay) -> &'static str {
    match rule {
        OnSameDay::Smallest => "of rows of one day with different values the smallest counts",
        OnSameDay::Largest => "of rows of one day with different values the largest counts",
        OnSameDay::Missing | OnSameDay::Error => "rows of one day with different values, taken as missing",
    }
}

const EARLIER_YEAR: &str = "a value of an earlier year counts, as look_back says";

/// Notes for how many persons a declared rule chose, of all who were asked for.
fn by_rule(covariate: &Covariate, persons: u64, message: &str, notes: &mut Vec<Note>) {
    let note = || Note::new(&format!("covariate.{}", covariate.name), message, persons, "persons");
    notes.extend((persons > 0).then(note));
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
        Source::Status { .. } | Source::Latest { .. } => {
            "repair them at the source, set a `where` on the extract, or say what they mean: on_same_day = \"missing\", of numbers also \
             \"smallest\" or \"largest\""
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
pub(super) fn first_reaching(offset: Offset, day: i32) -> i32 {
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
pub(super) fn dated(rows: &Rows, person: u32) -> Range<usize> {
    let of = rows.of(person);
    let days = rows.columns[0].days();
    of.start + days[of.clone()].partition_point(|d| *d == MISSING_WHOLE)..of.end
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
}
