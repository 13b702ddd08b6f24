//! How many keys the declared clean-up changed, emptied and made one of, without keeping a key's text.
//!
//! Keys are told apart by 64-bit hashes. Per key that is known (a place in the table of the linker) the first key of the
//! file that became it is remembered, in a number that all threads write to; only further ones, which are few, and keys
//! that belong to nobody stand in lists. Which of several is the first depends on the threads, what is counted does not:
//! every distinct key of the file stands once, as a first or in a list.

use super::key_shape::{Changed, step_names};
use super::keys::{hash, pack};
use crate::study::Key;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows and distinct keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsAndKeys {
    /// Rows.
    pub rows: u64,
    /// Distinct keys, as the files have them.
    pub keys: u64,
}

/// What the declared clean-up did to the keys of an extract, or to those of one spelling in a linkage file.
///
/// `delivered.rows = emptied.rows + compared.rows`, and
/// `delivered.keys = emptied.keys + merged_from + (compared.keys − merged)`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCleanUp {
    /// Name of the extract, or the linkage file.
    pub extract: String,
    /// Name of the key spelling; empty without a linkage file.
    pub spelling: String,
    /// Keys as the files have them.
    pub delivered: RowsAndKeys,
    /// What each step changed, in order, under the name that the study gives it.
    pub steps: Vec<(String, RowsAndKeys)>,
    /// Keys of which nothing was left: rows without a key.
    pub emptied: RowsAndKeys,
    /// What is compared; its keys are the distinct ones after clean-up.
    pub compared: RowsAndKeys,
    /// Of those, keys that several distinct keys of the files became.
    pub merged: u64,
    /// The distinct keys of the files that became them.
    pub merged_from: u64,
}

/// A key as a file has it, and what was done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Delivered {
    /// What it became: the number of a known key, or a hash.
    became: u64,
    raw: u64,
    changed: Changed,
}

/// A key of a file before it is known what it became.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw {
    hash: u64,
    changed: Changed,
}

impl Raw {
    /// The key of a field that has one.
    pub(crate) fn new(field: &[u8], changed: Changed) -> Raw {
        // Zero says that there is no first one yet.
        Raw { hash: hash(pack(field), field).max(1), changed }
    }
}

/// What a key became.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Became {
    /// Nothing was left of it.
    Empty,
    /// A known key, by its number.
    Known(u32),
    /// A key that belongs to nobody, by its hash.
    Stranger(u64),
}

/// The distinct keys of a file that became known keys, the first of each. Shared by the threads of a batch.
#[derive(Debug, Default)]
pub(crate) struct Firsts(Vec<AtomicU64>);

impl Firsts {
    /// For so many known keys.
    pub(crate) fn new(n: usize) -> Firsts {
        Firsts((0..n).map(|_| AtomicU64::new(0)).collect())
    }

    /// Makes room for a key that has just become known.
    pub(crate) fn grow_to(&mut self, n: usize) {
        self.0.resize_with(n.max(self.0.len()), AtomicU64::default);
    }

    /// Whether this is the first key of the file to become known key `number`, or another than the first; `None` for the
    /// first once more.
    fn is_first(&self, number: u32, raw: u64) -> Option<bool> {
        let first = &self.0[number as usize];
        let mut was = first.load(Ordering::Relaxed);
        if was == 0 {
            match first.compare_exchange(0, raw, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(true),
                Err(meanwhile) => was = meanwhile,
            }
        }
        (was != raw).then_some(false)
    }
}

/// What some rows showed; those of several threads add up.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    rows: u64,
    rows_emptied: u64,
    /// Rows that each step changed.
    rows_changed: Vec<u64>,
    /// First keys of known ones, and how many of them each step changed.
    firsts: u64,
    firsts_changed: Vec<u64>,
    further: Distinct,
    strangers: Distinct,
    emptied: Distinct,
}

impl Tally {
    /// Nothing yet, for a key with so many steps.
    pub(crate) fn new(steps: usize) -> Tally {
        Tally { rows_changed: vec![0; steps], firsts_changed: vec![0; steps], ..Tally::default() }
    }

    /// Counts a row with a key.
    pub(crate) fn add(&mut self, firsts: &Firsts, raw: Raw, became: Became) {
        self.rows += 1;
        count(&mut self.rows_changed, raw.changed);
        let delivered = |became| Delivered { became, raw: raw.hash, changed: raw.changed };
        match became {
            Became::Empty => {
                self.rows_emptied += 1;
                self.emptied.push(delivered(0));
            }
            Became::Stranger(hash) => self.strangers.push(delivered(hash)),
            Became::Known(number) => match firsts.is_first(number, raw.hash) {
                None => {}
                Some(true) => {
                    self.firsts += 1;
                    count(&mut self.firsts_changed, raw.changed);
                }
                Some(false) => self.further.push(delivered(u64::from(number))),
            },
        }
    }

