//! Columns of the data that the design carries as codes: what each code stands for, so that everyone can be set to one.

use super::atom::{Atom, AtomKind, Carriers};
use super::carrier::Carrier;
use super::value::level_text;
use super::{Built, LevelInfo};
use crate::engine::Variable;
use crate::formula::Formula;
use indexmap::IndexMap;

/// A column of the data behind one coded variable of the design, and behind no other.
#[derive(Debug, Clone, PartialEq)]
pub struct CodedColumn {
    /// The column.
    pub column: String,
    /// Index into the variables of [`Built::design`].
    pub variable: usize,
    /// Its levels with their codes: those of the factor, the reference first, or the values of a number in ascending order.
    pub levels: Vec<(LevelInfo, u32)>,
}

impl Built {
    /// The code of every record; empty for a column that is not coded.
    pub fn codes(&self, column: &CodedColumn) -> Vec<u32> {
        match &self.design.variables[column.variable] {
            Variable::Coded { codes, .. } => (0..codes.len()).filter_map(|i| codes.get(i)).collect(),
            Variable::Continuous(_) => Vec::new(),
        }
    }
}

/// The coded columns of a design whose variable i has the carrier `keys[i]`.
pub(super) fn coded_columns(
    formula: &Formula,
    atoms: &IndexMap<usize, Atom>,
    carriers: &Carriers<'_>,
    keys: &[String],
) -> Vec<CodedColumn> {
    let mut found: Vec<CodedColumn> = Vec::new();
    let mut twice: Vec<String> = Vec::new();
    for (variable, key) in keys.iter().enumerate() {
        let of_key: Vec<(usize, &Atom)> =
            atoms.iter().filter(|(_, a)| a.carrier == *key).map(|(v, a)| (*v, a)).collect();
        let expressions = of_key.iter().flat_map(|(v, _)| formula.variables[*v].kind.expressions());
        let mut columns: Vec<&str> = expressions.flat_map(|e| e.columns()).collect();
        columns.sort_unstable();
        columns.dedup();
        let ([column], Some(levels)) = (columns.as_slice(), levels(&of_key, &carriers[key])) else { continue };
        if found.iter().any(|c| c.column == *column) {
            twice.push(column.to_string());
        }
        found.push(CodedColumn { column: column.to_string(), variable, levels });
    }
    found.retain(|c| !twice.contains(&c.column));
    found
}

fn levels(atoms: &[(usize, &Atom)], carrier: &Carrier<'_>) -> Option<Vec<(LevelInfo, u32)>> {
    let factor = atoms.iter().find_map(|(_, atom)| match &atom.kind {
        AtomKind::Factor { levels, .. } => Some(levels),
        AtomKind::Number { .. } => None,
    });
    if let Some(levels) = factor {
        let info = |name: &String, label: &String| LevelInfo { name: name.clone(), label: label.clone() };
        return Some(levels.iter().filter_map(|l| l.code.map(|code| (info(&l.name, &l.label), code))).collect());
    }
    let Carrier::Coded { values: Some(values), .. } = carrier else { return None };
    let level = |(code, value): (usize, &f64)| {
        let text = level_text(*value);
        (LevelInfo { name: text.clone(), label: text }, code as u32)
    };
    Some(values.iter().enumerate().map(level).collect())
}
