//! Counts of a run, its rates and their ratios.

use super::effect::{level_named, model, reference_of};
use super::variation::{self, Variation};
use super::{Found, alike};
use crate::day::DAYS_PER_YEAR;
use crate::describe::{rate, rate_ratio};
use crate::inference::hypothesis::normal_quantile;
use crate::report::{Counts, LevelRow, Report};
use crate::reproduce::targets::{Measure, Place, Row, Spread, Table};
use libm::sqrt;

/// A count of the run that belongs to a row.
pub fn count(measure: Measure, row: &Row, table: &Table, report: &Report) -> Result<f64, String> {
    count_at(measure, &row.place, table, report)
}

fn count_at(measure: Measure, place: &Place, table: &Table, report: &Report) -> Result<f64, String> {
    let counts = counts(place, report)?;
    let hidden = report.disclosure.is_some();
    let missing = |what: &str| match hidden {
        true => format!("the run does not give {what} of it; disclosure control may have hidden them"),
        false => format!("the run does not give {what} of it"),
    };
    match measure {
        Measure::Events => counts.events.map(|n| n as f64).ok_or_else(|| missing("events")),
        Measure::Persons => counts.persons.or(counts.records).map(|n| n as f64).ok_or_else(|| match &report.study {
            None => missing("persons") + "; for a data file say id = \"…\", its column of persons, of its [[against]]",
            Some(_) => missing("persons"),
        }),
        _ => days(&counts).map(|d| d / table.time_unit.days()).ok_or_else(|| match (&place.modifier, &report.study) {
            (None, None) => {
                missing("person-time") + "; for a data file say time_unit = \"days\" (or another) of its [[against]]"
            }
            _ => missing("person-time"),
        }),
    }
}

fn days(counts: &Counts) -> Option<f64> {
    counts.person_time_days.map(|d| d as f64).or(counts.person_years.map(|y| y * DAYS_PER_YEAR))
}

/// The counts that belong to a place: of a level within a modifier, of the level of a variable, of the model, or of everybody.
fn counts(place: &Place, report: &Report) -> Result<Counts, String> {
    if let Some(modifier) = &place.modifier {
        let cell = super::effect::cell(place, modifier, model(&place.model, report)?)?;
        return Ok(Counts { persons: cell.persons, events: cell.events, ..Counts::default() });
    }
    if let (Some(variable), Some(level)) = (&place.variable, &place.level) {
        return match level_row(variable, level, report) {
            Some(row) => Ok(row.counts.clone()),
            None if report.levels.iter().any(|row| row.variable == *variable) => {
                Err(format!("`{variable}` has no level `{level}` among the counts of the run"))
            }
            None => Err(format!("the run has no counts by `{variable}`")),
        };
    }
    // Of a data file the records that the model used are meant.
    let named = !place.model.is_empty() || report.total.is_none() || report.study.is_none();
    if let (true, Ok(model)) = (named, model(&place.model, report)) {
        return Ok(Counts {
            persons: model.n_persons.or(model.n_records),
            records: model.n_records,
            events: model.n_events,
            person_years: report.total.as_ref().and_then(|t| t.person_years),
            ..Counts::default()
        });
    }
    report.total.clone().ok_or_else(|| "the run has no counts".to_owned())
}

/// The counts of a level, by its name or its label.
fn level_row<'r>(variable: &str, level: &str, report: &'r Report) -> Option<&'r LevelRow> {
    let rows = || report.levels.iter().filter(|row| row.variable == variable && !row.missing);
    rows().find(|row| alike(&row.level, level)).or_else(|| rows().find(|row| alike(&row.level_label, level)))
}

