//! Comparisons of covariate patterns.

use super::Context;
use super::output::{ModelDraft, content_span};
use crate::formula::{Assignment, Comparison, Fault};
use crate::study::Span;
use crate::study::covariate::{Covariate, Kind};
use crate::study::output::Contrast;
use crate::study::spec::{Section, Text, list_of, suggest};
use indexmap::IndexMap;

impl Context<'_> {
    /// Every `[[contrast]]`.
    pub fn read_contrasts(
        &self,
        root: &Section<'_>,
        models: &[ModelDraft],
        covariates: &IndexMap<String, Covariate>,
    ) -> Vec<Contrast> {
        let sections = root.sections("contrast", "[[contrast]]");
        sections.iter().filter_map(|s| self.read_contrast(s, models, covariates)).collect()
    }

    fn read_contrast(
        &self,
        section: &Section<'_>,
        models: &[ModelDraft],
        covariates: &IndexMap<String, Covariate>,
    ) -> Option<Contrast> {
        let compare = section.required_text("compare", "two patterns, such as \"group=b, sex=1 vs group=a, sex=1\"");
        let name = section.required_text("model", "the name of the model");
        let label = section.text("label").map(|t| t.text).unwrap_or_default();
        section.finish();
        let model = self.model_named(&name, models)?;
        let comparison = self.read_comparison(&compare)?;
        for assignment in comparison.first.iter().chain(&comparison.second) {
            self.check_assignment("compare", &compare, assignment, &models[model], covariates);
        }
        Some(Contrast { span: section.span.clone(), label, comparison, model })
    }

    fn read_comparison(&self, written: &Text) -> Option<Comparison> {
        if written.text.is_empty() {
            return None; // Its absence is a fault already.
        }
        let add = |fault: Fault| {
            let rule = format!("compare: {}", fault.message);
            self.faults.add(&place(written, &fault.span), rule, fault.help.unwrap_or_default());
        };
        Comparison::parse(&written.text).map_err(|error| error.faults.into_iter().for_each(add)).ok()
    }

    /// A pattern holds covariates of the model, factors at one of their levels and numbers at a number; `key` is where it stands.
    pub(super) fn check_assignment(
        &self,
        key: &str,
        written: &Text,
        assignment: &Assignment,
        model: &ModelDraft,
        covariates: &IndexMap<String, Covariate>,
    ) {
        let Assignment { column, value, span } = assignment;
        let at = place(written, span);
        let Some(covariate) = covariates.get(column) else {
            let remedy = suggest(column, covariates.keys().map(String::as_str));
            self.faults.add(&at, format!("{key}: there is no covariate `{column}`"), remedy);
            return;
        };
        let used = |name: &str| name == column;
        if model.formula.as_ref().is_some_and(|f| !f.columns().iter().any(|(name, _)| used(name))) {
            let rule = format!("{key}: `{column}` is not in model `{}`", model.model.name);
            let what = if key == "compare" { "comparison" } else { "curve" };
            self.faults.add(&at, rule, format!("add it to the formula, or take it out of the {what}"));
        }
        match &covariate.kind {
            Kind::Number { .. } if value.parse::<f64>().is_err() => {
                let rule = format!("{key}: `{column}` is a number, \"{value}\" is none");
                self.faults.add(&at, rule, "write a number with a decimal point");
            }
            Kind::Factor(rules) if rules.level_of(value).is_none() => {
                let levels = list_of(rules.levels.iter().map(|l| l.value.as_str()));
                self.faults.add(&at, format!("{key}: `{column}` has no level \"{value}\""), format!("choose {levels}"));
            }
            _ => {}
        }
    }
}

/// A place within the text; the whole text when escapes make the two differ in length.
pub(super) fn place(written: &Text, span: &Span) -> Span {
    let content = content_span(written);
    match content.len() == written.text.len() {
        true => content.start + span.start..content.start + span.end,
        false => content,
    }
}
