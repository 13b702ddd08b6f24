//! The flow of persons, as STROBE and RECORD ask for it: linkage, eligibility step by step, ends of follow-up.
//!
//! Source: von Elm et al. (2007), doi 10.1016/S0140-6736(07)61602-X, item 13c; Benchimol et al. (2015),
//! doi 10.1371/journal.pmed.1001885, item 13.1.

use super::axis;
use super::font::{self, ASCENT, Weight};
use super::models::count_text;
use super::svg::{Anchor, Canvas, INK, Stroke, number, polyline};
use super::words::fill;
use super::{Drawn, FigureStyle};
use crate::report::{AttritionStep, Link, Report};

const MARGIN: f64 = 3.0;

/// A box with its lines.
struct Box {
    lines: Vec<(Weight, String)>,
    at: (f64, f64),
    size: (f64, f64),
}

/// The flow chart; none without an attrition table.
pub(super) fn figures(report: &Report, style: &FigureStyle) -> Vec<Drawn> {
    if report.attrition.is_empty() {
        return Vec::new();
    }
    let words = style.words();
    let mut chart = Chart::new(report, style);
    chart.linkage(report);
    chart.steps(report);
    chart.exits(report);
    let (canvas, height) = chart.draw();
    let (id, title) = ("flow".to_string(), words.flow_title.to_string());
    vec![Drawn { id, title, caption: words.flow_caption.to_string(), canvas, height }]
}

/// A chart that grows downwards.
struct Chart<'a> {
    style: &'a FigureStyle,
    size: f64,
    /// Width of the boxes beside the main line.
    side: f64,
    boxes: Vec<Box>,
    /// Connections: the points of a line, and whether it ends in an arrow.
    lines: Vec<(Vec<(f64, f64)>, bool)>,
    y: f64,
}

