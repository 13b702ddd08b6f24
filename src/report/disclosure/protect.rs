//! Secondary suppression: which further cells must go so that additions and subtractions do not give hidden ones back.

use crate::report::InteractionCell;

/// Hides further cells of a line whose total is known, until each hidden cell could, as far as the total tells, be as
/// large as the threshold.
///
/// With h hidden cells of sum S, each at least 1, one of them is at most S − (h − 1); the line is safe when h ≥ 2 and
/// S − (h − 1) ≥ threshold. The smallest cells go first, those to `avoid` and empty ones last.
pub fn protect_line(values: &[u64], hidden: &mut [bool], avoid: &[bool], threshold: u64) {
    while !suffices(values, hidden, threshold) {
        let candidates = (0..values.len()).filter(|&i| !hidden[i]);
        let Some(next) = candidates.min_by_key(|&i| (values[i] == 0, avoid[i], values[i])) else { return };
        hidden[next] = true;
    }
}

fn suffices(values: &[u64], hidden: &[bool], threshold: u64) -> bool {
    let (n, sum) = hidden.iter().zip(values).filter(|(h, _)| **h).fold((0, 0), |(n, sum), (_, v)| (n + 1, sum + v));
    n == 0 || (n >= 2 && sum + 1 >= threshold + n)
}

/// Consecutive steps of a chain that are hidden together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// First step.
    pub first: usize,
    /// Last step.
    pub last: usize,
    /// Whether the sum of its steps protects each of them.
    pub suffices: bool,
}

/// Merges each small step of a chain with its neighbours until the sum protects it, later neighbours first.
///
/// The numbers before and after a group are shown, so its sum is known; the rule is that of [`protect_line`].
pub fn protect_chain(values: &[u64], small: &[bool], threshold: u64) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut at = 0;
    while let Some(offset) = small[at.min(small.len())..].iter().position(|s| *s) {
        let mut group = Group { first: at + offset, last: at + offset, suffices: false };
        loop {
            group.suffices =
                suffices(&values[group.first..=group.last], &vec![true; group.last + 1 - group.first], threshold);
            if group.suffices {
                break;
            }
            if group.last + 1 < values.len() {
                group.last += 1;
            } else if group.first > 0 {
                group.first -= 1;
                if let Some(before) = groups.pop_if(|g| g.last >= group.first) {
                    group.first = before.first;
                }
            } else {
                break;
            }
        }
        at = group.last + 1;
        groups.push(group);
    }
    groups
}

/// Counts of exposure by modifier, with one more row and column for the margins.
///
/// Rows and columns are nodes and hidden cells are edges of a graph; a hidden cell follows exactly from the shown ones
/// if and only if its edge is a bridge. A hidden margin is the edge to the node of the margins.
/// Source: Gusfield (1988), SIAM J Comput 17:552-571, doi 10.1137/0217034.
pub struct Grid {
    rows: Vec<String>,
    columns: Vec<String>,
    values: Vec<Vec<u64>>,
    present: Vec<Vec<bool>>,
    hidden: Vec<Vec<bool>>,
}

impl Grid {
    /// The grid of the cells; `margins` says for a cell whether the margins of its row and of its column are hidden.
    pub fn new(
        cells: &[InteractionCell],
        of_persons: bool,
        margins: impl Fn(&InteractionCell) -> (bool, bool),
    ) -> Grid {
        let distinct = |of: fn(&InteractionCell) -> &String| {
            let mut found: Vec<String> = Vec::new();
            cells.iter().map(of).for_each(|l| {
                if !found.contains(l) {
                    found.push(l.clone());
                }
            });
            found
        };
        let (rows, columns) = (distinct(|c| &c.exposure_level), distinct(|c| &c.modifier_level));
        let (r, c) = (rows.len(), columns.len());
        let mut grid = Grid {
            rows,
            columns,
            values: vec![vec![0; c + 1]; r + 1],
            present: vec![vec![false; c + 1]; r + 1],
            hidden: vec![vec![false; c + 1]; r + 1],
        };
        for cell in cells {
            let (i, j) = grid.place(cell);
            let count = if of_persons { cell.persons } else { cell.events };
            let mark = if of_persons { cell.persons_hidden } else { cell.events_hidden };
            grid.present[i][j] = count.is_some();
            grid.values[i][j] = count.unwrap_or(0);
            grid.hidden[i][j] = mark && count.is_some();
            let (row, column) = margins(cell);
            grid.hidden[i][c] |= row;
            grid.hidden[r][j] |= column;
        }
        grid
    }

