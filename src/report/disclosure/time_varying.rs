//! Hazard ratios along time and numbers of competing events: what of them may leave.
//!
//! Events of a level in an interval of time add up to those of the level, which the main table shows, so a small number hides
//! all intervals of the level, with the coefficients that give their standard errors.

use super::{Hidden, Profile};
use crate::report::{HazardRatioAt, ModelResult, Report, TimeVarying};

/// Marks the levels that have, or are compared in, an interval with a small number of events.
pub(super) fn mark(report: &mut Report, profile: &Profile) {
    for varying in report.models.iter_mut().flat_map(|m| &mut m.time_varying) {
        let small = |n: Option<u64>| n.is_some_and(|n| profile.is_small(n));
        let is_small = varying.hazard_ratios.iter().any(|h| small(h.events) || small(h.events_versus));
        varying.hazard_ratios.iter_mut().for_each(|h| h.hidden |= is_small);
    }
}

/// Whether the level is among those marked.
pub(super) fn is_marked(list: &[TimeVarying], variable: &str, level: &str) -> bool {
    let this = |v: &&TimeVarying| v.variable == variable && v.level.as_deref() == Some(level);
    list.iter().filter(this).any(|v| v.hazard_ratios.iter().any(|h| h.hidden))
}

/// Takes away the numbers of levels that are marked or whose counts are not shown; says how many hazard ratios went.
pub(super) fn hide(list: &mut [TimeVarying], level_shown: impl Fn(&str, &Option<String>) -> bool) -> usize {
    let mut n = 0;
    for varying in list {
        let shown = level_shown(&varying.variable, &varying.level) && level_shown(&varying.variable, &varying.versus);
        for at in varying.hazard_ratios.iter_mut().filter(|at| at.hidden || !shown) {
            let (time, after, until) = (at.time, at.after, at.until);
            *at = HazardRatioAt { time, after, until, hidden: true, ..HazardRatioAt::default() };
            n += 1;
        }
    }
    n
}

/// The number of competing events goes when it is small, with the other numbers of its model, and when the censored that are
/// left are few.
pub(super) fn hide_competing(report: &mut Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let mut primary = 0;
    for model in &mut report.models {
        let censored = censored(model);
        let counts_hidden = model.counts_hidden;
        let Some(competing) = &mut model.competing else { continue };
        let small = |n: Option<u64>| n.is_some_and(|n| profile.is_small(n));
        competing.hidden = counts_hidden || small(competing.n_events) || small(censored);
        primary += usize::from(competing.hidden);
        competing.n_events = competing.n_events.filter(|_| !competing.hidden);
    }
    hidden.push(Hidden { table: "competing events".into(), primary, ..Hidden::default() });
}

/// Records that end in no event of any kind.
fn censored(model: &ModelResult) -> Option<u64> {
    let competing = model.competing.as_ref()?.n_events?;
    Some(model.n_records?.saturating_sub(model.n_events? + competing))
}
