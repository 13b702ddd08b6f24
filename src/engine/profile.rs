//! Profile-likelihood intervals: the values of one coefficient at which the objective, maximised over all others, lies a
//! given amount below its maximum.
//!
//! ```text
//! g(v) = max { ℓ(β) : β_j = v }        limits: g(v) = ℓ(β̂) − ½ χ²_{1, level}
//! g′(v) = U_j,   −g″(v) = κ = I_jj − I_jf I_ff⁻¹ I_fj     at the maximum over the others (f: the free columns)
//! ```
//!
//! Each step goes where the parabola through g, g′ and g″ meets the wanted height, within what is known to lie inside and
//! outside of the interval, and starts the maximum over the others along its tangent −I_ff⁻¹ I_fj. With ℓ + ½ ln det I as
//! objective these are the intervals of Heinze and Schemper.
//!
//! A coefficient that runs to infinity has no limit on that side. Source: Venzon and Moolgavkar (1988), Applied
//! Statistics 37:87-94, doi 10.2307/2347496; Heinze and Schemper (2001), doi 10.1111/j.0006-341X.2001.00114.x.

use super::cholesky::{Ldl, PIVOT_TOLERANCE};
use super::error::{FitError, FitWarning};
use super::fit::{CoxFit, FitOptions, control};
use super::newton::{Control, Convergence, Termination, maximise};
use super::objective::{Objective, Penalty, Valued};
use super::prepare::Prepared;

/// Steps in search of one limit.
const MOST_STEPS: u32 = 100;
/// A step below this share of the coefficient's own standard error ends the search: the next would be its square.
const NEGLIGIBLE_STEP: f64 = 1e-8;
/// Scaled coefficients beyond which exp(η) leaves the arithmetic.
const FARTHEST: f64 = 600.0;

/// One limit of a profile-likelihood interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ProfileLimit {
    /// The limit, in the units of the design.
    At(f64),
    /// The likelihood never falls so far on this side: the interval is open.
    None,
    /// The search did not come to an end.
    NotFound,
}

/// A profile-likelihood interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileInterval {
    /// Lower limit.
    pub lower: ProfileLimit,
    /// Upper limit.
    pub upper: ProfileLimit,
}

impl Prepared {
    /// Profile-likelihood intervals of all columns of `fit`, which `options` gave; `None` for aliased columns.
    ///
    /// `drop` is how far the objective may lie below its maximum: half the χ² quantile with one degree of freedom.
    /// Errors: [`FitError::ProfileRobust`], [`FitError::ProfileRidge`].
    pub fn profile_intervals(
        &self,
        fit: &CoxFit,
        drop: f64,
        options: &FitOptions,
    ) -> Result<Vec<Option<ProfileInterval>>, FitError> {
        match options.penalty {
            _ if options.robust => return Err(FitError::ProfileRobust),
            Penalty::Ridge(_) => return Err(FitError::ProfileRidge),
            _ => self.check_options(options)?,
        }
        let objective = self.objective(options);
        let column = |j: usize| {
            let profile = Profile::new(self, fit, j, &objective, options)?;
            let limit = |up: bool| profile.limit(drop, up);
            Some(ProfileInterval { lower: limit(false), upper: limit(true) })
        };
        Ok((0..self.n_columns()).map(|j| if fit.aliased[j] { None } else { column(j) }).collect())
    }
}

/// The profile of one coefficient.
struct Profile<'a> {
    objective: &'a Objective<'a>,
    control: Control,
    column: usize,
    scale: f64,
    /// Whether the coefficient runs to minus, to plus infinity.
    infinite: [bool; 2],
    start: Point,
}

/// A maximum over the other coefficients.
struct Point {
    coefficients: Vec<f64>,
    value: f64,
    slope: f64,
    curvature: f64,
    /// How the others move with this coefficient.
    tangent: Vec<f64>,
}

