//! Covariates: where a value comes from and how it becomes a number or a level.

use super::cohort::{EventRows, Spells};
use super::{CodeList, ColumnRef, MatchedColumn, Offset, Span, Sql};

/// A covariate: one column of the person-time table.
#[derive(Debug, Clone)]
pub struct Covariate {
    /// Its name in formulas and conditions.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// What tables call it.
    pub label: String,
    /// Where raw values come from.
    pub source: Source,
    /// Whether it keeps the value of the index date or changes during follow-up.
    pub timing: Timing,
    /// What they become.
    pub kind: Kind,
}

/// Whether a covariate keeps its value or changes during follow-up.
///
/// A covariate that changes has, in the record (entry, exit], the value that it would have at index were the entry the
/// index date: what is dated on a day counts from the day after, and nothing counts before it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// As of the index date, for all of follow-up (`at = "index"`).
    Index,
    /// As of the day of entry, for all of follow-up (`at = "entry"`); the index date where nobody enters later.
    Entry,
    /// As of every day of follow-up (`at = "current"`).
    Current {
        /// Days by which everything counts later (`lag = "90 days"`).
        lag: i32,
    },
    /// Made of covariates that change: worked out for every record.
    Follows,
}

impl Timing {
    /// Whether a person may have several values.
    pub fn changes(self) -> bool {
        matches!(self, Timing::Current { .. } | Timing::Follows)
    }

    /// Days by which everything counts later.
    pub fn lag(self) -> i32 {
        match self {
            Timing::Current { lag } => lag,
            Timing::Index | Timing::Entry | Timing::Follows => 0,
        }
    }
}

/// Where the raw values of a covariate come from. A person without a row or value is missing.
#[derive(Debug, Clone)]
pub enum Source {
    /// A column of the population extract (`from = "persons.sex"`).
    Person(ColumnRef),
    /// Years from a date to the index date: completed years plus the elapsed part of the running year, so that
    /// birthdays are whole numbers ([`crate::day::Day::years_since`]). Negative when the date is later.
    YearsSince(DateOf),
    /// Whole days from a date (`days_since`). Negative when the date is later.
    DaysSince(DateOf),
    /// The calendar year of a date (`year_of`).
    YearOf(DateOf),
    /// Another covariate (`of = "age"`).
    Covariate(String),
    /// The status on the day, from dated changes: the value of the row with the latest `since` on or before
    /// it.
    Status {
        /// Name of the extract.
        extract: String,
        /// Name of the date column.
        since: String,
        /// Name of the value column.
        value: String,
        /// How old the value may be; older is missing.
        look_back: Option<Offset>,
        /// What rows with the same `since` and different values mean.
        same_day: OnSameDay,
    },
    /// The value of the spell that covers the day.
    SpellValue {
        /// The spells.
        spells: Spells,
        /// Name of the value column.
        value: String,
        /// What spells of different values that cover one day mean.
        overlap: Overlap,
    },
    /// The value of the latest of dated rows on or before the day (`latest = "labs"`).
    Latest {
        /// The rows considered.
        rows: EventRows,
        /// Name of the value column.
        value: String,
        /// How old the value may be; older is missing.
        look_back: Option<Offset>,
        /// What rows of one day with different values mean.
        same_day: OnSameDay,
    },
    /// What dated rows in a window up to the day come to (`any`, `count`, `sum`).
    Events {
        /// The rows considered.
        rows: EventRows,
        /// The window.
        within: Lookback,
        /// What is asked of them.
        measure: Measure,
        /// Whether a window that begins before the register is accepted.
        truncate_lookback: bool,
    },
    /// A yearly (wide) column of an extract with one row per person (`wide = "education.level"`).
    Wide {
        /// The column; its source is [`super::ColumnSource::Yearly`].
        column: ColumnRef,
        /// Which year.
        at: YearAt,
        /// How many years further back a value is looked for where that year has none.
        look_back: i32,
    },
    /// Rows of one person and year (`yearly = "income"`). Two rows of a person and year are an error.
    Yearly {
        /// Name of the extract.
        extract: String,
        /// Name of the whole-number column with the year.
        year: String,
        /// Name of the value column.
        value: String,
        /// Which year.
        at: YearAt,
        /// How many years further back a value is looked for where that year has none.
        look_back: i32,
    },
    /// The codes of a column of the index event; with several index rows on the day, of all of them.
    IndexCodes {
        /// Name of the code column of the index extract.
        column: String,
    },
    /// An SQL expression over `index_date`, the columns of the population extract and the covariates above it.
    Sql(Sql),
    /// What matching made of a person (`matching = "group"` or `"set"`).
    Matching(MatchedColumn),
}

