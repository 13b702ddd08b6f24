//! The embedded font, and how wide a text set in it is.
//!
//! Figures are laid out from these widths, so that no label is cut or runs into another on any machine. The font is
//! Liberation Sans (`fonts/README.md`); its widths are those of Arial. What is read of a TrueType file are the tables
//! `head`, `hhea`, `hmtx`, `cmap` (format 4) and `kern` (format 0).
//!
//! Source: OpenType specification 1.9.1, <https://learn.microsoft.com/typography/opentype/spec/>.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The regular face.
pub(super) const REGULAR: &[u8] = include_bytes!("fonts/LiberationSans-Regular.ttf");
/// The bold face.
pub(super) const BOLD: &[u8] = include_bytes!("fonts/LiberationSans-Bold.ttf");
/// The name of the subsets that SVG files and pages bring with them.
pub(super) const SUBSET_FAMILY: &str = "Figure Sans";
/// The subset, followed by the whole font and others with the same widths where a program passes over web fonts.
pub(super) const FAMILY: &str = "Figure Sans, Liberation Sans, Arimo, Arial, Helvetica, sans-serif";

/// Height of a capital letter, in font sizes.
pub(super) const CAP_HEIGHT: f64 = 1409.0 / 2048.0;
/// Height of the tallest letter above the base line, in font sizes.
pub(super) const ASCENT: f64 = 1854.0 / 2048.0;
/// Depth of the deepest letter below the base line, in font sizes.
pub(super) const DESCENT: f64 = 434.0 / 2048.0;

/// Regular or bold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Weight {
    /// Running text.
    #[default]
    Regular,
    /// Heads.
    Bold,
}

/// The width of `text` at font size `size`, in the unit of `size`, with kerning.
pub(super) fn width(text: &str, weight: Weight, size: f64) -> f64 {
    let face = face(weight);
    let glyphs: Vec<u16> = text.chars().map(|c| face.glyph(c)).collect();
    let advances: i64 = glyphs.iter().map(|g| i64::from(face.advance(*g))).sum();
    let kerning: i64 = glyphs.windows(2).map(|pair| i64::from(face.kern(pair[0], pair[1]))).sum();
    (advances + kerning) as f64 * size / face.units_per_em
}

/// The file of a face.
pub(super) fn file(weight: Weight) -> &'static [u8] {
    match weight {
        Weight::Regular => REGULAR,
        Weight::Bold => BOLD,
    }
}

/// The glyph of a letter; 0, the empty box, where the font has none.
pub(super) fn glyph(letter: char, weight: Weight) -> u16 {
    face(weight).glyph(letter)
}

/// How much nearer two glyphs stand, in units of the font.
pub(super) fn kern(left: u16, right: u16, weight: Weight) -> i16 {
    face(weight).kern(left, right)
}

/// The lines of `text`, none wider than `limit` unless one letter is: broken at blanks, else after a hyphen, dash or
/// slash, else anywhere. A line feed always ends a line.
pub(super) fn wrap(text: &str, weight: Weight, size: f64, limit: f64) -> Vec<String> {
    text.split('\n').flat_map(|paragraph| wrap_paragraph(paragraph, weight, size, limit)).collect()
}

/// The width of the widest of some lines.
pub(super) fn widest<'a>(lines: impl IntoIterator<Item = &'a String>, weight: Weight, size: f64) -> f64 {
    lines.into_iter().map(|line| width(line, weight, size)).fold(0.0, f64::max)
}

fn wrap_paragraph(text: &str, weight: Weight, size: f64, limit: f64) -> Vec<String> {
    let fits = |line: &str| width(line.trim_end_matches(' '), weight, size) <= limit + 1e-9;
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in pieces(text) {
        if fits(&format!("{line}{piece}")) {
            line.push_str(piece);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in piece.chars() {
            if !line.is_empty() && !fits(&format!("{line}{letter}")) {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
    }
    lines.push(line);
    lines.into_iter().map(|l| l.trim_end_matches(' ').to_string()).collect()
}

/// The text cut where a line may end; every piece keeps the blank, hyphen or slash that ends it.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((i, c)) = letters.next() {
        let end = i + c.len_utf8();
        let next = letters.peek().map(|(_, c)| *c);
        let between_letters = end - start > 2 && next.is_some_and(char::is_alphabetic);
        let may_break = match c {
            ' ' => next != Some(' '),
            '-' | '–' | '/' | '_' => between_letters,
            _ => false,
        };
        if may_break {
            pieces.push(&text[start..end]);
            start = end;
        }
    }
    pieces.extend((start < text.len()).then(|| &text[start..]));
    pieces
}

/// What is needed of a face to measure text.
struct Face {
    units_per_em: f64,
    /// Glyph of every character of the basic plane.
    glyphs: Vec<u16>,
    /// Advance width by glyph; further glyphs have the last one.
    advances: Vec<u16>,
    kerning: BTreeMap<(u16, u16), i16>,
}

fn face(weight: Weight) -> &'static Face {
    static FACES: OnceLock<[Face; 2]> = OnceLock::new();
    let faces = FACES.get_or_init(|| [REGULAR, BOLD].map(Face::read));
    &faces[usize::from(weight == Weight::Bold)]
}

