//! Covariates as of the index date.
//!
//! Each is derived for everybody with an index date, before the first step, since steps may use them: the
//! source's raw value; overrides (their persons skip the rest); recoding; `unlisted` for raw values that no rule
//! covers; `if_missing`. A level or value that `if_missing` gives stands from derivation on.
//!
//! What is an error waits until it matters: a raw value that no rule covers, until a step uses the covariate or the
//! last step is done; a missing value under `if_missing = "error"`, until the last step is done. Persons whom an
//! earlier step took out no longer count. Until then such a value is unknown to conditions.

use super::attrition::Attrition;
use super::condition;
use super::error::{Fault, LoadError, Place, counted};
use super::extract::{ColumnKey, Request};
use super::people::{Kept, People};
use super::rows::Rows;
use super::schema::{Dictionary, MISSING_CODE, Values};
use super::{Note, eligibility};
use crate::day::Day;
use crate::study::{
    CodeList, Covariate, Cut, DateOf, FactorRules, IfMissing, Kind, Override, PickRow, Recode, Source, Spells, Study,
    Unlisted,
};
use crate::table::{Codes, Column, ColumnData, Factor, MISSING_WHOLE};
use indexmap::IndexMap;
use polars::prelude::{AnyValue, DataType};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A covariate of everybody with an index date.
#[derive(Debug, Clone)]
pub(crate) struct Derived {
    values: DerivedValues,
    /// Persons with a raw value that no rule covers, and a number for that value.
    uncovered: BTreeMap<u32, u32>,
    /// How each value came about: from the source, or by the rule of that number in `rules`.
    how: Vec<u8>,
    /// What the rules are called in notes.
    rules: Vec<String>,
    /// The covariates it needs, directly or through others.
    needs: BTreeSet<String>,
}

#[derive(Debug, Clone)]
enum DerivedValues {
    /// Index of the level as declared; `NO_LEVEL` is missing.
    Level(Vec<u16>),
    /// NaN is missing.
    Number(Vec<f64>),
}

const NO_LEVEL: u16 = u16::MAX;
/// From the source.
const SOURCE: u8 = u8::MAX;

impl Derived {
    /// The values at these positions, as a column of a table; factor levels with the reference first.
    pub(crate) fn data(&self, covariate: &Covariate, positions: &[u32]) -> ColumnData {
        match (&self.values, &covariate.kind) {
            (DerivedValues::Number(v), _) => ColumnData::Number(positions.iter().map(|&p| v[p as usize]).collect()),
            (DerivedValues::Level(v), Kind::Factor(rules)) => {
                let order = rules.reference_first();
                let mut rank = vec![0; order.len()];
                (0u32..).zip(&order).for_each(|(r, &level)| rank[level] = r);
                let code = |&p: &u32| Some(v[p as usize]).filter(|&l| l != NO_LEVEL).map(|l| rank[l as usize]);
                ColumnData::Factor(Factor {
                    codes: Codes::pack(positions.iter().map(code), order.len()),
                    levels: order.iter().map(|&i| rules.levels[i].value.clone()).collect(),
                    labels: order.iter().map(|&i| rules.levels[i].label.clone()).collect(),
                    declared: true,
                })
            }
            (DerivedValues::Level(_), Kind::Number { .. }) => unreachable!("a covariate keeps its kind"),
        }
    }

    fn is_missing(&self, position: u32) -> bool {
        match &self.values {
            DerivedValues::Level(v) => v[position as usize] == NO_LEVEL,
            DerivedValues::Number(v) => v[position as usize].is_nan(),
        }
    }
}

