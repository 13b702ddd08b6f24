//! Where a run has a printed number: by model, variable and level, whatever a program calls its coefficients.

use super::targets::{Measure, Place, Row, Spread, Table};
use crate::day::DAYS_PER_YEAR;
use crate::describe::rate;
use crate::inference::hypothesis::{normal_quantile, normal_two_sided};
use crate::report::{Counts, InteractionCell, LevelRow, ModelResult, Report};
use libm::{exp, sqrt};

/// What a run gives for a printed number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The number.
    pub value: f64,
    /// Its limits, where it has both.
    pub limits: Option<(f64, f64)>,
}

/// A way to read a run otherwise, without fitting anything again.
#[derive(Debug, Clone, PartialEq)]
pub enum Variation {
    /// Another reference level.
    Reference(String),
    /// Limits at another level.
    Level(f64),
    /// Limits at equal distance on the plain scale: HR ± z se(HR).
    PlainLimits,
    /// Limits, standard errors and P values from the model-based covariance.
    ModelBased,
    /// A number's hazard ratio per so many units.
    Units(f64),
    /// The inverse: the two sides exchanged.
    Inverse,
    /// A rate per so much person-time, of the unit of that name.
    RatePer(f64, super::targets::TimeUnit),
    /// Limits of a rate of another kind.
    RateLimits(Spread),
}

impl Variation {
    /// What would have to be so.
    pub fn words(&self) -> String {
        match self {
            Variation::Reference(level) => format!("with `{level}` as the reference level"),
            Variation::Level(level) => format!("with {} % limits", 100.0 * level),
            Variation::PlainLimits => {
                "with limits on the plain scale (HR ± z se) instead of the logarithmic one".to_owned()
            }
            Variation::ModelBased => "with the model-based variance instead of the robust one".to_owned(),
            Variation::Units(units) => format!("per {units} units of the variable"),
            Variation::Inverse => "as its inverse: group and reference exchanged".to_owned(),
            Variation::RatePer(per, unit) => format!("per {per} person-{}", unit.name()),
            Variation::RateLimits(Spread::Exact) => "with exact Poisson limits".to_owned(),
            Variation::RateLimits(Spread::Plain) => "with limits on the plain scale".to_owned(),
            Variation::RateLimits(_) => "with limits on the logarithmic scale".to_owned(),
        }
    }
}

/// A log hazard ratio of a run.
#[derive(Debug, Clone, Copy)]
struct Effect {
    estimate: f64,
    se: f64,
    /// From the model-based covariance, where `se` is robust.
    model_based_se: Option<f64>,
    /// Limits of the hazard ratio at the level of the run, where they are not Wald's.
    own_limits: Option<(f64, f64)>,
}

/// What the run gives for the value of a row. Errors: why it does not cover it, in words.
pub fn value(row: &Row, table: &Table, report: &Report, variation: Option<&Variation>) -> Result<Found, String> {
    match row.measure {
        Measure::HazardRatio | Measure::Coefficient | Measure::StandardError | Measure::P => {
            let effect = effect(&row.place, report, variation)?;
            Ok(of_effect(row.measure, &effect, table, report, variation))
        }
        Measure::RateRatio => Err("a rate ratio of a Poisson model, which a Cox model does not estimate".to_owned()),
        Measure::Rate => rate_of(row, table, report, variation),
        count => self::count(count, row, table, report).map(|value| Found { value, limits: None }),
    }
}

/// A count of the run that belongs to a row.
pub fn count(measure: Measure, row: &Row, table: &Table, report: &Report) -> Result<f64, String> {
    let counts = counts(&row.place, report)?;
    let missing = |what: &str| format!("the run does not give {what} of it");
    match measure {
        Measure::Events => counts.events.map(|n| n as f64).ok_or_else(|| missing("events")),
        Measure::Persons => counts.persons.or(counts.records).map(|n| n as f64).ok_or_else(|| missing("persons")),
        _ => days(&counts).map(|d| d / table.time_unit.days()).ok_or_else(|| {
            missing("person-time") + "; for a data file say time_unit = \"days\" (or another) of its [[against]]"
        }),
    }
}

fn days(counts: &Counts) -> Option<f64> {
    counts.person_time_days.map(|d| d as f64).or(counts.person_years.map(|y| y * DAYS_PER_YEAR))
}

