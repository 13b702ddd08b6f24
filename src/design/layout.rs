//! Laying out the columns of a model: names, parts and ingredients in R's order, and the blocks the engine works with.

use super::atom::{Atom, AtomKind, Carriers, codes_of};
use super::carrier::Carrier;
use super::columns::{BasisPart, Ingredient, LevelInfo, ModelColumns, Part, TermInfo, VariableInfo};
use super::time::{self, TimeColumns};
use crate::engine::TimeVarying;
use crate::engine::data::{Block, NumberPart};
use crate::formula::{Coding, Formula, VariableKind};
use indexmap::IndexMap;

/// A variable of a term while its columns are laid out: for every column it contributes, name, part and ingredient.
struct Contribution {
    choices: Vec<(String, Part, Ingredient)>,
    is_factor: bool,
}

/// Lays out all columns and blocks. `atoms[v]` belongs to variable `v` of the formula; `titles` gives the label of a
/// column. The third result has the time-varying columns, the last names the carriers that the blocks use: a block's
/// variable i is the i-th of them.
pub(super) fn lay_out(
    formula: &Formula,
    atoms: &IndexMap<usize, Atom>,
    carriers: &Carriers<'_>,
    titles: &dyn Fn(&str) -> Option<String>,
) -> (ModelColumns, Vec<Block>, Vec<TimeVarying>, Vec<String>) {
    let variables: Vec<VariableInfo> =
        atoms.iter().map(|(v, atom)| variable_info(&formula.variables[*v], atom, titles)).collect();
    let mut columns = ModelColumns {
        names: Vec::new(),
        parts: Vec::new(),
        term_of_column: Vec::new(),
        terms: Vec::new(),
        variables,
        makeup: Vec::new(),
        time: TimeColumns::default(),
    };
    let mut used: Vec<String> = Vec::new();
    let (mut blocks, mut varying) = (Vec::new(), Vec::new());
    for (t, term) in formula.terms.iter().enumerate() {
        let places: Vec<usize> = term.parts.iter().filter_map(|p| atoms.get_index_of(&p.variable)).collect();
        let of_term: Vec<&Atom> = term.parts.iter().map(|p| &atoms[&p.variable]).collect();
        let first = columns.names.len();
        let mut slot = |key: &str| {
            used.iter().position(|k| k == key).unwrap_or_else(|| {
                used.push(key.to_string());
                used.len() - 1
            })
        };
        let slots: Vec<usize> = of_term.iter().map(|a| slot(&a.carrier)).collect();
        if let Some(call) = time::call_of(formula, term) {
            let carrier = &carriers[&of_term[0].carrier];
            let at = (places[0], slots[0], t);
            varying.extend(time::lay_out(&mut columns, call, formula, of_term[0], at, carrier));
        } else {
            let contributions: Vec<Contribution> = (0..places.len())
                .map(|i| contribution(&columns.variables[places[i]], places[i], of_term[i], term.parts[i].coding))
                .collect();
            let mut spelling: Vec<usize> = (0..places.len()).collect();
            spelling.sort_by_key(|i| term.parts[*i].variable);
            add_columns(&mut columns, t, &contributions, &spelling);
            blocks.extend(term_blocks(&of_term, &slots, &contributions, first, carriers));
        }
        let contained = formula.terms.iter().any(|o| {
            o.parts.len() > term.parts.len()
                && term.parts.iter().all(|p| o.parts.iter().any(|q| q.variable == p.variable))
        });
        let range = first..columns.names.len();
        let codes_others = changes_coding(formula, atoms, t);
        let label = term.label.clone();
        columns.terms.push(TermInfo { label, columns: range, variables: places, contained, codes_others });
    }
    (columns, blocks, varying, used)
}

/// Whether leaving out term `t` changes how a factor of a later term is coded (R's rule, see `formula::expand`).
fn changes_coding(formula: &Formula, atoms: &IndexMap<usize, Atom>, t: usize) -> bool {
    let is_factor = |v: usize| matches!(atoms[&v].kind, AtomKind::Factor { .. });
    let has = |term: &crate::formula::Term, v: usize| term.parts.iter().any(|p| p.variable == v);
    (t + 1..formula.terms.len()).any(|later| {
        let term = &formula.terms[later];
        let contrasts = |p: &&crate::formula::TermPart| p.coding == Coding::Contrasts && is_factor(p.variable);
        term.parts.len() > 1
            && term.parts.iter().filter(contrasts).any(|part| {
                let rest = || term.parts.iter().map(|p| p.variable).filter(|v| *v != part.variable);
                let gives = |i: usize| rest().all(|v| has(&formula.terms[i], v));
                gives(t) && !(0..later).any(|i| i != t && gives(i))
            })
    })
}