/// The rows that a covariate needs: its extract and the request.
pub(crate) fn request(study: &Study, covariate: &Covariate) -> Option<(String, Request)> {
    let years = |name: &str, first: i32, last: i32, offset: i32| {
        // Only the years that index dates can ask for.
        let from = study.cohort.index.from.map_or(first, |d| d.year() + offset).max(first);
        let to = study.cohort.index.to.map_or(last, |d| d.year() + offset).min(last);
        (from..=to).map(|year| ColumnKey { name: name.to_string(), year: Some(year) }).collect::<Vec<_>>()
    };
    match &covariate.source {
        Source::Status { extract, since, value } => Some((extract.clone(), Request::all(&[since, value]))),
        Source::SpellValue { spells: Spells { extract, from, to }, value } => {
            Some((extract.clone(), Request::all(&[from, to, value])))
        }
        Source::Yearly { extract, year, value, .. } => Some((extract.clone(), Request::all(&[year, value]))),
        Source::Wide { column, at } => {
            let crate::study::ColumnSource::Yearly { first, last, .. } = study.column(column).source else {
                unreachable!("a checked study names a yearly column here")
            };
            let columns = years(&column.column, first, last, at.offset);
            Some((column.extract.clone(), Request { columns, filter: None }))
        }
        Source::YearsSince(DateOf::Row { column, .. }) | Source::YearOf(DateOf::Row { column, .. }) => {
            Some((column.extract.clone(), Request::all(&[&column.column])))
        }
        _ => None,
    }
}

/// Derives all covariates, in an order in which each comes after those it needs.
pub(crate) fn derive_all(people: &People, kept: &Kept) -> Result<IndexMap<String, Derived>, LoadError> {
    let mut derived = IndexMap::new();
    for &i in &people.study.derivation_order {
        let covariate = &people.study.covariates[i];
        let one = derive(people, kept, covariate, &derived)?;
        derived.insert(covariate.name.clone(), one);
    }
    Ok(derived)
}

/// Raw values of everybody with an index date.
struct Raw {
    values: Values,
    dictionary: Arc<Dictionary>,
}

impl Raw {
    fn numbers(values: Vec<f64>) -> Raw {
        Raw { values: Values::Number(values), dictionary: Arc::default() }
    }
}

fn derive(
    people: &People,
    kept: &Kept,
    covariate: &Covariate,
    derived: &IndexMap<String, Derived>,
) -> Result<Derived, LoadError> {
    let raw = raw_values(people, kept, covariate, derived)?;
    let mut needs = BTreeSet::new();
    let mut need = |name: &str| {
        if let Some(other) = derived.get(name) {
            needs.insert(name.to_string());
            needs.extend(other.needs.iter().cloned());
        }
    };
    match &covariate.source {
        Source::Covariate(name) => need(name),
        Source::Sql(sql) => sql.names.iter().for_each(|n| need(n)),
        _ => {}
    }
    let mut out = Derived {
        values: DerivedValues::Number(Vec::new()),
        uncovered: BTreeMap::new(),
        how: vec![SOURCE; people.len()],
        rules: Vec::new(),
        needs,
    };
    match &covariate.kind {
        Kind::Number { overrides, if_missing } => {
            let mut values = number_values(covariate, &raw)?;
            for (position, given) in overridden(people, covariate, overrides, derived, &mut out)? {
                values[position as usize] = given;
            }
            if let IfMissing::Use(value) = *if_missing {
                fill(&mut values, value, |x| x.is_nan(), &mut out, format!("missing values taken as {value}"));
            }
            out.values = DerivedValues::Number(values);
        }
        Kind::Factor(rules) => {
            let given = overridden(people, covariate, &rules.overrides, derived, &mut out)?;
            let mut levels = recode(rules, &raw, &mut out);
            given.into_iter().for_each(|(position, level)| levels[position as usize] = level as u16);
            if let IfMissing::Use(level) = rules.if_missing {
                let rule = format!("missing values taken as level {}", rules.levels[level].value);
                let uncovered = std::mem::take(&mut out.uncovered);
                // A raw value that no rule covers is not missing: it keeps waiting for its error.
                let how: Vec<usize> = uncovered.keys().map(|&p| p as usize).collect();
                how.iter().for_each(|&p| levels[p] = level as u16);
                fill(&mut levels, level as u16, |&l| l == NO_LEVEL, &mut out, rule);
                how.iter().for_each(|&p| levels[p] = NO_LEVEL);
                out.uncovered = uncovered;
            }
            out.values = DerivedValues::Level(levels);
        }
    }
    Ok(out)
}

/// Replaces missing values, and remembers for whom.
fn fill<T: Clone>(values: &mut [T], with: T, missing: impl Fn(&T) -> bool, out: &mut Derived, rule: String) {
    let number = out.rules.len() as u8;
    out.rules.push(rule);
    for (value, how) in values.iter_mut().zip(&mut out.how) {
        if missing(value) {
            *value = with.clone();
            // Somebody whose value an earlier rule made missing is counted there.
            if *how == SOURCE {
                *how = number;
            }
        }
    }
}

