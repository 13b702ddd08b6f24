//! A study file to its report: load, count, fit every model and interaction analysis.

use super::Stopwatch;
use super::codes;
use super::competing::{CompetingModel, CompetingSettings};
use super::curves::{CurveRequest, PredictionSettings};
use super::declared_order;
use super::describe::descriptions;
use super::diagnostics::DiagnosticSettings;
use super::entry_rules;
use super::exits::{self, EXIT_REASON};
use super::functional_form::FormSettings;
use super::levels;
use super::linkage;
use super::outputs::Outputs;
use super::predictions::{PredictionKind, Reference};
use super::residuals::{ResidualKind, ResidualSettings};
use super::settings::{
    BiasCorrection, ContrastRequest, InteractionRequest, IntervalMethod, ModelSettings, RatiosAtRequest,
};
use super::standardise::StandardiseRequest;
use super::study_models;
use super::table_one;
use crate::conventions::Conventions;
use crate::engine::{CensoringTies, ClusterCorrection, Convergence, Ties, TimeTransform};
use crate::error::Result;
use crate::inference::bootstrap::Plan;
use crate::inference::multiplicity::Adjustment;
use crate::loader::{self, FileRead, Loaded, Progress};
use crate::report::disclosure::Profile;
use crate::report::{self, CurveQuantity, Report};
use crate::study::{self, AtEntry, Describe, EntryDay, EventBetween, SameDay, Study, TimeScale};
use crate::table::{ColumnData, Table};
use std::path::Path;

/// What a study gave: its report, and the person-time it rests on.
pub struct StudyRun {
    /// The report, before disclosure control.
    pub report: Report,
    /// One row per person-time record.
    pub person_time: Table,
    /// Whether it was made from the extracts or taken from an earlier run.
    pub build: loader::Build,
}

impl StudyRun {
    /// Writes the person-time records as Parquet.
    pub fn write_person_time(&self, path: &Path) -> Result<()> {
        Ok(loader::write_parquet(&self.person_time, path)?)
    }
}

/// Runs a checked study: extracts to person-time, models, interaction analyses, report. What goes by person-time records
/// is handed to `outputs`.
pub fn run_study(
    study: &Study,
    progress: &mut dyn Progress,
    outputs: &mut dyn Outputs,
    watch: &mut Stopwatch,
) -> Result<StudyRun> {
    let (loaded, mut report) = load(study, progress, watch)?;
    if let Some(wanted) = &study.describe {
        report.descriptions = descriptions(study, wanted, &loaded.table)?;
        report.notes.extend(exits::notes_of_description(study, wanted, &loaded.table));
    }
    study_models::fit_all(study, &loaded.table, &mut report, progress, outputs, watch)?;
    levels::fill_cells(&mut report, &loaded.table)?;
    declared_order::of_interactions(study, &mut report);
    Ok(StudyRun { report, person_time: loaded.table, build: loaded.build })
}

/// Makes the person-time of a checked study, with everything of the report that is neither a model nor a description.
pub fn build_study(study: &Study, progress: &mut dyn Progress, watch: &mut Stopwatch) -> Result<StudyRun> {
    let (loaded, report) = load(study, progress, watch)?;
    Ok(StudyRun { report, person_time: loaded.table, build: loaded.build })
}

/// Describes a checked study: extracts to person-time, counts and rates, what `[describe]` asks for; no models. Without
/// that section the groups are the table variables, with medians and log-rank tests.
pub fn describe_study(study: &Study, progress: &mut dyn Progress, watch: &mut Stopwatch) -> Result<StudyRun> {
    let (loaded, mut report) = load(study, progress, watch)?;
    let start = watch.now();
    let wanted = study.describe.clone().unwrap_or_else(|| Describe {
        by: factors(&loaded.table, &study.report.table_variables),
        quantiles: vec![0.5],
        log_rank: true,
        ..Describe::default()
    });
    report.descriptions = descriptions(study, &wanted, &loaded.table)?;
    report.notes.extend(exits::notes_of_description(study, &wanted, &loaded.table));
    watch.fit_seconds += watch.now() - start;
    Ok(StudyRun { report, person_time: loaded.table, build: loaded.build })
}

