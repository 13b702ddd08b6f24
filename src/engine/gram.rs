//! The first part of the information: Σ D xxᵀ over patterns, with Σ D x for the score.

use super::kernel::OuterProducts;
use super::pattern::{Patterns, Row};

/// Dense columns from which on their products are added eight rows at a time; fewer are added one by one.
const MANY_DENSE: usize = 8;

/// Σ D xxᵀ and Σ D x over some patterns, inner order.
///
/// With rows filled up, sums of D (and of D times the dense columns) are kept for the beginning of each length that the
/// patterns have in common, and added for that beginning once it changes: sorted patterns of ten factors share most of it.
pub(super) struct Gram {
    width: usize,
    first_dense: usize,
    n_dense: usize,
    /// Σ D x.
    pub sum: Vec<f64>,
    /// Every product of two columns is added on one side of the diagonal. A unit column is its own square, so its
    /// diagonal element is taken from `sum`.
    products: Vec<f64>,
    /// Dense by dense columns when there are many.
    dense: Option<OuterProducts>,
    /// The units of the row before.
    units: Vec<u16>,
    /// Σ D, then Σ D × dense columns, since the units up to each place changed.
    waiting: Vec<f64>,
}

impl Gram {
    /// Nothing added yet.
    pub fn new(patterns: &Patterns) -> Gram {
        let (width, n_dense) = (patterns.width(), patterns.n_dense());
        let units = vec![0; patterns.unit_width.unwrap_or(0)];
        Gram {
            width,
            first_dense: patterns.first_dense,
            n_dense,
            sum: vec![0.0; width],
            products: vec![0.0; width * width],
            dense: (n_dense >= MANY_DENSE).then(|| OuterProducts::new(n_dense)),
            waiting: vec![0.0; units.len() * (1 + n_dense)],
            units,
        }
    }

    /// Adds a pattern with factor `d`; patterns come in their order, `first` is the first of them.
    #[inline(always)]
    pub fn add_pattern(&mut self, d: f64, patterns: &Patterns, pattern: usize, first: usize) {
        let row = patterns.row(pattern);
        if patterns.unit_width.is_some() {
            let in_common = if pattern == first { 0 } else { patterns.in_common[pattern] };
            self.add_sharing(d, row, in_common as usize);
        } else {
            self.add(d, row);
        }
    }

    /// Adds a pattern.
    #[inline(always)]
    fn add(&mut self, d: f64, row: Row) {
        let width = self.width;
        for (i, &a) in row.units.iter().enumerate() {
            self.sum[a as usize] += d;
            let line = &mut self.products[a as usize * width..(a as usize + 1) * width];
            for &b in &row.units[..i] {
                line[b as usize] += d;
            }
            for (sum, y) in line[self.first_dense..].iter_mut().zip(row.dense) {
                *sum += d * y;
            }
        }
        self.add_numbers(d, row);
    }

    /// Adds a pattern whose first `in_common` units are those of the one before.
    #[inline(always)]
    fn add_sharing(&mut self, d: f64, row: Row, in_common: usize) {
        let n = row.units.len();
        self.settle(in_common);
        if in_common < n {
            self.units.copy_from_slice(row.units);
        }
        if n > 0 {
            let last = &mut self.waiting[(n - 1) * (1 + self.n_dense)..];
            last[0] += d;
            last[1..].iter_mut().zip(row.dense).for_each(|(sum, y)| *sum += d * y);
        }
        self.add_numbers(d, row);
    }

    /// Adds what waits for beginnings longer than `length`.
    #[inline(always)]
    fn settle(&mut self, length: usize) {
        let (width, step) = (self.width, 1 + self.n_dense);
        for place in (length..self.units.len()).rev() {
            let a = self.units[place] as usize;
            let (before, this) = self.waiting.split_at_mut(place * step);
            let this = &mut this[..step];
            let d = this[0];
            self.sum[a] += d;
            let line = &mut self.products[a * width..(a + 1) * width];
            for &b in &self.units[..place] {
                line[b as usize] += d;
            }
            line[self.first_dense..].iter_mut().zip(&this[1..]).for_each(|(sum, y)| *sum += y);
            if place > 0 {
                before[(place - 1) * step..].iter_mut().zip(this.iter()).for_each(|(sum, x)| *sum += x);
            }
            this.fill(0.0);
        }
    }

    /// Adds the products of the sparse columns with all, and of the dense ones with each other.
    #[inline(always)]
    fn add_numbers(&mut self, d: f64, row: Row) {
        let width = self.width;
        for (i, (&a, x)) in row.sparse_columns.iter().zip(row.sparse_values).enumerate() {
            let dx = d * x;
            self.sum[a as usize] += dx;
            let line = &mut self.products[a as usize * width..(a as usize + 1) * width];
            for &b in row.units {
                line[b as usize] += dx;
            }
            for (&b, y) in row.sparse_columns[..=i].iter().zip(row.sparse_values) {
                line[b as usize] += dx * y;
            }
            for (sum, y) in line[self.first_dense..].iter_mut().zip(row.dense) {
                *sum += dx * y;
            }
        }
        for (sum, y) in self.sum[self.first_dense..].iter_mut().zip(row.dense) {
            *sum += d * y;
        }
        if let Some(products) = &mut self.dense {
            let root = d.max(0.0).sqrt();
            products.push(row.dense.iter().map(|y| root * y));
            return;
        }
        for (k, y) in row.dense.iter().enumerate() {
            let line = &mut self.products[(self.first_dense + k) * width + self.first_dense..];
            line.iter_mut().zip(&row.dense[..=k]).for_each(|(sum, x)| *sum += d * y * x);
        }
    }

    /// Adds everything that waits.
    pub fn finish(&mut self) {
        self.settle(0);
        if let Some(dense) = &mut self.dense {
            dense.flush();
        }
    }

    /// Adds the real columns to the lower triangle of a p × p matrix. `is_unit` says which columns only hold 0 and 1.
    pub fn add_lower_triangle(&self, p: usize, is_unit: &[bool], to: &mut [f64]) {
        let (width, first) = (self.width, self.first_dense);
        for i in 0..p {
            to[i * p + i] += if is_unit[i] { self.sum[i] } else { self.products[i * width + i] };
            for j in 0..i {
                to[i * p + j] += self.products[i * width + j] + self.products[j * width + i];
            }
        }
        if let Some(dense) = &self.dense {
            for i in 0..p - first {
                for j in 0..=i {
                    to[(first + i) * p + first + j] += dense.sum[i * (p - first) + j];
                }
            }
        }
    }
}
