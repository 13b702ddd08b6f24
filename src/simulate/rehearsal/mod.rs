//! Extracts for a dress rehearsal: exactly the files, columns, types, codes and keys that a study file declares.
//!
//! [`rehearse`] walks a checked study, extract by extract and column by column, and writes synthetic files on which it
//! runs: a study is written outside the server and run inside it unchanged. Nothing here knows a particular study.
//!
//! | file | does |
//! |---|---|
//! | `plan` | what the rules of the study ask of each extract |
//! | `columns`, `literals`, `readers` | what may stand in a column |
//! | `calendar`, `clocks` | the days of the study; how long before the index date a date lies |
//! | `course` | the course of a person: entry, event, exits, the row of the population |
//! | `rows` | which rows a person has in an extract |
//! | `draft`, `learn` | rows that meet the conditions of the study, found with the loader's own evaluator |
//! | `keys` | person keys in every spelling |
//! | `family`, `cells`, `write`, `place` | files: names, text of cells, formats, where they go |
//! | `assumed` | what the study does not say and was decided |
//!
//! The same seed gives the same bytes for any number of threads: a random stream per person, extract and row, chunks of a
//! fixed size put together in order.

mod assumed;
mod calendar;
mod cells;
mod clocks;
mod columns;
mod course;
mod draft;
mod family;
mod keys;
mod learn;
mod literals;
mod place;
mod plan;
mod readers;
mod rows;
mod write;

pub use place::WrittenFile;

use crate::loader::LoadError;
use crate::simulate::random::Source;
use crate::stored::StoredFormat;
use crate::study::{ColumnKind, FileFormat, InputFile, Key, LinkageFile, Study};
use assumed::Assumed;
use calendar::Calendar;
use columns::Value;
use course::{Course, Courses};
use family::Named;
use keys::PersonKeys;
use place::Place;
use plan::{ExtractPlan, Shape};
use rayon::prelude::*;
use rows::Rows;
use serde::Serialize;
use std::path::PathBuf;
use write::{Row, Table, TableError};

/// Persons of one chunk. The streams belong to persons and rows, so that chunks only bound the work at a time.
const CHUNK: u64 = 1024;
/// The streams of keys and, from here on, of persons.
const KEYS: u64 = u64::MAX;

