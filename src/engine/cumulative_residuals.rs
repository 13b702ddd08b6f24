//! Cumulative martingale residuals against a covariate, and how far they stray when the model holds.
//!
//! ```text
//! W(v) = Σ_{z_i <= v} w_i M_i
//! Ŵ(v) = Σ_{z_i <= v} [w_i δ_i N_i − r_i (C_b − C_a − δ_i B_b E_b/W_b)] − η(v) I⁻¹ Σ_events w_i (x_i − X̄) N_i
//! η(v) = Σ_{z_i <= v} w_i [δ_i (x_i − X̄) − u_i]        E_k = Σ w N over the events of k        C = Σ E_k A_k/W_k
//! ```
//!
//! z is the covariate, N a standard normal number for every event, u the score residual. Given the data, Ŵ behaves as W does
//! when the covariate enters the model as it should; its largest distance from zero over many draws of N is what that of
//! W is compared with. With ties A and B are those of the fit, so W and Ŵ both end at zero. A draw costs a pass over the distinct
//! records and no memory per row.
//!
//! Source: Lin, Wei and Ying (1993), Biometrika 80:557-572, doi 10.1093/biomet/80.3.557.

use nalgebra::DMatrix;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use super::fit::CoxFit;
use super::keys::rank_values;
use super::prepare::Prepared;
use super::records::EVENT_BIT;
use super::ties::{TieTerms, Ties};
use super::variance::ResidualTables;

/// The largest distance of W from zero, and how often Ŵ went as far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CumulativeTest {
    /// max |W(v)|.
    pub statistic: f64,
    /// The v where it is.
    pub at: f64,
    /// (1 + number of paths that went as far) / (1 + number of paths).
    pub p: f64,
}

/// What the paths of one covariate need.
struct Covariate {
    /// Distinct values.
    values: Vec<f64>,
    /// Place of every pattern's value among them.
    place: Vec<u32>,
    /// η(v) I⁻¹, a row per value, inner order.
    projection: Vec<f64>,
    statistic: f64,
    at: f64,
}

impl Prepared {
    /// Tests each covariate, given by its value for every design row (see [`super::Residuals::pattern`]), with `n_paths` draws
    /// from `seed`. For plain models, as [`Prepared::residuals`]. The same bytes for any number of threads.
    pub fn cumulative_residuals(
        &self,
        fit: &CoxFit,
        ties: Ties,
        values: &[Vec<f64>],
        n_paths: u32,
        seed: u64,
    ) -> Vec<CumulativeTest> {
        let sweep = self.sweep();
        let scaled = self.scaled_without_nan(&fit.coefficients);
        let tables = ResidualTables::new(sweep, &scaled, ties);
        let sums = sweep.all_sums(&tables.risk, ties);
        let terms = sweep.all_terms(&sums, ties);
        let covariance = self.inner_covariance(fit);
        let covariates: Vec<Covariate> = values.iter().map(|v| Covariate::new(&tables, v, &covariance)).collect();
        let source = ChaCha8Rng::seed_from_u64(seed);
        let one = |path: u32| {
            let mut draws = Normal::new(&source, u64::from(path));
            Path::draw(&tables, &terms, || draws.draw()).distances(&covariates)
        };
        let paths: Vec<Vec<f64>> = (0..n_paths).into_par_iter().map(one).collect();
        let test = |(j, c): (usize, &Covariate)| {
            let as_far = paths.iter().filter(|distance| distance[j] >= c.statistic).count();
            CumulativeTest { statistic: c.statistic, at: c.at, p: (1 + as_far) as f64 / (1.0 + f64::from(n_paths)) }
        };
        covariates.iter().enumerate().map(test).collect()
    }

    /// The model-based covariance of the scaled columns in inner order.
    fn inner_covariance(&self, fit: &CoxFit) -> DMatrix<f64> {
        let (column, scale) = (&self.sweep().patterns.design_column, self.scale());
        let p = column.len();
        DMatrix::from_fn(p, p, |i, j| {
            let (i, j) = (column[i] as usize, column[j] as usize);
            fit.covariance[(i, j)] / (scale[i] * scale[j])
        })
    }
}

