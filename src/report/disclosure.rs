//! Disclosure control: from the internal report to the report that may leave the server.

use serde::{Deserialize, Serialize};

/// What disclosure control did to a report.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DisclosureStatement {
    /// Name of the profile.
    pub profile: String,
    /// Counts from 1 to one less than this are hidden; 0 hides none.
    pub threshold: u64,
    /// What stands in place of a hidden number.
    pub marker: String,
    /// Counts are rounded to a multiple of this; 1 leaves them.
    pub round_to: u64,
    /// Cells hidden because their own count is small.
    pub n_primary: u64,
    /// Cells hidden so that no margin gives a small one.
    pub n_secondary: u64,
    /// Estimates hidden with their level or cell.
    pub n_estimates: u64,
}
