//! Forest plots: rows of estimates with intervals on a common axis, beside the columns of a table.
//!
//! What is drawn is said by a [`Forest`]; where, is worked out here. Several series (models) stand beside each other when
//! their columns leave room for an axis each, else under each other within the row. Rows that do not fit the height go on
//! in a further figure with the same columns and axis.

use super::axis::{self, Scale};
use super::font::{self, ASCENT, CAP_HEIGHT, DESCENT, Weight};
use super::palette::{Look, look};
use super::rows::{Forest, Item, Row, drawn};
use super::svg::{Anchor, Canvas, INK, Marker, RULE, Stroke, polyline};
use super::words::fill;
use super::{Drawn, FigureStyle};
use crate::report::render;
use crate::report::tables::Value;

/// Empty space around the drawing, in points.
const MARGIN: f64 = 3.0;
/// The shortest axis beside which another one may stand, in points.
const SHORTEST_AXIS: f64 = 58.0;

impl Forest {
    /// The figures: one, or as many as the height asks for.
    pub fn draw(self, style: &FigureStyle) -> Vec<Drawn> {
        let layout = Layout::new(&self, style);
        let pages = layout.pages(style.height());
        let n = pages.len();
        let mut drawn = Vec::with_capacity(n);
        for (k, rows) in pages.into_iter().enumerate() {
            let (canvas, height) = layout.page(&rows);
            let part = [self.title.clone(), (k + 1).to_string(), n.to_string()];
            let title = match n {
                1 => self.title.clone(),
                _ => fill(style.words().part, &part.each_ref().map(String::as_str)),
            };
            let mut caption = self.caption.clone();
            caption.extend(layout.has_arrows().then(|| style.words().arrows.to_string()));
            drawn.push(Drawn { id: self.id.clone(), title, caption: caption.join(" "), canvas, height });
        }
        drawn
    }
}

/// Where everything stands, in points.
struct Layout<'a> {
    forest: &'a Forest,
    style: &'a FigureStyle,
    size: f64,
    line: f64,
    gap: f64,
    label_width: f64,
    /// Right ends of the text columns.
    text_ends: Vec<f64>,
    stacked: bool,
    /// Names of stacked series stand in a column from here on, else in a legend.
    series_column: Option<f64>,
    panels: Vec<Panel>,
    scale: Scale,
}

/// An axis and the numbers beside it.
#[derive(Debug, Clone, Copy)]
struct Panel {
    from: f64,
    to: f64,
    values: f64,
}

/// A series in the legend, and where its name begins.
struct LegendEntry {
    series: usize,
    lines: Vec<String>,
    x: f64,
    line: usize,
}

/// A row with its lines of text; of a page.
struct PlacedRow<'a> {
    label: Vec<String>,
    weight: Weight,
    item: Option<&'a Item>,
    height: f64,
}

