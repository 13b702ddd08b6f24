//! Gray's test: whether groups have equal cumulative incidence of one kind of event where others compete.
//!
//! At a time let n_r be at risk in group r, S_r and F_r its event-free probability and cumulative incidence just before,
//! h_r = n_r/S_r, and d of all groups and d_r of group r have the event. F⁰ is the cumulative incidence under the
//! hypothesis, F⁰ += d/Σh.
//!
//! ```text
//! Z_r  = Σ d_r − d h_r (1 − F_r) / Σ h (1 − F)
//! a_rs = h_r (1{r = s} − h_s/Σh)              c_rs = Σ a_rs d/(Σh (1 − F⁰))
//! ```
//!
//! and the variance is that of a sum of martingales of both kinds of events, with weights a − c g and c g,
//! g = (1 − F⁰)/S after the time. Right-censored records; strata add up.
//!
//! Source: Gray (1988), Annals of Statistics 16:1141-1154, doi 10.1214/aos/1176350951; tied events are counted as
//! `cmprsk::cuminc` counts them.

use super::aalen_johansen::Causes;
use super::log_rank::{LogRankRequest, quadratic_test};
use super::timeline::Timeline;
use crate::engine::FitError;
use crate::engine::data::SurvivalData;
use crate::inference::ChiSquared;
use nalgebra::DMatrix;

/// Gray's test of the `n_groups` groups, the strata of `data`, for every kind of event. Case weights are not used.
///
/// Errors: those of [`SurvivalData::check`], and [`FitError::DelayedEntry`]: the test is not defined for records that enter
/// late.
pub fn gray_tests(
    data: &SurvivalData,
    causes: &Causes<'_>,
    n_groups: usize,
    request: &LogRankRequest<'_>,
) -> Result<Vec<ChiSquared>, FitError> {
    if data.entry.is_some() {
        return Err(FitError::DelayedEntry { what: "Gray's test" });
    }
    let group = |i: u32| data.stratum.as_ref().and_then(|s| s.get(i as usize)).unwrap_or(0) as usize;
    let (strata, n_strata) = request.strata.map_or((None, 1), |(codes, n)| (Some(codes), n));
    let timeline = Timeline::new(data, &|i| strata.map_or(0, |s| s[i]), n_strata, request.near_ties)?;
    let mut sums = vec![(vec![0.0; n_groups], DMatrix::zeros(n_groups, n_groups)); causes.n_causes];
    for s in 0..n_strata {
        let mut at_risk = vec![0.0; n_groups];
        timeline.records(s).iter().for_each(|i| at_risk[group(*i)] += 1.0);
        let mut sweeps: Vec<GraySweep> = (0..causes.n_causes).map(|_| GraySweep::new(n_groups)).collect();
        for moment in timeline.moments(s) {
            let mut events = vec![vec![0.0; n_groups]; causes.n_causes];
            for &i in moment.leaving.iter().filter(|i| causes.codes[**i as usize] > 0) {
                events[causes.codes[i as usize] as usize - 1][group(i)] += 1.0;
            }
            let all: Vec<f64> = (0..n_groups).map(|g| events.iter().map(|e| e[g]).sum()).collect();
            if all.iter().any(|d| *d > 0.0) {
                sweeps.iter_mut().zip(&events).for_each(|(sweep, own)| sweep.pass(&at_risk, own, &all));
            }
            moment.leaving.iter().for_each(|i| at_risk[group(*i)] -= 1.0);
        }
        for ((score, covariance), sweep) in sums.iter_mut().zip(&sweeps) {
            score.iter_mut().zip(&sweep.score).for_each(|(z, x)| *z += x);
            *covariance += sweep.covariance();
        }
    }
    Ok(sums.iter().map(|(score, covariance)| quadratic_test(score, covariance)).collect())
}

/// The sums of one kind of event in one stratum.
struct GraySweep {
    n: usize,
    score: Vec<f64>,
    /// S_r and F_r just before the next time.
    free: Vec<f64>,
    incidence: Vec<f64>,
    /// F⁰ just before the next time.
    pooled: f64,
    /// c_rs.
    c: DMatrix<f64>,
    /// Σ of products of what multiplies martingale k in Z_r, Z_s: without c at the end, once with it, twice with it.
    products: DMatrix<f64>,
    with_c: DMatrix<f64>,
    with_c_twice: Vec<f64>,
}

