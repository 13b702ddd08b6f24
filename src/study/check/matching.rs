//! `[cohort.matching]`.

use super::Context;
use super::cohort::CohortDraft;
use super::recode::Raw;
use crate::study::covariate::{Covariate, Source, Timing};
use crate::study::spec::{Section, Text, Value};
use crate::study::sql::{self, NameKind};
use crate::study::{ComparisonGroup, MatchVariable, MatchedColumn, Replacement, WhenExposed};
use indexmap::IndexMap;

impl Context<'_> {
    /// `[cohort.matching]`, and the expressions to match by, which may name covariates; `section` is `[cohort]`.
    pub fn read_matching(&self, section: &Section<'_>) -> Option<(ComparisonGroup, Vec<Text>)> {
        let table = section.section("matching", "[cohort.matching]")?;
        let by = self.read_match_variables(&table);
        let whole = |key, least| table.whole(key, least, 1_000).map(|n| n as u32);
        let (ratio, at_least) = (whole("ratio", 1), whole("at_least", 1).unwrap_or(1));
        if !table.has("ratio") {
            table.missing("ratio", "comparison persons for each exposed person, for example ratio = 5");
        }
        if ratio.is_some_and(|ratio| at_least > ratio) {
            let remedy = "lower it, or raise `ratio`: nobody would have enough comparison persons";
            self.faults.add(&table.span, "`at_least` is more than `ratio`", remedy);
        }
        if !table.has("replacement") {
            table.missing(
                "replacement",
                "\"without\": a person is compared with one exposed person; \"with\": with several",
            );
        }
        let choices = [("with", Replacement::With), ("without", Replacement::Without)];
        let replacement = table.choice("replacement", &choices);
        if !table.has("when_exposed") {
            let remedy =
                "what a comparison person's own index event means: \"exit\" ends follow-up, \"stay\" does nothing";
            table.missing("when_exposed", remedy);
        }
        let when = table.choice("when_exposed", &[("exit", WhenExposed::Exit), ("stay", WhenExposed::Stay)]);
        if !table.has("seed") {
            table.missing("seed", "sampling is random: for example seed = 20260101");
        }
        let seed = table.whole("seed", 0, i64::MAX);
        table.finish();
        let group = ComparisonGroup {
            span: table.span.clone(),
            by: Vec::new(),
            ratio: ratio?,
            at_least,
            replacement: replacement?,
            seed: seed? as u64,
            when_exposed: when?,
        };
        Some((group, by?))
    }

    /// `by`: SQL expressions, as they are written.
    fn read_match_variables(&self, table: &Section<'_>) -> Option<Vec<Text>> {
        let texts = table.texts("by");
        if texts.is_empty() {
            if !table.has("by")
                || matches!(table.node("by").map(|n| &n.value), Some(Value::List(list)) if list.is_empty())
            {
                let example = "SQL over the columns of the population and the covariates at index, for example by = \
                               [\"sex\", \"EXTRACT(YEAR FROM birth)\"]";
                table.missing("by", example);
            }
            return None;
        }
        Some(texts)
    }

    /// The expressions to match by, once the covariates are known.
    pub fn match_variables(
        &self,
        texts: &[Text],
        population: &str,
        covariates: &IndexMap<String, Covariate>,
    ) -> Option<Vec<MatchVariable>> {
        let extract = self.extracts.get(population)?;
        let mut scope = self.step_scope(population, covariates);
        for covariate in covariates.values().filter(|c| matches!(c.source, Source::Matching(_))) {
            let reason = "it says what matching made of a person; match by something else";
            scope.names.insert(covariate.name.clone(), NameKind::Refused(reason));
        }
        for covariate in covariates.values().filter(|c| c.timing == Timing::Entry) {
            let reason = "it is as of entry, and sets are made as of the index date";
            scope.names.insert(covariate.name.clone(), NameKind::Refused(reason));
        }
        let read = |text: &Text| {
            let (sql, _) = sql::read(text, &scope, self.faults)?;
            let at_index = sql.names.iter().any(|name| !extract.columns.contains_key(name));
            Some(MatchVariable { sql, at_index })
        };
        texts.iter().map(read).collect()
    }

    /// `matching = "group"` or `"set"` of a covariate.
    pub fn read_matched_column(&self, section: &Section<'_>, cohort: &CohortDraft) -> Option<(Source, Raw)> {
        let column = section.choice("matching", &[("group", MatchedColumn::Group), ("set", MatchedColumn::Set)])?;
        if !cohort.has_matching {
            let rule = format!("{} comes from a matching, and the study has none", section.what);
            self.faults.add(&section.span, rule, "declare [cohort.matching]");
        }
        let raw = match column {
            MatchedColumn::Group => Raw::Levels(MatchedColumn::GROUPS.map(str::to_owned).to_vec()),
            MatchedColumn::Set => Raw::Number,
        };
        Some((Source::Matching(column), raw))
    }
}
