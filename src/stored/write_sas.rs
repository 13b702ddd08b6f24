//! A sheet as SAS `.sas7bdat`: uncompressed, little-endian, 64 bits, UTF-8.
//!
//! A file is a header of 8192 bytes and pages of one size. The first pages describe the rows in pieces ("subheaders"), each with a
//! pointer at the head of its page and its bytes at the end; the others hold rows of a fixed length one after the other.
//! A number has 8 bytes, a text the bytes of the longest of its column, filled up with blanks.
//!
//! SAS publishes no description. Source of the layout: M. S. Shotwell, "SAS7BDAT Database Binary Format" (2013),
//! <https://cran.r-project.org/package=sas7bdat>, its vignette; and files that SAS wrote. What is written here is read by the
//! crate `sas7bdat`, ReadStat (R's haven, pyreadstat) and pandas, which know of each other's findings but are separate
//! programs. **SAS itself was never asked**, so these files are for rehearsals, not for delivery to somebody who has SAS.

use super::sheet::{Sheet, SheetCell, SheetColumn, SheetValues, WriteError};
use super::temporal::FROM_1960;
use std::collections::HashSet;
use std::io::{BufWriter, Write};

const HEADER: usize = 8192;
const PAGE_HEADER: usize = 40;
const POINTER: usize = 24;
/// Pages are at least as large, as SAS makes them, and twice and twice again until a row fits.
const SMALLEST_PAGE: usize = 65_536;
const LONGEST_TEXT: usize = 32_767;
const LONGEST_NAME: usize = 32;
const LONGEST_LABEL: usize = 256;
/// Texts of one piece of names; what points at them has 16 bits.
const LONGEST_PIECE: usize = 30_000;
/// Columns described by one piece of names or attributes.
const COLUMNS_OF_A_PIECE: usize = 2_000;
/// The missing value `.`: the third byte of a NaN turned over is its kind.
const MISSING: u64 = 0xFFFF_FE00_0000_0000;

/// The first 32 bytes of every file.
const MAGIC: [u8; 32] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC2, 0xEA, 0x81, 0x60, 0xB3, 0x14, 0x11, 0xCF, 0xBD, 0x92, 0x08, 0, 0x09,
    0xC7, 0x31, 0x8C, 0x18, 0x1F, 0x10, 0x11,
];

// Signatures of the pieces.
const ROW_SIZE: u64 = 0xF7F7_F7F7;
const COLUMN_SIZE: u64 = 0xF6F6_F6F6;
const TEXTS: u64 = 0xFFFF_FFFF_FFFF_FFFD;
const NAMES: u64 = 0xFFFF_FFFF_FFFF_FFFF;
const ATTRIBUTES: u64 = 0xFFFF_FFFF_FFFF_FFFC;
const FORMAT: u64 = 0xFFFF_FFFF_FFFF_FBFE;

// Kinds of pages and pieces.
const DESCRIPTION_PAGE: u16 = 0x0000;
const DATA_PAGE: u16 = 0x0100;
const PLAIN: u8 = 0;
const WITH_LENGTH: u8 = 1;

pub(super) fn write<W: Write>(sheet: &Sheet, out: W) -> Result<(), WriteError> {
    check(sheet)?;
    let layout = Layout::of(sheet);
    let pages = description_pages(&pieces(sheet, &layout), layout.page);
    let rows_of_page = (layout.page - PAGE_HEADER) / layout.row;
    let n_pages = pages.len() + sheet.n_rows().div_ceil(rows_of_page);
    let mut out = BufWriter::new(out);
    out.write_all(&header(layout.page, n_pages))?;
    for page in &pages {
        out.write_all(page)?;
    }
    for first in (0..sheet.n_rows()).step_by(rows_of_page) {
        let rows = first..sheet.n_rows().min(first + rows_of_page);
        out.write_all(&data_page(sheet, &layout, rows))?;
    }
    out.flush()?;
    Ok(())
}

fn check(sheet: &Sheet) -> Result<(), WriteError> {
    let mut seen = HashSet::new();
    for column in &sheet.columns {
        let name = &column.name;
        if name.trim().is_empty() || name.len() > LONGEST_NAME {
            return Err(column.fault("SAS allows 1 to 32 bytes in a name", "rename it"));
        }
        if !seen.insert(name.to_lowercase()) {
            return Err(column.fault("another column has this name but for case", "rename one of them"));
        }
        if column.text_width().is_some_and(|width| width > LONGEST_TEXT) {
            return Err(column.fault("a text is longer than 32,767 bytes", "shorten it, or write another format"));
        }
        if !column.value_labels.is_empty() {
            let remedy = "leave them out; SAS keeps them in a catalogue beside the file";
            return Err(column.fault("a SAS file holds no value labels", remedy));
        }
    }
    Ok(())
}

/// Where cells lie in a row, and how large rows and pages are, in bytes.
struct Layout {
    /// Start and width of every column: numbers first, so that each lies at a multiple of 8.
    cells: Vec<(usize, usize)>,
    row: usize,
    page: usize,
}

