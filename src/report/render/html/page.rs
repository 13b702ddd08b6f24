//! The report in the order of the page, as plain data for the template.

use super::table::Table;
use crate::report::Report;
use crate::report::figure::{Figure, Letters};
use crate::report::number::NumberStyle;
use crate::report::tables::{self, Block, Document};
use serde::Serialize;

/// The whole page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    language: &'static str,
    software: String,
    title: String,
    study: Option<String>,
    facts: Vec<Fact>,
    status: String,
    words: Words,
    sections: Vec<Section>,
    provenance: Vec<String>,
    /// The letters of all figures, whose font the page brings.
    #[serde(skip)]
    pub(super) letters: Letters,
}

/// The few words that belong to the page rather than to the report.
#[derive(Debug, Serialize)]
struct Words {
    contents: &'static str,
    skip: &'static str,
    note: &'static str,
}

/// A number that a reader looks for first.
#[derive(Debug, Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

/// A heading with what stands under it; what comes before the first heading has none.
#[derive(Debug, Default, Serialize)]
struct Section {
    id: String,
    heading: Option<String>,
    entries: Vec<Entry>,
    pieces: Vec<Piece>,
}

/// A line of the contents list.
#[derive(Debug, Serialize)]
struct Entry {
    id: String,
    text: String,
}

/// A block of the page.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Piece {
    Paragraph { text: String },
    List { items: Vec<String> },
    Table(Box<Table>),
    Figure(Picture),
}

/// A figure with its number on the page.
#[derive(Debug, Serialize)]
struct Picture {
    id: String,
    number: String,
    title: String,
    caption: String,
    svg: String,
}

impl Page {
    pub(super) fn new(report: &Report, style: &NumberStyle) -> Page {
        let w = report.words();
        let document = tables::document(report);
        let study = report.study.as_ref().map(|s| s.name.clone()).filter(|name| *name != document.title);
        let mut letters = Letters::default();
        let title = document.title.clone();
        let sections = sections(report, document, style, &mut letters);
        Page {
            language: w.name(),
            software: format!("{} {}", report.software.name, report.software.version),
            title,
            study,
            facts: facts(report, style),
            status: status(report),
            words: Words { contents: w.contents(), skip: w.skip_to_results(), note: w.footnote() },
            sections,
            provenance: provenance(report, style),
            letters,
        }
    }
}

/// Persons, events and person-years of the whole study.
fn facts(report: &Report, style: &NumberStyle) -> Vec<Fact> {
    let w = report.words();
    let Some(total) = &report.total else { return Vec::new() };
    let count = |n: Option<u64>| n.map(|n| style.count(n));
    let facts = [
        (w.persons(), count(total.persons)),
        (w.events(), count(total.events)),
        (w.person_years(), total.person_years.map(|years| style.person_years(years))),
    ];
    facts.into_iter().filter_map(|(name, value)| Some(Fact { name, value: value? })).collect()
}

/// Whether the page may leave the server, as far as the program knows.
fn status(report: &Report) -> String {
    match &report.disclosure {
        Some(statement) => statement.sentence(report.words()),
        None => report.words().no_disclosure_control().to_owned(),
    }
}

/// Blocks under their headings, and the figures where they stand; `letters` takes those of the figures.
fn sections(report: &Report, mut document: Document, style: &NumberStyle, letters: &mut Letters) -> Vec<Section> {
    let (figures, at) = super::super::figures(report, &document);
    figures.iter().for_each(|figure| letters.join(&figure.letters));
    let rest = document.blocks.split_off(at);
    let mut outline = Outline { sections: vec![Section::default()], n_tables: 0, style };
    document.blocks.into_iter().for_each(|block| outline.push(block));
    if !figures.is_empty() {
        outline.push(Block::Heading(report.words().figures().to_owned()));
    }
    figures.into_iter().enumerate().for_each(|(i, figure)| outline.push_figure(figure, i + 1));
    rest.into_iter().for_each(|block| outline.push(block));
    outline.sections.retain(|s| s.heading.is_some() || !s.pieces.is_empty());
    outline.sections
}

/// The sections so far; tables are numbered through the whole page.
struct Outline<'a> {
    sections: Vec<Section>,
    n_tables: usize,
    style: &'a NumberStyle,
}

impl Outline<'_> {
    fn push(&mut self, block: Block) {
        let n_sections = self.sections.len();
        match block {
            Block::Heading(text) => {
                let (id, heading) = (format!("section-{n_sections}"), Some(text));
                self.sections.push(Section { id, heading, ..Section::default() });
            }
            Block::Paragraph(text) => self.last().pieces.push(Piece::Paragraph { text }),
            Block::List(items) => self.last().pieces.push(Piece::List { items }),
            Block::Table(content) => {
                self.n_tables += 1;
                let table = Table::new(&content, self.n_tables, self.style);
                self.last().entries.push(Entry { id: table.id.clone(), text: table.contents_line() });
                self.last().pieces.push(Piece::Table(Box::new(table)));
            }
        }
    }

    fn push_figure(&mut self, figure: Figure, n: usize) {
        let number = format!("{}.", self.style.language.figure_number(n));
        let id = format!("figure-{n}");
        self.last().entries.push(Entry { id: id.clone(), text: format!("{number} {}", figure.title) });
        // Inside a page a picture needs no name of its language.
        let svg = figure.svg.replace(" xmlns=\"http://www.w3.org/2000/svg\"", "");
        let picture = Picture { id, number, title: figure.title, caption: figure.caption, svg };
        self.last().pieces.push(Piece::Figure(picture));
    }

    fn last(&mut self) -> &mut Section {
        self.sections.last_mut().expect("there is a first section")
    }
}

/// What wrote the numbers, and from which files.
fn provenance(report: &Report, style: &NumberStyle) -> Vec<String> {
    let w = report.words();
    let mut lines = vec![w.written_by(&report.software.name, &report.software.version, &report.schema)];
    // A study's report has a table of them.
    if report.study.is_none() {
        let rows = |n: Option<u64>| n.map_or("–".to_owned(), |n| style.count(n));
        lines.extend(report.inputs.iter().map(|i| w.file_read(&i.path, rows(i.rows), &i.hash)));
    }
    lines
}
