//! Working out expressions: arithmetic, comparisons and functions over columns, missing in, missing out.

use crate::formula::expr::{Argument, Binary, Expr, ExprKind, Unary};
use crate::formula::{Fault, nearest, number_text, special::constants};
use crate::table::{ColumnData, Factor};

/// One value per row, or a single value for all of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Numbers; NaN is missing.
    Number(Vec<f64>),
    /// Truths; `None` is missing.
    Logical(Vec<Option<bool>>),
}

/// Where the names of an expression find their columns.
pub(crate) type Columns<'a> = dyn Fn(&str) -> Option<&'a ColumnData> + Sync + 'a;

/// Works out `expr` for every row. Constants alone give a single value.
///
/// Faults: unknown columns are the caller's to find beforehand; text in arithmetic, and comparisons that cannot hold.
pub(crate) fn evaluate<'a>(expr: &Expr, columns: &Columns<'a>) -> Result<Value, Fault> {
    match &expr.kind {
        ExprKind::Number(x) => Ok(Value::Number(vec![*x])),
        ExprKind::Logical(b) => Ok(Value::Logical(vec![Some(*b)])),
        ExprKind::Text(_) => Err(Fault::new(expr.span.clone(), "a text cannot stand here")),
        ExprKind::Name(name) => column(expr, name, columns),
        ExprKind::Group(x) => evaluate(x, columns),
        ExprKind::Unary(Unary::Plus, x) => Ok(Value::Number(evaluate(x, columns)?.numbers())),
        ExprKind::Unary(Unary::Minus, x) => {
            Ok(Value::Number(evaluate(x, columns)?.numbers().into_iter().map(|v| -v).collect()))
        }
        ExprKind::Unary(Unary::Not, x) => {
            Ok(Value::Logical(evaluate(x, columns)?.truths().into_iter().map(|v| v.map(|b| !b)).collect()))
        }
        ExprKind::Binary(Binary::In, l, r) => contained(expr, l, r, columns),
        ExprKind::Binary(operator, l, r) => binary(*operator, expr, l, r, columns),
        ExprKind::Call { function, arguments } => call(expr, function, arguments, columns),
    }
}

/// The values of a column as numbers or truths.
fn column<'a>(expr: &Expr, name: &str, columns: &Columns<'a>) -> Result<Value, Fault> {
    let data = columns(name).ok_or_else(|| Fault::new(expr.span.clone(), format!("there is no column `{name}`")))?;
    match data {
        ColumnData::Factor(_) => Err(Fault::new(expr.span.clone(), format!("`{name}` is text, not a number"))
            .help(format!("compare it, such as {name} == \"a level\", or take it as a term of its own"))),
        ColumnData::Logical(values) => Ok(Value::Logical(values.clone())),
        ColumnData::Number(values) => Ok(Value::Number(values.clone())),
        ColumnData::Whole(values) | ColumnData::Day(values) => Ok(Value::Number(whole_numbers(values))),
    }
}

/// Whole numbers as real ones, the missing mark as NaN.
pub(crate) fn whole_numbers(values: &[i32]) -> Vec<f64> {
    values.iter().map(|v| if *v == crate::table::MISSING_WHOLE { f64::NAN } else { f64::from(*v) }).collect()
}

impl Value {
    /// As numbers: truths are 1 and 0.
    pub(crate) fn numbers(self) -> Vec<f64> {
        match self {
            Value::Number(v) => v,
            Value::Logical(v) => v.into_iter().map(|b| b.map_or(f64::NAN, |b| f64::from(u8::from(b)))).collect(),
        }
    }

    /// As truths: a number is true when it is not 0.
    fn truths(self) -> Vec<Option<bool>> {
        match self {
            Value::Logical(v) => v,
            Value::Number(v) => v.into_iter().map(|x| (!x.is_nan()).then_some(x != 0.0)).collect(),
        }
    }
}

/// Combines two sequences row by row, repeating a single value.
fn zip<A: Copy, B>(l: &[A], r: &[A], f: impl Fn(A, A) -> B) -> Vec<B> {
    match (l, r) {
        ([a], _) => r.iter().map(|b| f(*a, *b)).collect(),
        (_, [b]) => l.iter().map(|a| f(*a, *b)).collect(),
        _ => l.iter().zip(r).map(|(a, b)| f(*a, *b)).collect(),
    }
}