impl Layout {
    fn of(sheet: &Sheet) -> Layout {
        let widths: Vec<usize> = sheet.columns.iter().map(|c| c.text_width().unwrap_or(8)).collect();
        let is_text = |at: &usize| sheet.columns[*at].values.is_text();
        let (texts, numbers): (Vec<usize>, Vec<usize>) = (0..widths.len()).partition(is_text);
        let mut cells = vec![(0, 0); widths.len()];
        let mut end = 0;
        for at in numbers.iter().chain(&texts).copied() {
            cells[at] = (end, widths[at]);
            end += widths[at];
        }
        let row = if numbers.is_empty() { end } else { end.next_multiple_of(8) };
        Layout { cells, row, page: (row + PAGE_HEADER).next_power_of_two().max(SMALLEST_PAGE) }
    }
}

/// Bytes with numbers put in at their places.
struct Piece {
    bytes: Vec<u8>,
    kind: u8,
}

impl Piece {
    fn new(signature: u64, length: usize, kind: u8) -> Piece {
        let mut piece = Piece { bytes: vec![0; length], kind };
        piece.put(0, &signature.to_le_bytes());
        if kind == WITH_LENGTH {
            // What follows this number, but for the filling at the end.
            piece.put(8, &((length - 20) as u16).to_le_bytes());
        }
        piece
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// Where a text stands: the piece of texts, the place in it after its signature, its bytes.
#[derive(Debug, Clone, Copy, Default)]
struct TextPlace([u16; 3]);

impl TextPlace {
    fn bytes(self) -> [u8; 6] {
        let [piece, start, length] = self.0.map(u16::to_le_bytes);
        [piece[0], piece[1], start[0], start[1], length[0], length[1]]
    }
}

/// Names, labels and formats, one after the other in as many pieces as they take.
#[derive(Default)]
struct TextPieces {
    pieces: Vec<Vec<u8>>,
}

impl TextPieces {
    /// Before the texts of a piece lie its length and the names of what made and compressed the file: none here.
    const HEAD: usize = 28;

    fn add(&mut self, text: &str) -> TextPlace {
        if text.is_empty() {
            return TextPlace::default();
        }
        if self.pieces.last().is_none_or(|piece| piece.len() + text.len() > LONGEST_PIECE) {
            let mut head = vec![0; TextPieces::HEAD];
            head[12..20].fill(b' ');
            self.pieces.push(head);
        }
        let number = self.pieces.len() - 1;
        let piece = &mut self.pieces[number];
        let place = TextPlace([number as u16, piece.len() as u16, text.len() as u16]);
        piece.extend(text.as_bytes());
        piece.resize(piece.len().next_multiple_of(4), 0);
        place
    }

    fn into_pieces(self) -> Vec<Piece> {
        let piece = |texts: Vec<u8>| {
            let mut piece = Piece::new(TEXTS, 8 + texts.len() + 12, WITH_LENGTH);
            piece.put(8 + 8, &texts[8..]);
            piece
        };
        self.pieces.into_iter().map(piece).collect()
    }
}

/// The format and its width: how SAS shows a column, and so what kind of number it is.
fn format(column: &SheetColumn) -> (&'static str, u16) {
    match &column.values {
        SheetValues::Day(_) => ("DATE", 9),
        SheetValues::Month(_) => ("MONYY", 7),
        _ => ("", 0),
    }
}

/// A label cut between letters.
fn label(text: &str) -> &str {
    let end = (0..=LONGEST_LABEL.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}

/// All that describes the rows, in the order of SAS.
fn pieces(sheet: &Sheet, layout: &Layout) -> Vec<Piece> {
    let mut texts = TextPieces::default();
    let names: Vec<TextPlace> = sheet.columns.iter().map(|c| texts.add(&c.name)).collect();
    let file_label = texts.add(label(&sheet.label));
    let formats: Vec<Piece> = sheet.columns.iter().map(|c| format_piece(c, &mut texts)).collect();
    let mut all = vec![row_size(sheet, layout, file_label), column_size(sheet)];
    all.extend(texts.into_pieces());
    all.extend(names.chunks(COLUMNS_OF_A_PIECE).map(name_piece));
    let columns: Vec<(&SheetColumn, (usize, usize))> = sheet.columns.iter().zip(layout.cells.iter().copied()).collect();
    all.extend(columns.chunks(COLUMNS_OF_A_PIECE).map(attribute_piece));
    all.extend(formats);
    all
}

fn row_size(sheet: &Sheet, layout: &Layout, file_label: TextPlace) -> Piece {
    let mut piece = Piece::new(ROW_SIZE, 808, PLAIN);
    let mut number = |at: usize, value: usize| piece.put(at, &(value as u64).to_le_bytes());
    number(40, layout.row);
    number(48, sheet.n_rows());
    number(72, sheet.columns.len());
    number(104, layout.page);
    piece.put(128, &[0xFF; 16]);
    piece.put(808 - 130, &file_label.bytes());
    piece
}

fn column_size(sheet: &Sheet) -> Piece {
    let mut piece = Piece::new(COLUMN_SIZE, 24, PLAIN);
    piece.put(8, &(sheet.columns.len() as u64).to_le_bytes());
    piece
}

fn name_piece(names: &[TextPlace]) -> Piece {
    let mut piece = Piece::new(NAMES, 28 + 8 * names.len(), WITH_LENGTH);
    for (number, name) in names.iter().enumerate() {
        piece.put(16 + 8 * number, &name.bytes());
    }
    piece
}

fn attribute_piece(columns: &[(&SheetColumn, (usize, usize))]) -> Piece {
    let mut piece = Piece::new(ATTRIBUTES, 28 + 16 * columns.len(), WITH_LENGTH);
    for (number, (column, (start, width))) in columns.iter().enumerate() {
        let at = 16 + 16 * number;
        piece.put(at, &(*start as u64).to_le_bytes());
        piece.put(at + 8, &(*width as u32).to_le_bytes());
        let name: u16 = if column.name.len() <= 8 { 0x0400 } else { 0x0800 };
        piece.put(at + 12, &name.to_le_bytes());
        let kind: u16 = if column.values.is_text() { 2 } else { 1 };
        piece.put(at + 14, &kind.to_le_bytes());
    }
    piece
}

fn format_piece(column: &SheetColumn, texts: &mut TextPieces) -> Piece {
    let mut piece = Piece::new(FORMAT, 64, PLAIN);
    let (name, width) = format(column);
    piece.put(24, &width.to_le_bytes());
    piece.put(46, &texts.add(name).bytes());
    piece.put(52, &texts.add(label(&column.label)).bytes());
    piece
}

/// Pages of pieces: pointers from the front, bytes from the end.
fn description_pages(pieces: &[Piece], size: usize) -> Vec<Vec<u8>> {
    let mut pages = Vec::new();
    let mut rest = pieces;
    while !rest.is_empty() {
        let mut page = vec![0; size];
        let (mut front, mut back, mut n) = (PAGE_HEADER, size, 0_u16);
        while let Some((piece, others)) = rest.split_first() {
            if front + POINTER + piece.bytes.len() + 4 > back {
                break;
            }
            let start = (back - piece.bytes.len()) / 4 * 4;
            page[start..start + piece.bytes.len()].copy_from_slice(&piece.bytes);
            page[front..front + 8].copy_from_slice(&(start as u64).to_le_bytes());
            page[front + 8..front + 16].copy_from_slice(&(piece.bytes.len() as u64).to_le_bytes());
            page[front + 17] = piece.kind;
            (front, back, n, rest) = (front + POINTER, start, n + 1, others);
        }
        page_header(&mut page, DESCRIPTION_PAGE, n, n);
        pages.push(page);
    }
    pages
}

fn page_header(page: &mut [u8], kind: u16, blocks: u16, pieces: u16) {
    for (at, number) in [(32, kind), (34, blocks), (36, pieces)] {
        page[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
}

fn data_page(sheet: &Sheet, layout: &Layout, rows: std::ops::Range<usize>) -> Vec<u8> {
    let mut page = vec![0; layout.page];
    page_header(&mut page, DATA_PAGE, rows.len() as u16, 0);
    for (bytes, row) in page[PAGE_HEADER..].chunks_exact_mut(layout.row).zip(rows) {
        for (column, &(start, width)) in sheet.columns.iter().zip(&layout.cells) {
            put_cell(column.values.cell(row), &mut bytes[start..start + width]);
        }
    }
    page
}

fn put_cell(cell: SheetCell, bytes: &mut [u8]) {
    let number = match cell {
        SheetCell::Text(text) => {
            let (filled, blanks) = bytes.split_at_mut(text.len());
            filled.copy_from_slice(text.as_bytes());
            return blanks.fill(b' ');
        }
        SheetCell::Missing => MISSING,
        SheetCell::Whole(x) => f64::from(x).to_bits(),
        SheetCell::Number(x) => x.to_bits(),
        SheetCell::Day(day) => (f64::from(day) + FROM_1960).to_bits(),
    };
    bytes.copy_from_slice(&number.to_le_bytes());
}

/// The first bytes of the file. No clock and no name of a machine stands in it.
fn header(page: usize, n_pages: usize) -> Vec<u8> {
    const BITS_64: u8 = 0x33;
    const NO_FILLING: u8 = 0x22;
    const LITTLE_ENDIAN: u8 = 1;
    const UNIX: u8 = b'1';
    const UTF_8: u8 = 20;
    let mut bytes = vec![0; HEADER];
    let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
    put(0, &MAGIC);
    put(32, &[BITS_64, 0, 0, NO_FILLING, 0, LITTLE_ENDIAN, 2, UNIX]);
    put(70, &[UTF_8]);
    put(84, b"SAS FILE");
    put(92, &[b' '; 64]);
    put(92, b"COHORT");
    put(156, b"DATA    ");
    put(196, &(HEADER as u32).to_le_bytes());
    put(200, &(page as u32).to_le_bytes());
    put(204, &(n_pages as u64).to_le_bytes());
    put(220, b"9.0401M6");
    put(228, b"Linux");
    bytes
}
