//! A matched comparison group: for each exposed person, persons who are at risk and not exposed on the index date.
//!
//! Sampling goes in rounds. Every exposed person draws candidates of the own stratum (equal values of the variables that
//! are matched by) in a random order; those who have had the index event by that day are passed over; the others are
//! given the index date and asked whether they can enter: equal in what is matched by as of that day, every step of the
//! cohort, every covariate that must be known, and follow-up of at least a day. Who can is taken, until there are enough or the stratum is exhausted. So comparison
//! persons pass the rules of the exposed, as of the same day.
//!
//! Orders are those of Fisher and Yates' shuffle, drawn as far as needed, from a counter-based generator (the finaliser of
//! SplitMix64 over seed, person and draw). Nothing depends on the order of rows or the number of threads. Without
//! replacement, exposed persons take turns in a random order of their own, and a candidate whom two of them draw in one
//! round is asked for one, and again for the other when the first cannot take them.
//! Source: risk-set sampling, Langholz & Goldstein (1996), Stat Sci 11:35-53, doi 10.1214/ss/1032209663.

use super::condition;
use super::error::LoadError;
use super::people::{Kept, Matched, People, Slots};
use super::request::Request;
use super::values::{Dictionary, mix};
use super::{Note, eligibility};
use crate::day::Day;
use crate::study::{ComparisonGroup, Replacement, Study, WhenExposed};
use indexmap::IndexMap;
use polars::prelude::DataType;
use std::collections::{HashMap, HashSet};

/// Somebody who cannot be compared: not in the population, or without a value to match by.
const NO_STRATUM: u32 = u32::MAX;

/// The values of what is matched by, of every slot, as one text: of what is known of the population alone, or of what is
/// known as of the index date. `None` where a value is missing.
pub(crate) fn keys(
    rules: &ComparisonGroup,
    at_index: bool,
    people: &People,
    slots: &Slots,
) -> Result<Vec<Option<String>>, LoadError> {
    let mut keys: Vec<Option<String>> = vec![Some(String::new()); slots.positions.len()];
    for variable in rules.by.iter().filter(|v| v.at_index == at_index) {
        let compiled = condition::compile(&variable.sql.text, "cohort.matching.by")?;
        let value = compiled.value(&people.frame(&compiled.names, slots))?;
        let texts = value.as_materialized_series().cast(&DataType::String).expect("every value has a text");
        for (key, text) in keys.iter_mut().zip(texts.str().expect("cast to text").iter()) {
            *key = key.take().zip(text).map(|(key, text)| format!("{key}\u{1}{text}"));
        }
    }
    Ok(keys)
}

/// Who can be compared with whom.
pub(crate) struct Pool {
    /// The stratum of each person, by number.
    strata: Vec<u32>,
    /// Their first own index day, by number.
    own_event: Vec<Option<Day>>,
}

impl Pool {
    /// The strata of everybody in the population.
    pub(crate) fn new(
        study: &Study,
        rules: &ComparisonGroup,
        kept: &Kept,
        whole: &Request,
        own_event: Vec<Option<Day>>,
    ) -> Result<Pool, LoadError> {
        let population = kept.rows(&study.cohort.population, whole);
        let n_persons = own_event.len() as u32;
        let numbers: Vec<u32> = (0..n_persons).filter(|&p| !population.of(p).is_empty()).collect();
        let index = vec![Day(0); numbers.len()];
        let people = People { study, numbers, index, population, columns: &whole.columns, matched: None };
        let (nothing, positions) = (IndexMap::new(), people.positions());
        let keys = keys(rules, false, &people, &Slots::persons(&positions, &nothing))?;
        let mut dictionary = Dictionary::default();
        let mut strata = vec![NO_STRATUM; n_persons as usize];
        for (&person, key) in people.numbers.iter().zip(keys) {
            if let Some(key) = key {
                strata[person as usize] = dictionary.number(&key);
            }
        }
        Ok(Pool { strata, own_event })
    }

    /// The persons who may be asked for: those with an index date, and everybody of their strata.
    pub(crate) fn marked(&self, index: &[Option<Day>]) -> Vec<bool> {
        let exposed = index.iter().zip(&self.strata).filter(|(day, _)| day.is_some());
        let wanted: HashSet<u32> = exposed.map(|(_, &s)| s).filter(|&s| s != NO_STRATUM).collect();
        index.iter().zip(&self.strata).map(|(day, stratum)| day.is_some() || wanted.contains(stratum)).collect()
    }

