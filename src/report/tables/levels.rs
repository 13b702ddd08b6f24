//! The main table: per level persons, events, person-years, rate, and the hazard ratio of every model side by side.

use super::coefficients::{basis_remarks, hr_head, interval_head, ratio_cell, warning_remark};
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, levels_of_models, marker, totals_remark};
use crate::report::{Coefficient, Counts, LevelRow, ModelResult, Report};
use std::collections::BTreeSet;

/// To read, the table that a paper prints as Table 2: a total, then for every table variable its name with the P value of
/// its term in every model, a row per level with the reference rows included, and a row per unit of every number. `None`
/// when the report has neither levels nor a total.
pub fn level_table(report: &Report) -> Option<DisplayTable> {
    table(report, true)
}

/// For programs: the same rows without the P values, which `terms` has.
pub fn level_data(report: &Report) -> Option<DisplayTable> {
    table(report, false)
}

fn table(report: &Report, with_terms: bool) -> Option<DisplayTable> {
    if report.levels.is_empty() && report.total.is_none() {
        return None;
    }
    let w = report.words();
    let mut table = DisplayTable::new("levels", w.levels_title(), &["variable", "level"], columns(report));
    if let Some(total) = &report.total {
        push_row(&mut table, report, RowKind::Plain, ["", ""], w.all(), total, |_, _| Cell::from(Value::Empty));
    }
    for rows in report.levels.chunk_by(|a, b| a.variable == b.variable) {
        let title = if rows[0].label.is_empty() { &rows[0].variable } else { &rows[0].label };
        match with_terms {
            true => push_variable(&mut table, report, &rows[0].variable, title),
            false => table.push_group(title),
        }
        for row in rows {
            let label = row.title(report);
            let hr = |table: &mut DisplayTable, model: &ModelResult| level_cell(table, report, model, row);
            push_row(&mut table, report, RowKind::Item, [&row.variable, &row.level], label, &row.counts, hr);
        }
    }
    push_numeric(&mut table, report);
    if with_terms {
        levels_of_models::push_numbers(&mut table, report);
        table.remarks.extend(term_remark(report));
        table.remarks.extend(totals_remark(report));
        let changing = report.changing(|name| report.levels.iter().any(|l| l.variable == name));
        table.remarks.extend(several_levels_remark(report, &changing));
    }
    push_remarks(&mut table, report);
    Some(table)
}

/// How many variables a brief table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variables {
    /// All, or where they are too many for a screen the first one, which is the exposure.
    AsFits,
    /// So many.
    First(usize),
}

/// The same for a screen: beside the hazard ratios persons and events only, and some of the variables.
pub fn brief_level_table(report: &Report, variables: Variables) -> Option<DisplayTable> {
    let mut table = narrow_level_table(report)?;
    let n = match variables {
        Variables::AsFits if table.rows.len() > SCREEN => 1,
        Variables::AsFits => usize::MAX,
        Variables::First(n) => n,
    };
    if variable_heads(&table).len() > n {
        keep_variables(&mut table, n);
        table.remarks.push(Remark::Text(report.words().rest_in_report().to_owned()));
    }
    Some(table)
}

/// The same with all of its rows: beside the hazard ratios persons and events only.
pub fn narrow_level_table(report: &Report) -> Option<DisplayTable> {
    let mut table = level_table(report)?;
    if !report.models.is_empty() {
        table.leave_out(&["person_years", "rate"]);
    }
    Some(table)
}

/// Where the rows of each variable begin.
pub fn variable_heads(table: &DisplayTable) -> Vec<usize> {
    let is_head = |i: &usize| match table.rows[*i].kind {
        RowKind::Group => true,
        // With the P value of its term the head of a variable is a row of its own.
        RowKind::Plain => table.rows.get(i + 1).is_some_and(|next| next.kind == RowKind::Item),
        RowKind::Item => false,
    };
    (0..table.rows.len()).filter(is_head).collect()
}

/// Leaves the rows of the first `n` variables.
pub fn keep_variables(table: &mut DisplayTable, n: usize) {
    if let Some(end) = variable_heads(table).get(n) {
        table.rows.truncate(*end);
        table.keep_used_footnotes();
    }
}

/// A table of more rows than this does not fit on a screen with what stands around it.
const SCREEN: usize = 20;

