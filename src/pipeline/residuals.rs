//! Residuals of a fitted model in the order of its rows, in pieces; of rows × columns no more than [`MOST_HELD`] numbers are held.

use super::model::Fitted;
use super::outputs::Outputs;
use super::pieces::filled_columns;
use super::settings::{BiasCorrection, ModelSettings};
use crate::design::{DesignError, group_numbers};
use crate::engine::Ties;
use crate::engine::{RecordPlace, ResidualSum, Residuals, deviance};
use crate::error::{Error, Result};
use crate::report::{ModelResult, Warning};
use crate::table::Table;
use rayon::prelude::*;
use std::ops::Range;

/// A kind of residual; formulas are those of [`crate::engine::Residuals`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResidualKind {
    /// Observed minus expected events.
    Martingale,
    /// Martingale residuals made symmetric.
    Deviance,
    /// Share in the score, one column per coefficient.
    Score,
    /// Change of each coefficient when the record is left out, to first order.
    Dfbeta,
    /// The same in standard errors.
    Dfbetas,
    /// Covariates minus their mean over the risk set, one row per event.
    Schoenfeld,
    /// The same scaled so that their smooth over time is the coefficient as it changes.
    ScaledSchoenfeld,
}

impl ResidualKind {
    /// All kinds with R's names, in the order of columns in files.
    pub const NAMED: [(&'static str, ResidualKind); 7] = [
        ("martingale", ResidualKind::Martingale),
        ("deviance", ResidualKind::Deviance),
        ("score", ResidualKind::Score),
        ("dfbeta", ResidualKind::Dfbeta),
        ("dfbetas", ResidualKind::Dfbetas),
        ("schoenfeld", ResidualKind::Schoenfeld),
        ("scaledsch", ResidualKind::ScaledSchoenfeld),
    ];

    /// R's name.
    pub fn name(self) -> &'static str {
        ResidualKind::NAMED.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Whether there is a row per event rather than per record.
    pub fn is_per_event(self) -> bool {
        matches!(self, ResidualKind::Schoenfeld | ResidualKind::ScaledSchoenfeld)
    }

    /// Whether there is a single column.
    fn is_single(self) -> bool {
        matches!(self, ResidualKind::Martingale | ResidualKind::Deviance)
    }
}

/// Which residuals are asked for; none by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResidualSettings {
    /// The kinds.
    pub kinds: Vec<ResidualKind>,
    /// Column whose values are summed over (R's `collapse`): one row per value, at the place of its first record. Residuals
    /// per event are not summed.
    pub by: Option<String>,
    /// Whether every kind is multiplied by the case weight (R's `weighted = TRUE`); dfbeta and dfbetas always are.
    pub weighted: bool,
}

impl ResidualSettings {
    fn kinds(&self, per_event: bool) -> Vec<ResidualKind> {
        let in_order = ResidualKind::NAMED.iter().map(|(_, kind)| *kind);
        in_order.filter(|k| self.kinds.contains(k) && k.is_per_event() == per_event).collect()
    }
}

/// Residuals of one model, ready to be taken out in pieces.
pub struct ModelResiduals<'a> {
    residuals: Residuals<'a>,
    fitted: &'a Fitted,
    per_record: Vec<ResidualKind>,
    per_event: Vec<ResidualKind>,
    weighted: bool,
    groups: Option<Groups>,
    /// Row of the file of every row of the table; themselves where absent.
    file_rows: Option<&'a [u32]>,
    /// Events as places among the rows used, by stratum and time, equal ones in the order of the rows.
    events: Vec<u32>,
    /// The columns per record over the distinct records, where each of these stands for several rows; empty otherwise.
    of_distinct: Vec<Vec<f64>>,
}

/// Rows used, by the group they are summed in; groups in the order of their first row.
struct Groups {
    start: Vec<u32>,
    members: Vec<u32>,
}

/// Some rows of residuals: keys, and columns of one length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResidualPiece {
    /// Row of the data file, or of the table, counted from 1: of the record, or of the first one of a group.
    pub row: Vec<u32>,
    /// Time of the event; for residuals per event only.
    pub time: Vec<f64>,
    /// Stratum, counted from 1; for residuals per event of a stratified model only.
    pub stratum: Vec<u32>,
    /// The columns named by [`ModelResiduals::columns`]; NaN where a coefficient has no variance.
    pub columns: Vec<Vec<f64>>,
}

/// Most numbers of distinct records that are held; with more, every row is worked out anew.
const MOST_HELD: usize = 1 << 24;

/// Rows that are put into their columns together: a column's share of them is a line of the cache. One row after the
/// other would touch a line per column, all of them in the same few places of the cache.
const TOGETHER: usize = 8;

