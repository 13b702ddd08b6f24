//! Whether a number enters the model as it should: cumulative martingale residuals against its values.

use super::model::Fitted;
use super::settings::ModelSettings;
use crate::engine::CumulativeTest;
use crate::error::{Error, Result};
use crate::report::{FunctionalForm, finite};
use crate::table::{ColumnData, MISSING_WHOLE, Table};

/// Which covariates are checked, and how; none by default.
#[derive(Debug, Clone, PartialEq)]
pub struct FormSettings {
    /// Columns of numbers that the model has.
    pub columns: Vec<String>,
    /// Simulated paths.
    pub n_paths: u32,
    /// Seed of the paths.
    pub seed: u64,
}

impl Default for FormSettings {
    /// A thousand paths from seed 1.
    fn default() -> FormSettings {
        FormSettings { columns: Vec::new(), n_paths: 1000, seed: 1 }
    }
}

/// The checks that the settings ask for. Errors: a column that is no number or that the model does not have as one.
pub(super) fn functional_forms(
    table: &Table,
    settings: &ModelSettings,
    fitted: &Fitted,
) -> Result<Vec<FunctionalForm>> {
    let asked = &settings.diagnostics.functional_form;
    let values: Vec<Vec<f64>> = asked
        .columns
        .iter()
        .map(|column| values_of_patterns(table, column, settings, fitted))
        .collect::<Result<_>>()?;
    let tests = fitted.prepared.cumulative_residuals(&fitted.fit, settings.ties, &values, asked.n_paths, asked.seed);
    let form = |(column, test): (&String, CumulativeTest)| FunctionalForm {
        variable: column.clone(),
        label: table.column(column).map_or(String::new(), |c| c.label.clone()),
        statistic: finite(test.statistic),
        at: finite(test.at),
        p: finite(test.p),
        paths: asked.n_paths,
        seed: asked.seed,
    };
    Ok(asked.columns.iter().zip(tests).map(form).collect())
}

/// The column's value for every distinct design row: rows that are equal for the model must have equal values.
fn values_of_patterns(table: &Table, column: &str, settings: &ModelSettings, fitted: &Fitted) -> Result<Vec<f64>> {
    let fault = |why: &str| Error::FunctionalForm {
        model: settings.name.clone(),
        column: column.to_owned(),
        why: why.to_owned(),
    };
    let data = table.column(column).map(|c| &c.data).ok_or_else(|| fault("there is no such column"))?;
    let value = |row: usize| match data {
        ColumnData::Number(values) => Some(values[row]),
        ColumnData::Whole(values) | ColumnData::Day(values) => {
            Some(if values[row] == MISSING_WHOLE { f64::NAN } else { f64::from(values[row]) })
        }
        ColumnData::Factor(_) | ColumnData::Logical(_) => None,
    };
    let prepared = &fitted.prepared;
    let mut values = vec![f64::NAN; prepared.n_patterns()];
    for (row, record) in fitted.built.rows.iter().zip(prepared.record_of_row()) {
        let found = value(*row as usize).ok_or_else(|| fault("it is no column of numbers"))?;
        let known = &mut values[prepared.pattern_of_record(*record as usize) as usize];
        if known.is_nan() {
            *known = found;
        }
        if *known != found {
            return Err(fault("the model does not have it as a number (classes of it will not do)"));
        }
    }
    Ok(values)
}
