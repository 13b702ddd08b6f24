//! The extracts of a study, read in the order in which each helps to read the next with less: linkage files, the population,
//! the extract of the index, and then the others for persons with an index date only.

use super::attrition::Attrition;
use super::births::{self, Birth};
use super::extract::{self, Persons};
use super::people::Kept;
use super::request::{Filter, Request};
use super::rows::Rows;
use super::{CodeUse, Input, KeyCleanUp, LinkReport, LoadError, Note, Progress, RowsByMonth};
use super::{demand, eligibility, linkage, matching};
use crate::day::Day;
use crate::study::{ColumnRef, Extract, IndexSource, Offset, RowsPerPerson, Study, Washout};
use crate::table::MISSING_WHOLE;
use indexmap::IndexMap;
use std::collections::HashSet;

/// What the extracts of a study gave, so far.
pub(super) struct Delivery<'a> {
    pub(super) study: &'a Study,
    /// What the rules of the study ask of every extract.
    pub(super) requests: IndexMap<String, Vec<Request>>,
    /// Extracts that were read, or were begun and have faults.
    pub(super) tried: HashSet<String>,
    /// What is wrong with rows so far.
    pub(super) errors: Vec<LoadError>,
    pub(super) kept: Kept,
    pub(super) links: Vec<LinkReport>,
    pub(super) clean_up: Vec<KeyCleanUp>,
    pub(super) codes: Vec<CodeUse>,
    pub(super) rows_by_month: Vec<RowsByMonth>,
    pub(super) inputs: Vec<Input>,
    pub(super) notes: Vec<Note>,
    /// Persons whose rows contradict each other, by extract.
    pub(super) contradicting: IndexMap<String, Vec<u32>>,
    pub(super) attrition: Attrition,
    /// Who can be compared with whom, in a study with a matched comparison group.
    pub(super) pool: Option<matching::Pool>,
    /// The dates that ages count from, once the population was read.
    births: Vec<Birth>,
}

impl<'a> Delivery<'a> {
    pub(super) fn new(study: &'a Study) -> Delivery<'a> {
        Delivery {
            study,
            requests: demand::requests(study),
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
            births: Vec::new(),
        }
    }

    /// Reads linkage files and extracts; the index date of every person.
    pub(super) fn read_all(
        &mut self,
        whole: &Request,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Option<Day>>, LoadError> {
        let population = self.study.population();
        // The population numbers the persons, unless a linkage file does.
        self.requests.entry(population.name.clone()).or_default().insert(0, whole.clone());
        let linker = match linkage::read_linkage(self.study, progress)? {
            Some(linkage::Linked { linker, inputs, links, clean_up, notes }) => {
                self.inputs.extend(inputs);
                self.links.extend(links);
                self.clean_up.extend(clean_up);
                self.notes.extend(notes);
                self.read(population, &Persons::All(&linker), linker.n_persons(), progress)?;
                linker
            }
            None => self.read_population(population, progress)?,
        };
        let n_persons = linker.n_persons();
        let of_population = self.kept.rows(&population.name, whole);
        self.births = births::births(self.study, of_population, whole, n_persons);
        self.notes.extend(births::notes_of_population(self.study, of_population, whole, &self.births));
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
        let message = "declared, but no rule of the study reads it: nothing in its files was looked at";
        self.notes.extend(demand::extracts_not_read(self.study).into_iter().map(|name| Note::plain(name, message)));
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
    pub(super) fn faults_of_the_rest(&self, progress: &mut dyn Progress) -> Vec<LoadError> {
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
        let read = extract::read_extract(self.study, extract, &requests, (persons, &self.births), progress)?;
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
        let mut read = extract::read_extract(self.study, extract, &requests, (&Persons::Collect, &[]), progress)?;
        let linker = read.linker.take().expect("collecting keys gives a linker");
        self.put(extract, requests, read, linker.n_persons());
        Ok(linker)
    }

    fn put(&mut self, extract: &Extract, requests: Vec<Request>, read: extract::Extracted, n_persons: usize) {
        let mut rows = read.rows;
        for (rows, request) in rows.iter_mut().zip(&requests) {
            for note in request.filter.iter().flat_map(|filter| not_considered(&extract.name, filter, rows)) {
                // Several rules may ask for the same rows.
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
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
        for (spelling, n) in linker.persons_without_key(&present).into_iter().filter(|(_, n)| *n > 0) {
            let message =
                format!("persons of the population without a key of spelling {spelling}: they have no rows there");
            self.notes.push(Note::new("linkage", &message, n, "persons"));
        }
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
            rows.first_days(place.expect("all declared columns are kept"), n_persons)
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
                let start = Offset { amount: -length.amount, ..length };
                let (source, days) = ("cohort.index washout", index.iter().flatten().copied());
                self.notes.extend(eligibility::shortened(self.study, source, &rows.extract, (start, 0), days));
            }
            Some(Washout::None | Washout::Of { .. }) => {}
        }
    }
}

/// Rows that a rule passed over because something of them is missing.
fn not_considered(extract: &str, filter: &Filter, rows: &Rows) -> Vec<Note> {
    let mut notes = Vec::new();
    if rows.without_date > 0 {
        let message = format!("rows of linked persons without a date in {}, not considered", filter.date);
        notes.push(Note::new(extract, &message, rows.without_date, "rows"));
    }
    if let Some(condition) = filter.condition.as_ref().filter(|_| rows.unknown > 0) {
        let text = condition.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let message = format!("rows for which `{text}` is unknown (a missing value), not considered");
        notes.push(Note::new(extract, &message, rows.unknown, "rows"));
    }
    notes
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
