//! Disclosure control of descriptions: groups, points of curves, rates and tests.
//!
//! A step of a curve shows an event: whole curves stay inside. A point of a curve is shown with the numbers that it rests
//! on, so it is hidden where those at risk, the events so far, the events since the point before or the events still to
//! come are few, and where hiding it protects the same time of another group.

use super::protect::protect_line;
use super::{Hidden, Profile};
use crate::report::{Description, GroupDescription, LevelRow, Report, SurvivalPoint};

/// Hides what descriptions show of small groups; what the main table hides of a level is hidden here too.
pub(super) fn hide(report: &mut Report, profile: &Profile, hidden: &mut Vec<Hidden>) {
    let levels = std::mem::take(&mut report.levels);
    for description in &mut report.descriptions {
        let table = format!("description {}", description.formula);
        let (primary, secondary) = hide_groups(description, &levels, profile);
        let curves = description.groups.iter().filter(|g| g.curve.is_some()).count();
        let points = hide_points(description, profile) + curves;
        clear(description, profile);
        hidden.push(Hidden { table, primary, secondary, estimates: points });
    }
    report.levels = levels;
}

/// Marks groups, and returns how many for their own sake and how many to protect others.
fn hide_groups(description: &mut Description, levels: &[LevelRow], profile: &Profile) -> (usize, usize) {
    for group in &mut description.groups {
        let numbers = [group.records, group.persons, group.events];
        let without = group.persons.zip(group.events).map(|(n, d)| n.saturating_sub(d));
        let small = numbers.iter().chain([&without]).any(|n| n.is_some_and(|n| profile.is_small(n)));
        group.hidden = small || is_hidden_level(group, levels);
    }
    let primary = description.groups.iter().filter(|g| g.hidden).count();
    if profile.secondary {
        for of_persons in [true, false] {
            let value = |g: &GroupDescription| if of_persons { g.persons.or(g.records) } else { g.events };
            let values: Vec<u64> = description.groups.iter().map(|g| value(g).unwrap_or(0)).collect();
            let mut marks: Vec<bool> = description.groups.iter().map(|g| g.hidden).collect();
            protect_line(&values, &mut marks, &vec![false; values.len()], profile.threshold);
            description.groups.iter_mut().zip(marks).for_each(|(g, mark)| g.hidden = mark);
        }
    }
    (primary, description.groups.iter().filter(|g| g.hidden).count() - primary)
}

/// Whether the main table hides the level that makes the group.
fn is_hidden_level(group: &GroupDescription, levels: &[LevelRow]) -> bool {
    let [level] = group.levels.as_slice() else { return false };
    let variable = group.name.strip_suffix(level.as_str()).and_then(|v| v.strip_suffix('='));
    let name = variable.map(|v| v.trim_start_matches("factor(").trim_end_matches(')').trim_matches('`'));
    let same = |row: &&LevelRow| Some(row.variable.as_str()) == name && row.level == *level && !row.missing;
    levels.iter().find(same).is_some_and(|row| row.counts.persons_hidden || row.counts.events_hidden)
}

/// Hides points of curves, and returns how many.
fn hide_points(description: &mut Description, profile: &Profile) -> usize {
    let n_times = description.groups.first().map_or(0, |g| g.survival.len().max(first_cause(g)));
    for group in &mut description.groups {
        let all = group.events;
        mark_points(&mut group.survival, all, group.hidden, profile);
        group.incidence.iter_mut().for_each(|c| mark_points(&mut c.points, c.events, group.hidden, profile));
        // The kinds of events add up: one that is hidden hides the others at its time.
        for j in 0..n_times {
            if points_at(group, j).any(|p| p.hidden) {
                points_at(group, j).for_each(|p| p.hidden = true);
            }
        }
    }
    for j in (0..n_times).filter(|_| profile.secondary) {
        protect_points(description, profile, j, |g| Some((at_risk(g.survival.get(j)?), g.survival[j].hidden)));
        protect_points(description, profile, j, |g| Some((events(g.survival.get(j)?), g.survival[j].hidden)));
        let n_causes = description.groups.first().map_or(0, |g| g.incidence.len());
        for cause in 0..n_causes {
            let point = |g: &GroupDescription| g.incidence.get(cause)?.points.get(j).map(|p| (events(p), p.hidden));
            protect_points(description, profile, j, point);
        }
    }
    description.groups.iter_mut().map(|g| (0..n_times).map(|j| clear_points(g, j)).sum::<usize>()).sum()
}

fn first_cause(group: &GroupDescription) -> usize {
    group.incidence.first().map_or(0, |c| c.points.len())
}

fn at_risk(point: &SurvivalPoint) -> u64 {
    point.at_risk.unwrap_or(0.0) as u64
}

fn events(point: &SurvivalPoint) -> u64 {
    point.events.unwrap_or(0.0) as u64
}

