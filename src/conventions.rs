//! What other programs do where an analysis leaves a choice open, so that a result can be held against theirs.
//!
//! | choice | R `coxph` | Stata `stcox` | SAS `PHREG` |
//! |---|---|---|---|
//! | tied event times | Efron | Breslow | Breslow |
//! | when the iterations stop | ℓ changes by less than 1e-9 of itself | ours: a Newton step changes nothing | as Stata |
//! | factor on a robust covariance | none | G/(G−1) | none |
//! | limits of survival (groups) | log | log-log | log-log |
//! | limits of survival (from a model) | log | log-log | log |
//!
//! Sources: R `survival` 3.5, `coxph`, `coxph.control`, `survfit`; Stata Survival Analysis Reference Manual, `stcox` and `sts
//! list`, and the Programming manual, `_robust`, for the factor; SAS/STAT User's Guide, `PHREG` (`TIES=`, `COVS`, `BASELINE CLTYPE=`) and
//! `LIFETEST` (`CONFTYPE=`). What an analysis states itself is done as stated; conventions only fill in.

/// The program whose conventions are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conventions {
    /// R's `survival`.
    R,
    /// Stata's `stcox` and `sts`.
    Stata,
    /// SAS's `PHREG` and `LIFETEST`.
    Sas,
}

impl Conventions {
    /// All, by the names that a study file, the command line and results files use.
    pub const NAMED: [(&'static str, Conventions); 3] =
        [("r", Conventions::R), ("stata", Conventions::Stata), ("sas", Conventions::Sas)];

    /// The name in files.
    pub fn name(self) -> &'static str {
        Conventions::NAMED.iter().find(|(_, c)| *c == self).map_or("", |(name, _)| name)
    }

    /// The conventions of that name.
    pub fn named(name: &str) -> Option<Conventions> {
        Conventions::NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
    }

    /// The command that fits a Cox model there, for tables and the methods text.
    pub fn program(self) -> &'static str {
        match self {
            Conventions::R => "R coxph",
            Conventions::Stata => "Stata stcox",
            Conventions::Sas => "SAS PHREG",
        }
    }

    /// Whether tied event times follow Breslow rather than Efron.
    pub fn has_breslow_ties(self) -> bool {
        self != Conventions::R
    }

    /// Whether the iterations stop where R's do rather than at the maximum.
    pub fn stops_like_r(self) -> bool {
        self == Conventions::R
    }

    /// Whether a robust covariance is multiplied by G/(G−1).
    pub fn corrects_clusters(self) -> bool {
        self == Conventions::Stata
    }

    /// Whether limits of survival from a model are on the scale of the logarithm of the cumulative hazard.
    pub fn has_log_log_model_curves(self) -> bool {
        self == Conventions::Stata
    }

    /// Whether limits of survival of groups are on that scale.
    pub fn has_log_log_group_curves(self) -> bool {
        self != Conventions::R
    }

    /// What the program prints before a test of all coefficients; `test` is a key of `results.json`. `None` where it
    /// has no name for it, because it does not print that test.
    pub fn test_name(self, test: &str) -> Option<&'static str> {
        match (self, test) {
            (Conventions::R, "lr") => Some("Likelihood ratio test"),
            (Conventions::R, "wald") => Some("Wald test"),
            (Conventions::R, "score") => Some("Score (logrank) test"),
            (Conventions::R, "robust_score") => Some("Robust"),
            (Conventions::Stata, "lr") => Some("LR chi2"),
            (Conventions::Stata, "wald") => Some("Wald chi2"),
            (Conventions::Sas, "lr") => Some("Likelihood Ratio"),
            (Conventions::Sas, "wald") => Some("Wald"),
            (Conventions::Sas, "score") => Some("Score"),
            (Conventions::Sas, "robust_score") => Some("Score (Sandwich)"),
            _ => None,
        }
    }
}
