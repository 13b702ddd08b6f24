//! Covariate patterns: the distinct rows of the design, held as the few columns that are not zero.
//!
//! A row has three parts. *Unit* columns are the dummies of factors: the row names the columns in which it
//! has a 1. *Sparse* columns are products of a factor's dummy with numbers: the row names column and value.
//! *Dense* columns are numbers without a factor: every row has a value in each.
//!
//! Inside, the unit and sparse columns come first, then the dense ones side by side, then spare columns that no
//! design has. Where that at most doubles the rows, every block has its place in a row, filled with a spare column
//! when the record has the reference: loops of one length cost the processor no wrong guesses, and neighbouring
//! patterns, which are sorted, begin alike, so that sums over them can be taken for the common beginning at once. What is
//! summed in a spare column is never read.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::data::{Block, Design, NumberPart, Variable};

/// The distinct design rows.
#[derive(Debug)]
pub(super) struct Patterns {
    /// Number of patterns.
    pub n: usize,
    /// p, number of columns.
    pub n_columns: usize,
    /// Offset of every pattern; empty when there is none.
    pub offset: Vec<f64>,
    /// The design's column of every inner one; spare columns come after these.
    pub design_column: Vec<u16>,
    /// First inner column of the dense ones.
    pub first_dense: usize,
    /// Whether an inner column only holds 0 and 1.
    pub is_unit: Vec<bool>,
    /// Units per row, and spare columns, when every block has its place.
    pub unit_width: Option<usize>,
    /// Then, how many places at the beginning of a row are as in the row before.
    pub in_common: Vec<u16>,
    /// Otherwise, where each row's units start.
    unit_start: Vec<u32>,
    unit_columns: Vec<u16>,
    sparse_start: Vec<u32>,
    sparse_columns: Vec<u16>,
    sparse_values: Vec<f64>,
    dense_values: Vec<f64>,
}

/// One pattern's row, with inner column numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub units: &'a [u16],
    pub sparse_columns: &'a [u16],
    pub sparse_values: &'a [f64],
    pub dense: &'a [f64],
}

/// A variable as the patterns carry it: the code of each pattern, and the number of each code where it has one.
pub(super) struct CodedVariable<'a> {
    /// Code per pattern.
    pub codes: Vec<u32>,
    /// Distinct values of a continuous variable.
    pub values: &'a [f64],
}

