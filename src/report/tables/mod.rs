//! A report laid out as tables: values in cells, with their place, kind and footnotes, but not yet as text.
//!
//! One table model serves every output: renderers decide how a value is written, tables decide what is shown. Builders
//! only select and arrange. [`document`] is what people read; [`data_tables`] are the same numbers as tidy tables, one
//! row per observation, for programs.

mod additive;
mod adjusted;
mod bootstrap;
mod checklist;
mod codes;
mod coefficients;
mod content;
mod contrast;
mod covariates;
mod curves;
mod description;
mod diagnostics;
mod flow;
mod interaction;
mod levels;
mod levels_of_models;
mod model;
mod pooling;
mod summary;
mod table_one;
mod time_varying;
mod values;

use super::{CompetingRisks, Interaction, ModelResult, Report, Settings, methods};
use crate::house_style::{Language, Style};
use std::collections::BTreeMap;

pub use additive::additive_table;
pub use adjusted::adjusted_table;
pub use bootstrap::bootstrap_table;
pub use checklist::{checklist_document, checklist_table, sampl_table};
pub use codes::{code_data, codelist_table, rows_in_time_table};
pub(super) use coefficients::percent;
pub use coefficients::{coefficient_data, coefficient_table};
pub use content::{Block, Cell, Column, ColumnKind, DisplayTable, Document, Remark, Row, RowKind, Value};
pub use contrast::contrast_table;
pub use covariates::{check_table, covariate_data, covariate_table};
pub use curves::{median_table, predicted_incidence_table, standardised_tables, survival_table};
pub use description::{curve_tables, description_data, description_tables};
pub use diagnostics::{functional_form_table, proportional_hazards_table, time_smooth_table};
pub use flow::{attrition_table, exit_table, input_table, key_table, link_table, note_table};
pub use interaction::{interaction_data, interaction_table, interaction_tests_data, interaction_tests_table};
pub use levels::{
    Variables, brief_level_table, keep_variables, level_data, level_table, narrow_level_table, variable_heads,
};
pub use model::{comparison_data, comparison_table, model_data, model_table, term_data, term_table};
pub use pooling::{imputation_table, pooled_test_table, pooling_table};
pub use summary::summary;
pub(super) use summary::{facts, lead, main_table};
pub(super) use table_one::table_one_title;
pub use table_one::{table_one_data, table_one_table};
pub use time_varying::{time_varying_data, time_varying_tables};
pub use values::{value_data, value_table};

/// The report as people read it: a study in full, a fit of a data file in the manner of a console.
pub fn document(report: &Report) -> Document {
    match &report.study {
        Some(study) => {
            let title = if study.title.is_empty() { study.name.clone() } else { study.title.clone() };
            Document { title, blocks: study_blocks(report) }
        }
        None => Document { title: data_file_title(report).to_string(), blocks: data_file_blocks(report) },
    }
}

/// Where totals are sums of rounded cells, of which.
fn totals_remark(report: &Report) -> Option<Remark> {
    let variable = report.disclosure.as_ref()?.totals_of.as_ref()?;
    Some(Remark::Text(report.words().totals_from_cells(variable)))
}

/// What a fit of a data file is.
fn data_file_title(report: &Report) -> &'static str {
    let w = report.words();
    let fine_gray = |m: &ModelResult| m.competing.as_ref().is_some_and(CompetingRisks::is_fine_gray);
    match report.models.iter().all(fine_gray) && !report.models.is_empty() {
        true => w.title_fine_gray(),
        false if report.models.is_empty() && !report.descriptions.is_empty() => w.title_description(),
        false => w.title_cox(),
    }
}

/// Most rows of a table that a terminal shows.
const LONGEST_ON_SCREEN: usize = 120;

/// The whole report for a terminal: a table that runs over several screens is named, not printed.
pub fn screen(report: &Report) -> Document {
    let Document { title, blocks } = document(report);
    Document { title, blocks: blocks.into_iter().map(|block| on_screen(report, block)).collect() }
}

/// A block, or of a long table where it stands.
fn on_screen(report: &Report, block: Block) -> Block {
    match block {
        Block::Table(table) if table.rows.len() > LONGEST_ON_SCREEN => {
            Block::Paragraph(report.words().table_left_out(&table.title, table.rows.len()))
        }
        block => block,
    }
}

