//! Random numbers of the benches.

/// SplitMix64: the same numbers on every machine. Source: Steele, Lea, Flood (2014), doi 10.1145/2660193.2660195.
pub struct Random(pub u64);

impl Random {
    /// Uniform on [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
