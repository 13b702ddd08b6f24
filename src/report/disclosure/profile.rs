//! The rules of a site by name, and own ones.

use super::DisclosureStatement;
use crate::report::ReportError;
use crate::study;
use serde::{Deserialize, Serialize};

/// What a site allows out. The choice is the user's; nothing here is a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// As the study file names it.
    pub name: String,
    /// Counts from 1 to `threshold` − 1 are hidden; 0 hides none.
    pub threshold: u64,
    /// What stands in place of a hidden number.
    pub marker: String,
    /// Counts that are left are rounded to the nearest multiple of this; 1 leaves them.
    pub round_to: u64,
    /// Whether further cells are hidden so that margins do not give hidden ones back.
    pub secondary: bool,
    /// Where the rule is written.
    pub source: String,
}

/// Names of the profiles that need no numbers, in the order of messages. `custom` is the further one.
pub const PROFILES: [&str; 5] = ["none", "no-helsedata", "no-ssb", "dk-dst", "uk-opensafely"];

impl Profile {
    /// A profile by its name. Errors: `UnknownProfile`.
    pub fn named(name: &str) -> Result<Profile, ReportError> {
        let (threshold, marker, round_to, secondary, source) = match name {
            "none" => (0, "", 1, false, ""),
            "no-helsedata" => {
                let source = "https://helsedata-test.qa.nhn.no/no/soknadshjelp-aggregerte-opplysninger/begreper/";
                (3, ".", 1, true, source)
            }
            "no-ssb" => {
                let source = "https://www.ssb.no/omssb/personvern/personopplysninger-i-statistikken";
                (3, ".", 1, true, source)
            }
            "dk-dst" => {
                let source = "https://steno-aarhus.github.io/registers-guide/en/14_eksport-hjemsendelse.html";
                (5, ".", 1, true, source)
            }
            "uk-opensafely" => (8, "[REDACTED]", 5, true, "https://docs.opensafely.org/outputs/sdc/"),
            _ => {
                let known = format!("{} or custom", PROFILES.join(", "));
                return Err(ReportError::UnknownProfile { name: name.to_string(), known });
            }
        };
        let (name, marker, source) = (name.to_string(), marker.to_string(), source.to_string());
        Ok(Profile { name, threshold, marker, round_to, secondary, source })
    }

    /// A site's own rule: hide counts from 1 to `threshold` − 1, round the rest to a multiple of `round_to` (1: not).
    /// Errors: `InvalidProfile` when the marker is empty or a number, or `round_to` is 0.
    pub fn custom(threshold: u64, marker: &str, round_to: u64) -> Result<Profile, ReportError> {
        let fault = |rule: &str| Err(ReportError::InvalidProfile { name: "custom".into(), rule: rule.into() });
        if marker.trim().is_empty() {
            return fault("the marker is empty; write what stands in place of a hidden number, as `.`");
        }
        if marker.trim().parse::<f64>().is_ok() {
            return fault("the marker reads as a number; write a mark such as `.` or `<5`");
        }
        if round_to == 0 {
            return fault("round_to is 0; write 1 to leave counts as they are");
        }
        let (name, marker, source) = ("custom".to_string(), marker.to_string(), "the study file".to_string());
        Ok(Profile { name, threshold, marker, round_to, secondary: true, source })
    }

    /// The profile of a checked study, with the study's own threshold, rounding and marker.
    pub fn of_study(disclosure: &study::Disclosure) -> Profile {
        let name = disclosure.profile.name();
        Profile {
            name: name.to_string(),
            threshold: u64::from(disclosure.threshold),
            marker: disclosure.marker.clone(),
            round_to: u64::from(disclosure.round_to.max(1)),
            secondary: disclosure.profile != study::Profile::None,
            source: Profile::named(name).map_or_else(|_| "the study file".to_string(), |p| p.source),
        }
    }

    /// Whether a count must be hidden. Zero is not: it is nobody's.
    pub fn is_small(&self, count: u64) -> bool {
        0 < count && count < self.threshold
    }

    /// A count as it may be shown; halves go up.
    pub fn rounded(&self, count: u64) -> u64 {
        match self.round_to {
            0 | 1 => count,
            n => (count + n / 2) / n * n,
        }
    }

    /// Whether the exported report differs from the internal one.
    pub fn changes_anything(&self) -> bool {
        self.threshold > 1 || self.round_to > 1
    }

    pub(super) fn statement(&self) -> DisclosureStatement {
        DisclosureStatement {
            profile: self.name.clone(),
            threshold: self.threshold,
            marker: self.marker.clone(),
            round_to: self.round_to,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opensafely_gives_its_own_example() {
        // https://docs.opensafely.org/outputs/sdc/: 3, 8, 16, 23 -> [REDACTED], 10, 15, 25; 18, 23, 31, 44 -> 20, 25, 30, 45.
        let profile = Profile::named("uk-opensafely").unwrap();
        let shown = |n: u64| if profile.is_small(n) { None } else { Some(profile.rounded(n)) };
        assert_eq!([3, 7, 8, 16, 23].map(shown), [None, None, Some(10), Some(15), Some(25)]);
        assert_eq!([18, 23, 31, 44].map(shown), [Some(20), Some(25), Some(30), Some(45)]);
    }

    #[test]
    fn a_threshold_hides_what_is_under_it_and_not_zero() {
        let small = |name: &str| (0..9).filter(|n| Profile::named(name).unwrap().is_small(*n)).collect::<Vec<_>>();
        assert_eq!(small("no-ssb"), [1, 2]);
        assert_eq!(small("dk-dst"), [1, 2, 3, 4]);
        assert_eq!(small("none"), [0_u64; 0]);
    }

    #[test]
    fn faults_name_the_remedy() {
        assert_eq!(
            Profile::named("no-ssbb").unwrap_err().to_string(),
            "disclosure profile `no-ssbb`: no such profile; choose one of none, no-helsedata, no-ssb, dk-dst, \
             uk-opensafely or custom"
        );
        assert!(Profile::custom(5, " ", 1).is_err() && Profile::custom(5, "0", 1).is_err());
        assert!(Profile::custom(5, "<5", 0).is_err() && Profile::custom(5, "<5", 10).is_ok());
    }
}
