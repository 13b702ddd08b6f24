//! What a study says of Table 1.

use super::Span;

/// `[table_one]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableOne {
    /// Where it is written.
    pub span: Span,
    /// The covariate whose levels are the groups; `None`: all persons together.
    pub by: Option<String>,
    /// The characteristics, in order; the table variables where there are none.
    pub variables: Vec<String>,
    /// How numbers are summed up.
    pub numbers: Numbers,
    /// Which groups standardised differences compare.
    pub differences: Differences,
}

/// How numbers are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// Mean and standard deviation.
    Mean,
    /// Median and quartiles.
    Median,
    /// Both, a row each.
    #[default]
    Both,
}

impl Numbers {
    /// All of them with their names in study files and flags.
    pub const NAMED: [(&'static str, Numbers); 3] =
        [("mean", Numbers::Mean), ("median", Numbers::Median), ("both", Numbers::Both)];

    /// The name.
    pub fn name(self) -> &'static str {
        Numbers::NAMED.iter().find(|(_, n)| *n == self).map_or("both", |(name, _)| name)
    }
}

/// Which groups standardised differences compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Differences {
    /// All pairs; the largest is shown.
    #[default]
    Pairs,
    /// Every group with the first.
    Reference,
    /// None.
    None,
}

impl Differences {
    /// All of them with their names in study files and flags.
    pub const NAMED: [(&'static str, Differences); 3] =
        [("pairs", Differences::Pairs), ("reference", Differences::Reference), ("none", Differences::None)];

    /// The name.
    pub fn name(self) -> &'static str {
        Differences::NAMED.iter().find(|(_, d)| *d == self).map_or("pairs", |(name, _)| name)
    }
}
