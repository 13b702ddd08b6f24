//! What the engine is given: arrays only, no names. Shapes and values are checked by [`SurvivalData::check`] and
//! [`Design::check`], which [`super::Prepared::new`] calls.

use super::error::FitError;
use crate::table::Codes;

/// One time per record, in the unit of the analysis.
#[derive(Debug, Clone, PartialEq)]
pub enum Time {
    /// Whole days (or other whole units); ties are exact.
    Whole(Vec<i32>),
    /// Fractional times of a data file; near-ties are repaired as R's `timefix` does unless switched off.
    Real(Vec<f64>),
}

/// The survival part of the records: (entry, exit] intervals with an event at `exit` or none.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalData {
    /// Start of observation; `None` when everybody is at risk from the origin on (right-censored data).
    pub entry: Option<Time>,
    /// End of observation.
    pub exit: Time,
    /// Whether `exit` is an event.
    pub event: Vec<bool>,
    /// Baseline-hazard stratum per record; no missing values.
    pub stratum: Option<Codes>,
    /// Case weights, positive and finite.
    pub weight: Option<Vec<f64>>,
    /// Offset of the linear predictor, finite.
    pub offset: Option<Vec<f64>>,
    /// Cluster number per record, for the robust covariance; `None`: each record is its own cluster.
    pub cluster: Option<Vec<u32>>,
}

/// One covariate as the records carry it.
#[derive(Debug, Clone, PartialEq)]
pub enum Variable {
    /// A factor, or a number with few distinct values: one code per record, none missing, each below `n_levels`.
    Coded {
        /// One code per record.
        codes: Codes,
        /// Number of codes.
        n_levels: u32,
    },
    /// A number with many distinct values, finite.
    Continuous(Vec<f64>),
}

/// One numeric ingredient of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberPart {
    /// Index into [`Design::variables`].
    pub variable: usize,
    /// For a coded variable, the number of each code; for a continuous variable `None`, the value itself.
    pub value_of_code: Option<Vec<f64>>,
}

/// Neighbouring columns that belong together, given by products of variables.
///
/// A record lies in one cell of the cross of `factors` (mixed radix, the first factor varying fastest):
/// `cell = c_0 + n_0 (c_1 + n_1 (c_2 + …))`. When `first_column[cell]` is `Some(j)`, the record has in column
/// `j + k` the product of the parts of `numbers[k]`, or 1 in column `j` when `numbers` is empty; all other
/// columns of the block are 0. A factor main effect is one factor, no numbers, and `None` for the reference;
/// a numeric term is no factor (a single cell, `first_column = [Some(j)]`) and one or more `numbers`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Indices into [`Design::variables`], all coded.
    pub factors: Vec<usize>,
    /// For each column of a cell, the variables whose product it is.
    pub numbers: Vec<Vec<NumberPart>>,
    /// First column of every cell, or `None` for a cell without a column.
    pub first_column: Vec<Option<u32>>,
}

/// A compact design: `n` records × `n_columns` columns, held as one code or number per record and variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// The covariates.
    pub variables: Vec<Variable>,
    /// The terms' columns.
    pub blocks: Vec<Block>,
    /// p, the number of columns over all blocks.
    pub n_columns: usize,
}

impl Time {
    /// Number of records.
    pub fn len(&self) -> usize {
        match self {
            Time::Whole(v) => v.len(),
            Time::Real(v) => v.len(),
        }
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The times of the given records, in their order.
    pub fn take(&self, records: &[u32]) -> Time {
        match self {
            Time::Whole(v) => Time::Whole(records.iter().map(|&i| v[i as usize]).collect()),
            Time::Real(v) => Time::Real(records.iter().map(|&i| v[i as usize]).collect()),
        }
    }

    /// The first time that is not a finite number.
    fn first_not_finite(&self) -> Option<usize> {
        match self {
            Time::Whole(_) => None,
            Time::Real(times) => times.iter().position(|t| !t.is_finite()),
        }
    }

    /// The time of `record` as a number. Panics when `record` is out of range.
    pub fn value(&self, record: usize) -> f64 {
        match self {
            Time::Whole(v) => f64::from(v[record]),
            Time::Real(v) => v[record],
        }
    }
}

impl SurvivalData {
    /// Right-censored records without strata, weights, offset or clusters.
    pub fn right_censored(exit: Time, event: Vec<bool>) -> SurvivalData {
        SurvivalData { entry: None, exit, event, stratum: None, weight: None, offset: None, cluster: None }
    }

