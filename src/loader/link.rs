//! Person keys to dense person numbers.
//!
//! Every deliverer spells the key in its own way; the linkage file holds one row per person with all spellings.
//! Persons are numbered in the sorted order of their key in the population's spelling, so that the number does not
//! depend on the order of rows. Keys live in one block of bytes with an open-addressing table of numbers beside it:
//! about 20 bytes more than its text for each key, and no allocation per key.

use super::error::{Fault, LoadError, Place, counted, thousands};
use super::schema::mix;
use crate::study::Key;
use indexmap::IndexMap;
use rayon::prelude::*;
use std::collections::HashSet;

/// The number of a key that belongs to nobody.
pub(crate) const NO_PERSON: u32 = u32::MAX;

/// Texts in one block of bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arena {
    bytes: Vec<u8>,
    ends: Vec<u64>,
}

impl Arena {
    /// Adds a text at the end.
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u64);
    }

    /// The text of that number. Panics when there is none.
    pub(crate) fn get(&self, number: usize) -> &[u8] {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.bytes[start as usize..self.ends[number] as usize]
    }

    /// Number of texts.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }
}

/// Distinct keys, numbered in order of insertion.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyTable {
    keys: Arena,
    slots: Vec<u32>,
    /// The person of each key; empty while keys are numbered as persons are.
    persons: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl KeyTable {
    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The text of a key.
    pub(crate) fn key(&self, number: usize) -> &[u8] {
        self.keys.get(number)
    }

    /// The number of `key` and whether it is new.
    pub(crate) fn insert(&mut self, key: &[u8]) -> (u32, bool) {
        if (self.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let slot = self.slot(key);
        if self.slots[slot] != EMPTY {
            return (self.slots[slot], false);
        }
        let number = self.len() as u32;
        self.slots[slot] = number;
        self.keys.push(key);
        (number, true)
    }

    /// The person of `key`.
    pub(crate) fn person(&self, key: &[u8]) -> u32 {
        if self.slots.is_empty() {
            return NO_PERSON;
        }
        match self.slots[self.slot(key)] {
            EMPTY => NO_PERSON,
            number => self.persons.get(number as usize).copied().unwrap_or(number),
        }
    }

    /// Where the key is, or where it would go.
    fn slot(&self, key: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(key) as usize & mask;
        loop {
            let number = self.slots[slot];
            if number == EMPTY || self.key(number as usize) == key {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(1 << 10);
        self.slots = vec![EMPTY; size];
        for number in 0..self.len() {
            let slot = self.slot(self.key(number));
            self.slots[slot] = number as u32;
        }
    }
}

fn hash(key: &[u8]) -> u64 {
    let mut hash = key.len() as u64;
    for chunk in key.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = mix(hash, u64::from_le_bytes(word));
    }
    hash
}

/// All persons of a study, and how each deliverer spells their keys.
#[derive(Debug, Clone)]
pub(crate) struct Linker {
    /// By spelling; one table under the empty name when the study has no linkage file.
    tables: IndexMap<String, KeyTable>,
    n_persons: u32,
    /// What messages call the place where keys are looked up.
    place: String,
    /// The least share of distinct keys that must be found.
    min_matched: f64,
}

impl Linker {
    /// From the rows of a linkage file: for each spelling, its name and the key of every row.
    ///
    /// `first` is the population's spelling, whose order numbers the persons. Errors: `Duplicates` when a key
    /// stands in two rows.
    pub(crate) fn from_linkage(
        spellings: Vec<(String, Arena)>,
        first: &str,
        file: &str,
        min_matched: f64,
    ) -> Result<Linker, LoadError> {
        let n = spellings.first().map_or(0, |(_, keys)| keys.len());
        let order = {
            let mut by: Vec<&Arena> = spellings.iter().filter(|(s, _)| s == first).map(|(_, k)| k).collect();
            by.extend(spellings.iter().filter(|(s, _)| s != first).map(|(_, k)| k));
            let mut order: Vec<u32> = (0..n as u32).collect();
            let key = |row: u32| by.iter().map(move |keys| keys.get(row as usize));
            order.par_sort_unstable_by(|&a, &b| key(a).cmp(key(b)));
            order
        };
        let mut tables = IndexMap::new();
        for (spelling, keys) in spellings {
            let mut table = KeyTable::default();
            let mut repeated = 0;
            for (person, &row) in (0u32..).zip(&order) {
                let key = keys.get(row as usize);
                if !key.is_empty() {
                    match table.insert(key) {
                        (_, true) => table.persons.push(person),
                        (_, false) => repeated += 1,
                    }
                }
            }
            if repeated > 0 {
                let rule = format!("{} of spelling {spelling} stand in more than one row", counted(repeated, "key"));
                let fault = Fault::new(Place::file(file), rule, "a linkage file has one row per person; repair it");
                return Err(LoadError::Duplicates(fault));
            }
            tables.insert(spelling, table);
        }
        Ok(Linker { tables, n_persons: n as u32, place: file.to_string(), min_matched })
    }

    /// From the keys of the population extract, in order of first appearance; gives also the person of each of them.
    pub(crate) fn from_population(keys: KeyTable, extract: &str) -> (Linker, Vec<u32>) {
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.par_sort_unstable_by(|&a, &b| keys.key(a as usize).cmp(keys.key(b as usize)));
        let mut persons = vec![0; keys.len()];
        for (person, &number) in (0u32..).zip(&order) {
            persons[number as usize] = person;
        }
        let n_persons = keys.len() as u32;
        let table = KeyTable { persons: persons.clone(), ..keys };
        let tables = IndexMap::from([(String::new(), table)]);
        (Linker { tables, n_persons, place: format!("extract {extract}"), min_matched: 0.0 }, persons)
    }

    /// Number of persons.
    pub(crate) fn n_persons(&self) -> usize {
        self.n_persons as usize
    }

    fn table(&self, spelling: Option<&str>) -> &KeyTable {
        self.tables.get(spelling.unwrap_or_default()).expect("spellings of a checked study are resolved")
    }
}

/// How the keys of one extract linked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkReport {
    /// Name of the extract.
    pub extract: String,
    /// Name of its key spelling; empty without a linkage file.
    pub spelling: String,
    /// Rows.
    pub rows: u64,
    /// Rows whose key was found.
    pub rows_matched: u64,
    /// Rows without a key.
    pub rows_without_key: u64,
    /// Distinct keys.
    pub keys: u64,
    /// Distinct keys that were found.
    pub keys_matched: u64,
    /// Distinct keys that were found and stand in more than one row.
    pub keys_repeated: u64,
}

/// Turns the keys of one extract into person numbers, and counts.
pub(crate) struct KeyReader<'a> {
    key: &'a Key,
    /// `None` while the population's own keys are collected.
    linker: Option<&'a Linker>,
    /// The population's keys, where there is no linkage file.
    pub(crate) collected: KeyTable,
    report: LinkReport,
    /// Per person: rows seen, up to two.
    seen: Vec<u8>,
    unmatched: HashSet<u64>,
    shapes: Shapes,
    /// First row and number of keys without the declared prefix, and of keys longer than the declared width.
    no_prefix: Option<(u64, u64)>,
    too_long: Option<(u64, u64)>,
    buffer: Vec<u8>,
}

