//! Table 1: who the persons are as they enter, by group, and how much the groups differ.
//!
//! A person is described by the first of their records. Standardised differences compare two groups in units of their
//! common spread, whatever their size:
//!
//! ```text
//! number:  |m₁ − m₂| / √((s₁² + s₂²) / 2)                      m, s: mean and standard deviation
//! factor:  √((p₁ − p₂)ᵀ S⁻¹ (p₁ − p₂))                          p: shares of all levels but one
//!          S = (C₁ + C₂) / 2,  C = diag(p) − p pᵀ                the last level dropped does not matter
//! ```
//!
//! With two levels the second is the first for shares. Values that are missing do not take part. There is none where S
//! has no inverse: the groups have no level in common.
//!
//! Sources: Austin (2009), Stat Med 28:3083-3107, doi 10.1002/sim.3697; Yang and Dalton (2012), SAS Global Forum, paper
//! 335-2012, for factors of several levels.

use crate::design::{self, DesignError, DesignOptions, LevelInfo, Records};
use crate::formula::Response;
use crate::table::{Column, ColumnData, Table};
use nalgebra::{DMatrix, DVector};

/// What is to be described.
#[derive(Debug, Clone, Default)]
pub struct TableOneRequest<'a> {
    /// Times and event; `None` takes the columns `entry`, `exit` and `event` of a study.
    pub response: Option<&'a Response>,
    /// Column that tells persons apart; without it every record is a person.
    pub person: Option<&'a str>,
    /// The column whose levels are the groups; without it there is one group of all.
    pub by: Option<&'a str>,
    /// The characteristics, in order.
    pub variables: Vec<&'a str>,
    /// Levels declared for columns; a number with declared levels is described by them.
    pub options: DesignOptions,
}

/// Persons by group.
#[derive(Debug, Clone, PartialEq)]
pub struct TableOne {
    /// What tables call the groups; empty when there is one of all.
    pub by: String,
    /// The groups in order, those without a value last; all persons after them unless they are the only group.
    pub groups: Vec<PersonGroup>,
    /// The characteristics.
    pub variables: Vec<Characteristic>,
    /// Records without a usable time or event, left out.
    pub n_left_out: usize,
}

/// A group of persons.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonGroup {
    /// Its level; `None` for persons without one, and for all.
    pub level: Option<LevelInfo>,
    /// Whether it is that of all persons.
    pub all: bool,
    /// Persons.
    pub persons: u64,
    /// Their records.
    pub records: u64,
    /// Their records that end in an event.
    pub events: u64,
    /// Their person-time, in the unit of the times.
    pub person_time: f64,
    /// Follow-up per person, in the unit of the times.
    pub follow_up: Option<Summary>,
}

/// A characteristic over all groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Characteristic {
    /// The column.
    pub column: String,
    /// What tables print.
    pub title: String,
    /// Its values, group by group.
    pub values: Values,
    /// Persons without a value in every group.
    pub missing: Vec<u64>,
    /// Standardised difference of every pair of groups with a level, by their places; `None` where there is none.
    pub differences: Vec<(usize, usize, Option<f64>)>,
}

/// Values of a characteristic.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Persons of every level (outer) in every group (inner).
    Levels(Vec<(LevelInfo, Vec<u64>)>),
    /// What the numbers of every group come to; `None` where nobody has one.
    Numbers(Vec<Option<Summary>>),
}

/// What some numbers come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// How many.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Standard deviation with n − 1; NaN for one number.
    pub sd: f64,
    /// Quartiles as R's type 7: the lower, the median, the upper.
    pub quartiles: [f64; 3],
    /// How many have exactly that value; `None` where a quartile lies between two values.
    pub sharing: [Option<u64>; 3],
}