/// Persons whose value a condition gives, with the value; the first condition that is true stands.
fn overridden<T: Copy>(
    people: &People,
    covariate: &Covariate,
    overrides: &[Override<T>],
    derived: &IndexMap<String, Derived>,
    out: &mut Derived,
) -> Result<Vec<(u32, T)>, LoadError> {
    let mut given = Vec::new();
    for (i, rule) in overrides.iter().enumerate() {
        let place = format!("covariate.{}.override", covariate.name);
        let condition = condition::compile(&rule.when.text, &place)?;
        for name in &condition.names {
            if let Some(other) = derived.get(name) {
                out.needs.insert(name.clone());
                out.needs.extend(other.needs.iter().cloned());
            }
        }
        let number = out.rules.len() as u8;
        out.rules.push(format!("values given by override {}", i + 1));
        let truth = people.evaluate(&condition, derived, &people.positions())?;
        for (position, truth) in (0u32..).zip(truth) {
            if truth == Some(true) && out.how[position as usize] == SOURCE {
                out.how[position as usize] = number;
                given.push((position, rule.value));
            }
        }
    }
    Ok(given)
}

fn number_values(covariate: &Covariate, raw: &Raw) -> Result<Vec<f64>, LoadError> {
    match &raw.values {
        Values::Number(v) => Ok(v.clone()),
        Values::Whole(v) => Ok(v.iter().map(|&x| if x == MISSING_WHOLE { f64::NAN } else { f64::from(x) }).collect()),
        _ => {
            let rule = "the source does not give numbers";
            Err(fault(covariate, rule, "declare its levels, or a source that gives numbers"))
        }
    }
}

fn fault(covariate: &Covariate, rule: impl Into<String>, remedy: &str) -> LoadError {
    LoadError::Covariate(Fault::new(Place::file(format!("covariate.{}", covariate.name)), rule, remedy))
}

/// What a raw value becomes.
#[derive(Debug, Clone, Copy)]
enum Recoded {
    Missing,
    Level(u16),
    /// No rule covers it; a number for the value.
    Uncovered(u32),
}

/// The levels of raw values; persons with an override are passed over.
fn recode(rules: &FactorRules, raw: &Raw, out: &mut Derived) -> Vec<u16> {
    let mut levels = vec![NO_LEVEL; out.how.len()];
    let unlisted_rule = out.rules.len() as u8;
    let mut unlisted = false;
    let mut known: Vec<Option<Option<(usize, u16)>>> = vec![None; raw.dictionary.texts().len()];
    for (position, slot) in levels.iter_mut().enumerate() {
        if out.how[position] != SOURCE {
            continue;
        }
        let recoded = match (&rules.recode, &raw.values) {
            (Recode::Cut(cut), values) => recode_number(cut, values, position),
            (recode, Values::Code(_) | Values::Codes { .. }) => {
                let codes = raw.values.codes(position);
                // Of several codes, the one whose value comes first in the order of the list, or of the levels.
                let best = codes
                    .iter()
                    .filter_map(|&c| {
                        *known[c as usize].get_or_insert_with(|| code_level(rules, recode, raw.dictionary.text(c)))
                    })
                    .min();
                match (best, codes) {
                    (_, []) => Recoded::Missing,
                    (Some((_, level)), _) => Recoded::Level(level),
                    (None, [first, ..]) => Recoded::Uncovered(*first),
                }
            }
            (recode, values) => recode_printed(rules, recode, values, position),
        };
        match (recoded, rules.unlisted) {
            (Recoded::Level(level), _) => *slot = level,
            (Recoded::Missing, _) => {}
            (Recoded::Uncovered(value), Unlisted::Error) => _ = out.uncovered.insert(position as u32, value),
            (Recoded::Uncovered(_), action) => {
                unlisted = true;
                out.how[position] = unlisted_rule;
                if let Unlisted::Level(level) = action {
                    *slot = level as u16;
                }
            }
        }
    }
    if unlisted {
        out.rules.push(match rules.unlisted {
            Unlisted::Level(level) => format!("unlisted values taken as level {}", rules.levels[level].value),
            _ => "unlisted values taken as missing".to_string(),
        });
    }
    levels
}

