//! The whole way, in order: link, index, keep, derive, select, follow up.

use super::attrition::Attrition;
use super::covariate::Holders;
use super::delivery::Delivery;
use super::derived::Derived;
use super::people::{Kept, Matched, People, Slots};
use super::request::Request;
use super::store::{Build, Store};
use super::{
    LoadError, Loaded, Note, Progress, covariate, covariate_table, current, demand, eligibility, follow_up, matching,
    person_time,
};
use crate::day::Day;
use crate::study::Study;
use indexmap::IndexMap;
use std::collections::HashSet;

/// Reads the extracts of a study and makes its person-time.
///
/// Each file is read once. Only rows of persons with an index date are kept, and of those only what a rule of the
/// study asks for, so the population and the index extract are read first. Where the study has a `cache`, the build of an
/// earlier run is taken when nothing that it depends on changed ([`super::Build`] says so).
///
/// Errors: [`LoadError`], each with its place, rule and remedy.
pub fn load(study: &Study, progress: &mut dyn Progress) -> Result<Loaded, LoadError> {
    let Some(folder) = &study.cache else { return build(study, progress) };
    let store = Store::open(folder, study, progress)?;
    if let Some(found) = store.find() {
        return Ok(found);
    }
    let mut loaded = build(study, progress)?;
    store.put(&mut loaded)?;
    Ok(loaded)
}

/// Person-time from the extracts.
fn build(study: &Study, progress: &mut dyn Progress) -> Result<Loaded, LoadError> {
    let mut load = Delivery::new(study);
    let whole = demand::population(study.population());
    let read = load.read_all(&whole, progress);
    let mut errors = std::mem::take(&mut load.errors);
    match read {
        Ok(index) => {
            LoadError::raise(errors)?;
            load.into_loaded(&whole, &index, progress)
        }
        Err(error) => {
            if error.is_of_rows() {
                errors.push(error);
                errors.extend(load.faults_of_the_rest(progress));
            } else if errors.is_empty() {
                return Err(error);
            }
            // Who is left where rows are wrong says little.
            Err(LoadError::raise(errors).expect_err("there is at least one"))
        }
    }
}

impl Delivery<'_> {
    /// Covariates, steps, follow-up and the table.
    fn into_loaded(
        mut self,
        whole: &Request,
        index: &[Option<Day>],
        progress: &mut dyn Progress,
    ) -> Result<Loaded, LoadError> {
        let study = self.study;
        let (numbers, days): (Vec<u32>, Vec<_>) =
            (0u32..).zip(index).filter_map(|(p, day)| day.map(|day| (p, day))).unzip();
        let total = Some(numbers.len() as u64);
        progress.step("covariates", 0, total);
        // Until comparison persons are found, everybody is exposed and a set alone.
        let matched = study.cohort.matching.as_ref().map(|_| Matched {
            set: (1..=numbers.len() as u32).collect(),
            exposed: vec![true; numbers.len()],
            own_event: vec![None; numbers.len()],
        });
        let mut people = People {
            study,
            index: days,
            population: self.kept.rows(&study.cohort.population, whole),
            columns: &whole.columns,
            numbers,
            matched,
        };
        let notes_before = self.notes.len();
        let mut derived = covariate::derive_all(&people, &self.kept, &mut self.notes)?;
        let notes_of_covariates = notes_before..self.notes.len();
        let (mut alive, attrition, notes) = (people.positions(), &mut self.attrition, &mut self.notes);
        attrition.count_events(follow_up::have_event(&people, &self.kept));
        for (extract, out) in self.contradicting.iter().filter(|(name, _)| **name != study.cohort.population) {
            let label = format!("rows of {extract} do not contradict each other");
            attrition.keep(&label, &mut alive, |p| out.binary_search(&people.numbers[p as usize]).is_err());
        }
        progress.step("eligibility", 0, total);
        eligibility::apply_steps(&people, &self.kept, &derived, &mut alive, attrition, notes)?;
        eligibility::somebody(alive.len(), attrition)?;
        let mut holders = Holders::new(&people, &self.kept);
        let mut tallies = covariate_table::tallies(study, &derived, (&alive, &holders));
        let before_matching = notes.len();
        covariate::settle(study, &derived, (&mut alive, &holders), attrition, notes)?;
        eligibility::somebody(alive.len(), attrition)?;
        progress.step("follow-up", 0, total);
        let mut followed = follow_up::follow(&people, &self.kept, &mut alive, attrition, notes)?;
        eligibility::somebody(alive.len(), attrition)?;
        if let Some(pool) = &self.pool {
            progress.step("matching", 0, Some(alive.len() as u64));
            // What was noted of the exposed alone is noted again, of everybody.
            notes.truncate(before_matching);
            notes.drain(notes_of_covariates);
            let excluded = self.contradicting.values().flatten().copied().collect();
            let exposed = Exposed { people: &people, derived: &derived };
            people = with_comparison_persons(pool, &self.kept, &excluded, &exposed, &mut alive, attrition, notes)?;
            // Everybody has passed all rules already: these lines would take out nobody.
            let mut again = Attrition::default();
            again.count_events(vec![false; people.len()]);
            derived = covariate::derive_all(&people, &self.kept, notes)?;
            alive = people.positions();
            holders = Holders::new(&people, &self.kept);
            tallies = covariate_table::tallies(study, &derived, (&alive, &holders));
            covariate::settle(study, &derived, (&mut alive, &holders), &mut again, notes)?;
            followed = follow_up::follow(&people, &self.kept, &mut alive, &mut again, notes)?;
        }
        let follow_up::Followed { mut spans, mut exits, events_outside } = followed;
        progress.step("person-time", 0, total);
        let (mut records, mut current) =
            current::records(&people, &self.kept, &derived, (&alive, &spans), &mut tallies, notes)?;
        let parts = (&mut records, &mut current);
        current::leave_out_missing(&people, (&mut alive, &mut spans), &mut exits, parts, attrition, notes);
        eligibility::somebody(alive.len(), attrition)?;

        let numbers: Vec<u32> = alive.iter().map(|&p| people.numbers[p as usize]).collect();
        let positions: Vec<u32> = records.who.iter().map(|&w| alive[w as usize]).collect();
        let slots = Slots { positions: &positions, derived: &derived, current: &current };
        let columns = person_time::covariate_columns(study, &slots);
        let table = person_time::table(&numbers, &spans, &records, &exits, columns);
        let place = |extract: &str| study.extracts.get_index_of(extract);
        self.links.sort_by_key(|l| place(&l.extract));
        self.clean_up.sort_by_key(|c| place(&c.extract));
        self.codes.sort_by_key(|c| place(&c.extract));
        self.rows_by_month.sort_by_key(|r| place(&r.extract));
        // The linkage file is no extract and comes first.
        self.inputs.sort_by_key(|input| place(&input.extract));
        Ok(Loaded {
            table,
            covariates: covariate_table::table(study, &tallies),
            build: Build::New,
            attrition: self.attrition.steps,
            exits,
            events_outside,
            links: self.links,
            clean_up: self.clean_up,
            codes: self.codes,
            rows_by_month: self.rows_by_month,
            inputs: self.inputs,
            notes: self.notes,
        })
    }
}

