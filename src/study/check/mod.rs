//! From the text of a study file to a [`Study`], or to all its faults.
//!
//! Each part of the language has a file here. A part with a fault still gives a value, so that the parts that
//! name it can be checked; that value never leaves, because a single fault withholds the study.

mod codelists;
mod cohort;
mod columns;
mod competing;
mod contrast;
mod covariates;
mod coverage;
mod curve;
mod dated;
mod describe;
mod disclosure;
mod extracts;
mod file_labels;
mod follow_up;
mod imputations;
mod late_entry;
mod linkage;
mod matching;
mod names;
mod output;
mod reach;
mod recode;
mod relative_time;
mod table_one;
mod values;

use super::fault::StudyFaults;
use super::spec::{self, Faults, Section, Text};
use super::{Codelists, CohortRules, ColumnKind, ColumnRef, ComparisonGroup, DateSpec, Extract, Linkage, Study};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Checks the text of a study file.
///
/// `path` is the study file as the user wrote it: code lists and `data_folder` are relative to its folder.
/// `data` stands in for `[study] data_folder` when given (`--data`). Looks for the files of the extracts and reads
/// those of the code lists; headers are the matter of [`super::check_files()`].
///
/// Errors: every fault of the text, in file order.
pub fn check(text: &str, path: &Path, data: Option<&Path>) -> Result<Study, StudyFaults> {
    check_with(text, path, data, Presence::Found)
}

/// As [`check()`], of a study whose extracts are not there yet: each file is taken as written, patterns as they are.
/// Code lists are read all the same.
pub fn check_planned(text: &str, path: &Path, data: Option<&Path>) -> Result<Study, StudyFaults> {
    check_with(text, path, data, Presence::Planned)
}

/// Whether the files of the extracts are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// They must be found.
    Found,
    /// They are still to be written.
    Planned,
}

fn check_with(text: &str, path: &Path, data: Option<&Path>, presence: Presence) -> Result<Study, StudyFaults> {
    let faults = Faults::default();
    let study = read(text, path, data, presence, &faults);
    let mut faults = faults.into_sorted();
    match study {
        Some(study) if faults.is_empty() => Ok(study),
        _ => {
            if faults.is_empty() {
                faults.push(super::Fault {
                    span: 0..0,
                    rule: "the study is not complete".into(),
                    remedy: "this should not happen: please report it, with the study file if you may".into(),
                });
            }
            Err(StudyFaults { path: path.to_owned(), text: text.to_owned(), faults })
        }
    }
}

/// Builds that a folder keeps where the study does not say.
const KEPT_BUILDS: usize = 10;

/// What is known of the study while it is checked.
struct Context<'f> {
    faults: &'f Faults,
    /// Folder of the study file.
    study_folder: PathBuf,
    /// Folder of the extracts.
    data_folder: PathBuf,
    presence: Presence,
    linkage: Option<Linkage>,
    extracts: IndexMap<String, Extract>,
    /// Columns (extract, name) whose declaration has a fault: what they hold is not known.
    broken_columns: BTreeSet<(String, String)>,
    codelists: Codelists,
    /// Code lists whose declaration has a fault.
    broken_lists: BTreeSet<String>,
}

/// What a column is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Date,
    AnyCode,
    Whole,
    Any,
}

fn read(text: &str, path: &Path, data: Option<&Path>, presence: Presence, faults: &Faults) -> Option<Study> {
    let root = spec::parse(text, faults);
    if !faults.is_empty() {
        return None; // A file that is no TOML has no reliable sections.
    }
    let root = Section::new("the study file", &(0..0), &root, faults)?;
    let study_folder = path.parent().map_or(PathBuf::new(), Path::to_owned);
    let head = root.section("study", "[study]");
    if head.is_none() {
        root.missing("[study]", "begin the file with [study] and a name");
    }
    let data_folder = match (data, head.as_ref().and_then(|h| h.text("data_folder"))) {
        (Some(folder), _) => folder.to_owned(),
        (None, Some(folder)) => study_folder.join(folder.text),
        (None, None) => study_folder.clone(),
    };
    let cache = head.as_ref().and_then(|h| h.text("cache")).map(|folder| study_folder.join(folder.text));
    let keep_builds = head.as_ref().and_then(|h| h.whole("keep_builds", 1, 1_000));
    let mut context = Context {
        faults,
        study_folder,
        data_folder,
        presence,
        linkage: None,
        extracts: IndexMap::new(),
        broken_columns: BTreeSet::new(),
        codelists: IndexMap::new(),
        broken_lists: BTreeSet::new(),
    };
    let relative = head.as_ref().is_some_and(|head| head.flag("relative_time"));
    context.check_relative_time(&root, relative);
    context.read_linkage(&root);
    context.read_extracts(&root);
    context.read_codelists(&root);
    let cohort = context.read_cohort(&root);
    context.order_linkage(&cohort.population);
    let (covariates, derivation_order) = context.read_covariates(&root, &cohort);
    let scope = context.step_scope(&cohort.population, &covariates);
    let steps = context.read_steps(&root, &scope);
    let follow_up = context.read_follow_up(&root, &cohort);
    let exits = follow_up.as_ref().map(|f| f.exits.as_slice());
    let imputations = context.read_imputations(&root, &covariates);
    let mut models = context.read_models(&root, &covariates, exits);
    let interactions = context.read_interactions(&root, &models, &covariates);
    let contrasts = context.read_contrasts(&root, &models, &covariates);
    let curves = context.read_curves(&root, &models, &covariates);
    let standardised = context.read_standardised(&root, &models, &covariates);
    context.settle_imputations(&mut models, &covariates);
    let describe = context.read_describe(&root, &covariates, exits);
    let table_one = context.read_table_one(&root, &covariates);
    let disclosure = context.read_disclosure(&root);
    let report = context.read_report(&root, &models, &covariates);
    let head = head.map(|head| Head::read(&head));
    root.finish();

    let matching = cohort.matching.and_then(|(group, by)| {
        let by = context.match_variables(&by, &cohort.population, &covariates)?;
        Some(ComparisonGroup { by, ..group })
    });
    if cohort.has_matching && matching.is_none() {
        return None; // Its fault is noted.
    }
    let (population, index) = (cohort.population, cohort.index?);
    let cohort = CohortRules { population, index, steps, matching };
    let follow_up = follow_up?;
    context.check_file_labels(&covariates);
    context.check_coverage(&cohort, &follow_up, &covariates);
    context.check_covariate_systems(&cohort, &covariates);
    if relative {
        context.check_no_calendar(&cohort, &follow_up, &covariates);
    }
    let head = head?;
    Some(Study {
        name: head.name,
        title: head.title,
        note: head.note,
        known: head.known,
        chosen: head.chosen,
        path: path.to_owned(),
        text: text.to_owned(),
        data_folder: context.data_folder,
        cache,
        keep_builds: keep_builds.map_or(KEPT_BUILDS, |n| n as usize),
        linkage: context.linkage,
        extracts: context.extracts,
        codelists: context.codelists,
        cohort,
        follow_up,
        covariates,
        derivation_order,
        imputations,
        models: models.into_iter().map(|m| m.model).collect(),
        interactions,
        contrasts,
        curves,
        standardised,
        describe,
        table_one,
        disclosure,
        report,
    })
}

