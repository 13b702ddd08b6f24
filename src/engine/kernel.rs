//! The dense kernels: adding weighted outer products of rows to a square matrix, and a row times such a matrix.

use multiversion::multiversion;

/// Rows gathered before they are added; a multiple of the rows taken at a time.
pub(super) const ROWS: usize = 64;

/// Adds RᵀR to the lower triangle of `sum` (p × p, row after row), for `rows` holding rows of length p.
///
/// Eight rows are taken at a time, so that an element of `sum` is read and written once for eight products. Without
/// fused multiply-add the bits are the same on every machine.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn add_outer_products(rows: &[f64], p: usize, sum: &mut [f64]) {
    if p == 0 {
        return;
    }
    let mut eights = rows.chunks_exact(8 * p);
    for eight in &mut eights {
        let row = |k: usize| &eight[k * p..(k + 1) * p];
        let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3));
        let (r4, r5, r6, r7) = (row(4), row(5), row(6), row(7));
        for i in 0..p {
            let to = &mut sum[i * p..i * p + i + 1];
            let (r0, r1, r2, r3) = (&r0[..i + 1], &r1[..i + 1], &r2[..i + 1], &r3[..i + 1]);
            let (r4, r5, r6, r7) = (&r4[..i + 1], &r5[..i + 1], &r6[..i + 1], &r7[..i + 1]);
            let (x0, x1, x2, x3) = (r0[i], r1[i], r2[i], r3[i]);
            let (x4, x5, x6, x7) = (r4[i], r5[i], r6[i], r7[i]);
            for j in 0..to.len() {
                let first = (x0 * r0[j] + x1 * r1[j]) + (x2 * r2[j] + x3 * r3[j]);
                let second = (x4 * r4[j] + x5 * r5[j]) + (x6 * r6[j] + x7 * r7[j]);
                to[j] += first + second;
            }
        }
    }
    for row in eights.remainder().chunks_exact(p) {
        for i in 0..p {
            let x = row[i];
            for (to, r) in sum[i * p..i * p + i + 1].iter_mut().zip(row) {
                *to += x * r;
            }
        }
    }
}

/// Writes `row` times a symmetric matrix (p × p, row after row) to `to`.
///
/// Four rows of the matrix are taken at a time, so that an element of `to` is read and written once for four products.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn times_symmetric(row: &[f64], matrix: &[f64], to: &mut [f64]) {
    let p = to.len();
    to.fill(0.0);
    if p == 0 {
        return;
    }
    let (mut fours, mut blocks) = (row.chunks_exact(4), matrix.chunks_exact(4 * p));
    for (x, block) in (&mut fours).zip(&mut blocks) {
        let (x0, x1, x2, x3) = (x[0], x[1], x[2], x[3]);
        let (v0, rest) = block.split_at(p);
        let (v1, rest) = rest.split_at(p);
        let (v2, v3) = rest.split_at(p);
        let (v1, v2, v3) = (&v1[..p], &v2[..p], &v3[..p]);
        for j in 0..p {
            to[j] += (x0 * v0[j] + x1 * v1[j]) + (x2 * v2[j] + x3 * v3[j]);
        }
    }
    for (x, v) in fours.remainder().iter().zip(blocks.remainder().chunks_exact(p)) {
        to.iter_mut().zip(v).for_each(|(to, v)| *to += x * v);
    }
}

/// Adds what the chunks found to `sum`, in the order of the chunks whichever thread was first: the same bits always.
pub(super) fn add_in_order(sum: &mut [f64], parts: Vec<Vec<f64>>) {
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
    }
}

/// Gathers rows and adds their outer products in batches.
pub(super) struct OuterProducts {
    p: usize,
    rows: Vec<f64>,
    /// Lower triangle, row after row.
    pub sum: Vec<f64>,
}

impl OuterProducts {
    /// A zero sum of p × p.
    pub fn new(p: usize) -> OuterProducts {
        OuterProducts { p, rows: Vec::with_capacity(ROWS * p), sum: vec![0.0; p * p] }
    }

    /// Adds a row.
    pub fn push(&mut self, row: impl Iterator<Item = f64>) {
        self.rows.extend(row);
        if self.rows.len() >= ROWS * self.p {
            self.flush();
        }
    }

    /// Adds the first p numbers that `fill` makes of `width` zeros.
    pub fn push_with(&mut self, width: usize, fill: impl FnOnce(&mut [f64])) {
        let from = self.rows.len();
        self.rows.resize(from + width, 0.0);
        fill(&mut self.rows[from..]);
        self.rows.truncate(from + self.p);
        if self.rows.len() >= ROWS * self.p {
            self.flush();
        }
    }

    /// Adds the rows that wait.
    pub fn flush(&mut self) {
        add_outer_products(&self.rows, self.p, &mut self.sum);
        self.rows.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_times_a_matrix_equals_the_plain_sum() {
        for p in [0, 1, 3, 4, 7, 8, 13] {
            let row: Vec<f64> = (0..p).map(|i| (i * 5 % 7) as f64 - 3.0).collect();
            let matrix: Vec<f64> = (0..p * p).map(|k| ((k / p) * (k % p) % 11) as f64 - 4.0).collect();
            let mut to = vec![f64::NAN; p];
            times_symmetric(&row, &matrix, &mut to);
            let plain = |j: usize| -> f64 { (0..p).map(|i| row[i] * matrix[i * p + j]).sum() };
            assert_eq!(to, (0..p).map(plain).collect::<Vec<_>>());
        }
    }

    #[test]
    fn equals_the_plain_sum() {
        let p = 5;
        let rows: Vec<f64> = (0..19 * p).map(|i| ((i * 37 % 23) as f64) - 11.0).collect();
        let mut products = OuterProducts::new(p);
        rows.chunks(p).for_each(|row| products.push(row.iter().copied()));
        products.flush();
        for i in 0..p {
            for j in 0..=i {
                let plain: f64 = rows.chunks(p).map(|r| r[i] * r[j]).sum();
                assert_eq!(products.sum[i * p + j], plain);
            }
        }
    }
}
