//! Baseline hazard of a fitted model, and with it the cumulative hazard and survival of any covariates.
//!
//! ```text
//! Λ(t|x) = e^η Σ A_k                                    over the event times of the stratum up to t, η = (x − c)β + offset
//! Var    = e^2η [ Σ C0_k + (Λ(x − c) − H)ᵀ V (Λ(x − c) − H) ]      H = Σ (C0 S1 − C1 E1),  S1 and E1 of x − c
//! ```
//!
//! The first part of the variance is that of the hazard at known β, the second what the estimation of β adds. Sums are
//! taken around the centre c of the columns, where nothing cancels. Only vectors of length p per event time are held
//! (8p bytes each); a curve of given covariates costs p² per event time.
//!
//! Sources: Tsiatis (1981), Ann. Statist. 9:93-108, doi 10.1214/aos/1176345335; Andersen, Borgan, Gill, Keiding (1993),
//! Statistical Models Based on Counting Processes, VII.2.3, doi 10.1007/978-1-4612-4348-9. With ties as in R's survival.

use nalgebra::DMatrix;

use super::prepare::Prepared;
use super::sweep::{RiskScores, Sweep};
use super::ties::{TieTerms, Ties};

/// How survival follows from the hazard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SurvivalForm {
    /// S = exp(−Λ) (R's `stype = 2`). Source: Breslow (1972), JRSS B 34:216-217.
    #[default]
    Exponential,
    /// The product-limit form (R's `stype = 1`), with a Greenwood-like variance; hazards are those of
    /// [`Ties::Breslow`]. Source: Kalbfleisch and Prentice (1973), Biometrika 60:267-278, doi 10.1093/biomet/60.2.267.
    ProductLimit,
}

/// The baseline of every stratum.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// c, around which the sums were taken; one number per column of the design.
    center: Vec<f64>,
    /// β, 0 where aliased.
    coefficients: Vec<f64>,
    /// V.
    covariance: DMatrix<f64>,
    strata: Vec<StratumBaseline>,
}

/// The baseline of one stratum; cumulative numbers at each of its event times, for a record with η = `shift`.
#[derive(Debug, Clone)]
pub(super) struct StratumBaseline {
    /// Distinct event times, increasing.
    pub time: Vec<f64>,
    /// Number of events at each.
    pub n_events: Vec<u32>,
    /// Their case weight.
    pub event_weight: Vec<f64>,
    /// η of the record that the numbers below belong to: the largest of the stratum, so that none overflows.
    pub shift: f64,
    /// Σ A.
    pub hazard: Vec<f64>,
    /// Σ C0.
    pub variance: Vec<f64>,
    /// H, p numbers per event time.
    pub path: Vec<f64>,
    /// −ln of the product-limit survival, where asked for.
    pub log_product: Option<Vec<f64>>,
}

/// Cumulative hazard and survival of one person over the event times of a stratum: step functions that are 0 and 1
/// before the first of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Distinct event times, increasing.
    pub time: Vec<f64>,
    /// Number of events at each.
    pub n_events: Vec<u32>,
    /// Their case weight.
    pub event_weight: Vec<f64>,
    /// Λ(t|x).
    pub cumulative_hazard: Vec<f64>,
    /// Its standard error, which is that of ln S as well.
    pub standard_error: Vec<f64>,
    /// S(t|x).
    pub survival: Vec<f64>,
}

/// Increments of one person's cumulative hazard at the event times of a stratum.
pub(super) struct HazardSteps<'a> {
    /// Distinct event times, increasing.
    pub time: &'a [f64],
    /// Number of events at each.
    pub n_events: &'a [u32],
    /// ΔΛ(t|x).
    pub hazard: Vec<f64>,
    /// e^2η C0: its variance at known β.
    pub variance: Vec<f64>,
    /// Its derivative by β, p numbers per event time.
    pub gradient: Vec<f64>,
    /// V.
    pub covariance: &'a DMatrix<f64>,
}

