//! A covariate once it is worked out: values, how each came about, and what is still to be said of it.

use super::Note;
use super::covariate::fault;
use super::error::{Fault, LoadError, Place, counted};
use crate::study::{Covariate, FactorRules, Kind, Level};
use crate::table::{Codes, ColumnData, Factor};
use std::collections::{BTreeMap, BTreeSet};

/// A covariate of everybody with an index date, of pieces of follow-up or of records: one value per slot.
#[derive(Debug, Clone)]
pub(crate) struct Derived {
    pub(super) values: DerivedValues,
    /// Slots with a raw value that no rule covers, and a number for that value.
    pub(super) uncovered: BTreeMap<u32, u32>,
    /// Slots with codes of several levels, of which the first in the order of the list counts.
    pub(super) several: BTreeSet<u32>,
    /// How each value came about: from the source, or by the rule of that number in `rules`.
    pub(super) how: Vec<u8>,
    /// The rules that gave values.
    pub(crate) rules: Vec<Rule>,
    /// The covariates it needs, directly or through others.
    pub(super) needs: BTreeSet<String>,
    /// Labels that the files give raw values.
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub(super) enum DerivedValues {
    /// Index of the level as declared; `NO_LEVEL` is missing.
    Level(Vec<u16>),
    /// NaN is missing.
    Number(Vec<f64>),
}

/// A rule that gave values which the source did not.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) kind: RuleKind,
    /// What it is called in notes.
    pub(super) text: String,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleKind {
    /// An `override`.
    Override,
    /// Values that no rule covers, as `unlisted` says.
    Unlisted,
    /// Missing values, as `if_missing` says.
    Missing,
}

/// The number of no level.
pub(super) const NO_LEVEL: u16 = u16::MAX;
/// From the source.
pub(super) const SOURCE: u8 = u8::MAX;

impl Derived {
    /// The values at these positions, as a column of a table; factor levels with the reference first.
    pub(crate) fn data(&self, covariate: &Covariate, positions: &[u32]) -> ColumnData {
        match (&self.values, &covariate.kind) {
            (DerivedValues::Number(v), _) => ColumnData::Number(positions.iter().map(|&p| v[p as usize]).collect()),
            (DerivedValues::Level(v), Kind::Factor(rules)) => {
                let order = rules.reference_first();
                let mut rank = vec![0; order.len()];
                (0u32..).zip(&order).for_each(|(r, &level)| rank[level] = r);
                let code = |&p: &u32| Some(v[p as usize]).filter(|&l| l != NO_LEVEL).map(|l| rank[l as usize]);
                ColumnData::Factor(Factor {
                    codes: Codes::pack(positions.iter().map(code), order.len()),
                    levels: order.iter().map(|&i| rules.levels[i].value.clone()).collect(),
                    labels: order.iter().map(|&i| self.label(rules, &rules.levels[i])).collect(),
                    declared: true,
                })
            }
            (DerivedValues::Level(_), Kind::Number { .. }) => unreachable!("a covariate keeps its kind"),
        }
    }

    /// A level's own label, or the one that the files give its value where the study asks for those.
    fn label(&self, rules: &FactorRules, level: &Level) -> String {
        let unnamed = rules.file_labels && level.label == level.value;
        let given = self.labels.get(&level.value).filter(|_| unnamed);
        given.unwrap_or(&level.label).clone()
    }

    /// Whether a slot has no value.
    pub(crate) fn is_missing(&self, slot: u32) -> bool {
        match &self.values {
            DerivedValues::Level(v) => v[slot as usize] == NO_LEVEL,
            DerivedValues::Number(v) => v[slot as usize].is_nan(),
        }
    }

    /// Whether two slots have the same value, come about in the same way.
    pub(crate) fn same(&self, a: u32, b: u32) -> bool {
        let (a, b) = (a as usize, b as usize);
        let equal = match &self.values {
            DerivedValues::Level(v) => v[a] == v[b],
            DerivedValues::Number(v) => v[a] == v[b] || (v[a].is_nan() && v[b].is_nan()),
        };
        equal && self.how[a] == self.how[b]
    }

