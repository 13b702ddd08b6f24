//! Models, interaction analyses, disclosure control and the look of results.

use super::Span;
use super::disclosure::Profile;
use super::imputations::ImputedData;
use crate::conventions::Conventions;
use crate::formula::Assignment;
use crate::formula::Comparison;
use crate::house_style::{Language, Style};
use crate::inference::IntervalScale;
use crate::inference::standardise::Covariates;

/// A Cox model on the cohort's person-time.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its name in `results.json` and file names.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// What tables call it.
    pub label: String,
    /// The right side of the formula, over the covariates.
    pub formula: String,
    /// Where the formula's text begins in the study file, inside the quotes; places within the formula add to it.
    pub formula_span: Span,
    /// Whose conventions fill in what the study leaves open.
    pub conventions: Option<Conventions>,
    /// How tied event times are handled; `None`: by the conventions, else Efron.
    pub ties: Option<Ties>,
    /// Whether Firth's penalty is added to the likelihood.
    pub firth: bool,
    /// Where confidence intervals come from; `None`: profile likelihood with Firth's penalty, else Wald.
    pub interval: Option<Interval>,
    /// Labels of the exits that are competing events.
    pub competing: Vec<String>,
    /// What becomes of people with one.
    pub regression: Regression,
    /// Covariate whose levels have censoring of their own, in a Fine-Gray model.
    pub censoring_group: Option<String>,
    /// Who is at risk of being censored where times are tied, in a Fine-Gray model.
    pub censoring_ties: CensoringTies,
    /// Whether its robust variance knows that the weights are estimated.
    pub estimated_weights: bool,
    /// Times at which hazard ratios that change with time are shown.
    pub hr_times: Vec<f64>,
    /// Whether confidence intervals and tests use the robust covariance, with persons as clusters.
    pub robust: bool,
    /// Numeric covariates whose hazard ratios are wanted at values.
    pub ratios_at: Vec<RatiosAt>,
    /// Functions of time against which proportional hazards are tested.
    pub proportional_hazards: Vec<TimeTransform>,
    /// Whether hazard ratios are smoothed over time.
    pub ph_smooth: bool,
    /// Numbers whose functional form is checked.
    pub functional_form: Vec<String>,
    /// Kinds of residuals to write, of [`RESIDUALS`].
    pub residuals: Vec<String>,
    /// Whether residuals are summed over the records of a person.
    pub residuals_by_person: bool,
    /// Small-sample correction of the robust covariance; `None`: by the conventions, else none.
    pub correction: Option<Correction>,
    /// Whether the baseline hazard is reported.
    pub baseline: bool,
    /// Bootstrap by person, if any.
    pub bootstrap: Option<Resampling>,
    /// P values adjusted within their families, if asked for.
    pub adjust: Option<Adjust>,
    /// Kinds of predictions to write for every record, of [`PREDICTIONS`].
    pub predict: Vec<String>,
    /// What their linear predictors compare with.
    pub reference: PredictionReference,
    /// What it is fitted to when a covariate of its formula is imputed; `None` when none is.
    pub imputation: Option<ImputedData>,
}

/// The predictions there are, by R's names.
pub const PREDICTIONS: [&str; 4] = ["lp", "risk", "expected", "survival"];

/// What linear predictors compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PredictionReference {
    /// Mean covariates of all records.
    #[default]
    Sample,
    /// Mean covariates of the record's stratum.
    Strata,
    /// Covariates zero.
    Zero,
}

/// The residuals there are, by R's names.
pub const RESIDUALS: [&str; 7] = ["martingale", "deviance", "score", "dfbeta", "dfbetas", "schoenfeld", "scaledsch"];

/// A factor on the robust covariance that makes up for a small number of clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Correction {
    /// None, as in R.
    #[default]
    None,
    /// G/(G−1), as in Stata.
    Groups,
    /// G/(G−1) · (n−1)/(n−p).
    GroupsAndColumns,
}

