//! Extracts for a dress rehearsal: exactly the files, columns, types, codes and keys that a study file declares.
//!
//! [`rehearse`] walks a checked study, extract by extract and column by column, and writes synthetic files on which it
//! runs: a study is written outside the server and run inside it unchanged. Nothing here knows a particular study.
//!
//! | file | does |
//! |---|---|
//! | `plan` | what the rules of the study ask of each extract |
//! | `columns`, `literals`, `readers`, `other_codes` | what may stand in a column |
//! | `calendar`, `clocks` | the days of the study; how long before the index date a date lies |
//! | `course` | the course of a person: entry, event, exits, the row of the population |
//! | `rows`, `spells` | which rows a person has in an extract |
//! | `draft`, `learn` | rows that meet the conditions of the study, found with the loader's own evaluator |
//! | `keys` | person keys in every spelling |
//! | `family`, `cells`, `write`, `place` | files: names, text of cells, formats, where they go |
//! | `sheets` | the files of a delivery with their rows |
//! | `dirt` | faults of real extracts, planted and told |
//! | `watch` | how far the work is, and what to remove when it is ended |
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
mod dirt;
mod draft;
mod family;
mod keys;
mod learn;
mod literals;
mod other_codes;
mod place;
mod plan;
mod readers;
mod rows;
mod sheets;
mod spells;
mod watch;
mod write;

pub use dirt::{DIRT_KINDS, DirtLevel, Planted, Told};
pub use place::WrittenFile;
pub use watch::{Completing, Done, Making, Unfinished, Watch};

use crate::loader::{self, LoadError};
use crate::simulate::random::Source;
use crate::study::{self, Covariate, InputFile, MatchedColumn, Study, StudyFaults};
use crate::table::{ColumnData, Table};
use assumed::Assumed;
use calendar::Calendar;
use columns::Value;
use course::{Course, Courses};
use dirt::{Followed, Ground};
use keys::PersonKeys;
use place::Place;
use plan::{ExtractPlan, Shape};
use rayon::prelude::*;
use rows::Rows;
use serde::Serialize;
use sheets::{Of, Sheet};
use std::path::PathBuf;

/// Persons of one chunk. The streams belong to persons and rows, so that chunks only bound the work at a time.
const CHUNK: u64 = 1024;
/// The streams of keys and of dirt; no person has these numbers.
const KEYS: u64 = u64::MAX;
const DIRT: u64 = u64::MAX - 1;

