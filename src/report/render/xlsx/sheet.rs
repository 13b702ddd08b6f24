//! One table as a sheet.

use super::super::layout::{self, HeadCell, length, letter};
use super::super::{display, display_remark};
use super::cells::{Part, further, heads, n_columns, parts, with_marks};
use crate::report::number::NumberStyle;
use crate::report::tables::{Cell, ColumnKind, DisplayTable, Row, RowKind};
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

/// The widest column, in characters; longer words wrap.
const WIDEST: usize = 48;

/// Writes a table: title, head, rows, footnotes, remarks.
pub(super) fn write(
    sheet: &mut Worksheet,
    table: &DisplayTable,
    number: usize,
    style: &NumberStyle,
) -> Result<(), XlsxError> {
    let grid = Grid::new(table, style);
    let widths = grid.widths();
    for (column, width) in widths.iter().enumerate() {
        sheet.set_column_width(column as u16, *width as f64)?;
    }
    let name = style.language.table_number(number);
    sheet.set_name(&name)?;
    let title = format!("{name}. {}", table.title);
    sheet.write_string_with_format(0, 0, title, &Format::new().set_bold().set_font_size(12))?;
    let first = grid.head(sheet, 2, &widths)?;
    let end = grid.body(sheet, first)?;
    under(sheet, table, style, end)?;
    sheet.set_freeze_panes(first, 1)?;
    sheet.set_repeat_rows(2, first - 1)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    Ok(())
}

/// Footnotes and remarks under the table.
fn under(sheet: &mut Worksheet, table: &DisplayTable, style: &NumberStyle, mut row: u32) -> Result<(), XlsxError> {
    let plain = Format::new();
    let footnotes = table.footnotes.iter().enumerate().map(|(i, text)| format!("[{}] {text}", letter(i + 1)));
    for line in footnotes.chain(table.remarks.iter().map(|remark| display_remark(remark, style))) {
        sheet.write_string_with_format(row, 0, line, &plain)?;
        row += 1;
    }
    Ok(())
}

/// Where the columns of a table stand in its sheet.
struct Grid<'a> {
    table: &'a DisplayTable,
    style: &'a NumberStyle,
    /// The first sheet column of every table column, and one more for the end.
    places: Vec<u16>,
}

