//! Codes and rows over calendar time. Their counts are rows, not persons: many rows may be one person's, so under a profile
//! that hides anything no count of a code leaves, and no code that the study file does not name.

use super::{Profile, Report};

/// Hides what the code lists found, and periods of extracts with small counts.
pub fn hide(report: &mut Report, profile: &Profile) {
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
    let small = |n: Option<u64>| n.is_some_and(|n| profile.is_small(n));
    for lines in report.rows_in_time.chunk_by_mut(|a, b| a.extract == b.extract) {
        // The total of an extract stands in the table of links, so one small period hides all.
        let with_key = |rows: Option<u64>, without: Option<u64>| rows.zip(without).map(|(a, b)| a.saturating_sub(b));
        let any = lines.iter().any(|l| small(l.rows) || small(l.without_key) || small(with_key(l.rows, l.without_key)));
        for line in lines.iter_mut().filter(|_| any) {
            (line.rows, line.without_key, line.hidden) = (None, None, true);
        }
        for n in lines.iter_mut().flat_map(|l| [&mut l.rows, &mut l.without_key]) {
            *n = n.map(|n| profile.rounded(n));
        }
    }
}
