//! The bootstrap of a model for the report: what is drawn, and intervals for every estimate.

use super::competing;
use super::model::Fitted;
use super::settings::ModelSettings;
use crate::design::{Built, group_numbers};
use crate::engine::{Prepared, Units};
use crate::error::{Error, Result};
use crate::formula::Formula;
use crate::inference::bootstrap::{Interval, Replicates, bootstrap, dot};
use crate::inference::{AdditiveInteraction, Cell, Interaction, Standing};
use crate::report::{self, BootstrapInterval, ModelResult, finite};
use crate::table::Table;

/// Who is drawn when the settings ask for a bootstrap: clusters, persons, or records.
pub(super) fn units(
    table: &Table,
    settings: &ModelSettings,
    formula: &Formula,
    built: &Built,
    prepared: &Prepared,
) -> Result<Option<Units>> {
    if settings.bootstrap.is_none() {
        return Ok(None);
    }
    let origin = || format!("formula of {}", settings.name);
    let numbers = match unit(settings, formula) {
        None => None,
        Some(column) => {
            let all = group_numbers(table, &column).map_err(|error| Error::Design { origin: origin(), error })?;
            Some(built.rows.iter().map(|row| all[*row as usize]).collect::<Vec<u32>>())
        }
    };
    if let Some(competing) = competing::fine_gray(settings, built) {
        let records = competing::records(settings, built, &competing);
        let cannot = |error| Error::Fit { model: settings.name.clone(), error };
        return Ok(Some(records.units(numbers.as_deref()).map_err(cannot)?));
    }
    let records = prepared.record_of_row();
    Ok(Some(Units::new(&built.data, numbers.as_deref(), records, prepared.n_distinct_records())))
}

/// The column of what is drawn.
fn unit(settings: &ModelSettings, formula: &Formula) -> Option<String> {
    let in_formula = formula.cluster.as_ref().map(|e| e.text_of_name());
    settings.cluster.clone().or(in_formula).or_else(|| settings.id.clone())
}

/// The replicates, where the settings ask for them and the fit converged.
pub(super) fn replicates(settings: &ModelSettings, fitted: &Fitted) -> Option<Replicates> {
    let (plan, units) = (settings.bootstrap?, fitted.units.as_ref()?);
    if !super::model::converged(&fitted.fit) {
        return None;
    }
    let (built, fit, options) = (&fitted.built, &fitted.fit, settings.fit_options(&fitted.built));
    Some(match competing::fine_gray(settings, built) {
        None => bootstrap(|count| Ok(fitted.prepared.resampled(count)), fit, units, plan, &options),
        Some(competing) => {
            let records = competing::records(settings, built, &competing);
            bootstrap(|count| records.resampled(count), fit, units, plan, &options)
        }
    })
}

/// Adds to the coefficients and comparisons of a model what its replicates say of them.
pub(super) fn add(result: &mut ModelResult, settings: &ModelSettings, fitted: &Fitted, replicates: &Replicates) {
    let (fit, level) = (&fitted.fit, settings.level);
    let plan = settings.bootstrap.expect("there are replicates because a bootstrap was asked for");
    result.bootstrap = Some(report::Bootstrap {
        replicates: u64::from(plan.replicates),
        seed: plan.seed,
        unit: unit(settings, &fitted.formula),
        n_units: Some(replicates.n_units as u64),
        n_groups: Some(replicates.n_groups as u64),
        n_not_converged: replicates.n_not_converged() as u64,
        n_not_estimable: replicates.n_not_estimable(fit) as u64,
        covariance: super::model::matrix(&replicates.covariance(fit)),
    });
    for (j, coefficient) in result.coefficients.iter_mut().enumerate().filter(|(_, c)| !c.aliased && !c.infinite) {
        coefficient.bootstrap = Some(exponential(&replicates.interval(fit.coefficients[j], level, |b| b[j])));
    }
    for contrast in &mut result.contrasts {
        // A comparison that has an estimate has a weight for every coefficient.
        let weights: Vec<f64> = contrast.weights.iter().map(|w| w.unwrap_or(0.0)).collect();
        let found = contrast.estimate.map(|e| replicates.combination(e, level, &weights));
        contrast.bootstrap = found.as_ref().map(exponential);
    }
}

