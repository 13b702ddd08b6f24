//! Faults of real extracts, planted into simulated ones and told, so that whoever rehearses a study sees what becomes of them.
//!
//! What can be planted depends on what the files of a study can hold (the eleven traps of register extracts). Where the
//! study declares what to do with a fault, it is planted so that the declared rule gives back the clean extracts: codes
//! that their clean-up repairs, cells without a value that hold an invalid one, further rows that no rule considers,
//! further persons who have to leave. Then nothing of the result changes but the counts. Where the study declares nothing,
//! a fault stops the run, and its message has the count; such faults are planted at the worst level only.
//!
//! `persons` plants persons, `spells` spells, `rows` rows and keys, `cells` cells; each in rows that no other fault has touched.

mod cells;
mod persons;
mod rows;
mod spells;

use super::calendar::Calendar;
use super::keys::PersonKeys;
use super::plan::ExtractPlan;
use super::{Of, Sheet};
use crate::loader::error::counted;
use crate::simulate::random::Draws;
use crate::study::Study;
use indexmap::IndexMap;
use serde::Serialize;
use std::collections::BTreeSet;

/// How much dirt there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DirtLevel {
    /// None.
    #[default]
    None,
    /// A few faults of each kind that the study declares what to do with.
    Some,
    /// More of each kind that the files can hold, also of those that must stop the study.
    Worst,
}

/// What was planted in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planted {
    /// What kind of fault.
    pub kind: &'static str,
    /// The trap of register extracts that it belongs to, 1 to 11.
    pub trap: u8,
    /// Name of the extract.
    pub extract: String,
    /// The file; empty for persons, whose rows stand in several.
    pub file: String,
    /// The first row of the file that has the fault, as messages count rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Name of the column in the study; empty for whole rows, keys and persons.
    pub column: String,
    /// Name of the column, or of the key, in the file; empty for whole rows and persons.
    pub header: String,
    pub count: u64,
    /// What is counted: `rows` or `persons`.
    pub unit: &'static str,
    /// Where the program tells of it.
    pub told: Told,
}

/// Where the program tells of a fault: among results, as an addition to what it says of the clean extracts, or in the message
/// with which it stops.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// A note with this source and message counts it.
    Note { source: String, message: String },
    /// The checks of the records count the persons who have it.
    Check { looked_for: String },
    /// The linkage report of the extract counts it: rows without a key, or rows whose key was not found.
    Link { extract: String, what: &'static str },
    /// The line of the flow with this label takes the persons out.
    Flow { label: String },
    /// The report of codes counts the rows of a code that no list covers.
    Uncovered { extract: String, column: String },
    /// The run stops; its message has this text.
    Stops { text: String },
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Told::Note { source, message } => write!(f, "note, {source}: {message}"),
            Told::Check { looked_for } => write!(f, "checks of the records: {looked_for}"),
            Told::Link { extract, what } => write!(f, "linkage report of {extract}, {}", what.replace('_', " ")),
            Told::Flow { label } => write!(f, "flow of persons: {label}"),
            Told::Uncovered { extract, column } => {
                write!(f, "report of codes, {extract}.{column}: codes that no list covers")
            }
            Told::Stops { text } => write!(f, "the study stops: {text}"),
        }
    }
}

impl Planted {
    /// `1 row`, `3 persons`.
    pub fn counted(&self) -> String {
        counted(self.count, self.unit.trim_end_matches('s'))
    }

    /// Where it is, in the words of a message.
    pub fn place(&self) -> String {
        let row = self.row.map_or(String::new(), |row| format!("row {row}"));
        let name = if self.header.is_empty() { &self.column } else { &self.header };
        let column = if name.is_empty() { String::new() } else { format!("column {name}") };
        let file = if self.file.is_empty() { &self.extract } else { &self.file };
        [file.clone(), row, column].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

/// Where faults of one kind were planted.
pub(super) struct Spot {
    pub(super) sheet: usize,
    /// File and row within it; `None` for persons, whose rows stand in several.
    pub(super) first: Option<(usize, usize)>,
    /// Place of the column.
    pub(super) at: Option<usize>,
}

impl Spot {
    /// Persons, in the sheet that shows it.
    fn persons(sheet: usize, at: Option<usize>) -> Spot {
        Spot { sheet, first: None, at }
    }
}

/// Faults of one kind in the files of a sheet: how many, and the first row that has one.
pub(super) struct ByFile(Vec<(u64, usize)>);

impl ByFile {
    fn new(sheet: &Sheet) -> ByFile {
        ByFile(vec![(0, usize::MAX); sheet.files.len()])
    }

    fn add(&mut self, file: usize, row: usize) {
        let (n, first) = &mut self.0[file];
        *n += 1;
        *first = row.min(*first);
    }

    fn total(&self) -> usize {
        self.0.iter().map(|(n, _)| *n as usize).sum()
    }

    /// Spots and counts.
    fn spots(self, sheet: usize, at: Option<usize>) -> impl Iterator<Item = (Spot, u64)> {
        let of = move |(file, (n, row)): (usize, (u64, usize))| (Spot { sheet, first: Some((file, row)), at }, n);
        self.0.into_iter().enumerate().filter(|(_, (n, _))| *n > 0).map(of)
    }
}

/// What the study makes of the clean extracts.
#[derive(Debug, Clone, Default)]
pub(super) struct Followed {
    /// Persons in the cohort.
    pub(super) persons: BTreeSet<u64>,
    /// Of a matched study that says so in a covariate, those with an index event of their own who are followed for it.
    pub(super) exposed: Option<BTreeSet<u64>>,
}

/// What planting needs to know.
pub(super) struct Ground<'g, 's> {
    pub(super) study: &'s Study,
    pub(super) plans: &'g [ExtractPlan<'s>],
    pub(super) calendar: &'g Calendar,
    pub(super) keys: &'g PersonKeys,
    pub(super) followed: &'g Followed,
    /// The columns that the study reads, by extract.
    pub(super) read: IndexMap<&'s str, BTreeSet<&'s str>>,
    pub(super) persons: u64,
    pub(super) level: DirtLevel,
    /// Kinds to plant; all when empty.
    pub(super) kinds: &'g [String],
}

/// Plants on the way.
pub(super) struct Planting<'p, 'g, 's> {
    ground: &'p Ground<'g, 's>,
    sheets: &'p mut [Sheet<'s>],
    draws: Draws,
    planted: Vec<Planted>,
    /// Persons beyond those simulated, so far.
    further_persons: u64,
    /// Keys that nobody has, so far.
    unknown_keys: u64,
}

