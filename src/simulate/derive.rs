//! The covariates as `examples/phc-opmh/study.toml` defines them, from what is written to the registers.
//!
//! The hazard is computed from these values and from nothing else, so that a model with the study's covariates is the
//! model the data came from.

use super::person::{AGE_BANDS, FIRST_EDUCATION_YEAR, Person};
use super::truth::Levels;
use crate::day::Day;

/// The person's level of each of `truth::VARIABLES`; `None` when the age at index is outside the study's bands or the
/// country belongs to no group.
pub(super) fn levels(person: &Person) -> Option<Levels> {
    let group = migrant_group(person)?;
    let age = age_group(person)?;
    let sex = u8::from(person.sex == b'1');
    Some([
        group,
        sex,
        age,
        civil_status(person),
        education(person),
        length_of_stay(person, group),
        diagnosis(&person.diagnoses)?,
        income_group(person),
    ])
}

/// Country of birth by the example grouping; the majority unless first-generation immigrant.
fn migrant_group(person: &Person) -> Option<u8> {
    if person.invkat != b'B' {
        return Some(0);
    }
    (person.group < super::population::UNASSIGNED).then_some(person.group as u8)
}

/// Completed years at index from the 15th of the month of birth.
fn age_group(person: &Person) -> Option<u8> {
    let birth = Day::from_ymd(person.birth_year, person.birth_month, 15)?;
    let age = person.index.completed_years_since(birth);
    AGE_BANDS.iter().position(|&(from, to)| (from..to).contains(&age)).map(|p| p as u8)
}

/// The latest status on or before the index day; unknown when there is none.
fn civil_status(person: &Person) -> u8 {
    let latest = person.civil.iter().filter(|(since, _)| *since <= person.index).max_by_key(|(since, _)| *since);
    match latest.map(|(_, status)| status) {
        Some(b'2' | b'6') => 0,
        Some(b'1') => 1,
        Some(b'3' | b'4' | b'5' | b'7' | b'8' | b'9') => 2,
        _ => 3,
    }
}

/// First digit of the year before index; unknown when 9 or empty.
fn education(person: &Person) -> u8 {
    let position = person.index.year() - 1 - FIRST_EDUCATION_YEAR;
    match person.education[position as usize].map(|code| code[0]) {
        Some(b'3'..=b'5') => 0,
        Some(b'0'..=b'2') => 1,
        Some(b'6'..=b'8') => 2,
        _ => 3,
    }
}

/// Completed years from the first day of the first residence spell; the majority counts as long.
fn length_of_stay(person: &Person, group: u8) -> u8 {
    let years = person.index.completed_years_since(person.spells[0].0);
    match years {
        _ if group == 0 => 0,
        16.. => 0,
        6..=15 => 1,
        _ => 2,
    }
}

/// The first group in the study's order that has a code of the index contact.
fn diagnosis(codes: &[&str]) -> Option<u8> {
    let number = |code: &&str| code.strip_prefix('P').and_then(|n| n.parse::<u32>().ok());
    let groups: [fn(u32) -> bool; 4] = [
        |n| matches!(n, 3 | 76),
        |n| matches!(n, 1 | 2 | 74 | 82),
        |n| matches!(n, 71 | 72 | 73 | 98),
        |n| matches!(n, 1..=29 | 75..=99),
    ];
    groups.iter().position(|has| codes.iter().filter_map(number).any(has)).map(|p| p as u8)
}

/// Income of the year before index in 1000 NOK; no row counts as 0.
fn income_group(person: &Person) -> u8 {
    let year = person.index.year() - 1;
    let tenths = person.income.iter().find(|(y, _)| *y == year).map_or(0, |(_, tenths)| *tenths);
    match tenths {
        ..10 => 0,
        10..2000 => 1,
        2000..4000 => 2,
        4000..6000 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnosis_takes_the_first_group_in_the_studys_order() {
        assert_eq!(diagnosis(&["P98", "P76"]), Some(0));
        assert_eq!(diagnosis(&["A04", "P74"]), Some(1));
        assert_eq!(diagnosis(&["P29", "P72"]), Some(2));
        assert_eq!(diagnosis(&["P17", "P06"]), Some(3));
        assert_eq!(diagnosis(&["P45", "P70"]), None);
    }
}
