//! Person keys to dense person numbers.
//!
//! Every deliverer spells the key in its own way; linkage files say which keys belong to one person, directly or through
//! a key in between (SSB key to project key, project key to NPR key). Persons are numbered in the sorted order of their
//! key in the population's spelling, so that the number does not depend on the order of rows. Reading linkage files is
//! the matter of `linkage`, packing keys that of `keys`, those of an extract that of `key_reader`.

use super::error::{Fault, LoadError, counted};
use super::key_reader::{KeyReader, LinkReport};
use super::keys::{KeyTable, Keys};
use super::row_places::RowPlaces;
use crate::study::{Key, LinkageFile};
use indexmap::IndexMap;
use rayon::prelude::*;
use std::cmp::Ordering;

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
pub(crate) struct Spelling {
    pub(crate) table: KeyTable,
    /// What messages call the place where keys are looked up.
    pub(crate) place: String,
    /// The least share of an extract's distinct keys that must be found.
    pub(crate) min_matched: f64,
}

/// The least share of an extract's distinct keys that must be found where no linkage file says one.
const MIN_MATCHED: f64 = 0.9;

impl Linker {
    /// From the rows of the first linkage file: the keys of every row in each of its spellings.
    ///
    /// `population` is the spelling of the population, whose order numbers the persons; rows of one such key are one
    /// person. Gives also what is wrong: `Duplicates` when a key stands in two rows of a file that has one row per person, or
    /// belongs to two persons.
    pub(crate) fn from_linkage(file: &LinkageFile, rows: &KeyRows, population: &str) -> (Linker, Vec<LoadError>) {
        let (persons, n_persons) = number_rows(file, &rows.keys, population);
        let mut linker = Linker { n_persons, ..Linker::default() };
        let faults = linker.add(file, rows, &persons, None);
        (linker, faults)
    }

    /// Adds the keys of a further linkage file, whose rows find their persons through a spelling that is known already.
    ///
    /// Errors: `Link` when too few rows find a person. What is wrong as in [`Linker::from_linkage`] is added to `faults`.
    pub(crate) fn extend(
        &mut self,
        file: &LinkageFile,
        rows: &KeyRows,
        faults: &mut Vec<LoadError>,
    ) -> Result<LinkReport, LoadError> {
        let through = file.keys.keys().position(|spelling| self.spellings.contains_key(spelling));
        let through = through.expect("a checked study orders its linkage files");
        // The keys have been brought to their declared shape already.
        let (name, key) = file.keys.get_index(through).expect("the spelling was found");
        let plain = Key { strip_prefix: None, width: None, clean: Vec::new(), ..key.clone() };
        let mut reader = KeyReader::new(&file.name(), &plain, Some(self), Some(file.min_matched));
        (reader.what, reader.section) = (file.name(), format!("the [[linkage]] of {}", file.name()));
        let keys = &rows.keys[through];
        let persons: Vec<u32> = (0..keys.len()).map(|row| keys.with(row, |key| reader.person(key, 0))).collect();
        let read = reader.finish();
        let repeats = if file.several_rows { Vec::new() } else { rows.repeats(through, &persons) };
        faults.extend((!repeats.is_empty()).then(|| several_rows(name, rows, &repeats)));
        faults.extend(self.add(file, rows, &persons, Some(through)));
        Ok(read?.report)
    }

    /// Adds the keys of rows whose persons are known; those of the spelling `through` are there. Spelling by spelling, side by
    /// side; what is wrong comes in the order of the study.
    fn add(&mut self, file: &LinkageFile, rows: &KeyRows, persons: &[u32], through: Option<usize>) -> Vec<LoadError> {
        for name in file.keys.keys() {
            let (place, min_matched) = (file.name(), file.min_matched);
            let new = || Spelling { table: KeyTable::default(), place, min_matched };
            self.spellings.entry(name.clone()).or_insert_with(new);
        }
        let in_file = |(name, spelling)| Some((file.keys.get_index_of::<String>(name)?, spelling));
        let mut asked: Vec<(usize, &mut Spelling)> = self.spellings.iter_mut().filter_map(in_file).collect();
        asked.retain(|(number, _)| Some(*number) != through);
        asked.sort_by_key(|(number, _)| *number);
        let add = |(number, spelling): (usize, &mut Spelling)| {
            add_keys(file, number, rows, persons, &mut spelling.table).err()
        };
        let added: Vec<Option<LoadError>> = asked.into_par_iter().map(add).collect();
        added.into_iter().flatten().collect()
    }

