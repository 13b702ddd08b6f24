//! From records and a formula to what the engine works with: codes and value tables, never dummy columns.
//!
//! [`build`] decides which rows can be used, what every variable is (factor or number), how R would name and order the
//! columns, and hands out [`SurvivalData`] and [`Design`] for the engine together with [`ModelColumns`], the names that
//! everything after the engine needs. A factor or a number with few distinct values is one small code per record, an
//! interaction costs no storage per record at all.
//!
//! Rules, all R's (`model.matrix`, `coxph`, survival 3.5) unless said otherwise: treatment contrasts; the first level
//! is the reference; text is a factor with sorted levels, of which those that no used record has are left out; declared
//! levels stay, and one without records gets a coefficient that cannot be estimated; a truth is a factor with levels
//! `FALSE` and `TRUE`; a row with a missing value in any variable, stratum, weight, cluster or offset is left out and
//! counted, and so is an interval that does not end after its beginning.
//!
//! Ours: `x %in% c(…)` is missing where `x` is; event codes other than 0/1 or 1/2 are an error instead of missing values.

mod atom;
mod basis;
mod carrier;
mod check;
mod coded;
mod collapse;
mod columns;
mod competing;
mod difference;
mod error;
mod extra;
mod layout;
mod person;
mod records;
mod response;
pub(crate) mod ridge;
mod rows;
mod sample;
mod strata;
mod time;
mod value;

pub use basis::{Basis, BasisKind, Distribution, Recursion};
pub use coded::CodedColumn;
pub use collapse::{Collapse, level_rows};
pub use columns::{BasisPart, LevelInfo, ModelColumns, Part, Setting, SettingValue, TermInfo, VariableInfo};
pub use competing::{CompetingEvents, competing_condition};
pub use difference::{DifferenceError, Values};
pub use error::DesignError;
pub use person::{Person, PersonFault};
pub use records::{FactorColumn, Records, distribution_of, factor_column, group_numbers, records, unknown_column};
pub use ridge::RidgeTerm;
pub use rows::{MissingCount, MissingReason};
pub use sample::{Cause, CauseColumn, Sample, SampleGroup, sample};
pub use time::{FunctionOfTime, TimeColumn, TimeColumns};

use crate::engine::TimeDependence;
use crate::engine::data::{Design, SurvivalData, Time, Variable};
use crate::formula::{Fault, Formula, FormulaError, VariableKind};
use crate::table::Table;
use atom::{Atom, AtomKind, Carriers, Resolver, presence};
use carrier::Carrier;
use check::{check_atoms, check_names, constant_terms, in_response};
use extra::Extra;
use indexmap::IndexMap;
use rayon::prelude::*;
use response::Outcome;
use rows::Rows;

/// What a formula leaves open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DesignOptions {
    /// Reference level by column (`--ref VAR=LEVEL`). A column of numbers becomes a factor.
    pub references: IndexMap<String, String>,
    /// Levels in order by column (`--levels VAR=a,b,c`), the first the reference; other values count as missing.
    pub levels: IndexMap<String, Vec<String>>,
    /// Levels merged under new names, before all else (`--collapse VAR=NEW:a,b`).
    pub collapse: Vec<Collapse>,
    /// Column of case weights.
    pub weights: Option<String>,
    /// Column of clusters for the robust variance; `cluster()` in the formula says the same.
    pub cluster: Option<String>,
    /// Column that tells persons apart.
    pub id: Option<String>,
    /// Robust variance: `None` is R's rule (see [`Built::robust`]).
    pub robust: Option<bool>,
    /// What becomes of missing values.
    pub missing: Missing,
    /// Which records end in a competing event: a condition over columns, as in a formula.
    pub competing: Option<String>,
    /// Column of groups with censoring of their own, in a Fine-Gray model.
    pub censoring_group: Option<String>,
}

impl DesignOptions {
    /// The same for a table whose levels are merged already.
    fn without_collapse(&self) -> DesignOptions {
        DesignOptions { collapse: Vec::new(), ..self.clone() }
    }
}

/// What becomes of missing values in covariates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// Rows with any are left out and counted.
    #[default]
    Drop,
    /// They are a level of their own, the last; numbers must have none. Rows without time, event, stratum, weight or
    /// cluster are left out and counted.
    Indicator,
    /// They are an error.
    Error,
}

