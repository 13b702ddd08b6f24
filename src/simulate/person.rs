//! One person's register facts, drawn so that the person meets the model study's rules or misses the one of its role.

use super::population::*;
use super::random::Draws;
use crate::day::Day;

/// First and last day of the index window of the model study.
pub(super) const WINDOW: (Day, Day) = (Day(14_610), Day(15_705));
/// The last day of which anything is written.
pub(super) const LAST_DAY: Day = Day(16_800);
/// First year of the wide education file, which has ten.
pub(super) const FIRST_EDUCATION_YEAR: i32 = 2006;
/// Years of the income file: those that a year before an index in the window can be.
pub(super) const INCOME_YEARS: std::ops::RangeInclusive<i32> = 2009..=2011;
/// Age bands of the study, completed years, upper end excluded.
pub(super) const AGE_BANDS: [(i32, i32); 5] = [(18, 25), (25, 35), (35, 45), (45, 55), (55, 66)];

/// Which rule of the model study a person misses; in the order of `persons_per_1000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Cohort,
    NoIndexContact,
    OutsideAge,
    NotResident,
    PriorContact,
    UnassignedCountry,
    ContactOnIndexDay,
    DeadBeforeIndex,
}

impl Role {
    pub(super) const ALL: [Role; 8] = [
        Role::Cohort,
        Role::NoIndexContact,
        Role::OutsideAge,
        Role::NotResident,
        Role::PriorContact,
        Role::UnassignedCountry,
        Role::ContactOnIndexDay,
        Role::DeadBeforeIndex,
    ];

    /// The role of person `person` (from 0): of the first N persons exactly floor(N `cohort` / 1000) are the cohort's;
    /// the others' roles are drawn with the weights `others`.
    pub(super) fn draw(person: u64, cohort: u32, others: &[u32; 7], draws: &mut Draws) -> Role {
        let members_before = |n: u64| n * u64::from(cohort) / 1000;
        if members_before(person + 1) > members_before(person) {
            return Role::Cohort;
        }
        Role::ALL[1 + draws.pick(others)]
    }
}

/// What the registers hold of one person, contacts apart.
pub(super) struct Person {
    pub role: Role,
    /// Position in `PROFILES`.
    pub group: usize,
    /// The day of the index contact (of no contact with a listed code when the role is `NoIndexContact`).
    pub index: Day,
    pub birth_year: i32,
    pub birth_month: u32,
    pub sex: u8,
    pub country: &'static str,
    pub invkat: u8,
    /// Residence spells, first and last day; `None` while it lasts.
    pub spells: Vec<(Day, Option<Day>)>,
    /// Since when which status.
    pub civil: Vec<(Day, u8)>,
    /// Highest education by year from `FIRST_EDUCATION_YEAR`; `None` is an empty cell.
    pub education: [Option<&'static [u8; 6]>; 10],
    /// (year, tenths of 1000 NOK)
    pub income: Vec<(i32, u32)>,
    /// ICPC-2 codes of the index contact.
    pub diagnoses: Vec<&'static str>,
    /// The last day of the month of death: the register gives no day, so nobody dies earlier in the month.
    pub death: Option<Day>,
}

impl Person {
    pub(super) fn draw(role: Role, group_weights: &[u32], draws: &mut Draws) -> Person {
        let index = Day(draws.between(WINDOW.0.0, WINDOW.1.0));
        let group = if role == Role::UnassignedCountry { UNASSIGNED } else { draws.pick(group_weights) };
        let profile = &PROFILES[group];
        let sex = if draws.below(1000) < profile.women_per_1000 { b'2' } else { b'1' };
        let (invkat, country) = origin(group, draws);
        let band = draws.pick(&profile.ages);
        let ages = if role == Role::OutsideAge { draws.one_of(&[(10, 18), (66, 91)]) } else { AGE_BANDS[band] };
        let (birth_year, birth_month) = birth(index, ages, draws);
        let birth = Day::from_ymd(birth_year, birth_month, draws.between(1, 28) as u32).expect("a day up to the 28th");
        let from = if country == "000" { birth } else { arrival(birth, index, invkat, profile, draws) };
        let mut person = Person {
            role,
            group,
            index,
            birth_year,
            birth_month,
            sex,
            country,
            invkat,
            spells: vec![(from, None)],
            civil: Vec::new(),
            education: [None; 10],
            income: Vec::new(),
            diagnoses: Vec::new(),
            death: None,
        };
        person.draw_civil(birth, band, draws);
        let class = draws.pick(&profile.education);
        person.draw_education(class, draws);
        person.draw_income(class, draws);
        person.draw_diagnoses(draws);
        person.draw_residence(draws);
        person.draw_death(draws);
        person
    }

