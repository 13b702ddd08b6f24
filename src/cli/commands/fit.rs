//! `cohort fit`: a whole study, or one formula on a data file.

use super::Context;
use super::check::read_study;
use super::residuals::ResidualFiles;
use crate::cli::args::{ConvergenceArg, FitArgs, FormatArg, MissingArg, NearTiesArg, TiesArg, YesNo};
use crate::cli::memory::peak_memory_bytes;
use crate::design::Missing;
use crate::engine::{Convergence, NearTies, Ties};
use crate::error::{Error, Result};
use crate::loader::{Flat, FlatOptions, encoding_named, read_flat};
use crate::pipeline::{self, InteractionRequest, ModelSettings, Outputs, Stopwatch};
use crate::report::folder::{Existing, Manifest, OutputFolder};
use crate::report::number::NumberStyle;
use crate::report::render::{self, Format};
use crate::report::{Input, Report, Timings};
use crate::study::{Decimal, Study};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Fits a study or a data file.
pub fn run(args: &FitArgs, context: &mut Context) -> Result<()> {
    let is_study = args.input.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
    let sink = JsonSink::open(args)?;
    if is_study { study(args, sink, context) } else { data_file(args, sink, context) }
}

fn study(args: &FitArgs, sink: JsonSink, context: &mut Context) -> Result<()> {
    refuse_flags_of_data_files(args)?;
    let study = read_study(&args.input, args.data.as_deref())?;
    let folder = prepare(args, context)?;
    let clock = context.clock();
    let mut watch = Stopwatch::new(&clock);
    let mut files = ResidualFiles::new(folder.as_ref());
    let run = pipeline::run_study(&study, &mut context.progress, &mut files, &mut watch)?;
    let not_written = files.not_written();
    context.progress.clear();
    not_written.iter().for_each(|line| context.warn(line));
    let mut timings = timings(&watch, context);
    if let Some(folder) = folder {
        run.write_person_time(&folder.path("internal/person_time.parquet"))?;
        let profile = pipeline::disclosure_profile(&study);
        let formats = formats(&study);
        let lines = folder.write_report(&run.report, profile.as_ref(), &formats)?;
        timings.total_seconds = Some(clock());
        let manifest = Manifest {
            study_file: Some(study_file(&study)),
            disclosure_profile: profile.as_ref().map(|p| p.name.clone()),
            ..manifest(&run.report, timings, context)
        };
        let path = commit(folder, &manifest, context)?;
        lines.iter().for_each(|line| context.say(line));
        context.say(&format!("results: {}", path.display()));
    }
    show(args, &run.report, &timings, sink, context)
}

fn data_file(args: &FitArgs, sink: JsonSink, context: &mut Context) -> Result<()> {
    let settings = settings(args)?;
    let mut options = flat_options(args)?;
    options.columns = Some(settings.columns()?.into_iter().chain(args.inference.imputation.clone()).collect());
    let folder = prepare(args, context)?;
    let clock = context.clock();
    let mut watch = Stopwatch::new(&clock);
    let files = std::iter::once(&args.input).chain(&args.inference.imputed);
    let flats = files.map(|path| read(path, &options, context)).collect::<Result<Vec<_>>>()?;
    watch.load_seconds = watch.now();
    context.progress.clear();
    let mut outputs = ResidualFiles::new(folder.as_ref());
    let report = fitted(args, flats, &settings, &mut outputs, &mut watch)?;
    let mut timings = timings(&watch, context);
    if let Some(folder) = folder {
        let formats = [Format::Text, Format::Markdown, Format::Csv, Format::Json];
        let lines = folder.write_report(&report, None, &formats)?;
        timings.total_seconds = Some(clock());
        let path = commit(folder, &manifest(&report, timings, context), context)?;
        lines.iter().for_each(|line| context.say(line));
        context.say(&format!("results: {}", path.display()));
    }
    show(args, &report, &timings, sink, context)
}

/// Reads a data file; all of its columns where one that is asked for is not there, so that the message can say which
/// one may be meant.
fn read(path: &Path, options: &FlatOptions, context: &mut Context) -> Result<Flat> {
    let shown = path.display().to_string();
    let flat = read_flat(path, &shown, options, &mut context.progress)?;
    if options.columns.iter().flatten().all(|name| flat.header.contains(name)) {
        return Ok(flat);
    }
    let all = FlatOptions { columns: None, ..options.clone() };
    Ok(read_flat(path, &shown, &all, &mut context.progress)?)
}

/// One fit, or a fit of every completed data set, pooled.
fn fitted(
    args: &FitArgs,
    mut flats: Vec<Flat>,
    settings: &ModelSettings,
    outputs: &mut dyn Outputs,
    watch: &mut Stopwatch,
) -> Result<Report> {
    match &args.inference.imputation {
        Some(column) => pipeline::fit_stacked(flats.remove(0), column, settings, watch),
        None if flats.len() > 1 => pipeline::fit_files(flats, settings, watch),
        None => pipeline::fit_flat(flats.remove(0), settings, outputs, watch),
    }
}

