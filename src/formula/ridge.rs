//! `ridge(a, b, theta = 1, scale = TRUE)`: columns whose coefficients are drawn towards 0.

use super::expr::{Argument, Expr, ExprKind};
use super::fault::Fault;
use super::special::value_faults;

/// A ridge term as written.
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeCall {
    /// The numbers in it.
    pub columns: Vec<Expr>,
    /// θ of the penalty −(θ/2) Σ v β².
    pub theta: f64,
    /// Whether v is the variance of the column, else 1.
    pub scale: bool,
}

/// A ridge term of a formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    /// R's name of the term.
    pub label: String,
    /// Indices into the formula's variables: each column is a variable and a term of its own.
    pub variables: Vec<usize>,
    /// The call.
    pub call: RidgeCall,
}

/// Reads the call. θ must be given: R would otherwise choose it for a number of degrees of freedom.
pub(super) fn ridge(call: &Expr, arguments: &[Argument]) -> Result<RidgeCall, Vec<Fault>> {
    const SHAPE: &str = "write ridge(age, bmi, theta = 1), with scale = FALSE for a penalty on the columns as they are";
    let (mut columns, mut theta, mut scale, mut faults) = (Vec::new(), None, true, Vec::new());
    for argument in arguments {
        let value = &argument.value;
        match (argument.name.as_deref(), &value.ungrouped().kind) {
            (None, _) => match value_faults(value) {
                Ok(()) => columns.push(value.clone()),
                Err(more) => faults.extend(more),
            },
            (Some("theta"), ExprKind::Number(x)) if *x >= 0.0 && x.is_finite() => theta = Some(*x),
            (Some("theta"), _) => {
                faults.push(Fault::new(value.span.clone(), "`theta` is a number from 0 on").help(SHAPE))
            }
            (Some("scale"), ExprKind::Logical(yes)) => scale = *yes,
            (Some("scale"), _) => faults.push(Fault::new(value.span.clone(), "`scale` is TRUE or FALSE").help(SHAPE)),
            (Some(other), _) => {
                let message = format!("`ridge()` has no option `{other}` here");
                faults.push(Fault::new(value.span.clone(), message).help(SHAPE));
            }
        }
    }
    if columns.is_empty() && faults.is_empty() {
        faults.push(Fault::new(call.span.clone(), "`ridge()` names no column").help(SHAPE));
    }
    match theta {
        Some(theta) if faults.is_empty() => Ok(RidgeCall { columns, theta, scale }),
        None if faults.is_empty() => Err(vec![Fault::new(call.span.clone(), "`ridge()` needs a theta").help(SHAPE)]),
        _ => Err(faults),
    }
}
