//! Disclosure control: from the internal report to the report that may leave the server.
//!
//! [`apply`] is the only place that hides or rounds anything; it changes what is written, never what was estimated.
//! A count from 1 to one less than the threshold is hidden (primary), and with it what would give it back: further
//! cells of the same variable, table or step (secondary, `protect.rs`), rates and person-time of hidden cells, estimates of
//! hidden levels, and the parts of the covariance that belong to them. [`checker`] tells the output checker what was done.
//!
//! Not covered: differences between tables of two runs, and between models beyond their numbers of records, persons
//! and events. [`checker`] says so in every run.

pub mod checker;
mod codes;
mod curves;
mod descriptions;
mod estimates;
mod profile;
mod protect;
mod terms;
mod time_varying;

use super::{AttritionStep, Counts, Covariate, ExitCount, Interaction, InteractionCell, LevelRow, Report};
use crate::house_style::Language;
use protect::{Grid, protect_chain, protect_line};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use profile::{PROFILES, Profile};

/// What disclosure control did to a report, for readers of the exported copy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DisclosureStatement {
    /// Name of the profile.
    pub profile: String,
    /// Counts from 1 to one less than this are hidden; 0 hides none.
    pub threshold: u64,
    /// What stands in place of a hidden number.
    pub marker: String,
    /// Counts are rounded to a multiple of this; 1 leaves them.
    pub round_to: u64,
}

impl DisclosureStatement {
    /// One sentence for the report.
    pub fn sentence(&self, w: Language) -> String {
        if self.threshold == 0 && self.round_to <= 1 {
            return w.disclosure_of_nothing(&self.profile);
        }
        let hidden = match self.threshold {
            0 => String::new(),
            t => w.counts_hidden(t, &self.marker),
        };
        let rounded = match self.round_to {
            0 | 1 => String::new(),
            n => w.counts_rounded(n),
        };
        w.disclosure_of(&self.profile, hidden, rounded)
    }
}

/// How many cells of one table were hidden: for the checker only, since the split helps an attacker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hidden {
    /// The table.
    pub table: String,
    /// Cells whose own count is small.
    pub primary: usize,
    /// Cells hidden so that no margin gives a small one.
    pub secondary: usize,
    /// Estimates hidden with their level or cell.
    pub estimates: usize,
}

/// The report that may leave under `profile`, and what was hidden where.
pub fn apply(report: &Report, profile: &Profile) -> (Report, Vec<Hidden>) {
    let mut out = report.clone();
    out.disclosure = Some(profile.statement());
    if !profile.changes_anything() {
        return (out, Vec::new());
    }
    // Not protected cell by cell: it stays inside.
    out.table_one = None;
    // A likelihood-ratio statistic of small models moves with single events.
    out.comparisons.clear();
    let mut hidden = Vec::new();
    hide_total(&mut out, profile);
    hide_levels(&mut out, profile, &mut hidden);
    descriptions::hide(&mut out, profile, &mut hidden);
    hide_exits(&mut out, profile, &mut hidden);
    hide_attrition(&mut out.attrition, profile, &mut hidden);
    hide_interactions(&mut out, profile, &mut hidden);
    hide_model_counts(&mut out, profile, &mut hidden);
    time_varying::hide_competing(&mut out, profile, &mut hidden);
    time_varying::mark(&mut out, profile);
    estimates::hide(&mut out, &mut hidden);
    terms::hide(&mut out, profile, &mut hidden);
    curves::hide(&mut out, profile, &mut hidden);
    hide_side_counts(&mut out, profile, &mut hidden);
    codes::hide(&mut out, profile);
    round(&mut out, profile);
    hidden.retain(|h| h.primary + h.secondary + h.estimates > 0);
    (out, hidden)
}

fn hide_total(report: &mut Report, profile: &Profile) {
    if let Some(total) = &mut report.total {
        mark(total, profile);
        clear(total);
    }
}

/// Marks what is small by itself: persons; events; and events whose complement (persons without event) is small.
fn mark(counts: &mut Counts, profile: &Profile) {
    counts.persons_hidden |= counts.persons.is_some_and(|n| profile.is_small(n));
    let without_event = counts.persons.zip(counts.events).map(|(n, d)| n.saturating_sub(d));
    counts.events_hidden |= counts.persons_hidden
        || counts.events.is_some_and(|n| profile.is_small(n))
        || without_event.is_some_and(|n| profile.is_small(n));
}

