//! Codes as they occur: which system they are of, which of a list were found how often, and which no list covers.

use super::Note;
use super::error::{Fault, Place, counted};
use super::schema::Converter;
use super::values::Values;
use crate::study::{CodeList, CodeSystem, ColumnKind, ColumnSpec, Extract, Kind, Recode, Source, Study};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How the codes of one column of an extract meet the code lists that look at it.
///
/// Counted are rows of linked persons that the study reads: of everybody in the population and the extract of the
/// index, of persons with an index date elsewhere; after the extract's own condition, before duplicates are collapsed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeUse {
    /// Name of the extract.
    pub extract: String,
    /// Name of the column in the study.
    pub column: String,
    /// The code lists, in the order of the study.
    pub lists: Vec<ListUse>,
    /// Codes that none of the lists covers, most frequent first.
    pub uncovered: Vec<CodeRows>,
}

/// What a code list found in a column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUse {
    /// Name of the code list, or of the covariate whose groups it is.
    pub codelist: String,
    /// Number of items of the list.
    pub items: usize,
    /// Codes that it covers, in the order of its items.
    pub found: Vec<CodeRows>,
    /// Items that cover no code that occurs.
    pub never: Vec<String>,
}

/// A code and its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRows {
    /// The item of the list that covers it; empty for a code that no list covers.
    pub item: String,
    /// The code after its clean-up.
    pub code: String,
    /// What its system column says; empty where no column does.
    pub system: String,
    /// Rows that hold it.
    pub rows: u64,
    /// Persons whose rows these are; 100 where they are as many or more (persons are told apart up to so many).
    #[serde(default)]
    pub persons: u64,
}

/// Persons of a code are told apart up to so many: more than any site's threshold.
const FEW: usize = 100;

/// The name of the column that says the code system of a column, if one does.
pub(crate) fn system_column(spec: &ColumnSpec) -> Option<&str> {
    match &rules(spec)?.system {
        Some(CodeSystem::Column { column, .. }) => Some(column),
        _ => None,
    }
}

fn rules(spec: &ColumnSpec) -> Option<&crate::study::CodeSpec> {
    match &spec.kind {
        ColumnKind::Code(code) | ColumnKind::Codes { code, .. } => Some(code),
        _ => None,
    }
}

/// Which columns of an extract have codes of several systems.
#[derive(Debug, Default)]
pub(crate) struct Systems {
    /// By converter.
    columns: Vec<Option<SystemOf>>,
}

/// How the system of a row is known.
#[derive(Debug)]
struct SystemOf {
    /// Place of the system column.
    place: usize,
    /// The system of rows that say none.
    blank: Option<String>,
    /// Rows with a code and no system: the first of the current file, and how many there are in it.
    broken: Option<(u64, u64)>,
    /// Rows taken as `blank`.
    filled: u64,
}

impl Systems {
    pub(crate) fn new(specs: &[(&ColumnSpec, Option<i32>)]) -> Systems {
        let place = |name: &str| specs.iter().position(|(spec, _)| spec.name == name);
        let of = |(spec, _): &(&ColumnSpec, Option<i32>)| match &rules(spec)?.system {
            Some(CodeSystem::Column { column, blank }) => {
                Some(SystemOf { place: place(column)?, blank: blank.clone(), broken: None, filled: 0 })
            }
            _ => None,
        };
        Systems { columns: specs.iter().map(of).collect() }
    }

    /// Counts rows that hold a code and do not say its system; `line` gives the row of the file. A cell that says something
    /// else than a system is told for that alone.
    pub(crate) fn check(
        &mut self,
        values: &[Values],
        converters: &[Converter],
        n_rows: usize,
        line: impl Fn(usize) -> u64,
    ) {
        for (of, codes) in self.columns.iter_mut().zip(values) {
            let Some(of) = of else { continue };
            let system = &values[of.place];
            for row in (0..n_rows).filter(|&row| system.is_missing(row)) {
                if codes.is_missing(row) || converters[of.place].is_broken(line(row)) {
                    continue;
                }
                match &of.blank {
                    Some(_) => of.filled += 1,
                    None => of.broken.get_or_insert((line(row), 0)).1 += 1,
                }
            }
        }
    }

