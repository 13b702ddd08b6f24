//! Classes of records whose risk score is multiplied by the same function of the event time.
//!
//! ```text
//! ω_v(k) = Ω_v(k) exp(Σ_j γ_j v_j g_j(t_k))        S0(k) = Σ_v ω_v(k) S0_v(k),   S1(k) = Σ_v ω_v(k) S1_v(k)
//! ```
//!
//! A class is a value of all time-varying columns together, v = (v_1, …, v_q), and, in a Fine-Gray model, whether a record
//! is the time after a competing event; Ω is then the probability of still being observed, and 1 otherwise. The variables
//! that decide come first in the key of a pattern, so that the patterns of a class are neighbours.

use std::ops::Range;

use super::data::Design;
use super::pattern::{CodedVariable, cell_column, product};
use super::time_dependence::TimeDependence;

/// The classes of a model, in the order of their patterns.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub list: Vec<Class>,
    /// The time-varying columns.
    pub columns: Vec<Column>,
    /// g of every function at every slot, 0 at base slots.
    pub functions: Vec<Vec<f64>>,
    /// Ω by slot, of each group of records after a competing event.
    pub tails: Vec<Vec<f64>>,
}

/// A time-varying column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its number in the design.
    pub design: usize,
    /// Its number in inner order; no pattern has a value there.
    pub inner: usize,
    /// Index into [`Classes::functions`].
    pub function: usize,
}

/// Neighbouring patterns of equal v.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub patterns: Range<usize>,
    /// The columns (by index into [`Classes::columns`]) in which v is not 0, with v, scaled.
    pub values: Vec<(usize, f64)>,
    /// Index into [`Classes::tails`].
    pub tail: Option<usize>,
}

/// What tells classes apart.
pub(super) struct ClassRule<'a> {
    pub time: &'a TimeDependence,
    /// The variable whose code is 0, or one more than the group of a record after a competing event.
    pub tail: Option<usize>,
}

