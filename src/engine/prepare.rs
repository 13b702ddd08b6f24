//! What does not depend on the coefficients, found once: event times, patterns, identical records, scaling ([`Prepared`]).

use super::bins::{Bins, NearTies};
use super::blocks::Slots;
use super::classes::ClassRule;
use super::data::{Block, Design, SurvivalData};
use super::error::FitError;
use super::estimated_weights::EstimatedWeights;
use super::fine_gray::Competing;
use super::records::Records;
use super::scaling::Scaling;
use super::sweep::{Limits, Sweep};
use super::time_dependence::{TimeDependence, TimeFunction};

/// Everything that does not depend on β: bins, patterns, identical records, scaling. Serves any number of fits.
#[derive(Debug)]
pub struct Prepared {
    pub(super) sweep: Sweep,
    pub(super) scaling: Scaling,
    pub(super) without_events: (usize, usize),
    pub(super) n_records: usize,
    pub(super) n_events: usize,
    pub(super) estimated: Option<EstimatedWeights>,
}

/// What is known when records and patterns are sought: the numbers are those to be reported.
struct Building {
    near_ties: NearTies,
    keep_rows: bool,
    n_records: usize,
    n_events: usize,
}

impl Prepared {
    /// Checks the arrays and finds event times, patterns and identical records. Errors: every [`FitError`] but
    /// [`FitError::InitialCoefficients`].
    pub fn new(data: &SurvivalData, design: &Design, near_ties: NearTies) -> Result<Prepared, FitError> {
        Prepared::with_time(data, design, &TimeDependence::default(), near_ties)
    }

    /// The same with time-varying columns. Errors: also those of [`TimeDependence::check`].
    pub fn with_time(
        data: &SurvivalData,
        design: &Design,
        time: &TimeDependence,
        near_ties: NearTies,
    ) -> Result<Prepared, FitError> {
        Prepared::build_plain(data, design, time, near_ties, false)
    }

    /// As [`Prepared::with_time`], and keeps which distinct record every row became, which residuals in the order of the
    /// rows and resamples of persons need: four bytes a row.
    pub fn with_rows(
        data: &SurvivalData,
        design: &Design,
        time: &TimeDependence,
        near_ties: NearTies,
    ) -> Result<Prepared, FitError> {
        Prepared::build_plain(data, design, time, near_ties, true)
    }

    fn build_plain(
        data: &SurvivalData,
        design: &Design,
        time: &TimeDependence,
        near_ties: NearTies,
        keep_rows: bool,
    ) -> Result<Prepared, FitError> {
        let (n_records, n_events) = (data.n_records(), Prepared::check(data, design, time)?);
        let rule = ClassRule { time, tail: None };
        let options = Building { near_ties, keep_rows, n_records, n_events };
        Prepared::build(data, design, &rule, options, |_| Vec::new())
    }

    /// Checks the arrays and counts the events.
    fn check(data: &SurvivalData, design: &Design, time: &TimeDependence) -> Result<usize, FitError> {
        let n_records = data.n_records();
        match n_records {
            0 => return Err(FitError::NoRecords),
            1 => return Err(FitError::OneRecord),
            _ => data.check()?,
        }
        if data.cluster.as_ref().is_some_and(|c| c.iter().all(|x| *x == c[0])) {
            return Err(FitError::OneCluster);
        }
        let further: Vec<&Block> = time.varying.iter().map(|v| &v.block).collect();
        design.check_with(n_records, &further)?;
        time.check(design)?;
        let n_events = data.event.iter().filter(|&&e| e).count();
        if n_events == 0 {
            return Err(FitError::NoEvents { n_records, n_columns: design.n_columns });
        }
        Ok(n_events)
    }

    /// A Fine-Gray model: records with a competing event stay in the risk set with a weight ([`Competing`]). Its robust
    /// covariance takes a record and its continuation for one cluster. Errors: also those of [`Competing`].
    pub fn fine_gray(
        data: &SurvivalData,
        design: &Design,
        time: &TimeDependence,
        competing: &Competing,
        near_ties: NearTies,
    ) -> Result<Prepared, FitError> {
        let n_events = Prepared::check(data, design, time)?;
        competing.check(data)?;
        let augmented = competing.augment(data, design, near_ties)?;
        let rule = ClassRule { time, tail: Some(augmented.tail) };
        let (grid, groups) = (&augmented.grid, &augmented.groups);
        let observed = |times: &[f64]| groups.iter().map(|g| g.before_times(grid, times)).collect();
        // Near-ties were made equal on the grid.
        let (near_ties, keep_rows) = (NearTies::Keep, competing.estimated_weights);
        let options = Building { near_ties, keep_rows, n_records: data.n_records(), n_events };
        let mut prepared = Prepared::build(&augmented.data, &augmented.design, &rule, options, observed)?;
        if competing.estimated_weights {
            prepared.estimated = Some(EstimatedWeights::new(augmented, competing.ties, &mut prepared.sweep.records));
        }
        Ok(prepared)
    }