/// The level of a code and its place in the order of the list (of the levels, where there is no list).
fn code_level(rules: &FactorRules, recode: &Recode, code: &str) -> Option<(usize, u16)> {
    match recode {
        Recode::AsIs => rules.level_of(code).map(|level| (level, level as u16)),
        Recode::List { prefix, list } => {
            let head: String = code.chars().take(prefix.unwrap_or(usize::MAX)).collect();
            list_level(rules, list, &head)
        }
        Recode::Cut(_) => None,
    }
}

fn list_level(rules: &FactorRules, list: &CodeList, code: &str) -> Option<(usize, u16)> {
    let value = list.value_index(code)?;
    rules.level_of(&list.values[value]).map(|level| (value, level as u16))
}

fn recode_number(cut: &Cut, values: &Values, position: usize) -> Recoded {
    let x = match values {
        Values::Number(v) => v[position],
        Values::Whole(v) | Values::Day(v) if v[position] != MISSING_WHOLE => f64::from(v[position]),
        _ => f64::NAN,
    };
    match cut.class_of(x) {
        _ if x.is_nan() => Recoded::Missing,
        Some(class) => Recoded::Level(class as u16),
        None => Recoded::Uncovered(mix_number(x)),
    }
}

/// Numbers as levels: by their shortest spelling.
fn recode_printed(rules: &FactorRules, recode: &Recode, values: &Values, position: usize) -> Recoded {
    let (text, number) = match values {
        Values::Whole(v) if v[position] != MISSING_WHOLE => (v[position].to_string(), f64::from(v[position])),
        Values::Number(v) if !v[position].is_nan() => (v[position].to_string(), v[position]),
        _ => return Recoded::Missing,
    };
    code_level(rules, recode, &text).map_or(Recoded::Uncovered(mix_number(number)), |(_, level)| Recoded::Level(level))
}

/// A number for a value, to count distinct values with.
fn mix_number(x: f64) -> u32 {
    super::schema::mix(x.to_bits(), 0) as u32
}

/// The raw values of a covariate, for everybody with an index date.
fn raw_values(
    people: &People,
    kept: &Kept,
    covariate: &Covariate,
    derived: &IndexMap<String, Derived>,
) -> Result<Raw, LoadError> {
    let rows = request(people.study, covariate).map(|(extract, request)| kept.rows(&extract, &request));
    let rows = |what: &str| rows.unwrap_or_else(|| panic!("a covariate from {what} asked for its rows"));
    match &covariate.source {
        Source::Person(column) => {
            let (values, dictionary) = people.column(&column.column, &people.positions());
            Ok(Raw { values, dictionary: Arc::new(dictionary.clone()) })
        }
        Source::YearsSince(date) => {
            let dates = dates_of(people, date, rows);
            let years = dates.iter().zip(&people.index).map(|(d, index)| d.map_or(f64::NAN, |d| index.years_since(d)));
            Ok(Raw::numbers(years.collect()))
        }
        Source::YearOf(date) => {
            let dates = dates_of(people, date, rows);
            Ok(Raw::numbers(dates.iter().map(|d| d.map_or(f64::NAN, |d| f64::from(d.year()))).collect()))
        }
        Source::Covariate(name) => {
            let data = derived[name].data(&people.study.covariates[name], &people.positions());
            Ok(from_data(data))
        }
        Source::Status { .. } => picked(covariate, rows("dated changes"), people, 1, |rows, range, index| {
            let days = rows.columns[0].days();
            let last = days[range.clone()].iter().filter(|&&d| d != MISSING_WHOLE && d <= index.0).max()?;
            Some(range.filter(|&row| days[row] == *last).collect())
        }),
        Source::SpellValue { .. } => picked(covariate, rows("spells"), people, 2, |rows, range, index| {
            let (from, to) = (rows.columns[0].days(), rows.columns[1].days());
            let covers = |&row: &usize| {
                from[row] != MISSING_WHOLE && from[row] <= index.0 && (to[row] == MISSING_WHOLE || index.0 <= to[row])
            };
            Some(range.filter(covers).collect())
        }),
        Source::Yearly { at, .. } => yearly(covariate, rows("yearly rows"), people, at.offset),
        Source::Wide { at, .. } => {
            let (_, request) = request(people.study, covariate).expect("a wide covariate asks for its rows");
            Ok(wide(rows("a wide table"), &request.columns, people, at.offset))
        }
        Source::IndexCodes { column } => index_codes(people, kept, column),
        Source::Sql(sql) => from_sql(people, covariate, &sql.text, derived),
    }
}

