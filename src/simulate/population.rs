//! Who the people are: shares by migrant group, code texts of the registers. All of it invented; none of it is a
//! statistic of any country. Weights are whole numbers, so that a draw is the same on every machine.

/// How one migrant group (or the majority) is made up. Weights need not add up to anything.
pub(super) struct Profile {
    /// Birth countries, SSB codes; those listed first are drawn more often.
    pub countries: &'static [&'static str],
    pub women_per_1000: u32,
    /// By age band: 18-24, 25-34, 35-44, 45-54, 55-65.
    pub ages: [u32; 5],
    /// Low, upper secondary, higher, unknown.
    pub education: [u32; 4],
    /// None, 1-199, 200-399, 400-599, 600 and more thousand.
    pub income: [u32; 5],
    /// Depression, anxiety or stress, psychosis or bipolar, other.
    pub diagnosis: [u32; 4],
    /// Percent by which marriage is likelier than in the majority.
    pub married_percent: u32,
    /// Mean of the exponential length of stay at index.
    pub mean_years_of_stay: f64,
    pub emigrations_per_1000_person_years: f64,
}

/// In the order of the levels of `migrant_group`; the last is that of countries in no group.
pub(super) const PROFILES: [Profile; 10] = [
    Profile {
        countries: &["000"],
        women_per_1000: 610,
        ages: [15, 21, 24, 21, 19],
        education: [24, 43, 31, 2],
        income: [16, 22, 27, 24, 11],
        diagnosis: [34, 27, 4, 35],
        married_percent: 100,
        mean_years_of_stay: 40.0,
        emigrations_per_1000_person_years: 2.0,
    },
    Profile {
        countries: &["106", "101", "103", "105"],
        women_per_1000: 590,
        ages: [14, 29, 26, 19, 12],
        education: [17, 38, 33, 12],
        income: [16, 22, 28, 22, 12],
        diagnosis: [35, 28, 4, 33],
        married_percent: 90,
        mean_years_of_stay: 12.0,
        emigrations_per_1000_person_years: 45.0,
    },
    Profile {
        countries: &["144", "139", "127", "117", "132", "137", "123", "112"],
        women_per_1000: 560,
        ages: [8, 25, 30, 22, 15],
        education: [9, 30, 47, 14],
        income: [18, 22, 26, 21, 13],
        diagnosis: [37, 29, 4, 30],
        married_percent: 110,
        mean_years_of_stay: 13.0,
        emigrations_per_1000_person_years: 35.0,
    },
    Profile {
        countries: &["131", "136", "124", "133", "115", "113", "152"],
        women_per_1000: 540,
        ages: [11, 34, 29, 16, 10],
        education: [10, 40, 24, 26],
        income: [14, 28, 38, 16, 4],
        diagnosis: [36, 33, 3, 28],
        married_percent: 110,
        mean_years_of_stay: 5.0,
        emigrations_per_1000_person_years: 30.0,
    },
    Profile {
        countries: &["140", "155", "161", "148", "159", "156", "111", "116", "125", "138"],
        women_per_1000: 640,
        ages: [14, 26, 28, 20, 12],
        education: [24, 41, 26, 9],
        income: [24, 27, 30, 15, 4],
        diagnosis: [40, 29, 5, 26],
        married_percent: 120,
        mean_years_of_stay: 11.0,
        emigrations_per_1000_person_years: 8.0,
    },
    Profile {
        countries: &["452", "456", "143", "303", "564", "508", "524"],
        women_per_1000: 530,
        ages: [17, 26, 28, 18, 11],
        education: [39, 27, 22, 12],
        income: [38, 28, 21, 10, 3],
        diagnosis: [43, 27, 5, 25],
        married_percent: 130,
        mean_years_of_stay: 12.0,
        emigrations_per_1000_person_years: 6.0,
    },
    Profile {
        countries: &["346", "241", "246", "279", "260", "313", "386"],
        women_per_1000: 550,
        ages: [20, 32, 25, 13, 10],
        education: [44, 25, 12, 19],
        income: [40, 30, 20, 8, 2],
        diagnosis: [38, 29, 8, 25],
        married_percent: 90,
        mean_years_of_stay: 8.0,
        emigrations_per_1000_person_years: 8.0,
    },
    Profile {
        countries: &["534", "404", "424", "444", "410"],
        women_per_1000: 560,
        ages: [14, 25, 29, 20, 12],
        education: [40, 28, 21, 11],
        income: [34, 27, 24, 11, 4],
        diagnosis: [44, 30, 4, 22],
        married_percent: 150,
        mean_years_of_stay: 14.0,
        emigrations_per_1000_person_years: 7.0,
    },
    Profile {
        countries: &["575", "568", "428", "484", "420", "448"],
        women_per_1000: 700,
        ages: [15, 28, 28, 17, 12],
        education: [34, 28, 24, 14],
        income: [25, 31, 29, 12, 3],
        diagnosis: [38, 30, 5, 27],
        married_percent: 120,
        mean_years_of_stay: 11.0,
        emigrations_per_1000_person_years: 8.0,
    },
    Profile {
        countries: &["684", "725", "715", "705", "612", "805", "406"],
        women_per_1000: 580,
        ages: [12, 30, 30, 18, 10],
        education: [15, 30, 40, 15],
        income: [22, 25, 26, 18, 9],
        diagnosis: [38, 29, 4, 29],
        married_percent: 110,
        mean_years_of_stay: 11.0,
        emigrations_per_1000_person_years: 25.0,
    },
];

