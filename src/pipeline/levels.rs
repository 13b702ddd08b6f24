//! Persons, events, person-years and rates of every level of the table variables, and of the cells of interactions.

use crate::day::DAYS_PER_YEAR;
use crate::describe::{Tally, tally, tally_cells};
use crate::report::{Counts, LevelRow, Report, Settings, finite};
use crate::table::{Column, ColumnData, Factor, Table};

/// Fills `report.total` and `report.levels` for the factors among `variables`, in their order.
pub fn fill(report: &mut Report, table: &Table, variables: &[String]) {
    report.total = Some(counts(&tally(table), &report.settings));
    for column in variables.iter().filter_map(|name| table.column(name)) {
        let ColumnData::Factor(factor) = &column.data else { continue };
        report.levels.extend(rows(table, column, factor, &report.settings));
    }
}

fn rows(table: &Table, column: &Column, factor: &Factor, settings: &Settings) -> Vec<LevelRow> {
    let (levels, missing) = tally_cells(table, &[factor]);
    let row = |level: &str, level_label: &str, tally: &Tally, missing: bool| LevelRow {
        variable: column.name.clone(),
        label: column.label.clone(),
        level: level.to_owned(),
        level_label: level_label.to_owned(),
        missing,
        counts: counts(tally, settings),
    };
    let named = factor.levels.iter().zip(&factor.labels).zip(&levels);
    let mut rows: Vec<LevelRow> = named.map(|((level, label), tally)| row(level, label, tally, false)).collect();
    rows.extend((missing.records > 0).then(|| row("", "Missing", &missing, true)));
    rows
}

/// Fills persons and events of every cell of the interaction analyses.
pub fn fill_cells(report: &mut Report, table: &Table) {
    for interaction in report.models.iter_mut().flat_map(|m| &mut m.interactions) {
        let factor = |name: &str| match table.column(name).map(|c| &c.data) {
            Some(ColumnData::Factor(factor)) => Some(factor),
            _ => None,
        };
        let (Some(a), Some(b)) = (factor(&interaction.exposure), factor(&interaction.modifier)) else { continue };
        let (cells, _) = tally_cells(table, &[a, b]);
        for cell in interaction.within.iter_mut().chain(&mut interaction.joint) {
            let index = |factor: &Factor, level: &str| factor.levels.iter().position(|l| l == level);
            if let (Some(i), Some(j)) = (index(a, &cell.exposure_level), index(b, &cell.modifier_level)) {
                let tally = &cells[i + a.levels.len() * j];
                (cell.persons, cell.events) = (Some(tally.persons), Some(tally.events));
            }
        }
    }
}

fn counts(tally: &Tally, settings: &Settings) -> Counts {
    let years = tally.person_days as f64 / DAYS_PER_YEAR;
    let rate = crate::describe::rate(tally.events as f64, years, settings.rate_per, settings.level);
    Counts {
        persons: Some(tally.persons),
        records: Some(tally.records),
        events: Some(tally.events),
        person_time_days: Some(tally.person_days),
        person_years: finite(years),
        rate: finite(rate.rate),
        rate_lower: finite(rate.exact_lower),
        rate_upper: finite(rate.exact_upper),
        ..Counts::default()
    }
}