/// Describes persons as `request` says. Errors: unknown columns, dates as characteristics, faults of times and event.
pub fn table_one(table: &Table, request: &TableOneRequest<'_>) -> Result<TableOne, DesignError> {
    let records = design::records(table, request.response)?;
    let persons = Persons::read(table, &records, request.person)?;
    let by = request.by.map(|name| design::factor_column(table, name, &request.options)).transpose()?;
    let group_of = |person: usize| by.as_ref().map_or(u32::MAX, |f| f.codes[persons.first_row[person] as usize]);
    let group_codes: Vec<u32> = (0..persons.len()).map(group_of).collect();
    let mut levels: Vec<Option<LevelInfo>> = by.iter().flat_map(|f| f.levels.iter().cloned().map(Some)).collect();
    if by.is_some() && group_codes.contains(&u32::MAX) {
        levels.push(None);
    }
    let members = Members::new(&group_codes, levels.len());
    let mut groups: Vec<PersonGroup> =
        levels.iter().enumerate().map(|(g, level)| persons.group(level.clone(), false, &members.of[g])).collect();
    groups.push(persons.group(None, true, &members.all));
    let compared: Vec<usize> = (0..levels.len()).filter(|g| levels[*g].is_some()).collect();
    let describe = |name: &&str| characteristic(table, name, request, &persons, &members, &compared);
    Ok(TableOne {
        by: by.map(|f| f.title).unwrap_or_default(),
        groups,
        variables: request.variables.iter().map(describe).collect::<Result<_, _>>()?,
        n_left_out: table.n_rows() - persons.n_records,
    })
}

/// The persons of a table, each with the sum of their records.
struct Persons {
    first_row: Vec<u32>,
    records: Vec<u64>,
    events: Vec<u64>,
    time: Vec<f64>,
    n_records: usize,
}

impl Persons {
    fn read(table: &Table, records: &Records<'_>, person: Option<&str>) -> Result<Persons, DesignError> {
        let numbers = person.map(|column| design::group_numbers(table, column)).transpose()?;
        let number = |row: u32| numbers.as_ref().map_or(row, |n| n[row as usize]);
        let used = (0..table.n_rows() as u32).filter(|r| records.is_used(*r as usize) && number(*r) != u32::MAX);
        let mut rows: Vec<u32> = used.collect();
        // By person and entry: the first record is the earliest, and times add up in one order whatever that of the rows.
        let key = |row: &u32| (number(*row), records.entry(*row as usize));
        rows.sort_by(|a, b| key(a).0.cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)));
        let mut out =
            Persons { first_row: vec![], records: vec![], events: vec![], time: vec![], n_records: rows.len() };
        for of_one in rows.chunk_by(|a, b| number(*a) == number(*b)) {
            out.first_row.push(of_one[0]);
            out.records.push(of_one.len() as u64);
            out.events.push(of_one.iter().filter(|r| records.is_event(**r as usize)).count() as u64);
            out.time.push(of_one.iter().map(|r| records.duration(*r as usize)).sum());
        }
        Ok(out)
    }

    fn len(&self) -> usize {
        self.first_row.len()
    }

    fn group(&self, level: Option<LevelInfo>, all: bool, members: &[usize]) -> PersonGroup {
        let mut times: Vec<f64> = members.iter().map(|p| self.time[*p]).collect();
        times.sort_unstable_by(f64::total_cmp);
        PersonGroup {
            level,
            all,
            persons: members.len() as u64,
            records: members.iter().map(|p| self.records[*p]).sum(),
            events: members.iter().map(|p| self.events[*p]).sum(),
            person_time: times.iter().sum(),
            follow_up: Summary::of_sorted(&times),
        }
    }
}

/// The persons of every group, and all of them.
struct Members {
    of: Vec<Vec<usize>>,
    all: Vec<usize>,
}

impl Members {
    fn new(codes: &[u32], n_groups: usize) -> Members {
        let mut of = vec![Vec::new(); n_groups];
        for (person, code) in codes.iter().enumerate() {
            // Those without a level are the last group.
            if let Some(group) = of.get_mut((*code as usize).min(n_groups.saturating_sub(1))) {
                group.push(person);
            }
        }
        Members { of, all: (0..codes.len()).collect() }
    }

    /// Every group, all persons last.
    fn each(&self) -> impl Iterator<Item = &Vec<usize>> {
        self.of.iter().chain(std::iter::once(&self.all))
    }
}