impl<'a> Layout<'a> {
    fn new(forest: &'a Forest, style: &'a FigureStyle) -> Layout<'a> {
        let size = style.text_size();
        let gap = 1.1 * size;
        let values = forest.value_width(style, size);
        let text_widths: Vec<f64> = (0..forest.heads.len()).map(|j| forest.text_width(j, size)).collect();
        let texts: f64 = text_widths.iter().map(|w| w + gap).sum();
        let room = style.width() - 2.0 * MARGIN - texts;
        let n = forest.series.len();
        let share = if style.width_mm < 120.0 { 0.31 } else { 0.36 };
        let heads = (forest.head_width(size) - texts).min(0.25 * style.width()).max(0.0);
        let label_width = forest.label_width(size, share * room).max(heads);
        let beside = (room - label_width) / n as f64 - values - 2.0 * gap;
        let stacked = n > 1 && beside < SHORTEST_AXIS;
        let mut x = MARGIN + label_width;
        let text_ends: Vec<f64> = text_widths.iter().map(|w| advance(&mut x, gap + w)).collect();
        let head = font::width(style.words().model, Weight::Bold, size);
        let names = font::widest(&forest.series, Weight::Regular, size).max(head);
        // A column for the names where they take no more than a fifth of the page.
        let in_column = stacked && names < style.width() / 5.0 && style.width_mm >= 120.0;
        let series_column = in_column.then(|| advance(&mut x, gap + names) - names);
        let n_panels = if stacked { 1 } else { n };
        let each = (style.width() - MARGIN - x) / n_panels as f64;
        let panel = |k: usize| {
            let from = x + each * k as f64 + 1.2 * gap;
            let values_at = x + each * (k + 1) as f64 - values;
            Panel { from, to: values_at - gap, values: values_at }
        };
        let panels: Vec<Panel> = (0..n_panels).map(panel).collect();
        let (low, high) = axis::range(&forest.intervals(), forest.kind, forest.null);
        let scale = Scale { kind: forest.kind, low, high, from: panels[0].from, to: panels[0].to };
        let line = 1.2 * size;
        Layout { forest, style, size, line, gap, label_width, text_ends, stacked, series_column, panels, scale }
    }

    /// The rows of every page.
    fn pages(&self, limit: f64) -> Vec<Vec<PlacedRow<'a>>> {
        let room = limit - self.head_height() - self.axis_height();
        let mut pages: Vec<Vec<PlacedRow>> = vec![Vec::new()];
        let (mut used, mut group) = (0.0, None);
        let rows = &self.forest.rows;
        for (i, row) in rows.iter().enumerate() {
            let placed = self.place(row);
            let together = self.together(i, used, room);
            let page = pages.last().expect("there is always a page");
            if used + together > room && !page.is_empty() {
                pages.push(Vec::new());
                used = 0.0;
                let goes_on = group.filter(|_| matches!(row, Row::Item(item) if item.indented));
                let again = goes_on
                    .map(|name| self.place_label(&fill(self.style.words().continued, &[name]), Weight::Bold, 0.0));
                if let Some(head) = again {
                    used += head.height;
                    pages.last_mut().expect("one was pushed").push(head);
                }
            }
            if let Row::Group(name) = row {
                group = Some(name.as_str());
            }
            used += placed.height;
            pages.last_mut().expect("there is always a page").push(placed);
        }
        pages
    }

    /// The height of what must stand on one page with a row. A group that would leave less than half of the page empty goes
    /// to the next one as a whole; else its head stays with two rows, and its last row is not alone on a page.
    fn together(&self, i: usize, used: f64, room: f64) -> f64 {
        let rows = &self.forest.rows;
        let is_item = |row: &&Row| matches!(row, Row::Item(item) if item.indented);
        let heights: Vec<f64> = rows[i + 1..].iter().take_while(is_item).map(|row| self.place(row).height).collect();
        let own = self.place(&rows[i]).height;
        let whole = own + heights.iter().sum::<f64>();
        match &rows[i] {
            Row::Group(_) if whole <= room && used > room / 2.0 => whole,
            Row::Group(_) => own + heights.iter().take(2).sum::<f64>(),
            Row::Item(_) if heights.len() == 1 => whole,
            Row::Item(_) => own,
        }
    }

    fn place(&self, row: &'a Row) -> PlacedRow<'a> {
        match row {
            Row::Group(name) => self.place_label(name, Weight::Bold, 0.0),
            Row::Item(item) => {
                let indent = if item.indented { self.size } else { 0.0 };
                let mut placed = self.place_label(&item.label, Weight::Regular, indent);
                let n_lines = if self.stacked { self.shown(item).len().max(1) } else { 1 };
                placed.height = placed.height.max(n_lines as f64 * self.line + 0.45 * self.size);
                placed.item = Some(item);
                placed
            }
        }
    }

    fn place_label(&self, text: &str, weight: Weight, indent: f64) -> PlacedRow<'a> {
        let width = if weight == Weight::Bold { self.head_width() } else { self.label_width - indent };
        let label = font::wrap(text, weight, self.size, width);
        let height = label.len() as f64 * self.line + 0.45 * self.size;
        PlacedRow { label, weight, item: None, height }
    }

    /// Heads of groups may reach over the columns of numbers, up to the axis.
    fn head_width(&self) -> f64 {
        self.panels[0].from - MARGIN - self.gap
    }

    /// The series of a row that have something to say; a reference that all share is said once.
    fn shown<'b>(&self, item: &'b Item) -> Vec<(usize, &'b Value)> {
        let values = item.values.iter().enumerate().filter(|(_, v)| !matches!(v, Value::Empty));
        let values: Vec<(usize, &Value)> = values.collect();
        let all_reference = values.iter().all(|(_, v)| matches!(v, Value::Reference));
        if self.stacked && all_reference { values.into_iter().take(1).collect() } else { values }
    }

    fn page(&self, rows: &[PlacedRow]) -> (Canvas, f64) {
        let mut canvas = Canvas::new(self.style.width(), self.size);
        let top = self.head_height();
        let bottom = top + rows.iter().map(|r| r.height).sum::<f64>();
        self.draw_head(&mut canvas, top);
        for panel in &self.panels {
            self.draw_null(&mut canvas, panel, top, bottom);
        }
        let mut y = top;
        for row in rows {
            self.draw_row(&mut canvas, row, y);
            y += row.height;
        }
        for panel in &self.panels {
            self.draw_axis(&mut canvas, panel, bottom);
        }
        (canvas, bottom + self.axis_height())
    }

    /// The lines over a panel: its name, wrapped to its width.
    fn panel_names(&self) -> Vec<Vec<String>> {
        if self.stacked || self.forest.series.len() < 2 {
            return Vec::new();
        }
        let width = |p: &Panel| self.style.width().min(p.values + self.values_width()) - p.from;
        let names = self.forest.series.iter().zip(&self.panels);
        names.map(|(name, panel)| font::wrap(name, Weight::Bold, self.size, width(panel))).collect()
    }

    fn values_width(&self) -> f64 {
        self.forest.value_width(self.style, self.size)
    }

    /// Legend entries of stacked series, and the lines they take.
    fn legend(&self) -> (Vec<LegendEntry>, usize) {
        if !self.stacked || self.series_column.is_some() {
            return (Vec::new(), 0);
        }
        let (mut entries, mut x, mut line) = (Vec::new(), MARGIN, 0);
        let room = self.style.width() - 2.0 * MARGIN;
        let key = 2.0 * self.size;
        for (k, name) in self.forest.series.iter().enumerate() {
            let lines = font::wrap(name, Weight::Regular, self.size, room - key);
            let width = key + font::widest(&lines, Weight::Regular, self.size);
            if x > MARGIN && (x + width > MARGIN + room || lines.len() > 1) {
                (x, line) = (MARGIN, line + 1);
            }
            let n = lines.len();
            entries.push(LegendEntry { series: k, lines, x, line });
            x += width + 1.5 * self.gap;
            if n > 1 {
                (x, line) = (MARGIN, line + n);
            }
        }
        let n_lines = if x > MARGIN { line + 1 } else { line };
        (entries, n_lines)
    }

    fn head_lines(&self) -> usize {
        let names = self.panel_names().iter().map(Vec::len).max().unwrap_or(0);
        let columns = self.forest.heads.iter().chain([&self.forest.value_head]);
        names + columns.map(|h| h.split('\n').count()).max().unwrap_or(1)
    }

    fn head_height(&self) -> f64 {
        let legend = self.legend().1;
        let legend = if legend > 0 { legend as f64 * self.line + 0.6 * self.size } else { 0.0 };
        MARGIN + legend + self.head_lines() as f64 * self.line + 0.9 * self.size
    }

    fn axis_height(&self) -> f64 {
        let titles = font::wrap(&self.forest.axis_title, Weight::Regular, self.size, self.axis_title_width());
        3.0 + 1.1 * self.size + titles.len() as f64 * self.line + 0.5 * self.size + MARGIN
    }

    /// A title may reach over the numbers beside its axis.
    fn axis_title_width(&self) -> f64 {
        let panel = &self.panels[0];
        let over = if self.panels.len() == 1 { panel.values + self.values_width() - panel.to } else { 0.4 * self.gap };
        panel.to - panel.from + 2.0 * over
    }

    fn draw_head(&self, canvas: &mut Canvas, top: f64) {
        let (entries, _) = self.legend();
        for LegendEntry { series, lines, x, line } in entries {
            for (i, text) in lines.iter().enumerate() {
                let y = MARGIN + ASCENT * self.size + (line + i) as f64 * self.line;
                if i == 0 {
                    let at = (x + 0.7 * self.size, y - CAP_HEIGHT * self.size / 2.0);
                    draw_mark(canvas, &look(series), at, self.size);
                }
                canvas.text((x + 2.0 * self.size, y), Anchor::Start, Weight::Regular, text);
            }
        }
        let rule = top - 0.3 * self.size;
        let base = |lines: usize, i: usize| rule - 0.35 * self.size - (lines - 1 - i) as f64 * self.line;
        for (head, end) in self.forest.heads.iter().zip(&self.text_ends) {
            let lines: Vec<&str> = head.split('\n').collect();
            for (i, line) in lines.iter().enumerate() {
                canvas.text((*end, base(lines.len(), i)), Anchor::End, Weight::Bold, line);
            }
        }
        if let Some(x) = self.series_column {
            canvas.text((x, base(1, 0)), Anchor::Start, Weight::Bold, self.style.words().model);
        }
        for panel in &self.panels {
            canvas.text((panel.values, base(1, 0)), Anchor::Start, Weight::Bold, &self.forest.value_head);
        }
        let own = self.forest.heads.iter().chain([&self.forest.value_head]).map(|h| h.split('\n').count()).max();
        for (lines, panel) in self.panel_names().iter().zip(&self.panels) {
            for (i, text) in lines.iter().enumerate() {
                let y = base(lines.len() + own.unwrap_or(1), i);
                canvas.text((panel.from, y), Anchor::Start, Weight::Bold, text);
            }
        }
        canvas.line((MARGIN, rule), (self.style.width() - MARGIN, rule), Stroke::solid(INK, 0.5));
    }

    fn draw_null(&self, canvas: &mut Canvas, panel: &Panel, top: f64, bottom: f64) {
        let scale = self.scale.between(panel.from, panel.to);
        if let Some(null) = self.forest.null.filter(|v| scale.holds(*v)) {
            let x = scale.at(null);
            canvas.line((x, top), (x, bottom), Stroke::solid(RULE, 0.5));
        }
    }

    fn draw_row(&self, canvas: &mut Canvas, row: &PlacedRow, y: f64) {
        let base = |i: usize| y + 0.2 * self.size + ASCENT * self.size + i as f64 * self.line;
        let indent = if row.item.is_some_and(|i| i.indented) { self.size } else { 0.0 };
        for (i, text) in row.label.iter().enumerate() {
            canvas.text((MARGIN + indent, base(i)), Anchor::Start, row.weight, text);
        }
        let Some(item) = row.item else { return };
        for (text, end) in item.texts.iter().zip(&self.text_ends) {
            canvas.text((*end, base(0)), Anchor::End, Weight::Regular, text);
        }
        for (line, (k, value)) in self.shown(item).into_iter().enumerate() {
            let (panel, line) = if self.stacked { (&self.panels[0], line) } else { (&self.panels[k], 0) };
            let shared = self.stacked && matches!(value, Value::Reference);
            if let Some(x) = self.series_column.filter(|_| !shared) {
                canvas.text((x, base(line)), Anchor::Start, Weight::Regular, &self.forest.series[k]);
            }
            let text = render::display(value, &self.style.numbers);
            canvas.text((panel.values, base(line)), Anchor::Start, Weight::Regular, &text);
            let look = if self.stacked { look(k) } else { look(0) };
            let middle = base(line) - CAP_HEIGHT * self.size / 2.0;
            self.draw_value(canvas, panel, value, &look, middle);
        }
    }

    fn draw_value(&self, canvas: &mut Canvas, panel: &Panel, value: &Value, look: &Look, y: f64) {
        let scale = self.scale.between(panel.from, panel.to);
        let stroke = Stroke::solid(look.colour, 0.9);
        let Some((estimate, lower, upper)) = drawn(value) else {
            match (value, self.forest.null) {
                (Value::Reference, Some(null)) => {
                    canvas.marker(Marker::Square, (scale.at(null), y), 0.6 * self.size, INK, true);
                }
                (Value::Diverged(up, None), _) => {
                    let edge = if *up { panel.to } else { panel.from };
                    canvas.fill_path(&axis::arrow_head((edge, y), *up), look.colour, 1.0);
                }
                _ => {}
            }
            return;
        };
        // Limits that do not exist go on for ever, like those beyond the axis.
        let ends = [lower.unwrap_or(f64::NEG_INFINITY), upper.unwrap_or(f64::INFINITY)];
        let has_interval = lower.is_some() || upper.is_some();
        if has_interval {
            let (from, to) = (ends[0].max(self.scale.low), ends[1].min(self.scale.high));
            let beyond = [ends[0] < self.scale.low, ends[1] > self.scale.high];
            if from <= to {
                let x = [from, to].map(|v| scale.at(v));
                canvas.stroke_path(&polyline(&[(x[0], y), (x[1], y)]), stroke);
                for (end, is_right) in [(0, false), (1, true)] {
                    if beyond[end] {
                        canvas.fill_path(&axis::arrow_head((x[end], y), is_right), look.colour, 1.0);
                    }
                }
            } else {
                let is_right = from > self.scale.high;
                let edge = if is_right { panel.to } else { panel.from };
                canvas.fill_path(&axis::arrow_head((edge, y), is_right), look.colour, 1.0);
            }
        }
        match estimate {
            Some(v) if scale.holds(v) => draw_mark(canvas, look, (scale.at(v), y), self.size),
            Some(v) if !has_interval => {
                let is_right = v > self.scale.high;
                let edge = if is_right { panel.to } else { panel.from };
                canvas.fill_path(&axis::arrow_head((edge, y), is_right), look.colour, 1.0);
            }
            _ => {}
        }
    }

    fn draw_axis(&self, canvas: &mut Canvas, panel: &Panel, y: f64) {
        let scale = self.scale.between(panel.from, panel.to);
        canvas.line((panel.from, y), (panel.to, y), Stroke::solid(INK, 0.5));
        let width = |v: f64| font::width(&self.style.numbers.number(v), Weight::Regular, self.size);
        let ticks = axis::ticks(&scale, 7, 0.7 * self.size, &width);
        for (tick, label) in ticks.iter().zip(axis::labels(&ticks, scale.kind, &self.style.numbers)) {
            let x = scale.at(*tick);
            canvas.line((x, y), (x, y + 2.5), Stroke::solid(INK, 0.5));
            canvas.text((x, y + 3.0 + 1.05 * self.size), Anchor::Middle, Weight::Regular, &label);
        }
        let titles = font::wrap(&self.forest.axis_title, Weight::Regular, self.size, self.axis_title_width());
        let widest = font::widest(&titles, Weight::Regular, self.size);
        let half = widest / 2.0;
        let right = self.style.width() - MARGIN - half;
        let middle = ((panel.from + panel.to) / 2.0).min(right).max(MARGIN + half);
        for (i, title) in titles.iter().enumerate() {
            let base = y + 3.0 + 1.1 * self.size + (i as f64 + 1.0) * self.line;
            canvas.text((middle, base), Anchor::Middle, Weight::Regular, title);
        }
    }

    /// Whether any interval or estimate lies beyond the axis.
    fn has_arrows(&self) -> bool {
        self.forest.items().flat_map(|i| &i.values).any(|value| {
            let Some((estimate, lower, upper)) = drawn(value) else { return matches!(value, Value::Diverged(..)) };
            let is_open = lower.is_some() != upper.is_some();
            is_open || [estimate, lower, upper].into_iter().flatten().any(|v| !self.scale.holds(v))
        })
    }
}

fn advance(x: &mut f64, by: f64) -> f64 {
    *x += by;
    *x
}

fn draw_mark(canvas: &mut Canvas, look: &Look, at: (f64, f64), size: f64) {
    canvas.marker(look.marker, at, 0.62 * size, look.colour, look.hollow);
}

/// Height of a line of ordinary text over and under its base line together, in font sizes: no more than a line's height.
const _: () = assert!(ASCENT + DESCENT < 1.2);
