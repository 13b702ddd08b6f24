//! Disclosure control of descriptions: what goes with hidden groups and points, and steps of whole curves.
//!
//! Numbers of groups and at chosen times are counts like others (`cells.rs`). Here go the estimates made of them.

use super::coarse::{Grid, error, shown_times, steps};
use super::{Hidden, Profile};
use crate::describe::FEW_AT_RISK;
use crate::report::{
    CauseIncidence, Curve, Description, GroupDescription, IncidenceCurve, MeanTime, QuantilePoint, Report,
    SurvivalPoint,
};
use crate::study::disclosure::Rates;
use std::collections::BTreeSet;

/// Hides what descriptions show of hidden groups and points; `original` has all numbers.
pub(super) fn hide(report: &mut Report, original: &Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let times = shown_times(report);
    // What curves of all groups show less those of the shown ones would be the hidden ones, event by event.
    let whole_curves = report.descriptions.iter().flat_map(|d| &d.groups).all(|g| !g.hidden);
    for (description, whole) in report.descriptions.iter_mut().zip(&original.descriptions) {
        let mut estimates = 0;
        let few = few_causes(description, whole, profile);
        for (group, whole) in description.groups.iter_mut().zip(&whole.groups) {
            estimates += hide_points(group);
            let grid = Grid::of(whole.records.unwrap_or(0), profile);
            let curves_shown = whole_curves && profile.threshold > 1;
            group.curve = group.curve.take().filter(|_| curves_shown).and_then(|c| coarse(&c, &times, grid, profile));
            for cause in &mut group.incidence {
                let curve = cause.curve.take().filter(|_| curves_shown && !few.contains(&cause.cause));
                cause.curve = curve.and_then(|c| coarse_incidence(&c, &times, grid, profile));
            }
            points(group).for_each(|p| shorten(p, grid));
            let told = profile.says_fewer_than(FEW_AT_RISK as u64);
            group.restricted_mean.iter_mut().for_each(|mean| mean.few_at_risk &= told);
            group.quantiles.iter_mut().for_each(|q| hide_quantile(q, whole.curve.as_ref(), profile));
        }
        clear(description, profile);
        hidden.push(Hidden { table: format!("description {}", description.formula), estimates, ..Hidden::default() });
    }
}

/// All points of a group.
fn points(group: &mut GroupDescription) -> impl Iterator<Item = &mut SurvivalPoint> {
    group.survival.iter_mut().chain(group.incidence.iter_mut().flat_map(|c| &mut c.points))
}

/// Kinds of events of which some group has few, or a hidden number: that a curve is missing would say which.
fn few_causes(description: &Description, whole: &Description, profile: &Profile) -> BTreeSet<String> {
    let hidden = description
        .groups
        .iter()
        .flat_map(|g| &g.incidence)
        .filter(|c| c.points.iter().any(|p| p.hidden && p.events.is_none()));
    let small = |c: &&CauseIncidence| c.events.is_none_or(|n| profile.is_small(n));
    let few = whole.groups.iter().flat_map(|g| &g.incidence).filter(small);
    hidden.chain(few).map(|c| c.cause.clone()).collect()
}

/// Takes the estimates away where events are hidden, and all points of a hidden group; returns how many. Beside a hidden number
/// at risk the events are shown, and a probability on the grid does not say how many were lost.
fn hide_points(group: &mut GroupDescription) -> usize {
    let all = group.hidden;
    let mut n = 0;
    let is_gone = |p: &SurvivalPoint| all || p.hidden && p.events.is_none();
    for point in points(group).filter(|p| is_gone(p) || !is_count(p.at_risk) || !is_count(p.events)) {
        *point = SurvivalPoint { time: point.time, hidden: true, ..SurvivalPoint::default() };
        n += 1;
    }
    n
}

/// Weighted numbers count nobody, and nobody can say how many they hide.
fn is_count(number: Option<f64>) -> bool {
    number.is_none_or(|x| x.fract() == 0.0)
}

