//! The raw values of covariates that are not dated: columns, codes of the index event, SQL, other covariates.

use super::condition;
use super::covariate::fault;
use super::eligibility;
use super::error::LoadError;
use super::people::{Kept, People, Slots};
use super::values::{Dictionary, MISSING_CODE, Values};
use crate::study::{Covariate, MatchedColumn, Source};
use crate::table::ColumnData;
use polars::prelude::{AnyValue, DataType};
use std::sync::Arc;

/// Raw values, one per slot.
pub(crate) struct Raw {
    pub(crate) values: Values,
    pub(crate) dictionary: Arc<Dictionary>,
}

impl Raw {
    /// Numbers; NaN is missing.
    pub(crate) fn numbers(values: Vec<f64>) -> Raw {
        Raw { values: Values::Number(values), dictionary: Arc::default() }
    }
}

/// The raw values of a covariate that is not dated.
pub(crate) fn raw_values(people: &People, kept: &Kept, covariate: &Covariate, slots: &Slots) -> Result<Raw, LoadError> {
    match &covariate.source {
        Source::Person(column) => {
            let (values, dictionary) = people.column(&column.column, slots.positions);
            Ok(Raw { values, dictionary: Arc::new(dictionary.clone()) })
        }
        Source::Covariate(name) => Ok(from_data(slots.data(people.study, name))),
        Source::IndexCodes { column } => Ok(index_codes(people, kept, column, slots.positions)),
        Source::Sql(sql) => from_sql(people, covariate, &sql.text, slots),
        Source::Matching(column) => Ok(from_matching(people, *column, slots.positions)),
        _ => unreachable!("dated sources are asked as of days"),
    }
}

/// Group or set of everybody; both are given as soon as somebody has an index date.
fn from_matching(people: &People, column: MatchedColumn, positions: &[u32]) -> Raw {
    let matched = people.matched.as_ref().expect("a checked study that names a matching has one");
    if column == MatchedColumn::Set {
        return Raw::numbers(positions.iter().map(|&p| f64::from(matched.set[p as usize])).collect());
    }
    let mut dictionary = Dictionary::default();
    let [comparison, exposed] = MatchedColumn::GROUPS.map(|group| dictionary.number(group));
    let code = |&p: &u32| if matched.exposed[p as usize] { exposed } else { comparison };
    Raw { values: Values::Code(positions.iter().map(code).collect()), dictionary: Arc::new(dictionary) }
}

/// The codes of all rows of the index event on the index day.
fn index_codes(people: &People, kept: &Kept, column: &str, positions: &[u32]) -> Raw {
    let (extract, request) = eligibility::index_request(people.study).expect("the index is an event");
    let rows = kept.rows(&extract, &request);
    let place = request.columns.iter().position(|c| c.name == column).expect("index codes are kept");
    let days = rows.columns[0].days();
    let (mut ends, mut codes) = (Vec::with_capacity(positions.len()), Vec::new());
    for &position in positions {
        let (person, index) = (people.numbers[position as usize], people.index[position as usize]);
        for row in rows.of(person).filter(|&row| days[row] == index.0) {
            codes.extend_from_slice(rows.columns[place].codes(row));
        }
        ends.push(codes.len());
    }
    Raw { values: Values::Codes { ends, codes }, dictionary: Arc::clone(&rows.dictionaries[place]) }
}

fn from_sql(people: &People, covariate: &Covariate, sql: &str, slots: &Slots) -> Result<Raw, LoadError> {
    let expression = condition::compile(sql, &format!("covariate.{}.sql", covariate.name))?;
    let frame = people.frame(&expression.names, slots);
    let value = expression.value(&frame)?;
    let series = value.as_materialized_series();
    if series.dtype().is_primitive_numeric() {
        let numbers = series.cast(&DataType::Float64).expect("numbers are numbers");
        let numbers = numbers.f64().expect("cast to f64");
        return Ok(Raw::numbers(numbers.iter().map(|x| x.unwrap_or(f64::NAN)).collect()));
    }
    let mut dictionary = Dictionary::default();
    let mut codes = Vec::with_capacity(slots.positions.len());
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
