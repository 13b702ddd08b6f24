//! One row from its fields.

use super::cell::{Cell, cell};
use super::fields::Fields;
use crate::reproduce::printed::{Marks, Printed};
use crate::reproduce::targets::{About, Direction, Measure, Place, Row};
use crate::reproduce::verdict::Kind;
use crate::study::spec::{list_of, suggest};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The names that a row's fields can have.
pub const KEYS: [&str; 30] = [
    "table",
    "row",
    "outcome",
    "stratum",
    "group",
    "model",
    "measure",
    "value",
    "lower",
    "upper",
    "printed_decimals",
    "events",
    "person_years",
    "n",
    "reference",
    "consistent",
    "same_as",
    "expect",
    "source",
    "note",
    "against",
    "variable",
    "level",
    "versus",
    "modifier",
    "modifier_level",
    "coefficient",
    "per",
    "direction",
    "close",
];

/// How a table writes numbers, and what the last digit of a count stands for: 0 where nobody rounded it.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    /// Whether decimals follow a comma.
    pub decimal_comma: bool,
    /// The last digit of events and persons.
    pub counts: f64,
    /// The last digit of person-time.
    pub person_time: f64,
}

impl Units {
    /// Marks of a count or a rate.
    pub fn of_counts(self) -> Marks {
        Marks { decimal_comma: self.decimal_comma, thousands: true }
    }

    /// Marks of what `measure` measures.
    fn of(self, measure: Measure) -> Marks {
        Marks { thousands: measure.is_count() || measure == Measure::Rate, ..self.of_counts() }
    }
}

/// What a table says for all of its rows.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// How its numbers are written.
    pub units: Units,
    /// Names of the runs.
    pub runs: Vec<String>,
    /// The run.
    pub against: Option<usize>,
    /// The variable whose levels the groups are.
    pub variable: Option<String>,
    /// The reference level.
    pub versus: Option<String>,
    /// The modifier whose levels the strata are.
    pub modifier: Option<String>,
    /// Names of models in the run, by their names in print.
    pub models: BTreeMap<String, String>,
    /// Levels in the run, by their names in print.
    pub levels: BTreeMap<String, String>,
    /// Levels of the modifier in the run, by the names of the strata in print.
    pub strata: BTreeMap<String, String>,
}

/// The names of rows, totals and tests so far: every line of the result needs one of its own.
#[derive(Debug, Default)]
pub struct Names(RefCell<BTreeSet<String>>);

impl Names {
    /// Takes the name of a row, total or test, and notes a second one.
    pub fn add(&self, id: &str, fields: &dyn Fields) {
        if !id.is_empty() && !self.0.borrow_mut().insert(id.to_owned()) {
            let remedy = "give every row, total and test of the file a name of its own";
            fields.fault("row", &format!("another row is named `{id}`"), remedy);
        }
    }
}

/// Reads a row; what is wrong with it is noted.
pub fn row(fields: &dyn Fields, defaults: &Defaults, names: &Names) -> Option<Row> {
    let units = &defaults.units;
    let word = |key| fields.field(key).unwrap_or_default();
    for key in ["table", "source", "note"] {
        fields.field(key); // Known, and for the reader.
    }
    let id = word("row");
    if id.is_empty() {
        fields.fault("row", "a row without a name", "give every row a name of its own; verdicts show it");
    }
    names.add(&id, fields);
    let measure = measure(fields);
    let about =
        About { outcome: word("outcome"), stratum: word("stratum"), group: word("group"), model: word("model") };
    let marks = units.of(measure.unwrap_or(Measure::HazardRatio));
    let read = value(fields, measure.unwrap_or(Measure::HazardRatio), marks);
    let is_reference =
        flag(fields, "reference").unwrap_or(false) || read.as_ref().is_some_and(|read| read.is_reference);
    let (in_cell, value) = read.map_or((None, None), |read| (read.limits, Some(read.value)));
    let (lower, upper) = limits(fields, in_cell, marks);
    let count = |key, unit| number(fields, key, unit, units.of_counts());
    let mut row = Row {
        id,
        place: place(fields, &about, defaults),
        about,
        measure: measure.unwrap_or(Measure::Events),
        value,
        lower,
        upper,
        events: count("events", units.counts),
        person_time: count("person_years", units.person_time),
        persons: count("n", units.counts),
        is_reference,
        same_as: fields.field("same_as"),
        close: close(fields),
        expect: expected(fields),
    };
    if row.by_definition().is_some()
        && let Some(value) = &mut row.value
    {
        value.half = 0.0; // 1 by definition, however few digits are printed.
    }
    complete(&row, fields);
    measure.map(|_| row)
}