fn dates_of<'r>(people: &People, date: &DateOf, rows: impl Fn(&str) -> &'r Rows) -> Vec<Option<Day>> {
    let (column, pick) = match date {
        DateOf::Index => return people.index.iter().map(|&d| Some(d)).collect(),
        DateOf::Person(column) => return people.dates(column),
        DateOf::Row { column, pick } => (column, pick),
    };
    let rows = rows(&column.column);
    let days = rows.columns[0].days();
    let of_person = |(&person, index): (&u32, &Day)| {
        let days = days[rows.of(person)].iter().filter(|&&d| d != MISSING_WHOLE);
        match pick {
            PickRow::First => days.min(),
            PickRow::Last => days.max(),
            PickRow::LastBeforeIndex => days.filter(|&&d| d <= index.0).max(),
        }
        .map(|&d| Day(d))
    };
    people.numbers.iter().zip(&people.index).map(of_person).collect()
}

/// The value of the rows that are picked for each person; rows with different values are an error.
fn picked(
    covariate: &Covariate,
    rows: &Rows,
    people: &People,
    value: usize,
    pick: impl Fn(&Rows, std::ops::Range<usize>, Day) -> Option<Vec<usize>>,
) -> Result<Raw, LoadError> {
    let values = &rows.columns[value];
    let mut chosen = Vec::with_capacity(people.len());
    let mut contradicting = 0;
    for (&person, &index) in people.numbers.iter().zip(&people.index) {
        let candidates = pick(rows, rows.of(person), index).unwrap_or_default();
        contradicting += u64::from(candidates.iter().any(|&row| !values.same(row, candidates[0])));
        chosen.push(candidates.first().map(|&row| row as u32));
    }
    if contradicting > 0 {
        let have = if contradicting == 1 { "has" } else { "have" };
        let rule = format!("{} {have} rows of one day with different values", counted(contradicting, "person"));
        return Err(fault(covariate, rule, "repair them at the source, or set a `where` on the extract"));
    }
    Ok(Raw { values: take_or_missing(values, &chosen), dictionary: Arc::clone(&rows.dictionaries[value]) })
}

/// The values of rows, missing where there is no row.
fn take_or_missing(values: &Values, rows: &[Option<u32>]) -> Values {
    let at = |row: &Option<u32>| row.map(|r| r as usize);
    match values {
        Values::Day(v) => Values::Day(rows.iter().map(|r| at(r).map_or(MISSING_WHOLE, |r| v[r])).collect()),
        Values::Whole(v) => Values::Whole(rows.iter().map(|r| at(r).map_or(MISSING_WHOLE, |r| v[r])).collect()),
        Values::Number(v) => Values::Number(rows.iter().map(|r| at(r).map_or(f64::NAN, |r| v[r])).collect()),
        Values::Code(v) => Values::Code(rows.iter().map(|r| at(r).map_or(MISSING_CODE, |r| v[r])).collect()),
        Values::Codes { .. } => {
            let (mut ends, mut codes) = (Vec::with_capacity(rows.len()), Vec::new());
            for row in rows {
                codes.extend_from_slice(at(row).map_or(&[], |r| values.codes(r)));
                ends.push(codes.len());
            }
            Values::Codes { ends, codes }
        }
    }
}

fn yearly(covariate: &Covariate, rows: &Rows, people: &People, offset: i32) -> Result<Raw, LoadError> {
    let Values::Whole(years) = &rows.columns[0] else {
        return Err(fault(covariate, "the year is no whole number", "declare type = \"whole\""));
    };
    let mut chosen = Vec::with_capacity(people.len());
    let mut repeated = 0;
    for (&person, &index) in people.numbers.iter().zip(&people.index) {
        let mut of_year = rows.of(person).filter(|&row| years[row] == index.year() + offset);
        chosen.push(of_year.next().map(|row| row as u32));
        repeated += u64::from(of_year.next().is_some());
    }
    if repeated > 0 {
        let have = if repeated == 1 { "has" } else { "have" };
        let rule = format!("{} {have} more than one row of the year that counts", counted(repeated, "person"));
        let remedy = "set duplicates = \"collapse_identical\" if they are equal, else repair them at the source";
        return Err(fault(covariate, rule, remedy));
    }
    Ok(Raw { values: take_or_missing(&rows.columns[1], &chosen), dictionary: Arc::clone(&rows.dictionaries[1]) })
}