/// A date of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateOf {
    /// The index date.
    Index,
    /// The day itself, for the calendar year of follow-up or of entry (`year_of = "current"`, `"entry"`).
    Current,
    /// A date column of the population extract.
    Person(ColumnRef),
    /// A date column of another extract, from the row that is picked by this date.
    Row {
        /// The column.
        column: ColumnRef,
        /// Which row of a person.
        pick: PickRow,
    },
}

/// Which row of a person, by date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickRow {
    /// The earliest.
    First,
    /// The latest.
    Last,
    /// The latest on or before the index date.
    LastBeforeIndex,
    /// The latest on or before the day of entry, of a covariate as of that day.
    LastBeforeEntry,
}

/// What rows of one person and day with different values mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnSameDay {
    /// An error that counts the persons.
    #[default]
    Error,
    /// No value is known from that day on.
    Missing,
    /// The smallest of the numbers counts.
    Smallest,
    /// The largest of the numbers counts.
    Largest,
}

/// What spells of different values that cover one day mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Overlap {
    /// An error that counts the persons.
    #[default]
    Error,
    /// The spell that began last counts; of two that began on one day an error.
    LatestStart,
}

/// What is asked of the rows in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// Whether there is any: `yes` or `no`.
    Any,
    /// How many there are.
    Count,
    /// The sum of a number column; rows without a number are counted and add nothing.
    Sum(String),
}

/// Days up to the day that is looked at, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookback {
    /// Where it begins.
    pub start: LookbackStart,
    /// Where it ends, counted from the day that is looked at; never after it.
    pub end: Offset,
}

/// Where a [`Lookback`] begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookbackStart {
    /// With the first row there is (`"ever"`).
    Ever,
    /// On the day after the index date (`"index"`).
    AfterIndex,
    /// So far before the day that is looked at.
    Before(Offset),
}

/// A calendar year relative to the day that is looked at: `year of index` is 0, `year before index` is -1,
/// `2 years before index` is -2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearAt {
    /// Years from the year of that day; 0 or negative.
    pub offset: i32,
}

/// What raw values become.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A number.
    Number {
        /// Values that do not come from the source, in order; the first whose condition is true stands.
        overrides: Vec<Override<f64>>,
        /// What a missing value becomes.
        if_missing: IfMissing<f64>,
    },
    /// One of the declared levels.
    Factor(FactorRules),
}

/// How raw values become levels.
#[derive(Debug, Clone)]
pub struct FactorRules {
    /// The levels in the order of the tables; at least two.
    pub levels: Vec<Level>,
    /// Index of the reference level.
    pub reference: usize,
    /// From raw value to level value.
    pub recode: Recode,
    /// What a raw value becomes that the recoding does not cover.
    pub unlisted: Unlisted,
    /// Levels that do not come from the source, in order; the first whose condition is true stands.
    pub overrides: Vec<Override<usize>>,
    /// What a missing value becomes.
    pub if_missing: IfMissing<usize>,
    /// Whether levels without a label of their own take the one that the files give their value (Stata, SPSS).
    pub file_labels: bool,
}

impl FactorRules {
    /// Index of the level with this value.
    pub fn level_of(&self, value: &str) -> Option<usize> {
        self.levels.iter().position(|l| l.value == value)
    }

    /// Indices of the levels with the reference first and the others in order: the coding order of a model.
    pub fn reference_first(&self) -> Vec<usize> {
        let others = (0..self.levels.len()).filter(|&i| i != self.reference);
        std::iter::once(self.reference).chain(others).collect()
    }
}

