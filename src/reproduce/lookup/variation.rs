//! Other ways to read a run, without fitting anything again.

use super::effect::{interval_of, other_references};
use super::rates::other_groups;
use crate::report::Report;
use crate::reproduce::targets::{Measure, Row, Spread, Table, TimeUnit};

/// A way to read a run otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum Variation {
    /// Another reference level.
    Reference(String),
    /// Limits at another level.
    Level(f64),
    /// Limits at equal distance on the plain scale: HR ± z se(HR).
    PlainLimits,
    /// Wald's limits and P value where the run has those of the profile likelihood.
    Wald,
    /// Limits, standard errors and P values from the model-based covariance.
    ModelBased,
    /// A number's hazard ratio per so many units.
    Units(f64),
    /// The inverse: the two sides exchanged.
    Inverse,
    /// A rate per so much person-time, of the unit of that name.
    RatePer(f64, TimeUnit),
    /// Limits of a rate, or of a ratio of rates, of another kind.
    RateLimits(Spread),
}

impl Variation {
    /// What would have to be so.
    pub fn words(&self) -> String {
        match self {
            Variation::Reference(level) => format!("with `{level}` as the reference level"),
            Variation::Level(level) => format!("with {} % limits", 100.0 * level),
            Variation::PlainLimits => {
                "with limits on the plain scale (HR ± z se) instead of the logarithmic one".to_owned()
            }
            Variation::Wald => "with Wald's limits and P value instead of those of the profile likelihood".to_owned(),
            Variation::ModelBased => "with the model-based variance instead of the robust one".to_owned(),
            Variation::Units(units) => format!("per {units} units of the variable"),
            Variation::Inverse => "as its inverse: group and reference exchanged".to_owned(),
            Variation::RatePer(per, unit) => format!("per {per} person-{}", unit.name()),
            Variation::RateLimits(Spread::Exact) => "with exact Poisson limits".to_owned(),
            Variation::RateLimits(Spread::Plain) => "with limits on the plain scale".to_owned(),
            Variation::RateLimits(_) => "with limits on the logarithmic scale".to_owned(),
        }
    }
}

/// The other ways to read the run for this row.
pub fn variations(row: &Row, table: &Table, report: &Report) -> Vec<Variation> {
    let levels = [0.90, 0.95, 0.99].into_iter().filter(|l| *l != table.level).map(Variation::Level);
    let mut ways = Vec::new();
    match row.measure {
        Measure::HazardRatio | Measure::Coefficient | Measure::StandardError | Measure::P => {
            ways.extend(other_references(&row.place, report).into_iter().map(Variation::Reference));
            ways.push(Variation::ModelBased);
            match interval_of(row, report) {
                "profile" => ways.push(Variation::Wald),
                _ => ways.extend(levels), // Profile limits of another level are fitted again.
            }
            if row.measure == Measure::HazardRatio {
                ways.push(Variation::PlainLimits);
            }
            if row.place.level.is_none() && row.place.modifier.is_none() {
                ways.extend([10.0, 5.0, 0.1, 12.0, 1.0 / 12.0, 100.0, 365.25, 1.0 / 365.25].map(Variation::Units));
            }
            ways.push(Variation::Inverse);
        }
        Measure::RateRatio => {
            ways.extend(other_groups(&row.place, report).into_iter().map(Variation::Reference));
            ways.extend([Spread::Exact, Spread::Log].map(Variation::RateLimits));
            ways.extend(levels);
            ways.push(Variation::Inverse);
        }
        Measure::Rate => {
            let pers = [1.0, 100.0, 1_000.0, 10_000.0, 100_000.0];
            ways.extend([Spread::Exact, Spread::Log, Spread::Plain].map(Variation::RateLimits));
            ways.extend(levels);
            ways.extend(pers.map(|per| Variation::RatePer(per, table.time_unit)));
            let units = TimeUnit::NAMED.into_iter().map(|(_, unit)| unit).filter(|u| *u != table.time_unit);
            ways.extend(units.flat_map(|unit| pers.map(|per| Variation::RatePer(per, unit))));
        }
        _ => {}
    }
    ways
}

/// The reference level that one of the ways names.
pub fn reference(ways: &[Variation]) -> Option<&String> {
    ways.iter().find_map(|way| match way {
        Variation::Reference(level) => Some(level),
        _ => None,
    })
}

/// The confidence level that one of the ways names; that of the table otherwise.
pub fn level(ways: &[Variation], table: &Table) -> f64 {
    let level = ways.iter().find_map(|way| match way {
        Variation::Level(level) => Some(*level),
        _ => None,
    });
    level.unwrap_or(table.level)
}

/// The kind of limits of a rate that one of the ways names.
pub fn rate_limits(ways: &[Variation]) -> Option<Spread> {
    ways.iter().find_map(|way| match way {
        Variation::RateLimits(kind) => Some(*kind),
        _ => None,
    })
}