    /// The given records, in their order; one may be given several times.
    pub fn take(&self, records: &[u32]) -> SurvivalData {
        fn pick<T: Copy>(values: &[T], records: &[u32]) -> Vec<T> {
            records.iter().map(|&i| values[i as usize]).collect()
        }
        SurvivalData {
            entry: self.entry.as_ref().map(|entry| entry.take(records)),
            exit: self.exit.take(records),
            event: pick(&self.event, records),
            stratum: self.stratum.as_ref().map(|codes| codes.take(records)),
            weight: self.weight.as_ref().map(|weight| pick(weight, records)),
            offset: self.offset.as_ref().map(|offset| pick(offset, records)),
            cluster: self.cluster.as_ref().map(|cluster| pick(cluster, records)),
        }
    }

    /// n, the number of records.
    pub fn n_records(&self) -> usize {
        self.exit.len()
    }

    /// Checks that all arrays are as long as `exit`, times are finite with entry before exit, weights are
    /// positive and finite, offsets are finite and every record has a stratum.
    pub fn check(&self) -> Result<(), FitError> {
        let n = self.n_records();
        same_length("event", n, self.event.len())?;
        if let Some(record) = self.exit.first_not_finite() {
            return Err(FitError::InvalidTime { record });
        }
        if let Some(entry) = &self.entry {
            same_length("entry", n, entry.len())?;
            if let Some(record) = entry.first_not_finite() {
                return Err(FitError::InvalidTime { record });
            }
            if let Some(record) = first_bad(n, |i| entry.value(i) < self.exit.value(i)) {
                return Err(FitError::EmptyInterval { record });
            }
        }
        if let Some(stratum) = &self.stratum {
            same_length("stratum", n, stratum.len())?;
            if let Some(record) = first_bad(n, |i| stratum.get(i).is_some()) {
                return Err(FitError::MissingStratum { record });
            }
        }
        if let Some(weight) = &self.weight {
            same_length("weight", n, weight.len())?;
            if let Some(record) = first_bad(n, |i| weight[i] > 0.0 && weight[i].is_finite()) {
                return Err(FitError::InvalidWeight { record });
            }
        }
        if let Some(offset) = &self.offset {
            same_length("offset", n, offset.len())?;
            if let Some(record) = first_bad(n, |i| offset[i].is_finite()) {
                return Err(FitError::InvalidOffset { record });
            }
        }
        if let Some(cluster) = &self.cluster {
            same_length("cluster", n, cluster.len())?;
        }
        Ok(())
    }
}

impl Variable {
    /// Number of records.
    pub fn len(&self) -> usize {
        match self {
            Variable::Coded { codes, .. } => codes.len(),
            Variable::Continuous(values) => values.len(),
        }
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first record with a code out of range, or a value that is not finite.
    fn first_bad_record(&self) -> Option<usize> {
        /// Looks at the largest code first, which takes a moment; a missing one is larger than any other.
        fn first<T: Copy + Ord + Into<u32>>(codes: &[T], missing: T, n_levels: u32) -> Option<usize> {
            let highest = codes.iter().copied().max()?;
            let is_bad = |code: T| code == missing || code.into() >= n_levels;
            if is_bad(highest) { codes.iter().position(|&code| is_bad(code)) } else { None }
        }
        match self {
            Variable::Coded { codes: Codes::U8(v), n_levels } => first(v, u8::MAX, *n_levels),
            Variable::Coded { codes: Codes::U16(v), n_levels } => first(v, u16::MAX, *n_levels),
            Variable::Coded { codes: Codes::U32(v), n_levels } => first(v, u32::MAX, *n_levels),
            Variable::Continuous(values) => values.iter().position(|v| !v.is_finite()),
        }
    }
}

impl Variable {
    /// The values of the given records, in their order.
    pub fn take(&self, records: &[u32]) -> Variable {
        match self {
            Variable::Coded { codes, n_levels } => Variable::Coded { codes: codes.take(records), n_levels: *n_levels },
            Variable::Continuous(values) => Variable::Continuous(records.iter().map(|&i| values[i as usize]).collect()),
        }
    }
}

impl Design {
    /// The rows of the given records, in their order.
    pub fn take(&self, records: &[u32]) -> Design {
        let variables = self.variables.iter().map(|v| v.take(records)).collect();
        Design { variables, blocks: self.blocks.clone(), n_columns: self.n_columns }
    }

