//! Survival and cumulative incidence at chosen times, medians, and standardised risks.

use super::coefficients::{interval_head, percent};
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::{CurvePoint, Measure, ModelResult, Report, StandardisedRisks, StandardisedRow, SurvivalCurve};

/// Decimals of probabilities, and of differences of them.
const PROBABILITY: usize = 4;
/// Decimals of mean times, in the unit of the data.
const TIME: usize = 1;

/// Predicted survival at the chosen times, curve after curve; `None` without such curves.
pub fn survival_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let heads = Heads {
        id: "survival",
        title: w.predicted_survival_title(),
        name: "survival",
        value: w.survival(),
        hazard: w.cumulative_hazard_se(),
    };
    let mut table = point_table(report, &heads, |c| !c.is_incidence(), |point| point.survival)?;
    let censored = |m: &ModelResult| m.competing.is_some() && !m.curves.is_empty() && !m.curves[0].is_incidence();
    if report.models.iter().any(censored) {
        table.remarks.push(Remark::Text(w.censored_remark().to_string()));
    }
    Some(table)
}

/// Whether there is a cumulative incidence of a Fine-Gray model, or one of cause-specific models.
fn incidence_of(report: &Report, fine_gray: bool) -> bool {
    let of = |m: &ModelResult| m.competing.as_ref().is_some_and(|c| c.is_fine_gray() == fine_gray);
    curves(report).any(|(m, c)| c.is_incidence() && of(m))
}

/// Predicted cumulative incidence at the chosen times, of Fine-Gray models and of cause-specific ones; `None` without such
/// curves.
pub fn predicted_incidence_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let by_causes = incidence_of(report, false);
    let heads = Heads {
        id: "predicted_incidence",
        title: w.predicted_incidence_title(),
        name: "cumulative_incidence",
        value: w.cumulative_incidence(),
        hazard: if by_causes { w.cumulative_hazard_se() } else { w.subdistribution_hazard_se() },
    };
    let mut table = point_table(report, &heads, SurvivalCurve::is_incidence, |point| point.cumulative_incidence)?;
    table.remarks.push(Remark::Text(w.incidence_remark().to_string()));
    if incidence_of(report, true) {
        table.remarks.push(Remark::Text(w.subdistribution_remark().to_string()));
    }
    if by_causes {
        table.remarks.push(Remark::Text(w.by_causes_remark().to_string()));
    }
    Some(table)
}

/// What a table of curves calls its columns.
struct Heads {
    id: &'static str,
    title: &'static str,
    name: &'static str,
    value: &'static str,
    hazard: &'static str,
}

/// The curves of one kind at the chosen times; its column of values is called as in the results.
fn point_table(
    report: &Report,
    heads: &Heads,
    is_shown: impl Fn(&SurvivalCurve) -> bool,
    value: impl Fn(&CurvePoint) -> Option<f64>,
) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("time", super::time_head(report), ColumnKind::Number),
        Column::new("at_risk", w.at_risk(), ColumnKind::Number),
        Column::new("events", w.events(), ColumnKind::Number),
        Column::new(heads.name, &interval_head(heads.value, report), ColumnKind::Interval),
        Column::new("cumulative_hazard", heads.hazard, ColumnKind::WithError),
    ];
    let mut table = DisplayTable::new(heads.id, heads.title, &["model", "curve"], columns);
    for (model, curve) in curves(report).filter(|(_, c)| !c.times.is_empty() && is_shown(c)) {
        table.push_group(&curve_title(report, model, curve));
        for point in &curve.times {
            let shown = |value: Value| Cell::from(if point.hidden { Value::Hidden(marker(report)) } else { value });
            let interval = |v: f64| Value::Interval(v, point.lower, point.upper, PROBABILITY);
            let hazard = |v: f64| Value::WithError(v, point.cumulative_hazard_se, PROBABILITY);
            let cells = vec![
                Cell::number(Some(point.time), decimals_of(point.time)),
                Cell::count(point.at_risk, point.hidden, &marker(report)),
                Cell::count(point.events, point.hidden, &marker(report)),
                shown(value(point).map_or(Value::Empty, interval)),
                shown(point.cumulative_hazard.map_or(Value::Empty, hazard)),
            ];
            table.push(RowKind::Item, &[&model.name, &curve.label], cells);
        }
    }
    table.remarks.push(Remark::Text(w.stratum_counts_remark().to_string()));
    (!table.rows.is_empty()).then_some(table)
}

