//! What cannot be estimated ([`FitError`]) and what needs care ([`FitWarning`]).

/// Why a fit is impossible. Records and variables are given by their number (from 0), never by their content.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// No record was given.
    #[error("no records to fit")]
    NoRecords,
    /// No record ends in an event. R's `coxph` returns missing coefficients with a log-likelihood of 0 here;
    /// nothing can be estimated, so this is an error. `n_records` and `n_columns` say what was asked for.
    #[error("none of the {n_records} records ends in an event")]
    NoEvents {
        /// Number of records.
        n_records: usize,
        /// Number of columns of the design.
        n_columns: usize,
    },
    /// A single record: nobody to compare it with.
    #[error("a single record has nobody to be compared with")]
    OneRecord,
    /// All records are in one cluster, which leaves nothing to estimate a robust variance from.
    #[error("all records are in one cluster: a robust variance compares clusters; leave the cluster out")]
    OneCluster,
    /// An array is not as long as the others.
    #[error("{what}: expected {expected} values, found {found}")]
    Length {
        /// The array.
        what: &'static str,
        /// Number of records (or columns).
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// A record whose entry is not before its exit.
    #[error("record {record}: entry is not before exit")]
    EmptyInterval {
        /// Number of the record.
        record: usize,
    },
    /// A time that is not a finite number.
    #[error("record {record}: time is not a finite number")]
    InvalidTime {
        /// Number of the record.
        record: usize,
    },
    /// Entry and exit fall together once times that differ by rounding error only are made equal.
    #[error("record {record}: entry and exit differ by rounding error only")]
    VanishingInterval {
        /// Number of the record.
        record: usize,
    },
    /// Records that enter late, where the method has no place for them.
    #[error("{what} is not defined for records that enter late")]
    DelayedEntry {
        /// The method.
        what: &'static str,
    },
    /// A case weight that is zero, negative, infinite or not a number.
    #[error("record {record}: a case weight must be positive and finite")]
    InvalidWeight {
        /// Number of the record.
        record: usize,
    },
    /// An offset that is infinite or not a number.
    #[error("record {record}: an offset must be finite")]
    InvalidOffset {
        /// Number of the record.
        record: usize,
    },
    /// A record without a stratum.
    #[error("record {record}: the stratum is missing")]
    MissingStratum {
        /// Number of the record.
        record: usize,
    },
    /// A value of a continuous variable that is infinite or not a number.
    #[error("variable {variable}, record {record}: a covariate must be finite")]
    InvalidCovariate {
        /// Index into the design's variables.
        variable: usize,
        /// Number of the record.
        record: usize,
    },
    /// A code that is missing or not below the variable's number of levels.
    #[error("variable {variable}, record {record}: the code is missing or not below the number of levels")]
    InvalidCode {
        /// Index into the design's variables.
        variable: usize,
        /// Number of the record.
        record: usize,
    },
    /// A block of the design that contradicts its variables or columns: a fault of the caller, not of the data.
    #[error("block {block} of the design: {rule}")]
    InvalidBlock {
        /// Index into the design's blocks.
        block: usize,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// More columns than the engine numbers (a p × p matrix of them would not fit in memory anyway).
    #[error("{n_columns} columns are too many; the engine takes 65 534")]
    TooManyColumns {
        /// Number of columns of the design.
        n_columns: usize,
    },
    /// Case weights with [`super::Ties::Exact`], whose likelihood counts sets of records. R refuses them too.
    #[error("exact ties take no case weights; use Efron's or Breslow's method, or leave the weights out")]
    ExactWeights,
    /// A robust variance with [`super::Ties::Exact`], for which no score residuals are defined. R refuses it too.
    #[error("exact ties have no robust variance; use Efron's method, or ask for the model-based variance")]
    ExactRobust,
    /// Exact ties together with a penalty.
    #[error("Firth's correction and ridge terms go with Efron's or Breslow's method for ties, not with exact ties")]
    PenalisedExact,
    /// A robust variance together with a penalty.
    #[error(
        "Firth's correction and ridge terms have no robust variance; ask for the model-based variance (--robust no), \
         or leave the penalty out"
    )]
    PenalisedRobust,
    /// Firth's correction together with ridge terms.
    #[error("a model has Firth's correction or ridge terms, not both")]
    TwoPenalties,
    /// A weight of a ridge penalty that is negative, infinite or not a number.
    #[error("the weights of a ridge penalty must be finite and not negative")]
    InvalidPenalty,
    /// Profile-likelihood intervals together with a robust variance.
    #[error(
        "profile-likelihood intervals take the records for independent, which a robust variance does not; \
         use Wald intervals"
    )]
    ProfileRobust,
    /// Profile-likelihood intervals together with a ridge penalty.
    #[error("profile-likelihood intervals are not defined with a ridge penalty; use Wald intervals")]
    ProfileRidge,
    /// Tied events too many for [`super::Ties::Exact`].
    #[error(
        "exact ties would take {operations:.0e} operations an iteration (tied events times records at risk times the \
         square of one more than the number of coefficients, summed over event times); at most {most:.0e} are tried; \
         use Efron's method for ties"
    )]
    ExactTooLarge {
        /// What an evaluation would take.
        operations: f64,
        /// What is tried.
        most: f64,
    },
    /// Too many tied events at one event time for [`super::Ties::Exact`].
    #[error(
        "exact ties would hold {numbers:.0e} probabilities at one event time (tied events times records at risk); at \
         most {most:.0e} are tried; use Efron's method for ties"
    )]
    ExactTooWide {
        /// What one event time would hold.
        numbers: f64,
        /// What is tried.
        most: f64,
    },
    /// A record that ends both in an event and in a competing one.
    #[error("record {record}: both an event and a competing event")]
    TwoEvents {
        /// Number of the record.
        record: usize,
    },
    /// A record without a censoring group.
    #[error("record {record}: the censoring group is missing")]
    MissingCensoringGroup {
        /// Number of the record.
        record: usize,
    },
    /// Entry times in a Fine-Gray model without persons: which records are one person's is not known.
    #[error(
        "a Fine-Gray model with entry times needs to know the persons; name the column that tells them apart (--id)"
    )]
    PersonsUnknown,
    /// A person with an event or competing event before the last record.
    #[error("record {record}: an event before the person's last record; a Fine-Gray model is about first events")]
    EventBeforeLastRecord {
        /// Number of the record.
        record: usize,
    },
    /// A person whose records do not follow one another without a gap.
    #[error("record {record}: it does not begin where the person's record before it ends")]
    GapInPerson {
        /// Number of the record.
        record: usize,
    },
    /// A competing event at a time at which nobody is taken to be observed.
    #[error(
        "record {record}: the probability of being observed just before its competing event is 0, because all records \
         observed then have just entered; begin the time scale later"
    )]
    NeverObserved {
        /// Number of the record.
        record: usize,
    },
    /// Case weights in a variance that knows of estimated weights.
    #[error("the variance that knows of estimated weights takes no case weights; use the plain robust one")]
    EstimatedWeights,
    /// Exact ties or Firth's correction where risk scores change along the time axis.
    #[error(
        "time-varying coefficients and Fine-Gray models go with Efron's or Breslow's method for ties, and without Firth's \
         correction"
    )]
    TimeDependence,
    /// A function of time that is infinite or not a number at an event time.
    #[error("a function of time is not finite at the event time {time}")]
    InvalidTimeFunction {
        /// The event time.
        time: f64,
    },
    /// The log partial likelihood is not finite at the initial coefficients.
    #[error("the log partial likelihood is not finite at the initial coefficients; choose smaller ones")]
    InitialCoefficients,
}

/// What needs care in a fit that came to an end; columns are given by number.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FitWarning {
    /// The column is a linear combination of earlier ones (or constant), so it has no coefficient.
    AliasedColumn {
        /// Number of the column.
        column: usize,
    },
    /// The likelihood keeps rising while this coefficient grows: it is infinite, and its value and standard
    /// error only say where the iterations stopped. Firth's correction gives finite estimates.
    InfiniteCoefficient {
        /// Number of the column.
        column: usize,
        /// Whether it runs to plus infinity.
        positive: bool,
    },
    /// The iterations stopped before they converged.
    NotConverged,
    /// Strata in which no record ends in an event; their records tell nothing about the coefficients.
    StrataWithoutEvents {
        /// How many.
        n_strata: usize,
        /// Records in them.
        n_records: usize,
    },
}
