//! The score test of proportional hazards: does a coefficient change with time as β + θ g(t)?
//!
//! Under θ = 0 the model with columns x and g(t) x has, at the estimates of β,
//!
//! ```text
//! U₂ = Σ_k g_k u_k          I₁₂ = Σ_k g_k V_k          I₂₂ = Σ_k g_k² V_k          Var(U₂) = I₂₂ − I₂₁ I₁₁⁻¹ I₁₂
//! ```
//!
//! with u_k and V_k the shares of event time k in score and information. Each of these sums is an ordinary pass with A_k,
//! B_k and C_jk multiplied by g_k or g_k², so nothing is split in time and no p × p matrix travels along it. g is centred
//! at its mean over the events, which leaves the test as it is and keeps its digits.
//!
//! Source: Grambsch and Therneau (1994), Biometrika 81:515-526, doi 10.1093/biomet/81.3.515, in the exact form of R's
//! `cox.zph` since survival 3.0: the variance is the model-based one, also where the fit's is robust.

use nalgebra::DMatrix;

use super::cholesky::{Ldl, PIVOT_TOLERANCE};
use super::fit::CoxFit;
use super::prepare::Prepared;
use super::sums::Carry;
use super::sweep::{RiskScores, Sweep};
use super::ties::{TieTerms, Ties};
use super::time_axis::TimeAxis;

/// The score of the columns times g(t), and its variance given that β was estimated; units of the design's columns.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeScore {
    /// U₂, length p; 0 in columns that were not estimated.
    pub score: Vec<f64>,
    /// Var(U₂), p × p; rows and columns of columns that were not estimated are 0.
    pub variance: DMatrix<f64>,
}

/// Score and information with the share of every slot multiplied by a weight; columns scaled, in the design's order.
struct Weighted {
    score: Vec<f64>,
    information: DMatrix<f64>,
}

impl Prepared {
    /// U₂ and its variance at a fit for each function of time: `g` has its values at the times of `axis`.
    ///
    /// For plain models: without time-varying columns ([`Prepared::has_time_dependence`]) and exact ties. `estimated` says which columns take part; the others count as if the model did not have them. A g that is the
    /// same at all event times gives a variance of zero.
    pub fn time_scores(
        &self,
        fit: &CoxFit,
        ties: Ties,
        axis: &TimeAxis,
        g: &[Vec<f64>],
        estimated: &[bool],
    ) -> Vec<TimeScore> {
        let (sweep, scale) = (self.sweep(), self.scale());
        let place: Vec<usize> = sweep.slots.time.iter().map(|t| if t.is_nan() { 0 } else { axis.place(*t) }).collect();
        let unit: Vec<UnitScale> = g.iter().map(|g| UnitScale::new(g, &axis.n_events)).collect();
        let mut weights = vec![vec![1.0; place.len()]];
        for (g, unit) in g.iter().zip(&unit) {
            let at_slots: Vec<f64> = place.iter().map(|k| unit.of(g[*k])).collect();
            let squares = at_slots.iter().map(|g| g * g).collect();
            weights.extend([at_slots, squares]);
        }
        let sums = sweep.weighted(&self.scaled_without_nan(&fit.coefficients), ties, &weights);
        let inverse = inverse_of(&sums[0].information, estimated);
        let one =
            |(pair, unit): (&[Weighted], &UnitScale)| time_score(&sums[0], pair, unit, &inverse, estimated, scale);
        sums[1..].chunks(2).zip(&unit).map(one).collect()
    }
}

/// g moved and scaled to 0..1: sums with weights that are not negative lose no digits, and centring comes last.
struct UnitScale {
    lowest: f64,
    range: f64,
    /// Mean over the events.
    mean: f64,
}

impl UnitScale {
    fn new(g: &[f64], n_events: &[u32]) -> UnitScale {
        let (lowest, highest) = g.iter().fold((f64::MAX, f64::MIN), |(low, high), g| (low.min(*g), high.max(*g)));
        let range = if highest > lowest { highest - lowest } else { 1.0 };
        let mut unit = UnitScale { lowest, range, mean: 0.0 };
        let total: f64 = n_events.iter().map(|d| f64::from(*d)).sum();
        unit.mean = g.iter().zip(n_events).map(|(g, d)| unit.of(*g) * f64::from(*d)).sum::<f64>() / total;
        unit
    }

    fn of(&self, g: f64) -> f64 {
        (g - self.lowest) / self.range
    }
}

