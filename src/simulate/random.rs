//! Reproducible draws: one ChaCha8 stream per person, so that persons are independent of each other, of the number
//! of threads and of how many persons there are.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The source from which every person's own stream is taken.
pub(super) struct Source {
    base: ChaCha8Rng,
}

impl Source {
    pub(super) fn new(seed: u64) -> Source {
        Source { base: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The stream numbered `stream`, from its beginning.
    pub(super) fn stream(&self, stream: u64) -> Draws {
        let mut rng = self.base.clone();
        rng.set_stream(stream);
        Draws { rng }
    }
}

/// Draws from one stream. Whole-number draws use integers only, so they are the same on every machine.
pub(super) struct Draws {
    rng: ChaCha8Rng,
}

impl Draws {
    /// Uniform on [0, 1), 53 bits.
    pub(super) fn unit(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `n` (`n` ≥ 1), by multiply and shift; its bias, below n/2³², is of no weight here.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.rng.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// A whole number in `low..=high`; `low` when the range is empty.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        if high <= low { low } else { low + self.below((high - low + 1) as u32) as i32 }
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// An exponential variate with mean 1. `libm`'s logarithm, since the standard library's may differ by machine.
    pub(super) fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.unit())
    }

    /// A position of `weights`, with probability in proportion to its weight; the sum is positive.
    pub(super) fn pick(&mut self, weights: &[u32]) -> usize {
        let total = weights.iter().sum::<u32>();
        let mut rest = self.below(total.max(1));
        for (position, &weight) in weights.iter().enumerate() {
            if rest < weight {
                return position;
            }
            rest -= weight;
        }
        0
    }

    /// One of `values`, all as likely; `values` is not empty.
    pub(super) fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u32) as usize]
    }

    /// A 64-bit number, for the seeds of key permutations.
    pub(super) fn number(&mut self) -> u64 {
        self.rng.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_independent_of_each_other_and_repeatable() {
        let source = Source::new(7);
        let mut first = source.stream(3);
        let _ = source.stream(4).number();
        let mut again = source.stream(3);
        assert_eq!(first.number(), again.number());
        assert_ne!(source.stream(3).number(), source.stream(4).number());
    }

    #[test]
    fn picks_in_proportion_to_the_weights() {
        let mut draws = Source::new(1).stream(0);
        let mut counts = [0u32; 3];
        for _ in 0..10_000 {
            counts[draws.pick(&[1, 0, 3])] += 1;
        }
        assert_eq!(counts[1], 0);
        // 2500 expected; five standard deviations are 217.
        assert!((2283..2717).contains(&counts[0]), "{counts:?}");
    }
}
