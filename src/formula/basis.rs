//! Calls that turn one number into several columns: `ns`, `bs`, `rcs`, `poly`, with the arguments of R's functions.
//!
//! What is read here is what the user wrote; knots that are left open are placed by `design`, which knows the data.

use super::expr::{Argument, Expr, ExprKind, Unary};
use super::fault::Fault;
use super::special::value_faults;

/// Functions of this file.
pub const BASES: [&str; 4] = ["ns", "bs", "rcs", "poly"];
/// Most columns of one basis: beyond it the number is a slip.
const MOST_COLUMNS: f64 = 50.0;

/// A basis of a number, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct BasisCall {
    /// The number: a column or a calculation.
    pub argument: Expr,
    /// The functions of it.
    pub shape: BasisShape,
}

/// Which functions of a number.
#[derive(Debug, Clone, PartialEq)]
pub enum BasisShape {
    /// `ns(x, df = | knots =, intercept = FALSE, Boundary.knots =)`: natural cubic splines.
    Natural {
        /// Inner knots.
        knots: Knots,
        /// Whether the constant is among the functions.
        intercept: bool,
        /// Boundary knots, ascending; the range of the data when absent.
        boundary: Option<[f64; 2]>,
    },
    /// `bs(x, df = | knots =, degree = 3, intercept = FALSE, Boundary.knots =)`: polynomial splines.
    BSpline {
        /// Inner knots.
        knots: Knots,
        /// Degree of the pieces, at least 1.
        degree: usize,
        /// Whether the constant is among the functions.
        intercept: bool,
        /// Boundary knots, ascending; the range of the data when absent.
        boundary: Option<[f64; 2]>,
    },
    /// `rcs(x, k)` or `rcs(x, c(…))`: restricted cubic splines after Harrell, linear column first.
    Restricted {
        /// All knots; [`Knots::Number`] is their number.
        knots: Knots,
    },
    /// `poly(x, degree, raw = FALSE)`.
    Polynomial {
        /// The highest power, at least 1.
        degree: usize,
        /// Plain powers instead of orthogonal polynomials.
        raw: bool,
    },
}

/// Knots as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Knots {
    /// So many columns (`df`; for `rcs` so many knots), the knots at quantiles.
    Number(usize),
    /// At these values, ascending.
    At(Vec<f64>),
    /// At these quantiles of the number, ascending: `knots = quantile(age, c(0.1, 0.5, 0.9))`.
    Quantiles(Vec<f64>),
}

impl BasisShape {
    /// Whether the formula itself names the knots, and the boundary knots.
    pub fn written_out(&self) -> (bool, bool) {
        match self {
            BasisShape::Natural { knots, boundary, .. } | BasisShape::BSpline { knots, boundary, .. } => {
                (matches!(knots, Knots::At(_)), boundary.is_some())
            }
            BasisShape::Restricted { knots } => (matches!(knots, Knots::At(_)), false),
            BasisShape::Polynomial { .. } => (false, false),
        }
    }
}

/// Reads a call of one of [`BASES`].
pub fn basis(call: &Expr, function: &str, arguments: &[Argument]) -> Result<BasisCall, Vec<Fault>> {
    let names: &[&str] = match function {
        "ns" => &["x", "df", "knots", "intercept", "Boundary.knots"],
        "bs" => &["x", "df", "knots", "degree", "intercept", "Boundary.knots"],
        "rcs" => &["x", "parms"],
        _ => &["x", "degree", "raw"],
    };
    let given = Given::match_up(call, function, names, arguments)?;
    let Some(argument) = given.value("x") else {
        return Err(vec![Fault::new(call.span.clone(), format!("`{function}()` names no column"))]);
    };
    let mut faults = value_faults(argument).err().unwrap_or_default();
    let shape = match function {
        "ns" => given.natural(),
        "bs" => given.b_spline(),
        "rcs" => given.restricted(),
        _ => given.polynomial(),
    };
    match shape {
        Ok(shape) if faults.is_empty() => Ok(BasisCall { argument: argument.clone(), shape }),
        Ok(_) => Err(faults),
        Err(fault) => {
            faults.push(fault);
            Err(faults)
        }
    }
}

/// The arguments of a call under the names of the function's parameters.
struct Given<'a> {
    call: &'a Expr,
    function: &'a str,
    values: Vec<(&'a str, &'a Expr)>,
}