impl Prepared {
    /// The baseline hazard at `coefficients` (NaN counts as 0) with their `covariance`.
    ///
    /// `ties` is the rule of the hazard; that of the fit unless another is wanted.
    pub fn baseline(
        &self,
        coefficients: &[f64],
        covariance: &DMatrix<f64>,
        ties: Ties,
        form: SurvivalForm,
    ) -> Baseline {
        let scaled = self.scaled_without_nan(coefficients);
        let ties = if form == SurvivalForm::ProductLimit { Ties::Breslow } else { ties };
        let sweep = &self.sweep;
        let risk = sweep.risk_scores(&sweep.patterns.inner_order(&scaled));
        let sums = sweep.all_sums(&risk, ties);
        let terms = sweep.all_terms(&sums, ties);
        let strata = 0..sweep.slots.first.len() - 1;
        let mut strata: Vec<StratumBaseline> = strata
            .map(|s| cumulated(sweep, s, &terms, risk.shift_of(s), |k| (sums.row_s1(k), sums.row_e1(k))))
            .collect();
        for baseline in &mut strata {
            self.unscale(&mut baseline.path);
        }
        if form == SurvivalForm::ProductLimit {
            let at_center = self.log_risk_at_r_center(&scaled);
            for (s, baseline) in strata.iter_mut().enumerate() {
                product_limit(sweep, s, baseline, &sums.s0, &risk, libm::exp(baseline.shift - at_center));
            }
        }
        Baseline {
            center: self.scaling.shift.clone(),
            coefficients: coefficients.iter().map(|b| if b.is_nan() { 0.0 } else { *b }).collect(),
            covariance: covariance.clone(),
            strata,
        }
    }

    /// Turns rows of the inner, scaled columns into rows of the design's; `path` keeps p numbers per row.
    fn unscale(&self, path: &mut Vec<f64>) {
        let (p, width) = (self.sweep.patterns.n_columns, self.sweep.patterns.width());
        let mut rows = vec![0.0; path.len().checked_div(width).unwrap_or(0) * p];
        for (row, inner) in rows.chunks_mut(p.max(1)).zip(path.chunks(width.max(1))) {
            for (&j, value) in self.sweep.patterns.design_column.iter().zip(inner) {
                row[j as usize] = value / self.scaling.scale[j as usize];
            }
        }
        *path = rows;
    }

    /// η, as the engine counts it, of R's centre: the columns at `CoxFit::means` and the mean offset.
    fn log_risk_at_r_center(&self, scaled: &[f64]) -> f64 {
        let s = &self.scaling;
        let columns = (0..scaled.len()).map(|j| (s.means[j] - s.shift[j]) * s.scale[j] * scaled[j]).sum::<f64>();
        columns + self.mean_offset()
    }

    /// Mean of the offset over records, weighted by their case weights; 0 without an offset.
    pub fn mean_offset(&self) -> f64 {
        self.mean_offset_by(|record| self.sweep.records.weight(record))
    }

    /// The same without weights: the comparison of linear predictors.
    pub fn plain_mean_offset(&self) -> f64 {
        self.mean_offset_by(|record| f64::from(self.sweep.records.count[record]))
    }

    fn mean_offset_by(&self, weight: impl Fn(usize) -> f64) -> f64 {
        let (records, offset) = (&self.sweep.records, &self.sweep.patterns.offset);
        if offset.is_empty() {
            return 0.0;
        }
        let (mut sum, mut total) = (0.0, 0.0);
        for record in 0..records.n() {
            let w = weight(record);
            sum += w * offset[records.pattern[record] as usize];
            total += w;
        }
        sum / total
    }
}

/// Adds up the terms of a stratum's slots; `sums` gives S1 and E1 of a slot.
fn cumulated<'a>(
    sweep: &Sweep,
    stratum: usize,
    terms: &[TieTerms],
    shift: f64,
    sums: impl Fn(usize) -> (&'a [f64], &'a [f64]),
) -> StratumBaseline {
    let slots = sweep.slots.first[stratum] as usize + 1..sweep.slots.first[stratum + 1] as usize;
    let width = sweep.patterns.width();
    let mut baseline = StratumBaseline {
        time: sweep.slots.time[slots.clone()].to_vec(),
        n_events: sweep.slots.n_events[slots.clone()].to_vec(),
        event_weight: sweep.slots.event_weight[slots.clone()].to_vec(),
        shift,
        hazard: Vec::with_capacity(slots.len()),
        variance: Vec::with_capacity(slots.len()),
        path: Vec::with_capacity(slots.len() * width),
        log_product: None,
    };
    let (mut hazard, mut variance, mut path) = (0.0, 0.0, vec![0.0; width]);
    for k in slots {
        let (term, (s1, e1)) = (&terms[k], sums(k));
        hazard += term.a;
        variance += term.c0;
        path.iter_mut().zip(s1.iter().zip(e1)).for_each(|(h, (s, e))| *h += term.c0 * s - term.c1 * e);
        baseline.hazard.push(hazard);
        baseline.variance.push(variance);
        baseline.path.extend_from_slice(&path);
    }
    baseline
}

