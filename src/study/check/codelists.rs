//! Code lists: `include` and `except`, `groups`, or a file.

use super::{Context, names};
use crate::study::spec::{Section, Text};
use crate::study::{CodeItem, CodeList, Encoding, Matching, Precedence, files};
use std::collections::BTreeMap;
use std::fs;

impl Context<'_> {
    /// Every `[codelist.NAME]`.
    pub fn read_codelists(&mut self, root: &Section<'_>) {
        let Some(all) = root.section("codelist", "[codelist]") else { return };
        for entry in all.all() {
            names::check(&entry.key, &entry.key_span, self.faults);
            let what = format!("[codelist.{}]", entry.key);
            let section = Section::new(what, &entry.key_span, &entry.node, self.faults);
            match section.and_then(|section| self.read_codelist(&entry.key, &section)) {
                Some(list) => _ = self.codelists.insert(entry.key.clone(), list),
                None => _ = self.broken_lists.insert(entry.key.clone()),
            }
        }
    }

    fn read_codelist(&self, name: &str, section: &Section<'_>) -> Option<CodeList> {
        let forms = ["include", "groups", "file"].map(|key| (key, section.has(key)));
        let written: Vec<&str> = forms.iter().filter(|(_, has)| *has).map(|(key, _)| *key).collect();
        let list = match written[..] {
            ["include"] => {
                let items = self.read_items(&section.texts("include")).into_iter().map(|item| (item, 0)).collect();
                Some(CodeList { values: vec![name.to_owned()], items, ..empty() })
            }
            ["groups"] => {
                let groups = section.section("groups", format!("groups of [codelist.{name}]"))?;
                Some(self.read_groups(&groups, Matching::Prefix))
            }
            ["file"] => self.read_file(section),
            _ => {
                let rule = format!("{} does not say its codes in one way", section.what);
                self.faults.add(&section.span, rule, "write one of `include`, `groups` and `file`");
                None
            }
        };
        let choices = [("exact", Matching::Exact), ("prefix", Matching::Prefix)];
        let matching = section.choice("match", &choices);
        let mut except = self.read_items(&section.texts("except"));
        let system = section.text("system").map(|t| t.text);
        section.finish();
        let list = list?;
        let matching = matching.unwrap_or(list.matching);
        self.check_except(section, &list, &except, matching);
        except.extend(list.except.iter().cloned());
        Some(CodeList { except, matching, system, ..list })
    }

    /// An exception that takes nothing out is a slip.
    fn check_except(&self, section: &Section<'_>, list: &CodeList, except: &[CodeItem], matching: Matching) {
        let overlaps = |item: &CodeItem, except: &CodeItem| {
            let (first, last) = ends(except);
            let (item_first, item_last) = ends(item);
            item.covers(first, matching)
                || item.covers(last, matching)
                || except.covers(item_first, matching)
                || except.covers(item_last, matching)
        };
        for exception in except.iter().filter(|e| !list.items.iter().any(|(item, _)| overlaps(item, e))) {
            let span = section.node("except").map_or(&section.span, |n| &n.span);
            let rule = format!("`{exception}` is not in the list it is taken out of");
            self.faults.add(span, rule, "correct it, or take it out of `except`");
        }
    }

    fn read_items(&self, texts: &[Text]) -> Vec<CodeItem> {
        let read = |text: &Text| {
            let item = CodeItem::new(&text.text);
            if item.is_none() {
                let rule = format!("\"{}\" is neither a code nor a range", text.text);
                let remedy =
                    "write a code such as \"P76\", or a range whose ends have one length and run upwards: \"P01-P16\"";
                self.faults.add(&text.span, rule, remedy);
            }
            item
        };
        texts.iter().filter_map(read).collect()
    }

    /// Groups in the order written: `{ depression = ["P03", "P76"], … }`.
    pub fn read_groups(&self, groups: &Section<'_>, matching: Matching) -> CodeList {
        let mut list = CodeList { matching, ..empty() };
        for entry in groups.all() {
            let items = self.read_items(&groups.texts_of(&entry.key, &entry.node));
            if items.is_empty() {
                let rule = format!("group `{}` has no code", entry.key);
                self.faults.add(&entry.key_span, rule, "list its codes, or take the group out");
            }
            list.items.extend(items.into_iter().map(|item| (item, list.values.len())));
            list.values.push(entry.key.clone());
        }
        list
    }

    /// A text file (comma and UTF-8 unless the study says otherwise, header) with a column of codes and one of values; a
    /// code that begins with `!` is an exception.
    fn read_file(&self, section: &Section<'_>) -> Option<CodeList> {
        let written = section.text("file")?;
        let code = section.text("code").map_or("code".to_owned(), |t| t.text);
        let value = section.text("value");
        let faults = self.faults;
        let file = match files::resolve(&self.study_folder, &written.text) {
            Ok(files) => files.into_iter().next()?,
            Err(rule) => {
                faults.add(&written.span, rule, "correct the path, which is relative to the folder of the study file");
                return None;
            }
        };
        let (delimiter, encoding) = super::extracts::read_text_form(section, (b',', Encoding::Utf8));
        let clean = super::columns::read_steps(section);
        let Ok(bytes) = fs::read(&file.path) else {
            faults.add(&written.span, format!("`{}` cannot be read", file.written), "check its permissions");
            return None;
        };
        let (text, _, damaged) = encoding.decoder().decode(&bytes);
        if damaged {
            let rule = format!("`{}` is not {}", file.written, encoding.name());
            faults.add(&written.span, rule, "set `encoding`, or save the code list as UTF-8");
            return None;
        }
        let rows = read_rows(&text, delimiter, &code, value.as_ref().map(|t| t.text.as_str()));
        let fault =
            |(rule, remedy): (String, String)| faults.add(&written.span, format!("{}: {rule}", file.written), remedy);
        let rows = rows.map_err(fault).ok()?;
        let mut list = CodeList { matching: Matching::Exact, precedence: Precedence::Longest, ..empty() };
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for Row { number, code, value } in rows {
            let excepted = code.starts_with('!');
            let code = clean.iter().fold(code.trim_start_matches('!').to_owned(), |code, step| step.apply(&code));
            let place = format!("{}, row {number}", file.written);
            if let Some(first) = seen.insert(code.clone(), number) {
                faults.add(
                    &written.span,
                    format!("{place}: the code stands in row {first} already"),
                    "keep one of the rows: a code has one value",
                );
            }
            let Some(item) = CodeItem::new(&code) else {
                let remedy = "write one code, or a range such as P01-P16, in a row";
                faults.add(&written.span, format!("{place}: neither a code nor a range"), remedy);
                continue;
            };
            if excepted {
                list.except.push(item);
                continue;
            }
            if value.is_empty() {
                let remedy = "fill in its value, or take the row out";
                faults.add(&written.span, format!("{place}: the code has no value"), remedy);
            }
            let known = list.values.iter().position(|v| *v == value);
            let index = known.unwrap_or_else(|| {
                list.values.push(value);
                list.values.len() - 1
            });
            list.items.push((item, index));
        }
        Some(list)
    }

    /// Looks up a code list; a fault when there is none. `None` also for a list that has a fault itself.
    pub fn codelist(&self, name: &Text) -> Option<&CodeList> {
        let found = self.codelists.get(&name.text);
        if found.is_none() && !self.broken_lists.contains(&name.text) && !name.text.is_empty() {
            let remedy = crate::study::spec::suggest(&name.text, self.codelists.keys().map(String::as_str));
            self.faults.add(&name.span, format!("there is no code list `{}`", name.text), remedy);
        }
        found
    }
}

