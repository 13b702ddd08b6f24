//! What a variable of the formula is in these data: a factor with its levels, or a number with its values.

use super::basis::{Basis, knots::Distribution};
use super::carrier::{Carrier, encode};
use super::value::{Columns, Value, evaluate, level_index, level_text, whole_numbers};
use super::{DesignOptions, Missing};
use crate::formula::{BasisCall, Expr, ExprKind, FactorCall, Fault, TimeCall, Variable, VariableKind, nearest};
use crate::table::{Codes, ColumnData, Table};
use indexmap::IndexMap;
use rayon::prelude::*;
use std::borrow::Cow;

/// A variable of the formula, resolved.
#[derive(Debug, Clone)]
pub(crate) struct Atom {
    /// Key of its carrier in [`Carriers`].
    pub carrier: String,
    /// Factor or number.
    pub kind: AtomKind,
    /// For every code of the carrier, whether it counts as missing; empty when none does.
    pub missing_codes: Vec<bool>,
    /// Whether those codes are values outside the declared levels (and not missing in themselves).
    pub outside: bool,
}

/// The two kinds of variables.
#[derive(Debug, Clone)]
pub(crate) enum AtomKind {
    /// Levels in order, the reference first, with the code of each.
    Factor {
        /// The levels.
        levels: Vec<AtomLevel>,
        /// Whether levels that no used record has are to be left out (R: text that nobody made a factor).
        drop_unused: bool,
    },
    /// Columns of numbers (one, or one per basis function), as a number per code; empty tables for a continuous
    /// carrier, whose values are the column.
    Number {
        /// One table per column, with what the column's name adds to the variable's.
        columns: Vec<(String, Vec<f64>)>,
        /// The functions that the columns are, where they are not the number itself.
        basis: Option<Basis>,
    },
}

/// A level of a factor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AtomLevel {
    /// As it stands in the data and in R's coefficient names.
    pub name: String,
    /// As tables print it.
    pub label: String,
    /// The code of the records that have it; `None` only until a code is found for it.
    pub code: Option<u32>,
}

/// The carriers of a model by column name or, for a calculation, by its text.
pub(crate) type Carriers<'t> = IndexMap<String, Carrier<'t>>;

/// What a missing value's level is called when missing values are a level of their own.
const MISSING_LEVEL: &str = "missing";

/// Resolves variables against a table.
pub(crate) struct Resolver<'t, 'o> {
    /// The records.
    pub table: &'t Table,
    /// Reference levels and orders declared by the caller.
    pub options: &'o DesignOptions,
    /// Carriers of all columns the covariates use; calculations are added.
    pub carriers: Carriers<'t>,
}