/// Fills in the product-limit survival and replaces the variance by its Greenwood-like form.
///
/// ```text
/// Σ w r / (1 − e^{−r h}) = S0 over the events of a time            h: the increment of −ln S at r = 1
/// Var = Σ W / (S0 (S0 − W)), S0 at R's centre; W / S0² where S0 <= W
/// ```
///
/// That variance depends on where covariates are centred; like R we take their means. `at_center` is exp(shift − η there).
fn product_limit(
    sweep: &Sweep,
    stratum: usize,
    baseline: &mut StratumBaseline,
    s0: &[f64],
    risk: &RiskScores,
    at_center: f64,
) {
    let first = sweep.slots.first[stratum] as usize + 1;
    let (mut log_product, mut variance) = (Vec::with_capacity(baseline.time.len()), 0.0);
    let mut sum = 0.0;
    for k in 0..baseline.time.len() {
        let slot = first + k;
        let (total, w) = (s0[slot], baseline.event_weight[k]);
        let events: Vec<(f64, f64)> = sweep
            .records
            .events_in_slot(slot)
            .map(|i| (sweep.records.weight(i), risk.of(sweep.records.pattern[i] as usize, stratum)))
            .collect();
        sum += product_limit_increment(&events, total);
        log_product.push(sum);
        let left = total - w / at_center;
        variance += w / (total * if left > 0.0 { left } else { total });
        baseline.variance[k] = variance;
    }
    baseline.log_product = Some(log_product);
}

/// The h that solves Σ w r / (1 − e^{−r h}) = S0, infinite when everyone at risk has the event. `events` holds (w, r).
///
/// The left side falls and is convex in h, and is above S0 at h = Σw / S0, so Newton's steps from there only go up to
/// the solution.
fn product_limit_increment(events: &[(f64, f64)], s0: f64) -> f64 {
    let (w, e0) = events.iter().fold((0.0, 0.0), |(w, e0), (wi, r)| (w + wi, e0 + wi * r));
    if s0 <= e0 * (1.0 + 4.0 * f64::EPSILON) {
        return f64::INFINITY;
    }
    if let [(w, r)] = events
        && *w == 1.0
    {
        return -libm::log1p(-r / s0) / r;
    }
    let mut h = w / s0;
    // The steps of a convex function roughly double the digits; it takes about six.
    for _ in 0..100 {
        let (mut value, mut slope) = (-s0, 0.0);
        for (w, r) in events {
            let dies = -libm::expm1(-r * h);
            value += w * r / dies;
            slope -= w * r * r * (1.0 - dies) / (dies * dies);
        }
        let step = -value / slope;
        h += step;
        if step.abs() <= 2.0 * f64::EPSILON * h {
            break;
        }
    }
    h
}

impl Baseline {
    /// Number of strata.
    pub fn n_strata(&self) -> usize {
        self.strata.len()
    }

    /// The baselines of all strata.
    pub(super) fn strata(&self) -> &[StratumBaseline] {
        &self.strata
    }

    /// p.
    pub(super) fn n_columns(&self) -> usize {
        self.center.len()
    }

    /// c.
    pub(super) fn center(&self) -> &[f64] {
        &self.center
    }

    /// β, 0 where aliased.
    pub(super) fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// V.
    pub(super) fn covariance(&self) -> &DMatrix<f64> {
        &self.covariance
    }

    /// Cumulative hazard and survival of a person with design row `row` and `offset`, in `stratum`.
    pub fn curve(&self, stratum: usize, row: &[f64], offset: f64) -> Curve {
        let baseline = &self.strata[stratum];
        let person = self.person(row, offset);
        let factor = libm::exp(person.eta - baseline.shift);
        let n = baseline.time.len();
        let mut work = vec![0.0; row.len()];
        let mut standard_error = |k: usize| {
            work.copy_from_slice(&person.distance);
            factor * baseline.variance_between(None, Some(k), &mut work, &self.covariance).max(0.0).sqrt()
        };
        let standard_error = (0..n).map(&mut standard_error).collect();
        let survival = |k: usize| {
            let log = baseline.log_product.as_ref().map_or(baseline.hazard[k], |l| l[k]);
            libm::exp(-factor * log)
        };
        Curve {
            time: baseline.time.clone(),
            n_events: baseline.n_events.clone(),
            event_weight: baseline.event_weight.clone(),
            cumulative_hazard: baseline.hazard.iter().map(|h| factor * h).collect(),
            standard_error,
            survival: (0..n).map(survival).collect(),
        }
    }

