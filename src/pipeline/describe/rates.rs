//! Rates of groups: crude, standardised to a common population, and against reference rates.

use super::error::DescribeError;
use super::group;
use super::settings::{DescribeSettings, RateSettings, Standard};
use super::strata::StrataValues;
use crate::describe::{
    Bands, PersonTime, observed_expected, person_time, rate, rate_ratio, standardised_rate, standardised_ratio,
};
use crate::design::{DesignError, FactorColumn, Sample, factor_column};
use crate::error::{Error, Result};
use crate::report::{Description, GroupRate, ObservedExpected, StandardisedRate, finite};
use crate::table::Table;
use std::collections::BTreeMap;

/// Most strata times groups that rates are counted in.
const MOST_CELLS: usize = 5_000_000;

/// Fills the rates that are asked for.
pub(super) fn fill(
    description: &mut Description,
    settings: &DescribeSettings,
    sample: &Sample,
    table: &Table,
) -> Result<()> {
    let Some(rates) = &settings.rates else { return Ok(()) };
    description.rate_per = Some(rates.per);
    description.time_scale = Some(rates.scale);
    let codes: Vec<u32> = (0..sample.rows.len()).map(|i| group(sample, i) as u32).collect();
    let crude = person_time(&sample.data, &codes, sample.groups.len(), None);
    let cells: Vec<PersonTime> = crude.cells.iter().map(|c| scaled(&c[0], rates.scale)).collect();
    crude_rates(description, &cells, rates, settings.level);
    if !rates.standardise.is_empty() {
        let strata = Strata::count(sample, table, settings, rates, &rates.standardise)?;
        standardise(description, &strata, &over(table, &strata.columns), rates, settings.level)?;
    }
    if let Some((reference, per)) = &rates.reference {
        let strata = Strata::count(sample, table, settings, rates, &reference.columns)?;
        compare(description, &strata, reference, *per, settings.level)?;
    }
    Ok(())
}

/// Person-time in the unit of the rates.
fn scaled(cell: &PersonTime, scale: f64) -> PersonTime {
    PersonTime { person_time: cell.person_time / scale, ..*cell }
}

fn crude_rates(description: &mut Description, cells: &[PersonTime], settings: &RateSettings, level: f64) {
    for (g, (group, cell)) in description.groups.iter_mut().zip(cells).enumerate() {
        let own = rate(cell.events, cell.person_time, settings.per, level);
        let ratio = (g > 0).then(|| {
            let first = &cells[0];
            rate_ratio([cell.events, first.events], [cell.person_time, first.person_time], level)
        });
        let of_ratio = |value: fn(&crate::describe::RateRatio) -> f64| ratio.as_ref().and_then(|r| finite(value(r)));
        group.rate = Some(GroupRate {
            person_time: finite(cell.person_time),
            rate: finite(own.rate),
            lower: finite(own.exact.0),
            upper: finite(own.exact.1),
            ratio: of_ratio(|r| r.ratio),
            ratio_lower: of_ratio(|r| r.exact.0),
            ratio_upper: of_ratio(|r| r.exact.1),
            p: of_ratio(|r| r.exact_p),
        });
    }
}

/// Events and person-time of every group in every stratum.
struct Strata {
    columns: Vec<String>,
    /// The levels of each stratum.
    keys: Vec<Vec<String>>,
    /// By group, then by stratum; person-time in the unit of the rates.
    cells: Vec<Vec<PersonTime>>,
}

