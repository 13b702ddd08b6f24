//! Cumulative incidence where events are of several kinds: the Aalen-Johansen estimate of every group.
//!
//! With n at risk and d_j events of kind j at a time, d of any kind, weights added up:
//!
//! ```text
//! S(t)   = Π (1 − d/n)                  free of any event
//! F_j(t) = Σ S(u−) d_j/n                has had an event of kind j first
//! ```
//!
//! Standard errors are those of the infinitesimal jackknife, summed over clusters (as in R's `survfit`, which takes no
//! other for several kinds of events), and beside them the Aalen-type variance that `cmprsk::cuminc` reports.
//!
//! Source: Aalen and Johansen (1978), Scand. J. Stat. 5:141-150; Marubini and Valsecchi (1995), Analysing Survival Data
//! from Clinical Trials, chapter 10; Gray (1988), doi 10.1214/aos/1176350951.

use super::influence::{ClusterSquares, CumulativeInfluence, cluster, n_clusters};
use super::timeline::{Compensated, Moment, Timeline, total_weight, weight};
use crate::engine::data::SurvivalData;
use crate::engine::{FitError, NearTies};
use crate::inference::step::{IntervalScale, step_at};
use libm::sqrt;

/// How every record ends: 0 is censored, k in 1..=`n_causes` an event of kind k.
#[derive(Debug, Clone, Copy)]
pub struct Causes<'a> {
    /// One code per record.
    pub codes: &'a [u32],
    /// Number of kinds.
    pub n_causes: usize,
}

/// One kind of event in one group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CauseCurve {
    /// Events at each time, weighted.
    pub events: Vec<f64>,
    /// F_j(t).
    pub incidence: Vec<f64>,
    /// Its standard error by the infinitesimal jackknife.
    pub se: Vec<f64>,
    /// Its variance as `cmprsk::cuminc` has it, weights taken for counts.
    pub aalen_variance: Vec<f64>,
}

/// The curves of one group at every distinct time at which a record ends.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IncidenceCurves {
    /// Records of the group, not weighted.
    pub n_records: usize,
    /// Distinct exit times, ascending.
    pub time: Vec<f64>,
    /// At risk just before each time, weighted.
    pub at_risk: Vec<f64>,
    /// S(t), free of any event.
    pub event_free: Vec<f64>,
    /// Its standard error by the infinitesimal jackknife.
    pub event_free_se: Vec<f64>,
    /// The kinds of events.
    pub causes: Vec<CauseCurve>,
}

/// A probability at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IncidenceAt {
    /// The time.
    pub time: f64,
    /// At risk at the first exit at or after the time; 0 after the last.
    pub at_risk: f64,
    /// Events up to and including the time.
    pub events: f64,
    /// The probability.
    pub probability: f64,
    /// Its standard error.
    pub se: f64,
    /// Its limits; NaN where the probability is 0.
    pub limits: (f64, f64),
    /// The variance of `cmprsk::cuminc`.
    pub aalen_variance: f64,
    /// Whether the time lies after the last record.
    pub beyond: bool,
}

impl IncidenceCurves {
    /// The cumulative incidence of a kind of event (from 0) at `time`.
    pub fn at(&self, cause: usize, time: f64, scale: IntervalScale, level: f64) -> IncidenceAt {
        let curve = &self.causes[cause];
        let k = step_at(&self.time, time);
        let value = |values: &[f64]| k.map_or(0.0, |k| values[k]);
        IncidenceAt {
            events: curve.events[..k.map_or(0, |k| k + 1)].iter().sum(),
            aalen_variance: value(&curve.aalen_variance),
            ..self.point(time, value(&curve.incidence), value(&curve.se), scale, level)
        }
    }

    /// The probability of being free of any event at `time`.
    pub fn event_free_at(&self, time: f64, scale: IntervalScale, level: f64) -> IncidenceAt {
        let k = step_at(&self.time, time);
        let (free, se) = k.map_or((1.0, 0.0), |k| (self.event_free[k], self.event_free_se[k]));
        self.point(time, free, se, scale, level)
    }

