//! Spells that cannot be, and days between spells.

use super::{Planting, Spot, Told};
use crate::day::Day;
use crate::loader::error::counted;
use crate::simulate::rehearsal::calendar::begins;
use crate::simulate::rehearsal::clocks::clock;
use crate::simulate::rehearsal::columns::{Slot, Value};
use crate::simulate::rehearsal::plan::Shape;
use crate::simulate::rehearsal::write::Row;
use crate::study::{ColumnKind, ColumnRef, DateFormat, ExitSource, Invalid, RowsPerPerson};

/// Length of a spell that is planted before all others, and days from its end to them.
const LENGTH: i32 = 100;
const BETWEEN: i32 = 400;

impl Planting<'_, '_, '_> {
    /// Spells that end before they begin, or overlap.
    pub(super) fn spells_of(&mut self, kind: &'static str, sheet: usize, extract: usize) {
        let (study, plan) = (self.ground.study, &self.ground.plans[extract]);
        let Shape::Spells { from, to } = plan.shape else { return };
        let ends = study
            .follow_up
            .exits
            .iter()
            .any(|e| matches!(&e.source, ExitSource::SpellEnd(s) if s.extract == plan.extract.name));
        let in_step =
            study.cohort.steps.iter().any(|s| s.condition.spells().is_some_and(|s| s.extract == plan.extract.name));
        if (!ends && !in_step)
            || matches!(plan.extract.rows, RowsPerPerson::One { .. })
            || plan.slots[from].is_month()
            || plan.slots[to].is_month()
        {
            return;
        }
        let invalid = &study.follow_up.on_invalid;
        let (rule, what) = match kind {
            "reversed_spell" => (invalid.reversed_spell, "a spell that ends before it begins"),
            _ => (invalid.overlapping_spells, "overlapping spells"),
        };
        let stops = rule == Invalid::Error;
        let mut count = 0;
        for person in self.further(self.how_many(kind, stops), stops) {
            let place = (0..self.sheets[sheet].files.len()).find_map(|file| {
                let rows = &self.sheets[sheet].rows[file];
                let open = |r: &Row| match (&r.cells[from], &r.cells[to]) {
                    (Value::Day(start), Value::Missing) if r.person == person => Some((file, r.clone(), *start)),
                    _ => None,
                };
                rows.iter().find_map(open)
            });
            let Some((file, mut row, start)) = place else {
                self.forget(person);
                continue;
            };
            let (first, last) =
                if kind == "reversed_spell" { (start + 30, start + 20) } else { (start + 20, start + 30) };
            row.cells[from] = Value::Day(first);
            row.cells[to] = Value::Day(last);
            self.push(sheet, file, row);
            count += 1;
        }
        let told = match stops {
            true => Told::Stops { text: format!("{} with {what}", counted(count, "person")) },
            false => Told::Flow { label: format!("no {} ({})", what.trim_start_matches("a "), plan.extract.name) },
        };
        self.note(kind, Spot::persons(sheet, Some(to)), count, told);
    }

    /// A spell long before the others of a person of the cohort: days between spells, which are counted.
    pub(super) fn gap_between_spells(&mut self, sheet: usize, extract: usize) {
        let (study, plan) = (self.ground.study, &self.ground.plans[extract]);
        let Shape::Spells { from, to } = plan.shape else { return };
        let gaps = joined_gaps(study, &plan.extract.name);
        let counted_from = |at: usize| {
            let column = ColumnRef { extract: plan.extract.name.clone(), column: plan.slots[at].spec.name.clone() };
            clock(study, self.ground.calendar, &column).counted
        };
        // A rule that joins over no or few days tells of it, and so do those that join over more.
        let (Some(&gap), Some(&longest)) = (gaps.first(), gaps.last()) else { return };
        if study.cohort.matching.is_some() || counted_from(from) || counted_from(to) {
            return; // Another first spell would be another value.
        }
        let n = self.how_many("gap_between_spells", false);
        let mut count = 0;
        for (file, at) in self.clean_rows(sheet, true) {
            if count as usize == n {
                break;
            }
            let row = self.sheets[sheet].rows[file][at].clone();
            let Some(first) = self.first_of_joined(sheet, row.person, (from, to), gap as i32) else { continue };
            let last = first - longest as i32 - BETWEEN;
            let early = last - LENGTH;
            let early_enough = begins(&plan.extract.coverage).is_none_or(|begin| early >= begin);
            if !early_enough || !holds_day(&plan.slots[from], early) || !holds_day(&plan.slots[to], last) {
                continue;
            }
            let mut new = row;
            new.cells[from] = Value::Day(early);
            new.cells[to] = Value::Day(last);
            if self.kept(extract, &new) {
                self.push(sheet, file, new);
                count += 1;
            }
        }
        let message = match gap {
            0 => "with days between spells".to_owned(),
            gap => format!("with more than {gap} days between spells"),
        };
        let told = Told::Note { source: plan.extract.name.clone(), message };
        self.note("gap_between_spells", Spot::persons(sheet, Some(to)), count, told);
    }

    /// The first day of a person whose spells follow each other without days that part them, and of whom no row is dirty.
    fn first_of_joined(&self, sheet: usize, person: u64, (from, to): (usize, usize), gap: i32) -> Option<i32> {
        let rows: Vec<&Row> = self.sheets[sheet].rows.iter().flatten().filter(|r| r.person == person).collect();
        let mut spells = Vec::new();
        for row in rows {
            let (Value::Day(first), false) = (&row.cells[from], row.dirty) else { return None };
            let last = if let Value::Day(last) = row.cells[to] { last } else { i32::MAX - 1 - gap };
            spells.push((*first, last));
        }
        spells.sort_unstable();
        let parted = |pair: &[(i32, i32)]| pair[1].0 > pair[0].1 + 1 + gap;
        if spells.windows(2).any(parted) { None } else { spells.first().map(|(first, _)| *first) }
    }
}

/// The days between spells of an extract that do not part them, of steps and exits.
fn joined_gaps(study: &crate::study::Study, extract: &str) -> std::collections::BTreeSet<u32> {
    let of_exits = study.follow_up.exits.iter().filter_map(|exit| match &exit.source {
        ExitSource::SpellEnd(spells) => Some(spells),
        _ => None,
    });
    let of_steps = study.cohort.steps.iter().filter_map(|step| step.condition.spells());
    of_exits.chain(of_steps).filter(|spells| spells.extract == extract).map(|spells| spells.gap).collect()
}

/// Whether a date column gives back a day that is written into it.
fn holds_day(slot: &Slot, day: i32) -> bool {
    let ColumnKind::Date(date) = &slot.spec.kind else { return false };
    let reads = |format: &DateFormat| match format {
        DateFormat::Native => true,
        text => text.write(Day(day)).and_then(|field| text.read(&field)) == Some(Day(day)),
    };
    slot.within_limits(day) == day && date.format.each().first().is_some_and(reads)
}
