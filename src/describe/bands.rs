//! Events and person-time by group and by the bands of a time scale that runs along with follow-up, such as age.

use super::timeline::Compensated;
use crate::engine::data::SurvivalData;
use rayon::prelude::*;

/// Bands of a second time scale.
#[derive(Debug, Clone, Copy)]
pub struct Bands<'a> {
    /// The scale's value at the entry of each record, in the unit of the times.
    pub at_entry: &'a [f64],
    /// Where bands begin and end, ascending: k + 1 breaks make k bands.
    pub breaks: &'a [f64],
}

/// Events and person-time of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PersonTime {
    /// Records with person-time in the cell, not weighted.
    pub records: u64,
    /// Events, not weighted.
    pub events: u64,
    /// Person-time, in the unit of the times.
    pub person_time: f64,
}

/// Cells by group and band.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BandTable {
    /// The cells, by group and then by band.
    pub cells: Vec<Vec<PersonTime>>,
    /// What lies before the first or after the last break.
    pub outside: PersonTime,
}

/// Counts events and person-time in every group (`group` has one number per record, below `n_groups`, or `u32::MAX` for
/// a record that is left out) and band; without bands a group has one cell. Case weights are not used.
///
/// A record (entry, exit] has the scale's values (a, a + exit − entry], a at its entry. Band k holds the part between
/// breaks k and k + 1; an event belongs to the band that holds the end of its record, the upper break included.
pub fn person_time(data: &SurvivalData, group: &[u32], n_groups: usize, bands: Option<&Bands<'_>>) -> BandTable {
    let n_bands = bands.map_or(1, |b| b.breaks.len().saturating_sub(1));
    let mut table = BandTable { cells: vec![vec![PersonTime::default(); n_bands]; n_groups], ..BandTable::default() };
    let mut sums = vec![vec![Compensated::default(); n_bands]; n_groups];
    let mut outside = Compensated::default();
    for (g, start, length, event) in records(data, group, bands) {
        let (cells, sums) = (&mut table.cells[g as usize], &mut sums[g as usize]);
        let end = start + length;
        let mut inside = 0.0;
        for k in 0..n_bands {
            let (low, high) = bands.map_or((start, end), |b| (b.breaks[k], b.breaks[k + 1]));
            let part = end.min(high) - start.max(low);
            if part > 0.0 {
                inside += part;
                sums[k].add(part);
                cells[k].records += 1;
                cells[k].events += u64::from(event && end <= high);
            }
        }
        let (first, last) = bands.map_or((start, end), |b| (b.breaks[0], b.breaks[n_bands]));
        if start < first || end > last {
            table.outside.records += 1;
            table.outside.events += u64::from(event && (end <= first || end > last));
            outside.add(length - inside);
        }
    }
    table.outside.person_time = outside.value();
    for (cells, sums) in table.cells.iter_mut().zip(&sums) {
        cells.iter_mut().zip(sums).for_each(|(cell, sum)| cell.person_time = sum.value());
    }
    table
}

/// Group, start on the scale, length and event of every record, in an order that does not depend on that of the rows.
fn records(data: &SurvivalData, group: &[u32], bands: Option<&Bands<'_>>) -> Vec<(u32, f64, f64, bool)> {
    let one = |i: usize| {
        let entry = data.entry.as_ref().map_or(0.0, |e| e.value(i));
        let start = bands.map_or(0.0, |b| b.at_entry[i]);
        (group[i], start, data.exit.value(i) - entry, data.event[i])
    };
    let mut records: Vec<(u32, f64, f64, bool)> =
        (0..data.n_records()).into_par_iter().filter(|i| group[*i] != u32::MAX).map(one).collect();
    records.par_sort_unstable_by(|a, b| {
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)).then(a.3.cmp(&b.3))
    });
    records
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::data::Time;

    #[test]
    fn a_record_is_cut_where_the_scale_passes_a_break() {
        // Ages 38 to 52 with the event, 50 to 60 exactly, 20 to 25 outside.
        let mut data = SurvivalData::right_censored(Time::Whole(vec![14, 15, 5]), vec![true, true, false]);
        data.entry = Some(Time::Whole(vec![0, 5, 0]));
        let bands = Bands { at_entry: &[38.0, 50.0, 20.0], breaks: &[30.0, 40.0, 50.0, 60.0] };
        let found = person_time(&data, &[0, 0, 0], 1, Some(&bands));
        let cell = |records, events, person_time| PersonTime { records, events, person_time };
        assert_eq!(found.cells[0], [cell(1, 0, 2.0), cell(1, 0, 10.0), cell(2, 2, 12.0)]);
        assert_eq!(found.outside, cell(1, 0, 5.0));
        let whole = person_time(&data, &[0, 1, 1], 2, None);
        assert_eq!(whole.cells, [[cell(1, 1, 14.0)], [cell(2, 1, 15.0)]]);
    }
}
