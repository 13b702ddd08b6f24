//! A targets file from runs: every number of every model as it is now, its interaction analyses included, for a later run to be held against.

use super::targets::{Against, AgainstKind, DataFit, Targets};
use crate::report::{Coefficient, Interaction, InteractionCell, LevelRow, ModelResult, Part, Report};
use std::path::Path;
use toml::{Table, Value};

/// Significant digits of what is written: enough to see any change of a method, few enough that rounding differs on no
/// machine.
const DIGITS: i32 = 6;

/// The confidence level of a table that says none.
const USUAL_LEVEL: f64 = 0.95;

/// The text of a targets file with every number of `reports`, which are those of `targets.against`. `path_of` says how the
/// new file names a file of the old one. Returns the text and how many rows it has.
pub fn targets_of(targets: &Targets, reports: &[&Report], path_of: &dyn Fn(&Path) -> String) -> (String, usize) {
    let mut root = Table::new();
    let head = [("name", targets.name.as_str()), ("title", targets.title.as_str())];
    let mut section: Table = texts(&head);
    section.extend(targets.note.iter().map(|note| ("note".to_owned(), Value::from(note.as_str()))));
    root.insert("targets".to_owned(), Value::Table(section));
    let runs = targets.against.iter().map(|run| Value::Table(against(run, path_of)));
    root.insert("against".to_owned(), Value::Array(runs.collect()));
    let mut tables = Vec::new();
    for (run, report) in targets.against.iter().zip(reports) {
        let level = report.settings.level;
        for model in &report.models {
            tables.push((of_model(run, model), level));
            tables.extend(model.interactions.iter().map(|analysis| (of_interaction(run, model, analysis), level)));
        }
        tables.extend((!report.levels.is_empty()).then(|| (of_levels(run, report), level)));
    }
    for (table, level) in tables.iter_mut().filter(|(_, level)| *level != USUAL_LEVEL) {
        table.insert("level".to_owned(), Value::from(*level));
    }
    let mut tables: Vec<Table> = tables.into_iter().map(|(table, _)| table).collect();
    tables.retain(|table| table.get("number").and_then(Value::as_array).is_some_and(|rows| !rows.is_empty()));
    let n = tables.iter().filter_map(|t| t.get("number")?.as_array()).map(Vec::len).sum();
    root.insert("table".to_owned(), Value::Array(tables.into_iter().map(Value::Table).collect()));
    let body = toml::to_string(&root).expect("tables of texts and numbers are TOML");
    let mut head =
        "# Written by `cohort reproduce --update`: what the runs gave then, to see later whether they still do.\n\n"
            .to_owned();
    if reports.iter().any(|report| report.disclosure.is_none()) {
        head.push_str(
            "# INTERNAL: counts as they are, before disclosure control; keep this file where the data are.\n\n",
        );
    }
    (format!("{head}{body}"), n)
}

fn texts(pairs: &[(&str, &str)]) -> Table {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
}

/// An `[[against]]` as it was written.
fn against(run: &Against, path_of: &dyn Fn(&Path) -> String) -> Table {
    let mut table = texts(&[("name", &run.name)]);
    let mut put = |key: &str, value: Value| table.insert(key.to_owned(), value);
    match &run.kind {
        AgainstKind::Study(study, data) => {
            put("study", path_of(study).into());
            if let Some(data) = data {
                put("data_folder", path_of(data).into());
            }
        }
        AgainstKind::Results(path) => {
            put("results", path_of(path).into());
        }
        AgainstKind::Data(fit) => {
            put("data", path_of(&fit.path).into());
            table.extend(options(fit));
        }
    }
    if let Some(unit) = run.time_unit {
        table.insert("time_unit".to_owned(), unit.name().into());
    }
    table
}

/// What is said of a data file, without what is not said.
fn options(fit: &DataFit) -> Table {
    let texts = [
        ("formula", Some(&fit.formula)),
        ("where", fit.condition.as_ref()),
        ("ties", fit.ties.as_ref()),
        ("like", fit.like.as_ref()),
        ("weights", fit.weights.as_ref()),
        ("cluster", fit.cluster.as_ref()),
        ("id", fit.id.as_ref()),
        ("delimiter", fit.delimiter.as_ref()),
        ("encoding", fit.encoding.as_ref()),
        ("decimal", fit.decimal.as_ref()),
    ];
    let mut table: Table =
        texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Value::from(text?.as_str())))).collect();
    if let Some(robust) = fit.robust {
        table.insert("robust".to_owned(), robust.into());
    }
    if fit.firth {
        table.insert("firth".to_owned(), true.into());
    }
    if fit.profile {
        table.insert("ci".to_owned(), "profile".into());
    }
    if !fit.missing.is_empty() {
        table.insert("missing".to_owned(), fit.missing.clone().into());
    }
    if !fit.references.is_empty() {
        let references = fit.references.iter().map(|(name, level)| (name.clone(), Value::from(level.as_str())));
        table.insert("reference".to_owned(), Value::Table(references.collect()));
    }
    if !fit.levels.is_empty() {
        let levels = fit.levels.iter().map(|(name, levels)| (name.clone(), Value::from(levels.clone())));
        table.insert("levels".to_owned(), Value::Table(levels.collect()));
    }
    table
}

