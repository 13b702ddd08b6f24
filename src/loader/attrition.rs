//! The flow of persons: who is left after each step, and how many each step took out.

use super::AttritionStep;

/// The persons still in the study, and the lines of the flow so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attrition {
    /// The lines, the population first.
    pub(crate) steps: Vec<AttritionStep>,
}

impl Attrition {
    /// The first line: everybody.
    pub(crate) fn start(label: &str, persons: usize) -> Attrition {
        let first = AttritionStep { label: label.to_string(), persons: persons as u64, excluded: 0 };
        Attrition { steps: vec![first] }
    }

    /// A line for a step after which `persons` are left.
    pub(crate) fn step(&mut self, label: &str, persons: usize) {
        let before = self.steps.last().map_or(0, |s| s.persons);
        let persons = persons as u64;
        self.steps.push(AttritionStep { label: label.to_string(), persons, excluded: before - persons });
    }

    /// Keeps those of `people` for whom `keep` is true, and adds the line.
    pub(crate) fn keep(&mut self, label: &str, people: &mut Vec<u32>, mut keep: impl FnMut(u32) -> bool) {
        people.retain(|&p| keep(p));
        self.step(label, people.len());
    }
}
