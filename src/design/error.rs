//! Why a design cannot be built.

use super::rows::{MissingCount, MissingReason};
use crate::formula::FormulaError;
use thiserror::Error;

/// A fault of a formula, an option or the data that concerns a model.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DesignError {
    /// Faults with a place in the formula: unknown columns and levels, text in arithmetic, terms without variation.
    #[error("{0}")]
    Formula(FormulaError),
    /// An option names a column that is not there.
    #[error("{role}: there is no column `{column}`{}", meant.as_ref().map(|m| format!("; is `{m}` meant?")).unwrap_or_default())]
    UnknownColumn {
        /// What the column was to be used for.
        role: &'static str,
        /// The name as given.
        column: String,
        /// The column that may have been meant.
        meant: Option<String>,
    },
    /// Levels that cannot be merged as asked.
    #[error("collapse `{column}`: {problem}")]
    Collapse {
        /// The column.
        column: String,
        /// What is wrong, and what may have been meant.
        problem: String,
    },
    /// A formula without a left side on data without study columns.
    #[error("the formula has no left side and the data have no column `{column}`: write Surv(time, event) ~ …")]
    NoResponse {
        /// The column that a study's records would have.
        column: String,
    },
    /// A date as a characteristic of Table 1.
    #[error("table one: `{column}` is a date; make a year, an age or classes of it")]
    DateInTableOne {
        /// The column.
        column: String,
    },
    /// Weights that are no numbers.
    #[error("weights `{column}`: this column is text, weights are numbers above 0")]
    WeightsAreText {
        /// The column.
        column: String,
    },
    /// Weights that are zero, negative or infinite.
    #[error(
        "weights `{column}`: {rows} rows have a weight that is not above 0 and finite; leave these rows out with --where"
    )]
    BadWeights {
        /// The column.
        column: String,
        /// How many rows.
        rows: usize,
    },
    /// A robust variance over a single cluster.
    #[error(
        "cluster `{column}`: all records are in one cluster, so a robust variance cannot be estimated; leave the cluster out"
    )]
    OneCluster {
        /// The column.
        column: String,
    },
    /// A value that is to mean censored, or to be an event, which the column does not have.
    #[error("column `{column}` has no value `{value}`; its values are {}", values.join(", "))]
    NoSuchCause {
        /// The column.
        column: String,
        /// The value as given.
        value: String,
        /// The values that the column has.
        values: Vec<String>,
    },
    /// An offset that is infinite.
    #[error("`{term}` is infinite in some records; make these values missing")]
    InfiniteOffset {
        /// The term.
        term: String,
    },
    /// Missing values although the caller wants none.
    #[error("missing values: {}; leave such rows out (--missing drop) or mend the data", list(.0))]
    MissingValues(Vec<MissingCount>),
    /// No row is left.
    #[error("no record can be used: of {rows} rows none is complete{}", if missing.is_empty() { String::new() } else { format!(" ({})", list(missing)) })]
    NoRecords {
        /// Rows of the table.
        rows: usize,
        /// Why they were left out.
        missing: Vec<MissingCount>,
    },
}

impl DesignError {
    /// The error as it is shown to a user: faults of a formula with their place marked, everything else as one line.
    ///
    /// `origin` says where the formula stands (`--formula`, the model of a study).
    pub fn render(&self, origin: &str) -> String {
        match self {
            DesignError::Formula(error) => error.render(origin),
            other => format!("{origin}: {other}"),
        }
    }
}

/// `age 3 rows, sex 2 rows outside the declared levels`.
fn list(counts: &[MissingCount]) -> String {
    let one = |c: &MissingCount| {
        let rows = if c.rows == 1 { "row" } else { "rows" };
        let why = match c.reason {
            MissingReason::Missing => "",
            MissingReason::OutsideLevels => " outside the declared levels",
            MissingReason::EmptyInterval => " not after the beginning",
        };
        format!("`{}` {} {rows}{why}", c.variable, c.rows)
    };
    counts.iter().map(one).collect::<Vec<_>>().join(", ")
}
