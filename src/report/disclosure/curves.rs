//! What leaves of curves and standardised risks.

use super::{Hidden, Profile};
use crate::report::{
    CurvePoint, CurveSteps, Measure, ModelResult, Report, StandardisedRisks, StandardisedRow, SurvivalCurve,
};

/// Hides what shows few events. To be called after coefficients were hidden.
pub(super) fn hide(report: &mut Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let mut found = Hidden { table: "curves and standardised risks".into(), ..Hidden::default() };
    for model in &mut report.models {
        let gone: Vec<bool> = model.coefficients.iter().map(|c| c.hidden).collect();
        if profile.threshold > 1 {
            // A step is one event.
            model.baseline_hazard.clear();
            model.curves.iter_mut().for_each(|curve| hide_curve(curve, &gone, profile, &mut found));
        }
        let levels = hidden_levels(model);
        for risks in &mut model.standardised {
            hide_risks(risks, &levels, profile, &mut found);
        }
    }
    hidden.push(found);
}

/// The counts that rounding concerns.
pub(super) fn counts<'a>(
    curves: &'a mut [SurvivalCurve],
    standardised: &'a mut [StandardisedRisks],
) -> Vec<&'a mut Option<u64>> {
    let mut counts: Vec<&mut Option<u64>> = Vec::new();
    counts.extend(curves.iter_mut().flat_map(|c| &mut c.times).flat_map(|p| [&mut p.at_risk, &mut p.events]));
    for risks in standardised {
        counts.push(&mut risks.n_averaged);
        counts.extend(risks.rows.iter_mut().flat_map(|r| [&mut r.records, &mut r.events]));
    }
    counts
}

fn hide_curve(curve: &mut SurvivalCurve, gone: &[bool], profile: &Profile, found: &mut Hidden) {
    (curve.median, curve.median_lower, curve.median_upper, curve.observed_until) = (None, None, None, None);
    (curve.steps, curve.steps_hidden) = (CurveSteps::default(), true);
    let uses_hidden = curve.row.iter().zip(gone).any(|(x, gone)| *gone && *x != 0.0);
    let mut before = 0;
    for point in &mut curve.times {
        let events = point.events.unwrap_or(0);
        let few = profile.is_small(events.saturating_sub(before));
        // The next time is compared with the last one that is shown, so that hidden steps add up.
        if few || uses_hidden {
            found.primary += usize::from(few);
            found.estimates += 1;
            *point = CurvePoint { time: point.time, hidden: true, ..CurvePoint::default() };
        } else {
            before = events;
            // Numbers at risk at several times give the censored between them.
            (point.at_risk, point.events) = (None, None);
        }
    }
}

/// (variable, level) of every hidden coefficient.
fn hidden_levels(model: &ModelResult) -> Vec<(String, String)> {
    let parts = model.coefficients.iter().filter(|c| c.hidden).flat_map(|c| &c.parts);
    parts.filter_map(|p| p.level.clone().map(|level| (p.variable.clone(), level))).collect()
}

/// A risk goes with few records or events of its level, between two times as well, and with a hidden coefficient of the
/// level; differences and ratios go with the reference too.
fn hide_risks(risks: &mut StandardisedRisks, levels: &[(String, String)], profile: &Profile, found: &mut Hidden) {
    let exposure = risks.exposure.clone();
    let mut before: Vec<(String, u64)> = Vec::new();
    for row in &mut risks.rows {
        let events = row.events.unwrap_or(0);
        let known = before.iter_mut().find(|(level, _)| *level == row.level);
        let since = events.saturating_sub(known.as_ref().map_or(0, |(_, n)| *n));
        let of_hidden = levels.iter().any(|(variable, level)| *variable == exposure && *level == row.level);
        let few = profile.is_small(row.records.unwrap_or(0))
            || profile.is_small(since)
            || profile.is_small(row.records.unwrap_or(0).saturating_sub(events));
        if few || of_hidden {
            found.primary += usize::from(few);
            found.estimates += 6;
            hide_row(row);
            continue;
        }
        match known {
            Some((_, n)) => *n = events,
            None => before.push((row.level.clone(), events)),
        }
    }
    for rows in risks.rows.chunk_by_mut(|a, b| a.time == b.time) {
        if rows.iter().any(|r| r.reference && r.hidden) {
            for row in rows.iter_mut().filter(|r| !r.hidden) {
                let none = Measure::default();
                (row.risk_difference, row.risk_ratio) = (none, none);
                (row.restricted_mean_difference, row.restricted_mean_ratio) = (none, none);
                found.estimates += 4;
            }
        }
    }
}

fn hide_row(row: &mut StandardisedRow) {
    *row = StandardisedRow {
        time: row.time,
        level: row.level.clone(),
        level_label: row.level_label.clone(),
        reference: row.reference,
        hidden: true,
        ..StandardisedRow::default()
    };
}
