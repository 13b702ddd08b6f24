//! Flags of competing risks and of hazard ratios that change with time.

use crate::engine::CensoringTies;
use crate::error::{Error, Result};
use crate::formula::{Expr, ExprKind, Formula, parse::parse};
use crate::pipeline::{CompetingModel, CompetingSettings, ModelSettings};
use clap::{Args, ValueEnum};

/// Competing risks and time-varying coefficients.
#[derive(Debug, Args)]
#[command(next_help_heading = "Competing risks and time (data file; a study file holds the same as keys)")]
pub struct TimeArgs {
    /// Which records end in a competing event, as a condition of the formula language: 'cause == 2'. They are censored
    /// (cause-specific hazard) unless --fine-gray is given. Or a column of kinds of events, with --censored: then every
    /// kind but the event of the formula competes
    #[arg(long, value_name = "CONDITION|COL")]
    pub competing: Option<String>,

    /// Value of the column in --competing that means censored; may be repeated
    #[arg(long, value_name = "VALUE", requires = "competing")]
    pub censored: Vec<String>,

    /// Fine and Gray's model: records with a competing event stay in the risk set with a weight, and hazard ratios are those
    /// of the subdistribution hazard; as R's finegray() with coxph(), robust variance unless --robust no
    #[arg(long, requires = "competing")]
    pub fine_gray: bool,

    /// Column of groups with censoring distributions of their own, for --fine-gray [default: one for all]
    #[arg(long, value_name = "COL", requires = "fine_gray")]
    pub censoring_group: Option<String>,

    /// Who is at risk of being censored at a time with events, for --fine-gray [default: events-first]
    #[arg(long, value_enum, value_name = "RULE", requires = "fine_gray")]
    pub censoring_ties: Option<CensoringTiesArg>,

    /// Whether the robust variance of --fine-gray takes its weights for known or estimated [default: known]
    #[arg(long, value_enum, value_name = "RULE", requires = "fine_gray")]
    pub fine_gray_weights: Option<WeightsArg>,

    /// Times at which the hazard ratios of a covariate with tt(x, log) and the like are shown, comma separated
    /// [default: the quartiles of the event times]
    #[arg(long, value_name = "T1,T2", value_delimiter = ',')]
    pub hr_times: Vec<f64>,
}

/// Who is at risk of being censored where times are tied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CensoringTiesArg {
    /// Those with an event at the time no longer are, as in R's finegray
    EventsFirst,
    /// Those with an event at the time are too, as in cmprsk's crr
    Together,
}

/// What the robust variance makes of the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WeightsArg {
    /// Known, as in R's finegray with coxph
    Known,
    /// Estimated, as in cmprsk's crr
    Estimated,
}

impl TimeArgs {
    /// The flags that were given, for a study file, which says all of it itself.
    pub fn given(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("--competing", self.competing.is_some()),
            ("--censored", !self.censored.is_empty()),
            ("--fine-gray", self.fine_gray),
            ("--censoring-group", self.censoring_group.is_some()),
            ("--censoring-ties", self.censoring_ties.is_some()),
            ("--fine-gray-weights", self.fine_gray_weights.is_some()),
            ("--hr-times", !self.hr_times.is_empty()),
        ]
    }

    /// Adds what the flags ask for to the settings of a model.
    pub fn apply(&self, settings: &mut ModelSettings) -> Result<()> {
        if let Some(time) = self.hr_times.iter().find(|t| !t.is_finite()) {
            return Err(Error::Usage(format!("--hr-times {time}: a time is a finite number")));
        }
        settings.times = self.hr_times.clone();
        let model = if self.fine_gray { CompetingModel::FineGray } else { CompetingModel::CauseSpecific };
        let condition = self.competing.as_ref().map(|text| self.condition(text, &settings.formula)).transpose()?;
        settings.competing = condition.map(|condition| CompetingSettings {
            censoring_group: self.censoring_group.clone(),
            ties: match self.censoring_ties {
                Some(CensoringTiesArg::Together) => CensoringTies::Together,
                Some(CensoringTiesArg::EventsFirst) | None => CensoringTies::EventsFirst,
            },
            estimated_weights: self.fine_gray_weights == Some(WeightsArg::Estimated),
            ..CompetingSettings::new(&condition, model)
        });
        Ok(())
    }

    /// The condition as given, or that a column of kinds is neither censored nor the event of the formula.
    fn condition(&self, text: &str, formula: &str) -> Result<String> {
        let is_column = matches!(parse(text), Ok(Expr { kind: ExprKind::Name(_), .. }));
        match (is_column, self.censored.as_slice()) {
            (false, []) => return Ok(text.to_owned()),
            (false, _) => {
                return Err(Error::Usage(
                    "--censored belongs to a column in --competing, not to a condition".to_owned(),
                ));
            }
            (true, []) => {
                return Err(Error::Usage(format!(
                    "--competing {text}: say which value of the column means censored (--censored 0), or write a condition \
                     such as '{text} == 2'"
                )));
            }
            (true, _) => {}
        }
        let found = Formula::parse(formula).ok().and_then(|f| f.response).and_then(|r| r.event);
        let event = found.filter(|e| !matches!(e.kind, ExprKind::Name(_))).ok_or_else(|| {
            Error::Usage(format!(
                "--competing {text}: the formula says which kind is the event, as in Surv(time, {text} == 1) ~ …"
            ))
        })?;
        let value = |v: &String| if v.parse::<f64>().is_ok() { v.clone() } else { format!("\"{v}\"") };
        let kinds = self.censored.iter().map(|v| format!("!({text} == {})", value(v)));
        Ok(std::iter::once(format!("!({})", event.text())).chain(kinds).collect::<Vec<_>>().join(" & "))
    }
}