/// Those of the columns that have levels.
fn factors(table: &Table, names: &[String]) -> Vec<String> {
    let is_factor = |name: &&String| {
        table.column(name).is_some_and(|c| matches!(&c.data, ColumnData::Factor(f) if f.levels.len() > 1))
    };
    names.iter().filter(is_factor).cloned().collect()
}

/// The person-time of a study and everything of its report that is neither a model nor a description.
fn load(study: &Study, progress: &mut dyn Progress, watch: &mut Stopwatch) -> Result<(Loaded, Report)> {
    let start = watch.now();
    let mut loaded = loader::load(study, progress)?;
    watch.load_seconds = watch.now() - start;
    let of_loader = loaded.notes.len();
    let empty: Vec<report::Note> = loaded.table.drop_empty_levels().into_iter().map(empty_level).collect();
    let of_keys = linkage::notes(&loaded);
    loaded.notes.extend(of_keys);
    let mut report = frame(study, &loaded);
    report.notes.splice(of_loader..of_loader, empty);
    levels::fill(&mut report, &loaded.table, &study.report.table_variables)?;
    report.table_one = Some(table_one::of_study(study, &loaded.table, &report.settings)?);
    declared_order::of_levels(study, &mut report);
    Ok((loaded, report))
}

fn empty_level((covariate, level): (String, String)) -> report::Note {
    let message = format!("level {level} has nobody in the cohort and is left out of tables and models");
    report::Note { source: covariate, message, empty: true, ..report::Note::default() }
}

/// The disclosure profile that the study names; `None` when it names none.
pub fn disclosure_profile(study: &Study) -> Option<Profile> {
    study.disclosure.as_ref().map(Profile::of_study)
}

/// A model of the study as settings: the person is the cluster where persons may have several records.
pub(super) fn settings(study: &Study, model: &study::Model, table: &Table) -> ModelSettings {
    let follows = |rule: fn(Conventions) -> bool| model.conventions.is_some_and(rule);
    ModelSettings {
        name: model.name.clone(),
        label: model.label.clone(),
        conventions: model.conventions,
        ties: match model.ties {
            Some(study::Ties::Efron) => Ties::Efron,
            Some(study::Ties::Breslow) => Ties::Breslow,
            Some(study::Ties::Exact) => Ties::Exact,
            None if follows(Conventions::has_breslow_ties) => Ties::Breslow,
            None => Ties::Efron,
        },
        convergence: if follows(Conventions::stops_like_r) { Convergence::LikeR } else { Convergence::Full },
        id: Some("person".to_owned()),
        bias_correction: if model.firth { BiasCorrection::Firth } else { BiasCorrection::None },
        interval: model.interval.map(|interval| match interval {
            study::Interval::Wald => IntervalMethod::Wald,
            study::Interval::Profile => IntervalMethod::Profile,
        }),
        ratios_at: model.ratios_at.iter().map(ratios_at).collect(),
        // R's rule applies where the study does not ask: robust when a person can have several events.
        robust: model.robust.then_some(true),
        bootstrap: model.bootstrap.map(|b| Plan { replicates: b.replicates, seed: b.seed }),
        adjust: model.adjust.map(|method| match method {
            study::Adjust::Holm => Adjustment::Holm,
            study::Adjust::Bonferroni => Adjustment::Bonferroni,
        }),
        level: study.report.level,
        competing: competing(model, table),
        times: model.hr_times.clone(),
        diagnostics: diagnostic_settings(model),
        correction: match model.correction {
            Some(study::Correction::Groups) => ClusterCorrection::Groups,
            Some(study::Correction::GroupsAndColumns) => ClusterCorrection::GroupsAndColumns,
            None if follows(Conventions::corrects_clusters) => ClusterCorrection::Groups,
            Some(study::Correction::None) | None => ClusterCorrection::None,
        },
        ..ModelSettings::new(&model.formula)
    }
}

