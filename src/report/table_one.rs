//! The part of a report that Table 1 fills: who the persons are as they enter, by group.

use super::{Counts, is_false, label_or};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Characteristics of persons by group. Every list of numbers goes by `groups`, in their order.
///
/// Counts of persons are in [`TableOneGroup::counts`] and [`TableOneCell::persons`]; everything else (shares, means,
/// quartiles, standardised differences, follow-up) is derived from them or from the persons' values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TableOne {
    /// Name of the column that makes the groups; `None` when there is one of all.
    pub by: Option<String>,
    /// What tables call it.
    pub by_label: String,
    /// How numbers are shown: `mean`, `median` or `both`.
    pub numbers: String,
    /// What standardised differences compare: `pairs` (the largest of all pairs of groups), `reference` (every group
    /// against the first) or `none`.
    pub differences: String,
    /// The groups in order; the last one is all persons, unless it is the only one.
    pub groups: Vec<TableOneGroup>,
    /// The characteristics.
    pub variables: Vec<TableOneVariable>,
    /// Records without a usable time or event, left out.
    pub n_left_out: Option<u64>,
}

/// A group of persons.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TableOneGroup {
    /// Its level; empty for persons without one, and for all.
    pub level: String,
    /// What tables call it; the level when empty.
    pub label: String,
    /// Whether it is of the persons without a level.
    #[serde(skip_serializing_if = "is_false")]
    pub missing: bool,
    /// Whether it is of all persons.
    #[serde(skip_serializing_if = "is_false")]
    pub all: bool,
    /// Persons, records, events, person-time.
    pub counts: Counts,
    /// Follow-up per person, in the unit of the times (days in a study); derived.
    pub follow_up: Option<NumberSummary>,
}

/// A characteristic.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TableOneVariable {
    /// The column.
    pub variable: String,
    /// What tables call it; the column when empty.
    pub label: String,
    /// Rows of a characteristic with levels, those without a value last; none for a number.
    pub levels: Vec<TableOneLevel>,
    /// What the numbers of every group come to; none for a characteristic with levels. Derived.
    pub numbers: Vec<Option<NumberSummary>>,
    /// Persons without a number, group by group; none for a characteristic with levels.
    pub missing: Vec<TableOneCell>,
    /// Standardised differences, see [`TableOne::differences`]: one for `pairs`, one per group with a level for
    /// `reference` (`None` for the first). Derived.
    pub differences: Vec<Option<f64>>,
    /// Whether disclosure control hid the differences.
    #[serde(skip_serializing_if = "is_false")]
    pub differences_hidden: bool,
}

/// A level of a characteristic.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TableOneLevel {
    /// As it stands in the data; empty for persons without a value.
    pub level: String,
    /// What tables call it; the level when empty.
    pub label: String,
    /// Whether this is the row of persons without a value.
    #[serde(skip_serializing_if = "is_false")]
    pub missing: bool,
    /// Persons of every group.
    pub cells: Vec<TableOneCell>,
}

/// Persons of one level in one group.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TableOneCell {
    /// How many.
    pub persons: Option<u64>,
    /// Of all persons of the group, those without a value included; derived.
    pub share: Option<f64>,
    /// Whether disclosure control hid the persons (and with them the share).
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// What some numbers come to; all of it but `n` is derived.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NumberSummary {
    /// Persons with a number.
    pub n: Option<u64>,
    /// Mean.
    pub mean: Option<f64>,
    /// Standard deviation (n − 1).
    pub sd: Option<f64>,
    /// Lower quartile (R's type 7, as the other two).
    pub q1: Option<f64>,
    /// Median.
    pub median: Option<f64>,
    /// Upper quartile.
    pub q3: Option<f64>,
    /// Persons who have exactly the value of the lower quartile, the median, the upper quartile; `None` for one that lies
    /// between two values. Never exported.
    #[serde(skip_serializing_if = "is_nobody")]
    pub sharing: [Option<u64>; 3],
    /// Whether disclosure control hid one of the quartiles: they are values of persons.
    #[serde(skip_serializing_if = "is_false")]
    pub quartiles_hidden: bool,
    /// Whether disclosure control hid it.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

fn is_nobody(sharing: &[Option<u64>; 3]) -> bool {
    *sharing == [None; 3]
}

impl TableOne {
    /// What tables call the grouping column.
    pub fn by_title(&self) -> &str {
        label_or(&self.by_label, self.by.as_deref().unwrap_or_default())
    }
}

impl TableOneVariable {
    /// What tables call the characteristic.
    pub fn title(&self) -> &str {
        label_or(&self.label, &self.variable)
    }
}
