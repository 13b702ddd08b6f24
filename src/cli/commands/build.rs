//! `cohort build`: a study's extracts to person-time, without a model.

use super::Context;
use super::check::read_study;
use super::output::{say_build, write_results};
use crate::cli::args::BuildArgs;
use crate::error::{Error, Result};
use crate::loader::error::counted;
use crate::loader::{write_csv, write_parquet, write_stata};
use crate::pipeline::{self, Stopwatch, StudyRun};
use crate::report::render::{self, Format};
use std::path::{Path, PathBuf};

/// Writes person-time, and beside it how it came about.
pub fn run(args: &BuildArgs, context: &mut Context) -> Result<()> {
    let write = writer(&args.out)?;
    let mut study = read_study(&args.study, args.data.as_deref())?;
    args.cache.apply(&mut study);
    let targets = [args.out.clone(), beside(&args.out, "build.json"), beside(&args.out, "build.txt")];
    if let Some(path) = targets.iter().find(|path| path.exists() && !args.overwrite) {
        return Err(Error::Usage(format!(
            "{}: exists already; name another file, or replace it with --overwrite",
            path.display()
        )));
    }
    // The place is tried before the long work begins.
    let files = targets.each_ref().map(|path| temporary(path));
    let [table, json, text] = files;
    let (table, mut json, mut text) = (table?, json?, text?);
    let clock = context.clock();
    let mut watch = Stopwatch::new(&clock);
    let run = pipeline::build_study(&study, &mut context.progress, &mut watch)?;
    context.progress.clear();
    write(&run, table.path())?;
    let shown = |width| render::render(&run.report, Format::Text, &run.report.number_style(), width);
    let document = shown(render::text::WIDTH);
    let results = render::json::results(&run.report);
    let pieces = [(&mut json, &targets[1], &results), (&mut text, &targets[2], &document)];
    for (file, path, content) in pieces {
        std::io::Write::write_all(file, content.as_bytes()).map_err(|source| fault(path, source))?;
    }
    for (file, path) in [table, json, text].into_iter().zip(&targets) {
        file.persist(path).map_err(|error| fault(path, error.error))?;
    }
    say_build(&run.build, context);
    if !context.quiet {
        let on_terminal = (context.width() != render::text::WIDTH).then(|| shown(context.width()));
        write_results(context, on_terminal.unwrap_or(document).as_bytes())?;
    }
    let records = counted(run.person_time.n_rows() as u64, "record");
    context.say(&format!("{}: {records}; person data, for work on this server", args.out.display()));
    context.say(&format!("{}, {}: flow of persons, checks and notes", targets[1].display(), targets[2].display()));
    Ok(())
}

/// How the table is written, by the end of the file's name.
fn writer(path: &Path) -> Result<fn(&StudyRun, &Path) -> Result<()>> {
    let end = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    match end.as_deref() {
        Some("parquet") => Ok(|run, path| Ok(write_parquet(&run.person_time, path)?)),
        Some("csv") => Ok(|run, path| Ok(write_csv(&run.person_time, path)?)),
        Some("dta") => Ok(|run, path| Ok(write_stata(&run.person_time, path)?)),
        _ => Err(Error::Usage(format!("--out {}: the name ends in .parquet, .csv or .dta", path.display()))),
    }
}

/// `pt.parquet` and `build.json` as `pt.build.json`.
fn beside(path: &Path, end: &str) -> PathBuf {
    path.with_extension(end)
}

/// A file for the user alone in the folder of `path`.
fn temporary(path: &Path) -> Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The error of the crate names the temporary file, which nobody knows.
    tempfile::NamedTempFile::new_in(folder).map_err(|source| fault(path, source.kind().into()))
}

fn fault(path: &Path, source: std::io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
        remedy: "name a file in a folder that exists and that you may write to",
        writing: true,
    }
}
