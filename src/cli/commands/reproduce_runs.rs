//! The runs that printed numbers are held against: studies, data files and results files, and the same with one thing
//! changed.

use super::Context;
use super::check::read_study;
use super::output::read;
use crate::cli::args::DataArgs;
use crate::conventions::Conventions;
use crate::engine::{Convergence, Ties};
use crate::error::{Error, Result};
use crate::loader::FlatOptions;
use crate::pipeline::{self, BiasCorrection, InteractionRequest, IntervalMethod, ModelSettings, NoOutputs, Stopwatch};
use crate::report::{Report, ReportError, render};
use crate::reproduce::targets::{Against, AgainstKind, DataFit, TimeUnit};
use crate::reproduce::{Change, Rounding, Row, Runs, Targets};
use crate::study::{Interaction, Study};
use crate::table::Table;
use std::path::Path;

/// Exact ties are tried up to this many events: their cost grows with the number of tied events.
const MOST_EVENTS_EXACT: u64 = 500;

/// Two changes at a time, and profile-likelihood limits, are tried up to this many records: each is a fit or several.
const FEW_RECORDS: u64 = 20_000;

/// The runs of a targets file.
pub struct StoredRuns(Vec<Stored>);

struct Stored {
    report: Report,
    described: String,
    again: Again,
    changed: Vec<(Vec<Change>, Option<Report>)>,
}

/// What it takes to make a run again.
enum Again {
    Study { study: Box<Study>, person_time: Table },
    Data { table: Table, settings: Box<ModelSettings>, time_unit: Option<TimeUnit> },
    Never,
}

impl StoredRuns {
    /// Makes every run that the targets name; `data` stands in for the folder of the extracts of studies.
    pub fn make(
        targets: &Targets,
        data: Option<&Path>,
        context: &mut Context,
        watch: &mut Stopwatch,
    ) -> Result<StoredRuns> {
        let mut runs = Vec::new();
        for (at, against) in targets.against.iter().enumerate() {
            let run = match &against.kind {
                AgainstKind::Study(path, own) => {
                    let asked = analyses(targets, at);
                    study(path, data.or(own.as_deref()), &asked, context, watch)?
                }
                AgainstKind::Data(fit) => data_file(fit, against, (targets, at), context, watch)?,
                AgainstKind::Results(path) => results(path)?,
            };
            runs.push(run);
        }
        context.progress.clear();
        Ok(StoredRuns(runs))
    }

    /// The reports, in the order of the targets file.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.0.iter().map(|run| &run.report)
    }
}

/// The variables whose levels have printed counts or rates.
fn counted(targets: &Targets, run: usize) -> Vec<String> {
    let rows = targets.tables.iter().flat_map(|t| &t.rows).filter(|row| row.place.against == Some(run));
    let mut names: Vec<String> = rows.filter_map(|r| r.place.level.as_ref().and(r.place.variable.clone())).collect();
    names.sort();
    names.dedup();
    names
}

/// The confidence level of the tables that are held against a run, where they have one level.
fn level(targets: &Targets, run: usize) -> Option<f64> {
    let of_run = targets.tables.iter().filter(|t| t.rows.iter().any(|row| row.place.against == Some(run)));
    let mut levels: Vec<f64> = of_run.map(|table| table.level).collect();
    levels.dedup();
    match levels.as_slice() {
        [level] => Some(*level),
        _ => None,
    }
}

/// The interaction analyses that rows ask for: model, exposure, modifier.
fn analyses(targets: &Targets, run: usize) -> Vec<(String, String, String)> {
    let rows = targets.tables.iter().flat_map(|t| &t.rows).filter(|row| row.place.against == Some(run));
    let of_row = |row: &Row| {
        let place = &row.place;
        Some((place.model.clone(), place.variable.clone()?, place.modifier.clone()?))
    };
    let mut asked: Vec<(String, String, String)> = rows.filter_map(of_row).collect();
    asked.sort();
    asked.dedup();
    asked
}

