//! The records as a table, and the table as a Parquet file.

use super::ExitCount;
use super::condition::table_column;
use super::current::Records;
use super::error::{Fault, LoadError, Place};
use super::follow_up::Span;
use super::people::Slots;
use crate::stored::Sheet;
use crate::study::{Covariate, Study};
use crate::table::{Codes, Column, ColumnData, Factor, Table};
use polars::prelude::{DataFrame, ParquetCompression, ParquetWriter};
use rayon::prelude::*;
use std::fs::File;
use std::path::Path;

/// What a record ends with that is not the last of its person.
pub const CONTINUES: &str = "follow-up continues";

/// The table: `person`, `entry`, `exit`, `event`, `exit_reason`, then the covariates; `numbers` are those of the persons
/// followed.
pub(crate) fn table(
    numbers: &[u32],
    spans: &[Span],
    records: &Records,
    exits: &[ExitCount],
    covariates: Vec<Column>,
) -> Table {
    let column = |name: &str, label: &str, data| Column { name: name.into(), label: label.into(), data };
    let who = |r: usize| records.who[r] as usize;
    let days = |v: &[i32]| v.iter().enumerate().map(|(r, day)| day - spans[who(r)].origin).collect();
    let is_last = |r: usize| r + 1 == records.len() || who(r + 1) != who(r);
    let all = 0..records.len();
    let persons = all.clone().map(|r| numbers[who(r)] as i32).collect();
    let events = all.clone().map(|r| Some(is_last(r) && spans[who(r)].event)).collect();
    let ends = all.map(|r| is_last(r).then(|| spans[who(r)].reason));
    let mut columns = vec![
        column("person", "Person", ColumnData::Whole(persons)),
        column("entry", "Entry, days", ColumnData::Whole(days(&records.entry))),
        column("exit", "Exit, days", ColumnData::Whole(days(&records.exit))),
        column("event", "Event", ColumnData::Logical(events)),
        column(
            "exit_reason",
            "End of follow-up",
            ColumnData::Factor(reasons(ends, exits, records.len() > spans.len())),
        ),
    ];
    columns.extend(covariates);
    Table::new(columns)
}

/// The table without the columns `changing`, and without the cuts that only they made: records of a person that follow
/// each other become one, which ends as the last of them.
pub fn join_records(table: &Table, changing: &[&str]) -> Table {
    let whole = |name: &str| match table.column(name).map(|c| &c.data) {
        Some(ColumnData::Whole(v)) => v.as_slice(),
        _ => panic!("a person-time table has a column {name} of whole numbers"),
    };
    let (person, entry, exit) = (whole("person"), whole("entry"), whole("exit"));
    // A comparison person who enters as exposed on the day of exit has two follow-ups, not one that is cut.
    let reason = match table.column("exit_reason").map(|c| &c.data) {
        Some(ColumnData::Factor(f)) => Some((f, f.levels.iter().position(|l| l == CONTINUES))),
        _ => None,
    };
    let continues =
        |r: usize| reason.is_none_or(|(f, level)| level.is_some() && f.codes.get(r).map(|code| code as usize) == level);
    let goes_on =
        |r: usize| continues(r) && r + 1 < exit.len() && person[r + 1] == person[r] && entry[r + 1] == exit[r];
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for r in 0..exit.len() {
        if r == 0 || !goes_on(r - 1) {
            first.push(r as u32);
        }
        if !goes_on(r) {
            last.push(r as u32);
        }
    }
    let ends = ["exit", "event", "exit_reason"];
    let columns = table.columns().iter().filter(|c| !changing.contains(&c.name.as_str())).map(|c| Column {
        name: c.name.clone(),
        label: c.label.clone(),
        data: c.data.take(if ends.contains(&c.name.as_str()) { &last } else { &first }),
    });
    Table::new(columns.collect())
}

/// The covariates as columns, in the order of the study.
pub(crate) fn covariate_columns(study: &Study, slots: &Slots) -> Vec<Column> {
    let column = |covariate: &Covariate| Column {
        name: covariate.name.clone(),
        label: covariate.label.clone(),
        data: slots.data(study, &covariate.name),
    };
    let covariates: Vec<&Covariate> = study.covariates.values().collect();
    covariates.into_par_iter().map(column).collect()
}

/// Why follow-up ended with each record, `None` where it goes on; the levels are the reasons that occur, in the order of
/// the study.
fn reasons(ends: impl Iterator<Item = Option<u32>>, exits: &[ExitCount], several: bool) -> Factor {
    let mut levels: Vec<String> = Vec::new();
    let mut level_of_reason = Vec::new();
    for exit in exits {
        // Two exits may have one label; they are one level.
        let known = levels.iter().position(|l| *l == exit.reason);
        if known.is_none() && exit.persons > 0 {
            levels.push(exit.reason.clone());
        }
        level_of_reason.push(known.unwrap_or(levels.len().saturating_sub(1)) as u32);
    }
    let goes_on = levels.len() as u32;
    if several {
        levels.push(CONTINUES.to_owned());
    }
    let code = |end: Option<u32>| Some(end.map_or(goes_on, |reason| level_of_reason[reason as usize]));
    Factor { codes: Codes::pack(ends.map(code), levels.len()), labels: levels.clone(), levels, declared: true }
}

