//! What a model uses beside covariates: strata, offset, weights, clusters, persons.

use super::carrier::groups;
use super::rows::{MissingReason, Rows};
use super::{DesignError, DesignOptions, atom, gather, in_formula, strata, value};
use crate::formula::{Expr, Formula, VariableKind};
use crate::table::{Codes, Table};

/// What is not a covariate: strata, offset, weights, clusters, persons; for all rows.
pub(super) struct Extra {
    strata: Option<strata::Strata>,
    strata_name: String,
    offsets: Vec<(String, Vec<f64>)>,
    weights: Option<(String, Vec<f64>)>,
    /// Column and group of each row.
    pub(super) cluster: Option<(String, Vec<u32>)>,
    /// Column and person of each row.
    pub(super) id: Option<(String, Vec<u32>)>,
}

impl Extra {
    pub(super) fn read(table: &Table, formula: &Formula, options: &DesignOptions) -> Result<Extra, DesignError> {
        let find = atom::lookup(table);
        let mut faults = Vec::new();
        let lists: Vec<&[Expr]> = formula
            .strata
            .iter()
            .filter_map(|v| match &formula.variables[*v].kind {
                VariableKind::Strata(list) => Some(list.as_slice()),
                _ => None,
            })
            .collect();
        let strata = match lists.as_slice() {
            [] => None,
            lists => strata::combine(lists, &find, table.n_rows()).map_err(|f| faults.push(f)).ok(),
        };
        let mut offsets = Vec::new();
        for offset in &formula.offsets {
            match value::evaluate(offset, &find) {
                Ok(value) => {
                    offsets.push((format!("offset({})", offset.text()), full(value.numbers(), table.n_rows())))
                }
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(in_formula(formula, faults));
        }
        let grouped = |column: &String| (column.clone(), find(column).map(groups).unwrap_or_default());
        let weights = match &options.weights {
            None => None,
            Some(column) => {
                let numbers = find(column).and_then(atom::numbers_of);
                Some((column.clone(), numbers.ok_or_else(|| DesignError::WeightsAreText { column: column.clone() })?))
            }
        };
        let in_formula = formula.cluster.as_ref().map(|c| c.text_of_name());
        Ok(Extra {
            strata,
            strata_name: formula
                .strata
                .iter()
                .map(|v| formula.variables[*v].label.as_str())
                .collect::<Vec<_>>()
                .join(" + "),
            offsets,
            weights,
            cluster: options.cluster.as_ref().or(in_formula.as_ref()).map(grouped),
            id: options.id.as_ref().map(grouped),
        })
    }

    /// Leaves out rows in which any of these is missing.
    pub(super) fn exclude(&self, rows: &mut Rows) {
        if let Some(strata) = &self.strata {
            rows.exclude(&self.strata_name, MissingReason::Missing, |row| strata.codes[row] == u32::MAX);
        }
        for (name, values) in &self.offsets {
            rows.exclude(name, MissingReason::Missing, |row| values[row].is_nan());
        }
        if let Some((name, values)) = &self.weights {
            rows.exclude(&format!("weights {name}"), MissingReason::Missing, |row| values[row].is_nan());
        }
        for (role, groups) in [("cluster", &self.cluster), ("id", &self.id)] {
            if let Some((name, groups)) = groups {
                rows.exclude(&format!("{role} {name}"), MissingReason::Missing, |row| groups[row] == u32::MAX);
            }
        }
    }

    pub(super) fn weights(&self, used: Option<&[u32]>) -> Result<Option<Vec<f64>>, DesignError> {
        let Some((column, values)) = &self.weights else { return Ok(None) };
        let values = gather(values, used);
        match values.iter().filter(|w| !(w.is_finite() && **w > 0.0)).count() {
            0 => Ok(Some(values)),
            rows => Err(DesignError::BadWeights { column: column.clone(), rows }),
        }
    }

    pub(super) fn offset(&self, used: Option<&[u32]>) -> Result<Option<Vec<f64>>, DesignError> {
        let mut sum: Option<Vec<f64>> = None;
        for (name, values) in &self.offsets {
            let values = gather(values, used);
            if values.iter().any(|x| x.is_infinite()) {
                return Err(DesignError::InfiniteOffset { term: name.clone() });
            }
            match &mut sum {
                None => sum = Some(values),
                Some(sum) => sum.iter_mut().zip(values).for_each(|(s, x)| *s += x),
            }
        }
        Ok(sum)
    }

    /// Codes and labels of the strata that the used rows fall into.
    pub(super) fn strata(&self, used: Option<&[u32]>) -> Option<(Codes, Vec<String>)> {
        self.strata.as_ref().map(|s| stratum_codes(s, used))
    }
}

/// Codes and labels of the strata that the used rows fall into.
fn stratum_codes(strata: &strata::Strata, used: Option<&[u32]>) -> (Codes, Vec<String>) {
    let codes = gather(&strata.codes, used);
    let mut present = vec![false; strata.labels.len()];
    codes.iter().for_each(|c| present[*c as usize] = true);
    let kept: Vec<usize> = (0..present.len()).filter(|i| present[*i]).collect();
    let mut new = vec![0u32; present.len()];
    kept.iter().enumerate().for_each(|(i, old)| new[*old] = i as u32);
    let packed = Codes::pack(codes.iter().map(|c| Some(new[*c as usize])), kept.len());
    (packed, kept.into_iter().map(|i| strata.labels[i].clone()).collect())
}

/// A single value repeated for every row.
fn full(values: Vec<f64>, n: usize) -> Vec<f64> {
    if values.len() == 1 { vec![values[0]; n] } else { values }
}
