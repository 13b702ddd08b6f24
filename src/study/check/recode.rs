//! From raw values to numbers and levels: cut points, groups, code lists, overrides, missing values.

use super::Context;
use crate::study::covariate::*;
use crate::study::extract::ColumnSpec;
use crate::study::spec::{Node, Section, Text, Value, suggest};
use crate::study::{CodeItem, CodeList, Matching, Precedence, Sql};

/// What the source of a covariate gives.
#[derive(Debug, Clone)]
pub enum Raw {
    /// Numbers.
    Number,
    /// Texts of a code column, with its levels if it declares them.
    Text {
        /// The column's levels.
        levels: Option<Vec<String>>,
        /// The column.
        column: Box<ColumnSpec>,
    },
    /// The levels of another covariate.
    Levels(Vec<String>),
    /// `no` or `yes`.
    YesNo,
    /// Several codes.
    Codes {
        /// The column.
        column: Box<ColumnSpec>,
    },
    /// What an SQL expression gives, as the other keys say.
    Sql,
    /// Not known, because the source has a fault.
    Unknown,
}

/// The keys of kinds, for a covariate whose kind is not known.
const KEYS: [&str; 10] =
    ["cut", "open_end", "labels", "levels", "reference", "prefix", "unlisted", "override", "if_missing", "group"];

/// A factor without levels stands for "not known": what names it cannot be checked.
fn unknown_kind() -> Kind {
    Kind::Factor(FactorRules {
        levels: Vec::new(),
        reference: 0,
        recode: Recode::AsIs,
        unlisted: Unlisted::Error,
        overrides: Vec::new(),
        if_missing: IfMissing::Error,
        file_labels: false,
    })
}

