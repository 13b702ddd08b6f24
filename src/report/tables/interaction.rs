//! One interaction analysis, laid out after Knol and VanderWeele (2012), IJE 41:514-520, doi 10.1093/ije/dyr218: persons
//! with and without event in every combination, hazard ratios against one joint reference, of each variable within
//! levels of the other, ratios of hazard ratios, and what was adjusted for. Additive measures follow in a table of
//! their own.

use super::coefficients::{hr_head, interval_head, warning_remark};
use super::levels::several_levels_remark;
use super::model::{test_cells, test_columns};
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::{Interaction, InteractionCell, InteractionRatio, ModelResult, Report};

/// For reading: a group per level of the modifier, a row per level of the exposure; the tests of the interaction under
/// the table. A number on either side has no combinations: then exposure levels go down and modifier values across.
pub fn interaction_table(report: &Report, model: &ModelResult, interaction: &Interaction) -> DisplayTable {
    if interaction.joint.is_empty() {
        wide_table(report, model, interaction)
    } else {
        long_table(report, model, interaction)
    }
}

fn long_table(report: &Report, model: &ModelResult, interaction: &Interaction) -> DisplayTable {
    let w = report.words();
    let (exposure, modifier) = (interaction.exposure_title(), interaction.modifier_title());
    let has_persons = interaction.within.iter().any(|c| c.persons.is_some() || c.persons_hidden);
    let hr = |what: &str| interval_head(what, report);
    let of = hr_head(report, model);
    let mut columns = vec![Column::new("label", "", ColumnKind::Text)];
    columns.push(Column::new(
        "events",
        if has_persons { w.cells_with_event() } else { w.events() },
        ColumnKind::Number,
    ));
    columns.extend(has_persons.then(|| Column::new("without_event", w.without_event(), ColumnKind::Number)));
    columns.push(Column::new("hr_joint", &hr(&w.joint_reference(of)), ColumnKind::Interval));
    columns.push(Column::new("hr", &hr(&w.hr_of_within(of, exposure, modifier)), ColumnKind::Interval));
    columns.push(Column::new("hr_by_exposure", &hr(&w.hr_of_within(of, modifier, exposure)), ColumnKind::Interval));
    columns.push(Column::new("ratio", &hr(w.ratio_of_hrs()), ColumnKind::Interval));
    let keys = ["modifier_level", "exposure_level"];
    let title = w.by_two(exposure, modifier);
    let mut table = DisplayTable::new(&id(interaction), &title, &keys, columns);
    for cells in interaction.within.chunk_by(|a, b| a.modifier_level == b.modifier_level) {
        table.push_group(&format!("{modifier}: {}", cells[0].modifier_title()));
        for cell in cells {
            let row = long_row(&mut table, report, interaction, cell, has_persons);
            table.push(RowKind::Item, &[&cell.modifier_level, &cell.exposure_level], row);
        }
    }
    push_remarks(&mut table, report, model, interaction);
    table
}

fn long_row(
    table: &mut DisplayTable,
    report: &Report,
    interaction: &Interaction,
    cell: &InteractionCell,
    has_persons: bool,
) -> Vec<Cell> {
    let marker = marker(report);
    let of = |cells: &[InteractionCell]| find(cells, &cell.exposure_level, &cell.modifier_level).cloned();
    let ratio = find_ratio(interaction, &cell.exposure_level, &cell.modifier_level);
    let mut row = vec![Cell::text(cell.exposure_title()), Cell::count(cell.events, cell.events_hidden, &marker)];
    if has_persons {
        // A person with several events would be taken off more than once: then nothing is shown.
        let without = cell.persons.zip(cell.events).and_then(|(persons, events)| persons.checked_sub(events));
        row.push(Cell::count(without, cell.persons_hidden || cell.events_hidden, &marker));
    }
    let others = [of(&interaction.joint), Some(cell.clone()), of(&interaction.by_exposure)];
    for one in others {
        row.push(one.map_or(Cell::from(Value::Empty), |c| hazard_ratio(table, report, interaction, &c)));
    }
    row.push(match ratio {
        Some(ratio) => ratio_value(report, interaction, ratio),
        // Within the reference of either variable the ratio is 1 by definition.
        None => Cell::from(if interaction.converged { Value::Reference } else { Value::NotEstimable }),
    });
    row
}

fn wide_table(report: &Report, model: &ModelResult, interaction: &Interaction) -> DisplayTable {
    let (exposure, modifier) = (interaction.exposure_title(), interaction.modifier_title());
    let title = report.words().within_levels_title(exposure, modifier);
    let across = levels(&interaction.within, |c| (&c.modifier_level, c.modifier_title()));
    let down = levels(&interaction.within, |c| (&c.exposure_level, c.exposure_title()));
    let mut table =
        DisplayTable::new(&id(interaction), &title, &["exposure_level"], wide_columns(report, model, &across));
    push_hazard_ratios(&mut table, report, interaction, &down, &across);
    push_ratios(&mut table, report, interaction, &down, &across);
    push_remarks(&mut table, report, model, interaction);
    table
}

