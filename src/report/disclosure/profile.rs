//! Profiles by name for callers without a study file, and what of a count a profile shows.

use super::DisclosureStatement;
use crate::report::ReportError;
use crate::study;
use crate::study::disclosure::{Extremes, PROFILES, Rounding, Small, WITHOUT_FIGURES};

pub use crate::study::disclosure::Profile;

/// The whole numbers that a shown number may stand for: both ends included.
pub type Range = (u64, u64);

impl Profile {
    /// A profile by its name. Errors: `UnknownProfile`; `InvalidProfile` where the site's figures are not known.
    pub fn named(name: &str) -> Result<Profile, ReportError> {
        let known = || format!("{} or custom", PROFILES.join(", "));
        let unknown = || ReportError::UnknownProfile { name: name.to_string(), known: known() };
        let profile = Profile::of_name(name).filter(|p| p.name != "custom").ok_or_else(unknown)?;
        match WITHOUT_FIGURES.iter().find(|(site, _)| *site == name) {
            None => Ok(profile),
            Some((_, why)) => {
                let rule = format!("{why}; ask the site and give a threshold of your own");
                Err(ReportError::InvalidProfile { name: name.to_string(), rule })
            }
        }
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
        let rounding = if round_to > 1 { Rounding::Nearest(round_to) } else { Rounding::None };
        Ok(Profile { rounding, ..Profile::hiding("custom", threshold, marker, "the study file") })
    }

    /// The profile of a checked study.
    pub fn of_study(disclosure: &study::Disclosure) -> Profile {
        disclosure.profile.clone()
    }

    /// Whether a count is small. Zero is nobody's, unless the profile says that it is small too.
    pub fn is_small(&self, count: u64) -> bool {
        count < self.threshold && (count > 0 || self.hide_zero)
    }

    /// Whether a small count is replaced by the marker.
    pub fn marks(&self, count: u64) -> bool {
        self.small == Small::Marked && self.is_small(count)
    }

    /// Whether anything is hidden or rounded.
    pub fn hides(&self) -> bool {
        *self != Profile { name: self.name.clone(), source: self.source.clone(), ..Profile::none() }
    }

    /// A count as it may be shown, once it is known that it may.
    pub fn rounded(&self, count: u64) -> u64 {
        match self.small {
            Small::Zero if self.is_small(count) => 0,
            _ => self.rounding.shown(count),
        }
    }

    /// Everything that is shown as `count` is.
    pub fn range(&self, count: u64) -> Range {
        match self.small {
            Small::Zero if count < self.threshold => (0, self.threshold - 1),
            Small::Zero => {
                let (low, high) = self.rounding.range(count);
                (low.max(self.threshold), high)
            }
            // Of small counts only zero is shown.
            Small::Marked if count < self.threshold => (count, count),
            Small::Marked => {
                let (low, high) = self.rounding.range(count);
                (low.max(self.threshold), high)
            }
            Small::Rounded => self.rounding.range(count),
        }
    }

    /// The range of values that nobody may exclude of a small count (the protection range).
    ///
    /// ```text
    /// hidden by the marker:      1 .. threshold     (0 .. threshold where zero is small too)
    /// rounded or shown as zero:  everything that is shown as the count is
    /// ```
    ///
    /// Who knows all that is shown cannot tell a hidden small count from any other small count, or from one that need not
    /// have been hidden. Source: Hundepool et al. (2012), Statistical Disclosure Control, Wiley, chapter 4: a cell is
    /// protected when its feasibility interval covers the protection interval; doi 10.1002/9781118348239.
    pub fn protection_range(&self, count: u64) -> Range {
        match self.small {
            Small::Marked => (count.min(u64::from(!self.hide_zero)), self.threshold),
            Small::Zero | Small::Rounded => self.range(count),
        }
    }

    /// Whether it may be said that fewer than `n` are somewhere: not where that would tell small counts, or counts that are
    /// shown alike, apart.
    pub fn says_fewer_than(&self, n: u64) -> bool {
        let below = n.saturating_sub(1);
        !self.is_small(below) && (!self.rounds() || self.rounded(below) != self.rounded(n))
    }

    /// Whether a percentile that `records` share may be shown.
    pub fn shows_percentile(&self, records: u64) -> bool {
        match self.extremes {
            Extremes::Show => true,
            Extremes::Threshold => records >= self.threshold,
            Extremes::Hide => false,
        }
    }

    pub(super) fn statement(&self) -> DisclosureStatement {
        DisclosureStatement {
            profile: self.name.clone(),
            threshold: if self.small == Small::Marked { self.threshold } else { 0 },
            zero_under: if self.small == Small::Zero { self.threshold } else { 0 },
            marker: self.marker.clone(),
            round_to: self.rounding.step(),
            method: self.rounding.method().to_owned(),
            totals_of: None,
        }
    }
}

impl Rounding {
    /// A count as it is shown.
    pub fn shown(self, count: u64) -> u64 {
        match self {
            Rounding::None => count,
            Rounding::Nearest(n) => (count + n / 2) / n * n,
            Rounding::Midpoint(_) if count == 0 => 0,
            Rounding::Midpoint(n) => count.div_ceil(n) * n - n / 2,
            Rounding::Base(n) if count < n => Rounding::Nearest(n).shown(count),
            Rounding::Base(_) => count,
            Rounding::BySize => Rounding::Nearest(step_of_size(count)).shown(count),
        }
    }

