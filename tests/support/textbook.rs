//! The Cox model as the textbooks write it, with loops over risk sets: slow, short, and independent of the engine.

use super::Record;
use cohort::engine::{Concordance, Ties};
use nalgebra::{DMatrix, DVector};

/// ℓ, its gradient and its negative second derivative.
pub struct Likelihood {
    pub value: f64,
    pub score: Vec<f64>,
    pub information: DMatrix<f64>,
    /// Score residual of every record, without its case weight: p numbers each.
    pub residuals: Vec<DVector<f64>>,
}

/// Goes through the event times one after another and through every record at each of them.
///
/// With d tied events of weight W, Efron takes d steps; in step l the tied events count with 1 − l/d in the risk
/// set. Breslow takes the whole risk set every time.
pub fn likelihood(records: &[Record], beta: &[f64], ties: Ties) -> Likelihood {
    let p = beta.len();
    let x: Vec<DVector<f64>> = records.iter().map(|r| DVector::from_column_slice(&r.x)).collect();
    let eta: Vec<f64> =
        records.iter().map(|r| r.offset + r.x.iter().zip(beta).map(|(x, b)| x * b).sum::<f64>()).collect();
    let mut value = 0.0;
    let mut score = DVector::zeros(p);
    let mut information = DMatrix::zeros(p, p);
    let mut residuals = vec![DVector::zeros(p); records.len()];
    for (stratum, time) in event_times(records) {
        let at_risk: Vec<usize> = (0..records.len())
            .filter(|&i| records[i].stratum == stratum && records[i].entry < time && records[i].exit >= time)
            .collect();
        let tied: Vec<usize> =
            at_risk.iter().copied().filter(|&i| records[i].event && records[i].exit == time).collect();
        let d = tied.len() as f64;
        let mean_weight = tied.iter().map(|&i| records[i].weight).sum::<f64>() / d;
        for &i in &tied {
            value += records[i].weight * eta[i];
            score += records[i].weight * &x[i];
        }
        for step in 0..tied.len() {
            let part = |i: usize| match ties {
                Ties::Efron if tied.contains(&i) => 1.0 - step as f64 / d,
                _ => 1.0,
            };
            let risk = |i: usize| records[i].weight * eta[i].exp() * part(i);
            let s0: f64 = at_risk.iter().map(|&i| risk(i)).sum();
            let mean = at_risk.iter().map(|&i| risk(i) * &x[i]).sum::<DVector<f64>>() / s0;
            let square = at_risk.iter().map(|&i| risk(i) * &x[i] * x[i].transpose()).sum::<DMatrix<f64>>() / s0;
            value -= mean_weight * s0.ln();
            score -= mean_weight * &mean;
            information += mean_weight * (square - &mean * mean.transpose());
            for &i in &at_risk {
                let seen = if tied.contains(&i) { 1.0 / d } else { 0.0 };
                residuals[i] += (seen - eta[i].exp() * part(i) * mean_weight / s0) * (&x[i] - &mean);
            }
        }
    }
    Likelihood { value, score: score.as_slice().to_vec(), information, residuals }
}

/// The exact partial likelihood: at every event time, all sets of as many records at risk as had an event are listed.
///
/// Score residuals are not defined for it; there are none in the result.
pub fn exact_likelihood(records: &[Record], beta: &[f64]) -> Likelihood {
    let p = beta.len();
    let (mut value, mut score, mut information) = (0.0, DVector::zeros(p), DMatrix::zeros(p, p));
    for (stratum, time) in event_times(records) {
        let at_risk: Vec<&Record> =
            records.iter().filter(|r| r.stratum == stratum && r.entry < time && r.exit >= time).collect();
        let tied: Vec<usize> = (0..at_risk.len()).filter(|&i| at_risk[i].event && at_risk[i].exit == time).collect();
        let sum = |set: &[usize]| set.iter().map(|&i| DVector::from_column_slice(&at_risk[i].x)).sum::<DVector<f64>>();
        let eta = |set: &[usize]| {
            let of = |r: &Record| r.offset + r.x.iter().zip(beta).map(|(x, b)| x * b).sum::<f64>();
            set.iter().map(|&i| of(at_risk[i])).sum::<f64>()
        };
        let mut sets = Vec::new();
        list_sets(at_risk.len(), tied.len(), &mut Vec::new(), &mut sets);
        let total: f64 = sets.iter().map(|s| eta(s).exp()).sum();
        let mean = sets.iter().map(|s| eta(s).exp() / total * sum(s)).sum::<DVector<f64>>();
        value += eta(&tied) - total.ln();
        score += sum(&tied) - &mean;
        for set in &sets {
            let distance = sum(set) - &mean;
            information += eta(set).exp() / total * &distance * distance.transpose();
        }
    }
    Likelihood { value, score: score.as_slice().to_vec(), information, residuals: Vec::new() }
}

