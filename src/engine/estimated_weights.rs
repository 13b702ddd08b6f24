//! The robust variance of Fine and Gray's model that knows that the weights are estimated.
//!
//! ```text
//! Σ_c (Σ_{i in c} u_i + ψ_i)(…)ᵀ           u: score residual, the record after a competing event included
//! ψ_i = Σ_{u <= exit} q(u)/Y(u) [δᶜ_i(u) − c_u/Y(u)]                        δᶜ: censored at u
//! q(u) = Σ_{j: T_j <= u} r_j/W(T_j−) Σ_{t_k > u} A_k W(t_k−) (x_j − X̄_k)     competing events so far, event times to come
//! ```
//!
//! As the weights are W(t−)/W(T−), a censoring at u changes those with T <= u < t. With [`CensoringTies::Together`] the sums
//! run over T < u <= t instead, as `crr` has them.
//!
//! Per group of records that are censored alike; Y and c are those of [`super::observation`]. `crr` of R's cmprsk package
//! reports this variance, `finegray` with `coxph` the one without ψ. What late entry adds (the estimation of H) is
//! left out. Source: Fine and Gray (1999), JASA 94:496-509, doi 10.1080/01621459.1999.10474144.

use nalgebra::DMatrix;

use super::class_residuals::{SlotTables, add_squares};
use super::fine_gray::Augmented;
use super::observation::{CensoringTies, Grid, Observation, Standing};
use super::records::Records;
use super::sweep::Sweep;
use super::ties::Ties;

/// Numbers of the residuals of a block of clusters.
const BLOCK_NUMBERS: usize = 1 << 23;

/// What ψ needs beside the fit.
#[derive(Debug)]
pub(super) struct EstimatedWeights {
    pub grid: Grid,
    pub groups: Vec<Observation>,
    pub group: Vec<u32>,
    pub standing: Vec<Standing>,
    pub ties: CensoringTies,
    /// The given record of every record after a competing event.
    pub tails: Vec<u32>,
    /// Cluster of every record, those after competing events last.
    pub cluster: Vec<u32>,
    /// The distinct record of every record.
    pub distinct: Vec<u32>,
}

/// ψ as sums over times, of one group: rows of `width` numbers.
struct Sums {
    /// q(u)/Y(u) by place on the grid.
    own: Vec<f64>,
    /// Σ q c/Y² over times up to each.
    cumulative: Vec<f64>,
}

impl EstimatedWeights {
    /// Takes over what was found while records after competing events were added; `records` must have kept the distinct
    /// record of every record.
    pub fn new(augmented: Augmented, ties: CensoringTies, records: &mut Records) -> EstimatedWeights {
        let n = augmented.standing.len();
        EstimatedWeights {
            tails: augmented.made_from[n..].to_vec(),
            cluster: augmented.data.cluster.unwrap_or(augmented.made_from),
            grid: augmented.grid,
            groups: augmented.groups,
            group: augmented.group,
            standing: augmented.standing,
            ties,
            distinct: std::mem::take(&mut records.of_row),
        }
    }

    /// The middle of the sandwich at `coefficients`; scaled columns in the order of the design.
    pub fn outer_product(&self, sweep: &Sweep, coefficients: &[f64], ties: Ties) -> DMatrix<f64> {
        let (p, width) = (sweep.patterns.n_columns, sweep.patterns.width());
        let tables = SlotTables::new(sweep, coefficients, ties);
        let sums: Vec<Sums> = (0..self.groups.len()).map(|g| self.sums(g, sweep, &tables)).collect();
        let mut order: Vec<u32> = (0..self.cluster.len() as u32).collect();
        order.sort_unstable_by_key(|&i| (self.cluster[i as usize], i));
        let clusters: Vec<&[u32]> =
            order.chunk_by(|a, b| self.cluster[*a as usize] == self.cluster[*b as usize]).collect();
        let mut sum = vec![0.0; p * p];
        for block in clusters.chunks((BLOCK_NUMBERS / (width + 1)).max(1)) {
            let members = block.iter().enumerate().flat_map(|(c, records)| records.iter().map(move |&i| (i, c)));
            let of_distinct = members.clone().map(|(i, c)| (self.distinct[i as usize], c)).collect();
            let mut rows = tables.summed_rows(of_distinct, block.len());
            for (record, c) in members.filter(|(i, _)| (*i as usize) < self.standing.len()) {
                self.add_psi(record as usize, &sums, &mut rows[c * width..(c + 1) * width]);
            }
            add_squares(&rows, width, p, &mut sum);
        }
        sweep.patterns.design_order(&sum, p)
    }