impl Patterns {
    /// Builds the rows from the codes of the patterns' variables.
    pub fn new(design: &Design, variables: &[CodedVariable<'_>], offset: Vec<f64>, n: usize) -> Patterns {
        let is_dense = |b: &&Block| b.factors.is_empty() && !b.numbers.is_empty() && b.first_column[0].is_some();
        let dense: Vec<&Block> = design.blocks.iter().filter(is_dense).collect();
        let sparse: Vec<&Block> = design.blocks.iter().filter(|b| !is_dense(b)).collect();
        let (design_column, inner, first_dense) = inner_columns(design.n_columns, &dense);
        let mut is_unit = vec![false; design.n_columns];
        for block in sparse.iter().filter(|b| b.numbers.is_empty()) {
            block.first_column.iter().flatten().for_each(|&j| is_unit[inner[j as usize] as usize] = true);
        }
        let size = 8192;
        let parts: Vec<Rows> = (0..n.div_ceil(size))
            .into_par_iter()
            .map(|chunk| {
                let patterns = chunk * size..((chunk + 1) * size).min(n);
                Rows::new(design, variables, patterns, (&sparse, &dense), &inner)
            })
            .collect();
        let mut rows = Rows::default();
        parts.into_iter().for_each(|part| rows.append(part));
        let mut patterns = Patterns {
            n,
            n_columns: design.n_columns,
            offset,
            design_column,
            first_dense,
            is_unit,
            unit_width: None,
            in_common: Vec::new(),
            unit_start: starts(&rows.n_units),
            unit_columns: rows.unit_columns,
            sparse_start: starts(&rows.n_sparse),
            sparse_columns: rows.sparse_columns,
            sparse_values: rows.sparse_values,
            dense_values: rows.dense_values,
        };
        patterns.fill_up(&rows.unit_places);
        patterns
    }

    /// Gives every block its place where that at most doubles the rows; `places` has the place of every unit.
    fn fill_up(&mut self, places: &[u16]) {
        let width = places.iter().max().map_or(0, |&place| place as usize + 1);
        if width * self.n > 2 * self.unit_columns.len() || self.n_columns + width > u16::MAX as usize {
            return;
        }
        let spare: Vec<u16> = (0..width).map(|place| (self.n_columns + place) as u16).collect();
        let mut filled = Vec::with_capacity(width * self.n);
        self.in_common = Vec::with_capacity(self.n);
        for row in self.unit_start.windows(2) {
            let from = filled.len();
            filled.extend_from_slice(&spare);
            for i in row[0] as usize..row[1] as usize {
                filled[from + places[i] as usize] = self.unit_columns[i];
            }
            let (before, this) = filled.split_at(from);
            let before = &before[from.saturating_sub(width)..];
            self.in_common.push(before.iter().zip(this).take_while(|(a, b)| a == b).count() as u16);
        }
        (self.unit_columns, self.unit_width, self.unit_start) = (filled, Some(width), Vec::new());
    }

    /// Number of inner columns, the spare ones included.
    pub fn width(&self) -> usize {
        self.n_columns + self.unit_width.unwrap_or(0)
    }

    /// Number of dense columns.
    pub fn n_dense(&self) -> usize {
        self.n_columns - self.first_dense
    }

    /// The row of a pattern.
    #[inline(always)]
    pub fn row(&self, pattern: usize) -> Row<'_> {
        let units = match self.unit_width {
            Some(width) => pattern * width..(pattern + 1) * width,
            None => self.unit_start[pattern] as usize..self.unit_start[pattern + 1] as usize,
        };
        let sparse = if self.sparse_columns.is_empty() {
            0..0
        } else {
            self.sparse_start[pattern] as usize..self.sparse_start[pattern + 1] as usize
        };
        let n_dense = self.n_dense();
        Row {
            units: &self.unit_columns[units],
            sparse_columns: &self.sparse_columns[sparse.clone()],
            sparse_values: &self.sparse_values[sparse],
            dense: &self.dense_values[pattern * n_dense..(pattern + 1) * n_dense],
        }
    }

    /// Calls `visit(column, value)` with the design's column of every entry that is not a unit.
    pub fn visit_numbers(&self, pattern: usize, mut visit: impl FnMut(usize, f64)) {
        let row = self.row(pattern);
        let mut visit = |inner: usize, value: f64| visit(self.design_column[inner] as usize, value);
        row.sparse_columns.iter().zip(row.sparse_values).for_each(|(&j, &v)| visit(j as usize, v));
        row.dense.iter().enumerate().for_each(|(k, &v)| visit(self.first_dense + k, v));
    }

    /// Whether a pattern has another value than 0 in any of the design's `columns`; for a single column of numbers, whether
    /// it has the higher of its two values, and `None` when they are more.
    pub fn split(&self, columns: Range<usize>) -> Option<Vec<bool>> {
        let inner: Vec<usize> =
            (0..self.n_columns).filter(|&i| columns.contains(&(self.design_column[i] as usize))).collect();
        let values: Vec<f64> = (0..self.n)
            .map(|pattern| {
                let row = self.row(pattern);
                let unit = row.units.iter().any(|&j| inner.contains(&(j as usize)));
                let number = |j: usize, v: f64| if inner.contains(&j) { v } else { 0.0 };
                let sparse = row.sparse_columns.iter().zip(row.sparse_values).map(|(&j, &v)| number(j as usize, v));
                let dense = row.dense.iter().enumerate().map(|(k, &v)| number(self.first_dense + k, v));
                f64::from(u8::from(unit)) + sparse.chain(dense).sum::<f64>()
            })
            .collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let two = values.iter().all(|v| *v == low || *v == high);
        two.then(|| values.iter().map(|v| *v == high).collect())
    }