impl<'t> Resolver<'t, '_> {
    /// The atom of a variable. Faults carry the variable's place.
    pub(crate) fn atom(&mut self, variable: &Variable) -> Result<Atom, Fault> {
        let atom = match &variable.kind {
            VariableKind::Column(expr) => self.column(variable, &expr.text_of_name())?,
            VariableKind::Factor(call) => self.factor_call(variable, call)?,
            VariableKind::Expression(expr) => self.expression(variable, expr)?,
            VariableKind::Strata(list) => self.strata(variable, list)?,
            VariableKind::Time(call) => return self.atom(&covariate_of(variable, call)),
            VariableKind::Basis(call) => self.basis(variable, call)?,
        };
        if self.options.missing == Missing::Indicator { self.missing_as_level(variable, atom) } else { Ok(atom) }
    }

    fn column(&mut self, variable: &Variable, name: &str) -> Result<Atom, Fault> {
        let declared = self.options.levels.contains_key(name) || self.options.references.contains_key(name);
        let is_levels = matches!(&self.carriers[name], Carrier::Coded { levels: Some(_), .. });
        if declared || is_levels {
            return self.factor(variable, name, None, None, !declared);
        }
        let columns = match &self.carriers[name] {
            Carrier::Coded { values, .. } => vec![(String::new(), values.clone().unwrap_or_default())],
            Carrier::Continuous(_) => vec![(String::new(), Vec::new())],
        };
        Ok(number(name, columns))
    }

    fn factor_call(&mut self, variable: &Variable, call: &FactorCall) -> Result<Atom, Fault> {
        let name = call.column.text_of_name();
        self.factor(variable, &name, call.levels.as_deref(), call.reference.as_deref(), false)
    }

    /// A factor of column `name`: the levels given in the formula, else by the options, else those of the data.
    fn factor(
        &mut self,
        variable: &Variable,
        name: &str,
        levels: Option<&[String]>,
        reference: Option<&str>,
        drop_unused: bool,
    ) -> Result<Atom, Fault> {
        let fault = |message: String| Fault::new(variable.span.clone(), message);
        let Carrier::Coded { codes, values, levels: known, declared } = &self.carriers[name] else {
            return Err(fault(format!("`{name}` has too many distinct values to be a factor")));
        };
        let all: Vec<(String, String)> = match (known, values) {
            (Some(levels), _) => levels.clone(),
            (None, Some(values)) => values.iter().map(|v| (level_text(*v), level_text(*v))).collect(),
            (None, None) => Vec::new(),
        };
        let present = presence(codes, all.len(), None);
        let names: Vec<String> = all.iter().map(|l| l.0.clone()).collect();
        let wanted = levels.or(self.options.levels.get(name).map(Vec::as_slice));
        let mut out: Vec<AtomLevel> = match wanted {
            Some(wanted) => declared_levels(variable, name, wanted, &all)?,
            None => (0..all.len())
                .filter(|i| *declared || present[*i])
                .map(|i| AtomLevel { name: all[i].0.clone(), label: all[i].1.clone(), code: Some(i as u32) })
                .collect(),
        };
        if let Some(reference) = reference.or(self.options.references.get(name).map(String::as_str)) {
            let known: Vec<String> = out.iter().map(|l| l.name.clone()).collect();
            let Some(at) = level_index(&known, reference) else {
                return Err(unknown_level(variable, name, reference, &known));
            };
            let level = out.remove(at);
            out.insert(0, level);
        }
        let mut missing_codes = vec![true; all.len()];
        out.iter().filter_map(|l| l.code).for_each(|c| missing_codes[c as usize] = false);
        let outside = (0..names.len()).any(|i| missing_codes[i] && present[i]);
        if !outside {
            missing_codes.clear();
        }
        let drop_unused = drop_unused && !*declared && wanted.is_none();
        let carrier = self.with_codes_for_all(variable, name, all, &mut out);
        Ok(Atom { carrier, kind: AtomKind::Factor { levels: out, drop_unused }, missing_codes, outside })
    }

    /// The key of a carrier of column `name` that has a code for every level, also for declared ones without records:
    /// they own a column, so they need a cell of the design.
    fn with_codes_for_all(
        &mut self,
        variable: &Variable,
        name: &str,
        mut all: Vec<(String, String)>,
        levels: &mut [AtomLevel],
    ) -> String {
        if levels.iter().all(|l| l.code.is_some()) {
            return name.to_string();
        }
        for level in levels.iter_mut().filter(|l| l.code.is_none()) {
            level.code = Some(all.len() as u32);
            all.push((level.name.clone(), level.label.clone()));
        }
        let codes = match &self.carriers[name] {
            Carrier::Coded { codes, .. } => Codes::pack((0..codes.len()).map(|row| codes.get(row)), all.len()),
            Carrier::Continuous(_) => Codes::U8(Vec::new()),
        };
        let carrier = Carrier::Coded { codes: Cow::Owned(codes), values: None, levels: Some(all), declared: true };
        let key = format!("{} with declared levels", variable.label);
        self.carriers.insert(key.clone(), carrier);
        key
    }

    /// A calculation. Over one coded column it is worked out once per code.
    fn expression(&mut self, variable: &Variable, expr: &Expr) -> Result<Atom, Fault> {
        let names = expr.columns();
        if names.is_empty() {
            return Err(Fault::new(variable.span.clone(), "this term names no column"));
        }
        if let [name] = names.as_slice()
            && let Some(Carrier::Coded { .. }) = self.carriers.get(*name)
        {
            return self.per_code(variable, expr, name);
        }
        let table = self.table;
        let value = evaluate(expr, &|name: &str| table.column(name).map(|c| &c.data))?;
        let carrier = match value {
            Value::Logical(truths) => Carrier::of_truths(&truths),
            Value::Number(numbers) => Carrier::of_numbers(Cow::Owned(numbers)),
        };
        let atom = match &carrier {
            Carrier::Coded { levels: Some(_), .. } => factor_of_truths(&variable.label),
            Carrier::Coded { values, .. } => {
                number(&variable.label, vec![(String::new(), values.clone().unwrap_or_default())])
            }
            Carrier::Continuous(_) => number(&variable.label, vec![(String::new(), Vec::new())]),
        };
        self.carriers.insert(variable.label.clone(), carrier);
        Ok(atom)
    }

    /// A basis: the argument gets a code for every distinct value, and every column a table of its values per code.
    fn basis(&mut self, variable: &Variable, call: &BasisCall) -> Result<Atom, Fault> {
        let fault = |message: String| Fault::new(variable.span.clone(), message);
        let (carrier, numbers) = self.coded_numbers(variable, &call.argument)?;
        let Carrier::Coded { codes, .. } = &self.carriers[&carrier] else {
            return Err(fault(format!("`{}` is no number", call.argument.text())));
        };
        let counted = numbers.iter().copied().zip(counts(codes, numbers.len()));
        let Some(distribution) = Distribution::new(counted) else {
            return Err(fault(format!("`{}` is missing in all records", call.argument.text())));
        };
        if distribution.range().iter().any(|x| x.is_infinite()) {
            let message = format!("`{}` is infinite in some records", call.argument.text());
            return Err(fault(message).help("make these values missing, or use another transformation"));
        }
        let basis =
            Basis::place(&call.shape, &distribution).map_err(|why| fault(format!("`{}`: {why}", variable.label)))?;
        let values: Vec<Vec<f64>> = numbers
            .par_iter()
            .map(|x| if x.is_nan() { vec![f64::NAN; basis.n_columns()] } else { basis.values(*x) })
            .collect();
        let column = |(j, suffix): (usize, String)| (suffix, values.iter().map(|row| row[j]).collect());
        let columns = basis.suffixes(&call.argument.text()).into_iter().enumerate().map(column).collect();
        let kind = AtomKind::Number { columns, basis: Some(basis) };
        Ok(Atom { kind, ..number_with_gaps(&carrier, numbers) })
    }

    /// A carrier with a code for every distinct value of a calculation, and the number of each code.
    fn coded_numbers(&mut self, variable: &Variable, expr: &Expr) -> Result<(String, Vec<f64>), Fault> {
        let names = expr.columns();
        let is_number = |c: &Carrier<'_>| matches!(c, Carrier::Coded { values: Some(_), .. });
        if let [name] = names.as_slice()
            && self.carriers.get(*name).is_some_and(is_number)
        {
            let codes_only = self.one_row_per_code(name);
            return Ok((name.to_string(), evaluate(expr, &|_: &str| Some(&codes_only))?.numbers()));
        }
        if names.is_empty() {
            return Err(Fault::new(variable.span.clone(), "this term names no column"));
        }
        let key = format!("values of {}", expr.text());
        if let Some(Carrier::Coded { values: Some(values), .. }) = self.carriers.get(&key) {
            return Ok((key, values.clone()));
        }
        let table = self.table;
        let numbers = evaluate(expr, &|name: &str| table.column(name).map(|c| &c.data))?.numbers();
        let (codes, values) = encode(&numbers, usize::MAX).unwrap_or_default();
        self.carriers.insert(key.clone(), Carrier::coded_numbers(codes, values.clone()));
        Ok((key, values))
    }

    fn per_code(&mut self, variable: &Variable, expr: &Expr, name: &str) -> Result<Atom, Fault> {
        let codes_only = self.one_row_per_code(name);
        match evaluate(expr, &|_: &str| Some(&codes_only))? {
            Value::Number(values) => Ok(number_with_gaps(name, values)),
            Value::Logical(truths) => {
                let of_row: Vec<Option<bool>> = match &self.carriers[name] {
                    Carrier::Coded { codes, .. } => {
                        (0..codes.len()).map(|row| codes.get(row).and_then(|c| truths[c as usize])).collect()
                    }
                    Carrier::Continuous(_) => Vec::new(),
                };
                let carrier = Carrier::of_truths(&of_row);
                self.carriers.insert(variable.label.clone(), carrier);
                Ok(factor_of_truths(&variable.label))
            }
        }
    }

    /// A column with one row for every code of column `name`.
    fn one_row_per_code(&self, name: &str) -> ColumnData {
        let column = self.table.column(name).map(|c| &c.data);
        match (&self.carriers[name], column) {
            (Carrier::Coded { .. }, Some(ColumnData::Factor(f))) => {
                let n = f.levels.len();
                let codes = Codes::pack((0..n).map(|c| Some(c as u32)), n);
                ColumnData::Factor(crate::table::Factor { codes, ..without_rows(f) })
            }
            (Carrier::Coded { .. }, Some(ColumnData::Logical(_))) => ColumnData::Logical(vec![Some(false), Some(true)]),
            (Carrier::Coded { values: Some(values), .. }, _) => ColumnData::Number(values.clone()),
            _ => ColumnData::Number(Vec::new()),
        }
    }

    /// `strata()` inside an interaction: a factor whose levels are the combinations.
    fn strata(&mut self, variable: &Variable, list: &[Expr]) -> Result<Atom, Fault> {
        let table = self.table;
        let found = super::strata::combine(&[list], &|name: &str| table.column(name).map(|c| &c.data), table.n_rows())?;
        let codes = Codes::pack(found.codes.iter().map(|c| (*c != u32::MAX).then_some(*c)), found.labels.len());
        let levels: Vec<AtomLevel> = (0..found.labels.len())
            .map(|i| AtomLevel {
                name: found.short_labels[i].clone(),
                label: found.labels[i].clone(),
                code: Some(i as u32),
            })
            .collect();
        let pairs = levels.iter().map(|l| (l.name.clone(), l.label.clone())).collect();
        let carrier = Carrier::Coded { codes: Cow::Owned(codes), values: None, levels: Some(pairs), declared: true };
        self.carriers.insert(variable.label.clone(), carrier);
        let kind = AtomKind::Factor { levels, drop_unused: false };
        Ok(Atom { carrier: variable.label.clone(), kind, missing_codes: Vec::new(), outside: false })
    }

    /// Gives a factor with missing values a level for them.
    fn missing_as_level(&mut self, variable: &Variable, atom: Atom) -> Result<Atom, Fault> {
        let carrier = &self.carriers[&atom.carrier];
        let missing = atom.missing_rows(carrier);
        if !missing.iter().any(|m| *m) {
            return Ok(atom);
        }
        let (AtomKind::Factor { levels, drop_unused }, Carrier::Coded { codes, values, .. }) = (&atom.kind, carrier)
        else {
            let message = format!("`{}` is a number with missing values, which cannot be a level", variable.label);
            return Err(Fault::new(variable.span.clone(), message)
                .help("cut it into classes, or leave the rows out: --missing drop"));
        };
        let n_codes = codes_of(carrier);
        let new_codes = Codes::pack(
            (0..codes.len()).map(|row| if missing[row] { Some(n_codes) } else { codes.get(row) }),
            n_codes as usize + 1,
        );
        let taken = levels.iter().any(|l| l.name == MISSING_LEVEL);
        let name = if taken { format!("({MISSING_LEVEL})") } else { MISSING_LEVEL.to_string() };
        let mut levels = levels.clone();
        levels.push(AtomLevel { label: name.clone(), name, code: Some(n_codes) });
        let all = (0..=n_codes).map(|c| {
            let found = levels.iter().find(|l| l.code == Some(c));
            found.map_or((String::new(), String::new()), |l| (l.name.clone(), l.label.clone()))
        });
        let carrier = Carrier::Coded {
            levels: Some(all.collect()),
            codes: Cow::Owned(new_codes),
            values: values.clone(),
            declared: true,
        };
        let key = format!("{} with a level for missing", variable.label);
        self.carriers.insert(key.clone(), carrier);
        let kind = AtomKind::Factor { levels, drop_unused: *drop_unused };
        Ok(Atom { carrier: key, kind, missing_codes: Vec::new(), outside: false })
    }
}

