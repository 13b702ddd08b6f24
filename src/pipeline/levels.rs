//! Persons, events, person-years and rates of every level of the table variables, and of the cells of interactions.

use super::model::Fitted;
use super::pooling::Sets;
use super::settings::ModelSettings;
use crate::day::DAYS_PER_YEAR;
use crate::describe::{self, Request, rate, tabulate};
use crate::error::{Error, Result};
use crate::report::{Counts, Interaction, LevelRow, ModelLevel, ModelResult, Report, Settings, finite};
use crate::table::{ColumnData, Table};
use std::collections::BTreeSet;

/// Fills `report.total` and `report.levels` for the factors among `variables`, in their order.
pub fn fill(report: &mut Report, table: &Table, variables: &[String]) -> Result<()> {
    report.total = Some(counts(&count(table, Vec::new())?.total, &report.settings));
    for column in variables.iter().filter_map(|name| table.column(name)) {
        if !matches!(column.data, ColumnData::Factor(_)) {
            continue;
        }
        for group in count(table, vec![&column.name])?.groups {
            let level = group.levels.first().cloned().flatten();
            if level.is_none() && group.counts.records == 0 {
                continue;
            }
            report.levels.push(LevelRow {
                variable: column.name.clone(),
                label: column.label.clone(),
                level: level.as_ref().map(|l| l.name.clone()).unwrap_or_default(),
                level_label: level.as_ref().map_or("Missing".to_owned(), |l| l.label.clone()),
                missing: level.is_none(),
                counts: counts(&group.counts, &report.settings),
            });
        }
    }
    Ok(())
}

/// Fills persons and events of every cell of the interaction analyses, but for those of models that leave records out,
/// which have counts of their own ([`fill_cells_of_interaction`]).
pub fn fill_cells(report: &mut Report, table: &Table) -> Result<()> {
    let all_records = report.models.iter_mut().filter(|m| m.levels.is_empty());
    for interaction in all_records.flat_map(|m| &mut m.interactions) {
        let names = [&interaction.exposure, &interaction.modifier];
        let is_factor = |name: &&String| table.column(name).is_some_and(|c| matches!(c.data, ColumnData::Factor(_)));
        if !names.iter().all(is_factor) {
            continue;
        }
        let groups = count(table, names.iter().map(|n| n.as_str()).collect())?.groups;
        set_cells(interaction, &groups);
    }
    Ok(())
}

/// Fills persons (where the data tell them apart) and events of every cell of a data file's interaction analyses, over
/// the records that the model used.
pub fn fill_cells_of_model(
    model: &mut ModelResult,
    table: &Table,
    fitted: &Fitted,
    settings: &ModelSettings,
) -> Result<()> {
    model.interactions.iter_mut().try_for_each(|i| fill_cells_of_interaction(i, table, fitted, settings))
}

/// The same for one interaction analysis, over the records of the model that it was fitted with.
pub fn fill_cells_of_interaction(
    interaction: &mut Interaction,
    table: &Table,
    fitted: &Fitted,
    settings: &ModelSettings,
) -> Result<()> {
    // Without a joint reference one of the two is a number, whose values are no groups.
    if interaction.joint.is_empty() {
        return Ok(());
    }
    let by = vec![interaction.exposure.as_str(), interaction.modifier.as_str()];
    let groups = count_of_model(table, fitted, settings, by)?;
    set_cells(interaction, &groups);
    Ok(())
}

/// Fills the events of the levels of every factor of a model that leaves records out.
pub fn fill_levels_of_model(
    model: &mut ModelResult,
    table: &Table,
    fitted: &Fitted,
    settings: &ModelSettings,
) -> Result<()> {
    model.levels = levels_of_model(table, fitted, settings)?;
    Ok(())
}

/// The same of a pooled model: the levels that have the same events in every completed data set. Those of an imputed factor
/// have not, and no number of them is told.
pub(super) fn fill_levels_of_pooled(
    model: &mut ModelResult,
    sets: &Sets,
    fits: &[Fitted],
    settings: &ModelSettings,
) -> Result<()> {
    let of_set = |(k, fitted): (usize, &Fitted)| levels_of_model(&(sets.table)(k), fitted, settings);
    let mut all = fits.iter().enumerate().map(of_set).collect::<Result<Vec<_>>>()?.into_iter();
    let Some(mut same) = all.next() else { return Ok(()) };
    let others: Vec<Vec<ModelLevel>> = all.collect();
    let differs = |row: &ModelLevel| !others.iter().all(|levels| levels.contains(row));
    let imputed: BTreeSet<String> = same.iter().filter(|row| differs(row)).map(|row| row.variable.clone()).collect();
    same.retain(|row| !imputed.contains(&row.variable));
    model.levels = same;
    Ok(())
}

/// Events of the levels of every factor among the records of a model; empty for one that leaves none out.
fn levels_of_model(table: &Table, fitted: &Fitted, settings: &ModelSettings) -> Result<Vec<ModelLevel>> {
    let mut found = Vec::new();
    if fitted.built.n_missing_dropped == 0 {
        return Ok(found);
    }
    let factors = fitted.built.columns.variables.iter().filter(|v| !v.levels.is_empty());
    for variable in factors.filter_map(|v| v.column.as_deref()) {
        for group in count_of_model(table, fitted, settings, vec![variable])? {
            let Some(level) = group.levels.first().cloned().flatten() else { continue };
            let (variable, level, events) = (variable.to_owned(), level.name, Some(group.counts.events));
            found.push(ModelLevel { variable, level, events, hidden: false });
        }
    }
    Ok(found)
}

/// Counts by levels over the records that a model used.
fn count_of_model(
    table: &Table,
    fitted: &Fitted,
    settings: &ModelSettings,
    by: Vec<&str>,
) -> Result<Vec<describe::Group>> {
    let request = Request {
        response: fitted.formula.response.as_ref(),
        rows: Some(&fitted.built.rows),
        person: settings.id.as_deref(),
        by,
        options: settings.design_options(),
        missing_groups: true,
    };
    let origin = || format!("formula of {}", settings.name);
    let found = tabulate(table, &request).map_err(|error| Error::Design { origin: origin(), error })?;
    Ok(found.groups)
}

fn set_cells(interaction: &mut Interaction, groups: &[describe::Group]) {
    for cell in interaction.within.iter_mut().chain(&mut interaction.joint) {
        let wanted = [&cell.exposure_level, &cell.modifier_level];
        let is_cell = |g: &&describe::Group| {
            g.levels.iter().zip(wanted).all(|(level, name)| level.as_ref().is_some_and(|l| l.name == *name))
        };
        if let Some(group) = groups.iter().find(is_cell) {
            cell.persons = group.counts.persons;
            cell.events = Some(group.counts.events);
        }
    }
}

fn count(table: &Table, by: Vec<&str>) -> Result<describe::Tabulation> {
    let request = Request { person: Some("person"), by, missing_groups: true, ..Request::default() };
    tabulate(table, &request).map_err(|error| Error::Design { origin: "person-time".to_owned(), error })
}

/// Counts with their rate.
pub(super) fn counts(found: &describe::Counts, settings: &Settings) -> Counts {
    let years = found.person_time / DAYS_PER_YEAR;
    let rate = rate(found.events, years, settings.rate_per, settings.level);
    Counts {
        persons: found.persons,
        records: Some(found.records),
        events: Some(found.events),
        person_time_days: Some(found.person_time as u64),
        person_years: finite(years),
        rate: finite(rate.rate),
        rate_lower: finite(rate.exact.0),
        rate_upper: finite(rate.exact.1),
        ..Counts::default()
    }
}
