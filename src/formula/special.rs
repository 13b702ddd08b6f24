//! The calls that a formula knows: `Surv`, `strata`, `cluster`, `offset`, `factor`, bases, transformations.

use super::basis::{BASES, BasisCall, basis};
use super::expr::{Argument, Binary, Expr, ExprKind, Unary};
use super::fault::{Fault, nearest};
use super::ridge::{RidgeCall, ridge};
use super::time::{TimeCall, tt};
use std::ops::Range;

/// Functions of numbers that may stand in a term or inside `I()`.
pub const TRANSFORMATIONS: [&str; 8] = ["log", "log2", "log10", "log1p", "sqrt", "exp", "abs", "I"];
/// Everything that may stand before a parenthesis on the right side.
const KNOWN: [&str; 20] = [
    "strata",
    "cluster",
    "offset",
    "factor",
    "as.factor",
    "relevel",
    "log",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "exp",
    "abs",
    "I",
    "ns",
    "bs",
    "rcs",
    "poly",
    "tt",
    "ridge",
];

/// The left side: `Surv(time, event)` or `Surv(entry, exit, event)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// Start of observation; `None` for right-censored data.
    pub entry: Option<Expr>,
    /// End of observation.
    pub exit: Expr,
    /// Whether the end is an event: a column of 0/1, 1/2 or true/false, or a comparison. `None`: every end is one.
    pub event: Option<Expr>,
    /// The place of the whole call.
    pub span: Range<usize>,
}

/// What a variable is.
#[derive(Debug, Clone, PartialEq)]
pub enum VariableKind {
    /// A column as it is: text and declared levels are a factor, numbers are numbers.
    Column(Expr),
    /// A column made a factor.
    Factor(FactorCall),
    /// A number, or a truth, worked out of columns: `log(bili)`, `I(age/10)`, `age > 65`.
    Expression(Expr),
    /// `strata(a, b)`: the combinations of its arguments.
    Strata(Vec<Expr>),
    /// `tt(x, f)`: a covariate times functions of time.
    Time(TimeCall),
    /// `ns(x, …)`, `bs(x, …)`, `rcs(x, …)`, `poly(x, …)`: several functions of one number.
    Basis(BasisCall),
}

/// `factor(x, ref = "a", levels = c("a", "b"))`.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorCall {
    /// The column.
    pub column: Expr,
    /// The reference level.
    pub reference: Option<String>,
    /// The levels in order.
    pub levels: Option<Vec<String>>,
}

impl VariableKind {
    /// The covariate of a `tt()`, anything else itself.
    pub fn covariate(&self) -> &VariableKind {
        match self {
            VariableKind::Time(call) => &call.covariate,
            other => other,
        }
    }

    /// The expressions of columns in it.
    pub fn expressions(&self) -> Vec<&Expr> {
        match self {
            VariableKind::Column(e) | VariableKind::Expression(e) => vec![e],
            VariableKind::Factor(call) => vec![&call.column],
            VariableKind::Strata(list) => list.iter().collect(),
            VariableKind::Time(call) => call.covariate.expressions(),
            VariableKind::Basis(call) => vec![&call.argument],
        }
    }
}

/// What a call on the right side means.
pub enum Special {
    /// A variable of a term.
    Variable(VariableKind),
    /// `offset(x)`.
    Offset(Expr),
    /// `cluster(x)`.
    Cluster(Expr),
    /// `ridge(a, b, theta = 1)`.
    Ridge(RidgeCall),
}

/// Works out a call of the right side.
pub fn special(call: &Expr, function: &str, arguments: &[Argument]) -> Result<Special, Vec<Fault>> {
    let one = |what: &str| -> Result<Expr, Vec<Fault>> {
        match arguments {
            [Argument { name: None, value }] => Ok(value.clone()),
            _ => Err(vec![Fault::new(call.span.clone(), format!("`{function}()` takes one {what}"))]),
        }
    };
    match function {
        "offset" => {
            let value = one("number, such as offset(log_expected)")?;
            value_faults(&value)?;
            Ok(Special::Offset(value))
        }
        "cluster" => Ok(Special::Cluster(column(&one("column, such as cluster(person)")?, function)?)),
        "strata" => strata(call, arguments).map(Special::Variable),
        "tt" => tt(call, arguments).map(|found| Special::Variable(VariableKind::Time(found))),
        "factor" | "as.factor" | "relevel" => factor(call, function, arguments).map(Special::Variable),
        _ if BASES.contains(&function) => {
            basis(call, function, arguments).map(|call| Special::Variable(VariableKind::Basis(call)))
        }
        "ridge" => ridge(call, arguments).map(Special::Ridge),
        _ => {
            value_faults(call)?;
            Ok(Special::Variable(VariableKind::Expression(call.clone())))
        }
    }
}

