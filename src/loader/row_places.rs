//! Where the rows of an extract stand, which its readers number through: file and row, for messages.
//!
//! A record of delimited text may run over several lines, so that lines and numbers drift apart: kept is every number at
//! which they do.

use super::error::Place;

/// From the number of a row in its extract to its file and row.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowPlaces {
    files: Vec<String>,
    /// Number, place of the file, row of the file: where rows stop following each other line by line.
    runs: Vec<(u64, usize, u64)>,
}

impl RowPlaces {
    /// Adds rows of a file, the first of them with this number.
    pub(crate) fn add(&mut self, file: &str, first: u64, rows: impl Iterator<Item = u64>) {
        if self.files.last().is_none_or(|last| last != file) {
            self.files.push(file.to_owned());
        }
        let at = self.files.len() - 1;
        for (number, row) in (first..).zip(rows) {
            let follows = |&(n, f, r): &(u64, usize, u64)| f == at && number - n == row.wrapping_sub(r);
            if !self.runs.last().is_some_and(follows) {
                self.runs.push((number, at, row));
            }
        }
    }

    /// The place of a row that was added.
    pub(crate) fn place(&self, number: u32) -> Place {
        let number = u64::from(number);
        let run = self.runs.partition_point(|&(first, ..)| first <= number).checked_sub(1);
        let (first, file, row) = self.runs[run.expect("the first run begins at the first row")];
        Place::row(&*self.files[file], row + (number - first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_two_lines_shifts_those_behind_it() {
        let mut places = RowPlaces::default();
        places.add("a.csv", 0, [2, 3, 5].into_iter());
        places.add("a.csv", 3, [6].into_iter());
        places.add("b.csv", 4, [2, 3].into_iter());
        let rows: Vec<String> = (0..6).map(|n| places.place(n).to_string()).collect();
        let at = |file: &str, row: u64| Place::row(file, row).to_string();
        let wanted = [at("a.csv", 2), at("a.csv", 3), at("a.csv", 5), at("a.csv", 6), at("b.csv", 2), at("b.csv", 3)];
        assert_eq!(rows, wanted);
        assert_eq!(places.runs.len(), 3);
    }
}