/// The value of the column of the year that counts. The columns of a family have dictionaries of their own.
fn wide(rows: &Rows, columns: &[ColumnKey], people: &People, offset: i32) -> Raw {
    let mut dictionary = Dictionary::default();
    let renumbered: Vec<Vec<u32>> =
        rows.dictionaries.iter().map(|d| d.texts().iter().map(|t| dictionary.number(t)).collect()).collect();
    let cell = |(&person, index): (&u32, &Day)| {
        let row = rows.of(person).next()?;
        let column = columns.iter().position(|c| c.year == Some(index.year() + offset))?;
        Some((row, column))
    };
    let cells: Vec<Option<(usize, usize)>> = people.numbers.iter().zip(&people.index).map(cell).collect();
    let values = match rows.columns.first() {
        Some(Values::Number(_) | Values::Whole(_)) => {
            let number = |(row, column): (usize, usize)| match &rows.columns[column] {
                Values::Number(v) => v[row],
                Values::Whole(v) if v[row] != MISSING_WHOLE => f64::from(v[row]),
                _ => f64::NAN,
            };
            Values::Number(cells.iter().map(|c| c.map_or(f64::NAN, number)).collect())
        }
        _ => {
            let code = |(row, column): (usize, usize)| {
                let codes = rows.columns[column].codes(row);
                codes.first().map_or(MISSING_CODE, |&c| renumbered[column][c as usize])
            };
            Values::Code(cells.iter().map(|c| c.map_or(MISSING_CODE, code)).collect())
        }
    };
    Raw { values, dictionary: Arc::new(dictionary) }
}

/// The codes of all rows of the index event on the index day.
fn index_codes(people: &People, kept: &Kept, column: &str) -> Result<Raw, LoadError> {
    let (extract, request) = eligibility::index_request(people.study).expect("the index is an event");
    let rows = kept.rows(&extract, &request);
    let place = request.columns.iter().position(|c| c.name == column).expect("index codes are kept");
    let days = rows.columns[0].days();
    let (mut ends, mut codes) = (Vec::with_capacity(people.len()), Vec::new());
    for (&person, index) in people.numbers.iter().zip(&people.index) {
        for row in rows.of(person).filter(|&row| days[row] == index.0) {
            codes.extend_from_slice(rows.columns[place].codes(row));
        }
        ends.push(codes.len());
    }
    Ok(Raw { values: Values::Codes { ends, codes }, dictionary: Arc::clone(&rows.dictionaries[place]) })
}

fn from_sql(
    people: &People,
    covariate: &Covariate,
    sql: &str,
    derived: &IndexMap<String, Derived>,
) -> Result<Raw, LoadError> {
    let expression = condition::compile(sql, &format!("covariate.{}.sql", covariate.name))?;
    let frame = people.frame(&expression.names, derived, &people.positions());
    let value = expression.value(&frame)?;
    let series = value.as_materialized_series();
    if series.dtype().is_primitive_numeric() {
        let numbers = series.cast(&DataType::Float64).expect("numbers are numbers");
        let numbers = numbers.f64().expect("cast to f64");
        return Ok(Raw::numbers(numbers.iter().map(|x| x.unwrap_or(f64::NAN)).collect()));
    }
    let mut dictionary = Dictionary::default();
    let mut codes = Vec::with_capacity(people.len());
    for cell in series.iter() {
        codes.push(match cell {
            AnyValue::Null => MISSING_CODE,
            AnyValue::String(text) => dictionary.number(text),
            AnyValue::StringOwned(text) => dictionary.number(&text),
            AnyValue::Boolean(b) => dictionary.number(if b { "true" } else { "false" }),
            _ => {
                let rule = "the SQL expression gives neither text, numbers nor true/false";
                return Err(fault(covariate, rule, "cast it to one of them"));
            }
        });
    }
    Ok(Raw { values: Values::Code(codes), dictionary: Arc::new(dictionary) })
}