/// The median of every curve of survival.
pub fn median_table(report: &Report) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("curve_label", w.curve(), ColumnKind::Text),
        Column::new("median", &interval_head(w.median(), report), ColumnKind::Interval),
        Column::new("observed_until", w.observed_until(), ColumnKind::Number),
    ];
    let mut table = DisplayTable::new("median_survival", w.median_title(), &["model", "curve"], columns);
    for (model, curve) in curves(report).filter(|(_, c)| !c.is_incidence()) {
        let median = match curve.median {
            _ if curve.steps_hidden => Cell::from(Value::Hidden(marker(report))),
            Some(m) => {
                let decimals = [Some(m), curve.median_lower, curve.median_upper];
                let decimals = decimals.into_iter().flatten().map(decimals_of).max().unwrap_or(0);
                Cell::from(Value::Interval(m, curve.median_lower, curve.median_upper, decimals))
            }
            None => {
                let mark = table.footnote(w.median_not_reached());
                Cell::from(Value::NotEstimable).marked(mark)
            }
        };
        let until = curve.observed_until.filter(|_| !curve.steps_hidden);
        let cells = vec![
            Cell::text(curve_title(report, model, curve)),
            median,
            Cell::number(until, until.map_or(0, decimals_of)),
        ];
        table.push(RowKind::Plain, &[&model.name, &curve.label], cells);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Standardised risks of one exposure, and the mean times without event: levels down, at every time.
pub fn standardised_tables(report: &Report) -> Vec<DisplayTable> {
    let each = report.models.iter().flat_map(|m| m.standardised.iter().map(move |s| (m, s)));
    each.flat_map(|(model, risks)| [true, false].map(|of_risks| one_table(report, model, risks, of_risks))).collect()
}

fn one_table(report: &Report, model: &ModelResult, risks: &StandardisedRisks, of_risks: bool) -> DisplayTable {
    let w = report.words();
    let (id, title, names, what) = match of_risks {
        true => {
            let names = ["risk", "risk_difference", "risk_ratio"];
            ("standardised", w.standardised_risks_by(risks.exposure_title()), names, w.risk())
        }
        false => {
            let names = ["restricted_mean", "restricted_mean_difference", "restricted_mean_ratio"];
            ("mean_time", w.standardised_time_by(risks.exposure_title()), names, w.mean_time())
        }
    };
    let mut columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("records", w.records(), ColumnKind::Number),
        Column::new("events", w.events(), ColumnKind::Number),
    ];
    let heads = [what, w.difference(), w.ratio()];
    let interval = |(name, head): (&str, &str)| Column::new(name, &interval_head(head, report), ColumnKind::Interval);
    columns.extend(names.into_iter().zip(heads).map(interval));
    let mut table =
        DisplayTable::new(&format!("{id}_{}", risks.exposure), &title, &["model", "time", "level"], columns);
    for rows in risks.rows.chunk_by(|a, b| a.time == b.time) {
        let time = rows[0].time;
        let by = time_text(report, time);
        table.push_group(&if report.counts_days() { w.by_day(by) } else { w.by_time(by) });
        for row in rows {
            let mut cells = cells(report, row, of_risks);
            if row.few_at_risk && !of_risks && !row.hidden {
                let mark = table.footnote(w.few_at_risk());
                cells[OWN_MEASURE] = cells[OWN_MEASURE].clone().marked(mark);
            }
            table.push(RowKind::Item, &[&model.name, &time.to_string(), &row.level], cells);
        }
    }
    table.remarks.push(Remark::Text(basis(report, model, risks, of_risks)));
    table
}

/// The place of the level's own risk or mean time among the cells of its row.
const OWN_MEASURE: usize = 3;

fn cells(report: &Report, row: &StandardisedRow, of_risks: bool) -> Vec<Cell> {
    let marker = marker(report);
    let (measures, decimals) = match of_risks {
        true => ([&row.risk, &row.risk_difference, &row.risk_ratio], PROBABILITY),
        false => ([&row.restricted_mean, &row.restricted_mean_difference, &row.restricted_mean_ratio], TIME),
    };
    let [own, difference, ratio] = measures;
    let shown = |value: Option<Value>| match value {
        _ if row.hidden => Value::Hidden(marker.clone()),
        Some(value) => value,
        // A comparison with a reference that was hidden.
        None if report.disclosure.is_some() && !row.reference => Value::Hidden(marker.clone()),
        None => Value::Empty,
    };
    let interval = |m: &Measure| m.estimate.map(|v| Value::Interval(v, m.lower, m.upper, decimals));
    let values = [
        shown(interval(own)),
        shown(if row.reference {
            Some(Value::Text(report.words().reference().to_string()))
        } else {
            interval(difference)
        }),
        shown(if row.reference {
            Some(Value::Reference)
        } else {
            ratio.estimate.map(|v| Value::Ratio(v, ratio.lower, ratio.upper))
        }),
    ];
    let mut cells = vec![
        Cell::text(row.level_title()),
        Cell::count(row.records, row.hidden, &marker),
        Cell::count(row.events, row.hidden, &marker),
    ];
    cells.extend(values.map(Cell::from));
    cells
}

/// What was averaged over, and from when.
fn basis(report: &Report, model: &ModelResult, risks: &StandardisedRisks, of_risks: bool) -> String {
    let w = report.words();
    let n = risks.n_averaged.map_or(String::new(), |n| format!(" ({})", report.number_style().count(n)));
    let (population, from) = (w.said(&risks.population), time_text(report, risks.from));
    let averaged = match of_risks {
        true => w.averaged_risk(model.title(), population, n, from, percent(report)),
        false => w.averaged_time(model.title(), population, n, from, percent(report)),
    };
    let covariates = match risks.covariates.as_str() {
        "fixed" => w.covariates_fixed(),
        _ => w.covariates_sampled(),
    };
    w.averaged_end(averaged, covariates)
}

fn curves(report: &Report) -> impl Iterator<Item = (&ModelResult, &SurvivalCurve)> {
    report.models.iter().flat_map(|m| m.curves.iter().map(move |c| (m, c)))
}

fn curve_title(report: &Report, model: &ModelResult, curve: &SurvivalCurve) -> String {
    if report.models.len() > 1 { format!("{} ({})", curve.label, model.title()) } else { curve.label.clone() }
}

/// Whole times without decimals, others with two.
fn decimals_of(time: f64) -> usize {
    if time.fract() == 0.0 { 0 } else { 2 }
}

fn time_text(report: &Report, time: f64) -> String {
    report.number_style().decimal(time, decimals_of(time))
}
