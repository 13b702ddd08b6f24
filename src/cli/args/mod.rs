//! What a user may type: commands, flags, help texts.

mod build;
mod curves;
mod data;
mod describe;
mod diagnostics;
mod inference;
mod likelihood;
mod output;
mod printed;
mod report;
mod reproduce;
mod terms;
mod time;

pub use build::{BuildArgs, CacheArgs};
pub use curves::CurveArgs;
pub use data::DataArgs;
pub use describe::{AdjustmentArg, DescribeArgs, EstimatorArg, IntervalArg};
pub use diagnostics::DiagnosticArgs;
pub use inference::InferenceArgs;
pub use likelihood::{CiArg, LikelihoodArgs};
pub use output::OutputArgs;
pub use printed::PrintedArgs;
pub use report::ReportArgs;
pub use reproduce::{ReproduceArgs, VerdictFormat};
pub use terms::TermArgs;
pub use time::TimeArgs;

use crate::conventions::Conventions;
use crate::report::render::Format;
use crate::simulate::DirtLevel;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Heading of the flags of one model.
const MODEL: &str = "Model (data file; a study file holds the same as keys)";

/// Cox proportional-hazards analysis of linked health-register cohorts.
#[derive(Debug, Parser)]
#[command(
    name = "cohort",
    version,
    max_term_width = 100,
    after_help = "\
Exit codes:
  0    done
  1    a fault of this program
  2    usage: an unknown flag, a missing argument
  10   the study file or formula has a fault
  11   an extract or data file has a fault
  12   no valid person-time could be made
  13   the model cannot be fitted
  14   a result cannot be written
  15   a printed number differs, or the print contradicts itself (cohort reproduce)
  130  interrupted; nothing half-written is left

Results go to standard output or to the --out folder, everything else to standard error.
Start with:  cohort fit --help"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Threads of the engine (polars reads POLARS_MAX_THREADS); the results do not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// No progress and no summary; errors and warnings still appear
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// How standard error is written: words, or one JSON object a line (time, level, message, step, counts, place, remedy)
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fit Cox models: a whole study (study.toml) or one formula on a data file (text, Parquet, Stata, SPSS, SAS)
    Fit(Box<FitArgs>),
    /// Survival, cumulative incidence, tests of groups and rates: a study (study.toml) or a data file
    Describe(Box<DescribeArgs>),
    /// Make person-time from a study's extracts, with the flow of persons and checks, without a model
    Build(BuildArgs),
    /// Render a results.json again, in any format, without the data
    Report(ReportArgs),
    /// Find every fault of a study file, its headers and code lists before any work
    Check(CheckArgs),
    /// Hold published or stored numbers against a run, or against each other: a verdict per number
    Reproduce(ReproduceArgs),
    /// Write linked synthetic register extracts with known hazard ratios
    Simulate(SimulateArgs),
    /// Write a commented study file to start from
    Init(InitArgs),
    /// Print the JSON Schema of a file that the program writes or reads
    Schema {
        /// The file
        #[arg(value_enum, value_name = "FILE")]
        of: SchemaArg,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
}

/// `cohort fit`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cohort fit study.toml --out results
      Extracts to person-time, models, interaction analyses and tables, in one folder.

  cohort fit lung.csv --formula 'Surv(time, status == 2) ~ age + factor(sex, ref = \"1\") + ph.ecog'
      One model on a data file; the formula reads as in R's coxph.

  cohort fit heart.csv --formula 'Surv(start, stop, event) ~ age + transplant' --cluster id --ties breslow
      Delayed entry, robust variance clustered by person, Breslow ties.

  cohort fit pt.parquet --formula 'Surv(time, event) ~ group * sex + strata(region)' \\
      --levels group=none,low,high --interaction group:sex --json - --format none
      A factor with its order, hazard ratios of group within each sex, results as JSON on standard output.")]
pub struct FitArgs {
    /// A study file (.toml), or a data file (.csv, .tsv, .txt, .gz, .parquet, .dta, .sav, .sas7bdat)
    #[arg(value_name = "STUDY|DATA")]
    pub input: PathBuf,

    /// Model formula in the language of R's coxph, for a data file
    #[arg(long, short, value_name = "F", help_heading = "Model (data file; a study file holds the same as keys)")]
    pub formula: Option<String>,

    /// Flags on records and on reading them.
    #[command(flatten)]
    pub records: DataArgs,