/// A derived covariate as raw values of another.
fn from_data(data: ColumnData) -> Raw {
    match data {
        ColumnData::Factor(f) => {
            let mut dictionary = Dictionary::default();
            f.levels.iter().for_each(|level| _ = dictionary.number(level));
            let codes = (0..f.codes.len()).map(|row| f.codes.get(row).unwrap_or(MISSING_CODE)).collect();
            Raw { values: Values::Code(codes), dictionary: Arc::new(dictionary) }
        }
        ColumnData::Number(v) => Raw::numbers(v),
        _ => unreachable!("covariates are factors or numbers"),
    }
}

/// Errors when a covariate that `names` need, or one of those it is made of, has a value that no rule covers.
pub(crate) fn check_covered(
    derived: &IndexMap<String, Derived>,
    names: &[String],
    people: &[u32],
    when: &str,
) -> Result<(), LoadError> {
    let mut all: BTreeSet<&str> = BTreeSet::new();
    for name in names {
        if let Some((name, covariate)) = derived.get_key_value(name) {
            all.insert(name);
            all.extend(covariate.needs.iter().map(String::as_str));
        }
    }
    // In the order of derivation, so that the cause is named rather than what is made of it.
    for (name, covariate) in derived.iter().filter(|(name, _)| all.contains(name.as_str())) {
        let values: Vec<u32> = people.iter().filter_map(|p| covariate.uncovered.get(p).copied()).collect();
        if !values.is_empty() {
            let distinct = values.iter().collect::<BTreeSet<_>>().len() as u64;
            let persons = counted(values.len() as u64, "person");
            let have = if values.len() == 1 { "has" } else { "have" };
            let rule = format!(
                "{persons} {when} {have} a value that no rule covers ({})",
                counted(distinct, "distinct value")
            );
            let place = Place::file(format!("covariate.{name}"));
            let remedy = "add the value to the levels, code list or cut points, or set `unlisted`";
            return Err(LoadError::Covariate(Fault::new(place, rule, remedy)));
        }
    }
    Ok(())
}

/// After the last step: errors for what is not covered or missing, exclusions for what is missing, notes for the rest.
pub(crate) fn settle(
    study: &Study,
    derived: &IndexMap<String, Derived>,
    people: &mut Vec<u32>,
    attrition: &mut Attrition,
    notes: &mut Vec<Note>,
) -> Result<(), LoadError> {
    let names: Vec<String> = study.covariates.keys().cloned().collect();
    check_covered(derived, &names, people, "in the cohort")?;
    for (name, covariate) in &study.covariates {
        let values = &derived[name];
        let excludes = match &covariate.kind {
            Kind::Number { if_missing, .. } => matches!(if_missing, IfMissing::Exclude),
            Kind::Factor(rules) => matches!(rules.if_missing, IfMissing::Exclude),
        };
        if excludes {
            attrition.keep(&format!("{} is known", covariate.label), people, |p| !values.is_missing(p));
        }
    }
    for (name, covariate) in &study.covariates {
        let missing = people.iter().filter(|&&p| derived[name].is_missing(p)).count() as u64;
        if missing > 0 {
            let rule = format!("{} in the cohort without a value", counted(missing, "person"));
            let remedy = "set if_missing to a level, a value or \"exclude\"";
            return Err(fault(covariate, rule, remedy));
        }
    }
    for (name, covariate) in &study.covariates {
        let values = &derived[name];
        for (number, rule) in values.rules.iter().enumerate() {
            let n = people.iter().filter(|&&p| usize::from(values.how[p as usize]) == number).count() as u64;
            notes.push(Note::new(&format!("covariate.{}", covariate.name), rule, n, "persons"));
        }
    }
    Ok(())
}

/// The columns of the table, for the persons at these positions.
pub(crate) fn columns(study: &Study, derived: &IndexMap<String, Derived>, people: &[u32]) -> Vec<Column> {
    let column = |covariate: &Covariate| Column {
        name: covariate.name.clone(),
        label: covariate.label.clone(),
        data: derived[&covariate.name].data(covariate, people),
    };
    study.covariates.values().map(column).collect()
}