fn shorten(point: &mut SurvivalPoint, grid: Grid) {
    point.probability = point.probability.and_then(|x| grid.nearest(x));
    (point.lower, point.upper) = grid.outward(point.lower, point.upper);
    point.se = error(point.se);
}

/// A quantile, and each of its limits, is the time of somebody's event: it leaves where enough people had theirs then.
fn hide_quantile(of: &mut QuantilePoint, curve: Option<&Curve>, profile: &Profile) {
    let events_at = |time: f64| {
        let at = curve.and_then(|c| c.time.iter().position(|t| *t == time).map(|k| c.events[k]));
        at.map_or(0, |n| n as u64)
    };
    let shown = |time: &f64| profile.shows_percentile(events_at(*time));
    of.hidden |= [of.time, of.lower, of.upper].iter().flatten().any(|time| !shown(time));
    [&mut of.time, &mut of.lower, &mut of.upper].into_iter().for_each(|time| *time = time.filter(shown));
}

/// The steps of a curve that may be shown, by its events and numbers at risk; none where these are weighted.
fn shown_steps(time: &[f64], events: &[f64], at_risk: &[f64], shown: &[f64], profile: &Profile) -> Option<Vec<usize>> {
    let events: Vec<u64> = events.iter().map(|n| is_count(Some(*n)).then_some(*n as u64)).collect::<Option<_>>()?;
    let mut kept = steps(time, &events, shown, profile.threshold);
    kept.retain(|&k| at_risk[k] >= profile.threshold as f64);
    (!kept.is_empty()).then_some(kept)
}

/// Steps without counts: exact numbers at risk beside the times of steps would give the few between two of them.
fn coarse(curve: &Curve, shown: &[f64], grid: Grid, profile: &Profile) -> Option<Curve> {
    let kept = shown_steps(&curve.time, &curve.events, &curve.at_risk, shown, profile)?;
    // Of a group too small for the grid no curve is left.
    let short = |values: &[f64]| kept.iter().map(|&k| grid.nearest(values[k])).collect::<Option<Vec<f64>>>();
    let (lower, upper) = outward(&kept, (&curve.lower, &curve.upper), grid);
    Some(Curve {
        time: kept.iter().map(|&k| curve.time[k]).collect(),
        survival: short(&curve.survival)?,
        se: few_digits(&kept, &curve.se),
        lower,
        upper,
        cumulative_hazard: short(&curve.cumulative_hazard)?,
        cumulative_hazard_se: few_digits(&kept, &curve.cumulative_hazard_se),
        ..Curve::default()
    })
}

/// The same of the incidence of one kind of event.
fn coarse_incidence(curve: &IncidenceCurve, shown: &[f64], grid: Grid, profile: &Profile) -> Option<IncidenceCurve> {
    let kept = shown_steps(&curve.time, &curve.events, &curve.at_risk, shown, profile)?;
    let (lower, upper) = outward(&kept, (&curve.lower, &curve.upper), grid);
    Some(IncidenceCurve {
        time: kept.iter().map(|&k| curve.time[k]).collect(),
        probability: kept.iter().map(|&k| grid.nearest(curve.probability[k])).collect::<Option<Vec<f64>>>()?,
        se: few_digits(&kept, &curve.se),
        lower,
        upper,
        ..IncidenceCurve::default()
    })
}

type Limits = Vec<Option<f64>>;

fn outward(kept: &[usize], (lower, upper): (&Limits, &Limits), grid: Grid) -> (Limits, Limits) {
    kept.iter().map(|&k| grid.outward(lower[k], upper[k])).unzip()
}

fn few_digits(kept: &[usize], values: &[Option<f64>]) -> Vec<Option<f64>> {
    kept.iter().map(|&k| error(values[k])).collect()
}

