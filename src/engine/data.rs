//! What the engine is given: arrays only, no names. Shapes and intervals are checked once, in [`SurvivalData::new`]
//! and [`Design::new`].

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
