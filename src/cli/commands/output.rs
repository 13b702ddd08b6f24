//! What every command with results does with them: the results folder, `--json`, standard output.

use super::Context;
use crate::cli::args::{FormatArg, OutputArgs};
use crate::cli::memory::peak_memory_bytes;
use crate::error::{Error, Result};
use crate::loader::{Build, Flat, FlatOptions, read_flat};
use crate::pipeline::{self, Stopwatch, StudyRun};
use crate::private::hex;
use crate::report::folder::{Existing, Manifest, OutputFolder};
use crate::report::render::{self, Format, screen};
use crate::report::{Input, Report, Timings};
use crate::study::{FigureOptions, Study};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::Path;

/// Reads a data file; all of its columns where one that is asked for is not there, so that the message can say which
/// one may be meant.
pub fn read(path: &Path, options: &FlatOptions, context: &mut Context) -> Result<Flat> {
    let shown = path.display().to_string();
    let flat = read_flat(path, &shown, options, &mut context.progress)?;
    if options.columns.iter().flatten().all(|name| flat.header.contains(name)) {
        return Ok(flat);
    }
    let all = FlatOptions { columns: None, ..options.clone() };
    Ok(read_flat(path, &shown, &all, &mut context.progress)?)
}

/// Tries the results folder before the long work begins.
pub fn prepare(args: &OutputArgs, context: &mut Context) -> Result<Option<OutputFolder>> {
    args.format.format().map_or(Ok(()), refuse_terminal)?;
    let Some(out) = &args.out else { return Ok(None) };
    let existing = if args.overwrite { Existing::Replace } else { Existing::Refuse };
    let folder = context.interrupt.begin(|| OutputFolder::prepare(out, existing))?;
    Ok(Some(folder))
}

/// Writes the folder of a study's results where one was prepared, then prints what `--format` and `--json` ask for.
pub fn finish_study(
    run: &StudyRun,
    study: &Study,
    folder: Option<OutputFolder>,
    watch: &Stopwatch,
    (args, sink): (&OutputArgs, JsonSink),
    context: &mut Context,
) -> Result<()> {
    let mut timings = timings(watch, context);
    if let Some(folder) = folder {
        run.write_person_time(&folder.path("internal/person_time.parquet"))?;
        let profile = pipeline::disclosure_profile(study);
        let folder = folder.with_figures(args.figure_options(&study.report.figures));
        let start = watch.now();
        let lines = folder.write_report(&run.report, profile.as_ref(), &formats(study))?;
        timings.report_seconds = Some(watch.now() - start);
        timings.total_seconds = Some(watch.now());
        let mut manifest = Manifest {
            study_file: Some(study_file(study)),
            disclosure_profile: profile.as_ref().map(|p| p.name.clone()),
            ..manifest(&run.report, timings, context)
        };
        manifest.options.insert("person_time".to_owned(), build_line(&run.build));
        commit(folder, &manifest, &lines, context)?;
    }
    say_build(&run.build, context);
    show(args, &run.report, &timings, sink, context)
}

/// Says where person-time came from, unless it was made from the extracts and not kept. A build that was reused is said
/// even with `--quiet`.
pub fn say_build(build: &Build, context: &mut Context) {
    match build {
        Build::New => {}
        Build::Stored { .. } => context.say(&build_line(build)),
        Build::Reused { .. } => context.warn(&build_line(build)),
    }
}

fn build_line(build: &Build) -> String {
    let gone = |removed: &usize| match removed {
        0 => String::new(),
        1 => "; the oldest build of that folder was removed".to_owned(),
        n => format!("; the {n} oldest builds of that folder were removed"),
    };
    match build {
        Build::New => "made from the extracts".to_owned(),
        Build::Stored { place, removed } => {
            format!("person-time made from the extracts and kept in {}{}", place.display(), gone(removed))
        }
        Build::Reused { place, removed } => format!(
            "person-time reused from {}: neither the extracts nor the loader part of the study file changed{}",
            place.display(),
            gone(removed)
        ),
    }
}

/// The same for a data file: all formats, nothing for export.
pub fn finish_data_file(
    report: &Report,
    folder: Option<OutputFolder>,
    watch: &Stopwatch,
    (args, sink): (&OutputArgs, JsonSink),
    context: &mut Context,
) -> Result<()> {
    let mut timings = timings(watch, context);
    if let Some(folder) = folder {
        let folder = folder.with_figures(args.figure_options(&FigureOptions::default()));
        let start = watch.now();
        let lines = folder.write_report(report, None, &Format::ALL)?;
        timings.report_seconds = Some(watch.now() - start);
        timings.total_seconds = Some(watch.now());
        commit(folder, &manifest(report, timings, context), &lines, context)?;
    }
    show(args, report, &timings, sink, context)
}

/// Gives the results folder its name, and says what is in it.
pub fn commit(folder: OutputFolder, manifest: &Manifest, lines: &[String], context: &mut Context) -> Result<()> {
    let path = folder.commit(manifest)?;
    context.interrupt.finished();
    lines.iter().for_each(|line| context.say(line));
    context.say(&format!("results: {}", path.display()));
    Ok(())
}

