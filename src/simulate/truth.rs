//! What is true: baseline hazard, hazard ratios, shares of persons and of dirt; read from TOML and checked.

use super::SimulateError;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The default truth, with its comments.
pub const DEFAULT_TRUTH: &str = include_str!("truth.toml");

/// The covariates of the model study that carry a hazard ratio, each with its levels in the order of [`Levels`].
pub const VARIABLES: [(&str, &[&str]); 8] = [
    (
        "migrant_group",
        &[
            "majority",
            "nordic",
            "western_europe",
            "eu_eastern_europe",
            "non_eu_eastern_europe",
            "middle_east_north_africa",
            "sub_saharan_africa",
            "south_asia",
            "east_south_east_asia",
        ],
    ),
    ("sex", &["2", "1"]),
    ("age_group", &["18-24", "25-34", "35-44", "45-54", "55-65"]),
    ("civil_status", &["married", "unmarried", "previously_married", "unknown"]),
    ("education", &["upper_secondary", "low", "higher", "unknown"]),
    ("length_of_stay", &["long", "middle", "short"]),
    ("diagnosis", &["depression", "anxiety", "psychosis", "other"]),
    ("income_group", &["None", "1-199 000 NOK", "200-399 000 NOK", "400-599 000 NOK", "600 000 NOK or more"]),
];

/// One person's level of each of [`VARIABLES`], as a position in its list.
pub type Levels = [u8; VARIABLES.len()];

/// Everything `cohort simulate` takes for true. Field names are those of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// Said at the head of what is written.
    pub note: String,
    /// Hazard by day since index for a person at every reference level; days ascending.
    pub baseline: Vec<BaselineStep>,
    /// How many of 1000 persons miss which rule of the model study.
    pub persons_per_1000: PersonsPer1000,
    /// Relative sizes of the majority and the eight groups.
    pub group_per_1000: IndexMap<String, u32>,
    /// Hazard ratio of every level of every variable of [`VARIABLES`].
    pub hazard_ratio: IndexMap<String, IndexMap<String, f64>>,
    /// Factors for those who have several levels at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interaction: Vec<Interaction>,
    /// Shares of faulty rows.
    pub dirt: Dirt,
    /// Written for scripts beside `hazard_ratio`; read over, so that a written truth is a truth file again.
    #[serde(default, skip_serializing)]
    log_hazard_ratio: Option<toml::Table>,
    /// What an earlier run wrote about itself; read over.
    #[serde(default, skip_serializing)]
    run: Option<toml::Table>,
}

/// The baseline hazard up to and including a day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineStep {
    pub until_day: u32,
    pub per_1000_person_years: f64,
}

/// Persons per 1000; `cohort` meets every rule, each of the others misses the one it is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonsPer1000 {
    pub cohort: u32,
    pub no_index_contact: u32,
    pub outside_age: u32,
    pub not_resident: u32,
    pub prior_contact: u32,
    pub unassigned_country: u32,
    pub contact_on_index_day: u32,
    pub dead_before_index: u32,
}

/// A factor on the hazard of everyone who has all the levels of `when` (variable = level).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interaction {
    pub when: IndexMap<String, String>,
    pub hazard_ratio: f64,
}

/// Shares of rows with the faults of real deliveries, each in [0, 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dirt {
    pub claims_with_unknown_key: f64,
    pub outpatient_rows_repeated: f64,
    pub codes_lower_case: f64,
    pub codes_with_blanks: f64,
    pub codes_seven_characters: f64,
    pub icd10_codes_with_dot: f64,
    /// By calendar year; years not named have none.
    pub claims_without_key: BTreeMap<String, f64>,
}

impl Default for Truth {
    fn default() -> Truth {
        Truth::parse(DEFAULT_TRUTH).expect("the embedded truth is valid; a test reads it")
    }
}

impl Truth {
    /// Reads and checks a truth file. What it does not name keeps the built-in value; arrays are replaced whole.
    ///
    /// Errors: `SimulateError::TruthSyntax` when it is not TOML of this shape, `SimulateError::Truth` when a value
    /// breaks a rule (an unknown level, a hazard that is not positive, shares that do not add up).
    pub fn parse(text: &str) -> Result<Truth, SimulateError> {
        let mut merged: toml::Table = toml::from_str(DEFAULT_TRUTH).map_err(syntax)?;
        overlay(&mut merged, toml::from_str(text).map_err(syntax)?);
        let truth: Truth = merged.try_into().map_err(syntax)?;
        truth.check()?;
        Ok(truth)
    }

