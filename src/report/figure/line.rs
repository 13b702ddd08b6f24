//! Lines of a panel: points joined by steps or straight, with bands, or marks with bars.

use super::axis::Scale;
use super::palette::Look;
use super::svg::{Canvas, RULE, Stroke, polyline};

/// Steps shorter than this in both directions are not drawn, in points: less than half a dot of print.
const SHORTEST_STEP: f64 = 0.1;

/// A line, or marks.
pub(super) struct Line {
    /// How it looks.
    pub look: Look,
    /// Its points from left to right.
    pub points: Vec<Point>,
    /// How its points are joined.
    pub join: Join,
    /// Width of the line.
    pub width: f64,
    /// Whether it carries marks, to be told from others.
    pub marked: bool,
}

impl Line {
    pub fn is_marked(&self) -> bool {
        self.marked || self.join == Join::Marks
    }
}

/// How points become a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// Each value holds until the next point; limits are a band.
    Steps,
    /// Straight from point to point; limits are a band.
    Straight,
    /// Not at all: marks, and limits are bars.
    Marks,
}

/// A value with limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// To the right.
    pub x: f64,
    /// Upwards.
    pub y: f64,
    /// Limits of `y`.
    pub limits: Option<(f64, f64)>,
}

/// The line of a curve in points of the canvas.
fn path_points(
    line: &Line,
    to_right: &Scale,
    upwards: &Scale,
    value: impl Fn(&Point) -> Option<f64>,
) -> Vec<(f64, f64)> {
    let mut path: Vec<(f64, f64)> = Vec::new();
    let clamp = |v: f64| v.clamp(upwards.low, upwards.high);
    for point in &line.points {
        let Some(v) = value(point) else { continue };
        let (x, y) = (to_right.at(point.x), upwards.at(clamp(v)));
        let Some((before_x, before_y)) = path.last().copied() else {
            path.push((x, y));
            continue;
        };
        if (x - before_x).abs() < SHORTEST_STEP && (y - before_y).abs() < SHORTEST_STEP {
            continue;
        }
        if line.join == Join::Steps && y != before_y {
            path.push((x, before_y));
        }
        if line.join != Join::Steps || y != before_y {
            path.push((x, y));
        }
    }
    // The last value holds to the last time.
    if let (Some(last), Some((x, y)), Join::Steps) = (line.points.last(), path.last().copied(), line.join)
        && to_right.at(last.x) > x
    {
        path.push((to_right.at(last.x), y));
    }
    path
}

pub(super) fn draw_limits(canvas: &mut Canvas, line: &Line, to_right: &Scale, upwards: &Scale) {
    if line.join == Join::Marks {
        return;
    }
    // A band of its own for every stretch of points with limits.
    for stretch in line.points.chunk_by(|a, b| a.limits.is_some() == b.limits.is_some()) {
        if stretch[0].limits.is_none() || stretch.len() < 2 {
            continue;
        }
        let part =
            Line { look: line.look, points: stretch.to_vec(), join: line.join, width: line.width, marked: false };
        let mut band = path_points(&part, to_right, upwards, |p| p.limits.map(|l| l.1));
        let mut back = path_points(&part, to_right, upwards, |p| p.limits.map(|l| l.0));
        back.reverse();
        band.extend(back);
        canvas.fill_path(&format!("{}Z", polyline(&band)), line.look.colour, 0.16);
    }
}

/// Marks along a line, so that it is told apart where its dashes are not.
const MARKS: usize = 4;

pub(super) fn draw_line(
    canvas: &mut Canvas,
    line: &Line,
    (to_right, upwards): (&Scale, &Scale),
    (k, n): (usize, usize),
    size: f64,
) {
    if line.join == Join::Marks {
        for point in &line.points {
            let (x, y) = (to_right.at(point.x), upwards.at(point.y));
            if let Some((lower, upper)) = point.limits {
                let ends = [lower, upper].map(|v| upwards.at(v.clamp(upwards.low, upwards.high)));
                canvas.line((x, ends[0]), (x, ends[1]), Stroke::solid(line.look.colour, 0.9));
            }
            canvas.marker(line.look.marker, (x, y), 0.6 * size, line.look.colour, line.look.hollow);
        }
        return;
    }
    let path = path_points(line, to_right, upwards, |p| Some(p.y));
    if path.len() < 2 {
        return;
    }
    canvas.stroke_path(&polyline(&path), line.look.stroke(line.width));
    if !line.marked {
        return;
    }
    let (first, last) = (path[0].0, path[path.len() - 1].0);
    for mark in 0..MARKS {
        let share = (mark as f64 + (k as f64 + 1.0) / (n as f64 + 1.0)) / MARKS as f64;
        let x = first + share * (last - first);
        let after = path.partition_point(|p| p.0 <= x).clamp(1, path.len() - 1);
        let (a, b) = (path[after - 1], path[after]);
        let y = if b.0 > a.0 { a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0) } else { a.1 };
        canvas.marker(line.look.marker, (x, y), 0.5 * size, line.look.colour, line.look.hollow);
    }
}

/// Whether a line, a band or a mark reaches into the rectangle (left, top, right, bottom).
pub(super) fn is_touched(lines: &[Line], (to_right, upwards): (Scale, Scale), area: (f64, f64, f64, f64)) -> bool {
    lines.iter().any(|line| {
        let paths: [Vec<(f64, f64)>; 3] = [
            path_points(line, &to_right, &upwards, |p| Some(p.y)),
            path_points(line, &to_right, &upwards, |p| p.limits.map(|l| l.0)),
            path_points(line, &to_right, &upwards, |p| p.limits.map(|l| l.1)),
        ];
        let crosses = |path: &Vec<(f64, f64)>| path.windows(2).any(|w| meets(w[0], w[1], area));
        let bars = line.join == Join::Marks
            && line.points.iter().any(|p| {
                let (lower, upper) = p.limits.unwrap_or((p.y, p.y));
                meets((to_right.at(p.x), upwards.at(lower)), (to_right.at(p.x), upwards.at(upper)), area)
            });
        bars || paths.iter().any(crosses)
    })
}

/// Whether a straight piece meets a rectangle: it is cut to the rectangle's sides one after the other.
fn meets(a: (f64, f64), b: (f64, f64), (left, top, right, bottom): (f64, f64, f64, f64)) -> bool {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for (d, room) in [(-dx, a.0 - left), (dx, right - a.0), (-dy, a.1 - top), (dy, bottom - a.1)] {
        if d == 0.0 {
            if room < 0.0 {
                return false;
            }
        } else if d < 0.0 {
            from = from.max(room / d);
        } else {
            to = to.min(room / d);
        }
    }
    from <= to
}

/// Light line behind curves, at a value that others are compared with.
pub(super) fn behind(dash: &'static str) -> Stroke {
    Stroke { colour: RULE, width: 0.6, dash }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_meets_a_rectangle_it_goes_through_without_an_end_in_it() {
        let area = (10.0, 10.0, 20.0, 20.0);
        assert!(meets((0.0, 15.0), (30.0, 15.0), area) && meets((0.0, 0.0), (30.0, 30.0), area));
        assert!(!meets((0.0, 5.0), (30.0, 5.0), area) && !meets((0.0, 15.0), (9.0, 15.0), area));
        assert!(!meets((16.0, 25.0), (26.0, 15.0), area));
    }
}
