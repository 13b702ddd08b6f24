//! Where a run has a printed number: by model, variable and level, whatever a program calls its coefficients.
//!
//! - `effect`: log hazard ratios, of coefficients and of interaction analyses;
//! - `rates`: counts, rates and their ratios;
//! - `variation`: other ways to read the same run.

mod effect;
mod rates;
mod variation;

pub use effect::{interval_of, limits_at, needs, other_references, others_within};
pub use rates::count;
pub use variation::{Variation, variations};

use super::targets::{Measure, Row, Table};
use crate::report::Report;

/// What a run gives for a printed number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The number.
    pub value: f64,
    /// Its limits; why it has none, in words.
    pub limits: Result<(f64, f64), &'static str>,
}

impl Found {
    /// A number that has no limits.
    pub fn alone(value: f64) -> Found {
        Found { value, limits: Err("such a number has no limits") }
    }
}

/// What the run gives for the value of a row, read in these ways instead of what the row says. Errors: why it does not cover
/// it, in words.
pub fn value(row: &Row, table: &Table, report: &Report, ways: &[Variation]) -> Result<Found, String> {
    match row.measure {
        Measure::HazardRatio | Measure::Coefficient | Measure::StandardError | Measure::P => {
            effect::value(row, table, report, ways)
        }
        Measure::RateRatio => rates::ratio(row, table, report, ways),
        Measure::Rate => rates::rate_of(row, table, report, ways),
        measure => count(measure, row, table, report).map(Found::alone),
    }
}

/// Equal but for case and blanks around; numbers by their value.
fn alike(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    let numbers = (a.parse::<f64>(), b.parse::<f64>());
    a.to_lowercase() == b.to_lowercase() || matches!(numbers, (Ok(x), Ok(y)) if x == y)
}
