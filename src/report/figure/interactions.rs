//! Forest plots of interaction analyses: the exposure within every level of the modifier, and against one joint reference.

use super::axis::Kind;
use super::models::{count_text, marker};
use super::rows::{Forest, Item, Row};
use super::words::{Words, fill};
use super::{Drawn, FigureStyle};
use crate::report::render;
use crate::report::tables::Value;
use crate::report::{Interaction, InteractionCell, ModelResult, Report};

/// One figure for every interaction analysis.
pub(super) fn figures(report: &Report, style: &FigureStyle) -> Vec<Drawn> {
    let each = report.models.iter().flat_map(|m| m.interactions.iter().map(move |i| (m, i)));
    each.flat_map(|(model, interaction)| figure(report, model, interaction, style)).collect()
}

fn figure(report: &Report, model: &ModelResult, interaction: &Interaction, style: &FigureStyle) -> Vec<Drawn> {
    let words = style.words();
    let level = style.numbers.level(report.settings.level);
    let (exposure, modifier) = (interaction.exposure_title(), interaction.modifier_title());
    let mut series = vec![fill(words.within, &[modifier])];
    series.extend((!interaction.joint.is_empty()).then(|| words.joint.to_string()));
    let forest = Forest {
        id: format!("forest_{}_{}", interaction.exposure, interaction.modifier),
        title: fill(words.interaction_title, &[exposure, modifier]),
        caption: caption(model, interaction, &level, words, style),
        heads: vec![words.persons.to_string(), words.events.to_string()],
        series,
        value_head: fill(words.interval, &["HR", &level]),
        axis_title: words.hazard_ratio_axis.to_string(),
        kind: Kind::Log,
        null: Some(1.0),
        rows: rows(report, interaction, style),
    };
    let has_estimates = interaction.within.iter().any(|c| c.hr.is_some() && !c.reference && !c.hidden);
    if has_estimates && interaction.converged { forest.draw(style) } else { Vec::new() }
}

/// Levels of the exposure under every level of the modifier.
fn rows(report: &Report, interaction: &Interaction, style: &FigureStyle) -> Vec<Row> {
    let mut modifiers: Vec<&str> = Vec::new();
    for cell in &interaction.within {
        if !modifiers.contains(&cell.modifier_level.as_str()) {
            modifiers.push(&cell.modifier_level);
        }
    }
    let mut rows = Vec::new();
    for level in modifiers {
        let cells: Vec<&InteractionCell> = interaction.within.iter().filter(|c| c.modifier_level == level).collect();
        rows.push(Row::Group(format!("{}: {}", interaction.modifier_title(), cells[0].modifier_title())));
        for cell in cells {
            let same = |c: &&InteractionCell| c.exposure_level == cell.exposure_level && c.modifier_level == level;
            let mut values = vec![value(report, cell)];
            if !interaction.joint.is_empty() {
                values.push(interaction.joint.iter().find(same).map_or(Value::Empty, |c| value(report, c)));
            }
            let counts = [(cell.persons, cell.persons_hidden), (cell.events, cell.events_hidden)];
            let texts = counts.map(|(n, hidden)| count_text(report, n, hidden, style)).to_vec();
            rows.push(Row::Item(Item { label: cell.exposure_title().to_string(), indented: true, texts, values }));
        }
    }
    rows
}

fn value(report: &Report, cell: &InteractionCell) -> Value {
    match cell.hr {
        _ if cell.hidden => Value::Hidden(marker(report)),
        _ if cell.reference => Value::Reference,
        Some(hr) => Value::Ratio(hr, cell.lower, cell.upper),
        None => Value::NotEstimable,
    }
}

fn caption(
    model: &ModelResult,
    interaction: &Interaction,
    level: &str,
    words: &Words,
    style: &FigureStyle,
) -> Vec<String> {
    let names = [interaction.exposure_title(), level, interaction.modifier_title(), model.title()];
    let mut sentences = vec![fill(words.interaction_caption, &names)];
    let tests = [(words.wald, interaction.wald), (words.lr, interaction.lr)];
    for (sentence, test) in tests.into_iter().filter_map(|(s, t)| Some((s, t?))) {
        sentences.push(fill(sentence, &[&render::display(&Value::Test(test), &style.numbers)]));
    }
    let mut reasons: Vec<&str> = Vec::new();
    for cell in interaction.within.iter().chain(&interaction.joint) {
        if let Some(reason) = cell.reason.as_deref().filter(|r| !reasons.contains(r)) {
            reasons.push(reason);
            let name = format!("{}, {}", cell.exposure_title(), cell.modifier_title());
            sentences.push(fill(words.no_estimate, &[&name, &style.numbers.language.said(reason)]));
        }
    }
    sentences
}
