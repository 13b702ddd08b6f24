//! LDLᵀ factorisation of a symmetric matrix that may be singular.

use nalgebra::{DMatrix, DVector};

/// A pivot below this share of the largest diagonal element counts as zero: ε^0.75, the value of R's
/// `coxph.control(toler.chol)`, so that the same columns are found aliased.
pub const PIVOT_TOLERANCE: f64 = 1.818_989_403_545_856_5e-12;

/// M = L D Lᵀ with unit lower triangular L and diagonal D.
///
/// Columns are taken in order, without pivoting: a column that is a linear combination of earlier ones gets D = 0 and
/// is left out of every solution. Source: the rule of `cholesky2` in R's survival package.
#[derive(Debug, Clone)]
pub struct Ldl {
    /// L below the diagonal, D on it.
    factor: DMatrix<f64>,
    rank: usize,
}

impl Ldl {
    /// Factorises `matrix`, of which only the lower triangle is read. A pivot below `tolerance` times the largest
    /// diagonal element, or not finite, is taken as zero.
    pub fn new(matrix: &DMatrix<f64>, tolerance: f64) -> Ldl {
        let p = matrix.nrows();
        let mut factor = matrix.lower_triangle();
        let smallest = tolerance * (0..p).map(|i| matrix[(i, i)]).fold(0.0, f64::max);
        let mut rank = 0;
        for i in 0..p {
            let pivot = factor[(i, i)];
            let usable = pivot.is_finite() && pivot >= smallest && pivot > 0.0;
            rank += usize::from(usable);
            if !usable {
                factor.view_mut((i, i), (p - i, 1)).fill(0.0);
                continue;
            }
            for j in i + 1..p {
                let ratio = factor[(j, i)] / pivot;
                if ratio != 0.0 {
                    for k in j..p {
                        // Rows k >= j of column i still hold L·D.
                        let below = if k == j { ratio * pivot } else { factor[(k, i)] };
                        factor[(k, j)] -= ratio * below;
                    }
                }
                factor[(j, i)] = ratio;
            }
        }
        Ldl { factor, rank }
    }

    /// Number of pivots that are not zero.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Whether `column` is a linear combination of earlier ones (or constant).
    pub fn is_aliased(&self, column: usize) -> bool {
        self.factor[(column, column)] == 0.0
    }

    /// ln det M over the columns that are not aliased: Σ ln D.
    pub fn log_determinant(&self) -> f64 {
        self.factor.diagonal().iter().filter(|d| **d != 0.0).map(|d| libm::log(*d)).sum()
    }

    /// Solves M x = `rhs` in place; x is 0 in aliased columns.
    pub fn solve(&self, rhs: &mut [f64]) {
        let p = self.factor.nrows();
        for i in 0..p {
            let x = rhs[i];
            let below = self.factor.column(i);
            rhs.iter_mut().zip(below.iter()).skip(i + 1).for_each(|(b, l)| *b -= l * x);
        }
        for i in (0..p).rev() {
            if self.is_aliased(i) {
                rhs[i] = 0.0;
                continue;
            }
            let below: f64 = (i + 1..p).map(|j| self.factor[(j, i)] * rhs[j]).sum();
            rhs[i] = rhs[i] / self.factor[(i, i)] - below;
        }
    }

    /// The inverse on the columns that are not aliased; rows and columns of aliased ones are 0.
    pub fn inverse(&self) -> DMatrix<f64> {
        let p = self.factor.nrows();
        let mut inverse = DMatrix::zeros(p, p);
        let mut column = vec![0.0; p];
        for j in (0..p).filter(|&j| !self.is_aliased(j)) {
            column.fill(0.0);
            column[j] = 1.0;
            self.solve(&mut column);
            inverse.set_column(j, &DVector::from_column_slice(&column));
        }
        // Exactly symmetric, whatever the rounding.
        DMatrix::from_fn(p, p, |i, j| if i >= j { inverse[(i, j)] } else { inverse[(j, i)] })
    }
}

/// bᵀ M⁻¹ b and the rank of M, for Wald and score tests.
///
/// M is scaled to unit diagonal before it is factorised, so that the result does not depend on the units of the
/// columns. Components of aliased columns are left out.
pub fn quadratic_form(matrix: &DMatrix<f64>, b: &[f64]) -> (f64, usize) {
    let p = b.len();
    let size = |i: usize| matrix[(i, i)];
    let unit: Vec<f64> = (0..p).map(|i| if size(i) > 0.0 { size(i).sqrt().recip() } else { 0.0 }).collect();
    let scaled = DMatrix::from_fn(p, p, |i, j| matrix[(i, j)] * unit[i] * unit[j]);
    let b: Vec<f64> = b.iter().zip(&unit).map(|(b, u)| b * u).collect();
    quadratic_form_unscaled(&scaled, &b)
}

/// As [`quadratic_form`] without scaling, which is what R's `coxph.wtest` does: with columns of very different units
/// R may take one for aliased.
pub fn quadratic_form_unscaled(matrix: &DMatrix<f64>, b: &[f64]) -> (f64, usize) {
    let ldl = Ldl::new(matrix, PIVOT_TOLERANCE);
    let mut solution = b.to_vec();
    ldl.solve(&mut solution);
    (b.iter().zip(&solution).map(|(x, y)| x * y).sum(), ldl.rank())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_inverts() {
        let m = DMatrix::from_row_slice(3, 3, &[4.0, 1.0, 2.0, 1.0, 3.0, 0.5, 2.0, 0.5, 5.0]);
        let ldl = Ldl::new(&m, PIVOT_TOLERANCE);
        assert_eq!(ldl.rank(), 3);
        assert!((ldl.inverse() * &m - DMatrix::identity(3, 3)).amax() < 1e-14);
    }

    #[test]
    fn a_dependent_column_is_left_out() {
        // Third column = first + second.
        let x = DMatrix::from_row_slice(4, 3, &[1.0, 2.0, 3.0, 0.5, -1.0, -0.5, 2.0, 0.0, 2.0, -1.0, 1.0, 0.0]);
        let m = x.transpose() * &x;
        let ldl = Ldl::new(&m, PIVOT_TOLERANCE);
        assert_eq!((ldl.rank(), ldl.is_aliased(2)), (2, true));
        let first_two = m.view((0, 0), (2, 2)).into_owned().try_inverse().unwrap();
        let inverse = ldl.inverse();
        assert!((inverse.view((0, 0), (2, 2)) - first_two).amax() < 1e-13);
        assert_eq!(inverse.column(2).amax(), 0.0);
    }

    #[test]
    fn wald_does_not_depend_on_units() {
        let m = DMatrix::from_row_slice(2, 2, &[2.0, 0.3, 0.3, 1.0]);
        let (expected, _) = quadratic_form(&m, &[0.4, -0.2]);
        let big = DMatrix::from_row_slice(2, 2, &[2.0, 0.3e9, 0.3e9, 1e18]);
        let (scaled, rank) = quadratic_form(&big, &[0.4, -0.2e9]);
        assert!((scaled / expected - 1.0).abs() < 1e-14);
        assert_eq!(rank, 2);
    }
}
