//! Flags of predictions: baseline hazard, survival curves, standardised risks.

use crate::conventions::Conventions;
use crate::error::{Error, Result};
use crate::formula::Assignment;
use crate::inference::IntervalScale;
use crate::inference::standardise::Covariates;
use crate::pipeline::{CurveRequest, ModelSettings, PredictionKind, PredictionSettings, Reference, StandardiseRequest};
use crate::report::CurveQuantity;
use clap::{Args, ValueEnum};

/// What the fitted model is asked to predict.
#[derive(Debug, Args)]
#[command(next_help_heading = "Prediction (data file; a study file holds the same as keys)")]
pub struct CurveArgs {
    /// Survival curve of a person with these covariates, such as 'age=60, sex=2': every covariate, stratum and offset of the
    /// formula has a value; may be repeated. The curve is tabulated at --times, with its median. With --fine-gray it is the
    /// cumulative incidence of the event, without a median
    #[arg(long, value_name = "PATTERN")]
    pub curve: Vec<String>,

    /// Cumulative incidence of the event for a person with these covariates, with the events of --competing as they are: from the
    /// model and one of the competing events with the same formula; may be repeated. As --curve otherwise
    #[arg(long, value_name = "PATTERN", requires = "competing")]
    pub incidence: Vec<String>,

    /// Times of --curve, --incidence and --standardise, in the unit of the data
    #[arg(long, value_name = "T1,T2", value_delimiter = ',', allow_hyphen_values = true)]
    pub times: Vec<f64>,

    /// Scale on which the limits of survival, or of one minus the cumulative incidence, are symmetric [default: log]
    #[arg(long, value_enum, value_name = "SCALE")]
    pub limits: Option<LimitsArg>,

    /// Baseline cumulative hazard of every stratum, at covariates zero and at their means, in the results file and the
    /// folder; not with --fine-gray
    #[arg(long)]
    pub baseline: bool,

    /// Predictions with standard errors for every record, comma separated, written to the results folder (Parquet): linear
    /// predictor, risk, expected events, survival; not with --fine-gray
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',', requires = "out")]
    pub predict: Vec<PredictArg>,

    /// What the linear predictors of --predict compare with [default: sample]
    #[arg(long, value_enum, value_name = "WHAT", requires = "predict")]
    pub predict_reference: Option<ReferenceArg>,

    /// Directly standardised risks: the mean predicted risk at --times of all records, everyone set to one level of this
    /// factor, level by level; differences, ratios and restricted mean times against its first level; may be repeated; not
    /// with --fine-gray
    #[arg(long, value_name = "COL", requires = "times")]
    pub standardise: Vec<String>,

    /// The time from which everybody is followed for --standardise, free of the event [default: 0, or the first entry of
    /// records that have one]
    #[arg(long, value_name = "T", requires = "standardise", allow_hyphen_values = true)]
    pub from: Option<f64>,

    /// Whether intervals of --standardise count the covariates of the records as a sample of a population, or as all of it
    /// [default: sampled]
    #[arg(long, value_enum, value_name = "AS", requires = "standardise")]
    pub covariates: Option<CovariatesArg>,
}

/// Scales of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LimitsArg {
    /// S ± z se
    Plain,
    /// On the scale of the cumulative hazard, as R's default
    Log,
    /// On the scale of its logarithm: always between 0 and 1
    LogLog,
}

/// Kinds of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PredictArg {
    /// Linear predictor
    Lp,
    /// Its exponential, a hazard ratio
    Risk,
    /// Expected events over the record's interval
    Expected,
    /// exp(−expected)
    Survival,
}

/// What linear predictors compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReferenceArg {
    /// Mean covariates of all records (0 for 0/1 columns)
    Sample,
    /// Mean covariates of the record's stratum
    Strata,
    /// Covariates zero
    Zero,
}

/// What the covariates of the records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CovariatesArg {
    /// A sample: its error is part of the intervals
    Sampled,
    /// All there is: intervals are about these records
    Fixed,
}

