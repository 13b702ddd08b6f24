//! The files of a delivery with their rows: an extract, or a linkage file.

use super::calendar::Calendar;
use super::columns::Value;
use super::family::{self, Named};
use super::keys::PersonKeys;
use super::place::{self, Place, WrittenFile};
use super::plan::{ExtractPlan, Shape};
use super::write::{Row, Table, TableError};
use super::{RehearsalError, Simulated};
use crate::study::{FileFormat, Header, InputFile, Key, LinkageFile, Study};

/// Files of one shape: an extract, or a linkage file.
pub(super) struct Sheet<'s> {
    pub(super) declared: &'s [InputFile],
    pub(super) files: Vec<Named>,
    pub(super) format: &'s FileFormat,
    pub(super) of: Of<'s>,
    /// By file.
    pub(super) rows: Vec<Vec<Row>>,
}

/// Whose rows they are.
#[derive(Clone, Copy)]
pub(super) enum Of<'s> {
    /// The extract of this number.
    Extract(usize),
    Linkage(&'s LinkageFile),
}

/// All files of a study, without rows yet: linkage files first, then extracts in the order of the study.
pub(super) fn sheets<'s>(study: &'s Study, calendar: &Calendar) -> Vec<Sheet<'s>> {
    let linkage = study.linkage.iter().flat_map(|l| &l.files).map(|file| Sheet {
        declared: &file.files,
        files: family::family(&file.files, 1..=1),
        format: &file.format,
        of: Of::Linkage(file),
        rows: Vec::new(),
    });
    let extracts = study.extracts.values().enumerate().map(|(number, extract)| Sheet {
        declared: &extract.files,
        files: family::family(&extract.files, family::years(extract, calendar)),
        format: &extract.format,
        of: Of::Extract(number),
        rows: Vec::new(),
    });
    linkage.chain(extracts).collect()
}

impl Sheet<'_> {
    /// Puts the rows that were simulated into their files.
    pub(super) fn fill(&mut self, plans: &[ExtractPlan], simulated: &mut Simulated, keys: &PersonKeys) {
        let mut rows: Vec<Vec<Row>> = vec![Vec::new(); self.files.len()];
        match self.of {
            Of::Linkage(file) => {
                for person in 0..simulated.persons {
                    let of = family::file_of(&self.files, None, person);
                    let n = if file.several_rows && keys.second_of(person).is_some() { 2 } else { 1 };
                    for nth in 0..n {
                        let written =
                            |(spelling, key): (&String, &Key)| keys.written_in_row(key, spelling, person, nth);
                        rows[of].push(Row::new(person, file.keys.iter().map(written).collect(), Vec::new()));
                    }
                }
            }
            Of::Extract(number) => {
                let (plan, key) = (&plans[number], &plans[number].extract.key);
                let spelling = key.spelling.as_deref().unwrap_or("");
                let (mut last, mut nth) = (None, 0);
                for (person, cells) in std::mem::take(&mut simulated.extracts[number]) {
                    nth = if last == Some(person) { nth + 1 } else { 0 };
                    last = Some(person);
                    let keys = vec![keys.written_in_row(key, spelling, person, nth)];
                    let file = family::file_of(&self.files, year_of(plan, &cells), person);
                    rows[file].push(Row::new(person, keys, cells));
                }
            }
        }
        self.rows = rows;
    }

    /// The number that messages give a row of a file: its line, or its place from 1.
    pub(super) fn row_number(&self, row: usize) -> u64 {
        let of_header = match self.format {
            FileFormat::Delimited(rules) => u64::from(rules.header == Header::FirstRow),
            _ => 0,
        };
        row as u64 + 1 + of_header
    }

    /// The name of a column in a file.
    pub(super) fn header(&self, plan: &ExtractPlan, at: usize, file: usize) -> String {
        let slot = &plan.slots[at];
        family::column_name(&slot.spec.source, slot.year, file, self.files.len())
    }

    /// The name of the key in a file.
    pub(super) fn key_header(&self, key: &Key, file: usize) -> String {
        family::alias(&key.aliases, file, self.files.len()).to_owned()
    }

    /// Writes the files; one of those that a pattern stands for is there only if it has rows.
    pub(super) fn write(
        &self,
        study: &Study,
        plans: &[ExtractPlan],
        place: &Place,
    ) -> Result<Vec<WrittenFile>, RehearsalError> {
        let any = self.rows.iter().any(|rows| !rows.is_empty());
        let files = self.files.iter().enumerate().zip(&self.rows);
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
