//! What several themes need: data made by a rule, a slow textbook likelihood to compare with, tolerances.

pub mod extracts;
pub mod page;
pub mod run;
pub mod textbook;

use cohort::engine::{Block, Design, NumberPart, SurvivalData, Time, Variable};
use cohort::table::Codes;

/// Asserts that two numbers agree relative to the larger one, or within 1e-12 near zero.
#[track_caller]
pub fn assert_close(found: f64, expected: f64, relative: f64) {
    let allowed = relative * found.abs().max(expected.abs()) + 1e-12;
    assert!((found - expected).abs() <= allowed, "found {found:e}, expected {expected:e}");
}

/// Asserts that two slices agree number by number.
#[track_caller]
pub fn assert_all_close(found: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).for_each(|(f, e)| assert_close(*f, *e, relative));
}

/// Numbers from a seed, the same on every machine. Source: Steele, Lea, Flood (2014), doi 10.1145/2660193.2660195.
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform on [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `n`.
    pub fn below(&mut self, n: u32) -> u32 {
        (self.unit() * f64::from(n)) as u32
    }
}

/// One record with its full design row.
#[derive(Debug, Clone)]
pub struct Record {
    pub entry: f64,
    pub exit: f64,
    pub event: bool,
    pub stratum: u32,
    pub weight: f64,
    pub offset: f64,
    pub cluster: u32,
    pub x: Vec<f64>,
}

/// What generated data shall have.
#[derive(Debug, Clone, Copy, Default)]
pub struct Features {
    pub strata: u32,
    pub weights: bool,
    pub delayed_entry: bool,
    pub offset: bool,
    pub fractional_times: bool,
    pub clusters: u32,
}

/// Records and the same as the engine takes them.
pub struct Generated {
    pub records: Vec<Record>,
    pub data: SurvivalData,
    pub design: Design,
}

/// Number of columns of [`generate`].
pub const N_COLUMNS: usize = 15;

/// Records with two factors (4 and 3 levels), a count, a continuous variable, and products of all kinds: factor by
/// factor, factor by number, number by number. Times are whole numbers up to 30, so that many are tied.
pub fn generate(n: usize, seed: u64, features: Features) -> Generated {
    let mut random = Random(seed);
    let mut covariates = Vec::new();
    let mut records = Vec::new();
    for _ in 0..n {
        let (a, b, c) = (random.below(4), random.below(3), random.below(6));
        let z = 40.0 + 10.0 * (random.unit() + random.unit() + random.unit());
        covariates.push((a, b, c, z));
        let entry = if features.delayed_entry { f64::from(random.below(15)) } else { 0.0 };
        let fraction = if features.fractional_times { random.unit() } else { 0.0 };
        records.push(Record {
            entry,
            exit: entry + f64::from(1 + random.below(15)) + fraction,
            event: random.unit() < 0.3 + 0.1 * f64::from(a),
            stratum: random.below(features.strata.max(1)),
            weight: if features.weights { 0.5 + f64::from(random.below(8)) / 4.0 } else { 1.0 },
            offset: if features.offset { random.unit() - 0.5 } else { 0.0 },
            cluster: random.below(features.clusters.max(1)),
            x: design_row(a, b, c, z),
        });
    }
    let data = survival_data(&records, features);
    Generated { data, design: mixed_design(&covariates), records }
}

/// The design row of [`generate`], written out.
fn design_row(a: u32, b: u32, c: u32, z: f64) -> Vec<f64> {
    let is = |condition: bool| f64::from(u8::from(condition));
    let mut x: Vec<f64> = (1..4).map(|level| is(a == level)).collect();
    x.extend((1..3).map(|level| is(b == level)));
    x.extend([f64::from(c), z]);
    x.extend((1..4).map(|level| is(a == level) * z));
    x.extend((1..3).map(|level| is(a == 2) * is(b == level)));
    x.extend([f64::from(c) * z, is(b == 1) * f64::from(c), is(b == 2) * f64::from(c)]);
    x
}