    fn point(&self, time: f64, probability: f64, se: f64, scale: IntervalScale, level: f64) -> IncidenceAt {
        let next = self.time.partition_point(|t| *t < time);
        IncidenceAt {
            time,
            at_risk: self.at_risk.get(next).copied().unwrap_or(0.0),
            events: 0.0,
            probability,
            se,
            limits: scale.limits(probability, se / probability, level),
            aalen_variance: f64::NAN,
            beyond: self.time.last().is_some_and(|last| time > *last),
        }
    }
}

/// The curves of the groups that the strata of `data` are, `n_groups` of them. `data.event` is not looked at.
///
/// Errors: those of [`SurvivalData::check`], and [`FitError::VanishingInterval`].
pub fn incidence_curves(
    data: &SurvivalData,
    causes: &Causes<'_>,
    n_groups: usize,
    near_ties: NearTies,
) -> Result<Vec<IncidenceCurves>, FitError> {
    let group = |i: usize| data.stratum.as_ref().and_then(|s| s.get(i)).unwrap_or(0);
    let timeline = Timeline::new(data, &group, n_groups, near_ties)?;
    // The influence on the probability of being free of any event asks for events of any kind.
    let any = SurvivalData { event: causes.codes.iter().map(|c| *c > 0).collect(), ..data.clone() };
    Ok((0..n_groups).map(|g| curves(&any, causes, &timeline, g)).collect())
}

fn curves(data: &SurvivalData, causes: &Causes<'_>, timeline: &Timeline, group: usize) -> IncidenceCurves {
    let mut out = IncidenceCurves {
        n_records: timeline.records(group).len(),
        causes: vec![CauseCurve::default(); causes.n_causes],
        ..IncidenceCurves::default()
    };
    let mut at_risk = Compensated::default();
    let mut state = State { free: 1.0, loss: 0.0 };
    let mut free_influence = CumulativeInfluence::new(n_clusters(data));
    let mut sweeps: Vec<CauseSweep> = (1..=causes.n_causes as u32).map(|c| CauseSweep::new(c, data)).collect();
    for moment in timeline.moments(group) {
        moment.entering.iter().for_each(|i| at_risk.add(weight(data, *i)));
        let n = at_risk.value();
        moment.leaving.iter().for_each(|i| at_risk.add(-weight(data, *i)));
        let of_cause = |sweep: &CauseSweep| {
            total_weight(data, moment.leaving.iter().filter(|i| causes.codes[**i as usize] == sweep.cause))
        };
        let events: Vec<f64> = sweeps.iter().map(of_cause).collect();
        let step = Step::new(n, events.iter().sum());
        for ((sweep, curve), d) in sweeps.iter_mut().zip(&mut out.causes).zip(&events) {
            sweep.pass(&moment, data, causes, &state, &step, *d);
            curve.events.push(*d);
            curve.incidence.push(sweep.incidence);
            curve.se.push(sqrt(sweep.variance));
            curve.aalen_variance.push(sweep.aalen.pass(&state, &step, *d, sweep.incidence));
        }
        let log_variance = free_influence.pass(&moment, data, [step.loss, step.of_event]);
        let se_before = out.event_free_se.last().copied().unwrap_or(0.0);
        state.free *= step.kept;
        state.loss += step.loss;
        out.time.push(moment.time);
        out.at_risk.push(n);
        out.event_free.push(state.free);
        out.event_free_se.push(if step.events > 0.0 { state.free * sqrt(log_variance) } else { se_before });
    }
    out
}

/// What is known just before a time.
struct State {
    /// S(t−).
    free: f64,
    /// A(t−) = Σ d/(n(n − d)): by how much a record at risk since the origin raises ln S.
    loss: f64,
}

/// What happens at a time, all kinds of events together.
struct Step {
    /// n
    at_risk: f64,
    /// d
    events: f64,
    /// 1 − d/n
    kept: f64,
    /// d/(n(n − d)), 0 when everybody leaves: nothing depends on S afterwards.
    loss: f64,
    /// 1/(n − d), the same.
    of_event: f64,
}

impl Step {
    fn new(at_risk: f64, events: f64) -> Step {
        /// As for Kaplan-Meier: above the rounding of a compensated sum, below a record's share.
        const ROUNDING: f64 = 1e-14;
        let left = at_risk - events;
        if events > 0.0 && left <= ROUNDING * at_risk {
            return Step { at_risk, events, kept: 0.0, loss: 0.0, of_event: 0.0 };
        }
        Step { at_risk, events, kept: left / at_risk, loss: events / (at_risk * left), of_event: 1.0 / left }
    }
}

