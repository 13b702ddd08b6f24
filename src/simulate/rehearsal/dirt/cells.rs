//! Cells that are not as declared: codes that their clean-up repairs, and values that no declaration covers.
//!
//! A code is made dirty so that exactly one of its clean-up steps changes it back. An invalid value that the study takes as
//! missing stands where there was none, or in a further row under a key that nobody has; one that stops the study stands
//! anywhere.

use super::{ByFile, Planting, Told};
use crate::loader::error::counted;
use crate::loader::quality::step_name;
use crate::simulate::rehearsal::cells::{Stored, stored, text};
use crate::simulate::rehearsal::columns::{Slot, Value};
use crate::study::{Clean, CodeSpec, CodeSystem, ColumnKind, Decimal, FileFormat, IfInvalid};

/// An invalid value, the message about it in words after the count, and what follows the count in brackets instead.
struct Invalid {
    value: Value,
    /// From the count and its verb to what the message says.
    says: fn(&Slot, &str, &str) -> String,
    /// What the note says of it where the study takes it as missing.
    as_missing: &'static str,
}

impl Planting<'_, '_, '_> {
    pub(super) fn cells_of(&mut self, kind: &'static str, sheet: usize, extract: usize) {
        for at in 0..self.ground.plans[extract].slots.len() {
            let slot = &self.ground.plans[extract].slots[at];
            let read = self.ground.read.get(&*self.ground.plans[extract].extract.name);
            if read.is_none_or(|columns| !columns.contains(&*slot.spec.name)) {
                continue; // What no rule reads is not looked at.
            }
            if let Some(step) = kind.strip_prefix("code_") {
                self.dirty_codes(kind, step, sheet, extract, at);
            } else if kind == "blank_system" {
                self.blank_systems(sheet, extract, at);
            } else if kind == "lost_zero" && pads(slot) {
                self.padded_codes(sheet, extract, at);
            } else if let Some(invalid) = self.invalid(kind, sheet, extract, at) {
                self.invalid_cells(kind, sheet, extract, at, invalid);
            }
        }
    }

    // ------------------------------------------------------------ what a rule repairs

    fn dirty_codes(&mut self, kind: &'static str, step: &str, sheet: usize, extract: usize, at: usize) {
        let slot = &self.ground.plans[extract].slots[at];
        let (ColumnKind::Code(rules) | ColumnKind::Codes { code: rules, .. }) = &slot.spec.kind else { return };
        let Some(place) = rules.clean.iter().position(|c| kind_of(*c) == step) else { return };
        let source = source_of(&self.ground.plans[extract].extract.name, slot);
        let message = format!("codes changed by {}", step_name(rules.clean[place]));
        let dirty = |value: &Value| dirtied(value, slot, rules, place);
        self.change_cells(kind, sheet, at, dirty, Told::Note { source, message });
    }

    fn padded_codes(&mut self, sheet: usize, extract: usize, at: usize) {
        let slot = &self.ground.plans[extract].slots[at];
        let (ColumnKind::Code(rules) | ColumnKind::Codes { code: rules, .. }) = &slot.spec.kind else { return };
        let Some(width) = rules.pad_left else { return };
        let source = source_of(&self.ground.plans[extract].extract.name, slot);
        let message = format!("codes padded with zeros to {width} characters");
        let dirty = |value: &Value| match value {
            Value::Text(code) if code.len() > 1 => code.strip_prefix('0').map(|c| Value::Written(c.into())),
            _ => None,
        };
        self.change_cells("lost_zero", sheet, at, dirty, Told::Note { source, message });
    }

    fn blank_systems(&mut self, sheet: usize, extract: usize, at: usize) {
        let plan = &self.ground.plans[extract];
        let slot = &plan.slots[at];
        let (ColumnKind::Code(rules) | ColumnKind::Codes { code: rules, .. }) = &slot.spec.kind else { return };
        let (Some(CodeSystem::Column { blank, .. }), Some(system)) = (&rules.system, slot.system) else { return };
        let n = self.how_many("blank_system", blank.is_none());
        let mut by_file = ByFile::new(&self.sheets[sheet]);
        for (file, number) in self.clean_rows(sheet, false) {
            if by_file.total() == n {
                break;
            }
            let row = &mut self.sheets[sheet].rows[file][number];
            let is_blank = matches!((&row.cells[system], blank), (Value::Text(s), Some(b)) if **s == **b);
            if row.cells[at] != Value::Missing && (is_blank || (blank.is_none() && row.cells[system] != Value::Missing))
            {
                row.cells[system] = Value::Missing;
                row.dirty = true;
                by_file.add(file, number);
            }
        }
        let source = source_of(&plan.extract.name, slot);
        // The message is about the column that should say the system.
        let column = if blank.is_some() { at } else { system };
        for (spot, count) in by_file.spots(sheet, Some(column)) {
            let told = match blank {
                Some(blank) => {
                    Told::Note { source: source.clone(), message: format!("codes without a system, taken as {blank}") }
                }
                None => {
                    let have = if count == 1 { "has codes and does" } else { "have codes and do" };
                    Told::Stops { text: format!("{} {have} not say their system", counted(count, "row")) }
                }
            };
            self.note("blank_system", spot, count, told);
        }
    }

    /// Changes cells of clean rows of anybody.
    fn change_cells(
        &mut self,
        kind: &'static str,
        sheet: usize,
        at: usize,
        dirty: impl Fn(&Value) -> Option<Value>,
        told: Told,
    ) {
        let n = self.how_many(kind, false);
        let mut by_file = ByFile::new(&self.sheets[sheet]);
        for (file, number) in self.clean_rows(sheet, false) {
            if by_file.total() == n {
                break;
            }
            let row = &mut self.sheets[sheet].rows[file][number];
            if let Some(value) = dirty(&row.cells[at]) {
                row.cells[at] = value;
                row.dirty = true;
                by_file.add(file, number);
            }
        }
        for (spot, count) in by_file.spots(sheet, Some(at)) {
            self.note(kind, spot, count, told.clone());
        }
    }

    // ------------------------------------------------------------ what no declaration covers

    /// A value of a kind of fault that a column can hold.
    fn invalid(&self, kind: &str, sheet: usize, extract: usize, at: usize) -> Option<Invalid> {
        let slot = &self.ground.plans[extract].slots[at];
        let as_text = matches!(self.sheets[sheet].format, FileFormat::Delimited(_)) || stored(slot) == Stored::Text;
        let written = |text: &str| Value::Written(text.into());
        let year = crate::day::Day(self.ground.calendar.index.0).year();
        match (kind, &slot.spec.kind) {
            ("no_such_day", ColumnKind::Date(date)) if as_text => Some(Invalid {
                value: written(&date.format.no_such_day(year)?),
                says: |_, n, is| format!("{n} of the right form {is} no day of the calendar"),
                as_missing: "dates that are no day of the calendar, taken as missing",
            }),
            ("date_form", ColumnKind::Date(_)) if as_text => Some(Invalid {
                value: written("unknown"),
                as_missing: "dates of another form than declared, taken as missing",
                says: |slot, n, is| match &slot.spec.kind {
                    ColumnKind::Date(date) => format!("expected a date as {} ({n} {is} not)", date.format.shown()),
                    _ => String::new(),
                },
            }),
            ("date_range", ColumnKind::Date(date)) => {
                let day = date.latest.map(|d| d.0 + 500).or(date.earliest.map(|d| d.0 - 500))?;
                Some(Invalid {
                    value: Value::Day(day),
                    says: |_, n, is| format!("{n} {is} outside the declared earliest and latest"),
                    as_missing: "dates outside the declared earliest and latest, taken as missing",
                })
            }
            ("lost_zero", ColumnKind::Code(rules)) if rules.pad_left.is_none() => {
                let width = rules.width.filter(|w| *w > 1)?;
                Some(Invalid {
                    value: written(&"1".repeat(width - 1)),
                    as_missing: "codes with fewer digits than declared, taken as missing",
                    says: |slot, n, is| match &slot.spec.kind {
                        ColumnKind::Code(CodeSpec { width: Some(width), .. }) => {
                            let has = if is == "is" { "has" } else { "have" };
                            let digits = counted(*width as u64 - 1, "digit");
                            format!("{n} {has} {digits} where the code has {width}")
                        }
                        _ => String::new(),
                    },
                })
            }
            ("level", ColumnKind::Code(rules)) => {
                // A column of numbers holds no letters.
                let letter = if stored(slot) == Stored::Whole { "9" } else { "X" };
                let text = letter.repeat(rules.width.unwrap_or(7));
                rules.levels.as_ref().filter(|levels| !levels.contains(&text))?;
                let clean = super::super::columns::cleaned(&text, rules);
                (rules.width.is_none_or(|w| clean.chars().count() == w)).then_some(Invalid {
                    value: written(&text),
                    says: |_, n, is| format!("{n} {is} not among the declared levels"),
                    as_missing: "values not among the declared levels, taken as missing",
                })
            }
            ("number", ColumnKind::Whole { limits, .. } | ColumnKind::Number { limits, .. }) => match limits.at_most {
                Some(most) if limits.years_from.is_none() && limits.at_least != Some(1000.0) => Some(Invalid {
                    value: if stored(slot) == Stored::Whole {
                        Value::Whole(most as i32 + 7)
                    } else {
                        Value::Number(most + 7.0)
                    },
                    says: |_, n, is| format!("{n} {is} outside the declared at_least and at_most"),
                    as_missing: "numbers outside the declared limits, taken as missing",
                }),
                _ if matches!(self.sheets[sheet].format, FileFormat::Delimited(_)) => Some(Invalid {
                    value: written("n/a"),
                    as_missing: match slot.spec.kind {
                        ColumnKind::Whole { .. } => "values that are no whole number, taken as missing",
                        _ => "values that are no number, taken as missing",
                    },
                    says: |slot, n, is| match slot.spec.kind {
                        ColumnKind::Whole { .. } => format!("expected a whole number ({n} {is} not)"),
                        _ => format!("expected a number ({n} {is} not)"),
                    },
                }),
                _ => None,
            },
            _ => None,
        }
    }

    fn invalid_cells(&mut self, kind: &'static str, sheet: usize, extract: usize, at: usize, invalid: Invalid) {
        let plan = &self.ground.plans[extract];
        let slot = &plan.slots[at];
        let stops = if_invalid(&slot.spec.kind) == IfInvalid::Error;
        let n = self.how_many(kind, stops);
        let (mut by_file, mut unlinked) = (ByFile::new(&self.sheets[sheet]), ByFile::new(&self.sheets[sheet]));
        for (file, number) in self.clean_rows(sheet, false) {
            if by_file.total() == n {
                break;
            }
            let row = &mut self.sheets[sheet].rows[file][number];
            if stops || row.cells[at] == Value::Missing {
                row.cells[at] = invalid.value.clone();
                row.dirty = true;
                by_file.add(file, number);
            }
        }
        // Where every cell has a value, in rows that belong to nobody.
        let missing = n - by_file.total();
        let is_persons = plan.extract.key.spelling.is_none() && plan.shape == super::super::plan::Shape::Population;
        let room = if is_persons { 0 } else { self.room_for_unknown(extract).saturating_sub(self.unknown_in(extract)) };
        for (file, row) in self.clean_rows(sheet, false).into_iter().take(missing.min(room)) {
            let mut row = self.sheets[sheet].rows[file][row].clone();
            row.cells[at] = invalid.value.clone();
            row.keys[0] = self.unknown_key(extract);
            let number = self.push(sheet, file, row);
            by_file.add(file, number);
            unlinked.add(file, number);
        }
        let source = source_of(&plan.extract.name, slot);
        for (spot, count) in by_file.spots(sheet, Some(at)) {
            let is = if count == 1 { "is" } else { "are" };
            let told = match stops {
                true => Told::Stops { text: (invalid.says)(slot, &counted(count, "value"), is) },
                false => Told::Note { source: source.clone(), message: invalid.as_missing.into() },
            };
            self.note(kind, spot, count, told);
        }
        let told = Told::Link { extract: plan.extract.name.clone(), what: "rows_unmatched" };
        for (spot, count) in unlinked.spots(sheet, None) {
            self.note("unknown_key", spot, count, told.clone());
        }
    }

    /// Keys that nobody has, so far, in an extract.
    fn unknown_in(&self, extract: usize) -> usize {
        let name = &self.ground.plans[extract].extract.name;
        let of = self.planted.iter().filter(|p| p.kind == "unknown_key" && p.extract == *name);
        of.map(|p| p.count as usize).sum()
    }
}

