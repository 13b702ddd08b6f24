//! Flags of `cohort build`, and where builds are kept.

use clap::Args;
use std::path::PathBuf;

/// `cohort build`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cohort build study.toml --out pt.parquet --cache ~/builds

pt.build.json and pt.build.txt beside the file hold the flow of persons, the covariates with their missing values, the
checks of the records and what the rules did. With --cache the build is kept, and `cohort fit study.toml --cache ~/builds`
takes it while neither the extracts nor the loader part of the study file changes, and says so. The folder keeps the builds
made last, 10 unless --keep-builds says otherwise.")]
pub struct BuildArgs {
    /// The study file
    #[arg(value_name = "STUDY")]
    pub study: PathBuf,

    /// Person-time file to write: .parquet, .csv or .dta
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,

    /// Replace files that exist
    #[arg(long)]
    pub overwrite: bool,

    /// Folder of the extracts, instead of the one the study file names
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Where person-time is kept for the next run
    #[command(flatten)]
    pub cache: CacheArgs,
}

/// Where builds are kept.
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// Keep person-time in this folder, and take it from there while neither extracts nor loader keys change;
    /// instead of the folder that the study file names
    #[arg(long, value_name = "DIR", help_heading = "Study file")]
    pub cache: Option<PathBuf>,

    /// Keep at most so many builds in that folder, those made last; the study file says 10 unless it says otherwise
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Study file")]
    pub keep_builds: Option<u16>,
}

impl CacheArgs {
    /// Puts the folder that was asked for in place of the study's.
    pub fn apply(&self, study: &mut crate::study::Study) {
        if self.cache.is_some() {
            study.cache.clone_from(&self.cache);
        }
        if let Some(keep) = self.keep_builds {
            study.keep_builds = usize::from(keep);
        }
    }
}
