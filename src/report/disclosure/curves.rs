//! What leaves of curves and standardised risks: points and steps, without hidden coefficients and with few decimals.

use super::coarse::{Grid, error, shown_times, steps};
use super::{Hidden, Profile};
use crate::describe::FEW_AT_RISK;
use crate::report::{
    BaselineHazard, CurvePoint, CurveSteps, Measure, ModelResult, Report, StandardisedRisks, StandardisedRow,
    SurvivalCurve,
};

/// Hides what is made of hidden numbers. To be called after coefficients were hidden; `original` has all counts.
pub(super) fn hide(report: &mut Report, original: &Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let mut found = Hidden { table: "curves and standardised risks".into(), ..Hidden::default() };
    let shown = shown_times(report);
    for (model, whole) in report.models.iter_mut().zip(&original.models) {
        let gone: Vec<bool> = model.coefficients.iter().map(|c| c.hidden).collect();
        let grid = Grid::of(whole.n_records.unwrap_or(0), profile);
        for curve in &mut model.curves {
            hide_curve(curve, &gone, grid, &mut found);
            coarse_steps(curve, &gone, &shown, grid, profile);
        }
        model.baseline_hazard.iter_mut().for_each(|b| coarse_baseline(b, &shown, grid, profile));
        model.baseline_hazard.retain(|b| !b.time.is_empty());
        let levels = hidden_levels(model);
        for risks in &mut model.standardised {
            hide_risks(risks, &levels, grid, &mut found);
            let told = profile.says_fewer_than(FEW_AT_RISK as u64);
            risks.rows.iter_mut().for_each(|row| row.few_at_risk &= told);
        }
    }
    hidden.push(found);
}

fn uses_hidden(curve: &SurvivalCurve, gone: &[bool]) -> bool {
    curve.row.iter().zip(gone).any(|(x, gone)| *gone && *x != 0.0)
}

/// Medians are times of single events; they go with the end of the longest follow-up, which is one person's.
fn hide_curve(curve: &mut SurvivalCurve, gone: &[bool], grid: Grid, found: &mut Hidden) {
    (curve.median, curve.median_lower, curve.median_upper, curve.observed_until) = (None, None, None, None);
    curve.steps_hidden = true;
    let of_hidden = uses_hidden(curve, gone);
    for point in &mut curve.times {
        if point.hidden || of_hidden {
            found.estimates += 1;
            *point = CurvePoint { time: point.time, hidden: true, ..CurvePoint::default() };
            continue;
        }
        let CurvePoint { survival, cumulative_incidence, cumulative_hazard, .. } = point;
        for number in [survival, cumulative_incidence, cumulative_hazard] {
            *number = number.and_then(|x| grid.nearest(x));
        }
        (point.lower, point.upper) = grid.outward(point.lower, point.upper);
        (point.se, point.cumulative_hazard_se) = (error(point.se), error(point.cumulative_hazard_se));
    }
}

/// The steps that may be shown; none where the curve is made of a hidden coefficient.
fn coarse_steps(curve: &mut SurvivalCurve, gone: &[bool], shown: &[f64], grid: Grid, profile: &Profile) {
    let all = std::mem::take(&mut curve.steps);
    if uses_hidden(curve, gone) || profile.threshold <= 1 || all.n_events.len() != all.time.len() {
        return;
    }
    let kept = steps(&all.time, &all.n_events, shown, profile.threshold);
    let pick = |values: &[Option<f64>]| -> Vec<Option<f64>> {
        let there = kept.iter().filter_map(|&k| values.get(k));
        there.map(|x| x.and_then(|x| grid.nearest(x))).collect()
    };
    let few_digits =
        |values: &[Option<f64>]| kept.iter().filter_map(|&k| values.get(k)).map(|se| error(*se)).collect::<Vec<_>>();
    curve.steps = CurveSteps {
        time: kept.iter().map(|&k| all.time[k]).collect(),
        survival: pick(&all.survival),
        cumulative_incidence: pick(&all.cumulative_incidence),
        lower: pick(&all.lower),
        upper: pick(&all.upper),
        cumulative_hazard: pick(&all.cumulative_hazard),
        cumulative_hazard_se: few_digits(&all.cumulative_hazard_se),
        n_events: Vec::new(),
    };
}

/// The steps of a baseline hazard that may be shown, with the events since the step before.
fn coarse_baseline(of: &mut BaselineHazard, shown: &[f64], grid: Grid, profile: &Profile) {
    let kept = steps(&of.time, &of.n_events, shown, profile.threshold.max(1));
    let pick = |values: &[Option<f64>]| -> Vec<Option<f64>> {
        kept.iter().map(|&k| values[k].and_then(|x| grid.nearest(x))).collect()
    };
    let few_digits = |values: &[Option<f64>]| kept.iter().map(|&k| error(values[k])).collect::<Vec<_>>();
    let starts = std::iter::once(0).chain(kept.iter().map(|k| k + 1));
    let events = starts.zip(&kept).map(|(start, &k)| of.n_events[start..=k].iter().sum::<u64>());
    *of = BaselineHazard {
        stratum: of.stratum.clone(),
        time: kept.iter().map(|&k| of.time[k]).collect(),
        n_events: events.map(|n| profile.rounded(n)).collect(),
        cumulative_hazard: pick(&of.cumulative_hazard),
        se: few_digits(&of.se),
        cumulative_hazard_at_means: pick(&of.cumulative_hazard_at_means),
        se_at_means: few_digits(&of.se_at_means),
    };
}

/// (variable, level) of every hidden coefficient.
fn hidden_levels(model: &ModelResult) -> Vec<(String, String)> {
    let parts = model.coefficients.iter().filter(|c| c.hidden).flat_map(|c| &c.parts);
    parts.filter_map(|p| p.level.clone().map(|level| (p.variable.clone(), level))).collect()
}

/// A risk goes with its numbers of records and events, and with a hidden coefficient of the level; differences and ratios go
/// with the reference too.
fn hide_risks(risks: &mut StandardisedRisks, levels: &[(String, String)], grid: Grid, found: &mut Hidden) {
    let exposure = risks.exposure.clone();
    for row in &mut risks.rows {
        let of_hidden = levels.iter().any(|(variable, level)| *variable == exposure && *level == row.level);
        if row.hidden || of_hidden {
            found.estimates += 6;
            hide_row(row);
            continue;
        }
        let Measure { estimate, se, lower, upper } = &mut row.risk;
        *estimate = estimate.and_then(|x| grid.nearest(x));
        (*lower, *upper) = grid.outward(*lower, *upper);
        *se = error(*se);
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