/// All points of a group at its j-th time: of survival and of every kind of event.
fn points_at(group: &mut GroupDescription, j: usize) -> impl Iterator<Item = &mut SurvivalPoint> {
    let causes = group.incidence.iter_mut().filter_map(move |c| c.points.get_mut(j));
    group.survival.get_mut(j).into_iter().chain(causes)
}

/// Marks points that rest on few; `all` are the events of the whole curve.
fn mark_points(points: &mut [SurvivalPoint], all: Option<u64>, group_hidden: bool, profile: &Profile) {
    let mut before = 0;
    for point in points {
        let so_far = events(point);
        let still = all.map_or(0, |all| all.saturating_sub(so_far));
        let numbers = [at_risk(point), so_far, so_far.saturating_sub(before), still];
        point.hidden = group_hidden || numbers.iter().any(|n| profile.is_small(*n));
        if !point.hidden {
            before = so_far;
        }
    }
}

/// Hides the points of further groups at the j-th time, so that the sum of all groups gives none back; `value` is a number
/// of a group at that time and whether it is hidden.
fn protect_points(
    description: &mut Description,
    profile: &Profile,
    j: usize,
    value: impl Fn(&GroupDescription) -> Option<(u64, bool)>,
) {
    let of_time = |g: &GroupDescription| value(g).unwrap_or((0, g.hidden));
    let (values, mut marks): (Vec<u64>, Vec<bool>) = description.groups.iter().map(of_time).unzip();
    protect_line(&values, &mut marks, &vec![false; values.len()], profile.threshold);
    for (group, mark) in description.groups.iter_mut().zip(marks).filter(|(_, mark)| *mark) {
        points_at(group, j).for_each(|p| p.hidden |= mark);
    }
}

/// Takes the numbers of hidden points away and returns how many there were.
fn clear_points(group: &mut GroupDescription, j: usize) -> usize {
    let mut n = 0;
    for point in points_at(group, j).filter(|p| p.hidden) {
        *point = SurvivalPoint { time: point.time, hidden: true, ..SurvivalPoint::default() };
        n += 1;
    }
    n
}

/// Takes away what belongs to hidden groups, whole curves, and what would give hidden or rounded numbers back.
fn clear(description: &mut Description, profile: &Profile) {
    let any_hidden = description.groups.iter().any(|g| g.hidden);
    let rounded = profile.round_to > 1;
    (description.n_records, description.n_persons, description.n_missing_dropped) = (None, None, None);
    description.missing.iter_mut().for_each(|m| m.records = None);
    for test in description.tests.iter_mut().filter(|_| any_hidden || rounded) {
        test.observed.iter_mut().chain(&mut test.expected).for_each(|x| *x = None);
    }
    let hidden: Vec<String> = description.groups.iter().filter(|g| g.hidden).map(|g| g.label.clone()).collect();
    description.pairs.retain(|pair| !hidden.contains(&pair.a) && !hidden.contains(&pair.b));
    for group in &mut description.groups {
        group.curve = None;
        group.incidence.iter_mut().for_each(|c| (c.events, c.curve) = (None, None));
        if group.hidden {
            clear_group(group);
        } else if rounded {
            round_group(group, description.rate_per.unwrap_or(1.0), profile);
        }
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
        quantiles: group
            .quantiles
            .iter()
            .map(|q| crate::report::QuantilePoint { probability: q.probability, ..Default::default() })
            .collect(),
        restricted_mean: group
            .restricted_mean
            .as_ref()
            .map(|m| crate::report::MeanTime { horizon: m.horizon, ..Default::default() }),
        hidden: true,
        ..GroupDescription::default()
    };
}

/// Counts rounded; rates from rounded events, probabilities with two decimals, without limits that would give counts back.
fn round_group(group: &mut GroupDescription, per: f64, profile: &Profile) {
    let round = |n: Option<u64>| n.map(|n| profile.rounded(n));
    let round_number = |x: Option<f64>| x.map(|x| profile.rounded(x.round() as u64) as f64);
    (group.records, group.persons, group.events) = (round(group.records), round(group.persons), round(group.events));
    let points = group.survival.iter_mut().chain(group.incidence.iter_mut().flat_map(|c| &mut c.points));
    for point in points.filter(|p| !p.hidden) {
        (point.at_risk, point.events) = (round_number(point.at_risk), round_number(point.events));
        point.probability = point.probability.map(|p| (100.0 * p).round() / 100.0);
        (point.se, point.lower, point.upper) = (None, None, None);
    }
    if let Some(rate) = &mut group.rate {
        rate.rate = group.events.zip(rate.person_time).map(|(d, t)| per * d as f64 / t);
        (rate.lower, rate.upper) = (None, None);
    }
    group.standardised = group.standardised.as_ref().map(|_| Default::default());
    group.observed_expected = group.observed_expected.as_ref().map(|_| Default::default());
    group.restricted_mean = None;
}
