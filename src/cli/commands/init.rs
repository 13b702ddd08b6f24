//! `cohort init`

use super::Context;
use crate::cli::args::InitArgs;
use crate::error::{Error, Result};
use crate::study::{TEMPLATE, survey};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Writes a commented study file: a whole one to change, or one for the files of a folder.
pub fn run(args: &InitArgs, context: &mut Context) -> Result<()> {
    let text = match &args.from {
        Some(folder) => survey(folder, &data_folder(folder, args.out.as_deref())).map_err(Error::Usage)?,
        None => TEMPLATE.to_owned(),
    };
    let Some(path) = &args.out else {
        return context.results.write_all(text.as_bytes()).map_err(|source| Error::File {
            path: "standard output".into(),
            source,
            remedy: "check where standard output goes",
            writing: true,
        });
    };
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| Error::File {
            path: path.clone(),
            source,
            remedy: "name a new file in a folder that exists",
            writing: true,
        })?;
    context.say(&format!("{}: written; edit it, then: cohort check {}", path.display(), path.display()));
    Ok(())
}

/// The folder as the study file names it: as given where both stand in the same place, whole otherwise.
fn data_folder(folder: &Path, out: Option<&Path>) -> String {
    let beside = out.and_then(Path::parent).is_none_or(|parent| parent.as_os_str().is_empty());
    let whole = || std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let named = if beside { folder.to_owned() } else { whole() };
    named.to_string_lossy().into_owned()
}
