//! How a table fits on a page of the Word document: upright or landscape, the size of its words, the width of its columns.
//!
//! Widths are those of the words in Arial, which has the widths of the font that figures bring.

use super::super::display;
use super::super::layout;
use super::{LONG, MARGIN, SHORT};
use crate::report::figure::text_width;
use crate::report::number::NumberStyle;
use crate::report::tables::{DisplayTable, Row, RowKind};

/// Room around the words of a cell, its margins included, in twentieths of a point.
const PADDING: usize = 250;
/// How far a row of a group stands in.
pub(super) const INDENT: i32 = 200;
/// The widest that a column of words becomes, in times the size of its words.
const WIDEST: f64 = 17.0;

/// How a table fits on its page.
pub(super) struct Sheet {
    pub landscape: bool,
    /// Size of its words, of [`super::SIZES`].
    pub points: usize,
    /// Width of its columns, in twentieths of a point.
    pub widths: Vec<usize>,
}

impl Sheet {
    /// Upright with words of 9 points if it fits, then landscape, then smaller; in the end columns of words wrap more.
    pub fn of(table: &DisplayTable, style: &NumberStyle) -> Sheet {
        let wraps: Vec<bool> = (0..table.columns.len()).map(|j| layout::wraps(table, j)).collect();
        let room = |landscape: bool| (if landscape { LONG } else { SHORT } - 2 * MARGIN) as usize;
        for (landscape, points) in [(false, 9), (false, 8), (true, 9), (true, 8), (true, 7)] {
            let widths = columns(table, style, &wraps, points);
            if widths.iter().sum::<usize>() <= room(landscape) {
                let whole = columns(table, style, &vec![false; wraps.len()], points);
                return Sheet { landscape, points, widths: filled(&widths, &whole, room(landscape)) };
            }
        }
        let widths = layout::squeeze(&columns(table, style, &wraps, 7), &wraps, room(true));
        Sheet { landscape: true, points: 7, widths }
    }
}

/// Columns of words take what room is left, from the first one on, up to what they need not to wrap.
fn filled(widths: &[usize], whole: &[usize], room: usize) -> Vec<usize> {
    let mut left = room.saturating_sub(widths.iter().sum());
    let one = |(width, whole): (&usize, &usize)| {
        let more = whole.saturating_sub(*width).min(left);
        left -= more;
        width + more
    };
    widths.iter().zip(whole).map(one).collect()
}

/// What every column wants with words of so many points: room for its longest cell and for the longest word of its head.
fn columns(table: &DisplayTable, style: &NumberStyle, wraps: &[bool], points: usize) -> Vec<usize> {
    let size = points as f64;
    let cell = |row: &Row, j: usize| {
        let own = &row.cells[j];
        let marks = own.marks.len() as f64 * 0.5 * size;
        let indent = if j == 0 && row.kind == RowKind::Item { f64::from(INDENT) / 20.0 } else { 0.0 };
        text_width(&display(&own.value, style), false, size) + marks + indent
    };
    let width = |j: usize| {
        // The head of a group reaches over all columns.
        let rows = table.rows.iter().filter(|row| row.kind != RowKind::Group);
        let cells = rows.map(|row| cell(row, j)).fold(0.0, f64::max);
        let head = table.columns[j].head.split(' ').map(|word| text_width(word, true, size)).fold(0.0, f64::max);
        let wanted = if wraps[j] { cells.min(WIDEST * size) } else { cells };
        (20.0 * wanted.max(head)).ceil() as usize + PADDING
    };
    (0..table.columns.len()).map(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_take_the_room_that_is_left() {
        assert_eq!(filled(&[100, 50, 80], &[160, 50, 200], 300), [160, 50, 90]);
        assert_eq!(filled(&[100, 50], &[100, 50], 300), [100, 50]);
    }
}