    /// The first day of the first residence spell.
    fn first_resident(&self) -> Day {
        self.spells[0].0
    }

    /// Whether the person lives in the country on `day`, and lives.
    pub(super) fn is_present(&self, day: Day) -> bool {
        self.death.is_none_or(|death| day <= death)
            && self.spells.iter().any(|&(from, to)| from <= day && to.is_none_or(|to| day <= to))
    }

    /// The first day of the residence spell that holds the index day; of the first spell when none does.
    pub(super) fn arrived(&self) -> Day {
        let holds = |(from, to): &&(Day, Option<Day>)| *from <= self.index && to.is_none_or(|to| to >= self.index);
        self.spells.iter().find(holds).map_or(self.first_resident(), |spell| spell.0)
    }

    /// The last day on which follow-up from index can end in an event: emigration, death, or the last day written.
    pub(super) fn last_day_at_risk(&self) -> Day {
        let current = self.spells.iter().find(|(from, to)| *from <= self.index && to.is_none_or(|to| to >= self.index));
        let emigration = current.and_then(|spell| spell.1).unwrap_or(LAST_DAY);
        emigration.min(self.death.unwrap_or(LAST_DAY)).min(LAST_DAY)
    }

    fn draw_civil(&mut self, birth: Day, band: usize, draws: &mut Draws) {
        let mut weights = CIVIL_BY_AGE[band];
        weights[0] = weights[0] * PROFILES[self.group].married_percent / 100;
        if self.invkat == b'B' {
            weights[3] *= UNKNOWN_STATUS_ABROAD;
        }
        let start = self.first_resident().max(birth);
        let adult = Day(birth.0 + 6_575).max(start);
        let married = Day(draws.between(adult.0, self.index.0 - 1).max(start.0 + 1));
        match draws.pick(&weights) {
            0 => self.civil.extend([(start, b'1'), (married, weighted(&MARRIED, draws))]),
            1 => self.civil.push((start, b'1')),
            2 => {
                let ended = Day(draws.between(married.0 + 1, self.index.0));
                self.civil.extend([(married, b'2'), (ended, weighted(&PREVIOUSLY_MARRIED, draws))]);
            }
            _ if draws.below(2) == 0 => self.civil.push((start, b'0')),
            _ => {} // no record at all
        }
        // Changes after index say nothing about the status on the index day.
        if draws.below(1000) < 25 && !self.civil.is_empty() {
            let later = Day(self.index.0 + draws.between(1, 700));
            self.civil.push((later, draws.one_of(b"234")));
        }
    }

