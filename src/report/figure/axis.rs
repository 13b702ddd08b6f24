//! Axes: where a value lies, how far an axis reaches, and which ticks it gets.

use super::svg::number;
use crate::report::number::NumberStyle;

/// Whether equal distances are equal differences or equal ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Equal differences.
    Linear,
    /// Equal ratios; only positive values.
    Log,
}

/// From values to places in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// Linear or logarithmic.
    pub kind: Kind,
    /// Value at the first end.
    pub low: f64,
    /// Value at the other end.
    pub high: f64,
    /// Place of `low`.
    pub from: f64,
    /// Place of `high`.
    pub to: f64,
}

impl Scale {
    /// The place of a value, outside the axis too.
    pub fn at(&self, value: f64) -> f64 {
        let share = match self.kind {
            Kind::Linear => (value - self.low) / (self.high - self.low),
            Kind::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        self.from + share * (self.to - self.from)
    }

    /// Whether the axis reaches the value.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The same axis between other places.
    pub fn between(self, from: f64, to: f64) -> Scale {
        Scale { from, to, ..self }
    }
}

/// An estimate with limits, as far as they exist.
pub(super) type Interval = (f64, Option<f64>, Option<f64>);

/// Estimates beyond this ratio, or its inverse, get an arrow instead of an axis that reaches them.
const FARTHEST_RATIO: f64 = 100.0;

/// How far the axis of some intervals reaches: over every estimate, and over limits as long as these are no more than
/// twice the usual length (three quarters of the half-widths are shorter) away from the estimates. One huge interval gets
/// an arrow and does not press the others together. `null` is always on the axis.
pub(super) fn range(intervals: &[Interval], kind: Kind, null: Option<f64>) -> (f64, f64) {
    let to = |v: f64| if kind == Kind::Log { v.ln() } else { v };
    let back = |v: f64| if kind == Kind::Log { v.exp() } else { v };
    let is_drawn = |v: f64| match kind {
        Kind::Log => (FARTHEST_RATIO.recip()..=FARTHEST_RATIO).contains(&v),
        Kind::Linear => v.is_finite(),
    };
    let drawn: Vec<Interval> = intervals.iter().copied().filter(|(v, _, _)| is_drawn(*v)).collect();
    let usable = |v: Option<f64>| v.filter(|v| v.is_finite() && (kind == Kind::Linear || *v > 0.0)).map(to);
    let mut half: Vec<f64> = Vec::new();
    for (estimate, lower, upper) in &drawn {
        half.extend(usable(*lower).map(|l| to(*estimate) - l));
        half.extend(usable(*upper).map(|u| u - to(*estimate)));
    }
    half.sort_by(f64::total_cmp);
    let usual = half.get(half.len() * 3 / 4).or(half.last()).copied().unwrap_or(0.0);
    let start = null.map(to);
    let (mut low, mut high) = (start.unwrap_or(f64::INFINITY), start.unwrap_or(f64::NEG_INFINITY));
    for (estimate, lower, upper) in &drawn {
        let value = to(*estimate);
        low = low.min(usable(*lower).map_or(value, |l| l.max(value - 2.0 * usual)).min(value));
        high = high.max(usable(*upper).map_or(value, |u| u.min(value + 2.0 * usual)).max(value));
    }
    if low > high {
        return if kind == Kind::Log { (0.5, 2.0) } else { (0.0, 1.0) };
    }
    // The line of no effect is never at an end.
    let room = if kind == Kind::Log && null.is_some() { 1.1f64.ln() } else { 0.0 };
    let (low, high) = match start {
        Some(null) => (low.min(null - room), high.max(null + room)),
        None => (low, high),
    };
    widened(back(low), back(high), kind)
}

/// Ends a little outside, at round numbers, and never the same one twice.
fn widened(low: f64, high: f64, kind: Kind) -> (f64, f64) {
    match kind {
        Kind::Log => {
            let (low, high) = (round_ratio(low, false), round_ratio(high, true));
            // At least from 0.8 to 1.25 in width, so that a flat figure does not look like a steep one.
            let least = 1.25;
            let middle = if low <= 1.0 && 1.0 <= high { 1.0 } else { (low * high).sqrt() };
            if high / low >= least * least { (low, high) } else { (middle / least, middle * least) }
        }
        Kind::Linear => {
            let step = step((high - low).max(1e-9), 5);
            let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
            if high > low { (low, high) } else { (low - step, high + step) }
        }
    }
}

/// The next round ratio at or beyond `value`: two digits near 1, else of 1, 1.5, 2, 3, 4, 5, 7.
fn round_ratio(value: f64, up: bool) -> f64 {
    if (0.8..=1.25).contains(&value) {
        let steps = 20.0 * value;
        return rounded(if up { (steps - 1e-9).ceil() / 20.0 } else { (steps + 1e-9).floor() / 20.0 });
    }
    let decade = 10f64.powf(value.log10().floor());
    let grid = [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0];
    let share = value / decade;
    let found = match up {
        true => grid.into_iter().find(|g| *g >= share - 1e-9),
        false => grid.into_iter().rev().find(|g| *g <= share + 1e-9),
    };
    rounded(decade * found.unwrap_or(share))
}

/// The ticks of an axis, at round values whose labels (of the widths that `width` says) do not touch each other.
pub(super) fn ticks(scale: &Scale, most: usize, gap: f64, width: &dyn Fn(f64) -> f64) -> Vec<f64> {
    let candidates = match scale.kind {
        Kind::Linear => linear_candidates(scale, most),
        Kind::Log => log_candidates(scale),
    };
    let fits = |ticks: &&Vec<f64>| {
        ticks.len() <= most
            && ticks.windows(2).all(|pair| {
                let distance = (scale.at(pair[1]) - scale.at(pair[0])).abs();
                distance >= (width(pair[0]) + width(pair[1])) / 2.0 + gap
            })
    };
    // The first of the densest; candidates go from round to less round.
    let mut best: Option<&Vec<f64>> = None;
    for ticks in candidates.iter().filter(fits) {
        if best.is_none_or(|b| ticks.len() > b.len()) {
            best = Some(ticks);
        }
    }
    best.cloned().unwrap_or_default()
}

fn linear_candidates(scale: &Scale, most: usize) -> Vec<Vec<f64>> {
    let range = scale.high - scale.low;
    (1..=most.max(2)).map(|n| multiples(scale, step(range, n))).collect()
}

/// Multiples of `step` on the axis.
pub(super) fn multiples(scale: &Scale, step: f64) -> Vec<f64> {
    let (first, last) = ((scale.low / step - 1e-9).ceil() as i64, (scale.high / step + 1e-9).floor() as i64);
    // At most a few thousand, whatever the axis.
    (first..=last.min(first + 5000)).map(|k| rounded(k as f64 * step)).collect()
}

/// The labels of ticks: on a linear axis all with as many decimals as one of them needs, on a logarithmic one as many as
/// each needs.
pub(super) fn labels(ticks: &[f64], kind: Kind, numbers: &NumberStyle) -> Vec<String> {
    let decimals_of =
        |v: f64| (0..6).find(|d| (v * 10f64.powi(*d) - (v * 10f64.powi(*d)).round()).abs() < 1e-6).unwrap_or(6);
    let most = ticks.iter().map(|v| decimals_of(*v)).max().unwrap_or(0) as usize;
    let label = |v: &f64| match kind {
        Kind::Linear => numbers.decimal(*v, most),
        Kind::Log => numbers.decimal(*v, decimals_of(*v) as usize),
    };
    ticks.iter().map(label).collect()
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that cuts `range` into at most `n` parts.
pub(super) fn step(range: f64, n: usize) -> f64 {
    let rough = range / n as f64;
    let decade = 10f64.powf(rough.log10().floor());
    let round = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|s| s * decade >= rough * (1.0 - 1e-9));
    rounded(round.unwrap_or(10.0) * decade)
}

fn log_candidates(scale: &Scale) -> Vec<Vec<f64>> {
    let mut candidates = vec![
        series(scale, &[1.0]),
        series(scale, &[1.0, 3.0]),
        powers_of_two(scale),
        series(scale, &[1.0, 2.0, 5.0]),
        near_one(scale),
        series(scale, &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]),
    ];
    if scale.high / scale.low < 5.0 {
        candidates.extend([0.5, 0.25, 0.2, 0.1, 0.05].map(|step| multiples(scale, step)));
    }
    candidates.into_iter().filter(|ticks| ticks.len() >= 2).collect()
}

