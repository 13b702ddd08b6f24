//! `[imputations]`, and what models that pool them cannot be asked for.

use super::Context;
use super::extracts::read_text_form_if_given;
use super::output::ModelDraft;
use crate::study::Decimal;
use crate::study::covariate::{Covariate, IfMissing, Kind};
use crate::study::imputations::{Imputations, ImputedData};
use crate::study::output::Interval;
use crate::study::spec::{Section, Value};
use indexmap::IndexMap;

impl Context<'_> {
    /// `[imputations]`; `None` when the study has no such section.
    pub fn read_imputations(
        &self,
        root: &Section<'_>,
        covariates: &IndexMap<String, Covariate>,
    ) -> Option<Imputations> {
        let section = root.section("imputations", "[imputations]")?;
        if !section.has("file") {
            section.missing("file", "the stacked file of completed data sets, or a list of a file for each");
        }
        let written: Vec<String> = section.texts("file").into_iter().map(|t| t.text).collect();
        let number = section.text("number").map(|t| t.text);
        let one_file = written.len() == 1 && !written[0].contains(['*', '?']);
        if number.is_none() && one_file && !section.has("number") {
            section.missing("number", "the column with the number of the imputation, such as \".imp\" or \"_mi_m\"");
        }
        let (delimiter, encoding) = read_text_form_if_given(&section);
        let decimal = section.choice("decimal", &[(".", Decimal::Point), (",", Decimal::Comma)]);
        section.finish();
        if !covariates.values().any(is_imputed) {
            let rule = "no covariate takes values from the completed data sets";
            self.faults.add(&section.span, rule, "set if_missing = \"imputed\" for those that do");
        }
        let folder = self.study_folder.clone();
        Some(Imputations { span: section.span.clone(), written, folder, number, delimiter, encoding, decimal })
    }

    /// `imputation` of a model.
    pub(super) fn read_imputed_data(&self, section: &Section<'_>) -> Option<ImputedData> {
        let node = section.node("imputation")?;
        if let Value::Whole(_) = node.value {
            return section.whole("imputation", 1, 100_000).map(|n| ImputedData::One(n as u32));
        }
        section.choose(
            "imputation",
            node,
            &[("pooled", ImputedData::Pooled), ("complete_cases", ImputedData::CompleteCases)],
        )
    }

    /// Decides which models are pooled, and refuses there what belongs to one data set.
    pub fn settle_imputations(&self, models: &mut [ModelDraft], covariates: &IndexMap<String, Covariate>) {
        for draft in models {
            let Some(formula) = &draft.formula else { continue };
            let imputed = formula.columns().into_iter().any(|(name, _)| covariates.get(name).is_some_and(is_imputed));
            let model = &mut draft.model;
            if !imputed {
                if model.imputation.is_some() {
                    let rule = format!("model `{}` has no covariate with if_missing = \"imputed\"", model.name);
                    self.faults.add(&model.span, rule, "take `imputation` out: it is the same in all data sets");
                }
                continue;
            }
            let data = *model.imputation.get_or_insert(ImputedData::Pooled);
            if data != ImputedData::Pooled {
                continue;
            }
            let asked = [
                (model.bootstrap.is_some(), "bootstrap"),
                (!model.proportional_hazards.is_empty(), "ph"),
                (model.ph_smooth, "ph_smooth"),
                (!model.functional_form.is_empty(), "functional_form"),
                (!model.residuals.is_empty(), "residuals"),
                (!model.ratios_at.is_empty(), "hr_at"),
                (model.baseline, "baseline"),
                (!model.predict.is_empty(), "predict"),
                (model.interval == Some(Interval::Profile), "ci = \"profile\""),
            ];
            for (_, what) in asked.into_iter().filter(|(asked, _)| *asked) {
                let rule =
                    format!("model `{}` pools completed data sets, and {what} belongs to one data set", model.name);
                let remedy = "ask it of a model with imputation = 1 (one data set) or \"complete_cases\"";
                self.faults.add(&model.span, rule, remedy);
            }
        }
    }
}

/// Whether missing values of a covariate come from the completed data sets.
pub(super) fn is_imputed(covariate: &Covariate) -> bool {
    match &covariate.kind {
        Kind::Number { if_missing, .. } => matches!(if_missing, IfMissing::Imputed),
        Kind::Factor(rules) => matches!(rules.if_missing, IfMissing::Imputed),
    }
}
