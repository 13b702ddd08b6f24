//! Which codes go together: a trial of rows tells which values of each column the conditions of a study let through.

use super::calendar::Calendar;
use super::columns::{Draw, Value};
use super::draft::{self, Draft, meets};
use super::plan::{ExtractPlan, Weights};
use crate::loader::LoadError;
use crate::simulate::random::Source;
use crate::study::ColumnKind;

/// Rows of one trial, and how many trials a rare condition gets.
const ROWS: u64 = 1_000;
const TRIALS: u64 = 12;
/// Rows that are enough to tell.
const ENOUGH: usize = 200;
/// Streams of trials; no person has these numbers.
const STREAM: u64 = 1 << 60;
/// From this share on, rows of one rule are taken to be rows of another too.
const NESTED: f64 = 0.9;

/// Learns the weights of a plan. Returns what no row of the trial satisfied, in words.
pub(super) fn learn(
    plan: &mut ExtractPlan,
    number: usize,
    calendar: &Calendar,
    source: &Source,
) -> Result<Vec<String>, LoadError> {
    let mut never = Vec::new();
    if plan.condition.is_some() {
        let found = trial(plan, None, number, calendar, source)?;
        if found.is_empty() {
            never.push("no row that was tried meets its `where`".to_owned());
        }
        plan.weights = weights(plan, &found);
    }
    for demand in 0..plan.demands.len() {
        let found = trial(plan, Some(demand), number, calendar, source)?;
        if found.is_empty() {
            let rows = plan.demands[demand].rows;
            let what = rows.condition.as_ref().map_or("codes", |_| "condition");
            never.push(format!("no row that was tried meets the {what} of a rule over `{}`", rows.date));
            continue;
        }
        plan.demands[demand].weights = weights(plan, &found);
        let cells: Vec<&[Value]> = found.iter().map(Vec::as_slice).collect();
        let mut avoid = plan.demands[demand].avoid.clone();
        let mut nested = Vec::new();
        for &other in &avoid {
            let met = meets(plan, &plan.demands[other], &cells)?.into_iter().filter(|m| *m).count();
            if met as f64 > NESTED * cells.len() as f64 {
                nested.push(other);
            }
        }
        avoid.retain(|other| !nested.contains(other));
        plan.demands[demand].avoid = avoid;
    }
    plan.has_others = has_others(plan, number, calendar, source)?;
    Ok(never)
}

/// Rows of a trial that meet a demand, or the extract's own condition.
fn trial(
    plan: &ExtractPlan,
    demand: Option<usize>,
    number: usize,
    calendar: &Calendar,
    source: &Source,
) -> Result<Vec<Vec<Value>>, LoadError> {
    let mut found: Vec<Vec<Value>> = Vec::new();
    for round in 0..TRIALS {
        let rows = (0..ROWS).map(|row| {
            let which = demand.map_or(0, |d| d as u64 + 1);
            let stream = STREAM | (number as u64) << 40 | which << 28 | (round * ROWS + row);
            let mut draws = source.stream(stream);
            let day = draws.between(calendar.index.0 - 400, calendar.ends);
            let mut draft = Draft::new(0, draws);
            draft.must = demand;
            let date = demand.map(|d| plan.demands[d].date).or_else(|| first_date(plan));
            let mut draft = date.into_iter().fold(draft, |draft, at| draft.with(at, Value::Day(day)));
            draft::draw(plan, &mut draft);
            draft.cells
        });
        let rows: Vec<Vec<Value>> = rows.collect();
        let cells: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
        let kept = match &plan.condition {
            Some(condition) => draft::holds(condition, &plan.slots, &cells)?,
            None => vec![true; rows.len()],
        };
        let met = match demand {
            Some(demand) => meets(plan, &plan.demands[demand], &cells)?,
            None => vec![true; rows.len()],
        };
        let both = kept.iter().zip(&met).map(|(kept, met)| *kept && *met).collect::<Vec<bool>>();
        found.extend(rows.into_iter().zip(both).filter(|(_, both)| *both).map(|(row, _)| row));
        if found.len() >= ENOUGH {
            break;
        }
    }
    Ok(found)
}

fn first_date(plan: &ExtractPlan) -> Option<usize> {
    plan.slots.iter().position(|s| matches!(s.draw, Draw::Date))
}

/// How often each code of each column occurs in rows; `None` for columns without codes.
fn weights(plan: &ExtractPlan, rows: &[Vec<Value>]) -> Weights {
    let of = |(at, slot): (usize, &super::columns::Slot)| {
        let (Draw::Code(codes, _), ColumnKind::Code(_)) = (&slot.draw, &slot.spec.kind) else { return None };
        let mut counts = vec![0u32; codes.len()];
        for row in rows {
            if let Value::Text(text) = &row[at]
                && let Some(code) = codes.iter().position(|code| code == text)
            {
                counts[code] += 1;
            }
        }
        counts.iter().any(|&n| n > 0).then_some(counts)
    };
    plan.slots.iter().enumerate().map(of).collect()
}

/// Whether there are rows that no sharp rule looks for.
fn has_others(plan: &ExtractPlan, number: usize, calendar: &Calendar, source: &Source) -> Result<bool, LoadError> {
    let rows = trial(plan, None, number, calendar, source)?;
    let cells: Vec<&[Value]> = rows.iter().map(Vec::as_slice).collect();
    let mut other = vec![true; cells.len()];
    for demand in plan.demands.iter().filter(|d| d.purposes.iter().any(super::plan::Purpose::is_sharp)) {
        let met = meets(plan, demand, &cells)?;
        other.iter_mut().zip(met).for_each(|(other, met)| *other &= !met);
    }
    Ok(other.iter().filter(|o| **o).count() * 20 > other.len())
}
