//! Curves over time: survival and cumulative incidence of groups, predicted curves.
//!
//! Whole curves are drawn where the report holds them; where it holds values at chosen times only (under a disclosure
//! profile), those are drawn as marks with bars. Up to four groups share a pair of axes; more get a panel each, with the
//! first group behind the others.
//!
//! Survival that stays high is drawn upwards, as the probability of the event, so that differences are seen on an axis
//! that starts at 0. Source: Pocock, Clayton and Altman (2002), Lancet 359:1686-1689, doi 10.1016/S0140-6736(02)08594-X.

use super::axis::{Kind, step};
use super::font::{self, Weight};
use super::line::{Join, Line, Point};
use super::palette::look;
use super::panel::{Grid, Panel, axis_width};
use super::standardised::are_curves;
use super::words::fill;
use super::{Drawn, FigureStyle, time};
use crate::report::{
    Description, GroupDescription, ModelResult, Report, StandardisedRisks, SurvivalCurve, SurvivalPoint,
};

/// Groups that share a pair of axes.
const MOST_TOGETHER: usize = 4;
/// Survival whose lowest value is above this is drawn as the probability of the event.
const UPWARDS_ABOVE: f64 = 0.7;

/// The curves of one figure, before they have axes.
struct Curves {
    id: String,
    title: String,
    caption: String,
    y_title: String,
    /// In the unit of the data.
    curves: Vec<Named>,
    /// Whether the values are survival, which has the axis from 0 to 1.
    from_one: bool,
}

/// One curve with its numbers at risk.
struct Named {
    name: String,
    points: Vec<Point>,
    join: Join,
    /// Time and number at risk from the time before up to it.
    at_risk: Vec<(f64, Option<f64>)>,
    /// Whether numbers at risk between the times are those of the next time.
    whole: bool,
}

/// Figures of every description, then of every model.
pub(super) fn figures(report: &Report, style: &FigureStyle) -> Vec<Drawn> {
    let mut found = Vec::new();
    for description in &report.descriptions {
        found.extend(survival(report, description, style));
        found.extend(incidence(report, description, style));
    }
    for model in &report.models {
        found.extend(predicted(report, model, style, false));
        found.extend(predicted(report, model, style, true));
        found.extend(model.standardised.iter().filter_map(|risks| standardised(report, model, risks, style)));
    }
    found.into_iter().flat_map(|curves| grid(report, curves, style).draw(style)).collect()
}

fn survival(report: &Report, description: &Description, style: &FigureStyle) -> Option<Curves> {
    let words = style.words();
    let curves: Vec<Named> = description.groups.iter().filter_map(|g| survival_of(g, words.all)).collect();
    if curves.is_empty() {
        return None;
    }
    let lowest = curves.iter().flat_map(|c| &c.points).map(|p| p.y).fold(1.0, f64::min);
    let from_one = lowest < UPWARDS_ABOVE;
    let (title, y_title) = match from_one {
        true => (words.survival_title, words.survival_axis),
        false => (words.event_title, words.event_axis),
    };
    let curves = if from_one { curves } else { curves.into_iter().map(Named::upwards).collect() };
    let level = style.numbers.level(report.settings.level);
    let shown = if curves[0].join == Join::Marks { words.points_caption } else { words.bands_caption };
    let event = report.follow_up.as_ref().map(|f| fill(words.event_is, &[&f.event]));
    let estimator = match description.estimator.as_str() {
        "nelson-aalen" => words.nelson_aalen,
        "fleming-harrington" => words.fleming_harrington,
        _ => words.kaplan_meier,
    };
    Some(Curves {
        id: "survival".to_string(),
        title: headed(title, description, style),
        caption: [Some(fill(words.curve_caption, &[y_title, estimator])), event, Some(fill(shown, &[&level]))]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
        y_title: y_title.to_string(),
        curves,
        from_one,
    })
}

/// A title with the grouping variables after it.
fn headed(title: &str, description: &Description, style: &FigureStyle) -> String {
    match description.variables.as_slice() {
        [] => title.to_string(),
        names => fill(style.words().by, &[title, &names.join(&format!(" {} ", style.words().and))]),
    }
}

