//! Competing events of a model: exits of the follow-up, by label.

use super::Context;
use crate::study::Exit;
use crate::study::covariate::{Covariate, Kind};
use crate::study::output::CensoringTies;
use crate::study::spec::{Section, suggest};
use indexmap::{IndexMap, IndexSet};

/// Values of `censoring_ties`.
pub(super) const CENSORING_TIES: [(&str, CensoringTies); 2] =
    [("events_first", CensoringTies::EventsFirst), ("together", CensoringTies::Together)];

/// Values of `fine_gray_weights`: whether the variance knows that they are estimated.
pub(super) const WEIGHTS: [(&str, bool); 2] = [("known", false), ("estimated", true)];

impl Context<'_> {
    /// `competing`: labels of exits.
    pub(super) fn read_competing(&self, section: &Section<'_>, exits: Option<&[Exit]>) -> Vec<String> {
        let labels = self.read_exits_named(section, exits);
        if let Some(node) = section.node("model").filter(|_| labels.is_empty() && is_fine_gray(section)) {
            let remedy = "name the exits that are competing events: competing = [\"Death\"]";
            self.faults.add(&node.span, "a Fine-Gray model needs `competing`", remedy);
        }
        labels
    }

    /// `competing` of a model or of `[describe]`: every label once. A follow-up with faults (`None`) knows no exits, and
    /// says so itself.
    pub(super) fn read_exits_named(&self, section: &Section<'_>, exits: Option<&[Exit]>) -> Vec<String> {
        let labels = section.texts("competing");
        let known = exits.unwrap_or_default();
        let unknown = labels.iter().filter(|l| exits.is_some() && !known.iter().any(|e| e.label == l.text));
        for label in unknown {
            let remedy = suggest(&label.text, known.iter().map(|e| e.label.as_str()));
            self.faults.add(&label.span, format!("the follow-up has no exit \"{}\"", label.text), remedy);
        }
        let once: IndexSet<String> = labels.into_iter().map(|l| l.text).collect();
        once.into_iter().collect()
    }

    /// A choice that has a meaning in a Fine-Gray model only.
    pub(super) fn of_fine_gray<T: Copy>(
        &self,
        section: &Section<'_>,
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let chosen = section.choice(key, choices);
        if let Some(node) = section.node(key).filter(|_| !is_fine_gray(section)) {
            let remedy = "it belongs to model = \"fine_gray\"";
            self.faults.add(&node.span, format!("`{key}` has no meaning here"), remedy);
        }
        chosen
    }

    /// `censoring_group`: a covariate with levels.
    pub(super) fn read_censoring_group(
        &self,
        section: &Section<'_>,
        covariates: &IndexMap<String, Covariate>,
    ) -> Option<String> {
        let name = section.text("censoring_group")?;
        match covariates.get(&name.text) {
            None => {
                let remedy = suggest(&name.text, covariates.keys().map(String::as_str));
                self.faults.add(&name.span, format!("there is no covariate `{}`", name.text), remedy);
            }
            Some(covariate) if matches!(covariate.kind, Kind::Number { .. }) => {
                let rule = format!("`{}` is a number: it has no groups", name.text);
                self.faults.add(&name.span, rule, "use its classes (`of` and `cut`)");
            }
            Some(_) if !is_fine_gray(section) => {
                let remedy = "it belongs to model = \"fine_gray\"";
                self.faults.add(&name.span, "`censoring_group` has no meaning here", remedy);
            }
            Some(_) => {}
        }
        Some(name.text)
    }
}

fn is_fine_gray(section: &Section<'_>) -> bool {
    section.node("model").and_then(|n| n.as_text()).is_some_and(|t| t.text == "fine_gray")
}
