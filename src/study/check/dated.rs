//! Covariates from dated rows: as of which day, how far back, and what is asked of the rows.

use super::recode::Raw;
use super::{Context, Want};
use crate::study::covariate::*;
use crate::study::spec::{Section, Text};
use crate::study::{Offset, OffsetUnit};

/// What `at` of a yearly table may say.
const YEARS: &str =
    "write \"year before index\", \"2 years before index\" or, to follow it, \"year before current year\"";

impl Context<'_> {
    /// `at = "index"` or `"entry"`, or `at = "current"` with `lag`.
    pub fn read_timing(&self, section: &Section<'_>) -> Timing {
        if !section.has("at") {
            let remedy = "write at = \"index\", at = \"entry\" where people enter later, or at = \"current\" for a value \
                          that changes during follow-up";
            section.missing("at", remedy);
        }
        let choices = [("index", Timing::Index), ("entry", Timing::Entry), ("current", Timing::Current { lag: 0 })];
        let timing = section.choice("at", &choices).unwrap_or(Timing::Index);
        self.with_lag(section, timing)
    }

    /// A timing with its lag.
    fn with_lag(&self, section: &Section<'_>, timing: Timing) -> Timing {
        let Some(text) = section.text("lag") else { return timing };
        let lag = self.read_lag(&text);
        match timing {
            Timing::Current { .. } => Timing::Current { lag },
            fixed => {
                let remedy = "set at = \"current\", or let the window of rows end earlier";
                self.faults.add(&text.span, "`lag` is for values that change during follow-up", remedy);
                fixed
            }
        }
    }

    fn read_lag(&self, text: &Text) -> i32 {
        let days = Offset::new(&text.text).filter(|o| o.unit == OffsetUnit::Days && o.amount >= 0);
        if days.is_none() {
            self.faults.add(&text.span, "`lag` is no number of days", "write for example lag = \"90 days\"");
        }
        days.map_or(0, |o| o.amount)
    }

    /// `look_back = "2 years"`: how old a value may be.
    pub fn read_look_back(&self, section: &Section<'_>) -> Option<Offset> {
        let text = section.text("look_back")?;
        let offset = Offset::new(&text.text).filter(|o| o.amount > 0);
        if offset.is_none() {
            let remedy = "write for example look_back = \"1 year\"";
            self.faults.add(&text.span, "`look_back` is no length of time", remedy);
        }
        offset
    }

    /// `look_back` of a yearly table: whole years.
    pub fn read_years_back(&self, section: &Section<'_>) -> i32 {
        let Some(offset) = self.read_look_back(section) else { return 0 };
        if offset.unit != OffsetUnit::Years || offset.amount > 100 {
            let span = section.node("look_back").map_or(&section.span, |n| &n.span);
            self.faults.add(
                span,
                "a yearly table is looked back by years",
                "write for example look_back = \"2 years\"",
            );
        }
        offset.amount.min(100)
    }

    /// The year of a yearly table, and as of which day.
    pub fn read_year_at(&self, section: &Section<'_>) -> Option<(YearAt, Timing)> {
        let at = section.required_text("at", YEARS);
        let of = |day: &str| -> Option<i32> {
            let text = at.text.strip_suffix(day)?;
            match text {
                "year of " => Some(0),
                "year before " => Some(-1),
                _ => {
                    let number = text.strip_suffix(" years before ").and_then(|n| n.trim().parse::<i32>().ok());
                    number.filter(|n| (0..=100).contains(n)).map(|n| -n)
                }
            }
        };
        let current = Timing::Current { lag: 0 };
        let days = [("index", Timing::Index), ("entry", Timing::Entry), ("current year", current)];
        let found = days.into_iter().find_map(|(day, timing)| of(day).map(|offset| (offset, timing)));
        let found = found.or_else(|| (at.text == "current year").then_some((0, current)));
        if found.is_none() && !at.text.is_empty() {
            self.faults.add(&at.span, format!("`at` cannot be \"{}\" here", at.text), YEARS);
        }
        found.map(|(offset, timing)| (YearAt { offset }, self.with_lag(section, timing)))
    }

    /// `latest = "labs"` with `date`, `value`, and `where`, `codes`, `look_back`.
    pub fn read_latest(&self, section: &Section<'_>) -> Option<(Source, Raw, Timing)> {
        let timing = self.read_timing(section);
        let look_back = self.read_look_back(section);
        let value = section.required_text("value", "the column with the value");
        let rows = self.read_rows_of(section, "latest")?;
        let value = self.column(&self.extracts[&rows.extract], &value, Want::Any)?;
        let raw = self.raw_of(section, "value", &value)?;
        let same_day = self.read_same_day(section, &raw);
        Some((Source::Latest { rows, value: value.column, look_back, same_day }, raw, timing))
    }

    /// `on_same_day`: what rows of one day with different values mean; the smallest and the largest only of numbers.
    pub fn read_same_day(&self, section: &Section<'_>, raw: &Raw) -> OnSameDay {
        let rules = [
            ("error", OnSameDay::Error),
            ("missing", OnSameDay::Missing),
            ("smallest", OnSameDay::Smallest),
            ("largest", OnSameDay::Largest),
        ];
        let rule = section.choice("on_same_day", &rules).unwrap_or_default();
        let of_numbers = matches!(rule, OnSameDay::Smallest | OnSameDay::Largest);
        if of_numbers && !matches!(raw, Raw::Number | Raw::Unknown) {
            let span = section.node("on_same_day").map_or(&section.span, |n| &n.span);
            self.faults.add(span, "a code is neither small nor large", "set on_same_day = \"missing\" or \"error\"");
        }
        rule
    }

    /// `any`, `count` or `sum` of an extract, with `date`, `within`, and `where`, `codes`.
    pub fn read_events(&self, section: &Section<'_>, key: &'static str) -> Option<(Source, Raw, Timing)> {
        let timing = self.read_timing(section);
        let within = self.read_lookback(section);
        let truncate_lookback = section.flag("truncate_lookback");
        let rows = self.read_rows_of(section, key);
        let measure = match key {
            "any" => Some(Measure::Any),
            "count" => Some(Measure::Count),
            _ => self.read_summed(section, rows.as_ref().map(|r| r.extract.as_str())),
        };
        let raw = match key {
            "any" => Raw::YesNo,
            _ => Raw::Number,
        };
        let source = Source::Events { rows: rows?, within: within?, measure: measure?, truncate_lookback };
        Some((source, raw, timing))
    }

    fn read_summed(&self, section: &Section<'_>, extract: Option<&str>) -> Option<Measure> {
        let value = section.required_text("value", "the column that is summed");
        let extract = self.extracts.get(extract?)?;
        let column = self.column(extract, &value, Want::Any)?;
        match self.raw_of(section, "value", &column)? {
            Raw::Number => Some(Measure::Sum(column.column)),
            Raw::Unknown => None,
            _ => {
                self.faults.add(
                    &value.span,
                    "a code cannot be summed",
                    "name a column of type \"number\" or \"whole\"",
                );
                None
            }
        }
    }

    /// `within = ["-12 months", "0 days"]`; the start may be `"ever"` or `"index"`.
    fn read_lookback(&self, section: &Section<'_>) -> Option<Lookback> {
        let example = "for example within = [\"-12 months\", \"0 days\"] or [\"ever\", \"-1 day\"]";
        let Some(node) = section.node("within") else {
            section.missing("within", example);
            return None;
        };
        let texts = section.texts_of("within", node);
        let [start, end] = &texts[..] else {
            self.faults.add(&node.span, "`within` is not the two ends of a window", example);
            return None;
        };
        let start = match start.text.as_str() {
            "ever" => Some(LookbackStart::Ever),
            "index" => Some(LookbackStart::AfterIndex),
            other => Offset::new(other).map(LookbackStart::Before),
        };
        let (Some(start), Some(end)) = (start, Offset::new(&end.text)) else {
            self.faults.add(&node.span, "`within` is not two spans of days, months or years", example);
            return None;
        };
        if end.amount > 0 {
            let rule = "`within` looks past the day for which the covariate stands";
            self.faults.add(&node.span, rule, "let it end at \"0 days\" or before: later events are not known yet");
        }
        let day = crate::day::Day(15_000);
        if matches!(start, LookbackStart::Before(start) if start.from(day) > end.from(day)) {
            self.faults.add(&node.span, "`within` ends before it begins", "swap its two spans");
        }
        Some(Lookback { start, end })
    }

    /// A number that runs with time would be another one every day.
    pub fn check_steps(&self, section: &Section<'_>, source: &Source, timing: Timing, kind: &Kind) {
        let runs = matches!(source, Source::YearsSince(_) | Source::DaysSince(_));
        if runs && timing.changes() && matches!(kind, Kind::Number { .. }) {
            let rule = format!("{} is another number every day", section.what);
            self.faults.add(&section.span, rule, "give it `cut`: person-time is cut where its class changes");
        }
    }
}
