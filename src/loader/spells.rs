//! Spells of a person: which one covers a day, and when it ends.
//!
//! `from` is the first day and `to` the last; an empty `to` is still open. Spells that overlap or touch (the next
//! begins on the day after) are one spell, and so are those with a gap that the study allows for between them.

use super::people::Kept;
use super::request::Request;
use super::rows::Rows;
use crate::study::Spells;
use crate::table::MISSING_WHOLE;

/// The rows that spells need.
pub(crate) fn request(spells: &Spells) -> Request {
    Request::all(&[&spells.from, &spells.to])
}

/// What is wrong with the spells of a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SpellFaults {
    /// A spell ends before it begins.
    pub(crate) reversed: bool,
    /// Two spells have more than one day in common.
    pub(crate) overlapping: bool,
    /// A spell has no first day.
    pub(crate) without_start: bool,
}

/// The spells of an extract.
pub(crate) struct SpellRows<'a> {
    rows: &'a Rows,
    /// Days between two spells that do not part them.
    gap: i32,
}

/// First and last day of a spell; the last of an open one is `i32::MAX`.
type Spell = (i32, i32);

impl<'a> SpellRows<'a> {
    /// The spells that were read.
    pub(crate) fn new(kept: &'a Kept, spells: &Spells) -> SpellRows<'a> {
        SpellRows { rows: kept.rows(&spells.extract, &request(spells)), gap: spells.gap as i32 }
    }

    /// The spells of a person by first day, without those that end before they begin, and what is wrong with them.
    fn of(&self, person: u32) -> (Vec<Spell>, SpellFaults) {
        let (from, to) = (self.rows.columns[0].days(), self.rows.columns[1].days());
        let mut faults = SpellFaults::default();
        let mut spells = Vec::new();
        for row in self.rows.of(person) {
            let last = if to[row] == MISSING_WHOLE { i32::MAX } else { to[row] };
            if from[row] == MISSING_WHOLE {
                faults.without_start = true;
            } else if last < from[row] {
                faults.reversed = true;
            } else {
                spells.push((from[row], last));
            }
        }
        spells.sort_unstable();
        let mut reached = i32::MIN;
        for &(from, to) in &spells {
            faults.overlapping |= from < reached;
            reached = reached.max(to);
        }
        (spells, faults)
    }

    /// The joined spells of a person, by first day.
    fn joined(&self, person: u32) -> Vec<Spell> {
        let mut joined: Vec<Spell> = Vec::new();
        for (from, to) in self.of(person).0 {
            match joined.last_mut() {
                Some((_, last)) if from <= last.saturating_add(1 + self.gap) => *last = (*last).max(to),
                _ => joined.push((from, to)),
            }
        }
        joined
    }

    /// The last day of the joined spell that covers `day`: `None` when none does; `i32::MAX` for an open one.
    pub(crate) fn end_of_spell(&self, person: u32, day: i32) -> Option<i32> {
        self.joined(person).into_iter().find(|&(first, last)| (first..=last).contains(&day)).map(|(_, last)| last)
    }

    /// Days from `first` to `last`, both included, that joined spells cover.
    pub(crate) fn days_covered(&self, person: u32, first: i32, last: i32) -> u32 {
        let within = |(from, to): (i32, i32)| (to.min(last) - from.max(first) + 1).max(0) as u32;
        self.joined(person).into_iter().map(within).sum()
    }

    /// Whether a person's spells leave days between them that part them.
    pub(crate) fn has_gap(&self, person: u32) -> bool {
        self.joined(person).len() > 1
    }

    /// Whether a person's spells leave days between them that do not part them.
    pub(crate) fn has_bridged_gap(&self, person: u32) -> bool {
        SpellRows { rows: self.rows, gap: 0 }.joined(person).len() > self.joined(person).len()
    }

    /// What is wrong with the spells of a person.
    pub(crate) fn faults(&self, person: u32) -> SpellFaults {
        self.of(person).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::values::Values;

    fn rows(spells: &[(i32, i32)]) -> Rows {
        let (from, to) = spells.iter().copied().unzip();
        let mut rows = Rows::empty(vec![Values::Day(from), Values::Day(to)]);
        (rows.persons, rows.ordinals) = (vec![0; spells.len()], (0..spells.len() as u32).collect());
        rows.sort(1);
        rows
    }

    fn end(spells: &[(i32, i32)], day: i32) -> (Option<i32>, SpellFaults) {
        let rows = rows(spells);
        let spells = SpellRows { rows: &rows, gap: 0 };
        (spells.end_of_spell(0, day), spells.faults(0))
    }

    #[test]
    fn a_gap_that_is_allowed_for_does_not_part_spells() {
        let rows = rows(&[(10, 20), (24, 30), (40, MISSING_WHOLE)]);
        let covered = |gap, first, last| SpellRows { rows: &rows, gap }.days_covered(0, first, last);
        assert_eq!((covered(0, 10, 30), covered(2, 10, 30), covered(3, 10, 30)), (18, 18, 21));
        assert_eq!((covered(0, 1, 9), covered(0, 35, 45), covered(9, 1, 45)), (0, 6, 36));
        let end = |gap, day| SpellRows { rows: &rows, gap }.end_of_spell(0, day);
        assert_eq!((end(0, 22), end(3, 22), end(9, 22)), (None, Some(30), Some(i32::MAX)));
    }

    #[test]
    fn touching_spells_are_one() {
        assert_eq!(end(&[(10, 20), (21, 30), (32, 40)], 15).0, Some(30));
        assert_eq!(end(&[(32, 40), (10, 20), (21, 30)], 31).0, None);
        assert_eq!(end(&[(10, 20), (15, MISSING_WHOLE)], 12).0, Some(i32::MAX));
        assert_eq!(end(&[], 1).0, None);
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(end(&[(10, 20), (20, 30)], 1).1, SpellFaults::default());
        assert!(end(&[(10, 20), (19, 30)], 1).1.overlapping);
        assert!(end(&[(10, MISSING_WHOLE), (19, 30)], 1).1.overlapping);
        assert!(end(&[(10, 9)], 1).1.reversed);
        assert!(end(&[(MISSING_WHOLE, 9)], 1).1.without_start);
    }
}
