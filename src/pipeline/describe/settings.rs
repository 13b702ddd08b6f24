//! What a description is asked for, whether a study file or the command line says it.

use super::strata::StrataValues;
use crate::describe::{CurveOptions, HazardEstimator, LogRankWeight, SurvivalEstimator};
use crate::design::{CauseColumn, DesignOptions, Missing};
use crate::engine::NearTies;
use crate::error::{Error, Result};
use crate::formula::Formula;
use crate::inference::{Adjustment, IntervalScale};
use crate::pipeline::TableOneStyle;

/// A description of records.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeSettings {
    /// The formula: times and event on the left, groups (and strata of tests) on the right.
    pub formula: String,
    /// Column of case weights.
    pub weights: Option<String>,
    /// Column of clusters.
    pub cluster: Option<String>,
    /// Column of persons.
    pub id: Option<String>,
    /// Robust standard errors of curves; `None` is R's rule.
    pub robust: Option<bool>,
    /// Reference levels, (column, level): the first group.
    pub references: Vec<(String, String)>,
    /// Levels in order, (column, levels).
    pub levels: Vec<(String, Vec<String>)>,
    /// What happens to records with missing values.
    pub missing: Missing,
    /// Confidence level.
    pub level: f64,
    /// Times that differ by rounding only.
    pub near_ties: NearTies,
    /// The survival curve.
    pub survival: SurvivalEstimator,
    /// The cumulative hazard.
    pub hazard: HazardEstimator,
    /// The scale of limits of probabilities.
    pub interval: IntervalScale,
    /// Times at which survival and cumulative incidence are shown.
    pub times: Vec<f64>,
    /// Quantiles of the time to event.
    pub quantiles: Vec<f64>,
    /// Horizon of the restricted mean.
    pub horizon: Option<f64>,
    /// Whether whole curves are kept.
    pub curve: bool,
    /// Whether they are kept to be drawn, which curves of very many steps are not.
    pub curve_to_draw: bool,
    /// Tests of groups.
    pub tests: Tests,
    /// The column of kinds of events, for cumulative incidence.
    pub competing: Option<CauseColumn>,
    /// Rates.
    pub rates: Option<RateSettings>,
    /// Table 1.
    pub table_one: Option<TableOneSettings>,
}

/// Table 1 of a data file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableOneSettings {
    /// The column whose levels are the groups; without it all persons are one.
    pub by: Option<String>,
    /// The characteristics; without any, the columns on the right side of the formula.
    pub variables: Vec<String>,
    /// What it shows of them.
    pub style: TableOneStyle,
}

/// The columns of a condition; the text itself where it is the name of a column.
fn columns_of_kinds(text: &str) -> Vec<String> {
    match crate::formula::parse::parse(text) {
        Ok(expr) => expr.columns().into_iter().map(str::to_owned).collect(),
        Err(_) => vec![text.to_owned()],
    }
}

/// Tests of groups.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tests {
    /// The log-rank test and its relatives.
    pub weights: Vec<LogRankWeight>,
    /// Whether, and how adjusted, every pair of groups is tested (with the first of `weights`).
    pub pairwise: Option<Adjustment>,
}

/// Rates of groups.
#[derive(Debug, Clone, PartialEq)]
pub struct RateSettings {
    /// Rates are per this many units of person-time.
    pub per: f64,
    /// Person-time is the times divided by this: 365.25 makes years of days.
    pub scale: f64,
    /// A column with the value of a running scale at entry, in the unit of the times divided by `scale` (age in years), and the
    /// breaks of its bands.
    pub bands: Option<(String, Vec<f64>)>,
    /// Columns whose combinations rates are standardised over; the bands' column among them stands for the bands.
    pub standardise: Vec<String>,
    /// The standard.
    pub standard: Standard,
    /// Reference rates by stratum; per how many units of person-time they are.
    pub reference: Option<(StrataValues, f64)>,
}

/// The weights of direct standardisation.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Standard {
    /// The person-time of all groups together.
    #[default]
    All,
    /// The person-time of one group, by its level (or its name where groups have several variables).
    Group(String),
    /// Weights of a file.
    File(StrataValues),
}

impl Default for RateSettings {
    fn default() -> RateSettings {
        RateSettings {
            per: 1000.0,
            scale: 1.0,
            bands: None,
            standardise: Vec::new(),
            standard: Standard::All,
            reference: None,
        }
    }
}

impl DescribeSettings {
    /// The median of the time to event, and nothing else, for the groups of `formula`.
    pub fn new(formula: &str) -> DescribeSettings {
        DescribeSettings {
            formula: formula.to_owned(),
            weights: None,
            cluster: None,
            id: None,
            robust: None,
            references: Vec::new(),
            levels: Vec::new(),
            missing: Missing::Drop,
            level: 0.95,
            near_ties: NearTies::Repair,
            survival: SurvivalEstimator::KaplanMeier,
            hazard: HazardEstimator::NelsonAalen,
            interval: IntervalScale::Log,
            times: Vec::new(),
            quantiles: vec![0.5],
            horizon: None,
            curve: false,
            curve_to_draw: false,
            tests: Tests::default(),
            competing: None,
            rates: None,
            table_one: None,
        }
    }

    /// Every column of the data that the description needs.
    pub fn columns(&self) -> Result<Vec<String>> {
        let formula =
            Formula::parse(&self.formula).map_err(|error| Error::Formula { origin: "--formula".to_owned(), error })?;
        let mut columns: Vec<String> = formula.columns().into_iter().map(|(name, _)| name.to_owned()).collect();
        columns.extend([&self.weights, &self.cluster, &self.id].into_iter().flatten().cloned());
        columns.extend(self.references.iter().map(|(name, _)| name.clone()));
        columns.extend(self.levels.iter().map(|(name, _)| name.clone()));
        columns.extend(self.competing.iter().flat_map(|c| columns_of_kinds(&c.column)));
        if let Some(table) = &self.table_one {
            columns.extend(table.by.iter().chain(&table.variables).cloned());
        }
        if let Some(rates) = &self.rates {
            columns.extend(rates.bands.iter().map(|(name, _)| name.clone()));
            columns.extend(rates.standardise.iter().cloned());
            let files = rates.reference.iter().map(|(values, _)| values).chain(match &rates.standard {
                Standard::File(values) => Some(values),
                _ => None,
            });
            columns.extend(files.flat_map(|values| values.columns.clone()));
        }
        let mut seen = std::collections::BTreeSet::new();
        columns.retain(|name| seen.insert(name.clone()));
        Ok(columns)
    }

    /// What the design needs of them.
    pub fn design_options(&self) -> DesignOptions {
        DesignOptions {
            references: self.references.iter().cloned().collect(),
            levels: self.levels.iter().cloned().collect(),
            weights: self.weights.clone(),
            cluster: self.cluster.clone(),
            id: self.id.clone(),
            robust: self.robust,
            missing: self.missing,
            ..DesignOptions::default()
        }
    }

    /// What curves need of them.
    pub fn curve_options(&self, robust: bool) -> CurveOptions {
        CurveOptions { survival: self.survival, hazard: self.hazard, robust, near_ties: self.near_ties }
    }

    /// The estimate of survival by its name.
    pub fn estimator_name(&self) -> &'static str {
        match (self.survival, self.hazard) {
            (SurvivalEstimator::KaplanMeier, _) => "kaplan-meier",
            (SurvivalEstimator::Exponential, HazardEstimator::NelsonAalen) => "nelson-aalen",
            (SurvivalEstimator::Exponential, HazardEstimator::FlemingHarrington) => "fleming-harrington",
        }
    }
}
