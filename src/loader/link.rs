//! Person keys to dense person numbers.
//!
//! Every deliverer spells the key in its own way; linkage files say which keys belong to one person, directly or through
//! a key in between (SSB key to project key, project key to NPR key). Persons are numbered in the sorted order of their
//! key in the population's spelling, so that the number does not depend on the order of rows. Reading linkage files is
//! the matter of `linkage`, packing keys that of `keys`.

use super::error::{Fault, LoadError, Place, counted, thousands};
use super::format::file::DataBatch;
use super::keys::{Asked, KeyTable, Keys, hash, pack};
use super::shapes::{SHAPES_SEEN, Shapes};
use crate::study::{Clean, Key, LinkageFile};
use indexmap::IndexMap;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::HashSet;

/// The number of a key that belongs to nobody.
pub(crate) const NO_PERSON: u32 = u32::MAX;

/// The number of an empty key. Numbers from here on are no persons.
pub(crate) const NO_KEY: u32 = u32::MAX - 1;

/// All persons of a study, and how each deliverer spells their keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Linker {
    /// By spelling; one under the empty name when the study has no linkage file.
    spellings: IndexMap<String, Spelling>,
    n_persons: u32,
}

/// The keys of one spelling.
#[derive(Debug, Clone, Default)]
struct Spelling {
    table: KeyTable,
    /// What messages call the place where keys are looked up.
    place: String,
    /// The least share of an extract's distinct keys that must be found.
    min_matched: f64,
}

/// The least share of an extract's distinct keys that must be found where no linkage file says one.
const MIN_MATCHED: f64 = 0.9;

impl Linker {
    /// From the rows of the first linkage file: the keys of every row in each of its spellings.
    ///
    /// `population` is the spelling of the population, whose order numbers the persons; rows of one such key are one
    /// person. Errors: `Duplicates` when a key stands in two rows of a file that has one row per person, or belongs to
    /// two persons.
    pub(crate) fn from_linkage(file: &LinkageFile, keys: &[Keys], population: &str) -> Result<Linker, LoadError> {
        let (persons, n_persons) = number_rows(file, keys, population);
        let mut linker = Linker { n_persons, ..Linker::default() };
        linker.add(file, keys, &persons, None)?;
        Ok(linker)
    }

    /// Adds the keys of a further linkage file, whose rows find their persons through a spelling that is known already.
    ///
    /// Errors: as [`Linker::from_linkage`], and `Link` when too few rows find a person.
    pub(crate) fn extend(&mut self, file: &LinkageFile, keys: &[Keys]) -> Result<LinkReport, LoadError> {
        let through = file.keys.keys().position(|spelling| self.spellings.contains_key(spelling));
        let through = through.expect("a checked study orders its linkage files");
        // The keys have been brought to their declared shape already.
        let (name, key) = file.keys.get_index(through).expect("the spelling was found");
        let plain = Key { strip_prefix: None, width: None, clean: Vec::new(), ..key.clone() };
        let mut reader = KeyReader::new(&file.name(), &plain, Some(self), Some(file.min_matched));
        reader.what = file.name();
        let rows = 0..keys[through].len();
        let persons: Vec<u32> = rows.map(|row| keys[through].with(row, |key| reader.person(key, 0))).collect();
        let (report, _) = reader.finish()?;
        if report.keys_repeated > 0 && !file.several_rows {
            return Err(several_rows(file, name, report.keys_repeated));
        }
        self.add(file, keys, &persons, Some(through))?;
        Ok(report)
    }

    /// Adds the keys of rows whose persons are known; those of the spelling `through` are there.
    fn add(
        &mut self,
        file: &LinkageFile,
        keys: &[Keys],
        persons: &[u32],
        through: Option<usize>,
    ) -> Result<(), LoadError> {
        for (number, ((name, _), keys)) in file.keys.iter().zip(keys).enumerate() {
            if Some(number) == through {
                continue;
            }
            let (place, min_matched) = (file.name(), file.min_matched);
            let new = || Spelling { table: KeyTable::default(), place, min_matched };
            let table = &mut self.spellings.entry(name.clone()).or_insert_with(new).table;
            if !file.several_rows {
                table.reserve(persons.len());
            }
            let (mut repeated, mut ambiguous) = (0, 0);
            for (row, &person) in persons.iter().enumerate().filter(|(_, person)| **person < NO_KEY) {
                keys.with(row, |key| match key {
                    [] => {}
                    key => match table.insert(key) {
                        (_, true) => table.persons.push(person),
                        (number, false) => {
                            repeated += 1;
                            ambiguous += u64::from(table.persons[number as usize] != person);
                        }
                    },
                });
            }
            if repeated > 0 && !file.several_rows {
                return Err(several_rows(file, name, repeated));
            }
            if ambiguous > 0 {
                let belong = if ambiguous == 1 { "belongs" } else { "belong" };
                let rule = format!("{} of spelling {name} {belong} to more than one person", counted(ambiguous, "key"));
                let remedy = "a key has one person; have the linkage file repaired";
                return Err(LoadError::Duplicates(Fault::new(Place::file(file.name()), rule, remedy)));
            }
        }
        Ok(())
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
        let mut table = keys;
        table.persons.clone_from(&persons);
        let spelling = Spelling { table, place: format!("extract {extract}"), min_matched: MIN_MATCHED };
        (Linker { spellings: IndexMap::from([(String::new(), spelling)]), n_persons }, persons)
    }

