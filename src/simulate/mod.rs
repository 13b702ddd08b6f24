//! Linked synthetic extracts with known hazard ratios.
//!
//! [`simulate`] writes a delivery in the shapes of Norwegian register extracts: a population register with residence
//! spells and civil status, education wide by year, income by year, primary-care claims in half-year files, contacts
//! of specialist care, and a linkage file, because every deliverer spells the person key in its own way. The study
//! `examples/phc-opmh/study.toml` reads them.
//!
//! The time from the index contact to the first outpatient contact follows a Cox model with a baseline hazard constant
//! between given days:
//!
//! ```text
//! h(t | x) = h0(t) exp(Σ_v β_v[x_v] + Σ interactions met)         t in days since index, event on day ceil(T)
//! ```
//!
//! where x are the covariates as the study defines them, derived from the very values that are written (`derive`). So
//! the study's largest model is the true one, and its hazard ratios estimate those of the [`Truth`].
//!
//! Reading order: `truth` (what is true), `person` (one person's facts, from `population`'s invented shares),
//! `derive` and `hazard` (covariates and time to contact), `contacts` and `sheets` (rows), `delivery` (the folder).
//! The same seed gives the same bytes on any machine and for any number of threads: a random stream per person,
//! whole-number draws, `libm` for logarithm and exponential, chunks of fixed size appended in order.

mod contacts;
mod delivery;
mod derive;
mod hazard;
mod keys;
mod person;
mod population;
mod printed;
mod random;
mod rehearsal;
mod sheets;
mod truth;

pub use printed::simulate_printed;
pub use rehearsal::{
    Completing, DIRT_KINDS, DirtLevel, Done, Making, Planted, Rehearsal, RehearsalError, RehearsalOptions, Told,
    Unfinished, Watch, WrittenFile, rehearse,
};
pub use truth::{BaselineStep, DEFAULT_TRUTH, Dirt, Interaction, Levels, PersonsPer1000, Truth, VARIABLES};

use contacts::{Contacts, DirtByYear, FollowUp};
use delivery::Delivery;
use hazard::Hazard;
use indexmap::IndexMap;
use keys::KeyMaps;
use person::{Person, Role};
use random::Source;
use rayon::prelude::*;
use serde::Serialize;
use sheets::Sheets;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// The most persons that seven-digit keys can tell apart.
pub const MAX_PERSONS: u64 = keys::MODULUS;

/// Persons of one chunk. Streams belong to persons, so the size has no influence on the bytes written.
const CHUNK: u64 = 4096;

/// The stream from which the key permutations are drawn; no person has this number.
const KEY_STREAM: u64 = u64::MAX;

/// What to simulate, and where to.
#[derive(Debug, Clone)]
pub struct SimulateOptions {
    /// Persons in the population register. With the default truth floor(0.85 N) of them meet every rule of the model
    /// study (1,179,360 for the 1,002,456 of the abstract), and about 0.92 N have an index contact.
    pub persons: u64,
    pub seed: u64,
    pub truth: Truth,
    /// Further claims of primary care per person, for reasons that no code list of the model study holds: they change the size of
    /// the delivery and nothing that is found in it.
    pub other_claims: u32,
    /// A folder that does not exist yet, or is empty.
    pub out: PathBuf,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    pub persons: u64,
    /// Persons by the rule of the model study that they miss; `cohort` misses none.
    pub persons_by_role: IndexMap<String, u64>,
    /// Of the cohort: events within two years of index, and days of follow-up under the model study.
    pub events: u64,
    pub person_days: u64,
    /// Cohort members and events by migrant group.
    pub groups: IndexMap<String, GroupCount>,
    /// Rows by file, header not counted.
    pub rows: IndexMap<String, u64>,
}

/// Cohort members of one migrant group and how many of them had the event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct GroupCount {
    pub persons: u64,
    pub events: u64,
}

/// Why nothing was written. `Persons` and the truth's are faults of the request, the others of the place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    #[error("persons: {0} is outside 1 to {MAX_PERSONS}, the most that seven-digit keys can tell apart")]
    Persons(u64),
    #[error("{}: cannot be read: {source}", path.display())]
    TruthRead { path: PathBuf, source: std::io::Error },
    #[error("truth file: {0}")]
    TruthSyntax(String),
    #[error("truth file: {0}")]
    Truth(String),
    #[error("{0}")]
    Printed(String),
    #[error("{}: exists and is not an empty folder; name a new folder", .0.display())]
    OutputExists(PathBuf),
    #[error("{}: cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
    #[error("interrupted; nothing was written")]
    Interrupted,
}

