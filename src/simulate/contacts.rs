//! Claims of primary care and contacts of specialist care, around the index day.

use super::hazard::Hazard;
use super::keys::{Keys, unknown_key};
use super::person::{LAST_DAY, Person, Role, WINDOW, weighted};
use super::population::*;
use super::random::Draws;
use super::sheets::Sheets;
use super::truth::{Dirt, Levels};
use crate::day::Day;

/// Days of follow-up of the model study.
const FOLLOW_UP: i32 = 730;
/// Two years and a bit: earlier contacts are no prior contacts under a wash-out of 24 months.
const WASHOUT: i32 = 740;
/// Nobody has claims before this day, nor outpatient contacts before the register's first year.
const FIRST_CLAIM: Day = Day(13_149);
const FIRST_CONTACT: Day = Day(13_879);

/// A row of primary care.
pub(super) struct Claim {
    pub date: Day,
    pub codes: String,
    pub system: &'static str,
    pub municipality: &'static str,
}

/// A row of specialist care; `last` is the day of discharge of an inpatient stay.
pub(super) struct Outpatient {
    pub date: Day,
    pub last: Option<Day>,
    pub care_level: u8,
    pub sector: &'static str,
    pub main: String,
    pub other: String,
}

/// What follow-up of a cohort member comes to under the model study.
#[derive(Debug, Clone, Copy)]
pub(super) struct FollowUp {
    pub days: i32,
    pub event: bool,
}

/// Shares of dirt by calendar year, looked up by number.
pub(super) struct DirtByYear {
    shares: Dirt,
    without_key: [f64; 10],
}

impl DirtByYear {
    pub(super) fn new(dirt: &Dirt) -> DirtByYear {
        let without_key =
            std::array::from_fn(|i| dirt.claims_without_key.get(&(2006 + i).to_string()).copied().unwrap_or_default());
        DirtByYear { shares: dirt.clone(), without_key }
    }
}

/// Writes one person's contacts; draws come from the person's own stream.
pub(super) struct Contacts<'a> {
    pub person: &'a Person,
    pub keys: Keys,
    pub dirt: &'a DirtByYear,
    pub sheets: &'a mut Sheets,
    pub draws: &'a mut Draws,
}

