//! Faults of a targets file and of its files of rows, shown together.

use crate::study::StudyFaults;
use std::fmt;

/// A fault in a CSV file of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The file, as the targets file names it.
    pub path: String,
    /// The row, counted from 1 without the header; 0 is the header.
    pub row: u64,
    /// The column; empty where it concerns the row.
    pub column: String,
    /// The broken rule.
    pub rule: String,
    /// What to do about it; empty when the rule says it.
    pub remedy: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = if self.row == 0 { "header".to_owned() } else { format!("row {}", self.row) };
        let column = if self.column.is_empty() { String::new() } else { format!(", column {}", self.column) };
        let remedy = if self.remedy.is_empty() { String::new() } else { format!("; {}", self.remedy) };
        write!(f, "{}, {row}{column}: {}{remedy}", self.path, self.rule)
    }
}

/// All faults of a targets file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetsError {
    /// Faults of the TOML file.
    pub toml: Option<StudyFaults>,
    /// Faults of files of rows, in file order.
    pub rows: Vec<RowFault>,
}

impl fmt::Display for TargetsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let toml = self.toml.iter().map(ToString::to_string);
        let lines: Vec<String> = toml.chain(self.rows.iter().map(ToString::to_string)).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for TargetsError {}
