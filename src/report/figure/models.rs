//! The forest plot of all models: every level of every variable with its persons, events and hazard ratios.

use super::axis::Kind;
use super::rows::{Forest, Item, Row};
use super::words::{Words, fill};
use super::{Drawn, FigureStyle};
use crate::report::tables::Value;
use crate::report::{Coefficient, Counts, LevelRow, ModelResult, Report};

/// One figure, or several with the same columns when the rows do not fit; none without coefficients that have a hazard
/// ratio of their own.
pub(super) fn figures(report: &Report, style: &FigureStyle) -> Vec<Drawn> {
    let words = style.words();
    let rows = match report.levels.is_empty() {
        true => coefficient_rows(report, words),
        false => level_rows(report, style),
    };
    let has_estimates = rows.iter().any(|row| matches!(row, Row::Item(i) if i.values.iter().any(is_estimate)));
    if !has_estimates {
        return Vec::new();
    }
    let heads: &[&str] = if report.levels.is_empty() { &[] } else { &[words.persons, words.events] };
    let series = match report.models.as_slice() {
        [_] => vec![String::new()],
        models => models.iter().map(|m| m.title().to_string()).collect(),
    };
    let forest = Forest {
        id: "forest".to_string(),
        title: words.forest_title.to_string(),
        caption: caption(report, style),
        heads: heads.iter().map(|h| h.to_string()).collect(),
        series,
        value_head: fill(words.interval, &["HR", &style.numbers.level(report.settings.level)]),
        axis_title: words.hazard_ratio_axis.to_string(),
        kind: Kind::Log,
        null: Some(1.0),
        rows,
    };
    forest.draw(style)
}

fn is_estimate(value: &Value) -> bool {
    matches!(value, Value::Ratio(..) | Value::Diverged(..))
}

/// The rows of the main table, then one per number, then those of product terms.
fn level_rows(report: &Report, style: &FigureStyle) -> Vec<Row> {
    let mut rows = Vec::new();
    for levels in report.levels.chunk_by(|a, b| a.variable == b.variable) {
        rows.push(Row::Group(or(&levels[0].label, &levels[0].variable)));
        for level in levels {
            let values = report.models.iter().map(|m| level_value(report, m, level)).collect();
            let label = or(&level.level_label, &level.level);
            rows.push(Row::Item(Item {
                label,
                indented: true,
                texts: count_texts(report, &level.counts, style),
                values,
            }));
        }
    }
    let shown = |c: &Coefficient| match c.parts.as_slice() {
        [part] => part.level.as_deref().is_some_and(|level| {
            report.levels.iter().any(|l| !l.missing && l.variable == part.variable && l.level == level)
        }),
        _ => false,
    };
    push_further(&mut rows, report, style.words(), 2, &shown);
    rows
}

/// Persons and events, or what stands for them where they are hidden.
pub(super) fn count_texts(report: &Report, counts: &Counts, style: &FigureStyle) -> Vec<String> {
    let hidden = [counts.persons_hidden, counts.events_hidden];
    let texts = [counts.persons, counts.events].into_iter().zip(hidden);
    texts.map(|(count, hidden)| count_text(report, count, hidden, style)).collect()
}

/// A count, the marker where it is hidden, nothing where there is none.
pub(super) fn count_text(report: &Report, count: Option<u64>, hidden: bool, style: &FigureStyle) -> String {
    match count {
        Some(n) => style.numbers.count(n),
        None if hidden => marker(report),
        None => String::new(),
    }
}

/// What stands where a number was hidden.
pub(super) fn marker(report: &Report) -> String {
    report.disclosure.as_ref().map_or(String::new(), |d| d.marker.clone())
}

/// The hazard ratio of a level: its own main effect, the reference, or nothing.
fn level_value(report: &Report, model: &ModelResult, row: &LevelRow) -> Value {
    let of_variable =
        || model.coefficients.iter().filter(|c| matches!(c.parts.as_slice(), [p] if p.variable == row.variable));
    if row.missing {
        return Value::Empty;
    }
    match of_variable().find(|c| c.parts[0].level.as_deref() == Some(&row.level)) {
        Some(own) => value(report, model, own),
        None if of_variable().any(|c| c.parts[0].versus.as_deref() == Some(&row.level)) => Value::Reference,
        None => Value::Empty,
    }
}

/// The hazard ratio of a coefficient, or why there is none.
fn value(report: &Report, model: &ModelResult, c: &Coefficient) -> Value {
    match c.hr {
        _ if c.hidden => Value::Hidden(marker(report)),
        Some(hr) if model.converged && !c.infinite && !c.aliased => Value::Ratio(hr, c.hr_lower, c.hr_upper),
        _ if c.infinite && model.converged => {
            let up = c.estimate.is_none_or(|e| e > 0.0);
            Value::Diverged(up, if up { c.hr_lower } else { c.hr_upper })
        }
        _ => Value::NotEstimable,
    }
}

