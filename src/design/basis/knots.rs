//! Where knots are placed when the formula leaves it open: R's quantiles, and Harrell's rule for restricted splines.

/// A number over the rows of the table: distinct values ascending, and how many rows have each. Never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    values: Vec<f64>,
    /// Rows up to and with each value.
    up_to: Vec<u64>,
}

impl Distribution {
    /// The sample of (value, rows); `None` when no row has a value.
    pub fn new(counted: impl IntoIterator<Item = (f64, u64)>) -> Option<Distribution> {
        let mut counted: Vec<(f64, u64)> = counted.into_iter().filter(|(x, n)| *n > 0 && !x.is_nan()).collect();
        counted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut sample = Distribution { values: Vec::new(), up_to: Vec::new() };
        let mut total = 0;
        for (x, n) in counted {
            total += n;
            if sample.values.last() == Some(&x) {
                sample.values.pop();
                sample.up_to.pop();
            }
            sample.values.push(x);
            sample.up_to.push(total);
        }
        (total > 0).then_some(sample)
    }

    /// Distinct values, ascending.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The smallest and the largest value.
    pub(crate) fn range(&self) -> [f64; 2] {
        [self.values[0], self.values[self.values.len() - 1]]
    }

    /// Rows that have exactly the value `x`.
    pub fn rows_at(&self, x: f64) -> u64 {
        let i = self.values.partition_point(|v| *v < x);
        let found = self.values.get(i) == Some(&x);
        if found { self.up_to[i] - if i > 0 { self.up_to[i - 1] } else { 0 } } else { 0 }
    }

    /// Rows.
    pub(super) fn n(&self) -> u64 {
        self.up_to[self.up_to.len() - 1]
    }

    /// Rows with each value.
    pub(super) fn counts(&self) -> impl Iterator<Item = u64> + '_ {
        let before = std::iter::once(0).chain(self.up_to.iter().copied());
        self.up_to.iter().zip(before).map(|(to, from)| to - from)
    }

    /// The i-th smallest, from 0.
    fn nth(&self, i: u64) -> f64 {
        self.values[self.up_to.partition_point(|to| *to <= i)]
    }

    /// The rows whose value lies from `low` to `high`.
    pub(super) fn within(&self, low: f64, high: f64) -> Option<Distribution> {
        let rows = self.values.iter().copied().zip(self.counts());
        Distribution::new(rows.filter(|(x, _)| (low..=high).contains(x)))
    }

    /// R's default quantile (type 7): linear between order statistics at 1 + (n − 1)p.
    pub fn quantile(&self, p: f64) -> f64 {
        let at = (self.n() - 1) as f64 * p;
        let low = at.floor();
        let (below, above) = (self.nth(low as u64), self.nth(at.ceil() as u64));
        let h = at - low;
        if h > 0.0 && above != below { (1.0 - h) * below + h * above } else { below }
    }
}

/// `n` probabilities from `from` to `to` at equal distances.
fn spaced(from: f64, to: f64, n: usize) -> impl Iterator<Item = f64> {
    let by = if n > 1 { (to - from) / (n - 1) as f64 } else { 0.0 };
    (0..n).map(move |i| from + i as f64 * by)
}

/// The inner knots of `ns` and `bs`: `n` quantiles at equal distances.
pub(super) fn inner(sample: &Distribution, n: usize) -> Vec<f64> {
    spaced(0.0, 1.0, n + 2).skip(1).take(n).map(|p| sample.quantile(p)).collect()
}

/// The knots of `rcs(x, k)`: quantiles 0.05 to 0.95 (0.10 to 0.90 with 3 knots, 0.025 to 0.975 with more than 6); the
/// outermost are the fifth smallest and largest values when there are fewer than 100; a smallest or largest value
/// that 5 % of the rows share is stepped over. `None` when fewer than three different knots come of it.
///
/// Source: Harrell (2015), Regression Modeling Strategies, section 2.4.6; the rule as in R's `Hmisc::rcspline.eval` 5.
pub(super) fn restricted(sample: &Distribution, k: usize) -> Option<Vec<f64>> {
    const SHARED: f64 = 0.05;
    let distinct = sample.values();
    if distinct.len() < 3 {
        return None;
    }
    let inner_values = &distinct[1..distinct.len() - 1];
    if inner_values.len() <= k {
        return (inner_values.len() >= 3).then(|| inner_values.to_vec());
    }
    let n = sample.n() as f64;
    let shares: Vec<f64> = sample.counts().map(|c| c as f64 / n).collect();
    let crowded = shares[1..shares.len() - 1].iter().any(|s| *s >= SHARED);
    let first = (!crowded && shares[0] >= SHARED).then(|| distinct[1]);
    let last = (!crowded && shares[shares.len() - 1] >= SHARED).then(|| distinct[distinct.len() - 2]);
    let low = first.map_or(0, |_| 2);
    let high = distinct.len() - 1 - last.map_or(0, |_| 2);
    let middle = sample.within(distinct[low], distinct[high])?;
    let free = k - usize::from(first.is_some()) - usize::from(last.is_some());
    let mut knots = free_knots(&middle, k, free, (first, last))?;
    knots.extend(first.into_iter().chain(last));
    knots.sort_by(f64::total_cmp);
    knots.dedup();
    (knots.len() >= 3).then_some(knots)
}