    /// Number of persons.
    pub(crate) fn n_persons(&self) -> usize {
        self.n_persons as usize
    }

    fn spelling(&self, spelling: Option<&str>) -> &Spelling {
        self.spellings.get(spelling.unwrap_or_default()).expect("spellings of a checked study are resolved")
    }
}

/// The person of every row of the first linkage file: rows in the order of the population's key, then of the others.
fn number_rows(file: &LinkageFile, keys: &[Keys], population: &str) -> (Vec<u32>, u32) {
    let first = file.keys.get_index_of(population).unwrap_or(0);
    let mut by: Vec<&Keys> = vec![&keys[first]];
    by.extend(keys.iter().enumerate().filter(|(i, _)| *i != first).map(|(_, k)| k));
    let mut order: Vec<u32> = (0..keys[first].len() as u32).collect();
    let compare = |a: u32, b: u32| by.iter().map(|k| k.compare(a as usize, b as usize)).find(|o| o.is_ne());
    order.par_sort_unstable_by(|&a, &b| compare(a, b).unwrap_or(Ordering::Equal));
    let mut persons = vec![NO_PERSON; order.len()];
    let mut n_persons = 0;
    for (i, &row) in order.iter().enumerate() {
        let empty = keys[first].with(row as usize, <[u8]>::is_empty);
        let same = i > 0 && !empty && keys[first].compare(order[i - 1] as usize, row as usize).is_eq();
        n_persons += u32::from(!same);
        persons[row as usize] = n_persons - 1;
    }
    (persons, n_persons)
}

fn several_rows(file: &LinkageFile, spelling: &str, repeated: u64) -> LoadError {
    let stand = if repeated == 1 { "stands" } else { "stand" };
    let rule = format!("{} of spelling {spelling} {stand} in more than one row", counted(repeated, "key"));
    let remedy = "a linkage file has one row per person; repair it, or set several_rows = true in [linkage]";
    LoadError::Duplicates(Fault::new(Place::file(file.name()), rule, remedy))
}

/// How the keys of one extract linked.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    spelling: Option<&'a str>,
    /// `None` while the population's own keys are collected.
    linker: Option<&'a Linker>,
    /// The population's keys, where there is no linkage file.
    pub(crate) collected: KeyTable,
    report: LinkReport,
    /// What messages call the rows whose keys these are.
    what: String,
    /// The least share of distinct keys that must be found, where the extract says one.
    min_matched: Option<f64>,
    /// Per person: rows seen, up to two.
    seen: Vec<u8>,
    unmatched: HashSet<u64>,
    shapes: Shapes,
    normaliser: Normaliser<'a>,
}

