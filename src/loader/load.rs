//! The whole way, in order: link, index, keep, derive, select, follow up.

use super::attrition::Attrition;
use super::extract::{self, ColumnKey, Persons, Request};
use super::people::{Kept, People, Slots};
use super::{
    Input, LinkReport, LoadError, Loaded, Note, Progress, covariate, covariate_table, current, eligibility, follow_up,
    person_time, spells,
};
use crate::study::{ColumnSource, Condition, Extract, IndexSource, RowsPerPerson, Study};
use indexmap::IndexMap;

/// Reads the extracts of a study and makes its person-time.
///
/// Each file is read once. Only rows of persons with an index date are kept, and of those only what a rule of the
/// study asks for, so the population and the index extract are read first.
///
/// Errors: [`LoadError`], each with its place, rule and remedy.
pub fn load(study: &Study, progress: &mut dyn Progress) -> Result<Loaded, LoadError> {
    let mut load = Load { study, requests: plan(study), ..Load::new(study) };
    let linkage = extract::read_linkage(study, progress)?;
    let population = study.population();
    let whole = population_request(population);

    // The population numbers the persons, unless a linkage file does.
    load.requests.entry(population.name.clone()).or_default().insert(0, whole.clone());
    let linker = match linkage {
        Some((linker, input)) => {
            load.inputs.push(input);
            load.read(population, &Persons::All(&linker), linker.n_persons(), progress)?;
            linker
        }
        None => load.read_population(population, progress)?,
    };
    let n_persons = linker.n_persons();
    let index = load.index_dates(&whole, &linker, n_persons, progress)?;

    // Everything else, for persons with an index date only.
    let marked: Vec<bool> = index.iter().map(Option::is_some).collect();
    for extract in study.extracts.values() {
        if load.requests.contains_key(&extract.name) && !load.read_already(&extract.name) {
            load.read(extract, &Persons::Marked(&linker, &marked), n_persons, progress)?;
        }
    }
    drop(linker);
    load.build(&whole, &index, progress)
}

/// What is known while a study is loaded.
struct Load<'a> {
    study: &'a Study,
    /// What the rules of the study ask of every extract.
    requests: IndexMap<String, Vec<Request>>,
    kept: Kept,
    links: Vec<LinkReport>,
    inputs: Vec<Input>,
    notes: Vec<Note>,
    /// Persons whose rows contradict each other, by extract.
    contradicting: IndexMap<String, Vec<u32>>,
    attrition: Attrition,
}

