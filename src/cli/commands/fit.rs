//! `cohort fit`: a whole study, or one formula on a data file.

use super::Context;
use super::check::read_study;
use super::output::{JsonSink, finish_data_file, finish_study, prepare, read};
use super::residuals::ResidualFiles;
use crate::cli::args::{ConvergenceArg, FitArgs, LikeArg, TiesArg};
use crate::conventions::Conventions;
use crate::engine::{Convergence, Ties};
use crate::error::{Error, Result};
use crate::loader::Flat;
use crate::pipeline::{self, InteractionRequest, ModelSettings, Outputs, Stopwatch};
use crate::report::Report;

/// Fits a study or a data file.
pub fn run(args: &FitArgs, context: &mut Context) -> Result<()> {
    let is_study = args.input.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
    let sink = JsonSink::open(&args.output)?;
    if is_study { study(args, sink, context) } else { data_file(args, sink, context) }
}

fn study(args: &FitArgs, sink: JsonSink, context: &mut Context) -> Result<()> {
    refuse_flags_of_data_files(args)?;
    let mut study = read_study(&args.input, args.data.as_deref())?;
    args.cache.apply(&mut study);
    let folder = prepare(&args.output, context)?;
    let clock = context.clock();
    let mut watch = Stopwatch::new(&clock);
    let mut files = ResidualFiles::new(folder.as_ref());
    let mut run = pipeline::run_study(&study, &mut context.progress, &mut files, &mut watch)?;
    args.output.look.restyle(&mut run.report.settings);
    let not_written = files.not_written();
    context.progress.clear();
    not_written.iter().for_each(|line| context.warn(line));
    finish_study(&run, &study, folder, &watch, (&args.output, sink), context)
}

fn data_file(args: &FitArgs, sink: JsonSink, context: &mut Context) -> Result<()> {
    let settings = settings(args)?;
    let mut options = args.records.flat_options()?;
    options.columns = Some(settings.columns()?.into_iter().chain(args.inference.imputation.clone()).collect());
    let folder = prepare(&args.output, context)?;
    let clock = context.clock();
    let mut watch = Stopwatch::new(&clock);
    let files = std::iter::once(&args.input).chain(&args.inference.imputed);
    let flats = files.map(|path| read(path, &options, context)).collect::<Result<Vec<_>>>()?;
    watch.load_seconds = watch.now();
    context.progress.clear();
    let mut outputs = ResidualFiles::new(folder.as_ref());
    let mut report = fitted(args, flats, &settings, &mut outputs, &mut watch)?;
    args.output.look.restyle(&mut report.settings);
    finish_data_file(&report, folder, &watch, (&args.output, sink), context)
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

/// What a study file says itself cannot be said again on the command line.
fn refuse_flags_of_data_files(args: &FitArgs) -> Result<()> {
    let given = [
        ("--formula", args.formula.is_some()),
        ("--ties", args.ties.is_some()),
        ("--like", args.like.is_some()),
        ("--interaction", !args.interaction.is_empty()),
        ("--hr-at", !args.terms.hr_at.is_empty()),
        ("--collapse", !args.terms.collapse.is_empty()),
        ("--iterations", args.iterations.is_some()),
        ("--tolerance", args.tolerance.is_some()),
        ("--convergence", args.convergence.is_some()),
        ("--init", args.init.is_some()),
    ];
    let given = given.into_iter().chain(args.records.given()).chain(args.inference.given());
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
    if args.cache.cache.is_some() {
        return Err(Error::Usage("--cache belongs to a study file".to_owned()));
    }
    let mut settings = ModelSettings::new(formula);
    let like = args.like.map(LikeArg::conventions);
    settings.ties = match args.ties {
        Some(TiesArg::Breslow) => Ties::Breslow,
        Some(TiesArg::Exact) => Ties::Exact,
        Some(TiesArg::Efron) => Ties::Efron,
        None if like.is_some_and(Conventions::has_breslow_ties) => Ties::Breslow,
        None => Ties::Efron,
    };
    settings.conventions = like;
    settings.weights = args.records.weights.clone();
    settings.cluster = args.records.cluster.clone();
    settings.id = args.records.id.clone();
    settings.robust = args.records.robust();
    settings.references = args.records.reference.clone();
    settings.levels = args.records.levels.clone();
    settings.missing = args.records.missing();
    settings.level = args.records.level.unwrap_or(settings.level);
    settings.max_iterations = args.iterations.unwrap_or(settings.max_iterations);
    settings.tolerance = args.tolerance.unwrap_or(settings.tolerance);
    settings.initial = args.init.clone();
    settings.near_ties = args.records.near_ties();
    settings.convergence = match args.convergence {
        Some(ConvergenceArg::LikeR) => Convergence::LikeR,
        Some(ConvergenceArg::Full) => Convergence::Full,
        None if like.is_some_and(Conventions::stops_like_r) => Convergence::LikeR,
        None => Convergence::Full,
    };
    settings.ratios_at = args.terms.hr_at.clone();
    settings.diagnostics = args.diagnostics.settings();
    settings.correction = args.diagnostics.correction(like);
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
    args.prediction.apply(&mut settings, like)?;
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
