//! Compact named columns: what the loader hands to `design` and `describe`.
//!
//! A column of text is kept as one small code per row and a list of levels, so a record costs one byte per
//! factor. Missing values have a mark of their own in every kind of column.

/// Whole-number codes in the smallest of three widths that holds them. The largest value of the width marks a
/// missing value.
#[derive(Debug, Clone, PartialEq)]
pub enum Codes {
    /// Up to 255 levels; `u8::MAX` is missing.
    U8(Vec<u8>),
    /// Up to 65 535 levels; `u16::MAX` is missing.
    U16(Vec<u16>),
    /// More; `u32::MAX` is missing.
    U32(Vec<u32>),
}

impl Codes {
    /// Packs one code per row into the smallest width for `n_levels`; `None` is missing. Every code is below `n_levels`.
    pub fn pack(codes: impl IntoIterator<Item = Option<u32>>, n_levels: usize) -> Codes {
        let codes = codes.into_iter();
        if n_levels < u8::MAX as usize {
            Codes::U8(codes.map(|c| c.map_or(u8::MAX, |c| c as u8)).collect())
        } else if n_levels < u16::MAX as usize {
            Codes::U16(codes.map(|c| c.map_or(u16::MAX, |c| c as u16)).collect())
        } else {
            Codes::U32(codes.map(|c| c.unwrap_or(u32::MAX)).collect())
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Codes::U8(v) => v.len(),
            Codes::U16(v) => v.len(),
            Codes::U32(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code of `row`, or `None` when it is missing. Panics when `row` is out of range.
    pub fn get(&self, row: usize) -> Option<u32> {
        match self {
            Codes::U8(v) => (v[row] != u8::MAX).then(|| u32::from(v[row])),
            Codes::U16(v) => (v[row] != u16::MAX).then(|| u32::from(v[row])),
            Codes::U32(v) => (v[row] != u32::MAX).then(|| v[row]),
        }
    }

    /// The codes of the given rows, in their order.
    pub fn take(&self, rows: &[u32]) -> Codes {
        match self {
            Codes::U8(v) => Codes::U8(rows.iter().map(|&r| v[r as usize]).collect()),
            Codes::U16(v) => Codes::U16(rows.iter().map(|&r| v[r as usize]).collect()),
            Codes::U32(v) => Codes::U32(rows.iter().map(|&r| v[r as usize]).collect()),
        }
    }
}

/// A column of levels: one code per row into `levels`.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// One code per row.
    pub codes: Codes,
    /// The values as they stand in the data, in order; the first is the reference unless a model says otherwise.
    pub levels: Vec<String>,
    /// What tables print for each level; as long as `levels`.
    pub labels: Vec<String>,
    /// Whether somebody declared this order (a study file, `--levels`); otherwise levels are in sorted order.
    pub declared: bool,
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnData {
    /// Text or declared levels.
    Factor(Factor),
    /// Real numbers; NaN is missing.
    Number(Vec<f64>),
    /// Whole numbers; `i32::MIN` is missing.
    Whole(Vec<i32>),
    /// Calendar days ([`crate::day::Day`] numbers); `i32::MIN` is missing.
    Day(Vec<i32>),
    /// True or false; `None` is missing.
    Logical(Vec<Option<bool>>),
}

/// The mark of a missing value in [`ColumnData::Whole`] and [`ColumnData::Day`].
pub const MISSING_WHOLE: i32 = i32::MIN;

/// One named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name that formulas use.
    pub name: String,
    /// What tables print; the name where nothing better was declared.
    pub label: String,
    /// The values.
    pub data: ColumnData,
}

/// Columns of equal length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    columns: Vec<Column>,
    n_rows: usize,
}

impl Table {
    /// A table of `columns`. Panics when their lengths differ (a fault of the caller, not of the data).
    pub fn new(columns: Vec<Column>) -> Table {
        let n_rows = columns.first().map_or(0, |c| c.data.len());
        assert!(columns.iter().all(|c| c.data.len() == n_rows), "columns of a table have one length");
        Table { columns, n_rows }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column called `name`, if there is one.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// Puts `column` at the end, or in the place of the column with its name. Panics when its length differs.
    pub fn set(&mut self, column: Column) {
        assert!(self.columns.is_empty() || column.data.len() == self.n_rows, "columns of a table have one length");
        self.n_rows = column.data.len();
        match self.columns.iter_mut().find(|c| c.name == column.name) {
            Some(old) => *old = column,
            None => self.columns.push(column),
        }
    }

    /// Takes out the levels that no row has, see [`Factor::drop_empty_levels`]; returns (column, level) of each.
    pub fn drop_empty_levels(&mut self) -> Vec<(String, String)> {
        let mut dropped = Vec::new();
        for column in &mut self.columns {
            if let ColumnData::Factor(factor) = &mut column.data {
                dropped.extend(factor.drop_empty_levels().into_iter().map(|level| (column.name.clone(), level)));
            }
        }
        dropped
    }

    /// The given rows, in their order.
    pub fn take(&self, rows: &[u32]) -> Table {
        let columns = self
            .columns
            .iter()
            .map(|c| Column { name: c.name.clone(), label: c.label.clone(), data: c.data.take(rows) })
            .collect();
        Table { columns, n_rows: rows.len() }
    }
}

impl ColumnData {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            ColumnData::Factor(f) => f.codes.len(),
            ColumnData::Number(v) => v.len(),
            ColumnData::Whole(v) | ColumnData::Day(v) => v.len(),
            ColumnData::Logical(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value of `row` is missing. Panics when `row` is out of range.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            ColumnData::Factor(f) => f.codes.get(row).is_none(),
            ColumnData::Number(v) => v[row].is_nan(),
            ColumnData::Whole(v) | ColumnData::Day(v) => v[row] == MISSING_WHOLE,
            ColumnData::Logical(v) => v[row].is_none(),
        }
    }