/// For programs: one row per pair of levels with persons, events, hazard ratio, limits, P and ratio of hazard ratios.
pub fn interaction_data(report: &Report, interaction: &Interaction) -> DisplayTable {
    let columns = vec![
        Column::new("exposure_label", "Exposure", ColumnKind::Text),
        Column::new("modifier_label", "Modifier", ColumnKind::Text),
        Column::new("persons", "Persons", ColumnKind::Number),
        Column::new("events", "Events", ColumnKind::Number),
        Column::new("hr", "HR", ColumnKind::Interval),
        Column::new("p", "P", ColumnKind::Number),
        Column::new("hr_joint", "HR, joint reference", ColumnKind::Interval),
        Column::new("hr_by_exposure", "HR of the modifier", ColumnKind::Interval),
        Column::new("ratio", "Ratio of HRs", ColumnKind::Interval),
        Column::new("ratio_p", "P of the ratio", ColumnKind::Number),
    ];
    let keys = ["exposure", "exposure_level", "modifier", "modifier_level"];
    let mut table = DisplayTable::new(&id(interaction), "Interaction", &keys, columns);
    let marker = marker(report);
    for cell in &interaction.within {
        let joint = find(&interaction.joint, &cell.exposure_level, &cell.modifier_level);
        let by_exposure = find(&interaction.by_exposure, &cell.exposure_level, &cell.modifier_level);
        let ratio = find_ratio(interaction, &cell.exposure_level, &cell.modifier_level);
        let cells = vec![
            Cell::text(cell.exposure_title()),
            Cell::text(cell.modifier_title()),
            Cell::count(cell.persons, cell.persons_hidden, &marker),
            Cell::count(cell.events, cell.events_hidden, &marker),
            hazard_ratio(&mut table, report, interaction, cell),
            Cell::p(cell.p.filter(|_| interaction.converged && !cell.hidden && !cell.reference)),
            joint.map_or(Cell::from(Value::Empty), |c| hazard_ratio(&mut table, report, interaction, c)),
            by_exposure.map_or(Cell::from(Value::Empty), |c| hazard_ratio(&mut table, report, interaction, c)),
            ratio.map_or(Cell::from(Value::Empty), |r| ratio_value(report, interaction, r)),
            Cell::p(ratio.and_then(|r| r.p).filter(|_| interaction.converged)),
        ];
        let keys = [&*interaction.exposure, &*cell.exposure_level, &*interaction.modifier, &*cell.modifier_level];
        table.push(RowKind::Plain, &keys, cells);
    }
    table
}

/// To read: the tests of every interaction analysis, one row each; without a test that none has.
pub fn interaction_tests_table(report: &Report) -> Option<DisplayTable> {
    interaction_tests_data(report).map(DisplayTable::without_absent_tests)
}