/// The other ways to read the run for this row.
pub fn variations(row: &Row, table: &Table, report: &Report) -> Vec<Variation> {
    let mut ways = Vec::new();
    match row.measure {
        Measure::HazardRatio | Measure::Coefficient | Measure::StandardError | Measure::P => {
            ways.extend(other_references(&row.place, report).into_iter().map(Variation::Reference));
            ways.push(Variation::ModelBased);
            ways.extend([0.90, 0.95, 0.99].into_iter().filter(|l| *l != table.level).map(Variation::Level));
            if row.measure == Measure::HazardRatio {
                ways.push(Variation::PlainLimits);
            }
            if row.place.level.is_none() {
                ways.extend([10.0, 5.0, 0.1, 12.0, 1.0 / 12.0, 100.0, 365.25, 1.0 / 365.25].map(Variation::Units));
            }
            ways.push(Variation::Inverse);
        }
        Measure::Rate => {
            use super::targets::TimeUnit;
            let pers = [1.0, 100.0, 1_000.0, 10_000.0, 100_000.0];
            ways.extend([Spread::Exact, Spread::Log, Spread::Plain].map(Variation::RateLimits));
            ways.extend([0.90, 0.95, 0.99].into_iter().filter(|l| *l != table.level).map(Variation::Level));
            ways.extend(pers.map(|per| Variation::RatePer(per, table.time_unit)));
            let units = TimeUnit::NAMED.into_iter().map(|(_, unit)| unit).filter(|u| *u != table.time_unit);
            ways.extend(units.flat_map(|unit| pers.map(|per| Variation::RatePer(per, unit))));
        }
        _ => {}
    }
    ways
}

/// Limits at `level` of the hazard ratio of a row, Wald's; for many statements of no difference at once.
pub fn limits_at(row: &Row, report: &Report, level: f64) -> Option<(f64, f64)> {
    let effect = effect(&row.place, report, None).ok()?;
    Some(wald(effect.estimate, effect.se, level))
}

fn wald(estimate: f64, se: f64, level: f64) -> (f64, f64) {
    let z = normal_quantile(0.5 + level / 2.0);
    (exp(estimate - z * se), exp(estimate + z * se))
}

/// A measure of an effect, read in one way.
fn of_effect(measure: Measure, effect: &Effect, table: &Table, report: &Report, way: Option<&Variation>) -> Found {
    let se = match way {
        Some(Variation::ModelBased) => effect.model_based_se.unwrap_or(effect.se),
        _ => effect.se,
    };
    let level = if let Some(Variation::Level(level)) = way { *level } else { table.level };
    let z = normal_quantile(0.5 + level / 2.0);
    let beta = effect.estimate;
    match measure {
        Measure::Coefficient => Found { value: beta, limits: Some((beta - z * se, beta + z * se)) },
        Measure::StandardError => Found { value: se, limits: None },
        Measure::P => Found { value: normal_two_sided(beta / se), limits: None },
        _ => {
            let value = exp(beta);
            let own = effect.own_limits.filter(|_| way.is_none() && level == report.settings.level);
            let limits = match way {
                Some(Variation::PlainLimits) => (value - z * se * value, value + z * se * value),
                _ => own.unwrap_or_else(|| wald(beta, se, level)),
            };
            Found { value, limits: Some(limits) }
        }
    }
}

fn effect(place: &Place, report: &Report, way: Option<&Variation>) -> Result<Effect, String> {
    let model = model(&place.model, report)?;
    if !model.converged {
        return Err(format!("model `{}` did not converge: {}", model.name, model.termination));
    }
    let effect = match (&place.coefficient, &place.modifier) {
        (Some(name), _) => {
            let at = model.coefficients.iter().position(|c| c.name == *name);
            let at = at.ok_or_else(|| format!("model `{}` has no coefficient `{name}`", model.name))?;
            difference(model, Some(at), None)?
        }
        (None, Some(modifier)) => within(place, modifier, model)?,
        (None, None) => main_effect(place, model, report, way)?,
    };
    let per = if let Some(Variation::Units(units)) = way { *units } else { place.per };
    Ok(match way {
        Some(Variation::Inverse) => scaled(effect, -1.0),
        _ => scaled(effect, per),
    })
}

fn scaled(effect: Effect, by: f64) -> Effect {
    if by == 1.0 {
        return effect;
    }
    Effect {
        estimate: by * effect.estimate,
        se: by.abs() * effect.se,
        model_based_se: effect.model_based_se.map(|se| by.abs() * se),
        own_limits: None,
    }
}

/// The model of that name or label; the only one of a data file, whatever it is called in print.
pub fn model<'r>(name: &str, report: &'r Report) -> Result<&'r ModelResult, String> {
    let models = &report.models;
    let found = models.iter().find(|m| m.name == name).or_else(|| models.iter().find(|m| alike(m.title(), name)));
    let only = models.first().filter(|_| models.len() == 1 && (name.is_empty() || report.study.is_none()));
    found.or(only).ok_or_else(|| {
        let names: Vec<&str> = models.iter().map(|m| m.name.as_str()).collect();
        let which =
            if name.is_empty() { "the row names no model".to_owned() } else { format!("no model `{name}` in the run") };
        format!("{which}; it has {}", names.join(", "))
    })
}