/// Every kind with its trap, in the order in which they are planted.
pub const DIRT_KINDS: [(&str, u8); 27] = [
    ("exit_before_entry", 11),
    ("event_before_entry", 11),
    ("event_at_entry", 11),
    ("reversed_spell", 11),
    ("overlapping_spells", 11),
    ("gap_between_spells", 11),
    ("event_after_end", 11),
    ("contradicting_rows", 7),
    ("duplicate_row", 7),
    ("key_without_prefix", 2),
    ("no_key", 9),
    ("unknown_key", 2),
    ("uncovered_code", 3),
    ("blank_system", 3),
    ("code_upper", 3),
    ("code_lower", 3),
    ("code_trim", 3),
    ("code_drop_dot", 3),
    ("code_drop_blank", 3),
    ("code_cut", 3),
    ("code_drop", 3),
    ("lost_zero", 1),
    ("no_such_day", 4),
    ("date_form", 4),
    ("date_range", 5),
    ("level", 6),
    ("number", 6),
];

/// Plants what the ground holds. Returns what was planted, in the order of [`DIRT_KINDS`].
pub(super) fn plant<'s>(ground: &Ground<'_, 's>, sheets: &mut [Sheet<'s>], draws: Draws) -> Vec<Planted> {
    if ground.level == DirtLevel::None {
        return Vec::new();
    }
    let mut planting = Planting { ground, sheets, draws, planted: Vec::new(), further_persons: 0, unknown_keys: 0 };
    for (kind, _) in DIRT_KINDS {
        if ground.kinds.is_empty() || ground.kinds.iter().any(|k| k == kind) {
            planting.kind(kind);
        }
    }
    planting.planted
}

impl<'s> Planting<'_, '_, 's> {
    fn kind(&mut self, kind: &'static str) {
        for sheet in 0..self.sheets.len() {
            let Of::Extract(extract) = self.sheets[sheet].of else { continue };
            if !self.ground.read.contains_key(&*self.ground.plans[extract].extract.name) {
                continue; // Of an extract that no rule reads the program says only that.
            }
            match kind {
                "exit_before_entry" | "event_before_entry" | "event_at_entry" | "reversed_spell"
                | "overlapping_spells" | "gap_between_spells" | "event_after_end" => {
                    self.persons_of(kind, sheet, extract)
                }
                "contradicting_rows" => self.contradicting_rows(sheet, extract),
                "duplicate_row" => self.duplicate_rows(sheet, extract),
                "key_without_prefix" | "no_key" | "unknown_key" => self.keys_of(kind, sheet, extract),
                "uncovered_code" => self.uncovered_codes(sheet, extract),
                _ => self.cells_of(kind, sheet, extract),
            }
        }
    }

    /// How many faults of a kind one place gets: a number that says which it was, when counts are mixed up.
    fn how_many(&self, kind: &str, stops: bool) -> usize {
        let place = DIRT_KINDS.iter().position(|(k, _)| *k == kind).unwrap_or(0);
        match (self.ground.level, stops) {
            (DirtLevel::None, _) | (DirtLevel::Some, true) => 0,
            (DirtLevel::Some, false) => 2 + place % 2,
            (DirtLevel::Worst, _) => 3 + place % 7,
        }
    }

    /// Notes what was planted; nothing when it was nothing.
    fn note(&mut self, kind: &'static str, spot: Spot, count: u64, told: Told) {
        let sheet = &self.sheets[spot.sheet];
        let Of::Extract(extract) = sheet.of else { return };
        if count == 0 {
            return;
        }
        let plan = &self.ground.plans[extract];
        let trap = DIRT_KINDS.iter().find(|(k, _)| *k == kind).map_or(0, |(_, trap)| *trap);
        let of_key = matches!(kind, "key_without_prefix" | "no_key" | "unknown_key");
        let file = spot.first.map(|(file, _)| file);
        let header = match (file, spot.at) {
            (Some(file), Some(at)) => sheet.header(plan, at, file),
            (Some(file), None) if of_key => sheet.key_header(&plan.extract.key, file),
            _ => String::new(),
        };
        self.planted.push(Planted {
            kind,
            trap,
            extract: plan.extract.name.clone(),
            file: file.map_or(String::new(), |file| sheet.files[file].written.clone()),
            row: spot.first.map(|(_, row)| sheet.row_number(row)),
            column: spot.at.map_or(String::new(), |at| plan.slots[at].spec.name.clone()),
            header,
            count,
            unit: if file.is_some() { "rows" } else { "persons" },
            told,
        });
    }
}
