//! `cohort describe`: what the records hold before any model.

use super::Context;
use super::check::read_study;
use super::output::{JsonSink, finish_data_file, finish_study, prepare, read};
use crate::cli::args::{AdjustmentArg, DescribeArgs, EstimatorArg, IntervalArg, LikeArg};
use crate::conventions::Conventions;
use crate::describe::{HazardEstimator, LogRankWeight, SurvivalEstimator};
use crate::design::CauseColumn;
use crate::error::{Error, Result};
use crate::inference::{Adjustment, IntervalScale};
use crate::loader::{Flat, FlatOptions};
use crate::pipeline::{self, DescribeSettings, RateSettings, Standard, Stopwatch, StrataValues, Tests};
use std::path::Path;

/// Describes a study or a data file.
pub fn run(args: &DescribeArgs, context: &mut Context) -> Result<()> {
    let is_study = args.input.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
    let sink = JsonSink::open(&args.output)?;
    if is_study { study(args, sink, context) } else { data_file(args, sink, context) }
}

fn data_file(args: &DescribeArgs, sink: JsonSink, context: &mut Context) -> Result<()> {
    let mut settings = settings(args)?;
    let options = args.records.flat_options()?;
    let folder = prepare(&args.output, context)?;
    let clock = context.clock();
    let mut watch = Stopwatch::new(&clock);
    let others = other_files(args, &options, &mut settings, context)?;
    let options = FlatOptions { columns: Some(settings.columns()?), ..options };
    let flat = read(&args.input, &options, context)?;
    watch.load_seconds = watch.now();
    context.progress.clear();
    let others: Vec<(&str, &Flat)> = others.iter().map(|(role, flat)| (*role, flat)).collect();
    let mut report = pipeline::describe_flat(flat, &others, &settings, &mut watch)?;
    args.output.look.restyle(&mut report.settings);
    finish_data_file(&report, folder, &watch, (&args.output, sink), context)
}

fn study(args: &DescribeArgs, sink: JsonSink, context: &mut Context) -> Result<()> {
    if let Some((flag, _)) = args.given().into_iter().find(|(_, given)| *given) {
        return Err(Error::Usage(format!(
            "{flag} belongs to a data file; a study file says it itself (see `cohort init` for the key)"
        )));
    }
    let mut study = read_study(&args.input, args.data.as_deref())?;
    args.cache.apply(&mut study);
    let folder = prepare(&args.output, context)?;
    let clock = context.clock();
    let mut watch = Stopwatch::new(&clock);
    let mut run = pipeline::describe_study(&study, &mut context.progress, &mut watch)?;
    args.output.look.restyle(&mut run.report.settings);
    context.progress.clear();
    finish_study(&run, &study, folder, &watch, (&args.output, sink), context)
}

/// Reads the files of rates and weights, each with its role, and puts them into the settings.
fn other_files(
    args: &DescribeArgs,
    options: &FlatOptions,
    settings: &mut DescribeSettings,
    context: &mut Context,
) -> Result<Vec<(&'static str, Flat)>> {
    let mut files = Vec::new();
    let Some(rates) = &mut settings.rates else { return Ok(files) };
    let options = FlatOptions { condition: None, columns: None, ..options.clone() };
    if let Some(path) = &args.reference_rates {
        let flat = read(path, &options, context)?;
        let values = StrataValues::read(&flat.table, &path.display().to_string(), "rate")?;
        rates.reference = Some((values, args.reference_per.unwrap_or(1.0)));
        files.push(("reference rates", flat));
    }
    if let Some(text) = args.standard.as_deref().filter(|text| is_file_name(text)) {
        let flat = read(Path::new(text), &options, context)?;
        rates.standard = Standard::File(StrataValues::read(&flat.table, text, "weight")?);
        files.push(("standard population", flat));
    }
    Ok(files)
}

/// Whether `--standard` names a file rather than a group.
fn is_file_name(text: &str) -> bool {
    let extension = Path::new(text).extension().map(|e| e.to_ascii_lowercase());
    extension.is_some_and(|e| ["csv", "tsv", "tab", "txt", "parquet"].iter().any(|known| e == *known))
}

/// The flags as settings; files are read later.
fn settings(args: &DescribeArgs) -> Result<DescribeSettings> {
    let formula = args.formula.as_deref().ok_or_else(|| {
        Error::Usage("a data file needs --formula, such as --formula 'Surv(time, event) ~ sex'".to_owned())
    })?;
    if args.data.is_some() {
        return Err(Error::Usage("--data belongs to a study file".to_owned()));
    }
    if args.cache.cache.is_some() {
        return Err(Error::Usage("--cache belongs to a study file".to_owned()));
    }
    let records = &args.records;
    let defaults = DescribeSettings::new(formula);
    let (survival, hazard) = estimator(args.estimator);
    Ok(DescribeSettings {
        weights: records.weights.clone(),
        cluster: records.cluster.clone(),
        id: records.id.clone(),
        robust: records.robust(),
        references: records.reference.clone(),
        levels: records.levels.clone(),
        missing: records.missing(),
        level: records.level.unwrap_or(defaults.level),
        near_ties: records.near_ties(),
        survival,
        hazard,
        interval: interval(args.interval, args.like.map(LikeArg::conventions)),
        times: sorted(&args.times, "--times")?,
        quantiles: match args.quantiles.as_slice() {
            [] => defaults.quantiles.clone(),
            given => shares(given)?,
        },
        horizon: args.restricted_mean,
        curve: args.curves,
        curve_to_draw: args.output.draws_figures(),
        tests: tests(args)?,
        competing: args.competing.as_ref().map(|column| CauseColumn {
            column: column.clone(),
            censored: args.censored.clone(),
            events: Vec::new(),
        }),
        rates: rates(args)?,
        table_one: args.table_one_settings(),
        ..defaults
    })
}