impl Contacts<'_> {
    /// Claims before, at and after index.
    ///
    /// No claim inside the window before index has an ICPC-2 code of the study's index list, so that the index day is
    /// the first; persons with the role `NoIndexContact` have none in the whole window.
    pub(super) fn claims(&mut self) {
        for _ in 0..self.draws.pick(&[62, 30, 8]) {
            // Most lie close to index; some anywhere since the register began.
            let furthest = if self.draws.below(8) == 0 { self.person.index.0 - FIRST_CLAIM.0 } else { 900 };
            let date = Day(self.person.index.0 - self.draws.between(1, furthest));
            self.background_claim(date);
        }
        if self.person.role == Role::NoIndexContact {
            self.background_claim(self.person.index);
            return self.claims_after(WINDOW.1.0 - self.person.index.0);
        }
        let codes = self.icpc_cell(&self.person.diagnoses);
        self.write_claim(self.person.index, codes, "ICPC-2");
        self.claims_after(0);
    }

    /// Up to two claims at least `gap` days after index, with listed codes as any other.
    fn claims_after(&mut self, gap: i32) {
        for _ in 0..self.draws.pick(&[58, 32, 10]) {
            let furthest = if self.draws.below(8) == 0 { LAST_DAY.0 - self.person.index.0 - gap } else { 600 };
            let date = Day(self.person.index.0 + gap + self.draws.between(1, furthest));
            if date > LAST_DAY || !self.person.is_present(date) {
                continue;
            }
            if self.draws.below(2) == 0 {
                let class = self.draws.pick(&PROFILES[self.person.group].diagnosis);
                let code = weighted(INDEX_CODES[class], self.draws);
                let codes = self.icpc_cell(&[code]);
                self.write_claim(date, codes, "ICPC-2");
            } else {
                self.background_claim(date);
            }
        }
    }

    /// A claim that can be no index contact: another chapter, an unlisted code, or ICD-10; before the window also a
    /// listed code.
    fn background_claim(&mut self, date: Day) {
        if date < FIRST_CLAIM || !self.person.is_present(date) && date != self.person.index {
            return;
        }
        let kind = self.draws.below(100);
        if kind < 12 {
            let code = self.draws.one_of(&CLAIM_ICD10);
            let codes = self.icd_text(code);
            return self.write_claim(date, codes, "ICD-10");
        }
        let code = match kind {
            12..30 => self.draws.one_of(&UNLISTED_P),
            30..60 if date < WINDOW.0 => "P76",
            _ => self.draws.one_of(&SOMATIC_ICPC),
        };
        let second = self.draws.one_of(&SOMATIC_ICPC);
        let codes = if self.draws.below(5) == 0 && second != code {
            self.icpc_cell(&[code, second])
        } else {
            self.icpc_cell(&[code])
        };
        self.write_claim(date, codes, "ICPC-2");
    }

    /// Claims for other reasons, at any time the person is present.
    pub(super) fn other_claims(&mut self, claims: u32) {
        for _ in 0..claims {
            let date = Day(self.draws.between(FIRST_CLAIM.0, LAST_DAY.0));
            if self.person.is_present(date) {
                let code = self.draws.one_of(&SOMATIC_ICPC);
                let codes = self.icpc_cell(&[code]);
                self.write_claim(date, codes, "ICPC-2");
            }
        }
    }

    fn write_claim(&mut self, date: Day, codes: String, system: &'static str) {
        let claim = Claim { date, codes, system, municipality: self.draws.one_of(&MUNICIPALITIES) };
        self.sheets.claim(Some(self.keys.kuhr), &claim);
        let without_key = self.dirt.without_key[(date.year() - 2006) as usize];
        if self.draws.chance(without_key / (1.0 - without_key)) {
            self.sheets.claim(None, &claim);
        }
        if self.draws.chance(self.dirt.shares.claims_with_unknown_key) {
            self.sheets.claim(Some(unknown_key(self.draws)), &claim);
        }
    }

    /// ICPC-2 codes in one cell, joined by comma, in the spellings of the sources.
    fn icpc_cell(&mut self, codes: &[&str]) -> String {
        let mut cell = String::with_capacity(16);
        for code in codes {
            if !cell.is_empty() {
                cell.push(',');
            }
            if self.draws.chance(self.dirt.shares.codes_with_blanks) {
                cell.push(' ');
            }
            cell.push_str(code);
            if self.draws.chance(self.dirt.shares.codes_seven_characters) {
                cell.push_str(self.draws.one_of(&["0001", "0002", "0012"]));
            }
        }
        if self.draws.chance(self.dirt.shares.codes_lower_case) {
            cell.make_ascii_lowercase();
        }
        cell
    }

    /// An ICD-10 code, some with the dot after the third character, some in lower case or with a blank before it.
    fn icd_text(&mut self, code: &str) -> String {
        let mut text = code.to_owned();
        if code.len() > 3 && self.draws.chance(self.dirt.shares.icd10_codes_with_dot) {
            text.insert(3, '.');
        }
        if self.draws.chance(self.dirt.shares.codes_with_blanks) {
            text.insert(0, ' ');
        }
        if self.draws.chance(self.dirt.shares.codes_lower_case) {
            text.make_ascii_lowercase();
        }
        text
    }

    /// Contacts of specialist care; returns the follow-up of a cohort member with these levels.
    pub(super) fn outpatient(&mut self, levels: Option<&Levels>, hazard: &Hazard) -> Option<FollowUp> {
        let index = self.person.index;
        match self.person.role {
            Role::PriorContact => {
                let resident = index.0 - self.person.arrived().0;
                let prior = Day(index.0 - self.draws.between(1, resident.min(700)));
                self.mental_contact(prior);
            }
            Role::ContactOnIndexDay => self.mental_contact(index),
            _ => {}
        }
        self.elsewhere(index);
        self.absence();
        let levels = levels.filter(|_| self.person.role == Role::Cohort)?;
        let last = self.person.last_day_at_risk().0 - index.0;
        let contact = hazard.day_of_contact(levels, last, self.draws);
        if let Some(day) = contact {
            self.mental_contact(Day(index.0 + day));
            for _ in 0..self.draws.pick(&[45, 35, 20]) {
                let later = day + self.draws.between(1, 200);
                if later <= last {
                    self.mental_contact(Day(index.0 + later));
                }
            }
        }
        let days = contact.unwrap_or(FOLLOW_UP).min(last).min(FOLLOW_UP);
        Some(FollowUp { days, event: contact == Some(days) })
    }

    /// Rows that are no outpatient mental-health contact, or lie before the wash-out.
    fn elsewhere(&mut self, index: Day) {
        if self.draws.below(100) < 14 {
            let date = Day(index.0 + self.draws.between(-400, 600));
            let code = self.draws.one_of(&SOMATIC_ICD10);
            self.contact(date, b'3', "SOM", code);
        }
        if self.draws.below(100) < 3 {
            let date = Day(index.0 + self.draws.between(-400, 600));
            let level = self.draws.one_of(b"112");
            let class = self.draws.pick(&PROFILES[self.person.group].diagnosis);
            let code = self.draws.one_of(MENTAL_ICD10[class]);
            self.contact(date, level, "PHV", code);
        }
        if self.draws.below(100) < 4 && index.0 - WASHOUT > FIRST_CONTACT.0 {
            let date = Day(self.draws.between(FIRST_CONTACT.0, index.0 - WASHOUT));
            self.mental_contact(date);
        }
    }

    /// Contacts of those who come back after emigration: follow-up has ended by then.
    fn absence(&mut self) {
        let index = self.person.index;
        let back = self.person.spells.iter().map(|spell| spell.0).find(|from| *from > index);
        if let Some(back) = back.filter(|_| self.draws.below(4) == 0) {
            let date = Day(back.0 + self.draws.between(0, 100));
            self.mental_contact(date);
        }
    }

    fn mental_contact(&mut self, date: Day) {
        if self.draws.below(100) < 14 {
            let code = self.draws.one_of(&SUBSTANCE_ICD10);
            self.contact(date, b'3', "TSB", code);
        } else {
            let class = self.draws.pick(&PROFILES[self.person.group].diagnosis);
            let code = self.draws.one_of(MENTAL_ICD10[class]);
            self.contact(date, b'3', "PHV", code);
        }
    }

    fn contact(&mut self, date: Day, care_level: u8, sector: &'static str, code: &str) {
        if !(FIRST_CONTACT..=LAST_DAY).contains(&date) || !self.person.is_present(date) {
            return;
        }
        let last = (care_level == b'1').then(|| Day((date.0 + self.draws.between(1, 30)).min(LAST_DAY.0)));
        let main = if self.draws.below(100) < 3 { String::new() } else { self.icd_text(code) };
        let other = match self.draws.below(100) {
            0..12 => {
                let code = self.draws.one_of(&SOMATIC_ICD10);
                self.icd_text(code)
            }
            _ => String::new(),
        };
        let times = 1 + usize::from(self.draws.chance(self.dirt.shares.outpatient_rows_repeated));
        self.sheets.outpatient(self.keys.npr, &Outpatient { date, last, care_level, sector, main, other }, times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_days_are_the_dates_they_stand_for() {
        assert_eq!(Day::from_ymd(2006, 1, 1), Some(FIRST_CLAIM));
        assert_eq!(Day::from_ymd(2008, 1, 1), Some(FIRST_CONTACT));
    }
}
