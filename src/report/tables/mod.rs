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
mod contrast;
mod covariates;
mod curves;
mod description;
mod diagnostics;
mod flow;
mod interaction;
mod levels;
mod model;
mod pooling;
mod table_one;
mod time_varying;
mod values;

use super::{CompetingRisks, Interaction, ModelResult, PooledTest, Report, Settings, TestResult, methods};
use crate::house_style::{Language, Style};
use std::collections::BTreeMap;

pub use additive::additive_table;
pub use adjusted::adjusted_table;
pub use bootstrap::bootstrap_table;
pub use checklist::{checklist_document, checklist_table};
pub use codes::{code_data, codelist_table, rows_in_time_table};
pub(super) use coefficients::percent;
pub use coefficients::{coefficient_data, coefficient_table};
pub use contrast::contrast_table;
pub use covariates::{check_table, covariate_table};
pub use curves::{median_table, predicted_incidence_table, standardised_tables, survival_table};
pub use description::{curve_tables, description_tables};
pub use diagnostics::{functional_form_table, proportional_hazards_table, time_smooth_table};
pub use flow::{attrition_table, exit_table, input_table, link_table, note_table};
pub use interaction::{interaction_data, interaction_table, interaction_tests_table};
pub use levels::{brief_level_table, level_data, level_table};
pub use model::{comparison_data, comparison_table, model_data, model_table, term_data, term_table};
pub use pooling::{imputation_table, pooled_test_table, pooling_table};
pub(super) use table_one::table_one_title;
pub use table_one::{table_one_data, table_one_table};
pub use time_varying::{time_varying_data, time_varying_tables};
pub use values::{value_data, value_table};

/// A table: columns with heads, rows of as many cells, footnotes and remarks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DisplayTable {
    /// Name for files and links: `levels`, `interaction_group_sex`.
    pub id: String,
    /// What stands over the table, without a number.
    pub title: String,
    /// Names of the row keys, in data files the first columns.
    pub keys: Vec<&'static str>,
    /// The columns; the first one labels the rows.
    pub columns: Vec<Column>,
    /// The rows, in order.
    pub rows: Vec<Row>,
    /// Texts that cells refer to by number, from 1.
    pub footnotes: Vec<String>,
    /// What stands under the table.
    pub remarks: Vec<Remark>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name in data files.
    pub key: String,
    /// A head over several neighbouring columns; columns with the same text belong together.
    pub span: Option<String>,
    /// Head of this column.
    pub head: String,
    /// What its cells hold.
    pub kind: ColumnKind,
}

/// What the cells of a column hold; says how they align and which columns they become in a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Words, to the left.
    Text,
    /// One number.
    Number,
    /// A number with lower and upper limit: three columns of a data file.
    Interval,
    /// A number with its standard error: two columns of a data file.
    WithError,
    /// Chi-squared, degrees of freedom and P: three columns of a data file.
    Test,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What the row is.
    pub kind: RowKind,
    /// As many as the table has key names; empty for a group head.
    pub keys: Vec<String>,
    /// As many as the table has columns; only the first one counts in a group head.
    pub cells: Vec<Cell>,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// Heads the rows that follow; holds a label only and is left out of data files.
    Group,
    /// A row under a group head, indented.
    Item,
    /// A row of its own.
    Plain,
}

