//! Drawing persons with replacement: a resample changes how often each distinct record counts, and nothing else.
//!
//! A unit (a person, a cluster, or a record where nothing joins them) is the list of the distinct records of its rows.
//! Units are drawn within groups of units that live in the same strata, so that every stratum keeps its number of them.
//! Units are sorted by their strata and records: who is drawn depends on the seed and on what the records are, not on the
//! order of the rows.
//!
//! Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, sections 2.2 and 3.2 (strata),
//! doi 10.1017/CBO9780511802843.

use super::data::SurvivalData;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Who can be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    /// Distinct records of all units, unit after unit.
    members: Vec<u32>,
    /// First member of every unit, and the number of members.
    start: Vec<u32>,
    /// First unit of every group, and the number of units.
    group_start: Vec<u32>,
    n_distinct: usize,
}

impl Units {
    /// Sorts the rows of `data` into units. `unit` numbers the unit of each row, every row is one where it is `None`;
    /// `record_of_row` is the distinct record of each row, of `n_distinct`.
    pub fn new(data: &SurvivalData, unit: Option<&[u32]>, record_of_row: &[u32], n_distinct: usize) -> Units {
        Units::of(data, unit, record_of_row, |row| record_of_row[row], n_distinct)
    }

    /// The same with rows for members, so that [`Units::draw`] says how often each row counts; `alike` is equal for rows
    /// that are the same record, and only gives the units their order.
    pub fn of_rows(data: &SurvivalData, unit: Option<&[u32]>, alike: &[u32]) -> Units {
        Units::of(data, unit, alike, |row| row as u32, alike.len())
    }

    fn of(
        data: &SurvivalData,
        unit: Option<&[u32]>,
        alike: &[u32],
        member: impl Fn(usize) -> u32,
        n_distinct: usize,
    ) -> Units {
        /// Unit, stratum, what orders, member.
        type Row = (u32, u32, u32, u32);
        let stratum = |row: usize| data.stratum.as_ref().and_then(|s| s.get(row)).unwrap_or(0);
        let mut rows: Vec<Row> = (0..alike.len())
            .map(|row| (unit.map_or(row as u32, |u| u[row]), stratum(row), alike[row], member(row)))
            .collect();
        rows.sort_unstable();
        let mut units: Vec<&[Row]> = rows.chunk_by(|a, b| a.0 == b.0).collect();
        fn strata<'a>(unit: &'a [Row]) -> impl Iterator<Item = u32> + use<'a> {
            unit.chunk_by(|a, b| a.1 == b.1).map(|rows| rows[0].1)
        }
        let records = |unit: &[Row]| unit.iter().map(|row| row.3).collect::<Vec<u32>>();
        units.sort_by(|a, b| {
            let by_record = || a.iter().map(|row| row.2).cmp(b.iter().map(|row| row.2));
            strata(a).cmp(strata(b)).then_with(by_record)
        });
        let mut found = Units { members: Vec::new(), start: vec![0], group_start: vec![0], n_distinct };
        for (i, unit) in units.iter().enumerate() {
            if i > 0 && !strata(unit).eq(strata(units[i - 1])) {
                found.group_start.push(i as u32);
            }
            found.members.extend(records(unit));
            found.start.push(found.members.len() as u32);
        }
        found.group_start.push(units.len() as u32);
        found
    }

    /// Number of units.
    pub fn n_units(&self) -> usize {
        self.start.len() - 1
    }

    /// Number of groups within which units are drawn.
    pub fn n_groups(&self) -> usize {
        self.group_start.len() - 1
    }

    /// How often each distinct record counts in resample number `replicate`: the same for the same seed, whatever else
    /// was drawn before.
    pub fn draw(&self, seed: u64, replicate: u64) -> Vec<u32> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(replicate);
        let mut count = vec![0; self.n_distinct];
        for group in self.group_start.windows(2) {
            let (first, n) = (group[0], group[1] - group[0]);
            for _ in 0..n {
                // Multiply and shift; the bias is below n/2⁶⁴.
                let drawn = first + ((u128::from(random.next_u64()) * u128::from(n)) >> 64) as u32;
                let members = self.start[drawn as usize] as usize..self.start[drawn as usize + 1] as usize;
                self.members[members].iter().for_each(|&record| count[record as usize] += 1);
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::data::Time;
    use crate::table::Codes;

    fn data(stratum: Vec<u8>) -> SurvivalData {
        let n = stratum.len();
        let mut data = SurvivalData::right_censored(Time::Whole(vec![1; n]), vec![true; n]);
        data.stratum = Some(Codes::U8(stratum));
        data
    }

    #[test]
    fn persons_keep_their_records_together_and_strata_their_persons() {
        // Persons 7 (records 0 and 2), 3 (record 1), 9 (record 1) in stratum 0; 5 (record 3) and 1 (record 4) in 1.
        let data = data(vec![0, 0, 0, 0, 1, 1]);
        let units = Units::new(&data, Some(&[7, 3, 9, 7, 5, 1]), &[0, 1, 1, 2, 3, 4], 5);
        assert_eq!((units.n_units(), units.n_groups()), (5, 2));
        for replicate in 0..50 {
            let count = units.draw(1, replicate);
            assert_eq!(count[0], count[2]);
            assert_eq!((count[0] + count[1], count[3] + count[4]), (3, 2));
        }
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter() {
        let (there, back) = (data(vec![0, 1, 0, 1, 1]), data(vec![1, 1, 0, 1, 0]));
        let a = Units::new(&there, Some(&[1, 2, 3, 2, 4]), &[0, 1, 2, 3, 4], 5);
        let b = Units::new(&back, Some(&[40, 20, 30, 20, 10]), &[4, 3, 2, 1, 0], 5);
        assert_eq!(a, b);
        assert_eq!(a.draw(7, 3), b.draw(7, 3));
        assert_ne!(a.draw(7, 3), a.draw(7, 4));
    }

    /// Each of n units is drawn once on average, with variance 1 − 1/n.
    #[test]
    fn draws_are_multinomial() {
        let data = data(vec![0; 20]);
        let units = Units::new(&data, None, &(0..20).collect::<Vec<u32>>(), 20);
        let draws: Vec<Vec<u32>> = (0..4000).map(|r| units.draw(11, r)).collect();
        let mean = |k: usize| draws.iter().map(|d| f64::from(d[k])).sum::<f64>() / 4000.0;
        let variance = |k: usize| draws.iter().map(|d| (f64::from(d[k]) - 1.0).powi(2)).sum::<f64>() / 4000.0;
        for k in 0..20 {
            // Standard errors 0.0154 and about 0.027.
            assert!((mean(k) - 1.0).abs() < 0.06 && (variance(k) - 0.95).abs() < 0.12, "{} {}", mean(k), variance(k));
        }
    }
}
