//! Covariate patterns: the distinct rows of the design, held as the few columns that are not zero.
//!
//! A row has three parts. *Unit* columns are the dummies of factors: the row names the columns in which it
//! has a 1. *Sparse* columns are products of a factor's dummy with numbers: the row names column and value.
//! *Dense* columns are numbers without a factor: every row has a value in each.

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
    /// The design's column of every inner one. Inside, dense columns come last, so that they lie side by side.
    pub design_column: Vec<u32>,
    /// Number of columns that are not dense.
    pub n_sparse: usize,
    unit_start: Vec<u32>,
    unit_columns: Vec<u32>,
    sparse_start: Vec<u32>,
    sparse_columns: Vec<u32>,
    sparse_values: Vec<f64>,
    dense_values: Vec<f64>,
}

/// One pattern's row, with inner column numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub units: &'a [u32],
    pub sparse_columns: &'a [u32],
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
        let (design_column, inner, n_sparse) = inner_columns(design.n_columns, &dense);
        let mut patterns = Patterns {
            n,
            n_columns: design.n_columns,
            offset,
            design_column,
            n_sparse,
            unit_start: vec![0],
            unit_columns: Vec::new(),
            sparse_start: vec![0],
            sparse_columns: Vec::new(),
            sparse_values: Vec::new(),
            dense_values: Vec::new(),
        };
        for pattern in 0..n {
            for block in &sparse {
                let Some(first) = cell_column(block, design, variables, pattern) else { continue };
                if block.numbers.is_empty() {
                    patterns.unit_columns.push(inner[first]);
                }
                for (k, parts) in block.numbers.iter().enumerate() {
                    patterns.sparse_columns.push(inner[first + k]);
                    patterns.sparse_values.push(product(parts, variables, pattern));
                }
            }
            patterns.unit_start.push(patterns.unit_columns.len() as u32);
            patterns.sparse_start.push(patterns.sparse_columns.len() as u32);
            for block in &dense {
                patterns.dense_values.extend(block.numbers.iter().map(|parts| product(parts, variables, pattern)));
            }
        }
        patterns
    }

    /// Number of dense columns.
    pub fn n_dense(&self) -> usize {
        self.n_columns - self.n_sparse
    }

    /// The row of a pattern.
    pub fn row(&self, pattern: usize) -> Row<'_> {
        let sparse = if self.sparse_columns.is_empty() {
            0..0
        } else {
            self.sparse_start[pattern] as usize..self.sparse_start[pattern + 1] as usize
        };
        let n_dense = self.n_dense();
        Row {
            units: &self.unit_columns[self.unit_start[pattern] as usize..self.unit_start[pattern + 1] as usize],
            sparse_columns: &self.sparse_columns[sparse.clone()],
            sparse_values: &self.sparse_values[sparse],
            dense: &self.dense_values[pattern * n_dense..(pattern + 1) * n_dense],
        }
    }

    /// Calls `visit(column, value)` with the design's column of every entry of a row that may differ from zero.
    pub fn visit(&self, pattern: usize, mut visit: impl FnMut(usize, f64)) {
        let row = self.row(pattern);
        let column = |inner: u32| self.design_column[inner as usize] as usize;
        row.units.iter().for_each(|&j| visit(column(j), 1.0));
        row.sparse_columns.iter().zip(row.sparse_values).for_each(|(&j, &v)| visit(column(j), v));
        self.design_column[self.n_sparse..].iter().zip(row.dense).for_each(|(&j, &v)| visit(j as usize, v));
    }

    /// Replaces every value x by (x − `shift`) · `scale` of its column in the design; only dense ones are shifted.
    pub fn rescale(&mut self, shift: &[f64], scale: &[f64]) {
        let column: Vec<usize> = self.design_column.iter().map(|&j| j as usize).collect();
        for (value, &j) in self.sparse_values.iter_mut().zip(&self.sparse_columns) {
            *value *= scale[column[j as usize]];
        }
        let dense = &column[self.n_sparse..];
        for row in self.dense_values.chunks_mut(dense.len().max(1)) {
            for (value, &j) in row.iter_mut().zip(dense) {
                *value = (*value - shift[j]) * scale[j];
            }
        }
    }

    /// Coefficients in the inner order of the columns.
    pub fn inner_order(&self, coefficients: &[f64]) -> Vec<f64> {
        self.design_column.iter().map(|&j| coefficients[j as usize]).collect()
    }

    /// xβ + offset of a pattern; `coefficients` in inner order.
    pub fn linear_predictor(&self, pattern: usize, coefficients: &[f64]) -> f64 {
        let row = self.row(pattern);
        let mut eta = self.offset.get(pattern).copied().unwrap_or(0.0);
        row.units.iter().for_each(|&j| eta += coefficients[j as usize]);
        row.sparse_columns.iter().zip(row.sparse_values).for_each(|(&j, v)| eta += coefficients[j as usize] * v);
        row.dense.iter().zip(&coefficients[self.n_sparse..]).for_each(|(v, b)| eta += v * b);
        eta
    }
}

impl Row<'_> {
    /// Adds `factor` times the row to `sum`, which is in inner order.
    #[inline]
    pub fn add_to(&self, factor: f64, sum: &mut [f64]) {
        for &j in self.units {
            sum[j as usize] += factor;
        }
        for (&j, v) in self.sparse_columns.iter().zip(self.sparse_values) {
            sum[j as usize] += factor * v;
        }
        let n_sparse = sum.len() - self.dense.len();
        for (sum, v) in sum[n_sparse..].iter_mut().zip(self.dense) {
            *sum += factor * v;
        }
    }
}

/// The inner order of the columns: (design column of each, inner number of each design column, number not dense).
fn inner_columns(n_columns: usize, dense: &[&Block]) -> (Vec<u32>, Vec<u32>, usize) {
    let mut is_dense = vec![false; n_columns];
    for block in dense {
        let first = block.first_column[0].unwrap_or(0) as usize;
        is_dense[first..first + block.numbers.len()].fill(true);
    }
    // Dense blocks in the order of their values in a row.
    let mut order: Vec<u32> = (0..n_columns as u32).filter(|&j| !is_dense[j as usize]).collect();
    let n_sparse = order.len();
    for block in dense {
        let first = block.first_column[0].unwrap_or(0);
        order.extend(first..first + block.numbers.len() as u32);
    }
    let mut inner = vec![0; n_columns];
    order.iter().enumerate().for_each(|(i, &j)| inner[j as usize] = i as u32);
    (order, inner, n_sparse)
}

/// The first column of a block's cell in a pattern.
fn cell_column(block: &Block, design: &Design, variables: &[CodedVariable<'_>], pattern: usize) -> Option<usize> {
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
fn product(parts: &[NumberPart], variables: &[CodedVariable<'_>], pattern: usize) -> f64 {
    let value = |part: &NumberPart| {
        let variable = &variables[part.variable];
        let code = variable.codes[pattern] as usize;
        part.value_of_code.as_ref().map_or_else(|| variable.values[code], |values| values[code])
    };
    parts.iter().map(value).product()
}
