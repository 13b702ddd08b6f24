//! Knots, percentiles and polynomial constants: values that belong to few persons do not leave.

use super::{Hidden, Profile};
use crate::report::{BasisUsed, Knot, ModelResult, RatioAt, RatiosAt, Report};

/// Hides knots and percentiles that fewer records than the threshold share, and what only the records give: how many
/// share one, and the sums of orthogonal polynomials. A knot between two values is nobody's.
pub(super) fn hide(report: &mut Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    for model in &mut report.models {
        let primary = hide_model(model, profile);
        hidden.push(Hidden { table: format!("knots and percentiles of {}", model.name), primary, ..Hidden::default() });
    }
}

fn hide_model(model: &mut ModelResult, profile: &Profile) -> usize {
    // The levels' own numbers would give small ones back through the merged level.
    model.collapsed.iter_mut().flat_map(|c| &mut c.of).for_each(|level| level.records = None);
    let mut n = 0;
    for basis in &mut model.bases {
        let BasisUsed { knots, boundary, norm2, alpha, .. } = basis;
        n += knots.iter_mut().chain(boundary).map(|knot| hide_knot(knot, profile)).sum::<usize>();
        norm2.iter_mut().chain(alpha).for_each(|x| *x = None);
    }
    if profile.hides() {
        model.ratios_at.iter_mut().for_each(|of| of.curve.clear());
        model.time_varying.iter_mut().for_each(|of| of.curve.clear());
    }
    n + model.ratios_at.iter_mut().map(|of| hide_ratios(of, profile)).sum::<usize>()
}

fn hide_knot(knot: &mut Knot, profile: &Profile) -> usize {
    knot.hidden = knot.records.is_some_and(|n| !profile.shows_percentile(n));
    knot.records = None;
    knot.value = knot.value.filter(|_| !knot.hidden);
    usize::from(knot.hidden)
}

/// Without its reference value a table says nothing: then all of it goes.
fn hide_ratios(of: &mut RatiosAt, profile: &Profile) -> usize {
    let small = |records: Option<u64>| records.is_some_and(|n| !profile.shows_percentile(n));
    let all = small(of.reference_records);
    of.reference_records = None;
    of.reference = of.reference.filter(|_| !all);
    // A median stands for itself, without its value.
    for held in of.held.iter_mut().filter(|held| held.median) {
        held.value = None;
    }
    let mut n = 0;
    for point in &mut of.points {
        if all || small(point.records) {
            *point =
                RatioAt { quantile: point.quantile, reference: point.reference, hidden: true, ..RatioAt::default() };
            n += 1;
        }
        point.records = None;
    }
    n
}
