//! Rows and keys that should not be: copies, contradictions, rows without a key or with one that nobody has, codes that no
//! list covers.

use super::{ByFile, Planting, Spot, Told};
use crate::loader::error::counted;
use crate::simulate::rehearsal::columns::{Draw, Value, cleaned, fits};
use crate::simulate::rehearsal::draft::{holds, meets};
use crate::simulate::rehearsal::plan::{Purpose, Shape};
use crate::simulate::rehearsal::write::Row;
use crate::study::{ColumnKind, Condition, Conflict, Count, Identical, Measure, RowsPerPerson, Source};

/// Keys of persons that nobody has begin here, counted from the largest.
const UNKNOWN: u64 = 1;
/// What the loader notes of equal rows that a study keeps.
const ALL_KEPT: &str = "rows equal to another in key and every column that is read, all kept (`duplicates`)";
/// The least share of keys that must be found where no linkage file says one.
const MIN_MATCHED: f64 = 0.9;

impl Planting<'_, '_, '_> {
    /// Places (file, row) of clean rows of an extract, in an order drawn anew, of persons of the cohort or of anybody.
    pub(super) fn clean_rows(&mut self, sheet: usize, of_cohort: bool) -> Vec<(usize, usize)> {
        let rows = self.sheets[sheet].rows.iter().enumerate();
        let mut places: Vec<(usize, usize)> = rows
            .flat_map(|(file, rows)| rows.iter().enumerate().map(move |(at, row)| (file, at, row)))
            .filter(|(_, _, row)| !row.dirty && !self.has_blank_system(sheet, row))
            .filter(|(_, _, row)| !of_cohort || self.ground.followed.persons.contains(&row.person))
            .map(|(file, at, _)| (file, at))
            .collect();
        for at in (1..places.len()).rev() {
            places.swap(at, self.draws.below(at as u32 + 1) as usize);
        }
        places
    }

    /// Whether a code of a row does not say its system, which the study takes for one and counts: a copy would count again.
    pub(super) fn has_blank_system(&self, sheet: usize, row: &Row) -> bool {
        let super::Of::Extract(extract) = self.sheets[sheet].of else { return false };
        let slots = self.ground.plans[extract].slots.iter().zip(&row.cells);
        let is_missing = |at: usize| row.cells[at] == Value::Missing;
        slots.into_iter().any(|(slot, code)| *code != Value::Missing && slot.system.is_some_and(is_missing))
    }

    /// Adds a row to a file; nothing else is planted in it. Returns its place in the file.
    pub(super) fn push(&mut self, sheet: usize, file: usize, row: Row) -> usize {
        let rows = &mut self.sheets[sheet].rows[file];
        rows.push(Row { dirty: true, ..row });
        rows.len() - 1
    }

    /// Whether rows meet the extract's own condition.
    pub(super) fn kept(&self, extract: usize, row: &Row) -> bool {
        let plan = &self.ground.plans[extract];
        let met = plan.condition.as_ref().map(|c| holds(c, &plan.slots, &[row.cells.as_slice()]));
        met.is_none_or(|met| met.is_ok_and(|met| met[0]))
    }

    // ------------------------------------------------------------ rows of one person

    pub(super) fn duplicate_rows(&mut self, sheet: usize, extract: usize) {
        let declared = self.ground.plans[extract].extract;
        let (RowsPerPerson::One { identical, .. } | RowsPerPerson::Many { identical }) = declared.rows;
        if identical == Identical::Keep && self.counts_rows(extract) {
            return; // Rows that are kept twice are counted twice.
        }
        let n = self.how_many("duplicate_row", identical == Identical::Error);
        let mut by_file = ByFile::new(&self.sheets[sheet]);
        for (file, at) in self.clean_rows(sheet, true) {
            if by_file.total() == n {
                break;
            }
            let row = self.sheets[sheet].rows[file][at].clone();
            // Equal rows that are kept are told where a rule considers them.
            let told = identical != Identical::Keep || self.is_considered(extract, &row);
            if told && self.kept(extract, &row) {
                self.sheets[sheet].rows[file][at].dirty = true;
                let number = self.push(sheet, file, row);
                by_file.add(file, number);
            }
        }
        let total = by_file.total() as u64;
        let told = |_| match identical {
            Identical::Error => {
                let equal = if total == 1 { "equals another" } else { "equal others" };
                Told::Stops { text: format!("{} {equal} in key and every declared column", counted(total, "row")) }
            }
            Identical::Collapse => {
                Told::Note { source: declared.name.clone(), message: "identical rows collapsed".into() }
            }
            Identical::Keep => Told::Note { source: declared.name.clone(), message: ALL_KEPT.into() },
        };
        for (spot, count) in by_file.spots(sheet, None) {
            self.note("duplicate_row", spot, count, told(count));
        }
    }

    /// Whether a rule about index, event or covariates takes a row, on a day on which somebody can enter.
    fn is_considered(&self, extract: usize, row: &Row) -> bool {
        let plan = &self.ground.plans[extract];
        let (first, last) = self.ground.calendar.index;
        plan.demands.iter().any(|demand| {
            let here = demand.purposes.iter().any(|p| !matches!(p, Purpose::Step(_) | Purpose::Exit(_)));
            let day =
                if let Value::Day(d) = row.cells[demand.date] { plan.slots[demand.date].as_read(d) } else { i32::MIN };
            here && (first..last - 40).contains(&day)
                && meets(plan, demand, &[row.cells.as_slice()]).is_ok_and(|met| met[0])
        })
    }

    /// Whether a second copy of a row could change a result: of a number of rows, a sum, a spell, a value of a year.
    fn counts_rows(&self, extract: usize) -> bool {
        let plan = &self.ground.plans[extract];
        let steps = &self.ground.study.cohort.steps;
        let counts = |purpose: &Purpose| match purpose {
            Purpose::Covariate(c) => matches!(&c.source, Source::Events { measure, .. } if *measure != Measure::Any),
            Purpose::Step(step) => match &steps[*step].condition {
                Condition::Events { count, .. } => *count != Count::ANY && *count != Count::NONE,
                _ => false,
            },
            Purpose::Index | Purpose::Event | Purpose::Exit(_) => false,
        };
        !matches!(plan.shape, Shape::Events { .. }) || plan.demands.iter().flat_map(|d| &d.purposes).any(counts)
    }

    /// A second row of a person that differs, where one is promised.
    pub(super) fn contradicting_rows(&mut self, sheet: usize, extract: usize) {
        let plan = &self.ground.plans[extract];
        let RowsPerPerson::One { conflict, .. } = &plan.extract.rows else { return };
        let n = self.how_many("contradicting_rows", *conflict == Conflict::Error);
        let name = &plan.extract.name;
        let order = match conflict {
            Conflict::FirstBy(column) | Conflict::LastBy(column) => {
                plan.slots.iter().position(|s| s.spec.name == *column)
            }
            Conflict::Error | Conflict::ExcludePerson => None,
        };
        let persons: Vec<u64> = match conflict {
            Conflict::ExcludePerson => self.further(n, false),
            _ => Vec::new(),
        };
        if *conflict == Conflict::ExcludePerson && persons.is_empty() {
            return; // Persons of the cohort would leave it.
        }
        let mut count = 0;
        for (file, at) in self.clean_rows_of(sheet, &persons) {
            if count as usize == n {
                break;
            }
            let mut row = self.sheets[sheet].rows[file][at].clone();
            let differs = self.change(extract, &mut row, order);
            let later = match conflict {
                Conflict::LastBy(_) => order.is_some_and(|at| move_value(&mut row.cells[at], -30)),
                Conflict::FirstBy(_) => order.is_some_and(|at| move_value(&mut row.cells[at], 30)),
                _ => true,
            };
            if differs.is_some() && later {
                self.sheets[sheet].rows[file][at].dirty = true;
                self.push(sheet, file, row);
                count += 1;
            }
        }
        let have = if count == 1 { "has 2 rows" } else { "have rows" };
        let told = match conflict {
            Conflict::Error => Told::Stops { text: format!("{} {have} that differ in ", counted(count, "person")) },
            Conflict::ExcludePerson => Told::Flow { label: format!("rows of {name} do not contradict each other") },
            Conflict::LastBy(column) => Told::Note {
                source: name.clone(),
                message: format!("persons with contradicting rows: the last by {column} stands"),
            },
            Conflict::FirstBy(column) => Told::Note {
                source: name.clone(),
                message: format!("persons with contradicting rows: the first by {column} stands"),
            },
        };
        self.note("contradicting_rows", Spot::persons(sheet, None), count, told);
    }

    /// Clean rows of persons of the cohort, or the rows of these further persons.
    fn clean_rows_of(&mut self, sheet: usize, persons: &[u64]) -> Vec<(usize, usize)> {
        if persons.is_empty() {
            return self.clean_rows(sheet, true);
        }
        let rows = self.sheets[sheet].rows.iter().enumerate();
        rows.flat_map(|(file, rows)| rows.iter().enumerate().map(move |(at, row)| (file, at, row.person)))
            .filter(|(_, _, person)| persons.contains(person))
            .map(|(file, at, _)| (file, at))
            .collect()
    }

    /// Gives a code column another of its codes; the column that was changed.
    fn change(&mut self, extract: usize, row: &mut Row, but: Option<usize>) -> Option<usize> {
        let plan = &self.ground.plans[extract];
        for (at, slot) in plan.slots.iter().enumerate().filter(|(at, _)| Some(*at) != but) {
            let (Draw::Code(codes, _), Value::Text(code)) = (&slot.draw, &row.cells[at]) else { continue };
            if let Some(other) = codes.iter().find(|c| *c != code) {
                row.cells[at] = Value::Text(other.clone());
                return Some(at);
            }
        }
        None
    }

    // ------------------------------------------------------------ keys

    pub(super) fn keys_of(&mut self, kind: &'static str, sheet: usize, extract: usize) {
        let declared = self.ground.plans[extract].extract;
        let key = &declared.key;
        // The keys of a population without linkage file are the persons.
        let is_persons = key.spelling.is_none() && self.ground.plans[extract].shape == Shape::Population;
        let stops = kind == "key_without_prefix";
        if (stops && key.strip_prefix.is_none()) || (kind == "unknown_key" && is_persons) {
            return;
        }
        let mut n = self.how_many(kind, stops);
        if kind == "unknown_key" {
            n = n.min(self.room_for_unknown(extract));
        }
        let mut by_file = ByFile::new(&self.sheets[sheet]);
        for (file, at) in self.clean_rows(sheet, false).into_iter().take(n) {
            let mut row = self.sheets[sheet].rows[file][at].clone();
            row.keys[0] = match kind {
                "no_key" => String::new(),
                "unknown_key" => self.unknown_key(extract),
                _ => row.keys[0].trim_start_matches(key.strip_prefix.as_deref().unwrap_or("")).to_owned(),
            };
            let number = self.push(sheet, file, row);
            by_file.add(file, number);
        }
        for (spot, count) in by_file.spots(sheet, None) {
            let extract = declared.name.clone();
            let told = match kind {
                "no_key" => Told::Link { extract, what: "rows_without_key" },
                "unknown_key" => Told::Link { extract, what: "rows_unmatched" },
                _ => Told::Stops {
                    text: format!("{} without the prefix that key.strip_prefix declares", counted(count, "key")),
                },
            };
            self.note(kind, spot, count, told);
        }
    }

    /// How many keys that nobody has an extract can hold before the study stops.
    pub(super) fn room_for_unknown(&self, extract: usize) -> usize {
        let declared = self.ground.plans[extract].extract;
        let of_linkage = self.ground.study.linkage.as_ref().and_then(|linkage| {
            let has =
                |f: &&crate::study::LinkageFile| declared.key.spelling.as_ref().is_some_and(|s| f.keys.contains_key(s));
            linkage.files.iter().find(has).map(|f| f.min_matched)
        });
        let least = declared.min_matched.or(of_linkage).unwrap_or(MIN_MATCHED);
        let persons: std::collections::BTreeSet<u64> = self
            .sheets
            .iter()
            .filter(|s| matches!(s.of, super::Of::Extract(e) if e == extract))
            .flat_map(|s| s.rows.iter().flatten().map(|r| r.person))
            .collect();
        ((1.0 - least) * persons.len() as f64 / 2.0) as usize
    }

    /// A key of the extract's spelling that nobody has.
    pub(super) fn unknown_key(&mut self, extract: usize) -> String {
        self.unknown_keys += 1;
        let key = &self.ground.plans[extract].extract.key;
        let spelling = key.spelling.as_deref().unwrap_or("");
        self.ground.keys.written_from_end(key, spelling, UNKNOWN + self.unknown_keys)
    }

    // ------------------------------------------------------------ codes

    /// Codes that no list covers, where every rule over the extract looks at codes of the column.
    pub(super) fn uncovered_codes(&mut self, sheet: usize, extract: usize) {
        let plan = &self.ground.plans[extract];
        if plan.shape == Shape::Population
            || matches!(plan.extract.rows, RowsPerPerson::One { .. })
            || plan.demands.is_empty()
        {
            return;
        }
        for (at, slot) in plan.slots.iter().enumerate() {
            let (ColumnKind::Code(rules) | ColumnKind::Codes { code: rules, .. }) = &slot.spec.kind else { continue };
            let all = plan.demands.iter().all(|d| d.codes.as_ref().is_some_and(|c| c.places == [at]));
            let width = rules.width.unwrap_or(3);
            let code: String = cleaned(&"Z".repeat(width), rules);
            let covered = plan.demands.iter().any(|d| d.codes.as_ref().is_some_and(|c| c.list.matches(&code)));
            if !all || covered || !fits(&code, rules) {
                continue;
            }
            let value = match slot.spec.kind {
                ColumnKind::Codes { .. } => Value::Codes(vec![code.as_str().into()]),
                _ => Value::Text(code.as_str().into()),
            };
            let n = self.how_many("uncovered_code", false);
            let mut by_file = ByFile::new(&self.sheets[sheet]);
            for (file, row) in self.clean_rows(sheet, true) {
                let mut row = self.sheets[sheet].rows[file][row].clone();
                row.cells[at] = value.clone();
                if by_file.total() == n {
                    break;
                }
                if self.kept(extract, &row) && slot.system.is_none_or(|system| row.cells[system] != Value::Missing) {
                    let number = self.push(sheet, file, row);
                    by_file.add(file, number);
                }
            }
            let told = Told::Uncovered { extract: plan.extract.name.clone(), column: slot.spec.name.clone() };
            for (spot, count) in by_file.spots(sheet, Some(at)) {
                self.note("uncovered_code", spot, count, told.clone());
            }
        }
    }
}

/// Moves a day or a number; whether it was one.
fn move_value(value: &mut Value, by: i32) -> bool {
    match value {
        Value::Day(day) => *day += by,
        Value::Whole(x) => *x += by,
        Value::Number(x) => *x += f64::from(by),
        _ => return false,
    }
    true
}