    /// Reads and checks the truth file at `path`. Errors: `TruthRead`, and those of [`Truth::parse`].
    pub fn read(path: &Path) -> Result<Truth, SimulateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SimulateError::TruthRead { path: path.to_owned(), source })?;
        Truth::parse(&text)
    }

    fn check(&self) -> Result<(), SimulateError> {
        self.check_baseline()?;
        for (variable, levels) in VARIABLES {
            let given = self
                .hazard_ratio
                .get(variable)
                .ok_or_else(|| fault(format!("[hazard_ratio.{variable}] is missing")))?;
            for &level in levels {
                let ratio = given
                    .get(level)
                    .ok_or_else(|| fault(format!("[hazard_ratio.{variable}] lacks the level \"{level}\"")))?;
                check_ratio(*ratio, &format!("[hazard_ratio.{variable}] {level}"))?;
            }
            if let Some(unknown) = given.keys().find(|k| !levels.contains(&k.as_str())) {
                return Err(fault(format!(
                    "[hazard_ratio.{variable}] has no level \"{unknown}\"; its levels are {}",
                    levels.join(", ")
                )));
            }
        }
        if let Some(unknown) = self.hazard_ratio.keys().find(|k| VARIABLES.iter().all(|(v, _)| v != k)) {
            let known = VARIABLES.map(|(v, _)| v).join(", ");
            return Err(fault(format!("[hazard_ratio.{unknown}] is no variable of the simulation; it has {known}")));
        }
        for interaction in &self.interaction {
            check_ratio(interaction.hazard_ratio, "[[interaction]] hazard_ratio")?;
            interaction.positions()?;
        }
        self.check_shares()
    }

    fn check_baseline(&self) -> Result<(), SimulateError> {
        if self.baseline.is_empty() {
            return Err(fault("[[baseline]] needs at least one step".into()));
        }
        let ascending = self.baseline.windows(2).all(|pair| pair[0].until_day < pair[1].until_day);
        if !ascending || self.baseline[0].until_day == 0 {
            return Err(fault("[[baseline]] until_day must be 1 or more and ascend from step to step".into()));
        }
        for step in &self.baseline {
            check_ratio(step.per_1000_person_years, "[[baseline]] per_1000_person_years")?;
        }
        Ok(())
    }

    fn check_shares(&self) -> Result<(), SimulateError> {
        let persons = &self.persons_per_1000;
        let total: u64 = persons.cohort as u64 + persons.others().iter().map(|&n| u64::from(n)).sum::<u64>();
        if total != 1000 {
            return Err(fault(format!("[persons_per_1000] must add up to 1000, not {total}")));
        }
        let groups = VARIABLES[0].1;
        if self.group_per_1000.len() != groups.len() || groups.iter().any(|g| !self.group_per_1000.contains_key(*g)) {
            return Err(fault(format!("[group_per_1000] needs exactly these groups: {}", groups.join(", "))));
        }
        let total: u64 = self.group_per_1000.values().map(|&n| u64::from(n)).sum();
        if total != 1000 {
            return Err(fault(format!("[group_per_1000] must add up to 1000, not {total}")));
        }
        let dirt = &self.dirt;
        let shares = [
            ("claims_with_unknown_key", dirt.claims_with_unknown_key),
            ("outpatient_rows_repeated", dirt.outpatient_rows_repeated),
            ("codes_lower_case", dirt.codes_lower_case),
            ("codes_with_blanks", dirt.codes_with_blanks),
            ("codes_seven_characters", dirt.codes_seven_characters),
            ("icd10_codes_with_dot", dirt.icd10_codes_with_dot),
        ];
        let by_year = dirt.claims_without_key.values().map(|&share| ("claims_without_key", share));
        for (name, share) in shares.into_iter().chain(by_year) {
            if !(0.0..=0.9).contains(&share) {
                return Err(fault(format!("[dirt] {name} must lie between 0 and 0.9")));
            }
        }
        if let Some(year) = dirt.claims_without_key.keys().find(|y| y.len() != 4 || y.parse::<u16>().is_err()) {
            return Err(fault(format!("[dirt.claims_without_key] {year} is not a year")));
        }
        Ok(())
    }

    /// Log hazard ratios by variable and level, for scripts that compare estimates with the truth.
    pub fn log_hazard_ratios(&self) -> IndexMap<String, IndexMap<String, f64>> {
        let logs = |levels: &IndexMap<String, f64>| levels.iter().map(|(l, hr)| (l.clone(), libm::log(*hr))).collect();
        self.hazard_ratio.iter().map(|(variable, levels)| (variable.clone(), logs(levels))).collect()
    }

    pub(super) fn group_weights(&self) -> Vec<u32> {
        VARIABLES[0].1.iter().map(|group| self.group_per_1000[*group]).collect()
    }
}