impl Strata {
    fn count(
        sample: &Sample,
        table: &Table,
        settings: &DescribeSettings,
        rates: &RateSettings,
        columns: &[String],
    ) -> Result<Strata> {
        let bands = rates.bands.as_ref().filter(|(name, _)| columns.contains(name));
        let options = settings.design_options();
        let factors: Vec<FactorColumn> = columns
            .iter()
            .filter(|name| bands.is_none_or(|(of_bands, _)| of_bands != *name))
            .map(|name| factor_column(table, name, &options))
            .collect::<std::result::Result<_, DesignError>>()
            .map_err(|error| Error::Design { origin: "strata of rates".to_owned(), error })?;
        let sizes: Vec<usize> = factors.iter().map(|f| f.levels.len()).collect();
        let n_combinations: usize = sizes.iter().product();
        let n_bands = bands.map_or(1, |(_, breaks)| breaks.len() - 1);
        if n_combinations.saturating_mul(n_bands).saturating_mul(sample.groups.len()) > MOST_CELLS {
            return Err(DescribeError::TooManyStrata { strata: n_combinations.saturating_mul(n_bands) }.into());
        }
        let starts = bands.map(|(name, _)| starts(table, sample, name, rates.scale)).transpose()?;
        let code = |i: usize| code(sample, &factors, i, n_combinations, starts.as_deref());
        let codes: Vec<u32> = (0..sample.rows.len()).map(code).collect();
        // Breaks are in the unit of the rates, records in that of the times.
        let breaks: Option<Vec<f64>> = bands.map(|(_, b)| b.iter().map(|x| x * rates.scale).collect());
        let running = starts.as_deref().zip(breaks.as_deref()).map(|(at_entry, breaks)| Bands { at_entry, breaks });
        let found = person_time(&sample.data, &codes, n_combinations * sample.groups.len(), running.as_ref());
        if found.outside.person_time > 0.0 {
            return Err(DescribeError::OutsideBands {
                column: bands.map(|(name, _)| name.clone()).unwrap_or_default(),
                records: found.outside.records,
            }
            .into());
        }
        let left_out = codes.iter().filter(|c| **c == u32::MAX).count();
        if left_out > 0 {
            return Err(DescribeError::NoStratum { columns: columns.to_vec(), records: left_out }.into());
        }
        let flat = |g: usize| {
            let of_group = &found.cells[g * n_combinations..(g + 1) * n_combinations];
            of_group.iter().flatten().map(|c| scaled(c, rates.scale)).collect()
        };
        Ok(Strata {
            columns: columns.to_vec(),
            keys: keys(columns, &factors, n_combinations, bands),
            cells: (0..sample.groups.len()).map(flat).collect(),
        })
    }

    /// Events and person-time of all groups together, by stratum.
    fn total(&self, s: usize) -> PersonTime {
        let add = |a: PersonTime, b: &PersonTime| PersonTime {
            records: a.records + b.records,
            events: a.events + b.events,
            person_time: a.person_time + b.person_time,
        };
        self.cells.iter().map(|group| &group[s]).fold(PersonTime::default(), add)
    }

    /// The number of every stratum that has person-time. Errors: `OtherColumns`, `Uncovered`.
    fn numbers(&self, values: &StrataValues) -> Result<Vec<f64>> {
        let known = values.in_order(&self.columns)?;
        let is_observed = |s: usize| self.total(s).person_time > 0.0;
        let missing: Vec<usize> =
            (0..self.keys.len()).filter(|s| is_observed(*s) && !known.contains_key(&self.keys[*s])).collect();
        if missing.is_empty() {
            return Ok(self.keys.iter().map(|key| known.get(key).copied().unwrap_or(0.0)).collect());
        }
        Err(DescribeError::Uncovered {
            file: values.file.clone(),
            value: values.value,
            strata: missing.len(),
            of: (0..self.keys.len()).filter(|s| is_observed(*s)).count(),
            records: missing.iter().map(|s| self.total(*s).records).sum(),
            unknown: self.unknown_levels(&missing, &known),
        }
        .into())
    }

    /// Columns with levels that a file never has, and how many.
    fn unknown_levels(&self, missing: &[usize], known: &BTreeMap<Vec<String>, f64>) -> Vec<(String, usize)> {
        let of_column = |(c, name): (usize, &String)| {
            let never = |level: &&String| known.keys().all(|key| key[c] != **level);
            let mut levels: Vec<&String> = missing.iter().map(|s| &self.keys[*s][c]).filter(never).collect();
            levels.sort_unstable();
            levels.dedup();
            (name.clone(), levels.len())
        };
        self.columns.iter().enumerate().map(of_column).filter(|(_, n)| *n > 0).collect()
    }
}

/// The running scale at every record's entry, in the unit of the times.
fn starts(table: &Table, sample: &Sample, column: &str, scale: f64) -> Result<Vec<f64>> {
    let column = table.column(column).ok_or_else(|| Error::Design {
        origin: "--bands".to_owned(),
        error: DesignError::UnknownColumn { role: "bands", column: column.to_owned(), meant: None },
    })?;
    if let crate::table::ColumnData::Factor(_) = column.data {
        return Err(DescribeError::BandsAreText { column: column.name.clone() }.into());
    }
    let value = |row: &u32| column.data.number(*row as usize).map_or(f64::NAN, |x| x * scale);
    Ok(sample.rows.iter().map(value).collect())
}