    /// The value of `row` as a number (a logical as 0 or 1), NaN when it is missing; `None` for a factor.
    pub fn number(&self, row: usize) -> Option<f64> {
        match self {
            ColumnData::Factor(_) => None,
            ColumnData::Number(v) => Some(v[row]),
            ColumnData::Whole(v) | ColumnData::Day(v) => {
                Some(if v[row] == MISSING_WHOLE { f64::NAN } else { f64::from(v[row]) })
            }
            ColumnData::Logical(v) => Some(v[row].map_or(f64::NAN, |b| f64::from(u8::from(b)))),
        }
    }

    /// The given rows, in their order.
    pub fn take(&self, rows: &[u32]) -> ColumnData {
        let at = |r: &u32| *r as usize;
        match self {
            ColumnData::Factor(f) => ColumnData::Factor(Factor { codes: f.codes.take(rows), ..f.clone_levels() }),
            ColumnData::Number(v) => ColumnData::Number(rows.iter().map(|r| v[at(r)]).collect()),
            ColumnData::Whole(v) => ColumnData::Whole(rows.iter().map(|r| v[at(r)]).collect()),
            ColumnData::Day(v) => ColumnData::Day(rows.iter().map(|r| v[at(r)]).collect()),
            ColumnData::Logical(v) => ColumnData::Logical(rows.iter().map(|r| v[at(r)]).collect()),
        }
    }
}

impl Factor {
    /// Takes out the levels that no row has, but never the first, which is the reference; returns their names.
    pub fn drop_empty_levels(&mut self) -> Vec<String> {
        let mut present = vec![false; self.levels.len()];
        (0..self.codes.len()).filter_map(|row| self.codes.get(row)).for_each(|code| present[code as usize] = true);
        present.iter_mut().take(1).for_each(|reference| *reference = true);
        let mut next = 0;
        let renumbered: Vec<u32> = present
            .iter()
            .map(|present| {
                next += u32::from(*present);
                next.saturating_sub(1)
            })
            .collect();
        let codes = (0..self.codes.len()).map(|row| self.codes.get(row).map(|code| renumbered[code as usize]));
        let codes = Codes::pack(codes, next as usize);
        let kept =
            |text: &Vec<String>| text.iter().zip(&present).filter(|(_, p)| **p).map(|(t, _)| t.clone()).collect();
        let dropped = self.levels.iter().zip(&present).filter(|(_, p)| !**p).map(|(l, _)| l.clone()).collect();
        (self.labels, self.levels, self.codes) = (kept(&self.labels), kept(&self.levels), codes);
        dropped
    }

    /// The levels and labels without any row.
    fn clone_levels(&self) -> Factor {
        Factor {
            codes: Codes::U8(Vec::new()),
            levels: self.levels.clone(),
            labels: self.labels.clone(),
            declared: self.declared,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_levels_go_and_the_reference_stays() {
        let names = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let codes = Codes::pack([Some(3), None, Some(1), Some(3)], 4);
        let mut factor = Factor { codes, levels: names("a b c d"), labels: names("A B C D"), declared: true };
        assert_eq!(factor.drop_empty_levels(), ["c"]);
        assert_eq!((factor.levels, factor.labels), (names("a b d"), names("A B D")));
        assert_eq!((0..4).map(|row| factor.codes.get(row)).collect::<Vec<_>>(), [Some(2), None, Some(1), Some(2)]);
    }
}
