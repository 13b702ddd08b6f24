//! From tables to bytes, one file per format. Renderers write values in their style and never compute or choose.
//!
//! [`files`] is what a results folder holds of a report; the same report gives the same bytes, in the run and from
//! `results.json` later.

pub mod csv;
pub mod docx;
pub mod html;
pub mod json;
pub mod latex;
mod layout;
pub mod markdown;
mod measure;
pub mod screen;
pub mod text;
pub mod xlsx;

use super::figure::{self, Figure, FigureStyle, PAGE_MM};
use super::folder::file_name;
use super::number::NumberStyle;
use super::tables::{Block, Cell, Remark, Value, Variables};
use super::{Report, tables};

pub use crate::study::Format;

/// A file of a results folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// Its path inside the folder, with `/`.
    pub name: String,
    /// What it holds, in a few words.
    pub holds: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The files of a report in one format: one, except CSV, which is a file per table.
pub fn files(report: &Report, format: Format) -> Vec<RenderedFile> {
    let file = |name: &str, holds: &str| {
        vec![RenderedFile {
            name: name.to_owned(),
            holds: holds.to_owned(),
            bytes: bytes(report, format, &report.number_style(), text::WIDTH),
        }]
    };
    match format {
        Format::Text => file("report.txt", "the tables as aligned text"),
        Format::Markdown => {
            let mut files = file("report.md", "the tables in Markdown");
            files.extend(checklist_file(report));
            files
        }
        Format::Html => file("report.html", "the report as one page, readable offline"),
        Format::Docx => file("report.docx", "the report as a Word document"),
        Format::Xlsx => file("report.xlsx", "the tables as a workbook, numbers at full precision"),
        Format::Latex => file("report.tex", "the report in LaTeX"),
        Format::Json => file("results.json", "every number of the run, for programs"),
        Format::Csv => tables::data_tables(report).iter().map(csv_file).collect(),
    }
}

/// The reporting checklists.
fn checklist_file(report: &Report) -> Option<RenderedFile> {
    let content = markdown::document(&tables::checklist_document(report)?, &report.number_style());
    let holds = "STROBE, RECORD and SAMPL, with what the run answers".to_owned();
    Some(RenderedFile { name: "checklist.md".to_string(), holds, bytes: content.into_bytes() })
}

fn csv_file(table: &tables::DisplayTable) -> RenderedFile {
    RenderedFile {
        name: format!("tables/{}.csv", file_name(&table.id)),
        holds: table.title.clone(),
        bytes: csv::table(table).into_bytes(),
    }
}

/// The report as one text. Panics when the format is none, as docx.
pub fn render(report: &Report, format: Format, style: &NumberStyle, width: usize) -> String {
    String::from_utf8(bytes(report, format, style, width)).expect("the format is a text")
}

/// The report as one stream in a format. CSV holds every table after a line with its name; the results folder has one
/// file per table instead. `width` is that of text, in characters.
pub fn bytes(report: &Report, format: Format, style: &NumberStyle, width: usize) -> Vec<u8> {
    match format {
        Format::Text => text::document(&tables::document(report), style, width).into_bytes(),
        Format::Markdown => markdown::document(&tables::document(report), style).into_bytes(),
        Format::Html => html::page(report, style).into_bytes(),
        Format::Docx => docx::document(report, style),
        Format::Xlsx => xlsx::workbook(report, style),
        Format::Latex => latex::document(report, style).into_bytes(),
        Format::Csv => csv::stream(&tables::data_tables(report)).into_bytes(),
        Format::Json => json::results(report).into_bytes(),
    }
}

/// The whole report for a terminal, as text: tables of several screens are named only.
pub fn screen(report: &Report, style: &NumberStyle, width: usize) -> String {
    text::document(&tables::screen(report), style, width)
}

/// The report in brief, as text.
pub fn summary(report: &Report, style: &NumberStyle, width: usize) -> String {
    text::document(&tables::summary(report, Variables::AsFits), style, width)
}

/// The figures of a report as documents show them, at the width of a page, and the block of the document before which they
/// stand: the methods, or the end where there are none.
fn figures(report: &Report, document: &tables::Document) -> (Vec<Figure>, usize) {
    let methods = report.words().section_methods();
    let is_methods = |block: &Block| matches!(block, Block::Heading(text) if text == methods);
    let at = document.blocks.iter().position(is_methods).unwrap_or(document.blocks.len());
    (figure::figures(report, &FigureStyle::of(report, PAGE_MM)), at)
}