    fn draw_education(&mut self, class: usize, draws: &mut Draws) {
        let reference = self.index.year() - 1;
        let digit = match EDUCATION_DIGITS.get(class) {
            Some(digits) => weighted(digits, draws),
            None if draws.below(10) < 4 => b'9',
            None => return, // no record of any year
        };
        let column = draws.below(2) as usize;
        let progress_year = if draws.below(100) < 8 { reference + draws.between(1, 3) } else { i32::MAX };
        let first_october = Day::from_ymd(self.first_resident().year(), 10, 1).expect("a calendar date");
        let first_year = self.first_resident().year() + i32::from(self.first_resident() > first_october);
        for (position, cell) in self.education.iter_mut().enumerate() {
            let year = FIRST_EDUCATION_YEAR + position as i32;
            let age = year - self.birth_year;
            if age < 16 || year < first_year {
                continue;
            }
            let cap = match age {
                ..=18 => b'2',
                19..=21 => b'4',
                _ => b'8',
            };
            let reached = if year >= progress_year && age < 35 { next_digit(digit) } else { digit };
            let shown = if digit == b'9' { digit } else { reached.min(cap) };
            *cell = Some(NUS_CODES[usize::from(shown - b'0')][column]);
        }
    }

    fn draw_income(&mut self, education: usize, draws: &mut Draws) {
        let weights: Vec<u32> =
            PROFILES[self.group].income.iter().zip(INCOME_TILT[education]).map(|(w, tilt)| w * tilt).collect();
        let (low, high) = [(0, 0), (10, 1999), (2000, 3999), (4000, 5999), (6000, 14_000)][draws.pick(&weights)];
        let tenths = draws.between(low, high) as u32;
        let tenths = if draws.below(10) < 6 { tenths / 10 * 10 } else { tenths };
        let reference = self.index.year() - 1;
        for year in INCOME_YEARS {
            let factor = if year == reference { 100 } else { draws.between(80, 120) as u32 };
            let shown = tenths * factor / 100;
            let absent = year < self.first_resident().year() || year - self.birth_year < 17;
            // Most of those without income have no row at all, some a row with zero.
            if !absent && (shown > 0 || draws.below(10) < 3) {
                self.income.push((year, shown));
            }
        }
    }

    fn draw_diagnoses(&mut self, draws: &mut Draws) {
        let class = draws.pick(&PROFILES[self.group].diagnosis);
        self.diagnoses.push(weighted(INDEX_CODES[class], draws));
        let extra = match draws.below(100) {
            0..12 => draws.one_of(&SOMATIC_ICPC),
            12..15 => draws.one_of(&UNLISTED_P),
            15..22 => {
                let class = draws.below(4) as usize;
                weighted(INDEX_CODES[class], draws)
            }
            _ => return,
        };
        if self.diagnoses[0] != extra {
            self.diagnoses.insert(draws.below(2) as usize, extra);
        }
    }

    /// Gaps before index, emigration after it, or absence on the index day where the role asks for it.
    fn draw_residence(&mut self, draws: &mut Draws) {
        let from = self.first_resident();
        if self.role == Role::NotResident {
            let to = Day(self.index.0 - draws.between(10, 500));
            self.spells[0] = (from.min(Day(to.0 - 60)), Some(to));
            if draws.below(2) == 0 {
                self.spells.push((Day(self.index.0 + draws.between(20, 300)), None));
            }
            return;
        }
        let stay = self.index.0 - from.0;
        if self.invkat == b'B' && stay > 1800 && draws.below(100) < 5 {
            let left = from.0 + draws.between(365, stay / 3);
            let back = left + draws.between(100, stay / 3);
            self.spells[0].1 = Some(Day(left));
            self.spells.push((Day(back), None));
        }
        let per_day = PROFILES[self.group].emigrations_per_1000_person_years / 365_250.0;
        let left = f64::from(self.index.0) + (draws.exponential() / per_day).ceil().min(1e6);
        if left < f64::from(LAST_DAY.0) {
            let left = left as i32;
            self.spells.last_mut().expect("one spell at least").1 = Some(Day(left));
            let back = left + draws.between(60, 400);
            if draws.below(5) == 0 && back < LAST_DAY.0 {
                self.spells.push((Day(back), None));
            }
        }
    }

