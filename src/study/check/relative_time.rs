//! Deliveries whose dates are days since a reference of each person: what of a study would need the calendar.

use super::Context;
use crate::study::cohort::*;
use crate::study::covariate::{Covariate, Source};
use crate::study::dates::RELATIVE_DAYS;
use crate::study::spec::{Entry, Section, Value};
use crate::study::{EntryDay, Offset, OffsetUnit, Span};
use indexmap::IndexMap;

impl Context<'_> {
    /// With `relative_time = true` every date is `"relative_days"`, and no rule asks for the calendar; without it none is.
    pub fn check_relative_time(&self, root: &Section<'_>, relative: bool) {
        for (extract, column, format) in date_columns(root) {
            let is_relative = format.node.as_text().is_some_and(|t| t.text == RELATIVE_DAYS);
            match (is_relative, relative) {
                (true, false) => {
                    let rule = format!("column `{column}` of `{extract}` has days since a reference of each person");
                    let remedy = "set relative_time = true in [study]; then no rule may ask for the calendar";
                    self.faults.add(&format.node.span, rule, remedy);
                }
                (false, true) => {
                    let rule =
                        format!("column `{column}` of `{extract}` has calendar dates, and the study relative time");
                    let remedy = "dates of both kinds cannot be compared: take relative_time out, and declare \
                                  \"days_since\" with reference_date";
                    self.faults.add(&format.node.span, rule, remedy);
                }
                _ => {}
            }
        }
    }

    /// Rules that would need the calendar, in a study of relative time.
    pub fn check_no_calendar(
        &self,
        cohort: &CohortRules,
        follow_up: &FollowUp,
        covariates: &IndexMap<String, Covariate>,
    ) {
        let refuse = |span: &Span, what: &str| {
            let rule = format!("{what}, and the study has relative time: no calendar");
            self.faults.add(span, rule, "count in days, or declare \"days_since\" with reference_date");
        };
        let months = |offset: &Offset| offset.unit != OffsetUnit::Days;
        let index = &cohort.index;
        if index.from.is_some() || index.to.is_some() {
            refuse(&index.span, "`from` and `to` are calendar days");
        }
        if index.age.is_some() {
            refuse(&index.span, "`age` counts anniversaries");
        }
        if index.washout.and_then(Washout::length).is_some_and(|length| months(&length)) {
            refuse(&index.span, "`washout` counts months or years");
        }
        for step in &cohort.steps {
            if let Condition::Sql(sql) = &step.condition
                && asks_for_the_calendar(&sql.text)
            {
                refuse(&sql.span, "the condition names a day or a part of a date");
            }
            let within = match &step.condition {
                Condition::Events { within, .. } | Condition::Covered { within, .. } => Some(within),
                Condition::Sql(_) | Condition::InSpell(_) => None,
            };
            if within.is_some_and(|w| months(&w.start) || months(&w.end)) {
                refuse(&step.span, "`within` counts months or years");
            }
        }
        if follow_up.scale != TimeScale::SinceIndex {
            refuse(&follow_up.span, "the scale is age or calendar time");
        }
        if follow_up.maximum.as_ref().is_some_and(months) {
            refuse(&follow_up.span, "`maximum` counts months or years");
        }
        if let Some(late) = &follow_up.late_entry {
            let calendar = |day: &EntryDay| match day {
                EntryDay::AfterIndex(after) => months(after),
                EntryDay::Day(_) => true,
                EntryDay::Date(_) => false,
            };
            if late.days.iter().any(calendar) {
                refuse(&late.span, "`entry` is a calendar day, or counts months or years");
            }
        }
        for exit in follow_up.exits.iter().filter(|e| matches!(e.source, ExitSource::Day(_))) {
            refuse(&exit.span, "an exit is a calendar day");
        }
        for covariate in covariates.values() {
            match &covariate.source {
                Source::YearOf(_) => refuse(&covariate.span, "`year_of` is a calendar year"),
                Source::Sql(sql) if asks_for_the_calendar(&sql.text) => {
                    refuse(&covariate.span, "its SQL names a day or a part of a date");
                }
                Source::YearsSince(_) => refuse(&covariate.span, "`years_since` counts anniversaries"),
                Source::Wide { .. } | Source::Yearly { .. } => refuse(&covariate.span, "values go by calendar year"),
                _ => {}
            }
        }
        for extract in self.extracts.values() {
            let coverage = &extract.coverage;
            if coverage.from.or(coverage.key_complete_from).or(coverage.complete_until).is_some() {
                refuse(&extract.span, "its coverage is in calendar days");
            }
        }
    }
}

/// Whether an SQL expression writes a day, or takes a part of one.
fn asks_for_the_calendar(sql: &str) -> bool {
    let sql = sql.to_lowercase();
    ["date '", "extract(", "date_part(", "year(", "strftime("].iter().any(|word| sql.contains(word))
}

/// Every date column that the study file writes: extract, name, format.
fn date_columns<'a>(root: &Section<'a>) -> Vec<(&'a str, &'a str, &'a Entry)> {
    let entries = |entry: &'a Entry| match &entry.node.value {
        Value::Table(entries) => entries.as_slice(),
        _ => &[],
    };
    let find = |all: &'a [Entry], key: &str| all.iter().find(|e| e.key == key);
    let mut found = Vec::new();
    for extract in find(root.all(), "extract").map_or(&[] as &[Entry], entries) {
        let columns = find(entries(extract), "columns").map_or(&[] as &[Entry], entries);
        for column in columns {
            let keys = entries(column);
            let is_date = find(keys, "type").and_then(|t| t.node.as_text()).is_some_and(|t| t.text == "date");
            let format = find(keys, "format").filter(|_| is_date);
            found.extend(format.map(|format| (extract.key.as_str(), column.key.as_str(), format)));
        }
    }
    found
}
