//! Competing risks as options of a model: cause-specific (they are censored) or Fine and Gray's.

use super::settings::ModelSettings;
use crate::design::Built;
use crate::engine::{CensoringTies, Competing, CompetingRecords, FitError, Prepared};
use crate::report;

/// What a model is told of competing events.
#[derive(Debug, Clone, PartialEq)]
pub struct CompetingSettings {
    /// Which records end in one: a condition over columns, as in a formula.
    pub condition: String,
    /// What reports call these events; the condition where empty.
    pub label: String,
    /// What becomes of them.
    pub model: CompetingModel,
    /// Column of groups with censoring of their own (Fine and Gray).
    pub censoring_group: Option<String>,
    /// Who is at risk of being censored where times are tied (Fine and Gray).
    pub ties: CensoringTies,
    /// Whether the robust variance knows that the weights are estimated (Fine and Gray).
    pub estimated_weights: bool,
}

/// What becomes of records with a competing event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CompetingModel {
    /// They are censored: hazard ratios of the cause-specific hazard.
    #[default]
    CauseSpecific,
    /// They stay in the risk set with a weight: hazard ratios of the subdistribution hazard.
    FineGray,
}

impl CompetingSettings {
    /// Settings with every choice at its default, that of R's `finegray`.
    pub fn new(condition: &str, model: CompetingModel) -> CompetingSettings {
        CompetingSettings {
            condition: condition.to_owned(),
            label: String::new(),
            model,
            censoring_group: None,
            ties: CensoringTies::default(),
            estimated_weights: false,
        }
    }
}

impl ModelSettings {
    /// Whether the model is Fine and Gray's.
    pub fn is_fine_gray(&self) -> bool {
        self.competing.as_ref().is_some_and(|c| c.model == CompetingModel::FineGray)
    }
}

/// Bins, patterns and identical records of the model that was asked for; with `keep_rows` for residuals of every row.
pub(super) fn prepare(settings: &ModelSettings, built: &Built, keep_rows: bool) -> Result<Prepared, FitError> {
    let (data, design, time) = (&built.data, &built.design, &built.time);
    match fine_gray(settings, built) {
        Some(competing) => Prepared::fine_gray(data, design, time, &competing, settings.near_ties),
        None if keep_rows => Prepared::with_rows(data, design, time, settings.near_ties),
        None => Prepared::with_time(data, design, time, settings.near_ties),
    }
}

/// What a Fine-Gray model knows beside the records; `None` when the model is another.
pub(super) fn fine_gray(settings: &ModelSettings, built: &Built) -> Option<Competing> {
    let (asked, found) = settings.competing.as_ref().zip(built.competing.as_ref())?;
    (asked.model == CompetingModel::FineGray).then(|| Competing {
        event: found.event.clone(),
        group: found.group.clone(),
        person: built.person.clone(),
        ties: asked.ties,
        estimated_weights: asked.estimated_weights,
    })
}

/// The records of a Fine-Gray model, to be drawn from.
pub(super) fn records<'a>(
    settings: &ModelSettings,
    built: &'a Built,
    competing: &'a Competing,
) -> CompetingRecords<'a> {
    let (data, design, time) = (&built.data, &built.design, &built.time);
    CompetingRecords { data, design, time, competing, near_ties: settings.near_ties }
}

/// What the report says of competing events.
pub(super) fn competing(settings: &ModelSettings, built: &Built) -> Option<report::CompetingRisks> {
    let (asked, found) = settings.competing.as_ref().zip(built.competing.as_ref())?;
    let fine_gray = asked.model == CompetingModel::FineGray;
    let weights = match (fine_gray, asked.estimated_weights) {
        (false, _) => None,
        (true, false) => Some("known"),
        (true, true) => Some("estimated"),
    };
    let ties = match asked.ties {
        CensoringTies::EventsFirst => "events_first",
        CensoringTies::Together => "together",
    };
    Some(report::CompetingRisks {
        model: if fine_gray { "fine_gray" } else { "cause_specific" }.to_owned(),
        events: if asked.label.is_empty() { asked.condition.clone() } else { asked.label.clone() },
        n_events: Some(found.n_events as u64),
        censoring_group: asked.censoring_group.clone().filter(|_| fine_gray),
        censoring_ties: fine_gray.then(|| ties.to_owned()),
        weights: weights.map(str::to_owned),
        hidden: false,
    })
}