    fn draw_death(&mut self, draws: &mut Draws) {
        if self.role == Role::DeadBeforeIndex {
            self.death =
                Some(last_of_month(self.index.add_months(-1 - draws.between(0, 10)).expect("a date of 2009 on")));
            return;
        }
        let age = f64::from(self.index.year() - self.birth_year);
        let per_day = 0.0008 * libm::exp(0.05 * (age - 18.0)) / 365.25;
        let died = f64::from(self.index.0) + (draws.exponential() / per_day).ceil().min(1e6);
        if died < f64::from(LAST_DAY.0) {
            let death = last_of_month(Day(died as i32));
            // Emigrants' deaths do not reach the register.
            if self.is_present(death) {
                self.death = Some(death);
            }
        }
    }
}

/// Immigrant category and birth country: category B for the migrant groups, any other for the majority.
fn origin(group: usize, draws: &mut Draws) -> (u8, &'static str) {
    if group > 0 {
        let countries = PROFILES[group].countries;
        // The smaller of two positions: the first ones come more often.
        let n = countries.len() as u32;
        return (b'B', countries[draws.below(n).min(draws.below(n)) as usize]);
    }
    let invkat = weighted(&MAJORITY_INVKAT, draws);
    let country = match invkat {
        b'D' => draws.one_of(&ADOPTED_FROM),
        b'E' | b'G' => draws.one_of(&BORN_ABROAD),
        _ => "000",
    };
    (invkat, country)
}

/// Year and month of birth such that the completed years from the 15th of that month to `index` lie in `ages`.
fn birth(index: Day, ages: (i32, i32), draws: &mut Draws) -> (i32, u32) {
    loop {
        let days = draws.between(ages.0 * 1461 / 4, ages.1 * 1461 / 4);
        let (year, month, _) = Day(index.0 - days).ymd();
        let middle = Day::from_ymd(year, month, 15).expect("the 15th is a day of every month");
        if (ages.0..ages.1).contains(&index.completed_years_since(middle)) {
            return (year, month);
        }
    }
}

/// The first day in the country of somebody born abroad: between birth and the day before index.
fn arrival(birth: Day, index: Day, invkat: u8, profile: &Profile, draws: &mut Draws) -> Day {
    if invkat != b'B' {
        return Day(birth.0 + draws.between(30, 3000));
    }
    let stay = (draws.exponential() * profile.mean_years_of_stay * 365.25).ceil();
    let longest = index.0 - birth.0 - 1;
    Day(index.0 - (stay.min(f64::from(longest)) as i32).max(1))
}

fn next_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'2' => b'4',
        b'3'..=b'5' => b'6',
        other => other,
    }
}

fn last_of_month(day: Day) -> Day {
    let (year, month, _) = day.ymd();
    Day::last_of_month(year, month).expect("the month of a date")
}

/// One of `values`, in proportion to the weight beside it.
pub(super) fn weighted<T: Copy>(values: &[(T, u32)], draws: &mut Draws) -> T {
    let total = values.iter().map(|v| v.1).sum();
    let mut rest = draws.below(total);
    for &(value, weight) in values {
        if rest < weight {
            return value;
        }
        rest -= weight;
    }
    values[0].0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_days_are_the_dates_they_stand_for() {
        assert_eq!(Day::from_ymd(2010, 1, 1), Some(WINDOW.0));
        assert_eq!(Day::from_ymd(2012, 12, 31), Some(WINDOW.1));
        assert_eq!(Day::from_ymd(2015, 12, 31), Some(LAST_DAY));
    }

    #[test]
    fn the_cohort_has_its_exact_share() {
        let source = super::super::random::Source::new(5);
        let role = |person| Role::draw(person, 850, &[79, 20, 10, 20, 10, 10, 1], &mut source.stream(person));
        for n in [1, 7, 99, 1000, 1234] {
            assert_eq!((0..n).filter(|&p| role(p) == Role::Cohort).count() as u64, n * 850 / 1000);
        }
        // The size of the model study: floor(1,179,360 * 0.85) = 1,002,456.
        assert_eq!(1_179_360 * 850 / 1000, 1_002_456);
    }
}
