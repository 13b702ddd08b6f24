//! Tests of equal hazards in several groups: the log-rank test and its weighted relatives, stratified.
//!
//! At an event time of a stratum let n be at risk and d have the event, n_g and d_g of them in group g. With a weight u:
//!
//! ```text
//! Z_g  = Σ u (d_g − d n_g/n)                                            observed minus expected
//! V_gh = Σ u² d (n − d)/(n − 1) (n_g/n) (1{g = h} − n_h/n)              terms with n = 1 are 0
//! χ²   = Zᵀ V⁻ Z                                                        rank of V degrees of freedom
//! ```
//!
//! Source: Mantel (1966); Peto and Peto (1972), JRSS A 135:185-207, doi 10.2307/2344317; Harrington and Fleming (1982),
//! Biometrika 69:553-566, doi 10.1093/biomet/69.3.553; Klein and Moeschberger (2003), section 7.3, doi 10.1007/b97377.
//! [`LogRankWeight::Rho`] is R's `survdiff`.

use super::timeline::{Moment, Timeline};
use crate::engine::cholesky::quadratic_form;
use crate::engine::data::SurvivalData;
use crate::engine::{FitError, NearTies};
use crate::inference::ChiSquared;
use libm::{pow, sqrt};
use nalgebra::DMatrix;

/// What event times weigh. S is the Kaplan-Meier curve of all groups of the stratum together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LogRankWeight {
    /// S(t−)^ρ, `survdiff`'s: 0 is the log-rank test, 1 Peto and Peto's modification of Gehan's.
    Rho(f64),
    /// n: Gehan and Breslow.
    Gehan,
    /// √n: Tarone and Ware.
    TaroneWare,
    /// Π(1 − d/(n + 1)): Peto and Peto.
    PetoPeto,
    /// Peto and Peto's times n/(n + 1): Andersen.
    ModifiedPeto,
    /// S(t−)^p (1 − S(t−))^q.
    FlemingHarrington(f64, f64),
}

impl LogRankWeight {
    /// What tables call it.
    pub fn name(self) -> String {
        match self {
            LogRankWeight::Rho(0.0) => "log-rank".to_owned(),
            LogRankWeight::Rho(1.0) => "Peto-Peto".to_owned(),
            LogRankWeight::Rho(rho) => format!("Harrington-Fleming, rho {rho}"),
            LogRankWeight::Gehan => "Gehan-Breslow".to_owned(),
            LogRankWeight::TaroneWare => "Tarone-Ware".to_owned(),
            LogRankWeight::PetoPeto => "Peto-Peto".to_owned(),
            LogRankWeight::ModifiedPeto => "modified Peto-Peto".to_owned(),
            LogRankWeight::FlemingHarrington(p, q) => format!("Fleming-Harrington ({p}, {q})"),
        }
    }
}

/// A test of equal hazards.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRank {
    /// The weights.
    pub weight: LogRankWeight,
    /// Records of each group.
    pub n_records: Vec<u64>,
    /// Σ u d_g, by stratum and group.
    pub observed: Vec<Vec<f64>>,
    /// Σ u d n_g/n, by stratum and group.
    pub expected: Vec<Vec<f64>>,
    /// V.
    pub covariance: DMatrix<f64>,
    /// χ² with its P value; no degrees of freedom when no two groups are at risk at an event time together.
    pub test: ChiSquared,
}

impl LogRank {
    /// Observed, summed over strata.
    pub fn total_observed(&self) -> Vec<f64> {
        totals(&self.observed, self.n_records.len())
    }

    /// Expected, summed over strata.
    pub fn total_expected(&self) -> Vec<f64> {
        totals(&self.expected, self.n_records.len())
    }
}

fn totals(rows: &[Vec<f64>], n: usize) -> Vec<f64> {
    (0..n).map(|g| rows.iter().map(|row| row[g]).sum()).collect()
}