/// Writes a table as Parquet: factors as text, missing values as null. The same table gives the same bytes.
///
/// Errors: `LoadError::Write`.
pub fn write_parquet(table: &Table, path: &Path) -> Result<(), LoadError> {
    let fault = |rule: String| {
        let place = Place::file(path.display().to_string());
        LoadError::Write(Fault::new(place, rule, "check the folder and the space that is left"))
    };
    let file = File::create(path).map_err(|e| fault(format!("the file cannot be written ({})", e.kind())))?;
    let columns = table.columns().iter().map(|c| table_column(&c.name, &c.data)).collect();
    let mut frame = DataFrame::new(table.n_rows(), columns).expect("columns of a table have one length");
    let written = ParquetWriter::new(&file).with_compression(ParquetCompression::Zstd(None)).finish(&mut frame);
    written.map_err(|_| fault("writing stopped before the end".to_string()))?;
    file.sync_all().map_err(|e| fault(format!("writing stopped before the end ({})", e.kind())))
}

/// Writes a table as CSV in UTF-8 with commas: factors as their levels, true and false as 1 and 0, missing values empty.
///
/// Errors: `LoadError::Write`.
pub fn write_csv(table: &Table, path: &Path) -> Result<(), LoadError> {
    let fault = |rule: String| {
        let place = Place::file(path.display().to_string());
        LoadError::Write(Fault::new(place, rule, "check the folder and the space that is left"))
    };
    let file = File::create(path).map_err(|e| fault(format!("the file cannot be written ({})", e.kind())))?;
    let mut writer = csv::Writer::from_writer(file);
    let mut write = || -> csv::Result<()> {
        writer.write_record(table.columns().iter().map(|c| c.name.as_str()))?;
        let mut fields: Vec<String> = vec![String::new(); table.columns().len()];
        for row in 0..table.n_rows() {
            fields.iter_mut().zip(table.columns()).for_each(|(field, column)| print(&column.data, row, field));
            writer.write_record(&fields)?;
        }
        writer.flush()?;
        Ok(())
    };
    write().map_err(|_| fault("writing stopped before the end".to_string()))
}

/// Writes a table as Stata `.dta`: factors as numbers with value labels, their reference first.
///
/// Errors: `LoadError::Write`, also for a name or text that Stata does not allow.
pub fn write_stata(table: &Table, path: &Path) -> Result<(), LoadError> {
    let fault = |rule: String| {
        let place = Place::file(path.display().to_string());
        LoadError::Write(Fault::new(place, rule, "check the folder and the space that is left"))
    };
    let file = File::create(path).map_err(|e| fault(format!("the file cannot be written ({})", e.kind())))?;
    let written = Sheet::of_table(table).write_stata(std::io::BufWriter::new(file));
    written.map_err(|e| fault(e.to_string()))
}

/// A cell as text.
fn print(data: &ColumnData, row: usize, field: &mut String) {
    use std::fmt::Write;
    field.clear();
    if data.is_missing(row) {
        return;
    }
    // Writing to a String does not fail.
    let _ = match data {
        ColumnData::Factor(f) => {
            let level = f.codes.get(row).map_or("", |code| f.levels[code as usize].as_str());
            write!(field, "{level}")
        }
        ColumnData::Number(v) => write!(field, "{}", v[row]),
        ColumnData::Whole(v) => write!(field, "{}", v[row]),
        ColumnData::Day(v) => write!(field, "{}", crate::day::Day(v[row])),
        ColumnData::Logical(v) => write!(field, "{}", u8::from(v[row] == Some(true))),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_follow_each_other_become_one() {
        let whole = |name: &str, v: &[i32]| Column {
            name: name.into(),
            label: name.into(),
            data: ColumnData::Whole(v.to_vec()),
        };
        let event = [false, true, false, false].map(Some).to_vec();
        let table = Table::new(vec![
            whole("person", &[1, 1, 2, 2]),
            whole("entry", &[0, 5, 0, 9]),
            whole("exit", &[5, 8, 4, 12]),
            Column { name: "event".into(), label: "Event".into(), data: ColumnData::Logical(event) },
            whole("age", &[1, 2, 1, 1]),
        ]);
        let joined = join_records(&table, &["age"]);
        let column = |name: &str| joined.column(name).map(|c| c.data.clone());
        assert_eq!(column("entry"), Some(ColumnData::Whole(vec![0, 0, 9])));
        assert_eq!(column("exit"), Some(ColumnData::Whole(vec![8, 4, 12])), "a gap stays");
        assert_eq!(column("event"), Some(ColumnData::Logical(vec![Some(true), Some(false), Some(false)])));
        assert_eq!(column("age"), None);
    }

    #[test]
    fn two_follow_ups_of_a_person_stay_two() {
        let whole = |name: &str, v: &[i32]| Column {
            name: name.into(),
            label: name.into(),
            data: ColumnData::Whole(v.to_vec()),
        };
        let levels = vec!["death".to_string(), CONTINUES.to_string()];
        let codes = Codes::pack([Some(1), Some(0), Some(0)], 2);
        let reason = Factor { codes, labels: levels.clone(), levels, declared: true };
        let table = Table::new(vec![
            whole("person", &[1, 1, 1]),
            whole("entry", &[0, 5, 8]),
            whole("exit", &[5, 8, 11]),
            Column { name: "exit_reason".into(), label: "End".into(), data: ColumnData::Factor(reason) },
        ]);
        let joined = join_records(&table, &[]);
        assert_eq!(joined.column("exit").map(|c| c.data.clone()), Some(ColumnData::Whole(vec![8, 11])));
    }
}
