//! Cutting person-time: records (entry, exit] at cut points of one or several time scales at once.
//!
//! A record's times are on one scale (days since the index date, say). Another scale runs parallel to it: attained age
//! is the record's time plus the age at its origin, the calendar date is the time plus the date of the origin, time since
//! an exposure is the time minus the moment of the exposure. A [`Scale`] is that shift and its cut points, so that a
//! Lexis diagram of age, period and duration is three scales.
//!
//! ```text
//! record (entry, exit], cuts c₁ < c₂ < … on a scale with shift s:
//!   cut where entry < c_j − s < exit;    band of a piece = number of cuts with c_j − s <= its entry
//! ```
//!
//! Band 0 lies before the first cut, band j in [c_j, c_j+1). A piece ends at a cut, so an event at a cut belongs to the
//! piece that ends there, and every event stays with the last piece of its record. Person-time is neither lost nor
//! doubled: the pieces of a record cover it exactly. Pure arrays: nothing here knows files, persons or studies.
//!
//! The same cutting as R's `survSplit` (survival 3.5), `Epi::splitLexis` and `Epi::cutLexis`.

use std::ops::{Add, Sub};

/// A moment on a time scale: whole days, or fractional times.
pub trait Moment: Copy + PartialOrd + Add<Output = Self> + Sub<Output = Self> + Default {}

impl Moment for i32 {}
impl Moment for f64 {}

/// What must be added to a record's time to give the time on a scale.
#[derive(Clone, Copy)]
pub enum Shift<'a, T> {
    /// The same for all records; 0 is the records' own scale.
    Common(T),
    /// One per record: the age or the date at the record's origin.
    PerRecord(&'a [T]),
    /// One per record that has one; the others lie in band 0 throughout, as people without the exposure do.
    Where(&'a [Option<T>]),
    /// No shift: the record's own time of every cut, ascending, for a scale that does not run parallel. Years of age begin
    /// on birthdays, which are 365 or 366 days apart.
    Rule(&'a (dyn Fn(usize, T) -> T + Sync)),
}

/// A time scale and where it is cut.
#[derive(Clone, Copy)]
pub struct Scale<'a, T> {
    /// Where it stands beside the records' own scale.
    pub shift: Shift<'a, T>,
    /// Ascending.
    pub cuts: &'a [T],
}

/// The pieces of all records: of record 0 in order of time, then of record 1, ….
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pieces<T> {
    /// The record that a piece is part of.
    pub record: Vec<u32>,
    /// Its beginning, excluded.
    pub entry: Vec<T>,
    /// Its end, included.
    pub exit: Vec<T>,
    /// Whether it ends with the event of its record.
    pub event: Vec<bool>,
    /// For every scale, the band of every piece.
    pub band: Vec<Vec<u32>>,
}

/// Cuts records (entry, exit] with an event at `exit` or none, at the cut points of all scales.
///
/// All slices have one entry per record, with entry < exit (the caller has checked it); cuts ascend. Cost: the number
/// of pieces, and per record and scale a search among the cuts.
pub fn split<T: Moment>(entry: &[T], exit: &[T], event: &[bool], scales: &[Scale<'_, T>]) -> Pieces<T> {
    let mut pieces = Pieces { band: vec![Vec::with_capacity(entry.len()); scales.len()], ..Pieces::default() };
    let mut cuts: Vec<(T, usize)> = Vec::new();
    let mut band = vec![0; scales.len()];
    for record in 0..entry.len() {
        cuts.clear();
        for (s, scale) in scales.iter().enumerate() {
            band[s] = scale.cuts_inside(record, entry[record], exit[record], |cut| cuts.push((cut, s)));
        }
        // Stable: cuts of several scales at one moment stay in the order of the scales, and move their bands together.
        cuts.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal));
        let mut from = entry[record];
        for (cut, s) in &cuts {
            if *cut > from {
                pieces.push(record, from, *cut, false, &band);
                from = *cut;
            }
            band[*s] += 1;
        }
        pieces.push(record, from, exit[record], event[record], &band);
    }
    pieces
}

