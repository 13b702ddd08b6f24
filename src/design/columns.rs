//! The columns of a model: their names as R spells them, what they are made of, and design rows of imagined persons.

use super::basis::{Basis, BasisKind};
use super::time::{TimeColumn, TimeColumns};
use super::value::{Value, evaluate};
use crate::formula::{Expr, VariableKind};
use crate::table::{Codes, ColumnData, Factor};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::ops::Range;

/// The columns of a model, in R's order.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelColumns {
    /// R's coefficient names: `sexMale`, `age:sexMale`.
    pub names: Vec<String>,
    /// What each column is a product of, without R's spelling.
    pub parts: Vec<Vec<Part>>,
    /// Index into `terms` of each column.
    pub term_of_column: Vec<usize>,
    /// The terms that own the columns.
    pub terms: Vec<TermInfo>,
    /// The variables the terms are made of.
    pub variables: Vec<VariableInfo>,
    /// For each column, its factors and numbers by index into `variables`.
    pub(super) makeup: Vec<Vec<Ingredient>>,
    /// The columns whose coefficients are multiplied with a function of time.
    pub time: TimeColumns,
}

/// One ingredient of a column, as results files spell it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// The data's column, or the text of the calculation when it is made of several.
    pub variable: String,
    /// The level, for a factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The reference level it is compared with; absent when every level has a column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versus: Option<String>,
    /// The calculation, where the number is not the column itself: `log(bili)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Which function of the number, where a term has several.
    #[serde(flatten)]
    pub basis: Option<BasisPart>,
}

/// One function of a number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BasisPart {
    /// The family.
    #[serde(rename = "basis")]
    pub kind: BasisKind,
    /// Its place in the family, from 1.
    pub index: usize,
    /// R's name of the function: `rcs(age, 4)age'`.
    #[serde(skip)]
    pub name: String,
}

/// A term and its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct TermInfo {
    /// R's label: `sex`, `age:sex`.
    pub label: String,
    /// Its columns, all neighbours.
    pub columns: Range<usize>,
    /// Indices into [`ModelColumns::variables`], in the order of the column names.
    pub variables: Vec<usize>,
    /// Whether a higher term contains it, so that dropping it alone would break marginality.
    pub contained: bool,
    /// Whether factors of other terms are coded by contrasts because this term is there: without it they would need
    /// further columns, and the model without this one's columns would not be the model without the term.
    pub codes_others: bool,
}

/// A variable of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct VariableInfo {
    /// As the formula spells it: `sex`, `factor(sex)`, `log(bili)`.
    pub label: String,
    /// The data's column when it is made of one.
    pub column: Option<String>,
    /// What tables print.
    pub title: String,
    /// The levels of a factor, the reference first; empty for a number.
    pub levels: Vec<LevelInfo>,
    /// The functions of a number that are its columns, with their knots and constants.
    pub basis: Option<Basis>,
    /// How it is worked out, for values that are not in the data.
    pub(super) kind: VariableKind,
}

/// A level of a factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelInfo {
    /// As it stands in the data.
    pub name: String,
    /// As tables print it.
    pub label: String,
}

/// What a column takes from a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ingredient {
    /// 1 where the variable has this level, else 0.
    Level { variable: usize, level: usize },
    /// The number, or one basis function of it.
    Number { variable: usize, column: usize },
    /// The value of a `tt()`, which depends on the time.
    Time { variable: usize },
}

/// Values of columns of the data for one imagined person.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Setting {
    values: BTreeMap<String, SettingValue>,
}

/// A value of a [`Setting`].
#[derive(Debug, Clone, PartialEq)]
pub enum SettingValue {
    /// A level of a factor.
    Level(String),
    /// A number.
    Number(f64),
}

impl Setting {
    /// The same with `column` at `value`.
    pub fn with(mut self, column: &str, value: SettingValue) -> Setting {
        self.values.insert(column.to_string(), value);
        self
    }

    /// The value of a column.
    pub fn get(&self, column: &str) -> Option<&SettingValue> {
        self.values.get(column)
    }

    /// The columns that have a value, in alphabetical order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The same as columns of one row.
    pub(super) fn one_row(&self) -> BTreeMap<String, ColumnData> {
        self.values.iter().map(|(name, value)| (name.clone(), value.one_row())).collect()
    }
}

