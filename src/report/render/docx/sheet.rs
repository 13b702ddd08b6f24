//! How a table fits on a page of the Word document: upright or landscape, the size of its words, the width of its columns;
//! in parts where it fits on none.

use super::super::{layout, measure};
use super::{LONG, MARGIN, SHORT};
use crate::report::number::NumberStyle;
use crate::report::tables::DisplayTable;
use measure::Need;

/// Room around the words of a cell, its margins included, in twentieths of a point.
const PADDING: usize = 250;
/// How far a row of a group stands in, in twentieths of a point.
pub(super) const INDENT: i32 = 200;
/// Size of the words of tables that fit on no page with larger ones.
const SMALLEST: usize = 7;

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
        for (landscape, points) in [(false, 9), (false, 8), (true, 9), (true, 8), (true, SMALLEST)] {
            let needs = needs(table, style, points);
            let widths = twips(&needs, |need| need.wrapped);
            if widths.iter().sum::<usize>() <= room(landscape) {
                let whole = twips(&needs, |need| need.whole);
                return Sheet { landscape, points, widths: filled(&widths, &whole, room(landscape)) };
            }
        }
        Sheet::smallest(table, style)
    }

    /// In landscape with the smallest words.
    fn smallest(table: &DisplayTable, style: &NumberStyle) -> Sheet {
        let needs = needs(table, style, SMALLEST);
        let (widths, least) = (twips(&needs, |need| need.wrapped), twips(&needs, |need| need.least));
        let widths = match widths.iter().sum::<usize>() <= room(true) {
            true => filled(&widths, &twips(&needs, |need| need.whole), room(true)),
            false => layout::squeeze(&widths, &least, room(true)),
        };
        Sheet { landscape: true, points: SMALLEST, widths }
    }

    /// The table with its sheet; where it fits on no page the parts of it, each with the sheet of its own.
    pub fn parts(table: &DisplayTable, style: &NumberStyle) -> Vec<(DisplayTable, Sheet)> {
        let needs = needs(table, style, SMALLEST);
        let parts = match twips(&needs, |need| need.least).iter().sum::<usize>() <= room(true) {
            true => Vec::new(),
            false => measure::parts(table, &twips(&needs, |need| need.wrapped), room(true)),
        };
        if parts.len() < 2 {
            return vec![(table.clone(), Sheet::of(table, style))];
        }
        let with_sheet = |part: DisplayTable| {
            let sheet = Sheet::smallest(&part, style);
            (part, sheet)
        };
        parts.into_iter().map(with_sheet).collect()
    }
}

/// Width of the page between its margins, in twentieths of a point.
fn room(landscape: bool) -> usize {
    (if landscape { LONG } else { SHORT } - 2 * MARGIN) as usize
}

fn needs(table: &DisplayTable, style: &NumberStyle, points: usize) -> Vec<Need> {
    measure::needs(table, style, points as f64, f64::from(INDENT) / 20.0)
}

/// Widths of columns in twentieths of a point.
fn twips(needs: &[Need], width: impl Fn(&Need) -> f64) -> Vec<usize> {
    needs.iter().map(|need| (20.0 * width(need)).ceil() as usize + PADDING).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_take_the_room_that_is_left() {
        assert_eq!(filled(&[100, 50, 80], &[160, 50, 200], 300), [160, 50, 90]);
        assert_eq!(filled(&[100, 50], &[100, 50], 300), [100, 50]);
    }
}
