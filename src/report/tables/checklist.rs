//! The reporting checklist as a document of its own.

use super::{Block, Cell, Column, ColumnKind, DisplayTable, Document, RowKind};
use crate::report::{Report, checklist};

/// The items with what the run answers. `None` for a data file.
pub fn checklist_table(report: &Report) -> Option<DisplayTable> {
    let items = checklist::checklist(report);
    let w = report.words();
    let columns = vec![
        Column::new("item", w.checklist_item(), ColumnKind::Text),
        Column::new("asked", w.asked(), ColumnKind::Text),
        Column::new("answer", w.answers_of_the_run(), ColumnKind::Text),
    ];
    let mut table = DisplayTable::new("checklist", w.checklist_title(), &[], columns);
    for item in items {
        let answer = item.answer.unwrap_or_else(|| w.for_the_authors().to_string());
        table.push(RowKind::Plain, &[], vec![Cell::text(item.item), Cell::text(item.asked), Cell::text(answer)]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// The checklist with what it stands on. `None` for a data file.
pub fn checklist_document(report: &Report) -> Option<Document> {
    let w = report.words();
    let table = checklist_table(report)?;
    let filled = checklist::checklist(report).iter().filter(|i| i.answer.is_some()).count();
    let blocks = vec![
        Block::Paragraph(w.checklist_intro().to_string()),
        Block::Paragraph(w.checklist_counts(filled, table.rows.len())),
        Block::Table(table),
    ];
    Some(Document { title: w.checklist_title().to_string(), blocks })
}