/// Groups, strata and what is asked of them.
#[derive(Debug, Clone, Copy)]
pub struct LogRankRequest<'a> {
    /// The stratum of each record, and how many there are; `None` is one stratum.
    pub strata: Option<(&'a [u32], usize)>,
    /// Which groups are compared; others are left out. `None` compares all.
    pub only: Option<[u32; 2]>,
    /// Times that differ by rounding only.
    pub near_ties: NearTies,
}

/// Tests whether the `n_groups` groups, the strata of `data`, have equal hazards; one result for each of `weights`.
///
/// Case weights are not used: a weighted count has no hypergeometric variance (a Cox model's robust score test takes
/// them). Errors: those of [`SurvivalData::check`], and [`FitError::VanishingInterval`].
pub fn log_rank(
    data: &SurvivalData,
    n_groups: usize,
    weights: &[LogRankWeight],
    request: &LogRankRequest<'_>,
) -> Result<Vec<LogRank>, FitError> {
    let group = |i: usize| data.stratum.as_ref().and_then(|s| s.get(i)).unwrap_or(0) as usize;
    let (strata, n_strata) = request.strata.map_or((None, 1), |(codes, n)| (Some(codes), n));
    let stratum = |i: usize| strata.map_or(0, |s| s[i]);
    let timeline = Timeline::new(data, &stratum, n_strata, request.near_ties)?;
    let is_in = |i: u32| request.only.is_none_or(|pair| pair.contains(&(group(i as usize) as u32)));
    let mut n_records = vec![0; n_groups];
    let mut tallies: Vec<Tally> = weights.iter().map(|w| Tally::new(*w, n_groups)).collect();
    for s in 0..n_strata {
        tallies.iter_mut().for_each(Tally::next_stratum);
        let mut at_risk = vec![0.0; n_groups];
        for moment in timeline.moments(s) {
            moment.entering.iter().filter(|i| is_in(**i)).for_each(|i| at_risk[group(*i as usize)] += 1.0);
            let events = events(data, &moment, &group, &is_in, n_groups);
            tallies.iter_mut().for_each(|t| t.add(&at_risk, &events));
            for &i in moment.leaving.iter().filter(|i| is_in(**i)) {
                at_risk[group(i as usize)] -= 1.0;
                n_records[group(i as usize)] += 1;
            }
        }
    }
    Ok(tallies.into_iter().map(|t| t.finish(n_records.clone())).collect())
}

/// Events of every group at a moment.
fn events(
    data: &SurvivalData,
    moment: &Moment<'_>,
    group: &impl Fn(usize) -> usize,
    is_in: &impl Fn(u32) -> bool,
    n_groups: usize,
) -> Vec<f64> {
    let mut events = vec![0.0; n_groups];
    let with_event = moment.leaving.iter().filter(|i| data.event[**i as usize] && is_in(**i));
    with_event.for_each(|i| events[group(*i as usize)] += 1.0);
    events
}

/// Sums along the time axis for one kind of weight.
struct Tally {
    weight: LogRankWeight,
    observed: Vec<Vec<f64>>,
    expected: Vec<Vec<f64>>,
    covariance: DMatrix<f64>,
    n_groups: usize,
    /// S(t−), and Peto's version of it.
    survival: f64,
    peto: f64,
}

impl Tally {
    fn new(weight: LogRankWeight, n_groups: usize) -> Tally {
        let covariance = DMatrix::zeros(n_groups, n_groups);
        let (observed, expected) = (Vec::new(), Vec::new());
        Tally { weight, observed, expected, covariance, n_groups, survival: 1.0, peto: 1.0 }
    }

    fn next_stratum(&mut self) {
        self.observed.push(vec![0.0; self.n_groups]);
        self.expected.push(vec![0.0; self.n_groups]);
        (self.survival, self.peto) = (1.0, 1.0);
    }