/// Takes the numbers of hidden cells away, with the person-time and rate that would give them back.
fn clear(counts: &mut Counts) {
    if counts.persons_hidden {
        counts.persons = None;
    }
    if counts.events_hidden {
        counts.events = None;
    }
    if counts.persons_hidden || counts.events_hidden {
        *counts = Counts {
            persons: counts.persons,
            events: counts.events,
            persons_hidden: counts.persons_hidden,
            events_hidden: counts.events_hidden,
            ..Counts::default()
        };
    }
}

fn hide_levels(report: &mut Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let references = estimates::references(report);
    for rows in report.levels.chunk_by_mut(|a, b| a.variable == b.variable) {
        rows.iter_mut().for_each(|r| mark(&mut r.counts, profile));
        let avoid: Vec<bool> =
            rows.iter().map(|r| references.contains(&(r.variable.clone(), r.level.clone()))).collect();
        let primary = count_hidden(rows);
        for of_persons in [true, false] {
            protect_level_column(rows, &avoid, of_persons, profile);
        }
        let table = format!("levels of {}", rows[0].variable);
        hidden.push(Hidden { table, primary, secondary: count_hidden(rows) - primary, estimates: 0 });
        rows.iter_mut().for_each(|r| clear(&mut r.counts));
    }
}

fn protect_level_column(rows: &mut [LevelRow], avoid: &[bool], of_persons: bool, profile: &Profile) {
    let value = |c: &Counts| if of_persons { c.persons } else { c.events };
    let values: Vec<u64> = rows.iter().map(|r| value(&r.counts).unwrap_or(0)).collect();
    let mut marks: Vec<bool> =
        rows.iter().map(|r| if of_persons { r.counts.persons_hidden } else { r.counts.events_hidden }).collect();
    if profile.secondary {
        protect_line(&values, &mut marks, avoid, profile.threshold);
    }
    for (row, mark) in rows.iter_mut().zip(marks) {
        let counts = &mut row.counts;
        *(if of_persons { &mut counts.persons_hidden } else { &mut counts.events_hidden }) = mark;
    }
}

fn count_hidden(rows: &[LevelRow]) -> usize {
    rows.iter().map(|r| usize::from(r.counts.persons_hidden) + usize::from(r.counts.events_hidden)).sum()
}

/// Ends of follow-up add up to the persons; the event's own number stands in the main table too, so it is never
/// the one that protects another.
fn hide_exits(report: &mut Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let event = report.follow_up.as_ref().map(|f| f.event.clone());
    let total_events_hidden = report.total.as_ref().is_some_and(|t| t.events_hidden);
    let is_event = |e: &ExitCount| Some(&e.reason) == event.as_ref();
    for exit in &mut report.exits {
        exit.hidden = exit.persons.is_some_and(|n| profile.is_small(n)) || (is_event(exit) && total_events_hidden);
    }
    let values: Vec<u64> = report.exits.iter().map(|e| e.persons.unwrap_or(0)).collect();
    let mut marks: Vec<bool> = report.exits.iter().map(|e| e.hidden).collect();
    let primary = marks.iter().filter(|m| **m).count();
    if profile.secondary {
        let avoid: Vec<bool> = report.exits.iter().map(is_event).collect();
        let known: Vec<u64> = values.iter().zip(&avoid).map(|(v, a)| if *a { 0 } else { *v }).collect();
        protect_line(&known, &mut marks, &avoid, profile.threshold);
    }
    for (exit, mark) in report.exits.iter_mut().zip(&marks) {
        exit.hidden = *mark;
        exit.persons = exit.persons.filter(|_| !mark);
    }
    let secondary = marks.iter().filter(|m| **m).count() - primary;
    hidden.push(Hidden { table: "end of follow-up".into(), primary, secondary, estimates: 0 });
}

