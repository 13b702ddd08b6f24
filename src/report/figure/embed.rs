//! The letters of a figure as a web font: a subset of the embedded font, written into the SVG file or the page itself, so
//! that a browser on any machine draws what was measured, and asks nobody for it.
//!
//! `subsetter` cuts the outlines; it serves PDF and leaves out what only other readers need, so the tables `cmap`, `OS/2`,
//! `kern` and a `name` are put back here. The name is another than that of the whole font, whose licence reserves it for
//! unchanged copies. A program that passes over web fonts (Inkscape, Word) takes a font of the same widths; for such
//! programs there are PDF and PNG.
//!
//! Source: OpenType specification 1.9.1, <https://learn.microsoft.com/typography/opentype/spec/>.

use super::font::{self, SUBSET_FAMILY, Weight};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use subsetter::GlyphRemapper;

/// The tables of a font by their tags.
type Tables = BTreeMap<[u8; 4], Vec<u8>>;

/// The letters of some text in the regular and in the bold face.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letters {
    regular: BTreeSet<char>,
    bold: BTreeSet<char>,
}

impl Letters {
    /// Adds the letters of a text.
    pub(super) fn add(&mut self, text: &str, weight: Weight) {
        self.of(weight).extend(text.chars());
    }

    /// Adds the letters of another figure.
    pub(in crate::report) fn join(&mut self, other: &Letters) {
        self.regular.extend(&other.regular);
        self.bold.extend(&other.bold);
    }

    fn of(&mut self, weight: Weight) -> &mut BTreeSet<char> {
        match weight {
            Weight::Regular => &mut self.regular,
            Weight::Bold => &mut self.bold,
        }
    }

    /// The rules of a style sheet that bring the font of these letters, a line each; empty without letters. They hold
    /// nothing that HTML or XML would read as markup.
    pub(in crate::report) fn style(&self) -> String {
        let mut rules = String::new();
        for (letters, weight, name) in [(&self.regular, Weight::Regular, "normal"), (&self.bold, Weight::Bold, "bold")]
        {
            if !letters.is_empty() {
                let font = STANDARD.encode(subset(letters, weight));
                let _ = writeln!(
                    rules,
                    "@font-face{{font-family:\"{SUBSET_FAMILY}\";font-weight:{name};\
                     src:url(data:font/ttf;base64,{font}) format(\"truetype\")}}"
                );
            }
        }
        rules
    }
}

/// A TrueType font of these letters; what the whole font lacks stays its empty box.
fn subset(letters: &BTreeSet<char>, weight: Weight) -> Vec<u8> {
    let whole = font::file(weight);
    let mut places = GlyphRemapper::new();
    let coded = |c: &char| Some((u16::try_from(u32::from(*c)).ok()?, font::glyph(*c, weight)));
    let glyphs: Vec<(u16, u16)> = letters.iter().filter_map(coded).filter(|(_, glyph)| *glyph > 0).collect();
    let mapped: Vec<(u16, u16)> = glyphs.iter().map(|(code, glyph)| (*code, places.remap(*glyph))).collect();
    let cut = subsetter::subset(whole, 0, &places).expect("the embedded font can be cut");
    let originals = tables(whole);
    let mut tables = tables(&cut);
    tables.insert(*b"cmap", character_map(&mapped));
    tables.insert(*b"kern", kerning(&glyphs, &mapped, weight));
    tables.insert(*b"OS/2", originals[b"OS/2"].clone());
    tables.insert(*b"name", names(&originals[b"name"], weight));
    assemble(tables)
}

/// The tables of a font file.
fn tables(font: &[u8]) -> Tables {
    let n_tables = usize::from(font::u16_at(font, 4));
    let one = |i: usize| {
        let record = &font[12 + 16 * i..28 + 16 * i];
        let tag = record[..4].try_into().expect("a tag has four letters");
        let (start, length) = (font::u32_at(record, 8) as usize, font::u32_at(record, 12) as usize);
        (tag, font[start..start + length].to_vec())
    };
    (0..n_tables).map(one).collect()
}

/// A `cmap` with one subtable for Windows and Unicode's basic plane (format 4), a segment a letter.
fn character_map(glyphs: &[(u16, u16)]) -> Vec<u8> {
    // The last segment maps 0xffff to the empty box and ends every such table.
    let segments: Vec<(u16, u16)> = glyphs.iter().copied().chain([(0xffff, 0)]).collect();
    let n = segments.len() as u16;
    let column = |value: fn((u16, u16)) -> u16| segments.iter().flat_map(move |s| value(*s).to_be_bytes());
    let mut map: Vec<u8> = words(&[4, 16 + 8 * n, 0, 2 * n]);
    map.extend(search(n, 2));
    map.extend(column(|(code, _)| code));
    map.extend([0, 0]);
    map.extend(column(|(code, _)| code));
    map.extend(column(|(code, glyph)| glyph.wrapping_sub(code)));
    map.extend(column(|_| 0));
    let mut table = words(&[0, 1, 3, 1, 0, 12]);
    table.extend(map);
    table
}

/// A `kern` with one subtable (format 0) of the pairs among the letters.
fn kerning(glyphs: &[(u16, u16)], mapped: &[(u16, u16)], weight: Weight) -> Vec<u8> {
    let mut pairs: Vec<[u16; 3]> = Vec::new();
    for ((_, left), (_, new_left)) in glyphs.iter().zip(mapped) {
        for ((_, right), (_, new_right)) in glyphs.iter().zip(mapped) {
            let kern = font::kern(*left, *right, weight);
            if kern != 0 {
                pairs.push([*new_left, *new_right, kern as u16]);
            }
        }
    }
    pairs.sort_unstable();
    let n = pairs.len() as u16;
    let mut table = words(&[0, 1, 0, 14 + 6 * n, 1, n]);
    table.extend(search(n, 6));
    table.extend(pairs.iter().flat_map(|pair| words(pair)));
    table
}

