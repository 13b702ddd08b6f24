//! Who enters the cohort, and the steps in order.

use super::attrition::Attrition;
use super::covariate;
use super::derived::Derived;
use super::error::{Fault, LoadError, Place};
use super::people::{Kept, People, Slots};
use super::request::Request;
use super::spells::SpellRows;
use super::{Note, condition};
use crate::day::Day;
use crate::study::{
    AgeWindow, Condition, EventRows, Index, IndexSource, Offset, Pick, Source, Step, StepKind, Study, Washout, Window,
};
use crate::table::MISSING_WHOLE;
use indexmap::IndexMap;
use rayon::prelude::*;

/// The rows that the index event needs; `None` when the index is a date of the population.
pub(crate) fn index_request(study: &Study) -> Option<(String, Request)> {
    let index = &study.cohort.index;
    let IndexSource::Event { rows, .. } = &index.source else { return None };
    let mut columns: Vec<&str> = Vec::new();
    for covariate in study.covariates.values() {
        if let Source::IndexCodes { column } = &covariate.source
            && !columns.contains(&column.as_str())
        {
            columns.push(column);
        }
    }
    // A wash-out looks at rows before the window too.
    let washout = index.washout.and_then(Washout::length);
    let from = index.from.map(|from| washout.map_or(from, |length| back(length).from(from)));
    Some((rows.extract.clone(), Request::events(rows, from, index.to, &columns)))
}

/// As far back as `length` is long.
fn back(length: Offset) -> Offset {
    Offset { amount: -length.amount, ..length }
}

/// The rows that a window around the index date needs: none that no index date can ask for.
pub(crate) fn window_request(study: &Study, rows: &EventRows, within: &Window) -> Request {
    let index = &study.cohort.index;
    let (from, to) = (index.from.map(|d| within.start.from(d)), index.to.map(|d| within.end.from(d)));
    Request::events(rows, from, to, &[])
}

/// Dates of the population by person number; `MISSING_WHOLE` where there is none.
pub(crate) struct PopulationDates {
    /// The index date, where it is a date of the population.
    pub(crate) index: Option<Vec<i32>>,
    /// The date of birth, where the index has an age window.
    pub(crate) birth: Option<Vec<i32>>,
}

/// The index date of each person; `None` for those who do not enter.
pub(crate) fn index_dates(study: &Study, kept: &Kept, n_persons: usize, dates: &PopulationDates) -> Vec<Option<Day>> {
    let index = &study.cohort.index;
    let birth = |person: u32| dates.birth.as_ref().map_or(MISSING_WHOLE, |b| b[person as usize]);
    match (&index.source, index_request(study)) {
        (IndexSource::Event { pick, .. }, Some((extract, request))) => {
            let rows = kept.rows(&extract, &request);
            let days = rows.columns[0].days();
            let pick_of = |person| pick_day(&index_days(index, birth(person), &days[rows.of(person)]), *pick);
            (0..n_persons as u32).into_par_iter().map(pick_of).collect()
        }
        _ => {
            let dates = dates.index.as_ref().expect("an index date of the population comes with its dates");
            let day = |person: u32| {
                let day = Day(dates[person as usize]);
                Some(day).filter(|&d| d.0 != MISSING_WHOLE && in_window(index, birth(person), d))
            };
            (0..n_persons as u32).into_par_iter().map(day).collect()
        }
    }
}

/// Whether a day lies in the calendar and the age window of the index.
fn in_window(index: &Index, birth: i32, day: Day) -> bool {
    let of_age = |age: &AgeWindow| birth != MISSING_WHOLE && age.holds(Day(birth), day);
    index.from.is_none_or(|from| day >= from)
        && index.to.is_none_or(|to| day <= to)
        && index.age.as_ref().is_none_or(of_age)
}

/// The distinct ones of a person's sorted days that can be the index date: in the windows, and with the wash-out before.
fn index_days(index: &Index, birth: i32, days: &[i32]) -> Vec<i32> {
    let washout = index.washout.and_then(Washout::length);
    let washed_out = |at: usize, day: i32| {
        let begins = |length: Offset| back(length).from(Day(day)).0;
        washout.is_none_or(|length| at == 0 || days[at - 1] < begins(length))
    };
    let distinct = days.iter().enumerate().filter(|&(at, day)| at == 0 || days[at - 1] != *day);
    let possible = distinct.filter(|&(at, &day)| in_window(index, birth, Day(day)) && washed_out(at, day));
    possible.map(|(_, &day)| day).collect()
}

