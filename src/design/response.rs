//! The survival part of the records: times, whether they end in an event, and which intervals cannot be used.

use super::value::{Value, evaluate, whole_numbers};
use crate::engine::data::Time;
use crate::formula::{Expr, ExprKind, Fault, Response};
use crate::table::{ColumnData, MISSING_WHOLE, Table};
use std::borrow::Cow;

/// Times and events of all rows, missing values included.
pub(crate) struct Outcome<'t> {
    /// Start of observation.
    pub entry: Option<Times<'t>>,
    /// End of observation.
    pub exit: Times<'t>,
    /// Whether the end is an event; `None` is missing.
    pub event: Cow<'t, [Option<bool>]>,
    /// What the three are called in counts of missing values.
    pub names: [String; 3],
}

/// One time per row.
pub(crate) enum Times<'t> {
    /// Whole units; [`MISSING_WHOLE`] is missing.
    Whole(Cow<'t, [i32]>),
    /// Fractional; NaN is missing.
    Real(Cow<'t, [f64]>),
}

impl<'t> Times<'t> {
    /// Whether any time is missing.
    pub(crate) fn any_missing(&self) -> bool {
        match self {
            Times::Whole(v) => v.contains(&MISSING_WHOLE),
            Times::Real(v) => v.iter().any(|x| x.is_nan()),
        }
    }

    /// Whether any interval from these times to those of `exit` is empty, missing times aside.
    pub(crate) fn any_empty(&self, exit: &Times<'_>) -> bool {
        match (self, exit) {
            (Times::Whole(a), Times::Whole(b)) => a.iter().zip(b.iter()).any(|(a, b)| a >= b),
            (Times::Real(a), Times::Real(b)) => a.iter().zip(b.iter()).any(|(a, b)| a >= b),
            _ => true,
        }
    }

    /// Whether the time of `row` is missing.
    pub(crate) fn is_missing(&self, row: usize) -> bool {
        match self {
            Times::Whole(v) => v[row] == MISSING_WHOLE,
            Times::Real(v) => v[row].is_nan(),
        }
    }

    /// The time of `row`.
    pub(crate) fn get(&self, row: usize) -> f64 {
        match self {
            Times::Whole(v) => f64::from(v[row]),
            Times::Real(v) => v[row],
        }
    }

    /// The times of the given rows.
    pub(crate) fn take(&self, rows: Option<&[u32]>) -> Time {
        match (self, rows) {
            (Times::Whole(v), None) => Time::Whole(v.to_vec()),
            (Times::Real(v), None) => Time::Real(v.to_vec()),
            (Times::Whole(v), Some(rows)) => Time::Whole(rows.iter().map(|r| v[*r as usize]).collect()),
            (Times::Real(v), Some(rows)) => Time::Real(rows.iter().map(|r| v[*r as usize]).collect()),
        }
    }

    fn into_real(self) -> Times<'t> {
        match self {
            Times::Whole(v) => Times::Real(Cow::Owned(whole_numbers(&v))),
            real => real,
        }
    }
}

/// The response of a formula that has none: columns `entry`, `exit` and `event` of a study's records.
pub(crate) fn study_response() -> Response {
    let name = |n: &str| Expr { kind: ExprKind::Name(n.to_string()), span: 0..0 };
    Response { entry: Some(name("entry")), exit: name("exit"), event: Some(name("event")), span: 0..0 }
}

/// Works out the response for all rows.
pub(crate) fn outcome<'t>(response: &Response, table: &'t Table) -> Result<Outcome<'t>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut keep = |fault: Fault| faults.push(fault);
    let entry = response.entry.as_ref().map(|e| times(e, table)).transpose().map_err(&mut keep).ok().flatten();
    let exit = times(&response.exit, table).map_err(&mut keep).ok();
    let event = event(response, table).map_err(&mut keep).ok();
    let (Some(exit), Some(event)) = (exit, event) else { return Err(faults) };
    if !faults.is_empty() {
        return Err(faults);
    }
    let (entry, exit) = match (entry, exit) {
        (Some(Times::Whole(a)), Times::Whole(b)) => (Some(Times::Whole(a)), Times::Whole(b)),
        (Some(a), b) => (Some(a.into_real()), b.into_real()),
        (None, b) => (None, b),
    };
    let text = |e: Option<&Expr>| e.map(Expr::text).unwrap_or_default();
    let names = [text(response.entry.as_ref()), response.exit.text(), text(response.event.as_ref())];
    Ok(Outcome { entry, exit, event, names })
}

/// A time: whole where all values are.
fn times<'t>(expr: &Expr, table: &'t Table) -> Result<Times<'t>, Fault> {
    let columns = super::atom::lookup(table);
    if let ExprKind::Name(name) = &expr.ungrouped().kind
        && let Some(ColumnData::Whole(v) | ColumnData::Day(v)) = columns(name)
    {
        return Ok(Times::Whole(Cow::Borrowed(v)));
    }
    let numbers = match evaluate(expr, &columns)? {
        Value::Number(v) if v.len() == table.n_rows() => v,
        Value::Number(v) if v.len() == 1 => vec![v[0]; table.n_rows()],
        Value::Number(v) => v,
        Value::Logical(_) => return Err(Fault::new(expr.span.clone(), "this is true or false, not a time")),
    };
    if numbers.iter().any(|x| x.is_infinite()) {
        return Err(
            Fault::new(expr.span.clone(), "a time is infinite").help("make it missing, or give the end of observation")
        );
    }
    let is_whole = |x: &f64| x.is_nan() || (x.fract() == 0.0 && x.abs() < f64::from(i32::MAX));
    if numbers.iter().all(is_whole) {
        let whole = |x: &f64| if x.is_nan() { MISSING_WHOLE } else { *x as i32 };
        return Ok(Times::Whole(numbers.iter().map(whole).collect()));
    }
    Ok(Times::Real(Cow::Owned(numbers)))
}

/// Whether each row ends in an event.
fn event<'t>(response: &Response, table: &'t Table) -> Result<Cow<'t, [Option<bool>]>, Fault> {
    let Some(expr) = &response.event else { return Ok(vec![Some(true); table.n_rows()].into()) };
    let columns = super::atom::lookup(table);
    let text = expr.text();
    let compare = format!("say which value is the event, such as {text} == 2");
    if let ExprKind::Name(name) = &expr.ungrouped().kind {
        match columns(name) {
            Some(ColumnData::Factor(_)) => {
                let fault =
                    Fault::new(expr.span.clone(), format!("`{name}` is text; which level is the event is not said"));
                return Err(fault.help(format!("compare it: {text} == \"a level\"")));
            }
            Some(ColumnData::Logical(v)) => return Ok(Cow::Borrowed(v)),
            _ => {}
        }
    }
    let numbers = match evaluate(expr, &columns)? {
        Value::Logical(v) if v.len() == 1 => return Ok(vec![v[0]; table.n_rows()].into()),
        Value::Logical(v) => return Ok(v.into()),
        Value::Number(v) => v,
    };
    let only = |allowed: [f64; 2]| numbers.iter().all(|x| x.is_nan() || allowed.contains(x));
    let event_value = if only([0.0, 1.0]) {
        1.0
    } else if only([1.0, 2.0]) {
        // R's rule: with 1 and 2, two is the event.
        2.0
    } else {
        let message = format!("`{text}` has other values than 0 and 1 (or 1 and 2)");
        return Err(Fault::new(expr.span.clone(), message).help(compare));
    };
    Ok(numbers.iter().map(|x| (!x.is_nan()).then_some(*x == event_value)).collect())
}