impl Context<'_> {
    /// The kind of a covariate, and the texts of its override conditions.
    pub fn read_kind(&self, section: &Section<'_>, raw: Raw) -> (Kind, Vec<Text>) {
        let forms = ["cut", "codelist", "group"].map(|key| (key, section.has(key)));
        let written: Vec<&str> = forms.iter().filter(|(_, has)| *has).map(|(key, _)| *key).collect();
        if written.len() > 1 {
            let rule = format!("{} has several rules for its levels: {}", section.what, written.join(", "));
            self.faults.add(&section.span, rule, "keep one");
        }
        let form = written.first().copied();
        let is_text = matches!(raw, Raw::Text { .. } | Raw::Levels(_) | Raw::YesNo | Raw::Codes { .. });
        if form == Some("cut") {
            if is_text {
                let span = section.node("cut").map_or(&section.span, |n| &n.span);
                self.faults.add(span, "`cut` needs a number, and this is a code", "use `group` or `codelist`");
                section.know(&KEYS);
                return (unknown_kind(), Vec::new());
            }
            return self.read_cut(section);
        }
        if is_text || form.is_some() || section.has("levels") {
            if matches!(raw, Raw::Number) {
                let rule = format!("{} is a number: it has no levels", section.what);
                self.faults.add(&section.span, rule, "use `cut` for classes of a number");
            }
            return self.read_levels(section, raw, form);
        }
        if matches!(raw, Raw::Unknown) {
            section.know(&KEYS);
            return (unknown_kind(), Vec::new());
        }
        let (overrides, conditions) = self.read_overrides(section, |node| self.number_of(node));
        let if_missing = self.read_if_missing(section, |node| self.number_of(node), "value");
        (Kind::Number { overrides, if_missing }, conditions)
    }

    fn number_of(&self, node: &Node) -> Option<f64> {
        let number = node.as_number();
        if number.is_none() {
            self.faults.add(
                &node.span,
                format!("the value is {}", node.kind()),
                "write a number: the covariate is one",
            );
        }
        number
    }

    /// `cut`, `open_end`, `labels`.
    fn read_cut(&self, section: &Section<'_>) -> (Kind, Vec<Text>) {
        let open_end = section.flag("open_end");
        let edges = self.read_edges(section);
        let cut = Cut { edges, open_end };
        if let Some(entry) = section.entry("levels") {
            self.faults.add(&entry.key_span, "`cut` makes the levels", "use `labels` to name them");
        }
        let labels = if section.has("labels") { section.texts("labels") } else { Vec::new() };
        let names: Vec<String> = match labels.len() {
            0 => cut.labels(),
            _ => labels.iter().map(|t| t.text.clone()).collect(),
        };
        if names.len() != cut.n_classes() {
            let span = section.node("labels").map_or(&section.span, |n| &n.span);
            let rule = format!("`cut` makes {} classes, and there are {} labels", cut.n_classes(), names.len());
            self.faults.add(span, rule, "give each class a label");
        }
        let levels = names.into_iter().map(|name| Level { value: name.clone(), label: name }).collect();
        self.finish_factor(section, levels, Recode::Cut(cut))
    }

    fn read_edges(&self, section: &Section<'_>) -> Vec<f64> {
        let Some(node) = section.node("cut") else { return vec![0.0, 1.0, 2.0] };
        let edges: Option<Vec<f64>> = match &node.value {
            Value::List(items) => items.iter().map(Node::as_number).collect(),
            _ => None,
        };
        let Some(edges) = edges.filter(|e| !e.is_empty()) else {
            self.faults.add(&node.span, "`cut` is not a list of numbers", "for example cut = [18, 25, 35]");
            return vec![0.0, 1.0, 2.0];
        };
        if edges.windows(2).any(|pair| pair[0] >= pair[1]) {
            self.faults.add(
                &node.span,
                "`cut` does not run upwards",
                "write where each class begins, from the lowest up",
            );
        }
        edges
    }

    /// Levels of texts: as they are, by groups, or by a code list.
    fn read_levels(&self, section: &Section<'_>, raw: Raw, form: Option<&str>) -> (Kind, Vec<Text>) {
        let prefix = section.whole("prefix", 1, 64).map(|n| n as usize);
        let list = match form {
            Some("codelist") => section.text("codelist").and_then(|name| {
                let list = self.codelist(&name)?;
                if let Raw::Text { column, .. } | Raw::Codes { column } = &raw {
                    self.check_system(list, column, &name.span);
                    if prefix.is_none() {
                        self.check_reach(list, column, &name.span);
                    }
                }
                Some(list.clone())
            }),
            Some(_) => section.section("group", format!("group of {}", section.what)).map(|groups| {
                let list = self.read_groups(&groups, Matching::Exact);
                self.check_groups(&groups, &list, prefix);
                list
            }),
            None => None,
        };
        let declared = section.node("levels").map(|node| self.read_level_list(section, node));
        let levels = match (declared, &list) {
            (Some(levels), _) => levels,
            (None, Some(list)) => list.values.iter().map(|v| Level { value: v.clone(), label: v.clone() }).collect(),
            (None, None) if matches!(raw, Raw::YesNo) => [("no", "No"), ("yes", "Yes")]
                .map(|(value, label)| Level { value: value.to_owned(), label: label.to_owned() })
                .to_vec(),
            (None, None) => {
                if form.is_none() {
                    section.missing("levels", "list its values in the order of the tables, the reference first");
                }
                Vec::new()
            }
        };
        if let (Raw::Codes { .. }, None) = (&raw, form) {
            self.faults.add(&section.span, "an event may have several codes", "say with `codelist` which group counts");
        }
        let recode = self.recode(list, prefix, &levels);
        self.check_levels(section, &levels, &recode, &raw, prefix);
        let file_labels = self.read_file_labels(section, &recode);
        let (mut kind, conditions) = self.finish_factor(section, levels, recode);
        if let Kind::Factor(rules) = &mut kind {
            rules.file_labels = file_labels;
        }
        (kind, conditions)
    }

    /// `labels = "file"`: levels that are the values of a file take its labels.
    fn read_file_labels(&self, section: &Section<'_>, recode: &Recode) -> bool {
        let chosen = section.choice("labels", &[("file", true)]).unwrap_or(false);
        if let (true, Recode::List { .. }, Some(entry)) = (chosen, recode, section.entry("labels")) {
            let remedy = "write levels = [{ value, label }, …]";
            self.faults.add(&entry.key_span, "a file labels its values, and these levels are groups of them", remedy);
        }
        chosen
    }

    /// A prefix without a list looks the first characters up among the levels.
    fn recode(&self, list: Option<CodeList>, prefix: Option<usize>, levels: &[Level]) -> Recode {
        match (list, prefix) {
            (Some(list), prefix) => Recode::List { prefix, list },
            (None, None) => Recode::AsIs,
            (None, Some(_)) => {
                let values: Vec<String> = levels.iter().map(|l| l.value.clone()).collect();
                let items = values.iter().enumerate().map(|(i, v)| (CodeItem::Code(v.clone()), i)).collect();
                let list = CodeList {
                    values,
                    items,
                    except: Vec::new(),
                    matching: Matching::Exact,
                    precedence: Precedence::Order,
                    system: None,
                };
                Recode::List { prefix, list }
            }
        }
    }

    fn read_level_list(&self, section: &Section<'_>, node: &Node) -> Vec<Level> {
        let Value::List(items) = &node.value else {
            section.expected("levels", node, "a list as [{ value = \"1\", label = \"Men\" }, …]");
            return Vec::new();
        };
        let mut levels: Vec<Level> = Vec::new();
        for item in items {
            let level = match item.as_text() {
                Some(text) => Some(Level { value: text.text.clone(), label: text.text }),
                None => Section::new("a level", &item.span, item, self.faults).map(|table| {
                    let value = table.present_text("value", "the value as it stands in the data").text;
                    let label = table.text("label").map_or(value.clone(), |t| t.text);
                    table.finish();
                    Level { value, label }
                }),
            };
            let Some(level) = level else { continue };
            if levels.iter().any(|l| l.value == level.value) {
                self.faults.add(&item.span, format!("level \"{}\" is listed twice", level.value), "take one out");
            } else if levels.iter().any(|l| l.label == level.label) {
                self.faults.add(
                    &item.span,
                    format!("two levels have the label \"{}\"", level.label),
                    "give one of them another: tables could not tell them apart",
                );
            }
            levels.push(level);
        }
        levels
    }

    /// In groups of values each value has one group, and only `prefix` characters can match.
    fn check_groups(&self, groups: &Section<'_>, list: &CodeList, prefix: Option<usize>) {
        for (i, (item, group)) in list.items.iter().enumerate() {
            let codes = match item {
                CodeItem::Code(code) | CodeItem::Stem(code) => vec![code.as_str()],
                CodeItem::Range(first, last) => vec![first.as_str(), last.as_str()],
            };
            let other =
                list.items[..i].iter().find(|(earlier, _)| codes.iter().any(|c| earlier.covers(c, Matching::Exact)));
            if let Some((_, earlier)) = other {
                let rule = if earlier == group {
                    format!("`{item}` stands twice in group `{}`", list.values[*group])
                } else {
                    format!("`{item}` is in the groups `{}` and `{}`", list.values[*earlier], list.values[*group])
                };
                self.faults.add(&groups.span, rule, "take it out of one place: a value has one group");
            }
            if prefix.is_some_and(|n| item.length() != n) {
                let n = prefix.unwrap_or(0);
                let rule =
                    format!("`{item}` can never match: with prefix = {n} only the first {n} characters are looked at");
                self.faults.add(&groups.span, rule, "write values of that many characters");
            }
        }
    }

    /// Every value a rule gives is a level, every level can occur, and declared values of the column are covered.
    fn check_levels(&self, section: &Section<'_>, levels: &[Level], recode: &Recode, raw: &Raw, prefix: Option<usize>) {
        if levels.is_empty() {
            return;
        }
        let names = || levels.iter().map(|l| l.value.as_str());
        let span = section.node("levels").map_or(&section.span, |n| &n.span);
        let column_levels = match raw {
            Raw::Text { levels, .. } => levels.clone(),
            Raw::Levels(levels) => Some(levels.clone()),
            Raw::YesNo => Some(["no", "yes"].map(str::to_owned).to_vec()),
            _ => None,
        };
        let possible: Option<Vec<String>> = match recode {
            Recode::List { list, .. } => Some(list.values.clone()),
            _ => column_levels.clone(),
        };
        if let Recode::List { list, .. } = recode {
            let unknown: Vec<&String> = list.values.iter().filter(|v| !names().any(|n| n == *v)).collect();
            for value in &unknown {
                self.faults.add(span, format!("the rule gives `{value}`, which is no level"), suggest(value, names()));
            }
            if !unknown.is_empty() {
                return; // A level that none gives is the other side of the same slip.
            }
        }
        let given = self.given_values(section);
        if let Some(possible) = possible {
            for level in names().filter(|l| !possible.iter().any(|p| p == l) && !given.iter().any(|g| g == l)) {
                let remedy =
                    suggest(level, possible.iter().map(String::as_str)).replacen("declared:", "values that occur:", 1);
                self.faults.add(span, format!("level \"{level}\" can never occur"), remedy);
            }
        }
        if section.has("unlisted") {
            return;
        }
        let head = |code: &String| prefix.map_or(code.clone(), |n| code.chars().take(n).collect());
        let covered = |code: &String| match recode {
            Recode::List { list, .. } => list.matches(&head(code)),
            _ => names().any(|n| n == code),
        };
        let uncovered: Vec<String> = column_levels.unwrap_or_default().into_iter().filter(|c| !covered(c)).collect();
        if !uncovered.is_empty() {
            let rule = format!("no level covers {}", crate::study::spec::list_of(uncovered.iter().map(String::as_str)));
            self.faults.add(span, rule, "cover every declared value, or say with `unlisted` what others become");
        }
    }

    /// Level values that overrides, `if_missing` and `unlisted` name.
    fn given_values(&self, section: &Section<'_>) -> Vec<String> {
        let level_of = |node: &Node| match &node.value {
            Value::Table(entries) => {
                entries.iter().find(|e| e.key == "level" || e.key == "value").map(|e| e.node.clone())
            }
            _ => None,
        };
        let mut nodes: Vec<Node> =
            ["if_missing", "unlisted", "override"].iter().filter_map(|k| level_of(section.node(k)?)).collect();
        if let Some(Node { value: Value::List(items), .. }) = section.node("override") {
            nodes.extend(items.iter().filter_map(level_of));
        }
        nodes.iter().filter_map(Node::as_text).map(|t| t.text).collect()
    }

    /// `reference`, `unlisted`, `override`, `if_missing` of a factor.
    fn finish_factor(&self, section: &Section<'_>, levels: Vec<Level>, recode: Recode) -> (Kind, Vec<Text>) {
        let level = |text: &Text| -> Option<usize> {
            let found = levels.iter().position(|l| l.value == text.text);
            if found.is_none() && !levels.is_empty() {
                let remedy =
                    suggest(&text.text, levels.iter().map(|l| l.value.as_str())).replacen("declared:", "levels:", 1);
                self.faults.add(&text.span, format!("\"{}\" is no level", text.text), remedy);
            }
            found
        };
        let level_of = |node: &Node| match node.as_text() {
            Some(text) => level(&text),
            None => {
                self.faults.add(
                    &node.span,
                    format!("a level is a text, this is {}", node.kind()),
                    "write it in quotes",
                );
                None
            }
        };
        if levels.len() == 1 {
            let remedy = match section.has("cut") {
                true => {
                    "add a cut point, or open_end = true for a class from the last one up: a factor has two levels at least"
                }
                false => "list the others: a factor has two at least",
            };
            self.faults.add(&section.span, format!("{} has one level", section.what), remedy);
        }
        let reference = section.text("reference").and_then(|t| level(&t)).unwrap_or(0);
        let unlisted = match section.node("unlisted") {
            Some(node @ Node { value: Value::Table(_), .. }) => {
                let chosen = self.one_key(node, "unlisted", "level").and_then(&level_of);
                chosen.map_or(Unlisted::Error, Unlisted::Level)
            }
            Some(node) => {
                let choices = [("error", Unlisted::Error), ("missing", Unlisted::Missing)];
                section.choose("unlisted", node, &choices).unwrap_or_default()
            }
            None => Unlisted::Error,
        };
        let (overrides, conditions) = self.read_overrides(section, level_of);
        let if_missing = self.read_if_missing(section, level_of, "level");
        (
            Kind::Factor(FactorRules {
                levels: levels.clone(),
                reference,
                recode,
                unlisted,
                overrides,
                if_missing,
                file_labels: false,
            }),
            conditions,
        )
    }

    /// The value of the only key of a small table, `{ level = … }`.
    fn one_key<'n>(&'n self, node: &'n Node, what: &str, key: &'static str) -> Option<&'n Node> {
        let table = Section::new(format!("`{what}`"), &node.span, node, self.faults)?;
        let value = table.node(key);
        if value.is_none() && table.all().is_empty() {
            table.missing(key, &format!("write {what} = {{ {key} = … }}"));
        }
        table.finish();
        value
    }

    /// `override = { when, value }` or a list of them.
    fn read_overrides<T>(
        &self,
        section: &Section<'_>,
        read: impl Fn(&Node) -> Option<T>,
    ) -> (Vec<Override<T>>, Vec<Text>) {
        let nodes: &[Node] = match section.node("override") {
            None => &[],
            Some(Node { value: Value::List(items), .. }) => items,
            Some(node) => std::slice::from_ref(node),
        };
        let mut overrides = Vec::new();
        let mut conditions = Vec::new();
        for node in nodes {
            let Some(table) = Section::new("`override`", &node.span, node, self.faults) else { continue };
            let when = table.required_text("when", "an SQL condition");
            let value = table.node("value");
            if value.is_none() {
                table.missing("value", "what the covariate then is");
            }
            table.finish();
            if let Some(value) = value.and_then(&read)
                && !when.text.is_empty()
            {
                let sql = Sql { text: when.text.clone(), span: when.span.clone(), names: Vec::new() };
                overrides.push(Override { when: sql, value });
                conditions.push(when);
            }
        }
        (overrides, conditions)
    }

    /// `if_missing`, which every covariate states.
    fn read_if_missing<T>(
        &self,
        section: &Section<'_>,
        read: impl Fn(&Node) -> Option<T>,
        key: &'static str,
    ) -> IfMissing<T> {
        let example = if key == "level" { "{ level = \"unknown\" }" } else { "{ value = 0 }" };
        let Some(node) = section.node("if_missing") else {
            if ["any", "count", "sum"].into_iter().any(|key| section.has(key)) {
                return IfMissing::Error; // Rows are there or not: a number of them is never missing.
            }
            section.missing("if_missing", &format!("choose \"exclude\", \"error\", \"imputed\" or {example}"));
            return IfMissing::Error;
        };
        if let Value::Table(_) = node.value {
            return self.one_key(node, "if_missing", key).and_then(read).map_or(IfMissing::Error, IfMissing::Use);
        }
        let choices = [("error", 0), ("exclude", 1), ("imputed", 2)];
        match section.choose("if_missing", node, &choices) {
            Some(1) => IfMissing::Exclude,
            Some(2) => IfMissing::Imputed,
            _ => IfMissing::Error,
        }
    }
}