/// Tries the results folder before the long work begins.
fn prepare(args: &FitArgs, context: &mut Context) -> Result<Option<OutputFolder>> {
    let Some(out) = &args.out else { return Ok(None) };
    let existing = if args.overwrite { Existing::Replace } else { Existing::Refuse };
    let folder = OutputFolder::prepare(out, existing)?;
    context.interrupt.unfinished(folder.partial());
    Ok(Some(folder))
}

fn commit(folder: OutputFolder, manifest: &Manifest, context: &mut Context) -> Result<std::path::PathBuf> {
    let path = folder.commit(manifest)?;
    context.interrupt.finished();
    Ok(path)
}

fn timings(watch: &Stopwatch, context: &Context) -> Timings {
    Timings {
        load_seconds: Some(watch.load_seconds),
        design_seconds: Some(watch.design_seconds),
        fit_seconds: Some(watch.fit_seconds),
        total_seconds: Some(context.started.elapsed().as_secs_f64()),
        peak_memory_bytes: peak_memory_bytes(),
        threads: Some(rayon::current_num_threads()),
    }
}

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

fn study_file(study: &Study) -> Input {
    Input {
        extract: "study file".to_owned(),
        path: study.path.display().to_string(),
        bytes: Some(study.text.len() as u64),
        hash: Sha256::digest(study.text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect(),
        rows: None,
    }
}

fn formats(study: &Study) -> Vec<Format> {
    study.report.formats.iter().map(|f| Format::of_study(*f)).collect()
}

/// Prints what `--format` and `--json` ask for.
fn show(args: &FitArgs, report: &Report, timings: &Timings, sink: JsonSink, context: &mut Context) -> Result<()> {
    if !matches!(args.format, FormatArg::Text | FormatArg::Markdown) {
        warn(report, context);
    }
    sink.write(&render::json::with_timings(report, timings), context)?;
    let format = match args.format {
        FormatArg::None => return Ok(()),
        FormatArg::Text => Format::Text,
        FormatArg::Markdown => Format::Markdown,
        FormatArg::Csv => Format::Csv,
        FormatArg::Json => Format::Json,
    };
    let (style, width) = (&NumberStyle::ENGLISH, render::text::WIDTH);
    let text = match format {
        // The whole text stands in the results folder: the terminal gets what fits a screen.
        Format::Text if args.out.is_some() => render::summary(report, style, width),
        _ => render::render(report, format, style, width),
    };
    write_results(context, text.as_bytes())
}

/// Warnings always appear: on standard error where standard output does not carry them in words.
fn warn(report: &Report, context: &mut Context) {
    for model in &report.models {
        let of_interactions = model.interactions.iter().flat_map(|i| &i.warnings);
        for warning in model.warnings.iter().chain(of_interactions) {
            context.warn(&format!("warning: {}: {}", model.title(), warning.text()));
        }
    }
}

fn write_results(context: &mut Context, bytes: &[u8]) -> Result<()> {
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
enum JsonSink {
    Nowhere,
    Stdout,
    File(tempfile::NamedTempFile, std::path::PathBuf),
}

impl JsonSink {
    /// Opens a temporary file beside the one asked for, so that a fault of the place shows before the work.
    fn open(args: &FitArgs) -> Result<JsonSink> {
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

/// What a study file says itself cannot be said again on the command line.
fn refuse_flags_of_data_files(args: &FitArgs) -> Result<()> {
    let given = [
        ("--formula", args.formula.is_some()),
        ("--where", args.filter.is_some()),
        ("--ties", args.ties.is_some()),
        ("--weights", args.weights.is_some()),
        ("--cluster", args.cluster.is_some()),
        ("--id", args.id.is_some()),
        ("--robust", args.robust.is_some()),
        ("--ref", !args.reference.is_empty()),
        ("--levels", !args.levels.is_empty()),
        ("--interaction", !args.interaction.is_empty()),
        ("--hr-at", !args.terms.hr_at.is_empty()),
        ("--collapse", !args.terms.collapse.is_empty()),
        ("--missing", args.missing.is_some()),
        ("--level", args.level.is_some()),
        ("--iterations", args.iterations.is_some()),
        ("--tolerance", args.tolerance.is_some()),
        ("--near-ties", args.near_ties.is_some()),
        ("--convergence", args.convergence.is_some()),
        ("--init", args.init.is_some()),
        ("--delimiter", args.delimiter.is_some()),
        ("--encoding", args.encoding.is_some()),
        ("--decimal", args.decimal.is_some()),
        ("--na", !args.na.is_empty()),
    ];
    let given = given.into_iter().chain(args.inference.given());
    let given = given.chain(args.diagnostics.given()).chain(args.time.given());
    let mut given = given.chain(args.likelihood.given()).chain(args.prediction.given());
    match given.find(|(_, given)| *given) {
        Some((flag, _)) => Err(Error::Usage(format!(
            "{flag} belongs to a data file; a study file says it itself (see `cohort init` for the key)"
        ))),
        None => Ok(()),
    }
}

/// The flags as a model.
fn settings(args: &FitArgs) -> Result<ModelSettings> {
    let formula = args.formula.as_deref().ok_or_else(|| {
        Error::Usage("a data file needs --formula, such as --formula 'Surv(time, event) ~ age + sex'".to_owned())
    })?;
    if args.data.is_some() {
        return Err(Error::Usage("--data belongs to a study file".to_owned()));
    }
    let mut settings = ModelSettings::new(formula);
    settings.ties = match args.ties {
        Some(TiesArg::Breslow) => Ties::Breslow,
        Some(TiesArg::Exact) => Ties::Exact,
        Some(TiesArg::Efron) | None => Ties::Efron,
    };
    settings.weights = args.weights.clone();
    settings.cluster = args.cluster.clone();
    settings.id = args.id.clone();
    settings.robust = args.robust.map(|answer| answer == YesNo::Yes);
    settings.references = args.reference.clone();
    settings.levels = args.levels.clone();
    settings.missing = match args.missing {
        Some(MissingArg::Indicator) => Missing::Indicator,
        Some(MissingArg::Error) => Missing::Error,
        Some(MissingArg::Drop) | None => Missing::Drop,
    };
    settings.level = args.level.unwrap_or(settings.level);
    settings.max_iterations = args.iterations.unwrap_or(settings.max_iterations);
    settings.tolerance = args.tolerance.unwrap_or(settings.tolerance);
    settings.initial = args.init.clone();
    settings.near_ties = match args.near_ties {
        Some(NearTiesArg::Keep) => NearTies::Keep,
        Some(NearTiesArg::Repair) | None => NearTies::Repair,
    };
    settings.convergence = match args.convergence {
        Some(ConvergenceArg::LikeR) => Convergence::LikeR,
        Some(ConvergenceArg::Full) | None => Convergence::Full,
    };
    settings.ratios_at = args.terms.hr_at.clone();
    settings.diagnostics = args.diagnostics.settings();
    settings.correction = args.diagnostics.correction();
    if !settings.diagnostics.residuals.kinds.is_empty()
        && (args.inference.imputation.is_some() || !args.inference.imputed.is_empty())
    {
        return Err(Error::Usage("--residuals: pooled data sets have none of their own; fit one of them".to_owned()));
    }
    settings.collapse = args.terms.collapse.iter().flat_map(|list| list.0.clone()).collect();
    settings.interactions = args.interaction.iter().map(|text| interaction(text)).collect::<Result<_>>()?;
    args.inference.apply(&mut settings)?;
    args.time.apply(&mut settings)?;
    args.likelihood.apply(&mut settings);
    args.prediction.apply(&mut settings)?;
    Ok(settings)
}

/// `A:B` or `A:B@40,60`.
fn interaction(text: &str) -> Result<InteractionRequest> {
    let fault = || Error::Usage(format!("--interaction {text}: expected A:B, or A:B@40,60 for a numeric B"));
    let (names, at) = text.split_once('@').map_or((text, ""), |(names, at)| (names, at));
    let (exposure, modifier) = names.split_once(':').ok_or_else(fault)?;
    let at = at.split(',').filter(|v| !v.is_empty()).map(|v| v.trim().parse().map_err(|_| fault()));
    Ok(InteractionRequest {
        exposure: exposure.trim().to_owned(),
        modifier: modifier.trim().to_owned(),
        at: at.collect::<Result<_>>()?,
    })
}

fn flat_options(args: &FitArgs) -> Result<FlatOptions> {
    let mut options = FlatOptions { condition: args.filter.clone(), ..FlatOptions::default() };
    if let Some(text) = &args.delimiter {
        options.delimiter = Some(delimiter(text)?);
    }
    if let Some(name) = &args.encoding {
        let unknown = || format!("--encoding {name}: not known; use utf-8, latin-1, windows-1252 or utf-16");
        options.encoding = Some(encoding_named(name).ok_or_else(|| Error::Usage(unknown()))?);
    }
    if let Some(mark) = args.decimal {
        options.decimal = Some(match mark {
            '.' => Decimal::Point,
            ',' => Decimal::Comma,
            _ => return Err(Error::Usage("--decimal: a point or a comma".to_owned())),
        });
    }
    options.missing.extend(args.na.iter().cloned());
    Ok(options)
}

fn delimiter(text: &str) -> Result<u8> {
    match text.as_bytes() {
        [one] => Ok(*one),
        b"\\t" => Ok(b'\t'),
        _ => Err(Error::Usage("--delimiter: one character, or \\t for a tab".to_owned())),
    }
}