/// The `free` knots that are not a crowded smallest or largest value.
fn free_knots(sample: &Distribution, k: usize, free: usize, ends: (Option<f64>, Option<f64>)) -> Option<Vec<f64>> {
    let outer = match k {
        ..=3 => 0.1,
        4..=6 => 0.05,
        _ => 0.025,
    };
    let quantiles = |from: f64, n: usize| spaced(from, 1.0 - outer, n).map(|p| sample.quantile(p)).collect::<Vec<_>>();
    if free == 1 {
        return Some(vec![sample.quantile(0.5)]);
    }
    let mut knots = quantiles(if free == 2 { 0.5 } else { outer }, free);
    if distinct(&knots) < free.min(3) {
        knots = quantiles(outer, 2 * free);
        if let (Some(first), true) = (ends.0, distinct(&knots) < 3) {
            let between = ends.1.map_or(sample.quantile(0.5), |last| (first + last) / 2.0);
            knots = vec![first, between, ends.1.unwrap_or(sample.quantile(1.0 - outer))];
            knots.sort_by(f64::total_cmp);
        }
        if distinct(&knots) < 3 {
            return None;
        }
    }
    let n = sample.n();
    if (5..100).contains(&n) {
        if ends.0.is_none() {
            knots[0] = sample.nth(4);
        }
        if ends.1.is_none() {
            knots[free - 1] = sample.nth(n - 5);
        }
    }
    Some(knots)
}

/// Different numbers among ascending ones.
fn distinct(knots: &[f64]) -> usize {
    knots.chunk_by(|a, b| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[f64]) -> Distribution {
        Distribution::new(values.iter().map(|x| (*x, 1))).expect("values")
    }

    // quantile(c(1, 2, 2, 7), c(0, .25, .5, .6, 1)) in R.
    #[test]
    fn quantiles_are_of_type_7() {
        let sample = sample(&[7.0, 2.0, 1.0, 2.0]);
        let found: Vec<f64> = [0.0, 0.25, 0.5, 0.6, 1.0].iter().map(|p| sample.quantile(*p)).collect();
        for (ours, r) in found.iter().zip([1.0, 1.75, 2.0, 2.0, 7.0]) {
            assert!((ours - r).abs() < 1e-14, "{ours} {r}");
        }
    }

    // Hmisc::rcspline.eval(x, nk = k, knots.only = TRUE), Hmisc 5.
    #[test]
    fn restricted_knots_follow_harrell() {
        let hundred: Vec<f64> = (1..=200).map(f64::from).collect();
        let few: Vec<f64> = (1..=50).map(f64::from).collect();
        let crowded: Vec<f64> = (0..200).map(|i| f64::from((i - 40i32).max(0))).collect();
        for (values, k, r) in [
            (&hundred, 3, &[20.9, 100.5, 180.1][..]),
            (&hundred, 5, &[10.95, 55.725, 100.5, 145.275, 190.05]),
            (
                &hundred,
                7,
                &[5.975, 37.483333333333334, 68.99166666666667, 100.5, 132.00833333333333, 163.51666666666668, 195.025],
            ),
            (&few, 4, &[5.0, 18.15, 32.85, 46.0]),
            (&crowded, 4, &[1.0, 9.85, 80.5, 151.15]),
        ] {
            let found = restricted(&sample(values), k).expect("knots");
            assert_eq!(found.len(), r.len(), "{found:?}");
            assert!(found.iter().zip(r).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?} {r:?}");
        }
        assert_eq!(restricted(&sample(&[1.0, 2.0, 3.0, 4.0]), 3), None);
    }
}
