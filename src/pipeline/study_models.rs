//! The models of a study, one after the other, each on the records that it asks for.

use super::imputations::Imputed;
use super::model;
use super::nested::NestedModels;
use super::outputs::Outputs;
use super::pooling;
use super::settings::ModelSettings;
use super::study::{contrasts, note_of_fixed_values, product, settings, wanted_predictions};
use super::{Stopwatch, curves, diagnostics, exits, levels, predictions, residuals, standardise, terms};
use crate::error::Result;
use crate::loader::Progress;
use crate::report::{self, ModelResult, Report};
use crate::study::{ImputedData, Study};
use crate::table::Table;

/// Fits every model of the study and its interaction analyses, and puts them into the report. What goes by person-time
/// records is handed to `outputs`.
pub(super) fn fit_all(
    study: &Study,
    table: &Table,
    report: &mut Report,
    progress: &mut dyn Progress,
    outputs: &mut dyn Outputs,
    watch: &mut Stopwatch,
) -> Result<()> {
    let imputed = Imputed::read(study, table, progress)?;
    if let Some(imputed) = &imputed {
        report.inputs.extend(imputed.inputs.iter().cloned());
        report.notes.extend(imputed.notes.iter().cloned());
    }
    let total = study.models.len() + study.interactions.iter().map(|i| i.modifiers.len()).sum::<usize>();
    let mut run = Run { study, progress, watch, done: 0, total, nested: NestedModels::default() };
    for (number, model) in study.models.iter().enumerate() {
        report.notes.extend(exits::notes_of_model(model, table));
        report.notes.extend(note_of_fixed_values(study, number, model));
        report.notes.extend(note_of_data(model));
        let mut settings = settings(study, model, table);
        settings.contrasts = contrasts(study, number);
        settings.predictions = wanted_predictions(study, number);
        let result = match (model.imputation, &imputed) {
            (Some(ImputedData::Pooled), Some(imputed)) => {
                imputed.pooled(table, |sets| run.pooled(number, sets, &settings))?
            }
            (Some(ImputedData::One(k)), Some(imputed)) => {
                run.one(number, &imputed.one(table, k)?, &settings, outputs)?
            }
            _ => run.one(number, table, &settings, outputs)?,
        };
        report.models.push(result);
    }
    report.comparisons = run.nested.comparisons();
    Ok(())
}

/// The models so far.
struct Run<'a, 'c> {
    study: &'a Study,
    progress: &'a mut dyn Progress,
    watch: &'a mut Stopwatch<'c>,
    done: u64,
    total: usize,
    nested: NestedModels,
}

impl<'a> Run<'a, '_> {
    fn step(&mut self) {
        self.progress.step("fitting models", self.done, Some(self.total as u64));
        self.done += 1;
    }

    /// One data set: everything that a model can be asked for.
    fn one(
        &mut self,
        number: usize,
        table: &Table,
        settings: &ModelSettings,
        outputs: &mut dyn Outputs,
    ) -> Result<ModelResult> {
        self.step();
        let fitted = model::fit(table, settings, self.watch)?;
        let mut result = model::result(settings, &fitted, self.watch)?;
        levels::fill_levels_of_model(&mut result, table, &fitted, settings)?;
        result.ratios_at = terms::ratios_at(table, settings, &fitted)?;
        diagnostics::fill_by_rows(&mut result, table, settings, &fitted)?;
        residuals::hand_over(&mut result, table, None, settings, &fitted, outputs)?;
        curves::fill(&mut result, settings, &fitted)?;
        standardise::fill(&mut result, settings, &fitted, table)?;
        predictions::hand_over(&result, None, settings, &fitted, outputs)?;
        self.nested.add(settings, &fitted, &result);
        for (exposure, modifier) in self.products(number) {
            self.step();
            let (with_product, request) = product(settings, exposure, modifier);
            let found = model::interaction_model(table, &with_product, &request, self.watch)?;
            result.interactions.push(found);
        }
        Ok(result)
    }

    /// Every completed data set, pooled.
    fn pooled(&mut self, number: usize, sets: &pooling::Sets, settings: &ModelSettings) -> Result<ModelResult> {
        self.step();
        let (mut result, fits) = pooling::fit_each(sets, settings, self.watch)?;
        levels::fill_levels_of_pooled(&mut result, sets, &fits, settings)?;
        for (exposure, modifier) in self.products(number) {
            self.step();
            let (with_product, request) = product(settings, exposure, modifier);
            let with_product = ModelSettings { interactions: vec![request], ..with_product };
            result.interactions.extend(pooling::fit_sets(sets, &with_product, self.watch)?.interactions);
        }
        Ok(result)
    }

    /// Exposure and modifier of every interaction analysis of a model.
    fn products(&self, number: usize) -> Vec<(&'a str, &'a str)> {
        let of_model = self.study.interactions.iter().filter(|i| i.model == number);
        of_model.flat_map(|i| i.modifiers.iter().map(|m| (i.exposure.as_str(), m.as_str()))).collect()
    }
}

/// What is to be said of a model that sees less than all completed data sets.
fn note_of_data(model: &crate::study::Model) -> Option<report::Note> {
    let message = match model.imputation? {
        ImputedData::Pooled => return None,
        ImputedData::CompleteCases => "fitted to the records without a missing value (complete cases)".to_owned(),
        ImputedData::One(k) => {
            format!("fitted to completed data set {k} only; its intervals leave out what imputation adds")
        }
    };
    Some(report::Note { source: format!("model {}", model.name), message, ..report::Note::default() })
}
