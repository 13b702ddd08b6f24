//! Standardised risks: the mean predicted risk of the study's records with everyone set to one level of an exposure.
//!
//! ```text
//! R_a(t) = Σ_g w_g [1 − S_g(t)] / Σ w      S_g(t) = exp(−e^η_g(a) (Λ₀(t) − Λ₀(from)))     g: records with equal covariates
//! M_a(t) = Σ_g w_g ∫_from^t S_g(u) du / Σ w                                            restricted mean time, an exact sum
//! ```
//!
//! Delta method, with b_g = e^η_g S_g and ε_k the error of the hazard increment at event time k, of variance C0_k:
//!
//! ```text
//! dR_a(t) = Σ_k ε_k mean(b_g 1[k <= t]) + mean[b_g ((x_g − c) Λ₀ − H)]ᵀ dβ̂
//! dM_a(t) = −∫ dR_a(u) du
//! ```
//!
//! so Cov = Σ_k C0_k u_k u_kᵀ + D V Dᵀ over all levels and times at once. To that comes, where covariates count as sampled,
//! the covariance of the records' own risks divided by their number. Persons with equal covariates (exposure aside) are
//! one group; a group costs one exponential per level and event time up to the last of the chosen times.
//!
//! Sources: Makuch (1982), J. Chronic Dis. 35:437-443, doi 10.1016/0021-9681(82)90058-3; Chen and Tsiatis (2001), Biometrics
//! 57:1030-1038, doi 10.1111/j.0006-341X.2001.01030.x; variance by the decomposition of [`super::baseline`].

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::baseline::Baseline;
use super::data::{Design, SurvivalData, Variable};
use super::error::FitError;
use super::fit::CoxFit;
use super::keys::{Field, KeySpace, rank_values};
use super::pattern::{CodedVariable, Patterns};
use super::prepare::Prepared;

/// What to standardise.
#[derive(Debug, Clone)]
pub struct Standardisation<'a> {
    /// Times at which risks are wanted, increasing.
    pub times: &'a [f64],
    /// The time from which on everybody is followed; all are taken to be free of the event then.
    pub from: f64,
    /// The exposure, a coded variable: index into [`Design::variables`].
    pub exposure: usize,
    /// Its code at each level, the reference first.
    pub levels: &'a [u32],
    /// Which records stand for the population; `None` for all.
    pub population: Option<&'a [bool]>,
}

/// Standardised risks and restricted mean times with their joint covariance.
///
/// Quantities are numbered level after level; within a level first the risks at all times, then the restricted means.
#[derive(Debug, Clone)]
pub struct Standardised {
    /// The quantities.
    pub value: Vec<f64>,
    /// Their covariance from β̂ and the baseline hazard, covariates taken as fixed.
    pub covariance: DMatrix<f64>,
    /// What the covariates add to it when the records are a sample of the population.
    pub covariate_covariance: DMatrix<f64>,
    /// Number of chosen times.
    pub n_times: usize,
    /// Number of records (of persons, where one record of each was chosen) that were averaged over.
    pub n_records: u64,
    /// Number of groups of records with equal covariates.
    pub n_groups: usize,
}

impl Standardised {
    /// Place of the risk of a level at a time.
    pub fn risk(&self, level: usize, time: usize) -> usize {
        level * 2 * self.n_times + time
    }

    /// Place of the restricted mean of a level up to a time.
    pub fn restricted_mean(&self, level: usize, time: usize) -> usize {
        self.risk(level, time) + self.n_times
    }
}

/// Groups in one chunk at least.
const GROUPS_PER_CHUNK: usize = 1024;
/// Chunks at most, each with its own sums.
const CHUNKS: usize = 16;

/// Records with equal covariates (exposure aside), offset, stratum and case weight.
struct Groups {
    /// Codes of every variable, group by group; those of the exposure mean nothing.
    codes: Vec<Vec<u32>>,
    /// Distinct values of every continuous variable; empty for a coded one.
    values: Vec<Vec<f64>>,
    offset: Vec<f64>,
    stratum: Vec<u32>,
    /// Case weight of one record.
    case_weight: Vec<f64>,
    /// Number of records.
    count: Vec<f64>,
}

