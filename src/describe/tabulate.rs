//! Counting persons, records, events and person-time, in all and by the levels of one or more columns.

use crate::design::{self, DesignError, DesignOptions, LevelInfo, MissingCount, Records};
use crate::formula::Response;
use crate::table::Table;

/// What is to be counted.
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    /// Times and event; `None` takes the columns `entry`, `exit` and `event` of a study.
    pub response: Option<&'a Response>,
    /// The rows to count, ascending; `None` takes all.
    pub rows: Option<&'a [u32]>,
    /// Column that tells persons apart; `None` counts no persons.
    pub person: Option<&'a str>,
    /// The columns whose combinations of levels form the groups.
    pub by: Vec<&'a str>,
    /// Levels and references declared for these columns.
    pub options: DesignOptions,
    /// Whether rows with a missing value in `by` form groups of their own; otherwise they are left out, of the total too.
    pub missing_groups: bool,
}

/// Numbers of one group.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counts {
    /// Distinct persons with person-time in the group; `None` when persons are not told apart.
    pub persons: Option<u64>,
    /// Person-time records.
    pub records: u64,
    /// Records that end in an event.
    pub events: u64,
    /// Sum of exit − entry, in the unit of the times.
    pub person_time: f64,
}

/// A combination of levels.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The level of each column; `None` is missing.
    pub levels: Vec<Option<LevelInfo>>,
    /// Its numbers.
    pub counts: Counts,
}

/// Counts in all and by group.
#[derive(Debug, Clone, PartialEq)]
pub struct Tabulation {
    /// All rows counted.
    pub total: Counts,
    /// Every combination of levels, the first column slowest, levels in order and missing last; also empty ones.
    pub groups: Vec<Group>,
    /// Rows left out: without time or event, intervals that do not end after their beginning, and missing levels
    /// unless they are groups.
    pub n_left_out: usize,
    /// Why they were left out, by variable.
    pub missing: Vec<MissingCount>,
}

/// Counts as `request` says. Errors: unknown columns, faults of times and event.
pub fn tabulate(table: &Table, request: &Request<'_>) -> Result<Tabulation, DesignError> {
    let factors: Result<Vec<_>, DesignError> =
        request.by.iter().map(|column| design::factor_column(table, column, &request.options)).collect();
    let factors = factors?;
    let mut records = design::records(table, request.response)?;
    for factor in factors.iter().filter(|_| !request.missing_groups) {
        records.leave_out(&factor.column, |row| factor.codes[row] == u32::MAX);
    }
    let chosen: Vec<u32> = match request.rows {
        None => (0..table.n_rows() as u32).filter(|r| records.is_used(*r as usize)).collect(),
        Some(rows) => rows.iter().copied().filter(|r| records.is_used(*r as usize)).collect(),
    };
    let considered = request.rows.map_or(table.n_rows(), <[u32]>::len);
    let persons = request.person.map(|column| design::group_numbers(table, column)).transpose()?;

    let sizes: Vec<usize> = factors.iter().map(|f| f.levels.len() + usize::from(request.missing_groups)).collect();
    let group_of = |row: u32| -> usize {
        factors.iter().zip(&sizes).fold(0, |group, (factor, size)| {
            let code = factor.codes[row as usize];
            group * size + if code == u32::MAX { size - 1 } else { code as usize }
        })
    };
    let n_groups: usize = sizes.iter().product();
    let groups = count(&records, &chosen, persons.as_deref(), n_groups, group_of);
    let total = count(&records, &chosen, persons.as_deref(), 1, |_| 0).pop().unwrap_or_default();
    let levels_of = |mut group: usize| -> Vec<Option<LevelInfo>> {
        let mut levels = Vec::new();
        for (factor, size) in factors.iter().zip(&sizes).rev() {
            levels.push(factor.levels.get(group % size).cloned());
            group /= size;
        }
        levels.reverse();
        levels
    };
    Ok(Tabulation {
        total,
        groups: groups.into_iter().enumerate().map(|(g, counts)| Group { levels: levels_of(g), counts }).collect(),
        n_left_out: considered - chosen.len(),
        missing: records.missing(),
    })
}

/// The counts of every group.
fn count(
    records: &Records<'_>,
    rows: &[u32],
    persons: Option<&[u32]>,
    n_groups: usize,
    group_of: impl Fn(u32) -> usize + Copy,
) -> Vec<Counts> {
    let mut out = vec![Counts::default(); n_groups];
    let mut whole_time = vec![0i64; n_groups];
    let mut durations: Vec<(usize, f64)> = Vec::new();
    for &row in rows {
        let group = group_of(row);
        let counts = &mut out[group];
        counts.records += 1;
        counts.events += u64::from(records.is_event(row as usize));
        match records.whole_duration(row as usize) {
            // Whole days add up exactly, in whatever order.
            Some(days) => whole_time[group] += days,
            None => durations.push((group, records.duration(row as usize))),
        }
    }
    // Fractions are added in ascending order for the same reason.
    durations.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    durations.into_iter().for_each(|(group, duration)| out[group].person_time += duration);
    for (counts, days) in out.iter_mut().zip(whole_time) {
        counts.person_time += days as f64;
    }
    if let Some(persons) = persons {
        let counted = count_persons(rows, persons, n_groups, group_of);
        out.iter_mut().zip(counted).for_each(|(counts, n)| counts.persons = Some(n));
    }
    out
}

/// Distinct persons of every group.
fn count_persons(rows: &[u32], persons: &[u32], n_groups: usize, group_of: impl Fn(u32) -> usize) -> Vec<u64> {
    let mut out = vec![0; n_groups];
    let known = || rows.iter().filter(|r| persons[**r as usize] != u32::MAX);
    if known().is_sorted_by_key(|r| persons[*r as usize]) {
        // The records of a person stand together: a group meets each of its persons in one run.
        let mut last = vec![u32::MAX; n_groups];
        for row in known() {
            let (group, person) = (group_of(*row), persons[*row as usize]);
            out[group] += u64::from(last[group] != person);
            last[group] = person;
        }
        return out;
    }
    let mut pairs: Vec<(usize, u32)> = known().map(|r| (group_of(*r), persons[*r as usize])).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs.into_iter().for_each(|(group, _)| out[group] += 1);
    out
}