impl GraySweep {
    fn new(n: usize) -> GraySweep {
        GraySweep {
            n,
            score: vec![0.0; n],
            free: vec![1.0; n],
            incidence: vec![0.0; n],
            pooled: 0.0,
            c: DMatrix::zeros(n, n),
            products: DMatrix::zeros(n, n),
            with_c: DMatrix::zeros(n, n),
            with_c_twice: vec![0.0; n],
        }
    }

    /// Goes past a time with events of this kind (`own`) and of any (`all`), by group.
    fn pass(&mut self, at_risk: &[f64], own: &[f64], all: &[f64]) {
        let present: Vec<usize> = (0..self.n).filter(|r| at_risk[*r] > 0.0).collect();
        let h: Vec<f64> = (0..self.n).map(|r| if at_risk[r] > 0.0 { at_risk[r] / self.free[r] } else { 0.0 }).collect();
        let total: f64 = h.iter().sum();
        let still: f64 = present.iter().map(|r| h[*r] * (1.0 - self.incidence[*r])).sum();
        let d: f64 = own.iter().sum();
        let pooled = self.pooled + d / total;
        let mut a = DMatrix::zeros(self.n, self.n);
        for (&r, &s) in present.iter().flat_map(|r| present.iter().map(move |s| (r, s))) {
            a[(r, s)] = h[r] * (if r == s { 1.0 } else { 0.0 } - h[s] / total);
            self.c[(r, s)] += a[(r, s)] * d / (total * (1.0 - self.pooled));
        }
        for &r in &present {
            self.score[r] += own[r] - d * h[r] * (1.0 - self.incidence[r]) / still;
        }
        let free_before = self.free.clone();
        for &r in &present {
            self.incidence[r] += self.free[r] * own[r] / at_risk[r];
            self.free[r] *= (at_risk[r] - all[r]) / at_risk[r];
        }
        for &k in present.iter().filter(|_| d > 0.0) {
            let g = if self.free[k] > 0.0 { 1.0 - (1.0 - pooled) / self.free[k] } else { 1.0 };
            let tied = if d > 1.0 { 1.0 - (d - 1.0) / (total * free_before[k] - 1.0) } else { 1.0 };
            let size = tied * free_before[k] * d / (total * at_risk[k]);
            let multiplier: Vec<f64> = (0..self.n).map(|r| a[(r, k)] - g * self.c[(r, k)]).collect();
            self.add(k, size, g, &multiplier);
        }
        for &k in present.iter().filter(|k| self.free[**k] > 0.0 && all[**k] > own[**k]).collect::<Vec<_>>() {
            let other = all[k] - own[k];
            let g = (1.0 - pooled) / self.free[k];
            let tied = if other > 1.0 { 1.0 - (other - 1.0) / (at_risk[k] - 1.0) } else { 1.0 };
            let size = tied * free_before[k] * free_before[k] * other / (at_risk[k] * at_risk[k]);
            let multiplier: Vec<f64> = (0..self.n).map(|r| -g * self.c[(r, k)]).collect();
            self.add(k, size, g, &multiplier);
        }
        self.pooled = pooled;
    }

    /// Adds the martingale of group k: its size, and what multiplies it now and (times the final c) at the end.
    fn add(&mut self, k: usize, size: f64, g: f64, multiplier: &[f64]) {
        self.with_c_twice[k] += g * g * size;
        for r in 0..self.n {
            self.with_c[(r, k)] += multiplier[r] * g * size;
            for s in 0..self.n {
                self.products[(r, s)] += multiplier[r] * multiplier[s] * size;
            }
        }
    }

    fn covariance(&self) -> DMatrix<f64> {
        let mut v = self.products.clone();
        for (r, s) in (0..self.n).flat_map(|r| (0..self.n).map(move |s| (r, s))) {
            for k in 0..self.n {
                let (c_r, c_s) = (self.c[(r, k)], self.c[(s, k)]);
                v[(r, s)] += c_r * c_s * self.with_c_twice[k] + c_r * self.with_c[(s, k)] + c_s * self.with_c[(r, k)];
            }
        }
        v
    }
}