/// The covariate of a `tt()` as a variable, at the place of the call.
fn covariate_of(variable: &Variable, call: &TimeCall) -> Variable {
    Variable { label: call.label.clone(), kind: (*call.covariate).clone(), span: variable.span.clone() }
}

/// Number of codes of a coded carrier.
pub(crate) fn codes_of(carrier: &Carrier<'_>) -> u32 {
    match carrier {
        Carrier::Coded { levels: Some(levels), .. } => levels.len() as u32,
        Carrier::Coded { values: Some(values), .. } => values.len() as u32,
        _ => 0,
    }
}

/// Which codes occur, in all rows or in the given ones.
pub(crate) fn presence(codes: &Codes, n_codes: usize, rows: Option<&[u32]>) -> Vec<bool> {
    fn mark<T: Copy + Into<u32>>(codes: &[T], rows: Option<&[u32]>, present: &mut [bool]) {
        let mut see = |c: T| {
            if let Some(p) = present.get_mut(c.into() as usize) {
                *p = true;
            }
        };
        match rows {
            None => codes.iter().for_each(|c| see(*c)),
            Some(rows) => rows.iter().for_each(|r| see(codes[*r as usize])),
        }
    }
    let mut present = vec![false; n_codes];
    match codes {
        Codes::U8(v) => mark(v, rows, &mut present),
        Codes::U16(v) => mark(v, rows, &mut present),
        Codes::U32(v) => mark(v, rows, &mut present),
    }
    present
}

