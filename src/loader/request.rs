//! Which rows and columns of an extract somebody needs: said before it is read.

use crate::day::Day;
use crate::study::{CodeCondition, EventRows, Sql};

/// A column of an extract; one year of it for a yearly family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnKey {
    pub(crate) name: String,
    pub(crate) year: Option<i32>,
}

impl ColumnKey {
    /// A column that is no yearly family.
    pub(crate) fn one(name: &str) -> ColumnKey {
        ColumnKey { name: name.to_string(), year: None }
    }
}

/// Which rows and columns of an extract somebody needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    /// The columns that are kept, in this order.
    pub(crate) columns: Vec<ColumnKey>,
    /// Rows are kept when they pass; all rows when `None`.
    pub(crate) filter: Option<Filter>,
}

/// Which dated rows are kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    /// The date column; rows without a date are counted and left out.
    pub(crate) date: String,
    pub(super) condition: Option<Sql>,
    /// Code columns and code list.
    pub(super) codes: Option<CodeCondition>,
    /// The first and last day, where they are limited.
    pub(super) from: Option<Day>,
    pub(super) to: Option<Day>,
}

impl Request {
    /// All rows, these columns.
    pub(crate) fn all(columns: &[&str]) -> Request {
        Request { columns: columns.iter().map(|c| ColumnKey::one(c)).collect(), filter: None }
    }

    /// The dated rows that `rows` describes, from `from` to `to`: the date first, then `columns`.
    pub(crate) fn events(rows: &EventRows, from: Option<Day>, to: Option<Day>, columns: &[&str]) -> Request {
        let filter =
            Filter { date: rows.date.clone(), condition: rows.condition.clone(), codes: rows.codes.clone(), from, to };
        let columns = std::iter::once(&*rows.date).chain(columns.iter().copied()).map(ColumnKey::one).collect();
        Request { columns, filter: Some(filter) }
    }

    /// Whether the request needs the column of that name.
    pub(super) fn names(&self, name: &str) -> bool {
        let filter = |f: &Filter| {
            f.date == name
                || f.condition.as_ref().is_some_and(|sql| sql.names.iter().any(|n| n == name))
                || f.codes.as_ref().is_some_and(|codes| codes.columns.iter().any(|c| c == name))
        };
        self.columns.iter().any(|c| c.name == name) || self.filter.as_ref().is_some_and(filter)
    }
}
