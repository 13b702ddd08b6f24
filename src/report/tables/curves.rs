//! Survival and cumulative incidence at chosen times, medians, and standardised risks.

use super::coefficients::{interval_head, percent};
use super::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value, marker};
use crate::report::number::NumberStyle;
use crate::report::{CurvePoint, Measure, ModelResult, Report, StandardisedRisks, StandardisedRow, SurvivalCurve};

/// Decimals of probabilities, and of differences of them.
const PROBABILITY: usize = 4;
/// Decimals of mean times, in the unit of the data.
const TIME: usize = 1;

/// Predicted survival at the chosen times, curve after curve; `None` without such curves.
pub fn survival_table(report: &Report) -> Option<DisplayTable> {
    let heads = Heads {
        id: "survival",
        title: "Predicted survival at chosen times",
        value: "Survival",
        hazard: "Cumulative hazard (SE)",
    };
    let mut table = point_table(report, &heads, |c| !c.is_incidence(), |point| point.survival)?;
    let censored = |m: &ModelResult| m.competing.is_some() && !m.curves.is_empty() && !m.curves[0].is_incidence();
    if report.models.iter().any(censored) {
        let remark = "With competing events censored, one minus survival is not the probability of the event; the cumulative \
                      incidence is.";
        table.remarks.push(Remark::Text(remark.to_string()));
    }
    Some(table)
}

/// Predicted cumulative incidence at the chosen times, of Fine-Gray models and of cause-specific ones; `None` without such
/// curves.
pub fn predicted_incidence_table(report: &Report) -> Option<DisplayTable> {
    let heads = Heads {
        id: "predicted_incidence",
        title: "Predicted cumulative incidence at chosen times",
        value: "Cumulative incidence",
        hazard: "Cumulative hazard (SE)",
    };
    let mut table = point_table(report, &heads, SurvivalCurve::is_incidence, |point| point.cumulative_incidence)?;
    let remark = "The cumulative incidence is the probability of the event by the time, with competing events as they are. \
                  Those with a competing event are no longer counted at risk.";
    table.remarks.push(Remark::Text(remark.to_string()));
    let of = |fine_gray: bool| {
        curves(report)
            .any(|(m, c)| c.is_incidence() && m.competing.as_ref().is_some_and(|r| r.is_fine_gray() == fine_gray))
    };
    if of(true) {
        let remark = "The hazard of a Fine-Gray model is that of the subdistribution; limits take the censoring weights for known.";
        table.remarks.push(Remark::Text(remark.to_string()));
    }
    if of(false) {
        let remark = "The incidence of a cause-specific model comes from it and a model of the competing events with the same \
                      formula; the hazard is that of the event.";
        table.remarks.push(Remark::Text(remark.to_string()));
    }
    Some(table)
}

/// What a table of curves calls its columns.
struct Heads {
    id: &'static str,
    title: &'static str,
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
    let name = heads.value.to_lowercase().replace(' ', "_");
    let columns = vec![
        Column::new("time", "Time", ColumnKind::Number),
        Column::new("at_risk", "At risk", ColumnKind::Number),
        Column::new("events", "Events", ColumnKind::Number),
        Column::new(&name, &interval_head(heads.value, report), ColumnKind::Interval),
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
    let remark = "At risk and events count the records of the curve's stratum, whatever their covariates.";
    table.remarks.push(Remark::Text(remark.to_string()));
    (!table.rows.is_empty()).then_some(table)
}

/// The median of every curve of survival.
pub fn median_table(report: &Report) -> Option<DisplayTable> {
    let columns = vec![
        Column::new("curve_label", "Curve", ColumnKind::Text),
        Column::new("median", &interval_head("Median", report), ColumnKind::Interval),
        Column::new("observed_until", "Observed until", ColumnKind::Number),
    ];
    let mut table =
        DisplayTable::new("median_survival", "Median of predicted survival curves", &["model", "curve"], columns);
    for (model, curve) in curves(report).filter(|(_, c)| !c.is_incidence()) {
        let median = match curve.median {
            _ if curve.steps_hidden => Cell::from(Value::Hidden(marker(report))),
            Some(m) => {
                let decimals = [Some(m), curve.median_lower, curve.median_upper];
                let decimals = decimals.into_iter().flatten().map(decimals_of).max().unwrap_or(0);
                Cell::from(Value::Interval(m, curve.median_lower, curve.median_upper, decimals))
            }
            None => {
                let mark = table.footnote("not reached: survival stays above one half");
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
    let (id, title, names, what) = match of_risks {
        true => ("standardised", "Standardised risks", ["risk", "risk_difference", "risk_ratio"], "Risk"),
        false => {
            let names = ["restricted_mean", "restricted_mean_difference", "restricted_mean_ratio"];
            ("mean_time", "Standardised mean time without event", names, "Mean time")
        }
    };
    let mut columns = vec![
        Column::new("label", "", ColumnKind::Text),
        Column::new("records", "Records", ColumnKind::Number),
        Column::new("events", "Events", ColumnKind::Number),
    ];
    let heads = [what, "Difference", "Ratio"];
    let interval = |(name, head): (&str, &str)| Column::new(name, &interval_head(head, report), ColumnKind::Interval);
    columns.extend(names.into_iter().zip(heads).map(interval));
    let title = format!("{title} by {}", risks.exposure_title());
    let mut table =
        DisplayTable::new(&format!("{id}_{}", risks.exposure), &title, &["model", "time", "level"], columns);
    for rows in risks.rows.chunk_by(|a, b| a.time == b.time) {
        let time = rows[0].time;
        table.push_group(&format!("By time {}", time_text(time)));
        for row in rows {
            table.push(RowKind::Item, &[&model.name, &time.to_string(), &row.level], cells(report, row, of_risks));
        }
    }
    table.remarks.push(Remark::Text(basis(report, model, risks, of_risks)));
    table
}

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
        shown(if row.reference { Some(Value::Text("reference".to_string())) } else { interval(difference) }),
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
    let n = risks.n_averaged.map_or(String::new(), |n| format!(" ({})", NumberStyle::ENGLISH.count(n)));
    let what = if of_risks { "risk" } else { "time without event" };
    let covariates = match risks.covariates.as_str() {
        "fixed" => "intervals are about these records",
        _ => "intervals count the covariates as a sample",
    };
    format!(
        "Mean {what} predicted by the model \"{}\" over all {}{n}, everyone at the level of the row, from time {} on. {} \
         intervals by the delta method; {covariates}. Ends of follow-up other than the event, competing ones too, count as \
         censoring. Records and events are those observed at the level.",
        model.title(),
        risks.population,
        time_text(risks.from),
        percent(report.settings.level),
    )
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

fn time_text(time: f64) -> String {
    NumberStyle::ENGLISH.decimal(time, decimals_of(time))
}
