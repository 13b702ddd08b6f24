//! Newton-Raphson with step halving, for any [`Objective`]; some columns may be held fixed.

use nalgebra::DMatrix;

use super::cholesky::{Ldl, PIVOT_TOLERANCE};
use super::objective::{Objective, Valued};

/// When the iterations stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Convergence {
    /// Where R's `coxph` would stop, and then on until a Newton step is below rounding error of the standard errors.
    #[default]
    Full,
    /// Where one more Newton step is below a hundredth of a standard error; that step is taken, and what it leaves is
    /// about the square of that. For the replicates of a bootstrap, which are many.
    Close,
    /// Where R's `coxph` stops: relative change of the log partial likelihood below the tolerance.
    LikeR,
}

/// Why the iterations stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// The log partial likelihood no longer changes and the score is zero to rounding error.
    Converged,
    /// The log partial likelihood no longer changes, but a coefficient still grows: it is infinite.
    LikelihoodFlat,
    /// The iterations asked for are used up.
    IterationLimit,
}

/// λ² = UᵀI⁻¹U below which a Newton step is negligible: its length is below 3e-9 standard errors, and the next
/// one would be the square of that.
const NEGLIGIBLE_DECREMENT: f64 = 1e-17;

/// The same for [`Convergence::Close`].
const CLOSE_DECREMENT: f64 = 1e-4;

/// With quadratic convergence λ² falls to about its square; when it falls by less than this factor although the
/// log-likelihood is flat, a coefficient is running away (there it falls by e) or rounding error is reached.
const SLOW_DECREASE: f64 = 0.1;

/// The same where steps converge linearly: there λ² falls by the square of a factor that may be near 1.
const SLOW_LINEAR_DECREASE: f64 = 0.98;

/// Iterations allowed after the log-likelihood has become flat.
const POLISHING: u32 = 10;

/// How many times as many iterations are allowed where steps converge linearly.
const LINEAR_PATIENCE: u32 = 20;

/// Share of a coefficient that the next Newton step must exceed for it to count as running away: R's
/// `coxph.control(toler.inf)`, the root of its 1e-9.
const INFINITE_TOLERANCE: f64 = 3.162_277_660_168_379_4e-5;

/// Where the iterations ended; columns scaled.
pub(super) struct Solution {
    pub coefficients: Vec<f64>,
    pub at_start: Valued,
    pub at_end: Valued,
    /// Factorised information at the end, fixed columns left out.
    pub factor: Ldl,
    /// Rank of the information at the start, and Uᵀ I⁻¹ U there.
    pub score_test: f64,
    pub iterations: u32,
    pub termination: Termination,
    /// Columns that run to infinity, with the sign.
    pub infinite: Vec<(usize, bool)>,
}

/// How the iterations run.
#[derive(Clone)]
pub(super) struct Control {
    pub max_iterations: u32,
    pub tolerance: f64,
    pub convergence: Convergence,
    /// Whether a column may move; the others stay at their initial value.
    pub free: Vec<bool>,
}

/// A point reached, with the Newton step from there.
struct Point {
    coefficients: Vec<f64>,
    evaluation: Valued,
    factor: Ldl,
    step: Vec<f64>,
    /// UᵀI⁻¹U.
    decrement: f64,
}

impl Point {
    fn new(coefficients: Vec<f64>, evaluation: Valued, free: &[bool]) -> Point {
        let factor = Ldl::new(&of_free_columns(&evaluation.information, free), PIVOT_TOLERANCE);
        let mut step: Vec<f64> = evaluation.score.iter().zip(free).map(|(u, f)| if *f { *u } else { 0.0 }).collect();
        factor.solve(&mut step);
        let decrement = step.iter().zip(&evaluation.score).map(|(s, u)| s * u).sum();
        Point { coefficients, evaluation, factor, step, decrement }
    }

    fn value(&self) -> f64 {
        self.evaluation.value
    }

    /// Where the Newton step leads.
    fn next(&self) -> Vec<f64> {
        self.coefficients.iter().zip(&self.step).map(|(b, s)| b + s).collect()
    }
}

/// The matrix with the rows and columns that are not free set to zero: their pivots vanish, so steps leave them alone.
fn of_free_columns(information: &DMatrix<f64>, free: &[bool]) -> DMatrix<f64> {
    let mut masked = information.clone();
    for j in (0..free.len()).filter(|&j| !free[j]) {
        masked.row_mut(j).fill(0.0);
        masked.column_mut(j).fill(0.0);
    }
    masked
}