/// A small exclusion is merged with its neighbours: their numbers, and the persons between them, are hidden.
fn hide_attrition(steps: &mut [AttritionStep], profile: &Profile, hidden: &mut Vec<Hidden>) {
    hide_attrition_events(steps, profile);
    let excluded: Vec<u64> = steps.iter().skip(1).map(|s| s.excluded.unwrap_or(0)).collect();
    let small: Vec<bool> = excluded.iter().map(|n| profile.is_small(*n)).collect();
    let mut primary = small.iter().filter(|s| **s).count();
    let groups = match profile.secondary {
        true => protect_chain(&excluded, &small, profile.threshold),
        false => Vec::new(),
    };
    for (step, small) in steps.iter_mut().skip(1).zip(&small) {
        step.excluded_hidden = *small;
    }
    let mut secondary = 0;
    for group in groups {
        for step in &mut steps[group.first + 1..=group.last + 1] {
            secondary += usize::from(!step.excluded_hidden);
            step.excluded_hidden = true;
        }
        // Persons between the hidden exclusions; those before the group only when nothing else protects it.
        let first = if group.suffices { group.first + 1 } else { group.first };
        for step in &mut steps[first..=group.last] {
            secondary += usize::from(!step.persons_hidden);
            step.persons_hidden = true;
        }
    }
    for step in steps.iter_mut() {
        let small =
            step.persons.is_some_and(|n| profile.is_small(n)) || step.added.is_some_and(|n| profile.is_small(n));
        primary += usize::from(small && !step.persons_hidden);
        step.persons_hidden |= small;
        step.persons = step.persons.filter(|_| !step.persons_hidden);
        step.added = step.added.filter(|_| !step.persons_hidden);
        step.excluded = step.excluded.filter(|_| !step.excluded_hidden);
    }
    hidden.push(Hidden { table: "attrition".into(), primary, secondary, estimates: 0 });
}

/// Events along the flow are shown when all of them may be: a small number of events, or of persons without one, left or
/// taken out at any step would follow from its neighbours.
fn hide_attrition_events(steps: &mut [AttritionStep], profile: &Profile) {
    let small = |n: Option<u64>| n.is_some_and(|n| profile.is_small(n));
    let any_small = steps.iter().any(|s| {
        let apart = |persons: Option<u64>, events: Option<u64>| small(events) || small(difference(persons, events));
        apart(s.persons.filter(|_| s.events.is_some()), s.events)
            || apart(s.excluded.filter(|_| s.excluded_events.is_some()), s.excluded_events)
    });
    for step in steps.iter_mut().filter(|s| any_small && s.events.is_some()) {
        (step.events, step.excluded_events, step.events_hidden) = (None, None, true);
    }
}

/// Persons and events of exposure by modifier, with the margins that the main table shows.
fn hide_interactions(report: &mut Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    for interaction in report.models.iter_mut().flat_map(|m| &mut m.interactions) {
        interaction.within.iter_mut().chain(&mut interaction.joint).for_each(|c| mark_cell(c, profile));
        let primary = count_hidden_cells(&interaction.within);
        if profile.secondary {
            for of_persons in [true, false] {
                protect_cells(interaction, &report.levels, of_persons, profile);
            }
        }
        let table = format!("interaction {} by {}", interaction.exposure, interaction.modifier);
        let secondary = count_hidden_cells(&interaction.within) - primary;
        hidden.push(Hidden { table, primary, secondary, estimates: 0 });
        clear_cells(interaction);
    }
}

fn mark_cell(cell: &mut InteractionCell, profile: &Profile) {
    let mut counts = Counts { persons: cell.persons, events: cell.events, ..Counts::default() };
    mark(&mut counts, profile);
    (cell.persons_hidden, cell.events_hidden) = (counts.persons_hidden, counts.events_hidden);
}

fn count_hidden_cells(cells: &[InteractionCell]) -> usize {
    cells.iter().map(|c| usize::from(c.persons_hidden) + usize::from(c.events_hidden)).sum()
}

fn protect_cells(interaction: &mut Interaction, levels: &[LevelRow], of_persons: bool, profile: &Profile) {
    let margin = |variable: &str, level: &str| margin_hidden(levels, variable, level, of_persons);
    let mut grid = Grid::new(&interaction.within, of_persons, |c| {
        (margin(&interaction.exposure, &c.exposure_level), margin(&interaction.modifier, &c.modifier_level))
    });
    grid.protect(profile.threshold);
    grid.write_back(&mut interaction.within, of_persons);
}

