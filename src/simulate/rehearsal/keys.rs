//! Person keys in every spelling, as each file writes them.
//!
//! A spelling is a permutation of the persons, so that no deliverer's order tells anything of another's. What a key is
//! after its declared clean-up, prefix and padding is the same in every file; what stands in a file is that with the prefix
//! put on and, where padding is declared, without its leading zeros.

use crate::simulate::random::Draws;
use crate::study::{Clean, Key, Study};
use indexmap::IndexMap;

/// A prime above ten million, so that every multiplier permutes.
const MODULUS: u64 = 9_999_991;
/// Digits of a key where no width is declared.
const DIGITS: usize = 7;

/// One spelling: a permutation of the persons and the number of digits.
#[derive(Debug, Clone, Copy)]
struct Spelling {
    factor: u64,
    shift: u64,
    modulus: u64,
    digits: usize,
}

/// The keys of all persons.
#[derive(Debug, Clone)]
pub(super) struct PersonKeys {
    spellings: IndexMap<String, Spelling>,
    persons: u64,
    /// Spellings of which a person may have several keys.
    several: Vec<String>,
}

/// Numbers of second keys begin so far behind the persons; further persons that are planted stand between.
const SECOND: u64 = 1_000;

/// Spellings of linkage files with several rows for a person, but those that tell persons and those that files share.
fn several(study: &Study) -> Vec<String> {
    let files = || study.linkage.iter().flat_map(|l| &l.files);
    let in_files = |spelling: &String| files().filter(|f| f.keys.contains_key(spelling)).count();
    let of_persons = study.population().key.spelling.as_ref();
    let spellings = files().filter(|f| f.several_rows).flat_map(|f| f.keys.keys());
    spellings.filter(|s| in_files(s) == 1 && Some(*s) != of_persons).cloned().collect()
}

/// Every key declaration of a study with its spelling; without linkage file that is the empty text.
fn declared(study: &Study) -> Vec<(&str, &Key)> {
    let linkage = study.linkage.iter().flat_map(|l| &l.files).flat_map(|f| &f.keys);
    let mut keys: Vec<(&str, &Key)> = linkage.map(|(spelling, key)| (spelling.as_str(), key)).collect();
    keys.extend(study.extracts.values().map(|e| (e.key.spelling.as_deref().unwrap_or(""), &e.key)));
    keys
}

impl PersonKeys {
    /// Draws the spellings. The error is the largest number of persons that the declared widths can tell apart.
    pub(super) fn new(study: &Study, persons: u64, draws: &mut Draws) -> Result<PersonKeys, u64> {
        let keys = declared(study);
        let mut spellings = IndexMap::new();
        for (spelling, _) in &keys {
            if spellings.contains_key(*spelling) {
                continue;
            }
            let same = keys.iter().filter(|(other, _)| other == spelling).map(|(_, key)| *key);
            let digits = same.filter_map(digits_of).min().unwrap_or(DIGITS).min(15);
            let modulus = modulus(digits);
            if persons * 2 > modulus {
                return Err(modulus / 2);
            }
            let factor = 1 + draws.number() % (modulus - 1);
            let shift = draws.number() % modulus;
            spellings.insert((*spelling).to_owned(), Spelling { factor, shift, modulus, digits });
        }
        Ok(PersonKeys { spellings, persons, several: several(study) })
    }

    /// The key of a person as a number, in whose order keys of one spelling are sorted.
    pub(super) fn number(&self, spelling: &str, person: u64) -> u64 {
        let rules = &self.spellings[spelling];
        let product = u128::from(rules.factor) * u128::from(person) + u128::from(rules.shift);
        (product % u128::from(rules.modulus)) as u64
    }

    /// The number of the second key of a person who has two.
    pub(super) fn second_of(&self, person: u64) -> Option<u64> {
        let number = self.persons + SECOND + person / 20;
        let room = self.several.iter().all(|s| number + SECOND < self.spellings[s].modulus);
        (!self.several.is_empty() && person < self.persons && person % 20 == 7 && room).then_some(number)
    }

    /// What a file holds in row number `nth` of a person: one who has two keys has them by turns.
    pub(super) fn written_in_row(&self, key: &Key, spelling: &str, person: u64, nth: usize) -> String {
        let has_two = nth % 2 == 1 && self.several.iter().any(|s| s == spelling);
        let number = self.second_of(person).filter(|_| has_two).unwrap_or(person);
        self.written(key, spelling, number)
    }

    /// What a file holds for the person of this number counted from the last: no person simulated has so large a number.
    pub(super) fn written_from_end(&self, key: &Key, spelling: &str, from_end: u64) -> String {
        self.written(key, spelling, self.spellings[spelling].modulus - from_end)
    }

    /// What a file holds for a person under this declaration. Numbers from the number of persons on are keys that nobody has.
    pub(super) fn written(&self, key: &Key, spelling: &str, person: u64) -> String {
        let rules = &self.spellings[spelling];
        let number = self.number(spelling, person);
        let digits = match key.width {
            Some(width) if width == rules.digits => format!("{}", number + 1),
            _ => format!("{:0width$}", number + 1, width = rules.digits),
        };
        format!("{}{digits}", key.strip_prefix.as_deref().unwrap_or_default())
    }
}

/// Digits that a declaration leaves room for.
fn digits_of(key: &Key) -> Option<usize> {
    let prefix = key.strip_prefix.as_ref().map_or(0, |p| p.chars().count());
    let cut = key.clean.iter().filter_map(|step| match step {
        Clean::Cut(n) => Some(n.saturating_sub(prefix).max(1)),
        _ => None,
    });
    cut.chain(key.width).min()
}

/// The largest known prime with so many digits, or one that makes every number below it reachable.
fn modulus(digits: usize) -> u64 {
    match digits {
        1 => 7,
        2 => 97,
        3 => 997,
        4 => 9_973,
        5 => 99_991,
        6 => 999_983,
        _ => MODULUS,
    }
}