    /// Whether the codes of a row in the column at `place` are of this system.
    pub(crate) fn is_of(
        &self,
        place: usize,
        row: usize,
        system: Option<&str>,
        values: &[Values],
        converters: &[Converter],
    ) -> bool {
        let (Some(of), Some(system)) = (&self.columns[place], system) else { return true };
        match values[of.place].codes(row) {
            [code, ..] => converters[of.place].dictionary.text(*code) == system,
            [] => of.blank.as_deref() == Some(system),
        }
    }

    /// The faults of the file that ends here; `places` are those of the columns in its header.
    pub(crate) fn end_file(&mut self, file: &str, header: &[String], places: &[usize]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for of in self.columns.iter_mut().flatten() {
            if let Some((row, n)) = of.broken.take() {
                let place = Place::row(file, row).in_column(&header[places[of.place]]);
                let has = if n == 1 {
                    "has codes and does not say their system"
                } else {
                    "have codes and do not say their system"
                };
                let rule = format!("{} {has}", counted(n, "row"));
                faults.push(Fault::new(place, rule, "set blank_system to what an empty field means here"));
            }
        }
        faults
    }

    /// What `blank_system` did.
    pub(crate) fn notes(&self, extract: &Extract, specs: &[(&ColumnSpec, Option<i32>)]) -> Vec<Note> {
        let note = |(of, (spec, _)): (&Option<SystemOf>, &(&ColumnSpec, Option<i32>))| {
            let (of, blank) = of.as_ref().and_then(|of| Some((of, of.blank.as_ref()?)))?;
            let message = format!("codes without a system, taken as {blank}");
            Some(Note::new(&format!("{}.{}", extract.name, spec.name), &message, of.filled, "rows"))
        };
        self.columns.iter().zip(specs).filter_map(note).collect()
    }
}

/// Counts how often codes occur.
pub(crate) struct Occurrences<'a> {
    columns: Vec<Counter<'a>>,
}

struct Counter<'a> {
    place: usize,
    system: Option<usize>,
    blank: Option<String>,
    lists: Vec<(String, &'a CodeList, Option<usize>)>,
    /// By number of the system (0 is none) and of the code.
    found: Vec<Vec<Found>>,
}

/// The rows of a code, and the first persons who have one.
#[derive(Debug, Clone, Default)]
struct Found {
    rows: u64,
    persons: Vec<u32>,
}

impl Found {
    fn add(&mut self, person: u32) {
        self.rows += 1;
        // Rows of a person often follow each other.
        if self.persons.len() < FEW && self.persons.last() != Some(&person) && !self.persons.contains(&person) {
            self.persons.push(person);
        }
    }

    fn merge(&mut self, other: &Found) {
        self.rows += other.rows;
        for person in &other.persons {
            if self.persons.len() < FEW && !self.persons.contains(person) {
                self.persons.push(*person);
            }
        }
    }
}