/// A model ready for the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// Times, events, strata, weights, offset and clusters of the used records.
    pub data: SurvivalData,
    /// The covariates of the used records.
    pub design: Design,
    /// The time-varying ones among its columns, none without `tt()`.
    pub time: TimeDependence,
    /// Names and makeup of the columns.
    pub columns: ModelColumns,
    /// Columns of the data that are coded variables of the design.
    pub coded: Vec<CodedColumn>,
    /// The used rows of the table, ascending.
    pub rows: Vec<u32>,
    /// Rows of the table.
    pub n_table_rows: usize,
    /// Rows left out.
    pub n_missing_dropped: usize,
    /// Why, by variable; a row may count more than once.
    pub missing: Vec<MissingCount>,
    /// Label of each stratum (`sex=1, region=north`); empty without strata.
    pub strata: Vec<String>,
    /// Competing events, when [`DesignOptions::competing`] says which they are.
    pub competing: Option<CompetingEvents>,
    /// The person of each record, when [`DesignOptions::id`] names them.
    pub person: Option<Vec<u32>>,
    /// Distinct persons among the used rows, when [`DesignOptions::id`] names them.
    pub n_persons: Option<usize>,
    /// Events among the used rows, not weighted.
    pub n_events: usize,
    /// Sum of exit − entry (of exit without entry) over the used rows, not weighted, in the unit of the times.
    pub person_time: f64,
    /// Whether the variance is to be robust: as asked, else by R's rule: with clusters, with weights that are not
    /// whole, or when a person has several events.
    pub robust: bool,
    /// The ridge terms.
    pub ridges: Vec<RidgeTerm>,
    /// Labels of terms that are one number for all used records; the engine will call their columns aliased.
    pub constant_terms: Vec<String>,
}

/// Builds the design of `formula` from `table`.
///
/// A formula without a left side takes the columns `entry`, `exit` and `event`. Errors: everything that can be
/// wrong with names, levels and values, gathered where possible, with its place in the formula.
pub fn build(table: &Table, formula: &Formula, options: &DesignOptions) -> Result<Built, DesignError> {
    if !options.collapse.is_empty() {
        let table = collapse::collapsed_table(table, &options.collapse)?;
        return build(&table, formula, &options.without_collapse());
    }
    let response = formula.response.clone().unwrap_or_else(response::study_response);
    check_names(table, formula, &response, options)?;
    let covariates = || {
        let mut resolver = Resolver { table, options, carriers: carriers(table, formula) };
        resolve(formula, &mut resolver).map(|atoms| (atoms, resolver.carriers))
    };
    let rest = || {
        let outcome = response::outcome(&response, table).map_err(|faults| in_formula(formula, faults))?;
        Extra::read(table, formula, options).map(|extra| (outcome, extra))
    };
    let (covariates, rest) = rayon::join(covariates, rest);
    let (atoms, carriers) = covariates?;
    let (outcome, extra) = rest?;

    let mut rows = Rows::new(table.n_rows());
    exclude_outcome(&mut rows, &outcome);
    for (v, atom) in &atoms {
        let missing = atom.missing_rows(&carriers[&atom.carrier]);
        if !missing.is_empty() {
            let reason = if atom.outside { MissingReason::OutsideLevels } else { MissingReason::Missing };
            rows.exclude(&formula.variables[*v].label, reason, |row| missing[row]);
        }
    }
    extra.exclude(&mut rows);
    let competing = competing::CompetingRows::read(table, options)?;
    competing.iter().for_each(|c| c.exclude(&mut rows));
    if options.missing == Missing::Error && !rows.counts.is_empty() {
        return Err(DesignError::MissingValues(rows.counts));
    }
    let used = rows.used();
    let n = used.as_ref().map_or(table.n_rows(), Vec::len);
    if n == 0 {
        return Err(DesignError::NoRecords { rows: table.n_rows(), missing: rows.counts });
    }
    assemble(table, formula, options, Parts { atoms, carriers, outcome, extra, competing, rows, used })
}

/// Everything read and resolved, before rows are chosen.
struct Parts<'t> {
    atoms: IndexMap<usize, Atom>,
    carriers: Carriers<'t>,
    outcome: Outcome<'t>,
    extra: Extra,
    competing: Option<competing::CompetingRows>,
    rows: Rows,
    used: Option<Vec<u32>>,
}

