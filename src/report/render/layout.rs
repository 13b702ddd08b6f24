//! What the formats with real tables share: heads over several columns, marks of footnotes, widths.

use super::display;
use crate::report::number::NumberStyle;
use crate::report::tables::{Column, ColumnKind, DisplayTable, Row, RowKind, Value};

/// A cell of the head of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeadCell<'a> {
    /// What it says; may be empty.
    pub text: &'a str,
    /// The first column that it heads.
    pub first: usize,
    /// How many columns it heads.
    pub columns: usize,
    /// How many lines of the head it takes: two where a column has no span beside others that have one.
    pub lines: usize,
}

/// The lines of a table's head, the common heads first; one line when no column has a span.
pub(super) fn head(columns: &[Column]) -> Vec<Vec<HeadCell<'_>>> {
    let own = |j: usize, lines: usize| HeadCell { text: &columns[j].head, first: j, columns: 1, lines };
    if columns.iter().all(|c| c.span.is_none()) {
        return vec![(0..columns.len()).map(|j| own(j, 1)).collect()];
    }
    let mut upper = Vec::new();
    let mut lower = Vec::new();
    let mut first = 0;
    while first < columns.len() {
        let Some(span) = &columns[first].span else {
            upper.push(own(first, 2));
            first += 1;
            continue;
        };
        let n = columns[first..].iter().take_while(|c| c.span.as_ref() == Some(span)).count();
        upper.push(HeadCell { text: span, first, columns: n, lines: 1 });
        lower.extend((first..first + n).map(|j| own(j, 1)));
        first += n;
    }
    vec![upper, lower]
}

/// The letter of a footnote: a to z, aa and on. Letters, because a raised number after a number reads as a power.
pub(super) fn letter(mark: usize) -> String {
    let mut rest = mark;
    let mut letters = Vec::new();
    while rest > 0 {
        rest -= 1;
        letters.push((b'a' + (rest % 26) as u8) as char);
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// The number of characters that each column wants: its longest cell, and the longest word of its head. Text columns
/// want no more than `widest`, because words wrap.
pub(super) fn widths(table: &DisplayTable, style: &NumberStyle, widest: usize) -> Vec<usize> {
    let cell = |i: usize, j: usize| {
        let cell = &table.rows[i].cells[j];
        length(&display(&cell.value, style)) + cell.marks.len()
    };
    let width = |(j, column): (usize, &Column)| {
        let rows = (0..table.rows.len()).filter(|&i| j == 0 || table.rows[i].kind != RowKind::Group);
        let cells = rows.map(|i| cell(i, j)).max().unwrap_or(0);
        let head = column.head.split(' ').map(length).max().unwrap_or(0);
        let width = cells.max(head).max(1);
        if wraps(table, j) { width.min(widest.max(head)) } else { width }
    };
    table.columns.iter().enumerate().map(width).collect()
}

/// Number of characters of the longest word of a column, or of its longest number.
pub(super) fn longest_word(table: &DisplayTable, style: &NumberStyle, j: usize) -> usize {
    let word = |text: &str| text.split(' ').map(length).max().unwrap_or(0);
    let rows = table.rows.iter().filter(|row| row.kind != RowKind::Group);
    let cell = |row: &Row| match &row.cells[j].value {
        Value::Text(text) => word(text),
        value => length(&display(value, style)),
    };
    rows.map(cell).max().unwrap_or(0).max(word(&table.columns[j].head))
}

/// Whether the words of a column may wrap: labels, columns of words, and columns of statistics where one is words.
pub(super) fn wraps(table: &DisplayTable, j: usize) -> bool {
    let sentence = |row: &Row| matches!(&row.cells[j].value, Value::Text(text) if text.contains(' '));
    j == 0 || table.columns[j].kind == ColumnKind::Text || table.rows.iter().any(sentence)
}

/// Widths that fit into `room`: columns give way towards their `least`; where that is not enough, all shrink alike.
pub(super) fn squeeze(widths: &[usize], least: &[usize], room: usize) -> Vec<usize> {
    let excess = widths.iter().sum::<usize>().saturating_sub(room);
    let give = |(width, least): (&usize, &usize)| width.saturating_sub(*least);
    let yielding: usize = widths.iter().zip(least).map(give).sum();
    let share = if yielding == 0 { 0.0 } else { (excess as f64 / yielding as f64).min(1.0) };
    let one = |pair: (&usize, &usize)| pair.0 - (give(pair) as f64 * share).ceil() as usize;
    let mut squeezed: Vec<usize> = widths.iter().zip(least).map(one).collect();
    let total: usize = squeezed.iter().sum();
    if total > room {
        squeezed.iter_mut().for_each(|width| *width = *width * room / total);
    }
    squeezed
}

/// Columns side by side: as many as fit into `room`, with a `gap` between them, spans together, the first column in each
/// part. Where not all fit, the columns under spans begin a part of their own, so that models stand side by side.
pub(super) fn parts(columns: &[Column], widths: &[usize], gap: usize, room: usize) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = vec![vec![0]];
    let mut used = widths[0];
    let too_wide = widths.iter().sum::<usize>() + gap * (widths.len() - 1) > room;
    let mut j = 1;
    while j < columns.len() {
        let mut end = j + 1;
        while end < columns.len() && columns[j].span.is_some() && columns[end].span == columns[j].span {
            end += 1;
        }
        let need = |from: usize, to: usize| (from..to).map(|k| gap + widths[k]).sum::<usize>();
        if widths[0] + need(j, end) > room {
            end = j + 1; // The span alone is too wide: its columns go one by one.
        }
        let spans_begin = columns[j].span.is_some() && columns[j - 1].span.is_none();
        if (used + need(j, end) > room || (too_wide && spans_begin)) && parts.last().is_some_and(|p| p.len() > 1) {
            parts.push(vec![0]);
            used = widths[0];
        }
        used += need(j, end);
        parts.last_mut().expect("there is a first part").extend(j..end);
        j = end;
    }
    parts
}

/// Number of characters.
pub(super) fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_reach_over_their_columns() {
        let column = |head: &str| Column::new("key", head, ColumnKind::Number);
        let columns =
            [column("N"), column("HR").under("Crude"), column("P").under("Crude"), column("HR").under("Adjusted")];
        let head = head(&columns);
        let upper: Vec<_> = head[0].iter().map(|c| (c.text, c.first, c.columns, c.lines)).collect();
        assert_eq!(upper, [("N", 0, 1, 2), ("Crude", 1, 2, 1), ("Adjusted", 3, 1, 1)]);
        assert_eq!(head[1].iter().map(|c| c.first).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn footnotes_have_letters() {
        assert_eq!([1, 2, 26, 27, 52, 53, 702, 703].map(letter), ["a", "b", "z", "aa", "az", "ba", "zz", "aaa"]);
    }
}