/// All sets of `size` numbers below `n`.
fn list_sets(n: usize, size: usize, begun: &mut Vec<usize>, sets: &mut Vec<Vec<usize>>) {
    if begun.len() == size {
        sets.push(begun.clone());
        return;
    }
    for i in begun.last().map_or(0, |last| last + 1)..n {
        begun.push(i);
        list_sets(n, size, begun, sets);
        begun.pop();
    }
}

/// The distinct event times of every stratum.
fn event_times(records: &[Record]) -> Vec<(u32, f64)> {
    let mut times: Vec<(u32, f64)> = records.iter().filter(|r| r.event).map(|r| (r.stratum, r.exit)).collect();
    times.sort_by(|a, b| a.partial_cmp(b).unwrap());
    times.dedup();
    times
}

/// Newton-Raphson without any safeguard, and the covariance there.
pub fn fit(records: &[Record], p: usize, ties: Ties) -> (Vec<f64>, DMatrix<f64>) {
    let mut beta = DVector::zeros(p);
    for _ in 0..9 {
        let here = likelihood(records, beta.as_slice(), ties);
        beta += here.information.lu().solve(&DVector::from_vec(here.score)).unwrap();
    }
    let here = likelihood(records, beta.as_slice(), ties);
    (beta.as_slice().to_vec(), here.information.try_inverse().unwrap())
}

/// Σ over clusters (or records) of the outer product of their weighted score residuals.
pub fn outer_products(records: &[Record], here: &Likelihood, by_cluster: bool) -> DMatrix<f64> {
    let p = here.score.len();
    let mut sums = std::collections::BTreeMap::<u32, DVector<f64>>::new();
    for (i, record) in records.iter().enumerate() {
        let cluster = if by_cluster { record.cluster } else { i as u32 };
        *sums.entry(cluster).or_insert(DVector::zeros(p)) += record.weight * &here.residuals[i];
    }
    sums.values().map(|u| u * u.transpose()).sum()
}

/// Concordance pair by pair; the standard error from the influence of every record or cluster.
pub fn concordance(records: &[Record], eta: &[f64], by_cluster: bool) -> Concordance {
    let n = records.len();
    let mut c = Concordance {
        value: 0.0,
        standard_error: 0.0,
        concordant: 0.0,
        discordant: 0.0,
        tied_x: 0.0,
        tied_y: 0.0,
        tied_xy: 0.0,
    };
    let mut influence = vec![[0.0; 2]; n];
    for i in (0..n).filter(|&i| records[i].event) {
        let time = records[i].exit;
        for j in (0..n).filter(|&j| j != i && records[j].stratum == records[i].stratum) {
            let pair = records[i].weight * records[j].weight;
            if records[j].event && records[j].exit == time {
                let tied = if eta[i] == eta[j] { &mut c.tied_xy } else { &mut c.tied_y };
                *tied += pair / 2.0;
            } else if records[j].entry < time && records[j].exit >= time {
                let (kind, sign) = match eta[i].partial_cmp(&eta[j]).unwrap() {
                    std::cmp::Ordering::Greater => (&mut c.concordant, 1.0),
                    std::cmp::Ordering::Less => (&mut c.discordant, -1.0),
                    std::cmp::Ordering::Equal => (&mut c.tied_x, 0.0),
                };
                *kind += pair;
                for (k, other) in [(i, j), (j, i)] {
                    influence[k][0] += sign * records[other].weight;
                    influence[k][1] += records[other].weight;
                }
            }
        }
    }
    let pairs = c.concordant + c.discordant + c.tied_x;
    let d = (c.concordant - c.discordant) / pairs;
    let mut sums = std::collections::BTreeMap::<u32, f64>::new();
    for (i, record) in records.iter().enumerate() {
        let cluster = if by_cluster { record.cluster } else { i as u32 };
        *sums.entry(cluster).or_default() += record.weight * (influence[i][0] - d * influence[i][1]) / pairs;
    }
    c.value = (d + 1.0) / 2.0;
    c.standard_error = sums.values().map(|s| s * s).sum::<f64>().sqrt() / 2.0;
    c
}
