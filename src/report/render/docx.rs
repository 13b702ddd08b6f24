//! A Word document: headings, running text, real tables of three lines whose heads repeat on every page, and figures.
//!
//! Tables that are too wide for an upright page stand on pages in landscape. Dates and paragraph numbers are fixed, so
//! that the same report gives the same bytes. What the writing crate does not know is set in the finished XML: rows
//! that repeat as heads, the title of the document, its styles, and the order of elements that Word's schema asks for. To the same end
//! the look of cells comes from styles of paragraphs.

mod package;
mod pictures;
mod sheet;
mod styles;

use super::layout::{self, letter};
use super::{display, display_remark};
use crate::report::Report;
use crate::report::figure::Figure;
use crate::report::number::NumberStyle;
use crate::report::tables::{self, Block, Cell, ColumnKind, DisplayTable, Remark, Row, RowKind};
use docx_rs::{
    BorderType, Docx, PageMargin, PageOrientationType, PageSize, Paragraph, Run, SectionProperty, TableBorder,
    TableBorderPosition, TableBorders, TableCell, TableCellBorder, TableCellBorderPosition, TableCellBorders,
    TableLayoutType, TableRow, VAlignType, VMergeType, VertAlignType, WidthType,
};
use sheet::{INDENT, Sheet};
use std::io::Cursor;

/// A4 and its margins in twentieths of a point.
const SHORT: u32 = 11906;
const LONG: u32 = 16838;
const MARGIN: u32 = 1134;
/// A row height that nothing else has: marks the rows that repeat as heads until the XML is finished.
const HEAD_MARK: &str = r#"<w:trHeight w:val="1" w:hRule="atLeast" />"#;

/// The report as a Word document.
pub fn document(report: &Report, style: &NumberStyle) -> Vec<u8> {
    let document = tables::document(report);
    let mut writer = Writer { docx: Docx::new(), n_paragraphs: 0, style, landscape: false, drawn: Vec::new() };
    writer.words("Title", &document.title);
    if report.disclosure.is_none() {
        writer.words("Normal", report.words().no_disclosure_control());
    }
    let (figures, figures_at) = super::figures(report, &document);
    let mut n_tables = 0;
    for (i, block) in document.blocks.iter().enumerate() {
        if i == figures_at {
            writer.figures(&figures);
        }
        match block {
            Block::Heading(text) => writer.heading(text, document.blocks.get(i + 1)),
            Block::Paragraph(text) => writer.words("Normal", text),
            Block::List(items) => items.iter().for_each(|item| writer.words("Normal", &format!("– {item}"))),
            Block::Table(table) => {
                n_tables += 1;
                writer.table(table, n_tables);
            }
        }
    }
    if figures_at == document.blocks.len() {
        writer.figures(&figures);
    }
    let software = format!("{} {}", report.software.name, report.software.version);
    writer.finish(&document.title, &software)
}

/// Sizes of the words of tables, in points.
const SIZES: [usize; 3] = [9, 8, 7];

/// Where the words of a cell stand.
#[derive(Clone, Copy)]
enum Side {
    Words,
    Number,
    Span,
}

impl Side {
    const ALL: [Side; 3] = [Side::Words, Side::Number, Side::Span];

    /// Words to the left, numbers to the right.
    fn of(table: &DisplayTable, j: usize) -> Side {
        if j == 0 || table.columns[j].kind == ColumnKind::Text { Side::Words } else { Side::Number }
    }

    fn name(self) -> &'static str {
        match self {
            Side::Words => "words",
            Side::Number => "number",
            Side::Span => "span",
        }
    }

    /// As Word calls it.
    fn justification(self) -> &'static str {
        match self {
            Side::Words => "left",
            Side::Number => "right",
            Side::Span => "center",
        }
    }

    /// The style of paragraphs of this side and size.
    fn style(self, points: usize) -> String {
        format!("Table{}{points}", self.name())
    }
}

struct Writer<'a> {
    docx: Docx,
    n_paragraphs: u32,
    style: &'a NumberStyle,
    /// Whether the pages being filled are in landscape.
    landscape: bool,
    /// The figures that stand in it so far.
    drawn: Vec<&'a Figure>,
}

