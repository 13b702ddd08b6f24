//! The part of a report that fitted models fill: coefficients, tests, warnings.

use super::bootstrap::{Bootstrap, BootstrapInterval};
use super::competing::CompetingRisks;
use super::contrast::Contrast;
use super::curves::{BaselineHazard, StandardisedRisks, SurvivalCurve};
use super::interaction::Interaction;
use super::penalised::{Ridge, WaldStatement, WarningCell};
use super::pooling::Pooling;
use super::terms::{BasisUsed, Collapsed, RatiosAt};
use super::time_varying::TimeVarying;
use super::{FunctionalForm, Matrix, ProportionalHazards, is_false, label_or};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One fitted model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ModelResult {
    /// Short name.
    pub name: String,
    /// What tables print; the name when empty.
    pub label: String,
    /// The formula as written.
    pub formula: String,
    /// Whose conventions filled in what the analysis left open: `r`, `stata` or `sas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// `efron`, `breslow` or `exact`.
    pub ties: String,
    /// Which covariance the standard errors come from: `model`, `robust` or `clustered`.
    pub variance: String,
    /// What was added to the log partial likelihood: `firth` or `ridge`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty: Option<String>,
    /// Where intervals and P values of the coefficients come from: `wald` or `profile` (likelihood).
    pub interval: String,
    /// Column that clusters, if any.
    pub cluster: Option<String>,
    /// Factor on the robust covariance, as `G/(G−1)` for G clusters; `None` for 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_correction: Option<String>,
    /// Column of case weights, if any.
    pub weights: Option<String>,
    /// Terms of the strata, as written.
    pub strata: Vec<String>,
    /// Records used.
    pub n_records: Option<u64>,
    /// Persons used; `None` when records carry no person.
    pub n_persons: Option<u64>,
    /// Events among the records used.
    pub n_events: Option<u64>,
    /// Records left out because a value is missing.
    pub n_missing_dropped: Option<u64>,
    /// Missing values per variable (a record may count in several).
    pub missing: Vec<MissingCount>,
    /// Sum of exit − entry of the records used, in the unit of the data.
    pub person_time: Option<f64>,
    /// Events of the levels of its factors among the records used, where it leaves records out; elsewhere they are those of
    /// the tables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<ModelLevel>,
    /// Whether disclosure control hid counts of this model.
    #[serde(skip_serializing_if = "is_false")]
    pub counts_hidden: bool,
    /// The coefficients, in R's order.
    pub coefficients: Vec<Coefficient>,
    /// Splines and polynomials, with the knots and constants that were used.
    pub bases: Vec<BasisUsed>,
    /// Levels that were merged under new names.
    pub collapsed: Vec<Collapsed>,
    /// Hazard ratios of numbers at values against a reference value.
    pub ratios_at: Vec<RatiosAt>,
    /// Covariance of the coefficients that `se` (or `robust_se` when there is one) comes from.
    pub covariance: Matrix,
    /// Model-based covariance, where `covariance` is robust.
    pub naive_covariance: Option<Matrix>,
    /// Log partial likelihood at the start and at the estimates.
    pub log_partial_likelihood: LogPartialLikelihood,
    /// What was maximised, where a penalty was added to the log partial likelihood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalised: Option<LogPartialLikelihood>,
    /// Ridge terms and what goes with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ridge: Option<Ridge>,
    /// Akaike's criterion.
    pub aic: Option<f64>,
    /// Bayesian criterion with the number of events as size.
    pub bic: Option<f64>,
    /// Tests of all coefficients together.
    pub tests: GlobalTests,
    /// Tests of each term.
    pub terms: Vec<TermTests>,
    /// Concordance.
    pub concordance: Option<Concordance>,
    /// R's centring constants, one per column: the mean, or 0 for a column of only -1, 0 and 1.
    pub means: Vec<Option<f64>>,
    /// Newton-Raphson iterations.
    pub iterations: u32,
    /// Why the iterations stopped, in words.
    pub termination: String,
    /// Whether the fit converged; tables show no estimate of one that did not.
    pub converged: bool,
    /// What needs care, always printed with the model.
    pub warnings: Vec<Warning>,
    /// Test of proportional hazards, when asked for.
    pub proportional_hazards: Option<ProportionalHazards>,
    /// Checks of the functional form of numbers, when asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub functional_form: Vec<FunctionalForm>,
    /// Interaction analyses on top of this model.
    pub interactions: Vec<Interaction>,
    /// Competing events, when the model was told of them.
    pub competing: Option<CompetingRisks>,
    /// Hazard ratios of covariates with a `tt()` along time.
    pub time_varying: Vec<TimeVarying>,
    /// Comparisons of covariate patterns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contrasts: Vec<Contrast>,
    /// Baseline cumulative hazard of every stratum, when asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub baseline_hazard: Vec<BaselineHazard>,
    /// Predicted survival curves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<SurvivalCurve>,
    /// Standardised risks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub standardised: Vec<StandardisedRisks>,
    /// How P values were adjusted for multiplicity: `holm` or `bonferroni`, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<String>,
    /// How the model was resampled, when a bootstrap was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Bootstrap>,
    /// How the estimates came from several completed data sets, where they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooling: Option<Pooling>,
}

/// Missing values of one variable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MissingCount {
    /// Name of the variable.
    pub variable: String,
    /// Records without a value.
    pub records: Option<u64>,
}

