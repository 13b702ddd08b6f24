//! The rules of a site on what may leave: named profiles, as their own pages state them, and own ones.
//!
//! A profile is plain data; what it does to a report is said in `report::disclosure`. Nothing here is a default: a study
//! names its profile or exports nothing.

use serde::{Deserialize, Serialize};

/// What a site allows out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// As the study file names it.
    pub name: String,
    /// Counts of persons or events from 1 to `threshold` − 1 are small; 0 or 1: none is.
    pub threshold: u64,
    /// What becomes of small counts.
    pub small: Small,
    /// Whether zero is as small as they are.
    pub hide_zero: bool,
    /// Whether numbers of missing values are protected like others.
    pub hide_missing: bool,
    /// What stands in place of a hidden number.
    pub marker: String,
    /// What becomes of the counts that are left.
    pub rounding: Rounding,
    /// Where totals come from once cells are rounded.
    pub round_totals: Totals,
    /// What becomes of rates once counts are rounded.
    pub rates: Rates,
    /// What becomes of smallest and largest values, medians and percentiles.
    pub extremes: Extremes,
    /// Whether further cells are hidden so that sums and differences do not give small ones back.
    pub secondary: bool,
    /// Estimates of a level with fewer events are hidden; 0: no such rule.
    pub min_events_level: u64,
    /// Estimates of a model with fewer events are hidden; 0: no such rule.
    pub min_events_model: u64,
    /// Estimates of a model whose records exceed its coefficients by less are hidden; 0: no such rule.
    pub min_residual_df: u64,
    /// Nothing leaves of a smaller study population; 0: no such rule.
    pub min_population: u64,
    /// Estimates leave with so many significant digits, halves to even; 0: all.
    pub significant_digits: u32,
    /// Where the rule is written.
    pub source: String,
}

/// What becomes of a small count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Small {
    /// The marker stands in its place.
    #[default]
    Marked,
    /// It is shown as 0.
    Zero,
    /// It is rounded like others; the rounding hides it.
    Rounded,
}

/// How counts are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Not at all.
    #[default]
    None,
    /// To the nearest multiple, halves up.
    Nearest(u64),
    /// 0 stays; others to the middle of their class of this width: ⌈x/n⌉ n − n/2.
    Midpoint(u64),
    /// Counts under the base to 0 or the base, whichever is nearer; others stay.
    Base(u64),
    /// To the nearest 10 under 100, 50 under 1,000, 100 under 10,000, 500 under 100,000, else 1,000.
    BySize,
}

/// Where totals come from once cells are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Totals {
    /// A total is rounded by itself.
    #[default]
    Own,
    /// A total is the sum of its rounded cells that are shown.
    FromCells,
}

/// What becomes of rates and probabilities once counts are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rates {
    /// They are made again from the rounded counts.
    #[default]
    FromRounded,
    /// They are hidden.
    Hide,
}

/// What becomes of smallest and largest values, medians and percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extremes {
    /// Shown.
    Show,
    /// Shown where at least the threshold of records have the value; smallest and largest ones never.
    #[default]
    Threshold,
    /// Hidden.
    Hide,
}

/// Names of the profiles that need no numbers, in the order of messages. `custom` is the further one.
pub const PROFILES: [&str; 14] = [
    "none",
    "no-helsedata",
    "no-ssb",
    "dk-dst",
    "dk-au",
    "dk-sds",
    "dk-sdu",
    "uk-opensafely",
    "uk-opensafely-midpoint6",
    "uk-ehrql-measures",
    "uk-llc",
    "acro",
    "us-drb",
    "ohdsi",
];

/// Sites whose figures are not known to us: a study names them with numbers of its own.
pub const WITHOUT_FIGURES: [(&str, &str); 3] = [
    ("no-microdata", "microdata.no adds noise of an amount that it does not publish"),
    ("fi-findata", "Findata reviews results by hand and publishes no threshold"),
    ("fi-fiona", "Statistics Finland reviews results by hand and publishes no threshold"),
];

impl Profile {
    /// No rule at all.
    pub fn none() -> Profile {
        Profile {
            name: "none".to_owned(),
            threshold: 0,
            small: Small::Marked,
            hide_zero: false,
            hide_missing: false,
            marker: String::new(),
            rounding: Rounding::None,
            round_totals: Totals::Own,
            rates: Rates::FromRounded,
            extremes: Extremes::Show,
            secondary: false,
            min_events_level: 0,
            min_events_model: 0,
            min_residual_df: 0,
            min_population: 0,
            significant_digits: 0,
            source: String::new(),
        }
    }

    /// Counts under `threshold` are hidden, with what would give them back.
    pub fn hiding(name: &str, threshold: u64, marker: &str, source: &str) -> Profile {
        Profile {
            name: name.to_owned(),
            threshold,
            hide_missing: true,
            marker: marker.to_owned(),
            extremes: Extremes::Threshold,
            secondary: true,
            source: source.to_owned(),
            ..Profile::none()
        }
    }