impl<'a> Writer<'a> {
    /// A paragraph with a number of its own: the crate's numbers go on from document to document.
    fn paragraph(&mut self, style: &str) -> Paragraph {
        self.n_paragraphs += 1;
        Paragraph::new().id(format!("{:08x}", self.n_paragraphs)).style(style)
    }

    fn add(&mut self, paragraph: Paragraph) {
        let docx = std::mem::take(&mut self.docx);
        self.docx = docx.add_paragraph(paragraph);
    }

    fn words(&mut self, style: &str, text: &str) {
        self.turn(false);
        let paragraph = self.paragraph(style).add_run(Run::new().add_text(text));
        self.add(paragraph);
    }

    /// A heading stands on the page of the table that follows it.
    fn heading(&mut self, text: &str, next: Option<&Block>) {
        let landscape = matches!(next, Some(Block::Table(table)) if Sheet::of(table, self.style).landscape);
        self.turn(landscape);
        let paragraph = self.paragraph("Heading1").keep_next(true).add_run(Run::new().add_text(text));
        self.add(paragraph);
    }

    /// Goes on in portrait or in landscape: ends the pages so far where that is a change.
    fn turn(&mut self, landscape: bool) {
        if self.landscape != landscape {
            let end = self.paragraph("TableNote").section_property(pages(self.landscape));
            self.add(end);
            self.landscape = landscape;
        }
    }

    /// A table with what stands under it; where it fits on no page the parts of it, each under the number of the table.
    fn table(&mut self, table: &DisplayTable, number: usize) {
        for (i, (part, sheet)) in Sheet::parts(table, self.style).iter().enumerate() {
            if i > 0 {
                // Tables that touch become one.
                let space = self.paragraph("TableNote");
                self.add(space);
            }
            self.turn(sheet.landscape);
            self.caption(&table.title, number, i > 0);
            self.grid(part, sheet);
        }
        self.under(table);
    }

    fn caption(&mut self, title: &str, number: usize, goes_on: bool) {
        let w = self.style.language;
        let title = if goes_on { format!("{title} {}", w.continued()) } else { title.to_owned() };
        let caption = self
            .paragraph("Caption")
            .keep_next(true)
            .add_run(Run::new().bold().add_text(format!("{}. ", w.table_number(number))))
            .add_run(Run::new().add_text(title));
        self.add(caption);
    }

    /// Head and rows of a table.
    fn grid(&mut self, table: &DisplayTable, sheet: &Sheet) {
        let rows = self.head(table, sheet).into_iter().chain(self.body(table, sheet)).collect();
        let rule = |place| TableBorder::new(place).border_type(BorderType::Single).size(12);
        let borders = TableBorders::with_empty();
        let borders = borders.set(rule(TableBorderPosition::Top)).set(rule(TableBorderPosition::Bottom));
        let content = docx_rs::Table::without_borders(rows)
            .set_borders(borders)
            .set_grid(sheet.widths.clone())
            .width(sheet.widths.iter().sum(), WidthType::Dxa)
            .layout(TableLayoutType::Fixed);
        let docx = std::mem::take(&mut self.docx);
        self.docx = docx.add_table(content);
    }

    /// Footnotes and remarks; at least one paragraph, because tables that touch become one.
    fn under(&mut self, table: &DisplayTable) {
        for (i, text) in table.footnotes.iter().enumerate() {
            let note = self.paragraph("TableNote").add_run(raised(&letter(i + 1)));
            self.add(note.add_run(Run::new().add_text(format!(" {text}"))));
        }
        for remark in &table.remarks {
            let run = Run::new().add_text(display_remark(remark, self.style));
            let run = if matches!(remark, Remark::Warning(_)) { run.bold() } else { run };
            let note = self.paragraph("TableNote").add_run(run);
            self.add(note);
        }
        if table.footnotes.is_empty() && table.remarks.is_empty() {
            let space = self.paragraph("TableNote");
            self.add(space);
        }
    }

