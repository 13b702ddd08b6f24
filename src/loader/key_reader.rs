//! The keys of an extract, batch by batch, to person numbers; and what linking showed of them.

use super::error::{Fault, LoadError, Place, counted, thousands};
use super::format::file::DataBatch;
use super::key_shape::{Normaliser, has_steps, step_names};
use super::key_tally::{Became, Firsts, KeyCleanUp, Raw, Tally};
use super::keys::{Asked, KeyTable, hash, pack};
use super::link::{Linker, NO_KEY, NO_PERSON, Spelling};
use super::shapes::{SHAPES_SEEN, Shapes};
use crate::study::Key;
use rayon::prelude::*;
use std::collections::HashSet;
use std::ops::Range;

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

/// What the keys of one extract showed.
pub(crate) struct KeysRead {
    pub(crate) report: LinkReport,
    /// `None` where the declaration changes no key.
    pub(crate) clean_up: Option<KeyCleanUp>,
    /// The population's own keys, where they were collected.
    pub(crate) collected: KeyTable,
}

/// Turns the keys of one extract into person numbers, and counts.
pub(crate) struct KeyReader<'a> {
    spelling: Option<&'a str>,
    /// `None` while the population's own keys are collected.
    linker: Option<&'a Linker>,
    /// The population's keys, where there is no linkage file.
    pub(crate) collected: KeyTable,
    report: LinkReport,
    /// What messages call the rows whose keys these are, and the section of the study that declares them.
    pub(crate) what: String,
    pub(crate) section: String,
    /// The least share of distinct keys that must be found, where the extract says one.
    min_matched: Option<f64>,
    /// Per known key: rows seen, up to two.
    seen: Vec<u8>,
    unmatched: HashSet<u64>,
    shapes: Shapes,
    normaliser: Normaliser<'a>,
    /// What the declared clean-up did; `None` where the declaration says none.
    clean_up: Option<CleanUp>,
}

