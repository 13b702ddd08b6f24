//! Sentences that say how many: warnings with the records behind them, notes that nobody is in a group.

use super::Profile;
use crate::report::Report;

/// Takes counts out of warnings, and notes that say "nobody" where that says something of people.
pub(super) fn hide(report: &mut Report, profile: &Profile) {
    for model in &mut report.models {
        for warning in model.warnings.iter_mut().chain(model.interactions.iter_mut().flat_map(|i| &mut i.warnings)) {
            // Exact counts, where the tables may have rounded or hidden them.
            warning.cell = None;
        }
    }
    // In a cohort too small to be shown, or where zero is small, who has nobody is told of everybody.
    let few = report.total.as_ref().is_some_and(|t| t.persons_hidden);
    if profile.hide_zero || few {
        report.notes.retain(|note| !note.empty);
    }
}
