//! The extracts.

use super::{Context, Presence, columns, names};
use crate::stored::StoredFormat;
use crate::study::extract::*;
use crate::study::spec::{Node, Section, Value};
use crate::study::sql;
use crate::study::{files, foreign};
use indexmap::IndexMap;

impl Context<'_> {
    /// Every `[extract.NAME]`.
    pub fn read_extracts(&mut self, root: &Section<'_>) {
        let Some(all) = root.section("extract", "[extract]") else {
            if !root.has("extract") {
                root.missing("[extract.NAME]", "declare the files to read, one section each");
            }
            return;
        };
        for entry in all.all() {
            names::check(&entry.key, &entry.key_span, self.faults);
            let what = format!("[extract.{}]", entry.key);
            if let Some(section) = Section::new(what, &entry.key_span, &entry.node, self.faults) {
                let extract = self.read_extract(&entry.key, &section);
                self.extracts.insert(entry.key.clone(), extract);
            }
        }
    }

    fn read_extract(&mut self, name: &str, section: &Section<'_>) -> Extract {
        let files = self.read_files(section);
        let format = read_format(section, &files);
        let key = self.read_key(section);
        let columns = self.read_columns(name, section);
        self.check_system_columns(name, &columns);
        let rows = self.read_rows(section, &columns);
        let coverage = self.read_coverage(section);
        let condition = section.text("where").and_then(|text| {
            let scope = self.extract_scope(name, &columns);
            sql::read_condition(&text, &scope, self.faults)
        });
        let min_matched = section.number("min_matched", 0.0, 1.0);
        section.finish();
        Extract {
            name: name.to_owned(),
            span: section.span.clone(),
            files,
            format,
            key,
            columns,
            rows,
            condition,
            coverage,
            min_matched,
        }
    }

    pub fn read_files(&self, section: &Section<'_>) -> Vec<InputFile> {
        let Some(node) = section.node("file") else {
            section.missing("file", "a path, a list of paths, or a pattern such as \"kuhr/KUHR_*.dsv\"");
            return Vec::new();
        };
        let mut found: Vec<InputFile> = Vec::new();
        for written in section.texts_of("file", node) {
            let resolved = match self.presence {
                Presence::Found => files::resolve(&self.data_folder, &written.text),
                Presence::Planned => Ok(vec![files::planned(&self.data_folder, &written.text)]),
            };
            match resolved {
                Ok(files) => {
                    if files.iter().any(|file| file.written.to_lowercase().ends_with(".sas7bcat")) {
                        let rule = "a SAS catalogue (.sas7bcat) holds labels of values, no rows, and is not read";
                        self.faults.add(&written.span, rule, CATALOGUE);
                    }
                    if let Some(again) = files.iter().find(|file| found.iter().any(|f| is_same(f, file))) {
                        let rule = format!("the file {} is named twice", again.written);
                        self.faults.add(&written.span, rule, "its rows would count twice; take one out");
                    }
                    found.extend(files);
                }
                Err(rule) => self.faults.add(&written.span, rule, "correct the path or `data_folder`, or give --data"),
            }
        }
        found.sort();
        found.dedup();
        found
    }

    fn read_columns(&mut self, extract: &str, section: &Section<'_>) -> IndexMap<String, ColumnSpec> {
        let mut columns = IndexMap::new();
        let Some(table) = section.section("columns", format!("[extract.{extract}.columns]")) else {
            if !section.has("columns") {
                section.missing("columns", &format!("declare the columns used under [extract.{extract}.columns]"));
            }
            return columns;
        };
        for entry in table.all() {
            let column = columns::read(entry, &table).unwrap_or_else(|| {
                self.broken_columns.insert((extract.to_owned(), entry.key.clone()));
                ColumnSpec {
                    name: entry.key.clone(),
                    span: entry.key_span.clone(),
                    source: ColumnSource::One(vec![entry.key.clone()]),
                    kind: ColumnKind::Code(CodeSpec::default()),
                    missing: Vec::new(),
                    keep_user_missing: false,
                }
            });
            columns.insert(entry.key.clone(), column);
        }
        columns
    }

    fn read_rows(&self, section: &Section<'_>, columns: &IndexMap<String, ColumnSpec>) -> RowsPerPerson {
        let choices =
            [("keep", Identical::Keep), ("error", Identical::Error), ("collapse_identical", Identical::Collapse)];
        let identical = section.choice("duplicates", &choices);
        let one = section.flag("one_per_person");
        let conflict = section.entry("on_conflict");
        if !one {
            if let Some(entry) = conflict {
                let remedy = "set one_per_person = true, or take it out";
                self.faults.add(&entry.key_span, "`on_conflict` is for extracts with one row per person", remedy);
            }
            return RowsPerPerson::Many { identical: identical.unwrap_or(Identical::Keep) };
        }
        if let (Some(Identical::Keep), Some(node)) = (identical, section.node("duplicates")) {
            let rule = "equal rows cannot be kept in an extract with one row per person";
            self.faults.add(&node.span, rule, "choose \"error\" or \"collapse_identical\"");
        }
        RowsPerPerson::One {
            identical: identical.unwrap_or(Identical::Error),
            conflict: conflict.map_or(Conflict::Error, |entry| self.read_conflict(section, &entry.node, columns)),
        }
    }

    fn read_conflict(&self, section: &Section<'_>, node: &Node, columns: &IndexMap<String, ColumnSpec>) -> Conflict {
        let Value::Table(_) = node.value else {
            let choices = [("error", false), ("exclude_person", true)];
            let exclude = section.choose("on_conflict", node, &choices).unwrap_or(false);
            return if exclude { Conflict::ExcludePerson } else { Conflict::Error };
        };
        let Some(table) = Section::new("on_conflict", &node.span, node, self.faults) else { return Conflict::Error };
        let (first, last) = (table.text("first_by"), table.text("last_by"));
        table.finish();
        for column in first.iter().chain(&last).filter(|t| !columns.contains_key(&t.text)) {
            let remedy = crate::study::spec::suggest(&column.text, columns.keys().map(String::as_str));
            self.faults.add(&column.span, format!("there is no column `{}`", column.text), remedy);
        }
        match (first, last) {
            (Some(column), None) => Conflict::FirstBy(column.text),
            (None, Some(column)) => Conflict::LastBy(column.text),
            _ => {
                self.faults.add(
                    &node.span,
                    "`on_conflict` needs one of `first_by` and `last_by`",
                    "write { last_by = \"column\" }",
                );
                Conflict::Error
            }
        }
    }

    fn read_coverage(&self, section: &Section<'_>) -> Coverage {
        let coverage = Coverage {
            from: section.day("coverage_from"),
            key_complete_from: section.day("key_complete_from"),
            complete_until: section.day("complete_until"),
            accept_incomplete: section.flag("accept_incomplete"),
        };
        if let (Some(from), Some(until)) = (coverage.from, coverage.complete_until)
            && from > until
        {
            self.faults.add(&section.span, "`coverage_from` is after `complete_until`", "swap them");
        }
        if coverage.accept_incomplete && coverage.complete_until.is_none() {
            let remedy = "say up to which day the rows have arrived";
            self.faults.add(&section.span, "`accept_incomplete` needs `complete_until`", remedy);
        }
        coverage
    }
}

