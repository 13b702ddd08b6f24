//! Hazard ratios along a number (splines, polynomials) and along time (`tt()`), with their bands.

use super::axis::{self, Kind};
use super::font::{self, Weight};
use super::line::{Join, Line, Point, behind};
use super::palette::look;
use super::panel::{Grid, Panel, axis_width};
use super::time::TimeAxis;
use super::words::fill;
use super::{Drawn, FigureStyle, time};
use crate::report::{CurveRatio, ModelResult, RatiosAt, Report, TimeVarying};

/// Ticks of a panel at most.
const MOST_TICKS: usize = 7;

/// For every model a figure of its numbers and one of its functions of time.
pub(super) fn figures(report: &Report, style: &FigureStyle) -> Vec<Drawn> {
    let models = report.models.iter().filter(|m| m.converged);
    let of_one = |model| along_numbers(model, report, style).into_iter().chain(along_time(model, report, style));
    models.flat_map(of_one).collect()
}

/// The hazard ratios of every number with a curve.
fn along_numbers(model: &ModelResult, report: &Report, style: &FigureStyle) -> Vec<Drawn> {
    let words = style.words();
    let drawn: Vec<&RatiosAt> = model.ratios_at.iter().filter(|of| points(&of.curve).len() > 1).collect();
    let values = TimeAxis { title: words.along_value.to_string(), unit: 1.0, origin: 0.0 };
    let panel = |of: &&RatiosAt| panel(of.title(), &of.curve, drawn.len(), &values, style);
    let names = [model.title(), &style.numbers.level(report.settings.level)];
    let grid = Grid {
        id: format!("hr_along_{}", model.name),
        title: fill(words.along_title, &names[..1]),
        caption: fill(words.along_caption, &names),
        x_title: values.title.clone(),
        y_title: words.hazard_ratio_axis.to_string(),
        panels: drawn.iter().map(panel).collect(),
        legend: Vec::new(),
        below_head: String::new(),
    };
    grid.draw(style)
}

/// The hazard ratios of every covariate with a function of time.
fn along_time(model: &ModelResult, report: &Report, style: &FigureStyle) -> Vec<Drawn> {
    let words = style.words();
    let drawn: Vec<&TimeVarying> = model.time_varying.iter().filter(|of| points(&of.curve).len() > 1).collect();
    let last = drawn.iter().flat_map(|of| &of.curve).map(|p| p.at).fold(0.0, f64::max);
    let time = time::axis(report, last, style);
    let title = |of: &TimeVarying| match of.level_title() {
        "" => of.title().to_owned(),
        level => format!("{}: {level}", of.title()),
    };
    let panel = |of: &&TimeVarying| panel(&title(of), &of.curve, drawn.len(), &time, style);
    let names = [model.title(), &style.numbers.level(report.settings.level)];
    let with_others = drawn.iter().filter(|of| !of.besides.is_empty());
    let besides: Vec<String> =
        with_others.map(|of| report.words().factor_beside_terms(of.title(), of.besides.join(", "))).collect();
    let grid = Grid {
        id: format!("hr_over_time_{}", model.name),
        title: fill(words.along_time_title, &names[..1]),
        caption: [vec![fill(words.along_time_caption, &names)], besides].concat().join(" "),
        x_title: time.title.clone(),
        y_title: words.hazard_ratio_axis.to_string(),
        panels: drawn.iter().map(panel).collect(),
        legend: Vec::new(),
        below_head: String::new(),
    };
    grid.draw(style)
}

/// The places of a curve that have an estimate.
fn points(curve: &[CurveRatio]) -> Vec<Point> {
    let of_one = |p: &CurveRatio| Some(Point { x: p.at, y: p.hr?, limits: p.lower.zip(p.upper) });
    curve.iter().filter_map(of_one).filter(|p| p.y.is_finite() && p.y > 0.0).collect()
}

fn panel(title: &str, curve: &[CurveRatio], n: usize, scale: &TimeAxis, style: &FigureStyle) -> Panel {
    let mut points = points(curve);
    points.iter_mut().for_each(|p| p.x = scale.at(p.x));
    let intervals: Vec<axis::Interval> =
        points.iter().map(|p| (p.y, p.limits.map(|l| l.0), p.limits.map(|l| l.1))).collect();
    let x = (points[0].x, points[points.len() - 1].x);
    let place = time::linear(x.0, x.1, 0.0, axis_width(n, style));
    let size = style.text_size();
    let width = |v: f64| font::width(&scale.label(v, style), Weight::Regular, size);
    let ticks = time::ticks(scale, &place, MOST_TICKS, 0.6 * size, &width);
    Panel {
        title: title.to_owned(),
        x,
        x_ticks: ticks.into_iter().map(|v| (v, scale.label(v, style))).collect(),
        y: axis::range(&intervals, Kind::Log, Some(1.0)),
        y_kind: Kind::Log,
        lines: vec![Line { look: look(0), points, join: Join::Straight, width: 1.2, marked: false }],
        levels: vec![(1.0, behind(""))],
        below: Vec::new(),
    }
}