/// For programs: the same rows with the columns of both tests.
pub fn interaction_tests_data(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let mut columns = vec![
        Column::new("label", w.interaction(), ColumnKind::Text),
        Column::new("model_label", w.on_top_of(), ColumnKind::Text),
    ];
    columns.extend(test_columns(report));
    let keys = ["model", "exposure", "modifier"];
    let mut table = DisplayTable::new("interactions", w.interaction_tests_title(), &keys, columns);
    for (model, interaction) in super::interactions(report) {
        let label = w.by_two(interaction.exposure_title(), interaction.modifier_title());
        let mut cells = vec![Cell::text(label), Cell::text(model.title())];
        for test in [interaction.wald, interaction.lr] {
            cells.extend(test_cells(test.filter(|_| interaction.converged)));
        }
        if !interaction.converged {
            let mark = table.footnote(w.not_converged());
            cells[0].marks.push(mark);
        }
        table.push(RowKind::Plain, &[&model.name, &interaction.exposure, &interaction.modifier], cells);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// A level and its label.
type Level<'a> = (&'a str, &'a str);

/// The distinct levels of the cells, in the order of first appearance.
fn levels<'a>(
    cells: &'a [InteractionCell],
    of: impl Fn(&'a InteractionCell) -> (&'a String, &'a str),
) -> Vec<Level<'a>> {
    let mut found: Vec<Level> = Vec::new();
    for cell in cells {
        let (level, label) = of(cell);
        if !found.iter().any(|(known, _)| known == level) {
            found.push((level, label));
        }
    }
    found
}

fn wide_columns(report: &Report, model: &ModelResult, across: &[Level]) -> Vec<Column> {
    let hr = interval_head(hr_head(report, model), report);
    let mut columns = vec![Column::new("label", "", ColumnKind::Text)];
    for (level, label) in across {
        columns.push(Column::new(&format!("{level}_events"), report.words().events(), ColumnKind::Number).under(label));
        columns.push(Column::new(&format!("{level}_hr"), &hr, ColumnKind::Interval).under(label));
    }
    columns
}

fn push_hazard_ratios(
    table: &mut DisplayTable,
    report: &Report,
    interaction: &Interaction,
    down: &[Level],
    across: &[Level],
) {
    let marker = marker(report);
    table.push_group(&report.words().hazard_ratios_of(interaction.exposure_title()));
    for (exposure_level, label) in down {
        let mut cells = vec![Cell::text(*label)];
        for (modifier_level, _) in across {
            match find(&interaction.within, exposure_level, modifier_level) {
                Some(cell) => {
                    cells.push(Cell::count(cell.events, cell.events_hidden, &marker));
                    cells.push(hazard_ratio(table, report, interaction, cell));
                }
                None => cells.extend([Cell::from(Value::Empty), Cell::from(Value::Empty)]),
            }
        }
        table.push(RowKind::Item, &[exposure_level], cells);
    }
}

fn push_ratios(table: &mut DisplayTable, report: &Report, interaction: &Interaction, down: &[Level], across: &[Level]) {
    if interaction.ratios.is_empty() {
        return;
    }
    let base = across.iter().find(|(m, _)| interaction.ratios.iter().all(|r| r.modifier_level != *m));
    table.push_group(&match base {
        Some((_, label)) => report.words().ratio_of_ratios_against(label),
        None => report.words().ratio_of_ratios().to_string(),
    });
    for (exposure_level, label) in down {
        let found: Vec<_> = across.iter().map(|(m, _)| find_ratio(interaction, exposure_level, m)).collect();
        if found.iter().all(Option::is_none) {
            continue;
        }
        let mut cells = vec![Cell::text(*label)];
        for (ratio, (modifier_level, _)) in found.into_iter().zip(across) {
            let is_base = base.is_some_and(|(level, _)| level == modifier_level);
            cells.push(Cell::from(Value::Empty));
            cells.push(match ratio {
                Some(ratio) => ratio_value(report, interaction, ratio),
                None => Cell::from(if is_base { Value::Reference } else { Value::Empty }),
            });
        }
        table.push(RowKind::Item, &[exposure_level], cells);
    }
}

pub(super) fn hazard_ratio(
    table: &mut DisplayTable,
    report: &Report,
    interaction: &Interaction,
    cell: &InteractionCell,
) -> Cell {
    let value = match cell.hr {
        _ if cell.hidden => return Cell::from(Value::Hidden(marker(report))),
        _ if !interaction.converged => Value::NotEstimable,
        _ if cell.reference => return Cell::from(Value::Reference),
        Some(hr) => Value::Ratio(hr, cell.lower, cell.upper),
        None => Value::NotEstimable,
    };
    let w = report.words();
    let reason = match &cell.reason {
        _ if !interaction.converged => Some(w.not_converged().to_string()),
        Some(reason) => Some(w.said(reason)),
        None if cell.hr.is_none() => Some(w.not_estimable().to_string()),
        None => None,
    };
    match reason {
        Some(reason) => {
            let mark = table.footnote(&reason);
            Cell::from(value).marked(mark)
        }
        None => Cell::from(value),
    }
}

fn ratio_value(report: &Report, interaction: &Interaction, ratio: &InteractionRatio) -> Cell {
    Cell::from(match ratio.ratio {
        _ if ratio.hidden => Value::Hidden(marker(report)),
        Some(value) if interaction.converged => Value::Ratio(value, ratio.lower, ratio.upper),
        _ => Value::NotEstimable,
    })
}

fn push_remarks(table: &mut DisplayTable, report: &Report, model: &ModelResult, interaction: &Interaction) {
    let w = report.words();
    if let Some(test) = interaction.wald.filter(|_| interaction.converged) {
        table.remarks.push(Remark::Test(w.joint_wald_test().to_string(), test));
    }
    if let Some(test) = interaction.lr.filter(|_| interaction.converged) {
        table.remarks.push(Remark::Test(w.joint_lr_test().to_string(), test));
    }
    if let Some(test) = interaction.pooled_test.as_ref().filter(|_| interaction.converged) {
        table.remarks.push(Remark::PooledTest(w.joint_pooled_test().to_string(), test.clone()));
    }
    let names = &interaction.adjusted_for;
    // A label such as "Age, years" has a comma of its own.
    let mark = if names.iter().any(|name| name.contains(',')) { "; " } else { ", " };
    let adjusted = if names.is_empty() { String::new() } else { w.adjusted_for(names.join(mark)) };
    table.remarks.push(Remark::Text(w.on_top_of_model(model.title(), adjusted)));
    if interaction.within.iter().any(|cell| cell.persons.is_some() || cell.persons_hidden) {
        let changing = report.changing(|name| name == interaction.exposure || name == interaction.modifier);
        table.remarks.extend(several_levels_remark(report, &changing));
    }
    table.remarks.extend(interaction.warnings.iter().map(|x| warning_remark(report, x)));
}

fn id(interaction: &Interaction) -> String {
    format!("interaction_{}_{}", interaction.exposure, interaction.modifier)
}

fn find<'a>(cells: &'a [InteractionCell], exposure: &str, modifier: &str) -> Option<&'a InteractionCell> {
    cells.iter().find(|c| c.exposure_level == exposure && c.modifier_level == modifier)
}

fn find_ratio<'a>(interaction: &'a Interaction, exposure: &str, modifier: &str) -> Option<&'a InteractionRatio> {
    interaction.ratios.iter().find(|r| r.exposure_level == exposure && r.modifier_level == modifier)
}
