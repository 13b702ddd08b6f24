//! Writes SVG: shapes and measured text on a canvas in points (1/72 inch), the origin at the top left.
//!
//! Attributes only, no style sheets: several figures can stand in one HTML page without touching each other. The font comes
//! with the file or the page (`embed`). Every text carries its width (`textLength`), so that it keeps its place where a
//! program has to take another font.

use super::embed::Letters;
use super::font::{self, FAMILY, Weight};
use std::fmt::Write;

/// Points in a millimetre.
pub(super) const POINTS_PER_MM: f64 = 72.0 / 25.4;

/// Black of text and axes.
pub(super) const INK: &str = "#000000";
/// Grey of lines that stay behind the data.
pub(super) const RULE: &str = "#9a9a9a";

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    /// Colour.
    pub colour: &'static str,
    /// Width in points.
    pub width: f64,
    /// Dashes and gaps in points; empty for a solid line.
    pub dash: &'static str,
}

impl Stroke {
    /// A solid line.
    pub fn solid(colour: &'static str, width: f64) -> Stroke {
        Stroke { colour, width, dash: "" }
    }
}

/// Where a text stands in relation to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// Shapes that mark a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// ■
    Square,
    /// ●
    Circle,
    /// ◆
    Diamond,
    /// ▲
    Triangle,
    /// ▼
    TriangleDown,
}

/// A drawing in progress.
#[derive(Debug)]
pub(super) struct Canvas {
    width: f64,
    size: f64,
    body: String,
    letters: Letters,
}

impl Canvas {
    /// An empty canvas of this width whose ordinary text has this size, both in points.
    pub fn new(width: f64, size: f64) -> Canvas {
        Canvas { width, size, body: String::new(), letters: Letters::default() }
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        let ends = [("x1", from.0), ("y1", from.1), ("x2", to.0), ("y2", to.1)];
        let ends: Vec<String> = ends.iter().map(|(name, v)| format!("{name}=\"{}\"", number(*v))).collect();
        let _ = writeln!(self.body, "<line {}{}/>", ends.join(" "), stroke_attributes(stroke));
    }

    /// A path that is drawn and not filled.
    pub fn stroke_path(&mut self, path: &str, stroke: Stroke) {
        let join = "stroke-linejoin=\"round\"";
        let _ = writeln!(self.body, "<path d=\"{path}\" fill=\"none\" {join}{}/>", stroke_attributes(stroke));
    }

    /// A path that is filled.
    pub fn fill_path(&mut self, path: &str, colour: &str, opacity: f64) {
        let opacity = if opacity < 1.0 { format!(" fill-opacity=\"{}\"", number(opacity)) } else { String::new() };
        let _ = writeln!(self.body, "<path d=\"{path}\" fill=\"{colour}\"{opacity}/>");
    }

    /// A rectangle with an outline on white.
    pub fn outline_rect(&mut self, at: (f64, f64), size: (f64, f64), stroke: Stroke) {
        let outline = stroke_attributes(stroke);
        let _ = writeln!(self.body, "<rect {} fill=\"#ffffff\"{outline}/>", rect_attributes(at, size));
    }

    /// A marker of `size` points across; hollow ones have a white middle.
    pub fn marker(&mut self, marker: Marker, (x, y): (f64, f64), size: f64, colour: &str, hollow: bool) {
        let r = size / 2.0;
        let p = |dx: f64, dy: f64| format!("{} {}", number(x + dx), number(y + dy));
        let path = match marker {
            Marker::Square => format!("M{}H{}V{}H{}Z", p(-r, -r), number(x + r), number(y + r), number(x - r)),
            Marker::Circle => {
                let arc = format!("A{0} {0} 0 1 1 ", number(r * 1.08));
                format!("M{}{arc}{}{arc}{}Z", p(-r * 1.08, 0.0), p(r * 1.08, 0.0), p(-r * 1.08, 0.0))
            }
            Marker::Diamond => {
                let d = r * 1.35;
                format!("M{}L{}L{}L{}Z", p(0.0, -d), p(d, 0.0), p(0.0, d), p(-d, 0.0))
            }
            Marker::Triangle => format!("M{}L{}L{}Z", p(0.0, -r * 1.25), p(r * 1.2, r * 0.85), p(-r * 1.2, r * 0.85)),
            Marker::TriangleDown => {
                format!("M{}L{}L{}Z", p(0.0, r * 1.25), p(r * 1.2, -r * 0.85), p(-r * 1.2, -r * 0.85))
            }
        };
        let fill = if hollow { "#ffffff" } else { colour };
        let _ = writeln!(self.body, "<path d=\"{path}\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"0.75\"/>");
    }

