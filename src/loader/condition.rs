//! SQL conditions, evaluated by polars on a batch of rows or on the persons.
//!
//! A condition is about one row: sums, ranks and other functions over rows would mean something else in every
//! batch, and are refused. A row for which the condition is unknown (a missing value) is not taken.

use super::error::{Fault, LoadError, Place};
use crate::day::Day;
use crate::table::{ColumnData, MISSING_WHOLE, Table};
use polars::prelude::{
    AggExpr, BooleanChunked, Column as PolarsColumn, DataFrame, DataType, Expr, IntoColumn, IntoLazy, IntoSeries,
    NamedFrom, Series, StringChunked,
};

/// A condition that can be evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    expr: Expr,
    /// The columns it names, sorted, each once.
    pub(crate) names: Vec<String>,
    /// What messages call it.
    place: String,
}

/// Parses `sql`; `place` is what messages call it. Errors: `LoadError::Condition`.
pub(crate) fn compile(sql: &str, place: &str) -> Result<Compiled, LoadError> {
    let fault = |rule: &str, remedy: &str| LoadError::Condition(Fault::new(Place::file(place), rule, remedy));
    let expr =
        polars::sql::sql_expr(sql).map_err(|_| fault("the SQL condition cannot be read", "correct its spelling"))?;
    let mut names = Vec::new();
    for part in &expr {
        match part {
            Expr::Column(name) => names.push(name.to_string()),
            // The list of `IN ('a', 'b')` is gathered into one value.
            Expr::Agg(AggExpr::Implode { .. }) => {}
            Expr::Agg(_) | Expr::Over { .. } | Expr::Len | Expr::Explode { .. } => {
                let rule = "the SQL condition uses a function over several rows";
                return Err(fault(rule, "write it about one row; count rows with a step's `any`, `none` or `count`"));
            }
            _ => {}
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(Compiled { expr, names, place: place.to_string() })
}

/// The columns that `sql` names, sorted, each once.
pub(crate) fn names(sql: &str, place: &str) -> Result<Vec<String>, LoadError> {
    Ok(compile(sql, place)?.names)
}

impl Compiled {
    /// True, false or unknown for every row of the frame.
    pub(crate) fn evaluate(&self, frame: &DataFrame) -> Result<BooleanChunked, LoadError> {
        let value = self.value(frame)?;
        if value.dtype() != &DataType::Boolean && value.dtype() != &DataType::Null {
            return Err(self.fault("the condition is neither true nor false", "compare something in it"));
        }
        let value = value.as_materialized_series().cast(&DataType::Boolean).map_err(|_| self.unfit())?;
        Ok(value.bool().expect("cast to boolean").clone())
    }

    /// The value of the expression for every row of the frame.
    pub(crate) fn value(&self, frame: &DataFrame) -> Result<PolarsColumn, LoadError> {
        let height = frame.height();
        let out = frame.clone().lazy().select([self.expr.clone().alias(VALUE)]).collect().map_err(|_| self.unfit())?;
        let column = out.column(VALUE).expect("selected under this name").clone();
        // An expression without columns has one value for all rows.
        Ok(if column.len() == height { column } else { column.new_from_index(0, height) })
    }

    /// The rows of the frame for which the condition is true, and the number of those for which it is unknown.
    pub(crate) fn rows(&self, frame: &DataFrame) -> Result<(Vec<u32>, u64), LoadError> {
        let mask = self.evaluate(frame)?;
        let rows = (0u32..).zip(mask.iter()).filter(|(_, keep)| *keep == Some(true)).map(|(row, _)| row).collect();
        Ok((rows, mask.null_count() as u64))
    }

    /// The message of polars may quote cells, so it is not passed on.
    fn unfit(&self) -> LoadError {
        let names = self.names.join(", ");
        let rule = format!("the SQL condition does not fit the types of its columns ({names})");
        self.fault(&rule, "compare text with '…', dates with DATE '2015-01-31', numbers without quotes")
    }

    fn fault(&self, rule: &str, remedy: &str) -> LoadError {
        LoadError::Condition(Fault::new(Place::file(&*self.place), rule, remedy))
    }
}

const VALUE: &str = "\u{1}value";

/// The rows of `table` for which `sql` is true, and the number of those for which it is unknown.
pub(crate) fn rows_of_table(table: &Table, sql: &str, place: &str) -> Result<(Vec<u32>, u64), LoadError> {
    let compiled = compile(sql, &format!("{place}, row condition"))?;
    let mut columns = Vec::new();
    for name in &compiled.names {
        let Some(column) = table.column(name) else {
            let rule = format!("the row condition names {name}, which is no column of the file");
            let remedy = "correct the name; text stands in single quotes";
            return Err(LoadError::Condition(Fault::new(Place::file(place), rule, remedy)));
        };
        columns.push(table_column(name, &column.data));
    }
    let frame = DataFrame::new(table.n_rows(), columns).expect("columns of a table have one length");
    compiled.rows(&frame)
}

/// A column of a table as polars holds it: factors as text, days as dates.
pub(crate) fn table_column(name: &str, data: &ColumnData) -> PolarsColumn {
    let whole = |v: &[i32]| v.iter().map(|&x| (x != MISSING_WHOLE).then_some(x)).collect::<Vec<_>>();
    let series = match data {
        ColumnData::Factor(f) => {
            let texts: StringChunked =
                (0..f.codes.len()).map(|row| f.codes.get(row).map(|c| f.levels[c as usize].as_str())).collect();
            texts.with_name(name.into()).into_series()
        }
        ColumnData::Number(v) => {
            Series::new(name.into(), v.iter().map(|&x| (!x.is_nan()).then_some(x)).collect::<Vec<_>>())
        }
        ColumnData::Whole(v) => Series::new(name.into(), whole(v)),
        ColumnData::Day(v) => Series::new(name.into(), whole(v)).cast(&DataType::Date).expect("days are dates"),
        ColumnData::Logical(v) => Series::new(name.into(), v.clone()),
    };
    series.into_column()
}

/// One day for every row, as polars holds it.
pub(crate) fn day_column(name: &str, days: &[Day]) -> PolarsColumn {
    table_column(name, &ColumnData::Day(days.iter().map(|d| d.0).collect()))
}
