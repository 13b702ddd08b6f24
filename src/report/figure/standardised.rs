//! Standardised risks of every level, in rows by time. Risks at many times are curves (`curve`).

use super::axis::Kind;
use super::models::{count_text, marker};
use super::rows::{Forest, Item, Row};
use super::words::fill;
use super::{Drawn, FigureStyle, time};
use crate::report::tables::Value;
use crate::report::{ModelResult, Report, StandardisedRisks, StandardisedRow};

/// Risks at more times than this are drawn as curves.
const MOST_TIMES: usize = 3;

/// Decimals of a risk.
const DECIMALS: usize = 3;

/// One figure for every exposure with standardised risks.
pub(super) fn figures(report: &Report, style: &FigureStyle) -> Vec<Drawn> {
    let each = report.models.iter().flat_map(|m| m.standardised.iter().map(move |s| (m, s)));
    each.flat_map(|(model, risks)| figure(report, model, risks, style)).collect()
}

fn figure(report: &Report, model: &ModelResult, risks: &StandardisedRisks, style: &FigureStyle) -> Vec<Drawn> {
    let words = style.words();
    let level = style.numbers.level(report.settings.level);
    if are_curves(risks) || risks.rows.iter().all(|r| r.risk.estimate.is_none()) {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for of_time in risks.rows.chunk_by(|a, b| a.time == b.time) {
        rows.push(Row::Group(fill(words.by_time, &[&time::moment(report, of_time[0].time, style)])));
        rows.extend(of_time.iter().map(|row| Row::Item(item(report, row, style))));
    }
    let forest = Forest {
        id: format!("standardised_{}", risks.exposure),
        title: fill(words.standardised_title, &[risks.exposure_title()]),
        caption: vec![fill(words.standardised_caption, &[&level, model.title()])],
        heads: vec![words.records.to_string(), words.events.to_string()],
        series: vec![String::new()],
        value_head: fill(words.interval, &[words.risk, &level]),
        axis_title: words.risk_axis.to_string(),
        kind: Kind::Linear,
        null: None,
        rows,
    };
    forest.draw(style)
}

/// Whether there are enough times for a curve.
pub(super) fn are_curves(risks: &StandardisedRisks) -> bool {
    risks.rows.chunk_by(|a, b| a.time == b.time).count() > MOST_TIMES
}

fn item(report: &Report, row: &StandardisedRow, style: &FigureStyle) -> Item {
    let texts = [row.records, row.events].map(|n| count_text(report, n, row.hidden, style)).to_vec();
    let value = match row.risk.estimate {
        _ if row.hidden => Value::Hidden(marker(report)),
        Some(risk) => Value::Interval(risk, row.risk.lower, row.risk.upper, DECIMALS),
        None => Value::Empty,
    };
    Item { label: row.level_title().to_string(), indented: true, texts, values: vec![value] }
}
