//! What an attacker knows of the whole numbers behind a report: bounds and equations; and two ways to use it.
//!
//! [`Knowledge::propagate`] is the attack: bounds narrowed equation by equation until nothing changes. [`Knowledge::other_world`]
//! is the proof that no attack can do better: other whole numbers that fit everything shown, with a count at the far end of
//! what it may be. It starts from the truth, moves the count, and repairs what that breaks by depth-first search; where that
//! does not come to an end soon, by branch and bound: one count after the other is given a value near the truth, and bounds are
//! narrowed after each. All in whole numbers. Neither uses anything of the program.

use crate::support::Random;
use std::collections::{BTreeMap, VecDeque};

/// Above this nothing is bounded.
pub const MANY: i64 = 1 << 40;

/// Moves that one repair may try.
const MOST_MOVES: u32 = 4_000;

/// Starts of branch and bound, and wrong turns of each. A count without another world within them is reported, so that
/// giving up never hides a fault.
const STARTS: u32 = 400;
const MOST_TURNS: u32 = 40;

/// Counts and what is known of them.
#[derive(Default)]
pub struct Knowledge {
    pub names: BTreeMap<String, usize>,
    /// Least and largest value.
    pub bounds: Vec<(i64, i64)>,
    /// Σ factor · count = 0.
    equations: Vec<Vec<(usize, i64)>>,
}

impl Knowledge {
    /// A count by its name; anything from zero until more is known.
    pub fn count(&mut self, name: &str) -> usize {
        let next = self.names.len();
        let id = *self.names.entry(name.to_owned()).or_insert(next);
        if id == next {
            self.bounds.push((0, MANY));
        }
        id
    }

    /// A count with its bounds beside those that are known already.
    pub fn bounded(&mut self, name: &str, (low, high): (i64, i64)) -> usize {
        let id = self.count(name);
        let (least, most) = self.bounds[id];
        self.bounds[id] = (least.max(low), most.min(high));
        id
    }

    /// The parts make up the whole.
    pub fn sum(&mut self, whole: usize, parts: &[usize]) {
        let mut equation: Vec<(usize, i64)> = parts.iter().map(|p| (*p, 1)).collect();
        equation.push((whole, -1));
        self.equations.push(equation);
    }

    /// The part is some of the whole; the rest is a count of this name.
    pub fn rest(&mut self, name: &str, part: usize, whole: usize) -> usize {
        let rest = self.count(name);
        self.sum(whole, &[part, rest]);
        rest
    }

    /// The part is some of the whole.
    pub fn within(&mut self, part: usize, whole: usize) {
        let name = format!("rest {}", self.equations.len());
        self.rest(&name, part, whole);
    }

    /// Narrows bounds equation by equation until nothing changes, in whole numbers.
    pub fn propagate(&mut self) {
        let mut bounds = self.bounds.clone();
        let possible = self.narrow(&mut bounds, (0..self.equations.len()).collect(), &self.equations_of_counts());
        assert!(possible, "the truth fits what is shown");
        self.bounds = bounds;
    }

    /// All that is known, to be compared.
    pub fn fingerprint(&self) -> String {
        let bounds = self.names.iter().map(|(name, id)| (name, self.bounds[*id]));
        format!("{:?} {:?}", bounds.collect::<Vec<_>>(), self.equations)
    }

    fn equations_of_counts(&self) -> Vec<Vec<usize>> {
        let mut of_count: Vec<Vec<usize>> = vec![Vec::new(); self.bounds.len()];
        for (e, equation) in self.equations.iter().enumerate() {
            equation.iter().for_each(|(i, _)| of_count[*i].push(e));
        }
        of_count
    }

