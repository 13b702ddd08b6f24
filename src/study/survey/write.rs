//! The study file that comes of a look at a delivery.

use super::{Column, Family, Guess};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The text of the study file.
pub(super) fn study(families: &[Family], others: &[String], data_folder: &str) -> String {
    let mut out = String::new();
    head(&mut out, data_folder, others);
    let (linking, extracts): (Vec<&Family>, Vec<&Family>) = families.iter().partition(|family| is_linkage(family));
    let spellings = linkage(&mut out, &linking);
    let mut names = BTreeSet::new();
    for family in extracts {
        let name = unique(&plain_name(&family.written[0]), &mut names);
        extract(&mut out, &name, family, &spellings);
    }
    out.push_str(REST);
    out
}

fn head(out: &mut String, data_folder: &str, others: &[String]) {
    out.push_str(HEAD);
    line(out, &format!("[study]\nname = \"my-study\"\ndata_folder = {}", quoted(data_folder)));
    if !others.is_empty() {
        line(
            out,
            &format!("# Not looked at, since their endings are no known format: {}", comment(&others.join(", "))),
        );
    }
}

/// Whether files hold nothing but keys, of two deliverers or more.
fn is_linkage(family: &Family) -> bool {
    let keys = key_columns(&family.columns);
    keys.len() > 1 && keys.len() == family.columns.len()
}

/// The linkage files. Returns every key column of theirs, in lower case, with its spelling.
fn linkage(out: &mut String, families: &[&Family]) -> Vec<(String, String)> {
    let mut names = BTreeSet::new();
    let mut spellings: Vec<(String, String)> = Vec::new();
    for family in families {
        line(out, if families.len() > 1 { "\n[[linkage]]" } else { "\n[linkage]" });
        file(out, family);
        let mut spelling = |column: &Column| {
            let name = column.name.to_lowercase();
            let known = spellings.iter().find(|(of, _)| *of == name).map(|(_, spelling)| spelling.clone());
            let spelling = known.unwrap_or_else(|| unique(&plain_name(&column.name), &mut names));
            spellings.push((name, spelling.clone()));
            format!("{spelling} = {}", quoted(&column.name))
        };
        let keys: Vec<String> = family.columns.iter().map(&mut spelling).collect();
        line(out, &format!("keys = {{ {} }}   # guess; call each after its deliverer", keys.join(", ")));
    }
    spellings
}

/// Where files are and how they are written.
fn file(out: &mut String, family: &Family) {
    let more = if family.files.len() > 1 { format!("   # {} files", family.files.len()) } else { String::new() };
    line(out, &format!("file = {}{more}", list(&family.written)));
    if let Some(text) = &family.text {
        let delimiter = if text.delimiter == '\t' { "\\t".to_string() } else { text.delimiter.to_string() };
        line(out, &format!("delimiter = \"{delimiter}\"   # guess"));
        let shows = if text.encoding_shows { "guess" } else { "guess: only plain ASCII in the first rows" };
        line(out, &format!("encoding = \"{}\"   # {shows}", text.encoding.name()));
        if text.decimal_comma {
            line(out, "decimal = \",\"   # guess");
        }
        if !text.has_header {
            line(out, "# The first row does not look like names and is not shown. Name its fields, in their order:");
            let names: Vec<String> = family.columns.iter().map(|c| c.name.clone()).collect();
            line(out, &format!("header = {}   # guess: there is no header", list(&names)));
        }
    }
    for remark in &family.remarks {
        line(out, &format!("# {}", comment(remark)));
    }
}

fn extract(out: &mut String, name: &str, family: &Family, spellings: &[(String, String)]) {
    line(out, &format!("\n[extract.{name}]"));
    file(out, family);
    let keys = key_columns(&family.columns);
    key(out, &keys, spellings);
    line(out, "# one_per_person = true   # when a second row of a person is a fault");
    line(out, &format!("[extract.{name}.columns]"));
    columns(out, family, &keys);
}