impl SettingValue {
    /// A column of one row.
    fn one_row(&self) -> ColumnData {
        match self {
            SettingValue::Number(x) => ColumnData::Number(vec![*x]),
            SettingValue::Level(level) => match level.parse::<f64>() {
                Ok(x) => ColumnData::Number(vec![x]),
                Err(_) => ColumnData::Factor(Factor {
                    codes: Codes::pack([Some(0)], 1),
                    levels: vec![level.clone()],
                    labels: vec![level.clone()],
                    declared: false,
                }),
            },
        }
    }
}

impl VariableInfo {
    /// The label of the covariate of a `tt()`, of anything else its own.
    pub(crate) fn covariate(&self) -> &str {
        match &self.kind {
            VariableKind::Time(call) => &call.label,
            _ => &self.label,
        }
    }
}

impl ModelColumns {
    /// Number of columns.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether the model has no covariates.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The columns of a term, by its label.
    pub fn term(&self, label: &str) -> Option<&TermInfo> {
        self.terms.iter().find(|t| t.label == label)
    }

    /// The variables made of `column`, by index.
    pub fn variables_of(&self, column: &str) -> Vec<usize> {
        (0..self.variables.len()).filter(|v| self.variables[*v].column.as_deref() == Some(column)).collect()
    }

    /// The factor made of `column`, if the model has one.
    pub fn factor_of(&self, column: &str) -> Option<&VariableInfo> {
        self.variables_of(column).into_iter().map(|v| &self.variables[v]).find(|v| !v.levels.is_empty())
    }

    /// Columns of the data that enter by a curve: a spline, a polynomial, or several functions of the same number, so
    /// that a hazard ratio depends on the two values compared. In the order of the variables; without those whose
    /// coefficient changes with time, which have a hazard ratio at a time only.
    pub fn curved_columns(&self) -> Vec<String> {
        let numbers = || self.variables.iter().filter(|v| v.levels.is_empty());
        let functions = |column: &String| -> usize {
            let of_column = numbers().filter(|v| v.column.as_ref() == Some(column));
            of_column.map(|v| v.basis.as_ref().map_or(1, Basis::n_columns)).sum()
        };
        let changes = |column: &String| {
            let mut of_column = self.variables.iter().filter(|v| v.column.as_ref() == Some(column));
            of_column.any(|v| matches!(v.kind, VariableKind::Time(_)))
        };
        let mut out: Vec<String> = numbers().filter_map(|v| v.column.clone()).collect();
        let mut seen = std::collections::BTreeSet::new();
        out.retain(|c| functions(c) > 1 && !changes(c) && seen.insert(c.clone()));
        out
    }

    /// The terms that `column` enters, and by index the variables that stand in products with it, each once.
    pub fn terms_of(&self, column: &str) -> (Vec<&TermInfo>, Vec<usize>) {
        let has = |v: &usize| self.variables[*v].column.as_deref() == Some(column);
        let terms: Vec<&TermInfo> = self.terms.iter().filter(|t| t.variables.iter().any(has)).collect();
        let mut others: Vec<usize> = terms.iter().flat_map(|t| &t.variables).filter(|v| !has(v)).copied().collect();
        others.sort_unstable();
        others.dedup();
        (terms, others)
    }

    /// The design row of `setting`, in which only columns that involve one of its columns differ from 0; variables it
    /// does not mention are at their reference or at 0. Rows of two settings with the same columns differ in what
    /// their log hazard ratio needs, because everything else cancels.
    ///
    /// A level that the model does not know gives 0 in its columns. Without a time there is no value of a `tt()`: its
    /// columns are NaN where the setting says something of its covariate, so that nothing can be estimated of them.
    pub fn row(&self, setting: &Setting) -> Vec<f64> {
        let values: Vec<Option<Known>> = (0..self.variables.len()).map(|v| self.known(v, setting)).collect();
        let cell = |parts: &Vec<Ingredient>| {
            let involved = parts.iter().any(|p| values[p.variable()].is_some());
            if involved { parts.iter().map(|p| p.value(&values)).product() } else { 0.0 }
        };
        self.makeup.iter().map(cell).collect()
    }