impl<'a> Given<'a> {
    /// Named arguments first, then the others in order, as R does (without its abbreviations).
    fn match_up(
        call: &'a Expr,
        function: &'a str,
        names: &[&'a str],
        arguments: &'a [Argument],
    ) -> Result<Given<'a>, Vec<Fault>> {
        let mut values: Vec<(&str, &Expr)> = Vec::new();
        let mut faults = Vec::new();
        for argument in arguments {
            let Some(name) = &argument.name else { continue };
            match names.iter().find(|n| *n == name) {
                Some(known) if values.iter().all(|(n, _)| n != known) => values.push((known, &argument.value)),
                Some(_) => faults.push(Fault::new(argument.value.span.clone(), format!("`{name}` is given twice"))),
                None => faults.push(
                    Fault::new(argument.value.span.clone(), format!("`{function}()` does not know `{name}`"))
                        .help(format!("it takes {}", names.join(", "))),
                ),
            }
        }
        for argument in arguments.iter().filter(|a| a.name.is_none()) {
            match names.iter().find(|n| values.iter().all(|(m, _)| m != *n)) {
                Some(name) => values.push((name, &argument.value)),
                None => faults
                    .push(Fault::new(argument.value.span.clone(), format!("`{function}()` takes no further argument"))),
            }
        }
        if faults.is_empty() { Ok(Given { call, function, values }) } else { Err(faults) }
    }

    fn value(&self, name: &str) -> Option<&'a Expr> {
        self.values.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }

    fn natural(&self) -> Result<BasisShape, Fault> {
        let intercept = self.flag("intercept")?;
        let knots = self.inner_knots(1 + usize::from(intercept))?;
        Ok(BasisShape::Natural { knots, intercept, boundary: self.boundary()? })
    }

    fn b_spline(&self) -> Result<BasisShape, Fault> {
        let intercept = self.flag("intercept")?;
        let degree = self.whole("degree", 1, MOST_COLUMNS)?.unwrap_or(3);
        let knots = self.inner_knots(degree + usize::from(intercept))?;
        Ok(BasisShape::BSpline { knots, degree, intercept, boundary: self.boundary()? })
    }

    fn restricted(&self) -> Result<BasisShape, Fault> {
        const LEAST: &str = "a restricted cubic spline has at least 3 knots";
        let knots = match self.value("parms") {
            None => Knots::Number(5),
            Some(value) => match self.whole("parms", 0, MOST_COLUMNS) {
                Ok(number) => Knots::Number(number.unwrap_or(5)),
                Err(_) => self.list("parms", value)?,
            },
        };
        let n = match &knots {
            Knots::Number(n) => *n,
            Knots::At(list) | Knots::Quantiles(list) => list.len(),
        };
        let place = || self.value("parms").map_or(self.call.span.clone(), |v| v.span.clone());
        if n < 3 {
            Err(Fault::new(place(), LEAST).help("write x for a straight line"))
        } else {
            Ok(BasisShape::Restricted { knots })
        }
    }

    fn polynomial(&self) -> Result<BasisShape, Fault> {
        let degree = self.whole("degree", 1, MOST_COLUMNS)?.unwrap_or(1);
        Ok(BasisShape::Polynomial { degree, raw: self.flag("raw")? })
    }

    /// The inner knots of `ns` and `bs`: `knots` wins over `df`, which is at least `least`.
    fn inner_knots(&self, least: usize) -> Result<Knots, Fault> {
        let df = self.whole("df", 1, MOST_COLUMNS)?;
        match (self.value("knots"), df) {
            (Some(value), _) => self.list("knots", value),
            (None, Some(df)) if df < least => {
                let place = self.value("df").map_or(self.call.span.clone(), |v| v.span.clone());
                Err(Fault::new(place, format!("`df` of this spline is at least {least}")))
            }
            (None, Some(df)) => Ok(Knots::Number(df)),
            (None, None) => Ok(Knots::At(Vec::new())),
        }
    }

    fn boundary(&self) -> Result<Option<[f64; 2]>, Fault> {
        let Some(value) = self.value("Boundary.knots") else { return Ok(None) };
        match numbers(value).as_deref() {
            Some([a, b]) if a != b => Ok(Some([a.min(*b), a.max(*b)])),
            _ => Err(Fault::new(value.span.clone(), "`Boundary.knots` takes two different numbers")
                .help("write Boundary.knots = c(20, 80)")),
        }
    }

    /// Knots that are written out, or quantiles of the argument.
    fn list(&self, name: &str, value: &Expr) -> Result<Knots, Fault> {
        let fault = |message: String| Fault::new(value.span.clone(), message);
        if let Some(probabilities) = self.quantiles(value) {
            return match ascending(probabilities) {
                Some(p) if p.iter().all(|p| (0.0..=1.0).contains(p)) => Ok(Knots::Quantiles(p)),
                _ => Err(fault("quantiles are different numbers from 0 to 1".to_string())),
            };
        }
        let Some(list) = numbers(value) else {
            let example =
                if self.function == "rcs" { "rcs(age, 4) or rcs(age, c(30, 50, 70))" } else { "knots = c(40, 60)" };
            return Err(
                fault(format!("`{name}` of `{}()` takes numbers", self.function)).help(format!("write {example}"))
            );
        };
        if list.len() as f64 > MOST_COLUMNS {
            return Err(fault(format!("at most {MOST_COLUMNS} knots can be used")));
        }
        ascending(list).map(Knots::At).ok_or_else(|| fault("the same knot is given twice".to_string()))
    }

    /// The probabilities of `quantile(x, c(…))` when x is the argument of the basis.
    fn quantiles(&self, value: &Expr) -> Option<Vec<f64>> {
        let ExprKind::Call { function, arguments } = &value.ungrouped().kind else { return None };
        let of = &arguments.first()?.value;
        let extra = |a: &Argument| matches!(a.name.as_deref(), Some("na.rm" | "names"));
        let known = arguments.iter().skip(2).all(extra);
        (function == "quantile" && known && of.text() == self.value("x")?.text()).then_some(())?;
        numbers(&arguments.get(1)?.value)
    }

    fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.value(name).map(|v| (&v.ungrouped().kind, v)) {
            None => Ok(false),
            Some((ExprKind::Logical(flag), _)) => Ok(*flag),
            Some((_, value)) => Err(Fault::new(value.span.clone(), format!("`{name}` is TRUE or FALSE"))),
        }
    }

    /// A whole number from `least` to `most`.
    fn whole(&self, name: &str, least: usize, most: f64) -> Result<Option<usize>, Fault> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match numbers(value).as_deref() {
            Some([n]) if n.fract() == 0.0 && *n >= least as f64 && *n <= most => Ok(Some(*n as usize)),
            _ => {
                let message = format!("`{name}` of `{}()` is a whole number from {least} to {most}", self.function);
                Err(Fault::new(value.span.clone(), message))
            }
        }
    }
}

