//! The reporting checklist as a document of its own.

use super::{Block, Cell, Column, ColumnKind, DisplayTable, Document, RowKind};
use crate::report::checklist::{self, ChecklistItem};
use crate::report::{Report, sampl};

/// The items of STROBE and RECORD with what the run answers. `None` for a data file.
pub fn checklist_table(report: &Report) -> Option<DisplayTable> {
    table(report, "checklist", report.words().checklist_title(), checklist::checklist(report))
}

/// The items of SAMPL with what the run answers.
pub fn sampl_table(report: &Report) -> Option<DisplayTable> {
    table(report, "sampl", report.words().sampl_title(), sampl::checklist(report))
}

fn table(report: &Report, id: &str, title: &str, items: Vec<ChecklistItem>) -> Option<DisplayTable> {
    let w = report.words();
    let columns = vec![
        Column::new("item", w.checklist_item(), ColumnKind::Text),
        Column::new("asked", w.asked(), ColumnKind::Text),
        Column::new("answer", w.answers_of_the_run(), ColumnKind::Text),
    ];
    let mut table = DisplayTable::new(id, title, &[], columns);
    for item in items {
        let answer = item.answer.unwrap_or_else(|| w.for_the_authors().to_string());
        table.push(RowKind::Plain, &[], vec![Cell::text(item.item), Cell::text(item.asked), Cell::text(answer)]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// The checklists with what they stand on: STROBE and RECORD for a study, SAMPL for everything that has numbers.
pub fn checklist_document(report: &Report) -> Option<Document> {
    let w = report.words();
    let strobe = section(report, w.checklist_intro(), checklist::checklist(report), checklist_table(report));
    let sampl = section(report, w.sampl_intro(), sampl::checklist(report), sampl_table(report));
    let title = if strobe.is_empty() { w.sampl_title() } else { w.checklist_title() };
    let blocks: Vec<Block> = strobe.into_iter().chain(sampl).collect();
    (!blocks.is_empty()).then(|| Document { title: title.to_string(), blocks })
}

fn section(report: &Report, intro: &str, items: Vec<ChecklistItem>, table: Option<DisplayTable>) -> Vec<Block> {
    let Some(table) = table else { return Vec::new() };
    let filled = items.iter().filter(|i| i.answer.is_some()).count();
    let counts = report.words().checklist_counts(filled, items.len());
    vec![Block::Paragraph(intro.to_string()), Block::Paragraph(counts), Block::Table(table)]
}
