//! Several columns of one number: splines and polynomials, with the constants they were worked out with.
//!
//! A basis is placed once, on the values of all rows of the table that have one (R evaluates `ns()`, `bs()`, `rcs()` and
//! `poly()` on the model frame's rows before rows with missing values elsewhere are left out). From then on
//! [`Basis::values`] gives the columns for any value, in the data or not: what predictions, curves and tables of hazard
//! ratios need.

mod bspline;
pub(crate) mod knots;

use crate::formula::{BasisShape, Knots};
use bspline::{b_splines, with_boundary};
pub use knots::Distribution;
use serde::Serialize;

/// A basis and its constants.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    /// Which functions.
    pub kind: BasisKind,
    /// Inner knots of `ns` and `bs`, all knots of `rcs`; none for polynomials.
    pub knots: Vec<f64>,
    /// Rows that have exactly the value of each knot; empty where the formula wrote the knots out.
    pub knot_rows: Vec<u64>,
    /// Boundary knots of `ns` and `bs`.
    pub boundary: Option<[f64; 2]>,
    /// Rows at each boundary knot; empty where the formula wrote them out.
    pub boundary_rows: Vec<u64>,
    /// Degree of the pieces, or of the polynomial.
    pub degree: usize,
    /// Whether `ns` and `bs` keep the constant.
    pub intercept: bool,
    /// Orthogonal polynomials: the constants of their recursion, R's `coefs`.
    pub recursion: Option<Recursion>,
    /// Natural splines: the two reflections that take out what bends at the boundary.
    reflections: Vec<Vec<f64>>,
}

/// Families of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BasisKind {
    /// Cubic splines that are straight lines beyond the boundary knots (`ns`).
    NaturalSpline,
    /// B-splines (`bs`).
    BSpline,
    /// Harrell's restricted cubic splines (`rcs`).
    RestrictedCubicSpline,
    /// Polynomials (`poly`), orthogonal over the data when there is a recursion, else plain powers.
    Polynomial,
}

/// P₀ = 1, P₁ = x − α₁, P_i+1 = (x − α_i+1) P_i − (n_i+1/n_i) P_i−1; the columns are P_i/√n_i+1.
#[derive(Debug, Clone, PartialEq)]
pub struct Recursion {
    /// α, one per degree.
    pub alpha: Vec<f64>,
    /// n: 1, the number of values, then ΣP_i² for every degree.
    pub norm2: Vec<f64>,
}

impl Basis {
    /// Places a basis on the values of a number. The error is a message that says what is wrong with them.
    pub(crate) fn place(shape: &BasisShape, sample: &Distribution) -> Result<Basis, String> {
        let mut basis = Basis::unmarked(shape, sample)?;
        let rows = |knots: &[f64]| knots.iter().map(|x| sample.rows_at(*x)).collect();
        let (knots, boundary) = shape.written_out();
        if !knots {
            basis.knot_rows = rows(&basis.knots);
        }
        if !boundary {
            basis.boundary_rows = rows(basis.boundary.as_slice().as_flattened());
        }
        Ok(basis)
    }

    fn unmarked(shape: &BasisShape, sample: &Distribution) -> Result<Basis, String> {
        match shape {
            BasisShape::Natural { knots, intercept, boundary } => {
                let (knots, boundary) = placed(knots, *boundary, 1 + usize::from(*intercept), sample)?;
                let reflections = natural_reflections(&knots, boundary, *intercept);
                let basis =
                    Basis { boundary: Some(boundary), reflections, ..Basis::plain(BasisKind::NaturalSpline, 3) };
                Ok(Basis { knots, intercept: *intercept, ..basis })
            }
            BasisShape::BSpline { knots, degree, intercept, boundary } => {
                let (knots, boundary) = placed(knots, *boundary, degree + usize::from(*intercept), sample)?;
                let basis = Basis { boundary: Some(boundary), ..Basis::plain(BasisKind::BSpline, *degree) };
                Ok(Basis { knots, intercept: *intercept, ..basis })
            }
            BasisShape::Restricted { knots } => {
                let knots = match knots {
                    Knots::Number(k) => knots::restricted(sample, *k)
                        .ok_or("there are too few different values for three knots; write the knots out")?,
                    Knots::At(list) => list.clone(),
                    Knots::Quantiles(p) => at_quantiles(p, sample),
                };
                match knots.windows(2).any(|w| w[0] >= w[1]) {
                    true => Err("two knots fall on one value; write the knots out".to_string()),
                    false => Ok(Basis { knots, ..Basis::plain(BasisKind::RestrictedCubicSpline, 3) }),
                }
            }
            BasisShape::Polynomial { degree, raw: true } => Ok(Basis::plain(BasisKind::Polynomial, *degree)),
            BasisShape::Polynomial { degree, raw: false } if *degree >= sample.values().len() => {
                Err(format!("a polynomial of degree {degree} needs more than {degree} different values"))
            }
            BasisShape::Polynomial { degree, raw: false } => {
                let recursion = Some(Recursion::of(sample, *degree));
                Ok(Basis { recursion, ..Basis::plain(BasisKind::Polynomial, *degree) })
            }
        }
    }

