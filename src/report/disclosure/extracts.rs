//! Counts of what was read and made of it: covariates, checks of the records, rows over calendar time.

use super::cells::{Place, SIDE, See, level_key, spot};
use super::system::{CellId, System};
use crate::report::{Covariate, RecordCheck, Report, RowsInTime};

fn covariate_key(name: &str, what: &str) -> String {
    format!("covariate|{name}|{what}")
}

fn check_key(check: usize, what: &str) -> String {
    format!("check|{check}|{what}")
}

fn rows_key(rows: &RowsInTime, what: &str) -> String {
    format!("rows|{}|{}|{}|{what}", rows.extract, rows.year, rows.month.unwrap_or_default())
}

/// Shows the persons with and without a value of a covariate to `see`.
pub(super) fn covariate(of: &mut Covariate, see: See<'_>) {
    let numbers = [
        ("persons", &mut of.persons),
        ("missing before", &mut of.missing_before),
        ("missing after", &mut of.missing_after),
        ("unlisted", &mut of.unlisted),
        ("overridden", &mut of.overridden),
    ];
    for (what, count) in numbers {
        let (spot, key) = (spot("covariates", "covariates", &of.name, what), covariate_key(&of.name, what));
        let (bundle, hidden) = (covariate_key(&of.name, ""), &mut of.hidden);
        see(Place { spot, key, bundle, price: SIDE, count, hidden });
    }
}

/// Shows what a check of the records found to `see`.
pub(super) fn check(at: usize, of: &mut RecordCheck, see: See<'_>) {
    for (what, count) in [("found", &mut of.found), ("persons", &mut of.persons)] {
        let (spot, key) = (spot("checks", "checks", &of.looked_for, what), check_key(at, what));
        see(Place { spot, key, bundle: check_key(at, ""), price: SIDE, count, hidden: &mut of.hidden });
    }
}

/// Shows the rows of an extract in a year or month to `see`.
pub(super) fn rows(of: &mut RowsInTime, see: See<'_>) {
    let period = of.month.map_or(of.year.to_string(), |month| format!("{}-{month:02}", of.year));
    let row = format!("{} {period}", of.extract);
    let (all, without) = (rows_key(of, "rows"), rows_key(of, "without key"));
    for (what, key, count) in [("rows", all, &mut of.rows), ("without key", without, &mut of.without_key)] {
        let spot = spot("rows_in_time", "rows over calendar time", &row, what);
        see(Place { spot, bundle: key.clone(), key, price: SIDE, count, hidden: &mut of.hidden });
    }
}

/// States what these counts add up to.
pub(super) fn state(report: &Report, system: &mut System) {
    report.covariates.iter().for_each(|c| state_covariate(report, c, system));
    for (at, check) in report.checks.iter().enumerate() {
        let [found, persons] = ["found", "persons"].map(|what| system.find(&check_key(at, what)));
        if let Some((found, persons)) = found.zip(persons) {
            system.within(persons, found);
        }
        // Events outside follow-up may be more than all records.
        let records = found.filter(|_| check.of == "records");
        for (own, total) in [(records, "total|records"), (persons, "total|persons")] {
            if let Some((own, total)) = own.zip(system.find(total)) {
                system.within(own, total);
                system.zero_says_nothing(own);
            }
        }
    }
    for of_extract in report.rows_in_time.chunk_by(|a, b| a.extract == b.extract) {
        state_rows(of_extract, system);
    }
}

/// Persons with a value, without one, and by override are all persons; notes say some of these numbers too.
fn state_covariate(report: &Report, of: &Covariate, system: &mut System) {
    let find = |system: &System, what: &str| system.find(&covariate_key(&of.name, what));
    let [persons, before, after] = ["persons", "missing before", "missing after"].map(|what| find(system, what));
    let [unlisted, overridden] = ["unlisted", "overridden"].map(|what| find(system, what));
    let parts: Vec<CellId> = [before, unlisted, overridden].into_iter().flatten().collect();
    if let Some(persons) = persons {
        system.sum(persons, &parts);
        let last = report.attrition.last().and_then(|s| system.find(&format!("attrition|{}|persons", s.step)));
        if let Some(last) = last {
            system.within(persons, last);
        }
    }
    if let Some((after, before)) = after.zip(before) {
        system.within(after, before);
    }
    // Whoever has no value is in the level for that, once analysed.
    let level = of.if_missing.strip_prefix("level ");
    let row = level.and_then(|level| system.find(&level_key(&of.name, level, "persons")));
    if let Some((before, row)) = before.zip(row) {
        system.within(before, row);
    }
    let said = [(before, "missing values taken as"), (unlisted, "unlisted values"), (overridden, "values given by")];
    for (own, words) in said {
        let is_said = |n: &crate::report::Note| {
            n.source.strip_prefix("covariate.") == Some(of.name.as_str()) && n.message.starts_with(words)
        };
        let notes = report.notes.iter().enumerate().filter(|(_, n)| is_said(n));
        let parts: Vec<CellId> = notes.filter_map(|(i, _)| system.find(&format!("note|{i}"))).collect();
        if let Some(own) = own.filter(|_| !parts.is_empty()) {
            system.sum(own, &parts);
        }
    }
    [before, after, unlisted, overridden].into_iter().flatten().for_each(|id| system.zero_says_nothing(id));
}

/// Rows of months are those of their year, rows of years those of the extract.
fn state_rows(lines: &[RowsInTime], system: &mut System) {
    let is_year = |line: &&RowsInTime| line.month.is_none();
    for (what, all) in [("rows", "rows"), ("without key", "rows without key")] {
        let find = |system: &System, line: &RowsInTime| system.find(&rows_key(line, what));
        let years: Vec<CellId> = lines.iter().filter(is_year).filter_map(|l| find(system, l)).collect();
        let link = system.find(&format!("link|{}|{all}", lines[0].extract));
        if let Some(link) = link.filter(|_| !years.is_empty()) {
            system.sum(link, &years);
        }
        let months: Vec<&RowsInTime> = lines.iter().filter(|l| l.month.is_some()).collect();
        for of_year in months.chunk_by(|a, b| a.year == b.year) {
            let parts: Vec<CellId> = of_year.iter().filter_map(|l| find(system, l)).collect();
            let year = lines.iter().filter(is_year).find(|l| l.year == of_year[0].year).and_then(|l| find(system, l));
            if let Some(whole) = year.or(link).filter(|_| !parts.is_empty()) {
                system.sum(whole, &parts);
            }
        }
    }
    for line in lines {
        let [all, without] = ["rows", "without key"].map(|what| system.find(&rows_key(line, what)));
        if let Some((all, without)) = all.zip(without) {
            system.within(without, all);
        }
        [all, without].into_iter().flatten().for_each(|id| system.zero_says_nothing(id));
    }
}