fn survival_of(group: &GroupDescription, all: &str) -> Option<Named> {
    let name = if group.label.is_empty() { all.to_string() } else { group.label.clone() };
    if let Some(curve) = &group.curve {
        let first = Point { x: 0.0, y: 1.0, limits: Some((1.0, 1.0)) };
        let start = curve.time.first().map_or(0.0, |t| t.min(0.0));
        let steps = (0..curve.time.len()).map(|k| Point {
            x: curve.time[k],
            y: curve.survival[k],
            limits: curve.lower[k].zip(curve.upper[k]),
        });
        let points = std::iter::once(Point { x: start, ..first }).chain(steps).collect();
        return Some(of_steps(name, points, (&curve.time, &curve.at_risk), &group.survival));
    }
    of_points(name, &group.survival)
}

/// A curve with its numbers at risk; one that left a server has them at chosen times only.
fn of_steps(name: String, points: Vec<Point>, (times, at_risk): (&[f64], &[f64]), chosen: &[SurvivalPoint]) -> Named {
    let whole = !at_risk.is_empty();
    let at_risk = match whole {
        true => times.iter().copied().zip(at_risk.iter().map(|n| Some(*n))).collect(),
        false => chosen.iter().map(|p| (p.time, p.at_risk)).collect(),
    };
    Named { name, points, join: Join::Steps, at_risk, whole }
}

/// Values at chosen times; `None` when none is shown.
fn of_points(name: String, points: &[SurvivalPoint]) -> Option<Named> {
    let of_one = |p: &SurvivalPoint| Some(Point { x: p.time, y: p.probability?, limits: p.lower.zip(p.upper) });
    let drawn: Vec<Point> = points.iter().filter_map(of_one).collect();
    let at_risk = points.iter().map(|p| (p.time, p.at_risk)).collect();
    (!drawn.is_empty()).then_some(Named { name, points: drawn, join: Join::Marks, at_risk, whole: false })
}

/// One figure for every kind of event; all of them together where there is one group.
fn incidence(report: &Report, description: &Description, style: &FigureStyle) -> Vec<Curves> {
    let words = style.words();
    let Some(first) = description.groups.first() else { return Vec::new() };
    let level = style.numbers.level(report.settings.level);
    let caption = |curves: &[Named]| {
        let shown = if curves[0].join == Join::Marks { words.points_caption } else { words.bands_caption };
        [fill(words.incidence_caption, &[]), fill(shown, &[&level])].join(" ")
    };
    let figure = |id: String, title: String, curves: Vec<Named>| {
        (!curves.is_empty()).then(|| Curves {
            id,
            title,
            caption: caption(&curves),
            y_title: words.incidence_axis.to_string(),
            curves,
            from_one: false,
        })
    };
    if let [group] = description.groups.as_slice() {
        let curves = (0..group.incidence.len()).filter_map(|c| incidence_of(group, c, &group.incidence[c].label));
        let (id, title) = ("cumulative_incidence".to_string(), words.incidence_title.to_string());
        return figure(id, title, curves.collect()).into_iter().collect();
    }
    let causes = 0..first.incidence.len();
    let of_cause = |c: usize| {
        let curves = description.groups.iter().filter_map(|g| incidence_of(g, c, name_of(g, words.all)));
        let title = fill(words.incidence_of, &[words.incidence_title, &first.incidence[c].label]);
        let id = format!("cumulative_incidence_{}", first.incidence[c].cause);
        figure(id, headed(&title, description, style), curves.collect())
    };
    causes.filter_map(of_cause).collect()
}

fn name_of<'a>(group: &'a GroupDescription, all: &'a str) -> &'a str {
    if group.label.is_empty() { all } else { &group.label }
}

fn incidence_of(group: &GroupDescription, cause: usize, name: &str) -> Option<Named> {
    let incidence = group.incidence.get(cause)?;
    let Some(curve) = &incidence.curve else { return of_points(name.to_string(), &incidence.points) };
    let steps = (0..curve.time.len()).map(|k| Point {
        x: curve.time[k],
        y: curve.probability[k],
        limits: curve.lower[k].zip(curve.upper[k]),
    });
    let start = curve.time.first().map_or(0.0, |t| t.min(0.0));
    let points = std::iter::once(Point { x: start, y: 0.0, limits: Some((0.0, 0.0)) }).chain(steps).collect();
    Some(of_steps(name.to_string(), points, (&curve.time, &curve.at_risk), &incidence.points))
}

