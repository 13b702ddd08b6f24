//! Times, events and groups of a table row by row, for descriptions that need no design.

use super::atom::{AtomKind, Resolver, numbers_of};
use super::basis::Distribution;
use super::carrier::{Carrier, groups};
use super::response::{self, Outcome, Times};
use super::rows::{MissingCount, MissingReason, Rows};
use super::{DesignError, DesignOptions, LevelInfo, collapse, in_response};
use crate::formula::{Expr, ExprKind, FactorCall, Fault, FormulaError, Response, Variable, VariableKind, nearest};
use crate::table::Table;

/// Times and events of all rows, and which rows can be used.
pub struct Records<'t> {
    outcome: Outcome<'t>,
    rows: Rows,
}

impl Records<'_> {
    /// Whether the row has time and event and an interval that ends after its beginning, and was not left out.
    pub fn is_used(&self, row: usize) -> bool {
        self.rows.is_used(row)
    }

    /// Whether the row ends in an event.
    pub fn is_event(&self, row: usize) -> bool {
        self.outcome.event[row] == Some(true)
    }

    /// The entry; 0 where records have none.
    pub fn entry(&self, row: usize) -> f64 {
        self.outcome.entry.as_ref().map_or(0.0, |e| e.get(row))
    }

    /// exit − entry (or exit).
    pub fn duration(&self, row: usize) -> f64 {
        self.outcome.exit.get(row) - self.outcome.entry.as_ref().map_or(0.0, |e| e.get(row))
    }

    /// exit − entry (or exit) where times are whole.
    pub fn whole_duration(&self, row: usize) -> Option<i64> {
        match (&self.outcome.exit, &self.outcome.entry) {
            (Times::Whole(exit), None) => Some(i64::from(exit[row])),
            (Times::Whole(exit), Some(Times::Whole(entry))) => Some(i64::from(exit[row]) - i64::from(entry[row])),
            _ => None,
        }
    }

    /// Leaves out the rows where `missing` holds, and counts them under `variable`.
    pub fn leave_out(&mut self, variable: &str, missing: impl Fn(usize) -> bool) {
        self.rows.exclude(variable, MissingReason::Missing, missing);
    }

    /// Why rows were left out.
    pub fn missing(&self) -> Vec<MissingCount> {
        self.rows.counts.clone()
    }
}

/// Reads times and events; without `response` the columns `entry`, `exit` and `event` of a study.
pub fn records<'t>(table: &'t Table, response: Option<&Response>) -> Result<Records<'t>, DesignError> {
    let study = response::study_response();
    let response = response.unwrap_or(&study);
    let named = [&response.exit].into_iter().chain(&response.entry).chain(&response.event);
    if let Some(name) = named.flat_map(|e| e.columns()).find(|name| table.column(name).is_none()) {
        return Err(DesignError::UnknownColumn {
            role: "times and event",
            column: name.to_string(),
            meant: meant(table, name),
        });
    }
    let outcome = response::outcome(response, table).map_err(|faults| in_response(response, faults))?;
    let mut rows = Rows::new(table.n_rows());
    super::exclude_outcome(&mut rows, &outcome);
    Ok(Records { outcome, rows })
}

/// A column as a factor: for every row the index of its level, `u32::MAX` where it is missing.
pub struct FactorColumn {
    /// The column.
    pub column: String,
    /// What tables print.
    pub title: String,
    /// The levels in order, the reference first.
    pub levels: Vec<LevelInfo>,
    /// The level of each row.
    pub codes: Vec<u32>,
}

/// Any column as a factor: declared levels, else those of the data in order; numbers by their distinct values.
pub fn factor_column(table: &Table, name: &str, options: &DesignOptions) -> Result<FactorColumn, DesignError> {
    let Some(column) = table.column(name) else {
        return Err(DesignError::UnknownColumn { role: "groups", column: name.to_string(), meant: meant(table, name) });
    };
    if options.collapse.iter().any(|rule| rule.column == name) {
        let merged = Table::new(vec![collapse::collapsed(column, &options.collapse)?]);
        return factor_column(&merged, name, &options.without_collapse());
    }
    let carriers = [(name.to_string(), Carrier::of_column(&column.data))].into_iter().collect();
    let options = DesignOptions { missing: super::Missing::Drop, ..options.clone() };
    let mut resolver = Resolver { table, options: &options, carriers };
    let expr = Expr { kind: ExprKind::Name(name.to_string()), span: 0..name.len() };
    let call = FactorCall { column: expr, reference: None, levels: None };
    let variable = Variable { label: name.to_string(), kind: VariableKind::Factor(call), span: 0..name.len() };
    let in_name = |fault: Fault| DesignError::Formula(FormulaError { source: name.to_string(), faults: vec![fault] });
    let atom = resolver.atom(&variable).map_err(in_name)?;
    let carrier = &resolver.carriers[&atom.carrier];
    let (AtomKind::Factor { levels, .. }, Carrier::Coded { codes, .. }) = (&atom.kind, carrier) else {
        return Err(in_name(Fault::new(0..name.len(), format!("`{name}` cannot be a factor"))));
    };
    let n_codes = super::atom::codes_of(carrier) as usize;
    let mut level_of_code = vec![u32::MAX; n_codes];
    for (i, level) in levels.iter().enumerate() {
        if let Some(code) = level.code {
            level_of_code[code as usize] = i as u32;
        }
    }
    let row_level = |row: usize| codes.get(row).map_or(u32::MAX, |c| level_of_code[c as usize]);
    Ok(FactorColumn {
        column: name.to_string(),
        title: column.label.clone(),
        levels: levels.iter().map(|l| LevelInfo { name: l.name.clone(), label: l.label.clone() }).collect(),
        codes: (0..table.n_rows()).map(row_level).collect(),
    })
}

/// The numbers of a column over some rows; `None` when it is no number or missing in all of them.
pub fn distribution_of(table: &Table, rows: &[u32], name: &str) -> Option<Distribution> {
    let numbers = numbers_of(&table.column(name)?.data)?;
    Distribution::new(rows.iter().map(|row| (numbers[*row as usize], 1)))
}

/// Numbers 0, 1, 2 … of the persons (or other groups) that a column tells apart; `u32::MAX` where it is missing.
pub fn group_numbers(table: &Table, name: &str) -> Result<Vec<u32>, DesignError> {
    match table.column(name) {
        Some(column) => Ok(groups(&column.data)),
        None => {
            Err(DesignError::UnknownColumn { role: "persons", column: name.to_string(), meant: meant(table, name) })
        }
    }
}

/// The error of a column that is not there, with the one that may have been meant.
pub fn unknown_column(role: &'static str, table: &Table, name: &str) -> DesignError {
    DesignError::UnknownColumn { role, column: name.to_string(), meant: meant(table, name) }
}

fn meant(table: &Table, name: &str) -> Option<String> {
    nearest(name, table.columns().iter().map(|c| c.name.as_str())).map(str::to_string)
}
