//! Person keys to dense person numbers.
//!
//! Every deliverer spells the key in its own way; the linkage file holds one row per person with all spellings.
//! Persons are numbered in the sorted order of their key in the population's spelling, so that the number does not
//! depend on the order of rows. A key costs 16 bytes and two to four slots of 8 bytes, whatever its text, and no
//! allocation; looking it up touches two places in memory.

use super::error::{Fault, LoadError, Place, counted, thousands};
use super::schema::mix;
use crate::study::Key;
use indexmap::IndexMap;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::HashSet;

/// The number of a key that belongs to nobody.
pub(crate) const NO_PERSON: u32 = u32::MAX;

/// Keys, one after the other. A key of up to 15 bytes is one 128-bit number, its bytes first and its length last,
/// so that comparing numbers compares texts; longer keys stand beside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    packed: Vec<u128>,
    long: Vec<Box<[u8]>>,
}

/// Marks a key of more than 15 bytes; its other bytes number it.
const LONG: u128 = 0xFF;
const LONGEST_PACKED: usize = 15;

fn pack(key: &[u8]) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes.get_mut(..LONGEST_PACKED)?.get_mut(..key.len())?.copy_from_slice(key);
    bytes[LONGEST_PACKED] = key.len() as u8;
    Some(u128::from_be_bytes(bytes))
}

impl Keys {
    /// Adds a key at the end.
    pub(crate) fn push(&mut self, key: &[u8]) {
        let packed = pack(key).unwrap_or_else(|| {
            self.long.push(key.into());
            ((self.long.len() as u128 - 1) << 8) | LONG
        });
        self.packed.push(packed);
    }

    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.packed.len()
    }

    /// The bytes of a key longer than 15 bytes.
    fn long(&self, packed: u128) -> Option<&[u8]> {
        (packed & 0xFF == LONG).then(|| &*self.long[(packed >> 8) as usize])
    }

    /// Hands the bytes of a key to `look`. Panics when there is no such key.
    fn with<T>(&self, number: usize, look: impl FnOnce(&[u8]) -> T) -> T {
        let packed = self.packed[number];
        match self.long(packed) {
            Some(key) => look(key),
            None => {
                let bytes = packed.to_be_bytes();
                look(&bytes[..usize::from(bytes[LONGEST_PACKED])])
            }
        }
    }

    /// The order of two keys: by their bytes, long keys last.
    fn compare(&self, a: usize, b: usize) -> Ordering {
        let (a, b) = (self.packed[a], self.packed[b]);
        match (self.long(a), self.long(b)) {
            (None, None) => a.cmp(&b),
            (a, b) => a.is_some().cmp(&b.is_some()).then_with(|| a.cmp(&b)),
        }
    }

    fn is(&self, number: usize, packed: Option<u128>, key: &[u8]) -> bool {
        match packed {
            Some(packed) => self.packed[number] == packed,
            None => self.long(self.packed[number]) == Some(key),
        }
    }
}

/// Distinct keys, numbered in order of insertion: an open-addressing table whose slots hold half of the key's hash
/// beside its number, so that a wrong slot is passed without a look at the key.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyTable {
    keys: Keys,
    slots: Vec<u64>,
    /// The person of each key; empty while keys are numbered as persons are.
    persons: Vec<u32>,
}

const EMPTY: u64 = u64::MAX;