fn assemble(table: &Table, formula: &Formula, options: &DesignOptions, parts: Parts<'_>) -> Result<Built, DesignError> {
    let Parts { mut atoms, carriers, outcome, extra, competing, rows, used } = parts;
    let used_rows = used.as_deref();
    drop_unused_levels(&mut atoms, &carriers, used_rows);
    check_atoms(formula, &atoms, &carriers, used_rows)?;
    let titles = |name: &str| table.column(name).map(|c| c.label.clone());
    let (mut columns, blocks, varying, keys) = layout::lay_out(formula, &atoms, &carriers, &titles);
    let ridges = ridge::join(&mut columns, formula, &atoms, &carriers);
    let variables: Vec<Variable> = keys.par_iter().map(|key| variable(&carriers[key], used_rows)).collect();
    let coded = coded::coded_columns(formula, &atoms, &carriers, &keys);
    let constant_terms = constant_terms(formula, &atoms, &carriers, used_rows);
    let design = Design { variables, blocks, n_columns: columns.len() };
    let event: Vec<bool> = match used_rows {
        None => outcome.event.iter().map(|e| *e == Some(true)).collect(),
        Some(rows) => rows.iter().map(|r| outcome.event[*r as usize] == Some(true)).collect(),
    };
    let exit = outcome.exit.take(used_rows);
    let entry = outcome.entry.as_ref().map(|e| e.take(used_rows));
    let person_time = person_time(entry.as_ref(), &exit);
    let weight = extra.weights(used_rows)?;
    let offset = extra.offset(used_rows)?;
    let id = extra.id.as_ref().map(|(_, ids)| gather(ids, used_rows));
    let cluster = extra.cluster.as_ref().map(|(_, c)| gather(c, used_rows));
    let fractional = weight.as_ref().is_some_and(|w| w.iter().any(|x| x.fract() != 0.0));
    let several_events = id.as_ref().is_some_and(|ids| several_events(ids, &event));
    let robust = options.robust.unwrap_or(cluster.is_some() || fractional || several_events);
    let cluster = if robust { cluster.or_else(|| id.clone()) } else { None };
    if let Some(cluster) = &cluster
        && cluster.len() > 1
        && cluster.iter().all(|c| *c == cluster[0])
    {
        let column = extra.cluster.as_ref().or(extra.id.as_ref()).map(|(name, _)| name.clone()).unwrap_or_default();
        return Err(DesignError::OneCluster { column });
    }
    let strata = extra.strata(used_rows);
    let n_events = event.iter().filter(|e| **e).count();
    let data = SurvivalData {
        entry: entry.filter(|entry| !starts_together(entry, &exit)),
        exit,
        event,
        stratum: strata.as_ref().map(|(codes, _)| codes.clone()),
        weight,
        offset,
        cluster,
    };
    let time = columns.time.dependence(varying, &data, &columns, formula)?;
    let all_rows = || (0..table.n_rows() as u32).collect();
    Ok(Built {
        n_events,
        data,
        design,
        time,
        columns,
        coded,
        n_table_rows: table.n_rows(),
        n_missing_dropped: used_rows.map_or(0, |rows| table.n_rows() - rows.len()),
        missing: rows.counts,
        strata: strata.map(|(_, labels)| labels).unwrap_or_default(),
        n_persons: id.as_deref().map(count_distinct),
        competing: competing.as_ref().map(|c| c.take(used_rows)),
        person: id,
        person_time,
        robust,
        ridges,
        constant_terms,
        rows: used.unwrap_or_else(all_rows),
    })
}

fn in_formula(formula: &Formula, mut faults: Vec<Fault>) -> DesignError {
    faults.sort_by_key(|f| (f.span.start, f.span.end));
    faults.dedup();
    DesignError::Formula(FormulaError { source: formula.source.clone(), faults })
}

/// The carriers of all columns that covariates use, worked out side by side.
fn carriers<'t>(table: &'t Table, formula: &Formula) -> Carriers<'t> {
    let mut names: Vec<&str> = Vec::new();
    for variable in formula.terms.iter().flat_map(|t| &t.parts).map(|p| &formula.variables[p.variable]) {
        let several = |e: &&crate::formula::Expr| e.columns().len() == 1;
        let wanted = !matches!(variable.kind, VariableKind::Strata(_));
        let expressions = variable.kind.expressions();
        names.extend(expressions.iter().copied().filter(several).filter(|_| wanted).flat_map(|e| e.columns()));
    }
    names.sort_unstable();
    names.dedup();
    let made: Vec<(String, Carrier<'t>)> = names
        .into_par_iter()
        .filter_map(|name| table.column(name).map(|c| (name.to_string(), Carrier::of_column(&c.data))))
        .collect();
    made.into_iter().collect()
}

