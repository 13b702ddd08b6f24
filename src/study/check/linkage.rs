//! `[linkage]` or `[[linkage]]`, and the person keys of extracts.

use super::{Context, columns, names};
use crate::study::extract::Key;
use crate::study::spec::{Entry, Section, Text, Value, list_of, suggest};
use crate::study::{Linkage, LinkageFile, Span};
use indexmap::IndexMap;

impl Context<'_> {
    /// `[linkage]`, or a list of `[[linkage]]` where keys are reached through others.
    pub fn read_linkage(&mut self, root: &Section<'_>) {
        let Some(entry) = root.entry("linkage") else { return };
        let sections = match entry.node.value {
            Value::List(_) => root.sections("linkage", "[[linkage]]"),
            _ => root.section("linkage", "[linkage]").into_iter().collect(),
        };
        let files: Vec<LinkageFile> = sections.iter().map(|section| self.read_linkage_file(section)).collect();
        if !files.is_empty() {
            self.linkage = Some(Linkage { files });
        }
    }

    fn read_linkage_file(&self, section: &Section<'_>) -> LinkageFile {
        let files = self.read_files(section);
        let format = super::extracts::read_format(section, &files);
        let mut keys = IndexMap::new();
        match section.section("keys", format!("{} keys", section.what)) {
            Some(table) => {
                for entry in table.all() {
                    names::check(&entry.key, &entry.key_span, self.faults);
                    let mut key = self.read_key_columns(section, entry);
                    key.spelling = Some(entry.key.clone());
                    keys.insert(entry.key.clone(), key);
                }
                if table.all().len() < 2 {
                    let rule = "a linkage file has two spellings of the key at least";
                    self.faults.add(&table.span, rule, "add the column of the other spelling");
                }
            }
            None if !section.has("keys") => {
                section.missing("keys", "for example keys = { ssb = \"lopenr\", npr = \"npr_lopenr\" }")
            }
            None => {}
        }
        if !section.has("min_matched") {
            section.missing("min_matched", "the least share of keys that must be found, for example 0.95");
        }
        let min_matched = section.number("min_matched", 0.0, 1.0).unwrap_or(1.0);
        let several_rows = section.flag("several_rows");
        section.finish();
        LinkageFile { span: section.span.clone(), files, format, keys, several_rows, min_matched }
    }

    /// Puts the linkage files in the order in which they reach the persons, from the spelling of the population on.
    pub fn order_linkage(&mut self, population: &str) {
        let Some(linkage) = &self.linkage else { return };
        let Some(spelling) = self.extracts.get(population).and_then(|e| e.key.spelling.clone()) else { return };
        let mut waiting = linkage.files.clone();
        let (mut known, mut ordered) = (vec![spelling.clone()], Vec::new());
        while let Some(next) = waiting.iter().position(|f| f.keys.keys().any(|k| known.contains(k))) {
            let file = waiting.remove(next);
            known.extend(file.keys.keys().cloned());
            ordered.push(file);
        }
        for file in &waiting {
            let rule = match ordered.is_empty() {
                true => format!("no linkage file has the spelling `{spelling}` of the population"),
                false => format!("{} shares no spelling with the other linkage files", file.name()),
            };
            let remedy = "name its spellings as the other files do: the chain begins at the population, and each file has a \
                          spelling of one before it";
            self.faults.add(&file.span, rule, remedy);
        }
        self.linkage = Some(Linkage { files: ordered });
    }

    /// The person key of an extract: `key = "lopenr"`, `key = ["lopenr", "lnr"]` or a table.
    pub fn read_key(&self, section: &Section<'_>) -> Key {
        let Some(entry) = section.entry("key") else {
            section.missing("key", "for example key = { column = \"lopenr\" }");
            return empty_key(&section.span);
        };
        let mut key = self.read_key_columns(section, entry);
        let spelling = match entry.node.value {
            Value::Table(_) => {
                Section::new("key", &entry.key_span, &entry.node, self.faults).and_then(|table| table.text("spelling"))
            }
            _ => None,
        };
        self.check_spelling(spelling.as_ref(), &key.span);
        key.spelling = spelling.map(|t| t.text);
        key
    }

    /// The columns of a key and how it is brought to its shape; of an extract or of a linkage file.
    fn read_key_columns(&self, parent: &Section<'_>, entry: &Entry) -> Key {
        let mut key = empty_key(&entry.key_span);
        if !matches!(entry.node.value, Value::Table(_)) {
            key.aliases = parent.texts_of(&entry.key, &entry.node).into_iter().map(|t| t.text).collect();
            return key;
        }
        let what = format!("`{}` of {}", entry.key, parent.what);
        let Some(table) = Section::new(what, &entry.key_span, &entry.node, self.faults) else { return key };
        match table.node("column") {
            Some(node) => key.aliases = table.texts_of("column", node).into_iter().map(|t| t.text).collect(),
            None => table.missing("column", "the name of the key column, or a list of the names it has"),
        }
        table.know(if entry.key == "key" { &["spelling"] } else { &[] });
        key.clean = columns::read_steps(&table);
        key.strip_prefix = table.text("strip_prefix").map(|t| t.text);
        key.width = table.whole("width", 1, 64).map(|n| n as usize);
        table.finish();
        key
    }

    fn check_spelling(&self, spelling: Option<&Text>, span: &Span) {
        match (&self.linkage, spelling) {
            (Some(linkage), None) => {
                let known = list_of(linkage.spellings().into_iter());
                let rule = "the key's spelling is not said, and the study has a linkage file";
                self.faults.add(span, rule, format!("set spelling to {known}"));
            }
            (Some(linkage), Some(text)) if !linkage.spellings().contains(&text.text.as_str()) => {
                let remedy = suggest(&text.text, linkage.spellings().into_iter());
                self.faults.add(&text.span, format!("[linkage] has no spelling `{}`", text.text), remedy);
            }
            (None, Some(text)) => {
                let remedy = "declare [linkage], or take `spelling` out when all extracts spell the key alike";
                self.faults.add(&text.span, "there is no [linkage] to look the spelling up in", remedy);
            }
            _ => {}
        }
    }
}

fn empty_key(span: &Span) -> Key {
    Key { span: span.clone(), aliases: Vec::new(), spelling: None, clean: Vec::new(), strip_prefix: None, width: None }
}
