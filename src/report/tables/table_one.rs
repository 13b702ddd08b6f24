//! Table 1: characteristics down, groups across, standardised differences at the right.

use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker, totals_remark};
use crate::report::{NumberSummary, Report, TableOne, TableOneCell, TableOneGroup, TableOneVariable, label_or};

/// The level of persons without a value, in data files.
const MISSING: &str = "(missing)";

/// The title of Table 1, when there is one.
pub(in crate::report) fn table_one_title(report: &Report) -> Option<String> {
    let one = report.table_one.as_ref()?;
    Some(match one.by {
        Some(_) => report.words().table_one_title_by(one.by_title()),
        None => report.words().table_one_title().to_string(),
    })
}

/// To read: a row per level or number, a column per group. `None` when the report has no Table 1.
pub fn table_one_table(report: &Report) -> Option<DisplayTable> {
    let one = report.table_one.as_ref()?;
    let w = report.words();
    let title = table_one_title(report)?;
    let mut table = DisplayTable::new("table_one", &title, &[], columns(report, one));
    push_sizes(&mut table, report, one);
    for variable in &one.variables {
        push_variable(&mut table, report, one, variable);
    }
    push_row(&mut table, w.number_of_events(), one, |g| events(report, &one.groups[g]), Vec::new());
    let follow_up = if report.study.is_some() { w.follow_up_days() } else { w.follow_up() };
    push_row(&mut table, w.median_quartiles(follow_up), one, |g| median(report, one.groups[g].follow_up), Vec::new());
    table.remarks.push(Remark::Text(w.table_one_shares().to_string()));
    table.remarks.extend(match one.differences.as_str() {
        _ if n_compared(one) < 2 => None,
        "pairs" => Some(Remark::Text(w.table_one_pairs().to_string())),
        "reference" => Some(Remark::Text(w.table_one_reference().to_string())),
        _ => None,
    });
    table.remarks.extend(totals_remark(report));
    Some(table)
}

/// For programs: a row per group and level or number. Standardised differences stand in rows of the characteristic: of the
/// group where each is compared with the first, else of `(pairs)`.
pub fn table_one_data(report: &Report) -> Option<DisplayTable> {
    let one = report.table_one.as_ref()?;
    let names = ["persons", "share", "mean", "sd", "q1", "median", "q3", "events", "smd"];
    let columns = names.map(|name| Column::new(name, name, ColumnKind::Number));
    let keys = ["variable", "level", "group"];
    let mut table = DisplayTable::new("table_one", report.words().table_one_title(), &keys, columns.into());
    for (g, group) in one.groups.iter().enumerate() {
        let name = if group.all { "(all)" } else { &group.level };
        let counts = &group.counts;
        let size = Cell::count(counts.persons, counts.persons_hidden, &marker(report));
        let events = Cell::count(counts.events, counts.events_hidden, &marker(report));
        let cells = [vec![size], empty(6), vec![events]].concat();
        push_data(&mut table, ["", "", name], cells);
        push_data(&mut table, ["follow_up", "", name], summary_cells(report, group.follow_up));
        for variable in &one.variables {
            push_variable_data(&mut table, report, one, (variable, g, name));
        }
    }
    for variable in one.variables.iter().filter(|_| one.differences == "pairs") {
        let difference = Value::Hidden(marker(report));
        let difference = match variable.differences.first() {
            Some(d) if !variable.differences_hidden => d.map_or(Value::Empty, |d| Value::Number(d, 6)),
            Some(_) => difference,
            None => continue,
        };
        push_data(&mut table, [&variable.variable, "", "(pairs)"], [empty(8), vec![Cell::from(difference)]].concat());
    }
    Some(table)
}

/// One group's rows of a characteristic: its levels, or its number, those without one, and the difference from the first group.
fn push_variable_data(
    table: &mut DisplayTable,
    report: &Report,
    one: &TableOne,
    (variable, g, name): (&TableOneVariable, usize, &str),
) {
    for level in &variable.levels {
        let named = if level.missing { MISSING } else { &level.level };
        push_data(table, [&variable.variable, named, name], count_cells(report, &level.cells[g]));
    }
    let difference = difference_from_first(report, one, variable, g);
    let mut cells = variable.numbers.get(g).map_or(Vec::new(), |summary| summary_cells(report, *summary));
    if difference.is_some() || !cells.is_empty() {
        cells.resize(8, Cell::from(Value::Empty));
        cells.extend(difference);
        push_data(table, [&variable.variable, "", name], cells);
    }
    let without = variable.missing.get(g).filter(|cell| cell.hidden || cell.persons.is_some_and(|n| n > 0));
    if let Some(cell) = without {
        push_data(table, [&variable.variable, MISSING, name], count_cells(report, cell));
    }
}