/// A value and its footnotes.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The value.
    pub value: Value,
    /// Numbers of footnotes, from 1.
    pub marks: Vec<usize>,
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: the question does not arise.
    Empty,
    /// Words.
    Text(String),
    /// A count.
    Count(u64),
    /// A count, and what share of its column it is.
    Share(u64, f64),
    /// Person-years.
    PersonYears(f64),
    /// A rate with limits.
    Rate(f64, Option<f64>, Option<f64>),
    /// A hazard ratio, or a ratio of two, with limits.
    Ratio(f64, Option<f64>, Option<f64>),
    /// A number that may be negative, with limits.
    Measure(f64, Option<f64>, Option<f64>),
    /// An estimate with limits, all with this many decimals.
    Interval(f64, Option<f64>, Option<f64>, usize),
    /// An estimate with its standard error, both with this many decimals.
    WithError(f64, Option<f64>, usize),
    /// A probability with limits.
    Probability(f64, Option<f64>, Option<f64>),
    /// A time to event with limits; a limit that is not there was not reached.
    Time(f64, Option<f64>, Option<f64>),
    /// The level that others are compared with: 1 by definition.
    Reference,
    /// An estimate that runs to infinity (true) or to zero (false), with the limit of its interval on the other side.
    Diverged(bool, Option<f64>),
    /// Cannot be estimated; a footnote says why.
    NotEstimable,
    /// A number with this many decimals.
    Number(f64, usize),
    /// A P value.
    P(f64),
    /// The P value of a variable, in a column of its levels' hazard ratios: with its letter.
    TermP(f64),
    /// A test.
    Test(TestResult),
    /// A concordance with its standard error.
    Concordance(f64, Option<f64>),
    /// Hidden by disclosure control; holds the marker.
    Hidden(String),
}

/// A line under a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Remark {
    /// A sentence.
    Text(String),
    /// What needs care.
    Warning(String),
    /// A named test.
    Test(String, TestResult),
    /// A named test pooled over imputations.
    PooledTest(String, PooledTest),
}

/// What people read, top to bottom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Title of the report.
    pub title: String,
    /// What follows.
    pub blocks: Vec<Block>,
}

/// A piece of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Head of a section.
    Heading(String),
    /// Running text.
    Paragraph(String),
    /// Short lines.
    List(Vec<String>),
    /// A table; numbered by the renderer.
    Table(DisplayTable),
}

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
    let shown = |block: Block| match block {
        Block::Table(table) if table.rows.len() > LONGEST_ON_SCREEN => {
            Block::Paragraph(report.words().table_left_out(&table.title, table.rows.len()))
        }
        block => block,
    };
    Document { title, blocks: blocks.into_iter().map(shown).collect() }
}

/// The report in brief, for a terminal whose user finds the rest in the results folder: counts, the main table, and
/// one line per interaction analysis.
pub fn summary(report: &Report) -> Document {
    let title = document(report).title;
    let mut blocks: Vec<Block> = disclosure_line(report).into_iter().collect();
    blocks.extend(total_line(report));
    let tables = [brief_level_table(report), interaction_tests_table(report)];
    blocks.extend(tables.into_iter().flatten().map(Block::Table));
    if report.models.is_empty() {
        blocks.extend(description_tables(report).into_iter().map(Block::Table));
    }
    Document { title, blocks }
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
        interaction_tests_table(report),
        attrition_table(report),
        exit_table(report),
        covariate_table(report),
        check_table(report),
        input_table(report),
        link_table(report),
        rows_in_time_table(report),
        code_data(report),
        note_table(report),
    ]
    .into_iter()
    .flatten()
    .collect();
    tables.extend(description_tables(report));
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
        rows_in_time_table(report),
        codelist_table(report),
        note_table(report),
    ];
    push_section(&mut blocks, w.data(), data);
    blocks
}

