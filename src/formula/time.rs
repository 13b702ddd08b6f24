//! `tt(x, f)`: a covariate whose coefficient changes with time, β(t) = γ f(t).

use super::expr::{Argument, Expr, ExprKind, number_text};
use super::fault::Fault;
use super::special::{Special, VariableKind, special, value_faults};

/// How a `tt()` is written, for messages.
const SHAPES: &str = "write tt(x, log), tt(x, linear), tt(x, sqrt), tt(x, step(90, 180)), or a calculation with t, \
                      such as tt(x, log(t + 20))";

/// A covariate times one or more functions of time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeCall {
    /// The covariate: a column, a factor or a calculation.
    pub covariate: Box<VariableKind>,
    /// R's spelling of the covariate.
    pub label: String,
    /// The functions of time.
    pub shape: TimeShape,
}

/// Functions of time.
#[derive(Debug, Clone, PartialEq)]
pub enum TimeShape {
    /// ln t.
    Log,
    /// t.
    Linear,
    /// √t.
    SquareRoot,
    /// 1 within an interval and 0 elsewhere, for the intervals that these increasing times begin: (c₁, c₂], …, (c_m, ∞).
    /// Without a main effect of the covariate also for the first, (−∞, c₁].
    Step(Vec<f64>),
    /// A calculation in which `t` is the time.
    Expression(Expr),
}

impl TimeShape {
    /// R's spelling, as the second argument of `tt()`.
    pub fn text(&self) -> String {
        match self {
            TimeShape::Log => "log".to_string(),
            TimeShape::Linear => "linear".to_string(),
            TimeShape::SquareRoot => "sqrt".to_string(),
            TimeShape::Step(cuts) => {
                format!("step({})", cuts.iter().map(|c| number_text(*c)).collect::<Vec<_>>().join(", "))
            }
            TimeShape::Expression(expr) => expr.text(),
        }
    }

    /// The intervals of a step function with these cut points, as text: `(0,90]`, `(90,180]`, `(180,Inf)`.
    pub fn intervals(cuts: &[f64]) -> Vec<String> {
        let edge = |i: usize| cuts.get(i).map(|c| number_text(*c));
        let interval = |i: usize| {
            let from = if i == 0 { "0".to_string() } else { number_text(cuts[i - 1]) };
            edge(i).map_or_else(|| format!("({from},Inf)"), |to| format!("({from},{to}]"))
        };
        (0..=cuts.len()).map(interval).collect()
    }
}

/// Works out `tt(x, f)`.
pub(super) fn tt(call: &Expr, arguments: &[Argument]) -> Result<TimeCall, Vec<Fault>> {
    let fault = |message: &str| vec![Fault::new(call.span.clone(), message).help(SHAPES)];
    let [covariate, function] = arguments else {
        return Err(fault("`tt()` takes a covariate and a function of time"));
    };
    if covariate.name.is_some() || function.name.is_some() {
        return Err(fault("the arguments of `tt()` have no names"));
    }
    let kind = self::covariate(&covariate.value)?;
    Ok(TimeCall { covariate: Box::new(kind), label: covariate.value.text(), shape: shape(&function.value)? })
}

/// The covariate: what could stand as a term of one variable.
fn covariate(value: &Expr) -> Result<VariableKind, Vec<Fault>> {
    let fault = |message: &str| Err(vec![Fault::new(value.span.clone(), message).help(SHAPES)]);
    match &value.ungrouped().kind {
        ExprKind::Name(_) => Ok(VariableKind::Column(value.ungrouped().clone())),
        ExprKind::Call { function, arguments } => match special(value.ungrouped(), function, arguments)? {
            Special::Variable(kind @ (VariableKind::Factor(_) | VariableKind::Expression(_))) => Ok(kind),
            _ => fault("the covariate of `tt()` is a column, a factor() or a calculation"),
        },
        ExprKind::Binary(operator, ..) if operator.is_comparison() => {
            value_faults(value)?;
            Ok(VariableKind::Expression(value.ungrouped().clone()))
        }
        _ => fault("the covariate of `tt()` is a column, a factor() or a calculation such as I(age/10)"),
    }
}

fn shape(value: &Expr) -> Result<TimeShape, Vec<Fault>> {
    let fault = |message: &str| Err(vec![Fault::new(value.span.clone(), message).help(SHAPES)]);
    match &value.ungrouped().kind {
        ExprKind::Name(name) => match name.as_str() {
            "log" => Ok(TimeShape::Log),
            "linear" | "t" | "identity" => Ok(TimeShape::Linear),
            "sqrt" => Ok(TimeShape::SquareRoot),
            _ => fault(&format!("`{name}` is not a function of time")),
        },
        ExprKind::Call { function, arguments } if function == "step" => step(value, arguments),
        _ if value.columns() == ["t"] => {
            value_faults(value)?;
            Ok(TimeShape::Expression(value.ungrouped().clone()))
        }
        _ if value.columns().is_empty() => fault("this does not depend on the time t"),
        _ => fault("a function of time names no column but t"),
    }
}

fn step(call: &Expr, arguments: &[Argument]) -> Result<TimeShape, Vec<Fault>> {
    let number = |a: &Argument| match &a.value.ungrouped().kind {
        ExprKind::Number(x) if a.name.is_none() && x.is_finite() => Some(*x),
        _ => None,
    };
    let cuts: Option<Vec<f64>> = arguments.iter().map(number).collect();
    match cuts {
        Some(cuts) if !cuts.is_empty() && cuts[0] > 0.0 && cuts.windows(2).all(|w| w[0] < w[1]) => {
            Ok(TimeShape::Step(cuts))
        }
        _ => Err(vec![
            Fault::new(call.span.clone(), "`step()` takes increasing times after 0")
                .help("step(90, 180) has the intervals (0,90], (90,180] and (180,Inf)"),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use crate::formula::{Formula, TimeShape, VariableKind};

    fn shape(source: &str) -> Result<TimeShape, String> {
        let formula = Formula::parse(source).map_err(|e| e.faults[0].message.clone())?;
        let calls = formula.variables.iter().find_map(|v| match &v.kind {
            VariableKind::Time(call) => Some(call.shape.clone()),
            _ => None,
        });
        calls.ok_or_else(|| "no tt()".to_string())
    }

    #[test]
    fn every_shape_is_read() {
        assert_eq!(shape("x + tt(x, log)"), Ok(TimeShape::Log));
        assert_eq!(shape("x + tt(x, linear)"), Ok(TimeShape::Linear));
        assert_eq!(shape("tt(factor(g), step(90, 180))"), Ok(TimeShape::Step(vec![90.0, 180.0])));
        assert_eq!(shape("x + tt(x, log(t + 20))").map(|s| s.text()), Ok("log(t + 20)".to_string()));
        assert_eq!(TimeShape::intervals(&[90.0, 180.0]), ["(0,90]", "(90,180]", "(180,Inf)"]);
    }

    #[test]
    fn faults_say_what_is_wrong() {
        for (source, message) in [
            ("tt(x)", "`tt()` takes a covariate and a function of time"),
            ("tt(x, cube)", "`cube` is not a function of time"),
            ("tt(x, log(t + age))", "a function of time names no column but t"),
            ("tt(x, step(180, 90))", "`step()` takes increasing times after 0"),
            ("tt(x, log):sex", "`tt()` cannot be part of an interaction"),
        ] {
            assert_eq!(shape(source), Err(message.to_string()));
        }
    }
}
