//! Columns of some rows, filled where they will stay by all threads: no chunk is copied together afterwards.

use rayon::prelude::*;
use std::ops::Range;

/// Rows worked out together by one thread.
const CHUNK: usize = 2048;

/// `n_columns` columns of the numbers of `rows`. `fill` gets the rows of a chunk and its share of every column, each as
/// long as there are rows.
pub(super) fn filled_columns(
    rows: Range<usize>,
    n_columns: usize,
    fill: impl Fn(Range<usize>, &mut [&mut [f64]]) + Sync,
) -> Vec<Vec<f64>> {
    let mut columns = vec![vec![0.0; rows.len()]; n_columns];
    let chunks = rows.clone().step_by(CHUNK).map(|from| from..(from + CHUNK).min(rows.end));
    let mut parts: Vec<(Range<usize>, Vec<&mut [f64]>)> = chunks.map(|chunk| (chunk, Vec::new())).collect();
    for column in &mut columns {
        parts.iter_mut().zip(column.chunks_mut(CHUNK)).for_each(|((_, shares), share)| shares.push(share));
    }
    parts.into_par_iter().for_each(|(chunk, mut shares)| fill(chunk, &mut shares));
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_at_its_place_in_every_column() {
        let rows = 7..7 + 2 * CHUNK + 3;
        let columns = filled_columns(rows.clone(), 2, |chunk, shares| {
            for (k, i) in chunk.enumerate() {
                (shares[0][k], shares[1][k]) = (i as f64, -(i as f64));
            }
        });
        assert!(rows.clone().zip(&columns[0]).all(|(i, x)| *x == i as f64));
        assert!(rows.zip(&columns[1]).all(|(i, x)| *x == -(i as f64)));
    }
}