    /// The column of a covariate's main effect: that of a level, or of a number (`None`); `covariate` is its label.
    pub(crate) fn main_effect(&self, covariate: &str, level: Option<usize>) -> Option<usize> {
        let is_main = |t: &&TermInfo| t.variables.len() == 1 && self.variables[t.variables[0]].label == covariate;
        let mut columns = self.terms.iter().find(is_main)?.columns.clone();
        columns.find(|&j| match (self.makeup[j][0], level) {
            (Ingredient::Level { level: of_column, .. }, Some(level)) => of_column == level,
            (Ingredient::Number { .. }, None) => true,
            _ => false,
        })
    }

    /// v of a time-varying column: 1 or 0 for a level, the number otherwise; 0 where the setting says nothing.
    pub(super) fn time_value(&self, column: &TimeColumn, setting: &Setting) -> f64 {
        match (self.known(column.variable, setting), column.level) {
            (Some(Known::Level(known)), Some(level)) => f64::from(u8::from(known == Some(level))),
            (Some(Known::Numbers(x)), None) => x[0],
            _ => 0.0,
        }
    }

    /// What `setting` says of variable `v`.
    pub(super) fn known(&self, v: usize, setting: &Setting) -> Option<Known> {
        let info = &self.variables[v];
        let kind = info.kind.covariate();
        let expressions = info.kind.expressions();
        let named = expressions.iter().flat_map(|e| e.columns()).any(|c| setting.values.contains_key(c));
        if !named {
            return None;
        }
        let direct = info.column.as_ref().and_then(|c| setting.values.get(c));
        match (kind, direct) {
            (VariableKind::Column(_) | VariableKind::Factor(_), Some(SettingValue::Level(level))) => {
                Some(Known::Level(info.levels.iter().position(|l| l.name == *level)))
            }
            (VariableKind::Column(_) | VariableKind::Factor(_), Some(SettingValue::Number(x)))
                if !info.levels.is_empty() =>
            {
                let names: Vec<String> = info.levels.iter().map(|l| l.name.clone()).collect();
                Some(Known::Level(super::value::level_index(&names, &crate::formula::number_text(*x))))
            }
            (VariableKind::Column(_), Some(SettingValue::Number(x))) => Some(Known::Numbers(vec![*x])),
            (VariableKind::Expression(e), _) => Some(worked_out(e, setting, !info.levels.is_empty())),
            (VariableKind::Basis(call), _) => match (worked_out(&call.argument, setting, false), &info.basis) {
                (Known::Numbers(x), Some(basis)) => Some(Known::Numbers(basis.values(x[0]))),
                _ => Some(Known::Level(None)),
            },
            _ => Some(Known::Level(None)),
        }
    }
}

/// The value of a variable in a setting.
pub(super) enum Known {
    Level(Option<usize>),
    /// The number, or the values of its functions.
    Numbers(Vec<f64>),
}

impl Known {
    /// Whether it is a level that the model knows, or a finite number.
    pub(super) fn is_value(&self) -> bool {
        match self {
            Known::Level(level) => level.is_some(),
            Known::Numbers(x) => x.iter().all(|x| x.is_finite()),
        }
    }
}

impl Ingredient {
    pub(super) fn variable(self) -> usize {
        match self {
            Ingredient::Level { variable, .. }
            | Ingredient::Number { variable, .. }
            | Ingredient::Time { variable } => variable,
        }
    }

    pub(super) fn value(self, values: &[Option<Known>]) -> f64 {
        match (self, &values[self.variable()]) {
            (Ingredient::Time { .. }, _) => f64::NAN,
            (Ingredient::Level { level, .. }, Some(Known::Level(known))) => f64::from(u8::from(*known == Some(level))),
            (Ingredient::Level { level, .. }, None) => f64::from(u8::from(level == 0)),
            (Ingredient::Number { column, .. }, Some(Known::Numbers(x))) => x[column],
            _ => 0.0,
        }
    }
}

/// Works out a calculation for the values of `setting`; columns it does not name are 0.
fn worked_out(expr: &Expr, setting: &Setting, is_factor: bool) -> Known {
    let one = |name: &str| setting.get(name).map_or_else(|| ColumnData::Number(vec![0.0]), SettingValue::one_row);
    let columns: IndexMap<String, ColumnData> = expr.columns().iter().map(|c| (c.to_string(), one(c))).collect();
    let value = evaluate(expr, &|name: &str| columns.get(name));
    match value {
        Ok(Value::Logical(v)) => Known::Level(v[0].map(usize::from)),
        Ok(Value::Number(v)) if !is_factor => Known::Numbers(v),
        _ => Known::Level(None),
    }
}