fn binary<'a>(operator: Binary, whole: &Expr, l: &Expr, r: &Expr, columns: &Columns<'a>) -> Result<Value, Fault> {
    if matches!(operator, Binary::Equal | Binary::NotEqual)
        && let Some(found) = text_comparison(l, r, columns)?
    {
        let negate = operator == Binary::NotEqual;
        return Ok(Value::Logical(found.into_iter().map(|v| v.map(|b| b != negate)).collect()));
    }
    let (left, right) = (evaluate(l, columns)?, evaluate(r, columns)?);
    let arithmetic = |f: fn(f64, f64) -> f64, l: Value, r: Value| Ok(Value::Number(zip(&l.numbers(), &r.numbers(), f)));
    let comparison = |f: fn(&f64, &f64) -> bool, l: Value, r: Value| {
        let compare = |a: f64, b: f64| (!a.is_nan() && !b.is_nan()).then(|| f(&a, &b));
        Ok(Value::Logical(zip(&l.numbers(), &r.numbers(), compare)))
    };
    match operator {
        Binary::Add => arithmetic(|a, b| a + b, left, right),
        Binary::Subtract => arithmetic(|a, b| a - b, left, right),
        Binary::Multiply => arithmetic(|a, b| a * b, left, right),
        Binary::Divide => arithmetic(|a, b| a / b, left, right),
        Binary::Power => arithmetic(power, left, right),
        Binary::Equal => comparison(f64::eq, left, right),
        Binary::NotEqual => comparison(f64::ne, left, right),
        Binary::Less => comparison(f64::lt, left, right),
        Binary::LessEqual => comparison(f64::le, left, right),
        Binary::Greater => comparison(f64::gt, left, right),
        Binary::GreaterEqual => comparison(f64::ge, left, right),
        Binary::And => Ok(Value::Logical(zip(&left.truths(), &right.truths(), and))),
        Binary::Or => {
            let not = |v: Option<bool>| v.map(|b| !b);
            Ok(Value::Logical(zip(&left.truths(), &right.truths(), |a, b| not(and(not(a), not(b))))))
        }
        Binary::Tilde | Binary::Colon | Binary::In => {
            Err(Fault::new(whole.span.clone(), format!("`{}` cannot stand inside a calculation", operator.symbol())))
        }
    }
}

/// R's `^`: a square is one multiplication, everything else the library's power.
fn power(a: f64, b: f64) -> f64 {
    if b == 2.0 { a * a } else { libm::pow(a, b) }
}

/// Three-valued and: false wins over missing.
fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// `==` between a column of levels, or a text, and a constant; `None` when it is not such a comparison.
fn text_comparison<'a>(l: &Expr, r: &Expr, columns: &Columns<'a>) -> Result<Option<Vec<Option<bool>>>, Fault> {
    for (side, other) in [(l, r), (r, l)] {
        let Some(values) = constants(other) else { continue };
        if let Some(factor) = factor_of(side, columns) {
            return member(factor, &values, side, other).map(Some);
        }
        if matches!(other.ungrouped().kind, ExprKind::Text(_)) {
            let numbers = evaluate(side, columns)?.numbers();
            let wanted: f64 = values[0].trim().parse().map_err(|_| {
                Fault::new(other.span.clone(), "a column of numbers is compared with a text")
                    .help("compare with a number")
            })?;
            return Ok(Some(numbers.into_iter().map(|x| (!x.is_nan()).then_some(x == wanted)).collect()));
        }
    }
    Ok(None)
}

/// The factor that an expression names.
fn factor_of<'a>(expr: &Expr, columns: &Columns<'a>) -> Option<&'a Factor> {
    match &expr.ungrouped().kind {
        ExprKind::Name(name) => match columns(name) {
            Some(ColumnData::Factor(factor)) => Some(factor),
            _ => None,
        },
        _ => None,
    }
}

/// Whether each row's level is one of `values`. A value that is no level is a fault: it can only be a slip.
fn member(factor: &Factor, values: &[String], name: &Expr, place: &Expr) -> Result<Vec<Option<bool>>, Fault> {
    let mut wanted = vec![false; factor.levels.len()];
    for value in values {
        let Some(i) = level_index(&factor.levels, value) else {
            let fault = Fault::new(place.span.clone(), format!("`{}` has no such level", name.text()));
            let hint = nearest(value, factor.levels.iter().map(String::as_str));
            return Err(match hint {
                Some(hint) => fault.help(format!("is \"{hint}\" meant?")),
                None => fault.help("levels are written as they stand in the data"),
            });
        };
        wanted[i] = true;
    }
    let n = factor.codes.len();
    Ok((0..n).map(|row| factor.codes.get(row).map(|c| wanted[c as usize])).collect())
}

/// The level spelt `text`, or the one that is the same number (`1` and `1.0`).
pub(crate) fn level_index(levels: &[String], text: &str) -> Option<usize> {
    levels.iter().position(|l| l == text).or_else(|| {
        let number: f64 = text.trim().parse().ok()?;
        let same: Vec<usize> =
            (0..levels.len()).filter(|i| levels[*i].trim().parse::<f64>().is_ok_and(|x| x == number)).collect();
        (same.len() == 1).then(|| same[0])
    })
}

