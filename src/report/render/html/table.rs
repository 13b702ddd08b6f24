//! One table of the page.

use super::super::layout::{self, length, letter};
use super::super::measure::{self, Need};
use super::super::{display, display_remark};
use crate::report::number::NumberStyle;
use crate::report::tables::{Cell, Column, ColumnKind, DisplayTable, Remark, RowKind, Value};
use serde::Serialize;
use std::collections::BTreeSet;

/// A place that a table may stand in, with how its words are set there; lengths in points.
struct Place {
    room: f64,
    /// Size of the words.
    points: f64,
    /// Between columns.
    gap: f64,
    /// The least that row labels take.
    labels: f64,
}

/// An upright page between margins of 14 mm, the same with smaller words, a page in landscape, and the page on a screen of
/// 1280 pixels beside the contents list: as `page.css` sets them.
const UPRIGHT: Place = Place { room: 515.0, points: 8.0, gap: 8.0, labels: 72.0 };
const SMALL: Place = Place { room: 515.0, points: 7.0, gap: 5.0, labels: 72.0 };
const LANDSCAPE: Place = Place { room: 762.0, points: 7.0, gap: 8.0, labels: 72.0 };
const SCREEN: Place = Place { room: 714.0, points: 10.5, gap: 14.4, labels: 132.0 };
/// A word longer than this is a code, such as a hash, and may break anywhere.
const CODE: usize = 30;

/// What the template needs to know of a table.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    pub(super) id: String,
    name: String,
    number: String,
    title: String,
    /// Printed on a page in landscape.
    wide: bool,
    /// How it is set, see [`class`].
    class: String,
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
    /// What must stand in one line each: a number, and its interval.
    pieces: Vec<String>,
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
        let class = class(table, style);
        Table {
            id: format!("table-{number}"),
            name: table.id.clone(),
            number: format!("{}.", style.language.table_number(number)),
            title: table.title.clone(),
            wide: class.contains("wide"),
            class,
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

impl Place {
    /// Whether the table fits with every number in one line.
    fn holds(&self, table: &DisplayTable, style: &NumberStyle) -> bool {
        let needs = measure::needs(table, style, self.points, self.points);
        let labels = needs.first().map_or(0.0, |need| need.wrapped.max(self.labels));
        let others: f64 = needs.iter().skip(1).map(|need: &Need| need.wrapped + self.gap).sum();
        labels + others <= self.room
    }
}

/// The class of a table: on paper upright, upright and `small`, in landscape (`wide`), where its intervals may stand under
/// their numbers (`tight`); `dense` on a screen where it needs all the room there is.
fn class(table: &DisplayTable, style: &NumberStyle) -> String {
    let print = match [UPRIGHT, SMALL, LANDSCAPE].iter().position(|place| place.holds(table, style)) {
        Some(0) => "",
        Some(1) => " small",
        Some(_) => " wide",
        None => " wide tight",
    };
    let screen = if SCREEN.holds(table, style) { "" } else { " dense" };
    format!("table{print}{screen}")
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
                _ => cell_class(column, &Value::Empty),
            },
        }
    };
    layout::head(columns).into_iter().map(|line| line.into_iter().map(cell).collect()).collect()
}

fn groups(table: &DisplayTable, style: &NumberStyle) -> Vec<Group> {
    let mut seen = BTreeSet::new();
    let mut groups: Vec<Group> = Vec::new();
    // Whether the rows so far belong to one that heads them.
    let mut under_head = false;
    for (i, row) in table.rows.iter().enumerate() {
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
        // A variable stands together with its levels.
        let leads = !indented && table.rows.get(i + 1).is_some_and(|next| next.kind == RowKind::Item);
        if groups.is_empty() || leads || (under_head && !indented) {
            groups.push(Group::default());
        }
        under_head = leads || (under_head && indented);
        let label_marks = marks(&row.cells[0]);
        let cells = table.columns.iter().zip(&row.cells).skip(1).map(|(column, cell)| Field {
            pieces: pieces(&display(&cell.value, style), column, &cell.value),
            class: cell_class(column, &cell.value),
            marks: marks(cell),
        });
        let row = BodyRow { label, marks: label_marks, indented, cells: cells.collect() };
        groups.last_mut().expect("there is a group").rows.push(row);
    }
    groups
}

/// How a cell is set: `t` words, `n` numbers, `n words` words among numbers, `code` what may break anywhere.
fn cell_class(column: &Column, value: &Value) -> &'static str {
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

/// A number and the interval after it may stand under each other; words break where they will.
fn pieces(text: &str, column: &Column, value: &Value) -> Vec<String> {
    let is_words = column.kind == ColumnKind::Text || matches!(value, Value::Text(_));
    match text.split_once(" (") {
        Some((number, interval)) if !is_words => vec![number.to_owned(), format!("({interval}")],
        _ => vec![text.to_owned()],
    }
}

fn line(remark: &Remark, style: &NumberStyle) -> Line {
    Line { text: display_remark(remark, style), warning: matches!(remark, Remark::Warning(_)) }
}