    /// Everything that is shown as `count` is.
    pub fn range(self, count: u64) -> Range {
        match self {
            Rounding::None => (count, count),
            Rounding::Nearest(n) => nearest_range(count, n),
            Rounding::Midpoint(_) if count == 0 => (0, 0),
            Rounding::Midpoint(n) => ((count.div_ceil(n) - 1) * n + 1, count.div_ceil(n) * n),
            Rounding::Base(n) if count <= n => {
                let (low, high) = nearest_range(count, n);
                (low, high.min(n))
            }
            Rounding::Base(_) => (count, count),
            // Narrower than what is shown as `count` where two steps meet, which errs on the safe side.
            Rounding::BySize => nearest_range(count, step_of_size(count)),
        }
    }
}

/// The multiple that the Disclosure Review Board of the US Census Bureau asks for.
fn step_of_size(count: u64) -> u64 {
    match count {
        0..100 => 10,
        100..1_000 => 50,
        1_000..10_000 => 100,
        10_000..100_000 => 500,
        _ => 1_000,
    }
}

fn nearest_range(count: u64, n: u64) -> Range {
    let shown = Rounding::Nearest(n).shown(count);
    // (count + n/2) / n * n = shown, rounded down: shown − n/2 ≤ count < shown + n − n/2.
    (shown.saturating_sub(n / 2), shown + n - n / 2 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, counts: &[u64]) -> Vec<Option<u64>> {
        let profile = Profile::named(name).unwrap();
        counts.iter().map(|&n| (!profile.marks(n)).then(|| profile.rounded(n))).collect()
    }

    #[test]
    fn sites_give_their_own_examples() {
        // https://docs.opensafely.org/outputs/sdc/
        let opensafely = shown("uk-opensafely", &[3, 7, 8, 16, 23, 18, 31, 44]);
        assert_eq!(opensafely, [None, None, Some(10), Some(15), Some(25), Some(20), Some(30), Some(45)]);
        let midpoint = shown("uk-opensafely-midpoint6", &[0, 1, 6, 7, 12, 13, 18]);
        assert_eq!(midpoint, [0, 3, 3, 9, 9, 15, 15].map(Some));
        assert_eq!(shown("uk-ehrql-measures", &[0, 7, 8, 12, 13]), [0, 0, 10, 10, 15].map(Some));
        // Norway's alternative to hiding: https://helsedata-test.qa.nhn.no/no/soknadshjelp-aggregerte-opplysninger/begreper/
        assert_eq!([0, 1, 2, 3, 4].map(|n| Rounding::Base(3).shown(n)), [0, 0, 3, 3, 4]);
        // gh:simsong/drb_rounder
        let drb = shown("us-drb", &[14, 15, 94, 124, 1_049, 10_249, 100_499]);
        assert_eq!(drb, [None, Some(20), Some(90), Some(100), Some(1_000), Some(10_000), Some(100_000)]);
        assert_eq!(shown("uk-llc", &[0, 9, 10]), [None, None, Some(10)]);
        assert_eq!(shown("acro", &[0, 9, 12]), [None, None, Some(10)]);
    }

    #[test]
    fn few_at_risk_are_told_where_no_count_is_told_by_it() {
        let told = |name: &str| Profile::named(name).unwrap().says_fewer_than(10);
        let told: Vec<&str> = PROFILES.into_iter().filter(|name| told(name)).collect();
        assert_eq!(told, ["none", "no-helsedata", "no-ssb", "dk-dst", "dk-au", "dk-sds", "dk-sdu", "ohdsi"]);
    }

    #[test]
    fn a_threshold_hides_what_is_under_it_and_not_zero() {
        let small = |name: &str| (0..9).filter(|n| Profile::named(name).unwrap().is_small(*n)).collect::<Vec<_>>();
        assert_eq!(small("no-ssb"), [1, 2]);
        assert_eq!(small("dk-dst"), [1, 2, 3, 4]);
        assert_eq!(small("none"), [0_u64; 0]);
    }

    #[test]
    fn the_range_of_a_count_is_everything_that_is_shown_as_it_is() {
        let roundings =
            [Rounding::None, Rounding::Nearest(5), Rounding::Nearest(10), Rounding::Midpoint(6), Rounding::Base(3)];
        for rounding in roundings {
            for count in 0..200 {
                let (low, high) = rounding.range(count);
                let same: Vec<u64> = (0..300).filter(|n| rounding.shown(*n) == rounding.shown(count)).collect();
                assert_eq!((low, high), (same[0], same[same.len() - 1]), "{rounding:?} {count}");
            }
        }
        for count in 0..2_000 {
            let (low, high) = Rounding::BySize.range(count);
            assert!((low..=high).contains(&count), "{count}");
        }
    }

    #[test]
    fn faults_name_the_remedy() {
        assert_eq!(
            Profile::named("no-ssbb").unwrap_err().to_string(),
            "disclosure profile `no-ssbb`: no such profile; choose one of none, no-helsedata, no-ssb, dk-dst, dk-au, \
             dk-sds, dk-sdu, uk-opensafely, uk-opensafely-midpoint6, uk-ehrql-measures, uk-llc, acro, us-drb, ohdsi or \
             custom"
        );
        assert_eq!(
            Profile::named("fi-fiona").unwrap_err().to_string(),
            "disclosure profile `fi-fiona`: Statistics Finland reviews results by hand and publishes no threshold; ask \
             the site and give a threshold of your own"
        );
        assert!(Profile::custom(5, " ", 1).is_err() && Profile::custom(5, "0", 1).is_err());
        assert!(Profile::custom(5, "<5", 0).is_err() && Profile::custom(5, "<5", 10).is_ok());
    }
}