impl Fitted {
    /// The residuals of a model that was fitted by [`super::fit_model`], or with residuals among its settings. `table` is
    /// that of the fit. Errors: an unknown column to sum by, and [`Error::Residuals`].
    pub fn residuals(&self, table: &Table, settings: &ModelSettings) -> Result<ModelResiduals<'_>> {
        let asked = &settings.diagnostics.residuals;
        if let Some(why) = self.why_no_residuals(settings) {
            return Err(Error::Residuals { model: settings.name.clone(), why });
        }
        let residuals = self.prepared.residuals(&self.fit, settings.ties);
        let of_row = self.prepared.record_of_row();
        assert_eq!(
            of_row.len(),
            self.built.rows.len(),
            "a fit that is asked for residuals keeps the record of each row"
        );
        let groups = asked.by.as_ref().map(|column| Groups::of(table, column, &self.built.rows)).transpose();
        let fault = |error| Error::Design { origin: "residuals".to_owned(), error };
        let per_event = asked.kinds(true);
        let found = ModelResiduals {
            fitted: self,
            per_record: asked.kinds(false),
            weighted: asked.weighted,
            groups: groups.map_err(fault)?,
            file_rows: None,
            events: if per_event.is_empty() { Vec::new() } else { self.events_in_time(of_row, &residuals) },
            per_event,
            residuals,
            of_distinct: Vec::new(),
        };
        Ok(ModelResiduals { of_distinct: found.distinct(), ..found })
    }

    /// The events among the rows used, by stratum and time, equal ones in the order of the rows.
    fn events_in_time(&self, of_row: &[u32], residuals: &Residuals<'_>) -> Vec<u32> {
        let mut events: Vec<u32> = (0..of_row.len() as u32).filter(|i| self.built.data.event[*i as usize]).collect();
        // Distinct records are sorted by stratum and time, but equal ones of a time by covariates: the slot is the key.
        events.par_sort_by_key(|i| residuals.slot(of_row[*i as usize] as usize));
        events
    }

    fn why_no_residuals(&self, settings: &ModelSettings) -> Option<&'static str> {
        let only_martingale = settings.diagnostics.residuals.kinds.iter().all(|kind| kind.is_single());
        let is_penalised = settings.bias_correction == BiasCorrection::Firth || !self.built.ridges.is_empty();
        match () {
            () if settings.is_fine_gray() => Some("there are no residuals of a Fine-Gray model"),
            () if self.prepared.has_time_dependence() => Some(
                "there are no residuals of a model with coefficients that change with time; split the records instead",
            ),
            () if is_penalised && !only_martingale => Some(
                "a penalised fit has martingale and deviance residuals only: the others start where the score is zero, and \
                 with a penalty it is not",
            ),
            () if settings.ties == Ties::Exact && !only_martingale => {
                Some("with exact ties there are martingale and deviance residuals only; use efron for the others")
            }
            () => None,
        }
    }
}

/// Hands the residuals that the settings ask for to `outputs`; of a fit that did not converge there are none.
pub(super) fn hand_over(
    result: &mut ModelResult,
    table: &Table,
    file_rows: Option<&[u32]>,
    settings: &ModelSettings,
    fitted: &Fitted,
    outputs: &mut dyn Outputs,
) -> Result<()> {
    if settings.diagnostics.residuals.kinds.is_empty() {
        return Ok(());
    }
    if !result.converged {
        let message = "residuals were not written: the fit did not converge".to_owned();
        result.warnings.push(Warning { code: "no_residuals".to_owned(), message, ..Warning::default() });
        return Ok(());
    }
    let residuals = fitted.residuals(table, settings)?;
    outputs.residuals(&settings.name, &ModelResiduals { file_rows, ..residuals })
}

