//! `[cohort]`: population, index, steps, and the names that conditions over persons may use.

use super::{Context, Want};
use crate::study::cohort::*;
use crate::study::covariate::{Covariate, Kind, Recode, Source};
use crate::study::spec::{Entry, Node, Section, Text, Value};
use crate::study::sql::{self, NameKind, Scope};
use crate::study::{ColumnSpec, ComparisonGroup, Extract, Offset, OffsetUnit, RowsPerPerson, Window};
use indexmap::IndexMap;

/// What is known of the cohort before its steps are read.
pub struct CohortDraft {
    /// The population extract; empty when it has a fault.
    pub population: String,
    /// The index; `None` when it has a fault.
    pub index: Option<Index>,
    /// The matched comparison group without what it matches by, and that as it is written; `None` when there is none, or it
    /// has a fault.
    pub matching: Option<(ComparisonGroup, Vec<Text>)>,
    /// Whether the study declares one.
    pub has_matching: bool,
}

impl Context<'_> {
    /// `[cohort]` without its steps.
    pub fn read_cohort(&self, root: &Section<'_>) -> CohortDraft {
        let Some(section) = root.section("cohort", "[cohort]") else {
            if !root.has("cohort") {
                root.missing("[cohort]", "say who enters: a population and an index date");
            }
            return CohortDraft { population: String::new(), index: None, matching: None, has_matching: false };
        };
        let population = section.required_text("population", "the extract with one row per person");
        let extract = self.extract(&population);
        let known = extract.is_some();
        if extract.is_some_and(|e| !matches!(e.rows, RowsPerPerson::One { .. })) {
            let rule = format!("the population `{}` may have several rows per person", population.text);
            self.faults.add(
                &population.span,
                rule,
                format!("set one_per_person = true in [extract.{}]", population.text),
            );
        }
        let population = if known { population.text } else { String::new() };
        let index = match section.section("index", "[cohort.index]") {
            Some(index) => self.read_index(&index, &population),
            None => {
                if !section.has("index") {
                    section.missing("[cohort.index]", "say which day a person enters");
                }
                None
            }
        };
        let (matching, has_matching) = (self.read_matching(&section), section.has("matching"));
        section.know(&["step"]);
        section.finish();
        CohortDraft { population, index, matching, has_matching }
    }

    fn read_index(&self, section: &Section<'_>, population: &str) -> Option<Index> {
        let (from, to) = (section.day("from"), section.day("to"));
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            self.faults.add(&section.span, "the window of the index ends before it begins", "swap `from` and `to`");
        }
        let source = if section.has("extract") {
            let rows = self.read_rows_of(section, "extract");
            let pick = self.read_pick(section);
            rows.zip(pick).map(|(rows, pick)| IndexSource::Event { rows, pick })
        } else {
            let date = section.required_text("date", "a date column of the population, or `extract` and its `date`");
            let column = if date.text.is_empty() { None } else { self.population_date(&date, population) };
            for key in ["where", "codes", "pick"] {
                if let Some(entry) = section.entry(key) {
                    let rule = format!("`{key}` needs the `extract` whose rows are meant");
                    self.faults.add(&entry.key_span, rule, "name the extract, or take it out");
                }
            }
            column.map(IndexSource::Date)
        };
        let age = self.read_age_window(section, population);
        let washout = self.read_washout(section);
        section.finish();
        Some(Index { span: section.span.clone(), source: source?, from, to, age, washout })
    }

    /// `age = { birth = "persons.birth", from = 18, to = 65 }`.
    fn read_age_window(&self, section: &Section<'_>, population: &str) -> Option<AgeWindow> {
        let table = section.section("age", "age of [cohort.index]")?;
        let birth = table.required_text("birth", "the date of birth, for example birth = \"persons.birth\"");
        let limit = |key| table.whole(key, 0, 150).map(|n| n as u32);
        let (from, to) = (limit("from"), limit("to"));
        if !table.has("from") && !table.has("to") {
            table.missing("from", "or `to`: completed years of age, both included");
        }
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            self.faults.add(&table.span, "the age window ends before it begins", "swap `from` and `to`");
        }
        table.finish();
        let birth = if birth.text.is_empty() { None } else { self.population_date(&birth, population) };
        Some(AgeWindow { birth: birth?, from, to })
    }

    /// `washout = "24 months"`, `"none"`, or `{ length = "24 months", truncate_lookback = true }`.
    fn read_washout(&self, section: &Section<'_>) -> Option<Washout> {
        let entry = section.entry("washout")?;
        if !section.has("extract") {
            let remedy = "say it by a step of the cohort: exclude = { any = \"extract\", … }";
            self.faults.add(&entry.key_span, "`washout` is for an index that is an event of an extract", remedy);
            return None;
        }
        let (text, truncate_lookback) = match &entry.node.value {
            Value::Table(_) => {
                let table = Section::new("washout", &entry.key_span, &entry.node, self.faults)?;
                let length = table.required_text("length", "for example length = \"24 months\"");
                let truncate = table.flag("truncate_lookback");
                table.finish();
                (Some(length), truncate)
            }
            _ => (section.text("washout"), false),
        };
        let text = text.filter(|t| !t.text.is_empty())?;
        if text.text == "none" {
            return Some(Washout::None);
        }
        let length = Offset::new(&text.text).filter(|o| o.amount > 0);
        if length.is_none() {
            self.faults.add(
                &text.span,
                "`washout` is no length of time",
                "write for example \"24 months\" or \"none\"",
            );
        }
        length.map(|length| Washout::Of { length, truncate_lookback })
    }

    /// A date column of the population extract, written `extract.column`.
    pub fn population_date(&self, written: &Text, population: &str) -> Option<crate::study::ColumnRef> {
        let column = self.reference(written, Want::Date)?;
        if column.extract != population && !population.is_empty() {
            let rule = format!("`{}` is no column of the population `{population}`", written.text);
            self.faults.add(&written.span, rule, "name a date column of it: only there has a person one date");
            return None;
        }
        Some(column)
    }

    fn read_pick(&self, section: &Section<'_>) -> Option<Pick> {
        let Some(node) = section.node("pick") else {
            section.missing("pick", "choose \"first\", \"last\" or { nth = 2 }");
            return None;
        };
        if let Value::Table(_) = node.value {
            let table = Section::new("pick", &node.span, node, self.faults)?;
            let nth = table.whole("nth", 1, 10_000);
            if !table.has("nth") {
                table.missing("nth", "for example { nth = 2 }");
            }
            table.finish();
            return nth.map(|n| Pick::Nth(n as u32));
        }
        let chosen = match node.as_text().map(|t| t.text).as_deref() {
            Some("first") => Some(Pick::First),
            Some("last") => Some(Pick::Last),
            _ => None,
        };
        if chosen.is_none() {
            self.faults.add(&node.span, "`pick` is no choice of a row", "choose \"first\", \"last\" or { nth = 2 }");
        }
        chosen
    }

    /// Dated rows: the extract under `key`, `date`, `where`, `codes`.
    pub fn read_rows_of(&self, section: &Section<'_>, key: &'static str) -> Option<EventRows> {
        let name = section.required_text(key, "the name of an extract");
        let extract = self.extract(&name);
        let date = section.required_text("date", "the date column of the extract");
        let condition = section.text("where");
        let codes = section.section("codes", "codes").map(|codes| {
            if !codes.has("column") {
                codes.missing("column", "the code column, or a list of code columns");
            }
            let column = codes.texts("column");
            let list = codes.required_text("codelist", "the name of a code list");
            codes.finish();
            (column, list)
        });
        let extract = extract?;
        let date = self.column(extract, &date, Want::Date);
        let condition = match condition {
            Some(text) => {
                Some(sql::read_condition(&text, &self.extract_scope(&name.text, &extract.columns), self.faults)?)
            }
            None => None,
        };
        let codes = match codes {
            Some((column, list)) => Some(self.read_codes(extract, &column, &list)?),
            None => None,
        };
        Some(EventRows { extract: name.text, date: date?.column, condition, codes })
    }

    fn read_codes(&self, extract: &Extract, columns: &[Text], list: &Text) -> Option<CodeCondition> {
        let found = self.codelist(list);
        let read = |column: &Text| self.column(extract, column, Want::AnyCode).map(|c| c.column);
        let names: Vec<String> = columns.iter().filter_map(read).collect();
        let codes = found?;
        for name in &names {
            self.check_system(codes, &extract.columns[name], &list.span);
            self.check_reach(codes, &extract.columns[name], &list.span);
        }
        (!names.is_empty()).then(|| CodeCondition { columns: names, codelist: list.text.clone() })
    }

    /// `[[cohort.step]]`, whose conditions may name covariates.
    pub fn read_steps(&self, root: &Section<'_>, scope: &Scope) -> Vec<Step> {
        let Some(cohort) = root.entry("cohort") else { return Vec::new() };
        let Value::Table(entries) = &cohort.node.value else { return Vec::new() };
        if entries.iter().all(|e| e.key != "step") {
            return Vec::new();
        }
        let quiet = Section::new("[cohort]", &cohort.key_span, &cohort.node, self.faults);
        let steps = quiet.map_or(Vec::new(), |section| section.sections("step", "[[cohort.step]]"));
        steps.iter().filter_map(|step| self.read_step(step, scope)).collect()
    }

    fn read_step(&self, section: &Section<'_>, scope: &Scope) -> Option<Step> {
        let label = section.required_text("label", "it becomes the line of the flow chart");
        let (include, exclude) = (section.entry("include"), section.entry("exclude"));
        section.finish();
        let (kind, entry) = match (include, exclude) {
            (Some(entry), None) => (StepKind::Include, entry),
            (None, Some(entry)) => (StepKind::Exclude, entry),
            _ => {
                self.faults.add(
                    &section.span,
                    "a step needs one of `include` and `exclude`",
                    "write who stays, or who leaves",
                );
                return None;
            }
        };
        let condition = self.read_step_condition(entry, scope)?;
        Some(Step { span: section.span.clone(), label: label.text, kind, condition })
    }

    fn read_step_condition(&self, entry: &Entry, scope: &Scope) -> Option<Condition> {
        let node: &Node = &entry.node;
        if let Some(text) = node.as_text() {
            return sql::read_condition(&text, scope, self.faults).map(Condition::Sql);
        }
        let section = Section::new(format!("`{}`", entry.key), &entry.key_span, node, self.faults)?;
        if section.has("spells") {
            let condition = self.read_spell_condition(&section);
            section.finish();
            return condition;
        }
        let keys = ["any", "none", "count"].map(|key| (key, section.has(key)));
        let Some((key, _)) = keys.into_iter().find(|(_, has)| *has) else {
            let rule = format!("`{}` is no condition", entry.key);
            let remedy =
                "write SQL in quotes, or a table with `any`, `none` or `count` and an extract, or with `spells`";
            self.faults.add(&node.span, rule, remedy);
            return None;
        };
        let condition = self.read_event_condition(&section, key);
        section.finish();
        condition
    }

    /// `at = "index"`, or days of a window that spells must cover.
    fn read_spell_condition(&self, section: &Section<'_>) -> Option<Condition> {
        let spells = self.read_joined_spells(section);
        match (section.text("at"), section.has("within")) {
            (Some(at), true) => {
                self.faults.add(&at.span, "`at` and `within` ask for two things", "write one, or two steps");
                None
            }
            (Some(at), false) => {
                if at.text != "index" {
                    self.faults.add(&at.span, "spells are looked up on the index date", "write at = \"index\"");
                }
                spells.map(Condition::InSpell)
            }
            (None, false) => {
                section.missing("at", "write at = \"index\", or `within` for the days around it");
                None
            }
            (None, true) => {
                let within = self.read_window(section);
                let at_least = self.read_days(section, "at_least");
                Some(Condition::Covered { spells: spells?, within: within?, at_least })
            }
        }
    }

    /// A number of days, written `"365 days"`.
    fn read_days(&self, section: &Section<'_>, key: &'static str) -> Option<u32> {
        let text = section.text(key)?;
        let days = Offset::new(&text.text).filter(|o| o.unit == OffsetUnit::Days && o.amount >= 0);
        if days.is_none() {
            let rule = format!("`{key}` is no number of days");
            self.faults.add(&text.span, rule, "write for example \"30 days\"");
        }
        days.map(|o| o.amount as u32)
    }

    fn read_event_condition(&self, section: &Section<'_>, key: &'static str) -> Option<Condition> {
        let rows = self.read_rows_of(section, key);
        let within = self.read_window(section);
        let truncate_lookback = section.flag("truncate_lookback");
        let count = match key {
            "any" => Some(Count::ANY),
            "none" => Some(Count::NONE),
            _ => self.read_count(section),
        };
        Some(Condition::Events { rows: rows?, within: within?, count: count?, truncate_lookback })
    }

    fn read_count(&self, section: &Section<'_>) -> Option<Count> {
        let (least, most) = (section.whole("at_least", 0, 1_000_000), section.whole("at_most", 0, 1_000_000));
        if !section.has("at_least") && !section.has("at_most") {
            section.missing("at_least", "or `at_most`: how many rows satisfy the condition");
            return None;
        }
        let count = Count { at_least: least.unwrap_or(0) as u32, at_most: most.map(|n| n as u32) };
        if count.at_most.is_some_and(|most| most < count.at_least) {
            self.faults.add(&section.span, "`at_least` is more than `at_most`", "swap them");
        }
        Some(count)
    }

    fn read_window(&self, section: &Section<'_>) -> Option<Window> {
        let example = "for example within = [\"-24 months\", \"-1 day\"]";
        let Some(node) = section.node("within") else {
            section.missing("within", example);
            return None;
        };
        let texts = section.texts_of("within", node);
        let offsets: Vec<Option<Offset>> = texts.iter().map(|t| Offset::new(&t.text)).collect();
        let [Some(start), Some(end)] = offsets[..] else {
            self.faults.add(&node.span, "`within` is not two spans of days, months or years", example);
            return None;
        };
        // Any day shows the order of the two but for spans of equal length in different units.
        let day = crate::day::Day(15_000);
        if start.from(day) > end.from(day) {
            self.faults.add(&node.span, "`within` ends before it begins", "swap its two spans");
        }
        Some(Window { start, end })
    }

    /// `spells`, `from` and `to`.
    pub fn read_spells(&self, section: &Section<'_>) -> Option<Spells> {
        let name = section.required_text("spells", "the name of an extract");
        let from = section.required_text("from", "the column with the first day");
        let to = section.required_text("to", "the column with the last day");
        let extract = self.extract(&name)?;
        let (from, to) = (self.column(extract, &from, Want::Date), self.column(extract, &to, Want::Date));
        Some(Spells { extract: name.text, from: from?.column, to: to?.column, gap: 0 })
    }

    /// `spells`, `from`, `to` and `gap`, where it matters whether spells touch.
    pub fn read_joined_spells(&self, section: &Section<'_>) -> Option<Spells> {
        let gap = self.read_days(section, "gap").unwrap_or(0);
        self.read_spells(section).map(|spells| Spells { gap, ..spells })
    }

    /// The names of a condition over the rows of an extract.
    pub fn extract_scope(&self, extract: &str, columns: &IndexMap<String, ColumnSpec>) -> Scope {
        let broken = |column: &str| self.broken_columns.contains(&(extract.to_owned(), column.to_owned()));
        let kind = |c: &ColumnSpec| if broken(&c.name) { NameKind::Unknown } else { NameKind::of(c) };
        let names = columns.iter().map(|(name, column)| (name.clone(), kind(column))).collect();
        Scope { of: format!("the rows of `{extract}`"), names }
    }

    /// The names of a condition over persons: `index_date`, the population's columns, the covariates.
    pub fn person_scope(&self, population: &str, covariates: &IndexMap<String, Covariate>) -> Scope {
        let mut names = IndexMap::from([("index_date".to_owned(), NameKind::Date)]);
        if let Some(extract) = self.extracts.get(population) {
            names.extend(self.extract_scope(&extract.name, &extract.columns).names);
        }
        names.extend(covariates.values().map(|c| (c.name.clone(), name_kind(c))));
        Scope { of: "persons".to_owned(), names }
    }

    /// The same for steps, which are decided at index: covariates that change are not known there.
    pub fn step_scope(&self, population: &str, covariates: &IndexMap<String, Covariate>) -> Scope {
        let mut scope = self.person_scope(population, covariates);
        for covariate in covariates.values().filter(|c| c.timing.changes()) {
            let reason = "it changes during follow-up; make a covariate of its value at index";
            scope.names.insert(covariate.name.clone(), NameKind::Refused(reason));
        }
        scope
    }
}

/// What a covariate is in a condition. A placeholder of a faulty covariate is not known.
fn name_kind(covariate: &Covariate) -> NameKind {
    match &covariate.kind {
        Kind::Number { .. } => NameKind::Number,
        Kind::Factor(rules) if rules.levels.is_empty() => NameKind::Unknown,
        Kind::Factor(rules) => NameKind::Text(Some(rules.levels.iter().map(|l| l.value.clone()).collect())),
    }
}

/// Whether a covariate is the population column of its own name, unchanged.
pub fn is_plain_copy(covariate: &Covariate) -> bool {
    let unchanged = match &covariate.kind {
        Kind::Number { .. } => true,
        Kind::Factor(rules) => matches!(rules.recode, Recode::AsIs),
    };
    unchanged && matches!(&covariate.source, Source::Person(column) if column.column == covariate.name)
}