impl<'a> Occurrences<'a> {
    pub(crate) fn new(
        study: &'a Study,
        extract: &Extract,
        specs: &[(&ColumnSpec, Option<i32>)],
        systems: &Systems,
    ) -> Occurrences<'a> {
        let uses = uses(study);
        let counter = |(place, (spec, _)): (usize, &(&ColumnSpec, Option<i32>))| {
            let here = uses.iter().filter(|u| u.extract == extract.name && u.column == spec.name);
            let mut lists: Vec<(String, &CodeList, Option<usize>)> = Vec::new();
            for u in here.filter(|_| rules(spec).is_some()) {
                if lists.iter().all(|(name, ..)| *name != u.name) {
                    lists.push((u.name.clone(), u.list, u.prefix));
                }
            }
            let of = systems.columns[place].as_ref();
            let (system, blank) = (of.map(|of| of.place), of.and_then(|of| of.blank.clone()));
            (!lists.is_empty()).then_some(Counter { place, system, blank, lists, found: Vec::new() })
        };
        Occurrences { columns: specs.iter().enumerate().filter_map(counter).collect() }
    }

    /// Counts the codes of these rows of a batch, whose persons are those of `persons`.
    pub(crate) fn add(&mut self, values: &[Values], persons: &[u32], rows: &[u32]) {
        for counter in &mut self.columns {
            let codes = &values[counter.place];
            for &row in rows {
                let system = counter.system.and_then(|place| values[place].codes(row as usize).first());
                let system = system.map_or(0, |&s| s as usize + 1);
                if counter.found.len() <= system {
                    counter.found.resize(system + 1, Vec::new());
                }
                let found = &mut counter.found[system];
                let of_row = codes.codes(row as usize);
                for (i, &code) in of_row.iter().enumerate() {
                    // A code that stands twice in a cell is one row.
                    if of_row[..i].contains(&code) {
                        continue;
                    }
                    if found.len() <= code as usize {
                        found.resize(code as usize + 1, Found::default());
                    }
                    found[code as usize].add(persons[row as usize]);
                }
            }
        }
    }

    /// What each list found, years of a yearly column together.
    pub(crate) fn finish(self, extract: &Extract, converters: &[Converter]) -> Vec<CodeUse> {
        let mut out: Vec<CodeUse> = Vec::new();
        let mut by_column: Vec<(&str, Vec<Counter>)> = Vec::new();
        for counter in self.columns {
            let name = converters[counter.place].name.as_str();
            match by_column.iter_mut().find(|(known, _)| *known == name) {
                Some((_, counters)) => counters.push(counter),
                None => by_column.push((name, vec![counter])),
            }
        }
        for (column, counters) in by_column {
            let mut rows: BTreeMap<(String, String), Found> = BTreeMap::new();
            for counter in &counters {
                counter.texts(converters).for_each(|(key, found)| rows.entry(key).or_default().merge(found));
            }
            let lists: Vec<ListUse> = counters[0].lists.iter().map(|list| list_use(list, &rows)).collect();
            let covered: BTreeSet<(&str, &str)> =
                lists.iter().flat_map(|l| &l.found).map(|found| (&*found.system, &*found.code)).collect();
            let mut uncovered: Vec<CodeRows> = rows
                .iter()
                .filter(|((system, code), _)| !covered.contains(&(system, code)))
                .map(|((system, code), found)| code_rows("", code, system, found))
                .collect();
            uncovered.sort_by_key(|code| std::cmp::Reverse(code.rows));
            out.push(CodeUse { extract: extract.name.clone(), column: column.to_string(), lists, uncovered });
        }
        out
    }
}

impl Counter<'_> {
    /// System, code, rows and persons of every code that occurs.
    fn texts<'c>(&'c self, converters: &'c [Converter]) -> impl Iterator<Item = ((String, String), &'c Found)> + 'c {
        let dictionary = &converters[self.place].dictionary;
        self.found.iter().enumerate().flat_map(move |(system, found)| {
            let text = match (system.checked_sub(1), self.system) {
                (Some(number), Some(place)) => converters[place].dictionary.text(number as u32).to_string(),
                _ => self.blank.clone().unwrap_or_default(),
            };
            let code = |number: usize| dictionary.text(number as u32).to_string();
            let occurring = found.iter().enumerate().filter(|(_, of_code)| of_code.rows > 0);
            occurring.map(move |(number, of_code)| ((text.clone(), code(number)), of_code)).collect::<Vec<_>>()
        })
    }
}

fn code_rows(item: &str, code: &str, system: &str, found: &Found) -> CodeRows {
    let (item, code, system) = (item.to_string(), code.to_string(), system.to_string());
    CodeRows { item, code, system, rows: found.rows, persons: found.persons.len() as u64 }
}

