//! `cohort reproduce`: printed numbers against a run, or against each other.

use super::Context;
use super::output::{commit, timings, write_results};
use super::reproduce_runs::StoredRuns;
use crate::cli::args::{ReproduceArgs, VerdictFormat};
use crate::error::{Error, Result};
use crate::pipeline::Stopwatch;
use crate::report::folder::{Existing, Manifest, OutputFolder};
use crate::reproduce::{self, Outcome, Targets, render};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Gives a verdict on every number of a targets file.
pub fn run(args: &ReproduceArgs, context: &mut Context) -> Result<()> {
    let targets = read_targets(&args.targets)?;
    if !args.source_only {
        [&args.junit, &args.markdown, &args.json, &args.update].into_iter().flatten().try_for_each(not_for_export)?;
    }
    if args.source_only {
        return finish(args, &reproduce::source::examine(&targets), context);
    }
    let folder = folder(args, context)?;
    let clock = context.clock();
    let mut watch = Stopwatch::new(&clock);
    let mut runs = StoredRuns::make(&targets, args.data.as_deref(), context, &mut watch)?;
    if let Some(path) = &args.update {
        return update(&targets, &runs, path, context);
    }
    if targets.tables.is_empty() {
        return Err(Error::Usage(format!(
            "{}: no [[table]] to hold against the runs; --update FILE writes one from them",
            args.targets.display()
        )));
    }
    let start = watch.now();
    let outcome = reproduce::compare(&targets, &mut runs);
    let seconds = watch.now() - start;
    if let Some(folder) = folder {
        write_folder(folder, &outcome, &runs, (args, &watch, seconds), context)?;
    }
    finish(args, &outcome, context)
}

/// Verdicts hold the numbers of a run before disclosure control: they do not belong in what may leave.
fn not_for_export(path: &PathBuf) -> Result<()> {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let is_export = |folder: &Path| {
        folder.file_name().is_some_and(|name| name == "export")
            && folder.parent().is_some_and(|results| results.join("manifest.json").is_file())
    };
    if !full.ancestors().skip(1).any(is_export) {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{}: verdicts show numbers before disclosure control and do not belong in export/; write them elsewhere, or hold the \
         targets against export/results.json and copy what that gives",
        path.display()
    )))
}

/// Prints the verdicts, writes the files that were asked for, and says whether all is as it should be.
fn finish(args: &ReproduceArgs, outcome: &Outcome, context: &mut Context) -> Result<()> {
    write_files(args, outcome)?;
    let text = match args.format {
        VerdictFormat::None => String::new(),
        VerdictFormat::Text => render::text(outcome),
        VerdictFormat::Markdown => render::markdown(outcome),
        VerdictFormat::Json => render::json(outcome),
    };
    write_results(context, text.as_bytes())?;
    if outcome.passes(args.strict) {
        return Ok(());
    }
    // Text and Markdown end with the summary: it need not be said twice.
    let said = matches!(args.format, VerdictFormat::Text | VerdictFormat::Markdown);
    let summary = format!("{}: {}", args.targets.display(), outcome.summary());
    Err(Error::NotReproduced(if said { String::new() } else { summary }))
}

/// Tries the results folder before the long work begins.
fn folder(args: &ReproduceArgs, context: &mut Context) -> Result<Option<OutputFolder>> {
    let Some(out) = &args.out else { return Ok(None) };
    let folder = context.interrupt.begin(|| OutputFolder::prepare(out, Existing::Refuse))?;
    Ok(Some(folder))
}

/// The verdicts in every format, the results of every run, and the manifest.
fn write_folder(
    folder: OutputFolder,
    outcome: &Outcome,
    runs: &StoredRuns,
    (args, watch, seconds): (&ReproduceArgs, &Stopwatch, f64),
    context: &mut Context,
) -> Result<()> {
    let start = watch.now();
    let files = [
        ("verdicts.txt", render::text(outcome)),
        ("verdicts.md", render::markdown(outcome)),
        ("verdicts.json", render::json(outcome)),
        ("junit.xml", render::junit(outcome, args.strict)),
    ];
    for (name, text) in files {
        folder.write(&format!("internal/{name}"), text.as_bytes())?;
    }
    for (at, report) in runs.reports().enumerate() {
        let text = crate::report::render::json::results(report);
        folder.write(&format!("internal/results-{}.json", at + 1), text.as_bytes())?;
    }
    let mut timings = timings(watch, context);
    timings.report_seconds = Some(watch.now() - start);
    timings.reproduce_seconds = Some(seconds);
    let manifest = Manifest {
        command: context.command.clone(),
        inputs: runs.reports().flat_map(|report| report.inputs.clone()).collect(),
        timings,
        ..Manifest::default()
    };
    commit(folder, &manifest, &[], context)
}

/// Writes what the runs give now as a targets file.
fn update(targets: &Targets, runs: &StoredRuns, path: &Path, context: &mut Context) -> Result<()> {
    let reports: Vec<_> = runs.reports().collect();
    let (old, new) = (folder_of(&targets.path), folder_of(path));
    // Files are named relative to the targets file: beside the old one as before, elsewhere in full.
    let path_of = |file: &Path| match (old == new, file.strip_prefix(old)) {
        (true, Ok(relative)) => relative.display().to_string(),
        _ => std::path::absolute(file).unwrap_or(file.to_owned()).display().to_string(),
    };
    let (text, rows) = reproduce::update::targets_of(targets, &reports, &path_of);
    write_file(path, &text)?;
    context.say(&format!("{}: {rows} rows written", path.display()));
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Reads and checks a targets file.
pub fn read_targets(path: &Path) -> Result<Targets> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
        remedy: "name a targets file (TOML, UTF-8); examples/reproduce has one to start from",
        writing: false,
    })?;
    Ok(reproduce::read(&text, path)?)
}

/// Writes the files that were asked for, each complete or not at all.
fn write_files(args: &ReproduceArgs, outcome: &Outcome) -> Result<()> {
    let files: [(&Option<PathBuf>, &dyn Fn() -> String); 3] = [
        (&args.junit, &|| render::junit(outcome, args.strict)),
        (&args.markdown, &|| render::markdown(outcome)),
        (&args.json, &|| render::json(outcome)),
    ];
    for (path, text) in files {
        if let Some(path) = path {
            write_file(path, &text())?;
        }
    }
    Ok(())
}

/// Writes a file beside its place and gives it its name when it is complete.
fn write_file(path: &Path, text: &str) -> Result<()> {
    let fault = |source| Error::File {
        path: path.to_owned(),
        source,
        remedy: "name a file in a folder that exists and that you may write to",
        writing: true,
    };
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent).map_err(fault)?;
    file.write_all(text.as_bytes()).map_err(fault)?;
    file.persist(path).map_err(|error| fault(error.error))?;
    Ok(())
}
