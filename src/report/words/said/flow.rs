//! Steps of the flow of persons and ends of follow-up that the loader named, in other languages. Steps and exits that
//! the study file names are its own words and stay as they are.

use super::{Phrase, in_words, translated};
use crate::house_style::Language;

/// What the loader calls its own steps.
const STEPS: &[Phrase] = &[
    ("in the population ({})", "i populasjonen ({})"),
    ("rows of {} do not contradict each other", "rader i {} motsier ikke hverandre"),
    ("at least {} comparison person", "minst {} sammenlikningsperson"),
    ("at least {} comparison persons", "minst {} sammenlikningspersoner"),
    ("comparison persons, up to {} for each", "sammenlikningspersoner, inntil {} for hver"),
    ("{} is known", "{} er kjent"),
    ("{} not before entry", "{} ikke før inngang"),
    ("{} not in the month of entry", "{} ikke i inngangsmåneden"),
    ("{} not on the day of entry", "{} ikke på inngangsdagen"),
    ("exit not before entry", "utgang ikke før inngang"),
    ("exit not on the day of entry", "utgang ikke på inngangsdagen"),
];

/// How the step of the index date begins; what follows is of [`INDEX_PARTS`].
const INDEX: &[Phrase] = &[("index event in {}", "indekshendelse i {}"), ("index date ({}", "indeksdato ({}")];

/// What the step of the index date says after its source, the outermost first.
const INDEX_PARTS: &[Phrase] = &[
    ("{}, after {} without one", "{}, etter {} uten"),
    ("{}, aged {} to {}", "{}, i alderen {} til {}"),
    ("{}, aged {} or more", "{}, {} år eller eldre"),
    ("{}, aged {} or less", "{}, {} år eller yngre"),
    ("{} from {} to {}", "{} fra {} til {}"),
    ("{} from {}", "{} fra {}"),
    ("{} to {}", "{} til {}"),
    ("{} days", "{} dager"),
    ("{} months", "{} måneder"),
    ("{} years", "{} år"),
];

/// Ends of follow-up that the study file does not name.
const EXITS: &[Phrase] = &[
    ("end of follow-up", "slutt på oppfølgingen"),
    ("end of follow-up ({} days)", "slutt på oppfølgingen ({} dager)"),
    ("end of follow-up ({} months)", "slutt på oppfølgingen ({} måneder)"),
    ("end of follow-up ({} years)", "slutt på oppfølgingen ({} år)"),
    ("maximum follow-up", "lengste oppfølging"),
];

impl Language {
    /// The label of a step of the flow.
    pub(crate) fn step_label(self, label: &str) -> String {
        self.or_as_said(label, |label| translated(INDEX, INDEX_PARTS, label).or_else(|| in_words(STEPS, label)))
    }

    /// The label of an end of follow-up.
    pub(crate) fn exit_label(self, label: &str) -> String {
        self.or_as_said(label, |label| in_words(EXITS, label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_the_loader_are_translated_and_those_of_the_study_are_not() {
        let step = |label| Language::Bokmal.step_label(label);
        assert_eq!(
            step("index event in claims from 2010-01-01 to 2012-12-31, aged 18 to 65, after 24 months without one"),
            "indekshendelse i claims fra 2010-01-01 til 2012-12-31, i alderen 18 til 65, etter 24 måneder uten"
        );
        assert_eq!(
            step("index date (people.entered), aged 40 or more"),
            "indeksdato (people.entered), 40 år eller eldre"
        );
        assert_eq!(step("first contact not on the day of entry"), "first contact ikke på inngangsdagen");
        assert_eq!(step("aged 18 to 65 on the index date"), "aged 18 to 65 on the index date");
        assert_eq!(Language::Bokmal.exit_label("end of follow-up (730 days)"), "slutt på oppfølgingen (730 dager)");
        assert_eq!(Language::Bokmal.exit_label("days"), "days");
        assert_eq!(Language::English.step_label("education is known"), "education is known");
    }
}