    fn add(&mut self, at_risk: &[f64], events: &[f64]) {
        let (n, d): (f64, f64) = (at_risk.iter().sum(), events.iter().sum());
        let (Some(observed), Some(expected)) = (self.observed.last_mut(), self.expected.last_mut()) else { return };
        if d == 0.0 {
            return;
        }
        self.peto *= 1.0 - d / (n + 1.0);
        let u = match self.weight {
            LogRankWeight::Rho(rho) => pow(self.survival, rho),
            LogRankWeight::Gehan => n,
            LogRankWeight::TaroneWare => sqrt(n),
            LogRankWeight::PetoPeto => self.peto,
            LogRankWeight::ModifiedPeto => self.peto * n / (n + 1.0),
            LogRankWeight::FlemingHarrington(p, q) => pow(self.survival, p) * pow(1.0 - self.survival, q),
        };
        self.survival *= 1.0 - d / n;
        for g in 0..self.n_groups {
            observed[g] += u * events[g];
            expected[g] += u * d * at_risk[g] / n;
        }
        if n > 1.0 {
            let scale = u * u * d * (n - d) / (n - 1.0);
            for (g, h) in (0..self.n_groups).flat_map(|g| (0..self.n_groups).map(move |h| (g, h))) {
                let same = if g == h { 1.0 } else { 0.0 };
                self.covariance[(g, h)] += scale * (at_risk[g] / n) * (same - at_risk[h] / n);
            }
        }
    }

    fn finish(self, n_records: Vec<u64>) -> LogRank {
        let (observed, expected) = (totals(&self.observed, self.n_groups), totals(&self.expected, self.n_groups));
        let difference: Vec<f64> = observed.iter().zip(&expected).map(|(o, e)| o - e).collect();
        LogRank {
            weight: self.weight,
            n_records,
            test: quadratic_test(&difference, &self.covariance),
            observed: self.observed,
            expected: self.expected,
            covariance: self.covariance,
        }
    }
}

/// The χ² test of a vector whose elements add up to zero, against its covariance; as many degrees of freedom as the
/// covariance has rank.
pub(super) fn quadratic_test(statistic: &[f64], covariance: &DMatrix<f64>) -> ChiSquared {
    let n = statistic.len();
    if n < 2 {
        return ChiSquared::new(0.0, 0);
    }
    // The elements add up to zero, so the first says nothing that the others do not.
    let (chisq, df) = quadratic_form(&covariance.view((1, 1), (n - 1, n - 1)).into_owned(), &statistic[1..]);
    ChiSquared::new(chisq, df)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::data::Time;
    use crate::table::Codes;

    /// Events at 1 (group 0), 2 (group 1), 3 (both), 4 censored: worked out by hand.
    #[test]
    fn a_log_rank_test_of_five_is_worked_out_by_hand() {
        let exit = Time::Whole(vec![1, 2, 3, 3, 4]);
        let mut data = SurvivalData::right_censored(exit, vec![true, true, true, true, false]);
        data.stratum = Some(Codes::U8(vec![0, 1, 0, 1, 1]));
        let request = LogRankRequest { strata: None, only: None, near_ties: NearTies::Repair };
        let found = &log_rank(&data, 2, &[LogRankWeight::Rho(0.0)], &request).expect("good data")[0];
        let expected = 2.0 / 5.0 + 1.0 / 4.0 + 2.0 / 3.0;
        assert!((found.total_expected()[0] - expected).abs() < 1e-15);
        let variance = 6.0 / 25.0 + 3.0 / 16.0 + 2.0 * (1.0 / 2.0) * 2.0 / 9.0;
        assert!((found.covariance[(0, 0)] - variance).abs() < 1e-15);
        let chisq = (2.0 - expected) * (2.0 - expected) / variance;
        assert!((found.test.chisq - chisq).abs() < 1e-14 && found.test.df == 1);
        assert_eq!(found.n_records, [2, 3]);
    }

    #[test]
    fn groups_that_never_meet_give_no_test() {
        let mut data = SurvivalData::right_censored(Time::Whole(vec![1, 5]), vec![true, true]);
        data.entry = Some(Time::Whole(vec![0, 3]));
        data.stratum = Some(Codes::U8(vec![0, 1]));
        let request = LogRankRequest { strata: None, only: None, near_ties: NearTies::Repair };
        let found = &log_rank(&data, 2, &[LogRankWeight::Rho(0.0)], &request).expect("good data")[0];
        assert!(found.test.df == 0 && found.test.p.is_nan());
    }
}
