//! Flags of the likelihood: Firth's correction and where intervals come from.

use crate::pipeline::{BiasCorrection, IntervalMethod, ModelSettings};
use clap::{Args, ValueEnum};

/// Likelihoods other than the plain one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Likelihood (data file; a study file holds the same as keys)")]
pub struct LikelihoodArgs {
    /// Firth's penalised likelihood: finite estimates when a level has no event, or only events, and less bias when events
    /// are few. Tests compare penalised likelihoods; intervals are profile-likelihood ones unless --ci says otherwise
    #[arg(long)]
    pub firth: bool,

    /// Where intervals and P values of coefficients come from [default: wald; with --firth: profile]
    #[arg(long, value_enum, value_name = "METHOD")]
    pub ci: Option<CiArg>,
}

/// Interval methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CiArg {
    /// Estimate plus or minus so many standard errors
    Wald,
    /// Profile likelihood: the values that a likelihood-ratio test does not reject
    Profile,
}

impl LikelihoodArgs {
    /// The flags that were given, for a study file, which says all of it itself.
    pub fn given(&self) -> Vec<(&'static str, bool)> {
        vec![("--firth", self.firth), ("--ci", self.ci.is_some())]
    }

    /// Puts them into the settings of a model.
    pub fn apply(&self, settings: &mut ModelSettings) {
        if self.firth {
            settings.bias_correction = BiasCorrection::Firth;
        }
        settings.interval = self.ci.map(|ci| match ci {
            CiArg::Wald => IntervalMethod::Wald,
            CiArg::Profile => IntervalMethod::Profile,
        });
    }
}
