//! Coefficients: as a console shows them, and as a data file with broom's column names.

use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::{Coefficient, ModelResult, Report, Warning};

pub(super) const ALIASED: &str = "no estimate: the column is a linear combination of earlier ones";
pub(super) const INFINITE: &str =
    "no finite estimate: the coefficient runs to infinity; Firth's correction, or merging small levels, gives one";
pub(super) const NOT_CONVERGED: &str = "no estimate: the fit did not converge";

/// One model in the manner of a console: hazard ratio, coefficient, standard error, z and P of every column.
pub fn coefficient_table(report: &Report, model: &ModelResult) -> DisplayTable {
    let robust = model.coefficients.iter().any(|c| c.robust_se.is_some());
    let profile = model.interval == "profile";
    let mut columns = vec![
        Column::new("term", "Coefficient", ColumnKind::Text),
        Column::new("hr", &interval_head("HR", report), ColumnKind::Interval),
        Column::new("estimate", "coef", ColumnKind::Number),
        Column::new("se", "se(coef)", ColumnKind::Number),
    ];
    columns.extend(robust.then(|| Column::new("robust_se", "robust se", ColumnKind::Number)));
    columns.push(match profile {
        true => Column::new("lr_chisq", "LR χ²", ColumnKind::Number),
        false => Column::new("z", if model.pooling.is_some() { "t" } else { "z" }, ColumnKind::Number),
    });
    columns.push(Column::new("p", "P", ColumnKind::Number));
    let title = match report.models.len() {
        1 => "Coefficients".to_string(),
        _ => format!("Coefficients of {}", model.title()),
    };
    let mut table = DisplayTable::new(&format!("coefficients_{}", model.name), &title, &[], columns);
    for c in &model.coefficients {
        let mut cells = vec![Cell::text(c.title()), ratio_cell(&mut table, report, model, c)];
        let shown = model.converged && !c.infinite && !c.aliased && !c.hidden;
        // A likelihood-ratio test compares two likelihoods, which are finite where the coefficient is not.
        let tested = model.converged && !c.aliased && !c.hidden && (profile || !c.infinite);
        let number = |v: Option<f64>, decimals| Cell::number(v.filter(|_| shown), decimals);
        cells.extend([number(c.estimate, 4), number(c.se, 4)]);
        cells.extend(robust.then(|| number(c.robust_se, 4)));
        cells.push(Cell::number(c.statistic().filter(|_| tested), 2));
        cells.push(Cell::p(c.p.filter(|_| tested)));
        table.push(RowKind::Plain, &[], cells);
    }
    table.remarks.extend(basis_remarks(report, model));
    table.remarks.extend(model.collapsed.iter().map(|c| Remark::Text(c.sentence())));
    table.remarks.extend(model.warnings.iter().map(warning_remark));
    table
}

/// The coefficients of every model with broom's names (log scale); `None` when no model has one.
pub fn coefficient_data(report: &Report) -> Option<DisplayTable> {
    let robust = report.models.iter().flat_map(|m| &m.coefficients).any(|c| c.robust_se.is_some());
    let names = ["estimate", "std.error"].into_iter().chain(robust.then_some("robust.se"));
    let names = names.chain(["statistic", "p.value", "conf.low", "conf.high"]);
    let mut columns = vec![Column::new("term", "term", ColumnKind::Text)];
    columns.extend(names.map(|name| Column::new(name, name, ColumnKind::Number)));
    let mut table = DisplayTable::new("coefficients", "Coefficients of all models", &["model"], columns);
    for model in &report.models {
        let profile = model.interval == "profile";
        for c in &model.coefficients {
            let shown = model.converged && !c.infinite && !c.aliased;
            let tested = shown || (profile && model.converged && !c.aliased);
            let cell = |v: Option<f64>, shown: bool| match c.hidden {
                true => Cell::from(Value::Hidden(marker(report))),
                false => Cell::number(v.filter(|_| shown), 6),
            };
            let number = |v: Option<f64>| cell(v, shown);
            let mut cells = vec![Cell::text(&c.name), number(c.estimate), number(c.se)];
            cells.extend(robust.then(|| number(c.robust_se)));
            cells.extend([c.statistic(), c.p, c.lower, c.upper].map(|v| cell(v, tested)));
            if let Some(text) = reason(model, c) {
                let mark = table.footnote(text);
                cells[0].marks.push(mark);
            }
            table.push(RowKind::Plain, &[&model.name], cells);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// The hazard ratio of a coefficient as a cell; where there is none, the cell says so and a footnote why.
pub(super) fn ratio_cell(table: &mut DisplayTable, report: &Report, model: &ModelResult, c: &Coefficient) -> Cell {
    if c.hidden {
        return Cell::from(Value::Hidden(marker(report)));
    }
    let value = match c.hr {
        Some(hr) if model.converged && !c.infinite && !c.aliased => Value::Ratio(hr, c.hr_lower, c.hr_upper),
        _ if c.infinite && model.converged => {
            let up = c.estimate.is_none_or(|e| e > 0.0);
            Value::Diverged(up, if up { c.hr_lower } else { c.hr_upper })
        }
        _ => Value::NotEstimable,
    };
    match reason(model, c) {
        Some(text) => {
            let mark = table.footnote(text);
            Cell::from(value).marked(mark)
        }
        None => Cell::from(value),
    }
}

/// Why a coefficient has no estimate or interval.
fn reason(model: &ModelResult, c: &Coefficient) -> Option<&'static str> {
    match c {
        _ if c.hidden => None,
        _ if !model.converged => Some(NOT_CONVERGED),
        _ if c.aliased => Some(ALIASED),
        _ if c.infinite => Some(INFINITE),
        _ => None,
    }
}

/// `HR (95% CI)`, with a hard space inside the brackets.
pub(super) fn interval_head(what: &str, report: &Report) -> String {
    format!("{what} ({}\u{a0}CI)", percent(report.settings.level))
}

/// A confidence level as `95%` or `99.9%`.
pub(in crate::report) fn percent(level: f64) -> String {
    let text = format!("{:.4}", 100.0 * level);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The knots of every spline and the degree of every polynomial of a model.
pub(super) fn basis_remarks(report: &Report, model: &ModelResult) -> Vec<Remark> {
    let marker = marker(report);
    model.bases.iter().map(|b| Remark::Text(b.sentence(&marker))).collect()
}

pub(super) fn warning_remark(warning: &Warning) -> Remark {
    Remark::Warning(warning.text())
}
