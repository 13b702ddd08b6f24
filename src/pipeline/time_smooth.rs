//! β(t): the scaled Schoenfeld residuals of every coefficient, smoothed over transformed time.

use super::model::{Fitted, column_label};
use super::settings::ModelSettings;
use super::time_residuals::TimeResiduals;
use crate::engine::{TimeAxis, TimeTransform};
use crate::inference::smooth::{NaturalBasis, Smooth, SmoothSums, points};
use crate::report::{TimePoint, TimeSmooth, finite};

/// Points of a curve that is drawn, as in R's `plot.cox.zph`.
const N_POINTS: usize = 40;

/// Shares of the events at whose times the table has a row.
const SHARES: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

/// The smooth of every coefficient with a finite estimate; none where the times of the events take too few values.
pub(super) fn time_smooths(
    settings: &ModelSettings,
    fitted: &Fitted,
    axis: &TimeAxis,
    transform: TimeTransform,
) -> Vec<TimeSmooth> {
    let Some(g) = axis.transformed(transform) else { return Vec::new() };
    let residuals = fitted.time_residuals(settings);
    let counted = axis.n_events.iter().zip(&g);
    let sorted: Vec<f64> = counted.flat_map(|(n, g)| std::iter::repeat_n(*g, *n as usize)).collect();
    let Some(basis) = NaturalBasis::new(&sorted, N_POINTS) else { return Vec::new() };
    let curve = points(sorted[0], sorted[sorted.len() - 1], N_POINTS);
    let smooths = smooths(&residuals, axis, &g, &basis);
    let columns = &fitted.built.columns;
    let one = |(place, smooth): (usize, Smooth)| {
        let variance = residuals.scale[(place, place)];
        let point = |share: Option<f64>, time: f64, g: f64| {
            let (estimate, half) = smooth.at(&basis.row(g), variance);
            TimePoint {
                share,
                time: finite(time),
                transformed: finite(g),
                estimate: finite(estimate),
                lower: finite(estimate - half),
                upper: finite(estimate + half),
            }
        };
        let at_share = |share: f64| {
            let k = place_of_share(axis, share);
            point(Some(share), axis.time[k], g[k])
        };
        let column = residuals.columns[place];
        TimeSmooth {
            coefficient: columns.names[column].clone(),
            label: column_label(column, columns),
            at: SHARES.iter().map(|share| at_share(*share)).collect(),
            curve: curve.iter().map(|x| point(None, time_of(axis, &g, *x), *x)).collect(),
        }
    };
    smooths.into_iter().enumerate().filter_map(|(place, smooth)| Some(one((place, smooth?)))).collect()
}

/// The fitted curves, in the order of the columns that have residuals.
fn smooths(residuals: &TimeResiduals<'_>, axis: &TimeAxis, g: &[f64], basis: &NaturalBasis) -> Vec<Option<Smooth>> {
    let rows: Vec<[f64; 4]> = g.iter().map(|g| basis.row(*g)).collect();
    let mut sums = vec![SmoothSums::default(); residuals.columns.len()];
    let mut work = residuals.work();
    for event in 0..residuals.time.len() {
        let row = &rows[axis.place(residuals.time[event])];
        let values = residuals.row_with(event, &mut work);
        sums.iter_mut().zip(values).filter(|(_, y)| !y.is_nan()).for_each(|(sum, y)| sum.add(row, *y));
    }
    sums.iter().map(SmoothSums::fit).collect()
}

/// The first event time by which this share of the events has happened.
fn place_of_share(axis: &TimeAxis, share: f64) -> usize {
    let total: u32 = axis.n_events.iter().sum();
    let mut sum = 0;
    let reached = |n: &u32| {
        sum += n;
        f64::from(sum) >= share * f64::from(total)
    };
    axis.n_events.iter().position(reached).unwrap_or(axis.n_events.len() - 1)
}

/// The time whose transform is `x`, between neighbouring event times in proportion.
fn time_of(axis: &TimeAxis, g: &[f64], x: f64) -> f64 {
    let above = g.partition_point(|g| *g < x).min(g.len() - 1);
    let below = above.saturating_sub(1);
    let range = g[above] - g[below];
    let share = if range > 0.0 { ((x - g[below]) / range).clamp(0.0, 1.0) } else { 1.0 };
    axis.time[below] + share * (axis.time[above] - axis.time[below])
}