impl<'a> KeyReader<'a> {
    /// A reader of the keys of `extract`; `linker` is `None` for the population of a study without linkage file.
    /// `min_matched` stands in for the share that the linkage file asks for.
    pub(crate) fn new(
        extract: &str,
        key: &'a Key,
        linker: Option<&'a Linker>,
        min_matched: Option<f64>,
    ) -> KeyReader<'a> {
        KeyReader {
            spelling: key.spelling.as_deref(),
            linker,
            collected: KeyTable::default(),
            report: LinkReport {
                extract: extract.to_string(),
                spelling: key.spelling.clone().unwrap_or_default(),
                ..LinkReport::default()
            },
            what: format!("extract {extract}"),
            min_matched,
            seen: vec![0; linker.map_or(0, Linker::n_persons)],
            unmatched: HashSet::new(),
            shapes: Shapes::default(),
            normaliser: Normaliser::new(key),
        }
    }

    /// The person of a key field; `NO_KEY` when it is empty, `NO_PERSON` when it is not found.
    pub(crate) fn person(&mut self, field: &[u8], row: u64) -> u32 {
        self.shapes.add(field);
        let person = match self.normaliser.key(field, row) {
            None => NO_PERSON,
            Some([]) => NO_KEY,
            Some(key) => {
                let person = match self.linker {
                    Some(linker) => linker.spelling(self.spelling).table.person(key),
                    None => self.collected.insert(key).0,
                };
                self.unmatched.extend((person == NO_PERSON).then(|| hash(pack(key), key)));
                person
            }
        };
        self.count(&[person]);
        person
    }

    /// The persons of the keys of a batch, as [`KeyReader::person`] finds them. Errors: the row of a key that is no key.
    pub(crate) fn persons(&mut self, batch: &DataBatch) -> Result<Vec<u32>, u64> {
        let Some(linker) = self.linker else { return self.persons_one_by_one(batch) };
        let table = &linker.spelling(self.spelling).table;
        let key = self.normaliser.key;
        let starts: Vec<usize> = (0..batch.n_rows()).step_by(ROWS_LOOKED_UP).collect();
        let parts: Vec<Result<LookedUp<'a>, u64>> = starts
            .into_par_iter()
            .map(|start| look_up(batch, start..batch.n_rows().min(start + ROWS_LOOKED_UP), key, table))
            .collect();
        let mut buffer = String::new();
        for row in 0..batch.n_rows().min(self.shapes.wanted()) {
            self.shapes.add(batch.key(row, 0, &mut buffer).unwrap_or_default());
        }
        let mut persons = Vec::with_capacity(batch.n_rows());
        for part in parts {
            let part = part?;
            self.count(&part.persons);
            self.unmatched.extend(part.unmatched);
            self.normaliser.add(&part.normaliser);
            persons.extend(part.persons);
        }
        Ok(persons)
    }

    fn persons_one_by_one(&mut self, batch: &DataBatch) -> Result<Vec<u32>, u64> {
        let mut buffer = String::new();
        let person = |row| match batch.key(row, 0, &mut buffer) {
            Some(key) => Ok(self.person(key, batch.row(row))),
            None => Err(batch.row(row)),
        };
        (0..batch.n_rows()).map(person).collect()
    }

    fn count(&mut self, persons: &[u32]) {
        self.report.rows += persons.len() as u64;
        for &person in persons {
            match person {
                NO_KEY => self.report.rows_without_key += 1,
                NO_PERSON => {}
                person => {
                    self.report.rows_matched += 1;
                    if self.seen.len() <= person as usize {
                        self.seen.resize(person as usize + 1, 0);
                    }
                    let seen = &mut self.seen[person as usize];
                    *seen = (*seen + 1).min(2);
                }
            }
        }
    }

    /// The faults of the keys of the file that ends here.
    pub(crate) fn end_file(&mut self, file: &str, column: &str) -> Vec<Fault> {
        self.normaliser.end_file(file, column)
    }

    /// The report, once all rows were read. Errors: `Link` when too few keys were found.
    pub(crate) fn finish(mut self) -> Result<(LinkReport, KeyTable), LoadError> {
        self.report.keys_matched = self.seen.iter().filter(|&&n| n > 0).count() as u64;
        self.report.keys_repeated = self.seen.iter().filter(|&&n| n > 1).count() as u64;
        self.report.keys = self.report.keys_matched + self.unmatched.len() as u64;
        let Some(linker) = self.linker else { return Ok((self.report, self.collected)) };
        let spelling = linker.spelling(self.spelling);
        let least = self.min_matched.unwrap_or(spelling.min_matched);
        let share = self.report.keys_matched as f64 / self.report.keys as f64;
        let nobody = self.report.keys_matched == 0 && self.min_matched != Some(0.0);
        if self.report.keys > 0 && (nobody || share < least) {
            return Err(self.too_few(spelling, least));
        }
        Ok((self.report, self.collected))
    }

    fn too_few(&self, spelling: &Spelling, least: f64) -> LoadError {
        let (found, keys) = (thousands(self.report.keys_matched), counted(self.report.keys, "distinct key"));
        let mut rule = format!("{found} of {keys} of {} are in {}", self.what, spelling.place);
        let mut known = Shapes::default();
        let table = &spelling.table;
        (0..table.len().min(SHAPES_SEEN)).for_each(|i| table.keys.with(i, |key| known.add(key)));
        let (here, there) = (self.shapes.to_string(), known.to_string());
        let remedy = if self.report.keys_matched == 0 && here != there {
            rule = format!("{rule}; shapes differ ({here}; {there})");
            "set key.strip_prefix and key.width, or another key.spelling".to_string()
        } else {
            format!("at least {least} must be; check the delivery, or set min_matched to the share that is right here")
        };
        LoadError::Link(Fault::new(Place::file("link"), rule, remedy))
    }
}

