//! Events and person-time of the groups, as far as the table determines them.

use super::{Found, Numbers};
use crate::inference::hypothesis::normal_quantile;
use crate::reproduce::printed::Printed;
use crate::reproduce::targets::{Row, Table};
use libm::log;

/// Rate of the reference where nothing says one, per 1000 years.
const ASSUMED_RATE: f64 = 10.0;
/// Events of the reference, over the most that any other group has, where only limits of hazard ratios say how many there are.
const ASSUMED_REFERENCE: f64 = 2.0;

/// Events and person-time of every group; `None` for one that the table does not determine.
pub fn numbers(
    found: &[Found],
    reference: usize,
    table: &Table,
    assumed: &mut Vec<String>,
) -> Result<Vec<Option<Numbers>>, String> {
    let events: Vec<Option<f64>> = events(found, reference, table, assumed);
    let base_events =
        events[reference].ok_or("nothing printed says how many events there are, or how precise a number is")?;
    let base_rate = own_rate(&found[reference], base_events, table).unwrap_or_else(|| {
        assumed.push(format!(
            "the reference, {}, has {ASSUMED_RATE} events per 1000 person-years",
            found[reference].label
        ));
        ASSUMED_RATE / 1000.0 / crate::day::DAYS_PER_YEAR
    });
    let one = |(at, group): (usize, &Found)| -> Option<Numbers> {
        let events = events[at]?;
        if let Some(rate) = own_rate(group, events, table) {
            // Without events a rate says nothing of the time.
            let days = match group.time {
                Some(time) => own_time(group, time, events, table) * table.time_unit.days(),
                None => events / rate,
            };
            return Some(Numbers { events, days, from_ratio: false });
        }
        let ratio = if at == reference { 1.0 } else { group.ratio?.value.as_ref()?.value };
        Some(Numbers { events, days: events / (base_rate * ratio), from_ratio: at != reference })
    };
    let numbers: Vec<Option<Numbers>> = found.iter().enumerate().map(one).collect();
    for (group, _) in found.iter().zip(&numbers).filter(|(_, numbers)| numbers.is_none()) {
        assumed.push(format!(
            "{} is left out: the table does not say how many events it has, or how long it was followed",
            group.label
        ));
    }
    Ok(numbers)
}

/// Person-time within the rounding of what is printed: where the rate is printed too, such that it rounds to that.
fn own_time(group: &Found, time: &Printed, events: f64, table: &Table) -> f64 {
    let rate = group.rate.filter(|_| !group.faulty_rate).and_then(|row| row.value.as_ref());
    let Some(rate) = rate.filter(|rate| rate.bounds().low > 0.0 && events > 0.0) else { return time.value };
    let of_rate = |rate: f64| events * table.rate_per / rate;
    let low = time.bounds().low.max(of_rate(rate.bounds().high));
    let high = time.bounds().high.min(of_rate(rate.bounds().low));
    // A little inside, since days are whole.
    let margin = 0.05 * (high - low);
    if margin < 0.0 { time.value } else { time.value.clamp(low + margin, high - margin) }
}

/// Events per day that a group's own numbers give.
fn own_rate(group: &Found, events: f64, table: &Table) -> Option<f64> {
    if let Some(time) = group.time {
        return Some(events / (time.value * table.time_unit.days())).filter(|rate| rate.is_finite());
    }
    let rate = group.rate?.value.as_ref()?.value;
    Some(rate / table.rate_per / table.time_unit.days()).filter(|rate| *rate > 0.0)
}

/// Whether hazard ratios are needed, and no group is their reference.
pub fn needs_reference(found: &[Found], table: &Table) -> bool {
    let by_itself = |g: &Found| {
        let events = g.events.map(|e| e.value).or_else(|| of_rate_and_time(g, table)).unwrap_or(1.0);
        own_rate(g, events, table).is_some()
    };
    let is_needed = |g: &Found| g.ratio.is_some() && !by_itself(g);
    found.iter().any(is_needed) && !found.iter().any(|g| g.is_reference)
}

/// Events that a printed rate and printed person-time make.
fn of_rate_and_time(group: &Found, table: &Table) -> Option<f64> {
    let rate = group.rate.filter(|_| !group.faulty_rate)?.value.as_ref()?;
    Some((rate.value * group.time?.value / table.rate_per).round())
}

/// Where events come from that are not printed.
type Source<'a> = dyn Fn(&Found) -> Option<f64> + 'a;

/// Events of every group: printed, or of its rate and person-time, or from how precise its rate or hazard ratio is.
fn events(found: &[Found], reference: usize, table: &Table, assumed: &mut Vec<String>) -> Vec<Option<f64>> {
    let z = normal_quantile(0.5 + table.level / 2.0);
    let variance = |row: Option<&Row>| {
        let (lower, upper) = row.and_then(|r| r.lower.as_ref().zip(r.upper.as_ref()))?;
        let se = log(upper.value / lower.value) / (2.0 * z);
        Some(se * se).filter(|v| *v > 0.0 && v.is_finite())
    };
    let mut events: Vec<Option<f64>> = found.iter().map(|g| g.events.map(|e| e.value)).collect();
    let sources: [(&str, &Source); 2] = [
        ("events that are not printed are rate x person-time", &|g| of_rate_and_time(g, table)),
        ("events that are not printed are 1/se², se of the log rate from its limits", &|g| {
            variance(g.rate).map(|v| (1.0 / v).round().max(1.0))
        }),
    ];
    for (said, source) in sources {
        let mut is_used = false;
        for (events, group) in events.iter_mut().zip(found).filter(|(events, _)| events.is_none()) {
            *events = source(group);
            is_used |= events.is_some();
        }
        assumed.extend(is_used.then(|| said.to_owned()));
    }
    let of_ratios: Vec<Option<f64>> = found.iter().map(|g| variance(g.ratio)).collect();
    let smallest = of_ratios.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    if events[reference].is_none() && smallest.is_finite() {
        events[reference] = Some((ASSUMED_REFERENCE / smallest).ceil());
        assumed.push(format!(
            "the reference, {}, has {} events, {ASSUMED_REFERENCE} / the smallest variance of a log hazard ratio",
            found[reference].label,
            (ASSUMED_REFERENCE / smallest).ceil()
        ));
    }
    let base = events[reference];
    let mut said = false;
    for (at, variance) in of_ratios.iter().enumerate().filter(|(at, _)| *at != reference) {
        if let (None, Some(variance), Some(base)) = (events[at], variance, base) {
            let own = variance - 1.0 / base;
            events[at] = (own > 0.0).then(|| (1.0 / own).round().max(1.0));
            said |= events[at].is_some();
        }
    }
    if said {
        assumed.push("events that are not printed are those that make the variance of a crude log hazard ratio, 1/d + 1/d₀, that of its limits".to_owned());
    }
    events
}