/// The report as tidy tables for programs, every one with its own `id`. They are the same in every language and style.
pub fn data_tables(report: &Report) -> Vec<DisplayTable> {
    match (report.settings.language, report.settings.style) {
        (Language::English, Style::Plain) => plain_data_tables(report),
        _ => {
            let settings = Settings { language: Language::English, style: Style::Plain, ..report.settings.clone() };
            plain_data_tables(&Report { settings, ..report.clone() })
        }
    }
}

fn plain_data_tables(report: &Report) -> Vec<DisplayTable> {
    let mut tables: Vec<DisplayTable> = [
        table_one_data(report),
        level_data(report),
        coefficient_data(report),
        model_data(report),
        comparison_data(report),
        term_data(report),
        time_varying_data(report),
        contrast_table(report),
        survival_table(report),
        predicted_incidence_table(report),
        median_table(report),
        pooled_test_table(report),
        pooling_table(report),
        imputation_table(report),
        value_data(report),
        proportional_hazards_table(report),
        time_smooth_table(report),
        functional_form_table(report),
        interaction_tests_data(report),
        attrition_table(report),
        exit_table(report),
        covariate_data(report),
        check_table(report),
        input_table(report),
        link_table(report),
        key_table(report),
        rows_in_time_table(report),
        code_data(report),
        note_table(report),
    ]
    .into_iter()
    .flatten()
    .collect();
    tables.extend(description_data(report));
    tables.extend(curve_tables(report));
    tables.extend(interactions(report).map(|(_, interaction)| interaction_data(report, interaction)));
    tables.extend(interactions(report).filter_map(|(_, interaction)| additive_table(report, interaction)));
    tables.extend(standardised_tables(report));
    tables.extend([adjusted_table(report), bootstrap_table(report)].into_iter().flatten());
    unique_ids(&mut tables);
    tables
}

fn study_blocks(report: &Report) -> Vec<Block> {
    let w = report.words();
    let mut blocks = Vec::new();
    if let Some(study) = &report.study {
        if !study.note.is_empty() {
            blocks.push(Block::Paragraph(study.note.clone()));
        }
        blocks.extend(sourced(w.known_from_abstract(), &study.known));
        blocks.extend(sourced(w.chosen_by_user(), &study.chosen));
    }
    blocks.extend(disclosure_line(report));
    push_section(
        &mut blocks,
        w.study_population(),
        [attrition_table(report), exit_table(report), table_one_table(report)],
    );
    push_section(
        &mut blocks,
        w.section_hazard_ratios(),
        [level_table(report), value_table(report), term_table(report), contrast_table(report)]
            .into_iter()
            .chain(time_varying_tables(report).into_iter().map(Some)),
    );
    push_section(&mut blocks, w.section_groups(), description_tables(report).into_iter().map(Some));
    let both = |(model, i)| [Some(interaction_table(report, model, i)), additive_table(report, i)];
    let each = interactions(report).flat_map(both);
    push_section(&mut blocks, w.section_interactions(), std::iter::once(interaction_tests_table(report)).chain(each));
    push_section(&mut blocks, w.section_predictions(), prediction_tables(report));
    push_section(&mut blocks, w.section_several_tests(), [adjusted_table(report), bootstrap_table(report)]);
    push_section(&mut blocks, w.section_models(), [model_table(report), comparison_table(report)]);
    let diagnostics = [proportional_hazards_table(report), time_smooth_table(report), functional_form_table(report)];
    push_section(&mut blocks, w.section_diagnostics(), diagnostics);
    push_methods(&mut blocks, report);
    let data = [
        covariate_table(report),
        check_table(report),
        input_table(report),
        link_table(report),
        key_table(report),
        rows_in_time_table(report),
        codelist_table(report),
        note_table(report),
    ];
    push_section(&mut blocks, w.data(), data);
    blocks
}

/// Formula, size and coefficients of every model.
fn model_blocks(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    for model in &report.models {
        blocks.push(Block::Paragraph(model.formula.clone()));
        blocks.extend(size_line(report, model));
        blocks.push(Block::Table(coefficient_table(report, model)));
    }
    blocks
}