/// Events of one level of a factor among the records of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ModelLevel {
    /// Name of the variable.
    pub variable: String,
    /// The level.
    pub level: String,
    /// Its events.
    pub events: Option<u64>,
    /// Whether disclosure control hid them.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// One coefficient.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Coefficient {
    /// R's name: `sexMale`, `sexMale:age`.
    pub name: String,
    /// The term that owns it, as in the formula.
    pub term: String,
    /// What tables print; the name when empty.
    pub label: String,
    /// The same as `name` without R's spelling: one part per variable.
    pub parts: Vec<Part>,
    /// Log hazard ratio.
    pub estimate: Option<f64>,
    /// Model-based standard error.
    pub se: Option<f64>,
    /// Robust standard error, when there is one: then z, p and limits use it.
    pub robust_se: Option<f64>,
    /// Estimate over standard error.
    pub z: Option<f64>,
    /// Two-sided P value.
    pub p: Option<f64>,
    /// Lower limit of the estimate (log scale).
    pub lower: Option<f64>,
    /// Upper limit of the estimate (log scale).
    pub upper: Option<f64>,
    /// exp(estimate).
    pub hr: Option<f64>,
    /// Lower limit of the hazard ratio.
    pub hr_lower: Option<f64>,
    /// Upper limit of the hazard ratio.
    pub hr_upper: Option<f64>,
    /// Limits that do not exist, because the likelihood never falls far enough on that side: `lower`, `upper`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// Likelihood-ratio test that the coefficient is 0, with profile-likelihood intervals: then `p` is its P value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr: Option<TestResult>,
    /// Wald's statements, with profile-likelihood intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wald: Option<WaldStatement>,
    /// Whether the column is a linear combination of earlier ones; then there is no estimate.
    pub aliased: bool,
    /// Whether the estimate runs to plus or minus infinity; then no interval is shown.
    pub infinite: bool,
    /// P value adjusted within its family, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_adjusted: Option<f64>,
    /// What a bootstrap says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapInterval>,
    /// Whether disclosure control hid the estimate.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// One variable's share in a coefficient.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Part {
    /// Name of the variable.
    pub variable: String,
    /// Level of a factor.
    pub level: Option<String>,
    /// The level it is compared with.
    pub versus: Option<String>,
    /// Which family of functions of a number: `natural_spline` and so on, see [`BasisUsed::kind`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Which function of the family, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

/// Log partial likelihood at both ends of the iterations.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogPartialLikelihood {
    /// At the initial coefficients.
    pub null: Option<f64>,
    /// At the estimates.
    pub fitted: Option<f64>,
}

/// One chi-squared test.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TestResult {
    /// The statistic.
    pub chisq: Option<f64>,
    /// Degrees of freedom.
    pub df: Option<f64>,
    /// P value.
    pub p: Option<f64>,
}

/// Tests of all coefficients together.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GlobalTests {
    /// Likelihood ratio.
    pub lr: Option<TestResult>,
    /// Wald.
    pub wald: Option<TestResult>,
    /// Score (log-rank).
    pub score: Option<TestResult>,
    /// Robust score.
    pub robust_score: Option<TestResult>,
}

/// Tests of one term.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TermTests {
    /// The term, as in the formula.
    pub term: String,
    /// What tables print; the term when empty.
    pub label: String,
    /// Wald.
    pub wald: Option<TestResult>,
    /// Likelihood ratio.
    pub lr: Option<TestResult>,
}

/// Harrell's concordance.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Concordance {
    /// Share of concordant pairs, ties counted half.
    pub value: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// Comparable pairs (weighted) whose order the model has right.
    pub concordant: Option<f64>,
    /// Comparable pairs whose order the model has wrong.
    pub discordant: Option<f64>,
    /// Comparable pairs with equal linear predictors.
    pub tied_x: Option<f64>,
    /// Pairs of events at one time with different linear predictors.
    pub tied_y: Option<f64>,
    /// Pairs of events at one time with equal linear predictors.
    pub tied_xy: Option<f64>,
}

/// What needs care in a fit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Warning {
    /// A fixed word for scripts: `infinite_coefficient`, `aliased`, `empty_stratum`, ….
    pub code: String,
    /// The sentence to print: what, and what to do.
    pub message: String,
    /// The term concerned.
    pub term: Option<String>,
    /// The level concerned.
    pub level: Option<String>,
    /// The records behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<WarningCell>,
}

impl Warning {
    /// The sentence to print, with the counts of the records behind it unless they were taken out.
    pub fn text(&self) -> String {
        let Some(cell) = &self.cell else { return self.message.clone() };
        let number = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let (events, records) = (number(cell.events, "event"), number(cell.records, "record"));
        let cell = format!("({}: {events} among {records})", cell.what);
        match self.message.split_once(": ") {
            Some((what, why)) => format!("{what} {cell}: {why}"),
            None => format!("{} {cell}", self.message),
        }
    }
}

impl ModelResult {
    /// What tables call the model.
    pub fn title(&self) -> &str {
        label_or(&self.label, &self.name)
    }

    /// Its warnings and those of its interactions.
    pub fn all_warnings(&self) -> impl Iterator<Item = &Warning> {
        self.warnings.iter().chain(self.interactions.iter().flat_map(|i| &i.warnings))
    }
}

impl Coefficient {
    /// What tables call the coefficient.
    pub fn title(&self) -> &str {
        label_or(&self.label, &self.name)
    }

    /// The statistic that `p` belongs to: the likelihood-ratio χ² where there is one, else z.
    pub fn statistic(&self) -> Option<f64> {
        self.lr.map_or(self.z, |lr| lr.chisq)
    }

    /// The standard error that z, p and the limits use.
    pub fn reported_se(&self) -> Option<f64> {
        self.robust_se.or(self.se)
    }
}

impl TermTests {
    /// What tables call the term.
    pub fn title(&self) -> &str {
        label_or(&self.label, &self.term)
    }
}