    /// Adds what other rows of the same column showed.
    pub(crate) fn merge(&mut self, other: Tally) {
        self.rows += other.rows;
        self.rows_emptied += other.rows_emptied;
        self.firsts += other.firsts;
        let sums = [(&mut self.rows_changed, other.rows_changed), (&mut self.firsts_changed, other.firsts_changed)];
        for (mine, theirs) in sums {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
        let lists = [
            (&mut self.further, other.further),
            (&mut self.strangers, other.strangers),
            (&mut self.emptied, other.emptied),
        ];
        for (mine, theirs) in lists {
            theirs.list.into_iter().for_each(|delivered| mine.push(delivered));
        }
    }

    /// The counts of all rows, for the steps of `key`.
    pub(crate) fn finish(self, key: &Key, extract: &str) -> KeyCleanUp {
        let [further, strangers, emptied] = [self.further, self.strangers, self.emptied].map(Distinct::finish);
        let mut keys_changed = self.firsts_changed;
        let in_lists = further.iter().chain(&strangers).chain(&emptied);
        in_lists.for_each(|delivered| count(&mut keys_changed, delivered.changed));
        let changed = self.rows_changed.into_iter().zip(keys_changed).map(|(rows, keys)| RowsAndKeys { rows, keys });
        let known: HashSet<u64> = further.iter().map(|delivered| delivered.became).collect();
        let groups = || strangers.chunk_by(|a, b| a.became == b.became);
        let several = || groups().filter(|group| group.len() > 1);
        let delivered = self.firsts + (further.len() + strangers.len() + emptied.len()) as u64;
        KeyCleanUp {
            extract: extract.to_string(),
            spelling: key.spelling.clone().unwrap_or_default(),
            delivered: RowsAndKeys { rows: self.rows, keys: delivered },
            steps: step_names(key).into_iter().zip(changed).collect(),
            emptied: RowsAndKeys { rows: self.rows_emptied, keys: emptied.len() as u64 },
            compared: RowsAndKeys { rows: self.rows - self.rows_emptied, keys: self.firsts + groups().count() as u64 },
            merged: (known.len() + several().count()) as u64,
            merged_from: (known.len() + further.len() + several().map(<[_]>::len).sum::<usize>()) as u64,
        }
    }
}

fn count(steps: &mut [u64], changed: Changed) {
    for (number, n) in steps.iter_mut().enumerate() {
        *n += changed >> number & 1;
    }
}

/// A list without repetitions, once it is finished; it never grows to more than twice its distinct entries.
#[derive(Debug, Default)]
struct Distinct {
    list: Vec<Delivered>,
    distinct: usize,
}

/// Entries below which repetitions do not matter.
const FEW: usize = 1 << 12;

impl Distinct {
    fn push(&mut self, delivered: Delivered) {
        if self.list.len() >= FEW.max(2 * self.distinct) {
            self.condense();
        }
        self.list.push(delivered);
    }

    fn condense(&mut self) {
        self.list.sort_unstable();
        self.list.dedup();
        self.distinct = self.list.len();
    }

    /// The entries, sorted.
    fn finish(mut self) -> Vec<Delivered> {
        self.condense();
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Clean;

    fn key() -> Key {
        Key {
            span: 0..0,
            aliases: vec!["id".into()],
            spelling: None,
            clean: vec![Clean::Trim, Clean::Lower],
            strip_prefix: None,
            width: Some(2),
        }
    }

    /// Rows (key, steps that changed it, what it became), by hand: 1 and 01 became known key 0, B and b the stranger 9.
    #[test]
    fn rows_keys_and_keys_that_became_one_are_counted() {
        let rows = [
            ("1", 0b100, Became::Known(0)),
            ("01", 0, Became::Known(0)),
            ("1", 0b100, Became::Known(0)),
            ("22", 0, Became::Known(1)),
            ("B ", 0b111, Became::Stranger(9)),
            ("b", 0b100, Became::Stranger(9)),
            ("c", 0b100, Became::Stranger(8)),
            ("  ", 0b001, Became::Empty),
        ];
        // In two parts, as two threads would, either of them first.
        for order in [[0, 1], [1, 0]] {
            let firsts = Firsts::new(2);
            let mut parts: Vec<Tally> = (0..2).map(|_| Tally::new(3)).collect();
            for part in order {
                for &(raw, changed, became) in &rows[part * 4..part * 4 + 4] {
                    parts[part].add(&firsts, Raw::new(raw.as_bytes(), changed), became);
                }
            }
            let mut all = Tally::new(3);
            parts.into_iter().for_each(|part| all.merge(part));
            let found = all.finish(&key(), "visits");
            let both = |rows, keys| RowsAndKeys { rows, keys };
            assert_eq!(found.delivered, both(8, 7));
            let steps: Vec<(&str, RowsAndKeys)> = found.steps.iter().map(|(name, n)| (name.as_str(), *n)).collect();
            assert_eq!(steps, [("trim", both(2, 2)), ("lower", both(1, 1)), ("width 2", both(5, 4))]);
            assert_eq!((found.emptied, found.compared), (both(1, 1), both(7, 4)));
            assert_eq!((found.merged, found.merged_from), (2, 4));
        }
    }

    #[test]
    fn a_list_is_condensed_as_it_grows() {
        let mut list = Distinct::default();
        for i in 0..50_000 {
            list.push(Delivered { became: i % 7, raw: i % 14, changed: 0 });
            assert!(list.list.len() <= FEW);
        }
        assert_eq!(list.finish().len(), 14);
    }
}