/// The picked one of sorted, distinct days.
fn pick_day(days: &[i32], pick: Pick) -> Option<Day> {
    let picked = match pick {
        Pick::First => days.first(),
        Pick::Last => days.last(),
        Pick::Nth(n) => days.get(n as usize - 1),
    };
    picked.map(|&d| Day(d))
}

/// Applies the steps in order to the persons at the positions of `alive`.
pub(crate) fn apply_steps(
    people: &People,
    kept: &Kept,
    derived: &IndexMap<String, Derived>,
    alive: &mut Vec<u32>,
    attrition: &mut Attrition,
    notes: &mut Vec<Note>,
) -> Result<(), LoadError> {
    for (i, step) in people.study.cohort.steps.iter().enumerate() {
        let holds = evaluate(people, kept, derived, alive, step, i, notes)?;
        let wanted = step.kind == StepKind::Include;
        let mut holds = holds.into_iter();
        attrition.keep(&step.label, alive, |_| holds.next().expect("one answer a person") == wanted);
    }
    Ok(())
}

/// Whether each of `alive` satisfies the condition of a step; unknown is not satisfied, and counted.
fn evaluate(
    people: &People,
    kept: &Kept,
    derived: &IndexMap<String, Derived>,
    alive: &[u32],
    step: &Step,
    i: usize,
    notes: &mut Vec<Note>,
) -> Result<Vec<bool>, LoadError> {
    let person = |position: &u32| (people.numbers[*position as usize], people.index[*position as usize]);
    match &step.condition {
        Condition::Sql(sql) => {
            let source = format!("cohort.step {} ({})", i + 1, step.label);
            let compiled = condition::compile(&sql.text, &source)?;
            covariate::check_covered(derived, &compiled.names, alive, &format!("at step {} of the cohort", i + 1))?;
            let truth = people.evaluate(&compiled, &Slots::persons(alive, derived))?;
            let unknown = truth.iter().filter(|t| t.is_none()).count() as u64;
            if unknown > 0 {
                let message = "the condition is unknown (a missing value) and taken as not satisfied";
                notes.push(Note::new(&source, message, unknown, "persons"));
            }
            Ok(truth.into_iter().map(|t| t == Some(true)).collect())
        }
        Condition::Events { rows, within, count, truncate_lookback } => {
            let found = kept.rows(&rows.extract, &window_request(people.study, rows, within));
            if *truncate_lookback {
                let source = format!("cohort.step {} ({})", i + 1, step.label);
                let days = alive.iter().map(|p| person(p).1);
                notes.extend(shortened(people.study, &source, &rows.extract, (within.start, 0), days));
            }
            if within.end.amount > 0 {
                let source = format!("cohort.step {} ({})", i + 1, step.label);
                let message = "the window reaches past the index date: who enters depends on what comes after it";
                notes.push(Note::plain(&source, message));
            }
            let days = found.columns[0].days();
            let holds = |position: &u32| {
                let (person, index) = person(position);
                let (first, last) = within.around(index);
                let days = &days[found.of(person)];
                let n = days.partition_point(|&d| d <= last.0) - days.partition_point(|&d| d < first.0);
                count.holds(n as u32)
            };
            Ok(alive.par_iter().map(holds).collect())
        }
        Condition::InSpell(spells) => {
            let spells = SpellRows::new(kept, spells);
            let holds = |position: &u32| {
                let (person, index) = person(position);
                spells.end_of_spell(person, index.0).is_some()
            };
            Ok(alive.par_iter().map(holds).collect())
        }
        Condition::Covered { spells, within, at_least } => {
            let spells = SpellRows::new(kept, spells);
            let holds = |position: &u32| {
                let (person, index) = person(position);
                let (first, last) = within.around(index);
                let enough = at_least.unwrap_or((last.0 - first.0 + 1) as u32);
                spells.days_covered(person, first.0, last.0) >= enough
            };
            Ok(alive.par_iter().map(holds).collect())
        }
    }
}

