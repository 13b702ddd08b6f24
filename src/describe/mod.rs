//! What the records hold before any model: persons, events, person-time and rates, survival curves and their tests.
//!
//! | file | what |
//! |---|---|
//! | `tabulate`, `rates` | counting by level; rates and rate ratios with exact and log-normal intervals |
//! | `bands`, `standardise` | person-time by age bands; standardised rates, observed against expected events |
//! | `table_one` | characteristics of persons by group, standardised differences |
//! | `kaplan_meier`, `curve` | survival curves of groups; values at times, quantiles, restricted means |
//! | `log_rank`, `pairs` | tests of equal hazards, weighted and stratified; groups two at a time |
//! | `aalen_johansen`, `gray` | cumulative incidence of competing events; Gray's test |
//! | `timeline`, `influence` | what they stand on: sorted records, robust variances |

mod aalen_johansen;
mod bands;
mod curve;
mod gray;
mod influence;
mod kaplan_meier;
mod log_rank;
mod pairs;
mod rates;
mod standardise;
mod table_one;
mod tabulate;
mod timeline;

pub use aalen_johansen::{CauseCurve, Causes, IncidenceAt, IncidenceCurves, incidence_curves};
pub use bands::{BandTable, Bands, PersonTime, person_time};
pub use curve::{FEW_AT_RISK, Quantile, RestrictedMean, SurvivalAt};
pub use gray::gray_tests;
pub use kaplan_meier::{CurveOptions, HazardEstimator, SurvivalCurve, SurvivalEstimator, survival_curves};
pub use log_rank::{LogRank, LogRankRequest, LogRankWeight, log_rank};
pub use pairs::{Pair, pairwise_log_rank};
pub use rates::{Rate, RateRatio, rate, rate_ratio};
pub use standardise::{ObservedExpected, StandardisedRate, observed_expected, standardised_rate, standardised_ratio};
pub use table_one::{
    Characteristic, PersonGroup, Summary, TableOne, TableOneRequest, Values, difference_of_means, difference_of_shares,
    table_one,
};
pub use tabulate::{Counts, Group, Request, Tabulation, tabulate};