/// Hazard ratios of a numeric covariate at values against a reference value.
#[derive(Debug, Clone, PartialEq)]
pub struct RatiosAt {
    /// The covariate.
    pub column: String,
    /// The values; percentiles of the records used when empty.
    pub values: Vec<f64>,
    /// The reference value; the median when absent.
    pub reference: Option<f64>,
}

/// Resamples of persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// How many.
    pub replicates: u32,
    /// Seed of the random numbers.
    pub seed: u64,
}

/// How P values are adjusted for multiplicity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjust {
    /// Holm's step-down method.
    Holm,
    /// Bonferroni's.
    Bonferroni,
}

/// The hazard that a model is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Regression {
    /// The cause-specific hazard; competing events are censored.
    #[default]
    Cox,
    /// The subdistribution hazard of Fine and Gray.
    FineGray,
}

/// Who is at risk of being censored at a time with events, in a Fine-Gray model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CensoringTies {
    /// Those with an event at the time no longer are (R's `finegray`).
    #[default]
    EventsFirst,
    /// Those with an event at the time are too (`cmprsk::crr`).
    Together,
}

/// How tied event times are handled; always stated in the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ties {
    /// Efron's approximation.
    #[default]
    Efron,
    /// Breslow's approximation.
    Breslow,
    /// The exact (discrete) partial likelihood.
    Exact,
}

/// A function of time in a test of proportional hazards; names as in R's `cox.zph`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeTransform {
    /// One minus the Kaplan-Meier estimate.
    Km,
    /// The rank.
    Rank,
    /// The time itself.
    Identity,
    /// Its logarithm.
    Log,
}

impl TimeTransform {
    /// All of them with their names in the study file.
    pub const NAMED: [(&'static str, TimeTransform); 4] = [
        ("km", TimeTransform::Km),
        ("rank", TimeTransform::Rank),
        ("identity", TimeTransform::Identity),
        ("log", TimeTransform::Log),
    ];
}

/// Where confidence intervals of coefficients come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// Estimate and standard error.
    Wald,
    /// The profile likelihood.
    Profile,
}

/// An interaction analysis: the exposure's hazard ratios within the levels of each modifier, each in a model that
/// adds the product of the two to the base model.
#[derive(Debug, Clone)]
pub struct Interaction {
    /// Where it is written.
    pub span: Span,
    /// The exposure, a term of the base model.
    pub exposure: String,
    /// The modifiers, terms of the base model, one analysis each.
    pub modifiers: Vec<String>,
    /// Index of the base model in [`super::Study::models`].
    pub model: usize,
}

/// The hazard ratio of two covariate patterns in a model.
#[derive(Debug, Clone)]
pub struct Contrast {
    /// Where it is written.
    pub span: Span,
    /// What tables call it; the comparison as written where the study gives none.
    pub label: String,
    /// The patterns, over covariates of the model.
    pub comparison: Comparison,
    /// Index of the model in [`super::Study::models`].
    pub model: usize,
}

/// A predicted survival curve.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Where it is written.
    pub span: Span,
    /// What tables call it; its covariates where the study gives none.
    pub label: String,
    /// A value for every covariate of the model.
    pub at: Vec<Assignment>,
    /// Times at which survival is reported, in days (on the age scale since birth).
    pub times: Vec<f64>,
    /// Scale of the limits.
    pub limits: IntervalScale,
    /// Survival or cumulative incidence.
    pub quantity: CurveOf,
    /// Index of the model in [`super::Study::models`].
    pub model: usize,
}

/// What a curve shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CurveOf {
    /// Survival; of a Fine-Gray model the cumulative incidence.
    #[default]
    Survival,
    /// The cumulative incidence in the presence of the competing events of the model.
    CumulativeIncidence,
}

