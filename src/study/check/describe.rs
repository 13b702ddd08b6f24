//! `[describe]`.

use super::Context;
use crate::study::Exit;
use crate::study::covariate::Covariate;
use crate::study::describe::Describe;
use crate::study::spec::{Section, Value, suggest};
use indexmap::IndexMap;

impl Context<'_> {
    /// `[describe]`; `None` when the study has no such section.
    pub fn read_describe(
        &self,
        root: &Section<'_>,
        covariates: &IndexMap<String, Covariate>,
        exits: Option<&[Exit]>,
    ) -> Option<Describe> {
        let section = root.section("describe", "[describe]")?;
        let quantiles = self.read_ascending(&section, "quantiles", 0.001, 0.999);
        let found = Describe {
            span: section.span.clone(),
            by: self.read_covariates_named(&section, "by", covariates),
            times: self.read_ascending(&section, "times", 0.0, 1e6),
            quantiles: if section.has("quantiles") { quantiles } else { vec![0.5] },
            restricted_mean: section.number("restricted_mean", 0.0, 1e6),
            log_rank: section.flag("log_rank"),
            competing: self.read_exits_named(&section, exits),
            strata: self.read_covariates_named(&section, "strata", covariates),
            standardise: self.read_covariates_named(&section, "standardise", covariates),
            standard: section.text("standard").map(|t| t.text).filter(|t| t != "all"),
            curves: section.flag("curves"),
        };
        section.finish();
        if found.by.is_empty() && found.log_rank {
            self.faults.add(&section.span, "`log_rank` compares groups", "name them in `by`");
        }
        if let Some(node) = section.node("competing").filter(|_| found.times.is_empty()) {
            let remedy = "say at which days: times = [365, 730]";
            self.faults.add(&node.span, "`competing` shows cumulative incidence at `times`", remedy);
        }
        Some(found)
    }

    /// Names of covariates; a fault for each that is none.
    pub(super) fn read_covariates_named(
        &self,
        section: &Section<'_>,
        key: &'static str,
        covariates: &IndexMap<String, Covariate>,
    ) -> Vec<String> {
        let names = section.texts(key);
        for name in names.iter().filter(|n| !covariates.contains_key(&n.text)) {
            let remedy = suggest(&name.text, covariates.keys().map(String::as_str));
            self.faults.add(&name.span, format!("there is no covariate `{}`", name.text), remedy);
        }
        names.into_iter().map(|n| n.text).collect()
    }

    /// A list of numbers in ascending order; empty when absent.
    fn read_ascending(&self, section: &Section<'_>, key: &'static str, least: f64, most: f64) -> Vec<f64> {
        let Some(node) = section.node(key) else { return Vec::new() };
        let wanted = format!("a list of numbers from {least} to {most}");
        let Value::List(items) = &node.value else {
            section.expected(key, node, &wanted);
            return Vec::new();
        };
        let mut numbers = Vec::new();
        for item in items {
            match item.as_number().filter(|x| (least..=most).contains(x)) {
                Some(number) => numbers.push(number),
                None => section.expected(key, item, &wanted),
            }
        }
        numbers.sort_unstable_by(f64::total_cmp);
        numbers
    }
}
