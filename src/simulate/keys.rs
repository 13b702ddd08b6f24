//! The three spellings of a person's key: each deliverer numbers the same persons in an order of its own.

use super::random::Draws;

/// A prime, so that every multiplier permutes; keys run from 1 to it, which seven digits hold.
pub(super) const MODULUS: u64 = 9_999_991;

/// A person's number in the statistics office's, the claims' and the outpatient register's spelling.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub ssb: u32,
    pub kuhr: u32,
    pub npr: u32,
}

/// Three permutations of 0..MODULUS, x -> (a x + b) mod MODULUS.
pub(super) struct KeyMaps([(u64, u64); 3]);

impl KeyMaps {
    pub(super) fn new(draws: &mut Draws) -> KeyMaps {
        let mut map = || (1 + draws.number() % (MODULUS - 1), draws.number() % MODULUS);
        KeyMaps([map(), map(), map()])
    }

    /// The keys of person `person`, below `MODULUS`.
    pub(super) fn of(&self, person: u64) -> Keys {
        let key = |(a, b): (u64, u64)| (1 + (a * person + b) % MODULUS) as u32;
        Keys { ssb: key(self.0[0]), kuhr: key(self.0[1]), npr: key(self.0[2]) }
    }
}

/// A key that no linkage file holds.
pub(super) fn unknown_key(draws: &mut Draws) -> u32 {
    MODULUS as u32 + 1 + draws.below(8)
}

#[cfg(test)]
mod tests {
    use super::super::random::Source;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn keys_are_different_persons_in_every_spelling() {
        let maps = KeyMaps::new(&mut Source::new(3).stream(u64::MAX));
        let n = 20_000;
        for spelling in [|k: Keys| k.ssb, |k: Keys| k.kuhr, |k: Keys| k.npr] {
            let keys: BTreeSet<u32> = (0..n).map(|p| spelling(maps.of(p))).collect();
            assert_eq!(keys.len() as u64, n);
            assert!(keys.iter().all(|k| (1..=MODULUS as u32).contains(k)));
        }
    }
}
