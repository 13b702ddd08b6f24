//! A run made again with one thing changed, and the counts by level of a data file: what `cohort reproduce` needs.

use super::describe::{DescribeSettings, RateSettings, describe_table};
use super::settings::ModelSettings;
use super::study::{product, settings};
use super::{Stopwatch, model};
use crate::day::DAYS_PER_YEAR;
use crate::error::Result;
use crate::formula::{Expr, ExprKind, Formula};
use crate::report::{Counts, LevelRow, ModelResult, Report, finite};
use crate::study::Study;
use crate::table::{ColumnData, MISSING_WHOLE, Table};

/// Fits the models of a study again on its person-time, with changed settings and, where asked, their interaction
/// analyses; nothing else of the report is made, and models of completed data sets are passed over.
pub fn fit_again(
    study: &Study,
    person_time: &Table,
    interactions: bool,
    change: &dyn Fn(&mut ModelSettings),
) -> Result<Vec<ModelResult>> {
    let watch = &mut Stopwatch::new(&|| 0.0);
    let mut results = Vec::new();
    // Models of completed data sets need those, not the person-time alone.
    let needs_more = |m: &crate::study::Model| {
        matches!(m.imputation, Some(crate::study::ImputedData::Pooled | crate::study::ImputedData::One(_)))
    };
    for (number, asked) in study.models.iter().enumerate().filter(|(_, m)| !needs_more(m)) {
        let mut settings = settings(study, asked, person_time);
        settings.diagnostics = Default::default();
        settings.bootstrap = None;
        change(&mut settings);
        let fitted = model::fit(person_time, &settings, watch)?;
        let mut result = model::result(&settings, &fitted, watch)?;
        for analysis in study.interactions.iter().filter(|i| interactions && i.model == number) {
            for modifier in &analysis.modifiers {
                let (with_product, request) = product(&settings, &analysis.exposure, modifier);
                result.interactions.push(model::interaction_model(person_time, &with_product, &request, watch)?);
            }
        }
        results.push(result);
    }
    Ok(results)
}

/// Times of a table changed by a function: the columns of the left side, where they are plain columns of numbers. `None`
/// where they are not, or where a record would end before it begins.
pub fn with_times(table: &Table, formula: &str, change: &dyn Fn(f64) -> f64) -> Option<Table> {
    let names = match Formula::parse(formula).ok()?.response {
        Some(response) => {
            let entry = response.entry.as_ref().map(name).map_or(Some(None), |n| n.map(Some))?;
            (entry, name(&response.exit)?)
        }
        None => (Some("entry".to_owned()), "exit".to_owned()),
    };
    let mut changed = table.clone();
    for name in names.0.iter().chain([&names.1]) {
        let mut column = table.column(name)?.clone();
        change_numbers(&mut column.data, change)?;
        changed.set(column);
    }
    let times = |name: &String| changed.column(name).and_then(|c| numbers(&c.data));
    if let Some(entry) = &names.0 {
        let (entry, exit) = (times(entry)?, times(&names.1)?);
        if entry.iter().zip(&exit).any(|(entry, exit)| entry >= exit) {
            return None;
        }
    }
    Some(changed)
}

fn name(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        _ => None,
    }
}

fn change_numbers(data: &mut ColumnData, change: &dyn Fn(f64) -> f64) -> Option<()> {
    match data {
        ColumnData::Whole(values) => {
            values.iter_mut().filter(|v| **v != MISSING_WHOLE).for_each(|v| *v = change(f64::from(*v)) as i32);
            Some(())
        }
        ColumnData::Number(values) => {
            values.iter_mut().for_each(|v| *v = change(*v));
            Some(())
        }
        _ => None,
    }
}

fn numbers(data: &ColumnData) -> Option<Vec<f64>> {
    match data {
        ColumnData::Whole(values) => Some(values.iter().map(|v| f64::from(*v)).collect()),
        ColumnData::Number(values) => Some(values.clone()),
        _ => None,
    }
}

/// Fills `report.total` and `report.levels` for columns of a data file, as a study has them. `days` is how many days a unit
/// of its times has; without it there is no person-time.
pub fn count_levels(
    report: &mut Report,
    table: &Table,
    settings: &ModelSettings,
    variables: &[String],
    days: Option<f64>,
) -> Result<()> {
    let Some((left, _)) = settings.formula.split_once('~') else { return Ok(()) };
    let everybody = std::iter::once((None, "1".to_owned()));
    let groups = variables.iter().map(|v| (Some(v.clone()), format!("`{v}`")));
    for (variable, right) in everybody.chain(groups) {
        let mut asked = DescribeSettings::new(&format!("{left}~ {right}"));
        asked.quantiles = Vec::new();
        asked.id = settings.id.clone();
        asked.rates = Some(RateSettings::default());
        for group in describe_table(table, &asked)?.groups {
            let time = group.rate.as_ref().and_then(|r| r.person_time);
            let years = days.and_then(|days| finite(time? * days / DAYS_PER_YEAR));
            let counts = Counts {
                persons: group.persons.or(group.records),
                records: group.records,
                events: group.events,
                person_years: years,
                ..Counts::default()
            };
            match &variable {
                None => report.total = Some(counts),
                Some(variable) => report.levels.push(LevelRow {
                    variable: variable.clone(),
                    level: group.levels.first().cloned().unwrap_or_default(),
                    level_label: group.label.clone(),
                    counts,
                    ..LevelRow::default()
                }),
            }
        }
    }
    Ok(())
}
