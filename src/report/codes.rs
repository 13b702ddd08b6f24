//! Codes as they occur in the extracts, and rows over calendar time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the codes of one column meet the code lists that look at it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CodeUse {
    /// Name of the extract.
    pub extract: String,
    /// Name of the column in the study file.
    pub column: String,
    /// The code lists, in the order of the study.
    pub lists: Vec<ListUse>,
    /// Codes that none of the lists covers, most frequent first; under a disclosure profile those that may be named.
    pub uncovered: Vec<CodeRows>,
    /// Whether disclosure control took codes of few persons out of `uncovered`.
    #[serde(skip_serializing_if = "super::is_false")]
    pub uncovered_hidden: bool,
}

/// What a code list found in a column.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ListUse {
    /// Name of the code list, or of the covariate whose groups it is.
    pub codelist: String,
    /// Number of items of the list.
    pub items: usize,
    /// Codes that it covers, in the order of its items.
    pub found: Vec<CodeRows>,
    /// Items that cover no code that occurs.
    pub never: Vec<String>,
}

/// A code and the rows that hold it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CodeRows {
    /// The item of the list that covers it; empty for a code that no list covers.
    pub item: String,
    /// The code after its clean-up.
    pub code: String,
    /// Its code system, where a column of the extract says it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub system: String,
    /// Rows; `None` when disclosure control hid them.
    pub rows: Option<u64>,
    /// Persons whose rows these are, told apart up to 100; never exported under a profile that hides anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persons: Option<u64>,
    /// Whether disclosure control hid the rows.
    #[serde(skip_serializing_if = "super::is_false")]
    pub hidden: bool,
}

/// Rows of an extract in a year or month.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RowsInTime {
    /// Name of the extract.
    pub extract: String,
    /// Calendar year.
    pub year: i32,
    /// 1 to 12; `None` for a whole year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<u32>,
    /// All rows, linked or not.
    pub rows: Option<u64>,
    /// Of them, rows without a key.
    pub without_key: Option<u64>,
    /// Whether disclosure control hid the counts.
    #[serde(skip_serializing_if = "super::is_false")]
    pub hidden: bool,
}
