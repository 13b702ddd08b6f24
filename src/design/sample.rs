//! Records by group, for descriptions: survival curves, tests of groups, cumulative incidence.
//!
//! Reads a formula as R's `survfit` and `survdiff` do: the right side names groups (every combination that occurs is one, the
//! first variable slowest), `strata()` what a test is stratified by. Weights, clusters and persons as in a model.

use super::atom::{Atom, AtomKind, Resolver};
use super::carrier::Carrier;
use super::check::check_names;
use super::extra::Extra;
use super::records::factor_column;
use super::response::{self, Outcome};
use super::rows::{MissingCount, MissingReason, Rows};
use super::{DesignError, DesignOptions, LevelInfo, Missing, gather, in_formula};
use crate::engine::data::SurvivalData;
use crate::formula::{Fault, Formula, Variable, VariableKind};
use crate::table::{Codes, Table};
use indexmap::IndexMap;

/// Most groups: beyond them a number was meant to be cut into classes.
const MOST_GROUPS: usize = 1000;

/// Records ready to be described.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Times, events, weights and clusters of the used records; its strata are the groups.
    pub data: SurvivalData,
    /// The used rows of the table, ascending.
    pub rows: Vec<u32>,
    /// What makes the groups: column (or calculation) and title.
    pub variables: Vec<(String, String)>,
    /// The groups that have records.
    pub groups: Vec<SampleGroup>,
    /// What a test is stratified by: one code per record, and the label of each.
    pub strata: Option<(Vec<u32>, Vec<String>)>,
    /// How each record ends where events are of several kinds.
    pub cause: Option<Cause>,
    /// The person of each record, when [`DesignOptions::id`] names them.
    pub person: Option<Vec<u32>>,
    /// Rows left out.
    pub n_missing_dropped: usize,
    /// Why, by variable; a row may count more than once.
    pub missing: Vec<MissingCount>,
    /// Whether standard errors are to be robust: see [`super::Built::robust`].
    pub robust: bool,
}

/// A combination of levels.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleGroup {
    /// The level of each variable.
    pub levels: Vec<LevelInfo>,
    /// `sex=1, ph.ecog=0`, as R has it; empty when there is one group of all.
    pub name: String,
}

/// The column that says how a record ends, and which of its values are no event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CauseColumn {
    /// The column.
    pub column: String,
    /// Values that mean censored; the first level where none is given (R's rule).
    pub censored: Vec<String>,
    /// Values that are events, in the order of the causes; every other value then means censored. Where empty, all but
    /// `censored` are events.
    pub events: Vec<String>,
}

/// How records end.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// 0 is censored, k the k-th cause.
    pub codes: Vec<u32>,
    /// The causes.
    pub causes: Vec<LevelInfo>,
}

/// Reads the records that `formula` describes.
///
/// A formula without a left side takes the columns `entry`, `exit` and `event`. Errors: names, levels and values as for a
/// model; groups that are numbers with many values; a censoring value that the cause column does not have.
pub fn sample(
    table: &Table,
    formula: &Formula,
    options: &DesignOptions,
    cause: Option<&CauseColumn>,
) -> Result<Sample, DesignError> {
    let response = formula.response.clone().unwrap_or_else(response::study_response);
    if !options.collapse.is_empty() {
        let table = super::collapse::collapsed_table(table, &options.collapse)?;
        return sample(&table, formula, &options.without_collapse(), cause);
    }
    check_names(table, formula, &response, options)?;
    let outcome = response::outcome(&response, table).map_err(|faults| in_formula(formula, faults))?;
    let extra = Extra::read(table, formula, options)?;
    let factors = factors(table, formula, options)?;
    let cause = cause.map(|c| read_cause(table, c, options)).transpose()?;
    let mut rows = Rows::new(table.n_rows());
    super::exclude_outcome(&mut rows, &outcome);
    for factor in &factors {
        let reason = if factor.outside { MissingReason::OutsideLevels } else { MissingReason::Missing };
        rows.exclude(&factor.label, reason, |row| factor.codes[row] == u32::MAX);
    }
    if let Some((column, cause)) = &cause {
        rows.exclude(column, MissingReason::Missing, |row| cause.codes[row] == u32::MAX);
    }
    extra.exclude(&mut rows);
    if options.missing == Missing::Error && !rows.counts.is_empty() {
        return Err(DesignError::MissingValues(rows.counts));
    }
    let used = rows.used();
    let used_rows = used.as_deref();
    let n_used = used_rows.map_or(table.n_rows(), <[u32]>::len);
    if n_used == 0 {
        return Err(DesignError::NoRecords { rows: table.n_rows(), missing: rows.counts });
    }
    let (codes, groups) = groups(&factors, used_rows, n_used);
    if groups.len() > MOST_GROUPS {
        let message = format!("{} groups: that is a number, not a group", groups.len());
        let fault = Fault::new(0..formula.source.len(), message);
        return Err(in_formula(formula, vec![fault.help("cut it into classes, as in ~ I(age > 65)")]));
    }
    let (data, robust) = survival_data(&outcome, &extra, options, used_rows, Codes::pack(codes, groups.len()))?;
    let strata = extra
        .strata(used_rows)
        .map(|(codes, labels)| ((0..n_used).map(|i| codes.get(i).unwrap_or_default()).collect(), labels));
    Ok(Sample {
        data,
        variables: factors.into_iter().map(|f| (f.label, f.title)).collect(),
        groups,
        strata,
        cause: cause.map(|(_, c)| Cause { codes: gather(&c.codes, used_rows), causes: c.causes }),
        person: extra.id.as_ref().map(|(_, ids)| gather(ids, used_rows)),
        n_missing_dropped: table.n_rows() - n_used,
        missing: rows.counts,
        robust,
        rows: used.unwrap_or_else(|| (0..table.n_rows() as u32).collect()),
    })
}

