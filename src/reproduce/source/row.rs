//! A printed row by itself.

use super::Findings;
use crate::inference::hypothesis::{gamma_quantile, normal_quantile};
use crate::reproduce::printed::{Bounds, Printed};
use crate::reproduce::targets::{Measure, Row, Spread, Table, TimeUnit};
use libm::{exp, sqrt};

/// The most events for which exact Poisson limits are tried when a rate is printed without its events: beyond, they print
/// as the logarithmic ones do.
const MOST_EVENTS: u32 = 5_000;

/// The most events whose exact Poisson limits are computed.
const MOST_EXACT: f64 = 1e6;

/// What rates are usually given per.
const USUAL_PER: [f64; 6] = [1.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0];

/// All checks of one row.
pub fn check(row: &Row, table: &Table) -> Findings {
    let mut found = Findings::default();
    counts(row, &mut found);
    let Some(value) = &row.value else { return found };
    if let Some(one) = row.by_definition() {
        let fault = || format!("a reference of {value}, which is {one} by definition");
        found.check((!value.bounds().meets(Bounds { low: one, high: one })).then(fault));
        return found;
    }
    possible(row, value, &mut found);
    if let (Some(lower), Some(upper)) = (&row.lower, &row.upper) {
        interval(row, table, (value, lower, upper), &mut found);
    }
    let is_crude = row.measure == Measure::Rate && !table.adjusted_rates.contains(&row.about.model);
    if let (true, Some(events)) = (is_crude, &row.events) {
        if let Some(time) = &row.person_time {
            found.check(rate_fault(value, events, time, table));
        }
        let usual = !table.spread.contains_key(&Measure::Rate);
        if let (true, Some(lower), Some(upper)) = (usual, &row.lower, &row.upper) {
            found.check(rate_limits_fault(value, events, (lower, upper), table.level));
        }
    }
    found
}

/// Counts that cannot be.
fn counts(row: &Row, found: &mut Findings) {
    for count in [&row.events, &row.person_time, &row.persons].into_iter().flatten() {
        if count.value < 0.0 {
            found.check(Some(format!("a count of {count} cannot be")));
        }
    }
    if let (Some(events), Some(persons)) = (&row.events, &row.persons) {
        let more = events.bounds().low > persons.bounds().high;
        found.check(more.then(|| format!("{events} first events among {persons} persons cannot be")));
    }
}

/// Values that cannot be.
fn possible(row: &Row, value: &Printed, found: &mut Findings) {
    let positive = !matches!(row.measure, Measure::Coefficient);
    for number in [Some(value), row.lower.as_ref(), row.upper.as_ref()].into_iter().flatten() {
        if positive && number.bounds().high < 0.0 {
            found.check(Some(format!("{number} cannot be: {} is never negative", row.measure.name())));
        }
    }
    if row.measure == Measure::P {
        found.check((value.bounds().low > 1.0).then(|| format!("{value} cannot be a P value")));
    }
}

/// An interval, and the value within it.
fn interval(row: &Row, table: &Table, (value, lower, upper): (&Printed, &Printed, &Printed), found: &mut Findings) {
    if lower.bounds().low > upper.bounds().high {
        found.check(Some(format!("the lower limit {lower} lies above the upper limit {upper}")));
        return;
    }
    let (v, l, u) = (value.bounds(), lower.bounds(), upper.bounds());
    let outside = v.high < l.low || v.low > u.high;
    if outside {
        found.check(Some(format!("{value} does not lie between its limits {lower} and {upper}")));
        return;
    }
    found.check(None);
    let stated = table.spread.get(&row.measure).copied();
    let usual = match (stated, row.measure) {
        (Some(Spread::Other), _) => return,
        (Some(spread), _) => vec![spread],
        (None, Measure::HazardRatio | Measure::RateRatio) => vec![Spread::Log],
        (None, Measure::Coefficient) => vec![Spread::Plain],
        (None, Measure::Rate) => vec![Spread::Log, Spread::Plain, Spread::Exact],
        (None, _) => return,
    };
    let events = row.events.as_ref().map(|e| e.value).filter(|_| row.measure == Measure::Rate);
    let fits = usual.iter().any(|spread| in_the_middle(*spread, (value, lower, upper), (table.level, events)));
    found.check((!fits).then(|| off_middle(value, (lower, upper), usual[0])));
}

/// Whether a value can lie where such an interval has it; an exact one is tried for the printed events, or for any.
fn in_the_middle(
    spread: Spread,
    (value, lower, upper): (&Printed, &Printed, &Printed),
    (level, events): (f64, Option<f64>),
) -> bool {
    let is_exact = |events: f64| {
        limits(Spread::Exact, value.positive_bounds(), events, level)
            .is_some_and(|(l, u)| l.meets(lower.bounds()) && u.meets(upper.bounds()))
    };
    match spread {
        Spread::Log => {
            let middle = lower.positive_bounds().combine(upper.positive_bounds(), |l, u| sqrt(l * u));
            middle.meets(value.positive_bounds())
        }
        Spread::Plain => lower.bounds().combine(upper.bounds(), |l, u| (l + u) / 2.0).meets(value.bounds()),
        Spread::Exact => match events.filter(|events| *events > 0.0) {
            Some(events) => is_exact(events),
            None => (1..=MOST_EVENTS).any(|events| is_exact(f64::from(events))),
        },
        Spread::Other => true,
    }
}