/// `strata(a, b)`; every argument is a column or an expression.
fn strata(call: &Expr, arguments: &[Argument]) -> Result<VariableKind, Vec<Fault>> {
    if arguments.is_empty() {
        return Err(vec![Fault::new(call.span.clone(), "`strata()` names no column").help("write strata(region)")]);
    }
    let mut faults = Vec::new();
    for argument in arguments {
        match &argument.name {
            Some(name) => faults.push(
                Fault::new(argument.value.span.clone(), format!("`strata()` has no option `{name}`"))
                    .help("rows with a missing stratum are left out and counted"),
            ),
            None => faults.extend(value_faults(&argument.value).err().unwrap_or_default()),
        }
    }
    if faults.is_empty() {
        Ok(VariableKind::Strata(arguments.iter().map(|a| a.value.clone()).collect()))
    } else {
        Err(faults)
    }
}

/// `factor(x, ref = , levels = )` and `relevel(factor(x), ref = )`.
fn factor(call: &Expr, function: &str, arguments: &[Argument]) -> Result<VariableKind, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut inner: Option<FactorCall> = None;
    let (mut reference, mut levels) = (None, None);
    for (i, argument) in arguments.iter().enumerate() {
        let value = &argument.value;
        match argument.name.as_deref() {
            None | Some("x") if i == 0 => match factor_column(value, function) {
                Ok(found) => inner = Some(found),
                Err(more) => faults.extend(more),
            },
            Some("ref") => match constants(value) {
                Some(list) if list.len() == 1 => reference = list.into_iter().next(),
                _ => faults.push(Fault::new(value.span.clone(), "`ref` takes one level, such as ref = \"a\"")),
            },
            Some("levels") if function == "factor" => match constants(value) {
                Some(list) => levels = Some(list),
                None => faults.push(Fault::new(value.span.clone(), "`levels` takes a list such as c(\"a\", \"b\")")),
            },
            _ => faults.push(
                Fault::new(value.span.clone(), format!("`{function}()` does not know this argument"))
                    .help("write factor(x, ref = \"a\") or factor(x, levels = c(\"a\", \"b\"))"),
            ),
        }
    }
    match inner {
        Some(found) if faults.is_empty() => Ok(VariableKind::Factor(FactorCall {
            column: found.column,
            reference: reference.or(found.reference),
            levels: levels.or(found.levels),
        })),
        None if faults.is_empty() => {
            Err(vec![Fault::new(call.span.clone(), format!("`{function}()` names no column"))])
        }
        _ => Err(faults),
    }
}

/// The column of a factor call, or the factor call inside `relevel()`.
fn factor_column(value: &Expr, function: &str) -> Result<FactorCall, Vec<Fault>> {
    if let ExprKind::Call { function: inner, arguments } = &value.kind
        && function == "relevel"
        && matches!(inner.as_str(), "factor" | "as.factor")
        && let VariableKind::Factor(found) = factor(value, inner, arguments)?
    {
        return Ok(found);
    }
    Ok(FactorCall { column: column(value, function)?, reference: None, levels: None })
}

/// The name of a column, or a fault that says what `function` needs.
fn column(value: &Expr, function: &str) -> Result<Expr, Vec<Fault>> {
    match &value.ungrouped().kind {
        ExprKind::Name(_) => Ok(value.ungrouped().clone()),
        _ => Err(vec![
            Fault::new(value.span.clone(), format!("`{function}()` takes the name of a column"))
                .help("put a name with odd characters in back-ticks"),
        ]),
    }
}

/// The constants of `"a"`, `2`, or `c("a", "b")`, as text.
pub fn constants(value: &Expr) -> Option<Vec<String>> {
    match &value.ungrouped().kind {
        ExprKind::Text(text) => Some(vec![text.clone()]),
        ExprKind::Number(_) | ExprKind::Logical(_) => Some(vec![value.ungrouped().text()]),
        ExprKind::Unary(Unary::Minus, x) if matches!(x.kind, ExprKind::Number(_)) => {
            Some(vec![value.ungrouped().text()])
        }
        ExprKind::Call { function, arguments } if function == "c" && !arguments.is_empty() => {
            let parts: Option<Vec<Vec<String>>> = arguments.iter().map(|a| constants(&a.value)).collect();
            parts.map(|p| p.concat())
        }
        _ => None,
    }
}