/// What to write.
#[derive(Debug, Clone)]
pub struct RehearsalOptions {
    pub persons: u64,
    pub seed: u64,
    /// The folder that the paths of the study are relative to.
    pub folder: PathBuf,
    pub dirt: DirtLevel,
    /// Kinds of dirt to plant, of [`DIRT_KINDS`]; all when empty.
    pub kinds: Vec<String>,
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
    /// Faults that were planted; they stand in a file of their own.
    #[serde(skip)]
    pub planted: Vec<Planted>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RehearsalError {
    #[error("persons: keys of the declared width tell {0} persons apart; simulate fewer, or declare a larger width")]
    Persons(u64),
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
    /// The study does not take its own clean extracts.
    #[error("{0}")]
    Study(#[from] StudyFaults),
    #[error("{0} is no kind of dirt; the kinds are {1}")]
    Kind(String, String),
    #[error("{}: cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// Writes extracts on which `study`, checked as planned ([`crate::study::check_planned`]), runs.
///
/// Beside them stand `simulated.json`, `simulated.md` and `planted.json`: the files with their checksums, what the study does
/// not determine and was assumed, and which faults were planted. Errors: [`RehearsalError`]; after an error nothing is left behind.
pub fn rehearse(study: &Study, options: &RehearsalOptions, watch: &mut dyn Watch) -> Result<Rehearsal, RehearsalError> {
    if let Some(kind) = options.kinds.iter().find(|kind| DIRT_KINDS.iter().all(|(known, _)| known != kind)) {
        let known = DIRT_KINDS.map(|(known, _)| known).join(", ");
        return Err(RehearsalError::Kind(kind.clone(), known));
    }
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
    assumed::note_columns(study, &plans, &calendar, &mut assumed);
    assumed::note_rows(study, &plans, &mut assumed);
    let mut sheets = sheets::sheets(study, &calendar);
    let names: Vec<String> = sheets.iter().flat_map(|d| &d.files).map(|f| f.written.clone()).collect();
    let declared: Vec<&InputFile> = sheets.iter().flat_map(|d| d.declared).collect();
    let place = Place::prepare(&options.folder, &declared, &names, watch)?;

    let mut simulated = simulate(study, &calendar, &plans, &source, options.persons, watch)?;
    sheets.iter_mut().for_each(|sheet| sheet.fill(&plans, &mut simulated, &keys));
    let mut planted = Vec::new();
    if options.dirt != DirtLevel::None {
        let followed = followed(&place, (study, &plans, &sheets), &keys, options.persons, watch)?;
        let ground = Ground {
            study,
            plans: &plans,
            calendar: &calendar,
            keys: &keys,
            followed: &followed,
            read: loader::demand::columns_read(study),
            persons: options.persons,
            level: options.dirt,
            kinds: &options.kinds,
        };
        planted = dirt::plant(&ground, &mut sheets, source.stream(DIRT));
    }
    let files = write_all(&place, (study, &plans, &sheets), WRITING, watch)?;
    let rehearsal = Rehearsal {
        schema: "cohort-simulated/1",
        version: env!("CARGO_PKG_VERSION"),
        study: study.name.clone(),
        seed: options.seed.to_string(),
        persons: options.persons,
        files,
        assumed: assumed.into_lines(),
        planted,
    };
    let record = serde_json::to_string_pretty(&rehearsal).expect("texts and numbers are JSON");
    place.add(place::RECORD, &(record + "\n"))?;
    place.add(READABLE, &readable(&rehearsal))?;
    place.add(PLANTED, &planted_file(&rehearsal))?;
    let written = rehearsal.files.iter().map(|file| file.path.clone());
    let all: Vec<String> = written.chain([READABLE, PLANTED, place::RECORD].map(str::to_owned)).collect();
    watch.completing(&mut || place.finish(&all))?;
    Ok(rehearsal)
}

/// What files are written of: the study, its plans and its sheets.
type Delivery<'d, 's> = (&'d Study, &'d [ExtractPlan<'s>], &'d [Sheet<'s>]);

/// Steps of the work, as progress calls them.
const DRAWING: &str = "simulating persons";
const WRITING: &str = "writing extracts, files";
const WRITING_CLEAN: &str = "writing clean extracts to try the study on, files";

/// Writes the files of all sheets.
fn write_all(
    place: &Place,
    (study, plans, sheets): Delivery,
    step: &str,
    watch: &mut dyn Watch,
) -> Result<Vec<WrittenFile>, RehearsalError> {
    let total = sheets.iter().map(|sheet| sheet.files.len() as u64).sum();
    let (mut done, mut written) = (0, Vec::new());
    for sheet in sheets {
        watch.step(step, done, Some(total));
        written.extend(sheet.write(study, plans, place)?);
        done += sheet.files.len() as u64;
    }
    Ok(written)
}

/// Who is in the cohort when the study runs on the clean extracts, which are written to a place of their own for that.
fn followed(
    place: &Place,
    delivery: Delivery,
    keys: &PersonKeys,
    persons: u64,
    watch: &mut dyn Watch,
) -> Result<Followed, RehearsalError> {
    let (study, ..) = delivery;
    let trial = place.trial()?;
    let files = write_all(&trial, delivery, WRITING_CLEAN, watch)?;
    trial.finish(&files.into_iter().map(|file| file.path).collect::<Vec<_>>())?;
    let clean = study::check(&study.text, &study.path, Some(trial.folder()))?;
    let loaded = loader::load(&Study { cache: None, ..clean }, watch)?;
    // The loader numbers persons in the order of their keys.
    let spelling = study.population().key.spelling.as_deref().unwrap_or("");
    let mut order: Vec<u64> = (0..persons).collect();
    order.sort_by_key(|person| keys.number(spelling, *person));
    let numbers = match loaded.table.column("person").map(|c| &c.data) {
        Some(ColumnData::Whole(numbers)) => numbers.as_slice(),
        _ => &[],
    };
    let person = |number: &i32| order.get(*number as usize).copied();
    let exposed = exposed_records(study, &loaded.table).map(|is_exposed| {
        let exposed = numbers.iter().zip(is_exposed).filter(|(_, is)| *is);
        exposed.filter_map(|(number, _)| person(number)).collect()
    });
    Ok(Followed { persons: numbers.iter().filter_map(person).collect(), exposed })
}

/// By record, whether it is of a person with an index event of her own, where a covariate says so.
fn exposed_records(study: &Study, table: &Table) -> Option<Vec<bool>> {
    let is_group = |c: &&Covariate| matches!(c.source, study::Source::Matching(MatchedColumn::Group));
    let name = &study.covariates.values().find(is_group)?.name;
    let Some(ColumnData::Factor(group)) = table.column(name).map(|c| &c.data) else { return None };
    let level = group.levels.iter().position(|level| level == "exposed")?;
    Some((0..group.codes.len()).map(|row| group.codes.get(row) == Some(level as u32)).collect())
}

/// What was written and assumed, for people.
const READABLE: &str = "simulated.md";
/// What was planted, for programs.
const PLANTED: &str = "planted.json";

fn planted_file(rehearsal: &Rehearsal) -> String {
    #[derive(Serialize)]
    struct File<'a> {
        schema: &'static str,
        study: &'a str,
        seed: &'a str,
        planted: &'a [Planted],
    }
    let Rehearsal { study, seed, planted, .. } = rehearsal;
    let file = File { schema: "cohort-planted/1", study, seed, planted };
    serde_json::to_string_pretty(&file).expect("texts and numbers are JSON") + "\n"
}

fn readable(rehearsal: &Rehearsal) -> String {
    let mut text = format!(
        "# Synthetic extracts for the study {}\n\nWritten by cohort {} (`cohort simulate --study`), seed {}, {} persons. \
         No row belongs to anybody.\n\n## Files\n\n",
        rehearsal.study, rehearsal.version, rehearsal.seed, rehearsal.persons
    );
    for file in &rehearsal.files {
        text += &format!("- {}: {} rows\n", file.path, file.rows);
    }
    text += &planted_lines(&rehearsal.planted);
    text += "\n## What the study does not say and was assumed\n\n";
    for line in &rehearsal.assumed {
        text += &format!("- {line}\n");
    }
    text
}

/// What was planted: what the results tell of, and what the study stops at.
fn planted_lines(planted: &[Planted]) -> String {
    let is_stop = |p: &&Planted| matches!(p.told, Told::Stops { .. });
    let line = |p: &Planted| match &p.told {
        Told::Stops { text } => format!("- {}, {}: `{}: {text}`\n", p.kind, p.counted(), p.place()),
        told => format!("- {}, {}, {}: {told}\n", p.kind, p.counted(), p.place()),
    };
    let section = |head: &str, lines: String| match lines.is_empty() {
        true => lines,
        false => format!("\n## {head}\n\n{lines}"),
    };
    let told: String = planted.iter().filter(|p| !is_stop(p)).map(line).collect();
    let stops: String = planted.iter().filter(is_stop).map(line).collect();
    section("Faults that were planted, and where the program tells of them", told)
        + &section("Planted faults that stop the study, each with the message to expect", stops)
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
    watch: &mut dyn Watch,
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
    let mut extracts: Vec<PersonRows> = vec![Vec::new(); plans.len()];
    for batch in chunks.chunks(4 * rayon::current_num_threads()) {
        watch.step(DRAWING, batch[0] * CHUNK, Some(persons));
        let parts: Vec<_> = batch.par_iter().map(|&c| chunk(c)).collect::<Result<_, _>>()?;
        for part in parts {
            extracts.iter_mut().zip(part).for_each(|(all, rows)| all.extend(rows));
        }
    }
    Ok(Simulated { persons, extracts })
}
