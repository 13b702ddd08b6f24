//! The fields of a row, whether it stands in TOML or in a CSV file.

use super::super::error::RowFault;
use crate::study::spec::{Section, Value};
use std::cell::RefCell;

/// A row's fields by name.
pub trait Fields {
    /// The text of a field; `None` when it is absent or empty.
    fn field(&self, key: &'static str) -> Option<String>;
    /// Whether something stands there, right or wrong.
    fn has(&self, key: &'static str) -> bool;
    /// Notes a fault of a field; of the row where `key` is empty.
    fn fault(&self, key: &'static str, rule: &str, remedy: &str);
}

/// A `[[table.number]]`.
pub struct TomlRow<'s, 'a>(pub &'s Section<'a>);

impl Fields for TomlRow<'_, '_> {
    fn field(&self, key: &'static str) -> Option<String> {
        let node = self.0.node(key)?;
        match &node.value {
            Value::Text(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
            Value::Whole(n) => Some(n.to_string()),
            Value::Logical(b) => Some(b.to_string()),
            _ => {
                let rule = format!("`{key}` is {}, expected a text in quotes", node.kind());
                self.0.faults().add(
                    &node.span,
                    rule,
                    "write numbers as printed, in quotes: their decimals are their tolerance",
                );
                None
            }
        }
    }

    fn has(&self, key: &'static str) -> bool {
        self.0.has(key)
    }

    fn fault(&self, key: &'static str, rule: &str, remedy: &str) {
        let span = self.0.node(key).map_or(self.0.span.clone(), |node| node.span.clone());
        self.0.faults().add(&span, rule, remedy);
    }
}

/// A row of a CSV file.
pub struct CsvRow<'a> {
    /// The file as messages show it.
    pub path: &'a str,
    /// Its number, from 1.
    pub number: u64,
    /// Names of the columns, as rows call them.
    pub header: &'a [String],
    /// Its fields.
    pub record: &'a csv::StringRecord,
    /// Where faults go.
    pub faults: &'a RefCell<Vec<RowFault>>,
}

impl Fields for CsvRow<'_> {
    fn field(&self, key: &'static str) -> Option<String> {
        let at = self.header.iter().position(|name| name == key)?;
        self.record.get(at).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn has(&self, key: &'static str) -> bool {
        self.field(key).is_some()
    }

    fn fault(&self, key: &'static str, rule: &str, remedy: &str) {
        self.faults.borrow_mut().push(RowFault {
            path: self.path.to_owned(),
            row: self.number,
            column: key.to_owned(),
            rule: rule.to_owned(),
            remedy: remedy.to_owned(),
        });
    }
}
