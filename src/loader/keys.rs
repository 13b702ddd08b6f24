//! Keys of any length, packed and numbered.
//!
//! A key costs 16 bytes and two to four slots of 8 bytes, whatever its text, and no allocation; looking it up touches
//! two places in memory.

use super::link::NO_PERSON;
use super::values::mix;
use rayon::prelude::*;
use std::cmp::Ordering;

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

pub(crate) fn pack(key: &[u8]) -> Option<u128> {
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
    pub(crate) fn with<T>(&self, number: usize, look: impl FnOnce(&[u8]) -> T) -> T {
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
    pub(crate) fn compare(&self, a: usize, b: usize) -> Ordering {
        let (a, b) = (self.packed[a], self.packed[b]);
        match (self.long(a), self.long(b)) {
            (None, None) => a.cmp(&b),
            (a, b) => a.is_some().cmp(&b.is_some()).then_with(|| a.cmp(&b)),
        }
    }

    /// The numbers of all keys in the order of the keys; `ties` orders equal ones.
    ///
    /// A key is sorted beside its number: comparing through numbers would wait for two places in memory each time.
    pub(crate) fn sorted(&self, ties: impl Fn(u32, u32) -> Ordering + Sync) -> Vec<u32> {
        let mut order: Vec<(u128, u32)> = self.packed.iter().copied().zip(0..).collect();
        let is_long = |packed: u128| packed & 0xFF == LONG;
        order.par_sort_unstable_by(|a, b| match is_long(a.0) || is_long(b.0) {
            false => a.0.cmp(&b.0).then_with(|| ties(a.1, b.1)),
            true => self.compare(a.1 as usize, b.1 as usize).then_with(|| ties(a.1, b.1)),
        });
        order.into_iter().map(|(_, number)| number).collect()
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
    pub(crate) keys: Keys,
    slots: Vec<u64>,
    /// The person of each key; empty while keys are numbered as persons are.
    pub(crate) persons: Vec<u32>,
}

const EMPTY: u64 = u64::MAX;

/// A key of up to 15 bytes that is looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) hash: u64,
    packed: u128,
}

impl Asked {
    /// `None` for a longer key.
    pub(crate) fn new(key: &[u8]) -> Option<Asked> {
        let packed = pack(key)?;
        Some(Asked { hash: hash(Some(packed), key), packed })
    }
}

/// Keys that are looked up side by side: more than a processor has memory requests under way.
const SIDE_BY_SIDE: usize = 32;

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

    /// The number of `key`.
    pub(crate) fn number(&self, key: &[u8]) -> Option<u32> {
        let packed = pack(key);
        self.slots.first().and_then(|_| self.find(hash(packed, key), packed, key).ok())
    }

    /// The person of `key`.
    #[cfg(test)]
    pub(crate) fn person(&self, key: &[u8]) -> u32 {
        self.number(key).map_or(NO_PERSON, |number| self.person_of(number))
    }

    /// The numbers of many keys, added to `found`; `NO_PERSON` for one that is not there.
    ///
    /// Three loops over a few keys at a time, each with one look into memory that does not wait for the one before: the
    /// processor fetches them side by side, where key after key would wait three times each.
    pub(crate) fn numbers_of(&self, keys: &[Asked], found: &mut Vec<u32>) {
        if self.slots.is_empty() {
            return found.extend(keys.iter().map(|_| NO_PERSON));
        }
        let mask = self.slots.len() - 1;
        for keys in keys.chunks(SIDE_BY_SIDE) {
            let (mut slots, mut there) = ([EMPTY; SIDE_BY_SIDE], [0; SIDE_BY_SIDE]);
            for (slot, asked) in slots.iter_mut().zip(keys) {
                *slot = self.slots[asked.hash as usize & mask];
            }
            for (there, &slot) in there.iter_mut().zip(&slots) {
                *there = self.keys.packed.get(slot as u32 as usize).copied().unwrap_or_default();
            }
            for ((asked, &slot), &there) in keys.iter().zip(&slots).zip(&there) {
                let number = slot as u32;
                let at_once = slot != EMPTY && there == asked.packed && slot == entry(asked.hash, number);
                found.push(if at_once { number } else { self.number_at_length(asked) });
            }
        }
    }

    /// The number of a key that does not stand in the first slot of its hash.
    fn number_at_length(&self, asked: &Asked) -> u32 {
        self.find(asked.hash, Some(asked.packed), &[]).unwrap_or(NO_PERSON)
    }

    /// The person of a key, by its number; what marks no key or nobody stays as it is.
    pub(crate) fn person_of(&self, number: u32) -> u32 {
        self.persons.get(number as usize).copied().unwrap_or(number)
    }

    /// Makes room for so many further keys.
    pub(crate) fn reserve(&mut self, further: usize) {
        let size = ((self.len() + further) * 2).next_power_of_two();
        if size > self.slots.len() {
            self.keys.packed.reserve(further);
            self.resize(size);
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
        self.resize((self.slots.len() * 2).max(1 << 10));
    }

    /// Puts the keys into so many slots, a power of two.
    fn resize(&mut self, size: usize) {
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

pub(crate) fn hash(packed: Option<u128>, key: &[u8]) -> u64 {
    match packed {
        Some(packed) => mix(mix(0, packed as u64), (packed >> 64) as u64),
        None => key.chunks(8).fold(key.len() as u64, |hash, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(hash, u64::from_le_bytes(word))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(texts: &[&str]) -> Keys {
        let mut arena = Keys::default();
        texts.iter().for_each(|t| arena.push(t.as_bytes()));
        arena
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
        let asked: Vec<Asked> = texts.iter().chain(&["c"]).filter_map(|t| Asked::new(t.as_bytes())).collect();
        let mut found = Vec::new();
        table.numbers_of(&asked, &mut found);
        assert_eq!(found, [3000, 3001, 3002, 3003, 3004, 3007, NO_PERSON]);
        assert_eq!(keys(&texts).sorted(|a, b| a.cmp(&b)), [1, 2, 3, 7, 0, 4, 5, 6]);
        let twice = keys(&["a", "sixteen bytes !!", "a", "sixteen bytes !!"]);
        assert_eq!(twice.sorted(|a, b| b.cmp(&a)), [2, 0, 3, 1], "equal keys as asked");
    }
}
