//! Small linear programs: what is the largest gain of a move that leaves every sum as it is?
//!
//! ```text
//! maximise  Σ gain_j x_j   with   A x = 0,  0 ≤ x_j ≤ limit_j
//! ```
//!
//! x = 0 is a solution, so the search starts there, with a slack variable of limit 0 in every row. It is the simplex method
//! with bounded variables on a dense tableau. Source: Chvátal (1983), Linear Programming, Freeman, chapters 3 and 8.
//! Whoever uses the result checks it in whole numbers: a fault of rounding can cost a solution, never claim one.

/// One variable.
#[derive(Debug, Clone)]
pub struct Column {
    /// (row, coefficient), every row at most once.
    pub entries: Vec<(usize, f64)>,
    /// Largest value; infinity for none.
    pub limit: f64,
    /// Gain of one unit.
    pub gain: f64,
}

/// A number below this is taken for zero: coefficients are small whole numbers, and tableaus have a few hundred rows.
const ZERO: f64 = 1e-7;

/// An entry below this is a remainder of rounding.
const TINY: f64 = 1e-11;

/// So many steps without a gain switch to the rule of lowest indices, which cannot go in circles (Bland 1977).
const PATIENCE: usize = 50;

/// More steps are a fault of rounding; the best point so far is returned.
const MOST_STEPS: usize = 20_000;

/// The values of the variables at an optimal vertex.
pub fn maximise(columns: &[Column], n_rows: usize) -> Vec<f64> {
    let mut tableau = Tableau::new(columns, n_rows);
    let mut still = 0;
    for _ in 0..MOST_STEPS {
        let Some(entering) = tableau.entering(still > PATIENCE) else { break };
        let gained = tableau.step(entering);
        still = if gained > ZERO { 0 } else { still + 1 };
    }
    tableau.values()
}

struct Tableau<'a> {
    columns: &'a [Column],
    /// B⁻¹A, row by row.
    rows: Vec<Vec<f64>>,
    /// What one unit of a variable gains, those of the basis making up for it.
    gains: Vec<f64>,
    /// The variable of every row; `None` is its slack.
    basis: Vec<Option<usize>>,
    /// Its value.
    levels: Vec<f64>,
    /// Whether a variable outside the basis is at its limit.
    at_limit: Vec<bool>,
    in_basis: Vec<bool>,
}

