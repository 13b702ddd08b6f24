//! Codes that stand in a column for other reasons than those a study looks for: without them every row of an extract would be
//! one that some rule takes.

use super::columns::{cleaned, fits};
use crate::study::{CodeList, CodeSpec};

/// How many of them a column gets.
const OTHERS: usize = 3;

/// Codes of the shape of those that lists have, which none of the lists has. None where the column declares its levels.
pub(super) fn other_codes(lists: &[&CodeList], listed: &[String], rules: &CodeSpec) -> Vec<String> {
    if lists.is_empty() || rules.levels.is_some() {
        return Vec::new();
    }
    let mut found: Vec<String> = Vec::new();
    for code in listed {
        for changed in changes(code) {
            let clean = cleaned(&changed, rules);
            let is_other = clean == changed && fits(&clean, rules) && !lists.iter().any(|list| list.matches(&clean));
            if is_other && !found.contains(&clean) {
                found.push(clean);
            }
            if found.len() == OTHERS {
                return found;
            }
        }
    }
    found
}

/// A code with another letter or digit in the place of its first or last one.
fn changes(code: &str) -> Vec<String> {
    let letters: Vec<char> = code.chars().collect();
    let mut changed = Vec::new();
    for at in [0, letters.len().saturating_sub(1)] {
        let others: Vec<char> = match letters.get(at) {
            Some(c) if c.is_ascii_digit() => ('1'..='9').collect(),
            Some(c) if c.is_ascii_uppercase() => ('A'..='Z').collect(),
            Some(c) if c.is_ascii_lowercase() => ('a'..='z').collect(),
            _ => continue,
        };
        for other in others.into_iter().filter(|c| *c != letters[at]) {
            let mut letters = letters.clone();
            letters[at] = other;
            changed.push(letters.into_iter().collect());
        }
    }
    changed
}
