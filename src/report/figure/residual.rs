//! Hazard ratios as they change with time: the smoothed scaled Schoenfeld residuals of every coefficient.
//!
//! Time runs on the scale of the test (as in R's `plot.cox.zph`), so that events are spread evenly; the labels are times.

use super::axis::{self, Kind};
use super::font::{self, Weight};
use super::line::{Join, Line, Point, behind};
use super::palette::look;
use super::panel::{Grid, Panel, axis_width};
use super::svg::{INK, Stroke};
use super::words::fill;
use super::{Drawn, FigureStyle, time};
use crate::report::{ModelResult, ProportionalHazards, Report, TimePoint, TimeSmooth};

/// One figure for every model with smooths, a panel for every coefficient.
pub(super) fn figures(report: &Report, style: &FigureStyle) -> Vec<Drawn> {
    let each =
        report.models.iter().flat_map(|m| m.proportional_hazards.iter().flat_map(|p| p.all()).map(move |p| (m, p)));
    each.filter(|(_, tests)| !tests.smooths.is_empty())
        .flat_map(|(model, tests)| figure(report, model, tests, style))
        .collect()
}

fn figure(report: &Report, model: &ModelResult, tests: &ProportionalHazards, style: &FigureStyle) -> Vec<Drawn> {
    let words = style.words();
    let drawn: Vec<&TimeSmooth> = tests.smooths.iter().filter(|s| points(s).len() > 1).collect();
    let last = drawn.iter().flat_map(|s| &s.curve).filter_map(|p| p.time).fold(0.0, f64::max);
    let time = time::axis(report, last, style);
    let panels: Vec<Panel> = drawn.iter().map(|s| panel(model, s, drawn.len(), &time, style)).collect();
    let transform = match tests.transform.as_str() {
        "km" => words.transform_km,
        "rank" => words.transform_rank,
        "log" => words.transform_log,
        _ => words.transform_identity,
    };
    let grid = Grid {
        id: format!("ph_{}", model.name),
        title: fill(words.smooth_title, &[model.title()]),
        caption: fill(words.smooth_caption, &[model.title(), transform]),
        x_title: time.title.clone(),
        y_title: words.hazard_ratio_axis.to_string(),
        panels,
        legend: Vec::new(),
        below_head: String::new(),
    };
    grid.draw(style)
}

/// The curve as hazard ratios over transformed time.
fn points(smooth: &TimeSmooth) -> Vec<Point> {
    let of_one = |p: &TimePoint| {
        let limits = p.lower.zip(p.upper).map(|(l, u)| (l.exp(), u.exp()));
        Some(Point { x: p.transformed?, y: p.estimate?.exp(), limits })
    };
    let all = smooth.curve.iter().filter_map(of_one);
    all.filter(|p| p.y.is_finite() && p.y > 0.0).collect()
}

fn panel(model: &ModelResult, smooth: &TimeSmooth, n: usize, time: &time::TimeAxis, style: &FigureStyle) -> Panel {
    let points = points(smooth);
    let constant = model.coefficients.iter().find(|c| c.name == smooth.coefficient && !c.hidden).and_then(|c| c.hr);
    let intervals: Vec<axis::Interval> = points
        .iter()
        .map(|p| (p.y, p.limits.map(|l| l.0), p.limits.map(|l| l.1)))
        .chain(constant.map(|hr| (hr, None, None)))
        .collect();
    let x = (points[0].x, points[points.len() - 1].x);
    let mut levels = vec![(1.0, behind(""))];
    levels.extend(constant.map(|hr| (hr, Stroke { colour: INK, width: 0.8, dash: "4 2" })));
    Panel {
        title: smooth.title().to_string(),
        x,
        x_ticks: x_ticks(smooth, x, n, time, style),
        y: axis::range(&intervals, Kind::Log, Some(1.0)),
        y_kind: Kind::Log,
        lines: vec![Line { look: look(0), points, join: Join::Straight, width: 1.2, marked: false }],
        levels,
        below: Vec::new(),
    }
}

/// Round times at their places on the transformed axis; one too close to the one before is left out.
fn x_ticks(
    smooth: &TimeSmooth,
    x: (f64, f64),
    n: usize,
    time: &time::TimeAxis,
    style: &FigureStyle,
) -> Vec<(f64, String)> {
    let known: Vec<(f64, f64)> = smooth.curve.iter().filter_map(|p| Some((time.at(p.time?), p.transformed?))).collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return Vec::new() };
    let size = style.text_size();
    let place = time::linear(x.0, x.1, 0.0, axis_width(n, style));
    let in_time = time::linear(first.0, last.0, 0.0, axis_width(n, style));
    let width = |v: f64| font::width(&time.label(v, style), Weight::Regular, size);
    let mut ticks: Vec<(f64, String)> = Vec::new();
    for v in time::ticks(time, &in_time, 9, 0.0, &width) {
        let after = known.partition_point(|(t, _)| *t < v).clamp(1, known.len() - 1);
        let (a, b) = (known[after - 1], known[after]);
        let share = if b.0 > a.0 { ((v - a.0) / (b.0 - a.0)).clamp(0.0, 1.0) } else { 1.0 };
        let at = a.1 + share * (b.1 - a.1);
        let label = time.label(v, style);
        let far = ticks.last().is_none_or(|(before, text)| {
            let both = font::width(text, Weight::Regular, size) + font::width(&label, Weight::Regular, size);
            place.at(at) - place.at(*before) >= both / 2.0 + 0.6 * size
        });
        if far {
            ticks.push((at, label));
        }
    }
    ticks
}