/// The groups with everyone at one level.
struct Level {
    patterns: Patterns,
    /// η of every group.
    eta: Vec<f64>,
}

/// The part of a stratum's baseline from `from` to the last of the times.
struct Span {
    /// Event times.
    time: Vec<f64>,
    /// Λ₀ since `from`, at η = shift.
    hazard: Vec<f64>,
    /// C0 of each event time.
    variance: Vec<f64>,
    /// Increment of H at each, p numbers per event time.
    path: Vec<f64>,
    shift: f64,
    /// First place of the stratum among the event times of all spans.
    first: usize,
    /// For each chosen time, how many of the event times are at or before it.
    n_before: Vec<usize>,
}

/// Sums over groups, w being count times case weight and q a group's own quantity.
#[derive(Clone)]
struct Sums {
    /// Σ w q of every quantity.
    value: Vec<f64>,
    /// Σ w c q, c the case weight.
    square_value: Vec<f64>,
    /// Σ w c q qᵀ, the lower triangle row after row.
    square_products: Vec<f64>,
    /// Σ w b of every level and event time of all spans.
    slope: Vec<f64>,
    /// Σ w (∂q/∂η) x at known baseline, one row of inner columns per quantity.
    rows: Vec<f64>,
}

impl Prepared {
    /// Standardised risks at the estimates of `fit`; `data` and `design` are what was prepared, `baseline` is that of
    /// [`Prepared::baseline`].
    ///
    /// Errors: [`FitError::Length`] when the arrays do not belong together.
    pub fn standardise(
        &self,
        data: &SurvivalData,
        design: &Design,
        fit: &CoxFit,
        baseline: &Baseline,
        wanted: &Standardisation,
    ) -> Result<Standardised, FitError> {
        let expected = self.n_records();
        for found in [data.n_records(), wanted.population.map_or(expected, <[bool]>::len)] {
            if found != expected {
                return Err(FitError::Length { what: "records of the population", expected, found });
            }
        }
        let groups = Groups::new(data, design, wanted);
        let spans = spans(baseline, wanted);
        let level = |code: &u32| self.level(design, &groups, wanted.exposure, *code, &fit.coefficients);
        let levels: Vec<Level> = wanted.levels.iter().map(level).collect();
        let empty = Sums::zeros(&spans, &levels, wanted.times.len());
        let size = groups.n().div_ceil(CHUNKS).max(GROUPS_PER_CHUNK);
        let parts: Vec<Sums> = (0..groups.n().div_ceil(size))
            .into_par_iter()
            .map(|chunk| {
                let mut sums = empty.clone();
                let range = chunk * size..((chunk + 1) * size).min(groups.n());
                sums.add_groups(range, &groups, &spans, &levels, wanted);
                sums
            })
            .collect();
        let mut sums = empty;
        parts.iter().for_each(|part| sums.add(part));
        let direction = self.direction(&levels, &sums, wanted.times.len());
        Ok(finish(baseline, &groups, &spans, sums, direction, wanted))
    }

    /// Rows and η of all groups with everyone at one level.
    fn level(&self, design: &Design, groups: &Groups, exposure: usize, code: u32, coefficients: &[f64]) -> Level {
        let at_level = |v: usize| if v == exposure { vec![code; groups.n()] } else { groups.codes[v].clone() };
        let variable = |v: usize| CodedVariable { codes: at_level(v), values: &groups.values[v] };
        let variables: Vec<CodedVariable> = (0..groups.codes.len()).map(variable).collect();
        let mut patterns = Patterns::new(design, &variables, groups.offset.clone(), groups.n());
        patterns.rescale(&self.scaling.shift, &self.scaling.scale);
        let beta = patterns.inner_order(&self.scaled_without_nan(coefficients));
        let eta = (0..groups.n()).into_par_iter().map(|g| patterns.linear_predictor(g, &beta)).collect();
        Level { patterns, eta }
    }