    /// Checks the variables of `n_records` records and that the blocks fill the columns 0..`n_columns` exactly once.
    pub fn check(&self, n_records: usize) -> Result<(), FitError> {
        self.check_with(n_records, &[])
    }

    /// The same with further blocks, whose columns no other block may have either.
    pub(super) fn check_with(&self, n_records: usize, further: &[&Block]) -> Result<(), FitError> {
        for (variable, v) in self.variables.iter().enumerate() {
            same_length("variable", n_records, v.len())?;
            if let Some(record) = v.first_bad_record() {
                return Err(match v {
                    Variable::Coded { .. } => FitError::InvalidCode { variable, record },
                    Variable::Continuous(_) => FitError::InvalidCovariate { variable, record },
                });
            }
        }
        if self.n_columns >= u16::MAX as usize {
            return Err(FitError::TooManyColumns { n_columns: self.n_columns });
        }
        let mut owner = vec![None; self.n_columns];
        for (index, block) in self.blocks.iter().chain(further.iter().copied()).enumerate() {
            let fault = |rule| FitError::InvalidBlock { block: index, rule };
            self.check_variables(block).map_err(fault)?;
            self.check_numbers(block)?;
            for first in block.first_column.iter().flatten() {
                for column in *first as usize..*first as usize + block.numbers.len().max(1) {
                    let owner = owner.get_mut(column).ok_or(fault("a column is beyond the number of columns"))?;
                    // Cells of one block may share a column (levels that a study joins); two blocks may not.
                    if *owner.get_or_insert(index) != index {
                        return Err(fault("a column belongs to two blocks"));
                    }
                }
            }
        }
        // A column that no block has is 0 for every record: a declared level that no record has. It will be aliased.
        Ok(())
    }

    /// Checks that the number of every code that occurs is finite.
    fn check_numbers(&self, block: &Block) -> Result<(), FitError> {
        for part in block.numbers.iter().flatten() {
            let Some(values) = &part.value_of_code else { continue };
            for code in (0..values.len()).filter(|&c| !values[c].is_finite()) {
                let Variable::Coded { codes, .. } = &self.variables[part.variable] else { continue };
                if let Some(record) = (0..codes.len()).find(|&i| codes.get(i) == Some(code as u32)) {
                    return Err(FitError::InvalidCovariate { variable: part.variable, record });
                }
            }
        }
        Ok(())
    }

    /// Checks that a block's variables exist and are of the kind their role needs.
    fn check_variables(&self, block: &Block) -> Result<(), &'static str> {
        let mut n_cells = 1usize;
        for &factor in &block.factors {
            match self.variables.get(factor) {
                Some(Variable::Coded { n_levels, .. }) => n_cells = n_cells.saturating_mul(*n_levels as usize),
                _ => return Err("a factor must be a coded variable"),
            }
        }
        if block.first_column.len() != n_cells {
            return Err("there must be one first column (or none) for every cell of its factors");
        }
        for part in block.numbers.iter().flatten() {
            match (self.variables.get(part.variable), &part.value_of_code) {
                (Some(Variable::Coded { n_levels, .. }), Some(values)) if values.len() == *n_levels as usize => {}
                (Some(Variable::Continuous(_)), None) => {}
                _ => return Err("a number must be a continuous variable, or a coded one with a number for every code"),
            }
        }
        Ok(())
    }
}

/// The first record for which `good` does not hold.
fn first_bad(n: usize, good: impl Fn(usize) -> bool) -> Option<usize> {
    (0..n).find(|&i| !good(i))
}

/// Errors when `found` is not `expected`.
fn same_length(what: &'static str, expected: usize, found: usize) -> Result<(), FitError> {
    if found == expected { Ok(()) } else { Err(FitError::Length { what, expected, found }) }
}
