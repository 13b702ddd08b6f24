//! Fitting: what a fit of [`Prepared`] is asked for ([`FitOptions`]) and what it gives ([`CoxFit`]).

use nalgebra::DMatrix;

use super::cholesky::{quadratic_form, quadratic_form_unscaled};
use super::concordance::{Concordance, concordance};
use super::error::{FitError, FitWarning};
use super::exact;
use super::newton::{Control, Convergence, Solution, Termination, maximise};
use super::objective::{Objective, Penalty};
use super::prepare::Prepared;
use super::scaling::Scaling;
use super::ties::Ties;
use super::variance::{ClusterCorrection, outer_product_of_scores};

/// What a fit is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// How tied events enter.
    pub ties: Ties,
    /// Whether the robust covariance is wanted (and reported tests use it).
    pub robust: bool,
    /// Factor on the robust covariance.
    pub correction: ClusterCorrection,
    /// Newton steps before the fit gives up.
    pub max_iterations: u32,
    /// Relative change of the log partial likelihood below which it counts as flat.
    pub tolerance: f64,
    /// When to stop.
    pub convergence: Convergence,
    /// Where to start; zero when `None`. In the units and order of the design's columns.
    pub initial: Option<Vec<f64>>,
    /// What is added to the log partial likelihood.
    pub penalty: Penalty,
}

impl Default for FitOptions {
    /// Efron, model-based covariance, and the iteration limits of R's `coxph.control`.
    fn default() -> FitOptions {
        FitOptions {
            ties: Ties::default(),
            robust: false,
            correction: ClusterCorrection::None,
            max_iterations: 20,
            tolerance: 1e-9,
            convergence: Convergence::default(),
            initial: None,
            penalty: Penalty::None,
        }
    }
}

/// A fitted Cox model; columns are those of the design, p of them.
#[derive(Debug, Clone, PartialEq)]
pub struct CoxFit {
    /// β, log hazard ratios; NaN where aliased, 0 where left out by [`Prepared::fit_columns`].
    pub coefficients: Vec<f64>,
    /// Whether a column is a linear combination of earlier ones.
    pub aliased: Vec<bool>,
    /// Model-based covariance, the inverse information (a ridge penalty's second derivative included); p × p, rows and
    /// columns of aliased columns are 0.
    pub covariance: DMatrix<f64>,
    /// Sandwich covariance over clusters (or records); `None` unless asked for.
    pub robust_covariance: Option<DMatrix<f64>>,
    /// Of a ridge fit, H⁻¹ I H⁻¹ with H the information and the penalty's second derivative: how much the estimates vary
    /// about their shrunken means (R's `var2`).
    pub shrunken_covariance: Option<DMatrix<f64>>,
    /// ℓ at the initial coefficients.
    pub log_partial_likelihood_null: f64,
    /// ℓ at the coefficients.
    pub log_partial_likelihood: f64,
    /// What was added to ℓ.
    pub penalty: Penalty,
    /// What was maximised, at the initial coefficients: ℓ with its penalty.
    pub objective_null: f64,
    /// What was maximised, at the coefficients.
    pub objective: f64,
    /// Score test of the initial coefficients, UᵀI⁻¹U there; χ² with `df` degrees of freedom. NaN with a penalty.
    pub score_test: f64,
    /// Wald test of the initial coefficients, with the robust covariance where there is one.
    pub wald_test: f64,
    /// Score test with the outer product of the clusters' scores in place of the information; `None` unless robust.
    pub robust_score_test: Option<f64>,
    /// Number of coefficients that were estimated.
    pub df: usize,
    /// Column means as R reports them: 0 for columns of only −1, 0 and 1; weighted for right-censored data.
    pub means: Vec<f64>,
    /// Newton steps tried.
    pub iterations: u32,
    /// Why they ended.
    pub termination: Termination,
    /// What needs care.
    pub warnings: Vec<FitWarning>,
    /// Records used.
    pub n_records: usize,
    /// Records that end in an event.
    pub n_events: usize,
}

impl CoxFit {
    /// The covariance that tests and intervals use: robust where there is one.
    pub fn reported_covariance(&self) -> &DMatrix<f64> {
        self.robust_covariance.as_ref().unwrap_or(&self.covariance)
    }

