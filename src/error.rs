//! One error type over all stages: each variant wraps the stage's own error.

use crate::design::{DesignError, DifferenceError};
use crate::engine::FitError;
use crate::formula::FormulaError;
use crate::inference::ValuesError;
use crate::loader::LoadError;
use crate::pipeline::{DescribeError, PoolingError};
use crate::report::ReportError;
use crate::reproduce::TargetsError;
use crate::simulate::SimulateError;
use crate::study::StudyFaults;

/// What stopped a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The study file has faults.
    #[error(transparent)]
    Study(#[from] StudyFaults),
    /// A formula cannot be read.
    #[error("{}", .error.render(.origin))]
    Formula {
        /// Where the formula stands: `--formula`, or the model of a study.
        origin: String,
        /// Its faults.
        error: FormulaError,
    },
    /// The extracts could not become person-time, or the data file could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The formula and the data do not fit together.
    #[error("{}", in_design(.origin, .error))]
    Design {
        /// Where the formula stands.
        origin: String,
        /// What does not fit.
        error: DesignError,
    },
    /// The model cannot be fitted.
    #[error("{model}: {error}")]
    Fit {
        /// The model.
        model: String,
        /// Why.
        error: FitError,
    },
    /// Hazard ratios at values that the model cannot give.
    #[error("{model}: {error}")]
    Values {
        /// The model.
        model: String,
        /// Why.
        error: ValuesError,
    },
    /// An interaction analysis that the model cannot give.
    #[error("{0}")]
    Interaction(String),
    /// A comparison of covariate patterns cannot be read.
    #[error("{}", .error.render_as("contrast", .origin))]
    Comparison {
        /// Where it stands.
        origin: String,
        /// Its faults.
        error: FormulaError,
    },
    /// A comparison of covariate patterns that the model cannot give.
    #[error("contrast '{contrast}': {error}")]
    Contrast {
        /// The comparison as written.
        contrast: String,
        /// Why.
        error: DifferenceError,
    },
    /// Completed data sets cannot be pooled.
    #[error("pooling: {0}")]
    Pooling(PoolingError),
    /// A functional form that cannot be checked.
    #[error("{model}: functional form of {column}: {why}; name numbers that are terms of the model")]
    FunctionalForm {
        /// The model.
        model: String,
        /// The column.
        column: String,
        /// Why.
        why: String,
    },
    /// Residuals that a model does not have.
    #[error("{model}: {why}")]
    Residuals {
        /// The model.
        model: String,
        /// Why, and what to do.
        why: &'static str,
    },
    /// A curve or a standardised risk that the model cannot give.
    #[error("{0}")]
    Prediction(String),
    /// Records cannot be described as asked.
    #[error(transparent)]
    Describe(#[from] DescribeError),
    /// Results cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A file of the command line cannot be read or written.
    #[error("{}: {source}; {remedy}", .path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
        /// What to do.
        remedy: &'static str,
        /// Whether it was being written.
        writing: bool,
    },
    /// Flags that do not go together.
    #[error("{0}")]
    Usage(String),
    /// A targets file has faults.
    #[error(transparent)]
    Targets(#[from] TargetsError),
    /// Printed numbers that are not as expected: not a fault of the run, but an exit code of its own. Empty where the
    /// results say it already.
    #[error("{0}")]
    NotReproduced(String),
    /// No synthetic extracts could be written.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A fault with a place in the formula is shown there.
fn in_design(origin: &str, error: &DesignError) -> String {
    match error {
        DesignError::Formula(error) => error.render(origin),
        other => format!("{origin}: {other}"),
    }
}