/// What to do about labels that stand in a catalogue of SAS.
pub const CATALOGUE: &str = "write the labels as levels = [{ value = \"1\", label = \"Men\" }, …]; in SAS, \
                             `proc format library=… cntlout=labels;` makes a table of them";

/// How the files are written: from `format`, or from the ending of their names.
pub fn read_format(section: &Section<'_>, files: &[InputFile]) -> FileFormat {
    let choices = [
        ("delimited", FileKind::Text),
        ("parquet", FileKind::Parquet),
        ("stata", FileKind::Stored(StoredFormat::Stata)),
        ("spss", FileKind::Stored(StoredFormat::Spss)),
        ("sas", FileKind::Stored(StoredFormat::Sas)),
    ];
    let declared = section.choice("format", &choices);
    let found: Vec<FileKind> = files.iter().map(|f| FileKind::of_name(&f.written)).collect();
    let other = found.iter().find(|kind| **kind != found[0]);
    if let (None, Some(other)) = (declared, other) {
        let rule = format!("{} mixes {} and {} files", section.what, found[0].name(), other.name());
        section.faults().add(&section.span, rule, "declare two extracts");
    }
    let kind = declared.unwrap_or_else(|| found.first().copied().unwrap_or(FileKind::Text));
    // Nothing in a Stata file before release 14 says how its text is encoded.
    let none: &[&'static str] = match kind {
        FileKind::Text => {
            let is_foreign = refuse_foreign(section, files);
            return FileFormat::Delimited(read_delimited(section, is_foreign || files.is_empty()));
        }
        FileKind::Stored(StoredFormat::Stata) => &["delimiter", "quote", "header"],
        _ => &["delimiter", "encoding", "quote", "header"],
    };
    for entry in none.iter().filter_map(|key| section.entry(key)) {
        section.faults().add(&entry.key_span, format!("a {} file has no `{}`", kind.name(), entry.key), "take it out");
    }
    match kind {
        FileKind::Stored(StoredFormat::Stata) => {
            let encoding = section.choice("encoding", &ENCODINGS);
            FileFormat::Stored { format: StoredFormat::Stata, encoding, decimal: read_decimal(section) }
        }
        FileKind::Stored(format) => FileFormat::Stored { format, encoding: None, decimal: read_decimal(section) },
        _ => FileFormat::Parquet { decimal: read_decimal(section) },
    }
}

