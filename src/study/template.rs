//! The commented study file that `cohort init` writes.

/// A study file with comments, to be changed by hand: two extracts, a wash-out, a first-contact event, covariates,
/// two models and an interaction. It passes [`super::check()`] once its two files exist beside it.
pub const TEMPLATE: &str = include_str!("template.toml");