/// How many rows have each code.
fn counts(codes: &Codes, n_codes: usize) -> Vec<u64> {
    let mut counts = vec![0; n_codes];
    (0..codes.len()).filter_map(|row| codes.get(row)).for_each(|c| counts[c as usize] += 1);
    counts
}

impl Atom {
    /// For every row of the table, whether the value is missing; empty when none is.
    pub(crate) fn missing_rows(&self, carrier: &Carrier<'_>) -> Vec<bool> {
        match carrier {
            Carrier::Continuous(values) => {
                if values.iter().any(|v| v.is_nan()) {
                    values.iter().map(|v| v.is_nan()).collect()
                } else {
                    Vec::new()
                }
            }
            Carrier::Coded { codes, .. } => {
                if !any_missing(codes) && self.missing_codes.is_empty() {
                    return Vec::new();
                }
                let bad = |c: u32| self.missing_codes.get(c as usize).copied().unwrap_or(false);
                (0..codes.len()).map(|row| codes.get(row).is_none_or(bad)).collect()
            }
        }
    }
}

/// Whether any code is the missing mark.
fn any_missing(codes: &Codes) -> bool {
    match codes {
        Codes::U8(v) => v.contains(&u8::MAX),
        Codes::U16(v) => v.contains(&u16::MAX),
        Codes::U32(v) => v.contains(&u32::MAX),
    }
}