fn variable_info(
    variable: &crate::formula::Variable,
    atom: &Atom,
    titles: &dyn Fn(&str) -> Option<String>,
) -> VariableInfo {
    let expressions = variable.kind.expressions();
    let mut named: Vec<&str> = expressions.iter().flat_map(|e| e.columns()).collect();
    named.dedup();
    let column = (named.len() == 1).then(|| named[0].to_string());
    let (levels, basis) = match &atom.kind {
        AtomKind::Factor { levels, .. } => {
            (levels.iter().map(|l| LevelInfo { name: l.name.clone(), label: l.label.clone() }).collect(), None)
        }
        AtomKind::Number { basis, .. } => (Vec::new(), basis.clone()),
    };
    let plain = matches!(variable.kind, VariableKind::Column(_) | VariableKind::Factor(_));
    let title = column.as_deref().filter(|_| plain).and_then(titles).unwrap_or_else(|| variable.label.clone());
    VariableInfo { label: variable.label.clone(), column, title, levels, basis, kind: variable.kind.clone() }
}

fn contribution(info: &VariableInfo, place: usize, atom: &Atom, coding: Coding) -> Contribution {
    let plain = matches!(info.kind, VariableKind::Column(_) | VariableKind::Factor(_) | VariableKind::Strata(_));
    let variable = info.column.clone().unwrap_or_else(|| info.label.clone());
    let expression = (!plain).then(|| info.label.clone());
    match &atom.kind {
        AtomKind::Factor { levels, .. } => {
            let first = usize::from(coding == Coding::Contrasts);
            let choice = |i: usize| {
                let part = Part {
                    variable: variable.clone(),
                    level: Some(levels[i].name.clone()),
                    versus: (first == 1).then(|| levels[0].name.clone()),
                    expression: expression.clone(),
                    basis: None,
                };
                let name = format!("{}{}", info.label, levels[i].name);
                (name, part, Ingredient::Level { variable: place, level: i })
            };
            Contribution { choices: (first..levels.len()).map(choice).collect(), is_factor: true }
        }
        AtomKind::Number { columns, basis } => {
            let choice = |(i, (suffix, _)): (usize, &(String, Vec<f64>))| {
                let name = format!("{}{suffix}", info.label);
                let part = Part {
                    variable: variable.clone(),
                    level: None,
                    versus: None,
                    expression: expression.clone().filter(|_| basis.is_none()),
                    basis: basis.as_ref().map(|b| BasisPart { kind: b.kind, index: i + 1, name: name.clone() }),
                };
                (name, part, Ingredient::Number { variable: place, column: i })
            };
            Contribution { choices: columns.iter().enumerate().map(choice).collect(), is_factor: false }
        }
    }
}

/// Adds the products of all contributions, the first varying fastest. Their parts are listed in the order `spelling`,
/// that of the term's label, from which R's column names may differ when strata or clusters were taken out.
fn add_columns(columns: &mut ModelColumns, term: usize, contributions: &[Contribution], spelling: &[usize]) {
    let total: usize = contributions.iter().map(|c| c.choices.len()).product();
    for index in 0..total {
        let mut rest = index;
        let mut chosen = Vec::new();
        for c in contributions {
            chosen.push(&c.choices[rest % c.choices.len()]);
            rest /= c.choices.len();
        }
        columns.names.push(chosen.iter().map(|c| c.0.as_str()).collect::<Vec<_>>().join(":"));
        columns.parts.push(spelling.iter().map(|i| chosen[*i].1.clone()).collect());
        columns.makeup.push(chosen.iter().map(|c| c.2).collect());
        columns.term_of_column.push(term);
    }
}