/// Equal but for case and blanks around; numbers by their value.
fn alike(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    let numbers = (a.parse::<f64>(), b.parse::<f64>());
    a.to_lowercase() == b.to_lowercase() || matches!(numbers, (Ok(x), Ok(y)) if x == y)
}

/// The columns of a variable: `(column, level)`, and its reference level.
fn columns<'m>(variable: &str, model: &'m ModelResult) -> Vec<(usize, &'m crate::report::Part)> {
    let of = |(at, c): (usize, &'m crate::report::Coefficient)| match c.parts.as_slice() {
        [part] if part.basis.is_none() && named(&part.variable, variable) => Some((at, part)),
        _ => None,
    };
    model.coefficients.iter().enumerate().filter_map(of).collect()
}

/// Whether a part's variable is the one that is meant: by its name, or as `factor(name)`.
fn named(part: &str, variable: &str) -> bool {
    let inner = part.strip_prefix("factor(").or(part.strip_prefix("as.factor(")).and_then(|p| p.strip_suffix(')'));
    part == variable || inner.is_some_and(|inner| inner.split(',').next().is_some_and(|name| name.trim() == variable))
}

fn main_effect(place: &Place, model: &ModelResult, report: &Report, way: Option<&Variation>) -> Result<Effect, String> {
    let Some(variable) = &place.variable else {
        return Err("the row names no variable; say variable and level, or coefficient".to_owned());
    };
    let columns = columns(variable, model);
    let Some((first, part)) = columns.first() else {
        return Err(format!("model `{}` has no variable `{variable}`", model.name));
    };
    let Some(own_reference) = &part.versus else {
        return difference(model, Some(*first), None); // A number.
    };
    let Some(level) = &place.level else {
        return Err(format!("`{variable}` is a factor: say which level"));
    };
    let versus = match way {
        Some(Variation::Reference(level)) => Some(level),
        _ => place.versus.as_ref(),
    };
    let column = |wanted: &String| -> Result<Option<usize>, String> {
        let name = level_named(wanted, variable, report);
        let is = |level: &str| name.iter().any(|name| alike(name, level));
        if is(own_reference) {
            return Ok(None);
        }
        let found = columns.iter().find(|(_, part)| part.level.as_deref().is_some_and(is));
        found.map(|(at, _)| Some(*at)).ok_or_else(|| {
            let levels = columns.iter().filter_map(|(_, part)| part.level.clone());
            let levels: Vec<String> = std::iter::once(own_reference.clone()).chain(levels).collect();
            format!("`{variable}` has no level `{wanted}`; it has {}", levels.join(", "))
        })
    };
    let (plus, minus) = (column(level)?, versus.map(column).transpose()?.flatten());
    if plus == minus {
        return Ok(Effect { estimate: 0.0, se: 0.0, model_based_se: None, own_limits: None });
    }
    difference(model, plus, minus)
}

/// A level by its name, and by the label that the study gives it.
fn level_named(wanted: &str, variable: &str, report: &Report) -> Vec<String> {
    let labelled = |row: &&LevelRow| row.variable == variable && alike(&row.level_label, wanted);
    let by_label = report.levels.iter().filter(labelled).map(|row| row.level.clone());
    std::iter::once(wanted.to_owned()).chain(by_label).collect()
}

/// The levels that could be the reference instead.
fn other_references(place: &Place, report: &Report) -> Vec<String> {
    let (Some(variable), None, None) = (&place.variable, &place.coefficient, &place.modifier) else {
        return Vec::new();
    };
    let Ok(model) = model(&place.model, report) else { return Vec::new() };
    let columns = columns(variable, model);
    let own = columns.first().and_then(|(_, part)| part.versus.clone());
    let levels = own.into_iter().chain(columns.iter().filter_map(|(_, part)| part.level.clone()));
    let in_use = |level: &String| [&place.level, &place.versus].into_iter().flatten().any(|used| alike(used, level));
    levels.filter(|level| !in_use(level)).collect()
}

/// β of one column minus that of another, with its variance.
fn difference(model: &ModelResult, plus: Option<usize>, minus: Option<usize>) -> Result<Effect, String> {
    let mut estimate = 0.0;
    for (at, sign) in [(plus, 1.0), (minus, -1.0)] {
        let Some(at) = at else { continue };
        let coefficient = &model.coefficients[at];
        let reason = match coefficient {
            c if c.hidden => Some("hidden by disclosure control"),
            c if c.aliased => Some("aliased: a combination of other columns"),
            c if c.infinite => Some("running to infinity"),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(format!("its coefficient in model `{}` is {reason}", model.name));
        }
        estimate += sign * coefficient.estimate.ok_or("its coefficient has no value")?;
    }
    let se = |covariance: &crate::report::Matrix| -> Option<f64> {
        let cell = |i: Option<usize>, j: Option<usize>| match (i, j) {
            (Some(i), Some(j)) => covariance.get(i)?.get(j).copied()?,
            _ => Some(0.0),
        };
        Some(sqrt(cell(plus, plus)? + cell(minus, minus)? - 2.0 * cell(plus, minus)?))
    };
    let single = match (plus, minus) {
        (Some(at), None) => Some(&model.coefficients[at]),
        _ => None,
    };
    let own_se = single.and_then(crate::report::Coefficient::reported_se);
    let se_found = own_se.or_else(|| se(&model.covariance)).ok_or("the run has no covariance for this comparison")?;
    Ok(Effect {
        estimate,
        se: se_found,
        model_based_se: single.and_then(|c| c.robust_se.and(c.se)).or(model.naive_covariance.as_ref().and_then(se)),
        own_limits: single.filter(|_| model.interval == "profile").and_then(|c| c.hr_lower.zip(c.hr_upper)),
    })
}

