//! Resamples of Fine and Gray's model. Its weights come from the distribution of censoring, which is that of the records
//! at hand: in a resample it is estimated anew, so the records drawn become data of their own.

use super::bins::NearTies;
use super::data::{Design, SurvivalData, Variable};
use super::error::FitError;
use super::fine_gray::Competing;
use super::prepare::Prepared;
use super::resampling::Units;
use super::time_dependence::TimeDependence;
use crate::table::Codes;

/// What a Fine-Gray model was prepared from.
#[derive(Debug, Clone, Copy)]
pub struct CompetingRecords<'a> {
    /// The records.
    pub data: &'a SurvivalData,
    /// Their design.
    pub design: &'a Design,
    /// Time-varying columns.
    pub time: &'a TimeDependence,
    /// Who ends in a competing event, and whose censoring is alike.
    pub competing: &'a Competing,
    /// What happens to times that differ by rounding.
    pub near_ties: NearTies,
}

impl CompetingRecords<'_> {
    /// Who can be drawn: the units of the rows ([`Units`]). Members are rows, and units are in the order of what their
    /// records are, so that the order of the rows does not matter.
    pub fn units(&self, unit: Option<&[u32]>) -> Result<Units, FitError> {
        // Every exit counts, not only those of events, and entries are compared with all of them; so each is an event
        // here, all strata are one, and what a record ends in is a variable.
        let n = self.data.n_records();
        let data = SurvivalData { event: vec![true; n], stratum: None, cluster: None, ..self.data.clone() };
        let mut design = self.design.clone();
        design.variables.push(self.endings());
        let alike = Prepared::with_rows(&data, &design, &TimeDependence::default(), self.near_ties)?;
        Ok(Units::of_rows(self.data, unit, alike.record_of_row()))
    }

    /// What each record ends in, in which censoring group and stratum, as one code.
    fn endings(&self) -> Variable {
        let n = self.data.n_records();
        let code = |codes: &Option<Codes>, i: usize| codes.as_ref().and_then(|c| c.get(i)).unwrap_or(0);
        let number = |codes: &Option<Codes>| (0..n).map(|i| code(codes, i)).max().map_or(1, |highest| highest + 1);
        let (n_groups, n_strata) = (number(&self.competing.group), number(&self.data.stratum));
        let ending = |i: usize| match (self.data.event[i], self.competing.event[i]) {
            (true, _) => 2,
            (false, true) => 1,
            (false, false) => 0,
        };
        let one =
            |i: usize| Some(ending(i) + 3 * (code(&self.competing.group, i) + n_groups * code(&self.data.stratum, i)));
        let n_levels = 3 * n_groups * n_strata;
        Variable::Coded { codes: Codes::pack((0..n).map(one), n_levels as usize), n_levels }
    }

    /// The model on a resample in which every row counts `count` times. A person drawn twice is two persons. The
    /// weights are taken for known: a resample needs no variance. Errors: those of [`Prepared::fine_gray`].
    pub fn resampled(&self, count: &[u32]) -> Result<Prepared, FitError> {
        let copies = || (0u32..).zip(count).flat_map(|(row, &n)| (0..n).map(move |copy| (row, copy)));
        let rows: Vec<u32> = copies().map(|(row, _)| row).collect();
        let data = SurvivalData { cluster: None, ..self.data.take(&rows) };
        let competing = Competing {
            event: rows.iter().map(|&row| self.competing.event[row as usize]).collect(),
            group: self.competing.group.as_ref().map(|codes| codes.take(&rows)),
            person: self.competing.person.as_ref().map(|persons| {
                let stride = persons.iter().max().map_or(1, |highest| highest + 1);
                copies().map(|(row, copy)| persons[row as usize] + copy * stride).collect()
            }),
            ties: self.competing.ties,
            estimated_weights: false,
        };
        Prepared::fine_gray(&data, &self.design.take(&rows), self.time, &competing, self.near_ties)
    }
}
