//! The completed data sets of a study: its person-time with the missing values of some covariates filled in.
//!
//! They are made elsewhere, from what `cohort build` writes, so a row is one record of person-time, known by `person` and
//! `entry`. Only what is missing is taken from them. Everything else is held against the person-time: every record is
//! there once, ends when and how it did, and an observed value is the same. A file of an earlier build, or of other
//! extracts, is refused so.

use super::pooling::{Completed, PoolingError, Sets, stacked};
use super::study::{input, note};
use crate::error::{Error, Result};
use crate::loader::{Fault, Flat, FlatOptions, LoadError, Note, Place, Progress, read_flat};
use crate::report;
use crate::study::{ImputedData, Study};
use crate::table::{Codes, Column, ColumnData, Factor, Table};
use std::borrow::Cow;
use std::collections::HashMap;

/// The completed data sets of a study.
pub(super) struct Imputed {
    /// Their numbers, or files.
    names: Vec<String>,
    /// The completed covariates of each, over the records of the person-time.
    columns: Vec<Vec<Column>>,
    number: Option<String>,
    pub(super) inputs: Vec<report::Input>,
    pub(super) notes: Vec<report::Note>,
}

/// Two numbers are the same when they differ by no more of their size than a float of 32 bits rounds.
const SAME: f64 = 1e-6;

impl Imputed {
    /// Reads the completed data sets where a model of the study asks for them.
    ///
    /// Errors: files that are not there; data sets that are not of this person-time or leave values missing.
    pub(super) fn read(study: &Study, base: &Table, progress: &mut dyn Progress) -> Result<Option<Imputed>> {
        let asks = |data: Option<ImputedData>| matches!(data, Some(ImputedData::Pooled | ImputedData::One(_)));
        if !study.models.iter().any(|m| asks(m.imputation)) {
            return Ok(None);
        }
        let files = study.imputation_files()?;
        let covariates = study.imputed_covariates();
        let options = options(study, &covariates);
        let mut found = Imputed {
            names: Vec::new(),
            columns: Vec::new(),
            number: study.imputations.as_ref().and_then(|i| i.number.clone()),
            inputs: Vec::new(),
            notes: filled(base, &covariates),
        };
        let records = Records::new(base)?;
        for file in &files {
            let flat = read_flat(&file.path, &file.written, &options, progress)?;
            found.inputs.push(input("imputations", &flat.input));
            found.notes.extend(flat.notes.iter().map(note));
            for set in found.sets_of(flat)? {
                let of = Source { file: &file.written, set: &set.name };
                found.columns.push(records.complete(&set.table, &covariates, &of)?);
                found.names.push(set.name);
            }
        }
        Ok(Some(found))
    }

    /// The data sets of a file.
    fn sets_of(&mut self, flat: Flat) -> Result<Vec<Completed>> {
        let Some(column) = &self.number else {
            return Ok(vec![Completed { name: flat.input.path, table: flat.table }]);
        };
        let (sets, original) = stacked(&flat.table, column).map_err(Error::Pooling)?;
        if let Some(twice) = sets.iter().find(|set| self.names.contains(&set.name)) {
            return Err(Error::Pooling(PoolingError::Twice { name: twice.name.clone() }));
        }
        if original > 0 {
            let message = "rows of imputation 0, the incomplete original, left out";
            self.notes.push(note(&Note::new("imputations", message, original, "rows")));
        }
        Ok(sets)
    }

    /// The person-time with the values of the data set at a place.
    fn table(&self, base: &Table, place: usize) -> Table {
        let mut table = base.clone();
        self.columns[place].iter().for_each(|column| table.set(column.clone()));
        table
    }

    /// The person-time with the values of the data set of this number. Errors: there is none.
    pub(super) fn one(&self, base: &Table, number: u32) -> Result<Table> {
        let place = match self.number {
            Some(_) => self.names.iter().position(|name| *name == number.to_string()),
            None => (number as usize).checked_sub(1).filter(|place| *place < self.names.len()),
        };
        let place = place.ok_or(Error::Pooling(PoolingError::NoSuch { number, found: self.names.len() }))?;
        Ok(self.table(base, place))
    }

    /// Hands all data sets to `use_them`, each made when it is asked for.
    pub(super) fn pooled<T>(&self, base: &Table, use_them: impl FnOnce(&Sets) -> Result<T>) -> Result<T> {
        let table = |place| Cow::Owned(self.table(base, place));
        use_them(&Sets { names: &self.names, column: self.number.as_deref(), table: &table })
    }
}