/// The exposure within a level of a modifier.
fn within(place: &Place, modifier: &str, model: &ModelResult) -> Result<Effect, String> {
    let (Some(exposure), Some(level), Some(at)) = (&place.variable, &place.level, &place.modifier_level) else {
        return Err("a hazard ratio within a modifier needs variable, level and modifier_level".to_owned());
    };
    let analysis = model.interactions.iter().find(|i| i.exposure == *exposure && i.modifier == modifier);
    let analysis = analysis.ok_or_else(|| {
        format!("model `{}` has no interaction analysis of `{exposure}` within `{modifier}`", model.name)
    })?;
    let at_level = |c: &&InteractionCell| alike(&c.modifier_level, at) || alike(c.modifier_title(), at);
    let here: Vec<&InteractionCell> = analysis.within.iter().filter(at_level).collect();
    if here.is_empty() {
        return Err(format!("`{modifier}` has no level `{at}` in the interaction analysis"));
    }
    let is =
        |cell: &InteractionCell, level: &str| alike(&cell.exposure_level, level) || alike(cell.exposure_title(), level);
    if let Some(versus) = &place.versus {
        let reference = here.iter().find(|c| c.reference).is_some_and(|c| is(c, versus));
        if !reference {
            return Err(format!("`{versus}` is not the reference of `{exposure}` in the interaction analysis"));
        }
    }
    let cell = here.into_iter().find(|c| is(c, level));
    let cell = cell.ok_or_else(|| format!("`{exposure}` has no level `{level}` in the interaction analysis"))?;
    match (cell.estimate, cell.se) {
        (Some(estimate), Some(se)) => Ok(Effect { estimate, se, model_based_se: None, own_limits: None }),
        _ if cell.reference => Ok(Effect { estimate: 0.0, se: 0.0, model_based_se: None, own_limits: None }),
        _ => Err(cell.reason.clone().unwrap_or_else(|| "the run has no estimate of it".to_owned())),
    }
}

/// The counts that belong to a place: of the level of a variable, of the model, or of everybody.
fn counts(place: &Place, report: &Report) -> Result<Counts, String> {
    if let (Some(variable), Some(level)) = (&place.variable, &place.level) {
        let rows = report.levels.iter().filter(|row| row.variable == *variable);
        let found =
            rows.clone().find(|row| alike(&row.level, level)).or(rows.clone().find(|r| alike(&r.level_label, level)));
        return match found {
            Some(row) => Ok(row.counts.clone()),
            None if rows.clone().next().is_none() => Err(format!("the run has no counts by `{variable}`")),
            None => Err(format!("`{variable}` has no level `{level}` among the counts of the run")),
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

/// The rate of a row.
fn rate_of(row: &Row, table: &Table, report: &Report, way: Option<&Variation>) -> Result<Found, String> {
    if table.adjusted_rates.contains(&row.about.model) {
        return Err("a standardised or predicted rate".to_owned());
    }
    let events = count(Measure::Events, row, table, report)?;
    let time = count(Measure::PersonTime, row, table, report)?;
    let (per, unit) = match way {
        Some(Variation::RatePer(per, unit)) => (*per, *unit),
        _ => (table.rate_per, table.time_unit),
    };
    let time = time * table.time_unit.days() / unit.days();
    let level = if let Some(Variation::Level(level)) = way { *level } else { table.level };
    let found = rate(events as u64, time, per, level);
    let kind = match way {
        Some(Variation::RateLimits(kind)) => *kind,
        _ => table.spread.get(&Measure::Rate).copied().unwrap_or(Spread::Exact),
    };
    let z = normal_quantile(0.5 + level / 2.0);
    let half = z * found.rate / sqrt(events);
    let limits = match kind {
        Spread::Log => found.log_normal,
        Spread::Plain => (found.rate - half, found.rate + half),
        Spread::Exact | Spread::Other => found.exact,
    };
    Ok(Found { value: found.rate, limits: Some(limits) })
}