    /// How tied event times are handled
    #[arg(
        long,
        value_enum,
        value_name = "RULE",
        help_heading = "Model (data file; a study file holds the same as keys)"
    )]
    pub ties: Option<TiesArg>,

    /// Follow the conventions of another program where nothing else is said: tie rule, stopping rule, factor on a robust
    /// variance, limits of survival, names of tests [default: Efron ties, full convergence, no factor]
    #[arg(
        long,
        value_enum,
        value_name = "PROGRAM",
        help_heading = "Model (data file; a study file holds the same as keys)"
    )]
    pub like: Option<LikeArg>,

    /// Hazard ratios of A within every level of B; A:B, both in the formula; may be repeated.
    /// For a numeric B give the values: A:B@40,60
    #[arg(long, value_name = "A:B", help_heading = "Model (data file; a study file holds the same as keys)")]
    pub interaction: Vec<String>,

    /// Comparisons of covariate patterns
    #[command(flatten)]
    pub inference: InferenceArgs,
    /// Flags on terms.
    #[command(flatten)]
    pub terms: TermArgs,

    /// Diagnostics
    #[command(flatten)]
    pub diagnostics: DiagnosticArgs,

    /// Competing risks and hazard ratios along time
    #[command(flatten)]
    pub time: TimeArgs,
    /// Likelihoods other than the plain one
    #[command(flatten)]
    pub likelihood: LikelihoodArgs,
    /// What the model is asked to predict.
    #[command(flatten)]
    pub prediction: CurveArgs,

    /// Most Newton-Raphson steps [default: 20]
    #[arg(long, value_name = "N", help_heading = "Numerics")]
    pub iterations: Option<u32>,

    /// Convergence: relative change of the log partial likelihood [default: 1e-9]
    #[arg(long, value_name = "EPS", help_heading = "Numerics")]
    pub tolerance: Option<f64>,

    /// Starting coefficients, comma separated, in the order of the coefficients
    #[arg(long, value_name = "B1,B2", value_delimiter = ',', allow_hyphen_values = true, help_heading = "Numerics")]
    pub init: Option<Vec<f64>>,

    /// When to stop: full convergence, or by R's rule (its coefficients can be off by 2e-6 standard errors) [default: full]
    #[arg(long, value_enum, value_name = "RULE", help_heading = "Numerics")]
    pub convergence: Option<ConvergenceArg>,

    /// Folder of the extracts of a study file, instead of the one it names
    #[arg(long, value_name = "DIR", help_heading = "Study file")]
    pub data: Option<PathBuf>,
    /// Where person-time is kept.
    #[command(flatten)]
    pub cache: CacheArgs,

    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `cohort check`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cohort check study.toml && cohort fit study.toml --out results")]
pub struct CheckArgs {
    /// The study file
    #[arg(value_name = "STUDY")]
    pub study: PathBuf,

    /// Folder of the extracts, instead of the one the study file names
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `cohort simulate`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cohort simulate --persons 200000 --seed 1 --out delivery
  cohort fit examples/phc-opmh/study.toml --data delivery --out results

  cohort simulate --from data-fixtures/published/targets.toml --table T12 --out cohort
  cohort reproduce cohort/targets.toml
      A cohort with the numbers of a printed table, to try a pipeline on.

  cohort simulate --study study.toml --persons 5000 --out rehearsal
  cohort fit study.toml --data rehearsal --out results
      Extracts with exactly the files, columns, codes and keys that a study file declares.

  cohort simulate --study study.toml --persons 5000 --dirt worst --out rehearsal
      The same with faults of every kind that the files can hold.

The true hazard ratios and the baseline hazard stand in delivery/truth.toml. The same seed gives the same bytes.")]
pub struct SimulateArgs {
    /// Number of persons in the population register, at most 9999991; 85 % of them meet every rule of the model study
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=9_999_991), required_unless_present = "from")]
    pub persons: Option<u32>,

    /// Seed of the random numbers
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,

    /// A TOML file with the true hazard ratios and the baseline [default: built in, written to truth.toml]
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,

    /// Further claims per person for other reasons, at any time: a delivery of realistic size, in which the study finds the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub other_claims: u32,

    /// Folder to write; it must not exist yet. With --study any folder [default: where the study's paths point]; files that
    /// are there are replaced only if this command wrote them
    #[arg(long, short, value_name = "DIR", required_unless_present = "study")]
    pub out: Option<PathBuf>,

    /// A study file: write extracts with the files, formats, columns, codes and keys that it declares, on which it runs.
    /// What it does not say is assumed, and each assumption listed
    #[arg(long, value_name = "STUDY", conflicts_with_all = ["from", "truth", "other_claims"], help_heading = "For a study file")]
    pub study: Option<PathBuf>,

    /// Faults of real extracts, planted in those for a study file; planted.json says which, how many, and where the program
    /// must tell of them
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = DirtArg::None, requires = "study", help_heading = "For a study file")]
    pub dirt: DirtArg,

    /// Only these kinds of faults, separated by commas (planted.json names them)
    #[arg(long, value_name = "KINDS", value_delimiter = ',', requires = "study", help_heading = "For a study file")]
    pub dirt_kinds: Vec<String>,

    /// A printed table instead.
    #[command(flatten)]
    pub printed: PrintedArgs,
}

