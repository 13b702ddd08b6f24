//! Flags of `cohort report`.

use super::FormatArg;
use super::output::{ImageChoice, LookArgs, parse_figure_width, parse_image_format};
use clap::Args;
use std::path::PathBuf;

/// `cohort report`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cohort report results/internal/results.json --format html --out report.html
      One page, readable offline, the same bytes as the run wrote.

  cohort report results/export/results.json --format html,csv --out tables
      Several formats into a folder, under the names that a results folder has.

  cohort report results/internal/results.json
      The tables as text on standard output.

What a results file of export/ had hidden stays hidden. One of internal/ had nothing hidden: keep what comes of it there.")]
pub struct ReportArgs {
    /// A results.json that a run wrote
    #[arg(value_name = "RESULTS")]
    pub results: PathBuf,

    /// Formats, separated by commas [default: by the name of the file after --out, else text]
    #[arg(long, value_enum, value_name = "FORMAT", value_delimiter = ',')]
    pub format: Vec<FormatArg>,

    /// A file for one format, or a folder [default: standard output]
    #[arg(long, short, value_name = "DIR|FILE")]
    pub out: Option<PathBuf>,

    /// Replace files that are there
    #[arg(long, requires = "out")]
    pub overwrite: bool,

    /// Figures too, in these formats: svg, png, pdf; for a folder
    #[arg(long, value_name = "FORMATS", value_delimiter = ',', requires = "out", value_parser = parse_image_format)]
    pub figures: Vec<ImageChoice>,

    /// Width of figures in millimetres: 85 for a column, 170 for a page [default: 170]
    #[arg(long, value_name = "MM", requires = "figures", value_parser = parse_figure_width)]
    pub figure_width: Option<f64>,

    /// Style and language, in place of those of the run
    #[command(flatten)]
    pub look: LookArgs,
}