/// The rate of a row.
pub fn rate_of(row: &Row, table: &Table, report: &Report, ways: &[Variation]) -> Result<Found, String> {
    if table.adjusted_rates.contains(&row.about.model) {
        return Err("a standardised or predicted rate".to_owned());
    }
    let events = count(Measure::Events, row, table, report)?;
    let time = count(Measure::PersonTime, row, table, report)?;
    let asked = ways.iter().find_map(|way| match way {
        Variation::RatePer(per, unit) => Some((*per, *unit)),
        _ => None,
    });
    let (per, unit) = asked.unwrap_or((table.rate_per, table.time_unit));
    let time = time * table.time_unit.days() / unit.days();
    let level = variation::level(ways, table);
    let found = rate(events as u64, time, per, level);
    let stated = || table.spread.get(&Measure::Rate).copied().unwrap_or(Spread::Exact);
    let half = normal_quantile(0.5 + level / 2.0) * found.rate / sqrt(events);
    let limits = match variation::rate_limits(ways).unwrap_or_else(stated) {
        Spread::Log => found.log_normal,
        Spread::Plain => (found.rate - half, found.rate + half),
        Spread::Exact | Spread::Other => found.exact,
    };
    Ok(Found { value: found.rate, limits: Ok(limits) })
}

/// The ratio of the rates of two groups, which is the rate ratio of a Poisson model without covariates; one with covariates is
/// not fitted.
pub fn ratio(row: &Row, table: &Table, report: &Report, ways: &[Variation]) -> Result<Found, String> {
    let is_crude = row.about.model.is_empty() || table.crude_ratios.contains(&row.about.model);
    if !is_crude || table.adjusted_rates.contains(&row.about.model) {
        let why = "a rate ratio of a Poisson model, which the program does not fit; where it is the ratio of two rates, without \
                   covariates, name its model in crude_ratios of the table";
        return Err(why.to_owned());
    }
    let Place { variable: Some(variable), level: Some(level), modifier: None, .. } = &row.place else {
        return Err("a ratio of rates needs variable and level".to_owned());
    };
    let own = reference_of(&row.place, report);
    let versus = variation::reference(ways).or(row.place.versus.as_ref()).or(own.as_ref());
    let versus =
        versus.ok_or_else(|| format!("say which level of `{variable}` it is compared with: versus = \"…\""))?;
    let mut sides = [level, versus];
    if ways.contains(&Variation::Inverse) {
        sides.reverse();
    }
    let at = |level: &String| Place { level: Some(level.clone()), ..row.place.clone() };
    let of = |measure, level: &String| count_at(measure, &at(level), table, report);
    let [above, below] = sides;
    if level_named(above, variable, report).iter().any(|name| alike(name, below)) {
        return Ok(Found { value: 1.0, limits: Ok((1.0, 1.0)) });
    }
    let events = [of(Measure::Events, above)? as u64, of(Measure::Events, below)? as u64];
    let time = [of(Measure::PersonTime, above)?, of(Measure::PersonTime, below)?];
    if events[1] == 0 || time.iter().any(|t| *t <= 0.0) {
        return Err(format!("`{below}` has no event, or a side no person-time: there is no ratio of rates"));
    }
    let found = rate_ratio(events, time, variation::level(ways, table));
    let stated = || table.spread.get(&Measure::RateRatio).copied().unwrap_or(Spread::Log);
    let limits = match variation::rate_limits(ways).unwrap_or_else(stated) {
        Spread::Exact => found.exact,
        _ => found.wald,
    };
    Ok(Found { value: found.ratio, limits: Ok(limits) })
}

/// The levels with counts that could be the reference of a ratio of rates instead.
pub fn other_groups(place: &Place, report: &Report) -> Vec<String> {
    let Some(variable) = &place.variable else { return Vec::new() };
    let used = [place.level.clone(), place.versus.clone().or_else(|| reference_of(place, report))];
    let names: Vec<String> = used.iter().flatten().flat_map(|level| level_named(level, variable, report)).collect();
    let rows = report.levels.iter().filter(|row| row.variable == *variable && !row.missing);
    rows.map(|row| row.level.clone()).filter(|level| !names.iter().any(|name| alike(name, level))).collect()
}