/// Adds the analyses that the targets ask for and the study has not; what was added, in words.
fn add_analyses(study: &mut Study, asked: &[(String, String, String)]) -> Vec<String> {
    let mut added = Vec::new();
    for (model, exposure, modifier) in asked {
        let is = |m: &crate::study::Model| m.name == *model || m.label == *model || study.models.len() == 1;
        let Some(at) = study.models.iter().position(is) else { continue };
        let known = [exposure, modifier].iter().all(|name| study.covariates.contains_key(*name));
        let has = study
            .interactions
            .iter()
            .any(|i| i.model == at && i.exposure == *exposure && i.modifiers.contains(modifier));
        if known && !has {
            study.interactions.push(Interaction {
                span: 0..0,
                exposure: exposure.clone(),
                modifiers: vec![modifier.clone()],
                model: at,
            });
            added.push(format!("{exposure} within {modifier}"));
        }
    }
    added
}

fn study(
    path: &Path,
    data: Option<&Path>,
    asked: &[(String, String, String)],
    context: &mut Context,
    watch: &mut Stopwatch,
) -> Result<Stored> {
    let mut study = read_study(path, data)?;
    let added = add_analyses(&mut study, asked);
    let run = pipeline::run_study(&study, &mut context.progress, &mut NoOutputs, watch)?;
    let profile = if study.disclosure.is_some() { ", before disclosure control" } else { "" };
    let more = if added.is_empty() { String::new() } else { format!("; fitted for the targets: {}", added.join(", ")) };
    let described = format!("study {} ({}){profile}{more}", path.display(), study.name);
    let again = Again::Study { study: Box::new(study), person_time: run.person_time };
    Ok(Stored { report: run.report, described, again, changed: Vec::new() })
}

fn data_file(
    fit: &DataFit,
    against: &Against,
    (targets, run): (&Targets, usize),
    context: &mut Context,
    watch: &mut Stopwatch,
) -> Result<Stored> {
    let mut settings = settings(fit)?;
    settings.name = against.name.clone();
    for (_, exposure, modifier) in analyses(targets, run) {
        settings.interactions.push(InteractionRequest { exposure, modifier, at: Vec::new() });
    }
    if let Some(level) = level(targets, run) {
        settings.level = level;
    }
    let counted = counted(targets, run);
    let mut options = flat_options(fit)?;
    options.columns = Some(settings.columns()?.into_iter().chain(counted.iter().cloned()).collect());
    let start = watch.now();
    let flat = read(&fit.path, &options, context)?;
    watch.load_seconds += watch.now() - start;
    let table = flat.table.clone();
    let missing = without_impossible_analyses(&mut settings, &table);
    let mut report = pipeline::fit_flat(flat, &settings, &mut NoOutputs, watch)?;
    let groups: Vec<String> = counted.into_iter().filter(|name| table.column(name).is_some()).collect();
    let days = against.time_unit.map(TimeUnit::days);
    pipeline::count_levels(&mut report, &table, &settings, &groups, days)?;
    let model = report.models.first();
    let limits = if model.is_some_and(|m| m.interval == "profile") { ", profile-likelihood limits" } else { "" };
    let options = model.map_or(String::new(), |m| format!(", {} ties, {} variance{limits}", m.ties, m.variance));
    let described = format!("{}: {}{options}{missing}", fit.path.display(), settings.formula);
    let again = Again::Data { table, settings: Box::new(settings), time_unit: against.time_unit };
    Ok(Stored { report, described, again, changed: Vec::new() })
}

/// Leaves out the interaction analyses that rows ask for and the model cannot give, so that the other rows are judged all the
/// same; what was left out, in words.
fn without_impossible_analyses(settings: &mut ModelSettings, table: &Table) -> String {
    if settings.interactions.is_empty() {
        return String::new();
    }
    let mut said = String::new();
    for request in std::mem::take(&mut settings.interactions) {
        let alone = ModelSettings { interactions: vec![request.clone()], ..settings.clone() };
        match pipeline::fit_table(table, &alone) {
            Err(Error::Interaction(why)) => {
                said += &format!("; no {} within {}: {why}", request.exposure, request.modifier);
            }
            _ => settings.interactions.push(request),
        }
    }
    said
}

