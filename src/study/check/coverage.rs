//! Whether the registers cover the time the study asks for: look-back before their beginning, follow-up past
//! their completeness, years without a column.

use super::Context;
use crate::day::Day;
use crate::study::cohort::*;
use crate::study::covariate::{Covariate, LookbackStart, Source, Timing};
use crate::study::{ColumnSource, Extract, Offset, OffsetUnit, Span};
use indexmap::IndexMap;

impl Context<'_> {
    /// All checks of coverage; they need a study without other faults in its cohort and follow-up.
    pub fn check_coverage(&self, cohort: &CohortRules, follow_up: &FollowUp, covariates: &IndexMap<String, Covariate>) {
        self.check_index(cohort);
        for step in &cohort.steps {
            if let Condition::Events { rows, within, truncate_lookback, .. } = &step.condition {
                let place = format!("step \"{}\"", step.label);
                if !truncate_lookback {
                    self.check_lookback(cohort.index.from, &step.span, &place, rows, within.start);
                }
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
        self.check_years(cohort, follow_up, covariates);
        for covariate in covariates.values() {
            self.check_covariate(cohort, follow_up, covariate);
        }
    }

    /// The rows that a covariate counts lie where their register is complete.
    fn check_covariate(&self, cohort: &CohortRules, follow_up: &FollowUp, covariate: &Covariate) {
        let (rows, start, end) = match &covariate.source {
            Source::Latest { rows, look_back, .. } => {
                let back = look_back.map(|o| Offset { amount: -o.amount, ..o });
                (rows, back, Offset { amount: 0, unit: OffsetUnit::Days })
            }
            Source::Events { rows, within, truncate_lookback, .. } => {
                let start = match within.start {
                    LookbackStart::Before(start) => Some(start).filter(|_| !truncate_lookback),
                    LookbackStart::Ever => {
                        self.check_ever(covariate, rows, *truncate_lookback);
                        None
                    }
                    LookbackStart::AfterIndex => None,
                };
                (rows, start, within.end)
            }
            _ => return,
        };
        let place = format!("covariate `{}`", covariate.name);
        if let (Some(start), Source::Events { .. }) = (start, &covariate.source) {
            let (first, _) = asked(cohort, follow_up, covariate.timing);
            let first = first.map(|day| Day(day.0 - covariate.timing.lag()));
            self.check_lookback(first, &covariate.span, &place, rows, start);
        }
        let (_, last) = asked(cohort, follow_up, covariate.timing);
        if let Some(last) = last {
            self.check_complete(&rows.extract, end.from(last), &covariate.span, &place);
        }
    }

    fn check_index(&self, cohort: &CohortRules) {
        let IndexSource::Event { rows, .. } = &cohort.index.source else { return };
        let Some(extract) = self.extracts.get(&rows.extract) else { return };
        if let (Some(from), Some((begin, verb))) = (cohort.index.from, extract.reliable_from())
            && from < begin
        {
            let rule = format!("index: the window begins {from}, {} {verb} {begin}", extract.name);
            self.faults.add(&cohort.index.span, rule, format!("set from = {begin} or later"));
        }
        if let Some(Washout::Of { length, truncate_lookback: false }) = cohort.index.washout {
            let start = Offset { amount: -length.amount, ..length };
            self.check_lookback(cohort.index.from, &cohort.index.span, "washout", rows, start);
        }
        match cohort.index.to {
            Some(to) => self.check_complete(&rows.extract, to, &cohort.index.span, "index"),
            None => self.check_open_end(extract, &cohort.index.span, "index", "set `to` in [cohort.index]"),
        }
    }

    /// Trap 10: "no record" before a register begins is not "no history". `place` says what looks back, from `earliest` on.
    fn check_lookback(&self, earliest: Option<Day>, span: &Span, place: &str, rows: &EventRows, start: Offset) {
        let Some(extract) = self.extracts.get(&rows.extract) else { return };
        let Some((begin, verb)) = extract.reliable_from() else { return };
        let Some(earliest) = earliest else {
            let rule = format!("{place}: how far back it looks is not known, {} {verb} {begin}", extract.name);
            self.faults.add(span, rule, "set `from` in [cohort.index], or truncate_lookback = true");
            return;
        };
        let needed = start.from(earliest);
        if needed < begin {
            let back = Offset { amount: -start.amount, ..start };
            let reach = if start.amount < 0 { format!("{back} before {earliest}") } else { format!("{earliest}") };
            let rule = format!("{place}: {reach} needs {} from {needed}, which {verb} {begin}", extract.name);
            self.faults.add(span, rule, "shorten it, start later, or set truncate_lookback = true");
        }
    }

    /// "Ever" goes back to the beginning of the register, and the study says so.
    fn check_ever(&self, covariate: &Covariate, rows: &EventRows, truncate: bool) {
        let begins = self.extracts.get(&rows.extract).and_then(Extract::reliable_from).filter(|_| !truncate);
        if let Some((begin, verb)) = begins {
            let rule = format!(
                "covariate `{}` looks back to the first row, and {} {verb} {begin}: more is known of those who enter late",
                covariate.name, rows.extract
            );
            self.faults.add(&covariate.span, rule, "shorten the window, or set truncate_lookback = true");
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
        let end = last_day(cohort, follow_up);
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
            if let (Some((begin, verb)), Some(from)) = (extract.reliable_from().filter(|_| !indexed), cohort.index.from)
                && from < begin
            {
                let rule = format!("follow-up from {from} needs {source}, which {verb} {begin}");
                self.faults.add(&follow_up.span, rule, "let the index window begin later");
            }
        }
    }

    /// A yearly column must have the years that the index window asks for.
    fn check_years(&self, cohort: &CohortRules, follow_up: &FollowUp, covariates: &IndexMap<String, Covariate>) {
        for covariate in covariates.values() {
            let Source::Wide { column, at, look_back } = &covariate.source else { continue };
            let lag = covariate.timing.lag();
            let (Some(from), Some(to)) = asked(cohort, follow_up, covariate.timing) else { continue };
            let (from, to) = (Day(from.0 - lag), Day(to.0 - lag));
            let spec = self.extracts.get(&column.extract).and_then(|e| e.columns.get(&column.column));
            let Some(ColumnSource::Yearly { first, last, .. }) = spec.map(|s| &s.source) else { continue };
            let (needs_first, needs_last) = (from.year() + at.offset, to.year() + at.offset);
            // Looking back takes a value from a year before; the years before the first column have none.
            if needs_first < *first || needs_last - look_back > *last {
                let rule = format!(
                    "covariate `{}` needs the years {needs_first} to {needs_last}, column `{}` has {first} to {last}",
                    covariate.name, column.column
                );
                self.faults.add(&covariate.span, rule, "change `at`, `years` or the index window");
            }
        }
    }
}

/// The first and the last day as of which a covariate is asked for, where the study says them.
fn asked(cohort: &CohortRules, follow_up: &FollowUp, timing: Timing) -> (Option<Day>, Option<Day>) {
    let index = &cohort.index;
    match (timing, &follow_up.late_entry) {
        (Timing::Entry, Some(late)) => {
            // Nobody enters who is gone by then.
            let last = late.latest(index.to).into_iter().chain(last_day(cohort, follow_up)).min();
            (late.earliest(index.from), last)
        }
        (Timing::Index | Timing::Entry, _) => (index.from, index.to),
        (Timing::Current { .. } | Timing::Follows, _) => (index.from, last_day(cohort, follow_up)),
    }
}

/// The last day that follow-up can reach, where the study says one.
fn last_day(cohort: &CohortRules, follow_up: &FollowUp) -> Option<Day> {
    let fixed = follow_up.exits.iter().filter_map(|exit| match exit.source {
        ExitSource::Day(day) => Some(day),
        _ => None,
    });
    let longest = follow_up.maximum.zip(cohort.index.to).map(|(maximum, to)| maximum.from(to));
    fixed.chain(longest).min()
}
