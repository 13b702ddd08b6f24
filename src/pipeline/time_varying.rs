//! Hazard ratios along time of covariates with a `tt()`, for the report.

use super::model::Fitted;
use super::settings::ModelSettings;
use super::terms::{curve_ratio, places};
use crate::design::{Built, TimeColumn};
use crate::engine::{TimeVarying, Variable};
use crate::inference::{HazardRatioAt, TimeVaryingEffect, When, time_varying_effects};
use crate::report::{self, CurveRatio, finite};

/// The hazard ratios at the times asked for, else at the quartiles of the event times, or within the intervals of steps.
pub(super) fn time_varying(settings: &ModelSettings, fitted: &Fitted) -> Vec<report::TimeVarying> {
    let Fitted { built, fit, .. } = fitted;
    if built.time.is_empty() {
        return Vec::new();
    }
    let event_times = event_times(built);
    let times = if settings.times.is_empty() { quantiles(&event_times, &[5, 10, 15]) } else { settings.times.clone() };
    let effects = time_varying_effects(fit, &built.columns, &times, settings.level);
    let ends = quantiles(&event_times, &[1, 19]);
    let places = places(ends[0], ends[ends.len() - 1]);
    let along = time_varying_effects(fit, &built.columns, &places, settings.level);
    let of_one = |(effect, along): (&TimeVaryingEffect, &TimeVaryingEffect)| report::TimeVarying {
        curve: along.hazard_ratios.iter().filter_map(on_curve).collect(),
        ..of_effect(effect, built)
    };
    effects.iter().zip(&along).map(of_one).collect()
}

/// The event times in order.
fn event_times(built: &Built) -> Vec<f64> {
    let data = &built.data;
    let mut times: Vec<f64> = (0..data.event.len()).filter(|&i| data.event[i]).map(|i| data.exit.value(i)).collect();
    times.sort_unstable_by(f64::total_cmp);
    times
}

/// These twentieths of the event times, each an event time, without repetition.
fn quantiles(times: &[f64], twentieths: &[usize]) -> Vec<f64> {
    let mut chosen: Vec<f64> = twentieths.iter().map(|k| times[(times.len() - 1) * k / 20]).collect();
    chosen.dedup();
    chosen
}

/// A hazard ratio at a time; none for an interval.
fn on_curve(at: &HazardRatioAt) -> Option<CurveRatio> {
    match at.when {
        When::At(time) if !at.infinite => Some(curve_ratio(time, &at.estimate)),
        _ => None,
    }
}

fn of_effect(effect: &TimeVaryingEffect, built: &Built) -> report::TimeVarying {
    let columns = &built.columns;
    let mut terms: Vec<String> = columns
        .time
        .columns
        .iter()
        .filter(|c| columns.variables[c.variable].covariate() == effect.covariate)
        .map(|c| columns.variables[c.variable].label.clone())
        .collect();
    terms.dedup();
    let title = columns.variables.iter().find(|v| v.label == effect.covariate).map(|v| v.title.clone());
    let counts = effect.level.as_ref().map(|(level, _)| EventCounts::new(effect.variable, &level.name, built));
    report::TimeVarying {
        variable: columns.variables[effect.variable].column.clone().unwrap_or_else(|| effect.covariate.clone()),
        label: title.unwrap_or_else(|| effect.covariate.clone()),
        terms,
        level: effect.level.as_ref().map(|l| l.0.name.clone()),
        level_label: effect.level.as_ref().map(|l| l.0.label.clone()).unwrap_or_default(),
        versus: effect.level.as_ref().map(|l| l.1.name.clone()),
        at_reference: effect.at_reference.clone(),
        besides: effect.besides.clone(),
        hazard_ratios: effect.hazard_ratios.iter().map(|at| of_moment(at, counts.as_ref())).collect(),
        curve: Vec::new(),
    }
}

fn of_moment(at: &HazardRatioAt, counts: Option<&EventCounts>) -> report::HazardRatioAt {
    let (time, after, until) = match at.when {
        When::At(time) => (Some(time), None, None),
        When::Within(after, until) => (None, finite(after), finite(until)),
    };
    let counted = counts.zip(Some(at.when)).and_then(|(c, when)| match when {
        When::Within(after, until) => Some(c.within(after, until)),
        When::At(_) => None,
    });
    let (lower, upper) = at.estimate.hazard_ratio_limits();
    // No interval for a coefficient that runs to infinity: it only says where the iterations stopped.
    let bounded = |x: f64| if at.infinite { None } else { finite(x) };
    report::HazardRatioAt {
        time,
        after,
        until,
        events: counted.map(|c| c.0),
        events_versus: counted.map(|c| c.1),
        ratio: report::Ratio {
            estimate: finite(at.estimate.estimate),
            se: bounded(at.estimate.se),
            hr: finite(at.estimate.hazard_ratio()),
            lower: bounded(lower),
            upper: bounded(upper),
            p: bounded(at.estimate.p),
        },
        hidden: false,
    }
}

/// The event times of a level and of the reference.
struct EventCounts {
    level: Vec<f64>,
    reference: Vec<f64>,
}

impl EventCounts {
    fn new(variable: usize, level: &str, built: &Built) -> EventCounts {
        let info = &built.columns.variables[variable];
        let of_level =
            |c: &&TimeColumn| c.variable == variable && c.level.is_some_and(|l| info.levels[l].name == level);
        let column = built.columns.time.columns.iter().find(of_level).map(|c| c.column as u32);
        let varying = built.time.varying.iter().find(|v| v.block.first_column.contains(&column));
        let (mut counts, data) = (EventCounts { level: Vec::new(), reference: Vec::new() }, &built.data);
        if let Some(TimeVarying { block, .. }) = varying
            && let Some(Variable::Coded { codes, .. }) = block.factors.first().map(|&f| &built.design.variables[f])
        {
            for i in (0..data.event.len()).filter(|&i| data.event[i]) {
                match codes.get(i).and_then(|code| block.first_column[code as usize]) {
                    found if found == column => counts.level.push(data.exit.value(i)),
                    None => counts.reference.push(data.exit.value(i)),
                    Some(_) => {}
                }
            }
        }
        counts
    }

    /// Events of the level and of the reference after a time and up to another.
    fn within(&self, after: f64, until: f64) -> (u64, u64) {
        let count = |times: &[f64]| times.iter().filter(|t| after < **t && **t <= until).count() as u64;
        (count(&self.level), count(&self.reference))
    }
}
