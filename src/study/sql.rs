//! Conditions in SQL: whether polars reads them, and whether the names and kinds in them fit.

use super::fault::Fault;
use super::spec::{Faults, Text, suggest};
use super::{ColumnKind, ColumnSource, ColumnSpec, Span};
use indexmap::IndexMap;
use polars::prelude::*;

/// An SQL expression that polars reads (`polars::sql::sql_expr`) and whose names are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql {
    /// The expression as written.
    pub text: String,
    /// Where it is written.
    pub span: Span,
    /// The columns it names, sorted, each once.
    pub names: Vec<String>,
}

/// The names that an expression may use.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Whose names these are: "extract `claims`", "persons".
    pub of: String,
    /// The names in order.
    pub names: IndexMap<String, NameKind>,
}

/// What a name of a condition stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum NameKind {
    /// A text; with its possible values if they are declared.
    Text(Option<Vec<String>>),
    /// A whole number.
    Whole,
    /// A real number.
    Number,
    /// A day.
    Date,
    /// It cannot stand in a condition, for this reason.
    Refused(&'static str),
    /// Not known, because its declaration has a fault.
    Unknown,
}

impl NameKind {
    /// What a column of an extract is in a condition.
    pub fn of(column: &ColumnSpec) -> NameKind {
        match (&column.source, &column.kind) {
            (ColumnSource::Yearly { .. }, _) => NameKind::Refused("it has a value for every year; make it a covariate"),
            (_, ColumnKind::Date(_)) => NameKind::Date,
            (_, ColumnKind::Code(code)) => NameKind::Text(code.levels.clone()),
            (_, ColumnKind::Codes { .. }) => {
                NameKind::Refused("it holds several codes; use codes = { column, codelist }")
            }
            (_, ColumnKind::Whole { .. }) => NameKind::Whole,
            (_, ColumnKind::Number { .. }) => NameKind::Number,
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            NameKind::Whole => DataType::Int32,
            NameKind::Number => DataType::Float64,
            NameKind::Date => DataType::Date,
            NameKind::Text(_) | NameKind::Refused(_) | NameKind::Unknown => DataType::String,
        }
    }
}

/// What an SQL expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// True or false.
    Logical,
    /// A text.
    Text,
    /// A number.
    Number,
    /// Something else.
    Other,
}

/// Reads a condition: an expression that is true or false.
pub fn read_condition(text: &Text, scope: &Scope, faults: &Faults) -> Option<Sql> {
    let (sql, gives) = read(text, scope, faults)?;
    if gives.is_some_and(|g| g != Gives::Logical) {
        faults.add(&text.span, "the condition is neither true nor false", "write a comparison, for example age >= 18");
        return None;
    }
    Some(sql)
}

/// Reads an expression. What it gives is not known when a name in it is not.
pub fn read(text: &Text, scope: &Scope, faults: &Faults) -> Option<(Sql, Option<Gives>)> {
    match parse(text, scope) {
        Ok((sql, gives, slips)) => {
            for slip in slips {
                faults.add(&slip.span, slip.rule, slip.remedy);
            }
            Some((sql, gives))
        }
        Err(found) => {
            for fault in found {
                faults.add(&fault.span, fault.rule, fault.remedy);
            }
            None
        }
    }
}

type Parsed = (Sql, Option<Gives>, Vec<Fault>);

/// polars writes warnings to standard error; the library never prints.
pub(crate) fn silence_polars() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| polars::error::set_warning_function(|_, _| {}));
}