fn characteristic(
    table: &Table,
    name: &str,
    request: &TableOneRequest<'_>,
    persons: &Persons,
    members: &Members,
    compared: &[usize],
) -> Result<Characteristic, DesignError> {
    let column = table.column(name).ok_or_else(|| design::unknown_column("table one", table, name))?;
    if matches!(column.data, ColumnData::Day(_)) {
        return Err(DesignError::DateInTableOne { column: name.to_string() });
    }
    let pairs = || compared.iter().enumerate().flat_map(|(k, a)| compared[k + 1..].iter().map(move |b| (*a, *b)));
    if is_number(column, &request.options) {
        let value = |person: &usize| column.data.number(persons.first_row[*person] as usize).unwrap_or(f64::NAN);
        let summaries: Vec<Option<Summary>> = members.each().map(|group| summary(group.iter().map(value))).collect();
        let missing = members.each().map(|group| group.iter().filter(|p| value(p).is_nan()).count() as u64).collect();
        let differ = |a: usize, b: usize| difference_of_numbers(summaries[a].as_ref()?, summaries[b].as_ref()?);
        let differences = pairs().map(|(a, b)| (a, b, differ(a, b))).collect();
        let (column, title) = (name.to_string(), column.label.clone());
        return Ok(Characteristic { column, title, values: Values::Numbers(summaries), missing, differences });
    }
    let factor = design::factor_column(table, name, &request.options)?;
    let code = |person: &usize| factor.codes[persons.first_row[*person] as usize];
    let counts: Vec<Vec<u64>> =
        members.each().map(|group| tally(group.iter().map(code), factor.levels.len())).collect();
    let missing = counts.iter().map(|c| c[factor.levels.len()]).collect();
    let known = |group: usize| &counts[group][..factor.levels.len()];
    let differences = pairs().map(|(a, b)| (a, b, difference_of_shares(known(a), known(b)))).collect();
    let of_level = |(k, level): (usize, LevelInfo)| (level, counts.iter().map(|c| c[k]).collect());
    let values = Values::Levels(factor.levels.into_iter().enumerate().map(of_level).collect());
    Ok(Characteristic { column: factor.column, title: factor.title, values, missing, differences })
}

/// A column of numbers whose levels nobody declared.
fn is_number(column: &Column, options: &DesignOptions) -> bool {
    let declared = options.levels.iter().any(|(name, _)| *name == column.name);
    !declared && matches!(column.data, ColumnData::Number(_) | ColumnData::Whole(_))
}

/// How often each code occurs; the last place counts those without one.
fn tally(codes: impl Iterator<Item = u32>, n_levels: usize) -> Vec<u64> {
    let mut counts = vec![0; n_levels + 1];
    codes.for_each(|code| counts[(code as usize).min(n_levels)] += 1);
    counts
}

fn summary(values: impl Iterator<Item = f64>) -> Option<Summary> {
    let mut values: Vec<f64> = values.filter(|v| !v.is_nan()).collect();
    values.sort_unstable_by(f64::total_cmp);
    Summary::of_sorted(&values)
}

impl Summary {
    /// Of numbers in ascending order; `None` without any.
    fn of_sorted(values: &[f64]) -> Option<Summary> {
        if values.is_empty() {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        let quartiles = [0.25, 0.5, 0.75].map(|p| quantile(values, p));
        let sharing = quartiles.map(|q| Some(values.iter().filter(|v| **v == q).count() as u64).filter(|n| *n > 0));
        Some(Summary { n: values.len() as u64, mean, sd: (squares / (n - 1.0)).sqrt(), quartiles, sharing })
    }
}

/// Quantile of sorted numbers, R's type 7.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (place - low as f64) * (sorted[high] - sorted[low])
}

/// Standardised difference of two sets of numbers; `None` without spread.
fn difference_of_numbers(a: &Summary, b: &Summary) -> Option<f64> {
    difference_of_means((a.mean, a.sd), (b.mean, b.sd))
}

/// Standardised difference of two sets of numbers, each by its mean and standard deviation; `None` without spread.
pub fn difference_of_means((m1, s1): (f64, f64), (m2, s2): (f64, f64)) -> Option<f64> {
    let found = (m1 - m2).abs() / ((s1 * s1 + s2 * s2) / 2.0).sqrt();
    found.is_finite().then_some(found)
}

