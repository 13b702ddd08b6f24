//! `cohort check`

use super::Context;
use crate::cli::args::CheckArgs;
use crate::error::{Error, Result};
use crate::loader::error::counted;
use crate::loader::{columns_not_read, describe_codelists, extracts_not_read};
use crate::study::{self, Study};
use std::path::Path;

/// Finds the faults of a study file, its headers and code lists; without any, says what the code lists look at.
pub fn run(args: &CheckArgs, context: &mut Context) -> Result<()> {
    let study = read_study(&args.study, args.data.as_deref())?;
    let files: usize = study.extracts.values().map(|e| e.files.len()).sum();
    let n_of = |n: usize, noun: &str| counted(n as u64, noun);
    let interactions = match study.interactions.len() {
        1 => "1 interaction analysis".to_owned(),
        n => format!("{n} interaction analyses"),
    };
    let head = format!(
        "{}: no fault found: {} in {}, {}, {}, {interactions}",
        args.study.display(),
        n_of(study.extracts.len(), "extract"),
        n_of(files, "file"),
        n_of(study.covariates.len(), "covariate"),
        n_of(study.models.len(), "model"),
    );
    let lines = std::iter::once(head).chain(completed_data_sets(&study)).chain(describe_codelists(&study));
    let mut lines = lines.chain(not_read(&study));
    lines.try_for_each(|line| writeln!(context.results, "{line}")).map_err(|source| Error::File {
        path: "standard output".into(),
        source,
        remedy: "check where standard output goes",
        writing: true,
    })
}

/// What is declared and read by no rule: a run says nothing of what stands there.
fn not_read(study: &Study) -> Vec<String> {
    let extracts = extracts_not_read(study).into_iter();
    let extracts =
        extracts.map(|name| format!("extract {name}: no rule of the study reads it; its rows are not looked at"));
    let columns = columns_not_read(study).into_iter().map(|(extract, columns)| {
        format!("extract {extract}: columns that no rule reads, whose cells are not looked at: {}", columns.join(", "))
    });
    extracts.chain(columns).collect()
}

/// Whether the completed data sets are there: `cohort build` writes what they are made from, so a study without them has
/// no fault.
fn completed_data_sets(study: &Study) -> Option<String> {
    let declared = study.imputations.as_ref()?;
    let files = declared.written.join(", ");
    Some(match study.imputation_files() {
        Ok(found) => format!("completed data sets: {files}, {} there", found.len()),
        Err(_) => format!("completed data sets: {files}, not there yet; make them from what `cohort build` writes"),
    })
}

/// Reads and checks a study file and the headers of its extracts.
pub fn read_study(path: &Path, data: Option<&Path>) -> Result<Study> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
        remedy: "name a study file (TOML, UTF-8); `cohort init` writes one to start from",
        writing: false,
    })?;
    let study = study::check(&text, path, data)?;
    study::check_files(&study)?;
    Ok(study)
}