    fn plain(kind: BasisKind, degree: usize) -> Basis {
        Basis {
            kind,
            knots: Vec::new(),
            knot_rows: Vec::new(),
            boundary: None,
            boundary_rows: Vec::new(),
            degree,
            intercept: false,
            recursion: None,
            reflections: Vec::new(),
        }
    }

    /// Number of columns.
    pub fn n_columns(&self) -> usize {
        let constant = usize::from(self.intercept);
        match self.kind {
            BasisKind::NaturalSpline => self.knots.len() + 1 + constant,
            BasisKind::BSpline => self.knots.len() + self.degree + constant,
            BasisKind::RestrictedCubicSpline => self.knots.len() - 1,
            BasisKind::Polynomial => self.degree,
        }
    }

    /// The columns at `x`, which is finite.
    pub fn values(&self, x: f64) -> Vec<f64> {
        match (self.kind, &self.recursion, self.boundary) {
            (BasisKind::NaturalSpline, _, Some(boundary)) => self.natural(x, boundary),
            (BasisKind::BSpline, _, Some(boundary)) => self.b_spline(x, boundary),
            (BasisKind::RestrictedCubicSpline, ..) => restricted(&self.knots, x),
            (BasisKind::Polynomial, Some(recursion), _) => recursion.values(x),
            _ => (1..=self.degree).map(|power| libm::pow(x, power as f64)).collect(),
        }
    }

    /// What every column's name adds to the variable's, as R does it; `argument` is R's spelling of the number.
    pub(crate) fn suffixes(&self, argument: &str) -> Vec<String> {
        let n = self.n_columns();
        match self.kind {
            BasisKind::RestrictedCubicSpline => (0..n).map(|i| format!("{argument}{}", "'".repeat(i))).collect(),
            // R does not number the only column of a matrix.
            _ if n == 1 => vec![String::new()],
            _ => (1..=n).map(|i| i.to_string()).collect(),
        }
    }

    /// Natural spline at `x`: B-splines, straight beyond the boundary, reflected so that two of them take all the
    /// bending at the boundary, and these two left out.
    fn natural(&self, x: f64, boundary: [f64; 2]) -> Vec<f64> {
        let knots = with_boundary(&self.knots, boundary, 4);
        let inside = x.clamp(boundary[0], boundary[1]);
        let mut b = b_splines(&knots, 4, inside, 0);
        if x != inside {
            let slope = b_splines(&knots, 4, inside, 1);
            b.iter_mut().zip(slope).for_each(|(b, s)| *b += s * (x - inside));
        }
        let mut b = if self.intercept { b } else { b.split_off(1) };
        for v in &self.reflections {
            reflect(v, &mut b);
        }
        b.split_off(2)
    }

