//! Flags of statements about a fitted model: comparisons of covariate patterns, bootstrap, pooling of imputations.

use crate::error::{Error, Result};
use crate::formula::Comparison;
use crate::inference::bootstrap::Plan;
use crate::inference::multiplicity::Adjustment;
use crate::pipeline::{ContrastRequest, ModelSettings};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Statements about the fitted model.
#[derive(Debug, Args)]
#[command(next_help_heading = "Inference (data file; a study file holds the same as keys)")]
pub struct InferenceArgs {
    /// Hazard ratio of one covariate pattern against another, such as 'group=b, age=60 vs group=a, age=50'; may be
    /// repeated. Columns that are not named are equal on both sides
    #[arg(long, value_name = "PATTERN vs PATTERN")]
    pub contrast: Vec<String>,

    /// Bootstrap with this many replicates: intervals of hazard ratios, comparisons, RERI, AP and S from fits to resampled
    /// clusters (--cluster), persons (--id) or records, drawn within strata
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(2..=1_000_000), conflicts_with_all = ["imputation", "imputed"])]
    pub bootstrap: Option<u32>,

    /// Seed of the bootstrap; the same seed gives the same bytes [default: 1]
    #[arg(long, value_name = "S", requires = "bootstrap")]
    pub seed: Option<u64>,

    /// Also show P values adjusted within each family: the coefficients of a term, the comparisons, the hazard ratios of an
    /// interaction table
    #[arg(long, value_enum, value_name = "METHOD")]
    pub adjust: Option<AdjustArg>,

    /// Column that says which completed data set (imputation) a row of a stacked file belongs to: the model is fitted to each
    /// and pooled by Rubin's rules. Rows of imputation 0, the incomplete original, are left out and counted
    #[arg(long, value_name = "COL", conflicts_with = "imputed")]
    pub imputation: Option<String>,

    /// Further completed data sets beside DATA, one file each, pooled by Rubin's rules
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub imputed: Vec<PathBuf>,
}

/// Adjustments for multiplicity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AdjustArg {
    /// Holm's step-down method
    Holm,
    /// Bonferroni's: each P value times the number of tests
    Bonferroni,
}

impl InferenceArgs {
    /// The flags that were given, for a study file, which says all of it itself.
    pub fn given(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("--contrast", !self.contrast.is_empty()),
            ("--bootstrap", self.bootstrap.is_some()),
            ("--adjust", self.adjust.is_some()),
            ("--imputation", self.imputation.is_some()),
            ("--imputed", !self.imputed.is_empty()),
        ]
    }

    /// Adds what the flags ask for to the settings of a model.
    pub fn apply(&self, settings: &mut ModelSettings) -> Result<()> {
        let seed = self.seed.unwrap_or(1);
        settings.bootstrap = self.bootstrap.map(|replicates| Plan { replicates, seed });
        settings.adjust = self.adjust.map(|method| match method {
            AdjustArg::Holm => Adjustment::Holm,
            AdjustArg::Bonferroni => Adjustment::Bonferroni,
        });
        settings.contrasts = self.contrast.iter().map(|text| contrast(text)).collect::<Result<_>>()?;
        Ok(())
    }
}

fn contrast(text: &str) -> Result<ContrastRequest> {
    let comparison =
        Comparison::parse(text).map_err(|error| Error::Comparison { origin: "--contrast".to_owned(), error })?;
    Ok(ContrastRequest { label: String::new(), comparison })
}
