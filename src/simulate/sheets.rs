//! The files of a delivery: their names, headers and rows, in each deliverer's own spelling.

use super::contacts::{Claim, Outpatient};
use super::keys::Keys;
use super::person::{INCOME_YEARS, Person};
use crate::day::Day;

/// First year of the primary-care and of the outpatient files; both end in `LAST_YEAR`.
const FIRST_CLAIM_YEAR: i32 = 2006;
pub(super) const FIRST_OUTPATIENT_YEAR: i32 = 2008;
const LAST_YEAR: i32 = 2015;

const LINKAGE: usize = 0;
const PERSONS: usize = 1;
const RESIDENCE: usize = 2;
const CIVIL: usize = 3;
const EDUCATION: usize = 4;
const INCOME: usize = 5;
const FIRST_CLAIMS: usize = 6;
const FIRST_OUTPATIENT: usize = FIRST_CLAIMS + 2 * (LAST_YEAR - FIRST_CLAIM_YEAR + 1) as usize;
const FILES: usize = FIRST_OUTPATIENT + (LAST_YEAR - FIRST_OUTPATIENT_YEAR + 1) as usize;

/// Path inside the delivery and header row of every file, in the order of [`Sheets`].
pub(super) fn files() -> Vec<(String, String)> {
    let education = (0..10).map(|i| format!(";BU_{}", super::person::FIRST_EDUCATION_YEAR + i)).collect::<String>();
    let mut files = vec![
        ("linkage/koblingsnokkel.csv".to_owned(), "w24_0511_lopenr_person;k2_lopenr;npr_lopenr".to_owned()),
        (
            "population/faste_oppl.csv".to_owned(),
            "w24_0511_lopenr_person;foedsels_aar_mnd;doeds_aar_mnd;kjoenn;fodeland;invkat".to_owned(),
        ),
        ("population/bosatt.csv".to_owned(), "w24_0511_lopenr_person;bosatt_fra;bosatt_til".to_owned()),
        ("population/sivilstand.csv".to_owned(), "w24_0511_lopenr_person;sivst_dato;sivilstand".to_owned()),
        ("education/utd.csv".to_owned(), format!("w24_0511_lopenr_person{education}")),
        ("income/inntekt.csv".to_owned(), "lopenr_person;aargang;wyrkinnt".to_owned()),
    ];
    for year in FIRST_CLAIM_YEAR..=LAST_YEAR {
        for half in 1..=2 {
            let header = "LOPENR_k2_;DATO;DIAGNOSER;DIAGNOSE_KODEVERK;KOMMUNE";
            files.push((format!("kuhr/KUHR_{year}_{half}.dsv"), header.to_owned()));
        }
    }
    for year in FIRST_OUTPATIENT_YEAR..=LAST_YEAR {
        let header = "LOPENR;innDato;utDato;omsorgsniva;sektor;tilstand_1_1;tilstand_2_1";
        files.push((format!("npr/npr_{year}.csv"), header.to_owned()));
    }
    files
}

/// Rows of every file for one chunk of persons, as bytes, with their number.
pub(super) struct Sheets {
    pub bytes: Vec<Vec<u8>>,
    pub rows: Vec<u64>,
}

impl Sheets {
    pub(super) fn new() -> Sheets {
        Sheets { bytes: vec![Vec::new(); FILES], rows: vec![0; FILES] }
    }

    fn row(&mut self, file: usize) -> &mut Vec<u8> {
        self.rows[file] += 1;
        &mut self.bytes[file]
    }

    /// The person's rows of the linkage file and of every file of the statistics office.
    pub(super) fn person(&mut self, person: &Person, keys: Keys) {
        let row = self.row(LINKAGE);
        digits(row, keys.ssb, 7);
        row.extend_from_slice(b";k2_");
        digits(row, keys.kuhr, 7);
        row.push(b';');
        digits(row, keys.npr, 1);
        row.push(b'\n');

        let row = self.row(PERSONS);
        digits(row, keys.ssb, 7);
        row.push(b';');
        year_month(row, person.birth_year, person.birth_month);
        row.push(b';');
        if let Some(death) = person.death {
            let (year, month, _) = death.ymd();
            year_month(row, year, month);
        }
        row.extend_from_slice(&[b';', person.sex, b';']);
        row.extend_from_slice(person.country.as_bytes());
        row.extend_from_slice(&[b';', person.invkat, b'\n']);

        for &(from, to) in &person.spells {
            let row = self.row(RESIDENCE);
            digits(row, keys.ssb, 7);
            row.push(b';');
            iso(row, from);
            row.push(b';');
            if let Some(to) = to {
                iso(row, to);
            }
            row.push(b'\n');
        }
        for &(since, status) in &person.civil {
            let row = self.row(CIVIL);
            digits(row, keys.ssb, 7);
            row.push(b';');
            let (year, month, day) = since.ymd();
            year_month(row, year, month);
            digits(row, day, 2);
            row.extend_from_slice(&[b';', status, b'\n']);
        }
        self.education(person, keys);
        self.income(person, keys);
    }

