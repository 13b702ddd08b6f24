//! Panels with two axes: lines with bands, marks with bars, numbers below the axis.
//!
//! A [`Grid`] is one panel, or several of the same size in rows. Above it stands the legend, unless a corner of a single
//! panel is free for it: it moves where no line goes.

use super::axis::{self, Kind, Scale};
use super::font::{self, ASCENT, CAP_HEIGHT, Weight};
use super::line::{Line, draw_limits, draw_line, is_touched};
use super::palette::Look;
use super::svg::{Anchor, Canvas, INK, Stroke, polyline};
use super::words::fill;
use super::{Drawn, FigureStyle};

/// Panels in rows.
pub(super) struct Grid {
    /// Name of the figure.
    pub id: String,
    /// Title.
    pub title: String,
    /// Caption.
    pub caption: String,
    /// Title of the axis to the right.
    pub x_title: String,
    /// Title of the axis upwards.
    pub y_title: String,
    /// The panels, in order.
    pub panels: Vec<Panel>,
    /// What the looks of lines mean; empty when there is nothing to tell apart.
    pub legend: Vec<(Look, String)>,
    /// Head over the numbers below the axes.
    pub below_head: String,
}

/// One pair of axes and what is drawn between them.
pub(super) struct Panel {
    /// Stands over it; empty for none.
    pub title: String,
    /// Ends of the axis to the right.
    pub x: (f64, f64),
    /// Ticks of the axis to the right with their labels, for a panel of some width.
    pub x_ticks: Vec<(f64, String)>,
    /// Ends of the axis upwards.
    pub y: (f64, f64),
    /// Scale of the axis upwards.
    pub y_kind: Kind,
    /// The lines.
    pub lines: Vec<Line>,
    /// Horizontal lines behind everything.
    pub levels: Vec<(f64, Stroke)>,
    /// Names and numbers below the axis, a number for every tick.
    pub below: Vec<(String, Vec<String>)>,
}

const MARGIN: f64 = 3.0;

impl Grid {
    /// The figures: one, or as many as the height asks for.
    pub fn draw(self, style: &FigureStyle) -> Vec<Drawn> {
        if self.panels.is_empty() {
            return Vec::new();
        }
        let layout = Layout::new(&self, style);
        let room = style.height() - layout.legend_height() - layout.axis_title_height() - 2.0 * MARGIN;
        let (mut pages, mut used): (Vec<Vec<&[Panel]>>, f64) = (vec![Vec::new()], 0.0);
        for row in self.panels.chunks(layout.columns) {
            let height = layout.row_height(row);
            if used + height > room && used > 0.0 {
                pages.push(Vec::new());
                used = 0.0;
            }
            used += height;
            pages.last_mut().expect("there is always a page").push(row);
        }
        let n = pages.len();
        let mut drawn = Vec::with_capacity(n);
        for (k, rows) in pages.into_iter().enumerate() {
            let (canvas, height) = layout.page(&rows);
            let part = fill(style.words().part, &[&self.title, &(k + 1).to_string(), &n.to_string()]);
            let title = if n == 1 { self.title.clone() } else { part };
            drawn.push(Drawn { id: self.id.clone(), title, caption: self.caption.clone(), canvas, height });
        }
        drawn
    }
}

/// Columns of panels at this width.
fn columns(n: usize, style: &FigureStyle) -> usize {
    match n {
        1 => 1,
        _ if style.width_mm < 120.0 => 2,
        2 | 4 => 2,
        _ => 3,
    }
}

/// The width of the axis of every panel, to choose ticks for.
pub(super) fn axis_width(n_panels: usize, style: &FigureStyle) -> f64 {
    style.width() / columns(n_panels, style) as f64 - 7.0 * style.text_size()
}

/// What the looks of lines mean, from its own top left corner on.
struct Legend {
    entries: Vec<LegendEntry>,
    size: (f64, f64),
}

/// A look, the lines of its name, and where they begin.
struct LegendEntry {
    look: Look,
    lines: Vec<String>,
    at: (f64, f64),
}

/// Where things stand, in points.
struct Layout<'a> {
    grid: &'a Grid,
    style: &'a FigureStyle,
    size: f64,
    line: f64,
    columns: usize,
    /// Width that every panel has with its labels.
    cell: f64,
    /// Width left of the axis of a panel.
    left: f64,
    /// Whether names of numbers stand in the space left of the axis.
    names_left: bool,
    plot: (f64, f64),
}

