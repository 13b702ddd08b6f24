//! The report in the order of the page, as plain data for the template.

use super::table::Table;
use crate::report::Report;
use crate::report::number::NumberStyle;
use crate::report::tables::{self, Block};
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
}

impl Page {
    pub(super) fn new(report: &Report, style: &NumberStyle) -> Page {
        let w = report.words();
        let document = tables::document(report);
        let study = report.study.as_ref().map(|s| s.name.clone()).filter(|name| *name != document.title);
        Page {
            language: w.name(),
            software: format!("{} {}", report.software.name, report.software.version),
            title: document.title,
            study,
            facts: facts(report, style),
            status: status(report),
            words: Words { contents: w.contents(), skip: w.skip_to_results(), note: w.footnote() },
            sections: sections(document.blocks, style),
            provenance: provenance(report, style),
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

/// Blocks under their headings; tables are numbered through the whole page.
fn sections(blocks: Vec<Block>, style: &NumberStyle) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut n_tables = 0;
    for block in blocks {
        let n_sections = sections.len();
        let section = sections.last_mut().expect("there is a first section");
        match block {
            Block::Heading(text) => {
                sections.push(Section {
                    id: format!("section-{n_sections}"),
                    heading: Some(text),
                    ..Section::default()
                });
            }
            Block::Paragraph(text) => section.pieces.push(Piece::Paragraph { text }),
            Block::List(items) => section.pieces.push(Piece::List { items }),
            Block::Table(content) => {
                n_tables += 1;
                let table = Table::new(&content, n_tables, style);
                section.entries.push(Entry { id: table.id.clone(), text: table.contents_line() });
                section.pieces.push(Piece::Table(Box::new(table)));
            }
        }
    }
    sections.retain(|s| s.heading.is_some() || !s.pieces.is_empty());
    sections
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
