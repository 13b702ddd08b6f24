//! What can go wrong between the files of a delivery and person-time.
//!
//! Every message reads place, rule, remedy. Places are files as the study names them, row numbers and column
//! names; a person's key or the content of a cell never stands in a message.

use std::fmt;

/// Where something was found: a file, and within it a row and a column. A row is the line of the file on which
/// the record begins; the header is row 1. In Parquet, which has no lines, the first record is row 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The file as the study or the command names it, or a part of the study (`follow_up.event`).
    pub file: String,
    /// The line on which the record begins.
    pub row: Option<u64>,
    /// The column's name in the file.
    pub column: Option<String>,
}

impl Place {
    /// A whole file, or a part of the study.
    pub fn file(file: impl Into<String>) -> Place {
        Place { file: file.into(), row: None, column: None }
    }

    /// A row of a file.
    pub fn row(file: impl Into<String>, row: u64) -> Place {
        Place { file: file.into(), row: Some(row), column: None }
    }

    /// The same place, in one column.
    pub fn in_column(mut self, column: impl Into<String>) -> Place {
        self.column = Some(column.into());
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        Ok(())
    }
}

/// One broken rule: where, which rule, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it was found first.
    pub place: Place,
    /// The rule that does not hold, with the number of rows or persons concerned.
    pub rule: String,
    /// What to do about it.
    pub remedy: String,
}

impl Fault {
    /// A fault at `place`.
    pub fn new(place: Place, rule: impl Into<String>, remedy: impl Into<String>) -> Fault {
        let fault = Fault { place, rule: rule.into(), remedy: remedy.into() };
        let whole = !fault.place.file.is_empty() && !fault.rule.is_empty() && !fault.remedy.is_empty();
        debug_assert!(whole, "a message needs place, rule and remedy: {fault}");
        fault
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.rule)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Why extracts could not become person-time.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file that is missing, cannot be opened, or stops before its end.
    #[error("{0}")]
    File(Fault),
    /// Bytes that do not fit the declared encoding.
    #[error("{0}")]
    Encoding(Fault),
    /// A header without a needed column, with a column twice, or read with the wrong delimiter.
    #[error("{0}")]
    Header(Fault),
    /// A record with more or fewer fields than the header.
    #[error("{0}")]
    Ragged(Fault),
    /// Cells that break the declared type, width, levels or dates: one fault per column and file.
    #[error("{}", join(.0))]
    Values(Vec<Fault>),
    /// Keys that do not link.
    #[error("{0}")]
    Link(Fault),
    /// Persons with rows that contradict each other.
    #[error("{0}")]
    Duplicates(Fault),
    /// A row condition or a rule of the study that cannot be evaluated on the data.
    #[error("{0}")]
    Condition(Fault),
    /// A covariate with a value that no rule covers, or missing where the study says it never is.
    #[error("{0}")]
    Covariate(Fault),
    /// Nobody is left in the cohort.
    #[error("{0}")]
    NobodyEligible(Fault),
    /// Person-time that cannot be: an exit on or before entry, an event before entry.
    #[error("{}", join(.0))]
    PersonTime(Vec<Fault>),
    /// What is wrong with several extracts, so that all of it can be mended at once.
    #[error("{}", .0.iter().map(LoadError::to_string).collect::<Vec<_>>().join("\n"))]
    Extracts(Vec<LoadError>),
    /// The person-time file cannot be written.
    #[error("{0}")]
    Write(Fault),
}

impl LoadError {
    /// Its faults, at least one.
    pub fn faults(&self) -> Vec<&Fault> {
        match self {
            LoadError::Values(faults) | LoadError::PersonTime(faults) => faults.iter().collect(),
            LoadError::Extracts(errors) => errors.iter().flat_map(LoadError::faults).collect(),
            LoadError::File(fault)
            | LoadError::Encoding(fault)
            | LoadError::Header(fault)
            | LoadError::Ragged(fault)
            | LoadError::Link(fault)
            | LoadError::Duplicates(fault)
            | LoadError::Condition(fault)
            | LoadError::Covariate(fault)
            | LoadError::NobodyEligible(fault)
            | LoadError::Write(fault) => vec![fault],
        }
    }

    /// One error, or all of them together. Errors: `errors`, if there are any.
    pub(crate) fn raise(mut errors: Vec<LoadError>) -> Result<(), LoadError> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(LoadError::Extracts(errors)),
        }
    }

    /// All that was made, or everything that kept one from being made: of several files or extracts, each is tried, so that
    /// a delivery can be mended at once. Faults of cells stand first, as one error.
    pub(crate) fn all_of<T>(made: impl Iterator<Item = Result<T, LoadError>>) -> Result<Vec<T>, LoadError> {
        let (mut all, mut faults, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for one in made {
            match one {
                Ok(one) => all.push(one),
                Err(error) => error.sort_into(&mut faults, &mut errors),
            }
        }
        if !faults.is_empty() {
            errors.insert(0, LoadError::Values(faults));
        }
        LoadError::raise(errors)?;
        Ok(all)
    }

    fn sort_into(self, faults: &mut Vec<Fault>, errors: &mut Vec<LoadError>) {
        match self {
            LoadError::Values(of_cells) => faults.extend(of_cells),
            LoadError::Extracts(several) => several.into_iter().for_each(|error| error.sort_into(faults, errors)),
            error => errors.push(error),
        }
    }

    /// The same error, after faults of cells that were found before it.
    pub(crate) fn after(self, faults: Vec<Fault>) -> LoadError {
        let before = (!faults.is_empty()).then_some(LoadError::Values(faults));
        let both = before.into_iter().chain([self]).map(Err::<(), _>);
        LoadError::all_of(both).expect_err("this error is among them")
    }

    /// Whether it is about rows of a file that could be read, so that others may have faults worth knowing too.
    pub(crate) fn is_of_rows(&self) -> bool {
        use LoadError::{Duplicates, Encoding, Extracts, Link, Ragged, Values};
        matches!(self, Values(_) | Duplicates(_) | Link(_) | Encoding(_) | Ragged(_) | Extracts(_))
    }

    /// Whether the fault is in person-time itself rather than in an extract (the command line has an exit code for each).
    pub fn is_person_time(&self) -> bool {
        matches!(self, LoadError::PersonTime(_) | LoadError::NobodyEligible(_) | LoadError::Covariate(_))
    }
}

fn join(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}

/// `1 row`, `2 rows`: a count with its noun.
pub(crate) fn counted(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", thousands(n)) }
}

/// `1234567` as `1 234 567` would break across lines, so groups are set apart by a comma.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_place_rule_remedy() {
        let place = Place::row("hospital.csv", 218).in_column("admitted");
        let fault = Fault::new(place, "expected a date as YYYY-MM-DD", "declare its format");
        assert_eq!(
            fault.to_string(),
            "hospital.csv, row 218, column admitted: expected a date as YYYY-MM-DD; declare its format"
        );
    }

    #[test]
    fn counts_carry_their_noun() {
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(1_234_567, "person"), "1,234,567 persons");
    }
}
