//! Flags of `cohort describe`.

use super::output::named;
use super::{DataArgs, LikeArg, OutputArgs};
use crate::error::{Error, Result};
use crate::pipeline::{TableOneSettings, TableOneStyle};
use crate::study::{Differences, Numbers};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Head of the flags on survival.
const SURVIVAL: &str = "Survival (data file; a study file holds the same as keys)";
/// Head of the flags on tests.
const TESTS: &str = "Tests of groups (data file; a study file holds the same as keys)";
/// Head of the flags on rates.
const RATES: &str = "Rates (data file; a study file holds the same as keys)";
/// Head of the flags on Table 1.
const TABLE_ONE: &str = "Table 1 (data file; a study file holds the same as keys)";

/// `cohort describe`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cohort describe lung.csv --formula 'Surv(time, status == 2) ~ sex' --times 180,365 --log-rank
      Kaplan-Meier by sex: median, survival after 180 and 365 days, the log-rank test.

  cohort describe lung.csv -f 'Surv(time, status == 2) ~ ph.ecog + strata(inst)' --log-rank --pairwise holm
      The log-rank test within institutions, and every pair of groups with P values after Holm.

  cohort describe mgus2.csv -f 'Surv(etime) ~ sex' --competing event --censored censor --times 60,120
      Cumulative incidence of every kind of event, Gray's test.

  cohort describe lung.csv -f 'Surv(time, status == 2) ~ sex' --rates --time-scale 365.25 --per 100
      Events, person-years, rates per 100 person-years with exact limits, rate ratios.

  cohort describe deaths.csv -f 'Surv(entry, exit, death) ~ group' --rates --time-scale 365.25 \\
      --bands age=0,40,50,60,70,80,120 --reference-rates national.csv --reference-per 100000
      Observed against expected deaths (SMR) at the rates of national.csv, which has the columns sex, age and rate: age is the
      lower end of a band, and people move through the bands as they get older.

  cohort describe lung.csv -f 'Surv(time, status == 2) ~ 1' --table-one age,ph.ecog --levels ph.ecog=0,1,2,3 \\
      --table-one-by sex
      Table 1: age and performance status by sex, with standardised differences.

  cohort describe study.toml --out results
      What the study file asks for under [describe].")]
pub struct DescribeArgs {
    /// A study file (.toml), or a data file (.csv, .tsv, .txt, .gz, .parquet, .dta, .sav, .sas7bdat)
    #[arg(value_name = "STUDY|DATA")]
    pub input: PathBuf,

    /// Times and event on the left, groups on the right: 'Surv(time, event) ~ sex'; '~ 1' is all records together.
    /// strata(x) stratifies the tests
    #[arg(long, short, value_name = "F", help_heading = SURVIVAL)]
    pub formula: Option<String>,

    /// Survival and cumulative incidence at these times
    #[arg(long, value_name = "T1,T2", value_delimiter = ',', help_heading = SURVIVAL)]
    pub times: Vec<f64>,

    /// Times by which these shares have had the event; 0.5 is the median [default: 0.5]
    #[arg(long, value_name = "P1,P2", value_delimiter = ',', help_heading = SURVIVAL)]
    pub quantiles: Vec<f64>,

    /// Mean time without event up to this horizon
    #[arg(long, value_name = "T", help_heading = SURVIVAL)]
    pub restricted_mean: Option<f64>,

    /// How survival is estimated [default: kaplan-meier]
    #[arg(long, value_enum, value_name = "ESTIMATE", help_heading = SURVIVAL)]
    pub estimator: Option<EstimatorArg>,

    /// Follow the conventions of another program where nothing else is said: r (log limits of survival), stata or sas
    /// (log-log limits)
    #[arg(long, value_enum, value_name = "PROGRAM", help_heading = SURVIVAL)]
    pub like: Option<LikeArg>,

    /// The scale on which the limits of probabilities are symmetric [default: log, as R's survfit]
    #[arg(long, value_enum, value_name = "SCALE", help_heading = SURVIVAL)]
    pub interval: Option<IntervalArg>,

