//! What the declared clean-up of person keys did.

use super::is_false;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of what the declared clean-up did to the keys of an extract, or to one spelling of a linkage file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KeyCleanUp {
    /// Name of the extract, or the linkage file.
    pub extract: String,
    /// Name of the key spelling; empty without a linkage file.
    pub spelling: String,
    /// What the line counts.
    pub line: KeyLine,
    /// The step under the name that the study gives it; empty for other lines.
    pub step: String,
    /// Rows; `None` where keys alone are counted.
    pub rows: Option<u64>,
    /// Distinct keys.
    pub keys: Option<u64>,
    /// Whether disclosure control hid the counts.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// What a line counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyLine {
    /// Keys as the files have them.
    #[default]
    Delivered,
    /// Keys that a step changed.
    Step,
    /// Keys of which nothing was left: their rows are rows without a key.
    Emptied,
    /// Keys after clean-up, which are what is compared.
    Compared,
    /// Of those, keys that several distinct keys of the files became.
    Merged,
    /// The keys of the files that became them.
    MergedFrom,
}