/// What to write.
#[derive(Debug, Clone)]
pub struct RehearsalOptions {
    pub persons: u64,
    pub seed: u64,
    /// The folder that the paths of the study are relative to.
    pub folder: PathBuf,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsal {
    /// Says what the file is, for whoever finds it.
    pub schema: &'static str,
    /// Version of this program.
    pub version: &'static str,
    /// Name of the study.
    pub study: String,
    pub seed: String,
    pub persons: u64,
    pub files: Vec<WrittenFile>,
    /// What the study does not determine and was decided.
    pub assumed: Vec<String>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RehearsalError {
    #[error("persons: keys of the declared width tell {0} persons apart; simulate fewer, or declare a larger width")]
    Persons(u64),
    #[error(
        "extract {0}: .sas7bdat files cannot be written; for the rehearsal declare the extract as Parquet (format = \"parquet\", a file of that name; types and native dates stay the same), and go back to SAS on the server"
    )]
    Sas(String),
    #[error(
        "{0}: the path leads out of the data folder; set data_folder in [study] and write paths relative to it, then --data moves the study"
    )]
    Outside(String),
    #[error("{}: exists and was not written by `cohort simulate`; move it away, or give another --out", .0.display())]
    Exists(PathBuf),
    #[error("extract {extract}: {rule}; declare the levels of the columns that the condition names, or simplify it")]
    Impossible { extract: String, rule: String },
    #[error("{file}: {rule}; {remedy}")]
    Unfit { file: String, rule: String, remedy: String },
    #[error(transparent)]
    Condition(#[from] LoadError),
    #[error("{}: cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// Writes extracts on which `study`, checked as planned ([`crate::study::check_planned`]), runs.
///
/// Beside them stand `simulated.json` and `simulated.md`: the files with their checksums, and what the study does not
/// determine and was assumed. Errors: [`RehearsalError`]; after an error nothing is left behind.
pub fn rehearse(study: &Study, options: &RehearsalOptions) -> Result<Rehearsal, RehearsalError> {
    refuse_sas(study)?;
    let mut assumed = Assumed::default();
    let calendar = Calendar::new(study, &mut assumed);
    let source = Source::new(options.seed);
    let keys = PersonKeys::new(study, options.persons, &mut source.stream(KEYS)).map_err(RehearsalError::Persons)?;
    let mut plans = plan::plans(study)?;
    for (number, plan) in plans.iter_mut().enumerate() {
        let never = learn::learn(plan, number, &calendar, &source)?;
        if let Some(rule) = never.into_iter().next() {
            return Err(RehearsalError::Impossible { extract: plan.extract.name.clone(), rule });
        }
    }
    note_columns(study, &plans, &calendar, &mut assumed);
    let deliveries = deliveries(study, &calendar);
    let names: Vec<String> = deliveries.iter().flat_map(|d| &d.files).map(|f| f.written.clone()).collect();
    let declared: Vec<&InputFile> = deliveries.iter().flat_map(|d| d.declared).collect();
    let place = Place::prepare(&options.folder, &declared, &names)?;

    let persons = simulate(study, &calendar, &plans, &source, options.persons)?;
    let mut files = Vec::new();
    for delivery in &deliveries {
        files.extend(delivery.write(study, &plans, &persons, &keys, &place)?);
    }
    let rehearsal = Rehearsal {
        schema: "cohort-simulated/1",
        version: env!("CARGO_PKG_VERSION"),
        study: study.name.clone(),
        seed: options.seed.to_string(),
        persons: options.persons,
        files,
        assumed: assumed.into_lines(),
    };
    let record = serde_json::to_string_pretty(&rehearsal).expect("texts and numbers are JSON");
    place.add(place::RECORD, &(record + "\n"))?;
    place.add(READABLE, &readable(&rehearsal))?;
    let written = rehearsal.files.iter().map(|file| file.path.clone());
    let all: Vec<String> = written.chain([READABLE.to_owned(), place::RECORD.to_owned()]).collect();
    place.finish(&all)?;
    Ok(rehearsal)
}

/// What was written and assumed, for people.
const READABLE: &str = "simulated.md";

fn readable(rehearsal: &Rehearsal) -> String {
    let mut text = format!(
        "# Synthetic extracts for the study {}\n\nWritten by cohort {} (`cohort simulate --study`), seed {}, {} persons. \
         No row belongs to anybody.\n\n## Files\n\n",
        rehearsal.study, rehearsal.version, rehearsal.seed, rehearsal.persons
    );
    for file in &rehearsal.files {
        text += &format!("- {}: {} rows\n", file.path, file.rows);
    }
    text += "\n## What the study does not say and was assumed\n\n";
    for line in &rehearsal.assumed {
        text += &format!("- {line}\n");
    }
    text
}

fn refuse_sas(study: &Study) -> Result<(), RehearsalError> {
    let linkage = study.linkage.iter().flat_map(|l| &l.files).map(|f| (f.name(), &f.format));
    let extracts = study.extracts.values().map(|e| (e.name.clone(), &e.format));
    let mut all = linkage.chain(extracts);
    match all.find(|(_, format)| matches!(format, FileFormat::Stored { format: StoredFormat::Sas, .. })) {
        Some((name, _)) => Err(RehearsalError::Sas(name)),
        None => Ok(()),
    }
}

/// What stands in columns that the study says little of.
fn note_columns(study: &Study, plans: &[ExtractPlan], calendar: &Calendar, assumed: &mut Assumed) {
    assumed.note("hazards", "by the end of follow-up a third has the event and one in seventeen each exit; code columns of the population with 2 to 12 values change the hazard of the event by factors of 0.78, 1 and 1.28 in the order of their values, nothing else does");
    assumed.note("shares", "95 of 100 persons have an index event (fewer where comparison persons are drawn); a step takes out about 7 of 100; 3 of 100 values are missing where the study can do without them");
    for plan in plans {
        for slot in &plan.slots {
            let part = format!("{}.{}", plan.extract.name, slot.spec.name);
            match &slot.draw {
                columns::Draw::Code(codes, _) => {
                    let declared = matches!(&slot.spec.kind, ColumnKind::Code(c) | ColumnKind::Codes { code: c, .. } if c.levels.is_some());
                    if !declared {
                        let shown: Vec<&str> = codes.iter().take(6).map(|c| &**c).collect();
                        let more =
                            if codes.len() > 6 { format!(" and {} more", codes.len() - 6) } else { String::new() };
                        assumed.note(
                            &part,
                            format!(
                                "holds {}{more}, all levels as likely where no condition says otherwise",
                                shown.join(", ")
                            ),
                        );
                    }
                }
                columns::Draw::Whole(..) if matches!(plan.shape, Shape::Yearly { year } if plan.slots[year].spec.name == slot.spec.name) =>
                    {}
                columns::Draw::Whole(low, high) => assumed.note(&part, format!("lies between {low} and {high}")),
                columns::Draw::Number(low, high) => assumed.note(&part, format!("lies between {low} and {high}")),
                columns::Draw::Date => {
                    let column =
                        crate::study::ColumnRef { extract: plan.extract.name.clone(), column: slot.spec.name.clone() };
                    let clock = clocks::clock(study, calendar, &column);
                    if clock.is_birth && plan.shape == Shape::Population {
                        let years = |days: f64| (days / 365.25).round();
                        assumed.note(
                            &part,
                            format!(
                                "is a date of birth; ages at entry are mostly {} to {}",
                                years(clock.asked.0),
                                years(clock.asked.1)
                            ),
                        );
                    }
                }
            }
        }
    }
}

/// Rows of one extract, each with the number of its person.
type PersonRows = Vec<(u64, Vec<Value>)>;

/// Everything that was simulated, by extract of the study: rows and their persons.
struct Simulated {
    persons: u64,
    extracts: Vec<PersonRows>,
}

fn simulate(
    study: &Study,
    calendar: &Calendar,
    plans: &[ExtractPlan],
    source: &Source,
    persons: u64,
) -> Result<Simulated, RehearsalError> {
    let population = plans.iter().find(|p| p.shape == Shape::Population).expect("a study has a population");
    let courses = Courses::new(study, calendar, population)?;
    let rows: Vec<Rows> = plans.iter().enumerate().map(|(i, p)| Rows::new(study, calendar, p, i, source)).collect();
    let chunk = |chunk: u64| -> Result<Vec<PersonRows>, LoadError> {
        let numbers = chunk * CHUNK..((chunk + 1) * CHUNK).min(persons);
        let mut streams: Vec<_> = numbers.clone().map(|person| source.stream(person << 20)).collect();
        let courses: Vec<Course> = courses.draw(&mut streams)?;
        plans
            .iter()
            .zip(&rows)
            .map(|(plan, rows)| {
                if plan.shape == Shape::Population {
                    return Ok(numbers.clone().zip(courses.iter().map(|c| c.row.clone())).collect());
                }
                let of = |(person, (place, course))| rows.drafts(person, place, course);
                let mut drafts: Vec<_> = numbers.clone().zip((0u32..).zip(&courses)).flat_map(of).collect();
                draft::settle(plan, &mut drafts)?;
                Ok(drafts.into_iter().map(|d| (numbers.start + u64::from(d.person), d.cells)).collect())
            })
            .collect()
    };
    let chunks: Vec<u64> = (0..persons.div_ceil(CHUNK)).collect();
    let parts: Vec<_> = chunks.par_iter().map(|&c| chunk(c)).collect::<Result<_, _>>()?;
    let mut extracts: Vec<PersonRows> = vec![Vec::new(); plans.len()];
    for part in parts {
        extracts.iter_mut().zip(part).for_each(|(all, rows)| all.extend(rows));
    }
    Ok(Simulated { persons, extracts })
}

/// Files of one shape: an extract, or a linkage file.
struct Delivery<'s> {
    declared: &'s [InputFile],
    files: Vec<Named>,
    format: &'s FileFormat,
    of: Of<'s>,
}