/// Takes the numbers of hidden cells away, in the table with one joint reference as well: it holds the same people.
fn clear_cells(interaction: &mut Interaction) {
    let key = |c: &InteractionCell| (c.exposure_level.clone(), c.modifier_level.clone());
    let marks: BTreeMap<_, _> =
        interaction.within.iter().map(|c| (key(c), (c.persons_hidden, c.events_hidden))).collect();
    for cell in interaction.within.iter_mut().chain(&mut interaction.joint) {
        let (persons, events) = marks.get(&key(cell)).copied().unwrap_or_default();
        cell.persons_hidden |= persons;
        cell.events_hidden |= events;
        cell.persons = cell.persons.filter(|_| !cell.persons_hidden);
        cell.events = cell.events.filter(|_| !cell.events_hidden);
    }
}

/// Whether the main table hides the margin; a level it does not list counts as shown, which is the stricter case.
fn margin_hidden(levels: &[LevelRow], variable: &str, level: &str, of_persons: bool) -> bool {
    levels
        .iter()
        .find(|r| r.variable == variable && r.level == level)
        .is_some_and(|r| if of_persons { r.counts.persons_hidden } else { r.counts.events_hidden })
}

/// A model's numbers go when they, or their difference to the total or to another model, are small.
fn hide_model_counts(report: &mut Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let total = report.total.as_ref().map(|t| [t.records, t.persons, t.events]);
    let mut shown: Vec<[Option<u64>; 3]> = total.into_iter().collect();
    let mut primary = 0;
    for model in &mut report.models {
        let own = [model.n_records, model.n_persons, model.n_events];
        let small = |n: Option<u64>| n.is_some_and(|n| profile.is_small(n));
        let apart = |other: &[Option<u64>; 3]| own.iter().zip(other).any(|(a, b)| small(difference(*a, *b)));
        let missing = model.missing.iter().any(|m| small(m.records)) || small(model.n_missing_dropped);
        let without_event = difference(model.n_persons, model.n_events);
        if missing || own.iter().chain([&without_event]).any(|n| small(*n)) || shown.iter().any(apart) {
            model.counts_hidden = true;
            (model.n_records, model.n_persons, model.n_events, model.n_missing_dropped) = (None, None, None, None);
            model.missing.iter_mut().for_each(|m| m.records = None);
            primary += 1;
        } else {
            shown.push(own);
        }
        // BIC − AIC gives the number of events back, and the sum of person-time that of small groups.
        model.person_time = None;
        if model.counts_hidden || profile.round_to > 1 {
            model.bic = None;
        }
        for interaction in &mut model.interactions {
            let own = [interaction.n_records, interaction.n_events];
            let base = [model.n_records, model.n_events];
            let apart = own.iter().zip(&base).any(|(a, b)| small(difference(*a, *b)));
            if model.counts_hidden || apart || own.iter().any(|n| small(*n)) {
                (interaction.n_records, interaction.n_events) = (None, None);
            }
        }
    }
    hidden.push(Hidden { table: "numbers of models".into(), primary, ..Hidden::default() });
}

fn difference(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    a.zip(b).map(|(a, b)| a.abs_diff(b))
}

/// Numbers beside the tables: linkage, notes, files. Rows and size of a file would give the first number of persons
/// back, so they never leave.
fn hide_side_counts(report: &mut Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let small = |n: Option<u64>| n.is_some_and(|n| profile.is_small(n));
    for input in &mut report.inputs {
        (input.bytes, input.rows) = (None, None);
    }
    let mut links = 0;
    for link in &mut report.links {
        let unlinked = difference(link.rows, link.rows_matched);
        let with_key = difference(unlinked, link.rows_without_key);
        let single = difference(link.matched, link.repeated);
        let differences = [unlinked, with_key, difference(link.keys, link.matched), single];
        link.hidden = link.counts().into_iter().chain(differences).any(small);
        if link.hidden {
            link.counts_mut().into_iter().for_each(|n| *n = None);
            links += 1;
        }
    }
    let mut notes = 0;
    for note in report.notes.iter_mut().filter(|n| small(n.count)) {
        (note.hidden, note.count) = (true, None);
        notes += 1;
    }
    let mut covariates = 0;
    for covariate in &mut report.covariates {
        // A small count, or all but a few: either gives few persons away.
        let persons = covariate.persons;
        let counts = covariate.counts().map(|n| *n);
        covariate.hidden = counts.into_iter().any(|n| small(n) || small(difference(persons, n)));
        if covariate.hidden {
            covariate.counts().into_iter().for_each(|n| *n = None);
            covariates += 1;
        }
    }
    let mut checks = 0;
    for check in report.checks.iter_mut().filter(|c| small(c.records) || small(c.persons)) {
        (check.hidden, check.records, check.persons) = (true, None, None);
        checks += 1;
    }
    hidden.push(Hidden { table: "checks".into(), primary: checks, ..Hidden::default() });
    hidden.push(Hidden { table: "covariates".into(), primary: covariates, ..Hidden::default() });
    hidden.push(Hidden { table: "linkage".into(), primary: links, ..Hidden::default() });
    hidden.push(Hidden { table: "notes".into(), primary: notes, ..Hidden::default() });
}