/// What a look-back that begins before the rows of its register can be relied on comes to: for how many of these days, those
/// as of which it is asked for, and how short it can be. `lag` is how much later everything counts.
pub(crate) fn shortened(
    study: &Study,
    source: &str,
    extract: &str,
    (start, lag): (Offset, i32),
    days: impl Iterator<Item = Day>,
) -> Option<Note> {
    let (begins, verb) = study.extract(extract).reliable_from()?;
    let short = days.filter(|&day| start.from(Day(day.0 - lag)) < begins).count() as u64;
    let full = back(start);
    let length = match study.cohort.index.from.map(|from| from.0 - lag - begins.0) {
        Some(days) if days > 0 => format!("from {days} days on instead of {full}"),
        _ => format!("shorter than {full}"),
    };
    let message = format!("look-back {length}, because {extract} {verb} {begins}");
    Some(Note::new(source, &message, short, "persons"))
}

/// Errors when nobody is left.
pub(crate) fn somebody(left: usize, attrition: &Attrition) -> Result<(), LoadError> {
    if left > 0 {
        return Ok(());
    }
    let last = attrition.steps.iter().find(|s| s.persons == 0).map_or("", |s| s.label.as_str());
    let flow: Vec<String> = attrition.steps.iter().map(|s| format!("{} ({})", s.label, s.persons)).collect();
    let rule = format!("nobody is left after `{last}`");
    let remedy = format!("persons left after each step: {}", flow.join(", "));
    Err(LoadError::NobodyEligible(Fault::new(Place::file("cohort"), rule, remedy)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{ColumnRef, OffsetUnit};

    fn index(from: i32, to: i32, washout: Option<Washout>) -> Index {
        let column = ColumnRef { extract: "persons".into(), column: "date".into() };
        let source = IndexSource::Date(column);
        Index { span: 0..0, source, from: Some(Day(from)), to: Some(Day(to)), age: None, washout }
    }

    #[test]
    fn the_nth_distinct_day_is_picked() {
        let days = index_days(&index(0, 10, None), MISSING_WHOLE, &[3, 3, 5, 9, 11]);
        assert_eq!(pick_day(&days, Pick::First), Some(Day(3)));
        assert_eq!(pick_day(&days, Pick::Last), Some(Day(9)));
        assert_eq!(pick_day(&days, Pick::Nth(2)), Some(Day(5)));
        assert_eq!(pick_day(&days, Pick::Nth(4)), None);
        assert_eq!(pick_day(&[], Pick::Last), None);
    }

    #[test]
    fn a_day_counts_when_the_time_before_it_is_free_of_others() {
        let ten_days = Offset { amount: 10, unit: OffsetUnit::Days };
        let washout = Washout::Of { length: ten_days, truncate_lookback: false };
        // 95 is before the window, and stands in the way of 100; 105 and 110 are kept out by the day before them.
        let days = index_days(&index(100, 200, Some(washout)), MISSING_WHOLE, &[95, 100, 105, 115, 126, 126, 137]);
        assert_eq!(days, [126, 137]);
        assert_eq!(index_days(&index(100, 200, Some(Washout::None)), MISSING_WHOLE, &[95, 100, 105]), [100, 105]);
    }

    #[test]
    fn an_age_window_counts_completed_years() {
        let birth = Day::from_ymd(1980, 6, 15).unwrap();
        let column = ColumnRef { extract: "persons".into(), column: "birth".into() };
        let day = |y, m, d| Day::from_ymd(y, m, d).unwrap().0;
        let age = Some(AgeWindow { birth: column, from: Some(18), to: Some(19) });
        let index = Index { age, ..index(0, i32::MAX, None) };
        let days = [day(1998, 6, 14), day(1998, 6, 15), day(2000, 6, 14), day(2000, 6, 15)];
        assert_eq!(index_days(&index, birth.0, &days), [days[1], days[2]]);
        assert_eq!(index_days(&index, MISSING_WHOLE, &days), [0; 0]);
    }
}