fn number(carrier: &str, columns: Vec<(String, Vec<f64>)>) -> Atom {
    let kind = AtomKind::Number { columns, basis: None };
    Atom { carrier: carrier.to_string(), kind, missing_codes: Vec::new(), outside: false }
}

/// A number per code; a NaN (the logarithm of a negative number) counts as missing, as in R.
fn number_with_gaps(carrier: &str, values: Vec<f64>) -> Atom {
    let gaps: Vec<bool> = values.iter().map(|v| v.is_nan()).collect();
    let missing_codes = if gaps.contains(&true) { gaps } else { Vec::new() };
    Atom { missing_codes, ..number(carrier, vec![(String::new(), values)]) }
}

fn factor_of_truths(carrier: &str) -> Atom {
    let level = |name: &str, code| AtomLevel { name: name.into(), label: name.into(), code: Some(code) };
    let kind = AtomKind::Factor { levels: vec![level("FALSE", 0), level("TRUE", 1)], drop_unused: false };
    Atom { carrier: carrier.to_string(), kind, missing_codes: Vec::new(), outside: false }
}

/// The levels in the declared order, each with the code of the data's level of that name.
fn declared_levels(
    variable: &Variable,
    name: &str,
    wanted: &[String],
    all: &[(String, String)],
) -> Result<Vec<AtomLevel>, Fault> {
    let names: Vec<String> = all.iter().map(|l| l.0.clone()).collect();
    let mut out: Vec<AtomLevel> = Vec::new();
    for level in wanted {
        if out.iter().any(|l| l.name == *level) {
            return Err(Fault::new(variable.span.clone(), format!("level \"{level}\" of `{name}` is declared twice")));
        }
        let code = level_index(&names, level);
        let label = code.map_or(level, |c| &all[c].1).clone();
        out.push(AtomLevel { name: level.clone(), label, code: code.map(|c| c as u32) });
    }
    if out.iter().all(|l| l.code.is_none()) {
        return Err(Fault::new(variable.span.clone(), format!("`{name}` has none of the declared levels"))
            .help("levels are written as they stand in the data"));
    }
    Ok(out)
}