impl ModelResiduals<'_> {
    /// Whether any kind per record (or per event) was asked for.
    pub fn has(&self, per_event: bool) -> bool {
        !self.kinds(per_event).is_empty()
    }

    /// Number of rows: records or groups, or events.
    pub fn n_rows(&self, per_event: bool) -> usize {
        match (per_event, &self.groups) {
            (true, _) => self.events.len(),
            (false, Some(groups)) => groups.start.len() - 1,
            (false, None) => self.fitted.built.rows.len(),
        }
    }

    /// Whether the model has strata.
    pub fn is_stratified(&self) -> bool {
        self.fitted.built.data.stratum.is_some()
    }

    /// Names of the columns: `martingale`, `score_age`.
    pub fn columns(&self, per_event: bool) -> Vec<String> {
        let names = &self.fitted.built.columns.names;
        let of_kind = |kind: &ResidualKind| -> Vec<String> {
            match kind.is_single() {
                true => vec![kind.name().to_owned()],
                false => names.iter().map(|name| format!("{}_{name}", kind.name())).collect(),
            }
        };
        self.kinds(per_event).iter().flat_map(of_kind).collect()
    }

    /// Some rows. Panics when `rows` goes beyond [`ModelResiduals::n_rows`].
    pub fn piece(&self, per_event: bool, rows: Range<usize>) -> ResidualPiece {
        let row = |i: usize| {
            let row = self.fitted.built.rows[self.first_row(per_event, i)];
            self.file_rows.map_or(row, |rows| rows[row as usize]) + 1
        };
        let record = |i: usize| self.fitted.prepared.record_of_row()[self.events[i] as usize] as usize;
        let mut piece = ResidualPiece { row: rows.clone().map(row).collect(), ..ResidualPiece::default() };
        let n_columns = self.columns(per_event).len();
        piece.columns = filled_columns(rows.clone(), n_columns, |rows, to| match per_event {
            true => self.fill_events(rows, to),
            false => self.fill_records(rows, to),
        });
        if per_event {
            piece.time = rows.clone().map(|i| self.residuals.time(record(i))).collect();
            if self.is_stratified() {
                piece.stratum = rows.map(|i| self.residuals.stratum(record(i)) as u32 + 1).collect();
            }
        }
        piece
    }

    fn kinds(&self, per_event: bool) -> &[ResidualKind] {
        if per_event { &self.per_event } else { &self.per_record }
    }

    /// Place among the rows used of the first record of a row of residuals.
    fn first_row(&self, per_event: bool, i: usize) -> usize {
        match per_event {
            true => self.events[i] as usize,
            false => self.members(i).0,
        }
    }

    /// The columns per record of every distinct record, if that is less work than those of the rows and fits in memory.
    fn distinct(&self) -> Vec<Vec<f64>> {
        let (n_distinct, width) = (self.residuals.n_records(), self.columns(false).len());
        let pays = self.groups.is_none() && 2 * n_distinct <= self.n_rows(false) && n_distinct * width <= MOST_HELD;
        if !pays {
            return Vec::new();
        }
        filled_columns(0..n_distinct, width, |records, to| {
            let places: Vec<RecordPlace> = records.clone().map(|record| self.residuals.place(record)).collect();
            self.fill(records.len(), to, |i, work, row| self.record_row(&places[i..=i], work, row));
        })
    }

    fn fill_records(&self, rows: Range<usize>, columns: &mut [&mut [f64]]) {
        if !self.of_distinct.is_empty() {
            let records = &self.fitted.prepared.record_of_row()[rows];
            for (to, column) in columns.iter_mut().zip(&self.of_distinct) {
                to.iter_mut().zip(records).for_each(|(to, record)| *to = column[*record as usize]);
            }
            return;
        }
        let places = self.places(rows.clone());
        let mut rest = &places[..];
        self.fill(rows.len(), columns, |i, work, row| {
            let (members, others) = rest.split_at(1 + self.members(rows.start + i).1.len());
            rest = others;
            self.record_row(members, work, row);
        });
    }

    fn fill_events(&self, rows: Range<usize>, columns: &mut [&mut [f64]]) {
        self.fill(rows.len(), columns, |i, work, row| self.event_row(rows.start + i, work, row));
    }

    /// Puts `n` rows, one after the other, into their places of the columns while they are at hand, for walking through
    /// finished rows in strides costs more than the residuals themselves.
    fn fill(&self, n: usize, columns: &mut [&mut [f64]], mut one: impl FnMut(usize, &mut Work, &mut [f64])) {
        let width = columns.len();
        let (mut work, mut some) = (Work::new(&self.residuals), vec![0.0; TOGETHER * width]);
        for from in (0..n).step_by(TOGETHER) {
            let some_rows = TOGETHER.min(n - from);
            some.fill(0.0);
            for (i, row) in (from..from + some_rows).zip(some.chunks_mut(width)) {
                one(i, &mut work, row);
            }
            put_rows(&some, columns, from, some_rows);
        }
    }

    /// All records of some rows of residuals per record, looked up one row after the other.
    fn places(&self, rows: Range<usize>) -> Vec<RecordPlace> {
        let of_row = self.fitted.prepared.record_of_row();
        let mut places = Vec::with_capacity(rows.len());
        for i in rows {
            let (first, others) = self.members(i);
            let members = std::iter::once(first).chain(others.iter().map(|m| *m as usize));
            places.extend(members.map(|m| self.residuals.place(of_row[m] as usize)));
        }
        places
    }

    /// Places among the rows used of the first record of a row of residuals per record, and of those summed with it.
    fn members(&self, i: usize) -> (usize, &[u32]) {
        let Some(groups) = &self.groups else { return (i, &[]) };
        let members = &groups.members[groups.start[i] as usize..groups.start[i + 1] as usize];
        (members[0] as usize, &members[1..])
    }

    fn record_row(&self, members: &[RecordPlace], work: &mut Work, to: &mut [f64]) {
        let p = self.residuals.n_columns();
        let mut place = 0;
        for kind in &self.per_record {
            let weighted = self.weighted || matches!(kind, ResidualKind::Dfbeta | ResidualKind::Dfbetas);
            let factor = |record: &RecordPlace| if weighted { record.weight() } else { 1.0 };
            if kind.is_single() {
                let martingale: f64 = members.iter().map(|r| factor(r) * self.residuals.martingale(r)).sum();
                let n_events = members.iter().filter(|r| r.is_event()).count() as f64;
                to[place] = if *kind == ResidualKind::Deviance { deviance(martingale, n_events) } else { martingale };
                place += 1;
                continue;
            }
            work.sum.clear();
            members.iter().for_each(|r| self.residuals.add_score(r, factor(r), &mut work.sum));
            let to = &mut to[place..place + p];
            place += p;
            if *kind == ResidualKind::Score {
                self.residuals.write(&work.sum, to);
                continue;
            }
            self.residuals.write(&work.sum, &mut work.row);
            self.residuals.dfbeta(&work.row, to);
            if *kind == ResidualKind::Dfbetas {
                self.residuals.dfbetas(to);
            }
        }
    }

    fn event_row(&self, i: usize, work: &mut Work, to: &mut [f64]) {
        let record = self.fitted.prepared.record_of_row()[self.events[i] as usize] as usize;
        let factor = if self.weighted { self.residuals.place(record).weight() } else { 1.0 };
        work.sum.clear();
        self.residuals.add_schoenfeld(record, factor, &mut work.sum);
        self.residuals.write(&work.sum, &mut work.row);
        for (kind, to) in self.per_event.iter().zip(to.chunks_mut(self.residuals.n_columns())) {
            match kind {
                ResidualKind::ScaledSchoenfeld => self.residuals.scaled_schoenfeld(&work.row, to),
                _ => to.copy_from_slice(&work.row),
            }
        }
    }
}

