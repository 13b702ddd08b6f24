//! Raw values to levels: as they are, by a code list, by cut points.

use super::derived::{Derived, NO_LEVEL, Rule, RuleKind, SOURCE};
use super::raw_values::Raw;
use super::values::{Values, mix};
use crate::study::{CodeList, Cut, FactorRules, Recode, Unlisted};
use crate::table::MISSING_WHOLE;

/// What a raw value becomes.
#[derive(Debug, Clone, Copy)]
enum Recoded {
    Missing,
    Level(u16),
    /// No rule covers it; a number for the value.
    Uncovered(u32),
}

/// The levels of raw values; persons with an override are passed over.
pub(super) fn recode(rules: &FactorRules, raw: &Raw, out: &mut Derived) -> Vec<u16> {
    let mut levels = vec![NO_LEVEL; out.how.len()];
    let unlisted_rule = out.rules.len() as u8;
    let mut unlisted = false;
    let mut known: Vec<Option<Option<(usize, u16)>>> = vec![None; raw.dictionary.texts().len()];
    for (position, slot) in levels.iter_mut().enumerate() {
        if out.how[position] != SOURCE {
            continue;
        }
        let recoded = match (&rules.recode, &raw.values) {
            (Recode::Cut(cut), values) => recode_number(cut, values, position),
            (recode, Values::Code(_) | Values::Codes { .. }) => {
                let codes = raw.values.codes(position);
                // Of several codes, the one whose value comes first in the order of the list, or of the levels.
                let mut level_of = |c: u32| {
                    *known[c as usize].get_or_insert_with(|| code_level(rules, recode, raw.dictionary.text(c)))
                };
                let best = codes.iter().filter_map(|&c| level_of(c)).min();
                let other =
                    |c: &u32| level_of(*c).is_some_and(|(_, level)| Some(level) != best.map(|(_, level)| level));
                if codes.len() > 1 && codes.iter().any(other) {
                    out.several.insert(position as u32);
                }
                match (best, codes) {
                    (_, []) => Recoded::Missing,
                    (Some((_, level)), _) => Recoded::Level(level),
                    (None, [first, ..]) => Recoded::Uncovered(*first),
                }
            }
            (recode, values) => recode_printed(rules, recode, values, position),
        };
        match (recoded, rules.unlisted) {
            (Recoded::Level(level), _) => *slot = level,
            (Recoded::Missing, _) => {}
            (Recoded::Uncovered(value), Unlisted::Error) => _ = out.uncovered.insert(position as u32, value),
            (Recoded::Uncovered(_), action) => {
                unlisted = true;
                out.how[position] = unlisted_rule;
                if let Unlisted::Level(level) = action {
                    *slot = level as u16;
                }
            }
        }
    }
    if unlisted {
        let text = match rules.unlisted {
            Unlisted::Level(level) => format!("unlisted values taken as level {}", rules.levels[level].value),
            _ => "unlisted values taken as missing".to_string(),
        };
        out.rules.push(Rule { kind: RuleKind::Unlisted, text });
    }
    levels
}

/// The level of a code and its place in the order of the list (of the levels, where there is no list).
fn code_level(rules: &FactorRules, recode: &Recode, code: &str) -> Option<(usize, u16)> {
    match recode {
        Recode::AsIs => rules.level_of(code).map(|level| (level, level as u16)),
        Recode::List { prefix, list } => {
            let head: String = code.chars().take(prefix.unwrap_or(usize::MAX)).collect();
            list_level(rules, list, &head)
        }
        Recode::Cut(_) => None,
    }
}

fn list_level(rules: &FactorRules, list: &CodeList, code: &str) -> Option<(usize, u16)> {
    let value = list.value_index(code)?;
    rules.level_of(&list.values[value]).map(|level| (value, level as u16))
}

fn recode_number(cut: &Cut, values: &Values, position: usize) -> Recoded {
    let x = match values {
        Values::Number(v) => v[position],
        Values::Whole(v) | Values::Day(v) if v[position] != MISSING_WHOLE => f64::from(v[position]),
        _ => f64::NAN,
    };
    match cut.class_of(x) {
        _ if x.is_nan() => Recoded::Missing,
        Some(class) => Recoded::Level(class as u16),
        None => Recoded::Uncovered(mix_number(x)),
    }
}

/// Numbers as levels: by their shortest spelling.
fn recode_printed(rules: &FactorRules, recode: &Recode, values: &Values, position: usize) -> Recoded {
    let (text, number) = match values {
        Values::Whole(v) if v[position] != MISSING_WHOLE => (v[position].to_string(), f64::from(v[position])),
        Values::Number(v) if !v[position].is_nan() => (v[position].to_string(), v[position]),
        _ => return Recoded::Missing,
    };
    code_level(rules, recode, &text).map_or(Recoded::Uncovered(mix_number(number)), |(_, level)| Recoded::Level(level))
}

/// A number for a value, to count distinct values with.
fn mix_number(x: f64) -> u32 {
    mix(x.to_bits(), 0) as u32
}
