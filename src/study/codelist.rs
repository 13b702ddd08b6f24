//! Code lists: which codes are meant, and what each stands for.

use std::fmt;

/// A code list, resolved: an ordered list of items, each with the value it gives.
///
/// A list written as `include` / `except` gives the value of the list's own name to every code it includes.
/// In a list of `groups` the first group in the order written that has the code gives the value.
/// In a list from a file the value stands beside the code; with `match = "prefix"` the longest matching code wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeList {
    /// The values in the order written (for a file: of first occurrence).
    pub values: Vec<String>,
    /// What is listed, with an index into `values`.
    pub items: Vec<(CodeItem, usize)>,
    /// What is taken out again.
    pub except: Vec<CodeItem>,
    /// Whether an item means one code or everything that begins with it.
    pub matching: Matching,
    /// What decides when several items cover a code.
    pub precedence: Precedence,
    /// The code system of the list, where the study says one: codes of another system are never in it.
    pub system: Option<String>,
}

/// What decides when several items of a code list cover a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precedence {
    /// The first value in the list's order (groups).
    Order,
    /// The longest item (a file of prefixes).
    Longest,
}

/// Whether an item means one code or everything that begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// The whole code.
    Exact,
    /// The code and all its subdivisions: `F32` covers `F321`.
    Prefix,
}

/// One item of a code list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeItem {
    /// `P76`
    Code(String),
    /// `P01-P16`: both ends included; ends of one length, the same up to their last digits.
    Range(String, String),
    /// `F32*`: the code and all its subdivisions, whatever the list says of its other items.
    Stem(String),
}

impl CodeItem {
    /// Reads `P76`, `F32*` or `P01-P16`. `None` when a range's ends differ in length or shape, or run backwards.
    pub fn new(text: &str) -> Option<CodeItem> {
        let text = text.trim();
        if let Some(stem) = text.strip_suffix('*') {
            return (!stem.is_empty() && !stem.contains(['*', '-'])).then(|| CodeItem::Stem(stem.to_owned()));
        }
        let Some((first, last)) = text.split_once('-') else {
            return (!text.is_empty()).then(|| CodeItem::Code(text.to_owned()));
        };
        let shape = |s: &str| s.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
        let ends_in_digit = first.ends_with(|c: char| c.is_ascii_digit());
        (ends_in_digit && shape(first) == shape(last) && first <= last)
            .then(|| CodeItem::Range(first.to_owned(), last.to_owned()))
    }

    /// Whether the item covers `code`.
    pub fn covers(&self, code: &str, matching: Matching) -> bool {
        match (self, matching) {
            (CodeItem::Code(item), Matching::Exact) => code == item,
            (CodeItem::Code(item), Matching::Prefix) | (CodeItem::Stem(item), _) => code.starts_with(item.as_str()),
            (CodeItem::Range(first, last), _) => {
                let fits = match matching {
                    Matching::Exact => code.len() == first.len(),
                    Matching::Prefix => code.len() >= first.len(),
                };
                // Ends have one shape, so codes of that shape compare as their digits do.
                let head = code.get(..first.len()).filter(|_| fits);
                head.is_some_and(|head| same_shape(head, first) && first.as_str() <= head && head <= last.as_str())
            }
        }
    }

    /// Number of characters of the item's codes.
    pub fn length(&self) -> usize {
        match self {
            CodeItem::Code(code) | CodeItem::Range(code, _) | CodeItem::Stem(code) => code.chars().count(),
        }
    }
}

/// Whether two texts of one length have digits in the same places and agree elsewhere.
fn same_shape(a: &str, b: &str) -> bool {
    a.bytes().zip(b.bytes()).all(|(a, b)| (a.is_ascii_digit() && b.is_ascii_digit()) || a == b)
}

impl fmt::Display for CodeItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodeItem::Code(code) => f.write_str(code),
            CodeItem::Range(first, last) => write!(f, "{first}-{last}"),
            CodeItem::Stem(stem) => write!(f, "{stem}*"),
        }
    }
}

impl CodeList {
    /// Whether the list has the code.
    pub fn matches(&self, code: &str) -> bool {
        self.value_index(code).is_some()
    }

