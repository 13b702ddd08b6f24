//! Rows before they are final: what the course of a person fixes of them, and the search for the rest.
//!
//! A row that a rule looks for must satisfy that rule's condition, which is SQL of any form. So the free cells are drawn,
//! the condition is evaluated by the loader's own evaluator, and rows for which it is not true are drawn again, each from
//! a stream of its own.

use super::columns::{Draw, Slot, Value};
use super::plan::{ExtractPlan, WantedCodes, Weights};
use crate::loader::LoadError;
use crate::loader::condition::Compiled;
use crate::simulate::random::Draws;
use crate::study::{CodeList, ColumnKind};
use polars::prelude::{Column as PolarsColumn, DataFrame, DataType, IntoColumn, NamedFrom, Series};
use std::sync::Arc;

/// A row on its way.
pub(super) struct Draft {
    /// The person, by place in the chunk.
    pub(super) person: u32,
    /// The demand that it meets.
    pub(super) must: Option<usize>,
    /// Cells that are what they are.
    pub(super) fixed: Vec<(usize, Value)>,
    pub(super) draws: Draws,
    pub(super) cells: Vec<Value>,
}

impl Draft {
    /// A row whose cells are all free.
    pub(super) fn new(person: u32, draws: Draws) -> Draft {
        Draft { person, must: None, fixed: Vec::new(), draws, cells: Vec::new() }
    }

    /// The same with a cell that is what it is.
    pub(super) fn with(mut self, slot: usize, value: Value) -> Draft {
        self.fixed.push((slot, value));
        self
    }

    /// The same as a row that a rule looks for.
    pub(super) fn meeting(mut self, demand: usize) -> Draft {
        self.must = Some(demand);
        self
    }

    /// A fixed cell.
    pub(super) fn fixed(&self, slot: usize) -> Option<&Value> {
        self.fixed.iter().find(|(at, _)| *at == slot).map(|(_, value)| value)
    }
}

/// Rounds of drawing after which a row stays as it is.
const ROUNDS: usize = 60;

/// Draws the free cells of all rows, again where a condition does not hold. Returns, by demand (the last: the extract's
/// own condition), how many rows never met it.
pub(super) fn settle(plan: &ExtractPlan, drafts: &mut [Draft]) -> Result<Vec<u64>, LoadError> {
    let mut pending: Vec<usize> = (0..drafts.len()).collect();
    let mut unmet = vec![0; plan.demands.len() + 1];
    for round in 0..ROUNDS {
        pending.iter().for_each(|&at| draw(plan, &mut drafts[at]));
        let met = Met::of(plan, drafts, &pending)?;
        let last = round + 1 == ROUNDS;
        let mut still = Vec::new();
        for (row, &at) in pending.iter().enumerate() {
            let must = drafts[at].must;
            let own = must.is_none_or(|demand| met.demand(demand, row));
            let kept = met.kept(row);
            // A row that cannot be told from those of another rule is one of them.
            let avoids = round >= ROUNDS / 2 || avoid(plan, must).iter().all(|&other| !met.demand(other, row));
            if own && kept && avoids {
                continue;
            }
            if last {
                unmet[if own { plan.demands.len() } else { must.unwrap_or(plan.demands.len()) }] += 1;
            } else {
                still.push(at);
            }
        }
        pending = still;
        if pending.is_empty() {
            break;
        }
    }
    Ok(unmet)
}

/// The demands whose rows a row should not be.
fn avoid<'p>(plan: &'p ExtractPlan, must: Option<usize>) -> Vec<usize> {
    match must {
        Some(demand) => plan.demands[demand].avoid.clone(),
        None => {
            let sharp = |d: &'p super::plan::Demand| d.purposes.iter().any(super::plan::Purpose::is_sharp);
            (0..plan.demands.len()).filter(|&at| sharp(&plan.demands[at])).collect()
        }
    }
}

/// Draws every free cell of a row.
pub(super) fn draw(plan: &ExtractPlan, draft: &mut Draft) {
    let weights: &Weights = draft.must.map_or(&plan.weights, |demand| &plan.demands[demand].weights);
    let Draft { draws, cells, fixed, must, .. } = draft;
    cells.clear();
    cells.extend(plan.slots.iter().enumerate().map(|(at, slot)| slot.value(weights[at].as_deref(), draws)));
    fixed.iter().for_each(|(at, value)| cells[*at] = value.clone());
    let days: Vec<i32> =
        fixed.iter().filter_map(|(_, v)| if let Value::Day(d) = v { Some(*d) } else { None }).collect();
    if let Some(&first) = days.first() {
        for (at, slot) in plan.slots.iter().enumerate() {
            let is_free = matches!(slot.draw, Draw::Date) && !fixed.iter().any(|(f, _)| *f == at);
            if is_free && draws.below(1000) >= slot.missing {
                cells[at] = Value::Day(first + draws.below(15) as i32);
            }
        }
    }
    if let Some(demand) = must.map(|demand| &plan.demands[demand]) {
        if let Some(WantedCodes { places, list, codes }) = &demand.codes {
            let usable: Vec<usize> = (0..places.len()).filter(|&i| !codes[i].is_empty()).collect();
            if !usable.is_empty() {
                let i = usable[draws.below(usable.len() as u32) as usize];
                let code = codes[i][draws.below(codes[i].len() as u32) as usize].clone();
                put_code(&plan.slots, cells, places[i], code, Some(list), draws);
            }
        }
        for (place, codes) in demand.also.iter().filter(|(_, codes)| !codes.is_empty()) {
            let code = codes[draws.below(codes.len() as u32) as usize].clone();
            put_code(&plan.slots, cells, *place, code, None, draws);
        }
    }
    // Rows that do not say their code system have no codes, unless the study says what that means.
    for (at, slot) in plan.slots.iter().enumerate() {
        if let Some(system) = slot.system
            && cells[system] == Value::Missing
            && !slot.blank_system
        {
            cells[at] = Value::Missing;
        }
    }
}

