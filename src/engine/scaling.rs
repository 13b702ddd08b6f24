//! Centring and scaling of columns before a fit, undone once on its results.
//!
//! ```text
//! x̃ = (x − c) s        β = β̃ s        Cov(β) = diag(s) Cov(β̃) diag(s)        s ≈ Σw / Σ w|x − mean|
//! ```
//!
//! The partial likelihood does not change when a column is shifted, but its second derivative loses digits when a
//! column is far from zero compared with its spread. Columns that only hold −1, 0 and 1 are left alone. Only columns
//! without a factor are shifted (c is near their mean): shifting a product with a dummy would fill its zeros.
//!
//! s is a power of two and c a multiple of 1/s, so that x̃ is exact: records that are tied on η stay tied.

use super::pattern::Patterns;
use nalgebra::DMatrix;

/// What was done to the columns.
#[derive(Debug, Clone)]
pub(super) struct Scaling {
    /// Mean of each column as R reports it: 0 for columns of only −1, 0 and 1.
    pub means: Vec<f64>,
    /// s of each column.
    pub scale: Vec<f64>,
    /// c of each column.
    pub shift: Vec<f64>,
}

impl Scaling {
    /// Finds centre and scale of the columns. `weight` and `count` are the patterns' total case weight and number of
    /// records. R reports weighted means for right-censored data and plain ones with entry times (`plain_means`).
    pub fn new(patterns: &Patterns, weight: &[f64], count: &[f64], plain_means: bool) -> Scaling {
        let p = patterns.n_columns;
        let (mut sum, mut plain_sum, mut other) = (vec![0.0; p], vec![0.0; p], vec![false; p]);
        for (k, (weight, count)) in weight.iter().zip(count).enumerate() {
            patterns.visit_numbers(k, |j, x| {
                sum[j] += weight * x;
                plain_sum[j] += count * x;
                other[j] |= x != 0.0 && x.abs() != 1.0;
            });
        }
        let (total, plain_total) = (weight.iter().sum::<f64>(), count.iter().sum::<f64>());
        let mean: Vec<f64> = sum.iter().map(|s| s / total).collect();
        // Zeros that are not stored differ from the mean by the mean.
        let (mut spread, mut stored) = (vec![0.0; p], vec![0.0; p]);
        for (k, weight) in weight.iter().enumerate() {
            patterns.visit_numbers(k, |j, x| {
                spread[j] += weight * (x - mean[j]).abs();
                stored[j] += weight;
            });
        }
        let scale = |j: usize| {
            let spread = spread[j] + (total - stored[j]).max(0.0) * mean[j].abs();
            if other[j] && spread > 0.0 { power_of_two(total / spread) } else { 1.0 }
        };
        let scale: Vec<f64> = (0..p).map(scale).collect();
        let mut shift = vec![0.0; p];
        for j in patterns.design_column[patterns.first_dense..].iter().map(|&j| j as usize).filter(|&j| other[j]) {
            shift[j] = (mean[j] * scale[j]).round() / scale[j];
        }
        let reported = |j: usize| if plain_means { plain_sum[j] / plain_total } else { mean[j] };
        Scaling { means: (0..p).map(|j| if other[j] { reported(j) } else { 0.0 }).collect(), scale, shift }
    }

    /// β̃ of given β.
    pub fn scaled(&self, coefficients: &[f64]) -> Vec<f64> {
        coefficients.iter().zip(&self.scale).map(|(b, s)| b / s).collect()
    }

    /// β of given β̃.
    pub fn unscaled(&self, coefficients: &[f64]) -> Vec<f64> {
        coefficients.iter().zip(&self.scale).map(|(b, s)| b * s).collect()
    }

    /// Cov(β) of given Cov(β̃).
    pub fn unscaled_covariance(&self, covariance: &DMatrix<f64>) -> DMatrix<f64> {
        DMatrix::from_fn(covariance.nrows(), covariance.ncols(), |i, j| {
            covariance[(i, j)] * self.scale[i] * self.scale[j]
        })
    }
}

/// The power of two at or below a positive number.
pub(super) fn power_of_two(x: f64) -> f64 {
    let exponent_only = f64::from_bits(x.to_bits() & f64::INFINITY.to_bits());
    if exponent_only > 0.0 && exponent_only.is_finite() { exponent_only } else { 1.0 }
}
