//! Covariates: from raw values to levels and numbers.
//!
//! Those as of the index date are derived for everybody who has one, before the first step, since steps may use them;
//! those that change during follow-up when it is known (see `current`). Each in the same order: the source's raw value; overrides (their persons skip the rest); recoding; `unlisted` for raw values that no rule
//! covers; `if_missing`. A level or value that `if_missing` gives stands from derivation on.
//!
//! What is an error waits until it matters: a raw value that no rule covers, until a step uses the covariate or the
//! last step is done; a missing value under `if_missing = "error"`, until the last step is done. Persons whom an
//! earlier step took out no longer count. Until then such a value is unknown to conditions.

use super::attrition::Attrition;
use super::condition;
use super::dated::{self, Asked};
use super::derived::{Derived, DerivedValues, NO_LEVEL, Rule, RuleKind, SOURCE};
use super::error::{Fault, LoadError, Place};
use super::people::{Kept, People, Slots};
use super::raw_values::{Raw, raw_values};
use super::recode::recode;
use super::values::Values;
use super::{Note, follow_up};
use crate::study::{Covariate, IfMissing, Kind, Override, Source, Study, Timing};
use crate::table::MISSING_WHOLE;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// Derives all covariates as of the index date or of entry, in an order in which each comes after those it needs.
pub(crate) fn derive_all(
    people: &People,
    kept: &Kept,
    notes: &mut Vec<Note>,
) -> Result<IndexMap<String, Derived>, LoadError> {
    let mut derived = IndexMap::new();
    let positions = people.positions();
    let (at_index, at_entry) = (Asked::at_index(people), Asked::at_entry(people));
    let covariates = people.study.derivation_order.iter().map(|&i| &people.study.covariates[i]);
    for covariate in covariates.filter(|c| !c.timing.changes()) {
        let slots = Slots::persons(&positions, &derived);
        let asked = if covariate.timing == Timing::Entry { &at_entry } else { &at_index };
        let raw = match dated::answers(asked, kept, covariate, notes)? {
            Some((_, raw)) => raw,
            None => raw_values(people, kept, covariate, &slots)?,
        };
        let one = derive(people, covariate, raw, &slots)?;
        derived.insert(covariate.name.clone(), one);
    }
    Ok(derived)
}

/// The covariate of every slot, from its raw values.
pub(crate) fn derive(people: &People, covariate: &Covariate, raw: Raw, slots: &Slots) -> Result<Derived, LoadError> {
    let mut needs = BTreeSet::new();
    let mut need = |name: &str| {
        if let Some(other) = slots.get(name) {
            needs.insert(name.to_string());
            needs.extend(other.needs.iter().cloned());
        }
    };
    match &covariate.source {
        Source::Covariate(name) => need(name),
        Source::Sql(sql) => sql.names.iter().for_each(|n| need(n)),
        _ => {}
    }
    let mut out = Derived {
        values: DerivedValues::Number(Vec::new()),
        uncovered: BTreeMap::new(),
        several: BTreeSet::new(),
        how: vec![SOURCE; slots.positions.len()],
        rules: Vec::new(),
        needs,
        labels: raw.dictionary.labels.clone(),
    };
    match &covariate.kind {
        Kind::Number { overrides, if_missing } => {
            let mut values = number_values(covariate, &raw)?;
            for (slot, given) in overridden(people, covariate, overrides, slots, &mut out)? {
                values[slot as usize] = given;
            }
            if let IfMissing::Use(value) = *if_missing {
                fill(&mut values, value, |x| x.is_nan(), &mut out, format!("missing values taken as {value}"));
            }
            out.values = DerivedValues::Number(values);
        }
        Kind::Factor(rules) => {
            let given = overridden(people, covariate, &rules.overrides, slots, &mut out)?;
            let mut levels = recode(rules, &raw, &mut out);
            given.into_iter().for_each(|(slot, level)| levels[slot as usize] = level as u16);
            if let IfMissing::Use(level) = rules.if_missing {
                let rule = format!("missing values taken as level {}", rules.levels[level].value);
                let uncovered = std::mem::take(&mut out.uncovered);
                // A raw value that no rule covers is not missing: it keeps waiting for its error.
                let how: Vec<usize> = uncovered.keys().map(|&p| p as usize).collect();
                how.iter().for_each(|&p| levels[p] = level as u16);
                fill(&mut levels, level as u16, |&l| l == NO_LEVEL, &mut out, rule);
                how.iter().for_each(|&p| levels[p] = NO_LEVEL);
                out.uncovered = uncovered;
            }
            out.values = DerivedValues::Level(levels);
        }
    }
    Ok(out)
}

/// Replaces missing values, and remembers for whom.
fn fill<T: Clone>(values: &mut [T], with: T, missing: impl Fn(&T) -> bool, out: &mut Derived, rule: String) {
    let number = out.rules.len() as u8;
    out.rules.push(Rule { kind: RuleKind::Missing, text: rule });
    for (value, how) in values.iter_mut().zip(&mut out.how) {
        if missing(value) {
            *value = with.clone();
            // Somebody whose value an earlier rule made missing is counted there.
            if *how == SOURCE {
                *how = number;
            }
        }
    }
}