    /// Narrows bounds from some equations on; false when nothing fits.
    fn narrow(&self, bounds: &mut [(i64, i64)], mut queue: VecDeque<usize>, of_count: &[Vec<usize>]) -> bool {
        let mut waits = vec![false; self.equations.len()];
        queue.iter().for_each(|e| waits[*e] = true);
        while let Some(e) = queue.pop_front() {
            waits[e] = false;
            let ends = |(i, f): &(usize, i64)| {
                let (a, b) = (f * bounds[*i].0, f * bounds[*i].1);
                (a.min(b), a.max(b))
            };
            let (low, high) = self.equations[e].iter().map(ends).fold((0, 0), |(l, h), (a, b)| (l + a, h + b));
            for (id, factor) in &self.equations[e] {
                let old = bounds[*id];
                let (a, b) = (factor * old.0, factor * old.1);
                // What the others leave; factors are 1 and −1.
                let (others_low, others_high) = (low - a.min(b), high - a.max(b));
                let (least, most) = if *factor > 0 { (-others_high, -others_low) } else { (others_low, others_high) };
                let new = (old.0.max(least), old.1.min(most));
                if new.0 > new.1 {
                    return false;
                }
                if new != old {
                    bounds[*id] = new;
                    queue.extend(of_count[*id].iter().filter(|other| !std::mem::replace(&mut waits[**other], true)));
                }
            }
        }
        true
    }

    /// The true value of every count: those that `truth` knows by name, and those that follow from them.
    pub fn values(&self, truth: &Knowledge) -> Vec<i64> {
        let known = |name: &String| {
            let (low, high) = truth.bounds[*truth.names.get(name)?];
            (low == high).then_some(low)
        };
        let mut values: Vec<Option<i64>> = vec![None; self.bounds.len()];
        self.names.iter().for_each(|(name, id)| values[*id] = known(name));
        loop {
            let found: Vec<(usize, i64)> = self.equations.iter().filter_map(|e| only_unknown(e, &values)).collect();
            if found.is_empty() {
                break;
            }
            found.into_iter().for_each(|(id, value)| values[id] = Some(value));
        }
        values.into_iter().map(|v| v.unwrap_or(0)).collect()
    }

    /// What the truth breaks: the attacker's reading would be wrong, and the attack worthless.
    pub fn contradictions(&self, values: &[i64]) -> Vec<String> {
        let name = |id: usize| self.names.iter().find(|(_, i)| **i == id).map_or(String::new(), |(n, _)| n.clone());
        let outside = (0..values.len()).filter(|&id| values[id] < self.bounds[id].0 || values[id] > self.bounds[id].1);
        let mut found: Vec<String> =
            outside.map(|id| format!("{} is {}, read as {:?}", name(id), values[id], self.bounds[id])).collect();
        for equation in self.equations.iter().filter(|e| residual(e, values) != 0) {
            let terms = equation.iter().map(|(id, f)| format!("{f} {} ({})", name(*id), values[*id]));
            found.push(format!("{} is not zero", terms.collect::<Vec<_>>().join(", ")));
        }
        found
    }

    /// Whether everything shown fits when the count is `value`.
    pub fn other_world(&self, truth: &[i64], id: usize, value: i64) -> bool {
        let (low, high) = self.bounds[id];
        if value < low || value > high {
            return false;
        }
        let of_count = self.equations_of_counts();
        let mut left = MOST_MOVES;
        let repaired = [6, 12, 24, 48].into_iter().any(|depth| {
            let (values, moved) = (truth.to_vec(), vec![false; truth.len()]);
            let mut search = Search { known: self, of_count: &of_count, values, moved, left };
            let found = search.change(id, value - truth[id], &[], depth);
            left = search.left;
            found
        });
        repaired || self.branch(truth, id, value, &of_count)
    }

    /// Gives one count after the other a value, that with the fewest possible ones first, as near to an aim as may be: the
    /// truth, and others around it where that leads nowhere.
    fn branch(&self, truth: &[i64], id: usize, value: i64, of_count: &[Vec<usize>]) -> bool {
        let mut bounds = self.bounds.clone();
        bounds[id] = (value, value);
        if !self.narrow(&mut bounds, of_count[id].iter().copied().collect(), of_count) {
            return false;
        }
        let mut random = Random(7);
        (0..STARTS).any(|start| {
            // Further and further from the truth.
            let off = |random: &mut Random| match random.below(10 * STARTS) < 5 * start {
                true => i64::from(random.below(9 + start / 10)) - i64::from(4 + start / 20),
                false => 0,
            };
            let aims: Vec<i64> = truth.iter().map(|n| n + off(&mut random)).collect();
            self.assign(&aims, bounds.clone(), of_count, &mut MOST_TURNS.clone())
        })
    }

