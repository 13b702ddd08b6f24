//! What is made of counts: rates, person-time, totals, differences of steps; and rounding.

use super::{Profile, cells};
use crate::report::{AttritionStep, Counts, LevelRow, Report};
use crate::study::disclosure::{Rates, Totals};

/// Takes away what would give hidden counts back: person-time and rates with them, criteria that hold the number of events,
/// sizes of files, person-time in days.
pub(super) fn hide(report: &mut Report, profile: &Profile) {
    for rows in report.levels.chunk_by_mut(|a, b| a.variable == b.variable) {
        protect_person_time(rows.iter_mut().map(|row| &mut row.counts).collect(), profile);
    }
    report.levels.iter_mut().map(|l| &mut l.counts).chain(&mut report.total).for_each(clear);
    for input in &mut report.inputs {
        // The first number of persons would come back through these.
        (input.bytes, input.rows) = (None, None);
    }
    for model in &mut report.models {
        model.person_time = None;
        // BIC − AIC gives the number of events.
        model.bic = None;
        for interaction in model.interactions.iter_mut().filter(|_| model.counts_hidden) {
            (interaction.n_records, interaction.n_events) = (None, None);
        }
    }
}

/// Person-time of the only group without it is the total less the others; then that of a further one goes, with its events.
/// One with enough events, since a marker in place of fewer, where they are shown as zero, would say that there are some.
pub(super) fn protect_person_time(groups: Vec<&mut Counts>, profile: &Profile) {
    let is_hidden = |counts: &Counts| counts.persons_hidden || counts.events_hidden;
    if groups.iter().filter(|counts| is_hidden(counts)).count() != 1 {
        return;
    }
    let shown = groups.into_iter().filter(|counts| !is_hidden(counts));
    let few = |counts: &Counts| counts.events.is_none_or(|n| n < profile.threshold.max(1));
    if let Some(counts) = shown.min_by_key(|counts| (few(counts), counts.events)) {
        counts.events_hidden = true;
        counts.events = None;
    }
}

/// Person-time goes with persons or events that are hidden, and so does what is made of it.
pub(super) fn clear(counts: &mut Counts) {
    counts.person_time_days = None;
    if counts.persons_hidden || counts.events_hidden {
        *counts = Counts {
            persons: counts.persons,
            events: counts.events,
            persons_hidden: counts.persons_hidden,
            events_hidden: counts.events_hidden,
            ..Counts::default()
        };
    }
}

/// Of the variables whose levels add up to all persons and events the first one with the fewest hidden numbers: totals that
/// come from cells come from its.
pub(super) fn variable_of_totals(report: &Report, exported: &Report) -> Option<String> {
    let total = report.total.as_ref()?;
    let sums_up = |rows: &&[LevelRow]| {
        let sum = |of: fn(&Counts) -> Option<u64>| rows.iter().map(|r| of(&r.counts)).sum::<Option<u64>>();
        sum(|c| c.persons) == total.persons && sum(|c| c.events) == total.events
    };
    let variables =
        report.levels.chunk_by(|a, b| a.variable == b.variable).filter(sums_up).map(|rows| &rows[0].variable);
    let hidden = |variable: &&String| {
        let rows = exported.levels.iter().filter(|l| l.variable == **variable).map(|l| &l.counts);
        rows.map(|c| usize::from(c.persons_hidden) + usize::from(c.events_hidden)).sum::<usize>()
    };
    variables.min_by_key(hidden).cloned()
}

/// Rounds every count that is left, and makes rates, totals and exclusions of the rounded numbers.
pub(super) fn round(report: &mut Report, totals: Option<&str>, profile: &Profile) {
    cells::visit(report, &mut |place| *place.count = place.count.map(|n| profile.rounded(n)));
    let per = report.settings.rate_per;
    report.levels.iter_mut().map(|l| &mut l.counts).for_each(|counts| make_rate(counts, per, profile));
    if profile.rounds() {
        round_exclusions(&mut report.attrition, profile);
    }
    let Some(total) = &mut report.total else { return };
    match totals.filter(|_| profile.rounds() && profile.round_totals == Totals::FromCells) {
        Some(variable) => {
            let rows: Vec<&Counts> =
                report.levels.iter().filter(|l| l.variable == variable).map(|l| &l.counts).collect();
            sum_up(total, &rows, per, profile);
        }
        None => make_rate(total, per, profile),
    }
}

/// Person-years as whole numbers, rounded as counts are, and the rate of what is shown, so that it says nothing more.
/// Without rounding the limits go along; they hold the events, which are shown. With it they go.
pub(super) fn make_rate(counts: &mut Counts, per: f64, profile: &Profile) {
    let Some(exact) = counts.person_years else { return };
    let whole = exact.round();
    let years = if profile.rounds() { profile.rounding.shown(whole as u64) as f64 } else { whole };
    counts.person_years = Some(years);
    let rate = counts.events.filter(|_| years > 0.0).map(|events| per * events as f64 / years);
    let shown = counts.rate.is_some() && profile.rates == Rates::FromRounded;
    counts.rate = rate.filter(|_| shown);
    let limit = |limit: Option<f64>| limit.filter(|_| !profile.rounds() && shown && years > 0.0);
    counts.rate_lower = limit(counts.rate_lower).map(|l| l * exact / years);
    counts.rate_upper = limit(counts.rate_upper).map(|l| l * exact / years);
}