    /// Ordinary text with its base line at `y`; returns its width.
    pub fn text(&mut self, at: (f64, f64), anchor: Anchor, weight: Weight, text: &str) -> f64 {
        let size = self.size;
        self.text_of_size(at, anchor, weight, size, text)
    }

    /// Text of its own size.
    pub fn text_of_size(&mut self, at: (f64, f64), anchor: Anchor, weight: Weight, size: f64, text: &str) -> f64 {
        self.write_text(at, anchor, weight, size, text, "")
    }

    /// Text that reads upwards along the line through `at`.
    pub fn upward_text(&mut self, at: (f64, f64), weight: Weight, text: &str) {
        let turn = format!(" transform=\"rotate(-90 {} {})\"", number(at.0), number(at.1));
        let size = self.size;
        self.write_text(at, Anchor::Middle, weight, size, text, &turn);
    }

    fn write_text(
        &mut self,
        at: (f64, f64),
        anchor: Anchor,
        weight: Weight,
        size: f64,
        text: &str,
        further: &str,
    ) -> f64 {
        let width = font::width(text, weight, size);
        if text.is_empty() {
            return width;
        }
        self.letters.add(text, weight);
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let bold = if weight == Weight::Bold { " font-weight=\"bold\"" } else { "" };
        let size = if size == self.size { String::new() } else { format!(" font-size=\"{}\"", number(size)) };
        let (x, y, length) = (number(at.0), number(at.1), number(width));
        let text = escape(text);
        let _ = writeln!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\"{anchor}{bold}{size}{further}>{text}</text>"
        );
        width
    }

    /// The letters of its text so far.
    pub fn letters(&self) -> &Letters {
        &self.letters
    }

    /// The finished picture, `height` points high, on white. `id` must be the figure's own: the title and the description
    /// that screen readers speak are found by it.
    pub fn finish(self, id: &str, height: f64, title: &str, description: &str, language: &str) -> String {
        let (w, h) = (number(self.width), number(height));
        let [w_mm, h_mm] = [self.width, height].map(|v| number(v / POINTS_PER_MM));
        let (id, title, description) = (escape(id), escape(title), escape(description));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"{id}\" width=\"{w_mm}mm\" height=\"{h_mm}mm\" viewBox=\"0 0 {w} {h}\" \
             role=\"img\" lang=\"{language}\" aria-labelledby=\"{id}-title {id}-desc\">\n\
             <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">{description}</desc>\n\
             <rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n\
             <g font-family=\"{FAMILY}\" font-size=\"{}\" fill=\"{INK}\">\n{}</g>\n</svg>\n",
            number(self.size),
            self.body
        )
    }
}

/// A path along points, in straight lines.
pub(super) fn polyline(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{} {}", if i == 0 { "M" } else { "L" }, number(*x), number(*y));
    }
    path
}

/// A coordinate with at most two decimals.
pub(super) fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    // Adding zero turns minus zero into zero.
    format!("{}", rounded + 0.0)
}

/// Text as XML holds it; control characters, which XML cannot hold, become blanks.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn stroke_attributes(stroke: Stroke) -> String {
    let dash = if stroke.dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", stroke.dash) };
    format!(" stroke=\"{}\" stroke-width=\"{}\"{dash}", stroke.colour, number(stroke.width))
}

fn rect_attributes(at: (f64, f64), size: (f64, f64)) -> String {
    let [x, y, w, h] = [at.0, at.1, size.0, size.1].map(number);
    format!("x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_never_minus_zero() {
        assert_eq!([0.0, -0.001, 1.0, 12.345_6, -3.5].map(number), ["0", "0", "1", "12.35", "-3.5"]);
    }

    #[test]
    fn labels_cannot_break_the_xml() {
        assert_eq!(escape("a<b & \"c\"\u{1}"), "a&lt;b &amp; &quot;c&quot; ");
    }
}