/// Search range, entry selector and range shift of `n` entries of `size` bytes.
fn search(n: u16, size: u16) -> Vec<u8> {
    let selector = n.max(1).ilog2() as u16;
    let range = size << selector;
    words(&[range, selector, (n * size).saturating_sub(range)])
}

/// A `name` with the copyright and the licence of the whole font, and the name of a subset.
fn names(original: &[u8], weight: Weight) -> Vec<u8> {
    let style = if weight == Weight::Bold { "Bold" } else { "Regular" };
    let own = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let full = own(&format!("{SUBSET_FAMILY} {style}"));
    let texts = [
        (0, name(original, 0)),
        (1, own(SUBSET_FAMILY)),
        (2, own(style)),
        (3, full.clone()),
        (4, full.clone()),
        (6, own(&format!("{}-{style}", SUBSET_FAMILY.replace(' ', "")))),
        (13, name(original, 13)),
    ];
    let mut table = words(&[0, texts.len() as u16, 6 + 12 * texts.len() as u16]);
    let mut at = 0;
    for (id, text) in &texts {
        // Windows, Unicode's basic plane, English of the United States.
        table.extend(words(&[3, 1, 0x409, *id, text.len() as u16, at]));
        at += text.len() as u16;
    }
    table.extend(texts.iter().flat_map(|(_, text)| text));
    table
}

/// A text of a `name` table as it stands there, in English; empty when it has none.
fn name(table: &[u8], id: u16) -> Vec<u8> {
    let storage = usize::from(font::u16_at(table, 4));
    let mut records = table[6..storage].chunks_exact(12);
    let is_it = |r: &&[u8]| [0, 2, 4, 6].map(|at| font::u16_at(r, at)) == [3, 1, 0x409, id];
    records.find(is_it).map_or(Vec::new(), |record| {
        let start = storage + usize::from(font::u16_at(record, 10));
        table[start..start + usize::from(font::u16_at(record, 8))].to_vec()
    })
}

/// A font file of these tables, with its checksums.
fn assemble(mut tables: Tables) -> Vec<u8> {
    let n = tables.len() as u16;
    // Version 1.0: TrueType outlines.
    let mut file = [words(&[1, 0, n]), search(n, 16)].concat();
    if let Some(head) = tables.get_mut(b"head") {
        head[8..12].fill(0);
    }
    let mut start = 12 + 16 * tables.len();
    let mut adjustment = 0;
    for (tag, table) in &tables {
        file.extend(tag);
        for number in [checksum(table), start as u32, table.len() as u32] {
            file.extend(number.to_be_bytes());
        }
        if tag == b"head" {
            adjustment = start + 8;
        }
        start += table.len().next_multiple_of(4);
    }
    for table in tables.values() {
        file.extend(table);
        file.resize(file.len().next_multiple_of(4), 0);
    }
    let whole = 0xb1b0_afba_u32.wrapping_sub(checksum(&file));
    file[adjustment..adjustment + 4].copy_from_slice(&whole.to_be_bytes());
    file
}

/// The sum of a table's four-byte words, with zeros at its end.
fn checksum(table: &[u8]) -> u32 {
    let word = |bytes: &[u8]| {
        let mut word = [0; 4];
        word[..bytes.len()].copy_from_slice(bytes);
        u32::from_be_bytes(word)
    };
    table.chunks(4).map(word).fold(0, u32::wrapping_add)
}

fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use resvg::usvg::fontdb;

    /// Read by an independent reader of fonts: every letter is there, as wide as in the whole font, and the rest is gone.
    #[test]
    fn a_subset_is_a_font_of_its_letters() {
        let letters: BTreeSet<char> = "AVå ·−ø1".chars().collect();
        for weight in [Weight::Regular, Weight::Bold] {
            let mut fonts = fontdb::Database::new();
            fonts.load_font_data(subset(&letters, weight));
            fonts.load_font_data(font::file(weight).to_vec());
            let faces: Vec<fontdb::ID> = fonts.faces().map(|face| face.id).collect();
            assert_eq!(fonts.face(faces[0]).map(|f| f.families[0].0.as_str()), Some(SUBSET_FAMILY));
            assert_eq!(fonts.face(faces[0]).map(|f| f.weight.0 == 700), Some(weight == Weight::Bold));
            let widths = |id: fontdb::ID, text: &str| {
                let found = fonts.with_face_data(id, |data, _| {
                    let tables = tables(data);
                    let map = font::character_map(&tables[b"cmap"]);
                    let width = |c: char| font::u16_at(&tables[b"hmtx"], 4 * usize::from(map[c as usize]));
                    text.chars().map(width).collect::<Vec<u16>>()
                });
                found.expect("a face of the database has its data")
            };
            assert_eq!(widths(faces[0], "AVå ·−ø1"), widths(faces[1], "AVå ·−ø1"));
            let boxes = widths(faces[0], "bQ");
            assert_eq!(boxes[0], boxes[1], "letters that are not used are the empty box");
        }
    }

    #[test]
    fn the_sum_of_a_font_file_is_the_number_of_the_specification() {
        let file = subset(&"abc".chars().collect(), Weight::Regular);
        assert_eq!(checksum(&file), 0xb1b0_afba);
        assert!(file.len() < 12_000, "{}", file.len());
    }

    #[test]
    fn style_rules_need_no_escape() {
        let mut letters = Letters::default();
        letters.add("A & <b>", Weight::Regular);
        assert!(!letters.style().contains(['<', '&', '>']));
        assert_eq!(letters.style().lines().count(), 1);
        assert_eq!(Letters::default().style(), "");
    }
}
