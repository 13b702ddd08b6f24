//! Every count of a report, one family after the other: the one list that collecting, hiding and rounding go by.
//!
//! A new family of counts is registered by one function here or in its own file, called from [`visit`], and by what it adds
//! up to in `relations.rs`. `tests/registered_counts.rs` fails on a number of `results.json` that nobody registered.

use super::estimates::LevelKey;
use super::interactions::References;
use super::system::Price;
use super::system::{CellId, System};
use super::{codes, extracts, keys, table_one};
use crate::report::folder::file_name;
use crate::report::label_or;
use crate::report::{
    AttritionStep, Counts, Description, ExitCount, Interaction, InteractionCell, LevelRow, Link, ModelResult, Note,
    Report, StandardisedRisks, SurvivalCurve, SurvivalPoint, TimeVarying,
};
use std::collections::BTreeSet;

/// A count where it stands in the report.
pub struct Place<'a> {
    /// Where the checker finds it.
    pub spot: Spot,
    /// Its name among all counts of the run; the same count at two places has one name.
    pub key: String,
    /// Counts of one bundle are hidden together.
    pub bundle: String,
    /// What hiding it costs.
    pub price: Price,
    /// The count.
    pub count: &'a mut Option<u64>,
    /// Where the report says that it is hidden.
    pub hidden: &'a mut bool,
}

/// A table, row and column in the words that are printed there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Spot {
    /// The data table, as its file is called.
    pub file: String,
    /// The table, as the checker reads it.
    pub table: String,
    /// Its row.
    pub row: String,
    /// What is counted.
    pub column: String,
}

pub(super) fn spot(file: &str, table: &str, row: &str, column: &str) -> Spot {
    Spot { file: file.to_owned(), table: table.to_owned(), row: row.to_owned(), column: column.to_owned() }
}