/// The head of a variable's rows: its P value under every model.
fn push_variable(table: &mut DisplayTable, report: &Report, variable: &str, title: &str) {
    let ps: Vec<Option<f64>> = report.models.iter().map(|m| term_p(m, variable)).collect();
    if ps.iter().all(Option::is_none) {
        return table.push_group(title);
    }
    let mut cells = vec![Cell::text(title)];
    cells.resize(OF_COUNTS, Cell::from(Value::Empty));
    for (model, p) in report.models.iter().zip(ps) {
        cells.extend(levels_of_models::cell(report, model, [variable, ""]));
        cells.push(Cell::from(p.map_or(Value::Empty, Value::TermP)));
    }
    table.push(RowKind::Plain, &[variable, ""], cells);
}

/// P of the term that is the variable alone: by likelihood ratio where there is one, else Wald. None where the variable
/// interacts with others, because its own term is then not what is asked.
fn term_p(model: &ModelResult, variable: &str) -> Option<f64> {
    let is_own =
        |term: &str| term == variable || term.strip_prefix('`').and_then(|t| t.strip_suffix('`')) == Some(variable);
    let term = model.terms.iter().find(|t| is_own(&t.term)).filter(|_| model.converged)?;
    if interacting(model, variable).is_some() {
        return None;
    }
    term.lr.or(term.wald).and_then(|test| test.p)
}

/// That persons of covariates that change count in several levels.
pub(super) fn several_levels_remark(report: &Report, changing: &[String]) -> Option<Remark> {
    let names = report.words().list_and(changing);
    (!changing.is_empty()).then(|| Remark::Text(report.words().in_several_levels(names)))
}

/// Which test the P values of variables are from.
fn term_remark(report: &Report) -> Option<Remark> {
    let tested = || report.models.iter().filter(|m| m.converged).flat_map(|m| &m.terms);
    let w = report.words();
    match (tested().any(|t| t.lr.is_some()), tested().any(|t| t.lr.is_none() && t.wald.is_some())) {
        (true, false) => Some(Remark::Text(w.p_of_variable_lr().to_owned())),
        (false, true) => Some(Remark::Text(w.p_of_variable_wald().to_owned())),
        (true, true) => Some(Remark::Text(w.p_of_variable_either().to_owned())),
        (false, false) => None,
    }
}

fn columns(report: &Report) -> Vec<Column> {
    let w = report.words();
    let per = report.number_style().decimal(report.settings.rate_per, 0);
    let mut columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("persons", w.persons(), ColumnKind::Number),
        Column::new("events", w.events(), ColumnKind::Number),
        Column::new("person_years", w.person_years(), ColumnKind::Number),
        Column::new("rate", &interval_head(&w.rate_per_person_years(per), report), ColumnKind::Interval),
    ];
    let hr = |m: &ModelResult| interval_head(hr_head(report, m), report);
    let of_model =
        |m: &ModelResult| Column::new(&format!("{}_hr", m.name), &hr(m), ColumnKind::Interval).under(m.title());
    for model in &report.models {
        columns.extend(levels_of_models::column(report, model));
        columns.push(of_model(model));
    }
    columns
}

/// Columns before those of the models: the label, persons, events, person-years, rate.
const OF_COUNTS: usize = 5;

fn push_row(
    table: &mut DisplayTable,
    report: &Report,
    kind: RowKind,
    keys: [&str; 2],
    label: &str,
    counts: &Counts,
    hazard_ratio: impl Fn(&mut DisplayTable, &ModelResult) -> Cell,
) {
    let marker = marker(report);
    let hidden = counts.persons_hidden || counts.events_hidden;
    let unless_hidden = |value: Option<Value>| match hidden {
        true => Cell::from(Value::Hidden(marker.clone())),
        false => Cell::from(value.unwrap_or(Value::Empty)),
    };
    // A site may hide all rates; there is none where nobody was followed either.
    let has_rate = counts.events.is_some() && counts.person_years.is_some_and(|years| years > 0.0);
    let withheld = (has_rate && report.disclosure.is_some()).then(|| Value::Hidden(marker.clone()));
    let mut cells = vec![
        Cell::text(label),
        Cell::count(counts.persons, counts.persons_hidden, &marker),
        Cell::count(counts.events, counts.events_hidden, &marker),
        unless_hidden(counts.person_years.map(Value::PersonYears)),
        unless_hidden(counts.rate.map(|r| Value::Rate(r, counts.rate_lower, counts.rate_upper)).or(withheld)),
    ];
    for model in &report.models {
        cells.extend(levels_of_models::cell(report, model, keys));
        cells.push(hazard_ratio(table, model));
    }
    table.push(kind, &keys, cells);
}

