//! `[covariate.NAME]`: where values come from, and an order in which they can be derived.

use super::cohort::{CohortDraft, is_plain_copy};
use super::recode::Raw;
use super::{Context, Want, names};
use crate::study::cohort::IndexSource;
use crate::study::covariate::*;
use crate::study::spec::{Section, Text, suggest};
use crate::study::sql::{self, Gives, Scope};
use crate::study::{ColumnKind, ColumnRef, ColumnSource, Extract, RowsPerPerson, Sql};
use indexmap::IndexMap;

/// The keys that say where a covariate comes from.
const SOURCES: [&str; 15] = [
    "from",
    "years_since",
    "days_since",
    "year_of",
    "of",
    "spells",
    "latest",
    "any",
    "count",
    "sum",
    "wide",
    "yearly",
    "index",
    "sql",
    "matching",
];

/// A covariate that has been read but for the conditions, which may name covariates further down.
struct Draft<'a> {
    section: Section<'a>,
    covariate: Covariate,
    /// The text of an `sql` source.
    sql: Option<Text>,
    /// What each condition of `override` says.
    conditions: Vec<Text>,
}

impl Context<'_> {
    /// Every `[covariate.NAME]`, and an order of derivation.
    pub fn read_covariates(
        &self,
        root: &Section<'_>,
        cohort: &CohortDraft,
    ) -> (IndexMap<String, Covariate>, Vec<usize>) {
        let Some(all) = root.section("covariate", "[covariate]") else { return Default::default() };
        let mut drafts: IndexMap<String, Draft<'_>> = IndexMap::new();
        for entry in all.all() {
            names::check(&entry.key, &entry.key_span, self.faults);
            names::check_reserved(&entry.key, &entry.key_span, self.faults);
            let what = format!("[covariate.{}]", entry.key);
            let Some(section) = Section::new(what, &entry.key_span, &entry.node, self.faults) else { continue };
            let known: IndexMap<String, &Covariate> =
                drafts.iter().map(|(name, d)| (name.clone(), &d.covariate)).collect();
            let declared: Vec<&str> = all.all().iter().map(|e| e.key.as_str()).collect();
            let draft = self.read_covariate(&entry.key, section, cohort, &known, &declared);
            drafts.insert(entry.key.clone(), draft);
        }
        self.read_conditions(cohort, drafts)
    }

    fn read_covariate<'s>(
        &self,
        name: &str,
        section: Section<'s>,
        cohort: &CohortDraft,
        above: &IndexMap<String, &Covariate>,
        declared: &[&str],
    ) -> Draft<'s> {
        let label = section.text("label").map_or(name.to_owned(), |t| t.text);
        let sql = section.text("sql");
        let source = self.read_source(&section, cohort, above, declared);
        let (source, raw, timing) = source.unwrap_or((Source::Covariate(String::new()), Raw::Unknown, Timing::Index));
        let (kind, conditions) = self.read_kind(&section, raw);
        self.check_steps(&section, &source, timing, &kind);
        section.finish();
        let covariate = Covariate { name: name.to_owned(), span: section.span.clone(), label, source, timing, kind };
        Draft { section, covariate, sql, conditions }
    }

    fn read_source(
        &self,
        section: &Section<'_>,
        cohort: &CohortDraft,
        above: &IndexMap<String, &Covariate>,
        declared: &[&str],
    ) -> Option<(Source, Raw, Timing)> {
        // `from` beside `spells` is the first day of a spell.
        let spells = section.has("spells");
        let written: Vec<&str> = SOURCES.into_iter().filter(|k| section.has(k) && !(spells && *k == "from")).collect();
        let population = cohort.population.as_str();
        let [key] = written[..] else {
            let rule = match written[..] {
                [] => format!("{} does not say where it comes from", section.what),
                _ => format!("{} comes from several places: {}", section.what, written.join(", ")),
            };
            self.faults.add(&section.span, rule, format!("write one of {}", SOURCES.join(", ")));
            return None;
        };
        section.know(match key {
            "years_since" | "days_since" | "year_of" => &["at", "pick"],
            "spells" => &["at", "lag", "value", "since", "to", "look_back", "on_overlap", "on_same_day"],
            "latest" => &["at", "lag", "date", "value", "where", "codes", "look_back", "on_same_day"],
            "any" | "count" => &["at", "lag", "date", "within", "where", "codes", "truncate_lookback"],
            "sum" => &["at", "lag", "date", "within", "where", "codes", "truncate_lookback", "value"],
            "yearly" => &["at", "lag", "value", "year", "look_back"],
            "wide" => &["at", "lag", "look_back"],
            _ => &[],
        });
        let fixed = |found: Option<(Source, Raw)>| found.map(|(source, raw)| (source, raw, Timing::Index));
        match key {
            "from" => {
                let column = self.reference(&section.text("from")?, Want::Any)?;
                self.expect_population(section, "from", &column, population);
                let raw = self.raw_of(section, "from", &column)?;
                fixed(Some((Source::Person(column), raw)))
            }
            "years_since" | "days_since" => {
                let timing = self.read_timing(section);
                let date = self.read_date_of(section, key, population, timing)?;
                let years = key == "years_since";
                Some((if years { Source::YearsSince(date) } else { Source::DaysSince(date) }, Raw::Number, timing))
            }
            "year_of" => {
                let date = self.read_date_of(section, key, population, Timing::Index)?;
                let timing = match section.text(key).map(|text| text.text).as_deref() {
                    Some("entry") => Timing::Entry,
                    _ if date == DateOf::Current => Timing::Current { lag: 0 },
                    _ => Timing::Index,
                };
                Some((Source::YearOf(date), Raw::Number, timing))
            }
            "of" => fixed(self.read_of(section, above, declared)),
            "spells" => self.read_status(section),
            "latest" => self.read_latest(section),
            "any" | "count" | "sum" => self.read_events(section, key),
            "wide" => self.read_wide(section),
            "yearly" => self.read_yearly(section),
            "index" => fixed(self.read_index_codes(section, cohort)),
            "matching" => fixed(self.read_matched_column(section, cohort)),
            _ => fixed(Some((
                Source::Sql(Sql { text: String::new(), span: section.span.clone(), names: Vec::new() }),
                Raw::Sql,
            ))),
        }
    }

    fn expect_population(&self, section: &Section<'_>, key: &'static str, column: &ColumnRef, population: &str) {
        if column.extract != population && !population.is_empty() {
            let span = section.node(key).map_or(&section.span, |n| &n.span);
            let rule = format!("`{}` is not the population: a person may have several rows there", column.extract);
            self.faults.add(span, rule, "use `spells`, `latest`, `wide`, `yearly` or `years_since`");
        }
    }

    /// What a column gives as raw values.
    pub fn raw_of(&self, section: &Section<'_>, key: &'static str, column: &ColumnRef) -> Option<Raw> {
        let spec = &self.extracts[&column.extract].columns[&column.column];
        if self.broken_columns.contains(&(column.extract.clone(), column.column.clone())) {
            return Some(Raw::Unknown);
        }
        let span = section.node(key).map_or(&section.span, |n| &n.span);
        if matches!(spec.source, ColumnSource::Yearly { .. }) && key != "wide" {
            self.faults.add(span, format!("`{}` has a value for every year", column.column), "use `wide` and `at`");
            return None;
        }
        match &spec.kind {
            ColumnKind::Code(code) => Some(Raw::Text { levels: code.levels.clone(), column: Box::new(spec.clone()) }),
            ColumnKind::Whole { .. } | ColumnKind::Number { .. } => Some(Raw::Number),
            ColumnKind::Date(_) => {
                self.faults.add(span, "a date is no covariate", "use `years_since` or `year_of`");
                None
            }
            ColumnKind::Codes { .. } => {
                self.faults.add(span, "a list of codes is no covariate", "use `index` with a code list");
                None
            }
        }
    }

    /// `"index"`, `"current"`, a date of the population, or a date of another extract with `pick`.
    fn read_date_of(
        &self,
        section: &Section<'_>,
        key: &'static str,
        population: &str,
        timing: Timing,
    ) -> Option<DateOf> {
        let written = section.text(key)?;
        let picks = [
            ("first", PickRow::First),
            ("last", PickRow::Last),
            ("last_before_index", PickRow::LastBeforeIndex),
            ("last_before_entry", PickRow::LastBeforeEntry),
        ];
        let pick = section.choice("pick", &picks);
        if pick == Some(PickRow::LastBeforeEntry) && timing != Timing::Entry {
            let span = section.node("pick").map_or(&section.span, |n| &n.span);
            let rule = "`last_before_entry` is for a covariate as of entry";
            self.faults.add(span, rule, "set at = \"entry\", or pick = \"last_before_index\"");
        }
        if written.text == "index" {
            if key != "year_of" && timing == Timing::Index {
                let rule = "the time from the index date to the index date is 0";
                self.faults.add(&written.span, rule, "name a date column, or set at = \"current\"");
            }
            return Some(DateOf::Index);
        }
        if matches!(written.text.as_str(), "current" | "entry") && key == "year_of" {
            return Some(DateOf::Current);
        }
        let column = self.reference(&written, Want::Date)?;
        match (column.extract == population || population.is_empty(), pick) {
            (true, None) => Some(DateOf::Person(column)),
            (true, Some(_)) => {
                self.faults.add(&section.span, "a person has one row in the population", "take `pick` out");
                None
            }
            (false, Some(pick)) => Some(DateOf::Row { column, pick }),
            (false, None) => {
                let rule = format!("a person may have several rows in `{}`", column.extract);
                self.faults.add(&written.span, rule, "set pick = \"first\", \"last\" or \"last_before_index\"");
                None
            }
        }
    }

    fn read_of(
        &self,
        section: &Section<'_>,
        above: &IndexMap<String, &Covariate>,
        declared: &[&str],
    ) -> Option<(Source, Raw)> {
        let name = section.text("of")?;
        let Some(covariate) = above.get(&name.text) else {
            let (rule, remedy) = if declared.contains(&name.text.as_str()) {
                (format!("covariate `{}` is declared further down", name.text), "move it above this one".to_owned())
            } else {
                (
                    format!("there is no covariate `{}`", name.text),
                    suggest(&name.text, above.keys().map(String::as_str)),
                )
            };
            self.faults.add(&name.span, rule, remedy);
            return None;
        };
        let raw = match &covariate.kind {
            Kind::Number { .. } => Raw::Number,
            Kind::Factor(rules) if rules.levels.is_empty() => Raw::Unknown,
            Kind::Factor(rules) => Raw::Levels(rules.levels.iter().map(|l| l.value.clone()).collect()),
        };
        Some((Source::Covariate(name.text), raw))
    }

    /// `spells` with `since` (dated changes) or with `from` and `to`, and `value`.
    fn read_status(&self, section: &Section<'_>) -> Option<(Source, Raw, Timing)> {
        let timing = self.read_timing(section);
        let value = section.required_text("value", "the column with the status");
        let since = section.text("since");
        section.know(&["from", "to"]);
        let look_back = self.read_look_back(section);
        let overlaps = [("error", Overlap::Error), ("latest_start", Overlap::LatestStart)];
        let overlap = section.choice("on_overlap", &overlaps).unwrap_or_default();
        let unused: &[&str] = if since.is_some() { &["on_overlap"] } else { &["look_back", "on_same_day"] };
        for entry in unused.iter().filter_map(|key| section.entry(key)) {
            let rule = match entry.key.as_str() {
                "look_back" => "a spell says itself when it ends: `look_back` has no use here",
                "on_same_day" => {
                    "of spells that begin on one day `on_overlap` says what they mean: `on_same_day` has no use here"
                }
                _ => "dated changes cannot overlap: `on_overlap` has no use here",
            };
            self.faults.add(&entry.key_span, rule, "take it out");
        }
        let spells = if since.is_some() { None } else { self.read_spells(section) };
        let extract = self.extract(&section.text("spells")?)?;
        let value = self.column(extract, &value, Want::Any)?;
        let raw = self.raw_of(section, "value", &value)?;
        let source = match since {
            Some(since) => {
                let since = self.column(extract, &since, Want::Date)?.column;
                let same_day = self.read_same_day(section, &raw);
                Source::Status { extract: extract.name.clone(), since, value: value.column, look_back, same_day }
            }
            None => Source::SpellValue { spells: spells?, value: value.column, overlap },
        };
        Some((source, raw, timing))
    }

    fn read_wide(&self, section: &Section<'_>) -> Option<(Source, Raw, Timing)> {
        let at = self.read_year_at(section);
        let look_back = self.read_years_back(section);
        let written = section.text("wide")?;
        let column = self.reference(&written, Want::Any)?;
        let extract: &Extract = &self.extracts[&column.extract];
        let broken = self.broken_columns.contains(&(column.extract.clone(), column.column.clone()));
        if !matches!(extract.columns[&column.column].source, ColumnSource::Yearly { .. }) && !broken {
            self.faults.add(
                &written.span,
                format!("`{}` is not a column for each year", column.column),
                "give the column `years`",
            );
            return None;
        }
        if !matches!(extract.rows, RowsPerPerson::One { .. }) {
            let rule = format!("`{}` may have several rows per person", column.extract);
            self.faults.add(&written.span, rule, format!("set one_per_person = true in [extract.{}]", column.extract));
        }
        let raw = self.raw_of(section, "wide", &column)?;
        let (at, timing) = at?;
        Some((Source::Wide { column, at, look_back }, raw, timing))
    }

    fn read_yearly(&self, section: &Section<'_>) -> Option<(Source, Raw, Timing)> {
        let at = self.read_year_at(section);
        let look_back = self.read_years_back(section);
        let year = section.required_text("year", "the column with the year");
        let value = section.required_text("value", "the column with the value");
        let extract = self.extract(&section.text("yearly")?)?;
        let year = self.column(extract, &year, Want::Whole);
        let value = self.column(extract, &value, Want::Any)?;
        let raw = self.raw_of(section, "value", &value)?;
        let (at, timing) = at?;
        let (extract, year, value) = (extract.name.clone(), year?.column, value.column);
        Some((Source::Yearly { extract, year, value, at, look_back }, raw, timing))
    }

    fn read_index_codes(&self, section: &Section<'_>, cohort: &CohortDraft) -> Option<(Source, Raw)> {
        let name = section.text("index")?;
        let IndexSource::Event { rows, .. } = &cohort.index.as_ref()?.source else {
            self.faults.add(
                &name.span,
                "the index is a date column: it has no codes",
                "give [cohort.index] an `extract`",
            );
            return None;
        };
        let column = self.column(&self.extracts[&rows.extract], &name, Want::AnyCode)?;
        let spec = &self.extracts[&rows.extract].columns[&column.column];
        Some((Source::IndexCodes { column: column.column }, Raw::Codes { column: Box::new(spec.clone()) }))
    }

    /// Reads the conditions, now that all names are known, and finds an order of derivation.
    fn read_conditions(
        &self,
        cohort: &CohortDraft,
        drafts: IndexMap<String, Draft<'_>>,
    ) -> (IndexMap<String, Covariate>, Vec<usize>) {
        let all: IndexMap<String, Covariate> = drafts.iter().map(|(n, d)| (n.clone(), d.covariate.clone())).collect();
        let scope = self.person_scope(&cohort.population, &all);
        self.check_shadows(&cohort.population, &all);
        let mut covariates = IndexMap::new();
        let mut needs: Vec<Vec<String>> = Vec::new();
        for (name, draft) in drafts {
            let mut covariate = draft.covariate;
            let mut named: Vec<String> = Vec::new();
            if let Source::Covariate(of) = &covariate.source {
                named.push(of.clone());
            }
            if let Some(text) = &draft.sql
                && let Some(sql) = self.read_value(text, &draft.section, &scope, &covariate.kind)
            {
                named.extend(sql.names.iter().cloned());
                if matches!(covariate.source, Source::Sql(_)) {
                    covariate.source = Source::Sql(sql);
                }
            }
            for (i, text) in draft.conditions.iter().enumerate() {
                if let Some(sql) = sql::read_condition(text, &scope, self.faults) {
                    named.extend(sql.names.iter().cloned());
                    set_condition(&mut covariate.kind, i, sql);
                }
            }
            let own_copy = is_plain_copy(&covariate);
            named.retain(|n| all.contains_key(n) && !(own_copy && *n == name));
            needs.push(named);
            covariates.insert(name, covariate);
        }
        let order = self.order(&covariates, &needs);
        self.follow_changes(&mut covariates, &order, &needs);
        (covariates, order)
    }

    /// What is made of covariates that change changes with them.
    fn follow_changes(&self, covariates: &mut IndexMap<String, Covariate>, order: &[usize], needs: &[Vec<String>]) {
        for &i in order {
            let Some(changing) = needs[i].iter().find(|n| covariates.get(*n).is_some_and(|c| c.timing.changes()))
            else {
                continue;
            };
            let is = match covariates[i].timing {
                Timing::Current { .. } => Some("changes"),
                Timing::Entry => Some("is as of entry"),
                Timing::Index | Timing::Follows => None,
            };
            match is {
                Some(is) => {
                    let rule = format!(
                        "[covariate.{}] {is}, and its override names `{changing}`, which changes during follow-up",
                        covariates[i].name
                    );
                    let remedy = "put the override into a covariate `of` this one";
                    self.faults.add(&covariates[i].span, rule, remedy);
                }
                None => covariates[i].timing = Timing::Follows,
            }
        }
    }

    /// An `sql` covariate must give what its kind asks for.
    fn read_value(&self, text: &Text, section: &Section<'_>, scope: &Scope, kind: &Kind) -> Option<Sql> {
        let (sql, gives) = sql::read(text, scope, self.faults)?;
        let wants_text = matches!(kind, Kind::Factor(rules) if !matches!(rules.recode, Recode::Cut(_)));
        let remedy = match (gives, wants_text) {
            (Some(Gives::Logical | Gives::Other), true) => "write CASE WHEN … THEN 'yes' ELSE 'no' END",
            (Some(Gives::Number), true) => "use `cut` for the classes of a number",
            (Some(Gives::Text), false) => "give the covariate `levels`",
            (Some(Gives::Logical | Gives::Other), false) => {
                "write CASE WHEN … THEN 1 ELSE 0 END, or give texts and `levels`"
            }
            _ => return Some(sql),
        };
        let wanted = if wants_text { "a text" } else { "a number" };
        self.faults.add(&text.span, format!("the SQL of {} does not give {wanted}", section.what), remedy);
        None
    }

    /// A covariate with the name of a population column must be that column, or conditions would be ambiguous.
    fn check_shadows(&self, population: &str, covariates: &IndexMap<String, Covariate>) {
        let Some(extract) = self.extracts.get(population) else { return };
        let faulty = |c: &Covariate| matches!(&c.source, Source::Covariate(of) if of.is_empty());
        let shadows = |c: &&Covariate| extract.columns.contains_key(&c.name) && !is_plain_copy(c) && !faulty(c);
        for covariate in covariates.values().filter(shadows) {
            let rule = format!(
                "`{}` is both a covariate and a column of `{}` with other values",
                covariate.name, extract.name
            );
            self.faults.add(&covariate.span, rule, "give one of them another name");
        }
    }

    /// Indices of the covariates, each after those it needs; declared order where that is enough.
    fn order(&self, covariates: &IndexMap<String, Covariate>, needs: &[Vec<String>]) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::new();
        while order.len() < covariates.len() {
            let ready = |i: &usize| {
                let met = |n: &String| covariates.get_index_of(n).is_none_or(|j| order.contains(&j));
                !order.contains(i) && needs[*i].iter().all(met)
            };
            let Some(next) = (0..covariates.len()).find(ready) else {
                let circle: Vec<usize> = (0..covariates.len()).filter(|i| !order.contains(i)).collect();
                let names: Vec<String> = circle.iter().map(|i| format!("`{}`", covariates[*i].name)).collect();
                let rule = format!("covariates need each other in a circle: {}", names.join(", "));
                self.faults.add(&covariates[circle[0]].span, rule, "derive one of them from columns alone");
                order.extend(circle);
                break;
            };
            order.push(next);
        }
        order
    }
}

/// Puts the checked condition of the `i`-th override in its place.
fn set_condition(kind: &mut Kind, i: usize, sql: Sql) {
    match kind {
        Kind::Number { overrides, .. } => {
            if let Some(o) = overrides.get_mut(i) {
                o.when = sql;
            }
        }
        Kind::Factor(rules) => {
            if let Some(o) = rules.overrides.get_mut(i) {
                o.when = sql;
            }
        }
    }
}
