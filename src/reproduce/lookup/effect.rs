//! Log hazard ratios of a run: of coefficients, and of interaction analyses.

use super::variation::{self, Variation};
use super::{Found, alike};
use crate::inference::hypothesis::{normal_quantile, normal_two_sided};
use crate::report::{Coefficient, Interaction, InteractionCell, LevelRow, Matrix, ModelResult, Part, Report};
use crate::reproduce::hints::Change;
use crate::reproduce::targets::{Measure, Place, Row, Table};
use crate::study::spec::suggest;
use libm::{exp, sqrt};

/// A log hazard ratio of a run.
#[derive(Debug, Clone, Copy)]
struct Effect {
    estimate: f64,
    se: f64,
    /// From the model-based covariance, where `se` is robust.
    model_based_se: Option<f64>,
    /// Where its limits come from, when not from `se`.
    profile: Option<Profile>,
}

/// What the profile likelihood says of a log hazard ratio.
#[derive(Debug, Clone, Copy)]
enum Profile {
    /// Limits at the level of the run, and the P value.
    Known((f64, f64), Option<f64>),
    /// It would have to be computed, for another reference level than that of the run.
    NotOfThis,
    /// A limit does not exist: the likelihood never falls far enough.
    Open,
}

impl Effect {
    /// A reference against itself.
    const NONE: Effect = Effect { estimate: 0.0, se: 0.0, model_based_se: None, profile: None };

    /// The effect per so many units; of the two sides exchanged where negative.
    fn scaled(self, by: f64) -> Effect {
        let ordered = |(l, u): (f64, f64)| if by < 0.0 { (by * u, by * l) } else { (by * l, by * u) };
        let profile = self.profile.map(|profile| match profile {
            Profile::Known(limits, p) => Profile::Known(ordered(limits), p),
            other => other,
        });
        Effect {
            estimate: by * self.estimate,
            se: by.abs() * self.se,
            model_based_se: self.model_based_se.map(|se| by.abs() * se),
            profile,
        }
    }
}

/// What must be fitted anew before a row can be held against a run: for another reference level within a modifier, and for
/// profile-likelihood limits of another reference level or confidence level.
pub fn needs(row: &Row, table: &Table, report: &Report) -> Vec<Change> {
    let is_effect = row.value.is_some() || row.place.direction.is_some();
    let of_model =
        matches!(row.measure, Measure::HazardRatio | Measure::Coefficient | Measure::StandardError | Measure::P);
    let (true, true, Ok(model)) = (is_effect, of_model, model(&row.place.model, report)) else { return Vec::new() };
    let profile = interval_of(row, report) == "profile";
    let mut changes = Vec::new();
    if let (Some(variable), Some(versus), None) = (&row.place.variable, &row.place.versus, &row.place.coefficient) {
        let (own, level) = match &row.place.modifier {
            Some(modifier) => {
                (reference_within(&row.place, modifier, model), level_within(&row.place, versus, modifier, model))
            }
            None => (reference_of(&row.place, report), level_known(versus, variable, model, report)),
        };
        if let (Some(own), Some(level)) = (own, level)
            && !alike(&own, &level)
            && (profile || row.place.modifier.is_some())
        {
            changes.push(Change::Reference(variable.clone(), level));
        }
    }
    if profile && table.level != report.settings.level {
        changes.push(Change::Level(table.level));
    }
    changes
}

/// `wald` or `profile`: where the limits of a row come from in the run.
pub fn interval_of<'r>(row: &Row, report: &'r Report) -> &'r str {
    match (&row.place.modifier, model(&row.place.model, report)) {
        (None, Ok(model)) => &model.interval,
        _ => "wald",
    }
}

/// Wald's limits at `level` of the hazard ratio of a row; for many statements of no difference at once.
pub fn limits_at(row: &Row, report: &Report, level: f64) -> Option<(f64, f64)> {
    let effect = effect(&row.place, report, &[]).ok()?;
    let (l, u) = around(effect.estimate, effect.se, level);
    Some((exp(l), exp(u)))
}

fn around(estimate: f64, se: f64, level: f64) -> (f64, f64) {
    let z = normal_quantile(0.5 + level / 2.0);
    (estimate - z * se, estimate + z * se)
}