    /// Hides further cells until no hidden one follows from the margins and every line with known margin is safe.
    pub fn protect(&mut self, threshold: u64) {
        let (r, c) = (self.rows.len(), self.columns.len());
        if !self.hidden.iter().flatten().any(|h| *h) {
            return;
        }
        loop {
            let before = self.n_hidden();
            for i in 0..r {
                self.protect_cells((0..c).map(|j| (i, j)).collect(), self.hidden[i][c], threshold);
            }
            for j in 0..c {
                self.protect_cells((0..r).map(|i| (i, j)).collect(), self.hidden[r][j], threshold);
            }
            if let Some(bridge) = self.first_bridge() {
                self.close_cycle(bridge);
            }
            if self.n_hidden() == before {
                return;
            }
        }
    }

    /// Marks the cells that the grid hides.
    pub fn write_back(&self, cells: &mut [InteractionCell], of_persons: bool) {
        for cell in cells {
            let (i, j) = self.place(cell);
            *(if of_persons { &mut cell.persons_hidden } else { &mut cell.events_hidden }) |= self.hidden[i][j];
        }
    }

    fn place(&self, cell: &InteractionCell) -> (usize, usize) {
        let find = |levels: &[String], level: &String| {
            levels.iter().position(|l| l == level).expect("levels come from the cells")
        };
        (find(&self.rows, &cell.exposure_level), find(&self.columns, &cell.modifier_level))
    }

    fn n_hidden(&self) -> usize {
        self.hidden.iter().flatten().filter(|h| **h).count()
    }

    fn protect_cells(&mut self, places: Vec<(usize, usize)>, margin_hidden: bool, threshold: u64) {
        let places: Vec<_> = places.into_iter().filter(|&(i, j)| self.present[i][j]).collect();
        if margin_hidden {
            return; // The sum is not known; that no cell follows exactly is the business of the bridges.
        }
        let values: Vec<u64> = places.iter().map(|&(i, j)| self.values[i][j]).collect();
        let mut hidden: Vec<bool> = places.iter().map(|&(i, j)| self.hidden[i][j]).collect();
        protect_line(&values, &mut hidden, &vec![false; values.len()], threshold);
        places.into_iter().zip(hidden).for_each(|((i, j), h)| self.hidden[i][j] = h);
    }

    /// A hidden cell (margins included) that follows from what is shown and that a further inner cell can protect.
    fn first_bridge(&self) -> Option<(usize, usize)> {
        let edges = (0..=self.rows.len()).flat_map(|i| (0..=self.columns.len()).map(move |j| (i, j)));
        let mut bridges = edges.filter(|&(i, j)| self.hidden[i][j] && !self.side(i, (i, j)).1[j]);
        bridges.find(|&(i, j)| self.candidate((i, j)).is_some())
    }

    /// The rows and columns that hidden cells connect to row `start` without the cell `without`.
    fn side(&self, start: usize, without: (usize, usize)) -> (Vec<bool>, Vec<bool>) {
        let (mut rows, mut columns) = (vec![false; self.rows.len() + 1], vec![false; self.columns.len() + 1]);
        rows[start] = true;
        let mut queue = vec![start];
        while let Some(i) = queue.pop() {
            for j in (0..columns.len()).filter(|&j| self.hidden[i][j] && (i, j) != without).collect::<Vec<_>>() {
                if !columns[j] {
                    columns[j] = true;
                    let next = (0..rows.len()).filter(|&k| self.hidden[k][j] && (k, j) != without && !rows[k]);
                    let next: Vec<usize> = next.collect();
                    next.iter().for_each(|&k| rows[k] = true);
                    queue.extend(next);
                }
            }
        }
        (rows, columns)
    }

    fn close_cycle(&mut self, bridge: (usize, usize)) {
        if let Some((i, j)) = self.candidate(bridge) {
            self.hidden[i][j] = true;
        }
    }

    /// The shown inner cell to hide next: one that joins both sides of the bridge, else one that widens a side.
    fn candidate(&self, bridge: (usize, usize)) -> Option<(usize, usize)> {
        let (rows, columns) = self.side(bridge.0, bridge);
        let inner = (0..self.rows.len()).flat_map(|i| (0..self.columns.len()).map(move |j| (i, j)));
        let shown = inner.filter(|&(i, j)| self.present[i][j] && !self.hidden[i][j]);
        let other_side = self.component_of_column(bridge);
        let key = |&(i, j): &(usize, usize)| {
            let joins = (rows[i] && other_side.1[j]) || (columns[j] && other_side.0[i]);
            let touches = rows[i] || columns[j] || other_side.0[i] || other_side.1[j];
            (!joins, !touches, self.values[i][j] == 0, self.values[i][j], i, j)
        };
        shown.min_by_key(key)
    }

