//! How the records carry a covariate: as small codes wherever there are few distinct values, else as numbers.
//!
//! One carrier serves every term that uses the column: `age`, `I(age^2)` and `factor(age)` read the same codes.

use crate::table::{Codes, ColumnData};
use std::borrow::Cow;

/// Most distinct values of a number that is kept as a code (two bytes per record, one mark left for missing).
pub(crate) const MOST_CODES: usize = 65_534;

/// The values of one column, or of one calculation over several columns, for all rows of the table.
#[derive(Debug, Clone)]
pub(crate) enum Carrier<'t> {
    /// One code per row, and what the codes stand for.
    Coded {
        /// Codes, with the missing mark where the value is missing.
        codes: Cow<'t, Codes>,
        /// The number of each code, ascending; `None` for levels of text.
        values: Option<Vec<f64>>,
        /// The level of each code: name and label; `None` for numbers.
        levels: Option<Vec<(String, String)>>,
        /// Whether somebody declared the levels and their order.
        declared: bool,
    },
    /// One number per row; NaN is missing.
    Continuous(Vec<f64>),
}

impl<'t> Carrier<'t> {
    /// The carrier of a column.
    pub(crate) fn of_column(data: &'t ColumnData) -> Carrier<'t> {
        match data {
            ColumnData::Factor(f) => Carrier::Coded {
                codes: Cow::Borrowed(&f.codes),
                values: None,
                levels: Some(f.levels.iter().cloned().zip(f.labels.iter().cloned()).collect()),
                declared: f.declared,
            },
            ColumnData::Logical(values) => Carrier::of_truths(values),
            ColumnData::Number(values) => Carrier::of_numbers(Cow::Borrowed(values)),
            ColumnData::Whole(values) | ColumnData::Day(values) => Carrier::of_whole(values),
        }
    }

    /// The carrier of true and false: a factor with the levels R gives it.
    pub(crate) fn of_truths(values: &[Option<bool>]) -> Carrier<'t> {
        let levels = ["FALSE", "TRUE"].map(|l| (l.to_string(), l.to_string())).to_vec();
        let codes = Codes::pack(values.iter().map(|v| v.map(u32::from)), 2);
        Carrier::Coded { codes: Cow::Owned(codes), values: Some(vec![0.0, 1.0]), levels: Some(levels), declared: true }
    }

    /// The carrier of whole numbers; a small range is coded by counting, without a search.
    pub(crate) fn of_whole(values: &[i32]) -> Carrier<'t> {
        let searched = || Carrier::of_numbers(Cow::Owned(super::value::whole_numbers(values)));
        Carrier::by_counting(values).unwrap_or_else(searched)
    }

    /// Codes through a table of all whole numbers between the smallest and the largest; `None` when that is too wide.
    fn by_counting(values: &[i32]) -> Option<Carrier<'t>> {
        const WIDEST_TABLE: i64 = 1 << 21;
        let known = || values.iter().filter(|v| **v != crate::table::MISSING_WHOLE);
        let (Some(low), Some(high)) = (known().min(), known().max()) else {
            return Some(Carrier::coded_numbers(vec![u32::MAX; values.len()], Vec::new()));
        };
        let (low, range) = (*low, i64::from(*high) - i64::from(*low) + 1);
        if range > WIDEST_TABLE {
            return None;
        }
        let place = |v: i32| (i64::from(v) - i64::from(low)) as usize;
        let mut code_of = vec![0u32; range as usize];
        known().for_each(|v| code_of[place(*v)] = 1);
        let mut numbers = Vec::new();
        for (i, code) in code_of.iter_mut().enumerate().filter(|(_, c)| **c == 1) {
            *code = numbers.len() as u32;
            numbers.push(f64::from(low) + i as f64);
        }
        if numbers.len() > MOST_CODES {
            return Some(Carrier::Continuous(super::value::whole_numbers(values)));
        }
        let missing = crate::table::MISSING_WHOLE;
        let codes = Codes::pack(values.iter().map(|v| (*v != missing).then(|| code_of[place(*v)])), numbers.len());
        Some(Carrier::Coded { codes: Cow::Owned(codes), values: Some(numbers), levels: None, declared: false })
    }

    /// The carrier of numbers: codes when there are few distinct ones.
    pub(crate) fn of_numbers(values: Cow<'_, [f64]>) -> Carrier<'t> {
        let missing = crate::table::MISSING_WHOLE;
        let is_whole = |x: &f64| x.is_nan() || (f64::from(*x as i32) == *x && *x as i32 != missing);
        if values.iter().all(is_whole) {
            let whole: Vec<i32> = values.iter().map(|x| if x.is_nan() { missing } else { *x as i32 }).collect();
            if let Some(carrier) = Carrier::by_counting(&whole) {
                return carrier;
            }
        }
        match encode(&values, MOST_CODES) {
            Some((codes, numbers)) => Carrier::coded_numbers(codes, numbers),
            None => Carrier::Continuous(values.into_owned()),
        }
    }

    /// The carrier of numbers whose codes are at hand (`u32::MAX` where a value is missing).
    pub(crate) fn coded_numbers(codes: Vec<u32>, numbers: Vec<f64>) -> Carrier<'t> {
        let packed = Codes::pack(codes.into_iter().map(|c| (c != u32::MAX).then_some(c)), numbers.len());
        Carrier::Coded { codes: Cow::Owned(packed), values: Some(numbers), levels: None, declared: false }
    }
}