fn ratios_at(asked: &study::RatiosAt) -> RatiosAtRequest {
    RatiosAtRequest { column: asked.column.clone(), values: asked.values.clone(), reference: asked.reference }
}

/// The exits that compete with the event, of those that anybody had; without any the model is one of a single event.
fn competing(model: &study::Model, table: &Table) -> Option<CompetingSettings> {
    let present = exits::present(&model.competing, table);
    let quoted = |label: &&String| format!("\"{}\"", label.replace('\\', "\\\\").replace('"', "\\\""));
    let condition = format!("{EXIT_REASON} %in% c({})", present.iter().map(quoted).collect::<Vec<_>>().join(", "));
    let kind = match model.regression {
        study::Regression::Cox => CompetingModel::CauseSpecific,
        study::Regression::FineGray => CompetingModel::FineGray,
    };
    (!present.is_empty()).then(|| CompetingSettings {
        label: model.competing.join(", "),
        censoring_group: model.censoring_group.clone(),
        ties: match model.censoring_ties {
            study::CensoringTies::EventsFirst => CensoringTies::EventsFirst,
            study::CensoringTies::Together => CensoringTies::Together,
        },
        estimated_weights: model.estimated_weights,
        ..CompetingSettings::new(&condition, kind)
    })
}

/// The comparisons of a model.
pub(super) fn contrasts(study: &Study, model: usize) -> Vec<ContrastRequest> {
    let of_model = study.contrasts.iter().filter(|c| c.model == model);
    of_model.map(|c| ContrastRequest { label: c.label.clone(), comparison: c.comparison.clone() }).collect()
}

fn diagnostic_settings(model: &study::Model) -> DiagnosticSettings {
    let transform = |t: &study::TimeTransform| match t {
        study::TimeTransform::Km => TimeTransform::KaplanMeier,
        study::TimeTransform::Rank => TimeTransform::Rank,
        study::TimeTransform::Identity => TimeTransform::Identity,
        study::TimeTransform::Log => TimeTransform::Log,
    };
    let mut transforms: Vec<TimeTransform> = model.proportional_hazards.iter().map(transform).collect();
    if model.ph_smooth && transforms.is_empty() {
        transforms.push(TimeTransform::KaplanMeier);
    }
    DiagnosticSettings {
        proportional_hazards: transforms,
        smooth: model.ph_smooth,
        functional_form: FormSettings { columns: model.functional_form.clone(), ..FormSettings::default() },
        residuals: residual_settings(model),
    }
}

fn residual_settings(model: &study::Model) -> ResidualSettings {
    let kind = |name: &String| ResidualKind::NAMED.iter().find(|(n, _)| n == name).map(|(_, kind)| *kind);
    ResidualSettings {
        kinds: model.residuals.iter().filter_map(kind).collect(),
        by: model.residuals_by_person.then(|| "person".to_owned()),
        weighted: false,
    }
}

/// The curves and standardised risks of a model.
pub(super) fn wanted_predictions(study: &Study, model: usize) -> PredictionSettings {
    let kind = |name: &String| PredictionKind::NAMED.iter().find(|(n, _)| n == name).map(|(_, kind)| *kind);
    let curves = study.curves.iter().filter(|c| c.model == model);
    let standardised = study.standardised.iter().filter(|s| s.model == model);
    PredictionSettings {
        baseline: study.models[model].baseline,
        records: study.models[model].predict.iter().filter_map(kind).collect(),
        reference: match study.models[model].reference {
            study::PredictionReference::Sample => Reference::Sample,
            study::PredictionReference::Strata => Reference::Strata,
            study::PredictionReference::Zero => Reference::Zero,
        },
        curves: curves
            .map(|c| CurveRequest {
                label: c.label.clone(),
                at: c.at.iter().map(|a| (a.column.clone(), a.value.clone())).collect(),
                times: c.times.clone(),
                limits: c.limits,
                quantity: match c.quantity {
                    study::CurveOf::Survival => CurveQuantity::Survival,
                    study::CurveOf::CumulativeIncidence => CurveQuantity::CumulativeIncidence,
                },
            })
            .collect(),
        standardised: standardised
            .map(|s| StandardiseRequest {
                exposure: s.exposure.clone(),
                times: s.times.clone(),
                from: s.from,
                covariates: s.covariates,
            })
            .collect(),
    }
}

