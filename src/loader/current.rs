//! Covariates that change during follow-up, and the records that person-time is cut into where they do.
//!
//! Each covariate is a list of dated facts per person (see `dated`). Equal neighbours are joined first; then the facts of
//! all covariates cut the person's follow-up (`merge`), so that every record has one value of each and no two neighbours
//! are equal in all. Covariates that are made of others are worked out record by record at the end.

use super::attrition::Attrition;
use super::covariate;
use super::covariate_table::{self, Tally};
use super::dated::{self, Asked, Changes};
use super::derived::Derived;
use super::error::LoadError;
use super::follow_up::Span;
use super::merge::{Entry, Role, Rules, Timeline};
use super::people::{Kept, People, Slots};
use super::raw_values::{self, Raw};
use super::{ExitCount, Note};
use crate::study::{Covariate, Timing};
use indexmap::IndexMap;
use rayon::prelude::*;

/// Pieces of follow-up in order of person and time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Records {
    /// Which of the persons followed.
    pub(crate) who: Vec<u32>,
    /// Beginnings, calendar days, excluded.
    pub(crate) entry: Vec<i32>,
    /// Ends, calendar days, included.
    pub(crate) exit: Vec<i32>,
}

impl Records {
    /// One record per person.
    fn whole(spans: &[Span]) -> Records {
        Records {
            who: (0..spans.len() as u32).collect(),
            entry: spans.iter().map(|s| s.origin + s.entry).collect(),
            exit: spans.iter().map(|s| s.origin + s.exit).collect(),
        }
    }

    /// Number of records.
    pub(crate) fn len(&self) -> usize {
        self.who.len()
    }

    /// The records as (person followed, record).
    fn slots(&self) -> impl Iterator<Item = (u32, u32)> + Clone {
        self.who.iter().copied().zip(0u32..)
    }

    fn take(&mut self, kept: &[u32]) {
        let pick = |v: &[i32]| kept.iter().map(|&k| v[k as usize]).collect();
        (self.entry, self.exit) = (pick(&self.entry), pick(&self.exit));
        self.who = kept.iter().map(|&k| self.who[k as usize]).collect();
    }
}

/// The covariates that change, one value per record.
pub(crate) type Current = IndexMap<String, Derived>;

/// Cuts the follow-up of the persons at the positions of `alive` where a covariate changes.
///
/// Errors: values that no rule covers, or that are missing where the study says they never are.
pub(crate) fn records(
    people: &People,
    kept: &Kept,
    derived: &IndexMap<String, Derived>,
    (alive, spans): (&[u32], &[Span]),
    tallies: &mut Vec<(String, Tally)>,
    notes: &mut Vec<Note>,
) -> Result<(Records, Current), LoadError> {
    let whole = Records::whole(spans);
    let changing = || people.study.covariates.values().filter(|c| c.timing.changes());
    if changing().next().is_none() {
        return Ok((whole, Current::new()));
    }
    let asked = Asked { people, positions: alive.to_vec(), entry: whole.entry.clone(), exit: whole.exit.clone() };
    let mut found: Vec<(&Covariate, Changes, Derived)> = Vec::new();
    for covariate in changing().filter(|c| matches!(c.timing, Timing::Current { .. })) {
        let (changes, values) = values(&asked, kept, derived, covariate, tallies, notes)?;
        found.push((covariate, changes, values));
    }
    let lists: Vec<&Changes> = found.iter().map(|(_, changes, _)| changes).collect();
    let (records, facts) = cut(&whole, &lists);
    drop(whole);
    let values = found.iter().zip(&facts).map(|((c, _, values), facts)| (c.name.clone(), values.take(facts)));
    let mut current: Current = values.collect();
    let positions: Vec<u32> = records.who.iter().map(|&w| alive[w as usize]).collect();
    let order = people.study.derivation_order.iter().map(|&i| &people.study.covariates[i]);
    for covariate in order.filter(|c| c.timing == Timing::Follows) {
        let slots = Slots { positions: &positions, derived, current: &current };
        let raw = follows_raw(people, kept, covariate, &slots, notes)?;
        let values = covariate::derive(people, covariate, raw, &slots)?;
        settle(covariate, &values, records.slots(), tallies, notes)?;
        current.insert(covariate.name.clone(), values);
    }
    Ok((records, current))
}

