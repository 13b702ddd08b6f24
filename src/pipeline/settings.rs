//! What one model is asked for, whether a study file or the command line says it.

use super::competing::CompetingSettings;
use super::curves::PredictionSettings;
use super::diagnostics::DiagnosticSettings;
use crate::conventions::Conventions;
use crate::design::ridge;
use crate::design::{Built, Collapse, DesignOptions, Missing};
use crate::engine::{ClusterCorrection, Convergence, FitOptions, NearTies, Penalty, Ties};
use crate::error::{Error, Result};
use crate::formula::{Comparison, Formula};
use crate::inference::bootstrap::Plan;
use crate::inference::multiplicity::Adjustment;
use indexmap::IndexMap;

/// What is done about coefficients that run to infinity, and about the bias of few events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BiasCorrection {
    /// Nothing: they are named, and have no interval.
    #[default]
    None,
    /// Firth's penalised likelihood.
    Firth,
}

/// Where intervals and P values of coefficients come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalMethod {
    /// Estimate and standard error.
    Wald,
    /// The (penalised) profile likelihood.
    Profile,
}

/// One Cox model on a table of records.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSettings {
    /// Short name, for results files.
    pub name: String,
    /// What tables print; the name where empty.
    pub label: String,
    /// The formula, with a left side unless the table is that of a study.
    pub formula: String,
    /// Whose conventions filled in what was left open; tests are then named as there.
    pub conventions: Option<Conventions>,
    /// Tie rule.
    pub ties: Ties,
    /// Column of case weights.
    pub weights: Option<String>,
    /// Column of clusters.
    pub cluster: Option<String>,
    /// Column of persons.
    pub id: Option<String>,
    /// Robust variance; `None` is R's rule.
    pub robust: Option<bool>,
    /// Reference levels, (column, level).
    pub references: Vec<(String, String)>,
    /// Levels in order, (column, levels).
    pub levels: Vec<(String, Vec<String>)>,
    /// Levels merged under new names, before all else.
    pub collapse: Vec<Collapse>,
    /// What happens to records with missing values.
    pub missing: Missing,
    /// Confidence level.
    pub level: f64,
    /// Columns whose hazard ratios are wanted at values; curves get a table without being asked for.
    pub ratios_at: Vec<RatiosAtRequest>,
    /// Interaction analyses of terms that the formula has.
    pub interactions: Vec<InteractionRequest>,
    /// P values adjusted within their families.
    pub adjust: Option<Adjustment>,
    /// Bootstrap by cluster, person or record.
    pub bootstrap: Option<Plan>,
    /// Comparisons of two covariate patterns.
    pub contrasts: Vec<ContrastRequest>,
    /// Baseline hazard, curves, standardised risks, predictions.
    pub predictions: PredictionSettings,
    /// Most Newton-Raphson steps.
    pub max_iterations: u32,
    /// Convergence criterion.
    pub tolerance: f64,
    /// Starting coefficients; zeros where absent.
    pub initial: Option<Vec<f64>>,
    /// Near-tie rule.
    pub near_ties: NearTies,
    /// Stopping rule.
    pub convergence: Convergence,
    /// What the model is asked to say about its assumptions.
    pub diagnostics: DiagnosticSettings,
    /// Small-sample correction of a robust covariance.
    pub correction: ClusterCorrection,
    /// Competing events, where the model is told of them.
    pub competing: Option<CompetingSettings>,
    /// Times at which hazard ratios that change with time are shown; the quartiles of the event times where empty.
    pub times: Vec<f64>,
    /// Firth's correction.
    pub bias_correction: BiasCorrection,
    /// Intervals of coefficients; `None`: profile likelihood with Firth's correction, otherwise Wald.
    pub interval: Option<IntervalMethod>,
}

/// Hazard ratios of an exposure within a modifier.
#[derive(Debug, Clone, PartialEq)]
pub struct InteractionRequest {
    /// Column of the exposure.
    pub exposure: String,
    /// Column of the modifier.
    pub modifier: String,
    /// Values of a numeric modifier.
    pub at: Vec<f64>,
}

/// The hazard ratio of two covariate patterns.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastRequest {
    /// What tables print; the comparison as written where empty.
    pub label: String,
    /// The patterns.
    pub comparison: Comparison,
}

/// Hazard ratios of a number at values against a reference value.
#[derive(Debug, Clone, PartialEq)]
pub struct RatiosAtRequest {
    /// Column of the data.
    pub column: String,
    /// The values; the 5th, 25th, 50th, 75th and 95th percentile of the used records when empty.
    pub values: Vec<f64>,
    /// The reference value; the median of the used records when absent.
    pub reference: Option<f64>,
}

