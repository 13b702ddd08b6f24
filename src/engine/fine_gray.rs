//! Fine and Gray's model of the subdistribution hazard: who has a competing event stays in the risk set, with a weight.
//!
//! ```text
//! λ(t) = λ₀(t) exp(xβ)         cumulative incidence of the event = 1 − exp(−Λ₀(t) exp(xβ))
//! after a competing event at T:  r W(t−)/W(T−) at t       W: probability of being still observed, see `observation`
//! ```
//!
//! A record that ends in a competing event gets a second one, from T on, whose risk score is r/W(T−) and changes along the time
//! axis as W does: it belongs to a class of its own ([`super::classes`]), one per group of records that are censored
//! alike, and nothing is cut at the censoring times. The two are one cluster of the robust variance.

use rayon::prelude::*;

use super::bins::NearTies;
use super::data::{Design, SurvivalData, Time, Variable};
use super::error::FitError;
use super::observation::{CensoringTies, Grid, Observation, Standing, standings};
use crate::table::Codes;

/// What a Fine-Gray model knows beside the records. Events of interest are those of [`SurvivalData::event`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Competing {
    /// Whether the record ends in a competing event.
    pub event: Vec<bool>,
    /// Groups with censoring of their own; `None`: all records are censored alike.
    pub group: Option<Codes>,
    /// The person of every record; `None` when every record is a person. Must be given with entry times.
    pub person: Option<Vec<u32>>,
    /// Who is at risk of being censored where times are tied.
    pub ties: CensoringTies,
    /// Whether the robust covariance knows that the weights are estimated, as `crr` has it; R's `finegray` with `coxph`
    /// takes them for known.
    pub estimated_weights: bool,
}

/// The records with those after competing events, and how these change along the time axis.
pub(super) struct Augmented {
    pub data: SurvivalData,
    pub design: Design,
    /// The variable that tells records after a competing event from others, and their groups apart.
    pub tail: usize,
    pub grid: Grid,
    pub groups: Vec<Observation>,
    /// Group, and standing of every record that was given.
    pub group: Vec<u32>,
    pub standing: Vec<Standing>,
    /// The record from which each one was made, those given first.
    pub made_from: Vec<u32>,
}

impl Competing {
    /// Checks shapes, and that no record ends in both kinds of events.
    pub fn check(&self, data: &SurvivalData) -> Result<(), FitError> {
        let n = data.n_records();
        let lengths = [
            ("competing events", Some(self.event.len())),
            ("censoring group", self.group.as_ref().map(Codes::len)),
            ("person", self.person.as_ref().map(Vec::len)),
        ];
        if let Some((what, Some(found))) = lengths.into_iter().find(|(_, len)| len.is_some_and(|len| len != n)) {
            return Err(FitError::Length { what, expected: n, found });
        }
        if let Some(record) = (0..n).find(|&i| self.event[i] && data.event[i]) {
            return Err(FitError::TwoEvents { record });
        }
        if let Some(record) = self.group.as_ref().and_then(|g| (0..n).find(|&i| g.get(i).is_none())) {
            return Err(FitError::MissingCensoringGroup { record });
        }
        if self.estimated_weights && data.weight.is_some() {
            return Err(FitError::EstimatedWeights);
        }
        if data.entry.is_some() && self.person.is_none() { Err(FitError::PersonsUnknown) } else { Ok(()) }
    }

    /// Adds the records after competing events to checked data.
    pub(super) fn augment(
        &self,
        data: &SurvivalData,
        design: &Design,
        near_ties: NearTies,
    ) -> Result<Augmented, FitError> {
        let n = data.n_records();
        let grid = Grid::new(data, near_ties);
        let standing = standings(&grid, |i| data.event[i] || self.event[i], self.person.as_deref())?;
        let group: Vec<u32> = (0..n).map(|i| self.group.as_ref().and_then(|g| g.get(i)).unwrap_or(0)).collect();
        let n_groups = group.iter().max().map_or(1, |&g| g as usize + 1);
        let groups = Observation::of_groups(&grid, |i| group[i] as usize, n_groups, &standing, self.ties);
        let last_event = last_event_by_stratum(data, &grid);
        let has_tail = |i: &usize| {
            let last = last_event[stratum(data, *i)].min(Some(groups[group[*i] as usize].last));
            self.event[*i] && last.is_some_and(|last| (grid.exit[*i] as usize) < last)
        };
        let tails: Vec<u32> = (0..n).filter(has_tail).map(|i| i as u32).collect();
        let observed = |i: u32| groups[group[i as usize] as usize].before[grid.exit[i as usize] as usize];
        if let Some(&record) = tails.iter().find(|&&i| observed(i) <= 0.0) {
            return Err(FitError::NeverObserved { record: record as usize });
        }
        let made_from: Vec<u32> = (0..n as u32).chain(tails.iter().copied()).collect();
        let data = with_tails(data, &made_from, &grid, |i| groups[group[i as usize] as usize].last, observed);
        let design = with_tail_variable(design, &made_from, n, &group, n_groups);
        let tail = design.variables.len() - 1;
        Ok(Augmented { data, design, tail, grid, groups, group, standing, made_from })
    }
}