    /// B-splines at `x`; beyond the boundary the polynomial of the outermost interval goes on, as in R from a point
    /// a quarter of the way into it.
    fn b_spline(&self, x: f64, boundary: [f64; 2]) -> Vec<f64> {
        let order = self.degree + 1;
        let knots = with_boundary(&self.knots, boundary, order);
        let pivot = match x {
            x if x < boundary[0] => Some(0.75 * boundary[0] + 0.25 * knots[order]),
            x if x > boundary[1] => Some(0.75 * boundary[1] + 0.25 * knots[knots.len() - order - 1]),
            _ => None,
        };
        let mut b = match pivot {
            None => b_splines(&knots, order, x, 0),
            Some(pivot) => {
                let mut sum = vec![0.0; knots.len() - order];
                let mut factor = 1.0;
                for derivative in 0..order {
                    let d = b_splines(&knots, order, pivot, derivative);
                    sum.iter_mut().zip(d).for_each(|(s, d)| *s += factor * d);
                    factor *= (x - pivot) / (derivative + 1) as f64;
                }
                sum
            }
        };
        if self.intercept { b } else { b.split_off(1) }
    }
}

/// Inner knots inside the boundary; a spline of `df` columns has `df` − `least` of them.
fn placed(
    knots: &Knots,
    boundary: Option<[f64; 2]>,
    least: usize,
    sample: &Distribution,
) -> Result<(Vec<f64>, [f64; 2]), String> {
    let [low, high] = boundary.unwrap_or(sample.range());
    if low >= high {
        return Err("there is one value only, on which no spline can stand".to_string());
    }
    let inner = match knots {
        Knots::Number(df) => {
            let within = sample.within(low, high).ok_or("no value lies between the boundary knots")?;
            knots::inner(&within, df - least)
        }
        Knots::At(list) => list.clone(),
        Knots::Quantiles(p) => at_quantiles(p, sample),
    };
    match inner.iter().find(|k| **k <= low || **k >= high) {
        Some(knot) => Err(format!(
            "the inner knot {knot} does not lie between the boundary knots {low} and {high}; write other knots"
        )),
        None => Ok((inner, [low, high])),
    }
}

fn at_quantiles(probabilities: &[f64], sample: &Distribution) -> Vec<f64> {
    probabilities.iter().map(|p| sample.quantile(*p)).collect()
}

/// Householder vectors of the second derivatives at both boundaries: the reflections Q with Qᵀ(b″(low), b″(high)) upper
/// triangular, so that all but the first two of Qᵀb are straight there. LINPACK's `dqrdc2`, which R's `qr` uses.
fn natural_reflections(inner: &[f64], boundary: [f64; 2], intercept: bool) -> Vec<Vec<f64>> {
    let knots = with_boundary(inner, boundary, 4);
    let mut columns: Vec<Vec<f64>> = boundary
        .iter()
        .map(|at| {
            let second = b_splines(&knots, 4, *at, 2);
            if intercept { second } else { second[1..].to_vec() }
        })
        .collect();
    let mut reflections = Vec::new();
    for j in 0..2 {
        let mut v = columns[j].clone();
        v[..j].fill(0.0);
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let norm = if v[j] < 0.0 { -norm } else { norm };
        v.iter_mut().for_each(|x| *x /= norm);
        v[j] += 1.0;
        columns.iter_mut().skip(j + 1).for_each(|c| reflect_at(&v, j, c));
        reflections.push(v);
    }
    reflections
}

/// b − v (vᵀb)/v_j, j the first entry of v that is not 0.
fn reflect(v: &[f64], b: &mut [f64]) {
    let j = v.iter().position(|x| *x != 0.0).unwrap_or(0);
    reflect_at(v, j, b);
}

fn reflect_at(v: &[f64], j: usize, b: &mut [f64]) {
    let t = -v.iter().zip(&*b).map(|(v, b)| v * b).sum::<f64>() / v[j];
    b.iter_mut().zip(v).for_each(|(b, v)| *b += t * v);
}

