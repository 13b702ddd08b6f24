//! What makes a description impossible beside the formula and the data: files of rates and weights, groups.

use thiserror::Error;

/// A fault of a description.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DescribeError {
    /// A condition in `--competing` beside a formula without an event, or beside `--censored`.
    #[error(
        "--competing: a condition goes with an event in the formula, Surv(time, status == 1) ~ …, and without --censored; \
         or name a column of kinds of events"
    )]
    KindsByCondition,
    /// A file of rates or weights lacks its column of values, or has no other.
    #[error("{file}: expected a column `{value}` and one column for each variable that makes the strata")]
    NoValues {
        /// The file.
        file: String,
        /// `rate` or `weight`.
        value: &'static str,
    },
    /// A value of a file of rates or weights.
    #[error("{file}, row {row}, column {value}: expected a number that is not negative")]
    BadValue {
        /// The file.
        file: String,
        /// The row, the header being row 1.
        row: usize,
        /// `rate` or `weight`.
        value: &'static str,
    },
    /// A stratum variable is missing in a row of a file of rates or weights.
    #[error("{file}, row {row}, column {column}: a stratum needs a value; give every row one")]
    NoLevel {
        /// The file.
        file: String,
        /// The row, the header being row 1.
        row: usize,
        /// The column.
        column: String,
    },
    /// A stratum stands twice in a file.
    #[error("{file}, row {row}: the stratum stands in an earlier row; keep one of them")]
    Twice {
        /// The file.
        file: String,
        /// The row, the header being row 1.
        row: usize,
    },
    /// Columns of a file that are not those asked for.
    #[error(
        "{file}: its strata are made of {}, the rates are to be standardised over {}; make them the same",
        list(found),
        list(expected)
    )]
    OtherColumns {
        /// The file.
        file: String,
        /// The columns of the file.
        found: Vec<String>,
        /// The columns asked for.
        expected: Vec<String>,
    },
    /// Strata of the data that a file does not have.
    #[error(
        "{file}: no {value} for {strata} of the {of} strata of the data, which hold {records} records{}; add the rows, or leave these records out with --where",
        columns(unknown)
    )]
    Uncovered {
        /// The file.
        file: String,
        /// `rate` or `weight`.
        value: &'static str,
        /// Strata without.
        strata: usize,
        /// Strata of the data.
        of: usize,
        /// Records in strata without.
        records: u64,
        /// Columns with levels that the file never has, and their number.
        unknown: Vec<(String, usize)>,
    },
    /// Too many strata.
    #[error("{strata} strata: a column that makes them is a number, not a class; cut it into classes")]
    TooManyStrata {
        /// How many.
        strata: usize,
    },
    /// The group that is to be the standard.
    #[error("--standard: there is no group `{group}`; groups are {}", list(groups))]
    NoSuchGroup {
        /// As given.
        group: String,
        /// The groups that there are.
        groups: Vec<String>,
    },
    /// Person-time outside the bands: its rates would be forgotten.
    #[error(
        "--bands {column}: {records} records have person-time before the first or after the last break; widen the breaks"
    )]
    OutsideBands {
        /// The column.
        column: String,
        /// How many.
        records: u64,
    },
    /// Records without a stratum.
    #[error(
        "standardised rates: {records} records have no value of {}; leave them out with --where, or give them one",
        list(columns)
    )]
    NoStratum {
        /// The columns that make the strata.
        columns: Vec<String>,
        /// How many.
        records: usize,
    },
    /// Breaks of bands.
    #[error("--bands {column}: expected at least two breaks in ascending order, such as {column}=0,40,60,120")]
    Breaks {
        /// The column.
        column: String,
    },
    /// The column of bands is not a number.
    #[error("--bands {column}: this column is text, a running scale is a number")]
    BandsAreText {
        /// The column.
        column: String,
    },
    /// A test of groups with case weights.
    #[error("tests of groups take no case weights; the robust score test of `cohort fit` with --weights does")]
    WeightedTest,
    /// A test that needs groups.
    #[error("a test compares groups: name them on the right side of the formula, as in ~ sex")]
    OneGroup,
}

/// `a, b and c`.
fn list(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `, with 2 levels of age and 1 level of sex that the file never has`.
fn columns(unknown: &[(String, usize)]) -> String {
    if unknown.is_empty() {
        return String::new();
    }
    let one = |(name, n): &(String, usize)| format!("{n} level{} of {name}", if *n == 1 { "" } else { "s" });
    format!(", with {} that the file never has", list(&unknown.iter().map(one).collect::<Vec<_>>()))
}