/// Times so far.
pub fn timings(watch: &Stopwatch, context: &Context) -> Timings {
    Timings {
        load_seconds: Some(watch.load_seconds),
        design_seconds: Some(watch.design_seconds),
        fit_seconds: Some(watch.fit_seconds),
        report_seconds: None,
        reproduce_seconds: None,
        total_seconds: Some(context.started.elapsed().as_secs_f64()),
        peak_memory_bytes: peak_memory_bytes(),
        threads: Some(rayon::current_num_threads()),
    }
}

/// The manifest of a run.
fn manifest(report: &Report, timings: Timings, context: &Context) -> Manifest {
    let options = BTreeMap::from([("level".to_owned(), report.settings.level.to_string())]);
    Manifest {
        command: context.command.clone(),
        options,
        inputs: report.inputs.clone(),
        timings,
        ..Manifest::default()
    }
}

/// The study file as an input.
fn study_file(study: &Study) -> Input {
    Input {
        extract: "study file".to_owned(),
        path: study.path.display().to_string(),
        bytes: Some(study.text.len() as u64),
        hash: hex(&Sha256::digest(study.text.as_bytes())),
        rows: None,
    }
}

/// The formats that the study asks for.
fn formats(study: &Study) -> Vec<Format> {
    study.report.formats.clone()
}

/// Prints what `--format` and `--json` ask for; beside a results folder the text is a summary, which `--quiet` leaves out.
fn show(args: &OutputArgs, report: &Report, timings: &Timings, sink: JsonSink, context: &mut Context) -> Result<()> {
    let summary = args.out.is_some() && args.format == FormatArg::Text;
    let silent = summary && context.quiet;
    if silent || !matches!(args.format, FormatArg::Text | FormatArg::Markdown) {
        warn(report, context);
    }
    sink.write(&render::json::with_timings(report, timings), context)?;
    let Some(format) = args.format.format().filter(|_| !silent) else { return Ok(()) };
    let (style, width) = (&report.number_style(), context.width());
    let bytes = match format {
        // The whole text stands in the results folder: the terminal gets what fits a screen.
        Format::Text if summary => brief(report, context).into_bytes(),
        Format::Text => render::screen(report, style, width).into_bytes(),
        _ => render::bytes(report, format, style, width),
    };
    write_results(context, &bytes)
}

/// The report in brief: in a log in full width, on a terminal as much as its screen holds.
fn brief(report: &Report, context: &mut Context) -> String {
    let style = &report.number_style();
    let Some(screen) = context.screen() else { return render::summary(report, style, context.width()) };
    let summary = screen::summary(report, style, screen);
    if !summary.has_warnings {
        warn(report, context);
    }
    summary.text
}

/// Warnings always appear: on standard error where standard output does not carry them in words.
fn warn(report: &Report, context: &mut Context) {
    for model in &report.models {
        for warning in model.all_warnings() {
            context.warn(&format!("warning: {}: {}", model.title(), warning.text()));
        }
    }
}

/// A Word document or a workbook does nothing good on a terminal.
pub fn refuse_terminal(format: Format) -> Result<()> {
    match format.is_binary() && std::io::stdout().is_terminal() {
        true => Err(Error::Usage(format!(
            "--format {}: not for a terminal; name a file or folder with --out, or redirect standard output",
            format.name()
        ))),
        false => Ok(()),
    }
}

/// Writes to standard output.
pub fn write_results(context: &mut Context, bytes: &[u8]) -> Result<()> {
    context.results.write_all(bytes).and_then(|()| context.results.flush()).or_else(|source| match source.kind() {
        // Whoever reads our output has seen enough: `cohort fit … | head`.
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Error::File {
            path: "standard output".into(),
            source,
            remedy: "check where standard output goes",
            writing: true,
        }),
    })
}

/// Where `--json` goes.
pub enum JsonSink {
    /// Not asked for.
    Nowhere,
    /// Standard output.
    Stdout,
    /// A temporary file, and the name it gets in the end.
    File(tempfile::NamedTempFile, std::path::PathBuf),
}

impl JsonSink {
    /// Opens a temporary file beside the one asked for, so that a fault of the place shows before the work.
    pub fn open(args: &OutputArgs) -> Result<JsonSink> {
        match &args.json {
            None => Ok(JsonSink::Nowhere),
            Some(path) if path == Path::new("-") => Ok(JsonSink::Stdout),
            Some(path) => {
                let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let file = tempfile::NamedTempFile::new_in(parent).map_err(|source| json_fault(path, source))?;
                Ok(JsonSink::File(file, path.clone()))
            }
        }
    }

    fn write(self, text: &str, context: &mut Context) -> Result<()> {
        match self {
            JsonSink::Nowhere => Ok(()),
            JsonSink::Stdout => write_results(context, text.as_bytes()),
            JsonSink::File(mut file, path) => {
                file.write_all(text.as_bytes()).map_err(|source| json_fault(&path, source))?;
                file.persist(&path).map_err(|fault| json_fault(&path, fault.error))?;
                Ok(())
            }
        }
    }
}

fn json_fault(path: &Path, source: std::io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
        remedy: "name a file in a folder that exists and that you may write to",
        writing: true,
    }
}