impl<'a> Chart<'a> {
    fn new(report: &Report, style: &'a FigureStyle) -> Chart<'a> {
        let size = style.text_size();
        let texts = report.attrition.iter().skip(1).map(|step| excluded(report, step, style));
        let widest = font::widest(&texts.collect::<Vec<_>>(), Weight::Regular, size);
        let side = (widest + 1.41 * size).clamp(0.27 * style.width(), 0.4 * style.width());
        Chart { style, size, side, boxes: Vec::new(), lines: Vec::new(), y: MARGIN }
    }

    fn room(&self) -> f64 {
        self.style.width() - 2.0 * MARGIN
    }

    fn space(&self) -> f64 {
        1.9 * self.size
    }

    /// Width of the boxes of the main line, and where it runs.
    fn main(&self) -> (f64, f64) {
        let width = self.room() - self.side - 2.0 * self.size;
        (width, MARGIN + width / 2.0)
    }

    /// A box of this width; its height follows from its text.
    fn make(&self, texts: &[(Weight, String)], at: (f64, f64), width: f64) -> Box {
        let inside = width - 1.4 * self.size;
        let wrap = |(weight, text): &(Weight, String)| {
            let lines = font::wrap(text, *weight, self.size, inside);
            lines.into_iter().map(|line| (*weight, line)).collect::<Vec<_>>()
        };
        let lines: Vec<(Weight, String)> = texts.iter().flat_map(wrap).collect();
        let height = lines.len() as f64 * 1.2 * self.size + 0.9 * self.size;
        Box { lines, at, size: (width, height) }
    }

    /// Boxes in rows inside a frame with a head, all of one width and those of a row as high as the highest; an arrow comes
    /// from or goes to the main line.
    fn framed(&mut self, head: &str, texts: &[Vec<(Weight, String)>]) {
        let (top, inside) = (self.y, 0.7 * self.size);
        let n = self.per_row(texts.len());
        let width = (self.room() - inside * (n as f64 + 1.0)) / n as f64;
        let frame = self.make(&[(Weight::Bold, head.to_string())], (MARGIN, top), self.room());
        let mut y = top + frame.size.1 - 0.2 * self.size;
        let place = self.boxes.len();
        for row in texts.chunks(n) {
            let x = |k: usize| MARGIN + inside + k as f64 * (width + inside);
            let mut made: Vec<Box> = row.iter().enumerate().map(|(k, t)| self.make(t, (x(k), y), width)).collect();
            let height = made.iter().map(|b| b.size.1).fold(0.0, f64::max);
            made.iter_mut().for_each(|b| b.size.1 = height);
            self.boxes.extend(made);
            y += height + inside;
        }
        self.boxes.insert(place, Box { size: (self.room(), y - top), ..frame });
        self.y = y;
    }

    /// How many boxes stand beside each other: as even as possible, five are three and two, not four and one.
    fn per_row(&self, n: usize) -> usize {
        let most = if self.style.width_mm < 120.0 { 2 } else { 4 };
        n.div_ceil(n.div_ceil(most))
    }

    /// An arrow down the main line, over the space before the next box.
    fn arrow(&mut self) {
        let (_, main) = self.main();
        let end = self.y + self.space();
        self.lines.push((vec![(main, self.y), (main, end)], true));
        self.y = end;
    }

    /// One box for every extract with how its keys and rows linked.
    fn linkage(&mut self, report: &Report) {
        if report.links.is_empty() {
            return;
        }
        let texts: Vec<_> = report.links.iter().map(|link| self.link_text(report, link)).collect();
        self.framed(self.style.words().linkage, &texts);
        self.arrow();
    }

    fn link_text(&self, report: &Report, link: &Link) -> Vec<(Weight, String)> {
        let words = self.style.words();
        let mut texts = vec![(Weight::Bold, link.extract.clone())];
        let pairs = [(words.rows_linked, link.rows_matched, link.rows), (words.keys_linked, link.matched, link.keys)];
        for (sentence, linked, all) in pairs.into_iter().filter(|p| link.hidden || p.2.is_some()) {
            let [linked, all] = [linked, all].map(|n| count_text(report, n, link.hidden, self.style));
            texts.push((Weight::Regular, fill(sentence, &[&linked, &all])));
        }
        if link.rows_without_key.is_some_and(|n| n > 0) {
            let rows = count_text(report, link.rows_without_key, link.hidden, self.style);
            texts.push((Weight::Regular, fill(words.rows_without_key, &[&rows])));
        }
        texts
    }

    /// Who was left after each step, and beside the line who was excluded.
    fn steps(&mut self, report: &Report) {
        let (width, main) = self.main();
        let words = self.style.words();
        for (k, step) in report.attrition.iter().enumerate() {
            if k > 0 {
                let texts = [(Weight::Regular, excluded(report, step, self.style))];
                let side_x = MARGIN + width + 2.0 * self.size;
                let top = self.y + 0.45 * self.space();
                let side = self.make(&texts, (side_x, top), self.side);
                let (middle, bottom) = (top + side.size.1 / 2.0, top + side.size.1 + 0.45 * self.space());
                self.lines.push((vec![(main, middle), (side_x, middle)], true));
                self.lines.push((vec![(main, self.y), (main, bottom)], true));
                self.boxes.push(side);
                self.y = bottom;
            }
            let persons = count_text(report, step.persons, step.persons_hidden, self.style);
            let label = self.style.numbers.language.step_label(&step.label);
            let texts = [(Weight::Regular, label), (Weight::Bold, fill(words.n_equals, &[&persons]))];
            let made = self.make(&texts, (MARGIN, self.y), width);
            self.y += made.size.1;
            self.boxes.push(made);
        }
    }

    /// How follow-up ended, one box for every reason.
    fn exits(&mut self, report: &Report) {
        if report.exits.is_empty() {
            return;
        }
        let words = self.style.words();
        let text = |e: &crate::report::ExitCount| {
            let persons = count_text(report, e.persons, e.hidden, self.style);
            vec![
                (Weight::Regular, self.style.numbers.language.exit_label(&e.reason)),
                (Weight::Bold, fill(words.n_equals, &[&persons])),
            ]
        };
        let texts: Vec<_> = report.exits.iter().map(text).collect();
        self.arrow();
        self.framed(words.ends, &texts);
    }

    fn draw(self) -> (Canvas, f64) {
        let mut canvas = Canvas::new(self.style.width(), self.size);
        let stroke = Stroke::solid(INK, 0.6);
        for (points, has_arrow) in &self.lines {
            canvas.stroke_path(&polyline(points), stroke);
            let (Some(end), true) = (points.last().copied(), has_arrow) else { continue };
            let before = points[points.len() - 2];
            let head = if before.1 == end.1 { axis::arrow_head(end, true) } else { arrow_down(end) };
            canvas.fill_path(&head, INK, 1.0);
        }
        for b in &self.boxes {
            canvas.outline_rect(b.at, b.size, stroke);
            for (i, (weight, text)) in b.lines.iter().enumerate() {
                let base = b.at.1 + 0.45 * self.size + ASCENT * self.size + i as f64 * 1.2 * self.size;
                canvas.text((b.at.0 + 0.7 * self.size, base), Anchor::Start, *weight, text);
            }
        }
        (canvas, self.y + MARGIN)
    }
}

/// How many a step took out, in words.
fn excluded(report: &Report, step: &AttritionStep, style: &FigureStyle) -> String {
    fill(style.words().excluded, &[&count_text(report, step.excluded, step.excluded_hidden, style)])
}

fn arrow_down((x, y): (f64, f64)) -> String {
    let [left, right, back] = [x - 2.2, x + 2.2, y - 4.0].map(number);
    format!("M{} {}L{left} {back}L{right} {back}Z", number(x), number(y))
}
