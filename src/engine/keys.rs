//! Finding equal records: codes packed into one whole-number key per record, and the distinct keys in order.
//!
//! A key holds the fields of a record side by side as bits, the first field highest, so sorting keys sorts records by
//! field after field. The distinct keys do not depend on the order of the records, which is why sums that run
//! over them have the same bits for every order of the rows. When the fields need more than 64 bits, the leading
//! ones are replaced by the rank of their combination, as often as necessary.

use std::borrow::Cow;

use crate::table::Codes;

/// Records whose keys are sorted together. Small enough that keys and buffer stay in the second-level cache,
/// and a fixed number, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 17;

/// Most bits sorted in one pass of the radix sort: 4096 counters fit the first-level cache.
const MOST_DIGIT_BITS: u32 = 12;

/// One code per record, of `bits` bits.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    bits: u32,
    codes: FieldCodes<'a>,
}

#[derive(Debug, Clone)]
enum FieldCodes<'a> {
    Flag(&'a [bool]),
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(Cow<'a, [u32]>),
}

impl<'a> Field<'a> {
    /// A yes or no per record.
    pub fn flag(flags: &'a [bool]) -> Field<'a> {
        Field { bits: 1, codes: FieldCodes::Flag(flags) }
    }

    /// Codes without missing ones, all below `n_levels`.
    pub fn coded(codes: &'a Codes, n_levels: usize) -> Field<'a> {
        let codes = match codes {
            Codes::U8(v) => FieldCodes::U8(v),
            Codes::U16(v) => FieldCodes::U16(v),
            Codes::U32(v) => FieldCodes::U32(Cow::Borrowed(v)),
        };
        Field { bits: bits_for(n_levels), codes }
    }

    /// Numbers below `n_levels`.
    pub fn numbers(numbers: impl Into<Cow<'a, [u32]>>, n_levels: usize) -> Field<'a> {
        Field { bits: bits_for(n_levels), codes: FieldCodes::U32(numbers.into()) }
    }

    /// Appends the codes of the records from `first` on to their keys.
    fn append(&self, first: usize, keys: &mut [u64]) {
        fn add(keys: &mut [u64], bits: u32, codes: impl Iterator<Item = u64>) {
            for (key, code) in keys.iter_mut().zip(codes) {
                *key = (*key << bits) | code;
            }
        }
        let range = first..first + keys.len();
        match &self.codes {
            FieldCodes::Flag(v) => add(keys, self.bits, v[range].iter().map(|&c| u64::from(c))),
            FieldCodes::U8(v) => add(keys, self.bits, v[range].iter().map(|&c| u64::from(c))),
            FieldCodes::U16(v) => add(keys, self.bits, v[range].iter().map(|&c| u64::from(c))),
            FieldCodes::U32(v) => add(keys, self.bits, v[range].iter().map(|&c| u64::from(c))),
        }
    }
}

/// Number of bits that hold the codes 0..`n_levels`.
pub(super) fn bits_for(n_levels: usize) -> u32 {
    usize::BITS - n_levels.saturating_sub(1).leading_zeros()
}

/// Fields of all records, packed so that a key fits 64 bits.
#[derive(Debug)]
pub(super) struct KeySpace<'a> {
    n_records: usize,
    fields: Vec<Field<'a>>,
    /// What the first field stands for when it replaces earlier ones.
    head: Option<Head>,
}

/// Leading fields that were replaced by the rank of their combination.
#[derive(Debug)]
struct Head {
    bits: Vec<u32>,
    /// The combination of every rank.
    keys: Vec<u64>,
    head: Option<Box<Head>>,
}

/// Distinct keys in increasing order, and how many records have each.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    pub keys: Vec<u64>,
    pub counts: Vec<u32>,
}

impl<'a> KeySpace<'a> {
    /// Packs the fields of `n_records` records.
    pub fn new(n_records: usize, fields: Vec<Field<'a>>) -> KeySpace<'a> {
        let mut space = KeySpace { n_records, fields: Vec::new(), head: None };
        for field in fields {
            if space.total_bits() + field.bits > u64::BITS {
                space.replace_by_rank();
            }
            space.fields.push(field);
        }
        space
    }

    fn total_bits(&self) -> u32 {
        self.fields.iter().map(|f| f.bits).sum()
    }

    /// Replaces all fields by one: the rank of their combination.
    fn replace_by_rank(&mut self) {
        let distinct = self.distinct();
        let table = KeyTable::new(&distinct.keys);
        let ranks = self.map_keys(|key| table.find(&distinct.keys, key));
        let rank = Field::numbers(ranks, distinct.keys.len());
        let bits = self.fields.iter().map(|f| f.bits).collect();
        self.fields = vec![rank];
        self.head = Some(Head { bits, keys: distinct.keys, head: self.head.take().map(Box::new) });
    }

    /// The keys of the records from `first` on.
    fn fill(&self, first: usize, keys: &mut [u64]) {
        // Short runs, so that the keys stay in the first-level cache while field after field is appended.
        for (part, keys) in keys.chunks_mut(2048).enumerate() {
            keys.fill(0);
            self.fields.iter().for_each(|f| f.append(first + part * 2048, keys));
        }
    }

    /// The distinct keys and their numbers of records.
    pub fn distinct(&self) -> Distinct {
        self.distinct_of_chunks(0, self.n_records.div_ceil(CHUNK).max(1))
    }

    fn distinct_of_chunks(&self, first: usize, end: usize) -> Distinct {
        if end - first > 1 {
            let middle = first.midpoint(end);
            let (a, b) =
                rayon::join(|| self.distinct_of_chunks(first, middle), || self.distinct_of_chunks(middle, end));
            return merge(a, b);
        }
        let from = first * CHUNK;
        let mut keys = vec![0; CHUNK.min(self.n_records - from)];
        self.fill(from, &mut keys);
        radix_sort(&mut keys, self.total_bits());
        count_runs(keys)
    }

    /// What `value` makes of every record's key, in the order of the records.
    pub fn map_keys(&self, value: impl Fn(u64) -> u32 + Sync) -> Vec<u32> {
        use rayon::prelude::*;
        let mut values = vec![0; self.n_records];
        values.par_chunks_mut(8192).enumerate().for_each(|(chunk, values)| {
            let mut keys = vec![0; values.len()];
            self.fill(chunk * 8192, &mut keys);
            values.iter_mut().zip(keys).for_each(|(v, key)| *v = value(key));
        });
        values
    }

    /// The codes in `key`, one per field given to [`KeySpace::new`], written to the end of `codes` backwards.
    pub fn decode(&self, key: u64, codes: &mut [u32]) {
        let bits: Vec<u32> = self.fields.iter().map(|f| f.bits).collect();
        decode(key, &bits, self.head.as_ref(), codes);
    }

    /// The codes of all `keys`, one array per field given to [`KeySpace::new`].
    pub fn decode_all(&self, keys: &[u64], n_fields: usize) -> Vec<Vec<u32>> {
        use rayon::prelude::*;
        if self.head.is_none() {
            let mut shift = self.total_bits();
            let place = |field: &Field| {
                shift -= field.bits;
                (shift, mask(field.bits))
            };
            let places: Vec<(u32, u64)> = self.fields.iter().map(place).collect();
            let code = |key: u64, (shift, mask): (u32, u64)| (shifted(key, shift) & mask) as u32;
            let column = |&place: &(u32, u64)| keys.iter().map(|&key| code(key, place)).collect();
            return places.par_iter().map(column).collect();
        }
        let mut columns = vec![Vec::with_capacity(keys.len()); n_fields];
        let mut codes = vec![0; n_fields];
        for &key in keys {
            self.decode(key, &mut codes);
            columns.iter_mut().zip(&codes).for_each(|(column, &code)| column.push(code));
        }
        columns
    }
}

/// `key >> shift`, also for a shift by all 64 bits.
fn shifted(key: u64, shift: u32) -> u64 {
    key.checked_shr(shift).unwrap_or(0)
}

/// The lowest `bits` bits set.
fn mask(bits: u32) -> u64 {
    1u64.checked_shl(bits).map_or(u64::MAX, |b| b - 1)
}

fn decode(mut key: u64, bits: &[u32], head: Option<&Head>, codes: &mut [u32]) {
    let (rest, last) = match head {
        Some(_) => codes.split_at_mut(codes.len() - (bits.len() - 1)),
        None => (&mut [][..], codes),
    };
    let own = if head.is_some() { &bits[1..] } else { bits };
    for (code, &bits) in last.iter_mut().zip(own).rev() {
        *code = (key & mask(bits)) as u32;
        key = shifted(key, bits);
    }
    if let Some(head) = head {
        decode(head.keys[key as usize], &head.bits, head.head.as_deref(), rest);
    }
}

/// Sorts keys of `bits` bits, lowest digit first.
fn radix_sort(keys: &mut Vec<u64>, bits: u32) {
    let n_passes = bits.div_ceil(MOST_DIGIT_BITS);
    let digit_bits = bits.div_ceil(n_passes.max(1));
    let mut buffer = vec![0; keys.len()];
    let mut next = vec![0u32; 1 << digit_bits];
    for pass in 0..n_passes {
        let digit = |key: u64| (key >> (pass * digit_bits)) as usize & ((1 << digit_bits) - 1);
        next.fill(0);
        keys.iter().for_each(|&key| next[digit(key)] += 1);
        let mut sum = 0;
        for count in &mut next {
            sum += std::mem::replace(count, sum);
        }
        for &key in keys.iter() {
            let place = &mut next[digit(key)];
            buffer[*place as usize] = key;
            *place += 1;
        }
        std::mem::swap(keys, &mut buffer);
    }
}

/// Sorts keys of `bits` bits: by digits when there are many, by comparison otherwise.
pub(super) fn sort_keys(keys: &mut Vec<u64>, bits: u32) {
    if keys.len() < 4096 {
        keys.sort_unstable();
    } else {
        radix_sort(keys, bits);
    }
}

/// The distinct values of sorted keys.
fn count_runs(mut sorted: Vec<u64>) -> Distinct {
    // Written without a branch: whether a key equals the one before cannot be guessed.
    let mut first = vec![0u32; sorted.len() + 1];
    let mut n = usize::from(!sorted.is_empty());
    for i in 1..sorted.len() {
        first[n] = i as u32;
        n += usize::from(sorted[i] != sorted[i - 1]);
    }
    first[n] = sorted.len() as u32;
    for place in 0..n {
        sorted[place] = sorted[first[place] as usize];
    }
    sorted.truncate(n);
    Distinct { keys: sorted, counts: first[..=n].windows(2).map(|w| w[1] - w[0]).collect() }
}

/// Merges the distinct keys of two sets of records.
fn merge(a: Distinct, b: Distinct) -> Distinct {
    let capacity = a.keys.len().max(b.keys.len());
    let mut result = Distinct { keys: Vec::with_capacity(capacity), counts: Vec::with_capacity(capacity) };
    let (mut i, mut j) = (0, 0);
    while i < a.keys.len() && j < b.keys.len() {
        let (from_a, from_b) = (a.keys[i] <= b.keys[j], b.keys[j] <= a.keys[i]);
        result.keys.push(a.keys[i].min(b.keys[j]));
        result.counts.push(u32::from(from_a) * a.counts[i] + u32::from(from_b) * b.counts[j]);
        i += usize::from(from_a);
        j += usize::from(from_b);
    }
    result.keys.extend_from_slice(&a.keys[i..]);
    result.counts.extend_from_slice(&a.counts[i..]);
    result.keys.extend_from_slice(&b.keys[j..]);
    result.counts.extend_from_slice(&b.counts[j..]);
    result
}

/// Finds the place of a key among distinct keys by multiply-shift hashing with open addressing.
///
/// ```text
/// h(key) = (key · m mod 2⁶⁴) >> (64 − k),   m odd,   2ᵏ cells for at most 2ᵏ⁻¹ keys
/// ```
///
/// Source: Dietzfelbinger, Hagerup, Katajainen, Penttonen (1997), J. Algorithms 25:19-51, doi 10.1006/jagm.1997.0873.
pub(super) struct KeyTable {
    cells: Vec<u32>,
    shift: u32,
}

const EMPTY: u32 = u32::MAX;
/// An odd number near 2⁶⁴ divided by the golden ratio, which spreads neighbouring keys well.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

impl KeyTable {
    /// A table of distinct keys.
    pub fn new(keys: &[u64]) -> KeyTable {
        let size = (2 * keys.len()).next_power_of_two().max(2);
        let mut table = KeyTable { cells: vec![EMPTY; size], shift: u64::BITS - size.trailing_zeros() };
        for (place, &key) in keys.iter().enumerate() {
            let mut cell = table.first_cell(key);
            while table.cells[cell] != EMPTY {
                cell = (cell + 1) % size;
            }
            table.cells[cell] = place as u32;
        }
        table
    }

    fn first_cell(&self, key: u64) -> usize {
        (key.wrapping_mul(MULTIPLIER) >> self.shift) as usize
    }

    /// The place of `key`, which must be one of `keys`, the keys of [`KeyTable::new`].
    pub fn find(&self, keys: &[u64], key: u64) -> u32 {
        let mut cell = self.first_cell(key);
        loop {
            let place = self.cells[cell];
            debug_assert_ne!(place, EMPTY, "the key is in the table");
            if place == EMPTY || keys[place as usize] == key {
                return place;
            }
            cell = (cell + 1) % self.cells.len();
        }
    }
}

/// The distinct values in increasing order, and the place of every record's value among them.
pub(super) fn rank_values(values: &[f64]) -> (Vec<f64>, Vec<u32>) {
    use rayon::prelude::*;
    // Adding 0 turns −0 into 0, so that equal numbers have equal bits.
    let mut distinct: Vec<u64> = values.par_iter().map(|v| ordered_bits(v + 0.0)).collect();
    distinct.par_sort_unstable();
    distinct.dedup();
    let table = KeyTable::new(&distinct);
    let ranks = values.par_iter().map(|v| table.find(&distinct, ordered_bits(v + 0.0))).collect();
    (distinct.into_iter().map(number_of_bits).collect(), ranks)
}

/// The bits of a number, changed so that they sort as the numbers do.
pub(super) fn ordered_bits(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

/// Undoes [`ordered_bits`].
fn number_of_bits(bits: u64) -> f64 {
    f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_keys_are_sorted_and_counted_and_decoded() {
        let flags = [true, false, true, true];
        let codes = Codes::U8(vec![2, 1, 0, 2]);
        let space = KeySpace::new(4, vec![Field::flag(&flags), Field::coded(&codes, 3)]);
        let distinct = space.distinct();
        assert_eq!(distinct.keys, [1, 4, 6]);
        assert_eq!(distinct.counts, [1, 1, 2]);
        assert_eq!(space.decode_all(&distinct.keys, 2), [vec![0, 1, 1], vec![1, 0, 2]]);
    }

    #[test]
    fn fields_beyond_64_bits_are_replaced_by_ranks() {
        let n = 1000u32;
        let column = |m: u32| (0..n).map(|i| (i.wrapping_mul(m)) % 7 * (u32::MAX / 7)).collect::<Vec<_>>();
        let columns: Vec<Vec<u32>> = (1..8).map(column).collect();
        let fields = columns.iter().map(|c| Field::numbers(&c[..], 1 << 32)).collect();
        let space = KeySpace::new(n as usize, fields);
        let distinct = space.distinct();
        assert_eq!(distinct.keys.len(), 7);
        let decoded = space.decode_all(&distinct.keys, 7);
        // Sorted by the first field, and every combination is one that occurs.
        assert!(decoded[0].windows(2).all(|w| w[0] < w[1]));
        let row = |columns: &[Vec<u32>], i: usize| columns.iter().map(|c| c[i]).collect::<Vec<_>>();
        assert!((0..7).all(|k| (0..7).any(|i| row(&columns, i) == row(&decoded, k))));
    }

    #[test]
    fn many_records_are_merged_from_chunks() {
        let n = 3 * CHUNK + 17;
        let codes: Vec<u32> = (0..n as u32).map(|i| i.wrapping_mul(2_654_435_761) >> 20).collect();
        let distinct = KeySpace::new(n, vec![Field::numbers(&codes[..], 1 << 12)]).distinct();
        assert!(distinct.keys.windows(2).all(|w| w[0] < w[1]));
        assert_eq!(distinct.counts.iter().map(|&c| c as usize).sum::<usize>(), n);
    }

    #[test]
    fn ranks_follow_the_order_of_numbers() {
        let (values, ranks) = rank_values(&[2.5, -1.0, 0.0, -0.0, 2.5, -7.0]);
        assert_eq!(values, [-7.0, -1.0, 0.0, 2.5]);
        assert_eq!(ranks, [3, 1, 2, 2, 3, 0]);
    }
}