/// How many faults are planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DirtArg {
    /// No fault
    None,
    /// A few of each kind that the study declares what to do with: it runs, and counts them
    Some,
    /// More, and also of the kinds that must stop the study
    Worst,
}

impl DirtArg {
    /// The level.
    pub fn level(self) -> DirtLevel {
        match self {
            DirtArg::None => DirtLevel::None,
            DirtArg::Some => DirtLevel::Some,
            DirtArg::Worst => DirtLevel::Worst,
        }
    }
}

/// `cohort init`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cohort init --out study.toml")]
pub struct InitArgs {
    /// Look at the files of a delivery and write a study file for them, to finish by hand; prints no cell of data
    #[arg(long, value_name = "FOLDER")]
    pub from: Option<PathBuf>,
    /// Where to write the study file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Programs whose conventions can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LikeArg {
    /// R's coxph: Efron ties, stops when the log likelihood is flat
    R,
    /// Stata's stcox: Breslow ties, robust variance times G/(G-1), log-log limits
    Stata,
    /// SAS's PHREG: Breslow ties, robust variance without factor
    Sas,
}

impl LikeArg {
    /// The conventions.
    pub fn conventions(self) -> Conventions {
        match self {
            LikeArg::R => Conventions::R,
            LikeArg::Stata => Conventions::Stata,
            LikeArg::Sas => Conventions::Sas,
        }
    }
}

/// Tie rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TiesArg {
    /// Efron's approximation, the default
    Efron,
    /// Breslow's approximation
    Breslow,
    /// The exact (discrete, conditional logistic) partial likelihood; for few ties or small risk sets
    Exact,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    /// Yes
    Yes,
    /// No
    No,
}

/// Missing-value rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MissingArg {
    /// Leave the record out, and count it (complete case)
    Drop,
    /// Make "missing" a level of a factor; other missing values drop the record
    Indicator,
    /// Stop with an error that counts them
    Error,
}

/// Near-tie rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NearTiesArg {
    /// Times that differ by less than rounding are one time
    Repair,
    /// Times are compared bit by bit
    Keep,
}

/// Stopping rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConvergenceArg {
    /// Until a Newton step no longer changes the coefficients
    Full,
    /// When the log partial likelihood changes by less than --tolerance, as coxph does
    LikeR,
}

/// How standard error is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Words for people
    Text,
    /// One JSON object a line, for programs
    Json,
}

/// Files with a published schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaArg {
    /// results.json
    Results,
    /// A study file
    Study,
    /// A targets file
    Targets,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// Nothing
    None,
    /// Aligned text
    Text,
    /// Markdown tables
    Markdown,
    /// One page, readable offline
    Html,
    /// A Word document
    Docx,
    /// A workbook, numbers as numbers
    Xlsx,
    /// A LaTeX document
    Latex,
    /// Comma-separated values with broom's column names
    Csv,
    /// The results file
    Json,
}

impl FormatArg {
    /// The format; `None` where nothing is wanted.
    pub fn format(self) -> Option<Format> {
        match self {
            FormatArg::None => None,
            FormatArg::Text => Some(Format::Text),
            FormatArg::Markdown => Some(Format::Markdown),
            FormatArg::Html => Some(Format::Html),
            FormatArg::Docx => Some(Format::Docx),
            FormatArg::Xlsx => Some(Format::Xlsx),
            FormatArg::Latex => Some(Format::Latex),
            FormatArg::Csv => Some(Format::Csv),
            FormatArg::Json => Some(Format::Json),
        }
    }
}

fn parse_assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected VAR=LEVEL".to_owned()),
    }
}

fn parse_levels(text: &str) -> Result<(String, Vec<String>), String> {
    let (name, levels) = parse_assignment(text).map_err(|_| "expected VAR=a,b,c".to_owned())?;
    Ok((name, levels.split(',').map(str::to_owned).collect()))
}

fn parse_level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err("expected a number between 0 and 1, such as 0.95".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_level_keeps_its_equals_signs_and_blanks() {
        assert_eq!(parse_assignment("g=a = b"), Ok(("g".to_owned(), "a = b".to_owned())));
        assert_eq!(parse_levels("g=a,b"), Ok(("g".to_owned(), vec!["a".to_owned(), "b".to_owned()])));
    }
}
