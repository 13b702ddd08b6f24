//! What can be wrong with a model before it is built: names, levels, infinite values, size.

use super::atom::{Atom, AtomKind, Carriers, presence};
use super::carrier::Carrier;
use super::{DesignError, DesignOptions, in_formula, layout};
use crate::formula::{Fault, Formula, FormulaError, nearest};
use crate::table::Table;
use indexmap::IndexMap;
use std::ops::Range;

/// Most columns of a model, and most cells of its interactions: beyond them the formula is a mistake.
const MOST_COLUMNS: f64 = 20_000.0;
const MOST_CELLS: f64 = 50_000_000.0;

/// Faults of a response whose formula is not at hand, shown in a text made of the response itself.
pub(super) fn in_response(response: &crate::formula::Response, mut faults: Vec<Fault>) -> DesignError {
    let parts = response.entry.iter().chain([&response.exit]).chain(&response.event);
    let source = format!("Surv({})", parts.map(|e| e.text()).collect::<Vec<_>>().join(", "));
    faults.iter_mut().for_each(|f| f.span = 0..source.len());
    DesignError::Formula(FormulaError { source, faults })
}

/// Every name must be a column. All that are not are reported together.
pub(super) fn check_names(
    table: &Table,
    formula: &Formula,
    response: &crate::formula::Response,
    options: &DesignOptions,
) -> Result<(), DesignError> {
    let known: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    let hint = |name: &str| nearest(name, known.iter().copied());
    let fault = |(name, span): (&str, Range<usize>)| {
        let fault = Fault::new(span, format!("there is no column `{name}`"));
        match hint(name) {
            Some(hint) => fault.help(format!("is `{hint}` meant?")),
            None if known.len() <= 30 => fault.help(format!("columns are {}", known.join(", "))),
            None => fault,
        }
    };
    let unknown: Vec<Fault> =
        formula.columns().into_iter().filter(|(name, _)| table.column(name).is_none()).map(fault).collect();
    if !unknown.is_empty() {
        return Err(in_formula(formula, unknown));
    }
    let mut named: Vec<(&'static str, &String)> = Vec::new();
    if formula.response.is_none() {
        let study = [&response.exit].into_iter().chain(&response.entry).chain(&response.event);
        let missing = study.map(|e| e.text()).find(|name| table.column(name).is_none());
        if let Some(name) = missing {
            return Err(DesignError::NoResponse { column: name });
        }
    }
    named.extend(options.weights.iter().map(|c| ("weights", c)));
    named.extend(options.cluster.iter().map(|c| ("cluster", c)));
    named.extend(options.id.iter().map(|c| ("id", c)));
    named.extend(options.references.keys().map(|c| ("reference level", c)));
    named.extend(options.levels.keys().map(|c| ("levels", c)));
    match named.into_iter().find(|(_, name)| table.column(name).is_none()) {
        Some((role, name)) => {
            Err(DesignError::UnknownColumn { role, column: name.clone(), meant: hint(name).map(str::to_string) })
        }
        None => Ok(()),
    }
}

/// Factors need two levels, numbers must be finite, and the whole must have a size that makes sense.
pub(super) fn check_atoms(
    formula: &Formula,
    atoms: &IndexMap<usize, Atom>,
    carriers: &Carriers<'_>,
    used: Option<&[u32]>,
) -> Result<(), DesignError> {
    let mut faults = Vec::new();
    for (v, atom) in atoms {
        let variable = &formula.variables[*v];
        match &atom.kind {
            AtomKind::Factor { levels, .. } if levels.len() < 2 => {
                let message = format!("`{}` has one level only among the records that can be used", variable.label);
                faults.push(Fault::new(variable.span.clone(), message).help("leave the term out"));
            }
            AtomKind::Number { columns, .. } if has_infinite(columns, &carriers[&atom.carrier], used) => {
                let message = format!("`{}` is infinite in some records", variable.label);
                faults.push(
                    Fault::new(variable.span.clone(), message)
                        .help("make these values missing, or use another transformation"),
                );
            }
            _ => {}
        }
    }
    let (n_columns, n_cells) = layout::size(formula, atoms, carriers);
    if faults.is_empty() && (n_columns > MOST_COLUMNS || n_cells > MOST_CELLS) {
        let message = format!("this model would have {n_columns} columns; at most {MOST_COLUMNS} can be fitted");
        faults.push(
            Fault::new(0..formula.source.len(), message).help("is a column of numbers or keys taken as a factor?"),
        );
    }
    if faults.is_empty() { Ok(()) } else { Err(in_formula(formula, faults)) }
}

fn has_infinite(columns: &[(String, Vec<f64>)], carrier: &Carrier<'_>, used: Option<&[u32]>) -> bool {
    match carrier {
        Carrier::Continuous(values) => match used {
            None => values.iter().any(|x| x.is_infinite()),
            Some(rows) => rows.iter().any(|r| values[*r as usize].is_infinite()),
        },
        Carrier::Coded { codes, .. } => columns.iter().any(|(_, table)| {
            if !table.iter().any(|x| x.is_infinite()) {
                return false;
            }
            let present = presence(codes, table.len(), used);
            table.iter().zip(present).any(|(x, p)| p && x.is_infinite())
        }),
    }
}

/// Terms of a single number that has one value in all used rows.
pub(super) fn constant_terms(
    formula: &Formula,
    atoms: &IndexMap<usize, Atom>,
    carriers: &Carriers<'_>,
    used: Option<&[u32]>,
) -> Vec<String> {
    let constant = |v: &usize| -> bool {
        let atom = &atoms[v];
        match (&atom.kind, &carriers[&atom.carrier]) {
            (AtomKind::Number { columns, .. }, Carrier::Coded { codes, .. }) => columns.iter().all(|(_, table)| {
                let present = presence(codes, table.len(), used);
                let mut values = table.iter().zip(present).filter(|(_, p)| *p).map(|(x, _)| *x);
                let first = values.next();
                values.all(|x| Some(x) == first)
            }),
            _ => false,
        }
    };
    let single = formula.terms.iter().filter(|t| t.parts.len() == 1 && constant(&t.parts[0].variable));
    single.map(|t| t.label.clone()).collect()
}