/// The numbers of `2`, `-1` or `c(1, 2)`.
fn numbers(value: &Expr) -> Option<Vec<f64>> {
    match &value.ungrouped().kind {
        ExprKind::Number(x) => Some(vec![*x]),
        ExprKind::Unary(Unary::Minus, x) => numbers(x).filter(|v| v.len() == 1).map(|v| vec![-v[0]]),
        ExprKind::Call { function, arguments } if function == "c" => {
            let parts: Option<Vec<Vec<f64>>> = arguments.iter().map(|a| numbers(&a.value)).collect();
            parts.map(|p| p.concat())
        }
        _ => None,
    }
}

/// The numbers in ascending order; `None` when two are equal.
fn ascending(mut list: Vec<f64>) -> Option<Vec<f64>> {
    list.sort_by(f64::total_cmp);
    list.windows(2).all(|w| w[0] < w[1]).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::parse::parse;

    fn read(source: &str) -> Result<BasisShape, String> {
        let call = parse(source).expect("a formula");
        let ExprKind::Call { function, arguments } = &call.kind else { panic!("a call") };
        basis(&call, function, arguments).map(|b| b.shape).map_err(|f| f[0].message.clone())
    }

    #[test]
    fn arguments_are_matched_as_r_matches_them() {
        let natural = |knots, boundary| Ok(BasisShape::Natural { knots, intercept: false, boundary });
        assert_eq!(read("ns(age, 3)"), natural(Knots::Number(3), None));
        assert_eq!(read("ns(df = 3, age)"), natural(Knots::Number(3), None));
        assert_eq!(
            read("ns(age, knots = c(60, 40), Boundary.knots = c(80, -2))"),
            natural(Knots::At(vec![40.0, 60.0]), Some([-2.0, 80.0]))
        );
        assert_eq!(read("ns(age, knots = quantile(age, 0.5))"), natural(Knots::Quantiles(vec![0.5]), None));
        assert_eq!(read("rcs(age)"), Ok(BasisShape::Restricted { knots: Knots::Number(5) }));
        assert_eq!(read("rcs(age, c(1, 2, 3))"), Ok(BasisShape::Restricted { knots: Knots::At(vec![1.0, 2.0, 3.0]) }));
        assert_eq!(read("poly(age, 2, raw = TRUE)"), Ok(BasisShape::Polynomial { degree: 2, raw: true }));
    }

    #[test]
    fn what_cannot_be_meant_is_a_fault() {
        for (source, message) in [
            ("ns()", "`ns()` names no column"),
            ("ns(age, degrees = 3)", "`ns()` does not know `degrees`"),
            ("bs(age, df = 2)", "`df` of this spline is at least 3"),
            ("rcs(age, 2)", "a restricted cubic spline has at least 3 knots"),
            ("rcs(age, c(1, 1, 2))", "the same knot is given twice"),
            ("rcs(age, size)", "`parms` of `rcs()` takes numbers"),
            ("poly(age, 1.5)", "`degree` of `poly()` is a whole number from 1 to 50"),
            ("ns(age, knots = quantile(bmi, 0.5))", "`knots` of `ns()` takes numbers"),
            ("ns(ns(age, 3), 3)", "`ns()` is not a function of formulas"),
        ] {
            assert_eq!(read(source).expect_err(source), message, "{source}");
        }
    }
}