    /// The persons of each stratum, by number.
    fn by_stratum(&self, excluded: &HashSet<u32>) -> HashMap<u32, Vec<u32>> {
        let mut pools: HashMap<u32, Vec<u32>> = HashMap::new();
        for (person, &stratum) in (0u32..).zip(&self.strata) {
            if stratum != NO_STRATUM && !excluded.contains(&person) {
                pools.entry(stratum).or_default().push(person);
            }
        }
        pools
    }

    /// Whether a person has had the index event by this day.
    fn is_exposed(&self, person: u32, day: Day) -> bool {
        self.own_event[person as usize].is_some_and(|own| own <= day)
    }
}

/// A random order of a stratum, drawn as far as needed.
struct Shuffle<'p> {
    pool: &'p [u32],
    key: u64,
    drawn: usize,
    /// Where persons stand that a draw has moved.
    moved: HashMap<usize, u32>,
}

impl Shuffle<'_> {
    fn next(&mut self) -> Option<u32> {
        let left = self.pool.len() - self.drawn;
        if left == 0 {
            return None;
        }
        let bits = mix(self.key, self.drawn as u64);
        let at = self.drawn + ((u128::from(bits) * left as u128) >> 64) as usize;
        let standing = |moved: &HashMap<usize, u32>, i: usize| moved.get(&i).copied().unwrap_or(self.pool[i]);
        let person = standing(&self.moved, at);
        let first = standing(&self.moved, self.drawn);
        self.moved.insert(at, first);
        self.moved.remove(&self.drawn);
        self.drawn += 1;
        Some(person)
    }
}

/// An exposed person and the comparison persons found so far.
struct Set<'p> {
    exposed: (u32, Day),
    order: Shuffle<'p>,
    /// Candidates who were asked for another exposed person in the last round.
    postponed: Vec<u32>,
    found: Vec<u32>,
}

/// A candidate: for which of the exposed persons, who, and the index date.
pub(crate) type Candidate = (usize, u32, Day);

/// Draws comparison persons for each exposed person; `can_enter` says of candidates whether they can.
pub(crate) fn sample(
    rules: &ComparisonGroup,
    pool: &Pool,
    excluded: &HashSet<u32>,
    exposed: &[(u32, Day)],
    mut can_enter: impl FnMut(&[Candidate]) -> Result<Vec<bool>, LoadError>,
) -> Result<Vec<Vec<u32>>, LoadError> {
    let pools = pool.by_stratum(excluded);
    let nobody = Vec::new();
    let mut sets: Vec<Set> = exposed
        .iter()
        .map(|&(person, day)| {
            let pool = pools.get(&pool.strata[person as usize]).unwrap_or(&nobody);
            let order =
                Shuffle { pool, key: mix(mix(rules.seed, 1), u64::from(person)), drawn: 0, moved: HashMap::new() };
            Set { exposed: (person, day), order, postponed: Vec::new(), found: Vec::new() }
        })
        .collect();
    let mut turns: Vec<usize> = (0..sets.len()).collect();
    turns.sort_by_key(|&s| (mix(mix(rules.seed, 2), u64::from(sets[s].exposed.0)), s));
    let mut used = Used { rule: rules.replacement, taken: HashSet::new(), asked: HashSet::new() };
    for round in 0.. {
        let mut asked: Vec<(usize, u32)> = Vec::new();
        used.asked.clear();
        for &s in &turns {
            let wanted = (rules.ratio as usize - sets[s].found.len()) << round.min(MOST_DOUBLINGS);
            sets[s].ask(wanted, pool, &mut used).into_iter().for_each(|person| asked.push((s, person)));
        }
        if asked.is_empty() {
            break;
        }
        let dated: Vec<Candidate> = asked.iter().map(|&(s, person)| (s, person, sets[s].exposed.1)).collect();
        for ((s, person), can) in asked.into_iter().zip(can_enter(&dated)?) {
            if can && sets[s].found.len() < rules.ratio as usize {
                sets[s].found.push(person);
                used.taken.insert(person);
            }
        }
    }
    Ok(sets.into_iter().map(|set| set.found).collect())
}

/// Where few candidates can enter, more are asked in every round, up to 64 for each that is wanted.
const MOST_DOUBLINGS: u32 = 6;

/// Persons who cannot be drawn again.
struct Used {
    rule: Replacement,
    taken: HashSet<u32>,
    /// Those who have been asked in this round.
    asked: HashSet<u32>,
}

