//! From the text of a targets file to [`Targets`], or to all its faults.
//!
//! The file is read as a study file is ([`Section`]): every fault is noted with its place and reading goes on. Rows may
//! stand in the file (`[[table.number]]`) or in a CSV file beside it; both have the same names.

mod against;
mod cell;
mod fields;
mod row;
mod rows_file;

use super::error::{RowFault, TargetsError};
use super::printed::{Marks, Printed};
use super::targets::{
    About, Against, Comparison, Equals, Measure, PrintedTest, Row, Spread, Table, Targets, TimeUnit, Total, Which,
};
use super::verdict::Kind;
use crate::formula::nearest;
use crate::study::StudyFaults;
use crate::study::spec::{self, Entry, Faults, Section, Text};
use fields::{Fields, TomlRow};
use indexmap::IndexMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The decimal mark: whether it is a comma.
const DECIMAL: [(&str, bool); 2] = [(".", false), (",", true)];

/// Between the fields of a file of rows.
const DELIMITERS: [(&str, u8); 4] = [(",", b','), (";", b';'), ("\t", b'\t'), ("|", b'|')];

/// Where faults go.
pub(super) struct Notes {
    toml: Faults,
    rows: RefCell<Vec<RowFault>>,
    names: row::Names,
}

/// Reads and checks a targets file. `path` is the file as the user wrote it: files of rows are relative to its folder.
///
/// Errors: every fault of the text and of its files of rows.
pub fn read(text: &str, path: &Path) -> Result<Targets, TargetsError> {
    let notes = Notes { toml: Faults::default(), rows: RefCell::default(), names: row::Names::default() };
    let root = spec::parse(text, &notes.toml);
    let targets = match notes.toml.is_empty() {
        true => {
            Section::new("the targets file", &(0..0), &root, &notes.toml).and_then(|root| file(&root, path, &notes))
        }
        false => None, // A file that is no TOML has no reliable sections.
    };
    let (faults, rows) = (notes.toml.into_sorted(), notes.rows.into_inner());
    match targets {
        Some(targets) if faults.is_empty() && rows.is_empty() => Ok(targets),
        _ => {
            let toml = StudyFaults { path: path.to_owned(), text: text.to_owned(), faults };
            Err(TargetsError { toml: (!toml.faults.is_empty()).then_some(toml), rows })
        }
    }
}

fn file(root: &Section, path: &Path, notes: &Notes) -> Option<Targets> {
    let head = root.section("targets", "[targets]");
    if head.is_none() {
        root.missing("[targets]", "begin the file with [targets] and a name");
    }
    let folder = path.parent().map_or(PathBuf::new(), Path::to_owned);
    let against = against::read(root, &folder);
    let close = head.as_ref().and_then(|head| head.number("close", 0.0, 1.0)).unwrap_or(0.0);
    let decimal = head.as_ref().and_then(|head| head.choice("decimal", &DECIMAL)).unwrap_or(false);
    let sections = root.sections("table", "[[table]]");
    if sections.is_empty() && against.is_empty() {
        root.missing("[[table]]", "a table with its rows, or with a file of rows");
    }
    let tables: Vec<Table> =
        sections.iter().map(|section| table(section, &folder, (&against, close, decimal), notes)).collect();
    let head = head.map(|head| {
        let name = head.required_text("name", "a short name: it is the name of the test suite for CI").text;
        let title = head.text("title").map_or(name.clone(), |t| t.text);
        let note = head.text("note").map(|t| t.text);
        head.finish();
        (name, title, note)
    });
    root.finish();
    same_numbers(&tables, root);
    let (name, title, note) = head?;
    Some(Targets { name, title, note, path: path.to_owned(), against, tables })
}