/// The predicted curves of a model, of one kind.
fn predicted(report: &Report, model: &ModelResult, style: &FigureStyle, of_incidence: bool) -> Option<Curves> {
    let words = style.words();
    let curves: Vec<Named> =
        model.curves.iter().filter(|c| c.is_incidence() == of_incidence).filter_map(predicted_of).collect();
    if curves.is_empty() {
        return None;
    }
    let lowest = curves.iter().flat_map(|c| &c.points).map(|p| p.y).fold(1.0, f64::min);
    let from_one = !of_incidence && lowest < UPWARDS_ABOVE;
    let curves = match !of_incidence && !from_one {
        true => curves.into_iter().map(Named::upwards).collect(),
        false => curves,
    };
    let (title, y_title) = match (of_incidence, from_one) {
        (true, _) => (words.predicted_incidence_title, words.incidence_axis),
        (false, true) => (words.predicted_title, words.survival_axis),
        (false, false) => (words.predicted_event_title, words.event_axis),
    };
    let level = style.numbers.level(report.settings.level);
    let shown = if curves[0].join == Join::Marks { words.points_caption } else { words.bands_caption };
    Some(Curves {
        id: if of_incidence { "predicted_incidence" } else { "predicted_survival" }.to_string(),
        title: title.to_string(),
        caption: [fill(words.predicted_caption, &[y_title, model.title()]), fill(shown, &[&level])].join(" "),
        y_title: y_title.to_string(),
        curves,
        from_one,
    })
}

fn predicted_of(curve: &SurvivalCurve) -> Option<Named> {
    let name = match curve.stratum.is_empty() || curve.label.contains(&curve.stratum) {
        true => curve.label.clone(),
        false => format!("{}, {}", curve.label, curve.stratum),
    };
    let steps = &curve.steps;
    let values = if curve.is_incidence() { &steps.cumulative_incidence } else { &steps.survival };
    let start = if curve.is_incidence() { 0.0 } else { 1.0 };
    let limits = |lower: Option<f64>, upper: Option<f64>| lower.zip(upper);
    if !steps.time.is_empty() {
        let of_step =
            |k: usize| Some(Point { x: steps.time[k], y: values[k]?, limits: limits(steps.lower[k], steps.upper[k]) });
        let first = Point { x: steps.time[0].min(0.0), y: start, limits: Some((start, start)) };
        let points: Vec<Point> = std::iter::once(first).chain((0..steps.time.len()).filter_map(of_step)).collect();
        return Some(Named { name, points, join: Join::Steps, at_risk: Vec::new(), whole: true });
    }
    let of_point = |p: &crate::report::CurvePoint| {
        let y = if curve.is_incidence() { p.cumulative_incidence } else { p.survival };
        Some(Point { x: p.time, y: y?, limits: limits(p.lower, p.upper) })
    };
    let points: Vec<Point> = curve.times.iter().filter(|p| !p.hidden).filter_map(of_point).collect();
    (!points.is_empty()).then_some(Named { name, points, join: Join::Marks, at_risk: Vec::new(), whole: false })
}

/// Standardised risks at many times, a curve for every level.
fn standardised(
    report: &Report,
    model: &ModelResult,
    risks: &StandardisedRisks,
    style: &FigureStyle,
) -> Option<Curves> {
    if !are_curves(risks) {
        return None;
    }
    let words = style.words();
    let mut curves: Vec<(&str, Named)> = Vec::new();
    for row in &risks.rows {
        let place = curves.iter().position(|(level, _)| *level == row.level).unwrap_or_else(|| {
            let name = row.level_title().to_string();
            let own = Named { name, points: Vec::new(), join: Join::Straight, at_risk: Vec::new(), whole: true };
            curves.push((&row.level, own));
            curves.len() - 1
        });
        let limits = row.risk.lower.zip(row.risk.upper);
        let point = row.risk.estimate.filter(|_| !row.hidden).map(|y| Point { x: row.time, y, limits });
        curves[place].1.points.extend(point);
    }
    let curves: Vec<Named> = curves.into_iter().map(|(_, c)| c).filter(|c| !c.points.is_empty()).collect();
    let level = style.numbers.level(report.settings.level);
    let caption = [fill(words.standardised_curve_caption, &[model.title()]), fill(words.bands_caption, &[&level])];
    (!curves.is_empty()).then(|| Curves {
        id: format!("standardised_{}", risks.exposure),
        title: fill(words.standardised_title, &[risks.exposure_title()]),
        caption: caption.join(" "),
        y_title: words.risk_axis.to_string(),
        curves,
        from_one: false,
    })
}