/// Rows that one thread looks up at a time.
const ROWS_LOOKED_UP: usize = 1 << 13;

/// What was found for some rows of a batch.
struct LookedUp<'a> {
    persons: Vec<u32>,
    /// Hashes of the keys that belong to nobody.
    unmatched: Vec<u64>,
    normaliser: Normaliser<'a>,
}

/// The persons of the keys of some rows. Errors: the row of a key that is no key.
fn look_up<'a>(
    batch: &DataBatch,
    rows: std::ops::Range<usize>,
    key: &'a Key,
    table: &KeyTable,
) -> Result<LookedUp<'a>, u64> {
    let mut normaliser = Normaliser::new(key);
    let mut buffer = String::new();
    let mut persons = Vec::with_capacity(rows.len());
    let mut unmatched = Vec::new();
    let (mut asked, mut asked_at) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows {
        let field = batch.key(row, 0, &mut buffer).ok_or(batch.row(row))?;
        persons.push(match normaliser.key(field, batch.row(row)) {
            None => NO_PERSON,
            Some([]) => NO_KEY,
            Some(key) => match Asked::new(key) {
                Some(short) => {
                    asked.push(short);
                    asked_at.push(persons.len());
                    NO_PERSON
                }
                None => {
                    let person = table.person(key);
                    unmatched.extend((person == NO_PERSON).then(|| hash(None, key)));
                    person
                }
            },
        });
    }
    let mut found = Vec::with_capacity(asked.len());
    table.persons_of(&asked, &mut found);
    for ((asked, at), person) in asked.iter().zip(asked_at).zip(found) {
        persons[at] = person;
        unmatched.extend((person == NO_PERSON).then_some(asked.hash));
    }
    Ok(LookedUp { persons, unmatched, normaliser })
}

/// Brings keys to their declared shape: cleaned, without their prefix, padded to their width.
pub(crate) struct Normaliser<'a> {
    key: &'a Key,
    buffer: Vec<u8>,
    /// First row and number of keys without the declared prefix, and of keys longer than the declared width.
    no_prefix: Option<(u64, u64)>,
    too_long: Option<(u64, u64)>,
}