/// The same as blocks of codes and numbers.
fn mixed_design(covariates: &[(u32, u32, u32, f64)]) -> Design {
    let coded = |codes: Vec<u32>, n_levels: u32| Variable::Coded {
        codes: Codes::pack(codes.into_iter().map(Some), n_levels as usize),
        n_levels,
    };
    let variables = vec![
        coded(covariates.iter().map(|r| r.0).collect(), 4),
        coded(covariates.iter().map(|r| r.1).collect(), 3),
        coded(covariates.iter().map(|r| r.2).collect(), 6),
        Variable::Continuous(covariates.iter().map(|r| r.3).collect()),
    ];
    let count = || NumberPart { variable: 2, value_of_code: Some((0..6).map(f64::from).collect()) };
    let z = || NumberPart { variable: 3, value_of_code: None };
    let block = |factors: Vec<usize>, numbers: Vec<Vec<NumberPart>>, first_column: Vec<Option<u32>>| Block {
        factors,
        numbers,
        first_column,
    };
    // Cells of a × b: a varies fastest; only a = 2 with b = 1, 2 has columns.
    let mut cells = vec![None; 12];
    (cells[2 + 4], cells[2 + 8]) = (Some(10), Some(11));
    let blocks = vec![
        block(vec![0], vec![], vec![None, Some(0), Some(1), Some(2)]),
        block(vec![1], vec![], vec![None, Some(3), Some(4)]),
        block(vec![], vec![vec![count()]], vec![Some(5)]),
        block(vec![], vec![vec![z()]], vec![Some(6)]),
        block(vec![0], vec![vec![z()]], vec![None, Some(7), Some(8), Some(9)]),
        block(vec![0, 1], vec![], cells),
        block(vec![], vec![vec![count(), z()]], vec![Some(12)]),
        block(vec![1], vec![vec![count()]], vec![None, Some(13), Some(14)]),
    ];
    Design { variables, blocks, n_columns: N_COLUMNS }
}

/// The survival part of records.
pub fn survival_data(records: &[Record], features: Features) -> SurvivalData {
    let time = |value: &dyn Fn(&Record) -> f64| {
        if features.fractional_times {
            Time::Real(records.iter().map(value).collect())
        } else {
            Time::Whole(records.iter().map(|r| value(r) as i32).collect())
        }
    };
    SurvivalData {
        entry: features.delayed_entry.then(|| time(&|r| r.entry)),
        exit: time(&|r| r.exit),
        event: records.iter().map(|r| r.event).collect(),
        stratum: (features.strata > 1)
            .then(|| Codes::pack(records.iter().map(|r| Some(r.stratum)), features.strata as usize)),
        weight: features.weights.then(|| records.iter().map(|r| r.weight).collect()),
        offset: features.offset.then(|| records.iter().map(|r| r.offset).collect()),
        cluster: (features.clusters > 1).then(|| records.iter().map(|r| r.cluster).collect()),
    }
}

/// A design of numbers only, one continuous variable per column of the records' rows.
pub fn numeric_design(records: &[Record]) -> Design {
    let p = records[0].x.len();
    let variable = |j: usize| Variable::Continuous(records.iter().map(|r| r.x[j]).collect());
    let block = |j: usize| Block {
        factors: vec![],
        numbers: vec![vec![NumberPart { variable: j, value_of_code: None }]],
        first_column: vec![Some(j as u32)],
    };
    Design { variables: (0..p).map(variable).collect(), blocks: (0..p).map(block).collect(), n_columns: p }
}

/// A design of one factor, without a column for level 0.
pub fn factor_design(codes: &[u32], n_levels: u32) -> Design {
    let codes = Codes::pack(codes.iter().map(|&c| Some(c)), n_levels as usize);
    let first_column = (0..n_levels).map(|level| level.checked_sub(1)).collect();
    Design {
        variables: vec![Variable::Coded { codes, n_levels }],
        blocks: vec![Block { factors: vec![0], numbers: vec![], first_column }],
        n_columns: n_levels as usize - 1,
    }
}

/// Records from (exit, event, x), right-censored.
pub fn right_censored(rows: &[(f64, bool, f64)]) -> Vec<Record> {
    let record = |&(exit, event, x): &(f64, bool, f64)| Record {
        entry: 0.0,
        exit,
        event,
        stratum: 0,
        weight: 1.0,
        offset: 0.0,
        cluster: 0,
        x: vec![x],
    };
    rows.iter().map(record).collect()
}