/// What sees the counts.
pub(super) type See<'s> = &'s mut dyn FnMut(Place<'_>);

/// A total stands in many tables; without it few of them say anything.
pub(super) const TOTAL: Price = Price(300.0);
/// All hazard ratios of a variable go with its reference level.
const REFERENCE: Price = Price(40.0);
const LEVEL: Price = Price(4.0);
/// Those of one model that leaves records out go with their own estimates; those of the tables with the estimates of all models.
const OWN_REFERENCE: Price = Price(10.0);
const OWN_LEVEL: Price = Price(1.0);
const CELL: Price = Price(1.0);
const FLOW: Price = Price(3.0);
const MODEL: Price = Price(6.0);
/// What the checker calls curves of models and standardised risks.
pub(super) const CURVES: &str = "curves and standardised risks";
const POINT: Price = Price(2.0);
pub(super) const SIDE: Price = Price(1.0);

/// Shows every count of the report to `see`, in a fixed order.
pub fn visit(report: &mut Report, see: See<'_>) {
    let references = super::estimates::references(report);
    let event = report.follow_up.as_ref().map(|f| f.event.clone());
    let of_total = spot("levels", "total", "all", "");
    report.total.iter_mut().for_each(|total| counts(&of_total, "total".to_owned(), TOTAL, total, see));
    for row in &mut report.levels {
        let is_reference = references.contains(&(row.variable.clone(), row.level.clone()));
        level(row, if is_reference { REFERENCE } else { LEVEL }, see);
    }
    for (i, description) in report.descriptions.iter_mut().enumerate() {
        self::description(i, description, see);
    }
    let total = report.total.clone();
    report.table_one.iter_mut().for_each(|one| table_one::visit(one, total.as_ref(), see));
    report.exits.iter_mut().for_each(|e| exit(e, event.as_ref() == Some(&e.reason), see));
    report.attrition.iter_mut().for_each(|step| attrition(step, see));
    report.models.iter_mut().for_each(|m| model(m, &references, see));
    report.links.iter_mut().for_each(|l| link(l, see));
    report.key_clean_up.iter_mut().for_each(|c| keys::visit(c, see));
    report.codes.iter_mut().for_each(|c| codes::visit(c, see));
    report.rows_in_time.iter_mut().for_each(|r| extracts::rows(r, see));
    report.covariates.iter_mut().for_each(|c| extracts::covariate(c, see));
    report.checks.iter_mut().enumerate().for_each(|(i, c)| extracts::check(i, c, see));
    report.notes.iter_mut().enumerate().for_each(|(i, n)| note(i, n, see));
}

/// The first part of the names of a level's counts.
pub fn level_name(variable: &str, level: &str) -> String {
    format!("levels|{variable}|{level}")
}

/// The name of a count of a level.
pub fn level_key(variable: &str, level: &str, what: &str) -> String {
    format!("{}|{what}", level_name(variable, level))
}

/// What the names of a model's counts by level begin with: nothing where they are those of the tables.
pub fn own(model: &ModelResult) -> String {
    if model.levels.is_empty() { String::new() } else { format!("model|{}|", model.name) }
}

/// The name of a cell of two variables, the same in whatever order they are crossed.
pub fn pair_key(a: (&str, &str), b: (&str, &str), what: &str) -> String {
    let (first, second) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    format!("cells|{}={}|{}={}|{what}", first.0, first.1, second.0, second.1)
}

/// The name of a group of a description; `what` may be `records`, `persons`, `events`.
pub fn group_key(description: usize, group: usize, what: &str) -> String {
    format!("description|{description}|{group}|{what}")
}

/// The name of a number of a group at one of its times.
pub fn point_key(description: usize, group: usize, kind: &str, at: usize, what: &str) -> String {
    format!("description|{description}|{group}|{kind}|{at}|{what}")
}

/// Persons, records and events of a group.
pub(super) fn counts(of: &Spot, key: String, price: Price, counts: &mut Counts, see: See<'_>) {
    let place = |what: &str| (Spot { column: what.to_owned(), ..of.clone() }, format!("{key}|{what}"));
    let bundles = [format!("{key}|persons"), format!("{key}|events")];
    for (what, count) in [("persons", &mut counts.persons), ("records", &mut counts.records)] {
        let ((spot, key), bundle, hidden) = (place(what), bundles[0].clone(), &mut counts.persons_hidden);
        see(Place { spot, key, bundle, price, count, hidden });
    }
    let ((spot, key), bundle) = (place("events"), bundles[1].clone());
    see(Place { spot, key, bundle, price, count: &mut counts.events, hidden: &mut counts.events_hidden });
}

fn level(row: &mut LevelRow, price: Price, see: See<'_>) {
    let key = level_name(&row.variable, &row.level);
    let title = label_or(&row.level_label, &row.level);
    let spot = spot("levels", &format!("levels of {}", row.variable), title, "");
    counts(&spot, key, price, &mut row.counts, see);
}

fn exit(exit: &mut ExitCount, is_event: bool, see: See<'_>) {
    let key = format!("exits|{}", exit.reason);
    let price = if is_event { TOTAL } else { FLOW };
    let (spot, bundle) = (spot("exits", "end of follow-up", &exit.reason, "persons"), key.clone());
    see(Place { spot, key, bundle, price, count: &mut exit.persons, hidden: &mut exit.hidden });
}

fn attrition(step: &mut AttritionStep, see: See<'_>) {
    let key = |what: &str| format!("attrition|{}|{what}", step.step);
    let numbers = [
        ("persons", key("persons"), Price(2.0 * FLOW.0), &mut step.persons, &mut step.persons_hidden),
        ("excluded", key("excluded"), FLOW, &mut step.excluded, &mut step.excluded_hidden),
        ("events", key("events"), FLOW, &mut step.events, &mut step.events_hidden),
    ];
    for (what, bundle, price, count, hidden) in numbers {
        let spot = spot("attrition", "attrition", &step.label, what);
        see(Place { spot, key: bundle.clone(), bundle, price, count, hidden });
    }
    let numbers = [
        ("added", key("persons"), Price(2.0 * FLOW.0), &mut step.added, &mut step.persons_hidden),
        ("excluded events", key("excluded events"), FLOW, &mut step.excluded_events, &mut step.events_hidden),
    ];
    for (what, bundle, price, count, hidden) in numbers {
        let spot = spot("attrition", "attrition", &step.label, what);
        see(Place { spot, key: key(what), bundle, price, count, hidden });
    }
}

fn model(model: &mut ModelResult, references: &BTreeSet<LevelKey>, see: See<'_>) {
    let (name, own) = (model.name.clone(), own(model));
    model_numbers(model, &name, see);
    for row in &mut model.levels {
        let (key, table) = (own.clone() + &level_key(&row.variable, &row.level, "events"), &row.variable);
        let spot = spot("levels", &format!("events of {table} in {name}"), &row.level, "events");
        let is_reference = references.contains(&(row.variable.clone(), row.level.clone()));
        let (price, bundle) = (if is_reference { OWN_REFERENCE } else { OWN_LEVEL }, key.clone());
        see(Place { spot, key, bundle, price, count: &mut row.events, hidden: &mut row.hidden });
    }
    model.interactions.iter_mut().for_each(|i| interaction((&name, &own), i, see));
    if let Some(competing) = &mut model.competing {
        let key = format!("model|{name}|competing");
        let (spot, bundle) = (spot("models", "competing events", &name, "events"), key.clone());
        let (count, hidden) = (&mut competing.n_events, &mut competing.hidden);
        see(Place { spot, key, bundle, price: FLOW, count, hidden });
    }
    model.time_varying.iter_mut().for_each(|v| time_varying(&name, v, see));
    model.curves.iter_mut().for_each(|c| curve(&name, c, see));
    model.standardised.iter_mut().for_each(|s| standardised(&name, s, see));
}

/// The numbers of a model stand together: one gives another.
fn model_numbers(model: &mut ModelResult, name: &str, see: See<'_>) {
    let numbers = [
        ("records", &mut model.n_records),
        ("persons", &mut model.n_persons),
        ("events", &mut model.n_events),
        ("missing", &mut model.n_missing_dropped),
    ];
    let missing = model.missing.iter_mut().map(|m| (format!("missing {}", m.variable), &mut m.records));
    let all = numbers.map(|(what, count)| (what.to_owned(), count)).into_iter().chain(missing);
    for (what, count) in all {
        let (spot, key) = (spot("models", "numbers of models", name, &what), format!("model|{name}|{what}"));
        let (bundle, hidden) = (format!("model|{name}"), &mut model.counts_hidden);
        see(Place { spot, key, bundle, price: MODEL, count, hidden });
    }
}

fn interaction((model, own): (&str, &str), interaction: &mut Interaction, see: See<'_>) {
    let bundle = format!("model|{model}|{}|{}", interaction.exposure, interaction.modifier);
    let mut hidden = false;
    for (what, count) in [("records", &mut interaction.n_records), ("events", &mut interaction.n_events)] {
        let row = format!("{model}, {} by {}", interaction.exposure, interaction.modifier);
        let (spot, key) = (spot("interactions", "numbers of models", &row, what), format!("{bundle}|{what}"));
        see(Place { spot, key, bundle: bundle.clone(), price: MODEL, count, hidden: &mut hidden });
    }
    let names = (interaction.exposure.clone(), interaction.modifier.clone());
    let references = References::of(interaction);
    let cells = interaction.within.iter_mut().chain(&mut interaction.joint).chain(&mut interaction.by_exposure);
    for cell in cells {
        let price = Price(CELL.0 * references.made_of(cell));
        interaction_cell(own, (&names.0, &names.1), cell, price, see);
    }
}

fn interaction_cell(
    own: &str,
    (exposure, modifier): (&str, &str),
    cell: &mut InteractionCell,
    price: Price,
    see: See<'_>,
) {
    let key =
        |what| own.to_owned() + &pair_key((exposure, &cell.exposure_level), (modifier, &cell.modifier_level), what);
    let spot = |what: &str| {
        let row = format!("{} × {}", cell.exposure_title(), cell.modifier_title());
        let file = file_name(&format!("interaction_{exposure}_{modifier}"));
        spot(&file, &format!("interaction {exposure} by {modifier}"), &row, what)
    };
    let [persons, events] = ["persons", "events"].map(|what| (spot(what), key(what)));
    for ((spot, key), count, hidden) in
        [(persons, &mut cell.persons, &mut cell.persons_hidden), (events, &mut cell.events, &mut cell.events_hidden)]
    {
        see(Place { spot, bundle: key.clone(), key, price, count, hidden });
    }
}

/// Events of a level in every interval of time; they are hidden with the hazard ratio.
fn time_varying(model: &str, varying: &mut TimeVarying, see: See<'_>) {
    let levels = [varying.level.clone(), varying.versus.clone()];
    let variable = varying.variable.clone();
    for (i, at) in varying.hazard_ratios.iter_mut().enumerate() {
        let bundle = format!("model|{model}|along time|{variable}|{}|{i}", levels[0].as_deref().unwrap_or_default());
        for (level, count) in levels.iter().zip([&mut at.events, &mut at.events_versus]) {
            let key = interval_key(model, &variable, level.as_deref().unwrap_or_default(), i);
            let row = format!("{}, interval {}", level.as_deref().unwrap_or_default(), i + 1);
            let table = format!("hazard ratios of {variable} along time");
            let (spot, bundle) = (spot("time_varying", &table, &row, "events"), bundle.clone());
            see(Place { spot, key, bundle, price: POINT, count, hidden: &mut at.hidden });
        }
    }
}

/// The name of the events of a level in an interval of time.
pub fn interval_key(model: &str, variable: &str, level: &str, interval: usize) -> String {
    format!("model|{model}|along time|{variable}|{level}|{interval}|events")
}

fn curve(model: &str, curve: &mut SurvivalCurve, see: See<'_>) {
    let stratum = curve.stratum.clone();
    for point in &mut curve.times {
        let bundle = format!("model|{model}|curve|{stratum}|{}", point.time);
        for (what, count) in [("at risk", &mut point.at_risk), ("events", &mut point.events)] {
            let row = format!("{model} {stratum} at {}", point.time);
            let (spot, key) = (spot("curves", CURVES, &row, what), format!("{bundle}|{what}"));
            see(Place { spot, key, bundle: bundle.clone(), price: POINT, count, hidden: &mut point.hidden });
        }
    }
}

fn standardised_file(exposure: &str) -> String {
    file_name(&format!("standardised_{exposure}"))
}

fn standardised(model: &str, risks: &mut StandardisedRisks, see: See<'_>) {
    let key = |rest: &str| format!("model|{model}|standardised|{}|{rest}", risks.exposure);
    let (all, bundle) = (key("all"), format!("model|{model}"));
    let mut hidden = false;
    let rows: Vec<String> = risks.rows.iter().map(|row| key(&format!("{}|{}", row.level, row.time))).collect();
    let of_all = spot(
        &standardised_file(&risks.exposure),
        CURVES,
        &format!("{model}, {}", risks.exposure),
        "persons averaged over",
    );
    let count = &mut risks.n_averaged;
    see(Place { spot: of_all, key: all, bundle, price: MODEL, count, hidden: &mut hidden });
    for (row, bundle) in risks.rows.iter_mut().zip(rows) {
        for (what, count) in [("records", &mut row.records), ("events", &mut row.events)] {
            let of_row = format!("{model}, {} at {}", label_or(&row.level_label, &row.level), row.time);
            let (spot, key) =
                (spot(&standardised_file(&risks.exposure), CURVES, &of_row, what), format!("{bundle}|{what}"));
            see(Place { spot, key, bundle: bundle.clone(), price: POINT, count, hidden: &mut row.hidden });
        }
    }
}

fn description(i: usize, description: &mut Description, see: See<'_>) {
    let table = format!("description {}", description.formula);
    for (g, group) in description.groups.iter_mut().enumerate() {
        let bundle = format!("description|{i}|{g}");
        let observed = group.observed_expected.as_mut().map(|o| ("observed", &mut o.observed));
        let numbers = [("records", &mut group.records), ("persons", &mut group.persons), ("events", &mut group.events)];
        for (what, count) in numbers.into_iter().chain(observed) {
            let (spot, key) =
                (spot("groups", &table, label_or(&group.label, &group.name), what), group_key(i, g, what));
            see(Place { spot, key, bundle: bundle.clone(), price: LEVEL, count, hidden: &mut group.hidden });
        }
        let of_group = spot("survival", &table, label_or(&group.label, &group.name), "");
        points(&of_group, (i, g), "any", &mut group.survival, see);
        let of_group = Spot { file: "cumulative_incidence".to_owned(), ..of_group };
        for cause in &mut group.incidence {
            points(&of_group, (i, g), &cause.cause, &mut cause.points, see);
        }
    }
}

/// Numbers at chosen times. Who is at risk of one kind of event is at risk of any: that number has one name.
fn points(of: &Spot, (i, g): (usize, usize), kind: &str, points: &mut [SurvivalPoint], see: See<'_>) {
    for (at, point) in points.iter_mut().enumerate() {
        for (kind, what, number) in [("any", "at risk", &mut point.at_risk), (kind, "events", &mut point.events)] {
            // Weighted numbers are nobody's count; `descriptions.rs` takes them away.
            let Some(whole) = number.filter(|x| x.fract() == 0.0) else { continue };
            let mut count = Some(whole as u64);
            let key = point_key(i, g, kind, at, what);
            let column = if kind == "any" { what.to_owned() } else { format!("{what} ({kind})") };
            let row = format!("{} at {}", of.row, point.time);
            let (spot, bundle, hidden) = (Spot { row, column, ..of.clone() }, key.clone(), &mut point.hidden);
            see(Place { spot, key, bundle, price: POINT, count: &mut count, hidden });
            *number = count.map(|n| n as f64);
        }
    }
}

fn link(link: &mut Link, see: See<'_>) {
    let numbers = [
        ("keys", &mut link.keys),
        ("matched", &mut link.matched),
        ("rows", &mut link.rows),
        ("rows matched", &mut link.rows_matched),
        ("rows without key", &mut link.rows_without_key),
        ("repeated", &mut link.repeated),
    ];
    for (what, count) in numbers {
        let (spot, key) = (spot("links", "linkage", &link.extract, what), format!("link|{}|{what}", link.extract));
        see(Place { spot, bundle: key.clone(), key, price: SIDE, count, hidden: &mut link.hidden });
    }
}

/// A number of the linkage of an extract.
pub(super) fn of_link(system: &System, extract: &str, what: &str) -> Option<CellId> {
    system.find(&format!("link|{extract}|{what}"))
}

fn note(i: usize, note: &mut Note, see: See<'_>) {
    let key = format!("note|{i}");
    let (spot, bundle) = (spot("notes", "notes", &format!("{}: {}", note.source, note.message), ""), key.clone());
    see(Place { spot, key, bundle, price: SIDE, count: &mut note.count, hidden: &mut note.hidden });
}