/// The raw values of a covariate that is made of others; its own source may be one that keeps its value.
fn follows_raw(
    people: &People,
    kept: &Kept,
    covariate: &Covariate,
    slots: &Slots,
    notes: &mut Vec<Note>,
) -> Result<Raw, LoadError> {
    let fixed = Covariate { timing: Timing::Index, ..covariate.clone() };
    match dated::answers(&Asked::at_index(people), kept, &fixed, notes)? {
        None => raw_values::raw_values(people, kept, covariate, slots),
        Some((_, raw)) => {
            let rows: Vec<Option<u32>> = slots.positions.iter().map(|&p| Some(p)).collect();
            Ok(Raw { values: raw.values.take_or_missing(&rows), dictionary: raw.dictionary })
        }
    }
}

/// The values of one covariate and the days from which they hold, without equal neighbours.
fn values(
    asked: &Asked,
    kept: &Kept,
    derived: &IndexMap<String, Derived>,
    covariate: &Covariate,
    tallies: &mut Vec<(String, Tally)>,
    notes: &mut Vec<Note>,
) -> Result<(Changes, Derived), LoadError> {
    let (mut changes, raw) =
        dated::answers(asked, kept, covariate, notes)?.expect("a covariate that changes comes from a dated source");
    let positions: Vec<u32> = changes.who.iter().map(|&w| asked.positions[w as usize]).collect();
    let values = covariate::derive(asked.people, covariate, raw, &Slots::persons(&positions, derived))?;
    drop(positions);
    settle(covariate, &values, changes.who.iter().copied().zip(0u32..), tallies, notes)?;
    let changed = |&i: &u32| {
        let (i, who) = (i as usize, &changes.who);
        i == 0 || who[i - 1] != who[i] || !values.same(i as u32 - 1, i as u32)
    };
    let kept: Vec<u32> = (0..changes.len() as u32).filter(changed).collect();
    let values = values.take(&kept);
    changes.take(&kept);
    Ok((changes, values))
}

/// Errors for what is not covered or missing, notes for what rules gave; slots are (person followed, slot).
fn settle(
    covariate: &Covariate,
    values: &Derived,
    slots: impl Iterator<Item = (u32, u32)> + Clone,
    tallies: &mut Vec<(String, Tally)>,
    notes: &mut Vec<Note>,
) -> Result<(), LoadError> {
    values.covered(&covariate.name, slots.clone(), "during follow-up")?;
    if !covariate::excludes(covariate) && !covariate::is_imputed(covariate) {
        values.known(covariate, slots.clone(), "during follow-up")?;
    }
    tallies.push((covariate.name.clone(), covariate_table::tally(values, slots.clone())));
    values.rule_notes(&covariate.name, slots, notes);
    Ok(())
}

/// Persons whose facts are merged at one go.
const BLOCK: usize = 1 << 14;

/// Cuts whole follow-ups at the facts of all lists; gives for every list the number of the fact of every record.
fn cut(whole: &Records, lists: &[&Changes]) -> (Records, Vec<Vec<u32>>) {
    let n_blocks = whole.len().div_ceil(BLOCK);
    let blocks: Vec<(Records, Vec<Vec<u32>>)> =
        (0..n_blocks).into_par_iter().map(|b| cut_block(whole, lists, b * BLOCK)).collect();
    let mut records = Records::default();
    let mut facts = vec![Vec::new(); lists.len()];
    for (block, of_block) in blocks {
        records.who.extend(block.who);
        records.entry.extend(block.entry);
        records.exit.extend(block.exit);
        facts.iter_mut().zip(of_block).for_each(|(all, some)| all.extend(some));
    }
    (records, facts)
}

fn cut_block(whole: &Records, lists: &[&Changes], first: usize) -> (Records, Vec<Vec<u32>>) {
    let last = (first + BLOCK).min(whole.len());
    let (start, stop) = (whole.entry[first..last].to_vec(), whole.exit[first..last].to_vec());
    let mut timeline = Timeline::new((0..(last - first) as u32).collect(), start, stop);
    let rules = Rules { delay: 0, drop_missing: true };
    for (name, list) in lists.iter().enumerate() {
        let from = list.who.partition_point(|&w| (w as usize) < first);
        let to = list.who.partition_point(|&w| (w as usize) < last);
        let fact = |i: usize| Entry {
            person: Some(list.who[i] - first as u32),
            time: Some(list.day[i]),
            // The number of the fact is the value: exact in a double.
            value: i as f64,
        };
        let facts: Vec<Entry<i32>> = (from..to).map(fact).collect();
        timeline.merge(&name.to_string(), Role::Covariate { before: f64::NAN }, &facts, &rules);
    }
    let facts = timeline.columns.iter().map(|c| c.values.iter().map(|&v| v as u32).collect()).collect();
    let who = timeline.person.iter().map(|&p| p + first as u32).collect();
    (Records { who, entry: timeline.start, exit: timeline.stop }, facts)
}

