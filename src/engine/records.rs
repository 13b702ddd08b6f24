//! Identical records: those with the same exit slot, event, entry slot, pattern and case weight become one with a
//! count. Nothing the partial likelihood, its variance or the concordance needs is lost by that.

use std::ops::Range;

use rayon::prelude::*;

use super::bins::Bins;
use super::classes::{ClassRule, Classes};
use super::data::{Design, SurvivalData, Variable};
use super::keys::{Distinct, Field, KeySpace, KeyTable, rank_values};
use super::pattern::{CodedVariable, Patterns};

/// The distinct records, sorted by exit slot, event (censored first), entry slot, pattern and weight.
#[derive(Debug)]
pub(super) struct Records {
    /// Pattern of every distinct record.
    pub pattern: Vec<u32>,
    /// Number of records it stands for.
    pub count: Vec<u32>,
    /// Case weight of one of them; empty when all are 1.
    pub case_weight: Vec<f64>,
    /// Exit slot.
    pub exit: Vec<u32>,
    /// Entry slot; empty for right-censored data.
    pub entry: Vec<u32>,
    /// First record of every slot, and the number of records. Slot 0 holds those never at risk.
    pub slot_start: Vec<u32>,
    /// First event of every slot.
    pub event_start: Vec<u32>,
    /// Records that enter after the first event time of their stratum, sorted by entry slot (stable).
    pub by_entry: Vec<u32>,
    /// First place in `by_entry` of every slot, and the length of `by_entry`.
    pub entry_start: Vec<u32>,
    /// The same records sorted by pattern.
    pub by_pattern: ByPattern,
    /// How records make up clusters.
    pub clusters: Clusters,
    /// The distinct record of every row of the data; empty unless asked for.
    pub of_row: Vec<u32>,
}

/// What the cumulative hazard of a pattern needs, pattern after pattern. Records never at risk are left out.
#[derive(Debug, Default)]
pub(super) struct ByPattern {
    /// First record of every pattern, and the number of records.
    pub start: Vec<u32>,
    /// Exit slot; the highest bit marks an event.
    pub exit: Vec<u32>,
    /// Entry slot; empty for right-censored data.
    pub entry: Vec<u32>,
    /// Count times case weight.
    pub weight: Vec<f64>,
}

/// The bit of [`ByPattern::exit`] that marks an event.
pub(super) const EVENT_BIT: u32 = 1 << 31;

/// Clusters of records for the robust covariance.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    /// Per distinct record, how many records are alone in their cluster; empty means all of them.
    pub alone: Vec<u32>,
    /// Distinct records of the clusters of two and more, cluster after cluster.
    pub members: Vec<u32>,
    /// First member of every such cluster, and the number of members.
    pub start: Vec<u32>,
}

impl Clusters {
    /// Number of clusters of two and more records.
    pub fn n_joint(&self) -> usize {
        self.start.len().saturating_sub(1)
    }

    /// The members of such a cluster.
    pub fn joint(&self, cluster: usize) -> &[u32] {
        &self.members[self.start[cluster] as usize..self.start[cluster + 1] as usize]
    }
}

