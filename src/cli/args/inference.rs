//! Flags of statements about a fitted model: comparisons of covariate patterns, pooling of imputations.

use crate::error::{Error, Result};
use crate::formula::Comparison;
use crate::pipeline::{ContrastRequest, ModelSettings};
use clap::Args;
use std::path::PathBuf;

/// Statements about the fitted model.
#[derive(Debug, Args)]
#[command(next_help_heading = "Inference (data file; a study file holds the same as keys)")]
pub struct InferenceArgs {
    /// Hazard ratio of one covariate pattern against another, such as 'group=b, age=60 vs group=a, age=50'; may be
    /// repeated. Columns that are not named are equal on both sides
    #[arg(long, value_name = "PATTERN vs PATTERN")]
    pub contrast: Vec<String>,

    /// Column that says which completed data set (imputation) a row of a stacked file belongs to: the model is fitted to each
    /// and pooled by Rubin's rules. Rows of imputation 0, the incomplete original, are left out and counted
    #[arg(long, value_name = "COL", conflicts_with = "imputed")]
    pub imputation: Option<String>,

    /// Further completed data sets beside DATA, one file each, pooled by Rubin's rules
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub imputed: Vec<PathBuf>,
}

impl InferenceArgs {
    /// The flags that were given, for a study file, which says all of it itself.
    pub fn given(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("--contrast", !self.contrast.is_empty()),
            ("--imputation", self.imputation.is_some()),
            ("--imputed", !self.imputed.is_empty()),
        ]
    }

    /// Adds what the flags ask for to the settings of a model.
    pub fn apply(&self, settings: &mut ModelSettings) -> Result<()> {
        settings.contrasts = self.contrast.iter().map(|text| contrast(text)).collect::<Result<_>>()?;
        Ok(())
    }
}

fn contrast(text: &str) -> Result<ContrastRequest> {
    let comparison =
        Comparison::parse(text).map_err(|error| Error::Comparison { origin: "--contrast".to_owned(), error })?;
    Ok(ContrastRequest { label: String::new(), comparison })
}