impl<'a> Normaliser<'a> {
    /// By the declaration of `key`.
    pub(crate) fn new(key: &'a Key) -> Normaliser<'a> {
        Normaliser { key, buffer: Vec::new(), no_prefix: None, too_long: None }
    }

    /// The key that a field holds, empty where there is none; `None`, and counted, when it does not fit the declaration.
    pub(crate) fn key<'f>(&'f mut self, field: &'f [u8], row: u64) -> Option<&'f [u8]> {
        if self.key.clean.is_empty() && self.key.strip_prefix.is_none() && self.key.width.is_none() {
            return Some(field);
        }
        self.buffer.clear();
        match self.key.clean.as_slice() {
            [] => self.buffer.extend_from_slice(field),
            steps => {
                let text = String::from_utf8_lossy(field).into_owned();
                let clean = steps.iter().fold(text, |text, step| Clean::apply(*step, &text));
                self.buffer.extend_from_slice(clean.as_bytes());
            }
        }
        if self.buffer.is_empty() {
            return Some(&self.buffer);
        }
        if let Some(prefix) = &self.key.strip_prefix {
            if !self.buffer.starts_with(prefix.as_bytes()) {
                self.no_prefix.get_or_insert((row, 0)).1 += 1;
                return None;
            }
            self.buffer.drain(..prefix.len());
        }
        if let Some(width) = self.key.width {
            let length = self.buffer.len();
            if length > width {
                self.too_long.get_or_insert((row, 0)).1 += 1;
                return None;
            }
            self.buffer.splice(..0, std::iter::repeat_n(b'0', width - length));
        }
        Some(&self.buffer)
    }

    /// Adds the faults that another found in later rows of the same file.
    fn add(&mut self, other: &Normaliser) {
        for (mine, theirs) in [(&mut self.no_prefix, other.no_prefix), (&mut self.too_long, other.too_long)] {
            if let Some((row, n)) = theirs {
                mine.get_or_insert((row, 0)).1 += n;
            }
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Decimal, FileFormat, InputFile};

    fn key(strip_prefix: Option<&str>, width: Option<usize>, spelling: Option<&str>) -> Key {
        Key {
            span: 0..0,
            aliases: vec!["id".into()],
            spelling: spelling.map(str::to_string),
            clean: Vec::new(),
            strip_prefix: strip_prefix.map(str::to_string),
            width,
        }
    }

    fn keys(texts: &[&str]) -> Keys {
        let mut arena = Keys::default();
        texts.iter().for_each(|t| arena.push(t.as_bytes()));
        arena
    }

    fn file(name: &str, spellings: &[&str], several_rows: bool) -> LinkageFile {
        LinkageFile {
            span: 0..0,
            files: vec![InputFile { written: name.to_string(), path: Default::default() }],
            format: FileFormat::Parquet { decimal: Decimal::Point },
            keys: spellings.iter().map(|s| (s.to_string(), key(None, None, Some(s)))).collect(),
            several_rows,
            min_matched: 0.9,
        }
    }

    fn linker() -> Linker {
        let rows = [keys(&["k2_0000003", "k2_0000001", "", "k2_0000002"]), keys(&["7", "12", "30", "9"])];
        Linker::from_linkage(&file("linkage.csv", &["kuhr", "ssb"], false), &rows, "ssb").unwrap()
    }

    #[test]
    fn persons_are_numbered_by_the_population_key() {
        let (linker, kuhr) = (linker(), key(None, None, Some("kuhr")));
        let mut reader = KeyReader::new("claims", &kuhr, Some(&linker), None);
        let persons: Vec<u32> = ["k2_0000001", "k2_0000003", "", "k2_0000002", "k2_0000001"]
            .iter()
            .map(|k| reader.person(k.as_bytes(), 2))
            .collect();
        assert_eq!(persons, [0, 2, NO_KEY, 3, 0]); // "12" < "30" < "7" < "9"
        let (report, _) = reader.finish().unwrap();
        let counts = (report.rows, report.rows_matched, report.rows_without_key, report.keys, report.keys_repeated);
        assert_eq!(counts, (5, 4, 1, 3, 1));
    }

    #[test]
    fn keys_of_another_shape_are_an_error_that_says_how() {
        let (linker, ssb) = (linker(), key(None, None, Some("ssb")));
        let mut reader = KeyReader::new("claims", &ssb, Some(&linker), None);
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
        let stripped = Key { clean: vec![Clean::Trim, Clean::Lower], ..key(Some("k2_"), Some(7), None) };
        let mut reader = KeyReader::new("claims", &stripped, Some(&linker), None);
        assert_eq!(reader.person(b"K2_12 ", 2), 1);
        assert_eq!(reader.person(b"12", 3), NO_PERSON);
        assert_eq!(reader.person(b"k2_00000012", 4), NO_PERSON);
        assert_eq!(reader.person(b"  ", 5), NO_KEY);
        let faults = reader.end_file("kuhr.dsv", "LOPENR");
        assert_eq!(faults.len(), 2);
        assert!(faults[0].to_string().starts_with("kuhr.dsv, row 3, column LOPENR: 1 key without the prefix"));
    }

    #[test]
    fn a_key_in_two_rows_of_the_linkage_file_is_an_error_unless_a_person_may_have_several() {
        let rows = [keys(&["1", "1"]), keys(&["a", "b"])];
        let spellings = ["ssb", "npr"];
        let error = Linker::from_linkage(&file("linkage.csv", &spellings, false), &rows, "ssb").unwrap_err();
        assert!(matches!(error, LoadError::Duplicates(_)), "{error}");
        let linker = Linker::from_linkage(&file("linkage.csv", &spellings, true), &rows, "ssb").unwrap();
        let npr = &linker.spelling(Some("npr")).table;
        assert_eq!((linker.n_persons(), npr.person(b"a"), npr.person(b"b")), (1, 0, 0));
        let shared = [keys(&["1", "2"]), keys(&["a", "a"])];
        let error = Linker::from_linkage(&file("linkage.csv", &spellings, true), &shared, "ssb").unwrap_err();
        assert!(error.to_string().contains("1 key of spelling npr belongs to more than one person"), "{error}");
    }

    #[test]
    fn a_chain_reaches_persons_through_a_key_in_between() {
        let project = [keys(&["7", "12"]), keys(&["p1", "p2"])];
        let mut linker = Linker::from_linkage(&file("ssb.csv", &["ssb", "project"], false), &project, "ssb").unwrap();
        let npr = [keys(&["n2", "n1", "n9"]), keys(&["p2", "p1", ""])];
        let report = linker.extend(&file("npr.csv", &["npr", "project"], false), &npr).unwrap();
        assert_eq!((report.rows, report.rows_matched, report.rows_without_key), (3, 2, 1));
        let npr = &linker.spelling(Some("npr")).table;
        assert_eq!((npr.person(b"n1"), npr.person(b"n2"), npr.person(b"n9")), (1, 0, NO_PERSON)); // "12" < "7"
    }
}