fn results(path: &Path) -> Result<Stored> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
        remedy: "name a results.json that cohort wrote, relative to the targets file",
        writing: false,
    })?;
    let named = |error| match error {
        ReportError::Results { message } => ReportError::Results { message: format!("{}: {message}", path.display()) },
        other => other,
    };
    let report = render::json::read(&text).map_err(named)?;
    let described = format!("results {}; nothing can be fitted again on a results file", path.display());
    Ok(Stored { report, described, again: Again::Never, changed: Vec::new() })
}

/// The keys of an `[[against]]` as a model, as `cohort fit` reads its flags.
fn settings(fit: &DataFit) -> Result<ModelSettings> {
    let like = fit.like.as_deref().and_then(Conventions::named);
    let follows = |rule: fn(Conventions) -> bool| like.is_some_and(rule);
    let mut settings = ModelSettings::new(&fit.formula);
    settings.conventions = like;
    settings.ties = match fit.ties.as_deref() {
        Some(rule) => ties(rule),
        None if follows(Conventions::has_breslow_ties) => Ties::Breslow,
        None => Ties::Efron,
    };
    if follows(Conventions::stops_like_r) {
        settings.convergence = Convergence::LikeR;
    }
    if follows(Conventions::corrects_clusters) {
        settings.correction = crate::engine::ClusterCorrection::Groups;
    }
    settings.weights = fit.weights.clone();
    settings.cluster = fit.cluster.clone();
    settings.id = fit.id.clone();
    settings.robust = fit.robust;
    settings.references = fit.references.clone();
    settings.levels = fit.levels.clone();
    settings.bias_correction = if fit.firth { BiasCorrection::Firth } else { BiasCorrection::None };
    settings.interval = fit.profile.then_some(IntervalMethod::Profile);
    Ok(settings)
}

fn ties(rule: &str) -> Ties {
    match rule {
        "breslow" => Ties::Breslow,
        "exact" => Ties::Exact,
        _ => Ties::Efron,
    }
}

/// The keys of an `[[against]]` on reading the file, through the flags that say the same.
fn flat_options(fit: &DataFit) -> Result<FlatOptions> {
    let args = DataArgs::for_reading(
        fit.condition.clone(),
        fit.delimiter.clone(),
        fit.encoding.clone(),
        fit.decimal.as_deref().and_then(|d| d.chars().next()),
        fit.missing.clone(),
    );
    args.flat_options()
}

impl Runs for StoredRuns {
    fn report(&self, run: usize) -> &Report {
        &self.0[run].report
    }

    fn described(&self, run: usize) -> String {
        self.0[run].described.clone()
    }

    fn changes(&self, run: usize) -> Vec<Change> {
        let Stored { report, again, .. } = &self.0[run];
        let unit = match again {
            Again::Never => return Vec::new(),
            Again::Study { .. } => Some(TimeUnit::Days),
            Again::Data { time_unit, .. } => *time_unit,
        };
        let first = report.models.first();
        let ties = first.map_or("", |m| m.ties.as_str());
        let few = report.models.iter().all(|m| m.n_events.is_some_and(|n| n <= MOST_EVENTS_EXACT));
        let rules = ["efron", "breslow", "exact"].into_iter().filter(|rule| *rule != ties && (few || *rule != "exact"));
        let mut changes: Vec<Change> = rules.map(Change::Ties).collect();
        changes.push(Change::Robust(first.is_none_or(|m| m.variance == "model")));
        changes.extend(interval_changes(report));
        changes.extend(time_changes(unit));
        changes
    }

    fn is_small(&self, run: usize) -> bool {
        let records = |report: &Report| report.models.iter().filter_map(|m| m.n_records).sum::<u64>();
        records(&self.0[run].report) <= FEW_RECORDS
    }

