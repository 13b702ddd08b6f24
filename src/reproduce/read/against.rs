//! `[[against]]`: what the numbers are held against.

use crate::reproduce::targets::{Against, AgainstKind, DataFit, TimeUnit};
use crate::study::spec::{Entry, Section};
use std::path::Path;

const TIES: [(&str, &str); 3] = [("efron", "efron"), ("breslow", "breslow"), ("exact", "exact")];
const LIKE: [(&str, &str); 3] = [("r", "r"), ("stata", "stata"), ("sas", "sas")];

/// All runs, in file order.
pub fn read(root: &Section, folder: &Path) -> Vec<Against> {
    let sections = root.sections("against", "[[against]]");
    let mut runs: Vec<Against> = Vec::new();
    for section in &sections {
        if let Some(run) = one(section, folder) {
            if runs.iter().any(|other| other.name == run.name) {
                let rule = format!("two [[against]] are named `{}`", run.name);
                section.faults().add(&section.span, rule, "give each a name of its own");
            }
            runs.push(run);
        }
    }
    runs
}

fn one(section: &Section, folder: &Path) -> Option<Against> {
    let name = section.required_text("name", "tables and rows name it: against = \"…\"").text;
    let kinds = ["study", "data", "results"].map(|key| section.has(key));
    if kinds.iter().filter(|has| **has).count() != 1 {
        let remedy = "study = \"study.toml\", data = \"file.csv\" with formula = \"…\", or results = \"results.json\"";
        section.faults().add(&section.span, format!("[[against]] `{name}` needs one of study, data, results"), remedy);
    }
    let path = |key| section.text(key).map(|t| folder.join(t.text));
    let kind = match kinds {
        [true, _, _] => path("study").map(|study| AgainstKind::Study(study, path("data_folder"))),
        [_, true, _] => path("data").map(|data| AgainstKind::Data(Box::new(data_fit(section, data)))),
        _ => path("results").map(AgainstKind::Results),
    };
    let time_unit = section.choice("time_unit", &TimeUnit::NAMED);
    section.finish();
    Some(Against { name, kind: kind?, time_unit })
}

fn data_fit(section: &Section, path: std::path::PathBuf) -> DataFit {
    let text = |key| section.text(key).map(|t| t.text);
    let formula = section.required_text("formula", "such as \"Surv(time, status == 2) ~ age + sex\"").text;
    let owned = |word: Option<&str>| word.map(str::to_owned);
    DataFit {
        path,
        formula,
        condition: text("where"),
        ties: owned(section.choice("ties", &TIES)),
        like: owned(section.choice("like", &LIKE)),
        weights: text("weights"),
        cluster: text("cluster"),
        id: text("id"),
        robust: section.has("robust").then(|| section.flag("robust")),
        references: references(section),
        levels: levels(section),
        firth: section.flag("firth"),
        profile: section.choice("ci", &[("wald", false), ("profile", true)]).unwrap_or(false),
        delimiter: text("delimiter"),
        encoding: text("encoding"),
        decimal: text("decimal"),
        missing: section.texts("missing").into_iter().map(|t| t.text).collect(),
    }
}

/// `reference = { sex = "1" }`.
fn references(section: &Section) -> Vec<(String, String)> {
    let Some(table) = section.section("reference", "`reference`") else { return Vec::new() };
    let one = |entry: &Entry| match entry.node.as_text() {
        Some(text) => Some((entry.key.clone(), text.text)),
        None => {
            table.expected(&entry.key, &entry.node, "a level in quotes");
            None
        }
    };
    table.all().iter().filter_map(one).collect()
}

/// `levels = { rx = ["Obs", "Lev"] }`.
fn levels(section: &Section) -> Vec<(String, Vec<String>)> {
    let Some(table) = section.section("levels", "`levels`") else { return Vec::new() };
    let one = |entry: &Entry| {
        let levels = table.texts_of(&entry.key, &entry.node);
        (entry.key.clone(), levels.into_iter().map(|t| t.text).collect())
    };
    table.all().iter().map(one).collect()
}