fn empty() -> CodeList {
    CodeList {
        values: Vec::new(),
        items: Vec::new(),
        except: Vec::new(),
        matching: Matching::Prefix,
        precedence: Precedence::Order,
        system: None,
    }
}

fn ends(item: &CodeItem) -> (&str, &str) {
    match item {
        CodeItem::Code(code) | CodeItem::Stem(code) => (code, code),
        CodeItem::Range(first, last) => (first, last),
    }
}

/// A row of a code-list file; the header is row 1.
struct Row {
    number: usize,
    code: String,
    value: String,
}

/// Without a column of values every code has the value `listed`.
///
/// Errors: the rule that is broken, and its remedy.
fn read_rows(text: &str, delimiter: u8, code: &str, value: Option<&str>) -> Result<Vec<Row>, (String, String)> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let fault = |rule: String, remedy: &str| (rule, remedy.to_owned());
    let no_header =
        |_| fault("the header cannot be read".to_owned(), "give the columns of the file names in its first row");
    let header = reader.headers().map_err(no_header)?.clone();
    let find = |name: &str| {
        let position = header.iter().position(|h| h.eq_ignore_ascii_case(name));
        let known = || header.iter().collect::<Vec<_>>().join(", ");
        let remedy = "name its columns with `code` and `value`, and say its `delimiter`";
        position.ok_or_else(|| fault(format!("there is no column `{name}`, only {}", known()), remedy))
    };
    let code = find(code)?;
    let value = value.map(find).transpose()?;
    let mut rows = Vec::new();
    for (i, record) in reader.records().enumerate() {
        let number = i + 2;
        let remedy = "repair the row; a value that holds the delimiter stands in quotes";
        let ragged = |_| fault(format!("row {number} does not have the fields of the header"), remedy);
        let record = record.map_err(ragged)?;
        let field = |column: usize| record.get(column).unwrap_or("").to_owned();
        rows.push(Row { number, code: field(code), value: value.map_or("listed".into(), field) });
    }
    Ok(rows)
}