impl ModelSettings {
    /// A model with every setting at its default: Efron ties, 95 % limits, complete case.
    pub fn new(formula: &str) -> ModelSettings {
        let fit = FitOptions::default();
        ModelSettings {
            name: "model".to_owned(),
            label: String::new(),
            formula: formula.to_owned(),
            conventions: None,
            ties: fit.ties,
            weights: None,
            cluster: None,
            id: None,
            robust: None,
            references: Vec::new(),
            levels: Vec::new(),
            collapse: Vec::new(),
            missing: Missing::Drop,
            level: 0.95,
            ratios_at: Vec::new(),
            interactions: Vec::new(),
            adjust: None,
            bootstrap: None,
            contrasts: Vec::new(),
            predictions: PredictionSettings::default(),
            max_iterations: fit.max_iterations,
            tolerance: fit.tolerance,
            initial: None,
            near_ties: NearTies::Repair,
            convergence: fit.convergence,
            diagnostics: DiagnosticSettings::default(),
            correction: ClusterCorrection::None,
            competing: None,
            times: Vec::new(),
            bias_correction: BiasCorrection::None,
            interval: None,
        }
    }

    /// Every column of the data that the model needs: those of the formula, and those of the other settings.
    pub fn columns(&self) -> Result<Vec<String>> {
        let formula =
            Formula::parse(&self.formula).map_err(|error| Error::Formula { origin: "--formula".to_owned(), error })?;
        let mut columns: Vec<String> = formula.columns().into_iter().map(|(name, _)| name.to_owned()).collect();
        columns.extend([&self.weights, &self.cluster, &self.id].into_iter().flatten().cloned());
        columns.extend(self.diagnostics.residuals.by.clone());
        columns.extend(self.diagnostics.functional_form.columns.clone());
        columns.extend(self.references.iter().map(|(name, _)| name.clone()));
        columns.extend(self.levels.iter().map(|(name, _)| name.clone()));
        columns.extend(self.interactions.iter().flat_map(|i| [i.exposure.clone(), i.modifier.clone()]));
        columns.extend(self.collapse.iter().map(|rule| rule.column.clone()));
        columns.extend(self.ratios_at.iter().map(|r| r.column.clone()));
        if let Some(competing) = &self.competing {
            // A condition that cannot be read names no column here; the design shows its fault.
            let condition = crate::formula::parse::parse(&competing.condition).ok();
            columns.extend(condition.iter().flat_map(|c| c.columns()).map(str::to_owned));
            columns.extend(competing.censoring_group.clone());
        }
        let mut seen = std::collections::BTreeSet::new();
        columns.retain(|name| seen.insert(name.clone()));
        Ok(columns)
    }

    /// What the design needs of them.
    pub fn design_options(&self) -> DesignOptions {
        DesignOptions {
            references: self.references.iter().cloned().collect(),
            levels: self.levels.iter().cloned().collect::<IndexMap<_, _>>(),
            collapse: self.collapse.clone(),
            weights: self.weights.clone(),
            cluster: self.cluster.clone(),
            id: self.id.clone(),
            // The weights of Fine and Gray make R's `coxph` report the robust variance.
            robust: self.robust.or(self.is_fine_gray().then_some(true)),
            missing: self.missing,
            competing: self.competing.as_ref().map(|c| c.condition.clone()),
            censoring_group: self.competing.as_ref().and_then(|c| c.censoring_group.clone()),
        }
    }

    /// Where intervals of coefficients come from.
    pub fn interval(&self) -> IntervalMethod {
        match self.bias_correction {
            BiasCorrection::Firth => self.interval.unwrap_or(IntervalMethod::Profile),
            BiasCorrection::None => self.interval.unwrap_or(IntervalMethod::Wald),
        }
    }

    /// What the engine needs of them, with what the design says: the variance and the penalty.
    pub fn fit_options(&self, built: &Built) -> FitOptions {
        FitOptions {
            ties: self.ties,
            robust: built.robust,
            correction: self.correction,
            max_iterations: self.max_iterations,
            tolerance: self.tolerance,
            convergence: self.convergence,
            initial: self.initial.clone(),
            penalty: match self.bias_correction {
                BiasCorrection::None => {
                    ridge::weights(&built.ridges, built.columns.len()).map_or(Penalty::None, Penalty::Ridge)
                }
                BiasCorrection::Firth => Penalty::Firth,
            },
        }
    }
}
