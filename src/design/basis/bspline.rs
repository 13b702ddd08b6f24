//! B-splines: the values and derivatives at a point of all functions of a knot sequence.

/// The values (or the derivatives of order `derivative`) at `x` of all B-splines of order `order` over `knots`.
///
/// ```text
/// B_j,1(x) = 1 in [t_j, t_j+1)
/// B_j,m(x) = (x − t_j)/(t_j+m−1 − t_j) B_j,m−1 + (t_j+m − x)/(t_j+m − t_j+1) B_j+1,m−1        0/0 = 0
/// B'_j,m   = (m−1) [B_j,m−1/(t_j+m−1 − t_j) − B_j+1,m−1/(t_j+m − t_j+1)]
/// ```
///
/// `knots` ascending, each boundary `order` times, `x` between them; at the right boundary the values are those of
/// the last interval. Gives `knots.len() − order` numbers.
/// Source: de Boor (1978), A Practical Guide to Splines, chapter X; R's `splines::splineDesign` gives the same.
pub(super) fn b_splines(knots: &[f64], order: usize, x: f64, derivative: usize) -> Vec<f64> {
    let mut b = vec![0.0; knots.len() - 1];
    b[interval(knots, order, x)] = 1.0;
    let share = |over: f64, width: f64| if width > 0.0 { over / width } else { 0.0 };
    for m in 2..=order - derivative {
        for j in 0..knots.len() - m {
            let left = share(x - knots[j], knots[j + m - 1] - knots[j]);
            let right = share(knots[j + m] - x, knots[j + m] - knots[j + 1]);
            b[j] = left * b[j] + right * b[j + 1];
        }
        b.pop();
    }
    for m in order - derivative..order {
        for j in 0..knots.len() - m - 1 {
            let left = share(b[j], knots[j + m] - knots[j]);
            let right = share(b[j + 1], knots[j + m + 1] - knots[j + 1]);
            b[j] = m as f64 * (left - right);
        }
        b.pop();
    }
    b
}

/// The knot interval that holds `x`, the last one that is not empty at the right boundary.
fn interval(knots: &[f64], order: usize, x: f64) -> usize {
    let last = knots.len() - order;
    let after = knots[..last].partition_point(|t| *t <= x).max(order);
    let at = after - 1;
    if x < knots[last] { at } else { knots[..last].partition_point(|t| *t < knots[last]).max(order) - 1 }
}

/// Boundary knots `order` times each, the inner knots between them.
pub(super) fn with_boundary(inner: &[f64], boundary: [f64; 2], order: usize) -> Vec<f64> {
    let mut knots = vec![boundary[0]; order];
    knots.extend_from_slice(inner);
    knots.extend(std::iter::repeat_n(boundary[1], order));
    knots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubic_functions_add_up_to_one_and_their_derivatives_to_nothing() {
        let knots = with_boundary(&[2.0, 3.5, 3.5], [0.0, 5.0], 4);
        for x in [0.0, 0.7, 2.0, 3.5, 4.9, 5.0] {
            for derivative in 0..3 {
                let sum: f64 = b_splines(&knots, 4, x, derivative).iter().sum();
                let expected = if derivative == 0 { 1.0 } else { 0.0 };
                assert!((sum - expected).abs() < 1e-12, "{x} {derivative}: {sum}");
            }
        }
    }

    // With no inner knot on [0, 1] they are the Bernstein polynomials: (1−x)³, 3x(1−x)², 3x²(1−x), x³.
    #[test]
    fn without_inner_knots_they_are_bernstein_polynomials() {
        let knots = with_boundary(&[], [0.0, 1.0], 4);
        assert_eq!(b_splines(&knots, 4, 0.5, 0), [0.125, 0.375, 0.375, 0.125]);
        assert_eq!(b_splines(&knots, 4, 1.0, 0), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(b_splines(&knots, 4, 1.0, 1), [0.0, 0.0, -3.0, 3.0]);
        assert_eq!(b_splines(&knots, 4, 0.0, 2), [6.0, -12.0, 6.0, 0.0]);
    }
}
