//! Merging levels of a factor under a new name, before anything looks at the column.

use super::DesignError;
use super::carrier::Carrier;
use super::value::{level_index, level_text};
use crate::formula::nearest;
use crate::table::{Codes, Column, ColumnData, Factor, Table};

/// Levels of one column that become one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collapse {
    /// The column.
    pub column: String,
    /// Name of the new level.
    pub level: String,
    /// The levels that it takes, as they stand in the data.
    pub of: Vec<String>,
}

/// The column with its levels merged. A new level stands where the first of its levels stood, the others keep their
/// order; a column of numbers becomes a factor.
///
/// Errors: `DesignError::Collapse` for a level that is not there or is taken twice, and a new name that another level has.
pub fn collapsed(column: &Column, rules: &[Collapse]) -> Result<Column, DesignError> {
    let wrong = |problem: String| DesignError::Collapse { column: column.name.clone(), problem };
    let rules: Vec<&Collapse> = rules.iter().filter(|r| r.column == column.name).collect();
    let factor = as_factor(&column.data).ok_or_else(|| wrong("too many distinct values to be a factor".into()))?;
    let mut rule_of: Vec<Option<usize>> = vec![None; factor.levels.len()];
    for (r, rule) in rules.iter().enumerate() {
        for level in &rule.of {
            let Some(i) = level_index(&factor.levels, level) else {
                let hint = nearest(level, factor.levels.iter().map(String::as_str));
                let hint = hint.map_or(String::new(), |h| format!("; is \"{h}\" meant?"));
                return Err(wrong(format!("there is no level \"{level}\"{hint}")));
            };
            if rule_of[i].replace(r).is_some() {
                return Err(wrong(format!("level \"{level}\" is merged twice")));
            }
        }
    }
    let kept = |name: &String| (0..rule_of.len()).any(|i| rule_of[i].is_none() && factor.levels[i] == *name);
    if let Some(rule) = rules.iter().find(|r| kept(&r.level)) {
        let name = &rule.level;
        return Err(wrong(format!("there is a level \"{name}\" already; list it among those that are merged")));
    }
    Ok(Column { data: ColumnData::Factor(merge(&factor, &rule_of, &rules)), ..column.clone() })
}

fn merge(factor: &Factor, rule_of: &[Option<usize>], rules: &[&Collapse]) -> Factor {
    let (mut levels, mut labels): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut new_code = Vec::with_capacity(rule_of.len());
    let mut place_of_rule = vec![None; rules.len()];
    for (i, rule) in rule_of.iter().enumerate() {
        let known = rule.and_then(|r| place_of_rule[r]);
        new_code.push(known.unwrap_or_else(|| {
            let (level, label) = match rule {
                Some(r) => (&rules[*r].level, &rules[*r].level),
                None => (&factor.levels[i], &factor.labels[i]),
            };
            levels.push(level.clone());
            labels.push(label.clone());
            levels.len() as u32 - 1
        }));
        if let Some(r) = rule {
            place_of_rule[*r] = Some(new_code[i]);
        }
    }
    let codes = (0..factor.codes.len()).map(|row| factor.codes.get(row).map(|c| new_code[c as usize]));
    Factor { codes: Codes::pack(codes, levels.len()), levels, labels, declared: factor.declared }
}

/// Any column as a factor; numbers by their distinct values, ascending.
fn as_factor(data: &ColumnData) -> Option<Factor> {
    if let ColumnData::Factor(factor) = data {
        return Some(factor.clone());
    }
    let Carrier::Coded { codes, values, levels, declared } = Carrier::of_column(data) else { return None };
    let pairs = levels.unwrap_or_else(|| {
        let texts = values.unwrap_or_default().into_iter().map(level_text);
        texts.map(|t| (t.clone(), t)).collect()
    });
    let (levels, labels) = pairs.into_iter().unzip();
    Some(Factor { codes: codes.into_owned(), levels, labels, declared })
}

/// The table with all collapses done.
pub fn collapsed_table(table: &Table, rules: &[Collapse]) -> Result<Table, DesignError> {
    let mut out = table.clone();
    let names: std::collections::BTreeSet<&String> = rules.iter().map(|r| &r.column).collect();
    for name in names {
        let Some(column) = table.column(name) else {
            let meant = nearest(name, table.columns().iter().map(|c| c.name.as_str())).map(str::to_string);
            return Err(DesignError::UnknownColumn { role: "collapse", column: name.clone(), meant });
        };
        out.set(collapsed(column, rules)?);
    }
    Ok(out)
}

/// How many of the rows have each level that a rule takes, in the order of the rule.
pub fn level_rows(table: &Table, rows: &[u32], rule: &Collapse) -> Vec<(String, u64)> {
    let Some(factor) = table.column(&rule.column).and_then(|c| as_factor(&c.data)) else { return Vec::new() };
    let mut counts = vec![0; factor.levels.len()];
    rows.iter().filter_map(|row| factor.codes.get(*row as usize)).for_each(|c| counts[c as usize] += 1);
    let found = |level: &String| level_index(&factor.levels, level).map(|i| (factor.levels[i].clone(), counts[i]));
    rule.of.iter().filter_map(found).collect()
}