/// Rounds every count that is left. A rate comes from the rounded events; its limits would give the events back and go.
fn round(report: &mut Report, profile: &Profile) {
    let per = report.settings.rate_per;
    for counts in report.levels.iter_mut().map(|l| &mut l.counts).chain(&mut report.total) {
        counts.person_time_days = None;
        counts.person_years = counts.person_years.map(f64::round);
        if profile.round_to > 1 {
            for n in [&mut counts.persons, &mut counts.records, &mut counts.events] {
                *n = n.map(|n| profile.rounded(n));
            }
            (counts.rate_lower, counts.rate_upper) = (None, None);
            let rate = counts.events.zip(counts.person_years.filter(|y| *y > 0.0)).map(|(d, y)| per * d as f64 / y);
            counts.rate = counts.rate.and(rate);
        }
    }
    let mut counts: Vec<&mut Option<u64>> = Vec::new();
    counts.extend(report.exits.iter_mut().map(|e| &mut e.persons));
    counts.extend(report.notes.iter_mut().map(|n| &mut n.count));
    counts.extend(report.links.iter_mut().flat_map(|l| l.counts_mut()));
    counts.extend(report.checks.iter_mut().flat_map(|c| [&mut c.records, &mut c.persons]));
    counts.extend(report.covariates.iter_mut().flat_map(Covariate::counts));
    for model in &mut report.models {
        counts.extend([&mut model.n_records, &mut model.n_persons, &mut model.n_events, &mut model.n_missing_dropped]);
        counts.extend(model.missing.iter_mut().map(|m| &mut m.records));
        counts.extend(model.competing.iter_mut().map(|c| &mut c.n_events));
        let along_time = model.time_varying.iter_mut().flat_map(|v| &mut v.hazard_ratios);
        counts.extend(along_time.flat_map(|h| [&mut h.events, &mut h.events_versus]));
        counts.extend(curves::counts(&mut model.curves, &mut model.standardised));
        for interaction in &mut model.interactions {
            counts.extend([&mut interaction.n_records, &mut interaction.n_events]);
            let cells = interaction.within.iter_mut().chain(&mut interaction.joint);
            counts.extend(cells.flat_map(|c| [&mut c.persons, &mut c.events]));
        }
    }
    counts.into_iter().for_each(|n| *n = n.map(|n| profile.rounded(n)));
    round_attrition(&mut report.attrition, profile);
}

/// Persons left are rounded; what a step excludes is the difference of the rounded numbers where both are shown.
fn round_attrition(steps: &mut [AttritionStep], profile: &Profile) {
    let (mut before, mut events_before) = (None, None);
    for step in steps {
        if profile.round_to > 1 {
            step.events = step.events.map(|n| profile.rounded(n));
            let out = events_before.zip(step.events).map(|(a, b): (u64, u64)| a.saturating_sub(b));
            step.excluded_events = step.excluded_events.and(out);
            events_before = step.events;
        }
        step.persons = step.persons.map(|n| profile.rounded(n));
        if profile.round_to > 1 {
            step.added = step.added.map(|n| profile.rounded(n));
            let left: Option<u64> = before.zip(step.persons).map(|(a, b): (u64, u64)| a.saturating_sub(b));
            step.excluded = step.excluded.map(|n| left.unwrap_or_else(|| profile.rounded(n)));
        }
        before = step.persons;
    }
}