    fn head(&mut self, table: &DisplayTable, sheet: &Sheet) -> Vec<TableRow> {
        let lines = layout::head(&table.columns);
        let n_lines = lines.len();
        let mut rows = Vec::new();
        for line in 0..n_lines {
            let mut cells = Vec::new();
            let mut j = 0;
            while j < table.columns.len() {
                let own = lines[line].iter().find(|cell| cell.first == j);
                let columns = own.map_or(1, |cell| cell.columns);
                let is_span = line + 1 < n_lines && own.is_some_and(|cell| cell.lines == 1);
                let under_span = line > 0 && own.is_some();
                let side = if is_span { Side::Span } else { Side::of(table, j) };
                let text = own.map_or("", |cell| cell.text);
                let words = self.paragraph(&side.style(sheet.points)).keep_next(true);
                let words = words.add_run(Run::new().bold().add_text(text));
                let width = sheet.widths[j..j + columns].iter().sum();
                let mut cell = TableCell::new().add_paragraph(words).width(width, WidthType::Dxa);
                cell = cell.vertical_align(VAlignType::Bottom);
                if under_span || line + 1 == n_lines {
                    cell = cell.set_borders(head_rules(under_span, line + 1 == n_lines));
                }
                if columns > 1 {
                    cell = cell.grid_span(columns);
                }
                if own.is_none() {
                    cell = cell.vertical_merge(VMergeType::Continue);
                } else if own.is_some_and(|cell| cell.lines > 1) {
                    cell = cell.vertical_merge(VMergeType::Restart);
                }
                cells.push(cell);
                j += columns;
            }
            rows.push(TableRow::new(cells).cant_split().row_height(1.0));
        }
        rows
    }

    fn body(&mut self, table: &DisplayTable, sheet: &Sheet) -> Vec<TableRow> {
        table.rows.iter().map(|row| self.row(table, sheet, row)).collect()
    }

    fn row(&mut self, table: &DisplayTable, sheet: &Sheet, row: &Row) -> TableRow {
        if row.kind == RowKind::Group {
            let words = self.paragraph(&Side::Words.style(sheet.points)).keep_next(true);
            let words = self.filled(words, &row.cells[0], true);
            let width = sheet.widths.iter().sum();
            let cell = TableCell::new().add_paragraph(words).width(width, WidthType::Dxa);
            return TableRow::new(vec![cell.grid_span(table.columns.len())]).cant_split();
        }
        let mut cells = Vec::new();
        for (j, cell) in row.cells.iter().enumerate() {
            let mut words = self.paragraph(&Side::of(table, j).style(sheet.points));
            if j == 0 && row.kind == RowKind::Item {
                words = words.indent(Some(INDENT), None, None, None);
            }
            let words = self.filled(words, cell, false);
            cells.push(TableCell::new().add_paragraph(words).width(sheet.widths[j], WidthType::Dxa));
        }
        TableRow::new(cells).cant_split()
    }

    /// A cell's words and the letters of its footnotes.
    fn filled(&self, words: Paragraph, cell: &Cell, bold: bool) -> Paragraph {
        let run = Run::new().add_text(display(&cell.value, self.style));
        let words = words.add_run(if bold { run.bold() } else { run });
        match cell.marks.is_empty() {
            true => words,
            false => {
                let letters: Vec<String> = cell.marks.iter().map(|m| letter(*m)).collect();
                words.add_run(raised(&letters.join(",")))
            }
        }
    }

    /// All figures, under a heading.
    fn figures(&mut self, figures: &'a [Figure]) {
        if figures.is_empty() {
            return;
        }
        self.heading(self.style.language.figures(), None);
        let pictures = pictures::pictures(figures);
        for (i, (figure, picture)) in figures.iter().zip(pictures).enumerate() {
            self.figure(figure, picture, i + 1);
        }
    }