    fn changed(&mut self, run: usize, changes: &[Change]) -> Option<&Report> {
        let stored = &mut self.0[run];
        let at = stored.changed.iter().position(|(made, _)| made == changes);
        let at = at.unwrap_or_else(|| {
            let report = stored.again(changes);
            stored.changed.push((changes.to_vec(), report));
            stored.changed.len() - 1
        });
        stored.changed[at].1.as_ref()
    }
}

/// Other intervals: profile-likelihood ones where that is not too much work, and theirs at other confidence levels.
fn interval_changes(report: &Report) -> Vec<Change> {
    let is_small = report.models.iter().all(|m| m.n_records.is_some_and(|n| n <= FEW_RECORDS));
    match report.models.first().map(|m| m.interval.as_str()) {
        Some("profile") => [0.90, 0.95, 0.99].map(Change::Level).to_vec(),
        Some(_) if is_small => vec![Change::Profile],
        _ => Vec::new(),
    }
}

/// Times in coarser units.
fn time_changes(from: Option<TimeUnit>) -> Vec<Change> {
    let coarser = [TimeUnit::Weeks, TimeUnit::Months, TimeUnit::Years].into_iter();
    let coarser = coarser.filter(|to| from.unwrap_or(TimeUnit::Days).days() < to.days());
    let roundings = [Rounding::Up, Rounding::Down, Rounding::Nearest];
    coarser.flat_map(|to| roundings.map(|rounding| Change::Times { from, to, rounding })).collect()
}

impl Stored {
    /// The run with some things changed; `None` where that cannot be fitted.
    fn again(&self, changes: &[Change]) -> Option<Report> {
        let mut report = match &self.again {
            Again::Never => return None,
            Again::Data { table, settings, .. } => {
                let mut settings = settings.clone();
                changes.iter().for_each(|change| apply(change, &mut settings));
                let report =
                    pipeline::fit_table(&with_changed_times(table, &settings.formula, changes)?, &settings).ok()?;
                Report { levels: self.report.levels.clone(), total: self.report.total.clone(), ..report }
            }
            Again::Study { study, person_time } => {
                let table = with_changed_times(person_time, "entry", changes)?;
                let with_cells = self.report.models.iter().any(|m| !m.interactions.is_empty());
                let apply = |settings: &mut ModelSettings| changes.iter().for_each(|change| apply(change, settings));
                let models = pipeline::fit_again(study, &table, with_cells, &apply).ok()?;
                Report { models, ..self.report.clone() }
            }
        };
        if let Some(level) = changes.iter().find_map(|c| if let Change::Level(level) = c { Some(*level) } else { None })
        {
            report.settings.level = level;
        }
        Some(report)
    }
}

/// A table with the times that one of the changes asks for.
fn with_changed_times(table: &Table, formula: &str, changes: &[Change]) -> Option<Table> {
    match changes.iter().find_map(in_units) {
        Some(times) => pipeline::with_times(table, formula, &times),
        None => Some(table.clone()),
    }
}

/// A change of the settings.
fn apply(change: &Change, settings: &mut ModelSettings) {
    match change {
        Change::Ties(rule) => settings.ties = ties(rule),
        Change::Robust(robust) => {
            settings.robust = Some(*robust);
            if !robust {
                settings.cluster = None;
            }
        }
        Change::Reference(variable, level) => {
            settings.references.retain(|(name, _)| name != variable);
            settings.references.push((variable.clone(), level.clone()));
        }
        Change::Level(level) => settings.level = *level,
        Change::Profile => settings.interval = Some(IntervalMethod::Profile),
        Change::Times { .. } => {}
    }
}

/// A change of the times, from the unit that they are in.
fn in_units(change: &Change) -> Option<impl Fn(f64) -> f64 + use<>> {
    let Change::Times { from, to, rounding } = change else { return None };
    let (factor, rounding) = (from.unwrap_or(TimeUnit::Days).days() / to.days(), *rounding);
    Some(move |time: f64| match rounding {
        Rounding::Up => (time * factor).ceil(),
        Rounding::Down => (time * factor).floor(),
        Rounding::Nearest => (time * factor).round(),
    })
}