impl<'a> Load<'a> {
    fn new(study: &'a Study) -> Load<'a> {
        Load {
            study,
            requests: IndexMap::new(),
            kept: Kept::default(),
            links: Vec::new(),
            inputs: Vec::new(),
            notes: Vec::new(),
            contradicting: IndexMap::new(),
            attrition: Attrition::default(),
        }
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
        let requests = self.requests.get(&extract.name).cloned().unwrap_or_default();
        let read = extract::read_extract(self.study, extract, &requests, persons, progress)?;
        self.put(extract, requests, read, n_persons);
        Ok(())
    }

    /// Reads the population of a study without linkage file, whose keys number the persons.
    fn read_population(
        &mut self,
        extract: &Extract,
        progress: &mut dyn Progress,
    ) -> Result<super::link::Linker, LoadError> {
        let requests = self.requests.get(&extract.name).cloned().unwrap_or_default();
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
        self.inputs.extend(read.inputs);
        self.notes.extend(read.notes);
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
    ) -> Result<Vec<Option<crate::day::Day>>, LoadError> {
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
        let dates = match &study.cohort.index.source {
            IndexSource::Date(column) => {
                let rows = self.kept.rows(population, whole);
                let place = whole.columns.iter().position(|c| c.name == column.column && c.year.is_none());
                let days = rows.columns[place.expect("all declared columns are kept")].days();
                let day = |p: u32| rows.of(p).next().map_or(crate::table::MISSING_WHOLE, |row| days[row]);
                Some((0..n_persons as u32).map(day).collect::<Vec<i32>>())
            }
            IndexSource::Event { .. } => None,
        };
        let mut index = eligibility::index_dates(study, &self.kept, n_persons, dates.as_deref());
        let outside = index.iter().zip(&present).filter(|(day, present)| day.is_some() && !**present).count();
        if outside > 0 || dates.is_none() {
            let message = "persons with an index event who are not in the population";
            self.notes.push(Note::new("cohort.index", message, outside as u64, "persons"));
        }
        index.iter_mut().zip(&present).filter(|(_, present)| !**present).for_each(|(day, _)| *day = None);
        let left = index.iter().flatten().count();
        self.attrition.step(&index_label(study), left);
        eligibility::somebody(left, &self.attrition)?;
        Ok(index)
    }

    /// Covariates, steps, follow-up and the table.
    fn build(
        mut self,
        whole: &Request,
        index: &[Option<crate::day::Day>],
        progress: &mut dyn Progress,
    ) -> Result<Loaded, LoadError> {
        let study = self.study;
        let (numbers, days): (Vec<u32>, Vec<_>) =
            (0u32..).zip(index).filter_map(|(p, day)| day.map(|day| (p, day))).unzip();
        let total = Some(numbers.len() as u64);
        progress.step("covariates", 0, total);
        let people = People {
            study,
            index: days,
            population: self.kept.rows(&study.cohort.population, whole),
            columns: &whole.columns,
            numbers,
        };
        let derived = covariate::derive_all(&people, &self.kept, &mut self.notes)?;
        let (mut alive, attrition, notes) = (people.positions(), &mut self.attrition, &mut self.notes);
        for (extract, out) in self.contradicting.iter().filter(|(name, _)| **name != study.cohort.population) {
            let label = format!("rows of {extract} do not contradict each other");
            attrition.keep(&label, &mut alive, |p| out.binary_search(&people.numbers[p as usize]).is_err());
        }
        progress.step("eligibility", 0, total);
        eligibility::apply_steps(&people, &self.kept, &derived, &mut alive, attrition, notes)?;
        eligibility::somebody(alive.len(), attrition)?;
        let mut tallies = covariate_table::tallies(study, &derived, &alive);
        covariate::settle(study, &derived, &mut alive, attrition, notes)?;
        eligibility::somebody(alive.len(), attrition)?;
        progress.step("follow-up", 0, total);
        let (mut spans, mut exits) = follow_up::follow(&people, &self.kept, &mut alive, attrition, notes)?;
        eligibility::somebody(alive.len(), attrition)?;
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
        // The linkage file is no extract and comes first.
        self.inputs.sort_by_key(|input| place(&input.extract));
        Ok(Loaded {
            table,
            covariates: covariate_table::table(study, &tallies),
            attrition: self.attrition.steps,
            exits,
            links: self.links,
            inputs: self.inputs,
            notes: self.notes,
        })
    }
}

fn index_label(study: &Study) -> String {
    let index = &study.cohort.index;
    let what = match &index.source {
        IndexSource::Event { rows, .. } => format!("index event in {}", rows.extract),
        IndexSource::Date(column) => format!("index date ({}.{})", column.extract, column.column),
    };
    match (index.from, index.to) {
        (Some(from), Some(to)) => format!("{what} from {from} to {to}"),
        (Some(from), None) => format!("{what} from {from}"),
        (None, Some(to)) => format!("{what} to {to}"),
        (None, None) => what,
    }
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
            Condition::InSpell(spans) => add(&spans.extract, spells::request(spans)),
            Condition::Sql(_) => {}
        }
    }
    follow_up::requests(study).into_iter().for_each(|(extract, request)| add(&extract, request));
    for covariate in study.covariates.values() {
        if let Some((extract, request)) = covariate::request(study, covariate) {
            add(&extract, request);
        }
    }
    requests
}