    /// The finished file.
    fn finish(self, title: &str, software: &str) -> Vec<u8> {
        let margin = MARGIN as i32;
        let margins = PageMargin::new().top(margin).bottom(margin).left(margin).right(margin).header(567).footer(567);
        let (width, height) = if self.landscape { (LONG, SHORT) } else { (SHORT, LONG) };
        let mut docx = self.docx.page_size(width, height).page_margin(margins);
        if self.landscape {
            docx = docx.page_orient(PageOrientationType::Landscape);
        }
        let mut parts = docx.build();
        let replaced = |bytes: &[u8], pairs: &[(&str, &str)]| {
            let text = String::from_utf8(bytes.to_vec()).expect("the parts of the document are UTF-8");
            pairs.iter().fold(text, |text, (from, to)| text.replace(from, to)).into_bytes()
        };
        let document = replaced(
            &parts.document,
            &[
                (HEAD_MARK, "<w:tblHeader />"),
                // An empty look of runs stands in the wrong place; a column of the grid has no unit.
                ("<w:pPr><w:rPr />", "<w:pPr>"),
                (r#" w:type="dxa" /><w:gridCol"#, " /><w:gridCol"),
                (r#" w:type="dxa" /></w:tblGrid>"#, " /></w:tblGrid>"),
            ],
        );
        let document = merges_first(&String::from_utf8(document).expect("it was UTF-8"));
        parts.document = pictures::described(&document, &self.drawn).into_bytes();
        parts.styles = styles::xml(self.style.language).into_bytes();
        let (tab, zoom) = (r#"<w:defaultTabStop w:val="840" />"#, r#"<w:zoom w:percent="100" />"#);
        let (theirs, ours) = (format!("{tab}{zoom}"), format!("{zoom}{tab}"));
        parts.settings = replaced(&parts.settings, &[(&theirs, &ours)]);
        let author = format!("<dc:creator>{}</dc:creator><dc:title>{}</dc:title>", escaped(software), escaped(title));
        let modifier = format!("<cp:lastModifiedBy>{}<", escaped(software));
        parts.doc_props.core = replaced(
            &parts.doc_props.core,
            &[("<dc:creator>unknown</dc:creator>", &author), ("<cp:lastModifiedBy>unknown<", &modifier)],
        );
        let mut file = Cursor::new(Vec::new());
        parts.pack(&mut file).expect("writing to memory does not fail");
        package::compressed(&file.into_inner())
    }
}

/// A text in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A cell says that it continues another one before it says what its rules are.
fn merges_first(document: &str) -> String {
    let mut pieces = document.split("<w:tcBorders>");
    let mut out = pieces.next().unwrap_or("").to_owned();
    for piece in pieces {
        let (borders, rest) = piece.split_once("</w:tcBorders>").expect("the rules end");
        let end = if rest.starts_with("<w:vMerge") { rest.find("/>").map_or(0, |at| at + 2) } else { 0 };
        let (merge, rest) = rest.split_at(end);
        out.push_str(&format!("{merge}<w:tcBorders>{borders}</w:tcBorders>{rest}"));
    }
    out
}

/// The pages of a section.
fn pages(landscape: bool) -> SectionProperty {
    let margin = MARGIN as i32;
    let margins = PageMargin::new().top(margin).bottom(margin).left(margin).right(margin).header(567).footer(567);
    let size = match landscape {
        true => PageSize::new().size(LONG, SHORT).orient(PageOrientationType::Landscape),
        false => PageSize::new().size(SHORT, LONG),
    };
    SectionProperty::new().page_size(size).page_margin(margins)
}

fn raised(letters: &str) -> Run {
    let mut run = Run::new().add_text(letters);
    run.run_property = run.run_property.vert_align(VertAlignType::SuperScript);
    run
}

/// The light rules of a cell of the head: under a head over several columns, and between head and rows.
fn head_rules(above: bool, below: bool) -> TableCellBorders {
    let rule = |place| TableCellBorder::new(place).border_type(BorderType::Single).size(6);
    let mut borders = TableCellBorders::with_empty();
    if above {
        borders = borders.set(rule(TableCellBorderPosition::Top));
    }
    if below {
        borders = borders.set(rule(TableCellBorderPosition::Bottom));
    }
    borders
}
