//! Who enters the cohort, and the steps in order.

use super::attrition::Attrition;
use super::covariate::{self, Derived};
use super::error::{Fault, LoadError, Place};
use super::extract::Request;
use super::people::{Kept, People, Slots};
use super::spells::SpellRows;
use super::{Note, condition};
use crate::day::Day;
use crate::study::{Condition, EventRows, IndexSource, Pick, Source, Step, StepKind, Study, Window};
use indexmap::IndexMap;

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
    Some((rows.extract.clone(), Request::events(rows, index.from, index.to, &columns)))
}

/// The rows that a window around the index date needs: none that no index date can ask for.
pub(crate) fn window_request(study: &Study, rows: &EventRows, within: &Window) -> Request {
    let index = &study.cohort.index;
    let (from, to) = (index.from.map(|d| within.start.from(d)), index.to.map(|d| within.end.from(d)));
    Request::events(rows, from, to, &[])
}

/// The index date of each of the persons with a row in the population; `None` for those who do not enter.
pub(crate) fn index_dates(study: &Study, kept: &Kept, n_persons: usize, dates: Option<&[i32]>) -> Vec<Option<Day>> {
    let index = &study.cohort.index;
    let within = |day: Day| index.from.is_none_or(|from| day >= from) && index.to.is_none_or(|to| day <= to);
    match (&index.source, index_request(study)) {
        (IndexSource::Event { pick, .. }, Some((extract, request))) => {
            let rows = kept.rows(&extract, &request);
            let days = rows.columns[0].days();
            (0..n_persons as u32).map(|person| pick_day(&days[rows.of(person)], *pick)).collect()
        }
        _ => {
            let dates = dates.expect("an index date of the population comes with its dates");
            dates.iter().map(|&d| Some(Day(d)).filter(|&day| d != crate::table::MISSING_WHOLE && within(day))).collect()
        }
    }
}

/// The picked one of sorted days.
fn pick_day(days: &[i32], pick: Pick) -> Option<Day> {
    match pick {
        Pick::First => days.first().map(|&d| Day(d)),
        Pick::Last => days.last().map(|&d| Day(d)),
        Pick::Nth(n) => days.chunk_by(|a, b| a == b).nth(n as usize - 1).map(|same| Day(same[0])),
    }
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
            if *truncate_lookback && let Some(begins) = people.study.extract(&rows.extract).coverage.from {
                let short = alive.iter().filter(|p| within.around(person(p).1).0 < begins).count() as u64;
                let message = format!("look-back shortened: {} begins {begins}", rows.extract);
                notes.push(Note::new(&format!("cohort.step {} ({})", i + 1, step.label), &message, short, "persons"));
            }
            let days = found.columns[0].days();
            let holds = |position: &u32| {
                let (person, index) = person(position);
                let (first, last) = within.around(index);
                let days = &days[found.of(person)];
                let n = days.partition_point(|&d| d <= last.0) - days.partition_point(|&d| d < first.0);
                count.holds(n as u32)
            };
            Ok(alive.iter().map(holds).collect())
        }
        Condition::InSpell(spells) => {
            let spells = SpellRows::new(kept, spells);
            let holds = |position: &u32| {
                let (person, index) = person(position);
                spells.end_of_spell(person, index.0).is_some()
            };
            Ok(alive.iter().map(holds).collect())
        }
    }
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

    #[test]
    fn the_nth_distinct_day_is_picked() {
        let days = [3, 3, 5, 9];
        assert_eq!(pick_day(&days, Pick::First), Some(Day(3)));
        assert_eq!(pick_day(&days, Pick::Last), Some(Day(9)));
        assert_eq!(pick_day(&days, Pick::Nth(2)), Some(Day(5)));
        assert_eq!(pick_day(&days, Pick::Nth(4)), None);
        assert_eq!(pick_day(&[], Pick::Last), None);
    }
}