    /// Keep the whole curves, a row for every time at which a record ends (results.json, tables/curves.csv)
    #[arg(long, help_heading = SURVIVAL)]
    pub curves: bool,

    /// Column of kinds of events: cumulative incidence of each where the others compete, and Gray's test.
    /// With 'Surv(time) ~ ...' an event of any kind ends the survival curve. Or a condition, as in cohort fit: which records
    /// end in an event that competes with that of the formula
    #[arg(long, value_name = "COL|CONDITION", help_heading = SURVIVAL)]
    pub competing: Option<String>,

    /// Value of --competing that means censored; may be repeated [default: its first level]
    #[arg(long, value_name = "VALUE", requires = "competing", help_heading = SURVIVAL)]
    pub censored: Vec<String>,

    /// The log-rank test
    #[arg(long, help_heading = TESTS)]
    pub log_rank: bool,

    /// A further test with other weights; may be repeated: peto-peto, gehan, tarone-ware, modified-peto, rho=R (R's
    /// survdiff), fleming-harrington=P:Q
    #[arg(long, value_name = "NAME", help_heading = TESTS)]
    pub test: Vec<String>,

    /// Every pair of groups as well, P values adjusted for their number [default where no rule is named: holm]
    #[arg(long, value_enum, value_name = "RULE", num_args = 0..=1, default_missing_value = "holm", help_heading = TESTS)]
    pub pairwise: Option<AdjustmentArg>,

    /// Events, person-time and rates with exact limits, rate ratios against the first group
    #[arg(long, help_heading = RATES)]
    pub rates: bool,

    /// Rates are per this many units of person-time [default: 1000]
    #[arg(long, value_name = "N", help_heading = RATES)]
    pub per: Option<f64>,

    /// Person-time is the times divided by this: 365.25 makes years of days [default: 1]
    #[arg(long, value_name = "N", help_heading = RATES)]
    pub time_scale: Option<f64>,

    /// A column with the value at entry of a scale that runs along, such as age in years, and the breaks of its bands:
    /// age=0,40,60,120. A band goes by its lower break in files of rates and weights
    #[arg(long, value_name = "COL=B1,B2", value_parser = super::parse_levels, help_heading = RATES)]
    pub bands: Option<(String, Vec<String>)>,

    /// Directly standardised rates over the combinations of these columns
    #[arg(long, value_name = "COL1,COL2", value_delimiter = ',', help_heading = RATES)]
    pub standardise: Vec<String>,

    /// Their standard: `all` groups together, one group by its level, or a file with these columns and `weight`
    /// [default: all]
    #[arg(long, value_name = "all|LEVEL|FILE", requires = "standardise", help_heading = RATES)]
    pub standard: Option<String>,

    /// Observed against expected events (SIR, SMR): a file with a column `rate` and the columns that make its strata
    #[arg(long, value_name = "FILE", help_heading = RATES)]
    pub reference_rates: Option<PathBuf>,

    /// The reference rates are per this many units of person-time [default: 1]
    #[arg(long, value_name = "N", requires = "reference_rates", help_heading = RATES)]
    pub reference_per: Option<f64>,

    /// Table 1: these characteristics of persons at their first record; without a value those of the formula
    #[arg(long, value_name = "COL1,COL2", value_delimiter = ',', num_args = 0.., help_heading = TABLE_ONE)]
    pub table_one: Option<Vec<String>>,

    /// Table 1 by the levels of this column, with standardised differences
    #[arg(long, value_name = "COL", help_heading = TABLE_ONE)]
    pub table_one_by: Option<String>,

    /// Numbers of Table 1: mean (SD), median (quartiles) or both [default: both]
    #[arg(long, value_name = "mean|median|both", value_parser = named(&Numbers::NAMED), help_heading = TABLE_ONE)]
    pub table_one_numbers: Option<Numbers>,