/// A level of a factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// The value that formulas and conditions use.
    pub value: String,
    /// What tables call it.
    pub label: String,
}

/// From raw value to level value.
#[derive(Debug, Clone)]
pub enum Recode {
    /// The raw text is the level.
    AsIs,
    /// The list's value for the raw text, of which only the first `prefix` characters are looked at when given.
    /// Of several codes ([`Source::IndexCodes`]) see [`CodeList::value_of_any`].
    List {
        /// Number of characters of the raw text to look at.
        prefix: Option<usize>,
        /// The list; every one of its values is a level.
        list: CodeList,
    },
    /// The class of a raw number; its index is the level's.
    Cut(Cut),
}

/// Classes of a number: `edges[i] <= x < edges[i + 1]`, and `x >= ` the last edge when the end is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// The edges, strictly increasing, at least two (one and an open end make a single class, which is refused).
    pub edges: Vec<f64>,
    /// Whether a last class holds everything from the last edge on.
    pub open_end: bool,
}

impl Cut {
    /// The class of a number; `None` below the first edge, from the last on (unless open), and for NaN.
    pub fn class_of(&self, x: f64) -> Option<usize> {
        let passed = self.edges.iter().take_while(|e| x >= **e).count();
        (passed > 0 && passed <= self.n_classes()).then(|| passed - 1)
    }

    /// Number of classes.
    pub fn n_classes(&self) -> usize {
        self.edges.len() - usize::from(!self.open_end)
    }

    /// The names of the classes where the study gives none: `18-24` between whole edges (`18` for a class of one),
    /// `0.5 to under 1.5` between others, `66 or more` for an open end.
    pub fn labels(&self) -> Vec<String> {
        let whole = self.edges.iter().all(|e| e.fract() == 0.0);
        let class = |pair: &[f64]| match (whole, pair[1] - pair[0] == 1.0) {
            (true, true) => format!("{}", pair[0]),
            (true, false) => format!("{}-{}", pair[0], pair[1] - 1.0),
            (false, _) => format!("{} to under {}", pair[0], pair[1]),
        };
        let mut labels: Vec<String> = self.edges.windows(2).map(class).collect();
        if let (true, Some(last)) = (self.open_end, self.edges.last()) {
            labels.push(format!("{last} or more"));
        }
        labels
    }
}

/// What a raw value becomes that no rule covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unlisted {
    /// An error that counts the persons and distinct values.
    #[default]
    Error,
    /// Missing, and counted; then `if_missing` applies.
    Missing,
    /// This level, and counted.
    Level(usize),
}

/// A value that a condition gives.
#[derive(Debug, Clone)]
pub struct Override<T> {
    /// The condition, over the same names as [`Source::Sql`].
    pub when: Sql,
    /// The value, or the index of the level.
    pub value: T,
}

/// What a missing value of a covariate becomes; stated for every covariate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum IfMissing<T> {
    /// An error that counts the persons (of those left after the last step).
    Error,
    /// The person leaves the study after the last step, on an attrition line of this covariate.
    Exclude,
    /// This value, or the level with this index.
    Use(T),
    /// It stays missing in the person-time; the completed data sets of `[imputations]` give it.
    Imputed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_whole_labels_and_closed_starts() {
        let cut = Cut { edges: vec![18.0, 25.0, 26.0, 66.0], open_end: true };
        assert_eq!(cut.labels(), ["18-24", "25", "26-65", "66 or more"]);
        assert_eq!(cut.class_of(17.99), None);
        assert_eq!(cut.class_of(18.0), Some(0));
        assert_eq!(cut.class_of(24.99), Some(0));
        assert_eq!(cut.class_of(25.0), Some(1));
        assert_eq!(cut.class_of(200.0), Some(3));
        assert_eq!(cut.class_of(f64::NAN), None);
    }

    #[test]
    fn a_closed_end_covers_nothing_beyond() {
        let cut = Cut { edges: vec![0.0, 0.5, 1.5], open_end: false };
        assert_eq!(cut.labels(), ["0 to under 0.5", "0.5 to under 1.5"]);
        assert_eq!(cut.class_of(1.5), None);
        assert_eq!(cut.n_classes(), 2);
    }
}