impl<'a> Layout<'a> {
    fn new(grid: &'a Grid, style: &'a FigureStyle) -> Layout<'a> {
        let size = style.text_size();
        let columns = columns(grid.panels.len(), style);
        let title = 1.7 * size;
        let cell = (style.width() - 2.0 * MARGIN - title) / columns as f64;
        let labels = grid.panels.iter().flat_map(|p| y_ticks(p, 100.0, style).into_iter().map(|(_, label)| label));
        let labels: Vec<String> = labels.collect();
        let ticks_width = font::widest(&labels, Weight::Regular, size) + 5.0;
        let names = grid.panels.iter().flat_map(|p| p.below.iter().map(|(name, _)| name));
        let names = font::widest(names, Weight::Regular, size) + 0.8 * size;
        let names_left = columns == 1 && names <= 0.25 * style.width();
        let left = if names_left { ticks_width.max(names - title) } else { ticks_width };
        // The last label of the axis, and the last number below it, reach over its end.
        let over = grid.panels.iter().map(|p| last_overhang(p, size)).fold(0.0, f64::max);
        let width = cell - left - over - if columns > 1 { 0.8 * size } else { 0.0 };
        let height = if columns == 1 { (0.62 * width).min(0.5 * style.height()) } else { 0.8 * width };
        Layout { grid, style, size, line: 1.2 * size, columns, cell, left, names_left, plot: (width, height) }
    }

    fn title_lines(&self, row: &[Panel]) -> usize {
        row.iter().map(|p| self.panel_title(p).len()).max().unwrap_or(0)
    }

    fn panel_title(&self, panel: &Panel) -> Vec<String> {
        match panel.title.is_empty() {
            true => Vec::new(),
            false => font::wrap(&panel.title, Weight::Bold, self.size, self.cell - self.left - 0.4 * self.size),
        }
    }

    /// Lines that the numbers below an axis take: names above them unless they stand left of the axis.
    fn below_lines<'b>(&self, panel: &'b Panel) -> Vec<(Vec<String>, &'b [String])> {
        let wrap = |name: &str| match (self.names_left, name.is_empty()) {
            (_, true) => Vec::new(),
            (true, _) => vec![name.to_string()],
            (false, _) => font::wrap(name, Weight::Regular, self.size, self.cell - 0.8 * self.size),
        };
        panel.below.iter().map(|(name, numbers)| (wrap(name), numbers.as_slice())).collect()
    }

    fn below_height(&self, panel: &Panel) -> f64 {
        if panel.below.is_empty() {
            return 0.0;
        }
        let lines = self.below_lines(panel);
        let n = lines.iter().map(|(name, _)| if self.names_left { 1 } else { name.len() + 1 }).sum::<usize>();
        (n + 1) as f64 * self.line + lines.len() as f64 * self.after_numbers() + 0.6 * self.size
    }

    /// Space that keeps a name with the numbers under it.
    fn after_numbers(&self) -> f64 {
        if self.names_left { 0.0 } else { 0.3 * self.size }
    }

    fn row_height(&self, row: &[Panel]) -> f64 {
        let below = row.iter().map(|p| self.below_height(p)).fold(0.0, f64::max);
        let single_title = if self.columns == 1 { self.axis_title_height() } else { 0.0 };
        self.title_lines(row) as f64 * self.line
            + 0.8 * self.size
            + self.plot.1
            + 1.7 * self.size
            + single_title
            + below
            + 0.8 * self.size
    }

    fn axis_title_height(&self) -> f64 {
        let lines = font::wrap(&self.grid.x_title, Weight::Regular, self.size, self.x_title_width());
        lines.len() as f64 * self.line + 0.3 * self.size
    }

    fn x_title_width(&self) -> f64 {
        if self.columns == 1 { self.plot.0 } else { self.style.width() - 4.0 * self.size }
    }

    /// The legend in lines of this width.
    fn legend(&self, room: f64) -> Legend {
        let key = 3.2 * self.size;
        let (mut entries, mut x, mut y, mut widest) = (Vec::new(), 0.0, 0.0, 0.0_f64);
        for (look, name) in &self.grid.legend {
            let lines = font::wrap(name, Weight::Regular, self.size, room - key);
            let width = key + font::widest(&lines, Weight::Regular, self.size);
            if x > 0.0 && x + width > room {
                (x, y) = (0.0, y + self.line);
            }
            let n = lines.len();
            entries.push(LegendEntry { look: *look, lines, at: (x, y) });
            widest = widest.max(x + width);
            x += width + 1.2 * self.size;
            if n > 1 {
                (x, y) = (0.0, y + n as f64 * self.line);
            }
        }
        let height = if x > 0.0 { y + self.line } else { y };
        Legend { entries, size: (widest, height) }
    }

    /// A column of entries, as it stands inside a panel.
    fn inner_legend(&self) -> Legend {
        let (key, room) = (3.2 * self.size, 0.45 * self.plot.0);
        let (mut entries, mut y, mut widest) = (Vec::new(), 0.0, 0.0_f64);
        for (look, name) in &self.grid.legend {
            let lines = font::wrap(name, Weight::Regular, self.size, room - key);
            widest = widest.max(key + font::widest(&lines, Weight::Regular, self.size));
            let n = lines.len();
            entries.push(LegendEntry { look: *look, lines, at: (0.0, y) });
            y += n as f64 * self.line;
        }
        Legend { entries, size: (widest, y) }
    }

    /// The corner of a single panel where nothing is drawn; `None` where there is none, or several panels.
    fn free_corner(&self) -> Option<(f64, f64)> {
        let [panel] = self.grid.panels.as_slice() else { return None };
        if self.grid.legend.is_empty() {
            return None;
        }
        let (w, h) = self.inner_legend().size;
        let (width, height) = self.plot;
        let space = 0.8 * self.size;
        if w + 2.0 * space > width || h + 2.0 * space > 0.8 * height {
            return None;
        }
        let (right, low) = (width - w - space, height - h - space);
        let corners = [(space, space), (right, space), (right, low), (space, low)];
        corners.into_iter().find(|at| {
            let space = 0.5 * self.size;
            let near = (at.0 - space, at.1 - space, at.0 + w + space, at.1 + h + space);
            !is_touched(&panel.lines, self.scales(panel, (0.0, 0.0)), near)
        })
    }

    fn legend_height(&self) -> f64 {
        if self.grid.legend.is_empty() || self.free_corner().is_some() {
            return 0.0;
        }
        self.legend(self.style.width() - 2.0 * MARGIN).size.1 + 0.6 * self.size
    }

    fn scales(&self, panel: &Panel, (x, y): (f64, f64)) -> (Scale, Scale) {
        let (width, height) = self.plot;
        let to_right = Scale { kind: Kind::Linear, low: panel.x.0, high: panel.x.1, from: x, to: x + width };
        let upwards = Scale { kind: panel.y_kind, low: panel.y.0, high: panel.y.1, from: y + height, to: y };
        (to_right, upwards)
    }

    fn page(&self, rows: &[&[Panel]]) -> (Canvas, f64) {
        let mut canvas = Canvas::new(self.style.width(), self.size);
        let mut y = MARGIN;
        if self.legend_height() > 0.0 {
            let legend = self.legend(self.style.width() - 2.0 * MARGIN);
            self.draw_legend(&mut canvas, legend, (MARGIN, y));
            y += self.legend_height();
        }
        let top = y;
        for row in rows {
            let titles = self.title_lines(row) as f64 * self.line;
            for (j, panel) in row.iter().enumerate() {
                let x = MARGIN + 1.7 * self.size + j as f64 * self.cell + self.left;
                self.draw_panel(&mut canvas, panel, (x, y + titles + 0.8 * self.size), y);
            }
            let middle = y + titles + 0.8 * self.size + self.plot.1 / 2.0;
            for (i, text) in self.y_title().iter().enumerate() {
                let x = MARGIN + self.size * ASCENT + i as f64 * self.line;
                canvas.upward_text((x, middle), Weight::Regular, text);
            }
            y += self.row_height(row);
        }
        if self.columns > 1 {
            let middle = self.style.width() / 2.0;
            self.draw_x_title(&mut canvas, middle, y - 0.3 * self.size);
            y += self.axis_title_height();
        }
        debug_assert!(y > top, "a page has a row");
        (canvas, y + MARGIN)
    }

    /// The title beside a panel; when it is longer than the axis, it is put in fewer words by cutting at the bracket.
    fn y_title(&self) -> Vec<String> {
        let room = self.plot.1 + 2.0 * self.size;
        let whole = &self.grid.y_title;
        if font::width(whole, Weight::Regular, self.size) <= room {
            return vec![whole.clone()];
        }
        let short = whole.split(" (").next().unwrap_or(whole).to_string();
        if font::width(&short, Weight::Regular, self.size) <= room { vec![short] } else { Vec::new() }
    }

    fn draw_legend(&self, canvas: &mut Canvas, legend: Legend, at: (f64, f64)) {
        for LegendEntry { look, lines, at: (x, y) } in legend.entries {
            let (x, base) = (at.0 + x, at.1 + y + ASCENT * self.size);
            let middle = base - CAP_HEIGHT * self.size / 2.0;
            canvas.stroke_path(&polyline(&[(x, middle), (x + 2.6 * self.size, middle)]), look.stroke(1.2));
            if self.grid.panels.iter().flat_map(|p| &p.lines).any(|l| l.look == look && l.is_marked()) {
                canvas.marker(look.marker, (x + 1.3 * self.size, middle), 0.5 * self.size, look.colour, look.hollow);
            }
            for (i, text) in lines.iter().enumerate() {
                let at = (x + 3.2 * self.size, base + i as f64 * self.line);
                canvas.text(at, Anchor::Start, Weight::Regular, text);
            }
        }
    }

    fn draw_x_title(&self, canvas: &mut Canvas, middle: f64, y: f64) {
        let lines = font::wrap(&self.grid.x_title, Weight::Regular, self.size, self.x_title_width());
        for (i, text) in lines.iter().enumerate() {
            let base = y + ASCENT * self.size + i as f64 * self.line;
            canvas.text((middle, base), Anchor::Middle, Weight::Regular, text);
        }
    }

    fn draw_panel(&self, canvas: &mut Canvas, panel: &Panel, (x, y): (f64, f64), title_top: f64) {
        for (i, text) in self.panel_title(panel).iter().enumerate() {
            let base = title_top + ASCENT * self.size + i as f64 * self.line;
            canvas.text((x, base), Anchor::Start, Weight::Bold, text);
        }
        let (width, height) = self.plot;
        let (to_right, upwards) = self.scales(panel, (x, y));
        for (level, stroke) in panel.levels.iter().filter(|(v, _)| upwards.holds(*v)) {
            canvas.line((x, upwards.at(*level)), (x + width, upwards.at(*level)), *stroke);
        }
        panel.lines.iter().for_each(|line| draw_limits(canvas, line, &to_right, &upwards));
        let n = panel.lines.len();
        for (k, line) in panel.lines.iter().enumerate() {
            draw_line(canvas, line, (&to_right, &upwards), (k, n), self.size);
        }
        let axis = Stroke::solid(INK, 0.5);
        canvas.line((x, y), (x, y + height), axis);
        canvas.line((x, y + height), (x + width, y + height), axis);
        for (value, label) in y_ticks(panel, height, self.style) {
            let at = upwards.at(value);
            canvas.line((x - 2.5, at), (x, at), axis);
            canvas.text((x - 4.0, at + CAP_HEIGHT * self.size / 2.0), Anchor::End, Weight::Regular, &label);
        }
        for (value, label) in &panel.x_ticks {
            let at = to_right.at(*value);
            canvas.line((at, y + height), (at, y + height + 2.5), axis);
            canvas.text((at, y + height + 3.0 + 1.05 * self.size), Anchor::Middle, Weight::Regular, label);
        }
        let mut below = y + height + 1.7 * self.size;
        if self.columns == 1 {
            self.draw_x_title(canvas, x + width / 2.0, below);
            below += self.axis_title_height();
        }
        self.draw_below(canvas, panel, &to_right, (x, below));
        if let Some(corner) = self.free_corner() {
            self.draw_legend(canvas, self.inner_legend(), (x + corner.0, y + corner.1));
        }
    }

    fn draw_below(&self, canvas: &mut Canvas, panel: &Panel, to_right: &Scale, (x, y): (f64, f64)) {
        if panel.below.is_empty() {
            return;
        }
        let start = if self.names_left { MARGIN } else { x - self.left + 0.4 * self.size };
        let mut base = y + 0.6 * self.size + ASCENT * self.size;
        canvas.text((start, base), Anchor::Start, Weight::Bold, &self.grid.below_head);
        for (name, numbers) in self.below_lines(panel) {
            for text in &name {
                base += self.line;
                canvas.text((start, base), Anchor::Start, Weight::Regular, text);
            }
            if !self.names_left || name.is_empty() {
                base += self.line;
            }
            for ((tick, _), text) in panel.x_ticks.iter().zip(numbers) {
                canvas.text((to_right.at(*tick), base), Anchor::Middle, Weight::Regular, text);
            }
            base += self.after_numbers();
        }
    }
}

/// Ticks of the axis upwards, for a height.
fn y_ticks(panel: &Panel, height: f64, style: &FigureStyle) -> Vec<(f64, String)> {
    let scale = Scale { kind: panel.y_kind, low: panel.y.0, high: panel.y.1, from: 0.0, to: height };
    let size = style.text_size();
    let ticks = axis::ticks(&scale, 7, 0.7 * size, &|_| size);
    let labels = axis::labels(&ticks, scale.kind, &style.numbers);
    ticks.into_iter().zip(labels).collect()
}

/// How far the label of the last tick, or the number below it, reaches over the end of the axis.
fn last_overhang(panel: &Panel, size: f64) -> f64 {
    let Some((place, label)) = panel.x_ticks.last() else { return 0.0 };
    let numbers = panel.below.iter().filter_map(|(_, numbers)| numbers.last());
    let widest = font::widest(numbers.chain([label]), Weight::Regular, size);
    // A tick before the end has some room of its own, which is not worth the trouble to count.
    if *place <= panel.x.1 { widest / 2.0 } else { 0.0 }
}
