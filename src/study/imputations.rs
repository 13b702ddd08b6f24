//! `[imputations]`: completed data sets of a study's person-time, made elsewhere from what `cohort build` writes.

use super::Span;
use super::extract::{Decimal, Encoding, InputFile};
use super::fault::StudyFaults;
use super::files;
use super::spec::Faults;
use super::{IfMissing, Kind, Study};
use std::path::PathBuf;

/// Where the values are that covariates with `if_missing = "imputed"` take.
#[derive(Debug, Clone, PartialEq)]
pub struct Imputations {
    /// Where it is written.
    pub span: Span,
    /// The paths as written: one stacked file, or a file for every imputation; relative to the study file.
    pub written: Vec<String>,
    /// The folder of the study file.
    pub folder: PathBuf,
    /// The column with the imputation's number; `None`: every file is one imputation.
    pub number: Option<String>,
    /// What stands between the fields of a text file, where it is said.
    pub delimiter: Option<u8>,
    /// How its bytes become characters.
    pub encoding: Option<Encoding>,
    /// Its decimal mark.
    pub decimal: Option<Decimal>,
}

/// What a model with covariates of several values is fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImputedData {
    /// Every completed data set, pooled by Rubin's rules.
    #[default]
    Pooled,
    /// The records without a missing value.
    CompleteCases,
    /// One completed data set, by its number.
    One(u32),
}

impl Study {
    /// The covariates whose missing values the completed data sets give, in the order of the study.
    pub fn imputed_covariates(&self) -> Vec<&str> {
        let imputed = |kind: &Kind| match kind {
            Kind::Number { if_missing, .. } => matches!(if_missing, IfMissing::Imputed),
            Kind::Factor(rules) => matches!(rules.if_missing, IfMissing::Imputed),
        };
        self.covariates.values().filter(|c| imputed(&c.kind)).map(|c| c.name.as_str()).collect()
    }

    /// The files of the completed data sets, in the order written, those of a pattern by name. They are looked for late:
    /// `cohort build` writes what they are made from. Errors: the paths that lead nowhere; no `[imputations]` at all.
    pub fn imputation_files(&self) -> Result<Vec<InputFile>, StudyFaults> {
        let faults = Faults::default();
        let mut found: Vec<InputFile> = Vec::new();
        match &self.imputations {
            Some(imputations) => {
                for written in &imputations.written {
                    match files::resolve(&imputations.folder, written) {
                        Ok(files) => files.into_iter().for_each(|f| {
                            if !found.contains(&f) {
                                found.push(f)
                            }
                        }),
                        Err(rule) => faults.add(&imputations.span, rule, FROM_BUILD),
                    }
                }
            }
            None => {
                let rule = "the study has covariates with if_missing = \"imputed\" and names no completed data sets";
                faults.add(
                    &(0..0),
                    rule,
                    "add [imputations] with `file` and `number`, made from what `cohort build` writes",
                );
            }
        }
        let faults = faults.into_sorted();
        match faults.is_empty() {
            true => Ok(found),
            false => Err(StudyFaults { path: self.path.clone(), text: self.text.clone(), faults }),
        }
    }
}

const FROM_BUILD: &str = "impute what `cohort build` writes, and save the completed data sets there";