/// Where the run has it: what the row says itself, else what the table says.
fn place(fields: &dyn Fields, about: &About, defaults: &Defaults) -> Place {
    let renamed = |names: &BTreeMap<String, String>, word: &String| names.get(word).unwrap_or(word).clone();
    let said = |text: String| Some(text).filter(|t| !t.is_empty());
    let variable = fields.field("variable").or(defaults.variable.clone());
    let level = || said(renamed(&defaults.levels, &about.group)).filter(|_| defaults.variable.is_some());
    let modifier = fields.field("modifier").or(defaults.modifier.clone());
    let stratum = || said(renamed(&defaults.strata, &about.stratum)).filter(|_| defaults.modifier.is_some());
    Place {
        against: run(fields, defaults),
        model: renamed(&defaults.models, &about.model),
        level: fields.field("level").or_else(level).map(|level| renamed(&defaults.levels, &level)),
        level_is_given: fields.has("level"),
        variable,
        versus: fields.field("versus").or(defaults.versus.clone()).map(|level| renamed(&defaults.levels, &level)),
        versus_is_given: fields.has("versus"),
        modifier_level: fields.field("modifier_level").or_else(stratum),
        modifier,
        coefficient: fields.field("coefficient"),
        per: per(fields),
        direction: direction(fields),
    }
}

fn run(fields: &dyn Fields, defaults: &Defaults) -> Option<usize> {
    let Some(name) = fields.field("against") else { return defaults.against };
    let found = defaults.runs.iter().position(|run| *run == name);
    if found.is_none() {
        let remedy = suggest(&name, defaults.runs.iter().map(String::as_str));
        fields.fault("against", &format!("there is no [[against]] named `{name}`"), &remedy);
    }
    found
}

fn per(fields: &dyn Fields) -> f64 {
    let Some(text) = fields.field("per") else { return 1.0 };
    match text.parse::<f64>() {
        Ok(per) if per.is_finite() && per != 0.0 => per,
        _ => {
            fields.fault("per", &format!("`{text}` is no number of units"), "for example 10");
            1.0
        }
    }
}

fn close(fields: &dyn Fields) -> Option<f64> {
    let text = fields.field("close")?;
    let close = text.parse::<f64>().ok().filter(|close| (0.0..=10.0).contains(close));
    if close.is_none() {
        fields.fault("close", &format!("`{text}` is no tolerance"), "for example \"0.01\" for one per cent");
    }
    close
}

fn direction(fields: &dyn Fields) -> Option<Direction> {
    let text = fields.field("direction")?;
    let found = Direction::NAMED.iter().find(|(name, _)| *name == text).map(|(_, direction)| *direction);
    if found.is_none() {
        let known = list_of(Direction::NAMED.iter().map(|(name, _)| *name));
        fields.fault("direction", &format!("`{text}` is no direction"), &format!("one of {known}"));
    }
    found
}

/// What the value measures; a row of counts needs none.
fn measure(fields: &dyn Fields) -> Option<Measure> {
    let Some(text) = fields.field("measure") else {
        if fields.field("direction").is_some() {
            return Some(Measure::HazardRatio);
        }
        if fields.field("value").is_some() {
            let known = list_of(Measure::NAMED.iter().map(|(name, _)| *name));
            fields.fault("measure", "a value without its measure", &format!("one of {known}"));
            return None;
        }
        return Some(Measure::Events);
    };
    let found = Measure::NAMED.iter().find(|(name, _)| *name == text).map(|(_, measure)| *measure);
    if found.is_none() {
        let known = Measure::NAMED.iter().map(|(name, _)| *name);
        fields.fault("measure", &format!("`{text}` is no measure"), &suggest(&text, known));
    }
    found
}

