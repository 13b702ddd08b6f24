//! The study file as written: the TOML tree with the place of every key and value, and the means to read it
//! section by section while faults are gathered.
//!
//! A derived `serde` structure stops at its first fault. Here every wrong type, unknown key and missing choice is
//! noted and reading goes on, so that a study file's faults are shown together.

use super::Span;
use super::fault::Fault;
use crate::day::Day;
use crate::formula::nearest;
use std::cell::RefCell;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value of the study file and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its place.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// A value of the study file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A real number.
    Number(f64),
    /// True or false.
    Logical(bool),
    /// A calendar day.
    Day(Day),
    /// A list.
    List(Vec<Node>),
    /// A table: keys in file order.
    Table(Vec<Entry>),
    /// Something that no key of a study takes: a clock time, a number out of range.
    Other,
}

/// A key, its place and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Its place.
    pub key_span: Span,
    /// Its value.
    pub node: Node,
}

/// Faults gathered so far.
#[derive(Debug, Default)]
pub struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    /// Notes a fault: the broken rule at `span` and what to do about it.
    pub fn add(&self, span: &Span, rule: impl Into<String>, remedy: impl Into<String>) {
        let fault = Fault { span: span.clone(), rule: rule.into(), remedy: remedy.into() };
        debug_assert!(!fault.rule.is_empty() && !fault.remedy.is_empty(), "a message needs rule and remedy: {fault:?}");
        self.0.borrow_mut().push(fault);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The faults in file order, each once.
    pub fn into_sorted(self) -> Vec<Fault> {
        let mut faults = self.0.into_inner();
        faults.sort_by(|a, b| (a.span.start, a.span.end, &a.rule).cmp(&(b.span.start, b.span.end, &b.rule)));
        faults.dedup();
        faults
    }
}

/// Reads the text of a study file; syntax faults are noted and the rest is read as far as it goes.
pub fn parse(text: &str, faults: &Faults) -> Node {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let rule = error.message().trim_end_matches('\n').replace('\n', ", ");
        faults.add(&span, rule, "the file is TOML: key = value, texts in quotes, sections in [brackets]");
    }
    let span = table.span();
    Node { span, value: Value::Table(entries(table.get_ref())) }
}

fn entries(table: &DeTable<'_>) -> Vec<Entry> {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<std::borrow::Cow<'_, str>> = key;
        Entry { key: key.get_ref().to_string(), key_span: key.span(), node: node(value) }
    };
    table.iter().map(entry).collect()
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let read = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).map_or(Value::Other, Value::Whole),
        DeValue::Float(x) => {
            x.as_str().parse().ok().filter(|x: &f64| x.is_finite()).map_or(Value::Other, Value::Number)
        }
        DeValue::Boolean(b) => Value::Logical(*b),
        DeValue::Datetime(t) => match (t.date, t.time) {
            (Some(d), None) => {
                Day::from_ymd(d.year.into(), d.month.into(), d.day.into()).map_or(Value::Other, Value::Day)
            }
            _ => Value::Other,
        },
        DeValue::Array(list) => Value::List(list.iter().map(node).collect()),
        DeValue::Table(table) => Value::Table(entries(table)),
    };
    Node { span: value.span(), value: read }
}

/// A text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Its place, quotes included.
    pub span: Span,
}

impl Node {
    /// What the value is, in words.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Whole(_) => "a whole number",
            Value::Number(_) => "a number",
            Value::Logical(_) => "true or false",
            Value::Day(_) => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other => "of no known type",
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<Text> {
        match &self.value {
            Value::Text(text) => Some(Text { text: text.clone(), span: self.span.clone() }),
            _ => None,
        }
    }

    /// The number, whole or not, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self.value {
            Value::Whole(n) => Some(n as f64),
            Value::Number(x) => Some(x),
            _ => None,
        }
    }
}

/// A table of the study file while it is read: keys asked for are known keys, the others are faults.
pub struct Section<'a> {
    /// What messages call it: `[extract.persons]`.
    pub what: String,
    /// Where it is.
    pub span: Span,
    entries: &'a [Entry],
    asked: RefCell<Vec<&'static str>>,
    faults: &'a Faults,
}