/// The standardised difference of a group from the first one, where Table 1 compares so.
fn difference_from_first(report: &Report, one: &TableOne, variable: &TableOneVariable, g: usize) -> Option<Cell> {
    let is_compared = |g: &usize| !one.groups[*g].all && !one.groups[*g].missing;
    let place = (0..one.groups.len()).filter(is_compared).position(|k| k == g)?;
    let difference = variable.differences.get(place).filter(|_| one.differences == "reference" && place > 0)?;
    Some(match difference {
        _ if variable.differences_hidden || is_hidden(one, variable, g) => Cell::from(Value::Hidden(marker(report))),
        d => Cell::number(*d, 6),
    })
}

/// Adds a row; what it does not say stays empty.
fn push_data(table: &mut DisplayTable, keys: [&str; 3], mut cells: Vec<Cell>) {
    cells.resize(table.columns.len(), Cell::from(Value::Empty));
    table.push(RowKind::Plain, &keys, cells);
}

fn empty(n: usize) -> Vec<Cell> {
    vec![Cell::from(Value::Empty); n]
}

fn count_cells(report: &Report, cell: &TableOneCell) -> Vec<Cell> {
    let share = if cell.hidden { Cell::from(Value::Empty) } else { Cell::number(cell.share, 6) };
    vec![Cell::count(cell.persons, cell.hidden, &marker(report)), share]
}

fn summary_cells(report: &Report, summary: Option<NumberSummary>) -> Vec<Cell> {
    let s = summary.unwrap_or_default();
    let shown = |v: Option<f64>| Cell::number(v.filter(|_| !s.hidden), 6);
    let n = Cell::count(s.n, s.hidden, &marker(report));
    [vec![n, Cell::from(Value::Empty)], [s.mean, s.sd, s.q1, s.median, s.q3].map(shown).to_vec()].concat()
}

/// How many groups have a level, so that they can be compared.
fn n_compared(one: &TableOne) -> usize {
    one.groups.iter().filter(|g| !g.all && !g.missing).count()
}

fn columns(report: &Report, one: &TableOne) -> Vec<Column> {
    let w = report.words();
    let mut columns = vec![Column::new("label", "", ColumnKind::Text)];
    for (g, group) in one.groups.iter().enumerate() {
        let head = match group {
            TableOneGroup { all: true, .. } => w.all(),
            TableOneGroup { missing: true, .. } => w.missing(),
            _ => label_or(&group.label, &group.level),
        };
        columns.push(Column::new(&format!("group_{g}"), head, ColumnKind::Number));
    }
    let compared: Vec<&TableOneGroup> = one.groups.iter().filter(|g| !g.all && !g.missing).collect();
    match one.differences.as_str() {
        _ if compared.len() < 2 => {}
        "pairs" => columns.push(Column::new("difference", w.standardised_difference(), ColumnKind::Number)),
        "reference" => {
            let span = w.standardised_against(label_or(&compared[0].label, &compared[0].level));
            let of = |g: &&TableOneGroup| {
                Column::new(&format!("difference_{}", g.level), label_or(&g.label, &g.level), ColumnKind::Number)
            };
            columns.extend(compared[1..].iter().map(of).map(|c| c.under(&span)));
        }
        _ => {}
    }
    columns
}

/// One cell per group, then those of the differences, the rest empty.
fn push_row(
    table: &mut DisplayTable,
    label: impl Into<String>,
    one: &TableOne,
    cell: impl Fn(usize) -> Cell,
    differences: Vec<Cell>,
) {
    push(table, RowKind::Plain, label, one, cell, differences);
}

fn push(
    table: &mut DisplayTable,
    kind: RowKind,
    label: impl Into<String>,
    one: &TableOne,
    cell: impl Fn(usize) -> Cell,
    differences: Vec<Cell>,
) {
    let mut cells = vec![Cell::text(label)];
    cells.extend((0..one.groups.len()).map(cell));
    cells.extend(differences);
    cells.resize(table.columns.len(), Cell::from(Value::Empty));
    table.push(kind, &[], cells);
}

fn push_sizes(table: &mut DisplayTable, report: &Report, one: &TableOne) {
    let size = |g: usize| {
        let counts = &one.groups[g].counts;
        Cell::count(counts.persons, counts.persons_hidden, &marker(report))
    };
    push_row(table, report.words().number_of_persons(), one, size, Vec::new());
}