impl Face {
    fn read(font: &[u8]) -> Face {
        let table = |tag: &[u8; 4]| &font[table_start(font, tag)..];
        let n_advances = usize::from(u16_at(table(b"hhea"), 34));
        let metrics = table(b"hmtx");
        Face {
            units_per_em: f64::from(u16_at(table(b"head"), 18)),
            glyphs: character_map(table(b"cmap")),
            advances: (0..n_advances).map(|g| u16_at(metrics, 4 * g)).collect(),
            kerning: kerning(table(b"kern")),
        }
    }

    fn glyph(&self, c: char) -> u16 {
        self.glyphs.get(c as usize).copied().unwrap_or(0)
    }

    fn advance(&self, glyph: u16) -> u16 {
        self.advances.get(usize::from(glyph)).or(self.advances.last()).copied().unwrap_or(0)
    }

    fn kern(&self, left: u16, right: u16) -> i16 {
        self.kerning.get(&(left, right)).copied().unwrap_or(0)
    }
}

/// Where a table begins.
fn table_start(font: &[u8], tag: &[u8; 4]) -> usize {
    let n_tables = usize::from(u16_at(font, 4));
    let records = (0..n_tables).map(|i| 12 + 16 * i);
    let record = records.into_iter().find(|at| font[*at..at + 4] == tag[..]);
    u32_at(font, record.expect("the embedded font has the tables that are read") + 8) as usize
}

/// Glyph by character, from the subtable for Windows and Unicode's basic plane.
pub(super) fn character_map(cmap: &[u8]) -> Vec<u16> {
    let records = (0..usize::from(u16_at(cmap, 2))).map(|i| 4 + 8 * i);
    let record = records.into_iter().find(|at| (u16_at(cmap, *at), u16_at(cmap, at + 2)) == (3, 1));
    let map = &cmap[u32_at(cmap, record.expect("the embedded font maps Unicode") + 4) as usize..];
    let length = usize::from(u16_at(map, 6));
    let (ends, starts) = (14, 16 + length);
    let (deltas, offsets) = (starts + length, starts + 2 * length);
    let mut glyphs = vec![0; 1 << 16];
    for at in (0..length).step_by(2) {
        let (first, last) = (u16_at(map, starts + at), u16_at(map, ends + at));
        let (delta, offset) = (u16_at(map, deltas + at), usize::from(u16_at(map, offsets + at)));
        for c in first..=last.min(0xfffe) {
            let glyph = match offset {
                0 => c,
                _ => u16_at(map, offsets + at + offset + 2 * usize::from(c - first)),
            };
            glyphs[usize::from(c)] = if glyph == 0 { 0 } else { glyph.wrapping_add(delta) };
        }
    }
    glyphs
}

/// Kerning by pair of glyphs, from the first subtable.
fn kerning(kern: &[u8]) -> BTreeMap<(u16, u16), i16> {
    let n_pairs = usize::from(u16_at(kern, 10));
    let pairs = (0..n_pairs).map(|i| 18 + 6 * i);
    pairs.map(|at| ((u16_at(kern, at), u16_at(kern, at + 2)), u16_at(kern, at + 4) as i16)).collect()
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_arial() {
        // Arial's advance widths at 1000 units: digits 556, A 667, W 944, i 222, blank 278; bold A 722.
        let thousand = |text: &str, weight| width(text, weight, 1000.0).round();
        assert_eq!(
            ["0", "A", "W", "i", " ", "ø"].map(|t| thousand(t, Weight::Regular)),
            [556.0, 667.0, 944.0, 222.0, 278.0, 611.0]
        );
        assert_eq!(thousand("A", Weight::Bold), 722.0);
        // A and V are kerned by -152/2048.
        assert_eq!(thousand("AV", Weight::Regular), 1260.0);
    }

    #[test]
    fn lines_break_at_blanks_then_after_dashes_then_anywhere() {
        let wrap = |text: &str, limit| wrap(text, Weight::Regular, 7.0, limit);
        assert_eq!(wrap("Non-EU Eastern Europe", 60.0), ["Non-EU Eastern", "Europe"]);
        assert_eq!(wrap("East/South-East Asia", 40.0), ["East/South-", "East Asia"]);
        assert_eq!(wrap("6-15 years", 20.0), ["6-15", "years"]);
        assert_eq!(wrap("first\nsecond", 100.0), ["first", "second"]);
        assert_eq!(wrap("", 100.0), [""]);
        let lines = wrap("Donaudampfschifffahrtsgesellschaft", 40.0);
        assert!(lines.len() > 2 && lines.iter().all(|l| width(l, Weight::Regular, 7.0) <= 40.0));
        assert_eq!(lines.concat(), "Donaudampfschifffahrtsgesellschaft");
    }
}