    /// Replaces every value x by (x − `shift`) · `scale` of its column in the design; only dense ones are shifted.
    pub fn rescale(&mut self, shift: &[f64], scale: &[f64]) {
        let (shift, scale) = (self.inner_order(shift), self.inner_order(scale));
        for (value, &j) in self.sparse_values.iter_mut().zip(&self.sparse_columns) {
            *value *= scale[j as usize];
        }
        let (n_dense, first) = (self.n_dense(), self.first_dense);
        for row in self.dense_values.chunks_mut(n_dense.max(1)) {
            for (value, (c, s)) in row.iter_mut().zip(shift[first..].iter().zip(&scale[first..])) {
                *value = (*value - c) * s;
            }
        }
    }

    /// Numbers of the design's columns in inner order, 0 for spare columns.
    pub fn inner_order(&self, numbers: &[f64]) -> Vec<f64> {
        let mut inner: Vec<f64> = self.design_column.iter().map(|&j| numbers[j as usize]).collect();
        inner.resize(self.width(), 0.0);
        inner
    }

    /// A symmetric matrix of the design's columns from its lower triangle in inner order, row after row of `stride`.
    pub fn design_order(&self, lower: &[f64], stride: usize) -> DMatrix<f64> {
        let mut matrix = DMatrix::zeros(self.n_columns, self.n_columns);
        for (i, &row) in self.design_column.iter().enumerate() {
            for (j, &column) in self.design_column[..=i].iter().enumerate() {
                matrix[(row as usize, column as usize)] = lower[i * stride + j];
                matrix[(column as usize, row as usize)] = lower[i * stride + j];
            }
        }
        matrix
    }

    /// The inner number of a column of the design.
    pub fn inner_column(&self, design: usize) -> usize {
        let found = self.design_column.iter().position(|&j| j as usize == design);
        found.expect("every column of the design has an inner number")
    }

    /// xβ + offset of a pattern; `coefficients` in inner order.
    pub fn linear_predictor(&self, pattern: usize, coefficients: &[f64]) -> f64 {
        let row = self.row(pattern);
        let mut eta = self.offset.get(pattern).copied().unwrap_or(0.0);
        row.units.iter().for_each(|&j| eta += coefficients[j as usize]);
        row.sparse_columns.iter().zip(row.sparse_values).for_each(|(&j, v)| eta += coefficients[j as usize] * v);
        row.dense.iter().zip(&coefficients[self.first_dense..]).for_each(|(v, b)| eta += v * b);
        eta
    }
}

/// Rows under construction.
#[derive(Default)]
struct Rows {
    n_units: Vec<u32>,
    unit_columns: Vec<u16>,
    /// The number of each unit's block among the blocks of factors.
    unit_places: Vec<u16>,
    n_sparse: Vec<u32>,
    sparse_columns: Vec<u16>,
    sparse_values: Vec<f64>,
    dense_values: Vec<f64>,
}