fn parse(text: &Text, scope: &Scope) -> Result<Parsed, Vec<Fault>> {
    silence_polars();
    let fault = |rule: String, remedy: String| Fault { span: text.span.clone(), rule, remedy };
    let expr = polars::sql::sql_expr(&text.text).map_err(|error| vec![fault(reason(&error), HINT.into())])?;
    let mut names: Vec<String> = (&expr).into_iter().filter_map(column_name).collect();
    names.sort();
    names.dedup();
    let mut faults = Vec::new();
    for name in &names {
        match scope.names.get(name) {
            None => {
                let remedy = suggest(name, scope.names.keys().map(String::as_str));
                faults.push(fault(format!("{} have no `{name}`", scope.of), remedy));
            }
            Some(NameKind::Refused(reason)) => {
                faults.push(fault(format!("`{name}` cannot stand in a condition"), (*reason).into()));
            }
            Some(_) => {}
        }
    }
    // `IN (…)` makes one value of its list (implode); every other aggregate looks at several rows.
    let whole_table = |e: &Expr| match e {
        Expr::Agg(aggregate) => !matches!(aggregate, AggExpr::Implode { .. }),
        Expr::Over { .. } | Expr::Len => true,
        _ => false,
    };
    if (&expr).into_iter().any(whole_table) {
        let rule = "a condition looks at one row, not at sums or counts over rows".into();
        faults.push(fault(rule, "count rows with a step's `any`, `none` or `count`, or a covariate's".into()));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let known = names.iter().all(|n| scope.names[n] != NameKind::Unknown);
    let gives = known.then(|| evaluate(&expr, &names, scope)).transpose();
    let gives = gives.map_err(|error| vec![fault(reason(&error), HINT_KINDS.into())])?;
    let slips = (&expr).into_iter().filter_map(|e| unknown_level(e, scope)).map(|(rule, remedy)| fault(rule, remedy));
    let slips = slips.collect();
    Ok((Sql { text: text.text.clone(), span: text.span.clone(), names }, gives, slips))
}

const HINT: &str = "conditions are SQL expressions: sector IN ('PHV', 'TSB') AND care_level = '3'; \
                    names that are words of SQL stand in double quotes";
const HINT_KINDS: &str = "codes are text and stand in single quotes: care_level = '3'; days are written DATE '2015-01-31'; \
     text, numbers and dates cannot be compared with each other";

/// The first line of a polars message.
fn reason(error: &PolarsError) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or("");
    let detail = line.split_once(": ").map_or(line, |(_, rest)| rest);
    if detail.starts_with("unable to parse") {
        return "the SQL cannot be read".into();
    }
    format!("the SQL cannot be used: {}", detail.trim_end_matches('.'))
}

fn column_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Column(name) => Some(name.to_string()),
        _ => None,
    }
}

/// What the expression gives on a table without rows, or why it cannot be evaluated.
fn evaluate(expr: &Expr, names: &[String], scope: &Scope) -> PolarsResult<Gives> {
    let fields = names.iter().map(|n| Field::new(n.as_str().into(), scope.names[n].data_type()));
    let schema: Schema = fields.collect();
    let frame = DataFrame::empty_with_schema(&schema).lazy().select([expr.clone().alias("value")]).collect()?;
    Ok(match frame.column("value")?.dtype() {
        DataType::Boolean => Gives::Logical,
        DataType::String => Gives::Text,
        dtype if dtype.is_numeric() => Gives::Number,
        _ => Gives::Other,
    })
}

/// A comparison with a text that the column cannot hold is a slip.
fn unknown_level(expr: &Expr, scope: &Scope) -> Option<(String, String)> {
    let Expr::BinaryExpr { left, op: Operator::Eq | Operator::NotEq, right } = expr else { return None };
    let (name, literal) = match (&**left, &**right) {
        (Expr::Column(name), Expr::Literal(value)) | (Expr::Literal(value), Expr::Column(name)) => (name, value),
        _ => return None,
    };
    let Some(NameKind::Text(Some(levels))) = scope.names.get(name.as_str()) else { return None };
    let text = literal.extract_str().filter(|text| !levels.iter().any(|l| l == text))?;
    let remedy = suggest(text, levels.iter().map(String::as_str)).replacen("declared:", "its values:", 1);
    Some((format!("`{name}` is never '{text}'"), remedy))
}