/// Works out the left side.
pub fn response(left: &Expr) -> Result<Response, Vec<Fault>> {
    const SHAPES: &str = "write Surv(time, event) or Surv(entry, exit, event)";
    let ExprKind::Call { function, arguments } = &left.ungrouped().kind else {
        return Err(vec![Fault::new(left.span.clone(), "the left side is not a `Surv()`").help(SHAPES)]);
    };
    if function != "Surv" {
        return Err(vec![
            Fault::new(left.span.clone(), format!("the left side is `{function}()`, not `Surv()`")).help(SHAPES),
        ]);
    }
    let mut named: [Option<&Expr>; 3] = [None, None, None];
    let mut plain: Vec<&Expr> = Vec::new();
    for argument in arguments {
        match argument.name.as_deref() {
            None => plain.push(&argument.value),
            Some("time") => named[0] = Some(&argument.value),
            Some("time2") => named[1] = Some(&argument.value),
            Some("event") => named[2] = Some(&argument.value),
            Some(other) => {
                let fault = Fault::new(argument.value.span.clone(), format!("`Surv()` does not know `{other}`"));
                return Err(vec![fault.help(SHAPES)]);
            }
        }
    }
    let mut plain = plain.into_iter();
    let first = named[0].or_else(|| plain.next());
    let rest: Vec<&Expr> = plain.collect();
    let (entry, exit, event) = match (first, named[1], named[2], rest.as_slice()) {
        (Some(exit), None, event, []) => (None, exit, event),
        (Some(exit), None, None, [event]) => (None, exit, Some(*event)),
        (Some(entry), None, None, [exit, event]) => (Some(entry), *exit, Some(*event)),
        (Some(entry), None, Some(event), [exit]) => (Some(entry), *exit, Some(event)),
        (Some(entry), Some(exit), Some(event), []) => (Some(entry), exit, Some(event)),
        (Some(entry), Some(exit), None, [event]) => (Some(entry), exit, Some(*event)),
        _ => return Err(vec![Fault::new(left.span.clone(), "`Surv()` takes two or three arguments").help(SHAPES)]),
    };
    let mut faults = Vec::new();
    for part in entry.into_iter().chain([exit]).chain(event) {
        faults.extend(value_faults(part).err().unwrap_or_default());
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Response { entry: entry.cloned(), exit: exit.clone(), event: event.cloned(), span: left.span.clone() })
}

/// Checks an expression that is to be worked out row by row: arithmetic, comparisons, known functions.
pub fn value_faults(expr: &Expr) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    check_value(expr, &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn check_value(expr: &Expr, faults: &mut Vec<Fault>) {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Logical(_) | ExprKind::Name(_) => {}
        ExprKind::Text(_) => faults.push(
            Fault::new(expr.span.clone(), "a text cannot stand here").help("compare with it: status == \"dead\""),
        ),
        ExprKind::Group(x) | ExprKind::Unary(_, x) => check_value(x, faults),
        ExprKind::Binary(operator, l, r) => check_operator(*operator, expr, l, r, faults),
        ExprKind::Call { function, arguments } => check_call(expr, function, arguments, faults),
    }
}

fn check_operator(operator: Binary, whole: &Expr, l: &Expr, r: &Expr, faults: &mut Vec<Fault>) {
    match operator {
        Binary::Tilde | Binary::Colon => faults
            .push(Fault::new(whole.span.clone(), format!("`{}` cannot stand inside a calculation", operator.symbol()))),
        Binary::In => {
            check_value(l, faults);
            if constants(r).is_none() {
                let fault = Fault::new(r.span.clone(), "`%in%` needs a list of values in a comparison");
                faults.push(fault.help("write x %in% c(1, 2)"));
            }
        }
        Binary::Equal | Binary::NotEqual => {
            for side in [l, r] {
                if !matches!(side.ungrouped().kind, ExprKind::Text(_)) {
                    check_value(side, faults);
                }
            }
            if let (ExprKind::Text(_), ExprKind::Text(_)) = (&l.ungrouped().kind, &r.ungrouped().kind) {
                faults.push(Fault::new(whole.span.clone(), "this compares two texts, no column"));
            }
        }
        _ => {
            check_value(l, faults);
            check_value(r, faults);
        }
    }
}

fn check_call(call: &Expr, function: &str, arguments: &[Argument], faults: &mut Vec<Fault>) {
    if !TRANSFORMATIONS.contains(&function) {
        faults.push(unknown_function(call, function));
        return;
    }
    let most = if function == "log" { 2 } else { 1 };
    if arguments.is_empty() || arguments.len() > most {
        faults.push(Fault::new(call.span.clone(), format!("`{function}()` takes one value")));
    }
    for (i, argument) in arguments.iter().enumerate() {
        let base = function == "log" && i == 1;
        match argument.name.as_deref() {
            None | Some("x") => check_value(&argument.value, faults),
            Some("base") if base => check_value(&argument.value, faults),
            Some(other) => {
                let message = format!("`{function}()` does not know `{other}`");
                faults.push(Fault::new(argument.value.span.clone(), message));
            }
        }
    }
}

/// The fault of a function that is not known, with the name that may have been meant.
fn unknown_function(call: &Expr, function: &str) -> Fault {
    let place = call.span.start..call.span.start + function.len();
    let fault = Fault::new(place, format!("`{function}()` is not a function of formulas"));
    match nearest(function, KNOWN) {
        Some(known) if known == function => fault.help("it cannot stand inside a calculation; write it as a term"),
        Some(known) => fault.help(format!("is `{known}()` meant?")),
        None if function == "c" => fault.help("a list can stand after `%in%` only"),
        None => fault.help(format!("known are {}", KNOWN.join(", "))),
    }
}