/// Puts the first `n` of [`TOGETHER`] rows into the columns, from row `place` on.
fn put_rows(rows: &[f64], columns: &mut [&mut [f64]], place: usize, n: usize) {
    let width = columns.len();
    // Slices of one known length each: no bounds are looked at for every number.
    let rows: [&[f64]; TOGETHER] = std::array::from_fn(|i| &rows[i * width..(i + 1) * width]);
    for (j, column) in columns.iter_mut().enumerate() {
        let values: [f64; TOGETHER] = std::array::from_fn(|i| rows[i][j]);
        column[place..place + n].copy_from_slice(&values[..n]);
    }
}

/// What a thread fills again and again.
struct Work {
    sum: ResidualSum,
    row: Vec<f64>,
}

impl Work {
    fn new(residuals: &Residuals<'_>) -> Work {
        Work { sum: residuals.sum(), row: vec![0.0; residuals.n_columns()] }
    }
}

impl Groups {
    /// Groups the rows used by a column; rows without a value are a group each.
    fn of(table: &Table, column: &str, rows: &[u32]) -> std::result::Result<Groups, DesignError> {
        let numbers = group_numbers(table, column)?;
        let highest = numbers.iter().filter(|n| **n != u32::MAX).max().map_or(0, |n| *n as usize + 1);
        let mut group_of = vec![u32::MAX; highest];
        let mut n_groups = 0;
        let mut next = || {
            n_groups += 1;
            n_groups - 1
        };
        let group = |row: &u32| match numbers[*row as usize] {
            u32::MAX => next(),
            number => {
                let known = &mut group_of[number as usize];
                if *known == u32::MAX {
                    *known = next();
                }
                *known
            }
        };
        let groups: Vec<u32> = rows.iter().map(group).collect();
        let mut start = vec![0u32; n_groups as usize + 1];
        groups.iter().for_each(|g| start[*g as usize + 1] += 1);
        (0..n_groups as usize).for_each(|g| start[g + 1] += start[g]);
        let mut place = start.clone();
        let mut members = vec![0; rows.len()];
        for (i, g) in groups.iter().enumerate() {
            members[place[*g as usize] as usize] = i as u32;
            place[*g as usize] += 1;
        }
        Ok(Groups { start, members })
    }
}
