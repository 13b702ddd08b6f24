//! Kinds of events from a condition: `--competing 'cause == 2'`, as `cohort fit` takes it, beside the event of the formula.

use super::{DescribeError, DescribeSettings};
use crate::design::{self, CauseColumn};
use crate::error::{Error, Result};
use crate::formula::Formula;
use crate::table::{Codes, Column, ColumnData, Factor, Table};

/// The table with a column of kinds (censored, event, competing event) when the settings name a condition and no column.
/// The event of the formula goes before the condition where both hold.
pub(super) fn of_condition(
    table: &Table,
    settings: &DescribeSettings,
    formula: &Formula,
) -> Result<Option<(Table, CauseColumn)>> {
    let Some(asked) = settings.competing.as_ref().filter(|c| table.column(&c.column).is_none()) else {
        return Ok(None);
    };
    let condition = &asked.column;
    let design = |error| Error::Design { origin: "--competing".to_owned(), error };
    let competing = design::competing_condition(table, condition).map_err(design)?;
    let says_event = formula.response.as_ref().is_none_or(|r| r.event.is_some());
    if !says_event || !asked.censored.is_empty() {
        return Err(DescribeError::KindsByCondition.into());
    }
    let records = design::records(table, formula.response.as_ref()).map_err(design)?;
    let kind = |(row, competing): (usize, &Option<bool>)| {
        competing.map(|holds| if records.is_event(row) { 1 } else { u32::from(holds) * 2 })
    };
    let levels: Vec<String> = ["censored", "event", condition].map(str::to_owned).to_vec();
    let codes = Codes::pack(competing.iter().enumerate().map(kind), levels.len());
    let data = ColumnData::Factor(Factor { codes, labels: levels.clone(), levels: levels.clone(), declared: true });
    let mut table = table.clone();
    table.set(Column { name: condition.clone(), label: condition.clone(), data });
    let present = levels[1..].to_vec();
    Ok(Some((table, CauseColumn { column: condition.clone(), censored: Vec::new(), events: present })))
}
