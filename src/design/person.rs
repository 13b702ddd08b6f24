//! A person who need not be in the data: design row, offset and stratum for given values of every covariate.

use super::columns::{Setting, SettingValue};
use super::value::{evaluate, level_index};
use super::{Built, strata};
use crate::formula::{Expr, Formula, VariableKind, nearest, number_text};
use crate::table::ColumnData;
use std::fmt;

/// What the engine needs to know of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// One number per column of the design.
    pub row: Vec<f64>,
    /// Sum of the offsets.
    pub offset: f64,
    /// Number of the stratum; 0 without strata.
    pub stratum: usize,
}

/// Why a setting does not describe a person of the model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PersonFault {
    /// Columns of the model that the setting does not mention.
    Missing {
        /// The columns.
        columns: Vec<String>,
    },
    /// A column that the model does not have.
    NotInModel {
        /// The column.
        column: String,
        /// What may have been meant.
        meant: Option<String>,
    },
    /// A value that is no level of a factor.
    UnknownLevel {
        /// The column.
        column: String,
        /// Its levels.
        levels: Vec<String>,
    },
    /// A value that is no number.
    NotANumber {
        /// The variable, as the formula spells it.
        variable: String,
    },
    /// A stratum that no record has.
    UnknownStratum {
        /// The strata there are.
        strata: Vec<String>,
    },
}

impl fmt::Display for PersonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PersonFault::Missing { columns } => write!(
                f,
                "no value for {}: a curve needs one for every covariate, stratum and offset of the model",
                columns.join(", ")
            ),
            PersonFault::NotInModel { column, meant } => {
                write!(f, "the model has no {column}")?;
                meant.as_ref().map_or(Ok(()), |name| write!(f, "; is {name} meant?"))
            }
            PersonFault::UnknownLevel { column, levels } => {
                write!(f, "{column} has no such level; its levels are {}", levels.join(", "))
            }
            PersonFault::NotANumber { variable } => write!(f, "the value gives no number for {variable}"),
            PersonFault::UnknownStratum { strata } => {
                write!(f, "no record has this stratum; the strata are {}", strata.join("; "))
            }
        }
    }
}

impl std::error::Error for PersonFault {}

impl Built {
    /// The person that `setting` describes; `formula` is that of the model. Errors: see [`PersonFault`].
    pub fn person(&self, formula: &Formula, setting: &Setting) -> Result<Person, PersonFault> {
        self.check_columns(formula, setting)?;
        self.check_values(setting)?;
        let row = self.columns.row(setting);
        if let Some(j) = row.iter().position(|x| !x.is_finite()) {
            let variable = self.columns.terms[self.columns.term_of_column[j]].label.clone();
            return Err(PersonFault::NotANumber { variable });
        }
        Ok(Person { row, offset: offset(formula, setting)?, stratum: self.stratum(formula, setting)? })
    }

    /// Every column of the model is mentioned, and no other.
    fn check_columns(&self, formula: &Formula, setting: &Setting) -> Result<(), PersonFault> {
        let in_terms = formula.terms.iter().flat_map(|t| t.parts.iter().map(|p| p.variable));
        let variables = in_terms.chain(formula.strata.iter().copied()).map(|v| &formula.variables[v].kind);
        let expressions = variables.flat_map(VariableKind::expressions).chain(&formula.offsets);
        let mut needed: Vec<&str> = Vec::new();
        for name in expressions.flat_map(Expr::columns) {
            if !needed.contains(&name) {
                needed.push(name);
            }
        }
        if let Some(column) = setting.columns().find(|c| !needed.contains(c)) {
            let meant = nearest(column, needed.iter().copied()).map(str::to_string);
            return Err(PersonFault::NotInModel { column: column.to_string(), meant });
        }
        let missing: Vec<String> = needed.iter().filter(|c| setting.get(c).is_none()).map(|c| c.to_string()).collect();
        if missing.is_empty() { Ok(()) } else { Err(PersonFault::Missing { columns: missing }) }
    }

    /// Values of factors are levels; those of numbers are numbers.
    fn check_values(&self, setting: &Setting) -> Result<(), PersonFault> {
        for variable in &self.columns.variables {
            let plain = matches!(variable.kind, VariableKind::Column(_) | VariableKind::Factor(_));
            let Some(value) = variable.column.as_ref().filter(|_| plain).and_then(|c| setting.get(c)) else { continue };
            if variable.levels.is_empty() {
                if matches!(value, SettingValue::Level(_)) {
                    return Err(PersonFault::NotANumber { variable: variable.label.clone() });
                }
                continue;
            }
            let names: Vec<String> = variable.levels.iter().map(|l| l.name.clone()).collect();
            let known = match value {
                SettingValue::Level(level) => names.contains(level),
                SettingValue::Number(x) => level_index(&names, &number_text(*x)).is_some(),
            };
            if !known {
                let column = variable.column.clone().unwrap_or_default();
                return Err(PersonFault::UnknownLevel { column, levels: names });
            }
        }
        Ok(())
    }

    fn stratum(&self, formula: &Formula, setting: &Setting) -> Result<usize, PersonFault> {
        let kinds = formula.strata.iter().map(|v| &formula.variables[*v].kind);
        let lists: Vec<&[Expr]> = kinds
            .filter_map(|k| if let VariableKind::Strata(list) = k { Some(list.as_slice()) } else { None })
            .collect();
        if lists.is_empty() {
            return Ok(0);
        }
        let one_row = setting.one_row();
        let found = strata::combine(&lists, &|name: &str| one_row.get(name), 1).ok();
        let label = found.and_then(|s| s.labels.first().cloned());
        let known = label.and_then(|label| self.strata.iter().position(|s| *s == label));
        known.ok_or_else(|| PersonFault::UnknownStratum { strata: self.strata.clone() })
    }
}

/// The sum of the offsets.
fn offset(formula: &Formula, setting: &Setting) -> Result<f64, PersonFault> {
    let one_row = setting.one_row();
    let columns = |name: &str| -> Option<&ColumnData> { one_row.get(name) };
    let mut sum = 0.0;
    for offset in &formula.offsets {
        let value = evaluate(offset, &columns).ok().and_then(|v| v.numbers().first().copied()).unwrap_or(f64::NAN);
        if !value.is_finite() {
            return Err(PersonFault::NotANumber { variable: format!("offset({})", offset.text()) });
        }
        sum += value;
    }
    Ok(sum)
}
