//! Flags of `cohort simulate` on printed tables.

use clap::Args;
use std::path::PathBuf;

/// Which printed table a cohort is made from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "From a printed table")]
pub struct PrintedArgs {
    /// A targets file: write cohorts with the events, person-time and hazard ratios of a printed table, a study for each,
    /// the targets that it must give back, and what was assumed
    #[arg(long, value_name = "TARGETS", conflicts_with_all = ["persons", "truth", "other_claims"])]
    pub from: Option<PathBuf>,

    /// The table, where the targets file has several
    #[arg(long, value_name = "NAME", requires = "from")]
    pub table: Option<String>,

    /// The outcome [default: all, a cohort for each]
    #[arg(long, value_name = "WORDS", requires = "from")]
    pub outcome: Option<String>,

    /// The stratum [default: all, a cohort for each]
    #[arg(long, value_name = "WORDS", requires = "from")]
    pub stratum: Option<String>,

    /// The model whose hazard ratios the cohort is to have [default: the first]
    #[arg(long, value_name = "NAME", requires = "from")]
    pub model: Option<String>,
}