/// Codes of `values` in ascending order of the numbers (`u32::MAX` for NaN), and the numbers; `None` when there are
/// more than `most` of them.
pub(crate) fn encode(values: &[f64], most: usize) -> Option<(Vec<u32>, Vec<f64>)> {
    let mut found = Distinct::new();
    let mut codes = Vec::with_capacity(values.len());
    for value in values {
        codes.push(if value.is_nan() { u32::MAX } else { found.code(*value) });
        if found.values.len() > most {
            return None;
        }
    }
    let mut order: Vec<usize> = (0..found.values.len()).collect();
    order.sort_by(|a, b| found.values[*a].total_cmp(&found.values[*b]));
    let mut rank = vec![0u32; order.len()];
    order.iter().enumerate().for_each(|(new, old)| rank[*old] = new as u32);
    for code in codes.iter_mut().filter(|c| **c != u32::MAX) {
        *code = rank[*code as usize];
    }
    Some((codes, order.into_iter().map(|i| found.values[i]).collect()))
}

/// Distinct numbers in order of appearance: open addressing with a multiplicative hash, which is several times faster
/// than the standard map and gives the same codes everywhere.
struct Distinct {
    slots: Vec<u32>,
    values: Vec<f64>,
}

impl Distinct {
    const EMPTY: u32 = u32::MAX;

    fn new() -> Distinct {
        Distinct { slots: vec![Distinct::EMPTY; 1 << 10], values: Vec::new() }
    }

    /// The code of a number that is not NaN; 0 and −0 are the same number.
    fn code(&mut self, value: f64) -> u32 {
        let value = value + 0.0;
        let mask = self.slots.len() - 1;
        let mut at = Distinct::hash(value, mask);
        loop {
            match self.slots[at] {
                Distinct::EMPTY => break,
                code if self.values[code as usize] == value => return code,
                _ => at = (at + 1) & mask,
            }
        }
        let code = self.values.len() as u32;
        self.slots[at] = code;
        self.values.push(value);
        if self.values.len() * 2 > self.slots.len() {
            self.grow();
        }
        code
    }

    fn hash(value: f64, mask: usize) -> usize {
        let mixed = value.to_bits().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as usize & mask
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 4 - 1;
        self.slots = vec![Distinct::EMPTY; mask + 1];
        for (code, value) in self.values.iter().enumerate() {
            let mut at = Distinct::hash(*value, mask);
            while self.slots[at] != Distinct::EMPTY {
                at = (at + 1) & mask;
            }
            self.slots[at] = code as u32;
        }
    }
}

/// Numbers 0, 1, 2 … of the groups that a column forms, by ascending value, so that the order of the rows means
/// nothing; `u32::MAX` where it is missing.
pub(crate) fn groups(data: &ColumnData) -> Vec<u32> {
    match data {
        ColumnData::Factor(f) => (0..f.codes.len()).map(|row| f.codes.get(row).unwrap_or(u32::MAX)).collect(),
        ColumnData::Logical(values) => values.iter().map(|v| v.map_or(u32::MAX, u32::from)).collect(),
        ColumnData::Number(values) => number_groups(values),
        ColumnData::Whole(values) | ColumnData::Day(values) if values.is_sorted() => sorted_groups(values),
        ColumnData::Whole(values) | ColumnData::Day(values) => number_groups(&super::value::whole_numbers(values)),
    }
}

/// The groups of ascending numbers, of which missing ones come first: no search is needed.
fn sorted_groups(values: &[i32]) -> Vec<u32> {
    let mut last = crate::table::MISSING_WHOLE;
    let mut group = u32::MAX;
    let next = |value: &i32| {
        if *value != last {
            last = *value;
            group = group.wrapping_add(1);
        }
        group
    };
    values.iter().map(next).collect()
}

fn number_groups(values: &[f64]) -> Vec<u32> {
    encode(values, usize::MAX).map(|(codes, _)| codes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_codes_in_ascending_order() {
        let (codes, values) = encode(&[3.0, -1.0, f64::NAN, 3.0, 0.5, -0.0, 0.0], 10).expect("few values");
        assert_eq!(values, [-1.0, 0.0, 0.5, 3.0]);
        assert_eq!(codes, [3, 0, u32::MAX, 3, 2, 1, 1]);
        assert_eq!(encode(&[1.0, 2.0, 3.0], 2), None);
    }

    #[test]
    fn many_numbers_survive_growth() {
        let values: Vec<f64> = (0..5_000).map(|i| f64::from((i * 7919) % 5_000) / 3.0).collect();
        let (codes, numbers) = encode(&values, MOST_CODES).expect("few values");
        assert!(values.iter().zip(&codes).all(|(v, c)| numbers[*c as usize] == *v));
        assert!(numbers.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn whole_numbers_are_coded_by_counting() {
        let Carrier::Coded { codes, values, .. } = Carrier::of_whole(&[7, i32::MIN, 5, 7]) else { panic!("coded") };
        assert_eq!(values, Some(vec![5.0, 7.0]));
        assert_eq!((0..4).map(|i| codes.get(i)).collect::<Vec<_>>(), [Some(1), None, Some(0), Some(1)]);
    }

    #[test]
    fn groups_are_numbered_by_value() {
        let data = ColumnData::Whole(vec![9, 9, i32::MIN, 4, 9]);
        assert_eq!(groups(&data), [1, 1, u32::MAX, 0, 1]);
        let sorted = ColumnData::Whole(vec![i32::MIN, 4, 9, 9]);
        assert_eq!(groups(&sorted), [u32::MAX, 0, 1, 1]);
        let sorted = ColumnData::Whole(vec![i32::MIN, 4, 9, 9]);
        assert_eq!(groups(&sorted), [u32::MAX, 0, 1, 1]);
    }
}