/// What a step is called among the kinds of faults.
fn kind_of(step: Clean) -> &'static str {
    match step {
        Clean::Trim => "trim",
        Clean::Upper => "upper",
        Clean::Lower => "lower",
        Clean::DropDot => "drop_dot",
        Clean::DropBlank => "drop_blank",
        Clean::Cut(_) | Clean::From(_) => "cut",
        Clean::Drop(_) => "drop",
    }
}

/// A code that exactly one of its clean-up steps changes back to what it was.
fn dirtied(value: &Value, slot: &Slot, rules: &CodeSpec, place: usize) -> Option<Value> {
    let whole = match value {
        Value::Text(_) | Value::Codes(_) if !slot.labelled => text(slot, value, Decimal::Point),
        _ => return None,
    };
    let (first, others) = match &slot.spec.kind {
        ColumnKind::Codes { split, .. } => match whole.split_once(split.as_str()) {
            Some((first, others)) => (first.to_owned(), format!("{split}{others}")),
            None => (whole, String::new()),
        },
        _ => (whole, String::new()),
    };
    let tries = attempts(&first, rules.clean[place]);
    let found = tries.into_iter().find(|dirty| changed_by(dirty, rules) == (first.clone(), vec![place]));
    found.map(|dirty| Value::Written(format!("{dirty}{others}").into()))
}