    /// The rows and columns on the far side of a bridge.
    fn component_of_column(&self, bridge: (usize, usize)) -> (Vec<bool>, Vec<bool>) {
        let (mut rows, mut columns) = (vec![false; self.rows.len() + 1], vec![false; self.columns.len() + 1]);
        columns[bridge.1] = true;
        for i in (0..rows.len()).filter(|&i| self.hidden[i][bridge.1] && i != bridge.0).collect::<Vec<_>>() {
            let (more_rows, more_columns) = self.side(i, bridge);
            rows.iter_mut().zip(more_rows).for_each(|(a, b)| *a |= b);
            columns.iter_mut().zip(more_columns).for_each(|(a, b)| *a |= b);
        }
        (rows, columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[u64], threshold: u64) -> Vec<usize> {
        let mut hidden: Vec<bool> = values.iter().map(|v| 0 < *v && *v < threshold).collect();
        protect_line(values, &mut hidden, &vec![false; values.len()], threshold);
        (0..values.len()).filter(|&i| hidden[i]).collect()
    }

    #[test]
    fn a_lone_hidden_cell_takes_the_next_smallest_with_it() {
        assert_eq!(line(&[100, 2, 40, 60], 5), [1, 2]);
        assert_eq!(line(&[100, 40, 60], 5), [0_usize; 0]);
        // 1 + 1 = 2 can only be 1 and 1, so a third cell goes.
        assert_eq!(line(&[1, 1, 30, 60], 3), [0, 1, 2]);
        // An empty cell protects nothing.
        assert_eq!(line(&[2, 0, 50], 5), [0, 2]);
    }

    #[test]
    fn a_small_step_of_a_chain_takes_its_neighbour_with_it() {
        let small = |v: &[u64]| v.iter().map(|n| 0 < *n && *n < 5).collect::<Vec<_>>();
        let chain = |v: &[u64]| protect_chain(v, &small(v), 5);
        assert_eq!(chain(&[100, 2, 50, 30]), [Group { first: 1, last: 2, suffices: true }]);
        assert_eq!(chain(&[100, 50, 2]), [Group { first: 1, last: 2, suffices: true }]);
        assert_eq!(chain(&[2]), [Group { first: 0, last: 0, suffices: false }]);
        assert_eq!(chain(&[3, 40, 2]), [Group { first: 0, last: 2, suffices: true }]);
        assert_eq!(chain(&[]), []);
    }

    fn cells(values: &[&[u64]], threshold: u64) -> Vec<InteractionCell> {
        let mut cells = Vec::new();
        for (i, row) in values.iter().enumerate() {
            for (j, n) in row.iter().enumerate() {
                let persons_hidden = 0 < *n && *n < threshold;
                let (exposure_level, modifier_level) = (i.to_string(), j.to_string());
                let persons = Some(*n);
                cells.push(InteractionCell {
                    exposure_level,
                    modifier_level,
                    persons,
                    persons_hidden,
                    ..Default::default()
                });
            }
        }
        cells
    }

    #[test]
    fn a_hidden_cell_of_a_table_ends_up_in_a_rectangle() {
        let values: [&[u64]; 3] = [&[100, 2, 300], &[40, 50, 60], &[70, 80, 90]];
        let mut cells = cells(&values, 5);
        let mut grid = Grid::new(&cells, true, |_| (false, false));
        grid.protect(5);
        grid.write_back(&mut cells, true);
        let hidden: Vec<(&str, &str)> = cells
            .iter()
            .filter(|c| c.persons_hidden)
            .map(|c| (c.exposure_level.as_str(), c.modifier_level.as_str()))
            .collect();
        assert_eq!(hidden, [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")]);
    }

    #[test]
    fn two_rectangles_joined_by_one_cell_do_not_give_it_away() {
        // Every line has two hidden cells or none, yet (1, 2) would follow: rows 0-1 hold columns 0-1 but for it.
        let values: [&[u64]; 4] = [&[2, 2, 50, 60], &[3, 3, 4, 70], &[50, 60, 3, 3], &[70, 80, 4, 4]];
        let cells = cells(&values, 5);
        let mut grid = Grid::new(&cells, true, |_| (false, false));
        assert_eq!(grid.first_bridge(), Some((1, 2)));
        grid.protect(5);
        assert_eq!(grid.first_bridge(), None);
    }

    #[test]
    fn a_hidden_margin_needs_a_hidden_cell_in_its_line() {
        let values: [&[u64]; 3] = [&[100, 200], &[40, 50], &[70, 80]];
        let cells = cells(&values, 5);
        let mut grid = Grid::new(&cells, true, |c| (c.exposure_level != "2", false));
        grid.protect(5);
        assert!(grid.hidden[0][..2].contains(&true) && grid.hidden[1][..2].contains(&true));
        assert_eq!(grid.first_bridge(), None);
    }
}