impl Named {
    /// One minus the values, the limits changing sides.
    fn upwards(mut self) -> Named {
        for point in &mut self.points {
            point.y = 1.0 - point.y;
            point.limits = point.limits.map(|(lower, upper)| (1.0 - upper, 1.0 - lower));
        }
        self
    }

    /// The number at risk at a time: of the first exit at or after it, nobody after the last; of chosen times only their
    /// own.
    fn at_risk_at(&self, time: f64) -> Option<f64> {
        match self.whole {
            true => Some(self.at_risk.iter().find(|(t, _)| *t >= time - 1e-9).map_or(0.0, |(_, n)| n.unwrap_or(0.0))),
            false => self.at_risk.iter().find(|(t, _)| (*t - time).abs() < 1e-9).and_then(|(_, n)| *n),
        }
    }
}

/// The panels of some curves.
fn grid(report: &Report, figure: Curves, style: &FigureStyle) -> Grid {
    let words = style.words();
    let last = figure.curves.iter().flat_map(|c| &c.points).map(|p| p.x).fold(0.0, f64::max);
    let time = time::axis(report, last, style);
    let of_points = figure.curves.iter().all(|c| c.join == Join::Marks);
    let first = figure.curves.iter().flat_map(|c| &c.points).map(|p| p.x).fold(f64::INFINITY, f64::min);
    // Curves of attained age or of calendar time do not start at 0.
    let low = if first.is_finite() && first > 0.25 * last && !of_points { first } else { first.min(0.0) };
    let x = (time.at(low), time.end(last * if of_points { 1.06 } else { 1.0 }));
    let together = figure.curves.len() <= MOST_TOGETHER;
    let n_panels = if together { 1 } else { figure.curves.len() };
    let ticks = x_ticks(&figure.curves, &time, x, n_panels, style);
    let y = y_ends(&figure);
    let cut = (y.1 < highest_limit(&figure)).then_some(words.bands_cut);
    let caption = std::iter::once(figure.caption.as_str()).chain(cut).collect::<Vec<_>>().join(" ");
    let has_numbers = figure.curves.iter().any(|c| !c.at_risk.is_empty());
    let below = |curve: &Named, name: &str| {
        // An axis that was rounded up to 24 months does not ask for the day after the last one.
        let number = |(at, _): &(f64, String)| match curve.at_risk_at(time.time(*at).min(last)) {
            Some(n) if n.fract() == 0.0 => style.numbers.count(n as u64),
            Some(n) => style.numbers.decimal(n, 1),
            None => super::models::marker(report),
        };
        (name.to_string(), ticks.iter().map(number).collect::<Vec<_>>())
    };
    let panel = |title: &str, lines: Vec<Line>, below: Vec<(String, Vec<String>)>| Panel {
        title: title.to_string(),
        x,
        x_ticks: ticks.clone(),
        y,
        y_kind: Kind::Linear,
        lines,
        levels: Vec::new(),
        below: if has_numbers { below } else { Vec::new() },
    };
    let n = figure.curves.len();
    let panels: Vec<Panel> = match together {
        true => {
            let lines = figure.curves.iter().enumerate().map(|(k, c)| line(c, k, n, &time)).collect();
            let name = |c: &Named| if n == 1 { String::new() } else { c.name.clone() };
            vec![panel("", lines, figure.curves.iter().map(|c| below(c, &name(c))).collect())]
        }
        false => {
            let of_one = |k: usize| {
                let mut lines = Vec::new();
                lines.extend(
                    (k > 0).then(|| Line { width: 0.8, ..line(&figure.curves[0], 1, 1, &time) }.without_limits()),
                );
                lines.push(line(&figure.curves[k], 0, 1, &time));
                panel(&figure.curves[k].name, lines, vec![below(&figure.curves[k], "")])
            };
            (0..n).map(of_one).collect()
        }
    };
    let legend = match (together, n) {
        (true, 1) => Vec::new(),
        (true, _) => figure.curves.iter().enumerate().map(|(k, c)| (look(k), c.name.clone())).collect(),
        (false, _) => vec![(look(1), fill(words.first_group, &[&figure.curves[0].name]))],
    };
    Grid {
        id: figure.id,
        title: figure.title,
        caption,
        x_title: time.title,
        y_title: figure.y_title,
        panels,
        legend,
        below_head: words.at_risk.to_string(),
    }
}