/// The model with the product of exposure and modifier.
pub(super) fn product(base: &ModelSettings, exposure: &str, modifier: &str) -> (ModelSettings, InteractionRequest) {
    let formula = format!("{} + {exposure}:{modifier}", base.formula);
    let (contrasts, predictions) = (Vec::new(), PredictionSettings::default());
    let request = InteractionRequest { exposure: exposure.to_owned(), modifier: modifier.to_owned(), at: Vec::new() };
    (ModelSettings { formula, contrasts, predictions, ..base.clone() }, request)
}

/// What is to be said when a prediction holds fixed what changes during follow-up.
pub(super) fn note_of_fixed_values(study: &Study, number: usize, model: &study::Model) -> Option<report::Note> {
    let asked = study.curves.iter().any(|c| c.model == number) || study.standardised.iter().any(|s| s.model == number);
    let words = || model.formula.split(|c: char| !c.is_alphanumeric() && c != '_');
    let changes = |word: &&str| study.covariates.get(*word).is_some_and(|c| c.timing.changes());
    let mut changing: Vec<&str> = words().filter(changes).collect();
    changing.sort_unstable();
    changing.dedup();
    let message = format!(
        "predicted for people who keep the values of their first record: {} changes during follow-up",
        changing.join(", ")
    );
    let source = format!("model {}", model.name);
    (asked && !changing.is_empty()).then(|| report::Note { source, message, ..report::Note::default() })
}

/// Everything of the report that is not a model.
fn frame(study: &Study, loaded: &Loaded) -> Report {
    let steps = loaded.attrition.iter().enumerate();
    Report {
        study: Some(report::StudyInfo {
            name: study.name.clone(),
            title: study.title.clone(),
            note: study.note.clone().unwrap_or_default(),
            known: study.known.clone(),
            chosen: study.chosen.clone(),
        }),
        settings: report::Settings {
            level: study.report.level,
            rate_per: study.report.rate_per,
            language: study.report.language,
            style: study.report.style,
        },
        inputs: loaded.inputs.iter().map(|i| input(&i.extract, &i.file)).collect(),
        links: loaded.links.iter().map(linkage::link).collect(),
        key_clean_up: loaded.clean_up.iter().flat_map(linkage::clean_up).collect(),
        codes: loaded.codes.iter().map(codes::code_use).collect(),
        rows_in_time: loaded.rows_by_month.iter().flat_map(codes::rows_in_time).collect(),
        entry_rules: Some(entry_rules::entry_rules(study)),
        attrition: steps
            .map(|(step, line)| report::AttritionStep {
                step,
                label: line.label.clone(),
                persons: Some(line.persons),
                excluded: Some(line.excluded),
                added: line.added,
                events: line.events,
                excluded_events: line.excluded_events,
                ..report::AttritionStep::default()
            })
            .collect(),
        covariates: loaded.covariates.iter().map(covariate).collect(),
        checks: loader::checks(&loaded.table, study.cohort.matching.is_some())
            .iter()
            .chain(&loaded.events_outside)
            .map(check)
            .collect(),
        follow_up: Some(follow_up(study)),
        exits: loaded
            .exits
            .iter()
            .map(|e| report::ExitCount { reason: e.reason.clone(), persons: Some(e.persons), hidden: false })
            .collect(),
        notes: loaded.notes.iter().map(note).collect(),
        ..Report::default()
    }
}