/// Writes a delivery of `options.persons` persons to `options.out` and says what is in it.
///
/// Beside the extracts stands `truth.toml`: the truth used (itself a truth file again), its log hazard ratios, and under
/// `[run]` the seed, the version and the counts of the [`Summary`]. `progress` hears the number of persons done
/// and may end the run. Memory does not grow with the number of persons.
///
/// Errors: `Persons`, `OutputExists`, `Write`, `Interrupted`; after an error nothing is left behind.
pub fn simulate(
    options: &SimulateOptions,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Summary, SimulateError> {
    if !(1..=MAX_PERSONS).contains(&options.persons) {
        return Err(SimulateError::Persons(options.persons));
    }
    let world = World::new(options)?;
    let mut delivery = Delivery::create(&options.out)?;
    let mut tally = Tally::default();
    let chunks: Vec<u64> = (0..options.persons.div_ceil(CHUNK)).collect();
    for batch in chunks.chunks(4 * rayon::current_num_threads()) {
        let parts: Vec<Part> = batch.par_iter().map(|&chunk| world.chunk(chunk, options.persons)).collect();
        for part in parts {
            delivery.append(&part.sheets)?;
            tally.add(&part);
            if progress(tally.persons()).is_break() {
                return Err(SimulateError::Interrupted);
            }
        }
    }
    let summary = tally.summary();
    delivery.add("truth.toml", &truth_file(options, &summary))?;
    delivery.finish()?;
    Ok(summary)
}

/// All that is the same for every person.
struct World {
    source: Source,
    keys: KeyMaps,
    hazard: Hazard,
    dirt: DirtByYear,
    other_claims: u32,
    cohort: u32,
    others: [u32; 7],
    group_weights: Vec<u32>,
}

/// One chunk's rows and counts.
struct Part {
    sheets: Sheets,
    roles: [u64; Role::ALL.len()],
    groups: [GroupCount; VARIABLES[0].1.len()],
    person_days: u64,
}

impl World {
    fn new(options: &SimulateOptions) -> Result<World, SimulateError> {
        let source = Source::new(options.seed);
        let truth = &options.truth;
        Ok(World {
            keys: KeyMaps::new(&mut source.stream(KEY_STREAM)),
            source,
            hazard: Hazard::new(truth)?,
            dirt: DirtByYear::new(&truth.dirt),
            other_claims: options.other_claims,
            cohort: truth.persons_per_1000.cohort,
            others: truth.persons_per_1000.others(),
            group_weights: truth.group_weights(),
        })
    }

    fn chunk(&self, chunk: u64, persons: u64) -> Part {
        let mut part = Part {
            sheets: Sheets::new(),
            roles: [0; Role::ALL.len()],
            groups: [GroupCount::default(); VARIABLES[0].1.len()],
            person_days: 0,
        };
        for person in chunk * CHUNK..((chunk + 1) * CHUNK).min(persons) {
            self.person(person, &mut part);
        }
        part
    }

    fn person(&self, number: u64, part: &mut Part) {
        let draws = &mut self.source.stream(number);
        let role = Role::draw(number, self.cohort, &self.others, draws);
        let person = Person::draw(role, &self.group_weights, draws);
        let levels = derive::levels(&person);
        let keys = self.keys.of(number);
        part.roles[role as usize] += 1;
        part.sheets.person(&person, keys);
        let sheets = &mut part.sheets;
        let mut contacts = Contacts { person: &person, keys, dirt: &self.dirt, sheets, draws };
        contacts.claims();
        let follow_up = contacts.outpatient(levels.as_ref(), &self.hazard);
        // Last, so that everything else is drawn alike with and without them.
        contacts.other_claims(self.other_claims);
        if let (Some(levels), Some(FollowUp { days, event })) = (levels, follow_up) {
            let group = &mut part.groups[usize::from(levels[0])];
            group.persons += 1;
            group.events += u64::from(event);
            part.person_days += days as u64;
        }
    }
}

/// Counts over the chunks so far.
#[derive(Default)]
struct Tally {
    roles: [u64; Role::ALL.len()],
    groups: [GroupCount; VARIABLES[0].1.len()],
    person_days: u64,
    rows: Vec<u64>,
}

impl Tally {
    fn add(&mut self, part: &Part) {
        self.rows.resize(part.sheets.rows.len(), 0);
        self.rows.iter_mut().zip(&part.sheets.rows).for_each(|(sum, rows)| *sum += rows);
        self.roles.iter_mut().zip(&part.roles).for_each(|(sum, persons)| *sum += persons);
        for (sum, group) in self.groups.iter_mut().zip(&part.groups) {
            sum.persons += group.persons;
            sum.events += group.events;
        }
        self.person_days += part.person_days;
    }

    fn persons(&self) -> u64 {
        self.roles.iter().sum()
    }

    fn summary(&self) -> Summary {
        let roles = [
            "cohort",
            "no_index_contact",
            "outside_age",
            "not_resident",
            "prior_contact",
            "unassigned_country",
            "contact_on_index_day",
            "dead_before_index",
        ];
        Summary {
            persons: self.persons(),
            persons_by_role: roles.iter().map(|role| (*role).to_owned()).zip(self.roles).collect(),
            events: self.groups.iter().map(|g| g.events).sum(),
            person_days: self.person_days,
            groups: VARIABLES[0].1.iter().map(|group| (*group).to_owned()).zip(self.groups).collect(),
            rows: sheets::files().into_iter().map(|file| file.0).zip(self.rows.iter().copied()).collect(),
        }
    }
}

/// The text of `truth.toml`.
fn truth_file(options: &SimulateOptions, summary: &Summary) -> String {
    #[derive(Serialize)]
    struct Written<'a> {
        #[serde(flatten)]
        truth: &'a Truth,
        log_hazard_ratio: IndexMap<String, IndexMap<String, f64>>,
        run: Run<'a>,
    }
    #[derive(Serialize)]
    struct Run<'a> {
        version: &'static str,
        seed: String,
        #[serde(flatten)]
        summary: &'a Summary,
    }
    let run = Run { version: env!("CARGO_PKG_VERSION"), seed: options.seed.to_string(), summary };
    let written = Written { truth: &options.truth, log_hazard_ratio: options.truth.log_hazard_ratios(), run };
    let body = toml::to_string(&written).expect("tables of numbers and texts are TOML");
    format!("# Written by `cohort simulate`: what is true of the extracts beside this file.\n\n{body}")
}