/// Standardised difference of two distributions over the same levels, by their persons; `None` where S has no inverse.
pub fn difference_of_shares(a: &[u64], b: &[u64]) -> Option<f64> {
    let (total_a, total_b) = (a.iter().sum::<u64>() as f64, b.iter().sum::<u64>() as f64);
    if total_a == 0.0 || total_b == 0.0 {
        return None;
    }
    let present: Vec<usize> = (0..a.len()).filter(|k| a[*k] + b[*k] > 0).collect();
    let Some((_, kept)) = present.split_last().filter(|(_, kept)| !kept.is_empty()) else { return Some(0.0) };
    let share =
        |counts: &[u64], total: f64| DVector::from_iterator(kept.len(), kept.iter().map(|k| counts[*k] as f64 / total));
    let (p, q) = (share(a, total_a), share(b, total_b));
    let spread = |p: &DVector<f64>| DMatrix::from_diagonal(p) - p * p.transpose();
    let difference = &p - &q;
    if difference.amax() == 0.0 {
        return Some(0.0);
    }
    let factor = ((spread(&p) + spread(&q)) / 2.0).cholesky()?;
    // A pivot that is rounding error of its diagonal stands for a singular matrix.
    let smallest = factor.l_dirty().diagonal().iter().fold(f64::INFINITY, |least, d| least.min(*d));
    (smallest > 1e-7).then(|| difference.dot(&factor.solve(&difference)).sqrt()).filter(|d| d.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: Option<f64>, b: f64) {
        assert!(a.is_some_and(|a| (a - b).abs() < 1e-12), "{a:?} {b}");
    }

    /// 30 of 100 against 45 of 100: (0.45 − 0.30) / √((0.3·0.7 + 0.45·0.55) / 2).
    #[test]
    fn two_levels_differ_as_shares() {
        near(difference_of_shares(&[30, 70], &[45, 55]), 0.15 / ((0.21f64 + 0.2475) / 2.0).sqrt());
        near(difference_of_shares(&[30, 70], &[3, 7]), 0.0);
        near(difference_of_shares(&[30, 0, 70], &[45, 0, 55]), 0.15 / ((0.21f64 + 0.2475) / 2.0).sqrt());
        assert_eq!(difference_of_shares(&[30, 0], &[0, 55]), None);
    }

    /// Which level is dropped does not matter, and S⁻¹ by hand for three levels.
    #[test]
    fn several_levels_use_their_covariance() {
        let (a, b) = ([20u64, 30, 50], [40u64, 35, 25]);
        let turned = difference_of_shares(&[50, 20, 30], &[25, 40, 35]);
        // S = ½(diag p − ppᵀ + diag q − qqᵀ) over the first two levels.
        let (p, q) = ([0.2f64, 0.3], [0.4f64, 0.35]);
        let s = |i: usize, j: usize| {
            let one = |p: [f64; 2]| if i == j { p[i] * (1.0 - p[i]) } else { -p[i] * p[j] };
            (one(p) + one(q)) / 2.0
        };
        let d = [p[0] - q[0], p[1] - q[1]];
        let det = s(0, 0) * s(1, 1) - s(0, 1) * s(0, 1);
        let square = (d[0] * d[0] * s(1, 1) - 2.0 * d[0] * d[1] * s(0, 1) + d[1] * d[1] * s(0, 0)) / det;
        near(difference_of_shares(&a, &b), square.sqrt());
        near(turned, square.sqrt());
    }

    /// 1, 2, 3, 4, 10: R's quantile() gives 2, 3, 4; mean 4, sd √12.5.
    #[test]
    fn numbers_are_summed_up_as_in_r() {
        let found = summary([10.0, 2.0, f64::NAN, 3.0, 1.0, 4.0].into_iter()).unwrap();
        assert_eq!((found.n, found.mean, found.quartiles), (5, 4.0, [2.0, 3.0, 4.0]));
        near(Some(found.sd), 12.5f64.sqrt());
        near(Some(quantile(&[1.0, 2.0, 3.0, 4.0], 0.25)), 1.75);
    }
}
