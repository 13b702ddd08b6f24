//! A workbook: a sheet per table, and before them a contents sheet with the words of the report.
//!
//! Numbers are numbers, at full precision, with a format that shows them as the other formats do; an interval is three
//! columns, a test too. Where a column holds several statistics, as that of a model, each number has a row. The date of
//! the file is fixed, so that the same report gives the same bytes.

mod cells;
mod sheet;

use super::layout::length;
use crate::report::Report;
use crate::report::number::NumberStyle;
use crate::report::tables::{self, Block, Document};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Url, Workbook, Worksheet, XlsxError};

/// Width of the contents sheet's first column, in characters; longer words wrap.
const PAGE: usize = 110;

/// The report as a workbook.
pub fn workbook(report: &Report, style: &NumberStyle) -> Vec<u8> {
    let document = tables::document(report);
    // What a sheet refuses are names, places and texts beyond its limits, and none is: names are numbered, and a text
    // that is too long for a cell is cut into several.
    build(report, &document, style).expect("the sheets are within the limits of the format")
}

fn build(report: &Report, document: &Document, style: &NumberStyle) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let software = format!("{} {}", report.software.name, report.software.version);
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let properties = DocProperties::new().set_title(&document.title).set_author(software).set_creation_datetime(&made);
    workbook.set_properties(&properties);
    contents(workbook.add_worksheet(), report, document)?;
    let tables = document.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some(table),
        _ => None,
    });
    for (i, table) in tables.enumerate() {
        sheet::write(workbook.add_worksheet(), table, i + 1, style)?;
    }
    workbook.save_to_buffer()
}

/// Title, disclosure, the words of the report, and where its tables are.
fn contents(sheet: &mut Worksheet, report: &Report, document: &Document) -> Result<(), XlsxError> {
    let w = report.words();
    let title = Format::new().set_bold().set_font_size(14);
    let heading = Format::new().set_bold();
    sheet.set_name(w.contents())?.set_column_width(0, PAGE as f64)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    sheet.write_string_with_format(0, 0, &document.title, &title)?;
    let mut row = 1;
    if report.disclosure.is_none() {
        row = words(sheet, row, w.no_disclosure_control())?;
    }
    let mut n_tables = 0;
    for block in &document.blocks {
        match block {
            Block::Heading(text) => {
                sheet.write_string_with_format(row + 1, 0, text, &heading)?;
                row += 2;
            }
            Block::Paragraph(text) => row = words(sheet, row, text)?,
            Block::List(items) => {
                for item in items {
                    row = words(sheet, row, &format!("– {item}"))?;
                }
            }
            Block::Table(table) => {
                n_tables += 1;
                let link = Url::new(format!("internal:'{}'!A1", w.table_number(n_tables)));
                sheet.write_url_with_text(row, 0, link, format!("{}. {}", w.table_number(n_tables), table.title))?;
                row += 1;
            }
        }
    }
    Ok(())
}

/// Running text from `row` on; returns the next free row. A row is at most 409 points high, so a long text is several.
fn words(sheet: &mut Worksheet, mut row: u32, text: &str) -> Result<u32, XlsxError> {
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    for piece in pieces(text, 15 * PAGE) {
        let lines = length(&piece).div_ceil(PAGE - 10);
        sheet.set_row_height(row, 15.0 * lines as f64)?;
        sheet.write_string_with_format(row, 0, &piece, &wrapped)?;
        row += 1;
    }
    Ok(row)
}

/// The text in pieces of at most `longest` characters, cut at spaces.
fn pieces(text: &str, longest: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for word in text.split(' ') {
        let piece = pieces.last_mut().expect("there is a first piece");
        match length(piece) + 1 + length(word) > longest && !piece.is_empty() {
            true => pieces.push(word.to_owned()),
            false if piece.is_empty() => piece.push_str(word),
            false => {
                piece.push(' ');
                piece.push_str(word);
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_spaces_only() {
        assert_eq!(pieces("one two three four", 9), ["one two", "three", "four"]);
        assert_eq!(pieces("unbreakable", 4), ["unbreakable"]);
        assert_eq!(pieces("", 4), [""]);
    }
}