/// The hazard ratios of a model, and its size.
fn of_model(run: &Against, model: &ModelResult) -> Table {
    // The one model of a data file has the name of the run.
    let name = if model.name == run.name { run.name.clone() } else { format!("{}: {}", run.name, model.name) };
    let mut table = texts(&[("name", &name), ("source", "an earlier run"), ("against", &run.name)]);
    // What cannot be estimated has nothing to hold against, now or later.
    let estimated = model.coefficients.iter().filter(|c| !c.aliased && !c.infinite);
    let mut rows: Vec<Value> = estimated.filter_map(|c| of_coefficient(&name, model, c)).map(Value::Table).collect();
    let mut size = texts(&[("row", &format!("{name}: size")), ("model", &model.name)]);
    let counts = [("n", model.n_persons.or(model.n_records)), ("events", model.n_events)];
    let counts = counts.into_iter().filter_map(|(key, n)| Some((key.to_owned(), Value::Integer(n? as i64))));
    size.extend(counts);
    rows.push(Value::Table(size));
    if model.interval == "profile" {
        // Such limits need not lie around their value.
        table.insert("interval".to_owned(), Value::Table(texts(&[("hr", "other")])));
    }
    table.insert("number".to_owned(), Value::Array(rows));
    table
}

fn of_coefficient(table: &str, model: &ModelResult, c: &Coefficient) -> Option<Table> {
    let (hr, lower, upper) = (c.hr?, c.hr_lower, c.hr_upper);
    let mut row = texts(&[("row", &format!("{table}: {}", c.name)), ("model", &model.name), ("measure", "hr")]);
    row.insert("value".to_owned(), significant(hr).into());
    if let (Some(lower), Some(upper)) = (lower, upper) {
        row.insert("lower".to_owned(), significant(lower).into());
        row.insert("upper".to_owned(), significant(upper).into());
    }
    match c.parts.as_slice() {
        [Part { variable, level: Some(level), versus: Some(versus), basis: None, .. }] => {
            row.extend(texts(&[("variable", variable), ("level", level), ("versus", versus)]));
        }
        _ => row.extend(texts(&[("coefficient", &c.name)])),
    }
    Some(row)
}

/// The hazard ratios of an exposure within the levels of a modifier, with their persons and events.
fn of_interaction(run: &Against, model: &ModelResult, analysis: &Interaction) -> Table {
    let Interaction { exposure, modifier, within, .. } = analysis;
    let of = if model.name == run.name { run.name.clone() } else { format!("{}: {}", run.name, model.name) };
    let name = format!("{of}: {exposure} within {modifier}");
    let mut table = texts(&[("name", &name), ("source", "an earlier run"), ("against", &run.name)]);
    table.extend(texts(&[("variable", exposure), ("modifier", modifier)]));
    let shown = within.iter().filter(|cell| !cell.hidden);
    let rows: Vec<Value> = shown.filter_map(|cell| of_cell(&name, model, cell)).map(Value::Table).collect();
    table.insert("number".to_owned(), Value::Array(rows));
    table
}

fn of_cell(table: &str, model: &ModelResult, cell: &InteractionCell) -> Option<Table> {
    let name = format!("{table}: {} within {}", cell.exposure_level, cell.modifier_level);
    let mut row = texts(&[("row", &name), ("model", &model.name)]);
    row.extend(texts(&[("level", &cell.exposure_level), ("modifier_level", &cell.modifier_level)]));
    if let (Some(hr), false) = (cell.hr, cell.reference) {
        row.extend(texts(&[("measure", "hr"), ("value", &significant(hr))]));
        if let (Some(lower), Some(upper)) = (cell.lower, cell.upper) {
            row.extend(texts(&[("lower", &significant(lower)), ("upper", &significant(upper))]));
        }
    }
    let counts = [("n", cell.persons), ("events", cell.events)];
    row.extend(counts.into_iter().filter_map(|(key, n)| Some((key.to_owned(), Value::Integer(n? as i64)))));
    (row.contains_key("value") || row.contains_key("n") || row.contains_key("events")).then_some(row)
}

/// Persons, events and person-years by level.
fn of_levels(run: &Against, report: &Report) -> Table {
    let name = format!("{}: counts", run.name);
    let mut table = texts(&[("name", &name), ("source", "an earlier run"), ("against", &run.name)]);
    let rows = report.levels.iter().filter(|row| !row.missing).map(|row| Value::Table(of_level(&name, row)));
    table.insert("number".to_owned(), Value::Array(rows.collect()));
    table
}

fn of_level(table: &str, level: &LevelRow) -> Table {
    let name = format!("{table}: {} {}", level.variable, level.level);
    let mut row = texts(&[("row", &name), ("variable", &level.variable), ("level", &level.level)]);
    let counts = [("n", level.counts.persons.or(level.counts.records)), ("events", level.counts.events)];
    row.extend(counts.into_iter().filter_map(|(key, n)| Some((key.to_owned(), Value::Integer(n? as i64)))));
    if let Some(years) = level.counts.person_years {
        row.insert("person_years".to_owned(), format!("{years:.2}").into());
    }
    row
}

/// A number with [`DIGITS`] significant digits.
fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    match magnitude {
        -5..=5 => format!("{value:.*}", (DIGITS - 1 - magnitude).max(0) as usize),
        _ => format!("{value:.*e}", DIGITS as usize - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::significant;

    #[test]
    fn numbers_keep_six_digits() {
        assert_eq!(
            [0.012_345_678, 1.234_567_8, 123.456_78, 123_456.78, 1.2e9].map(significant),
            ["0.0123457", "1.23457", "123.457", "123457", "1.20000e9"]
        );
    }
}
