//! The report in brief, for whoever finds the rest in the results folder: counts, the main table, and a line per test.
//!
//! [`summary`] is what a log gets. A screen may be smaller: then the renderer takes [`lead`], [`main_table`] and [`facts`],
//! as far as they find room.

use super::{
    Block, DisplayTable, Document, Variables, brief_level_table, coefficient_table, description_tables,
    disclosure_line, document, interaction_tests_table, interactions, model_blocks, narrow_level_table, on_screen,
    size_line,
};
use crate::report::{Interaction, ModelResult, Report};

/// An interaction analysis and the model that it stands on.
type Analysis<'a> = (&'a ModelResult, &'a Interaction);

/// Counts, the main table, and one line per interaction analysis.
pub fn summary(report: &Report, variables: Variables) -> Document {
    let title = document(report).title;
    let mut blocks: Vec<Block> = disclosure_line(report).into_iter().collect();
    blocks.extend(total_line(report).map(Block::Paragraph));
    match brief_level_table(report, variables) {
        Some(table) => blocks.push(Block::Table(table)),
        // A fit of a data file counts no levels: its coefficients are the result.
        None => blocks.extend(model_blocks(report).into_iter().map(|block| on_screen(report, block))),
    }
    blocks.extend(interaction_tests_table(report).map(Block::Table));
    if report.models.is_empty() {
        blocks.extend(description_tables(report).into_iter().map(Block::Table));
    }
    Document { title, blocks }
}

/// `1,400 persons, 212 events, 2,500 person-years of follow-up.`
fn total_line(report: &Report) -> Option<String> {
    let style = report.number_style();
    let total = report.total.as_ref()?;
    let (persons, events) = (style.count(total.persons?), style.count(total.events?));
    let years = style.person_years(total.person_years?);
    Some(report.words().total_line(persons, events, years))
}

/// What stands before the main table: what disclosure control did, and the counts of the study; of a fit of a data file
/// its formula and size.
pub(in crate::report) fn lead(report: &Report) -> Vec<String> {
    let mut lead: Vec<String> = disclosure_line(report).into_iter().filter_map(words).collect();
    lead.extend(total_line(report));
    if narrow_level_table(report).is_none() {
        lead.extend(report.models.first().map(|model| model.formula.clone()));
        lead.extend(report.models.first().and_then(|model| size_line(report, model)).and_then(words));
    }
    lead
}

fn words(block: Block) -> Option<String> {
    match block {
        Block::Paragraph(text) => Some(text),
        _ => None,
    }
}

/// The one table that says most: levels with their hazard ratios, else coefficients, else the first description.
pub(in crate::report) fn main_table(report: &Report) -> Option<DisplayTable> {
    let coefficients = || report.models.first().map(|model| coefficient_table(report, model));
    let description = || description_tables(report).into_iter().next();
    narrow_level_table(report).or_else(coefficients).or_else(description)
}

/// What the tables of tests say, a sentence each: the interactions of every exposure, proportional hazards of every model.
pub(in crate::report) fn facts(report: &Report) -> Vec<String> {
    let analyses: Vec<_> = interactions(report).filter(|(_, i)| i.converged).collect();
    let same = |a: &Analysis, b: &Analysis| (&a.0.name, &a.1.exposure) == (&b.0.name, &b.1.exposure);
    let mut facts: Vec<String> = analyses.chunk_by(same).filter_map(|of| interaction_fact(report, of)).collect();
    facts.extend(proportionality_fact(report));
    facts
}

fn interaction_fact(report: &Report, analyses: &[Analysis]) -> Option<String> {
    let (w, style) = (report.words(), report.number_style());
    let with_p = |(_, i): &Analysis| {
        let p = i.lr.or(i.wald).and_then(|test| test.p).or(i.pooled_test.as_ref().and_then(|test| test.p))?;
        Some(unbroken(&format!("{} {}", i.modifier_title(), style.p_equals(p))))
    };
    let listed: Vec<String> = analyses.iter().filter_map(with_p).collect();
    let (model, first) = analyses.first()?;
    let list = listed.join(style.list_mark());
    (!listed.is_empty()).then(|| w.interactions_in_brief(first.exposure_title(), model.title(), list))
}

fn proportionality_fact(report: &Report) -> Option<String> {
    let style = report.number_style();
    let with_p = |m: &ModelResult| {
        let p = m.proportional_hazards.as_ref()?.global.and_then(|test| test.p)?;
        Some(unbroken(&format!("{} {}", m.title(), style.p_equals(p))))
    };
    let listed: Vec<String> = report.models.iter().filter(|m| m.converged).filter_map(with_p).collect();
    (!listed.is_empty()).then(|| report.words().proportionality_in_brief(listed.join(style.list_mark())))
}

/// A name and its P value, which stay in one line.
fn unbroken(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}