/// Adds to an interaction analysis what the replicates of its model say of every number.
pub(super) fn add_to_interaction(
    shown: &mut report::Interaction,
    found: &Interaction,
    replicates: &Replicates,
    level: f64,
) {
    let of_cell = |cell: &Cell| {
        let interval = || replicates.combination(cell.estimate.estimate, level, &cell.weights);
        (cell.standing == Standing::Estimated).then(|| exponential(&interval()))
    };
    let cells = shown.within.iter_mut().zip(&found.within).chain(shown.joint.iter_mut().zip(&found.joint));
    cells.for_each(|(shown, cell)| shown.bootstrap = of_cell(cell));
    shown.ratios.iter_mut().zip(&found.ratios).for_each(|(shown, cell)| shown.bootstrap = of_cell(cell));
    for (shown, pair) in shown.reri.iter_mut().zip(&found.additive).filter(|(_, a)| a.standing == Standing::Estimated) {
        let (reri, ap, s) = additive(pair, replicates, level);
        (shown.reri_bootstrap, shown.ap_bootstrap, shown.s_bootstrap) = (Some(reri), Some(ap), s);
    }
}

/// RERI and AP; the synergy index where it is positive in the data. Its logarithm has no value in a replicate where it
/// is not positive: basic and normal limits are given only when it is in all of them.
fn additive(
    pair: &AdditiveInteraction,
    replicates: &Replicates,
    level: f64,
) -> (BootstrapInterval, BootstrapInterval, Option<BootstrapInterval>) {
    let measures = |b: &[f64]| {
        let [hr10, hr01, hr11] = [0, 1, 2].map(|i| libm::exp(dot(&pair.rows[i], b)));
        let reri = hr11 - hr10 - hr01 + 1.0;
        [reri, reri / hr11, (hr11 - 1.0) / (hr10 + hr01 - 2.0)]
    };
    let plain = |observed: f64, k: usize| replicates.interval(observed, level, |b| measures(b)[k]);
    let (reri, ap) = (plain(pair.reri.estimate, 0), plain(pair.ap.estimate, 1));
    let synergy = (pair.synergy.estimate > 0.0 && pair.synergy.estimate.is_finite()).then(|| {
        let raw = plain(pair.synergy.estimate, 2);
        let logs = replicates.interval(libm::log(pair.synergy.estimate), level, |b| libm::log(measures(b)[2]));
        let whole = exponential(&logs);
        let percentile = BootstrapInterval {
            n_used: raw.n_used as u64,
            lower: finite(raw.percentile.0),
            upper: finite(raw.percentile.1),
            ..BootstrapInterval::default()
        };
        match logs.n_used == raw.n_used {
            true => BootstrapInterval { lower: percentile.lower, upper: percentile.upper, ..whole },
            false => percentile,
        }
    });
    (shown(&reri, |x| x), shown(&ap, |x| x), synergy)
}

/// An interval of a logarithm, with the limits of the number itself.
fn exponential(found: &Interval) -> BootstrapInterval {
    shown(found, libm::exp)
}

fn shown(found: &Interval, scale: impl Fn(f64) -> f64) -> BootstrapInterval {
    let limit = |x: f64| finite(scale(x));
    BootstrapInterval {
        n_used: found.n_used as u64,
        se: finite(found.se),
        bias: finite(found.bias),
        lower: limit(found.percentile.0),
        upper: limit(found.percentile.1),
        basic_lower: limit(found.basic.0),
        basic_upper: limit(found.basic.1),
        normal_lower: limit(found.normal.0),
        normal_upper: limit(found.normal.1),
    }
}