/// Rows of a fit of a data file: every factor with its reference, then numbers and product terms.
fn coefficient_rows(report: &Report, words: &Words) -> Vec<Row> {
    let mut rows = Vec::new();
    let all = || report.models.iter().flat_map(|m| &m.coefficients);
    let mut variables: Vec<&str> = Vec::new();
    for c in all() {
        if let [part] = c.parts.as_slice()
            && part.level.is_some()
            && !variables.contains(&part.variable.as_str())
        {
            variables.push(&part.variable);
        }
    }
    for variable in variables {
        let mut levels: Vec<LevelRow> = Vec::new();
        for part in all().filter(|c| c.parts.len() == 1).map(|c| &c.parts[0]).filter(|p| p.variable == variable) {
            for level in part.versus.iter().chain(&part.level) {
                if !levels.iter().any(|l| l.level == *level) {
                    levels.push(LevelRow { variable: variable.into(), level: level.clone(), ..LevelRow::default() });
                }
            }
        }
        rows.push(Row::Group(variable.to_string()));
        for level in levels {
            let values = report.models.iter().map(|m| level_value(report, m, &level)).collect();
            rows.push(Row::Item(Item { label: level.level, indented: true, texts: Vec::new(), values }));
        }
    }
    push_further(&mut rows, report, words, 0, &|c| c.parts.len() == 1 && c.parts[0].level.is_some());
    rows
}

/// Rows of the coefficients that have none yet: numbers, and product terms; not those of curves.
fn push_further(
    rows: &mut Vec<Row>,
    report: &Report,
    words: &Words,
    n_texts: usize,
    is_shown: &dyn Fn(&Coefficient) -> bool,
) {
    for (head, of_products) in [(words.per_unit, false), (words.products, true)] {
        let mut seen: Vec<&Coefficient> = Vec::new();
        for c in report.models.iter().flat_map(|m| &m.coefficients) {
            let wanted = (c.parts.len() > 1) == of_products && !is_curve(c) && !is_shown(c);
            if wanted && !seen.iter().any(|s| s.name == c.name) {
                seen.push(c);
            }
        }
        if seen.is_empty() {
            continue;
        }
        rows.push(Row::Group(head.to_string()));
        for named in seen {
            let own =
                |m: &ModelResult| m.coefficients.iter().find(|c| c.name == named.name).map(|c| value(report, m, c));
            let values = report.models.iter().map(|m| own(m).unwrap_or(Value::Empty)).collect();
            let texts = vec![String::new(); n_texts];
            rows.push(Row::Item(Item { label: named.title().to_string(), indented: true, texts, values }));
        }
    }
}

/// Whether a coefficient is one of a family of functions of a number.
fn is_curve(c: &Coefficient) -> bool {
    c.parts.iter().any(|p| p.basis.is_some())
}

fn caption(report: &Report, style: &FigureStyle) -> Vec<String> {
    let words = style.words();
    let mut sentences = vec![fill(words.forest_caption, &[&style.numbers.level(report.settings.level)])];
    for model in &report.models {
        let curves = model.coefficients.iter().filter(|c| is_curve(c)).count();
        if curves > 0 {
            sentences.push(fill(words.not_drawn, &[model.title(), &curves.to_string()]));
        }
        sentences.extend(
            interacting(model)
                .into_iter()
                .map(|(variable, others)| fill(words.at_reference, &[model.title(), &variable, &others])),
        );
    }
    sentences
}

/// The variables of a model's product terms, each with those that it stands in products with.
fn interacting(model: &ModelResult) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, Vec<String>)> = Vec::new();
    for c in model.coefficients.iter().filter(|c| c.parts.len() > 1) {
        for part in &c.parts {
            let others = c.parts.iter().map(|p| p.variable.clone()).filter(|v| *v != part.variable);
            let place = pairs.iter().position(|(v, _)| *v == part.variable).unwrap_or_else(|| {
                pairs.push((part.variable.clone(), Vec::new()));
                pairs.len() - 1
            });
            let known = &mut pairs[place].1;
            let new: Vec<String> = others.filter(|v| !known.contains(v)).collect();
            known.extend(new);
        }
    }
    pairs.into_iter().map(|(variable, others)| (variable, others.join(", "))).collect()
}

/// The label, or the name where there is none.
fn or(label: &str, name: &str) -> String {
    if label.is_empty() { name.to_string() } else { label.to_string() }
}