    /// Finds event times, patterns and identical records of checked data; `tails` gives Ω of every group after competing
    /// events at the times of slots.
    fn build(
        data: &SurvivalData,
        design: &Design,
        rule: &ClassRule,
        options: Building,
        tails: impl Fn(&[f64]) -> Vec<Vec<f64>>,
    ) -> Result<Prepared, FitError> {
        let (time, Building { near_ties, keep_rows, n_records, n_events }) = (rule.time, options);
        let bins = Bins::new(data, near_ties)?;
        let (mut patterns, records, mut classes) = Records::new(data, design, &bins, rule, keep_rows);
        let slots = Slots::new(&records, &bins);
        let (mut weight, mut count) = (vec![0.0; patterns.n], vec![0.0; patterns.n]);
        for (record, &pattern) in records.pattern.iter().enumerate() {
            weight[pattern as usize] += records.weight(record);
            count[pattern as usize] += f64::from(records.count[record]);
        }
        // Who has had a competing event is a record already.
        for class in classes.list.iter().filter(|c| c.tail.is_some()) {
            weight[class.patterns.clone()].fill(0.0);
            count[class.patterns.clone()].fill(0.0);
        }
        let mut scaling = Scaling::new(&patterns, &weight, &count, data.entry.is_some());
        patterns.rescale(&scaling.shift, &scaling.scale);
        let at_slot = |g: &TimeFunction| slots.time.iter().map(|t| if t.is_nan() { 0.0 } else { g.at(*t) }).collect();
        classes.functions = time.functions.iter().map(at_slot).collect();
        classes.tails = tails(&slots.time);
        let scales = classes.rescale(&weight, &slots.event_weight);
        classes.columns.iter().zip(scales).for_each(|(column, s)| scaling.scale[column.design] = s);
        let sweep = Sweep::new(patterns, records, slots, classes, Limits::default());
        Ok(Prepared { sweep, scaling, without_events: bins.without_events, n_records, n_events, estimated: None })
    }

    /// p, the number of columns.
    pub fn n_columns(&self) -> usize {
        self.sweep.patterns.n_columns
    }

    /// The distinct record of every row of the data; empty unless made by [`Prepared::with_rows`].
    pub fn record_of_row(&self) -> &[u32] {
        &self.sweep.records.of_row
    }

    /// The number of a distinct record's design row.
    pub fn pattern_of_record(&self, record: usize) -> u32 {
        self.sweep.records.pattern[record]
    }

    /// What a pass needs.
    pub(super) fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// s of each column: the sweep has x as (x − c) s.
    pub(super) fn scale(&self) -> &[f64] {
        &self.scaling.scale
    }

    /// The same model on a resample in which every distinct record counts `count` times: what does not depend on the
    /// counts is shared. Columns keep their scaling. Fine and Gray's model has other weights then:
    /// [`super::CompetingRecords::resampled`].
    pub fn resampled(&self, count: &[u32]) -> Prepared {
        let sweep = self.sweep.resampled(count);
        Prepared {
            n_events: sweep.slots.n_events.iter().map(|&n| n as usize).sum(),
            n_records: sweep.records.count.iter().map(|&n| n as usize).sum(),
            sweep,
            scaling: self.scaling.clone(),
            without_events: self.without_events,
            estimated: None,
        }
    }

    /// Number of records.
    pub fn n_records(&self) -> usize {
        self.n_records
    }

    /// Whether risk scores change along the time axis in another way than by leaving the risk set: with time-varying
    /// columns, or after competing events. Concordance, proportionality tests and curves are those of plain models.
    pub fn has_time_dependence(&self) -> bool {
        !self.sweep.classes.is_empty()
    }

    /// Number of distinct design rows.
    pub fn n_patterns(&self) -> usize {
        self.sweep.patterns.n
    }

    /// Number of distinct records.
    pub fn n_distinct_records(&self) -> usize {
        self.sweep.records.n()
    }
}