/// Harrell's restricted cubic spline at `x`.
///
/// ```text
/// x_1 = x        x_j+1 = [(x − t_j)³₊ − (x − t_k−1)³₊ (t_k − t_j)/(t_k − t_k−1) + (x − t_k)³₊ (t_k−1 − t_j)/(t_k − t_k−1)] / (t_k − t_1)²
/// ```
///
/// Source: Harrell (2015), Regression Modeling Strategies, equation 2.25, scaled as R's `rms::rcs`.
fn restricted(knots: &[f64], x: f64) -> Vec<f64> {
    let k = knots.len();
    let (first, before, last) = (knots[0], knots[k - 2], knots[k - 1]);
    let scale = libm::pow(last - first, 2.0 / 3.0);
    let cube = |t: f64| {
        let over = ((x - t) / scale).max(0.0);
        over * over * over
    };
    let bent = knots[..k - 2]
        .iter()
        .map(|t| cube(*t) + ((before - t) * cube(last) - (last - t) * cube(before)) / (last - before));
    std::iter::once(x).chain(bent).collect()
}

impl Recursion {
    /// The recursion of the polynomials that are orthogonal over the sample.
    fn of(sample: &Distribution, degree: usize) -> Recursion {
        let n = sample.n() as f64;
        let weighted = |f: &dyn Fn(usize, f64) -> f64| -> f64 {
            sample.values().iter().zip(sample.counts()).enumerate().map(|(i, (x, c))| c as f64 * f(i, *x)).sum()
        };
        let mut before = vec![0.0; sample.values().len()];
        let mut now = vec![1.0; sample.values().len()];
        let mean = weighted(&|_, x| x) / n;
        let (mut alpha, mut norm2) = (Vec::new(), vec![1.0, n]);
        for i in 0..degree {
            let centre = mean + weighted(&|j, x| (x - mean) * now[j] * now[j]) / norm2[i + 1];
            let ratio = norm2[i + 1] / norm2[i];
            let next = |(j, x): (usize, &f64)| (x - centre) * now[j] - if i > 0 { ratio * before[j] } else { 0.0 };
            let next: Vec<f64> = sample.values().iter().enumerate().map(next).collect();
            before = std::mem::replace(&mut now, next);
            alpha.push(centre);
            norm2.push(weighted(&|j, _| now[j] * now[j]));
        }
        Recursion { alpha, norm2 }
    }

