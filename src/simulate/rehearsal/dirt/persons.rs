//! Persons whose person-time cannot be: copies of persons of the cohort, under keys of their own, with a fault that takes
//! them out again.

use super::{Planting, Spot, Told};
use crate::loader::error::counted;
use crate::simulate::rehearsal::Of;
use crate::simulate::rehearsal::columns::Value;
use crate::simulate::rehearsal::draft::meets;
use crate::simulate::rehearsal::plan::{Purpose, Shape};
use crate::simulate::rehearsal::write::Row;
use crate::study::{AtEntry, Condition, ExitSource, FollowUpEvent, IndexSource, Invalid, Study};

/// Days before the first index date on which an impossible exit lies.
const BEFORE: i32 = 400;

impl Planting<'_, '_, '_> {
    /// Copies of persons of the cohort, all their rows, under keys of their own. Where persons are compared with each other a
    /// further one changes who is drawn, so that there are some only for faults that stop the study: copies of exposed ones.
    pub(super) fn further(&mut self, n: usize, stops: bool) -> Vec<u64> {
        let sources: Vec<u64> = match (&self.ground.study.cohort.matching, &self.ground.followed.exposed) {
            (None, _) => self.ground.followed.persons.iter().copied().collect(),
            (Some(_), Some(exposed)) if stops => exposed.iter().copied().collect(),
            (Some(_), _) => return Vec::new(),
        };
        let mut made = Vec::new();
        for _ in 0..n.min(sources.len() / 4) {
            let source = sources[self.draws.below(sources.len() as u32) as usize];
            if self.repeats_itself(source) || self.ground.keys.second_of(source).is_some() {
                continue;
            }
            let person = self.ground.persons + self.further_persons;
            self.further_persons += 1;
            self.copy(source, person);
            made.push(person);
        }
        made
    }

    /// Whether a person has two equal rows, or one that is counted as it stands, which a copy would have again.
    fn repeats_itself(&self, person: u64) -> bool {
        self.sheets.iter().enumerate().any(|(at, sheet)| {
            let rows: Vec<&Row> = sheet.rows.iter().flatten().filter(|r| r.person == person).collect();
            let again =
                |(i, row): (usize, &&Row)| rows[..i].contains(row) || row.dirty || self.has_blank_system(at, row);
            rows.iter().enumerate().any(again)
        })
    }

    /// Takes further persons out again whose fault could not be planted.
    pub(super) fn forget(&mut self, person: u64) {
        for rows in self.sheets.iter_mut().flat_map(|sheet| &mut sheet.rows) {
            rows.retain(|row| row.person != person);
        }
    }

    fn copy(&mut self, source: u64, person: u64) {
        for sheet in self.sheets.iter_mut() {
            for rows in &mut sheet.rows {
                let copies: Vec<Row> = rows.iter().filter(|r| r.person == source).cloned().collect();
                for mut row in copies {
                    row.keys = match sheet.of {
                        Of::Linkage(file) => file
                            .keys
                            .iter()
                            .map(|(spelling, key)| self.ground.keys.written(key, spelling, person))
                            .collect(),
                        Of::Extract(extract) => {
                            let key = &self.ground.plans[extract].extract.key;
                            vec![self.ground.keys.written(key, key.spelling.as_deref().unwrap_or(""), person)]
                        }
                    };
                    rows.push(Row { person, dirty: true, ..row });
                }
            }
        }
    }

    /// Changes the rows of a person in an extract.
    fn rows_of(&mut self, sheet: usize, person: u64) -> Vec<&mut Row> {
        self.sheets[sheet].rows.iter_mut().flatten().filter(|r| r.person == person).collect()
    }

    pub(super) fn persons_of(&mut self, kind: &'static str, sheet: usize, extract: usize) {
        let enters_late = self.ground.study.follow_up.late_entry.is_some();
        match kind {
            // Who is gone before a late entry is no fault.
            "exit_before_entry" | "event_before_entry" | "event_at_entry" if enters_late => {}
            "gap_between_spells" => self.gap_between_spells(sheet, extract),
            "exit_before_entry" | "event_before_entry" => self.before_entry(kind, sheet, extract),
            "event_at_entry" => self.event_at_entry(sheet, extract),
            "event_after_end" => self.event_after_end(sheet, extract),
            _ => self.spells_of(kind, sheet, extract),
        }
    }

    /// A date of the population that ends follow-up, before anybody enters.
    fn before_entry(&mut self, kind: &'static str, sheet: usize, extract: usize) {
        let (study, plan) = (self.ground.study, &self.ground.plans[extract]);
        if plan.shape != Shape::Population {
            return;
        }
        let event = study.follow_up.event.label();
        let (column, rule, label, what) = match kind {
            "event_before_entry" => match &study.follow_up.event {
                FollowUpEvent::Date { column, .. } => (
                    column,
                    study.follow_up.on_invalid.event_before_entry,
                    format!("{event} not before entry"),
                    format!("with {event} before entry"),
                ),
                FollowUpEvent::Rows { .. } => return,
            },
            _ => {
                let dates = study.follow_up.exits.iter().filter_map(|exit| match &exit.source {
                    ExitSource::Date(column) => Some(column),
                    _ => None,
                });
                let Some(column) = dates.into_iter().find(|c| !is_event(study, &c.column)) else { return };
                let rule = study.follow_up.on_invalid.exit_before_entry;
                (column, rule, "exit not before entry".to_owned(), "with an exit before entry".to_owned())
            }
        };
        let Some(at) = plan.slots.iter().position(|s| s.spec.name == column.column) else { return };
        let step = study
            .cohort
            .steps
            .iter()
            .find(|step| matches!(&step.condition, Condition::Sql(sql) if sql.names.contains(&column.column)));
        let stops = step.is_none() && rule == Invalid::Error;
        let n = self.how_many(kind, stops);
        let persons = self.further(n, stops);
        let day = plan.slots[at].within_limits(self.ground.calendar.index.0 - BEFORE);
        for &person in &persons {
            self.rows_of(sheet, person).into_iter().for_each(|row| row.cells[at] = Value::Day(day));
        }
        let count = persons.len() as u64;
        let told = match (step, stops) {
            (Some(step), _) => Told::Flow { label: step.label.clone() },
            (None, true) => Told::Stops { text: format!("{} {what}", counted(count, "person")) },
            (None, false) => Told::Flow { label },
        };
        self.note(kind, Spot::persons(sheet, Some(at)), count, told);
    }

    /// A row of the event on the index date.
    fn event_at_entry(&mut self, sheet: usize, extract: usize) {
        let (study, plan) = (self.ground.study, &self.ground.plans[extract]);
        let FollowUpEvent::Rows { rows, .. } = &study.follow_up.event else { return };
        let stops = match study.follow_up.event_at_entry {
            AtEntry::Exclude => false,
            AtEntry::Error => true,
            AtEntry::NextDay | AtEntry::LaterEvent => return,
        };
        let looks_at_the_day = |step: &crate::study::Step| matches!(&step.condition, Condition::Events { rows: r, within, .. } if r.extract == rows.extract && within.end.amount >= 0);
        if rows.extract != plan.extract.name || study.cohort.steps.iter().any(looks_at_the_day) {
            return;
        }
        let Some(demand) = demand_of(plan, |p| matches!(p, Purpose::Event)) else { return };
        let Some(example) = self.example(sheet, extract, demand) else { return };
        let n = self.how_many("event_at_entry", stops);
        let mut count = 0;
        for person in self.further(n, stops) {
            let Some((day, (file, mut row))) = self.index_of(person).zip(self.any_row(sheet, person, &example)) else {
                self.forget(person);
                continue;
            };
            row.cells.iter_mut().for_each(|cell| {
                if let Value::Day(d) = cell {
                    *d = day
                }
            });
            row.person = person;
            self.push(sheet, file, row);
            count += 1;
        }
        let label = study.follow_up.event.label();
        let told = match stops {
            true => Told::Stops { text: format!("{} with {label} on the day of entry", counted(count, "person")) },
            false => Told::Flow { label: format!("{label} not on the day of entry") },
        };
        self.note("event_at_entry", Spot::persons(sheet, Some(plan.demands[demand].date)), count, told);
    }

    /// An event after the last day of somebody who had none.
    fn event_after_end(&mut self, sheet: usize, extract: usize) {
        let (study, plan) = (self.ground.study, &self.ground.plans[extract]);
        let FollowUpEvent::Rows { rows, .. } = &study.follow_up.event else { return };
        let exits: Vec<usize> = study
            .follow_up
            .exits
            .iter()
            .filter_map(|exit| match &exit.source {
                ExitSource::Date(column) => self
                    .ground
                    .plans
                    .iter()
                    .find(|p| p.shape == Shape::Population)?
                    .slots
                    .iter()
                    .position(|s| s.spec.name == column.column),
                _ => None,
            })
            .collect();
        if rows.extract != plan.extract.name || study.cohort.matching.is_some() || exits.is_empty() {
            return;
        }
        let Some(demand) = demand_of(plan, |p| matches!(p, Purpose::Event)) else { return };
        let Some(example) = self.example(sheet, extract, demand) else { return };
        let Some((population, of_population)) = self.population() else { return };
        let n = self.how_many("event_after_end", false);
        let until =
            crate::simulate::rehearsal::calendar::until(&plan.extract.coverage).unwrap_or(self.ground.calendar.ends);
        let mut count = 0;
        for (file, at) in self.clean_rows(population, true) {
            if count as usize == n {
                break;
            }
            let row = &self.sheets[population].rows[file][at];
            let person = row.person;
            let slots = &self.ground.plans[of_population].slots;
            let day_of =
                |&at: &usize| if let Value::Day(d) = row.cells[at] { Some(slots[at].as_read(d)) } else { None };
            let end = exits.iter().filter_map(day_of).min();
            let Some(day) = end.map(|end| end + 10).filter(|day| *day <= until) else { continue };
            let has_event = self.sheets[sheet]
                .rows
                .iter()
                .flatten()
                .filter(|r| r.person == person)
                .any(|r| self.is_of(extract, demand, r));
            if has_event {
                continue;
            }
            let Some((file, mut new)) = self.any_row(sheet, person, &example) else { continue };
            new.cells.iter_mut().for_each(|cell| {
                if let Value::Day(d) = cell {
                    *d = day
                }
            });
            self.push(sheet, file, new);
            count += 1;
        }
        let told = Told::Check { looked_for: "event after follow-up ended for another reason (does not count)".into() };
        self.note("event_after_end", Spot::persons(sheet, Some(plan.demands[demand].date)), count, told);
    }

    /// The index date of a person: the only row of the index, or the date column.
    fn index_of(&self, person: u64) -> Option<i32> {
        for sheet in self.sheets.iter() {
            let Of::Extract(extract) = sheet.of else { continue };
            let plan = &self.ground.plans[extract];
            let mut rows = sheet.rows.iter().flatten().filter(|r| r.person == person);
            match &self.ground.study.cohort.index.source {
                IndexSource::Date(column) if plan.shape == Shape::Population => {
                    let at = plan.slots.iter().position(|s| s.spec.name == column.column)?;
                    return rows.next().and_then(|r| {
                        if let Value::Day(d) = r.cells[at] { Some(plan.slots[at].as_read(d)) } else { None }
                    });
                }
                IndexSource::Event { rows: wanted, .. } if wanted.extract == plan.extract.name => {
                    let demand = demand_of(plan, |p| matches!(p, Purpose::Index))?;
                    let at = plan.demands[demand].date;
                    let (first, last) = self.ground.calendar.index;
                    let days: Vec<i32> = rows
                        .filter(|r| self.is_of(extract, demand, r))
                        .filter_map(|r| {
                            if let Value::Day(d) = r.cells[at] { Some(plan.slots[at].as_read(d)) } else { None }
                        })
                        .collect();
                    return match days[..] {
                        [day] if (first..=last).contains(&day) => Some(day),
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        None
    }

    /// The sheet of the population and its extract.
    fn population(&self) -> Option<(usize, usize)> {
        let of = |(at, sheet): (usize, &crate::simulate::rehearsal::Sheet)| match sheet.of {
            Of::Extract(e) if self.ground.plans[e].shape == Shape::Population => Some((at, e)),
            _ => None,
        };
        self.sheets.iter().enumerate().find_map(of)
    }

    /// Whether a row is one of those that a demand looks for.
    fn is_of(&self, extract: usize, demand: usize, row: &Row) -> bool {
        let plan = &self.ground.plans[extract];
        meets(plan, &plan.demands[demand], &[row.cells.as_slice()]).is_ok_and(|met| met[0])
    }

    /// A row that a demand looks for.
    fn example(&mut self, sheet: usize, extract: usize, demand: usize) -> Option<Row> {
        let places = self.clean_rows(sheet, true);
        let row = |(file, at): (usize, usize)| self.sheets[sheet].rows[file][at].clone();
        places
            .into_iter()
            .map(row)
            .find(|row| self.is_of(extract, demand, row) && row.cells.iter().all(|c| !matches!(c, Value::Written(_))))
    }

    /// The example as a row of a person, and the file it goes into.
    fn any_row(&self, sheet: usize, person: u64, example: &Row) -> Option<(usize, Row)> {
        let Of::Extract(extract) = self.sheets[sheet].of else { return None };
        let key = &self.ground.plans[extract].extract.key;
        let written = self.ground.keys.written(key, key.spelling.as_deref().unwrap_or(""), person);
        let file = (0..self.sheets[sheet].files.len()).find(|&f| !self.sheets[sheet].rows[f].is_empty())?;
        Some((file, Row { person, keys: vec![written], ..example.clone() }))
    }
}

fn is_event(study: &Study, column: &str) -> bool {
    matches!(&study.follow_up.event, FollowUpEvent::Date { column: c, .. } if c.column == column)
}

/// The demand of an extract with such a purpose.
fn demand_of(plan: &crate::simulate::rehearsal::plan::ExtractPlan, wanted: impl Fn(&Purpose) -> bool) -> Option<usize> {
    plan.demands.iter().position(|d| d.purposes.iter().any(&wanted))
}