impl ClassRule<'_> {
    /// The order in which variables enter the key of a pattern: those that decide about the class first.
    pub fn key_order(&self, n_variables: usize) -> Vec<usize> {
        let mut order: Vec<usize> = self.tail.into_iter().chain(self.time.class_variables()).collect();
        let rest: Vec<usize> = (0..n_variables).filter(|v| !order.contains(v)).collect();
        order.extend(rest);
        order
    }

    /// The classes of `n` patterns; columns and functions are still to be given their numbers in inner order and slots.
    pub fn classes(&self, design: &Design, variables: &[CodedVariable<'_>], n: usize) -> Classes {
        let mut classes = Classes::default();
        for varying in &self.time.varying {
            let n_numbers = varying.block.numbers.len().max(1);
            let mut columns: Vec<usize> = varying.block.first_column.iter().flatten().map(|&j| j as usize).collect();
            columns.sort_unstable();
            columns.dedup();
            let columns = columns.into_iter().flat_map(|first| first..first + n_numbers);
            classes.columns.extend(columns.map(|design| Column { design, inner: 0, function: varying.function }));
        }
        let deciding: Vec<usize> = self.tail.into_iter().chain(self.time.class_variables()).collect();
        if deciding.is_empty() {
            return classes;
        }
        let mut from = 0;
        for pattern in 1..=n {
            let same = |&v: &usize| variables[v].codes[pattern] == variables[v].codes[from];
            if pattern < n && deciding.iter().all(same) {
                continue;
            }
            let tail = self.tail.and_then(|v| variables[v].codes[from].checked_sub(1)).map(|group| group as usize);
            let values = self.values(design, variables, from, &classes.columns);
            classes.list.push(Class { patterns: from..pattern, values, tail });
            from = pattern;
        }
        classes
    }

    /// v of a pattern.
    fn values(
        &self,
        design: &Design,
        variables: &[CodedVariable<'_>],
        pattern: usize,
        columns: &[Column],
    ) -> Vec<(usize, f64)> {
        let mut values = Vec::new();
        for varying in &self.time.varying {
            let block = &varying.block;
            let Some(first) = cell_column(block, design, variables, pattern) else { continue };
            let place = columns.iter().position(|c| c.design == first).expect("every column of a block is listed");
            if block.numbers.is_empty() {
                values.push((place, 1.0));
            }
            let numbers = block.numbers.iter().enumerate();
            values.extend(numbers.map(|(k, parts)| (place + k, product(parts, variables, pattern))));
        }
        values
    }
}

impl Classes {
    /// Whether all records are alike: a plain model.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The classes that have patterns in `range`, with these patterns.
    pub fn within(&self, range: Range<usize>) -> impl Iterator<Item = (&Class, Range<usize>)> {
        let first = self.list.partition_point(|c| c.patterns.end <= range.start);
        self.list[first..]
            .iter()
            .take_while({
                let end = range.end;
                move |c| c.patterns.start < end
            })
            .map(move |c| (c, c.patterns.start.max(range.start)..c.patterns.end.min(range.end)))
    }

    /// The functions that matter to a class, ascending.
    pub fn functions_of(&self, class: &Class) -> Vec<usize> {
        let mut functions: Vec<usize> = class.values.iter().map(|&(j, _)| self.columns[j].function).collect();
        functions.sort_unstable();
        functions.dedup();
        functions
    }

    /// ω of a class at some slots; `gamma` has a coefficient for each of [`Classes::columns`].
    pub fn factors(&self, class: &Class, gamma: &[f64], slots: Range<usize>) -> Vec<f64> {
        let mut factor = match class.tail {
            Some(group) => self.tails[group][slots.clone()].to_vec(),
            None => vec![1.0; slots.len()],
        };
        let mut exponent = vec![0.0; self.functions.len()];
        for &(j, v) in &class.values {
            exponent[self.columns[j].function] += gamma[j] * v;
        }
        let active: Vec<usize> = (0..exponent.len()).filter(|&f| exponent[f] != 0.0).collect();
        if active.is_empty() {
            return factor;
        }
        for (factor, slot) in factor.iter_mut().zip(slots) {
            *factor *= libm::exp(active.iter().map(|&f| exponent[f] * self.functions[f][slot]).sum());
        }
        factor
    }

    /// Shifts and scales v of numeric columns: adding a multiple of g to everybody's η at a time changes nothing.
    ///
    /// `weight` is the total case weight of every pattern, `event_weight` that of the events of every slot. Returns the
    /// scale of each column: powers of two that bring v·g to the size of 1.
    pub fn rescale(&mut self, weight: &[f64], event_weight: &[f64]) -> Vec<f64> {
        let of_class: Vec<f64> = self.list.iter().map(|c| weight[c.patterns.clone()].iter().sum()).collect();
        let total: f64 = of_class.iter().sum();
        let mut scales = vec![1.0; self.columns.len()];
        for (j, scale) in scales.iter_mut().enumerate() {
            let value = |c: &Class| c.values.iter().find(|(k, _)| *k == j).map_or(0.0, |(_, v)| *v);
            let values: Vec<f64> = self.list.iter().map(value).collect();
            let is_unit = values.iter().all(|v| *v == 0.0 || v.abs() == 1.0);
            let mean =
                |f: &dyn Fn(f64) -> f64| values.iter().zip(&of_class).map(|(v, w)| f(*v) * w).sum::<f64>() / total;
            let present = self.list.iter().all(|c| c.values.iter().any(|(k, _)| *k == j));
            let center = mean(&|v| v);
            let spread = if present { mean(&|v| (v - center).abs()) } else { mean(&|v| v.abs()) };
            let g = &self.functions[self.columns[j].function];
            let events: f64 = event_weight.iter().sum();
            let size = g.iter().zip(event_weight).map(|(g, w)| g.abs() * w).sum::<f64>() / events;
            let spread = if is_unit { size } else { spread * size };
            *scale = if spread > 0.0 { super::scaling::power_of_two(1.0 / spread) } else { 1.0 };
            let shift = if is_unit || !present { 0.0 } else { (center * *scale).round() / *scale };
            for (k, v) in self.list.iter_mut().flat_map(|c| &mut c.values) {
                if *k == j {
                    *v = (*v - shift) * *scale;
                }
            }
        }
        scales
    }

    /// v·g of a record in each column where it is not 0, at a slot.
    pub fn row<'a>(&'a self, class: &'a Class, slot: usize) -> impl Iterator<Item = (usize, f64)> + 'a {
        class.values.iter().map(move |&(j, v)| {
            let column = &self.columns[j];
            (column.inner, v * self.functions[column.function][slot])
        })
    }
}
