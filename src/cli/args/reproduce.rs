//! Flags of `cohort reproduce`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `cohort reproduce`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cohort reproduce targets.toml --source-only
      What a printed table says against itself: limits, rates, sums, copied rows. No data are needed.

  cohort reproduce targets.toml --junit junit.xml --markdown $GITHUB_STEP_SUMMARY
      Every number against the study, data file or results.json that the targets file names, in CI.

  cohort reproduce targets.toml --update stored.toml
      What the runs give now, as a targets file: a later `cohort reproduce stored.toml` shows what has moved.

Verdicts: reproduced (equal after rounding to the printed digits), close (within the tolerance of
the targets file), differs, source inconsistent, not covered.

Exit code 0 when every verdict is the one that the targets file expects or, where it expects none,
is neither `differs` nor `source inconsistent`; otherwise 15.")]
pub struct ReproduceArgs {
    /// A targets file (TOML): what was printed, and where; see examples/reproduce
    #[arg(value_name = "TARGETS")]
    pub targets: PathBuf,

    /// Folder of the extracts of study files, instead of the one that targets and study name
    #[arg(long, value_name = "DIR", conflicts_with = "source_only")]
    pub data: Option<PathBuf>,

    /// Examine the print by itself; nothing is read but the targets file and its rows
    #[arg(long)]
    pub source_only: bool,

    /// Numbers that nothing covers count as not reproduced
    #[arg(long)]
    pub strict: bool,

    /// Write a targets file with every number that the runs give now, and give no verdict; tables may be absent
    #[arg(long, value_name = "FILE", conflicts_with = "source_only")]
    pub update: Option<PathBuf>,

    /// What is printed on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub format: VerdictFormat,

    /// Folder for verdicts, results of the runs and a manifest with the times of every step; it must not exist yet
    #[arg(long, short, value_name = "DIR", help_heading = "Output", conflicts_with_all = ["source_only", "update"])]
    pub out: Option<PathBuf>,

    /// Write JUnit XML for a CI system to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub junit: Option<PathBuf>,

    /// Write the verdicts as Markdown to this file, such as a CI job's summary
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub markdown: Option<PathBuf>,

    /// Write the verdicts as JSON to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub json: Option<PathBuf>,
}

/// How verdicts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerdictFormat {
    /// Nothing
    None,
    /// One line a number and a summary
    Text,
    /// Markdown tables
    Markdown,
    /// JSON
    Json,
}