/// Position in [`PROFILES`] of people from a country in no group.
pub(super) const UNASSIGNED: usize = 9;

/// Immigrant categories of the majority (not B), with weights: by the study's rule all of them belong to it.
pub(super) const MAJORITY_INVKAT: [(u8, u32); 6] =
    [(b'A', 930), (b'C', 20), (b'D', 10), (b'E', 12), (b'F', 22), (b'G', 6)];

/// Birth countries of the majority's adopted (D) and of those born abroad (E, G).
pub(super) const ADOPTED_FROM: [&str; 4] = ["492", "484", "715", "444"];
pub(super) const BORN_ABROAD: [&str; 4] = ["106", "101", "684", "139"];

/// Married or partner, unmarried, previously married, unknown; by age band.
pub(super) const CIVIL_BY_AGE: [[u32; 4]; 5] =
    [[40, 940, 10, 10], [260, 670, 60, 10], [450, 370, 170, 10], [520, 220, 250, 10], [540, 130, 320, 10]];

/// Factor on the weight of an unknown status for first-generation immigrants.
pub(super) const UNKNOWN_STATUS_ABROAD: u32 = 8;

/// SSB civil status codes of the first three levels, with weights.
pub(super) const MARRIED: [(u8, u32); 2] = [(b'2', 98), (b'6', 2)];
pub(super) const PREVIOUSLY_MARRIED: [(u8, u32); 6] =
    [(b'3', 12), (b'4', 62), (b'5', 23), (b'7', 1), (b'8', 1), (b'9', 1)];

/// First digits of NUS2000 within low, upper secondary and higher education, with weights.
pub(super) const EDUCATION_DIGITS: [&[(u8, u32)]; 3] =
    [&[(b'0', 3), (b'1', 4), (b'2', 93)], &[(b'3', 14), (b'4', 76), (b'5', 10)], &[(b'6', 70), (b'7', 27), (b'8', 3)]];

/// NUS2000-like codes by first digit: six digits whose first is the level; the others are made up.
pub(super) const NUS_CODES: [[&[u8; 6]; 2]; 10] = [
    [b"099010", b"010100"],
    [b"101199", b"199010"],
    [b"201199", b"299901"],
    [b"301102", b"355210"],
    [b"401102", b"455216"],
    [b"541110", b"555307"],
    [b"621102", b"661108"],
    [b"735101", b"763111"],
    [b"835990", b"869911"],
    [b"999999", b"990099"],
];