/// A value as people read it.
pub fn display(value: &Value, style: &NumberStyle) -> String {
    let w = style.language;
    match value {
        Value::Empty => String::new(),
        Value::Text(text) => text.clone(),
        Value::Count(n) => style.count(*n),
        Value::Share(n, share) => format!("{} ({})", style.count(*n), style.percent(*share)),
        Value::PersonYears(years) => style.person_years(*years),
        Value::Rate(rate, lower, upper) => style.rate_with_interval(*rate, *lower, *upper),
        Value::Ratio(ratio, lower, upper) => style.ratio_with_interval(*ratio, *lower, *upper),
        Value::Interval(value, lower, upper, decimals) => style.with_interval(*value, *lower, *upper, *decimals),
        Value::WithError(value, se, decimals) => match se {
            Some(se) => format!("{} ({})", style.decimal(*value, *decimals), style.decimal(*se, *decimals)),
            None => style.decimal(*value, *decimals),
        },
        Value::Measure(value, lower, upper) => style.measure_with_interval(*value, *lower, *upper),
        Value::Probability(p, lower, upper) => style.probability_with_interval(*p, *lower, *upper),
        Value::Time(time, lower, upper) => style.time_with_interval(*time, *lower, *upper),
        Value::Reference => w.reference_row().to_string(),
        Value::Diverged(up, limit) => {
            let limit = limit.map(|l| style.ratio(l));
            match (up, limit) {
                (true, None) => "→ ∞".to_string(),
                (false, None) => "→ 0".to_string(),
                (true, Some(lower)) => w.to_infinity(lower),
                (false, Some(upper)) => w.to_zero(upper),
            }
        }
        Value::NotEstimable => w.not_estimable().to_string(),
        Value::Number(number, decimals) => style.decimal(*number, *decimals),
        Value::P(p) => style.p(*p),
        Value::TermP(p) => style.p_equals(*p),
        Value::Test(test) => {
            let chisq = test.chisq.map_or(String::new(), |c| style.decimal(c, 2));
            format!("{chisq}{}{}", on_df(test.df, style), with_p(test.p, style))
        }
        Value::Concordance(value, se) => match se {
            Some(se) => format!("{} ({})", style.decimal(*value, 3), style.decimal(*se, 3)),
            None => style.decimal(*value, 3),
        },
        Value::Hidden(marker) => marker.clone(),
    }
}

/// A cell as people read it, footnotes included.
fn display_cell(cell: &Cell, style: &NumberStyle) -> String {
    let mut text = display(&cell.value, style);
    for mark in &cell.marks {
        text.push_str(&format!("{}[{mark}]", if text.is_empty() { "" } else { " " }));
    }
    text
}

fn display_remark(remark: &Remark, style: &NumberStyle) -> String {
    let w = style.language;
    match remark {
        Remark::Text(text) => text.clone(),
        Remark::Warning(text) => w.warning(text),
        Remark::Test(name, test) => {
            let chisq = test.chisq.map_or(w.not_available().to_string(), |c| style.decimal(c, 2));
            w.test_line(name, chisq, on_df(test.df, style), with_p(test.p, style))
        }
        Remark::PooledTest(name, test) => {
            let f = test.f.map_or(w.not_available().to_string(), |f| style.decimal(f, 2));
            let df = match (test.df1, test.df2) {
                (Some(df1), Some(df2)) => format!(" {}", w.on_two_df(style.df(df1), style.decimal(df2, 1))),
                (df1, _) => on_df(df1, style),
            };
            w.pooled_line(name, f, df, with_p(test.p, style))
        }
    }
}

/// ` on 3 df`.
fn on_df(df: Option<f64>, style: &NumberStyle) -> String {
    let words = |df: f64| match df {
        1.0 => style.language.on_one_df().to_owned(),
        _ => style.language.on_df(style.df(df)),
    };
    df.map_or(String::new(), |df| format!(" {}", words(df)))
}

/// `, P = 0.034`.
fn with_p(p: Option<f64>, style: &NumberStyle) -> String {
    p.map_or(String::new(), |p| format!(", {}", style.p_equals(p)))
}