impl Records {
    /// Finds the patterns, their classes and the identical records; keeps which one every row became when `keep_rows`.
    pub fn new(
        data: &SurvivalData,
        design: &Design,
        bins: &Bins,
        rule: &ClassRule,
        keep_rows: bool,
    ) -> (Patterns, Records, Classes) {
        let n = data.n_records();
        let ranked: Vec<Option<(Vec<f64>, Vec<u32>)>> = design
            .variables
            .iter()
            .map(|v| if let Variable::Continuous(values) = v { Some(rank_values(values)) } else { None })
            .collect();
        let offset = data.offset.as_deref().map(rank_values);
        let weight = data.weight.as_deref().map(rank_values);
        let mut fields = vec![Field::numbers(&bins.exit[..], bins.n_slots()), Field::flag(&data.event)];
        fields.extend(bins.entry.as_deref().map(|entry| Field::numbers(entry, bins.n_slots())));
        let first_variable = fields.len();
        let key_order = rule.key_order(design.variables.len());
        for &v in &key_order {
            fields.push(match (&design.variables[v], &ranked[v]) {
                (Variable::Coded { codes, n_levels }, _) => Field::coded(codes, *n_levels as usize),
                (_, Some((values, ranks))) => Field::numbers(&ranks[..], values.len()),
                (Variable::Continuous(_), None) => continue,
            });
        }
        fields.extend(offset.as_ref().map(|(values, ranks)| Field::numbers(&ranks[..], values.len())));
        let end_of_pattern = fields.len();
        fields.extend(weight.as_ref().map(|(values, ranks)| Field::numbers(&ranks[..], values.len())));
        let n_fields = fields.len();

        let space = KeySpace::new(n, fields);
        let Distinct { keys, counts } = space.distinct();
        let mut columns = space.decode_all(&keys, n_fields);
        let case_weight = weight.as_ref().map_or(Vec::new(), |(values, _)| {
            columns[end_of_pattern].iter().map(|&code| values[code as usize]).collect()
        });
        let (pattern_codes, pattern) = distinct_rows(&columns[first_variable..end_of_pattern], keys.len());
        let n_patterns = pattern_codes.n;
        let mut pattern_columns = pattern_codes.columns.into_iter();
        let mut variables: Vec<CodedVariable> = ranked
            .iter()
            .map(|ranked| CodedVariable { codes: Vec::new(), values: ranked.as_ref().map_or(&[][..], |r| &r.0) })
            .collect();
        key_order.iter().zip(&mut pattern_columns).for_each(|(&v, codes)| variables[v].codes = codes);
        let offsets = offset.as_ref().map_or(Vec::new(), |(values, _)| {
            let codes = pattern_columns.next().expect("the offset follows the variables");
            codes.iter().map(|&code| values[code as usize]).collect()
        });
        let patterns = Patterns::new(design, &variables, offsets, n_patterns);
        let mut classes = rule.classes(design, &variables, n_patterns);
        for column in &mut classes.columns {
            column.inner = patterns.inner_column(column.design);
        }

        let entry = if bins.entry.is_some() { std::mem::take(&mut columns[2]) } else { Vec::new() };
        let is_event = std::mem::take(&mut columns[1]);
        let exit = std::mem::take(&mut columns[0]);
        let mut records = Records {
            pattern,
            count: counts,
            case_weight,
            entry,
            slot_start: starts(&exit, bins.n_slots()),
            exit,
            event_start: Vec::new(),
            by_entry: Vec::new(),
            entry_start: Vec::new(),
            by_pattern: ByPattern::default(),
            clusters: Clusters::default(),
            of_row: Vec::new(),
        };
        records.event_start = (0..bins.n_slots())
            .map(|slot| {
                let (from, to) = (records.slot_start[slot] as usize, records.slot_start[slot + 1] as usize);
                (from + is_event[from..to].partition_point(|&e| e == 0)) as u32
            })
            .collect();
        records.index_by_entry(bins.n_slots(), |slot| bins.is_base(slot));
        records.index_by_pattern(&is_event, n_patterns);
        let of_row = || {
            let table = KeyTable::new(&keys);
            space.map_keys(|key| table.find(&keys, key))
        };
        if keep_rows {
            records.of_row = of_row();
        }
        if let Some(cluster) = &data.cluster {
            let known = || if keep_rows { records.of_row.clone() } else { of_row() };
            records.clusters = Clusters::new(cluster, known, keys.len());
        }
        (patterns, records, classes)
    }

    /// Number of clusters among `n_records` records; each is one where none were given.
    pub fn n_clusters(&self, n_records: usize) -> usize {
        let clusters = &self.clusters;
        if clusters.alone.is_empty() && clusters.n_joint() == 0 {
            return n_records;
        }
        clusters.alone.iter().map(|n| *n as usize).sum::<usize>() + clusters.n_joint()
    }

