//! Which records end in a competing event, and which are censored alike.

use super::atom::lookup;
use super::carrier::groups;
use super::records::unknown_column;
use super::rows::{MissingReason, Rows};
use super::value::{Value, evaluate};
use super::{DesignError, DesignOptions, gather};
use crate::formula::{Fault, FormulaError, parse::parse, special::value_faults};
use crate::table::{Codes, Table};

/// Competing events and censoring groups of all rows.
pub(super) struct CompetingRows {
    condition: String,
    event: Vec<Option<bool>>,
    group: Option<(String, Vec<u32>)>,
}

/// Competing events of the used records.
#[derive(Debug, Clone, PartialEq)]
pub struct CompetingEvents {
    /// Whether each record ends in one.
    pub event: Vec<bool>,
    /// Groups with censoring of their own.
    pub group: Option<Codes>,
    /// How many there are.
    pub n_events: usize,
}

/// Where a condition over columns holds, row by row; `None` where a value it needs is missing. Faults are shown in its own
/// text.
pub fn competing_condition(table: &Table, condition: &str) -> Result<Vec<Option<bool>>, DesignError> {
    let in_text = |faults: Vec<Fault>| DesignError::Formula(FormulaError { source: condition.to_string(), faults });
    let expr = parse(condition).map_err(|fault| in_text(vec![fault]))?;
    value_faults(&expr).map_err(in_text)?;
    if let Some(name) = expr.columns().into_iter().find(|name| table.column(name).is_none()) {
        return Err(unknown_column("competing events", table, name));
    }
    match evaluate(&expr, &lookup(table)).map_err(|fault| in_text(vec![fault]))? {
        Value::Logical(truths) if truths.len() == table.n_rows() => Ok(truths),
        Value::Logical(_) | Value::Number(_) => {
            let fault = Fault::new(0..condition.len(), "this is not a condition that holds or does not for each row");
            Err(in_text(vec![fault.help("say which value is the competing event, such as cause == 2")]))
        }
    }
}

impl CompetingRows {
    /// Works out [`DesignOptions::competing`]; `None` where it is not given. Faults are shown in its own text.
    pub fn read(table: &Table, options: &DesignOptions) -> Result<Option<CompetingRows>, DesignError> {
        let Some(condition) = &options.competing else { return Ok(None) };
        let group = options.censoring_group.as_ref();
        if let Some(name) = group.filter(|name| table.column(name).is_none()) {
            return Err(unknown_column("competing events", table, name));
        }
        let event = competing_condition(table, condition)?;
        let group = group.and_then(|name| table.column(name).map(|c| (name.clone(), groups(&c.data))));
        Ok(Some(CompetingRows { condition: condition.clone(), event, group }))
    }

    /// Leaves out rows where the condition or the group is missing.
    pub fn exclude(&self, rows: &mut Rows) {
        rows.exclude(&format!("competing {}", self.condition), MissingReason::Missing, |row| self.event[row].is_none());
        if let Some((name, groups)) = &self.group {
            rows.exclude(&format!("censoring group {name}"), MissingReason::Missing, |row| groups[row] == u32::MAX);
        }
    }

    /// Those of the used rows.
    pub fn take(&self, used: Option<&[u32]>) -> CompetingEvents {
        let event: Vec<bool> = gather(&self.event, used).into_iter().map(|e| e == Some(true)).collect();
        let group = self.group.as_ref().map(|(_, groups)| {
            let groups = gather(groups, used);
            let n = groups.iter().max().map_or(0, |&g| g as usize + 1);
            Codes::pack(groups.into_iter().map(Some), n)
        });
        CompetingEvents { n_events: event.iter().filter(|e| **e).count(), event, group }
    }
}