impl KeyTable {
    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The number of `key` and whether it is new.
    pub(crate) fn insert(&mut self, key: &[u8]) -> (u32, bool) {
        if (self.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let packed = pack(key);
        let hash = hash(packed, key);
        match self.find(hash, packed, key) {
            Ok(number) => (number, false),
            Err(slot) => {
                let number = self.len() as u32;
                self.slots[slot] = entry(hash, number);
                self.keys.push(key);
                (number, true)
            }
        }
    }

    /// The person of `key`.
    pub(crate) fn person(&self, key: &[u8]) -> u32 {
        if self.slots.is_empty() {
            return NO_PERSON;
        }
        let packed = pack(key);
        match self.find(hash(packed, key), packed, key) {
            Ok(number) => self.persons.get(number as usize).copied().unwrap_or(number),
            Err(_) => NO_PERSON,
        }
    }

    /// The number of the key, or the slot where it would go.
    fn find(&self, hash: u64, packed: Option<u128>, key: &[u8]) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let found = self.slots[slot];
            if found == EMPTY {
                return Err(slot);
            }
            let number = found as u32;
            if found == entry(hash, number) && self.keys.is(number as usize, packed, key) {
                return Ok(number);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(1 << 10);
        self.slots = vec![EMPTY; size];
        for number in 0..self.len() {
            let (hash, mut slot) = self.keys.with(number, |key| {
                let hash = hash(pack(key), key);
                (hash, hash as usize & (size - 1))
            });
            while self.slots[slot] != EMPTY {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = entry(hash, number as u32);
        }
    }
}

/// A slot: the upper half of the hash, and the number of the key.
fn entry(hash: u64, number: u32) -> u64 {
    (hash & 0xFFFF_FFFF_0000_0000) | u64::from(number)
}

fn hash(packed: Option<u128>, key: &[u8]) -> u64 {
    match packed {
        Some(packed) => mix(mix(0, packed as u64), (packed >> 64) as u64),
        None => key.chunks(8).fold(key.len() as u64, |hash, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(hash, u64::from_le_bytes(word))
        }),
    }
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
        spellings: Vec<(String, Keys)>,
        first: &str,
        file: &str,
        min_matched: f64,
    ) -> Result<Linker, LoadError> {
        let n = spellings.first().map_or(0, |(_, keys)| keys.len());
        let order = {
            let mut by: Vec<&Keys> = spellings.iter().filter(|(s, _)| s == first).map(|(_, k)| k).collect();
            by.extend(spellings.iter().filter(|(s, _)| s != first).map(|(_, k)| k));
            let mut order: Vec<u32> = (0..n as u32).collect();
            let compare = |a: u32, b: u32| by.iter().map(|k| k.compare(a as usize, b as usize)).find(|o| o.is_ne());
            order.par_sort_unstable_by(|&a, &b| compare(a, b).unwrap_or(Ordering::Equal));
            order
        };
        let mut tables = IndexMap::new();
        for (spelling, keys) in spellings {
            let mut table = KeyTable::default();
            let mut repeated = 0;
            for (person, &row) in (0u32..).zip(&order) {
                keys.with(row as usize, |key| match key {
                    [] => {}
                    key => match table.insert(key) {
                        (_, true) => table.persons.push(person),
                        (_, false) => repeated += 1,
                    },
                });
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
        order.par_sort_unstable_by(|&a, &b| keys.keys.compare(a as usize, b as usize));
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
            self.unmatched.insert(hash(pack(key), key));
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
        (0..table.len().min(SHAPES_SEEN)).for_each(|i| table.keys.with(i, |key| known.add(key)));
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

    fn keys(texts: &[&str]) -> Keys {
        let mut arena = Keys::default();
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
    fn keys_of_any_length_are_found_and_sorted() {
        let texts = ["b", "", "a", "a\0", "fifteen bytes !", "sixteen bytes !!", "sixteen bytes !?", "ab"];
        let mut table = KeyTable::default();
        for i in 0..3000 {
            table.insert(format!("filler {i}").as_bytes());
        }
        let numbers: Vec<u32> = texts.iter().map(|t| table.insert(t.as_bytes()).0).collect();
        assert_eq!(numbers, (3000..3008).collect::<Vec<u32>>());
        assert!(texts.iter().zip(&numbers).all(|(t, &n)| table.person(t.as_bytes()) == n));
        assert_eq!((table.person(b"sixteen bytes !."), table.person(b"c")), (NO_PERSON, NO_PERSON));
        let keys = keys(&texts);
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by(|&a, &b| keys.compare(a, b));
        assert_eq!(order, [1, 2, 3, 7, 0, 4, 5, 6]);
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