    /// Standardised differences of Table 1: the largest of all pairs of groups, every group against the first
    /// (reference), or none [default: pairs]
    #[arg(long, value_name = "pairs|reference|none", value_parser = named(&Differences::NAMED), help_heading = TABLE_ONE)]
    pub table_one_differences: Option<Differences>,

    /// Flags on records and on reading them.
    #[command(flatten)]
    pub records: DataArgs,

    /// Folder of the extracts of a study file, instead of the one it names
    #[arg(long, value_name = "DIR", help_heading = "Study file")]
    pub data: Option<PathBuf>,
    /// Where person-time is kept.
    #[command(flatten)]
    pub cache: super::CacheArgs,

    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Estimates of survival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EstimatorArg {
    /// The product-limit estimate, Greenwood's variance
    KaplanMeier,
    /// exp(−H) of the Nelson-Aalen cumulative hazard
    NelsonAalen,
    /// exp(−H), tied events one after another
    FlemingHarrington,
}

/// Scales of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IntervalArg {
    /// ln S
    Log,
    /// ln(−ln S)
    LogLog,
    /// S itself
    Plain,
    /// ln(S/(1 − S))
    Logit,
    /// arcsin √S
    Arcsine,
}

/// Adjustments for the number of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AdjustmentArg {
    /// Holm's step-down rule
    Holm,
    /// Bonferroni's rule
    Bonferroni,
    /// The false discovery rate
    BenjaminiHochberg,
    /// None
    None,
}

impl DescribeArgs {
    /// The flags of data files that were given, for a study file, which says all of it itself.
    pub fn given(&self) -> Vec<(&'static str, bool)> {
        let mut given = vec![
            ("--formula", self.formula.is_some()),
            ("--times", !self.times.is_empty()),
            ("--quantiles", !self.quantiles.is_empty()),
            ("--restricted-mean", self.restricted_mean.is_some()),
            ("--estimator", self.estimator.is_some()),
            ("--interval", self.interval.is_some()),
            ("--like", self.like.is_some()),
            ("--curves", self.curves),
            ("--competing", self.competing.is_some()),
            ("--log-rank", self.log_rank),
            ("--test", !self.test.is_empty()),
            ("--pairwise", self.pairwise.is_some()),
            ("--rates", self.rates),
            ("--per", self.per.is_some()),
            ("--time-scale", self.time_scale.is_some()),
            ("--bands", self.bands.is_some()),
            ("--standardise", !self.standardise.is_empty()),
            ("--reference-rates", self.reference_rates.is_some()),
            ("--table-one", self.table_one.is_some()),
            ("--table-one-by", self.table_one_by.is_some()),
            ("--table-one-numbers", self.table_one_numbers.is_some()),
            ("--table-one-differences", self.table_one_differences.is_some()),
        ];
        given.extend(self.records.given());
        given
    }

    /// Table 1, when any of its flags was given.
    pub fn table_one_settings(&self) -> Option<TableOneSettings> {
        let style = TableOneStyle {
            numbers: self.table_one_numbers.unwrap_or_default(),
            differences: self.table_one_differences.unwrap_or_default(),
        };
        let asked = self.table_one.is_some() || self.table_one_by.is_some() || style != TableOneStyle::default();
        asked.then(|| TableOneSettings {
            by: self.table_one_by.clone(),
            variables: self.table_one.clone().unwrap_or_default(),
            style,
        })
    }

    /// The breaks of `--bands`. Errors: breaks that are no numbers.
    pub fn breaks(&self) -> Result<Option<(String, Vec<f64>)>> {
        let Some((column, breaks)) = &self.bands else { return Ok(None) };
        let fault = || Error::from(crate::pipeline::DescribeError::Breaks { column: column.clone() });
        let breaks: Vec<f64> = breaks.iter().map(|b| b.trim().parse().map_err(|_| fault())).collect::<Result<_>>()?;
        if breaks.len() < 2 || !breaks.is_sorted_by(|a, b| a < b) {
            return Err(fault());
        }
        Ok(Some((column.clone(), breaks)))
    }
}
