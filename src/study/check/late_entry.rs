//! `entry` and `event_between` of `[follow_up]`: people who come under observation after the index date.

use super::Context;
use crate::study::cohort::FollowUpEvent;
use crate::study::spec::{Node, Section, Value};
use crate::study::{EntryDay, EventBetween, LateEntry, Offset};

impl Context<'_> {
    /// `entry` is a length of time, a day, a date column of the population, or a list of these.
    pub fn read_late_entry(
        &self,
        section: &Section<'_>,
        population: &str,
        event: Option<&FollowUpEvent>,
        maximum: Option<Offset>,
    ) -> Option<LateEntry> {
        let choices = [
            ("exclude", EventBetween::Exclude),
            ("error", EventBetween::Error),
            ("later_event", EventBetween::LaterEvent),
        ];
        let event_between = section.choice("event_between", &choices);
        let Some(node) = section.node("entry") else {
            if let Some(entry) = section.entry("event_between") {
                let rule = "`event_between` has no use here: everybody enters on the index date";
                self.faults.add(&entry.key_span, rule, "set `entry`, or take it out");
            }
            return None;
        };
        let nodes = match &node.value {
            Value::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        if nodes.is_empty() {
            self.faults.add(&node.span, "`entry` is an empty list", "for example entry = \"30 days\"");
        }
        let days: Option<Vec<EntryDay>> =
            nodes.iter().map(|node| self.read_entry_day(node, population, maximum)).collect();
        if !section.has("event_between") {
            let remedy = "what an event from the index date to the day before entry means: \"exclude\", \"error\" or \
                          \"later_event\"";
            section.missing("event_between", remedy);
        }
        if let (Some(EventBetween::LaterEvent), Some(FollowUpEvent::Date { .. })) = (event_between, event) {
            let span = section.node("event_between").map_or(&section.span, |n| &n.span);
            self.faults.add(span, "an event that is one date per person has no later one", "choose \"exclude\"");
        }
        let days = days.filter(|days| !days.is_empty());
        Some(LateEntry { span: node.span.clone(), days: days?, event_between: event_between? })
    }

    fn read_entry_day(&self, node: &Node, population: &str, maximum: Option<Offset>) -> Option<EntryDay> {
        let text = match &node.value {
            Value::Day(day) => return Some(EntryDay::Day(*day)),
            Value::Text(_) => node.as_text()?,
            _ => {
                let remedy = "a length such as \"30 days\", a day, or a date column such as \"persons.consent\"";
                self.faults.add(&node.span, format!("`entry` is {}", node.kind()), remedy);
                return None;
            }
        };
        let Some(after) = Offset::new(&text.text) else {
            if text.text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
                self.faults.add(&text.span, "`entry` is no length of time", "write for example \"30 days\"");
                return None;
            }
            return self.population_date(&text, population).map(EntryDay::Date);
        };
        if after.amount <= 0 {
            self.faults.add(&text.span, "`entry` is not after the index date", "write for example \"30 days\"");
            return None;
        }
        if maximum.is_some_and(|maximum| maximum.unit == after.unit && maximum.amount <= after.amount) {
            let rule = format!("nobody can be followed: entry is {after} after the index date, `maximum` no later");
            self.faults.add(&text.span, rule, "`maximum` counts from the index date too: make it longer");
        }
        Some(EntryDay::AfterIndex(after))
    }
}