    /// A profile by its name; `None` when there is no such name. `custom` and the sites of [`WITHOUT_FIGURES`] have no
    /// threshold: it is the study's to give.
    pub fn of_name(name: &str) -> Option<Profile> {
        let rounded = |profile: Profile, rounding, round_totals| Profile { rounding, round_totals, ..profile };
        Some(match name {
            "none" => Profile::none(),
            "custom" => Profile::hiding(name, 0, ".", "the study file"),
            "no-helsedata" => Profile::hiding(name, 3, ".", HELSEDATA),
            "no-ssb" => Profile::hiding(name, 3, ".", SSB),
            "no-microdata" => Profile {
                min_population: 1000,
                extremes: Extremes::Hide,
                ..Profile::hiding(name, 0, ".", "https://microdata.no/manual/en/konfidensialitet")
            },
            "dk-dst" => Profile::hiding(name, 5, ".", DST),
            "dk-au" => Profile::hiding(name, 5, ".", AARHUS),
            "dk-sds" => Profile::hiding(name, 5, ".", SDS),
            "dk-sdu" => Profile::hiding(name, 3, ".", "https://www.sdu.dk (its help on anonymising)"),
            "fi-findata" => Profile::hiding(name, 0, ".", FINDATA),
            "fi-fiona" => Profile::hiding(name, 0, ".", FIONA),
            "uk-opensafely" => {
                let hiding = Profile::hiding(name, 8, "[REDACTED]", OPENSAFELY);
                Profile { extremes: Extremes::Hide, ..rounded(hiding, Rounding::Nearest(5), Totals::FromCells) }
            }
            "uk-opensafely-midpoint6" => Profile {
                small: Small::Rounded,
                extremes: Extremes::Hide,
                ..rounded(Profile::hiding(name, 7, "[REDACTED]", OPENSAFELY), Rounding::Midpoint(6), Totals::Own)
            },
            "uk-ehrql-measures" => Profile {
                small: Small::Zero,
                ..rounded(Profile::hiding(name, 8, "[REDACTED]", EHRQL), Rounding::Nearest(5), Totals::FromCells)
            },
            "uk-llc" => Profile {
                hide_zero: true,
                ..Profile::hiding(name, 10, "<10", "https://guidebook.ukllc.ac.uk/docs/user_guide/sdc")
            },
            "acro" => Profile {
                hide_zero: true,
                min_residual_df: 10,
                ..rounded(Profile::hiding(name, 10, ".", ACRO), Rounding::Nearest(5), Totals::Own)
            },
            "us-drb" => Profile {
                significant_digits: 4,
                ..rounded(Profile::hiding(name, 15, "N<15", DRB), Rounding::BySize, Totals::Own)
            },
            "ohdsi" => Profile::hiding(name, 5, "<5", OHDSI),
            _ => return None,
        })
    }

    /// Whether the exported report differs from the internal one.
    pub fn changes_anything(&self) -> bool {
        *self != Profile { name: self.name.clone(), source: self.source.clone(), ..Profile::none() }
            && (self.threshold > 1 || self.hide_zero || self.rounds() || self.min_events() > 0)
    }

    /// Whether counts are rounded.
    pub fn rounds(&self) -> bool {
        self.rounding != Rounding::None
    }

    /// The largest number of events that any rule asks for.
    fn min_events(&self) -> u64 {
        self.min_events_level.max(self.min_events_model).max(self.min_residual_df)
    }
}

impl Rounding {
    /// The number that the study file calls `round_to`; 1 without rounding.
    pub fn step(self) -> u64 {
        match self {
            Rounding::None | Rounding::BySize => 1,
            Rounding::Nearest(n) | Rounding::Midpoint(n) | Rounding::Base(n) => n,
        }
    }

    /// The word that the study file calls `method`.
    pub fn method(self) -> &'static str {
        match self {
            Rounding::None => "none",
            Rounding::Nearest(_) => "nearest",
            Rounding::Midpoint(_) => "midpoint",
            Rounding::Base(_) => "base",
            Rounding::BySize => "by_size",
        }
    }
}

const HELSEDATA: &str = "https://helsedata-test.qa.nhn.no/no/soknadshjelp-aggregerte-opplysninger/begreper/";
const SSB: &str = "https://www.ssb.no/omssb/personvern/personopplysninger-i-statistikken";
const DST: &str = "https://steno-aarhus.github.io/registers-guide/en/14_eksport-hjemsendelse.html";
const AARHUS: &str =
    "https://ph.medarbejdere.au.dk/en/it-security-web-and-telephony/statistics-denmark-dst-research-service";
const SDS: &str = "https://english.sundhedsdatastyrelsen.dk/health-data-and-registers/research-services/apply-for-data/statistics-extraction";
const FINDATA: &str = "https://findata.fi/en/services-and-instructions/producing-anonymous-results/";
const FIONA: &str = "https://stat.fi/en/services/services-for-researchers/instructions-for-researchers/using-the-datasets/output-checking-fiona";
const OPENSAFELY: &str = "https://docs.opensafely.org/outputs/sdc/";
const EHRQL: &str = "https://docs.opensafely.org/ehrql/explanation/measures/";
const ACRO: &str = "https://github.com/AI-SDC/ACRO";
const DRB: &str = "https://github.com/simsong/drb_rounder";
const OHDSI: &str = "https://rdrr.io/cran/DrugExposureDiagnostics/man/obscureCounts.html";