/// Everybody with an index event, and their covariates at index.
struct Exposed<'e, 'p> {
    people: &'e People<'p>,
    derived: &'e IndexMap<String, Derived>,
}

/// The exposed persons at the positions of `alive` with their comparison persons; those without enough of them leave.
fn with_comparison_persons<'p>(
    pool: &matching::Pool,
    kept: &Kept,
    excluded: &HashSet<u32>,
    &Exposed { people, derived }: &Exposed<'_, 'p>,
    alive: &mut Vec<u32>,
    attrition: &mut Attrition,
    notes: &mut Vec<Note>,
) -> Result<People<'p>, LoadError> {
    let rules = people.study.cohort.matching.as_ref().expect("a study with a pool matches");
    let dated = |p: &u32| (people.numbers[*p as usize], people.index[*p as usize]);
    let exposed: Vec<(u32, Day)> = alive.iter().map(dated).collect();
    let at_index = matching::keys(rules, true, people, &Slots::persons(alive, derived))?;
    let can_enter = |asked: &[matching::Candidate]| {
        let wanted: Vec<Option<&str>> = asked.iter().map(|(set, ..)| at_index[*set].as_deref()).collect();
        can_enter(&matching::candidates(people, asked), &wanted, kept)
    };
    let mut found = matching::sample(rules, pool, excluded, &exposed, can_enter)?;
    notes.extend(matching::notes(rules, &exposed, &at_index, &found, pool));
    let enough: Vec<bool> = found.iter().map(|f| f.len() >= rules.at_least as usize).collect();
    let mut of = enough.iter();
    let persons = if rules.at_least == 1 { "person" } else { "persons" };
    let label = format!("at least {} comparison {persons}", rules.at_least);
    attrition.keep(&label, alive, |_| *of.next().expect("one answer a person"));
    eligibility::somebody(alive.len(), attrition)?;
    let mut of = enough.iter();
    found.retain(|_| *of.next().expect("one answer a set"));
    let added = found.iter().map(Vec::len).sum();
    let people = matching::people(people, alive, &found, pool);
    let distinct: HashSet<u32> = people.numbers.iter().copied().collect();
    let again = (people.len() - distinct.len()) as u64;
    let message = "persons who stand in the flow once more, as members of several sets";
    notes.push(Note::new("cohort.matching", message, again, "persons"));
    let events = follow_up::have_event(&people, kept);
    attrition.added(&format!("comparison persons, up to {} for each", rules.ratio), added, events);
    Ok(people)
}

/// Whether persons with an index date pass every rule of the study, and have the values that are `wanted` of what is matched
/// by at index; what the rules say of those who do not is not told.
fn can_enter(people: &People, wanted: &[Option<&str>], kept: &Kept) -> Result<Vec<bool>, LoadError> {
    let rules = people.study.cohort.matching.as_ref().expect("a study with candidates matches");
    let (mut attrition, mut notes) = (Attrition::default(), Vec::new());
    attrition.count_events(vec![false; people.len()]);
    // Who is not at risk on that day is asked nothing more.
    let at_risk = follow_up::at_risk(people, kept);
    let mut alive: Vec<u32> = people.positions().into_iter().filter(|&p| at_risk[p as usize]).collect();
    if !alive.is_empty() {
        let derived = covariate::derive_all(people, kept, &mut notes)?;
        let keys = matching::keys(rules, true, people, &Slots::persons(&people.positions(), &derived))?;
        alive.retain(|&p| keys[p as usize].is_some() && keys[p as usize].as_deref() == wanted[p as usize]);
        eligibility::apply_steps(people, kept, &derived, &mut alive, &mut attrition, &mut notes)?;
        let holders = Holders::new(people, kept);
        covariate::settle(people.study, &derived, (&mut alive, &holders), &mut attrition, &mut notes)?;
    }
    let mut can = vec![false; people.len()];
    alive.into_iter().for_each(|p| can[p as usize] = true);
    Ok(can)
}