/// Says where the middle is.
fn off_middle(value: &Printed, (lower, upper): (&Printed, &Printed), spread: Spread) -> String {
    let (l, u, decimals) = (lower.value, upper.value, value.decimals());
    match spread {
        Spread::Plain => {
            format!("{value} is not the middle of {lower} and {upper}, which is {:.decimals$}", (l + u) / 2.0)
        }
        Spread::Exact => {
            format!("{value} ({lower} to {upper}) is no rate with exact Poisson limits, whatever the events")
        }
        _ => {
            let fitting = format!(
                "an upper limit of {:.decimals$} or a lower one of {:.decimals$} would fit",
                value.value * value.value / l,
                value.value * value.value / u
            );
            let middle = sqrt(l * u);
            format!(
                "{value} is not the geometric middle of {lower} and {upper}, which is {middle:.decimals$}; {fitting}"
            )
        }
    }
}

/// Limits of a rate of `events` by their usual formulas.
fn limits(spread: Spread, rate: Bounds, events: f64, level: f64) -> Option<(Bounds, Bounds)> {
    let z = normal_quantile(0.5 + level / 2.0);
    let tail = (1.0 - level) / 2.0;
    // Of so many events the two print alike, and the exact ones would take long.
    let spread = if spread == Spread::Exact && events > MOST_EXACT { Spread::Log } else { spread };
    let (below, above) = match spread {
        Spread::Log => (exp(-z / sqrt(events)), exp(z / sqrt(events))),
        Spread::Plain => (1.0 - z / sqrt(events), 1.0 + z / sqrt(events)),
        Spread::Exact => (gamma_quantile(tail, events) / events, gamma_quantile(1.0 - tail, events + 1.0) / events),
        Spread::Other => return None,
    };
    Some((rate.times(below.max(0.0)), rate.times(above)))
}

/// A rate must be events over person-time. Where it is not, the usual slips are tried: time that is not in the unit of
/// its heading, a rate that is not per what its heading says, or both.
fn rate_fault(rate: &Printed, events: &Printed, time: &Printed, table: &Table) -> Option<String> {
    let quotient = events.positive_bounds().over(time.positive_bounds());
    let fits = |per: f64, printed_in: TimeUnit| {
        quotient.times(per * table.time_unit.days() / printed_in.days()).meets(rate.bounds())
    };
    if fits(table.rate_per, table.time_unit) {
        return None;
    }
    let (unit, per, decimals) = (table.time_unit.name(), table.rate_per, rate.decimals() + 1);
    let given = events.value / time.value * per;
    let said = format!("{events} events in {time} {unit} are {given:.decimals$} per {per} {unit}, printed {rate}");
    let units = TimeUnit::NAMED.map(|(_, u)| u).into_iter().filter(|u| *u != table.time_unit);
    let slips = USUAL_PER.map(|per| (per, table.time_unit)).into_iter();
    let slips = slips.chain(units.clone().map(|u| (table.rate_per, u)));
    let mut slips = slips.chain(units.flat_map(|u| USUAL_PER.map(|per| (per, u))));
    match slips.find(|(per, unit)| fits(*per, *unit)) {
        Some((per, u)) if u == table.time_unit => Some(format!("{said}; per {per} {unit} it fits")),
        Some((per, u)) => Some(format!("{said}; with the time in {} it fits per {per} {unit}", u.name())),
        None => Some(said),
    }
}

/// The limits of a rate must follow from its events, by one of the usual formulas.
fn rate_limits_fault(
    rate: &Printed,
    events: &Printed,
    (lower, upper): (&Printed, &Printed),
    level: f64,
) -> Option<String> {
    if events.value <= 0.0 || lower.bounds().low > upper.bounds().high {
        return None;
    }
    let fits = |spread| {
        limits(spread, rate.positive_bounds(), events.value, level)
            .is_some_and(|(l, u)| l.meets(lower.bounds()) && u.meets(upper.bounds()))
    };
    if [Spread::Log, Spread::Plain, Spread::Exact].into_iter().any(fits) {
        return None;
    }
    let z = normal_quantile(0.5 + level / 2.0);
    let factor = exp(z / sqrt(events.value));
    let decimals = rate.decimals();
    let (l, u) = (rate.value / factor, rate.value * factor);
    Some(format!(
        "limits {lower} to {upper} do not follow from {events} events, which give {l:.decimals$} to {u:.decimals$}"
    ))
}
