//! One table of the page.

use super::super::layout::{self, length, letter, widths};
use super::super::{display, display_remark};
use crate::report::number::NumberStyle;
use crate::report::tables::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value};
use serde::Serialize;
use std::collections::BTreeSet;

/// A table of more characters than this is printed on a page in landscape.
const PORTRAIT: usize = 100;
/// The widest that a column of words becomes, in characters.
const WIDEST: usize = 30;
/// A word longer than this is a code, such as a hash, and may break anywhere.
const CODE: usize = 30;

/// What the template needs to know of a table.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    pub(super) id: String,
    name: String,
    number: String,
    title: String,
    wide: bool,
    columns: usize,
    head: Vec<Vec<HeadCell>>,
    groups: Vec<Group>,
    notes: Vec<Note>,
    remarks: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct HeadCell {
    text: String,
    scope: &'static str,
    columns: usize,
    lines: usize,
    class: &'static str,
}

/// Rows under a common head; rows of their own have none.
#[derive(Debug, Default, Serialize)]
struct Group {
    label: Option<String>,
    marks: Vec<Mark>,
    rows: Vec<BodyRow>,
}

#[derive(Debug, Serialize)]
struct BodyRow {
    label: String,
    marks: Vec<Mark>,
    indented: bool,
    cells: Vec<Field>,
}

#[derive(Debug, Serialize)]
struct Field {
    text: String,
    class: &'static str,
    marks: Vec<Mark>,
}

/// A reference to a footnote; the first one of a table is where the footnote leads back.
#[derive(Debug, Serialize)]
struct Mark {
    letter: String,
    first: bool,
}

#[derive(Debug, Serialize)]
struct Note {
    letter: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct Line {
    text: String,
    warning: bool,
}

impl Table {
    /// The table with its number on the page.
    pub(super) fn new(table: &DisplayTable, number: usize, style: &NumberStyle) -> Table {
        let footnotes = table.footnotes.iter().enumerate();
        Table {
            id: format!("table-{number}"),
            name: table.id.clone(),
            number: format!("{}.", style.language.table_number(number)),
            title: table.title.clone(),
            wide: widths(table, style, WIDEST).iter().map(|w| w + 2).sum::<usize>() > PORTRAIT,
            columns: table.columns.len(),
            head: head(&table.columns),
            groups: groups(table, style),
            notes: footnotes.map(|(i, text)| Note { letter: letter(i + 1), text: text.clone() }).collect(),
            remarks: table.remarks.iter().map(|remark| line(remark, style)).collect(),
        }
    }

    /// How the contents list names it.
    pub(super) fn contents_line(&self) -> String {
        format!("{} {}", self.number, self.title)
    }
}

fn head(columns: &[Column]) -> Vec<Vec<HeadCell>> {
    let cell = |cell: layout::HeadCell<'_>| {
        let column = &columns[cell.first];
        let is_span = cell.columns > 1 || (column.span.as_deref() == Some(cell.text) && column.head != cell.text);
        HeadCell {
            text: cell.text.to_owned(),
            scope: if is_span { "colgroup" } else { "col" },
            columns: cell.columns,
            lines: cell.lines,
            class: match cell.first {
                _ if is_span => "span",
                // Over the labels of rows.
                0 => "t",
                _ => class(column, &Value::Empty),
            },
        }
    };
    layout::head(columns).into_iter().map(|line| line.into_iter().map(cell).collect()).collect()
}

fn groups(table: &DisplayTable, style: &NumberStyle) -> Vec<Group> {
    let mut seen = BTreeSet::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut under_head = false;
    for row in &table.rows {
        let mut marks = |cell: &Cell| -> Vec<Mark> {
            let mark = |&m: &usize| Mark { letter: letter(m), first: seen.insert(m) };
            cell.marks.iter().map(mark).collect()
        };
        let label = display(&row.cells[0].value, style);
        if row.kind == RowKind::Group {
            groups.push(Group { label: Some(label), marks: marks(&row.cells[0]), rows: Vec::new() });
            under_head = true;
            continue;
        }
        let indented = row.kind == RowKind::Item;
        if groups.is_empty() || (under_head && !indented) {
            groups.push(Group::default());
            under_head = false;
        }
        let label_marks = marks(&row.cells[0]);
        let cells = table.columns.iter().zip(&row.cells).skip(1).map(|(column, cell)| Field {
            text: display(&cell.value, style),
            class: class(column, &cell.value),
            marks: marks(cell),
        });
        let row = BodyRow { label, marks: label_marks, indented, cells: cells.collect() };
        groups.last_mut().expect("there is a group").rows.push(row);
    }
    groups
}

/// How a cell is set: `t` words, `n` numbers, `n words` words among numbers, `code` what may break anywhere.
fn class(column: &Column, value: &Value) -> &'static str {
    let words = match value {
        Value::Text(text) => Some(text),
        _ => None,
    };
    match column.kind {
        ColumnKind::Text if words.is_some_and(|t| t.split(' ').any(|word| length(word) > CODE)) => "code",
        ColumnKind::Text => "t",
        _ if words.is_some_and(|t| t.contains(' ')) => "n words",
        _ => "n",
    }
}

fn line(remark: &Remark, style: &NumberStyle) -> Line {
    Line { text: display_remark(remark, style), warning: matches!(remark, Remark::Warning(_)) }
}
