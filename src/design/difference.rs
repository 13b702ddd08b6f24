//! Two imagined persons compared: the difference of their design rows.

use super::columns::{Ingredient, Known, ModelColumns, Setting, SettingValue, VariableInfo};
use crate::formula::{VariableKind, nearest};
use thiserror::Error;

/// Why two covariate patterns cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DifferenceError {
    /// A column that no covariate is made of.
    #[error("`{column}` is no covariate of the model{hint}")]
    NotInModel {
        /// The column.
        column: String,
        /// `; is … meant?`, or nothing.
        hint: String,
    },
    /// A level that the factor does not have.
    #[error("`{column}` has no level `{value}`; its levels are {levels}")]
    NoSuchLevel {
        /// The column.
        column: String,
        /// What was written.
        value: String,
        /// The levels it has.
        levels: String,
    },
    /// Text for a number.
    #[error("`{column}` is a number; `{value}` is none")]
    NotANumber {
        /// The column.
        column: String,
        /// What was written.
        value: String,
    },
    /// A calculation that has no value here.
    #[error("`{variable}` cannot be worked out for the values given")]
    NoValue {
        /// The variable, as the formula spells it.
        variable: String,
    },
    /// Patterns with the same design row.
    #[error("the two patterns do not differ in the model; nothing is compared")]
    Equal,
    /// A difference that depends on a column that is not named.
    #[error(
        "the term `{term}` makes the hazard ratio depend on {partners}, which is not named; \
         give it the same value on both sides, such as {partners}=…"
    )]
    NeedsPartner {
        /// The term.
        term: String,
        /// The columns, joined by `and`.
        partners: String,
    },
}

/// Column and value as written.
pub type Values<'a> = [(&'a str, &'a str)];

impl ModelColumns {
    /// x(first) − x(second) for two covariate patterns that name the same columns; other covariates are equal on both
    /// sides and cancel.
    ///
    /// Errors: columns and levels that the model does not know, patterns that do not differ, and an interaction with a
    /// column that is not named, for then the difference depends on that column's value.
    pub fn difference(&self, first: &Values<'_>, second: &Values<'_>) -> Result<Vec<f64>, DifferenceError> {
        let (a, b) = (self.known_values(first)?, self.known_values(second)?);
        let row = (0..self.len()).map(|column| self.cell_difference(column, &a, &b));
        let row = row.collect::<Result<Vec<f64>, DifferenceError>>()?;
        if row.iter().all(|x| *x == 0.0) { Err(DifferenceError::Equal) } else { Ok(row) }
    }

    /// The difference in one column. What is not named stands on both sides, so it matters only where the product of what
    /// is named differs.
    fn cell_difference(&self, column: usize, a: &[Option<Known>], b: &[Option<Known>]) -> Result<f64, DifferenceError> {
        let (named, other): (Vec<Ingredient>, Vec<Ingredient>) =
            self.makeup[column].iter().partition(|part| a[part.variable()].is_some());
        if named.is_empty() {
            return Ok(0.0);
        }
        let product = |values: &[Option<Known>]| named.iter().map(|part| part.value(values)).product::<f64>();
        let difference = product(a) - product(b);
        if difference == 0.0 || other.is_empty() {
            return Ok(difference);
        }
        let variables = other.iter().map(|part| &self.variables[part.variable()]);
        let mut partners: Vec<&str> = variables.flat_map(columns_of).collect();
        partners.dedup();
        let term = self.terms[self.term_of_column[column]].label.clone();
        let partners = partners.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>().join(" and ");
        Err(DifferenceError::NeedsPartner { term, partners })
    }

    /// What the values say of every variable; `None` for variables that none of them concerns.
    fn known_values(&self, values: &Values<'_>) -> Result<Vec<Option<Known>>, DifferenceError> {
        let mut setting = Setting::default();
        for (column, value) in values {
            setting = setting.with(column, self.value_of(column, value)?);
        }
        let of_variable = |v: usize| {
            let info = &self.variables[v];
            let named = |column: &&str| values.iter().any(|(name, _)| name == column);
            if !columns_of(info).iter().any(named) {
                return Ok(None);
            }
            if let Some(partner) = columns_of(info).iter().find(|c| !named(c)) {
                let (term, partners) = (info.label.clone(), format!("`{partner}`"));
                return Err(DifferenceError::NeedsPartner { term, partners });
            }
            match self.known(v, &setting) {
                Some(known) if known.is_value() => Ok(Some(known)),
                _ => Err(DifferenceError::NoValue { variable: info.label.clone() }),
            }
        };
        (0..self.variables.len()).map(of_variable).collect()
    }

    /// A written value as a level or a number, whichever the model needs of the column.
    fn value_of(&self, column: &str, value: &str) -> Result<SettingValue, DifferenceError> {
        let users: Vec<&VariableInfo> = self.variables.iter().filter(|v| columns_of(v).contains(&column)).collect();
        if users.is_empty() {
            let known = self.variables.iter().flat_map(columns_of);
            let hint = nearest(column, known).map_or(String::new(), |name| format!("; is `{name}` meant?"));
            return Err(DifferenceError::NotInModel { column: column.to_string(), hint });
        }
        let is_factor = |v: &&&VariableInfo| !v.levels.is_empty() && !matches!(v.kind, VariableKind::Expression(_));
        if let Some(factor) = users.iter().find(is_factor) {
            let names: Vec<String> = factor.levels.iter().map(|l| l.name.clone()).collect();
            let Some(level) = super::value::level_index(&names, value) else {
                let (column, value) = (column.to_string(), value.to_string());
                return Err(DifferenceError::NoSuchLevel { column, value, levels: names.join(", ") });
            };
            // Where the column is a number elsewhere in the model, its level is that number.
            let only_factor = users.iter().all(|v| is_factor(&v));
            let number = value.trim().parse().ok().filter(|_| !only_factor).map(SettingValue::Number);
            return Ok(number.unwrap_or_else(|| SettingValue::Level(names[level].clone())));
        }
        match value.trim().parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(SettingValue::Number(x)),
            _ if users.iter().all(|v| !v.levels.is_empty()) => Ok(SettingValue::Level(value.to_string())),
            _ => Err(DifferenceError::NotANumber { column: column.to_string(), value: value.to_string() }),
        }
    }
}

/// The columns that a variable is made of.
fn columns_of(info: &VariableInfo) -> Vec<&str> {
    let mut columns: Vec<&str> = info.kind.expressions().into_iter().flat_map(|e| e.columns()).collect();
    columns.dedup();
    columns
}