impl Grid<'_> {
    fn new<'a>(table: &'a DisplayTable, style: &'a NumberStyle) -> Grid<'a> {
        let mut places = vec![0];
        for column in &table.columns {
            places.push(places.last().copied().unwrap_or(0) + n_columns(column.kind) as u16);
        }
        Grid { table, style, places }
    }

    /// The head from `row` on; returns the row after it.
    fn head(&self, sheet: &mut Worksheet, row: u32, widths: &[usize]) -> Result<u32, XlsxError> {
        let lines = layout::head(&self.table.columns);
        let n_lines = lines.len() as u32;
        let with_parts = self.table.columns.iter().any(|c| n_columns(c.kind) > 1);
        let last = row + n_lines - 1 + u32::from(with_parts);
        for (line, cells) in lines.iter().enumerate() {
            let top = row + line as u32;
            // Merged cells do not make their row higher by themselves.
            let room = |cell: &HeadCell<'_>| -> usize {
                let places = (self.places[cell.first], self.places[cell.first + cell.columns]);
                widths[usize::from(places.0)..usize::from(places.1)].iter().sum()
            };
            let high = cells.iter().filter(|c| c.lines == 1).map(|c| length(c.text).div_ceil(room(c).max(1)));
            sheet.set_row_height(top, 15.0 * high.max().unwrap_or(1).clamp(1, 4) as f64)?;
            for cell in cells {
                let several = n_columns(self.table.columns[cell.first].kind) > 1;
                let reaches_down = line as u32 + cell.lines as u32 == n_lines && !several;
                let bottom = if reaches_down { last } else { top + cell.lines as u32 - 1 };
                let columns = (self.places[cell.first], self.places[cell.first + cell.columns] - 1);
                let is_text = cell.first == 0 || self.table.columns[cell.first].kind == ColumnKind::Text;
                let format = head_format(top == row, bottom == last, is_text, columns.0 < columns.1);
                block(sheet, (top, bottom), columns, cell.text, &format)?;
            }
        }
        if with_parts {
            for (j, column) in self.table.columns.iter().enumerate().filter(|(_, c)| n_columns(c.kind) > 1) {
                for (k, name) in heads(column.kind, self.style).iter().enumerate() {
                    let format = head_format(false, true, false, false);
                    sheet.write_string_with_format(last, self.places[j] + k as u16, name, &format)?;
                }
            }
        }
        Ok(last + 1)
    }

    /// The rows from `first` on; returns the row after a free one.
    fn body(&self, sheet: &mut Worksheet, first: u32) -> Result<u32, XlsxError> {
        let mut at = first;
        for (i, row) in self.table.rows.iter().enumerate() {
            let is_last = i + 1 == self.table.rows.len();
            at = match row.kind {
                RowKind::Group => self.group(sheet, at, row, is_last)?,
                _ => self.row(sheet, at, row, is_last)?,
            };
        }
        Ok(at + 1)
    }

    fn group(&self, sheet: &mut Worksheet, at: u32, row: &Row, is_last: bool) -> Result<u32, XlsxError> {
        let label = marked(display(&row.cells[0].value, self.style), &row.cells[0]);
        sheet.write_string_with_format(at, 0, label, &closed(Format::new().set_bold(), is_last))?;
        Ok(at + 1)
    }

    /// A row, and further ones for the numbers of a value that its column has no cell for.
    fn row(&self, sheet: &mut Worksheet, at: u32, row: &Row, is_last: bool) -> Result<u32, XlsxError> {
        let indent = u8::from(row.kind == RowKind::Item);
        let label = display(&row.cells[0].value, self.style);
        let one_cell = |j: usize| n_columns(self.table.columns[j].kind) == 1;
        let several = (1..row.cells.len()).filter(|&j| one_cell(j)).map(|j| further(&row.cells[j].value, self.style));
        let further = several.max_by_key(Vec::len).unwrap_or_default();
        let lines = 1 + further.len();
        for line in 0..lines {
            let at = at + line as u32;
            let end = is_last && line + 1 == lines;
            let text = match line {
                0 => marked(label.clone(), &row.cells[0]),
                _ => format!("{label}: {}", further[line - 1]),
            };
            let words = Format::new().set_text_wrap().set_align(FormatAlign::Top).set_indent(indent);
            sheet.write_string_with_format(at, 0, text, &closed(words, end))?;
            for (j, cell) in row.cells.iter().enumerate().skip(1) {
                let all = parts(&cell.value, self.style);
                let shown: Vec<Part> = match one_cell(j) {
                    true => vec![all.get(line).cloned().unwrap_or(Part::Nothing)],
                    false if line == 0 => all,
                    false => Vec::new(),
                };
                for k in 0..n_columns(self.table.columns[j].kind) {
                    let part = shown.get(k).unwrap_or(&Part::Nothing);
                    let marks = if line == 0 && k == 0 { letters(cell) } else { String::new() };
                    self.part(sheet, (at, self.places[j] + k as u16), j, part, &marks, end)?;
                }
            }
        }
        Ok(at + lines as u32)
    }

    fn part(
        &self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        j: usize,
        part: &Part,
        marks: &str,
        is_last: bool,
    ) -> Result<(), XlsxError> {
        let top = Format::new().set_align(FormatAlign::Top);
        match part {
            Part::Nothing if marks.is_empty() && !is_last => {}
            Part::Nothing if marks.is_empty() => {
                sheet.write_blank(row, column, &closed(top, is_last))?;
            }
            Part::Nothing => {
                sheet.write_string_with_format(row, column, format!("[{marks}]"), &closed(top, is_last))?;
            }
            Part::Text(text) => {
                let text = if marks.is_empty() { text.clone() } else { format!("{text} [{marks}]") };
                let is_words = self.table.columns[j].kind == ColumnKind::Text;
                let align = if is_words { FormatAlign::Left } else { FormatAlign::Right };
                sheet.write_string_with_format(
                    row,
                    column,
                    text,
                    &closed(top.set_align(align).set_text_wrap(), is_last),
                )?;
            }
            Part::Number(value, format, _) => {
                let format = if marks.is_empty() { format.clone() } else { with_marks(format, marks) };
                sheet.write_number_with_format(row, column, *value, &closed(top.set_num_format(format), is_last))?;
            }
        }
        Ok(())
    }

    /// The width of every sheet column: its longest cell, or the longest word of its head.
    fn widths(&self) -> Vec<usize> {
        let wanted = layout::widths(self.table, self.style, WIDEST);
        let mut widths = Vec::new();
        for (j, column) in self.table.columns.iter().enumerate() {
            let own = heads(column.kind, self.style);
            if own.len() == 1 {
                widths.push(wanted[j].min(WIDEST) + 2);
                continue;
            }
            let mut each: Vec<usize> = own.iter().map(|name| length(name)).collect();
            for row in self.table.rows.iter().filter(|row| row.kind != RowKind::Group) {
                for (width, part) in each.iter_mut().zip(parts(&row.cells[j].value, self.style)) {
                    *width = (*width).max(part.width() + 3 * row.cells[j].marks.len());
                }
            }
            widths.extend(each.iter().map(|width| width + 2));
        }
        widths
    }
}

/// Writes words over a rectangle.
fn block(
    sheet: &mut Worksheet,
    (top, bottom): (u32, u32),
    (left, right): (u16, u16),
    text: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    match top == bottom && left == right {
        true => sheet.write_string_with_format(top, left, text, format)?,
        false => sheet.merge_range(top, left, bottom, right, text, format)?,
    };
    Ok(())
}

/// Bold words between the rules of a three-line table.
fn head_format(is_top: bool, is_bottom: bool, is_text: bool, is_over_several: bool) -> Format {
    let align = match (is_text, is_over_several) {
        (true, _) => FormatAlign::Left,
        (false, true) => FormatAlign::Center,
        (false, false) => FormatAlign::Right,
    };
    let mut format = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Bottom).set_align(align);
    if is_top {
        format = format.set_border_top(FormatBorder::Medium);
    }
    if is_bottom || is_over_several {
        format = format.set_border_bottom(FormatBorder::Thin);
    }
    format
}

/// The last line of a table carries its closing rule.
fn closed(format: Format, is_last: bool) -> Format {
    if is_last { format.set_border_bottom(FormatBorder::Medium) } else { format }
}

fn letters(cell: &Cell) -> String {
    cell.marks.iter().map(|m| letter(*m)).collect::<Vec<_>>().join(",")
}

fn marked(text: String, cell: &Cell) -> String {
    if cell.marks.is_empty() { text } else { format!("{text} [{}]", letters(cell)) }
}
