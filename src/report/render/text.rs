//! Aligned text for a terminal or a log. Nothing is cut: labels and heads wrap, and a table that is too wide goes on
//! below with its first column repeated.

use super::{display_cell, display_remark, layout};
use crate::report::number::NumberStyle;
use crate::report::tables::{Block, ColumnKind, DisplayTable, Document, RowKind};

/// The width that is used when nobody says how wide the terminal is.
pub const WIDTH: usize = 120;
/// Narrower lines would break every table.
pub(super) const NARROWEST: usize = 60;
/// The widest that a column becomes before its words wrap; less on a narrow terminal.
const WIDEST_COLUMN: usize = 40;
/// Labels do not wrap in less.
const NARROWEST_LABEL: usize = 16;
/// Where a line must not break; written as a space in the end.
pub(super) const HARD_SPACE: &str = "\u{a0}";
/// Two spaces between columns.
const GAP: usize = 2;

/// A document; tables are numbered in order. `width` is in characters, 60 at least.
pub fn document(document: &Document, style: &NumberStyle, width: usize) -> String {
    let width = width.max(NARROWEST);
    let mut parts = vec![wrap(&document.title, width).join("\n")];
    let mut n_tables = 0;
    for block in &document.blocks {
        parts.push(match block {
            Block::Heading(text) => format!("{text}\n{}", "=".repeat(length(text))),
            Block::Paragraph(text) => wrap(text, width).join("\n"),
            Block::List(lines) => lines.iter().flat_map(|l| hanging("- ", l, width)).collect::<Vec<_>>().join("\n"),
            Block::Table(content) => {
                n_tables += 1;
                table(content, &format!("{} {n_tables}. ", style.language.table()), style, width)
            }
        });
    }
    parts.join("\n\n").replace(HARD_SPACE, " ") + "\n"
}

/// A table without number, title and outer rules, its footnotes and remarks after it: for a small screen.
pub(super) fn tight_table(table: &DisplayTable, style: &NumberStyle, width: usize) -> String {
    let mut grid = Grid::new(table, style, widest_column(width));
    // Long labels take more lines rather than a column from the others.
    let others: usize = grid.widths[1..].iter().map(|w| w + GAP).sum();
    grid.widths[0] = grid.widths[0].min(width.saturating_sub(others).max(NARROWEST_LABEL));
    let mut lines = Vec::new();
    for part in layout::parts(&table.columns, &grid.widths, GAP, width) {
        let of_part = grid.part(&part);
        lines.extend_from_slice(&of_part[1..of_part.len() - 1]);
    }
    lines.extend(notes(table, style, width));
    lines.join("\n").replace(HARD_SPACE, " ")
}

/// Whether the columns of a table find room side by side.
pub(super) fn fits(table: &DisplayTable, style: &NumberStyle, width: usize) -> bool {
    let grid = Grid::new(table, style, widest_column(width));
    layout::parts(&table.columns, &grid.widths, GAP, width).len() == 1
}

/// Running text in lines of a width.
pub(super) fn paragraph(text: &str, width: usize) -> String {
    wrap(text, width).join("\n").replace(HARD_SPACE, " ")
}

fn widest_column(width: usize) -> usize {
    WIDEST_COLUMN.min(2 * width / 5)
}

/// Footnotes and remarks.
fn notes(table: &DisplayTable, style: &NumberStyle, width: usize) -> Vec<String> {
    let footnote = |(i, text): (usize, &String)| hanging(&format!("[{}] ", i + 1), text, width);
    let mut lines: Vec<String> = table.footnotes.iter().enumerate().flat_map(footnote).collect();
    lines.extend(table.remarks.iter().flat_map(|remark| wrap(&display_remark(remark, style), width)));
    lines
}

/// One table with its title, footnotes and remarks; no line end after the last line.
pub fn table(table: &DisplayTable, number: &str, style: &NumberStyle, width: usize) -> String {
    let grid = Grid::new(table, style, widest_column(width));
    let mut lines = wrap(&format!("{number}{}", table.title), width);
    for (i, part) in layout::parts(&table.columns, &grid.widths, GAP, width).iter().enumerate() {
        if i > 0 {
            lines.extend(wrap(&format!("{number}{} {}", table.title, style.language.continued()), width));
        }
        lines.extend(grid.part(part));
    }
    lines.extend(notes(table, style, width));
    lines.join("\n").replace(HARD_SPACE, " ")
}

/// A table as text cells with the widths of its columns.
struct Grid<'a> {
    table: &'a DisplayTable,
    cells: Vec<Vec<String>>,
    widths: Vec<usize>,
    widest: usize,
}