impl Covariate {
    fn new(tables: &ResidualTables<'_>, value_of_pattern: &[f64], covariance: &DMatrix<f64>) -> Covariate {
        let (values, place) = rank_values(value_of_pattern);
        let (records, patterns) = (&tables.sweep.records, &tables.sweep.patterns);
        let (width, p) = (patterns.width(), patterns.n_columns);
        let mut jump = vec![0.0; values.len()];
        let mut eta = vec![0.0; values.len() * width];
        for record in records.slot_start[1] as usize..records.n() {
            let at = place[records.pattern[record] as usize] as usize;
            let weight = records.weight(record);
            let looked_up = tables.place(record);
            jump[at] += weight * tables.martingale(&looked_up);
            let row = &mut eta[at * width..(at + 1) * width];
            tables.add_residual_at(&looked_up, -weight, row);
            if looked_up.is_event() {
                tables.add_distance_from_mean(record, weight, row);
            }
        }
        let (statistic, at) = largest(&jump, &values);
        let mut projection = Vec::with_capacity(values.len() * p);
        let mut total = vec![0.0; p];
        for row in eta.chunks(width) {
            total.iter_mut().zip(row).for_each(|(t, x)| *t += x);
            projection.extend(covariance.column_iter().map(|c| c.iter().zip(&total).map(|(v, t)| v * t).sum::<f64>()));
        }
        Covariate { values, place, projection, statistic, at }
    }
}

/// The largest distance from zero of the sums of some jumps, and the value where it is.
fn largest(jump: &[f64], values: &[f64]) -> (f64, f64) {
    let (mut sum, mut found) = (0.0f64, (0.0, values.first().copied().unwrap_or(f64::NAN)));
    for (x, value) in jump.iter().zip(values) {
        sum += x;
        if sum.abs() > found.0 {
            found = (sum.abs(), *value);
        }
    }
    found
}

/// One draw of the normal numbers: what it adds to each pattern, and to the score.
struct Path {
    jump: Vec<f64>,
    score: Vec<f64>,
}

impl Path {
    fn draw(tables: &ResidualTables<'_>, terms: &[TieTerms], mut normal: impl FnMut() -> f64) -> Path {
        let sweep = tables.sweep;
        let (records, patterns, slots) = (&sweep.records, &sweep.patterns, &sweep.slots);
        let width = patterns.width();
        let (mut jump, mut score) = (vec![0.0; patterns.n], vec![0.0; width]);
        // C of every slot, and B E/W.
        let (mut cumulative, mut taken_back) = (vec![0.0; terms.len()], vec![0.0; terms.len()]);
        let mut sum = 0.0;
        for (slot, term) in terms.iter().enumerate() {
            if slots.time[slot].is_nan() {
                sum = 0.0;
            }
            let mut total = 0.0;
            for record in records.events_in_slot(slot) {
                // The sum of as many normal numbers as there are records.
                let y = records.case_weight(record) * f64::from(records.count[record]).sqrt() * normal();
                let pattern = records.pattern[record] as usize;
                total += y;
                jump[pattern] += y;
                patterns.row(pattern).add_to(y, patterns.first_dense, &mut score);
            }
            if total != 0.0 {
                let mean = &tables.mean[slot * width..(slot + 1) * width];
                score.iter_mut().zip(mean).for_each(|(u, m)| *u -= total * m);
                sum += total * term.a / slots.event_weight[slot];
                taken_back[slot] = total * term.b / slots.event_weight[slot];
            }
            cumulative[slot] = sum;
        }
        let by = &records.by_pattern;
        for (pattern, jump) in jump.iter_mut().enumerate() {
            for i in by.start[pattern] as usize..by.start[pattern + 1] as usize {
                let (exit, event) = ((by.exit[i] & !EVENT_BIT) as usize, by.exit[i] & EVENT_BIT != 0);
                let mut hazard = cumulative[exit] - by.entry.get(i).map_or(0.0, |a| cumulative[*a as usize]);
                if event {
                    hazard -= taken_back[exit];
                }
                *jump -= by.weight[i] * tables.risk.of(pattern, slots.stratum[exit] as usize) * hazard;
            }
        }
        Path { jump, score }
    }

    /// The largest distance from zero along each covariate.
    fn distances(&self, covariates: &[Covariate]) -> Vec<f64> {
        let one = |c: &Covariate| {
            let p = c.projection.len() / c.values.len().max(1);
            let mut jump = vec![0.0; c.values.len()];
            c.place.iter().zip(&self.jump).for_each(|(at, x)| jump[*at as usize] += x);
            let (mut sum, mut distance) = (0.0, 0.0f64);
            for (x, row) in jump.iter().zip(c.projection.chunks(p.max(1))) {
                sum += x;
                let estimated: f64 = row.iter().zip(&self.score).map(|(k, u)| k * u).sum();
                distance = distance.max((sum - estimated).abs());
            }
            distance
        };
        covariates.iter().map(one).collect()
    }
}

