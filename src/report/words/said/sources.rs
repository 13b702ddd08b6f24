//! Where covariates and files come from, in other languages.

use super::{Phrase, in_words, translated};
use crate::house_style::Language;

/// Where the values of a covariate come from; what stands in a place may itself be one of these.
const SOURCES: &[Phrase] = &[
    ("years since {}", "år siden {}"),
    ("days since {}", "dager siden {}"),
    ("calendar year", "kalenderår"),
    ("year of {}", "år for {}"),
    ("covariate {}", "kovariaten {}"),
    ("group of the matching", "matchingens gruppe"),
    ("set of the matching", "matchingens sett"),
    ("{}, latest {}", "{}, siste {}"),
    ("{}, at most {} old", "{}, høyst {} gammel"),
    ("{}, spell {} to {}", "{}, periode {} til {}"),
    ("any row of {} by {}, from {} to {}", "noen rad i {} etter {}, fra {} til {}"),
    ("number of rows of {} by {}, from {} to {}", "antall rader i {} etter {}, fra {} til {}"),
    ("sum of {} of {} by {}, from {} to {}", "summen av {} i {} etter {}, fra {} til {}"),
    ("{}, of the year", "{}, for året"),
    ("{}, of the year before", "{}, for året før"),
    ("{}, of {} years before", "{}, for {} år før"),
    ("{} of the index event", "{} ved indekshendelsen"),
    ("SQL over columns and covariates", "SQL over kolonner og kovariater"),
    ("{}, {} days late", "{}, {} dager forsinket"),
    ("the day", "dagen"),
    ("index", "indeks"),
    ("ever", "alle år"),
    ("after index", "etter indeks"),
    ("first {}", "første {}"),
    ("last {}", "siste {}"),
    ("last on or before index {}", "siste på eller før indeks {}"),
    ("{} days", "{} dager"),
    ("{} day", "{} dag"),
    ("{} months", "{} måneder"),
    ("{} years", "{} år"),
    ("{} more year", "{} år til"),
    ("{} more years", "{} år til"),
];

/// What a study does about missing values.
const IF_MISSING: &[Phrase] =
    &[("error", "feil"), ("exclude", "utelates"), ("level {}", "nivå {}"), ("value {}", "verdi {}")];

/// What files are used as, when they are no extract.
const ROLES: &[Phrase] = &[
    ("data", "data"),
    ("study file", "studiefil"),
    ("linkage", "kobling"),
    ("reference rates", "referanserater"),
    ("standard population", "standardpopulasjon"),
];

impl Language {
    /// Where a covariate's values come from.
    pub(crate) fn source_in_words(self, source: &str) -> String {
        self.or_as_said(source, |source| translated(SOURCES, SOURCES, source))
    }

    /// What becomes of missing values.
    pub(crate) fn if_missing_in_words(self, rule: &str) -> String {
        self.or_as_said(rule, |rule| in_words(IF_MISSING, rule))
    }

    /// What a file is used as. The name of an extract stays as the study file has it.
    pub(crate) fn role(self, role: &str) -> String {
        self.or_as_said(role, |role| in_words(ROLES, role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_translated_part_by_part() {
        let source = |text| Language::Bokmal.source_in_words(text);
        assert_eq!(source("years since first residence.from"), "år siden første residence.from");
        assert_eq!(source("income.income, of the year before"), "income.income, for året før");
        assert_eq!(source("persons.country"), "persons.country");
        assert_eq!(
            source("civil.status, latest since, at most 2 years old"),
            "civil.status, siste since, høyst 2 år gammel"
        );
        assert_eq!(
            source("number of rows of claims by date, from 365 days to the day, 7 days late"),
            "antall rader i claims etter date, fra 365 dager til dagen, 7 dager forsinket"
        );
    }

    #[test]
    fn an_extract_named_like_a_unit_keeps_its_name() {
        assert_eq!(Language::Bokmal.role("persons"), "persons");
        assert_eq!(Language::Bokmal.role("linkage"), "kobling");
        assert_eq!(Language::Bokmal.if_missing_in_words("level unknown"), "nivå unknown");
    }
}