/// The blocks of one term. One block holds it whole unless basis functions stand after a factor, where the columns
/// of a cell are not neighbours; then every basis function has a block of its own.
fn term_blocks(
    atoms: &[&Atom],
    slots: &[usize],
    contributions: &[Contribution],
    first: usize,
    carriers: &Carriers<'_>,
) -> Vec<Block> {
    let factors: Vec<usize> = (0..atoms.len()).filter(|i| contributions[*i].is_factor).collect();
    let numbers: Vec<usize> = (0..atoms.len()).filter(|i| !contributions[*i].is_factor).collect();
    let combinations = number_combinations(&numbers, contributions);
    let last_basis = numbers.iter().rev().find(|i| contributions[**i].choices.len() > 1);
    let neighbours = last_basis.is_none_or(|b| factors.iter().all(|f| f > b));
    let product = |combination: &Vec<usize>| -> Vec<NumberPart> {
        let part = |(i, k): (&usize, &usize)| number_part(atoms[*i], slots[*i], *k, &carriers[&atoms[*i].carrier]);
        numbers.iter().zip(combination).map(part).collect()
    };
    let index_of = |combination: &[usize], levels: &[usize]| -> usize {
        let (mut index, mut stride) = (0, 1);
        for (i, c) in contributions.iter().enumerate() {
            let chosen = match factors.iter().position(|f| *f == i) {
                Some(f) => levels[f],
                None => combination[numbers.iter().position(|n| *n == i).expect("a part is a factor or a number")],
            };
            index += stride * chosen;
            stride *= c.choices.len();
        }
        first + index
    };
    let block = |combination: &Vec<usize>, products: Vec<Vec<NumberPart>>| Block {
        factors: factors.iter().map(|f| slots[*f]).collect(),
        numbers: if numbers.is_empty() { Vec::new() } else { products },
        first_column: cells(&factors, atoms, contributions, carriers, &|levels| index_of(combination, levels)),
    };
    match combinations.first() {
        None => Vec::new(),
        Some(start) if neighbours => vec![block(start, combinations.iter().map(product).collect())],
        Some(_) => combinations.iter().map(|c| block(c, vec![product(c)])).collect(),
    }
}

/// All choices of one column from each number of a term, the first varying fastest.
fn number_combinations(numbers: &[usize], contributions: &[Contribution]) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new()];
    for i in numbers.iter().rev() {
        let n = contributions[*i].choices.len();
        out = out.iter().flat_map(|rest| (0..n).map(move |k| [&[k], rest.as_slice()].concat())).collect();
    }
    out
}

fn number_part(atom: &Atom, slot: usize, column: usize, carrier: &Carrier<'_>) -> NumberPart {
    let table = match &atom.kind {
        AtomKind::Number { columns, .. } => columns[column].1.clone(),
        AtomKind::Factor { .. } => Vec::new(),
    };
    let coded = matches!(carrier, Carrier::Coded { .. });
    NumberPart { variable: slot, value_of_code: coded.then_some(table) }
}

/// The first column of every cell of the cross of the factors' codes.
fn cells(
    factors: &[usize],
    atoms: &[&Atom],
    contributions: &[Contribution],
    carriers: &Carriers<'_>,
    column: &dyn Fn(&[usize]) -> usize,
) -> Vec<Option<u32>> {
    let choice_of_code: Vec<Vec<Option<usize>>> = factors
        .iter()
        .map(|f| {
            let mut of_code = vec![None; codes_of(&carriers[&atoms[*f].carrier]) as usize];
            let AtomKind::Factor { levels, .. } = &atoms[*f].kind else { return of_code };
            let skipped = levels.len() - contributions[*f].choices.len();
            for (i, level) in levels.iter().enumerate().skip(skipped) {
                if let Some(code) = level.code {
                    of_code[code as usize] = Some(i - skipped);
                }
            }
            of_code
        })
        .collect();
    let total: usize = choice_of_code.iter().map(Vec::len).product();
    let cell = |index: usize| {
        let mut rest = index;
        let mut levels = Vec::with_capacity(factors.len());
        for choices in &choice_of_code {
            levels.push(choices[rest % choices.len()]?);
            rest /= choices.len();
        }
        Some(column(&levels) as u32)
    };
    (0..total).map(cell).collect()
}

/// How many cells and columns the blocks of a formula would have, at most: a guard before they are laid out.
pub(super) fn size(formula: &Formula, atoms: &IndexMap<usize, Atom>, carriers: &Carriers<'_>) -> (f64, f64) {
    let mut columns = 0.0;
    let mut cells = 0.0;
    for term in &formula.terms {
        let (mut c, mut n) = (1.0, 1.0);
        for part in &term.parts {
            let atom = &atoms[&part.variable];
            match &atom.kind {
                AtomKind::Factor { levels, .. } => {
                    c *= levels.len() as f64;
                    n *= f64::from(codes_of(&carriers[&atom.carrier]));
                }
                AtomKind::Number { columns, .. } => c *= columns.len() as f64,
            }
        }
        columns += c;
        cells += n;
    }
    (columns, cells)
}