    /// The records that count at all in a resample, `count` times each; without clusters and rows.
    pub fn resampled(&self, count: &[u32], n_patterns: usize, is_base: impl Fn(usize) -> bool) -> Records {
        let kept: Vec<u32> = (0..self.n() as u32).filter(|&i| count[i as usize] > 0).collect();
        let take = |values: &[u32]| kept.iter().map(|&i| values[i as usize]).collect::<Vec<u32>>();
        let exit = take(&self.exit);
        let n_slots = self.event_start.len();
        let is_event = |i: &u32| u32::from(*i >= self.event_start[self.exit[*i as usize] as usize]);
        let is_event: Vec<u32> = kept.iter().map(is_event).collect();
        let slot_start = starts(&exit, n_slots);
        let first_event = |w: &[u32]| w[0] + is_event[w[0] as usize..w[1] as usize].partition_point(|&e| e == 0) as u32;
        let mut records = Records {
            pattern: take(&self.pattern),
            count: take(count),
            case_weight: match self.case_weight.is_empty() {
                true => Vec::new(),
                false => kept.iter().map(|&i| self.case_weight[i as usize]).collect(),
            },
            entry: if self.entry.is_empty() { Vec::new() } else { take(&self.entry) },
            event_start: slot_start.windows(2).map(first_event).collect(),
            slot_start,
            exit,
            by_entry: Vec::new(),
            entry_start: Vec::new(),
            by_pattern: ByPattern::default(),
            clusters: Clusters::default(),
            of_row: Vec::new(),
        };
        records.index_by_entry(n_slots, is_base);
        records.index_by_pattern(&is_event, n_patterns);
        records
    }

    /// Number of distinct records.
    pub fn n(&self) -> usize {
        self.pattern.len()
    }

    /// Case weight of one record.
    pub fn case_weight(&self, record: usize) -> f64 {
        self.case_weight.get(record).copied().unwrap_or(1.0)
    }

    /// Count times case weight.
    pub fn weight(&self, record: usize) -> f64 {
        f64::from(self.count[record]) * self.case_weight(record)
    }

    /// The distinct records that leave in a slot.
    pub fn in_slot(&self, slot: usize) -> Range<usize> {
        self.slot_start[slot] as usize..self.slot_start[slot + 1] as usize
    }

    /// The distinct records with an event in a slot.
    pub fn events_in_slot(&self, slot: usize) -> Range<usize> {
        self.event_start[slot] as usize..self.slot_start[slot + 1] as usize
    }

    /// Sorts records that enter after the first event time of their stratum by entry slot.
    fn index_by_entry(&mut self, n_slots: usize, is_base: impl Fn(usize) -> bool) {
        if self.entry.is_empty() {
            return;
        }
        let at_risk = self.slot_start[1] as usize..self.n();
        let late = at_risk.map(|i| (self.entry[i], i as u32)).filter(|(slot, _)| !is_base(*slot as usize));
        (self.entry_start, self.by_entry) = group(late, n_slots);
    }

    fn index_by_pattern(&mut self, is_event: &[u32], n_patterns: usize) {
        let at_risk = self.slot_start[1] as usize..self.n();
        let (start, order) = group(at_risk.map(|i| (self.pattern[i], i as u32)), n_patterns);
        let at = |values: &[u32]| order.par_iter().map(|&i| values[i as usize]).collect();
        let exit = |&i: &u32| self.exit[i as usize] | (is_event[i as usize] * EVENT_BIT);
        self.by_pattern = ByPattern {
            start,
            exit: order.par_iter().map(exit).collect(),
            entry: if self.entry.is_empty() { Vec::new() } else { at(&self.entry) },
            weight: order.par_iter().map(|&i| self.weight(i as usize)).collect(),
        };
    }
}

/// The distinct rows of some columns of codes, in lexicographic order.
struct DistinctRows {
    n: usize,
    columns: Vec<Vec<u32>>,
}