fn list_use(
    (name, list, prefix): &(String, &CodeList, Option<usize>),
    rows: &BTreeMap<(String, String), Found>,
) -> ListUse {
    let mut found: Vec<(usize, CodeRows)> = Vec::new();
    for ((system, code), of_code) in rows {
        let of_system = system.is_empty() || list.system.as_ref().is_none_or(|s| s == system);
        let head: String = code.chars().take(prefix.unwrap_or(usize::MAX)).collect();
        if let Some(item) = list.item_index(&head).filter(|_| of_system) {
            found.push((item, code_rows(&list.items[item].0.to_string(), code, system, of_code)));
        }
    }
    found.sort_by_key(|(item, _)| *item);
    let items = list.items.iter().enumerate();
    let never = items.filter(|(i, _)| found.iter().all(|(item, _)| item != i)).map(|(_, (item, _))| item.to_string());
    ListUse {
        codelist: name.clone(),
        items: list.items.len(),
        never: never.collect(),
        found: found.into_iter().map(|(_, rows)| rows).collect(),
    }
}

/// What can be said of the code lists of a study before any row is read: their size, and the columns they look at.
pub fn describe_codelists(study: &Study) -> Vec<String> {
    let uses = uses(study);
    let line = |(name, list): (&String, &CodeList)| {
        let mut columns: Vec<String> = Vec::new();
        for u in uses.iter().filter(|u| u.name == *name) {
            let column = format!("{}.{}", u.extract, u.column);
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        let system = list.system.as_ref().map_or(String::new(), |s| format!(" of {s}"));
        let except = match list.except.len() {
            0 => String::new(),
            n => format!(", {}", counted(n as u64, "exception")),
        };
        let place = if columns.is_empty() { "looks at no column".to_string() } else { columns.join(", ") };
        let (items, values) = (counted(list.items.len() as u64, "item"), counted(list.values.len() as u64, "value"));
        format!("code list {name}{system}: {items}{except}, {values}: {place}")
    };
    study.codelists.iter().map(line).collect()
}

/// A place where a code list looks at a column.
struct Use<'a> {
    extract: &'a str,
    column: &'a str,
    name: String,
    list: &'a CodeList,
    prefix: Option<usize>,
}

/// Every place where the study looks codes up, in the order of the study.
fn uses<'a>(study: &'a Study) -> Vec<Use<'a>> {
    let mut out = Vec::new();
    for rows in study.event_rows() {
        let Some(codes) = &rows.codes else { continue };
        let list = study.codelist(&codes.codelist);
        let one = |column: &'a String| {
            let (extract, name) = (rows.extract.as_str(), codes.codelist.clone());
            Use { extract, column, name, list, prefix: None }
        };
        out.extend(codes.columns.iter().map(one));
    }
    for covariate in study.covariates.values() {
        let Kind::Factor(rules) = &covariate.kind else { continue };
        let Recode::List { prefix, list } = &rules.recode else { continue };
        let Some((extract, column)) = source_column(study, &covariate.source) else { continue };
        let name = study.codelist_name(list).unwrap_or(&covariate.name).to_string();
        out.push(Use { extract, column, name, list, prefix: *prefix });
    }
    out
}

/// The extract and column that a covariate takes its raw value from.
fn source_column<'a>(study: &'a Study, source: &'a Source) -> Option<(&'a str, &'a str)> {
    match source {
        Source::Person(column) | Source::Wide { column, .. } => Some((&column.extract, &column.column)),
        Source::Status { extract, value, .. } | Source::Yearly { extract, value, .. } => Some((extract, value)),
        Source::Latest { rows, value, .. } => Some((&rows.extract, value)),
        Source::SpellValue { spells, value, .. } => Some((&spells.extract, value)),
        Source::IndexCodes { column } => match &study.cohort.index.source {
            crate::study::IndexSource::Event { rows, .. } => Some((&rows.extract, column)),
            crate::study::IndexSource::Date(_) => None,
        },
        _ => None,
    }
}