/// A measure of an effect of the run, read in these ways.
pub fn value(row: &Row, table: &Table, report: &Report, ways: &[Variation]) -> Result<Found, String> {
    let effect = effect(&row.place, report, ways)?;
    let se = effect.model_based_se.filter(|_| ways.contains(&Variation::ModelBased)).unwrap_or(effect.se);
    let profile =
        effect.profile.filter(|_| !ways.contains(&Variation::Wald) && !ways.contains(&Variation::PlainLimits));
    let level = variation::level(ways, table);
    let limits = log_limits(profile, (effect.estimate, se), level, report.settings.level);
    let hazard_ratio = exp(effect.estimate);
    Ok(match row.measure {
        Measure::Coefficient => Found { value: effect.estimate, limits },
        Measure::StandardError => Found::alone(se),
        Measure::P => Found::alone(p_value(profile, effect.estimate / se)?),
        _ if ways.contains(&Variation::PlainLimits) => {
            Found { value: hazard_ratio, limits: Ok(around(hazard_ratio, se * hazard_ratio, level)) }
        }
        _ => Found { value: hazard_ratio, limits: limits.map(|(l, u)| (exp(l), exp(u))) },
    })
}

/// The limits of a log hazard ratio: never Wald's in the name of the profile likelihood.
fn log_limits(
    profile: Option<Profile>,
    (estimate, se): (f64, f64),
    level: f64,
    level_of_run: f64,
) -> Result<(f64, f64), &'static str> {
    match profile {
        None => Ok(around(estimate, se, level)),
        Some(Profile::Open) => Err("one of its profile-likelihood limits does not exist"),
        Some(Profile::NotOfThis) => Err("the run has profile-likelihood limits for its own reference level only"),
        Some(Profile::Known(limits, _)) if level == level_of_run => Ok(limits),
        Some(Profile::Known(..)) => Err("the run has profile-likelihood limits of another confidence level only"),
    }
}

fn p_value(profile: Option<Profile>, z: f64) -> Result<f64, String> {
    match profile {
        Some(Profile::Known(_, Some(p))) => Ok(p),
        Some(Profile::NotOfThis) => {
            Err("the run has P values of the profile likelihood for its own reference level only".to_owned())
        }
        _ => Ok(normal_two_sided(z)),
    }
}

