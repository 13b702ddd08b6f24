//! Models, interaction analyses, disclosure and report.

use super::Context;
use super::competing::{CENSORING_TIES, WEIGHTS};
use crate::conventions::Conventions;
use crate::formula::Formula;
use crate::house_style::{Language, Style};
use crate::study::covariate::{Covariate, Kind};
use crate::study::output::*;
use crate::study::spec::{Section, Text, list_of, suggest};
use crate::study::{Exit, Span};
use indexmap::IndexMap;

/// The words for [`Ties`].
const TIES: [(&str, Ties); 3] = [("efron", Ties::Efron), ("breslow", Ties::Breslow), ("exact", Ties::Exact)];

/// Values of `cluster_correction`.
const CORRECTIONS: [(&str, Correction); 3] =
    [("none", Correction::None), ("g", Correction::Groups), ("cr1", Correction::GroupsAndColumns)];

/// The words for [`Regression`].
const REGRESSIONS: [(&str, Regression); 2] = [("cox", Regression::Cox), ("fine_gray", Regression::FineGray)];

/// A model and what its formula says; no formula when it has a fault.
pub struct ModelDraft {
    /// The model.
    pub model: Model,
    pub(super) formula: Option<Formula>,
}

const REFERENCES: [(&str, PredictionReference); 3] = [
    ("sample", PredictionReference::Sample),
    ("strata", PredictionReference::Strata),
    ("zero", PredictionReference::Zero),
];