    /// Σ w (∂q/∂η) x, one row of the design's columns per quantity.
    fn direction(&self, levels: &[Level], sums: &Sums, n_times: usize) -> DMatrix<f64> {
        let q = sums.value.len();
        let mut direction = DMatrix::zeros(q, self.n_columns());
        let width = sums.rows.len() / q.max(1);
        for quantity in 0..q {
            let patterns = &levels[quantity / (2 * n_times)].patterns;
            let row = &sums.rows[quantity * width..(quantity + 1) * width];
            for (&j, x) in patterns.design_column.iter().zip(row) {
                direction[(quantity, j as usize)] = x / self.scaling.scale[j as usize];
            }
        }
        direction
    }
}

impl Groups {
    fn new(data: &SurvivalData, design: &Design, wanted: &Standardisation) -> Groups {
        let n = data.n_records();
        let everyone = if wanted.population.is_none() { vec![true; n] } else { Vec::new() };
        let ranked: Vec<Option<(Vec<f64>, Vec<u32>)>> = design
            .variables
            .iter()
            .map(|v| if let Variable::Continuous(values) = v { Some(rank_values(values)) } else { None })
            .collect();
        let offset = data.offset.as_deref().map(rank_values);
        let weight = data.weight.as_deref().map(rank_values);
        let numbers = |ranked: &'_ (Vec<f64>, Vec<u32>)| Field::numbers(ranked.1.clone(), ranked.0.len());
        let variable = |v: usize| match (&design.variables[v], &ranked[v]) {
            // Everyone will have the same level.
            _ if v == wanted.exposure => Field::numbers(vec![0; n], 1),
            (_, Some(ranked)) => numbers(ranked),
            (Variable::Coded { codes, n_levels }, None) => Field::coded(codes, *n_levels as usize),
            (Variable::Continuous(_), None) => Field::numbers(vec![0; n], 1),
        };
        let stratum: Option<Vec<u32>> =
            data.stratum.as_ref().map(|s| (0..n).map(|i| s.get(i).unwrap_or(u32::MAX)).collect());
        let n_strata = stratum.iter().flatten().max().map_or(1, |s| *s as usize + 1);
        let mut fields = vec![Field::flag(wanted.population.unwrap_or(&everyone))];
        fields.extend((0..design.variables.len()).map(variable));
        fields.push(stratum.map_or_else(|| Field::numbers(vec![0; n], 1), |s| Field::numbers(s, n_strata)));
        fields.extend(offset.iter().map(numbers));
        fields.extend(weight.iter().map(numbers));
        let n_fields = fields.len();
        let space = KeySpace::new(n, fields);
        let found = space.distinct();
        // The flag is the highest bit, so groups outside the population come first.
        let mut columns = space.decode_all(&found.keys, n_fields).into_iter();
        let outside = columns.next().map_or(0, |flag| flag.partition_point(|f| *f == 0));
        let mut next = || columns.next().map(|column| column[outside..].to_vec()).unwrap_or_default();
        let codes: Vec<Vec<u32>> = (0..design.variables.len()).map(|_| next()).collect();
        let stratum = next();
        let mut value_of = |ranked: &(Vec<f64>, Vec<u32>)| -> Vec<f64> {
            next().iter().map(|code| ranked.0[*code as usize]).collect()
        };
        let offset = offset.as_ref().map(&mut value_of).unwrap_or_default();
        let case_weight = weight.as_ref().map(&mut value_of);
        let count: Vec<f64> = found.counts[outside..].iter().map(|c| f64::from(*c)).collect();
        Groups {
            values: ranked.into_iter().map(|r| r.map_or_else(Vec::new, |r| r.0)).collect(),
            codes,
            offset,
            stratum,
            case_weight: case_weight.unwrap_or_else(|| vec![1.0; count.len()]),
            count,
        }
    }

    fn n(&self) -> usize {
        self.count.len()
    }
}