fn effect(place: &Place, report: &Report, ways: &[Variation]) -> Result<Effect, String> {
    let model = model(&place.model, report)?;
    if !model.converged {
        return Err(format!("model `{}` did not converge: {}", model.name, model.termination));
    }
    let effect = match (&place.coefficient, &place.modifier) {
        (Some(name), _) => {
            let at = model.coefficients.iter().position(|c| c.name == *name);
            let known = || model.coefficients.iter().map(|c| c.name.as_str());
            let missing = || format!("model `{}` has no coefficient `{name}`; {}", model.name, suggest(name, known()));
            let at = at.ok_or_else(missing)?;
            difference(model, Some(at), None)?
        }
        (None, Some(modifier)) => within(place, modifier, model)?,
        (None, None) => main_effect(place, model, report, ways)?,
    };
    let units = ways.iter().find_map(|way| match way {
        Variation::Units(units) => Some(*units),
        Variation::Inverse => Some(-1.0),
        _ => None,
    });
    Ok(effect.scaled(units.unwrap_or(place.per)))
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

/// The variable of a model that a wrong name may mean, or all of them.
fn meant(variable: &str, model: &ModelResult) -> String {
    let parts = model.coefficients.iter().flat_map(|c| &c.parts);
    let mut known: Vec<&str> = Vec::new();
    for part in parts {
        if !known.contains(&part.variable.as_str()) {
            known.push(&part.variable);
        }
    }
    suggest(variable, known.into_iter())
}

/// The columns of a variable: `(column, level)`, and its reference level.
fn columns<'m>(variable: &str, model: &'m ModelResult) -> Vec<(usize, &'m Part)> {
    let of = |(at, c): (usize, &'m Coefficient)| match c.parts.as_slice() {
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

fn main_effect(place: &Place, model: &ModelResult, report: &Report, ways: &[Variation]) -> Result<Effect, String> {
    let Some(variable) = &place.variable else {
        return Err("the row names no variable; say variable and level, or coefficient".to_owned());
    };
    let columns = columns(variable, model);
    let Some((first, part)) = columns.first() else {
        return Err(format!("model `{}` has no variable `{variable}`; {}", model.name, meant(variable, model)));
    };
    let Some(own_reference) = &part.versus else {
        refuse_level(place, variable, model)?;
        return difference(model, Some(*first), None); // A number.
    };
    let Some(level) = &place.level else {
        return Err(format!("`{variable}` is a factor: say which level"));
    };
    let versus = variation::reference(ways).or(place.versus.as_ref());
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
        return Ok(Effect::NONE);
    }
    difference(model, plus, minus)
}

/// A number has no level: what the row gives as one, or as the one it is compared with, is a slip. Errors: what to write instead.
fn refuse_level(place: &Place, variable: &str, model: &ModelResult) -> Result<(), String> {
    let level = place.level.as_ref().filter(|_| place.level_is_given).map(|level| ("level", level));
    let versus = place.versus.as_ref().filter(|_| place.versus_is_given).map(|level| ("versus", level));
    match level.or(versus) {
        Some((key, level)) => Err(format!(
            "`{variable}` is a number in model `{}` and has no level `{level}`; leave {key} out, and say per = \"10\" for the hazard \
             ratio of 10 units",
            model.name
        )),
        None => Ok(()),
    }
}

/// A level by its name, and by the label that the study gives it.
pub fn level_named(wanted: &str, variable: &str, report: &Report) -> Vec<String> {
    let labelled = |row: &&LevelRow| row.variable == variable && alike(&row.level_label, wanted);
    let by_label = report.levels.iter().filter(labelled).map(|row| row.level.clone());
    std::iter::once(wanted.to_owned()).chain(by_label).collect()
}

/// The reference level of the variable of a place, in the model of the run.
pub fn reference_of(place: &Place, report: &Report) -> Option<String> {
    let model = model(&place.model, report).ok()?;
    let columns = columns(place.variable.as_ref()?, model);
    columns.first().and_then(|(_, part)| part.versus.clone())
}

/// A level of a variable as the run spells it.
fn level_known(wanted: &str, variable: &str, model: &ModelResult, report: &Report) -> Option<String> {
    let names = level_named(wanted, variable, report);
    let columns = columns(variable, model);
    let all = columns.iter().flat_map(|(_, part)| [part.level.clone(), part.versus.clone()]).flatten();
    all.into_iter().find(|level| names.iter().any(|name| alike(name, level)))
}

/// The levels that could be the reference instead.
pub fn other_references(place: &Place, report: &Report) -> Vec<String> {
    let (Some(variable), None, None) = (&place.variable, &place.coefficient, &place.modifier) else {
        return Vec::new();
    };
    let Ok(model) = model(&place.model, report) else { return Vec::new() };
    let columns = columns(variable, model);
    let own = columns.first().and_then(|(_, part)| part.versus.clone());
    let used: Vec<String> = [&place.level, &place.versus].into_iter().flatten().cloned().collect();
    let used: Vec<String> = used.iter().flat_map(|level| level_named(level, variable, report)).collect();
    let levels = own.into_iter().chain(columns.iter().filter_map(|(_, part)| part.level.clone()));
    levels.filter(|level| !used.iter().any(|used| alike(used, level))).collect()
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
    let se = |covariance: &Matrix| -> Option<f64> {
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
    let own_se = single.and_then(Coefficient::reported_se);
    let se_found = own_se.or_else(|| se(&model.covariance)).ok_or("the run has no covariance for this comparison")?;
    Ok(Effect {
        estimate,
        se: se_found,
        model_based_se: single.and_then(|c| c.robust_se.and(c.se)).or(model.naive_covariance.as_ref().and_then(se)),
        profile: (model.interval == "profile").then(|| single.map_or(Profile::NotOfThis, profile_of)),
    })
}

fn profile_of(coefficient: &Coefficient) -> Profile {
    let limits = coefficient.lower.zip(coefficient.upper);
    limits.map_or(Profile::Open, |limits| Profile::Known(limits, coefficient.p))
}

/// The exposure within a level of a modifier.
fn within(place: &Place, modifier: &str, model: &ModelResult) -> Result<Effect, String> {
    let found = cell(place, modifier, model)?;
    if let Some(versus) = &place.versus {
        let reference = reference_within(place, modifier, model);
        let wanted = level_within(place, versus, modifier, model);
        if wanted.is_none() {
            return Err(format!("the exposure has no level `{versus}` in the interaction analysis"));
        }
        if wanted != reference {
            return Err(format!(
                "`{versus}` is not the reference in the interaction analysis of the run, and with another it would have to be \
                 fitted again"
            ));
        }
    }
    match (found.estimate, found.se) {
        (Some(estimate), Some(se)) => Ok(Effect { estimate, se, model_based_se: None, profile: None }),
        _ if found.reference => Ok(Effect::NONE),
        _ => Err(found.reason.clone().unwrap_or_else(|| "the run has no estimate of it".to_owned())),
    }
}

/// The interaction analysis of a place.
fn analysis<'m>(place: &Place, modifier: &str, model: &'m ModelResult) -> Result<&'m Interaction, String> {
    let exposure = place.variable.as_deref().unwrap_or_default();
    let found = model.interactions.iter().find(|i| i.exposure == exposure && i.modifier == modifier);
    found.ok_or_else(|| {
        format!("model `{}` has no interaction analysis of `{exposure}` within `{modifier}`", model.name)
    })
}