/// Leaves out the person-time in which a covariate under `if_missing = "exclude"` has no value; persons without any
/// person-time left leave `alive`, on an attrition line.
pub(crate) fn leave_out_missing(
    people: &People,
    (alive, spans): (&mut Vec<u32>, &mut Vec<Span>),
    exits: &mut Vec<ExitCount>,
    (records, current): (&mut Records, &mut Current),
    attrition: &mut Attrition,
    notes: &mut Vec<Note>,
) {
    let changing = people.study.covariates.values().filter(|c| c.timing.changes() && covariate::excludes(c));
    for covariate in changing {
        let values = &current[&covariate.name];
        let missing: Vec<bool> = (0..records.len() as u32).map(|r| values.is_missing(r)).collect();
        note_left_out(covariate, spans, records, &missing, notes);
        end_early(covariate, spans, exits, records, &missing);
        let kept: Vec<u32> = (0..records.len() as u32).filter(|&r| !missing[r as usize]).collect();
        records.take(&kept);
        current.values_mut().for_each(|values| *values = values.take(&kept));
        drop_persons(alive, spans, records);
        attrition.left(&format!("{} is known at some time", covariate.label), alive);
    }
}

fn note_left_out(covariate: &Covariate, spans: &[Span], records: &Records, missing: &[bool], notes: &mut Vec<Note>) {
    let out = || (0..records.len()).filter(|&r| missing[r]);
    let days: i64 = out().map(|r| i64::from(records.exit[r] - records.entry[r])).sum();
    let ends = |r: &usize| {
        let span = &spans[records.who[*r] as usize];
        span.event && span.origin + span.exit == records.exit[*r]
    };
    let events = out().filter(ends).count() as u64;
    let source = format!("covariate.{}", covariate.name);
    notes.push(Note::new(&source, "person-time without a value, left out", days as u64, "days"));
    notes.push(Note::new(&source, "events in it", events, "events"));
}

/// Persons whose last piece is left out end where the one before does, for that reason.
fn end_early(
    covariate: &Covariate,
    spans: &mut [Span],
    exits: &mut Vec<ExitCount>,
    records: &Records,
    missing: &[bool],
) {
    let reason = exits.len() as u32;
    let mut persons = 0;
    for r in 0..records.len() {
        let span = &mut spans[records.who[r] as usize];
        let is_last = r + 1 == records.len() || records.who[r + 1] != records.who[r];
        if is_last && missing[r] && span.reason != reason {
            let had_any = (0..r).rev().take_while(|&e| records.who[e] == records.who[r]).any(|e| !missing[e]);
            exits[span.reason as usize].persons -= 1;
            persons += u64::from(had_any);
            (span.event, span.reason) = (false, reason);
        }
    }
    exits.push(ExitCount { reason: format!("{} not known any more", covariate.label), persons, is_event: false });
}

fn drop_persons(alive: &mut Vec<u32>, spans: &mut Vec<Span>, records: &mut Records) {
    let mut number = vec![u32::MAX; alive.len()];
    let mut n = 0;
    for who in &mut records.who {
        let slot = &mut number[*who as usize];
        if *slot == u32::MAX {
            *slot = n;
            n += 1;
        }
        *who = *slot;
    }
    let mut i = 0..number.len();
    alive.retain(|_| number[i.next().expect("one number a person")] != u32::MAX);
    let mut i = 0..number.len();
    spans.retain(|_| number[i.next().expect("one number a person")] != u32::MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_cut_together_and_name_their_facts() {
        let whole = Records { who: vec![0, 1], entry: vec![10, 5], exit: vec![20, 8] };
        let a = Changes { who: vec![0, 0, 1], day: vec![10, 15, 5] };
        let b = Changes { who: vec![0, 0, 0, 1, 1], day: vec![10, 12, 15, 5, 7] };
        let (records, facts) = cut(&whole, &[&a, &b]);
        assert_eq!(records.who, [0, 0, 0, 1, 1]);
        assert_eq!((&records.entry[..], &records.exit[..]), (&[10, 12, 15, 5, 7][..], &[12, 15, 20, 7, 8][..]));
        assert_eq!(facts, [[0, 0, 1, 2, 2], [0, 1, 2, 3, 4]]);
    }
}