    /// The increments of a person's cumulative hazard, with what their variance is made of.
    pub(super) fn steps(&self, stratum: usize, row: &[f64], offset: f64) -> HazardSteps<'_> {
        let (baseline, person, p) = (&self.strata[stratum], self.person(row, offset), row.len());
        let factor = libm::exp(person.eta - baseline.shift);
        let step = |values: &[f64], k: usize| values[k] - k.checked_sub(1).map_or(0.0, |before| values[before]);
        let n = baseline.time.len();
        let hazard: Vec<f64> = (0..n).map(|k| step(&baseline.hazard, k)).collect();
        let along = |k: usize, j: usize| {
            let before = if k == 0 { 0.0 } else { baseline.path[(k - 1) * p + j] };
            factor * (hazard[k] * person.distance[j] - (baseline.path[k * p + j] - before))
        };
        HazardSteps {
            time: &baseline.time,
            n_events: &baseline.n_events,
            variance: (0..n).map(|k| factor * factor * step(&baseline.variance, k)).collect(),
            gradient: (0..n).flat_map(|k| (0..p).map(move |j| (k, j))).map(|(k, j)| along(k, j)).collect(),
            hazard: hazard.iter().map(|h| factor * h).collect(),
            covariance: &self.covariance,
        }
    }

    /// Expected events of a person over (`entry`, `exit`] and their standard error; from the first event time on without
    /// `entry`.
    ///
    /// ```text
    /// Λ(exit) − Λ(entry), with the variance above for the increments of Σ A, Σ C0 and H between the two
    /// ```
    pub fn expected(&self, stratum: usize, row: &[f64], offset: f64, entry: Option<f64>, exit: f64) -> (f64, f64) {
        let baseline = &self.strata[stratum];
        let mut person = self.person(row, offset);
        let factor = libm::exp(person.eta - baseline.shift);
        let (from, to) = (entry.and_then(|t| baseline.index(t)), baseline.index(exit));
        let hazard = baseline.hazard_at(to) - baseline.hazard_at(from);
        let variance = baseline.variance_between(from, to, &mut person.distance, &self.covariance);
        (factor * hazard, factor * variance.max(0.0).sqrt())
    }

    fn person(&self, row: &[f64], offset: f64) -> Person {
        let distance: Vec<f64> = row.iter().zip(&self.center).map(|(x, c)| x - c).collect();
        let eta = distance.iter().zip(&self.coefficients).map(|(x, b)| x * b).sum::<f64>() + offset;
        Person { distance, eta }
    }
}

impl StratumBaseline {
    /// The last event time at or before `time`.
    pub fn index(&self, time: f64) -> Option<usize> {
        self.time.partition_point(|t| *t <= time).checked_sub(1)
    }

    fn hazard_at(&self, index: Option<usize>) -> f64 {
        index.map_or(0.0, |k| self.hazard[k])
    }

    /// Variance of the increment of the cumulative hazard between two event times, at η = shift. `distance` holds x − c
    /// and is overwritten.
    pub fn variance_between(
        &self,
        from: Option<usize>,
        to: Option<usize>,
        distance: &mut [f64],
        covariance: &DMatrix<f64>,
    ) -> f64 {
        let Some(to) = to else { return 0.0 };
        let (p, hazard) = (distance.len(), self.hazard[to] - self.hazard_at(from));
        for (j, x) in distance.iter_mut().enumerate() {
            let before = from.map_or(0.0, |k| self.path[k * p + j]);
            *x = hazard * *x - (self.path[to * p + j] - before);
        }
        self.variance[to] - from.map_or(0.0, |k| self.variance[k]) + quadratic(covariance, distance)
    }
}

/// A person for whom a curve is wanted.
struct Person {
    /// x − c.
    distance: Vec<f64>,
    /// (x − c)β + offset.
    eta: f64,
}

/// xᵀVx.
pub(super) fn quadratic(v: &DMatrix<f64>, x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (j, column) in v.column_iter().enumerate() {
        sum += x[j] * column.iter().zip(x).map(|(v, x)| v * x).sum::<f64>();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_limit_of_one_event_and_of_two_equal_ones() {
        // One event among four equals: S = 3/4. Two events at once: S = 2/4.
        let one = product_limit_increment(&[(1.0, 1.0)], 4.0);
        assert!((libm::exp(-one) - 0.75).abs() < 1e-15);
        let two = product_limit_increment(&[(1.0, 1.0), (1.0, 1.0)], 4.0);
        assert!((libm::exp(-two) - 0.5).abs() < 1e-15);
        assert_eq!(product_limit_increment(&[(1.0, 1.0), (1.0, 3.0)], 4.0), f64::INFINITY);
    }

    #[test]
    fn product_limit_of_unequal_ties_solves_its_equation() {
        let events = [(1.0, 0.5), (2.0, 0.25), (0.5, 1.0)];
        let h = product_limit_increment(&events, 7.0);
        let left: f64 = events.iter().map(|(w, r)| w * r / (1.0 - (-r * h).exp())).sum();
        assert!((left - 7.0).abs() < 1e-13);
    }
}