fn data_file_blocks(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    blocks.extend(disclosure_line(report));
    blocks.extend(report.descriptions.iter().map(|d| Block::Paragraph(d.formula.clone())));
    blocks.extend(table_one_table(report).map(Block::Table));
    blocks.extend(description_tables(report).into_iter().map(Block::Table));
    blocks.extend(model_blocks(report));
    blocks.extend(value_table(report).map(Block::Table));
    blocks.extend(time_varying_tables(report).into_iter().map(Block::Table));
    blocks.extend(level_table(report).filter(|_| !report.levels.is_empty()).map(Block::Table));
    let tables = [model_table(report), term_table(report), contrast_table(report)];
    blocks.extend(tables.into_iter().flatten().map(Block::Table));
    let tables = [proportional_hazards_table(report), time_smooth_table(report), functional_form_table(report)];
    blocks.extend(tables.into_iter().flatten().map(Block::Table));
    let tables = [pooled_test_table(report), pooling_table(report), imputation_table(report)];
    blocks.extend(tables.into_iter().flatten().map(Block::Table));
    for (model, interaction) in interactions(report) {
        blocks.push(Block::Table(interaction_table(report, model, interaction)));
        blocks.extend(additive_table(report, interaction).map(Block::Table));
    }
    blocks.extend(prediction_tables(report).into_iter().flatten().map(Block::Table));
    blocks.extend([adjusted_table(report), bootstrap_table(report)].into_iter().flatten().map(Block::Table));
    blocks.extend(note_table(report).map(Block::Table));
    push_methods(&mut blocks, report);
    blocks
}

fn prediction_tables(report: &Report) -> Vec<Option<DisplayTable>> {
    let standardised = standardised_tables(report).into_iter().map(Some);
    let curves = [survival_table(report), predicted_incidence_table(report), median_table(report)];
    curves.into_iter().chain(standardised).collect()
}

fn push_section(blocks: &mut Vec<Block>, heading: &str, tables: impl IntoIterator<Item = Option<DisplayTable>>) {
    let mut tables = tables.into_iter().flatten().peekable();
    if tables.peek().is_some() {
        blocks.push(Block::Heading(heading.to_string()));
        blocks.extend(tables.map(Block::Table));
    }
}

fn push_methods(blocks: &mut Vec<Block>, report: &Report) {
    if !report.models.is_empty() {
        blocks.push(Block::Heading(report.words().section_methods().to_string()));
        blocks.push(Block::Paragraph(methods::paragraph(report)));
    }
}

/// What the study owes to a publication and what to the user, so that a reader cannot mistake one for the other.
fn sourced(lead: &str, lines: &[String]) -> Option<Block> {
    (!lines.is_empty()).then(|| Block::Paragraph(format!("{lead}{}.", lines.join("; "))))
}

/// `1,388 records, 206 events; 12 records left out because a value is missing.`
fn size_line(report: &Report, model: &ModelResult) -> Option<Block> {
    let (w, style) = (report.words(), report.number_style());
    let size = w.size_line(style.count(model.n_records?), style.count(model.n_events?));
    let left_out = match model.n_missing_dropped.unwrap_or(0) {
        0 => String::new(),
        1 => format!("; {}", w.one_record_left_out()),
        n => format!("; {}", w.records_left_out(style.count(n))),
    };
    Some(Block::Paragraph(format!("{size}{left_out}.")))
}

fn disclosure_line(report: &Report) -> Option<Block> {
    report.disclosure.as_ref().map(|d| Block::Paragraph(d.sentence(report.words())))
}

/// Every interaction analysis with its model, in order.
fn interactions(report: &Report) -> impl Iterator<Item = (&ModelResult, &Interaction)> {
    report.models.iter().flat_map(|model| model.interactions.iter().map(move |i| (model, i)))
}

/// Two tables never share a file name: the second `x` becomes `x_2`.
fn unique_ids(tables: &mut [DisplayTable]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for table in tables {
        let n = seen.entry(table.id.clone()).or_insert(0);
        *n += 1;
        if *n > 1 {
            table.id = format!("{}_{n}", table.id);
        }
    }
}

/// What stands where a number was hidden.
/// The head of a column of times: a study that counts from the index date has days.
fn time_head(report: &Report) -> &'static str {
    match report.counts_days() {
        true => report.words().time_in_days(),
        false => report.words().time(),
    }
}

fn marker(report: &Report) -> String {
    report.disclosure.as_ref().map_or_else(|| report.words().hidden().to_string(), |d| d.marker.clone())
}