    fn assign(&self, aims: &[i64], bounds: Vec<(i64, i64)>, of_count: &[Vec<usize>], turns: &mut u32) -> bool {
        let open = (0..bounds.len()).filter(|i| bounds[*i].0 < bounds[*i].1);
        let Some(next) = open.min_by_key(|i| bounds[*i].1 - bounds[*i].0) else { return true };
        let (low, high) = bounds[next];
        let near = aims[next].clamp(low, high);
        for value in [near, near + 1, near - 1, low, high] {
            if value < low || value > high || *turns == 0 {
                continue;
            }
            let mut narrower = bounds.clone();
            narrower[next] = (value, value);
            let possible = self.narrow(&mut narrower, of_count[next].iter().copied().collect(), of_count);
            if possible && self.assign(aims, narrower, of_count, turns) {
                return true;
            }
            *turns = turns.saturating_sub(1);
        }
        false
    }
}

fn residual(equation: &[(usize, i64)], values: &[i64]) -> i64 {
    equation.iter().map(|(id, factor)| factor * values[*id]).sum()
}

/// The value of the only count of an equation that is not known yet.
fn only_unknown(equation: &[(usize, i64)], values: &[Option<i64>]) -> Option<(usize, i64)> {
    let mut unknown = equation.iter().filter(|(i, _)| values[*i].is_none());
    let (id, factor) = unknown.next()?;
    let known: i64 = equation.iter().filter_map(|(i, f)| values[*i].map(|v| f * v)).sum();
    unknown.next().is_none().then(|| (*id, -known / factor))
}

struct Search<'k> {
    known: &'k Knowledge,
    of_count: &'k [Vec<usize>],
    values: Vec<i64>,
    moved: Vec<bool>,
    left: u32,
}

impl Search<'_> {
    /// Changes a count and mends `broken` and what that breaks; leaves everything as it was when it cannot.
    fn change(&mut self, id: usize, by: i64, broken: &[usize], depth: u32) -> bool {
        if depth == 0 || self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.values[id] += by;
        self.moved[id] = true;
        let mut now: Vec<usize> = broken.iter().chain(&self.of_count[id]).copied().collect();
        now.sort_unstable();
        now.dedup();
        now.retain(|e| residual(&self.known.equations[*e], &self.values) != 0);
        let found = self.mend(&now, depth - 1);
        if !found {
            self.values[id] -= by;
            self.moved[id] = false;
        }
        found
    }

    /// Mends the equation with the fewest ways to do so, then the others.
    fn mend(&mut self, broken: &[usize], depth: u32) -> bool {
        let ways = |e: &usize| self.ways(*e);
        let Some(ways) = broken.iter().map(ways).min_by_key(Vec::len) else { return true };
        ways.into_iter().any(|(id, by)| self.change(id, by, broken, depth))
    }

    /// Counts of an equation that can take up what it lacks, all or a part: those that stand in no other equation first.
    fn ways(&self, equation: usize) -> Vec<(usize, i64)> {
        let terms = &self.known.equations[equation];
        let lack = residual(terms, &self.values);
        let mut ways: Vec<(usize, i64)> = Vec::new();
        for (id, factor) in terms.iter().filter(|(id, _)| !self.moved[*id]) {
            let wanted = -lack / factor;
            let (low, high) = self.known.bounds[*id];
            let by = wanted.clamp(low - self.values[*id], high - self.values[*id]);
            if by != 0 && by.signum() == wanted.signum() {
                ways.push((*id, by));
            }
        }
        ways.sort_by_key(|(id, by)| (by.abs() != lack.abs(), self.of_count[*id].len()));
        // One that stands nowhere else and takes up all of it costs nothing.
        if let Some((id, by)) =
            ways.first().copied().filter(|(id, by)| by.abs() == lack.abs() && self.of_count[*id].len() == 1)
        {
            return vec![(id, by)];
        }
        ways
    }
}
