//! Newton-Raphson with step halving.

use super::cholesky::{Ldl, PIVOT_TOLERANCE};
use super::sweep::Evaluation;

/// When the iterations stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Convergence {
    /// Where R's `coxph` would stop, and then on until a Newton step is below rounding error of the standard errors.
    #[default]
    Full,
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

/// With quadratic convergence λ² falls to about its square; when it falls by less than this factor although the
/// log-likelihood is flat, a coefficient is running away (there it falls by e) or rounding error is reached.
const SLOW_DECREASE: f64 = 0.1;

/// Iterations allowed after the log-likelihood has become flat.
const POLISHING: u32 = 10;

/// Share of a coefficient that the next Newton step must exceed for it to count as running away: R's
/// `coxph.control(toler.inf)`, the root of its 1e-9.
const INFINITE_TOLERANCE: f64 = 3.162_277_660_168_379_4e-5;

/// Where the iterations ended; columns scaled.
pub(super) struct Solution {
    pub coefficients: Vec<f64>,
    pub at_start: Evaluation,
    pub at_end: Evaluation,
    /// Factorised information at the end.
    pub factor: Ldl,
    /// Rank of the information at the start, and Uᵀ I⁻¹ U there.
    pub score_test: f64,
    pub iterations: u32,
    pub termination: Termination,
    /// Columns that run to infinity, with the sign.
    pub infinite: Vec<(usize, bool)>,
}

/// How the iterations run.
pub(super) struct Control {
    pub max_iterations: u32,
    pub tolerance: f64,
    pub convergence: Convergence,
}

/// A point reached, with the Newton step from there.
struct Point {
    coefficients: Vec<f64>,
    evaluation: Evaluation,
    factor: Ldl,
    step: Vec<f64>,
    /// UᵀI⁻¹U.
    decrement: f64,
}

impl Point {
    fn new(coefficients: Vec<f64>, evaluation: Evaluation) -> Point {
        let factor = Ldl::new(&evaluation.information, PIVOT_TOLERANCE);
        let mut step = evaluation.score.clone();
        factor.solve(&mut step);
        let decrement = step.iter().zip(&evaluation.score).map(|(s, u)| s * u).sum();
        Point { coefficients, evaluation, factor, step, decrement }
    }

    fn value(&self) -> f64 {
        self.evaluation.log_partial_likelihood
    }

    /// Where the Newton step leads.
    fn next(&self) -> Vec<f64> {
        self.coefficients.iter().zip(&self.step).map(|(b, s)| b + s).collect()
    }
}

/// Maximises from `initial`; `None` when ℓ is not finite there.
///
/// A step that lowers ℓ is halved, then cut to a third of what remains, and so on, as in R. The rule for infinite
/// coefficients: another Newton step would still change them by more than `INFINITE_TOLERANCE` of their size.
pub(super) fn maximise(
    initial: Vec<f64>,
    control: &Control,
    evaluate: impl Fn(&[f64]) -> Evaluation,
) -> Option<Solution> {
    let first = evaluate(&initial);
    if !is_finite(&first) {
        return None;
    }
    let mut best = Point::new(initial, first.clone());
    let score_test = best.decrement;
    let (mut iterations, mut termination) = (0, Termination::IterationLimit);
    let mut flat_since = None;
    let mut halvings = 0.0;
    let mut candidate = best.next();
    if control.convergence == Convergence::Full && best.decrement <= NEGLIGIBLE_DECREMENT {
        termination = Termination::Converged;
    }
    while termination != Termination::Converged && iterations < limit(control, flat_since) {
        iterations += 1;
        let evaluation = evaluate(&candidate);
        let value = evaluation.log_partial_likelihood;
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
        best = Point::new(std::mem::take(&mut candidate), evaluation);
        if is_flat {
            flat_since.get_or_insert(iterations);
        }
        if is_flat && control.convergence == Convergence::LikeR {
            termination = Termination::Converged;
        } else if control.convergence == Convergence::Full {
            if best.decrement <= NEGLIGIBLE_DECREMENT {
                termination = Termination::Converged;
            } else if is_flat && best.decrement > SLOW_DECREASE * before {
                termination = Termination::LikelihoodFlat;
                break;
            }
        }
        candidate = best.next();
    }
    let infinite = infinite_columns(&best, control, iterations);
    if termination == Termination::LikelihoodFlat && infinite.is_empty() {
        termination = Termination::Converged;
    }
    if termination == Termination::Converged && control.convergence == Convergence::Full && infinite.is_empty() {
        // The last step is known; its square is below rounding error, so no other pass is needed.
        best.coefficients = best.next();
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

fn is_finite(evaluation: &Evaluation) -> bool {
    evaluation.log_partial_likelihood.is_finite()
        && evaluation.score.iter().all(|u| u.is_finite())
        && evaluation.information.iter().all(|i| i.is_finite())
}