/// A curve in the unit of the axis; marks of several curves at one time stand beside each other.
fn line(curve: &Named, k: usize, n: usize, time: &time::TimeAxis) -> Line {
    let last = curve.points.last().map_or(0.0, |p| p.x);
    let aside = match curve.join {
        Join::Marks => (k as f64 - (n as f64 - 1.0) / 2.0) * 0.018 * last,
        _ => 0.0,
    };
    let points = curve.points.iter().map(|p| Point { x: time.at(p.x + aside), ..*p }).collect();
    Line { look: look(k), points, join: curve.join, width: 1.2, marked: n > 1 }
}

impl Line {
    fn without_limits(mut self) -> Line {
        self.points.iter_mut().for_each(|p| p.limits = None);
        self
    }
}

/// Ticks with labels; those of chosen times only are at these times.
fn x_ticks(
    curves: &[Named],
    time: &time::TimeAxis,
    x: (f64, f64),
    n_panels: usize,
    style: &FigureStyle,
) -> Vec<(f64, String)> {
    let width = axis_width(n_panels, style);
    let scale = time::linear(x.0, x.1, 0.0, width);
    let size = style.text_size();
    let numbers = curves.iter().flat_map(|c| &c.at_risk).filter_map(|(_, n)| *n).fold(0.0, f64::max);
    let number = font::width(&style.numbers.count(numbers as u64), Weight::Regular, size);
    let label_width = |v: f64| font::width(&time.label(v, style), Weight::Regular, size).max(number);
    let label = |v: f64| (v, time.label(v, style));
    if curves.iter().all(|c| !c.whole && c.join == Join::Marks) {
        let mut times: Vec<f64> = curves.iter().flat_map(|c| &c.points).map(|p| p.x).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let places: Vec<f64> = times.into_iter().map(|t| time.at(t)).collect();
        let fit = places.windows(2).all(|w| scale.at(w[1]) - scale.at(w[0]) > label_width(w[0]) + size);
        if fit {
            return places.into_iter().map(|v| (v, style.numbers.number((v * 10.0).round() / 10.0))).collect();
        }
    }
    time::ticks(time, &scale, 7, 0.8 * size, &label_width).into_iter().map(label).collect()
}

fn highest_estimate(figure: &Curves) -> f64 {
    figure.curves.iter().flat_map(|c| &c.points).map(|p| p.y).fold(0.0, f64::max)
}

fn highest_limit(figure: &Curves) -> f64 {
    let top = |p: &Point| p.limits.map_or(p.y, |l| l.1.max(p.y));
    figure.curves.iter().flat_map(|c| &c.points).map(top).fold(0.0, f64::max)
}

/// From 0 to 1 for survival; for probabilities of the event from 0 to a round number above every limit, or above three times
/// the highest estimate, where wider bands are cut.
fn y_ends(figure: &Curves) -> (f64, f64) {
    if figure.from_one {
        return (0.0, 1.0);
    }
    // The limits of a handful of people would press everybody else's curve flat.
    let highest = highest_limit(figure).min(3.0 * highest_estimate(figure)).max(1e-6);
    let step = step(highest, 5);
    (0.0, ((highest / step - 1e-9).ceil() * step).min(1.0))
}
