//! Model formulas in the language of R's `coxph`: from text to terms, with the place of every fault.
//!
//! ```text
//! Surv(entry, exit, status == 2) ~ age + sex * group + log(bili) + strata(region) + cluster(family)
//! ```
//!
//! [`parse`] reads the text into an expression tree, [`expand`] works out the terms as R's `terms()` does: `a*b` is
//! `a + b + a:b`, powers, `%in%`, removal by `-`, terms in order of their degree, and for every factor of a term
//! whether it is coded by contrasts or by an indicator for every level. What the columns of the data are is not
//! known here; that is the matter of `design`.
//!
//! Source of the rules: R 4.2 `?formula`, `terms.formula`, `model.matrix`; survival 3.5 `coxph` for `strata`,
//! `cluster`, `offset` and the intercept, which a Cox model never has whatever `- 1` or `+ 0` say.

pub mod basis;
pub mod comparison;
pub mod expand;
pub mod expr;
pub mod fault;
pub mod parse;
pub mod ridge;
pub mod special;
pub mod time;

pub use basis::{BasisCall, BasisShape, Knots};
pub use comparison::{Assignment, Comparison};
pub use expr::{Binary, Expr, ExprKind, Unary, number_text};
pub use fault::{Fault, FormulaError, nearest};
pub use special::{FactorCall, Response, VariableKind};
pub use time::{TimeCall, TimeShape};

use std::ops::Range;

/// A model formula, checked as far as that is possible without data.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// The text as written; spans count its bytes.
    pub source: String,
    /// The left side; `None` for the models of a study file, whose records have `entry`, `exit` and `event`.
    pub response: Option<Response>,
    /// What the terms are made of, in order of appearance.
    pub variables: Vec<Variable>,
    /// The covariate terms in R's order.
    pub terms: Vec<Term>,
    /// Indices of the variables whose combinations have a baseline hazard of their own.
    pub strata: Vec<usize>,
    /// Expressions added to the linear predictor with coefficient 1.
    pub offsets: Vec<Expr>,
    /// The column named by `cluster()`.
    pub cluster: Option<Expr>,
    /// The ridge terms.
    pub ridges: Vec<ridge::Ridge>,
}

/// An ingredient of terms: a column, or a call such as `log(bili)` that counts as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// R's spelling.
    pub label: String,
    /// What it is.
    pub kind: VariableKind,
    /// Its first place in the text.
    pub span: Range<usize>,
}

/// A product of variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// R's name of the term: `sex`, `sex:age`.
    pub label: String,
    /// Indices into [`Formula::variables`], in the order in which column names spell them, and how each is coded
    /// should it be a factor.
    pub parts: Vec<TermPart>,
    /// The first place in the text that gives rise to it.
    pub span: Range<usize>,
}

/// One variable of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermPart {
    /// Index into [`Formula::variables`].
    pub variable: usize,
    /// How the variable is coded in this term if it is a factor.
    pub coding: Coding,
}

/// How a factor enters a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// A column for every level but the reference: the rest of the term is in the model already.
    Contrasts,
    /// A column for every level: the term without this factor is not in the model.
    Indicators,
}

impl Formula {
    /// Reads a formula. All faults that can be found without data are in the error.
    pub fn parse(source: &str) -> Result<Formula, FormulaError> {
        let failed = |faults| FormulaError { source: source.to_string(), faults };
        let tree = parse::parse(source).map_err(|fault| failed(vec![fault]))?;
        expand::expand(source, &tree).map_err(|mut faults| {
            faults.sort_by_key(|f| (f.span.start, f.span.end));
            failed(faults)
        })
    }

    /// Every column that the formula names, in order of appearance, with its first place.
    pub fn columns(&self) -> Vec<(&str, Range<usize>)> {
        let mut exprs: Vec<&Expr> = Vec::new();
        if let Some(response) = &self.response {
            exprs.extend(response.entry.iter().chain([&response.exit]).chain(&response.event));
        }
        exprs.extend(self.variables.iter().flat_map(|v| v.kind.expressions()));
        exprs.extend(self.offsets.iter().chain(&self.cluster));
        let mut found: Vec<(&str, Range<usize>)> = Vec::new();
        for expr in exprs {
            expr.visit(&mut |piece| {
                if let ExprKind::Name(name) = &piece.kind
                    && !found.iter().any(|(n, _)| n == name)
                {
                    found.push((name, piece.span.clone()));
                }
            });
        }
        found
    }
}