impl<'a> Section<'a> {
    /// The section of a table; a fault and `None` when the value is none.
    pub fn new(what: impl Into<String>, key_span: &Span, node: &'a Node, faults: &'a Faults) -> Option<Section<'a>> {
        let what = what.into();
        let Value::Table(entries) = &node.value else {
            let remedy = "write its keys below a [section] of its own, or in { braces }";
            faults.add(&node.span, format!("{what} is {}, not a table", node.kind()), remedy);
            return None;
        };
        Some(Section { what, span: key_span.clone(), entries, asked: RefCell::default(), faults })
    }

    /// Where the faults go.
    pub fn faults(&self) -> &'a Faults {
        self.faults
    }

    /// All entries, in file order; every key counts as known.
    pub fn all(&self) -> &'a [Entry] {
        self.entries
    }

    /// Declares keys known without reading them.
    pub fn know(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// The entry of a key.
    pub fn entry(&self, key: &'static str) -> Option<&'a Entry> {
        self.asked.borrow_mut().push(key);
        self.entries.iter().find(|e| e.key == key)
    }

    /// The value of a key.
    pub fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.entry(key).map(|e| &e.node)
    }

    /// Whether the key is written.
    pub fn has(&self, key: &'static str) -> bool {
        self.entry(key).is_some()
    }

    /// Notes that a value is not what was expected.
    pub fn expected(&self, key: &str, node: &Node, wanted: &str) {
        self.faults.add(&node.span, format!("`{key}` is {}", node.kind()), format!("write {wanted}"));
    }

    /// Notes that a required key is absent.
    pub fn missing(&self, key: &str, remedy: &str) {
        self.faults.add(&self.span, format!("{} needs `{key}`", self.what), remedy);
    }

    /// A text.
    pub fn text(&self, key: &'static str) -> Option<Text> {
        let node = self.node(key)?;
        let text = node.as_text();
        if text.is_none() {
            self.expected(key, node, "a text in quotes");
        }
        text
    }

    /// A text that must be there and say something; an empty text and a fault when it is not there.
    pub fn required_text(&self, key: &'static str, remedy: &str) -> Text {
        let text = self.present_text(key, remedy);
        if self.has(key) && text.text.trim().is_empty() && self.node(key).is_some_and(|node| node.as_text().is_some()) {
            self.faults.add(&text.span, format!("`{key}` is empty"), remedy);
        }
        text
    }

    /// A text that must be there and may be blank; an empty text and a fault when it is not there.
    pub fn present_text(&self, key: &'static str, remedy: &str) -> Text {
        if !self.has(key) {
            self.missing(key, remedy);
        }
        self.text(key).unwrap_or(Text { text: String::new(), span: self.span.clone() })
    }

    /// True or false; false when absent.
    pub fn flag(&self, key: &'static str) -> bool {
        match self.node(key) {
            None => false,
            Some(Node { value: Value::Logical(b), .. }) => *b,
            Some(node) => {
                self.expected(key, node, "true or false");
                false
            }
        }
    }

    /// A number between two limits, both included.
    pub fn number(&self, key: &'static str, least: f64, most: f64) -> Option<f64> {
        let node = self.node(key)?;
        let number = node.as_number().filter(|x| (least..=most).contains(x));
        if number.is_none() {
            self.expected(key, node, &format!("a number from {least} to {most}"));
        }
        number
    }

    /// A whole number between two limits, both included.
    pub fn whole(&self, key: &'static str, least: i64, most: i64) -> Option<i64> {
        let node = self.node(key)?;
        match node.value {
            Value::Whole(n) if (least..=most).contains(&n) => Some(n),
            Value::Whole(_) => {
                let remedy = format!("write a whole number from {least} to {most}");
                self.faults.add(&node.span, format!("`{key}` is out of range"), remedy);
                None
            }
            _ => {
                self.expected(key, node, "a whole number");
                None
            }
        }
    }

    /// A calendar day, written as a TOML date.
    pub fn day(&self, key: &'static str) -> Option<Day> {
        let node = self.node(key)?;
        match &node.value {
            Value::Day(day) => Some(*day),
            Value::Text(_) => {
                self.faults.add(
                    &node.span,
                    format!("`{key}` is a text, expected a date"),
                    "write 2010-01-31 without quotes",
                );
                None
            }
            _ => {
                self.expected(key, node, "a date as 2010-01-31 without quotes");
                None
            }
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let node = self.node(key)?;
        self.choose(key, node, choices)
    }

    /// One of a few words, from a value at hand.
    pub fn choose<T: Copy>(&self, key: &str, node: &Node, choices: &[(&str, T)]) -> Option<T> {
        let Some(text) = node.as_text() else {
            self.expected(key, node, &list_of(choices.iter().map(|(word, _)| *word)));
            return None;
        };
        let found = choices.iter().find(|(word, _)| *word == text.text).map(|(_, value)| *value);
        if found.is_none() {
            let words = list_of(choices.iter().map(|(word, _)| *word));
            self.faults.add(&node.span, format!("`{key}` cannot be \"{}\"", text.text), format!("choose {words}"));
        }
        found
    }

    /// A list of numbers; empty when absent.
    pub fn numbers(&self, key: &'static str) -> Vec<f64> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let items = match &node.value {
            Value::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        let finite = |n: &Node| n.as_number().filter(|x| x.is_finite());
        if items.iter().any(|n| finite(n).is_none()) {
            self.faults.add(&node.span, format!("`{key}` is no list of numbers"), "for example [30, 90]");
        }
        items.into_iter().filter_map(finite).collect()
    }

    /// The texts of a key that holds one or a list of them.
    pub fn texts(&self, key: &'static str) -> Vec<Text> {
        self.node(key).map_or(Vec::new(), |node| self.texts_of(key, node))
    }

    /// A text or a list of texts, from a value at hand.
    pub fn texts_of(&self, key: &str, node: &Node) -> Vec<Text> {
        match &node.value {
            Value::Text(_) => node.as_text().into_iter().collect(),
            Value::List(items) => {
                let wrong = items.iter().find(|item| item.as_text().is_none());
                if let Some(item) = wrong {
                    let is_number = item.as_number().is_some();
                    let remedy =
                        if is_number { "write codes in quotes: a code is text" } else { "write texts in quotes" };
                    self.faults.add(&item.span, format!("an item of `{key}` is {}", item.kind()), remedy);
                }
                items.iter().filter_map(Node::as_text).collect()
            }
            _ => {
                self.expected(key, node, "a text or a list of texts");
                Vec::new()
            }
        }
    }

    /// A table below this one.
    pub fn section(&self, key: &'static str, what: impl Into<String>) -> Option<Section<'a>> {
        let entry = self.entry(key)?;
        Section::new(what, &entry.key_span, &entry.node, self.faults)
    }

    /// The tables of a list of tables (`[[cohort.step]]`); none when absent.
    pub fn sections(&self, key: &'static str, what: &str) -> Vec<Section<'a>> {
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let Value::List(items) = &entry.node.value else {
            self.faults.add(
                &entry.node.span,
                format!("`{key}` is {}", entry.node.kind()),
                format!("begin each with {what}"),
            );
            return Vec::new();
        };
        items.iter().filter_map(|item| Section::new(what, &item.span, item, self.faults)).collect()
    }

    /// Notes keys that nobody asked for. To be called when all known keys have been asked for.
    pub fn finish(&self) {
        let asked = self.asked.borrow();
        for entry in self.entries.iter().filter(|e| !asked.contains(&e.key.as_str())) {
            let remedy = match nearest(&entry.key, asked.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => {
                    let mut known: Vec<&str> = asked.clone();
                    known.sort_unstable();
                    known.dedup();
                    format!("known keys: {}", known.join(", "))
                }
            };
            self.faults.add(&entry.key_span, format!("unknown key `{}` in {}", entry.key, self.what), remedy);
        }
    }
}

/// `"a", "b" or "c"`.
pub fn list_of<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let quoted: Vec<String> = words.map(|w| format!("\"{w}\"")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Did-you-mean, or the names there are.
pub fn suggest<'n>(wrong: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    // Among codes of one or two characters every one is near every other.
    match nearest(wrong, names.clone()).filter(|_| wrong.chars().count() > 2) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let names: Vec<&str> = names.collect();
            if names.is_empty() {
                "none is declared: declare it".into()
            } else {
                format!("declared: {}", names.join(", "))
            }
        }
    }
}