/// One `[[table]]`.
fn table(section: &Section, folder: &Path, (runs, close, decimal): (&[Against], f64, bool), notes: &Notes) -> Table {
    let name = section.required_text("name", "a short name, such as \"T2\"").text;
    let source = section.required_text("source", "where it was printed: authors, year, journal, table").text;
    let defaults = defaults(section, runs, decimal);
    let marks = defaults.units.of_counts();
    let mut table = Table {
        source,
        rows: Vec::new(),
        rate_per: section.number("rate_per", 1e-9, 1e9).unwrap_or(1000.0),
        time_unit: section.choice("time_unit", &TimeUnit::NAMED).unwrap_or(TimeUnit::Years),
        level: section.number("level", 0.5, 0.9999).unwrap_or(0.95),
        spread: spreads(section),
        close: section.number("close", 0.0, 1.0).unwrap_or(close),
        adjusted_rates: section.texts("adjusted_rates").into_iter().map(|t| t.text).collect(),
        crude_ratios: section.texts("crude_ratios").into_iter().map(|t| t.text).collect(),
        totals: Vec::new(),
        comparisons: Vec::new(),
        tests: Vec::new(),
        name,
    };
    let file = section.text("file");
    let delimiter = section.choice("delimiter", &DELIMITERS).unwrap_or(b',');
    if let Some(file) = &file {
        table.rows = rows_file::read((folder, file, delimiter), &table.name, &defaults, section.faults(), notes);
    }
    let numbers = section.sections("number", "[[table.number]]");
    for number in &numbers {
        table.rows.extend(row::row(&TomlRow(number), &defaults, &notes.names));
        number.finish();
    }
    table.totals =
        section.sections("total", "[[table.total]]").iter().filter_map(|s| total(s, marks, &notes.names)).collect();
    table.comparisons = section.sections("comparison", "[[table.comparison]]").iter().filter_map(comparison).collect();
    table.tests =
        section.sections("test", "[[table.test]]").iter().filter_map(|s| test(s, marks, &notes.names)).collect();
    if file.is_none() && numbers.is_empty() && table.totals.is_empty() && table.tests.is_empty() {
        section.missing("number", "write [[table.number]] for every number, or file = \"rows.csv\"");
    }
    section.finish();
    table
}

/// What a table says for all of its rows.
fn defaults(section: &Section, runs: &[Against], decimal: bool) -> row::Defaults {
    let decimal_comma = section.choice("decimal", &DECIMAL).unwrap_or(decimal);
    let unit = |key| section.number(key, 1.0, 1e9);
    let (counts, time) = (unit("counts_rounded_to"), unit("person_time_rounded_to"));
    let text = |key| section.text(key).map(|t| t.text);
    let run = section.text("against");
    let against = run.as_ref().and_then(|name| runs.iter().position(|run| run.name == name.text));
    if let (Some(name), None) = (&run, against) {
        let remedy = spec::suggest(&name.text, runs.iter().map(|run| run.name.as_str()));
        section.faults().add(&name.span, format!("there is no [[against]] named `{}`", name.text), remedy);
    }
    row::Defaults {
        units: row::Units { decimal_comma, counts: counts.unwrap_or(0.0), person_time: time.unwrap_or(1.0) },
        runs: runs.iter().map(|run| run.name.clone()).collect(),
        against,
        variable: text("variable"),
        versus: text("versus"),
        modifier: text("modifier"),
        models: names(section, "models"),
        levels: names(section, "levels"),
        strata: names(section, "strata"),
    }
}

/// `{ "name in print" = "name in the run" }`.
fn names(section: &Section, key: &'static str) -> BTreeMap<String, String> {
    let Some(names) = section.section(key, format!("`{key}`")) else { return BTreeMap::new() };
    let one = |entry: &Entry| match entry.node.as_text() {
        Some(text) => Some((entry.key.clone(), text.text)),
        None => {
            names.expected(&entry.key, &entry.node, "a text in quotes");
            None
        }
    };
    names.all().iter().filter_map(one).collect()
}

/// `interval = { hr = "log", rate = "plain" }`.
fn spreads(section: &Section) -> IndexMap<Measure, Spread> {
    let Some(spreads) = section.section("interval", "interval") else { return IndexMap::new() };
    let one = |entry: &Entry| {
        let measure = Measure::NAMED.iter().find(|(name, _)| *name == entry.key);
        if measure.is_none() {
            let known = Measure::NAMED.iter().map(|(name, _)| *name);
            spreads.faults().add(
                &entry.key_span,
                format!("`{}` is no measure", entry.key),
                spec::suggest(&entry.key, known),
            );
        }
        Some((measure?.1, spreads.choose(&entry.key, &entry.node, &Spread::NAMED)?))
    };
    spreads.all().iter().filter_map(one).collect()
}