/// The cumulative incidence of one kind of event along the time axis, with the influence of every cluster on it.
///
/// ```text
/// B(t) = Σ dF(u) (A(u−) − 1/n(u))
/// at risk since E:   D(t) = B(t) − B(E) − A(E) (F(t) − F(E))
/// left at X:         D(t) = D(X) + 1{event of this kind} S(X−)/n + C (F(t) − F(X)),   C = A(X) − A(E) − δ/(n − d)
/// f = (1, F, B);     at risk v = (A(E) F(E) − B(E), −A(E), 1);     the leaving of a record adds
///                    (B(X) + 1{event of this kind} S(X−)/n − (A(X) − δ/(n − d)) F(X), A(X) − δ/(n − d), −1)
/// ```
struct CauseSweep {
    cause: u32,
    incidence: f64,
    /// B(t).
    moment: f64,
    squares: ClusterSquares<3>,
    variance: f64,
    aalen: AalenVariance,
}

impl CauseSweep {
    fn new(cause: u32, data: &SurvivalData) -> CauseSweep {
        CauseSweep {
            cause,
            incidence: 0.0,
            moment: 0.0,
            squares: ClusterSquares::new(n_clusters(data)),
            variance: 0.0,
            aalen: AalenVariance::default(),
        }
    }

    /// Goes past a time at which `events` of this kind happen.
    fn pass(
        &mut self,
        moment: &Moment<'_>,
        data: &SurvivalData,
        causes: &Causes<'_>,
        before: &State,
        step: &Step,
        events: f64,
    ) {
        for &i in moment.entering {
            let w = weight(data, i);
            let change = [w * (before.loss * self.incidence - self.moment), -w * before.loss, w];
            self.squares.change(cluster(data, i), change);
        }
        let share = before.free / step.at_risk;
        self.incidence += share * events;
        self.moment += share * events * (before.loss - 1.0 / step.at_risk);
        let loss = before.loss + step.loss;
        for &i in moment.leaving {
            let (w, code) = (weight(data, i), causes.codes[i as usize]);
            let own = if code == self.cause { share } else { 0.0 };
            let later = if code > 0 { loss - step.of_event } else { loss };
            let change = [w * (self.moment + own - later * self.incidence), w * later, -w];
            self.squares.change(cluster(data, i), change);
        }
        self.squares.settle();
        if events > 0.0 {
            self.variance = self.squares.square([1.0, self.incidence, self.moment]);
        }
    }
}

/// The Aalen-type variance of a cumulative incidence.
///
/// ```text
/// var F(t) = Σ_u  S(u−)² (n − d_j)/(n − 1) d_j/n² (1 − g(u))²  +  S(u−)² (n − d_o)/(n − 1) d_o/n² g(u)²
/// g(u) = (F(t) − F(u))/S(u),   d_o events of other kinds;   (n − d)/(n − 1) is 1 for a single event
/// ```
///
/// as a quadratic in F(t) with running coefficients. R's `cuminc` steps it at events of the kind only, and so do we.
#[derive(Default)]
struct AalenVariance {
    constant: f64,
    linear: f64,
    square: f64,
    now: f64,
}

impl AalenVariance {
    fn pass(&mut self, before: &State, step: &Step, own: f64, incidence: f64) -> f64 {
        let free = before.free * step.kept;
        let tied = |d: f64| if d > 1.0 { 1.0 - (d - 1.0) / (step.at_risk - 1.0) } else { 1.0 };
        let size = |d: f64| before.free * before.free * tied(d) * d / (step.at_risk * step.at_risk);
        let other = step.events - own;
        if other > 0.0 && free > 0.0 {
            self.add(size(other), incidence / free, 1.0 / free);
        }
        if own > 0.0 {
            let per_free = if free > 0.0 { 1.0 / free } else { 0.0 };
            self.add(size(own), 1.0 + incidence * per_free, per_free);
            self.now = self.constant + incidence * incidence * self.square - 2.0 * incidence * self.linear;
        }
        self.now
    }

    fn add(&mut self, size: f64, constant: f64, slope: f64) {
        self.constant += size * constant * constant;
        self.linear += size * constant * slope;
        self.square += size * slope * slope;
    }
}
