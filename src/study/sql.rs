//! Conditions in SQL: which names they use.

use super::Span;

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