impl<'a> Tableau<'a> {
    fn new(columns: &'a [Column], n_rows: usize) -> Tableau<'a> {
        let mut rows = vec![vec![0.0; columns.len()]; n_rows];
        for (j, column) in columns.iter().enumerate() {
            column.entries.iter().for_each(|(i, a)| rows[*i][j] = *a);
        }
        Tableau {
            columns,
            rows,
            gains: columns.iter().map(|c| c.gain).collect(),
            basis: vec![None; n_rows],
            levels: vec![0.0; n_rows],
            at_limit: vec![false; columns.len()],
            in_basis: vec![false; columns.len()],
        }
    }

    /// A variable whose move gains; the first one when `first`, else the one that gains most.
    fn entering(&self, first: bool) -> Option<usize> {
        let gain = |j: usize| if self.at_limit[j] { -self.gains[j] } else { self.gains[j] };
        let mut gaining = (0..self.columns.len()).filter(|&j| !self.in_basis[j] && gain(j) > ZERO);
        match first {
            true => gaining.next(),
            false => gaining.fold(None, |best: Option<usize>, j| match best {
                Some(b) if gain(b) >= gain(j) => Some(b),
                _ => Some(j),
            }),
        }
    }

    /// Moves a variable as far as it goes, and returns what that gains.
    fn step(&mut self, entering: usize) -> f64 {
        let direction = if self.at_limit[entering] { -1.0 } else { 1.0 };
        let (mut far, mut blocking) = (self.columns[entering].limit, None);
        let mut size = 0.0;
        for (i, row) in self.rows.iter().enumerate() {
            let change = direction * row[entering];
            let room = match () {
                () if change > ZERO => self.levels[i],
                () if change < -ZERO => self.limit(i) - self.levels[i],
                () => continue,
            };
            let reach = room.max(0.0) / change.abs();
            // Of rows that block alike, the largest pivot; it keeps the numbers small.
            if reach < far - ZERO || (reach <= far + ZERO && blocking.is_some() && change.abs() > size) {
                (far, blocking, size) = (reach.min(far), Some(i), change.abs());
            }
        }
        let gained = far * direction * self.gains[entering];
        for (i, row) in self.rows.iter().enumerate() {
            self.levels[i] -= far * direction * row[entering];
        }
        match blocking {
            None => self.at_limit[entering] = !self.at_limit[entering],
            Some(i) => self.pivot(i, entering, far * direction),
        }
        gained
    }

    fn limit(&self, i: usize) -> f64 {
        self.basis[i].map_or(0.0, |j| self.columns[j].limit)
    }

    /// Brings a variable into the basis in place of that of row `i`.
    fn pivot(&mut self, i: usize, entering: usize, moved: f64) {
        let start = if self.at_limit[entering] { self.columns[entering].limit } else { 0.0 };
        if let Some(leaving) = self.basis[i] {
            self.in_basis[leaving] = false;
            let limit = self.columns[leaving].limit;
            self.at_limit[leaving] = limit.is_finite() && self.levels[i] > limit / 2.0;
        }
        self.basis[i] = Some(entering);
        self.in_basis[entering] = true;
        self.at_limit[entering] = false;
        self.levels[i] = start + moved;
        let scale = self.rows[i][entering];
        self.rows[i].iter_mut().for_each(|a| *a /= scale);
        let lead = std::mem::take(&mut self.rows[i]);
        // Few entries of a row are not zero: a count stands in a handful of sums.
        let entries: Vec<(usize, f64)> =
            lead.iter().enumerate().filter(|(_, a)| a.abs() > TINY).map(|(j, a)| (j, *a)).collect();
        for row in self.rows.iter_mut().filter(|row| !row.is_empty()) {
            subtract(row, &entries, entering);
        }
        subtract(&mut self.gains, &entries, entering);
        self.rows[i] = lead;
    }

    fn values(&self) -> Vec<f64> {
        let at_limit = self.at_limit.iter().zip(self.columns);
        let mut values: Vec<f64> = at_limit.map(|(at, c)| if *at { c.limit } else { 0.0 }).collect();
        for (basis, level) in self.basis.iter().zip(&self.levels) {
            if let Some(j) = basis {
                values[*j] = *level;
            }
        }
        values
    }
}

/// Takes the entry at `column` out of a row.
fn subtract(row: &mut [f64], lead: &[(usize, f64)], column: usize) {
    let factor = row[column];
    if factor != 0.0 {
        lead.iter().for_each(|(j, l)| row[*j] -= factor * l);
        row[column] = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(entries: &[(usize, f64)], limit: f64, gain: f64) -> Column {
        Column { entries: entries.to_vec(), limit, gain }
    }

    #[test]
    fn a_move_is_paid_by_the_cheapest_that_makes_up_for_it() {
        // x0 up, x1 or x2 down by the same; x1 is dear and x2 has room for 2 only.
        let columns =
            [column(&[(0, 1.0)], 5.0, 100.0), column(&[(0, -1.0)], 9.0, -3.0), column(&[(0, -1.0)], 2.0, -1.0)];
        assert_eq!(maximise(&columns, 1), [5.0, 3.0, 2.0]);
    }

    #[test]
    fn a_variable_alone_in_its_row_cannot_move() {
        assert_eq!(maximise(&[column(&[(0, 1.0)], 5.0, 1.0)], 1), [0.0]);
        assert_eq!(maximise(&[column(&[], 5.0, 1.0)], 0), [5.0]);
    }

    #[test]
    fn a_cycle_of_a_table_is_found() {
        // Cells a b / c d with all margins fixed: a up, b and c down, d up.
        let cell = |row: usize, column_: usize, sign: f64, limit: f64, gain: f64| {
            column(&[(row, sign), (2 + column_, sign)], limit, gain)
        };
        let columns = [
            cell(0, 0, 1.0, 4.0, 1.0),
            cell(0, 1, -1.0, 3.0, 0.0),
            cell(1, 0, -1.0, 7.0, 0.0),
            cell(1, 1, 1.0, 9.0, 0.0),
        ];
        assert_eq!(maximise(&columns, 4), [3.0, 3.0, 3.0, 3.0]);
    }
}