/// Standardised risks of an exposure.
#[derive(Debug, Clone)]
pub struct Standardised {
    /// Where it is written.
    pub span: Span,
    /// The exposure, a factor of the model.
    pub exposure: String,
    /// Times at which risks are reported, in days.
    pub times: Vec<f64>,
    /// The time from which everybody is followed; by default the first entry.
    pub from: Option<f64>,
    /// Whether covariates count as a sample.
    pub covariates: Covariates,
    /// Index of the model in [`super::Study::models`].
    pub model: usize,
}

/// What may leave the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// Where it is written.
    pub span: Span,
    /// The rules of the site that the study names, and what the study makes stricter.
    pub profile: Profile,
}

/// How results look.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportOptions {
    /// The formats to write, in order, without repetition; at least one.
    pub formats: Vec<Format>,
    /// The covariates of the tables, in order; those of the models where the study gives none.
    pub table_variables: Vec<String>,
    /// Rates are per so many person-years.
    pub rate_per: f64,
    /// Confidence level, between 0 and 1.
    pub level: f64,
    /// The language of tables and texts.
    pub language: Language,
    /// How numbers are written; by the language where the study gives none.
    pub style: Style,
    /// The figures to write.
    pub figures: FigureOptions,
}

/// Which figures are written, and how wide.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureOptions {
    /// The formats, in order, without repetition; none for no figures.
    pub formats: Vec<ImageFormat>,
    /// Width of every figure in millimetres.
    pub width_mm: f64,
}

impl FigureOptions {
    /// The narrowest width in millimetres at which labels still have room.
    pub const NARROWEST_MM: f64 = 70.0;
    /// The widest.
    pub const WIDEST_MM: f64 = 400.0;
}

impl Default for FigureOptions {
    fn default() -> FigureOptions {
        FigureOptions { formats: vec![ImageFormat::Svg, ImageFormat::Pdf], width_mm: 170.0 }
    }
}

/// A format of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// Scalable, text as text.
    Svg,
    /// 300 dots per inch.
    Png,
    /// Scalable, font embedded.
    Pdf,
}

impl ImageFormat {
    /// All formats, in the order in which messages list them.
    pub const ALL: [ImageFormat; 3] = [ImageFormat::Svg, ImageFormat::Png, ImageFormat::Pdf];

    /// The name in the study file, and the ending of files.
    pub fn name(self) -> &'static str {
        match self {
            ImageFormat::Svg => "svg",
            ImageFormat::Png => "png",
            ImageFormat::Pdf => "pdf",
        }
    }
}

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Aligned columns for a terminal.
    Text,
    /// Pipe tables.
    Markdown,
    /// One self-contained page.
    Html,
    /// A Word document.
    Docx,
    /// A workbook, one sheet per table.
    Xlsx,
    /// A LaTeX document.
    Latex,
    /// One tidy file per table, numbers at full precision.
    Csv,
    /// `results.json`.
    Json,
}

impl Format {
    /// All formats, in the order in which messages list them.
    pub const ALL: [Format; 8] = [
        Format::Text,
        Format::Markdown,
        Format::Html,
        Format::Docx,
        Format::Xlsx,
        Format::Latex,
        Format::Csv,
        Format::Json,
    ];

    /// The format by its name; `None` when there is none.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| f.name() == name)
    }

    /// The format that a file name ends in; `None` for CSV too, which is one file per table.
    pub fn of_extension(extension: &str) -> Option<Format> {
        match extension.to_ascii_lowercase().as_str() {
            "txt" => Some(Format::Text),
            "md" => Some(Format::Markdown),
            "html" | "htm" => Some(Format::Html),
            "docx" => Some(Format::Docx),
            "xlsx" => Some(Format::Xlsx),
            "tex" => Some(Format::Latex),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    /// Whether it is a file that a terminal cannot show.
    pub fn is_binary(self) -> bool {
        matches!(self, Format::Docx | Format::Xlsx)
    }

    /// As study files and flags write it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Markdown => "markdown",
            Format::Html => "html",
            Format::Docx => "docx",
            Format::Xlsx => "xlsx",
            Format::Latex => "latex",
            Format::Csv => "csv",
            Format::Json => "json",
        }
    }
}