/// Whether a cell is of a level of the exposure, by its name or its label.
fn is_exposed(cell: &InteractionCell, level: &str) -> bool {
    alike(&cell.exposure_level, level) || alike(cell.exposure_title(), level)
}

/// The cell of a place: a level of the exposure within one of the modifier.
pub fn cell<'m>(place: &Place, modifier: &str, model: &'m ModelResult) -> Result<&'m InteractionCell, String> {
    let (Some(exposure), Some(level), Some(at)) = (&place.variable, &place.level, &place.modifier_level) else {
        return Err("a number within a modifier needs variable, level and modifier_level".to_owned());
    };
    let cells = &analysis(place, modifier, model)?.within;
    let at_level = |c: &&InteractionCell| alike(&c.modifier_level, at) || alike(c.modifier_title(), at);
    if !cells.iter().any(|c| at_level(&c)) {
        return Err(format!("`{modifier}` has no level `{at}` in the interaction analysis"));
    }
    let found = cells.iter().filter(at_level).find(|c| is_exposed(c, level));
    found.ok_or_else(|| format!("`{exposure}` has no level `{level}` in the interaction analysis"))
}

/// The reference level of the exposure in an interaction analysis.
fn reference_within(place: &Place, modifier: &str, model: &ModelResult) -> Option<String> {
    let analysis = analysis(place, modifier, model).ok()?;
    analysis.within.iter().find(|c| c.reference).map(|c| c.exposure_level.clone())
}

/// A level of the exposure in an interaction analysis, as the run spells it.
fn level_within(place: &Place, wanted: &str, modifier: &str, model: &ModelResult) -> Option<String> {
    let analysis = analysis(place, modifier, model).ok()?;
    analysis.within.iter().find(|c| is_exposed(c, wanted)).map(|c| c.exposure_level.clone())
}

/// The levels of the exposure that could be the reference of a hazard ratio within a modifier instead.
pub fn others_within(place: &Place, report: &Report) -> Vec<String> {
    let (Some(modifier), Ok(model)) = (&place.modifier, model(&place.model, report)) else { return Vec::new() };
    let Ok(analysis) = analysis(place, modifier, model) else { return Vec::new() };
    let used = |c: &InteractionCell| {
        c.reference || [&place.level, &place.versus].into_iter().flatten().any(|level| is_exposed(c, level))
    };
    let mut levels: Vec<String> = Vec::new();
    for cell in analysis.within.iter().filter(|c| !used(c)) {
        if !levels.contains(&cell.exposure_level) {
            levels.push(cell.exposure_level.clone());
        }
    }
    levels
}
