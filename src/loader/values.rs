//! Typed values of a column, and the texts that codes stand for.

use crate::study::ColumnKind;
use crate::table::MISSING_WHOLE;
use polars::prelude::{Column as PolarsColumn, DataType, IntoColumn, NamedFrom, PlHashMap, Series, StringChunked};
use std::collections::BTreeMap;

/// The number of a missing code.
pub const MISSING_CODE: u32 = u32::MAX;

/// Texts and their numbers, in order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    numbers: PlHashMap<Box<[u8]>, u32>,
    texts: Vec<Box<str>>,
    /// Labels of values that the files give.
    pub labels: BTreeMap<String, String>,
}

impl Dictionary {
    /// The number of `text`, new if need be.
    pub fn number(&mut self, text: &str) -> u32 {
        self.number_of_bytes(text.as_bytes())
    }

    /// The number of a text given as UTF-8, which is checked when the text is new (decoding has seen to it before).
    pub fn number_of_bytes(&mut self, text: &[u8]) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(String::from_utf8_lossy(text).into());
        self.numbers.insert(text.into(), number);
        number
    }

    /// The text of a number. Panics when the number is not of this dictionary.
    pub fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    /// All texts, by number.
    pub fn texts(&self) -> &[Box<str>] {
        &self.texts
    }
}

/// Typed values of one column, one per row; missing values have a mark of their own.
#[derive(Debug, Clone)]
pub enum Values {
    /// Days; `MISSING_WHOLE` is missing.
    Day(Vec<i32>),
    /// Whole numbers; `MISSING_WHOLE` is missing.
    Whole(Vec<i32>),
    /// Numbers; NaN is missing.
    Number(Vec<f64>),
    /// Numbers into the column's dictionary; `MISSING_CODE` is missing.
    Code(Vec<u32>),
    /// Several codes a row: row i has `codes[ends[i-1]..ends[i]]`; none is missing.
    Codes {
        /// Where each row's codes end.
        ends: Vec<usize>,
        /// Numbers into the column's dictionary.
        codes: Vec<u32>,
    },
}

impl Values {
    /// No values of the type that `kind` gives.
    pub fn empty(kind: &ColumnKind) -> Values {
        match kind {
            ColumnKind::Date(_) => Values::Day(Vec::new()),
            ColumnKind::Whole { .. } => Values::Whole(Vec::new()),
            ColumnKind::Number { .. } => Values::Number(Vec::new()),
            ColumnKind::Code(_) => Values::Code(Vec::new()),
            ColumnKind::Codes { .. } => Values::Codes { ends: Vec::new(), codes: Vec::new() },
        }
    }

    /// The codes of a row of a `Code` or `Codes` column; none for other types.
    pub fn codes(&self, row: usize) -> &[u32] {
        match self {
            Values::Code(v) if v[row] != MISSING_CODE => &v[row..=row],
            Values::Codes { ends, codes } => &codes[if row == 0 { 0 } else { ends[row - 1] }..ends[row]],
            _ => &[],
        }
    }

    /// The days of a date column. Panics for another type, which a checked study rules out.
    pub fn days(&self) -> &[i32] {
        match self {
            Values::Day(v) => v,
            _ => panic!("a checked study names a date column here"),
        }
    }

