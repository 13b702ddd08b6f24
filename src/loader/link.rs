//! Person keys to dense person numbers.
//!
//! Every deliverer spells the key in its own way; linkage files say which keys belong to one person, directly or through
//! a key in between (SSB key to project key, project key to NPR key). Persons are numbered in the sorted order of their
//! key in the population's spelling, so that the number does not depend on the order of rows. Reading linkage files is
//! the matter of `linkage`, packing keys that of `keys`, those of an extract that of `key_reader`.

use super::error::{Fault, LoadError, Place, counted};
use super::key_reader::{KeyReader, LinkReport};
use super::keys::{KeyTable, Keys};
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
        (reader.what, reader.section) = (file.name(), format!("the [[linkage]] of {}", file.name()));
        let rows = 0..keys[through].len();
        let persons: Vec<u32> = rows.map(|row| keys[through].with(row, |key| reader.person(key, 0))).collect();
        let report = reader.finish()?.report;
        if report.keys_repeated > 0 && !file.several_rows {
            return Err(several_rows(file, name, report.keys_repeated));
        }
        self.add(file, keys, &persons, Some(through))?;
        Ok(report)
    }

    /// Adds the keys of rows whose persons are known; those of the spelling `through` are there. Spelling by spelling, side by
    /// side; of several faults the first in the order of the study is told.
    fn add(
        &mut self,
        file: &LinkageFile,
        keys: &[Keys],
        persons: &[u32],
        through: Option<usize>,
    ) -> Result<(), LoadError> {
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
            add_keys(file, number, &keys[number], persons, &mut spelling.table)
        };
        let added: Vec<Result<(), LoadError>> = asked.into_par_iter().map(add).collect();
        added.into_iter().collect()
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

/// Adds the keys of rows, of the `number`-th spelling of the file, to the table of that spelling. Errors: `Duplicates`.
fn add_keys(
    file: &LinkageFile,
    number: usize,
    keys: &Keys,
    persons: &[u32],
    table: &mut KeyTable,
) -> Result<(), LoadError> {
    let (name, _) = file.keys.get_index(number).expect("the spelling was found");
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
    Ok(())
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

fn several_rows(file: &LinkageFile, spelling: &str, repeated: u64) -> LoadError {
    let stand = if repeated == 1 { "stands" } else { "stand" };
    let rule = format!("{} of spelling {spelling} {stand} in more than one row", counted(repeated, "key"));
    let remedy = "a linkage file has one row per person; repair it, or set several_rows = true in [linkage]";
    LoadError::Duplicates(Fault::new(Place::file(file.name()), rule, remedy))
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
        let rows = [keys(&["1", "1"]), keys(&["a", "b"])];
        let spellings = ["ssb", "npr"];
        let error = Linker::from_linkage(&file("linkage.csv", &spellings, false), &rows, "ssb").unwrap_err();
        assert!(matches!(error, LoadError::Duplicates(_)), "{error}");
        let linker = Linker::from_linkage(&file("linkage.csv", &spellings, true), &rows, "ssb").unwrap();
        let npr = &linker.spelling(Some("npr")).table;
        assert_eq!((linker.n_persons(), npr.person(b"a"), npr.person(b"b")), (1, 0, 0));
        // Of a person with two keys both are counted, and which stand in several rows.
        let npr = key(None, None, Some("npr"));
        let mut reader = KeyReader::new("stays", &npr, Some(&linker), None);
        assert_eq!(["a", "b", "b"].map(|k| reader.person(k.as_bytes(), 2)), [0; 3]);
        let report = reader.finish().unwrap().report;
        assert_eq!((report.keys, report.keys_matched, report.keys_repeated), (2, 2, 1));
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