fn sorted(values: &[f64], flag: &str) -> Result<Vec<f64>> {
    if values.iter().any(|v| !v.is_finite()) {
        return Err(Error::Usage(format!("{flag}: expected numbers")));
    }
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    Ok(values)
}

fn shares(values: &[f64]) -> Result<Vec<f64>> {
    if values.iter().any(|v| !(*v > 0.0 && *v < 1.0)) {
        return Err(Error::Usage("--quantiles: expected shares between 0 and 1, such as 0.25,0.5".to_owned()));
    }
    sorted(values, "--quantiles")
}

fn estimator(arg: Option<EstimatorArg>) -> (SurvivalEstimator, HazardEstimator) {
    match arg {
        None | Some(EstimatorArg::KaplanMeier) => (SurvivalEstimator::KaplanMeier, HazardEstimator::NelsonAalen),
        Some(EstimatorArg::NelsonAalen) => (SurvivalEstimator::Exponential, HazardEstimator::NelsonAalen),
        Some(EstimatorArg::FlemingHarrington) => (SurvivalEstimator::Exponential, HazardEstimator::FlemingHarrington),
    }
}

fn interval(arg: Option<IntervalArg>, like: Option<Conventions>) -> IntervalScale {
    match arg {
        None if like.is_some_and(Conventions::has_log_log_group_curves) => IntervalScale::LogLog,
        None | Some(IntervalArg::Log) => IntervalScale::Log,
        Some(IntervalArg::LogLog) => IntervalScale::LogLog,
        Some(IntervalArg::Plain) => IntervalScale::Plain,
        Some(IntervalArg::Logit) => IntervalScale::Logit,
        Some(IntervalArg::Arcsine) => IntervalScale::ArcSine,
    }
}

fn tests(args: &DescribeArgs) -> Result<Tests> {
    let log_rank = args.log_rank.then_some(Ok(LogRankWeight::Rho(0.0)));
    let weights = log_rank.into_iter().chain(args.test.iter().map(|name| weight(name))).collect::<Result<_>>()?;
    let pairwise = args.pairwise.map(|rule| match rule {
        AdjustmentArg::Holm => Adjustment::Holm,
        AdjustmentArg::Bonferroni => Adjustment::Bonferroni,
        AdjustmentArg::BenjaminiHochberg => Adjustment::BenjaminiHochberg,
        AdjustmentArg::None => Adjustment::None,
    });
    Ok(Tests { weights, pairwise })
}

/// A test by its name.
fn weight(name: &str) -> Result<LogRankWeight> {
    let fault = || {
        Error::Usage(format!(
            "--test {name}: expected peto-peto, gehan, tarone-ware, modified-peto, rho=R or fleming-harrington=P:Q"
        ))
    };
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| *x >= 0.0).ok_or_else(fault);
    match name.split_once('=') {
        None if name == "log-rank" => Ok(LogRankWeight::Rho(0.0)),
        None if name == "peto-peto" => Ok(LogRankWeight::PetoPeto),
        None if name == "gehan" => Ok(LogRankWeight::Gehan),
        None if name == "tarone-ware" => Ok(LogRankWeight::TaroneWare),
        None if name == "modified-peto" => Ok(LogRankWeight::ModifiedPeto),
        Some(("rho", rho)) => Ok(LogRankWeight::Rho(number(rho)?)),
        Some(("fleming-harrington", powers)) => {
            let (p, q) = powers.split_once(':').ok_or_else(fault)?;
            Ok(LogRankWeight::FlemingHarrington(number(p)?, number(q)?))
        }
        _ => Err(fault()),
    }
}

fn rates(args: &DescribeArgs) -> Result<Option<RateSettings>> {
    let bands = args.breaks()?;
    if !args.rates && args.standardise.is_empty() && args.reference_rates.is_none() {
        return match bands {
            Some(_) => Err(Error::Usage("--bands goes with --standardise or --reference-rates".to_owned())),
            None => Ok(None),
        };
    }
    let positive = |value: Option<f64>, default: f64, flag: &str| match value {
        Some(x) if !(x.is_finite() && x > 0.0) => Err(Error::Usage(format!("{flag}: expected a number above 0"))),
        value => Ok(value.unwrap_or(default)),
    };
    positive(args.reference_per, 1.0, "--reference-per")?;
    let standard = args.standard.as_deref().filter(|text| !is_file_name(text));
    Ok(Some(RateSettings {
        per: positive(args.per, 1000.0, "--per")?,
        scale: positive(args.time_scale, 1.0, "--time-scale")?,
        bands,
        standardise: args.standardise.clone(),
        standard: match standard {
            None | Some("all") => Standard::All,
            Some(group) => Standard::Group(group.to_owned()),
        },
        reference: None,
    }))
}