impl Set<'_> {
    /// The next candidates, as many as wanted or as there are.
    fn ask(&mut self, wanted: usize, pool: &Pool, used: &mut Used) -> Vec<u32> {
        let mut again = std::mem::take(&mut self.postponed).into_iter();
        let mut asked = Vec::new();
        while asked.len() < wanted {
            let Some(person) = again.next().or_else(|| self.order.next()) else { break };
            if person == self.exposed.0 || pool.is_exposed(person, self.exposed.1) {
                continue;
            }
            if used.rule == Replacement::Without {
                if used.taken.contains(&person) {
                    continue;
                }
                if !used.asked.insert(person) {
                    self.postponed.push(person);
                    continue;
                }
            }
            asked.push(person);
        }
        self.postponed.extend(again);
        asked
    }
}

/// Exposed persons and their comparison persons, sorted by person and index date.
pub(crate) fn people<'a>(exposed: &People<'a>, alive: &[u32], found: &[Vec<u32>], pool: &Pool) -> People<'a> {
    let mut rows: Vec<(u32, Day, bool, u32)> = Vec::new();
    for (set, (&position, found)) in (1u32..).zip(alive.iter().zip(found)) {
        let day = exposed.index[position as usize];
        rows.push((exposed.numbers[position as usize], day, false, set));
        rows.extend(found.iter().map(|&person| (person, day, true, set)));
    }
    rows.sort_unstable();
    let own_event =
        |&(person, _, compared, _): &(u32, Day, bool, u32)| pool.own_event[person as usize].filter(|_| compared);
    let matched = Matched {
        set: rows.iter().map(|r| r.3).collect(),
        exposed: rows.iter().map(|r| !r.2).collect(),
        own_event: rows.iter().map(own_event).collect(),
    };
    People {
        study: exposed.study,
        numbers: rows.iter().map(|r| r.0).collect(),
        index: rows.iter().map(|r| r.1).collect(),
        population: exposed.population,
        columns: exposed.columns,
        matched: Some(matched),
    }
}

/// Persons with these index dates, to ask whether they can enter.
pub(crate) fn candidates<'a>(exposed: &People<'a>, dated: &[Candidate]) -> People<'a> {
    People {
        study: exposed.study,
        numbers: dated.iter().map(|d| d.1).collect(),
        index: dated.iter().map(|d| d.2).collect(),
        population: exposed.population,
        columns: exposed.columns,
        matched: Some(Matched {
            set: vec![1; dated.len()],
            exposed: vec![false; dated.len()],
            own_event: vec![None; dated.len()],
        }),
    }
}

/// What the reader of a report should know of the matching: exposed persons by number of comparison persons.
pub(crate) fn notes(
    rules: &ComparisonGroup,
    exposed: &[(u32, Day)],
    at_index: &[Option<String>],
    found: &[Vec<u32>],
    pool: &Pool,
) -> Vec<Note> {
    let source = "cohort.matching";
    let persons = |message: &str, n: usize| Note::new(source, message, n as u64, "persons");
    let by: Vec<&str> = rules.by.iter().map(|variable| variable.sql.text.as_str()).collect();
    let replacement = if rules.replacement == Replacement::With { "with" } else { "without" };
    let when = match rules.when_exposed {
        WhenExposed::Exit => "an own index event ends their follow-up",
        WhenExposed::Stay => "an own index event does not end their follow-up",
    };
    let said = format!(
        "comparison persons drawn from the risk set of the index date: equal in {}; {} for each exposed person, {replacement} \
         replacement, seed {}; {when}",
        by.join(", "),
        rules.ratio,
        rules.seed
    );
    let mut notes = vec![Note::plain(source, &said)];
    let unknown = |(person, _): &(u32, Day)| pool.strata[*person as usize] == NO_STRATUM;
    let unknown = exposed.iter().zip(at_index).filter(|(e, key)| unknown(e) || key.is_none()).count();
    if unknown > 0 {
        notes.push(persons("exposed persons without a value to match by", unknown));
    }
    for n in (0..=rules.ratio as usize).rev() {
        let with = found.iter().filter(|f| f.len() == n).count();
        if with > 0 || n == rules.ratio as usize {
            notes.push(persons(&format!("exposed persons with {n} of {} comparison persons", rules.ratio), with));
        }
    }
    let mut all: Vec<u32> = found.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    let later = all.iter().filter(|&&p| pool.own_event[p as usize].is_some()).count();
    notes.push(persons("comparison persons with an index event of their own later", later));
    notes
}