/// Group and combination of levels of a record as one number; `u32::MAX` where one is missing.
fn code(
    sample: &Sample,
    factors: &[FactorColumn],
    record: usize,
    n_combinations: usize,
    starts: Option<&[f64]>,
) -> u32 {
    let row = sample.rows[record] as usize;
    if starts.is_some_and(|s| s[record].is_nan()) || factors.iter().any(|f| f.codes[row] == u32::MAX) {
        return u32::MAX;
    }
    let of_levels = factors.iter().fold(0, |code, f| code * f.levels.len() + f.codes[row] as usize);
    (group(sample, record) * n_combinations + of_levels) as u32
}

/// The levels of every stratum, in the order of `columns`; a band goes by its lower break.
fn keys(
    columns: &[String],
    factors: &[FactorColumn],
    n_combinations: usize,
    bands: Option<&(String, Vec<f64>)>,
) -> Vec<Vec<String>> {
    let of_bands: Vec<String> = match bands {
        Some((_, breaks)) => breaks[..breaks.len() - 1].iter().map(f64::to_string).collect(),
        None => vec![String::new()],
    };
    let one = |mut combination: usize, band: &String| {
        let mut levels = BTreeMap::new();
        for factor in factors.iter().rev() {
            levels.insert(factor.column.as_str(), &factor.levels[combination % factor.levels.len()].name);
            combination /= factor.levels.len();
        }
        columns.iter().map(|c| levels.get(c.as_str()).map_or_else(|| band.clone(), |l| (*l).clone())).collect()
    };
    (0..n_combinations).flat_map(|c| of_bands.iter().map(move |band| (c, band))).map(|(c, band)| one(c, band)).collect()
}

/// What tables call the columns that are standardised over.
fn over(table: &Table, columns: &[String]) -> String {
    let label = |name: &String| table.column(name).map(|c| c.label.clone()).filter(|label| !label.is_empty());
    columns.iter().map(|name| label(name).unwrap_or_else(|| name.clone())).collect::<Vec<_>>().join(", ")
}

fn standardise(
    description: &mut Description,
    strata: &Strata,
    over: &str,
    settings: &RateSettings,
    level: f64,
) -> Result<()> {
    let weights: Vec<f64> = match &settings.standard {
        Standard::All => (0..strata.keys.len()).map(|s| strata.total(s).person_time).collect(),
        Standard::Group(name) => {
            let is_meant = |g: &crate::report::GroupDescription| g.name == *name || g.levels.join(", ") == *name;
            let Some(at) = description.groups.iter().position(is_meant) else {
                let groups = description.groups.iter().map(|g| g.levels.join(", ")).collect();
                return Err(DescribeError::NoSuchGroup { group: name.clone(), groups }.into());
            };
            strata.cells[at].iter().map(|c| c.person_time).collect()
        }
        Standard::File(values) => strata.numbers(values)?,
    };
    description.standard = Some(match &settings.standard {
        Standard::All => format!("{over}; standard: the person-time of all groups"),
        Standard::Group(name) => format!("{over}; standard: the person-time of {name}"),
        Standard::File(values) => format!("{over}; standard: the weights of {}", values.file),
    });
    let found: Vec<_> =
        strata.cells.iter().map(|cells| standardised_rate(cells, &weights, settings.per, level)).collect();
    for (g, (group, own)) in description.groups.iter_mut().zip(&found).enumerate() {
        let ratio = (g > 0).then(|| standardised_ratio(own, &found[0], level));
        group.standardised = Some(StandardisedRate {
            rate: finite(own.rate),
            se: finite(own.se),
            lower: finite(own.limits.0),
            upper: finite(own.limits.1),
            n_empty_strata: own.n_empty,
            ratio: ratio.and_then(|r| finite(r.0)),
            ratio_lower: ratio.and_then(|r| finite(r.1)),
            ratio_upper: ratio.and_then(|r| finite(r.2)),
        });
    }
    Ok(())
}

fn compare(
    description: &mut Description,
    strata: &Strata,
    reference: &StrataValues,
    per: f64,
    level: f64,
) -> Result<()> {
    let rates = strata.numbers(reference)?;
    description.reference_rates = Some(reference.file.clone());
    for (group, cells) in description.groups.iter_mut().zip(&strata.cells) {
        let observed = cells.iter().map(|c| c.events).sum();
        let expected = cells.iter().zip(&rates).map(|(c, rate)| c.person_time * rate / per).sum();
        let found = observed_expected(observed, expected, level);
        group.observed_expected = Some(ObservedExpected {
            observed: Some(observed),
            expected: finite(expected),
            ratio: finite(found.ratio),
            lower: finite(found.limits.0),
            upper: finite(found.limits.1),
            p: finite(found.p),
        });
    }
    Ok(())
}
