//! Flags of diagnostics: what a model says about its assumptions.

use crate::engine::TimeTransform;
use crate::pipeline::DiagnosticSettings;
use clap::{Args, ValueEnum};

/// Diagnostics of a model on a data file.
#[derive(Debug, Clone, Default, Args)]
pub struct DiagnosticArgs {
    /// Test proportional hazards against these functions of time, comma separated: the exact score test of R's cox.zph,
    /// per term, per coefficient and global
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', help_heading = "Diagnostics (data file)")]
    pub ph: Vec<TransformArg>,
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
        vec![("--ph", !self.ph.is_empty())]
    }

    /// The flags as settings.
    pub fn settings(&self) -> DiagnosticSettings {
        let mut transforms: Vec<TimeTransform> = Vec::new();
        for transform in self.ph.iter().flat_map(|arg| arg.transforms()) {
            if !transforms.contains(transform) {
                transforms.push(*transform);
            }
        }
        DiagnosticSettings { proportional_hazards: transforms, ..DiagnosticSettings::default() }
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