impl PersonsPer1000 {
    /// The shares other than `cohort`, in the order of the file.
    pub(super) fn others(&self) -> [u32; 7] {
        [
            self.no_index_contact,
            self.outside_age,
            self.not_resident,
            self.prior_contact,
            self.unassigned_country,
            self.contact_on_index_day,
            self.dead_before_index,
        ]
    }
}

impl Interaction {
    /// The levels of `when` as (variable, level) positions in [`VARIABLES`].
    pub(super) fn positions(&self) -> Result<Vec<(usize, u8)>, SimulateError> {
        if self.when.is_empty() {
            return Err(fault("[[interaction]] when is empty; name a level of each variable".into()));
        }
        let position = |(variable, level): (&String, &String)| {
            let index = VARIABLES.iter().position(|(v, _)| v == variable)?;
            let level = VARIABLES[index].1.iter().position(|l| l == level)?;
            Some((index, level as u8))
        };
        self.when
            .iter()
            .map(|pair| {
                position(pair)
                    .ok_or_else(|| fault(format!("[[interaction]] when: {} has no level \"{}\"", pair.0, pair.1)))
            })
            .collect()
    }
}

/// Puts every value of `from` in its place in `base`, table by table.
fn overlay(base: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => overlay(inner, value),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn syntax(error: toml::de::Error) -> SimulateError {
    SimulateError::TruthSyntax(error.to_string().trim_end().to_owned())
}

fn check_ratio(value: f64, place: &str) -> Result<(), SimulateError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(fault(format!("{place} must be a positive number")))
}

fn fault(message: String) -> SimulateError {
    SimulateError::Truth(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_truth_follows_the_directions_of_the_abstract() {
        let truth = Truth::default();
        let hr = |variable: &str, level: &str| truth.hazard_ratio[variable][level];
        for above in ["nordic", "western_europe", "middle_east_north_africa"] {
            assert!(hr("migrant_group", above) > 1.0);
        }
        for below in ["eu_eastern_europe", "sub_saharan_africa", "south_asia"] {
            assert!(hr("migrant_group", below) < 1.0);
        }
        assert_eq!(hr("migrant_group", "non_eu_eastern_europe"), 1.0);
        assert_eq!(hr("migrant_group", "east_south_east_asia"), 1.0);
        assert!(hr("sex", "1") > hr("sex", "2"));
        assert!(truth.interaction.is_empty());
    }

    #[test]
    fn a_file_changes_only_what_it_names() {
        let truth = Truth::parse("[hazard_ratio.migrant_group]\nnordic = 2.0\n").unwrap();
        let mut expected = Truth::default();
        expected.hazard_ratio["migrant_group"]["nordic"] = 2.0;
        assert_eq!(truth, expected);
        assert_eq!(Truth::parse("").unwrap(), Truth::default());
        let flat = Truth::parse("[[baseline]]\nuntil_day = 730\nper_1000_person_years = 80.0\n").unwrap();
        assert_eq!(flat.baseline.len(), 1);
    }

    #[test]
    fn faults_name_their_place() {
        let message = |text: &str| Truth::parse(text).unwrap_err().to_string();
        assert!(message("[hazard_ratio.migrant_group]\nnordisk = 1.1").contains("has no level \"nordisk\""));
        assert!(message("[hazard_ratio.height]\ntall = 1.1").contains("[hazard_ratio.height] is no variable"));
        assert!(message("[hazard_ratio.diagnosis]\npsychosis = -1.0").contains("[hazard_ratio.diagnosis] psychosis"));
        assert!(message("[hazard_ratio.sex]\n1 = \"high\"").contains("invalid type"));
        let step = "[[baseline]]\nuntil_day = 30\nper_1000_person_years = 1.0\n";
        assert!(message(&step.repeat(2)).contains("ascend"));
        assert!(message("[persons_per_1000]\ncohort = 849").contains("not 999"));
        assert!(message("nota = 1").contains("nota"));
        assert!(message("note = ").contains("line 1"));
        let interaction = "[[interaction]]\nwhen = { sex = \"3\" }\nhazard_ratio = 2.0";
        assert!(message(interaction).contains("sex has no level \"3\""));
    }
}