/// Whether two paths lead to one file, however they are written.
fn is_same(a: &InputFile, b: &InputFile) -> bool {
    let real = |file: &InputFile| std::fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
    real(a) == real(b)
}

/// Refuses files that are no text; whether there are any.
fn refuse_foreign(section: &Section<'_>, files: &[InputFile]) -> bool {
    let known = files.iter().filter_map(|file| Some((file, foreign::what_it_is(file)?)));
    let known: Vec<_> = known.collect();
    for (file, (what, remedy)) in &known {
        section.faults().add(&section.span, format!("{} is no text: it is {what}", file.written), *remedy);
    }
    !known.is_empty()
}

/// What a file is, by the ending of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Text,
    Parquet,
    Stored(StoredFormat),
}

impl FileKind {
    fn of_name(name: &str) -> FileKind {
        match StoredFormat::of_name(name) {
            Some(format) => FileKind::Stored(format),
            None if name.to_lowercase().ends_with(".parquet") => FileKind::Parquet,
            None => FileKind::Text,
        }
    }

    fn name(self) -> &'static str {
        match self {
            FileKind::Text => "text",
            FileKind::Parquet => "Parquet",
            FileKind::Stored(format) => format.name(),
        }
    }
}

const ENCODINGS: [(&str, Encoding); 4] = [
    ("utf-8", Encoding::Utf8),
    ("latin-1", Encoding::Latin1),
    ("windows-1252", Encoding::Latin1),
    ("utf-16", Encoding::Utf16),
];

fn read_delimited(section: &Section<'_>, quiet: bool) -> Delimited {
    if !section.has("delimiter") && !quiet {
        section.missing("delimiter", "nothing in a file says it: for example delimiter = \";\"");
    }
    if !section.has("encoding") && !quiet {
        section.missing("encoding", "nothing in a file says it: \"utf-8\", \"latin-1\" or \"utf-16\"");
    }
    let no_quote = section.node("quote").and_then(Node::as_text).is_some_and(|t| t.text == "none");
    let (delimiter, encoding) = read_text_form(section, (b';', Encoding::Utf8));
    let delimited = Delimited {
        delimiter,
        quote: if no_quote { None } else { read_byte(section, "quote").or(Some(b'"')) },
        encoding,
        decimal: read_decimal(section),
        header: read_header(section),
    };
    if delimited.quote == Some(delimited.delimiter) {
        section.faults().add(&section.span, "`quote` and `delimiter` are the same character", "correct one of them");
    }
    delimited
}

/// The decimal mark of numbers held as text.
fn read_decimal(section: &Section<'_>) -> Decimal {
    section.choice("decimal", &[(".", Decimal::Point), (",", Decimal::Comma)]).unwrap_or(Decimal::Point)
}

/// `delimiter` and `encoding` of a text file, or these.
pub fn read_text_form(section: &Section<'_>, otherwise: (u8, Encoding)) -> (u8, Encoding) {
    let delimiter = read_byte(section, "delimiter").unwrap_or(otherwise.0);
    (delimiter, section.choice("encoding", &ENCODINGS).unwrap_or(otherwise.1))
}

/// `delimiter` and `encoding` of a text file where they are said.
pub fn read_text_form_if_given(section: &Section<'_>) -> (Option<u8>, Option<Encoding>) {
    (read_byte(section, "delimiter"), section.choice("encoding", &ENCODINGS))
}

/// One plain character.
fn read_byte(section: &Section<'_>, key: &'static str) -> Option<u8> {
    let text = section.text(key)?;
    let byte = <[u8; 1]>::try_from(text.text.as_bytes()).ok().map(|[b]| b).filter(|b| *b != b'\n' && *b != b'\r');
    if byte.is_none() {
        section.faults().add(
            &text.span,
            format!("`{key}` is not one plain character"),
            "write one character of ASCII, \"\\t\" for a tab",
        );
    }
    byte
}

/// `header = true` (or absent), or the names of the fields of a file without one.
fn read_header(section: &Section<'_>) -> Header {
    match section.node("header") {
        None | Some(Node { value: Value::Logical(true), .. }) => Header::FirstRow,
        Some(node @ Node { value: Value::List(_), .. }) => {
            Header::Names(section.texts_of("header", node).into_iter().map(|t| t.text).collect())
        }
        Some(node) => {
            let remedy = "for a file without header, list its fields in order: header = [\"id\", \"value\"]";
            section.faults().add(&node.span, "`header` is not a list of names", remedy);
            Header::FirstRow
        }
    }
}