/// Factors in percent on the income weights, by education (low, upper secondary, higher, unknown).
pub(super) const INCOME_TILT: [[u32; 5]; 4] =
    [[130, 120, 100, 70, 40], [95, 100, 105, 100, 80], [75, 80, 95, 125, 190], [160, 130, 80, 60, 50]];

/// ICPC-2 codes by diagnosis group of the study, with weights; all of them are on its index list.
pub(super) const INDEX_CODES: [&[(&str, u32)]; 4] = [
    &[("P76", 70), ("P03", 30)],
    &[("P74", 35), ("P02", 35), ("P01", 20), ("P82", 10)],
    &[("P73", 45), ("P72", 30), ("P98", 22), ("P71", 3)],
    &[
        ("P06", 30),
        ("P29", 20),
        ("P25", 12),
        ("P15", 10),
        ("P19", 8),
        ("P20", 4),
        ("P75", 3),
        ("P78", 5),
        ("P80", 4),
        ("P81", 5),
        ("P86", 3),
        ("P99", 6),
    ],
];

/// ICPC-2 codes of other chapters.
pub(super) const SOMATIC_ICPC: [&str; 12] =
    ["A04", "A97", "D01", "K86", "L03", "L84", "N01", "R05", "R74", "S88", "T90", "U71"];

/// Process codes of chapter P, tobacco and dementia: letter P, but not on the index list of the study.
pub(super) const UNLISTED_P: [&str; 6] = ["P45", "P50", "P58", "P62", "P17", "P70"];

/// Codes of claims that a specialist sends in ICD-10; P76 and P03 are perinatal there.
pub(super) const CLAIM_ICD10: [&str; 8] = ["F321", "F411", "F432", "J459", "M545", "R104", "P760", "P039"];

/// Main diagnoses of mental-health contacts, by diagnosis group of the study.
pub(super) const MENTAL_ICD10: [&[&str]; 4] = [
    &["F321", "F331", "F322", "F320"],
    &["F411", "F410", "F432", "F431", "F422"],
    &["F200", "F259", "F312", "F29"],
    &["F900", "F603", "F509", "F99"],
];

/// Main diagnoses of contacts in treatment for substance use, and in somatic care.
pub(super) const SUBSTANCE_ICD10: [&str; 4] = ["F102", "F112", "F122", "F192"];
pub(super) const SOMATIC_ICD10: [&str; 8] = ["C509", "E119", "I109", "J459", "K359", "M545", "O800", "S525"];

/// Municipalities of the claims; letters beyond ASCII make the encoding matter.
pub(super) const MUNICIPALITIES: [&str; 8] =
    ["Oslo", "Bergen", "Tromsø", "Bærum", "Ålesund", "Bodø", "Tønsberg", "Værøy"];

#[cfg(test)]
mod tests {
    use super::super::truth::VARIABLES;
    use super::*;

    /// The grouping that the model study reads.
    const GROUPING: &str = include_str!("../../data-fixtures/codelists/country_groups_example.csv");

    fn group_of(country: &str) -> &'static str {
        let line = GROUPING.lines().find(|l| l.starts_with(country)).unwrap_or_else(|| panic!("{country} not listed"));
        let groups = VARIABLES[0].1.iter().copied().chain(["unassigned"]);
        groups.into_iter().find(|g| line.contains(&format!(",{g},"))).unwrap()
    }

    #[test]
    fn every_country_belongs_to_its_group_in_the_example_grouping() {
        for (position, profile) in PROFILES.iter().enumerate() {
            let expected = VARIABLES[0].1.get(position).copied().unwrap_or("unassigned");
            for country in profile.countries {
                assert_eq!(group_of(country), expected, "{country}");
            }
        }
        for country in ADOPTED_FROM.iter().chain(&BORN_ABROAD) {
            group_of(country);
        }
    }

    #[test]
    fn education_codes_begin_with_their_digit() {
        for (digit, codes) in NUS_CODES.iter().enumerate() {
            assert!(codes.iter().all(|c| usize::from(c[0] - b'0') == digit));
        }
    }
}