/// The `[study]` section.
struct Head {
    name: String,
    title: String,
    note: Option<String>,
    known: Vec<String>,
    chosen: Vec<String>,
}

impl Head {
    fn read(section: &Section<'_>) -> Head {
        let name = section.required_text("name", "a short name: it becomes part of file names");
        let odd = |c: char| !(c.is_alphanumeric() || "-_. ".contains(c));
        if name.text.contains(odd) || name.text.starts_with('.') {
            let remedy = "use letters, digits, `-`, `_`, `.` and blanks";
            section.faults().add(&name.span, "`name` becomes part of file names, and has other characters", remedy);
        }
        section.know(&["data_folder", "relative_time", "cache", "keep_builds"]);
        let texts = |key| section.texts(key).into_iter().map(|t: Text| t.text).collect();
        let head = Head {
            title: section.text("title").map_or(name.text.clone(), |t| t.text),
            name: name.text,
            note: section.text("note").map(|t| t.text),
            known: texts("known"),
            chosen: texts("chosen"),
        };
        section.finish();
        head
    }
}

impl Context<'_> {
    /// Looks up an extract; a fault when there is none.
    fn extract(&self, name: &Text) -> Option<&Extract> {
        if name.text.is_empty() {
            return None; // Its absence is a fault already.
        }
        let found = self.extracts.get(&name.text);
        if found.is_none() {
            let remedy = spec::suggest(&name.text, self.extracts.keys().map(String::as_str));
            self.faults.add(&name.span, format!("there is no extract `{}`", name.text), remedy);
        }
        found
    }

    /// Looks up a column of an extract and checks what it holds.
    fn column(&self, extract: &Extract, name: &Text, want: Want) -> Option<ColumnRef> {
        if name.text.is_empty() {
            return None;
        }
        let Some(column) = extract.columns.get(&name.text) else {
            let remedy = spec::suggest(&name.text, extract.columns.keys().map(String::as_str));
            let rule = format!("extract `{}` declares no column `{}`", extract.name, name.text);
            self.faults.add(&name.span, rule, remedy);
            return None;
        };
        let broken = self.broken_columns.contains(&(extract.name.clone(), name.text.clone()));
        let wanted = match (want, &column.kind) {
            (Want::Date, ColumnKind::Date(_)) | (Want::Any, _) => None,
            (Want::AnyCode, ColumnKind::Code(_) | ColumnKind::Codes { .. }) => None,
            (Want::Whole, ColumnKind::Whole { .. }) => None,
            (Want::Date, _) => Some("date"),
            (Want::AnyCode, _) => Some("code"),
            (Want::Whole, _) => Some("whole"),
        };
        if let (Some(wanted), false) = (wanted, broken) {
            let rule = format!("column `{}` of `{}` is {}", name.text, extract.name, columns::kind_name(&column.kind));
            self.faults.add(&name.span, rule, format!("a column of type \"{wanted}\" is needed here"));
            return None;
        }
        Some(ColumnRef { extract: extract.name.clone(), column: name.text.clone() })
    }

    /// Reads `extract.column`.
    fn reference(&self, written: &Text, want: Want) -> Option<ColumnRef> {
        let Some((extract, column)) = written.text.split_once('.') else {
            let rule = format!("`{}` names no column of an extract", written.text);
            self.faults.add(&written.span, rule, "write extract.column, for example \"persons.birth\"");
            return None;
        };
        let part = |text: &str| Text { text: text.to_owned(), span: written.span.clone() };
        let extract = self.extract(&part(extract))?;
        self.column(extract, &part(column), want)
    }

    /// The date declaration of a checked date column.
    fn date_spec(&self, extract: &str, column: &str) -> Option<&DateSpec> {
        match &self.extracts.get(extract)?.columns.get(column)?.kind {
            ColumnKind::Date(spec) => Some(spec),
            _ => None,
        }
    }
}
