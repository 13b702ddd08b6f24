//! Least-squares smooths by natural cubic splines with four degrees of freedom, and their bands.
//!
//! ```text
//! ŷ(x) = b(x) (BᵀB)⁻¹ Bᵀy        width(x) = 2 √(v b(x) (BᵀB)⁻¹ b(x)ᵀ)
//! b(x) = (1, x, d₁(x) − d₃(x), d₂(x) − d₃(x))        d_j(x) = [(x − t_j)₊³ − (x − t_4)₊³] / (t_4 − t_j)
//! ```
//!
//! t₁ and t₄ are the ends of the data, t₂ and t₃ the tertiles of data and drawing points together, as in R's
//! `plot.cox.zph`; v is the variance of one y. The space is that of R's `ns`, so the curves are the same. Only sums of 14
//! numbers a curve are held.

use crate::engine::cholesky::{Ldl, PIVOT_TOLERANCE};
use nalgebra::DMatrix;

/// Degrees of freedom of a smooth.
const DF: usize = 4;

/// Width of a band in standard errors, on each side.
pub const BAND: f64 = 2.0;

/// The functions that a smooth is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct NaturalBasis {
    knots: [f64; DF],
}

impl NaturalBasis {
    /// Knots from sorted data; `None` when they do not take four different values. `n_points` drawing points lie at
    /// equal distances over the data and count for the inner knots.
    pub fn new(sorted: &[f64], n_points: usize) -> Option<NaturalBasis> {
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        let mut all = sorted.to_vec();
        all.extend(points(first, last, n_points));
        all.sort_by(f64::total_cmp);
        let knots = [first, quantile(&all, 1.0 / 3.0), quantile(&all, 2.0 / 3.0), last];
        knots.windows(2).all(|k| k[0] < k[1]).then_some(NaturalBasis { knots })
    }

    /// b(x).
    pub fn row(&self, x: f64) -> [f64; DF] {
        let [first, .., last] = self.knots;
        // On 0..1, so that powers stay of one size.
        let unit = |x: f64| (x - first) / (last - first);
        let cube = |x: f64| x.max(0.0).powi(3);
        let x = unit(x);
        let d = |knot: f64| (cube(x - unit(knot)) - cube(x - 1.0)) / (1.0 - unit(knot));
        let d3 = d(self.knots[2]);
        [1.0, x, d(first) - d3, d(self.knots[1]) - d3]
    }
}

/// Sums of one curve.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SmoothSums {
    /// BᵀB, row after row.
    squares: [f64; DF * DF],
    /// Bᵀy.
    products: [f64; DF],
}

impl SmoothSums {
    /// Adds a point.
    pub fn add(&mut self, row: &[f64; DF], y: f64) {
        for i in 0..DF {
            self.products[i] += row[i] * y;
            for j in 0..DF {
                self.squares[i * DF + j] += row[i] * row[j];
            }
        }
    }

    /// The curve; `None` when the points do not determine it.
    pub fn fit(&self) -> Option<Smooth> {
        let ldl = Ldl::new(&DMatrix::from_row_slice(DF, DF, &self.squares), PIVOT_TOLERANCE);
        let mut coefficients = self.products.to_vec();
        ldl.solve(&mut coefficients);
        (ldl.rank() == DF).then(|| Smooth { coefficients, inverse: ldl.inverse() })
    }
}

/// A fitted curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Smooth {
    coefficients: Vec<f64>,
    inverse: DMatrix<f64>,
}

impl Smooth {
    /// ŷ and the half width of the band at b(x), for y of variance `variance`.
    pub fn at(&self, row: &[f64; DF], variance: f64) -> (f64, f64) {
        let value = row.iter().zip(&self.coefficients).map(|(b, c)| b * c).sum();
        let form: f64 = (0..DF)
            .flat_map(|i| (0..DF).map(move |j| (i, j)))
            .map(|(i, j)| row[i] * self.inverse[(i, j)] * row[j])
            .sum();
        (value, BAND * (variance * form.max(0.0)).sqrt())
    }
}

/// `n` points at equal distances from `first` to `last`.
pub fn points(first: f64, last: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| first + (last - first) * i as f64 / (n - 1) as f64).collect()
}

/// The quantile of sorted numbers between neighbours (R's type 7).
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_is_its_own_smooth() {
        let x: Vec<f64> = (0..50).map(|i| f64::from(i * i)).collect();
        let basis = NaturalBasis::new(&x, 40).unwrap();
        let mut sums = SmoothSums::default();
        x.iter().for_each(|x| sums.add(&basis.row(*x), 3.0 - 0.01 * x));
        let smooth = sums.fit().unwrap();
        for x in [0.0, 7.0, 1000.0, 2401.0] {
            assert!((smooth.at(&basis.row(x), 1.0).0 - (3.0 - 0.01 * x)).abs() < 1e-9);
        }
    }

    /// R 4.2.2: x <- c(1, 2, 4, 7, 11, 16, 22, 29, 37, 46); y <- c(2, 1, 3, 5, 4, 6, 9, 8, 12, 11);
    /// px <- seq(1, 46, length = 5); b <- ns(c(px, x), df = 4, intercept = TRUE); p <- b[1:5, ]; m <- b[-(1:5), ];
    /// p %*% qr.coef(qr(m), y) and sqrt(rowSums((p %*% solve(crossprod(m))) * p)).
    #[test]
    fn values_and_widths_are_those_of_r() {
        let x = [1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 22.0, 29.0, 37.0, 46.0];
        let y = [2.0, 1.0, 3.0, 5.0, 4.0, 6.0, 9.0, 8.0, 12.0, 11.0];
        let basis = NaturalBasis::new(&x, 5).unwrap();
        let mut sums = SmoothSums::default();
        x.iter().zip(y).for_each(|(x, y)| sums.add(&basis.row(*x), y));
        let smooth = sums.fit().unwrap();
        let values = [1.7137367817945, 5.29231577045488, 8.3873239844322, 10.3320303219064, 11.4858670006948];
        let widths = [0.677176696054114, 0.631638893608513, 0.607587475341501, 0.61700284429177, 0.935848029008845];
        for ((x, value), width) in points(1.0, 46.0, 5).into_iter().zip(values).zip(widths) {
            let (ours, half) = smooth.at(&basis.row(x), 1.0);
            assert!((ours - value).abs() < 1e-9 && (half - BAND * width).abs() < 1e-9, "{x}: {ours} {half}");
        }
    }
}