    /// Persons without a record of any year have no row.
    fn education(&mut self, person: &Person, keys: Keys) {
        if person.education.iter().all(Option::is_none) {
            return;
        }
        let row = self.row(EDUCATION);
        digits(row, keys.ssb, 7);
        for cell in &person.education {
            row.push(b';');
            if let Some(code) = cell {
                row.extend_from_slice(*code);
            }
        }
        row.push(b'\n');
    }

    /// 1000 NOK with a decimal comma where it is not a whole number.
    fn income(&mut self, person: &Person, keys: Keys) {
        for &(year, tenths) in &person.income {
            debug_assert!(INCOME_YEARS.contains(&year));
            let row = self.row(INCOME);
            digits(row, keys.ssb, 7);
            row.push(b';');
            digits(row, year as u32, 4);
            row.push(b';');
            digits(row, tenths / 10, 1);
            if tenths % 10 > 0 {
                row.extend_from_slice(&[b',', b'0' + (tenths % 10) as u8]);
            }
            row.push(b'\n');
        }
    }

    /// A claim, in Latin-1. Without a key the first cell is empty.
    pub(super) fn claim(&mut self, key: Option<u32>, claim: &Claim) {
        let (year, month, _) = claim.date.ymd();
        let half = usize::from(month > 6);
        let row = self.row(FIRST_CLAIMS + 2 * (year - FIRST_CLAIM_YEAR) as usize + half);
        if let Some(key) = key {
            row.extend_from_slice(b"k2_");
            digits(row, key, 7);
        }
        row.push(b';');
        iso(row, claim.date);
        row.push(b';');
        row.extend_from_slice(claim.codes.as_bytes());
        row.push(b';');
        row.extend_from_slice(claim.system.as_bytes());
        row.push(b';');
        // Every letter of the names is below U+0100, where Latin-1 and Unicode agree.
        row.extend(claim.municipality.chars().map(|c| c as u8));
        row.push(b'\n');
    }

    /// A row of specialist care; `times` identical copies.
    pub(super) fn outpatient(&mut self, key: u32, contact: &Outpatient, times: usize) {
        let (year, month, day) = contact.date.ymd();
        for _ in 0..times {
            let row = self.row(FIRST_OUTPATIENT + (year - FIRST_OUTPATIENT_YEAR) as usize);
            digits(row, key, 1);
            row.push(b';');
            digits(row, day, 2);
            row.push(b'.');
            digits(row, month, 2);
            row.push(b'.');
            digits(row, year as u32, 4);
            row.push(b';');
            if let Some(last) = contact.last {
                let (year, month, day) = last.ymd();
                digits(row, day, 2);
                row.push(b'.');
                digits(row, month, 2);
                row.push(b'.');
                digits(row, year as u32, 4);
            }
            row.extend_from_slice(&[b';', contact.care_level, b';']);
            row.extend_from_slice(contact.sector.as_bytes());
            row.push(b';');
            row.extend_from_slice(contact.main.as_bytes());
            row.push(b';');
            row.extend_from_slice(contact.other.as_bytes());
            row.push(b'\n');
        }
    }
}

/// `value` in decimal, padded with zeros to `width`.
fn digits(row: &mut Vec<u8>, mut value: u32, width: usize) {
    let mut text = [b'0'; 10];
    let mut start = text.len();
    while value > 0 {
        start -= 1;
        text[start] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    row.extend_from_slice(&text[start.min(text.len() - width)..]);
}

fn year_month(row: &mut Vec<u8>, year: i32, month: u32) {
    digits(row, year as u32, 4);
    digits(row, month, 2);
}

/// `YYYY-MM-DD`.
fn iso(row: &mut Vec<u8>, day: Day) {
    let (year, month, day) = day.ymd();
    digits(row, year as u32, 4);
    row.push(b'-');
    digits(row, month, 2);
    row.push(b'-');
    digits(row, day, 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_numbers() {
        let text = |value, width| {
            let mut row = Vec::new();
            digits(&mut row, value, width);
            String::from_utf8(row).unwrap()
        };
        assert_eq!([text(42, 7), text(0, 1), text(1234, 2)], ["0000042", "0", "1234"]);
    }

    #[test]
    fn files_and_positions_agree() {
        let files = files();
        assert_eq!(files.len(), FILES);
        assert_eq!(files[FIRST_CLAIMS].0, "kuhr/KUHR_2006_1.dsv");
        assert_eq!(files[FIRST_OUTPATIENT].0, "npr/npr_2008.csv");
        assert_eq!(files[FILES - 1].0, "npr/npr_2015.csv");
    }
}