/// The columns that are read: what a record is known by, what is compared, what is missing.
fn options(study: &Study, covariates: &[&str]) -> FlatOptions {
    let declared = study.imputations.as_ref();
    let number = declared.and_then(|i| i.number.clone());
    let fixed = ["person", "entry", "exit", "event"].into_iter().chain(covariates.iter().copied());
    FlatOptions {
        delimiter: declared.and_then(|i| i.delimiter),
        encoding: declared.and_then(|i| i.encoding),
        decimal: declared.and_then(|i| i.decimal),
        columns: Some(fixed.map(str::to_owned).chain(number).collect()),
        ..FlatOptions::default()
    }
}

/// How many values of each covariate are missing in the person-time.
fn filled(base: &Table, covariates: &[&str]) -> Vec<report::Note> {
    let one = |name: &&str| {
        let column = base.column(name)?;
        let missing = (0..base.n_rows()).filter(|row| column.data.is_missing(*row)).count() as u64;
        let message = "missing values that the completed data sets give";
        Some(note(&Note::new(&format!("covariate.{name}"), message, missing, "records")))
    };
    covariates.iter().filter_map(one).collect()
}

/// Which data set a fault is in.
struct Source<'a> {
    file: &'a str,
    set: &'a str,
}

impl Source<'_> {
    fn fault(&self, column: Option<&str>, rule: String, remedy: &str) -> Error {
        let place = Place::file(format!("{}, imputation {}", self.file, self.set));
        let place = match column {
            Some(column) => place.in_column(column),
            None => place,
        };
        Error::Load(LoadError::Values(vec![Fault::new(place, rule, remedy)]))
    }
}

const OTHER_BUILD: &str =
    "it was made from another build: impute what `cohort build` writes of this study and these extracts";

/// The records of the person-time by what they are known by.
struct Records<'a> {
    base: &'a Table,
    rows: HashMap<(i32, i32), u32>,
}

