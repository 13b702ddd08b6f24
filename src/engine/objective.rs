//! What a fit maximises: ℓ alone, or ℓ with a penalty.
//!
//! ```text
//! Firth:  ℓ + ½ ln det I        its score is U + ½ tr(I⁻¹ ∂I/∂β); the Newton steps use I
//! ridge:  ℓ − ½ Σ w_j β_j²      its score is U − wβ, its information I + diag(w)
//! ```

use nalgebra::DMatrix;

use super::cholesky::{Ldl, PIVOT_TOLERANCE};
use super::firth;
use super::scaling::Scaling;
use super::sweep::{Evaluation, Sweep};
use super::ties::Ties;

/// What is added to the log partial likelihood.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Penalty {
    /// Nothing.
    #[default]
    None,
    /// ½ ln det I, which takes the first-order bias out of the estimates and keeps them finite.
    /// Source: Heinze and Schemper (2001), Biometrics 57:114-119, doi 10.1111/j.0006-341X.2001.00114.x.
    Firth,
    /// −½ Σ w_j β_j², with one w ≥ 0 per column of the design.
    /// Source: Gray (1992), JASA 87:942-951, doi 10.1080/01621459.1992.10476248; parametrised as R's `ridge()`.
    Ridge(Vec<f64>),
}

/// An objective in the scaled columns.
pub(super) struct Objective<'a> {
    sweep: &'a Sweep,
    ties: Ties,
    kind: Kind,
}

enum Kind {
    Plain,
    /// `rank` is that of I at β = 0; `constant` takes ½ ln det I back to the units of the design.
    Firth {
        rank: usize,
        constant: f64,
    },
    /// w of the scaled columns.
    Ridge(Vec<f64>),
}

/// Value and derivatives of an objective at a point.
#[derive(Debug, Clone)]
pub(super) struct Valued {
    /// The objective.
    pub value: f64,
    pub log_partial_likelihood: f64,
    /// Gradient of the objective.
    pub score: Vec<f64>,
    /// What Newton steps divide by: I, with the penalty's second derivative where it is known.
    pub information: DMatrix<f64>,
}

impl<'a> Objective<'a> {
    /// The objective of `penalty`. Firth's needs a pass to know which columns are aliased at β = 0, for later a pivot
    /// that vanishes says that β has run too far.
    pub fn new(sweep: &'a Sweep, scaling: &Scaling, ties: Ties, penalty: &Penalty) -> Objective<'a> {
        let kind = match penalty {
            Penalty::None => Kind::Plain,
            Penalty::Ridge(weights) => {
                Kind::Ridge(weights.iter().zip(&scaling.scale).map(|(w, s)| w * s * s).collect())
            }
            Penalty::Firth => {
                let p = sweep.patterns.n_columns;
                let factor = Ldl::new(&sweep.evaluate(&vec![0.0; p], ties).information, PIVOT_TOLERANCE);
                let used = (0..p).filter(|&j| !factor.is_aliased(j));
                let constant = -used.map(|j| libm::log(scaling.scale[j])).sum::<f64>();
                Kind::Firth { rank: factor.rank(), constant }
            }
        };
        Objective { sweep, ties, kind }
    }

    /// Whether a step by score and information converges quadratically; with Firth's penalty, whose second derivative
    /// is left out, it converges by a factor that falls with the number of events.
    pub fn has_newton_steps(&self) -> bool {
        !matches!(self.kind, Kind::Firth { .. })
    }

    /// Value and derivatives at `beta`, scaled.
    pub fn evaluate(&self, beta: &[f64]) -> Valued {
        let Evaluation { log_partial_likelihood, mut score, mut information } = self.sweep.evaluate(beta, self.ties);
        let mut value = log_partial_likelihood;
        match &self.kind {
            Kind::Plain => {}
            Kind::Ridge(weights) => {
                for (j, w) in weights.iter().enumerate() {
                    value -= 0.5 * w * beta[j] * beta[j];
                    score[j] -= w * beta[j];
                    information[(j, j)] += w;
                }
            }
            Kind::Firth { rank, constant } => {
                let factor = Ldl::new(&information, PIVOT_TOLERANCE);
                if factor.rank() < *rank {
                    value = f64::NEG_INFINITY;
                } else {
                    value += 0.5 * factor.log_determinant() + constant;
                    let gradient = firth::gradient(self.sweep, beta, self.ties, &factor.inverse());
                    score.iter_mut().zip(gradient).for_each(|(u, g)| *u += g);
                }
            }
        }
        Valued { value, log_partial_likelihood, score, information }
    }

    /// The information of ℓ alone, from that of the objective.
    pub fn without_penalty(&self, information: &DMatrix<f64>) -> DMatrix<f64> {
        let mut plain = information.clone();
        if let Kind::Ridge(weights) = &self.kind {
            weights.iter().enumerate().for_each(|(j, w)| plain[(j, j)] -= w);
        }
        plain
    }
}
