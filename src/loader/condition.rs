//! SQL conditions, evaluated by polars on a batch of rows or on the persons.
//!
//! A condition is about one row: sums, ranks and other functions over rows would mean something else in every
//! batch, and are refused. A row for which the condition is unknown (a missing value) is not taken.

use super::error::{Fault, LoadError, Place};
use crate::day::Day;
use crate::study::silence_polars;
use crate::table::{ColumnData, MISSING_WHOLE, Table};
use polars::prelude::{
    AggExpr, BooleanChunked, Column as PolarsColumn, DataFrame, DataType, DataTypeExpr, Expr, IntoColumn, IntoLazy,
    IntoSeries, NamedFrom, PolarsError, PolarsResult, Series, StringChunked, lit,
};
use std::sync::Arc;

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
    silence_polars();
    let expr = polars::sql::sql_expr(sql);
    let expr = expr.map_err(|_| fault("the SQL condition cannot be read", "correct its spelling"))?;
    let mut names = Vec::new();
    for part in &expr {
        match part {
            Expr::Selector(_) => return Err(fault("the SQL condition names no single column", "name each column")),
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
        let expr = self.expr.clone().try_map_expr(|part| dates(part, frame)).map_err(|_| self.not_a_date())?;
        let out = frame.clone().lazy().select([expr.alias(VALUE)]).collect().map_err(|_| self.unfit())?;
        let column = out.column(VALUE).map_err(|_| self.unfit())?.clone();
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

    fn not_a_date(&self) -> LoadError {
        self.fault("the SQL condition compares a date with something else", "write days as DATE '2015-01-31'")
    }

    fn fault(&self, rule: &str, remedy: &str) -> LoadError {
        LoadError::Condition(Fault::new(Place::file(&*self.place), rule, remedy))
    }
}

const VALUE: &str = "\u{1}value";

/// Days that a condition writes as text, `DATE '2015-01-31'` or `'2015-01-31'` beside a date column, as dates.
///
/// polars would read the first with a warning and refuse the second; a number beside a date column it would take
/// as days since 1970, which nobody means. Errors: what is compared with a date column is a number or other text, or
/// there is no such day.
fn dates(part: Expr, frame: &DataFrame) -> PolarsResult<Expr> {
    let no_date = || PolarsError::ComputeError("not a date".into());
    let is_date = |e: &Expr| match e {
        Expr::Column(name) => frame.column(name).is_ok_and(|c| c.dtype() == &DataType::Date),
        _ => false,
    };
    let beside_date = |e: &Arc<Expr>| -> PolarsResult<Arc<Expr>> {
        let Expr::Literal(literal) = &**e else { return Ok(Arc::clone(e)) };
        match literal.extract_str().and_then(iso_day) {
            Some(day) => Ok(Arc::new(day)),
            None if literal.is_null() => Ok(Arc::clone(e)),
            None => Err(no_date()),
        }
    };
    Ok(match part {
        Expr::Cast { ref expr, dtype: DataTypeExpr::Literal(DataType::Date), .. } => match &**expr {
            Expr::Literal(literal) => match literal.extract_str() {
                Some(text) => iso_day(text).ok_or_else(no_date)?,
                None => part,
            },
            _ => part,
        },
        Expr::BinaryExpr { left, op, right } if op.is_comparison() => {
            let (left, right) = match (is_date(&left), is_date(&right)) {
                (true, false) => (Arc::clone(&left), beside_date(&right)?),
                (false, true) => (beside_date(&left)?, Arc::clone(&right)),
                _ => (left, right),
            };
            Expr::BinaryExpr { left, op, right }
        }
        Expr::Function { mut input, function } => {
            // BETWEEN; other functions of dates take texts that are no days.
            if input.first().is_some_and(is_date) {
                for argument in &mut input[1..] {
                    if let Expr::Literal(text) = argument
                        && let Some(day) = text.extract_str().and_then(iso_day)
                    {
                        *argument = day;
                    }
                }
            }
            Expr::Function { input, function }
        }
        other => other,
    })
}

/// The day that `2015-01-31` writes, as a literal.
fn iso_day(text: &str) -> Option<Expr> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
        return None;
    }
    let day = Day::from_ymd(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    Some(lit(day.0).cast(DataType::Date))
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Codes, Column, Factor};

    fn table() -> Table {
        let column = |name: &str, data| Column { name: name.into(), label: name.into(), data };
        let levels = vec!["1".to_string(), "2".to_string()];
        let codes = Codes::pack([Some(0), Some(1), None], 2);
        let sex = Factor { codes, labels: levels.clone(), levels, declared: false };
        Table::new(vec![
            column("sex", ColumnData::Factor(sex)),
            column("date", ColumnData::Day(vec![14_610, 14_975, MISSING_WHOLE])), // 2010-01-01, 2011-01-01
            column("age", ColumnData::Number(vec![40.5, f64::NAN, 20.0])),
            column("year", ColumnData::Whole(vec![2009, 2010, MISSING_WHOLE])),
            column("flag", ColumnData::Logical(vec![Some(true), Some(false), None])),
        ])
    }

    #[test]
    fn conditions_that_studies_write() {
        let cases: &[(&str, &[u32], u64)] = &[
            ("sex = '1'", &[0], 1),
            ("sex IN ('1', '2')", &[0, 1], 1),
            ("sex <> '1' OR age < 30", &[1, 2], 0),
            ("date >= DATE '2010-06-01'", &[1], 1),
            ("date >= '2010-06-01'", &[1], 1),
            ("date BETWEEN DATE '2010-01-01' AND DATE '2010-12-31'", &[0], 1),
            ("age IS NULL", &[1], 0),
            ("year + 1 = 2010 AND age > 40", &[0], 0),
            ("flag", &[0], 1),
            ("NOT flag", &[1], 1),
            ("sex LIKE '1%'", &[0], 1),
            ("CASE WHEN age > 30 THEN sex = '1' ELSE year = 2010 END", &[0, 1], 1),
            ("COALESCE(sex, '9') = '9'", &[2], 0),
            ("EXTRACT(YEAR FROM date) = 2010", &[0], 1),
            ("1 = 1", &[0, 1, 2], 0),
        ];
        let wrong: Vec<String> = cases
            .iter()
            .map(|(sql, rows, unknown)| (sql, rows_of_table(&table(), sql, "data.csv"), (rows.to_vec(), *unknown)))
            .filter(|(_, found, wanted)| found.as_ref() != Ok(wanted))
            .map(|(sql, found, _)| format!("{sql}: {found:?}"))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_date_is_compared_with_days_only() {
        for sql in ["date > 20100101", "date = 'SECRET'", "DATE '2010-02-30' = date", "2010 <= date"] {
            let error = rows_of_table(&table(), sql, "data.csv").unwrap_err().to_string();
            assert!(error.contains("DATE '2015-01-31'") || error.contains("cannot be read"), "{sql}: {error}");
        }
    }

    /// Whatever stands in a condition gives rows or a message, never a panic, and the message shows no cell.
    #[test]
    fn odd_conditions_are_errors() {
        let odd = [
            "",
            "sex =",
            "sex = 1",
            "sex > 3",
            "age = 'x'",
            "date = 'SECRET'",
            "date > 5",
            "sex IN (1, 2)",
            "age",
            "sex",
            "date",
            "1",
            "NULL",
            "MAX(age) = age",
            "SUM(age) > 1",
            "COUNT(*) > 1",
            "ROW_NUMBER() OVER (ORDER BY age) = 1",
            "nosuch = 1",
            "SELECT 1",
            "age = (SELECT 1)",
            "sex || 'x' = 'x'",
            "CAST(sex AS INT) = 1",
            "CAST(date AS INT) > 1",
            "age / 0 > 1",
            "year / 0 = 1",
            "sex ~ '('",
            "REGEXP_LIKE(sex, '(')",
            "SUBSTR(sex, 1, 1) = '1'",
            "LENGTH(sex) = 1",
            "UPPER(sex) = '1'",
            "ROUND(age, 1) > 1",
            "SQRT(age) > 1",
            "DATE_PART('year', date) = 2010",
            "STRFTIME(date, '%Y') = '2010'",
            "date + INTERVAL '1 day' > date",
            "age BETWEEN 1",
            "sex LIKE",
            "flag = 'true'",
            "flag > 1",
            "flag + 1 = 2",
            "UNNEST(sex) = '1'",
            "sex = ANY(ARRAY['1'])",
            "ARRAY_CONTAINS(ARRAY['1'], sex)",
            "LAG(age) > 1",
            "CONCAT(sex, year) = '12009'",
            "TRY_CAST(sex AS INT) = 1",
            "sex::int = 1",
            "-sex = 1",
            "NOT sex",
            "age AND flag",
            "a.b = 1",
            "\"sex\" = '1'",
            "sex = \"1\"",
            "sex = '1' -- x",
            "sex = '1'; DROP",
            "DATE 'x' < date",
            "YEAR(date) = 2010",
            "INITCAP(sex) = '1'",
            "STRPOS(sex, '1') = 1",
            "GREATEST(age, year) > 1",
            "MOD(year, 2) = 0",
            "year % 0 = 0",
            "SHA1(sex) = 'x'",
            "*",
            "COLUMNS('a') = 1",
            "RANDOM() > 0.5",
        ];
        let mut panics = Vec::new();
        for sql in odd {
            match std::panic::catch_unwind(|| rows_of_table(&table(), sql, "data.csv")) {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => assert!(!error.to_string().contains("SECRET"), "{error}"),
                Err(_) => panics.push(sql),
            }
        }
        assert!(panics.is_empty(), "{panics:?}");
    }
}
