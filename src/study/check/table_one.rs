//! `[table_one]`.

use super::Context;
use crate::study::covariate::{Covariate, Kind};
use crate::study::spec::{Section, suggest};
use crate::study::{Differences, Numbers, TableOne};
use indexmap::IndexMap;

impl Context<'_> {
    /// `[table_one]`; `None` when the study has no such section.
    pub fn read_table_one(&self, root: &Section<'_>, covariates: &IndexMap<String, Covariate>) -> Option<TableOne> {
        let section = root.section("table_one", "[table_one]")?;
        let by = section.text("by");
        let found = TableOne {
            span: section.span.clone(),
            by: by.as_ref().map(|t| t.text.clone()),
            variables: self.read_covariates_named(&section, "variables", covariates),
            numbers: section.choice("numbers", &Numbers::NAMED).unwrap_or_default(),
            differences: section.choice("differences", &Differences::NAMED).unwrap_or_default(),
        };
        section.finish();
        let Some(by) = by else { return Some(found) };
        match covariates.get(&by.text) {
            None => {
                let remedy = suggest(&by.text, covariates.keys().map(String::as_str));
                self.faults.add(&by.span, format!("there is no covariate `{}`", by.text), remedy);
            }
            Some(covariate) if matches!(covariate.kind, Kind::Number { .. }) => {
                let rule = format!("`by`: `{}` is a number: it has no levels", by.text);
                self.faults.add(&by.span, rule, "use its classes (`of` and `cut`)");
            }
            Some(_) => {}
        }
        Some(found)
    }
}
