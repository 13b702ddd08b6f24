//! Figures of a report, as SVG, PNG and PDF.
//!
//! [`figures`] draws what a report holds and computes nothing; the figures of a protected report show what that report
//! shows. Everything is laid out from the widths of the embedded font, at the width of a journal's column or page, so that
//! no label is cut and none runs into another. Lines and marks differ by dashes, shape and brightness as well as by
//! colour: a grey print reads the same.
//!
//! | file | draws |
//! |---|---|
//! | `forest`, `rows` | hazard ratios with intervals in rows: `models`, `interactions`, `standardised` |
//! | `panel`, `line` | axes with lines: `curve` (survival, cumulative incidence), `ratio` (hazard ratios along a number or time), `residual` (Schoenfeld smooths) |
//! | `flow_chart` | linkage, attrition, ends of follow-up |
//! | `font`, `svg`, `axis`, `palette`, `words` | what all of them stand on |
//! | `embed` | the letters of a figure as a web font |
//! | `image`, `files` | PNG and PDF from SVG; all of them as files |

mod axis;
mod curve;
mod embed;
mod files;
mod flow_chart;
mod font;
mod forest;
mod image;
mod interactions;
mod line;
mod models;
mod palette;
mod panel;
mod ratio;
mod residual;
mod rows;
mod standardised;
mod svg;
mod time;
mod words;

use super::Report;
use super::number::NumberStyle;
use std::collections::BTreeMap;

pub use embed::Letters;
pub use files::{FigureFile, files};
pub use image::{ImageError, pdf, png, png_at};

/// Width of one column of a journal, in millimetres.
pub const COLUMN_MM: f64 = 85.0;
/// Width of a journal's page, in millimetres.
pub const PAGE_MM: f64 = 170.0;
/// Figures higher than this are continued in a further one, in millimetres.
pub const HEIGHT_MM: f64 = 230.0;

/// How figures look.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureStyle {
    /// Width of every figure in millimetres: [`COLUMN_MM`], [`PAGE_MM`] or a journal's own.
    pub width_mm: f64,
    /// Height in millimetres after which rows go on in a further figure.
    pub height_mm: f64,
    /// How numbers are written, and in which language titles, axes and captions.
    pub numbers: NumberStyle,
}

impl Default for FigureStyle {
    fn default() -> FigureStyle {
        FigureStyle { width_mm: PAGE_MM, height_mm: HEIGHT_MM, numbers: NumberStyle::ENGLISH }
    }
}

impl FigureStyle {
    /// The style of a report's language and numbers, at this width in millimetres.
    pub fn of(report: &Report, width_mm: f64) -> FigureStyle {
        FigureStyle { width_mm, numbers: report.number_style(), ..FigureStyle::default() }
    }

    /// Width in points.
    fn width(&self) -> f64 {
        self.width_mm * svg::POINTS_PER_MM
    }

    /// Height in points after which rows go on in a further figure.
    fn height(&self) -> f64 {
        self.height_mm * svg::POINTS_PER_MM
    }

    /// Size of ordinary text: 7 points, 6 in a column.
    fn text_size(&self) -> f64 {
        if self.width_mm < 120.0 { 6.0 } else { 7.0 }
    }

    fn words(&self) -> &'static words::Words {
        words::words(self.numbers.language)
    }
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Name for files and links, different for every figure of a report: `forest`, `flow`.
    pub id: String,
    /// What it shows, without a number.
    pub title: String,
    /// What a reader needs to know beside it, in sentences.
    pub caption: String,
    /// The picture, to be put into a page that brings the font of its letters; its ids begin with `id`. A file of its own
    /// is [`Figure::standalone`].
    pub svg: String,
    /// The letters of its text.
    pub letters: Letters,
    /// Width in millimetres.
    pub width_mm: f64,
    /// Height in millimetres.
    pub height_mm: f64,
    /// Language, as BCP 47 writes it.
    pub language: &'static str,
}

/// The width of a text in the font of the figures, which is that of Arial, in the unit of `size`.
pub(in crate::report) fn text_width(text: &str, bold: bool, size: f64) -> f64 {
    font::width(text, if bold { font::Weight::Bold } else { font::Weight::Regular }, size)
}

/// What a kind of figure hands over: pictures before they have their final names.
struct Drawn {
    id: String,
    title: String,
    caption: String,
    canvas: svg::Canvas,
    height: f64,
}

/// Every figure that a report has the numbers for, in the order of a paper.
pub fn figures(report: &Report, style: &FigureStyle) -> Vec<Figure> {
    let kinds = [
        flow_chart::figures,
        models::figures,
        interactions::figures,
        curve::figures,
        standardised::figures,
        ratio::figures,
        residual::figures,
    ];
    let drawn: Vec<Drawn> = kinds.iter().flat_map(|draw| draw(report, style)).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    drawn.into_iter().map(|d| d.finish(style, &mut seen)).collect()
}

impl Drawn {
    /// The figure, with a name of its own: the second `x` becomes `x_2`.
    fn finish(self, style: &FigureStyle, seen: &mut BTreeMap<String, usize>) -> Figure {
        let name = super::folder::file_name(&self.id);
        let n = seen.entry(name.clone()).and_modify(|n| *n += 1).or_insert(1);
        let id = if *n > 1 { format!("{name}_{n}") } else { name };
        let language = style.numbers.language.name();
        let letters = self.canvas.letters().clone();
        let svg = self.canvas.finish(&format!("figure-{id}"), self.height, &self.title, &self.caption, language);
        let height_mm = self.height / svg::POINTS_PER_MM;
        Figure {
            id,
            title: self.title,
            caption: self.caption,
            svg,
            letters,
            width_mm: style.width_mm,
            height_mm,
            language,
        }
    }
}

impl Figure {
    /// The picture as an SVG file: with the font of its letters.
    pub fn standalone(&self) -> String {
        let style = format!("</desc>\n<defs><style>\n{}</style></defs>\n", self.letters.style());
        self.svg.replacen("</desc>\n", &style, 1)
    }
}
