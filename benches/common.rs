//! Synthetic records for the benches: eight factors and a count (30 columns), whole days up to 730, a tenth with an event.

#[path = "random.rs"]
mod random;

use cohort::engine::{Block, Design, NumberPart, SurvivalData, Time, Variable};
use cohort::table::Codes;
use random::Random;

const LEVELS: [u32; 8] = [9, 2, 6, 4, 4, 5, 4, 3];
const COUNTS: u32 = 20;

/// `n` records with a fixed seed. Lower codes are more frequent, as in registers.
pub fn records(n: usize) -> (SurvivalData, Design) {
    let mut random = Random(7);
    let mut codes = vec![Vec::with_capacity(n); LEVELS.len()];
    let (mut counts, mut exit, mut event) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let mut eta = 0.0;
        for (factor, &levels) in LEVELS.iter().enumerate() {
            let code = (random.unit().powf(2.6) * f64::from(levels)) as u32;
            codes[factor].push(Some(code));
            eta += 0.1 * f64::from(code) * if factor % 2 == 0 { 1.0 } else { -1.0 };
        }
        let count = ((-(1.0 - random.unit()).ln() * 2.0) as u32).min(COUNTS - 1);
        counts.push(Some(count));
        eta += 0.03 * f64::from(count);
        let time = -(1.0 - random.unit()).ln() / (0.000_13 * eta.exp());
        let censored = if random.unit() < 0.08 { 730.0 * random.unit() } else { 730.0 };
        exit.push(time.min(censored).ceil().max(1.0) as i32);
        event.push(time <= censored);
    }
    (SurvivalData::right_censored(Time::Whole(exit), event), design(codes, counts))
}

fn design(codes: Vec<Vec<Option<u32>>>, counts: Vec<Option<u32>>) -> Design {
    let coded = |codes, n_levels: u32| Variable::Coded { codes: Codes::pack(codes, n_levels as usize), n_levels };
    let mut variables: Vec<Variable> = codes.into_iter().zip(LEVELS).map(|(c, levels)| coded(c, levels)).collect();
    let mut blocks = Vec::new();
    let mut next = 0;
    for (factor, levels) in LEVELS.into_iter().enumerate() {
        let first_column = (0..levels).map(|level| level.checked_sub(1).map(|l| next + l)).collect();
        blocks.push(Block { factors: vec![factor], numbers: vec![], first_column });
        next += levels - 1;
    }
    let number = NumberPart { variable: 8, value_of_code: Some((0..COUNTS).map(f64::from).collect()) };
    variables.push(coded(counts, COUNTS));
    blocks.push(Block { factors: vec![], numbers: vec![vec![number]], first_column: vec![Some(next)] });
    Design { variables, blocks, n_columns: next as usize + 1 }
}
