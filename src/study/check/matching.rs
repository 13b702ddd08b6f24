//! `[cohort.matching]`.

use super::Context;
use super::cohort::CohortDraft;
use super::recode::Raw;
use crate::study::covariate::Source;
use crate::study::spec::{Section, Value};
use crate::study::{ComparisonGroup, MatchedColumn, Replacement, WhenExposed, sql};

impl Context<'_> {
    /// `[cohort.matching]`; `section` is `[cohort]`.
    pub fn read_matching(&self, section: &Section<'_>, population: &str) -> Option<ComparisonGroup> {
        let table = section.section("matching", "[cohort.matching]")?;
        let by = self.read_match_variables(&table, population);
        let whole = |key, least| table.whole(key, least, 1_000).map(|n| n as u32);
        let (ratio, at_least) = (whole("ratio", 1), whole("at_least", 1).unwrap_or(1));
        if !table.has("ratio") {
            table.missing("ratio", "comparison persons for each exposed person, for example ratio = 5");
        }
        if ratio.is_some_and(|ratio| at_least > ratio) {
            self.faults.add(&table.span, "`at_least` is more than `ratio`", "no person could be matched");
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
        Some(ComparisonGroup {
            span: table.span.clone(),
            by: by?,
            ratio: ratio?,
            at_least,
            replacement: replacement?,
            seed: seed? as u64,
            when_exposed: when?,
        })
    }

    /// `by`: SQL expressions over the columns of the population.
    fn read_match_variables(&self, table: &Section<'_>, population: &str) -> Option<Vec<crate::study::Sql>> {
        let texts = table.texts("by");
        if texts.is_empty() {
            if !table.has("by")
                || matches!(table.node("by").map(|n| &n.value), Some(Value::List(list)) if list.is_empty())
            {
                let example =
                    "expressions over the population, for example by = [\"sex\", \"EXTRACT(YEAR FROM birth)\"]";
                table.missing("by", example);
            }
            return None;
        }
        let extract = self.extracts.get(population)?;
        let scope = self.extract_scope(population, &extract.columns);
        texts.iter().map(|text| sql::read(text, &scope, self.faults).map(|(sql, _)| sql)).collect()
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