/// A total as the sum of its rounded cells that are shown.
fn sum_up(total: &mut Counts, rows: &[&Counts], per: f64, profile: &Profile) {
    let sum = |of: fn(&Counts) -> Option<u64>| {
        let shown: Vec<u64> = rows.iter().filter_map(|c| of(c)).collect();
        (!shown.is_empty()).then(|| shown.iter().sum::<u64>())
    };
    total.persons = sum(|c| c.persons).filter(|_| total.persons.is_some());
    total.events = sum(|c| c.events).filter(|_| total.events.is_some());
    total.records = sum(|c| c.records).filter(|_| total.records.is_some());
    let years: Vec<f64> = rows.iter().filter_map(|c| c.person_years).collect();
    total.person_years = (!years.is_empty() && total.person_years.is_some()).then(|| years.iter().sum());
    (total.rate_lower, total.rate_upper) = (None, None);
    // A rate is of the events and the person-years that stand beside it, which must be of the same rows.
    let same_rows = rows.iter().all(|c| c.person_years.is_some() == c.events.is_some());
    let rate = total.person_years.filter(|y| *y > 0.0).zip(total.events).map(|(y, events)| per * events as f64 / y);
    total.rate = rate.filter(|_| same_rows && total.rate.is_some() && profile.rates == Rates::FromRounded);
    total.persons_hidden |= total.persons.is_none();
    total.events_hidden |= total.events.is_none();
}

/// What a step excludes is the difference of the rounded numbers of persons where both are shown.
fn round_exclusions(steps: &mut [AttritionStep], profile: &Profile) {
    let mut before: Option<u64> = None;
    let mut events_before: Option<u64> = None;
    for step in steps {
        let out = events_before.zip(step.events).and_then(|(a, b)| a.checked_sub(b));
        step.excluded_events = step.excluded_events.map(|n| out.filter(|n| !profile.marks(*n)).unwrap_or(n));
        events_before = step.events;
        if step.added.is_some() {
            before = None;
        }
        let left = before.zip(step.persons).and_then(|(a, b)| a.checked_sub(b));
        step.excluded = step.excluded.map(|n| left.filter(|n| !profile.marks(*n)).unwrap_or(n));
        before = step.persons;
    }
}

/// Every number that is no whole count with so many significant digits, halves to even.
pub(super) fn shorten(report: &Report, digits: u32) -> Report {
    let mut value = serde_json::to_value(report).expect("a report has text keys only");
    shorten_value(&mut value, digits);
    serde_json::from_value(value).expect("a number stays a number")
}

fn shorten_value(value: &mut serde_json::Value, digits: u32) {
    match value {
        serde_json::Value::Number(n) if n.is_f64() => {
            let x = n.as_f64().unwrap_or_default();
            let short = significant(x, digits);
            *value = serde_json::Number::from_f64(short).map_or(serde_json::Value::Null, serde_json::Value::Number);
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(|v| shorten_value(v, digits)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|v| shorten_value(v, digits)),
        _ => {}
    }
}

/// `x` with so many significant digits: the decimal text of a number is rounded half to even.
pub(super) fn significant(x: f64, digits: u32) -> f64 {
    format!("{x:.*e}", digits.max(1) as usize - 1).parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_half_to_even() {
        assert_eq!([12345.0, 0.0123456, 1.0005, 2.5].map(|x| significant(x, 4)), [12340.0, 0.01235, 1.0, 2.5]);
    }

    #[test]
    fn a_rate_is_made_of_what_is_shown() {
        let counts = Counts {
            events: Some(54),
            person_years: Some(500.1),
            rate: Some(107.98),
            rate_lower: Some(97.2),
            ..Counts::default()
        };
        let made = |profile: &str| {
            let mut counts = counts.clone();
            make_rate(&mut counts, 1000.0, &Profile::named(profile).unwrap());
            (counts.person_years, counts.rate, counts.rate_lower)
        };
        assert_eq!(made("dk-dst"), (Some(500.0), Some(108.0), Some(97.2 * 500.1 / 500.0)));
        assert_eq!(made("uk-opensafely"), (Some(500.0), Some(108.0), None));
    }

    #[test]
    fn a_total_has_a_rate_only_of_events_and_years_of_the_same_rows() {
        let row = |events: Option<u64>, person_years: Option<f64>| Counts { events, person_years, ..Counts::default() };
        let total_of = |rows: [Counts; 2]| {
            let mut total = Counts { rate: Some(1.0), ..row(Some(1), Some(1.0)) };
            sum_up(&mut total, &[&rows[0], &rows[1]], 1000.0, &Profile::named("uk-opensafely").unwrap());
            (total.events, total.person_years, total.rate)
        };
        let both = total_of([row(Some(10), Some(500.0)), row(Some(0), Some(500.0))]);
        assert_eq!(both, (Some(10), Some(1000.0), Some(10.0)));
        let apart = total_of([row(Some(10), None), row(Some(0), Some(500.0))]);
        assert_eq!(apart, (Some(10), Some(500.0), None));
    }
}