/// `{ outcome = …, stratum = …, group = …, model = … }`; empty where absent.
fn about(section: &Section, key: &'static str) -> About {
    let Some(words) = section.section(key, format!("`{key}`")) else { return About::default() };
    let word = |key| words.text(key).map_or(String::new(), |t| t.text);
    let about =
        About { outcome: word("outcome"), stratum: word("stratum"), group: word("group"), model: word("model") };
    words.finish();
    about
}

fn which(section: &Section, key: &'static str) -> Which {
    Which { about: about(section, key) }
}

fn expected(section: &Section) -> Option<Kind> {
    section.choice("expect", &Kind::NAMED)
}

/// A printed number of a key; a fault where it is none.
fn printed(section: &Section, key: &'static str, unit: f64, marks: Marks) -> Option<Printed> {
    row::number(&TomlRow(section), key, unit, marks)
}

/// The P value of a test.
fn p_value(section: &Section, marks: Marks) -> Option<Printed> {
    let row = TomlRow(section);
    let read = cell::cell(&row.field("p")?, Measure::P, Marks { thousands: false, ..marks });
    read.map_err(|(rule, remedy)| row.fault("p", &rule, &remedy)).ok().map(|read| read.value)
}

const ADDED: [(&str, Measure); 3] =
    [("events", Measure::Events), ("person_years", Measure::PersonTime), ("n", Measure::Persons)];

fn total(section: &Section, marks: Marks, names: &row::Names) -> Option<Total> {
    let id = section.required_text("row", "a name for its line");
    names.add(&id.text, &TomlRow(section));
    if !section.has("measure") {
        section.missing("measure", "what is added up: \"events\", \"person_years\" or \"n\"");
    }
    let measure = section.choice("measure", &ADDED);
    let over = which(section, "over");
    let source = section.text("source").map_or("the print".to_owned(), |t| t.text);
    let equals = match (section.has("equals"), section.has("equals_over")) {
        (true, false) => printed(section, "equals", 0.0, marks).map(|number| Equals::Number(number, source)),
        (false, true) => Some(Equals::Sum(which(section, "equals_over"))),
        _ => {
            section.missing("equals", "the printed total, or equals_over = { … } for other rows with the same sum");
            None
        }
    };
    let expect = expected(section);
    section.finish();
    Some(Total { id: id.text, measure: measure?, over, equals: equals?, expect })
}

fn comparison(section: &Section) -> Option<Comparison> {
    let ratios = which(section, "ratios");
    let (of, versus) = (about(section, "of"), about(section, "versus"));
    let rates = section.required_text("rates", "the model of the rates that are compared");
    section.finish();
    Some(Comparison { ratios, of, versus, rates: rates.text })
}

fn test(section: &Section, marks: Marks, names: &row::Names) -> Option<PrintedTest> {
    let id = section.required_text("row", "a name for its line").text;
    names.add(&id, &TomlRow(section));
    let what = section.text("what").map_or(id.clone(), |t| t.text);
    for key in ["chisq", "df", "p"] {
        if !section.has(key) {
            section.missing(key, "a test has a statistic, degrees of freedom and a P value");
        }
    }
    let (chisq, p) = (printed(section, "chisq", 1.0, marks), p_value(section, marks));
    let df = section.number("df", 1.0, 1e6);
    let expect = expected(section);
    section.finish();
    Some(PrintedTest { id, what, chisq: chisq?, df: df?, p: p?, expect })
}

/// `same_as` must name another row.
fn same_numbers(tables: &[Table], root: &Section) {
    let rows = || tables.iter().flat_map(|t| &t.rows);
    for row in rows() {
        if let Some(other) = row.same_as.as_ref().filter(|other| row.id == **other || !rows().any(|r| r.id == **other))
        {
            let near = nearest(other, rows().map(|r: &Row| r.id.as_str()).filter(|id| *id != row.id));
            let remedy =
                near.map_or("name the row that prints the same number".into(), |id| format!("did you mean `{id}`?"));
            root.faults().add(
                &root.span,
                format!("row `{}`: there is no other row `{other}` for same_as", row.id),
                remedy,
            );
        }
    }
}

/// Texts with places, for messages of the file of rows.
pub(super) type Named = Text;