impl Context<'_> {
    /// Every `[[model]]`.
    pub fn read_models(
        &self,
        root: &Section<'_>,
        covariates: &IndexMap<String, Covariate>,
        exits: Option<&[Exit]>,
    ) -> Vec<ModelDraft> {
        let sections = root.sections("model", "[[model]]");
        if sections.is_empty() && !root.has("model") {
            root.missing("[[model]]", "with a name and a formula over the covariates");
        }
        let models: Vec<ModelDraft> = sections.iter().map(|s| self.read_model(s, covariates, exits)).collect();
        for (i, model) in models.iter().enumerate() {
            if models[..i].iter().any(|m| m.model.name == model.model.name) && !model.model.name.is_empty() {
                let rule = format!("two models have the name `{}`", model.model.name);
                self.faults.add(&model.model.span, rule, "give one of them another");
            }
        }
        models
    }

    fn read_model(
        &self,
        section: &Section<'_>,
        covariates: &IndexMap<String, Covariate>,
        exits: Option<&[Exit]>,
    ) -> ModelDraft {
        let name = section.required_text("name", "a short name");
        let formula = section.required_text("formula", "for example \"sex + age_group\"");
        let content = content_span(&formula);
        let parsed = if formula.text.is_empty() { None } else { self.read_formula(&formula, &content, covariates) };
        let model = Model {
            label: section.text("label").map_or(name.text.clone(), |t| t.text),
            name: name.text,
            span: section.span.clone(),
            formula: formula.text,
            formula_span: content,
            conventions: section.choice("like", &Conventions::NAMED),
            ties: section.choice("ties", &TIES),
            firth: section.flag("firth"),
            interval: section.choice("ci", &[("wald", Interval::Wald), ("profile", Interval::Profile)]),
            competing: self.read_competing(section, exits),
            regression: section.choice("model", &REGRESSIONS).unwrap_or_default(),
            censoring_group: self.read_censoring_group(section, covariates),
            censoring_ties: self.of_fine_gray(section, "censoring_ties", &CENSORING_TIES).unwrap_or_default(),
            estimated_weights: self.of_fine_gray(section, "fine_gray_weights", &WEIGHTS).unwrap_or_default(),
            hr_times: section.numbers("hr_times"),
            robust: section.flag("robust"),
            ratios_at: self.read_ratios_at(section, covariates),
            proportional_hazards: self.read_transforms(section),
            ph_smooth: section.flag("ph_smooth"),
            functional_form: self.read_numbers(section, covariates),
            residuals: self.read_kinds(section, "residuals", &RESIDUALS),
            residuals_by_person: section.flag("residuals_by_person"),
            correction: section.choice("cluster_correction", &CORRECTIONS),
            baseline: section.flag("baseline"),
            bootstrap: self.read_bootstrap(section),
            adjust: section.choice("adjust", &[("holm", Adjust::Holm), ("bonferroni", Adjust::Bonferroni)]),
            predict: self.read_kinds(section, "predict", &PREDICTIONS),
            reference: section.choice("reference", &REFERENCES).unwrap_or_default(),
            imputation: self.read_imputed_data(section),
        };
        section.finish();
        ModelDraft { model, formula: parsed }
    }

    /// `ph`: one function of time or several, each once.
    fn read_transforms(&self, section: &Section<'_>) -> Vec<TimeTransform> {
        let mut transforms: Vec<TimeTransform> = Vec::new();
        for text in section.texts("ph") {
            match TimeTransform::NAMED.iter().find(|(name, _)| *name == text.text) {
                Some((_, transform)) if transforms.contains(transform) => {}
                Some((_, transform)) => transforms.push(*transform),
                None => {
                    let names = list_of(TimeTransform::NAMED.iter().map(|(name, _)| *name));
                    let rule = format!("`ph` cannot be \"{}\"", text.text);
                    self.faults.add(&text.span, rule, format!("choose {names}, or several in a list"));
                }
            }
        }
        transforms
    }

    /// `functional_form`: covariates that are numbers.
    fn read_numbers(&self, section: &Section<'_>, covariates: &IndexMap<String, Covariate>) -> Vec<String> {
        let mut numbers = Vec::new();
        for text in section.texts("functional_form") {
            match covariates.get(&text.text) {
                None => {
                    let remedy = suggest(&text.text, covariates.keys().map(String::as_str));
                    self.faults.add(&text.span, format!("there is no covariate `{}`", text.text), remedy);
                }
                Some(covariate) if !matches!(covariate.kind, Kind::Number { .. }) => {
                    let rule = format!("`functional_form`: `{}` has levels", text.text);
                    self.faults.add(&text.span, rule, "name covariates that are numbers");
                }
                Some(_) => numbers.push(text.text),
            }
        }
        numbers
    }

    /// `residuals`: kinds, each once.
    fn read_kinds(&self, section: &Section<'_>, key: &'static str, known: &[&'static str]) -> Vec<String> {
        let mut kinds: Vec<String> = Vec::new();
        for text in section.texts(key) {
            if !known.contains(&text.text.as_str()) {
                let rule = format!("`{key}` cannot be \"{}\"", text.text);
                self.faults.add(&text.span, rule, format!("choose {}", list_of(known.iter().copied())));
            } else if !kinds.contains(&text.text) {
                kinds.push(text.text);
            }
        }
        kinds
    }

    /// `bootstrap = { replicates = 1000, seed = 1 }`.
    fn read_bootstrap(&self, model: &Section<'_>) -> Option<Resampling> {
        let entry = model.entry("bootstrap")?;
        let section = Section::new("`bootstrap`", &entry.key_span, &entry.node, self.faults)?;
        if !section.has("replicates") {
            section.missing("replicates", "the number of resamples, such as 1000");
        }
        let replicates = section.whole("replicates", 2, 1_000_000).map(|n| n as u32);
        let seed = section.whole("seed", 0, i64::MAX).map_or(1, |n| n as u64);
        section.finish();
        replicates.map(|replicates| Resampling { replicates, seed })
    }

    fn read_formula(
        &self,
        written: &Text,
        content: &Span,
        covariates: &IndexMap<String, Covariate>,
    ) -> Option<Formula> {
        // A place within the formula; the whole text when escapes make the two differ in length.
        let place = |span: &Span| match content.len() == written.text.len() {
            true => content.start + span.start..content.start + span.end,
            false => content.clone(),
        };
        let formula = match Formula::parse(&written.text) {
            Ok(formula) => formula,
            Err(error) => {
                for fault in error.faults {
                    self.faults.add(
                        &place(&fault.span),
                        format!("formula: {}", fault.message),
                        fault.help.unwrap_or_default(),
                    );
                }
                return None;
            }
        };
        if formula.response.is_some() {
            self.faults.add(
                content,
                "formula: the time and event of a study are its follow-up",
                "write the right side only",
            );
            return None;
        }
        let mut known = true;
        for (column, span) in formula.columns() {
            if column != "person" && !covariates.contains_key(column) {
                let remedy = suggest(column, covariates.keys().map(String::as_str));
                self.faults.add(&place(&span), format!("formula: there is no covariate `{column}`"), remedy);
                known = false;
            }
        }
        known.then_some(formula)
    }

    /// Every `[[interaction]]`.
    pub fn read_interactions(
        &self,
        root: &Section<'_>,
        models: &[ModelDraft],
        covariates: &IndexMap<String, Covariate>,
    ) -> Vec<Interaction> {
        let sections = root.sections("interaction", "[[interaction]]");
        sections.iter().filter_map(|s| self.read_interaction(s, models, covariates)).collect()
    }

    fn read_interaction(
        &self,
        section: &Section<'_>,
        models: &[ModelDraft],
        covariates: &IndexMap<String, Covariate>,
    ) -> Option<Interaction> {
        let exposure = section.required_text("exposure", "a covariate of the model");
        if !section.has("modifiers") {
            section.missing("modifiers", "a list of covariates of the model");
        }
        let modifiers = section.texts("modifiers");
        let name = section.required_text("model", "the name of the model that is extended");
        section.finish();
        let model = self.model_named(&name, models)?;
        for (text, modifier) in std::iter::once((&exposure, false)).chain(modifiers.iter().map(|m| (m, true))) {
            self.check_term(text, &models[model], covariates, modifier);
        }
        if let Some(same) = modifiers.iter().find(|m| m.text == exposure.text) {
            self.faults.add(&same.span, "the exposure is among its modifiers", "take it out");
        }
        Some(Interaction {
            span: section.span.clone(),
            exposure: exposure.text,
            modifiers: modifiers.into_iter().map(|t| t.text).collect(),
            model,
        })
    }

    /// Index of the model of this name; a fault when there is none.
    pub(super) fn model_named(&self, name: &Text, models: &[ModelDraft]) -> Option<usize> {
        let found = models.iter().position(|m| m.model.name == name.text && !name.text.is_empty());
        if found.is_none() && !name.text.is_empty() {
            let remedy = suggest(&name.text, models.iter().map(|m| m.model.name.as_str()));
            self.faults.add(&name.span, format!("there is no model `{}`", name.text), remedy);
        }
        found
    }

    /// Exposure and modifiers are covariates and terms of the model; modifiers have levels.
    fn check_term(&self, text: &Text, model: &ModelDraft, covariates: &IndexMap<String, Covariate>, modifier: bool) {
        if text.text.is_empty() {
            return;
        }
        let Some(covariate) = covariates.get(&text.text) else {
            let remedy = suggest(&text.text, covariates.keys().map(String::as_str));
            self.faults.add(&text.span, format!("there is no covariate `{}`", text.text), remedy);
            return;
        };
        let Some(formula) = &model.formula else { return };
        if !formula.terms.iter().any(|t| t.label == text.text) {
            let rule = format!("`{}` is no term of model `{}`", text.text, model.model.name);
            self.faults.add(&text.span, rule, "an interaction needs its main effects; add it to the formula");
        }
        if modifier && matches!(covariate.kind, Kind::Number { .. }) {
            let rule = format!("modifier `{}` is a number: it has no levels", text.text);
            self.faults.add(&text.span, rule, "use its classes (`of` and `cut`)");
        }
    }

    /// `[report]`.
    pub fn read_report(
        &self,
        root: &Section<'_>,
        models: &[ModelDraft],
        covariates: &IndexMap<String, Covariate>,
    ) -> ReportOptions {
        let mut named: Vec<String> = Vec::new();
        for (column, _) in models.iter().filter_map(|m| m.formula.as_ref()).flat_map(Formula::columns) {
            if covariates.contains_key(column) && !named.iter().any(|n| n == column) {
                named.push(column.to_owned());
            }
        }
        let defaults = ReportOptions {
            formats: Format::ALL.to_vec(),
            table_variables: named,
            rate_per: 1000.0,
            level: 0.95,
            language: Language::English,
            style: Style::Plain,
            figures: FigureOptions::default(),
        };
        let Some(section) = root.section("report", "[report]") else { return defaults };
        let rate_per = section.number("rate_per", 1.0, 1e9).unwrap_or(defaults.rate_per);
        let level = section.number("level", 0.5, 0.9999).unwrap_or(defaults.level);
        let formats = self.read_formats(&section);
        let language = section.choice("language", &Language::NAMED).unwrap_or_default();
        let style = section.choice("style", &Style::NAMED).unwrap_or(language.style());
        let figures = self.read_figures(&section);
        let variables = section.texts("table_variables");
        section.finish();
        for variable in variables.iter().filter(|v| !covariates.contains_key(&v.text)) {
            let remedy = suggest(&variable.text, covariates.keys().map(String::as_str));
            self.faults.add(&variable.span, format!("there is no covariate `{}`", variable.text), remedy);
        }
        let table_variables = match section.has("table_variables") {
            true => variables.into_iter().map(|t| t.text).collect(),
            false => defaults.table_variables,
        };
        let formats = formats.unwrap_or(defaults.formats);
        ReportOptions { formats, table_variables, rate_per, level, language, style, figures }
    }

    /// `figures` and `figure_width`; an empty list is a choice.
    fn read_figures(&self, section: &Section<'_>) -> FigureOptions {
        let defaults = FigureOptions::default();
        let (narrowest, widest) = (FigureOptions::NARROWEST_MM, FigureOptions::WIDEST_MM);
        let width_mm = section.number("figure_width", narrowest, widest).unwrap_or(defaults.width_mm);
        let Some(node) = section.node("figures") else { return FigureOptions { width_mm, ..defaults } };
        let mut formats: Vec<ImageFormat> = Vec::new();
        for text in section.texts_of("figures", node) {
            match ImageFormat::ALL.into_iter().find(|f| f.name() == text.text) {
                Some(format) if !formats.contains(&format) => formats.push(format),
                Some(_) => {}
                None => {
                    let choices = list_of(ImageFormat::ALL.iter().map(|f| f.name()));
                    let rule = format!("there is no format of figures \"{}\"", text.text);
                    self.faults.add(&text.span, rule, format!("choose {choices}, or [] for no figures"));
                }
            }
        }
        FigureOptions { formats, width_mm }
    }

    fn read_formats(&self, section: &Section<'_>) -> Option<Vec<Format>> {
        let node = section.node("formats")?;
        let mut formats: Vec<Format> = Vec::new();
        for text in section.texts_of("formats", node) {
            match Format::ALL.into_iter().find(|f| f.name() == text.text) {
                Some(format) if !formats.contains(&format) => formats.push(format),
                Some(_) => {}
                None => {
                    let choices = list_of(Format::ALL.iter().map(|f| f.name()));
                    self.faults.add(
                        &text.span,
                        format!("there is no format \"{}\"", text.text),
                        format!("choose {choices}"),
                    );
                }
            }
        }
        if formats.is_empty() {
            self.faults.add(&node.span, "`formats` names none", "take it out for all of them");
            return None;
        }
        Some(formats)
    }
}

/// The bytes of a text inside its quotes, of which there are one or three on each side.
pub(super) fn content_span(text: &Text) -> Span {
    let quotes = if text.span.len() >= text.text.len() + 6 { 3 } else { 1 };
    let (start, end) = (text.span.start + quotes, text.span.end.saturating_sub(quotes));
    start..end.max(start)
}