impl<'a> Profile<'a> {
    fn new(
        prepared: &Prepared,
        fit: &CoxFit,
        column: usize,
        objective: &'a Objective<'a>,
        options: &FitOptions,
    ) -> Option<Profile<'a>> {
        let free: Vec<bool> = (0..fit.aliased.len()).map(|j| j != column && !fit.aliased[j]).collect();
        let mut control = control(options, &free);
        control.convergence = Convergence::Full;
        let known = |b: &f64| if b.is_nan() { 0.0 } else { *b };
        let coefficients: Vec<f64> = fit.coefficients.iter().map(known).collect();
        let coefficients = prepared.scaling().scaled(&coefficients);
        let runs = |way: bool| {
            let this = |w: &FitWarning| matches!(w, FitWarning::InfiniteCoefficient { column: c, positive } if *c == column && *positive == way);
            fit.warnings.iter().any(this)
        };
        let start = Point::new(column, coefficients.clone(), &free, objective.evaluate(&coefficients))?;
        let scale = prepared.scaling().scale[column];
        Some(Profile { objective, control, column, scale, infinite: [runs(false), runs(true)], start })
    }

    /// The limit above or below the estimate.
    fn limit(&self, drop: f64, up: bool) -> ProfileLimit {
        if self.infinite[usize::from(up)] {
            return ProfileLimit::None;
        }
        let sign = if up { 1.0 } else { -1.0 };
        let target = self.start.value - drop;
        let runs_other_way = self.infinite[usize::from(!up)];
        // Where the coefficient runs away on the other side, its curvature says nothing about this one.
        let mut reach = if runs_other_way { 1.0 } else { 2.0 * (2.0 * drop / self.start.curvature).sqrt() };
        let negligible = NEGLIGIBLE_STEP * self.start.curvature.max(f64::MIN_POSITIVE).sqrt().recip().min(1.0);
        let mut here: Option<Point> = None;
        let (mut inside, mut outside) = (self.start.coefficients[self.column], None::<f64>);
        for _ in 0..MOST_STEPS {
            let from = here.as_ref().unwrap_or(&self.start);
            let at = from.coefficients[self.column];
            let mut step = sign * from.step_to(target, sign);
            if outside.is_none() && (step.is_nan() || step.abs() > reach) {
                step = sign * reach;
            }
            let mut next = at + step;
            if let Some(outside) = outside
                && (next.is_nan() || (next - inside) * (next - outside) >= 0.0)
            {
                next = 0.5 * (inside + outside);
            }
            if here.is_some() && (next - at).abs() <= negligible {
                return ProfileLimit::At(next * self.scale);
            }
            if next.abs() > FARTHEST {
                return ProfileLimit::None;
            }
            match self.maximum_at(from, next) {
                Some(point) if point.value >= target => {
                    inside = next;
                    reach *= 2.0;
                    here = Some(point);
                }
                Some(point) => {
                    outside = Some(next);
                    here = Some(point);
                }
                None => outside = Some(next),
            }
        }
        ProfileLimit::NotFound
    }

    /// The maximum over the others with the coefficient at `value`, from where `near` points to.
    fn maximum_at(&self, near: &Point, value: f64) -> Option<Point> {
        let distance = value - near.coefficients[self.column];
        let mut initial: Vec<f64> =
            near.coefficients.iter().zip(&near.tangent).map(|(b, t)| b + distance * t).collect();
        initial[self.column] = value;
        let mut straight = near.coefficients.clone();
        straight[self.column] = value;
        let solution = maximise(initial, &self.control, self.objective)
            .or_else(|| maximise(straight, &self.control, self.objective))?;
        if solution.termination == Termination::IterationLimit {
            return None;
        }
        Point::new(self.column, solution.coefficients, &self.control.free, solution.at_end)
    }
}

impl Point {
    fn new(column: usize, coefficients: Vec<f64>, free: &[bool], at: Valued) -> Option<Point> {
        let mut others = at.information.clone();
        let mut tangent: Vec<f64> = (0..free.len()).map(|j| -at.information[(j, column)]).collect();
        for j in (0..free.len()).filter(|&j| !free[j]) {
            others.row_mut(j).fill(0.0);
            others.column_mut(j).fill(0.0);
            tangent[j] = 0.0;
        }
        Ldl::new(&others, PIVOT_TOLERANCE).solve(&mut tangent);
        let along = (0..free.len()).map(|j| at.information[(j, column)] * tangent[j]).sum::<f64>();
        tangent[column] = 1.0;
        let curvature = (at.information[(column, column)] + along).max(0.0);
        at.value.is_finite().then_some(Point {
            slope: at.score[column],
            value: at.value,
            coefficients,
            curvature,
            tangent,
        })
    }

    /// How far to go in the direction of `sign` until the parabola is at `target`; NaN when it never is.
    fn step_to(&self, target: f64, sign: f64) -> f64 {
        let (excess, slope) = (self.value - target, sign * self.slope);
        (slope + (slope * slope + 2.0 * self.curvature * excess).sqrt()) / self.curvature
    }
}