    /// What likelihood-ratio tests compare: ℓ, with Firth's penalty where there is one.
    pub fn tested_log_likelihood(&self) -> f64 {
        if self.penalty == Penalty::Firth { self.objective } else { self.log_partial_likelihood }
    }

    /// Likelihood-ratio test of the initial coefficients, 2(ℓ − ℓ₀), with Firth's penalty in both. With a ridge penalty it
    /// is that of ℓ alone, as in R, and the degrees of freedom are the effective ones.
    pub fn likelihood_ratio_test(&self) -> f64 {
        match self.penalty {
            Penalty::Firth => 2.0 * (self.objective - self.objective_null),
            _ => 2.0 * (self.log_partial_likelihood - self.log_partial_likelihood_null),
        }
    }
}

/// Records and events, not weighted, of a part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellCounts {
    /// Records.
    pub records: u64,
    /// Records that end in an event.
    pub events: u64,
}

impl Prepared {
    /// Fits all columns. Errors: [`FitError::InitialCoefficients`], and [`FitError::Length`] when their number is wrong.
    pub fn fit(&self, options: &FitOptions) -> Result<CoxFit, FitError> {
        self.fit_columns(&vec![true; self.n_columns()], options)
    }

    /// Fits only the columns where `keep` holds; the coefficients of the others are fixed at 0. Errors: see
    /// [`Prepared::fit`].
    pub fn fit_columns(&self, keep: &[bool], options: &FitOptions) -> Result<CoxFit, FitError> {
        let p = self.n_columns();
        let mut initial = options.initial.clone().unwrap_or_else(|| vec![0.0; p]);
        for (what, found) in [("initial coefficients", initial.len()), ("columns to keep", keep.len())] {
            if found != p {
                return Err(FitError::Length { what, expected: p, found });
            }
        }
        self.check_options(options)?;
        initial.iter_mut().zip(keep).filter(|(_, keep)| !**keep).for_each(|(b, _)| *b = 0.0);
        let objective = self.objective(options);
        let solution = maximise(self.scaling.scaled(&initial), &control(options, keep), &objective)
            .ok_or(FitError::InitialCoefficients)?;
        Ok(self.report(keep, &initial, solution, &objective, options))
    }