/// The value and what stands beside it in its cell, with the zeros that a spreadsheet took off where `printed_decimals` says
/// so.
fn value(fields: &dyn Fields, measure: Measure, marks: Marks) -> Option<Cell> {
    let text = fields.field("value")?;
    let read = match cell(&text, measure, marks) {
        Ok(read) => read,
        Err((rule, remedy)) => {
            fields.fault("value", &rule, &remedy);
            return None;
        }
    };
    let Some(text) = fields.field("printed_decimals") else { return Some(read) };
    let value = &read.value;
    match text.parse::<usize>() {
        Ok(decimals) if decimals == value.decimals() => Some(read),
        Ok(decimals) if decimals > value.decimals() && decimals < 20 && !value.text.contains(['e', 'E', '<', '>']) => {
            let value = Printed::parse(&format!("{:.decimals$}", value.value), 1.0, Marks::POINT).ok()?;
            Some(Cell { value, ..read })
        }
        _ => {
            let rule = format!("printed_decimals is {text}, but the value has {} decimals", value.decimals());
            fields.fault("printed_decimals", &rule, "write the value as printed, and leave printed_decimals out");
            None
        }
    }
}

/// Limits from their own fields, or from the cell of the value.
fn limits(
    fields: &dyn Fields,
    in_cell: Option<(Printed, Printed)>,
    marks: Marks,
) -> (Option<Printed>, Option<Printed>) {
    let own = (number(fields, "lower", 1.0, marks), number(fields, "upper", 1.0, marks));
    match (in_cell, &own) {
        (Some((lower, upper)), (None, None)) => (Some(lower), Some(upper)),
        (Some(_), _) => {
            fields.fault("value", "limits stand beside the value and in fields of their own", "leave one of them out");
            own
        }
        (None, _) => own,
    }
}

/// A number of a field.
pub fn number(fields: &dyn Fields, key: &'static str, unit: f64, marks: Marks) -> Option<Printed> {
    let text = fields.field(key)?;
    match Printed::parse(&text, unit, marks) {
        Ok(printed) => Some(printed),
        Err((rule, remedy)) => {
            fields.fault(key, &rule, &remedy);
            None
        }
    }
}

fn flag(fields: &dyn Fields, key: &'static str) -> Option<bool> {
    match fields.field(key)?.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        other => {
            fields.fault(key, &format!("`{other}` is neither true nor false"), "");
            None
        }
    }
}

/// `expect`, or a known fault in print: `consistent = false`.
fn expected(fields: &dyn Fields) -> Option<Kind> {
    let known = fields.field("consistent").filter(|text| text == "false").map(|_| Kind::Inconsistent);
    let Some(text) = fields.field("expect") else { return known };
    let found = Kind::NAMED.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
    if found.is_none() {
        let known = list_of(Kind::NAMED.iter().map(|(name, _)| *name));
        fields.fault("expect", &format!("`{text}` is no verdict"), &format!("one of {known}"));
    }
    found
}

/// What a row must have.
fn complete(row: &Row, fields: &dyn Fields) {
    let counts = [&row.events, &row.person_time, &row.persons];
    let empty = row.value.is_none() && row.place.direction.is_none() && counts.iter().all(|c| c.is_none());
    let faulty = ["value", "events", "person_years", "n", "direction"].into_iter().any(|key| fields.has(key));
    if empty && !faulty {
        fields.fault("value", "a row without a number", "give a value, or events, person_years or n");
    }
    if row.lower.is_some() != row.upper.is_some() && fields.has("lower") != fields.has("upper") {
        fields.fault("lower", "one limit without the other", "give both limits, or none");
    }
}