impl Rows {
    /// The rows of some patterns, from the blocks that are not dense and those that are.
    fn new(
        design: &Design,
        variables: &[CodedVariable<'_>],
        patterns: Range<usize>,
        (sparse, dense): (&[&Block], &[&Block]),
        inner: &[u16],
    ) -> Rows {
        let mut rows = Rows::default();
        for pattern in patterns {
            let (n_units, n_sparse) = (rows.unit_columns.len(), rows.sparse_columns.len());
            let mut place = 0;
            for block in sparse {
                let first = cell_column(block, design, variables, pattern);
                if block.numbers.is_empty() {
                    if let Some(first) = first {
                        rows.unit_columns.push(inner[first]);
                        rows.unit_places.push(place);
                    }
                    place += 1;
                } else if let Some(first) = first {
                    for (k, parts) in block.numbers.iter().enumerate() {
                        rows.sparse_columns.push(inner[first + k]);
                        rows.sparse_values.push(product(parts, variables, pattern));
                    }
                }
            }
            rows.n_units.push((rows.unit_columns.len() - n_units) as u32);
            rows.n_sparse.push((rows.sparse_columns.len() - n_sparse) as u32);
            for block in dense {
                rows.dense_values.extend(block.numbers.iter().map(|parts| product(parts, variables, pattern)));
            }
        }
        rows
    }

    /// Adds rows at the end.
    fn append(&mut self, mut other: Rows) {
        self.n_units.append(&mut other.n_units);
        self.unit_columns.append(&mut other.unit_columns);
        self.unit_places.append(&mut other.unit_places);
        self.n_sparse.append(&mut other.n_sparse);
        self.sparse_columns.append(&mut other.sparse_columns);
        self.sparse_values.append(&mut other.sparse_values);
        self.dense_values.append(&mut other.dense_values);
    }
}

/// Where each row starts, from the rows' lengths.
fn starts(lengths: &[u32]) -> Vec<u32> {
    let sums = lengths.iter().scan(0, |sum, n| {
        *sum += n;
        Some(*sum)
    });
    std::iter::once(0).chain(sums).collect()
}

impl Row<'_> {
    /// Adds `factor` times the row to `sum`, which is in inner order; dense columns start at `first_dense`.
    #[inline(always)]
    pub fn add_to(&self, factor: f64, first_dense: usize, sum: &mut [f64]) {
        for &j in self.units {
            sum[j as usize] += factor;
        }
        for (&j, v) in self.sparse_columns.iter().zip(self.sparse_values) {
            sum[j as usize] += factor * v;
        }
        for (sum, v) in sum[first_dense..].iter_mut().zip(self.dense) {
            *sum += factor * v;
        }
    }
}

/// The inner order of the columns: (design column of each, inner number of each design column, first dense one).
fn inner_columns(n_columns: usize, dense: &[&Block]) -> (Vec<u16>, Vec<u16>, usize) {
    let columns_of = |block: &Block| {
        let first = block.first_column[0].unwrap_or(0) as usize;
        first..first + block.numbers.len()
    };
    let mut is_dense = vec![false; n_columns];
    dense.iter().for_each(|block| is_dense[columns_of(block)].fill(true));
    let mut order: Vec<u16> = (0..n_columns).filter(|&j| !is_dense[j]).map(|j| j as u16).collect();
    let first_dense = order.len();
    // Dense blocks in the order of their values in a row.
    order.extend(dense.iter().flat_map(|block| columns_of(block)).map(|j| j as u16));
    let mut inner = vec![0; n_columns];
    order.iter().enumerate().for_each(|(i, &j)| inner[j as usize] = i as u16);
    (order, inner, first_dense)
}

/// The first column of a block's cell in a pattern.
pub(super) fn cell_column(
    block: &Block,
    design: &Design,
    variables: &[CodedVariable<'_>],
    pattern: usize,
) -> Option<usize> {
    let (mut cell, mut stride) = (0, 1);
    for &factor in &block.factors {
        cell += stride * variables[factor].codes[pattern] as usize;
        if let Variable::Coded { n_levels, .. } = &design.variables[factor] {
            stride *= *n_levels as usize;
        }
    }
    block.first_column[cell].map(|column| column as usize)
}

/// The product of a column's numbers in a pattern.
pub(super) fn product(parts: &[NumberPart], variables: &[CodedVariable<'_>], pattern: usize) -> f64 {
    let value = |part: &NumberPart| {
        let variable = &variables[part.variable];
        let code = variable.codes[pattern] as usize;
        part.value_of_code.as_ref().map_or_else(|| variable.values[code], |values| values[code])
    };
    parts.iter().map(value).product()
}