    /// What kind of rule gave the value of a slot; `None` for the source.
    pub(crate) fn rule_of(&self, slot: u32) -> Option<RuleKind> {
        self.rules.get(usize::from(self.how[slot as usize])).map(|rule| rule.kind)
    }

    /// The values of the given slots, in their order; all of them are covered.
    pub(crate) fn take(&self, slots: &[u32]) -> Derived {
        Derived {
            values: match &self.values {
                DerivedValues::Level(v) => DerivedValues::Level(slots.iter().map(|&s| v[s as usize]).collect()),
                DerivedValues::Number(v) => DerivedValues::Number(slots.iter().map(|&s| v[s as usize]).collect()),
            },
            uncovered: BTreeMap::new(),
            several: BTreeSet::new(),
            how: slots.iter().map(|&s| self.how[s as usize]).collect(),
            rules: self.rules.clone(),
            needs: self.needs.clone(),
            labels: self.labels.clone(),
        }
    }

    /// Adds a note for every rule: for how many of `who` it gave a value. Slots of one person stand together.
    pub(crate) fn rule_notes(
        &self,
        name: &str,
        slots: impl Iterator<Item = (u32, u32)> + Clone,
        notes: &mut Vec<Note>,
    ) {
        let source = format!("covariate.{name}");
        for (number, rule) in self.rules.iter().enumerate() {
            let by_rule = slots.clone().filter(|(_, slot)| usize::from(self.how[*slot as usize]) == number);
            notes.push(Note::new(&source, &rule.text, persons(by_rule), "persons"));
        }
        if !self.several.is_empty() {
            let n = persons(slots.filter(|(_, slot)| self.several.contains(slot)));
            let message = "codes of several levels, of which the first in the order of the list counts";
            notes.push(Note::new(&source, message, n, "persons"));
        }
    }
}

/// How many persons the slots are of, given as (person, slot); slots of one person stand together.
fn persons(slots: impl Iterator<Item = (u32, u32)>) -> u64 {
    let mut last = None;
    slots.filter(|(who, _)| last.replace(*who) != Some(*who)).count() as u64
}

impl Derived {
    /// Errors when one of the slots, given as (person, slot), has a value that no rule covers.
    pub(crate) fn covered(
        &self,
        name: &str,
        slots: impl Iterator<Item = (u32, u32)>,
        when: &str,
    ) -> Result<(), LoadError> {
        if self.uncovered.is_empty() {
            return Ok(());
        }
        let found: Vec<(u32, u32)> =
            slots.filter_map(|(who, slot)| self.uncovered.get(&slot).map(|value| (who, *value))).collect();
        if found.is_empty() {
            return Ok(());
        }
        let distinct = |of: fn(&(u32, u32)) -> u32| found.iter().map(of).collect::<BTreeSet<_>>().len() as u64;
        let (persons, values) = (distinct(|f| f.0), distinct(|f| f.1));
        let have = if persons == 1 { "has" } else { "have" };
        let rule = format!(
            "{} {when} {have} a value that no rule covers ({})",
            counted(persons, "person"),
            counted(values, "distinct value")
        );
        let place = Place::file(format!("covariate.{name}"));
        let remedy = format!(
            "add the value to the levels, code list or cut points of [covariate.{name}], or set `unlisted` there"
        );
        Err(LoadError::Covariate(Fault::new(place, rule, remedy)))
    }

    /// Errors when one of the slots, given as (person, slot), has no value.
    pub(crate) fn known(
        &self,
        covariate: &Covariate,
        slots: impl Iterator<Item = (u32, u32)>,
        when: &str,
    ) -> Result<(), LoadError> {
        let mut who: Vec<u32> = slots.filter(|(_, slot)| self.is_missing(*slot)).map(|(who, _)| who).collect();
        who.dedup();
        if who.is_empty() {
            return Ok(());
        }
        let rule = format!("{} {when} without a value", counted(who.len() as u64, "person"));
        let remedy = format!("set if_missing of [covariate.{}] to a level, a value or \"exclude\"", covariate.name);
        Err(fault(covariate, rule, &remedy))
    }
}
