//! Counts of covariates and checks of the records. Persons and missing values stand in other tables too, where cells are hidden
//! for one another; here they would come back, so under a profile none of them leaves. Of the checks those leave in which
//! nothing was found.

use super::Hidden;
use crate::report::Report;

/// Takes the counts of covariates away, and those of checks that found something.
pub(super) fn hide(report: &mut Report, hidden: &mut Vec<Hidden>) {
    let mut covariates = Hidden { table: "covariates".into(), ..Hidden::default() };
    for covariate in &mut report.covariates {
        covariate.hidden = true;
        covariate.counts().into_iter().for_each(|n| *n = None);
        covariates.secondary += 1;
    }
    let mut checks = Hidden { table: "checks".into(), ..Hidden::default() };
    let found = |n: Option<u64>| n.is_some_and(|n| n > 0);
    for check in report.checks.iter_mut().filter(|c| found(c.records) || found(c.persons)) {
        (check.hidden, check.records, check.persons) = (true, None, None);
        checks.secondary += 1;
    }
    hidden.extend([covariates, checks]);
}