impl<'a> KeyReader<'a> {
    /// A reader of the keys of `extract`; `linker` is `None` for the population of a study without linkage file.
    pub(crate) fn new(extract: &str, key: &'a Key, linker: Option<&'a Linker>) -> KeyReader<'a> {
        KeyReader {
            key,
            linker,
            collected: KeyTable::default(),
            report: LinkReport {
                extract: extract.to_string(),
                spelling: key.spelling.clone().unwrap_or_default(),
                ..LinkReport::default()
            },
            seen: vec![0; linker.map_or(0, Linker::n_persons)],
            unmatched: HashSet::new(),
            shapes: Shapes::default(),
            no_prefix: None,
            too_long: None,
            buffer: Vec::new(),
        }
    }

    /// The person of a key field, `NO_PERSON` when it is empty or not found.
    pub(crate) fn person(&mut self, field: &[u8], row: u64) -> u32 {
        self.report.rows += 1;
        if field.is_empty() {
            self.report.rows_without_key += 1;
            return NO_PERSON;
        }
        self.shapes.add(field);
        let Some(at) = self.normalise(field, row) else { return NO_PERSON };
        let key = if at.in_buffer { &self.buffer[..] } else { &field[at.skip..] };
        let person = match self.linker {
            Some(linker) => linker.table(self.key.spelling.as_deref()).person(key),
            None => self.collected.insert(key).0,
        };
        if person == NO_PERSON {
            self.unmatched.insert(hash(key));
            return NO_PERSON;
        }
        self.report.rows_matched += 1;
        if self.seen.len() <= person as usize {
            self.seen.resize(person as usize + 1, 0);
        }
        let seen = &mut self.seen[person as usize];
        *seen = (*seen + 1).min(2);
        person
    }

    /// The key without its prefix and padded to its width, as declared.
    fn normalise(&mut self, field: &[u8], row: u64) -> Option<Normal> {
        let mut skip = 0;
        if let Some(prefix) = &self.key.strip_prefix {
            if !field.starts_with(prefix.as_bytes()) {
                self.no_prefix.get_or_insert((row, 0)).1 += 1;
                return None;
            }
            skip = prefix.len();
        }
        let Some(width) = self.key.width else { return Some(Normal { skip, in_buffer: false }) };
        let length = field.len() - skip;
        if length > width {
            self.too_long.get_or_insert((row, 0)).1 += 1;
            return None;
        }
        self.buffer.clear();
        self.buffer.resize(width - length, b'0');
        self.buffer.extend_from_slice(&field[skip..]);
        Some(Normal { skip, in_buffer: true })
    }

    /// The faults of the keys of the file that ends here.
    pub(crate) fn end_file(&mut self, file: &str, column: &str) -> Vec<Fault> {
        let place = |row| Place::row(file, row).in_column(column);
        let mut faults = Vec::new();
        if let Some((row, n)) = self.no_prefix.take() {
            let rule = format!("{} without the prefix that key.strip_prefix declares", counted(n, "key"));
            faults.push(Fault::new(place(row), rule, "correct strip_prefix, or read these files as another extract"));
        }
        if let Some((row, n)) = self.too_long.take() {
            let width = self.key.width.unwrap_or_default();
            let rule = format!("{} longer than key.width = {width}", counted(n, "key"));
            faults.push(Fault::new(place(row), rule, "correct width and strip_prefix"));
        }
        faults
    }

    /// The report, once all rows were read. Errors: `Link` when too few keys were found.
    pub(crate) fn finish(mut self) -> Result<(LinkReport, KeyTable), LoadError> {
        self.report.keys_matched = self.seen.iter().filter(|&&n| n > 0).count() as u64;
        self.report.keys_repeated = self.seen.iter().filter(|&&n| n > 1).count() as u64;
        self.report.keys = self.report.keys_matched + self.unmatched.len() as u64;
        let Some(linker) = self.linker else { return Ok((self.report, self.collected)) };
        let share = self.report.keys_matched as f64 / self.report.keys as f64;
        let too_few = self.report.keys > 0 && (self.report.keys_matched == 0 || share < linker.min_matched);
        if too_few {
            return Err(self.too_few(linker));
        }
        Ok((self.report, self.collected))
    }

    fn too_few(&self, linker: &Linker) -> LoadError {
        let (found, keys) = (thousands(self.report.keys_matched), counted(self.report.keys, "distinct key"));
        let mut rule = format!("{found} of {keys} of extract {} are in {}", self.report.extract, linker.place);
        let mut known = Shapes::default();
        let table = linker.table(self.key.spelling.as_deref());
        (0..table.len().min(SHAPES_SEEN)).for_each(|i| known.add(table.key(i)));
        let (here, there) = (self.shapes.to_string(), known.to_string());
        let remedy = if self.report.keys_matched == 0 && here != there {
            rule = format!("{rule}; shapes differ ({here}; {there})");
            "set key.strip_prefix and key.width, or another key.spelling".to_string()
        } else {
            format!("at least {} must be; check the delivery, or set linkage.min_matched", linker.min_matched)
        };
        LoadError::Link(Fault::new(Place::file("link"), rule, remedy))
    }
}

