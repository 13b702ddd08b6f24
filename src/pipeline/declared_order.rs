//! Levels in the order in which the study file has them.
//!
//! A model takes the reference level first; a reader looks for ages in the order of ages, with the reference marked where it
//! stands, as papers print them.

use crate::report::Report;
use crate::study::{Kind, Study};

/// Puts the levels of the main table and of Table 1 into the order of their covariates; missing values stay last.
pub(super) fn of_levels(study: &Study, report: &mut Report) {
    for rows in report.levels.chunk_by_mut(|a, b| a.variable == b.variable) {
        rows.sort_by_key(|row| (row.missing, rank(study, &row.variable, &row.level)));
    }
    for variable in report.table_one.iter_mut().flat_map(|table| &mut table.variables) {
        variable.levels.sort_by_key(|row| (row.missing, rank(study, &variable.variable, &row.level)));
    }
}

/// The same for the rows of interaction analyses: the modifier down, the exposure within.
pub(super) fn of_interactions(study: &Study, report: &mut Report) {
    for of in report.models.iter_mut().flat_map(|m| &mut m.interactions) {
        let exposed = |level: &str| rank(study, &of.exposure, level);
        let modified = |level: &str| rank(study, &of.modifier, level);
        of.within.sort_by_key(|cell| (modified(&cell.modifier_level), exposed(&cell.exposure_level)));
        of.reri.sort_by_key(|row| (exposed(&row.exposure_level), modified(&row.modifier_level)));
    }
}

/// The place of a level among those of its covariate; 0 for a number, whose values keep their order.
fn rank(study: &Study, variable: &str, level: &str) -> usize {
    match study.covariates.get(variable).map(|c| &c.kind) {
        Some(Kind::Factor(rules)) => rules.levels.iter().position(|l| l.value == level).unwrap_or(usize::MAX),
        _ => 0,
    }
}
