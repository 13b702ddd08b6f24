//! Sums over the risk sets of all event times, from what leaves and what enters at each.

use std::ops::Range;

use super::blocks::Slots;

/// Risk-set sums of some slots: rows of length p in inner order.
pub(super) struct SlotSums {
    pub s0: Vec<f64>,
    pub s1: Vec<f64>,
    pub e0: Vec<f64>,
    pub e1: Vec<f64>,
}

impl SlotSums {
    /// Nothing added yet.
    pub fn zeros(n_slots: usize, p: usize) -> SlotSums {
        let zeros = |n: usize| vec![0.0; n];
        SlotSums { s0: zeros(n_slots), s1: zeros(n_slots * p), e0: zeros(n_slots), e1: zeros(n_slots * p) }
    }

    /// S1 of a slot.
    pub fn row_s1(&self, slot: usize) -> &[f64] {
        row(&self.s1, slot, self.s0.len())
    }

    /// E1 of a slot.
    pub fn row_e1(&self, slot: usize) -> &[f64] {
        row(&self.e1, slot, self.s0.len())
    }

    /// Adds the sums of some slots, the first of which has number `first` here.
    pub fn add(&mut self, first: usize, part: &SlotSums, p: usize) {
        let pairs = [(&mut self.s0, &part.s0, 1), (&mut self.s1, &part.s1, p), (&mut self.e0, &part.e0, 1)];
        for (sum, part, width) in pairs.into_iter().chain([(&mut self.e1, &part.e1, p)]) {
            sum[first * width..].iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        }
    }
}

/// One of `n` rows that stand one after another.
fn row(rows: &[f64], index: usize, n: usize) -> &[f64] {
    let width = rows.len() / n.max(1);
    &rows[index * width..(index + 1) * width]
}

/// Running sums from the last slot down, with the rounding error of each addition when records also enter.
pub(super) struct Carry {
    sums: Vec<f64>,
    errors: Vec<f64>,
}

impl Carry {
    /// S0 and the p numbers of S1.
    pub fn new(p: usize) -> Carry {
        Carry { sums: vec![0.0; p + 1], errors: vec![0.0; p + 1] }
    }

    /// Turns what leaves in each slot into sums over its risk set; `entered` holds minus what enters.
    ///
    /// With entry times a risk-set sum is the small difference of large ones, so the additions are compensated
    /// (Neumaier 1974, doi 10.1002/zamm.19740540106): a million records of which three are at risk at a time lose no digits.
    pub fn suffix_sums(&mut self, sums: &mut SlotSums, entered: Option<&SlotSums>, slots: Range<usize>, all: &Slots) {
        let p = self.sums.len() - 1;
        for (k, slot) in slots.enumerate().rev() {
            if all.time[slot].is_nan() {
                self.sums.fill(0.0);
                self.errors.fill(0.0);
                continue;
            }
            let row = k * p..(k + 1) * p;
            let numbers = std::iter::once(&mut sums.s0[k]).chain(&mut sums.s1[row.clone()]);
            let Some(entered) = entered else {
                for (sum, x) in self.sums.iter_mut().zip(numbers) {
                    *sum += *x;
                    *x = *sum;
                }
                continue;
            };
            let entered = std::iter::once(&entered.s0[k]).chain(&entered.s1[row]);
            for (((sum, error), x), y) in self.sums.iter_mut().zip(&mut self.errors).zip(numbers).zip(entered) {
                let (with_leaving, first) = two_sum(*sum, *x);
                let (high, second) = two_sum(with_leaving, *y);
                (*sum, *error) = (high, *error + (first + second));
                *x = *sum + *error;
            }
        }
    }
}

/// A sum whose rounding errors are added up beside it. A million equal numbers added one by one would all be rounded
/// the same way, and the errors would not cancel.
pub(super) fn exact_sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, error) = numbers.fold((0.0, 0.0), |(sum, error), x| {
        let (sum, low) = two_sum(sum, x);
        (sum, error + low)
    });
    sum + error
}

/// a + b and its rounding error.
#[inline]
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let from_b = sum - a;
    (sum, (a - (sum - from_b)) + (b - from_b))
}
