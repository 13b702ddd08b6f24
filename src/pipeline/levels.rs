//! Persons, events, person-years and rates of every level of the table variables, and of the cells of interactions.

use super::model::Fitted;
use super::settings::ModelSettings;
use crate::day::DAYS_PER_YEAR;
use crate::describe::{self, Request, rate, tabulate};
use crate::error::{Error, Result};
use crate::report::{Counts, Interaction, LevelRow, ModelResult, Report, Settings, finite};
use crate::table::{ColumnData, Table};

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

/// Fills persons and events of every cell of the interaction analyses.
pub fn fill_cells(report: &mut Report, table: &Table) -> Result<()> {
    for interaction in report.models.iter_mut().flat_map(|m| &mut m.interactions) {
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
    // Without a joint reference one of the two is a number, whose values are no groups.
    for interaction in model.interactions.iter_mut().filter(|i| !i.joint.is_empty()) {
        let request = Request {
            response: fitted.formula.response.as_ref(),
            rows: Some(&fitted.built.rows),
            person: settings.id.as_deref(),
            by: vec![&interaction.exposure, &interaction.modifier],
            options: settings.design_options(),
            missing_groups: true,
        };
        let origin = || format!("formula of {}", settings.name);
        let found = tabulate(table, &request).map_err(|error| Error::Design { origin: origin(), error })?;
        set_cells(interaction, &found.groups);
    }
    Ok(())
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
