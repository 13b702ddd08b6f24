//! Survival curves and standardised risks.

use super::Context;
use super::output::ModelDraft;
use crate::formula::{Assignment, Fault};
use crate::inference::IntervalScale;
use crate::inference::standardise::Covariates;
use crate::study::covariate::{Covariate, Kind};
use crate::study::output::{Curve, CurveOf, Regression, Standardised};
use crate::study::spec::{Section, Text, Value, suggest};
use indexmap::IndexMap;

impl Context<'_> {
    /// Every `[[curve]]`.
    pub fn read_curves(
        &self,
        root: &Section<'_>,
        models: &[ModelDraft],
        covariates: &IndexMap<String, Covariate>,
    ) -> Vec<Curve> {
        root.sections("curve", "[[curve]]").iter().filter_map(|s| self.read_curve(s, models, covariates)).collect()
    }

    fn read_curve(
        &self,
        section: &Section<'_>,
        models: &[ModelDraft],
        covariates: &IndexMap<String, Covariate>,
    ) -> Option<Curve> {
        let at = section.required_text("at", "a value for every covariate of the model, such as \"group=b, age=60\"");
        let name = section.required_text("model", "the name of the model");
        let label = section.text("label").map(|t| t.text).unwrap_or_default();
        let times = self.times(section);
        let scales = [IntervalScale::Log, IntervalScale::LogLog, IntervalScale::Plain].map(|s| (s.name(), s));
        let limits = section.choice("limits", &scales).unwrap_or_default();
        let quantities = [("survival", CurveOf::Survival), ("incidence", CurveOf::CumulativeIncidence)];
        let quantity = section.choice("quantity", &quantities);
        section.finish();
        let model = self.model_named(&name, models)?;
        self.check_quantity(section, quantity, &models[model]);
        let quantity = quantity.unwrap_or_default();
        let pattern = self.read_pattern(&at)?;
        for assignment in &pattern {
            self.check_assignment("at", &at, assignment, &models[model], covariates);
        }
        self.check_whole_pattern(&at, &pattern, &models[model], covariates);
        Some(Curve { span: section.span.clone(), label, at: pattern, times, limits, quantity, model })
    }

    /// An incidence needs competing events, and a Fine-Gray model gives nothing else.
    fn check_quantity(&self, section: &Section<'_>, quantity: Option<CurveOf>, draft: &ModelDraft) {
        let Some(node) = section.node("quantity") else { return };
        let model = &draft.model;
        if quantity == Some(CurveOf::CumulativeIncidence) && model.competing.is_empty() {
            let remedy = "name the exits that are competing events in the model: competing = [\"Death\"]";
            self.faults.add(&node.span, format!("model `{}` has no competing events", model.name), remedy);
        }
        if quantity == Some(CurveOf::Survival) && model.regression == Regression::FineGray {
            let rule = format!("`{}` is a Fine-Gray model: its curves are of the cumulative incidence", model.name);
            self.faults.add(&node.span, rule, "quantity = \"incidence\", or no quantity");
        }
    }

    fn read_pattern(&self, written: &Text) -> Option<Vec<Assignment>> {
        if written.text.is_empty() {
            return None; // Its absence is a fault already.
        }
        let add = |fault: Fault| {
            let at = super::contrast::place(written, &fault.span);
            self.faults.add(&at, format!("at: {}", fault.message), fault.help.unwrap_or_default());
        };
        Assignment::pattern(&written.text).map_err(|error| error.faults.into_iter().for_each(add)).ok()
    }

    /// Every covariate of the model has a value.
    fn check_whole_pattern(
        &self,
        written: &Text,
        pattern: &[Assignment],
        model: &ModelDraft,
        covariates: &IndexMap<String, Covariate>,
    ) {
        let Some(formula) = &model.formula else { return };
        let columns = formula.columns();
        let has = |name: &str| pattern.iter().any(|a| a.column == name);
        let missing: Vec<&str> =
            columns.iter().map(|(name, _)| *name).filter(|c| covariates.contains_key(*c) && !has(c)).collect();
        if !missing.is_empty() {
            let rule = format!("at: no value for {}", missing.join(", "));
            self.faults.add(&written.span, rule, "a curve needs one for every covariate of its model");
        }
    }

    /// Every `[[standardised]]`.
    pub fn read_standardised(
        &self,
        root: &Section<'_>,
        models: &[ModelDraft],
        covariates: &IndexMap<String, Covariate>,
    ) -> Vec<Standardised> {
        let sections = root.sections("standardised", "[[standardised]]");
        sections.iter().filter_map(|s| self.read_one_standardised(s, models, covariates)).collect()
    }

    fn read_one_standardised(
        &self,
        section: &Section<'_>,
        models: &[ModelDraft],
        covariates: &IndexMap<String, Covariate>,
    ) -> Option<Standardised> {
        let exposure = section.required_text("exposure", "a covariate of the model");
        let name = section.required_text("model", "the name of the model");
        if !section.has("times") {
            section.missing("times", "a list of days, such as [365, 730]");
        }
        let times = self.times(section);
        let from = section.number("from", -1e6, 1e6);
        let choices = [("sampled", Covariates::Sampled), ("fixed", Covariates::Fixed)];
        let how = section.choice("covariates", &choices).unwrap_or_default();
        section.finish();
        let model = self.model_named(&name, models)?;
        self.check_exposure(&exposure, &models[model], covariates);
        let span = section.span.clone();
        Some(Standardised { span, exposure: exposure.text, times, from, covariates: how, model })
    }

    /// An exposure is a covariate with levels, in the formula.
    fn check_exposure(&self, text: &Text, model: &ModelDraft, covariates: &IndexMap<String, Covariate>) {
        if text.text.is_empty() {
            return;
        }
        let Some(covariate) = covariates.get(&text.text) else {
            let remedy = suggest(&text.text, covariates.keys().map(String::as_str));
            self.faults.add(&text.span, format!("there is no covariate `{}`", text.text), remedy);
            return;
        };
        if matches!(covariate.kind, Kind::Number { .. }) {
            let rule = format!("exposure `{}` is a number: it has no levels", text.text);
            self.faults.add(&text.span, rule, "use its classes (`of` and `cut`)");
        }
        let in_formula = |f: &crate::formula::Formula| f.columns().iter().any(|(name, _)| *name == text.text);
        if model.formula.as_ref().is_some_and(|f| !in_formula(f)) {
            let rule = format!("`{}` is not in model `{}`", text.text, model.model.name);
            self.faults.add(&text.span, rule, "add it to the formula");
        }
    }

    /// `times`: a list of numbers of days.
    fn times(&self, section: &Section<'_>) -> Vec<f64> {
        let Some(node) = section.node("times") else { return Vec::new() };
        let Value::List(items) = &node.value else {
            section.expected("times", node, "a list of days, such as [365, 730]");
            return Vec::new();
        };
        for item in items.iter().filter(|item| item.as_number().is_none_or(|x| !x.is_finite())) {
            self.faults.add(&item.span, format!("an item of `times` is {}", item.kind()), "write a number of days");
        }
        items.iter().filter_map(|item| item.as_number()).collect()
    }
}
