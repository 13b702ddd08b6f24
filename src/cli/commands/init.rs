//! `cohort init`

use super::Context;
use crate::cli::args::InitArgs;
use crate::error::{Error, Result};
use crate::study::TEMPLATE;
use std::fs::OpenOptions;
use std::io::Write;

/// Writes a commented study file.
pub fn run(args: &InitArgs, context: &mut Context) -> Result<()> {
    let Some(path) = &args.out else {
        return context.results.write_all(TEMPLATE.as_bytes()).map_err(|source| Error::File {
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
        .and_then(|mut file| file.write_all(TEMPLATE.as_bytes()))
        .map_err(|source| Error::File {
            path: path.clone(),
            source,
            remedy: "name a new file in a folder that exists",
            writing: true,
        })?;
    context.say(&format!("{}: written; edit it, then: cohort check {}", path.display(), path.display()));
    Ok(())
}