/// The first index day of each person, whether or not it can be the index date.
pub(crate) fn own_events(
    study: &Study,
    kept: &Kept,
    n_persons: usize,
    dates: &eligibility::PopulationDates,
) -> Vec<Option<Day>> {
    let first = |person: u32| match eligibility::index_request(study) {
        Some((extract, request)) => {
            let rows = kept.rows(&extract, &request);
            rows.columns[0].days()[rows.of(person)].first().map(|&day| Day(day))
        }
        None => {
            let day = dates.index.as_ref().map(|days| days[person as usize]);
            day.filter(|&day| day != crate::table::MISSING_WHOLE).map(Day)
        }
    };
    (0..n_persons as u32).map(first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(ratio: u32, replacement: Replacement, seed: u64) -> ComparisonGroup {
        let when_exposed = WhenExposed::Exit;
        ComparisonGroup { span: 0..0, by: Vec::new(), ratio, at_least: 1, replacement, seed, when_exposed }
    }

    /// Persons 0..n in two strata (even, odd); person 1 is exposed on day 50.
    fn pool(n: u32) -> Pool {
        let own_event = (0..n).map(|p| (p == 1).then_some(Day(50))).collect();
        Pool { strata: (0..n).map(|p| p % 2).collect(), own_event }
    }

    #[test]
    fn a_shuffle_is_a_permutation() {
        let all: Vec<u32> = (10..40).collect();
        let mut order = Shuffle { pool: &all, key: 7, drawn: 0, moved: HashMap::new() };
        let drawn: Vec<u32> = std::iter::from_fn(|| order.next()).collect();
        let mut sorted = drawn.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, all);
        assert_ne!(drawn, all);
    }

    /// Each of 4 candidates is drawn first in about a quarter of 4000 shuffles (standard error 27).
    #[test]
    fn every_candidate_is_as_likely() {
        let all = [0, 1, 2, 3];
        let mut first = [0; 4];
        for key in 0..4000 {
            let mut order = Shuffle { pool: &all, key: mix(1, key), drawn: 0, moved: HashMap::new() };
            first[order.next().unwrap() as usize] += 1;
        }
        assert!(first.iter().all(|n| (900..1100).contains(n)), "{first:?}");
    }

    #[test]
    fn candidates_are_of_the_stratum_at_risk_and_used_once() {
        let (pool, nobody) = (pool(40), HashSet::from([3]));
        let exposed = [(1, Day(50)), (5, Day(60)), (7, Day(40))];
        let found = sample(&rules(3, Replacement::Without, 1), &pool, &nobody, &exposed, |dated| {
            Ok(dated.iter().map(|(_, person, _)| person % 3 != 0).collect())
        });
        let found = found.unwrap();
        let mut all: Vec<u32> = found.iter().flatten().copied().collect();
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3]);
        assert!(all.iter().all(|p| p % 2 == 1 && p % 3 != 0 && *p != 3));
        // Person 1 is exposed from day 50 on, and may be compared with person 7 only.
        assert!(!found[0].contains(&1) && !found[1].contains(&1));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 9);
    }

    #[test]
    fn a_stratum_that_is_exhausted_gives_what_it_has() {
        let pool = pool(10);
        let exposed = [(0, Day(1)), (2, Day(1))];
        let found = sample(&rules(4, Replacement::Without, 3), &pool, &HashSet::new(), &exposed, |dated| {
            Ok(vec![true; dated.len()])
        });
        let found = found.unwrap();
        // Four others in the stratum of five, and each exposed person is a candidate of the other one.
        assert_eq!(found.iter().map(Vec::len).sum::<usize>(), 5);
        let with =
            sample(&rules(4, Replacement::With, 3), &pool, &HashSet::new(), &exposed, |d| Ok(vec![true; d.len()]));
        assert_eq!(with.unwrap().iter().map(Vec::len).collect::<Vec<_>>(), [4, 4]);
    }

    #[test]
    fn the_seed_decides() {
        let (pool, nobody) = (pool(200), HashSet::new());
        let draw = |seed| {
            let all = |d: &[Candidate]| Ok(vec![true; d.len()]);
            sample(&rules(5, Replacement::Without, seed), &pool, &nobody, &[(4, Day(9)), (9, Day(9))], all).unwrap()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