    fn values(&self, x: f64) -> Vec<f64> {
        let (mut before, mut now) = (0.0, 1.0);
        let mut out = Vec::with_capacity(self.alpha.len());
        for (i, alpha) in self.alpha.iter().enumerate() {
            let ratio = if i > 0 { self.norm2[i + 1] / self.norm2[i] } else { 0.0 };
            (before, now) = (now, (x - alpha) * now - ratio * before);
            out.push(now / self.norm2[i + 2].sqrt());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares a basis placed on eight small numbers with R's `predict()` of the same call.
    fn check(shape: BasisShape, at: &[f64], r: &[&[f64]]) {
        let values = [1.0, 2.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0];
        let sample = Distribution::new(values.iter().map(|x| (*x, 1))).expect("values");
        let basis = Basis::place(&shape, &sample).expect("a basis");
        for (x, r) in at.iter().zip(r) {
            let ours = basis.values(*x);
            assert_eq!(ours.len(), basis.n_columns());
            let near =
                ours.len() == r.len() && ours.iter().zip(*r).all(|(a, b)| (a - b).abs() < 1e-12 * b.abs().max(1.0));
            assert!(near, "{shape:?} at {x}: {ours:?}, R {r:?}");
        }
    }

    // x <- c(1, 2, 2, 3, 5, 8, 13, 21); predict(ns(x, …), c(…)) with splines 4.2.2, beyond the boundary too.
    #[test]
    fn natural_splines_are_those_of_r() {
        let knots = Knots::Number(3);
        check(
            BasisShape::Natural { knots, intercept: false, boundary: None },
            &[0.0, 2.0, 6.0, 21.0, 30.0],
            &[
                &[0.14036631612571, -0.327521404293323, 0.187155088167613],
                &[-0.126883369370353, 0.310644528530824, -0.177511159160471],
                &[0.0763866284489804, 0.613932293580173, -0.333494942437317],
                &[-0.162162162162162, 0.378378378378378, 0.783783783783784],
                &[-1.02220077220077, 0.456563706563706, 1.56563706563707],
            ],
        );
        let knots = Knots::At(vec![3.0, 8.0]);
        check(
            BasisShape::Natural { knots, intercept: true, boundary: Some([2.0, 15.0]) },
            &[0.0, 2.0, 6.0, 21.0],
            &[
                &[-1.05135223547874, -0.404307125823317, 1.09740505580615, -0.693097929982828],
                &[-0.107832773203438, -0.224487401056598, 0.609322945725051, -0.384835544668453],
                &[0.583108759365303, 0.295317310121604, 0.139816385347588, -0.0646208749563716],
                &[0.0, -1.15884476534296, 0.574007220216607, 1.58483754512635],
            ],
        );
    }

    // predict(bs(x, df = 5), …) and predict(bs(x, degree = 2, knots = 4, intercept = TRUE), …).
    #[test]
    fn b_splines_are_those_of_r() {
        check(
            BasisShape::BSpline { knots: Knots::Number(5), degree: 3, intercept: false, boundary: None },
            &[0.0, 2.0, 6.0, 21.0, 25.0],
            &[
                &[-4.84895833333333, 0.495833333333334, -0.00625, 0.0, 0.0],
                &[0.723958333333333, 0.254166666666667, 0.00625, 0.0, 0.0],
                &[0.00595238095238093, 0.637223639455782, 0.326507835276968, 0.0303161443148688, 0.0],
                &[0.0, 0.0, 0.0, 0.0, 1.0],
                &[0.0, -0.0122448979591837, 0.226530612244898, -1.33965014577259, 2.12536443148688],
            ],
        );
        check(
            BasisShape::BSpline { knots: Knots::At(vec![4.0]), degree: 2, intercept: true, boundary: None },
            &[1.0, 6.0, 25.0],
            &[
                &[1.0, 0.0, 0.0, 0.0],
                &[0.0, 0.661764705882353, 0.32439446366782, 0.013840830449827],
                &[0.0, 0.0470588235294118, -0.573010380622837, 1.52595155709343],
            ],
        );
    }

    // predict(poly(x, 3), c(0, 6, 21)); plain powers by definition.
    #[test]
    fn polynomials_are_those_of_r() {
        check(
            BasisShape::Polynomial { degree: 3, raw: false },
            &[0.0, 6.0, 21.0],
            &[
                &[-0.373467605528506, 0.560019119360161, -0.964893032985819],
                &[-0.0475322407036281, -0.34613700941984, 0.469303140858457],
                &[0.767306171358567, 0.50288517784113, 0.17873421894248],
            ],
        );
        check(BasisShape::Polynomial { degree: 3, raw: true }, &[-2.0], &[&[-2.0, 4.0, -8.0]]);
    }

    // By hand, knots 0, 1, 3: x₂ = [x³₊ − (x − 1)³₊ 3/2 + (x − 3)³₊ 1/2]/9, a straight line from 3 on.
    #[test]
    fn restricted_splines_are_straight_beyond_the_last_knot() {
        let shape = BasisShape::Restricted { knots: Knots::At(vec![0.0, 1.0, 3.0]) };
        let bend = |x: f64| (27.0 - 12.0) / 9.0 + (27.0 - 18.0) / 9.0 * (x - 3.0);
        check(
            shape,
            &[-1.0, 1.0, 2.0, 3.0, 10.0],
            &[&[-1.0, 0.0], &[1.0, 1.0 / 9.0], &[2.0, 6.5 / 9.0], &[3.0, bend(3.0)], &[10.0, bend(10.0)]],
        );
    }

    #[test]
    fn what_the_data_cannot_carry_is_said() {
        let sample = Distribution::new([(1.0, 5), (2.0, 5)]).expect("values");
        let place = |shape| Basis::place(&shape, &sample).expect_err("no basis");
        let natural = |knots| BasisShape::Natural { knots, intercept: false, boundary: None };
        assert!(place(natural(Knots::Number(4))).contains("the inner knot 1 does not lie between"));
        assert!(place(natural(Knots::At(vec![5.0]))).contains("the inner knot 5 does not lie between"));
        assert!(place(BasisShape::Restricted { knots: Knots::Number(3) }).contains("too few different values"));
        assert!(place(BasisShape::Polynomial { degree: 2, raw: false }).contains("more than 2 different values"));
    }
}
