//! Statements about a fitted model: tests, contrasts, hazard ratios within levels of a modifier, additive interaction.
//!
//! | file | what |
//! |---|---|
//! | [`hypothesis`] | tail probabilities and quantiles; [`Estimate`] and [`ChiSquared`] |
//! | [`contrast`] | linear combinations of coefficients; Wald tests of several |
//! | [`comparison`] | the hazard ratio of any two covariate patterns |
//! | [`values`] | a number against a reference value of itself, along a curve |
//! | [`proportionality`], [`smooth`] | score tests of proportional hazards; smooths with bands |
//! | [`summary`] | coefficients, global tests, tests per term, information criteria |
//! | [`profile`] | profile-likelihood intervals and likelihood-ratio tests of single coefficients |
//! | [`ridge`] | effective degrees of freedom of ridge fits, tests with them |
//! | [`mod@warnings`] | what needs care, in words |
//! | [`interaction`] | exposure by modifier: within levels, against a joint reference, ratios, joint tests, RERI, AP, S |
//! | [`prediction`] | linear predictors of persons, by term, with standard errors |
//! | [`multiplicity`] | P values adjusted for the number of tests |
//! | [`standardise`] | standardised risks and mean times, differences and ratios, with intervals |
//! | [`step`] | step functions of time: limits of a probability, values at given times, quantiles |
//! | [`pooling`], [`pooled_likelihood`] | Rubin's rules for completed data sets, likelihood-ratio tests over them |
//! | [`bootstrap`] | resampled fits, and intervals from them |
//!
//! Everything here reads a [`crate::engine::CoxFit`] and [`crate::design::ModelColumns`]; records are seen only through
//! [`crate::engine::Prepared`], for likelihood-ratio and score tests. Standard errors are the robust ones where a fit has them.

pub mod bootstrap;
pub mod comparison;
pub mod contrast;
pub mod hypothesis;
pub mod interaction;
pub mod multiplicity;
pub mod nested;
pub mod pooled_likelihood;
pub mod pooling;
pub mod prediction;
pub mod profile;
pub mod proportionality;
pub mod ridge;
pub mod smooth;
pub mod standardise;
pub mod step;
pub mod summary;
mod time_varying;
pub mod values;
pub mod warnings;

pub use comparison::Contrast;
pub use contrast::{linear_combination, wald};
pub use hypothesis::{ChiSquared, Estimate};
pub use interaction::{AdditiveInteraction, Axis, Cell, Interaction, InteractionError, Point, Quantity, Standing};
pub use multiplicity::Adjustment;
pub use profile::{ProfiledCoefficient, profiled};
pub use proportionality::{ProportionalHazards, proportional_hazards};
pub use ridge::{RidgeSummary, ridge_summary};
pub use step::IntervalScale;
pub use summary::{CoefficientSummary, GlobalTests, LikelihoodRatio, Summary, TermTests, summarise};
pub use time_varying::{HazardRatioAt, TimeVaryingEffect, When, time_varying_effects};
pub use values::{ValueRatio, ValuesError, ratios_at};
pub use warnings::{ModelWarning, warnings};
