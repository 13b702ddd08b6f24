//! Ridge terms: which columns they own and how heavily each is penalised.

use super::atom::{Atom, Carriers};
use super::carrier::Carrier;
use super::columns::ModelColumns;
use crate::formula::Formula;
use indexmap::IndexMap;
use std::ops::Range;

/// A ridge term and its penalty −(θ/2) Σ v_j β_j².
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeTerm {
    /// R's label.
    pub label: String,
    /// Its columns.
    pub columns: Range<usize>,
    /// θ.
    pub theta: f64,
    /// v of every column: its variance (divisor n − 1) over all rows of the table that have a value, also those left out
    /// for another column, as R has it; 1 with `scale = FALSE`.
    pub variances: Vec<f64>,
}

/// Makes one term of the columns of every ridge term, and works out the penalties.
pub(super) fn join(
    columns: &mut ModelColumns,
    formula: &Formula,
    atoms: &IndexMap<usize, Atom>,
    carriers: &Carriers<'_>,
) -> Vec<RidgeTerm> {
    let mut found = Vec::new();
    for ridge in &formula.ridges {
        let place = |v: &usize| atoms.get_index_of(v);
        let places: Vec<usize> = ridge.variables.iter().filter_map(place).collect();
        let own = |t: &super::TermInfo| t.variables.len() == 1 && places.contains(&t.variables[0]);
        let Some(first) = columns.terms.iter().position(own) else { continue };
        let n = columns.terms[first..].iter().take_while(|t| own(t)).count();
        let last = columns.terms[first + n - 1].columns.end;
        columns.terms.drain(first + 1..first + n);
        let term = &mut columns.terms[first];
        (term.label, term.columns.end, term.variables) = (ridge.label.clone(), last, places);
        let range = term.columns.clone();
        for of in columns.term_of_column.iter_mut().skip(range.start) {
            *of = if *of >= first + n { *of + 1 - n } else { first };
        }
        let variance =
            |v: &usize| if ridge.call.scale { variance(&carriers[&atoms[v].carrier], &atoms[v]) } else { 1.0 };
        let variances = ridge.variables.iter().map(variance).collect();
        found.push(RidgeTerm { label: ridge.label.clone(), columns: range, theta: ridge.call.theta, variances });
    }
    found
}

/// The variance of a column of numbers over all rows that have a value.
fn variance(carrier: &Carrier<'_>, atom: &Atom) -> f64 {
    let table = match &atom.kind {
        super::AtomKind::Number { columns, .. } => columns[0].1.clone(),
        super::AtomKind::Factor { .. } => return f64::NAN,
    };
    let mut numbers: Vec<f64> = match carrier {
        Carrier::Coded { codes, .. } => {
            (0..codes.len()).filter_map(|row| codes.get(row)).filter_map(|c| table.get(c as usize)).copied().collect()
        }
        Carrier::Continuous(values) => values.clone(),
    };
    numbers.retain(|x| !x.is_nan());
    // In ascending order, so that the order of the rows does not show in the last digit.
    numbers.sort_unstable_by(f64::total_cmp);
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (numbers.len() as f64 - 1.0)
}

/// θ v of every one of `n_columns` columns; `None` without ridge terms.
pub(crate) fn weights(ridges: &[RidgeTerm], n_columns: usize) -> Option<Vec<f64>> {
    let mut weights = vec![0.0; n_columns];
    for ridge in ridges {
        for (w, v) in weights[ridge.columns.clone()].iter_mut().zip(&ridge.variances) {
            *w = ridge.theta * v;
        }
    }
    (!ridges.is_empty()).then_some(weights)
}
