//! Robust variances of curves: the infinitesimal jackknife, with sums over clusters, without an array of records by times.
//!
//! The influence of a record on a curve at time t is a product fᵀv of a few numbers f(t) of the curve and a few numbers v of the
//! record, which change only when the record enters and when it leaves. So the variance
//!
//! ```text
//! V(t) = Σ_c (Σ_{i in c} w_i U_i(t))² = fᵀ (Σ_c v_c v_cᵀ) f          v_c = Σ_{i in c} w_i v_i
//! ```
//!
//! needs one small matrix that is kept up to date: O(1) a change, whatever the number of times.
//!
//! Source: Therneau and Grambsch (2000), Modeling Survival Data, doi 10.1007/978-1-4757-3294-8; `survfit` of R's survival
//! package, version 3, whose numbers these are.

use super::timeline::{Compensated, Moment, weight};
use crate::engine::data::SurvivalData;

/// Σ_c v_c v_cᵀ while the vectors of clusters change.
pub(super) struct ClusterSquares<const M: usize> {
    vectors: Vec<[f64; M]>,
    moments: [[Compensated; M]; M],
    pending: Vec<(u32, [f64; M])>,
}

impl<const M: usize> ClusterSquares<M> {
    /// All vectors zero.
    pub fn new(n_clusters: usize) -> ClusterSquares<M> {
        ClusterSquares {
            vectors: vec![[0.0; M]; n_clusters],
            moments: [[Compensated::default(); M]; M],
            pending: Vec::new(),
        }
    }

    /// Notes that the vector of `cluster` changes by `change`; [`ClusterSquares::settle`] makes it so.
    pub fn change(&mut self, cluster: u32, change: [f64; M]) {
        self.pending.push((cluster, change));
    }

    /// Makes the noted changes, in an order that depends on their values alone: clusters are numbered as the rows come.
    pub fn settle(&mut self) {
        let by_value = |a: &[f64; M], b: &[f64; M]| {
            let differ = a.iter().zip(b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne());
            differ.unwrap_or(std::cmp::Ordering::Equal)
        };
        self.pending.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| by_value(&a.1, &b.1)));
        let mut changes: Vec<([f64; M], [f64; M])> = Vec::with_capacity(self.pending.len());
        for of_cluster in self.pending.chunk_by(|a, b| a.0 == b.0) {
            let vector = &mut self.vectors[of_cluster[0].0 as usize];
            let before = *vector;
            of_cluster.iter().for_each(|(_, change)| vector.iter_mut().zip(change).for_each(|(v, x)| *v += x));
            changes.push((before, *vector));
        }
        self.pending.clear();
        changes.sort_unstable_by(|a, b| by_value(&a.0, &b.0).then_with(|| by_value(&a.1, &b.1)));
        for (before, after) in changes {
            for (j, k) in (0..M).flat_map(|j| (0..=j).map(move |k| (j, k))) {
                self.moments[j][k].add(after[j] * after[k]);
                self.moments[j][k].add(-before[j] * before[k]);
            }
        }
    }

    /// fᵀ (Σ_c v_c v_cᵀ) f.
    pub fn square(&self, f: [f64; M]) -> f64 {
        let mut total = 0.0;
        for j in 0..M {
            for k in 0..=j {
                let twice = if j == k { 1.0 } else { 2.0 };
                total += twice * f[j] * f[k] * self.moments[j][k].value();
            }
        }
        // A sum of squares that is zero may come out as minus a rounding error.
        total.max(0.0)
    }
}

/// The variance of a sum along time in which a record at risk loses a(t) at every event time and gains b(t) at its own
/// event: of a cumulative hazard, or of minus the logarithm of a Kaplan-Meier curve.
///
/// ```text
/// U_i(t) = δ_i 1{X_i <= t} b(X_i) − Σ a(u) over entry_i < u <= min(t, X_i)
/// f = (1, A(t)), A = Σ a;   at risk v = (A(entry), −1),   afterwards v = (A(entry) + δ b − A(X), 0)
/// ```
pub(super) struct CumulativeInfluence {
    squares: ClusterSquares<2>,
    total: f64,
}

impl CumulativeInfluence {
    /// Nobody at risk yet.
    pub fn new(n_clusters: usize) -> CumulativeInfluence {
        CumulativeInfluence { squares: ClusterSquares::new(n_clusters), total: 0.0 }
    }

    /// The variance just after `moment`, with what a record at risk loses there (`a`) and an event gains (`b`).
    pub fn pass(&mut self, moment: &Moment<'_>, data: &SurvivalData, [a, b]: [f64; 2]) -> f64 {
        for &i in moment.entering {
            let w = weight(data, i);
            self.squares.change(cluster(data, i), [w * self.total, -w]);
        }
        self.total += a;
        for &i in moment.leaving {
            let w = weight(data, i);
            let gained = if data.event[i as usize] { b } else { 0.0 };
            self.squares.change(cluster(data, i), [w * (gained - self.total), w]);
        }
        self.squares.settle();
        self.squares.square([1.0, self.total])
    }
}

/// The cluster of a record; its own number where there are no clusters.
pub(super) fn cluster(data: &SurvivalData, record: u32) -> u32 {
    data.cluster.as_ref().map_or(record, |c| c[record as usize])
}

/// One more than the largest cluster number.
pub(super) fn n_clusters(data: &SurvivalData) -> usize {
    match &data.cluster {
        None => data.n_records(),
        Some(clusters) => clusters.iter().max().map_or(0, |c| *c as usize + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_follow_their_vectors() {
        let mut squares = ClusterSquares::<2>::new(3);
        squares.change(0, [1.0, 2.0]);
        squares.change(2, [0.5, -1.0]);
        squares.settle();
        squares.change(0, [1.0, -1.0]);
        squares.change(0, [1.0, 0.0]);
        squares.settle();
        // Vectors (3, 1) and (0.5, −1); f = (2, 1): 7² + 0².
        assert_eq!(squares.square([2.0, 1.0]), 49.0);
    }
}
