//! Flags of diagnostics: what a model says about its assumptions.

use crate::conventions::Conventions;
use crate::engine::{ClusterCorrection, TimeTransform};
use crate::pipeline::{DiagnosticSettings, FormSettings, ResidualKind, ResidualSettings};
use clap::{Args, ValueEnum};

/// Diagnostics of a model on a data file.
#[derive(Debug, Clone, Default, Args)]
pub struct DiagnosticArgs {
    /// Test proportional hazards against these functions of time, comma separated: the exact score test of R's cox.zph,
    /// per term, per coefficient and global
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', help_heading = "Diagnostics (data file)")]
    pub ph: Vec<TransformArg>,

    /// Smooth the scaled Schoenfeld residuals over time: hazard ratios as they change, at times by which shares of the events
    /// have happened, and as curves in results.json (the first function of --ph, km where none is given)
    #[arg(long, help_heading = "Diagnostics (data file)")]
    pub ph_smooth: bool,

    /// Check how these numbers enter the model by cumulative martingale residuals, comma separated
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Diagnostics (data file)")]
    pub functional_form: Vec<String>,

    /// Simulated paths of --functional-form [default: 1000]
    #[arg(long, value_name = "N", requires = "functional_form", help_heading = "Diagnostics (data file)",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub form_paths: Option<u32>,

    /// Seed of --functional-form [default: 1]
    #[arg(long, value_name = "S", requires = "functional_form", help_heading = "Diagnostics (data file)")]
    pub form_seed: Option<u64>,

    /// Write these residuals, comma separated, to internal/residuals_*.parquet of the results folder: one row per record
    /// (schoenfeld, scaledsch: per event) with the row number of the data file
    #[arg(
        long,
        value_name = "LIST",
        value_enum,
        value_delimiter = ',',
        requires = "out",
        help_heading = "Diagnostics (data file)"
    )]
    pub residuals: Vec<ResidualArg>,

    /// Sum residuals over the records with the same value (R's collapse); one row per value, with the row number of its first
    /// record
    #[arg(long, value_name = "COL", requires = "residuals", help_heading = "Diagnostics (data file)")]
    pub residuals_by: Option<String>,

    /// Multiply all residuals by the case weights (dfbeta and dfbetas always are)
    #[arg(long, requires = "residuals", help_heading = "Diagnostics (data file)")]
    pub residuals_weighted: bool,

    /// Factor on the robust covariance that makes up for few clusters [default: none]
    #[arg(long, value_enum, value_name = "RULE", help_heading = super::MODEL)]
    pub cluster_correction: Option<CorrectionArg>,
}

/// Kinds of residuals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResidualArg {
    /// Observed minus expected events
    Martingale,
    /// Martingale residuals made symmetric
    Deviance,
    /// Share in the score
    Score,
    /// Change of each coefficient without the record
    Dfbeta,
    /// The same in standard errors
    Dfbetas,
    /// Covariates minus their mean over the risk set
    Schoenfeld,
    /// The same scaled, plus the coefficient
    Scaledsch,
}

/// Small-sample corrections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CorrectionArg {
    /// None, as R
    None,
    /// G/(G-1) for G clusters, as Stata's stcox
    G,
    /// G/(G-1) times (n-1)/(n-p) for n records and p coefficients
    Cr1,
}

/// Functions of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TransformArg {
    /// One minus the Kaplan-Meier estimate just before the time
    Km,
    /// The rank of the time
    Rank,
    /// The time itself
    Identity,
    /// Its logarithm
    Log,
    /// All four
    All,
}

impl DiagnosticArgs {
    /// Every flag, and whether it was given.
    pub fn given(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("--ph", !self.ph.is_empty()),
            ("--ph-smooth", self.ph_smooth),
            ("--functional-form", !self.functional_form.is_empty()),
            ("--form-paths", self.form_paths.is_some()),
            ("--form-seed", self.form_seed.is_some()),
            ("--residuals", !self.residuals.is_empty()),
            ("--residuals-by", self.residuals_by.is_some()),
            ("--residuals-weighted", self.residuals_weighted),
            ("--cluster-correction", self.cluster_correction.is_some()),
        ]
    }

    /// The flags as settings.
    pub fn settings(&self) -> DiagnosticSettings {
        let mut transforms: Vec<TimeTransform> = Vec::new();
        for transform in self.ph.iter().flat_map(|arg| arg.transforms()) {
            if !transforms.contains(transform) {
                transforms.push(*transform);
            }
        }
        if self.ph_smooth && transforms.is_empty() {
            transforms.push(TimeTransform::KaplanMeier);
        }
        let residuals = ResidualSettings {
            kinds: self.residuals.iter().map(|arg| arg.kind()).collect(),
            by: self.residuals_by.clone(),
            weighted: self.residuals_weighted,
        };
        let form = FormSettings::default();
        let functional_form = FormSettings {
            columns: self.functional_form.clone(),
            n_paths: self.form_paths.unwrap_or(form.n_paths),
            seed: self.form_seed.unwrap_or(form.seed),
        };
        DiagnosticSettings { proportional_hazards: transforms, smooth: self.ph_smooth, functional_form, residuals }
    }

    /// The correction of the robust covariance.
    pub fn correction(&self, like: Option<Conventions>) -> ClusterCorrection {
        match self.cluster_correction {
            None if like.is_some_and(Conventions::corrects_clusters) => ClusterCorrection::Groups,
            None | Some(CorrectionArg::None) => ClusterCorrection::None,
            Some(CorrectionArg::G) => ClusterCorrection::Groups,
            Some(CorrectionArg::Cr1) => ClusterCorrection::GroupsAndColumns,
        }
    }
}

impl ResidualArg {
    fn kind(self) -> ResidualKind {
        match self {
            ResidualArg::Martingale => ResidualKind::Martingale,
            ResidualArg::Deviance => ResidualKind::Deviance,
            ResidualArg::Score => ResidualKind::Score,
            ResidualArg::Dfbeta => ResidualKind::Dfbeta,
            ResidualArg::Dfbetas => ResidualKind::Dfbetas,
            ResidualArg::Schoenfeld => ResidualKind::Schoenfeld,
            ResidualArg::Scaledsch => ResidualKind::ScaledSchoenfeld,
        }
    }
}

impl TransformArg {
    fn transforms(self) -> &'static [TimeTransform] {
        match self {
            TransformArg::Km => &[TimeTransform::KaplanMeier],
            TransformArg::Rank => &[TimeTransform::Rank],
            TransformArg::Identity => &[TimeTransform::Identity],
            TransformArg::Log => &[TimeTransform::Log],
            TransformArg::All => &TimeTransform::ALL,
        }
    }
}