    /// The value of a code; `None` when the list does not have it.
    pub fn value_of(&self, code: &str) -> Option<&str> {
        self.value_index(code).map(|i| self.values[i].as_str())
    }

    /// The value of several codes of one event: of the values they have, the first in the list's order.
    pub fn value_of_any<'c>(&self, codes: impl IntoIterator<Item = &'c str>) -> Option<&str> {
        codes.into_iter().filter_map(|c| self.value_index(c)).min().map(|i| self.values[i].as_str())
    }

    /// Index into `values` of a code's value.
    pub fn value_index(&self, code: &str) -> Option<usize> {
        self.item_index(code).map(|i| self.items[i].1)
    }

    /// Index into `items` of the item that gives a code its value (for counting which items ever matched).
    pub fn item_index(&self, code: &str) -> Option<usize> {
        if self.except.iter().any(|item| item.covers(code, self.matching)) {
            return None;
        }
        let covering = self.items.iter().enumerate().filter(|(_, (item, _))| item.covers(code, self.matching));
        let best = match self.precedence {
            Precedence::Order => covering.min_by_key(|(i, (_, value))| (*value, *i)),
            Precedence::Longest => covering.min_by_key(|(i, (item, _))| (usize::MAX - item.length(), *i)),
        };
        best.map(|(i, _)| i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(groups: &[(&str, &[&str])], except: &[&str], matching: Matching) -> CodeList {
        let item = |text: &&str| CodeItem::new(text).unwrap();
        CodeList {
            values: groups.iter().map(|(value, _)| value.to_string()).collect(),
            items: groups.iter().enumerate().flat_map(|(i, (_, g))| g.iter().map(move |t| (item(t), i))).collect(),
            except: except.iter().map(item).collect(),
            matching,
            precedence: Precedence::Order,
            system: None,
        }
    }

    #[test]
    fn a_range_covers_its_ends_and_subdivisions() {
        let list = list(&[("index", &["P01-P16", "P71-P99"])], &["P70", "P85"], Matching::Prefix);
        assert!(list.matches("P01") && list.matches("P16") && list.matches("P760001"));
        assert!(!list.matches("P17") && !list.matches("P70") && !list.matches("P851") && !list.matches("P7"));
        assert!(!list.matches("Å01") && !list.matches("P1Å"));
    }

    #[test]
    fn the_first_group_with_a_code_gives_the_value() {
        let groups =
            list(&[("depression", &["P03", "P76"]), ("other", &["P01-P29", "P75-P99"])], &[], Matching::Prefix);
        assert_eq!(groups.value_of("P03"), Some("depression"));
        assert_eq!(groups.value_of("P04"), Some("other"));
        assert_eq!(groups.value_of_any(["P04", "P76"]), Some("depression"));
        assert_eq!(groups.value_of_any(["A01"]), None);
    }

    #[test]
    fn exact_items_do_not_cover_longer_codes() {
        let status = list(&[("unmarried", &["1"]), ("before", &["3-5"])], &[], Matching::Exact);
        assert_eq!(status.value_of("1"), Some("unmarried"));
        assert_eq!(status.value_of("10"), None);
        assert_eq!(status.value_of("4"), Some("before"));
        assert_eq!(status.value_of("40"), None);
    }

    #[test]
    fn ranges_need_ends_of_one_shape() {
        assert_eq!(CodeItem::new("P01-P9"), None);
        assert_eq!(CodeItem::new("P16-P01"), None);
        assert_eq!(CodeItem::new("F1-P9"), None);
        assert_eq!(CodeItem::new("ICD-10"), None);
        assert_eq!(CodeItem::new(" F32 "), Some(CodeItem::Code("F32".into())));
        assert_eq!(CodeItem::new("*"), None);
    }

    #[test]
    fn a_stem_covers_its_subdivisions_in_a_list_of_whole_codes() {
        let list = list(&[("depression", &["F32*", "F33"])], &["F329"], Matching::Exact);
        assert!(list.matches("F32") && list.matches("F321") && list.matches("F33"));
        assert!(!list.matches("F329") && !list.matches("F331"));
    }
}