/// The values of a decade, in every decade that the axis reaches.
fn series(scale: &Scale, decade: &[f64]) -> Vec<f64> {
    let (first, last) = (scale.low.log10().floor() as i32, scale.high.log10().ceil() as i32);
    let all = (first..=last).flat_map(|k| decade.iter().map(move |d| rounded(d * 10f64.powi(k))));
    all.filter(|v| scale.holds(*v)).collect()
}

fn powers_of_two(scale: &Scale) -> Vec<f64> {
    let exact = (-5..=5).map(|k| 2f64.powi(k));
    exact.filter(|v| scale.holds(*v) && v.to_string().len() <= 5).collect()
}

/// The ticks of most published hazard ratios.
fn near_one(scale: &Scale) -> Vec<f64> {
    let ticks = [0.1, 0.15, 0.25, 0.33, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0];
    ticks.into_iter().filter(|v| scale.holds(*v) && *v != 0.33).collect()
}

/// Without what binary fractions add in the last digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.9e}").parse().unwrap_or(value)
}

/// Triangle that points along the axis from its tip at `x`: the interval goes on.
pub(super) fn arrow_head((x, y): (f64, f64), to_right: bool) -> String {
    let back = if to_right { x - 4.0 } else { x + 4.0 };
    format!("M{} {}L{} {}L{} {}Z", number(x), number(y), number(back), number(y - 2.2), number(back), number(y + 2.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(low: f64, high: f64, length: f64) -> Vec<f64> {
        let scale = Scale { kind: Kind::Log, low, high, from: 0.0, to: length };
        ticks(&scale, 7, 4.0, &|v| 4.0 * v.to_string().len() as f64)
    }

    #[test]
    fn ticks_of_ratios_are_round_and_apart() {
        assert_eq!(log(0.4, 4.0, 180.0), [0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0]);
        assert_eq!(log(0.4, 4.0, 60.0), [0.5, 1.0, 2.0, 4.0]);
        assert_eq!(log(0.8, 1.25, 100.0), [0.8, 0.9, 1.0, 1.1, 1.2]);
        assert_eq!(log(0.01, 100.0, 100.0), [0.01, 0.1, 1.0, 10.0, 100.0]);
    }

    #[test]
    fn one_huge_interval_does_not_press_the_others_together() {
        let usual: Vec<Interval> = (0..8).map(|i| (1.0 + f64::from(i) / 10.0, Some(0.8), Some(2.0))).collect();
        let (low, high) = range(&usual, Kind::Log, Some(1.0));
        assert!(low <= 0.8 && high >= 2.0);
        let mut with_huge = usual.clone();
        with_huge.push((1.2, Some(0.01), Some(90.0)));
        let (low, high) = range(&with_huge, Kind::Log, Some(1.0));
        assert!(low > 0.2 && high < 8.0, "{low} {high}");
        assert_eq!(range(&[], Kind::Log, Some(1.0)), (0.8, 1.25));
        // A limit at a round number is at the end of the axis, not beyond it.
        assert_eq!(range(&[(1.3, Some(0.7), Some(3.0))], Kind::Log, Some(1.0)), (0.7, 3.0));
    }

    #[test]
    fn an_axis_of_differences_ends_at_round_values() {
        assert_eq!(range(&[(0.21, Some(0.183), Some(0.24))], Kind::Linear, None), (0.18, 0.24));
        let scale = Scale { kind: Kind::Linear, low: 0.0, high: 730.0, from: 0.0, to: 200.0 };
        assert_eq!(ticks(&scale, 5, 4.0, &|_| 15.0), [0.0, 200.0, 400.0, 600.0]);
    }
}