impl<T: Moment> Scale<'_, T> {
    /// Hands every cut inside (entry, exit), on the records' own scale, to `see`; gives the band of the beginning.
    fn cuts_inside(&self, record: usize, entry: T, exit: T, mut see: impl FnMut(T)) -> u32 {
        let shift = match self.shift {
            Shift::Rule(time_of) => {
                let first = self.cuts.partition_point(|cut| time_of(record, *cut) <= entry);
                let inside = self.cuts[first..].iter().map(|cut| time_of(record, *cut)).take_while(|cut| *cut < exit);
                inside.for_each(&mut see);
                return first as u32;
            }
            Shift::Common(shift) => shift,
            Shift::PerRecord(shifts) => shifts[record],
            Shift::Where(shifts) => match shifts[record] {
                Some(shift) => shift,
                None => return 0,
            },
        };
        let first = self.cuts.partition_point(|cut| *cut - shift <= entry);
        self.cuts[first..].iter().map(|cut| *cut - shift).take_while(|cut| *cut < exit).for_each(&mut see);
        first as u32
    }
}

impl<T: Moment> Pieces<T> {
    /// Number of pieces.
    pub fn len(&self) -> usize {
        self.record.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.record.is_empty()
    }

    /// Whether piece `i` lies within the outermost of `n_cuts` cuts of scale `scale`: not before the first, nor after
    /// the last, where a table of bands `[c₁, c₂), …` has no cell for it.
    pub fn is_within(&self, i: usize, scale: usize, n_cuts: usize) -> bool {
        let band = self.band[scale][i] as usize;
        band > 0 && band < n_cuts
    }

    fn push(&mut self, record: usize, entry: T, exit: T, event: bool, band: &[u32]) {
        self.record.push(record as u32);
        self.entry.push(entry);
        self.exit.push(exit);
        self.event.push(event);
        self.band.iter_mut().zip(band).for_each(|(all, b)| all.push(*b));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // By hand: two years from age 39 years and 300 days, index on 2010-12-01 (day 14944), in days.
    #[test]
    fn age_and_calendar_cut_at_once() {
        let age = [39 * 365 + 300];
        let date = [14_944];
        let scales = [
            Scale { shift: Shift::PerRecord(&age), cuts: &[40 * 365, 41 * 365] },
            Scale { shift: Shift::PerRecord(&date), cuts: &[14_975] },
        ];
        let pieces = split(&[0], &[730], &[true], &scales);
        assert_eq!(pieces.entry, [0, 31, 65, 430]);
        assert_eq!(pieces.exit, [31, 65, 430, 730]);
        assert_eq!(pieces.event, [false, false, false, true]);
        assert_eq!(pieces.band, [[0, 0, 1, 2], [0, 1, 1, 1]]);
    }

    #[test]
    fn a_cut_on_an_end_makes_no_empty_piece() {
        let pieces =
            split(&[0.0, 5.0], &[5.0, 9.0], &[true, false], &[Scale { shift: Shift::Common(0.0), cuts: &[0.0, 5.0] }]);
        assert_eq!(pieces.exit, [5.0, 9.0]);
        assert_eq!(pieces.band, [[1, 2]]);
        assert_eq!(pieces.event, [true, false]);
    }

    #[test]
    fn cuts_of_two_scales_at_one_moment_cut_once() {
        let scale = Scale { shift: Shift::Common(0), cuts: &[3] };
        let exposed = [None, Some(-3)];
        let since = Scale { shift: Shift::Where(&exposed), cuts: &[0] };
        let pieces = split(&[0, 0], &[5, 5], &[false, true], &[scale, since]);
        assert_eq!(pieces.record, [0, 0, 1, 1]);
        assert_eq!(pieces.exit, [3, 5, 3, 5]);
        assert_eq!(pieces.band, [[0, 1, 0, 1], [0, 0, 0, 1]]);
        assert!(!pieces.is_within(1, 0, 1) && pieces.is_within(1, 0, 2));
    }
}
