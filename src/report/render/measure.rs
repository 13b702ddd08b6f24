//! How wide the columns of a table are in print, measured in the font of the figures, which has the widths of Arial; and
//! which columns stand side by side where not all find room on a page.

use super::display;
use super::layout;
use crate::report::figure::text_width;
use crate::report::number::NumberStyle;
use crate::report::tables::{Column, DisplayTable, Row, RowKind, Value};

/// The widest that a column of words becomes, in times the size of its words.
const WIDEST: f64 = 17.0;
/// A longer word is broken where its column ends, in times the size of its words.
const LONGEST_WORD: f64 = 10.0;

/// Room for the words of a column, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Need {
    /// For its longest cell in one line.
    pub whole: f64,
    /// The same where words wrap, if they are longer than most columns are wide.
    pub wrapped: f64,
    /// For its longest word, or its longest number.
    pub least: f64,
}

/// What every column needs with words of so many points; rows of a group stand in by `indent` points.
pub(super) fn needs(table: &DisplayTable, style: &NumberStyle, points: f64, indent: f64) -> Vec<Need> {
    (0..table.columns.len()).map(|j| need(table, style, j, points, indent)).collect()
}

fn need(table: &DisplayTable, style: &NumberStyle, j: usize, points: f64, indent: f64) -> Need {
    let widest_word = |text: &str, bold| text.split(' ').map(|w| text_width(w, bold, points)).fold(0.0, f64::max);
    let head = widest_word(&table.columns[j].head, true).max(span_share(&table.columns, j, points));
    // The head of a group reaches over all columns.
    let rows = || table.rows.iter().filter(|row| row.kind != RowKind::Group);
    let aside = |row: &Row| {
        let marks = row.cells[j].marks.len() as f64 * 0.5 * points;
        marks + if j == 0 && row.kind == RowKind::Item { indent } else { 0.0 }
    };
    let text = |row: &Row| display(&row.cells[j].value, style);
    let whole = rows().map(|row| text_width(&text(row), false, points) + aside(row)).fold(0.0, f64::max);
    let word = |row: &Row| match &row.cells[j].value {
        Value::Text(words) => widest_word(words, false).min(LONGEST_WORD * points) + aside(row),
        _ => text_width(&text(row), false, points) + aside(row),
    };
    let wraps = layout::wraps(table, j);
    let least = if wraps { rows().map(word).fold(0.0, f64::max) } else { whole };
    let wrapped = if wraps { whole.min(WIDEST * points).max(least) } else { whole };
    Need { whole: whole.max(head), wrapped: wrapped.max(head), least: least.max(head) }
}

/// What a column gives to the longest word of the head that it stands under with others.
fn span_share(columns: &[Column], j: usize, points: f64) -> f64 {
    let Some(span) = &columns[j].span else { return 0.0 };
    let n = columns.iter().filter(|column| column.span.as_ref() == Some(span)).count();
    span.split(' ').map(|word| text_width(word, true, points)).fold(0.0, f64::max) / n as f64
}

/// The parts of a table whose columns, each as wide as `widths` says, do not find room side by side: one where they do.
/// Every part has the first column and the rows that say something in it.
pub(super) fn parts(table: &DisplayTable, widths: &[usize], room: usize) -> Vec<DisplayTable> {
    let parts = layout::parts(&table.columns, widths, 0, room);
    match parts.len() {
        1 => vec![table.clone()],
        _ => parts.iter().map(|columns| table.part(columns)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tables::{Cell, ColumnKind};

    /// A label, a count and six hazard ratios under the names of their models.
    fn table() -> DisplayTable {
        let mut columns =
            vec![Column::new("label", "", ColumnKind::Text), Column::new("n", "Persons", ColumnKind::Number)];
        columns.extend((0..6).map(|k| Column::new("hr", "HR", ColumnKind::Interval).under(&format!("Model {k}"))));
        let mut table = DisplayTable::new("levels", "Hazard ratios", &[], columns);
        let row = |label: &str, ratio: &Value| {
            let mut cells = vec![Cell::text(label), Cell::from(Value::Count(12_345))];
            cells.extend((0..6).map(|_| Cell::from(ratio.clone())));
            cells
        };
        table.push(RowKind::Plain, &[], row("Group", &Value::Empty));
        table.push(RowKind::Item, &[], row("Widowed, separated or divorced", &Value::Ratio(1.0, Some(0.9), Some(1.1))));
        table
    }

    #[test]
    fn words_wrap_and_numbers_do_not() {
        let needs = needs(&table(), &NumberStyle::ENGLISH, 7.0, 10.0);
        let word = text_width("separated", false, 7.0) + 10.0;
        assert!((needs[0].least - word).abs() < 1e-9 && needs[0].whole > 2.0 * word, "{:?}", needs[0]);
        let ratio = text_width("1.00 (0.90–1.10)", false, 7.0);
        assert_eq!(needs[2], Need { whole: ratio, wrapped: ratio, least: ratio });
    }

    #[test]
    fn models_that_find_no_room_go_on_in_a_part_of_their_own() {
        let table = table();
        assert_eq!(parts(&table, &[30; 8], 240).len(), 1);
        let parts = parts(&table, &[30; 8], 150);
        assert_eq!(parts.iter().map(|p| p.columns.len()).collect::<Vec<_>>(), [2, 5, 3]);
        // The group has a count of its own, and stays above its rows where it has nothing.
        assert_eq!(parts.iter().map(|p| p.rows.len()).collect::<Vec<_>>(), [2, 2, 2]);
    }
}