fn stratum(data: &SurvivalData, record: usize) -> usize {
    data.stratum.as_ref().and_then(|s| s.get(record)).unwrap_or(0) as usize
}

/// The place of the last event of every stratum: nothing after it counts.
fn last_event_by_stratum(data: &SurvivalData, grid: &Grid) -> Vec<Option<usize>> {
    let n_strata = (0..data.n_records()).map(|i| stratum(data, i)).max().map_or(1, |s| s + 1);
    let mut last = vec![None; n_strata];
    for i in (0..data.n_records()).filter(|&i| data.event[i]) {
        let here = &mut last[stratum(data, i)];
        *here = (*here).max(Some(grid.exit[i] as usize));
    }
    last
}

/// The survival part, with a record from the competing event to the group's last exit for each of those in
/// `made_from` beyond the given ones.
fn with_tails(
    data: &SurvivalData,
    made_from: &[u32],
    grid: &Grid,
    last: impl Fn(u32) -> usize,
    observed: impl Fn(u32) -> f64,
) -> SurvivalData {
    let n = data.n_records();
    let (given, tails) = made_from.split_at(n);
    let before_all = grid.time[0] - 1.0 - grid.time[0].abs();
    let entry = |&i: &u32| grid.entry.as_ref().map_or(before_all, |e| grid.time[e[i as usize] as usize]);
    let exit = |&i: &u32| grid.time[grid.exit[i as usize] as usize];
    let whole = matches!(data.exit, Time::Whole(_)) && before_all > f64::from(i32::MIN);
    let times = |values: Vec<f64>| {
        if whole { Time::Whole(values.into_iter().map(|t| t as i32).collect()) } else { Time::Real(values) }
    };
    let weight = |i: u32| data.weight.as_ref().map_or(1.0, |w| w[i as usize]);
    let take = |codes: &Codes| codes.take(made_from);
    let numbers = |v: &Vec<u32>| made_from.iter().map(|&i| v[i as usize]).collect();
    SurvivalData {
        entry: Some(times(given.iter().map(entry).chain(tails.iter().map(exit)).collect())),
        exit: times(given.iter().map(exit).chain(tails.iter().map(|&i| grid.time[last(i)])).collect()),
        event: data.event.iter().copied().chain(tails.iter().map(|_| false)).collect(),
        stratum: data.stratum.as_ref().map(take),
        weight: Some(given.iter().map(|&i| weight(i)).chain(tails.iter().map(|&i| weight(i) / observed(i))).collect()),
        offset: data.offset.as_ref().map(|o| made_from.iter().map(|&i| o[i as usize]).collect()),
        cluster: Some(data.cluster.as_ref().map_or_else(|| made_from.to_vec(), numbers)),
    }
}

/// The design of all records, with one variable more: 0, or one more than the group of a record after a competing event.
fn with_tail_variable(design: &Design, made_from: &[u32], n: usize, group: &[u32], n_groups: usize) -> Design {
    let mut variables: Vec<Variable> = design.variables.par_iter().map(|v| v.take(made_from)).collect();
    let code = |(place, &i): (usize, &u32)| Some(if place < n { 0 } else { group[i as usize] + 1 });
    let codes = Codes::pack(made_from.iter().enumerate().map(code), n_groups + 1);
    variables.push(Variable::Coded { codes, n_levels: n_groups as u32 + 1 });
    Design { variables, blocks: design.blocks.clone(), n_columns: design.n_columns }
}