/// The hazard ratio of one level in one model: its own main-effect coefficient, the reference, or nothing.
fn level_cell(table: &mut DisplayTable, report: &Report, model: &ModelResult, row: &LevelRow) -> Cell {
    let of_variable = || model.coefficients.iter().filter(|c| is_main_effect_of(c, &row.variable));
    if let Some(own) = of_variable().find(|c| c.parts[0].level.as_deref() == Some(&row.level) && !row.missing) {
        let mut cell = ratio_cell(table, report, model, own);
        if let Some(other) = interacting(model, &row.variable) {
            let mark = table.footnote(&report.words().at_reference_of(other));
            cell.marks.push(mark);
        }
        return cell;
    }
    let is_reference = !row.missing && of_variable().any(|c| c.parts[0].versus.as_deref() == Some(&row.level));
    Cell::from(if is_reference { Value::Reference } else { Value::Empty })
}

fn is_main_effect_of(c: &Coefficient, variable: &str) -> bool {
    c.parts.len() == 1 && c.parts[0].variable == variable
}

/// The variables that `variable` interacts with in the model's own formula.
fn interacting(model: &ModelResult, variable: &str) -> Option<String> {
    let others: BTreeSet<&str> = model
        .coefficients
        .iter()
        .filter(|c| c.parts.len() > 1 && c.parts.iter().any(|p| p.variable == variable))
        .flat_map(|c| c.parts.iter().map(|p| p.variable.as_str()))
        .filter(|v| *v != variable)
        .collect();
    (!others.is_empty()).then(|| others.into_iter().collect::<Vec<_>>().join(", "))
}

/// One row per numeric column that any model holds, in the order of first appearance.
fn push_numeric(table: &mut DisplayTable, report: &Report) {
    let mut seen: Vec<&Coefficient> = Vec::new();
    for c in report.models.iter().flat_map(|m| &m.coefficients) {
        let numeric = c.parts.len() == 1 && c.parts[0].level.is_none() && c.parts[0].basis.is_none();
        if numeric && !seen.iter().any(|s| s.name == c.name) {
            seen.push(c);
        }
    }
    if seen.is_empty() {
        return;
    }
    table.push_group(report.words().per_unit_group());
    for numeric in seen {
        let hr = |table: &mut DisplayTable, model: &ModelResult| {
            let own = model.coefficients.iter().find(|c| c.name == numeric.name);
            own.map_or(Cell::from(Value::Empty), |c| ratio_cell(table, report, model, c))
        };
        let keys = [numeric.parts[0].variable.as_str(), ""];
        push_row(table, report, RowKind::Item, keys, numeric.title(), &Counts::default(), hr);
    }
}

fn push_remarks(table: &mut DisplayTable, report: &Report) {
    let w = report.words();
    for model in &report.models {
        let rows: BTreeSet<(&str, &str)> =
            report.levels.iter().map(|l| (l.variable.as_str(), l.level.as_str())).collect();
        let elsewhere = model.coefficients.iter().filter(|c| !in_table(c, &rows)).count();
        if elsewhere > 0 {
            table.remarks.push(Remark::Text(match elsewhere {
                1 => w.one_coefficient_elsewhere(model.title()),
                n => w.coefficients_elsewhere(model.title(), n),
            }));
        }
        if let Some(n) = model.n_missing_dropped.filter(|n| *n > 0) {
            let what = match n {
                1 => w.one_record_left_out().to_owned(),
                n => w.records_left_out(report.number_style().count(n)),
            };
            table.remarks.push(Remark::Text(format!("{}.", w.of_model(model.title(), what))));
        }
        for remark in basis_remarks(report, model) {
            if !table.remarks.contains(&remark) {
                table.remarks.push(remark);
            }
        }
        table.remarks.extend(model.warnings.iter().map(|x| match warning_remark(report, x) {
            Remark::Warning(text) => Remark::Warning(w.of_model(model.title(), text)),
            other => other,
        }));
    }
}

impl LevelRow {
    /// What tables call the level.
    pub(super) fn title(&self, report: &Report) -> &str {
        match self.missing {
            true => report.words().missing(),
            false if self.level_label.is_empty() => &self.level,
            false => &self.level_label,
        }
    }
}

/// Whether a coefficient has a row: a main effect of a listed level, or a numeric column.
fn in_table(c: &Coefficient, rows: &BTreeSet<(&str, &str)>) -> bool {
    let [part] = c.parts.as_slice() else { return false };
    if part.basis.is_some() {
        return false;
    }
    part.level.as_deref().is_none_or(|level| rows.contains(&(part.variable.as_str(), level)))
}
