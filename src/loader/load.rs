//! The whole way, in order: link, index, keep, derive, select, follow up.

use super::attrition::Attrition;
use super::covariate::Holders;
use super::derived::Derived;
use super::extract::{self, Persons};
use super::people::{Kept, Matched, People, Slots};
use super::request::{ColumnKey, Request};
use super::store::{Build, Store};
use super::{
    CodeUse, Input, KeyCleanUp, LinkReport, LoadError, Loaded, Note, Progress, RowsByMonth, covariate, covariate_rows,
    covariate_table, current, eligibility, follow_up, linkage, matching, person_time, spells,
};
use crate::day::Day;
use crate::study::{ColumnRef, ColumnSource, Condition, Extract, IndexSource, Offset, RowsPerPerson, Study, Washout};
use crate::table::MISSING_WHOLE;
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
    let mut load = Load { study, requests: plan(study), ..Load::new(study) };
    let whole = population_request(study.population());
    let read = load.read_all(&whole, progress);
    let mut errors = std::mem::take(&mut load.errors);
    match read {
        Ok(index) => {
            LoadError::raise(errors)?;
            load.build(&whole, &index, progress)
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

/// What is known while a study is loaded.
struct Load<'a> {
    study: &'a Study,
    /// What the rules of the study ask of every extract.
    requests: IndexMap<String, Vec<Request>>,
    /// Extracts that were read, or were begun and have faults.
    tried: HashSet<String>,
    /// What is wrong with rows so far.
    errors: Vec<LoadError>,
    kept: Kept,
    links: Vec<LinkReport>,
    clean_up: Vec<KeyCleanUp>,
    codes: Vec<CodeUse>,
    rows_by_month: Vec<RowsByMonth>,
    inputs: Vec<Input>,
    notes: Vec<Note>,
    /// Persons whose rows contradict each other, by extract.
    contradicting: IndexMap<String, Vec<u32>>,
    attrition: Attrition,
    /// Who can be compared with whom, in a study with a matched comparison group.
    pool: Option<matching::Pool>,
}

impl<'a> Load<'a> {
    fn new(study: &'a Study) -> Load<'a> {
        Load {
            study,
            requests: IndexMap::new(),
            tried: HashSet::new(),
            errors: Vec::new(),
            kept: Kept::default(),
            links: Vec::new(),
            clean_up: Vec::new(),
            codes: Vec::new(),
            rows_by_month: Vec::new(),
            inputs: Vec::new(),
            notes: Vec::new(),
            contradicting: IndexMap::new(),
            attrition: Attrition::default(),
            pool: None,
        }
    }

    /// Reads linkage files and extracts; the index date of every person.
    fn read_all(&mut self, whole: &Request, progress: &mut dyn Progress) -> Result<Vec<Option<Day>>, LoadError> {
        let population = self.study.population();
        // The population numbers the persons, unless a linkage file does.
        self.requests.entry(population.name.clone()).or_default().insert(0, whole.clone());
        let linker = match linkage::read_linkage(self.study, progress)? {
            Some(linkage::Linked { linker, inputs, links, clean_up }) => {
                self.inputs.extend(inputs);
                self.links.extend(links);
                self.clean_up.extend(clean_up);
                self.read(population, &Persons::All(&linker), linker.n_persons(), progress)?;
                linker
            }
            None => self.read_population(population, progress)?,
        };
        let n_persons = linker.n_persons();
        let index = self.index_dates(whole, &linker, n_persons, progress)?;
        // Everything else, for persons with an index date only, and those who may be compared with them.
        let marked: Vec<bool> = match &self.pool {
            Some(pool) => pool.marked(&index),
            None => index.iter().map(Option::is_some).collect(),
        };
        for extract in self.unread() {
            match self.read(extract, &Persons::Marked(&linker, &marked), n_persons, progress) {
                Err(error) if error.is_of_rows() => self.errors.push(error),
                other => other?,
            }
        }
        Ok(index)
    }

    /// Extracts that some rule asks for and that were not read yet, in the order of the study.
    fn unread(&self) -> Vec<&'a Extract> {
        let asked =
            |extract: &&Extract| self.requests.contains_key(&extract.name) && !self.tried.contains(&extract.name);
        self.study.extracts.values().filter(asked).collect()
    }

    /// The faults of cells and keys of the extracts that were not read because of others: whoever mends a delivery wants to
    /// know all of them at once.
    fn faults_of_the_rest(&self, progress: &mut dyn Progress) -> Vec<LoadError> {
        let of = |extract: &Extract| {
            let requests = self.requests.get(&extract.name).map_or(&[] as &[Request], Vec::as_slice);
            extract::faults_of_extract(self.study, extract, requests, progress).err()
        };
        self.unread().into_iter().filter_map(of).filter(LoadError::is_of_rows).collect()
    }

    fn read_already(&self, extract: &str) -> bool {
        self.links.iter().any(|l| l.extract == extract)
    }

    fn read(
        &mut self,
        extract: &Extract,
        persons: &Persons,
        n_persons: usize,
        progress: &mut dyn Progress,
    ) -> Result<(), LoadError> {
        let requests = self.begin(extract);
        let read = extract::read_extract(self.study, extract, &requests, persons, progress)?;
        self.put(extract, requests, read, n_persons);
        Ok(())
    }

    /// What is asked of an extract that is going to be read.
    fn begin(&mut self, extract: &Extract) -> Vec<Request> {
        self.tried.insert(extract.name.clone());
        self.requests.get(&extract.name).cloned().unwrap_or_default()
    }

    /// Reads the population of a study without linkage file, whose keys number the persons.
    fn read_population(
        &mut self,
        extract: &Extract,
        progress: &mut dyn Progress,
    ) -> Result<super::link::Linker, LoadError> {
        let requests = self.begin(extract);
        let mut read = extract::read_extract(self.study, extract, &requests, &Persons::Collect, progress)?;
        let linker = read.linker.take().expect("collecting keys gives a linker");
        self.put(extract, requests, read, linker.n_persons());
        Ok(linker)
    }

    fn put(&mut self, extract: &Extract, requests: Vec<Request>, read: extract::Extracted, n_persons: usize) {
        let mut rows = read.rows;
        for (rows, request) in rows.iter_mut().zip(&requests) {
            if request.filter.is_some() && rows.without_date > 0 {
                let message = "rows of linked persons without a date, not considered";
                self.notes.push(Note::new(&extract.name, message, rows.without_date, "rows"));
            }
            if rows.unknown > 0 {
                let message = "rows for which a condition is unknown (a missing value), not considered";
                self.notes.push(Note::new(&extract.name, message, rows.unknown, "rows"));
            }
            rows.sort(n_persons);
        }
        self.kept.put(&extract.name, requests, rows);
        self.links.push(read.link);
        self.clean_up.extend(read.clean_up);
        self.codes.extend(read.codes);
        self.rows_by_month.extend(read.time);
        self.inputs.extend(read.inputs);
        self.notes.extend(read.notes);
        self.errors.extend(read.errors);
        if matches!(&extract.rows, RowsPerPerson::One { conflict: crate::study::Conflict::ExcludePerson, .. }) {
            self.contradicting.insert(extract.name.clone(), read.contradicting);
        }
    }

    /// The index date of every person, with the first lines of the flow.
    fn index_dates(
        &mut self,
        whole: &Request,
        linker: &super::link::Linker,
        n_persons: usize,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Option<Day>>, LoadError> {
        let study = self.study;
        let population = &study.cohort.population;
        let in_population = |kept: &Kept| -> Vec<bool> {
            let rows = kept.rows(population, whole);
            (0..n_persons as u32).map(|p| !rows.of(p).is_empty()).collect()
        };
        let present = in_population(&self.kept);
        let contradicting = self.contradicting.get(population).map_or(0, Vec::len);
        let n_present = present.iter().filter(|&&p| p).count();
        self.attrition = Attrition::start(&format!("in the population ({population})"), n_present + contradicting);
        if self.contradicting.contains_key(population) {
            self.attrition.step(&format!("rows of {population} do not contradict each other"), n_present);
        }

        if let Some((extract, _)) = eligibility::index_request(study)
            && !self.read_already(&extract)
        {
            self.read(study.extract(&extract), &Persons::All(linker), n_persons, progress)?;
        }
        let dates = |column: &ColumnRef| -> Vec<i32> {
            let rows = self.kept.rows(population, whole);
            let place = whole.columns.iter().position(|c| c.name == column.column && c.year.is_none());
            let days = rows.columns[place.expect("all declared columns are kept")].days();
            let day = |p: u32| rows.of(p).next().map_or(MISSING_WHOLE, |row| days[row]);
            (0..n_persons as u32).map(day).collect()
        };
        let rules = &study.cohort.index;
        let dates = eligibility::PopulationDates {
            index: match &rules.source {
                IndexSource::Date(column) => Some(dates(column)),
                IndexSource::Event { .. } => None,
            },
            birth: rules.age.as_ref().map(|age| dates(&age.birth)),
        };
        let mut index = eligibility::index_dates(study, &self.kept, n_persons, &dates);
        if let Some(rules) = &study.cohort.matching {
            let own = matching::own_events(study, &self.kept, n_persons, &dates);
            self.pool = Some(matching::Pool::new(study, rules, &self.kept, whole, own)?);
        }
        let outside = index.iter().zip(&present).filter(|(day, present)| day.is_some() && !**present).count();
        if outside > 0 || dates.index.is_none() {
            let message = "persons with an index event who are not in the population";
            self.notes.push(Note::new("cohort.index", message, outside as u64, "persons"));
        }
        index.iter_mut().zip(&present).filter(|(_, present)| !**present).for_each(|(day, _)| *day = None);
        let left = index.iter().flatten().count();
        self.attrition.step(&index_label(study), left);
        self.note_index(&index, &dates, &present);
        eligibility::somebody(left, &self.attrition)?;
        Ok(index)
    }

    /// What the reader of a report should know of the index date.
    fn note_index(&mut self, index: &[Option<Day>], dates: &eligibility::PopulationDates, present: &[bool]) {
        let rules = &self.study.cohort.index;
        if let Some(birth) = &dates.birth {
            let unknown =
                birth.iter().zip(present).filter(|(day, present)| **day == MISSING_WHOLE && **present).count();
            let message = "persons of the population without a date of birth, who cannot enter";
            self.notes.push(Note::new("cohort.index", message, unknown as u64, "persons"));
        }
        let IndexSource::Event { rows, .. } = &rules.source else { return };
        match rules.washout {
            None => {
                let message = "no wash-out is declared: earlier events of the same kind do not matter";
                self.notes.push(Note::plain("cohort.index", message));
            }
            Some(Washout::Of { length, truncate_lookback: true }) => {
                let days: Vec<Day> = index.iter().flatten().copied().collect();
                let start = Offset { amount: -length.amount, ..length };
                let source = "cohort.index washout";
                self.notes.extend(eligibility::shortened(self.study, source, &rows.extract, start, &days));
            }
            Some(Washout::None | Washout::Of { .. }) => {}
        }
    }

    /// Covariates, steps, follow-up and the table.
    fn build(
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
        let (mut spans, mut exits) = follow_up::follow(&people, &self.kept, &mut alive, attrition, notes)?;
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
            (spans, exits) = follow_up::follow(&people, &self.kept, &mut alive, &mut again, notes)?;
        }
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

fn index_label(study: &Study) -> String {
    let index = &study.cohort.index;
    let mut label = match &index.source {
        IndexSource::Event { rows, .. } => format!("index event in {}", rows.extract),
        IndexSource::Date(column) => format!("index date ({}.{})", column.extract, column.column),
    };
    let bound = |word: &str, day: Option<Day>| day.map_or(String::new(), |day| format!(" {word} {day}"));
    label += &(bound("from", index.from) + &bound("to", index.to));
    label += &match index.age.as_ref().map(|age| (age.from, age.to)) {
        Some((Some(from), Some(to))) => format!(", aged {from} to {to}"),
        Some((Some(from), None)) => format!(", aged {from} or more"),
        Some((None, Some(to))) => format!(", aged {to} or less"),
        _ => String::new(),
    };
    if let Some(length) = index.washout.and_then(Washout::length) {
        label += &format!(", after {length} without one");
    }
    label
}

/// All declared columns of the population, yearly families year by year.
fn population_request(population: &Extract) -> Request {
    let columns = population.columns.values().flat_map(|spec| match spec.source {
        ColumnSource::One(_) => vec![ColumnKey::one(&spec.name)],
        ColumnSource::Yearly { first, last, .. } => {
            (first..=last).map(|year| ColumnKey { name: spec.name.clone(), year: Some(year) }).collect()
        }
    });
    Request { columns: columns.collect(), filter: None }
}

/// What the rules of a study ask of its extracts.
fn plan(study: &Study) -> IndexMap<String, Vec<Request>> {
    let mut requests: IndexMap<String, Vec<Request>> = IndexMap::new();
    let mut add = |extract: &str, request: Request| {
        let of_extract = requests.entry(extract.to_string()).or_default();
        if !of_extract.contains(&request) {
            of_extract.push(request);
        }
    };
    if let Some((extract, request)) = eligibility::index_request(study) {
        add(&extract, request);
    }
    for step in &study.cohort.steps {
        match &step.condition {
            Condition::Events { rows, within, .. } => {
                add(&rows.extract, eligibility::window_request(study, rows, within));
            }
            Condition::InSpell(spans) | Condition::Covered { spells: spans, .. } => {
                add(&spans.extract, spells::request(spans));
            }
            Condition::Sql(_) => {}
        }
    }
    follow_up::requests(study).into_iter().for_each(|(extract, request)| add(&extract, request));
    for covariate in study.covariates.values() {
        if let Some((extract, request)) = covariate_rows::request(study, covariate) {
            add(&extract, request);
        }
    }
    requests
}