/// Centres, takes out what was estimated, and undoes the scaling of columns and of g.
fn time_score(
    plain: &Weighted,
    weighted: &[Weighted],
    unit: &UnitScale,
    inverse: &DMatrix<f64>,
    estimated: &[bool],
    scale: &[f64],
) -> TimeScore {
    let (p, c) = (estimated.len(), unit.mean);
    let cross = &weighted[0].information - &plain.information * c;
    let own = &weighted[1].information - &weighted[0].information * (2.0 * c) + &plain.information * (c * c);
    let left = &cross * inverse * &cross;
    // Nothing but rounding is left of a column that can be told apart from g(t) times it at no more than one event time.
    let told =
        |j: usize| estimated[j] && own[(j, j)] - left[(j, j)] > PIVOT_TOLERANCE * weighted[1].information[(j, j)];
    let variance = &own - &left;
    let kept = |j: usize| if told(j) { unit.range / scale[j] } else { 0.0 };
    TimeScore {
        score: (0..p).map(|j| (weighted[0].score[j] - c * plain.score[j]) * kept(j)).collect(),
        variance: DMatrix::from_fn(p, p, |i, j| 0.5 * (variance[(i, j)] + variance[(j, i)]) * kept(i) * kept(j)),
    }
}

/// The inverse of the information of the estimated columns, zero elsewhere.
fn inverse_of(information: &DMatrix<f64>, estimated: &[bool]) -> DMatrix<f64> {
    let p = estimated.len();
    let kept = DMatrix::from_fn(p, p, |i, j| if estimated[i] && estimated[j] { information[(i, j)] } else { 0.0 });
    Ldl::new(&kept, PIVOT_TOLERANCE).inverse()
}

impl Sweep {
    /// One pass for several sets of weights, one weight per slot and none negative.
    fn weighted(&self, coefficients: &[f64], ties: Ties, weights: &[Vec<f64>]) -> Vec<Weighted> {
        let risk = self.risk_scores(&self.patterns.inner_order(coefficients));
        let mut terms = vec![TieTerms::default(); self.slots.time.len()];
        let mut seconds = vec![vec![0.0; self.patterns.n_columns.pow(2)]; weights.len()];
        let mut carry = Carry::new(self.patterns.width());
        for block in self.blocks.iter().rev() {
            let sums = self.block_sums(block, &risk, ties, &mut carry);
            let here = block.slots.clone();
            self.slot_terms(here.clone(), &sums, ties, &mut terms[here.clone()]);
            for (weights, second) in weights.iter().zip(&mut seconds) {
                self.add_second_part(&sums, &scaled_terms(&terms[here.clone()], &weights[here.clone()]), second);
            }
        }
        let one = |(weights, second): (&Vec<f64>, Vec<f64>)| self.weighted_sums(&risk, &terms, weights, &second);
        weights.iter().zip(seconds).map(one).collect()
    }

    fn weighted_sums(&self, risk: &RiskScores, terms: &[TieTerms], weights: &[f64], second: &[f64]) -> Weighted {
        let hazard = self.cumulative_hazard(&scaled_terms(terms, weights));
        let (expected, mut lower) = self.expected_sums(risk, &hazard);
        lower.iter_mut().zip(second).for_each(|(first, second)| *first -= second);
        let mut score = self.weighted_event_x(weights);
        score.iter_mut().zip(expected).for_each(|(u, x)| *u -= x);
        let mut ordered = vec![0.0; self.patterns.n_columns];
        self.patterns.design_column.iter().zip(score).for_each(|(&j, u)| ordered[j as usize] = u);
        Weighted { score: ordered, information: self.patterns.design_order(&lower, self.patterns.n_columns) }
    }

    /// Σ w x over events, each multiplied by the weight of its slot; inner order.
    fn weighted_event_x(&self, weights: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; self.patterns.width()];
        for (slot, weight) in weights.iter().enumerate() {
            for record in self.records.events_in_slot(slot) {
                let row = self.patterns.row(self.records.pattern[record] as usize);
                row.add_to(weight * self.records.weight(record), self.patterns.first_dense, &mut sum);
            }
        }
        sum
    }
}

/// A, B and C of every slot, multiplied by its weight.
fn scaled_terms(terms: &[TieTerms], weights: &[f64]) -> Vec<TieTerms> {
    let scaled = |(t, w): (&TieTerms, &f64)| TieTerms {
        log_sum: 0.0,
        a: t.a * w,
        b: t.b * w,
        c0: t.c0 * w,
        c1: t.c1 * w,
        c2: t.c2 * w,
    };
    terms.iter().zip(weights).map(scaled).collect()
}
