//! `hr_at` of a model: values of numeric covariates whose hazard ratios a table gives.

use super::Context;
use crate::study::covariate::{Covariate, Kind};
use crate::study::output::RatiosAt;
use crate::study::spec::{Entry, Section, Value, suggest};
use indexmap::IndexMap;

impl Context<'_> {
    /// `hr_at = { age = { values = [50, 70], reference = 60 } }`.
    pub fn read_ratios_at(&self, section: &Section<'_>, covariates: &IndexMap<String, Covariate>) -> Vec<RatiosAt> {
        let Some(all) = section.section("hr_at", "`hr_at`") else { return Vec::new() };
        all.all().iter().filter_map(|entry| self.read_ratios_of(entry, covariates)).collect()
    }

    fn read_ratios_of(&self, entry: &Entry, covariates: &IndexMap<String, Covariate>) -> Option<RatiosAt> {
        match covariates.get(&entry.key) {
            None => {
                let remedy = suggest(&entry.key, covariates.keys().map(String::as_str));
                self.faults.add(&entry.key_span, format!("`hr_at`: there is no covariate `{}`", entry.key), remedy);
                return None;
            }
            Some(covariate) if !matches!(covariate.kind, Kind::Number { .. }) => {
                let rule = format!("`hr_at`: `{}` has levels, and a hazard ratio for each", entry.key);
                self.faults.add(&entry.key_span, rule, "name covariates that are numbers");
                return None;
            }
            Some(_) => {}
        }
        let what = format!("`hr_at.{}`", entry.key);
        let section = Section::new(what, &entry.key_span, &entry.node, self.faults)?;
        let values = section.node("values").map_or(Vec::new(), |node| {
            let numbers = match &node.value {
                Value::List(items) => items.iter().map(|item| item.as_number()).collect(),
                _ => None,
            };
            numbers.unwrap_or_else(|| {
                section.expected("values", node, "a list of numbers");
                Vec::new()
            })
        });
        let reference = section.number("reference", f64::MIN, f64::MAX);
        section.finish();
        Some(RatiosAt { column: entry.key.clone(), values, reference })
    }
}