impl<'a> Records<'a> {
    fn new(base: &'a Table) -> Result<Records<'a>> {
        let (person, entry) = (whole(base, "person"), whole(base, "entry"));
        let rows: HashMap<(i32, i32), u32> = (0..base.n_rows())
            .map(|row| ((person(row).unwrap_or_default(), entry(row).unwrap_or_default()), row as u32))
            .collect();
        match rows.len() == base.n_rows() {
            true => Ok(Records { base, rows }),
            false => Err(Error::Pooling(PoolingError::SameEntry)),
        }
    }

    /// The row of the file for every record. Errors: records that are not there, rows that are none, ends that differ.
    fn rows(&self, table: &Table, of: &Source) -> Result<Vec<u32>> {
        for name in ["person", "entry"] {
            if table.column(name).is_none() {
                let rule = format!("there is no column `{name}`, by which records are known");
                return Err(of.fault(None, rule, "keep the columns person and entry of what `cohort build` writes"));
            }
        }
        let (person, entry) = (whole(table, "person"), whole(table, "entry"));
        let mut places = vec![u32::MAX; self.base.n_rows()];
        let (mut strange, mut twice) = (0, 0);
        for row in 0..table.n_rows() {
            let record = person(row).zip(entry(row)).and_then(|key| self.rows.get(&key));
            match record.map(|r| &mut places[*r as usize]) {
                None => strange += 1,
                Some(place) if *place != u32::MAX => twice += 1,
                Some(place) => *place = row as u32,
            }
        }
        let absent = places.iter().filter(|p| **p == u32::MAX).count();
        if absent + strange + twice > 0 {
            let rule = format!(
                "{absent} records of the person-time are not there, {twice} are there more than once, and {strange} rows \
                 are no record of it"
            );
            return Err(of.fault(None, rule, OTHER_BUILD));
        }
        let differs = |name: &str| {
            let (Some(ours), Some(theirs)) = (self.base.column(name), table.column(name)) else { return 0 };
            let same = |(r, row): (usize, &u32)| value(&ours.data, r) == value(&theirs.data, *row as usize);
            places.iter().enumerate().filter(|at| !same(*at)).count()
        };
        match ["exit", "event"].into_iter().map(|name| (name, differs(name))).find(|(_, n)| *n > 0) {
            Some((name, n)) => {
                Err(of.fault(Some(name), format!("{n} records differ from the person-time"), OTHER_BUILD))
            }
            None => Ok(places),
        }
    }

    /// The covariates with the missing values filled in.
    fn complete(&self, table: &Table, covariates: &[&str], of: &Source) -> Result<Vec<Column>> {
        let rows = self.rows(table, of)?;
        covariates.iter().map(|name| self.covariate(table, name, &rows, of)).collect()
    }

    fn covariate(&self, table: &Table, name: &str, rows: &[u32], of: &Source) -> Result<Column> {
        let base = self.base.column(name).expect("every covariate of the study is a column of its person-time");
        let Some(given) = table.column(name) else {
            return Err(of.fault(None, format!("there is no column `{name}`"), "give every covariate that is imputed"));
        };
        let mut counts = Counts::default();
        let data = match &base.data {
            ColumnData::Factor(factor) => levels(factor, &given.data, rows, &mut counts),
            ColumnData::Number(values) => numbers(values, &given.data, rows, &mut counts),
            _ => unreachable!("covariates are factors or numbers"),
        };
        counts.check(name, of)?;
        Ok(Column { name: base.name.clone(), label: base.label.clone(), data })
    }
}

/// What is wrong with the values of a column.
#[derive(Default)]
struct Counts {
    missing: usize,
    unknown: usize,
    differ: usize,
}

impl Counts {
    fn check(&self, column: &str, of: &Source) -> Result<()> {
        let Counts { missing, unknown, differ } = self;
        if *differ > 0 {
            let rule = format!("{differ} values that are known differ from the person-time");
            return Err(of.fault(Some(column), rule, OTHER_BUILD));
        }
        if *unknown > 0 {
            let rule = format!("{unknown} imputed values are no level that anybody has, or no number");
            return Err(of.fault(Some(column), rule, "write levels as `cohort build` does"));
        }
        if *missing > 0 {
            let rule = format!("{missing} values are still missing");
            return Err(of.fault(Some(column), rule, "a completed data set has a value for every record"));
        }
        Ok(())
    }
}

fn levels(base: &Factor, given: &ColumnData, rows: &[u32], counts: &mut Counts) -> ColumnData {
    // Levels are compared once, not row by row.
    let of_level = |text: &str| base.levels.iter().position(|level| level == text).map(|code| code as u32);
    let known: Option<Vec<Option<u32>>> = match given {
        ColumnData::Factor(f) => Some(f.levels.iter().map(|level| of_level(level)).collect()),
        _ => None,
    };
    let code_of = |row: usize| match (given, &known) {
        (ColumnData::Factor(f), Some(known)) => f.codes.get(row).and_then(|code| known[code as usize]),
        (ColumnData::Logical(v), _) => v[row].and_then(|b| of_level(if b { "true" } else { "false" })),
        _ => given.number(row).and_then(|x| of_level(&crate::formula::number_text(x))),
    };
    let codes = rows.iter().enumerate().map(|(record, &row)| {
        let (ours, theirs) = (base.codes.get(record), code_of(row as usize));
        match (ours, theirs) {
            (Some(_), Some(_)) if ours != theirs => counts.differ += 1,
            (Some(_), None) => counts.differ += usize::from(!given.is_missing(row as usize)),
            (None, None) if given.is_missing(row as usize) => counts.missing += 1,
            (None, None) => counts.unknown += 1,
            _ => {}
        }
        ours.or(theirs)
    });
    let codes = Codes::pack(codes, base.levels.len());
    ColumnData::Factor(Factor {
        codes,
        levels: base.levels.clone(),
        labels: base.labels.clone(),
        declared: base.declared,
    })
}

fn numbers(base: &[f64], given: &ColumnData, rows: &[u32], counts: &mut Counts) -> ColumnData {
    let one = |(&ours, &row): (&f64, &u32)| {
        let theirs = value(given, row as usize);
        if !ours.is_nan() {
            let same = theirs.is_none_or(|x| (x - ours).abs() <= SAME * ours.abs().max(1.0));
            counts.differ += usize::from(!same);
            return ours;
        }
        match theirs {
            None if given.is_missing(row as usize) => counts.missing += 1,
            None => counts.unknown += 1,
            Some(_) => {}
        }
        theirs.unwrap_or(f64::NAN)
    };
    ColumnData::Number(base.iter().zip(rows).map(one).collect())
}

/// A value as a number; text that spells a number or a truth value (files that hold `NA` elsewhere are text) is one.
fn value(data: &ColumnData, row: usize) -> Option<f64> {
    let number = match data {
        ColumnData::Factor(f) => match f.codes.get(row).map(|code| f.levels[code as usize].as_str())? {
            "TRUE" | "true" => 1.0,
            "FALSE" | "false" => 0.0,
            text => text.trim().parse().ok()?,
        },
        other => other.number(row)?,
    };
    (!number.is_nan()).then_some(number)
}

/// The whole numbers of a column; `None` where there is none.
fn whole<'t>(table: &'t Table, name: &str) -> impl Fn(usize) -> Option<i32> + 't {
    let column = table.column(name);
    move |row| {
        let x = value(&column?.data, row)?;
        (x == x.trunc() && x.abs() < f64::from(i32::MAX)).then_some(x as i32)
    }
}