/// Takes away what belongs to hidden groups, and what would give hidden or rounded numbers back.
fn clear(description: &mut Description, profile: &Profile) {
    let any_hidden = description.groups.iter().any(|g| g.hidden);
    let rounded = profile.rounds();
    (description.n_records, description.n_persons, description.n_missing_dropped) = (None, None, None);
    description.missing.iter_mut().for_each(|m| m.records = None);
    for test in description.tests.iter_mut().filter(|_| any_hidden || rounded) {
        test.observed.iter_mut().chain(&mut test.expected).for_each(|x| *x = None);
    }
    let hidden: Vec<String> = description.groups.iter().filter(|g| g.hidden).map(|g| g.label.clone()).collect();
    description.pairs.retain(|pair| !hidden.contains(&pair.a) && !hidden.contains(&pair.b));
    let per = description.rate_per.unwrap_or(1.0);
    for group in &mut description.groups {
        group.incidence.iter_mut().for_each(|c| c.events = None);
        if group.hidden {
            clear_group(group);
            continue;
        }
        make_rate(group, per, profile);
        if rounded {
            round_group(group);
        }
    }
    if description.groups.iter().filter(|g| g.hidden).count() == 1 {
        // The person-time of all stands elsewhere, so that of the only hidden group would follow from the others'.
        description.groups.iter_mut().filter_map(|g| g.rate.as_mut()).for_each(|r| r.person_time = None);
    }
    // A ratio to a hidden group gives its rate back.
    if description.groups.first().is_some_and(|g| g.hidden) || rounded {
        for group in &mut description.groups {
            if let Some(rate) = &mut group.rate {
                (rate.ratio, rate.ratio_lower, rate.ratio_upper, rate.p) = (None, None, None, None);
            }
            if let Some(own) = &mut group.standardised {
                (own.ratio, own.ratio_lower, own.ratio_upper) = (None, None, None);
            }
        }
    }
}

fn no_quantile(of: &QuantilePoint) -> QuantilePoint {
    QuantilePoint { probability: of.probability, hidden: true, ..QuantilePoint::default() }
}

fn no_mean_time(of: &MeanTime) -> MeanTime {
    MeanTime { horizon: of.horizon, ..MeanTime::default() }
}

fn clear_group(group: &mut GroupDescription) {
    *group = GroupDescription {
        name: group.name.clone(),
        label: group.label.clone(),
        levels: group.levels.clone(),
        survival: group.survival.clone(),
        incidence: group.incidence.clone(),
        rate: group.rate.as_ref().map(|_| Default::default()),
        standardised: group.standardised.as_ref().map(|_| Default::default()),
        observed_expected: group.observed_expected.as_ref().map(|_| Default::default()),
        quantiles: group.quantiles.iter().map(no_quantile).collect(),
        restricted_mean: group.restricted_mean.as_ref().map(no_mean_time),
        hidden: true,
        ..GroupDescription::default()
    };
}

/// Person-time in whole units, rounded as counts are, and the rate of what is shown.
fn make_rate(group: &mut GroupDescription, per: f64, profile: &Profile) {
    let events = group.events.map(|n| profile.rounded(n));
    let Some(rate) = &mut group.rate else { return };
    let Some(exact) = rate.person_time else { return };
    let whole = exact.round();
    let time = if profile.rounds() { profile.rounding.shown(whole as u64) as f64 } else { whole };
    rate.person_time = Some(time);
    let shown = rate.rate.is_some() && time > 0.0 && profile.rates == Rates::FromRounded;
    rate.rate = events.filter(|_| shown).map(|d| per * d as f64 / time);
    let limit = |limit: Option<f64>| limit.filter(|_| shown && !profile.rounds()).map(|l| l * exact / time);
    (rate.lower, rate.upper) = (limit(rate.lower), limit(rate.upper));
}

/// Probabilities without limits that would give rounded counts back.
fn round_group(group: &mut GroupDescription) {
    for point in points(group).filter(|p| !p.hidden) {
        (point.se, point.lower, point.upper) = (None, None, None);
    }
    group.standardised = group.standardised.as_ref().map(|_| Default::default());
    group.observed_expected = group.observed_expected.as_ref().map(|_| Default::default());
    group.restricted_mean = group.restricted_mean.as_ref().map(no_mean_time);
}