#[derive(Clone, Copy)]
enum Of<'s> {
    /// The extract of this number.
    Extract(usize),
    Linkage(&'s LinkageFile),
}

fn deliveries<'s>(study: &'s Study, calendar: &Calendar) -> Vec<Delivery<'s>> {
    let linkage = study.linkage.iter().flat_map(|l| &l.files).map(|file| Delivery {
        declared: &file.files,
        files: family::family(&file.files, 1..=1),
        format: &file.format,
        of: Of::Linkage(file),
    });
    let extracts = study.extracts.values().enumerate().map(|(number, extract)| Delivery {
        declared: &extract.files,
        files: family::family(&extract.files, family::years(extract, calendar)),
        format: &extract.format,
        of: Of::Extract(number),
    });
    linkage.chain(extracts).collect()
}

impl Delivery<'_> {
    fn write(
        &self,
        study: &Study,
        plans: &[ExtractPlan],
        simulated: &Simulated,
        keys: &PersonKeys,
        place: &Place,
    ) -> Result<Vec<WrittenFile>, RehearsalError> {
        let n = self.files.len();
        let mut rows: Vec<Vec<Row>> = vec![Vec::new(); n];
        match self.of {
            Of::Linkage(file) => {
                for person in 0..simulated.persons {
                    let keys = file.keys.iter().map(|(spelling, key)| keys.written(key, spelling, person)).collect();
                    rows[family::file_of(&self.files, None, person)].push(Row { keys, cells: Vec::new() });
                }
            }
            Of::Extract(number) => {
                let (plan, key) = (&plans[number], &plans[number].extract.key);
                let spelling = key.spelling.as_deref().unwrap_or("");
                for (person, cells) in &simulated.extracts[number] {
                    let keys = vec![keys.written(key, spelling, *person)];
                    let file = family::file_of(&self.files, year_of(plan, cells), *person);
                    rows[file].push(Row { keys, cells: cells.clone() });
                }
            }
        }
        let any = rows.iter().any(|rows| !rows.is_empty());
        let files = self.files.iter().enumerate().zip(&rows);
        let files = files.filter(|((at, named), rows)| !(named.optional && rows.is_empty()) || (!any && *at == 0));
        files.map(|((at, named), rows)| self.write_one(study, plans, named, at, rows, place)).collect()
    }

    fn write_one(
        &self,
        study: &Study,
        plans: &[ExtractPlan],
        named: &Named,
        at: usize,
        rows: &[Row],
        place: &Place,
    ) -> Result<WrittenFile, RehearsalError> {
        let n = self.files.len();
        let name = |key: &Key| family::alias(&key.aliases, at, n).to_owned();
        let table = match self.of {
            Of::Linkage(file) => {
                Table { names: Vec::new(), key_names: file.keys.values().map(name).collect(), slots: &[], rows }
            }
            Of::Extract(number) => {
                let slots = &plans[number].slots;
                let names = slots.iter().map(|s| family::column_name(&s.spec.source, s.year, at, n)).collect();
                Table { names, key_names: vec![name(&study.extracts[number].key)], slots, rows }
            }
        };
        let gzip = named.written.to_lowercase().ends_with(".gz");
        let file = place.create(&named.written)?;
        table.write(self.format, gzip, file).map_err(|error| match error {
            TableError::Io(source) => place::at(std::path::Path::new(&named.written), source),
            TableError::Unfit(rule, remedy) => RehearsalError::Unfit { file: named.written.clone(), rule, remedy },
        })?;
        place.written(&named.written, rows.len() as u64)
    }
}

/// The year that decides which file of a family a row goes into.
fn year_of(plan: &ExtractPlan, cells: &[Value]) -> Option<i32> {
    let year = |at: usize| match cells[at] {
        Value::Day(day) => Some(crate::day::Day(day).year()),
        Value::Whole(year) => Some(year),
        _ => None,
    };
    match plan.shape {
        Shape::Spells { from, .. } => year(from),
        Shape::Changes { since } => year(since),
        Shape::Yearly { year: at } => year(at),
        Shape::Events { date } => year(date),
        Shape::Population | Shape::OneEach | Shape::Plain => None,
    }
}