/// Slots whose value a condition gives, with the value; the first condition that is true stands.
fn overridden<T: Copy>(
    people: &People,
    covariate: &Covariate,
    overrides: &[Override<T>],
    slots: &Slots,
    out: &mut Derived,
) -> Result<Vec<(u32, T)>, LoadError> {
    let mut given = Vec::new();
    for (i, rule) in overrides.iter().enumerate() {
        let place = format!("covariate.{}.override", covariate.name);
        let condition = condition::compile(&rule.when.text, &place)?;
        for name in &condition.names {
            if let Some(other) = slots.get(name) {
                out.needs.insert(name.clone());
                out.needs.extend(other.needs.iter().cloned());
            }
        }
        let number = out.rules.len() as u8;
        out.rules.push(Rule { kind: RuleKind::Override, text: format!("values given by override {}", i + 1) });
        let truth = people.evaluate(&condition, slots)?;
        for (slot, truth) in (0u32..).zip(truth) {
            if truth == Some(true) && out.how[slot as usize] == SOURCE {
                out.how[slot as usize] = number;
                given.push((slot, rule.value));
            }
        }
    }
    Ok(given)
}

fn number_values(covariate: &Covariate, raw: &Raw) -> Result<Vec<f64>, LoadError> {
    match &raw.values {
        Values::Number(v) => Ok(v.clone()),
        Values::Whole(v) => Ok(v.iter().map(|&x| if x == MISSING_WHOLE { f64::NAN } else { f64::from(x) }).collect()),
        _ => {
            let rule = "the source does not give numbers";
            Err(fault(covariate, rule, "declare its levels, or a source that gives numbers"))
        }
    }
}

/// A fault of a covariate.
pub(super) fn fault(covariate: &Covariate, rule: impl Into<String>, remedy: &str) -> LoadError {
    LoadError::Covariate(Fault::new(Place::file(format!("covariate.{}", covariate.name)), rule, remedy))
}

/// Errors when a covariate that `names` need, or one of those it is made of, has a value that no rule covers.
pub(crate) fn check_covered(
    derived: &IndexMap<String, Derived>,
    names: &[String],
    people: &[u32],
    when: &str,
) -> Result<(), LoadError> {
    let mut all: BTreeSet<&str> = BTreeSet::new();
    for name in names {
        if let Some((name, covariate)) = derived.get_key_value(name) {
            all.insert(name);
            all.extend(covariate.needs.iter().map(String::as_str));
        }
    }
    // In the order of derivation, so that the cause is named rather than what is made of it.
    for (name, covariate) in derived.iter().filter(|(name, _)| all.contains(name.as_str())) {
        covariate.covered(name, people.iter().map(|&p| (p, p)), when)?;
    }
    Ok(())
}

/// Whether a missing value takes out the person, or the person-time.
pub(crate) fn excludes(covariate: &Covariate) -> bool {
    match &covariate.kind {
        Kind::Number { if_missing, .. } => matches!(if_missing, IfMissing::Exclude),
        Kind::Factor(rules) => matches!(rules.if_missing, IfMissing::Exclude),
    }
}

/// Whether a missing value stays missing, for the completed data sets to give.
pub(crate) fn is_imputed(covariate: &Covariate) -> bool {
    match &covariate.kind {
        Kind::Number { if_missing, .. } => matches!(if_missing, IfMissing::Imputed),
        Kind::Factor(rules) => matches!(rules.if_missing, IfMissing::Imputed),
    }
}

/// Who has a covariate that keeps its value: everybody, or those who enter, for one as of entry.
pub(crate) struct Holders(Option<Vec<bool>>);

impl Holders {
    /// By the rules of follow-up, where a covariate is as of entry.
    pub(crate) fn new(people: &People, kept: &Kept) -> Holders {
        let asked = people.study.covariates.values().any(|c| c.timing == Timing::Entry);
        Holders(asked.then(|| follow_up::enter(people, kept)))
    }

    /// Whether the person at a position has the covariate. Who never enters leaves on the line of the flow that says so.
    fn has(&self, covariate: &Covariate, position: u32) -> bool {
        let enters = self.0.as_ref().filter(|_| covariate.timing == Timing::Entry);
        enters.is_none_or(|enters| enters[position as usize])
    }

    /// Those of `positions` who have it, as slots.
    pub(crate) fn of<'a>(
        &'a self,
        covariate: &'a Covariate,
        positions: &'a [u32],
    ) -> impl Iterator<Item = (u32, u32)> + Clone + 'a {
        positions.iter().filter(move |&&p| self.has(covariate, p)).map(|&p| (p, p))
    }
}

/// After the last step: errors for what is not covered or missing, exclusions for what is missing, notes for the rest.
pub(crate) fn settle(
    study: &Study,
    derived: &IndexMap<String, Derived>,
    (people, holders): (&mut Vec<u32>, &Holders),
    attrition: &mut Attrition,
    notes: &mut Vec<Note>,
) -> Result<(), LoadError> {
    let fixed = || study.covariates.iter().filter(|(_, c)| !c.timing.changes());
    // In the order of derivation, so that the cause is named rather than what is made of it.
    for (name, values) in derived {
        values.covered(name, holders.of(&study.covariates[name], people), "in the cohort")?;
    }
    for (name, covariate) in fixed().filter(|(_, c)| excludes(c)) {
        let known = |p| !holders.has(covariate, p) || !derived[name].is_missing(p);
        attrition.keep(&format!("{} is known", covariate.label), people, known);
    }
    for (name, covariate) in fixed().filter(|(_, c)| !is_imputed(c)) {
        derived[name].known(covariate, holders.of(covariate, people), "in the cohort")?;
    }
    for (name, covariate) in fixed() {
        derived[name].rule_notes(name, holders.of(covariate, people), notes);
    }
    Ok(())
}
