//! `labels = "file"`: whether the files of a covariate can label their values at all.

use super::Context;
use super::extracts::CATALOGUE;
use crate::stored::StoredFormat;
use crate::study::covariate::{Covariate, Kind, Source};
use crate::study::extract::FileFormat;
use indexmap::IndexMap;

impl Context<'_> {
    /// Text, Parquet and SAS files have no labels of values, and what is made of columns has none either.
    pub fn check_file_labels(&self, covariates: &IndexMap<String, Covariate>) {
        let asks = |c: &&Covariate| matches!(&c.kind, Kind::Factor(rules) if rules.file_labels);
        for covariate in covariates.values().filter(asks) {
            let format = extract(&covariate.source).map(|name| self.extracts.get(name).map(|e| &e.format));
            let (what, remedy) = match format {
                None => ("its values come from no column", "write levels = [{ value, label }, …]"),
                Some(Some(FileFormat::Delimited(_))) => {
                    ("a text file has none", "write levels = [{ value, label }, …]")
                }
                Some(Some(FileFormat::Parquet { .. })) => {
                    ("a Parquet file has none", "write levels = [{ value, label }, …]")
                }
                Some(Some(FileFormat::Stored { format: StoredFormat::Sas, .. })) => {
                    ("SAS keeps them in a catalogue (.sas7bcat), which is not read", CATALOGUE)
                }
                Some(Some(FileFormat::Stored { .. }) | None) => continue,
            };
            let rule = format!("`labels = \"file\"` of [covariate.{}] finds no labels: {what}", covariate.name);
            self.faults.add(&covariate.span, rule, remedy);
        }
    }
}

/// The extract whose column gives the values as they are.
fn extract(source: &Source) -> Option<&str> {
    match source {
        Source::Person(column) | Source::Wide { column, .. } => Some(&column.extract),
        Source::Status { extract, .. } | Source::Yearly { extract, .. } => Some(extract),
        Source::SpellValue { spells, .. } => Some(&spells.extract),
        Source::Latest { rows, .. } => Some(&rows.extract),
        _ => None,
    }
}