    /// From the keys of the population extract, in order of first appearance; gives also the person of each of them.
    pub(crate) fn from_population(keys: KeyTable, extract: &str) -> (Linker, Vec<u32>) {
        let order = keys.keys.sorted(|_, _| Ordering::Equal);
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

    /// By spelling, how many of the persons that are `present` have no key of it.
    pub(crate) fn persons_without_key(&self, present: &[bool]) -> Vec<(&str, u64)> {
        let without = |spelling: &Spelling| {
            let mut has_none = present.to_vec();
            spelling.table.persons.iter().for_each(|&person| has_none[person as usize] = false);
            has_none.into_iter().filter(|none| *none).count() as u64
        };
        self.spellings.iter().map(|(name, spelling)| (name.as_str(), without(spelling))).collect()
    }

    /// Number of persons.
    pub(crate) fn n_persons(&self) -> usize {
        self.n_persons as usize
    }

    /// The keys of a spelling; of the only one where there is no linkage file.
    pub(crate) fn spelling(&self, spelling: Option<&str>) -> &Spelling {
        self.spellings.get(spelling.unwrap_or_default()).expect("spellings of a checked study are resolved")
    }

    /// The table of a spelling.
    pub(crate) fn table(&self, spelling: Option<&str>) -> &KeyTable {
        &self.spelling(spelling).table
    }
}

/// The rows of a linkage file.
pub(crate) struct KeyRows {
    /// The key of every row, one arena per spelling.
    pub(crate) keys: Vec<Keys>,
    /// Where the rows stand.
    pub(crate) places: RowPlaces,
}

impl KeyRows {
    /// The first further row of every key of a spelling that stands in several rows of persons.
    fn repeats(&self, spelling: usize, persons: &[u32]) -> Vec<u32> {
        let keys = &self.keys[spelling];
        let mut table = KeyTable::default();
        let (mut seen, mut repeats) = (Vec::new(), Vec::new());
        for (row, _) in persons.iter().enumerate().filter(|(_, person)| **person < NO_KEY) {
            keys.with(row, |key| match key {
                [] => {}
                key => match table.insert(key) {
                    (_, true) => seen.push(1),
                    (number, false) => {
                        seen[number as usize] += 1;
                        repeats.extend((seen[number as usize] == 2).then_some(row as u32));
                    }
                },
            });
        }
        repeats
    }
}

/// Adds the keys of rows, of the `number`-th spelling of the file, to the table of that spelling. Errors: `Duplicates`.
fn add_keys(
    file: &LinkageFile,
    number: usize,
    rows: &KeyRows,
    persons: &[u32],
    table: &mut KeyTable,
) -> Result<(), LoadError> {
    let (name, _) = file.keys.get_index(number).expect("the spelling was found");
    let keys = &rows.keys[number];
    if !file.several_rows {
        table.reserve(persons.len());
    }
    let (mut is_repeated, mut ambiguous) = (false, Vec::new());
    for (row, &person) in persons.iter().enumerate().filter(|(_, person)| **person < NO_KEY) {
        keys.with(row, |key| match key {
            [] => {}
            key => match table.insert(key) {
                (_, true) => table.persons.push(person),
                (number, false) => {
                    is_repeated = true;
                    ambiguous.extend((table.persons[number as usize] != person).then_some((number, row as u32)));
                }
            },
        });
    }
    if is_repeated && !file.several_rows {
        return Err(several_rows(name, rows, &rows.repeats(number, persons)));
    }
    // Of each key the first row that contradicts.
    ambiguous.sort_unstable();
    ambiguous.dedup_by_key(|(number, _)| *number);
    let Some(&first) = ambiguous.iter().map(|(_, row)| row).min() else { return Ok(()) };
    let belong = if ambiguous.len() == 1 { "belongs" } else { "belong" };
    let rule =
        format!("{} of spelling {name} {belong} to more than one person", counted(ambiguous.len() as u64, "key"));
    let remedy = "a key has one person; have the linkage file repaired";
    Err(LoadError::Duplicates(Fault::new(rows.places.place(first), rule, remedy)))
}

/// The person of every row of the first linkage file: rows in the order of the population's key, then of the others.
fn number_rows(file: &LinkageFile, keys: &[Keys], population: &str) -> (Vec<u32>, u32) {
    let first = file.keys.get_index_of(population).unwrap_or(0);
    let others: Vec<&Keys> = keys.iter().enumerate().filter(|(i, _)| *i != first).map(|(_, k)| k).collect();
    let compare = |a: u32, b: u32| others.iter().map(|k| k.compare(a as usize, b as usize)).find(|o| o.is_ne());
    let order = keys[first].sorted(|a, b| compare(a, b).unwrap_or(Ordering::Equal));
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

/// The fault of keys that stand in several rows, with the further row of each.
fn several_rows(spelling: &str, rows: &KeyRows, repeats: &[u32]) -> LoadError {
    let stand = if repeats.len() == 1 { "stands" } else { "stand" };
    let first = repeats.iter().min().expect("there are some");
    let keys = counted(repeats.len() as u64, "key");
    let rule = format!("{keys} of spelling {spelling} {stand} in more than one row, here again");
    let remedy = "a linkage file has one row per person; repair it, or set several_rows = true in [linkage]";
    LoadError::Duplicates(Fault::new(rows.places.place(*first), rule, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Clean, Decimal, FileFormat, InputFile};

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

    /// Rows of the linkage file, a column for each spelling.
    fn rows<const N: usize>(columns: [&[&str]; N]) -> KeyRows {
        let mut places = RowPlaces::default();
        places.add("linkage.csv", 0, (2..).take(columns[0].len()));
        KeyRows { keys: columns.map(keys).into(), places }
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

    /// The linker of a linkage file without faults, whose population has the spelling `ssb`.
    fn sound(file: &LinkageFile, rows: &KeyRows) -> Linker {
        let (linker, faults) = Linker::from_linkage(file, rows, "ssb");
        assert_eq!(faults, []);
        linker
    }

    fn linker() -> Linker {
        let rows = rows([&["k2_0000003", "k2_0000001", "", "k2_0000002"], &["7", "12", "30", "9"]]);
        sound(&file("linkage.csv", &["kuhr", "ssb"], false), &rows)
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
        let report = reader.finish().unwrap().report;
        let counts = (report.rows, report.rows_matched, report.rows_without_key, report.keys, report.keys_repeated);
        assert_eq!(counts, (5, 4, 1, 3, 1));
    }

    #[test]
    fn keys_of_another_shape_are_an_error_that_says_how() {
        let (linker, ssb) = (linker(), key(None, None, Some("ssb")));
        let mut reader = KeyReader::new("claims", &ssb, Some(&linker), None);
        reader.person(b"k2_0000001", 2);
        let error = reader.finish().err().unwrap().to_string();
        assert_eq!(
            error,
            "link: 0 of 1 distinct key of extract claims are in linkage.csv; \
             shapes differ (prefix and 7 digits; 1 to 2 digits); set key.strip_prefix and key.width in [extract.claims], or another key.spelling"
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
        let twice = rows([&["1", "1"], &["a", "b"]]);
        let spellings = ["ssb", "npr"];
        let (_, faults) = Linker::from_linkage(&file("linkage.csv", &spellings, false), &twice, "ssb");
        assert!(matches!(faults[..], [LoadError::Duplicates(_)]), "{faults:?}");
        let place = "linkage.csv, row 3: 1 key of spelling ssb stands in more than one row, here again";
        assert!(faults[0].to_string().starts_with(place), "{faults:?}");
        let linker = sound(&file("linkage.csv", &spellings, true), &twice);
        let npr = &linker.spelling(Some("npr")).table;
        assert_eq!((linker.n_persons(), npr.person(b"a"), npr.person(b"b")), (1, 0, 0));
        // Of a person with two keys both are counted, and which stand in several rows.
        let npr = key(None, None, Some("npr"));
        let mut reader = KeyReader::new("stays", &npr, Some(&linker), None);
        assert_eq!(["a", "b", "b"].map(|k| reader.person(k.as_bytes(), 2)), [0; 3]);
        let report = reader.finish().unwrap().report;
        assert_eq!((report.keys, report.keys_matched, report.keys_repeated), (2, 2, 1));
        let shared = rows([&["1", "2", "3"], &["a", "a", "a"]]);
        let (_, faults) = Linker::from_linkage(&file("linkage.csv", &spellings, true), &shared, "ssb");
        let wanted = "linkage.csv, row 3: 1 key of spelling npr belongs to more than one person";
        assert!(faults[0].to_string().starts_with(wanted), "{faults:?}");
    }

    #[test]
    fn a_chain_reaches_persons_through_a_key_in_between() {
        let project = rows([&["7", "12"], &["p1", "p2"]]);
        let mut linker = sound(&file("ssb.csv", &["ssb", "project"], false), &project);
        let npr = rows([&["n2", "n1", "n9"], &["p2", "p1", ""]]);
        let mut faults = Vec::new();
        let report = linker.extend(&file("npr.csv", &["npr", "project"], false), &npr, &mut faults).unwrap();
        assert_eq!(faults, []);
        assert_eq!((report.rows, report.rows_matched, report.rows_without_key), (3, 2, 1));
        let npr = &linker.spelling(Some("npr")).table;
        assert_eq!((npr.person(b"n1"), npr.person(b"n2"), npr.person(b"n9")), (1, 0, NO_PERSON)); // "12" < "7"
    }
}
