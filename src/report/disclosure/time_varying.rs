//! Hazard ratios along time: what of them may leave.
//!
//! A hidden number of events hides the hazard ratio of its interval, and the coefficients of the level, which give the
//! standard errors of all its intervals.

use crate::report::{HazardRatioAt, TimeVarying};

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