fn push_variable(table: &mut DisplayTable, report: &Report, one: &TableOne, variable: &TableOneVariable) {
    let w = report.words();
    let differences = difference_cells(table, report, one, variable);
    if !variable.levels.is_empty() {
        let mut head = vec![Cell::text(variable.title())];
        head.resize(1 + one.groups.len(), Cell::from(Value::Empty));
        head.extend(differences);
        head.resize(table.columns.len(), Cell::from(Value::Empty));
        table.push(RowKind::Plain, &[], head);
        for level in &variable.levels {
            let label = if level.missing { w.missing() } else { label_or(&level.label, &level.level) };
            push(table, RowKind::Item, label, one, |g| share(report, &level.cells[g]), Vec::new());
        }
        return;
    }
    let of = |g: usize| variable.numbers.get(g).copied().flatten();
    let mut differences = Some(differences);
    if one.numbers != "median" {
        let label = w.mean_sd(variable.title());
        push_row(table, label, one, |g| mean(report, of(g)), differences.take().unwrap_or_default());
    }
    if one.numbers != "mean" {
        let label = w.median_quartiles(variable.title());
        push_row(table, label, one, |g| median(report, of(g)), differences.take().unwrap_or_default());
    }
    if variable.missing.iter().any(|c| c.hidden || c.persons.is_some_and(|n| n > 0)) {
        push_row(table, w.missing_of(variable.title()), one, |g| share(report, &variable.missing[g]), Vec::new());
    }
}

fn difference_cells(
    table: &mut DisplayTable,
    report: &Report,
    one: &TableOne,
    variable: &TableOneVariable,
) -> Vec<Cell> {
    let skipped = usize::from(one.differences == "reference");
    let mut cells = Vec::new();
    let mut compared = (0..one.groups.len()).filter(|g| !one.groups[*g].all && !one.groups[*g].missing).skip(skipped);
    for difference in variable.differences.iter().skip(skipped) {
        let group = compared.next().filter(|_| skipped > 0);
        cells.push(match difference {
            None if group.is_some_and(|g| is_hidden(one, variable, g)) => Cell::from(Value::Hidden(marker(report))),
            _ if variable.differences_hidden => Cell::from(Value::Hidden(marker(report))),
            Some(d) => Cell::number(Some(*d), 2),
            None => {
                let mark = table.footnote(report.words().no_common_values());
                Cell::from(Value::NotEstimable).marked(mark)
            }
        });
    }
    cells
}

/// Whether a group has nothing to compare because its numbers are hidden.
fn is_hidden(one: &TableOne, variable: &TableOneVariable, group: usize) -> bool {
    let of_numbers = variable.numbers.get(group).copied().flatten().is_some_and(|s| s.hidden);
    of_numbers || one.groups[group].counts.persons_hidden
}

fn share(report: &Report, cell: &TableOneCell) -> Cell {
    match (cell.persons, cell.share) {
        _ if cell.hidden => Cell::from(Value::Hidden(marker(report))),
        (Some(n), Some(share)) => Cell::from(Value::Share(n, share)),
        (persons, _) => Cell::count(persons, false, ""),
    }
}

fn mean(report: &Report, summary: Option<NumberSummary>) -> Cell {
    of_summary(report, summary, |s| s.mean.map(|mean| Value::WithError(mean, s.sd, decimals(s.sd))))
}

fn median(report: &Report, summary: Option<NumberSummary>) -> Cell {
    of_summary(report, summary, |s| {
        if s.quartiles_hidden {
            return Some(Value::Hidden(marker(report)));
        }
        let spread = s.q3.zip(s.q1).map(|(q3, q1)| q3 - q1);
        let whole = [s.median, s.q1, s.q3].iter().flatten().all(|v| v.fract() == 0.0);
        let decimals = if whole { 0 } else { decimals(spread) };
        s.median.map(|median| Value::Interval(median, s.q1, s.q3, decimals))
    })
}

fn of_summary(
    report: &Report,
    summary: Option<NumberSummary>,
    value: impl Fn(&NumberSummary) -> Option<Value>,
) -> Cell {
    Cell::from(match summary {
        Some(s) if s.hidden => Value::Hidden(marker(report)),
        Some(s) => value(&s).unwrap_or(Value::Empty),
        None => Value::Empty,
    })
}

/// Decimals that a number of this spread needs: one more digit than the spread has before the mark.
fn decimals(spread: Option<f64>) -> usize {
    match spread.unwrap_or(0.0) {
        s if s >= 100.0 => 0,
        s if s >= 1.0 => 1,
        s if s >= 0.1 => 2,
        _ => 3,
    }
}

/// Events of a group.
fn events(report: &Report, group: &TableOneGroup) -> Cell {
    let counts = &group.counts;
    Cell::count(counts.events, counts.events_hidden, &marker(report))
}