/// The person key: where there is a linkage file, with its spelling.
fn key(out: &mut String, keys: &[String], spellings: &[(String, String)]) {
    let spelling = |column: &String| {
        let of = spellings.iter().find(|(name, _)| *name == column.to_lowercase());
        of.map_or("…".to_string(), |(_, spelling)| spelling.clone())
    };
    match (keys, spellings) {
        ([], _) => line(out, "# key = \"…\"   # fill in: the column with the person key"),
        ([one], []) => line(out, &format!("key = {}   # guess", quoted(one))),
        ([one], _) => {
            let spelling = spelling(one);
            let more = if spelling == "…" { "; fill in: a spelling of the linkage file" } else { "" };
            line(out, &format!("key = {{ column = {}, spelling = \"{spelling}\" }}   # guess{more}", quoted(one)));
        }
        (several, _) => line(out, &format!("# key = …   # fill in, one of: {}", comment(&several.join(", ")))),
    }
}

/// Columns that may hold the person key, by their names; in every file.
fn key_columns(columns: &[Column]) -> Vec<String> {
    let is_key = |name: &str| {
        let lower = name.to_lowercase();
        [
            "lopenr",
            "lopnr",
            "lnr",
            "pnr",
            "fnr",
            "pasientlopenummer",
            "person_id",
            "personid",
            "patient_id",
            "pid",
            "id",
        ]
        .iter()
        .any(|word| lower == *word || lower.ends_with(&format!("_{word}")) || lower.starts_with(&format!("{word}_")))
            || lower.contains("lopenr")
            || lower.contains("lopenummer")
    };
    columns.iter().filter(|c| is_key(&c.name)).map(|c| c.name.clone()).collect()
}

fn columns(out: &mut String, family: &Family, key: &[String]) {
    let mut names: BTreeSet<String> = ["person", "index_date"].map(String::from).into();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for column in &family.columns {
        if key == [column.name.clone()] || done.contains(column.name.as_str()) {
            continue;
        }
        let yearly = yearly(column, &family.columns);
        done.extend(yearly.iter().map(|(_, c)| c.name.as_str()));
        let stem = yearly.first().map_or(column.name.clone(), |(year, c)| c.name.replacen(&year.to_string(), "", 1));
        let name = unique(&plain_name(&stem), &mut names);
        let source = match (yearly.first(), yearly.last()) {
            (Some((first, c)), Some((last, _))) => {
                let pattern = c.name.replacen(&first.to_string(), "{year}", 1);
                format!("column = {}, years = [{first}, {last}]", quoted(&pattern))
            }
            _ => format!("column = {}", quoted(&column.name)),
        };
        column_line(out, &name, &source, column, family);
    }
}

fn column_line(out: &mut String, name: &str, source: &str, column: &Column, family: &Family) {
    let mut remarks = Vec::new();
    if column.is_guess {
        remarks.push("guess".to_string());
    }
    if !column.remark.is_empty() {
        remarks.push(column.remark.clone());
    }
    if column.in_files < family.files.len() {
        let (has, all) = (column.in_files, family.files.len());
        remarks.push(format!(
            "in {has} of {all} files: list the names it has there, column = [\"…\", \"…\"], or declare two extracts"
        ));
    }
    let remark = if remarks.is_empty() { String::new() } else { format!("   # {}", comment(&remarks.join("; "))) };
    match &column.guess {
        Guess::Type(kind, keys) => {
            let keys = if keys.is_empty() { String::new() } else { format!(", {keys}") };
            line(out, &format!("{name} = {{ {source}, type = \"{kind}\"{keys} }}{remark}"));
        }
        Guess::Unknown => line(out, &format!("# {name} = {{ {source}, type = … }}{remark}")),
        Guess::Unfit(what) => {
            line(out, &format!("# {} holds what no column of a study can be: {}", comment(&column.name), comment(what)))
        }
    }
}

/// The columns that have this column's name but for the year, with their years, when there are two at least without
/// a gap and they look the same.
fn yearly<'c>(column: &Column, columns: &'c [Column]) -> Vec<(i32, &'c Column)> {
    let Some(year) = year_in(&column.name) else { return Vec::new() };
    let pattern = column.name.replacen(&year.to_string(), "{year}", 1);
    let same = |c: &&Column| {
        year_in(&c.name).is_some_and(|year| c.name.replacen(&year.to_string(), "{year}", 1) == pattern)
            && (c.guess == column.guess || c.guess == Guess::Unknown)
    };
    let mut found: Vec<(i32, &Column)> =
        columns.iter().filter(same).filter_map(|c| Some((year_in(&c.name)?, c))).collect();
    found.sort_by_key(|(year, _)| *year);
    let without_gap = found.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0);
    if found.len() > 1 && without_gap { found } else { Vec::new() }
}

