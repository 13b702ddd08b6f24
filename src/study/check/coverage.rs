//! Whether the registers cover the time the study asks for: look-back before their beginning, follow-up past
//! their completeness, years without a column.

use super::Context;
use crate::day::Day;
use crate::study::cohort::*;
use crate::study::covariate::{Covariate, Source};
use crate::study::{ColumnSource, Extract, Span};
use indexmap::IndexMap;

impl Context<'_> {
    /// All checks of coverage; they need a study without other faults in its cohort and follow-up.
    pub fn check_coverage(&self, cohort: &CohortRules, follow_up: &FollowUp, covariates: &IndexMap<String, Covariate>) {
        self.check_index(cohort);
        for step in &cohort.steps {
            if let Condition::Events { rows, within, truncate_lookback, .. } = &step.condition {
                self.check_lookback(cohort, step, rows, within.start, *truncate_lookback);
                if let Some(to) = cohort.index.to {
                    self.check_complete(
                        &rows.extract,
                        within.end.from(to),
                        &step.span,
                        &format!("step \"{}\"", step.label),
                    );
                }
            }
        }
        self.check_follow_up(cohort, follow_up);
        self.check_years(cohort, covariates);
    }

    fn check_index(&self, cohort: &CohortRules) {
        let IndexSource::Event { rows, .. } = &cohort.index.source else { return };
        let Some(extract) = self.extracts.get(&rows.extract) else { return };
        if let (Some(from), Some((begin, verb))) = (cohort.index.from, beginning(extract))
            && from < begin
        {
            let rule = format!("index: the window begins {from}, {} {verb} {begin}", extract.name);
            self.faults.add(&cohort.index.span, rule, format!("set from = {begin} or later"));
        }
        match cohort.index.to {
            Some(to) => self.check_complete(&rows.extract, to, &cohort.index.span, "index"),
            None => self.check_open_end(extract, &cohort.index.span, "index", "set `to` in [cohort.index]"),
        }
    }

    /// Trap 10: "no record" before a register begins is not "no history".
    fn check_lookback(
        &self,
        cohort: &CohortRules,
        step: &Step,
        rows: &EventRows,
        start: crate::study::Offset,
        truncate: bool,
    ) {
        let Some(extract) = self.extracts.get(&rows.extract) else { return };
        let Some((begin, verb)) = beginning(extract).filter(|_| !truncate) else { return };
        let place = format!("step \"{}\"", step.label);
        let Some(earliest) = cohort.index.from else {
            let rule = format!("{place}: how far back it looks is not known, {} {verb} {begin}", extract.name);
            self.faults.add(&step.span, rule, "set `from` in [cohort.index], or truncate_lookback = true");
            return;
        };
        let needed = start.from(earliest);
        if needed < begin {
            let back = crate::study::Offset { amount: -start.amount, ..start };
            let reach = if start.amount < 0 { format!("{back} before {earliest}") } else { format!("{earliest}") };
            let rule = format!("{place}: {reach} needs {} from {needed}, which {verb} {begin}", extract.name);
            self.faults.add(&step.span, rule, "shorten it, start later, or set truncate_lookback = true");
        }
    }

    /// Trap 08: late rows are not non-events.
    fn check_complete(&self, extract: &str, needed: Day, span: &Span, place: &str) {
        let Some(extract) = self.extracts.get(extract) else { return };
        let Some(until) = extract.coverage.complete_until.filter(|_| !extract.coverage.accept_incomplete) else {
            return;
        };
        if needed > until {
            let rule = format!("{place} needs {} until {needed}, which is complete until {until}", extract.name);
            let remedy = format!("end at {until}, or set accept_incomplete = true in [extract.{}]", extract.name);
            self.faults.add(span, rule, remedy);
        }
    }

    /// An end that is not known may lie past the completeness of a register.
    fn check_open_end(&self, extract: &Extract, span: &Span, place: &str, remedy: &str) {
        let Some(until) = extract.coverage.complete_until.filter(|_| !extract.coverage.accept_incomplete) else {
            return;
        };
        let rule = format!("{place} has no last day, and {} is complete until {until}", extract.name);
        self.faults.add(span, rule, format!("{remedy}, or accept_incomplete = true in [extract.{}]", extract.name));
    }

    fn check_follow_up(&self, cohort: &CohortRules, follow_up: &FollowUp) {
        let fixed = follow_up.exits.iter().filter_map(|exit| match exit.source {
            ExitSource::Day(day) => Some(day),
            _ => None,
        });
        let longest = follow_up.maximum.zip(cohort.index.to).map(|(maximum, to)| maximum.from(to));
        let end = fixed.chain(longest).min();
        let event = match &follow_up.event {
            FollowUpEvent::Rows { rows, .. } => Some(rows.extract.as_str()),
            FollowUpEvent::Date { .. } => None,
        };
        let exits = follow_up.exits.iter().filter_map(|exit| match &exit.source {
            ExitSource::Rows(rows) => Some(rows.extract.as_str()),
            ExitSource::SpellEnd(spells) => Some(spells.extract.as_str()),
            _ => None,
        });
        let mut sources: Vec<&str> = event.into_iter().chain(exits).collect();
        sources.sort_unstable();
        sources.dedup();
        for source in sources {
            let Some(extract) = self.extracts.get(source) else { continue };
            match end {
                Some(end) => self.check_complete(source, end, &follow_up.span, "follow-up"),
                None => {
                    let remedy = "add [[follow_up.exit]] with a day, or `maximum` and a last index date";
                    self.check_open_end(extract, &follow_up.span, "follow-up", remedy);
                }
            }
            // The index window over the same rows has been checked already.
            let indexed = matches!(&cohort.index.source, IndexSource::Event { rows, .. } if rows.extract == source);
            if let (Some((begin, verb)), Some(from)) = (beginning(extract).filter(|_| !indexed), cohort.index.from)
                && from < begin
            {
                let rule = format!("follow-up from {from} needs {source}, which {verb} {begin}");
                self.faults.add(&follow_up.span, rule, "let the index window begin later");
            }
        }
    }

    /// A yearly column must have the years that the index window asks for.
    fn check_years(&self, cohort: &CohortRules, covariates: &IndexMap<String, Covariate>) {
        let (Some(from), Some(to)) = (cohort.index.from, cohort.index.to) else { return };
        for covariate in covariates.values() {
            let Source::Wide { column, at } = &covariate.source else { continue };
            let spec = self.extracts.get(&column.extract).and_then(|e| e.columns.get(&column.column));
            let Some(ColumnSource::Yearly { first, last, .. }) = spec.map(|s| &s.source) else { continue };
            let (needs_first, needs_last) = (from.year() + at.offset, to.year() + at.offset);
            if needs_first < *first || needs_last > *last {
                let rule = format!(
                    "covariate `{}` needs the years {needs_first} to {needs_last}, column `{}` has {first} to {last}",
                    covariate.name, column.column
                );
                self.faults.add(&covariate.span, rule, "change `at`, `years` or the index window");
            }
        }
    }
}

/// The first day on which the rows of an extract can be relied on, and how messages say it.
fn beginning(extract: &Extract) -> Option<(Day, &'static str)> {
    let rows = extract.coverage.from.map(|day| (day, "begins"));
    let keys = extract.coverage.key_complete_from.map(|day| (day, "has complete keys from"));
    rows.into_iter().chain(keys).max_by_key(|(day, _)| *day)
}