fn unknown_level(variable: &Variable, name: &str, level: &str, known: &[String]) -> Fault {
    const MOST_LISTED: usize = 20;
    let fault = Fault::new(variable.span.clone(), format!("`{name}` has no level \"{level}\""));
    match nearest(level, known.iter().map(String::as_str)) {
        Some(hint) => fault.help(format!("is \"{hint}\" meant?")),
        None if known.len() <= MOST_LISTED => fault.help(format!("its levels are {}", known.join(", "))),
        None => fault.help("levels are written as they stand in the data"),
    }
}

fn without_rows(factor: &crate::table::Factor) -> crate::table::Factor {
    crate::table::Factor {
        codes: Codes::U8(Vec::new()),
        levels: factor.levels.clone(),
        labels: factor.labels.clone(),
        declared: factor.declared,
    }
}

impl Expr {
    /// The name of the column, for an expression that is one.
    pub(crate) fn text_of_name(&self) -> String {
        match &self.ungrouped().kind {
            ExprKind::Name(name) => name.clone(),
            _ => self.text(),
        }
    }
}

/// Values of a whole-number or numeric column, for callers that need them row by row.
pub(crate) fn numbers_of(data: &ColumnData) -> Option<Vec<f64>> {
    match data {
        ColumnData::Factor(_) => None,
        ColumnData::Number(v) => Some(v.clone()),
        ColumnData::Whole(v) | ColumnData::Day(v) => Some(whole_numbers(v)),
        ColumnData::Logical(v) => Some(Value::Logical(v.clone()).numbers()),
    }
}

/// Looks up columns of a table.
pub(crate) fn lookup<'t>(table: &'t Table) -> Box<Columns<'t>> {
    Box::new(move |name: &str| table.column(name).map(|c| &c.data))
}
