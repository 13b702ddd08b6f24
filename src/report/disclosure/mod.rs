//! Disclosure control: from the internal report to the report that may leave the server.
//!
//! [`apply`] is the only place that hides or rounds anything; it changes what is written, never what was estimated. All
//! counts of a run, whatever table, model or figure they stand in, are one system of equations ([`system`]): small ones are
//! hidden, and further ones until nobody who reads everything can tell a hidden small count from any other
//! ([`Profile::protection_range`]). With them go the numbers made of them: rates and person-time, estimates of hidden
//! levels, their parts of the covariance, points and steps of curves. [`checker`] tells the output checker what was done,
//! and what was not.
//!
//! | file | idea |
//! |---|---|
//! | `cells.rs` | every count of a report, where it stands and what it is called |
//! | `table_one.rs`, `extracts.rs` | those of Table 1; of covariates, checks, rows over calendar time |
//! | `keys.rs` | those of the clean-up of keys |
//! | `relations.rs`, `over_time.rs`, `tables_over_time.rs` | what adds up to what; along time; along time over tables |
//! | `system/`, `simplex.rs` | which further counts go |
//! | `derived.rs` | rates, person-time, totals, rounding |
//! | `estimates.rs`, `interactions.rs`, `terms.rs`, `time_varying.rs` | numbers that are not counts: estimates |
//! | `rounded_errors.rs`, `rounded_risks.rs` | errors, intervals and tests where counts are rounded |
//! | `curves.rs`, `coarse.rs`, `descriptions.rs` | curves and groups |
//! | `comparisons.rs`, `codes.rs` | tests of nested models; codes as they occur |
//! | `words.rs` | sentences that say a count |
//! | `checker.rs`, `checker_rules.rs` | what the output checker reads |

mod cells;
pub mod checker;
mod checker_rules;
mod coarse;
mod codes;
mod comparisons;
mod curves;
mod derived;
mod descriptions;
mod estimates;
mod extracts;
mod interactions;
mod keys;
mod over_time;
mod profile;
mod relations;
mod rounded_errors;
mod rounded_risks;
pub mod simplex;
pub mod system;
mod table_one;
mod tables_over_time;
mod terms;
mod time_varying;
mod words;

use super::Report;
use crate::house_style::Language;
use crate::study::disclosure::Totals;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use system::{System, Why};

pub use crate::study::disclosure::{PROFILES, WITHOUT_FIGURES};
pub use profile::{Profile, Range};

/// What disclosure control did to a report, for readers of the exported copy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DisclosureStatement {
    /// Name of the profile.
    pub profile: String,
    /// Counts from 1 to one less than this are hidden; 0 hides none.
    pub threshold: u64,
    /// Counts from 1 to one less than this are shown as 0, where the profile has that rule.
    #[serde(skip_serializing_if = "is_nought")]
    pub zero_under: u64,
    /// What stands in place of a hidden number.
    pub marker: String,
    /// What `method` rounds to; 1 leaves counts, or rounds by their size.
    pub round_to: u64,
    /// How counts are rounded: `none`, `nearest`, `midpoint`, `base` or `by_size`.
    pub method: String,
    /// The variable whose rounded numbers that are shown add up to the totals, as tables call it; `None` when totals are
    /// rounded by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals_of: Option<String>,
}

impl DisclosureStatement {
    /// One sentence for the report.
    pub fn sentence(&self, w: Language) -> String {
        let rounded = match (self.method.as_str(), self.round_to) {
            ("by_size", _) => w.counts_rounded_by_size().to_owned(),
            (_, 0 | 1) => String::new(),
            ("midpoint", n) => w.counts_rounded_to_midpoints(n),
            ("base", n) => w.counts_rounded_to_base(n),
            (_, n) => w.counts_rounded(n),
        };
        if self.threshold == 0 && rounded.is_empty() {
            return w.disclosure_of_nothing(&self.profile);
        }
        let hidden = match self.threshold {
            0 => String::new(),
            t => w.counts_hidden(t, &self.marker),
        };
        let hidden = match self.zero_under {
            0 => hidden,
            t => hidden + &w.counts_shown_as_zero(t),
        };
        let errors = if rounded.is_empty() { "" } else { w.errors_of_fewest_events() };
        w.disclosure_of(&self.profile, hidden, format!("{rounded}{errors}"))
    }
}

fn is_nought(n: &u64) -> bool {
    *n == 0
}

