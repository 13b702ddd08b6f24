//! `[follow_up]`: time scale, event, exits, and what is to be done with awkward dates.

use super::Context;
use super::cohort::CohortDraft;
use crate::study::cohort::*;
use crate::study::spec::{Section, Value};
use crate::study::{EntryDay, LateEntry, Offset};

/// What `event_at_exit` can be, for all exits and for one.
const SAME_DAY: [(&str, SameDay); 2] = [("event_first", SameDay::EventFirst), ("exit_first", SameDay::ExitFirst)];

impl Context<'_> {
    /// `[follow_up]`.
    pub fn read_follow_up(&self, root: &Section<'_>, cohort: &CohortDraft) -> Option<FollowUp> {
        let Some(section) = root.section("follow_up", "[follow_up]") else {
            if !root.has("follow_up") {
                root.missing("[follow_up]", "say what is waited for, and for how long");
            }
            return None;
        };
        let population = cohort.population.as_str();
        let scale = self.read_scale(&section, population);
        let maximum = self.read_maximum(&section);
        let event = match section.section("event", "[follow_up.event]") {
            Some(event) => self.read_event(&event, population),
            None => {
                if !section.has("event") {
                    section.missing("[follow_up.event]", "the event whose hazard is studied");
                }
                None
            }
        };
        let exits = section.sections("exit", "[[follow_up.exit]]");
        let n_exits = exits.len();
        let late_entry = self.read_late_entry(&section, population, event.as_ref(), maximum);
        let event_at_exit = section.choice("event_at_exit", &SAME_DAY);
        let same_day = event_at_exit.unwrap_or_default();
        let exits: Vec<Exit> = exits.iter().filter_map(|exit| self.read_exit(exit, population, same_day)).collect();
        if n_exits == 0 && maximum.is_none() {
            let remedy = "declare a [[follow_up.exit]], for example the last day of the data, or `maximum`";
            self.faults.add(&section.span, "follow-up has no end", remedy);
        }
        let event_at_entry = self.read_at_entry(&section, event.as_ref());
        let same_month = self.read_same_month(&section, cohort.index.as_ref(), event.as_ref(), late_entry.as_ref());
        let on_invalid = self.read_on_invalid(&section);
        if let Some(event) = &event {
            for exit in exits.iter().filter(|exit| exit.label == event.label()) {
                let remedy = "give it a label of its own: counts by reason could not tell them apart";
                self.faults.add(&exit.span, "an exit has the label of the event", remedy);
            }
        }
        section.finish();
        Some(FollowUp {
            span: section.span.clone(),
            scale: scale?,
            late_entry,
            maximum,
            event: event?,
            exits,
            event_at_entry: event_at_entry?,
            event_at_exit,
            same_month,
            on_invalid,
        })
    }

    fn read_scale(&self, section: &Section<'_>, population: &str) -> Option<TimeScale> {
        if !section.has("scale") {
            section.missing("scale", "choose \"since_index\", \"age\" or \"calendar\"");
        }
        let scale = section.choice("scale", &[("since_index", 0), ("age", 1), ("calendar", 2)]);
        let origin = section.text("origin");
        match (scale?, origin) {
            (1, Some(origin)) => Some(TimeScale::Age { birth: self.population_date(&origin, population)? }),
            (1, None) => {
                section.missing("origin", "the date of birth, for example origin = \"persons.birth\"");
                None
            }
            (_, Some(origin)) => {
                self.faults.add(&origin.span, "`origin` is for scale = \"age\"", "take it out");
                None
            }
            (0, None) => Some(TimeScale::SinceIndex),
            (_, None) => Some(TimeScale::Calendar),
        }
    }

    fn read_maximum(&self, section: &Section<'_>) -> Option<Offset> {
        let text = section.text("maximum")?;
        let offset = Offset::new(&text.text).filter(|o| o.amount > 0);
        if offset.is_none() {
            self.faults.add(
                &text.span,
                "`maximum` is no length of time",
                "write for example \"730 days\" or \"24 months\"",
            );
        }
        offset
    }

    fn read_event(&self, section: &Section<'_>, population: &str) -> Option<FollowUpEvent> {
        let label = section.required_text("label", "what tables call the event").text;
        let event = if section.has("extract") {
            self.read_rows_of(section, "extract").map(|rows| FollowUpEvent::Rows { label, rows })
        } else {
            let date = section.required_text("date", "a date column of the population, or `extract` and its `date`");
            let column = if date.text.is_empty() { None } else { self.population_date(&date, population) };
            column.map(|column| FollowUpEvent::Date { label, column })
        };
        section.finish();
        event
    }

    fn read_exit(&self, section: &Section<'_>, population: &str, same_day: SameDay) -> Option<Exit> {
        let label = section.required_text("label", "what the report calls the reason").text;
        let source = if section.has("spells") {
            self.read_joined_spells(section).map(ExitSource::SpellEnd)
        } else if section.has("extract") {
            self.read_rows_of(section, "extract").map(ExitSource::Rows)
        } else {
            match section.node("date").map(|n| (&n.value, n)) {
                None => {
                    section
                        .missing("date", "a day, a date column of the population, `extract` with `date`, or `spells`");
                    None
                }
                Some((Value::Day(day), _)) => Some(ExitSource::Day(*day)),
                Some((Value::Text(_), _)) => {
                    section.text("date").and_then(|t| self.population_date(&t, population)).map(ExitSource::Date)
                }
                Some((_, node)) => {
                    section.expected("date", node, "a day or \"extract.column\"");
                    None
                }
            }
        };
        let event_at_exit = section.choice("event_at_exit", &SAME_DAY).unwrap_or(same_day);
        section.finish();
        Some(Exit { span: section.span.clone(), label, source: source?, event_at_exit })
    }

    fn read_at_entry(&self, section: &Section<'_>, event: Option<&FollowUpEvent>) -> Option<AtEntry> {
        let choices = [
            ("exclude", AtEntry::Exclude),
            ("error", AtEntry::Error),
            ("next_day", AtEntry::NextDay),
            ("later_event", AtEntry::LaterEvent),
        ];
        if !section.has("event_at_entry") {
            let remedy =
                "what an event on the day of entry means: \"exclude\", \"error\", \"next_day\" or \"later_event\"";
            section.missing("event_at_entry", remedy);
        }
        let choice = section.choice("event_at_entry", &choices)?;
        if let (AtEntry::LaterEvent, Some(FollowUpEvent::Date { .. })) = (choice, event) {
            let span = section.node("event_at_entry").map_or(&section.span, |n| &n.span);
            self.faults.add(
                span,
                "an event that is one date per person has no later one",
                "choose \"exclude\" or \"next_day\"",
            );
        }
        Some(choice)
    }

    /// Required exactly when the event, the index or a late entry is known by month only.
    fn read_same_month(
        &self,
        section: &Section<'_>,
        index: Option<&Index>,
        event: Option<&FollowUpEvent>,
        late_entry: Option<&LateEntry>,
    ) -> Option<SameMonth> {
        let choices = [
            ("event_after_entry", SameMonth::EventAfterEntry),
            ("exclude", SameMonth::Exclude),
            ("error", SameMonth::Error),
        ];
        let choice = section.choice("same_month", &choices);
        let event_date = event.map(|e| match e {
            FollowUpEvent::Rows { rows, .. } => (rows.extract.as_str(), rows.date.as_str()),
            FollowUpEvent::Date { column, .. } => (column.extract.as_str(), column.column.as_str()),
        });
        let index_date = index.map(|index| match &index.source {
            IndexSource::Event { rows, .. } => (rows.extract.as_str(), rows.date.as_str()),
            IndexSource::Date(column) => (column.extract.as_str(), column.column.as_str()),
        });
        let month_only =
            |date: &(&str, &str)| self.date_spec(date.0, date.1).is_some_and(|spec| spec.format.is_month_only());
        let entry_dates = late_entry.iter().flat_map(|late| &late.days).filter_map(|day| match day {
            EntryDay::Date(column) => Some((column.extract.as_str(), column.column.as_str())),
            EntryDay::AfterIndex(_) | EntryDay::Day(_) => None,
        });
        let dates: Vec<(&str, &str)> = event_date.into_iter().chain(index_date).chain(entry_dates).collect();
        let by_month = dates.iter().find(|date| month_only(date));
        match (by_month, section.entry("same_month")) {
            (Some((extract, column)), None) => {
                let rule =
                    format!("`{extract}.{column}` is known by month only: the event may share the month of entry");
                let remedy = "set same_month = \"event_after_entry\", \"exclude\" or \"error\"";
                self.faults.add(&section.span, rule, remedy);
                None
            }
            (None, Some(entry)) if event.is_some() && index.is_some() => {
                let rule = "`same_month` has no use here: the days of index and event are known";
                self.faults.add(&entry.key_span, rule, "take it out");
                None
            }
            _ => choice,
        }
    }

    fn read_on_invalid(&self, section: &Section<'_>) -> OnInvalid {
        let Some(table) = section.section("on_invalid", "on_invalid") else { return OnInvalid::default() };
        let choices = [("error", Invalid::Error), ("exclude", Invalid::Exclude)];
        let read = |key| table.choice(key, &choices).unwrap_or_default();
        let rules = OnInvalid {
            event_before_entry: read("event_before_entry"),
            exit_before_entry: read("exit_before_entry"),
            exit_at_entry: read("exit_at_entry"),
            reversed_spell: read("reversed_spell"),
            overlapping_spells: read("overlapping_spells"),
        };
        table.finish();
        rules
    }
}
