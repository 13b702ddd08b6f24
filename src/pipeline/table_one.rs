//! Table 1 of a study or a data file, as the report says it.

use super::levels;
use crate::describe::{Characteristic, PersonGroup, Summary, TableOneRequest, Values, table_one};
use crate::error::{Error, Result};
use crate::report::{
    NumberSummary, Settings, TableOne, TableOneCell, TableOneGroup, TableOneLevel, TableOneVariable, finite,
};
use crate::study::{Differences, Numbers, Study};
use crate::table::{ColumnData, Table};

/// How Table 1 shows what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableOneStyle {
    /// Means, medians or both.
    pub numbers: Numbers,
    /// Which groups standardised differences compare.
    pub differences: Differences,
}

/// Table 1 of a study: as `[table_one]` says, else by the exposure of the first interaction, or the first factor of the
/// first model, over the table variables.
pub(super) fn of_study(study: &Study, table: &Table, settings: &Settings) -> Result<TableOne> {
    let asked = study.table_one.clone().unwrap_or_default();
    let by = if study.table_one.is_some() { asked.by.clone() } else { default_groups(study, table) };
    let variables = if asked.variables.is_empty() { study.report.table_variables.clone() } else { asked.variables };
    let by = by.filter(|name| is_factor(table, name));
    let request = TableOneRequest {
        person: Some("person"),
        by: by.as_deref(),
        variables: variables.iter().map(String::as_str).filter(|v| Some(*v) != by.as_deref()).collect(),
        ..TableOneRequest::default()
    };
    let style = TableOneStyle { numbers: asked.numbers, differences: asked.differences };
    fill(table, &request, style, "table_one", settings)
}

/// The exposure of the first interaction that has levels, else the first table variable with levels.
fn default_groups(study: &Study, table: &Table) -> Option<String> {
    let exposures = study.interactions.iter().map(|i| &i.exposure);
    exposures.chain(&study.report.table_variables).find(|name| is_factor(table, name)).cloned()
}

fn is_factor(table: &Table, name: &str) -> bool {
    table.column(name).is_some_and(|c| matches!(c.data, ColumnData::Factor(_)))
}

/// Table 1 as asked for.
pub(super) fn fill(
    table: &Table,
    request: &TableOneRequest<'_>,
    style: TableOneStyle,
    origin: &str,
    settings: &Settings,
) -> Result<TableOne> {
    let found = table_one(table, request).map_err(|error| Error::Design { origin: origin.to_owned(), error })?;
    let sizes: Vec<u64> = found.groups.iter().map(|g| g.persons).collect();
    Ok(TableOne {
        by: request.by.map(str::to_owned),
        by_label: found.by,
        numbers: style.numbers.name().to_owned(),
        differences: style.differences.name().to_owned(),
        groups: found.groups.iter().map(|g| group(g, settings)).collect(),
        variables: found.variables.iter().map(|v| variable(v, &sizes, style.differences)).collect(),
        n_left_out: Some(found.n_left_out as u64),
    })
}

fn group(found: &PersonGroup, settings: &Settings) -> TableOneGroup {
    let counts = crate::describe::Counts {
        persons: Some(found.persons),
        records: found.records,
        events: found.events,
        person_time: found.person_time,
    };
    TableOneGroup {
        level: found.level.as_ref().map_or(String::new(), |l| l.name.clone()),
        label: found.level.as_ref().map_or(String::new(), |l| l.label.clone()),
        missing: found.level.is_none() && !found.all,
        all: found.all,
        counts: levels::counts(&counts, settings),
        follow_up: found.follow_up.as_ref().map(summary),
    }
}

fn variable(found: &Characteristic, sizes: &[u64], differences: Differences) -> TableOneVariable {
    let cells = |persons: &[u64]| persons.iter().zip(sizes).map(|(n, size)| cell(*n, *size)).collect::<Vec<_>>();
    let mut out = TableOneVariable {
        variable: found.column.clone(),
        label: found.title.clone(),
        differences: shown_differences(found, differences),
        ..TableOneVariable::default()
    };
    match &found.values {
        Values::Numbers(summaries) => {
            out.numbers = summaries.iter().map(|s| s.as_ref().map(summary)).collect();
            out.missing = cells(&found.missing);
        }
        Values::Levels(levels) => {
            let row = |(level, persons): &(crate::design::LevelInfo, Vec<u64>)| TableOneLevel {
                level: level.name.clone(),
                label: level.label.clone(),
                missing: false,
                cells: cells(persons),
            };
            out.levels = levels.iter().map(row).collect();
            if found.missing.iter().any(|n| *n > 0) {
                let cells = cells(&found.missing);
                out.levels.push(TableOneLevel { missing: true, cells, ..TableOneLevel::default() });
            }
        }
    }
    out
}

fn cell(persons: u64, of: u64) -> TableOneCell {
    TableOneCell { persons: Some(persons), share: finite(persons as f64 / of as f64), hidden: false }
}

/// The largest of all pairs, or every group against the first.
fn shown_differences(found: &Characteristic, differences: Differences) -> Vec<Option<f64>> {
    let all = &found.differences;
    match differences {
        Differences::None => Vec::new(),
        _ if all.is_empty() => Vec::new(),
        Differences::Reference => {
            let first = all[0].0;
            std::iter::once(None).chain(all.iter().filter(|(a, ..)| *a == first).map(|(.., d)| *d)).collect()
        }
        // A pair without a difference is further apart than any that has one.
        Differences::Pairs if all.iter().any(|(.., d)| d.is_none()) => vec![None],
        Differences::Pairs => vec![all.iter().filter_map(|(.., d)| *d).max_by(f64::total_cmp)],
    }
}

fn summary(found: &Summary) -> NumberSummary {
    NumberSummary {
        n: Some(found.n),
        mean: finite(found.mean),
        sd: finite(found.sd),
        q1: finite(found.quartiles[0]),
        median: finite(found.quartiles[1]),
        q3: finite(found.quartiles[2]),
        sharing: found.sharing,
        ..NumberSummary::default()
    }
}