/// A year of four digits in a name.
fn year_in(name: &str) -> Option<i32> {
    let mut runs = name.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 4);
    runs.find_map(|run| run.parse().ok().filter(|year| (1900..=2100).contains(year)))
}

/// A name of letters, digits and `_` from a path or a column.
fn plain_name(text: &str) -> String {
    let name = text.rsplit('/').next().unwrap_or(text);
    let name = name.split('.').next().unwrap_or(name);
    let mut out = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            '\u{e5}' | '\u{e4}' => out.push('a'),
            '\u{f8}' | '\u{f6}' => out.push('o'),
            '\u{e6}' => out.push_str("ae"),
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ if out.ends_with('_') => {}
            _ => out.push('_'),
        }
    }
    let plain = out.trim_matches('_').trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    if plain.is_empty() { "column".to_string() } else { plain.to_string() }
}

fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|n| format!("{name}_{n}"));
    let free = std::iter::once(name.to_string()).chain(numbered).find(|name| !taken.contains(name));
    let free = free.expect("there is always a further number");
    taken.insert(free.clone());
    free
}

fn list(texts: &[String]) -> String {
    match texts {
        [one] => quoted(one),
        several => format!("[{}]", several.iter().map(|t| quoted(t)).collect::<Vec<_>>().join(", ")),
    }
}

/// A TOML text.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => write!(out, "\\u{:04X}", c as u32).expect("a text takes what is written to it"),
            c => out.push(c),
        }
    }
    out + "\""
}

/// A text within one line of a comment.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

const HEAD: &str = "\
# A study file from a look at the first rows of a delivery; no cell of data stands in it.
#
# What is marked \"guess\" was taken from the shape of cells: read it before you trust it. What nobody can see in
# the data is left out: `cohort check` on this file says what is missing, one line each, and `cohort init` without
# --from writes a whole study with comments to look at beside it.

";

const REST: &str = "
# ---------------------------------------------------------------- fill in: who enters, and when
[cohort]
# population = \"…\"                # the extract with one row per person; set one_per_person = true in it

[cohort.index]
# date = \"persons.diagnosis\"      # a date column of the population, or rows of an extract:
# extract = \"…\"
# date = \"…\"
# where = \"diagnosis LIKE 'P%'\"  # which of its rows count, in SQL over its columns
# pick = \"first\"
# from = 2010-01-01
# to = 2012-12-31

# [[cohort.step]]
# label = \"aged 18 to 65\"
# include = \"age >= 18 AND age < 66\"   # SQL over columns of the population, index_date and the covariates below

# ---------------------------------------------------------------- fill in: follow-up
[follow_up]
# scale = \"since_index\"           # or \"age\", \"calendar\"
# maximum = \"730 days\"
# event_at_entry = \"exclude\"      # an event on the day of entry: also \"error\", \"next_day\", \"later_event\"

[follow_up.event]
# label = \"…\"
# date = \"persons.death\"          # or extract = \"…\", date = \"…\" and where = \"…\"

# [[follow_up.exit]]
# label = \"end of data\"
# date = 2014-12-31

# ---------------------------------------------------------------- fill in: covariates and models
# [covariate.sex]
# label = \"Sex\"
# from = \"persons.sex\"
# levels = [{ value = \"1\", label = \"Men\" }, { value = \"2\", label = \"Women\" }]
# labels = \"file\"                 # instead: the labels that a Stata or SPSS file gives
# if_missing = \"error\"            # or \"exclude\", or { level = \"unknown\" }

# [covariate.age]
# label = \"Age, years\"
# years_since = \"persons.birth\"    # a date column of the population
# at = \"index\"
# if_missing = \"error\"

# [[model]]
# name = \"crude\"
# formula = \"sex + age\"

[disclosure]
# profile = \"no-helsedata\"        # what may leave; \"none\" must be typed
";