/// Counts what clean-up does.
struct CleanUp {
    firsts: Firsts,
    tally: Tally,
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
        let known = linker.map_or(0, |linker| linker.table(key.spelling.as_deref()).len());
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
            section: format!("[extract.{extract}]"),
            min_matched,
            seen: vec![0; known],
            unmatched: HashSet::new(),
            shapes: Shapes::default(),
            normaliser: Normaliser::new(key),
            clean_up: has_steps(key)
                .then(|| CleanUp { firsts: Firsts::new(known), tally: Tally::new(step_names(key).len()) }),
        }
    }

    /// The person of a key field; `NO_KEY` when it is empty, `NO_PERSON` when it is not found.
    pub(crate) fn person(&mut self, field: &[u8], row: u64) -> u32 {
        self.shapes.add(field);
        let number = self.key_uncounted(field, row);
        self.count(&[number]);
        self.linker.map_or(number, |linker| linker.table(self.spelling).person_of(number))
    }

    /// The number of the known key in a field; `NO_KEY` when it is empty, `NO_PERSON` when it is not found.
    fn key_uncounted(&mut self, field: &[u8], row: u64) -> u32 {
        let Some((key, changed)) = self.normaliser.key(field, row) else { return NO_PERSON };
        let became = match (key, self.linker) {
            ([], _) => Became::Empty,
            (key, None) => Became::Known(self.collected.insert(key).0),
            (key, Some(linker)) => {
                let number = linker.table(self.spelling).number(key);
                number.map_or_else(|| Became::Stranger(hash(pack(key), key)), Became::Known)
            }
        };
        if let Became::Stranger(hash) = became {
            self.unmatched.insert(hash);
        }
        if let Some(CleanUp { firsts, tally }) = self.clean_up.as_mut().filter(|_| !field.is_empty()) {
            firsts.grow_to(self.collected.len());
            tally.add(firsts, Raw::new(field, changed), became);
        }
        number_of(became)
    }

    /// The persons of the keys of a batch, as [`KeyReader::person`] finds them. Errors: the row of a key that is no key.
    pub(crate) fn persons(&mut self, batch: &DataBatch) -> Result<Vec<u32>, u64> {
        let Some(linker) = self.linker else { return self.persons_one_by_one(batch) };
        let (table, key) = (linker.table(self.spelling), self.normaliser.declared());
        let firsts = self.clean_up.as_ref().map(|clean_up| &clean_up.firsts);
        let starts: Vec<usize> = (0..batch.n_rows()).step_by(ROWS_LOOKED_UP).collect();
        let parts: Vec<Result<(LookedUp, Normaliser<'a>), u64>> = starts
            .into_par_iter()
            .map(|start| look_up(batch, start..batch.n_rows().min(start + ROWS_LOOKED_UP), (key, table, firsts)))
            .collect();
        let mut buffer = String::new();
        for row in 0..batch.n_rows().min(self.shapes.wanted()) {
            self.shapes.add(batch.key(row, 0, &mut buffer).unwrap_or_default());
        }
        let mut persons = Vec::with_capacity(batch.n_rows());
        for part in parts {
            let (part, normaliser) = part?;
            self.count(&part.keys);
            self.unmatched.extend(part.unmatched);
            self.normaliser.add(&normaliser);
            if let Some((clean_up, tally)) = self.clean_up.as_mut().zip(part.tally) {
                clean_up.tally.merge(tally);
            }
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

    /// Counts rows by the numbers of their keys; a person may have several keys.
    fn count(&mut self, keys: &[u32]) {
        self.report.rows += keys.len() as u64;
        for &key in keys {
            match key {
                NO_KEY => self.report.rows_without_key += 1,
                NO_PERSON => {}
                key => {
                    self.report.rows_matched += 1;
                    if self.seen.len() <= key as usize {
                        self.seen.resize(key as usize + 1, 0);
                    }
                    let seen = &mut self.seen[key as usize];
                    *seen = (*seen + 1).min(2);
                }
            }
        }
    }

    /// The faults of the keys of the file that ends here.
    pub(crate) fn end_file(&mut self, file: &str, column: &str) -> Vec<Fault> {
        self.normaliser.end_file(file, column)
    }

    /// What linking and clean-up showed, once all rows were read. Errors: `Link` when too few keys were found.
    pub(crate) fn finish(mut self) -> Result<KeysRead, LoadError> {
        self.report.keys_matched = self.seen.iter().filter(|&&n| n > 0).count() as u64;
        self.report.keys_repeated = self.seen.iter().filter(|&&n| n > 1).count() as u64;
        self.report.keys = self.report.keys_matched + self.unmatched.len() as u64;
        let (clean_up, key, extract) = (self.clean_up.take(), self.normaliser.declared(), &self.report.extract);
        let clean_up = clean_up.map(|clean_up| clean_up.tally.finish(key, extract));
        let Some(linker) = self.linker else {
            return Ok(KeysRead { report: self.report, clean_up, collected: self.collected });
        };
        let spelling = linker.spelling(self.spelling);
        let least = self.min_matched.unwrap_or(spelling.min_matched);
        let share = self.report.keys_matched as f64 / self.report.keys as f64;
        let nobody = self.report.keys_matched == 0 && self.min_matched != Some(0.0);
        if self.report.keys > 0 && (nobody || share < least) {
            return Err(self.too_few(spelling, least));
        }
        Ok(KeysRead { report: self.report, clean_up, collected: self.collected })
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
            format!("set key.strip_prefix and key.width in {}, or another key.spelling", self.section)
        } else {
            let section = &self.section;
            format!(
                "at least {least} must be; check the delivery, or set min_matched in {section} to the share that is right"
            )
        };
        LoadError::Link(Fault::new(Place::file("link"), rule, remedy))
    }
}

/// Rows that one thread looks up at a time.
const ROWS_LOOKED_UP: usize = 1 << 13;

/// What was found for some rows of a batch.
struct LookedUp {
    persons: Vec<u32>,
    /// Numbers of the known keys, `NO_KEY` and `NO_PERSON` as among persons.
    keys: Vec<u32>,
    /// Hashes of the keys that belong to nobody.
    unmatched: Vec<u64>,
    tally: Option<Tally>,
}

impl LookedUp {
    /// Notes what the key of a row became: `raw` where clean-up is counted.
    fn found(&mut self, at: usize, table: &KeyTable, became: Became, raw: Option<(&Firsts, Raw)>) {
        self.keys[at] = number_of(became);
        self.persons[at] = table.person_of(self.keys[at]);
        if let Became::Stranger(hash) = became {
            self.unmatched.push(hash);
        }
        if let Some((tally, (firsts, raw))) = self.tally.as_mut().zip(raw) {
            tally.add(firsts, raw, became);
        }
    }
}

/// The number of a known key; `NO_KEY` of an empty one, `NO_PERSON` of a stranger.
fn number_of(became: Became) -> u32 {
    match became {
        Became::Empty => NO_KEY,
        Became::Stranger(_) => NO_PERSON,
        Became::Known(number) => number,
    }
}

/// The persons of the keys of some rows, and the normaliser that saw them. Errors: the row of a key that is no key.
fn look_up<'a>(
    batch: &DataBatch,
    rows: Range<usize>,
    (key, table, firsts): (&'a Key, &KeyTable, Option<&Firsts>),
) -> Result<(LookedUp, Normaliser<'a>), u64> {
    let mut normaliser = Normaliser::new(key);
    let mut buffer = String::new();
    let tally = firsts.map(|_| Tally::new(step_names(key).len()));
    let [persons, keys] = [(); 2].map(|()| vec![NO_KEY; rows.len()]);
    let mut looked_up = LookedUp { persons, keys, unmatched: Vec::new(), tally };
    let (mut asked, mut asked_at) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for (at, row) in rows.enumerate() {
        let field = batch.key(row, 0, &mut buffer).ok_or(batch.row(row))?;
        if field.is_empty() {
            continue;
        }
        let shaped = normaliser.key(field, batch.row(row));
        let raw = |changed| firsts.map(|firsts| (firsts, Raw::new(field, changed)));
        match shaped {
            None => (looked_up.persons[at], looked_up.keys[at]) = (NO_PERSON, NO_PERSON),
            Some(([], changed)) => looked_up.found(at, table, Became::Empty, raw(changed)),
            Some((key, changed)) => match Asked::new(key) {
                Some(short) => {
                    asked.push(short);
                    asked_at.push((at, raw(changed)));
                }
                None => {
                    let stranger = || Became::Stranger(hash(None, key));
                    let became = table.number(key).map_or_else(stranger, Became::Known);
                    looked_up.found(at, table, became, raw(changed));
                }
            },
        }
    }
    let mut numbers = Vec::with_capacity(asked.len());
    table.numbers_of(&asked, &mut numbers);
    for ((asked, (at, raw)), number) in asked.iter().zip(asked_at).zip(numbers) {
        let became = if number == NO_PERSON { Became::Stranger(asked.hash) } else { Became::Known(number) };
        looked_up.found(at, table, became, raw);
    }
    Ok((looked_up, normaliser))
}