struct Normal {
    skip: usize,
    in_buffer: bool,
}

/// What keys look like, without showing one: the leading part that is no digit, and the number of digits.
#[derive(Debug, Default)]
struct Shapes {
    n: usize,
    /// Keys whose characters before the last run of digits are not none.
    with_prefix: usize,
    digits: Option<(usize, usize)>,
    /// Keys that do not end in a digit.
    other: usize,
}

/// Keys whose shape is looked at.
const SHAPES_SEEN: usize = 10_000;

impl Shapes {
    fn add(&mut self, key: &[u8]) {
        if self.n >= SHAPES_SEEN {
            return;
        }
        self.n += 1;
        let digits = key.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            self.other += 1;
            return;
        }
        self.with_prefix += usize::from(digits < key.len());
        let (least, most) = self.digits.unwrap_or((digits, digits));
        self.digits = Some((least.min(digits), most.max(digits)));
    }
}

impl std::fmt::Display for Shapes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some((least, most)) = self.digits.filter(|_| self.other * 2 < self.n) else {
            return f.write_str("letters and digits");
        };
        if self.with_prefix * 2 > self.n {
            f.write_str("prefix and ")?;
        }
        if least == most { write!(f, "{least} digits") } else { write!(f, "{least} to {most} digits") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(strip_prefix: Option<&str>, width: Option<usize>, spelling: Option<&str>) -> Key {
        Key {
            span: 0..0,
            aliases: vec!["id".into()],
            spelling: spelling.map(str::to_string),
            strip_prefix: strip_prefix.map(str::to_string),
            width,
        }
    }

    fn keys(texts: &[&str]) -> Arena {
        let mut arena = Arena::default();
        texts.iter().for_each(|t| arena.push(t.as_bytes()));
        arena
    }

    fn linker() -> Linker {
        let spellings = vec![
            ("kuhr".to_string(), keys(&["k2_0000003", "k2_0000001", "", "k2_0000002"])),
            ("ssb".to_string(), keys(&["7", "12", "30", "9"])),
        ];
        Linker::from_linkage(spellings, "ssb", "linkage.csv", 0.9).unwrap()
    }

    #[test]
    fn persons_are_numbered_by_the_population_key() {
        let (linker, kuhr) = (linker(), key(None, None, Some("kuhr")));
        let mut reader = KeyReader::new("claims", &kuhr, Some(&linker));
        let persons: Vec<u32> = ["k2_0000001", "k2_0000003", "", "k2_0000002", "k2_0000001"]
            .iter()
            .map(|k| reader.person(k.as_bytes(), 2))
            .collect();
        assert_eq!(persons, [0, 2, NO_PERSON, 3, 0]); // "12" < "30" < "7" < "9"
        let (report, _) = reader.finish().unwrap();
        let counts = (report.rows, report.rows_matched, report.rows_without_key, report.keys, report.keys_repeated);
        assert_eq!(counts, (5, 4, 1, 3, 1));
    }

    #[test]
    fn keys_of_another_shape_are_an_error_that_says_how() {
        let (linker, ssb) = (linker(), key(None, None, Some("ssb")));
        let mut reader = KeyReader::new("claims", &ssb, Some(&linker));
        reader.person(b"k2_0000001", 2);
        let error = reader.finish().unwrap_err().to_string();
        assert_eq!(
            error,
            "link: 0 of 1 distinct key of extract claims are in linkage.csv; \
             shapes differ (prefix and 7 digits; 1 to 2 digits); set key.strip_prefix and key.width, or another key.spelling"
        );
    }

    #[test]
    fn prefix_and_width_are_taken_off_as_declared() {
        let mut table = KeyTable::default();
        ["0000012", "0000007"].iter().for_each(|k| _ = table.insert(k.as_bytes()));
        let (linker, persons) = Linker::from_population(table, "persons");
        assert_eq!(persons, [1, 0]);
        let stripped = key(Some("k2_"), Some(7), None);
        let mut reader = KeyReader::new("claims", &stripped, Some(&linker));
        assert_eq!(reader.person(b"k2_12", 2), 1);
        assert_eq!(reader.person(b"12", 3), NO_PERSON);
        assert_eq!(reader.person(b"k2_00000012", 4), NO_PERSON);
        let faults = reader.end_file("kuhr.dsv", "LOPENR");
        assert_eq!(faults.len(), 2);
        assert!(faults[0].to_string().starts_with("kuhr.dsv, row 3, column LOPENR: 1 key without the prefix"));
    }

    #[test]
    fn a_key_in_two_rows_of_the_linkage_file_is_an_error() {
        let error =
            Linker::from_linkage(vec![("ssb".into(), keys(&["1", "1"]))], "ssb", "linkage.csv", 0.9).unwrap_err();
        assert!(matches!(error, LoadError::Duplicates(_)));
    }
}