/// A grouping variable.
struct GroupFactor {
    label: String,
    title: String,
    levels: Vec<LevelInfo>,
    codes: Vec<u32>,
    outside: bool,
}

/// The grouping variables of the right side; how they are multiplied does not matter, all combinations are groups.
fn factors(table: &Table, formula: &Formula, options: &DesignOptions) -> Result<Vec<GroupFactor>, DesignError> {
    let mut seen = Vec::new();
    let mut out = Vec::new();
    let mut faults = Vec::new();
    for v in formula.terms.iter().flat_map(|t| t.parts.iter().map(|p| p.variable)) {
        if seen.contains(&v) {
            continue;
        }
        seen.push(v);
        match factor(table, &formula.variables[v], options) {
            Ok(factor) => out.push(factor),
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(offset) = formula.offsets.first() {
        faults.push(Fault::new(offset.span.clone(), "an offset has no meaning for groups").help("leave it out"));
    }
    if faults.is_empty() { Ok(out) } else { Err(in_formula(formula, faults)) }
}

fn factor(table: &Table, variable: &Variable, options: &DesignOptions) -> Result<GroupFactor, Fault> {
    let columns: Vec<String> =
        variable.kind.expressions().iter().flat_map(|e| e.columns()).map(str::to_string).collect();
    let carriers: IndexMap<String, Carrier<'_>> = columns
        .iter()
        .filter_map(|name| table.column(name).map(|c| (name.clone(), Carrier::of_column(&c.data))))
        .collect();
    let mut resolver = Resolver { table, options, carriers };
    let as_factor = match &variable.kind {
        VariableKind::Column(expr) => {
            let call = crate::formula::FactorCall { column: expr.clone(), reference: None, levels: None };
            Variable { kind: VariableKind::Factor(call), ..variable.clone() }
        }
        _ => variable.clone(),
    };
    let atom = resolver.atom(&as_factor)?;
    let (AtomKind::Factor { levels, .. }, Carrier::Coded { codes, .. }) =
        (&atom.kind, &resolver.carriers[&atom.carrier])
    else {
        let message = format!("`{}` is a number, not a group", variable.label);
        let help = format!("compare it, as in ~ I({} > 65), or make it a factor", variable.label);
        return Err(Fault::new(variable.span.clone(), message).help(help));
    };
    let title = match (&variable.kind, columns.as_slice()) {
        (VariableKind::Column(_) | VariableKind::Factor(_), [name]) => table.column(name).map(|c| c.label.clone()),
        _ => None,
    };
    Ok(GroupFactor {
        title: title.unwrap_or_else(|| variable.label.clone()),
        label: variable.label.clone(),
        levels: levels.iter().map(|l| LevelInfo { name: l.name.clone(), label: l.label.clone() }).collect(),
        codes: row_levels(&atom, codes),
        outside: atom.outside,
    })
}

/// The level of each row, `u32::MAX` where it is missing.
fn row_levels(atom: &Atom, codes: &Codes) -> Vec<u32> {
    let AtomKind::Factor { levels, .. } = &atom.kind else { return Vec::new() };
    let n_codes = levels.iter().filter_map(|l| l.code).max().map_or(0, |c| c as usize + 1);
    let mut level_of_code = vec![u32::MAX; n_codes];
    for (i, level) in levels.iter().enumerate() {
        if let Some(code) = level.code {
            level_of_code[code as usize] = i as u32;
        }
    }
    let level = |c: u32| level_of_code.get(c as usize).copied().unwrap_or(u32::MAX);
    (0..codes.len()).map(|row| codes.get(row).map_or(u32::MAX, level)).collect()
}

/// The group of each used record, and the groups that occur.
fn groups(factors: &[GroupFactor], used: Option<&[u32]>, n_used: usize) -> (Vec<Option<u32>>, Vec<SampleGroup>) {
    let row = |i: usize| used.map_or(i, |rows| rows[i] as usize);
    let combination =
        |i: usize| factors.iter().fold(0u64, |code, f| code * f.levels.len() as u64 + u64::from(f.codes[row(i)]));
    let combinations: Vec<u64> = (0..n_used).map(combination).collect();
    let mut present = combinations.clone();
    present.sort_unstable();
    present.dedup();
    let codes = combinations.iter().map(|c| present.binary_search(c).ok().map(|g| g as u32)).collect();
    (codes, present.into_iter().map(|c| group(factors, c)).collect())
}

fn group(factors: &[GroupFactor], mut combination: u64) -> SampleGroup {
    let mut levels = Vec::new();
    for factor in factors.iter().rev() {
        let n = factor.levels.len() as u64;
        levels.push(factor.levels[(combination % n) as usize].clone());
        combination /= n;
    }
    levels.reverse();
    let parts = factors.iter().zip(&levels).map(|(f, l)| format!("{}={}", f.label, l.name));
    SampleGroup { name: parts.collect::<Vec<_>>().join(", "), levels }
}

/// The cause column with its name. Codes are 0 for censored; `u32::MAX` is missing.
fn read_cause(table: &Table, cause: &CauseColumn, options: &DesignOptions) -> Result<(String, Cause), DesignError> {
    let factor = factor_column(table, &cause.column, options)?;
    let names: Vec<String> = factor.levels.iter().map(|l| l.name.clone()).collect();
    let places = |values: &[String]| -> Result<Vec<usize>, DesignError> {
        let place = |value: &String| {
            super::value::level_index(&names, value).ok_or_else(|| DesignError::NoSuchCause {
                column: cause.column.clone(),
                value: value.clone(),
                values: names.clone(),
            })
        };
        values.iter().map(place).collect()
    };
    let mut events = places(&cause.events)?;
    if events.is_empty() {
        let censored = if cause.censored.is_empty() { vec![0] } else { places(&cause.censored)? };
        events = (0..names.len()).filter(|level| !censored.contains(level)).collect();
    }
    let mut number = vec![0; names.len()];
    (1..).zip(&events).for_each(|(k, level)| number[*level] = k);
    let causes = events.iter().map(|level| factor.levels[*level].clone()).collect();
    let codes = factor.codes.iter().map(|c| number.get(*c as usize).copied().unwrap_or(u32::MAX)).collect();
    Ok((cause.column.clone(), Cause { codes, causes }))
}

/// The survival part, with the groups as strata, and whether its variances are robust.
fn survival_data(
    outcome: &Outcome<'_>,
    extra: &Extra,
    options: &DesignOptions,
    used: Option<&[u32]>,
    groups: Codes,
) -> Result<(SurvivalData, bool), DesignError> {
    let event: Vec<bool> = match used {
        None => outcome.event.iter().map(|e| *e == Some(true)).collect(),
        Some(rows) => rows.iter().map(|r| outcome.event[*r as usize] == Some(true)).collect(),
    };
    let weight = extra.weights(used)?;
    let id = extra.id.as_ref().map(|(_, ids)| gather(ids, used));
    let cluster = extra.cluster.as_ref().map(|(_, c)| gather(c, used));
    let fractional = weight.as_ref().is_some_and(|w| w.iter().any(|x| x.fract() != 0.0));
    let several_events = id.as_ref().is_some_and(|ids| super::several_events(ids, &event));
    let robust = options.robust.unwrap_or(cluster.is_some() || fractional || several_events);
    let data = SurvivalData {
        entry: outcome.entry.as_ref().map(|e| e.take(used)),
        exit: outcome.exit.take(used),
        event,
        stratum: Some(groups),
        weight,
        offset: None,
        cluster: if robust { cluster.or(id) } else { None },
    };
    Ok((data, robust))
}