/// Maximises from `initial`; `None` when the objective is not finite there.
///
/// A step that lowers it is halved, then cut to a third of what remains, and so on, as in R. The rule for infinite
/// coefficients: another Newton step would still change them by more than `INFINITE_TOLERANCE` of their size.
pub(super) fn maximise(initial: Vec<f64>, control: &Control, objective: &Objective) -> Option<Solution> {
    let (slow, patience) =
        if objective.has_newton_steps() { (SLOW_DECREASE, 1) } else { (SLOW_LINEAR_DECREASE, LINEAR_PATIENCE) };
    let negligible = if control.convergence == Convergence::Close { CLOSE_DECREMENT } else { NEGLIGIBLE_DECREMENT };
    let first = objective.evaluate(&initial);
    if !is_finite(&first) {
        return None;
    }
    let mut best = Point::new(initial, first.clone(), &control.free);
    let score_test = best.decrement;
    let (mut iterations, mut termination) = (0, Termination::IterationLimit);
    let mut flat_since = None;
    let mut halvings = 0.0;
    let mut candidate = best.next();
    if control.convergence != Convergence::LikeR && best.decrement <= negligible {
        termination = Termination::Converged;
    }
    while termination != Termination::Converged && iterations < patience * limit(control, flat_since) {
        iterations += 1;
        let evaluation = objective.evaluate(&candidate);
        let value = evaluation.value;
        let is_flat = is_finite(&evaluation) && (1.0 - best.value() / value).abs() <= control.tolerance;
        if !is_flat && (!is_finite(&evaluation) || value < best.value()) {
            halvings += 1.0;
            for (new, old) in candidate.iter_mut().zip(&best.coefficients) {
                *new = (*new + halvings * old) / (halvings + 1.0);
            }
            continue;
        }
        halvings = 0.0;
        let before = best.decrement;
        best = Point::new(std::mem::take(&mut candidate), evaluation, &control.free);
        if is_flat {
            flat_since.get_or_insert(iterations);
        }
        if is_flat && control.convergence == Convergence::LikeR {
            termination = Termination::Converged;
        } else if control.convergence != Convergence::LikeR {
            let runs_away = best.decrement > slow * before;
            let is_near = best.decrement <= negligible;
            if is_near && !(runs_away && control.convergence == Convergence::Close) {
                termination = Termination::Converged;
            } else if (is_flat || is_near) && runs_away {
                termination = Termination::LikelihoodFlat;
                break;
            }
        }
        candidate = best.next();
    }
    let is_close = control.convergence == Convergence::Close && termination == Termination::Converged;
    let infinite = if is_close { Vec::new() } else { infinite_columns(&best, control, iterations) };
    if termination == Termination::LikelihoodFlat && infinite.is_empty() {
        termination = Termination::Converged;
    }
    if termination == Termination::Converged && control.convergence != Convergence::LikeR && infinite.is_empty() {
        // The last step is known; its square is below rounding error, so no other pass is needed.
        best.coefficients = best.next();
        best.evaluation.value += 0.5 * best.decrement;
        best.evaluation.log_partial_likelihood += 0.5 * best.decrement;
    }
    Some(Solution {
        coefficients: best.coefficients,
        at_start: first,
        at_end: best.evaluation,
        factor: best.factor,
        score_test,
        iterations,
        termination,
        infinite,
    })
}

/// How many iterations may be made in all.
fn limit(control: &Control, flat_since: Option<u32>) -> u32 {
    flat_since.map_or(control.max_iterations, |since: u32| since + POLISHING)
}

/// The columns whose next Newton step is not small.
fn infinite_columns(point: &Point, control: &Control, iterations: u32) -> Vec<(usize, bool)> {
    if iterations < 2 {
        return Vec::new();
    }
    let runs = |j: &usize| {
        let (step, size) = (point.step[*j].abs(), point.coefficients[*j].abs());
        !step.is_finite() || (step > control.tolerance && step > INFINITE_TOLERANCE * size)
    };
    (0..point.step.len()).filter(runs).map(|j| (j, point.step[j] > 0.0)).collect()
}

fn is_finite(evaluation: &Valued) -> bool {
    evaluation.value.is_finite()
        && evaluation.score.iter().all(|u| u.is_finite())
        && evaluation.information.iter().all(|i| i.is_finite())
}
