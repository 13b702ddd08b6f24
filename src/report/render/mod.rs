//! From tables to bytes, one file per format. Renderers write values in their style and never compute or choose.

pub mod csv;
pub mod json;
pub mod markdown;
pub mod text;

use super::number::NumberStyle;
use super::tables::{Cell, Remark, Value};
use super::{Report, tables};
use crate::study;

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Aligned columns for a terminal.
    Text,
    /// Pipe tables.
    Markdown,
    /// One tidy file per table, numbers at full precision.
    Csv,
    /// `results.json`.
    Json,
}

impl Format {
    /// The format by its name; `None` when there is none.
    pub fn named(name: &str) -> Option<Format> {
        [Format::Text, Format::Markdown, Format::Csv, Format::Json].into_iter().find(|f| f.name() == name)
    }

    /// The format of a checked study.
    pub fn of_study(format: study::Format) -> Format {
        match format {
            study::Format::Text => Format::Text,
            study::Format::Markdown => Format::Markdown,
            study::Format::Csv => Format::Csv,
            study::Format::Json => Format::Json,
        }
    }

    /// As study files and flags write it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Markdown => "markdown",
            Format::Csv => "csv",
            Format::Json => "json",
        }
    }
}

/// The report as one text in a format. CSV holds every table after a line with its name, for a stream; the results
/// folder has one file per table instead.
pub fn render(report: &Report, format: Format, style: &NumberStyle, width: usize) -> String {
    match format {
        Format::Text => text::document(&tables::document(report), style, width),
        Format::Markdown => markdown::document(&tables::document(report), style),
        Format::Csv => csv::stream(&tables::data_tables(report)),
        Format::Json => json::results(report),
    }
}

/// The report in brief, as text.
pub fn summary(report: &Report, style: &NumberStyle, width: usize) -> String {
    text::document(&tables::summary(report), style, width)
}

/// A value as people read it.
fn display(value: &Value, style: &NumberStyle) -> String {
    let w = style.language;
    match value {
        Value::Empty => String::new(),
        Value::Text(text) => text.clone(),
        Value::Count(n) => style.count(*n),
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
    df.map_or(String::new(), |df| format!(" {}", style.language.on_df(style.df(df))))
}

/// `, P = 0.034`.
fn with_p(p: Option<f64>, style: &NumberStyle) -> String {
    p.map_or(String::new(), |p| format!(", {}", style.p_equals(p)))
}