/// Finds the distinct rows of `columns` and the place of each of the `n_rows` rows among them.
fn distinct_rows(columns: &[Vec<u32>], n_rows: usize) -> (DistinctRows, Vec<u32>) {
    let fields = columns
        .iter()
        .map(|c| Field::numbers(&c[..], c.iter().max().map_or(1, |&highest| highest as usize + 1)))
        .collect();
    let space = KeySpace::new(n_rows, fields);
    let distinct = space.distinct();
    let table = KeyTable::new(&distinct.keys);
    let place = space.map_keys(|key| table.find(&distinct.keys, key));
    let rows = DistinctRows { n: distinct.keys.len(), columns: space.decode_all(&distinct.keys, columns.len()) };
    (rows, place)
}

/// First place of every group in sorted group numbers, and their number.
fn starts(sorted: &[u32], n_groups: usize) -> Vec<u32> {
    let mut start = vec![0; n_groups + 1];
    sorted.iter().for_each(|&g| start[g as usize + 1] += 1);
    (0..n_groups).for_each(|g| start[g + 1] += start[g]);
    start
}

/// Sorts (group, item) pairs by group, keeping the order within: first place of every group, and the items.
fn group(pairs: impl Iterator<Item = (u32, u32)> + Clone, n_groups: usize) -> (Vec<u32>, Vec<u32>) {
    let mut start = vec![0u32; n_groups + 1];
    pairs.clone().for_each(|(g, _)| start[g as usize + 1] += 1);
    (0..n_groups).for_each(|g| start[g + 1] += start[g]);
    let mut next = start.clone();
    let mut items = vec![0; start[n_groups] as usize];
    for (g, item) in pairs {
        items[next[g as usize] as usize] = item;
        next[g as usize] += 1;
    }
    (start, items)
}

impl Clusters {
    /// Sorts records into clusters. The order of clusters is that of their members, so it does not depend on how
    /// they were numbered. `record_of` gives the distinct record of every record; it is not called when every
    /// cluster is a single record.
    fn new(cluster: &[u32], record_of: impl FnOnce() -> Vec<u32>, n_distinct: usize) -> Clusters {
        let cluster = dense_numbers(cluster);
        let n_clusters = cluster.iter().max().map_or(0, |&c| c as usize + 1);
        let mut size = vec![0u32; n_clusters];
        cluster.iter().for_each(|&c| size[c as usize] += 1);
        if size.iter().all(|&s| s <= 1) {
            return Clusters::default();
        }
        let record_of = record_of();
        let mut alone = vec![0; n_distinct];
        for (&c, &record) in cluster.iter().zip(&record_of) {
            alone[record as usize] += u32::from(size[c as usize] == 1);
        }
        let joint = cluster.iter().zip(&record_of).filter(|(c, _)| size[**c as usize] > 1).map(|(&c, &r)| (c, r));
        let (start, mut members) = group(joint, n_clusters);
        let mut ranges: Vec<Range<usize>> = start.windows(2).map(|w| w[0] as usize..w[1] as usize).collect();
        ranges.retain(|r| !r.is_empty());
        for range in &ranges {
            members[range.clone()].sort_unstable();
        }
        ranges.sort_unstable_by(|a, b| members[a.clone()].cmp(&members[b.clone()]));
        let mut clusters = Clusters { alone, members: Vec::with_capacity(members.len()), start: vec![0] };
        for range in ranges {
            clusters.members.extend_from_slice(&members[range]);
            clusters.start.push(clusters.members.len() as u32);
        }
        clusters
    }
}

/// Cluster numbers as they are when they are nearly dense, otherwise their ranks.
fn dense_numbers(cluster: &[u32]) -> std::borrow::Cow<'_, [u32]> {
    let highest = cluster.iter().max().map_or(0, |&c| c as usize);
    if highest <= 8 * cluster.len() + 1024 {
        return cluster.into();
    }
    let mut distinct = cluster.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let rank = |c: &u32| distinct.partition_point(|d| d < c) as u32;
    cluster.iter().map(rank).collect::<Vec<_>>().into()
}