/// Standard normal numbers, two at a time by the method of Box and Muller (1958), doi 10.1214/aoms/1177706645.
struct Normal {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Normal {
    fn new(source: &ChaCha8Rng, stream: u64) -> Normal {
        let mut rng = source.clone();
        rng.set_stream(stream);
        Normal { rng, spare: None }
    }

    fn draw(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let mut unit = || ((self.rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        let radius = (-2.0 * libm::log(unit())).sqrt();
        let angle = std::f64::consts::TAU * unit();
        self.spare = Some(radius * libm::sin(angle));
        radius * libm::cos(angle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::data::{Block, Design, NumberPart, SurvivalData, Time, Variable};
    use crate::engine::{FitOptions, NearTies};
    use crate::table::Codes;

    /// With 1 for every normal number a path is the observed one: E is the weight of the events, C the cumulative hazard,
    /// and the score at the estimates is zero. Tied events, delayed entry, strata and weights included.
    #[test]
    fn the_path_of_ones_is_the_observed_one() {
        let n = 200u32;
        let mix = |i: u32, m: u32| i.wrapping_mul(m) >> 16;
        let entry: Vec<i32> = (0..n).map(|i| (mix(i, 40_503) % 20) as i32).collect();
        let exit = entry.iter().zip(0..n).map(|(a, i)| a + 1 + (mix(i, 2_654_435_761) % 15) as i32).collect();
        let mut data = SurvivalData::right_censored(Time::Whole(exit), (0..n).map(|i| i % 3 != 0).collect());
        data.entry = Some(Time::Whole(entry));
        data.stratum = Some(Codes::pack((0..n).map(|i| Some(i % 2)), 2));
        data.weight = Some((0..n).map(|i| 0.5 + f64::from(i % 4)).collect());
        // All different, so that every distinct record stands for one.
        let x: Vec<f64> = (0..n).map(|i| f64::from(mix(i, 7_919) % 100) + f64::from(i) / 1000.0).collect();
        let number = NumberPart { variable: 0, value_of_code: None };
        let design = Design {
            variables: vec![Variable::Continuous(x.clone())],
            blocks: vec![Block { factors: vec![], numbers: vec![vec![number]], first_column: vec![Some(0)] }],
            n_columns: 1,
        };
        let prepared = Prepared::with_rows(&data, &design, &Default::default(), NearTies::Repair).unwrap();
        let fit = prepared.fit(&FitOptions::default()).unwrap();
        let mut values = vec![0.0; prepared.n_patterns()];
        for (record, x) in prepared.record_of_row().iter().zip(&x) {
            values[prepared.pattern_of_record(*record as usize) as usize] = *x;
        }
        let sweep = prepared.sweep();
        let tables = ResidualTables::new(sweep, &prepared.scaled_without_nan(&fit.coefficients), Ties::Efron);
        let terms = sweep.all_terms(&sweep.all_sums(&tables.risk, Ties::Efron), Ties::Efron);
        let covariate = Covariate::new(&tables, &values, &prepared.inner_covariance(&fit));
        let path = Path::draw(&tables, &terms, || 1.0);
        assert!(path.score[0].abs() < 1e-9);
        let distance = path.distances(std::slice::from_ref(&covariate))[0];
        assert!((distance / covariate.statistic - 1.0).abs() < 1e-9 && covariate.statistic > 1.0);
        // η ends at zero, and so do all paths.
        assert!(covariate.projection.last().unwrap().abs() < 1e-12);
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut normal = Normal::new(&ChaCha8Rng::seed_from_u64(1), 0);
        let numbers: Vec<f64> = (0..20_001).map(|_| normal.draw()).collect();
        let mean = numbers.iter().sum::<f64>() / 20_001.0;
        let variance = numbers.iter().map(|x| x * x).sum::<f64>() / 20_001.0;
        // Four standard errors.
        assert!(mean.abs() < 4.0 / 141.4 && (variance - 1.0).abs() < 4.0 * 0.01);
    }
}
