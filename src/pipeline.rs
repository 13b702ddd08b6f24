//! The whole analysis on one screen: [`run_study`] for a study file, [`fit_table`] for one formula.

mod adjust;
mod again;
mod bootstrap;
mod codes;
mod competing;
mod contrasts;
mod curves;
mod declared_order;
mod describe;
mod diagnostics;
mod entry_rules;
mod exits;
mod functional_form;
mod imputations;
mod incidence;
mod intervals;
mod levels;
mod linkage;
mod model;
mod nested;
mod outputs;
mod pieces;
mod pooled_interactions;
mod pooled_predictions;
mod pooling;
mod predictions;
mod residuals;
mod settings;
mod standardise;
mod study;
mod study_models;
mod table_one;
mod terms;
mod time_residuals;
mod time_smooth;
mod time_varying;

pub use again::{count_levels, fit_again, with_times};
pub use competing::{CompetingModel, CompetingSettings};
pub use curves::{CurveRequest, PredictionSettings};
pub use describe::{
    DescribeError, DescribeSettings, RateSettings, Standard, StrataValues, TableOneSettings, Tests, describe_flat,
    describe_table,
};
pub use diagnostics::DiagnosticSettings;
pub use functional_form::FormSettings;
pub use model::Fitted;
pub use outputs::{NoOutputs, Outputs};
pub use pooling::{Completed, PoolingError, fit_completed, fit_files, fit_stacked, stacked};
pub use predictions::{ModelPredictions, PredictionKind, Reference};
pub use residuals::{ModelResiduals, ResidualKind, ResidualPiece, ResidualSettings};
pub use settings::{
    BiasCorrection, ContrastRequest, InteractionRequest, IntervalMethod, ModelSettings, RatiosAtRequest,
};
pub use standardise::StandardiseRequest;
pub use study::{StudyRun, build_study, describe_study, disclosure_profile, run_study};
pub use table_one::TableOneStyle;
pub use time_residuals::TimeResiduals;

use crate::error::Result;
use crate::loader::Flat;
use crate::report::{self, Report};
use crate::table::Table;

/// Seconds by stage. The library never reads the clock: the caller hands one in.
pub struct Stopwatch<'a> {
    clock: &'a dyn Fn() -> f64,
    /// Reading, linking and cutting person-time, or reading the data file.
    pub load_seconds: f64,
    /// From columns in memory to designs, all models.
    pub design_seconds: f64,
    /// Fitting with variance and concordance, all models; tests per term and interaction contrasts are not in it.
    pub fit_seconds: f64,
}

impl<'a> Stopwatch<'a> {
    /// A stopwatch on a clock that says seconds since any moment.
    pub fn new(clock: &'a dyn Fn() -> f64) -> Stopwatch<'a> {
        Stopwatch { clock, load_seconds: 0.0, design_seconds: 0.0, fit_seconds: 0.0 }
    }

    /// Seconds now.
    pub fn now(&self) -> f64 {
        (self.clock)()
    }
}

/// Fits one formula on a table: design, engine, inference, report.
pub fn fit_table(table: &Table, settings: &ModelSettings) -> Result<Report> {
    fit_timed(table, None, settings, &mut NoOutputs, &mut Stopwatch::new(&|| 0.0))
}

/// Fits one formula on a table and stops there: what residuals, tests, curves and predictions start from.
pub fn fit_model(table: &Table, settings: &ModelSettings) -> Result<Fitted> {
    model::fit_keeping(table, settings, true, &mut Stopwatch::new(&|| 0.0))
}

/// Fits one formula on a data file that was read: as [`fit_table`], with the file and what was noted while reading it.
/// What goes by rows is handed to `outputs`.
pub fn fit_flat(
    flat: Flat,
    settings: &ModelSettings,
    outputs: &mut dyn Outputs,
    watch: &mut Stopwatch,
) -> Result<Report> {
    let mut report = fit_timed(&flat.table, flat.file_rows.as_deref(), settings, outputs, watch)?;
    report.inputs = vec![study::input("data", &flat.input)];
    report.notes = flat.notes.iter().map(study::note).collect();
    Ok(report)
}

fn fit_timed(
    table: &Table,
    file_rows: Option<&[u32]>,
    settings: &ModelSettings,
    outputs: &mut dyn Outputs,
    watch: &mut Stopwatch,
) -> Result<Report> {
    let fitted = model::fit(table, settings, watch)?;
    let mut result = model::result(settings, &fitted, watch)?;
    diagnostics::fill_by_rows(&mut result, table, settings, &fitted)?;
    residuals::hand_over(&mut result, table, file_rows, settings, &fitted, outputs)?;
    levels::fill_cells_of_model(&mut result, table, &fitted, settings)?;
    result.ratios_at = terms::ratios_at(table, settings, &fitted)?;
    result.collapsed = terms::collapsed(table, settings, &fitted.built.rows);
    curves::fill(&mut result, settings, &fitted)?;
    standardise::fill(&mut result, settings, &fitted, table)?;
    predictions::hand_over(&result, file_rows, settings, &fitted, outputs)?;
    let settings = report::Settings { level: settings.level, ..report::Settings::default() };
    Ok(Report { settings, models: vec![result], ..Report::default() })
}
