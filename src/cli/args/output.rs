//! Flags that say where results go; every command with results has them.

use super::FormatArg;
use clap::Args;
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

    /// What is printed on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub format: FormatArg,
}
