//! What the records hold before any model: persons, events, person-time and rates, in all and by level.
//!
//! [`tabulate`] counts, [`rate`] and [`rate_ratio`] work out rates with exact and log-normal intervals.

mod rates;
mod tabulate;

pub use rates::{Rate, RateRatio, rate, rate_ratio};
pub use tabulate::{Counts, Group, Request, Tabulation, tabulate};