/// The atoms of all variables in terms, by the variable's index.
fn resolve(formula: &Formula, resolver: &mut Resolver<'_, '_>) -> Result<IndexMap<usize, Atom>, DesignError> {
    let mut atoms = IndexMap::new();
    let mut faults = Vec::new();
    for v in formula.terms.iter().flat_map(|t| t.parts.iter().map(|p| p.variable)) {
        if atoms.contains_key(&v) {
            continue;
        }
        match resolver.atom(&formula.variables[v]) {
            Ok(atom) => {
                atoms.insert(v, atom);
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(atoms) } else { Err(in_formula(formula, faults)) }
}

/// Leaves out rows without time or event and intervals that do not end after their beginning.
fn exclude_outcome(rows: &mut Rows, outcome: &Outcome<'_>) {
    let [entry_name, exit_name, event_name] = &outcome.names;
    if outcome.exit.any_missing() {
        rows.exclude(exit_name, MissingReason::Missing, |row| outcome.exit.is_missing(row));
    }
    if outcome.event.contains(&None) {
        rows.exclude(event_name, MissingReason::Missing, |row| outcome.event[row].is_none());
    }
    let Some(entry) = &outcome.entry else { return };
    if entry.any_missing() {
        rows.exclude(entry_name, MissingReason::Missing, |row| entry.is_missing(row));
    }
    if entry.any_empty(&outcome.exit) {
        let known = |row: usize| !entry.is_missing(row) && !outcome.exit.is_missing(row);
        let empty = |row: usize| known(row) && entry.get(row) >= outcome.exit.get(row);
        rows.exclude(exit_name, MissingReason::EmptyInterval, empty);
    }
}

/// Levels of plain text that no used record has are no levels.
fn drop_unused_levels(atoms: &mut IndexMap<usize, Atom>, carriers: &Carriers<'_>, used: Option<&[u32]>) {
    for atom in atoms.values_mut() {
        let carrier = &carriers[&atom.carrier];
        if let (AtomKind::Factor { levels, drop_unused: true }, Carrier::Coded { codes, .. }) =
            (&mut atom.kind, carrier)
        {
            let present = presence(codes, atom::codes_of(carrier) as usize, used);
            levels.retain(|l| l.code.is_some_and(|c| present[c as usize]));
        }
    }
}

/// The engine's form of a carrier, for the used rows.
fn variable(carrier: &Carrier<'_>, used: Option<&[u32]>) -> Variable {
    match carrier {
        Carrier::Coded { codes, .. } => Variable::Coded {
            codes: match used {
                None => codes.clone().into_owned(),
                Some(rows) => codes.take(rows),
            },
            n_levels: atom::codes_of(carrier),
        },
        Carrier::Continuous(values) => Variable::Continuous(gather(values, used)),
    }
}

/// The values of the used rows.
fn gather<T: Copy>(values: &[T], used: Option<&[u32]>) -> Vec<T> {
    match used {
        None => values.to_vec(),
        Some(rows) => rows.iter().map(|r| values[*r as usize]).collect(),
    }
}

fn person_time(entry: Option<&Time>, exit: &Time) -> f64 {
    let sum = |t: &Time| match t {
        // Whole days add up exactly in a wide integer.
        Time::Whole(v) => v.iter().map(|x| i64::from(*x)).sum::<i64>() as f64,
        // In ascending order, so that the order of the rows does not show in the last digit.
        Time::Real(v) => {
            let mut v = v.clone();
            v.par_sort_unstable_by(f64::total_cmp);
            v.iter().sum()
        }
    };
    sum(exit) - entry.map_or(0.0, sum)
}

/// Whether all records start at one time before the first ends: then nobody enters late, and the start says nothing.
fn starts_together(entry: &Time, exit: &Time) -> bool {
    match (entry, exit) {
        (Time::Whole(entry), Time::Whole(exit)) => {
            let first = entry.first();
            entry.iter().all(|e| Some(e) == first) && exit.iter().min() > first
        }
        _ => false,
    }
}

/// Whether any person has more than one event.
fn several_events(ids: &[u32], event: &[bool]) -> bool {
    let n = ids.iter().max().map_or(0, |m| *m as usize + 1);
    let mut seen = vec![false; n];
    ids.iter().zip(event).filter(|(_, e)| **e).any(|(id, _)| std::mem::replace(&mut seen[*id as usize], true))
}

fn count_distinct(ids: &[u32]) -> usize {
    let mut seen = vec![false; ids.iter().max().map_or(0, |m| *m as usize + 1)];
    ids.iter().for_each(|id| seen[*id as usize] = true);
    seen.into_iter().filter(|s| *s).count()
}