/// The spans of all strata.
fn spans(baseline: &Baseline, wanted: &Standardisation) -> Vec<Span> {
    let p = baseline.n_columns();
    let last = wanted.times.last().copied().unwrap_or(wanted.from);
    let mut first = 0;
    let mut spans = Vec::new();
    for stratum in baseline.strata() {
        let from = stratum.time.partition_point(|t| *t <= wanted.from);
        let to = stratum.time.partition_point(|t| *t <= last).max(from);
        let before = |values: &[f64], k: usize| if k == 0 { 0.0 } else { values[k - 1] };
        let start = before(&stratum.hazard, from);
        let step =
            |k: usize, j: usize| stratum.path[k * p + j] - if k == 0 { 0.0 } else { stratum.path[(k - 1) * p + j] };
        let time = stratum.time[from..to].to_vec();
        spans.push(Span {
            hazard: (from..to).map(|k| stratum.hazard[k] - start).collect(),
            variance: (from..to).map(|k| stratum.variance[k] - before(&stratum.variance, k)).collect(),
            path: (from..to).flat_map(|k| (0..p).map(move |j| step(k, j))).collect(),
            shift: stratum.shift,
            first,
            n_before: wanted.times.iter().map(|t| time.partition_point(|x| x <= t)).collect(),
            time,
        });
        first += to - from;
    }
    spans
}

impl Sums {
    fn zeros(spans: &[Span], levels: &[Level], n_times: usize) -> Sums {
        let q = levels.len() * 2 * n_times;
        let n_slots: usize = spans.iter().map(|s| s.time.len()).sum();
        let width = levels.iter().map(|l| l.patterns.width()).max().unwrap_or(0);
        Sums {
            value: vec![0.0; q],
            square_value: vec![0.0; q],
            square_products: vec![0.0; q * (q + 1) / 2],
            slope: vec![0.0; levels.len() * n_slots],
            rows: vec![0.0; q * width],
        }
    }

    fn add(&mut self, other: &Sums) {
        let pairs = [
            (&mut self.value, &other.value),
            (&mut self.square_value, &other.square_value),
            (&mut self.square_products, &other.square_products),
            (&mut self.slope, &other.slope),
            (&mut self.rows, &other.rows),
        ];
        pairs.into_iter().for_each(|(sum, part)| sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x));
    }

    fn add_groups(
        &mut self,
        range: Range<usize>,
        groups: &Groups,
        spans: &[Span],
        levels: &[Level],
        wanted: &Standardisation,
    ) {
        let (q, n_times) = (self.value.len(), wanted.times.len());
        let n_slots = self.slope.len() / levels.len().max(1);
        let width = self.rows.len() / q.max(1);
        let (mut own, mut slopes) = (vec![0.0; q], vec![0.0; q]);
        for g in range {
            let weight = groups.count[g] * groups.case_weight[g];
            let span = &spans[groups.stratum[g] as usize];
            for (l, level) in levels.iter().enumerate() {
                let r = libm::exp(level.eta[g] - span.shift);
                let from = l * n_slots + span.first;
                let slope = &mut self.slope[from..from + span.time.len()];
                let of_level = l * 2 * n_times..(l + 1) * 2 * n_times;
                span.follow(r, weight, wanted, slope, &mut own[of_level.clone()], &mut slopes[of_level.clone()]);
                let row = level.patterns.row(g);
                for quantity in of_level {
                    let sum = &mut self.rows[quantity * width..(quantity + 1) * width];
                    row.add_to(weight * slopes[quantity], level.patterns.first_dense, sum);
                }
            }
            self.add_values(&own, weight, weight * groups.case_weight[g]);
        }
    }

    fn add_values(&mut self, own: &[f64], weight: f64, square: f64) {
        let mut place = 0;
        for (a, x) in own.iter().enumerate() {
            self.value[a] += weight * x;
            self.square_value[a] += square * x;
            let products = &mut self.square_products[place..place + a + 1];
            products.iter_mut().zip(own).for_each(|(sum, y)| *sum += square * x * y);
            place += a + 1;
        }
    }
}

