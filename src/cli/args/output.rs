//! Flags that say where results go; every command with results has them.

use super::FormatArg;
use crate::house_style::{Language, Style};
use crate::report::Settings;
use crate::study::{FigureOptions, ImageFormat};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;

/// Where results go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Folder for the results; it must not exist yet
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Replace an existing results folder; the old one is kept until the new one is complete
    #[arg(long, requires = "out")]
    pub overwrite: bool,

    /// Write the results as JSON to this file, or to standard output with "-"
    #[arg(long, value_name = "FILE|-")]
    pub json: Option<PathBuf>,

    /// Formats of the figures in the results folder: svg, png, pdf, or none [default: svg,pdf, or as the study file says]
    #[arg(long, value_name = "FORMATS", value_delimiter = ',', requires = "out", value_parser = parse_image_format)]
    pub figures: Option<Vec<ImageChoice>>,

    /// Width of figures in millimetres: 85 for a column, 170 for a page [default: 170, or as the study file says]
    #[arg(long, value_name = "MM", requires = "out", value_parser = parse_figure_width)]
    pub figure_width: Option<f64>,

    /// What is printed on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub format: FormatArg,

    /// Style and language
    #[command(flatten)]
    pub look: LookArgs,
}

/// How results look to people.
#[derive(Debug, Args)]
pub struct LookArgs {
    /// How numbers are written for people, as a journal has them; by default as the study file says, or by the language
    #[arg(long, value_name = "STYLE", value_parser = styles())]
    pub style: Option<Style>,

    /// Language of tables and texts; by default as the study file says, or English
    #[arg(long, value_name = "LANGUAGE", value_parser = languages())]
    pub language: Option<Language>,
}

impl LookArgs {
    /// Puts the language and style that were asked for in place of the study's. Data files do not depend on them.
    pub fn restyle(&self, settings: &mut Settings) {
        let by_language = settings.style == settings.language.style();
        settings.language = self.language.unwrap_or(settings.language);
        settings.style = match self.style {
            Some(style) => style,
            None if by_language => settings.language.style(),
            None => settings.style,
        };
    }
}

fn styles() -> impl TypedValueParser<Value = Style> {
    named(&Style::NAMED)
}

fn languages() -> impl TypedValueParser<Value = Language> {
    named(&Language::NAMED)
}

/// One of some values, by its name.
pub(super) fn named<T: Copy + Default + Send + Sync + 'static>(
    known: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    let find =
        move |text: String| known.iter().find(|(name, _)| *name == text).map_or(T::default(), |(_, value)| *value);
    PossibleValuesParser::new(known.iter().map(|(name, _)| *name)).map(find)
}

/// A format of figures, or none of them.
pub type ImageChoice = Option<ImageFormat>;

impl OutputArgs {
    /// Whether a data file's results get figures.
    pub fn draws_figures(&self) -> bool {
        self.out.is_some() && !self.figure_options(&FigureOptions::default()).formats.is_empty()
    }

    /// The figures to write: what the flags say, else what the study file or the program says.
    pub fn figure_options(&self, otherwise: &FigureOptions) -> FigureOptions {
        let formats = match &self.figures {
            Some(choices) => ImageFormat::ALL.into_iter().filter(|f| choices.contains(&Some(*f))).collect(),
            None => otherwise.formats.clone(),
        };
        FigureOptions { formats, width_mm: self.figure_width.unwrap_or(otherwise.width_mm) }
    }
}

pub(super) fn parse_image_format(text: &str) -> Result<ImageChoice, String> {
    match ImageFormat::ALL.into_iter().find(|f| f.name() == text) {
        Some(format) => Ok(Some(format)),
        None if text == "none" => Ok(None),
        None => Err("expected svg, png, pdf or none".to_owned()),
    }
}

pub(super) fn parse_figure_width(text: &str) -> Result<f64, String> {
    let (narrowest, widest) = (FigureOptions::NARROWEST_MM, FigureOptions::WIDEST_MM);
    match text.parse::<f64>() {
        Ok(width) if (narrowest..=widest).contains(&width) => Ok(width),
        _ => Err(format!("expected millimetres from {narrowest} to {widest}, such as 85 or 170")),
    }
}