/// How many cells of one table were hidden: for the checker only, since the split helps an attacker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hidden {
    /// The table.
    pub table: String,
    /// Cells whose own count is small.
    pub primary: usize,
    /// Cells hidden so that no sum or difference gives a small one.
    pub secondary: usize,
    /// Estimates hidden with their level or cell.
    pub estimates: usize,
    /// Small counts that could not be protected: nothing else could be hidden.
    pub unprotected: usize,
    /// Each hidden cell and why.
    pub cells: Vec<(cells::Spot, Why)>,
}

/// The report that may leave under `profile`, and what was hidden where.
pub fn apply(report: &Report, profile: &Profile) -> (Report, Vec<Hidden>) {
    let mut out = report.clone();
    out.disclosure = Some(profile.statement());
    if !profile.changes_anything() {
        return (out, Vec::new());
    }
    let mut system = counts(&mut out, profile);
    let unprotected = system.protect(profile);
    let mut hidden = hide(&mut out, &system, unprotected);
    derived::hide(&mut out, profile);
    let totals = derived::variable_of_totals(report, &out);
    words::hide(&mut out, profile);
    table_one::hide(&mut out, report, profile, &mut hidden);
    descriptions::hide(&mut out, report, profile, &mut hidden);
    estimates::hide(&mut out, report, profile, &mut hidden);
    terms::hide(&mut out, profile, &mut hidden);
    curves::hide(&mut out, report, profile, &mut hidden);
    comparisons::hide(&mut out, &mut hidden);
    codes::hide(&mut out);
    rounded_errors::widen(&mut out, report, profile);
    derived::round(&mut out, totals.as_deref(), profile);
    say_totals(&mut out, totals.as_deref(), profile);
    table_one::derive(&mut out, profile);
    if profile.significant_digits > 0 {
        out = derived::shorten(&out, profile.significant_digits);
    }
    let mut hidden = merged(hidden);
    hidden.retain(|h| h.primary + h.secondary + h.estimates + h.unprotected > 0);
    (out, hidden)
}

/// Says of which variable's numbers the totals are made.
fn say_totals(out: &mut Report, variable: Option<&str>, profile: &Profile) {
    let from_cells = profile.rounds() && profile.round_totals == Totals::FromCells;
    let rows = out.levels.iter().find(|l| from_cells && variable == Some(&l.variable) && out.total.is_some());
    let label = rows.map(|l| if l.label.is_empty() { l.variable.clone() } else { l.label.clone() });
    if let Some(statement) = &mut out.disclosure {
        statement.totals_of = label;
    }
}

/// One line a table.
fn merged(hidden: Vec<Hidden>) -> Vec<Hidden> {
    let mut found: IndexMap<String, Hidden> = IndexMap::new();
    for h in hidden {
        let of_table = found.entry(h.table.clone()).or_insert_with(|| Hidden { table: h.table, ..Hidden::default() });
        of_table.primary += h.primary;
        of_table.secondary += h.secondary;
        of_table.estimates += h.estimates;
        of_table.unprotected += h.unprotected;
        of_table.cells.extend(h.cells);
    }
    found.into_values().collect()
}

/// All counts of a report with what is known of them.
pub fn counts(report: &mut Report, profile: &Profile) -> System {
    let mut system = System::default();
    cells::visit(report, &mut |place| {
        if let Some(n) = *place.count {
            system.publish(&place.key, n, &place.bundle, place.price);
        }
    });
    relations::state(report, profile, &mut system);
    system
}

/// Takes away the counts that the system hides, and counts them by table.
fn hide(report: &mut Report, system: &System, unprotected: Vec<String>) -> Vec<Hidden> {
    let mut found: IndexMap<String, Hidden> = IndexMap::new();
    let mut seen = BTreeSet::new();
    cells::visit(report, &mut |place| {
        let Some(why) = system.hidden(&place.key) else { return };
        *place.hidden = true;
        let there = place.count.take().is_some();
        if !there || !seen.insert(place.key) {
            return;
        }
        let of_table = found.entry(place.spot.table.clone()).or_default();
        match why {
            Why::Small => of_table.primary += 1,
            Why::Protects => of_table.secondary += 1,
        }
        of_table.cells.push((place.spot, why));
    });
    let mut hidden: Vec<Hidden> = found.into_iter().map(|(table, hidden)| Hidden { table, ..hidden }).collect();
    hidden.extend(unprotected.into_iter().map(|table| Hidden { table, unprotected: 1, ..Hidden::default() }));
    hidden
}
