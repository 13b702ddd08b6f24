//! The flow of persons and their events: who is left after each step, and how many each step took out.

use super::AttritionStep;

/// The lines of the flow so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attrition {
    /// The lines, the population first.
    pub(crate) steps: Vec<AttritionStep>,
    /// Whether each person with an index date has the event during follow-up; empty until index dates are known.
    events: Vec<bool>,
}

impl Attrition {
    /// The first line: everybody.
    pub(crate) fn start(label: &str, persons: usize) -> Attrition {
        let first = AttritionStep { label: label.to_string(), persons: persons as u64, ..AttritionStep::default() };
        Attrition { steps: vec![first], events: Vec::new() }
    }

    /// A line for a step after which `persons` are left, before anybody has an index date.
    pub(crate) fn step(&mut self, label: &str, persons: usize) {
        let before = self.steps.last().map_or(0, |s| s.persons);
        let persons = persons as u64;
        self.steps.push(AttritionStep {
            label: label.to_string(),
            persons,
            excluded: before.saturating_sub(persons),
            ..AttritionStep::default()
        });
    }

    /// From here on events are counted too: `events` says for each position whether the person has one. The last line
    /// is that of everybody with an index date.
    pub(crate) fn count_events(&mut self, events: Vec<bool>) {
        if let Some(last) = self.steps.last_mut() {
            last.events = Some(events.iter().filter(|&&event| event).count() as u64);
        }
        self.events = events;
    }

    /// A line for a step after which the persons at the positions of `left` are left.
    pub(crate) fn left(&mut self, label: &str, left: &[u32]) {
        let before = self.steps.last().and_then(|s| s.events);
        self.step(label, left.len());
        let line = self.steps.last_mut().expect("the line was just added");
        line.events = Some(left.iter().filter(|&&p| self.events[p as usize]).count() as u64);
        line.excluded_events = before.zip(line.events).map(|(before, now)| before.saturating_sub(now));
    }

    /// A line for comparison persons who were added. From here on positions are those of everybody, exposed or not, and
    /// `events` says whether each has the event.
    pub(crate) fn added(&mut self, label: &str, added: usize, events: Vec<bool>) {
        let before = self.steps.last().map_or(0, |s| s.persons);
        self.steps.push(AttritionStep {
            label: label.to_string(),
            persons: before + added as u64,
            added: Some(added as u64),
            events: Some(events.iter().filter(|&&event| event).count() as u64),
            excluded_events: Some(0),
            ..AttritionStep::default()
        });
        self.events = events;
    }

    /// Keeps those of `people` for whom `keep` is true, and adds the line.
    pub(crate) fn keep(&mut self, label: &str, people: &mut Vec<u32>, mut keep: impl FnMut(u32) -> bool) {
        people.retain(|&p| keep(p));
        self.left(label, people);
    }
}