    /// Whether a row has no value.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Values::Day(v) | Values::Whole(v) => v[row] == MISSING_WHOLE,
            Values::Number(v) => v[row].is_nan(),
            Values::Code(_) | Values::Codes { .. } => self.codes(row).is_empty(),
        }
    }

    /// The number of a row; NaN when it is missing or no number.
    pub fn number(&self, row: usize) -> f64 {
        match self {
            Values::Number(v) => v[row],
            Values::Whole(v) | Values::Day(v) if v[row] != MISSING_WHOLE => f64::from(v[row]),
            _ => f64::NAN,
        }
    }

    /// The values of rows, missing where there is no row.
    pub fn take_or_missing(&self, rows: &[Option<u32>]) -> Values {
        let at = |row: &Option<u32>| row.map(|r| r as usize);
        match self {
            Values::Day(v) => Values::Day(rows.iter().map(|r| at(r).map_or(MISSING_WHOLE, |r| v[r])).collect()),
            Values::Whole(v) => Values::Whole(rows.iter().map(|r| at(r).map_or(MISSING_WHOLE, |r| v[r])).collect()),
            Values::Number(v) => Values::Number(rows.iter().map(|r| at(r).map_or(f64::NAN, |r| v[r])).collect()),
            Values::Code(v) => Values::Code(rows.iter().map(|r| at(r).map_or(MISSING_CODE, |r| v[r])).collect()),
            Values::Codes { .. } => {
                let (mut ends, mut codes) = (Vec::with_capacity(rows.len()), Vec::new());
                for row in rows {
                    codes.extend_from_slice(at(row).map_or(&[], |r| self.codes(r)));
                    ends.push(codes.len());
                }
                Values::Codes { ends, codes }
            }
        }
    }

    /// Whether two rows have the same value; two missing values are the same.
    pub fn same(&self, a: usize, b: usize) -> bool {
        match self {
            Values::Day(v) | Values::Whole(v) => v[a] == v[b],
            Values::Number(v) => v[a].to_bits() == v[b].to_bits(),
            Values::Code(_) | Values::Codes { .. } => self.codes(a) == self.codes(b),
        }
    }

    /// Adds the given rows of `other`, which has the same type, at the end.
    pub fn extend_from(&mut self, other: &Values, rows: &[u32]) {
        let at = |r: &u32| *r as usize;
        match (self, other) {
            (Values::Day(to), Values::Day(from)) | (Values::Whole(to), Values::Whole(from)) => {
                to.extend(rows.iter().map(|r| from[at(r)]));
            }
            (Values::Number(to), Values::Number(from)) => to.extend(rows.iter().map(|r| from[at(r)])),
            (Values::Code(to), Values::Code(from)) => to.extend(rows.iter().map(|r| from[at(r)])),
            (Values::Codes { ends, codes }, from @ Values::Codes { .. }) => {
                for row in rows {
                    codes.extend_from_slice(from.codes(at(row)));
                    ends.push(codes.len());
                }
            }
            _ => unreachable!("a column keeps its type from batch to batch"),
        }
    }

    /// The given rows, in their order.
    pub fn take(&self, rows: &[u32]) -> Values {
        let mut out = match self {
            Values::Day(_) => Values::Day(Vec::with_capacity(rows.len())),
            Values::Whole(_) => Values::Whole(Vec::with_capacity(rows.len())),
            Values::Number(_) => Values::Number(Vec::with_capacity(rows.len())),
            Values::Code(_) => Values::Code(Vec::with_capacity(rows.len())),
            Values::Codes { .. } => Values::Codes { ends: Vec::with_capacity(rows.len()), codes: Vec::new() },
        };
        out.extend_from(self, rows);
        out
    }

    /// Mixes the values of these rows into their hashes.
    pub fn mix(&self, rows: &[u32], hashes: &mut [u64]) {
        for (&row, hash) in rows.iter().zip(hashes) {
            let row = row as usize;
            match self {
                Values::Day(v) | Values::Whole(v) => *hash = mix(*hash, v[row] as u64),
                Values::Number(v) => *hash = mix(*hash, v[row].to_bits()),
                Values::Code(v) => *hash = mix(*hash, u64::from(v[row])),
                Values::Codes { .. } => {
                    let codes = self.codes(row);
                    *hash = mix(*hash, codes.len() as u64);
                    codes.iter().for_each(|&c| *hash = mix(*hash, u64::from(c)));
                }
            }
        }
    }

    /// As a polars column for the given rows (all when `None`); `None` for several codes a row, which SQL cannot name.
    pub fn to_polars(&self, name: &str, dictionary: &Dictionary, rows: Option<&[u32]>) -> Option<PolarsColumn> {
        let picked;
        let values = match rows {
            Some(rows) => {
                picked = self.take(rows);
                &picked
            }
            None => self,
        };
        let whole = |v: &[i32]| -> Series {
            let options: Vec<Option<i32>> = v.iter().map(|&x| (x != MISSING_WHOLE).then_some(x)).collect();
            Series::new(name.into(), options)
        };
        let series = match values {
            Values::Day(v) => whole(v).cast(&DataType::Date).expect("days are dates"),
            Values::Whole(v) => whole(v),
            Values::Number(v) => {
                Series::new(name.into(), v.iter().map(|&x| (!x.is_nan()).then_some(x)).collect::<Vec<_>>())
            }
            Values::Code(v) => {
                let texts = v.iter().map(|&c| (c != MISSING_CODE).then(|| dictionary.text(c)));
                let text: StringChunked = texts.collect();
                polars::prelude::IntoSeries::into_series(text.with_name(name.into()))
            }
            Values::Codes { .. } => return None,
        };
        Some(series.into_column())
    }
}

/// A step of a 64-bit mixing function (the finaliser of SplitMix64).
pub(crate) fn mix(hash: u64, value: u64) -> u64 {
    let mut z = (hash ^ value).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
