//! What makes a risk score change along the time axis: coefficients that are functions of time.
//!
//! ```text
//! η_i(t) = x_iβ + offset + Σ_j γ_j v_ij g_j(t)
//! ```
//!
//! A time-varying column j is the product of a value v of the record, given by a [`Block`] as any covariate, and a
//! function g of the event time, given at the event times ([`TimeFunction`]). Rows are never split.

use super::data::{Block, Design, SurvivalData};
use super::error::FitError;

/// A function of time, known at the event times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeFunction {
    /// Increasing times; every event time is one of them.
    pub time: Vec<f64>,
    /// g at each.
    pub value: Vec<f64>,
}

impl TimeFunction {
    /// g at `time`, or at the last known time before it; 0 before the first.
    pub fn at(&self, time: f64) -> f64 {
        match self.time.partition_point(|&t| t <= time) {
            0 => 0.0,
            k => self.value[k - 1],
        }
    }

    /// The distinct times of the records that end in an event, increasing: where g is needed.
    pub fn event_times(data: &SurvivalData) -> Vec<f64> {
        let mut times: Vec<f64> =
            (0..data.event.len()).filter(|&i| data.event[i]).map(|i| data.exit.value(i)).collect();
        times.sort_unstable_by(f64::total_cmp);
        times.dedup();
        times
    }
}

/// Columns whose coefficients are multiplied with one function of time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeVarying {
    /// Where a record has which value v; its columns are columns of the design that no other block has.
    pub block: Block,
    /// Index into [`TimeDependence::functions`].
    pub function: usize,
}

/// All time-varying columns of a model. The default has none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeDependence {
    /// The functions of time.
    pub functions: Vec<TimeFunction>,
    /// The columns.
    pub varying: Vec<TimeVarying>,
}

impl TimeDependence {
    /// Whether no column varies.
    pub fn is_empty(&self) -> bool {
        self.varying.is_empty()
    }

    /// Checks that every function has as many values as times, all finite, and that its index is known. The blocks are
    /// checked with those of the design.
    pub fn check(&self, design: &Design) -> Result<(), FitError> {
        for function in &self.functions {
            if function.time.len() != function.value.len() {
                let (expected, found) = (function.time.len(), function.value.len());
                return Err(FitError::Length { what: "function of time", expected, found });
            }
            if let Some(place) = function.value.iter().position(|g| !g.is_finite()) {
                return Err(FitError::InvalidTimeFunction { time: function.time[place] });
            }
        }
        match self.varying.iter().position(|v| v.function >= self.functions.len()) {
            Some(place) => Err(FitError::InvalidBlock {
                block: design.blocks.len() + place,
                rule: "its function of time is not given",
            }),
            None => Ok(()),
        }
    }

    /// Indices of the variables that decide to which class a record belongs, ascending.
    pub(super) fn class_variables(&self) -> Vec<usize> {
        let blocks = || self.varying.iter().map(|v| &v.block);
        let numbers = blocks().flat_map(|b| b.numbers.iter().flatten().map(|part| part.variable));
        let mut variables: Vec<usize> = blocks().flat_map(|b| b.factors.iter().copied()).chain(numbers).collect();
        variables.sort_unstable();
        variables.dedup();
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_holds_until_its_next_time() {
        let g = TimeFunction { time: vec![1.0, 4.0], value: vec![10.0, 40.0] };
        assert_eq!([0.5, 1.0, 3.9, 4.0, 9.0].map(|t| g.at(t)), [0.0, 10.0, 10.0, 40.0, 40.0]);
    }
}
