//! Codes. Their counts are rows of deliveries, not persons: many rows may be one person's, and many of these persons are not in
//! the study. So under a profile that hides anything no count of a code leaves, and no code that the study file does not name.

use super::Report;

/// Hides what the code lists found.
pub(super) fn hide(report: &mut Report) {
    for column in &mut report.codes {
        column.hidden = true;
        column.uncovered.clear();
        for list in &mut column.lists {
            // What remains says of each item of the study file whether it occurred.
            list.found.iter_mut().for_each(|code| {
                code.code.clone_from(&code.item);
                code.rows = None;
            });
            list.found.dedup_by(|a, b| a.item == b.item);
        }
    }
}