impl PredictArg {
    fn kind(self) -> PredictionKind {
        match self {
            PredictArg::Lp => PredictionKind::LinearPredictor,
            PredictArg::Risk => PredictionKind::Risk,
            PredictArg::Expected => PredictionKind::Expected,
            PredictArg::Survival => PredictionKind::Survival,
        }
    }
}

impl CurveArgs {
    /// The flags that were given, for a study file, which says all of it itself.
    pub fn given(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("--curve", !self.curve.is_empty()),
            ("--incidence", !self.incidence.is_empty()),
            ("--times", !self.times.is_empty()),
            ("--limits", self.limits.is_some()),
            ("--baseline", self.baseline),
            ("--predict", !self.predict.is_empty()),
            ("--predict-reference", self.predict_reference.is_some()),
            ("--standardise", !self.standardise.is_empty()),
            ("--from", self.from.is_some()),
            ("--covariates", self.covariates.is_some()),
        ]
    }

    /// Adds what the flags ask for to the settings of a model.
    pub fn apply(&self, settings: &mut ModelSettings, like: Option<Conventions>) -> Result<()> {
        let no_curve = self.curve.is_empty() && self.incidence.is_empty();
        if !self.times.is_empty() && no_curve && self.standardise.is_empty() {
            return Err(Error::Usage("--times belongs to --curve, --incidence or --standardise".to_owned()));
        }
        if self.limits.is_some() && no_curve {
            return Err(Error::Usage("--limits belongs to --curve or --incidence".to_owned()));
        }
        if self.times.iter().any(|t| !t.is_finite()) {
            return Err(Error::Usage("--times: expected numbers, such as 180,365,730".to_owned()));
        }
        let mut times = self.times.clone();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let survival = self.curve.iter().map(|text| ("--curve", text, CurveQuantity::Survival));
        let incidence = self.incidence.iter().map(|text| ("--incidence", text, CurveQuantity::CumulativeIncidence));
        let curves = survival
            .chain(incidence)
            .map(|(flag, text, of)| Ok(CurveRequest { quantity: of, ..self.one_curve(flag, text, &times, like)? }));
        settings.predictions = PredictionSettings {
            baseline: self.baseline,
            curves: curves.collect::<Result<_>>()?,
            records: self.predict.iter().map(|kind| kind.kind()).collect(),
            reference: match self.predict_reference {
                Some(ReferenceArg::Strata) => Reference::Strata,
                Some(ReferenceArg::Zero) => Reference::Zero,
                Some(ReferenceArg::Sample) | None => Reference::Sample,
            },
            standardised: self.standardise.iter().map(|exposure| self.one_exposure(exposure, &times)).collect(),
        };
        Ok(())
    }

    fn one_curve(&self, flag: &str, text: &str, times: &[f64], like: Option<Conventions>) -> Result<CurveRequest> {
        let pattern =
            Assignment::pattern(text).map_err(|error| Error::Comparison { origin: flag.to_owned(), error })?;
        Ok(CurveRequest {
            label: String::new(),
            at: pattern.into_iter().map(|a| (a.column, a.value)).collect(),
            times: times.to_vec(),
            limits: match self.limits {
                Some(LimitsArg::Plain) => IntervalScale::Plain,
                Some(LimitsArg::LogLog) => IntervalScale::LogLog,
                Some(LimitsArg::Log) => IntervalScale::Log,
                None if like.is_some_and(Conventions::has_log_log_model_curves) => IntervalScale::LogLog,
                None => IntervalScale::Log,
            },
            quantity: CurveQuantity::Survival,
        })
    }

    fn one_exposure(&self, exposure: &str, times: &[f64]) -> StandardiseRequest {
        StandardiseRequest {
            exposure: exposure.to_owned(),
            times: times.to_vec(),
            from: self.from,
            covariates: match self.covariates {
                Some(CovariatesArg::Fixed) => Covariates::Fixed,
                Some(CovariatesArg::Sampled) | None => Covariates::Sampled,
            },
        }
    }
}