/// `x %in% c(…)`. A missing value stays missing (R calls it `FALSE`): nothing is recoded in silence.
fn contained<'a>(whole: &Expr, l: &Expr, r: &Expr, columns: &Columns<'a>) -> Result<Value, Fault> {
    let values = constants(r).ok_or_else(|| Fault::new(r.span.clone(), "`%in%` needs a list of values"))?;
    if let Some(factor) = factor_of(l, columns) {
        return member(factor, &values, l, r).map(Value::Logical);
    }
    let numbers = evaluate(l, columns)?.numbers();
    let wanted: Result<Vec<f64>, Fault> = values
        .iter()
        .map(|v| {
            let fault = || Fault::new(whole.span.clone(), "a column of numbers is compared with a text");
            match v.as_str() {
                "TRUE" => Ok(1.0),
                "FALSE" => Ok(0.0),
                text => text.trim().parse().map_err(|_| fault().help("compare with numbers")),
            }
        })
        .collect();
    let wanted = wanted?;
    Ok(Value::Logical(numbers.into_iter().map(|x| (!x.is_nan()).then(|| wanted.contains(&x))).collect()))
}

fn call<'a>(whole: &Expr, function: &str, arguments: &[Argument], columns: &Columns<'a>) -> Result<Value, Fault> {
    let unknown = || Fault::new(whole.span.clone(), format!("`{function}()` is not a function of formulas"));
    let first = &arguments.first().ok_or_else(unknown)?.value;
    let value = evaluate(first, columns)?;
    let map = |f: fn(f64) -> f64, value: Value| Ok(Value::Number(value.numbers().into_iter().map(f).collect()));
    match function {
        "I" => Ok(value),
        "log" => match arguments.get(1) {
            None => map(libm::log, value),
            Some(base) => {
                let base = evaluate(&base.value, columns)?.numbers();
                Ok(Value::Number(zip(&value.numbers(), &base, |x, b| libm::log(x) / libm::log(b))))
            }
        },
        "log2" => map(libm::log2, value),
        "log10" => map(libm::log10, value),
        "log1p" => map(libm::log1p, value),
        "sqrt" => map(f64::sqrt, value),
        "exp" => map(libm::exp, value),
        "abs" => map(f64::abs, value),
        _ => Err(unknown()),
    }
}

/// The text of a number as a level, and back: what R calls `as.character`.
pub(crate) fn level_text(x: f64) -> String {
    number_text(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::parse::parse;
    use crate::table::Codes;

    fn work_out(source: &str) -> Result<Value, Fault> {
        let x = ColumnData::Number(vec![1.0, 4.0, f64::NAN]);
        let w = ColumnData::Whole(vec![3, i32::MIN, 5]);
        let status = ColumnData::Factor(Factor {
            codes: Codes::pack([Some(0), Some(1), None], 2),
            levels: vec!["alive".into(), "dead".into()],
            labels: vec!["alive".into(), "dead".into()],
            declared: false,
        });
        let find = |name: &str| match name {
            "x" => Some(&x),
            "w" => Some(&w),
            "status" => Some(&status),
            _ => None,
        };
        // The columns live as long as the call.
        let tree = parse(source).expect("a formula");
        evaluate_local(&tree, &find)
    }

    fn evaluate_local<'a>(tree: &Expr, find: &(dyn Fn(&str) -> Option<&'a ColumnData> + Sync)) -> Result<Value, Fault> {
        evaluate(tree, &|name: &str| find(name))
    }

    #[test]
    fn missing_goes_through() {
        assert_eq!(format!("{:?}", work_out("I(x/2 + 1)")), "Ok(Number([1.5, 3.0, NaN]))");
        assert_eq!(format!("{:?}", work_out("w - x")), "Ok(Number([2.0, NaN, NaN]))");
        assert_eq!(format!("{:?}", work_out("x > 2")), "Ok(Logical([Some(false), Some(true), None]))");
        assert_eq!(format!("{:?}", work_out("x > 2 & w > 100")), "Ok(Logical([Some(false), None, Some(false)]))");
        assert_eq!(format!("{:?}", work_out("x > 2 | w < 100")), "Ok(Logical([Some(true), Some(true), Some(true)]))");
    }

    #[test]
    fn levels_are_compared_by_their_text() {
        assert_eq!(format!("{:?}", work_out("status == 'dead'")), "Ok(Logical([Some(false), Some(true), None]))");
        assert_eq!(format!("{:?}", work_out("'dead' != status")), "Ok(Logical([Some(true), Some(false), None]))");
        assert_eq!(
            format!("{:?}", work_out("status %in% c('dead','alive')")),
            "Ok(Logical([Some(true), Some(true), None]))"
        );
        assert_eq!(work_out("status == 'daed'").unwrap_err().help.as_deref(), Some("is \"dead\" meant?"));
        assert_eq!(work_out("status + 1").unwrap_err().message, "`status` is text, not a number");
        assert_eq!(work_out("x == 'a'").unwrap_err().message, "a column of numbers is compared with a text");
        assert_eq!(format!("{:?}", work_out("x %in% c(1, 7)")), "Ok(Logical([Some(true), Some(false), None]))");
    }
}