    /// What `options` ask to maximise.
    pub(super) fn objective(&self, options: &FitOptions) -> Objective<'_> {
        Objective::new(&self.sweep, &self.scaling, options.ties, &options.penalty)
    }

    /// How the columns were scaled.
    pub(super) fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// What the likelihood that is asked for cannot give.
    pub(super) fn check_options(&self, options: &FitOptions) -> Result<(), FitError> {
        if self.has_time_dependence() && (options.ties == Ties::Exact || options.penalty == Penalty::Firth) {
            return Err(FitError::TimeDependence);
        }
        match &options.penalty {
            Penalty::None => {}
            _ if options.ties == Ties::Exact => return Err(FitError::PenalisedExact),
            _ if options.robust => return Err(FitError::PenalisedRobust),
            Penalty::Firth => {}
            Penalty::Ridge(weights) if weights.len() != self.n_columns() => {
                let (expected, found) = (self.n_columns(), weights.len());
                return Err(FitError::Length { what: "penalty weights", expected, found });
            }
            Penalty::Ridge(weights) if weights.iter().any(|w| !w.is_finite() || *w < 0.0) => {
                return Err(FitError::InvalidPenalty);
            }
            Penalty::Ridge(_) => {}
        }
        if options.ties != Ties::Exact {
            return Ok(());
        }
        if self.sweep.records.case_weight.iter().any(|w| *w != 1.0) {
            return Err(FitError::ExactWeights);
        }
        if options.robust {
            return Err(FitError::ExactRobust);
        }
        match exact::work(&self.sweep) {
            (operations, _) if operations > exact::MOST_WORK => {
                Err(FitError::ExactTooLarge { operations, most: exact::MOST_WORK })
            }
            (_, numbers) if numbers > exact::MOST_PROBABILITIES => {
                Err(FitError::ExactTooWide { numbers, most: exact::MOST_PROBABILITIES })
            }
            _ => Ok(()),
        }
    }

    /// Records and events of two groups: those with value 0 in all of `columns` (or the lower of two values of a single
    /// column), and those with another. `None` when a single column of `columns` takes more than two values.
    pub fn split_counts(&self, columns: std::ops::Range<usize>) -> Option<[CellCounts; 2]> {
        let is_upper = self.sweep.patterns.split(columns)?;
        let mut counts = [CellCounts::default(); 2];
        let records = &self.sweep.records;
        for slot in 0..self.sweep.slots.time.len() {
            let first_event = records.event_start[slot] as usize;
            for i in records.in_slot(slot) {
                let cell = &mut counts[usize::from(is_upper[records.pattern[i] as usize])];
                cell.records += u64::from(records.count[i]);
                cell.events += if i >= first_event { u64::from(records.count[i]) } else { 0 };
            }
        }
        Some(counts)
    }

    /// ℓ, its gradient and its negative second derivative at `coefficients` (NaN counts as 0), in the design's units.
    pub fn derivatives(&self, coefficients: &[f64], ties: Ties) -> (f64, Vec<f64>, DMatrix<f64>) {
        let evaluation = self.sweep.evaluate(&self.scaled_without_nan(coefficients), ties);
        let s = &self.scaling.scale;
        // x = x̃/s + c, so derivatives by β are those by β̃ divided by s.
        let score = evaluation.score.iter().zip(s).map(|(u, s)| u / s).collect();
        let p = self.n_columns();
        let information = DMatrix::from_fn(p, p, |i, j| evaluation.information[(i, j)] / (s[i] * s[j]));
        (evaluation.log_partial_likelihood, score, information)
    }

    /// What is maximised (ℓ with its penalty) and its gradient at `coefficients` (NaN counts as 0), in the design's units.
    pub fn objective_slope(&self, coefficients: &[f64], options: &FitOptions) -> (f64, Vec<f64>) {
        let evaluation = self.objective(options).evaluate(&self.scaled_without_nan(coefficients));
        let score = evaluation.score.iter().zip(&self.scaling.scale).map(|(u, s)| u / s).collect();
        (evaluation.value, score)
    }

    /// Concordance of xβ + offset; NaN coefficients count as 0.
    pub fn concordance(&self, coefficients: &[f64]) -> Concordance {
        let beta = self.sweep.patterns.inner_order(&self.scaled_without_nan(coefficients));
        concordance(&self.sweep, &self.sweep.linear_predictors(&beta))
    }

    pub(super) fn scaled_without_nan(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut scaled = self.scaling.scaled(coefficients);
        scaled.iter_mut().filter(|b| b.is_nan()).for_each(|b| *b = 0.0);
        scaled
    }

    /// Undoes the scaling and adds variance, tests and warnings.
    fn report(
        &self,
        keep: &[bool],
        initial: &[f64],
        solution: Solution,
        objective: &Objective,
        options: &FitOptions,
    ) -> CoxFit {
        let p = self.n_columns();
        let aliased: Vec<bool> = (0..p).map(|j| keep[j] && solution.factor.is_aliased(j)).collect();
        let inverse = solution.factor.inverse();
        let mut coefficients = self.scaling.unscaled(&solution.coefficients);
        let distance: Vec<f64> =
            (0..p).map(|j| if aliased[j] || !keep[j] { 0.0 } else { coefficients[j] - initial[j] }).collect();
        let covariance = self.scaling.unscaled_covariance(&inverse);
        let shrunken_covariance = matches!(options.penalty, Penalty::Ridge(_)).then(|| {
            let plain = objective.without_penalty(&solution.at_end.information);
            self.scaling.unscaled_covariance(&(&inverse * plain * &inverse))
        });
        let mut robust = (None, None);
        if options.robust {
            robust = self.robust(keep, initial, &solution, &inverse, options);
        }
        let reported = robust.0.as_ref().unwrap_or(&covariance);
        let (wald_test, _) = match options.convergence {
            Convergence::Full | Convergence::Close => quadratic_form(reported, &distance),
            Convergence::LikeR => without_aliased(reported, &distance, &aliased, quadratic_form_unscaled),
        };
        let warnings = self.warnings(&aliased, &solution, options);
        coefficients.iter_mut().zip(&aliased).filter(|(_, a)| **a).for_each(|(b, _)| *b = f64::NAN);
        CoxFit {
            coefficients,
            aliased,
            covariance,
            robust_covariance: robust.0,
            shrunken_covariance,
            log_partial_likelihood_null: solution.at_start.log_partial_likelihood,
            log_partial_likelihood: solution.at_end.log_partial_likelihood,
            penalty: options.penalty.clone(),
            objective_null: solution.at_start.value,
            objective: solution.at_end.value,
            score_test: if options.penalty == Penalty::None { solution.score_test } else { f64::NAN },
            wald_test,
            robust_score_test: robust.1,
            df: solution.factor.rank(),
            means: self.scaling.means.clone(),
            iterations: solution.iterations,
            termination: solution.termination,
            warnings,
            n_records: self.n_records,
            n_events: self.n_events,
        }
    }

    /// The middle of the sandwich at `coefficients`, scaled.
    fn outer_product(&self, coefficients: &[f64], ties: Ties) -> DMatrix<f64> {
        match &self.estimated {
            Some(estimated) => estimated.outer_product(&self.sweep, coefficients, ties),
            None => outer_product_of_scores(&self.sweep, coefficients, ties),
        }
    }

    /// The sandwich covariance, and the robust score test at the initial coefficients.
    fn robust(
        &self,
        keep: &[bool],
        initial: &[f64],
        solution: &Solution,
        inverse: &DMatrix<f64>,
        options: &FitOptions,
    ) -> (Option<DMatrix<f64>>, Option<f64>) {
        let ties = options.ties;
        let meat = self.outer_product(&solution.coefficients, ties);
        let n_clusters = self.sweep.records.n_clusters(self.n_records);
        let factor = options.correction.factor(n_clusters, self.n_records, solution.factor.rank());
        let covariance = self.scaling.unscaled_covariance(&(inverse * meat * inverse)) * factor;
        let mut at_start = self.outer_product(&self.scaling.scaled(initial), ties);
        for j in (0..keep.len()).filter(|&j| !keep[j]) {
            at_start.row_mut(j).fill(0.0);
            at_start.column_mut(j).fill(0.0);
        }
        let (test, _) = quadratic_form(&at_start, &solution.at_start.score);
        (Some(covariance), Some(test))
    }

    fn warnings(&self, aliased: &[bool], solution: &Solution, options: &FitOptions) -> Vec<FitWarning> {
        let mut warnings: Vec<FitWarning> =
            (0..aliased.len()).filter(|&j| aliased[j]).map(|column| FitWarning::AliasedColumn { column }).collect();
        let infinite = solution.infinite.iter();
        warnings.extend(infinite.map(|&(column, positive)| FitWarning::InfiniteCoefficient { column, positive }));
        if solution.termination == Termination::IterationLimit && options.max_iterations > 0 {
            warnings.push(FitWarning::NotConverged);
        }
        let (n_strata, n_records) = self.without_events;
        if n_strata > 0 {
            warnings.push(FitWarning::StrataWithoutEvents { n_strata, n_records });
        }
        warnings
    }
}

/// How the iterations run when only the columns of `free` may move.
pub(super) fn control(options: &FitOptions, free: &[bool]) -> Control {
    Control {
        max_iterations: options.max_iterations,
        tolerance: options.tolerance,
        convergence: options.convergence,
        free: free.to_vec(),
    }
}

/// Applies `test` to the columns that are not aliased.
fn without_aliased(
    matrix: &DMatrix<f64>,
    b: &[f64],
    aliased: &[bool],
    test: impl Fn(&DMatrix<f64>, &[f64]) -> (f64, usize),
) -> (f64, usize) {
    let columns: Vec<usize> = (0..b.len()).filter(|&j| !aliased[j]).collect();
    let matrix = DMatrix::from_fn(columns.len(), columns.len(), |i, j| matrix[(columns[i], columns[j])]);
    test(&matrix, &columns.iter().map(|&j| b[j]).collect::<Vec<_>>())
}