/// Texts that a step may turn into the code.
fn attempts(code: &str, step: Clean) -> Vec<String> {
    let inside = |mark: &str| {
        let at = code.char_indices().nth(1).map_or(code.len(), |(at, _)| at);
        format!("{}{mark}{}", &code[..at], &code[at..])
    };
    match step {
        Clean::Trim => vec![format!(" {code}")],
        Clean::Upper => vec![code.to_lowercase()],
        Clean::Lower => vec![code.to_uppercase()],
        Clean::DropDot => vec![inside(".")],
        Clean::DropBlank => vec![inside(" "), format!(" {code}")],
        Clean::Cut(_) => vec![format!("{code}9"), format!("{code}99")],
        Clean::Drop(set) => set.to_string().chars().map(|c| inside(&c.to_string())).collect(),
        Clean::From(set) => set.to_string().chars().map(|c| format!("{code}{c}01")).collect(),
    }
}

/// What the clean-up makes of a text, and which of its steps change it.
fn changed_by(text: &str, rules: &CodeSpec) -> (String, Vec<usize>) {
    let mut changed = Vec::new();
    let mut code = text.to_owned();
    for (at, step) in rules.clean.iter().enumerate() {
        let next = Clean::apply(*step, &code);
        if next != code {
            changed.push(at);
        }
        code = next;
    }
    (code, changed)
}

fn pads(slot: &Slot) -> bool {
    matches!(&slot.spec.kind, ColumnKind::Code(rules) | ColumnKind::Codes { code: rules, .. } if rules.pad_left.is_some())
}

fn if_invalid(kind: &ColumnKind) -> IfInvalid {
    match kind {
        ColumnKind::Date(date) => date.if_invalid,
        ColumnKind::Code(code) | ColumnKind::Codes { code, .. } => code.if_invalid,
        ColumnKind::Whole { if_invalid, .. } | ColumnKind::Number { if_invalid, .. } => *if_invalid,
    }
}

/// What notes call a column.
fn source_of(extract: &str, slot: &Slot) -> String {
    let year = slot.year.map_or(String::new(), |year| format!(" {year}"));
    format!("{extract}.{}{year}", slot.spec.name)
}