fn data_file_blocks(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    blocks.extend(disclosure_line(report));
    blocks.extend(report.descriptions.iter().map(|d| Block::Paragraph(d.formula.clone())));
    blocks.extend(table_one_table(report).map(Block::Table));
    blocks.extend(description_tables(report).into_iter().map(Block::Table));
    for model in &report.models {
        blocks.push(Block::Paragraph(model.formula.clone()));
        blocks.extend(size_line(report, model));
        blocks.push(Block::Table(coefficient_table(report, model)));
    }
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

/// `1,400 persons, 212 events, 2,500 person-years of follow-up.`
fn total_line(report: &Report) -> Option<Block> {
    let style = report.number_style();
    let total = report.total.as_ref()?;
    let (persons, events) = (style.count(total.persons?), style.count(total.events?));
    let years = style.person_years(total.person_years?);
    Some(Block::Paragraph(report.words().total_line(persons, events, years)))
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
fn marker(report: &Report) -> String {
    report.disclosure.as_ref().map_or_else(|| report.words().hidden().to_string(), |d| d.marker.clone())
}

impl DisplayTable {
    /// An empty table.
    pub(crate) fn new(id: &str, title: &str, keys: &[&'static str], columns: Vec<Column>) -> DisplayTable {
        DisplayTable { id: id.into(), title: title.into(), keys: keys.to_vec(), columns, ..DisplayTable::default() }
    }

    /// The number of a footnote, which is added unless it is there already.
    pub(crate) fn footnote(&mut self, text: &str) -> usize {
        let known = self.footnotes.iter().position(|f| f == text);
        known.unwrap_or_else(|| {
            self.footnotes.push(text.to_string());
            self.footnotes.len() - 1
        }) + 1
    }

    /// Takes columns out, by the names they have in data files.
    pub(crate) fn leave_out(&mut self, keys: &[&str]) {
        let keep: Vec<bool> = self.columns.iter().map(|c| !keys.contains(&c.key.as_str())).collect();
        let mut at = keep.iter();
        self.columns.retain(|_| *at.next().expect("as many as columns"));
        for row in &mut self.rows {
            let mut at = keep.iter();
            row.cells.retain(|_| *at.next().expect("a row has one cell per column"));
        }
    }

    /// Takes out the footnotes that no cell refers to, and numbers the others anew.
    pub(crate) fn keep_used_footnotes(&mut self) {
        let mut used: Vec<usize> = self.rows.iter().flat_map(|r| &r.cells).flat_map(|c| c.marks.clone()).collect();
        used.sort_unstable();
        used.dedup();
        for mark in self.rows.iter_mut().flat_map(|r| &mut r.cells).flat_map(|c| &mut c.marks) {
            *mark = used.iter().position(|u| u == mark).map_or(*mark, |at| at + 1);
        }
        self.footnotes = used.iter().map(|mark| self.footnotes[mark - 1].clone()).collect();
    }

    /// Adds the head of a group of rows.
    pub(crate) fn push_group(&mut self, label: &str) {
        let mut cells = vec![Cell::from(Value::Empty); self.columns.len()];
        cells[0] = Cell::text(label);
        self.rows.push(Row { kind: RowKind::Group, keys: Vec::new(), cells });
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, kind: RowKind, keys: &[&str], cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has one cell per column");
        debug_assert_eq!(keys.len(), self.keys.len(), "a row has one key per key name");
        self.rows.push(Row { kind, keys: keys.iter().map(|k| k.to_string()).collect(), cells });
    }
}

impl Column {
    /// A column without a span.
    pub(crate) fn new(key: &str, head: &str, kind: ColumnKind) -> Column {
        Column { key: key.to_string(), span: None, head: head.to_string(), kind }
    }

    /// The same column under a common head.
    pub(crate) fn under(self, span: &str) -> Column {
        Column { span: Some(span.to_string()), ..self }
    }
}

impl Cell {
    /// A cell of words.
    pub(crate) fn text(text: impl Into<String>) -> Cell {
        Cell::from(Value::Text(text.into()))
    }

    /// A count, the marker where it is hidden, nothing where there is none.
    pub(crate) fn count(value: Option<u64>, hidden: bool, marker: &str) -> Cell {
        Cell::from(if hidden { Value::Hidden(marker.to_string()) } else { value.map_or(Value::Empty, Value::Count) })
    }

    /// A number with decimals, or nothing.
    pub(crate) fn number(value: Option<f64>, decimals: usize) -> Cell {
        Cell::from(value.map_or(Value::Empty, |v| Value::Number(v, decimals)))
    }

    /// A P value, or nothing.
    pub(crate) fn p(value: Option<f64>) -> Cell {
        Cell::from(value.map_or(Value::Empty, Value::P))
    }

    /// A test, or nothing.
    pub(crate) fn test(value: Option<TestResult>) -> Cell {
        Cell::from(value.filter(|t| t.chisq.is_some()).map_or(Value::Empty, Value::Test))
    }

    /// The same cell with one more footnote.
    pub(crate) fn marked(mut self, footnote: usize) -> Cell {
        self.marks.push(footnote);
        self
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Cell {
        Cell { value, marks: Vec::new() }
    }
}