/// A check of records or events, as the report says it.
fn check(found: &loader::Check) -> report::RecordCheck {
    report::RecordCheck {
        looked_for: found.looked_for.clone(),
        of: match found.of {
            loader::CheckOf::Records => "records".to_owned(),
            loader::CheckOf::Events => "events".to_owned(),
        },
        found: Some(found.found),
        persons: Some(found.persons),
        hidden: false,
    }
}

/// A covariate, as the report says it.
fn covariate(found: &loader::CovariateSource) -> report::Covariate {
    let level =
        |(level, label): &(String, String)| report::CovariateLevel { level: level.clone(), label: label.clone() };
    report::Covariate {
        name: found.name.clone(),
        label: found.label.clone(),
        source: found.source.clone(),
        timing: found.timing.clone(),
        levels: found.levels.iter().map(level).collect(),
        if_missing: found.if_missing.clone(),
        persons: Some(found.persons),
        missing_before: Some(found.missing_before),
        missing_after: Some(found.missing_after),
        unlisted: Some(found.unlisted),
        overridden: Some(found.overridden),
        hidden: false,
    }
}

/// A file that was read, as the report says it.
pub(super) fn input(extract: &str, file: &FileRead) -> report::Input {
    report::Input {
        extract: extract.to_owned(),
        path: file.path.clone(),
        bytes: Some(file.bytes),
        hash: file.sha256.clone(),
        rows: Some(file.rows),
    }
}

/// A note of the loader, as the report says it.
pub(super) fn note(note: &loader::Note) -> report::Note {
    report::Note {
        source: note.source.clone(),
        message: note.message.clone(),
        count: note.count,
        unit: note.unit.clone(),
        empty: false,
        hidden: false,
    }
}

fn follow_up(study: &Study) -> report::FollowUp {
    let rules = &study.follow_up;
    let scale = match &rules.scale {
        TimeScale::SinceIndex => "since_index",
        TimeScale::Age { .. } => "age",
        TimeScale::Calendar => "calendar",
    };
    let at_entry = match rules.event_at_entry {
        AtEntry::Exclude => "exclude",
        AtEntry::Error => "error",
        AtEntry::NextDay => "next_day",
        AtEntry::LaterEvent => "later_event",
    };
    let between = rules.late_entry.as_ref().map(|late| match late.event_between {
        EventBetween::Exclude => "exclude",
        EventBetween::Error => "error",
        EventBetween::LaterEvent => "later_event",
    });
    let at_exit = rules.event_at_exit.map(|same_day| match same_day {
        SameDay::EventFirst => "event_first",
        SameDay::ExitFirst => "exit_first",
    });
    let exit_first = rules.exits.iter().filter(|e| e.event_at_exit == SameDay::ExitFirst);
    report::FollowUp {
        scale: scale.to_owned(),
        entry: String::new(),
        late_entry: rules.late_entry.iter().flat_map(|late| &late.days).map(entry_day).collect(),
        event: rules.event.label().to_owned(),
        exits: rules.exits.iter().map(|e| e.label.clone()).collect(),
        maximum: rules.maximum.map(|m| m.to_string()),
        event_at_entry: Some(at_entry.to_owned()),
        event_between: between.map(str::to_owned),
        event_at_exit: at_exit.map(str::to_owned),
        exit_first: exit_first.map(|e| e.label.clone()).collect(),
    }
}

/// A day before which nobody enters, as the report says it.
fn entry_day(day: &EntryDay) -> report::EntryDay {
    let (kind, value) = match day {
        EntryDay::AfterIndex(after) => ("after_index", after.to_string()),
        EntryDay::Day(day) => ("day", day.to_string()),
        EntryDay::Date(column) => ("column", format!("{}.{}", column.extract, column.column)),
    };
    report::EntryDay { kind: kind.to_owned(), value }
}