impl Grid<'_> {
    fn new<'a>(table: &'a DisplayTable, style: &NumberStyle, widest: usize) -> Grid<'a> {
        let cells: Vec<Vec<String>> =
            table.rows.iter().map(|r| r.cells.iter().map(|c| display_cell(c, style)).collect()).collect();
        let mut grid = Grid { table, cells, widths: Vec::new(), widest };
        grid.widths = (0..table.columns.len()).map(|j| grid.width(j)).collect();
        grid
    }

    /// Wide enough for the longest cell (words wrap at `widest`) and the longest word of the head.
    fn width(&self, j: usize) -> usize {
        let indent = |i: usize| if j == 0 && self.table.rows[i].kind == RowKind::Item { GAP } else { 0 };
        let in_column = (0..self.cells.len()).filter(|&i| j == 0 || self.table.rows[i].kind != RowKind::Group);
        let cells = in_column.map(|i| length(&self.cells[i][j]) + indent(i)).max().unwrap_or(0);
        cells.max(longest_word(&self.table.columns[j].head)).clamp(1, self.widest)
    }

    fn part(&self, part: &[usize]) -> Vec<String> {
        let mut widths: Vec<usize> = part.iter().map(|&j| self.widths[j]).collect();
        let spans = self.spans(part, &mut widths);
        let total = widths.iter().sum::<usize>() + GAP * (widths.len() - 1);
        let mut lines = vec!["─".repeat(total)];
        lines.extend(span_lines(&spans, &widths));
        let heads: Vec<Vec<String>> =
            part.iter().zip(&widths).map(|(&j, w)| wrap(&self.table.columns[j].head, *w)).collect();
        if heads.iter().flatten().any(|h| !h.is_empty()) {
            lines.extend(self.row_lines(part, &widths, heads, true));
        }
        lines.push("─".repeat(total));
        for (i, row) in self.table.rows.iter().enumerate().filter(|&(i, _)| self.table.says(i, part)) {
            if row.kind == RowKind::Group {
                lines.extend(wrap(&self.cells[i][0], total));
                continue;
            }
            let indent = if row.kind == RowKind::Item { "  " } else { "" };
            let cells: Vec<Vec<String>> = part
                .iter()
                .zip(&widths)
                .map(|(&j, w)| match j {
                    0 => wrap(&self.cells[i][0], w - indent.len()).iter().map(|l| format!("{indent}{l}")).collect(),
                    _ => wrap(&self.cells[i][j], *w),
                })
                .collect();
            lines.extend(self.row_lines(part, &widths, cells, false));
        }
        lines.push("─".repeat(total));
        lines
    }

    /// The spans of a part as (first column, last column, text) of positions; columns under a long text widen.
    fn spans(&self, part: &[usize], widths: &mut [usize]) -> Vec<(usize, usize, String)> {
        let mut spans = Vec::new();
        let mut k = 0;
        while k < part.len() {
            let span = &self.table.columns[part[k]].span;
            let mut last = k;
            while span.is_some() && last + 1 < part.len() && &self.table.columns[part[last + 1]].span == span {
                last += 1;
            }
            if let Some(text) = span {
                let have = widths[k..=last].iter().sum::<usize>() + GAP * (last - k);
                widths[last] += longest_word(text).min(self.widest).saturating_sub(have);
                spans.push((k, last, text.clone()));
            }
            k = last + 1;
        }
        spans
    }

    /// The lines of one row whose cells may have several; heads stand at the bottom, cells at the top.
    fn row_lines(&self, part: &[usize], widths: &[usize], cells: Vec<Vec<String>>, head: bool) -> Vec<String> {
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        let column = |k: usize| &self.table.columns[part[k]];
        let line = |i: usize| {
            let fields = cells.iter().enumerate().map(|(k, lines)| {
                let words = column(k).kind == ColumnKind::Text;
                let skip = if head { height - lines.len() } else { 0 };
                let text = i.checked_sub(skip).and_then(|at| lines.get(at)).map_or("", String::as_str);
                pad(text, widths[k], !words)
            });
            fields.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_string()
        };
        (0..height).map(line).collect()
    }
}

/// The line of spans, each over its columns, with a rule under it.
fn span_lines(spans: &[(usize, usize, String)], widths: &[usize]) -> Vec<String> {
    if spans.is_empty() {
        return Vec::new();
    }
    let start = |k: usize| widths[..k].iter().sum::<usize>() + GAP * k;
    let wide = |first: usize, last: usize| start(last) + widths[last] - start(first);
    let wrapped: Vec<Vec<String>> = spans.iter().map(|(f, l, text)| wrap(text, wide(*f, *l))).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let mut lines: Vec<String> = vec![String::new(); height + 1];
    for ((first, last, _), text) in spans.iter().zip(&wrapped) {
        let width = wide(*first, *last);
        for (i, line) in lines.iter_mut().enumerate() {
            line.push_str(&" ".repeat(start(*first).saturating_sub(length(line))));
            let at = i.checked_sub(height - text.len());
            match at.and_then(|at| text.get(at)) {
                _ if i == height => line.push_str(&"─".repeat(width)),
                Some(words) => line.push_str(&pad(words, width, true)),
                None => {}
            }
        }
    }
    lines
}

/// Number of characters; every letter of European languages is one column wide.
fn length(text: &str) -> usize {
    text.chars().count()
}

fn longest_word(text: &str) -> usize {
    text.split(' ').map(length).max().unwrap_or(0)
}

fn pad(text: &str, width: usize, right: bool) -> String {
    let fill = " ".repeat(width.saturating_sub(length(text)));
    if right { format!("{fill}{text}") } else { format!("{text}{fill}") }
}

/// Lines of at most `width` characters, broken at spaces (not at hard ones); a longer word goes on in the next line. One line at least.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split([' ', '\n', '\t']).filter(|word| !word.is_empty()) {
        let mut word: Vec<char> = word.chars().collect();
        if !line.is_empty() && length(&line) + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        while word.len() > width {
            let rest = word.split_off(width);
            lines.push(word.into_iter().collect());
            word = rest;
        }
        line.extend(word);
    }
    lines.push(line);
    lines
}

/// Wrapped text after a lead; further lines stand under the text.
fn hanging(lead: &str, text: &str, width: usize) -> Vec<String> {
    let indent = " ".repeat(length(lead));
    let lines = wrap(text, width.saturating_sub(length(lead)));
    lines.iter().enumerate().map(|(i, l)| format!("{}{l}", if i == 0 { lead } else { &indent })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_cuts_nothing() {
        assert_eq!(wrap("Widowed, separated or divorced", 12), ["Widowed,", "separated or", "divorced"]);
        assert_eq!(wrap("blåbærsyltetøykrukke på bordet", 10), ["blåbærsylt", "etøykrukke", "på bordet"]);
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(hanging("[1] ", "one two three", 9), ["[1] one", "    two", "    three"]);
    }
}