/// Puts a code into a cell; now and then with another one behind it, where a cell may hold several.
fn put_code(
    slots: &[Slot],
    cells: &mut [Value],
    at: usize,
    code: Arc<str>,
    list: Option<&CodeList>,
    draws: &mut Draws,
) {
    let slot = &slots[at];
    cells[at] = match (&slot.spec.kind, &cells[at]) {
        (ColumnKind::Codes { .. }, Value::Codes(others)) if draws.below(5) == 0 && others[0] != code => {
            Value::Codes(vec![code, others[0].clone()])
        }
        (ColumnKind::Codes { .. }, _) => Value::Codes(vec![code]),
        _ => Value::Text(code),
    };
    if let (Some(system), Some(name)) = (slot.system, list.and_then(|l| l.system.as_deref())) {
        cells[system] = Value::Text(name.into());
    }
}

/// Which rows meet which conditions.
struct Met {
    kept: Option<Vec<bool>>,
    demands: Vec<Vec<bool>>,
}

impl Met {
    fn of(plan: &ExtractPlan, drafts: &[Draft], rows: &[usize]) -> Result<Met, LoadError> {
        let cells: Vec<&[Value]> = rows.iter().map(|&at| drafts[at].cells.as_slice()).collect();
        let kept = plan.condition.as_ref().map(|c| holds(c, &plan.slots, &cells)).transpose()?;
        let demands = plan.demands.iter().map(|demand| meets(plan, demand, &cells)).collect::<Result<_, _>>()?;
        Ok(Met { kept, demands })
    }

    fn kept(&self, row: usize) -> bool {
        self.kept.as_ref().is_none_or(|kept| kept[row])
    }

    /// Whether a row is one of those that a demand looks for.
    fn demand(&self, demand: usize, row: usize) -> bool {
        self.demands[demand][row] && self.kept(row)
    }
}

/// Whether each row has the codes of a demand and meets its condition.
pub(super) fn meets(
    plan: &ExtractPlan,
    demand: &super::plan::Demand,
    cells: &[&[Value]],
) -> Result<Vec<bool>, LoadError> {
    let mut met = match &demand.condition {
        Some(condition) => holds(condition, &plan.slots, cells)?,
        None => vec![true; cells.len()],
    };
    if let Some(WantedCodes { places, list, .. }) = &demand.codes {
        for (met, row) in met.iter_mut().zip(cells) {
            *met &= places.iter().any(|&place| has_code(&plan.slots, row, place, list));
        }
    }
    Ok(met)
}

/// Whether a cell has a code of a list, of the list's system where that is told.
fn has_code(slots: &[Slot], row: &[Value], place: usize, list: &CodeList) -> bool {
    let listed = match &row[place] {
        Value::Text(code) => list.matches(code),
        Value::Codes(codes) => codes.iter().any(|code| list.matches(code)),
        _ => false,
    };
    listed
        && match (slots[place].system, &list.system) {
            (Some(system), Some(name)) => matches!(&row[system], Value::Text(t) if **t == **name),
            _ => true,
        }
}

/// Whether a condition is true of each row.
pub(super) fn holds(condition: &Compiled, slots: &[Slot], rows: &[&[Value]]) -> Result<Vec<bool>, LoadError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let columns = columns(&condition.names, slots, rows);
    let frame = DataFrame::new(rows.len(), columns).expect("columns over the same rows have one length");
    Ok(condition.evaluate(&frame)?.iter().map(|met| met == Some(true)).collect())
}

/// The columns of these names as polars holds them.
pub(super) fn columns(names: &[String], slots: &[Slot], rows: &[&[Value]]) -> Vec<PolarsColumn> {
    let named = slots.iter().enumerate().filter(|(_, s)| s.year.is_none() && names.contains(&s.spec.name));
    named.filter_map(|(at, slot)| column(slot, at, rows)).collect()
}

/// A column of drawn values as polars holds it; `None` for several codes a row, which SQL cannot name.
fn column(slot: &Slot, at: usize, rows: &[&[Value]]) -> Option<PolarsColumn> {
    let name = slot.spec.name.as_str().into();
    let series = match &slot.spec.kind {
        ColumnKind::Codes { .. } => return None,
        ColumnKind::Date(_) => {
            let day = |row: &&[Value]| if let Value::Day(d) = row[at] { Some(slot.as_read(d)) } else { None };
            let days: Vec<Option<i32>> = rows.iter().map(day).collect();
            Series::new(name, days).cast(&DataType::Date).expect("days are dates")
        }
        ColumnKind::Code(_) => {
            let text = |row: &&[Value]| if let Value::Text(t) = &row[at] { Some(t.to_string()) } else { None };
            Series::new(name, rows.iter().map(text).collect::<Vec<Option<String>>>())
        }
        ColumnKind::Whole { .. } => {
            let whole = |row: &&[Value]| if let Value::Whole(x) = row[at] { Some(x) } else { None };
            Series::new(name, rows.iter().map(whole).collect::<Vec<Option<i32>>>())
        }
        ColumnKind::Number { .. } => {
            let number = |row: &&[Value]| if let Value::Number(x) = row[at] { Some(x) } else { None };
            Series::new(name, rows.iter().map(number).collect::<Vec<Option<f64>>>())
        }
    };
    Some(series.into_column())
}
