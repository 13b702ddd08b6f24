//! What stands in the files of `export/` beside `results.json`, and what the attack reads of that.

use super::reading::{self, Site};
use cohort::report::figure::{self, FigureStyle};
use cohort::report::render::{self, Format, json};
use cohort::study::FigureOptions;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const COUNTS: &str = include_str!("../registered_counts.txt");

/// Formats that a results folder may hold, `results.json` apart.
pub const FORMATS: [Format; 7] =
    [Format::Text, Format::Markdown, Format::Html, Format::Docx, Format::Xlsx, Format::Latex, Format::Csv];

/// Files that somebody who has `results.json` alone cannot make, byte for byte: those would hold more than it.
pub fn beyond_results(export: &Path, width_mm: f64) -> Vec<String> {
    let text = std::fs::read_to_string(export.join("results.json")).expect("results.json");
    let report = json::read(&text).expect("a report");
    let mut made: BTreeMap<String, Vec<u8>> = BTreeMap::from([("results.json".to_owned(), text.into_bytes())]);
    for format in FORMATS {
        made.extend(render::files(&report, format).into_iter().map(|f| (f.name, f.bytes)));
    }
    let style = FigureStyle::of(&report, width_mm);
    let figures = figure::files(&report, &style, &FigureOptions::default().formats).expect("figures");
    made.extend(figures.into_iter().map(|f| (format!("figures/{}", f.name), f.bytes)));
    let mut found = Vec::new();
    each_file(export, export, &mut |name, bytes| {
        if made.get(name).is_none_or(|made| made != bytes) {
            found.push(format!("{name} holds more than results.json"));
        }
    });
    found
}

fn each_file(root: &Path, folder: &Path, see: &mut dyn FnMut(&str, &[u8])) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("a file").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            each_file(root, &path, see);
        } else {
            let name = path.strip_prefix(root).expect("within").to_string_lossy().into_owned();
            see(&name, &std::fs::read(&path).expect("a file"));
        }
    }
}

/// Counts of a report that the attack does not look at: whatever number stands there, the attacker knows the same.
pub fn unread_counts(report: &Value, site: Site<'_>) -> BTreeSet<String> {
    let counts: Vec<&str> = COUNTS.lines().filter_map(|line| line.strip_prefix("count ")).collect();
    let known = reading::read(report, site).fingerprint();
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    pointers(report, String::new(), String::new(), &mut |path, pointer| {
        if counts.contains(&path) {
            places.entry(path.to_owned()).or_default().push(pointer.to_owned());
        }
    });
    let is_read = |pointers: &Vec<String>| {
        let mut other = report.clone();
        for pointer in pointers {
            let leaf = other.pointer_mut(pointer).expect("a place of the report");
            *leaf = if leaf.is_f64() {
                (leaf.as_f64().unwrap_or(0.0) + 1000.0).into()
            } else {
                (leaf.as_u64().unwrap_or(0) + 1000).into()
            };
        }
        reading::read(&other, site).fingerprint() != known
    };
    places.into_iter().filter(|(_, pointers)| !is_read(pointers)).map(|(path, _)| path).collect()
}

/// Calls `see` with the path of every number, as `registered_counts.txt` writes it, and its JSON pointer.
fn pointers(value: &Value, path: String, pointer: String, see: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                pointers(field, below, format!("{pointer}/{name}"), see);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                pointers(item, format!("{path}[]"), format!("{pointer}/{i}"), see);
            }
        }
        Value::Number(_) => see(&path, &pointer),
        _ => {}
    }
}

/// Every text of a report with a digit in it, by its path.
pub fn texts_with_digits(report: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    texts(report, String::new(), &mut found);
    found
}

fn texts(value: &Value, path: String, found: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                texts(field, if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, format!("{path}[]"), found)),
        Value::String(text) if text.contains(|c: char| c.is_ascii_digit()) => {
            found.entry(path).or_default().insert(text.clone());
        }
        _ => {}
    }
}