    /// q of one group, as what its records need.
    fn sums(&self, group: usize, sweep: &Sweep, tables: &SlotTables<'_>) -> Sums {
        let (n, width) = (self.grid.time.len(), sweep.patterns.width());
        let mut q = vec![0.0; n * width];
        for stratum in 0..sweep.slots.first.len() - 1 {
            self.add_stratum(group, stratum, sweep, tables, &mut q);
        }
        let observed = &self.groups[group];
        let mut cumulative = vec![0.0; n * width];
        for u in 0..n {
            let (y, c) = (observed.at_risk[u], observed.censored[u]);
            let here = u * width..(u + 1) * width;
            if u > 0 {
                cumulative.copy_within((u - 1) * width..u * width, u * width);
            }
            if c == 0.0 {
                q[here].fill(0.0);
                continue;
            }
            for (q, sum) in q[here.clone()].iter_mut().zip(&mut cumulative[here]) {
                *q /= y;
                *sum += *q * c / y;
            }
        }
        Sums { own: q, cumulative }
    }

    /// Adds the share of a stratum to q(u) of every time.
    fn add_stratum(&self, group: usize, stratum: usize, sweep: &Sweep, tables: &SlotTables<'_>, q: &mut [f64]) {
        let (n, width) = (self.grid.time.len(), sweep.patterns.width());
        let slots = sweep.slots.first[stratum] as usize + 1..sweep.slots.first[stratum + 1] as usize;
        // Σ r/W(T−) and Σ r/W(T−) x over competing events up to each time.
        let (mut s0, mut s1) = (vec![0.0; n], vec![0.0; n * width]);
        for (record, &distinct) in self.distinct.iter().enumerate().skip(self.standing.len()) {
            let from = self.made_from(record);
            let pattern = sweep.records.pattern[distinct as usize] as usize;
            let slot = sweep.records.exit[distinct as usize] as usize;
            if slot == 0 || self.group[from] as usize != group || sweep.slots.stratum[slot] as usize != stratum {
                continue;
            }
            let r = sweep.records.case_weight(distinct as usize) * tables.risk.of(pattern, stratum);
            let place = self.grid.exit[from] as usize;
            s0[place] += r;
            let row = sweep.patterns.row(pattern);
            row.add_to(r, sweep.patterns.first_dense, &mut s1[place * width..(place + 1) * width]);
        }
        for u in 1..n {
            s0[u] += s0[u - 1];
            let (before, here) = s1.split_at_mut(u * width);
            here[..width].iter_mut().zip(&before[(u - 1) * width..]).for_each(|(sum, x)| *sum += x);
        }
        // Σ A W and Σ A W X̄ over event times after each time (crr: from each time on, over competing events before it).
        let crr = self.ties == CensoringTies::Together;
        let is_later = |slot: usize, u: usize| match crr {
            true => sweep.slots.time[slot] >= self.grid.time[u],
            false => sweep.slots.time[slot] > self.grid.time[u],
        };
        let (mut a, mut a_mean) = (0.0, vec![0.0; width]);
        let mut later = slots.rev().peekable();
        for u in (0..n).rev() {
            while let Some(&slot) = later.peek().filter(|&&slot| is_later(slot, u)) {
                let place = self.grid.place(sweep.slots.time[slot]);
                let hazard = tables.terms[slot].a * self.groups[group].before[place];
                a += hazard;
                let mean = &tables.mean[slot * width..(slot + 1) * width];
                a_mean.iter_mut().zip(mean).for_each(|(sum, m)| *sum += hazard * m);
                later.next();
            }
            if let Some(so_far) = u.checked_sub(usize::from(crr)) {
                for j in 0..width {
                    q[u * width + j] += s1[so_far * width + j] * a - s0[so_far] * a_mean[j];
                }
            }
        }
    }

    /// The given record from which one after a competing event was made.
    fn made_from(&self, record: usize) -> usize {
        self.tails[record - self.standing.len()] as usize
    }

    /// Adds ψ of a record that was given.
    fn add_psi(&self, record: usize, sums: &[Sums], row: &mut [f64]) {
        let (width, sums, standing) = (row.len(), &sums[self.group[record] as usize], self.standing[record]);
        let exit = self.grid.exit[record] as usize;
        let at = |u: usize| u * width..(u + 1) * width;
        let early = standing.event && self.ties == CensoringTies::EventsFirst;
        // At risk of being censored up to here.
        let until = if early { exit.checked_sub(1) } else { Some(exit) };
        if let Some(until) = until {
            row.iter_mut().zip(&sums.cumulative[at(until)]).for_each(|(u, x)| *u -= x);
        }
        if let Some(entry) = &self.grid.entry {
            row.iter_mut().zip(&sums.cumulative[at(entry[record] as usize)]).for_each(|(u, x)| *u += x);
        }
        if standing.last && !standing.event {
            row.iter_mut().zip(&sums.own[at(exit)]).for_each(|(u, x)| *u += x);
        }
    }
}