impl Span {
    /// Risk and restricted mean of a person with e^(η − shift) = `r` at all times (`own`), and their derivatives by η at
    /// known baseline (`derivative`); adds `weight` · b to `slope`.
    fn follow(
        &self,
        r: f64,
        weight: f64,
        wanted: &Standardisation,
        slope: &mut [f64],
        own: &mut [f64],
        derivative: &mut [f64],
    ) {
        let n_times = wanted.times.len();
        // Survival, its derivative by −η, and the areas under both, up to the time reached.
        let (mut survival, mut falls, mut area, mut area_falls) = (1.0, 0.0, 0.0, 0.0);
        let (mut k, mut hazard, mut reached) = (0, 0.0, wanted.from);
        for (i, &time) in wanted.times.iter().enumerate() {
            while k < self.n_before[i] {
                let step = self.time[k] - reached;
                area += survival * step;
                area_falls += falls * step;
                reached = self.time[k];
                hazard = self.hazard[k];
                survival = libm::exp(-r * hazard);
                let b = r * survival;
                falls = b * hazard;
                slope[k] += weight * b;
                k += 1;
            }
            let rest = time - reached;
            own[i] = -libm::expm1(-r * hazard);
            own[n_times + i] = area + survival * rest;
            derivative[i] = falls;
            derivative[n_times + i] = -(area_falls + falls * rest);
        }
    }

    /// Calls `visit(k, u)` with how each quantity moves with the hazard increment at event time k, from the last to the
    /// first; `slope` holds mean(b) of every level and event time, `n_slots` of them a level.
    fn influences(
        &self,
        wanted: &Standardisation,
        slope: &[f64],
        n_slots: usize,
        mut visit: impl FnMut(usize, &[f64]),
    ) {
        let n_times = wanted.times.len();
        let n_levels = slope.len() / n_slots.max(1);
        let mut u = vec![0.0; n_levels * 2 * n_times];
        for k in (0..self.time.len()).rev() {
            for level in 0..n_levels {
                let b = |k: usize| slope[level * n_slots + self.first + k];
                let u = &mut u[level * 2 * n_times..(level + 1) * 2 * n_times];
                for (i, &time) in wanted.times.iter().enumerate().filter(|(i, _)| self.n_before[*i] > k) {
                    let until = self.time.get(k + 1).map_or(time, |next| next.min(time));
                    u[i] = b(self.n_before[i] - 1);
                    u[n_times + i] -= b(k) * (until - self.time[k]);
                }
            }
            visit(k, &u);
        }
    }
}

/// Means and covariances from the sums.
fn finish(
    baseline: &Baseline,
    groups: &Groups,
    spans: &[Span],
    sums: Sums,
    mut direction: DMatrix<f64>,
    wanted: &Standardisation,
) -> Standardised {
    let (q, p) = (direction.nrows(), direction.ncols());
    let total: f64 = groups.count.iter().zip(&groups.case_weight).map(|(n, w)| n * w).sum();
    let squares: f64 = groups.count.iter().zip(&groups.case_weight).map(|(n, w)| n * w * w).sum();
    let n_slots: usize = spans.iter().map(|s| s.time.len()).sum();
    let value: Vec<f64> = sums.value.iter().map(|v| v / total).collect();
    let slope: Vec<f64> = sums.slope.iter().map(|b| b / total).collect();
    direction /= total;
    let mut covariance = DMatrix::zeros(q, q);
    for span in spans {
        span.influences(wanted, &slope, n_slots, |k, u| {
            for a in 0..q {
                // What moves with ε_k moves with −ΔH_k dβ as well.
                (0..p).for_each(|j| direction[(a, j)] -= u[a] * span.path[k * p + j]);
                (0..q).for_each(|b| covariance[(a, b)] += span.variance[k] * u[a] * u[b]);
            }
        });
    }
    covariance += &direction * baseline.covariance() * direction.transpose();
    let mut place = 0;
    let mut covariate_covariance = DMatrix::zeros(q, q);
    for a in 0..q {
        for b in 0..=a {
            let cross = value[a] * sums.square_value[b] + value[b] * sums.square_value[a];
            let own = sums.square_products[place] - cross + value[a] * value[b] * squares;
            covariate_covariance[(a, b)] = own / (total * total);
            covariate_covariance[(b, a)] = covariate_covariance[(a, b)];
            place += 1;
        }
    }
    Standardised {
        value,
        covariance,
        covariate_covariance,
        n_times: wanted.times.len(),
        n_records: groups.count.iter().sum::<f64>() as u64,
        n_groups: groups.n(),
    }
}
