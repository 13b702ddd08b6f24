//! Design rows of splines and polynomials: R's first rows against the compact design, and against the row that the
//! model's constants give for the same values as if they were a new person's.

use super::model::{Model, fitted};
use super::{Case, Faults, list};
use crate::design::dense_row;
use cohort::design::{Setting, SettingValue};
use cohort::table::{ColumnData, MISSING_WHOLE, Table};

/// Compares `design_first_rows` of a case where it has them.
pub fn compare_rows(case: &Case, faults: &mut Faults) {
    let rows = list(&case.expected()["design_first_rows"]["rows"]);
    if rows.is_empty() {
        return;
    }
    let found = Model::read(case).and_then(|model| Ok((model.table()?, fitted(case)?)));
    let Ok((table, fitted)) = found else {
        faults.found.push("design rows: the model cannot be built".to_owned());
        return;
    };
    let columns = &fitted.built.columns;
    for (i, r) in rows.iter().enumerate() {
        let ours = dense_row(&fitted.built.design, i);
        let row = fitted.built.rows[i] as usize;
        let again = columns.row(&setting(&table, row));
        for (j, r) in list(r).iter().enumerate() {
            let name = &columns.names[j];
            faults.number(&format!("design row {i}, {name}"), &ours[j].into(), r, 1e-10);
            faults.number(&format!("design row {i} of new values, {name}"), &again[j].into(), r, 1e-10);
        }
        if ours.len() != list(r).len() {
            faults.found.push(format!("design row {i}: {} columns, R {}", ours.len(), list(r).len()));
        }
    }
}

/// The values of all columns of one row.
fn setting(table: &Table, row: usize) -> Setting {
    let mut setting = Setting::default();
    for column in table.columns() {
        let value = match &column.data {
            ColumnData::Factor(f) => f.codes.get(row).map(|c| SettingValue::Level(f.levels[c as usize].clone())),
            ColumnData::Number(v) => Some(SettingValue::Number(v[row])).filter(|_| !v[row].is_nan()),
            ColumnData::Whole(v) | ColumnData::Day(v) => {
                Some(SettingValue::Number(f64::from(v[row]))).filter(|_| v[row] != MISSING_WHOLE)
            }
            ColumnData::Logical(v) => v[row].map(|b| SettingValue::Level(if b { "TRUE" } else { "FALSE" }.to_owned())),
        };
        if let Some(value) = value {
            setting = setting.with(&column.name, value);
        }
    }
    setting
}
