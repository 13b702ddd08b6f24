//! Coefficients: as a console shows them, and as a data file with broom's column names.

use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::{Coefficient, CompetingRisks, ModelResult, Report, Warning};

/// One model in the manner of a console: hazard ratio, coefficient, standard error, z and P of every column.
pub fn coefficient_table(report: &Report, model: &ModelResult) -> DisplayTable {
    let robust = model.coefficients.iter().any(|c| c.robust_se.is_some());
    let profile = model.interval == "profile";
    let w = report.words();
    let mut columns = vec![
        Column::new("term", w.coefficient(), ColumnKind::Text),
        Column::new("hr", &interval_head(hr_head(report, model), report), ColumnKind::Interval),
        Column::new("estimate", w.coef(), ColumnKind::Number),
        Column::new("se", w.se_coef(), ColumnKind::Number),
    ];
    columns.extend(robust.then(|| Column::new("robust_se", w.robust_se(), ColumnKind::Number)));
    columns.push(match profile {
        true => Column::new("lr_chisq", "LR χ²", ColumnKind::Number),
        false => Column::new("z", if model.pooling.is_some() { "t" } else { "z" }, ColumnKind::Number),
    });
    columns.push(Column::new("p", p_head(report), ColumnKind::Number));
    let title = match report.models.len() {
        1 => w.coefficients().to_string(),
        _ => w.coefficients_of(model.title()),
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
    table.remarks.extend(model.collapsed.iter().map(|c| Remark::Text(c.sentence(&report.number_style()))));
    table.remarks.extend(model.warnings.iter().map(|x| warning_remark(report, x)));
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
            if let Some(text) = reason(report, model, c) {
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
    match reason(report, model, c) {
        Some(text) => {
            let mark = table.footnote(text);
            Cell::from(value).marked(mark)
        }
        None => Cell::from(value),
    }
}

/// Why a coefficient has no estimate or interval.
fn reason(report: &Report, model: &ModelResult, c: &Coefficient) -> Option<&'static str> {
    let w = report.words();
    match c {
        _ if c.hidden => None,
        _ if !model.converged => Some(w.not_converged()),
        _ if c.aliased => Some(w.aliased()),
        _ if c.infinite => Some(w.infinite()),
        _ => None,
    }
}

/// `HR`, or `Subdistribution HR` where the hazard is that of a Fine-Gray model.
pub(in crate::report) fn hr_head(report: &Report, model: &ModelResult) -> &'static str {
    match model.competing.as_ref().is_some_and(CompetingRisks::is_fine_gray) {
        true => report.words().subdistribution_hr(),
        false => report.words().hr(),
    }
}

/// The head of a column that several models share: that of the first where all are of one kind.
pub(super) fn any_hr_head(report: &Report) -> &'static str {
    let heads = || report.models.iter().map(|m| hr_head(report, m));
    heads().next().filter(|first| heads().all(|head| head == *first)).unwrap_or(report.words().hr())
}

/// The letter of P values, as the style writes it.
pub(super) fn p_head(report: &Report) -> &'static str {
    report.number_style().p.letter
}

/// `HR (95% CI)`, with a hard space inside the brackets.
pub(super) fn interval_head(what: &str, report: &Report) -> String {
    format!("{what} ({}\u{a0}{})", percent(report), report.words().ci())
}

/// The confidence level as `95%` or `99.9%`.
pub(in crate::report) fn percent(report: &Report) -> String {
    report.number_style().level(report.settings.level)
}

/// The knots of every spline and the degree of every polynomial of a model.
pub(super) fn basis_remarks(report: &Report, model: &ModelResult) -> Vec<Remark> {
    let (style, marker) = (report.number_style(), marker(report));
    model.bases.iter().map(|b| Remark::Text(b.sentence(&style, &marker))).collect()
}

pub(super) fn warning_remark(report: &Report, warning: &Warning) -> Remark {
    Remark::Warning(report.words().warned(warning))
}
